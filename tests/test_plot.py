"""The picture of a plan's doses, read back from the coordinates of its lines."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ldn_titration import (
    Capsules,
    Drops,
    Mass,
    MissingExtraError,
    OpioidExposure,
    OpioidHistory,
    OralSolution,
    Plan,
    PlannedOpioid,
    Regimen,
    schedule,
    screen,
)
from ldn_titration.render.axes import date_ticks, dose_axis
from ldn_titration.render.labels import Wanted, in_lanes, wrapped
from ldn_titration.render.plot import plot_doses
from ldn_titration.testing import known_facts, living_plans, plans

START = "2027-01-04"
DROPS = Drops(
    dilution={"drug": "50 mg", "final_volume": "10 mL"}, drops_per_mL=20, beyond_use_days=14
)
CAPSULES = Capsules(strengths=["0.5 mg", "1.5 mg", "3 mg"])
RAMP = Regimen.ramp("0.25 mg", "0.25 mg", 7, "4.5 mg", time_of_day="bedtime")
CLEARED = schedule(RAMP, DROPS, START, days=126, screening=screen(known_facts(), START, RAMP))
DRAFT = schedule(RAMP, DROPS, START, days=126)
LIVING = schedule(
    RAMP,
    DROPS,
    START,
    days=126,
    screening=screen(known_facts(), START, RAMP),
    diary=[
        {"event": "held", "on": "2027-01-20", "days": 7, "reason": "CANARY <b>"},
        {"event": "missed", "on": "2027-02-03"},
        {"event": "paused", "on": "2027-02-20", "until": "2027-02-25", "reason": "CANARY"},
        {
            "event": "opioid",
            "on": "2027-03-20",
            "exposure": {"substance": "oxycodone", "release": "immediate"},
        },
        {
            "event": "switched",
            "on": "2027-04-15",
            "preparation": {
                "form": "oral_solution",
                "concentration": "1 mg/mL",
                "graduation": "0.05 mL",
            },
        },
    ],
)


# --- a reader of the picture ----------------------------------------------------------

Points = list[tuple[str, float, float]]


class Picture:
    """An SVG read as a person reads it: places against the marks of the two axes."""

    def __init__(self, svg: str, first: date, days: int) -> None:
        self.root = ET.fromstring(svg)  # noqa: S314 - our own text
        marks = [
            (Mass(mark.get("data-dose", "")).magnitude, self.points(mark)[0][2])
            for mark in self.groups("dose-mark")
            if not mark.get("data-dose", "").startswith("0 ")
        ]
        ground = self.points(self.groups("dose-mark")[0])
        self.ground, (self.top, roof) = ground[0][2], marks[-1]
        self.per_mg = (self.ground - roof) / float(self.top)
        self.left, right = ground[0][1], ground[1][1]
        self.first, self.per_day = first, (right - self.left) / days

    def groups(self, name: str) -> list[ET.Element]:
        return [each for each in self.root.iter() if each.get("class") == name]

    @staticmethod
    def points(group: ET.Element) -> Points:
        path = next(each for each in group.iter() if each.tag.endswith("path"))
        found = re.findall(r"([ML]) ([-\d.]+) ([-\d.]+)", path.get("d", ""))
        return [(letter, float(x), float(y)) for letter, x, y in found]

    def day(self, x: float) -> date:
        """The day that begins at that place, which must be the beginning of a day."""
        number = (x - self.left) / self.per_day
        assert abs(number - round(number)) * self.per_day < 1e-4
        return self.first + timedelta(round(number))

    def dose(self, y: float) -> float:
        """How many milligrams stand at that height."""
        return (self.ground - y) / self.per_mg

    @property
    def words(self) -> list[str]:
        return [each.text or "" for each in self.root.iter() if each.tag.endswith("text")]

    def levels(self) -> Iterator[tuple[Mass, str, list[tuple[date, date]], float]]:
        """Of each level: what it says of dose and days, its runs of days, and its height."""
        for group in self.groups("level"):
            points = self.points(group)
            (height,) = {y for _, _, y in points}
            runs = [
                (self.day(points[n][1]), self.day(points[n + 1][1]) - timedelta(1))
                for n in range(0, len(points), 2)
            ]
            yield Mass(group.get("data-dose", "")), group.get("data-days", ""), runs, height


def begins(plan: Plan) -> date:
    """The first day that is shown: that of the plan, or the mark shortly before it."""
    allowed = plan.screening.not_before
    if allowed and 0 < (plan.start - allowed).days <= max(7, len(plan) // 6):
        return allowed
    return plan.start


def read(plan: Plan) -> Picture:
    first = begins(plan)
    return Picture(plot_doses(plan), first, (plan.end - first).days + 1)


@settings(max_examples=25)
@given(plans() | living_plans())
def test_the_lines_read_back_to_the_days(plan: Plan) -> None:
    """P49: a line stands over each day with a dose, as high as its dose, and over no other."""
    picture = read(plan)
    drawn: dict[date, Mass] = {}
    steps = iter(step for step in plan.steps if step.doses)
    for dose, days, runs, height in picture.levels():
        step = next(steps)
        assert picture.dose(height) == pytest.approx(float(dose.magnitude), rel=1e-5, abs=1e-12)
        assert days == str(step.cycle or "")
        taken = {
            first + timedelta(n) for first, last in runs for n in range((last - first).days + 1)
        }
        if step.cycle and len(runs) == 1:  # too fine to draw each day: a dashed line
            places = range(step.days)
            taken &= {
                step.first + timedelta(n) for n in places if step.cycle.is_on(step.position + n)
            }
        assert drawn.keys().isdisjoint(taken)
        drawn |= dict.fromkeys(taken, dose)
    assert next(steps, None) is None
    assert drawn == {day.date: day.dose for day in plan if day.dose}
    assert not any(re.search(r"\d[eE][-+]?\d", word) for word in picture.words if " " not in word)


def test_the_marks_of_dates_stand_where_their_dates_begin() -> None:
    picture = read(CLEARED)
    marks = {
        picture.day(picture.points(mark)[0][1]): mark.get("data-date")
        for mark in picture.groups("date-mark")
    }
    assert len(marks) == 9
    assert all(str(on) == told for on, told in marks.items())


def test_the_band_of_drops_is_that_of_the_dropper() -> None:
    """Within 10 %: 0.225 to 0.275 mg for 1 drop, 4.05 to 4.95 mg for 18; none for a liquid."""
    picture = read(CLEARED)
    bands = []
    for group in picture.groups("band"):
        heights = [y for _, _, y in picture.points(group)]
        bands.append((picture.dose(max(heights)), picture.dose(min(heights))))
    assert bands[0] == pytest.approx((0.225, 0.275), rel=1e-5)
    assert bands[17] == pytest.approx((4.05, 4.95), rel=1e-5)
    assert len(bands) == 18
    switched = [step for step in LIVING.steps if step.doses and step.first >= date(2027, 4, 15)]
    dropped = len([step for step in LIVING.steps if step.doses]) - len(switched)
    assert len(read(LIVING).groups("band")) == dropped


def test_what_the_diary_and_the_rules_mark_is_written_on_its_date() -> None:
    picture = read(LIVING)
    for words in (
        "Liver test 4 Jan 2027",
        "Held 20 Jan 2027",
        "Missed 3 Feb 2027",
        "Paused 20 Feb 2027 to 24 Feb 2027",
        "Opioid taken 20 Mar 2027",
        "Switched to liquid 15 Apr 2027",
        "Liver test 4 Apr 2027",
    ):
        assert picture.words.count(words) == 1, words


def exposed(last_taken: str, **more: Any) -> Plan:
    history = OpioidHistory(
        status="known",
        exposures=[
            OpioidExposure(substance="oxycodone", release="immediate", last_taken=last_taken)
        ],
    )
    screening = screen(known_facts(opioids=history, **more), START, RAMP)
    return schedule(RAMP, DROPS, START, days=84, screening=screening)


def spans(picture: Picture) -> list[tuple[date, date]]:
    """The hatched days, first and last, by their place."""
    ends = [[x for _, x, _ in picture.points(group)] for group in picture.groups("span")]
    return [(picture.day(min(xs)), picture.day(max(xs)) - timedelta(1)) for xs in ends]


def test_the_opioid_free_interval_is_hatched_up_to_the_first_start_allowed() -> None:
    """Oxycodone on 30 December: 10 whole days free, 31 December to 9 January; then the 10th."""
    picture = read(exposed("2026-12-30"))
    assert spans(picture) == [(date(2027, 1, 4), date(2027, 1, 9))]
    assert "Opioid-free interval: not before 10 Jan 2027" in picture.words
    assert "DRAFT" in picture.words
    over = read(exposed("2026-12-20"))
    assert spans(over) == []
    assert "Opioid-free interval over from 31 Dec 2026" in over.words
    assert over.first == date(2026, 12, 31)
    long_ago = read(exposed("2025-12-20"))
    assert long_ago.first == date(2027, 1, 4)
    assert any("over from 31 Dec 2025" in word for word in long_ago.words), "told below"


def test_days_before_a_planned_opioid_are_hatched() -> None:
    """Surgery on 15 February: the last dose is on the 11th, three whole days before it."""
    plan = exposed("2025-12-20", planned_opioid=[PlannedOpioid(on="2027-02-15", reason="CANARY")])
    picture = read(plan)
    (free,) = spans(picture)
    assert free[0] == date(2027, 2, 12)
    assert "Last dose before opioid 11 Feb 2027" in picture.words
    assert "CANARY" not in plot_doses(plan)


def test_draft_stands_across_a_draft_only() -> None:
    assert read(DRAFT).words.count("DRAFT") == 1
    assert any(word.startswith("DRAFT, not cleared: ") for word in read(DRAFT).words)
    assert not any("DRAFT" in word for word in read(CLEARED).words)


def test_a_picture_is_told_in_words_and_holds_none_of_the_patient() -> None:
    """A role, a title, a description with every step; nothing loaded, nothing from the diary."""
    svg = plot_doses(LIVING)
    root = ET.fromstring(svg)  # noqa: S314
    assert root.get("role") == "img"
    assert [child.tag.rpartition("}")[2] for child in root][:2] == ["title", "desc"]
    told = root[1].text or ""
    for step in LIVING.steps:
        assert not step.dose or f"Step {step.step}, " in told
    assert "3 drops (0.15 mL, 0.75 mg)" in told
    assert "Each drop 0.225 to 0.275 mg unless this dropper was calibrated" in told
    assert LIVING.screening.knowledge.sha256 in told
    assert "CANARY" not in svg
    assert re.sub(r'xmlns(:\w+)?="[^"]*"', "", svg).count("http") == 0
    assert "<style" not in svg, "a style in a picture would style the page around it"
    assert not re.search(r'<(?!pattern)\w+ [^>]*\bid="', svg)
    assert svg._repr_svg_() == svg


def test_too_many_events_are_told_below() -> None:
    """Twenty missed days: some with a label, all others listed, each once."""
    days = [f"2027-{month:02}-{day:02}" for month in (1, 2, 3, 4) for day in (6, 13, 20, 27, 28)]
    diary = [{"event": "missed", "on": day} for day in days]
    plan = schedule(RAMP, DROPS, START, days=126, diary=diary)
    told = " ".join(read(plan).words)
    assert told.count("Missed") == 20
    assert "Also marked: Missed" in told


def test_alternate_days_are_dashes_and_never_spikes() -> None:
    """Each day of 28 is drawn; of 600 days, a dashed line that says so."""
    every_other = {"days_on": 1, "days_off": 1}
    short, long = (
        schedule(
            Regimen(steps=[{"dose": "1.5 mg", "days": days, "cycle": every_other}]), CAPSULES, START
        )
        for days in (28, 600)
    )
    ((_, _, drawn, _),) = read(short).levels()
    assert [first for first, last in drawn if first == last] == [
        date(2027, 1, 4) + timedelta(2 * n) for n in range(14)
    ]
    ((dose, days, runs, _),) = read(long).levels()
    assert (str(dose), days) == ("1.5 mg", "every other day")
    assert runs == [(date(2027, 1, 4), date(2028, 8, 24))]
    assert "1.5 mg, every other day" in read(long).words


@pytest.mark.parametrize("days", [1, 2, 3660])
def test_one_day_and_ten_years_are_drawn(days: int) -> None:
    plan = schedule(Regimen(steps=[{"dose": "1.5 mg"}]), CAPSULES, START, days=days)
    ((dose, _, runs, _),) = read(plan).levels()
    assert (str(dose), runs) == ("1.5 mg", [(plan.start, plan.end)])


def test_small_doses_have_a_unit_of_their_own_and_the_calendar_may_end() -> None:
    liquid = OralSolution(concentration="1 mcg/mL", graduation="0.1 mL")
    plan = schedule(Regimen.ramp("1 mcg", "1 mcg", 7, "4 mcg"), liquid, START)
    assert {"mcg a day", "4 mcg"} <= set(read(plan).words)
    last = schedule(Regimen(steps=[{"dose": "1.5 mg", "days": 5}]), CAPSULES, "9999-12-27")
    assert read(last).day(0 + read(last).left) == date(9999, 12, 27)


# --- same bytes -----------------------------------------------------------------------


def host_settings() -> dict[str, Any]:
    """What matplotlib is set to; to ask for its backend would choose one."""
    import matplotlib as mpl

    return {name: mpl.rcParams[name] for name in mpl.rcParams if name != "backend"}


SCRIPT = """
import sys
from test_plot import LIVING, host_settings
before = host_settings()
from ldn_titration.render.plot import plot_doses
text = plot_doses(LIVING)
assert host_settings() == before, "the host's settings are its own"
assert "matplotlib.pyplot" not in sys.modules
sys.stdout.buffer.write(text.encode())
"""
HOSTILE = """
svg.fonttype: path
svg.hashsalt: other
lines.linewidth: 9
lines.solid_capstyle: round
font.family: monospace
font.size: 33
text.usetex: True
axes.facecolor: black
savefig.bbox: tight
savefig.facecolor: red
axes.prop_cycle: cycler('color', ['r'])
path.simplify: True
timezone: Pacific/Apia
"""


def test_the_bytes_depend_on_the_plan_alone(tmp_path: Path) -> None:
    """P50: not on hash seed, zone, locale or what matplotlib is set to."""
    (tmp_path / "matplotlibrc").write_text(HOSTILE)
    changed = {
        "PYTHONHASHSEED": "7",
        "TZ": "Pacific/Kiritimati",
        "LC_ALL": "de_DE.UTF-8",
        "MATPLOTLIBRC": str(tmp_path / "matplotlibrc"),
        "SOURCE_DATE_EPOCH": "1",
    }
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        capture_output=True,
        check=False,
        env={**os.environ, **changed, "PYTHONPATH": os.pathsep.join(map(str, sys.path))},
    )
    assert done.returncode == 0, done.stderr.decode()
    assert done.stdout == plot_doses(LIVING).encode()


def test_threads_draw_the_same() -> None:
    """C01: matplotlib's settings are shared, so plots wait for each other."""
    before = host_settings()
    alone = [plot_doses(plan) for plan in (CLEARED, DRAFT)]
    with ThreadPoolExecutor(8) as pool:
        drawn = list(pool.map(plot_doses, [CLEARED, DRAFT] * 4))
    assert drawn == alone * 4
    assert host_settings() == before


