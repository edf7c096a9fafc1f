"""A figure of a benchmark: a goal, and what was reached."""

from __future__ import annotations

from typing import NamedTuple


class Figure(NamedTuple):
    """One goal with what was reached; ``at_most`` tells which way is better."""

    goal: str
    what: str
    limit: float
    reached: float
    at_most: bool = True

    @property
    def met(self) -> bool:
        """Whether the goal is reached."""
        return self.reached <= self.limit if self.at_most else self.reached >= self.limit


def at_least(goal: str, what: str, limit: float, reached: float) -> Figure:
    """A goal that more is better for."""
    return Figure(goal, what, limit, reached, at_most=False)
