"""The diary: contract section 6 by hand-written calendars, and whole diaries against an oracle.

Every calendar below stands written out, as a person would count it on paper; both the library and
the slow replay of `diary_oracle.py` are held to it. Unless an example says otherwise the regimen
is 1.5 mg for 7 days, 3 mg for 7 days, then 4.5 mg, from Monday 2027-01-04.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache
from itertools import product
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

import diary_oracle
import oracle
from conftest import ROOT
from diary_oracle import Measured, Replay
from ldn_titration import (
    Capsules,
    Drops,
    InvalidInputError,
    Mass,
    NotMeasurableError,
    OpioidExposure,
    OpioidTaken,
    OralSolution,
    Plan,
    Preparation,
    Problem,
    Regimen,
    Tablets,
    Verdict,
    schedule,
    screen,
)
from ldn_titration.diary import Paused, read_diary
from ldn_titration.export.document import plan_json
from ldn_titration.request import read_request, request_schema
from ldn_titration.testing import known_facts

Event = dict[str, Any]

START = "2027-01-04"
STEPS: list[dict[str, Any]] = [
    {"dose": "1.5 mg", "days": 7},
    {"dose": "3 mg", "days": 7},
    {"dose": "4.5 mg"},
]
FINE = {"form": "oral_solution", "concentration": "1 mg/mL", "graduation": "0.0000000001 mL"}
SYRINGE = {"form": "oral_solution", "concentration": "1 mg/mL", "graduation": "0.1 mL"}
STRONGER = {"form": "oral_solution", "concentration": "5 mg/mL", "graduation": "0.0000000001 mL"}
DROPS = {"form": "drops", "concentration": "1 mg/mL", "drops_per_mL": 20}
CAPSULES = {"form": "capsules", "strengths": ["0.25 mg", "1.5 mg"]}
LARGE_CAPSULES = {"form": "capsules", "strengths": ["1.5 mg", "3 mg", "4.5 mg"]}
FORMS: dict[str, type[Any]] = {
    "oral_solution": OralSolution,
    "drops": Drops,
    "capsules": Capsules,
    "tablets": Tablets,
}


def event(kind: str, on: str, **more: Any) -> Event:
    """One event of 2027; dates may lack the year."""
    full = {name: whole(value) if name == "until" else value for name, value in more.items()}
    return {"event": kind, "on": whole(on), **full}


def whole(on: str) -> str:
    return on if len(on) == 10 else f"2027-{on}"


def opioid(on: str, substance: str, release: str = "unknown", **more: Any) -> Event:
    exposure = {"substance": substance, "release": release, **more}
    return event("opioid", on, exposure=exposure)


def request_of(
    diary: list[Event],
    length: int | None = None,
    steps: list[dict[str, Any]] | None = None,
    preparation: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """A request with everything but the patient."""
    request: dict[str, Any] = {
        "start": START,
        "regimen": {"steps": STEPS if steps is None else steps},
        "preparation": FINE if preparation is None else preparation,
        "diary": diary,
    }
    return request if length is None else {**request, "length_days": length}


def prepared(preparation: dict[str, Any]) -> Preparation:
    kept = {name: value for name, value in preparation.items() if name != "form"}
    made: Preparation = FORMS[preparation["form"]](**kept)
    return made


def library(request: dict[str, Any]) -> Plan:
    """The request as the library plans it."""
    return schedule(
        Regimen(steps=request["regimen"]["steps"]),
        prepared(request["preparation"]),
        request["start"],
        days=request.get("length_days"),
        diary=request["diary"],
    )


Calendar = list[tuple[date, int, str | None]]
"""Each day, the number of its step and its dose."""


def of_plan(plan: Plan) -> Calendar:
    return [(day.date, day.step, None if day.dose is None else str(day.dose)) for day in plan]


def of_replay(found: Replay) -> Calendar:
    return [
        (row.on, row.step, None if row.dose is None else oracle.mass_text(row.dose))
        for row in found.rows
    ]


def calendar_by_library(request: dict[str, Any]) -> Calendar:
    return of_plan(library(request))


def calendar_by_oracle(request: dict[str, Any]) -> Calendar:
    found = diary_oracle.replay(request)
    assert found.refused == []
    assert diary_oracle.first_unmeasurable(found, {}) is None
    return of_replay(found)


def written(text: str) -> Calendar:
    """A calendar from lines such as `01-11 to 01-17  step 2  3 mg`."""
    days: Calendar = []
    for line in text.strip().splitlines():
        first, _, last, _, step, dose, unit = line.split()
        on = date.fromisoformat(whole(first))
        while on <= date.fromisoformat(whole(last)):
            days.append((on, int(step), None if dose == "no" else f"{dose} {unit}"))
            on += timedelta(days=1)
    return days


def test_a_diary_is_told_up_to_the_last_day_of_the_calendar() -> None:
    """T07: nothing comes after 31 December 9999, and nothing overflows."""
    missed = {"event": "missed", "on": "9999-12-29"}
    request = {**request_of([missed], 3), "start": "9999-12-29"}
    days = [("9999-12-29", None), ("9999-12-30", "1.5 mg"), ("9999-12-31", "1.5 mg")]
    expected = [(date.fromisoformat(on), 1, dose) for on, dose in days]
    assert calendar_by_oracle(request) == calendar_by_library(request) == expected


def test_an_exposure_that_tells_no_last_dose_had_it_on_the_day_of_its_event() -> None:
    """Told as a value or as an object; what it tells itself stands."""
    on = date(2027, 1, 13)
    for told, last in (({}, on), ({"last_taken": "2027-01-10"}, date(2027, 1, 10))):
        exposure = {"substance": "oxycodone", **told}
        for stated in (exposure, OpioidExposure.model_validate(exposure)):
            assert OpioidTaken(on=on, exposure=stated).exposure.last_taken == last
    unknown = OpioidExposure(substance="oxycodone", last_taken="unknown")
    assert OpioidTaken(on=on, exposure=unknown).exposure.last_taken == "unknown"
    for stated in (unknown, {"substance": "oxycodone"}):
        with pytest.raises(InvalidInputError) as caught:
            OpioidTaken(exposure=stated)
        assert [problem.path for problem in caught.value.problems] == ["on"]


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({}, "last dose 13 Jan 2027"),
        ({"last_taken": "2027-01-12T23:30:00+01:00"}, "last dose 12 Jan 2027"),
        ({"last_taken": "2026-12"}, "last dose 2026-12"),
        ({"last_taken": "unknown"}, "last dose not known"),
        ({"ongoing": True}, "still taken"),
    ],
)
def test_the_reason_of_an_interval_names_the_opioid_and_its_last_dose(
    told: dict[str, Any], words: str
) -> None:
    (event,) = read_diary([opioid("01-13", "oxycodone", "immediate", **told)])
    assert event.why == f"opioid-free interval after oxycodone, {words}"


def test_a_pause_lasts_3660_days_at_most() -> None:
    """Ten years from 13 January 2027 have 3,653 days, and 20 January is seven later."""
    (paused,) = read_diary([event("paused", "01-13", until="2037-01-20")])
    assert isinstance(paused, Paused)
    assert (paused.until - paused.on).days == 3660
    error = unread([event("paused", "01-13", until="2037-01-21")])
    assert [str(problem) for problem in error.problems] == [
        "diary[0].until: must be within 3660 days of 2027-01-13"
    ]


def test_a_diary_has_50_switches_at_most() -> None:
    switches = [
        event("switched", str(date(2027, 1, 4) + timedelta(days=n)), preparation=FINE)
        for n in range(51)
    ]
    assert len(read_diary([*switches[:50], event("missed", "05-01")])) == 51
    (problem,) = unread(switches).problems
    assert (problem.path, problem.message) == ("diary", "has 51 switches; at most 50 are read")


def unread(diary: Any) -> InvalidInputError:
    with pytest.raises(InvalidInputError) as caught:
        read_diary(diary)
    return caught.value


PLANNERS = pytest.mark.parametrize(
    "calendar", [calendar_by_oracle, calendar_by_library], ids=["oracle", "library"]
)


class Told(NamedTuple):
    """A clause, a diary that shows it, and the calendar that follows."""

    clause: str
    diary: list[Event]
    calendar: str
    length: int | None = None
    steps: list[dict[str, Any]] | None = None


# --- Each event, as the contract tells it -------------------------------------------------------

NO_EVENT = """
01-04 to 01-10  step 1  1.5 mg
01-11 to 01-17  step 2  3 mg
01-18 to 02-14  step 3  4.5 mg
"""

HELD = [
    Told("without a diary the open-ended step has 28 days", [], NO_EVENT),
    Told(
        "held: the step of that day lasts n days longer, every later step starts n days later",
        [event("held", "01-13", days=7, reason="insomnia")],
        """
        01-04 to 01-10  step 1  1.5 mg
        01-11 to 01-24  step 2  3 mg
        01-25 to 02-21  step 3  4.5 mg
        """,
    ),
    Told(
        "held on the first day of a step: that step, not the one before",
        [event("held", "01-11", days=3)],
        """
        01-04 to 01-10  step 1  1.5 mg
        01-11 to 01-20  step 2  3 mg
        01-21 to 02-17  step 3  4.5 mg
        """,
    ),
    Told(
        "held on the last day of a step",
        [event("held", "01-10", days=1)],
        """
        01-04 to 01-11  step 1  1.5 mg
        01-12 to 01-18  step 2  3 mg
        01-19 to 02-15  step 3  4.5 mg
        """,
    ),
    Told(
        "held on the start",
        [event("held", "01-04", days=2)],
        """
        01-04 to 01-12  step 1  1.5 mg
        01-13 to 01-19  step 2  3 mg
        01-20 to 02-16  step 3  4.5 mg
        """,
    ),
    Told(
        "held on the open-ended step, no length asked for: the plan grows",
        [event("held", "01-20", days=5)],
        """
        01-04 to 01-10  step 1  1.5 mg
        01-11 to 01-17  step 2  3 mg
        01-18 to 02-19  step 3  4.5 mg
        """,
    ),
    Told(
        "held on the open-ended step with a length: nothing can be seen of it",
        [event("held", "01-20", days=5)],
        """
        01-04 to 01-10  step 1  1.5 mg
        01-11 to 01-17  step 2  3 mg
        01-18 to 01-31  step 3  4.5 mg
        """,
        length=28,
    ),
    Told(
        "held twice: both count",
        [event("held", "01-13", days=2), event("held", "01-15", days=3)],
        """
        01-04 to 01-10  step 1  1.5 mg
        01-11 to 01-22  step 2  3 mg
        01-23 to 02-19  step 3  4.5 mg
        """,
    ),
    Told(
        "a length is the whole length: what a hold pushes out is cut off",
        [event("held", "01-05", days=7)],
        """
        01-04 to 01-17  step 1  1.5 mg
        01-18 to 01-23  step 2  3 mg
        """,
        length=20,
    ),
    Told(
        "held on the last day of a regimen of closed steps: it ends later",
        [event("held", "01-06", days=4)],
        """
        01-04 to 01-05  step 1  1.5 mg
        01-06 to 01-10  step 2  3 mg
        """,
        steps=[{"dose": "1.5 mg", "days": 2}, {"dose": "3 mg", "days": 1}],
    ),
]

STEPPED_BACK = [
    Told(
        "stepped_back: the dose of the step before for its own days, then each step in full",
        [event("stepped_back", "01-13")],
        """
        01-04 to 01-10  step 1  1.5 mg
        01-11 to 01-12  step 2  3 mg
        01-13 to 01-19  step 1  1.5 mg
        01-20 to 01-26  step 2  3 mg
        01-27 to 02-23  step 3  4.5 mg
        """,
    ),
    Told(
        "stepped_back on the first day of a step: that step is not taken at all",
        [event("stepped_back", "01-11")],
        """
        01-04 to 01-17  step 1  1.5 mg
        01-18 to 01-24  step 2  3 mg
        01-25 to 02-21  step 3  4.5 mg
        """,
    ),
    Told(
        "stepped_back from the open-ended step: it is open-ended again",
        [event("stepped_back", "01-20")],
        """
        01-04 to 01-10  step 1  1.5 mg
        01-11 to 01-17  step 2  3 mg
        01-18 to 01-19  step 3  4.5 mg
        01-20 to 01-26  step 2  3 mg
        01-27 to 02-23  step 3  4.5 mg
        """,
    ),
    Told(
        "stepped_back within a length: it still ends on the same day",
        [event("stepped_back", "01-20")],
        """
        01-04 to 01-10  step 1  1.5 mg
        01-11 to 01-17  step 2  3 mg
        01-18 to 01-19  step 3  4.5 mg
        01-20 to 01-26  step 2  3 mg
        01-27 to 01-31  step 3  4.5 mg
        """,
        length=28,
    ),
    Told(
        "stepped_back twice: two steps, climbing through both",
        [event("stepped_back", "01-20"), event("stepped_back", "01-22")],
        """
        01-04 to 01-10  step 1  1.5 mg
        01-11 to 01-17  step 2  3 mg
        01-18 to 01-19  step 3  4.5 mg
        01-20 to 01-21  step 2  3 mg
        01-22 to 01-28  step 1  1.5 mg
        01-29 to 02-04  step 2  3 mg
        02-05 to 03-04  step 3  4.5 mg
        """,
    ),
    Told(
        "stepped_back while a dose is halved: the step before at its full dose",
        [event("halved", "01-13"), event("stepped_back", "01-15")],
        """
        01-04 to 01-10  step 1  1.5 mg
        01-11 to 01-12  step 2  3 mg
        01-13 to 01-14  step 2  1.5 mg
        01-15 to 01-21  step 1  1.5 mg
        01-22 to 01-28  step 2  3 mg
        01-29 to 02-25  step 3  4.5 mg
        """,
    ),
    Told(
        "stepped_back goes for the own days of the step before, though it was held",
        [event("held", "01-05", days=7), event("stepped_back", "01-18")],
        """
        01-04 to 01-17  step 1  1.5 mg
        01-18 to 01-24  step 1  1.5 mg
        01-25 to 01-31  step 2  3 mg
        02-01 to 02-28  step 3  4.5 mg
        """,
    ),
]

HALVED = [
    Told(
        "halved: half the dose for the step's own days, then the step again in full",
        [event("halved", "01-13")],
        """
        01-04 to 01-10  step 1  1.5 mg
        01-11 to 01-12  step 2  3 mg
        01-13 to 01-19  step 2  1.5 mg
        01-20 to 01-26  step 2  3 mg
        01-27 to 02-23  step 3  4.5 mg
        """,
    ),
    Told(
        "halved on the first step, on its first day",
        [event("halved", "01-04")],
        """
        01-04 to 01-10  step 1  0.75 mg
        01-11 to 01-17  step 1  1.5 mg
        01-18 to 01-24  step 2  3 mg
        01-25 to 02-21  step 3  4.5 mg
        """,
    ),
    Told(
        "halved on the open-ended step: its own days are those of the step before it",
        [event("halved", "01-11")],
        """
        01-04 to 01-07  step 1  1.5 mg
        01-08 to 01-10  step 2  3 mg
        01-11 to 01-14  step 2  1.5 mg
        01-15 to 02-11  step 2  3 mg
        """,
        steps=[{"dose": "1.5 mg", "days": 4}, {"dose": "3 mg"}],
    ),
    Told(
        "halved on an open-ended step that has none before it: 7 days",
        [event("halved", "01-06")],
        """
        01-04 to 01-05  step 1  4.5 mg
        01-06 to 01-12  step 1  2.25 mg
        01-13 to 02-09  step 1  4.5 mg
        """,
        steps=[{"dose": "4.5 mg"}],
    ),
    Told(
        "halved while halved: a quarter for the step's own days, then the full dose",
        [event("halved", "01-13"), event("halved", "01-16")],
        """
        01-04 to 01-10  step 1  1.5 mg
        01-11 to 01-12  step 2  3 mg
        01-13 to 01-15  step 2  1.5 mg
        01-16 to 01-22  step 2  0.75 mg
        01-23 to 01-29  step 2  3 mg
        01-30 to 02-26  step 3  4.5 mg
        """,
    ),
    Told(
        "held while halved: more days of the half",
        [event("halved", "01-13"), event("held", "01-14", days=2)],
        """
        01-04 to 01-10  step 1  1.5 mg
        01-11 to 01-12  step 2  3 mg
        01-13 to 01-21  step 2  1.5 mg
        01-22 to 01-28  step 2  3 mg
        01-29 to 02-25  step 3  4.5 mg
        """,
    ),
    Told(
        "missed while halved: the half is taken for all its days",
        [event("halved", "01-13"), event("missed", "01-14")],
        """
        01-04 to 01-10  step 1  1.5 mg
        01-11 to 01-12  step 2  3 mg
        01-13 to 01-13  step 2  1.5 mg
        01-14 to 01-14  step 2  no dose
        01-15 to 01-20  step 2  1.5 mg
        01-21 to 01-27  step 2  3 mg
        01-28 to 02-24  step 3  4.5 mg
        """,
    ),
    Told(
        "halved in the last step of a closed regimen",
        [event("halved", "01-06")],
        """
        01-04 to 01-05  step 1  3 mg
        01-06 to 01-08  step 1  1.5 mg
        01-09 to 01-11  step 1  3 mg
        """,
        steps=[{"dose": "3 mg", "days": 3}],
    ),
    Told(
        "halved where there are several doses a day: each is halved",
        [event("halved", "01-05")],
        """
        01-04 to 01-04  step 1  3 mg
        01-05 to 01-06  step 1  1.5 mg
        01-07 to 01-08  step 1  3 mg
        """,
        steps=[{"dose": "1.5 mg", "doses_per_day": 2, "days": 2}],
    ),
]

MISSED = [
    Told(
        "missed: the day counts for no step, later days shift by one",
        [event("missed", "01-13")],
        """
        01-04 to 01-10  step 1  1.5 mg
        01-11 to 01-12  step 2  3 mg
        01-13 to 01-13  step 2  no dose
        01-14 to 01-18  step 2  3 mg
        01-19 to 02-15  step 3  4.5 mg
        """,
    ),
    Told(
        "missed on the last day of a step: it is taken the day after",
        [event("missed", "01-17")],
        """
        01-04 to 01-10  step 1  1.5 mg
        01-11 to 01-16  step 2  3 mg
        01-17 to 01-17  step 2  no dose
        01-18 to 01-18  step 2  3 mg
        01-19 to 02-15  step 3  4.5 mg
        """,
    ),
    Told(
        "missed on the first day of a step and of the plan",
        [event("missed", "01-04"), event("missed", "01-12")],
        """
        01-04 to 01-04  step 1  no dose
        01-05 to 01-11  step 1  1.5 mg
        01-12 to 01-12  step 2  no dose
        01-13 to 01-19  step 2  3 mg
        01-20 to 02-16  step 3  4.5 mg
        """,
    ),
    Told(
        "missed within a length: the last day falls away, never a double dose",
        [event("missed", "01-13")],
        """
        01-04 to 01-10  step 1  1.5 mg
        01-11 to 01-12  step 2  3 mg
        01-13 to 01-13  step 2  no dose
        01-14 to 01-18  step 2  3 mg
        01-19 to 01-24  step 3  4.5 mg
        """,
        length=21,
    ),
    Told(
        "missed on the last day of a closed regimen: one day more",
        [event("missed", "01-05")],
        """
        01-04 to 01-04  step 1  3 mg
        01-05 to 01-05  step 1  no dose
        01-06 to 01-06  step 1  3 mg
        """,
        steps=[{"dose": "3 mg", "days": 2}],
    ),
]

ADVANCED = [
    Told(
        "advanced: the next step starts on that day",
        [event("advanced", "01-08")],
        """
        01-04 to 01-07  step 1  1.5 mg
        01-08 to 01-14  step 2  3 mg
        01-15 to 02-11  step 3  4.5 mg
        """,
    ),
    Told(
        "advanced on the first day of a step: that step is not taken at all",
        [event("advanced", "01-11")],
        """
        01-04 to 01-10  step 1  1.5 mg
        01-11 to 02-07  step 3  4.5 mg
        """,
    ),
    Told(
        "advanced while halved: the next step at its full dose",
        [event("halved", "01-13"), event("advanced", "01-15")],
        """
        01-04 to 01-10  step 1  1.5 mg
        01-11 to 01-12  step 2  3 mg
        01-13 to 01-14  step 2  1.5 mg
        01-15 to 02-11  step 3  4.5 mg
        """,
    ),
    Told(
        "advanced takes back a hold that is not over",
        [event("held", "01-08", days=10), event("advanced", "01-12")],
        """
        01-04 to 01-11  step 1  1.5 mg
        01-12 to 01-18  step 2  3 mg
        01-19 to 02-15  step 3  4.5 mg
        """,
    ),
    Told(
        "advanced past the first step, then back",
        [event("advanced", "01-06"), event("stepped_back", "01-07")],
        """
        01-04 to 01-05  step 1  1.5 mg
        01-06 to 01-06  step 2  3 mg
        01-07 to 01-13  step 1  1.5 mg
        01-14 to 01-20  step 2  3 mg
        01-21 to 02-17  step 3  4.5 mg
        """,
    ),
]

STAYED = [
    Told(
        "stayed: the step of that day becomes open-ended, 28 days of it where no length is given",
        [event("stayed", "01-13")],
        """
        01-04 to 01-10  step 1  1.5 mg
        01-11 to 02-09  step 2  3 mg
        """,
    ),
    Told(
        "stayed with a length: to its end",
        [event("stayed", "01-13")],
        """
        01-04 to 01-10  step 1  1.5 mg
        01-11 to 02-14  step 2  3 mg
        """,
        length=42,
    ),
    Told(
        "stayed on a step that is open-ended already: nothing changes",
        [event("stayed", "01-20")],
        NO_EVENT,
    ),
    Told(
        "stayed twice: the second changes nothing",
        [event("stayed", "01-13"), event("stayed", "01-20")],
        """
        01-04 to 01-10  step 1  1.5 mg
        01-11 to 02-09  step 2  3 mg
        """,
    ),
    Told(
        "stayed on the last step of a closed regimen: it ends no more",
        [event("stayed", "01-05")],
        """
        01-04 to 02-01  step 1  3 mg
        """,
        steps=[{"dose": "3 mg", "days": 2}],
    ),
    Told(
        "stayed on a halved day: at the half",
        [event("halved", "01-13"), event("stayed", "01-15")],
        """
        01-04 to 01-10  step 1  1.5 mg
        01-11 to 01-12  step 2  3 mg
        01-13 to 02-11  step 2  1.5 mg
        """,
    ),
    Told(
        "stayed, and advanced after all",
        [event("stayed", "01-13"), event("advanced", "01-25")],
        """
        01-04 to 01-10  step 1  1.5 mg
        01-11 to 01-24  step 2  3 mg
        01-25 to 02-21  step 3  4.5 mg
        """,
    ),
    Told(
        "stayed, then stepped back: the climb is taken up again",
        [event("stayed", "01-13"), event("stepped_back", "01-25")],
        """
        01-04 to 01-10  step 1  1.5 mg
        01-11 to 01-24  step 2  3 mg
        01-25 to 01-31  step 1  1.5 mg
        02-01 to 02-07  step 2  3 mg
        02-08 to 03-07  step 3  4.5 mg
        """,
    ),
    Told(
        "stayed, then halved: the climb is taken up again",
        [event("stayed", "01-13"), event("halved", "01-20")],
        """
        01-04 to 01-10  step 1  1.5 mg
        01-11 to 01-19  step 2  3 mg
        01-20 to 01-26  step 2  1.5 mg
        01-27 to 02-02  step 2  3 mg
        02-03 to 03-02  step 3  4.5 mg
        """,
    ),
    Told(
        "stayed, then missed: still the same open-ended step",
        [event("stayed", "01-13"), event("missed", "01-20")],
        """
        01-04 to 01-10  step 1  1.5 mg
        01-11 to 01-19  step 2  3 mg
        01-20 to 01-20  step 2  no dose
        01-21 to 02-10  step 2  3 mg
        """,
    ),
]

STOPPED = [
    Told(
        "stopped: the plan's last day is the day before",
        [event("stopped", "01-13")],
        """
        01-04 to 01-10  step 1  1.5 mg
        01-11 to 01-12  step 2  3 mg
        """,
    ),
    Told(
        "stopped on the second day: one day is left",
        [event("stopped", "01-05")],
        """
        01-04 to 01-04  step 1  1.5 mg
        """,
    ),
    Told(
        "stopped with a length: the plan is shorter than it",
        [event("stopped", "01-13")],
        """
        01-04 to 01-10  step 1  1.5 mg
        01-11 to 01-12  step 2  3 mg
        """,
        length=126,
    ),
    Told(
        "stopped on the day after a pause",
        [event("paused", "01-08", until="01-13"), event("stopped", "01-13")],
        """
        01-04 to 01-07  step 1  1.5 mg
        01-08 to 01-12  step 1  no dose
        """,
    ),
]

BACK_ON_28 = """
        01-04 to 01-10  step 1  1.5 mg
        01-11 to 01-12  step 2  3 mg
        01-13 to 01-27  step 2  no dose
        01-28 to 02-03  step 1  1.5 mg
        02-04 to 02-10  step 2  3 mg
        02-11 to 03-10  step 3  4.5 mg
