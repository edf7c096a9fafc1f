"""What every quantity is: an exact, frozen, ordered amount of one dimension."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from math import gcd, lcm
from typing import TYPE_CHECKING, Any, ClassVar, Self

from pydantic_core import core_schema

from ldn_titration import units
from ldn_titration.errors import DimensionError, QuantityError

if TYPE_CHECKING:
    import pint
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler

__all__ = ["Number", "Quantity", "terms", "written"]

Number = int | Fraction | Decimal
"""An exact number: what a quantity may be multiplied or divided by."""


class Quantity:
    """An exact amount of one dimension, never negative.

    Made from text (``Mass("1.5 mg")``), from an exact number and a unit
    (``Mass.of(Fraction(3, 2), "mg")``) or from a pint quantity of any registry. Raises
    QuantityError for anything else; a bare float is never taken.
    """

    # An exact fraction of the base unit, in lowest terms: plain integers, since a Fraction
    # costs several times as much to make.
    __slots__ = ("_denominator", "_numerator")
    dimension: ClassVar[str]
    base_unit: ClassVar[str]
    example: ClassVar[str]
    products: ClassVar[Mapping[type[Quantity], Any]] = {}
    quotients: ClassVar[Mapping[type[Quantity], Any]] = {}
    _numerator: int
    _denominator: int

    def __init__(self, value: str | Self | units.PintQuantity) -> None:
        read = self._read(value)
        self._keep(read.numerator, read.denominator)

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
        return cls._ratio(magnitude.numerator, magnitude.denominator)

    @classmethod
    def _ratio(cls, numerator: int, denominator: int) -> Self:
        """The quantity of numerator / denominator base units."""
        if numerator < 0 or denominator < 0:
            raise QuantityError(f"a {cls.dimension} cannot be negative")
        common = gcd(numerator, denominator)
        self = object.__new__(cls)
        self._keep(numerator // common, denominator // common)
        return self

    def _keep(self, numerator: int, denominator: int) -> None:
        if numerator > _LARGEST or denominator > _LARGEST:
            raise QuantityError(f"a {self.dimension} of more digits than are kept")
        _set(self, "_numerator", numerator)
        _set(self, "_denominator", denominator)

    @property
    def magnitude(self) -> Fraction:
        """How many base units, exactly."""
        return Fraction(self._numerator, self._denominator)

    # --- value semantics

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is frozen")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{type(self).__name__} is frozen")

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (type(self), self._numerator, self._denominator)

    def __hash__(self) -> int:
        return hash((self.dimension, self._numerator, self._denominator))

    def __eq__(self, other: object) -> bool:
        if type(other) is type(self):
            return self._numerator == other._numerator and self._denominator == other._denominator
        if isinstance(other, Quantity | int | float | Fraction | Decimal):
            raise self._unlike(other, "compared")
        return NotImplemented

    def __lt__(self, other: Self) -> bool:
        return self._against(other) < 0

    def __le__(self, other: Self) -> bool:
        return self._against(other) <= 0

    def __gt__(self, other: Self) -> bool:
        return self._against(other) > 0

    def __ge__(self, other: Self) -> bool:
        return self._against(other) >= 0

    def __bool__(self) -> bool:
        return self._numerator != 0

    def _against(self, other: Self) -> int:
        """Below, at or above zero, as this is less than, equal to or more than the other."""
        self._check_like(other, "compared")
        return self._numerator * other._denominator - other._numerator * self._denominator

    def _check_like(self, other: object, verb: str) -> None:
        if type(other) is not type(self):
            raise self._unlike(other, verb)

    def _unlike(self, other: object, verb: str) -> DimensionError:
        what = f"a {other.dimension}" if isinstance(other, Quantity) else type(other).__name__
        return DimensionError(f"a {self.dimension} cannot be {verb} with {what}")

    # --- arithmetic within the dimension

    def __add__(self, other: Self) -> Self:
        self._check_like(other, "added")
        mine, theirs = self._numerator * other._denominator, other._numerator * self._denominator
        return self._ratio(mine + theirs, self._denominator * other._denominator)

    def __sub__(self, other: Self) -> Self:
        self._check_like(other, "subtracted")
        mine, theirs = self._numerator * other._denominator, other._numerator * self._denominator
        return self._ratio(mine - theirs, self._denominator * other._denominator)

    def __floordiv__(self, other: Self) -> int:
        """How many whole ``other`` fit into this."""
        self._check_like(other, "divided")
        self._check_not_zero(other._numerator)
        return self._numerator * other._denominator // (other._numerator * self._denominator)

    def __mod__(self, other: Self) -> Self:
        """What is left after all whole ``other``."""
        whole = self // other
        mine, theirs = self._numerator * other._denominator, other._numerator * self._denominator
        return self._ratio(mine - whole * theirs, self._denominator * other._denominator)

    def __mul__(self, other: Any) -> Any:
        if type(other) is int:
            return self._ratio(self._numerator * other, self._denominator)
        result = self._result(other, self.products, "multiplied")
        by, over = terms(other)
        return result(self._numerator * by, self._denominator * over)

    def __rmul__(self, other: Any) -> Any:
        return self.__mul__(other)

    def __truediv__(self, other: Any) -> Any:
        result = self._result(other, self.quotients, "divided")
        over, by = terms(other)
        self._check_not_zero(over)
        return result(self._numerator * by, self._denominator * over)

    def _check_not_zero(self, divisor: int) -> None:
        if not divisor:
            raise QuantityError(f"a {self.dimension} cannot be divided by zero")

    def _result(
        self, other: Any, table: Mapping[type[Quantity], Any], verb: str
    ) -> Callable[[int, int], Any]:
        """What makes the result of combining this with the other from its two terms."""
        if not isinstance(other, Quantity):
            return self._ratio
        if type(other) is type(self) and verb == "divided":
            return Fraction
        kind = table.get(type(other))
        if kind is None:
            raise self._unlike(other, verb)
        make: Callable[[int, int], Any] = Fraction if kind is Fraction else kind._ratio
        return make

    @classmethod
    def total(cls, amounts: Iterable[tuple[Self, int]]) -> Self:
        """The sum of quantities, each so many times: ``Mass.total([(Mass("1 mg"), 7)])``."""
        listed = list(amounts)
        common = lcm(*(each._denominator for each, _ in listed))
        terms = (each._numerator * (common // each._denominator) * n for each, n in listed)
        return cls._ratio(sum(terms), common)

    # --- text and pint

    def __str__(self) -> str:
        return f"{written(self._numerator, self._denominator)} {self.base_unit}"

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


_LARGEST = 10**1000  # what is larger could not be read back from its text
_set = object.__setattr__


def _restore(cls: type[Quantity], numerator: int, denominator: int) -> Quantity:
    return cls._ratio(numerator, denominator)


def terms(value: Any) -> tuple[int, int]:
    """A quantity or an exact number as numerator and denominator."""
    if isinstance(value, Quantity):
        return value._numerator, value._denominator
    if type(value) is int:
        return value, 1
    number = units.exact(value, "2")
    return number.numerator, number.denominator


def written(numerator: int, denominator: int) -> str:
    """A number in lowest terms as a decimal, or where none is exact as a fraction."""
    return units.decimal_of(numerator, denominator) or f"{numerator}/{denominator}"
