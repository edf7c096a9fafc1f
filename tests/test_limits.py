"""Limits before work: absurd inputs are answered at once, whatever they are."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import date, timedelta

import pytest

import hostile_inputs
from ldn_titration import InvalidInputError, LdnTitrationError, OralSolution, Regimen, schedule
from ldn_titration.errors import MOST_TOLD, Problem
from ldn_titration.knowledge import knowledge
from ldn_titration.request import read_request

pytestmark = pytest.mark.hazard("S01")

MOST_SECONDS = 4.0
"""Of processor time: the goal is one, and a test's machine may be several times slower."""

IN_TESTS = {"screen", "bundle", "medicines", "lint", "overlay", "opioid", "mass", "read_plan"}


def seconds(call: Callable[[], object]) -> float:
    """The processor time of a call that gives a value or an error of ours."""
    before = time.process_time()
    try:
        call()
    except LdnTitrationError as error:
        assert len(str(error).splitlines()) <= MOST_TOLD + 1
    return time.process_time() - before


@pytest.mark.parametrize("door", sorted(IN_TESTS))
def test_any_input_of_1_mib_is_answered_soon(door: str) -> None:
    """P60: a value or an error of ours, of at most 101 lines; `make prove` has all doors."""
    knowledge().read_all()
    slow = {
        each.name: spent
        for each in hostile_inputs.inputs()
        if each.door == door
        and (spent := seconds(lambda each=each: hostile_inputs.DOORS[door](each.data)))  # type: ignore[misc]
        > MOST_SECONDS
    }
    assert slow == {}


def test_a_plan_of_a_billion_days_is_refused_in_a_millisecond() -> None:
    step = {"steps": [{"dose": "1 mg", "days": 10**9}]}
    data = json.dumps({**hostile_inputs.GOOD, "regimen": step, "length_days": 10**9}).encode()
    with pytest.raises(InvalidInputError) as raised:
        read_request(data)
    assert [str(problem) for problem in raised.value.problems] == [
        "length_days: must be 3660 or less, not 1000000000",
        "regimen.steps[0].days: must be 3660 or less, not 1000000000",
    ]
    assert min(seconds(lambda: read_request(data)) for _ in range(20)) < 0.005


LIQUID = OralSolution.model_validate(hostile_inputs.LIQUID)


def planned(days: list[int]) -> int:
    steps = [{"dose": "1 mg", "days": each} for each in days]
    return len(schedule(Regimen.model_validate({"steps": steps}), LIQUID, "2027-01-04"))


def test_a_plan_has_at_most_36_600_days() -> None:
    assert planned([3660] * 10) == 36_600
    for days in ([3660] * 10 + [1], [3660] * 200):
        with pytest.raises(InvalidInputError) as raised:
            planned(days)
        assert raised.value.problems == (
            Problem(
                "regimen",
                "makes a plan of more than 36600 days; state its length, at most 3660 days",
            ),
        )
    held = [
        {"event": "held", "on": str(date(2027, 1, 4) + timedelta(n)), "days": 3660}
        for n in range(11)
    ]
    regimen = Regimen.model_validate({"steps": [{"dose": "1 mg", "days": 3660}] * 10})
    with pytest.raises(InvalidInputError, match="diary: makes a plan of more than 36600 days"):
        schedule(regimen, LIQUID, "2027-01-04", diary=held)
    assert len(schedule(regimen, LIQUID, "2027-01-04", diary=held, days=3660)) == 3660


def test_of_very_many_problems_the_first_hundred_are_told_and_how_many_more() -> None:
    """Every problem at once, as long as a person can read them."""
    for count, lines in ((99, 99), (100, 100), (101, 101), (50_000, 101)):
        keys = {f"k{n}": n for n in range(count)}
        with pytest.raises(InvalidInputError) as raised:
            read_request(json.dumps({**hostile_inputs.GOOD, **keys}))
        told = str(raised.value).splitlines()
        assert len(told) == lines
        assert told[0] == "k0: is no known key"
        if count > 100:
            assert told[-1] == f"and {count - 100:,} more problems: these are the first 100"
        assert len(raised.value.problems) + raised.value.more == count
