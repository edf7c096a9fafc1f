"""Spark in local mode says what one machine says. Needs pyspark and a JVM: ``make spark``."""

from __future__ import annotations

import json
import random
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
from ldn_titration import cohort
from ldn_titration.cohort.files.folder import sha256_of
from ldn_titration.cohort.files.spark import _moved, expand_spark, screen_spark

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def spark() -> Iterator[Any]:
    """A Spark on this machine alone, its driver on the loopback."""
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
    listed = json.loads((out / "manifest.json").read_text())["files"]
    assert [each["sha256"] for each in listed] == [sha256_of(out / part.file) for part in parts]
    assert {part.file for part in parts} == {
        str(place.relative_to(out)) for place in out.rglob("*.parquet")
    }


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
