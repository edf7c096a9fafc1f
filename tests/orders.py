"""Orders for the tests of the linter, written from plain figures, and faults seeded into them."""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any, NamedTuple

UCUM = "http://unitsofmeasure.org"
TABLET = {"unit": "tablet", "system": UCUM, "code": "{tablet}"}
MILLIGRAM = {"unit": "mg", "system": UCUM, "code": "mg"}
DAY = {"unit": "days", "system": UCUM, "code": "d"}
OFTEN = {1: "once a day", 2: "twice a day", 3: "three times a day", 4: "4 times daily"}


class Step(NamedTuple):
    """So many tablets, so often a day, for so many days."""

    tablets: int
    times: int
    days: int


def sentence(step: Step) -> str:
    many = "tablet" if step.tablets == 1 else "tablets"
    return f"Take {step.tablets} {many} {OFTEN[step.times]} for {step.days} days."


def order(
    steps: list[Step], start: date | None = None, said: list[Step] | None = None
) -> dict[str, Any]:
    """An order of these steps, bound by dates from ``start`` or by days; ``said`` in words."""
    dosages, day = [], start
    for place, (step, told) in enumerate(zip(steps, said or steps, strict=True)):
        bounds: dict[str, Any] = {"boundsDuration": {"value": step.days, **DAY}}
        text = sentence(told)
        if day is not None:
            last = day + timedelta(days=step.days - 1)
            bounds = {"boundsPeriod": {"start": day.isoformat(), "end": last.isoformat()}}
            text = f"{text.removesuffix('.')} starting {day:%B} {day.day}, {day.year}"
            day = last + timedelta(days=1)
        dosages.append(
            {
                "sequence": place + 1,
                "text": text,
                "timing": {
                    "repeat": {**bounds, "frequency": step.times, "period": 1, "periodUnit": "d"}
                },
                "doseAndRate": [{"doseQuantity": {"value": step.tablets, **TABLET}}],
            }
        )
    return {
        "resourceType": "MedicationRequest",
        "status": "active",
        "intent": "order",
        "medicationCodeableConcept": {"text": "Examplol 5 mg tablets"},
        "dosageInstruction": dosages,
        "dispenseRequest": {
            "quantity": {"value": sum(s.tablets * s.times * s.days for s in steps), **TABLET},
            "expectedSupplyDuration": {"value": sum(s.days for s in steps), **DAY},
        },
    }


# --- faults ---------------------------------------------------------------------------

Made = tuple[dict[str, Any], str, str]
"""A faulty order, the code of a finding that must come, and where it must stand."""


def _at(made: dict[str, Any], place: int) -> dict[str, Any]:
    found: dict[str, Any] = made["dosageInstruction"][place]
    return found


def _repeat(made: dict[str, Any], place: int) -> dict[str, Any]:
    found: dict[str, Any] = _at(made, place)["timing"]["repeat"]
    return found


def _dose(made: dict[str, Any], place: int) -> dict[str, Any]:
    found: dict[str, Any] = _at(made, place)["doseAndRate"][0]["doseQuantity"]
    return found


def more_in_a_dose(made: dict[str, Any], place: int) -> tuple[str, str]:
    _dose(made, place)["value"] += 1
    return "LIN-14", f"dosageInstruction[{place}].doseAndRate"


def more_often(made: dict[str, Any], place: int) -> tuple[str, str]:
    _repeat(made, place)["frequency"] += 1
    return "LIN-15", f"dosageInstruction[{place}].timing"


def other_period(made: dict[str, Any], place: int) -> tuple[str, str]:
    _repeat(made, place)["period"] = 2
    return "LIN-15", f"dosageInstruction[{place}].timing"


def hours_for_days(made: dict[str, Any], place: int) -> tuple[str, str]:
    _repeat(made, place)["periodUnit"] = "h"
    return "LIN-15", f"dosageInstruction[{place}].timing"


def a_day_dropped(made: dict[str, Any], place: int) -> tuple[str, str]:
    repeat = _repeat(made, place)
    if "boundsDuration" in repeat:
        repeat["boundsDuration"]["value"] += 1
    else:
        end = date.fromisoformat(repeat["boundsPeriod"]["end"]) + timedelta(days=1)
        repeat["boundsPeriod"]["end"] = end.isoformat()
    return "LIN-13", f"dosageInstruction[{place}].timing.repeat"


