"""The plan as tables: Arrow columns that read back to the days, CSV that runs nothing."""

from __future__ import annotations

import csv
import io
import re
import sys
from datetime import date
from fractions import Fraction
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ldn_titration import (
    Capsules,
    Drops,
    InvalidInputError,
    Mass,
    Missed,
    MissingExtraError,
    OralSolution,
    Plan,
    Regimen,
    Tablets,
    Volume,
    schedule,
    screen,
)
from ldn_titration.export.frames import to_arrow, totals_to_arrow
from ldn_titration.export.tabular import plan_csv
from ldn_titration.testing import known_facts, living_plans, plans

START = "2027-01-04"
TWELFTHS = Drops(dilution={"drug": "50 mg", "final_volume": "30 mL"}, drops_per_mL=20)
LIQUID = OralSolution(concentration="1 mg/mL", graduation="0.1 mL")


def ratio(cell: dict[str, int] | None) -> Fraction | None:
    return None if cell is None else Fraction(cell["numerator"], cell["denominator"])


def units_in(row: dict[str, Any]) -> dict[str, Any]:
    """The counts of a row, in the shape of the plan's JSON."""
    found: dict[str, Any] = {}
    if row["capsules"] is not None:
        found["capsules"] = {each["strength"]: each["count"] for each in row["capsules"]}
    if row["tablets"] is not None:
        found["tablets"] = {each["strength"]: str(ratio(each["count"])) for each in row["tablets"]}
    if row["drops"] is not None:
        found["drops"] = row["drops"]
    if row["volume"] is not None:
        found["volume"] = row["volume"]
        assert Volume(row["volume"]).magnitude == ratio(row["volume_mL"])
    return found


@settings(max_examples=60)
@given(plans() | living_plans())
def test_a_table_reads_back_to_the_days(plan: Plan) -> None:
    """P49: every cell of every day, exactly; null where nothing is taken, and only there."""
    table = to_arrow(plan)
    table.validate(full=True)
    rows = table.to_pylist()
    assert [
        (row["day"], row["date"], row["step"], row["day_of_step"], row["take"], row["why"])
        for row in rows
    ] == [(d.day, d.date, d.step, d.day_of_step, d.take, d.why) for d in plan]
    for row, day in zip(rows, plan, strict=True):
        assert row["dose"] == (str(day.dose) if day.dose else None)
        assert ratio(row["dose_mg"]) == (day.dose.magnitude if day.dose else None)
        assert units_in(row) == day.units
        assert row["form"] == (day.reading.form if day.reading else None)
        assert row["time_of_day"] == day.time_of_day
        assert [(each["time_of_day"], Mass(each["dose"])) for each in row["doses"]] == [
            (each.time_of_day, each.dose) for each in day.doses
        ]
        assert (row["status"], row["verdict"]) == ("draft", str(plan.screening.verdict))


@settings(max_examples=60)
@given(plans() | living_plans())
def test_the_totals_are_the_days_added_up(plan: Plan) -> None:
    """The sum over the rows of days, by form, is that of the rows of totals."""
    days, totals = to_arrow(plan).to_pylist(), totals_to_arrow(plan).to_pylist()
    taken = [ratio(row["dose_mg"]) or Fraction(0) for row in days]
    assert sum(taken) == sum(ratio(row["dose_mg"]) or Fraction(0) for row in totals)
    assert sum(taken) == plan.totals.dose.magnitude
    assert sum(row["drops"] or 0 for row in days) == sum(row["drops"] or 0 for row in totals)
    assert [row["preparation"] for row in totals] == [str(p) for p, _ in plan.totals.readings]


def types_in(kind: pa.DataType) -> set[pa.DataType]:
    children = [kind.field(n).type for n in range(kind.num_fields)]
    return {kind}.union(*(types_in(child) for child in children))


def test_no_column_is_a_float() -> None:
    """Neither at the top nor within."""
    plan = schedule(Regimen(steps=[{"dose": "1/12 mg", "days": 2}]), TWELFTHS, START)
    for table in (to_arrow(plan), totals_to_arrow(plan)):
        kinds = set().union(*(types_in(field.type) for field in table.schema))
        assert not any(pa.types.is_floating(kind) for kind in kinds)
        assert pa.types.is_date32(to_arrow(plan).schema.field("date").type)


