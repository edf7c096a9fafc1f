"""What is not known: a missing fact, a medicine or condition that nobody judged."""

from __future__ import annotations

from collections.abc import Iterable

from ldn_titration.findings import Finding, Severity
from ldn_titration.knowledge import knowledge
from ldn_titration.rules.case import Case
from ldn_titration.rules.exposures import rows_of

__all__: list[str] = []

_CHOICE = ("project_choice",)  # what nobody judged is not passed over in silence


def missing_facts(case: Case) -> Iterable[Finding]:
    """FACT-01: a required fact is not known, one finding each."""
    for name in case.patient.missing():
        yield Finding(
            code="FACT-01",
            severity=Severity.INSUFFICIENT,
            message=f"Not known: {name}.",
            action=f'Ask, and state it as "{name}" of the patient.',
        )


def unrecognised_medicines(case: Case) -> Iterable[Finding]:
    """MED-01: a medicine that the knowledge base does not know may be an opioid."""
    names = [m.label for m in case.patient.medications or () if not rows_of(m)]
    hidden = [name for name in names if knowledge().names_an_opioid(name)]
    others = [name for name in names if name not in hidden]
    checked = case.patient.unrecognised_medicines_checked == "yes"
    if hidden:
        yield Finding(
            code="MED-02",
            severity=Severity.INSUFFICIENT,
            message=f"Not recognised, but named like an opioid: {', '.join(hidden)}.",
            action="Write the name alone, without strength and form.",
            sources=_CHOICE,
        )
    if others:
        yield Finding(
            code="MED-01",
            severity=Severity.CAUTION if checked else Severity.INSUFFICIENT,
            message=f"Not recognised: {', '.join(others)}.",
            action="Somebody checked that none is an opioid; interactions are not screened."
            if checked
            else 'Check that none is an opioid, and state "unrecognised_medicines_checked": "yes".',
            sources=_CHOICE,
        )


def unjudged_conditions(case: Case) -> Iterable[Finding]:
    """CON-01: conditions are listed; no rule here reads them."""
    if case.patient.conditions:
        yield Finding(
            code="CON-01",
            severity=Severity.CAUTION,
            message=f"Not judged by any rule: {', '.join(case.patient.conditions)}.",
            action="Weigh each condition against naltrexone.",
            sources=_CHOICE,
        )
