"""The calendar file, directly: literals, what each event cancels, and what a program keeps."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import icalendar
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cases
import readers
from conftest import ROOT
from ldn_titration import (
    Capsules,
    InvalidInputError,
    OralSolution,
    Plan,
    Regimen,
    schedule,
    screen,
)
from ldn_titration.export.content_lines import text_line
from ldn_titration.export.ics import CalendarFile, plan_ics
from ldn_titration.request import read_request
from ldn_titration.testing import known_facts, living_plans

Each = Literal["day", "step"]
MONDAY = "2027-01-04"
LIQUID = OralSolution(concentration="1 mg/mL", graduation="0.1 mL")
CAPSULES = Capsules(strengths=["1.5 mg"])
THREE_STEPS = Regimen(steps=[{"dose": f"{n} mg", "days": 4} for n in (1, 2, 3)])


def three_steps(*diary: dict[str, Any], days: int | None = None) -> Plan:
    """1 mg on 4 to 7 January, 2 mg on 8 to 11, 3 mg on 12 to 15."""
    return schedule(THREE_STEPS, LIQUID, MONDAY, days=days, diary=diary)


def events_of(text: str) -> list[icalendar.Event]:
    return list(icalendar.Calendar.from_ical(text).walk("VEVENT"))


def days_by_kind(events: Iterable[icalendar.Event]) -> dict[str, list[int]]:
    """The days of January 2027 on which events of each kind begin, by their identifiers."""
    found: dict[str, list[int]] = {}
    for event in events:
        _, kind, day = str(event["UID"]).split("-")
        start = datetime.strptime(day, "%Y%m%d").date()  # noqa: DTZ007
        found.setdefault(kind, []).append((start - date(2026, 12, 31)).days)
    return found


def cancelled(text: str) -> dict[str, list[int]]:
    return days_by_kind(event for event in events_of(text) if readers.is_cancelled(event))


# --- a whole file ---------------------------------------------------------------------

WHOLE = r"""BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//ldn-titration//plan//EN
CALSCALE:GREGORIAN
UID:<series>
NAME:DRAFT - not cleared: Naltrexone hydrochloride (low dose): titration pl
 an
X-WR-CALNAME:DRAFT - not cleared: Naltrexone hydrochloride (low dose): titr
 ation plan
DESCRIPTION:Screening: INSUFFICIENT for a start on 2027-01-04. Never take t
 wo doses to make up for one that was missed. Before any opioid (painkiller
 \, cough or diarrhoea medicine)\, say that you take naltrexone. Knowledge<space>
 base <knowledge>. The knowledge base is not yet clinically reviewed.
BEGIN:VEVENT
UID:<series>-dose1-20270104
DTSTART:20270104T220000
RRULE:FREQ=DAILY;COUNT=2
DURATION:PT15M
DTSTAMP:20270104T000000Z
SEQUENCE:0
SUMMARY:DRAFT: Naltrexone 1 capsule of 1.5 mg (1.5 mg)
DESCRIPTION:Take 1 capsule of 1.5 mg (1.5 mg) at bedtime. Step 1 of 2. Scre
 ening: INSUFFICIENT. The knowledge base is not yet clinically reviewed.
STATUS:TENTATIVE
TRANSP:TRANSPARENT
CLASS:PRIVATE
BEGIN:VALARM
ACTION:DISPLAY
DESCRIPTION:Naltrexone 1 capsule of 1.5 mg (1.5 mg)
TRIGGER:PT0S
END:VALARM
END:VEVENT
BEGIN:VEVENT
UID:<series>-dose1-20270106
DTSTART:20270106T220000
DURATION:PT15M
DTSTAMP:20270104T000000Z
SEQUENCE:0
SUMMARY:DRAFT: Naltrexone 2 capsules of 1.5 mg (3 mg)
DESCRIPTION:Take 2 capsules of 1.5 mg (3 mg) at bedtime. Step 2 of 2. Scree
 ning: INSUFFICIENT. The knowledge base is not yet clinically reviewed.
