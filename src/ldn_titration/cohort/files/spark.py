"""Beyond one machine: Apache Spark hands out the people, and its workers write the parts.

Each worker screens or plans its people by the same functions as one machine does, writes them
as Parquet itself, and gives back only a line of the manifest: rows that pass through the
driver's Java cost several times as much. A part is named by its partition and moved into its
place in one step, so that a task that is run twice writes the same file twice.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from ldn_titration.cohort.book import Book
from ldn_titration.cohort.columns import require_arrow
from ldn_titration.cohort.expanding import expand
from ldn_titration.cohort.files.parts import (
    Part,
    part_name,
    part_of,
    problems_table,
    write_parquet,
    write_table,
)
from ldn_titration.cohort.people import EXPOSURE_COLUMNS, PEOPLE_COLUMNS, PLAN_COLUMNS
from ldn_titration.cohort.problems import marked
from ldn_titration.cohort.screening import screen
from ldn_titration.errors import InvalidInputError, MissingExtraError, Problem
from ldn_titration.knowledge import Knowledge, knowledge
from ldn_titration.values import printable

__all__ = ["expand_spark", "screen_spark"]


def screen_spark(
    patients: Any,
    exposures: Any,
    out: str,
    *,
    start: date | None = None,
    base: Knowledge | None = None,
) -> tuple[Part, ...]:
    """Screen the people of two Spark data frames; the parts that were written to ``out``.

    ``out`` is a new or empty folder that the driver and every worker reach, and the Python of
    the workers (``PYSPARK_PYTHON``) must have this library. A row of the patients is a row of
    the verdicts, in no order; ``manifest.json`` is written last. Columns are as of
    :func:`ldn_titration.cohort.screen`. A row that cannot be read is told by its number among
    the rows of its part. Raises InvalidInputError for a column that is lacking, or a folder
    that is not empty.
    """
    people, taken = _known(patients, PEOPLE_COLUMNS), _known(exposures, EXPOSURE_COLUMNS)
    screen(_blank(people), _blank(taken), start=start, base=base)
    shipped = [name for name in taken.columns if name != "patient"]
    rules = _shipped(base)

    def work(table: Any, place: Callable[[str], Path]) -> None:
        mine = Knowledge(rules[0], version=rules[1]) if rules else None
        found = screen(table.drop([_TAKEN]), _unnested(table, shipped), start=start, base=mine)
        write_table(place("verdicts"), found.verdicts)
        write_table(place("problems"), problems_table(found.problems))

    strays = taken.join(people, _same(taken, people), "left_anti").count()
    told = {"exposures_of_nobody": strays}
    return _run(_brought(_counted(people), taken, shipped), work, out, base or knowledge(), told)


def expand_spark(
    patients: Any,
    book: Book,
    out: str,
    *,
    kind: str = "days",
    start: date | None = None,
    base: Knowledge | None = None,
) -> tuple[Part, ...]:
    """Lay out the plans of the people of a Spark data frame; the parts that were written.

    As :func:`screen_spark`; columns are as of :func:`ldn_titration.cohort.expand`.
    """
    people = _known(patients, PLAN_COLUMNS)
    expand(_blank(people), book, kind, start=start, base=base)
    rules = _shipped(base)

    def work(table: Any, place: Callable[[str], Path]) -> None:
        mine = Knowledge(rules[0], version=rules[1]) if rules else None
        laid = expand(table, book, kind, start=start, base=mine)
        write_parquet(place(kind), laid.schema, laid.batches)
        write_table(place("problems"), problems_table(laid.problems))

    return _run(_counted(people), work, out, base or knowledge(), {})


# --- data frames ----------------------------------------------------------------------

_TAKEN, _ROWS = "ldn:taken", "ldn:rows"


def _known(frame: Any, names: Sequence[str]) -> Any:
    """Of a data frame the columns that are read."""
    return frame.select([name for name in ("patient", *names) if name in frame.columns])


def _blank(frame: Any) -> Any:
    """Its columns as an Arrow table without a row."""
    return frame.limit(0).toArrow()


def _same(one: Any, other: Any) -> Any:
    return one["patient"].cast("string") == other["patient"].cast("string")


def _counted(people: Any) -> Any:
    """The people, each with how many rows are theirs, wherever these go."""
    _functions()
    from pyspark.sql import Window, functions

    same = Window.partitionBy("patient")
    return people.withColumn(_ROWS, functions.count("patient").over(same))


def _brought(people: Any, taken: Any, names: list[str]) -> Any:
    """The people, each with a list of what they took."""
    functions = _functions()
    each = functions.struct(*(functions.col(name).cast("string").alias(name) for name in names))
    lists = taken.groupBy("patient").agg(functions.collect_list(each).alias(_TAKEN))
    return people.join(lists, _same(people, lists), "left").drop(lists["patient"])


def _shipped(base: Knowledge | None) -> tuple[dict[str, bytes], str] | None:
    """What a worker makes a site's knowledge base of; None where its own is meant."""
    return None if base is None else (base.tables, base.version)


