"""Beyond one machine: Apache Spark hands out the people, and its workers write the parts.

Each worker screens or plans its people by the same functions as one machine does, writes them
as Parquet itself, and gives back only a line of the manifest: rows that pass through the
driver's Java cost several times as much. A part is named by its partition and moved into its
place in one step, so that a task that is run twice writes the same file twice.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from ldn_titration.cohort.book import Book
from ldn_titration.cohort.columns import require_arrow
from ldn_titration.cohort.expanding import expand
from ldn_titration.cohort.files.folder import sha256_of
from ldn_titration.cohort.files.parts import part_name, problems_table, write_parquet
from ldn_titration.cohort.people import EXPOSURE_COLUMNS
from ldn_titration.cohort.screening import screen
from ldn_titration.errors import MissingExtraError
from ldn_titration.knowledge import Knowledge, knowledge

__all__ = ["SparkPart", "expand_spark", "screen_spark"]


class SparkPart(NamedTuple):
    """One file that a worker wrote: where in the folder, its rows and its checksum."""

    file: str
    rows: int
    sha256: str


def screen_spark(
    patients: Any,
    exposures: Any,
    out: str,
    *,
    start: date | None = None,
    base: Knowledge | None = None,
) -> tuple[SparkPart, ...]:
    """Screen the people of two Spark data frames; the parts that were written to ``out``.

    ``out`` is a folder that every worker reaches. A row of the patients is a row of the
    verdicts, in no order; ``manifest.json`` is written last. Columns are as of
    :func:`ldn_titration.cohort.screen`; the exposures of a person are brought to them first.
    """
    functions = _functions()
    shipped = [name for name in EXPOSURE_COLUMNS if name in exposures.columns]
    each = functions.struct(*(functions.col(name).cast("string").alias(name) for name in shipped))
    taken = exposures.groupBy(functions.col("patient").cast("string").alias("whose")).agg(
        functions.collect_list(each).alias("taken")
    )
    whose = functions.col("whose") == patients["patient"].cast("string")
    people = patients.join(taken, whose, "left").drop("whose")
    rules = _shipped(base)

    def work(table: Any, place: Callable[[str], Path]) -> None:
        mine = Knowledge(rules[0], version=rules[1]) if rules else None
        found = screen(table.drop(["taken"]), _unnested(table, shipped), start=start, base=mine)
        verdicts = found.verdicts
        write_parquet(place("verdicts"), verdicts.schema, verdicts.to_batches())
        problems = problems_table(found.problems)
        write_parquet(place("problems"), problems.schema, problems.to_batches())

    return _run(people, work, out, base or knowledge())


def expand_spark(
    patients: Any,
    book: Book,
    out: str,
    *,
    kind: str = "days",
    start: date | None = None,
    base: Knowledge | None = None,
) -> tuple[SparkPart, ...]:
    """Lay out the plans of the people of a Spark data frame; the parts that were written.

    As :func:`screen_spark`; columns are as of :func:`ldn_titration.cohort.expand`.
    """
    rules = _shipped(base)

    def work(table: Any, place: Callable[[str], Path]) -> None:
        mine = Knowledge(rules[0], version=rules[1]) if rules else None
        laid = expand(table, book, kind, start=start, base=mine)
        write_parquet(place(kind), laid.schema, laid.batches)
        problems = problems_table(laid.problems)
        write_parquet(place("problems"), problems.schema, problems.to_batches())

    return _run(patients, work, out, base or knowledge())


def _shipped(base: Knowledge | None) -> tuple[dict[str, bytes], str] | None:
    """What a worker makes a site's knowledge base of; None where its own is meant."""
    return None if base is None else (base.tables, base.version)


Work = Callable[[Any, Callable[[str], Path]], None]


def _run(people: Any, work: Work, out: str, base: Knowledge) -> tuple[SparkPart, ...]:
    """Let the workers work on a partition each, and write the manifest of what they wrote."""

    def write(batches: Iterator[Any]) -> Iterator[Any]:
        return _written(batches, work, out)

    rows = people.mapInArrow(write, "file string, rows bigint, sha256 string").collect()
    parts = tuple(sorted(SparkPart(row["file"], row["rows"], row["sha256"]) for row in rows))
    manifest = {
        "schema": "ldn-titration/cohort/1",
        "knowledge": {"version": base.version, "sha256": base.sha256},
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

    work(pa.Table.from_batches(listed), place)
    lines = [_moved(Path(out), part_name(name, number), part) for name, part in beside.items()]
    yield pa.RecordBatch.from_pylist([line._asdict() for line in lines])


def _moved(out: Path, name: str, part: Path) -> SparkPart:
    from pyarrow import parquet

    part.replace(out / name)
    rows = parquet.read_metadata(out / name).num_rows
    return SparkPart(name, rows, sha256_of(out / name))


def _unnested(table: Any, names: list[str]) -> Any:
    """The exposures of people, from the list that stands with each of them."""
    _, pa = require_arrow()
    import pyarrow.compute as pc

    lists = table.column("taken").combine_chunks()
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
