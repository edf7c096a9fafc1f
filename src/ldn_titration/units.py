"""The one door for units: the strict text grammar, and pint on both sides of it.

Text is a number, one space and a unit: ``"0.25 mg"``. Nothing else is understood, and
no user text ever reaches pint's own parser, which reads ``4,5 mg`` as 45 mg.

pint is imported inside the functions that need it, so that ``import ldn_titration``
stays light.
"""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from ldn_titration.errors import QuantityError

if TYPE_CHECKING:
    import pint


class Unit(NamedTuple):
    """A unit of the closed list: its dimension, and what one of it is in the base unit."""

    dimension: str
    factor: Fraction


class PintQuantity(Protocol):
    """A quantity of pint, of whatever registry, as far as it is read."""

    @property
    def magnitude(self) -> Any:
        """Its number."""

    @property
    def units(self) -> Any:
        """Its unit."""


_MASS = {
    "pg": Fraction(1, 10**9),
    "ng": Fraction(1, 10**6),
    "mcg": Fraction(1, 1000),
    "mg": Fraction(1),
    "g": Fraction(1000),
}
_VOLUME = {"mL": Fraction(1), "L": Fraction(1000)}

UNITS: dict[str, Unit] = {
    **{name: Unit("mass", factor) for name, factor in _MASS.items()},
    **{name: Unit("volume", factor) for name, factor in _VOLUME.items()},
    "mg/mL": Unit("concentration", Fraction(1)),
    "mcg/mL": Unit("concentration", Fraction(1, 1000)),
    "drops/mL": Unit("drops per volume", Fraction(1)),
    "mg/drop": Unit("mass per drop", Fraction(1)),
    "mcg/drop": Unit("mass per drop", Fraction(1, 1000)),
}
"""Every unit that is read or printed. Base units: mg, mL, mg/mL, drops/mL, mg/drop."""

_SPELLINGS = {
    f"{spelling}{per}": f"mcg{per}"
    for spelling in ("ug", "\u00b5g", "\u03bcg")
    for per in ("", "/mL", "/drop")
}
_MAX_TEXT = 4000
_MAX_SHOWN = 40
_MAX_EXPONENT = 100
_MAX_FLOAT_DIGITS = 15
_NUMBER = r"(?:0|[1-9][0-9]*)(?:\.[0-9]+)?"
_TEXT = re.compile(rf"({_NUMBER})(?:/([1-9][0-9]*))? ([!-~\u00b5\u03bc]+)", re.ASCII)
_COUNTED = frozenset(
    each + plural for each in ("drop", "capsule", "tablet") for plural in ("", "s")
)


def parse(text: str, dimension: str, example: str) -> Fraction:
    """The value of ``text`` in the base unit of ``dimension``.

    Raises QuantityError, saying what is expected, for anything but a number, one space
    and a unit of that dimension. A fraction is read only in the one form in which it is
    printed: in lowest terms, and only where no decimal is exact (``"1/12 mg"``, never
    ``"1/2 mg"``).
    """
    match = _TEXT.fullmatch(text) if len(text) <= _MAX_TEXT else None
    if match is None:
        raise QuantityError(f"{_shown(text)} {_complaint(text, example)}")
    number, divisor, name = match.groups()
    name = _SPELLINGS.get(name, name)
    unit = UNITS.get(name)
    if unit is None or unit.dimension != dimension:
        raise QuantityError(f"{_shown(text)} {_unit_complaint(name, unit, dimension, example)}")
    value = Fraction(number)
    if divisor is not None:
        if unit.factor != 1:
            raise QuantityError(
                f'{_shown(text)} is a fraction of {name}; write a decimal, as in "{example}"'
            )
        value = _canonical_fraction(text, number, int(divisor), example)
    return value * unit.factor


def _canonical_fraction(text: str, number: str, divisor: int, example: str) -> Fraction:
    if "." not in number:
        value = Fraction(int(number), divisor)
        if value.denominator == divisor and decimal_text(value) is None:
            return value
    raise QuantityError(f'{_shown(text)} is a fraction; write a decimal, as in "{example}"')


def _shown(text: str) -> str:
    """The text as it may safely be shown: quoted, escaped, cut."""
    cut = text if len(text) <= _MAX_SHOWN else text[:_MAX_SHOWN] + "..."
    return '"' + cut.encode("unicode_escape").decode().replace('"', "'") + '"'


_COMPLAINTS: tuple[tuple[str, str], ...] = (
    (r"\s*", "is empty; write a number, one space and a unit"),
    (rf".{{{_MAX_TEXT + 1},}}", "is too long"),
    (r".*[^\x20-\x7e\u00b5\u03bc].*", "has a character that is no plain digit or letter"),
    (r"(?i)[-+]?(nan|inf|infinity)\b.*", "is no finite number"),
    (r"[-+].*", "has a sign"),
    (r"[0-9.]*,.*", "has a comma; write a decimal point"),
    (r"\..*", "lacks the zero before its decimal point"),
    (r"[0-9]+\.(\D.*)?", "has no digit after its decimal point"),
    (r"0[0-9].*", "has a leading zero too many"),
    (r"[0-9.]+[eE][-+]?[0-9].*", "has an exponent"),
    (r"[0-9]+_.*", "has an underscore"),
    (_NUMBER, "lacks its unit"),
    (rf"{_NUMBER}(?:[a-zA-Z\u00b5\u03bc]\S*|  +\S.*)", "needs one space between number and unit"),
    (r"\S*[a-zA-Z]\S*", "has no number"),
)


