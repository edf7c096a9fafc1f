"""Data types of FHIR R4 (4.0.1), as far as they are written here, and stricter.

What the standard leaves open and a reader could misread is closed: a quantity has its unit
and the UCUM code of that unit, a timing always tells how often, and no dose is a range.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from ldn_titration.fhir import ucum
from ldn_titration.values import PlainDate, Value, faults

__all__ = [
    "Annotation",
    "CodeableConcept",
    "Coding",
    "Dosage",
    "DoseAndRate",
    "Element",
    "EventTiming",
    "Extension",
    "Period",
    "Quantity",
    "Reference",
    "Repeat",
    "Text",
    "Timing",
    "Uri",
]


def _printed(text: str) -> str:
    if not text.strip() or _CONTROL.search(text):
        raise ValueError("must be text with no control character")
    return text


_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")


Text = Annotated[str, AfterValidator(_printed)]
"""Text that says something, with no control character."""

Uri = Annotated[str, Field(pattern=r"^(urn:|https?://)\S+$")]
"""An absolute identifier."""


Pointer = Annotated[str, Field(pattern=r"^(urn:uuid:|https?://|[A-Z][A-Za-z]+/)\S+$")]
"""Where a resource is: a URN, an address, or its type and id."""


class Element(Value):
    """A part of a resource; its JSON names are those of the standard."""

    model_config: ClassVar[ConfigDict] = ConfigDict(alias_generator=to_camel, validate_by_name=True)


class Coding(Element):
    """A code of a system of codes."""

    system: Uri
    code: Annotated[str, Field(pattern=r"^\S+( \S+)*$")]
    display: Text | None = None


class CodeableConcept(Element):
    """A thing by its words, and by codes where there are such."""

    coding: tuple[Coding, ...] = Field(default=(), strict=False)
    text: Text


class Reference(Element):
    """Another resource: where it is, or in words which one."""

    reference: Pointer | None = None
    display: Text | None = None

    @model_validator(mode="after")
    def _says_which(self) -> Self:
        if self.reference is None and self.display is None:
            faults([("", "needs a reference or a display")])
        return self


def _exact(value: object) -> object:
    """A whole number of JSON is a decimal number too."""
    return Decimal(value) if isinstance(value, int) and not isinstance(value, bool) else value


class Quantity(Element):
    """A positive amount with its unit, as printed and as UCUM code, and they agree.

    >>> Quantity(value=Decimal("0.25"), unit="mg", code="mg").code
    'mg'
    """

    value: Annotated[Decimal, BeforeValidator(_exact), Field(gt=0, max_digits=30, strict=True)]
    unit: Text
    system: Literal["http://unitsofmeasure.org"] = "http://unitsofmeasure.org"
    code: str

    @model_validator(mode="after")
    def _unit_and_code_agree(self) -> Self:
        unit = self.unit.split(" of ")[0]
        if ucum.CODES.get(unit) != self.code:
            wanted = ucum.CODES.get(unit, f"one of {', '.join(ucum.CODES)} as unit")
            faults([("code", f'"{self.code}" is not the UCUM code of "{unit}": {wanted}')])
        return self


class Extension(Element):
    """What the standard has no element for; one value."""

    url: Uri
    value_string: Text | None = None
    value_integer: int | None = None
    value_quantity: Quantity | None = None

    @model_validator(mode="after")
    def _has_one_value(self) -> Self:
        values = (self.value_string, self.value_integer, self.value_quantity)
        if sum(value is not None for value in values) != 1:
            faults([("", "needs exactly one value")])
        return self


class Annotation(Element):
    """A note."""

    text: Text


class Period(Element):
    """From a first to a last day, both included."""

    start: PlainDate
    end: PlainDate

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Self:
        if self.end < self.start:
            faults([("end", f"must not be before {self.start}")])
        return self


_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]", re.ASCII)


def _clock(text: str) -> str:
    if not _TIME.fullmatch(text):
        raise ValueError('must be a time such as "21:30:00"')
    return text


EventTiming = Literal["MORN", "NOON", "AFT", "EVE", "HS"]
"""A time of day by FHIR's code: morning, noon, afternoon, evening, bedtime."""


class Repeat(Element):
    """How often, over which days, and when in the day; never left to be assumed."""

    bounds_period: Period
    frequency: Annotated[int, Field(ge=1, le=24)]
    period: Annotated[int, Field(ge=1)]
    period_unit: Literal["d"]
    time_of_day: tuple[Annotated[str, AfterValidator(_clock)], ...] = Field(
        default=(), strict=False
    )
    when: tuple[EventTiming, ...] = Field(default=(), strict=False)

    @model_validator(mode="after")
    def _several_only_each_day(self) -> Self:
        if self.period > 1 and self.frequency > 1:
            faults([("period", "must be 1 where there are several doses")])
        return self

    @model_validator(mode="after")
    def _times_are_as_many_as_doses(self) -> Self:
        times = len(self.time_of_day) + len(self.when)
        if self.time_of_day and self.when:
            faults([("when", "must not stand beside timeOfDay")])
        if times and times != self.frequency:
            faults([("frequency", f"is {self.frequency}, but {times} times of day are told")])
        return self

    @property
    def words(self) -> str:
        """How often, in words: "once a day", "every other day"."""
        if self.period > 1:
            return "every other day" if self.period == 2 else f"every {self.period} days"
        often = {1: "once a day", 2: "twice a day"}
        return often.get(self.frequency) or f"{self.frequency} times a day"


class Timing(Element):
    """When a dose is taken."""

    repeat: Repeat


class DoseAndRate(Element):
    """The amount of one dose."""

    dose_quantity: Quantity


class Dosage(Element):
    """One dose of one step: in words and in structure, and they say the same."""

    extension: tuple[Extension, ...] = Field(default=(), strict=False)
    sequence: Annotated[int, Field(ge=1)]
    text: Text
    additional_instruction: tuple[CodeableConcept, ...] = Field(default=(), strict=False)
    timing: Timing
    as_needed_boolean: Literal[False] = False
    route: CodeableConcept
    dose_and_rate: tuple[DoseAndRate] = Field(strict=False)

    @model_validator(mode="after")
    def _text_says_the_same(self) -> Self:
        repeat, quantity = self.timing.repeat, self.dose_and_rate[0].dose_quantity
        days = repeat.bounds_period
        dose = f"{quantity.value:f} {quantity.unit}"
        faults(
            ("text", f'must say "{words}", as the structure does')
            for words in (dose, f"from {days.start} to {days.end}", repeat.words)
            if not re.search(rf"(?<![\w.]){re.escape(words)}(?!\w)", self.text)
        )
        return self
