"""The example notebooks: kept as text, run as scripts and cell by cell, opened by Jupytext."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest
from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser

from conftest import ROOT

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of what they are made with, not of ours
    import jupytext
    import nbformat

NOTEBOOKS = sorted((ROOT / "examples" / "notebooks").glob("*.py"))
MORNING, PROPERTIES = NOTEBOOKS

SAYS = {
    MORNING: (
        "Start on 4 January: clear",
        "The interval is over from 2026-12-31",
        "codeine: 7 opioid-free days before the start; 7 to 10 are asked for.",
        "1 March: 9 drops (0.45 mL, 2.25 mg)",
        "4 drops (0.2 mL, 1 mg) - held 7 days from 26 Jan 2027: insomnia",
        "2027-02-01 was 1.25 mg now 1 mg",
        "The plan ends after 126 days, in step 17 of 18; what comes after is cut off.",
        "100 mL in 10 bottles",
    ),
    PROPERTIES: (
        "A drop holds 0.1 mg",
        "count=3",
        "2.9999999999999996 is cut to 2",
        "dose=Mass('50 mcg')",
        "nearest: 0.2 mg below and 0.3 mg above",
        "Four properties hold.",
    ),
}


def opened(path: Path) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return jupytext.read(path, fmt="py:percent")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_as_a_script_and_says_what_it_claims(path: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", str(path)],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    places = [done.stdout.find(words) for words in SAYS[path]]
    assert -1 not in places, done.stdout
    assert places == sorted(places), "told in this order"
    left = {each.name for each in tmp_path.iterdir()}
    assert left <= {".hypothesis"}, "it leaves nothing of ours behind"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_opens_in_jupyter_with_its_cells(path: Path) -> None:
    notebook = opened(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        nbformat.validate(notebook)
        again = jupytext.reads(jupytext.writes(notebook, fmt="ipynb"), fmt="ipynb")
    cells = [(cell.cell_type, cell.source) for cell in notebook.cells]
    assert [(cell.cell_type, cell.source) for cell in again.cells] == cells
    assert notebook.metadata["kernelspec"]["name"] == "python3"
    kinds = [kind for kind, _ in cells]
    assert kinds[0] == "markdown"
    assert cells[0][1].startswith("# ")
    assert "code code" not in " ".join(kinds), "each cell of code is introduced in words"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_each_cell_of_a_notebook_shows_or_asserts_what_it_claims(path: Path) -> None:
    for cell in opened(path).cells:
        if cell.cell_type == "code":
            shows = isinstance(ast.parse(cell.source).body[-1], ast.Expr)
            told = re.search(r"^\s*(assert|print)\b", cell.source, re.MULTILINE)
            prepares = cell.source.startswith("import tempfile") or "def outcome" in cell.source
            assert shows or told or prepares, cell.source
        else:
            assert len(cell.source) < 700, "short paragraphs"


def shown_by(path: Path) -> list[Any]:
    """What each cell that ends with an expression would show, the cells run in their order."""
    names: dict[str, Any] = {"__name__": "notebook"}
    shown = []
    for cell in opened(path).cells:
        if cell.cell_type != "code":
            continue
        *body, last = ast.parse(cell.source).body
        if not isinstance(last, ast.Expr):
            body.append(last)
        exec(compile(ast.Module(body, []), path.name, "exec"), names)  # noqa: S102
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), path.name, "eval"), names)  # noqa: S307
            shown += [] if value is None else [value]
    return shown


def test_the_cells_of_the_morning_show_tables_and_pictures(
    capsys: pytest.CaptureFixture[str],
) -> None:
    screening, plan, before, after = shown_by(MORNING)
    assert "Screening for a start on 2027-01-04: CLEAR" in screening._repr_html_()
    assert "Plan (CLEARED)" in plan._repr_html_()
    assert before._repr_svg_().startswith("<svg ")
    assert "Held 26 Jan 2027" in after._repr_svg_()
    assert "Held" not in before
    assert "PDF: written" in capsys.readouterr().out


def test_the_page_about_notebooks_runs_as_shown_and_leads_somewhere() -> None:
    page = ROOT / "docs" / "how-to" / "notebooks.md"
    examples = list(Sybil([PythonCodeBlockParser()]).parse(page).examples())
    for each in examples:
        each.evaluate()
    assert len(examples) >= page.read_text(encoding="utf-8").count("```python")
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target
