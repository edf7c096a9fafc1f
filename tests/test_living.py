"""What a living plan says on its pages: notes on their days, findings, dates that move."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import pytest

from ldn_titration import (
    Capsules,
    Drops,
    OralSolution,
    PatientFacts,
    Plan,
    PlannedOpioid,
    Regimen,
    Severity,
    Supply,
    best_strengths,
    schedule,
    screen,
    supply,
)
from ldn_titration.render.calendar import Note, calendar
from ldn_titration.render.text import plan_text
from ldn_titration.testing import known_facts

STEPS = [{"dose": "1.5 mg", "days": 7}, {"dose": "3 mg", "days": 7}, {"dose": "4.5 mg"}]
LIQUID = OralSolution(
    concentration="1 mg/mL", graduation="0.05 mL", bottle="30 mL", beyond_use_days=30
)
DROPS = Drops(concentration="5 mg/mL", drops_per_mL=20, bottle="10 mL", beyond_use_days=14)
OXYCODONE = {"substance": "oxycodone", "release": "immediate"}


def plan(
    *diary: dict[str, Any],
    steps: Sequence[dict[str, Any]] = STEPS,
    days: int | None = 90,
    start: str = "2027-01-04",
    preparation: Any = LIQUID,
    patient: PatientFacts | None = None,
) -> Plan:
    regimen = Regimen(steps=steps)
    facts = patient or known_facts()
    screening = screen(facts, start, regimen, preparation, days=days)
    return schedule(regimen, preparation, start, days=days, screening=screening, diary=list(diary))


def on(day: str, event: str, **more: Any) -> dict[str, Any]:
    return {"event": event, "on": f"2027-{day}", **more}


def notes(made: Plan, needed: Supply | None = None) -> dict[str, list[Note]]:
    cells = (cell for grid in calendar(made, needed) for week in grid.weeks for cell in week)
    return {
        str(cell.on)[5:]: [n._replace(text=n.text.replace("\u00a0", " ")) for n in cell.notes]
        for cell in cells
        if cell and cell.notes
    }


def texts(made: Plan, day: str, needed: Supply | None = None) -> list[str]:
    return [note.text for note in notes(made, needed).get(day, [])]


def dues(made: Plan) -> dict[str, str]:
    return {due.title: str(due.on) for due in made.screening.milestones}


def told(made: Plan, code: str) -> list[str]:
    return [f.message for f in made.screening.findings if f.code == code]


# --- the review -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("diary", "review"),
    [
        ([], "2027-04-18"),  # three months after 18 January, the first day of 4.5 mg
        ([on("01-13", "held", days=7)], "2027-04-25"),
        ([on("01-13", "missed")], "2027-04-19"),
        # Settled at 3 mg since 11 January, a week before the target was to be reached.
        ([on("01-13", "stayed")], "2027-04-11"),
        # A gap of 16 days on the way up: again from 29 January, 4.5 mg from 12 February.
        ([on("01-13", "paused", until="2027-01-29")], "2027-05-13"),
        ([on("01-20", "stopped")], None),
        ([on("01-20", "opioid", exposure={**OXYCODONE, "ongoing": True})], "2027-04-18"),
    ],
)
def test_the_review_moves_with_the_day_the_dose_was_reached(
    diary: list[dict[str, Any]], review: str | None
) -> None:
    assert dues(plan(*diary)).get("Review") == review


def test_a_review_that_the_diary_moves_beyond_the_calendar_is_left_out() -> None:
    """4.5 mg from 15 November 9988; held for 3,660 and 375 days, from December 9999 on."""
    held = ({"event": "held", "on": "9988-11-03", "days": 3660},)
    late = (*held, {"event": "held", "on": "9998-11-15", "days": 375})
    made = [plan(*diary, start="9988-11-01", days=None) for diary in ((), held, late)]
    assert [dues(each).get("Review") for each in made] == ["9989-02-15", "9999-02-23", None]


def test_a_review_has_boxes_to_go_on_and_to_stop() -> None:
    (note,) = (n for n in notes(plan(days=120))["04-18"] if n.text == "Review")
    assert note.ticks == ("continue", "stop")


# --- steps ----------------------------------------------------------------------------

CHECKED = [
    {"dose": "1.5 mg", "days": 14, "fewest_days": 7},
    {"dose": "3 mg", "days": 14, "fewest_days": 7, "only_if": "1.5 mg is tolerated"},
    {"dose": "4.5 mg"},
]


def test_a_check_stands_with_its_box_where_the_dose_goes_up() -> None:
    check = Note("Only if 1.5 mg is tolerated", ("checked",))
    checks = {day for day, found in notes(plan(steps=CHECKED)).items() if check in found}
    assert checks == {"01-18"}


def test_no_check_stands_on_a_half_dose_or_a_step_back() -> None:
    halved = plan(on("01-20", "halved"), steps=CHECKED)
    assert not texts(halved, "01-20")
    assert "Only if 1.5 mg is tolerated" in texts(halved, "02-03")  # 3 mg again in full
    back = plan(on("02-03", "stepped_back"), steps=CHECKED)
    assert "Only if 1.5 mg is tolerated" not in texts(back, "02-03")


def test_the_earliest_day_of_the_next_step_is_marked_with_its_condition() -> None:
    made = plan(steps=CHECKED)
    assert "Next step possible, only if 1.5 mg is tolerated" in texts(made, "01-11")
    assert "Next step possible" in texts(made, "01-25")


@pytest.mark.hazard("T12")
def test_a_cycle_that_an_event_splits_says_when_its_next_dose_is() -> None:
    """Every other day from 4 January: 10 is on, 11 off; held at 11, the next dose is on 12."""
    step = {"dose": "1.5 mg", "days": 28, "cycle": {"days_on": 1, "days_off": 1}}
    made = plan(on("01-11", "held", days=2), steps=[step])
    held = next(step for step in made.steps if step.why.startswith("held"))
    assert held.take == "1.5 mL (1.5 mg), every other day, first dose 2027-01-12"
    assert [d.dose is not None for d in made[6:10]] == [True, False, True, False]


# --- opioids --------------------------------------------------------------------------


def test_an_opioid_is_told_with_its_last_dose_and_its_days() -> None:
    made = plan(on("01-13", "opioid", exposure=OXYCODONE))
    assert told(made, "DIA-01") == [
        "oxycodone, last dose 2027-01-13: 10 opioid-free days are kept; no dose before 2027-01-24."
    ]
    assert (
        made.on("2027-01-23").why == "opioid-free interval after oxycodone, last dose 13 Jan 2027"
    )
    assert notes(made)["01-24"] == [Note("Only if no opioid was taken since", ("checked",))]
    assert made.screening.verdict.value == "caution"
    assert made.status == "cleared"


def test_doses_that_fell_into_the_interval_are_told() -> None:
    late = plan(on("01-13", "opioid", exposure={**OXYCODONE, "last_taken": "2027-01-10"}))
    assert "watch for withdrawal" in told(late, "DIA-01")[0]
    assert str(next(d for d in late[9:] if d.dose).date) == "2027-01-21"
    before = plan(on("01-13", "opioid", exposure={**OXYCODONE, "last_taken": "2026-12-20"}))
    assert "before the start" in told(before, "DIA-01")[0]


def test_a_last_dose_with_a_time_counts_on_its_day_where_the_plan_is() -> None:
    """23:30 ten hours behind UTC is the next evening ten hours ahead of it."""
    taken = {**OXYCODONE, "last_taken": "2027-01-10T23:30:00-10:00"}
    here = plan(on("01-11", "opioid", exposure=taken), start="2027-01-04T22:00+10:00")
    assert str(next(d for d in here[7:] if d.dose).date) == "2027-01-22"
    written = plan(on("01-11", "opioid", exposure=taken))
    assert str(next(d for d in written[7:] if d.dose).date) == "2027-01-21"


@pytest.mark.hazard("W21")
def test_notes_of_a_planned_opioid_go_once_the_diary_tells_of_one() -> None:
    """The restart that was reckoned from the day planned is not the one from the day taken."""
    planned = known_facts(planned_opioid=[PlannedOpioid(on=date(2027, 2, 10), reason="surgery")])
    before = dues(plan(patient=planned))
    assert before["Earliest restart"] == "2027-02-25"
    taken = {**OXYCODONE, "last_taken": "2027-02-20"}
    after = plan(
        on("02-07", "paused", until="2027-02-25"),
        on("02-10", "opioid", exposure=taken),
        patient=planned,
    )
    assert "Earliest restart" not in dues(after)
    assert "NO DOSE: opioid" not in dues(after)
    assert str(next(d for d in after[34:] if d.dose).date) == "2027-03-03"


# --- stops, switches, bottles ---------------------------------------------------------


def test_a_stop_is_said_on_the_last_day_and_ends_the_dated_notes() -> None:
    made = plan(on("01-20", "stopped", reason="rash"))
    assert str(made.end) == "2027-01-19"
    assert texts(made, "01-19") == ["STOP: last day (stopped on 20 Jan 2027: rash)"]
    assert all(day <= "2027-01-19" for day in dues(made).values())


@pytest.mark.hazard("F09")
def test_a_switch_says_what_to_stop_and_what_to_discard() -> None:
    capsules = {"form": "capsules", "strengths": ["1.5 mg", "3 mg", "4.5 mg"]}
    made = plan(on("01-12", "switched", preparation=capsules), preparation=DROPS)
    assert texts(made, "01-12", supply(made)) == [
        "SWITCH: stop the drops. From now capsules of 1.5 mg, 3 mg and 4.5 mg",
        "Discard bottle 1",
    ]


@pytest.mark.hazard("F08")
def test_a_bottle_that_begins_in_mid_day_says_with_which_dose() -> None:
    """3 mg a day leaves 1 mL of 10 after three days: enough for the morning of day 4 only."""
    step = {"doses": {"morning": "1 mg", "bedtime": "2 mg"}}
    small = LIQUID.model_copy(update={"bottle": "10 mL"})
    made = plan(steps=[step], preparation=small, days=5)
    needed = supply(made)
    assert [(str(b.made_on), b.begins_at, b.ended_by) for b in needed.bottles] == [
        ("2027-01-04", "", "empty"),
        ("2027-01-07", "bedtime", "end of plan"),
    ]
    assert texts(made, "01-07", needed) == ["Open bottle 2 for the bedtime dose, discard 1"]


def test_fills_begin_with_a_dose_not_inside_an_interval() -> None:
    made = plan(
        on("01-16", "opioid", exposure=OXYCODONE),
        steps=[{"dose": "1.5 mg"}],
        days=42,
        preparation=Capsules(strengths=["1.5 mg"], beyond_use_days=14),
    )
    fills = supply(made).parts[0].fills
    assert [(str(f.first)[5:], str(f.last)[5:]) for f in fills] == [
        ("01-04", "01-17"),
        ("01-27", "02-09"),
        ("02-10", "02-14"),
    ]
    assert [int(count) for fill in fills for _, count in fill.counts] == [12, 14, 5]


def test_a_fill_is_ordered_some_days_before_it_is_started() -> None:
    made = plan(
        steps=[{"dose": "1.5 mg"}],
        days=28,
        preparation=Capsules(strengths=["1.5 mg"], beyond_use_days=14),
    )
    needed = supply(made, lead_days=3)
    assert texts(made, "01-15", needed) == ["Order fill 2"]
    assert "Start fill 2" in texts(made, "01-18", needed)


def test_a_bottle_is_ordered_some_days_before_it_is_opened() -> None:
    """Bottles of 14 days: the second is opened on 18 January, and ordered five days before."""
    made = plan(steps=[{"dose": "1.5 mg"}], days=28, preparation=DROPS)
    needed = supply(made, lead_days=5)
    assert texts(made, "01-13", needed) == ["Order bottle 2"]
    assert texts(made, "01-18", needed) == ["Open bottle 2, discard 1"]


# --- doses that the diary makes -------------------------------------------------------


def test_a_jump_that_the_diary_makes_is_told_like_one_of_the_regimen() -> None:
    fine = LIQUID.model_copy(update={"graduation": "0.005 mL"})
    made = plan(on("01-20", "halved"), on("01-22", "halved"), preparation=fine)
    (message,) = told(made, "DOS-02")
    assert message.startswith("Step 3 adds 3.375 mg a day, more than 1.5 mg.")
    assert told(plan(), "DOS-02") == []


def test_a_half_below_a_microgram_stops_the_plan() -> None:
    weak = OralSolution(concentration="1 mcg/mL", graduation="0.1 mL", beyond_use_days=30)
    steps = [{"dose": "1 mcg", "days": 7}, {"dose": "2 mcg"}]
    made = plan(on("01-05", "halved"), steps=steps, preparation=weak)
    assert [f.severity for f in made.screening.findings if f.code == "DOS-01"] == [Severity.STOP]
    assert made.status == "draft"


# --- found by review ------------------------------------------------------------------


@pytest.mark.hazard("T11")
@pytest.mark.parametrize("last", ["2027-01-01", "2027-01-19"])
def test_an_opioid_whose_interval_is_over_when_it_is_told_reopens_the_plan_that_day(
    last: str,
) -> None:
    """Long over, or the day before: ten opioid-free days after 19 January end on the 29th."""
    unknown = on("01-10", "opioid", exposure={**OXYCODONE, "last_taken": "unknown"})
    known = on("01-30", "opioid", exposure={**OXYCODONE, "last_taken": last})
    made = plan(unknown, known, steps=[{"dose": "1.5 mg"}], days=60)
    assert all(step.days > 0 for step in made.steps)
    assert [day.date for day in made] == [made.start + timedelta(n) for n in range(60)]
    assert {str(day.date) for day in made if day.dose is None} == {
        str(date(2027, 1, 10) + timedelta(n)) for n in range(20)
    }


def test_notes_of_a_planned_opioid_come_back_with_the_plan() -> None:
    planned = known_facts(planned_opioid=[PlannedOpioid(on=date(2027, 3, 20), reason="surgery")])
    unknown = on("01-10", "opioid", exposure={**OXYCODONE, "last_taken": "unknown"})
    assert "NO DOSE: opioid" not in dues(plan(unknown, patient=planned))
    known = on("01-15", "opioid", exposure=OXYCODONE)
    assert dues(plan(unknown, known, patient=planned))["NO DOSE: opioid"] == "2027-03-17"


@pytest.mark.hazard("W24")
def test_the_notes_of_a_second_planned_opioid_stay_when_the_first_is_told() -> None:
    """Told on 10 February, the first goes; the second, on 10 May, keeps all three of its notes."""
    both = [PlannedOpioid(on=date(2027, month, 10), reason="surgery") for month in (2, 5)]
    made = plan(
        on("02-10", "opioid", exposure=OXYCODONE),
        patient=known_facts(planned_opioid=both),
        days=180,
    )
    left = [(m.title, str(m.on)) for m in made.screening.milestones if m.code == "MON-05"]
    assert left == [
        ("Last dose before opioid", "2027-02-06"),
        ("Last dose before opioid", "2027-05-06"),
        ("NO DOSE: opioid", "2027-05-07"),
        ("Earliest restart", "2027-05-25"),
    ]


@pytest.mark.hazard("W24")
@pytest.mark.parametrize(("taken", "left"), [("03-06", True), ("03-07", False)])
def test_notes_of_a_planned_opioid_go_from_the_first_day_that_the_told_one_closes(
    taken: str, left: bool
) -> None:
    """Ten free days after 6 March end on the 16th; the planned pause begins on the 17th."""
    planned = known_facts(planned_opioid=[PlannedOpioid(on=date(2027, 3, 20), reason="surgery")])
    made = plan(on(taken, "opioid", exposure=OXYCODONE), patient=planned)
    pause = {"NO DOSE: opioid": "2027-03-17", "Earliest restart": "2027-04-04"}
    assert (pause.items() <= dues(made).items()) is left
    assert (pause.keys() & dues(made).keys() == set()) is not left


@pytest.mark.hazard("W24")
def test_notes_of_a_planned_opioid_stay_through_a_gap_that_no_opioid_made() -> None:
    planned = known_facts(planned_opioid=[PlannedOpioid(on=date(2027, 3, 20), reason="surgery")])
    made = plan(on("01-13", "paused", until="2027-01-29"), patient=planned)
    assert told(made, "GAP-01")
    assert dues(made)["NO DOSE: opioid"] == "2027-03-17"


def test_a_note_on_the_last_day_before_a_stop_stays() -> None:
    """The last dose before the planned opioid is on 16 March, the days without from the 17th."""
    planned = known_facts(planned_opioid=[PlannedOpioid(on=date(2027, 3, 20), reason="surgery")])
    for day, left in (("03-16", set()), ("03-17", {"Last dose before opioid"})):
        made = dues(plan(on(day, "stopped"), patient=planned))
        assert {title for title in made if "opioid" in title} == left


def test_a_plan_without_any_dose_has_no_review() -> None:
    made = plan(on("01-04", "opioid", exposure={**OXYCODONE, "ongoing": True}))
    assert {day.dose for day in made} == {None}
    assert dues(made) == {"Liver test": "2027-04-04", "Beyond-use date": "2027-02-03"}


def test_the_review_of_closed_steps_moves_as_well() -> None:
    """3 mg from 11 January, or a day later; the review is three months after."""
    reviews = [
        dues(plan(*diary, steps=STEPS[:2], days=None))["Review"]
        for diary in ((), (on("01-05", "missed"),))
    ]
    assert reviews == ["2027-04-11", "2027-04-12"]


def test_a_jump_as_large_as_two_doses_together_is_told() -> None:
    """1, 2 and 4 mg: the second left out, the last adds 3 mg, which is also 1 and 2 together."""
    steps = [{"dose": "1 mg", "days": 7}, {"dose": "2 mg", "days": 7}, {"dose": "4 mg"}]
    told_of = [message.partition(" a day")[0] for message in told(plan(steps=steps), "DOS-02")]
    assert told_of == ["Step 3 adds 2 mg"]
    jumped = told(plan(on("01-11", "advanced"), steps=steps), "DOS-02")
    assert [message.partition(" a day")[0] for message in jumped] == [*told_of, "Step 3 adds 3 mg"]


def test_of_increments_only_those_that_the_diary_made_are_judged_again() -> None:
    """A hold makes a step of two rows, and no increment; the jump to 4 mg is the regimen's own."""
    regimen = Regimen(steps=[{"dose": "1 mg", "days": 7}, {"dose": "4 mg"}])
    screening = screen(known_facts(), "2027-01-04")
    held = [on("01-05", "held", days=7)]
    made = schedule(regimen, LIQUID, "2027-01-04", days=60, screening=screening, diary=held)
    assert len(made.steps) > 2
    assert told(made, "DOS-02") == []


