"""The properties of the hazard log: 1,000 examples of each, 100,000 of the exact core."""

from __future__ import annotations

import re
import time

from proofs.result import ROOT, Result, tests

GOAL = "P01 to P55, P59 to P62: 1,000 examples of each, 100,000 of the exact core"
EACH, CORE = 1_000, 100_000
FOLDER = "tests/properties"


def prove() -> Result:
    """Run each property a thousand times, then those of the core a hundred thousand times."""
    began = time.monotonic()
    each = tests(FOLDER, LDN_EXAMPLES=str(EACH))
    core = tests(FOLDER, "-m", "core", LDN_EXAMPLES=str(CORE))
    minutes = (time.monotonic() - began) / 60
    figure = (
        f"{len(_numbers())} properties x {EACH:,} examples ({each.figure}), core x {CORE:,} "
        f"({core.figure}), {minutes:.0f} min"
    )
    why = "; ".join(filter(None, (each.why, core.why and f"core: {core.why}")))
    return Result(figure, each.met and core.met, why)


def _numbers() -> set[str]:
    """The properties that have a test."""
    files = (ROOT / FOLDER).glob("test_*.py")
    return {
        n
        for file in files
        for n in re.findall(r"^def test_p(\d\d)_", file.read_text(), re.MULTILINE)
    }
