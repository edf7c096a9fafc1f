"""The dose days of a step as calendar events: one a day, or as few recurring ones as can be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import groupby
from typing import Literal

from ldn_titration.days import PlanStep
from ldn_titration.export.content_lines import END
from ldn_titration.regimen import Cycle

__all__ = ["digits", "runs"]


def runs(step: PlanStep, each: Literal["day", "step"]) -> Iterator[tuple[str, str]]:
    """The days on which an event of a step begins, each with the line of its recurrence."""
    first, cycle = step.first.toordinal(), step.cycle
    if not step.doses:
        return
    if cycle is None and each == "step":
        yield _run(first, step.days)
    elif cycle is None:
        days = map(date.fromordinal, range(first, first + step.days))
        yield from [(day.isoformat().replace("-", ""), "") for day in days]
    else:
        on = [n for n in range(step.days) if cycle.is_on(step.position + n)]
        yield from _turns(first, on, step.position, cycle, each)


def _turns(
    first: int, on: Sequence[int], position: int, cycle: Cycle, each: Literal["day", "step"]
) -> Iterator[tuple[str, str]]:
    """The same of a step with days off: ``on`` are its days with a dose, from 0."""
    if each == "day" or not on:
        yield from (_run(first + n, 1) for n in on)
    elif cycle.days_on == 1:
        yield _run(first + on[0], len(on), cycle.days)
    else:
        for _, turn in groupby(on, key=lambda n: (position + n) // cycle.days):
            begin, *more = turn
            yield _run(first + begin, 1 + len(more))


def _run(first: int, days: int, every: int = 1) -> tuple[str, str]:
    """So many days from a day on, every so many days."""
    interval = f"INTERVAL={every};" if every > 1 else ""
    rule = f"{END}RRULE:FREQ=DAILY;{interval}COUNT={days}" if days > 1 else ""
    return digits(date.fromordinal(first)), rule


def digits(day: date) -> str:
    """A date as iCalendar writes it: 20270104."""
    return day.isoformat().replace("-", "")
