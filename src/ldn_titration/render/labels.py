"""Where words go in a picture: wrapped to a width, and in rows that never overlap."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

__all__ = ["Lane", "Wanted", "in_lanes", "wrapped"]

_APART = 8.0  # points between two labels of a row


class Wanted(NamedTuple):
    """A label that belongs to a place from the left, and how wide it is; in points."""

    at: float
    width: float


class Lane(NamedTuple):
    """Where a label goes: its row, from 0 at the bottom, and where it begins."""

    row: int
    begin: float


def wrapped(text: str, width: float, measure: Callable[[str], float]) -> tuple[str, ...]:
    """The text in lines no wider than ``width``, unless a single word is."""
    lines = [""]
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and measure(longer) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return tuple(lines)


def in_lanes(wanted: Sequence[Wanted], left: float, right: float) -> tuple[Lane, ...]:
    """A lane for each label, so that no two overlap and as few as can be cross a stem.

    A stem leads straight down from each label's place; a label begins there, or as far to
    the left of it as it must to end before ``right``.
    """
    found: dict[int, Lane] = {}
    for number in sorted(range(len(wanted)), key=lambda number: -wanted[number].at):
        label = wanted[number]
        begin = max(left, min(label.at, right - label.width))
        others = [(wanted[other], lane) for other, lane in found.items()]
        free = [row for row in range(len(others) + 1) if not _overlaps(label, row, begin, others)]
        clear = (row for row in free if not _crosses(label, Lane(row, begin), others))
        found[number] = Lane(next(clear, free[0]), begin)
    return tuple(found[number] for number in range(len(wanted)))


def _overlaps(label: Wanted, row: int, begin: float, others: Iterable[tuple[Wanted, Lane]]) -> bool:
    return any(
        lane.row == row
        and begin < lane.begin + other.width + _APART
        and lane.begin < begin + label.width + _APART
        for other, lane in others
    )


def _crosses(label: Wanted, mine: Lane, others: Iterable[tuple[Wanted, Lane]]) -> bool:
    """Whether a stem would run through a label, mine through another or another's through mine."""
    return any(_cuts(label, mine, other, lane) for other, lane in others) or any(
        _cuts(other, lane, label, mine) for other, lane in others
    )


def _cuts(stem: Wanted, stem_lane: Lane, label: Wanted, lane: Lane) -> bool:
    inside = lane.begin < stem.at < lane.begin + label.width + _APART / 2
    return stem_lane.row > lane.row and inside
