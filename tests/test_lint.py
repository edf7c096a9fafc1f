"""The linter: published orders counted by hand, and every seeded fault found where it is."""

from __future__ import annotations

import copy
import json
from datetime import date
from fractions import Fraction
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import orders as o
from conftest import ROOT
from ldn_titration import Drops, InvalidInputError, Plan, Regimen, Severity, Tablets, schedule, sig
from ldn_titration.cli import main
from ldn_titration.export.fhir import plan_fhir
from ldn_titration.lint import CODES, agrees, lint
from ldn_titration.lint.words import read_text
from ldn_titration.request import read_request
from ldn_titration.testing import plans
from orders import MILLIGRAM, TABLET, UCUM, Step, order

DATA = ROOT / "tests" / "data" / "orders"
EXAMPLES = ROOT / "examples" / "orders"


def found(made: Any) -> list[tuple[str, str]]:
    return [(each.code, each.where) for each in lint(json.dumps(made))]


def messages(path: Path) -> list[str]:
    return [f"{f.where}: {f.message}" for f in lint(path.read_bytes())]


# --- published orders -----------------------------------------------------------------


def test_the_prednisone_taper_of_hl7_says_49_43_and_51_tablets() -> None:
    """By text 4, 2 and 1 a day for 7 days each: 28 + 14 + 7 = 49. By timing 16 to 20 January
    is 5 days of 4, 23 to 30 January 8 of 2, 31 January to 6 February 7 of 1: 20 + 16 + 7 = 43.
    21 and 22 January are in no step; 5 + 8 + 7 = 20 days."""
    assert messages(EXAMPLES / "hl7-medrx0303.json") == [
        "dosageInstruction[0].timing.repeat: The text says 7 days; the bounds are 5 days.",
        "dosageInstruction[1].timing.repeat: No step covers 2 days: step 1 ends on 2015-01-20, "
        "step 2 begins on 2015-01-23.",
        "dosageInstruction[1].timing.repeat: The text says 7 days; the bounds are 8 days.",
        "dispenseRequest.quantity: The steps need 43 tablets by dose and timing and 49 tablets by "
        "text; 51 tablets are ordered, with 1 repeat.",
        "dispenseRequest.expectedSupplyDuration: The steps last 20 days by bounds and 21 days by "
        "text; the supply is stated as 21 days, 2 times.",
    ]


def test_figures_are_data_too() -> None:
    quantity = next(
        f for f in lint((EXAMPLES / "hl7-medrx0303.json").read_bytes()) if "51" in f.message
    )
    assert [(f["from"], f["value"], f["unit"]) for f in quantity.told()["figures"]] == [
        ("steps", "43", "tablet"),
        ("text", "49", "tablet"),
        ("quantity", "51", "tablet"),
    ]


def test_a_consecutive_dosage_needs_70_tablets_of_72_and_14_days_of_30() -> None:
    """8, 7, 6, 5, 4, 3 and 2 tablets, two days each: 35 x 2 = 70 in 14 days."""
    assert messages(EXAMPLES / "prednisolone-consecutive.json") == [
        *(
            f"dosageInstruction[{place}].timing: The text says {n} tablets once a day; the timing "
            f"says {n} times a day, 5 mg each time. Both come to {n} tablets a day."
            for place, n in enumerate([8, 7, 6, 5, 4, 3, 2])
        ),
        "dispenseRequest.quantity: The steps need 70 tablets by dose and timing and 70 tablets by "
        "text; 72 tablets are ordered.",
        "dispenseRequest.expectedSupplyDuration: The steps last 14 days by bounds and 14 days by "
        "text; the supply is stated as 30 days.",
    ]


@pytest.mark.parametrize("name", ["taper.json", "titration.json", "text-only.json"])
def test_a_clean_order_gives_no_finding(name: str) -> None:
    assert messages(DATA / name) == []


def test_eight_tablets_eight_times_a_day_is_64() -> None:
    made = order([Step(8, 1, 5)])
    made["dosageInstruction"][0]["timing"]["repeat"]["frequency"] = 8
    told = next(f for f in lint(json.dumps(made)) if f.code == "LIN-15")
    assert told.message == (
        "The text says 8 tablets once a day; the timing says 8 times a day, 8 tablets each time. "
        "That is 8 tablets a day by the text, 64 tablets by the timing."
    )


# --- seeded faults --------------------------------------------------------------------

STEPS = st.builds(Step, st.integers(1, 9), st.integers(1, 3), st.integers(1, 30))
STARTS = st.none() | st.dates(date(2024, 1, 1), date(2030, 12, 31))


@given(st.lists(STEPS, min_size=1, max_size=6), STARTS)
def test_a_consistent_order_gives_no_finding(steps: list[Step], start: date | None) -> None:
    assert found(order(steps, start)) == []


@pytest.mark.parametrize("fault", o.ANYWHERE, ids=lambda fault: fault.__name__)
@settings(max_examples=15)
@given(data=st.data())
def test_each_fault_of_a_step_is_found_where_it_is(fault: Any, data: st.DataObject) -> None:
    made = order(data.draw(st.lists(STEPS, min_size=1, max_size=4)), data.draw(STARTS))
    place = data.draw(st.integers(0, len(made["dosageInstruction"]) - 1))
    expected = fault(made, place)
    assert expected in found(made)


@pytest.mark.parametrize("fault", o.BEFORE_ANOTHER, ids=lambda fault: fault.__name__)
@settings(max_examples=15)
@given(data=st.data())
def test_each_fault_between_steps_is_found_where_it_is(fault: Any, data: st.DataObject) -> None:
    made = order(data.draw(st.lists(STEPS, min_size=2, max_size=4)), data.draw(STARTS))
    place = data.draw(st.integers(0, len(made["dosageInstruction"]) - 2))
    expected = fault(made, place)
    assert expected in found(made)


