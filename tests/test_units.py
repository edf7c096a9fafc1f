"""The one door for units: the strict grammar, and pint's quantities in and out."""

from __future__ import annotations

import copy
import itertools
import re
import subprocess
import sys
import time
import unicodedata
from decimal import ROUND_UP, Context, Decimal, FloatOperation, Inexact, localcontext
from fractions import Fraction
from typing import Any

import pint
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import oracle
from ldn_titration import (
    Concentration,
    Dilution,
    DropsPerVolume,
    InvalidInputError,
    Mass,
    MassPerDrop,
    QuantityError,
    Volume,
)
from ldn_titration.units import registry as own_registry

LISTED: dict[type[Any], dict[str, str]] = {  # each unit, and the one that the reference reads
    Mass: {unit: unit for unit in oracle.MASS_UNITS},
    Volume: {unit: unit for unit in oracle.VOLUME_UNITS},
    Concentration: {"mg/mL": "mg", "mcg/mL": "mcg"},
    DropsPerVolume: {"drops/mL": "mg"},
    MassPerDrop: {"mg/drop": "mg", "mcg/drop": "mcg"},
}
KINDS = list(LISTED)
UNITS = sorted({unit for units in LISTED.values() for unit in units})
FOREIGN = ["\u338e", "\uff4d\uff47", "m\u0261", "cc", "gtt", "drops", "mg.", "unit", "m g", ""]


def read(kind: type[Any], text: str) -> Fraction | None:
    """The value read, in the base unit; None where the text is refused."""
    try:
        return Fraction(kind(text).magnitude)
    except QuantityError:
        return None


def casings(unit: str) -> list[str]:
    """The unit in every mixture of capitals and small letters."""
    pairs = [sorted({letter.lower(), letter.upper()}) for letter in unit]
    return ["".join(letters) for letters in itertools.product(*pairs)]


# --- the grammar against the reference ------------------------------------------------

integers = st.sampled_from(
    [
        *["0", "1", "3", "4", "12", "45", "100", "00", "01", "007", "", "1_5", "1 5", "1'5"],
        *["\u0664", "\u096a", "\uff14", "\u00b2", "\u00bd", "\u2160", "NaN", "Infinity", "0x4"],
    ]
)
tails = st.sampled_from(
    [
        *["", "", "", ".5", ".50", ".0", ".250", ".", "..5", ",5", ",500", "\u00b75", "\u066b5"],
        *["/2", "/3", "/12", "/7", "/07", "/0", "/1", "/3.0", "./3", "/", "/-3", "/3/7", "\u20443"],
        *["e0", "E5", "e-3", ".5e1", ".5.0", ".\u0665", "%", "-3", " - 3"],
    ]
)
signs = st.sampled_from(["", "", "", "", "+", "-", "\u2212", "~", "about ", " ", "\u202e", "="])
spaces = st.sampled_from(
    [" ", " ", " ", " ", "", "  ", "\t", "\n", "\u00a0", "\u2009", "\u3000", " \u200b"]
)
units = st.sampled_from(UNITS) | st.sampled_from([u for unit in UNITS for u in casings(unit)])
ends = st.sampled_from(["", "", "", "", " ", "\n", ".", "\0", "/mL", " nocte", "\u202c", " 3"])

numbers = st.builds("".join, st.tuples(signs, integers, tails))
assembled = st.builds("".join, st.tuples(numbers, spaces, units | st.sampled_from(FOREIGN), ends))
long_texts = st.builds(
    lambda digit, count, head, unit: f"{head}{digit * count} {unit}",
    st.sampled_from("09"),
    st.integers(oracle.LONGEST_TEXT - 15, oracle.LONGEST_TEXT + 5),
    st.sampled_from(["1.", "1", "", "1/3"]),
    st.sampled_from(["mg", "mcg", "mL"]),
)
good = st.builds(
    lambda value, unit: f"{oracle.volume_text(value).removesuffix('mL')}{unit}",
    st.builds(Fraction, st.integers(0, 10**5), st.sampled_from([1, 10, 1000, 3, 12, 7])),
    st.sampled_from(UNITS),
)


