"""Readings of a medication list or a Bundle as plain text, every line with what it became."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from ldn_titration import sig
from ldn_titration.values import printable

if TYPE_CHECKING:  # what is drawn lies above the pages
    from ldn_titration.errors import Problem
    from ldn_titration.intake.bundle import BundleRead
    from ldn_titration.intake.medicines import MedicineLine, MedicineList
    from ldn_titration.patient import OpioidExposure, PatientFacts

__all__ = ["bundle_text", "medicines_text"]

_COLUMNS = (("Line", 21), ("Read as", 15), ("Release", 12), ("Last taken", 10))
_LAST = ("Not understood", 14)
_WIDTH = 80


def medicines_text(found: MedicineList, patient: PatientFacts) -> str:
    """A medication list as text: each line with its reading, and what follows from it."""
    understood = sum(line.understood for line in found.lines)
    heading = f"Medication list: {sig.count(len(found.lines), 'line')}, {understood} understood"
    lines = [heading, "=" * len(heading), "", *_table(map(_row, found.lines))]
    return "\n".join([*lines, *_exposures(patient), *_left(found.not_understood)]) + "\n"


def bundle_text(read: BundleRead) -> str:
    """A Bundle as text: each entry with its reading, what follows, and what may be missing."""
    heading = f"FHIR Bundle: {sig.count(len(read.readings), 'resource')}"
    lines = [heading, "=" * len(heading), ""]
    for entry in read.readings:
        lines += _wrapped(f"{entry.path}  {entry.kind} {entry.id}: {entry.words}", "    ")
    return "\n".join([*lines, *_exposures(read.patient), *_left(read.incomplete)]) + "\n"


# --- the table ------------------------------------------------------------------------


def _row(line: MedicineLine) -> tuple[str, ...]:
    """The cells of a line."""
    read_as = "nothing is taken" if line.status == "none" else line.name or "no known medicine"
    return (line.text.strip(), read_as, _release(line), _last(line), ", ".join(line.rest))


def _release(line: MedicineLine) -> str:
    """The release form of an opioid: as told, as its name tells, or that it is not told."""
    opioids = [name for name in line.names if name.name.is_opioid]
    if not opioids:
        return ""
    if line.product is not None:
        return "by its code"
    told = {name.told_release for name in opioids}
    return told.pop() if len(told) == 1 else "not told"


def _last(line: MedicineLine) -> str:
    if line.status == "none" or not line.names:
        return ""
    if line.status == "taken":
        return "now"
    return str(line.last or "unknown")


def _table(rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """The table, every cell wrapped in its column."""
    columns = (*_COLUMNS, _LAST)
    widths = [width for _, width in columns]
    yield from _cells([name for name, _ in columns], widths)
    yield "  ".join("-" * width for width in widths)
    for row in rows:
        yield from _cells(row, widths)


def _cells(cells: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    wrapped = [
        textwrap.wrap(printable(cell), width) or [""]
        for cell, width in zip(cells, widths, strict=True)
    ]
    for place in range(max(map(len, wrapped))):
        parts = (each[place] if place < len(each) else "" for each in wrapped)
        yield "  ".join(p.ljust(w) for p, w in zip(parts, widths, strict=True)).rstrip()


# --- what follows ---------------------------------------------------------------------


def _exposures(patient: PatientFacts) -> Iterator[str]:
    """The opioids of the patient, and that a record never says that there are none."""
    yield ""
    if not patient.opioids.exposures:
        yield from _wrapped(f"Opioids: {patient.opioids.status}. None is listed; ask for them.")
        return
    yield "Opioids"
    for exposure in patient.opioids.exposures:
        yield from _wrapped(f"- {exposure.label}: {_exposure(exposure)}", "  ")


def _exposure(exposure: OpioidExposure) -> str:
    last = "now" if exposure.ongoing else f"last {exposure.last_taken}"
    return last if exposure.release == "unknown" else f"{exposure.release} release, {last}"


def _left(problems: Sequence[Problem]) -> Iterator[str]:
    """What was not understood or may be missing, each with its place."""
    yield ""
    if not problems:
        yield "Everything was understood."
        return
    yield "Not understood, and counted against a start"
    for problem in problems:
        yield from _wrapped(f"- {problem}", "  ")


def _wrapped(text: str, indent: str = "") -> list[str]:
    return textwrap.wrap(printable(text), _WIDTH, subsequent_indent=indent)
