"""Quantities: what is printed reads back, what is computed is exact, nothing else goes together."""

from __future__ import annotations

import copy
import operator
import os
import pickle
import re
import subprocess
import sys
from collections.abc import Callable
from decimal import ROUND_UP, Context, Decimal, FloatOperation, Inexact, localcontext
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

import oracle
from ldn_titration import (
    Concentration,
    DimensionError,
    DropsPerVolume,
    LdnTitrationError,
    Mass,
    MassPerDrop,
    QuantityError,
    Volume,
)

BASE_UNITS: dict[type[Any], str] = {
    Mass: "mg",
    Volume: "mL",
    Concentration: "mg/mL",
    DropsPerVolume: "drops/mL",
    MassPerDrop: "mg/drop",
}
KINDS = list(BASE_UNITS)
UNLIKE = [(left, right) for left in KINDS for right in KINDS if left is not right]
NUMBER = re.compile(r"(0|[1-9]\d*)(\.\d*[1-9])?|([1-9]\d*)/([1-9]\d*)", re.ASCII)
COMPARISONS = [operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne]
ORDERINGS = COMPARISONS[:4]

decimals = st.builds(
    lambda digits, places: Fraction(digits, 10**places), st.integers(0, 10**7), st.integers(0, 18)
)
rationals = st.fractions(0, 10**6, max_denominator=10**6)
values = decimals | rationals
positive = values.filter(bool)
kinds = st.sampled_from(KINDS)


def made(kind: type[Any], value: Fraction) -> Any:
    """A quantity of so many base units."""
    return kind.of(value, BASE_UNITS[kind])


def printed(kind: type[Any], value: Fraction) -> str:
    """The text that the reference gives for so many base units."""
    if kind is Mass:
        return oracle.mass_text(value)
    return oracle.volume_text(value).removesuffix("mL") + BASE_UNITS[kind]


# --- text -----------------------------------------------------------------------------


@pytest.mark.hazard("A02")
@given(kinds, values)
def test_a_printed_number_is_a_plain_decimal_or_an_irreducible_fraction(
    kind: type[Any], value: Fraction
) -> None:
    """A02: no naked point, no trailing zero, no exponent; a fraction only in lowest terms."""
    number = NUMBER.fullmatch(str(made(kind, value)).split(" ")[0])
    assert number is not None
    if number[4] is not None:
        assert Fraction(int(number[3]), int(number[4])).denominator == int(number[4])


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Fraction(0), "0 mg"),
        (Fraction(4500), "4500 mg"),
        (Fraction(1, 10), "0.1 mg"),
        (Fraction(99_999, 10**6), "99.999 mcg"),
        (Fraction(1, 10**4), "0.1 mcg"),
        (Fraction(99_999, 10**9), "99.999 ng"),
        (Fraction(1, 10**7), "0.1 ng"),
        (Fraction(99_999, 10**12), "99.999 pg"),
        (Fraction(1, 10**10), "0.1 pg"),
        (Fraction(1, 10**11), "0.01 pg"),
        (Fraction(1, 12), "1/12 mg"),
        (Fraction(1, 12_000), "1/12000 mg"),
        (Fraction(100, 3), "100/3 mg"),
    ],
)
def test_a_mass_is_printed_in_the_largest_unit_that_gives_a_tenth(
    value: Fraction, text: str
) -> None:
    mass = Mass.of(value, "mg")
    assert str(mass) == oracle.mass_text(value) == text
    assert repr(mass) == f"Mass('{text}')"


@pytest.mark.parametrize(
    "number",
    [
        10**120,
        Fraction(1, 7**200),
        10**5000,  # more digits than int itself will print
    ],
    ids=["10**120", "1/7**200", "10**5000"],
)
def test_a_number_too_long_to_be_read_back_is_refused_or_reads_back(
    number: int | Fraction,
) -> None:
    """Reading what is printed gives the same mass, also where the number is immense."""
    try:
        mass = Mass.of(number, "mg")
    except QuantityError:
        return
    assert Mass(str(mass)) == mass


@pytest.mark.parametrize("kind", KINDS)
def test_a_number_of_a_thousand_places_is_the_longest_that_is_kept(kind: type[Any]) -> None:
    """S01: of 10**1000 base units, and of one part in 10**1000; not of one more."""
    longest = 10**1000
    for value in (Fraction(longest), Fraction(1, longest)):
        assert made(kind, value).magnitude == kind(str(made(kind, value))).magnitude == value
    for value in (Fraction(longest + 1), Fraction(1, longest + 1)):
        with pytest.raises(QuantityError, match="more digits"):
            made(kind, value)


