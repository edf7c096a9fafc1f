"""The properties of the hazard log, a thousand examples of each."""

from __future__ import annotations

import re
import time

from proofs.result import ROOT, Result, tests

GOAL = "P01 to P55, P59 to P62: 1,000 examples of each"
EACH = 1_000
FOLDER = "tests/properties"


def prove() -> Result:
    """Run every property."""
    began = time.monotonic()
    found = tests(FOLDER, LDN_EXAMPLES=str(EACH))
    minutes = (time.monotonic() - began) / 60
    figure = f"{len(_numbers())} properties x {EACH:,} examples ({found.figure}), {minutes:.0f} min"
    return found._replace(figure=figure)


def _numbers() -> set[str]:
    """The properties that have a test."""
    files = (ROOT / FOLDER).glob("test_*.py")
    return {
        n
        for file in files
        for n in re.findall(r"^def test_p(\d\d)_", file.read_text(), re.MULTILINE)
    }
