"""Preparations: each dose is measured exactly, or refused with its neighbours; never rounded."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import oracle
from ldn_titration import (
    Capsules,
    Concentration,
    Dilution,
    DimensionError,
    Drops,
    DropsPerVolume,
    InvalidInputError,
    Mass,
    MassPerDrop,
    NotMeasurableError,
    OralSolution,
    QuantityError,
    Reading,
    Tablets,
    Volume,
)
from ldn_titration.reading import summed_units, total

FORMS: dict[str, type[Any]] = {
    "capsules": Capsules,
    "tablets": Tablets,
    "oral_solution": OralSolution,
    "drops": Drops,
}
Json = dict[str, Any]
LONGEST_SEARCH = 5  # mg; the reference tries every combination of capsules and tablets


def made(preparation: Json) -> Any:
    """The preparation that this JSON says."""
    return FORMS[preparation["form"]].model_validate_json(json.dumps(preparation))


def refused(kind: type[Any], **fields: Any) -> dict[str, str]:
    """What is wrong with these fields: each path with its message."""
    with pytest.raises(InvalidInputError) as raised:
        kind(**fields)
    return {problem.path: problem.message for problem in raised.value.problems}


# --- any preparation, any dose --------------------------------------------------------

strengths = st.lists(
    st.sampled_from(["0.5 mg", "1 mg", "1.5 mg", "2 mg", "3 mg", "4.5 mg", "1/3 mg", "750 mcg"]),
    min_size=1,
    max_size=3,
    unique=True,
)
capsules = st.fixed_dictionaries({"form": st.just("capsules"), "strengths": strengths})
tablets = st.fixed_dictionaries(
    {"form": st.just("tablets"), "strengths": strengths}, optional={"parts": st.integers(1, 4)}
)
dilutions = st.builds(
    lambda drug, volume: {"dilution": {"drug": f"{drug} mg", "final_volume": f"{volume} mL"}},
    st.integers(1, 50),
    st.integers(1, 50),
)
concentrations = st.sampled_from(["5 mg/mL", "0.75 mg/mL", "5/3 mg/mL", "250 mcg/mL"]).map(
    lambda text: {"concentration": text}
)
recipes = dilutions | concentrations
marks = st.sampled_from(["0.01 mL", "0.1 mL", "0.25 mL", "1/3 mL"])
calibrations = st.integers(5, 60) | st.sampled_from(["22.5", "12.25", "67/3"])
solutions = st.builds(
    lambda recipe, mark: {"form": "oral_solution", **recipe, "graduation": mark}, recipes, marks
)
drops = st.builds(
    lambda recipe, calibration: {"form": "drops", **recipe, "drops_per_mL": calibration},
    recipes,
    calibrations,
)
preparations = capsules | tablets | solutions | drops


def smallest(preparation: Json) -> Fraction:
    """The mass of one mark or drop, or of one part of the first strength."""
    if preparation["form"] == "drops":
        return oracle._concentration(preparation) / Fraction(preparation["drops_per_mL"])
    if preparation["form"] == "oral_solution":
        return oracle._concentration(preparation) * oracle._volume(preparation["graduation"])
    return oracle._mass(preparation["strengths"][0]) / preparation.get("parts", 1)


@st.composite
def measurable(draw: st.DrawFn) -> tuple[Json, Fraction]:
    """A preparation and a dose that it can measure."""
    preparation = draw(preparations)
    unit = smallest(preparation)
    most = max(1, LONGEST_SEARCH // unit) if "strengths" in preparation else 500
    return preparation, unit * draw(st.integers(1, most))


orders = measurable() | st.tuples(
    preparations, st.builds(Fraction, st.integers(1, 240 * LONGEST_SEARCH), st.just(240))
)


def by_the_reference(preparation: Json, dose: Fraction) -> Json | oracle.Unmeasurable:
    """What the reference takes for that dose, or why it cannot."""
    step = {"dose": oracle.mass_text(dose), "days": 1}
    request = {
        "start": "2027-01-04",
        "regimen": {"steps": [step]},
        "preparation": preparation,
    }
    try:
        taken: Json = oracle.plan(request)["days"][0]["units"]
    except oracle.Unmeasurable as error:
        return error
    return taken


@pytest.mark.hazard("A08", "A10")
@given(orders)
def test_a_dose_is_measured_exactly_or_refused_with_its_neighbours(
    order: tuple[Json, Fraction],
) -> None:
    """A08, A10: what is taken re-adds to the dose; else the nearest doses are named."""
    preparation, dose = order
    built, expected = made(preparation), by_the_reference(preparation, dose)
    if isinstance(expected, oracle.Unmeasurable):
        with pytest.raises(NotMeasurableError) as raised:
            built.measure(Mass.of(dose, "mg"))
        error = raised.value
        assert error.dose.magnitude == dose
        assert (error.below and error.below.magnitude) == expected.below
        assert (error.above and error.above.magnitude) == expected.above
        for mass in filter(None, (expected.below, expected.above, dose)):
            assert oracle.mass_text(mass) in str(error)
        return
    reading = built.measure(Mass.of(dose, "mg"))
    assert (reading.form, reading.dose.magnitude) == (preparation["form"], dose)
    assert reading.units == expected
    if reading.volume is not None:
        assert reading.volume * built.strength == reading.dose
    else:
        assert sum(s.magnitude * count for s, count in reading.pieces) == dose


@given(measurable())
def test_a_second_reading_is_the_first_whatever_way_the_dose_is_written(
    order: tuple[Json, Fraction],
) -> None:
    """Equal doses in different units are measured alike, remembered or not."""
    preparation, dose = order
    built, first = made(preparation), made(preparation).measure(Mass.of(dose, "mg"))
    written: list[Any] = [oracle.mass_text(dose), Mass.of(dose * 1000, "mcg")]
    for again in written * 2:
        assert built.measure(again) == first
    assert built.measure(written[0]) is built.measure(written[1])


extras = st.fixed_dictionaries(
    {},
    optional={"beyond_use_days": st.integers(1, 3660), "bottle": st.just("60 mL")},
)


@given(preparations, extras, st.booleans())
def test_every_preparation_reads_back_from_its_json(
    preparation: Json, extra: Json, states_the_drop: bool
) -> None:
    """Model.model_validate_json(m.model_dump_json()) == m, also once it has measured."""
    preparation = preparation | extra
    if "strengths" in preparation:
        preparation.pop("bottle", None)
    elif "dilution" in preparation and "bottle" in preparation:
        preparation["bottle"] = preparation["dilution"]["final_volume"]
    if states_the_drop and preparation["form"] == "drops":
        preparation["mg_per_drop"] = oracle.mass_text(smallest(preparation))
    built, fresh = made(preparation), made(preparation)
    built.measure(Mass.of(smallest(preparation), "mg"))
    assert built == fresh
    assert hash(built) == hash(fresh)
    sent = built.model_dump_json()
    assert sent == fresh.model_dump_json()
    assert type(built).model_validate_json(sent) == built
    assert type(built).model_validate(built.model_dump()) == built


def test_json_is_in_the_contracts_words() -> None:
    """A02, A03: printed in one form, whatever form it was read in."""
    read = '{"form": "drops", "dilution": {"drug": "0.050 g", "final_volume": "0.01 L"}, '
    read += '"drops_per_mL": "22.50", "beyond_use_days": 14}'
    assert json.loads(Drops.model_validate_json(read).model_dump_json()) == {
        "form": "drops",
        "beyond_use_days": 14,
        "concentration": None,
        "dilution": {"drug": "50 mg", "final_volume": "10 mL"},
        "bottle": None,
        "drops_per_mL": "22.5",
        "mg_per_drop": None,
    }


# --- by hand --------------------------------------------------------------------------

TEN_ML: Json = {"dilution": {"drug": "50 mg", "final_volume": "10 mL"}}
THIRTY_ML: Json = {"dilution": {"drug": "50 mg", "final_volume": "30 mL"}}
AT_20: Json = {"form": "drops", "drops_per_mL": 20}
LDN: Json = {"form": "capsules", "strengths": ["1.5 mg", "3 mg", "4.5 mg"]}
SYRINGE: Json = {"form": "oral_solution", "graduation": "0.1 mL"}


@pytest.mark.parametrize(
    ("preparation", "dose", "units"),
    [
        (TEN_ML | AT_20, "0.25 mg", {"drops": 1, "volume": "0.05 mL"}),
        (TEN_ML | AT_20, "4.5 mg", {"drops": 18, "volume": "0.9 mL"}),
        (TEN_ML | AT_20, "4500 mcg", {"drops": 18, "volume": "0.9 mL"}),
        (TEN_ML | AT_20 | {"drops_per_mL": 12}, "7.5 mg", {"drops": 18, "volume": "1.5 mL"}),
        (THIRTY_ML | AT_20, "1/12 mg", {"drops": 1, "volume": "0.05 mL"}),
        (THIRTY_ML | AT_20, "4.5 mg", {"drops": 54, "volume": "2.7 mL"}),
        (TEN_ML | AT_20 | {"drops_per_mL": 24}, "5/24 mg", {"drops": 1, "volume": "1/24 mL"}),
        (TEN_ML | AT_20 | {"drops_per_mL": "22.5"}, "2 mg", {"drops": 9, "volume": "0.4 mL"}),
        (TEN_ML | SYRINGE, "0.5 mg", {"volume": "0.1 mL"}),
        (SYRINGE | {"concentration": "1 mg/mL"}, "4.5 mg", {"volume": "4.5 mL"}),
        (LDN, "1.5 mg", {"capsules": {"1.5 mg": 1}}),
        (LDN, "6 mg", {"capsules": {"3 mg": 2}}),
        (LDN, "9 mg", {"capsules": {"4.5 mg": 2}}),
        ({"form": "tablets", "strengths": ["1.5 mg"]}, "3 mg", {"tablets": {"1.5 mg": "2"}}),
        (
            {"form": "tablets", "strengths": ["1.5 mg"], "parts": 2},
            "0.75 mg",
            {"tablets": {"1.5 mg": "1/2"}},
        ),
        (
            {"form": "tablets", "strengths": ["1 mg"], "parts": 4},
            "1.75 mg",
            {"tablets": {"1 mg": "7/4"}},
        ),
    ],
)
def test_the_reading_is_as_worked_out_by_hand(preparation: Json, dose: str, units: Json) -> None:
    """B084, B085: 18 drops are 4.5 mg by one dropper, and 7.5 mg by another."""
    assert made(preparation).measure(dose).units == units


@pytest.mark.hazard("D05")
@pytest.mark.parametrize(
    ("preparation", "dose", "below", "above"),
    [
        (TEN_ML | AT_20, "0.3 mg", "0.25 mg", "0.5 mg"),  # B087
        (TEN_ML | AT_20 | {"drops_per_mL": 12}, "4.5 mg", "25/6 mg", "55/12 mg"),
        (THIRTY_ML | AT_20, "0.25001 mg", "0.25 mg", "1/3 mg"),
        (TEN_ML | SYRINGE, "0.25 mg", None, "0.5 mg"),  # B106
        (TEN_ML | SYRINGE, "4.6 mg", "4.5 mg", "5 mg"),
        (LDN, "2 mg", "1.5 mg", "3 mg"),  # B107
        (LDN, "1 mcg", None, "1.5 mg"),
        ({"form": "tablets", "strengths": ["50 mg"], "parts": 4}, "4.5 mg", None, "12.5 mg"),
    ],
)
def test_a_dose_between_two_readings_names_both(
    preparation: Json, dose: str, below: str | None, above: str
) -> None:
    """D05 (B087, B106, B107, B110): never rounded; both neighbours are told."""
    with pytest.raises(NotMeasurableError) as raised:
        made(preparation).measure(dose)
    error = raised.value
    assert (error.dose, error.step) == (Mass(dose), None)
    assert error.below == (None if below is None else Mass(below))
    assert error.above == Mass(above)
    near = f"{above} above" if below is None else f"{below} below and {above} above"
    assert str(error).startswith(f"{Mass(dose)} cannot be measured")
    assert str(error).endswith(near)


@pytest.mark.hazard("D01")
@pytest.mark.parametrize(
    ("per_mL", "one_drop"),
    [
        (12, "5/12 mg/drop"),
        (16, "0.3125 mg/drop"),
        (20, "0.25 mg/drop"),
        ("22.5", "2/9 mg/drop"),
        (25, "0.2 mg/drop"),
        (30, "1/6 mg/drop"),
        (40, "0.125 mg/drop"),
    ],
)
def test_the_mass_of_a_drop_is_that_of_this_dropper(per_mL: int | str, one_drop: str) -> None:
    """D01: the same liquid of 5 mg/mL, droppers of 12 to 40 drops per mL."""
    drops = Drops(concentration="5 mg/mL", drops_per_mL=per_mL)
    assert drops.drop == MassPerDrop(one_drop)
    assert Drops(**TEN_ML, drops_per_mL=per_mL).drop == drops.drop


def test_fifty_milligrams_in_thirty_millilitres_are_a_twelfth_a_drop() -> None:
    """A04: a twelfth stays a twelfth."""
    drops = made(THIRTY_ML | AT_20)
    assert drops.strength == Concentration("5/3 mg/mL")
    assert drops.drop == MassPerDrop("1/12 mg/drop")
    assert drops.mark == Mass("1/12 mg")
    assert drops.measure(Mass("1/12 mg") * 12).drops == 12


def test_the_bottle_is_the_dilutions_final_volume() -> None:
    """D07: with a dilution, the bottle is what it is made up to."""
    assert made(TEN_ML | AT_20).bottle_volume == Volume("10 mL")
    assert made(TEN_ML | AT_20 | {"bottle": "0.01 L"}).bottle_volume == Volume("10 mL")
    sold = {"concentration": "5 mg/mL", "bottle": "30 mL"}
    assert made(sold | AT_20).bottle_volume == Volume("30 mL")
    assert made({"concentration": "5 mg/mL"} | AT_20).bottle_volume is None


# --- the dropper ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stated", "read"),
    [
        (5, "5"),
        (20, "20"),
        (60, "60"),
        ("22.5", "22.5"),
        ("20.0", "20"),
        ("67/3", "67/3"),
        (Fraction(45, 2), "22.5"),
        (DropsPerVolume("20 drops/mL"), "20"),
        ("22.5 drops/mL", "22.5"),
    ],
)
def test_drops_per_mL_is_a_whole_number_or_a_decimal_as_text(stated: Any, read: str) -> None:
    """D01: 5 to 60, an integer or a decimal as text."""
    drops = Drops(concentration="5 mg/mL", drops_per_mL=stated)
    assert drops.drops_per_mL == DropsPerVolume(f"{read} drops/mL")


@pytest.mark.parametrize(
    "stated",
    [
        *[4, 61, 0, -1, -20, 2000, "4.9", "60.5", "0.0", "-22.5"],  # B091: out of range
        *["20", "", " 22.5", "22.5 ", "22,5", "2.25e1", "022.5", ".5", "22.", "45/2", "NaN"],
        *["\u0662\u0662.\u0665", "\uff12\uff12.5", "22.5 drops", "20 mL", "5 mg/mL"],
        *[20.0, 22.5, float("nan"), True, None, [20], {"drops": 20}],
        *[Volume("20 mL"), MassPerDrop("20 mg/drop")],
    ],
)
def test_any_other_drops_per_mL_is_refused(stated: Any) -> None:
    """D01 (B091, B104): "20" as text, a float, a number out of 5 to 60."""
    assert refused(Drops, concentration="5 mg/mL", drops_per_mL=stated).keys() == {"drops_per_mL"}


@pytest.mark.parametrize("stated", [20.0, 22.5, True, None, [20], Volume("20 mL")])
def test_what_is_no_exact_number_of_drops_is_told_what_is(stated: Any) -> None:
    """D01: the message says how 20 and 22.5 are written."""
    messages = refused(Drops, concentration="5 mg/mL", drops_per_mL=stated).values()
    assert [*messages] == ['must be a whole number such as 20, or a decimal as text such as "22.5"']


@pytest.mark.hazard("D01")
def test_drops_per_mL_has_no_default() -> None:
    """D01: 20 drops per mL is never assumed."""
    assert refused(Drops, **TEN_ML).keys() == {"drops_per_mL"}


@st.composite
def stated_drops(draw: st.DrawFn) -> tuple[Fraction, Json, str, bool]:
    """A liquid in drops, a statement of the mass of its drop, and whether that is the nearest."""
    drug, volume, calibration = draw(st.tuples(*[st.integers(1, 50)] * 2, st.integers(5, 60)))
    one = Fraction(drug, volume * calibration)
    unit, units_in_mg = draw(st.sampled_from([("mg", 1), ("mcg", 1000), ("\u00b5g", 1000)]))
    places = draw(st.integers(0, 4))
    scaled = one * units_in_mg * 10**places
    digits = max(1, scaled.__floor__() + draw(st.integers(-1, 2)))
    nearest = min(abs(scaled - n) for n in (scaled.__floor__(), scaled.__ceil__()))
    text = f"{digits:0{places + 1}}"
    number = f"{text[:-places]}.{text[-places:]}" if places else text
    preparation = {
        "form": "drops",
        "drops_per_mL": calibration,
        "dilution": {"drug": f"{drug} mg", "final_volume": f"{volume} mL"},
        "mg_per_drop": f"{number} {unit}",
    }
    return one, preparation, f"{number} {unit}", abs(scaled - digits) == nearest


@given(stated_drops())
def test_a_stated_drop_is_the_computed_one_rounded_to_the_digits_stated(
    case: tuple[Fraction, Json, str, bool],
) -> None:
    """D04: what is stated must be the nearest number of so many digits; else both are named."""
    one, preparation, text, is_nearest = case
    if is_nearest:
        assert made(preparation).mg_per_drop == text
        return
    with pytest.raises(InvalidInputError) as raised:
        made(preparation)
    (problem,) = raised.value.problems
    assert problem.path == "mg_per_drop"
    assert f"states {Mass(text)} a drop" in problem.message
    assert f"is {oracle.mass_text(one)} a drop" in problem.message


@pytest.mark.parametrize(
    "stated",
    [
        *["1/12 mg", "0.08 mg", "0.083 mg", "0.0833 mg", "83 mcg", "83.3 mcg", "0.083333333 mg"],
        *[MassPerDrop("1/12 mg/drop"), Mass("1/12 mg"), Mass("0.083 mg")],
    ],
)
def test_a_drop_of_a_twelfth_is_stated_exactly_or_rounded(stated: Any) -> None:
    """D04: the computed value, or that value rounded to the digits stated."""
    assert Drops(**THIRTY_ML, drops_per_mL=20, mg_per_drop=stated).drop == MassPerDrop(
        "1/12 mg/drop"
    )


@pytest.mark.parametrize("stated", ["0.25 mg", "0.250 mg", "250 mcg", "0.2 mg", "0.3 mg"])
def test_a_half_may_be_rounded_either_way(stated: str) -> None:
    """D04: which way a half was rounded is not known."""
    assert Drops(**TEN_ML, drops_per_mL=20, mg_per_drop=stated).drop == MassPerDrop("0.25 mg/drop")


@pytest.mark.hazard("D04")
@pytest.mark.parametrize(
    ("dilution", "stated"),
    [
        (("50 mg", "100 mL"), "0.25 mg"),  # B097: tenfold
        (("50 mcg", "10 mL"), "0.25 mg"),  # B098: a thousandfold
        (("50 mg", "10 mL"), "0.25 mcg"),
        (("50 mg", "10 mL"), "0.025 mg"),
        (("50 mg", "10 mL"), "2.5 mg"),
        (("50 mg", "10 mL"), "0.5 mg"),  # twofold
        (("50 mg", "10 mL"), "0.2500001 mg"),
        (("50 mg", "30 mL"), "0.084 mg"),
        (("50 mg", "30 mL"), "0.0830 mg"),
        (("50 mg", "30 mL"), "5/6 mg"),
        (("50 mg", "30 mL"), "1/3 mg"),  # a fraction has no digits to round to
        (("50 mg", "30 mL"), "1/13 mg"),
        (("20 mg", "30 mL"), "1/3 mg"),  # tenfold
    ],
)
def test_a_stated_drop_that_differs_is_refused_with_both_figures(
    dilution: tuple[str, str], stated: str
) -> None:
    """D04: a hard error naming both."""
    drug, volume = dilution
    recipe = Dilution(drug=drug, final_volume=volume)
    found = refused(Drops, dilution=recipe, drops_per_mL=20, mg_per_drop=stated)
    assert found.keys() == {"mg_per_drop"}
    assert f"states {Mass(stated)} a drop" in found["mg_per_drop"]
    computed = Mass(drug).magnitude / Volume(volume).magnitude / 20
    assert f"is {oracle.mass_text(computed)} a drop" in found["mg_per_drop"]


@pytest.mark.parametrize(
    "stated", ["0.25", "0,25 mg", ".25 mg", "0.25 mL", "0.25 mg/mL", "250 ug/drop ", 0.25, 1, True]
)
def test_a_stated_drop_that_is_no_mass_is_refused(stated: Any) -> None:
    """A01, U02: the grammar of every mass, and no bare number."""
    assert refused(Drops, **TEN_ML, drops_per_mL=20, mg_per_drop=stated).keys() == {"mg_per_drop"}


@pytest.mark.parametrize(
    ("drops", "percent", "low", "high"),
    [
        (1, 10, "0.225 mg", "0.275 mg"),
        (18, 15, "3.825 mg", "5.175 mg"),
        (18, 10, "4.05 mg", "4.95 mg"),
        (1, 0, "0.25 mg", "0.25 mg"),
    ],
)
def test_the_band_of_a_dropper_is_its_tolerance_both_ways(
    drops: int, percent: int, low: str, high: str
) -> None:
    """D03: 18 drops of 4.5 mg are 3.825 to 5.175 mg at 15 percent."""
    band = made(TEN_ML | AT_20).band(drops, Fraction(percent, 100))
    assert band == (Mass(low), Mass(high))


@pytest.mark.parametrize(
    ("drops", "tolerance"),
    [
        (18, Fraction(-5, 100)),  # B103
        (18, Fraction(1)),
        (18, Fraction(3)),
        (-1, Fraction(1, 10)),  # B089
        (18, 0.15),
    ],
)
def test_a_band_of_no_sense_is_refused(drops: int, tolerance: Any) -> None:
    """D03 (B089, B103): a tolerance is a share from 0 to below 1, exactly."""
    with pytest.raises(QuantityError):
        made(TEN_ML | AT_20).band(drops, tolerance)


# --- what is refused ------------------------------------------------------------------

FIVE: Json = {"concentration": "5 mg/mL"}


@pytest.mark.parametrize(
    ("kind", "fields", "paths"),
    [
        (Drops, {"drops_per_mL": 20}, {""}),
        (Drops, TEN_ML | FIVE | {"drops_per_mL": 20}, {""}),
        (Drops, TEN_ML | {"drops_per_mL": 20, "bottle": "30 mL"}, {"bottle"}),
        (Drops, FIVE | {"drops_per_mL": 20, "bottle": "0 mL"}, {"bottle"}),
        (Drops, FIVE | {"drops_per_mL": 20, "graduation": "0.1 mL"}, {"graduation"}),
        (Drops, FIVE | {"drops_per_mL": 20, "form": "tablets"}, {"form"}),
        (Drops, {"concentration": "100.1 mg/mL", "drops_per_mL": 20}, {"concentration"}),
        (Drops, {"concentration": "0 mg/mL", "drops_per_mL": 20}, {"concentration"}),
        (Drops, {"concentration": "5 mg", "drops_per_mL": 20}, {"concentration"}),
        (OralSolution, FIVE, {"graduation"}),
        (OralSolution, FIVE | {"graduation": "0 mL"}, {"graduation"}),
        (OralSolution, FIVE | {"graduation": "0.1 mg"}, {"graduation"}),
        (OralSolution, FIVE | {"graduation": 0.1}, {"graduation"}),
        (OralSolution, TEN_ML | {"graduation": "0.1 mL", "bottle": "10.1 mL"}, {"bottle"}),
        (Dilution, {"drug": "50 mL", "final_volume": "10 mg"}, {"drug", "final_volume"}),  # B094
        (Dilution, {"drug": "50 mg", "final_volume": "0 mL"}, {"final_volume"}),  # B092
        (Dilution, {"drug": "50 mg", "final_volume": "10"}, {"final_volume"}),  # B096
        (Dilution, {"drug": "0 mg", "final_volume": "10 mL"}, {"drug"}),
        (Dilution, {"drug": "50 mg", "volume": "10 mL"}, {"final_volume", "volume"}),
        (Capsules, {"strengths": []}, {"strengths"}),  # B109
        (Capsules, {}, {"strengths"}),
        (Capsules, {"strengths": "1.5 mg"}, {"strengths"}),
        (Capsules, {"strengths": ["1.5 mg", "3 mg", "1500 mcg"]}, {"strengths"}),
        (Capsules, {"strengths": ["1.5 mg", "1.50 mg"]}, {"strengths"}),
        (Capsules, {"strengths": [f"{n} mg" for n in range(1, 12)]}, {"strengths"}),
        (
            Capsules,
            {"strengths": ["3 mg", "1,5 mg", 1.5, "0 mg", "1 mL"]},
            {"strengths[1]", "strengths[2]", "strengths[3]", "strengths[4]"},
        ),
        (Capsules, {"strengths": ["3 mg"], "parts": 2}, {"parts"}),
        (Tablets, {"strengths": ["3 mg"], "parts": 0}, {"parts"}),
        (Tablets, {"strengths": ["3 mg"], "parts": 9}, {"parts"}),
        (Tablets, {"strengths": ["3 mg"], "parts": True}, {"parts"}),
        (Tablets, {"strengths": ["3 mg"], "parts": "2"}, {"parts"}),
        (Tablets, {"strengths": ["3 mg"], "parts": 2.0}, {"parts"}),
        (Tablets, {"strengths": ["3 mg"], "beyond_use_days": 0}, {"beyond_use_days"}),
        (Tablets, {"strengths": ["3 mg"], "beyond_use_days": 3661}, {"beyond_use_days"}),
        (Tablets, {"strengths": ["3 mg"], "beyond_use_days": "14"}, {"beyond_use_days"}),
        (Tablets, {"strengths": ["3 mg"], "beyond_use_days": True}, {"beyond_use_days"}),
    ],
)
def test_each_fault_of_a_preparation_is_told_with_its_path(
    kind: type[Any], fields: Json, paths: set[str]
) -> None:
    """A09, U01, D04, D07: every problem at once, from Python and from JSON alike."""
    assert refused(kind, **fields).keys() == paths
    with pytest.raises(InvalidInputError) as raised:
        kind.model_validate_json(json.dumps(fields))
    assert {problem.path for problem in raised.value.problems} == paths


def test_a_bottle_that_is_not_the_dilutions_is_told_with_both_volumes() -> None:
    """D07: a conflict names both figures."""
    found = refused(Drops, **TEN_ML, drops_per_mL=20, bottle="30 mL")
    assert "30 mL" in found["bottle"]
    assert "10 mL" in found["bottle"]


def test_more_drug_than_dissolves_is_refused_with_the_limit_and_its_source() -> None:
    """B100: naltrexone hydrochloride dissolves to about 100 mg/mL."""
    assert OralSolution(concentration="100 mg/mL", graduation="0.1 mL")
    recipe = Dilution(drug="5 g", final_volume="10 mL")
    message = refused(OralSolution, dilution=recipe, graduation="0.1 mL")["dilution"]
    assert "is 500 mg/mL" in message
    assert "100 mg/mL" in message
    assert "naltrexone_tablet_dailymed" in message


@pytest.mark.hazard("A09")
@pytest.mark.parametrize(
    "dose",
    [
        "0 mg",
        Mass("0 mg"),
        ["1.5 mg"],
        *["4,5 mg", "4.5", "-1.5 mg", "1.5 mL", "1.5 MG", "", 1.5, 3, True, None, Fraction(3, 2)],
        *[Volume("1.5 mL"), Concentration("1.5 mg/mL")],
    ],
)
def test_what_is_no_dose_is_never_measured(dose: Any) -> None:
    """A09, U01, U02: zero, another dimension, a bare number: QuantityError, each time."""
    for preparation in (LDN, TEN_ML | AT_20, TEN_ML | SYRINGE):
        built = made(preparation)
        with pytest.raises(QuantityError):
            built.measure(dose)
        built.measure("1.5 mg")
        with pytest.raises(QuantityError):
            built.measure(dose)


def test_another_dimension_is_named_as_such() -> None:
    """U01: a volume where a dose is asked for."""
    with pytest.raises(DimensionError, match=r"1\.5 mL is a volume, not a mass"):
        made(LDN).measure(Volume("1.5 mL"))


# --- frozen, copied, added up ---------------------------------------------------------


def test_a_preparation_cannot_be_changed() -> None:
    """C01 (B365): no field can be set, and the list it was made from is not kept."""
    listed = ["1.5 mg", "3 mg"]
    built = Tablets(strengths=listed, parts=2)
    listed.append("50 mg")
    assert built.strengths == (Mass("1.5 mg"), Mass("3 mg"))
    for name, value in {"strengths": (Mass("50 mg"),), "parts": 4, "form": "capsules"}.items():
        with pytest.raises(ValueError, match="frozen"):
            setattr(built, name, value)
    with pytest.raises(NotMeasurableError):
        built.measure("12.5 mg")


@pytest.mark.parametrize(
    "twin",
    [copy.copy, copy.deepcopy, lambda x: x.model_copy(), lambda x: pickle.loads(pickle.dumps(x))],  # noqa: S301
)
@pytest.mark.parametrize(
    "preparation", [LDN, TEN_ML | AT_20 | {"mg_per_drop": "0.25 mg"}, TEN_ML | SYRINGE]
)
def test_a_copy_is_equal_and_measures_alike(preparation: Json, twin: Callable[[Any], Any]) -> None:
    """C02 (B368): copied or pickled, before and after it has measured."""
    built = made(preparation)
    before = twin(built)
    reading = built.measure("4.5 mg")
    for copied in (before, twin(built)):
        assert copied == built
        assert hash(copied) == hash(built)
        assert copied.measure("4.5 mg") == reading


@pytest.mark.hazard("C04")
@pytest.mark.parametrize(
    ("preparation", "change", "units"),
    [
        (LDN, {"strengths": (Mass("1.5 mg"),)}, {"capsules": {"1.5 mg": 3}}),
        (
            TEN_ML | AT_20,
            {"drops_per_mL": DropsPerVolume("40 drops/mL")},
            {"drops": 36, "volume": "0.9 mL"},
        ),
        (
            SYRINGE | FIVE,
            {"concentration": Concentration("1 mg/mL")},
            {"volume": "4.5 mL"},
        ),
    ],
)
def test_a_changed_copy_does_not_remember_what_the_original_measured(
    preparation: Json, change: Json, units: Json
) -> None:
    """C01: the memory of readings belongs to one value and goes with no other."""
    built = made(preparation)
    original = built.measure("4.5 mg").units
    changed = built.model_copy(update=change)
    changed.measure("1.5 mg")
    assert changed.measure("4.5 mg").units == units != original


@pytest.mark.hazard("I04")
def test_two_preparations_share_no_memory() -> None:
    """C01: measuring by turns, each gives its own readings."""
    preparations = [LDN, TEN_ML | AT_20, THIRTY_ML | AT_20, TEN_ML | SYRINGE]
    side_by_side = [made(preparation) for preparation in preparations]
    for dose in ("3 mg", "4.5 mg", "3 mg"):
        found = [built.measure(dose) for built in side_by_side]
        assert found == [made(preparation).measure(dose) for preparation in preparations]


@given(preparations, st.lists(st.integers(1, 12), min_size=1, max_size=4))
@example(LDN, [2, 2, 2])
def test_readings_add_up(preparation: Json, doses: list[int]) -> None:
    """The sum of readings holds the sum of their doses, volumes, drops and pieces."""
    unit = Mass.of(smallest(preparation), "mg")
    readings: list[Reading] = [made(preparation).measure(unit * n) for n in doses]
    whole = total((reading, 1) for reading in readings)
    assert whole.dose == unit * sum(doses)
    if "strengths" in preparation:
        assert (whole.volume, whole.drops) == (None, None)
        assert sum((s * n for s, n in whole.pieces), Mass("0 mg")) == whole.dose
        listed = [strength for strength, _ in whole.pieces]
        assert listed == sorted(set(listed), reverse=True)
        counted = [piece for reading in readings for piece in reading.pieces]
        for strength, count in whole.pieces:
            assert count == sum(n for s, n in counted if s == strength)
    else:
        assert whole.volume == whole.dose / made(preparation).strength
        assert whole.drops == (sum(doses) if preparation["form"] == "drops" else None)
    assert total([(readings[0], 3)]) == total([(readings[0], 1)] * 3)


def test_a_dilution_is_shown_in_words_in_a_notebook() -> None:
    """50 mg made up to 10 mL, as the recipe says it, and never as code."""
    dilution = {"drug": "50 mg", "final_volume": "10 mL"}
    shown = Drops(dilution=dilution, drops_per_mL=20)._repr_html_()
    assert "50 mg" in shown
    assert "10 mL" in shown
    assert "Dilution(" not in shown
    assert "None" not in shown
    assert "beyond use days" not in shown


def test_a_preparation_is_shown_in_plain_words_in_a_notebook() -> None:
    """Strengths one after another; names with spaces; what is not stated has no row."""
    capsules = Capsules(strengths=["1.5 mg", "3 mg"], beyond_use_days=90)._repr_html_()
    for shown in ("1.5 mg, 3 mg", "beyond use days", "90"):
        assert f">{shown}<" in capsules
    assert "filler" not in capsules
    liquid = OralSolution(concentration="1 mg/mL", graduation="0.1 mL")._repr_html_()
    assert ">oral solution<" in liquid
    assert "bottle" not in liquid


@pytest.mark.parametrize(
    ("taken", "units"),
    [
        # 4.5 mg is 18 drops of 0.25 mg, 54 drops of 1/12 mg, or 4.5 mL of 1 mg/mL.
        (
            ["capsules", "quarters"],
            {"capsules": {"3 mg": 1, "1.5 mg": 1}, "drops": 18, "volume": "0.9 mL"},
        ),
        (["capsules", "syringe"], {"capsules": {"3 mg": 1, "1.5 mg": 1}, "volume": "4.5 mL"}),
        (["capsules", "capsules"], {"capsules": {"3 mg": 2, "1.5 mg": 2}}),
        (["quarters", "syringe"], {}),
        (["quarters", "twelfths"], {}),
        (["syringe", "quarters", "capsules"], {"capsules": {"3 mg": 1, "1.5 mg": 1}}),
        (["quarters", "syringe", "twelfths"], {}),
    ],
)
def test_the_counts_of_two_liquids_do_not_add_up(taken: list[str], units: Json) -> None:
    """A drop of one dropper is no drop of another; capsules add to capsules."""
    kinds: dict[str, Any] = {
        "capsules": Capsules(strengths=["1.5 mg", "3 mg"]),
        "quarters": Drops(concentration="5 mg/mL", drops_per_mL=20),
        "twelfths": Drops(dilution={"drug": "50 mg", "final_volume": "30 mL"}, drops_per_mL=20),
        "syringe": OralSolution(concentration="1 mg/mL", graduation="0.1 mL"),
    }
    assert summed_units(kinds[name].measure("4.5 mg") for name in taken) == units


def test_a_reading_of_no_drops_adds_none() -> None:
    """18 drops and no drops are 18."""
    nothing = Reading("drops", Mass("0 mg"), volume=Volume("0 mL"), drops=0)
    eighteen = Drops(concentration="5 mg/mL", drops_per_mL=20).measure("4.5 mg")
    assert total([(eighteen, 1), (nothing, 7)]) == eighteen
