"""The medicines of a Bundle: requests, statements, administrations and dispenses.

Whether a medicine is taken follows from its status and from nothing else; a last dose only
from a statement or an administration that tells its day. A request never tells one: neither
an order's date with a days' supply nor the end of an order is a last dose.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Literal, NamedTuple

from ldn_titration.errors import InvalidInputError, Problem
from ldn_titration.intake.bundle.ended import LastDose, last_dose
from ldn_titration.intake.bundle.entries import Entry, OpenBundle
from ldn_titration.intake.bundle.named import Named, OpioidName, names_of, unknown_codes
from ldn_titration.intake.bundle.noted import (
    ABSENT,
    Noted,
    mentioned,
    noted_beside,
    said_beside_none,
)
from ldn_titration.intake.bundle.tree import Concept, Node, Span, span_of
from ldn_titration.knowledge import Knowledge
from ldn_titration.patient import Medication, OpioidExposure, PlannedOpioid
from ldn_titration.values import Month

__all__ = ["read_medication", "refuse_too_many"]

MAX_TEXTS = 1_000
"""How many different names of medicines a Bundle may have, as many as a patient's list."""

MAX_NAMES = 10_000
"""How many names of medicines are read in all, each as often as an entry leads to it."""

MAX_CHARACTERS = 200_000
"""How many characters all different names of medicines may have together."""

MAX_PARTS = 100
"""How many names one medicine may have, its ingredients among them."""

State = Literal["now", "perhaps", "past", "never", "void"]
"""Taken now; perhaps taken; taken once; never taken; written by mistake."""

_STATES: Mapping[str, Mapping[str, State]] = {
    "MedicationRequest": {
        "active": "now",
        "on-hold": "perhaps",
        "draft": "perhaps",
        "unknown": "perhaps",
        "cancelled": "past",
        "completed": "past",
        "stopped": "past",
        "entered-in-error": "void",
    },
    "MedicationStatement": {
        "active": "now",
        "intended": "perhaps",
        "on-hold": "perhaps",
        "unknown": "perhaps",
        "completed": "past",
        "stopped": "past",
        "not-taken": "never",
        "entered-in-error": "void",
    },
    "MedicationAdministration": {
        "in-progress": "now",
        "on-hold": "perhaps",
        "unknown": "perhaps",
        "completed": "past",
        "stopped": "past",
        "not-done": "never",
        "entered-in-error": "void",
    },
    "MedicationDispense": {
        "preparation": "perhaps",
        "in-progress": "perhaps",
        "on-hold": "perhaps",
        "completed": "perhaps",
        "stopped": "perhaps",
        "unknown": "perhaps",
        "cancelled": "never",
        "declined": "never",
        "entered-in-error": "void",
    },
}

_INTENT_CODES = """
proposal plan order original-order reflex-order filler-order instance-order option
"""
_INTENTS = frozenset(_INTENT_CODES.split())


class Taken(NamedTuple):
    """Whether a medicine is taken, when last, from when it is planned, and how that is said.

    ``doubts`` are what speaks against its end, which only of an opioid matters.
    """

    state: State
    words: str
    last: date | Month | None = None
    planned: tuple[date, date | None] | None = None
    doubts: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


def read_medication(
    entry: Entry, bundle: OpenBundle, base: Knowledge, assessed_on: date | None
) -> Noted:
    """What is noted of a resource that tells of a medicine."""
    taken = _taken(entry, base, assessed_on)
    concepts, wrong = _concepts(entry, bundle)
    if (said_none := _said_none(concepts)) and taken.state in {"now", "perhaps"}:
        beside = mentioned(entry.node, base) or "".join(map(said_beside_none, concepts))
        if not beside:
            return _none_known(said_none, taken)
        wrong.append(f"says {said_none}, and names {beside}")
    named, label = _named(entry, bundle, concepts, base), _label(concepts)
    told = f"{label}: {taken.words}{_not_judged(concepts, base)}"
    if taken.state == "void":
        return Noted(told, problems=taken.problems).with_note(noted_beside(entry.node, base))
    if taken.state == "never":
        return Noted(told, problems=(*taken.problems, *_beside(entry, named, base)))
    doubts = taken.doubts if named.opioids else ()
    problems = (*taken.problems, *doubts, *wrong, *named.conflicts)
    problems = (*problems, *_beside(entry, named, base))
    return _noted(named, taken, told)._replace(problems=problems)


