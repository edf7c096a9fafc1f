"""The picture of a plan's doses, laid out in points before any drawing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import NamedTuple

from ldn_titration.quantities import Mass
from ldn_titration.render.axes import DoseAxis, Tick, date_ticks, dose_axis
from ldn_titration.render.labels import Lane, Wanted, in_lanes, wrapped
from ldn_titration.render.timeline import Mark, Timeline

__all__ = [
    "DOSES",
    "FOOT_LINE",
    "HEADROOM",
    "LANE",
    "LEFT",
    "LINE",
    "RIGHT",
    "SMALL",
    "TEXT",
    "TITLE",
    "WIDTH",
    "Page",
    "page_of",
]

WIDTH, LEFT, RIGHT = 720.0, 52.0, 704.0
DOSES = 210.0  # how high the doses are drawn
TITLE, TEXT, SMALL = 12.0, 8.5, 7.5
LINE, FOOT_LINE, LANE = 12.0, 10.5, 13.0
HEADROOM = 17.0  # for the words of the highest dose
_MOST_LABELS, _MOST_LANES = 16, 7
_MOST_LISTED = 24
_MOST_DATES = 13


class Page(NamedTuple):
    """What is drawn and where: lines of text, lanes of labels, the scale of both axes."""

    shown: Timeline
    axis: DoseAxis
    head: tuple[str, ...]
    foot: tuple[str, ...]
    labels: tuple[tuple[Mark, Lane], ...]
    bare: tuple[Mark, ...]
    ground: float
    height: float

    def x(self, day: date | int) -> float:
        """Where a day begins, from the left."""
        number = day if isinstance(day, int) else day.toordinal()
        first, days = self.shown.first.toordinal(), _days(self.shown)
        return LEFT + (RIGHT - LEFT) * (number - first) / days

    def y(self, dose: Mass) -> float:
        """How high a dose is, from the bottom."""
        return self.height_of(float(self.axis.place(dose)))

    def height_of(self, number: float) -> float:
        """How high so many of the axis's unit are."""
        return self.ground + DOSES * number / float(self.axis.marks[-1][0])

    @property
    def ticks(self) -> tuple[Tick, ...]:
        """The dates that are marked."""
        return date_ticks(self.shown.first, _days(self.shown), _MOST_DATES)

    @property
    def roof(self) -> float:
        """The upper end of the doses."""
        return self.ground + DOSES


def _days(shown: Timeline) -> int:
    """How many days the picture is wide."""
    return (shown.last - shown.first).days + 1


def page_of(shown: Timeline, measure: Callable[[str, float], float]) -> Page:
    """The picture of a timeline; ``measure`` tells how wide a text of a size is, in points."""
    labels, bare = _labelled(shown, measure)
    rows = max((lane.row for _, lane in labels), default=-1) + 1
    head = wrapped(shown.summary, RIGHT - 16, lambda text: measure(text, TEXT))
    notes = (*_unnamed(bare), *shown.notes)
    lines = [wrapped(note, RIGHT - 16, lambda text: measure(text, SMALL)) for note in notes]
    foot = tuple(line for each in lines for line in each)
    ground = 48 + FOOT_LINE * len(foot)
    height = ground + DOSES + HEADROOM + 6 + LANE * rows + LINE * len(head) + 30
    return Page(shown, dose_axis(shown.most), head, foot, labels, bare, ground, height)


def _labelled(
    shown: Timeline, measure: Callable[[str, float], float]
) -> tuple[tuple[tuple[Mark, Lane], ...], tuple[Mark, ...]]:
    """The marks with a label, each in its lane, and those for which there is no room."""
    spans = [Mark(max(span.first, shown.first), span.words) for span in shown.spans]
    marks = [*spans, *sorted(shown.marks, key=lambda mark: (mark.told, mark.on))]
    first, day = shown.first.toordinal(), (RIGHT - LEFT) / _days(shown)
    wanted = [
        Wanted(LEFT + day * (mark.on.toordinal() - first), measure(mark.words, SMALL) + 5)
        for mark in marks
    ]
    fewer = range(min(len(marks), _MOST_LABELS), -1, -1)
    tries = (in_lanes(wanted[:most], LEFT, RIGHT + 8) for most in fewer)
    lanes = next(lanes for lanes in tries if all(lane.row < _MOST_LANES for lane in lanes))
    return tuple(zip(marks, lanes, strict=False)), tuple(marks[len(lanes) :])


def _unnamed(bare: tuple[Mark, ...]) -> Iterator[str]:
    if bare:
        listed = "; ".join(mark.words for mark in bare[:_MOST_LISTED])
        more = len(bare) - _MOST_LISTED
        yield f"Also marked: {listed}{f'; and {more} dates more' if more > 0 else ''}."
