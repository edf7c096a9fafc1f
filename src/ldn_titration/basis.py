"""The basis of a screening: what became of each rule, on which inputs and sources.

It is what lets a clinician check a verdict without us.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from ldn_titration.findings import (
    Citation,
    Finding,
    MedicineRead,
    Milestone,
    Outcome,
    RuleOutcome,
    Severity,
)
from ldn_titration.knowledge import Knowledge
from ldn_titration.knowledge.rows import RuleEntry
from ldn_titration.patient import (
    EarlierNaltrexone,
    OpioidExposure,
    OpioidHistory,
    OpioidTest,
    PlannedOpioid,
)
from ldn_titration.preparation import Preparation
from ldn_titration.regimen import Regimen
from ldn_titration.rules.case import Case, Due, Found, Rule
from ldn_titration.rules.exposures import ListedMedicine

__all__ = ["Judged", "judge", "medicine_read", "outcomes_of", "worded"]


class Judged(NamedTuple):
    """A rule with what it found in a case, and what it wanted to know."""

    rule: Rule
    entry: RuleEntry
    findings: tuple[Finding, ...]
    milestones: tuple[Milestone, ...]
    wanting: tuple[str, ...]


def judge(rule: Rule, case: Case) -> Judged:
    """What a rule finds in a case, with its code, its sources and the site's severity."""
    entry = case.base.rules[rule.code]
    findings: list[Finding] = []
    milestones: list[Milestone] = []
    for found in rule.judge(case):
        if isinstance(found, Found):
            findings.append(worded(found, entry))
        else:
            fields = found._asdict() | {"sources": _sources(found, entry)}
            milestones.append(Milestone(code=rule.code, **fields))
    return Judged(rule, entry, tuple(findings), tuple(milestones), rule.wanting(case))


def worded(found: Found, entry: RuleEntry) -> Finding:
    """The finding, with the rule's code and sources and the severity that a site raised."""
    severity = found.severity
    if entry.at_least:
        severity = max(severity, Severity(entry.at_least))
    fields = found._asdict() | {"severity": severity, "sources": _sources(found, entry)}
    return Finding(code=entry.code, **fields)


def _sources(found: Found | Due, entry: RuleEntry) -> tuple[str, ...]:
    """What a finding cites, else what its rule does; and the site that changed the rule."""
    site = (key for key in entry.sources if key.startswith("overlay_"))
    return tuple(dict.fromkeys((*(found.sources or entry.sources), *site)))


def outcomes_of(judged: Sequence[Judged], case: Case) -> Iterator[RuleOutcome]:
    """What became of each rule, for the record."""
    read = dict.fromkeys(name for each in judged for name in each.rule.inputs)
    inputs = {name: input_text(name, case) for name in read}
    tiers = _citations(case.base)
    return (_outcome(each, inputs, tiers, case.base) for each in judged)


def _outcome(
    judged: Judged, inputs: Mapping[str, str], tiers: Mapping[str, Citation], base: Knowledge
) -> RuleOutcome:
    entry, findings = judged.entry, judged.findings
    read = tuple([(name, inputs[name]) for name in judged.rule.inputs])
    if not (findings or judged.milestones):
        return _silent(entry, read, judged.wanting, base)
    keys = dict.fromkeys(key for found in findings for key in found.sources)
    return RuleOutcome(
        code=entry.code,
        title=entry.title,
        outcome=Outcome.FIRED,
        says=entry.says,
        inputs=read,
        wanting=judged.wanting,
        changes=entry.clears_when,
        changes_on=_changes_on(findings),
        sources=tuple([tiers[key] for key in keys or entry.sources]),
    )


@lru_cache(maxsize=4096)
def _silent(
    entry: RuleEntry,
    read: tuple[tuple[str, str], ...],
    wanting: tuple[str, ...],
    base: Knowledge,
) -> RuleOutcome:
    """A rule that did not fire, or could not be evaluated; most rules of most patients."""
    missing = f"Knowing: {', '.join(wanting)}."
    return RuleOutcome(
        code=entry.code,
        title=entry.title,
        outcome=Outcome.NOT_EVALUATED if wanting else Outcome.DID_NOT_FIRE,
        says=entry.says,
        inputs=read,
        wanting=wanting,
        changes=missing if wanting else f"It would fire so: {entry.says}",
        changes_on=None,
        sources=tuple([_citations(base)[key] for key in entry.sources]),
    )