def refuse_too_many(entries: Iterable[Entry], bundle: OpenBundle) -> None:
    """Raises InvalidInputError where there are more names of medicines than are read."""
    texts: set[str] = set()
    names = 0
    for entry in entries:
        concepts, _ = _concepts(entry, bundle)
        found = [text for concept in concepts for text in concept.texts]
        texts.update(found)
        names += len(found)
        if len(concepts) > MAX_PARTS:
            message = f"its medicine has {len(concepts)} names; at most {MAX_PARTS} are read"
            raise InvalidInputError([Problem(entry.node.path, message)])
        if len(texts) > MAX_TEXTS:
            message = f"has more than {MAX_TEXTS} different names of medicines; split it"
            raise InvalidInputError([Problem("bundle", message)])
        if sum(map(len, texts)) > MAX_CHARACTERS:
            message = f"has names of medicines of more than {MAX_CHARACTERS} characters; split it"
            raise InvalidInputError([Problem("bundle", message)])
        if names > MAX_NAMES:
            message = f"names medicines more than {MAX_NAMES} times; split it"
            raise InvalidInputError([Problem("bundle", message)])


def _noted(named: Named, taken: Taken, told: str) -> Noted:
    """What follows from a medicine that is taken, was taken, or will be."""
    plans = tuple(_plan(each, taken, told) for each in named.opioids if _is_planned(each, taken))
    exposures = tuple(_exposure(o, taken) for o in named.opioids if not _is_planned(o, taken))
    current = taken.state in {"now", "perhaps"}
    listed: tuple[Medication, ...] = (*named.unread, *(named.ordinary if current else ()))
    facts = (("other_naltrexone", "yes"),) if _doubles(named, taken) else ()
    words = told + _read_as(named, plans, exposures)
    noted = Noted(words, listed, exposures, plans, facts=facts)
    return noted._replace(listed="medications" if current and not plans else "")


def _exposure(name: OpioidName, taken: Taken) -> OpioidExposure:
    """The exposure; of what may be a patch no day but that of its removal is the last."""
    last = None if name.may_be_patch else taken.last
    return name.exposure(ongoing=taken.state == "now", last_taken=last or "unknown")


def _is_planned(name: OpioidName, taken: Taken) -> bool:
    return taken.planned is not None and name.is_opioid


def _plan(name: OpioidName, taken: Taken, told: str) -> PlannedOpioid:
    on, until = taken.planned or (date.min, None)
    substance = name.rows[0].substance
    return PlannedOpioid(on=on, until=until, reason=f"{substance} is ordered", substance=substance)


def _doubles(named: Named, taken: Taken) -> bool:
    """Whether an opioid antagonist like naltrexone is taken now."""
    rows = (row for name in named.opioids for row in name.rows)
    return taken.state == "now" and any(row.presence == "duplicate_antagonist" for row in rows)


def _read_as(
    named: Named, plans: tuple[PlannedOpioid, ...], exposures: tuple[OpioidExposure, ...]
) -> str:
    """What was made of the names, in plain words."""
    parts = [f"opioid planned for {plan.on}" for plan in plans]
    parts += [_exposure_words(each, named) for each in exposures]
    if named.unread:
        parts.append("not recognised, kept in the list: " + _labels(named.unread))
    return "".join(f"; {part}" for part in parts)


def _exposure_words(exposure: OpioidExposure, named: Named) -> str:
    opioid = any(name.is_opioid for name in named.opioids)
    kind = "opioid" if opioid else "asks about opioids or doubles naltrexone"
    last = "taken now" if exposure.ongoing else f"last dose {exposure.last_taken}"
    release = "" if exposure.release == "unknown" else f", {exposure.release}"
    return f"{kind} ({exposure.label}{release}), {last}"


