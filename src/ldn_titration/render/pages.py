"""What the printed pages say, before any layout: calendar, preparation sheet, clinician's page.

The HTML page and the PDF draw the same pages from here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import NamedTuple

from ldn_titration import sig
from ldn_titration.findings import Finding, Screening
from ldn_titration.knowledge import Source, knowledge, policy
from ldn_titration.patient import PatientFacts
from ldn_titration.preparation import Drops, OralSolution, Preparation
from ldn_titration.quantities import Mass
from ldn_titration.render.words import (
    directions,
    dropper_band,
    how_often,
    missing_words,
    preparation_words,
    publishers,
    times_differ,
    unbroken,
)
from ldn_titration.schedule import DRUG, Plan, PlannedDose, PlanStep

__all__ = [
    "WEEKDAYS",
    "Cell",
    "Grid",
    "Sheet",
    "Table",
    "calendar",
    "calendar_note",
    "day_words",
    "findings_table",
    "plan_facts",
    "preparation_sheet",
    "regimen_table",
    "sources_table",
    "verdict_words",
]

# The locale must not change a calendar, so the names are not taken from it.
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
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
)


class Cell(NamedTuple):
    """One day of a calendar. ``doses`` are (time, what to take, what stands in brackets).

    ``change`` is "", "start", "up", "down" or "change", on the first day of a step.
    """

    label: str
    words: str
    on: date
    change: str
    doses: tuple[tuple[str, str, str], ...]


class Grid(NamedTuple):
    """A month (or, without dates, a run of weeks): rows of seven cells, None where empty."""

    heading: str
    columns: tuple[str, ...]
    weeks: tuple[tuple[Cell | None, ...], ...]


class Table(NamedTuple):
    """A table: caption, column names, rows of text."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


class Sheet(NamedTuple):
    """A sheet: lines of (what, value), a table, and sentences."""

    heading: str
    facts: tuple[tuple[str, str], ...]
    table: Table
    notes: tuple[str, ...]


def day_words(day: date) -> str:
    """The date as people say it, the same in every locale: "Monday 4 January 2027"."""
    return f"{WEEKDAYS[day.weekday()]} {day.day} {MONTHS[day.month - 1]} {day.year}"


# --- the calendar ---------------------------------------------------------------------


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
    for day in plan:
        change = changes[day.step] if day.day_of_step == 1 else ""
        label = f"Day {day.day}" if dateless else str(day.date.day)
        words = label if dateless else day_words(day.date)
        yield Cell(label, words, day.date, change, doses[day.step])


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


# --- the preparation sheet ------------------------------------------------------------


def preparation_sheet(plan: Plan) -> Sheet:
    """How the preparation is made and measured, and what each step takes of it."""
    preparation = plan.preparation
    facts = [("Drug", f"{DRUG} (doses are of the hydrochloride)"), *_recipe(preparation)]
    facts += [("When", how_often(plan).capitalize()), *_dates(preparation)]
    tidy = tuple((name, unbroken(value)) for name, value in facts)
    notes = tuple(unbroken(note) for note in _notes(plan))
    return Sheet("Preparation sheet", tidy, _reading_table(plan), notes)


_BLANK = "________________"


def _recipe(preparation: Preparation) -> Iterator[tuple[str, str]]:
    if not isinstance(preparation, Drops | OralSolution):
        yield "Preparation", preparation_words(preparation)
        return
    if preparation.dilution is not None:
        dilution = preparation.dilution
        yield "Weigh or crush", f"{dilution.drug} of {DRUG}{_tablets(dilution.drug)}"
        yield "Make up to", f"{dilution.final_volume} in all, with {_BLANK} (not: that much added)"
    yield "Strength", sig.about(preparation.strength)
    settles = "; tablet powder settles" if preparation.dilution else ""
    yield "Before each dose", f"Shake well{settles}"
    if isinstance(preparation, Drops):
        yield "Dropper", f"{sig.about(preparation.drops_per_mL)}, nominal until it is counted"
        yield "Each drop", f"{sig.about(1 * preparation.drop)}"
        yield "Drops counted in 1 mL", f"{_BLANK} (with this dropper and this liquid)"
    else:
        yield "Syringe", f"marks of {sig.about(preparation.graduation)}"


def _tablets(drug: Mass) -> str:
    tablet = policy("commercial_tablet").mass
    count = drug / tablet
    if count.denominator != 1:
        return ", weighed"
    return f", weighed, or {sig.count(count, 'tablet')} of {tablet}, crushed"


def _dates(preparation: Preparation) -> Iterator[tuple[str, str]]:
    days = preparation.beyond_use_days
    if not days and not isinstance(preparation, Drops | OralSolution):
        return
    within = f"{sig.count(days, 'day')} after it is made" if days else "see the bottle's label"
    yield "Made on", f"{_BLANK} by {_BLANK} checked by {_BLANK}"
    yield "Discard on", f"{_BLANK} ({within})"


def _reading_table(plan: Plan) -> Table:
    preparation = plan.preparation
    columns = ["Step", "Days", "Dose", "Take"]
    doses = [(step, dose) for step in plan.steps for dose in dict.fromkeys(step.doses)]
    rows = [
        [str(step.step), str(step.days), sig.about(dose.dose), _take_words(step, dose)]
        for step, dose in doses
    ]
    if isinstance(preparation, Drops):
        tolerance = policy("dropper_tolerance")
        columns.append(f"Within {tolerance.value} %")
        low, high = preparation.band(1, tolerance.share)
        for row, (_, dose) in zip(rows, doses, strict=True):
            drops = dose.reading.drops or 0
            row.append(sig.about_range(low * drops, high * drops))
    tidy = tuple(tuple(unbroken(cell) for cell in row) for row in rows)
    return Table("What each step takes", tuple(columns), tidy)


