"""Faults to seed in a medication request: each one thing that a reader must not swallow.

Every fault takes the JSON of a request of ours, with two dosages or more, each with bounds,
and with a dispense request, and gives the same with one thing wrong. `rule` is what of FHIR R4
it breaks; where it is OURS, the standard allows it, and only a dose goes wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from datetime import date, timedelta
from typing import Any, NamedTuple

Json = dict[str, Any]

OURS = "ours"
UCUM = "UCUM"


class Fault(NamedTuple):
    """A fault: its name, the rule that it breaks, and what makes it."""

    name: str
    rule: str
    make: Callable[[Json], Json]


FAULTS: list[Fault] = []


def _fault(name: str, rule: str) -> Callable[[Callable[[Json], None]], None]:
    """Adds the fault that a function makes in place."""

    def add(change: Callable[[Json], None]) -> None:
        def make(request: Mapping[str, Any]) -> Json:
            copy = deepcopy(dict(request))
            change(copy)
            return copy

        FAULTS.append(Fault(name, rule, make))

    return add


def _repeat(request: Json, place: int = 0) -> Json:
    found: Json = request["dosageInstruction"][place]["timing"]["repeat"]
    return found


def _dose(request: Json) -> Json:
    found: Json = request["dosageInstruction"][0]["doseAndRate"][0]["doseQuantity"]
    return found


# --- codes that are not in the list ---------------------------------------------------


@_fault("status that is no code", "required binding")
def _(request: Json) -> None:
    request["status"] = "foo"


@_fault("intent that is no code", "required binding")
def _(request: Json) -> None:
    request["intent"] = "wish"


@_fault("priority that is no code", "required binding")
def _(request: Json) -> None:
    request["priority"] = "soon"


@_fault("unit of the period in words", "required binding")
def _(request: Json) -> None:
    _repeat(request)["periodUnit"] = "day"


@_fault("time of day that is no code", "required binding")
def _(request: Json) -> None:
    _repeat(request).pop("timeOfDay", None)
    _repeat(request)["when"] = ["BEDTIME"]


# --- what is missing, doubled or of another kind --------------------------------------


@_fault("no status", "cardinality")
def _(request: Json) -> None:
    del request["status"]


@_fault("no intent", "cardinality")
def _(request: Json) -> None:
    del request["intent"]


@_fault("no subject", "cardinality")
def _(request: Json) -> None:
    del request["subject"]


@_fault("no medicine", "cardinality")
def _(request: Json) -> None:
    del request["medicationCodeableConcept"]


@_fault("two medicines", "choice of type")
def _(request: Json) -> None:
    request["medicationReference"] = {"reference": "Medication/1"}


@_fault("a dose and a range of doses", "choice of type")
def _(request: Json) -> None:
    rate = request["dosageInstruction"][0]["doseAndRate"][0]
    rate["doseRange"] = {"low": _dose(request), "high": _dose(request)}


@_fault("an element that does not exist", "structure")
def _(request: Json) -> None:
    request["dosageInstruction"][0]["dose"] = "9 mg"


@_fault("one dosage that is no list", "structure")
def _(request: Json) -> None:
    request["dosageInstruction"] = request["dosageInstruction"][0]


@_fault("a subject that is text", "structure")
def _(request: Json) -> None:
    request["subject"] = "Patient/1"


@_fault("a practitioner as subject", "target of a reference")
def _(request: Json) -> None:
    request["subject"] = {"reference": "Practitioner/1"}


@_fault("an empty list of notes", "ele-1")
def _(request: Json) -> None:
    request["note"] = []


@_fault("an element with nothing in it", "ele-1")
def _(request: Json) -> None:
    request["dosageInstruction"][0]["timing"] = {}


@_fault("an extension without a value", "ext-1")
def _(request: Json) -> None:
    request["dosageInstruction"][0]["extension"] = [{"url": "urn:ldn-titration:drops"}]


@_fault("an extension without its name", "cardinality")
def _(request: Json) -> None:
    request["dosageInstruction"][0]["extension"] = [{"valueInteger": 1}]


# --- values of another type -----------------------------------------------------------


@_fault("a day that does not exist", "dateTime")
def _(request: Json) -> None:
    _repeat(request)["boundsPeriod"]["start"] = "2027-02-30"


@_fault("a day with slashes", "dateTime")
def _(request: Json) -> None:
    _repeat(request)["boundsPeriod"]["start"] = "04/01/2027"


@_fault("a time without seconds", "time")
def _(request: Json) -> None:
    _repeat(request).pop("when", None)
    _repeat(request)["timeOfDay"] = ["21:30"]


@_fault("a dose in quotation marks", "decimal")
def _(request: Json) -> None:
    _dose(request)["value"] = "4.5"


@_fault("a sequence with a point", "integer")
def _(request: Json) -> None:
    request["dosageInstruction"][0]["sequence"] = 1.5


@_fault("no times a day", "positiveInt")
def _(request: Json) -> None:
    _repeat(request)["frequency"] = 0


@_fault("less than no refills", "unsignedInt")
def _(request: Json) -> None:
    request["dispenseRequest"]["numberOfRepeatsAllowed"] = -1


@_fault("an id with a space", "id")
def _(request: Json) -> None:
    request["id"] = "request 1"


# --- rules that the standard writes beside its structures -----------------------------


@_fault("a period without its unit", "tim-2")
def _(request: Json) -> None:
    del _repeat(request)["periodUnit"]


@_fault("a period that runs backwards", "tim-5")
def _(request: Json) -> None:
    _repeat(request)["period"] = -1


@_fault("a clock time and a time of day", "tim-10")
def _(request: Json) -> None:
    _repeat(request).update(timeOfDay=["21:30:00"], when=["HS"])


@_fault("bounds that end before they begin", "per-1")
def _(request: Json) -> None:
    bounds = _repeat(request)["boundsPeriod"]
    bounds["start"], bounds["end"] = "2027-01-10", "2027-01-04"


@_fault("a code of no system", "qty-3")
def _(request: Json) -> None:
    del _dose(request)["system"]


@_fault("a dose that is more than told", "sqty-1")
def _(request: Json) -> None:
    _dose(request)["comparator"] = ">"


@_fault("a supply that lasts 28 mg", "drt-1")
def _(request: Json) -> None:
    lasts = {"value": 28, "unit": "mg", "system": "http://unitsofmeasure.org", "code": "mg"}
    request["dispenseRequest"]["expectedSupplyDuration"] = lasts


@_fault("a contained resource that nothing names", "dom-3")
def _(request: Json) -> None:
    request["contained"] = [{"resourceType": "Medication", "id": "unused"}]


# --- codes of units -------------------------------------------------------------------


@_fault("the code mcg, which is none", UCUM)
def _(request: Json) -> None:
    _dose(request).update(unit="mcg", code="mcg")


@_fault("the code MG, which is none", UCUM)
def _(request: Json) -> None:
    _dose(request).update(unit="mg", code="MG")


# --- what the standard allows, and a dose goes wrong ----------------------------------


@_fault("the unit mg with the code mL", OURS)
def _(request: Json) -> None:
    _dose(request).update(unit="mg", code="mL")


@_fault("a dose without its unit", OURS)
def _(request: Json) -> None:
    request["dosageInstruction"][0]["doseAndRate"][0]["doseQuantity"] = {"value": 4}


@_fault("a dose of nothing", OURS)
def _(request: Json) -> None:
    _dose(request)["value"] = 0


@_fault("a dose below nothing", OURS)
def _(request: Json) -> None:
    _dose(request)["value"] = -4


@_fault("words that tell another dose", OURS)
def _(request: Json) -> None:
    _dose(request)["value"] = 1234


@_fault("words that tell another frequency", OURS)
def _(request: Json) -> None:
    _repeat(request).pop("when", None)
    _repeat(request).pop("timeOfDay", None)
    _repeat(request)["frequency"] = 8


@_fault("dosages in another order", OURS)
def _(request: Json) -> None:
    request["dosageInstruction"].reverse()


@_fault("dosages that overlap", OURS)
def _(request: Json) -> None:
    first, second = _repeat(request, 0)["boundsPeriod"], _repeat(request, 1)["boundsPeriod"]
    second["start"] = first["end"]
    text = request["dosageInstruction"][1]["text"]
    next_day = str(date.fromisoformat(first["end"]) + timedelta(1))
    request["dosageInstruction"][1]["text"] = text.replace(next_day, first["end"])


@_fault("an order, not a proposal", OURS)
def _(request: Json) -> None:
    request.update(status="active", intent="order")


@_fault("a request not to give it", OURS)
def _(request: Json) -> None:
    request["doNotPerform"] = True


@_fault("a modifier that no reader knows", OURS)
def _(request: Json) -> None:
    request["modifierExtension"] = [{"url": "urn:example:half", "valueBoolean": True}]