def _labels(medicines: tuple[Medication, ...]) -> str:
    return ", ".join(medicine.label for medicine in medicines)


# --- names ----------------------------------------------------------------------------


def _concepts(entry: Entry, bundle: OpenBundle) -> tuple[list[Concept], list[str]]:
    """Every name of the medicine, its ingredients among them; what leads nowhere."""
    direct = entry.node.child("medicationCodeableConcept")
    reference = entry.node.child("medicationReference")
    concepts = [direct.as_concept()] if direct else []
    wrong: list[str] = []
    if reference is not None:
        found, shown = _medication(reference, entry, bundle), reference.text("display")
        if shown:
            concepts.append(Concept(text=shown))
        if found is None:
            wrong.append(_nowhere(reference))
        else:
            concepts += _of_medication(found, wrong)
    if not any(concept.label for concept in concepts):
        wrong.append("names no medicine")
    return [concept for concept in concepts if concept.label] or [Concept()], wrong


def _nowhere(reference: Node) -> str:
    target = reference.text("reference") or "no address"
    return f"its medicine is elsewhere ({target[:80]}), not in the Bundle"


def _medication(reference: Node, entry: Entry, bundle: OpenBundle) -> Node | None:
    """The Medication that a reference leads to, contained or in the Bundle."""
    target = reference.text("reference")
    if target.startswith("#"):
        contained = entry.node.children("contained")
        found = next((node for node in contained if node.text("id") == target[1:]), None)
    else:
        other = bundle.find(target) if target else None
        found = other.node if other else None
    return found if found and found.text("resourceType") == "Medication" else None


def _of_medication(node: Node, wrong: list[str]) -> Iterator[Concept]:
    """The names of a Medication and of what is in it."""
    if node.text("status") not in {"", "active", "inactive"}:
        wrong.append(f"its Medication is {node.text('status')}")
    if node.has("code"):
        yield node.concept("code")
    for ingredient in node.children("ingredient"):
        if ingredient.has("itemCodeableConcept"):
            yield ingredient.concept("itemCodeableConcept")
        else:
            wrong.append("an ingredient of its Medication is not named")


def _named(entry: Entry, bundle: OpenBundle, concepts: list[Concept], base: Knowledge) -> Named:
    found = Named()
    for concept in concepts:
        found = found.joined(names_of(concept, base))
    return found.with_form(list(_forms(entry, bundle)))


def _forms(entry: Entry, bundle: OpenBundle) -> Iterator[str]:
    """What is said of the form and the route."""
    node, reference = entry.node, entry.node.child("medicationReference")
    medicine = _medication(reference, entry, bundle) if reference else None
    yield from medicine.concept("form").texts if medicine else ()
    for name in ("dosageInstruction", "dosage"):
        single = isinstance(node.value.get(name), Mapping)
        nodes = [node.child(name)] if single else node.children(name)
        for each in nodes:
            yield from each.concept("route").texts if each else ()


def _not_judged(concepts: list[Concept], base: Knowledge) -> str:
    """The codes of RxNorm that are not known beside a text, which alone is read."""
    codes = [c for concept in concepts if concept.texts for c in unknown_codes(concept, base)]
    return f"; RxCUI {', '.join(codes)[:80]} not known, its text is read" if codes else ""


def _label(concepts: list[Concept]) -> str:
    return (concepts[0].label or "a medicine without a name")[:120]


def _beside(entry: Entry, named: Named, base: Knowledge) -> Iterator[str]:
    """Opioids that are named beside the medicine: in a note, a reason, the directions."""
    own = {row.substance for name in named.opioids for row in name.rows}
    without = ("medicationCodeableConcept", "medicationReference")
    other = mentioned(entry.node, base, without, own)
    if other:
        yield f"names {other} beside its medicine"


