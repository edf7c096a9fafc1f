"""Bad inputs: every case of the corpus through every door that it fits."""

from __future__ import annotations

import importlib
import sys

from proofs.result import ROOT, Result, tests

__all__ = ["GOAL", "prove"]

GOAL = "Bad inputs: every case of the corpus as expected, none skipped without a written reason"


def prove() -> Result:
    """Run the cases, and count those that nothing here could run, with the reasons."""
    done = tests("tests/test_bad_inputs.py")
    if not done.met:
        return Result(done.figure, False, f"{done.why}; pytest names each case")
    cases, reasons = _counted()
    as_expected = f"{cases} cases: {cases - len(reasons)} as expected"
    why = "; ".join(f"{case}: {reason}" for case, reason in sorted(reasons.items()))
    return Result(f"{as_expected}, {len(reasons)} not built", True, why)


def _counted() -> tuple[int, dict[str, str]]:
    """How many cases there are, and the written reason of each that is not built."""
    sys.path.insert(0, str(ROOT / "tests"))
    found = importlib.import_module("test_bad_inputs")
    not_built = (found.adapter(area).not_built for area in found.AREAS)
    return len(found.CASES), {case: why for each in not_built for case, why in each.items()}
