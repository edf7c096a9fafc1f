"""Exact quantities: Mass, Volume, Concentration, DropsPerVolume, MassPerDrop.

A quantity is a frozen rational number in one base unit (mg, mL, mg/mL, drops/mL,
mg/drop). Quantities of one dimension are ordered and hash by value, whatever unit they
were written in; arithmetic between dimensions gives the dimension that pharmacy expects:

>>> Mass("50 mg") / Volume("10 mL")
Concentration('5 mg/mL')
>>> (Mass("50 mg") / Volume("10 mL")) * Volume("0.9 mL")
Mass('4.5 mg')
>>> Mass("50 mg") / Volume("30 mL") / DropsPerVolume("20 drops/mL")
MassPerDrop('1/12 mg/drop')
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any, ClassVar, Self, overload

from pydantic_core import core_schema

from ldn_titration import units
from ldn_titration.errors import DimensionError, QuantityError

if TYPE_CHECKING:
    import pint
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler

__all__ = ["Concentration", "DropsPerVolume", "Mass", "MassPerDrop", "Quantity", "Volume"]

Number = int | Fraction | Decimal


class Quantity:
    """An exact amount of one dimension, never negative.

    Made from text (``Mass("1.5 mg")``), from an exact number and a unit
    (``Mass.of(Fraction(3, 2), "mg")``) or from a pint quantity of any registry. Raises
    QuantityError for anything else; a bare float is never taken.
    """

    __slots__ = ("magnitude",)
    dimension: ClassVar[str]
    base_unit: ClassVar[str]
    example: ClassVar[str]
    magnitude: Fraction

    def __init__(self, value: str | Self | pint.Quantity[Any]) -> None:
        _set(self, "magnitude", self._read(value))

    @classmethod
    def _read(cls, value: object) -> Fraction:
        if isinstance(value, str):
            return units.parse(value, cls.dimension, cls.example)
        if isinstance(value, cls):
            return value.magnitude
        if isinstance(value, Quantity):
            raise DimensionError(f"{value} is a {value.dimension}, not a {cls.dimension}")
        if units.looks_like_pint(value):
            return units.from_pint(value, cls.dimension, cls.example)
        kind = "a bare number" if isinstance(value, int | float | Decimal) else type(value).__name__
        raise QuantityError(
            f'{kind} is no {cls.dimension}; write text with a unit, as in "{cls.example}"'
        )

    @classmethod
    def of(cls, number: Number, unit: str) -> Self:
        """``number`` times ``unit``, exactly: ``Mass.of(Fraction(1, 12), "mg")``."""
        known = units.UNITS.get(unit)
        if known is None or known.dimension != cls.dimension:
            raise QuantityError(f'{unit!r} is no unit of {cls.dimension}, as in "{cls.example}"')
        return cls._exactly(units.exact(number, cls.example) * known.factor)

    @classmethod
    def _exactly(cls, magnitude: Fraction) -> Self:
        if magnitude.numerator < 0:
            raise QuantityError(f"a {cls.dimension} cannot be negative")
        self = object.__new__(cls)
        _set(self, "magnitude", magnitude)
        return self

    # --- value semantics

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is frozen")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{type(self).__name__} is frozen")

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (type(self), self.magnitude.numerator, self.magnitude.denominator)

    def __hash__(self) -> int:
        return hash((self.dimension, self.magnitude.numerator, self.magnitude.denominator))

    def __eq__(self, other: object) -> bool:
        if type(other) is type(self):
            return self.magnitude == other.magnitude
        if isinstance(other, Quantity | int | float | Fraction | Decimal):
            raise self._unlike(other, "compared")
        return NotImplemented

    def __lt__(self, other: Self) -> bool:
        return self.magnitude < self._same(other)

    def __le__(self, other: Self) -> bool:
        return self.magnitude <= self._same(other)

    def __gt__(self, other: Self) -> bool:
        return self.magnitude > self._same(other)

    def __ge__(self, other: Self) -> bool:
        return self.magnitude >= self._same(other)

    def __bool__(self) -> bool:
        return self.magnitude.numerator != 0

    def _same(self, other: Quantity, verb: str = "compared") -> Fraction:
        if type(other) is not type(self):
            raise self._unlike(other, verb)
        return other.magnitude

    def _unlike(self, other: object, verb: str) -> DimensionError:
        what = f"a {other.dimension}" if isinstance(other, Quantity) else type(other).__name__
        return DimensionError(f"a {self.dimension} cannot be {verb} with {what}")

    # --- arithmetic within the dimension

    def __add__(self, other: Self) -> Self:
        return self._exactly(self.magnitude + self._same(other, "added"))

    def __sub__(self, other: Self) -> Self:
        return self._exactly(self.magnitude - self._same(other, "subtracted"))

    def __floordiv__(self, other: Self) -> int:
        """How many whole ``other`` fit into this."""
        return self.magnitude // self._same(other, "divided")

    def __mod__(self, other: Self) -> Self:
        """What is left after all whole ``other``."""
        return self._exactly(self.magnitude % self._same(other, "divided"))

    def __mul__(self, other: Any) -> Any:
        return self._combine(other, _PRODUCTS, self.magnitude.__mul__, "multiplied")

    def __rmul__(self, other: Any) -> Any:
        return self.__mul__(other)

    def __truediv__(self, other: Any) -> Any:
        if isinstance(other, Quantity) and not other:
            raise QuantityError(f"a {self.dimension} cannot be divided by zero")
        return self._combine(other, _QUOTIENTS, self.magnitude.__truediv__, "divided")

    def _combine(self, other: Any, table: _Table, operate: Any, verb: str) -> Any:
        if isinstance(other, Quantity):
            result = Fraction if type(other) is type(self) else None
            result = table.get((type(self), type(other)), result if verb == "divided" else None)
            if result is None:
                raise self._unlike(other, verb)
            value = operate(other.magnitude)
            return value if result is Fraction else result._exactly(value)
        number = units.exact(other, "2")
        if verb == "divided" and not number:
            raise QuantityError(f"a {self.dimension} cannot be divided by zero")
        return self._exactly(operate(number))

    # --- text and pint

    def __str__(self) -> str:
        return f"{_decimal_or_fraction(self.magnitude)} {self.base_unit}"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)

    def to_pint(self, registry: pint.UnitRegistry[Any] | None = None) -> Any:
        """The same quantity as pint's, with a Fraction magnitude, in ``registry`` or our own."""
        return units.to_pint(self.magnitude, self.base_unit, registry)

    # --- pydantic

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(
            cls._validate,
            serialization=core_schema.plain_serializer_function_ser_schema(str, when_used="json"),
        )

    @classmethod
    def _validate(cls, value: Any) -> Self:
        return value if type(value) is cls else cls(value)

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        names = [name for name, unit in units.UNITS.items() if unit.dimension == cls.dimension]
        number = r"(0|[1-9][0-9]*)(\.[0-9]+|/[1-9][0-9]*)?"
        return {
            "type": "string",
            "pattern": rf"^{number} ({'|'.join(names)})$",
            "examples": [cls.example],
        }


