"""Every small change of the core is noticed by a test, or explained."""

from __future__ import annotations

import subprocess
import sys

from proofs.result import ROOT, Result

GOAL = "Mutation: every mutant of the core killed, or listed as equivalent with the reason"

AREAS = {
    "quantities quantity units preparation pieces dropper reading regimen": (
        "test_quantities test_units test_preparation test_pieces test_regimen test_request"
    ),
    "course days plan schedule diary replay": "test_diary test_living test_plan test_request",
    "supply bottles fills": "test_supply test_living properties/test_bottles",
    "findings screening": "test_screening test_overrides test_rules test_basis test_request",
    "sig": "test_sig test_living test_pages test_faces",
    "rules.case rules.completeness rules.contraindications rules.dosing rules.exposures "
    "rules.interactions rules.monitoring rules.procedures rules.washout": (
        "test_rules test_washout test_overrides test_basis test_living"
    ),
}
"""The tests of each part of the core: what they do not notice, all others are asked about."""


def prove() -> Result:
    """Try each change that is not known to be noticed: the tests of its part, then all."""
    if not (ROOT / "build" / "mutation" / "baseline.json").exists():
        _mutate("baseline")
    for modules, names in AREAS.items():
        files = [f"tests/{name}.py" for name in names.split()]
        _mutate("run", "--modules", *modules.split(), "--tests", *files)
    _mutate("run")
    told = _mutate("report")
    figure = told.stdout.strip().splitlines()[-1]
    why = "" if told.returncode == 0 else "the changes that live are listed by `mutate.py report`"
    return Result(figure, told.returncode == 0, why)


def _mutate(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "tools/mutate.py", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