"""

PAUSED = [
    Told(
        "paused: no dose until the first day back, then the same step goes on",
        [event("paused", "01-13", until="01-16")],
        """
        01-04 to 01-10  step 1  1.5 mg
        01-11 to 01-12  step 2  3 mg
        01-13 to 01-15  step 2  no dose
        01-16 to 01-20  step 2  3 mg
        01-21 to 02-17  step 3  4.5 mg
        """,
    ),
    Told(
        "paused for 14 days without a dose: the same step goes on",
        [event("paused", "01-13", until="01-27")],
        """
        01-04 to 01-10  step 1  1.5 mg
        01-11 to 01-12  step 2  3 mg
        01-13 to 01-26  step 2  no dose
        01-27 to 01-31  step 2  3 mg
        02-01 to 02-28  step 3  4.5 mg
        """,
    ),
    Told(
        "paused for 15 days without a dose: from the first step",
        [event("paused", "01-13", until="01-28")],
        BACK_ON_28,
    ),
    Told(
        "paused twice without a dose between: the days are counted together",
        [event("paused", "01-13", until="01-20"), event("paused", "01-20", until="01-28")],
        BACK_ON_28,
    ),
    Told(
        "paused twice with a dose between: each counts for itself",
        [event("paused", "01-13", until="01-22"), event("paused", "01-23", until="02-01")],
        """
        01-04 to 01-10  step 1  1.5 mg
        01-11 to 01-12  step 2  3 mg
        01-13 to 01-21  step 2  no dose
        01-22 to 01-22  step 2  3 mg
        01-23 to 01-31  step 2  no dose
        02-01 to 02-04  step 2  3 mg
        02-05 to 03-04  step 3  4.5 mg
        """,
    ),
    Told(
        "a missed day before a pause of 14 days makes 15",
        [event("missed", "01-13"), event("paused", "01-14", until="01-28")],
        BACK_ON_28,
    ),
    Told(
        "a missed day after a pause of 14 days makes 15",
        [event("paused", "01-13", until="01-27"), event("missed", "01-27")],
        BACK_ON_28,
    ),
    Told(
        "14 missed days: the same step goes on",
        [event("missed", f"01-{day}") for day in range(13, 27)],
        """
        01-04 to 01-10  step 1  1.5 mg
        01-11 to 01-12  step 2  3 mg
        01-13 to 01-26  step 2  no dose
        01-27 to 01-31  step 2  3 mg
        02-01 to 02-28  step 3  4.5 mg
        """,
    ),
    Told(
        "15 missed days: from the first step",
        [event("missed", f"01-{day}") for day in range(13, 28)],
        BACK_ON_28,
    ),
    Told(
        "an event on the first day back meets the step that goes on",
        [event("paused", "01-13", until="01-16"), event("stepped_back", "01-16")],
        """
        01-04 to 01-10  step 1  1.5 mg
        01-11 to 01-12  step 2  3 mg
        01-13 to 01-15  step 2  no dose
        01-16 to 01-22  step 1  1.5 mg
        01-23 to 01-29  step 2  3 mg
        01-30 to 02-26  step 3  4.5 mg
        """,
    ),
    Told(
        "an event on the first day back after 15 days meets the first step",
        [event("paused", "01-13", until="01-28"), event("held", "01-28", days=2)],
        """
        01-04 to 01-10  step 1  1.5 mg
        01-11 to 01-12  step 2  3 mg
        01-13 to 01-27  step 2  no dose
        01-28 to 02-05  step 1  1.5 mg
        02-06 to 02-12  step 2  3 mg
        02-13 to 03-12  step 3  4.5 mg
        """,
    ),
    Told(
        "paused while halved for 15 days: the first step, at its full dose",
        [event("halved", "01-12"), event("paused", "01-13", until="01-28")],
        """
        01-04 to 01-10  step 1  1.5 mg
        01-11 to 01-11  step 2  3 mg
        01-12 to 01-12  step 2  1.5 mg
        01-13 to 01-27  step 2  no dose
        01-28 to 02-03  step 1  1.5 mg
        02-04 to 02-10  step 2  3 mg
        02-11 to 03-10  step 3  4.5 mg
        """,
    ),
    Told(
        "paused beyond the length: cut off",
        [event("paused", "01-13", until="03-01")],
        """
        01-04 to 01-10  step 1  1.5 mg
        01-11 to 01-12  step 2  3 mg
        01-13 to 01-17  step 2  no dose
        """,
        length=14,
    ),
    Told(
        "paused on the last day of a closed regimen: what was left goes on",
        [event("paused", "01-05", until="01-08")],
        """
        01-04 to 01-04  step 1  3 mg
        01-05 to 01-07  step 1  no dose
        01-08 to 01-08  step 1  3 mg
        """,
        steps=[{"dose": "3 mg", "days": 2}],
    ),
    Told(
        "a second gap of 15 days: from the first step again",
        [event("paused", "01-05", until="01-20"), event("paused", "01-28", until="02-12")],
        """
        01-04 to 01-04  step 1  1.5 mg
        01-05 to 01-19  step 1  no dose
        01-20 to 01-26  step 1  1.5 mg
        01-27 to 01-27  step 2  3 mg
        01-28 to 02-11  step 2  no dose
        02-12 to 02-18  step 1  1.5 mg
        02-19 to 02-25  step 2  3 mg
        02-26 to 03-25  step 3  4.5 mg
        """,
    ),
]

SHORT_INTERVAL = """
        01-04 to 01-10  step 1  1.5 mg
        01-11 to 01-12  step 2  3 mg
        01-13 to 01-23  step 2  no dose
        01-24 to 01-28  step 2  3 mg
        01-29 to 02-25  step 3  4.5 mg
