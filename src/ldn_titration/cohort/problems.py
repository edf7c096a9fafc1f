"""Rows of a table that cannot be read: which one, whose, and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from ldn_titration.cohort.columns import PROBLEM, ROW, Coded, plain, require_arrow

__all__ = [
    "RowProblem",
    "absent",
    "in_order",
    "marked",
    "places_of",
    "problem",
    "repeated",
    "told",
]


class RowProblem(NamedTuple):
    """A row that could not be read: in which table, which row (from 1), whose, and why."""

    table: str
    row: int
    patient: str
    message: str


def told(table: Any, of: str, columns: Mapping[str, Coded]) -> Iterator[RowProblem]:
    """A problem for each row with a value that cannot be read."""
    np, _ = require_arrow()
    for column in columns.values():
        if column.wrong:
            bad = np.isin(column.places, list(column.wrong))
            for row in np.flatnonzero(bad).tolist():
                yield problem(table, of, row, column.wrong[int(column.places[row])])


def absent(
    table: Any, column: Coded, name: str, message: str, of: str = "patients"
) -> Iterator[RowProblem]:
    """A problem for each row without a value that could be read at all."""
    yield from _of_rows(table, column.places < 0, f"{name}: {message}", of)


def repeated(table: Any, who: Any) -> Iterator[RowProblem]:
    """A problem for each row of somebody who has several: which of them holds is not known."""
    np, _ = require_arrow()
    times = np.bincount(who[who >= 0], minlength=1)[np.maximum(who, 0)]
    times[who < 0] = 0
    for count in np.unique(times[times > 1]).tolist():
        yield from _of_rows(table, times == count, _repeated_words(count))


def _repeated_words(count: int) -> str:
    """What is wrong where so many rows are of one patient."""
    return f"patient: stands in {count} rows; give each one row"


def marked(table: Any, several: Mapping[str, int]) -> Any:
    """The people, with a problem for each row of somebody who has several, here or elsewhere."""
    _, pa = require_arrow()
    if not several:
        return table
    whose = plain(table.column("patient")).cast(pa.string()).to_pylist()
    known = PROBLEM in table.column_names
    old = table.column(PROBLEM).to_pylist() if known else [None] * len(whose)
    new = [
        told or (_repeated_words(several[who]) if who in several else None)
        for told, who in zip(old, whose, strict=True)
    ]
    bare = table.drop([PROBLEM]) if known else table
    return bare.append_column(PROBLEM, pa.array(new, pa.string()))


def _of_rows(table: Any, rows: Any, message: str, of: str = "patients") -> Iterator[RowProblem]:
    np, _ = require_arrow()
    unread = table.column(PROBLEM).to_pylist() if PROBLEM in table.column_names else None
    for row in np.flatnonzero(rows).tolist():
        if unread is None or unread[row] is None:
            yield problem(table, of, row, message)


def problem(table: Any, of: str, row: int, message: str) -> RowProblem:
    """What is wrong with a row, counted from 0; its number is that of its file, if it has one."""
    value = table.column("patient")[row].as_py()
    number = table.column(ROW)[row].as_py() if ROW in table.column_names else row + 1
    message = message.removeprefix(f"{PROBLEM}: ")
    return RowProblem(of, number, "" if value is None else str(value), message)


def in_order(problems: Iterable[RowProblem]) -> tuple[RowProblem, ...]:
    """The problems, each once: those of the people by row, then those of the exposures."""
    once = dict.fromkeys(problems)
    return tuple(sorted(once, key=lambda each: (each.table != "patients", each.row)))


def places_of(table: Any, problems: Iterable[RowProblem]) -> Any:
    """The places, from 0, of the rows of a table that could not be read."""
    np, _ = require_arrow()
    numbers = np.array([each.row for each in problems], np.int64)
    if ROW not in table.column_names:
        return numbers - 1
    return np.searchsorted(table.column(ROW).to_numpy(), numbers)
