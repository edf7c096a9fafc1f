"""The plan as an iCalendar file (RFC 5545): its doses, and what is due, on the patient's phone.

Days and wall times float: they have no zone, and are never turned into UTC, so a dose stays
on its day wherever the patient is. The identifier of an event comes from what the plan is
made from and from its day, so that a file imported again replaces and never doubles.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import chain, islice
from typing import Annotated, Literal, NamedTuple

from pydantic import BeforeValidator, Field

from ldn_titration import sig
from ldn_titration.days import PlannedDose, PlanStep
from ldn_titration.diary import Diary
from ldn_titration.due import due_notes
from ldn_titration.errors import InvalidInputError, LdnTitrationError, Problem
from ldn_titration.export.content_lines import END, text_line
from ldn_titration.export.recurrence import digits, runs
from ldn_titration.plan import Plan
from ldn_titration.regimen import TIMES_OF_DAY, WALL_TIME
from ldn_titration.schedule import schedule
from ldn_titration.supply import Supply, supply
from ldn_titration.values import LineOfText, Value
from ldn_titration.words import (
    NOT_REVIEWED,
    REMINDERS,
    day_words,
    dropper_bands,
    mark,
    override_words,
    title,
    verdict_line,
)

__all__ = ["CalendarFile", "plan_ics"]

_MOST_EARLIER = 50_000  # days of earlier plans, laid out to learn what they announced
_PLANNED_OPIOID = "MON-05"

_A_DAY, _A_MOMENT = "DURATION:P1D", "DURATION:PT15M"
"""How long events are shown; without it programs make an hour, a day or nothing of a dose."""


def _read_clock(value: object) -> object:
    """Wall times by named time of day."""
    for name, time in value.items() if isinstance(value, Mapping) else ():
        if name not in ("", *TIMES_OF_DAY):
            raise ValueError(f"{name!r} is no time of day: {', '.join(TIMES_OF_DAY)}, or none")
        if not isinstance(time, str) or not WALL_TIME.fullmatch(time):
            raise ValueError('must give a time such as "22:00"')
    return value


class CalendarFile(Value):
    """How a calendar file is wanted.

    ``each`` asks for one event a day, or one recurring event a step; a patient keeps to one of
    them, since the events of single days stay beside those of steps. ``clock`` gives wall
    times to the times of day that are named, such as ``{"bedtime": "22:00"}``, and under
    ``""`` to doses without a time; doses without a wall time last all day. ``remind`` adds
    a reminder to each dose. ``name`` is printed in the calendar's name; without it no
    patient is named. ``key`` tells apart the calendars of patients with the same plan: only
    its digest is written. ``lead_days`` is how long before they are needed bottles and fills
    are ordered.
    """

    each: Literal["day", "step"] = "day"
    clock: Annotated[Mapping[str, str], BeforeValidator(_read_clock)] = Field(default={})
    remind: bool = False
    name: LineOfText | None = None
    key: LineOfText | None = None
    lead_days: Annotated[int, Field(ge=0)] = 0


def plan_ics(
    plan: Plan, asked: CalendarFile | None = None, *, replaces: Sequence[Plan] = ()
) -> str:
    """The plan as the text of an iCalendar file.

    ``replaces`` are the plans of earlier files that this one takes the place of, oldest
    first: what they announced and this plan has not is cancelled. What the same plan
    announced before an event of its diary is known without them. Raises InvalidInputError
    for a reminder of a dose that has no wall time.

    >>> from ldn_titration import Capsules, Regimen, schedule
    >>> regimen = Regimen(steps=[{"dose": "1.5 mg", "days": 7}, {"dose": "3 mg", "days": 7}])
    >>> plan = schedule(regimen, Capsules(strengths=["1.5 mg"]), "2027-01-04")
    >>> [line for line in plan_ics(plan).splitlines() if "capsule" in line][0]
    'SUMMARY:DRAFT: Naltrexone 1 capsule of 1.5 mg (1.5 mg)'
    """
    asked = asked or CalendarFile()
    file = _file(plan, asked, replaces)
    before = set(chain.from_iterable(_announced(e, asked) for e in _earlier(plan, replaces)))
    gone = sorted(before.difference(_announced(plan, asked))) if before else ()
    lines = [
        *_head(plan, asked, file.series),
        *_doses(file),
        *_dues(file),
        *(_cancelled(file, day, kind) for day, kind in gone),
        "END:VCALENDAR",
    ]
    return END.join([*lines, ""])


class _File(NamedTuple):
    """A file under way: what it is made from, and what its events share."""

    plan: Plan
    asked: CalendarFile
    series: str
    shared: str
    mark: str
    status: str
    verdict: str
    closed: tuple[tuple[str, str], ...]


def _file(plan: Plan, asked: CalendarFile, replaces: Sequence[Plan]) -> _File:
    last = max((event.on for event in plan.diary), default=plan.start)
    version = len(plan.diary) + sum(len(each.diary) + 1 for each in replaces)
    draft = mark(plan).strip(" ()")
    return _File(
        plan,
        asked,
        series=_series(replaces[0] if replaces else plan, asked.key),
        shared=f"DTSTAMP:{digits(max(last, plan.start))}T000000Z{END}SEQUENCE:{version}",
        mark=f"{draft}: " if draft else "",
        status=f"STATUS:{'TENTATIVE' if plan.status == 'draft' else 'CONFIRMED'}",
        verdict=f"Screening: {str(plan.screening.verdict).upper()}. {NOT_REVIEWED}",
        closed=tuple(
            (digits(due.on), digits(due.until or due.on))
            for due in plan.screening.milestones
            if due.code == _PLANNED_OPIOID and due.every_day
        ),
    )


def _series(plan: Plan, key: str | None) -> str:
    """What the identifiers of a plan's events share: it stays when the diary grows."""
    made_from = (
        plan.regimen.model_dump_json(),
        plan.preparation.model_dump_json(),
        str(plan.start),
        key or "",
    )
    return hashlib.sha256("\n".join(made_from).encode()).hexdigest()[:32]


