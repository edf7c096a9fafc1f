"""What an overlay may not do: shorten, lower, or let a line with an opioid pass."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator

from ldn_titration.errors import Problem
from ldn_titration.knowledge import Knowledge, Opioid
from ldn_titration.knowledge.names import key_of
from ldn_titration.knowledge.overlay_entries import (
    LongerInterval,
    MoreMedicine,
    MoreOpioid,
    Overlay,
)
from ldn_titration.knowledge.rows import SEVERITIES
from ldn_titration.values import Value

__all__ = ["problems_of_overlay"]


def problems_of_overlay(overlay: Overlay, base: Knowledge) -> Iterator[Problem]:
    """Every problem of an overlay over this knowledge base, each with its path."""
    rows = {row.id: row for row in base.opioids}
    yield from _twice("interval", [entry.of for entry in overlay.interval], "of")
    yield from _twice("severity", [entry.code for entry in overlay.severity], "code")
    yield from _interval_problems(overlay, base, rows)
    yield from _severity_problems(overlay, base)
    names = _Names(base)
    for place, opioid in enumerate(overlay.opioid):
        yield from _opioid_problems(f"opioid[{place}]", opioid, overlay, rows)
        yield from names.problems(f"opioid[{place}]", opioid, stops=True)
    for place, more in enumerate(overlay.names):
        row = rows.get(more.of)
        if row is None:
            yield Problem(f"names[{place}].of", "is the id of no row; `opioid NAME` tells ids")
        yield from names.problems(f"names[{place}]", more, stops=row is None or _stops(row))
    for place, medicine in enumerate(overlay.medicine):
        yield from names.problems(f"medicine[{place}]", medicine, stops=False)
        yield from _holding_problems(f"medicine[{place}]", medicine, base)


def _twice(table: str, values: list[str], field: str) -> Iterator[Problem]:
    for place, value in enumerate(values):
        if value in values[:place]:
            yield Problem(f"{table}[{place}].{field}", f'"{value}" stands twice')


# --- names and codes ------------------------------------------------------------------


def _stops(row: Opioid) -> bool:
    """Whether a name of this row can only make a verdict worse."""
    return row.is_opioid and row.min_days != 0


class _Names:
    """The names that an overlay may not take: known ones, and words that hide an opioid."""

    def __init__(self, base: Knowledge) -> None:
        self.base = base
        self.taken: set[str] = set()
        listed = (key for key in base.opioid_keys())
        brands = (key_of(product.name) for product in base.products.values())
        self.opioid_words = {word for key in (*listed, *brands) for word in key.split()}

    def problems(self, path: str, entry: Value, *, stops: bool) -> Iterator[Problem]:
        """What is wrong with the names and codes of an entry."""
        for where, name in _written(path, entry, ("name", "synonyms")):
            why = self._why_not(name, stops)
            if why:
                yield Problem(where, f'"{name}" {why}')
            self.taken.add(key_of(name))
        for where, code in _written(path, entry, ("codes",)):
            if code in self.taken or self.base.read_code(code).names:
                yield Problem(where, f'"{code}" is known already')
            self.taken.add(code)

    def _why_not(self, name: str, stops: bool) -> str:
        """Why a name cannot be added; empty where it can."""
        key, line = key_of(name), self.base.read_line(name)
        if not any(word.isalpha() and len(word) > 1 for word in key.split()):
            return "must hold a word of letters"
        if any(c.isalpha() and "LATIN" not in unicodedata.name(c, "") for c in name):
            return "must be written in Latin letters"
        if key in self.taken or line.kind in {"ordinary", "listed"}:
            return "is known already"
        if not stops and (line.names or not all(map(self._is_new, key.split()))):
            return "is, or is part of, another name, perhaps that of an opioid"
        return ""

    def _is_new(self, word: str) -> bool:
        """Whether a word could only be part of this name: not of an opioid's, nor a filler."""
        known = word in self.opioid_words or self.base.lexicon.is_filler(word)
        return word.isalpha() and len(word) >= _LEAST_WORD and not known


_LEAST_WORD = 3


def _written(path: str, entry: Value, fields: Iterable[str]) -> Iterator[tuple[str, str]]:
    for field in fields:
        value = getattr(entry, field, ())
        if isinstance(value, str):
            yield f"{path}.{field}", value
        else:
            yield from ((f"{path}.{field}[{place}]", each) for place, each in enumerate(value))


