"""Runs over files: a cohort read in batches, each written as a part, and a manifest at the end.

The exposures are laid into a DuckDB of the run's own folder, which spills to disk; the people
stream past in the order of their file. So memory is bounded by the size of a batch, whatever
the size of the cohort; the exposures of an OMOP record alone are read as a whole.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from ldn_titration.cohort.book import Book
from ldn_titration.cohort.columns import MAYBE, PROBLEM, ROW, plain, require_arrow
from ldn_titration.cohort.expanding import Expansion, Plans, expansion
from ldn_titration.cohort.files.folder import Folder
from ldn_titration.cohort.files.parts import (
    part_name,
    problems_table,
    sha256_of,
    write_parquet,
    write_table,
)
from ldn_titration.cohort.files.sources import (
    batches,
    blank,
    connected,
    numbered,
    opened,
    require_file,
    rows_of,
)
from ldn_titration.cohort.omop import read_omop
from ldn_titration.cohort.people import EXPOSURE_COLUMNS, PEOPLE_COLUMNS, PLAN_COLUMNS
from ldn_titration.cohort.problems import RowProblem, marked
from ldn_titration.cohort.screening import screen
from ldn_titration.cohort.summary import few, suppressed
from ldn_titration.errors import InvalidInputError, Problem
from ldn_titration.knowledge import Knowledge, knowledge

__all__ = ["Run", "expand_files", "screen_files", "screen_omop"]

BATCH: int = 50_000
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
    ``manifest.json`` is written last: every file with its rows and checksum, the knowledge
    base, and the summary, in which no count below 5 is told. Raises InvalidInputError, with
    nothing written, for a file that is no such table; columns are as of
    :func:`ldn_titration.cohort.screen`.
    """
    base = base or knowledge()
    people, taken = require_file(patients, "--patients"), require_file(exposures, "--exposures")
    # Without a row yet: what is wrong with the columns is told before anything is written.
    blanks = blank(people, "--patients"), blank(taken, "--exposures")
    screen(*blanks, start=start, base=base)
    _as_text(blanks[1], EXPOSURE_COLUMNS)
    options = {"start": None if start is None else str(start), "batch": batch}
    total = rows_of(people, "--patients")
    folder = Folder(out, _begun("screen", {"patients": people, "exposures": taken}, options, base))
    with connected(folder.work) as store:
        _lay(store, batches(taken, "--exposures", BATCH, EXPOSURE_COLUMNS))
        several = _several(store, batches(people, "--patients", batch, ()))
        _settle(store)
        tables = batches(people, "--patients", batch, PEOPLE_COLUMNS)
        each = (marked(table, several) for table in tables)
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
        firsts = range(0, people.num_rows or 1, batch)
        parts = (people.slice(first, batch) for first in firsts)
        tables = (marked(table, several) for table in parts)
        rows, *groups = found.told.items()
        more = {rows[0]: few(rows[1])} | {name: suppressed(counts) for name, counts in groups}
        return _screened(store, folder, tables, people.num_rows or 1, start, base, progress, more)


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
        ids = _as_text(table)
        if not folder.has(part_name("problems", number)):
            screening = screen(table, _exposures_of(store, ids), start=start, base=base)
            verdicts, problems = screening.verdicts, problems_table(screening.problems)
            folder.write(part_name("verdicts", number), partial(write_table, table=verdicts))
            folder.write(part_name("problems", number), partial(write_table, table=problems))
        if progress:
            progress(count, count / rows)
    if not folder.has("problems/of-nobody.parquet"):
        unread = problems_table(_of_nobody(store))
        folder.write("problems/of-nobody.parquet", partial(write_table, table=unread))
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
    plans = _plans(book, kinds, base, blank(people, "--patients"), start)
    total = rows_of(people, "--patients")
    folder = Folder(out, _begun("expand", {"patients": people}, options, base))
    count, rows = 0, Counter[str]()
    with connected(folder.work) as store:
        store.execute(_PEOPLE)
        several = _several(store, batches(people, "--patients", batch, ()))
    for number, part in enumerate(batches(people, "--patients", batch, PLAN_COLUMNS)):
        table = marked(part, several)
        count += table.num_rows
        for kind in kinds:
            if not folder.has(part_name(f"{kind}-problems", number)):
                _write_plans(folder, kind, number, expansion(table, plans[kind], start))
            rows[kind] += _rows(folder, kind, number)
        if progress:
            progress(count, count / total)
    summary = {"rows": dict(rows), "problems": _count_problems(folder, f"{kinds[0]}-problems")}
    folder.finish({"people": count, "summary": summary})
    return Run(count, summary)


