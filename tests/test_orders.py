"""Strangers' orders as rows: what stands there, exactly, and nothing else."""

from __future__ import annotations

import json
from datetime import date
from fractions import Fraction
from time import perf_counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import ROOT
from ldn_titration import InvalidInputError
from ldn_titration.intake.orders.amounts import (
    Amount,
    Strength,
    Written,
    amount_of,
    strength_in,
    unit_fault,
)
from ldn_titration.intake.orders.reading import OrderStep, Timing, read_orders
from orders import UCUM, Step, order

EXAMPLES = ROOT / "examples" / "orders"
TAB = "http://terminology.hl7.org/CodeSystem/v3-orderableDrugForm"


def test_the_prednisone_order_of_hl7_row_by_row() -> None:
    [made] = read_orders((EXAMPLES / "hl7-medrx0303.json").read_bytes())
    assert (made.id, made.drug) == ("medrx0303", "Prednisone 5mg tablet (Product)")
    assert (made.status, made.intent, made.refills) == ("active", "order", 1)
    assert made.strength == Strength(Fraction(5), "tablet")
    assert made.quantity == Written(Fraction(51), "TAB", TAB, "TAB")
    assert made.supply == Written(Fraction(21), "days", UCUM, "d")
    step = made.steps[1]
    assert (step.path, step.sequence) == ("dosageInstruction[1]", 2)
    assert step.timing == Timing(
        bounds="period",
        start=date(2015, 1, 23),
        end=date(2015, 1, 30),
        frequency=1,
        period=Fraction(1),
        period_unit="d",
    )
    assert [entry.dose for entry in step.doses] == [Written(Fraction(2), "TAB", TAB, "TAB")]


def test_what_is_missing_stays_missing() -> None:
    [made] = read_orders('{"resourceType": "MedicationRequest", "dosageInstruction": [{}]}')
    assert made[1:] == (
        None, None, None, None, None, False, (),
        (OrderStep("dosageInstruction[0]", None, (), (), None, (), None),),
        None, None, None,
    )  # fmt: skip


@given(st.decimals(0, 10**9, allow_nan=False, places=6))
def test_a_decimal_is_read_exactly_as_written(value: Any) -> None:
    made = order([Step(7, 1, 1)])
    text = json.dumps(made).replace('"value": 7,', f'"value": {value:f},', 1)
    [read] = read_orders(text)
    dose = read.steps[0].doses[0].dose
    assert dose is not None
    assert dose.value == Fraction(value)


@pytest.mark.parametrize(
    ("written", "amount", "fault"),
    [
        (Written(Fraction(2), "mg", UCUM, "mg"), Amount("mg", Fraction(2)), None),
        (Written(Fraction(50), "mcg", UCUM, "ug"), Amount("mg", Fraction(1, 20)), None),
        (Written(Fraction(2), "g", UCUM, "g"), Amount("mg", Fraction(2000)), None),
        (Written(Fraction(1), "wk", UCUM, "wk"), Amount("d", Fraction(7)), None),
        (Written(Fraction(1), None, UCUM, "{tbl}"), Amount("tablet", Fraction(1)), None),
        (Written(Fraction(3), "drops", UCUM, "[drp]"), Amount("drop", Fraction(3)), None),
        (Written(Fraction(3), "TAB", TAB, "TAB"), Amount("tablet", Fraction(3)), None),
        (Written(Fraction(50), "mcg", UCUM, "mcg"), Amount("mg", Fraction(1, 20)), "no UCUM code"),
        (Written(Fraction(1), None, UCUM, "MG"), None, "no UCUM code"),
        (Written(Fraction(1), "mg", UCUM, "mL"), None, "conflict"),
        (Written(Fraction(1), "mg", UCUM, "ug"), None, "conflict"),
        (Written(Fraction(1), "tablet"), Amount("tablet", Fraction(1)), "no code"),
        (Written(Fraction(1), "mg", None, "mg"), Amount("mg", Fraction(1)), "no code"),
        (Written(Fraction(1)), None, "no unit"),
        (Written(Fraction(1), "zorb", UCUM, "zorb"), None, "no UCUM code"),
        (Written(Fraction(1), "Zorb", TAB, "ZORB"), Amount("zorb", Fraction(1)), None),
        (Written(Fraction(1), None, TAB, "ZORB"), Amount("zorb", Fraction(1)), None),
        (Written(Fraction(1), "", TAB, ""), None, None),
    ],
)
def test_units_and_codes(written: Written, amount: Amount | None, fault: str | None) -> None:
    found = unit_fault(written)
    assert (found and found.kind) == fault
    assert amount_of(written) == amount


