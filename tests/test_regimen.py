"""Regimens that make no sense: each is refused by name, in every way of stating one."""

from __future__ import annotations

import re
from typing import Any

import pytest

from ldn_titration import InvalidInputError, Mass, Regimen, TimedDose, TitrationStep
from ldn_titration.knowledge import knowledge
from ldn_titration.request import RampRegimen


def problems(make: Any, **stated: Any) -> list[tuple[str, str]]:
    """What is wrong with it: of each problem the path, and how its message begins."""
    with pytest.raises(InvalidInputError) as caught:
        make(**stated)
    return [(problem.path, problem.message) for problem in caught.value.problems]


def begins(make: Any, stated: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    found = problems(make, **stated)
    assert [path for path, _ in found] == [path for path, _ in expected]
    for (_, message), (_, words) in zip(found, expected, strict=True):
        assert message.startswith(words)


MORNING, BEDTIME = TimedDose("morning", Mass("1 mg")), TimedDose("bedtime", Mass("2 mg"))


def test_doses_at_times_stand_in_the_order_of_the_day_however_they_are_told() -> None:
    for doses in ({"bedtime": "2 mg", "morning": "1 mg"}, (BEDTIME, MORNING)):
        step = TitrationStep(doses=doses)
        assert step.doses == (MORNING, BEDTIME)
        assert step.daily_dose == Mass("3 mg")


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ({"doses": {}}, [("doses", 'must be an object such as {"morning": "1 mg"')]),
        ({"doses": [["morning", "1 mg"]]}, [("doses", "must be an object such as")]),
        ({"doses": {"noonish": "1 mg"}}, [("doses.noonish", "is no time of day; use morning")]),
        ({"doses": {"morning": "0 mg"}}, [("doses.morning", "must be more than zero")]),
        ({"doses": {"morning": "1"}}, [("doses.morning", '"1" lacks its unit')]),
        (
            {"doses": {"morning": "0 mg", "dawn": "1 mL"}},
            [
                ("doses.morning", "must be more than zero"),
                ("doses.dawn", "is no time of day"),
                ("doses.dawn", '"1 mL" is a volume'),
            ],
        ),
        (
            {"doses": (MORNING, MORNING)},
            [("doses.morning", "stands twice"), ("doses.morning", "stands twice")],
        ),
        ({}, [("", 'needs exactly one of "dose"')]),
        ({"dose": "1 mg", "doses": (MORNING,)}, [("", 'needs exactly one of "dose"')]),
        ({"doses": (MORNING,), "doses_per_day": 2}, [("doses_per_day", 'is told by "doses"')]),
        ({"dose": "1 mg", "fewest_days": 7}, [("fewest_days", 'must not be more than "days"')]),
        (
            {"dose": "1 mg", "days": 7, "fewest_days": 8},
            [("fewest_days", 'must not be more than "days"')],
        ),
    ],
)
def test_a_step_without_sense_is_refused_by_its_field(
    stated: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    begins(TitrationStep, stated, expected)


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ({"every_days": 0}, [("every_days", "must be a whole number of days from 1 to 3660")]),
        ({"every_days": 3661}, [("every_days", "must be a whole number of days")]),
        ({"every_days": True}, [("every_days", "must be a whole number of days")]),
        ({"every_days": 7.0}, [("every_days", "must be a whole number of days")]),
        ({"from_": "0 mg"}, [("from", "must be more than zero")]),
        ({"by": "1 mL", "to": "0 mg"}, [("by", '"1 mL" is a volume'), ("to", "must be more")]),
        ({"by": "0.01 mg", "to": "2.5 mg"}, [("by", "makes 201 steps to 2.5 mg; at most 200")]),
        ({"by": "0.01 mg"}, [("by", "makes 401 steps to 4.5 mg; at most 200 are planned")]),
    ],
)
def test_a_ramp_without_sense_is_refused_by_its_argument(
    stated: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    """From 0.5 mg by 0.01 mg, 4.5 mg is the 401st step."""
    asked = {"from_": "0.5 mg", "by": "0.5 mg", "every_days": 7, "to": "4.5 mg", **stated}
    begins(
        lambda from_, by, every_days, to: Regimen.ramp(from_, by, every_days, to), asked, expected
    )


def test_the_last_ramp_that_is_planned_has_200_steps() -> None:
    assert len(Regimen.ramp("0.5 mg", "0.01 mg", 7, "2.49 mg").steps) == 200
    assert len(Regimen.ramp("2.49 mg", "0.01 mg", 7, "0.5 mg").steps) == 200, "down as well"


def test_a_step_of_a_ramp_lasts_ten_years_at_most() -> None:
    steps = Regimen.ramp("0.5 mg", "0.5 mg", 3660, "1.5 mg").steps
    assert [step.days for step in steps] == [3660, 3660, None]


def test_a_notebook_shows_the_steps_of_a_regimen() -> None:
    shown = Regimen.ramp("1.5 mg", "1.5 mg", 7, "4.5 mg")._repr_html_()
    assert re.findall(r"<caption>(.*?)</caption>", shown) == ["Regimen"]
    cells = re.findall(r"<t[hd] [^>]*>(.*?)</t[hd]>", shown)
    assert cells == [
        *["Step", "Dose a day", "Days"],
        *["1", "1.5 mg", "7"],
        *["2", "3 mg", "7"],
        *["3", "4.5 mg", "open-ended"],
    ]


def test_a_request_for_a_ramp_has_a_fast_end_that_is_not_slower() -> None:
    ramp = {"from": "0.5 mg", "by": "0.5 mg", "every_days": 7, "to": "4.5 mg"}
    assert problems(RampRegimen, ramp={**ramp, "fewest_days": 8}) == [
        ("ramp.fewest_days", "must be 7 or less, as every_days is")
    ]
    assert RampRegimen(ramp={**ramp, "fewest_days": 7}).regimen().steps[0].fewest_days == 7


@pytest.mark.parametrize(
    ("stated", "words"),
    [
        ({"id": "no_such"}, "is no known protocol; known: "),
        ({"id": "uldn"}, "uldn is not planned: "),
        ({"id": "open"}, 'gives no steps; also state "by" and "every_days"'),
        ({"id": "open", "by": "1 mg"}, 'gives no steps; also state "by" and "every_days"'),
        ({"id": "weekly_1_5", "by": "1 mg", "every_days": 7}, "weekly_1_5 has its own steps"),
    ],
)
def test_a_protocol_that_cannot_be_planned_is_refused_with_its_reason(
    stated: dict[str, Any], words: str
) -> None:
    rows = knowledge().protocols.values()
    if stated["id"] == "open":
        stated = {**stated, "id": next(row.id for row in rows if row.kind == "open")}
    ((path, message),) = problems(Regimen.from_protocol, **stated)
    assert path == "protocol"
    assert words in message
    if "known: " in words:
        refused = {row.id for row in rows if row.kind == "refused"}
        assert not refused & set(message.partition("known: ")[2].split(", "))
