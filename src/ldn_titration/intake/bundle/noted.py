"""What is noted of one resource: its reading in plain words, and what follows from it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ldn_titration.intake.bundle.named import mentions
from ldn_titration.intake.bundle.tree import Coding, Concept, Node, walk
from ldn_titration.knowledge import Knowledge
from ldn_titration.knowledge.names import words_of
from ldn_titration.patient import Medication, OpioidExposure, OpioidTest, PlannedOpioid

__all__ = ["ABSENT", "EntryRead", "Noted", "mentioned", "noted_beside", "said_beside_none"]

ABSENT = "http://hl7.org/fhir/uv/ips/CodeSystem/absent-unknown-uv-ips"
"""Codes that say that there is none, or that nothing is known: International Patient Summary."""


class EntryRead(NamedTuple):
    """One entry of the Bundle as it was read: where it stands, what it is, what was made of it."""

    path: str
    kind: str
    id: str
    words: str


class Noted(NamedTuple):
    """What follows from one resource.

    ``listed`` tells to which list an entry of now belongs (medications or conditions),
    ``none_of`` which list it says is empty, ``problems`` why the reading is incomplete.
    """

    words: str
    medications: tuple[Medication, ...] = ()
    exposures: tuple[OpioidExposure, ...] = ()
    planned: tuple[PlannedOpioid, ...] = ()
    conditions: tuple[str, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    tests: tuple[OpioidTest, ...] = ()
    listed: str = ""
    none_of: tuple[str, ...] = ()
    age: int | None = None
    problems: tuple[str, ...] = ()

    def with_problem(self, problem: str) -> Noted:
        """The same, with one more reason why the reading is incomplete."""
        return self._replace(problems=(*self.problems, problem)) if problem else self

    def with_note(self, named: str) -> Noted:
        """The same, with an opioid that is named in a note beside what is set aside or negative."""
        return self.with_problem(f"names {named} in a note" if named else "")


_NONE_WORDS = """
no none nil known current active drug drugs medication medications medicine medicines
allergy allergies intolerance intolerances problem problems condition conditions
"""
_NONE_OF = frozenset(_NONE_WORDS.split())
_NONE = frozenset({"no", "none", "nil"})


def said_beside_none(concept: Concept) -> str:
    """What a concept names beside a code that says that there is none; empty where nothing."""
    for code in concept.codes_of(ABSENT)[1:]:
        return code[:80]
    for coding in concept.codings:
        if coding.system != ABSENT and not coding.display:
            return f"code {coding.code}"[:80]
    for text in concept.texts:
        words = words_of(text)
        if not words or words[0] not in _NONE or not _NONE_OF.issuperset(words):
            return text[:80]
    return ""


_TEXT_ELEMENTS = """
comment conclusion description display instruction note patientInstruction text title
valueString reasonString
"""
_TEXTS = frozenset(_TEXT_ELEMENTS.split())

_TAG = re.compile(r"<[^<>]*>")
"""A tag of a narrative. One of status "additional" tells more than the resource does."""


def mentioned(
    node: Node, base: Knowledge, without: Sequence[str] = (), own: Collection[str] = ()
) -> str:
    """The first opioid named in a resource, beside its elements ``without`` and its ``own``."""
    kept = Node(node.path, {k: v for k, v in node.value.items() if k not in without})
    named = mentions(_texts(kept), _concepts(kept), base)
    return next((name for name in named if name not in own), "")


def noted_beside(node: Node, base: Knowledge) -> str:
    """The first opioid named in the notes of a resource that is itself set aside."""
    return mentioned(Node(node.path, {"note": node.value.get("note")}), base)


def _texts(node: Node) -> Iterator[str]:
    for _, name, value in walk(node):
        for each in value if isinstance(value, list) else (value,):
            if name in _TEXTS and isinstance(each, str):
                yield each
        if name == "text" and isinstance(value, Mapping) and value.get("status") == "additional":
            yield _TAG.sub(" ", str(value.get("div")))


def _concepts(node: Node) -> Iterator[Concept]:
    for _, name, value in walk(node):
        if name == "coding" and isinstance(value, list):
            yield Concept(tuple(_coding(each) for each in value if isinstance(each, Mapping)))


def _coding(value: Mapping[str, Any]) -> Coding:
    """A coding of whatever shape, in a resource that may not be read: what is text of it."""
    told = (value.get(name) for name in Coding._fields)
    return Coding(*(each.strip() if isinstance(each, str) else "" for each in told))
