"""The case that every rule judges, and the shape of a rule."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from typing import NamedTuple

from ldn_titration.findings import Finding
from ldn_titration.patient import PatientFacts
from ldn_titration.regimen import Regimen
from ldn_titration.rules.exposures import Exposure, exposures_of
from ldn_titration.values import whole_day

__all__ = ["Case", "Rule"]


class Case(NamedTuple):
    """One patient, one start (a date, or a date-time with its offset), and the regimen if known."""

    patient: PatientFacts
    start: date
    regimen: Regimen | None
    exposures: tuple[Exposure, ...]

    @classmethod
    def of(cls, patient: PatientFacts, start: date, regimen: Regimen | None) -> Case:
        """The case, with the patient's exposures matched against the knowledge base."""
        return cls(patient, start, regimen, tuple(exposures_of(patient)))

    @property
    def start_day(self) -> date:
        """The date of the start."""
        return whole_day(self.start)


Rule = Callable[[Case], Iterable[Finding]]
"""A rule yields what it finds in a case; nothing where it does not apply."""
