"""The FHIR export, directly: figures worked out by hand, and what our models refuse."""

from __future__ import annotations

from typing import Any

import pytest

from ldn_titration import Capsules, Drops, InvalidInputError, OralSolution, Plan, Regimen, schedule
from ldn_titration.export.fhir import plan_fhir
from readers import fhir_tree

MONDAY = "2027-01-04"
CAPSULES = Capsules(strengths=["1.5 mg", "3 mg"], beyond_use_days=180)
LIQUID = OralSolution(concentration="1 mg/mL", graduation="0.1 mL")


def resources(plan: Plan, kind: str = "MedicationRequest") -> list[dict[str, Any]]:
    found = [entry["resource"] for entry in fhir_tree(plan_fhir(plan))["entry"]]
    return [resource for resource in found if resource["resourceType"] == kind]


def request_of(plan: Plan) -> dict[str, Any]:
    (request,) = resources(plan)
    return request


def words_of(plan: Plan) -> list[tuple[int, str]]:
    return [(d["sequence"], d["text"]) for r in resources(plan) for d in r["dosageInstruction"]]


def one_step(preparation: Any, days: int = 7, **step: Any) -> Plan:
    return schedule(Regimen(steps=[{"days": days, **step}]), preparation, MONDAY)


# --- what cannot be said in FHIR, or not simply ---------------------------------------


def test_two_doses_every_other_day_are_told_day_by_day() -> None:
    """ "2 times in 2 days" would not tell on which of them, so each dose day is a dosage."""
    cycle = {"days_on": 1, "days_off": 1}
    plan = one_step(LIQUID, 5, dose="1 mg", doses_per_day=2, cycle=cycle)
    assert words_of(plan) == [
        (n, f"Take 1 mL (1 mg) twice a day, from {day} to {day}")
        for n, day in enumerate(("2027-01-04", "2027-01-06", "2027-01-08"), 1)
    ]


def test_a_supply_that_is_no_decimal_is_counted_in_drops_or_left_out() -> None:
    """7 drops of 1/12 mL are 7/12 mL; 7 times 1/3 mL is 7/3 mL, and in no whole drops."""
    drops = Drops(concentration="1 mg/mL", drops_per_mL=12, beyond_use_days=30)
    quantity = request_of(one_step(drops, dose="1/12 mg"))["dispenseRequest"]["quantity"]
    assert (quantity["value"], quantity["unit"], quantity["code"]) == (7, "drops", "{drop}")
    thirds = OralSolution(concentration="3 mg/mL", graduation="1/3 mL", beyond_use_days=30)
    assert "dispenseRequest" not in request_of(one_step(thirds, dose="1 mg"))


def test_a_plan_without_a_dose_is_refused() -> None:
    missed = {"event": "missed", "on": MONDAY}
    plan = schedule(Regimen(steps=[{"dose": "1 mg"}]), LIQUID, MONDAY, days=1, diary=[missed])
    with pytest.raises(InvalidInputError, match=r"^plan: has no day with a dose"):
        plan_fhir(plan)
