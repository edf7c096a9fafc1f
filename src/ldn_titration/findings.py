"""Findings and verdicts: what a screening says about one patient. No clinical content."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema, model_validator

from ldn_titration.values import LineOfText, PlainDate, Value, faults

__all__ = [
    "Citation",
    "Finding",
    "KnowledgeStamp",
    "MedicineRead",
    "Milestone",
    "Outcome",
    "Override",
    "RuleOutcome",
    "Screening",
    "Severity",
    "Verdict",
    "worst_first",
    "worst_of",
]


class _Ranked(Enum):
    """Members in ascending order of concern, ordered and without a truth value."""

    def __init__(self, _: str) -> None:
        self.rank: int = len(type(self).__members__)

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
    sources: tuple[str, ...] = Field(default=(), strict=False)


class Milestone(Value):
    """A dated note for the calendar: ``title`` in a few words, ``what`` in a sentence.

    ``until`` is the last day on which it is due, where that is a span; ``every_day`` tells
    that it stands on each of them.
    """

    code: str
    on: PlainDate
    until: PlainDate | None = None
    title: str
    what: str
    sources: tuple[str, ...] = Field(default=(), strict=False)
    every_day: bool = False


class KnowledgeStamp(Value):
    """Which knowledge base a screening was made with: its version and its digest."""

    version: str
    sha256: str


class Citation(Value):
    """A source by its key, with its tier: 1 is trusted most, 5 least."""

    key: str
    tier: int


class Outcome(Enum):
    """What became of one rule."""

    FIRED = "fired"
    DID_NOT_FIRE = "did not fire"
    NOT_EVALUATED = "could not be evaluated"


def _pairs(value: object) -> object:
    return tuple(value.items()) if isinstance(value, dict) else value


Inputs = Annotated[
    tuple[tuple[str, str], ...],
    BeforeValidator(_pairs),
    PlainSerializer(dict, return_type=dict[str, str]),
    WithJsonSchema({"type": "object", "additionalProperties": {"type": "string"}}),
    Field(strict=False),
]
"""What a rule read, by name; as JSON an object."""


class RuleOutcome(Value):
    """One rule of a screening: what became of it, on which inputs and sources.

    ``wanting`` names what it lacked. ``changes`` says what would change it, and
    ``changes_on`` is the first start date on which it would be changed, where one is known.
    """

    code: str
    title: str
    outcome: Outcome
    says: str
    inputs: Inputs
    wanting: tuple[str, ...] = Field(strict=False)
    changes: str
    changes_on: PlainDate | None
    sources: tuple[Citation, ...] = Field(strict=False)


class MedicineRead(Value):
    """How one line of the medication list was read, and why it is an opioid or not."""

    line: str
    read_as: str
    why: str


class Override(Value):
    """A named clinician's decision to start in spite of a held finding, with the reason.

    It counts for ``hold`` only. ``digest`` is that of the screening it was made for
    (``Screening.digest``); where it is given, any change of the request, the facts or the
    knowledge base voids the override.
    """

    code: str = Field(pattern=r"^[A-Z]{2,4}-[0-9]{2}$", examples=["OPI-03"])
    reason: LineOfText = Field(examples=["one dose after a tooth extraction"])
    by: LineOfText = Field(examples=["Dr A. Example"])
    on: PlainDate = Field(examples=["2027-01-02"])
    digest: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$")


class Screening(Value):
    """The result of :func:`~ldn_titration.screen`: all findings, and the verdict of the worst.

    ``not_before`` is the first start date that the opioid-free intervals allow, None where
    there is no exposure or no date can be known. ``missing`` names each required fact that
    is not known. ``start`` is the date that was screened. ``basis`` tells what became of
    every rule, ``medicines`` how each line of the list was read. ``overrides`` are those
    that count; ``digest`` is what they are bound to, and ``planned`` is the part of it that
    stands for the regimen, the preparation and the length.
    """

    verdict: Verdict
    not_before: PlainDate | None
    findings: tuple[Finding, ...] = Field(strict=False)
    missing: tuple[str, ...] = Field(strict=False)
    knowledge: KnowledgeStamp
    start: PlainDate
    overrides: tuple[Override, ...] = Field(default=(), strict=False)
    milestones: tuple[Milestone, ...] = Field(default=(), strict=False)
    digest: str
    planned: str
    medicines: tuple[MedicineRead, ...] = Field(default=(), strict=False)
    basis: tuple[RuleOutcome, ...] = Field(strict=False, min_length=1)

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        worst = worst_of(self.findings)
        if self.verdict is not worst:
            faults([("verdict", f'must be "{worst}", the worst of the findings')])
        if self.missing and worst < Verdict.INSUFFICIENT:
            faults([("missing", "names facts that no finding tells of")])
        held = {finding.code for finding in self.findings if finding.severity is Severity.HOLD}
        if any(override.code not in held for override in self.overrides):
            faults([("overrides", "count for held findings only")])
        if any(override.digest != self.digest for override in self.overrides):
            faults([("overrides", "were made for another screening")])
        return self

    @property
    def clears(self) -> bool:
        """Whether a plan may be made: every finding is at most a caution, or overridden."""
        return all(
            finding.severity <= Severity.CAUTION or self._is_overridden(finding)
            for finding in self.findings
        )

    def _is_overridden(self, finding: Finding) -> bool:
        return finding.severity is Severity.HOLD and any(
            override.code == finding.code for override in self.overrides
        )

    def changed(self, **changes: Any) -> Self:
        """The same screening with other ``findings`` or ``overrides``, and their verdict."""
        fields = {name: getattr(self, name) for name in type(self).model_fields}
        fields |= changes
        fields["findings"] = worst_first(fields["findings"])
        fields["verdict"] = worst_of(fields["findings"])
        return type(self)(**fields)

    def with_findings(self, more: Iterable[Finding], told: Iterable[RuleOutcome] = ()) -> Self:
        """The same screening with more findings, and the outcomes of their rules in its basis.

        What it says already is not repeated.
        """
        said = {(finding.code, finding.message) for finding in self.findings}
        new = [finding for finding in more if (finding.code, finding.message) not in said]
        if not new:
            return self
        newly = {rule.code: rule for rule in told}
        basis = tuple(newly.get(rule.code, rule) for rule in self.basis)
        return self.changed(findings=(*self.findings, *new), basis=basis)

    def without_overrides(self, why: Iterable[Finding]) -> Self:
        """The same screening in which no override counts, and the findings that say why."""
        return self.changed(findings=(*self.findings, *why), overrides=())

    def _repr_html_(self) -> str:
        from ldn_titration.markup import rows_table

        rows = [
            (f.code, f.severity, f.message, f.action, f.clears_on or "", ", ".join(f.sources))
            for f in self.findings
        ]
        caption = f"Screening for a start on {self.start}: {str(self.verdict).upper()}"
        columns = ("Code", "Severity", "Finding", "What to do", "Clears on", "Sources")
        return rows_table(caption, columns, rows)


def worst_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings, worst first, else in their order."""
    return tuple(sorted(findings, key=lambda finding: -finding.severity.rank))


def worst_of(findings: Iterable[Finding]) -> Verdict:
    """The verdict that the worst of these findings makes; CLEAR where there is none."""
    return max((finding.severity.verdict for finding in findings), default=Verdict.CLEAR)