def test_without_matplotlib_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtraError, match=re.escape("ldn-titration[notebook]")):
        plot_doses(CLEARED)


# --- axes and labels ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("most", "unit", "labels"),
    [
        ("4.5 mg", "mg", ["0", "1", "2", "3", "4", "5"]),
        ("4.95 mg", "mg", ["0", "1", "2", "3", "4", "5"]),
        ("50 mg", "mg", ["0", "10", "20", "30", "40", "50"]),
        ("0.1 mg", "mg", ["0", "0.02", "0.04", "0.06", "0.08", "0.1"]),
        ("0.099 mg", "mcg", ["0", "20", "40", "60", "80", "100"]),
        ("4 mcg", "mcg", ["0", "1", "2", "3", "4"]),
        ("2 ng", "ng", ["0", "0.5", "1", "1.5", "2"]),
        ("1/12 mg", "mcg", ["0", "20", "40", "60", "80", "100"]),
    ],
)
def test_doses_are_marked_at_round_places(most: str, unit: str, labels: list[str]) -> None:
    axis = dose_axis(Mass(most))
    assert (axis.unit, [label for _, label in axis.marks]) == (unit, labels)


@given(st.fractions(Fraction(1, 10**10), 100))
def test_an_axis_reaches_its_dose_with_few_exact_marks(milligrams: Fraction) -> None:
    dose = Mass.of(milligrams, "mg")
    axis = dose_axis(dose)
    places = [mark for mark, _ in axis.marks]
    assert 3 <= len(places) <= 7
    assert places[-2] < axis.place(dose) <= places[-1]
    assert [Fraction(label) for _, label in axis.marks] == places
    assert places[0] == 0