STATUS:TENTATIVE
TRANSP:TRANSPARENT
CLASS:PRIVATE
BEGIN:VALARM
ACTION:DISPLAY
DESCRIPTION:Naltrexone 2 capsules of 1.5 mg (3 mg)
TRIGGER:PT0S
END:VALARM
END:VEVENT
BEGIN:VEVENT
UID:<series>-due-20270104
DTSTART;VALUE=DATE:20270104
DURATION:P1D
DTSTAMP:20270104T000000Z
SEQUENCE:0
SUMMARY:DRAFT: Step 1 of 2: 1.5 mg a day\; Liver test
TRANSP:TRANSPARENT
CLASS:PRIVATE
END:VEVENT
BEGIN:VEVENT
UID:<series>-due-20270106
DTSTART;VALUE=DATE:20270106
DURATION:P1D
DTSTAMP:20270104T000000Z
SEQUENCE:0
SUMMARY:DRAFT: Step 2 of 2: 3 mg a day
TRANSP:TRANSPARENT
CLASS:PRIVATE
END:VEVENT
END:VCALENDAR
"""


def test_a_whole_file_is_as_written_by_hand() -> None:
    """Floating wall times, a rule a step, reminders; the series and the stamp are put in."""
    regimen = Regimen(
        steps=[{"dose": "1.5 mg", "days": 2}, {"dose": "3 mg", "days": 1}], time_of_day="bedtime"
    )
    plan = schedule(regimen, CAPSULES, MONDAY)
    asked = CalendarFile(each="step", clock={"bedtime": "22:00"}, remind=True)
    text = plan_ics(plan, asked)
    series = text.split("\r\nUID:")[1][:32]
    assert int(series, 16) >= 0
    known = plan.screening.knowledge
    stamp = text_line("", f"{known.version}, sha256 {known.sha256}").removeprefix(":")
    expected = WHOLE.replace("<series>", series).replace("<space>", " ")
    head, tail = expected.split("<knowledge>")
    assert unfolded(text) == unfolded(f"{head}{stamp}{tail}")
    assert text.split("\r\n")[15:] == expected.split("\n")[14:]
    assert text.count("\n") == text.count("\r\n")


def unfolded(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\n ", "")


# --- which file an event belongs to ---------------------------------------------------


def series_of(text: str) -> str:
    (series,) = {str(event["UID"]).split("-")[0] for event in events_of(text)}
    return series


def test_a_series_is_of_a_plan_whatever_its_diary_and_of_no_other() -> None:
    """B265: what it is made from makes the identifiers; the diary raises SEQUENCE only."""
    missed = {"event": "missed", "on": "2027-01-05"}
    own = series_of(plan_ics(three_steps()))
    assert series_of(plan_ics(three_steps(missed))) == own
    assert series_of(plan_ics(three_steps(days=9))) == own
    assert series_of(plan_ics(three_steps(), CalendarFile(each="step", remind=False))) == own
    timed = THREE_STEPS.model_copy(update={"time_of_day": "noon"})
    others = [
        plan_ics(schedule(THREE_STEPS, LIQUID, "2027-01-05")),
        plan_ics(schedule(timed, LIQUID, MONDAY)),
        plan_ics(schedule(THREE_STEPS, Capsules(strengths=["1 mg"]), MONDAY)),
        plan_ics(three_steps(), CalendarFile(key="A. B.")),
        plan_ics(three_steps(), CalendarFile(key="C. D.")),
    ]
    assert len({own, *map(series_of, others)}) == 6


def test_sequence_and_stamp_come_from_the_diary() -> None:
    """B267: no clock: DTSTAMP is the day of the latest event, at least the start."""
    diary = [
        {"event": "held", "on": "2027-01-09", "days": 2},
        {"event": "missed", "on": "2027-01-05"},
    ]
    for told, day in ((0, "20270104"), (1, "20270109"), (2, "20270109")):
        text = plan_ics(three_steps(*diary[:told]))
        for event in events_of(text):
            assert event["SEQUENCE"] == told
            assert event["DTSTAMP"].to_ical() == f"{day}T000000Z".encode()
    assert plan_ics(three_steps(*diary)) == plan_ics(three_steps(*diary))


# --- what is cancelled ----------------------------------------------------------------

OXYCODONE = {"substance": "oxycodone", "release": "immediate"}
ON_THE_NINTH: dict[str, tuple[dict[str, Any], dict[str, list[int]], dict[str, list[int]]]] = {
    # What happens on 9 January, the second day of step 2 (8 to 11), of three of 4 days from
    # 4 January; then what is cancelled, by the day of January: an event a day, one a step.
    # Held: 2 mg on 9 and 10 once more, on 11 to 13 the rest; 3 mg on 14 to 17.
    "held": ({"days": 2}, {"due": [12]}, {"dose1": [12], "due": [12]}),
    # 1 mg on 9 to 12, 2 mg on 13 to 16, 3 mg on 17 to 20.
    "stepped_back": ({}, {"due": [12]}, {"dose1": [12], "due": [12]}),
    "halved": ({}, {"due": [12]}, {"dose1": [12], "due": [12]}),
    # Nothing on 9, 2 mg on 10 to 12, 3 mg on 13 to 16.
    "missed": ({}, {"dose1": [9], "due": [12]}, {"dose1": [12], "due": [12]}),
    # 3 mg on 9 to 12, and no more.
    "advanced": ({}, {"dose1": [13, 14, 15], "due": [12]}, {"dose1": [12], "due": [12]}),
    # 2 mg from 9 on, for 28 days.
    "stayed": ({}, {"due": [12]}, {"dose1": [12], "due": [12]}),
    # The same steps on the same days.
    "switched": (
        {"preparation": {"form": "capsules", "strengths": ["1 mg"]}},
        {},
        {},
    ),
    # Nothing on 9 to 11; the rest of step 2 begins on 12, so its day has an event again.
    "paused": ({"until": "2027-01-12"}, {"dose1": [9, 10, 11]}, {}),
    # Ten opioid-free days after 9 January: nothing on 9 to 19; 2 mg on 20 to 22, then 3 mg.
    # An event a day tells on 12 that there is no dose, where step 3 was to begin.
    "opioid": (
        {"exposure": OXYCODONE},
        {"dose1": [9, 10, 11, 12, 13, 14, 15]},
        {"dose1": [12], "due": [12]},
    ),
    # The last day is 8 January: the rule from 8 on is replaced by that one day.
    "stopped": (
        {},
        {"dose1": [9, 10, 11, 12, 13, 14, 15], "due": [12]},
        {"dose1": [12], "due": [12]},
    ),
}


@pytest.mark.hazard("E08")
@pytest.mark.parametrize("name", ON_THE_NINTH)
def test_each_event_cancels_what_it_takes_away(name: str) -> None:
    """B266, by hand; a cancelled event says nothing of a dose."""
    fields, by_day, by_step = ON_THE_NINTH[name]
    plan = three_steps({"event": name, "on": "2027-01-09", **fields})
    each: Each
    for each, expected in (("day", by_day), ("step", by_step)):
        text = plan_ics(plan, CalendarFile(each=each))
        assert cancelled(text) == expected
        for event in filter(readers.is_cancelled, events_of(text)):
            assert str(event["SUMMARY"]) == "Cancelled entry of an earlier plan"
            assert event["SEQUENCE"] == 1
            assert "RRULE" not in event


@pytest.mark.hazard("E08")
def test_an_event_that_rests_on_an_earlier_one_cancels_what_both_take_away() -> None:
    """Steps began on 4, 8 and 12 January; on 4, 6 and 10 once advanced; on 4, 6, 7, 11 and 15
    once stepped back. That nobody can step back on 7 January who never advanced is no hindrance.
    """
    diary = ("advanced", "2027-01-06"), ("stepped_back", "2027-01-07")
    plan = three_steps(*({"event": event, "on": day} for event, day in diary))
    assert cancelled(plan_ics(plan, CalendarFile(each="day"))) == {"due": [8, 10, 12]}
    by_step = {"dose1": [8, 10, 12], "due": [8, 10, 12]}
    assert cancelled(plan_ics(plan, CalendarFile(each="step"))) == by_step


def test_each_day_of_a_pause_says_that_there_is_no_dose() -> None:
    """Else the days of a pause are empty, as if the calendar were not for them."""

    def no_dose(each: Each, until: str) -> dict[int, str]:
        plan = three_steps({"event": "paused", "on": "2027-01-09", "until": until})
        due = [e for e in events_of(plan_ics(plan, CalendarFile(each=each))) if "-due-" in e["UID"]]
        found = {e["DTSTART"].dt.day: str(e["SUMMARY"]) for e in due}
        return {day: words for day, words in found.items() if "No dose" in words}

    why = "(paused from 9 Jan 2027, back on 12 Jan 2027)"
    assert no_dose("day", "2027-01-12") == dict.fromkeys((9, 10, 11), f"DRAFT: No dose today {why}")
    assert no_dose("step", "2027-01-12") == {
        9: f"DRAFT: No dose from today to Monday 11 January 2027 {why}"
    }
    one_day = {9: "DRAFT: No dose today (paused from 9 Jan 2027, back on 10 Jan 2027)"}
    assert no_dose("day", "2027-01-10") == no_dose("step", "2027-01-10") == one_day


def test_nothing_is_cancelled_without_a_diary() -> None:
    assert cancelled(plan_ics(three_steps())) == {}
    assert cancelled(plan_ics(three_steps(), CalendarFile(each="step"))) == {}


@pytest.mark.hazard("E07")
@pytest.mark.parametrize("in_order", [False, True])
def test_an_event_that_is_told_late_cancels_what_was_told_without_it(in_order: bool) -> None:
    """Held from the 9th was told first: steps on 4, 8, 9, 11 and 14. Then 5 January was missed.

    With it the steps begin on 4, 6, 9 (held), 11 and 15, and 5 has nothing: 8, 12 and 14 are
    gone, and so is 13, where missing the 5th alone would have begun step 3.
    """
    held = {"event": "held", "on": "2027-01-09", "days": 2}
    missed = {"event": "missed", "on": "2027-01-05"}
    first = events_of(plan_ics(three_steps(held)))
    assert days_by_kind(first)["due"] == [4, 8, 9, 11, 14, 12]
    told = [missed, held] if in_order else [held, missed]
    text = plan_ics(three_steps(*told))
    assert cancelled(text) == {"dose1": [5], "due": [8, 12, 13, 14]}


def test_a_changed_regimen_replaces_the_file_that_is_named() -> None:
    """The series goes on, SEQUENCE is above every earlier one, what is not there is cancelled."""
    old = three_steps({"event": "missed", "on": "2027-01-05"})
    new = schedule(Regimen(steps=[{"dose": "1 mg", "days": 9}]), LIQUID, MONDAY)
    text = plan_ics(new, replaces=[old])
    assert series_of(text) == series_of(plan_ics(old))
    assert {event["SEQUENCE"] for event in events_of(text)} == {2}
    # The old file had doses on 4 and on 6 to 16, and steps on 4, 5 (nothing), 6, 9 and 13.
    assert cancelled(text) == {"dose1": [13, 14, 15, 16], "due": [5, 6, 9, 13]}
    newest = plan_ics(three_steps(), replaces=[old, new])
    assert series_of(newest) == series_of(text)
    assert {event["SEQUENCE"] for event in events_of(newest)} == {3}


def test_an_event_taken_back_replaces_the_file_that_told_it() -> None:
    """A correction of the diary is no event of it: the earlier request is named."""
    wrong = three_steps({"event": "advanced", "on": "2027-01-09"})
    right = three_steps()
    text = plan_ics(right, replaces=[wrong])
    assert cancelled(text) == {"due": [9]}
    assert {event["SEQUENCE"] for event in events_of(text)} == {2}


# --- what a calendar program keeps ----------------------------------------------------


class Program:
    """A calendar program: it keeps one event for an identifier, that of the highest sequence."""

    def __init__(self) -> None:
        self.kept: dict[str, tuple[int, str]] = {}

    def take(self, text: str) -> None:
        for event in re.findall(r"BEGIN:VEVENT.*?END:VEVENT\r\n", text, re.DOTALL):
            uid, sequence = event.split("\r\n")[1], int(event.split("SEQUENCE:")[1].split("\r")[0])
            if uid not in self.kept or self.kept[uid][0] <= sequence:
                self.kept[uid] = sequence, event

    @property
    def shown(self) -> tuple[list[readers.Row], dict[str, str]]:
        """What is taken on each day, and what is due."""
        kept = "".join(event for _, event in self.kept.values())
        events = events_of(f"BEGIN:VCALENDAR\r\n{kept}END:VCALENDAR\r\n")
        due = {
            str(event["UID"]): str(event["SUMMARY"])
            for event in events
            if "-due-" in str(event["UID"]) and not readers.is_cancelled(event)
        }
        return readers.dose_rows(events), due


def told_one_by_one(plan: Plan) -> list[Plan]:
    """The plans of the same request as each event of its diary was told, in that order."""
    known = (plan.regimen, plan.preparation, plan.start)
    return [
        schedule(*known, days=plan.length_days, diary=plan.diary[:told])
        for told in range(len(plan.diary) + 1)
    ]


@pytest.mark.hazard("E04")
@settings(max_examples=25)
@given(living_plans(), st.sampled_from(["day", "step"]), st.data())
def test_a_program_shows_the_last_file_whatever_it_was_given_before(
    plan: Plan, each: Each, data: st.DataObject
) -> None:
    """B265, B266: any of the earlier files, then the last, then an old one once more."""
    asked = CalendarFile(each=each)
    earlier = told_one_by_one(plan)
    given_before = data.draw(st.lists(st.sampled_from(earlier), max_size=2))
    file, program, last = plan_ics(plan, asked), Program(), Program()
    for each_before in given_before:
        program.take(plan_ics(each_before, asked))
    program.take(file)
    program.take(plan_ics(data.draw(st.sampled_from(earlier)), asked))
    last.take(file)
    assert program.shown == last.shown
    assert [row.on for row in last.shown[0]] == [day.date for day in plan if day.doses]


# --- times ----------------------------------------------------------------------------


def test_named_times_get_the_wall_times_that_are_asked_for() -> None:
    """Doses twice a day: the one with a wall time has it, the other lasts all day."""
    regimen = Regimen(steps=[{"doses": {"morning": "1 mg", "bedtime": "2 mg"}, "days": 1}])
    plan = schedule(regimen, LIQUID, MONDAY)
    text = plan_ics(plan, CalendarFile(clock={"bedtime": "22:30"}))
    doses = [e for e in events_of(text) if "-dose" in str(e["UID"])]
    told = [(str(e["UID"])[32:], e["DTSTART"].dt, str(e["SUMMARY"])) for e in doses]
    assert told == [
        ("-dose1-20270104", date(2027, 1, 4), "DRAFT: Naltrexone morning: 1 mL (1 mg)"),
        (
            "-dose2-20270104",
            datetime(2027, 1, 4, 22, 30),  # noqa: DTZ001
            "DRAFT: Naltrexone bedtime: 2 mL (2 mg)",
        ),
    ]
    untimed = schedule(
        Regimen(steps=[{"dose": "1 mg", "doses_per_day": 2, "days": 1}]), LIQUID, MONDAY
    )
    words = [str(e["SUMMARY"]) for e in events_of(plan_ics(untimed)) if "-dose" in str(e["UID"])]
    assert words == [f"DRAFT: Naltrexone dose {n}: 1 mL (1 mg)" for n in (1, 2)]


def test_a_reminder_needs_a_wall_time() -> None:
    """B269: a time with no zone is a floating wall time here; a reminder without one is refused."""
    with pytest.raises(
        InvalidInputError,
        match=r"^clock: has no wall time for a dose without a time of day \(step 1\)",
    ):
        plan_ics(three_steps(), CalendarFile(remind=True))
    text = plan_ics(three_steps(), CalendarFile(remind=True, clock={"": "08:00"}))
    alarms = list(icalendar.Calendar.from_ical(text).walk("VALARM"))
    assert len(alarms) == 12
    assert {alarm["TRIGGER"].dt for alarm in alarms} == {timedelta(0)}
    assert "TRIGGER:PT0S" in text
    own = schedule(THREE_STEPS.model_copy(update={"time_of_day": "21:30"}), LIQUID, MONDAY)
    assert "DTSTART:20270104T213000\r\n" in plan_ics(own, CalendarFile(remind=True))


@pytest.mark.parametrize(
    ("clock", "message"),
    [
        ({"night": "22:00"}, "'night' is no time of day"),
        ({"bedtime": "24:00"}, 'must give a time such as "22:00"'),
        ({"bedtime": "9:00"}, 'must give a time such as "22:00"'),
        ({"bedtime": "22:00Z"}, 'must give a time such as "22:00"'),
    ],
)
def test_a_wall_time_that_is_none_is_refused(clock: dict[str, str], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        CalendarFile(clock=clock)


@pytest.mark.hazard("T04")
@pytest.mark.parametrize(
    ("start", "clock"),
    [
        # B172: no midnight on 4 November 2018 in Sao Paulo. B173: no 30 December 2011 in Apia.
        ("2018-11-04", "00:00"),
        ("2011-12-29", "21:00"),
    ],
)
def test_no_zone_can_take_a_day_away(start: str, clock: str) -> None:
    """B172, B173, T05: days and wall times float, so each day has its dose at its time."""
    plan = schedule(THREE_STEPS, LIQUID, start, days=3)
    text = plan_ics(plan, CalendarFile(clock={"": clock}))
    doses = [e["DTSTART"].dt for e in events_of(text) if "-dose" in str(e["UID"])]
    first = datetime.fromisoformat(f"{start}T{clock}")
    assert doses == [first + timedelta(n) for n in range(3)]
    assert "TZID" not in text
    assert "VTIMEZONE" not in text
    assert [line for line in text.split("\r\n") if line.endswith("Z")] == [
        line for line in text.split("\r\n") if line.startswith("DTSTAMP:")
    ]


@pytest.mark.hazard("T05")
@pytest.mark.parametrize("zone", ["Pacific/Apia", "Pacific/Kiritimati", "America/St_Johns"])
def test_an_evening_dose_stays_on_its_day_in_every_zone(
    zone: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """T05: the same bytes as under UTC; an evening dose is on its own day."""
    made = []
    for each in ("UTC", zone):
        monkeypatch.setenv("TZ", each)
        time.tzset()
        made.append(run(tmp_path, "--format", "ics", "--at", "21:30", "--draft").stdout)
    monkeypatch.undo()
    time.tzset()
    assert made[0] == made[1]
    starts = [e["DTSTART"].dt for e in events_of(made[0].decode()) if "-dose" in str(e["UID"])]
    assert starts == [datetime(2011, 12, 29, 21, 30) + timedelta(n) for n in range(5)]  # noqa: DTZ001


def evening_request(**changes: Any) -> dict[str, Any]:
    return {
        "schema": "ldn-titration/request/1",
        "start": "2011-12-29",
        "length_days": 5,
        "regimen": {"steps": [{"dose": "1.5 mg", "days": 3}, {"dose": "3 mg"}]},
        "preparation": {"form": "capsules", "strengths": ["1.5 mg"]},
        "patient": {"name": "Zoë, Q; R\\S"},
        "diary": [],
        **changes,
    }


# --- days on and off ------------------------------------------------------------------


def rules(plan: Plan) -> list[tuple[int, str]]:
    """The day of January on which each dose event begins, and its rule."""
    found = []
    for event in events_of(plan_ics(plan, CalendarFile(each="step"))):
        if "-dose" in str(event["UID"]) and not readers.is_cancelled(event):
            rule = event.get("RRULE")
            found.append((event["DTSTART"].dt.day, rule.to_ical().decode() if rule else ""))
    return found


def cycling(on: int, off: int, days: int, *diary: dict[str, Any]) -> Plan:
    step = {"dose": "1 mg", "days": days, "cycle": {"days_on": on, "days_off": off}}
    return schedule(Regimen(steps=[step]), LIQUID, MONDAY, diary=diary)


def test_days_on_and_off_are_rules() -> None:
    held = {"event": "held", "on": "2027-01-06", "days": 3}
    assert rules(cycling(1, 1, 14)) == [(4, "FREQ=DAILY;COUNT=7;INTERVAL=2")]
    assert rules(cycling(1, 2, 8)) == [(4, "FREQ=DAILY;COUNT=3;INTERVAL=3")]
    assert rules(cycling(3, 3, 10)) == [(4, "FREQ=DAILY;COUNT=3"), (10, "FREQ=DAILY;COUNT=3")]
    # Held on the third day on of three: 4 and 5, then a stretch that begins with its last
    # day on, on 6 and no dose on 7 and 8; the turn goes on from there.
    plan = cycling(3, 3, 10, held)
    told = readers.read_ics(plan_ics(plan, CalendarFile(each="step"))).rows
    assert [row.on for row in told] == [day.date for day in plan if day.doses]
    assert rules(plan)[:2] == [(4, "FREQ=DAILY;COUNT=2"), (6, "")]


# --- marks ----------------------------------------------------------------------------


@pytest.mark.hazard("O05")
def test_a_draft_and_an_override_are_marked_on_every_event() -> None:
    request = ROOT / "tests" / "cases" / "overridden-hold" / "request.json"
    overridden = read_request(request.read_bytes()).plan()
    for plan, mark, status in (
        (three_steps(), "DRAFT: ", "TENTATIVE"),
        (overridden, "HOLD OVERRIDDEN: ", "CONFIRMED"),
    ):
        events = events_of(plan_ics(plan))
        assert events
        assert all(str(event["SUMMARY"]).startswith(mark) for event in events)
        assert {str(e["STATUS"]) for e in events if "-dose" in str(e["UID"])} == {status}
    clear = screen(known_facts(), MONDAY, THREE_STEPS)
    cleared = schedule(THREE_STEPS, LIQUID, MONDAY, screening=clear)
    assert all(
        str(e["SUMMARY"]).startswith(("Naltrexone", "Step")) for e in events_of(plan_ics(cleared))
    )


# --- text -----------------------------------------------------------------------------


@pytest.mark.parametrize("before", range(60, 70))
def test_an_emoji_at_the_fold_is_kept_whole(before: int) -> None:
    """Four octets that would cross the 75th go to the next line, wherever they stand."""
    line = text_line("SUMMARY", "x" * before + "\U0001f48a" * 3)
    assert line.replace("\r\n ", "") == "SUMMARY:" + "x" * before + "\U0001f48a" * 3
    assert len(line.partition("\r\n")[0].encode()) in range(72, 76)


@pytest.mark.hazard("E05")
def test_what_is_escaped_is_read_as_it_was() -> None:
    """P53: commas, semicolons, backslashes and what looks like a property, in a reason."""
    reason = r"sleep, dreams; C:\new END:VEVENT " + "\U0001f48a" * 30
    plan = three_steps({"event": "held", "on": "2027-01-09", "days": 2, "reason": reason})
    events = events_of(plan_ics(plan))
    told = [str(e["DESCRIPTION"]) for e in events if str(e["UID"]).endswith("dose1-20270109")]
    assert told == [
        "Take 2 mL (2 mg). Step 2 of 3. Held 2 days from 9 Jan 2027: "
        f"{reason}. Screening: INSUFFICIENT. The knowledge base is not yet clinically reviewed."
    ]
    plain = three_steps({"event": "held", "on": "2027-01-09", "days": 2})
    assert [str(e["UID"]) for e in events] == [str(e["UID"]) for e in events_of(plan_ics(plain))]


@pytest.mark.hazard("E05")
@pytest.mark.parametrize("words", ["LDN\x00\x0b", "two\nlines", "\x1b[31m", "x\x7f"])
def test_a_control_character_is_refused(words: str) -> None:
    """B263: in a name, a key and a reason."""
    for make in (
        lambda: CalendarFile(name=words),
        lambda: CalendarFile(key=words),
        lambda: three_steps({"event": "missed", "on": "2027-01-05", "reason": words}),
    ):
        with pytest.raises(InvalidInputError):
            make()


ALLOWED = {
    *("BEGIN", "END", "VERSION", "PRODID", "CALSCALE", "DURATION", "UID", "NAME", "X-WR-CALNAME"),
    *("DESCRIPTION", "DTSTART", "RRULE", "DTSTAMP", "SEQUENCE", "SUMMARY", "STATUS", "TRANSP"),
    *("CLASS", "ACTION", "TRIGGER"),
}


@given(living_plans(), st.sampled_from(["day", "step"]))
@settings(max_examples=30)
def test_no_other_property_is_written(plan: Plan, each: Each) -> None:
    """B268: no attachment, address or link; every line at most 75 octets."""
    text = plan_ics(plan, CalendarFile(each=each))
    assert all(len(line) <= 75 for line in text.encode().split(b"\r\n"))
    names = {line.split(":")[0].split(";")[0] for line in unfolded(text).split("\n")[:-1]}
    assert names <= ALLOWED


# --- the command line -----------------------------------------------------------------


def run(tmp_path: Path, *arguments: str, **changes: Any) -> cases.Printed:
    request = tmp_path / "request.json"
    request.write_text(json.dumps(evening_request(**changes)))
    return cases.run_plan(request, *arguments)


def test_the_command_line_writes_a_file_by_its_ending(tmp_path: Path) -> None:
    out = tmp_path / "plan.ics"
    assert run(tmp_path, "--out", str(out)).returncode == 3
    assert not out.exists()
    printed = run(tmp_path, "--out", str(out), "--draft")
    assert (printed.returncode, printed.stdout) == (0, b"")
    assert out.read_bytes() == run(tmp_path, "--format", "ics", "--draft").stdout
    assert out.read_bytes().startswith(b"BEGIN:VCALENDAR\r\n")


def test_nobody_is_named_unless_asked_for(tmp_path: Path) -> None:
    name = evening_request()["patient"]["name"]
    bare = run(tmp_path, "--format", "ics", "--draft").stdout.decode()
    named = run(tmp_path, "--format", "ics", "--draft", "--with-name").stdout.decode()
    assert "Zo" not in bare
    assert "key" not in bare
    # icalendar leaves the escapes of a property that it does not know.
    told = re.search(r"X-WR-CALNAME:(.*)", unfolded(named))
    assert told is not None
    assert re.sub(r"\\(.)", r"\1", told[1]).endswith(f" - for {name}")
    assert "Zo" not in named.partition("BEGIN:VEVENT")[2]
    keyed = run(tmp_path, "--format", "ics", "--draft", "--key", "Zoë Q").stdout.decode()
    assert "Zo" not in keyed


def test_options_that_are_wrong_name_themselves(tmp_path: Path) -> None:
    for arguments, words in (
        (["--remind"], "--at: has no wall time for a dose without a time of day"),
        (
            ["--remind", "--at", "bedtime=22:00"],
            '--at: no dose is at "bedtime"; doses are without a time of day',
        ),
        (["--at", "08:00", "--at", "09:00"], "--at: names one time of day twice"),
        (["--at", "night=22:00"], "--at: 'night' is no time of day"),
        (["--at", "25:00"], '--at: must give a time such as "22:00"'),
        (["--at", ""], '--at: must give a time such as "22:00"'),
        (["--replaces", str(tmp_path / "none.json")], "none.json: No such file"),
    ):
        printed = run(tmp_path, "--format", "ics", "--draft", *arguments)
        assert (printed.returncode, printed.stdout) == (2, b""), arguments
        assert words in printed.stderr.decode(), arguments
    done = run(tmp_path, "--format", "ics", "--draft", "--remind", "--at", "22:00")
    assert done.returncode == 0
    assert done.stdout.count(b"BEGIN:VALARM") == 5


def test_the_command_line_replaces_an_earlier_request(tmp_path: Path) -> None:
    old = tmp_path / "old.json"
    old.write_text(json.dumps(evening_request(length_days=6)))
    steps = {"steps": [{"dose": "1.5 mg"}]}
    printed = run(
        tmp_path, "--format", "ics", "--draft", "--replaces", str(old), regimen=steps
    ).stdout.decode()
    told = {
        str(e["UID"])[33:]: e["SEQUENCE"] for e in events_of(printed) if readers.is_cancelled(e)
    }
    assert told == {"dose1-20120103": 1, "due-20120101": 1}


# --- a planned opioid -----------------------------------------------------------------


def around_surgery(each: str) -> str:
    """1 mg from 4 January for 60 days; an opioid on 10 February, closed from 8 to 20 February:
    the last dose 72 hours before, and 10 free days after an opioid of the 10th."""
    planned = known_facts(planned_opioid=[{"on": "2027-02-10", "reason": "surgery"}])
    regimen = Regimen(steps=[{"dose": "1 mg", "days": 60}], time_of_day="21:00")
    screening = screen(planned, "2027-01-04", regimen)
    plan = schedule(regimen, LIQUID, "2027-01-04", screening=screening)
    return plan_ics(plan, CalendarFile(each=each, remind=True))


def test_no_reminder_rings_while_an_opioid_is_planned() -> None:
    closed, rings = [], []
    for event in icalendar.Calendar.from_ical(around_surgery("day")).walk("VEVENT"):
        summary, on = str(event["SUMMARY"]), event["DTSTART"].dt
        if "Naltrexone" in summary and "NO DOSE if the opioid is taken" in summary:
            closed.append(on.date().isoformat())
            assert not list(event.walk("VALARM"))
        elif "Naltrexone" in summary:
            rings.append(on.date().isoformat())
            assert len(list(event.walk("VALARM"))) == 1
    due = [
        str(event["DTSTART"].dt)
        for event in icalendar.Calendar.from_ical(around_surgery("day")).walk("VEVENT")
        if "NO DOSE: opioid" in str(event["SUMMARY"])
    ]
    assert closed == due
    assert len(closed) + len(rings) == 60
    assert closed[0] <= "2027-02-10" < closed[-1]


def test_a_step_around_a_planned_opioid_tells_its_days() -> None:
    [event] = [
        event
        for event in icalendar.Calendar.from_ical(around_surgery("step")).walk("VEVENT")
        if "Naltrexone" in str(event["SUMMARY"])
    ]
    assert re.search(
        r"NO DOSE from 2027-02-\d\d to 2027-\d\d-\d\d if opioid is taken: Naltrexone",
        str(event["SUMMARY"]),
    )
    assert not list(event.walk("VALARM"))
