"""Every zone's changes of the clock from 2020 to 2035: one dose on each local date.

Thinned, every seventh zone, and those whose changes are unusual. The changes are found in the
zones themselves, by bisection between one day and the next.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest

from ldn_titration import Mass, Regimen, TitrationStep, schedule
from ldn_titration.export.ics import CalendarFile, plan_ics
from small_plans import DAY, FINE

WHOLE = bool(os.environ.get("LDN_EXHAUSTIVE"))
ALL = sorted(available_timezones() - {"localtime"})
UNUSUAL = [
    *["Africa/Casablanca", "Africa/Cairo", "America/Asuncion", "America/Santiago"],
    *["America/Havana", "America/St_Johns", "Antarctica/Casey", "Antarctica/Troll"],
    *["Asia/Beirut", "Asia/Gaza", "Asia/Tehran", "Australia/Lord_Howe", "Europe/London"],
    *["America/Nuuk", "America/Scoresbysund"],
    *["America/New_York", "Pacific/Apia", "Pacific/Kiritimati", "Atlantic/Azores"],
]
ZONES = ALL if WHOLE else sorted({*ALL[::7], *UNUSUAL})
FIRST, LAST = datetime(2020, 1, 1, tzinfo=UTC), datetime(2036, 1, 1, tzinfo=UTC)
DAYS = 4
DTSTART = re.compile(r"^DTSTART:(\d{8}T\d{6})\r$", re.MULTILINE)


def changes(zone: ZoneInfo) -> Iterator[datetime]:
    """Each moment, in UTC, at which the offset of a zone changes."""
    at = FIRST
    while at < LAST:
        low, high = at, at + DAY
        if low.astimezone(zone).utcoffset() != high.astimezone(zone).utcoffset():
            while high - low > timedelta(seconds=1):
                middle = low + (high - low) // 2
                same = middle.astimezone(zone).utcoffset() == at.astimezone(zone).utcoffset()
                low, high = (middle, high) if same else (low, middle)
            yield high.replace(microsecond=0)
        at += DAY


@cache
def walls(first: date, hour: int, minute: int) -> tuple[datetime, ...]:
    """The moments of the doses in the calendar file of a plan, on the wall."""
    times = f"{hour:02}:{minute:02}"
    regimen = Regimen(steps=(TitrationStep(dose=Mass("1.5 mg")),), time_of_day=times)
    text = plan_ics(schedule(regimen, FINE, first, days=DAYS), CalendarFile())
    assert "TZID" not in text
    found = tuple(datetime.fromisoformat(wall) for wall in DTSTART.findall(text))
    assert found == tuple(
        datetime.combine(first, time(hour, minute)) + n * DAY for n in range(DAYS)
    )
    return found


REGIMEN = Regimen(steps=(TitrationStep(dose=Mass("1.5 mg")),))
LONGEST_JUMP = timedelta(hours=3)
CLOCKS = [(0, 0), (0, 30), (1, 30), (2, 30), (12, 0), (23, 30)]


@pytest.mark.hazard("T04", "T05")
@pytest.mark.parametrize("name", ZONES)
def test_every_change_of_the_clock_has_one_dose_a_local_date(name: str) -> None:
    """P24: one dose per local date in every zone, before, on and after each change.

    By the dates of the plan that starts at that very moment; and by the wall times of its
    calendar file, which are one a date. One that the clock has jumped over rings as much later as
    it jumped, which is after midnight where the last hour of a day was left out.
    """
    zone = ZoneInfo(name)
    for change in changes(zone):
        day = change.astimezone(zone).date()
        for start in (change - DAY, change - timedelta(seconds=1), change):
            local = start.astimezone(zone)
            plan = schedule(REGIMEN, FINE, local, days=DAYS)
            assert [each.date for each in plan] == [local.date() + n * DAY for n in range(DAYS)]
        for hour, minute in CLOCKS:
            found = walls(day - DAY, hour, minute)
            taken = [wall.replace(tzinfo=zone).astimezone(UTC) for wall in found]
            there = [moment.astimezone(zone).replace(tzinfo=None) for moment in taken]
            dates = [
                moment.date() if moment == wall else wall.date()
                for moment, wall in zip(there, found, strict=True)
            ]
            assert dates == [day + n * DAY for n in range(-1, DAYS - 1)], (name, change)
            jumped = [m - wall for m, wall in zip(there, found, strict=True) if m != wall]
            assert all(timedelta() < late <= LONGEST_JUMP for late in jumped), (name, change)
            assert all(a < b for a, b in pairwise(taken))


def test_a_time_that_is_jumped_over_rings_after_the_jump() -> None:
    """In Nuuk the last hour of 30 March 2024 was left out: its 23:30 is 00:30 of the next day."""
    wall = walls(date(2024, 3, 29), 23, 30)[1]
    rings = wall.replace(tzinfo=ZoneInfo("America/Nuuk")).astimezone(UTC)
    assert wall == datetime.fromisoformat("2024-03-30T23:30")
    assert rings == datetime(2024, 3, 31, 1, 30, tzinfo=UTC)
    there = rings.astimezone(ZoneInfo("America/Nuuk")).replace(tzinfo=None)
    assert there == datetime.fromisoformat("2024-03-31T00:30")


def test_changes_are_found() -> None:
    """Two a year in London, none in Kiritimati, and by hand those of two springs."""
    assert len(list(changes(ZoneInfo("Europe/London")))) == 32
    assert list(changes(ZoneInfo("Pacific/Kiritimati"))) == []
    assert datetime(2027, 3, 28, 1, tzinfo=UTC) in changes(ZoneInfo("Europe/Paris"))
    assert datetime(2027, 3, 14, 7, tzinfo=UTC) in changes(ZoneInfo("America/New_York"))
