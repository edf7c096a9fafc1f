"""Schedules: steps, ramps, what happened, and when in the day; one amount a day, never two."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta
from fractions import Fraction
from functools import partial
from typing import Any

from bad_inputs.case import Case, accepted, cli, good, refused, refused_request
from ldn_titration import (
    Capsules,
    Held,
    Missed,
    OralSolution,
    Regimen,
    TitrationStep,
    Verdict,
    schedule,
)

SYRINGE = {"form": "oral_solution", "concentration": "1 mg/mL", "graduation": "0.01 mL"}


def has_no_steps(case: Case) -> None:
    refused_request(good(regimen=case.input), "regimen.steps", "must not be empty", '"1.5 mg"')
    refused_request(good(regimen={"steps": None}), "regimen.steps", "must be a list")
    refused_request(good(regimen={}), "regimen", "exactly one of protocol, steps and ramp")
    refused(lambda: Regimen(steps=case.input["steps"]), "steps: must not be empty")


DAYS = {
    "B124": "must be 1 or more, not 0",
    "B125": "must be 1 or more, not -7",
    "B126": "must be a whole number",
    "B127": "must be a whole number",
}
"""What is said of each number of days."""


def lasts_no_whole_days(case: Case) -> None:
    days, said = case.input["steps"][0]["days"], DAYS[case.id]
    refused_request(good(regimen=case.input), "regimen.steps[0].days", said)
    ramp = {"from": "0.25 mg", "by": "0.25 mg", "to": "4.5 mg"}
    for name in ("every_days", "fewest_days"):
        stated = {"ramp": {**ramp, "every_days": 7, name: days}}
        refused_request(good(regimen=stated), f"regimen.ramp.{name}", said)
    refused_request(good(length_days=days), "length_days", said)
    held = {"event": "held", "on": "2027-02-01", "days": days}
    refused_request(good(diary=[held]), "diary[0].days", said)
    refused(lambda: TitrationStep(dose="1.5 mg", days=days), f"days: {said}")
    refused(lambda: Held(on="2027-02-01", days=days), f"days: {said}")
    whole = "must be a whole number of days from 1 to 3660, such as 7"
    refused(lambda: Regimen.ramp("0.25 mg", "0.25 mg", days, "4.5 mg"), f"every_days: {whole}")
    one = Regimen(steps=[{"dose": "1.5 mg"}])
    refused(
        lambda: schedule(one, Capsules(strengths=["1.5 mg"]), "2027-01-04", days=days),
        "days: must be a whole number from 1 to 3660",
    )
    for option in ("--lead-days", "--fill-days"):
        if (option, days) != ("--lead-days", 0):
            run = cli("supply", "-", f"{option}={days}", stdin=good())
            assert (run.code, run.out) == (2, "")
            assert "must be a whole number of days from" in run.err


def has_a_length_without_unit(case: Case) -> None:
    """B128, B129: a length is ``days``; no other key is read, and no month is counted.

    (A key that some other object has "is no key of this object".)
    """
    duration = case.input["steps"][0]["duration"]
    refused_request(good(regimen=case.input), "regimen.steps[0].duration", "is no ")
    step = {"dose": "1.5 mg", "days": duration}
    if isinstance(duration, str):
        refused_request(
            good(regimen={"steps": [step]}), "regimen.steps[0].days", "must be a whole number"
        )
        refused(partial(TitrationStep, **step), "days: must be a whole number", "such as 7")
    for name in ("weeks", "months", "seconds"):
        other = {"steps": [{"dose": "1.5 mg", name: 1}]}
        refused_request(good(regimen=other), f"regimen.steps[0].{name}", "is no ")
    read_as_delta = partial(TitrationStep, dose="1.5 mg", days=timedelta(days=7))
    refused(read_as_delta, "days: must be a whole number")


def climbs_backwards(case: Case) -> None:
    """B134: an increment has no sign; one of zero never arrives either."""
    by, to = case.input["weekly_step"], case.input["target"]
    for text, said in ((by, "has a sign"), ("0 mg", "must be more than zero")):
        ramp = {"from": "0.25 mg", "by": text, "every_days": 7, "to": to}
        refused_request(good(regimen={"ramp": ramp}), "regimen.ramp.by", said)
        error = refused(partial(Regimen.ramp, "0.25 mg", text, 7, to), said)
        assert str(error).startswith("by: ")


def ends_with_a_smaller_step(case: Case) -> None:
    """B135: ten full increments from 0.25 mg to 4.25 mg, and one of 0.25 mg."""
    start, by, to = (case.input[name] for name in ("start_dose", "weekly_step", "target"))
    wanted = [Fraction(25 + 40 * n, 100) for n in range(11)] + [Fraction(9, 2)]
    regimen = Regimen.ramp(start, by, 7, to)
    assert [step.daily_dose.magnitude for step in regimen.steps] == wanted
    ramp = {"from": start, "by": by, "every_days": 7, "to": to}
    request = good(regimen={"ramp": ramp}, preparation=SYRINGE)
    run = cli("plan", "-", "--format", "json", stdin=request)
    told = [step["dose"] for step in json.loads(run.out)["steps"]]
    assert told[-3:] == ["3.85 mg", "4.25 mg", "4.5 mg"]
    assert len(told) == 12


def goes_ten_times_too_high(case: Case) -> None:
    """B136: the screening stops it and asks for a slip; no plan is written."""
    ramp = {
        "from": case.input["start_dose"],
        "by": case.input["weekly_step"],
        "every_days": 7,
        "to": case.input["target"],
    }
    request = good(regimen={"ramp": ramp})
    assert accepted(request).screening().verdict is Verdict.STOP
    for command in ("plan", "supply"):
        run = cli(command, "-", stdin=request)
        assert (run.code, run.out) == (3, "")
        assert "[STOP] DOS-01: Step 18 gives 45 mg a day, above 6 mg a day" in run.err
        assert "Check for a slip of unit or of decimal point." in run.err


def jumps(case: Case) -> None:
    """B138: a ninefold rise is told with the largest one that any cited titration makes.

    The corpus wants a recorded reason. The contract stands: only a hold takes a reason, and
    a rise beyond the usual is information (DOS-02), which the prescriber's faces carry.
    """
    low, high = case.input["steps"]
    steps = {"steps": [{"dose": low, "days": 7}, {"dose": high}]}
    request = good(regimen=steps, preparation=SYRINGE)
    screening = accepted(request).screening()
    (found,) = (f for f in screening.findings if "adds" in f.message)
    assert (found.code, found.severity.name) == ("DOS-02", "INFO")
    assert found.message.startswith("Step 2 adds 4 mg a day, more than 1.5 mg.")
    assert found.action == "Check that this is meant."
    assert found.sources
    for face in ("text", "html", "json"):
        shown = cli("plan", "-", "--format", face, stdin=request).out.replace("\u00a0", " ")
        assert "adds 4 mg a day, more than 1.5 mg" in shown, face


def is_held_elsewhere(case: Case) -> None:
    """B139, B140: an event is told by its day; step 99 and day -1 are days outside the plan."""
    told = case.input["hold"]
    (key,) = set(told) - {"days"}
    keyed = {"event": "held", **told}
    refused_request(good(diary=[keyed]), f"diary[0].{key}", "is no ")
    refused_request(good(diary=[keyed]), "diary[0].on", 'is required, such as "2027-02-03"')
    first = date.fromisoformat(good()["start"])
    place = (99 - 1) * 7 if key == "at_step" else told[key] - 1
    on = first + timedelta(days=place)
    said = (
        f"{on} is after the plan's end on 2027-05-09; plan a longer length"
        if key == "at_step"
        else f"{on} is before the plan's start on 2027-01-04"
    )
    request = good(diary=[{"event": "held", "on": on.isoformat(), "days": told["days"]}])
    refused(accepted(request).plan, f"diary[0].on: {said}")
    run = cli("plan", "-", "--draft", stdin=request)
    assert (run.code, run.out, run.err) == (2, "", f"diary[0].on: {said}\n")


def comes_back_after_a_gap(case: Case) -> None:
    """B142: after 40 days without a dose the plan starts from its first step, and says so."""
    gap = case.input["resume_after_gap_days"]
    on, back = date(2027, 3, 1), date(2027, 3, 1) + timedelta(days=gap)
    paused = {"event": "paused", "on": on.isoformat(), "until": back.isoformat()}
    request = good(diary=[paused])
    plan = accepted(request).plan()
    before = plan.on(on - timedelta(days=1))
    assert str(before.dose) == "2 mg"
    gone = [plan.on(on + timedelta(days=n)) for n in range(gap)]
    assert all(day.dose is None and not day.doses for day in gone)
    assert [str(plan.on(back + timedelta(days=n)).dose) for n in (0, 6, 7)] == [
        "0.25 mg",
        "0.25 mg",
        "0.5 mg",
    ]
    run = cli("plan", "-", "--format", "json", stdin=request)
    findings = {each["code"]: each for each in json.loads(run.out)["screening"]["findings"]}
    told = findings["GAP-01"]
    assert told["severity"] == "caution"
    assert told["message"].startswith("40 days without a dose from 2027-03-01 on, more than 14.")
    assert told["action"] == "Titrate again: the plan starts from the first step."
    assert told["sources"] == ["ldnrt_when_start_stop"]
    assert json.loads(run.out)["screening"]["verdict"] == "caution"


def is_doubled(case: Case) -> None:
    """B143: nothing in a request can ask for it; after a missed day one dose is taken."""
    missed = {"event": "missed", "on": "2027-02-01"}
    refused_request(good(**case.input), "missed_dose", "is no ")
    for key, value in (("catch_up", True), ("dose", "2 mg"), ("doses", 2), ("days", 1)):
        event = {**missed, key: value}
        refused_request(good(diary=[event]), f"diary[0].{key}", "is no")
    for name in ("doubled", "caught_up", case.input["missed_dose"]):
        event = {**missed, "event": name}
        refused_request(good(diary=[event]), "diary[0]", 'whose "event" is one of held')
    refused(partial(Missed, on="2027-02-01", dose="2 mg"), "dose: is no known key")
    plain, plan = accepted(good()).plan(), accepted(good(diary=[missed])).plan()
    lost = date(2027, 2, 1)
    assert plan.on(lost).dose is None
    allowed = {day.dose for day in plain}
    assert {day.dose for day in plan if day.date != lost} <= allowed
    assert max(len(day.doses) for day in plan) == 1
    assert plan.on(lost + timedelta(days=1)).dose == plain.on(lost).dose
    text = cli("plan", "-", "--format", "text", stdin=good(diary=[missed])).out
    assert "both" not in text.lower()


def is_no_time(case: Case) -> None:
    time = case.input["time_of_day"]
    for value in (
        time,
        "7:00",
        "12:60",
        "0000",
        "22:00:00",
        "22.00",
        " 22:00",
        22,
        "10 pm",
        "\u0662\u0662:\u0660\u0660",
    ):
        refused_request(
            good(time_of_day=value), "time_of_day", "must be one of morning, noon", '"21:30"'
        )
    refused(
        lambda: Regimen(steps=[{"dose": "1.5 mg"}], time_of_day=time),
        "time_of_day: must be one of morning",
    )
    run = cli("plan", "-", "--format", "ics", "--at", time, stdin=good())
    assert (run.code, run.out) == (2, "")
    assert run.err == '--at: must give a time such as "22:00"\n'
    assert accepted(good(time_of_day="23:59")).titration().time_of_day == "23:59"


def is_two_regimens(case: Case) -> None:
    """B147: a request has one regimen, and a diary one event a day."""
    each = [{"steps": [{"dose": dose}]} for dose in case.input["two_regimens_same_day"]]
    said = "must be an object with exactly one of protocol, steps and ramp"
    refused_request(good(regimen=each), "regimen", said)
    refused_request(good(regimen={**each[0], **good()["regimen"]}), "regimen", said)
    text = json.dumps(good()).replace('"regimen":', '"regimen": {"steps": []}, "regimen":', 1)
    refused_request(text, "regimen", "stands twice in the same object")
    twice = [{"event": name, "on": "2027-02-01"} for name in ("advanced", "halved")]
    told = 'diary[1].on: 2027-02-01 has diary[0] ("advanced") already; one event a day'
    refused(accepted(good(diary=twice)).plan, told)
    assert cli("plan", "-", "--draft", stdin=good(diary=twice)).err == told + "\n"
    both = {"steps": [{"dose": "1.5 mg", "doses": {"bedtime": "3 mg"}}]}
    refused_request(good(regimen=both), "regimen.steps[0]", "exactly one of")
    plan = schedule(
        Regimen(steps=[{"dose": "1.5 mg", "days": 7}, {"dose": "3 mg", "days": 7}]),
        OralSolution(concentration="1 mg/mL", graduation="0.1 mL"),
        "2027-01-04",
    )
    assert len({day.date for day in plan}) == len(plan) == 14


def is_abbreviated(case: Case) -> None:
    """B148: how often is told in whole numbers, never in letters."""
    short = case.input["frequency"]
    for key in ("frequency", "doses_per_day", "cycle", "days"):
        step = {"dose": "3 mg", key: short}
        said = "is no " if key == "frequency" else "must be "
        refused_request(good(regimen={"steps": [step]}), f"regimen.steps[0].{key}", said)
    refused_request(good(frequency=short), "frequency", "is no ")
    refused_request(good(time_of_day=short), "time_of_day", "must be one of morning")
    refused(partial(TitrationStep, dose="3 mg", doses_per_day=short), "must be a whole number")
    every_other = {"dose": "3 mg", "cycle": {"days_on": 1, "days_off": 1}}
    request = good(regimen={"steps": [every_other]}, preparation=SYRINGE)
    for face in ("text", "html", "csv", "ics", "fhir"):
        shown: Any = cli("plan", "-", "--format", face, stdin=request)
        assert shown.code == 0
        assert short not in shown.out, face


CASES: dict[str, Callable[[Case], None]] = {
    "B123": has_no_steps,
    **dict.fromkeys(DAYS, lasts_no_whole_days),
    "B128": has_a_length_without_unit,
    "B129": has_a_length_without_unit,
    "B134": climbs_backwards,
    "B135": ends_with_a_smaller_step,
    "B136": goes_ten_times_too_high,
    "B138": jumps,
    "B139": is_held_elsewhere,
    "B140": is_held_elsewhere,
    "B142": comes_back_after_a_gap,
    "B143": is_doubled,
    "B144": is_no_time,
    "B147": is_two_regimens,
    "B148": is_abbreviated,
}

NOT_BUILT: dict[str, str] = {}
