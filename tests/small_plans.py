"""Small plans, quickly drawn: what the properties are tried on, and a direct reference of each.

A case is plain numbers: so many of the smallest dose of a preparation, so often a day, for so
many days. The library makes a plan of it; :meth:`Case.rows` walks the same numbers day by day,
with nothing of the library.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from fractions import Fraction
from typing import Any, NamedTuple

from hypothesis import strategies as st

from ldn_titration import (
    Capsules,
    Drops,
    Mass,
    OralSolution,
    Plan,
    PlanDay,
    Preparation,
    Regimen,
    Tablets,
    TitrationStep,
    schedule,
)

OPEN_DAYS = 28
DAY = timedelta(days=1)

PREPARATIONS: tuple[tuple[Preparation, Fraction], ...] = (
    (Capsules(strengths=["0.5 mg", "1.5 mg", "3 mg"], beyond_use_days=90), Fraction(1, 2)),
    (Capsules(strengths=["1 mg"], beyond_use_days=30), Fraction(1)),
    (Tablets(strengths=["1.5 mg", "4.5 mg"], parts=2), Fraction(3, 4)),
    (Tablets(strengths=["1 mg", "3 mg"], parts=4), Fraction(1, 4)),
    (
        OralSolution(concentration="1 mg/mL", graduation="0.1 mL", beyond_use_days=30),
        Fraction(1, 10),
    ),
    (
        OralSolution(
            dilution={"drug": "50 mg", "final_volume": "30 mL"},
            graduation="0.2 mL",
            beyond_use_days=14,
        ),
        Fraction(1, 3),
    ),
    (
        Drops(concentration="5 mg/mL", drops_per_mL=20, bottle="10 mL", beyond_use_days=14),
        Fraction(1, 4),
    ),
    (
        Drops(
            dilution={"drug": "50 mg", "final_volume": "30 mL"}, drops_per_mL=20, beyond_use_days=14
        ),
        Fraction(1, 12),
    ),
    (Drops(concentration="3 mg/mL", drops_per_mL="22.5"), Fraction(2, 15)),
)
"""Preparations, each with the smallest dose that it measures, in mg, worked out by hand."""

starts = st.dates(date(1999, 1, 1), date(2101, 12, 31))
preparations = st.sampled_from(PREPARATIONS)


def _steps(most: int, often: Sequence[int], days: int) -> st.SearchStrategy[Any]:
    """Steps of so many doses, so often, for so many days at most: one number each, for speed."""
    every = [(n, each, d) for d in range(1, days + 1) for each in often for n in range(1, most + 1)]
    return st.sampled_from(every)


_step = _steps(18, (1, 1, 1, 2, 3), 40)
_brief_step = _steps(18, (1, 1, 2, 3), 12)
_short_step = _steps(12, (1,), 9)

Terms = tuple[int, int, int | None]
"""A step: how many of the smallest dose, how often a day, and for how many days."""


class Row(NamedTuple):
    """One day as the reference has it: its dose in mg."""

    on: date
    step: int
    day_of_step: int
    dose: Fraction


class Case(NamedTuple):
    """What a plan is made of, in plain numbers."""

    preparation: Preparation
    unit: Fraction
    terms: tuple[Terms, ...]
    start: date
    length: int | None = None

    @property
    def regimen(self) -> Regimen:
        """The library's regimen of these terms."""
        return regimen_of(self.unit, self.terms)

    def plan(self, diary: Sequence[object] = ()) -> Plan:
        """The library's plan."""
        return schedule(
            self.regimen, self.preparation, self.start, days=self.length, diary=list(diary)
        )

    def rows(self) -> list[Row]:
        """Every day, walked one by one."""
        rows: list[Row] = []
        on = self.start
        for number, (count, often, days) in enumerate(self.terms, 1):
            own = days or (OPEN_DAYS if self.length is None else self.length)
            for day in range(1, own + 1):
                if self.length is not None and len(rows) == self.length:
                    return rows
                rows.append(Row(on, number, day, count * often * self.unit))
                on = on + DAY
        return rows


def regimen_of(unit: Fraction, terms: Sequence[Terms]) -> Regimen:
    """The library's regimen of such terms."""
    return Regimen(steps=tuple(step_of(unit, each) for each in terms))


def step_of(unit: Fraction, terms: Terms) -> TitrationStep:
    """The library's step of such terms."""
    count, often, days = terms
    return TitrationStep(dose=Mass.of(count * unit, "mg"), doses_per_day=often, days=days)


def row_of(day: PlanDay) -> Row:
    """A day of the library's as a row of the reference."""
    dose = Fraction(0) if day.dose is None else day.dose.magnitude
    return Row(day.date, day.step, day.day_of_step, dose)


def rows_of(days: Sequence[PlanDay]) -> list[Row]:
    """Days of the library's as rows of the reference."""
    return [row_of(day) for day in days]


def _ended(terms: list[Any], is_open: bool) -> tuple[Terms, ...]:
    *others, (count, often, days) = terms
    return (*others, (count, often, None if is_open else days))


terms_of_steps = st.builds(_ended, st.lists(_step, min_size=1, max_size=5), st.booleans())
brief_terms = st.builds(_ended, st.lists(_brief_step, min_size=1, max_size=4), st.booleans())
"""As terms_of_steps, of steps of 12 days or fewer."""
short_terms = st.builds(_ended, st.lists(_short_step, min_size=1, max_size=4), st.booleans())


def _case(made: tuple[Preparation, Fraction], *terms: Any) -> Case:
    return Case(*made, *terms)


cases = st.builds(_case, preparations, terms_of_steps, starts, st.none() | st.integers(1, 120))
"""Cases of any preparation; a third are closed, cut or laid out as long as they like."""

short_cases = st.builds(_case, preparations, short_terms, starts)
"""Cases of single doses a day and short steps, without a length of their own."""

FINE = OralSolution(concentration="1 mg/mL", graduation="0.0001 mL", beyond_use_days=30)
"""What measures halves too."""
fine_cases = st.builds(
    lambda terms, start, length: Case(FINE, Fraction(1, 4), terms, start, length),
    short_terms,
    starts,
    st.none() | st.integers(1, 60),
)


def event(kind: str, on: date, **more: Any) -> dict[str, Any]:
    """An event of the diary as plain data."""
    return {"event": kind, "on": on.isoformat(), **more}