@pytest.mark.parametrize(("least", "most"), [("1E-100", "9.99E+100")])
def test_a_decimal_of_a_hundred_places_is_of_ordinary_size(least: str, most: str) -> None:
    """S01: no power of ten beyond the hundredth is worked out."""
    assert Mass.of(Decimal(least), "mg").magnitude == Fraction(1, 10**100)
    assert Mass.of(Decimal(most), "mg").magnitude == 999 * 10**98
    for beyond in ("9.99E-101", "1E+101"):
        with pytest.raises(QuantityError, match="ordinary size"):
            Mass.of(Decimal(beyond), "mg")


# --- equality and order ---------------------------------------------------------------


@pytest.mark.hazard("A03")
def test_a_thousand_micrograms_are_a_milligram_and_nothing_else_is() -> None:
    """A03 (B057, B081, B082): 1500 mcg is 1.5 mg; 1.5 mcg is not."""
    assert Mass("1500 mcg") == Mass("1.5 mg") == Mass("0.0015 g")
    assert hash(Mass("1500 mcg")) == hash(Mass("1.5 mg"))
    assert Mass("1.5 mcg") != Mass("1.5 mg")
    assert Mass("350 mcg").magnitude == Fraction(35, 100)
    assert Volume("0.01 L") == Volume("10 mL")


@pytest.mark.parametrize(("left", "right"), UNLIKE)
@pytest.mark.parametrize(
    "operate",
    [*COMPARISONS, operator.add, operator.sub, operator.floordiv, operator.mod],
)
def test_another_dimension_is_an_error(
    left: type[Any], right: type[Any], operate: Callable[[Any, Any], Any]
) -> None:
    """Comparing or adding across dimensions raises, and never says False."""
    with pytest.raises(DimensionError):
        operate(made(left, Fraction(1)), made(right, Fraction(1)))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("number", [1, True, 1.0, Fraction(1), Decimal(1)])
@pytest.mark.parametrize("compare", COMPARISONS)
def test_a_bare_number_is_never_compared(
    kind: type[Any], number: Any, compare: Callable[[Any, Any], Any]
) -> None:
    """B080: 1.5 mg == 1 raises, on either side; it is never False silently."""
    with pytest.raises(DimensionError):
        compare(made(kind, Fraction(1)), number)
    with pytest.raises(DimensionError):
        compare(number, made(kind, Fraction(1)))


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_equals_none(kind: type[Any]) -> None:
    """B371: == None is False without an error; there is no order with None."""
    assert (made(kind, Fraction(0)) == None) is False  # noqa: E711
    assert (made(kind, Fraction(0)) != None) is True  # noqa: E711
    for compare in ORDERINGS:
        with pytest.raises(DimensionError):
            compare(made(kind, Fraction(1)), None)


@given(kinds, values)
def test_only_zero_is_false(kind: type[Any], value: Fraction) -> None:
    assert bool(made(kind, value)) is (value != 0)


# --- arithmetic -----------------------------------------------------------------------


@given(kinds, values, positive)
def test_whole_parts_and_remainders_are_those_of_fractions(
    kind: type[Any], a: Fraction, b: Fraction
) -> None:
    """A04: 0.3 mg // 0.1 mg is 3, as in fractions and not as in floats."""
    count, rest = made(kind, a) // made(kind, b), made(kind, a) % made(kind, b)
    assert (type(count), count, rest.magnitude) == (int, *divmod(a, b))
    assert made(kind, a) / made(kind, b) == a / b


DIMENSIONS: dict[type[Any], tuple[int, int, int]] = {  # powers of mass, volume and drop
    Mass: (1, 0, 0),
    Volume: (0, 1, 0),
    Concentration: (1, -1, 0),
    DropsPerVolume: (0, -1, 1),
    MassPerDrop: (1, 0, -1),
}
RESULTS = {
    **{dimension: kind for kind, dimension in DIMENSIONS.items()},
    (0, 0, 0): Fraction,
    (0, 0, 1): Fraction,  # a number of drops is a plain number
}


@pytest.mark.parametrize("left", KINDS)
@pytest.mark.parametrize("right", KINDS)
@pytest.mark.parametrize(("operate", "sign"), [(operator.mul, 1), (operator.truediv, -1)])
def test_products_and_quotients_follow_the_dimensions(
    left: type[Any], right: type[Any], operate: Callable[[Any, Any], Any], sign: int
) -> None:
    """A product is the quantity that its dimension says, a Fraction, or an error."""
    a, b = Fraction(7, 3), Fraction(5, 11)
    pairs = zip(DIMENSIONS[left], DIMENSIONS[right], strict=True)
    expected: Any = RESULTS.get(tuple(x + sign * y for x, y in pairs))
    if expected is None:
        with pytest.raises(DimensionError):
            operate(made(left, a), made(right, b))
        return
    result = operate(made(left, a), made(right, b))
    assert type(result) is expected
    assert (result if expected is Fraction else result.magnitude) == operate(a, b)