@pytest.mark.parametrize("fault", o.WITH_DATES, ids=lambda fault: fault.__name__)
@settings(max_examples=15)
@given(data=st.data())
def test_each_fault_of_dates_is_found_where_it_is(fault: Any, data: st.DataObject) -> None:
    made = order(data.draw(st.lists(STEPS, min_size=2, max_size=4)), date(2027, 1, 4))
    place = data.draw(st.integers(0, len(made["dosageInstruction"]) - 2))
    expected = fault(made, place)
    assert expected in found(made)


def test_every_code_is_of_some_fault_here() -> None:
    """LIN-16 and LIN-19 to LIN-21 have tests of their own below."""
    codes = set()
    for fault in (*o.ANYWHERE, *o.BEFORE_ANOTHER, *o.WITH_DATES):
        codes.add(fault(order([Step(4, 1, 7), Step(2, 1, 7)], date(2027, 1, 4)), 0)[0])
    assert codes == set(CODES) - {"LIN-16", "LIN-19", "LIN-20", "LIN-21"}


@settings(max_examples=20)
@given(st.permutations(range(4)))
def test_steps_out_of_order_are_told_and_counted_by_their_sequence(places: list[int]) -> None:
    made = order([Step(n, 1, 7) for n in (4, 3, 2, 1)], date(2027, 1, 4))
    made["dosageInstruction"] = [made["dosageInstruction"][place] for place in places]
    assert {code for code, _ in found(made)} == (set() if places == sorted(places) else {"LIN-10"})


# --- single orders --------------------------------------------------------------------

ONE = order([Step(2, 1, 7)])


REPEAT = ("frequency", "period", "when", "dayOfWeek", "count", "duration", "durationUnit",
          "boundsDuration")  # fmt: skip


def changed(**parts: Any) -> dict[str, Any]:
    """The order of two tablets once a day for 7 days, its only step changed."""
    made = copy.deepcopy(ONE)
    step = made["dosageInstruction"][0]
    for name, value in parts.items():
        if name == "code":
            step["timing"]["code"] = value
        elif name in REPEAT:
            step["timing"]["repeat"][name] = value
        elif name == "dose":
            step["doseAndRate"][0]["doseQuantity"] = value
        elif name in {"quantity", "expectedSupplyDuration"}:
            made["dispenseRequest"][name] = value
        else:
            step[name] = value
    return made


