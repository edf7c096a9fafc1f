"""Amounts of strangers' orders: a FHIR Quantity as it stands, and what unit it is in.

Only units that a titration is written in are known: mass, volume, and things that are
counted. UCUM codes are case-sensitive; ``mcg`` and ``MG`` are none.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import NamedTuple

from ldn_titration.intake.orders.elements import Element

__all__ = [
    "UCUM",
    "WORDS",
    "Amount",
    "Strength",
    "Unit",
    "UnitFault",
    "Written",
    "amount_of",
    "read_quantity",
    "strength_in",
    "unit_fault",
    "unit_of_code",
    "unit_of_words",
]

UCUM = "http://unitsofmeasure.org"
"""The system of UCUM's codes."""

_QUANTITY = ("value", "comparator", "unit", "system", "code")


class Unit(NamedTuple):
    """What is counted ("mg", "mL", "tablet", "d"), and how much of it one of the unit is."""

    kind: str
    factor: Fraction


class Written(NamedTuple):
    """A FHIR Quantity as it stands; what is not written is None."""

    value: Fraction | None = None
    unit: str | None = None
    system: str | None = None
    code: str | None = None
    comparator: str | None = None


class Amount(NamedTuple):
    """So much of one kind: 40 of "mg", 8 of "tablet"."""

    kind: str
    value: Fraction


class UnitFault(NamedTuple):
    """What is wrong with the unit of a quantity: ``kind`` of fault, and what was expected."""

    kind: str
    expected: str | None = None


class Strength(NamedTuple):
    """How many mg one tablet, capsule or mL holds."""

    mass: Fraction
    per: str


def read_quantity(element: Element) -> Written | None:
    """The quantity of an element; None where there is none."""
    if not element.tree:
        return None
    element.only(_QUANTITY, "Quantity", {})
    return Written(
        element.number("value"),
        element.text("unit"),
        element.text("system"),
        element.text("code"),
        element.text("comparator"),
    )


# --- units ----------------------------------------------------------------------------

_MILLI = Fraction(1, 1000)
_CODES = {
    "kg": Unit("mg", Fraction(10**6)),
    "g": Unit("mg", Fraction(1000)),
    "mg": Unit("mg", Fraction(1)),
    "ug": Unit("mg", _MILLI),
    "ng": Unit("mg", _MILLI**2),
    "pg": Unit("mg", _MILLI**3),
    **{name: Unit("mL", Fraction(1000)) for name in ("L", "l")},
    **{name: Unit("mL", Fraction(100)) for name in ("dL", "dl")},
    **{name: Unit("mL", Fraction(10)) for name in ("cL", "cl")},
    **{name: Unit("mL", Fraction(1)) for name in ("mL", "ml")},
    **{name: Unit("mL", _MILLI) for name in ("uL", "ul")},
    "[drp]": Unit("drop", Fraction(1)),
    "[iU]": Unit("unit", Fraction(1)),
    "s": Unit("d", Fraction(1, 86400)),
    "min": Unit("d", Fraction(1, 1440)),
    "h": Unit("d", Fraction(1, 24)),
    "d": Unit("d", Fraction(1)),
    "wk": Unit("d", Fraction(7)),
    "mo": Unit("month", Fraction(1)),
    "a": Unit("month", Fraction(12)),
}
_MISSPELT = {
    "mcg": "ug", "µg": "ug", "μg": "ug", "MG": "mg", "Mg": "mg", "G": "g", "gm": "g",
    "ML": "mL", "Ml": "mL", "cc": "mL", "gtt": "[drp]", "IU": "[iU]", "iu": "[iU]",
    "day": "d", "days": "d", "week": "wk", "weeks": "wk", "hour": "h", "month": "mo",
    "tablet": "{tablet}", "tablets": "{tablet}", "TAB": "{tablet}", "capsule": "{capsule}",
    "capsules": "{capsule}", "CAP": "{capsule}", "drop": "[drp]", "drops": "[drp]",
}  # fmt: skip
_COUNTED = (
    "tablet", "capsule", "drop", "puff", "patch", "sachet", "spray", "lozenge", "suppository",
    "unit", "application", "ampoule", "vial", "pill", "softgel", "gummy", "troche",
)  # fmt: skip
WORDS = {
    **{word: Unit("mg", Fraction(1)) for word in ("mg", "mgs", "milligram", "milligrams")},
    **{w: Unit("mg", _MILLI) for w in ("mcg", "mcgs", "ug", "µg", "μg", "microgram", "micrograms")},
    **{w: Unit("mg", Fraction(1000)) for w in ("g", "gram", "grams", "gm")},
    **{w: Unit("mg", _MILLI**2) for w in ("ng", "nanogram", "nanograms")},
    **{w: Unit("mg", _MILLI**3) for w in ("pg", "picogram", "picograms")},
    **{
        w: Unit("mL", Fraction(1))
        for w in ("ml", "mls", "milliliter", "milliliters", "millilitre", "millilitres")
    },
    **{w: Unit("mL", Fraction(1000)) for w in ("l", "liter", "liters", "litre", "litres")},
    **{word: Unit(word, Fraction(1)) for word in _COUNTED},
    **{f"{word}s": Unit(word, Fraction(1)) for word in _COUNTED},
    **{f"{w}(s)": Unit(w, Fraction(1)) for w in _COUNTED},
    **{w: Unit("tablet", Fraction(1)) for w in ("tab", "tabs", "tbl")},
    **{w: Unit("capsule", Fraction(1)) for w in ("cap", "caps")},
    **{w: Unit("drop", Fraction(1)) for w in ("drp", "gtt", "gtts")},
    "patches": Unit("patch", Fraction(1)),
    "suppositories": Unit("suppository", Fraction(1)),
    **{w: Unit("d", Fraction(1)) for w in ("d", "day", "days")},
    **{w: Unit("d", Fraction(7)) for w in ("wk", "week", "weeks")},
    **{w: Unit("d", Fraction(1, 24)) for w in ("h", "hour", "hours")},
    **{w: Unit("month", Fraction(1)) for w in ("mo", "month", "months")},
    **{w: Unit("month", Fraction(12)) for w in ("a", "year", "years")},
}
"""The units that words tell, in lower case; each that the linter reads in a text is here."""
_FORM_CODES = {"TAB": "tablet", "CAP": "capsule", "428673006": "tablet", "428641000": "capsule"}
"""Codes of HL7's orderable drug forms and of SNOMED CT that count tablets and capsules."""


