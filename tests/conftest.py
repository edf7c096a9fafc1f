"""Shared by all tests: where things are, and how Hypothesis runs.

``LDN_EXAMPLES`` asks for so many examples of each property that does not set its own number.
"""

from __future__ import annotations

import os
from pathlib import Path

from hypothesis import HealthCheck, settings

ROOT = Path(__file__).parents[1]

_CI = bool(os.environ.get("CI"))
_EXAMPLES = int(os.environ.get("LDN_EXAMPLES", "100"))
DEAR = _EXAMPLES if "LDN_EXAMPLES" in os.environ else _EXAMPLES // 5
"""Examples of a property that writes and reads documents: fewer, unless a number is asked for."""

settings.register_profile("here", deadline=None, max_examples=_EXAMPLES)
settings.register_profile("ci", deadline=None, max_examples=_EXAMPLES, derandomize=True)
settings.register_profile(
    "many",
    deadline=None,
    max_examples=_EXAMPLES,
    derandomize=_CI,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("many" if _EXAMPLES >= 1000 else "ci" if _CI else "here")
