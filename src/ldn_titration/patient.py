"""What is known about a patient, and what is not."""

from __future__ import annotations

import re
from datetime import date
from fractions import Fraction
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainSerializer,
    WithJsonSchema,
    model_validator,
)

from ldn_titration.findings import Override
from ldn_titration.knowledge import knowledge
from ldn_titration.quantities import Mass
from ldn_titration.units import decimal_text
from ldn_titration.values import (
    LineOfText,
    PartialMoment,
    PlainDate,
    SiteCode,
    Value,
    at_most,
    faults,
)

__all__ = [
    "EarlierNaltrexone",
    "Fact",
    "Medication",
    "OpioidExposure",
    "OpioidHistory",
    "OpioidTest",
    "PatientFacts",
    "PlannedOpioid",
    "Release",
]

Fact = Literal["yes", "no", "unknown"]
"""A fact has three values; one that nobody stated is unknown."""

Release = Literal["immediate", "extended", "transdermal", "depot", "unknown"]
"""How a medicine lets go of its drug."""

RxCui = Annotated[str, Field(pattern=r"^[0-9]{1,8}$", examples=["7804"])]


class OpioidExposure(Value):
    """One opioid that was taken: what, in which form, when last (a patch: when removed).

    Named by ``substance`` (a name or brand), by ``rxcui``, or by a ``code`` of a site's
    overlay; one of them. ``daily_dose`` is read where the dose decides (loperamide).

    >>> OpioidExposure(substance="OxyContin", last_taken="2026-12").last_taken.last_day
    datetime.date(2026, 12, 31)
    """

    substance: LineOfText | None = Field(default=None, examples=["oxycodone"])
    rxcui: RxCui | None = None
    code: SiteCode | None = None
    release: Release = "unknown"
    last_taken: PartialMoment = "unknown"
    ongoing: bool = False
    daily_dose: Mass | None = Field(default=None, examples=["16 mg"])

    @model_validator(mode="after")
    def _named_once(self) -> Self:
        if [self.substance, self.rxcui, self.code].count(None) != 2:
            faults([("", 'needs exactly one of "substance", "rxcui" and "code"')])
        return self

    @property
    def label(self) -> str:
        """The name or code by which it was given."""
        return self.substance or self.code or f"RxCUI {self.rxcui}"


class OpioidHistory(Value):
    """Whether opioids were taken: none (asked, and none), known (with exposures) or unknown."""

    status: Literal["none", "known", "unknown"] = Field(examples=["none"])
    exposures: Annotated[tuple[OpioidExposure, ...], at_most(1000)] = Field(
        default=(), strict=False, max_length=1000
    )

    @model_validator(mode="after")
    def _status_fits_exposures(self) -> Self:
        if (self.status == "known") != bool(self.exposures):
            faults([("exposures", 'must be given with the status "known", and only then')])
        return self


class Medication(Value):
    """One medicine of the patient's list, by name, RxNorm code or a code of a site's overlay."""

    name: LineOfText | None = None
    rxcui: RxCui | None = None
    code: SiteCode | None = None

    @model_validator(mode="after")
    def _named_once(self) -> Self:
        if [self.name, self.rxcui, self.code].count(None) != 2:
            faults([("", 'needs a name as text, {"rxcui": "..."} or {"code": "..."}')])
        return self

    @property
    def label(self) -> str:
        """The name or code by which it was given."""
        return self.name or self.code or f"RxCUI {self.rxcui}"


class OpioidTest(Value):
    """A urine opioid screen or a naloxone challenge, with its result and day."""

    result: Literal["negative", "positive", "pending"] = Field(examples=["negative"])
    on: PlainDate


class PlannedOpioid(Value):
    """An opioid that is planned for a coming day, such as for surgery.

    ``until`` is the last day on which it is expected; ``substance`` is which one it will be.
    """

    on: PlainDate
    reason: LineOfText = Field(examples=["surgery"])
    until: PlainDate | None = None
    substance: LineOfText | None = Field(default=None, examples=["morphine"])

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Self:
        if self.until is not None and self.until < self.on:
            faults([("until", f"must not be before {self.on}")])
        return self

    @property
    def last(self) -> date:
        """The last day on which it is expected."""
        return self.until or self.on


class EarlierNaltrexone(Value):
    """Naltrexone that was taken before an interruption: its last day, dose and form."""

    last_taken: PlainDate
    dose: Mass | None = Field(default=None, examples=["3 mg"])
    form: Literal["oral", "depot"] = "oral"


def _named(value: object) -> object:
    return {"name": value} if isinstance(value, str) else value


_TIMES = re.compile(r"(?:0|[1-9][0-9]{0,2})(?:\.[0-9]{1,3})?", re.ASCII)