@pytest.mark.hazard("I02")
@pytest.mark.parametrize(
    ("parts", "code", "message"),
    [
        ({"when": ["MORN", "HS"]}, "LIN-16",
         "The frequency is 1; there are 2 times: morning, bedtime."),
        ({"count": 6}, "LIN-16", "The count is 6 doses; the bounds hold 7."),
        (
            {"duration": 7, "durationUnit": "d"},
            "LIN-16",
            "Each single administration is said to last 7 days: duration is that of one "
            "administration, boundsDuration that of the step.",
        ),
        (
            {"text": "Take 2 tablets once a day for 7 days, or 3 if needed"},
            "LIN-19",
            'Not understood, so not checked: "or 3".',
        ),
        ({"text": "TWO (3) tablets daily"}, "LIN-20", "The text says two and 3 of the same thing."),
        (
            {"text": "2 tablets of 5 mg (15 mg) daily for 7 days"},
            "LIN-20",
            "The text says 10 mg and 15 mg of the same thing.",
        ),
        (
            {"dose": {"value": 2, "unit": "mL", "system": UCUM, "code": "mL"}},
            "LIN-21",
            "The text says 2 tablets, the dose is 2 mL: without a strength they cannot be "
            "compared.",
        ),
        ({"text": "Take 2 tablets at bedtime", "when": ["MORN"]}, "LIN-15",
         "The text says bedtime; the timing says morning."),
        ({"text": "Take 2 tablets daily as needed"}, "LIN-22",
         "By its text the step is taken as needed; by its structure always."),
        ({"text": "Take 2 tablets daily for 3 days, then 1 tablet daily for 4 days"}, "LIN-22",
         "The text tells 2 steps one after the other; the structure one."),
        ({"patientInstruction": "Take 3 tablets daily"}, "LIN-14",
         "The text says 3 tablets; the dose is 2 tablets."),
        ({"additionalInstruction": [{"text": "1 more at night"}]}, "LIN-19",
         'An additional instruction has figures, which are not checked: "1 more at night".'),
        ({"text": "Take 15 mg daily for 7 days"}, "LIN-14",
         "The text says 15 mg; the dose is 10 mg."),
        ({"text": "Take 2 tablets (100 mg) once a day"}, "LIN-14",
         "2 tablets are said to be 100 mg; by the strength of the product they are 10 mg."),
        ({"text": "Take 2 tablets daily from 2027-01-10 to 2027-01-04"}, "LIN-20",
         "By its text the step ends on 2027-01-04, before it begins on 2027-01-10."),
        ({"dose": {"value": 2, **o.DAY}}, "LIN-04", "The dose is 2 days, which is no dose."),
        ({"code": {"coding": [{"code": "BID"}]}}, "LIN-16",
         "The code says 2 times a day; the timing says once a day."),
        ({"code": {"text": "BID"}}, "LIN-16",
         "The code says 2 times a day; the timing says once a day."),
        ({"code": {"text": "b.i.d."}}, "LIN-16",
         "The code says 2 times a day; the timing says once a day."),
        ({"text": "Take 2 tablets twice daily", "frequency": 2, "when": ["HS"]}, "LIN-16",
         "The timing says 2 times a day; there is one time of day: bedtime."),
        ({"text": "Take 2 tablets twice daily", "frequency": 2, "when": ["ACM"]}, "LIN-16",
         "The timing says 2 times a day; there is one time of day: ACM."),
        ({"boundsDuration": {"value": 7, **MILLIGRAM}}, "LIN-09", "A step cannot last 7 mg."),
        ({"text": "Take at bedtime, every other day"}, "LIN-15",
         "The text says every other day; the timing says once a day."),
        ({"dose": {"value": 0, **TABLET}}, "LIN-04", "The dose is 0 tablet, which is no dose."),
        (
            {"quantity": {"value": 30, "unit": "mL", "system": UCUM, "code": "mL"}},
            "LIN-21",
            "The steps need 14 tablets, 30 mL are ordered: without a strength they cannot be "
            "compared.",
        ),
        ({"expectedSupplyDuration": {"value": 1, "unit": "month", "system": UCUM, "code": "mo"}},
         "LIN-21", "1 month of supply cannot be compared with 7 days."),
        ({"dose": {"value": 2, "comparator": "<", **TABLET}}, "LIN-07",
         '"< 2 tablet" is not one dose.'),
        ({"dose": {"value": -2, **TABLET}}, "LIN-04", "The dose is -2 tablet, which is no dose."),
        ({"period": -1}, "LIN-06",
         "The timing does not say how often: its period is -1; its text says once a day."),
        ({"timing": {"event": ["2027-01-04"]}}, "LIN-06",
         "Single events are not read; its text says once a day."),
        ({"timing": None, "text": "Take 2 tablets for 7 days"}, "LIN-06",
         "The step has no timing."),
        ({"dayOfWeek": ["mon", "wed", "fri"]}, "LIN-15",
         "The text says 2 tablets once a day; the timing says 3 times in 7 days, 2 tablets each "
         "time. That is 2 tablets a day by the text, 6/7 tablet by the timing."),
        ({"dayOfWeek": ["mon"], "period": 2}, "LIN-06",
         "The timing does not say how often; its text says once a day."),
        ({"timing": {"repeat": {"when": ["MORN", "HS"]}}}, "LIN-15",
         "The text says 2 tablets once a day; the timing says 2 times a day, 2 tablets each time. "
         "That is 2 tablets a day by the text, 4 tablets by the timing."),
        ({"text": "Take 2 tablets every 36 hours for 7 days"}, "LIN-15",
         "The text says 2 tablets every 36 hours; the timing says once a day, 2 tablets each time. "
         "That is 4/3 tablets a day by the text, 2 tablets by the timing."),
        ({"text": "Take 2 tablets twice a day",
          "dose": {"value": 2, "unit": "mL", "system": UCUM, "code": "mL"}}, "LIN-15",
         "The text says 2 tablets 2 times a day; the timing says once a day, 2 mL each time."),
        ({"text": "Take 1 to 2 tablets once a day"}, "LIN-07",
         "The text tells a range: 1 to 2 tablets."),
        ({"text": "Take 1 tablet in the morning and 2 tablets at bedtime"}, "LIN-22",
         "The text tells several doses of a day (1 tablet once a day and 2 tablets once a day); "
         "the structure tells one."),
        ({"text": "Take 2 tablets in the morning and 2 tablets at bedtime"}, "LIN-15",
         "The text says 2 tablets 2 times a day; the timing says once a day, 2 tablets each time. "
         "That is 4 tablets a day by the text, 2 tablets by the timing."),
        ({"text": "Take 2 tablets. Every other day."}, "LIN-15",
         "The text says 2 tablets every other day; the timing says once a day, 2 tablets each "
         "time. That is 1 tablet a day by the text, 2 tablets by the timing."),
        ({"text": "Take 2 tablets once a day. For 8 days."}, "LIN-13",
         "The text says 8 days; the bounds are 7 days."),
        ({"text": "Take 2 tablets once a day for 7 days. For 8 days."}, "LIN-19",
         'Not understood, so not checked: "for 8 days".'),
        ({"text": "Take 2 tablets once a day. At bedtime."}, "LIN-19",
         'Not understood, so not checked: "at bedtime".'),
        ({"doseAndRate": [{"doseRange": {"high": {"value": 2, **TABLET}}}]}, "LIN-07",
         "A range is not one dose: from nothing to 2 tablet."),
        ({"text": "Take about 10.06 mg once a day"}, "LIN-14",
         "The text says 10.06 mg; the dose is 10 mg."),
    ],
)  # fmt: skip
def test_an_order_that_does_not_agree(parts: dict[str, Any], code: str, message: str) -> None:
    told = [(each.code, each.message) for each in lint(json.dumps(changed(**parts)))]
    assert (code, message) in told


@pytest.mark.parametrize(
    "parts",
    [
        {"text": "Take 10 mg daily for 7 days"},
        {"dose": {"value": 10, **MILLIGRAM}},
        {"dose": {"value": 10000, "unit": "mcg", "system": UCUM, "code": "ug"}},
        {"text": "Take 2 tablets (10 mg) every 24 hours with food for one week."},
        {"text": "TWO (2) tablets to be taken DAILY for seven days. Take with or after food."},
        {"text": "2 tabs po qd x 7 days"},
        {"text": "Take at bedtime"},
        {"text": "Take 2 tablets at bedtime for 7 days", "when": ["HS"]},
        {"quantity": {"value": 14, "unit": "TAB", "code": "TAB", "system":
                      "http://terminology.hl7.org/CodeSystem/v3-orderableDrugForm"}},
        {"expectedSupplyDuration": {"value": 1, "unit": "week", "system": UCUM, "code": "wk"}},
        {"text": "Take 2 tablets. Once a day, for 7 days."},
        {"count": 7},
        {"additionalInstruction": [{"text": "with food"}]},
        {"text": "Take about 10.05 mg once a day for 7 days"},
    ],
)  # fmt: skip
def test_the_same_in_other_words_or_units_agrees(parts: dict[str, Any]) -> None:
    assert found(changed(**parts)) == []