def _head(plan: Plan, asked: CalendarFile, series: str) -> Iterator[str]:
    # Readers show the escapes of X-WR-CALNAME, so our own part of it has no comma.
    name = title(plan).replace(",", " -") + (f" - for {asked.name}" if asked.name else "")
    known = plan.screening.knowledge
    about = (
        f"Screening: {verdict_line(plan.screening)}.",
        *override_words(plan.screening),
        dropper_bands(plan),
        *REMINDERS,
        f"Knowledge base {known.version}, sha256 {known.sha256}.",
        NOT_REVIEWED,
    )
    yield "BEGIN:VCALENDAR"
    yield "VERSION:2.0"
    yield "PRODID:-//ldn-titration//plan//EN"
    yield "CALSCALE:GREGORIAN"
    yield f"UID:{series}"
    yield text_line("NAME", name)
    yield text_line("X-WR-CALNAME", name)
    yield text_line("DESCRIPTION", " ".join(filter(None, about)))


# --- doses ----------------------------------------------------------------------------


def _doses(file: _File) -> Iterator[str]:
    """The events of every dose, in the order of their days."""
    for step in file.plan.steps:
        spans = _closed(file, step)
        usual = closed = _dose_events(file, step, "")
        if spans:
            closed = _dose_events(file, step, "NO DOSE if the opioid is taken: ")
        if spans and file.asked.each == "step":
            usual = _dose_events(file, step, f"NO DOSE {_spans_words(spans)} if opioid is taken: ")
        for day, rule in runs(step, file.asked.each):
            inside = not rule and any(first <= day <= last for first, last in spans)
            for before, start, after, rest in closed if inside else usual:
                yield f"{before}{day}{start}{day}{after}{rule}{rest}"


def _closed(file: _File, step: PlanStep) -> list[tuple[str, str]]:
    """The days of a step, first and last, on which an opioid is planned."""
    first, last = digits(step.first), digits(step.last)
    return [(begin, end) for begin, end in file.closed if begin <= last and first <= end]


def _spans_words(spans: Sequence[tuple[str, str]]) -> str:
    dates = ((f"{a[:4]}-{a[4:6]}-{a[6:]}", f"{b[:4]}-{b[4:6]}-{b[6:]}") for a, b in spans)
    return ", ".join(f"from {first} to {last}" for first, last in dates)


def _dose_events(file: _File, step: PlanStep, warning: str) -> list[tuple[str, str, str, str]]:
    """The events of the doses of a day of a step; with a warning they ring no alarm."""
    return [_dose_event(file, step, place, warning) for place in range(len(step.doses))]


def _dose_event(file: _File, step: PlanStep, place: int, warning: str) -> tuple[str, str, str, str]:
    """An event of one dose, parted where its day stands twice, and where its recurrence does."""
    dose = step.doses[place]
    clock = _clock(dose, step, file.asked)
    before, after = ("", f"T{clock.replace(':', '')}00") if clock else (";VALUE=DATE", "")
    lasts = _A_MOMENT if clock else _A_DAY
    take = sig.take(dose.reading, sig.about)
    words = f"Naltrexone {_which(dose, place, len(step.doses))}{take}"
    why = f" {step.why[:1].upper()}{step.why[1:]}." if step.why else ""
    how = f"Take {take} {sig.time_words(dose.time_of_day)}".rstrip()
    lines = [
        lasts,
        file.shared,
        text_line("SUMMARY", f"{file.mark}{warning}{words}"),
        text_line("DESCRIPTION", f"{warning}{how}. {_place(file.plan, step)}.{why} {file.verdict}"),
        file.status,
        "TRANSP:TRANSPARENT",
        "CLASS:PRIVATE",
        *(_alarm(words) if file.asked.remind and not warning else ()),
        "END:VEVENT",
    ]
    head = f"BEGIN:VEVENT{END}UID:{file.series}-dose{place + 1}-"
    return head, f"{END}DTSTART{before}:", after, END + END.join(lines)


