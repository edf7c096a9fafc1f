"""Rhythms: so many times in so many days."""

from __future__ import annotations

from fractions import Fraction
from math import ceil
from typing import NamedTuple

from ldn_titration import sig
from ldn_titration.units import decimal_text

__all__ = ["Rhythm", "number_text"]


class Rhythm(NamedTuple):
    """``times`` in each ``period`` of days: (1, 2) is every other day, (1, 1/4) every 6 hours."""

    times: int
    period: Fraction

    @property
    def per_day(self) -> Fraction:
        """How many times a day, on average."""
        return self.times / self.period

    def doses_in(self, days: Fraction) -> Fraction | None:
        """How many doses fall in so many days, the first on the first; None where it varies."""
        if self.period > 1 and self.times == 1:
            return Fraction(ceil(days / self.period))
        doses = days * self.per_day
        return doses if doses.denominator == 1 else None

    def __str__(self) -> str:
        if self.per_day == 1:
            return "once a day"
        if self.per_day.denominator == 1:
            return f"{self.per_day} times a day"
        if self.times == 1:
            return "every other day" if self.period == 2 else f"every {_days(self.period)}"
        return f"{self.times} times in {_days(self.period)}"


def _days(period: Fraction) -> str:
    hours = period * 24
    if period.denominator != 1 and hours.denominator == 1:
        return sig.count(hours, "hour")
    return f"{number_text(period)} day{'' if period == 1 else 's'}"


def number_text(value: Fraction) -> str:
    """An exact number as text: a decimal where one is, else a fraction ("1/12")."""
    if value < 0:
        return f"-{number_text(-value)}"
    return decimal_text(value) or str(value)