def test_a_remark_without_figures_is_told_and_the_order_agrees() -> None:
    findings = lint(json.dumps(changed(text="Take 2 tablets daily for 7 days. Swallow gently.")))
    assert [str(each.severity) for each in findings] == ["info"]
    assert agrees(findings)


BOUNDS = (
    ({"boundsPeriod": {"start": "2027-01"}}, "LIN-09", "boundsPeriod",
     "Start or end is a month or a year; its day is not known."),
    ({"boundsRange": {"low": {"value": 7, **o.DAY}, "high": {"value": 9, **o.DAY}}}, "LIN-07",
     "boundsRange", "The length of the step is a range."),
    ({"count": 6}, "LIN-13", "", "The text says 7 days; the bounds are 6 days."),
)  # fmt: skip


@pytest.mark.parametrize(("bounds", "code", "name", "message"), BOUNDS)
def test_bounds_that_are_no_days_or_are_told_by_a_count(
    bounds: dict[str, Any], code: str, name: str, message: str
) -> None:
    made = changed()
    repeat = made["dosageInstruction"][0]["timing"]["repeat"]
    del repeat["boundsDuration"]
    repeat.update(bounds)
    where = "dosageInstruction[0].timing.repeat" + (f".{name}" if name else "")
    told = [(each.code, each.where, each.message) for each in lint(json.dumps(made))]
    assert (code, where, message) in told


def test_an_order_without_a_step_is_no_order() -> None:
    """What is dispensed is looked at all the same."""
    made = {**ONE, "dosageInstruction": [], "dispenseRequest": {"quantity": {"value": 3}}}
    findings = lint(json.dumps(made))
    assert [(each.code, each.where, each.message) for each in findings] == [
        ("LIN-04", "dosageInstruction", "The order has no dosage instruction at all."),
        ("LIN-05", "dispenseRequest.quantity", "3 has no unit; a number alone is no quantity."),
    ]
    assert not agrees(findings)


def test_a_step_behind_the_end_of_the_calendar_has_no_day() -> None:
    made = order([Step(1, 1, 7), Step(2, 1, 7)])
    repeat = made["dosageInstruction"][0]["timing"]["repeat"]
    del repeat["boundsDuration"]
    repeat["boundsPeriod"] = {"start": "9999-12-25", "end": "9999-12-31"}
    assert found(made) == []


def test_one_text_may_tell_the_whole_course_and_each_step_has_its_part() -> None:
    made = order([Step(1, 1, 7), Step(2, 1, 14)])
    first, second = made["dosageInstruction"]
    first["text"] = "Take 1 tablet daily for 7 days, then 2 tablets daily for 14 days"
    del second["text"]
    assert found(made) == []
    second["text"] = first["text"]
    assert found(made) == []
    second["doseAndRate"][0]["doseQuantity"]["value"] = 3
    told = {each.where: each.message for each in lint(json.dumps(made))}
    assert told["dosageInstruction[1].doseAndRate"] == (
        "The text says 2 tablets; the dose is 3 tablets."
    )


@pytest.mark.hazard("I06")
@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Take 1 tablet", "LIN-06"),
        ("Take daily", "LIN-04"),
        ("Take 1 to 2 tablets daily", "LIN-07"),
        ("Take 1 tablet daily, then 2 tablets daily for 7 days", "LIN-12"),
        ("Take as directed", "LIN-19"),
        ("", "LIN-04"),
    ],
)
def test_an_order_in_words_alone_must_tell_all_of_it(text: str, code: str) -> None:
    made = {"resourceType": "MedicationRequest", "dosageInstruction": [{"text": text}]}
    assert found(made) == [(code, "dosageInstruction[0]" + (".text" if code == "LIN-19" else ""))]


def test_a_quantity_that_cannot_be_checked_is_said_to_be_so() -> None:
    made = changed(asNeededBoolean=True, text="Take 2 tablets once a day as needed for 7 days")
    assert [(f.code, str(f.severity)) for f in lint(json.dumps(made))] == [("LIN-21", "info")]


def test_three_doses_a_week_for_ten_days_are_four_or_five() -> None:
    made = changed(
        text="Take 2 tablets three times a week for 10 days",
        dayOfWeek=["mon", "wed", "fri"],
        boundsDuration={"value": 10, **o.DAY},
        expectedSupplyDuration={"value": 10, **o.DAY},
    )
    assert [(each.code, each.message) for each in lint(json.dumps(made))] == [
        ("LIN-21", "What the steps need is not known, so 14 tablets are not checked.")
    ]


def test_an_open_last_step_is_reckoned_to_the_end_of_the_supply() -> None:
    """1 tablet for 7 days, then 2 tablets: 30 days need 7 + 23 x 2 = 53 tablets."""
    made = order([Step(1, 1, 7), Step(2, 1, 23)])
    del made["dosageInstruction"][1]["timing"]["repeat"]["boundsDuration"]
    made["dosageInstruction"][1]["text"] = "Take 2 tablets once a day."
    assert found(made) == []
    made["dispenseRequest"]["quantity"]["value"] = 54
    assert found(made) == [("LIN-17", "dispenseRequest.quantity")]


