"""Sentences that every page shares: title, preparation, dropper's band."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from ldn_titration import sig
from ldn_titration.days import PlanStep, Totals
from ldn_titration.findings import Finding, Screening
from ldn_titration.knowledge import knowledge, policy
from ldn_titration.plan import DRUG, Plan
from ldn_titration.preparation import Drops, OralSolution, Preparation

__all__ = [
    "MONTHS",
    "NOT_REVIEWED",
    "REMINDERS",
    "WEEKDAYS",
    "Table",
    "day_words",
    "directions",
    "dose_words",
    "dropper_band",
    "dropper_bands",
    "how_often",
    "judged",
    "mark",
    "missing_words",
    "next_words",
    "override_words",
    "preparation_words",
    "preparations_words",
    "publishers",
    "remarks",
    "sentence",
    "times_differ",
    "title",
    "totals_words",
    "unbroken",
    "verdict_line",
]

# A space is looked for first, since that is found fastest.
_QUANTITY = re.compile(
    r" (?=[mnpgdcta])(?<=\d )"
    r"(?=(?:mg|mcg|ng|pg|g|mL|drops?|capsules?|tablets?|days?|and \d/\d)\b)"
)

# The locale must not change a page, so the names are not taken from it.
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)

_OFTEN = {0: "no dose", 1: "once a day", 2: "twice a day"}

REMINDERS = (
    "Never take two doses to make up for one that was missed.",
    "Before any opioid (painkiller, cough or diarrhoea medicine), say that you take naltrexone.",
)

NOT_REVIEWED = "The knowledge base is not yet clinically reviewed."


class Table(NamedTuple):
    """A table: caption, column names, rows of text."""

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


def day_words(day: date) -> str:
    """The date as people say it, the same in every locale: "Monday 4 January 2027"."""
    return f"{WEEKDAYS[day.weekday()]} {day.day} {MONTHS[day.month - 1]} {day.year}"


def title(plan: Plan, what: str = "titration plan") -> str:
    """The heading of a plan: drug with its salt, and DRAFT or an override where there is one."""
    band = " (low dose)" if plan.regimen.band == "low" else ""
    heading = f"{DRUG.capitalize()}{band}: {what}"
    if plan.status == "draft":
        return f"DRAFT, not cleared: {heading}"
    return f"HOLD OVERRIDDEN: {heading}" if plan.screening.overrides else heading


def mark(plan: Plan) -> str:
    """What stands behind every heading of a plan that is not simply cleared."""
    if plan.status == "draft":
        return " (DRAFT)"
    return " (HOLD OVERRIDDEN)" if plan.screening.overrides else ""


def override_words(screening: Screening) -> tuple[str, ...]:
    """Each override that counts, in a sentence; the verdict underneath is named again."""
    return tuple(
        f"{each.code} is overridden by {each.by} on {each.on}: {each.reason}. "
        f"The verdict stays {str(screening.verdict).upper()}."
        for each in screening.overrides
    )


def how_often(plan: Plan) -> str:
    """How often and when it is taken: "once a day at bedtime"; the time only where it is one."""
    steps = [step for step in plan.steps if step.doses]
    counts = {len(step.doses) for step in steps} or {0}
    most = max(counts)
    often = _OFTEN.get(most, f"{most} times a day")
    often = f"up to {often}" if len(counts) > 1 else often
    time = steps[0].time_of_day if most == 1 and not times_differ(plan) else None
    off = ", with days off" if any(step.cycle for step in steps) else ""
    return f"{often} {sig.time_words(time)}".strip() + off


def times_differ(plan: Plan) -> bool:
    """Whether steps differ in when doses are taken, so that each must tell its own times."""
    taken = [step.doses for step in plan.steps if step.doses]
    return len({tuple([dose.time_of_day for dose in doses]) for doses in taken}) > 1


def directions(step: PlanStep, *, timed: bool) -> str:
    """What a step takes in a day, for people; ``timed`` where steps differ in their times."""
    words = sig.directions(step.doses, sig.about)
    words = f"{words}, {step.on_days}" if step.on_days else words
    alone = timed and len(step.doses) == 1 and step.time_of_day
    return f"{step.time_of_day}: {words}" if alone else words


def remarks(step: PlanStep) -> tuple[str, ...]:
    """What else is said of a step: why it is so, what is checked, when the next may begin."""
    check = f"only if {step.only_if}" if step.only_if else ""
    return tuple(filter(None, (step.why, check, next_words(step))))


def next_words(step: PlanStep) -> str:
    """When the next step may begin, where that is a range; else empty."""
    if step.earliest_next is None:
        return ""
    days = (step.earliest_next - step.first).days
    when = f"after {sig.count(days, 'day')}" if days > 0 else "at once"
    return f"the next step may begin {when}"


def dose_words(step: PlanStep) -> str:
    """The dose of a day of a step; "none" where there is none."""
    return "none" if step.dose is None else sig.about(step.dose)


def totals_words(totals: Totals) -> str:
    """What is taken in all, of each preparation."""
    parts = (sig.take(reading, sig.about) for _, reading in totals.readings)
    return "; ".join(parts) or "nothing"


def sentence(words: str) -> str:
    """The words with a capital first letter and a full stop."""
    return f"{words[:1].upper()}{words[1:]}."


def preparations_words(plan: Plan) -> str:
    """Every preparation of a plan in one line, each later one with its first day."""
    (_, first), *later = plan.preparations
    switched = (f"from {day} {preparation_words(each)}" for day, each in later)
    return "; ".join((preparation_words(first), *switched))


def preparation_words(preparation: Preparation) -> str:
    """The preparation in one line."""
    if isinstance(preparation, Drops | OralSolution):
        strength = sig.about(preparation.strength)
        recipe = f"{preparation.dilution} = " if preparation.dilution else ""
        return f"{recipe}{strength}, {_device_words(preparation)}"
    return str(preparation)


def _device_words(liquid: Drops | OralSolution) -> str:
    if isinstance(liquid, Drops):
        return f"{sig.about(liquid.drops_per_mL)}, {sig.about(1 * liquid.drop)} a drop"
    return f"on a syringe with marks of {sig.about(liquid.graduation)}"


def dropper_bands(plan: Plan) -> str:
    """What a drop may hold, of each preparation that is counted in drops."""
    return " ".join(filter(None, (dropper_band(each) for _, each in plan.preparations)))


def dropper_band(preparation: Preparation) -> str:
    """What a drop may hold, where drops are counted; else empty."""
    if not isinstance(preparation, Drops):
        return ""
    tolerance = policy("dropper_tolerance")
    low, high = preparation.band(1, tolerance.share)
    return (
        f"Each drop {sig.about_range(low, high)} unless this dropper was calibrated "
        f"with this liquid (within {tolerance.value} %: {publishers(tolerance.sources)})."
    )


def publishers(sources: tuple[str, ...]) -> str:
    """Who published these sources."""
    return ", ".join(knowledge().sources[key].publisher for key in sources)


def verdict_line(screening: Screening, *, dateless: bool = False) -> str:
    """The verdict, and for which start."""
    verdict = str(screening.verdict).upper()
    return verdict if dateless else f"{verdict} for a start on {screening.start}"


def judged(screening: Screening) -> list[Finding]:
    """The findings but those that only name a missing fact, which is listed as such."""
    return [finding for finding in screening.findings if finding.code != "FACT-01"]


def missing_words(screening: Screening) -> str:
    """The facts that are to be asked for, in one sentence."""
    return f"Not known, and needed before a start: {', '.join(screening.missing)}."


def unbroken(text: str) -> str:
    """The text with no line break between a number and its unit."""
    return _QUANTITY.sub("\u00a0", text)