def test_a_range_whose_diary_ends_it_is_planned() -> None:
    steps = [{"dose": "1.5 mg", "days": 7, "fewest_days": 3}, {"dose": "3 mg"}]
    made = plan(on("01-04", "stayed"), on("01-09", "stopped"), steps=steps, days=None)
    assert (len(made), str(made.end)) == (5, "2027-01-08")


def test_the_next_step_is_never_possible_before_this_one() -> None:
    cycle = {"days_on": 1, "days_off": 2}
    steps = [{"dose": "1.5 mg", "days": 14, "fewest_days": 7, "cycle": cycle}, {"dose": "3 mg"}]
    made = plan(on("01-05", "missed"), steps=steps, days=4)
    assert all(s.earliest_next is None or s.earliest_next > s.first for s in made.steps)
    last = plan(steps=[{"dose": "1.5 mg", "days": 14, "fewest_days": 7}])
    assert [step.earliest_next for step in last.steps] == [None]


def test_a_row_of_days_off_promises_no_dose() -> None:
    step = {"dose": "1.5 mg", "days": 28, "cycle": {"days_on": 1, "days_off": 2}}
    made = plan(on("01-05", "held", days=1), on("01-06", "missed"), steps=[step])
    held = next(step for step in made.steps if step.why.startswith("held"))
    assert (held.take, held.dose) == ("no dose", None)


