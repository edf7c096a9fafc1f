"""Spark in local mode says what one machine says. Needs pyspark and a JVM: ``make spark``."""

from __future__ import annotations

import json
import os
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet
from pyspark.sql import SparkSession

import cohort_people
import cohort_plans
import million
from ldn_titration import InvalidInputError, cohort
from ldn_titration.cohort.files.parts import sha256_of
from ldn_titration.cohort.files.spark import _moved, expand_spark, screen_spark
from test_cohort import WELL

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def spark() -> Iterator[Any]:
    """A Spark on this machine alone, its driver on the loopback, its workers in this Python."""
    os.environ["PYSPARK_PYTHON"] = sys.executable
    made = (
        SparkSession.builder.master("local[2]")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.shuffle.partitions", "3")
        .getOrCreate()
    )
    yield made
    made.stop()


def rows_of(out: Path, name: str) -> list[dict[str, Any]]:
    return [
        row
        for place in sorted((out / name).glob("*.parquet"))
        for row in parquet.read_table(place).to_pylist()
    ]


def written(tmp_path: Path, name: str, table: pa.Table) -> str:
    parquet.write_table(table, tmp_path / name)
    return str(tmp_path / name)


def test_the_verdicts_are_those_of_one_machine(spark: Any, tmp_path: Path) -> None:
    dice = random.Random(11)
    people = [cohort_people.person(dice) for _ in range(500)]
    patients, exposures = map(million.table, cohort_people.rows(people))
    out = tmp_path / "out"
    parts = screen_spark(
        spark.read.parquet(written(tmp_path, "people.parquet", patients)),
        spark.read.parquet(written(tmp_path, "taken.parquet", exposures)),
        str(out),
    )
    alone = cohort.screen(patients, exposures).verdicts.to_pylist()
    assert sorted(rows_of(out, "verdicts"), key=lambda row: row["patient"]) == alone
    assert sum(part.rows for part in parts if part.file.startswith("verdicts/")) == 500
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["exposures_of_nobody"] == 0
    listed = manifest["files"]
    assert [each["rows"] for each in listed] == [part.rows for part in parts]
    assert [each["sha256"] for each in listed] == [sha256_of(out / part.file) for part in parts]
    assert {part.file for part in parts} == {
        str(place.relative_to(out)) for place in out.rglob("*.parquet")
    }


def test_whoever_has_rows_in_several_parts_is_told_of_in_each(spark: Any, tmp_path: Path) -> None:
    """Each row in a part of its own; and exposures of nobody are counted."""
    rows = [{"patient": who, "start": "2027-01-04", **WELL} for who in (1, 2, 1, None)]
    taken = pa.table({"patient": [2, 7, None], "substance": ["heroin"] * 3})
    out = tmp_path / "out"
    screen_spark(
        spark.read.parquet(written(tmp_path, "p.parquet", million.table(rows))).repartition(4),
        spark.read.parquet(written(tmp_path, "t.parquet", taken)),
        str(out),
    )
    said = [(row["patient"], row["finding"]) for row in rows_of(out, "verdicts")]
    assert sorted(said, key=str) == [(1, "ROW-01"), (1, "ROW-01"), (2, "OPI-05"), (None, "ROW-01")]
    told = {(row["patient"], row["message"]) for row in rows_of(out, "problems")}
    assert told == {
        ("1", "patient: stands in 2 rows; give each one row"),
        ("2", "opioids: none, but some are recorded"),
        ("", "patient: needs an identifier"),
    }
    assert json.loads((out / "manifest.json").read_text())["exposures_of_nobody"] == 2


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"patient": [1.0], "start": ["2027-01-04"]}, "whole numbers or texts, not double"),
        ({"patient": [1]}, 'needs a column "start"'),
        ({"patient": [1], "start": ["2027-01-04"]}, "is not empty"),
    ],
)
def test_what_cannot_be_run_is_refused_before_a_worker_begins(
    columns: dict[str, Any], said: str, spark: Any, tmp_path: Path
) -> None:
    people = spark.read.parquet(written(tmp_path, "p.parquet", pa.table(columns)))
    taken = pa.table({"patient": [2], "substance": ["heroin"]})
    frame = spark.read.parquet(written(tmp_path, "t.parquet", taken))
    with pytest.raises(InvalidInputError, match=said):
        screen_spark(people, frame, str(tmp_path))


def test_the_rows_of_plans_are_those_of_one_machine(spark: Any, tmp_path: Path) -> None:
    dice = random.Random(12)
    asked = [cohort_plans.row(n, cohort_plans.asked(dice)) for n in range(200)]
    patients = pa.Table.from_pylist(asked)
    book = cohort.Book.model_validate(cohort_plans.BOOK)
    frame = spark.read.parquet(written(tmp_path, "asked.parquet", patients)).repartition(3)
    expand_spark(frame, book, str(tmp_path / "out"))
    found = cohort.expand(patients, book, "days")
    alone = [row for batch in found.batches for row in batch.to_pylist()]
    order = lambda row: (row["patient"], row["day"])  # noqa: E731 - a key
    assert sorted(rows_of(tmp_path / "out", "days"), key=order) == alone
    assert len(rows_of(tmp_path / "out", "problems")) == len(found.problems)


def test_the_driver_is_reached_from_this_machine_only(spark: Any) -> None:
    assert spark.conf.get("spark.driver.bindAddress") == "127.0.0.1"
    assert spark.sparkContext.uiWebUrl is None


def test_a_task_that_is_run_twice_leaves_one_part(spark: Any, tmp_path: Path) -> None:
    """Each partition fails once, after it has written; Spark runs it again."""
    dice = random.Random(13)
    asked = [cohort_plans.row(n, cohort_plans.asked(dice)) for n in range(40)]
    frame = spark.sparkContext.parallelize([1, 2], 2)
    out = str(tmp_path)

    def twice(number: int) -> str:
        for _ in range(2):
            place = Path(out) / f".{number}.{random.random()}.part"
            parquet.write_table(pa.Table.from_pylist(asked), place)
            (Path(out) / "days").mkdir(exist_ok=True)
            name = _moved(Path(out), f"days/part-{number:05}.parquet", place).file
        return name

    assert frame.map(twice).collect() == ["days/part-00001.parquet", "days/part-00002.parquet"]
    assert len(list((tmp_path / "days").iterdir())) == 2
