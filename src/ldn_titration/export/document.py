"""The plan as JSON, one line a step and a day, in the shape of the published schema."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import Field

from ldn_titration import sig
from ldn_titration.days import PlannedDose, PlanStep
from ldn_titration.diary import Diary
from ldn_titration.findings import Override, Screening
from ldn_titration.plan import DRUG, Plan
from ldn_titration.quantities import Mass
from ldn_titration.reading import Reading
from ldn_titration.values import PlainDate, Value

__all__ = ["PLAN_SCHEMA", "PlanDocument", "plan_json", "plan_schema"]

PLAN_SCHEMA = "ldn-titration/plan/1"


def plan_json(plan: Plan) -> str:
    """The plan as JSON text; every figure exact, the same bytes for the same plan."""
    screening = plan.screening.model_dump_json(by_alias=True)
    overrides = [each.model_dump(mode="json") for each in plan.screening.overrides]
    written: dict[_Key, str] = {}
    steps = [_step_line(step, _step_cells(plan, step, written)) for step in plan.steps]
    return (
        f'{{"schema": "{PLAN_SCHEMA}",\n'
        f' "status": "{plan.status}",\n'
        f' "drug": "{DRUG}",\n'
        f' "time_of_day": {_json(plan.regimen.time_of_day)},\n'
        f' "screening": {screening},\n'
        f' "overrides": {_json(overrides)},\n'
        f"{_diary(plan)}"
        f' "steps": [\n  {_lines(steps)}\n ],\n'
        f' "days": [\n  {_lines(_day_lines(plan, written))}\n ],\n'
        f' "totals": {_json(_totals(plan))}}}\n'
    )


_json = json.JSONEncoder(ensure_ascii=False).encode


def _lines(texts: Iterable[str]) -> str:
    return ",\n  ".join(texts)


def _diary(plan: Plan) -> str:
    """What happened, where anything is told."""
    told = [event.model_dump_json(exclude_none=True) for event in plan.diary]
    return f' "diary": [\n  {_lines(told)}\n ],\n' if told else ""


def _totals(plan: Plan) -> dict[str, Any]:
    totals = plan.totals
    summed: dict[str, Any] = {"days": totals.days, "dose": str(totals.dose), "units": totals.units}
    if len(totals.readings) > 1:
        summed["by_preparation"] = [
            {"preparation": str(preparation), "dose": str(reading.dose), "units": reading.units}
            for preparation, reading in totals.readings
        ]
    return summed


def _step_line(step: PlanStep, cells: str) -> str:
    dates = f'"from": "{step.first}", "to": "{step.last}", "days": {step.days}'
    more = {"earliest_next": step.earliest_next, "only_if": step.only_if}
    told = {name: str(value) for name, value in more.items() if value and step.doses}
    return f'{{"step": {step.step}, {dates}, {cells}{_also(told)}}}'


def _step_cells(plan: Plan, step: PlanStep, written: dict[_Key, str]) -> str:
    take = step.take if step.cycle else plan[step.first_day - 1].take
    usual = plan.regimen.time_of_day
    return _cells(step.dose, take, step.reading, step.doses, step.why, usual, written)


def _also(told: dict[str, str]) -> str:
    return f", {_json(told)[1:-1]}" if told else ""


def _day_lines(plan: Plan, written: dict[_Key, str]) -> Iterable[str]:
    """One line a day; what the days of a step share is written once."""
    usual, doses, why, shared = plan.regimen.time_of_day, None, None, ""
    for row in plan:
        if row.doses is not doses or row.why is not why:
            doses, why = row.doses, row.why
            shared = _cells(row.dose, row.take, row.reading, row.doses, row.why, usual, written)
        on = row.date.isoformat()
        yield f'{{"day": {row.day}, "date": "{on}", "step": {row.step}, {shared}}}'


_Key = tuple[int, str, str]


def _cells(
    dose: Mass | None,
    take: str,
    reading: Reading | None,
    doses: tuple[PlannedDose, ...],
    why: str,
    usual: str | None,
    written: dict[_Key, str],
) -> str:
    """What is taken; its doses one by one unless it is one at the usual time."""
    key = id(doses), take, why
    if key in written:
        return written[key]
    units = {} if reading is None else reading.units
    cells: dict[str, Any] = {"dose": None if dose is None else str(dose), "take": take}
    cells["units"] = units
    if len(doses) > 1 or (doses and doses[0].time_of_day != usual):
        cells["doses"] = [_dose(each) for each in doses]
    if why:
        cells["why"] = why
    written[key] = _json(cells)[1:-1]
    return written[key]


def _dose(planned: PlannedDose) -> dict[str, Any]:
    return {
        "time_of_day": planned.time_of_day,
        "dose": str(planned.dose),
        "take": sig.take(planned.reading),
        "units": planned.reading.units,
    }


# --- the published shape --------------------------------------------------------------


class UnitCounts(Value):
    """What is taken: capsules or tablets by strength, drops, a volume; nothing on a day off."""

    capsules: dict[str, int] | None = None
    tablets: dict[str, str] | None = None
    drops: int | None = None
    volume: str | None = None


class DoseEntry(Value):
    """One dose of a day with several."""

    time_of_day: str | None
    dose: str
    take: str
    units: UnitCounts


class StepEntry(Value):
    """One step of the plan, with its first and last day."""

    step: int
    from_: Annotated[PlainDate, Field(alias="from")]
    to: PlainDate
    days: int
    dose: str | None
    take: str
    units: UnitCounts
    doses: tuple[DoseEntry, ...] | None = None
    why: str | None = None
    earliest_next: PlainDate | None = None
    only_if: str | None = None


class DayEntry(Value):
    """One day of the plan; ``dose`` is null where nothing is taken."""

    day: int
    date: PlainDate
    step: int
    dose: str | None
    take: str
    units: UnitCounts
    doses: tuple[DoseEntry, ...] | None = None
    why: str | None = None


class PreparationTotals(Value):
    """What is taken of one preparation, where it was switched."""

    preparation: str
    dose: str
    units: UnitCounts


class TotalsEntry(Value):
    """The whole plan added up."""

    days: int
    dose: str
    units: UnitCounts
    by_preparation: tuple[PreparationTotals, ...] | None = None


class PlanDocument(Value):
    """A plan as JSON, as another program reads it.

    ``time_of_day`` is when a dose is taken that does not tell its own.
    """

    schema_: Annotated[Literal["ldn-titration/plan/1"], Field(alias="schema")]
    status: Literal["cleared", "draft"]
    drug: str
    time_of_day: str | None = None
    screening: Screening
    overrides: tuple[Override, ...]
    diary: Diary = ()
    steps: tuple[StepEntry, ...]
    days: tuple[DayEntry, ...]
    totals: TotalsEntry


def plan_schema() -> dict[str, Any]:
    """The JSON Schema of a plan."""
    return PlanDocument.model_json_schema(by_alias=True)
