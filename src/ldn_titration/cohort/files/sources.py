"""Files that a cohort is read from: Parquet or CSV, in place, in batches of Arrow tables.

Each batch has a column ``ldn:row`` with the number of each row in its file: of Parquet from 1, of
CSV its line, the header being line 1. A line of a CSV is a row, so that a quotation mark that
is never closed costs its own row and no other; a row that cannot be read says why in
``ldn:problem``.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from ldn_titration.cohort.columns import MAYBE, PROBLEM, ROW, require_arrow
from ldn_titration.errors import InvalidInputError, MissingExtraError, Problem
from ldn_titration.values import printable

__all__ = ["batches", "blank", "connected", "numbered", "opened", "require_file", "rows_of"]


def connected(folder: Path | None = None, memory: str = "192MB") -> Any:
    """A DuckDB that keeps to a memory, spills into that folder and fetches nothing."""
    try:
        import duckdb
    except ImportError:
        raise MissingExtraError("cohort", "a cohort from files") from None
    settings: dict[str, Any] = {
        **_ALONE,
        "memory_limit": memory,
        "preserve_insertion_order": "true",
        "threads": "2",
    }
    if folder is None:
        return duckdb.connect(config=settings)
    settings["temp_directory"] = str(folder)
    return duckdb.connect(str(folder / "cohort.duckdb"), config=settings)


def opened(path: Path) -> Any:
    """A DuckDB file, to read only; raises InvalidInputError where it is none."""
    try:
        import duckdb
    except ImportError:
        raise MissingExtraError("cohort", "a cohort from files") from None
    try:
        return duckdb.connect(str(path), read_only=True, config=_ALONE)
    except duckdb.Error as error:
        message = f"is no DuckDB file: {str(error).partition(chr(10))[0]}"
        raise InvalidInputError([Problem("--omop", message)]) from None


_ALONE: dict[str, Any] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}


def require_file(path: str, of: str, *kinds: str) -> Path:
    """The file of that name; InvalidInputError where there is none, or of another kind."""
    found, wanted = Path(path), kinds or (".parquet", ".csv")
    if found.suffix not in wanted:
        message = f"must be a {' or a '.join(wanted)} file, not {printable(path)}"
        raise InvalidInputError([Problem(of, message)])
    if not found.is_file():
        raise InvalidInputError([Problem(of, f"no such file: {printable(path)}")])
    return found


def blank(path: Path, of: str) -> Any:
    """A table with its columns and no row. Raises InvalidInputError for a file that is no table."""
    _, pa = require_arrow()
    if path.suffix == ".parquet":
        return _parquet(path, of).schema_arrow.empty_table()
    with path.open("rb") as file:
        header = _cells(next(file, b"")) or []
    return pa.Table.from_arrays([pa.array([], pa.string()) for _ in header], header)


def batches(path: Path, of: str, rows: int, names: Sequence[str]) -> Iterator[Any]:
    """Its ``patient`` and columns of those names, in batches of so many rows.

    Raises InvalidInputError where the file turns out to be damaged.
    """
    read = _of_csv if path.suffix == ".csv" else _of_parquet
    return read(path, of, rows, [*dict.fromkeys(["patient", *names])])


def numbered(table: Any) -> Any:
    """The table with the number of each row, from 1, in a column :data:`ROW`."""
    np, pa = require_arrow()
    return table.append_column(ROW, pa.array(np.arange(1, table.num_rows + 1)))


def rows_of(path: Path, of: str) -> int:
    """How many rows it has, at least 1; of a CSV about as many, its lines."""
    if path.suffix == ".parquet":
        return _parquet(path, of).metadata.num_rows or 1
    with path.open("rb") as file:
        return max(1, sum(1 for _ in file) - 1)


# --- Parquet --------------------------------------------------------------------------


def _of_parquet(path: Path, of: str, rows: int, names: Sequence[str]) -> Iterator[Any]:
    np, pa = require_arrow()
    file = _parquet(path, of)
    known = [name for name in names if name in file.schema_arrow.names]
    first = 1
    with _told_of(of):
        for batch in file.iter_batches(rows, columns=known, use_threads=False):
            table = pa.Table.from_batches([batch])
            numbers = np.arange(first, first + len(batch), dtype=np.int64)
            first += len(batch)
            yield table.append_column(ROW, pa.array(numbers))
    if first == 1:
        yield numbered(blank(path, of).select(known))


def _parquet(path: Path, of: str) -> Any:
    from pyarrow import parquet

    with _told_of(of):
        return parquet.ParquetFile(path)


@contextmanager
def _told_of(of: str) -> Iterator[None]:
    """What Arrow says of a file, as an error about data."""
    _, pa = require_arrow()
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        message = f"is no Parquet file: {str(error).partition(chr(10))[0]}"
        raise InvalidInputError([Problem(of, message)]) from None


# --- CSV ------------------------------------------------------------------------------


def _of_csv(path: Path, _: str, rows: int, names: Sequence[str]) -> Iterator[Any]:
    with path.open("rb") as file:
        header = _cells(next(file, b"")) or []
        lines = enumerate(file, 2)
        part = list(islice(lines, rows))
        while True:
            yield _table([(n, line) for n, line in part if line.strip()], header, names)
            if not (part := list(islice(lines, rows))):
                return


def _table(lines: Sequence[tuple[int, bytes]], header: list[str], names: Sequence[str]) -> Any:
    """The lines as a table of texts; what is empty is null."""
    _, pa = require_arrow()
    read = [_row(line, header) for _, line in lines]
    places = {name: header.index(name) for name in names if name in header}
    columns = {
        name: pa.array([row.cells[place] or None for row in read], pa.string())
        for name, place in places.items()
    }
    columns[ROW] = pa.array([number for number, _ in lines], pa.int64())
    columns[PROBLEM] = pa.array([row.problem for row in read], pa.string())
    columns[MAYBE] = pa.array([row.maybe for row in read], pa.list_(pa.string()))
    return pa.table(columns)


class _Line(NamedTuple):
    """The cells of a line; where it cannot be read, why, and whose it may be."""

    cells: list[str]
    problem: str | None = None
    maybe: list[str] | None = None


def _row(line: bytes, header: list[str]) -> _Line:
    cells = _cells(line)
    if cells is not None and len(cells) == len(header):
        return _Line(cells)
    whose = header.index("patient")
    parts = cells or line.decode("utf-8", "replace").rstrip("\r\n").split(",")
    more = len(parts) - len(header) if whose else 0
    near = parts[max(0, min(whose, whose + more)) : max(whose, whose + more) + 1]
    maybe = [*near, *(part.strip().strip('"') for part in near)]
    blank = [""] * len(header)
    blank[whose] = maybe[0] if cells else maybe[len(near)] if near else ""
    if cells is None:
        return _Line(blank, "is no line of a CSV in UTF-8", maybe)
    return _Line(blank, f"has {len(cells)} cells, not {len(header)}", maybe)


def _cells(line: bytes) -> list[str] | None:
    """The cells of a line; None where it cannot be read."""
    try:
        text = line.decode("utf-8-sig").rstrip("\r\n")
        if '"' not in text:
            return text.split(",")
        return next(csv.reader([text], strict=True))
    except (UnicodeDecodeError, csv.Error, StopIteration):
        return None
