"""Bad inputs: decisions to start in spite of a finding."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from bad_inputs.case import Case, accepted, good, refused, refused_request
from bad_inputs.doors import Json, face, known, message, patient_wrong, says, screened, taken
from ldn_titration import Override, PatientFacts
from readers import Page

DECISION: Json = {"code": "PRG-01", "reason": "a reason", "by": "Dr B.", "on": "2027-01-03"}


def _held(**override: Any) -> Json:
    """A short plan that is held for a pregnancy, with a decision about it."""
    facts = known(pregnant="yes", overrides=[{**DECISION, **override}])
    return {**facts, "length_days": 21}


def _no_reason(case: Case) -> None:
    told = [{**DECISION, "reason": case.input["reason"]}]
    patient_wrong("overrides[0].reason", "1 to 200 characters", overrides=told)
    refused(lambda: Override(**told[0]), "reason: must be text")
    told[0].pop("reason")
    patient_wrong("overrides[0].reason", "is required", overrides=told)


def _hard_limit(case: Case) -> None:
    """A stop, and what is not known, has no decision (contract 5); nor has a dose too high."""
    reason = case.input["reason"]
    for code in ("OPI-01", "OPI-02", "OPI-05", "OPI-06", "HYP-01", "FACT-01"):
        told = [{**DECISION, "code": code, "reason": reason}]
        patient_wrong("overrides[0].code", f"{code} cannot be overridden", overrides=told)
    high = _held(code="PRG-01", reason=reason)
    high |= {"regimen": {"steps": [{"dose": "7 mg", "days": 7}]}}
    says(screened(high), "stop", "PRG-01", "DOS-01", clears=False)
    opioid = _held(code="OPI-03", reason=reason)
    opioid["patient"] |= {"pregnant": "no", "opioids": taken(substance="heroin", ongoing=True)}
    says(screened(opioid), "stop", "OPI-01", clears=False)


def _of_another_plan(case: Case) -> None:
    """Contract 4 knows no error here: it does not count, it is said why, nothing clears."""
    assert case.input == {"override_for_plan": "A", "used_on_plan": "B"}
    digest = accepted(_held()).screening().digest
    says(screened(_held(digest=digest)), "hold", "PRG-01", clears=True)
    plan: list[Json] = [
        {"start": "2027-01-05"},
        {"length_days": 22},
        {"regimen": {"steps": [{"dose": "0.5 mg"}]}},
        {"preparation": {**good()["preparation"], "beyond_use_days": 13}},
    ]
    for other in plan:
        moved = screened({**_held(digest=digest), **other})
        says(moved, "hold", "PRG-01", clears=False)
        assert "changed since it was made" in message(moved, "OVR-01")
        assert moved.overrides == ()
    facts = _held(digest=digest)
    facts["patient"]["age_years"] = 45
    says(screened(facts), "hold", "PRG-01", clears=False)
    wrong = [{**DECISION, "digest": "abc"}]
    patient_wrong("overrides[0].digest", overrides=wrong)


def _script(case: Case) -> None:
    """Verbatim in what machines read, escaped in the page, plain text everywhere else."""
    reason = case.input["reason"]
    request = _held(reason=reason)
    (listed,) = json.loads(face(request, "json").out)["overrides"]
    assert listed["reason"] == reason
    assert accepted(request).screening().overrides[0].reason == reason
    html = face(request, "html").out
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "<script" not in html
    assert Page(html).outside == []
    assert reason in face(request, "text").out.replace("\n", " ")
    assert reason in face(request, "ics").out.replace("\r\n ", "")
    notes = json.loads(face(request, "fhir").out)["entry"][0]["resource"]["note"]
    assert any(reason in note["text"] for note in notes)
    assert "<div" not in face(request, "fhir").out, "no narrative that could hold markup"


def _too_long(case: Case) -> None:
    reason = case.input["reason"]
    assert len(reason) == 10_000_000
    told = {**DECISION, "reason": reason}
    refused(lambda: Override(**told), "reason: must be text of 1 to 200 characters")
    patient = {"overrides": [told]}
    refused(lambda: PatientFacts.model_validate(patient), "overrides[0].reason: must be text")
    refused_request(_held(reason=reason), "request", "is larger than 1048576 bytes")
    refused_request(_held(reason=reason[:201]), "patient.overrides[0].reason", "1 to 200")


CASES: dict[str, Callable[[Case], None]] = {
    "B227": _no_reason,
    "B228": _no_reason,
    "B230": _hard_limit,
    "B231": _of_another_plan,
    "B235": _script,
    "B236": _too_long,
}

NOT_BUILT: dict[str, str] = {}