@st.composite
def slips(draw: st.DrawFn) -> str:
    """A good text with one character put in, left out or replaced."""
    text = draw(good)
    place = draw(st.integers(0, len(text)))
    put = draw(st.sampled_from(["", *"0123456789.,/ eE+-_mgLcnpu\u00b5\u03bc\u00a0\u0661\uff0e"]))
    return text[:place] + put + text[place + draw(st.integers(0, 1)) :]


texts = assembled | slips() | long_texts | good


@pytest.mark.hazard("A01")
@given(texts)
@example("1/3 mg")
@example("2/6 mg")
@example("1/3 mcg")
@example("0/3 mg")
@example("1.".ljust(oracle.LONGEST_TEXT - 3, "0") + " mg")
@example("1.".ljust(oracle.LONGEST_TEXT - 2, "0") + " mg")
def test_the_grammar_is_the_references(text: str) -> None:
    """A01, U03, U04: a text is read, or refused, as the reference does, and to the same value."""
    assert read(Mass, text) == oracle.quantity_ok(text, "mass")
    assert read(Volume, text) == oracle.quantity_ok(text, "volume")


@given(st.text(max_size=12) | st.text("0123456789./ mgcuLnp\u00b5", max_size=12))
def test_any_text_is_read_as_the_reference_does(text: str) -> None:
    """U04: no text of whatever characters is read but one of the grammar."""
    assert read(Mass, text) == oracle.quantity_ok(text, "mass")
    assert read(Mass, f"{text} mg") == oracle.quantity_ok(f"{text} mg", "mass")


@pytest.mark.parametrize(
    ("kind", "unit"), [(kind, unit) for kind in KINDS[2:] for unit in LISTED[kind]]
)
@given(number=numbers | st.integers(0, 9999).map(str), space=spaces, end=ends)
def test_compound_units_take_the_numbers_that_masses_take(
    kind: type[Any], unit: str, number: str, space: str, end: str
) -> None:
    """A01: the number before mg/mL, drops/mL or mg/drop has the grammar of a mass."""
    alike = f"{number}{space}{LISTED[kind][unit]}{end}"
    expected = None if end else oracle.quantity_ok(alike, "mass")
    assert read(kind, f"{number}{space}{unit}{end}") == expected


@given(texts)
@example("9" * (oracle.LONGEST_TEXT - 10) + " mg")
@example("0.".ljust(oracle.LONGEST_TEXT - 10, "0") + "1 mg")
def test_what_was_read_is_printed_in_one_form_and_is_fit_for_use(text: str) -> None:
    """Printing what was read, and reading that, changes neither value nor text again."""
    value = read(Mass, text)
    if value is not None:
        mass = Mass(text)
        assert str(mass) == oracle.mass_text(value)
        assert str(Mass(str(mass))) == str(mass)
        assert copy.deepcopy(mass) == mass * 1 == mass


@pytest.mark.hazard("U03")
@pytest.mark.parametrize("kind", KINDS)
def test_only_the_listed_units_pass_in_only_their_own_case(kind: type[Any]) -> None:
    """U03: of all casings of every unit, those listed for the dimension are read."""
    tried = {casing for unit in UNITS for casing in casings(unit)}
    accepted = {unit for unit in tried if read(kind, f"1 {unit}") is not None}
    assert accepted == set(LISTED[kind])


@pytest.mark.hazard("U04")
def test_no_foreign_digit_space_or_control_character_is_read() -> None:
    """U04: over all of Unicode, only ASCII digits are digits and only a space is a space."""
    suspects = {"Nd", "Nl", "No", "Zs", "Zl", "Zp", "Cc", "Cf"}
    characters = [c for c in map(chr, range(sys.maxunicode)) if unicodedata.category(c) in suspects]
    digits = {c for c in characters if read(Mass, f"{c} mg") is not None}
    inside = {c for c in characters if read(Mass, f"4{c}5 mg") is not None}
    between = {c for c in characters if read(Mass, f"4.5{c}mg") is not None}
    after = {c for c in characters if read(Mass, f"4.5 mg{c}") is not None}
    before = {c for c in characters if read(Mass, f"{c}4.5 mg") is not None}
    assert digits == inside == set("0123456789")
    assert before == set("123456789")
    assert (between, after) == ({" "}, set())


