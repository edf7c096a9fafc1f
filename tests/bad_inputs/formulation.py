"""Formulations: what capsules, tablets and bottles can give, and of which drug."""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction
from functools import partial
from typing import Any

from bad_inputs.case import Case, accepted, cli, good, refused, refused_request
from bad_inputs.doses import one_dose, refused_as_a_mass
from bad_inputs.drops import not_measurable, one
from ldn_titration import Capsules, Drops, Regimen, Tablets, schedule, supply
from ldn_titration.intake.plan import read_plan


def is_between_capsules(case: Case) -> None:
    capsules = {"form": "capsules", "strengths": case.input["capsules"]}
    not_measurable(one(case.input["dose"], capsules), "1.5 mg", "3 mg")


def has_no_strength(case: Case) -> None:
    none = case.input["capsules"]
    assert none == []
    for form in ("capsules", "tablets"):
        for strengths, said in ((none, "must not be empty"), (None, "must be a list")):
            preparation = {"form": form, "strengths": strengths}
            request = one(case.input["dose"], preparation)
            refused_request(request, "preparation.strengths", said, 'such as ["1.5 mg"')
        absent = one(case.input["dose"], {"form": form})
        refused_request(absent, "preparation.strengths", "is required")
    refused(lambda: Capsules(strengths=none), "must not be empty")


def is_no_part_of_a_tablet(case: Case) -> None:
    """B110: nine hundredths of a tablet; it is broken into 8 equal parts at most."""
    strength, dose = case.input["tablet"], case.input["dose"]
    for parts, above in ((1, "50 mg"), (2, "25 mg"), (4, "12.5 mg"), (8, "6.25 mg")):
        tablets = {"form": "tablets", "strengths": [strength], "parts": parts}
        not_measurable(one(dose, tablets), None, above)
    stated = one(dose, {"form": "tablets", "strengths": [strength], "split": True})
    refused_request(stated, "preparation.split", "is no ")
    refused(partial(Tablets, strengths=[strength], parts=100), "must be 8 or less, not 100")


def is_another_drug(case: Case) -> None:
    """B113 to B115: no input names the drug, so none that looks like it is ever planned.

    The one that is planned is told on every face. A plan's own FHIR request, of which the
    drug was edited, is refused.
    """
    drug, dose = case.input["drug"], case.input["dose"]
    request = one_dose(dose)
    for place, path in (
        (request, "drug"),
        (request["preparation"], "preparation.drug"),
        (request["regimen"]["steps"][0], "regimen.steps[0].drug"),
    ):
        place["drug"] = drug
        refused_request(request, path, "is no ")
        del place["drug"]
    refused_as_a_mass(f"{drug} {dose}", "is not understood")
    refused_as_a_mass(f"{dose} {drug}", "is not understood")
    run = cli("plan", "-", "--format", "json", stdin=request)
    assert json.loads(run.out)["drug"] == "naltrexone hydrochloride"
    text = cli("plan", "-", "--format", "fhir", stdin=request).out
    assert read_plan(text)[0] == accepted(request).plan()[0]
    edited = text.replace('"text": "naltrexone', f'"text": "{drug}')
    assert edited != text
    refused(lambda: read_plan(edited), "medicationCodeableConcept")


def is_before_the_plan(case: Case) -> None:
    """B117: the day before the first, and the day after the last."""
    assert case.input["switch_on_day"] == 0
    preparation = {"form": "capsules", "strengths": ["0.25 mg"]}
    assert len(accepted(good()).titration().steps) == case.input["steps"]
    for on, said in (
        ("2027-01-03", "2027-01-03 is before the plan's start on 2027-01-04"),
        ("2027-05-10", "2027-05-10 is after the plan's end on 2027-05-09"),
    ):
        event = {"event": "switched", "on": on, "preparation": preparation}
        _refused_by_the_plan(good(diary=[event]), "diary[0].on", said)
    for key in ("on_day", "switch_on_day"):
        event = {"event": "switched", key: 0, "preparation": preparation}
        refused_request(good(diary=[event]), f"diary[0].{key}", "is no ")


