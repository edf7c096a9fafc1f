"""The rules: each a small cited judge of a case, in one tuple.

To add a rule, write a judge that takes a :class:`~ldn_titration.rules.case.Case` and yields
what it found, mark it with its code, put it into RULES, and give it a row in the table of
rules, a canary and a page.
"""

from __future__ import annotations

from ldn_titration.rules import (
    completeness,
    contraindications,
    dosing,
    interactions,
    monitoring,
    procedures,
    washout,
)
from ldn_titration.rules.case import Rule

__all__ = ["RULES"]

RULES: tuple[Rule, ...] = tuple(
    rule
    for room in (
        washout,
        contraindications,
        interactions,
        procedures,
        dosing,
        completeness,
        monitoring,
    )
    for rule in vars(room).values()
    if isinstance(rule, Rule)
)
