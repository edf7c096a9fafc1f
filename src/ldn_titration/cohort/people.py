"""People and what they took, as tables: which columns there are, and what each one may hold.

One row a person and one row an exposure. A row that cannot be read is told with its number,
and costs only its own person, who is then insufficient.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from ldn_titration.cohort.columns import (
    PROBLEM,
    Coded,
    combined,
    plain,
    read_column,
    read_identifiers,
    require_arrow,
    wrong_columns,
)
from ldn_titration.cohort.problems import RowProblem, absent, repeated, told
from ldn_titration.errors import InvalidInputError, Problem
from ldn_titration.knowledge import Knowledge
from ldn_titration.patient import OpioidExposure, PatientFacts
from ldn_titration.strict_json import duplicates, read_json
from ldn_titration.values import Month, read_start

__all__ = [
    "ANY_START",
    "EARLY",
    "EPOCH",
    "EXPOSURE_COLUMNS",
    "FACTS",
    "LATE",
    "NO_DAY",
    "PEOPLE_COLUMNS",
    "PLAN_COLUMNS",
    "Exposures",
    "People",
    "facts_of",
    "read_exposures",
    "read_people",
    "read_starts",
    "read_strictly",
    "unread",
    "whole_number",
    "wrong_exposures",
    "wrong_people",
]

EPOCH: int = date(1970, 1, 1).toordinal()
"""The day from which Arrow counts dates."""

ANY_START: date = date(2024, 1, 1)
"""A start for what depends on days alone: it is asked for once, and moved."""

EARLY, LATE = (date(year, 1, 1).toordinal() - EPOCH for year in (100, 9000))
"""Starts outside of these are near an end of the calendar, where dates may not exist."""

FACTS: tuple[str, ...] = tuple(
    name
    for name in PatientFacts.model_fields
    if name
    not in {
        "name",
        "opioids",
        "urine_opioid_screen",
        "naloxone_challenge",
        "planned_opioid",
        "earlier_naltrexone",
        "overrides",
    }
)
"""The facts that have a column of their own; the others are told in ``facts``, as JSON."""

PEOPLE_COLUMNS: tuple[str, ...] = ("start", *FACTS, "opioids", "facts")
"""What is read of a table of people beside who they are."""

PLAN_COLUMNS: tuple[str, ...] = ("start", "regimen", "preparation", "length_days", "diary")
"""What is read of it for their plans."""

NO_DAY: int = -(2**31)
"""In an array of days: not known."""


class People(NamedTuple):
    """A table of people, read. Arrays have an entry for each row.

    ``who`` numbers the people, the same for rows of one identifier, -1 where there is none.
    ``start`` is a day since 1970. ``stated`` has what the columns state, by name; there
    ``assessed_on`` is how many days before the start that was.
    """

    table: Any
    who: Any
    start: Any
    stated: dict[str, Coded]
    problems: list[RowProblem]

    def of(self, row: int) -> dict[str, Any]:
        """What is stated of a row, by name."""
        found = ((name, column.value(row)) for name, column in self.stated.items())
        return {name: value for name, value in found if value is not None}

    def is_stated(self, name: str, meant: Callable[[Any], bool]) -> Any:
        """For each row whether that name has a value, and one that is meant."""
        np, _ = require_arrow()
        column = self.stated[name]
        return column.take(np.array([*map(meant, column.values), False]))

    def only(self, rows: Any) -> People:
        """Some of the rows; the table and the problems are those of all."""
        columns = self.stated.items()
        stated = {name: column._replace(places=column.places[rows]) for name, column in columns}
        return self._replace(who=self.who[rows], start=self.start[rows], stated=stated)

    def starts_on(self, row: int) -> date:
        """The start of a row."""
        return date.fromordinal(int(self.start[row]) + EPOCH)


class Exposures(NamedTuple):
    """A table of exposures, read: whose, of which kind, last taken on which day since 1970.

    ``kind`` is a place in ``kinds``; a kind that is None is understood, and no opioid.
    ``strays`` counts the rows of nobody among the people.
    """

    table: Any
    who: Any
    kind: Any
    last: Any
    kinds: list[OpioidExposure | None]
    problems: list[RowProblem]
    strays: int


# --- which columns there are ----------------------------------------------------------


def wrong_people(
    table: Any, start: date | None, needed: Sequence[str] = (), known: Sequence[str] = ()
) -> list[Problem]:
    """Why a table of people cannot be read; either it or ``start`` must tell the start."""
    wrong = wrong_columns(table, "patients", ["patient", *needed], known or PEOPLE_COLUMNS)
    if start is not None and type(start) is not date:
        wrong.append(Problem("start", f"must be a date, without a time, not {start!r}"))
    if (start is None) != ("start" in table.column_names):
        message = 'needs a column "start", or one start for all; not both'
        wrong.append(Problem("patients", message))
    return wrong


def wrong_exposures(table: Any) -> list[Problem]:
    """Why a table of exposures cannot be read; it must tell of what they were."""
    wrong = wrong_columns(table, "exposures", ["patient"], EXPOSURE_COLUMNS)
    if not {"substance", "rxcui"} & set(table.column_names):
        wrong.append(Problem("exposures", 'needs a column "substance" or "rxcui"'))
    return wrong


# --- people ---------------------------------------------------------------------------


def read_people(table: Any, start: date | None) -> People:
    """The people of a table; ``start`` is that of all, where the table has no such column."""
    begin, problems = read_starts(table, start)
    identifiers = read_identifiers(table)
    columns = {name: read_column(table, name, _fact_reader(name)) for name in (*FACTS, *_MORE)}
    bad = read_column(table, PROBLEM, unread)
    problems += told(table, "patients", {"patient": identifiers, PROBLEM: bad} | columns)
    problems += absent(table, identifiers, "patient", "needs an identifier")
    problems += repeated(table, identifiers.places)
    columns["assessed_on"] = _days_before(begin, columns["assessed_on"])
    return People(table, identifiers.places, begin, columns, problems)


def read_starts(table: Any, start: date | None) -> tuple[Any, list[RowProblem]]:
    """The start of each row, in days since 1970 (NO_DAY: not known), and what is wrong."""
    np, _ = require_arrow()
    if start is not None:
        return np.full(table.num_rows, _day(start), np.int64), []
    starts = read_column(table, "start", lambda value: _dated(read_start(value)))
    problems = list(told(table, "patients", {"start": starts}))
    problems += absent(table, starts, "start", "needs a date, such as 2027-01-04")
    return starts.take(_numbers(starts.values)), problems


def _numbers(days: Sequence[int | None]) -> Any:
    """Days as an array, NO_DAY where there is none, and once more for rows without a value."""
    np, _ = require_arrow()
    return np.array([*(NO_DAY if day is None else day for day in days), NO_DAY], np.int64)


def _days_before(start: Any, days: Coded) -> Coded:
    """A column of dates as how many days before the start each one is."""
    np, _ = require_arrow()
    day = days.take(_numbers([None if d is None else _day(d) for d in days.values]))
    known = (day != NO_DAY) & (start != NO_DAY)
    before, places = np.unique(np.where(known, start - day, 0), return_inverse=True)
    return Coded(np.where(known, places, -1), before.tolist(), {})


def unread(value: Any) -> None:
    """A row of which its file says that it cannot be read."""
    raise ValueError(value)


def _day(day: date) -> int:
    return day.toordinal() - EPOCH


def _dated(moment: date) -> int:
    """The day of a date; ValueError for one with a time, since zones may differ."""
    if isinstance(moment, datetime):
        raise ValueError("has a time and a zone; a cohort counts days, so give the date")
    return _day(moment)


_MORE = ("opioids", "facts")


def _fact_reader(name: str) -> Any:
    return {"opioids": _status, "facts": _whole}.get(name) or (lambda v: _fact(name, v))


def _status(value: Any) -> str:
    if value not in {"none", "unknown"}:
        raise ValueError('must be "none" or "unknown"; what was taken stands in the exposures')
    return str(value)


def _whole(value: Any) -> dict[str, Any]:
    """Everything that has no column, as JSON of the request's ``patient``."""
    told = read_strictly(value, "facts")
    if not isinstance(told, dict) or "opioids" in told:
        raise ValueError("must be a JSON object of facts, without opioids")
    PatientFacts.model_validate(told)
    return told


