"""Vectors of quantities: text that is read, and text that is refused."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from ldn_titration import (
    Concentration,
    InvalidInputError,
    Mass,
    QuantityError,
    TitrationStep,
    Volume,
)
from vector_parts import Answer, Group, Vector, both, document, random

KINDS = {"mass": Mass, "volume": Volume, "concentration": Concentration}
UNITS = {
    "mass": ("pg", "ng", "mcg", "mg", "g"),
    "volume": ("mL", "L"),
    "concentration": ("mg/mL", "mcg/mL"),
}
_FAULTS = {
    "is empty": "empty",
    "no plain digit or letter": "character",
    "no finite number": "not finite",
    "has a sign": "sign",
    "has a comma": "comma",
    "lacks the zero before": "bare point",
    "no digit after its decimal point": "no digit after point",
    "a leading zero too many": "leading zero",
    "has an exponent": "exponent",
    "has an underscore": "underscore",
    "lacks its unit": "no unit",
    "needs one space": "spacing",
    "has no number": "no number",
    "is not understood": "not understood",
    "has an unknown unit": "unknown unit",
    "is a count": "unknown unit",
    "is asked for, as in": "wrong dimension",
    "is a fraction": "fraction",
    "must be more than zero": "zero",
}
_SHOWN = re.compile(r'(?s)(dose: )?".*?" ')


def answer(given: dict[str, Any]) -> Answer:
    """The value of a text, or its fault."""
    text, kind = given["text"], given["as"]
    try:
        quantity = TitrationStep(dose=text).dose if kind == "dose" else KINDS[kind](text)
    except (QuantityError, InvalidInputError) as error:
        return "refused", {"fault": _fault(str(error))}
    return "valid", both(quantity)


def _fault(message: str) -> str:
    words = _SHOWN.sub("", message, count=1)
    return next(fault for shape, fault in _FAULTS.items() if shape in words)


def _vector(comment: str, text: str, kind: str = "mass", *flags: str) -> Vector:
    given = {"text": text, "as": kind}
    result, expected = answer(given)
    if result == "refused":
        return Vector(comment, tuple({*flags, "refusal"}), given, result, expected)
    more = []
    if expected["text"] != text:
        more.append("canonical")
    if "/" in expected["text"].split(" ")[0]:
        more.append("fraction")
    return Vector(comment, tuple({*flags, *more}), given, result, expected)


# --- text that is read ----------------------------------------------------------------


def _ladder() -> Iterator[Vector]:
    numbers = ("0", "0.1", "0.25", "1", "1.5", "3", "4.5", "10", "50", "99.9", "100", "1000")
    for kind, units in UNITS.items():
        for unit in units:
            for number in numbers:
                yield _vector(f"{number} of each unit", f"{number} {unit}", kind)


def _where_the_unit_changes() -> Iterator[Vector]:
    for unit in UNITS["mass"]:
        for number in ("99", "99.9", "99.999", "100", "100.001", "0.1", "0.099", "0.0999", "0.101"):
            comment = "where the printed unit changes"
            yield _vector(comment, f"{number} {unit}", "mass", "boundary")


def _tenfold() -> Iterator[Vector]:
    for digits in ("45", "15", "3", "125", "25", "6", "1"):
        for places in range(-4, 4):
            value = Fraction(int(digits)) * Fraction(10) ** places
            yield _vector(
                "the same digits, tenfold apart", f"{_plain(value)} mg", "mass", "tenfold"
            )


def _plain(value: Fraction) -> str:
    text = f"{value.numerator * 10**9 // value.denominator:010}"
    return f"{text[:-9]}.{text[-9:]}".rstrip("0").rstrip(".")


def _spellings() -> Iterator[Vector]:
    for spelling in ("ug", "\u00b5g", "\u03bcg"):
        for number in ("0.5", "1", "50", "99.5", "100", "1500"):
            yield _vector("a spelling of microgram", f"{number} {spelling}", "mass", "canonical")
            text = f"{number} {spelling}/mL"
            yield _vector("a spelling of microgram", text, "concentration", "canonical")


def _trailing_zeros() -> Iterator[Vector]:
    for number in ("3.0", "3.00", "0.50", "10.0", "100.00", "1.250", "0.0", "0.000", "0.10"):
        for kind, unit in (("mass", "mg"), ("mass", "mcg"), ("volume", "mL"), ("volume", "L")):
            yield _vector("trailing zeros", f"{number} {unit}", kind, "canonical")


def _fractions() -> Iterator[Vector]:
    good = ("1/3", "1/12", "2/3", "5/6", "1/7", "22/7", "1/96", "100/3", "1/30000", "5/41", "1/9")
    poor = ("1/2", "2/4", "3/6", "4/1", "0/3", "3/3", "2/6", "10/30", "1/10", "1.5/7", "1/8", "7/1")
    odd = ("01/3", "1/03", "1/0", "1/", "/3", "1/3/7", "1 /3", "1/ 3", "-1/3", "1/-3", "1/1.5")
    for kind, unit in (("mass", "mg"), ("volume", "mL"), ("concentration", "mg/mL")):
        for number in (*good, *poor, *odd):
            yield _vector("a fraction", f"{number} {unit}", kind, "boundary")
    for text in ("1/3 mcg", "1/12 g", "2/3 ng", "1/7 pg", "1/3 MG", "1/3 mL", "1/3", "1/2 g"):
        yield _vector("a fraction of another unit", text, "mass", "boundary")


def _long_numbers() -> Iterator[Vector]:
    draw = random("quantities", "long")
    for _ in range(120):
        kind = draw.choice(list(UNITS))
        whole = draw.randrange(10 ** draw.randint(0, 7))
        places = draw.randint(0, 9)
        tail = f".{draw.randrange(10**places):0{places}}" if places else ""
        yield _vector("many digits", f"{whole}{tail} {draw.choice(UNITS[kind])}", kind, "random")


# --- text that is refused -------------------------------------------------------------

_REFUSED = {
    "empty": ("", " ", "   ", "\t", "\n"),
    "character": (
        *("1.5\u00a0mg", "\u0661 mg", "\u096a mg", "\uff14.5 mg", "4\u00b75 mg", "1.5mg\u200b"),
        *("1.5 mg\u200b", "1.5 m\u0261", "1.5 \u338e", "1.5 m\u00a0g", "1.5 m\u0433"),
        *("1.5\u2009mg", "\u22121.5 mg", "1\u20445 mg", "\u00bd mg", "1.5\tmg", "1.5 mg\n"),
        *("4,5\u00a0mg", "1.5m\u0261", "1.5\u338e", "\ufeff1.5 mg", "1.5 mg\r\n", "\u0967 mg"),
    ),
    "not finite": (
        "nan mg",
        "NaN",
        "inf mg",
        "-inf mg",
        "Infinity mg",
        "+NAN mg",
        "infinity",
        "-nan",
    ),
    "sign": ("-1.5 mg", "+1.5 mg", "-0 mg", "+3 mg", "- 3 mg", "-.5 mg", "+1,5 mg", "--1 mg"),
    "comma": ("4,5 mg", "1,000 mg", "1.000,5 mg", ",5 mg", "0,25 mg", "4,5mg", "1,", "1,e5 mg"),
    "bare point": (".5 mg", ".25 mg", ".", ".mg", ". 5 mg", "..5 mg"),
    "no digit after point": ("1. mg", "5.mg", "0. mg", "10.", "1..5 mg", "1.e5 mg", "01. mg"),
    "leading zero": ("01.5 mg", "00.5 mg", "007 mg", "00 mg", "01", "012mg", "0000.1 mg"),
    "exponent": ("1e3 mg", "1.5E-1 mg", "4e0 mg", "1e+2 mcg", "1.0e5", "2E3mg", "5e3"),
    "underscore": ("1_000 mg", "1_5 mg", "10_ mg", "4_5mg"),
    "no unit": ("1.5", "0", "4.50", "1000", "0.25"),
    "spacing": ("1.5mg", "1.5  mg", "3mL", "10   mg", "5\u00b5g", "1.5mg/mL", "3mcg", "1.5  m g"),
    "no number": ("mg", "one", "abc", "MG", "x1.5", "mg1.5", "half", "a/b", "\u00b5g"),
    "not understood": (
        *("1.5 mg ", " 1.5 mg", "1.5 mg mg", "1.5 mg 3", "1 5 mg", "1.5.2 mg", "4;5 mg", "$5 mg"),
        *("about 5 mg", "5 mg/ mL", "1.5 ", "(1.5) mg", "1.5-3 mg", "1.5 to 3 mg", "0x10 mg"),
        *("1.5 m g", "4'5 mg", "1/2", "5%", "#5 mg", "\u00b5", "1.5mg x", "five mg", "1.2.3"),
    ),
    "unknown unit": (
        *(
            "1.5 MG",
            "1.5 Mg",
            "5 ML",
            "5 ml",
            "5 cc",
            "5 kg",
            "5 l",
            "1.5 mgs",
            "1.5 mg.",
            "3 units",
        ),
        *("3 IU", "5 mcL", "1 grain", "1 gr", "5 gm", "5 \u03bc", "5 \u00b5", "5 UG", "2 mg/ml"),
        *(
            "2 mg/L",
            "2 mg/mL/mL",
            "2 %",
            "3 tablets",
            "18 drops",
            "1 gtt",
            "5 milligrams",
            "2 -",
            "1 /mL",
        ),
    ),
}


def _refused() -> Iterator[Vector]:
    for fault, texts in _REFUSED.items():
        for text in texts:
            vector = _vector(f"refused: {fault}", text)
            if vector.expected != {"fault": fault}:
                raise SystemExit(f"{text!r} should be {fault}, not {vector.expected}")
            yield vector
            for kind in ("volume", "concentration", "dose"):
                if len(text) % 4 == len(kind) % 4:
                    yield _vector(f"refused: {fault}", text, kind)


def _wrong_dimension() -> Iterator[Vector]:
    texts = (
        "1.5 mg",
        "1.5 mL",
        "1.5 mg/mL",
        "20 mcg",
        "1 L",
        "0 g",
        "5 mcg/mL",
        "1/3 mL",
        "1/2 mg",
    )
    for kind in (*KINDS, "dose"):
        for text in texts:
            yield _vector("a unit of each dimension as each", text, kind, "boundary")


def _zero() -> Iterator[Vector]:
    for kind in ("dose", "mass"):
        for text in ("0 mg", "0.0 mg", "0 mcg", "0 g", "0.000 ng", "0 pg", "0 ug", "0 mL", "00 mg"):
            yield _vector("zero is a mass and no dose", text, kind, "boundary")
    for text in ("0.000000001 pg", "1 pg", "0.001 mcg", "0.1 mg", "4.5 mg", "1/12 mg", "100 g"):
        yield _vector("a dose above zero", text, "dose", "boundary")


_LETTERS = (*" .,+-eE_0123456789/;:xXmMgGnpuLlc", "\u00b5", "\u03bc", "\u0663", "\u00a0", "\t")


def _slips() -> Iterator[Vector]:
    """One slip of a finger in a good text."""
    draw = random("quantities", "slips")
    good = (
        "1.5 mg",
        "4.5 mg",
        "0.25 mg",
        "50 mcg",
        "3 mg",
        "10 mL",
        "5 mg/mL",
        "1/12 mg",
        "0.9 mL",
    )
    for _ in range(330):
        text = draw.choice(good)
        kind = "volume" if text.endswith(" mL") else "concentration" if "/mL" in text else "mass"
        place = draw.randrange(len(text))
        slip = draw.randrange(4)
        letter = draw.choice(_LETTERS)
        if slip == 0:
            text = text[:place] + text[place + 1 :]
        elif slip == 1:
            text = text[:place] + letter + text[place:]
        elif slip == 2:
            text = text[:place] + letter + text[place + 1 :]
        else:
            text = text[:place] + text[place : place + 2][::-1] + text[place + 2 :]
        yield _vector("a slip in a good text", text, kind, "random", "boundary")


def made() -> str:
    """The file."""
    groups = [
        Group("ladder", "Numbers of each unit", _ladder()),
        Group("printed-unit", "Where a mass changes its printed unit", _where_the_unit_changes()),
        Group("tenfold", "The same digits with the point moved", _tenfold()),
        Group("spellings", "Spellings of microgram that are read, and never printed", _spellings()),
        Group("trailing-zeros", "Read, and never printed", _trailing_zeros()),
        Group("fractions", "Read only where no decimal is exact", _fractions()),
        Group("long", "Many digits: nothing is rounded", _long_numbers()),
        Group("refused", "One or more texts for each fault", _refused()),
        Group(
            "dimension", "A unit of each dimension where another is asked for", _wrong_dimension()
        ),
        Group("zero", "Zero where a dose is asked for", _zero()),
        Group("slips", "One letter dropped, added, changed or swapped", _slips()),
    ]
    return document("quantities", groups)
