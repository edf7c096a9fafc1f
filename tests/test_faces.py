"""What is special of each face; that all say the same is P49."""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from collections.abc import Iterator
from datetime import date
from typing import Any, Literal

import page
import pypdf
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

import readers
from conftest import ROOT
from ldn_titration import (
    Capsules,
    Drops,
    InvalidInputError,
    MissingExtraError,
    OralSolution,
    PatientFacts,
    Plan,
    PlanStep,
    Regimen,
    UndrawableTextError,
    schedule,
    screen,
)
from ldn_titration.export.document import PlanDocument, plan_json, plan_schema
from ldn_titration.export.tabular import plan_csv
from ldn_titration.render.html import plan_html
from ldn_titration.render.pdf import plan_pdf
from ldn_titration.render.text import plan_text
from ldn_titration.request import read_request
from ldn_titration.testing import known_facts, living_plans, plans
from readers import Page

DROPS = Drops(
    dilution={"drug": "50 mg", "final_volume": "10 mL"}, drops_per_mL=20, beyond_use_days=14
)
RAMP = Regimen.ramp("0.25 mg", "0.25 mg", 7, "4.5 mg", time_of_day="bedtime")
CLEAR = screen(known_facts(), "2027-01-04", RAMP)
CLEARED = schedule(RAMP, DROPS, "2027-01-04", days=126, screening=CLEAR)
DRAFT = schedule(RAMP, DROPS, "2027-01-04", days=126)


def plain(text: str) -> str:
    return " ".join(text.replace("\u00a0", " ").split())


def notes_on(plan: Plan, on: date) -> list[str]:
    """What is due on a day, in a few words, each once; a review with its two boxes."""
    due = (d.title for d in plan.screening.milestones if d.on == on)
    return [
        f"{title} continue stop" if title == "Review" else title for title in dict.fromkeys(due)
    ]


def pdf_pages(data: bytes) -> list[str]:
    return list(readers.pdf_pages(data))


def remarks_on(step: PlanStep) -> Iterator[str]:
    """Why a step is as it is, what is checked before it, and when the next may begin."""
    if step.why:
        yield step.why
    if step.only_if:
        yield f"only if {step.titration.only_if}"
    if step.earliest_next and step.titration.fewest_days:
        fewest = (step.earliest_next - step.first).days
        after = f"after {fewest} day{'' if fewest == 1 else 's'}"
        yield f"the next step may begin {after if fewest > 0 else 'at once'}"


VALIDATOR = Draft202012Validator(plan_schema())


# --- JSON and CSV ---------------------------------------------------------------------


@given(plans() | living_plans())
def test_json_reads_back_and_fits_its_published_schema(plan: Plan) -> None:
    """P49: the document's rows are the plan's; jsonschema and our own models accept it."""
    text = plan_json(plan)
    document = json.loads(text)
    VALIDATOR.validate(document)
    PlanDocument.model_validate_json(text)
    rows = [
        (row["day"], row["date"], row["dose"], row["take"], row.get("why", ""))
        for row in document["days"]
    ]
    assert rows == [
        (d.day, str(d.date), str(d.dose) if d.dose else None, d.take, d.why) for d in plan
    ]
    assert len(document.get("diary", [])) == len(plan.diary)
    assert document["status"] == "draft"


@given(plans() | living_plans())
def test_csv_reads_back_to_the_days(plan: Plan) -> None:
    """P49: one row a day, date and dose first."""
    header, *rows = csv.reader(io.StringIO(plan_csv(plan)))
    assert header[:2] == ["date", "dose"]
    assert [[*row[:4], row[-1]] for row in rows] == [
        [str(d.date), str(d.dose or ""), d.take, str(d.day), d.why] for d in plan
    ]
    assert not any(cell[:1] in "=+-@" for row in rows for cell in row if cell)
    assert header[-5:] == ["status", "verdict", "overrides", "knowledge", "why"]
    verdict, stamp = str(plan.screening.verdict), plan.screening.knowledge
    known = f"{stamp.version} {stamp.sha256}"
    assert {tuple(row[-5:-1]) for row in rows} == {("draft", verdict, "", known)}


