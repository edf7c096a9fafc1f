"""The plan as JSON, one line a step and a day, in the shape of the published schema."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import Field

from ldn_titration import sig
from ldn_titration.findings import Override, Screening
from ldn_titration.plan import DRUG, Plan, PlannedDose, PlanStep
from ldn_titration.values import PlainDate, Value

__all__ = ["PLAN_SCHEMA", "PlanDocument", "plan_json", "plan_schema"]

PLAN_SCHEMA = "ldn-titration/plan/1"


def plan_json(plan: Plan) -> str:
    """The plan as JSON text; every figure exact, the same bytes for the same plan."""
    screening = plan.screening.model_dump_json(by_alias=True)
    overrides = [each.model_dump(mode="json") for each in plan.screening.overrides]
    usual = plan.regimen.time_of_day
    cells = [_step_cells(step, plan[step.first_day - 1].take, usual) for step in plan.steps]
    steps = [_step_line(step, text) for step, text in zip(plan.steps, cells, strict=True)]
    totals = plan.totals
    summed = {"days": totals.days, "dose": str(totals.dose), "units": totals.units}
    return (
        f'{{"schema": "{PLAN_SCHEMA}",\n'
        f' "status": "{plan.status}",\n'
        f' "drug": "{DRUG}",\n'
        f' "screening": {screening},\n'
        f' "overrides": {_json(overrides)},\n'
        f' "steps": [\n  {_lines(steps)}\n ],\n'
        f' "days": [\n  {_lines(_day_lines(plan, cells))}\n ],\n'
        f' "totals": {_json(summed)}}}\n'
    )


_json = json.JSONEncoder(ensure_ascii=False).encode


def _lines(texts: Iterable[str]) -> str:
    return ",\n  ".join(texts)


def _step_line(step: PlanStep, cells: str) -> str:
    dates = f'"from": "{step.first}", "to": "{step.last}", "days": {step.days}'
    return f'{{"step": {step.step}, {dates}, {cells}}}'


def _day_lines(plan: Plan, cells: list[str]) -> Iterable[str]:
    for row in plan:
        shared = cells[row.step - 1]
        on = row.date.isoformat()
        yield f'{{"day": {row.day}, "date": "{on}", "step": {row.step}, {shared}}}'


def _step_cells(step: PlanStep, take: str, usual: str | None) -> str:
    """What a step and each of its days share; its doses one by one unless one at the usual time."""
    shared: dict[str, Any] = {
        "dose": str(step.dose),
        "take": take,
        "units": step.reading.units,
    }
    if len(step.doses) > 1 or step.doses[0].time_of_day != usual:
        shared["doses"] = [_dose(dose) for dose in step.doses]
    return _json(shared)[1:-1]


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
    dose: str
    take: str
    units: UnitCounts
    doses: tuple[DoseEntry, ...] | None = None


class DayEntry(Value):
    """One day of the plan; ``dose`` is null where nothing is taken."""

    day: int
    date: PlainDate
    step: int
    dose: str | None
    take: str
    units: UnitCounts
    doses: tuple[DoseEntry, ...] | None = None


class TotalsEntry(Value):
    """The whole plan added up."""

    days: int
    dose: str
    units: UnitCounts


class PlanDocument(Value):
    """A plan as JSON, as another program reads it."""

    schema_: Annotated[Literal["ldn-titration/plan/1"], Field(alias="schema")]
    status: Literal["cleared", "draft"]
    drug: str
    screening: Screening
    overrides: tuple[Override, ...]
    steps: tuple[StepEntry, ...]
    days: tuple[DayEntry, ...]
    totals: TotalsEntry


def plan_schema() -> dict[str, Any]:
    """The JSON Schema of a plan."""
    return PlanDocument.model_json_schema(by_alias=True)