def test_fills_together_may_make_the_course() -> None:
    made = order([Step(1, 1, 60)])
    made["dispenseRequest"]["quantity"]["value"] = 30
    made["dispenseRequest"]["expectedSupplyDuration"]["value"] = 30
    made["dispenseRequest"]["numberOfRepeatsAllowed"] = 1
    assert found(made) == []


def test_a_whole_course_that_may_be_filled_again_is_remarked_on() -> None:
    made = order([Step(1, 1, 30)])
    made["dispenseRequest"]["numberOfRepeatsAllowed"] = 2
    findings = lint(json.dumps(made))
    assert [(each.code, each.message) for each in findings] == [
        ("LIN-17", "30 tablets are the whole course; with repeats it is ordered 3 times.")
    ]
    assert agrees(findings)


@pytest.mark.hazard("I02")
def test_a_dose_of_the_text_at_a_time_that_no_step_has_is_not_passed_over() -> None:
    """1 tablet in the morning and 2 at bedtime are two steps of one sequence, or a fault."""
    made = order([Step(1, 1, 7), Step(2, 1, 7)])
    made["dispenseRequest"]["expectedSupplyDuration"]["value"] = 7
    steps = made["dosageInstruction"]
    for step, when in zip(steps, ("MORN", "HS"), strict=True):
        step["text"] = "Take 1 tablet in the morning and 2 tablets at bedtime for 7 days"
        step["sequence"] = 1
        step["timing"]["repeat"]["when"] = [when]
    del made["dispenseRequest"]["quantity"]
    assert found(made) == []
    del steps[0]
    assert found(made) == [("LIN-22", "dosageInstruction[0].text")]


def test_morning_and_bedtime_doses_may_share_a_sequence() -> None:
    made = order([Step(1, 1, 7), Step(2, 1, 7)])
    for step, when, said in zip(
        made["dosageInstruction"], ("MORN", "HS"), ("in the morning", "at bedtime"), strict=True
    ):
        step["sequence"] = 1
        step["timing"]["repeat"]["when"] = [when]
        step["text"] = step["text"].replace("once a day", said)
    made["dispenseRequest"]["expectedSupplyDuration"]["value"] = 7
    assert found(made) == []


# --- words ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "dose", "a_day", "days"),
    [
        ("Take 8 tablets daily for 5 days", "8 tablets", "1", 5),
        ("take 1 tablet by mouth twice a day", "1 tablet", "2", None),
        ("0.5 mL (0.5 mg) at bedtime", "0.5 mL (0.5 mg)", "1", None),
        ("EIGHT (8) tablets to be taken DAILY for two days.", "8 tablets", "1", 2),
        ("Take 1 and 1/2 tablets of 3 mg (4.5 mg) twice a day", "1.5 tablets (4.5 mg)", "2", None),
        ("half a tablet nightly for 2 weeks", "0.5 tablet", "1", 14),
        ("2 x 5 mg tablets every 6 hours", "2 tablets (10 mg)", "4", None),
        ("1 capsule b.i.d. x 10 days", "1 capsule", "2", 10),
        ("50 mcg every other day", "50 mcg", "1/2", None),
        ("Week 2: 1 mg at bedtime", "1 mg", "1", 7),
        ("Days 8 to 14: 1 mg three times weekly", "1 mg", "3/7", 7),
        ("4.5 mg at 9 pm from 2027-01-04 to 2027-01-10", "4.5 mg", "1", None),
    ],
)
def test_what_is_understood(text: str, dose: str, a_day: str, days: int | None) -> None:
    read = read_text(text)
    [step] = read.steps
    [said] = step.doses
    assert (str(said.dose), str(said.how_often and said.how_often.per_day)) == (dose, a_day)
    assert (step.length and step.length.value) == days
    assert not read.unread


UNITS = """
mg milligram milligrams mcg mcgs microgram micrograms ug gram grams g ng nanogram nanograms pg
ml mls milliliter milliliters millilitre millilitres tablet tablets tab tabs capsule capsules cap
caps drop drops gtt gtts puff puffs patch patches sachet sachets spray sprays lozenge lozenges
pill pills unit units application applications softgel softgels troche troches
"""


@pytest.mark.parametrize("unit", UNITS.split())
def test_a_dose_in_every_unit_is_read(unit: str) -> None:
    """1 mg is 1,000 mcg, 10^6 ng and 10^9 pg, and a gram is 1,000 mg."""
    [step] = read_text(f"Take 2 {unit} daily").steps
    [amount] = step.doses[0].dose.amounts
    sizes = {"m": 1, "u": 1000, "n": 10**6, "p": 10**9}
    is_mass = amount.kind == "mg"
    per_mg = 1000 if unit.startswith(("mc", "mic")) else sizes.get(unit[0], Fraction(1, 1000))
    assert amount.value == (2 / Fraction(per_mg) if is_mass else 2)
    assert is_mass is unit.endswith(("g", "gs", "gram", "grams"))


@pytest.mark.parametrize(
    "text",
    [
        "Take 4,5 mg daily",
        "Take .5 mg daily",
        "Take as directed",
        "Increase by 0.5 mg every week as tolerated",
        "Do not take more than 8 tablets a day",
        "Take up to 3 tablets daily",
        "1 teaspoon at night",
        "1 mg for 3 days on, 4 days off",
        "1 daily",
        "Double the dose after a week",
        "1 mg daily starting 01/02/2027",
        "1 drop od",
        "1 tablet daily at 9",
        "2 tablets every 4 to 6 hours",
        "2 tablets stat",
        "Take half a tablet on Mondays",
        "1 mg daily for 7 more days",
        "Take 1 tablet daily except on Sundays",
    ],
)
def test_what_is_not_understood_is_said_and_never_believed(text: str) -> None:
    read = read_text(text)
    assert read.unread
    assert not any(step.doses for step in read.steps)