def more_ordered(made: dict[str, Any], place: int) -> tuple[str, str]:
    made["dispenseRequest"]["quantity"]["value"] += 1
    return "LIN-17", "dispenseRequest.quantity"


def fewer_ordered(made: dict[str, Any], place: int) -> tuple[str, str]:
    made["dispenseRequest"]["quantity"]["value"] -= 1
    return "LIN-17", "dispenseRequest.quantity"


def longer_supply(made: dict[str, Any], place: int) -> tuple[str, str]:
    made["dispenseRequest"]["expectedSupplyDuration"]["value"] += 1
    return "LIN-18", "dispenseRequest.expectedSupplyDuration"


def other_dose_in_words(made: dict[str, Any], place: int) -> tuple[str, str]:
    step = _at(made, place)
    step["text"] = step["text"].replace("Take ", "Take 1")
    return "LIN-14", f"dosageInstruction[{place}].doseAndRate"


def other_days_in_words(made: dict[str, Any], place: int) -> tuple[str, str]:
    step = _at(made, place)
    step["text"] = step["text"].replace(" for ", " for 1")
    return "LIN-13", f"dosageInstruction[{place}].timing.repeat"


def other_frequency_in_words(made: dict[str, Any], place: int) -> tuple[str, str]:
    step, times = _at(made, place), _repeat(made, place)["frequency"]
    step["text"] = step["text"].replace(OFTEN[times], OFTEN[times + 1])
    return "LIN-15", f"dosageInstruction[{place}].timing"


def no_dose(made: dict[str, Any], place: int) -> tuple[str, str]:
    del _at(made, place)["doseAndRate"]
    return "LIN-04", f"dosageInstruction[{place}].doseAndRate"


def no_unit(made: dict[str, Any], place: int) -> tuple[str, str]:
    for key in ("unit", "system", "code"):
        del _dose(made, place)[key]
    return "LIN-05", f"dosageInstruction[{place}].doseAndRate[0].doseQuantity"


def no_code(made: dict[str, Any], place: int) -> tuple[str, str]:
    del _dose(made, place)["code"]
    return "LIN-05", f"dosageInstruction[{place}].doseAndRate[0].doseQuantity"


def other_code(made: dict[str, Any], place: int) -> tuple[str, str]:
    _dose(made, place)["code"] = "mL"
    return "LIN-08", f"dosageInstruction[{place}].doseAndRate[0].doseQuantity"


def no_ucum_code(made: dict[str, Any], place: int) -> tuple[str, str]:
    _dose(made, place)["code"] = "TAB"
    return "LIN-08", f"dosageInstruction[{place}].doseAndRate[0].doseQuantity"


def a_range(made: dict[str, Any], place: int) -> tuple[str, str]:
    low = _at(made, place)["doseAndRate"][0].pop("doseQuantity")
    _at(made, place)["doseAndRate"][0]["doseRange"] = {
        "low": low,
        "high": {**low, "value": low["value"] + 1},
    }
    return "LIN-07", f"dosageInstruction[{place}].doseAndRate[0].doseRange"


def two_doses(made: dict[str, Any], place: int) -> tuple[str, str]:
    doses = _at(made, place)["doseAndRate"]
    doses.append(copy.deepcopy(doses[0]))
    doses[1]["doseQuantity"]["value"] += 1
    return "LIN-07", f"dosageInstruction[{place}].doseAndRate"


def no_timing(made: dict[str, Any], place: int) -> tuple[str, str]:
    del _at(made, place)["timing"]
    return "LIN-06", f"dosageInstruction[{place}].timing"


def no_frequency(made: dict[str, Any], place: int) -> tuple[str, str]:
    del _repeat(made, place)["frequency"]
    return "LIN-06", f"dosageInstruction[{place}].timing.repeat"


def no_period(made: dict[str, Any], place: int) -> tuple[str, str]:
    del _repeat(made, place)["periodUnit"]
    return "LIN-06", f"dosageInstruction[{place}].timing.repeat"


def a_range_of_frequencies(made: dict[str, Any], place: int) -> tuple[str, str]:
    _repeat(made, place)["frequencyMax"] = _repeat(made, place)["frequency"] + 1
    return "LIN-07", f"dosageInstruction[{place}].timing.repeat"


