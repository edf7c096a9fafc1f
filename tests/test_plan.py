"""Plans, day by day, against the slow planner of oracle.py and against closed forms."""

from __future__ import annotations

import copy
import json
import re
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import oracle
from ldn_titration import (
    Capsules,
    Drops,
    InvalidInputError,
    Mass,
    NotMeasurableError,
    OralSolution,
    Plan,
    Regimen,
    Verdict,
    schedule,
    screen,
)
from ldn_titration.export.document import plan_json
from ldn_titration.testing import known_facts, plans, preparations, regimens_for, start_dates

DROPS = Drops(concentration="5 mg/mL", drops_per_mL=20)
CAPSULES = Capsules(strengths=["1.5 mg", "3 mg", "4.5 mg"])
LIQUID = OralSolution(concentration="1 mg/mL", graduation="0.1 mL")


def request_of(plan: Plan, days: int | None) -> dict[str, Any]:
    """The plan's ingredients as request JSON, for the oracle."""
    steps = json.loads(plan.regimen.model_dump_json())["steps"]
    preparation = json.loads(plan.preparation.model_dump_json())
    tidy = [{k: v for k, v in step.items() if v is not None} for step in steps]
    kept = {name: value for name, value in preparation.items() if value is not None}
    request = {"start": str(plan.start), "regimen": {"steps": tidy}, "preparation": kept}
    return request if days is None else {**request, "length_days": days}


@st.composite
def plans_with_length(draw: st.DrawFn) -> tuple[Plan, int | None]:
    preparation = draw(preparations())
    regimen = draw(regimens_for(preparation))
    days = draw(st.none() | st.integers(1, 200))
    return schedule(regimen, preparation, draw(start_dates()), days=days), days


@pytest.mark.hazard("T02")
@given(plans_with_length())
def test_every_day_step_and_total_is_the_slow_planners(made: tuple[Plan, int | None]) -> None:
    """Rows, dates, steps and sums as JSON equal those worked out day by day."""
    plan, days = made
    expected = oracle.plan(request_of(plan, days))
    found = json.loads(plan_json(plan))
    assert found["days"] == expected["days"]
    assert found["totals"] == expected["totals"]
    steps = [{k: v for k, v in step.items() if k != "units"} for step in found["steps"]]
    assert steps == [{k: v for k, v in step.items() if k != "units"} for step in expected["steps"]]


ANCHORS = [
    (Regimen.ramp("0.25 mg", "0.25 mg", 7, "4.5 mg"), DROPS, 126, "299.25 mg", 120),
    (Regimen.from_protocol("weekly_1_5"), CAPSULES, 21, "63 mg", 15),
    (Regimen.from_protocol("brief_004_standard"), CAPSULES, 56, "189 mg", 29),
    (Regimen.from_protocol("ldnrt_half_weekly"), LIQUID, 84, "252 mg", 57),
    (Regimen.from_protocol("ldnrt_dickson_standard"), LIQUID, 56, "196 mg", 29),
]


@pytest.mark.hazard("T01")
@pytest.mark.parametrize(("regimen", "preparation", "days", "total", "first"), ANCHORS)
def test_the_known_regimens_come_out_right(
    regimen: Regimen, preparation: Any, days: int, total: str, first: int
) -> None:
    plan = schedule(regimen, preparation, "2027-01-04", days=days)
    assert len(plan) == days
    assert str(plan.totals.dose) == total
    assert next(day.day for day in plan if day.dose == Mass("4.5 mg")) == first


def test_eighteen_weeks_of_drops_count_1197_drops_and_59_85_ml() -> None:
    plan = schedule(ANCHORS[0][0], DROPS, "2027-01-04", days=126)
    assert plan.totals.units == {"drops": 1197, "volume": "59.85 mL"}
    assert 5 * Fraction("59.85") == Fraction("299.25")  # mg, by the strength alone
    assert [day.units["drops"] for day in plan][::7] == list(range(1, 19))


@given(plans(), st.data())
def test_index_slice_and_date_give_the_days_of_iteration(plan: Plan, data: st.DataObject) -> None:
    days = list(plan)
    place = data.draw(st.integers(-len(days), len(days) - 1))
    cut = slice(*data.draw(st.tuples(*[st.none() | st.integers(-400, 400)] * 2)))
    assert plan[place] == days[place]
    assert plan[cut] == tuple(days[cut])
    assert plan.on(days[place].date) == days[place]