def _clock(dose: PlannedDose, step: PlanStep, asked: CalendarFile) -> str:
    """The wall time of a dose; empty where it has none."""
    time = dose.time_of_day or ""
    found = time if ":" in time else asked.clock.get(time, "")
    if asked.remind and not found:
        named = f'"{time}"' if time else "a dose without a time of day"
        example = f"{time}=22:00" if time else "22:00"
        message = f"has no wall time for {named} (step {step.step}), such as {example}"
        raise InvalidInputError([Problem("clock", message)])
    return found


def _which(dose: PlannedDose, place: int, several: int) -> str:
    """Which of several doses of a day it is."""
    if several == 1:
        return ""
    return f"{dose.time_of_day}: " if dose.time_of_day else f"dose {place + 1}: "


def _place(plan: Plan, step: PlanStep) -> str:
    return f"Step {step.step} of {len(plan.regimen.steps)}"


def _alarm(words: str) -> Iterator[str]:
    yield "BEGIN:VALARM"
    yield "ACTION:DISPLAY"
    yield text_line("DESCRIPTION", words)
    yield "TRIGGER:PT0S"
    yield "END:VALARM"


# --- what is due ----------------------------------------------------------------------


def _dues(file: _File) -> Iterator[str]:
    """One event for every day on which something is due."""
    for day, words in sorted(_due(file.plan, file.asked).items()):
        yield "BEGIN:VEVENT"
        yield f"UID:{file.series}-due-{digits(day)}"
        yield f"DTSTART;VALUE=DATE:{digits(day)}"
        yield _A_DAY
        yield file.shared
        yield text_line("SUMMARY", f"{file.mark}{'; '.join(words)}")
        yield "TRANSP:TRANSPARENT"
        yield "CLASS:PRIVATE"
        yield "END:VEVENT"


def _due(plan: Plan, asked: CalendarFile) -> dict[date, list[str]]:
    """What is due, by day: steps, days without a dose, then bottles, checks and reviews."""
    found: dict[date, list[str]] = {}
    for step in plan.steps:
        alone = step.dose is None and (asked.each == "day" or step.days == 1)
        for n in range(step.days if alone else 1):
            words = "No dose today" if alone else _step_words(plan, step)
            found.setdefault(step.first + timedelta(n), []).append(f"{words}{_why(step)}")
    for day, notes in due_notes(plan, _needed(plan, asked.lead_days)).items():
        for note in notes:
            ticks = f": {' or '.join(note.ticks)}" if len(note.ticks) > 1 else ""
            found.setdefault(day, []).append(f"{note.text}{ticks}")
    return found


def _step_words(plan: Plan, step: PlanStep) -> str:
    if step.dose is None:
        return f"No dose from today to {day_words(step.last)}"
    often = f", {step.on_days}" if step.on_days else ""
    return f"{_place(plan, step)}: {sig.about(step.dose)} a day{often}"


def _why(step: PlanStep) -> str:
    return f" ({step.why})" if step.why else ""


def _needed(plan: Plan, lead_days: int) -> Supply | None:
    try:
        return supply(plan, lead_days=lead_days)
    except InvalidInputError:  # such as no beyond-use days: the pharmacy page tells why
        return None


# --- files before this one ------------------------------------------------------------


def _earlier(plan: Plan, replaces: Sequence[Plan]) -> Iterator[Plan]:
    """The plans that were announced before: those named, and those of an earlier diary."""
    yield from replaces
    for diary in _earlier_diaries(plan):
        try:
            yield schedule(
                plan.regimen, plan.preparation, plan.start, days=plan.length_days, diary=diary
            )
        except LdnTitrationError:  # what could not be planned was not announced either
            continue


def _earlier_diaries(plan: Plan) -> Iterator[Diary]:
    """None, and what the diary was before its latest events: as many as there is room for."""
    if plan.diary:
        yield ()
        room = max(1, _MOST_EARLIER // (len(plan) + 20 * len(plan.diary)))
        unlike = {tuple(map(id, diary)): diary for diary in islice(_told(plan.diary), 3 * room)}
        yield from islice(filter(None, unlike.values()), room)


def _told(diary: Diary) -> Iterator[Diary]:
    """Before each event, latest first: as it was told, by date, and without one told late."""
    by_date = tuple(sorted(diary, key=lambda event: event.on))
    for place in reversed(range(len(diary))):
        for told in (by_date[:place], diary[:place], by_date[:place] + by_date[place + 1 :]):
            yield tuple(sorted(told, key=lambda event: event.on))


def _announced(plan: Plan, asked: CalendarFile) -> Iterator[tuple[str, str]]:
    """The day and kind of every event of a plan's file."""
    for step in plan.steps:
        for day, _ in runs(step, asked.each):
            yield from ((day, f"dose{place}") for place in range(1, len(step.doses) + 1))
    yield from ((digits(day), "due") for day in _due(plan, asked))


def _cancelled(file: _File, day: str, kind: str) -> str:
    lines = (
        "BEGIN:VEVENT",
        f"UID:{file.series}-{kind}-{day}",
        f"DTSTART;VALUE=DATE:{day}",
        _A_DAY,
        file.shared,
        "SUMMARY:Cancelled entry of an earlier plan",
        "STATUS:CANCELLED",
        "TRANSP:TRANSPARENT",
        "END:VEVENT",
    )
    return END.join(lines)