def no_sequence(made: dict[str, Any], place: int) -> tuple[str, str]:
    del _at(made, place)["sequence"]
    return "LIN-10", f"dosageInstruction[{place}].sequence"


def ends_before_it_begins(made: dict[str, Any], place: int) -> tuple[str, str]:
    repeat = _repeat(made, place)
    repeat.pop("boundsDuration", None)
    repeat["boundsPeriod"] = {"start": "2027-03-02", "end": "2027-03-01"}
    return "LIN-09", f"dosageInstruction[{place}].timing.repeat.boundsPeriod"


def as_needed(made: dict[str, Any], place: int) -> tuple[str, str]:
    _at(made, place)["asNeededBoolean"] = True
    return "LIN-22", f"dosageInstruction[{place}].text"


def entered_in_error(made: dict[str, Any], place: int) -> tuple[str, str]:
    made["status"] = "entered-in-error"
    return "LIN-01", "status"


def not_to_be_given(made: dict[str, Any], place: int) -> tuple[str, str]:
    made["doNotPerform"] = True
    return "LIN-02", "doNotPerform"


def modified(made: dict[str, Any], place: int) -> tuple[str, str]:
    _at(made, place)["modifierExtension"] = [{"url": "http://example.org/not"}]
    return "LIN-03", f"dosageInstruction[{place}].modifierExtension"


ANYWHERE: tuple[Callable[[dict[str, Any], int], tuple[str, str]], ...] = (
    more_in_a_dose, more_often, other_period, hours_for_days, a_day_dropped, more_ordered,
    fewer_ordered, longer_supply, other_dose_in_words, other_days_in_words,
    other_frequency_in_words, no_dose, no_unit, no_code, other_code, no_ucum_code, a_range,
    two_doses, no_timing, no_frequency, no_period, a_range_of_frequencies,
    ends_before_it_begins, as_needed, entered_in_error, not_to_be_given, modified,
)  # fmt: skip
"""Faults of one step, or of the order, whatever its length."""


def swapped_sequences(made: dict[str, Any], place: int) -> tuple[str, str]:
    one, two = _at(made, place), _at(made, place + 1)
    one["sequence"], two["sequence"] = two["sequence"], one["sequence"]
    return "LIN-10", f"dosageInstruction[{place + 1}].sequence"


def doubled_sequence(made: dict[str, Any], place: int) -> tuple[str, str]:
    _at(made, place + 1)["sequence"] = _at(made, place)["sequence"]
    return "LIN-10", f"dosageInstruction[{place + 1}].sequence"


def a_step_left_out(made: dict[str, Any], place: int) -> tuple[str, str]:
    del made["dosageInstruction"][place]
    return "LIN-10", f"dosageInstruction[{place}].sequence"


def no_end(made: dict[str, Any], place: int) -> tuple[str, str]:
    for key in ("boundsDuration", "boundsPeriod"):
        _repeat(made, place).pop(key, None)
    return "LIN-12", f"dosageInstruction[{place}].timing.repeat"


def swapped_words(made: dict[str, Any], place: int) -> tuple[str, str]:
    _at(made, place)["text"] = "Take 99 tablets once a day for 99 days."
    return "LIN-14", f"dosageInstruction[{place}].doseAndRate"


BEFORE_ANOTHER = (
    swapped_sequences, doubled_sequence, a_step_left_out, no_end, no_sequence, swapped_words,
)  # fmt: skip
"""Faults of a step that another follows."""


def a_gap(made: dict[str, Any], place: int) -> tuple[str, str]:
    period = _repeat(made, place)["boundsPeriod"]
    start = date.fromisoformat(period["start"]) - timedelta(days=1)
    end = date.fromisoformat(period["end"]) - timedelta(days=1)
    period.update(start=start.isoformat(), end=end.isoformat())
    return "LIN-11", f"dosageInstruction[{place + 1}].timing.repeat"


def an_overlap(made: dict[str, Any], place: int) -> tuple[str, str]:
    period = _repeat(made, place)["boundsPeriod"]
    period["end"] = (date.fromisoformat(period["end"]) + timedelta(days=1)).isoformat()
    return "LIN-12", f"dosageInstruction[{place + 1}].timing.repeat"


WITH_DATES = (a_gap, an_overlap)
"""Faults of a step with dates that another follows."""