def test_the_last_increment_of_a_ramp_may_be_smaller() -> None:
    """B135: 0.25 by 0.4 to 4.5 ends 4.25, 4.5 and never overshoots."""
    doses = [step.daily_dose for step in Regimen.ramp("0.25 mg", "0.4 mg", 7, "4.5 mg").steps]
    assert [str(dose) for dose in doses[-2:]] == ["4.25 mg", "4.5 mg"]
    assert doses == sorted(doses)


def test_every_unmeasurable_step_is_named_with_its_neighbours() -> None:
    regimen = Regimen(steps=[{"dose": f"{n} mg", "days": 7} for n in ("2", "3", "4", "10")])
    with pytest.raises(NotMeasurableError) as caught:
        schedule(regimen, Capsules(strengths=["3 mg"]), "2027-01-04")
    errors = (caught.value, *caught.value.also)
    told = [(e.step, str(e.dose), str(e.below), str(e.above)) for e in errors]
    assert told == [
        (1, "2 mg", "None", "3 mg"),
        (3, "4 mg", "3 mg", "6 mg"),
        (4, "10 mg", "9 mg", "12 mg"),
    ]


def test_a_step_beyond_the_length_is_not_measured() -> None:
    regimen = Regimen(steps=[{"dose": "3 mg", "days": 7}, {"dose": "4 mg"}])
    assert len(schedule(regimen, Capsules(strengths=["3 mg"]), "2027-01-04", days=7)) == 7


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"start": "2027-02-29"}, "start"),
        ({"start": "20270104"}, "start"),
        ({"start": "9999-12-30"}, "start"),
        ({"start": "9999-12-30", "days": 3}, "start"),
        # Told at once, whatever the diary says: neither a stop nor a fault in it comes first.
        ({"start": "9999-12-30", "diary": [{"event": "stopped", "on": "9999-12-31"}]}, "start"),
        ({"start": "9999-12-30", "diary": [{"event": "missed", "on": "9999-12-29"}]}, "start"),
        ({"days": 0}, "days"),
        ({"days": 3661}, "days"),
        ({"days": True}, "days"),
        ({"days": 7.0}, "days"),
        ({"diary": [{"event": "missed"}]}, "diary[0].on"),
        ({"screening": screen(known_facts(), "2027-01-05")}, "screening"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(changes: dict[str, Any], path: str) -> None:
    arguments = {"start": "2027-01-04", "days": 7, **changes}
    with pytest.raises(InvalidInputError) as caught:
        schedule(Regimen(steps=[{"dose": "1.5 mg"}]), CAPSULES, **arguments)
    assert [problem.path for problem in caught.value.problems] == [path]


def test_the_last_day_of_the_calendar_can_be_planned() -> None:
    plan = schedule(Regimen(steps=[{"dose": "1.5 mg"}]), CAPSULES, "9999-12-30", days=2)
    assert [day.date for day in plan] == [date(9999, 12, 30), date.max]


def test_a_day_outside_the_plan_is_refused_with_its_dates() -> None:
    plan = schedule(Regimen(steps=[{"dose": "1.5 mg"}]), CAPSULES, "2027-01-04", days=2)
    with pytest.raises(
        InvalidInputError, match="2027-01-06 is outside .* 2027-01-04 to 2027-01-05"
    ):
        plan.on("2027-01-06")
    for index in (2, 3, -3):
        with pytest.raises(IndexError, match=f"day index {index} of a plan of 2 days"):
            plan[index]
    assert (plan[-2], plan[-1]) == (plan[0], plan[1])


def test_a_plan_is_a_draft_until_a_screening_clears() -> None:
    regimen = Regimen(steps=[{"dose": "1.5 mg"}])
    clear = screen(known_facts(), "2027-01-04", regimen)
    hold = screen(known_facts(pregnant="yes"), "2027-01-04", regimen)
    status = {
        name: schedule(regimen, CAPSULES, "2027-01-04", days=1, screening=screening).status
        for name, screening in {"none": None, "clear": clear, "hold": hold}.items()
    }
    assert status == {"none": "draft", "clear": "cleared", "hold": "draft"}


def test_doses_are_judged_though_the_screening_knew_no_regimen() -> None:
    """A dose above the ceiling cannot slip through a screening made without the regimen."""
    regimen = Regimen(steps=[{"dose": "45 mg"}])
    screening = screen(known_facts(), "2027-01-04")
    plan = schedule(regimen, Capsules(strengths=["4.5 mg"]), "2027-01-04", screening=screening)
    assert screening.verdict is Verdict.CLEAR
    assert plan.screening.verdict is Verdict.STOP
    assert plan.status == "draft"


@given(plans())
def test_a_plan_is_a_value(plan: Plan) -> None:
    """B368: a deep copy is equal, with equal hash and equal bytes; nothing can be set."""
    twin = copy.deepcopy(plan)
    assert twin == plan
    assert hash(twin) == hash(plan)
    assert plan_json(twin) == plan_json(plan)
    assert plan != None  # noqa: E711 - B371
    with pytest.raises(AttributeError):
        plan.steps = ()


@pytest.mark.hazard("T03")
def test_ranges_of_starts_and_lengths_have_no_hole() -> None:
    """T03: over a leap day and the turn of a century, row i is start + i."""
    regimen = Regimen(steps=[{"dose": "1.5 mg", "days": 20}, {"dose": "3 mg"}])
    for start in (date(2000, 2, 20), date(2099, 12, 20), date(2100, 2, 20), date(2028, 2, 20)):
        for days in range(1, 60):
            dates = [day.date for day in schedule(regimen, CAPSULES, start, days=days)]
            assert dates == [start + timedelta(days=n) for n in range(days)]


def test_a_notebook_shows_the_steps_of_a_plan() -> None:
    """A missed day has no dose; two doses a day stand with their times."""
    steps = [{"dose": "1 mg", "days": 2}, {"doses": {"morning": "1 mg", "bedtime": "2 mg"}}]
    missed = [{"event": "missed", "on": "2027-01-05"}]
    plan = schedule(Regimen(steps=steps), LIQUID, "2027-01-04", days=5, diary=missed)
    shown = plan._repr_html_()
    caption = "Plan (DRAFT): naltrexone hydrochloride, 2027-01-04 to 2027-01-08"
    assert f"<caption>{caption}</caption>" in shown
    twice = "morning: 1 mL (1 mg); bedtime: 2 mL (2 mg)"
    assert re.findall(r"<t[hd] [^>]*>(.*?)</t[hd]>", shown) == [
        *["Step", "Dose a day", "Take", "From", "To", "Days"],
        *["1", "1 mg", "1 mL (1 mg)", "2027-01-04", "2027-01-04", "1"],
        *["1", "", "no dose", "2027-01-05", "2027-01-05", "1"],
        *["1", "1 mg", "1 mL (1 mg)", "2027-01-06", "2027-01-06", "1"],
        *["2", "3 mg", twice, "2027-01-07", "2027-01-08", "2"],
    ]


def test_ranges_without_an_open_end_are_laid_out_by_their_fewest_days_too() -> None:
    """3 to 5 days, then 2 to 4: whoever climbs fast takes five days in place of nine."""
    steps = [
        {"dose": "1 mg", "days": 5, "fewest_days": 3},
        {"dose": "2 mg", "days": 4, "fewest_days": 2},
    ]
    plan = schedule(Regimen(steps=steps), LIQUID, "2027-01-04")
    assert [step.days for step in plan.steps] == [5, 4]
    assert [step.days for step in plan.fast_steps] == [3, 2]
    fixed = schedule(Regimen(steps=[{"dose": "1 mg", "days": 5}]), LIQUID, "2027-01-04")
    assert fixed.fast_steps is fixed.steps


def test_what_is_checked_before_the_first_step_stands_with_it() -> None:
    steps = [{"dose": "1 mg", "days": 5, "only_if": "liver tests are back"}, {"dose": "2 mg"}]
    plan = schedule(Regimen(steps=steps), LIQUID, "2027-01-04")
    assert [step.only_if for step in plan.steps] == ["liver tests are back", ""]


def test_the_fast_end_of_a_plan_with_a_diary_is_as_long_as_the_plan() -> None:
    """One day, one missed, and after that two of the four that are left of 3 to 5; then open."""
    steps = [{"dose": "1 mg", "days": 5, "fewest_days": 3}, {"dose": "2 mg"}]
    missed = [{"event": "missed", "on": "2027-01-05"}]
    plan = schedule(Regimen(steps=steps), LIQUID, "2027-01-04", diary=missed)
    assert [step.days for step in plan.steps] == [1, 1, 4, 28]
    assert [step.days for step in plan.fast_steps] == [1, 1, 2, 30]
