"""The exit codes, and how a failure is told."""

from __future__ import annotations

import sys

__all__ = [
    "DONE",
    "INTERNAL",
    "INTERRUPTED",
    "MEANINGS",
    "NOT_CLEARED",
    "NOT_INSTALLED",
    "NOT_MEASURABLE",
    "WRONG",
    "failed",
]

DONE, WRONG, NOT_CLEARED, NOT_MEASURABLE, NOT_INSTALLED = 0, 2, 3, 4, 5
INTERNAL, INTERRUPTED = 70, 130

MEANINGS = {
    DONE: "done",
    WRONG: "the request is wrong",
    NOT_CLEARED: "screening does not clear, or an order does not agree",
    NOT_MEASURABLE: "a dose that cannot be measured",
    NOT_INSTALLED: "an optional part is not installed",
    INTERNAL: "a fault of the program or of its tables",
    INTERRUPTED: "interrupted from the keyboard",
}
"""What each exit code means, in a few words."""


def failed(error: object, code: int) -> int:
    """Tell a failure on standard error, and return its exit code."""
    if isinstance(error, OSError):
        error = f"{error.filename}: {error.strerror}"
    for line in str(error).splitlines():
        print(line, file=sys.stderr)
    return code
