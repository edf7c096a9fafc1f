"""P27 to P33: bottles, capsules and tablets, beside the slow reference of supply_oracle.py."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction
from typing import Any, NamedTuple

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import oracle
import supply_oracle
from ldn_titration import (
    Capsules,
    Mass,
    NotMeasurableError,
    OralSolution,
    Plan,
    Preparation,
    Tablets,
    Volume,
    schedule,
    supply,
)
from ldn_titration.pieces import fewest_pieces
from small_plans import DAY, PREPARATIONS, Case, brief_terms, cases, event, regimen_of, starts
from supplies import (
    Liquid,
    bottled_plans,
    by_strength,
    changed,
    doses_of,
    expected_rows,
    largest_dose,
    liquid_plans,
    liquids,
    row_of,
    rows_of,
    taken_by_strength,
    totals_of,
    twentieths,
    with_bottle,
)

places = st.integers(0, 10**6)
SOLID = [(each, unit) for each, unit in PREPARATIONS if isinstance(each, Capsules | Tablets)]
counted = st.builds(
    lambda made, terms, start: Case(*made, terms, start),
    st.sampled_from(SOLID),
    brief_terms,
    starts,
)

# --- bottles --------------------------------------------------------------------------


@pytest.mark.hazard("F03")
@given(liquid_plans)
def test_p27_dispensed_taken_wasted_left(plan: Plan) -> None:
    """P27: dispensed = taken + wasted + left, exactly, of every bottle and of the whole.

    Oracle: the bottles of the slow simulation, dose by dose.
    """
    preparation: Any = plan.preparation
    rows = rows_of(plan)
    assert rows == expected_rows(plan)
    dispensed, taken, wasted, left = totals_of(plan)
    assert dispensed == taken + wasted + left
    assert taken == sum(volume for _, volume in doses_of(plan))
    assert (taken, wasted, left) == tuple(sum(row[place] for row in rows) for place in (3, 4, 5))
    if preparation.bottle_volume is None:
        assert dispensed == taken
    else:
        volume = preparation.bottle_volume.magnitude
        assert all(row[3] + row[4] + row[5] == volume for row in rows)
        assert dispensed == volume * len(rows)


@given(counted)
def test_p27_dispensed_taken_wasted_left_of_pieces(case: Case) -> None:
    """P27: dispensed = taken + wasted + left, of each strength; whole ones are dispensed.

    Oracle: the pieces of every day, added up.
    """
    plan = case.plan()
    totals = supply(plan).totals
    dispensed, taken, wasted, left = (
        by_strength(amounts)
        for amounts in (totals.dispensed, totals.taken, totals.wasted, totals.left)
    )
    assert taken == taken_by_strength(plan)
    assert dispensed.keys() >= taken.keys() | wasted.keys() | left.keys()
    for strength, number in dispensed.items():
        rest = wasted.get(strength, 0) + left.get(strength, 0)
        assert number == taken.get(strength, 0) + rest
        assert number.denominator == 1
        assert rest >= 0


@pytest.mark.hazard("F02", "F04", "D02")
@given(liquid_plans, st.lists(places, max_size=3), st.integers(0, 20))
def test_p28_no_dose_from_an_old_bottle(plan: Plan, off: list[int], days: int) -> None:
    """P28: no dose from a bottle past its age, also where days without a dose let it grow old.

    Oracle: which whole doses make up what is drawn of each bottle.
    """
    diary = []
    last = 0
    for k in sorted({place % len(plan) for place in off}):
        if k >= last:
            until = plan.start + (k + 1 + days) * DAY
            diary.append(event("paused", plan.start + k * DAY, until=str(until)))
            last = k + 1 + days
    plan = schedule(plan.regimen, plan.preparation, plan.start, days=len(plan), diary=diary)
    preparation: Any = plan.preparation
    bottles, doses = supply(plan).bottles, doses_of(plan)
    runs = supply_oracle.drawn_from(doses, [bottle.drawn.magnitude for bottle in bottles])
    age = timedelta(days=preparation.beyond_use_days)
    for bottle, run in zip(bottles, runs, strict=True):
        assert (bottle.first_dose, bottle.last_dose) == (run[0][0], run[-1][0])
        assert bottle.made_on == bottle.first_dose
        assert bottle.discard_on == bottle.made_on + age
        assert all(bottle.made_on <= day < bottle.discard_on for day, _ in run)
    assert rows_of(plan) == expected_rows(plan)


@pytest.mark.hazard("F02")
@given(bottled_plans, st.integers(0, 60))
def test_p29_a_longer_beyond_use(plan: Plan, longer: int) -> None:
    """P29: a longer discard limit never needs more bottles.

    Oracle: the slow simulation of both.
    """
    preparation: Any = plan.preparation
    volume, age = preparation.bottle_volume.magnitude, preparation.beyond_use_days
    kept = changed(plan, volume, age + longer)
    assert len(rows_of(kept)) <= len(rows_of(plan))
    assert len(rows_of(kept)) == len(expected_rows(kept))


@pytest.mark.hazard("F03")
@given(bottled_plans, st.integers(0, 600))
def test_p30_larger_bottles(plan: Plan, larger: int) -> None:
    """P30: larger bottles never need more bottles, and those made to measure the fewest.

    Oracle: the slow simulation.
    """
    preparation: Any = plan.preparation
    volume, age = preparation.bottle_volume.magnitude, preparation.beyond_use_days
    large = changed(plan, volume + Fraction(larger, 30), age)
    unlimited = len(rows_of(changed(plan, None, age)))
    assert unlimited <= len(rows_of(large)) <= len(rows_of(plan))
    assert len(rows_of(large)) == len(expected_rows(large))


@pytest.mark.hazard("F03")
@given(
    liquids,
    brief_terms,
    brief_terms,
    starts,
    st.integers(1, 400),
    st.booleans(),
    st.integers(1, 60),
)
def test_p31_one_plan_after_another(
    preparation: Liquid,
    first: tuple[Any, ...],
    second: tuple[Any, ...],
    start: date,
    tenths: int,
    to_measure: bool,
    age: int,
) -> None:
    """P31: supply for plan A then B <= supply A + supply B when bottles carry over.

    What is left of the last bottle of A is used on. Oracle: the doses of one after the other.
    """
    *before, (count, often, days) = first
    first = (*before, (count, often, days or 9))
    a, b, joined = (
        regimen_of(preparation.mark.magnitude, terms) for terms in (first, second, first + second)
    )
    size = largest_dose(preparation, joined) * (1 + Fraction(tenths, 10))
    made = with_bottle(preparation, None if to_measure else size, age)
    one = schedule(a, made, start)
    two = schedule(b, made, one.end + DAY)
    whole = schedule(joined, made, start)
    assert doses_of(whole) == doses_of(one) + doses_of(two)
    assert len(rows_of(whole)) <= len(rows_of(one)) + len(rows_of(two))
    assert totals_of(whole)[0] <= totals_of(one)[0] + totals_of(two)[0]
    assert totals_of(whole)[1] == totals_of(one)[1] + totals_of(two)[1]


# --- switches -------------------------------------------------------------------------


def mass_taken(part: Any) -> Fraction:
    """The mg taken of one preparation of a supply."""
    taken = part.totals.taken
    if isinstance(part.preparation, Liquid):
        mass: Fraction = (part.preparation.strength * taken).magnitude
        return mass
    return sum((kind * number for kind, number in by_strength(taken).items()), Fraction(0))


NEW = ("capsules", "tablets", "same", "twice")


def switched_to(kind: str, unit: Mass) -> Preparation:
    """Another preparation that measures every multiple of a dose."""
    if kind == "capsules":
        return Capsules(strengths=[unit])
    if kind == "tablets":
        return Tablets(strengths=[unit * 4, unit * 6], parts=4)
    volume = Volume("0.1 mL") * (2 if kind == "twice" else 1)
    return OralSolution(concentration=unit / volume, graduation=volume, beyond_use_days=30)


@pytest.mark.hazard("F01")
@given(cases, st.sampled_from(NEW), places)
def test_p32_a_switch(case: Case, kind: str, place: int) -> None:
    """P32: a strength switch changes counts, never mg.

    Oracle: the walk of the regimen; the mass that the readings of the new preparation hold.
    """
    old = case.preparation
    undated = isinstance(old, Liquid) and old.beyond_use_days is None
    old = with_bottle(old, None, 30) if undated else old
    case = case._replace(preparation=old, length=min(case.length or 40, 40))
    rows = case.rows()
    k = place % len(rows)
    new = switched_to(kind, Mass.of(case.unit, "mg"))
    told = new.model_dump(mode="json", exclude_none=True)
    plan, switched = case.plan(), case.plan([event("switched", rows[k].on, preparation=told)])
    assert [(d.date, d.dose.magnitude) for d in switched] == [(r.on, r.dose) for r in rows]  # type: ignore[union-attr]
    assert [d.take for d in switched[:k]] == [d.take for d in plan[:k]]
    for day in switched[k:]:
        assert day.reading is not None
        assert day.reading.form == new.form
        held = sum((s * n for s, n in day.reading.pieces), Mass("0 mg"))
        if day.reading.volume is not None:
            held = new.strength * day.reading.volume  # type: ignore[union-attr]
        assert held == day.dose
    assert switched.totals.dose == plan.totals.dose
    assert sum(map(mass_taken, supply(switched).parts)) == sum(row.dose for row in rows)


@pytest.mark.hazard("F01")
@given(liquid_plans, st.integers(10, 2000), st.integers(1, 60), places, st.none() | twentieths)
def test_p32_a_switch_of_the_liquid(
    plan: Plan, hundredths: int, age: int, place: int, size: int | None
) -> None:
    """P32: a strength switch changes counts, never mg: the old bottle ends, new ones follow.

    Oracle: the bottles of the slow simulation up to the switch.
    """
    old: Any = plan.preparation
    concentration = Fraction(hundredths, 100)
    mark = Volume.of(old.mark.magnitude / concentration, "mL")
    new = OralSolution(concentration=old.mark / mark, graduation=mark, beyond_use_days=age)
    bottle = size and largest_dose(new, plan.regimen) * Fraction(size, 20)
    told = with_bottle(new, bottle, age).model_dump(mode="json", exclude_none=True)
    day = plan.start + place % len(plan) * DAY
    diary = [event("switched", day, preparation=told)]
    switched = schedule(plan.regimen, old, plan.start, days=len(plan), diary=diary)
    assert [(day.date, day.dose) for day in switched] == [(day.date, day.dose) for day in plan]
    doses, found = doses_of(switched), rows_of(switched)
    before = [dose for dose in doses if dose[0] < day]
    after = [volume for on, volume in doses if on >= day]
    assert before == [dose for dose in doses_of(plan) if dose[0] < day]
    mg_after = sum((d.dose.magnitude for d in switched if d.dose and d.date >= day), Fraction(0))
    assert sum(after) * concentration == mg_after
    held = old.bottle_volume and old.bottle_volume.magnitude
    ended = supply_oracle.bottles(before, held, old.beyond_use_days, last="switched")
    assert found[: len(ended)] == [row_of(each) for each in ended]
    assert sum(row[3] for row in found[len(ended) :]) == sum(after)
    dispensed, taken, wasted, left = totals_of(switched)
    assert dispensed == taken + wasted + left
    assert taken == sum(volume for _, volume in doses)


# --- pieces ---------------------------------------------------------------------------

LONGEST_SEARCH = 5  # mg; the exhaustive search grows with the dose
strengths_tried = st.lists(
    st.sampled_from([Fraction(n, 2) for n in range(1, 10)] + [Fraction(1, 3), Fraction(4, 3)]),
    min_size=1,
    max_size=3,
    unique=True,
)


class Pieces(NamedTuple):
    """A dose in mg, the strengths in stock, and into how many parts each may be broken."""

    dose: Fraction
    strengths: list[Fraction]
    parts: int


@st.composite
def made_doses(draw: st.DrawFn) -> Pieces:
    """A dose that these strengths in so many parts do make, mostly in several ways."""
    strengths, parts = draw(strengths_tried), draw(st.integers(1, 4))
    counts = [draw(st.integers(0, 4 * parts)) for _ in strengths]
    dose = sum(map(Fraction.__mul__, strengths, (Fraction(n, parts) for n in counts)), Fraction(0))
    assume(0 < dose <= LONGEST_SEARCH)
    return Pieces(dose, strengths, parts)


@pytest.mark.hazard("F06")
@given(made_doses())
def test_p33_pieces_add_up(case: Pieces) -> None:
    """P33: capsule counts re-add to the dose; largest strength first, none of nothing.

    Oracle: every combination, one by one.
    """
    dose, strengths, parts = case
    counts = fewest_pieces(dose, strengths, parts).counts
    assert counts is not None
    assert sum(strength * count for strength, count in counts) == dose
    assert [strength for strength, _ in counts] == sorted(dict(counts), reverse=True)
    assert all(count > 0 and (count * parts).denominator == 1 for _, count in counts)
    assert dict(counts) == oracle._best_way(dose, tuple(sorted(strengths, reverse=True)), parts)


def reached(dose: Fraction, broken: list[Fraction]) -> bool:
    """Whether some number of these parts is the dose: over all sums, smallest grid first."""
    return dose in oracle._sums_up_to(dose, broken)


@pytest.mark.hazard("F06", "A10")
@given(st.sampled_from(SOLID), st.integers(1, 120), st.integers(0, 3))
def test_p33_readings_add_up(made: tuple[Any, Fraction], count: int, over: int) -> None:
    """P33: capsule counts re-add to the dose, or the dose is refused, also in a preparation."""
    preparation, unit = made
    dose = unit * count + over * unit / 4
    parts = getattr(preparation, "parts", 1)
    broken = [strength.magnitude / parts for strength in preparation.strengths]
    try:
        reading = preparation.measure(Mass.of(dose, "mg"))
    except NotMeasurableError:
        assert not reached(dose, broken)
        return
    assert sum(s.magnitude * n for s, n in reading.pieces) == dose == reading.dose.magnitude
    assert all((n * parts).denominator == 1 for _, n in reading.pieces)
