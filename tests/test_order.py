"""Orders held against a plan, each figure worked out by hand."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ldn_titration import (
    Capsules,
    InvalidInputError,
    OralSolution,
    Order,
    Plan,
    Regimen,
    Severity,
    Volume,
    check_order,
    schedule,
    supply,
)

SLOWLY = Regimen.ramp("0.1 mg", "0.1 mg", 4, "0.5 mg", fewest_days=3)
LIQUID = OralSolution(concentration="1 mg/mL", graduation="0.1 mL", beyond_use_days=60)
FIFTY_SIX = schedule(SLOWLY, LIQUID, "2027-01-04", days=56)
CAPSULES = schedule(
    Regimen.from_protocol("brief_004_standard"),
    Capsules(strengths=["1.5 mg", "3 mg", "4.5 mg"], beyond_use_days=180),
    "2027-01-04",
    days=56,
)


def told(plan: Plan, **order: Any) -> list[str]:
    return [f"{f.code} {f.message}" for f in check_order(Order(**order), plan, supply(plan))]


@pytest.mark.parametrize(
    ("plan", "order", "findings"),
    [
        # 0.1 to 0.4 mL for 3 days each are 3 mL; 44 days of 0.5 mL are 22 mL: 25 mL.
        (FIFTY_SIX, {"quantity": "25 mL", "days_supply": 56}, []),
        (FIFTY_SIX, {"quantity": "25 mL"}, []),
        (
            FIFTY_SIX,
            {"quantity": "24.9 mL"},
            ["ORD-01 The order is for 24.9 mL in all; the plan needs 25 mL."],
        ),
        # 5.6 mL: 3 mL in 12 days, then 5 days of 0.5 mL: 17 days.
        (
            FIFTY_SIX,
            {"quantity": "5.6 mL", "days_supply": 56},
            [
                "ORD-01 The order is for 5.6 mL in all; the plan needs 25 mL.",
                "ORD-02 The first fill lasts 17 days; 56 are stated.",
            ],
        ),
        # Two fills of 15 mL are enough; the first lasts 12 + 24 = 36 days.
        (FIFTY_SIX, {"quantity": "15 mL", "days_supply": 36, "refills": 1}, []),
        (
            FIFTY_SIX,
            {"quantity": "15 mL", "days_supply": 20, "refills": 1},
            [
                "ORD-02 The first fill lasts 36 days; 20 are stated.",
                "ORD-02 2 fills of 20 days: 40 days; the plan has 56.",
            ],
        ),
        # 100 mL would last the plan; a bottle is used for 60 days, longer than the plan.
        (
            FIFTY_SIX,
            {"quantity": "100 mL", "days_supply": 90},
            [
                "ORD-01 The order is for 100 mL in all; the plan needs 25 mL.",
                "ORD-03 90 days' supply is stated, but it may be used for 60 days only.",
            ],
        ),
        (CAPSULES, {"quantity": {"1.5 mg": 14, "3 mg": 14, "4.5 mg": 28}, "days_supply": 56}, []),
        (
            CAPSULES,
            {"quantity": {"1.5 mg": 14, "3 mg": 13, "4.5 mg": 28}, "days_supply": 27},
            [
                "ORD-01 The order is for 13 of 3 mg in all; the plan needs 14 of 3 mg.",
                "ORD-02 1 fill of 27 days: 27 days; the plan has 56.",
            ],
        ),
        (
            CAPSULES,
            {"quantity": {"1.5 mg": 30}},
            [
                "ORD-01 The order is for 0 of 4.5 mg in all; the plan needs 28 of 4.5 mg.",
                "ORD-01 The order is for 0 of 3 mg in all; the plan needs 14 of 3 mg.",
                "ORD-01 The order is for 30 of 1.5 mg in all; the plan needs 14 of 1.5 mg.",
            ],
        ),
    ],
)
def test_an_order_is_told_with_the_figures_of_both_sides(
    plan: Plan, order: dict[str, Any], findings: list[str]
) -> None:
    assert told(plan, **order) == findings


DROPS_14_DAYS = schedule(
    Regimen(steps=[{"dose": "3 mg"}]),
    OralSolution(concentration="1 mg/mL", graduation="0.1 mL", beyond_use_days=14),
    "2027-01-04",
    days=28,
)


def test_fills_that_are_enough_by_volume_may_not_be_enough_by_their_date() -> None:
    """84 mL of 3 mL a day are enough for 28 days, but a bottle is used for 14."""
    assert told(DROPS_14_DAYS, quantity="84 mL") == [
        "ORD-01 The order is for 1 fill of 84 mL; the plan needs 2, for each is used for "
        "14 days only and in whole doses."
    ]
    assert told(DROPS_14_DAYS, quantity="42 mL", refills=1, days_supply=14) == []
    # 8 mL hold two doses of 3 mL: 14 fills, though 11 would hold the volume.
    assert told(DROPS_14_DAYS, quantity="8 mL", refills=10) == [
        "ORD-01 The order is for 11 fills of 8 mL; the plan needs 14, for each is used for "
        "14 days only and in whole doses."
    ]
    assert told(DROPS_14_DAYS, quantity="2 mL", refills=50) == [
        "ORD-01 A fill of 2 mL is less than a dose of 3 mL."
    ]


def test_much_more_than_is_dispensed_and_other_strengths_are_told() -> None:
    assert told(DROPS_14_DAYS, quantity="900 mL", refills=11) == [
        "ORD-01 The order is for 10800 mL in all; the plan needs 84 mL."
    ]
    assert told(CAPSULES, quantity={"1.5 mg": 14, "3 mg": 14, "4.5 mg": 28, "2 mg": 70}) == [
        "ORD-01 The order is for 70 of 2 mg in all; the plan needs 0 of 2 mg."
    ]


def test_every_other_day_lasts_twice_as_long() -> None:
    """3 mL of 1 mL every other day from day 1: days 1, 3, 5; the fourth dose is on day 7."""
    step = {"dose": "1 mg", "cycle": {"days_on": 1, "days_off": 1}}
    plan = schedule(Regimen(steps=[step]), LIQUID, "2027-01-04", days=20)
    assert told(plan, quantity="3 mL", days_supply=6) == [
        "ORD-01 The order is for 3 mL in all; the plan needs 10 mL.",
        "ORD-02 1 fill of 6 days: 6 days; the plan has 20.",
    ]


def test_days_without_a_dose_make_a_fill_last_longer() -> None:
    """10 mL of 1 mL: 2 doses, 5 days of a pause, 8 doses more: 15 days."""
    paused = {"event": "paused", "on": "2027-01-06", "until": "2027-01-11"}
    regimen = Regimen(steps=[{"dose": "1 mg"}])
    plan = schedule(regimen, LIQUID, "2027-01-04", days=15, diary=[paused])
    assert told(plan, quantity="10 mL", days_supply=15) == []
    assert told(plan, quantity="9 mL", refills=1, days_supply=15) == [
        "ORD-02 The first fill lasts 14 days; 15 are stated."
    ]


def test_a_fill_that_outlasts_the_plan_is_not_said_to_end_with_it() -> None:
    """30 mL leave 5 mL after the 56 days; 60 days' supply may well be true."""
    long = LIQUID.model_copy(update={"beyond_use_days": 90})
    plan = schedule(SLOWLY, long, "2027-01-04", days=56)
    assert told(plan, quantity="30 mL", days_supply=60) == []
    assert told(plan, quantity="30 mL", days_supply=50) == [
        "ORD-02 The first fill lasts 56 days; 50 are stated.",
        "ORD-02 1 fill of 50 days: 50 days; the plan has 56.",
    ]