"""

NO_END = """
        01-04 to 01-10  step 1  1.5 mg
        01-11 to 01-12  step 2  3 mg
        01-13 to 02-09  step 2  no dose
"""

OPIOID = [
    Told(
        "opioid of 10 days: the last dose is that day, a dose is taken again 11 days after it",
        [opioid("01-13", "oxycodone", "immediate")],
        SHORT_INTERVAL,
    ),
    Told(
        "opioid of 14 days: 15 days without a dose, so from the first step",
        [opioid("01-13", "methadone")],
        BACK_ON_28,
    ),
    Told(
        "an extended release has the longer window",
        [opioid("01-13", "oxycodone", "extended")],
        BACK_ON_28,
    ),
    Told(
        "an unknown release has the longest window that could apply",
        [opioid("01-13", "oxycodone")],
        BACK_ON_28,
    ),
    Told(
        "no release is an unknown release",
        [event("opioid", "01-13", exposure={"substance": "oxycodone"})],
        BACK_ON_28,
    ),
    Told(
        "opioid that was last taken before the day it is told",
        [opioid("01-13", "oxycodone", "immediate", last_taken="2027-01-10")],
        """
        01-04 to 01-10  step 1  1.5 mg
        01-11 to 01-12  step 2  3 mg
        01-13 to 01-20  step 2  no dose
        01-21 to 01-25  step 2  3 mg
        01-26 to 02-22  step 3  4.5 mg
        """,
    ),
    Told(
        "opioid by a date-time: its date",
        [opioid("01-13", "oxycodone", "immediate", last_taken="2027-01-13T23:30:00+01:00")],
        SHORT_INTERVAL,
    ),
    Told(
        "opioid by a month: its last day",
        [opioid("01-13", "oxycodone", "immediate", last_taken="2026-12")],
        NO_EVENT,
    ),
    Told(
        "opioid by a month that is not over yet",
        [opioid("01-13", "oxycodone", "immediate", last_taken="2027-01")],
        """
        01-04 to 01-10  step 1  1.5 mg
        01-11 to 01-12  step 2  3 mg
        01-13 to 02-10  step 2  no dose
        02-11 to 02-17  step 1  1.5 mg
        02-18 to 02-24  step 2  3 mg
        02-25 to 03-24  step 3  4.5 mg
        """,
    ),
    Told(
        "opioid whose interval ends the day before: nothing changes",
        [opioid("01-13", "oxycodone", "immediate", last_taken="2027-01-02")],
        NO_EVENT,
    ),
    Told(
        "opioid whose interval ends on the day it is told: one day without a dose",
        [opioid("01-13", "oxycodone", "immediate", last_taken="2027-01-03")],
        """
        01-04 to 01-10  step 1  1.5 mg
        01-11 to 01-12  step 2  3 mg
        01-13 to 01-13  step 2  no dose
        01-14 to 01-18  step 2  3 mg
        01-19 to 02-15  step 3  4.5 mg
        """,
    ),
    Told(
        "loperamide at ordinary doses: 10 days",
        [opioid("01-13", "loperamide", daily_dose="16 mg")],
        SHORT_INTERVAL,
    ),
    Told(
        "loperamide above 16 mg a day: 14 days",
        [opioid("01-13", "loperamide", daily_dose="17 mg")],
        BACK_ON_28,
    ),
    Told(
        "opioid by its RxNorm code",
        [event("opioid", "01-13", exposure={"rxcui": "7804", "release": "immediate"})],
        SHORT_INTERVAL,
    ),
    Told(
        "a window of no days: none on that day alone",
        [opioid("01-13", "difelikefalin")],
        """
        01-04 to 01-10  step 1  1.5 mg
        01-11 to 01-12  step 2  3 mg
        01-13 to 01-13  step 2  no dose
        01-14 to 01-18  step 2  3 mg
        01-19 to 02-15  step 3  4.5 mg
        """,
    ),
    Told(
        "opioid inside a pause: the clock runs on from it",
        [event("paused", "01-13", until="01-16"), opioid("01-14", "oxycodone", "immediate")],
        """
        01-04 to 01-10  step 1  1.5 mg
        01-11 to 01-12  step 2  3 mg
        01-13 to 01-24  step 2  no dose
        01-25 to 01-29  step 2  3 mg
        01-30 to 02-26  step 3  4.5 mg
        """,
    ),
    Told(
        "opioid inside a longer pause: the pause stands",
        [event("paused", "01-13", until="01-27"), opioid("01-14", "oxycodone", "immediate")],
        """
        01-04 to 01-10  step 1  1.5 mg
        01-11 to 01-12  step 2  3 mg
        01-13 to 01-26  step 2  no dose
        01-27 to 01-31  step 2  3 mg
        02-01 to 02-28  step 3  4.5 mg
        """,
    ),
    Told(
        "opioid inside an earlier interval: the clock starts again from the later dose",
        [opioid("01-13", "oxycodone", "immediate"), opioid("01-16", "oxycodone", "immediate")],
        """
        01-04 to 01-10  step 1  1.5 mg
        01-11 to 01-12  step 2  3 mg
        01-13 to 01-26  step 2  no dose
        01-27 to 01-31  step 2  3 mg
        02-01 to 02-28  step 3  4.5 mg
        """,
    ),
    Told(
        "opioid one day later still: 15 days, so from the first step",
        [opioid("01-13", "oxycodone", "immediate"), opioid("01-17", "oxycodone", "immediate")],
        BACK_ON_28,
    ),
    Told(
        "a longer interval is not cut short by a shorter one within it",
        [opioid("01-13", "methadone"), opioid("01-14", "oxycodone", "immediate")],
        BACK_ON_28,
    ),
    Told(
        "opioid on the first day back after an interval: the days are counted together",
        [opioid("01-13", "oxycodone", "immediate"), opioid("01-24", "oxycodone", "immediate")],
        """
        01-04 to 01-10  step 1  1.5 mg
        01-11 to 01-12  step 2  3 mg
        01-13 to 02-03  step 2  no dose
        02-04 to 02-10  step 1  1.5 mg
        02-11 to 02-17  step 2  3 mg
        02-18 to 03-17  step 3  4.5 mg
        """,
    ),
    Told(
        "a depot of buprenorphine: no dose for the 365 days after it",
        [opioid("01-13", "buprenorphine", "depot")],
        """
        01-04 to 01-10  step 1  1.5 mg
        01-11 to 01-12  step 2  3 mg
        01-13 to 2028-01-13  step 2  no dose
        2028-01-14 to 2028-01-20  step 1  1.5 mg
        2028-01-21 to 2028-01-27  step 2  3 mg
        2028-01-28 to 2028-02-24  step 3  4.5 mg
        """,
    ),
    Told(
        "opioid that is ongoing: no dose any more, 28 days are laid out",
        [opioid("01-13", "oxycodone", "immediate", ongoing=True)],
        NO_END,
    ),
    Told(
        "opioid that is ongoing, with a length: none to its end",
        [opioid("01-13", "oxycodone", "immediate", ongoing=True)],
        """
        01-04 to 01-10  step 1  1.5 mg
        01-11 to 01-12  step 2  3 mg
        01-13 to 03-14  step 2  no dose
        """,
        length=70,
    ),
    Told(
        "opioid of which nobody knows when: no dose any more",
        [opioid("01-13", "oxycodone", "immediate", last_taken="unknown")],
        NO_END,
    ),
    Told(
        "a substance that is not recognised: no dose any more",
        [opioid("01-13", "xyzzyl")],
        NO_END,
    ),
    Told(
        "opioid of which nobody knew when, told again: the interval counts from the day told",
        [opioid("01-13", "methadone", last_taken="unknown"), opioid("01-20", "methadone")],
        """
        01-04 to 01-10  step 1  1.5 mg
        01-11 to 01-12  step 2  3 mg
        01-13 to 02-03  step 2  no dose
        02-04 to 02-10  step 1  1.5 mg
        02-11 to 02-17  step 2  3 mg
        02-18 to 03-17  step 3  4.5 mg
        """,
    ),
    Told(
        "another opioid does not end one of which nobody knows when: 28 days from the later",
        [
            opioid("01-13", "methadone", last_taken="unknown"),
            opioid("01-20", "oxycodone", "immediate"),
        ],
        """
        01-04 to 01-10  step 1  1.5 mg
        01-11 to 01-12  step 2  3 mg
        01-13 to 02-16  step 2  no dose
        """,
    ),
    Told(
        "an ongoing opioid told again inside a longer pause: the pause ends as it was to",
        [
            event("paused", "01-13", until="03-13"),
            opioid("01-14", "oxycodone", "immediate", ongoing=True),
            opioid("01-20", "oxycodone", "immediate"),
        ],
        """
        01-04 to 01-10  step 1  1.5 mg
        01-11 to 01-12  step 2  3 mg
        01-13 to 03-12  step 2  no dose
        03-13 to 03-19  step 1  1.5 mg
        03-20 to 03-26  step 2  3 mg
        03-27 to 04-23  step 3  4.5 mg
        """,
    ),
    Told(
        "an ongoing opioid told again within a short interval: what was left goes on",
        [
            opioid("01-13", "oxycodone", "immediate", ongoing=True),
            opioid("01-15", "oxycodone", "immediate", last_taken="2027-01-13"),
        ],
        """
        01-04 to 01-10  step 1  1.5 mg
        01-11 to 01-12  step 2  3 mg
        01-13 to 01-23  step 2  no dose
        01-24 to 01-28  step 2  3 mg
        01-29 to 02-25  step 3  4.5 mg
        """,
    ),
    Told(
        "an ongoing opioid told again on the first day that is free of it: what was left goes on",
        [
            opioid("01-13", "oxycodone", "immediate", ongoing=True),
            opioid("01-24", "oxycodone", "immediate", last_taken="2027-01-13"),
        ],
        SHORT_INTERVAL,
    ),
    Told(
        "opioid on the start",
        [opioid("01-04", "oxycodone", "immediate")],
        """
        01-04 to 01-14  step 1  no dose
        01-15 to 01-21  step 1  1.5 mg
        01-22 to 01-28  step 2  3 mg
        01-29 to 02-25  step 3  4.5 mg
        """,
    ),
]

CYCLE = {"days_on": 3, "days_off": 2}
CYCLES = [
    Told(
        "days off count for the step and have no dose",
        [],
        """
        01-04 to 01-06  step 1  1.5 mg
        01-07 to 01-08  step 1  no dose
        01-09 to 01-11  step 1  1.5 mg
        01-12 to 01-12  step 2  3 mg
        """,
        steps=[{"dose": "1.5 mg", "days": 8, "cycle": CYCLE}, {"dose": "3 mg", "days": 1}],
    ),
    Told(
        "a missed day does not move the cycle on; a held one does",
        [event("missed", "01-05"), event("held", "01-06", days=2)],
        """
        01-04 to 01-04  step 1  1.5 mg
        01-05 to 01-05  step 1  no dose
        01-06 to 01-07  step 1  1.5 mg
        01-08 to 01-09  step 1  no dose
        01-10 to 01-12  step 1  1.5 mg
        01-13 to 01-14  step 1  no dose
        01-15 to 01-15  step 2  3 mg
        """,
        steps=[{"dose": "1.5 mg", "days": 8, "cycle": CYCLE}, {"dose": "3 mg", "days": 1}],
    ),
    Told(
        "a step begun anew begins its cycle anew",
        [event("halved", "01-05")],
        """
        01-04 to 01-04  step 1  1.5 mg
        01-05 to 01-07  step 1  0.75 mg
        01-08 to 01-08  step 1  no dose
        01-09 to 01-11  step 1  1.5 mg
        01-12 to 01-12  step 1  no dose
        """,
        steps=[{"dose": "1.5 mg", "days": 4, "cycle": CYCLE}],
    ),
    Told(
        "days off before a pause are days without a dose too",
        [event("paused", "01-09", until="01-22")],
        """
        01-04 to 01-06  step 1  1.5 mg
        01-07 to 01-08  step 1  no dose
        01-09 to 01-21  step 1  no dose
        01-22 to 01-24  step 1  1.5 mg
        01-25 to 01-26  step 1  no dose
        01-27 to 01-29  step 1  1.5 mg
        01-30 to 01-31  step 1  no dose
        """,
        steps=[{"dose": "1.5 mg", "days": 10, "cycle": CYCLE}],
    ),
    Told(
        "a hold within a hold: the cycle goes on through both",
        [event("held", "01-05", days=3), event("held", "01-07", days=2)],
        """
        01-04 to 01-06  step 1  1.5 mg
        01-07 to 01-08  step 1  no dose
        01-09 to 01-11  step 1  1.5 mg
        01-12 to 01-12  step 1  no dose
        01-13 to 01-13  step 2  3 mg
        """,
        steps=[{"dose": "1.5 mg", "days": 4, "cycle": CYCLE}, {"dose": "3 mg", "days": 1}],
    ),
    Told(
        "14 days without a dose, days off after the pause among them: the same step goes on",
        [event("paused", "01-07", until="01-19")],
        """
        01-04 to 01-06  step 1  1.5 mg
        01-07 to 01-18  step 1  no dose
        01-19 to 01-20  step 1  no dose
        01-21 to 01-23  step 1  1.5 mg
        """,
        steps=[{"dose": "1.5 mg", "days": 8, "cycle": CYCLE}],
    ),
    Told(
        "15 days without a dose, days off after the pause among them: from the first step",
        [event("paused", "01-07", until="01-20")],
        """
        01-04 to 01-06  step 1  1.5 mg
        01-07 to 01-21  step 1  no dose
        01-22 to 01-24  step 1  1.5 mg
        01-25 to 01-26  step 1  no dose
        01-27 to 01-29  step 1  1.5 mg
        """,
        steps=[{"dose": "1.5 mg", "days": 8, "cycle": CYCLE}],
    ),
    Told(
        "days off alone never begin the regimen again, neither after it began again",
        [event("paused", "01-05", until="01-20")],
        """
        01-04 to 01-04  step 1  1.5 mg
        01-05 to 01-19  step 1  no dose
        01-20 to 01-20  step 1  1.5 mg
        01-21 to 02-09  step 1  no dose
        02-10 to 02-10  step 1  1.5 mg
        """,
        steps=[{"dose": "1.5 mg", "days": 22, "cycle": {"days_on": 1, "days_off": 20}}],
    ),
    Told(
        "days off alone never begin the regimen again",
        [],
        """
        01-04 to 01-04  step 1  1.5 mg
        01-05 to 01-05  step 2  3 mg
        01-06 to 01-25  step 2  no dose
        01-26 to 01-26  step 2  3 mg
        """,
        steps=[
            {"dose": "1.5 mg", "days": 1},
            {"dose": "3 mg", "days": 22, "cycle": {"days_on": 1, "days_off": 20}},
        ],
    ),
]

ALL_TOLD = [
    *HELD,
    *STEPPED_BACK,
    *HALVED,
    *MISSED,
    *ADVANCED,
    *STAYED,
    *STOPPED,
    *PAUSED,
    *OPIOID,
    *CYCLES,
]


@pytest.mark.hazard("T08", "T10")
@PLANNERS
@pytest.mark.parametrize("told", ALL_TOLD, ids=lambda told: told.clause)
def test_the_calendar_is_the_one_written_out(told: Told, calendar: Any) -> None:
    assert calendar(request_of(told.diary, told.length, told.steps)) == written(told.calendar)


@pytest.mark.parametrize("told", ALL_TOLD, ids=lambda told: told.clause)
def test_the_order_of_the_list_does_not_matter(told: Told) -> None:
    """Events are replayed in date order, in whatever order they are told."""
    request = request_of(told.diary[::-1], told.length, told.steps)
    assert calendar_by_library(request) == written(told.calendar)


@pytest.mark.parametrize("told", ALL_TOLD, ids=lambda told: told.clause)
def test_days_before_the_last_event_never_change(told: Told) -> None:
    if not told.diary:
        return
    before = library(request_of(told.diary[:-1], told.length, told.steps))
    after = library(request_of(told.diary, told.length, told.steps))
    kept = (date.fromisoformat(told.diary[-1]["on"]) - date.fromisoformat(START)).days
    assert list(after)[:kept] == list(before)[:kept]


# --- What is refused ----------------------------------------------------------------------------


class Refused(NamedTuple):
    """A clause, a diary, the place of the event that is refused, and what is named beside it."""

    clause: str
    diary: list[Event]
    place: int
    named: tuple[str, ...] = ()
    length: int | None = None
    steps: list[dict[str, Any]] | None = None


REFUSED = [
    Refused("before the start", [event("missed", "01-03")], 0, ("2027-01-03", START)),
    Refused("after the end", [event("missed", "02-15")], 0, ("2027-02-15", "2027-02-14")),
    Refused(
        "after the end of the length", [event("held", "01-18", days=2)], 0, ("2027-01-17",), 14
    ),
    Refused(
        "an opioid after the end",
        [opioid("01-18", "methadone")],
        0,
        ("2027-01-18", "2027-01-17"),
        14,
    ),
    Refused(
        "an opioid before the start: it belongs to the screening",
        [opioid("01-03", "methadone")],
        0,
        ("2027-01-03", START),
    ),
    Refused(
        "after the end of closed steps though the length goes on",
        [event("missed", "01-06")],
        0,
        ("2027-01-05",),
        28,
        [{"dose": "3 mg", "days": 2}],
    ),
    Refused(
        "two events on one day",
        [event("missed", "01-13"), event("held", "01-13", days=2)],
        1,
        ("diary[0]", "missed", "2027-01-13"),
    ),
    Refused(
        "the same event twice on one day",
        [event("missed", "01-13"), event("missed", "01-13")],
        1,
        ("diary[0]", "missed", "2027-01-13"),
    ),
    Refused(
        "an opioid on the day of another event",
        [event("missed", "01-13"), opioid("01-13", "methadone")],
        1,
        ("diary[0]", "missed", "2027-01-13"),
    ),
    Refused(
        "inside a pause",
        [event("paused", "01-13", until="01-20"), event("missed", "01-19")],
        1,
        ("diary[0]", "paused", "2027-01-19"),
    ),
    Refused(
        "inside a pause, told before it",
        [event("advanced", "01-14"), event("paused", "01-13", until="01-20")],
        0,
        ("diary[1]", "paused", "2027-01-14"),
    ),
    Refused(
        "a pause inside a pause",
        [event("paused", "01-13", until="01-20"), event("paused", "01-15", until="02-01")],
        1,
        ("diary[0]", "paused", "2027-01-15"),
    ),
    Refused(
        "stopped inside a pause",
        [event("paused", "01-13", until="01-20"), event("stopped", "01-15")],
        1,
        ("diary[0]", "paused", "2027-01-15"),
    ),
    Refused(
        "inside the interval of an opioid",
        [opioid("01-13", "oxycodone", "immediate"), event("halved", "01-23")],
        1,
        ("diary[0]", "opioid", "2027-01-23"),
    ),
    Refused(
        "inside what an opioid made of a pause",
        [
            event("paused", "01-13", until="01-16"),
            opioid("01-14", "oxycodone", "immediate"),
            event("held", "01-20", days=1),
        ],
        2,
        ("diary[1]", "opioid", "2027-01-20"),
    ),
    Refused(
        "after an opioid that goes on",
        [opioid("01-13", "methadone", ongoing=True), event("missed", "01-20")],
        1,
        ("diary[0]", "opioid", "2027-01-20"),
    ),
    Refused(
        "after the stop",
        [event("stopped", "01-13"), event("missed", "01-14")],
        1,
        ("2027-01-14", "2027-01-12"),
    ),
    Refused("stepped_back on the first step", [event("stepped_back", "01-10")], 0),
    Refused(
        "stepped_back on the first step while it is halved",
        [event("halved", "01-06"), event("stepped_back", "01-07")],
        1,
    ),
    Refused(
        "stepped_back on the first step, where 15 days without a dose led",
        [event("paused", "01-13", until="01-28"), event("stepped_back", "01-28")],
        1,
    ),
    Refused("advanced on the last step", [event("advanced", "01-18")], 0),
    Refused(
        "advanced on the last step while it is halved",
        [event("halved", "01-20"), event("advanced", "01-22")],
        1,
    ),
    Refused("stopped on the first day", [event("stopped", "01-04")], 0),
    Refused("held for no days", [event("held", "01-13", days=0)], 0),
    Refused("held for fewer than no days", [event("held", "01-13", days=-3)], 0),
    Refused("held for half a day", [event("held", "01-13", days=0.5)], 0),
    Refused("held for a day in words", [event("held", "01-13", days="7")], 0),
    Refused("held for a truth value", [event("held", "01-13", days=True)], 0),
    Refused("held without days", [event("held", "01-13")], 0),
    Refused("paused until the same day", [event("paused", "01-13", until="01-13")], 0),
    Refused("paused until an earlier day", [event("paused", "01-13", until="01-10")], 0),
    Refused("paused without an end", [event("paused", "01-13")], 0),
    Refused("an opioid without its exposure", [event("opioid", "01-13")], 0),
    Refused("an antagonist told as an opioid", [opioid("01-13", "naloxone")], 0),
    Refused("no opioid agonist at all", [opioid("01-13", "dextromethorphan")], 0),
    Refused("switched to nothing", [event("switched", "01-13")], 0),
    Refused("no such event", [event("doubled", "01-13")], 0),
    Refused("a key that is not its own", [event("missed", "01-13", days=1)], 0),
    Refused("no date", [{"event": "missed"}], 0),
    Refused("no event", [{"on": "2027-01-13"}], 0),
    Refused("a date of another kind", [event("missed", "13.01.2027")], 0),
    Refused("a date that is none", [event("missed", "2027-02-29")], 0),
]


def refusal(request: dict[str, Any]) -> InvalidInputError:
    with pytest.raises(InvalidInputError) as caught:
        library(request)
    return caught.value


def place_of(problem: Problem) -> int:
    found = re.match(r"diary\[([0-9]+)\]", problem.path)
    assert found, problem
    return int(found[1])


def places(error: InvalidInputError) -> set[int]:
    """The places of the events in the list given, each named by the path of its problem."""
    return {place_of(problem) for problem in error.problems}


@pytest.mark.parametrize("told", REFUSED, ids=lambda told: told.clause)
def test_the_oracle_refuses_that_event_alone(told: Refused) -> None:
    found = diary_oracle.replay(request_of(told.diary, told.length, told.steps))
    assert found.refused == [told.place]


@pytest.mark.parametrize("told", REFUSED, ids=lambda told: told.clause)
def test_it_is_refused_by_its_place_and_both_are_named(told: Refused) -> None:
    error = refusal(request_of(told.diary, told.length, told.steps))
    assert places(error) == {told.place}
    for name in told.named:
        assert name in str(error)


@pytest.mark.parametrize("diary", ["missed", {"event": "missed"}, [None], ["missed"], [7]])
def test_what_is_no_list_of_events_is_refused(diary: Any) -> None:
    error = refusal(request_of(diary))
    assert all(problem.path.startswith("diary") for problem in error.problems)
    if not isinstance(diary, list):
        assert [str(problem) for problem in error.problems] == ["diary: must be a list of events"]


def test_several_events_that_do_not_fit_are_all_told() -> None:
    diary = [
        event("missed", "01-03"),
        event("held", "01-13", days=1),
        event("halved", "01-13"),
        event("advanced", "2027-12-31"),
    ]
    assert places(refusal(request_of(diary))) == {0, 2, 3}


# --- What is found ------------------------------------------------------------------------------


def codes(plan: Plan) -> list[str]:
    return [finding.code for finding in plan.screening.findings]


@pytest.mark.hazard("T09")
@pytest.mark.parametrize(
    ("diary", "expected"),
    [
        ([], False),
        ([event("paused", "01-13", until="01-27")], False),
        ([event("paused", "01-13", until="01-28")], True),
        ([event("missed", f"01-{day}") for day in range(13, 27)], False),
        ([event("missed", f"01-{day}") for day in range(13, 28)], True),
        ([opioid("01-13", "oxycodone", "immediate")], False),
        ([opioid("01-13", "methadone")], True),
    ],
)
def test_more_than_14_days_without_a_dose_ask_for_a_retitration(
    diary: list[Event], expected: bool
) -> None:
    """The caution names the policy, its 14 days, and its source."""
    plan = library(request_of(diary))
    assert ("GAP-01" in codes(plan)) is expected
    for finding in plan.screening.findings:
        if finding.code == "GAP-01":
            assert finding.severity.value == "caution"
            assert "14" in finding.message
            assert "After at most two weeks without a dose the same step goes on" in finding.message
            assert "ldnrt_when_start_stop" in finding.sources


def screened(diary: list[Event], length: int | None = None) -> Plan:
    regimen = Regimen(steps=STEPS)
    clear = screen(known_facts(), START, regimen)
    assert clear.verdict is Verdict.CLEAR
    return schedule(regimen, prepared(FINE), START, days=length, screening=clear, diary=diary)


@pytest.mark.parametrize(
    ("diary", "verdict"),
    [
        ([], Verdict.CLEAR),
        ([event("missed", "01-13")], Verdict.CLEAR),
        ([event("paused", "01-13", until="01-28")], Verdict.CAUTION),
        ([opioid("01-13", "oxycodone", "immediate")], Verdict.CAUTION),
        ([opioid("01-13", "methadone", ongoing=True)], Verdict.CAUTION),
        ([opioid("01-13", "xyzzyl")], Verdict.CAUTION),
        ([opioid("01-04", "buprenorphine", "depot")], Verdict.CAUTION),
    ],
)
def test_an_opioid_of_the_diary_does_not_count_in_the_screening_at_the_start(
    diary: list[Event], verdict: Verdict
) -> None:
    plan = screened(diary)
    assert plan.screening.verdict is verdict
    assert plan.status == "cleared"
    assert ("DIA-01" in codes(plan)) is any(told["event"] == "opioid" for told in diary)


@pytest.mark.parametrize(
    ("diary", "length", "cut"),
    [
        ([], 14, True),
        ([], 15, False),
        ([event("held", "01-13", days=7)], 21, True),
        ([event("held", "01-13", days=7)], 22, False),
        ([event("missed", "01-13")], 15, True),
        ([event("missed", "01-13")], 16, False),
        ([event("stepped_back", "01-13")], 23, True),
        ([event("stepped_back", "01-13")], 24, False),
        ([event("halved", "01-13")], 23, True),
        ([event("halved", "01-13")], 24, False),
        ([event("halved", "01-25")], 28, True),
        ([event("halved", "01-24")], 28, False),
        ([event("halved", "01-26")], 28, True),
        ([event("advanced", "01-08")], 11, True),
        ([event("advanced", "01-08")], 12, False),
        ([event("stayed", "01-13")], 12, False),
        ([event("paused", "01-13", until="01-16")], 17, True),
        ([event("paused", "01-13", until="01-16")], 18, False),
        ([event("stopped", "01-13")], 14, False),
        # The fifteenth day without a dose is the last; the dose of the next has to begin again.
        ([event("paused", "01-06", until="01-21")], 17, True),
        ([event("paused", "01-06", until="01-20")], 16, True),
    ],
)
def test_what_the_length_cuts_off_is_told(diary: list[Event], length: int, cut: bool) -> None:
    """LEN-01 where a step, or a day of a closed one, lies beyond the length."""
    request = request_of(diary, length)
    found, plan = diary_oracle.replay(request), library(request)
    assert found.cut_off is cut
    assert ("GAP-01" in codes(plan)) is found.gap_beyond
    assert ("LEN-01" in codes(plan)) is cut
    assert len(plan) <= length


def test_a_day_without_a_dose_is_told_as_such() -> None:
    diary = [event("missed", "01-05"), event("paused", "01-06", until="01-08")]
    plan = library(request_of(diary, 7))
    rows = json.loads(plan_json(plan))["days"]
    for row in rows[1:4]:
        assert row["dose"] is None
        assert row["take"] == "no dose"
        assert row["units"] == {}
        assert row["why"]
    assert [row["dose"] for row in rows[4:]] == ["1.5 mg"] * 3
    assert "why" not in rows[0]
    assert str(plan.totals.dose) == "6 mg"
    assert plan.totals.units == {"volume": "6 mL"}
    assert plan.on("2027-01-06").dose is None


def test_a_pause_that_outlasts_an_opioid_within_it_keeps_its_reason() -> None:
    paused = event("paused", "01-13", until="01-27")
    plan = library(request_of([paused, opioid("01-14", "oxycodone", "immediate")]))
    why = {day.why for day in plan if day.dose is None}
    assert why == {"paused from 13 Jan 2027, back on 27 Jan 2027"}
    inside = event("missed", "01-20")
    error = refusal(request_of([paused, opioid("01-14", "oxycodone", "immediate"), inside]))
    assert 'the days without a dose of diary[0] ("paused")' in str(error)


SINCE = "Any dose taken since was within them: watch for withdrawal."
BEFORE = "It was before the start, and the screening was made without it."


@pytest.mark.parametrize(
    ("on", "last", "told"),
    [
        ("01-13", "2027-01-13", ""),
        ("01-13", "2027-01-12", ""),
        ("01-13", "2027-01-11", SINCE),  # a dose on 12 January
        ("01-10", "2027-01-04", SINCE),
        ("01-05", "2027-01-04", ""),
        ("01-05", "2027-01-03", f"{SINCE} {BEFORE}"),  # a dose on the first day
        ("01-04", "2027-01-03", BEFORE),
        ("01-10", "2026-12-24", BEFORE),  # free from the start on
        ("01-10", "2026-12-25", f"{SINCE} {BEFORE}"),  # not free on the start
    ],
)
def test_an_opioid_says_whether_doses_were_taken_too_early_since(
    on: str, last: str, told: str
) -> None:
    """Ten opioid-free days are kept; the first dose was on 4 January."""
    plan = library(request_of([opioid(on, "oxycodone", "immediate", last_taken=last)]))
    (message,) = [finding.message for finding in plan.told if finding.code == "DIA-01"]
    free = date.fromisoformat(last) + timedelta(days=11)
    says = f"oxycodone, last dose {last}: 10 opioid-free days are kept; no dose before {free}."
    assert message == f"{says} {told}".strip()


def test_an_opioid_without_a_known_end_is_told_as_such() -> None:
    unknown = ": no day is known from which a dose is safe, so none is planned."
    for more, words in (
        ({"ongoing": True}, "still taken"),
        ({"last_taken": "unknown"}, "last dose not known"),
    ):
        plan = library(request_of([opioid("01-13", "oxycodone", "immediate", **more)]))
        assert [finding.message for finding in plan.told] == [f"oxycodone, {words}{unknown}"]


def test_a_plan_too_long_is_told_before_the_events_that_do_not_fit() -> None:
    """Eleven holds of ten years make a hundred, and an event before the start is wrong too."""
    held = [event("held", f"01-{day:02}", days=3660) for day in range(5, 16)]
    error = refusal(request_of([event("missed", "01-03"), *held, event("missed", "01-02")]))
    paths = [problem.path for problem in error.problems]
    assert paths == ["diary", "diary[0].on", "diary[12].on"]


def test_steps_of_the_plan_repeat_after_a_step_back() -> None:
    plan = library(request_of([event("stepped_back", "01-13")]))
    assert [step.step for step in plan.steps] == [1, 2, 1, 2, 3]
    assert sum(step.days for step in plan.steps) == len(plan)


# --- Switching, and what cannot be measured -----------------------------------------------------


def test_switched_measures_the_same_doses_with_the_new_preparation() -> None:
    """Counts change, mg never do."""
    diary = [event("switched", "01-13", preparation=LARGE_CAPSULES)]
    plan = library(request_of(diary, preparation=SYRINGE))
    assert of_plan(plan) == written(NO_EVENT)
    assert [day.take for day in plan][:15] == [
        *["1.5 mL (1.5 mg)"] * 7,
        *["3 mL (3 mg)"] * 2,
        *["1 capsule of 3 mg (3 mg)"] * 5,
        "1 capsule of 4.5 mg (4.5 mg)",
    ]


def test_switched_to_the_same_preparation_changes_no_day() -> None:
    """Rows stay as they are."""
    switched = library(request_of([event("switched", "01-13", preparation=FINE)]))
    assert [(d.date, d.step, d.take) for d in switched] == [
        (d.date, d.step, d.take) for d in library(request_of([]))
    ]


def test_switched_on_the_start_uses_the_new_preparation_alone() -> None:
    """A dose that only the old one could not measure is no error: it is in no day."""
    small = {"form": "capsules", "strengths": ["4 mg"]}
    plan = library(
        request_of([event("switched", "01-04", preparation=LARGE_CAPSULES)], preparation=small)
    )
    assert plan[0].take == "1 capsule of 1.5 mg (1.5 mg)"


def unmeasurable(request: dict[str, Any]) -> NotMeasurableError:
    with pytest.raises(NotMeasurableError) as caught:
        library(request)
    return caught.value


def test_a_half_that_cannot_be_measured_is_named_with_its_neighbours() -> None:
    error = unmeasurable(request_of([event("halved", "01-05")], preparation=LARGE_CAPSULES))
    assert (error.step, str(error.dose)) == (1, "0.75 mg")
    assert (error.below, str(error.above)) == (None, "1.5 mg")


def test_a_half_that_can_be_measured_is_taken() -> None:
    plan = library(request_of([event("halved", "01-13")], preparation=LARGE_CAPSULES))
    assert plan.on("2027-01-13").take == "1 capsule of 1.5 mg (1.5 mg)"


def test_a_dose_that_the_new_preparation_cannot_measure_is_named() -> None:
    threes = {"form": "capsules", "strengths": ["3 mg"]}
    error = unmeasurable(request_of([event("switched", "01-13", preparation=threes)]))
    assert (error.step, str(error.dose)) == (3, "4.5 mg")


def test_a_dose_beyond_the_length_is_not_measured() -> None:
    threes = {"form": "capsules", "strengths": ["3 mg"]}
    plan = library(request_of([event("switched", "01-13", preparation=threes)], 14))
    assert len(plan) == 14


def test_a_dose_of_which_only_days_off_are_left_is_not_measured() -> None:
    steps = [
        {"dose": "0.5 mg", "days": 4, "cycle": {"days_on": 2, "days_off": 2}},
        {"dose": "3 mg", "days": 2},
    ]
    diary = [event("switched", "01-06", preparation=LARGE_CAPSULES)]
    assert calendar_by_library(request_of(diary, steps=steps)) == written(
        """
        01-04 to 01-05  step 1  0.5 mg
        01-06 to 01-07  step 1  no dose
        01-08 to 01-09  step 2  3 mg
        """
    )


def test_a_step_that_the_diary_leaves_out_is_not_measured() -> None:
    steps = [{"dose": "3 mg", "days": 7}, {"dose": "4 mg", "days": 7}, {"dose": "6 mg"}]
    threes = {"form": "capsules", "strengths": ["3 mg"]}
    plan = library(request_of([event("stayed", "01-08")], steps=steps, preparation=threes))
    assert {str(day.dose) for day in plan} == {"3 mg"}
    plan = library(request_of([event("stopped", "01-08")], steps=steps, preparation=threes))
    assert len(plan) == 4


def test_an_event_that_does_not_fit_comes_before_a_dose_that_cannot_be_measured() -> None:
    """Exit codes: where several apply 2 comes before 4."""
    diary = [event("halved", "01-05"), event("missed", "01-03")]
    assert places(refusal(request_of(diary, preparation=LARGE_CAPSULES))) == {1}


# --- Models, requests and the command -----------------------------------------------------------

MODELS: dict[str, str] = {
    "held": "Held",
    "stepped_back": "SteppedBack",
    "halved": "Halved",
    "missed": "Missed",
    "advanced": "Advanced",
    "stayed": "Stayed",
    "switched": "Switched",
    "paused": "Paused",
    "opioid": "OpioidTaken",
    "stopped": "Stopped",
}
ONE_OF_EACH = [
    event("held", "01-05", days=2, reason="insomnia"),
    event("stepped_back", "01-15"),
    event("halved", "01-15"),
    event("missed", "01-15"),
    event("advanced", "01-06"),
    event("stayed", "01-06"),
    event("switched", "01-15", preparation=LARGE_CAPSULES),
    event("paused", "01-15", until="02-10"),
    opioid("01-15", "oxycodone", "immediate", last_taken="2027-01-14"),
    opioid("01-15", "oxycodone", "immediate"),
    event("stopped", "01-15"),
]


@pytest.mark.parametrize("told", ONE_OF_EACH, ids=lambda told: told["event"])
def test_an_event_is_a_model_that_round_trips(told: Event) -> None:
    from ldn_titration import diary

    kind = getattr(diary, MODELS[told["event"]])
    model = kind(**{name: value for name, value in told.items() if name != "event"})
    assert kind.model_validate_json(model.model_dump_json()) == model
    assert json.loads(model.model_dump_json())["event"] == told["event"]
    by_model = schedule(Regimen(steps=STEPS), prepared(FINE), START, diary=[model])
    again = kind.model_validate_json(model.model_dump_json())
    assert list(by_model) == list(library(request_of([told])))
    assert list(by_model) == list(
        schedule(Regimen(steps=STEPS), prepared(FINE), START, diary=[again])
    )


@pytest.mark.parametrize("told", ONE_OF_EACH, ids=lambda told: told["event"])
def test_every_event_may_carry_its_reason(told: Event) -> None:
    with_reason = library(request_of([{**told, "reason": "insomnia"}]))
    assert of_plan(with_reason) == of_plan(library(request_of([told])))


GOOD: dict[str, Any] = json.loads((ROOT / "examples" / "drops-18-weeks.json").read_text())


def document(
    diary: list[Event], length: int | None = None, steps: list[dict[str, Any]] | None = None
) -> dict[str, Any]:
    """A whole request of the contract's section 3."""
    known = {name: GOOD[name] for name in ("schema", "patient")}
    return {**known, **request_of(diary, length, steps)}