def unit_of_code(system: str | None, code: str | None) -> Unit | None:
    """The unit of a code; None where it is not known here."""
    if system is None or code is None:
        return None
    if system != UCUM:
        return Unit(_FORM_CODES[code], Fraction(1)) if code in _FORM_CODES else None
    if code.startswith("{") and code.endswith("}"):
        counted = unit_of_words(code[1:-1])
        return counted if counted is not None and counted.kind in _COUNTED else None
    return _CODES.get(code)


def unit_of_words(words: str | None) -> Unit | None:
    """The unit of a word ("milligram", "TAB", "tablets"); None where it is not known here."""
    return None if words is None else WORDS.get(words.strip().lower())


def unit_fault(written: Written) -> UnitFault | None:
    """What is wrong with the unit of a quantity, or None.

    "no unit", "no code" (or no system), "no UCUM code" and "conflict", of code and word.
    """
    if written.code is None or written.system is None:
        return UnitFault("no unit" if written.unit is None and written.code is None else "no code")
    by_code, by_word = unit_of_code(written.system, written.code), unit_of_words(written.unit)
    if written.system == UCUM and by_code is None and written.code != "1":
        expected = _MISSPELT.get(written.code) or _code_like(by_word)
        return UnitFault("no UCUM code", expected)
    if by_code is not None and by_word is not None and by_code != by_word:
        return UnitFault("conflict", _code_like(by_word))
    return None


def _code_like(unit: Unit | None) -> str | None:
    if unit is None:
        return None
    return next((code for code, known in _CODES.items() if known == unit), f"{{{unit.kind}}}")


def amount_of(written: Written | None) -> Amount | None:
    """How much of what a quantity is; None where value or unit cannot be told.

    Where code and word disagree, neither is believed. A unit of another system that is
    unknown here counts as a kind of its own.
    """
    if written is None or written.value is None or written.comparator is not None:
        return None
    fault = unit_fault(written)
    if fault is not None and fault.kind in {"no unit", "conflict"}:
        return None
    unit = unit_of_code(written.system, written.code) or unit_of_words(written.unit)
    if unit is None and fault is not None and fault.kind == "no UCUM code":
        return None
    if unit is None:
        name = (written.unit or written.code or "").strip().lower()
        return Amount(name, written.value) if name else None
    return Amount(unit.kind, written.value * unit.factor)


# --- strength -------------------------------------------------------------------------

_NUMBER = r"([0-9]+(?:\.[0-9]+)?)"
_OF_A_LIQUID = re.compile(
    rf"{_NUMBER} ?(mg|mcg|micrograms?|g)(?: ?/ ?| per |(?: in) ){_NUMBER}? ?(?:mls?\b)", re.ASCII
)
_OF_A_PIECE = re.compile(rf"(?<![0-9.,/]){_NUMBER} ?(mg|mcg|micrograms?|g)\b", re.ASCII)
_FORM = re.compile(r"\b(tablet|tab|capsule|cap)s?\b", re.ASCII)
_MAX_TEXT = 500


def strength_in(text: str) -> Strength | None:
    """The strength in the name of a product; None where there is none, or more than one.

    >>> strength_in("Prednisolone 5mg tablets")
    Strength(mass=Fraction(5, 1), per='tablet')
    """
    words = text[:_MAX_TEXT].lower()
    liquids = {_liquid(found) for found in _OF_A_LIQUID.finditer(words)}
    if liquids:
        return liquids.pop() if len(liquids) == 1 else None
    forms = {WORDS[found].kind for found in _FORM.findall(words)}
    masses = {Fraction(n) * WORDS[unit].factor for n, unit in _OF_A_PIECE.findall(words)}
    if len(forms) != 1 or len(masses) != 1 or "/" in words or 0 in masses:
        return None
    return Strength(masses.pop(), forms.pop())


def _liquid(found: re.Match[str]) -> Strength | None:
    volume = Fraction(found[3] or 1)
    mass = Fraction(found[1]) * WORDS[found[2]].factor
    return Strength(mass / volume, "mL") if volume and mass else None
