"""The plan as month grids, before any layout: what stands in each cell."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator, Sequence
from datetime import date
from typing import NamedTuple

from ldn_titration import sig
from ldn_titration.days import PlannedDose, PlanStep
from ldn_titration.due import Note, due_notes
from ldn_titration.plan import Plan
from ldn_titration.supply import Supply
from ldn_titration.words import (
    MONTHS,
    REMINDERS,
    WEEKDAYS,
    dropper_bands,
    times_differ,
)

__all__ = ["Cell", "Grid", "Taken", "calendar", "calendar_note"]


Taken = tuple[tuple[str, str, str], ...]
"""What is taken on a day: the time of each dose, what to take, and what stands in brackets."""


class Cell(NamedTuple):
    """One day of a calendar.

    ``change`` is "", "start", "up", "down", "change" or "again", on the first day of a step;
    ``why`` tells why it is not simply the regimen's day; ``notes`` are what is due on it.
    """

    label: str
    on: date
    change: str
    doses: Taken
    why: str
    notes: tuple[Note, ...]


class Grid(NamedTuple):
    """A month (or, without dates, a run of weeks): rows of seven cells, None where empty."""

    heading: str
    columns: tuple[str, ...]
    weeks: tuple[tuple[Cell | None, ...], ...]


def calendar(
    plan: Plan, needed: Supply | None = None, *, dateless: bool = False
) -> tuple[Grid, ...]:
    """The plan as month grids, weeks from Monday; without dates, four weeks to a grid.

    ``needed`` is its supply, whose bottles and fills are noted on their days.
    """
    cells = _cells(plan, needed, dateless)
    if dateless:
        return tuple(_numbered_grid(cells[at : at + 28], at) for at in range(0, len(cells), 28))
    return tuple(_month_grids(cells))


def _cells(plan: Plan, needed: Supply | None, dateless: bool) -> list[Cell]:
    """Every day. Written out for speed: what a step takes is said once."""
    timed = times_differ(plan)
    known: dict[int, Taken] = {}
    last: tuple[PlannedDose, ...] | None = None
    doses: Taken = ()
    special, cells = _special_days(plan, needed), []
    for number, on, _, _, _, take, _, taken, _, reason in plan:
        if taken is not last:
            last = taken
            doses = known[id(taken)] = known.get(id(taken)) or _doses(taken, timed, take)
        label = f"Day {number}" if dateless else _NUMBERS[on.day]
        change, why, notes = special.get(on) or _USUAL
        if why is None:
            why = "" if taken else reason
        cells.append(_new(Cell, (label, on, change, doses, why, notes)))
    return cells


_new = tuple.__new__
_Special = tuple[str, str | None, tuple[Note, ...]]
_USUAL: _Special = ("", None, ())
_NUMBERS = tuple(map(str, range(32)))


def _special_days(plan: Plan, needed: Supply | None) -> dict[date, _Special]:
    """The days that begin a step or on which something is due: change, why (None: as usual)."""
    due = due_notes(plan, needed)
    special: dict[date, _Special] = {on: ("", None, notes) for on, notes in due.items()}
    for on, (change, why) in _first_days(plan):
        special[on] = change, why, due.get(on, ())
    return special


def _first_days(plan: Plan) -> Iterator[tuple[date, tuple[str, str]]]:
    """The first day of each step: what it brings (a start, another dose), and why."""
    last: PlanStep | None = None
    waiting = False
    for step in plan.steps:
        change = _change(step, last, waiting) if step.doses else ""
        yield step.first, (change, step.why)
        last, waiting = step if step.doses else last, not step.doses


def _change(step: PlanStep, before: PlanStep | None, waiting: bool) -> str:
    now, last = step.dose, before and before.dose
    if before is None or now is None or last is None:
        return "start"
    if now != last:
        return "up" if now > last else "down"
    if step.doses != before.doses:
        return "change"
    return "again" if waiting else ""


def _doses(doses: tuple[PlannedDose, ...], timed: bool, take: str) -> Taken:
    """What is taken on a day; a single dose without a fraction is said as the day says it."""
    if len(doses) == 1 and not timed and "/" not in take:
        lead, rest = take[:-1].split(" (", 1)
        return (("", lead, rest),)
    several, said = len(doses) > 1, []
    for place, (time, reading) in enumerate(doses, 1):
        lead, rest = sig.take_parts(reading, sig.about)
        shown = time if several or timed else None
        said.append((shown or (f"dose {place}" if several else ""), lead, rest))
    return tuple(said)


def _month_grids(cells: Sequence[Cell]) -> Iterator[Grid]:
    at = 0
    while at < len(cells):
        first = cells[at].on
        length = monthrange(first.year, first.month)[1]
        days = cells[at : at + length + 1 - first.day]
        lead: list[Cell | None] = [None] * first.weekday()
        trail: list[Cell | None] = [None] * (-(len(lead) + len(days)) % 7)
        heading = f"{MONTHS[first.month - 1]} {first.year}"
        yield Grid(heading, WEEKDAYS, _rows([*lead, *days, *trail]))
        at += len(days)


def _numbered_grid(days: list[Cell], at: int) -> Grid:
    trail: list[Cell | None] = [None] * (-len(days) % 7)
    return Grid(f"Days {at + 1} to {at + len(days)}", _ORDINALS, _rows([*days, *trail]))


_ORDINALS = ("1st day", "2nd day", "3rd day", "4th day", "5th day", "6th day", "7th day")


def _rows(cells: Sequence[Cell | None]) -> tuple[tuple[Cell | None, ...], ...]:
    return tuple(tuple(cells[at : at + 7]) for at in range(0, len(cells), 7))


def calendar_note(plan: Plan) -> str:
    """What stands under every grid of the calendar: the dropper's band, and two reminders."""
    return " ".join(filter(None, (dropper_bands(plan), *REMINDERS)))
