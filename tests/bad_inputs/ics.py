"""Bad inputs: calendar files."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import icalendar

from bad_inputs.case import Case, accepted, aside, cli, good, refused
from bad_inputs.doors import face, patient_wrong
from ldn_titration.export.ics import CalendarFile, plan_ics
from readers import dose_rows, is_cancelled

DIARY = [{"event": "held", "on": "2027-01-06", "days": 2}]
_ALLOWED = (
    "BEGIN VERSION PRODID CALSCALE UID NAME X-WR-CALNAME DESCRIPTION DTSTART DURATION DTSTAMP "
    "SEQUENCE SUMMARY STATUS TRANSP CLASS RRULE ACTION TRIGGER END"
)
ALLOWED = frozenset(_ALLOWED.split())


def _events(text: str) -> dict[str, icalendar.Event]:
    """The events of a file by their UID; each stands once."""
    with aside():
        found = icalendar.Calendar.from_ical(text).walk("VEVENT")
        events = {str(event["UID"]): event for event in found}
        assert len(events) == len(found)
        return events


def _names(text: str) -> set[str]:
    """The names of the content lines of a file."""
    lines = text.replace("\r\n ", "").removesuffix("\r\n").split("\r\n")
    return {re.split("[;:]", line)[0] for line in lines}


def _control_characters(case: Case) -> None:
    text = case.input["summary"]
    refused(lambda: CalendarFile(name=text), "name: ", "U+0000")
    refused(lambda: CalendarFile(key=text), "key: ", "U+0000")
    refused(lambda: CalendarFile(name="LDN\u000b"), "name: ", "U+000B")
    patient_wrong("name", "control character U+0000; remove it", name=text)
    run = cli("plan", "-", "--format", "ics", "--key", "a\u000bb", stdin=good())
    assert run.code == 2
    assert "U+000B" in run.err
    out = face(good(length_days=14, diary=DIARY), "ics").out
    assert not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", out)


def _twice(case: Case) -> None:
    """The same plan is the same file; with a diary the same UIDs, and a higher SEQUENCE."""
    before = face(good(length_days=14), "ics").out
    assert before == face(good(length_days=14), "ics").out
    after = face(good(length_days=14, diary=DIARY), "ics").out
    old, new = _events(before), _events(after)
    assert set(old) <= set(new), "no event of the old file is left behind"
    assert {int(e["SEQUENCE"]) for e in old.values()} == {0}
    assert {int(e["SEQUENCE"]) for e in new.values()} == {1}
    reminded = face(good(length_days=14), "ics", "--at", "bedtime=22:00", "--remind").out
    assert reminded.count("BEGIN:VALARM") == 14
    assert set(_events(reminded)) == set(old)


def _imported(*files: str) -> Iterable[icalendar.Event]:
    """The events that a calendar holds after these files, the later in place of the earlier."""
    held: dict[str, Any] = {}
    for text in files:
        for uid, event in _events(text).items():
            if uid not in held or int(held[uid]["SEQUENCE"]) <= int(event["SEQUENCE"]):
                held[uid] = event
    return [event for event in held.values() if not is_cancelled(event)]


def _old_file(case: Case) -> None:
    """After the new file, in whatever order they come, each day has one dose: the new one."""
    old, start = good(length_days=14), "2027-01-06"
    new = good(start=start, length_days=14, regimen={"steps": [{"dose": "1 mg"}]})
    with TemporaryDirectory() as folder:
        name = Path(folder) / "old.json"
        name.write_text(json.dumps(old))
        after = face(new, "ics", "--replaces", str(name)).out
    before, alone = face(old, "ics").out, face(new, "ics").out
    expected = dose_rows(_events(alone).values())
    assert len(expected) == 14
    for files in ((before, after), (after, before)):
        assert dose_rows(_imported(*files)) == expected
    held = face({**old, "diary": DIARY}, "ics").out
    rows = dose_rows(_imported(before, held))
    assert rows == dose_rows(_imported(held, before))
    assert len({row.on for row in rows}) == len(rows) == 14


def _no_clock(case: Case) -> None:
    """The stamp is the start, or the last event of the diary; no clock is asked."""

    def no_clock(*_: object) -> float:
        raise AssertionError("a clock was asked")

    plan = accepted(good(length_days=14)).plan()
    with patch("time.time", no_clock), patch("time.time_ns", no_clock):
        text = plan_ics(plan)
    assert set(re.findall("DTSTAMP:(.*)\r\n", text)) == {"20270104T000000Z"}
    later = face(good(length_days=14, diary=DIARY), "ics").out
    assert set(re.findall("DTSTAMP:(.*)\r\n", later)) == {"20270106T000000Z"}


def _no_attachment(case: Case) -> None:
    line = f"LDN\r\nATTACH:{case.input['attach']}"
    patient_wrong("name", "U+000D", name=line)
    refused(lambda: CalendarFile(name=line), "U+000D")
    event = {**DIARY[0], "reason": "ATTACH:http://x\\nATTENDEE:mailto:a@b;X=1,2"}
    request = good(length_days=14, diary=[event])
    options = ("--at", "bedtime=22:00", "--remind", "--each", "step", "--with-name")
    request["patient"]["name"] = "URL:http://x; A, B"
    text = face(request, "ics", *options).out
    assert _names(text) <= ALLOWED, _names(text) - ALLOWED
    names = {name for event in _events(text).values() for name in event}
    assert names <= ALLOWED
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))


def _alarm(case: Case) -> None:
    """A reminder needs a wall time, and a wall time is one without a zone, everywhere.

    Nothing asks for a zone (contract 2 and 3: times of day), so none can be missing: the
    time is the patient's, and a zone in it is refused.
    """
    assert case.input["tz"] is None
    clock = case.input["alarm"]
    run = cli("plan", "-", "--format", "ics", "--remind", stdin=good())
    assert (run.code, run.out) == (2, "")
    assert run.err.startswith("--at: ")
    for wrong in (f"{clock}Z", f"{clock}+01:00", "10 pm", "24:00", "2200", ""):
        run = cli("plan", "-", "--format", "ics", "--at", f"bedtime={wrong}", stdin=good())
        assert (run.code, run.out) == (2, ""), wrong
        assert run.err.startswith("--at: "), run.err
    text = face(good(length_days=14), "ics", "--at", f"bedtime={clock}", "--remind").out
    assert text.count("DTSTART:2027") == text.count("BEGIN:VALARM") == 14
    assert text.count("T220000\r\n") == 14, "floating: neither Z nor a zone"
    assert "TZID" not in text


CASES: dict[str, Callable[[Case], None]] = {
    "B263": _control_characters,
    "B265": _twice,
    "B266": _old_file,
    "B267": _no_clock,
    "B268": _no_attachment,
    "B269": _alarm,
}

NOT_BUILT: dict[str, str] = {}
