"""Text of quantities: reading it, naming its fault, printing it."""

import re
from fractions import Fraction

NUMBER = r"(?:0|[1-9][0-9]*)(?:\.[0-9]+)?"
MICRO = "\u00b5\u03bc"
BASE = {"mass": "mg", "volume": "mL", "concentration": "mg/mL"}
# Each unit: its dimension, and its size in mg, mL or mg/mL as a power of ten.
UNITS = {
    "pg": ("mass", -9),
    "ng": ("mass", -6),
    "mg": ("mass", 0),
    "g": ("mass", 3),
    "mL": ("volume", 0),
    "L": ("volume", 3),
    "mg/mL": ("concentration", 0),
}
for _mcg in ("mcg", "ug", *(f"{micro}g" for micro in MICRO)):
    UNITS |= {_mcg: ("mass", -3), f"{_mcg}/mL": ("concentration", -3)}

SHAPE = re.compile(rf"({NUMBER})(?:/([1-9][0-9]*))? ([!-~{MICRO}]+)")
# What is wrong with a text that has not the shape: the first that matches from its beginning.
FAULTS = [
    ("empty", r"\s*\Z"),
    ("character", rf"(?s:.*)[^ -~{MICRO}]"),
    ("not finite", r"(?i:[+-]?(?:nan|inf|infinity)\b)"),
    ("sign", r"[+-]"),
    ("comma", r"[0-9.]*,"),
    ("bare point", r"\."),
    ("no digit after point", r"[0-9]+\.(?![0-9])"),
    ("leading zero", r"0[0-9]"),
    ("exponent", r"[0-9.]+[eE][+-]?[0-9]"),
    ("underscore", r"[0-9]+_"),
    ("no unit", rf"{NUMBER}\Z"),
    ("spacing", rf"{NUMBER}(?:[A-Za-z{MICRO}][^ ]*\Z|  +[^ ])"),
    ("no number", r"[^ ]*[A-Za-z][^ ]*\Z"),
    ("not understood", r""),
]


class Refused(ValueError):
    """A text that is no quantity; its argument is the fault in a few words."""


def parse(text, kind):
    """The exact value of a text as a mass, volume, concentration or dose, in mg and mL."""
    found = SHAPE.fullmatch(text)
    if not found:
        raise Refused(next(name for name, rule in FAULTS if re.match(rule, text)))
    number, divisor, unit = found.groups()
    if unit not in UNITS:
        raise Refused("unknown unit")
    dimension, size = UNITS[unit]
    if dimension != ("mass" if kind == "dose" else kind):
        raise Refused("wrong dimension")
    value = Fraction(number) * Fraction(10) ** size
    if divisor is not None:
        value /= int(divisor)
        if f"{number}/{divisor}" != str(value) or decimal(value) or unit != BASE[dimension]:
            raise Refused("fraction")
    if kind == "dose" and value == 0:
        raise Refused("zero")
    return value


def positive(text, kind):
    """The value of a text that must be a quantity above zero; None where it is not."""
    try:
        return parse(text, kind) or None
    except (Refused, TypeError):
        return None


def decimal(value):
    """A value as a decimal without trailing zeros; None where no finite decimal is exact."""
    most = value.denominator.bit_length()
    places = next((n for n in range(most) if (value * 10**n).denominator == 1), None)
    if not places:
        return None if places is None else str(value)
    digits = str(int(value * 10**places)).rjust(places + 1, "0")
    return f"{digits[:-places]}.{digits[-places:]}"


def canonical(value, dimension):
    """The text of a value, as it is printed."""
    unit, tenth = BASE[dimension], Fraction(1, 10)
    if decimal(value) is None:
        return f"{value} {unit}"
    if dimension == "mass" and 0 < value < tenth:
        unit = "mcg" if value >= tenth / 10**3 else "ng" if value >= tenth / 10**6 else "pg"
    return f"{decimal(Fraction(value) / Fraction(10) ** UNITS[unit][1])} {unit}"


def mass(value):
    """The text of a mass; None stays None."""
    return None if value is None else canonical(value, "mass")


def exact(value):
    """A value as numerator/denominator, also where that is 1."""
    return f"{value.numerator}/{value.denominator}"


def answer(vector, file):
    """What must come of a vector of quantities.json."""
    kind = vector["as"]
    try:
        value = parse(vector["text"], kind)
    except Refused as fault:
        return "refused", {"fault": str(fault)}
    text = canonical(value, "mass" if kind == "dose" else kind)
    return "valid", {"text": text, "value": exact(value)}
