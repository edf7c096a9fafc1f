"""P01 to P10: text, units and arithmetic, each beside a direct reference."""

from __future__ import annotations

import inspect
import operator
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import ldn_titration
import oracle
import small_plans
from ldn_titration import (
    Concentration,
    Dilution,
    DimensionError,
    Drops,
    DropsPerVolume,
    LdnTitrationError,
    Mass,
    MassPerDrop,
    OralSolution,
    Volume,
    supply,
)

BASE_UNITS: dict[type[Any], str] = {
    Mass: "mg",
    Volume: "mL",
    Concentration: "mg/mL",
    DropsPerVolume: "drops/mL",
    MassPerDrop: "mg/drop",
}
KINDS = list(BASE_UNITS)
MASS_UNITS = ("pg", "ng", "mcg", "mg", "g")
COMPARISONS = [operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne]

kinds = st.sampled_from(KINDS)
decimals = st.builds(
    lambda digits, places: Fraction(digits, 10**places), st.integers(0, 10**9), st.integers(0, 24)
)
rationals = st.builds(Fraction, st.integers(0, 10**12), st.integers(1, 10**9))
values = decimals | rationals
"""Exact numbers of base units: from none to 10^12, down to 10^-24, ending and not."""
positive = values.map(lambda value: value or Fraction(1, 7))
ordinary = st.builds(Fraction, st.integers(1, 10**6), st.integers(1, 10**4))


def made(kind: type[Any], value: Fraction) -> Any:
    """A quantity of so many base units."""
    return kind.of(value, BASE_UNITS[kind])


def printed(kind: type[Any], value: Fraction) -> str:
    """The text that the reference gives for so many base units."""
    if kind is Mass:
        return oracle.mass_text(value)
    return oracle.volume_text(value).removesuffix("mL") + BASE_UNITS[kind]


@pytest.mark.core
@pytest.mark.hazard("A01", "A04", "R07")
@given(kinds, values)
def test_p01_reading_what_is_printed(kind: type[Any], value: Fraction) -> None:
    """P01: parse(render(d)) = d, of any rational and every kind of quantity.

    Oracle: the text by the reference's own long division.
    """
    text = str(made(kind, value))
    assert text == printed(kind, value) == f"{made(kind, value)}"
    assert kind(text).magnitude == value


# --- P02: text as it is printed, put together character by character ------------------

digits = st.integers(0, 10**12).map(str)
tails = st.integers(1, 10**6).map(lambda n: str(n).rstrip("0").rjust(n % 7, "0"))
numbers = st.builds(lambda whole, tail: f"{whole}.{tail}", digits, tails) | digits
fractions = st.builds(
    lambda a, b: Fraction(a, b), st.integers(1, 10**6), st.sampled_from([3, 7, 9, 12, 30, 49, 997])
)
units_read = st.sampled_from(sorted(oracle.MASS_UNITS))
zeros = st.sampled_from(["", "", "0", "00", "000000"])


@st.composite
def texts_of_masses(draw: st.DrawFn) -> tuple[str, Fraction]:
    """A text that is accepted, however it is written, and how many mg it says."""
    if draw(st.integers(0, 4)) == 0:
        value = draw(fractions)
        return oracle.mass_text(value), value
    number, unit, more = draw(numbers), draw(units_read), draw(zeros)
    whole, _, tail = number.partition(".")
    value = int(whole + tail) * oracle.MASS_UNITS[unit] / 10 ** len(tail)
    written = number + (more if tail else more and f".{more}")
    return f"{written} {unit}", value


def is_as_printed(text: str, value: Fraction) -> bool:
    """Whether a text has the one printed form: the unit that gives a tenth, no zero behind."""
    number, unit = text.split(" ")
    if unit not in MASS_UNITS or unit == "g" or ("." in number and number.endswith("0")):
        return False
    tenths = [name for name in ("mg", "mcg", "ng") if value * 10 >= oracle.MASS_UNITS[name]]
    return unit == (tenths[0] if tenths else "pg") if value and "/" not in number else unit == "mg"


@pytest.mark.core
@pytest.mark.hazard("A02")
@given(texts_of_masses())
@example(("0.1 mg", Fraction(1, 10)))
@example(("99.999 mcg", Fraction(99999, 10**6)))
def test_p02_printing_what_was_read(told: tuple[str, Fraction]) -> None:
    """P02: render(parse(t)) = t for accepted t in the form that is printed.

    By contract other forms are read too (trailing zeros, g, spellings of micro): these become
    the one printed form, which then stays.
    """
    text, value = told
    mass = Mass(text)
    assert mass.magnitude == value
    if is_as_printed(text, value):
        assert str(mass) == text
    else:
        assert str(mass) == oracle.mass_text(value) != text
    assert is_as_printed(str(mass), value)
    assert str(Mass(str(mass))) == str(mass)