class Mass(Quantity):
    """A mass, such as a dose: ``Mass("1.5 mg")``. Base unit mg.

    >>> Mass("1500 mcg") == Mass("1.5 mg"), str(Mass("0.05 mg"))
    (True, '50 mcg')
    >>> Mass("4.5 mg") // Mass("1.5 mg")
    3
    """

    __slots__ = ()
    dimension, base_unit, example = "mass", "mg", "1.5 mg"

    def __str__(self) -> str:
        text = units.decimal_text(self.magnitude)
        if text is None or self.magnitude >= _PRINTED_IN_MG or not self:
            return f"{text or _fraction(self.magnitude)} mg"
        return _in_smaller_unit(self.magnitude)

    @overload
    def __mul__(self, other: Number) -> Mass: ...
    @overload
    def __mul__(self, other: Quantity) -> Any: ...
    def __mul__(self, other: Any) -> Any:
        return super().__mul__(other)

    @overload
    def __truediv__(self, other: Number) -> Mass: ...
    @overload
    def __truediv__(self, other: Mass | MassPerDrop) -> Fraction: ...
    @overload
    def __truediv__(self, other: Volume) -> Concentration: ...
    @overload
    def __truediv__(self, other: Concentration) -> Volume: ...
    def __truediv__(self, other: Any) -> Any:
        return super().__truediv__(other)


class Volume(Quantity):
    """A volume, always printed in mL: ``Volume("0.9 mL")``."""

    __slots__ = ()
    dimension, base_unit, example = "volume", "mL", "10 mL"

    @overload
    def __mul__(self, other: Number) -> Volume: ...
    @overload
    def __mul__(self, other: Concentration) -> Mass: ...
    @overload
    def __mul__(self, other: DropsPerVolume) -> Fraction: ...
    def __mul__(self, other: Any) -> Any:
        return super().__mul__(other)

    @overload
    def __truediv__(self, other: Number) -> Volume: ...
    @overload
    def __truediv__(self, other: Volume) -> Fraction: ...
    def __truediv__(self, other: Any) -> Any:
        return super().__truediv__(other)