@pytest.mark.parametrize(
    ("plan", "quantity", "path"),
    [(FIFTY_SIX, {"1.5 mg": 14}, "order.quantity"), (CAPSULES, "30 mL", "order.quantity")],
)
def test_a_volume_of_capsules_and_counts_of_a_liquid_are_refused(
    plan: Plan, quantity: Any, path: str
) -> None:
    with pytest.raises(InvalidInputError) as caught:
        told(plan, quantity=quantity)
    assert [problem.path for problem in caught.value.problems] == [path]


@pytest.mark.parametrize(
    ("quantity", "path"),
    [
        ("30", "quantity"),
        ("30 mg", "quantity"),
        (30, "quantity"),
        ({}, "quantity"),
        ({"1.5 mg": 0}, "quantity.1.5 mg"),
        ({"1.5 mg": 1.5}, "quantity.1.5 mg"),
        ({"1.5 mg": True}, "quantity.1.5 mg"),
        ({"1.5": 14}, "quantity.1.5"),
        ({"0 mg": 14}, "quantity.0 mg"),
        ({"1.5 mg": 1, "1500 mcg": 2}, "quantity.1.5 mg"),
        ("0 mL", "quantity"),
        ((1,), "quantity"),
    ],
)
def test_a_quantity_without_sense_is_refused_by_its_path(quantity: Any, path: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        Order(quantity=quantity)
    assert [problem.path for problem in caught.value.problems] == [path]


@given(
    st.one_of(
        st.integers(1, 500).map(lambda n: f"{n} mL"),
        st.dictionaries(st.sampled_from(["1.5 mg", "3 mg"]), st.integers(1, 99), min_size=1),
    ),
    st.none() | st.integers(1, 400),
    st.integers(0, 12),
)
def test_an_order_round_trips(quantity: Any, days: int | None, refills: int) -> None:
    order = Order(quantity=quantity, days_supply=days, refills=refills)
    assert Order.model_validate_json(order.model_dump_json()) == order


@given(st.integers(1, 60), st.integers(0, 3))
def test_what_the_plan_dispenses_is_never_too_little(days: int, more: int) -> None:
    """An order for what `supply` asks for, or more, is enough."""
    plan = schedule(SLOWLY, LIQUID, "2027-01-04", days=days)
    order = Order(quantity=supply(plan).dispense.quantity + Volume(f"{more} mL"))
    found = check_order(order, plan, supply(plan))
    assert all(finding.severity is Severity.INFO for finding in found)
