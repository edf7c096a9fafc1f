"""Each parser gives a result or an error of ours, whatever a fuzzer thinks of."""

from __future__ import annotations

import re
import subprocess
import sys

from proofs.result import ROOT, Result

GOAL = "Fuzz: two minutes a parser, no uncaught error"
RESTS_ON = ("src", "tools/fuzzing", "tools/fuzz.py")
SECONDS = 120


def prove() -> Result:
    """Fuzz each parser in turn."""
    from fuzzing.targets import TARGETS

    runs, faults = 0, []
    for name in TARGETS:
        command = [sys.executable, "tools/fuzz.py", name, "--seconds", str(SECONDS)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        told = re.search(r"number_of_executed_units: (\d+)", done.stdout + done.stderr)
        runs += int(told[1]) if told else 0
        if done.returncode or not told:
            faults.append(f"{name}: {_last_words(done.stderr)}")
    guide = "atheris" if "atheris" in _guide() else "seeded numbers (atheris is not installed)"
    figure = (
        f"{len(TARGETS)} parsers x {SECONDS} s by {guide}: {runs:,} inputs, {len(faults)} faults"
    )
    return Result(figure, not faults, "; ".join(faults))


def _guide() -> str:
    from importlib.util import find_spec

    return "atheris" if find_spec("atheris") else "seeded numbers (atheris is not installed)"


def _last_words(text: str) -> str:
    said = [line for line in text.splitlines() if "Error" in line]
    return said[-1][:200] if said else "no figure came back"
