"""The words for one dose: as in the contract's examples, and as the reference writes them."""

from __future__ import annotations

import json
import re
from decimal import ROUND_UP, Context, FloatOperation, Inexact, localcontext
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import oracle
from ldn_titration import (
    Capsules,
    Drops,
    Mass,
    OralSolution,
    Reading,
    Regimen,
    Tablets,
    Volume,
    schedule,
    sig,
)
from ldn_titration.testing import preparations, regimens_for
from readers import three_figures

NUMBER = re.compile(r"(0|[1-9]\d*)(\.\d*[1-9])?", re.ASCII)

DROPS = Drops(dilution={"drug": "50 mg", "final_volume": "10 mL"}, drops_per_mL=20)
TWELFTHS = Drops(dilution={"drug": "50 mg", "final_volume": "30 mL"}, drops_per_mL=20)
FINE_DROPS = Drops(concentration="5 mg/mL", drops_per_mL=24)
WEAK_DROPS = Drops(concentration="1 mg/mL", drops_per_mL=20)
LIQUID = OralSolution(concentration="1 mg/mL", graduation="0.1 mL")
CAPSULES = Capsules(strengths=["1.5 mg", "3 mg"])
HALVES = Tablets(strengths=["3 mg"], parts=2)
QUARTERS = Tablets(strengths=["1 mg", "4 mg"], parts=4)


# --- what to take ---------------------------------------------------------------------


@pytest.mark.hazard("D06")
@pytest.mark.parametrize(
    ("preparation", "dose", "words"),
    [
        (DROPS, "0.25 mg", "1 drop (0.05 mL, 0.25 mg)"),
        (DROPS, "0.5 mg", "2 drops (0.1 mL, 0.5 mg)"),
        (DROPS, "4.5 mg", "18 drops (0.9 mL, 4.5 mg)"),
        (WEAK_DROPS, "50 mcg", "1 drop (0.05 mL, 50 mcg)"),
        (TWELFTHS, "1/12 mg", "1 drop (0.05 mL, 1/12 mg)"),
        (FINE_DROPS, "5/24 mg", "1 drop (1/24 mL, 5/24 mg)"),
        (LIQUID, "4.5 mg", "4.5 mL (4.5 mg)"),
        (LIQUID, "0.1 mg", "0.1 mL (0.1 mg)"),
        (CAPSULES, "1.5 mg", "1 capsule of 1.5 mg (1.5 mg)"),
        (CAPSULES, "4.5 mg", "1 capsule of 3 mg plus 1 capsule of 1.5 mg (4.5 mg)"),
        (CAPSULES, "7.5 mg", "2 capsules of 3 mg plus 1 capsule of 1.5 mg (7.5 mg)"),
        (HALVES, "1.5 mg", "1/2 tablet of 3 mg (1.5 mg)"),
        (HALVES, "3 mg", "1 tablet of 3 mg (3 mg)"),
        (HALVES, "4.5 mg", "1 and 1/2 tablets of 3 mg (4.5 mg)"),
        (HALVES, "6 mg", "2 tablets of 3 mg (6 mg)"),
        (QUARTERS, "3 mg", "3/4 tablet of 4 mg (3 mg)"),
        (QUARTERS, "5.25 mg", "1 and 1/4 tablets of 4 mg plus 1/4 tablet of 1 mg (5.25 mg)"),
    ],
)
def test_a_dose_is_told_in_the_contracts_words(preparation: Any, dose: str, words: str) -> None:
    """Drops always with their volume and mass; one drop, and one and a half tablets."""
    assert sig.take(preparation.measure(dose)) == words


@pytest.mark.parametrize(
    ("preparation", "dose", "words"),
    [
        (DROPS, "4.5 mg", "18 drops (0.9 mL, 4.5 mg)"),
        (TWELFTHS, "1/12 mg", "1 drop (0.05 mL, about 0.0833 mg)"),
        (FINE_DROPS, "5/24 mg", "1 drop (about 0.0417 mL, about 0.208 mg)"),
        (Capsules(strengths=["4/3 mg"]), "8/3 mg", "2 capsules of about 1.33 mg (about 2.67 mg)"),
    ],
)
def test_for_people_only_what_is_no_decimal_is_rounded(
    preparation: Any, dose: str, words: str
) -> None:
    """A10: rounded to 3 significant figures, and always behind "about"."""
    assert sig.take(preparation.measure(dose), sig.about) == words