def _complaint(text: str, example: str) -> str:
    found = (words for shape, words in _COMPLAINTS if re.fullmatch(shape, text, re.DOTALL))
    words = next(found, "is not understood; expected a number, one space and a unit")
    return f'{words}, as in "{example}"'


def _unit_complaint(name: str, unit: Unit | None, dimension: str, example: str) -> str:
    known = ", ".join(n for n, u in UNITS.items() if u.dimension == dimension)
    if name in _COUNTED:
        return f'is a count, not a {dimension}; write how much that is, as in "{example}"'
    if unit is None:
        return f'has an unknown unit; units of {dimension}: {known}, as in "{example}"'
    return f'is a {unit.dimension}, where a {dimension} ({known}) is asked for, as in "{example}"'


def decimal_text(value: Fraction) -> str | None:
    """``value`` (not negative) as a decimal without trailing zeros; None where none is exact.

    >>> decimal_text(Fraction(9, 2)), decimal_text(Fraction(1, 12))
    ('4.5', None)
    """
    return decimal_of(value.numerator, value.denominator)


def decimal_of(numerator: int, denominator: int) -> str | None:
    """The same of a numerator and denominator in lowest terms."""
    if denominator == 1:
        return str(numerator)
    places = _PLACES.get(denominator) or _places(denominator)
    if not places:
        return None
    digits = str(numerator * 10**places // denominator).rjust(places + 1, "0")
    return f"{digits[:-places]}.{digits[-places:]}"


def _places(denominator: int) -> int:
    """How many decimal places a fraction of that denominator has; 0 where it does not end."""
    twos = (denominator & -denominator).bit_length() - 1
    rest, fives = denominator >> twos, 0
    while rest % 5 == 0:
        rest, fives = rest // 5, fives + 1
    return max(twos, fives) if rest == 1 else 0


_PLACES = {number: _ends for number in range(2, 1001) if (_ends := _places(number))}


def exact(number: object, example: str) -> Fraction:
    """An int, Fraction or finite Decimal as a Fraction; QuantityError for anything else."""
    if isinstance(number, int | Fraction) and not isinstance(number, bool):
        return Fraction(number)
    if isinstance(number, Decimal):
        if number.is_finite() and abs(number.adjusted()) <= _MAX_EXPONENT:
            return Fraction(number)
        raise QuantityError("a Decimal must be finite and of ordinary size")
    kind = type(number).__name__
    raise QuantityError(
        f"{kind} is no exact number; pass text, as in {example!r}, or int or Fraction"
    )


# --- pint -----------------------------------------------------------------------------

_PINT_NAMES = {
    "picogram": "pg",
    "nanogram": "ng",
    "microgram": "mcg",
    "milligram": "mg",
    "gram": "g",
    "milliliter": "mL",
    "liter": "L",
    "ug": "mcg",
    "\u00b5g": "mcg",
    "l": "L",
    "ml": "mL",
    "drop": "drop",
    "drops": "drop",
}
_DEFINITIONS = """
gram = [mass] = g
liter = [volume] = L = l
drop = [drop] = drop = drops
capsule = [capsule]
tablet = [tablet]
milli- = 1e-3 = m-
micro- = 1e-6 = mc- = u- = \u00b5-
nano- = 1e-9 = n-
pico- = 1e-12 = p-
""".strip().splitlines()


@cache
def registry() -> pint.UnitRegistry[Any]:
    """Our own small pint registry: grams, litres and drops, with Fraction magnitudes."""
    import pint

    return pint.UnitRegistry(_DEFINITIONS, non_int_type=Fraction)


def to_pint(value: Fraction, unit: str, into: pint.UnitRegistry[Any] | None) -> Any:
    """``value`` ``unit`` as a quantity of ``into``, or of our own registry."""
    ureg = registry() if into is None else into
    if into is not None and "drop" in unit and "drop" not in ureg:
        raise QuantityError('this registry has no drop; define it first: ureg.define("drop = []")')
    return ureg.Quantity(value, _pint_unit(unit))


def _pint_unit(unit: str) -> str:
    return unit.replace("drops", "drop").replace("mcg", "microgram")


def looks_like_pint(value: object) -> bool:
    """Whether ``value`` is a pint quantity, of whatever registry (pint is not imported)."""
    return hasattr(value, "magnitude") and hasattr(value, "units")


def from_pint(quantity: Any, dimension: str, example: str) -> Fraction:
    """A pint quantity of any registry as a value in the base unit of ``dimension``.

    A float magnitude is taken at its shortest decimal where that has at most 15
    significant digits, the digits that a float keeps; a longer one is the dust of float
    arithmetic and is refused.
    """
    name = _our_unit(f"{quantity.units:D}")
    unit = UNITS.get(name)
    if unit is None or unit.dimension != dimension:
        raise QuantityError(f'"{name}" {_unit_complaint(name, unit, dimension, example)}')
    magnitude = quantity.magnitude
    value = (
        _float_as_typed(magnitude) if isinstance(magnitude, float) else exact(magnitude, example)
    )
    if value < 0:
        raise QuantityError(f"a {dimension} cannot be negative")
    return value * unit.factor


def _our_unit(pint_text: str) -> str:
    parts = [part.strip() for part in pint_text.split("/")]
    names = [_PINT_NAMES.get(part, part) for part in parts]
    if names[0] in {"drop", "1"} and len(names) > 1:
        names[0] = "drops"
    return "/".join(names)


def _float_as_typed(number: float) -> Fraction:
    typed = Decimal(repr(number).removesuffix(".0"))
    if not typed.is_finite() or len(typed.as_tuple().digits) > _MAX_FLOAT_DIGITS:
        raise QuantityError(f"{number!r} is no exact number; use a Decimal or Fraction magnitude")
    return Fraction(typed)