def _plans(
    book: Book, kinds: Sequence[str], base: Knowledge, table: Any, start: date | None
) -> dict[str, Plans]:
    """The plans of each kind; what is wrong with the columns of a table is told at once."""
    if not kinds:
        raise InvalidInputError([Problem("kinds", "must name one or more")])
    plans = {kind: Plans(book, kind, base) for kind in kinds}
    for each in plans.values():
        expansion(table, each, start)
    return plans


def _begun(
    what: str, files: dict[str, Path], options: dict[str, Any], base: Knowledge
) -> dict[str, Any]:
    """All that a run depends on."""
    from ldn_titration import __version__

    if options["batch"] < 1:
        raise InvalidInputError([Problem("batch", "must be 1 or more")])
    return {
        "schema": "ldn-titration/cohort/1",
        "what": what,
        "version": __version__,
        "knowledge": {"version": base.version, "sha256": base.sha256},
        "inputs": {n: {"file": p.name, "sha256": sha256_of(p)} for n, p in files.items()},
        "options": options,
    }


# --- parts ----------------------------------------------------------------------------


def _write_plans(folder: Folder, kind: str, number: int, laid: Expansion) -> None:
    days = partial(write_parquet, schema=laid.schema, batches=laid.batches)
    folder.write(part_name(kind, number), days)
    problems = partial(write_table, table=problems_table(laid.problems))
    folder.write(part_name(f"{kind}-problems", number), problems)


def _rows(folder: Folder, kind: str, number: int) -> int:
    from pyarrow import parquet

    return int(parquet.read_metadata(folder.path / part_name(kind, number)).num_rows)


# --- exposures ------------------------------------------------------------------------


def _lay(store: Any, tables: Iterable[Any]) -> None:
    """Lay the exposures into the store, every column as text, by the number of their row."""
    columns = ", ".join(f'"{name}" VARCHAR' for name in (*EXPOSURE_COLUMNS, PROBLEM))
    store.execute(f'CREATE TABLE exposures (patient VARCHAR, {columns}, "{ROW}" BIGINT)')
    store.execute(f'CREATE TABLE maybe (patient VARCHAR, "{PROBLEM}" VARCHAR, "{ROW}" BIGINT)')
    store.execute(_PEOPLE)
    for table in tables:
        _insert(store, "exposures", _as_text(table, EXPOSURE_COLUMNS))
        if MAYBE in table.column_names:
            store.register("coming", table.select([MAYBE, PROBLEM, ROW]))
            store.execute(_SPREAD)
            store.unregister("coming")


_SPREAD = f"""
INSERT INTO maybe SELECT DISTINCT unnest("{MAYBE}"), "{PROBLEM}", "{ROW}" FROM coming
WHERE "{PROBLEM}" IS NOT NULL
"""  # noqa: S608 - our own names

_SETTLE = f"""
CREATE TABLE settled AS SELECT * FROM maybe SEMI JOIN people USING (patient);
DELETE FROM exposures WHERE "{ROW}" IN (SELECT "{ROW}" FROM settled);
INSERT INTO exposures BY NAME SELECT * FROM settled;
"""  # noqa: S608 - our own names


def _settle(store: Any) -> None:
    """Give each exposure that cannot be read to everybody whose it may be."""
    store.execute(_SETTLE)


def _as_text(table: Any, names: Sequence[str] = ()) -> Any:
    """``patient`` and those of its columns that it has, as texts, and what a reader added."""
    _, pa = require_arrow()
    known = [n for n in ("patient", *names, PROBLEM) if n in table.column_names]
    columns = {name: _texts(table.column(name), name) for name in known}
    return pa.table(columns | {n: table.column(n) for n in [ROW] if n in table.column_names})


def _texts(column: Any, name: str) -> Any:
    _, pa = require_arrow()
    kind = column.type
    if pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        message = f'the column "{name}" must hold texts, numbers or dates, not {kind}'
        raise InvalidInputError([Problem("exposures", message)])
    return plain(column).cast(pa.string())


def _insert(store: Any, into: str, table: Any) -> None:
    store.register("coming", table)
    store.execute(f"INSERT INTO {into} BY NAME SELECT * FROM coming")  # noqa: S608 - our own names
    store.unregister("coming")


_PEOPLE = "CREATE TABLE people (patient VARCHAR)"


def _several(store: Any, tables: Iterable[Any]) -> dict[str, int]:
    """Who of the people has several rows, and how many; all of them are kept, to find strays."""
    for table in tables:
        _insert(store, "people", _as_text(table).select(["patient"]))
    query = "SELECT patient, count(*) FROM people WHERE patient IS NOT NULL GROUP BY 1"
    return dict(store.execute(f"{query} HAVING count(*) > 1").fetchall())


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
        f"WHERE (patient IS NULL OR patient = '' OR \"{PROBLEM}\" IS NOT NULL) "
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
