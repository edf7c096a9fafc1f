"""The parsers: each takes what a source makes, and raises where a promise is broken."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from fuzzing.trees import WORDS, Source, edited, written
from ldn_titration import Concentration, LdnTitrationError, Mass, Verdict, Volume, schedule, screen
from ldn_titration.intake.bundle.patient import read_patient
from ldn_titration.intake.medicines.listed import read_medicines
from ldn_titration.intake.plan import read_plan
from ldn_titration.knowledge.overlay import overlaid
from ldn_titration.lint import lint
from ldn_titration.request import read_request
from proofs.result import ROOT

__all__ = ["TARGETS"]

EXAMPLES = ROOT / "examples"
_NUMBER = re.compile(r"(?:0|[1-9][0-9]*)(?:\.[0-9]*[1-9])?(?:/[1-9][0-9]*)? \S+")
_REQUESTS = [json.loads(path.read_text()) for path in sorted(EXAMPLES.glob("*.json"))]
_BUNDLE = json.loads((EXAMPLES / "fhir" / "patient-bundle.json").read_text())
_ORDERS = [json.loads(path.read_text()) for path in sorted((EXAMPLES / "orders").glob("*.json"))]
_LISTS = [(EXAMPLES / name).read_text() for name in ("medications.txt", "medications.csv")]
_OVERLAY = (EXAMPLES / "overlay.toml").read_text()


def quantity(source: Source) -> None:
    """What is read prints in one way, and what is printed reads as the same."""
    text = _spliced(source, source.one(WORDS))
    for kind in (Mass, Volume, Concentration):
        try:
            read = kind(text)
        except LdnTitrationError:
            continue
        assert _NUMBER.fullmatch(str(read)), (text, str(read))
        assert kind(str(read)) == read, text
        assert text.isascii() or "µ" in text or "μ" in text, text


def request(source: Source) -> None:
    """A request is read, screened and laid out, or refused."""
    _planned(written(edited(source.one(_REQUESTS), source)))


def request_text(source: Source) -> None:
    """The same of text that is hardly JSON."""
    text = json.dumps(source.one(_REQUESTS))
    _planned(_spliced(source, text).encode("utf-8", "surrogatepass"))


def diary(source: Source) -> None:
    """A diary is replayed or refused; no day before an event's is changed."""
    asked = read_request(json.dumps(_REQUESTS[0] | {"diary": []}))
    living = next(one["diary"] for one in _REQUESTS if one.get("diary"))
    made = {"regimen": asked.titration(), "preparation": asked.preparation, "start": asked.start}
    before = schedule(**made)
    try:
        after = schedule(**made, diary=edited(living, source, 8))
    except (LdnTitrationError, ValueError):
        return
    first = min((event.on for event in after.diary), default=None)
    for old, new in zip(before, after, strict=False):
        assert first is None or old.date >= first or old.dose == new.dose


def record(source: Source) -> None:
    """A FHIR record is read or refused; a record alone never clears."""
    try:
        read = read_patient(written(edited(_BUNDLE, source, 6)))
    except LdnTitrationError:
        return
    assert screen(read.patient, "2027-01-04").verdict > Verdict.CAUTION


def medicine_list(source: Source) -> None:
    """A list of medicines, as lines or as a table, is read or refused."""
    try:
        read_medicines(_spliced(source, source.one(_LISTS)))
    except LdnTitrationError:
        return


def order(source: Source) -> None:
    """Somebody else's order is judged or refused."""
    try:
        lint(written(edited(source.one(_ORDERS), source, 6)))
    except LdnTitrationError:
        return


def returned_plan(source: Source) -> None:
    """A plan that comes back as FHIR is the same plan, or refused."""
    try:
        read_plan(written(edited(_bundle_of_a_plan(), source, 6)))
    except LdnTitrationError:
        return


def overlay(source: Source) -> None:
    """A site's overlay is read or refused."""
    try:
        overlaid(_spliced(source, _OVERLAY).encode("utf-8", "surrogatepass"), "overlay.toml")
    except LdnTitrationError:
        return


def _planned(data: bytes) -> None:
    try:
        asked = read_request(data)
        plan = asked.plan()
    except LdnTitrationError:
        return
    assert len(plan) > 0


def _spliced(source: Source, text: str) -> str:
    """The text with a few pieces cut out, doubled or put in."""
    for _ in range(source.number(0, 5)):
        at = source.number(0, len(text))
        upto = min(len(text), at + source.number(0, 8))
        piece = source.one([source.text(12), source.one(WORDS), text[at:upto] * 2, ""])
        text = text[:at] + piece + text[upto:]
    return text


_MADE: list[Any] = []


def _bundle_of_a_plan() -> Any:
    if not _MADE:
        from ldn_titration.export.fhir import plan_fhir

        asked = read_request(json.dumps(_REQUESTS[0]))
        _MADE.append(json.loads(plan_fhir(asked.plan())))
    return _MADE[0]


_ALL = (
    quantity, request, request_text, diary, record, medicine_list, order, returned_plan, overlay
)  # fmt: skip
TARGETS: dict[str, Callable[[Source], None]] = {target.__name__: target for target in _ALL}
"""The parsers by name."""
