"""Bad inputs: FHIR of strangers, as an order to lint and as a record of a patient."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from bad_inputs.case import Case, cli, refused
from bad_inputs.doors import WHO, Json, best_case, bundle, bundle_wrong, medicine, read_bundle
from ldn_titration import InvalidInputError
from ldn_titration.intake.bundle import BundleRead
from ldn_titration.intake.orders import read_orders
from ldn_titration.intake.plan import read_plan
from ldn_titration.lint import agrees, lint

UCUM = "http://unitsofmeasure.org"
ONCE = {"repeat": {"frequency": 1, "period": 1, "periodUnit": "d"}}
DOSE = {"doseQuantity": {"value": 4.5, "unit": "mg", "system": UCUM, "code": "mg"}}
FILLED = medicine("MedicationRequest", "levothyroxine 75 mcg")


def _order(dose: Json = DOSE, timing: Json | None = ONCE, **more: Any) -> Json:
    """An order of one step, which agrees with itself unless it is changed."""
    made = {
        "resourceType": "MedicationRequest",
        "status": "active",
        "intent": "order",
        "medicationCodeableConcept": {"text": "naltrexone"},
        "subject": WHO,
        "dosageInstruction": [{"timing": timing, "doseAndRate": [dose]}],
    }
    return {**made, **more}


def _found(order: Json, code: str, where: str, *parts: str) -> None:
    """Demand exactly one finding of the linter, by the function and the command line."""
    text = json.dumps(order)
    (found,) = lint(text)
    assert (found.code, found.where) == (code, where), found
    assert not agrees([found])
    for part in parts:
        assert part in f"{found.message} {found.action}"
    for wrapped in (order, bundle(order), [order]):
        run = cli("lint", "-", "--format", "json", stdin=json.dumps(wrapped))
        assert run.code == 3
        assert [each["code"] for each in json.loads(run.out)] == [code]
    _is_no_plan(text)


def _wrong(order: Json, path: str, *parts: str) -> None:
    """Demand that the linter cannot read an order, by the function and the command line."""
    text = json.dumps(order)
    error = refused(lambda: read_orders(text), path, *parts)
    assert isinstance(error, InvalidInputError)
    assert path in {problem.path for problem in error.problems}, error
    run = cli("lint", "-", stdin=text)
    assert (run.code, run.out) == (2, "")
    assert f"{path}: " in run.err
    _is_no_plan(text)


def _is_no_plan(text: str) -> None:
    refused(lambda: read_plan(text))


AT = "dosageInstruction[0].doseAndRate[0].doseQuantity"


def _agrees_unchanged() -> None:
    assert lint(json.dumps(_order())) == ()


def _no_unit(case: Case) -> None:
    _agrees_unchanged()
    _found(_order(case.input), "LIN-05", AT, "4.5 has no unit; a number alone is no quantity")


def _unit_against_code(case: Case) -> None:
    _found(_order(case.input), "LIN-08", AT, 'The unit says "mg"; the code says "mL"')


def _no_system(case: Case) -> None:
    _found(_order(case.input), "LIN-05", AT, "4.5 mg has no code; it is never taken to be UCUM")


def _unknown_code(case: Case) -> None:
    _found(_order(case.input), "LIN-08", AT, '"MG" is no UCUM code', 'The UCUM code is "mg"')


def _value_as_text(case: Case) -> None:
    _wrong(_order(case.input), f"{AT}.value", "must be a number, without quotes")
    for value in (True, [4.5], {"a": 1}):
        wrong = {"doseQuantity": {**DOSE["doseQuantity"], "value": value}}
        _wrong(_order(wrong), f"{AT}.value", "must be a number")


def _range(case: Case) -> None:
    """Bare numbers are no quantities; with units they are a range, and no dose."""
    at = AT.replace("doseQuantity", "doseRange")
    _wrong(_order(case.input), f"{at}.low", "must be an object {...}")
    unit = {"unit": "mg", "system": UCUM, "code": "mg"}
    ends = {name: {**unit, "value": value} for name, value in case.input["doseRange"].items()}
    order = _order({"doseRange": ends})
    _found(order, "LIN-07", at, "A range is not one dose: from 1.5 mg to 45 mg")


def _no_timing(case: Case) -> None:
    at = "dosageInstruction[0].timing"
    _found(_order(timing=case.input["timing"]), "LIN-06", at, "never taken as once a day")
    no_period = "has no period and no periodUnit"
    _found(_order(timing={"repeat": {"frequency": 1}}), "LIN-06", f"{at}.repeat", no_period)


def _do_not_perform(case: Case) -> None:
    _found(_order(**case.input), "LIN-02", "doNotPerform", "not to be given")
    read = read_bundle(bundle(FILLED, medicine("MedicationRequest", "oxycodone", **case.input)))
    _no_exposure(read, "oxycodone: must not be given (doNotPerform); neither taken nor planned")
    assert read.patient.planned_opioid == ()


def _no_exposure(read: BundleRead, *words: str) -> None:
    """Demand that nothing was read as an opioid, that it is told, and opioids stay unknown."""
    assert read.patient.opioids.status == "unknown"
    assert [each.words for each in read.readings[2:]] == list(words)
    assert str(best_case(read, beside=["opioids"]).verdict) == "insufficient"


def _entered_in_error(case: Case) -> None:
    given = case.input
    _found(_order(status=given["status"]), "LIN-01", "status", "entered in error: it is none")
    for kind in ("MedicationRequest", "MedicationStatement"):
        said = medicine(kind, given["medication"], status=given["status"])
        _no_exposure(read_bundle(bundle(FILLED, said)), "oxycodone: entered in error, set aside")


def _unknown_status(case: Case) -> None:
    given = case.input
    for kind in ("MedicationRequest", "MedicationStatement"):
        said = medicine(kind, given["medication"], status=given["status"])
        read = read_bundle(bundle(said))
        (exposure,) = read.patient.opioids.exposures
        assert (exposure.substance, exposure.last_taken) == ("oxycodone", "unknown")
        assert str(best_case(read).verdict) in {"insufficient", "stop"}


def _not_taken(case: Case) -> None:
    given = case.input["medicationStatement"]
    said = medicine("MedicationStatement", given["medication"], status=given["status"])
    _no_exposure(read_bundle(bundle(FILLED, said)), "oxycodone: not-taken: no exposure")


def _some_painkiller(case: Case) -> None:
    said = medicine("MedicationRequest", case.input["medicationCodeableConcept"])
    read = read_bundle(bundle(said))
    assert [m.name for m in read.patient.medications or ()] == ["some painkiller"]
    assert str(best_case(read).verdict) == "insufficient"


def _incomplete(tree: Json, problem: str) -> None:
    read = read_bundle(tree)
    assert [str(each) for each in read.incomplete] == [problem]
    assert (read.patient.medications, read.patient.conditions) == (None, None)
    open_lists = ("medications", "conditions")
    assert str(best_case(read, beside=open_lists).verdict) == "insufficient"


def _first_page(case: Case) -> None:
    assert case.input["bundle"].endswith("next link present")
    link = [{"relation": "next", "url": "http://example.org/?page=2"}]
    tree = bundle(FILLED, type="searchset", link=link)
    _incomplete(tree, "link[0]: there is another page (next)")
    tree = bundle(FILLED, type="searchset", total=9)
    _incomplete(tree, "total: 9 are said to be found, and 2 are here")


def _outcome(case: Case) -> None:
    tree = bundle(FILLED, {"resourceType": "OperationOutcome", "issue": []}, type="searchset")
    what = "is an OperationOutcome: the server warns of something, or something failed"
    _incomplete(tree, f"entry[2].resource: {what}")


def _contained_twice(case: Case) -> None:
    twice = [{"resourceType": "Medication", "id": "m", "code": {"text": x}} for x in ("a", "b")]
    message = "stands twice among the contained resources"
    _wrong(_order(contained=twice), "contained[1].id", message)
    bundle_wrong(
        bundle({**FILLED, "contained": twice}), "entry[1].resource.contained[1].id", message
    )


def _misspelt(case: Case) -> None:
    kind = case.input["resourceType"]
    _wrong(_order(resourceType=kind), "resourceType", 'must be "MedicationRequest" (FHIR R4)')
    path = "entry[1].resource.resourceType"
    bundle_wrong(bundle({**FILLED, "resourceType": kind}), path, "is no resource type of FHIR R4")
    _wrong(bundle(_order(resourceType=kind)), path, 'must be "MedicationRequest"')


def _other_version(case: Case) -> None:
    told = {"fhirVersion": case.input["fhirVersion"]}
    _wrong(_order(**told), "fhirVersion", "only R4 is read")
    message = "must be a version of FHIR R4, such as 4.0.1"
    bundle_wrong(bundle(FILLED, **told), "fhirVersion", message)
    bundle_wrong(bundle({**FILLED, **told}), "entry[1].resource.fhirVersion", message)
    profile = {"profile": ["http://hl7.org/fhir/3.0/StructureDefinition/Bundle"]}
    bundle_wrong(bundle(FILLED, meta=profile), "meta.profile", "must be a profile of FHIR R4")


def _two_patients(case: Case) -> None:
    other = {**FILLED, "subject": {"reference": "Patient/q"}}
    message = "is of another patient than entry[0].resource; a Bundle must be of one"
    bundle_wrong(bundle(FILLED, other), "entry[2].resource.subject", message)
    second = {"resourceType": "Patient", "id": "q"}
    bundle_wrong(bundle(FILLED, second), "entry[2].resource", "another patient")


def _no_end(case: Case) -> None:
    said = medicine(
        "MedicationStatement", "oxycodone", effectivePeriod=case.input["effectivePeriod"]
    )
    read = read_bundle(bundle(said))
    (exposure,) = read.patient.opioids.exposures
    assert (exposure.substance, exposure.ongoing) == ("oxycodone", True)
    assert str(best_case(read).verdict) == "stop"


CASES: dict[str, Callable[[Case], None]] = {
    "B278": _no_unit,
    "B279": _unit_against_code,
    "B280": _no_system,
    "B281": _unknown_code,
    "B283": _value_as_text,
    "B285": _range,
    "B287": _no_timing,
    "B292": _do_not_perform,
    "B293": _entered_in_error,
    "B294": _unknown_status,
    "B295": _not_taken,
    "B296": _some_painkiller,
    "B298": _first_page,
    "B299": _outcome,
    "B300": _contained_twice,
    "B301": _misspelt,
    "B302": _other_version,
    "B303": _two_patients,
    "B304": _no_end,
}

NOT_BUILT: dict[str, str] = {}
