"""Screening: every rule over one patient; the worst finding decides."""

from __future__ import annotations

from datetime import date

from ldn_titration.findings import KnowledgeStamp, Screening
from ldn_titration.knowledge import knowledge
from ldn_titration.patient import PatientFacts
from ldn_titration.regimen import Regimen
from ldn_titration.rules import RULES
from ldn_titration.rules.case import Case
from ldn_titration.rules.washout import not_before
from ldn_titration.values import read_start

__all__ = ["screen"]


def screen(patient: PatientFacts, start: date | str, regimen: Regimen | None = None) -> Screening:
    """All findings about starting naltrexone in this patient on this day.

    ``start`` is a date or a date-time with its offset, or the text of one. Without a
    regimen its doses are not judged; :func:`~ldn_titration.schedule` judges them in any
    case. What is wrong with a patient is a finding, never an error, and what is unknown
    makes the verdict ``insufficient`` at least. Raises InvalidInputError for a start that is
    no date.

    >>> from datetime import date
    >>> from ldn_titration import PatientFacts, screen
    >>> screen(PatientFacts(), date(2027, 1, 4)).verdict.value
    'insufficient'
    """
    case = Case.of(patient, read_start(start), regimen)
    base = knowledge()
    return Screening.of(
        (finding for rule in RULES for finding in rule(case)),
        start=case.start_day,
        knowledge=KnowledgeStamp(version=base.version, sha256=base.sha256),
        not_before=not_before(case),
        missing=patient.missing(),
    )
