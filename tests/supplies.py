"""Plans of liquids and their supply, both as plain rows: for the tests of supply."""

from __future__ import annotations

from collections import Counter
from datetime import date
from fractions import Fraction
from typing import Any

from hypothesis import strategies as st

import supply_oracle
from ldn_titration import (
    Concentration,
    Drops,
    Mass,
    OralSolution,
    Plan,
    Regimen,
    Volume,
    schedule,
    supply,
)
from small_plans import brief_terms, regimen_of, short_terms, starts

Liquid = OralSolution | Drops
Row = tuple[date, date, date, Fraction, Fraction, Fraction, str]
"""A bottle: made on, first dose, last dose; drawn, wasted, left in mL; why it ended."""


def doses_of(plan: Plan) -> list[supply_oracle.Dose]:
    """Every dose of a liquid, from the plan's public rows."""
    return [(day.date, dose.reading.volume.magnitude) for day in plan for dose in day.doses]


def row_of(bottle: Any) -> Row:
    """A bottle of the library's or of the reference's, with volumes in mL."""
    volumes = (bottle.drawn, bottle.wasted, bottle.left)
    drawn, wasted, left = (getattr(volume, "magnitude", volume) for volume in volumes)
    dates = (bottle.made_on, bottle.first_dose, bottle.last_dose)
    return (*dates, drawn, wasted, left, bottle.ended_by)


def rows_of(plan: Plan) -> list[Row]:
    """The library's bottles for a plan."""
    return [row_of(bottle) for bottle in supply(plan).bottles]


def expected_rows(plan: Plan) -> list[Row]:
    """The bottles of the slow reference for a plan without a switch."""
    preparation: Any = plan.preparation
    volume = preparation.bottle_volume
    made = supply_oracle.bottles(
        doses_of(plan), volume and volume.magnitude, preparation.beyond_use_days
    )
    return [row_of(bottle) for bottle in made]


def totals_of(plan: Plan) -> tuple[Fraction, ...]:
    """Dispensed, taken, wasted and left in mL: of all its liquids, where it is switched."""
    parts = [part.totals for part in supply(plan).parts]
    names = ("dispensed", "taken", "wasted", "left")
    volumes = [[getattr(totals, name) for totals in parts] for name in names]
    assert all(type(volume) is Volume for row in volumes for volume in row)
    return tuple(sum((volume.magnitude for volume in row), Fraction(0)) for row in volumes)


def by_strength(amounts: Any) -> dict[Fraction, Fraction]:
    """Numbers of pieces by strength in mg, however they are keyed and written."""
    pairs = amounts.items() if hasattr(amounts, "items") else amounts
    return {Mass(strength).magnitude: Fraction(number) for strength, number in pairs if number}


def taken_by_strength(plan: Plan) -> dict[Fraction, Fraction]:
    """The capsules or tablets of every day's rows, added up."""
    taken: Counter[Fraction] = Counter()
    for day in plan:
        for dose in day.doses:
            for strength, number in dose.reading.pieces:
                taken[strength.magnitude] += number
    return dict(taken)


def with_bottle(preparation: Liquid, bottle: Fraction | None, days: int) -> Liquid:
    """The same liquid in bottles of so many mL, usable for so many days."""
    volume = None if bottle is None else Volume.of(bottle, "mL")
    return preparation.model_copy(update={"bottle": volume, "beyond_use_days": days})


# --- Plans of liquids -----------------------------------------------------------------------------

_MARKS = tuple(Volume(f"{n} mL") for n in ("0.01", "0.1", "0.2"))


def _liquid(hundredths: int, dropper: int) -> Liquid:
    """A liquid of so many hundredths of a mg/mL, on marks or in drops."""
    strength = Concentration.of(Fraction(hundredths, 100), "mg/mL")
    if dropper < len(_MARKS):
        return OralSolution(concentration=strength, graduation=_MARKS[dropper])
    return Drops(concentration=strength, drops_per_mL=dropper)


liquids = st.builds(
    _liquid, st.integers(10, 2000), st.sampled_from([*range(len(_MARKS)), *range(12, 41)])
)
"""Liquids of any strength, on marks or in drops."""


def largest_dose(preparation: Liquid, regimen: Regimen) -> Fraction:
    """The volume of the largest dose, in mL."""
    volumes = [preparation.measure(dose.dose).volume for s in regimen.steps for dose in s.each]
    return max(volume.magnitude for volume in volumes if volume is not None)


twentieths = st.sampled_from([*range(20, 121), *range(125, 841, 9)])
"""How large a bottle is, in twentieths of the largest dose."""


def _plan(
    preparation: Liquid, terms: Any, size: int | None, age: int, days: int | None, start: date
) -> Plan:
    regimen = regimen_of(preparation.mark.magnitude, terms)
    bottle = None if size is None else largest_dose(preparation, regimen) * Fraction(size, 20)
    return schedule(regimen, with_bottle(preparation, bottle, age), start, days=days)


bottled_plans = st.builds(
    _plan,
    liquids,
    brief_terms,
    twentieths,
    st.integers(1, 45),
    st.none() | st.integers(1, 45),
    starts,
)
"""Plans of a liquid in bottles of one size, each of which holds every dose."""
liquid_plans = st.builds(
    _plan,
    liquids,
    brief_terms,
    st.none() | twentieths,
    st.integers(1, 45),
    st.none() | st.integers(1, 45),
    starts,
)
"""The same, or in bottles made to measure."""
small_liquid_plans = st.builds(
    _plan,
    liquids,
    short_terms,
    st.none() | twentieths,
    st.integers(1, 9),
    st.integers(1, 8),
    starts,
)
"""Of 8 doses or fewer."""


def changed(plan: Plan, bottle: Fraction | None, age: int) -> Plan:
    """The same plan from other bottles."""
    preparation: Any = plan.preparation
    made = with_bottle(preparation, bottle, age)
    return schedule(plan.regimen, made, plan.start, days=len(plan))
