"""Bad inputs: JSON."""

from __future__ import annotations

import json
from collections.abc import Callable

from bad_inputs.case import Case, accepted, cli, good, refused, refused_request
from bad_inputs.doors import best_case, bundle, medicine, read_bundle
from bad_inputs.readers_of_text import READERS, refused_by_all
from ldn_titration import PatientFacts
from ldn_titration.intake.bundle import read_patient
from ldn_titration.request import PlanRequest, read_request


def _infinite(case: Case) -> None:
    """As it stands, and where a number is asked for; the sizes beyond JSON's own too."""
    refused_request(case.input["raw"], "days", "is no ")
    for number in ("1E400", "-1E400", "NaN", "Infinity", "9" * 5000):
        text = json.dumps(good(length_days="?")).replace('"?"', number)
        refused_request(text, "length_days", "must be a")
        step = good(regimen={"steps": [{"dose": "1 mg", "days": "?"}]})
        text = json.dumps(step).replace('"?"', number)
        refused_request(text, "regimen.steps[0].days", "must be a")
    order = '{"resourceType": "MedicationRequest", "dispenseRequest": {"quantity": {"value": %s}}}'
    for number in ("1E400", "1E-400", "NaN", "9" * 5000):
        path = "dispenseRequest.quantity.value: must be a number"
        refused(lambda number=number: READERS[1]((order % number).encode()), path)


def _misspelt_key(case: Case) -> None:
    step = json.loads(case.input["raw"])
    request = good(regimen={"steps": [step]})
    refused_request(request, "regimen.steps[0].dsoe", 'is no known key; did you mean "dose"?')
    for path in ("patient", "preparation", "regimen"):
        changed = good()
        changed[path] = {**changed[path], "dsoe": "1"}
        refused_request(changed, f"{path}.dsoe", "is no known key")


def _deep(case: Case) -> None:
    """In every reader: told in a word, and no RecursionError, whatever the brackets."""
    for text in (case.input["raw"], '{"a":' * 100_000, '[{"a":' * 50_000):
        refused_by_all(text.encode())
    closed = "[" * 100_000 + "]" * 100_000
    for text in (closed, closed[99_000:101_000], case.input["raw"]):
        refused_request(text, "request", "is nested too deeply")
    deep = '{"patient": ' * 300 + "1" + "}" * 300
    refused(lambda: PatientFacts.model_validate_json(deep))
    refused(lambda: read_patient(deep))


def _byte_order_mark(case: Case) -> None:
    """By rule: before the bytes of UTF-8 it is passed over; before a text it is no JSON."""
    raw = case.input["raw"]
    assert raw == "\ufeff{}"
    error = refused(lambda: read_request(raw.encode()), "schema: is required")
    assert "JSON" not in str(error)
    refused(lambda: read_request(raw), "is no JSON: Unexpected UTF-8 BOM")
    name = "\u0141ukasz"
    request = good()
    request["patient"]["name"] = name
    marked = b"\xef\xbb\xbf" + json.dumps(request, ensure_ascii=False).encode()
    assert read_request(marked) == accepted(request)
    assert read_request(marked).patient.name == name
    for encoding in ("utf-16", "utf-32", "utf-16-le"):
        data = json.dumps(request).encode(encoding)
        refused(lambda data=data: read_request(data), "request: is no ")
        assert cli("plan", "-", stdin=data).code == 2


def _nothing(case: Case) -> None:
    """Every key that is required is named, and none is made up; no patient is no clear one."""
    raw = case.input["raw"]
    error = refused(lambda: read_request(raw))
    wanted = ["schema", "start", "regimen", "preparation"]
    assert [problem.path for problem in error.problems] == wanted
    for path in wanted:
        refused_request(raw, path, "is required")
    refused(lambda: PlanRequest.model_validate_json(raw), "schema: is required")
    request = good()
    del request["patient"]
    run = cli("screen", "-", "--format", "json", stdin=request)
    screening = json.loads(run.out)
    assert (run.code, screening["verdict"]) == (3, "insufficient")
    assert len(screening["missing"]) == 15
    assert str(PatientFacts.model_validate_json(raw).opioids.status) == "unknown"
    for part in ("regimen", "preparation"):
        refused(lambda part=part: accepted(good(**{part: {}})), part)


def _lone_surrogate(case: Case) -> None:
    """Beside the key that is not known it is told; in a text it is refused by its path."""
    refused_request(case.input["raw"], "name", "is no ")
    text = json.dumps(good()).replace('"Dr A. Example"', '"\\ud800"')
    refused_request(text, "patient.assessed_by", "U+D800")
    text = json.dumps(good()).replace('"patient": {', '"patient": {"\\ud800": 1, ')
    run = cli("plan", "-", stdin=text)
    assert (run.code, run.out) == (2, "")
    assert run.err == "patient: must be valid text\n"
    _in_fhir("\ud800")


def _in_fhir(lone: str) -> None:
    """In FHIR it is words that are not understood, or is refused; it is printed escaped."""
    told = {"coding": [{"system": lone, "code": lone, "display": lone}]}
    for name in (lone, f"x {lone}", told):
        read = read_bundle(bundle(medicine("MedicationStatement", name, id=lone)))
        assert str(best_case(read).verdict) == "insufficient"
    order = {"resourceType": "MedicationRequest", "dosageInstruction": [{"text": f"4.5 {lone}"}]}
    for shown in ("json", "text"):
        assert cli("lint", "-", "--format", shown, stdin=json.dumps(order)).code == 3
    assert cli("lint", "-", stdin=json.dumps({"resourceType": lone})).code == 2


CASES: dict[str, Callable[[Case], None]] = {
    "B309": _infinite,
    "B310": _misspelt_key,
    "B311": _deep,
    "B312": _byte_order_mark,
    "B315": _nothing,
    "B316": _lone_surrogate,
}

NOT_BUILT: dict[str, str] = {}
