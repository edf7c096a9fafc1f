"""P11 to P26: plans on the calendar, beside a walk day by day that shares nothing with them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from ldn_titration import (
    Drops,
    InvalidInputError,
    Mass,
    Plan,
    Regimen,
    TitrationStep,
    schedule,
)
from ldn_titration.export.ics import CalendarFile, plan_ics
from small_plans import (
    DAY,
    FINE,
    Case,
    Row,
    cases,
    event,
    fine_cases,
    row_of,
    rows_of,
    short_cases,
    starts,
)

FINE_TERMS = (FINE, Fraction(1, 4), ((1, 1, 7), (2, 1, 7), (3, 1, None)))
DROP_PROTOCOL = Case(
    Drops(dilution={"drug": "50 mg", "final_volume": "10 mL"}, drops_per_mL=20),
    Fraction(1, 4),
    tuple((n, 1, 7) for n in range(1, 19)),
    date(2027, 1, 4),
)

places = st.integers(0, 10**6)
"""A place in a sequence, counted around it."""
lengths = st.integers(1, 30)


def told(rows: Sequence[Row]) -> list[tuple[int, Fraction]]:
    """What is taken day after day, without its dates."""
    return [(row.step, row.dose) for row in rows]


def doses_told(plan: Plan) -> list[tuple[int, Fraction]]:
    """The same of a plan of the library."""
    return told(rows_of(plan))


# --- rows -----------------------------------------------------------------------------

KINDS = ("held", "missed", "paused", "stayed", "halved", "stepped_back", "advanced", "stopped")


@st.composite
def plans_as_they_went(draw: st.DrawFn) -> Plan:
    """Plans with an event or two in them, where these fit."""
    case = draw(fine_cases)
    plan, diary = case.plan(), []
    for _ in range(draw(st.integers(1, 2))):
        on = plan.start + draw(places) % len(plan) * DAY
        kind, days = draw(st.sampled_from(KINDS)), draw(lengths)
        more: dict[str, Any] = {"held": {"days": days}, "paused": {"until": str(on + days * DAY)}}
        happened = event(kind, on, **more.get(kind, {}))
        try:
            plan = case.plan([*diary, happened])
        except InvalidInputError:
            continue
        diary.append(happened)
    return plan


@pytest.mark.core
@pytest.mark.hazard("T02")
@given(cases, places, places)
def test_p11_the_date_of_a_row(case: Case, place: int, other: int) -> None:
    """P11: row i has date start + i (oracle), however it is reached: by place, date or slice."""
    plan, rows = case.plan(), case.rows()
    i, j = sorted((place % len(rows), other % len(rows)))
    assert row_of(plan[i]) == row_of(plan.on(case.start + i * DAY)) == rows[i]
    assert row_of(plan[i - len(rows)]) == rows[i]
    assert plan[i].date == date.fromordinal(case.start.toordinal() + i)
    assert rows_of(plan[i:j]) == rows[i:j]
    assert [day.day for day in plan] == list(range(1, len(rows) + 1))
    assert rows_of(plan) == rows


@given(plans_as_they_went())
def test_p11_the_date_of_a_row_after_events(plan: Plan) -> None:
    """P11: row i has date start + i (oracle), whatever happened."""
    for i, day in enumerate(plan):
        assert day.date == plan.start + i * DAY
        assert (day.day, plan[i], plan.on(day.date)) == (i + 1, day, day)


@pytest.mark.core
@pytest.mark.hazard("T02")
@given(cases, st.integers(-9000, 9000))
def test_p12_a_later_start(case: Case, days: int) -> None:
    """P12: plan(start+k) = shift(plan(start), k).

    Oracle: the walk from the later start.
    """
    later = case._replace(start=case.start + days * DAY)
    plan, moved = case.plan(), later.plan()
    assert [day._replace(date=day.date + days * DAY) for day in plan] == list(moved)
    assert rows_of(moved) == later.rows()
    assert moved.totals == plan.totals


@pytest.mark.core
@pytest.mark.hazard("T01")
@given(cases)
def test_p13_the_number_of_rows(case: Case) -> None:
    """P13: number of rows = sum of step lengths, none left over, none cut but by the length."""
    plan = case.plan()
    days = [step.days for step in plan.steps]
    assert len(plan) == len(list(plan)) == sum(days) == plan.totals.days
    own = [n or 28 for *_, n in case.terms]
    if case.length is None:
        assert days == own
        return
    is_open = case.terms[-1][2] is None
    assert len(plan) == (case.length if is_open else min(case.length, sum(own)))
    assert days[:-1] == own[: len(days) - 1]
    assert [step.first_day for step in plan.steps] == [1 + sum(days[:n]) for n in range(len(days))]


@pytest.mark.core
@pytest.mark.hazard("T02", "T03")
@given(cases)
@example(Case(*FINE_TERMS, date(2028, 2, 20), 20))
@example(Case(*FINE_TERMS, date(2100, 2, 20), 20))
def test_p14_dates_follow_one_another(case: Case) -> None:
    """P14: dates strictly increase by 1, also from the last of a step to the first of the next."""
    plan = case.plan()
    dates = [day.date for day in plan]
    assert all((b - a).days == 1 for a, b in pairwise(dates))
    ends = [(step.first, step.last) for step in plan.steps]
    assert ends[0][0] == case.start
    assert all(after[0] - before[1] == DAY for before, after in pairwise(ends))
    assert all(
        (last - first).days + 1 == s.days for (first, last), s in zip(ends, plan.steps, strict=True)
    )


@given(plans_as_they_went())
def test_p14_dates_follow_one_another_after_events(plan: Plan) -> None:
    """P14: dates strictly increase by 1, whatever happened."""
    dates = [day.date for day in plan]
    assert [b - a for a, b in pairwise(dates)] == [DAY] * (len(plan) - 1)
    assert (dates[0], dates[-1]) == (plan.start, plan.end)


# --- splitting and joining ------------------------------------------------------------


@pytest.mark.core
@pytest.mark.hazard("T01")
@given(cases, places)
def test_p15_splitting_and_joining(case: Case, place: int) -> None:
    """P15: split at any day then join = same rows.

    The second part is planned by itself, from what is left of the step in which the first ends.
    """
    rows = case.rows()
    assume(len(rows) > 1)
    k = 1 + place % (len(rows) - 1)
    number, gone = rows[k].step - 1, rows[k].day_of_step - 1
    count, often, days = case.terms[number]
    rest = ((count, often, days and days - gone), *case.terms[number + 1 :])
    first = case._replace(length=k).plan()
    second = case._replace(terms=rest, start=case.start + k * DAY, length=len(rows) - k).plan()
    joined = [(d.date, d.dose, d.take, d.units) for d in (*first, *second)]
    assert joined == [(d.date, d.dose, d.take, d.units) for d in case.plan()]
    assert [row.dose for row in (*rows_of(first), *rows_of(second))] == [row.dose for row in rows]


@pytest.mark.core
@pytest.mark.hazard("T01")
@given(cases, places, st.integers(1, 40))
def test_p16_two_equal_steps(case: Case, place: int, more: int) -> None:
    """P16: joining two equal-dose steps = one step."""
    at = place % len(case.terms)
    count, often, days = case.terms[at]
    before, after = case.terms[:at], case.terms[at + 1 :]
    two = case._replace(terms=(*before, (count, often, more), (count, often, days), *after))
    one = case._replace(terms=(*before, (count, often, days and days + more), *after))
    length = len(two.rows())
    plans = [each._replace(length=length).plan() for each in (two, one)]
    days_of = [[(d.date, d.dose, d.take, d.units) for d in plan] for plan in plans]
    assert days_of[0] == days_of[1]
    assert plans[0].totals == plans[1].totals
    assert [row.dose for row in one._replace(length=length).rows()] == [
        row.dose for row in rows_of(plans[1])
    ]


# --- holding --------------------------------------------------------------------------


@pytest.mark.core
@pytest.mark.hazard("T08")
@given(short_cases, places, lengths)
def test_p17_a_hold(case: Case, place: int, n: int) -> None:
    """P17: hold n at step i: rows before unchanged, rows after delayed exactly n.

    Oracle: the walk, with the row of that day n times more.
    """
    rows = case.rows()
    k = place % len(rows)
    held = case.plan([event("held", rows[k].on, days=n)])
    assert rows_of(held[:k]) == rows[:k]
    assert doses_told(held) == told([*rows[:k], *[rows[k]] * n, *rows[k:]])
    after = [row for row in rows if row.step > rows[k].step]
    delayed = [(row.on + n * DAY, row.step, row.dose) for row in after]
    assert [(d.date, d.step, row_of(d).dose) for d in held if d.step > rows[k].step] == delayed


@pytest.mark.core
@pytest.mark.hazard("T08")
@given(short_cases, places, lengths, lengths, places)
def test_p18_two_holds(case: Case, place: int, a: int, b: int, later: int) -> None:
    """P18: hold a then b = hold a+b.

    By contract two events on one day are refused, so the second hold falls within the first.
    """
    rows = case.rows()
    k = place % len(rows)
    on = rows[k].on
    second = on + (1 + later % a) * DAY
    both = case.plan([event("held", on, days=a), event("held", second, days=b)])
    assert doses_told(both) == doses_told(case.plan([event("held", on, days=a + b)]))
    assert doses_told(both) == told([*rows[:k], *[rows[k]] * (a + b), *rows[k:]])


@pytest.mark.core
@pytest.mark.hazard("T08")
@given(short_cases, places)
def test_p19_a_hold_of_no_days(case: Case, place: int) -> None:
    """P19: hold 0 = identity.

    By contract a hold lasts 1 day or more, so one of none is refused, and no event at all is
    the identity. After a hold of 1, each day but the one it adds is as it was.
    """
    plan, rows = case.plan(), case.rows()
    k = place % len(rows)
    assert case.plan([]) == plan
    assert rows_of(plan) == rows
    with pytest.raises(InvalidInputError) as caught:
        case.plan([event("held", rows[k].on, days=0)])
    assert [problem.path for problem in caught.value.problems] == ["diary[0].days"]
    held = rows_of(case.plan([event("held", rows[k].on, days=1)]))
    assert held[k]._replace(day_of_step=0) == rows[k]._replace(day_of_step=0)
    assert told([*held[:k], *held[k + 1 :]]) == told(rows)


# --- ramps ----------------------------------------------------------------------------

milligrams = st.builds(Fraction, st.integers(1, 400), st.sampled_from((1, 4, 10, 12, 20)))


def climbed(low: Fraction, by: Fraction, high: Fraction) -> list[Fraction]:
    """The doses of a ramp, one after the other."""
    doses = [low]
    while doses[-1] < high:
        doses.append(min(doses[-1] + by, high))
    return doses


@pytest.mark.core
@pytest.mark.hazard("T01", "A08")
@given(milligrams, milligrams, st.integers(0, 25), st.integers(0, 9), st.integers(1, 9))
def test_p20_titrating_up(low: Fraction, by: Fraction, steps: int, part: int, every: int) -> None:
    """P20: titrate up is non-decreasing and never above the target, and ends on it.

    Oracle: the doses climbed one by one.
    """
    high = low + by * steps + by * Fraction(part, 10)
    masses = [Mass.of(value, "mg") for value in (low, by, high)]
    ramp = Regimen.ramp(masses[0], masses[1], every, masses[2])
    doses = [step.daily_dose.magnitude for step in ramp.steps]
    assert doses == sorted(doses)
    assert max(doses) == doses[-1] == high
    assert doses == climbed(low, by, high)
    assert [step.days for step in ramp.steps] == [*[every] * (len(doses) - 1), None]


@pytest.mark.core
@pytest.mark.hazard("T08")
@given(cases, st.integers(1, 18), st.integers(1, 30) | st.none())
def test_p21_one_step_more(case: Case, count: int, days: int | None) -> None:
    """P21: adding a step never changes earlier rows."""
    *first, (n, often, own) = case.terms
    closed = case._replace(terms=(*first, (n, often, own or 9)), length=None)
    longer = closed._replace(terms=(*closed.terms, (count, 1, days)))
    plan, grown = closed.plan(), longer.plan()
    assert grown[: len(plan)] == tuple(plan)
    assert grown.steps[:-1] == plan.steps
    assert rows_of(grown) == longer.rows()


@pytest.mark.core
@pytest.mark.hazard("T02")
@given(st.integers(1, 12), st.integers(1, 6), st.integers(0, 12), st.integers(1, 9), starts)
def test_p22_a_taper(low: int, by: int, steps: int, every: int, start: date) -> None:
    """P22: reversing an up-titration = its taper of equal mass.

    Oracle: the sum of an arithmetic series.
    """
    high = low + by * steps
    quarters = [Mass.of(Fraction(n, 4), "mg") for n in (low, by, high)]
    up = Regimen.ramp(quarters[0], quarters[1], every, quarters[2])
    down = Regimen.ramp(quarters[2], quarters[1], every, quarters[0])
    days = (steps + 1) * every
    ramp, taper = (schedule(each, FINE, start, days=days) for each in (up, down))
    assert [day.dose for day in taper] == [day.dose for day in ramp][::-1]
    assert ramp.totals.dose == taper.totals.dose
    assert ramp.totals.dose.magnitude == Fraction(every * (steps + 1) * (low + high), 8)


@pytest.mark.core
@pytest.mark.hazard("T01")
@given(cases, places)
def test_p23_the_first_days(case: Case, place: int) -> None:
    """P23: plan truncated to k days = first k rows, and it says where it is cut off."""
    plan, rows = case.plan(), case.rows()
    k = 1 + place % len(rows)
    cut = case._replace(length=k).plan()
    assert tuple(cut) == plan[:k]
    assert rows_of(cut) == rows[:k]
    own = [days for *_, days in case.terms]
    reached_all = cut.steps[-1].step == len(own) and (not own[-1] or k >= sum(map(int, own)))  # type: ignore[arg-type]
    assert cut.cut is not reached_all


# --- zones ----------------------------------------------------------------------------

ZONES = sorted(available_timezones() - {"localtime"})
WALL = re.compile(r"^DTSTART:(\d{8}T\d{6})\r$", re.MULTILINE)
moments = st.builds(
    datetime,
    st.integers(2000, 2035),
    st.integers(1, 12),
    st.integers(1, 28),
    st.integers(0, 23),
    st.sampled_from((0, 30, 59)),
    tzinfo=st.sampled_from(ZONES).map(ZoneInfo),
)


@pytest.mark.hazard("T04", "T05")
@given(moments, st.integers(0, 23), st.integers(0, 59), st.integers(1, 8))
@example(datetime(2018, 11, 3, 23, tzinfo=ZoneInfo("America/Sao_Paulo")), 0, 0, 3)
@example(datetime(2026, 3, 28, 21, tzinfo=ZoneInfo("Europe/London")), 1, 30, 3)
@example(datetime(2011, 12, 28, 21, tzinfo=ZoneInfo("Pacific/Apia")), 21, 0, 4)
def test_p24_one_dose_a_local_date(moment: datetime, hour: int, minute: int, days: int) -> None:
    """P24: one dose per local date in every zone, at its time on the wall.

    Oracle: the dates of the zone counted in UTC. A date that a zone leaves out (Samoa, 30
    December 2011) stands in the plan all the same: its day is never given to another.
    """
    regimen = Regimen(
        steps=(TitrationStep(dose=Mass("1.5 mg")),), time_of_day=f"{hour:02}:{minute:02}"
    )
    plan = schedule(regimen, FINE, moment, days=days)
    first = moment.date()
    assert [day.date for day in plan] == [first + n * DAY for n in range(days)]
    text = plan_ics(plan, CalendarFile())
    walls = [datetime.fromisoformat(found) for found in WALL.findall(text)]
    assert walls == [datetime.combine(first, time(hour, minute)) + n * DAY for n in range(days)]
    for wall in walls:
        there = wall.replace(tzinfo=moment.tzinfo).astimezone(UTC).astimezone(moment.tzinfo)
        assert there.date() == wall.date() or not _has(wall.date(), moment.tzinfo)


def _has(day: date, zone: Any) -> bool:
    """Whether a zone has that date at all, by the hours of three days in UTC."""
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    hours = (noon + timedelta(hours=n) for n in range(-36, 37))
    return any(hour.astimezone(zone).date() == day for hour in hours)


# --- missed doses ---------------------------------------------------------------------


@pytest.mark.core
@pytest.mark.hazard("T10")
@given(short_cases, st.lists(places, min_size=1, max_size=3, unique=True), st.booleans())
def test_p25_no_double_dose(case: Case, skipped: list[int], advanced: bool) -> None:
    """P25: skip then catch-up never creates a double row.

    Oracle: the walk with a row without a dose put in on each day missed.
    """
    expected = told(case.rows())
    days = sorted({place % len(expected) for place in skipped})
    for k in days:
        expected.insert(k, (expected[k][0], Fraction(0)))
    diary = [event("missed", case.start + k * DAY) for k in days]
    plan = case.plan(diary)
    assert doses_told(plan) == expected
    if advanced:  # whoever hurries on after a day missed still takes each day's dose once
        try:
            plan = case.plan([*diary, event("advanced", case.start + (days[-1] + 1) * DAY)])
        except InvalidInputError:
            return
    own = {(n, count * case.unit) for n, (count, _, _) in enumerate(case.terms, 1)}
    assert [day.date for day in plan] == [case.start + n * DAY for n in range(len(plan))]
    for k, row in enumerate(rows_of(plan)):
        assert (row.step, row.dose) in own or (k in days and not row.dose)


@pytest.mark.core
@pytest.mark.hazard("A10", "T01")
@given(cases)
@example(DROP_PROTOCOL)
def test_p26_the_mass_of_the_whole(case: Case) -> None:
    """P26: total mass = sum of dose x days in closed form (drop protocol: 299.25 mg).

    Oracle: added up by steps, and by the days of the walk.
    """
    plan, rows = case.plan(), case.rows()
    left, closed = len(rows), Fraction(0)
    for count, often, days in case.terms:
        taken = left if days is None else min(days, left)
        closed += count * often * taken * case.unit
        left -= taken
    assert plan.totals.dose.magnitude == closed == sum(row.dose for row in rows)
    assert sum((day.dose.magnitude for day in plan if day.dose), Fraction(0)) == closed
    if case == DROP_PROTOCOL:
        assert closed == Fraction("299.25")
        assert plan.totals.units == {"drops": 1197, "volume": "59.85 mL"}
