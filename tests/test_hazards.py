"""Controls of hazards that no other test proves: what is absent, closed or always so."""

from __future__ import annotations

import ast
import importlib.util
import json
import subprocess
import sys
import tomllib
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from dateutil.relativedelta import relativedelta

import safety_log
from conftest import ROOT
from ldn_titration import OralSolution, PatientFacts, Regimen, schedule, screen
from ldn_titration.errors import InvalidInputError
from ldn_titration.export.document import plan_json
from ldn_titration.export.fhir import plan_fhir, plan_requests
from ldn_titration.export.ics import plan_ics
from ldn_titration.fhir.json import fhir_json, fhir_read
from ldn_titration.fhir.resources import MedicationRequest
from ldn_titration.render.html import plan_html
from ldn_titration.render.pdf import plan_pdf
from ldn_titration.render.text import plan_text
from ldn_titration.request import read_request, request_schema
from readers import pdf_pages

SOURCES = sorted((ROOT / "src").rglob("*.py"))
EXAMPLE = json.loads((ROOT / "examples" / "drops-18-weeks.json").read_text(encoding="utf-8"))
SHORT = {**EXAMPLE, "length_days": 21}


def with_patient(**facts: Any) -> dict[str, Any]:
    return {**SHORT, "patient": {**EXAMPLE["patient"], **facts}}


def plan_of(request: dict[str, Any]) -> Any:
    return read_request(json.dumps(request)).plan()


# --- what is not there ----------------------------------------------------------------


@cache
def imported() -> frozenset[str]:
    """The first part of every module that some source imports."""
    found: set[str] = set()
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                found.add("." * node.level or (node.module or "").split(".")[0])
    return frozenset(found)


NOT_BUILT = [row for row in safety_log.hazards() if row.absent]


@pytest.mark.hazard("K03", "K05", "O04", "S05", "S06")
@pytest.mark.parametrize("row", NOT_BUILT, ids=lambda row: row.id)
def test_what_is_not_built_is_not_there(row: safety_log.Hazard) -> None:
    """Once it is there its hazard must be looked at again, so that this test fails."""
    for module in row.absent:
        if module.startswith("ldn_titration."):
            assert importlib.util.find_spec(module) is None, module
        else:
            assert module not in imported(), module


STANDARD = {
    *["__future__", "abc", "argparse", "bisect", "calendar", "collections"],
    *["contextlib", "csv"],
    *["datetime", "decimal", "difflib", "enum", "fractions", "functools", "hashlib", "html", "io"],
    *["itertools", "json", "math", "os", "pathlib", "re", "stat", "sys", "tempfile", "textwrap"],
    *["threading", "tomllib", "types", "typing", "unicodedata", "uuid"],
}
OTHERS = {
    *["ldn_titration", "dateutil", "pint", "pydantic", "pydantic_core"],
    *["duckdb", "hypothesis", "matplotlib", "numpy", "pyarrow"],
    *["pyspark", "typst"],
}


@pytest.mark.hazard("R08", "S03", "S04", "S07", "S08")
def test_nothing_is_imported_but_what_is_listed() -> None:
    """No socket, http, ssl, logging, pickle, yaml, gettext, locale, or package not declared."""
    assert imported() <= STANDARD | OTHERS
    assert imported() >= OTHERS, "the list is no longer than what is imported"


def test_of_dateutil_only_the_addition_of_months_is_used() -> None:
    """Its parser reads "4.5" as a date, and no text reaches it."""
    for path in SOURCES:
        text = path.read_text(encoding="utf-8")
        assert "dateutil" not in text.replace("dateutil.relativedelta import relativedelta", "")
    assert not relativedelta(months=1).days


