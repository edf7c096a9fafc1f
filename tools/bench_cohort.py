"""Measure cohorts against their yardsticks, as ratios in one run: docs/benchmarks-cohorts.md.

Candidate and yardstick take turns, and each figure is the median of the rounds. ``--people``
and ``--most`` ask for fewer, to see that it runs.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa
from pyarrow import parquet

from figure import Figure, at_least
from ldn_titration import PatientFacts, cohort, screen
from ldn_titration.cohort.expanding import Expansion
from ldn_titration.cohort.files.parts import write_parquet

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks-cohorts.md"
BOOK = cohort.Book.model_validate(
    {
        "schema": "ldn-titration/book/1",
        "regimens": {
            "drops": {"ramp": {"from": "0.25 mg", "by": "0.25 mg", "every_days": 7, "to": "4.5 mg"}}
        },
        "preparations": {
            "dropper": {"form": "drops", "concentration": "5 mg/mL", "drops_per_mL": 20}
        },
    }
)
START = date(2027, 1, 4)
DAYS = 126


def asked(people: int, plans: int, seed: int = 1) -> pa.Table:
    """People with a plan of 126 days each, of so many distinct ones; three in ten held once."""
    dice = random.Random(seed)
    starts = [START + timedelta(dice.randrange(180)) for _ in range(people)]
    most = min(3000, plans // DAYS + 2)
    held = [(dice.randrange(DAYS), dice.randrange(1, most)) for _ in range(people)]
    diaries = [
        json.dumps([{"event": "held", "on": str(start + timedelta(after)), "days": days}])
        if plans > 1 and dice.random() < 0.3
        else None
        for start, (after, days) in zip(starts, held, strict=True)
    ]
    return pa.table(
        {
            "patient": np.arange(people),
            "start": pa.array(starts),
            "regimen": ["drops"] * people,
            "preparation": ["dropper"] * people,
            "length_days": pa.array([DAYS] * people, pa.int32()),
            "diary": pa.array(diaries, pa.string()),
        }
    )


def seconds(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def ratio(ours: Callable[[], object], yardstick: Callable[[], object], rounds: int) -> float:
    """The yardstick's seconds over ours, the median of rounds: how many times as fast we are."""
    pairs = [(seconds(ours), seconds(yardstick)) for _ in range(rounds)]
    return statistics.median(theirs / own for own, theirs in pairs)


def consumed(found: Expansion) -> None:
    for _ in found.batches:
        pass


def filling(rows: int, block: int = 1024 * DAYS) -> None:
    """Y2: warm numpy.fill of the columns that the days of a cohort have."""
    arrays = [np.empty(block, np.int32) for _ in range(8)] + [np.empty(block, np.int8)]
    for first in range(0, rows, block):
        for array in arrays:
            array[: min(block, rows - first)].fill(first & 7)


