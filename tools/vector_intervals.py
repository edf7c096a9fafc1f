"""Vectors of intervals: what was taken, tests and a start, and the verdict of the rules."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

from ldn_titration import PatientFacts, Severity, screen
from vector_opioids import NAMED, fields, row, table
from vector_parts import Answer, Group, Vector, document, random

START = date(2027, 3, 10)
SETTLED = tuple(named for named in NAMED if row(*named)["settled"])
UNSETTLED = tuple(named for named in NAMED if not row(*named)["settled"])
DEPOT = ("buprenorphine", "depot")
TIMED = tuple(n for n in SETTLED if n != DEPOT)
_ORDER = list(Severity)


def answer(given: dict[str, Any]) -> Answer:
    """The verdict of the interval rules, and the first start that they allow."""
    told = given["exposures"]
    facts = {
        "assessed_on": given["start"][:10],
        "assessed_by": "Dr A. Example",
        "opioids": {"status": "known", "exposures": told} if told else {"status": "none"},
        **dict.fromkeys(("naltrexone_hypersensitivity", "other_naltrexone", "pregnant"), "no"),
        **dict.fromkeys(("breastfeeding", "liver_disease", "kidney_impairment"), "no"),
        **dict.fromkeys(("medications", "conditions"), ()),
        "suicidal_ideation": "no",
        "age_years": 44,
        **{k: v for k, v in given.items() if k not in {"start", "exposures"}},
    }
    found = screen(PatientFacts.model_validate(facts), given["start"])
    worst = [
        f.severity
        for f in found.findings
        if f.code.startswith("OPI") and f.severity > Severity.INFO
    ]
    verdict = max(worst).value if worst else "clear"
    day = found.not_before
    return verdict, {"verdict": verdict, "not_before": None if day is None else str(day)}


def exposure(named: tuple[str, str], last: object, **more: Any) -> dict[str, Any]:
    """One exposure."""
    return fields(*named) | {"last_taken": str(last)} | more


def _vector(
    comment: str, start: object, told: list[dict[str, Any]], *flags: str, **facts: Any
) -> Vector:
    given = {
        "start": str(start),
        "exposures": told,
        "opioid_dependence": "no",
        "acute_withdrawal": "no",
        "urine_opioid_screen": None,
        "naloxone_challenge": None,
    } | facts
    more = set(flags)
    if any((e["substance"], e.get("release", "unknown")) == DEPOT for e in told):
        more.add("depot")
    result, expected = answer(given)
    return Vector(comment, tuple(more), given, result, expected)


def _last(start: date, free: int) -> date:
    """The day of a last dose with so many opioid-free days before the start."""
    return start - timedelta(free + 1)


def _edges(named: tuple[str, str]) -> list[int]:
    windows = row(*named)["windows"]
    ends = {window.get(end, 365) for window in windows for end in ("min", "max")}
    beside = {end + n for end in ends for n in (-1, 0, 1)}
    return sorted({-2, -1, 0, 1, *beside, 40, 400} - {-3})


def _counting() -> Iterator[Vector]:
    for named in SETTLED:
        for free in _edges(named):
            told = [exposure(named, _last(START, free))]
            yield _vector(f"{free} opioid-free days", START, told, "boundary")


def _unsettled() -> Iterator[Vector]:
    for named in UNSETTLED:
        for free in _edges(named):
            told = [exposure(named, _last(START, free))]
            yield _vector(
                f"{free} days, what it was is not known", START, told, "unknown", "boundary"
            )


def _calendar() -> Iterator[Vector]:
    """The same days across the ends of February and of years."""
    starts = (
        "2028-03-01",
        "2028-03-08",
        "2027-03-08",
        "2100-03-08",
        "2000-03-08",
        "2028-01-05",
        "2027-01-01",
    )
    for text in starts:
        start = date.fromisoformat(text)
        for named in (("oxycodone", "immediate"), ("methadone", "unknown")):
            for free in (6, 7, 9, 10, 13, 14):
                told = [exposure(named, _last(start, free))]
                flags = ("leap-day",) if "-03-" in text else ()
                yield _vector("across an edge of the calendar", start, told, "boundary", *flags)


def _months() -> Iterator[Vector]:
    for named in (
        ("oxycodone", "immediate"),
        ("fentanyl", "transdermal"),
        ("tramadol", "unknown"),
        DEPOT,
    ):
        for month in ("2026-03", "2026-12", "2027-01", "2027-02", "2027-03", "2027-04", "2024-02"):
            for start in ("2027-03-07", "2027-03-08", "2027-03-10", "2027-03-11", "2027-03-15"):
                told = [exposure(named, month)]
                yield _vector("a month is read as its last day", start, told, "month", "boundary")


def _times() -> Iterator[Vector]:
    """Whole periods of 24 hours, a minute about each edge, in several offsets."""
    start = datetime(2027, 3, 28, 8, 0, tzinfo=UTC)
    zones = [timezone(timedelta(minutes=m)) for m in (0, 60, -480, 330, 840, -720)]
    for named in (("oxycodone", "immediate"), ("methadone", "unknown"), ("loperamide", "unknown")):
        for days in (0, 1, 7, 10, 14):
            for minutes in (-1, 0, 1):
                last = start - timedelta(days=days, minutes=minutes)
                for n, zone in enumerate(zones[: 2 + days % 3]):
                    there, here = zones[(n + days) % 6], zone
                    told = [exposure(named, last.astimezone(there).isoformat())]
                    text = start.astimezone(here).isoformat()
                    yield _vector(
                        "whole periods of 24 hours", text, told, "time-of-day", "boundary"
                    )


def _one_time() -> Iterator[Vector]:
    """A time on one side only: calendar days by the written dates."""
    for free in (-1, 0, 6, 7, 9, 10):
        last = _last(START, free)
        for clock in ("00:00:00+00:00", "23:59:59+00:00", "12:00:00-11:00", "01:30:00+14:00"):
            named = ("oxycodone", "immediate")
            told = [exposure(named, f"{last}T{clock}")]
            yield _vector("a time on one side only", START, told, "time-of-day", "boundary")
            told = [exposure(named, last)]
            yield _vector(
                "a time on one side only", f"{START}T{clock}", told, "time-of-day", "boundary"
            )


def _unknown_days() -> Iterator[Vector]:
    for named in NAMED:
        yield _vector("the last dose is not known", START, [exposure(named, "unknown")], "unknown")
        for last in ("unknown", "2027-01-01", "2027-03-09", "2027-03-10", "2020-01", "2027-04-01"):
            told = [exposure(named, last, ongoing=True)]
            yield _vector("taken still", START, told, "boundary")


def _tests() -> Iterator[Vector]:
    """Tests, dependence and withdrawal, alone and beside an exposure."""
    lasts = (None, 3, 8, 10, 30)
    facts: list[dict[str, Any]] = [{"opioid_dependence": "yes"}, {"acute_withdrawal": "yes"}]
    for name in ("urine_opioid_screen", "naloxone_challenge"):
        for result in ("negative", "positive"):
            for on in ("2027-03-09", "2027-03-10", "2027-03-11", "2026-01-01"):
                facts.append({name: {"result": result, "on": on}})
    negative = {"result": "negative", "on": "2027-03-09"}
    facts.append({"urine_opioid_screen": negative, "naloxone_challenge": negative})
    facts.append(
        {"urine_opioid_screen": negative, "naloxone_challenge": negative | {"result": "positive"}}
    )
    for free in lasts:
        named = ("oxycodone", "immediate")
        told = [] if free is None else [exposure(named, _last(START, free))]
        for fact in facts:
            yield _vector("a negative test shortens nothing", START, told, "boundary", **fact)
    for named in (DEPOT, ("frobnicodone", "unknown"), ("kratom", "unknown")):
        for fact in facts[-3:]:
            told = [exposure(named, "2027-03-01")]
            yield _vector("a negative test shortens nothing", START, told, "boundary", **fact)
    yield _vector("asked, and none", START, [], "boundary")


def _end_of_calendar() -> Iterator[Vector]:
    for named in (
        ("oxycodone", "immediate"),
        ("methadone", "unknown"),
        DEPOT,
        ("loperamide", "unknown"),
    ):
        for last in (
            "9999-12-10",
            "9999-12-16",
            "9999-12-17",
            "9999-12-20",
            "9999-12-21",
            "9999-12-31",
        ):
            told = [exposure(named, last)]
            yield _vector("the calendar ends", "9999-12-31", told, "year-9999", "boundary")
    for named in (("oxycodone", "immediate"), DEPOT):
        for start in ("0001-01-01", "0001-01-08", "0001-01-12"):
            told = [exposure(named, "0001-01-01")]
            yield _vector("the calendar begins", start, told, "boundary")


def _several() -> Iterator[Vector]:
    draw = random("intervals", "several")
    for _ in range(260):
        told = []
        for _ in range(draw.randint(2, 5)):
            named = draw.choice(TIMED if draw.random() < 0.75 else NAMED)
            free = draw.choice((*range(6, 16), 20, 30, 100, 363, 364, 365, 366))
            last: object = _last(START, free)
            if draw.random() < 0.05:
                last = "unknown"
            more = {"ongoing": True} if draw.random() < 0.04 else {}
            told.append(exposure(named, last, **more))
        yield _vector("several exposures: the worst decides", START, told, "random")


def _depots() -> Iterator[Vector]:
    """A depot beside something with a date: on that date it may still hold."""
    for depot in (300, 350, 354, 355, 356, 363, 364, 365, 366, 400):
        for free in (5, 9, 10, 20):
            told = [
                exposure(DEPOT, _last(START, depot)),
                exposure(("oxycodone", "immediate"), _last(START, free)),
            ]
            yield _vector("a depot beside a dated opioid", START, told, "depot", "boundary")


def _less_known() -> Iterator[Vector]:
    """The same history told ever less exactly never clears more."""
    for named in (("oxycodone", "immediate"), ("fentanyl", "transdermal")):
        for free in (2, 8, 10, 12, 14, 30, 45):
            last = _last(START, free)
            name = named[0]
            for told in (
                exposure(named, last),
                exposure((name, "unknown"), last),
                exposure(named, f"{last:%Y-%m}"),
                exposure(named, "unknown"),
                exposure((name, "unknown"), f"{last:%Y-%m}"),
                exposure(("frobnicodone", "unknown"), last),
            ):
                yield _vector("the same history, told ever less exactly", START, [told], "unknown")


def made() -> str:
    """The file."""
    groups = [
        Group("counting", "Whole days between a last dose and a start", _counting()),
        Group("unsettled", "Several windows could apply, or none is known", _unsettled()),
        Group("calendar", "Across the ends of February and of years", _calendar()),
        Group("months", "A last dose that is known by its month", _months()),
        Group("times", "Times on both sides", _times()),
        Group("one-time", "A time on one side", _one_time()),
        Group("unknown", "A last dose that is not known, or still to come", _unknown_days()),
        Group("tests", "Tests, dependence and withdrawal", _tests()),
        Group("year-9999", "The ends of the calendar", _end_of_calendar()),
        Group("several", "Several exposures", _several()),
        Group("depots", "A depot beside a dated opioid", _depots()),
        Group("less-known", "Coarser and coarser", _less_known()),
    ]
    return document("intervals", groups, {"opioids": table()})
