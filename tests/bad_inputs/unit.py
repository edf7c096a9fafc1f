"""Units: a closed list, written one way; masses of one value are equal, whatever the unit."""

from __future__ import annotations

import json
import operator
from collections.abc import Callable
from fractions import Fraction
from functools import cache, partial

import pint

from bad_inputs.case import Case, accepted, aside, cli, good, refused, refused_request
from bad_inputs.doses import one_dose, read_as, refused_as_a_mass
from ldn_titration import Mass, Verdict
from ldn_titration.errors import DimensionError

_KNOWN = "pg, ng, mcg, mg, g"

SAYS = {
    "B061": f"has an unknown unit; units of mass: {_KNOWN}",
    "B062": f"has an unknown unit; units of mass: {_KNOWN}",
    "B064": f"has an unknown unit; units of mass: {_KNOWN}",
    "B065": "needs one space between number and unit",
    "B067": f"has an unknown unit; units of mass: {_KNOWN}",
    "B069": f"is a concentration, where a mass ({_KNOWN}) is asked for",
    "B072": f"has an unknown unit; units of mass: {_KNOWN}",
    "B075": f"has an unknown unit; units of mass: {_KNOWN}",
    "B076": "is a count, not a mass; write how much that is",
    "B077": f"has an unknown unit; units of mass: {_KNOWN}",
}
"""What the refusal of each text says."""


def is_refused(case: Case) -> None:
    refused_as_a_mass(case.input["dose"], SAYS[case.id])


def is_read_in_its_own_unit(case: Case) -> None:
    """B057: 4500 mcg is 4.5 mg, and printed so."""
    read_as(case.input["dose"], Fraction(9, 2), "4.5 mg")


def is_a_microgram_dose(case: Case) -> None:
    """B056, B059: 4.5 mcg is read and printed as what it is, a thousandth of 4.5 mg.

    The corpus asks for an error of range. The contract stands (section 5): the low band
    reaches down to 1 mcg, and only below it the verdict is stop.
    """
    text = case.input["dose"]
    read_as(text, Fraction(9, 2000), "4.5 mcg")
    shown = cli("plan", "-", "--format", "csv", stdin=one_dose(text)).out
    assert "4.5 mg" not in shown
    assert "\u03bc" not in shown
    assert accepted(one_dose("0.9 mcg")).screening().verdict is Verdict.STOP
    drops = cli("plan", "-", stdin=good(regimen={"steps": [{"dose": text}]}))
    assert (drops.code, drops.out) == (4, "")
    assert "step 1: 4.5 mcg cannot be measured exactly" in drops.err
    assert "nearest: 0.25 mg above" in drops.err


def is_far_above_low_dose(case: Case) -> None:
    """B066: grams are a unit of mass, so it is the screening that stops: 4500 mg."""
    request = one_dose(case.input["dose"])
    assert Mass(case.input["dose"]).magnitude == 4500
    assert accepted(request).screening().verdict is Verdict.STOP
    run = cli("plan", "-", stdin=request)
    assert (run.code, run.out) == (3, "")
    assert "[STOP] DOS-01: Step 1 gives 4500 mg a day, above 6 mg a day" in run.err
    assert "Check for a slip of unit or of decimal point." in run.err
    screening = json.loads(cli("screen", "-", "--format", "json", stdin=request).out)
    assert screening["verdict"] == "stop"


def lacks_its_strength(case: Case) -> None:
    """B073: a number of tablets is no dose, with or without a strength beside it."""
    text = case.input["dose"]
    refused_as_a_mass(text, "is a count, not a mass; write how much that is")
    beside = good(regimen={"steps": [case.input]})
    refused_request(beside, "regimen.steps[0].dose", "is a count, not a mass")
    refused_request(beside, "regimen.steps[0].strength", "is no")


def is_of_no_dimension(case: Case) -> None:
    """B080: a mass and a bare number are not compared, not even for equality."""
    text, number = case.input["compare"]
    mass = Mass(text)
    verbs = (operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge)
    for verb in (*verbs, operator.add, operator.sub):
        for pair in ((mass, number), (number, mass)):
            try:
                refused(partial(verb, *pair), "a mass cannot be")
            except TypeError as error:  # Python's own, for what has no order at all
                assert "unsupported operand" in str(error) or "not supported" in str(error)
    assert isinstance(refused(lambda: mass == number), DimensionError)
    assert isinstance(refused(lambda: number == mass), DimensionError)
    assert isinstance(refused(lambda: mass in [number, 2]), DimensionError)


def are_equal(case: Case) -> None:
    left, right = map(Mass, case.input["compare"])
    assert left == right
    assert hash(left) == hash(right)
    assert {left: 1}[right] == 1
    assert str(left) == str(right) == "1.5 mg"
    assert left <= right <= left


def comes_back_exactly(case: Case) -> None:
    """B082: through micrograms and back, by number, by text and through pint."""
    mass, unit = Mass(case.input["round_trip"]), case.input["via"]
    micrograms = mass.magnitude * 1000
    assert micrograms == 350
    for back in (
        Mass.of(micrograms, unit),
        Mass(f"{micrograms} {unit}"),
        Mass(mass.to_pint().to("microgram")),
        Mass(mass.to_pint(_another_registry()).to("microgram")),
    ):
        assert back == mass
        assert back.magnitude == Fraction(35, 100)
        assert str(back) == "0.35 mg"


@cache
def _another_registry() -> pint.UnitRegistry:
    with aside():
        return pint.UnitRegistry(non_int_type=Fraction)


CASES: dict[str, Callable[[Case], None]] = {
    **dict.fromkeys(SAYS, is_refused),
    "B056": is_a_microgram_dose,
    "B057": is_read_in_its_own_unit,
    "B059": is_a_microgram_dose,
    "B066": is_far_above_low_dose,
    "B073": lacks_its_strength,
    "B080": is_of_no_dimension,
    "B081": are_equal,
    "B082": comes_back_exactly,
}

NOT_BUILT: dict[str, str] = {}
