"""A medication list as CSV: a header with declared columns, one medicine a row.

``medicine`` is required (also ``medication``, ``drug``, ``name``); ``dose``,
``directions`` (``sig``), ``status``, ``last_taken``, ``stopped``, ``end``, ``started`` and
``rxcui`` may be there. ``end`` is when a prescription ends, which is no last dose. Any
other column is an error: columns that shift are seen, not read.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from ldn_titration.errors import InvalidInputError, Problem
from ldn_titration.intake.medicines.endings import (
    Last,
    Status,
    as_needed,
    is_before,
    later_of,
    moment_of,
    read_ending,
    spoken_against,
)
from ldn_titration.intake.medicines.line import MedicineLine, read_medicine
from ldn_titration.knowledge import Knowledge
from ldn_titration.knowledge.names import words_of
from ldn_titration.values import printable

__all__ = ["COLUMNS", "delimiter_of", "read_table"]

COLUMNS: dict[str, str] = {
    "medicine": "medicine",
    "medication": "medicine",
    "drug": "medicine",
    "name": "medicine",
    "dose": "dose",
    "directions": "directions",
    "sig": "directions",
    "status": "status",
    "last_taken": "last_taken",
    "stopped": "stopped",
    "end": "end",
    "started": "started",
    "rxcui": "rxcui",
}
"""The name of each column that is read, and what it holds."""

MAX_STATUS = 100
"""How many characters a status may have, so that the entry of its row holds it whole."""

_MOST_COLUMNS = 100

_DATES = ("last_taken", "stopped", "end", "started")


def delimiter_of(header: str) -> str | None:
    """What parts the columns where a line is a header: comma, semicolon or tab, or None.

    A line is one with a column of medicines, or with two known columns.
    """
    for delimiter in (",", ";", "\t"):
        names = [COLUMNS.get(_column(cell)) for cell in header.split(delimiter)]
        known = [name for name in names if name]
        if len(names) > 1 and ("medicine" in known or len(known) > 1):
            return delimiter
    return None


def _column(cell: str) -> str:
    return re.sub(r"[ -]+", "_", cell.strip().strip('"').strip().casefold())


def read_table(
    numbered: Sequence[tuple[int, str]], delimiter: str, base: Knowledge
) -> list[tuple[int, MedicineLine]]:
    """Every row read; raises InvalidInputError with each problem, its row and column."""
    (_, header), *rows = numbered
    columns = _header(header, delimiter)
    found: list[tuple[int, MedicineLine]] = []
    problems: list[Problem] = []
    for row, text in rows:
        try:
            cells = _cells(text, delimiter, columns)
            if any(cells.values()):
                found.append((row, _read_row(cells, text, base)))
        except InvalidInputError as error:
            problems += (_in_row(row, problem) for problem in error.problems)
    if not found and not problems:
        problems.append(Problem("list", 'has no row; write "none" where nothing is taken'))
    if problems:
        raise InvalidInputError(problems)
    return found


def _in_row(row: int, problem: Problem) -> Problem:
    return Problem(f"row {row}{', ' * bool(problem.path)}{problem.path}", problem.message)


def _header(text: str, delimiter: str) -> list[str]:
    """What each column holds; raises InvalidInputError for one that is not declared."""
    if text.count(delimiter) >= _MOST_COLUMNS:
        message = f"has more than {_MOST_COLUMNS} columns; keep {', '.join(COLUMNS)}"
        raise InvalidInputError([Problem("row 1", message)])
    try:
        written = next(csv.reader([text], delimiter=delimiter))
    except csv.Error:
        message = "has a cell that is too long, or a line break in a cell"
        raise InvalidInputError([Problem("row 1", message)]) from None
    columns = [COLUMNS.get(_column(cell), "") for cell in written]
    problems = [
        Problem(
            "row 1",
            f"{printable(cell) or 'a column without a name'} is no known column; "
            f"known are {', '.join(COLUMNS)}",
        )
        for cell, column in zip(written, columns, strict=True)
        if not column
    ]
    twice = {name for name in columns if name and columns.count(name) > 1}
    problems += [Problem("row 1", f'the column "{name}" stands twice') for name in sorted(twice)]
    if "medicine" not in columns:
        problems.append(Problem("row 1", 'lacks the column "medicine"'))
    if problems:
        raise InvalidInputError(problems)
    return columns


def _cells(text: str, delimiter: str, columns: Sequence[str]) -> dict[str, str]:
    """The cells of a row by column; raises InvalidInputError where they are too few or many."""
    try:
        cells = next(csv.reader([text], delimiter=delimiter, strict=True))
    except csv.Error:
        message = "has a quotation mark that is not closed, a line break in a cell, or one too long"
        raise InvalidInputError([Problem("", message)]) from None
    if len(cells) != len(columns):
        message = f"has {len(cells)} cells; the header has {len(columns)} columns"
        raise InvalidInputError([Problem("", message)])
    return dict(zip(columns, (cell.strip() for cell in cells), strict=True))


# --- one row


class _Told(NamedTuple):
    """What the columns of a row tell of its end.

    ``stopped`` tells whether a column says so in words or by its day, ``unread`` is a
    status that was not understood.
    """

    status: Status | None = None
    last: Last = None
    words: tuple[str, ...] = ()
    rest: tuple[str, ...] = ()
    stopped: bool = False
    unread: str = ""


def _read_row(cells: Mapping[str, str], text: str, base: Knowledge) -> MedicineLine:
    """The reading of a row; raises InvalidInputError with every cell that cannot be read."""
    problems = list(_faults(cells))
    if problems:
        raise InvalidInputError(problems)
    words = (cells.get(name, "") for name in ("medicine", "dose", "directions"))
    plain = " ".join(filter(None, words))
    told = _told(cells)
    line = read_medicine(plain, base)._replace(text=text)
    line = line.beside(told.unread, base) if told.unread else line
    line = _with_end(line, _not_against(told, plain))
    code = cells.get("rxcui", "")
    return _with_code(line, code, base) if code else line


def _faults(cells: Mapping[str, str]) -> Iterator[Problem]:
    """Every cell of a row that cannot be read."""
    if not cells["medicine"]:
        yield Problem("medicine", "must not be empty")
    if re.fullmatch(r"[0-9.,\s]+", cells.get("dose", "")):
        yield Problem("dose", 'lacks its unit, as in "5 mg"')
    if not re.fullmatch(r"[0-9]{0,8}", cells.get("rxcui", ""), re.ASCII):
        yield Problem("rxcui", 'must be an RxNorm code, such as "7804"')
    if len(cells.get("status", "")) > MAX_STATUS:
        yield Problem("status", f"is longer than {MAX_STATUS} characters")
    for name in _DATES:
        try:
            _date(cells, name)
        except ValueError as error:
            yield Problem(name, str(error))


def _date(cells: Mapping[str, str], name: str) -> Last:
    """The date in a column, if there is one; ValueError for what is none."""
    text = cells.get(name, "")
    if re.fullmatch(r"[0-9]{5}(?:\.[0-9]+)?", text):
        raise ValueError("is a spreadsheet's day number; write the date as YYYY-MM-DD")
    return moment_of(text) if text else None


_TAKEN = frozenset({"active", "taking", "taken", "current", "ongoing", "continue", "continued"})
_ENDED = frozenset({"ended", "inactive", "finished", "completed", "past"})


def _told(cells: Mapping[str, str]) -> _Told:
    """What the columns say of the end; a prescription that ended leaves the last dose open."""
    told = _status(cells.get("status", ""))
    dates = {name: _date(cells, name) for name in _DATES}
    last = later_of(told.last, later_of(dates["last_taken"], dates["stopped"]))
    words = tuple(f"{name} {dates[name]}" for name in _DATES[:3] if dates[name])
    ends = tuple(f"{name} {dates[name]}" for name in ("stopped", "end") if dates[name])
    if told.status == "taken" and ends:
        return told._replace(last=last, words=words, rest=(*told.rest, *ends))
    if told.status is None and words:
        told = told._replace(status="ended")
    if is_before(later_of(last, dates["end"]), dates["started"]):
        again = (*told.rest, f"started {dates['started']}")
        return told._replace(status="taken", last=None, words=words, rest=again)
    stopped = told.stopped or dates["stopped"] is not None
    return told._replace(last=last, words=(*told.words, *words), stopped=stopped)


def _not_against(told: _Told, plain: str) -> _Told:
    """What the columns tell, but for an end that the words of the row speak against."""
    against = spoken_against(plain)
    if told.stopped:
        against = tuple(word for word in against if not as_needed(word))
    if told.status in {None, "taken"} or not against:
        return told
    return _Told("taken", None, told.words, (*told.rest, *against, *told.words))


def _status(text: str) -> _Told:
    """What the column of status says; a word that is not known is kept."""
    plain = text.casefold()
    if not plain:
        return _Told()
    if plain in _TAKEN:
        return _Told("taken", None, (text,))
    if plain in _ENDED:
        return _Told("ended", None, (text,), stopped=True)
    ending = read_ending(text)
    if ending.status == "taken" or ending.doubtful or words_of(ending.said):
        return _Told("taken", None, (), (text,), unread=text)
    stopped = ending.removed or ending.status != "ended"
    return _Told(ending.status, ending.last, ending.words, ending.unread, stopped)


def _with_end(line: MedicineLine, told: _Told) -> MedicineLine:
    """The reading with what the columns say of its end; what contradicts is not believed."""
    rest = (*line.rest, *told.rest)
    if told.status == "taken" and line.status != "taken":
        rest = (*rest, *line.told)
    if told.status == "taken":
        line = line._replace(status="taken", last=told.last)
    elif told.status is not None:
        line = line.ended(told.status, told.last)
    return line.marked(tuple(dict.fromkeys(rest)))._replace(told=(*line.told, *told.words))


def _with_code(line: MedicineLine, code: str, base: Knowledge) -> MedicineLine:
    """The reading with its code: a product settles the form, another medicine is kept beside."""
    rows = set(base.coded(code))
    if not any(row.is_opioid or row.presence for row in rows):
        return line
    named = [set(name.name.opioids) for name in line.names if name.name.matters]
    if not any(rows & each for each in named):
        return line.marked((*line.rest, f"RxCUI {code}"))._replace(code=code)
    releases = {row.release for row in rows}
    if base.is_product(code) and len(named) == 1 and line.release in {"unknown", *releases}:
        return line._replace(product=code)
    return line