# --- the corpus -----------------------------------------------------------------------

CORPUS: list[tuple[str, str, str | None]] = [  # id, text, what is printed (None: refused)
    ("B001", "4.5", None),
    ("B005", "", None),
    ("B006", "mg", None),
    ("B008", "1,500 mcg", None),
    ("B009", "1.500 mg", "1.5 mg"),
    ("B010", ".5 mg", None),
    ("B011", "5. mg", None),
    ("B012", "1.0 mg", "1 mg"),
    ("B013", "4.50 mg", "4.5 mg"),
    ("B016", "1.5.0 mg", None),
    ("B018", "1_5 mg", None),
    ("B019", "1e0 mg", None),
    ("B021", "0x4 mg", None),
    ("B022", "1/2 mg", None),
    ("B022", "2/6 mg", None),
    ("B022", "1/12 mg", "1/12 mg"),
    ("B025", "\u0664.\u0665 mg", None),
    ("B026", "\uff14.\uff15 mg", None),
    ("B027", "4\u00b75 mg", None),
    ("B028", "4.5\u202emg", None),
    ("B032", "4.5 mg\u0000", None),
    ("B036", "+1.5 mg", None),
    ("B039", "-0 mg", None),
    ("B040", "0.0000001 mg", "0.1 ng"),
    ("B041", "NaN mg", None),
    ("B042", "Infinity mg", None),
    ("B047", "about 4.5 mg", None),
    ("B048", "1.5-3 mg", None),
    ("B049", "1.5 mg or 3 mg", None),
    ("B051", "1.5 mg nocte", None),
    ("B052", "9" * 5000 + " mg", None),
    ("B053", "1e10000000 mg", None),
    ("B056", "4.5 mcg", "4.5 mcg"),
    ("B057", "4500 mcg", "4.5 mg"),
    ("B059", "4.5 \u03bcg", "4.5 mcg"),
    ("B061", "4.5 Mg", None),
    ("B062", "4.5 MG", None),
    ("B064", "4.5 mg.", None),
    ("B065", "4.5mg", None),
    ("B066", "4.5 g", "4500 mg"),
    ("B067", "4.5 gr", None),
    ("B069", "4.5 mg/mL", None),
    ("B072", "1 unit", None),
    ("B073", "1 tablet", None),
    ("B075", "0.9 cc", None),
    ("B076", "18 drops", None),
    ("B077", "18 gtt", None),
    ("A01", "4,5 mg", None),
    ("A03", "4.5 ug", "4.5 mcg"),
    ("A03", "4.5 \u00b5g", "4.5 mcg"),
]


@pytest.mark.parametrize(
    ("text", "printed"), [row[1:] for row in CORPUS], ids=[row[0] for row in CORPUS]
)
def test_each_text_of_the_corpus_is_read_or_refused_as_it_says(
    text: str, printed: str | None
) -> None:
    if printed is not None:
        assert str(Mass(text)) == printed
        return
    with pytest.raises(QuantityError) as raised:
        Mass(text)
    assert '"1.5 mg"' in str(raised.value)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("4,5 mg", "comma"),
        ("4.5", "unit"),
        ("4.5mg", "space"),
        ("4.5  mg", "space"),
        (".5 mg", "zero"),
        ("01.5 mg", "leading zero"),
        ("-1 mg", "sign"),
        ("1e3 mg", "exponent"),
        ("1/2 mg", "decimal"),
        ("4.5 MG", "unknown unit"),
        ("4.5 mL", "volume"),
        ("NaN mg", "finite"),
        ("1/12 mcg", "fraction"),
        ("", "is empty; write a number, one space and a unit"),
        ("4.5 mg\0", "character"),
        ("4.5 mg\u2028", "character"),
        ("18 drops", "is a count, not a mass"),
        ("1 tablet", "is a count, not a mass"),
    ],
)
def test_a_refusal_names_the_fault_and_shows_what_would_be_right(text: str, word: str) -> None:
    """A01: the message says what is wrong and what is expected."""
    with pytest.raises(QuantityError, match=word) as raised:
        Mass(text)
    assert '"1.5 mg"' in str(raised.value)