def test_the_days_kept_are_counted_where_the_plan_is() -> None:
    taken = {**OXYCODONE, "last_taken": "2027-01-12T23:30:00-05:00"}
    made = plan(on("01-13", "opioid", exposure=taken), start="2027-01-04T22:00+01:00")
    assert told(made, "DIA-01")[0].startswith("oxycodone, last dose 2027-01-13: 10 opioid-free")


def test_an_opioid_long_before_the_plan_does_not_accuse_its_doses() -> None:
    made = plan(on("01-13", "opioid", exposure={**OXYCODONE, "last_taken": "2026-06-01"}))
    assert "withdrawal" not in told(made, "DIA-01")[0]


@pytest.mark.parametrize("last", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:00-12:00"])
def test_a_last_dose_at_the_ends_of_the_calendar_breaks_nothing(last: str) -> None:
    taken = on("01-13", "opioid", exposure={**OXYCODONE, "last_taken": last})
    for start in ("2027-01-04T10:00-12:00", "2027-01-04T10:00+14:00"):
        assert len(plan(taken, start=start)) == 90


def test_a_switch_on_the_first_day_leaves_no_trace_of_what_was_never_taken() -> None:
    capsules = {"form": "capsules", "strengths": ["1.5 mg", "3 mg", "4.5 mg"]}
    made = plan(on("01-04", "switched", preparation=capsules))
    assert [str(p) for _, p in made.preparations] == ["capsules of 1.5 mg, 3 mg and 4.5 mg"]
    assert texts(made, "01-04", supply(made)) == ["Liver test"]
    assert [str(strength) for strength in best_strengths(made)] == ["4.5 mg", "3 mg", "1.5 mg"]


def test_a_switch_to_the_same_preparation_begins_a_new_supply() -> None:
    made = plan(on("01-12", "switched", preparation=LIQUID), steps=[{"dose": "1.5 mg"}], days=20)
    assert [len(part.bottles) for part in supply(made).parts] == [1, 1]
    assert supply(made).bottles[0].ended_by == "switched"
    assert supply(pickle.loads(pickle.dumps(made))) == supply(made)  # noqa: S301 - our own bytes


# --- at the ends of the calendar ------------------------------------------------------


@pytest.mark.hazard("T07")
@pytest.mark.parametrize(
    ("start", "days", "steps", "diary"),
    [
        (
            "0001-01-05",
            14,
            [{"dose": "1.5 mg", "days": 14, "fewest_days": 1}, {"dose": "3 mg"}],
            [],
        ),
        ("9999-12-20", 12, [{"dose": "1.5 mg", "days": 100}, {"dose": "3 mg"}], ["9999-12-25"]),
        ("9999-12-30", 2, [{"dose": "1.5 mg", "cycle": {"days_on": 1, "days_off": 1}}], []),
        ("9999-12-26", 6, [{"dose": "1.5 mg", "cycle": {"days_on": 1, "days_off": 5}}], []),
    ],
)
def test_nothing_overflows_at_the_ends_of_the_calendar(
    start: str, days: int, steps: list[dict[str, Any]], diary: list[str]
) -> None:
    told_of = [{"event": "held", "on": day, "days": 3} for day in diary]
    capsules = Capsules(strengths=["1.5 mg", "3 mg"])
    made = plan(*told_of, start=start, days=days, steps=steps, preparation=capsules)
    assert made.screening.milestones is not None
    assert plan_text(made)
    assert supply(made, fill_days=10).parts[0].totals.taken