# --- text -----------------------------------------------------------------------------


@given(plans() | living_plans())
def test_text_says_what_else_is_said_of_a_step_within_80_columns(plan: Plan) -> None:
    """No line is wider, no unit parted; the remarks of each step, and nothing besides."""
    text = plan_text(plan)
    assert max(map(len, text.split("\n"))) <= 80
    assert not re.search(r"\d\n *(mg|mcg|mL|drops?|days?)\b", text)
    told = [line.remarks for line in readers.step_lines(text)]
    assert told == [" ".join(remarks_on(step)) for step in plan.steps]
    assert text.startswith("DRAFT")


# --- HTML -----------------------------------------------------------------------------


@pytest.mark.hazard("S03")
@given(plans() | living_plans())
def test_html_tells_what_is_due_and_reaches_nothing_outside(plan: Plan) -> None:
    """Nothing is loaded or run; every header tells its scope; what is due is on its day."""
    text = plan_html(plan)
    page = Page(text)
    due = [(str(day.date), note) for day in plan for note in notes_on(plan, day.date)]
    if plan.diary or any(remarked(step) for step in plan.steps):
        assert set(due) <= set(page.notes)
    else:
        assert page.notes == due
    assert page.outside == []
    assert page.open == []
    assert page.scopes == page.headers
    assert "url(" not in text
    assert "DRAFT" in text


def test_days_without_dates_are_numbered() -> None:
    text = plan_html(CLEARED, dateless=True)
    cells = re.findall(r'<span class="on">(Day \d+)</span>', text)
    assert cells == [f"Day {n}" for n in range(1, 127)]
    assert "<time" not in text


# --- PDF ------------------------------------------------------------------------------


def test_a_pdf_of_a_hundred_years_is_refused_before_it_is_drawn() -> None:
    """It took two minutes and three gigabytes."""
    steps = [{"dose": "1 mg", "days": 3660}, {"dose": "2 mg", "days": 1}]
    long = schedule(Regimen.model_validate({"steps": steps}), DROPS, "2027-01-04")
    with pytest.raises(InvalidInputError, match="plan: has 3661 days; a PDF shows at most 3660"):
        plan_pdf(long)


@pytest.mark.hazard("R01")
@settings(max_examples=10, phases=set(Phase) - {Phase.shrink, Phase.explain})
@given(plans() | living_plans(), st.sampled_from(["a4", "letter"]))
def test_pdf_tells_what_is_due_and_is_accessible(
    plan: Plan, paper: Literal["a4", "letter"]
) -> None:
    """R01: on both papers every day stands once; the file conforms to PDF/UA-1."""
    data = plan_pdf(plan, paper=paper)
    cells = list(readers.pdf_days(readers.pdf_pages(data)))
    assert [on for on, _ in cells] == [day.date for day in plan]
    for (on, words), day in zip(cells, plan, strict=True):
        assert words.startswith("No dose") is not bool(day.doses)
        after = re.sub(r"^.*(No dose|g\))", "", words).strip()
        assert all(note in after for note in notes_on(plan, on)), words
        if not plan.diary and not any(remarked(step) for step in plan.steps):
            assert after == " ".join(notes_on(plan, on))
    report = page.validate_pdf_bytes(data, profile=page.ValidationProfile.PDF_UA_1)
    assert report.is_compliant, [failure.message for failure in report.failures]


def remarked(step: PlanStep) -> bool:
    """Whether more is due in a step than the rules ask for."""
    return bool(step.cycle or step.titration.only_if or step.earliest_next)


