"""Checks of the steps against each other: their sequence, days without one, overlaps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from fractions import Fraction
from itertools import groupby, pairwise
from typing import NamedTuple

from ldn_titration import sig
from ldn_titration.intake.orders.amounts import Amount
from ldn_titration.lint.finding import Figure, LintFinding, finding
from ldn_titration.lint.reading import StepRead
from ldn_titration.lint.structure import length_by_text

__all__ = ["course_findings", "in_sequence"]

_NUMBER_THEM = "Number the steps 1, 2, 3, ... in the order in which they are taken."
_Group = tuple[StepRead, ...]


def in_sequence(reads: Sequence[StepRead]) -> list[_Group]:
    """The steps in the order they are taken, those taken together in one group.

    Without a sequence on every step, the order is that in which they stand.
    """
    if any(read.step.sequence is None for read in reads):
        return [(read,) for read in reads]
    ordered = sorted(reads, key=_number)
    return [tuple(group) for _, group in groupby(ordered, _number)]


def _number(read: StepRead) -> int:
    return read.step.sequence or 0


def course_findings(reads: Sequence[StepRead]) -> Iterator[LintFinding]:
    """What is wrong between the steps."""
    yield from _sequence_findings(reads)
    yield from _day_findings(in_sequence(reads))


# --- sequence -------------------------------------------------------------------------


def _sequence_findings(reads: Sequence[StepRead]) -> Iterator[LintFinding]:
    for read in reads:
        if read.step.sequence is None and len(reads) > 1:
            words = f"The {read.name} of {len(reads)} has no sequence; its place is not certain."
            yield finding("LIN-10", f"{read.step.path}.sequence", words, _NUMBER_THEM)
    numbered = [read for read in reads if read.step.sequence is not None]
    yield from _doubled(numbered)
    yield from _out_of_order(numbered)
    yield from _left_out(numbered)


def _doubled(reads: Sequence[StepRead]) -> Iterator[LintFinding]:
    first: dict[int, StepRead] = {}
    for read in reads:
        other = first.setdefault(_number(read), read)
        if other is not read and not _are_concurrent(other, read):
            figures = _sequence_figure(other), _sequence_figure(read)
            words = (
                f"Sequence {read.step.sequence} stands twice: as steps taken together, "
                "but they are not at different times of the same days."
            )
            yield finding("LIN-10", f"{read.step.path}.sequence", words, _NUMBER_THEM, *figures)


def _are_concurrent(one: StepRead, other: StepRead) -> bool:
    a, b = one.structure, other.structure
    apart = bool(a.times) and bool(b.times) and not set(a.times) & set(b.times)
    return apart and (a.start, a.end, a.length) == (b.start, b.end, b.length)


def _out_of_order(reads: Sequence[StepRead]) -> Iterator[LintFinding]:
    for before, read in pairwise(reads):
        if _number(read) < _number(before):
            figures = _sequence_figure(before), _sequence_figure(read)
            words = (
                f"Sequence {read.step.sequence} stands behind sequence {before.step.sequence}: "
                "read by place and by sequence, the order is not the same."
            )
            yield finding("LIN-10", f"{read.step.path}.sequence", words, _NUMBER_THEM, *figures)


def _left_out(reads: Sequence[StepRead]) -> Iterator[LintFinding]:
    ordered = sorted({_number(read): read for read in reads}.items())
    for place, (number, read) in enumerate(ordered):
        if number != place + 1:
            figures = (
                Figure("expected", read.step.path, str(place + 1)),
                _sequence_figure(read),
            )
            words = f"The sequence has {number} where {place + 1} is expected: is a step missing?"
            yield finding("LIN-10", f"{read.step.path}.sequence", words, _NUMBER_THEM, *figures)
            return


def _sequence_figure(read: StepRead) -> Figure:
    return Figure("sequence", f"{read.step.path}.sequence", str(read.step.sequence))


# --- days -----------------------------------------------------------------------------


class _Span(NamedTuple):
    """The days of a group: ``is_open`` where nothing says when it ends."""

    start: date | None
    end: date | None
    is_open: bool


def _day_findings(groups: Sequence[_Group]) -> Iterator[LintFinding]:
    """Days between steps that none covers, or two do."""
    last, ended = None, None
    for group in groups:
        span = _span(group, ended)
        if last is not None and span.start is not None and ended is not None:
            yield from _between(last, ended, group[0], span.start)
        if span.is_open and group is not groups[-1]:
            yield _endless(group[0])
        last, ended = group[-1], span.end


def _span(group: _Group, ended: date | None) -> _Span:
    spans = [_own_span(read) for read in group]
    starts = [span[0] for span in spans if span[0] is not None]
    start = min(starts) if starts else _later(ended, 1)
    ends = []
    for _, end, days in spans:
        found = end or (_later(start, int(days) - 1) if days is not None else None)
        ends += [found] if found is not None else []
    is_open = any(_is_open(read) for read in group)
    return _Span(start, max(ends) if len(ends) == len(group) else None, is_open)


def _own_span(read: StepRead) -> tuple[date | None, date | None, Fraction | None]:
    if read.is_structured:
        own = read.structure
        whole = own.days is not None and own.days.denominator == 1
        return own.start, own.end, own.days if whole else None
    if len(read.said) != 1:
        return None, None, None
    told = length_by_text(read.said[0])
    days = told.value if told and told.kind == "d" and told.value.denominator == 1 else None
    return read.said[0].start, read.said[0].end, days


def _is_open(read: StepRead) -> bool:
    """Whether nothing, right or wrong, says when a step ends."""
    timing = read.step.timing
    if timing is not None:
        unbounded = timing.bounds is None and timing.doses_in_all is None
        endless = timing.bounds == "period" and timing.end is None and not timing.is_vague
        return unbounded or endless
    if read.step.doses:
        return True
    told = [length_by_text(said) is None and said.end is None for said in read.said]
    return read.is_told_whole and any(told)


def _later(day: date | None, days: int) -> date | None:
    if day is None:
        return None
    try:
        return day + timedelta(days=days)
    except OverflowError:
        return None


def _between(last: StepRead, ended: date, read: StepRead, start: date) -> Iterator[LintFinding]:
    apart = (start - ended).days - 1
    figures = (
        Figure("end", last.step.path, str(ended)),
        Figure("start", read.step.path, str(start)),
        Figure("days", read.step.path, Amount("d", Fraction(abs(apart)))),
    )
    ends = f"{last.name} ends on {ended}, {read.name} begins on {start}"
    days = sig.count(abs(apart), "day")
    where = f"{read.step.path}.timing.repeat" if read.is_structured else read.step.path
    if apart > 0:
        words = f"No step covers {days}: {ends}."
        yield finding(
            "LIN-11", where, words, "Close the gap, or say that nothing is taken.", *figures
        )
    elif apart < 0:
        words = f"Two steps cover {days} or more: {ends}."
        yield finding("LIN-12", where, words, "Let each step end before the next begins.", *figures)


def _endless(read: StepRead) -> LintFinding:
    words = f"Nothing says when {read.name} ends, though another follows it."
    where = f"{read.step.path}.timing.repeat" if read.is_structured else read.step.path
    return finding("LIN-12", where, words, "State its bounds.")