@settings(max_examples=60)
@given(plans())
def test_our_own_sigs_are_understood(plan: Any) -> None:
    """What the sig of a step says is read back: the mass, the volume, how often a day."""
    for step in plan.steps:
        doses = [(dose.time_of_day, dose.reading) for dose in step.doses]
        read = read_text(sig.sig_text(doses, ""))
        assert not read.unread, sig.sig_text(doses, "")
        [said] = read.steps
        total = sum(d.dose.of("mg") * d.how_often.per_day for d in said.doses)  # type: ignore
        exact = sum(reading.dose.magnitude for _, reading in doses)
        assert abs(total - exact) * 200 <= exact


# --- what cannot be read --------------------------------------------------------------


def refused(text: str | bytes) -> list[str]:
    with pytest.raises(InvalidInputError) as caught:
        lint(text)
    return [str(problem) for problem in caught.value.problems]


def dosed(quantity: dict[str, Any]) -> dict[str, Any]:
    return changed(dose=quantity)


@pytest.mark.parametrize(
    ("id_", "made", "code"),
    [
        ("B278", dosed({"value": 4.5}), "LIN-05"),
        ("B279", dosed({"value": 4.5, "unit": "mg", "code": "mL", "system": UCUM}), "LIN-08"),
        ("B280", dosed({"value": 4.5, "unit": "mg"}), "LIN-05"),
        ("B281", dosed({"value": 4.5, "code": "MG", "system": UCUM}), "LIN-08"),
        ("B281", dosed({"value": 4.5, "code": "mcg", "system": UCUM}), "LIN-08"),
        (
            "B285",
            changed(doseAndRate=[{"doseRange": {"low": {"value": 1.5}, "high": {"value": 45}}}]),
            "LIN-07",
        ),
        ("B287", changed(timing=None), "LIN-06"),
        ("B292", {**ONE, "doNotPerform": True}, "LIN-02"),
    ],
)
def test_bad_orders_of_the_corpus_that_are_findings(id_: str, made: Any, code: str) -> None:
    findings = lint(json.dumps(made))
    assert code in {each.code for each in findings}, id_
    assert not agrees(findings)


@pytest.mark.parametrize(
    ("id_", "text", "problem"),
    [
        (
            "B283",
            json.dumps(dosed({"value": "4.5", "code": "mg"})),
            "dosageInstruction[0].doseAndRate[0].doseQuantity.value: must be a number, "
            "without quotes",
        ),
        (
            "B285",
            json.dumps(changed(doseAndRate=[{"doseRange": {"low": 1.5, "high": 45}}])),
            "dosageInstruction[0].doseAndRate[0].doseRange.low: must be an object {...}",
        ),
        (
            "B300",
            json.dumps({**ONE, "contained": [{"id": "a"}, {"id": "a"}]}),
            "contained[1].id: stands twice among the contained resources",
        ),
        (
            "B301",
            json.dumps({**ONE, "resourceType": "MedicationRequset"}),
            'resourceType: must be "MedicationRequest" (FHIR R4), or a Bundle or a list of such',
        ),
        (
            "B302",
            json.dumps({**ONE, "fhirVersion": "R3"}),
            "fhirVersion: tells a version of FHIR, which no R4 resource does; only R4 is read",
        ),
        (
            "B302",
            json.dumps(changed(doseQuantity={"value": 1})),
            "dosageInstruction[0].doseQuantity: is an element of FHIR STU3; only R4 is read",
        ),
        (
            "R5",
            json.dumps({**ONE, "renderedDosageInstruction": "1 daily"}),
            "renderedDosageInstruction: is an element of FHIR R5; only R4 is read",
        ),
        (
            "misspelt",
            json.dumps({**ONE, "doNotPerfrom": True}),
            "doNotPerfrom: is no element of MedicationRequest in FHIR R4; did you mean "
            '"doNotPerform"?',
        ),
        ("duplicate", '{"a": 1, "a": 2}', "a: stands twice in the same object"),
        (
            "NaN",
            json.dumps(changed(frequency=1)).replace('"value": 2,', '"value": NaN,'),
            "dosageInstruction[0].doseAndRate[0].doseQuantity.value: must be a number of at most "
            "15 digits",
        ),
        ("deep", "[" * 100_000, "order: is nested too deeply"),
        ("deep", "[" * 500 + "]" * 500, "order: is nested too deeply"),
        ("large", " " * (1 << 20) + "1", "order: is larger than 1048576 bytes"),
        ("number", "1", "order: must be an object {...}"),
        ("none", "[]", "order: holds no MedicationRequest"),
        ("empty", "", "order: is no JSON: Expecting value at line 1, column 1"),
    ],
)
def test_what_cannot_be_read_names_its_place(id_: str, text: str, problem: str) -> None:
    assert problem in refused(text), id_


def test_a_bundle_holds_several_and_each_path_leads_there() -> None:
    bundle = {
        "resourceType": "Bundle",
        "entry": [
            {"resource": {"resourceType": "Patient"}},
            {"resource": ONE},
            {"resource": changed(frequency=2)},
        ],
    }
    prefix = "entry[2].resource"
    assert found(bundle) == [
        ("LIN-15", f"{prefix}.dosageInstruction[0].timing"),
        ("LIN-17", f"{prefix}.dispenseRequest.quantity"),
    ]
    assert found([ONE, bundle])[0] == ("LIN-15", f"[1].{prefix}.dosageInstruction[0].timing")


