"""Doses: the band's ceiling and floor, and what the protocol itself warns of."""

from __future__ import annotations

from collections.abc import Iterable

from ldn_titration.findings import Finding, Severity
from ldn_titration.knowledge import Policy, policy
from ldn_titration.quantities import Mass
from ldn_titration.regimen import Regimen
from ldn_titration.rules.case import Case

__all__ = ["dose_findings"]


def dose_range(case: Case) -> Iterable[Finding]:
    """DOS-01: a daily dose above what the band allows, or below low dose."""
    return () if case.regimen is None else dose_findings(case.regimen)


def dose_findings(regimen: Regimen) -> Iterable[Finding]:
    """What the doses of a regimen say by themselves, whoever the patient is."""
    doses = [step.daily_dose for step in regimen.steps]
    highest, lowest = max(doses), min(doses)
    band = "low_dose_ceiling" if regimen.band == "low" else "standard_dose_ceiling"
    ceiling, caution = policy(band), policy("low_dose_caution")
    if highest > ceiling.mass:
        step = doses.index(highest) + 1
        yield _dose(Severity.STOP, highest, step, f"above {ceiling.mass}", ceiling)
    elif highest > caution.mass:
        step = doses.index(highest) + 1
        yield _dose(Severity.CAUTION, highest, step, f"above {caution.mass}", caution)
    floor = policy("low_dose_floor")
    if regimen.band == "low" and lowest < floor.mass:
        step = doses.index(lowest) + 1
        yield _dose(Severity.STOP, lowest, step, f"below {floor.mass}", floor)


def _dose(severity: Severity, dose: Mass, step: int, limit: str, basis: Policy) -> Finding:
    return Finding(
        code="DOS-01",
        severity=severity,
        message=f"Step {step} gives {dose} a day, {limit} a day. {basis.fact}",
        action="Check for a slip of unit or of decimal point."
        if severity is Severity.STOP
        else "Check that this dose is meant.",
        sources=basis.sources,
    )


def protocol_caution(case: Case) -> Iterable[Finding]:
    """PRO-01: what the chosen protocol's entry says of itself."""
    cited = case.regimen.cited if case.regimen is not None else None
    if cited is not None:
        yield Finding(
            code="PRO-01",
            severity=Severity.INFO,
            message=f"{cited.title}: {cited.caution}",
            action="Weigh this before prescribing.",
            sources=(cited.source,),
        )
