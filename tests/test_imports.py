"""What importing the library loads, and what the house forbids itself."""

from __future__ import annotations

import ast
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

import ldn_titration
from conftest import ROOT

SOURCES = sorted((ROOT / "src").rglob("*.py"))
OPTIONAL = ("pint", "typst", "icalendar", "fhir", "matplotlib", "numpy", "pyarrow", "pyspark")


def modules_after(code: str) -> set[str]:
    script = f"{code}\nimport sys\nprint(' '.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    return {name.split(".")[0] for name in done.stdout.decode().split()}


FIRST_PLAN = """
from ldn_titration import Drops, Regimen, schedule, screen
from ldn_titration.export.document import plan_json
ramp = Regimen.ramp("0.25 mg", "0.25 mg", 7, "4.5 mg")
plan = schedule(ramp, Drops(concentration="5 mg/mL", drops_per_mL=20), "2027-01-04", days=126)
plan_json(plan)
"""


@pytest.mark.parametrize("code", ["import ldn_titration", FIRST_PLAN])
def test_import_and_a_first_plan_load_no_extra_and_not_pint(code: str) -> None:
    loaded = modules_after(code)
    assert "ldn_titration" in loaded
    assert loaded.isdisjoint(OPTIONAL)
    assert loaded.isdisjoint({"hypothesis", "argparse"})
    assert ("dateutil" in loaded) == (code == FIRST_PLAN), "only review dates need it"


def test_a_pint_quantity_is_what_loads_pint() -> None:
    assert "pint" in modules_after("from ldn_titration import Mass\nMass('1 mg').to_pint()")


def test_every_public_name_exists_once() -> None:
    names = ldn_titration.__all__
    assert len(set(names)) == len(names)
    assert all(hasattr(ldn_titration, name) for name in names)


@pytest.mark.hazard("S04", "S10")
@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_no_source_asserts_evaluates_or_reaches_out(path: Path) -> None:
    """S03, S04, S10: no assert to be stripped, no eval, pickle, socket or subprocess."""
    banned = {"eval", "exec", "compile", "__import__"}
    modules = {"pickle", "socket", "subprocess", "urllib", "http", "ctypes", "marshal"}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        assert not isinstance(node, ast.Assert), f"{path}:{node.lineno}"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in banned, f"{path}:{node.lineno}"
        if isinstance(node, ast.Import):
            assert modules.isdisjoint(alias.name.split(".")[0] for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            assert (node.module or "").split(".")[0] not in modules


def test_only_the_command_line_reads_clocks_files_and_environment() -> None:
    """Below cli, nothing asks for today, the environment or a file but shipped data."""
    for path in SOURCES:
        if "cli" in path.parts or path.name == "__main__.py":
            continue
        text = path.read_text(encoding="utf-8")
        for word in (".today(", ".now(", "os.environ", "time.time", "random."):
            assert word not in text, f"{path}: {word}"


def bodies() -> list[int]:
    """The length of every function's body, its docstring aside."""
    sizes = []
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                first = node.body[1] if ast.get_docstring(node) and node.body[1:] else node.body[0]
                sizes.append((node.end_lineno or 0) - first.lineno + 1)
    return sorted(sizes)


def test_functions_and_modules_stay_short() -> None:
    sizes = bodies()
    assert statistics.median(sizes) <= 6
    assert sizes[int(len(sizes) * 0.95)] < 30
    assert all(len(path.read_text().splitlines()) < 400 for path in SOURCES)
