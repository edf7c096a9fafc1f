"""Findings of the linter: one place of an order, and what does not agree there."""

from __future__ import annotations

from typing import Any, NamedTuple

from ldn_titration.findings import Severity
from ldn_titration.intake.orders.amounts import Amount
from ldn_titration.lint.doses import amount_text
from ldn_titration.lint.rhythm import number_text
from ldn_titration.values import printable

__all__ = ["CODES", "Figure", "LintFinding", "finding"]

CODES = {
    "LIN-01": (Severity.STOP, "entered in error"),
    "LIN-02": (Severity.STOP, "an order not to give it"),
    "LIN-03": (Severity.STOP, "a modifier extension"),
    "LIN-04": (Severity.INSUFFICIENT, "no dose"),
    "LIN-05": (Severity.INSUFFICIENT, "a quantity without its unit or code"),
    "LIN-06": (Severity.INSUFFICIENT, "no frequency"),
    "LIN-07": (Severity.CAUTION, "a range in place of one figure"),
    "LIN-08": (Severity.CAUTION, "unit and code disagree, or the code is none"),
    "LIN-09": (Severity.CAUTION, "bounds that are none"),
    "LIN-10": (Severity.CAUTION, "the sequence of the steps"),
    "LIN-11": (Severity.CAUTION, "days without a step"),
    "LIN-12": (Severity.CAUTION, "steps that overlap"),
    "LIN-13": (Severity.CAUTION, "text against bounds"),
    "LIN-14": (Severity.CAUTION, "text against dose"),
    "LIN-15": (Severity.CAUTION, "text against timing"),
    "LIN-16": (Severity.CAUTION, "timing against itself"),
    "LIN-17": (Severity.CAUTION, "quantity against need"),
    "LIN-18": (Severity.CAUTION, "days' supply against days"),
    "LIN-19": (Severity.INSUFFICIENT, "text that is not understood"),
    "LIN-20": (Severity.CAUTION, "text against itself"),
    "LIN-21": (Severity.INSUFFICIENT, "figures that cannot be compared"),
    "LIN-22": (Severity.CAUTION, "text against the shape of the order"),
}
"""Each code with its usual severity and what it is about."""


class Figure(NamedTuple):
    """One side of a finding: which part of the order says it, where, and what."""

    source: str
    where: str
    says: Amount | str

    @property
    def text(self) -> str:
        """What is said, in words."""
        return self.says if isinstance(self.says, str) else amount_text(self.says)

    def told(self) -> dict[str, Any]:
        """The figure as plain data: its number and unit apart where it has them."""
        amount = not isinstance(self.says, str)
        value = number_text(self.says.value) if isinstance(self.says, Amount) else self.says
        unit = self.says.kind if isinstance(self.says, Amount) else None
        return {
            "from": self.source,
            "where": printable(self.where),
            "value": value if amount else printable(value),
            "unit": None if unit is None else printable(unit),
            "text": printable(self.text),
        }


class LintFinding(NamedTuple):
    """One thing that an order does not agree with itself about, with the figures.

    ``order`` is the path of the order in what was read, empty for a single one; ``where``
    begins with it. ``figures`` are all sides, in the order of the message.
    """

    order: str
    code: str
    severity: Severity
    where: str
    message: str
    action: str
    figures: tuple[Figure, ...] = ()

    def told(self) -> dict[str, Any]:
        """The finding as plain data, its keys always the same."""
        return {
            "order": printable(self.order),
            "code": self.code,
            "severity": str(self.severity),
            "where": printable(self.where),
            "message": self.message,
            "action": self.action,
            "figures": [figure.told() for figure in self.figures],
        }


def finding(
    code: str,
    where: str,
    message: str,
    action: str,
    *figures: Figure,
    severity: Severity | None = None,
) -> LintFinding:
    """A finding of that code, of its usual severity unless another is told."""
    usual, _ = CODES[code]
    weight = usual if severity is None else severity
    return LintFinding("", code, weight, where, printable(message), action, figures)
