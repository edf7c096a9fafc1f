"""An audit hook over every public call, and what ``--out`` refuses."""

from __future__ import annotations

from proofs.result import Result, tests

__all__ = ["GOAL", "prove"]

GOAL = (
    "Isolation: no socket, subprocess, ctypes, pickle, exec or write outside --out in any public "
    "call; --out contained, exclusive, atomic"
)


def prove() -> Result:
    """The tests of both."""
    return tests("tests/test_isolation.py", "tests/test_out.py", "tests/test_imports.py")
