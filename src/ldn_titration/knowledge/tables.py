"""Reading the tables: CSV with the very columns of a row type, every cell checked."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from functools import cache
from typing import Any, TypeVar

from ldn_titration.errors import KnowledgeError

__all__ = ["Tables", "first_columns", "listed", "one_of", "read_table", "several_of"]

Tables = Mapping[str, bytes]
"""The tables of a knowledge base as bytes of CSV, by name."""

_Row = TypeVar("_Row", bound=tuple[Any, ...])
_Read = Callable[[str], Any]


def read_table(
    name: str,
    tables: Tables,
    row_type: type[_Row],
    readers: Mapping[str, _Read],
    known_sources: frozenset[str] | None = None,
    check: Callable[[_Row], None] | None = None,
) -> tuple[_Row, ...]:
    """The rows of a table; raises KnowledgeError with the line of what is wrong.

    ``readers`` turn the text of a column into its value; a column without one stays text.
    """
    fields: tuple[str, ...] = row_type._fields  # type: ignore[attr-defined]
    make: Callable[[list[Any]], _Row] = row_type._make  # type: ignore[attr-defined]
    lines = csv.reader(io.StringIO(_text(name, tables), newline=""), strict=True)
    found: list[_Row] = []
    keys: set[str] = set()
    try:
        _check_header(next(lines, []), fields)
        changes = _changes(fields, readers, known_sources)
        reviewed = fields[-1] == "reviewed_on"
        for cells in lines:
            found.append(make(_cells(cells, len(fields), keys, changes, reviewed)))
            if check is not None:
                check(found[-1])
        if not found:
            raise ValueError("no rows")
    except (ValueError, ArithmeticError, csv.Error) as error:
        raise KnowledgeError(f"{name}.csv, line {lines.line_num}: {error}") from error
    return tuple(found)


def first_columns(name: str, tables: Tables) -> Iterator[tuple[str, str]]:
    """The first two columns of a table as bare text: for names alone, much faster than rows."""
    for line in _text(name, tables).splitlines()[1:]:
        first, second, *_ = next(csv.reader([line])) if '"' in line else line.split(",", 2)
        yield first, second


def _text(name: str, tables: Tables) -> str:
    try:
        return tables[name].decode("utf-8")
    except (KeyError, UnicodeDecodeError) as error:
        raise KnowledgeError(f"{name}.csv, line 0: {error}") from error


def _check_header(header: list[str], fields: tuple[str, ...]) -> None:
    if tuple(header) != fields:
        raise ValueError(f"its columns must be {', '.join(fields)}")


def _changes(
    fields: tuple[str, ...], readers: Mapping[str, _Read], known: frozenset[str] | None
) -> list[tuple[int, _Read]]:
    """The places of the columns that are not left as text, with their readers."""
    common: dict[str, _Read] = {}
    if known is not None:
        common = {**_COMMON, "sources": _known_sources(known), "source": _known_source(known)}
    every = {**common, **readers}
    return [(place, every[field]) for place, field in enumerate(fields) if field in every]


def _cells(
    cells: list[Any],
    count: int,
    keys: set[str],
    changes: list[tuple[int, _Read]],
    reviewed: bool,
) -> list[Any]:
    if len(cells) != count or not cells[0] or cells[0] in keys:
        raise ValueError("a column too many or too few, or a key missing or twice")
    keys.add(cells[0])
    if reviewed and bool(cells[-1]) != bool(cells[-2]):
        raise ValueError("a review needs both its reviewer and its date")
    for place, read in changes:
        cells[place] = read(cells[place])
    return cells


def _known_sources(known: frozenset[str]) -> _Read:
    @cache
    def read(text: str) -> tuple[str, ...]:
        sources = listed(text)
        unknown = [source for source in sources if source not in known]
        if unknown or not sources:
            raise ValueError(f"cites no known source: {', '.join(unknown) or 'none at all'}")
        return sources

    return read


def _known_source(known: frozenset[str]) -> _Read:
    read = _known_sources(known)
    return lambda text: read(text)[0]


def _not_empty(text: str) -> str:
    if not text:
        raise ValueError("says no fact")
    return text


def _day_or_nothing(text: str) -> str:
    return date.fromisoformat(text).isoformat() if text else ""


def listed(text: str) -> tuple[str, ...]:
    """``"a;b"`` as ("a", "b"); empty text as nothing."""
    return tuple(text.split(";")) if text else ()


def one_of(*allowed: str) -> Callable[[str], str]:
    """A reader that takes these texts and no other."""

    def read(text: str) -> str:
        if text not in allowed:
            raise ValueError(f"{text!r} is none of {allowed}")
        return text

    return read


def several_of(*allowed: str) -> Callable[[str], tuple[str, ...]]:
    """A reader of a list, not empty, of these texts and no other."""
    read = one_of(*allowed)
    return lambda text: tuple(read(part) for part in text.split(";"))


_CONFIDENCES = (
    "label",
    "pharmacopoeia",
    "official names",
    "guideline",
    "trial",
    "review",
    "specialist",
    "brief",
    "general knowledge",
    "project",
)
_COMMON: dict[str, _Read] = {
    "confidence": cache(one_of(*_CONFIDENCES)),
    "fact": _not_empty,
    "reviewed_on": _day_or_nothing,
}
