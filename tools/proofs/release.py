"""The tests run against the installed wheel."""

from __future__ import annotations

import installed
from proofs.result import Result

GOAL = "The wheel, not the source tree, passes the tests (make release-check)"


def prove() -> Result:
    """Build, install into a fresh environment, test."""
    outcome = installed.release()
    figure = f"{outcome.tests:,} tests of the sdist against the installed wheel"
    return Result(figure, not outcome.faults, "; ".join(outcome.faults))