@given(kinds.filter(lambda kind: kind is not MassPerDrop), values, positive)
def test_a_number_scales_a_quantity(kind: type[Any], a: Fraction, n: Fraction) -> None:
    quantity = made(kind, a)
    assert quantity * n == n * quantity == made(kind, a * n)
    assert quantity / n == made(kind, a / n)
    assert quantity * 3 == quantity * Decimal(3) == made(kind, a * 3)


@pytest.mark.hazard("A09")
@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_ever_negative(kind: type[Any]) -> None:
    """A09: a quantity below zero cannot be made, read or reached."""
    one = made(kind, Fraction(1))
    attempts: list[Callable[[], Any]] = [
        lambda: made(kind, Fraction(-1, 10**9)),
        lambda: kind(f"-1 {BASE_UNITS[kind]}"),
        lambda: one - made(kind, Fraction(2)),
        lambda: one * -1,
        lambda: -1 * one,
        lambda: one / -2,
    ]
    for attempt in attempts:
        with pytest.raises(QuantityError):
            attempt()


@pytest.mark.parametrize(
    "operate",
    [
        operator.truediv,
        operator.floordiv,
        operator.mod,
    ],
)
def test_division_by_a_zero_quantity_is_an_error_of_ours(
    operate: Callable[[Any, Any], Any],
) -> None:
    """B091, B092: no ZeroDivisionError leaks."""
    for kind in KINDS:
        with pytest.raises(LdnTitrationError):
            operate(made(kind, Fraction(1)), made(kind, Fraction(0)))


@pytest.mark.parametrize("zero", [0, Fraction(0), Decimal("0.00")])
def test_division_by_the_number_zero_is_an_error_of_ours(zero: Any) -> None:
    """B091: no ZeroDivisionError leaks."""
    with pytest.raises(QuantityError):
        Mass("1 mg") / zero


def test_drops_of_a_dropper_that_makes_none_are_an_error_of_ours() -> None:
    """B091: no ZeroDivisionError leaks."""
    with pytest.raises(QuantityError):
        18 / DropsPerVolume("0 drops/mL")
    with pytest.raises(QuantityError):
        Concentration("5 mg/mL") / DropsPerVolume("0 drops/mL")


# --- floats, and the host's decimal context ------------------------------------------

ONE_MG = Mass("1 mg")


@pytest.mark.hazard("A04")
@pytest.mark.parametrize(
    "attempt",
    [
        lambda x: Mass(x),
        lambda x: Mass.of(x, "mg"),
        lambda x: ONE_MG * x,
        lambda x: x * ONE_MG,
        lambda x: ONE_MG / x,
        lambda x: ONE_MG + x,
        lambda x: ONE_MG - x,
        lambda x: ONE_MG // x,
        lambda x: ONE_MG % x,
        lambda x: x * MassPerDrop("0.25 mg/drop"),
        lambda x: MassPerDrop("0.25 mg/drop") * x,
        lambda x: MassPerDrop("0.25 mg/drop") / x,
        lambda x: x / DropsPerVolume("20 drops/mL"),
    ],
)
@pytest.mark.parametrize("number", [0.5, 1.0, float("nan"), float("inf"), True])
def test_a_float_or_a_boolean_is_refused_everywhere(
    attempt: Callable[[Any], Any], number: float
) -> None:
    """A04 (B003, B046): binary floats and booleans never become or scale a quantity."""
    with pytest.raises(QuantityError):
        attempt(number)


@pytest.mark.hazard("A06")
@pytest.mark.parametrize("word", ["NaN", "sNaN", "Infinity", "-Infinity", "1E+200000", "1E-200000"])
def test_a_decimal_that_is_not_finite_or_is_immense_is_refused(word: str) -> None:
    """A06 (B045): no InvalidOperation leaks, and no power of ten is worked out."""
    with pytest.raises(QuantityError):
        Mass.of(Decimal(word), "mg")
    with pytest.raises(QuantityError):
        ONE_MG * Decimal(word)


@pytest.mark.parametrize(
    "wrong", [None, 4.5, 4, True, Decimal("4.5"), b"4.5 mg", ["4.5 mg"], {"dose": "4.5 mg"}, Mass]
)
@pytest.mark.parametrize("kind", KINDS)
def test_only_text_and_quantities_are_read(kind: type[Any], wrong: Any) -> None:
    """U02 (B001 to B004): a number without a unit is never a quantity."""
    with pytest.raises(QuantityError, match=re.escape(kind.example)):
        kind(wrong)


