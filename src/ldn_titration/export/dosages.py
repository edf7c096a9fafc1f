"""The steps of a plan as FHIR dosages: in words and in structure, each dose exactly."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import groupby

from ldn_titration import sig
from ldn_titration.days import PlannedDose, PlanStep
from ldn_titration.errors import InvalidInputError, Problem
from ldn_titration.fhir.datatypes import (
    CodeableConcept,
    Dosage,
    DoseAndRate,
    EventTiming,
    Extension,
    Period,
    Quantity,
    Repeat,
    Timing,
)
from ldn_titration.fhir.ucum import CODES
from ldn_titration.quantities import Mass, Volume
from ldn_titration.units import decimal_text

__all__ = ["amount", "counted", "dosages", "is_decimal"]

DROPS = "urn:ldn-titration:drops"
"""The extension that tells how many drops a dose is."""


def dosages(steps: Iterable[PlanStep]) -> Iterator[Dosage]:
    """The dosages of each step; doses of one step share its number."""
    spans = ((step, span) for step in steps if step.doses for span in _spans(step))
    for number, (step, (first, last, every)) in enumerate(spans, 1):
        bounds = Period(start=first, end=last)
        for doses in _alike(step.doses):
            repeat = _repeat(doses, bounds, every)
            yield _dosage(number, step, doses[0], repeat)


def _spans(step: PlanStep) -> Iterator[tuple[date, date, int]]:
    """First and last day of each stretch of a step, and every how many days one has a dose."""
    cycle = step.cycle
    if cycle is None:
        yield step.first, step.last, 1
        return
    on = [n for n in range(step.days) if cycle.is_on(step.position + n)]
    if cycle.days_on == 1 and len(on) > 1 and len(_alike(step.doses)[0]) == 1:
        yield step.first + timedelta(on[0]), step.last, cycle.days
        return
    for _, turn in groupby(on, key=lambda n: (step.position + n) // cycle.days):
        first, *more = turn
        yield step.first + timedelta(first), step.first + timedelta((first, *more)[-1]), 1


def _alike(doses: Sequence[PlannedDose]) -> list[list[PlannedDose]]:
    """The doses of a day, those that are equal and have no time together."""
    if all(dose == doses[0] and dose.time_of_day is None for dose in doses):
        return [list(doses)]
    return [[dose] for dose in doses]


_WHEN: dict[str, EventTiming] = {
    "morning": "MORN",
    "noon": "NOON",
    "afternoon": "AFT",
    "evening": "EVE",
    "bedtime": "HS",
}


def _repeat(doses: Sequence[PlannedDose], bounds: Period, every: int) -> Repeat:
    time = doses[0].time_of_day or ""
    return Repeat(
        bounds_period=bounds,
        frequency=len(doses),
        period=every,
        period_unit="d",
        time_of_day=(f"{time}:00",) if ":" in time else (),
        when=(_WHEN[time],) if time in _WHEN else (),
    )


def _dosage(number: int, step: PlanStep, dose: PlannedDose, repeat: Repeat) -> Dosage:
    days, reading = repeat.bounds_period, dose.reading
    often = f"{repeat.words} {sig.time_words(dose.time_of_day)}".strip()
    drops = () if reading.drops is None else (Extension(url=DROPS, value_integer=reading.drops),)
    said = (f"Only if {step.only_if}" if step.only_if else "", step.why)
    return Dosage(
        extension=drops,
        sequence=number,
        text=f"Take {sig.take(reading, sig.about)} {often}, from {days.start} to {days.end}",
        additional_instruction=tuple(CodeableConcept(text=words) for words in said if words),
        timing=Timing(repeat=repeat),
        route=CodeableConcept(text="oral"),
        dose_and_rate=(DoseAndRate(dose_quantity=_dose_amount(step, dose)),),
    )


def _dose_amount(step: PlanStep, dose: PlannedDose) -> Quantity:
    """One dose, by mass; where that is no decimal number, by volume or drops."""
    reading = dose.reading
    for quantity in (reading.dose, reading.volume):
        if quantity is not None and is_decimal(quantity):
            return amount(quantity)
    if reading.drops is not None:
        return counted(reading.drops, "drop")
    message = f"{reading.dose} is no decimal number, and FHIR has no other"
    raise InvalidInputError([Problem(f"plan.steps[{step.step - 1}].dose", message)])


def is_decimal(quantity: Mass | Volume) -> bool:
    """Whether a decimal number, the only kind that FHIR has, is the quantity."""
    return decimal_text(quantity.magnitude) is not None


def amount(quantity: Mass | Volume) -> Quantity:
    """A mass or volume that is a decimal number."""
    number, _, unit = str(quantity).rpartition(" ")
    return Quantity(value=Decimal(number), unit=unit, code=CODES[unit])


def counted(number: int | Fraction, noun: str) -> Quantity:
    """So many drops, capsules, tablets or days."""
    unit = noun if number == 1 else f"{noun}s"
    return Quantity(value=Decimal(str(decimal_text(Fraction(number)))), unit=unit, code=CODES[unit])
