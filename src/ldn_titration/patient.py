"""What is known about a patient, and what is not."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from ldn_titration.values import LineOfText, PartialMoment, PlainDate, Value, faults

__all__ = [
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

    Named by ``substance`` (a name or brand) or by ``rxcui``, one of them.

    >>> OpioidExposure(substance="OxyContin", last_taken="2026-12").last_taken.last_day
    datetime.date(2026, 12, 31)
    """

    substance: LineOfText | None = Field(default=None, examples=["oxycodone"])
    rxcui: RxCui | None = None
    release: Release = "unknown"
    last_taken: PartialMoment = "unknown"
    ongoing: bool = False

    @model_validator(mode="after")
    def _named_once(self) -> Self:
        if (self.substance is None) == (self.rxcui is None):
            faults([("", 'needs exactly one of "substance" and "rxcui"')])
        return self

    @property
    def label(self) -> str:
        """The name or code by which it was given."""
        return self.substance if self.substance is not None else f"RxCUI {self.rxcui}"


class OpioidHistory(Value):
    """Whether opioids were taken: none (asked, and none), known (with exposures) or unknown."""

    status: Literal["none", "known", "unknown"] = Field(examples=["none"])
    exposures: tuple[OpioidExposure, ...] = Field(default=(), strict=False, max_length=1000)

    @model_validator(mode="after")
    def _status_fits_exposures(self) -> Self:
        if (self.status == "known") != bool(self.exposures):
            faults([("exposures", 'must be given with the status "known", and only then')])
        return self


class Medication(Value):
    """One medicine of the patient's list, by name or by RxNorm code."""

    name: LineOfText | None = None
    rxcui: RxCui | None = None

    @model_validator(mode="after")
    def _named_once(self) -> Self:
        if (self.name is None) == (self.rxcui is None):
            faults([("", 'needs a name as text, or {"rxcui": "..."}')])
        return self

    @property
    def label(self) -> str:
        """The name or code by which it was given."""
        return self.name if self.name is not None else f"RxCUI {self.rxcui}"


class OpioidTest(Value):
    """A urine opioid screen or a naloxone challenge, with its result and day."""

    result: Literal["negative", "positive", "pending"] = Field(examples=["negative"])
    on: PlainDate


class PlannedOpioid(Value):
    """An opioid that is planned for a coming day, such as for surgery."""

    on: PlainDate
    reason: LineOfText = Field(examples=["surgery"])


def _named(value: object) -> object:
    return {"name": value} if isinstance(value, str) else value


Listed = Annotated[Medication, BeforeValidator(_named)]


class PatientFacts(Value):
    """Everything that screening may ask about a patient. What is absent is unknown.

    An empty list means "asked, and none". ``name`` is only printed, never exported.
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
    medications: tuple[Listed, ...] | None = Field(default=None, strict=False, max_length=1000)
    unrecognised_medicines_checked: Fact = "unknown"
    conditions: tuple[LineOfText, ...] | None = Field(default=None, strict=False, max_length=1000)
    urine_opioid_screen: OpioidTest | None = None
    naloxone_challenge: OpioidTest | None = None
    planned_opioid: tuple[PlannedOpioid, ...] = Field(default=(), strict=False, max_length=100)
    lactose_intolerance: Fact = "unknown"
    overrides: tuple[Any, ...] = Field(default=(), strict=False)

    @model_validator(mode="after")
    def _no_override_yet(self) -> Self:
        if self.overrides:
            faults([("overrides", "are not honoured yet by this version; leave it empty")])
        return self

    def missing(self) -> tuple[str, ...]:
        """The required facts that are not known, in the order of the form."""
        return tuple(name for name in REQUIRED if self._is_unknown(name))

    def _is_unknown(self, name: str) -> bool:
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
