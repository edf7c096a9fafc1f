"""The places where a mass is read, in a request and in Python; used by dose texts and units."""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction
from functools import partial
from typing import Any, NamedTuple

from bad_inputs.case import Case, accepted, as_json, cli, good, refused, refused_request
from ldn_titration import (
    Capsules,
    Dilution,
    InvalidInputError,
    Mass,
    OpioidExposure,
    OralSolution,
    Regimen,
    Tablets,
    TitrationStep,
)
from ldn_titration.errors import QuantityError

_OPEN_PROTOCOL = "brief_002_clinic"


class Place(NamedTuple):
    """Where a request takes a mass: its path, and a request with a value there."""

    path: str
    put: Callable[[Any], dict[str, Any]]


def _ramp(name: str) -> Callable[[Any], dict[str, Any]]:
    ramp = {"from": "0.25 mg", "by": "0.25 mg", "every_days": 7, "to": "4.5 mg"}
    return lambda value: good(regimen={"ramp": {**ramp, name: value}})


def _patient(**facts: Any) -> dict[str, Any]:
    return good(patient={**good()["patient"], **facts})


def _exposed(value: Any) -> dict[str, Any]:
    taken = {"substance": "loperamide", "last_taken": "2026-11-01", "daily_dose": value}
    return _patient(opioids={"status": "known", "exposures": [taken]})


def _liquid(**changes: Any) -> dict[str, Any]:
    drops: dict[str, Any] = {"form": "drops", "concentration": "5 mg/mL", "drops_per_mL": 20}
    return good(preparation={**drops, **changes})


def one_dose(value: Any, **changes: Any) -> dict[str, Any]:
    """A request for this one dose, taken as one capsule of this strength."""
    capsules = {"form": "capsules", "strengths": [value]}
    step = {"regimen": {"steps": [{"dose": value}]}, "preparation": capsules, "length_days": 2}
    return good(**step, **changes)


REQUIRED = (
    Place("regimen.steps[0].dose", lambda v: good(regimen={"steps": [{"dose": v}]})),
    Place(
        "regimen.steps[0].doses.morning",
        lambda v: good(regimen={"steps": [{"doses": {"morning": v}}]}),
    ),
    Place("regimen.ramp.from", _ramp("from")),
    Place("regimen.ramp.by", _ramp("by")),
    Place("regimen.ramp.to", _ramp("to")),
    Place(
        "preparation.strengths[0]",
        lambda v: good(preparation={"form": "capsules", "strengths": [v]}),
    ),
    Place(
        "preparation.strengths[1]",
        lambda v: good(preparation={"form": "tablets", "strengths": ["1.5 mg", v], "parts": 2}),
    ),
    Place(
        "preparation.dilution.drug",
        lambda v: good(
            preparation={
                "form": "oral_solution",
                "dilution": {"drug": v, "final_volume": "10 mL"},
                "graduation": "0.1 mL",
            }
        ),
    ),
    Place(
        "diary[0].preparation.strengths[0]",
        lambda v: good(
            diary=[
                {
                    "event": "switched",
                    "on": "2027-02-01",
                    "preparation": {"form": "capsules", "strengths": [v]},
                }
            ]
        ),
    ),
)
"""Where a request must have a mass."""

OPTIONAL = (
    Place(
        "regimen.by",
        lambda v: good(regimen={"protocol": _OPEN_PROTOCOL, "by": v, "every_days": 7}),
    ),
    Place("preparation.mg_per_drop", lambda v: _liquid(mg_per_drop=v)),
    Place("patient.opioids.exposures[0].daily_dose", _exposed),
    Place(
        "patient.earlier_naltrexone.dose",
        lambda v: _patient(earlier_naltrexone={"last_taken": "2026-06-01", "dose": v}),
    ),
)
"""Where a request may have a mass."""

CALLS: tuple[Callable[[Any], object], ...] = (
    Mass,
    lambda v: TitrationStep(doses={"morning": v}),
    lambda v: Regimen.ramp(v, "0.25 mg", 7, "4.5 mg"),
    lambda v: Regimen.ramp("0.25 mg", v, 7, "4.5 mg"),
    lambda v: Regimen.ramp("0.25 mg", "0.25 mg", 7, v),
    lambda v: Capsules(strengths=[v]),
    lambda v: Tablets(strengths=[v]),
    lambda v: Dilution(drug=v, final_volume="10 mL"),
    lambda v: OralSolution(concentration="1 mg/mL", graduation="0.0001 mL").measure(v),
)
"""The Python names that need a mass."""