JUNK = st.sampled_from(
    [
        *(None, True, -1, 0, 1.5, 10**14, "", "x", "2027-01-04", "9999-12-31", "0001-01-01", {}),
        *([], [{}], [None], [[]], [1], ["MORN"], {"value": 10**14}, {"value": -2, **TABLET}),
        "\ud800",
    ]
)


def slots(tree: Any) -> list[tuple[Any, Any]]:
    inner = tree.items() if isinstance(tree, dict) else enumerate(tree)
    found = [(tree, key) for key, _ in inner]
    for _, value in list(tree.items() if isinstance(tree, dict) else enumerate(tree)):
        if isinstance(value, dict | list):
            found += slots(value)
    return found


@settings(max_examples=150)
@given(st.data())
def test_junk_anywhere_is_refused_or_told_and_never_raises_otherwise(data: st.DataObject) -> None:
    made = order([Step(4, 1, 7), Step(2, 1, 7)], data.draw(STARTS))
    for _ in range(data.draw(st.integers(1, 3))):
        place, key = data.draw(st.sampled_from(slots(made)))
        place[key] = copy.deepcopy(data.draw(JUNK))
    try:
        for each in lint(json.dumps(made)):
            json.dumps(each.told(), ensure_ascii=False).encode()
    except InvalidInputError as error:
        assert all(problem.path for problem in error.problems)


def test_the_largest_order_is_told_at_once() -> None:
    """As many findings as there are steps, not as there are pairs of them."""
    made = order([Step(1, 1, 1)] * 200)
    for step in made["dosageInstruction"]:
        step["doseAndRate"] *= 20
        step["doseAndRate"] += [{"doseQuantity": {"value": 9, **TABLET}}] * 10
    assert len(lint(json.dumps(made))) == 200


@pytest.mark.hazard("I12")
@pytest.mark.parametrize(
    "words",
    [
        "stop taking",
        "discontinue",
        "hold",
        "then double",
        "with a second tablet at noon",
        "and another in the evening",
        "fortnightly",
        "on workdays",
        "during flares",
        "avoid",
    ],
)
def test_words_that_change_a_dose_are_no_mere_remark(words: str) -> None:
    """Also where the name of the product has the word."""
    assert read_text(f"Take 1 tablet daily, {words}", "Bactrim Double Strength").unread


def test_a_text_longer_than_is_read_is_not_read_in_part() -> None:
    """Its last words may turn round what the first of them say."""
    text = "Take 2 tablets daily for 7 days. Shake well. " + "Swallow gently. " * 60
    read = read_text(text)
    assert len(text) == 1005
    assert (read.steps, read.unread) == ((), (text,))
    assert read_text(text[:1000]).steps


def test_several_and_once_are_no_daily_dose() -> None:
    assert read_text("Take several tablets daily").unread
    assert read_text("Take 1 tablet once").unread
    assert not read_text("Take 1 tablet once daily for 7 days then stop").unread
    assert not read_text("Take 1 tablet daily for 7 days, and stop").unread


def test_a_day_that_is_none_is_not_understood() -> None:
    """An @ of the text's own is never taken for the mark of a date that was read."""
    for words in ("from @2027-02-31", "until \uff202027-02-31"):
        assert "2027-02-31" in read_text(f"Take 1 tablet daily {words}").unread[0]
    assert read_text("Take 1 tablet @ bedtime") == read_text("Take 1 tablet at bedtime")


@pytest.mark.hazard("S12")
@pytest.mark.parametrize("words", ["in the ", "at ", "take 1 tablet and ", "for 1 day ", "1 (= "])
def test_a_text_takes_no_more_than_its_length_in_time(words: str) -> None:
    """Of 1,000 characters: some 20 ms, and far less than a second, whatever they repeat."""
    started = perf_counter()
    read_text((words * 500)[:1000])
    assert perf_counter() - started < 1


@settings(max_examples=150)
@given(st.text() | st.text("0123456789. /()-,;:@xaft mglt\n", max_size=60))
def test_any_text_is_read_or_told(text: str) -> None:
    read_text(text)


@pytest.mark.hazard("S12")
@pytest.mark.parametrize(
    "text", ["1 " * 499, "1/" * 499, "(" * 999, "1 mg (" * 160, "9" * 999, "a " * 480 + "day"]
)
def test_hostile_texts_take_no_time(text: str) -> None:
    assert read_text(text)


# --- what is written here -------------------------------------------------------------


@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*.json")), ids=lambda p: p.stem)
def test_the_orders_of_the_examples_agree_with_themselves(path: Path) -> None:
    """Where days have no dose, the linter says so; it does not understand conditions and diaries.

    A range is supplied for its fast end: 7 days more of 4.5 mg than its steps come to."""
    plan = read_request(path.read_bytes()).plan()
    told = {each.code for each in lint(plan_fhir(plan)) if each.severity > Severity.INFO}
    expected = {
        "living-plan": {"LIN-11", "LIN-19"},
        "alternate-days-with-checks": {"LIN-17", "LIN-19"},
    }
    assert told == expected.get(path.stem, set())


