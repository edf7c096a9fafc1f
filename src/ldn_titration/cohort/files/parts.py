"""Parts: the Parquet files of a run, each for some of its people."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ldn_titration.cohort.columns import require_arrow
from ldn_titration.cohort.problems import RowProblem

__all__ = [
    "Part",
    "is_part",
    "part_name",
    "part_of",
    "problems_table",
    "sha256_of",
    "write_parquet",
    "write_table",
]

_GROUP = 1_000_000
"""Rows in a row group, at least, but for the last."""


def is_part(file: Path) -> bool:
    """Whether a file of that name is one of a run."""
    return file.suffix == ".parquet" and file.stem.startswith(("part-", "of-nobody"))


class Part(NamedTuple):
    """A file that was written: where in the folder, its rows and its checksum."""

    file: str
    rows: int
    sha256: str


def part_of(folder: Path, file: str) -> Part:
    """What the manifest tells of a file."""
    from pyarrow import parquet

    return Part(file, parquet.read_metadata(folder / file).num_rows, sha256_of(folder / file))


def sha256_of(path: Path) -> str:
    """The sha256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def part_name(name: str, number: int) -> str:
    """Where in its folder a part lies."""
    return f"{name}/part-{number:05}.parquet"


def write_table(place: Path, table: Any) -> None:
    """Write a whole table."""
    write_parquet(place, table.schema, table.to_batches())


def write_parquet(place: Path, schema: Any, batches: Iterable[Any]) -> None:
    """Write batches as they come; dates and numbered identifiers as differences."""
    _, pa = require_arrow()
    from pyarrow import parquet

    plain = [field.name for field in schema if _rises(field)]
    with parquet.ParquetWriter(
        place,
        schema,
        compression="zstd",
        use_dictionary=[field.name for field in schema if field.name not in plain],
        column_encoding=dict.fromkeys(plain, "DELTA_BINARY_PACKED"),
    ) as writer:
        waiting: list[Any] = []
        rows = 0
        for batch in batches:
            waiting.append(batch)
            rows += batch.num_rows
            if rows >= _GROUP:
                writer.write_table(pa.Table.from_batches(waiting, schema), row_group_size=rows)
                waiting, rows = [], 0
        writer.write_table(pa.Table.from_batches(waiting, schema))


def _rises(field: Any) -> bool:
    _, pa = require_arrow()
    return bool(pa.types.is_date32(field.type) or pa.types.is_int64(field.type))


def problems_table(problems: Sequence[RowProblem]) -> Any:
    """The rows that could not be read, as a table."""
    _, pa = require_arrow()
    names = RowProblem._fields
    columns = zip(*problems, strict=True) if problems else [[] for _ in names]
    return pa.table(
        {
            name: pa.array(list(column), pa.int64() if name == "row" else pa.string())
            for name, column in zip(names, columns, strict=True)
        }
    )