@pytest.mark.parametrize("told", ALL_TOLD, ids=lambda told: told.clause)
def test_a_request_is_planned_as_by_python(told: Told) -> None:
    request = document(told.diary, told.length, told.steps)
    read = read_request(json.dumps(request))
    assert of_plan(read.plan()) == written(told.calendar)
    again = read_request(read.model_dump_json(by_alias=True))
    assert of_plan(again.plan()) == written(told.calendar)


@pytest.mark.parametrize("told", REFUSED, ids=lambda told: told.clause)
def test_a_request_is_refused_as_by_python(told: Refused) -> None:
    request = document(told.diary, told.length, told.steps)
    with pytest.raises(InvalidInputError) as caught:
        read_request(json.dumps(request)).plan()
    assert places(caught.value) == {told.place}


@pytest.mark.parametrize("told", ONE_OF_EACH, ids=lambda told: told["event"])
def test_the_published_schema_takes_every_event(told: Event) -> None:
    Draft202012Validator(request_schema()).validate(document([told]))


@pytest.mark.parametrize(
    "told",
    [
        event("doubled", "01-13"),
        event("held", "01-13", days=0),
        event("held", "01-13"),
        event("missed", "01-13", days=1),
        event("paused", "01-13"),
        event("missed", "01-13", until="01-14"),
    ],
    ids=str,
)
def test_the_published_schema_refuses_a_wrong_event(told: Event) -> None:
    assert not Draft202012Validator(request_schema()).is_valid(document([told]))


