"""P56 to P58: what a cohort is told is what each person would be told, and nobody is lost.

``make million`` holds P56 for a million people and plans; here it is some thousand.
"""

from __future__ import annotations

import random
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import cohort_people
import cohort_plans
import million
from ldn_titration import cohort
from test_cohort import START, WELL, people, told

PATIENTS, EXPOSURES = map(million.table, cohort_people.rows(people(5, 25)))


@pytest.mark.hazard("H01")
def test_p56_the_verdict_of_each_person_is_that_of_the_scalar_engine() -> None:
    """P56 cohort = scalar."""
    assert list(million.screened_differently(people(1, 2000))) == []


@pytest.mark.hazard("H01")
def test_p56_the_rows_of_each_plan_are_those_of_the_scalar_engine() -> None:
    """P56 cohort = scalar: every day of every plan."""
    dice = random.Random(2)
    every = [cohort_plans.asked(dice) for _ in range(600)]
    assert list(million.planned_differently(every)) == []


@given(st.randoms(use_true_random=False), st.integers(1, 25))
def test_p57_the_order_the_parts_and_other_columns_are_no_matter(dice: Any, size: int) -> None:
    """P57 cohort row order, chunk size and unrelated columns irrelevant."""
    whole = cohort.screen(PATIENTS, EXPOSURES).verdicts.to_pylist()
    order = list(range(PATIENTS.num_rows))
    dice.shuffle(order)
    taken = list(range(EXPOSURES.num_rows))
    dice.shuffle(taken)
    patients = PATIENTS.take(order).append_column("problem", pa.array(["x"] * len(order)))
    exposures = EXPOSURES.take(taken).append_column("row", pa.array([dice.random() for _ in taken]))
    parts = [
        cohort.screen(patients.slice(first, size), exposures).verdicts.to_pylist()
        for first in range(0, len(order), size)
    ]
    again = {row["patient"]: row for part in parts for row in part}
    assert [again[row["patient"]] for row in whole] == whole
    assert sum(map(len, parts)) == len(whole)


@pytest.mark.parametrize("kind", ["days", "steps", "supply", "orders"])
def test_p57_the_size_of_a_block_is_no_matter_to_the_rows(kind: str) -> None:
    """P57 cohort row order, chunk size and unrelated columns irrelevant: the plans."""
    dice = random.Random(6)
    rows = [cohort_plans.row(n, cohort_plans.asked(dice)) for n in range(50)]
    book = cohort.Book.model_validate(cohort_plans.BOOK)
    patients = pa.Table.from_pylist(rows)

    def laid(table: pa.Table, block: int) -> list[dict[str, Any]]:
        found = cohort.expand(table, book, kind, block=block)
        listed = [row for batch in found.batches for row in batch.to_pylist()]
        assert found.rows == len(listed)
        return listed

    whole = laid(patients, 1000)
    assert len(whole) > 30
    assert laid(patients, 7) == whole
    backwards = laid(patients.take(list(reversed(range(50)))), 1000)
    assert sorted(map(repr, backwards)) == sorted(map(repr, whole))


VAGUE: list[tuple[str, dict[str, Any], list[dict[str, Any]]]] = [
    ("no record", {}, []),
    ("a date that is null", {}, [{"substance": "oxycodone", "release": "immediate"}]),
    ("a name that is null", {}, [{"last_taken": "2020-01-01"}]),
    ("an unknown code", {}, [{"rxcui": "99999999", "last_taken": "2020-01-01"}]),
    ("a date that is none", {}, [{"substance": "oxycodone", "last_taken": "2026-13-01"}]),
    ("no start", {"start": None}, [{"substance": "ibuprofen"}]),
    ("a fact that is none", {"pregnant": "perhaps"}, [{"substance": "ibuprofen"}]),
    ("none, and some", {"opioids": "none"}, [{"substance": "heroin", "last_taken": "1999-01-01"}]),
    ("a dose that is none", {}, [{"substance": "loperamide", "daily_dose": "much"}]),
    ("a status that is none", {"opioids": "maybe"}, [{"substance": "ibuprofen"}]),
    ("a year that is far", {"start": "9999-12-31"}, []),
]


@pytest.mark.hazard("H02")
@pytest.mark.parametrize(("what", "facts", "taken"), VAGUE, ids=[each[0] for each in VAGUE])
def test_p58_whoever_is_not_known_is_insufficient_and_there(
    what: str, facts: dict[str, Any], taken: list[dict[str, Any]]
) -> None:
    """P58 row count conserved: beside them somebody well stays clear."""
    own = {name: value for name, value in WELL.items() if name != "opioids"}
    rows = [
        {"patient": 1, "start": str(START), **WELL},
        {"patient": 2, "start": str(START), **own, **facts},
        {"patient": 3, "start": str(START), **WELL},
    ]
    exposures = [{"patient": 2, **each} for each in taken]
    found = told(rows, exposures)
    assert [row["patient"] for row in found] == [1, 2, 3]
    assert [row["verdict"] for row in found] == ["clear", "insufficient", "clear"]
    assert [row["interval"] for row in found] == ["clear", "insufficient", "clear"]
    assert [row["not_before"] for row in found] == [None, None, None]


@pytest.mark.hazard("H02")
@given(st.lists(st.sampled_from([1, 2, 3, None]), max_size=8), st.lists(st.integers(1, 9)))
def test_p58_rows_in_are_rows_out(whose: list[int | None], took: list[int]) -> None:
    """P58 row count conserved: identifiers that stand twice or are null, exposures of nobody."""
    patients = pa.table(
        {"patient": pa.array(whose, pa.int64()), "start": [str(START)] * len(whose)}
    )
    exposures = pa.table({"patient": took, "substance": ["methadone"] * len(took)})
    found = cohort.screen(patients, exposures)
    assert found.verdicts.column("patient").to_pylist() == whose
    assert found.strays == sum(each not in whose for each in took)
    for who, codes in zip(whose, found.verdicts.column("codes").to_pylist(), strict=True):
        assert ("OPI-05" in codes) == (who in took)
        assert ("ROW-01" in codes) == (who is None or whose.count(who) > 1)
        assert ("ROW-02" in codes) == (who not in took)
