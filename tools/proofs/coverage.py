"""Every line and branch of the library and of its tests is run by a test."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from proofs.result import ROOT, Result

GOAL = "Coverage: 100 % of lines and branches, tests included, each exclusion explained"


def prove() -> Result:
    """Run all tests with coverage, the processes that they start included."""
    folder = ROOT / "build" / "coverage"
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("data*"):
        old.unlink()
    environment = os.environ | {"COVERAGE_FILE": str(folder / "data")}
    run = [sys.executable, "-m", "pytest", "-q", "-n", "auto", "--cov", "--cov-report="]
    done = subprocess.run(run, cwd=ROOT, env=environment)
    if done.returncode:
        return Result("the tests fail", met=False, why="a red suite covers nothing")
    report = folder / "report.json"
    told = [sys.executable, "-m", "coverage", "json", "-q", "-o", str(report)]
    subprocess.run(told, cwd=ROOT, env=environment, check=True)
    totals = json.loads(report.read_text())["totals"]
    missing = totals["missing_lines"] + totals["missing_branches"]
    figure = (
        f"{totals['percent_covered']:.2f} % of {totals['num_statements']:,} lines and "
        f"{totals['num_branches']:,} branches; {totals['excluded_lines']} lines excluded"
    )
    return Result(figure, missing == 0, f"{missing} lines or branches no test runs")
