"""The tests run on the oldest and on the newest packages that pyproject.toml allows."""

from __future__ import annotations

import installed
from proofs.result import Result

GOAL = "Oldest and newest supported versions of each dependency tested (make versions)"


def prove() -> Result:
    """Both, on the oldest Python and the newest to be had."""
    outcomes = installed.versions()
    figure = "; ".join(f"{each.label}: {each.tests:,} tests" for each in outcomes)
    faults = [f"{each.label}: {fault}" for each in outcomes for fault in each.faults]
    return Result(figure, not faults, "; ".join(faults))