@pytest.mark.core
@pytest.mark.hazard("A03")
@given(values, st.lists(st.sampled_from(MASS_UNITS), min_size=1, max_size=4))
def test_p03_through_other_units_and_back(value: Fraction, path: list[str]) -> None:
    """P03: mg->mcg->mg exact, and so through any other units, by numbers and by text."""
    mass = Mass.of(value, "mg")
    for unit in path:
        number = mass.magnitude / oracle.MASS_UNITS[unit]
        mass = Mass.of(number, unit)
        if 10**24 % number.denominator == 0:
            mass = Mass(f"{oracle._number_text(number)} {unit}")
    assert mass.magnitude == value


@pytest.mark.core
@pytest.mark.hazard("A04")
@given(kinds, values, values, values)
def test_p04_sums(kind: type[Any], a: Fraction, b: Fraction, c: Fraction) -> None:
    """P04: a+b = b+a, (a+b)+c = a+(b+c) exactly.

    Oracle: the sums of fractions.
    """
    x, y, z = made(kind, a), made(kind, b), made(kind, c)
    assert x + y == y + x == made(kind, a + b)
    assert (x + y) + z == x + (y + z) == made(kind, a + b + c)
    assert (x + y) - y == made(kind, a)
    assert kind.total([(x, 2), (y, 0), (z, 3)]) == made(kind, 2 * a + 3 * c)


# --- drops ----------------------------------------------------------------------------

droppers = st.builds(Fraction, st.integers(50, 600), st.just(10)) | st.builds(
    Fraction, st.integers(10, 120), st.just(2)
)
strengths = st.builds(Fraction, st.integers(1, 10**4), st.integers(100, 1200))


def dropper(strength: Fraction, per_ml: Fraction) -> Drops:
    """Drops of so many mg/mL, so many of them to the mL."""
    return Drops(
        concentration=Concentration.of(strength, "mg/mL"),
        drops_per_mL=DropsPerVolume.of(per_ml, "drops/mL"),
    )


@pytest.mark.core
@pytest.mark.hazard("D01", "D05")
@given(strengths, droppers, st.integers(1, 10**4))
def test_p05_drops_and_mass(strength: Fraction, per_ml: Fraction, n: int) -> None:
    """P05: n drops x mg/drop = mass, and mass / (mg/drop) = n.

    Oracle: the product of fractions; and the reading of the device.
    """
    drops = dropper(strength, per_ml)
    mass = n * drops.drop
    assert mass == drops.drop * n
    assert mass.magnitude == n * strength / per_ml
    assert mass / drops.drop == n
    reading = drops.measure(mass)
    assert (reading.drops, reading.dose) == (n, mass)
    assert reading.volume is not None
    assert reading.volume.magnitude == n / per_ml


@pytest.mark.core
@pytest.mark.hazard("D07")
@given(ordinary, ordinary, droppers, ordinary)
def test_p06_scaling_the_recipe(
    drug: Fraction, volume: Fraction, per_ml: Fraction, k: Fraction
) -> None:
    """P06: scaling mass and volume by k leaves mg/drop unchanged.

    Oracle: drug / volume / drops per mL.
    """
    calibration = made(DropsPerVolume, per_ml)
    recipes = [
        Dilution(drug=made(Mass, drug * by), final_volume=made(Volume, volume * by))
        for by in (Fraction(1), k)
    ]
    drops = [recipe.concentration / calibration for recipe in recipes]
    assert drops[0] == drops[1] == made(MassPerDrop, drug / volume / per_ml)


@pytest.mark.core
@pytest.mark.hazard("D01")
@given(strengths, st.builds(Fraction, st.integers(50, 300), st.just(10)))
def test_p07_twice_the_drops(strength: Fraction, per_ml: Fraction) -> None:
    """P07: doubling drops/mL halves mg/drop, and so needs twice the drops for a dose."""
    one, two = dropper(strength, per_ml), dropper(strength, per_ml * 2)
    assert one.drop.magnitude == strength / per_ml
    assert two.drop.magnitude == strength / per_ml / 2
    assert two.drop * 2 == one.drop * 1
    readings = [each.measure(one.drop * 9) for each in (one, two)]
    assert [reading.drops for reading in readings] == [9, 18]
    assert readings[0].volume == readings[1].volume


# --- P08: no float --------------------------------------------------------------------

OPERATIONS: list[Callable[[Any, Any], Any]] = [
    *COMPARISONS,
    operator.add,
    operator.sub,
    operator.mul,
    operator.truediv,
    operator.floordiv,
    operator.mod,
]
operands = st.one_of(
    st.builds(made, kinds, values),
    ordinary,
    st.integers(0, 99),
    st.decimals(0, 99, places=3),
    st.floats(0.1, 99),
)
EXACT = (bool, int, Fraction, *KINDS)


