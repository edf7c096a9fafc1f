"""Screening: every rule over one patient; the worst finding decides, and the basis is told."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date
from functools import partial

from ldn_titration.basis import Judged, judge, medicine_read, outcomes_of
from ldn_titration.findings import (
    Finding,
    KnowledgeStamp,
    Milestone,
    Override,
    RuleOutcome,
    Screening,
    Severity,
    worst_first,
    worst_of,
)
from ldn_titration.knowledge import Knowledge, knowledge
from ldn_titration.patient import PatientFacts
from ldn_titration.preparation import Preparation
from ldn_titration.quantities import Mass
from ldn_titration.regimen import Regimen
from ldn_titration.rules import RULES
from ldn_titration.rules.case import Case
from ldn_titration.rules.dosing import (
    dose_range,
    judge_doses,
    judge_rises,
    start_increment_and_pace,
)
from ldn_titration.rules.washout import not_before
from ldn_titration.selfcheck import require_canaries
from ldn_titration.values import Value, read_start, whole_day

__all__ = ["judged_doses", "planned_digest", "screen", "void_override"]


def screen(
    patient: PatientFacts,
    start: date | str,
    regimen: Regimen | None = None,
    preparation: Preparation | None = None,
    *,
    days: int | None = None,
    base: Knowledge | None = None,
) -> Screening:
    """All findings about starting naltrexone in this patient on this day, with their basis.

    ``start`` is a date or a date-time with its offset, or the text of one. Without a
    regimen its doses are not judged; :func:`~ldn_titration.schedule` judges them in any
    case. An override is bound to everything given here, so that it counts only for the plan
    of this regimen and ``preparation``, of this length in ``days``. ``base`` is the
    knowledge base, the shipped one unless a site has its own overlay. What is wrong with a
    patient is a finding, never an error, and what is unknown makes the verdict
    ``insufficient`` at least.
    Raises InvalidInputError for a start that is no date, and KnowledgeError where a rule is
    silent about its canary.

    >>> from datetime import date
    >>> from ldn_titration import PatientFacts, screen
    >>> screen(PatientFacts(), date(2027, 1, 4)).verdict.value
    'insufficient'
    """
    base = base or knowledge()
    require_canaries(base)
    case = Case.of(patient, read_start(start), regimen, preparation, base, days)
    judged = [judge(rule, case) for rule in RULES]
    request = planned_digest(case.start, regimen, preparation, days)
    bound = _digest(request, patient.model_dump_json(exclude={"overrides"}), base.sha256)
    found = [finding for each in judged for finding in each.findings]
    overrides, void = _overrides(patient.overrides, found, bound, case)
    findings = worst_first([*found, *void])
    return Screening(
        verdict=worst_of(findings),
        not_before=not_before(case),
        findings=findings,
        missing=patient.missing(),
        knowledge=KnowledgeStamp(version=base.version, sha256=base.sha256),
        start=case.start_day,
        overrides=overrides,
        milestones=_milestones(judged),
        digest=bound,
        planned=request,
        medicines=tuple(medicine_read(medicine, base) for medicine in case.medicines),
        basis=tuple(outcomes_of(judged, case)),
    )


def judged_doses(
    start: date,
    regimen: Regimen,
    more: Sequence[tuple[int, Mass]] = (),
    rises: Sequence[tuple[int, Mass]] = (),
) -> tuple[list[Finding], list[RuleOutcome]]:
    """What the doses of a regimen say by themselves, whoever the patient is, and its basis.

    ``more`` are daily doses that a plan has beside those of the regimen, and ``rises`` the
    increments, each with its step.
    """
    case = Case.of(PatientFacts(), start, regimen, None, knowledge())
    judged = [judge(dose_range._replace(judge=partial(judge_doses, more=more)), case)]
    if rises:
        judge_these = partial(judge_rises, more=rises)
        judged.append(judge(start_increment_and_pace._replace(judge=judge_these), case))
    findings = [finding for each in judged for finding in each.findings]
    return findings, list(outcomes_of(judged, case))


def _milestones(judged: Sequence[Judged]) -> tuple[Milestone, ...]:
    dues = [milestone for each in judged for milestone in each.milestones]
    return tuple(sorted(dues, key=lambda milestone: milestone.on))


# --- what an override is bound to -----------------------------------------------------


def planned_digest(*planned: object) -> str:
    """The digest of what is planned: start, regimen, preparation, length (None: not stated)."""
    return _digest(*map(_canonical, planned))


def _canonical(value: object) -> str:
    return value.model_dump_json() if isinstance(value, Value) else str(value)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _overrides(
    asked: Sequence[Override], found: Sequence[Finding], bound: str, case: Case
) -> tuple[tuple[Override, ...], tuple[Finding, ...]]:
    """The overrides that count, bound to this screening, and a finding for each that does not."""
    held = {finding.code for finding in found if finding.severity is Severity.HOLD}
    reasons = [(each, _why_void(each, held, bound, case)) for each in asked]
    counting = (each for each, why in reasons if not why)
    return (
        tuple(each.model_copy(update={"digest": bound}) for each in counting),
        tuple(void_override(each, why) for each, why in reasons if why),
    )


def _why_void(override: Override, held: set[str], bound: str, case: Case) -> str:
    if override.digest is not None and override.digest != bound:
        return "the request, the facts or the knowledge base changed since it was made"
    if override.code not in held:
        return "no finding of that code is held here"
    if any(each.last and override.on < whole_day(each.last) for each in case.exposures):
        return "it is dated before the last opioid"
    return "it is dated after the start" if override.on > case.start_day else ""


def void_override(override: Override, why: str) -> Finding:
    """What is said of an override that does not count."""
    return Finding(
        code="OVR-01",
        severity=Severity.INFO,
        message=f"The override of {override.code} by {override.by} does not count: {why}.",
        action="Read the findings again, and override them anew if that is still meant.",
        sources=("project_choice",),
    )
