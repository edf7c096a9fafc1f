"""Orders of strangers: one FHIR R4 MedicationRequest as light rows, nothing filled in."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

from ldn_titration.errors import InvalidInputError, Problem
from ldn_titration.intake.orders import r4
from ldn_titration.intake.orders.amounts import (
    UCUM,
    Amount,
    Strength,
    Written,
    amount_of,
    read_quantity,
    strength_in,
)
from ldn_titration.intake.orders.elements import Element
from ldn_titration.regimen import MAX_STEPS
from ldn_titration.strict_json import duplicates, read_json, strange_numbers
from ldn_titration.values import printable

__all__ = ["DoseWritten", "MedicationOrder", "OrderStep", "Timing", "read_orders"]


class Timing(NamedTuple):
    """When and how long, as one Dosage says; what it does not say is None or empty.

    ``start`` and ``end`` are whole days; ``bounds`` is which of "period", "duration" and
    "range" is given. ``period`` is in ``period_unit``; ``lasts`` is how long each single
    administration takes; ``doses_in_all`` is ``repeat.count``.
    """

    bounds: str | None = None
    start: date | None = None
    end: date | None = None
    is_vague: bool = False
    duration: Written | None = None
    frequency: int | None = None
    frequency_max: int | None = None
    period: Fraction | None = None
    period_max: Fraction | None = None
    period_unit: str | None = None
    when: tuple[str, ...] = ()
    time_of_day: tuple[str, ...] = ()
    day_of_week: tuple[str, ...] = ()
    doses_in_all: int | None = None
    lasts: Written | None = None
    codes: tuple[str, ...] = ()
    code_text: str | None = None
    events: int = 0


class DoseWritten(NamedTuple):
    """One entry of ``doseAndRate``: a dose, a range or a rate, and where it stands."""

    path: str
    dose: Written | None = None
    low: Written | None = None
    high: Written | None = None
    has_rate: bool = False


class OrderStep(NamedTuple):
    """One Dosage of an order: what it says in words, and what in structure.

    ``texts`` are its text and its patient instruction, each with where it stands; ``notes``
    are its additional instructions. ``timing`` is None where it has none.
    """

    path: str
    sequence: int | None
    texts: tuple[tuple[str, str], ...]
    notes: tuple[tuple[str, str], ...]
    timing: Timing | None
    doses: tuple[DoseWritten, ...]
    as_needed: bool | None


class MedicationOrder(NamedTuple):
    """One MedicationRequest as it stands; ``path`` is where it stands in what was read.

    ``drug`` is the name of the product in words; ``strength`` is what that or the contained
    Medication says. ``modified`` are the paths of all modifier extensions. ``quantity`` and
    ``supply`` are those of one fill.
    """

    path: str
    id: str | None
    drug: str | None
    strength: Strength | None
    status: str | None
    intent: str | None
    do_not_perform: bool
    modified: tuple[str, ...]
    steps: tuple[OrderStep, ...]
    quantity: Written | None
    supply: Written | None
    refills: int | None


def read_orders(data: bytes | str) -> tuple[MedicationOrder, ...]:
    """The orders in a JSON text: one MedicationRequest, a Bundle, or a list of them.

    Raises InvalidInputError with every problem found, each with its path. Resources of a
    Bundle that are no orders are passed over.

    >>> [order] = read_orders('{"resourceType": "MedicationRequest", "status": "draft"}')
    >>> order.status, order.steps, order.quantity
    ('draft', (), None)
    """
    tree = read_json(data, "order", Decimal)
    problems = [Problem(printable(p.path), p.message) for p in _unreadable(tree)]
    medications = _medications(tree)
    orders = [_order(found, medications) for found in _requests(tree, problems)]
    problems += _too_much(orders)
    if problems:
        raise InvalidInputError(problems)
    return tuple(orders)


_MOST_STEPS = 2_000
_MOST_WORDS = 100_000


def _too_much(orders: Sequence[MedicationOrder]) -> Iterator[Problem]:
    """More in all orders together than is read at once."""
    steps = [step for order in orders for step in order.steps]
    if len(steps) > _MOST_STEPS:
        yield Problem("order", f"has {len(steps)} dosages in all; at most {_MOST_STEPS} are read")
    words = sum(len(text) for step in steps for _, text in (*step.texts, *step.notes))
    if words > _MOST_WORDS:
        message = f"has {words} characters of directions; at most {_MOST_WORDS} are read"
        yield Problem("order", message)


def _unreadable(tree: Any) -> Iterator[Problem]:
    yield from duplicates(tree)
    yield from strange_numbers(tree)


# --- which resources ------------------------------------------------------------------

_REQUEST = "MedicationRequest"
_NOT_A_REQUEST = 'must be "MedicationRequest" (FHIR R4), or a Bundle or a list of such'
_NEAR = ("MedicationStatement", "MedicationDispense", "MedicationAdministration", "Medication")


def _requests(tree: Any, problems: list[Problem]) -> list[Element]:
    """The elements that are orders; what is neither order nor known beside one is a problem."""
    if isinstance(tree, list):
        roots = [_root(value, f"[{place}]", problems) for place, value in enumerate(tree)]
    else:
        roots = [_root(tree, "", problems)]
    found = [request for root in roots if root is not None for request in _of_root(root)]
    if not found and not problems:
        problems.append(Problem("order", "holds no MedicationRequest"))
    return found


def _root(value: Any, path: str, problems: list[Problem]) -> Element | None:
    if isinstance(value, dict):
        return Element(value, path, problems)
    problems.append(Problem(path or "order", "must be an object {...}"))
    return None


def _of_root(root: Element) -> Iterator[Element]:
    kind = root.text("resourceType")
    if kind == _REQUEST:
        yield root
    elif kind == "Bundle":
        for entry in root.each("entry"):
            resource = entry.below("resource")
            if resource.text("resourceType") == _REQUEST:
                yield resource
            elif _is_misspelt(resource.text("resourceType")):
                resource.wrong("resourceType", _NOT_A_REQUEST)
    else:
        root.wrong("resourceType", _NOT_A_REQUEST)


def _is_misspelt(kind: str | None) -> bool:
    near = difflib.get_close_matches(kind or "", (_REQUEST, *_NEAR), n=1, cutoff=0.8)
    return bool(near) and kind not in _NEAR


def _medications(tree: Any) -> dict[str, dict[str, Any]]:
    """Each Medication of the Bundle by what it may be referred to as."""
    bundles = tree if isinstance(tree, list) else [tree]
    named: dict[str, dict[str, Any]] = {}
    for bundle in bundles:
        entries = bundle.get("entry") if isinstance(bundle, dict) else None
        for entry in entries if isinstance(entries, list) else []:
            resource = entry.get("resource") if isinstance(entry, dict) else None
            if isinstance(resource, dict) and resource.get("resourceType") == "Medication":
                named[str(entry.get("fullUrl"))] = resource
                named[f"Medication/{resource.get('id')}"] = resource
    return named


# --- one order ------------------------------------------------------------------------


def _order(root: Element, medications: Mapping[str, dict[str, Any]]) -> MedicationOrder:
    root.only(r4.ELEMENTS, _REQUEST, r4.ELSEWHERE)
    if "agent" in root.below("requester").tree:
        root.wrong("requester.agent", "is an element of FHIR STU3; only R4 is read")
    _require_distinct(root)
    names, strength = _product(root, medications)
    dispense = root.below("dispenseRequest").only(r4.DISPENSE, "dispenseRequest", r4.ELSEWHERE)
    return MedicationOrder(
        path=root.path,
        id=root.text("id"),
        drug=names[0] if names else None,
        strength=strength,
        status=_coded(root, "status", r4.STATUS),
        intent=_coded(root, "intent", r4.INTENT),
        do_not_perform=bool(root.flag("doNotPerform")),
        modified=tuple(_modified(root.tree, root.path)),
        steps=_steps(root),
        quantity=read_quantity(dispense.below("quantity")),
        supply=read_quantity(dispense.below("expectedSupplyDuration")),
        refills=dispense.whole("numberOfRepeatsAllowed"),
    )


def _coded(element: Element, name: str, codes: tuple[str, ...]) -> str | None:
    """A code of a closed list; any other is a problem."""
    code = element.text(name)
    if code is not None and code not in codes:
        element.wrong(name, f"must be one of {', '.join(codes)}")
    return code


def _all_coded(element: Element, name: str, codes: tuple[str, ...]) -> tuple[str, ...]:
    """Codes of a closed list; any other is a problem."""
    told = element.texts(name)
    if not set(told) <= set(codes):
        element.wrong(name, f"must be of {', '.join(codes)}")
    return tuple(dict.fromkeys(told))


_CLOCK = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]+)?", re.ASCII)


def _clock_times(repeat: Element) -> tuple[str, ...]:
    told = repeat.texts("timeOfDay")
    if not all(map(_CLOCK.fullmatch, told)):
        repeat.wrong("timeOfDay", 'must be times such as "21:00:00"')
    return tuple(dict.fromkeys(told))


def _require_distinct(root: Element) -> None:
    seen: set[str] = set()
    for contained in root.each("contained"):
        name = contained.text("id")
        if name in seen:
            contained.wrong("id", "stands twice among the contained resources")
        seen |= {name} if name else set()


def _modified(tree: Any, path: str) -> Iterator[str]:
    """The path of every modifier extension in the resource."""
    if isinstance(tree, dict):
        for name, value in tree.items():
            below = f"{path}.{name}" if path else name
            if name == "modifierExtension" and value:
                yield below
            elif isinstance(value, dict | list):
                yield from _modified(value, below)
    elif isinstance(tree, list):
        for place, value in enumerate(tree):
            yield from _modified(value, f"{path}[{place}]")


def _product(
    root: Element, medications: Mapping[str, dict[str, Any]]
) -> tuple[list[str], Strength | None]:
    """The names of the product, and its strength where all that tell one tell the same."""
    concept = root.below("medicationCodeableConcept")
    reference = root.below("medicationReference")
    target = reference.text("reference") or ""
    own = {f"#{c.text('id')}": c.tree for c in root.each("contained")}
    found = own.get(target) or medications.get(target, {})
    medication = Element(found, root.at(f"medicationReference({target})"), [])
    names = [*_names(concept), *_names(medication.below("code"))]
    names += [name for name in [reference.text("display")] if name]
    told = {strength_in(name) for name in names} | {_ingredient_strength(medication)}
    told.discard(None)
    return names, told.pop() if len(told) == 1 else None


def _names(concept: Element) -> list[str]:
    codings = [coding.text("display") for coding in concept.each("coding")]
    return [name for name in (concept.text("text"), *codings) if name]


def _ingredient_strength(medication: Element) -> Strength | None:
    ingredients = medication.each("ingredient")
    if len(ingredients) != 1:
        return None
    ratio = ingredients[0].below("strength")
    mass = amount_of(read_quantity(ratio.below("numerator")))
    per = amount_of(read_quantity(ratio.below("denominator")))
    if not _is_some(mass, "mg") or per is None or per.value <= 0 or mass is None:
        return None
    return Strength(mass.value / per.value, per.kind)


def _is_some(amount: Amount | None, kind: str) -> bool:
    return amount is not None and amount.kind == kind and amount.value > 0


# --- one step -------------------------------------------------------------------------


def _steps(root: Element) -> tuple[OrderStep, ...]:
    dosages = root.each("dosageInstruction")
    if len(dosages) > MAX_STEPS:
        message = f"has {len(dosages)} entries; at most {MAX_STEPS} are read"
        root.wrong("dosageInstruction", message)
        return ()
    return tuple(map(_step, dosages))


def _step(dosage: Element) -> OrderStep:
    dosage.only(r4.DOSAGE, "Dosage", r4.ELSEWHERE)
    texts = [(dosage.at(name), dosage.text(name)) for name in ("text", "patientInstruction")]
    notes = [(more.path, name) for more in dosage.each("additionalInstruction")
             for name in _names(more)[:1]]  # fmt: skip
    needed = dosage.flag("asNeededBoolean")
    return OrderStep(
        path=dosage.path,
        sequence=dosage.whole("sequence", least=-(10**9)),
        texts=tuple((path, text) for path, text in texts if text),
        notes=tuple(notes),
        timing=_timing(dosage.below("timing")) if dosage.has("timing") else None,
        doses=tuple(map(_dose, dosage.each("doseAndRate"))),
        as_needed=True if dosage.has("asNeededCodeableConcept") else needed,
    )


def _dose(entry: Element) -> DoseWritten:
    entry.only(r4.DOSE, "doseAndRate", {})
    given = entry.below("doseRange")
    return DoseWritten(
        entry.path,
        read_quantity(entry.below("doseQuantity")),
        read_quantity(given.below("low")),
        read_quantity(given.below("high")),
        any(entry.has(name) for name in ("rateRatio", "rateRange", "rateQuantity")),
    )


def _timing(timing: Element) -> Timing:
    timing.only(("event", "repeat", "code"), "Timing", {})
    repeat = timing.below("repeat").only(r4.REPEAT, "Timing.repeat", {})
    bounds = next((b for b in ("Period", "Duration", "Range") if repeat.has(f"bounds{b}")), None)
    period = repeat.below("boundsPeriod").only(("start", "end"), "Period", {})
    start, end = period.day("start"), period.day("end")
    vague = any(period.has(name) and day is None for name, day in (("start", start), ("end", end)))
    code = timing.below("code")
    return Timing(
        bounds=bounds.lower() if bounds else None,
        start=start,
        end=end,
        is_vague=vague,
        duration=read_quantity(repeat.below("boundsDuration")),
        frequency=repeat.whole("frequency", least=1),
        frequency_max=repeat.whole("frequencyMax", least=1),
        period=repeat.number("period"),
        period_max=repeat.number("periodMax"),
        period_unit=_coded(repeat, "periodUnit", r4.UNITS_OF_TIME),
        when=_all_coded(repeat, "when", r4.WHEN),
        time_of_day=_clock_times(repeat),
        day_of_week=_all_coded(repeat, "dayOfWeek", r4.DAYS_OF_WEEK),
        doses_in_all=repeat.whole("count", least=1),
        lasts=_lasts(repeat),
        codes=tuple(c for c in (x.text("code") for x in code.each("coding")) if c),
        code_text=code.text("text"),
        events=len(timing.texts("event")),
    )


def _lasts(repeat: Element) -> Written | None:
    value = repeat.number("duration")
    if value is None:
        return None
    unit = _coded(repeat, "durationUnit", r4.UNITS_OF_TIME)
    return Written(value, None, UCUM, unit)
