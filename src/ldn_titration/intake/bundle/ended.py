"""When the last dose of a medicine of FHIR was, and what beside it speaks against an end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import NamedTuple

from ldn_titration.intake.bundle.entries import Entry
from ldn_titration.intake.bundle.tree import Node, span_of, walk
from ldn_titration.intake.medicines.endings import read_ending, spoken_against
from ldn_titration.knowledge import Knowledge
from ldn_titration.knowledge.names import words_of
from ldn_titration.values import Month

__all__ = ["LastDose", "last_dose"]


class LastDose(NamedTuple):
    """The day of the last dose, if it is told unmistakably, how that is said, and why not."""

    on: date | Month | None = None
    words: str = ", last dose not known"
    doubts: tuple[str, ...] = ()


def last_dose(entry: Entry, base: Knowledge) -> LastDose:
    """The last dose of what was taken before; an end is not believed where more is said."""
    told = _told(entry)
    against = tuple(_against(entry.node, base)) if told.on else ()
    if not against:
        return told
    words = f"{told.words}, which is not believed: last dose not known"
    return LastDose(None, words, tuple(f"tells an end, and beside it: {each}" for each in against))


def _told(entry: Entry) -> LastDose:
    period, moment = entry.node.child("effectivePeriod"), entry.node.text("effectiveDateTime")
    if entry.kind == "MedicationAdministration":
        told = moment or (period.text("end") if period else "")
        return _day(told, "given")
    if entry.kind != "MedicationStatement" or period is None:
        return LastDose()
    start, end = period.text("start"), period.text("end")
    asserted = span_of(entry.node.text("dateAsserted"))
    if entry.node.has("derivedFrom") or entry.node.has("basedOn"):
        return LastDose(words=", taken over from another record: last dose not known")
    first, last = span_of(start), span_of(end)
    if first and last and last.first <= first.first:
        return LastDose(words=", its end is not after its start: last dose not known")
    if last and asserted and asserted.last < last.first:
        return LastDose(words=", told before its end: last dose not known")
    return _day(end, "taken until")


def _day(told: str, how: str) -> LastDose:
    span = span_of(told) if told else None
    return LastDose() if span is None else LastDose(span.latest, f", {how} {told}")


# --- what speaks against an end -------------------------------------------------------

_DIRECTIONS = frozenset({"text", "patientInstruction"})


def _against(node: Node, base: Knowledge) -> Iterator[str]:
    """Notes that are not understood, and directions of what is taken as needed or still."""
    for note in node.children("note"):
        text = note.text("text")
        if text and not _is_understood(text, base):
            yield text[:80]
    for dosage in _dosages(node):
        for _, name, value in walk(dosage):
            if name in {"asNeededBoolean", "asNeededCodeableConcept"} and value:
                yield "as needed"
            if name in _DIRECTIONS and isinstance(value, str) and spoken_against(value):
                yield value[:80]


def _dosages(node: Node) -> list[Node]:
    single = isinstance(node.value.get("dosage"), Mapping)
    found = [node.child("dosage")] if single else node.children("dosage")
    return [each for each in found if each is not None]


def _is_understood(text: str, base: Knowledge) -> bool:
    """Whether a note says no more than that it ended, and why; a date beside it is no such."""
    ending, lexicon = read_ending(text), base.lexicon
    known = lexicon.kinds["indication"] | _KNOWN
    silent = all(word in known for word in words_of(ending.said))
    told = ending.status in {"taken", "ended"} and ending.last is None and not ending.unread
    return told and silent and not spoken_against(text)


_KNOWN = frozenset({"for", "after", "of", "the", "surgery", "operation", "course", "completed"})
"""Words of a note beside which an end stands: why it was taken, and that the course is over."""