# --- none -----------------------------------------------------------------------------


def _said_none(concepts: list[Concept]) -> str:
    codes = (code for concept in concepts for code in concept.codes_of(ABSENT))
    return next(codes, "")


def _none_known(code: str, taken: Taken) -> Noted:
    """What a code of "known absent" or "not known" says; only what is active says it of now."""
    if code == "no-known-medications" and taken.state != "now":
        told = f"says {code}, but not of now"
        return Noted(f"{code}: {taken.words}", problems=(*taken.problems, told))
    if code == "no-known-medications":
        words = "no known medications: asked, and none; opioids of before are asked about still"
        return Noted(words, none_of=("medications",), problems=taken.problems)
    return Noted(f"{code}: nothing is known of the medicines", problems=(code,))


# --- whether and when it is taken -----------------------------------------------------


def _taken(entry: Entry, base: Knowledge, assessed_on: date | None) -> Taken:
    """Whether the medicine is taken, and when last."""
    node, status = entry.node, entry.node.text("status")
    if entry.kind == "MedicationRequest" and node.flag("doNotPerform"):
        return Taken("never", "must not be given (doNotPerform); neither taken nor planned")
    state = _STATES[entry.kind].get(status)
    if state is None:
        told = (
            f"has the status {status[:40]}, which FHIR R4 does not have"
            if status
            else "has no status"
        )
        return Taken("perhaps", "read as perhaps taken", problems=(told,))
    if state == "void":
        return Taken("void", "entered in error, set aside")
    if state == "never":
        return _not_taken(entry, status)
    if entry.kind == "MedicationRequest":
        return _requested(node, status, state, assessed_on)
    last = last_dose(entry, base) if state == "past" else LastDose(words="")
    return Taken(state, f"{status}{last.words}", last.on, doubts=last.doubts)


_OF_BEFORE = ("effectivePeriod", "effectiveDateTime", "statusReason")


def _not_taken(entry: Entry, status: str) -> Taken:
    """What is not taken; a statement with a time or a reason tells that it was, once.

    Its period may be the one in which it was not taken, so that its end is no last dose.
    """
    if entry.kind == "MedicationStatement" and any(map(entry.node.has, _OF_BEFORE)):
        return Taken("past", f"{status}, with a time or a reason: last dose not known")
    return Taken("never", f"{status}: no exposure")


def _requested(node: Node, status: str, state: State, assessed_on: date | None) -> Taken:
    """An order: taken now, perhaps, or from a coming day on."""
    intent = node.text("intent")
    problems = () if intent in _INTENTS else (f"has no intent of FHIR R4 ({intent[:40]})",)
    starts, until = _starts(node)
    future = assessed_on is not None and starts and all(s.first > assessed_on for s in starts)
    words = f"{status}, {intent or 'intent not said'}"
    again = node.has("priorPrescription")
    if future and state in {"now", "perhaps"} and not problems and not again:
        planned = (min(span.first for span in starts), until)
        return Taken(state, f"{words}, from {planned[0]} on", planned=planned)
    return Taken(state, words, problems=problems)


def _starts(node: Node) -> tuple[list[Span], date | None]:
    """The first days that every dosage tells, or nothing; and the last day of all."""
    starts: list[Span] = []
    ends: list[date | None] = []
    for dosage in node.children("dosageInstruction"):
        repeat = timing.child("repeat") if (timing := dosage.child("timing")) else None
        bounds = repeat.child("boundsPeriod") if repeat else None
        told = [bounds.text("start")] if bounds else []
        told += timing.texts("event") if timing else []
        spans = [span for text in told if (span := span_of(text))]
        if not spans or len(spans) < len(told):
            return [], None
        starts += spans
        end = span_of(bounds.text("end")) if bounds else None
        ends.append(end.last if end else None)
    known = [end for end in ends if end is not None]
    last = max(known) if known and len(known) == len(ends) else None
    return starts, last if starts and last and last >= min(s.first for s in starts) else None