def test_the_ucum_code_that_is_meant_is_told() -> None:
    told = {
        code: unit_fault(Written(Fraction(1), None, UCUM, code))
        for code in ("mcg", "MG", "cc", "zorb")
    }
    assert {code: fault and fault.expected for code, fault in told.items()} == {
        "mcg": "ug",
        "MG": "mg",
        "cc": "mL",
        "zorb": None,
    }


@pytest.mark.parametrize(
    ("name", "strength"),
    [
        ("Prednisolone 5mg tablets", Strength(Fraction(5), "tablet")),
        ("Naltrexone hydrochloride 1.5 mg capsule", Strength(Fraction(3, 2), "capsule")),
        ("Levothyroxine 50 mcg tablet", Strength(Fraction(1, 20), "tablet")),
        ("Naltrexone 1 mg/mL oral solution", Strength(Fraction(1), "mL")),
        ("Morphine 10 mg/5 mL", Strength(Fraction(2), "mL")),
        ("Oxycodone 5 mg / paracetamol 325 mg tablet", None),
        ("Naltrexone", None),
        ("Naltrexone 50 mg", None),
        ("Naltrexone 0 mg tablet", None),
    ],
)
def test_the_strength_in_a_name(name: str, strength: Strength | None) -> None:
    assert strength_in(name) == strength


def test_a_medication_of_the_bundle_tells_the_strength() -> None:
    made = order([Step(1, 1, 7)])
    del made["medicationCodeableConcept"]
    made["medicationReference"] = {"reference": "urn:uuid:1"}
    medication = {
        "resourceType": "Medication",
        "code": {"text": "Examplol"},
        "ingredient": [
            {
                "itemCodeableConcept": {"text": "examplol"},
                "strength": {
                    "numerator": {"value": 2.5, "unit": "mg", "system": UCUM, "code": "mg"},
                    "denominator": {
                        "value": 1,
                        "unit": "tablet",
                        "system": UCUM,
                        "code": "{tablet}",
                    },
                },
            }
        ],
    }
    bundle = {
        "resourceType": "Bundle",
        "entry": [{"fullUrl": "urn:uuid:1", "resource": medication}, {"resource": made}],
    }
    [read] = read_orders(json.dumps(bundle))
    assert (read.path, read.drug) == ("entry[1].resource", "Examplol")
    assert read.strength == Strength(Fraction(5, 2), "tablet")


@pytest.mark.parametrize(
    ("ratio", "strength"),
    [
        (("mg", "mg", "2.5", "5"), Strength(Fraction(1, 2), "mL")),
        (("mL", "mL", "2.5", "5"), None),
        (("mg", "mg", "0", "5"), None),
        (("mg", "mg", "2.5", "0"), None),
    ],
)
def test_a_strength_is_some_mass_in_some_amount(
    ratio: tuple[str, str, str, str], strength: Strength | None
) -> None:
    unit, code, numerator, denominator = ratio
    above = {"value": float(numerator), "unit": unit, "system": UCUM, "code": code}
    below = {"value": float(denominator), "unit": "mL", "system": UCUM, "code": "mL"}
    inside = {"strength": {"numerator": above, "denominator": below}}
    made = order([Step(1, 1, 7)])
    del made["medicationCodeableConcept"]
    made["medicationReference"] = {"reference": "#m"}
    made["contained"] = [{"resourceType": "Medication", "id": "m", "ingredient": [inside]}]
    assert read_orders(json.dumps(made))[0].strength == strength


def test_a_misspelt_order_of_a_bundle_is_no_other_resource() -> None:
    """What is an order by all but a letter is refused, never passed over."""
    entries = [{"resource": {"resourceType": kind}} for kind in ("MedicationDispense", "Patient")]
    entries += [{"resource": order([Step(1, 1, 7)])}]
    bundle = {"resourceType": "Bundle", "entry": entries}
    assert len(read_orders(json.dumps(bundle))) == 1
    entries[0]["resource"]["resourceType"] = "MedicationRequset"
    with pytest.raises(InvalidInputError) as caught:
        read_orders(json.dumps(bundle))
    assert [problem.path for problem in caught.value.problems] == ["entry[0].resource.resourceType"]


