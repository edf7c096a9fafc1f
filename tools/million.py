"""A million generated people, through the cohort and one by one: no difference may be found.

Each is screened by ``cohort.screen`` and by ``screen``, and planned by ``cohort.expand`` and by
``schedule``; verdict, worst finding, all findings and first date are compared, and every day of
every plan. A tenth of the people has missing, vague or contradictory data. Exit 1 where anything
differs. Needs the folders tests and src on its path, as the Makefile gives them.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import cache, lru_cache
from typing import Any

import numpy as np
import pyarrow as pa

import cohort_people
import cohort_plans
from ldn_titration import (
    LdnTitrationError,
    PatientFacts,
    Regimen,
    Severity,
    cohort,
    schedule,
    screen,
)

CHUNK = 25_000


def table(rows: list[dict[str, Any]]) -> pa.Table:
    """Rows of which some lack a column."""
    names = sorted({name for row in rows for name in row})
    return pa.table({name: pa.array([row.get(name) for row in rows]) for name in names})


OF_THE_INTERVAL = {f"OPI-0{number}" for number in range(1, 9)} | {"MED-01", "MED-02"}
"""The findings that speak of opioids, or of what may be one; written out here by hand."""


def screened_alone(person: cohort_people.Person) -> tuple[Any, ...]:
    """What the scalar engine says: verdict, that of the interval, worst finding, all, first date.

    Where nobody asked and nothing is recorded, the interval is not known.
    """
    facts = dict(person.facts)
    if person.exposures:
        facts["opioids"] = {"status": "known", "exposures": person.exposures}
    found = screen(PatientFacts.model_validate(facts), person.start)
    codes = {finding.code for finding in found.findings}
    worst = found.findings[0].code if found.findings else ""
    told = [finding.severity for finding in found.findings if finding.code in OF_THE_INTERVAL]
    if "opioids" not in facts:
        told.append(Severity.INSUFFICIENT)
    interval = max(told, key=lambda each: each.rank, default=Severity.INFO).verdict
    return str(found.verdict), str(interval), worst, codes, found.not_before


def screened_differently(people: list[cohort_people.Person]) -> Iterator[str]:
    """Each person of whom the two engines say something else."""
    patients, exposures = map(table, cohort_people.rows(people))
    rows = cohort.screen(patients, exposures).verdicts.to_pylist()
    for person, row in zip(people, rows, strict=True):
        codes = set(row["codes"].split()) - {"ROW-02"}
        said = row["verdict"], row["interval"], row["finding"], codes, row["not_before"]
        alone = screened_alone(person)
        if said != alone:
            yield f"{person}: {said}, but alone {alone}"


BOOK = cohort.Book.model_validate(cohort_plans.BOOK)


@cache
def regimen(key: str) -> Regimen:
    """The regimen of that identifier, made once."""
    return BOOK.regimen(key)


def planned_alone(asked: cohort_plans.Asked) -> list[Any] | None:
    """The days of the plan as columns, by the scalar engine; None where there is none.

    What was asked before, the start included, is not worked out again.
    """
    if asked.diary:
        return _planned_alone(asked)
    return _planned_once(asked._replace(diary=()))


def _planned_alone(asked: cohort_plans.Asked) -> list[Any] | None:
    try:
        plan = schedule(
            regimen(asked.regimen),
            BOOK.preparation(asked.preparation),
            asked.start,
            days=asked.days,
            diary=asked.diary,
        )
    except LdnTitrationError:
        return None
    days = list(plan)
    numbers = [[day.day for day in days], [day.date.toordinal() for day in days]]
    numbers += [[day.step for day in days], [day.day_of_step for day in days]]
    doses = {id(day.dose): day.dose for day in days}
    words = {key: None if dose is None else str(dose) for key, dose in doses.items()}
    texts = [[words[id(day.dose)] for day in days]]
    texts += [[day.take for day in days], [day.time_of_day for day in days]]
    return [*numbers, *texts]


def planned_differently(every: list[cohort_plans.Asked]) -> Iterator[str]:
    """Each plan of which the two engines have other rows."""
    patients = pa.Table.from_pylist([cohort_plans.row(n, each) for n, each in enumerate(every)])
    expansion = cohort.expand(patients, BOOK, "days", block=1000)
    without = {int(problem.patient) for problem in expansion.problems}
    for first, batch in zip(range(0, len(every), 1000), expansion.batches, strict=True):
        whose = batch.column("patient").indices.to_numpy()
        ends = np.searchsorted(whose, np.arange(len(every[first : first + 1000]) + 1))
        columns = [batch.column(name) for name in ("day", "date", "step", "day_of_step")]
        numbers = [column.cast(pa.int32()).to_numpy() for column in columns]
        numbers[1] = numbers[1] + 719_163
        words = [batch.column(name).dictionary.to_pylist() for name in ("dose", "take")]
        texts = [_places(batch.column(name)) for name in ("dose", "take")]
        times = batch.column("time_of_day")
        for place, asked in enumerate(every[first : first + 1000]):
            part = slice(ends[place], ends[place + 1])
            said = [column[part].tolist() for column in numbers]
            said += [
                [w[n] if n >= 0 else None for n in t[part]]
                for w, t in zip(words, texts, strict=True)
            ]
            said.append(times[part.start : part.stop].to_pylist())
            alone = planned_alone(asked)
            missing = first + place in without and not said[0]
            if said != alone if alone is not None else not missing:
                yield f"{asked}: other rows"


_planned_once = lru_cache(maxsize=10_000)(_planned_alone)


def _places(column: pa.DictionaryArray) -> Any:
    """Of each row the place of its word, -1 where there is none."""
    return column.indices.fill_null(-1).to_numpy()


def chunk(seed: int, people: int) -> tuple[Counter[str], list[str], float, float]:
    """One part of the whole: how many there were, what differs, and the seconds it took."""
    dice = random.Random(seed)
    began = time.process_time()
    wrong = list(screened_differently([cohort_people.person(dice) for _ in range(people)]))
    middle = time.process_time()
    wrong += planned_differently([cohort_plans.asked(dice) for _ in range(people)])
    counts = Counter(people=people, differences=len(wrong))
    return counts, wrong[:3], middle - began, time.process_time() - middle


def main(arguments: list[str]) -> int:
    """Compare so many people, and say how many differ."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("people", nargs="?", type=int, default=1_000_000)
    people = parser.parse_args(arguments).people
    sizes = [min(CHUNK, people - first) for first in range(0, people, CHUNK)]
    counts: Counter[str] = Counter()
    with ProcessPoolExecutor(min(4, os.cpu_count() or 1)) as pool:  # half a gigabyte each
        for found, wrong, screening, planning in pool.map(chunk, range(len(sizes)), sizes):
            counts += found
            print(
                f"{counts['people']:,} people: {screening:.0f} s and {planning:.0f} s", flush=True
            )
            if wrong:
                print(*wrong, f"{counts['differences']} differences", sep="\n", flush=True)
                pool.shutdown(cancel_futures=True)
                return 1
    print(f"{counts['people']:,} people and plans, 0 differences")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