def test_draft_stands_on_every_page_of_a_draft_only() -> None:
    draft, cleared = pdf_pages(plan_pdf(DRAFT)), pdf_pages(plan_pdf(CLEARED))
    assert all(text.count("DRAFT") >= 2 for text in draft), "watermark and words"
    assert not any("DRAFT" in text for text in cleared)
    assert all(f"Page {n} of {len(cleared)}" in text for n, text in enumerate(cleared, 1))


@pytest.mark.hazard("D03", "D07")
def test_the_sheet_tells_what_the_issue_of_drops_needs() -> None:
    """D03, D07, C19: recipe, band, calibration lines, discard line."""
    text = plain(" ".join(pdf_pages(plan_pdf(CLEARED))))
    for words in (
        "Each drop 0.225 to 0.275 mg unless this dropper was calibrated",
        "18 drops may hold 3.825 to 5.175 mg",
        "18 drops (0.9 mL, 4.5 mg) at bedtime 4.05 to 4.95 mg",
        "50 mg of naltrexone hydrochloride, weighed, or 1 tablet of 50 mg, crushed",
        "10 mL in all",
        "(14 days after it is made)",
        "1,197 drops (59.85 mL, 299.25 mg)",
        "not yet clinically reviewed",
    ):
        assert words in text, words


@pytest.mark.hazard("R03")
def test_a_name_is_drawn_or_refused_and_never_lost() -> None:
    """R03, B243: Latin, Greek and Cyrillic are drawn; other scripts are refused by name."""
    drawn = "Łukasz Nguyễn Ωμέγα Жуковский Ærøskøbing"
    assert drawn in pdf_pages(plan_pdf(CLEARED, patient=PatientFacts(name=drawn)))[0]
    for name, lost in {"鎮": "U+93AE", "عمر": "U+0639", "नमस्ते": "U+0928", "😀": "U+1F600"}.items():
        with pytest.raises(UndrawableTextError, match=re.escape(lost)):
            plan_pdf(CLEARED, patient=PatientFacts(name=f"A {name}"))
        assert name in plan_html(CLEARED, patient=PatientFacts(name=f"A {name}"))


@pytest.mark.hazard("S04")
def test_text_cannot_reach_typst_as_code() -> None:
    name = '#panic("x") $x$ *b* #read("/etc/passwd") `r` @ref'
    assert name in pdf_pages(plan_pdf(CLEARED, patient=PatientFacts(name=name)))[0]


@pytest.mark.hazard("R02", "R04")
def test_a_month_of_six_weeks_and_long_doses_keep_every_cell() -> None:
    """R02, R04: six rows, three doses a day of two strengths: nothing cut, nothing lost."""
    regimen = Regimen(steps=[{"dose": "5.5 mg", "doses_per_day": 3}])
    plan = schedule(regimen, Capsules(strengths=["1 mg", "1.5 mg"]), "2027-05-01", days=31)
    for paper in ("a4", "letter"):
        days = list(readers.pdf_days(pdf_pages(plan_pdf(plan, paper=paper))))  # type: ignore[arg-type]
        assert len(days) == 31
        assert all(words.count("3 capsules of 1.5 mg plus 1 capsule of 1 mg (5.5 mg)") == 3
                   for _, words in days)  # fmt: skip


@pytest.mark.hazard("R09")
def test_times_and_frequency_stand_on_every_face_that_needs_them() -> None:
    """A dose twice a day is told as such on the sheet; a single dose keeps its time."""
    regimen = Regimen(
        steps=[
            {"dose": "1 mg", "days": 2},
            {"dose": "1 mg", "doses_per_day": 2, "days": 2},
            {"doses": {"morning": "1 mg"}, "days": 2},
        ],
        time_of_day="bedtime",
    )
    plan = schedule(
        regimen, OralSolution(concentration="1 mg/mL", graduation="0.1 mL"), "2027-01-04"
    )
    text, page_ = plan_text(plan), plain(" ".join(pdf_pages(plan_pdf(plan))))
    for words in ("bedtime: 1 mL (1 mg)", "1 mL (1 mg), 2 times a day", "morning: 1 mL (1 mg)"):
        assert words in text
        assert words in page_
    assert "1 mL (1 mg) at bedtime" in page_
    rows = list(csv.DictReader(io.StringIO(plan_csv(plan))))
    assert [row["time_of_day"] for row in rows] == ["bedtime"] * 2 + [""] * 2 + ["morning"] * 2
    days = json.loads(plan_json(plan))["days"]
    assert [[d["time_of_day"] for d in day.get("doses", ())] for day in days] == [
        *[[]] * 2,
        *[[None, None]] * 2,
        *[["morning"]] * 2,
    ]