def _refused_by_the_plan(request: dict[str, Any], path: str, said: str) -> None:
    refused(accepted(request).plan, f"{path}: {said}")
    run = cli("plan", "-", "--draft", stdin=request)
    assert (run.code, run.out) == (2, "")
    assert run.err.startswith(f"{path}: {said}")


def goes_off_before_it_is_empty(case: Case) -> None:
    """B118: a bottle a fortnight makes 10, though 6 would hold the volume."""
    bottle, days = f"{case.input['bottle_mL']} mL", case.input["plan_days"]
    preparation = {
        "form": "drops",
        "dilution": {"drug": "50 mg", "final_volume": bottle},
        "drops_per_mL": 20,
        "beyond_use_days": case.input["use_within_days"],
    }
    request = good(start=case.input["opened"], length_days=days, preparation=preparation)
    needed = supply(accepted(request).plan())
    assert len(needed.bottles) == 10
    totals = needed.totals
    in_drops = [20 * volume.magnitude for volume in totals]
    # 803 are not taken: 693 of bottles past their date, and 110 that the last one still holds.
    assert in_drops == [2000, 1197, 693, 110]
    assert totals.wasted.magnitude + totals.left.magnitude == Fraction(803, 20)
    run = cli("supply", "-", "--format", "json", stdin=request)
    told = json.loads(run.out)
    assert run.code == 0
    assert len(told["bottles"]) == told["dispense"]["bottles"] == 10
    assert told["dispense"]["quantity"] == "100 mL"
    ended = [each["ended_by"] for each in told["bottles"]]
    assert ended == ["beyond-use date"] * 7 + ["too little left"] * 2 + ["end of plan"]


def is_smaller_than_a_dose(case: Case) -> None:
    bottle = f"{case.input['bottle_mL']} mL"
    liquid = {
        "form": "drops",
        "concentration": "5 mg/mL",
        "drops_per_mL": case.input["drops_per_mL"],
        "bottle": bottle,
        "beyond_use_days": 14,
    }
    dropper = Drops.model_validate(liquid)
    dose = case.input["dose_drops"] * dropper.drop
    plan = schedule(Regimen(steps=[{"dose": dose}]), dropper, "2027-01-04", days=2)
    said = f"preparation.bottle: holds {bottle}, but a dose of 0.9 mL must be drawn from one bottle"
    refused(lambda: supply(plan), said)
    run = cli("supply", "-", stdin=one(str(dose), liquid))
    assert (run.code, run.out) == (2, "")
    assert run.err == said + "\n"


def is_of_the_base(case: Case) -> None:
    """B122: nobody states a salt; every dose is of the hydrochloride, and says so."""
    text = case.input["salt"]
    refused_as_a_mass(text, "is not understood")
    request = one_dose("4.5 mg")
    for name in ("salt", "basis"):
        refused_request({**request, name: "base"}, name, "is no")
    refused_request({**request, **case.input}, "salt", "is no")
    for face in ("json", "text", "html", "fhir"):
        shown = cli("plan", "-", "--format", face, stdin=request).out.lower()
        assert "naltrexone hydrochloride" in shown, face
        assert "base " not in shown.replace("knowledge base ", ""), face


CASES: dict[str, Callable[[Case], None]] = {
    "B107": is_between_capsules,
    "B109": has_no_strength,
    "B110": is_no_part_of_a_tablet,
    "B113": is_another_drug,
    "B114": is_another_drug,
    "B115": is_another_drug,
    "B117": is_before_the_plan,
    "B118": goes_off_before_it_is_empty,
    "B120": is_smaller_than_a_dose,
    "B122": is_of_the_base,
}

NOT_BUILT: dict[str, str] = {}
