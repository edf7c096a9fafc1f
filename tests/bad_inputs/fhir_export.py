"""Bad inputs: what a plan says as FHIR."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from bad_inputs.case import Case, cli, good, refused, refused_request
from bad_inputs.doors import Json, face, known
from ldn_titration.fhir.datatypes import Quantity
from ldn_titration.fhir.resources import MedicationRequest
from readers import dosages_in, fhir_tree

UCUM = "http://unitsofmeasure.org"


def _tree(request: Json, *options: str) -> dict[str, Any]:
    return fhir_tree(face(request, "fhir", *options).out)


def _requests(tree: dict[str, Any]) -> list[Json]:
    found = [entry["resource"] for entry in tree["entry"]]
    return [each for each in found if each["resourceType"] == "MedicationRequest"]


def _first_quantity(request: Json) -> Json:
    quantity: Json = dosages_in(_tree(request))[0]["doseAndRate"][0]["doseQuantity"]
    return quantity


def _quarter(case: Case) -> None:
    one = {"value": Decimal("0.25"), "unit": "mg", "system": UCUM, "code": "mg"}
    dose = {"steps": [{"dose": case.input["dose"], "days": 3}]}
    assert _first_quantity(good(regimen=dose, length_days=3)) == one
    refused(lambda: Quantity(value=Decimal("0.25"), unit="mg", code="MG"), "code: ")
    refused(lambda: Quantity(value=Decimal("0.25"), unit="mg", code="g"), '"g" is not the UCUM')


def _trailing_zero(case: Case) -> None:
    """Neither the value nor the words keep a zero that says nothing."""
    text = case.input["dose"]
    request = good(regimen={"steps": [{"dose": text, "days": 3}]}, length_days=3)
    request["preparation"] = {"form": "capsules", "strengths": ["1.5 mg"]}
    out = face(request, "fhir").out
    assert '"value": 3,' in out
    assert "3.0" not in out
    (dosage,) = dosages_in(fhir_tree(out))
    assert dosage["text"].startswith("Take 2 capsules of 1.5 mg (3 mg) once a day")
    assert dosage["doseAndRate"][0]["doseQuantity"]["value"] == 3


def _drops(case: Case) -> None:
    """4.5 mg of 5 mg/mL at 20 drops/mL are 0.9 mL, 18 drops."""
    assert case.input == {"drops": 18}
    request = good(regimen={"steps": [{"dose": "4.5 mg", "days": 3}]}, length_days=3)
    (dosage,) = dosages_in(_tree(request))
    assert dosage["text"].startswith("Take 18 drops (0.9 mL, 4.5 mg) once a day")
    quantity = dosage["doseAndRate"][0]["doseQuantity"]
    assert quantity == {"value": Decimal("4.5"), "unit": "mg", "system": UCUM, "code": "mg"}
    assert dosage["extension"] == [{"url": "urn:ldn-titration:drops", "valueInteger": 18}]


def _blocked(case: Case) -> None:
    """Nothing without --draft; with it a draft, and the finding goes with it."""
    assert case.input == {"verdict": "blocked"}
    request = {**known(opioid_dependence="yes"), "length_days": 7}
    run = cli("plan", "-", "--format", "fhir", stdin=request)
    assert (run.code, run.out) == (3, "")
    tree = _tree(request, "--draft")
    (proposed,) = _requests(tree)
    assert (proposed["status"], proposed["intent"]) == ("draft", "proposal")
    assert "Plan: draft. Screening: STOP" in proposed["note"][0]["text"]
    issues = {e["fullUrl"]: e["resource"] for e in tree["entry"] if e["resource"] != proposed}
    told = [(each["detail"], each["severity"]) for each in issues.values()]
    assert told[0] == ("STOP: Opioid dependence is a contraindication.", "high")
    assert {each["reference"] for each in proposed["detectedIssue"]} == set(issues)


def _never_an_order(case: Case) -> None:
    """There is no way to ask for an order, and the resource cannot be made as one."""
    intent = case.input["intent"]
    tree = _tree(good(length_days=7))
    assert [(r["status"], r["intent"]) for r in _requests(tree)] == [("draft", "proposal")]
    refused_request(good(intent=intent), "intent", "is no ")
    assert cli("plan", "-", "--intent", intent, stdin=good()).code == 2
    own = _requests(tree)[0]
    for change in ({"intent": intent}, {"status": "active"}):
        changed = {**own, **change}
        refused(lambda changed=changed: MedicationRequest.model_validate(changed), *change)


CASES: dict[str, Callable[[Case], None]] = {
    "B270": _quarter,
    "B271": _trailing_zero,
    "B273": _drops,
    "B275": _blocked,
    "B276": _never_an_order,
}

NOT_BUILT: dict[str, str] = {}