@pytest.mark.hazard("I03")
def test_every_modifier_is_named() -> None:
    made = order([Step(1, 1, 7)])
    made["modifierExtension"] = [{"url": "http://example.org/a"}]
    made["dosageInstruction"][0]["doseAndRate"][0]["modifierExtension"] = [{"url": "b"}]
    [read] = read_orders(json.dumps(made))
    assert set(read.modified) == {
        "modifierExtension",
        "dosageInstruction[0].doseAndRate[0].modifierExtension",
    }


@pytest.mark.parametrize(
    ("change", "problems"),
    [
        ({"status": "foo"}, {"status"}),
        ({"status": 5}, {"status"}),
        ({"doNotPerform": "true", "dispenseRequest": []}, {"doNotPerform", "dispenseRequest"}),
        ({"dosageInstruction": {}}, {"dosageInstruction"}),
        ({"dosageInstruction": [1, {}]}, {"dosageInstruction[0]"}),
        ({"dosageInstruction": [{}] * 201}, {"dosageInstruction"}),
        ({"requester": {"agent": {"reference": "Practitioner/1"}}}, {"requester.agent"}),
        (
            {"dosageInstruction": [{"timing": {"repeat": {"when": ["MORN", 1]}}}]},
            {"dosageInstruction[0].timing.repeat.when"},
        ),
        (
            {
                "dosageInstruction": [
                    {
                        "timing": {
                            "repeat": {
                                "frequency": 0,
                                "periodUnit": "days",
                                "when": ["BEDTIME"],
                                "timeOfDay": ["9 pm"],
                                "dayOfWeek": ["Monday"],
                                "boundsPeriod": {"start": "04.01.2027", "end": "2027-02-30"},
                            }
                        }
                    }
                ]
            },
            {
                f"dosageInstruction[0].timing.repeat.{name}"
                for name in (
                    *("frequency", "periodUnit", "when", "timeOfDay", "dayOfWeek"),
                    *("boundsPeriod.start", "boundsPeriod.end"),
                )
            },
        ),
    ],
)
def test_every_problem_is_told_at_once_with_its_path(
    change: dict[str, Any], problems: set[str]
) -> None:
    with pytest.raises(InvalidInputError) as caught:
        read_orders(json.dumps({**order([Step(1, 1, 7)]), **change}))
    assert {problem.path for problem in caught.value.problems} == problems


@pytest.mark.parametrize("value", ["1e400", "1e-400", "1" * 40 + ".5", "1" * 20])
def test_numbers_that_no_dose_has_are_refused(value: str) -> None:
    text = json.dumps(order([Step(2, 1, 7)])).replace('"value": 2,', f'"value": {value},', 1)
    with pytest.raises(InvalidInputError) as caught:
        read_orders(text)
    assert "doseQuantity.value: must be a number of at most" in str(caught.value)


def test_more_than_can_be_read_at_once_is_refused() -> None:
    """Of all orders together: what each may hold, many times over, would take minutes."""
    many = [order([Step(1, 1, 1)] * 200)] * 11
    assert len(many) * 200 == 2_200
    with pytest.raises(InvalidInputError) as caught:
        read_orders(json.dumps(many))
    assert str(caught.value) == "order: has 2200 dosages in all; at most 2000 are read"
    wordy = [{**order([Step(1, 1, 1)]), "dosageInstruction": [{"text": "x" * 1001}] * 100}]
    with pytest.raises(InvalidInputError) as caught:
        read_orders(json.dumps(wordy))
    assert "has 100100 characters of directions" in str(caught.value)


@pytest.mark.hazard("S11")
def test_many_orders_look_up_their_product_once() -> None:
    """4,000 orders and 4,000 medications: less than a second or two, not as many pairs."""
    named = [
        {"fullUrl": f"urn:{n}", "resource": {"resourceType": "Medication", "id": f"{n}"}}
        for n in range(4000)
    ]
    made = {"resource": {"resourceType": "MedicationRequest", "status": "draft"}}
    started = perf_counter()
    read_orders(json.dumps({"resourceType": "Bundle", "entry": [*named, *[made] * 4000]}))
    assert perf_counter() - started < 10