@pytest.mark.parametrize(
    ("first", "days", "labels"),
    [
        ("2027-01-04", 1, ["4 Jan\n2027"]),
        ("2027-12-30", 4, ["30 Dec\n2027", "31 Dec", "1 Jan\n2028", "2 Jan"]),
        ("2027-11-15", 120, ["Dec\n2027", "Jan\n2028", "Feb", "Mar"]),
        ("2027-01-04", 3660, [str(year) for year in range(2028, 2038)]),
        ("9999-12-30", 5, ["30 Dec\n9999", "31 Dec"]),
    ],
)
def test_dates_are_marked_at_round_places(first: str, days: int, labels: list[str]) -> None:
    most = 4 if days < 366 else 12
    ticks = date_ticks(date.fromisoformat(first), days, most)
    assert [tick.label for tick in ticks] == labels


def test_where_even_decades_are_too_many_marks_the_first_are_kept() -> None:
    """1 January of 2030 and of 2040 lie within these days; there is room for one mark."""
    ticks = date_ticks(date(2030, 1, 1), 3660, 1)
    assert [(tick.at, tick.label) for tick in ticks] == [(0, "2030")]


@given(st.dates(date(1999, 1, 1), date(9999, 12, 31)), st.integers(1, 3660), st.integers(1, 13))
def test_marks_of_dates_are_few_and_inside(first: date, days: int, most: int) -> None:
    ticks = date_ticks(first, days, most)
    places = [tick.at for tick in ticks]
    assert len(places) <= most
    assert places == sorted(set(places))
    assert all(0 <= at < days for at in places)


