"""One plan, every face: each is made, read back by a reader of its own, and says the same.

The readers (``readers.py``) share no code with the library. The golden cases and examples
go through the command line; what is in the kept plans is worked out anew by the slow
planners in ``test_cases.py``.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import Phase, event, given, settings
from hypothesis import strategies as st

import cases
import readers
from conftest import ROOT
from ldn_titration import InvalidInputError, NotMeasurableError, Plan, schedule
from ldn_titration.export.document import plan_json
from ldn_titration.export.fhir import plan_fhir
from ldn_titration.export.ics import CalendarFile, plan_ics
from ldn_titration.export.tabular import plan_csv
from ldn_titration.render.html import plan_html
from ldn_titration.render.pdf import plan_pdf
from ldn_titration.render.text import plan_text
from ldn_titration.request import read_request
from ldn_titration.testing import living_plans, plans
from readers import Amount, Dose, Face, Row

CASES = sorted(path for path in (ROOT / "tests" / "cases").iterdir() if path.is_dir())
EXAMPLES = sorted((ROOT / "examples").glob("*.json"))
REQUESTS = [*(case / "request.json" for case in CASES), *EXAMPLES]
EXAMPLES_ASKED = int(os.environ.get("LDN_FACES", "60"))
EACH = {"ics": (), "ics, an event a step": ("--each", "step")}


def rows_of(plan: Plan) -> list[Row]:
    """The rows that every face must tell, from the plan's own days."""
    return [
        Row(day.date, day.step, tuple(_dose(dose) for dose in day.doses))
        for day in plan
        if day.doses
    ]


def _dose(dose: object) -> Dose:
    reading = dose.reading  # type: ignore[attr-defined]
    noun = {"capsules": "capsule", "tablets": "tablet"}.get(reading.form, "")
    pieces = [Amount(number, f"{noun} of {strength}") for strength, number in reading.pieces]
    drops = [] if reading.drops is None else [Amount(readers.Fraction(reading.drops), "drop")]
    volume = [] if reading.volume is None else [Amount(reading.volume.magnitude, "mL")]
    mass = Amount(reading.dose.magnitude, "mg")
    return Dose(dose.time_of_day or "", (*pieces, *drops, *volume, mass))  # type: ignore[attr-defined]


# --- what must be the same ------------------------------------------------------------


def same_as_plan(
    face: Face, rows: list[Row], days: list[date], draft: bool, name: str = "json"
) -> None:
    """A face tells these rows, every day where it tells days, and the sum of its rows."""
    assert face.rows == rows, name
    assert face.draft is draft, name
    if face.days is not None:
        assert face.days == days, name


def same_totals(face: Face, rows: list[Row]) -> None:
    """The totals of a face are the exact rows added up day by day, rounded or not."""
    assert face.totals is not None
    expected = readers.summed(rows)
    if not any(amount.about for amount in face.totals):
        assert readers.total_of(face.totals) == expected
        return
    told = [amount.unit for amount in face.totals]
    if len(told) == len(set(told)):
        found = {Amount(value, unit) for unit, value in expected.items()}
        assert set(face.totals) == set(map(readers.rounded, found))


def same_in_every_face(
    made: dict[str, str | bytes], rows: list[Row], days: list[date], draft: bool
) -> None:
    """Each face made, by its name, is read back to the rows."""
    exact, people = rows, readers.for_people(rows)
    stepless = readers.for_people(rows, steps=False)
    for name, text in made.items():
        kind = name.split(",")[0]
        face = READ[kind](text)
        if kind == "fhir":
            structure = readers.for_fhir(rows)
            assert structure is not None
            same_as_plan(face, structure, days, draft, name)
            same_as_plan(
                readers.read_fhir_text(str(text)), stepless, days, draft, "fhir, its words"
            )
            continue
        expected = {"csv": exact, "text": people, "ics": people}.get(kind, stepless)
        same_as_plan(face, expected, days, draft, name)
        if face.totals is not None:
            same_totals(face, rows)


READ: dict[str, Callable[..., Face]] = {
    "csv": readers.read_csv,
    "text": readers.read_text,
    "html": readers.read_html,
    "pdf": readers.read_pdf,
    "ics": readers.read_ics,
    "fhir": readers.read_fhir,
}


# --- the command line -----------------------------------------------------------------


