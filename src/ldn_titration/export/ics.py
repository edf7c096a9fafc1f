"""The plan as an iCalendar file (RFC 5545): its doses, and what is due, on the patient's phone.

Days and wall times float: they have no zone, and are never turned into UTC, so a dose stays
on its day wherever the patient is. The identifier of an event comes from what the plan is
made from and from its day, so that a file imported again replaces and never doubles.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import chain, groupby
from typing import Annotated, Literal, NamedTuple

from pydantic import BeforeValidator, Field

from ldn_titration import sig
from ldn_titration.days import PlannedDose, PlanStep
from ldn_titration.diary import Event
from ldn_titration.due import due_notes
from ldn_titration.errors import InvalidInputError, LdnTitrationError, Problem
from ldn_titration.export.content_lines import END, text_line
from ldn_titration.plan import Plan
from ldn_titration.regimen import TIMES_OF_DAY, WALL_TIME
from ldn_titration.schedule import schedule
from ldn_titration.supply import Supply, supply
from ldn_titration.values import LineOfText, Value
from ldn_titration.words import (
    NOT_REVIEWED,
    REMINDERS,
    dropper_bands,
    mark,
    override_words,
    title,
    verdict_line,
)

__all__ = ["CalendarFile", "plan_ics"]

_MOST_EARLIER = 100
"""Of how many events it is reckoned with that they were told after the last file."""


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

    ``each`` asks for one event a day, or one recurring event a step. ``clock`` gives wall
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
    file = _File(plan, asked, _series(replaces[0] if replaces else plan, asked.key), replaces)
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
    replaces: Sequence[Plan]

    @property
    def shared(self) -> str:
        """The lines that every event has, with the version of the file."""
        told = max((event.on for event in self.plan.diary), default=self.plan.start)
        version = len(self.plan.diary) + sum(len(each.diary) + 1 for each in self.replaces)
        return f"DTSTAMP:{_digits(max(told, self.plan.start))}T000000Z{END}SEQUENCE:{version}"


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
    name = title(plan) + (f", for {asked.name}" if asked.name else "")
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
    yield "METHOD:PUBLISH"
    yield f"UID:{series}"
    yield text_line("NAME", name)
    yield text_line("X-WR-CALNAME", name)
    yield text_line("DESCRIPTION", " ".join(filter(None, about)))


# --- doses ----------------------------------------------------------------------------


class _Run(NamedTuple):
    """Dose days of a step that one event tells: from a day on, every so many days."""

    first: int
    every: int
    days: int

    @property
    def rule(self) -> str:
        """Its recurrence; empty for a single day."""
        if self.days == 1:
            return ""
        interval = f"INTERVAL={self.every};" if self.every > 1 else ""
        return f"RRULE:FREQ=DAILY;{interval}COUNT={self.days}"


def _doses(file: _File) -> Iterator[str]:
    """The events of every dose, in the order of their days."""
    for step in file.plan.steps:
        events = [_dose_event(file, step, place) for place in range(len(step.doses))]
        for run in _runs(step, file.asked.each):
            day = _digits(date.fromordinal(run.first))
            rule = run.rule and f"{END}{run.rule}"
            for before, start, after in events:
                yield f"{before}{day}{start}{day}{after[0]}{rule}{after[1]}"


def _runs(step: PlanStep, each: Literal["day", "step"]) -> Iterator[_Run]:
    """The days of a step on which a dose is taken, in as few runs as asked for."""
    first, cycle = step.first.toordinal(), step.cycle
    if not step.doses:
        return
    if cycle is None:
        days = step.days if each == "step" else 1
        yield from (_Run(first + n, 1, days) for n in range(0, step.days, days))
        return
    on = [n for n in range(step.days) if cycle.is_on(step.position + n)]
    if each == "day" or not on:
        yield from (_Run(first + n, 1, 1) for n in on)
    elif cycle.days_on == 1:
        yield _Run(first + on[0], cycle.days, len(on))
    else:
        for _, turn in groupby(on, key=lambda n: (step.position + n) // cycle.days):
            begin, *more = turn
            yield _Run(first + begin, 1, 1 + len(more))


def _dose_event(file: _File, step: PlanStep, place: int) -> tuple[str, str, tuple[str, str]]:
    """An event of one dose, parted where its day stands twice, and its recurrence."""
    dose = step.doses[place]
    clock = _clock(dose, step, file.asked)
    start = f"DTSTART:{{}}T{clock.replace(':', '')}00" if clock else "DTSTART;VALUE=DATE:{}"
    before, after = start.split("{}")
    words = _dose_words(dose, place, len(step.doses))
    lines = [
        file.shared,
        text_line("SUMMARY", f"{_mark(file.plan)}Naltrexone {words}"),
        text_line("DESCRIPTION", _explained(file.plan, step, dose)),
        f"STATUS:{'TENTATIVE' if file.plan.status == 'draft' else 'CONFIRMED'}",
        "TRANSP:TRANSPARENT",
        "CLASS:PRIVATE",
        *(_alarm(words) if file.asked.remind else ()),
        "END:VEVENT",
    ]
    head = f"BEGIN:VEVENT{END}UID:{file.series}-dose{place + 1}-"
    return head, f"{END}{before}", (after, END + END.join(lines))


def _clock(dose: PlannedDose, step: PlanStep, asked: CalendarFile) -> str:
    """The wall time of a dose; empty where it has none."""
    time = dose.time_of_day or ""
    found = time if ":" in time else asked.clock.get(time, "")
    if asked.remind and not found:
        message = f'has no wall time for "{time}" (step {step.step}), such as {time}=22:00'
        raise InvalidInputError([Problem("clock", message)])
    return found


def _dose_words(dose: PlannedDose, place: int, several: int) -> str:
    lead = ""
    if several > 1:
        lead = f"{dose.time_of_day}: " if dose.time_of_day else f"dose {place + 1}: "
    return f"{lead}{sig.take(dose.reading, sig.about)}"


def _explained(plan: Plan, step: PlanStep, dose: PlannedDose) -> str:
    take = f"Take {sig.take(dose.reading, sig.about)} {sig.time_words(dose.time_of_day)}".strip()
    why = f" {step.why[:1].upper()}{step.why[1:]}." if step.why else ""
    verdict = str(plan.screening.verdict).upper()
    return f"{take}. {_place(plan, step)}.{why} Screening: {verdict}. {NOT_REVIEWED}"


def _place(plan: Plan, step: PlanStep) -> str:
    return f"Step {step.step} of {len(plan.regimen.steps)}"


def _alarm(words: str) -> Iterator[str]:
    yield "BEGIN:VALARM"
    yield "ACTION:DISPLAY"
    yield text_line("DESCRIPTION", f"Naltrexone {words}")
    yield "TRIGGER:PT0S"
    yield "END:VALARM"


# --- what is due ----------------------------------------------------------------------


def _dues(file: _File) -> Iterator[str]:
    """One event for every day on which something is due."""
    for day, words in sorted(_due(file.plan, file.asked).items()):
        yield "BEGIN:VEVENT"
        yield f"UID:{file.series}-due-{_digits(day)}"
        yield f"DTSTART;VALUE=DATE:{_digits(day)}"
        yield file.shared
        yield text_line("SUMMARY", f"{_mark(file.plan)}{'; '.join(words)}")
        yield "TRANSP:TRANSPARENT"
        yield "CLASS:PRIVATE"
        yield "END:VEVENT"


def _due(plan: Plan, asked: CalendarFile) -> dict[date, list[str]]:
    """What is due, by day: steps, days without a dose, then bottles, checks and reviews."""
    found: dict[date, list[str]] = {}
    for step in plan.steps:
        found.setdefault(step.first, []).append(_step_words(plan, step))
    for day, notes in due_notes(plan, _needed(plan, asked.lead_days)).items():
        for note in notes:
            ticks = f": {' or '.join(note.ticks)}" if len(note.ticks) > 1 else ""
            found.setdefault(day, []).append(f"{note.text}{ticks}")
    return found


def _step_words(plan: Plan, step: PlanStep) -> str:
    why = f" ({step.why})" if step.why else ""
    if step.dose is None:
        return f"No dose up to {step.last}{why}"
    often = f", {step.on_days}" if step.on_days else ""
    return (
        f"Step {step.step} of {len(plan.regimen.steps)}: {sig.about(step.dose)} a day{often}{why}"
    )


def _needed(plan: Plan, lead_days: int) -> Supply | None:
    try:
        return supply(plan, lead_days=lead_days)
    except InvalidInputError:  # such as no beyond-use days: the pharmacy page tells why
        return None


# --- files before this one ------------------------------------------------------------


def _earlier(plan: Plan, replaces: Sequence[Plan]) -> Iterator[Plan]:
    """The plans that were announced before: those told, and this one with a shorter diary."""
    yield from replaces
    for places in dict.fromkeys(_shorter(plan.diary)):
        try:
            yield schedule(
                plan.regimen,
                plan.preparation,
                plan.start,
                days=plan.length_days,
                diary=[plan.diary[place] for place in sorted(places)],
            )
        except LdnTitrationError:  # what could not be planned was not announced either
            continue


def _shorter(diary: Sequence[Event]) -> Iterator[frozenset[int]]:
    """The places of what was told before: up to an event by date, as listed, or all but one."""
    every = range(len(diary))
    by_date = sorted(every, key=lambda place: diary[place].on)
    if diary:
        yield frozenset()
    for place in reversed(every[-_MOST_EARLIER:]):
        yield frozenset(by_date[:place])
        yield frozenset(every[:place])
        yield frozenset(every) - {by_date[place]}


def _announced(plan: Plan, asked: CalendarFile) -> Iterator[tuple[str, str]]:
    """The day and kind of every event of a plan's file."""
    for step in plan.steps:
        for run in _runs(step, asked.each):
            day = _digits(date.fromordinal(run.first))
            yield from ((day, f"dose{place}") for place in range(1, len(step.doses) + 1))
    yield from ((_digits(day), "due") for day in _due(plan, asked))


def _cancelled(file: _File, day: str, kind: str) -> str:
    lines = (
        "BEGIN:VEVENT",
        f"UID:{file.series}-{kind}-{day}",
        f"DTSTART;VALUE=DATE:{day}",
        file.shared,
        "SUMMARY:Cancelled",
        "STATUS:CANCELLED",
        "TRANSP:TRANSPARENT",
        "END:VEVENT",
    )
    return END.join(lines)


def _digits(day: date) -> str:
    return day.isoformat().replace("-", "")


def _mark(plan: Plan) -> str:
    """What stands before every event of a plan that is not simply cleared: "DRAFT: "."""
    words = mark(plan).strip(" ()")
    return f"{words}: " if words else ""