@pytest.mark.hazard("U01")
@pytest.mark.parametrize(("kind", "other"), UNLIKE)
def test_a_quantity_is_not_read_as_another(kind: type[Any], other: type[Any]) -> None:
    """U01: a volume is no mass, whether as itself, as its text or by its unit."""
    quantity = made(other, Fraction(1))
    with pytest.raises(DimensionError):
        kind(quantity)
    with pytest.raises(QuantityError):
        kind(str(quantity))
    with pytest.raises(QuantityError):
        kind.of(1, BASE_UNITS[other])


@pytest.mark.hazard("A05")
@given(st.decimals(0, 1000, allow_nan=False, allow_infinity=False, places=9))
def test_the_hosts_decimal_context_changes_nothing(number: Decimal) -> None:
    """A05: with 3 digits, rounding up and every trap set, all is as before."""
    value = Fraction(*number.as_integer_ratio())
    with localcontext(Context(prec=3, rounding=ROUND_UP, traps=[Inexact, FloatOperation])):
        mass = Mass.of(number, "mg")
        assert mass.magnitude == value
        assert str(mass) == oracle.mass_text(value)
        assert Mass(str(mass)) == Mass(f"{number:f} mg") == mass
        assert (mass * number).magnitude == value * value
        assert str(mass / 3) == oracle.mass_text(value / 3)


# --- frozen, copied, sent -------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_a_quantity_cannot_be_changed(kind: type[Any]) -> None:
    """C01: no attribute can be set, added or deleted; += makes another one."""
    quantity = original = made(kind, Fraction(3, 2))
    for name in ("magnitude", "base_unit", "note"):
        with pytest.raises(AttributeError):
            setattr(quantity, name, Fraction(2))
        with pytest.raises(AttributeError):
            delattr(quantity, name)
    quantity += made(kind, Fraction(1))
    assert (original.magnitude, quantity.magnitude) == (Fraction(3, 2), Fraction(5, 2))


@given(kinds, values)
def test_copies_and_pickles_are_equal(kind: type[Any], value: Fraction) -> None:
    """C02: a copy is of the same type and value, and hashes alike."""
    quantity = made(kind, value)
    pickles = [pickle.loads(pickle.dumps(quantity, version)) for version in range(6)]  # noqa: S301
    for twin in [copy.copy(quantity), copy.deepcopy(quantity), *pickles]:
        assert (type(twin), twin.magnitude) == (kind, value)
        assert len({twin, quantity}) == 1


@pytest.mark.hazard("C03")
def test_a_pickle_of_another_process_adds_and_hashes_as_ours() -> None:
    """C03 (B366): a quantity sent to a process of another hash seed is at home there."""
    code = (
        "import pickle, sys; from ldn_titration import Mass\n"
        "sent = pickle.loads(bytes.fromhex(sys.argv[1]))\n"
        "print(sent + Mass('1 mg'), sent in {Mass('1/12 mg')})"
    )
    for seed in ("1", "2"):
        result = subprocess.run(
            [sys.executable, "-c", code, pickle.dumps(Mass("1/12 mg")).hex()],
            capture_output=True,
            text=True,
            check=True,
            env=os.environ | {"PYTHONHASHSEED": seed},
        )
        assert result.stdout == "13/12 mg True\n"


@given(kinds, values)
def test_json_is_the_printed_text_and_reads_back(kind: type[Any], value: Fraction) -> None:
    """Reading what is printed gives the same quantity, through JSON; the schema allows it."""
    adapter: TypeAdapter[Any] = TypeAdapter(kind)
    quantity = made(kind, value)
    sent = adapter.dump_json(quantity)
    assert sent.decode() == f'"{printed(kind, value)}"'
    assert adapter.validate_json(sent) == quantity
    assert adapter.dump_python(quantity) == quantity
    assert adapter.validate_python(quantity) == quantity
    assert re.search(adapter.json_schema()["pattern"], str(quantity))


@pytest.mark.parametrize(("kind", "other"), UNLIKE)
def test_the_schema_of_one_quantity_takes_no_other(kind: type[Any], other: type[Any]) -> None:
    """U01: a form that checks by the schema tells a mass from a volume."""
    pattern = TypeAdapter(kind).json_schema()["pattern"]
    assert re.search(pattern, kind.example)
    assert not re.search(pattern, other.example)


@pytest.mark.parametrize("sent", ["4.5", "0", "null", "true", "NaN", '"4.5"', '["4.5 mg"]', "{}"])
@pytest.mark.parametrize("kind", KINDS)
def test_json_that_is_no_quantity_is_a_validation_error(kind: type[Any], sent: str) -> None:
    """U02: a bare JSON number, a boolean and null are refused, as validation errors."""
    with pytest.raises(ValidationError):
        TypeAdapter(kind).validate_json(sent)