STEPS: tuple[Callable[[Any], object], ...] = (
    lambda v: TitrationStep(dose=v),
    lambda v: TitrationStep.model_validate_json(as_json({"dose": v})),
)
"""A step, which needs a dose or doses."""

OTHERS: tuple[Callable[[Any], object], ...] = (
    lambda v: Regimen.from_protocol(_OPEN_PROTOCOL, by=v, every_days=7),
    lambda v: OpioidExposure(substance="loperamide", daily_dose=v),
)
"""The Python names that may have a mass."""


def refused_as_a_mass(value: Any, *parts: str) -> None:
    """Demand that a value is no mass anywhere: each refusal says why, with what is right."""
    for place in (*REQUIRED, *OPTIONAL):
        bare = not isinstance(value, str)
        said = ("must be text, in quotes",) if bare and "mg_per_drop" in place.path else parts
        refused_request(place.put(value), place.path, *said, 'such as "' if said != parts else "")
    for call in (*CALLS, *STEPS, *OTHERS):
        error = refused(partial(call, value), *parts, '"1.5 mg"')
        assert isinstance(error, QuantityError | InvalidInputError)
        assert len(str(error)) < 400, "it does not echo the whole input"
    if isinstance(value, str):
        _refused_in_an_order(value, *parts)


def _refused_in_an_order(text: str, *parts: str) -> None:
    run = cli("supply", "-", stdin=one_dose("1.5 mg", order={"quantity": {text: 14}}))
    assert (run.code, run.out) == (2, "")
    assert all(line.startswith("order.quantity") for line in run.err.splitlines()), run.err
    assert all(part in run.err for part in parts), run.err


def read_as(text: str, milligrams: Fraction, printed: str) -> None:
    """Demand that a text is this dose exactly, everywhere, and is printed like this."""
    assert Mass(text).magnitude == milligrams
    assert str(Mass(text)) == printed
    request = one_dose(text)
    step = accepted(request).titration().steps[0]
    assert step.daily_dose.magnitude == milligrams
    assert step == TitrationStep(dose=text)
    run = cli("plan", "-", "--format", "json", "--draft", stdin=request)
    plan = json.loads(run.out)
    assert [day["dose"] for day in plan["days"]] == [printed] * 2
    assert plan["days"][0]["units"] == {"capsules": {printed: 1}}
    assert [each["dose"] for each in plan["steps"]] == [printed]
    for face in ("text", "csv", "html", "fhir", "ics"):
        shown = cli("plan", "-", "--format", face, "--draft", stdin=request).out
        shown = shown.replace("\u00a0", " ").replace("\r\n ", "")
        assert printed in shown, face
        assert text == printed or f" {text}" not in shown, face
    assert Regimen.ramp(text, text, 7, text).steps[-1].daily_dose.magnitude == milligrams
    assert Capsules(strengths=[text]).measure(text).dose.magnitude == milligrams
    assert Dilution(drug=text, final_volume="1 mL").concentration.magnitude == milligrams
    for call in (*STEPS, OTHERS[-1]):
        call(text)


def must_be_given(case: Case) -> None:
    """Demand that no dose is no dose: it is asked for, with an example."""
    for place in REQUIRED:
        path = place.path.removesuffix(".dose")
        refused_request(place.put(None), path, "mg")
    refused_request(OPTIONAL[0].put(None), "regimen.protocol", 'also state "by"')
    absent = good(regimen={"steps": [{"days": 7}, {"dose": "1.5 mg"}]})
    refused_request(absent, "regimen.steps[0]", 'needs exactly one of "dose"')
    for call in CALLS:
        refused(partial(call, None), '"1.5 mg"')
    for call in STEPS:
        refused(partial(call, None), 'needs exactly one of "dose", such as "1.5 mg"')
    refused(partial(OTHERS[0], None), 'also state "by"')