Work = Callable[[Any, Callable[[str], Path]], None]


def _run(
    people: Any, work: Work, out: str, base: Knowledge, told: dict[str, Any]
) -> tuple[Part, ...]:
    """Let the workers work on a partition each, and write the manifest of what they wrote."""
    if Path(out).exists() and any(Path(out).iterdir()):
        raise InvalidInputError([Problem("out", f"{printable(out)} is not empty; name another")])
    Path(out).mkdir(parents=True, exist_ok=True)

    def write(batches: Iterator[Any]) -> Iterator[Any]:
        return _written(batches, work, out)

    rows = people.mapInArrow(write, "file string, rows bigint, sha256 string").collect()
    parts = tuple(sorted(Part(row["file"], row["rows"], row["sha256"]) for row in rows))
    manifest = {
        "schema": "ldn-titration/cohort/1",
        "knowledge": {"version": base.version, "sha256": base.sha256},
        **told,
        "files": [part._asdict() for part in parts],
    }
    beside = Path(out) / "manifest.part"
    beside.write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
    beside.replace(Path(out) / "manifest.json")
    return parts


def _written(batches: Iterator[Any], work: Work, out: str) -> Iterator[Any]:
    """On a worker: the people of a partition, written; one batch of the manifest's lines."""
    _, pa = require_arrow()
    from pyspark import TaskContext

    listed = list(batches)
    if not any(batch.num_rows for batch in listed):
        return
    task: Any = TaskContext.get()
    number = task.partitionId()
    beside: dict[str, Path] = {}

    def place(name: str) -> Path:
        (Path(out) / name).mkdir(parents=True, exist_ok=True)
        beside[name] = Path(out) / name / f".{os.urandom(8).hex()}.part"
        return beside[name]

    work(_marked(pa.Table.from_batches(listed)), place)
    lines = [_moved(Path(out), part_name(name, number), part) for name, part in beside.items()]
    yield pa.RecordBatch.from_pylist([line._asdict() for line in lines])


def _marked(table: Any) -> Any:
    """The people of a partition, those with rows in others as well told of."""
    counts = table.column(_ROWS).to_pylist()
    whose = table.column("patient").to_pylist()
    several = {str(who): n for who, n in zip(whose, counts, strict=True) if n > 1}
    return marked(table.drop([_ROWS]), several)


def _moved(out: Path, name: str, part: Path) -> Part:
    part.replace(out / name)
    return part_of(out, name)


def _unnested(table: Any, names: list[str]) -> Any:
    """The exposures of people, from the list that stands with each of them."""
    _, pa = require_arrow()
    import pyarrow.compute as pc

    lists = table.column(_TAKEN).combine_chunks()
    whose = table.column("patient").combine_chunks().take(pc.list_parent_indices(lists))
    fields = pc.list_flatten(lists)
    columns = {name: pc.struct_field(fields, name) for name in names}
    return pa.table({"patient": whose, **columns})


def _functions() -> Any:
    try:
        from pyspark.sql import functions
    except ImportError:
        raise MissingExtraError("spark", "a cohort on Spark") from None
    return functions
