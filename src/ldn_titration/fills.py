"""Fills: capsules and tablets by strength, for which days of a plan, and how many to open."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from fractions import Fraction
from typing import NamedTuple

from ldn_titration.days import PlanStep
from ldn_titration.errors import InvalidInputError, Problem
from ldn_titration.quantities import Mass

__all__ = ["Counts", "Fill", "fill_of", "summed", "taken", "windows"]

_MOST_FILLS = 1000

Counts = tuple[tuple[Mass, Fraction], ...]
"""Capsules or tablets by strength, largest strength first."""


class Fill(NamedTuple):
    """One fill of capsules or tablets: for which days of the plan, and how many of each."""

    fill: int
    order_on: date
    first: date
    last: date
    counts: Counts

    @property
    def days_supply(self) -> int:
        """The days of the plan that it is for."""
        return (self.last - self.first).days + 1


def windows(
    steps: Sequence[PlanStep], faster: Sequence[PlanStep], longest: int, cause: str
) -> Iterator[tuple[date, date, date]]:
    """Of each fill: the first day it is counted from, its first day with a dose, its last.

    It begins with a dose, be it at the slow or at the fast end of the steps. ``cause`` names
    what makes a fill so short, should there be too many.
    """
    day, last = steps[0].first.toordinal(), steps[-1].last.toordinal()
    for _ in range(_MOST_FILLS):
        due = (_first_dose(step, day) for step in (*steps, *faster))
        first = min((on for on in due if on is not None), default=None)
        if first is None:
            return
        until = min(last, first + longest - 1)
        yield date.fromordinal(day), date.fromordinal(first), date.fromordinal(until)
        if until == last:
            return
        day = until + 1
    message = f"makes more than {_MOST_FILLS} fills; state more days"
    raise InvalidInputError([Problem(cause, message)])


def _first_dose(step: PlanStep, day: int) -> int | None:
    """The first day of a step with a dose, from that day on, as an ordinal."""
    first, last = step.first.toordinal(), step.last.toordinal()
    begin, cycle = max(day, first), step.cycle
    if cycle is not None:
        begin += cycle.days_off_from(step.position + begin - first)
    return begin if step.doses and begin <= last else None


def fill_of(
    number: int,
    since: date,
    first: date,
    last: date,
    ends: tuple[Sequence[PlanStep], ...],
    parts: int,
) -> Fill:
    """One fill, enough for the slow and for the fast end of its days."""
    counts = [dict(_whole(_within(steps, since, last), parts)) for steps in ends]
    strengths = sorted({strength for each in counts for strength in each}, reverse=True)
    none = Fraction(0)
    most = ((s, max(each.get(s, none) for each in counts)) for s in strengths)
    return Fill(number, first, first, last, tuple(most))


def _within(steps: Iterable[PlanStep], first: date, last: date) -> Iterable[tuple[PlanStep, int]]:
    """The steps of these days, each with how many days of it have a dose."""
    for step in steps:
        begin, end = max(first, step.first), min(last, step.last)
        if begin <= end and step.doses:
            days = (end - begin).days + 1
            position = step.position + (begin - step.first).days
            yield step, step._replace(position=position, days=days).dose_days


def taken(steps: Iterable[PlanStep]) -> Counts:
    """What is taken in these steps; a part of a tablet as a fraction."""
    return summed(
        tuple((strength, count * step.dose_days) for strength, count in step.reading.pieces)
        for step in steps
        if step.reading
    )


def _whole(taken: Iterable[tuple[PlanStep, int]], parts: int) -> Counts:
    """The whole capsules or tablets to open; a part that is left over serves a later dose."""
    opened: dict[Mass, int] = {}
    rests: dict[Mass, list[int]] = {}
    for step, days in taken:
        for dose in step.doses:
            for strength, count in dose.reading.pieces:
                whole, part = divmod(int(count * parts), parts)
                new = whole * days
                if part:
                    new += _broken(part, days, parts, rests.setdefault(strength, [0] * parts))
                opened[strength] = opened.get(strength, 0) + new
    return tuple(
        (strength, Fraction(opened[strength])) for strength in sorted(opened, reverse=True)
    )


def _broken(part: int, times: int, parts: int, rests: list[int]) -> int:
    """How many more tablets to break for so many equal parts; ``rests`` counts what lies by.

    The smallest rest that is large enough is used first.
    """
    while times and (rest := next((r for r in range(part, parts) if rests[r]), 0)):
        used = min(times, rests[rest])
        rests[rest] -= used
        rests[rest - part] += used
        times -= used
    each = parts // part
    tablets, more = divmod(times, each)
    rests[parts - each * part] += tablets
    if more:
        rests[parts - more * part] += 1
    rests[0] = 0
    return tablets + bool(more)


def summed(counts: Iterable[Counts]) -> Counts:
    """Counts added up by strength."""
    summed: dict[Mass, Fraction] = {}
    for each in counts:
        for strength, count in each:
            summed[strength] = summed.get(strength, Fraction(0)) + count
    return tuple(sorted(summed.items(), reverse=True))
