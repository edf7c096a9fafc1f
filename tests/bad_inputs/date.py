"""Dates: written YYYY-MM-DD and nothing else, wherever a date is read; never today."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from typing import Any

from bad_inputs.case import Case, accepted, cli, good, refused, refused_request
from ldn_titration import (
    Capsules,
    Held,
    InvalidInputError,
    OpioidExposure,
    PatientFacts,
    Regimen,
    Verdict,
    schedule,
    screen,
)

_CAPSULES = {"form": "capsules", "strengths": ["0.25 mg"]}


def _patient(**facts: Any) -> dict[str, Any]:
    return good(patient={**good()["patient"], **facts})


def _exposed(value: Any) -> dict[str, Any]:
    taken = {"substance": "codeine", "last_taken": value}
    return _patient(opioids={"status": "known", "exposures": [taken]})


def _event(**fields: Any) -> dict[str, Any]:
    return good(diary=[{"event": "held", "days": 7, "on": "2027-02-01", **fields}])


PLACES: dict[str, Callable[[Any], dict[str, Any]]] = {
    "start": lambda v: good(start=v),
    "patient.assessed_on": lambda v: _patient(assessed_on=v),
    "patient.opioids.exposures[0].last_taken": _exposed,
    "patient.urine_opioid_screen.on": lambda v: _patient(
        urine_opioid_screen={"result": "negative", "on": v}
    ),
    "patient.naloxone_challenge.on": lambda v: _patient(
        naloxone_challenge={"result": "negative", "on": v}
    ),
    "patient.planned_opioid[0].on": lambda v: _patient(
        planned_opioid=[{"on": v, "reason": "surgery"}]
    ),
    "patient.planned_opioid[0].until": lambda v: _patient(
        planned_opioid=[{"on": "2027-03-01", "until": v, "reason": "surgery"}]
    ),
    "patient.earlier_naltrexone.last_taken": lambda v: _patient(
        earlier_naltrexone={"last_taken": v}
    ),
    "patient.overrides[0].on": lambda v: _patient(
        overrides=[{"code": "OPI-03", "reason": "a reason", "by": "Dr A. Example", "on": v}]
    ),
    "diary[0].on": lambda v: _event(on=v),
    "diary[0].until": lambda v: good(diary=[{"event": "paused", "on": "2027-02-01", "until": v}]),
    "diary[0].exposure.last_taken": lambda v: good(
        diary=[
            {
                "event": "opioid",
                "on": "2027-02-01",
                "exposure": {"substance": "codeine", "last_taken": v},
            }
        ]
    ),
}
"""Where a request has a date."""

_REGIMEN = Regimen(steps=[{"dose": "1.5 mg"}])

CALLS: tuple[Callable[[Any], object], ...] = (
    lambda v: schedule(_REGIMEN, Capsules(strengths=["1.5 mg"]), v),
    lambda v: screen(PatientFacts(), v, _REGIMEN),
    lambda v: Held(on=v, days=7),
    lambda v: OpioidExposure(substance="codeine", last_taken=v),
)
"""The Python names that need a date."""

NOT_WRITTEN = 'must be a date written YYYY-MM-DD, such as "2027-01-04"'

SAYS = {
    "B150": "there is no such day as 2025-02-29",
    "B152": NOT_WRITTEN,
    "B153": NOT_WRITTEN,
    "B154": NOT_WRITTEN,
    "B155": NOT_WRITTEN,
    "B156": NOT_WRITTEN,
    "B166": NOT_WRITTEN,
    "B167": NOT_WRITTEN,
}
"""What the refusal of each text says."""


def is_refused(case: Case) -> None:
    text, said = case.input["start"], SAYS[case.id]
    for path, put in PLACES.items():
        refused_request(put(text), path, said)
    for call in CALLS:
        refused(partial(call, text), said)
    refused(lambda: PatientFacts(assessed_on=text), f"assessed_on: {said}")
    facts = cli("facts", "-", f"--assessed-on={text}", stdin="codeine\n")
    assert (facts.code, facts.out) == (2, "")
    assert said in facts.err


def is_missing(case: Case) -> None:
    """B169: no start is no start, drafts included; nothing here knows what day it is."""
    none = case.input["start"]
    assert none is None
    may_be_absent = {"patient.assessed_on", "patient.planned_opioid[0].until"}
    for path, put in PLACES.items():
        if path not in may_be_absent:
            refused_request(put(none), path, NOT_WRITTEN)
    for call in CALLS:
        refused(partial(call, none), NOT_WRITTEN)
    absent = {name: value for name, value in good().items() if name != "start"}
    for command in ("plan", "screen", "supply"):
        refused_request(absent, "start", 'is required, such as "2027-01-04"', command=command)
    run = cli("plan", "-", "--draft", stdin=absent)
    assert (run.code, run.out) == (2, "")
    for word in ("today", "now", "", 0, 1):
        refused_request(good(start=word), "start", NOT_WRITTEN)
    for value in (timedelta(1), 20270104, b"2027-01-04"):
        for call in CALLS:
            assert isinstance(refused(partial(call, value), NOT_WRITTEN), InvalidInputError)
    missing = accepted(PLACES["patient.assessed_on"](None)).screening()
    assert missing.verdict is Verdict.INSUFFICIENT
    assert missing.missing == ("assessed_on",)


def ends_after_a_leap_year(case: Case) -> None:
    request = good(start=case.input["start"], length_days=case.input["days"])
    plan = accepted(request).plan()
    assert len(plan) == 366
    assert (plan[0].date, plan[1].date) == (date(2024, 2, 29), date(2024, 3, 1))
    assert plan[-1].date == date(2025, 2, 28)
    run = cli("plan", "-", "--format", "csv", stdin=request)
    rows = run.out.splitlines()[1:]
    assert len(rows) == 366
    assert rows[-1].startswith("2025-02-28,4.5 mg,")


def is_at_the_end_of_time(case: Case) -> None:
    """B161: a plan that would pass the last day there is; days beyond it are never counted."""
    start, days = case.input["start"], case.input["days"]
    request = good(start=start, length_days=days)
    said = f"start: {start} is too late for {days} days"
    refused(accepted(request).plan, said)
    for command in ("plan", "supply"):
        run = cli(command, "-", stdin=request)
        assert (run.code, run.out, run.err) == (2, "", said + "\n")
    refused(accepted(good(start=start, length_days=None)).plan, "is too late for")
    assert accepted(good(start=start, length_days=2)).plan()[-1].date == date.max
    grown = {"start": "9999-12-01", "length_days": None, "preparation": _CAPSULES}
    held = {"event": "held", "on": "9999-12-02", "days": 3660}
    steps = {"steps": [{"dose": "0.25 mg", "days": 7}]}
    refused(accepted(good(**grown, regimen=steps, diary=[held])).plan, "is too late for")
    for last in ("9999-12-31", "9999-12-20", "9999-12-01T22:00+00:00"):
        exposed = _exposed(last)
        run = cli("screen", "-", "--format", "json", stdin={**exposed, "start": start})
        assert run.code == 3
        assert json.loads(run.out)["verdict"] in {"stop", "hold", "insufficient"}
    refused_request(_exposed("9999-12"), "patient.opioids.exposures[0].last_taken", "must be")


def is_a_century_ago(case: Case) -> None:
    """B163: no clock is read, so a start is long ago only against the assessment: that is told.

    Without an assessment nothing clears.
    """
    request = good(start=case.input["start"])
    for assessed, said in (
        ("2027-01-02", "The assessment of 2027-01-02 is dated after the start."),
        ("1824-01-05", "The assessment of 1824-01-05 is older than 90 days at the start."),
    ):
        patient = {**good()["patient"], "assessed_on": assessed}
        screening = accepted({**request, "patient": patient}).screening()
        (found,) = (f for f in screening.findings if f.code == "FACT-02")
        assert found.message == said
        assert found.action
        run = cli("plan", "-", "--format", "text", stdin={**request, "patient": patient})
        assert said in run.out.replace("\n", " ")
    unknown = {**good()["patient"]}
    del unknown["assessed_on"]
    run = cli("plan", "-", stdin={**request, "patient": unknown})
    assert (run.code, run.out) == (3, "")
    taken = {"status": "known", "exposures": [{"substance": "codeine", "last_taken": "2026-12-20"}]}
    exposed = {**good()["patient"], "opioids": taken}
    assert accepted({**request, "patient": exposed}).screening().verdict is Verdict.STOP


def is_every_month(case: Case) -> None:
    """B165: nothing is counted in months; a step lasts whole days, from each start alike."""
    every, start = case.input["every"], case.input["start"]
    for regimen, path in (
        ({"steps": [{"dose": "0.25 mg", "days": every}, {"dose": "0.5 mg"}]}, "steps[0].days"),
        ({"steps": [{"dose": "0.25 mg", "every": every}]}, "steps[0].every"),
        (
            {"ramp": {"from": "0.25 mg", "by": "0.25 mg", "every_days": every, "to": "1 mg"}},
            "ramp.every_days",
        ),
        (
            {"ramp": {"from": "0.25 mg", "by": "0.25 mg", "every": every, "to": "1 mg"}},
            "ramp.every",
        ),
    ):
        said = "must be a whole number" if "day" in path else "is no "
        refused_request(good(start=start, regimen=regimen), f"regimen.{path}", said)
    refused(
        lambda: Regimen.ramp("0.25 mg", "0.25 mg", every, "1 mg"),
        "every_days: must be a whole number of days",
    )
    twice = [{"dose": "0.25 mg", "days": 31}, {"dose": "0.5 mg", "days": 31}, {"dose": "1 mg"}]
    plan = accepted(good(start=start, regimen={"steps": twice})).plan()
    assert [step.first for step in plan.steps] == [
        date(2025, 1, 31),
        date(2025, 3, 3),
        date(2025, 4, 3),
    ]


CASES: dict[str, Callable[[Case], None]] = {
    **dict.fromkeys(SAYS, is_refused),
    "B151": ends_after_a_leap_year,
    "B161": is_at_the_end_of_time,
    "B163": is_a_century_ago,
    "B165": is_every_month,
    "B169": is_missing,
}

NOT_BUILT: dict[str, str] = {}