@st.composite
def days(draw: st.DrawFn) -> tuple[Reading, int, dict[str, Any]]:
    """A reading, how often a day it is taken, and the same as a request of one day."""
    preparation = draw(preparations())
    step = draw(regimens_for(preparation, max_steps=1, max_days=1)).steps[0]
    listed = {"dose": str(step.dose), "doses_per_day": step.doses_per_day, "days": 1}
    request = {
        "start": "2027-01-04",
        "regimen": {"steps": [listed]},
        "preparation": json.loads(preparation.model_dump_json(exclude_none=True)),
    }
    assert step.dose is not None
    return preparation.measure(step.dose), step.doses_per_day, request


@given(days())
def test_a_day_is_told_in_the_words_of_the_reference(
    day: tuple[Reading, int, dict[str, Any]],
) -> None:
    """Any preparation and dose, once or several times a day."""
    reading, times, request = day
    expected = oracle.plan(request)["days"][0]["take"]
    assert sig.directions([(None, reading)] * times) == expected


def test_several_doses_a_day_are_told_with_their_times() -> None:
    one, two = LIQUID.measure("1 mg"), LIQUID.measure("2.5 mg")
    assert sig.directions([("morning", one), ("bedtime", two)]) == (
        "morning: 1 mL (1 mg); bedtime: 2.5 mL (2.5 mg)"
    )
    assert sig.directions([(None, one), (None, one)]) == "1 mL (1 mg), 2 times a day"
    assert sig.directions([(None, one)] * 3) == "1 mL (1 mg), 3 times a day"
    assert sig.directions([("bedtime", one)]) == "1 mL (1 mg)"
    twelfth = TWELFTHS.measure("1/12 mg")
    assert sig.directions([(None, twelfth)] * 2, sig.about) == (
        "1 drop (0.05 mL, about 0.0833 mg), 2 times a day"
    )


@pytest.mark.parametrize(
    ("time_of_day", "words"),
    [
        (None, ""),
        ("morning", "in the morning"),
        ("noon", "at noon"),
        ("afternoon", "in the afternoon"),
        ("evening", "in the evening"),
        ("bedtime", "at bedtime"),
        ("21:30", "at 21:30"),
    ],
)
def test_a_time_of_day_has_its_preposition(time_of_day: str | None, words: str) -> None:
    assert sig.time_words(time_of_day) == words


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "0 tablets"),
        (Fraction(1, 4), "1/4 tablet"),
        (Fraction(3, 4), "3/4 tablet"),
        (1, "1 tablet"),
        (Fraction(5, 4), "1 and 1/4 tablets"),
        (2, "2 tablets"),
        (Fraction(7, 2), "3 and 1/2 tablets"),
        (100, "100 tablets"),
    ],
)
def test_a_noun_is_plural_above_one_and_at_none(number: int | Fraction, words: str) -> None:
    assert sig.count(number, "tablet") == words


# --- about ----------------------------------------------------------------------------


@pytest.mark.hazard("A10")
@given(st.fractions(Fraction(1, 10**4), 10**4, max_denominator=10**4))
@example(Fraction(1, 12))
@example(Fraction(9999, 10001))
@example(Fraction(20_000, 3))
def test_about_is_exact_or_rounded_to_three_figures(value: Fraction) -> None:
    """A10: a decimal is never rounded; what is no decimal says "about"."""
    words = sig.about(Volume.of(value, "mL"))
    exact = oracle.volume_text(value)
    if "/" not in exact:
        assert words == exact
        return
    about, number, unit = words.split(" ")
    assert (about, Fraction(number), unit) == ("about", three_figures(value), "mL")