@pytest.mark.hazard("S09")
def test_the_build_backend_is_a_reproducible_one() -> None:
    """hatchling, with nothing that turns its fixed times off, and no version from a clock."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["build-system"]["build-backend"] == "hatchling.build"
    assert '"reproducible": false' not in json.dumps(project["tool"]["hatch"])
    assert project["tool"]["hatch"]["version"] == {"path": "src/ldn_titration/__init__.py"}


# --- what is closed -------------------------------------------------------------------


def names_of_numbers(schema: Any, name: str = "") -> set[str]:
    """The property names under which the schema takes a JSON number."""
    if isinstance(schema, list):
        return set().union(*(names_of_numbers(part, name) for part in schema))
    if not isinstance(schema, dict):
        return set()
    found = {name} if {"number", "integer"} & set(_types(schema)) else set()
    for key, part in schema.items():
        if key in {"properties", "$defs"}:
            found |= set().union(*(names_of_numbers(p, n) for n, p in part.items()))
        else:
            found |= names_of_numbers(part, name)
    return found


def _types(schema: dict[str, Any]) -> list[str]:
    stated = schema.get("type", [])
    return stated if isinstance(stated, list) else [stated]


@pytest.mark.hazard("U02")
def test_no_quantity_of_a_request_is_a_bare_number() -> None:
    """All numbers of the schema: counts of days, doses, pieces and years, and drops per mL."""
    counts = {"age_years", "beyond_use_days", "days", "days_off", "days_on", "days_supply"}
    counts |= {"doses_per_day", "every_days", "fewest_days", "length_days", "parts", "refills"}
    assert names_of_numbers(request_schema()) - counts == {"drops_per_mL", *OTHER_NUMBERS}
    for number in (0.25, 1, "0.25"):
        ramp = {**EXAMPLE["regimen"]["ramp"], "by": number}
        with pytest.raises(InvalidInputError, match=r"regimen\.ramp\.by"):
            plan_of({**SHORT, "regimen": {"ramp": ramp}})


OTHER_NUMBERS = {"liver_enzymes", "quantity"}
"""Times the upper limit of normal, and counts of whole pieces by strength in an order."""


@pytest.mark.hazard("F05")
def test_no_other_product_can_be_planned() -> None:
    """Depot, film, injection, another drug: no field takes them; elsewhere they are findings."""
    for form in ("depot", "injection", "film", "nasal", "Vivitrol"):
        with pytest.raises(InvalidInputError, match="preparation"):
            plan_of({**SHORT, "preparation": {**EXAMPLE["preparation"], "form": form}})
    for drug in ("naloxone", "methylnaltrexone", "naltrexone"):
        with pytest.raises(InvalidInputError, match="drug"):
            plan_of({**SHORT, "drug": drug})
    for listed in ("Contrave", "Vivitrol 380 mg", "naltrexone 50 mg"):
        told = plan_of(with_patient(medications=[listed])).screening
        assert not told.clears, listed
        assert "DUP-01" in {finding.code for finding in told.findings}, listed


@pytest.mark.hazard("I08")
@pytest.mark.parametrize(
    "schema", ["ldn-titration/request/2", "ldn-titration/request/0", "ldn-titration/plan/1", 1, ""]
)
def test_another_schema_version_is_refused(schema: Any) -> None:
    for request in ({**SHORT, "schema": schema}, {k: SHORT[k] for k in SHORT if k != "schema"}):
        with pytest.raises(InvalidInputError) as caught:
            read_request(json.dumps(request))
        assert [problem.path for problem in caught.value.problems] == ["schema"]
        assert "ldn-titration/request/1" in str(caught.value)


@pytest.mark.hazard("S02")
@pytest.mark.parametrize("form", ["json", "text", "csv", "html", "ics", "fhir", "pdf"])
def test_nothing_of_a_request_names_a_file(form: str, tmp_path: Path) -> None:
    """Whatever a patient is called, one file is written: the one that --out names."""
    outside = tmp_path / "outside"
    outside.mkdir()
    made = tmp_path / "made"
    made.mkdir()
    request = with_patient(name=f"{outside}/a ../../b /etc/passwd")
    told = subprocess.run(
        [sys.executable, "-m", "ldn_titration", "plan", "-", "--format", form, "--out", "made/p"],
        input=json.dumps(request).encode(),
        cwd=tmp_path,
        capture_output=True,
    )
    assert told.returncode == 0, told.stderr
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files == [made / "p"]


# --- what is always so ----------------------------------------------------------------


@pytest.mark.hazard("U05")
def test_faces_name_the_hydrochloride() -> None:
    plan = plan_of(SHORT)
    for face in (plan_text, plan_json, plan_html, plan_ics, plan_fhir):
        assert "naltrexone hydrochloride" in face(plan).lower(), face
    assert "naltrexone hydrochloride" in " ".join(pdf_pages(plan_pdf(plan)))


@pytest.mark.hazard("E02")
@pytest.mark.parametrize("cleared", [True, False])
def test_every_plan_leaves_as_a_draft_proposal(cleared: bool) -> None:
    plan = plan_of(SHORT if cleared else with_patient(pregnant="unknown"))
    assert plan.status == ("cleared" if cleared else "draft")
    entries = [each["resource"] for each in json.loads(plan_fhir(plan))["entry"]]
    orders = [each for each in entries if each["resourceType"] == "MedicationRequest"]
    assert [(each["status"], each["intent"]) for each in orders] == [("draft", "proposal")]
    tree = json.loads(fhir_json(plan_requests(plan)[0]), parse_float=Decimal)
    assert fhir_read(MedicationRequest, tree).intent == "proposal"
    for name, wrong in (("intent", "order"), ("status", "active")):
        with pytest.raises(InvalidInputError) as caught:
            fhir_read(MedicationRequest, tree | {name: wrong})
        assert [problem.path for problem in caught.value.problems] == [name]


@pytest.mark.hazard("D02")
def test_another_dropper_changes_counts_and_no_dose() -> None:
    """From day 8 a dropper of 40 drops per mL: twice the drops for the same 0.5 mg."""
    dropper = {**EXAMPLE["preparation"], "drops_per_mL": 40, "mg_per_drop": "0.125 mg"}
    switch = {"event": "switched", "on": "2027-01-11", "preparation": dropper}
    before, after = plan_of(SHORT), plan_of({**SHORT, "diary": [switch]})
    assert [day.dose for day in after] == [day.dose for day in before]
    assert [before[6].take, before[7].take] == [
        "1 drop (0.05 mL, 0.25 mg)",
        "2 drops (0.1 mL, 0.5 mg)",
    ]
    assert [after[6].take, after[7].take] == [
        "1 drop (0.05 mL, 0.25 mg)",
        "4 drops (0.1 mL, 0.5 mg)",
    ]


def made_alone(place: int) -> str:
    """A plan of its own for each place, with its screening."""
    unit = f"0.{place + 1:02} mg"
    regimen = Regimen.ramp(unit, unit, 2, f"0.{(place + 1) * 3:02} mg")
    solution = OralSolution(concentration="1 mg/mL", graduation="0.01 mL", beyond_use_days=30)
    facts = PatientFacts(name=f"Patient {place}", medications=[f"lisinopril {place + 1} mg"])
    screening = screen(facts, "2027-01-04", regimen)
    return plan_json(schedule(regimen, solution, "2027-01-04", days=30, screening=screening))


@pytest.mark.hazard("C01")
def test_plans_made_in_threads_are_those_made_alone() -> None:
    """Eight threads, 160 plans of 20 kinds at once: each the bytes that it has alone."""
    alone = [made_alone(place) for place in range(20)]
    assert len(set(alone)) == 20
    with ThreadPoolExecutor(8) as threads:
        together = list(threads.map(made_alone, [*range(20)] * 8))
    assert together == alone * 8
