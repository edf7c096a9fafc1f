"""The plan as month grids, before any layout: what stands in each cell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import NamedTuple

from ldn_titration import sig
from ldn_titration.plan import Plan, PlanStep
from ldn_titration.render.words import (
    MONTHS,
    REMINDERS,
    WEEKDAYS,
    day_words,
    dropper_band,
    times_differ,
    unbroken,
)

__all__ = ["Cell", "Grid", "calendar", "calendar_note"]


class Cell(NamedTuple):
    """One day of a calendar. ``doses`` are (time, what to take, what stands in brackets).

    ``change`` is "", "start", "up", "down" or "change", on the first day of a step;
    ``notes`` are what is due on that day, in a few words each.
    """

    label: str
    words: str
    on: date
    change: str
    doses: tuple[tuple[str, str, str], ...]
    notes: tuple[str, ...]


class Grid(NamedTuple):
    """A month (or, without dates, a run of weeks): rows of seven cells, None where empty."""

    heading: str
    columns: tuple[str, ...]
    weeks: tuple[tuple[Cell | None, ...], ...]


def calendar(plan: Plan, *, dateless: bool = False) -> tuple[Grid, ...]:
    """The plan as month grids, weeks from Monday; without dates, four weeks to a grid."""
    cells = list(_cells(plan, dateless))
    if dateless:
        return tuple(_numbered_grid(cells[at : at + 28], at) for at in range(0, len(cells), 28))
    months: dict[tuple[int, int], list[Cell]] = {}
    for cell in cells:
        months.setdefault((cell.on.year, cell.on.month), []).append(cell)
    return tuple(_month_grid(year, month, days) for (year, month), days in months.items())


def _cells(plan: Plan, dateless: bool) -> Iterator[Cell]:
    timed = times_differ(plan)
    doses = {step.step: _step_doses(step, timed) for step in plan.steps}
    changes = {step.step: _change(plan, step) for step in plan.steps}
    notes = _notes(plan)
    for day in plan:
        change = changes[day.step] if day.day_of_step == 1 else ""
        label = f"Day {day.day}" if dateless else str(day.date.day)
        words = label if dateless else day_words(day.date)
        due = notes.get(day.date, ())
        yield Cell(label, words, day.date, change, doses[day.step], due)


def _notes(plan: Plan) -> dict[date, tuple[str, ...]]:
    """What is due on each day, in a few words; each once."""
    found: dict[date, tuple[str, ...]] = {}
    for due in plan.screening.milestones:
        last = due.until if due.until is not None and due.every_day else due.on
        for number in range(due.on.toordinal(), min(last, plan.end).toordinal() + 1):
            on = date.fromordinal(number)
            if due.title not in found.get(on, ()):
                found[on] = (*found.get(on, ()), due.title)
    return found


def _step_doses(step: PlanStep, timed: bool) -> tuple[tuple[str, str, str], ...]:
    def words(place: int) -> tuple[str, str, str]:
        dose = step.doses[place]
        lead, rest = sig.take_parts(dose.reading, sig.about)
        several = len(step.doses) > 1
        time = dose.time_of_day if several or timed else None
        return time or (f"dose {place + 1}" if several else ""), unbroken(lead), unbroken(rest)

    return tuple(words(place) for place in range(len(step.doses)))


def _change(plan: Plan, step: PlanStep) -> str:
    if step.step == 1:
        return "start"
    before = plan.steps[step.step - 2]
    if step.doses == before.doses:
        return ""
    return "up" if step.dose > before.dose else "down" if step.dose < before.dose else "change"


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
    return unbroken(" ".join(filter(None, (dropper_band(plan), *REMINDERS))))
