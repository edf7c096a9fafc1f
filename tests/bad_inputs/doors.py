"""The doors to a screening and to a plan's faces, and that they say the same."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date
from functools import partial
from typing import Any

from bad_inputs.case import Run, accepted, cli, good, refused, refused_request
from ldn_titration import InvalidInputError, PatientFacts, Screening, Severity, screen
from ldn_titration.intake.bundle import BundleRead, read_patient
from ldn_titration.patient import OpioidHistory
from ldn_titration.plan import Plan

Json = dict[str, Any]

WHO = {"reference": "Patient/p"}
PERSON: Json = {"resourceType": "Patient", "id": "p", "birthDate": "1982-07-14"}
ASKED: Json = {"assessed_on": "2025-01-01", "assessed_by": "Dr A. Example"}

patient_refused = partial(refused, PatientFacts)


def known(start: str = "2027-01-04", **facts: Any) -> Json:
    """A request that clears, for this start, with these facts; None takes one away."""
    request = good(start=start)
    patient: Json = {**request["patient"], "assessed_on": start, **facts}
    request["patient"] = {name: value for name, value in patient.items() if value is not None}
    return request


def taken(**exposure: Any) -> Json:
    """The history of one opioid."""
    return {"status": "known", "exposures": [exposure]}


def screened(request: Json) -> Screening:
    """The screening, by class, by JSON and by the command line; all three are the same.

    Where it does not clear, no plan is written either.
    """
    screening = accepted(request).screening()
    made = accepted(request)
    patient = PatientFacts.model_validate(request["patient"])
    by_class = screen(
        patient, request["start"], made.titration(), made.preparation, days=made.length_days
    )
    assert by_class == screening
    run = cli("screen", "-", "--format", "json", stdin=request)
    assert run.code == (0 if screening.clears else 3)
    assert Screening.model_validate_json(run.out) == screening
    if not screening.clears:
        planned = cli("plan", "-", "--format", "json", stdin=request)
        assert (planned.code, planned.out) == (3, "")
        assert made.plan().status == "draft"
    return screening


def says(screening: Screening, verdict: str, *codes: str, clears: bool | None = None) -> None:
    """Demand this verdict, and exactly these codes above ``info``."""
    found = {f.code for f in screening.findings if f.severity > Severity.INFO}
    told = [(f.code, str(f.severity), f.message) for f in screening.findings]
    assert (str(screening.verdict), found) == (verdict, set(codes)), told
    assert screening.clears is (verdict in {"clear", "caution"} if clears is None else clears)


def message(screening: Screening, code: str) -> str:
    """What the only finding of that code says, and what is to be done."""
    (found,) = [each for each in screening.findings if each.code == code]
    return f"{found.message} {found.action}"


def patient_wrong(path: str, *parts: str, **facts: Any) -> None:
    """Demand that facts are refused at this path: by class, by JSON, on the command line."""
    error = refused(lambda: PatientFacts.model_validate(facts), path, *parts)
    assert isinstance(error, InvalidInputError)
    assert path in {problem.path for problem in error.problems}
    request = good()
    request["patient"] |= facts
    refused_request(request, f"patient.{path}", *parts)
    refused_request(request, f"patient.{path}", *parts, command="screen")


# --- faces ----------------------------------------------------------------------------


def plan_of(request: Json) -> Plan:
    """The plan of a request."""
    return accepted(request).plan()


def face(request: Json, name: str, *options: str) -> Run:
    """One face of a plan as the command line writes it."""
    run = cli("plan", "-", "--format", name, *options, stdin=request)
    assert run.code == 0, run.err
    return run


# --- FHIR -----------------------------------------------------------------------------


def medicine(kind: str, name: str | Json, **more: Any) -> Json:
    """A resource that tells of a medicine of the patient, active unless it says otherwise."""
    named = {"text": name} if isinstance(name, str) else name
    intent = {"intent": "order"} if kind == "MedicationRequest" else {}
    made = {"resourceType": kind, "medicationCodeableConcept": named, "subject": WHO}
    return {**made, **intent, "status": "active", **more}


def bundle(*resources: Json, **more: Any) -> Json:
    """A Bundle of one patient."""
    entries = [{"resource": resource} for resource in (PERSON, *resources)]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries, **more}


def read_bundle(tree: Json, on: str = "2027-01-02") -> BundleRead:
    """The facts of a Bundle, by the function and by the command line, which say the same."""
    text = json.dumps(tree)
    read = read_patient(text, assessed_on=on, assessed_by="Dr A. Example")
    options = ("--format", "json", "--assessed-on", on, "--assessed-by", "Dr A. Example")
    run = cli("facts", "-", *options, stdin=text)
    assert run.code == (3 if read.incomplete else 0)
    document = json.loads(run.out)
    assert PatientFacts.model_validate(document["patient"]) == read.patient
    assert [each["read_as"] for each in document["readings"]] == [e.words for e in read.readings]
    return read


def bundle_wrong(tree: Json, path: str, *parts: str) -> None:
    """Demand that a Bundle is refused at this path, by the function and the command line."""
    text = json.dumps(tree)
    error = refused(lambda: read_patient(text), path, *parts)
    assert isinstance(error, InvalidInputError)
    assert path in {problem.path for problem in error.problems}, error
    run = cli("facts", "-", stdin=text)
    assert (run.code, run.out) == (2, "")
    assert f"{path}: " in run.err


_NO = (
    "opioid_dependence acute_withdrawal other_naltrexone naltrexone_hypersensitivity pregnant "
    "breastfeeding liver_disease kidney_impairment suicidal_ideation"
)


def best_case(read: BundleRead, *, beside: Iterable[str] = ()) -> Screening:
    """The screening of a Bundle after the best answers to all that it leaves open.

    ``beside`` names what is left open: with nothing, also the lists are answered with none.
    """
    best: Mapping[str, Any] = {
        "age_years": 44,
        "opioids": OpioidHistory(status="none"),
        "medications": (),
        "conditions": (),
        **dict.fromkeys(_NO.split(), "no"),
    }
    lacking = set(read.patient.missing()) - set(beside)
    answers = {name: best[name] for name in lacking}
    patient = read.patient.model_copy(update={**answers, "opioid_in_use": "no"})
    return screen(patient, date(2027, 1, 4))
