"""The clinician's page, before any layout: verdict, findings, basis, dated notes, sources."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from ldn_titration import sig
from ldn_titration.findings import Finding, Outcome, RuleOutcome, Screening
from ldn_titration.knowledge import Source, knowledge, policy
from ldn_titration.patient import PatientFacts
from ldn_titration.plan import Plan
from ldn_titration.preparation import Drops
from ldn_titration.words import (
    Table,
    day_words,
    directions,
    dose_words,
    how_often,
    judged,
    missing_words,
    override_words,
    preparations_words,
    remarks,
    times_differ,
    totals_words,
)

__all__ = ["clinician_tables", "plan_facts", "verdict_words"]

_ORDER = (Outcome.FIRED, Outcome.NOT_EVALUATED, Outcome.DID_NOT_FIRE)


def clinician_tables(plan: Plan, *, dateless: bool = False) -> Iterator[Table]:
    """Every table of the clinician's page, those with rows only, in their order."""
    screening = plan.screening
    tables = (
        _findings_table(judged(screening)),
        _regimen_table(plan, dateless=dateless),
        _diary_table(plan, dateless=dateless),
        _milestones_table(screening),
        _medicines_table(screening),
        _basis_table(screening),
        _sources_table(plan),
    )
    return (table for table in tables if table.rows)


def _milestones_table(screening: Screening) -> Table:
    rows = [
        (str(due.on), str(due.until or ""), due.title, due.what, ", ".join(due.sources))
        for due in screening.milestones
    ]
    return Table("Dated notes", ("On", "Until", "Note", "What is due", "Sources"), rows)


def _medicines_table(screening: Screening) -> Table:
    rows = [(each.line, each.read_as, each.why) for each in screening.medicines]
    return Table("Medicines as they were read", ("Listed", "Read as", "Why"), rows)


def _basis_table(screening: Screening) -> Table:
    columns = ("Code", "Rule", "Outcome, what would change it", "Inputs", "Sources (tier)")
    rows = [
        _basis_row(rule)
        for outcome in _ORDER
        for rule in screening.basis
        if rule.outcome is outcome
    ]
    return Table("Basis: every rule", columns, rows)


def _basis_row(rule: RuleOutcome) -> tuple[str, ...]:
    changes = "" if rule.outcome is Outcome.DID_NOT_FIRE else f". {rule.changes}"
    on = f" From {rule.changes_on}." if rule.changes_on else ""
    return (
        rule.code,
        rule.says,
        f"{rule.outcome.value}{changes}{on}",
        "; ".join(f"{name}: {value}" for name, value in rule.inputs),
        ", ".join(f"{source.key} ({source.tier})" for source in rule.sources),
    )


def _regimen_table(plan: Plan, *, dateless: bool = False) -> Table:
    """The steps with their first and last days; and what else is said of them."""
    told, timed = any(map(remarks, plan.steps)), times_differ(plan)

    def day(number: int, on: date) -> str:
        return f"Day {number}" if dateless else str(on)

    rows = [
        (
            str(step.step),
            day(step.first_day, step.first),
            day(step.first_day + step.days - 1, step.last),
            str(step.days),
            dose_words(step),
            directions(step, timed=timed),
            *(["; ".join(remarks(step))] if told else ()),
        )
        for step in plan.steps
    ]
    columns = ("Step", "From", "To", "Days", "Dose a day", "Take")
    return (
        Table("Regimen, with remarks", (*columns, "Remarks"), rows)
        if told
        else Table("Regimen", columns, rows)
    )


def _diary_table(plan: Plan, *, dateless: bool) -> Table:
    """What happened, in the order of its days."""

    def day(on: date) -> str:
        return f"Day {(on - plan.start).days + 1}" if dateless else str(on)

    events = sorted(plan.diary, key=lambda event: event.on)
    rows = [(day(each.on), each.what, each.reason or "") for each in events]
    return Table("Diary", ("On", "What happened", "Reason"), rows)


def _source(key: str) -> Source:
    """The source of that key; one of a site's overlay has only its key here."""
    site = Source(key, "Overlay of this site", "this site", "", "overlay", 4, "", "")
    return knowledge().sources.get(key, site)


_ALWAYS_CITED = ("merative_naltrexone", "brief-004")  # never double; tell of naltrexone


def _cited(plan: Plan) -> tuple[Source, ...]:
    """Every source that the pages of a plan rest on, each once, most trusted first."""
    screening = plan.screening
    keys = dict.fromkeys(source.key for rule in screening.basis for source in rule.sources)
    keys.update(dict.fromkeys(key for due in screening.milestones for key in due.sources))
    keys.update(dict.fromkeys(key for found in screening.findings for key in found.sources))
    keys.update(dict.fromkeys(_ALWAYS_CITED))
    if any(isinstance(each, Drops) for _, each in plan.preparations):
        for row in ("dropper_tolerance", "dropper_volume_error"):
            keys.update(dict.fromkeys(policy(row).sources))
    if plan.regimen.cited is not None:
        keys[plan.regimen.cited.source] = None
    return tuple(sorted((_source(key) for key in keys), key=lambda s: (s.tier, s.key)))


def plan_facts(plan: Plan, *, dateless: bool = False) -> tuple[tuple[str, str], ...]:
    """The plan in a few lines: dates, length, preparation, totals."""
    totals = plan.totals
    facts = [] if dateless else [("Dates", f"{day_words(plan.start)} to {day_words(plan.end)}")]
    facts += [
        ("Length", sig.count(totals.days, "day")),
        ("When", how_often(plan).capitalize()),
        ("Preparation", preparations_words(plan)),
        ("Total taken", totals_words(totals)),
    ]
    if plan.regimen.cited is not None:
        facts.insert(0, ("Protocol", f"{plan.regimen.cited.title} ({plan.regimen.protocol})"))
    return tuple(facts)


def verdict_words(screening: Screening, patient: PatientFacts | None) -> str:
    """The verdict in a few sentences: for which start, assessed by whom, what is missing."""
    words = f"Screening for a start on {screening.start}: {str(screening.verdict).upper()}."
    if patient is not None and patient.assessed_by and patient.assessed_on:
        words += f" Assessed by {patient.assessed_by} on {patient.assessed_on}."
    if screening.not_before is not None:
        words += f" Opioid-free intervals allow a start from {screening.not_before}."
    if screening.missing:
        words += f" {missing_words(screening)}"
    return " ".join((words, *override_words(screening)))


def _findings_table(findings: Sequence[Finding]) -> Table:
    """The findings, worst first, with what to do and their sources."""
    columns = ("Code", "Severity", "Finding", "What to do", "Clears on", "Sources")
    rows = [
        (f.code, str(f.severity), f.message, f.action, str(f.clears_on or ""), ", ".join(f.sources))
        for f in findings
    ]
    return Table("Findings", columns, rows)


def _sources_table(plan: Plan) -> Table:
    """What the pages rest on, most trusted first."""
    rows = [(s.key, s.title, s.publisher, str(s.tier)) for s in _cited(plan)]
    return Table("Sources", ("Key", "Title", "Publisher", "Tier"), rows)