def test_a_twelfth_a_half_tablet_and_two_strengths_by_hand() -> None:
    def first(steps: list[dict[str, Any]], preparation: Any) -> dict[str, Any]:
        row: dict[str, Any] = to_arrow(
            schedule(Regimen(steps=steps), preparation, START)
        ).to_pylist()[0]
        return row

    twelfth = first([{"dose": "1/12 mg", "days": 1}], TWELFTHS)
    assert twelfth["dose"] == "1/12 mg"
    assert twelfth["dose_mg"] == {"numerator": 1, "denominator": 12}
    assert (twelfth["drops"], twelfth["volume"]) == (1, "0.05 mL")
    half = first([{"dose": "0.75 mg", "days": 1}], Tablets(strengths=["1.5 mg"], parts=2))
    assert half["tablets"] == [{"strength": "1.5 mg", "count": {"numerator": 1, "denominator": 2}}]
    both = first([{"dose": "6 mg", "days": 1}], Capsules(strengths=["1.5 mg", "4.5 mg"]))
    assert both["capsules"] == [
        {"strength": "4.5 mg", "count": 1},
        {"strength": "1.5 mg", "count": 1},
    ]
    assert (both["tablets"], both["drops"], both["volume"], both["volume_mL"]) == (None,) * 4


def test_one_reading_at_two_times_of_day_keeps_both_times() -> None:
    steps = [{"doses": {"morning": "1 mg"}, "days": 1}, {"doses": {"bedtime": "1 mg"}, "days": 1}]
    rows = to_arrow(schedule(Regimen(steps=steps), LIQUID, START)).to_pylist()
    assert [[dose["time_of_day"] for dose in row["doses"]] for row in rows] == [
        ["morning"],
        ["bedtime"],
    ]


def test_a_missed_day_is_a_row_of_nulls() -> None:
    diary = [{"event": "missed", "on": "2027-01-05", "reason": "forgotten"}]
    regimen = Regimen(steps=[{"dose": "1 mg", "days": 3}])
    row = to_arrow(schedule(regimen, LIQUID, START, diary=diary)).to_pylist()[1]
    nulls = {name for name, cell in row.items() if cell is None}
    assert nulls == {
        "dose", "dose_mg", "form", "drops", "volume", "volume_mL", "capsules", "tablets",
        "time_of_day",
    }  # fmt: skip
    assert (row["date"], row["take"], row["why"], row["doses"]) == (
        date(2027, 1, 5),
        "no dose",
        "missed: forgotten",
        [],
    )


def test_the_schema_tells_what_the_plan_was_judged_with() -> None:
    ramp = Regimen.ramp("1 mg", "1 mg", 7, "4 mg")
    screening = screen(known_facts(), START, ramp)
    plan = schedule(ramp, LIQUID, START, screening=screening)
    told = {key.decode(): value.decode() for key, value in to_arrow(plan).schema.metadata.items()}
    assert told["ldn-titration.schema"] == "ldn-titration/days/1"
    assert told["ldn-titration.plan_schema"] == "ldn-titration/plan/1"
    assert (told["ldn-titration.status"], told["ldn-titration.verdict"]) == ("cleared", "clear")
    assert told["ldn-titration.knowledge.version"] == screening.knowledge.version
    assert told["ldn-titration.knowledge.sha256"] == screening.knowledge.sha256
    assert totals_to_arrow(plan).schema.metadata[b"ldn-titration.schema"].endswith(b"/totals/1")
    rows = to_arrow(plan).to_pylist()
    assert {(row["status"], row["verdict"]) for row in rows} == {("cleared", "clear")}


def test_a_table_survives_parquet_and_joins_with_others() -> None:
    plan = schedule(Regimen(steps=[{"dose": "1/12 mg", "days": 20}]), TWELFTHS, START)
    other = schedule(Regimen(steps=[{"dose": "1.5 mg"}]), Capsules(strengths=["1.5 mg"]), START)
    held = io.BytesIO()
    pq.write_table(to_arrow(plan), held)
    held.seek(0)
    assert pq.read_table(held).equals(to_arrow(plan), check_metadata=True)
    both = pa.concat_tables([to_arrow(plan), to_arrow(other)])
    assert both.num_rows == 20 + 28


