"""Every line and branch of the library and of its tests is run by a test.

What is measured and what is excluded, with its reason, stands under ``tool.coverage`` of
``pyproject.toml``; a line may be excluded beside itself with a reason too.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from proofs.result import ROOT, Result

GOAL = "Coverage: 100 % of lines and branches, tests included, each exclusion explained"


def prove() -> Result:
    """Run all tests with coverage, the workers and the processes that they start included."""
    folder = ROOT / "build" / "coverage"
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("data*"):
        old.unlink()
    environment = os.environ | {"COVERAGE_FILE": str(folder / "data")}
    coverage = [sys.executable, "-m", "coverage"]
    tests = ["run", "-m", "pytest", "-q", "-n", "auto", "-p", "no:cov"]
    done = subprocess.run([*coverage, *tests], cwd=ROOT, env=environment)
    if done.returncode:
        return Result("the tests fail", met=False, why="a red suite covers nothing")
    subprocess.run([*coverage, "combine", "-q"], cwd=ROOT, env=environment, check=True)
    return _read(folder / "report.json", coverage, environment)


def _read(report: Path, coverage: list[str], environment: dict[str, str]) -> Result:
    """The figure of a report, and where something is missing."""
    told = [*coverage, "json", "-q", "-o", str(report)]
    subprocess.run(told, cwd=ROOT, env=environment, check=True)
    found = json.loads(report.read_text())
    totals = found["totals"]
    missing = totals["missing_lines"] + totals["missing_branches"]
    places = [
        f"{name} {each['missing_lines'] or each['missing_branches']}"
        for name, each in found["files"].items()
        if each["missing_lines"] or each["missing_branches"]
    ]
    figure = (
        f"{totals['percent_covered']:.2f} % of {totals['num_statements']:,} lines and "
        f"{totals['num_branches']:,} branches; {totals['excluded_lines']} lines excluded"
    )
    why = f"{missing} lines or branches that no test runs: {'; '.join(places)}"
    return Result(figure, missing == 0, why if missing else "")
