"""Observations, procedures and requests for services.

A positive test worsens; a negative one is kept and never makes a fact "no". An operation is
no fact: whether opioids are planned, or were given, is a question for the clinician.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Literal

from ldn_titration.intake.bundle.entries import Entry
from ldn_titration.intake.bundle.noted import Noted, mentioned, noted_beside
from ldn_titration.intake.bundle.tree import Concept, Node, span_of
from ldn_titration.knowledge import Knowledge
from ldn_titration.knowledge.names import key_of
from ldn_titration.patient import OpioidTest

__all__ = ["read_event", "read_observation", "read_other"]

LOINC = "http://loinc.org"

_URINE_OPIATES = frozenset({"3879-4", "19295-5", "18390-5", "8221-4", "8222-2"})
"""Opiates [Presence] in Urine, by any method: from the public value set of the CDC's opioid
guide, "general opiate urine drug screening tests"."""

_PREGNANCY_TEST = frozenset({"2106-3"})
"""Choriogonadotropin [Presence] in Urine: from HL7's International Birth and Child Model."""

_PREGNANCY_STATUS, _PREGNANT = "82810-3", "LA15173-0"
"""Pregnancy status and its answer "Pregnant": from HL7's International Patient Summary."""

_ANSWERS = {
    "LA6576-8": "positive",
    "LA6577-6": "negative",
    "LA11882-0": "positive",
    "LA11883-8": "negative",
}
"""LOINC's answers Positive, Negative, Detected and Not detected."""

_WORDS = {
    "positive": "positive",
    "pos": "positive",
    "detected": "positive",
    "present": "positive",
    "negative": "negative",
    "neg": "negative",
    "not detected": "negative",
    "none detected": "negative",
    "absent": "negative",
}
_INTERPRETED = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"
_INTERPRETATIONS = {"POS": "positive", "DET": "positive", "NEG": "negative", "ND": "negative"}

Result = Literal["positive", "negative", "pending"]

_FINAL = frozenset({"final", "amended", "corrected"})
_NOT_YET = frozenset({"registered", "preliminary", "unknown"})
_NOTHING = {"cancelled": "cancelled", "entered-in-error": "entered in error"}


def read_observation(entry: Entry, base: Knowledge) -> Noted:
    """What is noted of an Observation: a urine screen, a pregnancy, or nothing."""
    node, status = entry.node, entry.node.text("status")
    label = (node.concept("code").label or "something not named")[:120]
    if status in _NOTHING:
        noted = Noted(f"{label}: {_NOTHING[status]}, set aside")
        return noted.with_note(noted_beside(node, base))
    parts = [_part(part, node, status, base) for part in (node, *node.children("component"))]
    noted = Noted(
        f"{label}: " + "; ".join(dict.fromkeys(part.words for part in parts)),
        facts=tuple(fact for part in parts for fact in part.facts),
        tests=tuple(test for part in parts for test in part.tests),
        problems=tuple(problem for part in parts for problem in part.problems),
    )
    if status not in _FINAL | _NOT_YET:
        noted = noted.with_problem(f"has the status {status[:40] or '(none)'}, not one of FHIR R4")
    if node.has("focus"):
        noted = noted.with_problem("is about something else than the patient (focus)")
    return noted.with_note("" if parts[0].problems else noted_beside(node, base))


def _part(part: Node, node: Node, status: str, base: Knowledge) -> Noted:
    """What is noted of an Observation, or of one component of it."""
    codes = set(part.concept("code").codes_of(LOINC))
    result = _result(part, status)
    if codes & _URINE_OPIATES:
        return _urine(node, result)
    if _says_pregnant(part, codes, result):
        return Noted("pregnant yes", facts=(("pregnant", "yes"),))
    if codes & _PREGNANCY_TEST:
        return Noted(f"{result}, no fact")
    other = "" if result == "negative" else mentioned(part, base, ["component"])
    told = f"names {other}, and is not known to be negative" if other else ""
    return Noted("not judged").with_problem(told)


def _says_pregnant(node: Node, codes: set[str], result: Result) -> bool:
    if codes & _PREGNANCY_TEST:
        return result == "positive"
    value = node.concept("valueCodeableConcept") if node.has("valueCodeableConcept") else Concept()
    said = _PREGNANT in value.codes_of(LOINC) or "pregnant" in map(key_of, value.texts)
    return _PREGNANCY_STATUS in codes and said


def _urine(node: Node, result: Result) -> Noted:
    """The urine opioid screen; without its day it cannot be kept, and is named."""
    told = node.text("effectiveDateTime") or node.text("effectiveInstant") or node.text("issued")
    span = span_of(told)
    if span is None:
        return Noted(result).with_problem(f"a urine opioid screen without its day: {result}")
    test = OpioidTest(result=result, on=span.first if result == "negative" else span.last)
    support = " (supports, clears nothing)" if result == "negative" else ""
    return Noted(f"{result} on {test.on}{support}", tests=(test,))


