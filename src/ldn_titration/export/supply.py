"""The supply of a plan as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from ldn_titration.bottles import Bottle
from ldn_titration.fills import Counts, Fill
from ldn_titration.findings import Finding
from ldn_titration.plan import DRUG, Plan
from ldn_titration.quantities import Volume
from ldn_titration.supply import PreparationSupply, Supply

__all__ = ["SUPPLY_SCHEMA", "supply_json"]

SUPPLY_SCHEMA = "ldn-titration/supply/1"


def supply_json(plan: Plan, needed: Supply, findings: Sequence[Finding] = ()) -> str:
    """The supply as JSON text; of a plan with a switch, one part for each preparation.

    ``findings`` are what an order was found to lack.
    """
    screening = plan.screening
    told: dict[str, Any] = {"schema": SUPPLY_SCHEMA, "status": plan.status, "drug": DRUG}
    told["verdict"] = str(screening.verdict)
    if any(not part.is_counted for part in needed.parts):
        told["bottles"] = [_bottle(bottle) for bottle in needed.bottles]
    for part in needed.parts:
        if part.is_counted:
            told[part.preparation.form] = _merged(told, part)
    for name, of in (("dispense", _dispense), ("totals", _totals)):
        parts = [{"preparation": str(part.preparation), **of(part)} for part in needed.parts]
        told[name] = of(needed.parts[0]) if len(parts) == 1 else {"parts": parts}
    told["findings"] = [finding.model_dump(mode="json") for finding in findings]
    told["of_plan"] = [f.model_dump(mode="json") for f in screening.findings if f.code != "FACT-01"]
    told["knowledge"] = screening.knowledge.model_dump(mode="json")
    return json.dumps(told, ensure_ascii=False, indent=1) + "\n"


def _merged(told: dict[str, Any], part: PreparationSupply) -> Any:
    """The counts by strength, added to those of an earlier preparation of the same form."""
    before = told.get(part.preparation.form, {})
    counts = _amount(part.dispense.quantity)
    return {
        strength: _sum(before.get(strength), counts.get(strength)) for strength in before | counts
    }


def _sum(first: int | None, second: int | None) -> int:
    return (first or 0) + (second or 0)


def _bottle(bottle: Bottle) -> dict[str, Any]:
    told = {name: _plain(value) for name, value in bottle._asdict().items()}
    if not bottle.begins_at:
        del told["begins_at"]
    return told


def _plain(value: object) -> object:
    return value if isinstance(value, int) else str(value)


def _totals(part: PreparationSupply) -> dict[str, Any]:
    return {name: _amount(value) for name, value in part.totals._asdict().items()}


def _dispense(part: PreparationSupply) -> dict[str, Any]:
    dispense = part.dispense
    told: dict[str, Any] = {
        "quantity": _amount(dispense.quantity),
        "days_supply": dispense.days_supply,
        "refills": dispense.refills,
        "slow_end": _amount(dispense.slow_end),
        "fast_end": _amount(dispense.fast_end),
        "order_on": [str(day) for day in part.orders],
    }
    if part.is_counted:
        told["fills"] = [_fill(fill) for fill in part.fills]
        told["best_strengths"] = [str(strength) for strength in part.best]
    else:
        told["bottles"] = dispense.bottles
        told["beyond_use_days"] = part.preparation.beyond_use_days
    return told


def _fill(fill: Fill) -> dict[str, Any]:
    days = {"from": str(fill.first), "to": str(fill.last), "days_supply": fill.days_supply}
    ordered = {"order_on": str(fill.order_on)}
    return {"fill": fill.fill, **ordered, **days, "quantity": _amount(fill.counts)}


def _amount(amount: Volume | Counts) -> Any:
    """A volume as text; counts by strength as whole numbers, or text where a part is left."""
    if not isinstance(amount, tuple):
        return str(amount)
    return {
        str(strength): int(count) if count.denominator == 1 else str(count)
        for strength, count in amount
    }