def _take_words(step: PlanStep, dose: PlannedDose) -> str:
    """What to take and when, or how many times a day."""
    words = sig.take(dose.reading, sig.about)
    if dose.time_of_day:
        return f"{words} {sig.time_words(dose.time_of_day)}"
    times = step.doses.count(dose)
    return f"{words}, {times} times a day" if times > 1 else words


def _notes(plan: Plan) -> Iterator[str]:
    preparation = plan.preparation
    if isinstance(preparation, Drops):
        error = policy("dropper_volume_error")
        most = max(d.reading.drops or 0 for step in plan.steps for d in step.doses)
        low, high = preparation.band(most, error.share)
        yield dropper_band(plan)
        yield (
            f"Even a calibrated dropper may err by {error.value} % in volume "
            f"({publishers(error.sources)}): {sig.count(most, 'drop')} may hold "
            f"{sig.about_range(low, high)}. A syringe in mL is more exact than many drops."
        )
    yield from _REMINDERS


_REMINDERS = (
    "Never take two doses to make up for one that was missed.",
    "Before any opioid (painkiller, cough or diarrhoea medicine), say that you take naltrexone.",
)


def calendar_note(plan: Plan) -> str:
    """What stands under every grid of the calendar: the dropper's band, and two reminders."""
    return unbroken(" ".join(filter(None, (dropper_band(plan), *_REMINDERS))))


# --- the clinician's page -------------------------------------------------------------


def regimen_table(plan: Plan, *, dateless: bool = False) -> Table:
    """The steps with their first and last days."""

    def day(number: int, on: date) -> str:
        return f"Day {number}" if dateless else str(on)

    rows = tuple(
        tuple(
            unbroken(cell)
            for cell in (
                str(step.step),
                day(step.first_day, step.first),
                day(step.first_day + step.days - 1, step.last),
                str(step.days),
                sig.about(step.dose),
                directions(plan, step),
            )
        )
        for step in plan.steps
    )
    return Table("Regimen", ("Step", "From", "To", "Days", "Dose a day", "Take"), rows)


_ALWAYS_CITED = ("merative_naltrexone", "brief-004")  # never double; tell of naltrexone


def _cited(plan: Plan, findings: Sequence[Finding]) -> tuple[Source, ...]:
    """Every source that the pages of a plan rest on, each once, most trusted first."""
    keys = dict.fromkeys(key for finding in findings for key in finding.sources)
    keys.update(dict.fromkeys(_ALWAYS_CITED))
    if isinstance(plan.preparation, Drops):
        for row in ("dropper_tolerance", "dropper_volume_error"):
            keys.update(dict.fromkeys(policy(row).sources))
    if plan.regimen.cited is not None:
        keys[plan.regimen.cited.source] = None
    return tuple(sorted((knowledge().sources[key] for key in keys), key=lambda s: (s.tier, s.key)))


def plan_facts(plan: Plan, *, dateless: bool = False) -> tuple[tuple[str, str], ...]:
    """The plan in a few lines: dates, length, preparation, totals."""
    totals = plan.totals
    facts = [] if dateless else [("Dates", f"{day_words(plan.start)} to {day_words(plan.end)}")]
    facts += [
        ("Length", sig.count(totals.days, "day")),
        ("When", how_often(plan).capitalize()),
        ("Preparation", preparation_words(plan.preparation)),
        ("Total taken", sig.take(totals.reading, sig.about)),
    ]
    if plan.regimen.cited is not None:
        facts.insert(0, ("Protocol", f"{plan.regimen.cited.title} ({plan.regimen.protocol})"))
    return tuple((name, unbroken(value)) for name, value in facts)


def verdict_words(screening: Screening, patient: PatientFacts | None) -> str:
    """The verdict in a few sentences: for which start, assessed by whom, what is missing."""
    words = f"Screening for a start on {screening.start}: {str(screening.verdict).upper()}."
    if patient is not None and patient.assessed_by and patient.assessed_on:
        words += f" Assessed by {patient.assessed_by} on {patient.assessed_on}."
    if screening.not_before is not None:
        words += f" Opioid-free intervals allow a start from {screening.not_before}."
    if screening.missing:
        words += f" {missing_words(screening)}"
    return words


def findings_table(findings: Sequence[Finding]) -> Table:
    """The findings, worst first, with what to do and their sources."""
    columns = ("Code", "Severity", "Finding", "What to do", "Clears on", "Sources")
    rows = (
        (f.code, str(f.severity), f.message, f.action, str(f.clears_on or ""), ", ".join(f.sources))
        for f in findings
    )
    return Table("Findings", columns, tuple(tuple(map(unbroken, row)) for row in rows))


def sources_table(plan: Plan, findings: Sequence[Finding]) -> Table:
    """What the pages rest on, most trusted first."""
    rows = ((s.key, s.title, s.publisher, str(s.tier)) for s in _cited(plan, findings))
    return Table("Sources", ("Key", "Title", "Publisher", "Tier"), tuple(rows))