def read_strictly(text: Any, name: str) -> Any:
    """The plain data in a cell of JSON; a key that stands twice is refused."""
    tree = read_json(text, name)
    twice = [Problem(path, message) for path, message in duplicates(tree)]
    if twice:
        raise InvalidInputError(twice)
    return tree


def _fact(name: str, value: Any) -> Any:
    """One fact, from what a cell of a table holds."""
    if name in {"medications", "conditions"} and isinstance(value, str):
        value = () if value == "none" else tuple(part.strip() for part in value.split(";"))
    if name == "age_years" and isinstance(value, str) and value.isascii() and value.isdigit():
        value = whole_number(value)
    if name in {"medications", "conditions"} and isinstance(value, list):
        value = tuple(value)
    return getattr(PatientFacts(**{name: value}), name)


def whole_number(digits: str) -> int:
    """The number of digits in a cell; ValueError for more than any day or year has."""
    if len(digits) > 9:
        raise ValueError("must be a whole number of at most 9 digits")
    return int(digits)


def facts_of(stated: Mapping[str, Any], start: date, **more: Any) -> PatientFacts:
    """The facts of a person from what the columns state; raises InvalidInputError.

    A fact that stands in its own column and in ``facts`` as well must not.
    """
    told = dict(stated.get("facts") or {})
    own = {name: value for name, value in stated.items() if name in FACTS}
    if own.get("assessed_on") is not None:
        own["assessed_on"] = start - timedelta(own["assessed_on"])
    twice = sorted(told.keys() & own.keys())
    if twice:
        raise InvalidInputError(Problem(name, 'stands in "facts" as well') for name in twice)
    return PatientFacts.model_validate(told).model_copy(update=own | more)