@given(st.fractions(Fraction(1, 10**4), 10**4, max_denominator=10**4))
@example(Fraction(241, 24))
def test_a_rounded_number_is_printed_like_every_other(value: Fraction) -> None:
    """A02: every rendered number has its leading zero and no trailing one."""
    words = sig.about(Volume.of(value, "mL")).removeprefix("about ")
    assert NUMBER.fullmatch(words.removesuffix(" mL"))


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        ("0.225 mg", "0.275 mg", "0.225 to 0.275 mg"),
        ("3.825 mg", "5.175 mg", "3.825 to 5.175 mg"),
        ("42.5 mcg", "57.5 mcg", "42.5 to 57.5 mcg"),
        ("85 mcg", "0.115 mg", "0.085 to 0.115 mg"),
        ("17/240 mg", "23/240 mg", "about 0.0708 to 0.0958 mg"),
        ("75 mcg", "11/120 mg", "0.075 to about 0.0917 mg"),
        ("0.3 mg", "11/30 mg", "0.3 to about 0.367 mg"),
    ],
)
def test_a_range_is_told_in_one_unit(low: str, high: str, words: str) -> None:
    """D03: two ends, one unit; an end that is rounded stands behind "about"."""
    assert sig.about_range(Mass(low), Mass(high)) == words


@pytest.mark.hazard("D03")
def test_the_band_of_a_dropper_is_told_as_worked_out_by_hand() -> None:
    """D03: 0.225 to 0.275 mg a drop at 10 percent; 18 drops 3.825 to 5.175 mg at 15 percent."""
    assert sig.about_range(*DROPS.band(1, Fraction(1, 10))) == "0.225 to 0.275 mg"
    assert sig.about_range(*DROPS.band(18, Fraction(15, 100))) == "3.825 to 5.175 mg"


@pytest.mark.hazard("A05")
def test_the_hosts_decimal_context_changes_no_word() -> None:
    """A05: with 1 digit, rounding up and every trap set, all is as before."""
    with localcontext(Context(prec=1, rounding=ROUND_UP, traps=[Inexact, FloatOperation])):
        assert sig.about(Mass("1/12 mg")) == "about 0.0833 mg"
        assert sig.about(Mass("20000/3 mg")) == "about 6670 mg"
        assert sig.about_range(Mass("17/240 mg"), Mass("23/240 mg")) == "about 0.0708 to 0.0958 mg"
        assert sig.take(DROPS.measure("4.5 mg"), sig.about) == "18 drops (0.9 mL, 4.5 mg)"


@pytest.mark.parametrize(
    ("step", "time", "words"),
    [
        ({"dose": "1 mg"}, None, "Take 1 mL (1 mg) once a day"),
        ({"dose": "1 mg"}, "bedtime", "Take 1 mL (1 mg) once a day at bedtime"),
        ({"dose": "1 mg"}, "21:30", "Take 1 mL (1 mg) once a day at 21:30"),
        ({"dose": "1 mg", "doses_per_day": 2}, "bedtime", "Take 1 mL (1 mg) twice a day"),
        ({"dose": "1 mg", "doses_per_day": 3}, None, "Take 1 mL (1 mg) 3 times a day"),
        (
            {"doses": {"morning": "1 mg", "bedtime": "2 mg"}},
            None,
            "Take 1 mL (1 mg) in the morning, and 2 mL (2 mg) at bedtime",
        ),
        (
            {"doses": {"morning": "1 mg", "bedtime": "1 mg"}},
            None,
            "Take 1 mL (1 mg) in the morning, and 1 mL (1 mg) at bedtime",
        ),
        (
            {"dose": "1 mg", "cycle": {"days_on": 1, "days_off": 1}},
            "bedtime",
            "Take 1 mL (1 mg) at bedtime, every other day",
        ),
        (
            {"dose": "1 mg", "cycle": {"days_on": 5, "days_off": 2}},
            None,
            "Take 1 mL (1 mg) once a day, 5 days on, 2 off",
        ),
    ],
)
def test_a_step_has_the_sig_that_a_pharmacy_writes(
    step: dict[str, Any], time: str | None, words: str
) -> None:
    liquid = OralSolution(concentration="1 mg/mL", graduation="0.1 mL")
    plan = schedule(Regimen(steps=[step], time_of_day=time), liquid, "2027-01-04", days=7)
    first = plan.steps[0]
    doses = [(dose.time_of_day, dose.reading) for dose in first.doses]
    assert sig.sig_text(doses, str(first.cycle or "")) == words


def test_a_day_without_a_dose_has_its_sig_too() -> None:
    assert sig.sig_text([]) == "Take no dose"
    assert sig.directions([]) == "no dose"
