"""The plan as month grids, before any layout: what stands in each cell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import pairwise
from typing import NamedTuple

from ldn_titration import sig
from ldn_titration.days import PlannedDose, PlanStep
from ldn_titration.diary import Stopped
from ldn_titration.plan import Plan
from ldn_titration.preparation import Preparation
from ldn_titration.quantities import Mass
from ldn_titration.render.pharmacy import supply_notes
from ldn_titration.render.words import (
    MONTHS,
    REMINDERS,
    WEEKDAYS,
    day_words,
    dropper_bands,
    preparation_words,
    times_differ,
    unbroken,
)
from ldn_titration.supply import Supply

__all__ = ["Cell", "Grid", "Note", "calendar", "calendar_note"]


class Note(NamedTuple):
    """What is due on a day, in a few words, and the boxes to tick for it."""

    text: str
    ticks: tuple[str, ...] = ()


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


def _notes(plan: Plan, needed: Supply | None) -> dict[date, tuple[Note, ...]]:
    """What is due on each day, in a few words; each once."""
    found: dict[date, dict[Note, None]] = {}
    supplied = supply_notes(needed) if needed else ()
    notes = (*_plan_notes(plan), *((on, Note(text)) for on, text in supplied))
    for on, note in (*notes, *_due_notes(plan, needed)):
        found.setdefault(on, {})[note._replace(text=unbroken(note.text))] = None
    return {on: tuple(notes) for on, notes in found.items()}


def _due_notes(plan: Plan, needed: Supply | None) -> Iterator[tuple[date, Note]]:
    """The dated notes of the rules; of bottles the supply tells more."""
    for due in plan.screening.milestones:
        if due.code == _BEYOND_USE and needed is not None:
            continue
        last = due.until if due.until is not None and due.every_day else due.on
        note = Note(due.title, _REVIEW_TICKS if due.code == _REVIEW else ())
        for number in range(due.on.toordinal(), min(last, plan.end).toordinal() + 1):
            yield date.fromordinal(number), note


def _plan_notes(plan: Plan) -> Iterator[tuple[date, Note]]:
    """What the steps ask for: a switch, a check before a step, a step that may begin."""
    for (_, old), (on, new) in pairwise(plan.preparations):
        yield on, Note(f"SWITCH: stop the {_noun(old)}. From now {preparation_words(new)}")
    for step in plan.steps:
        if step.only_if:
            yield step.first, Note(f"Only if {step.only_if}", ("checked",))
        if step.earliest_next is not None and not step.is_open:
            yield step.earliest_next, Note(f"Next step possible{_condition(plan, step)}")
    for finding in plan.screening.findings:
        back = _first_dose(plan, finding.clears_on) if finding.code == _OPIOID else None
        if back is not None:
            yield back, Note("Only if no opioid was taken since", ("checked",))
    for event in plan.diary:
        if isinstance(event, Stopped):
            yield plan.end, Note(f"STOP: last day ({event.why})")


def _noun(preparation: Preparation) -> str:
    """What is taken, in a word."""
    return {"oral_solution": "liquid"}.get(preparation.form, preparation.form)


def _condition(plan: Plan, step: PlanStep) -> str:
    """What is checked before the next step, where something is."""
    check = plan.regimen.steps[step.step].only_if if step.step < len(plan.regimen.steps) else None
    return f", only if {check}" if check else ""


def _first_dose(plan: Plan, since: date | None) -> date | None:
    """The first day of a step with a dose, from that day on; None where there is none."""
    firsts = (step.first for step in plan.steps if step.doses)
    return next((on for on in firsts if since is not None and on >= since), None)


_BEYOND_USE, _REVIEW, _OPIOID = "BUD-01", "MON-01", "DIA-01"
_REVIEW_TICKS = ("continue", "stop")


def _doses(doses: tuple[PlannedDose, ...], timed: bool) -> tuple[tuple[str, str, str], ...]:
    def words(place: int) -> tuple[str, str, str]:
        dose = doses[place]
        lead, rest = sig.take_parts(dose.reading, sig.about)
        several = len(doses) > 1
        time = dose.time_of_day if several or timed else None
        return time or (f"dose {place + 1}" if several else ""), unbroken(lead), unbroken(rest)

    return tuple(words(place) for place in range(len(doses)))


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
