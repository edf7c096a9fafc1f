"""Every small change of the core is noticed by a test, or explained."""

from __future__ import annotations

import subprocess
import sys

from proofs.result import ROOT, Result

GOAL = "Mutation: every mutant of the core killed, or listed as equivalent with the reason"


def prove() -> Result:
    """Try each change that is not known to be noticed."""
    if not (ROOT / "build" / "mutation" / "baseline.json").exists():
        _mutate("baseline")
    _mutate("run")
    told = _mutate("report")
    figure = told.stdout.strip().splitlines()[-1]
    why = "" if told.returncode == 0 else "the changes that live are listed by `mutate.py report`"
    return Result(figure, told.returncode == 0, why)


def _mutate(what: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "tools/mutate.py", what]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
