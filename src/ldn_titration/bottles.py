"""Bottles: which is opened on which day, drawn from until when, and why it ends.

A dose never spans bottles, and none is drawn on or after a bottle's discard date. A bottle
is made on the day of its first dose, and the next one only when the present one cannot
give the next dose; no other way needs fewer bottles.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from fractions import Fraction
from math import lcm
from typing import Literal, NamedTuple

from ldn_titration.days import PlanStep
from ldn_titration.errors import InvalidInputError, Problem
from ldn_titration.quantities import Volume
from ldn_titration.quantity import terms

__all__ = ["Bottle", "EndedBy", "bottles_of"]

EndedBy = Literal["empty", "too little left", "beyond-use date", "end of plan", "switched"]

_NOTHING = Volume.total([])
_MOST_BOTTLES = 5000


class Bottle(NamedTuple):
    """One bottle: made on the day of its first dose, and never used on ``discard_on`` or later.

    ``drawn`` is what is taken of it, ``wasted`` what is thrown away when it ends, ``left``
    what is still good in it at the end of the plan. ``begins_at`` is the time of its first
    dose, where an earlier dose of that day still comes from the bottle before.
    """

    bottle: int
    made_on: date
    discard_on: date
    first_dose: date
    last_dose: date
    drawn: Volume
    wasted: Volume
    left: Volume
    ended_by: EndedBy
    begins_at: str = ""

    @property
    def volume(self) -> Volume:
        """All that was in it."""
        return self.drawn + self.wasted + self.left


class _Span(NamedTuple):
    """Days in a row with the same doses: first day, how many, the volume of each dose."""

    day: int
    days: int
    doses: tuple[int, ...]
    times: tuple[str | None, ...]


class _Open:
    """The bottle that is in use. Without a ``size`` it is made to measure.

    Its volumes are whole numbers of one part of a millilitre that measures them all.
    """

    def __init__(self, day: int, keeps: int, size: int | None, begins_at: str = "") -> None:
        self.begins_at = begins_at
        self.made = self.last = day
        self.discard = day + keeps
        self.size, self.drawn = size, 0

    def holds(self, dose: int) -> int | None:
        """How many of such doses it still gives; None for as many as are wanted."""
        return None if self.size is None else (self.size - self.drawn) // dose

    def gives(self, dose: int, day: int) -> bool:
        """Whether that dose can be drawn from it on that day."""
        return day < self.discard and self.holds(dose) != 0

    def draw(self, volume: int, last: int) -> None:
        """Take doses from it, the last of them on that day."""
        self.drawn, self.last = self.drawn + volume, last

    def ended(self, number: int, by: EndedBy, part: Volume) -> Bottle:
        """The bottle when it is over; what is left is wasted, unless the plan ends."""
        rest = _NOTHING if self.size is None else part * (self.size - self.drawn)
        ends, made = by == "end of plan", date.fromordinal(self.made)
        if self.discard > date.max.toordinal():
            message = "is too late: the discard date of a bottle lies after the calendar's end"
            raise InvalidInputError([Problem("start", message)])
        return Bottle(
            number,
            made,
            date.fromordinal(self.discard),
            made,
            date.fromordinal(self.last),
            part * self.drawn,
            _NOTHING if ends else rest,
            rest if ends else _NOTHING,
            by if rest else "empty",
            self.begins_at,
        )


def bottles_of(
    steps: Iterable[PlanStep],
    size: Volume | None,
    keeps: int,
    *,
    switched: bool = False,
    path: str = "preparation",
) -> tuple[Bottle, ...]:
    """The bottles that these steps draw on, each used on ``keeps`` days at most.

    ``size`` is the volume of each, None where each is made to measure; every dose must fit
    into one. ``switched`` tells that another preparation follows, ``path`` where the
    preparation stands.
    """
    steps = [step for step in steps if step.doses]
    parts = _fineness(steps, size)
    part, held = Volume.of(Fraction(1, parts), "mL"), None if size is None else _in(size, parts)
    ended: list[Bottle] = []
    by: EndedBy
    open_: _Open | None = None
    for span in _spans(steps, parts):
        day, end = span.day, span.day + span.days
        while day < end:
            whole = 0 if open_ is None else _whole_days(open_, span.doses, day, end)
            if open_ is not None and whole:
                open_.draw(sum(span.doses) * whole, day + whole - 1)
                day += whole
                continue
            for place, dose in enumerate(span.doses):
                if open_ is None or not open_.gives(dose, day):
                    if open_ is not None:
                        expired = day >= open_.discard
                        by = "beyond-use date" if expired else "too little left"
                        ended.append(open_.ended(len(ended) + 1, by, part))
                        _require_few(len(ended), expired, path)
                    open_ = _Open(day, keeps, held, _begins_at(span, place))
                open_.draw(dose, day)
            day += 1
    if open_ is not None:
        by = "switched" if switched else "end of plan"
        ended.append(open_.ended(len(ended) + 1, by, part))
    return tuple(ended)


def _begins_at(span: _Span, place: int) -> str:
    """When the dose is taken with which a bottle begins in the middle of a day."""
    return (span.times[place] or f"dose {place + 1}") if place else ""


def _require_few(ended: int, expired: bool, path: str) -> None:
    if ended == _MOST_BOTTLES:
        cause, larger = ("beyond_use_days", "more days") if expired else ("bottle", "a larger one")
        message = f"makes more than {_MOST_BOTTLES} bottles; state {larger}"
        raise InvalidInputError([Problem(f"{path}.{cause}", message)])


def _whole_days(bottle: _Open, doses: tuple[int, ...], day: int, end: int) -> int:
    """On how many days in a row it gives every dose of the day."""
    days = max(0, min(end, bottle.discard) - day)
    enough = bottle.holds(sum(doses))
    return days if enough is None else min(days, enough)


def _fineness(steps: Iterable[PlanStep], size: Volume | None) -> int:
    """Into how many equal parts a millilitre is parted so that each volume is a whole number."""
    volumes = [dose.reading.volume for step in steps for dose in step.doses]
    return lcm(*[terms(volume)[1] for volume in (*volumes, size) if volume is not None])


def _in(volume: Volume, parts: int) -> int:
    """The volume in such parts."""
    numerator, denominator = terms(volume)
    return numerator * (parts // denominator)


def _spans(steps: Iterable[PlanStep], parts: int) -> Iterator[_Span]:
    """The days in a row with the same doses; a cycle has one span each time it is on."""
    for step in steps:
        volumes = [dose.reading.volume for dose in step.doses]
        doses = tuple([_in(volume, parts) for volume in volumes if volume])
        times = tuple([dose.time_of_day for dose in step.doses])
        for place, days in _runs(step):
            yield _Span(step.first.toordinal() + place, days, doses, times)


def _runs(step: PlanStep) -> Iterator[tuple[int, int]]:
    """Where in the step its days with a dose begin, from 0, and how many are in a row."""
    cycle = step.cycle
    if cycle is None:
        yield 0, step.days
        return
    place = 0
    while place < step.days:
        into = (step.position + place) % cycle.days
        left = step.days - place
        if into < cycle.days_on:
            yield place, min(left, cycle.days_on - into)
        place += (cycle.days_on if into < cycle.days_on else cycle.days) - into
