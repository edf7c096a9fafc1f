"""Bottles, capsules and tablets, against the slow reference of supply_oracle.py and by hand."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from math import ceil
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import supply_oracle
from conftest import ROOT
from ldn_titration import (
    Capsules,
    Dilution,
    Drops,
    InvalidInputError,
    Mass,
    NotMeasurableError,
    OralSolution,
    Plan,
    Regimen,
    Tablets,
    TitrationStep,
    best_strengths,
    schedule,
    supply,
)
from ldn_titration.testing import plans, preparations, regimens_for, start_dates
from supplies import (
    Liquid,
    Row,
    by_strength,
    doses_of,
    largest_dose,
    liquid_plans,
    row_of,
    rows_of,
    small_liquid_plans,
    taken_by_strength,
    totals_of,
    twentieths,
    with_bottle,
)

RAMP = Regimen.ramp("0.25 mg", "0.25 mg", 7, "4.5 mg")
DROPS = Drops(
    dilution=Dilution(drug="50 mg", final_volume="10 mL"), drops_per_mL=20, beyond_use_days=14
)
START = "2027-01-04"
END, AGE, LITTLE, EMPTY = "end of plan", "beyond-use date", "too little left", "empty"
SWITCHED = "switched"


def liquid(bottle: str | None = "10 mL", days: int | None = 14, **changes: Any) -> OralSolution:
    """A liquid of 1 mg/mL on marks of 0.1 mL: as many mL as mg."""
    terms = {"concentration": "1 mg/mL", "graduation": "0.1 mL", **changes}
    return OralSolution(**terms, bottle=bottle, beyond_use_days=days)


def same_dose(dose: str = "0.5 mg", **changes: Any) -> Regimen:
    """One dose to the end of the plan."""
    return Regimen(steps=[{"dose": dose, **changes}])


# --- The reference alone --------------------------------------------------------------------------


@st.composite
def dose_lists(draw: st.DrawFn) -> list[supply_oracle.Dose]:
    """Up to nine doses: several a day, or with days without one between."""
    on = date(2028, 2, 20)
    doses = []
    for _ in range(draw(st.integers(0, 9))):
        on += timedelta(days=draw(st.sampled_from([0, 1, 1, 1, 2, 5])))
        doses.append((on, Fraction(draw(st.integers(1, 6)), 6)))
    return doses


@given(dose_lists(), st.none() | st.integers(6, 20), st.integers(1, 12))
def test_the_reference_opens_as_few_bottles_as_any_cut(
    doses: list[supply_oracle.Dose], sixths: int | None, age: int
) -> None:
    """All is drawn, wasted or left, in the least number of bottles: the reference itself."""
    volume = None if sixths is None else Fraction(sixths, 6)
    made = supply_oracle.bottles(doses, volume, age)
    assert len(made) == supply_oracle.fewest_bottles(doses, volume, age)
    taken = sum(bottle.drawn for bottle in made)
    assert taken == sum(dose for _, dose in doses)
    if volume is not None:
        assert all(b.drawn + b.wasted + b.left == volume for b in made)


def test_the_reference_counts_pieces() -> None:
    half, one, two = Fraction(1, 2), Fraction(1), Fraction(2)
    assert supply_oracle.fewest_pieces(Fraction(9, 4), (one,), 4) == 3
    assert supply_oracle.fewest_pieces(Fraction(3, 4), (one,), 4) == 1
    assert supply_oracle.fewest_pieces(Fraction(3, 4), (one,), 2) is None
    assert supply_oracle.fewest_pieces(Fraction(4), (half, one, two), 1) == 2
    doses = [(Fraction(3), 7), (Fraction(6), 7)]
    strengths = [Fraction(3, 2), Fraction(3), Fraction(9, 2)]
    assert supply_oracle.best_strengths(doses, strengths) == (Fraction(3),)
    assert supply_oracle.best_strengths([(Fraction(1), 1)], strengths) is None


# --- Known answers, by hand -----------------------------------------------------------------------


@dataclass(frozen=True)
class Example:
    """A plan, its doses as runs (first day, days, the mL of each day's doses), its bottles.

    A bottle is (made on, last dose, drawn, wasted, left, ended by); its first dose is on the day
    it is made. `switch` is the place among the runs where another preparation begins.
    """

    regimen: Regimen
    preparation: Liquid
    days: int | None
    runs: list[tuple[str, int, list[str]]]
    bottles: list[tuple[str, str, str, str, str, str]]
    start: str = START
    diary: list[dict[str, Any]] = field(default_factory=list)
    switch: tuple[int, Liquid] | None = None

    def doses(self, runs: Sequence[tuple[str, int, list[str]]]) -> list[supply_oracle.Dose]:
        return [
            (date.fromisoformat(first) + timedelta(days=number), Fraction(volume))
            for first, days, volumes in runs
            for number in range(days)
            for volume in volumes
        ]

    def rows(self) -> list[Row]:
        return [
            (
                date.fromisoformat(made),
                date.fromisoformat(made),
                date.fromisoformat(last),
                Fraction(drawn),
                Fraction(wasted),
                Fraction(left),
                ended_by,
            )
            for made, last, drawn, wasted, left, ended_by in self.bottles
        ]

    def plan(self) -> Plan:
        return schedule(
            self.regimen, self.preparation, self.start, days=self.days, diary=self.diary
        )


def by_weeks(start: str, volumes: Sequence[str]) -> list[tuple[str, int, list[str]]]:
    """Seven days of each volume, one after another."""
    first = date.fromisoformat(start)
    return [
        (str(first + timedelta(weeks=week)), 7, [volume]) for week, volume in enumerate(volumes)
    ]


# 18 weeks of 1 to 18 drops, 0.05 mL a drop: 0.35 mL more a week, each week.
WEEKS_OF_DROPS = by_weeks(
    START,
    [
        *["0.05", "0.1", "0.15", "0.2", "0.25", "0.3", "0.35", "0.4", "0.45"],
        *["0.5", "0.55", "0.6", "0.65", "0.7", "0.75", "0.8", "0.85", "0.9"],
    ],
)

PAUSED = {"event": "paused", "on": "2027-01-08"}
TO_DROPS = {
    "event": "switched",
    "on": "2027-01-10",
    "preparation": {
        "form": "drops",
        "concentration": "2 mg/mL",
        "drops_per_mL": 20,
        "bottle": "5 mL",
        "beyond_use_days": 7,
    },
}
NEW_DROPS = Drops(concentration="2 mg/mL", drops_per_mL=20, bottle="5 mL", beyond_use_days=7)

EXAMPLES = {
    # Weeks 1-2 1.05 mL, 3-4 2.45, 5-6 3.85, 7-8 5.25, 9-10 6.65, 11-12 8.05, 13-14 9.45. Week 15
    # 5.25, then 5 of 0.8 are 9.25 and a sixth 10.05. Two of 0.8 and seven of 0.85 are 7.55, two
    # of 0.9 make 9.35, a third 10.25. Five of 0.9 remain.
    "18 weeks of drops, 14 days a bottle": Example(
        RAMP,
        DROPS,
        126,
        WEEKS_OF_DROPS,
        [
            ("2027-01-04", "2027-01-17", "1.05", "8.95", "0", AGE),
            ("2027-01-18", "2027-01-31", "2.45", "7.55", "0", AGE),
            ("2027-02-01", "2027-02-14", "3.85", "6.15", "0", AGE),
            ("2027-02-15", "2027-02-28", "5.25", "4.75", "0", AGE),
            ("2027-03-01", "2027-03-14", "6.65", "3.35", "0", AGE),
            ("2027-03-15", "2027-03-28", "8.05", "1.95", "0", AGE),
            ("2027-03-29", "2027-04-11", "9.45", "0.55", "0", AGE),
            ("2027-04-12", "2027-04-23", "9.25", "0.75", "0", LITTLE),
            ("2027-04-24", "2027-05-04", "9.35", "0.65", "0", LITTLE),
            ("2027-05-05", "2027-05-09", "4.5", "0", "5.5", END),
        ],
    ),
    # Weeks 1-7 9.8 mL; 8-10 and one of 0.55 exactly 10; six of 0.55, week 12, three of 0.65; four
    # of 0.65, week 14, three of 0.75; four of 0.75, week 16, one of 0.85; six of 0.85, five of
    # 0.9; two of 0.9.
    "18 weeks of drops that never expire": Example(
        RAMP,
        DROPS.model_copy(update={"beyond_use_days": 3660}),
        126,
        WEEKS_OF_DROPS,
        [
            ("2027-01-04", "2027-02-21", "9.8", "0.2", "0", LITTLE),
            ("2027-02-22", "2027-03-15", "10", "0", "0", EMPTY),
            ("2027-03-16", "2027-03-31", "9.45", "0.55", "0", LITTLE),
            ("2027-04-01", "2027-04-14", "9.75", "0.25", "0", LITTLE),
            ("2027-04-15", "2027-04-26", "9.45", "0.55", "0", LITTLE),
            ("2027-04-27", "2027-05-07", "9.6", "0.4", "0", LITTLE),
            ("2027-05-08", "2027-05-09", "1.8", "0", "8.2", END),
        ],
    ),
    "18 weeks of drops, made to measure": Example(
        RAMP,
        Drops(concentration="5 mg/mL", drops_per_mL=20, beyond_use_days=14),
        126,
        WEEKS_OF_DROPS,
        [
            ("2027-01-04", "2027-01-17", "1.05", "0", "0", EMPTY),
            ("2027-01-18", "2027-01-31", "2.45", "0", "0", EMPTY),
            ("2027-02-01", "2027-02-14", "3.85", "0", "0", EMPTY),
            ("2027-02-15", "2027-02-28", "5.25", "0", "0", EMPTY),
            ("2027-03-01", "2027-03-14", "6.65", "0", "0", EMPTY),
            ("2027-03-15", "2027-03-28", "8.05", "0", "0", EMPTY),
            ("2027-03-29", "2027-04-11", "9.45", "0", "0", EMPTY),
            ("2027-04-12", "2027-04-25", "10.85", "0", "0", EMPTY),
            ("2027-04-26", "2027-05-09", "12.25", "0", "0", EMPTY),
        ],
    ),
    "emptied on the last day": Example(
        same_dose(),
        liquid("5 mL"),
        10,
        [(START, 10, ["0.5"])],
        [("2027-01-04", "2027-01-13", "5", "0", "0", EMPTY)],
    ),
    "emptied by every dose": Example(
        same_dose("0.9 mg"),
        liquid("0.9 mL"),
        3,
        [(START, 3, ["0.9"])],
        [(day, day, "0.9", "0", "0", EMPTY) for day in (START, "2027-01-05", "2027-01-06")],
    ),
    "last dose on the day before the discard date": Example(
        same_dose(),
        liquid(days=7),
        7,
        [(START, 7, ["0.5"])],
        [("2027-01-04", "2027-01-10", "3.5", "0", "6.5", END)],
    ),
    "a dose on the discard date": Example(
        same_dose(),
        liquid(days=7),
        8,
        [(START, 8, ["0.5"])],
        [
            ("2027-01-04", "2027-01-10", "3.5", "6.5", "0", AGE),
            ("2027-01-11", "2027-01-11", "0.5", "0", "9.5", END),
        ],
    ),
    "too old and too little left": Example(
        same_dose(),
        liquid("3.8 mL", 7),
        8,
        [(START, 8, ["0.5"])],
        [
            ("2027-01-04", "2027-01-10", "3.5", "0.3", "0", AGE),
            ("2027-01-11", "2027-01-11", "0.5", "0", "3.3", END),
        ],
    ),
    "too old and empty": Example(
        same_dose(),
        liquid("3.5 mL", 7),
        8,
        [(START, 8, ["0.5"])],
        [
            ("2027-01-04", "2027-01-10", "3.5", "0", "0", EMPTY),
            ("2027-01-11", "2027-01-11", "0.5", "0", "3", END),
        ],
    ),
    "a new bottle every day": Example(
        same_dose(),
        liquid(days=1),
        2,
        [(START, 2, ["0.5"])],
        [
            ("2027-01-04", "2027-01-04", "0.5", "9.5", "0", AGE),
            ("2027-01-05", "2027-01-05", "0.5", "0", "9.5", END),
        ],
    ),
    # Two doses of 0.4 from each bottle of 1 mL, the third opens the next one.
    "three times a day, a new bottle within the day": Example(
        same_dose("0.4 mg", doses_per_day=3),
        liquid("1 mL"),
        3,
        [(START, 3, ["0.4", "0.4", "0.4"])],
        [
            ("2027-01-04", "2027-01-04", "0.8", "0.2", "0", LITTLE),
            ("2027-01-04", "2027-01-05", "0.8", "0.2", "0", LITTLE),
            ("2027-01-05", "2027-01-05", "0.8", "0.2", "0", LITTLE),
            ("2027-01-06", "2027-01-06", "0.8", "0.2", "0", LITTLE),
            ("2027-01-06", "2027-01-06", "0.4", "0", "0.6", END),
        ],
    ),
    # 0.3, 0.6, 0.3 empty the first; 0.6, 0.3 leave 0.3, which the next 0.6 does not fit.
    "morning and bedtime differ": Example(
        Regimen(steps=[{"doses": {"bedtime": "0.6 mg", "morning": "0.3 mg"}}]),
        liquid("1.2 mL"),
        3,
        [(START, 3, ["0.3", "0.6"])],
        [
            ("2027-01-04", "2027-01-05", "1.2", "0", "0", EMPTY),
            ("2027-01-05", "2027-01-06", "0.9", "0.3", "0", LITTLE),
            ("2027-01-06", "2027-01-06", "0.6", "0", "0.6", END),
        ],
    ),
    "a larger dose no longer fits": Example(
        Regimen(steps=[{"dose": "0.4 mg", "days": 5}, {"dose": "0.7 mg", "days": 4}]),
        liquid("3 mL"),
        None,
        [(START, 5, ["0.4"]), ("2027-01-09", 4, ["0.7"])],
        [
            ("2027-01-04", "2027-01-09", "2.7", "0.3", "0", LITTLE),
            ("2027-01-10", "2027-01-12", "2.1", "0", "0.9", END),
        ],
    ),
    "a larger bottle than a cut-off step needs": Example(
        Regimen(steps=[{"dose": "0.4 mg", "days": 2}, {"dose": "4 mg"}]),
        liquid("1 mL"),
        2,
        [(START, 2, ["0.4"])],
        [("2027-01-04", "2027-01-05", "0.8", "0", "0.2", END)],
    ),
    "ten days over a leap day": Example(
        same_dose(),
        liquid(days=10),
        12,
        [("2028-02-20", 12, ["0.5"])],
        [
            ("2028-02-20", "2028-02-29", "5", "5", "0", AGE),
            ("2028-03-01", "2028-03-02", "1", "0", "9", END),
        ],
        start="2028-02-20",
    ),
    "ten days in a common year": Example(
        same_dose(),
        liquid(days=10),
        12,
        [("2100-02-20", 12, ["0.5"])],
        [
            ("2100-02-20", "2100-03-01", "5", "5", "0", AGE),
            ("2100-03-02", "2100-03-03", "1", "0", "9", END),
        ],
        start="2100-02-20",
    ),
    "a bottle made on a leap day": Example(
        same_dose(),
        liquid("40 mL", days=365),
        None,
        [("2028-02-29", 28, ["0.5"])],
        [("2028-02-29", "2028-03-27", "14", "0", "26", END)],
        start="2028-02-29",
    ),
    # With days without a dose: discard date 18 January throughout, unless said otherwise.
    "a pause in which the bottle expires": Example(
        same_dose(),
        liquid(),
        20,
        [(START, 4, ["0.5"]), ("2027-01-20", 4, ["0.5"])],
        [
            ("2027-01-04", "2027-01-07", "2", "8", "0", AGE),
            ("2027-01-20", "2027-01-23", "2", "0", "8", END),
        ],
        diary=[{**PAUSED, "until": "2027-01-20"}],
    ),
    "a pause to the day before the discard date": Example(
        same_dose(),
        liquid(),
        20,
        [(START, 4, ["0.5"]), ("2027-01-17", 7, ["0.5"])],
        [
            ("2027-01-04", "2027-01-17", "2.5", "7.5", "0", AGE),
            ("2027-01-18", "2027-01-23", "3", "0", "7", END),
        ],
        diary=[{**PAUSED, "until": "2027-01-17"}],
    ),
    "a pause to the discard date": Example(
        same_dose(),
        liquid(),
        20,
        [(START, 4, ["0.5"]), ("2027-01-18", 6, ["0.5"])],
        [
            ("2027-01-04", "2027-01-07", "2", "8", "0", AGE),
            ("2027-01-18", "2027-01-23", "3", "0", "7", END),
        ],
        diary=[{**PAUSED, "until": "2027-01-18"}],
    ),
    "a pause that the bottle outlasts": Example(
        same_dose(),
        liquid(),
        20,
        [(START, 4, ["0.5"]), ("2027-01-12", 12, ["0.5"])],
        [
            ("2027-01-04", "2027-01-17", "5", "5", "0", AGE),
            ("2027-01-18", "2027-01-23", "3", "0", "7", END),
        ],
        diary=[{**PAUSED, "until": "2027-01-12"}],
    ),
    "a pause to the end of the plan": Example(
        same_dose(),
        liquid(),
        20,
        [(START, 4, ["0.5"])],
        [("2027-01-04", "2027-01-07", "2", "0", "8", END)],
        diary=[{**PAUSED, "until": "2027-02-10"}],
    ),
    # 22 days without a dose: the first step again, and an expired bottle.
    "a pause after which the regimen starts again": Example(
        Regimen(steps=[{"dose": "0.5 mg", "days": 3}, {"dose": "1 mg"}]),
        liquid(),
        30,
        [
            *[(START, 3, ["0.5"]), ("2027-01-07", 1, ["1"])],
            *[("2027-01-30", 3, ["0.5"]), ("2027-02-02", 1, ["1"])],
        ],
        [
            ("2027-01-04", "2027-01-07", "2.5", "7.5", "0", AGE),
            ("2027-01-30", "2027-02-02", "2.5", "0", "7.5", END),
        ],
        diary=[{**PAUSED, "until": "2027-01-30"}],
    ),
    "a dose missed on the bottle's last day": Example(
        same_dose(),
        liquid(),
        15,
        [(START, 13, ["0.5"]), ("2027-01-18", 1, ["0.5"])],
        [
            ("2027-01-04", "2027-01-16", "6.5", "3.5", "0", AGE),
            ("2027-01-18", "2027-01-18", "0.5", "0", "9.5", END),
        ],
        diary=[{"event": "missed", "on": "2027-01-17"}],
    ),
    "the first dose missed": Example(
        same_dose(),
        liquid(days=2),
        4,
        [("2027-01-05", 3, ["0.5"])],
        [
            ("2027-01-05", "2027-01-06", "1", "9", "0", AGE),
            ("2027-01-07", "2027-01-07", "0.5", "0", "9.5", END),
        ],
        diary=[{"event": "missed", "on": "2027-01-04"}],
    ),
    "stopped": Example(
        same_dose(),
        liquid(),
        28,
        [(START, 6, ["0.5"])],
        [("2027-01-04", "2027-01-09", "3", "0", "7", END)],
        diary=[{"event": "stopped", "on": "2027-01-10"}],
    ),
    "held for a week": Example(
        Regimen(steps=[{"dose": "0.5 mg", "days": 7}, {"dose": "1 mg"}]),
        liquid(),
        21,
        [(START, 14, ["0.5"]), ("2027-01-18", 7, ["1"])],
        [
            ("2027-01-04", "2027-01-17", "7", "3", "0", AGE),
            ("2027-01-18", "2027-01-24", "7", "0", "3", END),
        ],
        diary=[{"event": "held", "on": "2027-01-08", "days": 7}],
    ),
    "halved": Example(
        same_dose("1 mg"),
        liquid(),
        14,
        [(START, 7, ["1"]), ("2027-01-11", 7, ["0.5"])],
        [
            ("2027-01-04", "2027-01-16", "10", "0", "0", EMPTY),
            ("2027-01-17", "2027-01-17", "0.5", "0", "9.5", END),
        ],
        diary=[{"event": "halved", "on": "2027-01-11"}],
    ),
    "three days on, three days off": Example(
        same_dose(days=12, cycle={"days_on": 3, "days_off": 3}),
        liquid(days=7),
        None,
        [(START, 3, ["0.5"]), ("2027-01-10", 3, ["0.5"])],
        [
            ("2027-01-04", "2027-01-10", "2", "8", "0", AGE),
            ("2027-01-11", "2027-01-12", "1", "0", "9", END),
        ],
    ),
    # 0.5 mg of 2 mg/mL is 5 drops, 0.25 mL.
    "switched to drops": Example(
        same_dose(),
        liquid(),
        14,
        [(START, 6, ["0.5"]), ("2027-01-10", 8, ["0.25"])],
        [
            ("2027-01-04", "2027-01-09", "3", "7", "0", SWITCHED),
            ("2027-01-10", "2027-01-16", "1.75", "3.25", "0", AGE),
            ("2027-01-17", "2027-01-17", "0.25", "0", "4.75", END),
        ],
        diary=[TO_DROPS],
        switch=(1, NEW_DROPS),
    ),
    "switched to drops when the bottle was empty": Example(
        same_dose(),
        liquid("3 mL"),
        8,
        [(START, 6, ["0.5"]), ("2027-01-10", 2, ["0.25"])],
        [
            ("2027-01-04", "2027-01-09", "3", "0", "0", EMPTY),
            ("2027-01-10", "2027-01-11", "0.5", "0", "4.5", END),
        ],
        diary=[TO_DROPS],
        switch=(1, NEW_DROPS),
    ),
    "switched to drops when the bottle was too old": Example(
        same_dose(),
        liquid(),
        20,
        [(START, 4, ["0.5"]), ("2027-01-20", 4, ["0.25"])],
        [
            ("2027-01-04", "2027-01-07", "2", "8", "0", SWITCHED),
            ("2027-01-20", "2027-01-23", "1", "0", "4", END),
        ],
        diary=[{**PAUSED, "until": "2027-01-20"}, {**TO_DROPS, "on": "2027-01-20"}],
        switch=(1, NEW_DROPS),
    ),
    "switched to drops on the first day": Example(
        same_dose(),
        liquid(),
        2,
        [(START, 2, ["0.25"])],
        [("2027-01-04", "2027-01-05", "0.5", "0", "4.5", END)],
        diary=[{**TO_DROPS, "on": START}],
        switch=(0, NEW_DROPS),
    ),
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_reference_gives_the_bottles_worked_out_by_hand(name: str) -> None:
    example = EXAMPLES[name]
    place, new = example.switch or (len(example.runs), None)
    parts = [(example.runs[:place], example.preparation)]
    if new is not None:
        parts.append((example.runs[place:], new))
    found = []
    for number, (runs, preparation) in enumerate(parts, 1):
        volume, age = preparation.bottle_volume, preparation.beyond_use_days
        assert age is not None
        last = END if number == len(parts) else SWITCHED
        doses = example.doses(runs)
        found += supply_oracle.bottles(doses, volume and volume.magnitude, age, last=last)
    assert [row_of(bottle) for bottle in found] == example.rows()


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_plan_has_the_bottles_worked_out_by_hand(name: str) -> None:
    example = EXAMPLES[name]
    plan = example.plan()
    assert doses_of(plan) == example.doses(example.runs)
    assert rows_of(plan) == example.rows()


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_totals_are_those_worked_out_by_hand(name: str) -> None:
    example = EXAMPLES[name]
    drawn, wasted, left = (sum(row[place] for row in example.rows()) for place in (3, 4, 5))
    taken = sum(volume for _, volume in example.doses(example.runs))
    assert drawn == taken
    assert totals_of(example.plan()) == (drawn + wasted + left, taken, wasted, left)


@pytest.mark.hazard("F03")
def test_eighteen_weeks_of_drops_dispense_2000_drops_and_take_1197() -> None:
    """B118: 10 bottles, 2000 drops dispensed, 1197 taken, 803 wasted or left; 59.85 mL taken."""
    plan = EXAMPLES["18 weeks of drops, 14 days a bottle"].plan()
    found = supply(plan)
    assert [bottle.bottle for bottle in found.bottles] == list(range(1, 11))
    assert str(found.totals.taken) == "59.85 mL"
    drops = [volume * 20 for volume in totals_of(plan)]
    assert (drops[0], drops[1], drops[2] + drops[3]) == (2000, 1197, 803)


@pytest.mark.hazard("F07")
@pytest.mark.parametrize(
    ("start", "discard_on"),
    [("2028-02-20", "2028-03-05"), ("2027-02-20", "2027-03-06"), ("2100-02-20", "2100-03-06")],
)
def test_a_bottle_is_discarded_so_many_calendar_days_after_it_is_made(
    start: str, discard_on: str
) -> None:
    (bottle,) = supply(schedule(same_dose(), liquid(), start, days=3)).bottles
    assert bottle.discard_on == date.fromisoformat(discard_on)


# --- Properties of bottles ------------------------------------------------------------------------


@given(small_liquid_plans)
def test_no_cut_of_the_doses_needs_fewer_bottles(plan: Plan) -> None:
    """F03: age and volume together, and never a bottle too many."""
    preparation: Any = plan.preparation
    bottle = preparation.bottle_volume
    fewest = supply_oracle.fewest_bottles(
        doses_of(plan), bottle and bottle.magnitude, preparation.beyond_use_days
    )
    assert len(rows_of(plan)) == fewest


@pytest.mark.hazard("F04")
@given(liquid_plans)
def test_a_bottle_is_opened_only_when_the_one_before_cannot_give_the_dose(plan: Plan) -> None:
    bottles = supply(plan).bottles
    runs = supply_oracle.drawn_from(doses_of(plan), [b.drawn.magnitude for b in bottles])
    for bottle, next_run in zip(bottles, runs[1:], strict=False):
        day, volume = next_run[0]
        rest = bottle.wasted.magnitude
        assert not bottle.left
        made_to_measure = plan.preparation.bottle_volume is None  # type: ignore[union-attr]
        assert day >= bottle.discard_on or (rest < volume and not made_to_measure)


@given(liquid_plans)
def test_the_supply_of_a_plan_is_always_the_same(plan: Plan) -> None:
    assert supply(plan) == supply(plan)


# --- Switches -------------------------------------------------------------------------------------


# --- Ranges of days -------------------------------------------------------------------------------


def order(bottle: str | None, age: int, *, fewest_days: int | None = 3) -> Plan:
    """0.1 mL more every 3 to 4 days to 0.5 mL, 56 days of 1 mg/mL."""
    terms = {} if fewest_days is None else {"fewest_days": fewest_days}
    ramp = Regimen.ramp("0.1 mg", "0.1 mg", 4, "0.5 mg", **terms)
    return schedule(ramp, liquid(bottle, age), START, days=56)


def test_an_order_of_3_to_4_days_a_step_dispenses_the_25_ml_of_its_fast_end() -> None:
    """Fast 12 days and 3 mL of climb, 44 of 0.5 mL; slow 16 days and 4 mL, 40 of 0.5 mL."""
    plan = order(None, 60)
    assert sum(volume for _, volume in doses_of(plan)) == 24
    assert totals_of(plan) == (25, 24, 0, 1)


def test_an_order_of_exactly_4_days_a_step_dispenses_the_24_ml_of_its_slow_end() -> None:
    assert totals_of(order(None, 60, fewest_days=None)) == (24, 24, 0, 0)


def test_the_fast_end_may_need_a_bottle_more_which_the_slow_end_leaves() -> None:
    """Of 8 mL: slow 24 mL, three bottles; fast 25 mL, four."""
    assert totals_of(order("8 mL", 60)) == (32, 24, 0, 8)
    assert totals_of(order("8 mL", 60, fewest_days=None)) == (24, 24, 0, 0)


@st.composite
def plans_with_ranges(draw: st.DrawFn) -> tuple[Plan, Plan, Plan]:
    """A plan whose steps are ranges of days, and its slow and its fast end."""
    preparation: Any = draw(preparations())
    regimen = draw(regimens_for(preparation))
    if isinstance(preparation, Liquid):
        size = draw(st.none() | twentieths)
        bottle = size and largest_dose(preparation, regimen) * Fraction(size, 20)
        preparation = with_bottle(preparation, bottle, draw(st.integers(1, 60)))
    start, days = draw(start_dates()), draw(st.integers(1, 200))
    few = [draw(st.integers(1, step.days)) if step.days else None for step in regimen.steps]
    if few[-1] is not None:
        few[-1] = regimen.steps[-1].days  # both ends are then of one length, or cut to one
        days = min(days, sum(number or 0 for number in few))
    pairs = list(zip(regimen.steps, few, strict=True))
    ranged = [step.model_copy(update={"fewest_days": number}) for step, number in pairs]
    fast = [step.model_copy(update={"days": number}) for step, number in pairs]
    made = [Regimen(steps=tuple(steps)) for steps in (ranged, regimen.steps, fast)]
    whole, slow, quick = (schedule(each, preparation, start, days=days) for each in made)
    return whole, slow, quick


@given(plans_with_ranges())
def test_what_is_dispensed_for_a_range_of_days_is_enough_for_both_ends(
    ends: tuple[Plan, Plan, Plan],
) -> None:
    """What is dispensed adds up still; what is taken is that of the slow end, as laid out."""
    ranged, slow, fast = ends
    if isinstance(ranged.preparation, Liquid):
        dispensed, taken, wasted, left = totals_of(ranged)
        assert dispensed == max(totals_of(slow)[0], totals_of(fast)[0])
        assert (taken, wasted) == totals_of(slow)[1:3]
        assert dispensed == taken + wasted + left
        assert rows_of(ranged)[0][:5] == rows_of(slow)[0][:5]
        return
    dispensed, taken = (
        by_strength(amounts)
        for amounts in (supply(ranged).totals.dispensed, supply(ranged).totals.taken)
    )
    assert taken == taken_by_strength(slow)
    for end in (slow, fast):
        assert all(dispensed[kind] >= number for kind, number in taken_by_strength(end).items())


def test_a_plan_of_ranges_can_be_stopped() -> None:
    steps = [{"dose": "1 mg", "days": 7, "fewest_days": 3}, {"dose": "2 mg"}]
    stopped = {"event": "stopped", "on": "2027-01-20"}
    plan = schedule(Regimen(steps=steps), liquid(None, 60), START, diary=[stopped])
    assert plan[-1].date == date(2027, 1, 19)
    assert totals_of(plan)[1] == 7 * 1 + 9 * 2


def test_a_dose_that_only_the_fast_end_reaches_must_be_measurable_too() -> None:
    """Whoever climbs fast reaches 2.25 mg on day 4, which marks of 0.1 mL do not measure."""
    steps = [{"dose": "1 mg", "days": 14, "fewest_days": 3}, {"dose": "2.25 mg"}]
    with pytest.raises(NotMeasurableError, match=r"step 2: 2\.25 mg"):
        schedule(Regimen(steps=steps), liquid(), START, days=10)
    assert len(schedule(Regimen(steps=steps), liquid(), START, days=3)) == 3


# --- What is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("preparation", "path"),
    [
        (liquid("10 mL", None), "preparation.beyond_use_days"),
        (liquid(None, None), "preparation.beyond_use_days"),
        (Drops(concentration="5 mg/mL", drops_per_mL=20), "preparation.beyond_use_days"),
        (liquid("0.5 mL"), "preparation.bottle"),
        (
            Drops(
                concentration="5 mg/mL", drops_per_mL=20, bottle="0.5 mL", beyond_use_days=14
            ),  # 18 drops are 0.9 mL
            "preparation.bottle",
        ),
    ],
)
def test_what_the_supply_lacks_is_named_by_its_path(preparation: Liquid, path: str) -> None:
    plan = schedule(same_dose("4.5 mg"), preparation, START, days=7)
    with pytest.raises(InvalidInputError) as caught:
        supply(plan)
    assert [problem.path for problem in caught.value.problems] == [path]


def test_a_bottle_smaller_than_a_later_dose_is_refused_though_it_holds_the_first() -> None:
    drops = Drops(concentration="5 mg/mL", drops_per_mL=20, bottle="0.5 mL", beyond_use_days=14)
    with pytest.raises(InvalidInputError) as caught:
        supply(schedule(RAMP, drops, START, days=126))
    assert [problem.path for problem in caught.value.problems] == ["preparation.bottle"]
    assert len(rows_of(schedule(RAMP, drops, START, days=70))) > 1  # ten drops are 0.5 mL


def test_a_plan_at_the_end_of_the_calendar_does_not_break_the_supply() -> None:
    """A bottle whose discard date is the calendar's last day is told; a later one is refused."""
    plan = schedule(same_dose(), liquid(days=2), "9999-12-29", days=2)
    (bottle,) = supply(plan).bottles
    assert (str(bottle.last_dose), str(bottle.discard_on)) == ("9999-12-30", "9999-12-31")
    assert refused(schedule(same_dose(), liquid(days=3660), "9999-12-30", days=2)) == ["start"]


def refused(plan: Plan, **asked: Any) -> list[str]:
    """The paths of what is wrong where no supply can be told."""
    with pytest.raises(InvalidInputError) as caught:
        supply(plan, **asked)
    return [problem.path for problem in caught.value.problems]


@pytest.mark.hazard("S01")
def test_more_than_5000_bottles_are_refused_by_what_makes_so_many() -> None:
    """Four doses a day empty four bottles of one dose each: 1,250 days take 5,000."""
    often, small = same_dose(doses_per_day=4), liquid("0.5 mL", days=14)
    assert len(supply(schedule(often, small, START, days=1250)).bottles) == 5000
    assert refused(schedule(often, small, START, days=1251)) == ["preparation.bottle"]
    long = Regimen(steps=[{"dose": "0.5 mg", "days": 2501}, {"dose": "1 mg", "days": 2500}])
    daily = schedule(long, liquid(None, days=1), START)
    assert refused(daily) == ["preparation.beyond_use_days"], "it has no bottle to be larger"


@pytest.mark.hazard("S01")
def test_more_than_1000_fills_are_refused_by_what_makes_so_many() -> None:
    capsules = Capsules(strengths=["1.5 mg"])
    regimen, a_day = same_dose("1.5 mg"), capsules.model_copy(update={"beyond_use_days": 1})
    plan = schedule(regimen, capsules, START, days=1001)
    assert len(supply(schedule(regimen, a_day, START, days=1000)).parts[0].fills) == 1000
    assert refused(plan, fill_days=1) == ["fill_days"]
    assert refused(schedule(regimen, a_day, START, days=1001)) == ["preparation.beyond_use_days"]
    switched = {"event": "switched", "on": "2027-01-05", "preparation": a_day}
    later = schedule(regimen, capsules, START, days=1002, diary=[switched])
    assert refused(later) == ["diary[0].preparation.beyond_use_days"]


def test_no_fill_is_for_days_off_at_the_end() -> None:
    """Three days on, three off: the second fill would hold nothing."""
    three = {"cycle": {"days_on": 3, "days_off": 3}}
    plan = schedule(same_dose("1.5 mg", **three), Capsules(strengths=["1.5 mg"]), START, days=6)
    (fill,) = supply(plan, fill_days=3).parts[0].fills
    assert (str(fill.first), str(fill.last)) == (START, "2027-01-06")
    assert by_strength(fill.counts) == {Fraction(3, 2): 3}


@pytest.mark.parametrize(
    ("asked", "path"),
    [
        ({"lead_days": -1}, "lead_days"),
        ({"lead_days": 3661}, "lead_days"),
        ({"lead_days": 1.0}, "lead_days"),
        ({"lead_days": True}, "lead_days"),
        ({"fill_days": 0}, "fill_days"),
        ({"fill_days": 3661}, "fill_days"),
        ({"fill_days": "14"}, "fill_days"),
        ({"lead_days": 3}, "lead_days"),
    ],
)
def test_days_that_no_supply_has_are_refused_by_name(asked: dict[str, Any], path: str) -> None:
    """Three days before 3 January of the year 1 there is no date."""
    plan = schedule(same_dose("1.5 mg"), Capsules(strengths=["1.5 mg"]), "0001-01-03", days=7)
    assert refused(plan, **asked) == [path]
    assert str(supply(plan, lead_days=2).parts[0].fills[0].order_on) == "0001-01-01"


def test_the_bottles_of_a_switched_plan_are_asked_of_each_part() -> None:
    """What is of one preparation is never told of two."""
    switched = {"event": "switched", "on": "2027-01-08", "preparation": NEW_DROPS}
    needed = supply(schedule(same_dose(), liquid(), START, days=11, diary=[switched]))
    assert [len(part.bottles) for part in needed.parts] == [1, 1]
    for name in ("dispense", "totals"):
        with pytest.raises(InvalidInputError, match="has 2 preparations; see each of supply.parts"):
            getattr(needed, name)


def test_a_liquid_has_no_strengths_to_choose() -> None:
    with pytest.raises(InvalidInputError, match="is of a liquid; it has no strengths to choose"):
        best_strengths(schedule(same_dose(), liquid(), START, days=14))


# --- Capsules and tablets -------------------------------------------------------------------------


def test_three_weeks_of_capsules_are_counted_by_strength() -> None:
    plan = schedule(
        Regimen.from_protocol("weekly_1_5"),
        Capsules(strengths=["1.5 mg", "3 mg", "4.5 mg"]),
        START,
        days=21,
    )
    found = supply(plan)
    seven = {Fraction(3, 2): 7, Fraction(3): 7, Fraction(9, 2): 7}
    assert by_strength(found.totals.dispensed) == seven
    assert by_strength(found.totals.taken) == seven


@given(
    plans().filter(lambda plan: isinstance(plan.preparation, Capsules | Tablets)),
    st.integers(1, 90),
    st.integers(0, 30),
)
def test_fills_follow_one_another_and_each_is_enough_for_its_days(
    plan: Plan, most_days: int, lead_days: int
) -> None:
    (part,) = supply(plan, fill_days=most_days, lead_days=lead_days).parts
    following, dispensed = plan.start, Counter[Fraction]()
    for number, fill in enumerate(part.fills, 1):
        assert (fill.fill, fill.first) == (number, following)
        assert fill.first <= fill.last < fill.first + timedelta(days=most_days)
        assert fill.order_on == fill.first - timedelta(days=lead_days)
        counts = by_strength(fill.counts)
        dispensed.update(counts)
        needed, apart = Counter[Fraction](), Counter[Fraction]()
        for day in plan[(fill.first - plan.start).days : (fill.last - plan.start).days + 1]:
            for dose in day.doses:
                for kind, count in dose.reading.pieces:
                    needed[kind.magnitude] += count
                    apart[kind.magnitude] += ceil(count)  # each part from a tablet of its own
        assert counts.keys() == needed.keys()
        parts = getattr(plan.preparation, "parts", 1)
        for kind, count in needed.items():
            most = apart[kind] if parts > 2 else ceil(count)  # the parts of halves always fit
            assert ceil(count) <= counts[kind] <= most
        following = fill.last + timedelta(days=1)
    assert following == plan[-1].date + timedelta(days=1)
    assert dispensed == by_strength(part.totals.dispensed)


# --- The best strengths ---------------------------------------------------------------------------


@st.composite
def counted_plans(draw: st.DrawFn) -> Plan:
    """Plans of capsules, or of tablets in 1, 2 or 4 parts, of 2 to 5 strengths."""
    pool = st.sampled_from([Fraction(n, 2) for n in range(1, 10)])
    strengths = draw(st.lists(pool, min_size=2, max_size=5, unique=True))
    masses = [Mass.of(strength, "mg") for strength in strengths]
    parts = draw(st.sampled_from([0, 1, 2, 4]))
    preparation = Tablets(strengths=masses, parts=parts) if parts else Capsules(strengths=masses)
    pieces = st.builds(
        lambda strength, part: strength * part / (parts or 1),
        st.sampled_from(strengths),
        st.integers(1, parts or 1),
    )
    doses = st.lists(pieces, min_size=1, max_size=3).map(sum).map(lambda n: Mass.of(n, "mg"))
    steps = draw(
        st.lists(
            st.builds(
                TitrationStep,
                dose=doses,
                days=st.integers(1, 9),
                doses_per_day=st.sampled_from([1, 1, 2]),
            ),
            min_size=1,
            max_size=4,
        )
    )
    return schedule(Regimen(steps=tuple(steps)), preparation, START)


@given(counted_plans())
def test_the_best_strengths_are_those_of_the_exhaustive_search(plan: Plan) -> None:
    """Fewest pieces over the plan, then fewest strengths, then the larger ones."""
    preparation: Any = plan.preparation
    doses = Counter(dose.reading.dose.magnitude for day in plan for dose in day.doses)
    expected = supply_oracle.best_strengths(
        sorted(doses.items()),
        [strength.magnitude for strength in preparation.strengths],
        getattr(preparation, "parts", 1),
    )
    assert expected is not None
    found = [strength.magnitude for strength in best_strengths(plan)]
    assert sorted(found, reverse=True) == list(expected)


BEST = [
    # 3, then 6: 1 and 2 of 3 mg; neither 1.5 (2 and 4) nor 4.5 (4.5 + 1.5: two strengths) is less.
    (Capsules, ["1.5 mg", "3 mg", "4.5 mg"], ["3 mg", "6 mg"], ["3 mg"]),
    # 1.5, 3, 4.5 are a piece each only with all three.
    (Capsules, ["1.5 mg", "3 mg", "4.5 mg"], ["1.5 mg", "3 mg", "4.5 mg"], ["4.5", "3", "1.5"]),
    # 4 is 2 + 2 (two of one strength), not 3 + 1.
    (Capsules, ["1 mg", "2 mg", "3 mg"], ["4 mg"], ["2 mg"]),
    # A half of 3 or a whole 1.5 is a piece; the larger one is kept, for 3 needs it anyway.
    (Tablets, ["1.5 mg", "3 mg"], ["1.5 mg", "3 mg"], ["3 mg"]),
    # One strength either way and a piece either way: the larger.
    (Tablets, ["1 mg", "2 mg"], ["1 mg"], ["2 mg"]),
]


@pytest.mark.parametrize(("kind", "strengths", "doses", "best"), BEST)
def test_the_best_strengths_of_some_plans(
    kind: Any, strengths: list[str], doses: list[str], best: list[str]
) -> None:
    parts = {"parts": 2} if kind is Tablets else {}
    expected = [Fraction(text.removesuffix(" mg")) for text in best]
    pairs = [(Fraction(text.removesuffix(" mg")), 7) for text in doses]
    stated = [Fraction(text.removesuffix(" mg")) for text in strengths]
    assert supply_oracle.best_strengths(pairs, stated, parts.get("parts", 1)) == tuple(expected)
    regimen = Regimen(steps=[{"dose": dose, "days": 7} for dose in doses])
    found = best_strengths(schedule(regimen, kind(strengths=strengths, **parts), START))
    assert sorted((mass.magnitude for mass in found), reverse=True) == expected


# --- The command line -----------------------------------------------------------------------------

REQUEST: dict[str, Any] = json.loads((ROOT / "examples" / "drops-18-weeks.json").read_text())


def told(request: dict[str, Any], *arguments: str) -> subprocess.CompletedProcess[str]:
    """What the command says to a request."""
    return subprocess.run(
        [sys.executable, "-m", "ldn_titration", "supply", "-", *arguments],
        input=json.dumps(request),
        capture_output=True,
        check=False,
        text=True,
    )


def test_the_command_prints_the_bottles_as_the_contract_has_them() -> None:
    result = told(REQUEST, "--format", "json")
    assert (result.returncode, result.stderr) == (0, "")
    found = json.loads(result.stdout)
    assert found["schema"] == "ldn-titration/supply/1"
    assert {"bottles", "dispense", "totals"} <= found.keys()
    assert len(found["bottles"]) == 10
    expected = {
        "bottle": 8,
        "made_on": "2027-04-12",
        "first_dose": "2027-04-12",
        "last_dose": "2027-04-23",
        "drawn": "9.25 mL",
        "wasted": "0.75 mL",
        "ended_by": "too little left",
    }
    assert expected.items() <= found["bottles"][7].items()
    names = ["dispensed", "taken", "wasted", "left"]
    assert [found["totals"][name] for name in names] == [
        "100 mL",
        "59.85 mL",
        "34.65 mL",
        "5.5 mL",
    ]


@pytest.mark.parametrize("form", ["capsules", "tablets"])
def test_the_command_prints_counts_by_strength_in_place_of_bottles(form: str) -> None:
    preparation = {"form": form, "strengths": ["1.5 mg", "3 mg"]}
    steps = [{"dose": "1.5 mg", "days": 7}, {"dose": "4.5 mg", "days": 7}]
    request = {**REQUEST, "regimen": {"steps": steps}, "preparation": preparation}
    result = told(request, "--format", "json")
    assert (result.returncode, result.stderr) == (0, "")
    found = json.loads(result.stdout)
    assert "bottles" not in found
    assert {kind: int(number) for kind, number in found[form].items()} == {
        "3 mg": 7,
        "1.5 mg": 14,
    }


SMALL_BOTTLE = {"form": "drops", "concentration": "5 mg/mL", "drops_per_mL": 20, "bottle": "0.5 mL"}


@pytest.mark.parametrize(
    ("changes", "exit_code", "path"),
    [
        ({"preparation": {**SMALL_BOTTLE, "bottle": "10 mL"}}, 2, "preparation.beyond_use_days"),
        ({"preparation": {**SMALL_BOTTLE, "beyond_use_days": 14}}, 2, "preparation.bottle"),
        ({"patient": {**REQUEST["patient"], "pregnant": "yes"}}, 3, ""),
    ],
)
def test_the_command_exits_as_every_command_does(
    changes: dict[str, Any], exit_code: int, path: str
) -> None:
    result = told({**REQUEST, **changes}, "--format", "json")
    assert result.returncode == exit_code, result.stderr
    assert result.stdout == ""
    assert path in result.stderr
    assert "Traceback" not in result.stderr


def test_a_tablet_broken_in_four_serves_four_quarters() -> None:
    """1 mg, then three times 5 mg, of 4 mg tablets: three whole ones and one broken."""
    quarters = Tablets(strengths=["4 mg"], parts=4)
    steps = [{"dose": "1 mg", "days": 1}, {"dose": "5 mg", "days": 3}]
    plan = schedule(Regimen(steps=steps), quarters, START)
    assert by_strength(supply(plan).dispense.quantity) == {Fraction(4): Fraction(4)}


def test_fills_cover_the_doses_of_the_fast_end_too() -> None:
    """Once on day 1, then nine days off; who climbs at once takes 4.5 mg on nine of the days."""
    cycle = {"days_on": 1, "days_off": 9}
    steps = [{"dose": "1.5 mg", "days": 10, "fewest_days": 1, "cycle": cycle}, {"dose": "4.5 mg"}]
    plan = schedule(Regimen(steps=steps), Capsules(strengths=["1.5 mg", "3 mg"]), START, days=10)
    needed = supply(plan, fill_days=3).dispense
    most = by_strength(needed.fast_end)
    assert most == {Fraction(3): Fraction(9), Fraction("1.5"): Fraction(10)}
    quantity = by_strength(needed.quantity)
    assert all(quantity[strength] >= count for strength, count in most.items())