labels = st.lists(
    st.builds(Wanted, at=st.integers(0, 700).map(float), width=st.integers(5, 500).map(float)),
    max_size=16,
)


@given(labels)
def test_labels_never_overlap_and_stay_on_the_page(wanted: list[Wanted]) -> None:
    lanes = in_lanes(wanted, 0, 700)
    pairs = list(zip(wanted, lanes, strict=True))
    boxes = sorted((lane.row, lane.begin, lane.begin + each.width) for each, lane in pairs)
    for (row, _, end), (next_row, begin, _) in pairwise(boxes):
        assert row < next_row or end < begin
    assert all(lane.begin <= each.at for each, lane in zip(wanted, lanes, strict=True))
    assert all(begin >= 0 and end <= 700 for _, begin, end in boxes)


def test_labels_apart_share_the_lowest_row_and_near_ones_step_down() -> None:
    apart = in_lanes([Wanted(0, 50), Wanted(100, 50)], 0, 700)
    near = in_lanes([Wanted(0, 50), Wanted(20, 50), Wanted(40, 50)], 0, 700)
    assert [lane.row for lane in apart] == [0, 0]
    assert [lane.row for lane in near] == [2, 1, 0]


@given(st.lists(st.text("ab", min_size=1, max_size=9), min_size=1), st.integers(5, 40))
def test_wrapped_lines_keep_every_word_and_the_width(words: list[str], width: int) -> None:
    lines = wrapped(" ".join(words), width, len)
    assert " ".join(lines).split(" ") == words
    assert all(len(line) <= width or " " not in line for line in lines)
