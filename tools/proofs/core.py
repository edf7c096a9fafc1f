"""The properties of the exact core, a hundred thousand examples of each."""

from __future__ import annotations

import time

from proofs.result import Result, tests

GOAL = "Properties of the exact core: 100,000 examples of each"
CORE = 100_000


def prove() -> Result:
    """Run each property that is marked as one of the core."""
    began = time.monotonic()
    found = tests("tests/properties", "-m", "core", LDN_EXAMPLES=str(CORE))
    minutes = (time.monotonic() - began) / 60
    return found._replace(figure=f"{found.figure} x {CORE:,} examples, {minutes:.0f} min")