@cache
def told_by(kind: type[Any]) -> tuple[str, ...]:
    """The public attributes and properties of a kind of the library's."""
    if not kind.__module__.startswith("ldn_titration"):
        return ()
    names = [name for name in dir(kind) if not name.startswith(("_", "model_"))]
    return tuple(name for name in names if not inspect.isroutine(getattr(kind, name)))


def floats_in(value: Any, seen: set[int] | None = None) -> list[Any]:
    """Every float within a value: its items, and all its public attributes and properties."""
    seen = set() if seen is None else seen
    if isinstance(value, float):
        return [value]
    if value is None or isinstance(value, str | int | Fraction | Decimal) or id(value) in seen:
        return []
    seen.add(id(value))
    within: list[Any] = []
    if isinstance(value, dict):
        within = [*value, *value.values()]
    elif isinstance(value, list | tuple | frozenset):
        within = list(value)
    within += [getattr(value, name) for name in told_by(type(value))]
    return [found for each in within for found in floats_in(each, seen)]


@pytest.mark.core
@pytest.mark.hazard("A04")
@given(st.builds(made, kinds, values), operands, st.booleans())
@example(Mass("1 mg"), Mass("3 mg"), False)
def test_p08_no_sum_or_product_is_a_float(left: Any, right: Any, turned: bool) -> None:
    """P08: no public function returns a float: what quantities give is exact, or an error.

    A float that is given is always refused.
    """
    for operate in OPERATIONS:
        try:
            found = operate(right, left) if turned else operate(left, right)
        except (LdnTitrationError, ZeroDivisionError, TypeError):
            continue
        assert type(found) in EXACT
        assert not isinstance(right, float)


@pytest.mark.hazard("A04")
@given(st.builds(lambda case: case._replace(length=9), small_plans.cases))
def test_p08_no_plan_or_supply_holds_a_float(case: small_plans.Case) -> None:
    """P08: no public function returns a float: nowhere within a plan, its days or its supply."""
    plan = case.plan()
    assert floats_in(plan.steps) == []
    assert floats_in([plan[0], plan[-1]]) == []
    assert floats_in([plan.totals, plan.totals.units, plan.preparations]) == []
    assert floats_in(case.preparation) == []
    if not isinstance(case.preparation, Drops | OralSolution) or case.preparation.beyond_use_days:
        assert floats_in(supply(plan)) == []


def test_p08_no_public_signature_returns_a_float() -> None:
    """P08: no public function returns a float: none says that it might."""
    assert floats_in((1, [0.5], {"a": (Mass("1 mg"), 1.5)})) == [0.5, 1.5]
    tried = 0
    for name in ldn_titration.__all__:
        found = getattr(ldn_titration, name)
        listed = vars(found).values() if inspect.isclass(found) else [found]
        for each in listed:
            function = each.fget if isinstance(each, property) else each
            function = getattr(function, "__func__", function)
            if not inspect.isfunction(function) or function.__module__.startswith("pydantic"):
                continue
            tried += 1
            returns = function.__annotations__.get("return", "")
            assert "float" not in str(returns), f"{name}.{function.__name__}"
    assert tried > 200


@pytest.mark.core
@pytest.mark.hazard("U01")
@given(st.builds(made, kinds, values), kinds, values)
@example(Mass("1.5 mg"), Mass, Fraction(3, 2))
def test_p09_order(left: Any, kind: type[Any], value: Fraction) -> None:
    """P09: order of units is total within a dimension, error across.

    Oracle: the order of fractions.
    """
    right = made(kind, value)
    for compare in COMPARISONS:
        if type(left) is kind:
            assert compare(left, right) is compare(left.magnitude, value)
        else:
            with pytest.raises(DimensionError):
                compare(left, right)


@pytest.mark.core
@pytest.mark.hazard("A03")
@given(values, st.sampled_from(MASS_UNITS), st.sampled_from(MASS_UNITS), zeros)
def test_p10_equal_doses_hash_alike(value: Fraction, one: str, other: str, more: str) -> None:
    """P10: equal doses in different units have equal hash, and unequal ones are not equal."""
    masses = [Mass.of(value / oracle.MASS_UNITS[unit], unit) for unit in (one, other)]
    text = oracle.mass_text(value)
    number, unit = text.split(" ")
    if "." in number:
        masses.append(Mass(f"{number}{more} {unit}"))
    masses.append(Mass(text))
    assert len({hash(mass) for mass in masses}) == 1
    assert len(set(masses)) == 1
    assert Mass.of(value + Fraction(1, 10**30), "mg") not in set(masses)
