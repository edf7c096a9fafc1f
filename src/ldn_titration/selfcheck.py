"""The self-check: canary patients in whom each rule must fire, or nothing is screened.

A rule that is dropped, renamed or silent would read as "nothing found". So before a
knowledge base is used for the first time, every rule is shown its canaries.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from ldn_titration.basis import judge
from ldn_titration.errors import KnowledgeError, NotMeasurableError
from ldn_titration.findings import Severity
from ldn_titration.knowledge import Knowledge
from ldn_titration.patient import PatientFacts
from ldn_titration.preparation import Capsules, Drops, Preparation
from ldn_titration.regimen import Regimen
from ldn_titration.rules import RULES
from ldn_titration.rules.case import Case
from ldn_titration.values import read_start

__all__ = ["Canary", "canaries", "check", "require_canaries"]

_HERE = Path(__file__).parent


class Canary(NamedTuple):
    """A patient in whom one rule must fire with one severity (or ``due``, a dated note)."""

    code: str
    severity: str
    what: str
    start: str
    patient: PatientFacts
    regimen: Regimen | None
    preparation: Preparation | None


class CanaryResult(NamedTuple):
    """A canary, and whether its rule fired as it must."""

    canary: Canary
    fired: bool

    def told(self) -> dict[str, object]:
        """As plain data."""
        canary = self.canary
        told = {"code": canary.code, "severity": canary.severity, "what": canary.what}
        return {**told, "fired": self.fired}


def canaries() -> tuple[Canary, ...]:
    """The shipped canaries, in the order of the rules."""
    text = (_HERE / "knowledge" / "canaries.json").read_text(encoding="utf-8")
    content = json.loads(text)
    return tuple(
        _canary(each, content["start"], content["patient"]) for each in content["canaries"]
    )


def _canary(told: dict[str, Any], start: str, usual: dict[str, Any]) -> Canary:
    regimen, preparation = told.get("regimen"), told.get("preparation")
    return Canary(
        told["code"],
        told["severity"],
        told["what"],
        start,
        PatientFacts.model_validate(usual | told.get("patient", {})),
        None if regimen is None else Regimen.model_validate(regimen),
        None if preparation is None else _preparation(preparation),
    )


def _preparation(told: dict[str, Any]) -> Preparation:
    """A canary's preparation; those of the shipped canaries are capsules and drops."""
    kind = Capsules if told["form"] == "capsules" else Drops
    return kind.model_validate(told)


def check(base: Knowledge) -> Iterator[CanaryResult]:
    """Every canary shown to its rule; raises KnowledgeError where a rule has none at all."""
    by_code = {rule.code: rule for rule in RULES}
    known = canaries()
    stated = {entry.code for entry in base.rules.values() if entry.where == "screening"}
    for code in sorted(stated ^ set(by_code) | set(by_code) - {canary.code for canary in known}):
        raise KnowledgeError(f"{code} has no rule, no row in the table or no canary")
    yield from (CanaryResult(canary, _fires(canary, base)) for canary in known)


def _fires(canary: Canary, base: Knowledge) -> bool:
    if canary.severity == "error":
        return _refuses_to_measure(canary)
    rule = next(rule for rule in RULES if rule.code == canary.code)
    case = Case.of(
        canary.patient, read_start(canary.start), canary.regimen, canary.preparation, base
    )
    judged = judge(rule, case)
    if canary.severity == "due":
        return bool(judged.milestones)
    heard = [found.severity for found in judged.findings]
    wanted = Severity(canary.severity)
    if wanted in heard or base.rules[canary.code].at_least in map(str, heard):
        return True
    return base.is_site and _a_worse_one_fires(wanted, case)


def _a_worse_one_fires(wanted: Severity, case: Case) -> bool:
    """Whether a site's longer interval makes of this canary a case for a worse finding."""
    rules = (rule for rule in RULES if rule.code in _INTERVAL_CODES)
    found = (finding for rule in rules for finding in judge(rule, case).findings)
    return any(finding.severity > wanted for finding in found)


_INTERVAL_CODES = frozenset({"OPI-01", "OPI-02", "OPI-03", "SUR-01"})


def _refuses_to_measure(canary: Canary) -> bool:
    if canary.preparation is None or canary.regimen is None:
        return False
    try:
        canary.preparation.measure(canary.regimen.steps[0].daily_dose)
    except NotMeasurableError:
        return True
    return False


@lru_cache(maxsize=8)
def require_canaries(base: Knowledge) -> None:
    """Check a knowledge base once; raises KnowledgeError naming the rules that are silent."""
    silent = [result.canary for result in check(base) if not result.fired]
    if silent:
        named = "; ".join(f"{canary.code} ({canary.what})" for canary in silent)
        raise KnowledgeError(f"the rules are silent about their canaries: {named}")