def _holding_problems(path: str, medicine: MoreMedicine, base: Knowledge) -> Iterator[Problem]:
    for place, held in enumerate(medicine.holds):
        if base.read_line(held).kind != "ordinary":
            message = f'"{held}" is no ordinary medicine of the knowledge base'
            yield Problem(f"{path}.holds[{place}]", message)


# --- intervals ------------------------------------------------------------------------

_LONGER_IS_SAFER = ("depot_lookback", "stop_before_opioid", "stop_before_opioid_depot")
_MOST_DAYS_BEFORE = 365


def _interval_problems(
    overlay: Overlay, base: Knowledge, rows: dict[str, Opioid]
) -> Iterator[Problem]:
    for place, interval in enumerate(overlay.interval):
        path = f"interval[{place}]"
        if interval.of in _LONGER_IS_SAFER:
            yield from _policy_problems(path, interval, base)
        elif interval.of not in rows or not rows[interval.of].is_opioid:
            known = ", ".join(_LONGER_IS_SAFER)
            yield Problem(f"{path}.of", f"is neither the id of an opioid nor one of {known}")
        elif interval.days is not None:
            yield Problem(f"{path}.days", "takes min_days and max_days in its place")
        else:
            yield from _shorter(path, interval, rows[interval.of].window)


def _policy_problems(path: str, interval: LongerInterval, base: Knowledge) -> Iterator[Problem]:
    now = base.policy[interval.of].whole
    if interval.days is None or interval.min_days is not None or interval.max_days is not None:
        yield Problem(f"{path}.days", f"alone is what this takes, {now} or more")
    elif interval.days < now:
        yield Problem(f"{path}.days", f"must not be below {now}: it may only lengthen")
    elif interval.days > _MOST_DAYS_BEFORE and interval.of != "depot_lookback":
        yield Problem(f"{path}.days", f"must be {_MOST_DAYS_BEFORE} or less")


def _shorter(
    path: str, entry: MoreOpioid | LongerInterval, window: tuple[int, int] | None
) -> Iterator[Problem]:
    if entry.min_days is None and entry.max_days is None:
        if isinstance(entry, LongerInterval):
            yield Problem(path, "changes nothing: state min_days, max_days or both")
        return
    if window is None:
        yield Problem(path, "a depot has no window; lengthen depot_lookback")
        return
    least, most = _window(entry, window)
    if least < window[0]:
        yield Problem(f"{path}.min_days", f"must not be below {window[0]}: it may only lengthen")
    if most < window[1]:
        yield Problem(f"{path}.max_days", f"must not be below {window[1]}: it may only lengthen")
    if least > most:
        yield Problem(f"{path}.min_days", f"must not be above max_days, {most}")


def _window(entry: MoreOpioid | LongerInterval, window: tuple[int, int]) -> tuple[int, int]:
    least = window[0] if entry.min_days is None else entry.min_days
    return least, window[1] if entry.max_days is None else entry.max_days


def _opioid_problems(
    path: str, opioid: MoreOpioid, overlay: Overlay, rows: dict[str, Opioid]
) -> Iterator[Problem]:
    row = rows.get(opioid.like)
    if row is None or not _stops(row):
        message = "must be the id of an opioid with an interval; `opioid NAME` tells ids"
        yield Problem(f"{path}.like", message)
        return
    window = row.window
    for longer in overlay.interval:
        if longer.of == row.id and window is not None:
            window = _window(longer, window)
    yield from _shorter(path, opioid, window)


# --- severities -----------------------------------------------------------------------


def _severity_problems(overlay: Overlay, base: Knowledge) -> Iterator[Problem]:
    for place, severity in enumerate(overlay.severity):
        path, entry = f"severity[{place}]", base.rules.get(severity.code)
        if entry is None or entry.where != "screening":
            yield Problem(f"{path}.code", "is the code of no rule of a screening")
            continue
        least = min(map(SEVERITIES.index, entry.severities))
        if entry.at_least:
            least = max(least, SEVERITIES.index(entry.at_least))
        if SEVERITIES.index(severity.at_least) <= least:
            message = f"raises nothing: {severity.code} is {SEVERITIES[least]} already"
            yield Problem(f"{path}.at_least", f"{message}; it may only raise")
        elif severity.at_least == "hold" and "insufficient" in entry.severities:
            message = 'would let what is not known be overridden; "stop" would not'
            yield Problem(f"{path}.at_least", message)
