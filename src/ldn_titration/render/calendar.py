"""The plan as month grids, before any layout: what stands in each cell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import NamedTuple

from ldn_titration import sig
from ldn_titration.days import PlannedDose
from ldn_titration.due import Note, due_notes
from ldn_titration.plan import Plan
from ldn_titration.quantities import Mass
from ldn_titration.supply import Supply
from ldn_titration.words import (
    MONTHS,
    REMINDERS,
    WEEKDAYS,
    day_words,
    dropper_bands,
    times_differ,
    unbroken,
)

__all__ = ["Cell", "Grid", "calendar", "calendar_note"]


class Cell(NamedTuple):
    """One day of a calendar. ``doses`` are (time, what to take, what stands in brackets).

    ``change`` is "", "start", "up", "down", "change" or "again", on the first day of a step;
    ``why`` tells why it is not simply the regimen's day; ``notes`` are what is due on it.
    """

    label: str
    words: str
    on: date
    change: str
    doses: tuple[tuple[str, str, str], ...]
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
    cells = list(_cells(plan, needed, dateless))
    if dateless:
        return tuple(_numbered_grid(cells[at : at + 28], at) for at in range(0, len(cells), 28))
    months: dict[tuple[int, int], list[Cell]] = {}
    for cell in cells:
        months.setdefault((cell.on.year, cell.on.month), []).append(cell)
    return tuple(_month_grid(year, month, days) for (year, month), days in months.items())


def _cells(plan: Plan, needed: Supply | None, dateless: bool) -> Iterator[Cell]:
    timed = times_differ(plan)
    written: dict[int, tuple[tuple[str, str, str], ...]] = {}
    firsts, notes = dict(_first_days(plan)), _notes(plan, needed)
    for day in plan:
        doses = written.get(id(day.doses))
        if doses is None:
            doses = written[id(day.doses)] = _doses(day.doses, timed)
        change, why = firsts.get(day.date, ("", "" if day.doses else day.why))
        label = f"Day {day.day}" if dateless else str(day.date.day)
        words = label if dateless else day_words(day.date)
        yield Cell(label, words, day.date, change, doses, why, notes.get(day.date, ()))


def _first_days(plan: Plan) -> Iterator[tuple[date, tuple[str, str]]]:
    """The first day of each step: what it brings (a start, another dose), and why."""
    last: tuple[PlannedDose, ...] = ()
    waiting = False
    for step in plan.steps:
        change = _change(step.doses, last, waiting) if step.doses else ""
        yield step.first, (change, step.why)
        last, waiting = step.doses or last, not step.doses


def _change(doses: tuple[PlannedDose, ...], before: tuple[PlannedDose, ...], waiting: bool) -> str:
    if not before:
        return "start"
    now, last = (Mass.total((dose.dose, 1) for dose in each) for each in (doses, before))
    if now != last:
        return "up" if now > last else "down"
    if doses != before:
        return "change"
    return "again" if waiting else ""


def _doses(doses: tuple[PlannedDose, ...], timed: bool) -> tuple[tuple[str, str, str], ...]:
    def words(place: int) -> tuple[str, str, str]:
        dose = doses[place]
        lead, rest = sig.take_parts(dose.reading, sig.about)
        several = len(doses) > 1
        time = dose.time_of_day if several or timed else None
        return time or (f"dose {place + 1}" if several else ""), unbroken(lead), unbroken(rest)

    return tuple(words(place) for place in range(len(doses)))


def _notes(plan: Plan, needed: Supply | None) -> dict[date, tuple[Note, ...]]:
    """What is due on each day, its quantities unbroken."""
    due = due_notes(plan, needed)
    return {on: tuple(n._replace(text=unbroken(n.text)) for n in due[on]) for on in due}


def _month_grid(year: int, month: int, days: list[Cell]) -> Grid:
    first, last = days[0].on, days[-1].on
    lead: list[Cell | None] = [None] * first.weekday()
    trail: list[Cell | None] = [None] * (6 - last.weekday())
    return Grid(f"{MONTHS[month - 1]} {year}", WEEKDAYS, _rows([*lead, *days, *trail]))


def _numbered_grid(days: list[Cell], at: int) -> Grid:
    trail: list[Cell | None] = [None] * (-len(days) % 7)
    return Grid(f"Days {at + 1} to {at + len(days)}", _ORDINALS, _rows([*days, *trail]))


_ORDINALS = ("1st day", "2nd day", "3rd day", "4th day", "5th day", "6th day", "7th day")


def _rows(cells: Sequence[Cell | None]) -> tuple[tuple[Cell | None, ...], ...]:
    return tuple(tuple(cells[at : at + 7]) for at in range(0, len(cells), 7))


def calendar_note(plan: Plan) -> str:
    """What stands under every grid of the calendar: the dropper's band, and two reminders."""
    return unbroken(" ".join(filter(None, (dropper_bands(plan), *REMINDERS))))
