"""Every start from 1999 to 2101 with every length to 400 days, beside a calendar of our own.

Thinned, every start has its plan of 400 days, and three starts a year have every seventh
length. With LDN_EXHAUSTIVE=1 every start has every length, each planned by itself: 15 million
plans, whose steps are compared; and of every start the 400 days of the longest, one by one.
"""

from __future__ import annotations

import os
from datetime import date
from fractions import Fraction

import pytest

from ldn_titration import Plan, Regimen, schedule
from small_plans import FINE, regimen_of

WHOLE = bool(os.environ.get("LDN_EXHAUSTIVE"))
YEARS = range(1999, 2102)
LONGEST = 400
TERMS = ((1, 1, 7), (2, 1, 24), (3, 1, 365), (4, 1, None))
ENDS = (7, 31, 396, LONGEST)
REGIMEN: Regimen = regimen_of(Fraction(1, 4), TERMS)


def month_lengths(year: int) -> list[int]:
    """The days of its months, by the rule of Pope Gregory."""
    leap = year % 400 == 0 or (year % 4 == 0 and year % 100 != 0)
    return [31, 29 if leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]


def calendar() -> list[date]:
    """Every day from 1 January 1999 to the last day of any plan, counted month by month."""
    days = [
        date(year, month, day)
        for year in range(1999, 2104)
        for month, length in enumerate(month_lengths(year), 1)
        for day in range(1, length + 1)
    ]
    assert days[-1] == date(2103, 12, 31)
    return days


DAYS = calendar()
PLACES = {day: place for place, day in enumerate(DAYS)}


def expected_steps(at: int, length: int) -> list[tuple[int, date, date, int, int]]:
    """Number, first and last day, days and place of each step of a plan cut to a length."""
    found, begun = [], 0
    for number, end in enumerate(ENDS, 1):
        if begun < length:
            last = min(end, length)
            found.append((number, DAYS[at + begun], DAYS[at + last - 1], last - begun, begun + 1))
        begun = end
    return found


def steps_of(plan: Plan) -> list[tuple[int, date, date, int, int]]:
    """The same of a plan of the library."""
    return [(s.step, s.first, s.last, s.days, s.first_day) for s in plan.steps]


def plan_of(at: int, length: int) -> Plan:
    """The plan from that day of the calendar."""
    return schedule(REGIMEN, FINE, DAYS[at], days=length)


@pytest.mark.hazard("T02", "T03")
@pytest.mark.parametrize("year", YEARS)
def test_every_start_has_its_days(year: int) -> None:
    """P11, P14: every start of the year, and the 400 days of its plan (thinned: every ninth)."""
    starts = [PLACES[day] for day in DAYS if day.year == year]
    assert len(starts) == sum(month_lengths(year))
    for at in starts:
        plan = plan_of(at, LONGEST)
        assert steps_of(plan) == expected_steps(at, LONGEST)
        if WHOLE or at % 9 == 0:
            assert [day.date for day in plan] == DAYS[at : at + LONGEST]
            assert [day.day for day in plan] == list(range(1, LONGEST + 1))


@pytest.mark.hazard("T01", "T03")
@pytest.mark.parametrize("year", YEARS)
def test_every_start_with_every_length(year: int) -> None:
    """P13, P23: every length from 1 to 400 (thinned: every seventh, from three days a year)."""
    thin = [PLACES[date(year, month, day)] for month, day in ((1, 1), (2, 28), (12, 31))]
    for at in [PLACES[day] for day in DAYS if day.year == year] if WHOLE else thin:
        for length in range(1, LONGEST + 1, 1 if WHOLE else 7):
            plan = plan_of(at, length)
            assert len(plan) == length
            assert steps_of(plan) == expected_steps(at, length)


@pytest.mark.hazard("T03")
@pytest.mark.parametrize("start", [date(1999, 12, 31), date(2028, 2, 20), date(2100, 2, 20)])
def test_every_length_has_the_first_days_of_the_longest(start: date) -> None:
    """P23: plan truncated to k days = first k rows, row by row, for each length to 400."""
    at = PLACES[start]
    longest = list(plan_of(at, LONGEST))
    for length in range(1, LONGEST + 1, 1 if WHOLE else 13):
        assert list(plan_of(at, length)) == longest[:length]
