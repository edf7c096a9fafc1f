"""Each hazard has a control and a test; the log and the tests name each other."""

from __future__ import annotations

import csv

from proofs.result import ROOT, Result, tests

GOAL = "Hazard log: each hazard paired with a test that passes, both ways"
RESTS_ON = ("src", "tests", "docs/safety")


def prove() -> Result:
    """Run the pairing and every test that is marked with a hazard."""
    with open(ROOT / "docs" / "safety" / "hazards.csv", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    waiting = sum(row["status"] != "controlled" for row in rows)
    done = tests("-m", "hazard", "tests")
    pairing = tests("tests/test_hazard_log.py")
    figure = f"{len(rows)} hazards, {waiting} of parts not built; {done.figure}"
    return Result(figure, done.met and pairing.met, done.why or pairing.why)