def command(diary: list[Event]) -> subprocess.CompletedProcess[bytes]:
    """`ldn-titration plan` of the example of drops with a diary."""
    return subprocess.run(
        [sys.executable, "-m", "ldn_titration", "plan", "-", "--format", "json"],
        input=json.dumps({**GOOD, "diary": diary}).encode(),
        capture_output=True,
        check=False,
    )


def test_the_command_plans_a_diary() -> None:
    done = command([event("missed", "01-05")])
    assert done.returncode == 0
    rows = json.loads(done.stdout)["days"]
    assert [row["dose"] for row in rows[:9]] == ["0.25 mg", None, *["0.25 mg"] * 6, "0.5 mg"]


def test_the_command_refuses_an_event_that_does_not_fit_with_exit_2() -> None:
    done = command([event("paused", "01-05", until="01-08"), event("missed", "01-06")])
    assert (done.returncode, done.stdout) == (2, b"")
    lines = done.stderr.decode().splitlines()
    assert len(lines) == 1
    assert "diary[1]" in lines[0]
    assert "diary[0]" in lines[0]


def test_the_command_refuses_half_a_drop_with_exit_4() -> None:
    done = command([event("halved", "01-05")])
    assert (done.returncode, done.stdout) == (4, b"")
    assert "0.125 mg" in done.stderr.decode()


