"""The generated pages say what the code, the tables and the golden cases say."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

import api_fields
import behaviour
import command_line
import findings_pages
import knowledge_pages
from conftest import ROOT
from ldn_titration import OralSolution, PlanDay, PlannedDose, TitrationStep
from ldn_titration.cli import exits
from ldn_titration.cli.parser import parser

CASES = sorted(path for path in (ROOT / "tests" / "cases").iterdir() if path.is_dir())
REFERENCE = ROOT / "docs" / "reference"


def sections(page: str) -> dict[str, str]:
    """Each case of the page of behaviours, by its heading."""
    return dict(re.findall(r"^### (.*?)\n(.*?)(?=^##|\Z)", page, re.MULTILINE | re.DOTALL))


KEPT = sections((REFERENCE / "behaviour.md").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.name)
def test_each_case_stands_on_the_page_with_its_exit_code(case: Path) -> None:
    told = KEPT[case.name.replace("-", " ")]
    code = (case / "exit.txt").read_text().strip()
    of_supply = case.name.startswith(("supply", "order"))
    assert of_supply or f"ends with exit code {code}:" in told or "--draft" in told


def test_a_case_is_told_in_full() -> None:
    assert KEPT["diary paused 15 days"].startswith('\n```text\nstart: "2027-01-04"\n')
    told = KEPT["diary paused 15 days"].splitlines()
    why = "paused from 13 Jan 2027, back on 28 Jan 2027: flu"
    assert f"2027-01-13   15 days  no dose  ({why})" in told
    assert any(line.startswith("[CAUTION] GAP-01:") for line in told)
    assert '"last_taken": "2026-12-26"' in KEPT["hold oxycodone 8 days"]
    assert "age_years" not in KEPT["hold oxycodone 8 days"]
    assert "`supply` ends with exit code 2:" in KEPT["supply without beyond use"]
    assert "`supply` ends with exit code 3:" in KEPT["order too small"]


def test_a_key_that_stands_twice_is_shown_twice() -> None:
    assert KEPT["wrong duplicate key"].count("start: ") >= 2
    assert behaviour.Pairs([("a", 1), ("a", 2)]) == [("a", 1), ("a", 2)]
    assert "length_days: NaN" in KEPT["wrong nan"]


def test_the_page_of_commands_has_each_command_option_and_exit_code() -> None:
    page = command_line.page()
    used = {line.split()[0] for line in parser().format_help().splitlines() if line[:4] == "    "}
    for command in ("plan", "supply", "screen", "protocols", "opioid", "self-check", "schema"):
        assert command in used
        assert f"\n## {command}\n" in page
    for option in (
        "--paper",
        "--dateless",
        "--lead-days N",
        "--overlay FILE.toml",
        "NAME-OR-RXCUI",
    ):
        assert f"| `{option}` |" in page
    codes = {value for name, value in vars(exits).items() if name.isupper() and name != "MEANINGS"}
    assert codes == set(exits.MEANINGS) == set(command_line.WHEN)
    assert f"\n| 4 | {exits.MEANINGS[exits.NOT_MEASURABLE]} |" in page


def test_help_names_the_exit_codes() -> None:
    said = " ".join(parser().format_help().split())
    assert "0 done; 2 the request is wrong; 3 screening does not clear" in said
    assert "5 an optional part is not installed." in said


def test_a_page_of_a_finding_quotes_it() -> None:
    pages = findings_pages.rule_pages()
    assert "> **hold**: codeine: 7 opioid-free days before the start; 7 to 10" in pages["OPI-03"]
    assert "> **dated note**: " in pages["MON-05"]
    assert "> **error**: " in pages["MEA-01"]
    assert "> **caution**: 15 days without a dose" in pages["GAP-01"]
    assert "> **caution**: The order is for 5.6 mL in all" in pages["ORD-01"]
    assert set(re.findall(r"^rules/(.*)$", findings_pages.index(), re.MULTILINE)) == set(pages)


def test_schedules_are_told_in_words() -> None:
    page = knowledge_pages.protocols()
    assert "| `brief_004_standard` | 1.5 for 14 days, then 3 for 14 days, then 4.5 |" in page
    assert "| `brief_002_drops` | 0.25, 0.25 more every 7 days, to 4.5 |" in page
    assert "\n| oxycodone | immediate | 7 | 10 | label |\n" in knowledge_pages.opioids()


def test_fields_are_told_with_their_types_and_defaults() -> None:
    steps = dict(api_fields.fields_of(TitrationStep))
    assert steps["dose"] == "``Mass`` or ``None``, by default ``None``"
    assert steps["doses_per_day"] == "``int``, by default ``1``"
    assert dict(api_fields.fields_of(PlanDay))["doses"] == "any number of ``PlannedDose``"
    assert list(dict(api_fields.fields_of(PlannedDose))) == ["time_of_day", "reading"]
    form = dict(api_fields.fields_of(OralSolution))["form"]
    assert form == "``'oral_solution'``, by default ``'oral_solution'``"


def test_schemas_that_are_shown_are_schemas_of_the_draft_that_is_named() -> None:
    page = (REFERENCE / "schemas.md").read_text(encoding="utf-8")
    names = re.findall(r"\]\(([a-z]+\.schema\.json)\)", page)
    assert "draft 2020-12" in page
    assert names
    for name in names:
        kept = json.loads((REFERENCE / name).read_text(encoding="utf-8"))
        Draft202012Validator.check_schema(kept)
