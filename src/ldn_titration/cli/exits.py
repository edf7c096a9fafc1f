"""The exit codes, and how a failure is told."""

from __future__ import annotations

import sys

__all__ = [
    "DONE",
    "INTERNAL",
    "INTERRUPTED",
    "NOT_CLEARED",
    "NOT_INSTALLED",
    "NOT_MEASURABLE",
    "WRONG",
    "failed",
]

DONE, WRONG, NOT_CLEARED, NOT_MEASURABLE, NOT_INSTALLED = 0, 2, 3, 4, 5
INTERNAL, INTERRUPTED = 70, 130


def failed(error: object, code: int) -> int:
    """Tell a failure on standard error, and return its exit code."""
    if isinstance(error, OSError):
        error = f"{error.filename}: {error.strerror}"
    for line in str(error).splitlines():
        print(line, file=sys.stderr)
    return code