def test_what_64_bits_cannot_hold_is_refused_by_its_step() -> None:
    """A denominator of 10^19 + 1, beyond 2^63; both steps are told."""
    fine = Drops(concentration=f"1/{10**19 + 1} mg/mL", drops_per_mL=20)
    doses = (fine.mark * 10**15, fine.mark * (3 * 10**15))
    regimen = Regimen(steps=[{"dose": dose, "days": 1} for dose in doses])
    with pytest.raises(InvalidInputError) as caught:
        to_arrow(schedule(regimen, fine, START))
    assert {problem.path for problem in caught.value.problems} == {"steps[0]", "steps[1]"}


def test_without_pyarrow_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = schedule(Regimen(steps=[{"dose": "1 mg", "days": 3}]), LIQUID, START)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    for table in (to_arrow, totals_to_arrow):
        with pytest.raises(MissingExtraError, match=re.escape("ldn-titration[frames]")):
            table(plan)


# --- CSV ------------------------------------------------------------------------------


def cells_of(reason: str) -> list[str]:
    """The row of a day whose reason is that."""
    diary = [Missed(on="2027-01-05", reason=reason)]
    plan = schedule(Regimen(steps=[{"dose": "1 mg", "days": 3}]), LIQUID, START, diary=diary)
    return list(csv.reader(io.StringIO(plan_csv(plan))))[2]


@pytest.mark.hazard("E06")
@pytest.mark.parametrize(
    ("reason", "why"),
    [
        ("=1+1", "missed: =1+1"),
        ("x;=1+1", "missed: x;'=1+1"),
        ("x; @SUM(1;2)", "missed: x;' @SUM(1;2)"),
        ('x;"=1+1"', 'missed: x;\'"=1+1"'),
        ("x;+cmd|' /C calc'!A0", "missed: x;'+cmd|' /C calc'!A0"),
        ("x;\uff1d1+1", "missed: x;'\uff1d1+1"),
        ("worse by -1 kg; 3 a.m.", "missed: worse by -1 kg; 3 a.m."),
    ],
)
def test_no_cell_runs_also_where_semicolons_part_them(reason: str, why: str) -> None:
    """E06, B326, B327: a spreadsheet set to semicolons makes cells of the parts of a reason."""
    assert cells_of(reason)[-1] == why


_HOSTILE = st.text(st.sampled_from("=+-@;\"' ,x1\uff1d\ufe66\u207a"), min_size=1, max_size=12)


@pytest.mark.hazard("E06")
@given(_HOSTILE.filter(str.strip))
@example(';"=1+1";')
def test_no_part_of_a_line_begins_as_a_formula(reason: str) -> None:
    """However a line is split, at commas or at semicolons, with or without its quotes."""
    diary = [Missed(on="2027-01-05", reason=reason)]
    plan = schedule(Regimen(steps=[{"dose": "1 mg", "days": 3}]), LIQUID, START, diary=diary)
    text = plan_csv(plan)
    cells = [cell for row in csv.reader(io.StringIO(text)) for cell in row]
    parts = [part for line in text.split("\r\n") for part in line.split(";")]
    for cell in (*cells, *parts):
        begun = cell.lstrip(' "')[:1]
        assert begun not in {*"=+-@", "\uff1d", "\ufe66", "\u207a"} or not begun, cell
    kept = cells_of(reason)[-1].replace("'", "")
    assert kept == f"missed: {reason.strip()}".replace("'", ""), "nothing else is changed"


def test_a_spreadsheet_takes_doses_for_text_and_dates_for_dates() -> None:
    """No cell of a dose or of what to take is a number, a date or a fraction by itself."""
    tablets = Tablets(strengths=["1.5 mg"], parts=2)
    plan = schedule(Regimen(steps=[{"dose": "0.75 mg"}]), tablets, START)
    for row in list(csv.DictReader(io.StringIO(plan_csv(plan)))):
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", row["date"])
        assert row["dose"] == "0.75 mg"
        assert row["take"] == "1/2 tablet of 1.5 mg (0.75 mg)"
