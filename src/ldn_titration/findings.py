"""Findings and verdicts: what a screening says about one patient. No clinical content."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from enum import Enum
from typing import Self

from pydantic import Field, model_validator

from ldn_titration.values import PlainDate, Value, faults

__all__ = ["Finding", "KnowledgeStamp", "Screening", "Severity", "Verdict"]


class _Ranked(Enum):
    """Members in ascending order of concern, ordered and without a truth value."""

    @property
    def rank(self) -> int:
        return list(type(self)).index(self)

    def __lt__(self, other: Self) -> bool:
        return self.rank < other.rank if type(other) is type(self) else NotImplemented

    def __le__(self, other: Self) -> bool:
        return self.rank <= other.rank if type(other) is type(self) else NotImplemented

    def __gt__(self, other: Self) -> bool:
        return self.rank > other.rank if type(other) is type(self) else NotImplemented

    def __ge__(self, other: Self) -> bool:
        return self.rank >= other.rank if type(other) is type(self) else NotImplemented

    def __bool__(self) -> bool:
        raise TypeError(f"a {type(self).__name__} has no truth value; compare it, or ask .clears")

    def __str__(self) -> str:
        return str(self.value)


class Verdict(_Ranked):
    """What the worst finding makes of the whole: CLEAR < CAUTION < INSUFFICIENT < HOLD < STOP.

    A verdict has no truth value, so that ``if verdict:`` cannot pass for a check:

    >>> Verdict.CAUTION < Verdict.STOP, Verdict.CAUTION.clears, Verdict.HOLD.clears
    (True, True, False)
    """

    CLEAR = "clear"
    CAUTION = "caution"
    INSUFFICIENT = "insufficient"
    HOLD = "hold"
    STOP = "stop"

    @property
    def clears(self) -> bool:
        """Whether a plan may be made under this verdict: only CLEAR and CAUTION."""
        return self <= Verdict.CAUTION


class Severity(_Ranked):
    """How much one finding weighs: INFO < CAUTION < INSUFFICIENT < HOLD < STOP."""

    INFO = "info"
    CAUTION = "caution"
    INSUFFICIENT = "insufficient"
    HOLD = "hold"
    STOP = "stop"

    @property
    def verdict(self) -> Verdict:
        """The verdict of a case in which this is the worst."""
        return Verdict.CLEAR if self is Severity.INFO else Verdict(self.value)


class Finding(Value):
    """One thing that a rule says about a patient, with what to do and where it is written.

    ``clears_on`` is the first start date on which it would no longer stand, where that is
    known. ``sources`` are keys of the knowledge base.
    """

    code: str
    severity: Severity
    message: str
    action: str
    clears_on: PlainDate | None = None
    sources: tuple[str, ...] = ()


class KnowledgeStamp(Value):
    """Which knowledge base a screening was made with: its version and its digest."""

    version: str
    sha256: str


class Screening(Value):
    """The result of :func:`~ldn_titration.screen`: all findings, and the verdict of the worst.

    ``not_before`` is the first start date that the opioid-free intervals allow, None where
    there is no exposure or no date can be known. ``missing`` names each required fact that
    is not known. ``start`` is the date that was screened.
    """

    verdict: Verdict
    not_before: PlainDate | None
    findings: tuple[Finding, ...] = Field(strict=False)
    missing: tuple[str, ...] = Field(strict=False)
    knowledge: KnowledgeStamp
    start: PlainDate

    @model_validator(mode="after")
    def _verdict_is_the_worst(self) -> Self:
        worst = worst_of(self.findings)
        if self.verdict is not worst:
            faults([("verdict", f'must be "{worst}", the worst of the findings')])
        if self.missing and worst < Verdict.INSUFFICIENT:
            faults([("missing", "names facts that no finding tells of")])
        return self

    @classmethod
    def of(
        cls,
        findings: Iterable[Finding],
        *,
        start: date,
        knowledge: KnowledgeStamp,
        not_before: date | None = None,
        missing: Iterable[str] = (),
    ) -> Self:
        """The screening with these findings, worst first, and the verdict they make."""
        ordered = tuple(sorted(findings, key=lambda finding: -finding.severity.rank))
        return cls(
            verdict=worst_of(ordered),
            not_before=not_before,
            findings=ordered,
            missing=tuple(missing),
            knowledge=knowledge,
            start=start,
        )

    def with_findings(self, more: Iterable[Finding]) -> Screening:
        """The same screening with more findings; those that it has already are not repeated."""
        new = [finding for finding in more if finding not in self.findings]
        if not new:
            return self
        return Screening.of(
            (*self.findings, *new),
            start=self.start,
            knowledge=self.knowledge,
            not_before=self.not_before,
            missing=self.missing,
        )

    def _repr_html_(self) -> str:
        from ldn_titration.markup import rows_table

        rows = [
            (f.code, f.severity, f.message, f.action, f.clears_on or "", ", ".join(f.sources))
            for f in self.findings
        ]
        caption = f"Screening for a start on {self.start}: {str(self.verdict).upper()}"
        columns = ("Code", "Severity", "Finding", "What to do", "Clears on", "Sources")
        return rows_table(caption, columns, rows)


def worst_of(findings: Iterable[Finding]) -> Verdict:
    """The verdict that the worst of these findings makes; CLEAR where there is none."""
    return max((finding.severity.verdict for finding in findings), default=Verdict.CLEAR)