def test_a_rounded_volume_and_a_rounded_mass_agree() -> None:
    """17 of 37 drops per mL of 2.21 mg/mL are 0.4594... mL and 1.0154... mg: 0.459 x 2.21 is less.

    A mass that is off by more than both roundings is still told."""
    drops = Drops(concentration="2.21 mg/mL", drops_per_mL=37)
    order = plan_fhir(
        schedule(Regimen(steps=[{"dose": "3757/3700 mg", "days": 1}]), drops, "2027-01-04")
    )
    assert "about 0.459 mL, about 1.02 mg" in order
    assert [each.code for each in lint(order) if each.code == "LIN-14"] == []
    wrong = order.replace("about 1.02 mg", "about 1.03 mg")
    assert [each.code for each in lint(wrong) if each.code == "LIN-14"] == ["LIN-14"]


@given(plans())
def test_an_order_of_a_plan_agrees_with_itself(plan: Plan) -> None:
    """Rounded words, counts, times and bottles: the linter, written apart, finds no fault.

    Tablets are dispensed whole, so those broken for a dose come to more than the steps need."""
    told = {each.code for each in lint(plan_fhir(plan)) if each.severity > Severity.INFO}
    assert told <= ({"LIN-17"} if isinstance(plan.preparation, Tablets) else set())


def test_only_the_name_of_a_product_is_passed_over() -> None:
    """A figure ends the name: "about" behind it is no part of it."""
    read = read_text("Take about 0.63 mL once a day", "naltrexone: 2.76 mg/mL, about 0.1 mg a drop")
    assert [said.dose.about for step in read.steps for said in step.doses] == [True]


# --- the command ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "exit_code"),
    [
        (DATA / "taper.json", 0),
        (DATA / "titration.json", 0),
        (DATA / "text-only.json", 0),
        (EXAMPLES / "hl7-medrx0303.json", 3),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_the_exit_tells_whether_the_order_agrees(
    path: Path, exit_code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["lint", str(path), "--format", "text"]) == exit_code
    shown = capsys.readouterr()
    assert not shown.err
    assert max(map(len, shown.out.splitlines())) <= 80
    assert ("The order agrees with itself." in shown.out) is (exit_code == 0)


def test_json_is_a_list_of_objects_with_the_same_keys(capsys: pytest.CaptureFixture[str]) -> None:
    main(["lint", str(EXAMPLES / "hl7-medrx0303.json"), "--format", "json"])
    listed = json.loads(capsys.readouterr().out)
    keys = {"order", "code", "severity", "where", "message", "action", "figures"}
    assert len(listed) == 5
    assert all(set(entry) == keys for entry in listed)
    assert listed[0]["figures"] == [
        {
            "from": "text",
            "where": "dosageInstruction[0].text",
            "value": "7",
            "unit": "d",
            "text": "7 days",
        },
        {
            "from": "bounds",
            "where": "dosageInstruction[0].timing.repeat",
            "value": "5",
            "unit": "d",
            "text": "5 days",
        },
    ]
    main(["lint", str(DATA / "taper.json"), "--format", "json"])
    assert capsys.readouterr().out == "[]\n"


def test_what_cannot_be_read_is_one_line_a_problem_and_exit_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = {**ONE, "doNotPerform": "yes", "status": "activ"}
    (tmp_path / "order.json").write_text(json.dumps(made))
    assert main(["lint", str(tmp_path / "order.json")]) == 2
    shown = capsys.readouterr()
    assert not shown.out
    assert sorted(line.partition(":")[0] for line in shown.err.splitlines()) == [
        "doNotPerform",
        "status",
    ]
    assert main(["lint", str(tmp_path / "none.json")]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_several_orders_are_shown_one_below_the_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "orders.json").write_text(json.dumps([ONE, changed(frequency=2)]))
    assert main(["lint", str(tmp_path / "orders.json"), "--format", "text"]) == 3
    out = capsys.readouterr().out
    assert out.index("Examplol 5 mg tablets, [0]") < out.index("Examplol 5 mg tablets, [1]")
    assert "The order agrees with itself." in out


def told_of(text: str) -> tuple[list[str], tuple[str, ...]]:
    read = read_text(text)
    return [str(dose.dose) for step in read.steps for dose in step.doses], read.unread


@pytest.mark.hazard("I12")
@pytest.mark.parametrize(
    ("text", "unread"),
    [
        ("Stop taking 1 tablet once daily", ("stop",)),
        ("Hold 1 tablet once daily", ("hold",)),
        ("Take 5 mg/kg daily", ("/kg",)),
        ("Take 2 tablets daily in divided doses", ("divided",)),
    ],
)
def test_words_that_turn_a_dose_round_are_never_passed_over(
    text: str, unread: tuple[str, ...]
) -> None:
    assert told_of(text) == ([], unread)


def test_an_order_to_stop_at_the_end_is_no_dose() -> None:
    assert told_of("Take 1 tablet daily for 5 days, then stop.") == (["1 tablet"], ())
    assert told_of("Take 1 tablet daily for 5 days and stop") == (["1 tablet"], ())


def test_a_half_of_one_sign_is_added_to_the_number_before_it() -> None:
    assert told_of("Take 1\u00bd tablets daily") == (["1.5 tablets"], ())
    assert told_of("Take \u00bd tablet daily") == (["0.5 tablet"], ())


@pytest.mark.parametrize(
    "parts",
    [
        {"frequency": 2, "period": 2, "when": ["HS"]},
        {"text": "Take 2 tablets twice daily", "frequency": 2, "when": ["AC"]},
        {"code": {"text": "QD"}},
        {"code": {"text": "in the evening"}},
    ],
)
def test_one_time_for_one_dose_and_a_code_that_agrees_are_no_finding(parts: dict[str, Any]) -> None:
    assert "LIN-16" not in [each.code for each in lint(json.dumps(changed(**parts)))]
