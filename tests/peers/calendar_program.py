"""A calendar program made of icalendar and recurring-ical-events, in an environment of its own.

Given a file with {"chains": [{"name", "files": [text, ...]}]}, it prints for each chain what it
showed after each import: [[when, summary, uid], ...], and what it found wrong on the way.
"""

from __future__ import annotations

import json
import sys
from datetime import date, datetime, timedelta
from importlib.metadata import version
from typing import Any

import icalendar
import recurring_ical_events

NEEDED = ("UID", "DTSTAMP", "DTSTART", "SUMMARY", "SEQUENCE")
YEARS = timedelta(days=4000)


def when(start: date | datetime) -> str:
    return start.isoformat()[:16]


def look(event: Any, problems: list[str]) -> None:
    uid, start = event.get("UID"), event["DTSTART"]
    problems.extend(f"{uid}: {error}" for error in event.errors)
    problems.extend(f"{uid}: no {name}" for name in NEEDED if name not in event)
    problems.extend(f"{uid}: several {name}" for name in event if isinstance(event[name], list))
    if "TZID" in start.params or getattr(start.dt, "tzinfo", None) is not None:
        problems.append(f"{uid}: does not float")
    lasts = timedelta(minutes=15) if isinstance(start.dt, datetime) else timedelta(days=1)
    if event.duration != lasts:
        problems.append(f"{uid}: lasts {event.duration}")
    for alarm in event.walk("VALARM"):
        if alarm["TRIGGER"].dt != timedelta(0):
            problems.append(f"{uid}: reminds at another time")
        problems.extend(f"{uid}: no {n}" for n in ("ACTION", "DESCRIPTION") if n not in alarm)


def imported(text: str, shown: dict[str, Any], problems: list[str]) -> None:
    calendar = icalendar.Calendar.from_ical(text)
    problems.extend(str(error) for error in calendar.errors)
    in_file = set()
    for event in calendar.walk("VEVENT"):
        look(event, problems)
        uid = str(event["UID"])
        if uid in in_file:
            problems.append(f"{uid}: stands twice")
        in_file.add(uid)
        before = shown.get(uid)
        if before is not None and before["SEQUENCE"] > event["SEQUENCE"]:
            continue
        if before is not None and before["SEQUENCE"] == event["SEQUENCE"] and before != event:
            problems.append(f"{uid}: changed, but not its sequence")
            continue
        shown[uid] = event


def days(shown: dict[str, Any]) -> list[list[str]]:
    calendar = icalendar.Calendar()
    for event in shown.values():
        if event.get("STATUS") != "CANCELLED":
            calendar.add_component(event)
    starts = [event["DTSTART"].dt for event in calendar.walk("VEVENT")]
    if not starts:
        return []
    first, last = min(map(_day, starts)), max(map(_day, starts)) + YEARS
    found = recurring_ical_events.of(calendar).between(first, min(last, date(9998, 1, 1)))
    rows = [[when(e["DTSTART"].dt), str(e["SUMMARY"]), str(e["UID"])] for e in found]
    return sorted(rows)


def _day(start: date | datetime) -> date:
    return start.date() if isinstance(start, datetime) else start


def chain(name: str, files: list[str]) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    problems: list[str] = []
    after = []
    for text in files:
        imported(text, shown, problems)
        after.append(days(shown))
    alarms = sum(len(event.walk("VALARM")) for event in shown.values())
    return {"name": name, "after": after, "problems": problems, "alarms": alarms}


def main(path: str) -> None:
    with open(path, encoding="utf-8") as file:
        chains = json.load(file)["chains"]
    names = ("icalendar", "recurring-ical-events")
    versions = ", ".join(f"{name} {version(name)}" for name in names)
    json.dump({"version": versions, "chains": [chain(**each) for each in chains]}, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1])