def _read_times(value: object) -> Fraction:
    if type(value) is int or (isinstance(value, str) and _TIMES.fullmatch(value)):
        value = Fraction(value)
    if type(value) is Fraction and 0 <= value < 1000 and 1000 % value.denominator == 0:
        return value
    raise ValueError('must be times the upper limit of normal, a decimal as text such as "2.5"')


def _decimal(value: Fraction) -> str:
    return str(decimal_text(value))


TimesLimit = Annotated[
    Fraction,
    BeforeValidator(_read_times),
    PlainSerializer(_decimal, return_type=str),
    WithJsonSchema({"type": ["string", "integer"], "examples": ["2.5"]}),
]
"""How many times the upper limit of normal; a decimal as text, or a whole number."""

Listed = Annotated[Medication, BeforeValidator(_named, json_schema_input_type=str | Medication)]


def _of_a_hold(override: Override) -> Override:
    """An override whose rule can hold, or can be raised to a hold by a site."""
    entry = knowledge().rules.get(override.code)
    if entry is None:
        faults([("code", "is no known rule")])
    elif "hold" not in entry.severities and (
        "insufficient" in entry.severities or set(entry.severities) <= {"stop", "error"}
    ):
        faults([("code", f"{override.code} cannot be overridden: only a hold can")])
    return override


class PatientFacts(Value):
    """Everything that screening may ask about a patient. What is absent is unknown.

    An empty list means "asked, and none". ``name`` is only printed, never exported.
    ``opioid_in_use`` answers the question that a naloxone kit or a laxative antagonist
    raises; ``liver_enzymes`` is ALT or AST, the higher, as times the upper limit of normal.
    """

    name: LineOfText | None = None
    assessed_on: PlainDate | None = Field(default=None, examples=["2027-01-02"])
    assessed_by: LineOfText | None = Field(default=None, examples=["Dr A. Example"])
    opioids: OpioidHistory = Field(
        default=OpioidHistory(status="unknown"), examples=[{"status": "none"}]
    )
    opioid_dependence: Fact = "unknown"
    acute_withdrawal: Fact = "unknown"
    naltrexone_hypersensitivity: Fact = "unknown"
    other_naltrexone: Fact = "unknown"
    age_years: Annotated[int, Field(ge=0, le=130)] | None = Field(default=None, examples=[44])
    pregnant: Fact = "unknown"
    breastfeeding: Fact = "unknown"
    liver_disease: Literal["yes", "no", "unknown", "compensated", "acute_or_decompensated"] = (
        "unknown"
    )
    kidney_impairment: Literal["yes", "no", "unknown", "mild", "moderate", "severe"] = "unknown"
    suicidal_ideation: Fact = "unknown"
    medications: Annotated[tuple[Listed, ...] | None, at_most(1000)] = Field(
        default=None, strict=False, max_length=1000
    )
    unrecognised_medicines_checked: Fact = "unknown"
    conditions: Annotated[tuple[LineOfText, ...] | None, at_most(1000)] = Field(
        default=None, strict=False, max_length=1000
    )
    urine_opioid_screen: OpioidTest | None = None
    naloxone_challenge: OpioidTest | None = None
    planned_opioid: Annotated[tuple[PlannedOpioid, ...], at_most(100)] = Field(
        default=(), strict=False, max_length=100
    )
    lactose_intolerance: Fact = "unknown"
    opioid_in_use: Fact = "unknown"
    liver_enzymes: TimesLimit | None = None
    alcohol: Fact = "unknown"
    earlier_naltrexone: EarlierNaltrexone | None = None
    overrides: Annotated[
        tuple[Annotated[Override, AfterValidator(_of_a_hold)], ...], at_most(100)
    ] = Field(
        default=(),
        strict=False,
        max_length=100,
        examples=[[{"code": "OPI-03", "reason": "...", "by": "...", "on": "2027-01-02"}]],
    )

    def missing(self) -> tuple[str, ...]:
        """The required facts that are not known, in the order of the form."""
        return tuple(name for name in REQUIRED if self.is_unknown(name))

    def is_unknown(self, name: str) -> bool:
        """Whether nobody stated that fact."""
        value = getattr(self, name)
        status = value.status if isinstance(value, OpioidHistory) else value
        return status is None or status == "unknown"


REQUIRED: tuple[str, ...] = (
    "assessed_on",
    "assessed_by",
    "opioids",
    "opioid_dependence",
    "acute_withdrawal",
    "naltrexone_hypersensitivity",
    "other_naltrexone",
    "age_years",
    "pregnant",
    "breastfeeding",
    "liver_disease",
    "kidney_impairment",
    "suicidal_ideation",
    "medications",
    "conditions",
)
"""The facts without which no screening clears."""
