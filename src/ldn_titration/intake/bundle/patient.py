"""PatientFacts from a FHIR R4 Bundle: what is unmistakable is read, all else is named.

A Bundle alone never clears a start: it does not say that somebody asked. Whatever may be
missing from it leaves the medication list unknown, so that screening asks for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from ldn_titration.errors import InvalidInputError, Problem
from ldn_titration.intake.bundle.elements import MEDICINE_TYPES, NOT_OF_THE_PATIENT
from ldn_titration.intake.bundle.entries import Entry, OpenBundle, open_bundle
from ldn_titration.intake.bundle.events import read_event, read_observation, read_other
from ldn_titration.intake.bundle.given import read_medication, refuse_too_many
from ldn_titration.intake.bundle.noted import EntryRead, Noted
from ldn_titration.intake.bundle.states import read_allergy, read_condition, read_list, read_person
from ldn_titration.intake.bundle.tree import read_tree, walk
from ldn_titration.knowledge import Knowledge, knowledge
from ldn_titration.patient import OpioidHistory, OpioidTest, PatientFacts
from ldn_titration.values import printable, read_date

__all__ = ["BundleRead", "EntryRead", "read_patient"]


class BundleRead(NamedTuple):
    """The facts that a Bundle tells, how each entry was read, and why it may not be all.

    ``readings`` has one row for every resource, in order. ``incomplete`` names each reason
    for which medicines or conditions may be missing; with one, both lists are unknown.
    """

    patient: PatientFacts
    readings: tuple[EntryRead, ...]
    incomplete: tuple[Problem, ...]


def read_patient(
    tree: Mapping[str, Any] | str | bytes,
    *,
    base: Knowledge | None = None,
    assessed_on: date | str | None = None,
    assessed_by: str | None = None,
) -> BundleRead:
    """The facts of the patient of a FHIR R4 Bundle, from its JSON or what was read of it.

    ``assessed_on`` is the day for which the record is read: ages and coming days are counted
    from it, and without it they are not known. Nothing is guessed; ``opioids`` is never
    "none", for a record that lists no opioid does not say that the patient was asked.
    Raises InvalidInputError for what is no Bundle of FHIR R4, or of two patients.

    >>> read = read_patient('{"resourceType": "Bundle", "type": "searchset", "total": 3}')
    >>> [str(problem) for problem in read.incomplete][:2]
    ['total: 3 are said to be found, and 0 are here', 'entry: the Bundle is empty']
    >>> read.patient.medications is None
    True
    """
    base, day = base or knowledge(), _day(assessed_on)
    opened = open_bundle(read_tree(tree))
    notes = _notes(opened, base, day)
    readings = tuple(
        EntryRead(entry.node.path, entry.kind, printable(entry.id), printable(noted.words))
        for entry, noted in zip(opened.entries, notes, strict=True)
    )
    incomplete = (*opened.incomplete, *_problems(opened.entries, notes), *_contradictions(notes))
    known = {"assessed_on": day, "assessed_by": assessed_by}
    return BundleRead(_patient(notes, not incomplete, known), readings, incomplete)


def _day(told: date | str | None) -> date | None:
    try:
        return None if told is None else read_date(told)
    except ValueError as error:
        raise InvalidInputError([Problem("assessed_on", str(error))]) from None


# --- entry by entry -------------------------------------------------------------------


def _notes(opened: OpenBundle, base: Knowledge, day: date | None) -> list[Noted]:
    """What is noted of each entry; raises every fault of their shapes at once."""
    refuse_too_many((e for e in opened.entries if e.kind in MEDICINE_TYPES), opened)
    notes: list[Noted] = []
    faults: list[Problem] = []
    for entry in opened.entries:
        try:
            noted = _noted(entry, opened, base, day)
            notes.append(noted.with_problem(_missing(entry, opened)))
        except InvalidInputError as error:
            faults += error.problems
    if faults:
        raise InvalidInputError(faults)
    return notes


def _noted(entry: Entry, opened: OpenBundle, base: Knowledge, day: date | None) -> Noted:
    if entry.kind in MEDICINE_TYPES:
        return read_medication(entry, opened, base, day)
    if entry.kind in {"Procedure", "ServiceRequest"}:
        return read_event(entry, base, day)
    if entry.kind == "Condition":
        return read_condition(entry, base)
    if entry.kind == "AllergyIntolerance":
        return read_allergy(entry, base)
    if entry.kind == "Observation":
        return read_observation(entry, base)
    if entry.kind == "Patient":
        return read_person(entry, day)
    if entry.kind == "List":
        return read_list(entry, opened, base)
    if entry.kind == "Medication":
        return Noted("a medicine; it is read where an entry leads to it")
    if entry.kind in NOT_OF_THE_PATIENT:
        return Noted("not read; it says nothing of what the patient takes")
    return read_other(entry, base)


_OF_A_PLAN = re.compile(r"\.(?:reference|productReference)\.reference")
_MEDICINE = re.compile(rf"(?:.*/)?(?:{'|'.join(sorted(MEDICINE_TYPES))})/.*")


def _missing(entry: Entry, opened: OpenBundle) -> str:
    """What a resource says is there, and is not; empty where all of it is.

    Of a list, a document or a plan that is all that it lists; of others what tells of medicines.
    """
    below = len(entry.node.path)
    contained = {f"#{each.text('id')}" for each in entry.node.children("contained")}
    for path, name, value in walk(entry.node) if entry.kind not in MEDICINE_TYPES else ():
        if name != "reference" or not isinstance(value, str):
            continue
        wanted = _lists(entry.kind, path[below:]) or _MEDICINE.fullmatch(value)
        if wanted and value not in contained and opened.find(value) is None:
            return f"lists {value[:80]}, which is not in the Bundle"
    return ""


def _lists(kind: str, path: str) -> bool:
    """Whether a reference at that path is of something that such a resource lists."""
    if kind == "CarePlan":
        return ".activity[" in path and _OF_A_PLAN.search(path) is not None
    return kind in {"List", "Composition"} and ".entry[" in path


def _problems(entries: Sequence[Entry], notes: Sequence[Noted]) -> Iterable[Problem]:
    for entry, noted in zip(entries, notes, strict=True):
        for message in noted.problems:
            yield Problem(entry.node.path, printable(message))


def _contradictions(notes: Sequence[Noted]) -> Iterable[Problem]:
    """Where the Bundle says that there is none of what it lists."""
    none = {what for noted in notes for what in noted.none_of}
    if "medications" in none and any(n.listed == "medications" for n in notes):
        yield Problem("bundle", "says that there are no medications, and lists some")
    if "conditions" in none and any(n.listed == "conditions" for n in notes):
        yield Problem("bundle", "says that there are no conditions, and lists some")
    allergic = any(("naltrexone_hypersensitivity", "yes") in n.facts for n in notes)
    if "allergies" in none and allergic:
        yield Problem("bundle", "says that there are no allergies, and lists one to naltrexone")


# --- the facts ------------------------------------------------------------------------


def _patient(notes: Sequence[Noted], whole: bool, known: Mapping[str, Any]) -> PatientFacts:
    exposures = tuple(dict.fromkeys(e for noted in notes for e in noted.exposures))
    history = OpioidHistory(status="known" if exposures else "unknown", exposures=exposures)
    facts: dict[str, Any] = {
        **_facts(notes, whole),
        **{name: value for name, value in known.items() if value is not None},
        "opioids": history,
        "medications": _medications(notes) if whole else None,
        "conditions": _conditions(notes) if whole else None,
        "urine_opioid_screen": _worst_test([test for noted in notes for test in noted.tests]),
        "planned_opioid": tuple(dict.fromkeys(p for noted in notes for p in noted.planned)),
        "age_years": next((noted.age for noted in notes if noted.age is not None), None),
    }
    return PatientFacts(**facts)


_WORSE = ("no", "compensated", "mild", "moderate", "severe", "yes", "acute_or_decompensated")


def _facts(notes: Sequence[Noted], whole: bool) -> dict[str, str]:
    """Each fact that is told, the worst of its values; none is "no" where some may be missing."""
    found: dict[str, str] = {}
    if whole and any("allergies" in noted.none_of for noted in notes):
        found["naltrexone_hypersensitivity"] = "no"
    for name, value in (fact for noted in notes for fact in noted.facts):
        found[name] = max(found.get(name, value), value, key=_WORSE.index)
    return found


def _medications(notes: Sequence[Noted]) -> tuple[Any, ...] | None:
    """The medicines beside the opioids; None where none of now is listed, nor said to be none."""
    listed = tuple(dict.fromkeys(m for noted in notes for m in noted.medications))
    told = any(noted.listed == "medications" for noted in notes)
    none = any("medications" in noted.none_of for noted in notes)
    return listed if listed or told or none else None


def _conditions(notes: Sequence[Noted]) -> tuple[str, ...] | None:
    listed = tuple(dict.fromkeys(name for noted in notes for name in noted.conditions))
    told = any(noted.listed == "conditions" for noted in notes)
    none = any("conditions" in noted.none_of for noted in notes)
    return listed if told or none else None


_LEAST = ("negative", "pending", "positive")


def _worst_test(tests: Sequence[OpioidTest]) -> OpioidTest | None:
    """A positive test before a pending one before a negative one; of equals the latest."""
    return max(tests, key=lambda test: (_LEAST.index(test.result), test.on), default=None)
