"""The case that every rule judges, and the shape of a rule."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from functools import partial
from typing import NamedTuple

from ldn_titration.findings import Severity
from ldn_titration.knowledge import Knowledge, Policy
from ldn_titration.knowledge.rows import Condition, Interaction
from ldn_titration.patient import PatientFacts
from ldn_titration.preparation import Preparation
from ldn_titration.regimen import Regimen
from ldn_titration.rules.exposures import (
    Exposure,
    ListedMedicine,
    exposures_of,
    interactions_of,
    medicines_of,
)
from ldn_titration.values import whole_day

__all__ = ["Case", "Due", "Found", "Rule", "rule"]


class Case(NamedTuple):
    """One patient, one start (a date, or a date-time with its offset), and what is planned.

    ``unrecognised`` are the entries of the medication list that were not understood.
    """

    patient: PatientFacts
    start: date
    regimen: Regimen | None
    preparation: Preparation | None
    days: int | None
    base: Knowledge
    medicines: tuple[ListedMedicine, ...]
    exposures: tuple[Exposure, ...]
    interactions: tuple[tuple[str, Interaction], ...]
    unrecognised: tuple[str, ...]

    @classmethod
    def of(
        cls,
        patient: PatientFacts,
        start: date,
        regimen: Regimen | None,
        preparation: Preparation | None,
        base: Knowledge,
        days: int | None = None,
    ) -> Case:
        """The case, with the patient's medicines matched against the knowledge base."""
        listed = medicines_of(patient, base)
        exposures = tuple(exposures_of(patient, listed, base))
        pairs = tuple(interactions_of(listed, base))
        unknown = tuple(m.label for m in listed if m.line.kind in {"unknown", "hidden"})
        planned = (patient, start, regimen, preparation, days)
        return cls(*planned, base, listed, exposures, pairs, unknown)

    @property
    def start_day(self) -> date:
        """The date of the start."""
        return whole_day(self.start)

    def policy(self, key: str) -> Policy:
        """A number of the knowledge base."""
        return self.base.policy[key]

    def is_unknown(self, name: str) -> bool:
        """Whether nobody stated that fact, or that part of what is planned."""
        if name in {"regimen", "preparation"}:
            return getattr(self, name) is None
        return self.patient.is_unknown(name)

    def interactions_of(self, code: str) -> list[tuple[str, Interaction]]:
        """Each listed medicine of which this rule tells, with its row."""
        return [(label, row) for label, row in self.interactions if row.code == code]

    def conditions_of(self, code: str) -> list[tuple[str, Condition]]:
        """Each of the patient's conditions that this rule reads, with its row."""
        rows = ((name, self.base.condition(name)) for name in self.patient.conditions or ())
        return [(name, row) for name, row in rows if row is not None and row.code == code]


class Found(NamedTuple):
    """What a rule found, before it has its code and the rule's sources."""

    severity: Severity
    message: str
    action: str
    clears_on: date | None = None
    sources: tuple[str, ...] = ()


class Due(NamedTuple):
    """A dated note that a rule asks for: in a few words, and in a sentence."""

    on: date
    title: str
    what: str
    until: date | None = None
    sources: tuple[str, ...] = ()
    every_day: bool = False


Judge = Callable[[Case], Iterable[Found | Due]]
"""A judge yields what it finds in a case; nothing where it does not apply."""


class Rule(NamedTuple):
    """One rule: its code, what it must know, what it reads in all, and how it judges."""

    code: str
    needs: tuple[str, ...]
    inputs: tuple[str, ...]
    judge: Judge

    def wanting(self, case: Case) -> tuple[str, ...]:
        """What it needs and nobody stated, and each medicine that was not understood."""
        facts = [name for name in self.needs if case.is_unknown(name)]
        if "medications" in self.needs:
            facts += [f"what {label} is" for label in case.unrecognised]
        return tuple(facts)


def rule(code: str, needs: str = "", reads: str = "") -> Callable[[Judge], Rule]:
    """Make a rule of a judge: ``@rule("HEP-01", needs="liver_disease")``."""
    must, more = tuple(needs.split()), tuple(reads.split())
    return partial(Rule, code, must, (*must, *more))
