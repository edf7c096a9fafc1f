"""Zones and clock changes: a plan is of calendar days; a zone is never read, only an offset."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from functools import cache, partial
from typing import Any
from unittest import mock

import icalendar
from dateutil import tz

from bad_inputs.case import Case, accepted, cli, good, refused, refused_request
from ldn_titration import Capsules, OpioidExposure, PatientFacts, Regimen, Verdict, schedule, screen
from ldn_titration.rules.washout import opioid_free_days

_REGIMEN = Regimen(steps=[{"dose": "1.5 mg"}])
_CAPSULES = Capsules(strengths=["1.5 mg"])


def _events(text: str) -> list[icalendar.Event]:
    """The doses of a calendar file; of any time in it, none is of a zone."""
    calendar = icalendar.Calendar.from_ical(text)
    assert not list(calendar.walk("VTIMEZONE"))
    assert "TZID" not in text
    found = [e for e in calendar.walk("VEVENT") if "Naltrexone 1 capsule" in str(e["SUMMARY"])]
    for event in found:
        assert event["DTSTART"].dt.tzinfo is None
    return found


def _one(start: str, days: int, clock: str = "00:00") -> dict[str, Any]:
    return good(
        start=start,
        length_days=days,
        time_of_day=clock,
        regimen={"steps": [{"dose": "1.5 mg"}]},
        preparation={"form": "capsules", "strengths": ["1.5 mg"]},
    )


def has_no_midnight(case: Case) -> None:
    """B172: the clock jumps from 23:59 to 01:00; the day has its dose, at the time on the wall."""
    zone, first = tz.gettz(case.input["tz"]), date.fromisoformat(case.input["start"])
    gap = datetime(first.year, first.month, first.day, tzinfo=zone)
    assert not tz.datetime_exists(gap)
    for start in (first, gap, gap.replace(fold=1), f"{first}T00:00-03:00", f"{first}T01:00-02:00"):
        plan = schedule(_REGIMEN, _CAPSULES, start, days=3)
        assert [day.date for day in plan] == [first + timedelta(days=n) for n in range(3)]
        assert [str(day.dose) for day in plan] == ["1.5 mg"] * 3
    request = _one(case.input["start"], 3, case.input["time"])
    run = cli("plan", "-", "--format", "ics", stdin=request)
    events = _events(run.out)
    assert [event["DTSTART"].to_ical().decode() for event in events] == [
        "20181104T000000",
        "20181105T000000",
        "20181106T000000",
    ]
    csv = cli("plan", "-", "--format", "csv", stdin=request).out.splitlines()[1:]
    assert [line[:10] for line in csv] == ["2018-11-04", "2018-11-05", "2018-11-06"]


def has_no_such_day(case: Case) -> None:
    """B173: Samoa had no 30 December 2011. The three doses stay three, and each its date.

    That the day is missing there is not stated, for the contract has no zone: a request that
    names one is refused. The interval counts what elapsed, not what the calendar says.
    """
    zone, days = tz.gettz(case.input["tz"]), case.input["days"]
    first = date.fromisoformat(case.input["start"])
    named = good(start=case.input["start"], tz=case.input["tz"])
    refused_request(named, "tz", "is no ")
    at = datetime(first.year, first.month, first.day, 21, tzinfo=zone)
    for start in (first, at, f"{first}T21:00-10:00"):
        plan = schedule(_REGIMEN, _CAPSULES, start, days=days)
        assert len(plan) == plan.totals.days == days
        assert [str(day.dose) for day in plan] == ["1.5 mg"] * days
        assert str(plan.totals.dose) == "4.5 mg"
    request = _one(case.input["start"], days)
    assert len(_events(cli("plan", "-", "--format", "ics", stdin=request).out)) == days
    assert opioid_free_days(at, at.replace(day=31)) == 1
    assert opioid_free_days(at, datetime(2012, 1, 8, 21, tzinfo=zone)) == 9


ZONES = {
    "B175": ("2027-01-04T22:00 CST", "2027-01-04T22:00CST"),
    "B176": ("2027-01-04T22:00+25:00", "2027-01-04T22:00UTC+25"),
    "B177": ("2027-01-04T22:00[../../etc/passwd]", "2027-01-04T22:00 ../../etc/passwd"),
}
"""Times that name what the case names as their zone."""


def is_no_zone(case: Case) -> None:
    """B175 to B177: no input names a zone; a time has its offset, of which there are 24 hours."""
    zone = case.input["tz"]
    for key in ("tz", "timezone", "zone"):
        with _opened() as files:
            refused_request(good(**{key: zone}), key, "is no")
        assert not files
    for text in ZONES[case.id]:
        said = "there is no such time" if "+25:00" in text else "must be a date written YYYY-MM-DD"
        with _opened() as files:
            refused_request(good(start=text), "start", said)
            refused(partial(OpioidExposure, substance="codeine", last_taken=text), said)
            refused(lambda text=text: schedule(_REGIMEN, _CAPSULES, text), said)
        assert not files
    run = cli("plan", "-", "--format", "ics", "--at", f"22:00 {zone}", stdin=good())
    assert (run.code, run.out, run.err) == (2, "", '--at: must give a time such as "22:00"\n')


@contextlib.contextmanager
def _opened() -> Iterator[list[str]]:
    """The files that are opened meanwhile."""
    watch = _watch()
    watch.append([])
    try:
        yield watch[-1]
    finally:
        watch.pop()


@cache
def _watch() -> list[list[str]]:
    """Lists of opened files, for as long as one is there; a hook cannot be taken back."""
    watch: list[list[str]] = []

    def hook(event: str, arguments: tuple[Any, ...]) -> None:  # pragma: no cover - never traced
        if watch and event == "open":
            watch[-1].append(str(arguments[0]))

    sys.addaudithook(hook)
    return watch


def floats(case: Case) -> None:
    """B178: timed events without a zone are times on the wall, wherever the file is made.

    The corpus wants an error. The contract stands: a request has no zone, and its calendar
    file is one of wall times, so that a dose stays at 22:00 through travel and clock changes
    (RFC 5545, form 1). The server's zone never enters: the bytes are the same in each.
    """
    refused_request(good(tz=case.input["tz"]), "tz", "is no ")
    request = _one("2027-03-27", 3, "22:00")
    made = set()
    for zone in ("UTC", "America/St_Johns", "Pacific/Kiritimati", "Europe/Brussels"):
        with _server_in(zone):
            made.add(cli("plan", "-", "--format", "ics", "--remind", stdin=request).out)
    (text,) = made
    events = _events(text)
    assert [event["DTSTART"].to_ical().decode() for event in events] == [
        "20270327T220000",
        "20270328T220000",
        "20270329T220000",
    ]
    for event in events:
        (alarm,) = event.walk("VALARM")
        assert alarm["TRIGGER"].dt == timedelta(0)
    refused_request(good(start="2027-01-04T22:00"), "start", "must be a date written YYYY-MM-DD")
    said = "a time needs its offset, as in 2027-01-04T22:00+01:00"
    naive = datetime(2027, 1, 4, 22)  # noqa: DTZ001 - what is refused
    refused(lambda: schedule(_REGIMEN, _CAPSULES, naive), said)
    refused(lambda: OpioidExposure(substance="codeine", last_taken=naive), said)


@contextlib.contextmanager
def _server_in(zone: str) -> Iterator[None]:
    with mock.patch.dict(os.environ, {"TZ": zone}):
        time.tzset()
        yield
    time.tzset()


def is_an_hour_short(case: Case) -> None:
    """B180: from 22:00 to 21:00 a week later, with the clock set back between: 168 hours.

    The corpus would count 6. The contract stands (section 5): with a time and an offset on
    both sides whole periods of 24 hours are counted, which are 7; by dates alone it is 6.
    """
    walls = [text.split(" ")[0] for text in case.input["days_between"]]
    zone = tz.gettz("Europe/Brussels")
    last, start = (datetime.fromisoformat(wall).replace(tzinfo=zone) for wall in walls)
    assert start.astimezone(tz.UTC) - last.astimezone(tz.UTC) == timedelta(hours=168)
    assert opioid_free_days(last, start) == 7
    assert opioid_free_days(last, start - timedelta(minutes=1)) == 6
    assert opioid_free_days(last.date(), start.date()) == 6
    for told, known, verdict in (
        (f"{walls[0]}+02:00", f"{walls[1]}+01:00", Verdict.HOLD),
        (f"{walls[0]}+02:00", "2024-10-27T20:59+01:00", Verdict.STOP),
        (walls[0][:10], walls[1][:10], Verdict.STOP),
        (f"{walls[0]}+02:00", walls[1][:10], Verdict.STOP),
        (walls[0][:10], f"{walls[1]}+01:00", Verdict.STOP),
    ):
        taken = {"substance": "codeine", "release": "immediate", "last_taken": told}
        opioids = {"status": "known", "exposures": [taken]}
        patient = {**good()["patient"], "assessed_on": "2024-10-26", "opioids": opioids}
        request = good(start=known, patient=patient)
        assert accepted(request).screening().verdict is verdict, (told, known)
        assert screen(PatientFacts.model_validate(patient), known, _REGIMEN).verdict is verdict
        run = cli("screen", "-", "--format", "json", stdin=request)
        assert run.code == 3
        assert json.loads(run.out)["verdict"] == str(verdict)
    for text in case.input["days_between"]:
        refused_request(good(start=text), "start", "must be a date written YYYY-MM-DD")


CASES: dict[str, Callable[[Case], None]] = {
    "B172": has_no_midnight,
    "B173": has_no_such_day,
    **dict.fromkeys(ZONES, is_no_zone),
    "B178": floats,
    "B180": is_an_hour_short,
}

NOT_BUILT: dict[str, str] = {}