def test_a_text_of_forty_characters_is_shown_whole() -> None:
    """U04: of a longer one the first forty, and three dots."""
    forty = "4.5 mg of naltrexone, each night at ten."
    assert len(forty) == 40
    for text, shown in [(forty, f'"{forty}" '), (forty + "!", f'"{forty}..." ')]:
        with pytest.raises(QuantityError) as raised:
            Mass(text)
        assert str(raised.value).startswith(shown)


@given(st.text(max_size=200) | texts)
@example("1/3 \u00b5g")
def test_a_refusal_is_one_short_plain_line(text: str) -> None:
    """U04: what was typed is shown escaped and cut, so that no message carries a hidden sign."""
    for kind in KINDS:
        try:
            kind(text)
        except QuantityError as error:
            message = str(error)
            assert message.isascii()
            assert message.isprintable()
            assert len(message) <= 40 * len("\\U0001f48a") + 200


@pytest.mark.hazard("S01")
@pytest.mark.parametrize(
    "text",
    [
        "9" * 5000 + " mg",
        "1/" + "3" * 5000 + " mg",
        "0." + "0" * 10**6 + "1 mg",
        " " * 10**6,
        "1" + " " * 10**6 + "mg",
        "1e10000000 mg",
        "a" * 10**6,
        "4.5 " + "mg" * 10**6,
        "-" * 10**6,
        "1_" * 10**6,
    ],
    ids=lambda text: f"{text[:6]!r} and so on",
)
def test_a_hostile_text_is_refused_at_once(text: str) -> None:
    """S01 (B052, B053): bounded before any work; no digit-limit error leaks."""
    began = time.perf_counter()
    with pytest.raises(QuantityError):
        Mass(text)
    assert time.perf_counter() - began < 1


# --- pint: in -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def plain() -> Any:
    """A registry as pint makes it: floats, and no drop."""
    return pint.UnitRegistry()


@pytest.fixture(scope="module", params=["float", "Decimal", "our own"])
def ureg(request: pytest.FixtureRequest) -> Any:
    """Registries of three kinds, each of which knows drops."""
    if request.param == "our own":
        return own_registry()
    non_int_type: Any = {"float": float, "Decimal": Decimal}[request.param]
    registry: Any = pint.UnitRegistry(non_int_type=non_int_type)
    registry.define("drop = []")
    return registry


@pytest.mark.parametrize("number", [2, Fraction(2), Decimal("2.00"), 2.0])
@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        ("pg", Mass("2 pg")),
        ("ng", Mass("2 ng")),
        ("ug", Mass("2 mcg")),
        ("\u00b5g", Mass("2 mcg")),
        ("mcg", Mass("2 mcg")),
        ("microgram", Mass("2 mcg")),
        ("mg", Mass("2 mg")),
        ("milligram", Mass("2 mg")),
        ("g", Mass("2 g")),
        ("mL", Volume("2 mL")),
        ("ml", Volume("2 mL")),
        ("liter", Volume("2 L")),
        ("mg/mL", Concentration("2 mg/mL")),
        ("ug/ml", Concentration("2 mcg/mL")),
        ("drop/mL", DropsPerVolume("2 drops/mL")),
        ("mg/drop", MassPerDrop("2 mg/drop")),
        ("ug/drop", MassPerDrop("2 mcg/drop")),
    ],
)
def test_a_pint_quantity_of_any_registry_is_read(
    ureg: Any, number: Any, unit: str, expected: Any
) -> None:
    """C03: its magnitude and unit are read, whatever registry made it."""
    assert type(expected)(ureg.Quantity(number, unit)) == expected


