"""What is due on each day of a plan, in a few words: bottles, reviews, switches, checks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from typing import NamedTuple

from ldn_titration.days import PlanStep
from ldn_titration.diary import Stopped
from ldn_titration.plan import Plan
from ldn_titration.preparation import Drops, OralSolution, Preparation
from ldn_titration.supply import Supply
from ldn_titration.words import preparation_words

__all__ = ["Note", "due_notes"]

_BEYOND_USE, _REVIEW, _OPIOID = "BUD-01", "MON-01", "DIA-01"
_REVIEW_TICKS = ("continue", "stop")


class Note(NamedTuple):
    """What is due on a day, in a few words, and the boxes to tick for it."""

    text: str
    ticks: tuple[str, ...] = ()


def due_notes(plan: Plan, needed: Supply | None) -> dict[date, tuple[Note, ...]]:
    """What is due on each day, in a few words; each once."""
    found: dict[date, dict[Note, None]] = {}
    supplied = _supply_notes(needed) if needed else ()
    notes = (*_plan_notes(plan), *((on, Note(text)) for on, text in supplied))
    for on, note in (*notes, *_dated(plan, needed)):
        found.setdefault(on, {})[note] = None
    return {on: tuple(notes) for on, notes in found.items()}


def _dated(plan: Plan, needed: Supply | None) -> Iterator[tuple[date, Note]]:
    """The dated notes of the rules; of bottles the supply tells more."""
    for due in plan.screening.milestones:
        if due.code == _BEYOND_USE and needed is not None:
            continue
        last = due.until if due.until is not None and due.every_day else due.on
        note = Note(due.title, _REVIEW_TICKS if due.code == _REVIEW else ())
        for number in range(due.on.toordinal(), min(last, plan.end).toordinal() + 1):
            yield date.fromordinal(number), note


def _plan_notes(plan: Plan) -> Iterator[tuple[date, Note]]:
    """What the steps ask for: a switch, a check before a step, a step that may begin."""
    for (_, old), (on, new) in pairwise(plan.preparations):
        yield on, Note(f"SWITCH: stop the {_noun(old)}. From now {preparation_words(new)}")
    for step in plan.steps:
        if step.only_if:
            yield step.first, Note(f"Only if {step.only_if}", ("checked",))
        if step.earliest_next is not None and not step.is_open:
            yield step.earliest_next, Note(f"Next step possible{_condition(plan, step)}")
    for finding in plan.screening.findings:
        back = _first_dose(plan, finding.clears_on) if finding.code == _OPIOID else None
        if back is not None:
            yield back, Note("Only if no opioid was taken since", ("checked",))
    for event in plan.diary:
        if isinstance(event, Stopped):
            yield plan.end, Note(f"STOP: last day ({event.why})")


def _noun(preparation: Preparation) -> str:
    """What is taken, in a word."""
    return {"oral_solution": "liquid"}.get(preparation.form, preparation.form)


def _condition(plan: Plan, step: PlanStep) -> str:
    """What is checked before the next step, where something is."""
    check = plan.regimen.steps[step.step].only_if if step.step < len(plan.regimen.steps) else None
    return f", only if {check}" if check else ""


def _first_dose(plan: Plan, since: date | None) -> date | None:
    """The first day of a step with a dose, from that day on; None where there is none."""
    firsts = (step.first for step in plan.steps if step.doses)
    return next((on for on in firsts if since is not None and on >= since), None)


def _supply_notes(needed: Supply) -> Iterator[tuple[date, str]]:
    """What the supply asks for on which day, in a few words."""
    bottles, over = iter(needed.bottles), None
    for part in needed.parts:
        if over is not None:
            yield part.first, f"Discard bottle {over}"
        mine = [next(bottles) for _ in part.bottles]
        over = mine[-1].bottle if mine else None
        verb = "Make" if _is_made_at_home(part.preparation) else "Open"
        for on, bottle in zip(part.orders, mine, strict=False):
            if part.lead_days:
                yield on, f"Order bottle {bottle.bottle}"
            before = f", discard {bottle.bottle - 1}" if bottle is not mine[0] else ""
            since = f" for the {bottle.begins_at} dose" if bottle.begins_at else ""
            yield bottle.made_on, f"{verb} bottle {bottle.bottle}{since}{before}"
        for fill in part.fills if len(part.fills) > 1 or part.lead_days else ():
            if part.lead_days:
                yield fill.order_on, f"Order fill {fill.fill}"
            yield fill.first, f"Start fill {fill.fill}"


def _is_made_at_home(preparation: Preparation) -> bool:
    return isinstance(preparation, Drops | OralSolution) and preparation.dilution is not None
