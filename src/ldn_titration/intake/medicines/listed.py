"""A whole medication list as clinics keep it, plain or as CSV, and the facts that it tells.

A list is never taken for more than it is: of opioids it says which are on it, and not that
there are no others.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import NamedTuple

from ldn_titration.errors import InvalidInputError, Problem
from ldn_titration.intake.medicines.line import MedicineLine, read_medicine
from ldn_titration.intake.medicines.table import delimiter_of, read_table
from ldn_titration.knowledge import Knowledge, knowledge
from ldn_titration.patient import Medication, OpioidExposure, OpioidHistory, PatientFacts

__all__ = ["NOT_ASKED", "MedicineList", "read_medicines"]

MAX_BYTES = 1 << 20
MAX_LINES = 1000

NOT_ASKED = OpioidExposure(substance="other opioids, not asked about")
"""What a list that names an opioid leaves open where nobody asked about opioids.

It stands among the exposures, so that the history is not taken for complete; take it out
once somebody has asked.
"""


class MedicineList(NamedTuple):
    """A list with the reading of every line, in its order; ``rows`` are their numbers."""

    lines: tuple[MedicineLine, ...]
    rows: tuple[int, ...]

    @property
    def exposures(self) -> tuple[OpioidExposure, ...]:
        """Every opioid on it, as an exposure."""
        return tuple(exposure for line in self.lines for exposure in line.exposures)

    @property
    def medications(self) -> tuple[Medication, ...]:
        """Every other medicine on it, and what was not understood; empty: asked, and none."""
        return tuple(medicine for line in self.lines for medicine in line.medications)

    @property
    def not_understood(self) -> tuple[Problem, ...]:
        """What was not understood, each with its row."""
        return tuple(
            Problem(f"row {row}", f"not understood: {', '.join(line.rest)}")
            for row, line in zip(self.rows, self.lines, strict=True)
            if line.rest
        )

    def facts(self, patient: PatientFacts) -> PatientFacts:
        """What is known of a patient, with this list joined to it; nothing is overwritten.

        A list with an opioid makes the history known; where nobody had asked about opioids,
        :data:`NOT_ASKED` stays among them. One without leaves it as it was. Raises
        InvalidInputError where both together are more than may be listed.
        """
        known = patient.opioids
        found = self.exposures
        if found:
            asked = () if known.status != "unknown" else (NOT_ASKED,)
            together = (*known.exposures, *found, *asked)
            known = OpioidHistory(status="known", exposures=together)
        medications = (*(patient.medications or ()), *self.medications)
        return patient.model_copy(update={"opioids": known, "medications": medications})


def read_medicines(data: str | bytes, base: Knowledge | None = None) -> MedicineList:
    r"""The reading of a medication list, one medicine a line, or of a CSV with a header.

    A header with a column ``medicine`` makes it CSV. A line alone that says "none" is an
    empty list: asked, and none. Raises InvalidInputError with every problem and its row.

    >>> found = read_medicines("lisinopril 10 mg daily\n- OxyContin 20 mg, stopped 2026-12-01")
    >>> [(line.name, line.status) for line in found.lines]
    [('lisinopril', 'taken'), ('OxyContin', 'ended')]
    """
    base = base or knowledge()
    numbered = _lines(_text(data))
    if _says_none(numbered):
        row, text = numbered[0]
        return MedicineList((_none(text),), (row,))
    delimiter = delimiter_of(numbered[0][1])
    if delimiter is not None:
        found = read_table(numbered, delimiter, base)
    else:
        found = _read_each(numbered, base)
    return MedicineList(tuple(line for _, line in found), tuple(row for row, _ in found))


def _text(data: str | bytes) -> str:
    """The text, as UTF-8 with or without its mark."""
    if len(data) > MAX_BYTES:
        raise InvalidInputError([Problem("list", f"is larger than {MAX_BYTES} bytes")])
    if isinstance(data, str):
        return data.removeprefix("\ufeff")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        byte = f"byte {error.start} is 0x{data[error.start]:02X}"
        message = f"is no UTF-8 text ({byte}): it is in another encoding; save it as UTF-8"
        raise InvalidInputError([Problem("list", message)]) from None


def _lines(text: str) -> list[tuple[int, str]]:
    """Every line that is not blank, with its number from 1."""
    numbered = [(row, line) for row, line in enumerate(_LINES.split(text), 1) if line.strip()]
    if not numbered:
        message = 'is empty; write "none" where it was asked and nothing is taken'
        raise InvalidInputError([Problem("list", message)])
    if len(numbered) > MAX_LINES:
        message = f"has {len(numbered)} lines; at most {MAX_LINES} are read"
        raise InvalidInputError([Problem("list", message)])
    problems = [
        Problem(f"row {row}", f"holds the control character U+{ord(character):04X}; remove it")
        for row, line in numbered
        for character in dict.fromkeys(line)
        if character != "\t" and unicodedata.category(character) in _CONTROLS
    ]
    if problems:
        raise InvalidInputError(problems)
    return numbered


_CONTROLS = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_LINES = re.compile(r"\r\n|\n|\r")


def _read_each(
    numbered: Iterable[tuple[int, str]], base: Knowledge
) -> list[tuple[int, MedicineLine]]:
    """Every line read; raises InvalidInputError with each that is no line of text."""
    found: list[tuple[int, MedicineLine]] = []
    problems: list[Problem] = []
    for row, text in numbered:
        try:
            found.append((row, read_medicine(text.replace("\t", " "), base)._replace(text=text)))
        except InvalidInputError as error:
            problems += (Problem(f"row {row}", problem.message) for problem in error.problems)
    if problems:
        raise InvalidInputError(problems)
    return found


# --- a list that says that nothing is taken

_NONE = frozenset(
    {
        "none",
        "nil",
        "no medicines",
        "no medications",
        "no medication",
        "no meds",
        "no current medicines",
        "no current medications",
        "takes no medicines",
        "takes no medications",
    }
)


def _says_none(numbered: list[tuple[int, str]]) -> bool:
    return len(numbered) == 1 and numbered[0][1].strip(" \t-*.").casefold() in _NONE


def _none(text: str) -> MedicineLine:
    return MedicineLine(text, (), "", "", "none", None, (), (), None, "")