def test_pint_quantities_of_two_registries_meet_in_ours(plain: Any) -> None:
    """C03: what pint cannot add (two registries) is added once it is ours."""
    twelfth = pint.UnitRegistry(non_int_type=Fraction).Quantity(Fraction(1, 12), "mg")
    total = Mass(plain.Quantity(0.1, "mg")) + Mass(twelfth)
    assert total.magnitude == Fraction(1, 10) + Fraction(1, 12)


@pytest.mark.parametrize(
    "shown",
    [
        *["", "D", "~D", "P", "~P", "C", "~C", "H", "~H"],
        *["L", "~L", "Lx"],
    ],
)
def test_how_a_registry_prints_its_units_changes_nothing(
    shown: str, plain: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C03: a registry's default format is a matter of display."""
    monkeypatch.setattr(plain.formatter, "default_format", shown)
    assert Mass(plain.Quantity(2, "mg")) == Mass("2 mg")
    assert Mass(plain.Quantity(2, "ug")) == Mass("2 mcg")
    assert Volume(plain.Quantity(2, "L")) == Volume("2000 mL")
    assert Concentration(plain.Quantity(2, "mg/mL")) == Concentration("2 mg/mL")


@given(st.integers(0, 10**15 - 1), st.integers(3, 15))
def test_a_float_of_fifteen_digits_is_the_decimal_that_was_typed(digits: int, places: int) -> None:
    """A04: 0.1 is a tenth, not the binary number nearest to it; also in a strict context."""
    number = float(f"{digits}e-{places}")
    with localcontext(Context(prec=3, rounding=ROUND_UP, traps=[Inexact, FloatOperation])):
        mass = Mass(own_registry().Quantity(number, "mg"))
    assert mass.magnitude == Fraction(digits, 10**places)


@pytest.mark.parametrize("number", [1e13, 1e14, 123456789012345.0, 1e22])
def test_a_float_without_decimals_has_no_more_digits_than_it_shows(number: float) -> None:
    """A04: a float of at most 15 significant digits is taken at its shortest decimal."""
    assert Mass(own_registry().Quantity(number, "pg")).magnitude == Fraction(int(number), 10**9)


@given(st.floats(0, 100).filter(lambda x: len(Decimal(repr(x)).normalize().as_tuple().digits) > 15))
@example(0.1 * 3)
@example(1 / 3)
def test_the_dust_of_float_arithmetic_is_refused(number: float) -> None:
    """A04: a float of more than 15 significant digits was computed, not typed."""
    with pytest.raises(QuantityError):
        Mass(own_registry().Quantity(number, "mg"))


NO_NUMBERS: list[Any] = [float("nan"), float("inf"), Decimal("NaN"), Decimal("sNaN"), -1, -0.5]
NO_MASSES = ["mL", "mg/mL", "meter", "", "Mg", "MG", "kg", "mg**2", "1/mg", "mg*mL", "degC"]


@pytest.mark.parametrize(
    ("number", "unit"),
    [*((number, "mg") for number in (*NO_NUMBERS, 0.1 * 3)), *((2, unit) for unit in NO_MASSES)],
)
def test_a_pint_quantity_that_is_no_mass_is_an_error_of_ours(
    number: Any, unit: str, plain: Any
) -> None:
    """A06, U01: wrong dimension, unknown unit, NaN: ours alone, in a model and by itself."""
    quantity = plain.Quantity(number, unit)
    with pytest.raises(QuantityError):
        Mass(quantity)
    with pytest.raises(InvalidInputError) as raised:
        Dilution(drug=quantity, final_volume="10 mL")
    assert [problem.path for problem in raised.value.problems] == ["drug"]


def test_a_number_of_drops_is_told_to_be_a_count() -> None:
    """U01: one drop is a count, not drops in something."""
    with pytest.raises(QuantityError, match='^"drop" is a count, not a mass'):
        Mass(own_registry().Quantity(18, "drop"))


@pytest.mark.parametrize("kind", KINDS)
def test_a_pint_quantity_of_another_dimension_is_refused(kind: type[Any], ureg: Any) -> None:
    """U01: of pint quantities of five dimensions, each is read by its own type alone."""
    for other, unit in zip(KINDS, ["mg", "mL", "mg/mL", "drop/mL", "mg/drop"], strict=True):
        if other is not kind:
            with pytest.raises(QuantityError):
                kind(ureg.Quantity(2, unit))


# --- pint: out ------------------------------------------------------------------------


@given(st.sampled_from(KINDS), st.fractions(0, 10**6, max_denominator=10**6))
def test_to_pint_and_back_is_exact(kind: type[Any], value: Fraction) -> None:
    """A04: a quantity goes out with a Fraction and comes back the same."""
    quantity = kind.of(value, next(u for u in ("mg", *LISTED[kind]) if u in LISTED[kind]))
    out = quantity.to_pint()
    assert (type(out.magnitude), out.magnitude) == (Fraction, value)
    assert kind(out) == quantity


@pytest.mark.parametrize("kind", KINDS)
def test_to_pint_goes_into_the_registry_given(kind: type[Any], ureg: Any) -> None:
    """C03: the quantity belongs to that registry and combines with its own."""
    quantity = kind(kind.example) / 3
    out = quantity.to_pint(ureg)
    doubled = kind(out + ureg.Quantity(out.magnitude, out.units))
    assert doubled.magnitude == 2 * quantity.magnitude


def test_our_registry_converts_exactly() -> None:
    """A twelfth of a milligram is 250/3 micrograms, also by pint."""
    micrograms = Mass("1/12 mg").to_pint().to("microgram")
    assert micrograms.magnitude == Fraction(250, 3)
    assert Mass("1/12 mg").to_pint().to("nanogram").magnitude == Fraction(250_000, 3)
    assert Mass(micrograms) == Mass("1/12 mg")
    by_pint = (Mass("50 mg").to_pint() / Volume("10 mL").to_pint()).to("mg/mL")
    assert Concentration(by_pint) == Concentration("5 mg/mL")


@pytest.mark.parametrize("quantity", [DropsPerVolume("20 drops/mL"), MassPerDrop("0.25 mg/drop")])
def test_a_registry_without_drops_is_told_how_to_get_them(quantity: Any) -> None:
    """D01: a drop is no fixed volume, so a registry must say that it has a unit for it."""
    registry: Any = pint.UnitRegistry()
    with pytest.raises(QuantityError, match=re.escape('define("drop = []")')):
        quantity.to_pint(registry)
    registry.define("drop = []")
    assert type(quantity)(quantity.to_pint(registry)) == quantity


def test_the_application_registry_is_left_alone() -> None:
    """C03: a library never sets it, and its quantities do not belong to it."""
    before = pint.get_application_registry().get()
    out = Mass("1.5 mg").to_pint()
    assert pint.get_application_registry().get() is before
    with pytest.raises(ValueError, match="different registries"):
        before.Quantity(1, "mg") + out


def test_pint_is_loaded_only_when_it_is_asked_for() -> None:
    """C03: importing, reading and measuring load no pint; to_pint does."""
    code = (
        "import sys; from ldn_titration import Capsules, Mass, QuantityError\n"
        "assert Mass('1.5 mg') + Mass('1500 mcg') == Mass('3 mg')\n"
        "assert Capsules(strengths=['3 mg']).measure('3 mg')\n"
        "try: Mass(1.5)\n"
        "except QuantityError: pass\n"
        "print('pint' in sys.modules)\n"
        "Mass('3 mg').to_pint()\n"
        "print('pint' in sys.modules)"
    )
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert result.stdout == "False\nTrue\n"