def test_the_difference_of_two_diaries_is_the_days_whose_dose_differs() -> None:
    plain, missed = (library(request_of(diary, 28)) for diary in ([], [event("missed", "01-17")]))
    assert plain.diff(missed) == (
        (date(2027, 1, 17), Mass("3 mg"), None),
        (date(2027, 1, 18), Mass("4.5 mg"), Mass("3 mg")),
    )
    assert plain.diff(plain) == ()


def test_a_plan_with_a_diary_is_a_pure_function() -> None:
    """The list is not changed, and the same diary gives the same bytes."""
    diary = [event("paused", "01-13", until="01-28"), opioid("01-14", "methadone")]
    kept = json.dumps(diary)
    first = library(request_of(diary))
    second = library(request_of(json.loads(kept)))
    assert json.dumps(diary) == kept
    assert first == second
    assert plan_json(first) == plan_json(second)
    assert library(request_of([])) != first


@pytest.mark.parametrize(
    "told",
    [
        event("paused", "01-13", until="9999-12-31"),
        event("held", "01-13", days=10**9),
        event("held", "01-13", days=10**30),
        opioid("01-13", "methadone", last_taken="9999-12-31"),
        opioid("01-13", "methadone", last_taken="9999-12"),
    ],
    ids=lambda told: str(told)[:60],
)
@pytest.mark.parametrize("length", [None, 28])
def test_an_event_without_bounds_is_refused_or_planned(told: Event, length: int | None) -> None:
    """S01, T07: never a crash, and never more than a moment of work."""
    try:
        plan = library(request_of([told], length))
    except InvalidInputError as error:
        assert places(error) == {0}
    else:
        assert plan.on("2027-01-12").dose == Mass("3 mg")
        assert length is None or len(plan) == length


