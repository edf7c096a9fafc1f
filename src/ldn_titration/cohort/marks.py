"""Findings as marks: which rules found something, a bit for each rule, by severity.

The findings of a person are those of the parts of what is known of them, put together: a
bit is set in the whole where it is set in any part. So marks are worked out by the scalar
rules, once for each distinct part, and added up with ``or``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ldn_titration.cohort.columns import require_arrow
from ldn_titration.findings import Finding, Severity
from ldn_titration.rules import RULES

__all__ = [
    "CODES",
    "INTERVAL",
    "NOT_RECORDED",
    "RANKS",
    "UNREADABLE",
    "codes_of",
    "mark",
    "marks_of",
    "verdicts",
]

UNREADABLE, NOT_RECORDED = "ROW-01", "ROW-02"

CODES: tuple[str, ...] = (*(rule.code for rule in RULES), "OVR-01", UNREADABLE, NOT_RECORDED)
"""What a bit stands for, in the order in which a screening tells its findings.

``ROW-01`` is a row of the person that cannot be read, ``ROW-02`` a person without a record.
"""

_BIT = {code: 1 << place for place, code in enumerate(CODES)}

INTERVAL: int = sum(bit for code, bit in _BIT.items() if code.startswith(("OPI-", "MED-", "ROW-")))
"""The bits that speak of opioids, of what may be one, and of what is not known of them."""

RANKS: tuple[str, ...] = tuple(str(severity.verdict) for severity in Severity)
"""The verdict that each severity makes, by its rank from 0; info makes clear."""


def marks_of(findings: Iterable[Finding]) -> list[int]:
    """The bits of some findings, a number for each severity, the least first."""
    marks = [0] * len(RANKS)
    for finding in findings:
        marks[finding.severity.rank] |= _BIT[finding.code]
    return marks


def mark(code: str, severity: Severity) -> list[int]:
    """The bits of one finding."""
    marks = [0] * len(RANKS)
    marks[severity.rank] = _BIT[code]
    return marks


def verdicts(marks: Any, among: int = -1) -> tuple[Any, Any]:
    """Of rows of marks the rank of the worst severity, and the bits of it; 0 for none.

    ``among`` are the bits that are looked at.
    """
    np, _ = require_arrow()
    found = marks & among
    worst = np.zeros(len(marks), np.int8)
    for rank in range(len(RANKS)):
        worst[found[:, rank] != 0] = rank
    return worst, found[np.arange(len(marks)), worst]


def codes_of(bits: int) -> list[str]:
    """The codes of bits, in the order in which a screening tells its findings."""
    return [code for code in CODES if bits & _BIT[code]]
