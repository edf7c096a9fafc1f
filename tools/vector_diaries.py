"""Vectors of diaries: a request with what happened, and its days."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import product
from random import Random
from typing import Any

from vector_measures import capsules, drops, solution, tablets
from vector_opioids import fields, row, table
from vector_parts import Group, Vector, asked_vector, document, random, request
from vector_plans import ramp, steps

START = date(2027, 1, 4)
LIQUID = solution("1", "0.05")
OTHER = solution("2", "0.05")
OPEN = steps(("1.5", 7), ("3", 7), ("6", None))
CLOSED = steps(("1", 5), ("2", 7), ("4", 3))
EVENTS = (
    *("held", "stepped_back", "halved", "missed", "advanced", "stayed", "switched", "paused"),
    *("opioid", "stopped"),
)
DATED = (
    *(("oxycodone", "immediate"), ("oxycodone", "extended"), ("methadone", "unknown")),
    *(("fentanyl", "transdermal"), ("kratom", "unknown"), ("LAAM", "unknown")),
)


def day(number: int, start: date = START) -> date:
    """The day of the plan with that number, from 1."""
    return start + timedelta(number - 1)


def event(name: str, on: date, draw: Random | None = None, **given: Any) -> dict[str, Any]:
    """An event with its fields; of a drawn one, they are drawn."""
    told: dict[str, Any] = {"event": name, "on": str(on)}
    if name == "held":
        told["days"] = draw.choice((1, 2, 3, 7, 14)) if draw else 3
    if name == "switched":
        told["preparation"] = (
            draw.choice((OTHER, drops(20), solution("1", "0.25"))) if draw else OTHER
        )
    if name == "paused":
        days = draw.choice((1, 2, 5, 10, 13, 14, 15, 20)) if draw else 10
        told["until"] = str(on + timedelta(days))
    if name == "opioid":
        told["exposure"] = fields(*(draw.choice(DATED) if draw else DATED[0]))
    return told | given


def _vector(comment: str, asked: dict[str, Any], *flags: str) -> Vector:
    return asked_vector(comment, flags, asked)


def _asked(
    diary: list[dict[str, Any]], regimen: dict[str, Any] = OPEN, **more: Any
) -> dict[str, Any]:
    prepared = more.pop("preparation", LIQUID)
    start = more.pop("start", START)
    return request(regimen, prepared, start, diary=diary, **more)


# --- one event and two ----------------------------------------------------------------


def _single() -> Iterator[Vector]:
    """Each event on each day that begins or ends something."""
    for name in EVENTS:
        for number in (1, 2, 7, 8, 14, 15, 16, 42, 43):
            yield _vector(f"{name} on day {number}", _asked([event(name, day(number))]), "boundary")
        for number in (1, 5, 6, 12, 13, 15, 16):
            asked = _asked([event(name, day(number))], CLOSED)
            yield _vector(f"{name} on day {number}, closed", asked, "boundary")
        for number in (1, 8, 20, 21):
            asked = _asked([event(name, day(number))], length_days=20)
            yield _vector(f"{name} on day {number} of 20", asked, "boundary")


def _pairs() -> Iterator[Vector]:
    """Every ordered pair of events."""
    for first, second in product(EVENTS, repeat=2):
        for later in (1, 3, 11):
            diary = [event(first, day(10)), event(second, day(10 + later))]
            yield _vector(f"{first}, {second} {later} days later", _asked(diary), "pair")


def _drawn() -> Iterator[Vector]:
    draw = random("diaries", "drawn")
    for _ in range(330):
        regimen = draw.choice((OPEN, CLOSED, ramp("0.5", "0.5", 7, "2"), ramp("3", "1", 5, "1")))
        days = sorted(draw.sample(range(1, 50), draw.randint(2, 5)))
        names = [
            draw.choice(EVENTS[:-1] if n < len(days) - 1 else EVENTS) for n in range(len(days))
        ]
        diary = [event(name, day(n), draw) for name, n in zip(names, days, strict=True)]
        draw.shuffle(diary)
        more = {"length_days": draw.randint(30, 90)} if draw.random() < 0.5 else {}
        yield _vector("drawn events, told in any order", _asked(diary, regimen, **more), "random")


# --- days without a dose --------------------------------------------------------------


def _pauses() -> Iterator[Vector]:
    for length in (1, 13, 14, 15, 16, 30):
        for number in (1, 4, 8, 15):
            until = str(day(number) + timedelta(length))
            told = event("paused", day(number), until=until)
            for more in ({}, {"length_days": 30}):
                comment = f"a pause of {length} days"
                yield _vector(comment, _asked([told], **more), "gap", "boundary")


def _joined_gaps() -> Iterator[Vector]:
    """Days without a dose of several causes, one after the other."""
    for length in (12, 13, 14, 15):
        for missed in (1, 2, 3):
            diary = [event("paused", day(9), until=str(day(9 + length)))]
            diary += [event("missed", day(9 + length + n)) for n in range(missed)]
            yield _vector("a pause, then missed days", _asked(diary), "gap", "boundary")
            before = [event("missed", day(9 - n)) for n in range(1, missed + 1)]
            yield _vector(
                "missed days, then a pause", _asked([*before, diary[0]]), "gap", "boundary"
            )
        for then in ("held", "halved", "stepped_back", "advanced", "stayed", "stopped"):
            diary = [event("paused", day(9), until=str(day(9 + length)))]
            diary.append(event(then, day(9 + length)))
            yield _vector(
                f"a pause, then {then} on the first day back", _asked(diary), "gap", "boundary"
            )
    for count in (13, 14, 15, 16):
        diary = [event("missed", day(9 + n)) for n in range(count)]
        yield _vector(f"{count} missed days in a row", _asked(diary), "gap", "boundary")


def _opioids() -> Iterator[Vector]:
    for named in (*DATED, ("tramadol", "unknown")):
        most = max(window["max"] for window in row(*named)["windows"])
        for number in (1, 4, 10, 20):
            told = event("opioid", day(number), exposure=fields(*named))
            yield _vector("an opioid was taken", _asked([told]), "gap", "boundary")
            yield _vector("an opioid was taken", _asked([told], length_days=25), "gap", "boundary")
        for before in (0, 1, 2, most, most + 1, most + 2):
            last = {"last_taken": str(day(12) - timedelta(before))}
            told = event("opioid", day(12), exposure=fields(*named) | last)
            yield _vector("told of later", _asked([told]), "boundary")
    depot = fields("buprenorphine", "depot")
    for before in (0, 100, 364, 365, 366):
        last = {"last_taken": str(day(12) - timedelta(before))}
        told = event("opioid", day(12), exposure=depot | last)
        asked = _asked([told], length_days=420 if before == 0 else 300)
        yield _vector("a depot", asked, "depot", "boundary")


def _opioids_in_gaps() -> Iterator[Vector]:
    for inside in (1, 3, 5, 9, 10, 11):
        for pause in (2, 10, 14, 20):
            diary = [event("paused", day(9), until=str(day(9 + pause)))]
            for named in DATED[:2]:
                told = event("opioid", day(9 + inside), exposure=fields(*named))
                yield _vector("an opioid about a pause", _asked([*diary, told]), "gap", "boundary")
        for first, second in product(DATED[:2], repeat=2):
            diary = [event("opioid", day(9), exposure=fields(*first))]
            diary.append(event("opioid", day(9 + inside), exposure=fields(*second)))
            yield _vector("an opioid after another", _asked(diary), "gap", "boundary")


# --- the rest -------------------------------------------------------------------------


def _switches() -> Iterator[Vector]:
    others = (
        capsules("1.5", "3"),
        tablets(2, "3"),
        drops(20),
        solution("1", "0.4"),
        solution("3", "0.25"),
    )
    for other in others:
        for number in (1, 7, 8, 20):
            told = event("switched", day(number), preparation=other)
            yield _vector("another preparation", _asked([told]), "boundary")
        diary = [event("switched", day(10), preparation=other), event("halved", day(12))]
        yield _vector("another preparation, then half", _asked(diary), "boundary")
        diary = [event("halved", day(9)), event("switched", day(10), preparation=other)]
        yield _vector("half, then another preparation", _asked(diary), "boundary")


def _halves() -> Iterator[Vector]:
    """Half of what cannot always be halved; a quarter; of several doses a day."""
    for prepared in (
        LIQUID,
        capsules("1.5", "3"),
        tablets(2, "1.5", "3"),
        tablets(4, "3"),
        drops(20),
    ):
        for number in (3, 10, 20):
            diary = [event("halved", day(number))]
            yield _vector("half of it", _asked(diary, preparation=prepared), "boundary")
            diary.append(event("halved", day(number + 2)))
            yield _vector("half of half", _asked(diary, preparation=prepared), "boundary")
        several = {
            "steps": [
                {"doses": {"morning": "1.5 mg", "bedtime": "3 mg"}, "days": 9},
                {"dose": "1 mg", "doses_per_day": 3},
            ]
        }
        for number in (3, 12):
            for name in ("halved", "stepped_back", "missed", "held"):
                asked = _asked([event(name, day(number))], several, preparation=prepared)
                yield _vector("several doses a day", asked, "several-doses", "boundary")


def _lone() -> Iterator[Vector]:
    """A single step, closed or open: its own days are its days, or 7."""
    for regimen in (steps(("3", None)), steps(("3", 10)), steps(("3", 1))):
        for name in EVENTS:
            for number in (1, 2, 10, 11):
                asked = _asked([event(name, day(number))], regimen)
                yield _vector("a single step", asked, "boundary")


def _calendar() -> Iterator[Vector]:
    for start in ("2028-02-20", "2027-02-20", "2027-12-20", "2100-02-20", "2000-02-20"):
        first = date.fromisoformat(start)
        for name in EVENTS:
            asked = _asked([event(name, day(9, first))], start=start)
            flags = () if "-12-" in start else ("leap-day",)
            yield _vector("across an edge of the calendar", asked, "boundary", *flags)
    first = date(9999, 12, 1)
    for name in ("held", "missed", "halved", "stayed", "stopped", "opioid", "paused"):
        told = event(name, day(9, first), **({"until": "9999-12-25"} if name == "paused" else {}))
        for length in (20, 31):
            asked = _asked([told], start=str(first), length_days=length)
            yield _vector("the calendar ends", asked, "year-9999", "boundary")


def _refused() -> Iterator[Vector]:
    far = [event(name, day(60)) for name in EVENTS]
    early = [event(name, day(0)) for name in EVENTS]
    for told in (*far, *early):
        yield _vector("outside the plan", _asked([told]), "boundary")
    for first, second in product(EVENTS[:6], repeat=2):
        diary = [event(first, day(9)), event(second, day(9))]
        yield _vector("two on one day", _asked(diary), "boundary")
    for name in EVENTS:
        for into in (0, 1, 9, 10):
            diary = [event("paused", day(9)), event(name, day(9 + into))]
            yield _vector("about a pause", _asked(diary), "boundary")
            yield _vector("about a pause", _asked(diary[::-1]), "boundary")
        diary = [event(name, day(12)), event("stopped", day(11))]
        yield _vector("after a stop", _asked(diary), "boundary")
    for diary in (
        [event("held", day(0)), event("missed", day(3)), event("held", day(99))],
        [
            event("stepped_back", day(2)),
            event("advanced", day(3)),
            event("advanced", day(30)),
            event("advanced", day(31)),
        ],
        [event("missed", day(n)) for n in (3, 3, 3)],
        [event("stopped", day(5)), event("stopped", day(6)), event("missed", day(4))],
    ):
        yield _vector("several that cannot be", _asked(diary), "boundary")
    for days in (0, -1, 3661, "7", 1.5):
        yield _vector("held wrongly", _asked([event("held", day(5), days=days)]), "boundary")
    for until in (str(day(9)), str(day(8)), str(day(10)), "2027-02-30", "soon"):
        yield _vector("paused wrongly", _asked([event("paused", day(9), until=until)]), "boundary")
    for on in ("2027-02-29", "yesterday", "2027-1-9", 5):
        yield _vector("on no day", _asked([event("missed", day(1)) | {"on": on}]), "boundary")
    for told in (
        {"event": "held", "on": "2027-01-09"},
        {"event": "paused", "on": "2027-01-09"},
        {"event": "missed"},
        {"event": "switched", "on": "2027-01-09"},
    ):
        yield _vector("a field is missing", _asked([told]), "boundary")
    yield _vector("a key is not known", _asked([event("missed", day(3), colour="red")]), "boundary")
    yield _vector("no such event", _asked([{"event": "doubled", "on": "2027-01-09"}]), "boundary")


def made() -> str:
    """The file."""
    groups = [
        Group("single", "One event, about the ends of steps", _single()),
        Group("pairs", "Two events that may meet", _pairs()),
        Group("drawn", "Two to five drawn events", _drawn()),
        Group("pauses", "Pauses about as long as the regimen waits for", _pauses()),
        Group("gaps", "Days without a dose that join", _joined_gaps()),
        Group("opioids", "An opioid in the plan", _opioids()),
        Group("opioids-in-gaps", "An opioid in a pause, or after another", _opioids_in_gaps()),
        Group("switches", "Another preparation", _switches()),
        Group("halves", "Halves and quarters", _halves()),
        Group("lone", "A regimen of one step", _lone()),
        Group("calendar", "Edges of the calendar", _calendar()),
        Group("refused", "Events that cannot be", _refused()),
    ]
    return document("diaries", groups, {"opioids": table()})