def through_the_command_line(request: Path, folder: Path) -> dict[str, str | bytes]:
    """Every face of a request, where it makes a plan."""
    extra = request.with_name("arguments.txt")
    arguments = [*(extra.read_text().split() if extra.exists() else []), "--draft"]
    made: dict[str, str | bytes] = {}
    for face in ("json", "csv", "text", "html", "fhir"):
        printed = cases.run_plan(request, "--format", face, *arguments)
        assert printed.returncode == 0, printed.stderr
        made[face] = printed.stdout.decode()
    for name, each in EACH.items():
        made[name] = cases.run_plan(request, "--format", "ics", *each, *arguments).stdout.decode()
    out = folder / "plan.pdf"
    assert cases.run_plan(request, "--out", str(out), *arguments).returncode == 0
    made["pdf"] = out.read_bytes()
    return made


@pytest.mark.hazard("R05")
@pytest.mark.parametrize(
    "request_file", REQUESTS, ids=lambda path: f"{path.parent.name}-{path.stem}"
)
def test_every_face_of_a_request_says_the_same(request_file: Path, tmp_path: Path) -> None:
    """P49: all faces made through the command line; a refused request is refused by all."""
    code = cases.run_plan(request_file, "--format", "json", "--draft").returncode
    if code:
        for face in ("csv", "text", "html", "pdf", "ics", "fhir"):
            out = tmp_path / "plan"
            printed = cases.run_plan(request_file, "--format", face, "--out", str(out), "--draft")
            assert (printed.returncode, out.exists()) == (code, False), face
        return
    made = through_the_command_line(request_file, tmp_path)
    request = read_request(request_file.read_bytes())
    told = readers.read_json(str(made.pop("json")), request.titration().time_of_day)
    assert told.days is not None
    same_totals(told, told.rows)
    same_in_every_face(made, told.rows, told.days, told.draft)


def test_enough_requests_make_a_plan() -> None:
    kept = [case for case in CASES if (case / "plan.json").exists()]
    assert len(kept) > 40
    assert len(EXAMPLES) > 5


# --- generated plans ------------------------------------------------------------------


@st.composite
def switched_plans(draw: st.DrawFn) -> Plan:
    """Living plans that go on with another preparation, as far as it measures their doses."""
    plan = draw(living_plans(max_events=2))
    on = plan.start + timedelta(draw(st.integers(0, len(plan) - 1)))
    liquid = {"form": "oral_solution", "concentration": "1 mg/mL", "graduation": "0.001 mL"}
    drops = {"form": "drops", "concentration": "10 mg/mL", "drops_per_mL": 40}
    chosen = draw(st.sampled_from([liquid, drops]))
    if draw(st.booleans()):
        chosen = {**chosen, "beyond_use_days": 30}
    event = {"event": "switched", "on": str(on), "preparation": chosen}
    try:
        return schedule(
            plan.regimen,
            plan.preparation,
            plan.start,
            days=plan.length_days,
            diary=[*plan.diary, event],
        )
    except (InvalidInputError, NotMeasurableError):
        return plan


def with_supply(plan: Plan) -> Plan:
    """The same plan of a preparation that keeps for 30 days, so that its supply is known."""
    kept = plan.preparation.model_copy(update={"beyond_use_days": 30})
    return schedule(plan.regimen, kept, plan.start, days=plan.length_days, diary=plan.diary)


@pytest.mark.hazard("R05")
@settings(max_examples=EXAMPLES_ASKED, phases=set(Phase) - {Phase.shrink, Phase.explain})
@given(plans() | living_plans() | switched_plans(), st.booleans(), st.integers(1, 4))
def test_every_face_of_any_plan_says_the_same(plan: Plan, keeps: bool, chosen: int) -> None:
    """P49: for generated plans; LDN_FACES=1000 asks for so many, each with its PDF.

    Reading a PDF takes longer than all else together: otherwise one in four has its own.
    A plan that FHIR cannot hold, since some dose is no decimal or there is none, is refused.
    """
    plan = with_supply(plan) if keeps else plan
    rows, days = rows_of(plan), [day.date for day in plan]
    assert days == [plan.start + timedelta(n) for n in range(len(days))]
    told = readers.read_json(plan_json(plan), plan.regimen.time_of_day)
    same_as_plan(told, rows, days, True)
    same_totals(told, rows)
    made: dict[str, str | bytes] = {
        "csv": plan_csv(plan),
        "text": plan_text(plan),
        "html": plan_html(plan),
        "ics": plan_ics(plan),
        "ics, an event a step": plan_ics(plan, CalendarFile(each="step")),
    }
    if chosen == 4 or "LDN_FACES" in os.environ:
        made["pdf"] = plan_pdf(plan)
    if rows and readers.for_fhir(rows) is not None:
        made["fhir"] = plan_fhir(plan)
    else:
        event("refused in FHIR")
        with pytest.raises(InvalidInputError):
            plan_fhir(plan)
    same_in_every_face(made, rows, days, True)