def _changes_on(findings: Sequence[Finding]) -> date | None:
    days = [finding.clears_on for finding in findings]
    known = [day for day in days if day is not None]
    return max(known) if known and len(known) == len(days) else None


@lru_cache(maxsize=8)
def _citations(base: Knowledge) -> dict[str, Citation]:
    return {key: Citation(key=key, tier=row.tier) for key, row in base.sources.items()}


# --- inputs, as a reader checks them --------------------------------------------------


def input_text(name: str, case: Case) -> str:
    """One input as text: ``"no"``, ``"oxycodone, last 2026-12-20"``, ``"unknown"``."""
    if name == "start":
        return case.start.isoformat()
    if name == "regimen":
        return "unknown" if case.regimen is None else _regimen_text(case.regimen)
    if name == "days":
        return "unknown" if case.days is None else str(case.days)
    if name == "preparation":
        return "unknown" if case.preparation is None else _preparation_text(case.preparation)
    value = getattr(case.patient, name)
    if isinstance(value, tuple):
        return "; ".join(map(_value_text, value)) or "none"
    return "unknown" if value is None else _value_text(value)


def _regimen_text(regimen: Regimen) -> str:
    steps = ", ".join(
        f"{step.daily_dose} x {step.days}" if step.days else f"{step.daily_dose} on"
        for step in regimen.steps
    )
    named = f", protocol {regimen.protocol}" if regimen.protocol else ""
    return f"{steps} (a day x days), band {regimen.band}{named}"


def _preparation_text(preparation: Preparation) -> str:
    """The preparation with all that is stated of it."""
    stated = preparation.model_dump(mode="json", exclude_none=True)
    return ", ".join(f"{name} {_stated_text(value)}" for name, value in stated.items())


def _stated_text(value: object) -> str:
    if isinstance(value, list):
        return " / ".join(map(str, value))
    return " in ".join(map(str, value.values())) if isinstance(value, dict) else str(value)


def _value_text(value: object) -> str:
    if isinstance(value, OpioidHistory):
        return "; ".join(map(_exposure_text, value.exposures)) or value.status
    if isinstance(value, OpioidTest):
        return f"{value.result} on {value.on}"
    if isinstance(value, PlannedOpioid):
        which = f" ({value.substance})" if value.substance else ""
        return f"{value.reason} on {value.on} until {value.last}{which}"
    if isinstance(value, EarlierNaltrexone):
        return f"{value.form}, {value.dose or 'dose unknown'}, last {value.last_taken}"
    return str(getattr(value, "label", value))


def _exposure_text(exposure: OpioidExposure) -> str:
    when = "ongoing" if exposure.ongoing else f"last {exposure.last_taken}"
    dose = f", {exposure.daily_dose} a day" if exposure.daily_dose else ""
    return f"{exposure.label}, release {exposure.release}, {when}{dose}"


# --- medicines ------------------------------------------------------------------------

_WHY = {
    "hidden": "It names an opioid or antagonist among words that are not understood.",
    "unknown": "Not in the tables; it may be an opioid all the same.",
}


def medicine_read(medicine: ListedMedicine, base: Knowledge) -> MedicineRead:
    """How one line of the list was read, and why it is an opioid or not."""
    line = medicine.line
    if line.kind in _WHY:
        left = ", ".join(line.unexplained)
        why = f"{_WHY[line.kind]} Not understood: {left}." if left else _WHY[line.kind]
        return MedicineRead(line=medicine.label, read_as="not recognised", why=why)
    rows = tuple(dict.fromkeys(row for name in line.names for row in name.opioids))
    reasons = [row.why_not or f"{row.name} is an opioid." for row in rows]
    ordinary = "An ordinary medicine of the tables, no opioid."
    names = (*dict.fromkeys(row.substance for row in rows), *line.medicines)
    why = " ".join(dict.fromkeys(reasons)) or ordinary
    return MedicineRead(line=medicine.label, read_as=", ".join(names), why=why)