# --- Relations ----------------------------------------------------------------------------------

steps_lists = st.builds(
    lambda closed, last: [*closed, *last],
    st.lists(
        st.builds(
            lambda dose, days: {"dose": dose, "days": days},
            st.sampled_from(["0.5 mg", "1.5 mg", "2.25 mg", "3 mg", "4.5 mg"]),
            st.integers(1, 9),
        ),
        min_size=1,
        max_size=4,
    ),
    st.sampled_from([[], [{"dose": "4.5 mg"}]]),
)


def day_of(place: int) -> str:
    return (date.fromisoformat(START) + timedelta(days=place)).isoformat()


def doses(steps: list[dict[str, Any]], diary: list[Event]) -> list[tuple[int, str | None]]:
    """Step and dose of each day, without its date."""
    return [(step, dose) for _, step, dose in calendar_by_library(request_of(diary, steps=steps))]


@pytest.mark.hazard("T10")
@given(steps_lists, st.data())
@settings(max_examples=50)
def test_a_missed_day_is_a_pause_of_one_day(
    steps: list[dict[str, Any]], data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(doses(steps, [])) - 1))
    missed = doses(steps, [event("missed", day_of(place))])
    assert missed == doses(steps, [event("paused", day_of(place), until=day_of(place + 1))])
    assert [dose for _, dose in missed].count(None) == 1


@given(steps_lists, st.integers(1, 60), st.data())
@settings(max_examples=50)
def test_a_length_gives_the_first_days_of_the_plan_with_the_same_diary(
    steps: list[dict[str, Any]], length: int, data: st.DataObject
) -> None:
    """The days of a cut plan are the first of the whole, whatever happened."""
    place = data.draw(st.integers(0, min(length, len(doses(steps, []))) - 1))
    kind = data.draw(st.sampled_from(["halved", "missed", "held", "paused"]))
    more: dict[str, dict[str, Any]] = {"held": {"days": 5}, "paused": {"until": day_of(place + 16)}}
    told = [event(kind, day_of(place), **more.get(kind, {}))]
    cut = calendar_by_library(request_of(told, length, steps))
    grown = calendar_by_library(request_of(told, None, steps))
    shared = min(len(cut), len(grown))
    assert cut[:shared] == grown[:shared]
    assert len(cut) <= length


# --- Whole diaries, against the slow replay -----------------------------------------------------

SEQUENCES = int(os.environ.get("LDN_DIARY_SEQUENCES", "150"))
"""How many diaries are tried; 5,000 before a release."""
EVENTS = 50

KINDS = [
    "none",
    # those that are meant to fit
    *["held", "stepped back", "halved", "missed", "advanced", "stayed", "switched", "paused"] * 3,
    *["missed", "missed", "held", "opioid", "opioid", "anywhere", "anywhere", "anywhere"],
    "stopped",
    # those that are meant to be refused
    *["same day", "before the start", "after the end", "inside a pause"] * 3,
    *["first step", "last step", "held wrongly", "paused wrongly", "no agonist", "stopped at once"],
    "wrong shape",
]
EXPOSURES: list[dict[str, Any]] = [
    {"substance": "oxycodone", "release": "immediate"},
    {"substance": "oxycodone", "release": "extended"},
    {"substance": "methadone"},
    {"substance": "Loperamide"},
    {"substance": "fentanyl", "release": "transdermal"},
    {"substance": "tramadol", "release": "immediate"},
    {"substance": "difelikefalin"},
    {"substance": "oxycodone"},
    {"substance": "oxycodone", "release": "immediate", "ongoing": True},
    {"substance": "buprenorphine", "release": "depot"},
    {"substance": "xyzzyl"},
]
WRONG: list[Event] = [
    {"event": "doubled"},
    {"event": "missed", "days": 1},
    {"event": "held"},
    {"event": "paused"},
    {"event": "switched"},
    {"event": "opioid"},
    {"event": 7},
    {"event": "missed", "on": "2027-02-30"},
    {"event": "missed", "on": "27-01-10"},
    {"event": "missed", "on": None},
]
Spec = tuple[str, int, int]
specs = st.lists(
    st.tuples(st.sampled_from(KINDS), st.integers(0, 999), st.integers(0, 29)),
    min_size=EVENTS,
    max_size=EVENTS,
).map(lambda told: [spec for spec in told if spec[0] != "none"])


@cache
def mass(text: str) -> Mass:
    return Mass(text)


