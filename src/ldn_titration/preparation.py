"""Preparations: what is taken, and the exact reading of each for a dose.

``measure`` gives the reading of the device, or raises NotMeasurableError with the nearest
doses below and above. Nothing is rounded.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from fractions import Fraction
from typing import Annotated, Any, Literal, Self, cast

from pydantic import BeforeValidator, Field, Tag, model_validator

from ldn_titration.dropper import DropsPerMl
from ldn_titration.errors import NotMeasurableError, QuantityError
from ldn_titration.knowledge import policy
from ldn_titration.pieces import fewest_pieces
from ldn_titration.quantities import Concentration, Mass, MassPerDrop, Volume
from ldn_titration.reading import Form, Reading
from ldn_titration.values import LineOfText, Value, at_most, faults, told_apart

__all__ = [
    "AnyPreparation",
    "Capsules",
    "Dilution",
    "Dose",
    "Drops",
    "OralSolution",
    "Preparation",
    "Tablets",
]

_MAX_STRENGTHS = 10
_MAX_PARTS = 8
_MAX_BEYOND_USE = 3660


def _more_than_zero(value: Any) -> Any:
    if not value:
        raise QuantityError(f'must be more than zero, such as "{value.example}"')
    return value


def _positive(kind: type[Any]) -> BeforeValidator:
    return BeforeValidator(lambda value: _more_than_zero(kind._validate(value)))


Dose = Annotated[Mass, _positive(Mass)]
"""A mass above zero."""

PositiveVolume = Annotated[Volume, _positive(Volume)]
PositiveConcentration = Annotated[Concentration, _positive(Concentration)]


class _Measured(Value):
    """What every preparation shares: measuring, remembered dose by dose."""

    form: Form
    beyond_use_days: Annotated[int, Field(ge=1, le=_MAX_BEYOND_USE)] | None = Field(
        default=None, examples=[14]
    )

    # Worked out so far: readings by dose, and the mass of one mark or drop. A memory outside
    # the value: never compared, and never copied into a changed copy.
    __slots__ = ("_known", "_one")

    def measure(self, dose: Mass | str) -> Reading:
        """The exact reading for a dose (a Mass, or its text).

        Raises NotMeasurableError, naming the nearest doses below and above, where there is
        none, and QuantityError for text that is no mass or a dose of zero.
        """
        mass = dose if type(dose) is Mass else Mass(dose)
        known: dict[Mass, Reading] | None = getattr(self, "_known", None)
        if known is None:
            known = {}
            object.__setattr__(self, "_known", known)
        reading = known.get(mass)
        if reading is None:
            reading = known[mass] = self._measure(_more_than_zero(mass))
        return reading

    @abstractmethod
    def _measure(self, dose: Mass) -> Reading: ...

    def _repr_html_(self) -> str:
        from ldn_titration.markup import rows_table

        values = ((name, getattr(self, name)) for name in type(self).model_fields)
        rows = [(name.replace("_", " "), _shown(value)) for name, value in values if value]
        return rows_table("Preparation", ("Property", "Value"), rows)


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return str(value).replace("_", " ")


# --- capsules and tablets -------------------------------------------------------------


class _Counted(_Measured):
    strengths: Annotated[tuple[Dose, ...], at_most(_MAX_STRENGTHS)] = Field(
        strict=False, min_length=1, max_length=_MAX_STRENGTHS, examples=[["1.5 mg", "3 mg"]]
    )
    filler: LineOfText | None = Field(default=None, examples=["microcrystalline cellulose"])
    release: Literal["immediate", "slow"] | None = None

    @model_validator(mode="after")
    def _no_strength_twice(self) -> Self:
        seen = [s for i, s in enumerate(self.strengths) if s in self.strengths[:i]]
        faults([("strengths", f"{strength} stands twice") for strength in seen])
        return self

    def _parts(self) -> int:
        return 1

    def _measure(self, dose: Mass) -> Reading:
        strengths = [strength.magnitude for strength in self.strengths]
        found = fewest_pieces(dose.magnitude, strengths, self._parts())
        if found.counts is None:
            below, above = map(_optional_mass, (found.below, found.above))
            raise NotMeasurableError(dose, str(self), below, above)
        pieces = tuple((Mass._exactly(strength), count) for strength, count in found.counts)
        return Reading(self.form, dose, pieces)


def _optional_mass(milligrams: Fraction | None) -> Mass | None:
    return None if milligrams is None else Mass._exactly(milligrams)


class Capsules(_Counted):
    """Capsules of one or more strengths, taken whole.

    >>> Capsules(strengths=["1.5 mg", "3 mg"]).measure("4.5 mg").units
    {'capsules': {'3 mg': 1, '1.5 mg': 1}}
    """

    form: Literal["capsules"] = "capsules"

    def __str__(self) -> str:
        return f"capsules of {_and(self.strengths)}"


class Tablets(_Counted):
    """Tablets of one or more strengths; each may be broken into ``parts`` equal parts.

    >>> Tablets(strengths=["1.5 mg"], parts=2).measure("0.75 mg").units
    {'tablets': {'1.5 mg': '1/2'}}
    """

    form: Literal["tablets"] = "tablets"
    parts: Annotated[int, Field(ge=1, le=_MAX_PARTS)] = 1

    def _parts(self) -> int:
        return self.parts

    def __str__(self) -> str:
        broken = f", in {self.parts} parts" if self.parts > 1 else ""
        return f"tablets of {_and(self.strengths)}{broken}"


def _and(masses: tuple[Mass, ...]) -> str:
    texts = [str(mass) for mass in sorted(masses)]
    return texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} and {texts[-1]}"


# --- liquids --------------------------------------------------------------------------


class Dilution(Value):
    """The recipe of a liquid: so much drug, made up to a final volume (not: that much added).

    >>> Dilution(drug="50 mg", final_volume="10 mL").concentration
    Concentration('5 mg/mL')
    """

    drug: Dose = Field(examples=["50 mg"])
    final_volume: PositiveVolume = Field(examples=["10 mL"])

    @property
    def concentration(self) -> Concentration:
        """Drug per volume."""
        return self.drug / self.final_volume

    def __str__(self) -> str:
        return f"{self.drug} made up to {self.final_volume}"


class _Liquid(_Measured):
    concentration: PositiveConcentration | None = Field(default=None, examples=["1 mg/mL"])
    dilution: Dilution | None = None
    bottle: PositiveVolume | None = Field(default=None, examples=["30 mL"])

    @model_validator(mode="after")
    def _one_strength_one_bottle(self) -> Self:
        if (self.concentration is None) == (self.dilution is None):
            faults([("", 'needs exactly one of "concentration" and "dilution"')])
        faults([*self._bottle_faults(), *self._strength_faults()])
        return self

    def _bottle_faults(self) -> Iterable[tuple[str, str]]:
        made = self.dilution.final_volume if self.dilution else None
        if made and self.bottle and made != self.bottle:
            yield "bottle", f"is {self.bottle}, but the dilution is made up to {made}"

    def _strength_faults(self) -> Iterable[tuple[str, str]]:
        most = policy("solubility")
        if self.strength > Concentration.of(most.value, most.unit):
            where = "concentration" if self.dilution is None else "dilution"
            yield (
                where,
                f"is {self.strength}; naltrexone hydrochloride dissolves to about "
                f"{most.value} {most.unit} only ({', '.join(most.sources)})",
            )

    @property
    def strength(self) -> Concentration:
        """The concentration, as stated or as the dilution gives it."""
        if self.dilution is not None:
            return self.dilution.concentration
        return cast("Concentration", self.concentration)

    @property
    @abstractmethod
    def mark(self) -> Mass:
        """The smallest dose it measures: between two marks, or in one drop."""

    def _count(self, dose: Mass) -> int:
        """How many marks or drops the dose is; NotMeasurableError where that is not whole."""
        one: Mass | None = getattr(self, "_one", None)
        if one is None:
            one = self.mark
            object.__setattr__(self, "_one", one)
        count = dose // one
        if one * count == dose:
            return count
        below = one * count if count else None
        raise NotMeasurableError(dose, str(self), below, one * (count + 1))

    @property
    def bottle_volume(self) -> Volume | None:
        """The volume of one bottle; of a dilution, its final volume."""
        return self.dilution.final_volume if self.dilution else self.bottle


class OralSolution(_Liquid):
    """A liquid drawn up with a syringe; ``graduation`` is the volume between two marks.

    >>> OralSolution(concentration="1 mg/mL", graduation="0.1 mL").measure("4.5 mg").volume
    Volume('4.5 mL')
    """

    form: Literal["oral_solution"] = "oral_solution"
    graduation: PositiveVolume = Field(examples=["0.1 mL"])

    @property
    def mark(self) -> Mass:
        """The mass between two marks of the syringe."""
        return self.strength * self.graduation

    def _measure(self, dose: Mass) -> Reading:
        return Reading(self.form, dose, volume=self.graduation * self._count(dose))

    def __str__(self) -> str:
        return f"a liquid of {self.strength} on marks of {self.graduation}"


def _last_digit(text: str) -> Fraction:
    """What one more in the last digit stated would add, in mg; of a fraction, nothing."""
    number, unit = text.split(" ")
    if "/" in number:
        return Fraction(0)
    places = len(number.partition(".")[2])
    return Fraction(Mass(f"1 {unit}").magnitude, 10**places)


def _read_stated(value: object) -> object:
    return str(value).replace("/drop", "") if isinstance(value, Mass | MassPerDrop) else value


class Drops(_Liquid):
    """A liquid counted in whole drops of one dropper, calibrated with that liquid.

    ``drops_per_mL`` has no default. ``mg_per_drop`` may be stated too, as a check.

    >>> Drops(concentration="5 mg/mL", drops_per_mL=20).measure("4.5 mg").units
    {'drops': 18, 'volume': '0.9 mL'}
    """

    form: Literal["drops"] = "drops"
    drops_per_mL: DropsPerMl = Field(examples=[20])  # noqa: N815 - the contract's name
    mg_per_drop: Annotated[str, BeforeValidator(_read_stated)] | None = Field(
        default=None, examples=["0.25 mg"]
    )

    @model_validator(mode="after")
    def _stated_drop_agrees(self) -> Self:
        if self.mg_per_drop is not None:
            faults(self._stated_faults(self.mg_per_drop))
        return self

    def _stated_faults(self, text: str) -> Iterable[tuple[str, str]]:
        try:
            stated = Mass(text)
        except QuantityError as error:
            yield "mg_per_drop", str(error)
            return
        computed = 1 * self.drop
        apart = abs(stated.magnitude - computed.magnitude) * 2
        if not stated or apart > _last_digit(text):
            yield (
                "mg_per_drop",
                f"states {stated} a drop, but {self.strength} at {self.drops_per_mL} "
                f"is {computed} a drop",
            )

    @property
    def mark(self) -> Mass:
        """The mass in one drop."""
        return self.drop * 1

    @property
    def drop(self) -> MassPerDrop:
        """The mass in one drop, by the calibration given."""
        return self.strength / self.drops_per_mL

    def band(self, drops: int, tolerance: Fraction) -> tuple[Mass, Mass]:
        """The least and the greatest mass of so many drops, within a share of tolerance."""
        if not 0 <= tolerance < 1:
            raise QuantityError(f"a tolerance is a share from 0 to below 1, not {tolerance}")
        nominal = drops * self.drop
        return nominal * (1 - tolerance), nominal * (1 + tolerance)

    def _measure(self, dose: Mass) -> Reading:
        drops = self._count(dose)
        return Reading(self.form, dose, volume=drops / self.drops_per_mL, drops=drops)

    def __str__(self) -> str:
        return f"whole drops of {1 * self.drop}"


Preparation = Capsules | Tablets | OralSolution | Drops
"""Any of the preparations; in JSON told apart by ``form``."""

_FORMS = ("capsules", "tablets", "oral_solution", "drops")


def _form(value: Any) -> str | None:
    form = value.get("form") if isinstance(value, dict) else getattr(value, "form", None)
    return f"<{form}>" if form in _FORMS else None


AnyPreparation = Annotated[
    Annotated[Capsules, Tag("<capsules>")]
    | Annotated[Tablets, Tag("<tablets>")]
    | Annotated[OralSolution, Tag("<oral_solution>")]
    | Annotated[Drops, Tag("<drops>")],
    told_apart(_form, f'must be an object whose "form" is one of {", ".join(_FORMS)}'),
]
"""A preparation as a field: read from JSON by its ``form``."""