def expansion(people: int, rounds: int) -> Iterator[Figure]:
    few, unique = asked(people, 5000), asked(people // 10, 10**9)
    rows = people * DAYS
    whole = ratio(lambda: consumed(cohort.expand(few, BOOK)), lambda: filling(rows), rounds)
    found = [cohort.expand(few, BOOK) for _ in range(rounds)]
    streaming = statistics.median(
        seconds(lambda: filling(rows)) / seconds(lambda each=each: consumed(each)) for each in found
    )
    yield at_least("C1", f"days of {people:,} people, read and laid out / Y2", 0.6, whole)
    yield at_least(
        "C1", f"the same, laid out alone ({found[0].plans:,} plans) / Y2", 0.6, streaming
    )
    made = [cohort.expand(unique, BOOK) for _ in range(2)]
    alone = statistics.median(
        seconds(lambda: filling(made[0].rows)) / seconds(lambda each=each: consumed(each))
        for each in made
    )
    yield at_least(
        "C1", f"laid out alone, {made[0].plans:,} plans of {people // 10:,} / Y2", 0.3, alone
    )
    yield from sums(few, rounds)
    yield from written(few, rounds)


def sums(table: pa.Table, rounds: int) -> Iterator[Figure]:
    """C3: the rows of all people and the sums of their dates and places of doses."""

    found = cohort.expand(table, BOOK, block=10**9)
    batch = next(found.batches)
    first = np.unique(batch.column("patient").indices.to_numpy(), return_index=True)[1]
    starts = table.column("start").cast(pa.int32()).to_numpy()
    ends = np.append(first, found.rows)
    on, dose = batch.column("date").cast(pa.int32()).to_numpy(), batch.column("dose").indices
    dose = dose.fill_null(0).to_numpy()
    shapes: dict[bytes, int] = {}
    plan = [shapes.setdefault(dose[a:b].tobytes(), len(shapes)) for a, b in pairwise(ends)]
    rows = [
        (number, day, int(place))
        for key, number in shapes.items()
        for day, place in enumerate(np.frombuffer(key, dose.dtype))
    ]
    plans = pa.table(
        dict(zip(("plan", "after", "dose"), map(list, zip(*rows, strict=True)), strict=True))
    )
    people = pa.table({"plan": plan, "start": starts})
    wanted = (int(on.astype(np.int64).sum()), int(dose.astype(np.int64).sum()), found.rows)

    def ours(each: Expansion) -> tuple[int, int, int]:
        total = [0, 0, 0]
        for part in each.batches:
            total[0] += int(part.column("date").cast(pa.int32()).to_numpy().sum(dtype=np.int64))
            total[1] += int(part.column("dose").indices.fill_null(0).to_numpy().sum(dtype=np.int64))
            total[2] += part.num_rows
        return total[0], total[1], total[2]

    store = duckdb.connect()
    store.register("people", people)
    store.register("plans", plans)
    query = (
        "CREATE OR REPLACE TABLE laid AS SELECT start + after AS day, dose "
        "FROM people JOIN plans USING (plan)"
    )

    def in_duckdb() -> None:
        store.execute(query)
        store.execute("SELECT sum(day), sum(dose), count(*) FROM laid").fetchall()

    frame, lazy = pl.from_arrow(people), pl.from_arrow(plans)

    def in_polars() -> None:
        joined = frame.join(lazy, on="plan").select((pl.col("start") + pl.col("after")), "dose")
        joined.select(pl.all().sum())

    assert ours(cohort.expand(table, BOOK)) == wanted
    for name, theirs, limit in (("DuckDB", in_duckdb, 2.5), ("Polars", in_polars, 1.5)):
        made = [cohort.expand(table, BOOK) for _ in range(rounds)]
        reached = statistics.median(seconds(theirs) / seconds(lambda e=e: ours(e)) for e in made)
        yield at_least("C3", f"the same rows and sums, {name} / ours", limit, reached)


def written(table: pa.Table, rounds: int) -> Iterator[Figure]:
    """C4: bytes a row in Parquet, and the writer's own limit; run-length beside days."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "days.parquet"
        found = cohort.expand(table, BOOK)
        batches = list(found.batches)
        own: list[float] = []
        for _ in range(rounds):
            again = cohort.expand(table, BOOK)
            limit = seconds(lambda: write_parquet(place, found.schema, batches))
            own.append(limit / seconds(lambda e=again: write_parquet(place, e.schema, e.batches)))
        size = place.stat().st_size / found.rows
        days = seconds(lambda: write_parquet(place, found.schema, batches))
        steps = cohort.expand(table, BOOK, "steps")
        length = seconds(lambda: write_parquet(Path(folder) / "s", steps.schema, steps.batches))
    yield Figure("C4", "bytes a row of days in Parquet", 0.35, size)
    yield at_least(
        "C4",
        "writing rows that are made before / laid out and written",
        0.95,
        statistics.median(own),
    )
    yield at_least("C4", "days / run-length steps, to Parquet", 6, days / length)


def growth(most: int) -> Iterator[Figure]:
    """C2: the cost of a row at growing numbers of people, and the peak of memory."""
    costs = {}
    for people in (1_000, 10_000, 100_000, most):
        costs[people] = streamed(people)
        print(
            f"{people:,} people: {costs[people][0]:.1f} ns a row, {costs[people][1]:.0f} MiB",
            flush=True,
        )
    large = [cost for people, (cost, _) in costs.items() if people > 100_000]
    peak = max(room for _, room in costs.values())
    yield Figure(
        "C2",
        f"cost a row, {most:,} people / 100,000",
        1.4,
        max(large) / costs[100_000][0],
    )
    yield Figure("C2", "peak memory, MiB", 256, peak)


STREAM = """
import sys, time
from pathlib import Path
from ldn_titration.cohort import read_book
from ldn_titration.cohort.expanding import Plans, expansion
from ldn_titration.cohort.files.sources import batches
from ldn_titration.cohort.people import PLAN_COLUMNS
plans = Plans(read_book(sys.argv[2].encode()), "days")
rows, spent = 0, 0.0
for _ in range(int(sys.argv[3])):
    for part in batches(Path(sys.argv[1]), "asked", 50_000, PLAN_COLUMNS):
        began = time.perf_counter()
        for batch in expansion(part, plans).batches:
            rows += batch.num_rows
        spent += time.perf_counter() - began
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(spent / rows * 1e9, int(peak.split()[1]) / 1024)
"""


def streamed(people: int) -> tuple[float, float]:
    """So many people laid out, 50,000 at a time, in a process that does nothing else: the
    nanoseconds of a row, and the peak of memory in MiB.
    """
    part = min(people, 100_000)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "asked.parquet"
        parquet.write_table(asked(part, 5000), place)
        code = [sys.executable, "-c", STREAM, str(place), BOOK.model_dump_json(exclude_none=True)]
        done = subprocess.run([*code, str(people // part)], check=True, capture_output=True)
    cost, room = map(float, done.stdout.split())
    return cost, room


# --- screening ------------------------------------------------------------------------

SQL = """
SELECT p.patient, max(CASE
  WHEN e.last_taken >= p.start THEN 3
  WHEN date_diff('day', e.last_taken, p.start) - 1 < 7 THEN 3
  WHEN date_diff('day', e.last_taken, p.start) - 1 < 10 THEN 2 ELSE 0 END)
FROM people p LEFT JOIN taken e USING (patient) GROUP BY 1 ORDER BY 1
"""


def screening(people: int, rounds: int) -> Iterator[Figure]:
    """C5: intervals of one opioid, so that ten lines of SQL can say them too."""

    dice = random.Random(5)
    patients = pa.table({"patient": np.arange(people), "start": pa.array([START] * people)})
    rows = [
        (who, START - timedelta(dice.randrange(0, 60)))
        for who in range(people)
        for _ in range(dice.choice((0, 1, 1, 2)))
    ]
    taken = pa.table(
        {
            "patient": [who for who, _ in rows],
            "substance": ["oxycodone"] * len(rows),
            "release": ["immediate"] * len(rows),
            "last_taken": pa.array([day for _, day in rows]),
        }
    )
    store = duckdb.connect()
    store.register("people", patients)
    store.register("taken", taken)
    said = cohort.screen(patients, taken).verdicts.column("interval").to_pylist()
    theirs = [rank for _, rank in store.execute(SQL).fetchall()]
    words = {3: "stop", 2: "hold", 0: "clear"}
    assert all(
        ours == words[rank]
        for ours, rank in zip(said, theirs, strict=True)
        if ours != "insufficient"
    )
    some = [day for _, day in rows[:2000]]

    def alone() -> None:
        for day in some:
            told = {"substance": "oxycodone", "release": "immediate", "last_taken": str(day)}
            facts = {"opioids": {"status": "known", "exposures": [told]}}
            screen(PatientFacts.model_validate(facts), START)

    def ours() -> None:
        cohort.screen(patients, taken)

    scale = people / len(some)
    yield at_least(
        "C5",
        f"{people:,} people, screen() one by one / cohort",
        20,
        ratio(ours, alone, rounds) * scale,
    )
    yield at_least(
        "C5",
        "the same, ten lines of SQL in DuckDB / cohort",
        1,
        ratio(ours, lambda: store.execute(SQL).fetchall(), rounds),
    )


# --- Spark ----------------------------------------------------------------------------


def spark(people: int) -> Iterator[Figure]:
    """C6: Spark to disk beside the same work in two plain processes."""
    try:
        from pyspark.sql import SparkSession
    except ImportError:
        return
    from concurrent.futures import ProcessPoolExecutor

    from ldn_titration.cohort.files.spark import expand_spark

    with tempfile.TemporaryDirectory() as folder:
        half = asked(people // 2, 5000)
        for number in range(2):
            ids = pa.array(np.arange(half.num_rows) + number * half.num_rows)
            table = half.set_column(0, "patient", ids)
            parquet.write_table(table, Path(folder) / f"half{number}.parquet")
        session = (
            SparkSession.builder.master("local[2]")
            .config("spark.driver.host", "127.0.0.1")
            .config("spark.driver.bindAddress", "127.0.0.1")
            .config("spark.ui.enabled", "false")
            .config("spark.sql.execution.arrow.maxRecordsPerBatch", "250000")
            .getOrCreate()
        )
        frame = session.read.parquet(f"{folder}/half0.parquet", f"{folder}/half1.parquet")
        frame = frame.repartition(2)
        out = str(Path(folder) / "out")
        expand_spark(frame.limit(100).repartition(2), BOOK, out)
        reached = []
        places = [str(Path(folder) / f"half{n}.parquet") for n in range(2)]
        with ProcessPoolExecutor(2) as pool:
            for _ in range(3):
                shutil.rmtree(out)
                mine = seconds(lambda: expand_spark(frame, BOOK, out))
                plain = seconds(lambda: list(pool.map(_plain, places)))
                reached.append(plain / mine)
        session.stop()
    yield at_least(
        "C6", f"{people:,} people to disk, two processes / Spark", 0.6, statistics.median(reached)
    )


def _plain(place: str) -> None:
    found = cohort.expand(parquet.read_table(place), BOOK)
    write_parquet(Path(place).with_suffix(".out"), found.schema, found.batches)


# --- page -----------------------------------------------------------------------------


def page(figures: list[Figure], people: int) -> str:
    """For the documentation."""
    lines = [
        "# Benchmarks of cohorts",
        "",
        f"Measured by `make bench` on {date.today()}, on shared machines:",  # noqa: DTZ011
        f"ratios in one run, the median of the rounds; {people:,} people of 126 days each.",
        "Y2 is a warm `numpy.fill` of the same columns. DuckDB and Polars use their threads, ours",
        "is one.",
        "",
        "| goal | what | wanted | reached | |",
        "| --- | --- | --- | --- | --- |",
    ]
    for each in figures:
        side = "at most" if each.at_most else "at least"
        met = "met" if each.met else "**not met**"
        lines.append(
            f"| {each.goal} | {each.what} | {side} {each.limit:g} | {each.reached:.3g} | {met} |"
        )
    return "\n".join([*lines, ""])


def main(arguments: list[str]) -> int:
    """Measure, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=100_000, help="of whom all else is asked")
    parser.add_argument("--most", type=int, default=8_000_000, help="people whose rows are timed")
    options = parser.parse_args(arguments)
    people = options.people
    figures: list[Figure] = []
    for found in (
        expansion(people, 3),
        growth(options.most),
        screening(people, 3),
        spark(people),
    ):
        for figure in found:
            print(figure, flush=True)
            figures.append(figure)
    PAGE.write_text(page(figures, people))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