# --- exposures ------------------------------------------------------------------------


def read_exposures(table: Any, people: People, base: Knowledge) -> Exposures:
    """The exposures of a table that are of these people."""
    who = _whose(table, people)
    last = read_column(table, "last_taken", _last_taken)
    named = {name: read_column(table, name, _READ[name]) for name in _READ}
    first, kind = combined([column.places for column in named.values()], table.num_rows)
    kinds: list[OpioidExposure | None] = []
    wrong = {}
    for number, row in enumerate(first.tolist()):
        try:
            kinds.append(_kind({n: column.value(row) for n, column in named.items()}, base))
        except ValueError as error:
            kinds.append(None)
            wrong[number] = str(error).replace("\n", "; ")
    problems = list(told(table, "exposures", {"last_taken": last} | named))
    problems += told(table, "exposures", {"": Coded(kind, kinds, wrong)})
    identifiers = read_identifiers(table)
    problems += told(table, "exposures", {"patient": identifiers})
    problems += absent(table, identifiers, "patient", "needs an identifier", "exposures")
    strays = int((who < 0).sum())
    days = last.take(_numbers(last.values))
    return Exposures(table, who, kind, days, kinds, problems, strays)


def _whose(table: Any, people: People) -> Any:
    """For each row the number of its person, -1 where it is of nobody here."""
    import pyarrow.compute as pc

    _, pa = require_arrow()
    ids: Any = read_identifiers(people.table).values
    mine = plain(table.column("patient"))
    if mine.type != ids.type:
        mine, ids = mine.cast(pa.string()), ids.cast(pa.string())
    found = pc.index_in(mine, ids).fill_null(-1)
    nobody = pc.is_null(mine)
    return pc.if_else(nobody, -1, found).to_numpy(zero_copy_only=False)


def _last_taken(value: Any) -> int | None:
    told = OpioidExposure(substance="any", last_taken=value).last_taken
    if isinstance(told, str):
        return None
    return _dated(told.last_day if isinstance(told, Month) else told)


def _yes(value: Any) -> bool:
    if value in (True, False):
        return bool(value)
    if value in {"true", "false"}:
        return bool(value == "true")
    raise ValueError('must be "true" or "false"')


def _text(value: Any) -> str | None:
    return str(value) or None


_READ = {
    "substance": _text,
    "rxcui": _text,
    "code": _text,
    "release": _text,
    "ongoing": _yes,
    "daily_dose": _text,
    "no_opioid": _yes,
    PROBLEM: unread,
}


def _kind(stated: dict[str, Any], base: Knowledge) -> OpioidExposure | None:
    """What a row tells of, its day aside; None for what is understood and no opioid.

    Where no name stands there is one all the same: something that nobody named.
    """
    no_opioid = stated.pop("no_opioid")
    told = {name: value for name, value in stated.items() if value is not None}
    codes = [told[name] for name in ("rxcui", "code") if name in told]
    lines = [base.read_line(told["substance"])] if "substance" in told else []
    lines += map(base.read_code, codes)
    matters = any(name.matters for line in lines for name in line.names)
    if no_opioid and matters:
        raise ValueError("no_opioid: true, but the name or code is that of an opioid")
    understood = len(lines) == 1 and lines[0].kind in {"ordinary", "listed"}
    if no_opioid or (understood and not matters):
        return None
    if not lines:
        told["substance"] = "not stated"
    return OpioidExposure.model_validate(told)


EXPOSURE_COLUMNS: tuple[str, ...] = ("last_taken", *(name for name in _READ if name != PROBLEM))
"""What is read of a table of exposures beside whose they are."""
