"""The plan as doses over time, before any drawing: levels, days without, dates to mark."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import groupby
from typing import NamedTuple

from ldn_titration import sig
from ldn_titration.days import PlanStep
from ldn_titration.diary import Event, Paused, Stopped, Switched
from ldn_titration.findings import Milestone
from ldn_titration.knowledge import policy
from ldn_titration.plan import Plan
from ldn_titration.preparation import Drops
from ldn_titration.quantities import Mass
from ldn_titration.render.axes import short_date
from ldn_titration.words import (
    NOT_REVIEWED,
    directions,
    dropper_bands,
    how_often,
    preparations_words,
    sentence,
    times_differ,
    title,
    verdict_line,
)

__all__ = ["Level", "Mark", "Span", "Timeline", "timeline"]

_ONE_DAY = timedelta(days=1)


class Level(NamedTuple):
    """Days of a step with one dose. ``runs`` are its days with a dose, each (first, last).

    ``low`` and ``high`` are what the drops of a day may hold, where drops are counted.
    """

    step: PlanStep
    dose: Mass
    runs: tuple[tuple[date, date], ...]
    low: Mass | None
    high: Mass | None
    words: str


class Mark(NamedTuple):
    """A date to mark, and its words; ``told`` is whether the diary tells of it."""

    on: date
    words: str
    told: bool = False


class Span(NamedTuple):
    """Days on which nothing may be taken, first and last, and why."""

    first: date
    last: date
    words: str


class Timeline(NamedTuple):
    """A plan as doses over time, from ``first`` to ``last``; all its words are our own.

    ``marks`` and ``spans`` begin within these days; what lies outside is told in ``notes``.
    """

    title: str
    summary: str
    first: date
    last: date
    is_draft: bool
    levels: tuple[Level, ...]
    gaps: tuple[tuple[date, date], ...]
    spans: tuple[Span, ...]
    marks: tuple[Mark, ...]
    notes: tuple[str, ...]

    @property
    def most(self) -> Mass:
        """The most that any of its days may hold; nothing where no dose is taken."""
        return max((level.high or level.dose for level in self.levels), default=Mass.total([]))


def timeline(plan: Plan) -> Timeline:
    """The plan's doses over time, with what its screening and its diary mark."""
    marks = [*_due(plan.screening.milestones), *map(_event_mark, plan.diary), *_start_allowed(plan)]
    first = min([plan.start, *(mark.on for mark in marks if _is_shortly_before(mark, plan))])
    inside = [mark for mark in marks if first <= mark.on <= plan.end + _after(plan)]
    outside = [mark for mark in marks if mark not in inside]
    spans = tuple(_spans(plan))
    timed = times_differ(plan)
    return Timeline(
        title=title(plan),
        summary=f"{sentence(how_often(plan))} {sentence(preparations_words(plan))}",
        first=first,
        last=plan.end,
        is_draft=plan.status == "draft",
        levels=tuple(_level(step, timed) for step in plan.steps if step.doses),
        gaps=tuple((step.first, step.last) for step in plan.steps if not step.doses),
        spans=tuple(span for span in spans if span.first <= plan.end),
        marks=tuple(_joined(inside)),
        notes=tuple(_notes(plan, outside, spans)),
    )


def _after(plan: Plan) -> timedelta:
    """A stop is told on the day after the last, which is still the edge of the picture."""
    return _ONE_DAY if any(isinstance(event, Stopped) for event in plan.diary) else timedelta(0)


# --- levels ---------------------------------------------------------------------------


def _level(step: PlanStep, timed: bool) -> Level:
    low, high = _band(step) or (None, None)
    dose = step.dose or Mass.total([])
    dates = f"{short_date(step.first)} to {short_date(step.last)}"
    words = (
        f"Step {step.step}, {dates} ({sig.count(step.days, 'day')}): "
        f"{sig.about(dose)} a day, {directions(step, timed=timed)}"
    )
    return Level(step, dose, tuple(_runs(step)), low, high, words)


