"""The rules: each a small cited function of a case, in one tuple.

To add a rule, write a function that takes a :class:`~ldn_titration.rules.case.Case` and
yields findings, and put it into RULES.
"""

from __future__ import annotations

from ldn_titration.rules import completeness, contraindications, dosing, procedures, washout
from ldn_titration.rules.case import Rule

__all__ = ["RULES"]

RULES: tuple[Rule, ...] = (
    washout.ongoing_opioid,
    washout.interval_too_short,
    washout.depot_buprenorphine,
    washout.unknown_exposure,
    washout.tests_for_opioids,
    washout.implied_opioid,
    washout.gut_and_kappa_opioids,
    contraindications.dependence_or_withdrawal,
    contraindications.hypersensitivity,
    contraindications.naltrexone_from_elsewhere,
    contraindications.liver,
    contraindications.kidney,
    contraindications.pregnancy,
    contraindications.breastfeeding,
    contraindications.childhood,
    contraindications.mood,
    contraindications.lactose,
    completeness.missing_facts,
    completeness.unrecognised_medicines,
    completeness.unjudged_conditions,
    dosing.dose_range,
    dosing.protocol_caution,
    procedures.planned_opioid,
)
