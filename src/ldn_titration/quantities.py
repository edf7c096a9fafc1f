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

from fractions import Fraction
from typing import Any, ClassVar, overload

from ldn_titration import units
from ldn_titration.errors import QuantityError
from ldn_titration.quantity import Number, Quantity, terms, written

__all__ = ["Concentration", "DropsPerVolume", "Mass", "MassPerDrop", "Quantity", "Volume"]


class Mass(Quantity):
    """A mass, such as a dose: ``Mass("1.5 mg")``. Base unit mg.

    >>> Mass("1500 mcg") == Mass("1.5 mg"), str(Mass("0.05 mg"))
    (True, '50 mcg')
    >>> Mass("4.5 mg") // Mass("1.5 mg")
    3
    """

    __slots__ = ()
    dimension: ClassVar[str] = "mass"
    base_unit: ClassVar[str] = "mg"
    example: ClassVar[str] = "1.5 mg"

    def __str__(self) -> str:
        numerator, denominator = self._numerator, self._denominator
        if numerator * _PRINTED_IN_MG >= denominator or not numerator:
            return f"{written(numerator, denominator)} mg"
        if units.decimal_of(numerator, denominator) is None:
            return f"{numerator}/{denominator} mg"
        return _in_smaller_unit(numerator, denominator)

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
    dimension: ClassVar[str] = "volume"
    base_unit: ClassVar[str] = "mL"
    example: ClassVar[str] = "10 mL"

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
    dimension: ClassVar[str] = "concentration"
    base_unit: ClassVar[str] = "mg/mL"
    example: ClassVar[str] = "5 mg/mL"

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
    dimension: ClassVar[str] = "drops per volume"
    base_unit: ClassVar[str] = "drops/mL"
    example: ClassVar[str] = "20 drops/mL"

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
        number, over = terms(drops)
        return Volume._ratio(number * self._denominator, over * self._numerator)


class MassPerDrop(Quantity):
    """Mass in one drop: ``MassPerDrop("0.25 mg/drop")``.

    A number of drops times it is a mass:

    >>> 18 * MassPerDrop("0.25 mg/drop")
    Mass('4.5 mg')
    """

    __slots__ = ()
    dimension: ClassVar[str] = "mass per drop"
    base_unit: ClassVar[str] = "mg/drop"
    example: ClassVar[str] = "0.25 mg/drop"

    @overload
    def __mul__(self, other: Number) -> Mass: ...
    @overload
    def __mul__(self, other: DropsPerVolume) -> Concentration: ...
    def __mul__(self, other: Any) -> Any:
        if isinstance(other, Quantity):
            return super().__mul__(other)
        number, over = terms(other)
        return Mass._ratio(number * self._numerator, over * self._denominator)


Volume.products = {Concentration: Mass, DropsPerVolume: Fraction}
Concentration.products = {Volume: Mass}
DropsPerVolume.products = {Volume: Fraction, MassPerDrop: Concentration}
MassPerDrop.products = {DropsPerVolume: Concentration}
Mass.quotients = {Volume: Concentration, Concentration: Volume, MassPerDrop: Fraction}
Concentration.quotients = {DropsPerVolume: MassPerDrop, MassPerDrop: DropsPerVolume}

_PRINTED_IN_MG = 10  # from a tenth of a milligram up
_SMALLER = (("mcg", 10**3), ("ng", 10**6), ("pg", 10**9))


def _in_smaller_unit(numerator: int, denominator: int) -> str:
    """A mass below 0.1 mg, in the largest unit that gives 0.1 or more."""
    unit, scale = next(
        ((unit, scale) for unit, scale in _SMALLER if numerator * scale * 10 >= denominator),
        _SMALLER[-1],
    )
    value = Fraction(numerator * scale, denominator)
    return f"{written(value.numerator, value.denominator)} {unit}"