def test_a_step_that_changes_nothing_is_not_marked_as_new() -> None:
    steps = [{"dose": dose, "days": 2} for dose in ("1 mg", "1 mg", "2 mg", "1 mg")]
    liquid = OralSolution(concentration="1 mg/mL", graduation="0.1 mL")
    text = plan_html(schedule(Regimen(steps=steps), liquid, "2027-01-04"))
    assert re.findall(r"(START|NEW[^<]*)</strong>", text) == ["START", "NEW: UP", "NEW: DOWN"]


def test_a_page_without_dates_has_none() -> None:
    text = plan_html(CLEARED, dateless=True)
    body = text[text.index("<body") : text.index("Screening for a start")]
    assert not re.search(r"20\d\d", body)
    pages = " ".join(pdf_pages(plan_pdf(CLEARED, dateless=True)))
    assert "Day 126" in pages
    assert not re.search(r"(January|February|March|April|May) 20\d\d", pages)


def test_the_pharmacy_page_tells_when_each_bottle_is_ordered() -> None:
    """Bottles of 14 days from 4 January, each ordered five days before it is opened."""
    plan = schedule(RAMP, DROPS, "2027-01-04", days=28, screening=None)
    column = '<th scope="col">Order by'
    assert column not in plan_html(plan)
    table = re.sub(r"<[^>]+>", "|", plan_html(plan, lead_days=5).partition(column)[2])
    assert re.findall(r"20\d\d-\d\d-\d\d", table)[:3] == ["2026-12-30", "2027-01-04", "2027-01-17"]


def test_without_typst_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "typst", None)
    with pytest.raises(MissingExtraError, match=re.escape("ldn-titration[pdf]")):
        plan_pdf(CLEARED)


# --- notebook -------------------------------------------------------------------------


def tables_of(*values: Any) -> list[str]:
    return [value._repr_html_() for value in values]


def test_nouns_show_themselves_as_accessible_tables() -> None:
    liquid = OralSolution(concentration="1 mg/mL", graduation="0.1 mL")
    for text in tables_of(CLEARED, RAMP, CLEAR, DROPS, liquid):
        shown = Page(text)
        assert shown.outside == shown.open == []
        assert shown.headers == shown.scopes > 0
        assert "<caption>" in text
    assert "DRAFT" in DRAFT._repr_html_()


def test_a_table_escapes_what_a_patient_is_called() -> None:
    facts = known_facts(medications=["<script>alert(1)</script>"])
    text = screen(facts, "2027-01-04")._repr_html_()
    assert "<script>" not in text
    assert "&lt;script&gt;" in text


@pytest.mark.parametrize("case", ["twice-daily-named", "three-times-daily", "diary-switched"])
def test_the_reminder_of_a_full_month_stays_on_its_page(case: str) -> None:
    """Pages with the reminder but no weekdays: the sheet of each preparation, and no other."""
    request = read_request((ROOT / "tests" / "cases" / case / "request.json").read_bytes())
    plan = request.plan()
    texts = [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(plan_pdf(plan))).pages]
    alone = [text for text in texts if "Never take two" in text and "Monday" not in text]
    assert len(alone) == len(plan.preparations)