class Concentration(Quantity):
    """Mass per volume of a liquid: ``Concentration("5 mg/mL")``."""

    __slots__ = ()
    dimension, base_unit, example = "concentration", "mg/mL", "5 mg/mL"

    @overload
    def __mul__(self, other: Number) -> Concentration: ...
    @overload
    def __mul__(self, other: Volume) -> Mass: ...
    def __mul__(self, other: Any) -> Any:
        return super().__mul__(other)

    @overload
    def __truediv__(self, other: Number) -> Concentration: ...
    @overload
    def __truediv__(self, other: Concentration) -> Fraction: ...
    @overload
    def __truediv__(self, other: DropsPerVolume) -> MassPerDrop: ...
    @overload
    def __truediv__(self, other: MassPerDrop) -> DropsPerVolume: ...
    def __truediv__(self, other: Any) -> Any:
        return super().__truediv__(other)


class DropsPerVolume(Quantity):
    """Drops that one dropper makes of 1 mL of one liquid, by calibration.

    ``DropsPerVolume("20 drops/mL")``; drops divided by it are a volume:

    >>> 18 / DropsPerVolume("20 drops/mL")
    Volume('0.9 mL')
    """

    __slots__ = ()
    dimension, base_unit, example = "drops per volume", "drops/mL", "20 drops/mL"

    @overload
    def __mul__(self, other: Number) -> DropsPerVolume: ...
    @overload
    def __mul__(self, other: Volume) -> Fraction: ...
    @overload
    def __mul__(self, other: MassPerDrop) -> Concentration: ...
    def __mul__(self, other: Any) -> Any:
        return super().__mul__(other)

    def __rtruediv__(self, drops: Number) -> Volume:
        if not self:
            raise QuantityError("a number of drops cannot be divided by zero")
        return Volume._exactly(units.exact(drops, "18") / self.magnitude)


class MassPerDrop(Quantity):
    """Mass in one drop: ``MassPerDrop("0.25 mg/drop")``.

    A number of drops times it is a mass:

    >>> 18 * MassPerDrop("0.25 mg/drop")
    Mass('4.5 mg')
    """

    __slots__ = ()
    dimension, base_unit, example = "mass per drop", "mg/drop", "0.25 mg/drop"

    @overload
    def __mul__(self, other: Number) -> Mass: ...
    @overload
    def __mul__(self, other: DropsPerVolume) -> Concentration: ...
    def __mul__(self, other: Any) -> Any:
        if isinstance(other, Quantity):
            return super().__mul__(other)
        return Mass._exactly(units.exact(other, "18") * self.magnitude)


_Table = dict[tuple[type[Quantity], type[Quantity]], Any]

_PRODUCTS: _Table = {
    (Concentration, Volume): Mass,
    (Volume, Concentration): Mass,
    (Volume, DropsPerVolume): Fraction,
    (DropsPerVolume, Volume): Fraction,
    (MassPerDrop, DropsPerVolume): Concentration,
    (DropsPerVolume, MassPerDrop): Concentration,
}
_QUOTIENTS: _Table = {
    (Mass, Volume): Concentration,
    (Mass, Concentration): Volume,
    (Mass, MassPerDrop): Fraction,
    (Concentration, DropsPerVolume): MassPerDrop,
    (Concentration, MassPerDrop): DropsPerVolume,
}

_PRINTED_IN_MG = Fraction(1, 10)
_set = object.__setattr__


def _restore(cls: type[Quantity], numerator: int, denominator: int) -> Quantity:
    return cls._exactly(Fraction(numerator, denominator))


def _fraction(value: Fraction) -> str:
    return f"{value.numerator}/{value.denominator}"


def _decimal_or_fraction(value: Fraction) -> str:
    return units.decimal_text(value) or _fraction(value)


def _in_smaller_unit(milligrams: Fraction) -> str:
    """A mass below 0.1 mg, in the largest unit that gives 0.1 or more."""
    for unit in ("mcg", "ng", "pg"):
        value = milligrams / units.UNITS[unit].factor
        if value >= _PRINTED_IN_MG:
            break
    return f"{_decimal_or_fraction(value)} {unit}"
