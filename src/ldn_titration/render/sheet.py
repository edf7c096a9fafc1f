"""The preparation sheet, before any layout: how it is made, measured and taken."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ldn_titration import sig
from ldn_titration.days import PlannedDose, PlanStep, phases
from ldn_titration.knowledge import policy
from ldn_titration.plan import DRUG, Plan
from ldn_titration.preparation import Drops, OralSolution, Preparation
from ldn_titration.quantities import Mass
from ldn_titration.words import (
    REMINDERS,
    Table,
    dropper_band,
    how_often,
    preparation_words,
    publishers,
)

__all__ = ["Sheet", "preparation_sheets"]


class Sheet(NamedTuple):
    """A sheet: lines of (what, value), a table, and sentences."""

    heading: str
    facts: tuple[tuple[str, str], ...]
    table: Table
    notes: tuple[str, ...]


def preparation_sheets(plan: Plan) -> tuple[Sheet, ...]:
    """How each preparation is made and measured, and what each step takes of it."""
    return tuple(
        _sheet(plan, same, str(same[0].first) if place else "")
        for place, same in enumerate(phases(plan.steps))
    )


def _sheet(plan: Plan, phase: Sequence[PlanStep], since: str) -> Sheet:
    preparation, steps = phase[0].preparation, [step for step in phase if step.doses]
    facts = [("Drug", f"{DRUG} (doses are of the hydrochloride)"), *_recipe(preparation)]
    facts += [("When", how_often(plan).capitalize()), *_dates(preparation)]
    notes = tuple(_notes(preparation, steps))
    heading = f"Preparation sheet, from {since}" if since else "Preparation sheet"
    return Sheet(heading, tuple(facts), _reading_table(preparation, steps), notes)


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


def _reading_table(preparation: Preparation, steps: Sequence[PlanStep]) -> Table:
    columns = ["Step", "Days", "Dose", "Take"]
    taken: dict[tuple[int, PlannedDose], list[PlanStep]] = {}
    for step in steps:
        for dose in dict.fromkeys(step.doses):
            taken.setdefault((step.step, dose), []).append(step)
    doses = [(same[0], dose) for (_, dose), same in taken.items()]
    rows = [
        [
            str(number),
            str(sum(s.days for s in same)),
            sig.about(dose.dose),
            _take_words(same[0], dose),
        ]
        for (number, dose), same in taken.items()
    ]
    if isinstance(preparation, Drops):
        tolerance = policy("dropper_tolerance")
        columns.append(f"Within {tolerance.value} %")
        low, high = preparation.band(1, tolerance.share)
        for row, (_, dose) in zip(rows, doses, strict=True):
            drops = dose.reading.drops or 0
            row.append(sig.about_range(low * drops, high * drops))
    return Table("What each step takes", columns, rows)


def _take_words(step: PlanStep, dose: PlannedDose) -> str:
    """What to take and when, or how many times a day."""
    words = sig.take(dose.reading, sig.about)
    words = f"{words}, {step.cycle}" if step.cycle else words
    if dose.time_of_day:
        return f"{words} {sig.time_words(dose.time_of_day)}"
    times = step.doses.count(dose)
    return f"{words}, {times} times a day" if times > 1 else words


def _notes(preparation: Preparation, steps: Sequence[PlanStep]) -> Iterator[str]:
    if isinstance(preparation, Drops) and steps:
        error = policy("dropper_volume_error")
        most = max(d.reading.drops or 0 for step in steps for d in step.doses)
        low, high = preparation.band(most, error.share)
        yield dropper_band(preparation)
        yield (
            f"Even a calibrated dropper may err by {error.value} % in volume "
            f"({publishers(error.sources)}): {sig.count(most, 'drop')} may hold "
            f"{sig.about_range(low, high)}. A syringe in mL is more exact than many drops."
        )
    yield from REMINDERS
