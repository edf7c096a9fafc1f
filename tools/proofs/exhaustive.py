"""Every dose, start, change of the clock and month, one by one."""

from __future__ import annotations

import time

from proofs.result import Result, tests

GOAL = (
    "Every n/1000 mg to 100 mg, every start 1999 to 2101 with lengths to 400, every zone's "
    "changes 2020 to 2035, every month as a grid"
)


def prove() -> Result:
    """Run the exhaustive tests whole."""
    began = time.monotonic()
    found = tests("tests/exhaustive", LDN_EXHAUSTIVE="1")
    minutes = (time.monotonic() - began) / 60
    return found._replace(
        figure=f"100,001 doses, 37,621 starts x 400 lengths, each zone, 1,236 months: "
        f"{found.figure}, {minutes:.0f} min"
    )
