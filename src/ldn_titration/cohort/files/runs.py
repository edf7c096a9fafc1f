"""Runs over files: a cohort read in batches, each written as a part, and a manifest at the end.

The exposures are laid into a DuckDB of the run's own folder, which spills to disk; the people
stream past in the order of their file. So memory is bounded by the size of a batch, whatever
the size of the cohort.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from ldn_titration.cohort.book import Book
from ldn_titration.cohort.columns import PROBLEM, ROW, require_arrow
from ldn_titration.cohort.expanding import expand
from ldn_titration.cohort.files.folder import Folder, sha256_of
from ldn_titration.cohort.files.parts import part_name, problems_table, write_parquet
from ldn_titration.cohort.files.sources import (
    batches,
    connected,
    numbered,
    opened,
    require_file,
    rows_of,
)
from ldn_titration.cohort.omop import read_omop
from ldn_titration.cohort.people import (
    EXPOSURE_COLUMNS,
    PEOPLE_COLUMNS,
    PLAN_COLUMNS,
    require_named,
)
from ldn_titration.cohort.problems import RowProblem, repeated_words
from ldn_titration.cohort.screening import screen
from ldn_titration.cohort.summary import few, suppressed
from ldn_titration.errors import InvalidInputError, Problem
from ldn_titration.knowledge import Knowledge, knowledge

__all__ = ["Run", "expand_files", "screen_files", "screen_omop"]

BATCH: int = 100_000
"""People in a part; what a part holds does not depend on it."""

Progress = Callable[[int, float], None]
"""Told after each part: how many people are done, and which share of them all."""


class Run(NamedTuple):
    """What a run left: how many people it read, and the summary that may be passed on."""

    people: int
    summary: dict[str, Any]


def screen_files(
    patients: str,
    exposures: str,
    out: str,
    *,
    start: date | None = None,
    base: Knowledge | None = None,
    batch: int = BATCH,
    progress: Progress | None = None,
) -> Run:
    """Screen the people of a file, and write ``verdicts/`` and ``problems/`` as Parquet.

    The folder ``out`` must be new or empty, or hold the same run, which is then gone on with.
    ``manifest.json`` is written last: every file with its checksum, the knowledge base, and
    the summary, in which no count below 5 is told.
    """
    base = base or knowledge()
    people, taken = require_file(patients, "--patients"), require_file(exposures, "--exposures")
    options = {"start": None if start is None else str(start), "batch": batch}
    total = rows_of(people, "--patients")
    folder = Folder(out, _begun("screen", {"patients": people, "exposures": taken}, options, base))
    with connected(folder.work) as store:
        _lay(store, batches(taken, "--exposures", BATCH, EXPOSURE_COLUMNS))
        several = _several(store, batches(people, "--patients", batch, ()))
        tables = batches(people, "--patients", batch, PEOPLE_COLUMNS)
        each = (_marked(table, several) for table in tables)
        return _screened(store, folder, each, total, start, base, progress)


def screen_omop(
    database: str,
    out: str,
    *,
    start: date | None = None,
    base: Knowledge | None = None,
    batch: int = BATCH,
    progress: Progress | None = None,
) -> Run:
    """Screen everybody of an OMOP Common Data Model in a DuckDB file, as :func:`screen_files`.

    The summary tells too what of ``drug_exposure`` could be used. Raises InvalidInputError
    for a file that is none, a table or column that is lacking, or no start.
    """
    base = base or knowledge()
    if start is None:
        raise InvalidInputError([Problem("--start", "is needed: the record has none")])
    place = require_file(database, "--omop", ".duckdb")
    with opened(place) as record:
        found = read_omop(record, base=base)
    options = {"start": str(start), "batch": batch}
    folder = Folder(out, _begun("screen", {"omop": place}, options, base))
    with connected(folder.work) as store:
        _lay(store, [numbered(found.exposures)])
        people = numbered(found.patients)
        several = _several(store, [people])
        parts = (people.slice(first, batch) for first in range(0, people.num_rows, batch))
        tables = (_marked(table, several) for table in parts)
        more = {"drug_exposure": few(found.told)}
        return _screened(store, folder, tables, people.num_rows, start, base, progress, more)


def _screened(
    store: Any,
    folder: Folder,
    tables: Iterable[Any],
    rows: int,
    start: date | None,
    base: Knowledge,
    progress: Progress | None,
    more: dict[str, Any] | None = None,
) -> Run:
    """Screen the people of some tables by the exposures in the store, a part for each table."""
    count = 0
    for number, table in enumerate(tables):
        count += table.num_rows
        ids = _as_text({"patient": table.column("patient")})
        if not folder.has(part_name("problems", number)):
            screening = screen(table, _exposures_of(store, ids), start=start, base=base)
            _write(folder, "verdicts", number, screening.verdicts)
            _write(folder, "problems", number, problems_table(screening.problems))
        if progress:
            progress(count, count / rows)
    if not folder.has("problems/of-nobody.parquet"):
        unread = problems_table(_of_nobody(store))
        folder.write("problems/of-nobody.parquet", partial(_written, unread))
    summary = {**_summary(store, folder), **(more or {})}
    folder.finish({"people": count, "summary": summary})
    return Run(count, summary)


def expand_files(
    patients: str,
    book: Book,
    out: str,
    *,
    kinds: Sequence[str] = ("days",),
    start: date | None = None,
    base: Knowledge | None = None,
    batch: int = BATCH,
    progress: Progress | None = None,
) -> Run:
    """Lay out the plans of the people of a file, each kind in a folder of its name as Parquet.

    Folder and manifest are as of :func:`screen_files`; every plan is a draft.
    """
    base = base or knowledge()
    people = require_file(patients, "--patients")
    options = {
        "book": book.model_dump(mode="json"),
        "kinds": list(kinds),
        "start": None if start is None else str(start),
        "batch": batch,
    }
    total = rows_of(people, "--patients")
    folder = Folder(out, _begun("expand", {"patients": people}, options, base))
    count, rows = 0, Counter[str]()
    with connected(folder.work) as store:
        store.execute(_PEOPLE)
        several = _several(store, batches(people, "--patients", batch, ()))
    for number, part in enumerate(batches(people, "--patients", batch, PLAN_COLUMNS)):
        table = _marked(part, several)
        count += table.num_rows
        for kind in kinds:
            if not folder.has(part_name(f"{kind}-problems", number)):
                laid = expand(table, book, kind, start=start, base=base)
                _write_batches(folder, kind, number, laid.schema, laid.batches)
                _write(folder, f"{kind}-problems", number, problems_table(laid.problems))
            rows[kind] += _rows(folder, kind, number)
        if progress:
            progress(count, count / total)
    summary = {"rows": dict(rows), "problems": _count_problems(folder, f"{kinds[0]}-problems")}
    folder.finish({"people": count, "summary": summary})
    return Run(count, summary)


def _begun(
    what: str, files: dict[str, Path], options: dict[str, Any], base: Knowledge
) -> dict[str, Any]:
    """All that a run depends on."""
    from ldn_titration import __version__

    return {
        "schema": "ldn-titration/cohort/1",
        "what": what,
        "version": __version__,
        "knowledge": {"version": base.version, "sha256": base.sha256},
        "inputs": {n: {"file": p.name, "sha256": sha256_of(p)} for n, p in files.items()},
        "options": options,
    }


# --- parts ----------------------------------------------------------------------------


def _write(folder: Folder, name: str, number: int, table: Any) -> None:
    _write_batches(folder, name, number, table.schema, table.to_batches())


def _write_batches(
    folder: Folder, name: str, number: int, schema: Any, batches: Iterable[Any]
) -> None:
    folder.write(part_name(name, number), lambda place: write_parquet(place, schema, batches))


def _written(table: Any, place: Path) -> None:
    write_parquet(place, table.schema, table.to_batches())


def _rows(folder: Folder, kind: str, number: int) -> int:
    from pyarrow import parquet

    return int(parquet.read_metadata(folder.path / part_name(kind, number)).num_rows)


# --- exposures ------------------------------------------------------------------------


def _lay(store: Any, tables: Iterable[Any]) -> None:
    """Lay the exposures into the store, every column as text, by the number of their row."""
    columns = ", ".join(f'"{name}" VARCHAR' for name in (*EXPOSURE_COLUMNS, PROBLEM))
    store.execute(f'CREATE TABLE exposures (patient VARCHAR, {columns}, "{ROW}" BIGINT)')
    store.execute(_PEOPLE)
    for table in tables:
        require_named(table)
        told = {name: table.column(name) for name in table.column_names}
        _insert(store, "exposures", _as_text(told))


def _as_text(columns: dict[str, Any]) -> Any:
    _, pa = require_arrow()
    return pa.table(
        {n: column if n == ROW else column.cast(pa.string()) for n, column in columns.items()}
    )


def _insert(store: Any, into: str, table: Any) -> None:
    store.register("coming", table)
    store.execute(f"INSERT INTO {into} BY NAME SELECT * FROM coming")  # noqa: S608 - our own names
    store.unregister("coming")


_PEOPLE = "CREATE TABLE people (patient VARCHAR)"


def _several(store: Any, tables: Iterable[Any]) -> dict[str, int]:
    """Who of the people has several rows, and how many; all of them are kept, to find strays."""
    for table in tables:
        _insert(store, "people", _as_text({"patient": table.column("patient")}))
    query = "SELECT patient, count(*) FROM people WHERE patient IS NOT NULL GROUP BY 1"
    return dict(store.execute(f"{query} HAVING count(*) > 1").fetchall())


def _marked(table: Any, several: dict[str, int]) -> Any:
    """The people, with a problem for each row of somebody who has several."""
    _, pa = require_arrow()
    if not several:
        return table
    whose = _as_text({"patient": table.column("patient")}).column("patient").to_pylist()
    known = PROBLEM in table.column_names
    old = table.column(PROBLEM).to_pylist() if known else [None] * len(whose)
    new = [
        told or (repeated_words(several[who]) if who in several else None)
        for told, who in zip(old, whose, strict=True)
    ]
    bare = table.drop([PROBLEM]) if known else table
    return bare.append_column(PROBLEM, pa.array(new, pa.string()))


def _exposures_of(store: Any, ids: Any) -> Any:
    """The exposures of these people, in the order of their rows."""
    store.register("asked", ids)
    found = store.sql(
        f'SELECT * FROM exposures SEMI JOIN asked USING (patient) ORDER BY "{ROW}"'  # noqa: S608
    ).to_arrow_table()
    store.unregister("asked")
    return found


def _of_nobody(store: Any) -> list[RowProblem]:
    """The exposures that cannot be read or have no identifier, so that they are of nobody."""
    rows = store.execute(
        f'SELECT "{ROW}", coalesce(patient, \'\'), "{PROBLEM}" FROM exposures '  # noqa: S608
        f'WHERE (patient IS NULL OR "{PROBLEM}" IS NOT NULL) '
        f'AND NOT EXISTS (FROM people WHERE people.patient = exposures.patient) ORDER BY "{ROW}"'
    ).fetchall()
    return [
        RowProblem("exposures", number, patient, why or "patient: needs an identifier")
        for number, patient, why in rows
    ]


# --- summary --------------------------------------------------------------------------


def _summary(store: Any, folder: Folder) -> dict[str, Any]:
    """How many people there are of each verdict; small counts are left out."""
    source = str(folder.path / "verdicts" / "*.parquet")
    groups: dict[str, Any] = {}
    for name in ("verdict", "interval"):
        query = f"SELECT {name}, count(*) FROM read_parquet(?) GROUP BY 1 ORDER BY 1"  # noqa: S608
        groups[name] = suppressed(dict(store.execute(query, [source]).fetchall()))
    codes = store.execute(
        "SELECT code, count(*) FROM (SELECT unnest(string_split(codes, ' ')) AS code "
        "FROM read_parquet(?)) WHERE code <> '' GROUP BY 1 ORDER BY 1",
        [source],
    ).fetchall()
    strays = "SELECT count(*) FROM exposures ANTI JOIN people USING (patient)"
    return {
        **groups,
        "codes": few(dict(codes)),
        "problems": _count_problems(folder, "problems"),
        "exposures_of_nobody": store.execute(strays).fetchall()[0][0],
    }


def _count_problems(folder: Folder, name: str) -> int:
    from pyarrow import parquet

    places = sorted((folder.path / name).glob("*.parquet"))
    return sum(parquet.read_metadata(place).num_rows for place in places)
