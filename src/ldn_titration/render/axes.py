"""Where an axis is marked: round doses and round dates, exactly, before any drawing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from fractions import Fraction
from typing import NamedTuple

from ldn_titration import units
from ldn_titration.quantities import Mass
from ldn_titration.words import MONTHS

__all__ = ["DoseAxis", "Tick", "date_ticks", "dose_axis", "short_date"]

_SCALES = (("mg", 1), ("mcg", 10**3), ("ng", 10**6), ("pg", 10**9))
_PRINTED_FROM = Fraction(1, 10)  # of a unit, as masses are printed
_ROUND = (1, 2, 5)
_MOST_DOSES = 7


class Tick(NamedTuple):
    """A marked place of an axis of dates: whole days from its first, and what stands there."""

    at: int
    label: str


class DoseAxis(NamedTuple):
    """An axis of doses from nothing up: its unit, how many of it are 1 mg, and its marks."""

    unit: str
    per_mg: int
    marks: tuple[tuple[Fraction, str], ...]

    def place(self, dose: Mass) -> Fraction:
        """The dose as a number of the axis's unit."""
        return dose.magnitude * self.per_mg


def dose_axis(most: Mass) -> DoseAxis:
    """The axis for doses up to ``most``, in the unit in which that is printed.

    >>> [label for _, label in dose_axis(Mass("4.5 mg")).marks]
    ['0', '1', '2', '3', '4', '5']
    """
    unit, per_mg = next(
        (each for each in _SCALES if most.magnitude * each[1] >= _PRINTED_FROM), _SCALES[-1]
    )
    top = most.magnitude * per_mg or Fraction(1)
    apart = _round_step(top / (_MOST_DOSES - 1))
    marks = (apart * n for n in range(-(-top // apart) + 1))
    return DoseAxis(unit, per_mg, tuple((mark, units.decimal_text(mark) or "") for mark in marks))


def _round_step(least: Fraction) -> Fraction:
    """The least of 1, 2 and 5 times a power of ten that is not below ``least``."""
    power = Fraction(1)
    while power > least:
        power /= 10
    while power * 10 <= least:
        power *= 10
    return next(power * n for n in (*_ROUND, 10) if power * n >= least)


def short_date(day: date) -> str:
    """The date in few letters, the same in every locale: "4 Jan 2027"."""
    return f"{day.day} {MONTHS[day.month - 1][:3]} {day.year}"


def date_ticks(first: date, days: int, most: int) -> tuple[Tick, ...]:
    r"""The marks of ``days`` days from ``first``: as close as possible, at most so many.

    The year stands below the first mark, and below the first mark of each later year.

    >>> [tick.label for tick in date_ticks(date(2027, 1, 4), 15, 3)]
    ['4 Jan\n2027', '11 Jan', '18 Jan']
    """
    last = min(first.toordinal() + days - 1, date.max.toordinal())
    for ticks in _choices(first.toordinal(), last):
        if len(ticks) <= most:
            return tuple(_with_years(first, ticks))
    return tuple(_with_years(first, ticks[: most or 1]))


def _choices(first: int, last: int) -> Iterator[list[tuple[date, str]]]:
    """Ever fewer marks: days, weeks, months, years."""
    for apart in (1, 2, 7, 14):
        days = map(date.fromordinal, range(first, last + 1, apart))
        yield [(day, f"{day.day} {MONTHS[day.month - 1][:3]}") for day in days]
    for apart in (1, 2, 3, 6, 12, 24, 60, 120):
        yield [
            (day, MONTHS[day.month - 1][:3] if apart < 12 else "")
            for day in _month_starts(date.fromordinal(first), date.fromordinal(last), apart)
        ]


def _month_starts(first: date, last: date, apart: int) -> Iterator[date]:
    for number in range(first.year * 12 + first.month - 1, last.year * 12 + last.month):
        day = date(number // 12, number % 12 + 1, 1)
        if number % apart == 0 and day >= first:
            yield day


def _with_years(first: date, ticks: list[tuple[date, str]]) -> Iterator[Tick]:
    year = 0
    for day, label in ticks:
        lines = [label] if day.year == year else [label, str(day.year)]
        year = day.year
        yield Tick((day - first) // timedelta(1), "\n".join(filter(None, lines)))
