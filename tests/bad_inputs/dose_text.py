"""Dose texts: what is no number, one space and a unit is refused wherever a dose is read."""

from __future__ import annotations

import time
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction

from bad_inputs.case import Case, accepted, cli, good, refused
from bad_inputs.doses import must_be_given, one_dose, read_as, refused_as_a_mass
from ldn_titration import Mass, Verdict

SAYS = {
    "B001": "lacks its unit",
    "B002": "a bare number is no mass",
    "B003": "a bare number is no mass",
    "B005": "is empty",
    "B006": "has no number",
    "B008": "has a comma",
    "B010": "lacks the zero before its decimal point",
    "B011": "has no digit after its decimal point",
    "B016": "is not understood",
    "B018": "has an underscore",
    "B019": "has an exponent",
    "B021": "is not understood",
    "B022": "is a fraction; write a decimal",
    "B025": "has a character that is no plain digit or letter",
    "B026": "has a character that is no plain digit or letter",
    "B027": "has a character that is no plain digit or letter",
    "B028": "has a character that is no plain digit or letter",
    "B032": "has a character that is no plain digit or letter",
    "B036": "has a sign",
    "B039": "has a sign",
    "B041": "is no finite number",
    "B042": "is no finite number",
    "B047": "is not understood",
    "B048": "is not understood",
    "B049": "is not understood",
    "B051": "is not understood",
    "B052": "is too long",
    "B053": "has an exponent",
}
"""What the refusal of each text says."""

READ = {
    "B009": (Fraction(3, 2), "1.5 mg"),
    "B012": (Fraction(1), "1 mg"),
    "B013": (Fraction(9, 2), "4.5 mg"),
}
"""The texts that are a dose: how many milligrams, and how it is printed."""

_SOON = {"B052", "B053"}


def is_refused(case: Case) -> None:
    dose = case.input["dose"]
    refused_as_a_mass(dose, SAYS[case.id])
    if case.id in _SOON:
        assert min(_seconds(dose) for _ in range(5)) <= 0.001


def _seconds(text: str) -> float:
    began = time.perf_counter()
    refused(lambda: Mass(text))
    return time.perf_counter() - began


def is_read(case: Case) -> None:
    read_as(case.input["dose"], *READ[case.id])


def is_below_low_dose(case: Case) -> None:
    """B040: 0.1 ng is a mass, exactly; no preparation measures it, and no screening clears it."""
    text = case.input["dose"]
    tiny = Mass(text)
    assert (tiny.magnitude, str(tiny)) == (Fraction(1, 10**7), "0.1 ng")
    assert accepted(one_dose(text)).screening().verdict is Verdict.STOP
    run = cli("plan", "-", stdin=good(regimen={"steps": [{"dose": text}]}))
    assert (run.code, run.out) == (4, "")
    assert "step 1: 0.1 ng cannot be measured exactly" in run.err
    assert "0.25 mg above" in run.err
    run = cli("plan", "-", "--format", "text", "--draft", stdin=one_dose(text))
    assert run.code == 0
    assert "0.1 ng" in run.out
    assert "E-7" not in run.out


def is_a_signalling_number(case: Case) -> None:
    """B045: a Decimal that raises at every touch is refused like any other number."""
    number = case.input["dose"]
    assert isinstance(number, Decimal)
    assert number.is_snan()
    refused_as_a_mass(number, "a bare number is no mass")
    refused(lambda: Mass.of(number, case.input["unit"]), "must be finite")
    refused(lambda: Mass("1.5 mg") * number, "must be finite")
    refused(lambda: Mass("1.5 mg") / number, "must be finite")


def is_a_binary_float(case: Case) -> None:
    """B046: a float is refused; text, an int, a Fraction and a Decimal are exact."""
    number, unit = case.input["dose"], case.input["unit"]
    assert type(number) is float
    refused_as_a_mass(number, "a bare number is no mass")
    refused(lambda: Mass.of(number, unit), "float is no exact number", "Fraction")
    refused(lambda: Mass("1.5 mg") * number, "float is no exact number")
    refused(lambda: Mass("1.5 mg") / number, "float is no exact number")
    tenth = Mass.of(Decimal("0.1"), unit)
    assert tenth == Mass.of(Fraction(1, 10), unit) == Mass("0.1 mg")
    assert tenth * 3 == Mass("0.3 mg")


CASES: dict[str, Callable[[Case], None]] = {
    **dict.fromkeys(SAYS, is_refused),
    **dict.fromkeys(READ, is_read),
    "B004": must_be_given,
    "B040": is_below_low_dose,
    "B045": is_a_signalling_number,
    "B046": is_a_binary_float,
}

NOT_BUILT: dict[str, str] = {}