def _result(node: Node, status: str) -> Result:
    """Positive where anything says so; negative where all that is said is; else pending."""
    said = set(_said(node))
    if "positive" in said:
        return "positive"
    return "negative" if said == {"negative"} and status in _FINAL else "pending"


def _said(node: Node) -> Iterator[str]:
    """What the value and its interpretation say; "" for what is not understood."""
    if node.has("valueCodeableConcept"):
        yield _of_value(node.concept("valueCodeableConcept"))
    if node.has("valueString"):
        yield _WORDS.get(key_of(node.text("valueString")), "")
    flag = node.flag("valueBoolean")
    if flag is not None:
        yield "positive" if flag else "negative"
    for concept in node.concepts("interpretation"):
        for code in concept.codes_of(_INTERPRETED):
            yield _INTERPRETATIONS.get(code, "")


def _of_value(value: Concept) -> str:
    told = {_ANSWERS.get(code, "") for code in value.codes_of(LOINC)}
    told |= {_WORDS.get(key_of(text), "") for text in value.texts}
    if "positive" in told:
        return "positive"
    return "negative" if told == {"negative"} else ""


# --- procedures and requests ----------------------------------------------------------

_SURGICAL = re.compile(
    r"surg|operation|operative|an(?:a)?esthe|transplant|replacement|bypass|cesarean|caesarean"
    r"|ectomy\b|otomy\b|ostomy\b|plasty\b|pexy\b|desis\b",
    re.IGNORECASE,
)
"""Words of an operation. No terminology of procedures is shipped, so text has to do."""

_OPEN = {
    "Procedure": frozenset({"preparation", "in-progress", "on-hold", "unknown"}),
    "ServiceRequest": frozenset({"draft", "active", "on-hold", "unknown"}),
}
_NOT_DONE = frozenset({"not-done", "revoked", "entered-in-error"})
_STATUSES = {
    "Procedure": _OPEN["Procedure"] | {"stopped", "completed"},
    "ServiceRequest": _OPEN["ServiceRequest"] | {"completed"},
}


def read_event(entry: Entry, base: Knowledge, assessed_on: date | None) -> Noted:
    """What is noted of a Procedure or ServiceRequest: a question, where it is an operation."""
    node, status = entry.node, entry.node.text("status")
    label = (node.concept("code").label or "something not named")[:120]
    if node.flag("doNotPerform") or status in _NOT_DONE:
        noted = Noted(f"{label}: not done, set aside")
        return noted.with_note(noted_beside(node, base))
    noted = _asked(entry, label, status, base, assessed_on)
    if status not in _STATUSES[entry.kind]:
        noted = noted.with_problem(f"has the status {status[:40] or '(none)'}, not one of FHIR R4")
    is_test = bool(node.concept("code").codes_of(LOINC))
    other = mentioned(node, base, ["code"] if is_test else [])
    return noted.with_problem(f"names {other}; ask about opioids" if other else "")


def _asked(
    entry: Entry, label: str, status: str, base: Knowledge, assessed_on: date | None
) -> Noted:
    if not any(map(_SURGICAL.search, _words_of(entry.node))):
        return Noted(f"{label}: {status or 'no status'}; no operation by its words; not judged")
    if status in _OPEN[entry.kind] or not status:
        told = "an operation is planned: ask whether opioids are planned, and state them"
    elif _long_ago(entry.node, base, assessed_on):
        return Noted(f"{label}: {status}; an operation of before; ask whether opioids were given")
    else:
        told = "an operation was done lately, or on a day not known: ask whether opioids were given"
    return Noted(f"{label}: {status}; {told}").with_problem(told)


def _words_of(node: Node) -> Iterator[str]:
    yield from node.concept("code").texts
    for name in ("category",):
        single = not isinstance(node.value.get(name), list)
        for concept in [node.concept(name)] if single else node.concepts(name):
            yield from concept.texts


def _long_ago(node: Node, base: Knowledge, assessed_on: date | None) -> bool:
    """Whether the longest opioid-free window has passed between it and the assessment."""
    period = node.child("performedPeriod")
    told = node.text("performedDateTime") or (period.text("end") if period else "")
    told = told or node.text("occurrenceDateTime")
    done = span_of(told)
    if done is None or assessed_on is None:
        return False
    return assessed_on - done.last > timedelta(base.longest_window)


def read_other(entry: Entry, base: Knowledge) -> Noted:
    """What is noted of a resource that is not read: that it is there, and an opioid in it."""
    other = mentioned(entry.node, base)
    noted = Noted("not read; it may speak of medicines" if other else "not read")
    return noted.with_problem(f"is not read, and names {other}" if other else "")
