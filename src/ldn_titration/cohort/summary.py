"""The summary of a cohort: how many people, with counts that could single somebody out left out.

A count from 1 to 4 is told as "<5". Where that is the only one left out of a group whose sum is
told, it could be worked out; so the next smallest count of the group is left out too.
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["SMALL", "few", "suppressed"]

SMALL: int = 5
"""Counts below this are not told, but for none at all."""


def suppressed(counts: Mapping[str, int]) -> dict[str, int | str]:
    """The counts of a group whose sum is known, small ones as "<5" or, beside one, "left out".

    >>> suppressed({"clear": 120, "stop": 3, "hold": 40})
    {'clear': 120, 'stop': '<5', 'hold': 'left out'}
    """
    small = {name for name, count in counts.items() if 0 < count < SMALL}
    told: dict[str, int | str] = {n: "<5" if n in small else count for n, count in counts.items()}
    if len(small) == 1:
        others = [name for name, count in counts.items() if count >= SMALL]
        if others:
            told[min(others, key=lambda name: counts[name])] = "left out"
    return told


def few(counts: Mapping[str, int]) -> dict[str, int | str]:
    """Counts that have no sum that is known, small ones as "<5"."""
    return {name: "<5" if 0 < count < SMALL else count for name, count in counts.items()}
