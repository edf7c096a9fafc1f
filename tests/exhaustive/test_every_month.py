"""Every month from 1999 to 2101 as a grid: each day once, in its column, in five or six weeks."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta

import pytest

import readers
from ldn_titration import Mass, Plan, Regimen, TitrationStep, schedule
from ldn_titration.render.calendar import calendar
from ldn_titration.render.html import month_grids
from ldn_titration.render.pdf import plan_pdf
from small_plans import FINE

WHOLE = bool(os.environ.get("LDN_EXHAUSTIVE"))
YEARS = range(1999, 2102)
MONDAY = date(1999, 1, 4)
NAMES = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
COLUMNS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
REGIMEN = Regimen(steps=(TitrationStep(dose=Mass("1.5 mg")),))
Month = tuple[str, list[list[date | None]]]
"""A heading, and rows of seven days."""


def length_of(year: int, month: int) -> int:
    """The days of a month."""
    if month == 2:
        return 29 if year % 400 == 0 or (year % 4 == 0 and year % 100 != 0) else 28
    return 30 if month in (4, 6, 9, 11) else 31


def column_of(day: date) -> int:
    """Its weekday, counted in sevens from a Monday that is known."""
    return (day - MONDAY).days % 7


def expected(first: date, last: date) -> list[Month]:
    """The grids of all months between two days, as they are drawn on paper."""
    months: list[Month] = []
    day = first
    while day <= last:
        weeks: list[list[date | None]] = [[None] * column_of(day)]
        month = (day.year, day.month)
        while day <= last and (day.year, day.month) == month:
            if len(weeks[-1]) == 7:
                weeks.append([])
            weeks[-1].append(day)
            day += timedelta(days=1)
        weeks[-1] += [None] * (7 - len(weeks[-1]))
        months.append((f"{NAMES[month[1] - 1]} {month[0]}", weeks))
    return months


def plan_of(first: date, days: int) -> Plan:
    """One dose a day."""
    return schedule(REGIMEN, FINE, first, days=days)


def drawn(plan: Plan) -> list[Month]:
    """The grids of the library."""
    found = []
    for grid in calendar(plan):
        weeks = [[cell and cell.on for cell in week] for week in grid.weeks]
        labels = [cell.label for week in grid.weeks for cell in week if cell]
        assert labels == [str(day.day) for week in weeks for day in week if day]
        found.append((grid.heading, weeks))
    return found


CELL = re.compile(r'<td[^>]*>(?:<span class="on"><time datetime="([\d-]{10})">)?')


def in_html(page: str) -> Iterator[Month]:
    """The grids of a page, read from its tables."""
    for section in page.split('<section class="month">')[1:]:
        heading = re.search(r"<h2>(\w+ \d{4})", section)
        assert heading is not None
        columns = re.findall(r'<th scope="col">(\w+)</th>', section)
        assert columns == [
            name[: len(column)] for name, column in zip(COLUMNS, columns, strict=True)
        ]
        body = section.split("<tbody>")[1].split("</tbody>")[0]
        rows = [CELL.findall(row) for row in body.split("<tr>")[1:]]
        yield heading[1], [[date.fromisoformat(on) if on else None for on in row] for row in rows]


@pytest.mark.hazard("R04")
@pytest.mark.parametrize("year", YEARS)
def test_every_month_is_a_grid(year: int) -> None:
    """R04: each day once, in the column of its weekday; every week, the sixth too."""
    first, last = date(year, 1, 1), date(year, 12, 31)
    plan = plan_of(first, (last - first).days + 1)
    months = expected(first, last)
    assert drawn(plan) == months
    assert list(in_html(month_grids(plan))) == months
    days = [day for _, weeks in months for week in weeks for day in week if day]
    assert len(days) == len(set(days)) == sum(length_of(year, month) for month in range(1, 13))
    for month, (_, weeks) in enumerate(months, 1):
        lead = column_of(date(year, month, 1))
        assert len(weeks) == -(-(lead + length_of(year, month)) // 7)


def test_some_months_have_a_sixth_week_and_one_kind_has_four() -> None:
    """By hand: May 2027 begins on a Saturday; February 2027 on a Monday."""
    weeks = Counter(
        len(weeks) for year in YEARS for _, weeks in expected(date(year, 1, 1), date(year, 12, 31))
    )
    assert set(weeks) == {4, 5, 6}
    assert sum(weeks.values()) == 1236
    (may,) = drawn(plan_of(date(2027, 5, 1), 31))
    assert len(may[1]) == 6
    assert may[1][5] == [date(2027, 5, 31), *[None] * 6]
    (february,) = drawn(plan_of(date(2027, 2, 1), 28))
    assert len(february[1]) == 4


@pytest.mark.hazard("R04", "T02")
@pytest.mark.parametrize("year", YEARS if WHOLE else range(1999, 2102, 34))
def test_every_first_day_of_a_plan_is_in_its_column(year: int) -> None:
    """R04: from each day of the year to the end of the next month but one."""
    day = date(year, 1, 1)
    while day.year == year:
        plan = plan_of(day, 62)
        assert drawn(plan) == expected(day, day + timedelta(days=61))
        day += timedelta(days=1)


@pytest.mark.hazard("R04", "R01")
@pytest.mark.parametrize("year", YEARS if WHOLE else [2027])
def test_every_month_is_in_the_pdf(year: int) -> None:
    """R01: every day once and in order, each in its month."""
    pytest.importorskip("typst")
    plan = plan_of(date(year, 1, 1), sum(length_of(year, month) for month in range(1, 13)))
    found = [on for on, _ in readers.pdf_days(readers.pdf_pages(plan_pdf(plan)))]
    assert found == [day.date for day in plan]