def _band(step: PlanStep) -> tuple[Mass, Mass] | None:
    """What the drops of a day may hold, within the tolerance of a dropper."""
    if step.reading is None or not isinstance(step.preparation, Drops):
        return None
    return step.preparation.band(step.reading.drops or 0, policy("dropper_tolerance").share)


def _runs(step: PlanStep) -> Iterator[tuple[date, date]]:
    """The first and the last day of each run of days with a dose."""
    cycle = step.cycle
    if cycle is None:
        yield step.first, step.last
        return
    places = range(step.days)
    for is_on, run in groupby(places, key=lambda place: cycle.is_on(step.position + place)):
        days = list(run)
        if is_on:
            yield step.first + timedelta(days[0]), step.first + timedelta(days[-1])


# --- dates ----------------------------------------------------------------------------


def _due(milestones: tuple[Milestone, ...]) -> Iterator[Mark]:
    """The dated notes of the rules, but those that stand on each of their days."""
    for due in milestones:
        if not due.every_day:
            until = f" to {short_date(due.until)}" if due.until else ""
            yield Mark(due.on, f"{due.title} {short_date(due.on)}{until}")


def _event_mark(event: Event) -> Mark:
    return Mark(event.on, f"{_happened(event)} {short_date(event.on)}{_until(event)}", told=True)


def _happened(event: Event) -> str:
    if isinstance(event, Switched):
        return f"Switched to {event.preparation.form.replace('oral_solution', 'liquid')}"
    known = {"opioid": "Opioid taken"}
    return known.get(event.event) or event.event.replace("_", " ").capitalize()


def _until(event: Event) -> str:
    if not isinstance(event, Paused) or event.until == event.on + _ONE_DAY:
        return ""
    return f" to {short_date(event.until - _ONE_DAY)}"


def _start_allowed(plan: Plan) -> Iterator[Mark]:
    """The first start that the opioid-free intervals allow, where it is no later than this."""
    allowed = plan.screening.not_before
    if allowed is not None and allowed <= plan.start:
        yield Mark(allowed, f"Opioid-free interval over from {short_date(allowed)}")


def _is_shortly_before(mark: Mark, plan: Plan) -> bool:
    """Whether it lies so little before the start that the picture can begin with it."""
    return 0 < (plan.start - mark.on).days <= max(7, len(plan) // 6)


def _spans(plan: Plan) -> Iterator[Span]:
    allowed = plan.screening.not_before
    if allowed is not None and allowed > plan.start:
        words = f"Opioid-free interval: not before {short_date(allowed)}"
        yield Span(plan.start, min(allowed - _ONE_DAY, plan.end), words)
    for due in plan.screening.milestones:
        if due.every_day and due.until is not None:
            words = f"{due.title} {short_date(due.on)} to {short_date(due.until)}"
            yield Span(due.on, min(due.until, plan.end), words)


def _joined(marks: list[Mark]) -> Iterator[Mark]:
    """The marks by date; those of one date as one, its date said once."""
    ordered = sorted(marks, key=lambda mark: mark.on)
    for on, same in groupby(ordered, key=lambda mark: mark.on):
        listed = list(dict.fromkeys(same))
        date_words = f" {short_date(on)}"
        heads = [mark.words.removesuffix(date_words) for mark in listed[:-1]]
        words = ", ".join([*heads, listed[-1].words])
        yield Mark(on, words, any(mark.told for mark in listed))


# --- what stands below ----------------------------------------------------------------


def _notes(plan: Plan, outside: list[Mark], spans: tuple[Span, ...]) -> Iterator[str]:
    band = dropper_bands(plan)
    if band:
        yield f"Shaded along the line: what the drops of a day may hold. {band}"
    if any(level.cycle for level in plan.steps):
        yield "A broken line: days with a dose and days off."
    later = [span.words for span in spans if span.first > plan.end]
    elsewhere = [mark.words for mark in sorted(outside, key=lambda mark: mark.on)] + later
    if elsewhere:
        yield f"Not within these days: {'; '.join(elsewhere)}."
    stamp = plan.screening.knowledge
    yield f"Screening: {verdict_line(plan.screening)}. Not a medical device. {NOT_REVIEWED}"
    yield f"Knowledge base {stamp.version}, sha256 {stamp.sha256}."