class Diary:
    """A plan and its diary, grown event by event in the library and in the slow replay alike."""

    def __init__(self, request: dict[str, Any], others: list[dict[str, Any]]) -> None:
        self.request, self.others = request, others
        self.regimen = Regimen(steps=request["regimen"]["steps"])
        self.preparation = prepared(request["preparation"])
        self.start = date.fromisoformat(request["start"])
        self.highest = max(step.daily_dose for step in self.regimen.steps)
        self.accepted: list[Event] = []
        self.refused = 0
        self.known: dict[str, Measured] = {}
        self.found = self.replayed([])
        self.rows = self.agreed(self.planned([]), self.found)

    def replayed(self, diary: list[Event]) -> Replay:
        return diary_oracle.replay({**self.request, "diary": diary})

    def planned(self, diary: list[Event]) -> Plan:
        days = self.request.get("length_days")
        return schedule(self.regimen, self.preparation, self.start, days=days, diary=diary)

    def offer(self, told: Event, at: int) -> None:
        """Tell one event more; it fits in both or in neither."""
        diary = list(self.accepted)
        diary.insert(at % (len(diary) + 1), told)
        found = self.replayed(diary)
        measured = self.known.setdefault(repr(found.preparations), {})
        if found.refusals:
            self.refuses(diary, found)
            return
        cannot = diary_oracle.first_unmeasurable(found, measured)
        if cannot is not None:
            self.cannot_measure(diary, found, measured)
            return
        rows = self.agreed(self.planned(diary), found)
        past = max((date.fromisoformat(told["on"]) - self.start).days, 0)
        assert rows[:past] == self.rows[:past], "the past changed"
        self.accepted, self.found, self.rows = diary, found, rows

    def refuses(self, diary: list[Event], found: Replay) -> None:
        self.refused += 1
        with pytest.raises(InvalidInputError) as caught:
            self.planned(diary)
        assert sorted(places(caught.value)) == found.refused
        for refused in found.refusals:
            if refused.meets is not None:
                own = [p.message for p in caught.value.problems if place_of(p) == refused.index]
                assert re.search(r"diary\[[0-9]+\]", own[0]), own

    def cannot_measure(self, diary: list[Event], found: Replay, measured: Measured) -> None:
        self.refused += 1
        with pytest.raises(NotMeasurableError) as caught:
            self.planned(diary)
        expected = set()
        for row in found.rows:
            error = diary_oracle.take(row, found, measured)
            if isinstance(error, oracle.Unmeasurable):
                expected.add((row.step, oracle.mass_text(error.dose)))
        errors = (caught.value, *caught.value.also)
        assert {(error.step, str(error.dose)) for error in errors} == expected

    def agreed(self, plan: Plan, found: Replay) -> list[tuple[Any, ...]]:
        """The rows, which are those of the slow replay and keep every promise."""
        measured = self.known.setdefault(repr(found.preparations), {})
        rows: list[tuple[Any, ...]] = []
        for day in plan:
            told = day.take if len(day.doses) < 2 else ""
            rows.append((day.date, day.step, day.dose, told))
        expected: list[tuple[Any, ...]] = []
        last, taken = None, (None, "no dose")
        for row in found.rows:
            if not last or row.each is not last.each or row.preparation != last.preparation:
                taken = (None, "no dose")
                if row.dose is not None:
                    told = diary_oracle.take(row, found, measured)
                    taken = (mass(oracle.mass_text(row.dose)), told)
            expected.append((row.on, row.step, *taken))
            last = row
        assert rows == expected
        assert [row[0] for row in rows] == [
            self.start + timedelta(days=place) for place in range(len(rows))
        ]
        assert all(dose is None or dose <= self.highest for _, _, dose, _ in rows)
        return rows

    def keeps_its_promises(self) -> None:
        """What is dear to check, once for each diary."""
        plan = self.planned(self.accepted)
        assert self.agreed(plan, self.found) == self.rows, "a refused event left something"
        assert self.planned(sorted(self.accepted, key=lambda told: str(told["on"]))) is not None
        dates_taken = {row[0] for row in self.rows if row[2] is not None}
        ends = []
        for told in self.accepted:
            if told["event"] == "opioid":
                on = date.fromisoformat(told["on"])
                ends.append(diary_oracle._first_day(told["exposure"], on))
                assert not [day for day in dates_taken if on <= day < ends[-1]]
        taken = [row[2] for row in self.rows if row[2] is not None]
        assert plan.totals.dose == Mass.total((dose, 1) for dose in taken)
        assert sum(step.days for step in plan.steps) == len(plan) == plan.totals.days
        cautions = [f for f in plan.screening.findings if f.code in ("GAP-01", "DIA-01")]
        assert {f.severity.value for f in cautions} <= {"caution"}
        too_long = bool(self.found.restarts) or self.found.gap_beyond
        assert ("GAP-01" in codes(plan)) is too_long or (not too_long and diary_oracle.FAR in ends)
        if self.rows[-1][2] is not None:  # a plan that ends without a dose ends either way
            assert ("LEN-01" in codes(plan)) is self.found.cut_off

    # What to tell next

    def event_of(self, spec: Spec) -> Event:
        """The event that a spec means in this diary as it stands."""
        kind, where, amount = spec
        hostile = self.hostile(kind, where, amount)
        if hostile is not None:
            return hostile
        if kind == "anywhere":
            kind = ("missed", "held", "paused", "opioid", "halved", "stepped back")[amount % 6]
            return self.fitting(kind, self.rows[where % len(self.rows)][0], amount)
        return self.fitting(kind, self.next_day(where % 6), amount)

    def next_day(self, further: int) -> date:
        """A day after the last event and its pause, or any free day where the plan is over."""
        told = {str(one["on"]) for one in self.accepted}
        place = 0 if not told else (date.fromisoformat(max(told)) - self.start).days + 1
        while place < len(self.rows) and self.rows[place][2] is None and told:
            place += 1
        if place + further < len(self.rows):
            return self.rows[place + further][0]
        free = [row[0] for row in self.rows if row[2] is not None and str(row[0]) not in told]
        return free[further * 7 % len(free)] if free else self.start

    def fitting(self, kind: str, on: date, amount: int) -> Event:
        text = on.isoformat()
        if kind == "held":
            return event("held", text, days=1 + amount % 9)
        if kind == "paused":
            return event("paused", text, until=(on + timedelta(days=1 + amount % 20)).isoformat())
        if kind == "switched":
            return event("switched", text, preparation=self.others[amount % len(self.others)])
        if kind == "opioid":
            rare = EXPOSURES if amount % 5 == 0 else EXPOSURES[:7]
            exposure = dict(rare[amount % len(rare)])
            if amount % 3 == 1:
                exposure["last_taken"] = (on - timedelta(days=amount % 13)).isoformat()
            return event("opioid", text, exposure=exposure)
        return event(kind.replace(" ", "_"), text)

    def hostile(self, kind: str, where: int, amount: int) -> Event | None:
        """An event that is meant to be refused, or None where the kind is a friendly one."""
        plain = ("missed", "halved", "stayed", "held", "paused", "opioid", "switched")[amount % 7]
        on = self.rows[where % len(self.rows)][0]
        if kind == "same day":
            taken = [date.fromisoformat(told["on"]) for told in self.accepted]
            return self.fitting(plain, taken[where % len(taken)] if taken else on, amount)
        if kind == "before the start":
            return self.fitting(plain, self.start - timedelta(days=1 + where % 40), amount)
        if kind == "after the end":
            return self.fitting(plain, self.rows[-1][0] + timedelta(days=1 + where % 40), amount)
        if kind == "inside a pause":
            free = [row[0] for row in self.rows if row[2] is None]
            return self.fitting(plain, free[where % len(free)] if free else on, amount)
        if kind in ("first step", "last step"):
            step = 1 if kind == "first step" else len(self.regimen.steps)
            days = [row[0] for row in self.rows if row[1] == step] or [on]
            name = "stepped_back" if kind == "first step" else "advanced"
            return event(name, days[where % len(days)].isoformat())
        return self.faulty(kind, on, amount)

    def faulty(self, kind: str, on: date, amount: int) -> Event | None:
        """An event that is wrong by itself, or None."""
        text = on.isoformat()
        if kind == "held wrongly":
            return event("held", text, days=(0, -1, -amount, "7", 1.5, True, None)[amount % 7])
        if kind == "paused wrongly":
            return event("paused", text, until=(on - timedelta(days=amount)).isoformat())
        if kind == "no agonist":
            name = ("naloxone", "naltrexone", "dextromethorphan")[amount % 3]
            return event("opioid", text, exposure={"substance": name})
        if kind == "stopped at once":
            return event("stopped", self.start.isoformat())
        if kind == "wrong shape":
            return {"on": text, **WRONG[amount % len(WRONG)]}
        return None


def run(
    steps: list[dict[str, Any]],
    preparations: list[dict[str, Any]],
    length: int | None,
    told: list[Spec],
) -> None:
    request = request_of([], length, steps, preparations[0])
    diary = Diary(request, preparations)
    for spec in told:
        offered = diary.event_of(spec)
        note(f"steps {steps} length {length} accepted {diary.accepted}")
        note(f"offered {offered} at {spec[1] % (len(diary.accepted) + 1)}")
        diary.offer(offered, spec[1])
    diary.keeps_its_promises()


lengths = st.none() | st.integers(1, 40) | st.integers(100, 400)
many = settings(deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)


def share(percent: int) -> int:
    return max(1, SEQUENCES * percent // 100)


@pytest.mark.hazard("T08")
@settings(many, max_examples=share(70))
@given(steps_lists, lengths, specs)
def test_diaries_of_a_fine_solution_are_those_of_the_slow_replay(
    steps: list[dict[str, Any]], length: int | None, told: list[Spec]
) -> None:
    run(steps, [FINE, STRONGER], length, told)


@pytest.mark.hazard("T10")
@settings(many, max_examples=share(10))
@given(steps_lists, lengths, specs)
def test_diaries_of_drops_are_those_of_the_slow_replay(
    steps: list[dict[str, Any]], length: int | None, told: list[Spec]
) -> None:
    run(steps, [DROPS, {**DROPS, "drops_per_mL": 40}, FINE], length, told)


@settings(many, max_examples=share(10))
@given(steps_lists, lengths, specs)
def test_diaries_of_capsules_are_those_of_the_slow_replay(
    steps: list[dict[str, Any]], length: int | None, told: list[Spec]
) -> None:
    run(steps, [CAPSULES, LARGE_CAPSULES, DROPS], length, told)


@st.composite
def cycled(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Steps of which some have days off, and some several doses a day."""
    steps = []
    for step in draw(steps_lists):
        cycle = {"days_on": draw(st.integers(1, 4)), "days_off": draw(st.integers(1, 4))}
        more = draw(st.sampled_from([{}, {"cycle": cycle}, {"cycle": cycle}, {"doses_per_day": 2}]))
        steps.append({**step, **more})
    return steps


@settings(many, max_examples=share(10))
@given(cycled(), lengths, specs)
def test_diaries_with_days_off_are_those_of_the_slow_replay(
    steps: list[dict[str, Any]], length: int | None, told: list[Spec]
) -> None:
    run(steps, [FINE], length, told)


# --- A small world, told in full ----------------------------------------------------------------

SMALL_WORLDS: list[list[dict[str, Any]]] = [
    [{"dose": "1.5 mg", "days": 3}, {"dose": "3 mg"}],
    [
        {"dose": "1.5 mg", "days": 3},
        {"dose": "3 mg", "days": 8, "cycle": {"days_on": 2, "days_off": 3}},
        {"dose": "4.5 mg", "days": 1},
    ],
    [{"dose": "1.5 mg", "days": 12, "cycle": {"days_on": 1, "days_off": 2}}, {"dose": "3 mg"}],
]
FIRST_TOLD = [
    *[("paused", {"for": days}) for days in (1, 10, 14)],
    *[("opioid", {"exposure": EXPOSURES[place]}) for place in (0, 2, 8)],
]
THEN_TOLD = [
    ("missed", {}),
    ("held", {"days": 2}),
    ("stopped", {}),
    ("paused", {"for": 2}),
    ("opioid", {"exposure": EXPOSURES[0]}),
    ("opioid", {"exposure": {**EXPOSURES[0], "last_taken": "2027-01-05"}}),
]


def told_on(place: int, kind: str, more: dict[str, Any]) -> Event:
    if "for" in more:
        return event(kind, day_of(place), until=day_of(place + more["for"]))
    return event(kind, day_of(place), **more)


def small_diaries() -> Iterator[list[Event]]:
    """Days without a dose at each place of the first steps, and something soon after or on time."""
    for place, (kind, more) in product((2, 3, 5, 6), FIRST_TOLD):
        first = told_on(place, kind, more)
        yield [first]
        for later, (then, its) in product((1, more.get("for", 11), 15), THEN_TOLD):
            yield [first, told_on(place + later, then, its)]


def gaps_of(found: Replay, whole: Replay) -> set[str]:
    """Each run of days without a dose that begins the regimen again, with its days.

    Where the run ends beyond the length, ``whole``, the same without a length, tells how long
    it is.
    """
    ends = list(found.restarts)
    if found.gap_beyond:
        ends.append(found.rows[-1].on + timedelta(days=1))
    taken = [row.on for row in found.rows if row.dose is not None]
    told = set()
    for day in {max(on for on in taken if on < end) for end in ends}:
        later = [row.on for row in whole.rows if row.on > day and row.dose is not None]
        again = max(end for end in whole.restarts if not later or end <= later[0])
        told.add(f"{(again - day).days - 1} days without a dose from {day + timedelta(days=1)}")
    return told


@pytest.mark.hazard("T09")
@pytest.mark.parametrize("steps", SMALL_WORLDS, ids=["open", "cycle within", "cycle first"])
@pytest.mark.parametrize("length", [None, 13, 20])
def test_each_small_diary_is_the_slow_replays(
    steps: list[dict[str, Any]], length: int | None
) -> None:
    """Every day, each gap that is too long, and whether the length cuts something off."""
    regimen, fine = Regimen(steps=steps), prepared(FINE)
    for diary in small_diaries():
        found = diary_oracle.replay(request_of(diary, length, steps))
        if found.refusals:
            with pytest.raises(InvalidInputError) as caught:
                schedule(regimen, fine, START, days=length, diary=diary)
            assert sorted(places(caught.value)) == found.refused, diary
            continue
        plan = schedule(regimen, fine, START, days=length, diary=diary)
        assert of_plan(plan) == of_replay(found), diary
        assert all(step.days > 0 for step in plan.steps), diary
        gaps = [f.message.split(" on, ")[0] for f in plan.told if f.code == "GAP-01"]
        again = found.restarts or found.gap_beyond
        whole = diary_oracle.replay(request_of(diary, None, steps)) if again else found
        assert sorted(gaps) == sorted(gaps_of(found, whole)), diary
        assert plan.cut is found.cut_off, diary
