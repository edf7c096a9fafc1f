"""Laying out the plans of a cohort: rows gathered from plans that are made once each."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from functools import cache
from typing import Any, NamedTuple

from ldn_titration.cohort.book import Book
from ldn_titration.cohort.columns import (
    PROBLEM,
    Coded,
    combined,
    plain,
    read_column,
    read_identifiers,
    require_arrow,
)
from ldn_titration.cohort.people import (
    ANY_START,
    EPOCH,
    LATE,
    NO_DAY,
    PLAN_COLUMNS,
    read_starts,
    read_strictly,
    unread,
    whole_number,
    wrong_people,
)
from ldn_titration.cohort.plans import KINDS, Kind, moved, relative
from ldn_titration.cohort.problems import (
    RowProblem,
    absent,
    in_order,
    places_of,
    problem,
    repeated,
    told,
)
from ldn_titration.cohort.rows import Laid, PlanRows, laid, plan_rows
from ldn_titration.diary import Event, read_diary
from ldn_titration.errors import InvalidInputError, LdnTitrationError, Problem
from ldn_titration.knowledge import Knowledge
from ldn_titration.schedule import schedule

__all__ = ["Expansion", "Plans", "expand", "expansion"]


class Expansion(NamedTuple):
    """The rows of a cohort's plans: ``schema``, and ``batches`` that are made as they are read.

    Every plan is a draft: a start is cleared one by one. ``problems`` are the rows of which
    there is no plan, ``plans`` is how many distinct plans there are, ``rows`` how many rows.
    """

    schema: Any
    batches: Iterator[Any]
    problems: tuple[RowProblem, ...]
    plans: int
    rows: int


def expand(
    patients: Any,
    book: Book,
    kind: str = "days",
    *,
    start: date | None = None,
    block: int = 1024,
    base: Knowledge | None = None,
) -> Expansion:
    """The plans of a cohort as Arrow batches: ``days``, ``steps``, ``supply`` or ``orders``.

    ``patients`` is an Arrow table with ``patient``, ``start`` (or ``start`` is that of all),
    ``regimen`` and ``preparation`` (identifiers of the book, or of a published protocol), and
    if they are known ``length_days`` and ``diary``, the events as JSON. ``block`` is for how
    many patients a batch is. Rows stand in the order of the patients. Raises
    InvalidInputError for a column that is lacking or a kind that is none of these.

    >>> import pyarrow as pa
    >>> caps = {"form": "capsules", "strengths": ["1.5 mg", "3 mg", "4.5 mg"]}
    >>> book = Book(schema="ldn-titration/book/1", preparations={"caps": caps})
    >>> who = {"patient": ["a"], "start": ["2027-01-04"], "preparation": ["caps"]}
    >>> patients = pa.table(who | {"regimen": ["brief_004_standard"]})
    >>> steps = next(expand(patients, book, "steps").batches)
    >>> steps.column("take").to_pylist()
    ['1 capsule of 1.5 mg (1.5 mg)', '1 capsule of 3 mg (3 mg)', '1 capsule of 4.5 mg (4.5 mg)']
    """
    return expansion(patients, Plans(book, kind, base), start, block)


def expansion(
    patients: Any, plans: Plans, start: date | None = None, block: int = 1024
) -> Expansion:
    """As :func:`expand`, with plans that may have been made before."""
    lacking = wrong_people(patients, start, ["regimen", "preparation"], PLAN_COLUMNS)
    if block < 1:
        lacking.append(Problem("block", "must be 1 or more"))
    if lacking:
        raise InvalidInputError(lacking)
    asked = _Asked.of(patients, start)
    made, wrong = _planned(asked, plans)
    problems = in_order((*asked.problems, *_unplanned(asked, wrong)))
    rows = int(made.lengths[asked.plan[asked.plan >= 0]].sum())
    schema = made.schema(plain(patients.column("patient")).type)
    return Expansion(schema, _batches(asked, made, block), problems, len(asked.first), rows)


class Unplanned(NamedTuple):
    """Why there is no plan; ``moves`` tells that its dates are as of ANY_START."""

    message: str
    moves: bool

    def told(self, days: int) -> str:
        """The same of a plan that starts so many days later."""
        if not self.moves:
            return self.message
        return _DATE.sub(lambda found: _later(found[0], days), self.message)


def _later(day: str, days: int) -> str:
    """The day so many days later; what only looks like a day stays as it is."""
    try:
        return str(date.fromisoformat(day) + timedelta(days))
    except (OverflowError, ValueError):
        return day


_DATE = re.compile(r"\b\d{4}-\d\d-\d\d\b")


class Plans:
    """The plans of a book, each made once: its rows of a kind, by what it is made of.

    Raises InvalidInputError for a kind that is none. Those of 1,500,000 rows are kept at most.
    """

    def __init__(self, book: Book, kind: str, base: Knowledge | None = None) -> None:
        if kind not in KINDS:
            raise InvalidInputError([Problem("kind", f"must be one of {', '.join(KINDS)}")])
        self.kind: Kind = KINDS[kind]
        self._regimen, self._preparation = cache(book.regimen), cache(book.preparation)
        self._base = base
        self._made: dict[Any, PlanRows | Unplanned] = {}
        self._kept = 0

    def rows(
        self, regimen: str, preparation: str, days: int | None, key: Any, diary: tuple[Event, ...]
    ) -> PlanRows | Unplanned:
        """The rows of a plan, or why there is none; ``key`` stands for the diary."""
        whole = regimen, preparation, days, key
        if whole not in self._made:
            made = self._rows(regimen, preparation, days, diary)
            self._kept += 1 if isinstance(made, Unplanned) else made.rows
            if self._kept > _MOST:
                self._made.clear()
                self._kept = 0
            self._made[whole] = made
        return self._made[whole]

    def _rows(
        self, regimen: str, preparation: str, days: int | None, diary: tuple[Event, ...]
    ) -> PlanRows | Unplanned:
        moves = False
        try:
            told = self._regimen(regimen), self._preparation(preparation), ANY_START
            moves = True
            plan = schedule(*told, days=days, diary=diary, base=self._base)
            return plan_rows(self.kind, self.kind.rows(plan))
        except LdnTitrationError as error:
            return Unplanned(str(error).replace("\n", "; "), moves)


_MOST = 1_500_000
"""So many rows of plans are kept."""


# --- what is asked for ----------------------------------------------------------------


class _Asked(NamedTuple):
    """What each patient's plan is made of. ``plan`` is the place of it among the distinct ones,
    -1 where it cannot be read; ``first`` is the first row of each. ``diary`` is the place of it
    among the distinct ``diaries``: what stands for its events, and these, as of ANY_START.
    """

    table: Any
    start: Any
    columns: dict[str, Coded]
    plan: Any
    first: list[int]
    diary: Any
    diaries: list[tuple[Any, tuple[Event, ...]]]
    problems: list[RowProblem]

    @classmethod
    def of(cls, table: Any, start: date | None) -> _Asked:
        """What the rows of a table ask for; ``start`` is that of all, where it has none."""
        np, _ = require_arrow()
        begin, problems = read_starts(table, start)
        columns = {name: read_column(table, name, read) for name, read in _READ.items()}
        columns["patient"] = read_identifiers(table)
        problems += told(table, "patients", columns)
        problems += repeated(table, columns["patient"].places)
        for name in ("patient", "regimen", "preparation"):
            problems += absent(table, columns[name], name, "needs an identifier")
        late = np.flatnonzero(begin > LATE).tolist()
        problems += [problem(table, "patients", row, _TOO_LATE) for row in late]
        diary, diaries, far = _diaries(columns.pop("diary"), begin)
        problems += [problem(table, "patients", row, _TOO_FAR) for row in far]
        places = [columns[name].places for name in ("regimen", "preparation", "length_days")]
        bad = np.zeros(table.num_rows, bool)
        bad[places_of(table, problems)] = True
        first, plan = combined([*places, diary, bad.astype(np.int64)], table.num_rows)
        good = ~bad[first]
        plan = np.where(bad, -1, (np.cumsum(good) - 1)[plan])
        rows = first[good].tolist()
        return cls(table, begin, columns, plan, rows, diary, diaries, problems)

    def what(self, row: int) -> tuple[Any, ...]:
        """What the plan of a row is made of: regimen, preparation, length, diary."""
        place = self.diary[row]
        diary = self.diaries[place] if place >= 0 else ((), ())
        return *(self.columns[name].value(row) for name in _KEYS), *diary


_TOO_LATE = "start: is too late for a cohort; plan it by itself"
_TOO_FAR = "diary: has a date too far from the start"


def _length(value: Any) -> int:
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = whole_number(value)
    if type(value) is not int:
        raise ValueError("must be a whole number of days")
    return value


_READ: dict[str, Callable[[Any], Any]] = {
    "regimen": str,
    "preparation": str,
    "length_days": _length,
    "diary": lambda text: read_diary(read_strictly(text, "diary")),
    PROBLEM: unread,
}


def _diaries(
    column: Coded, start: Any
) -> tuple[Any, list[tuple[Any, tuple[Event, ...]]], list[int]]:
    """For each row the place of its diary among the distinct ones, -1 for none; they are as of
    ANY_START. And the rows of which a date would leave the calendar there.
    """
    np, _ = require_arrow()
    places = np.full(len(start), -1, np.int64)
    known: dict[Any, int] = {}
    found: list[tuple[Any, tuple[Event, ...]]] = []
    far: list[int] = []
    for row in np.flatnonzero((column.places >= 0) & (start != NO_DAY)).tolist():
        events = column.value(row)
        if not events:
            continue
        day = int(start[row]) + EPOCH
        key = tuple(relative(event, day) for event in events)
        if key not in known:
            try:
                later = ANY_START.toordinal() - day
                found.append((key, tuple(moved(event, later) for event in events)))
            except OverflowError:
                far.append(row)
                continue
            known[key] = len(found) - 1
        places[row] = known[key]
    return places, found, far


# --- plans ----------------------------------------------------------------------------


def _planned(asked: _Asked, plans: Plans) -> tuple[Laid, dict[int, Unplanned]]:
    """The rows of the distinct plans, and by its place why one has none."""
    made = [plans.rows(*asked.what(row)) for row in asked.first]
    wrong = {place: each for place, each in enumerate(made) if isinstance(each, Unplanned)}
    nothing = plan_rows(plans.kind, ())
    return laid(
        plans.kind, [nothing if isinstance(each, Unplanned) else each for each in made]
    ), wrong


_KEYS = ("regimen", "preparation", "length_days")


def _unplanned(asked: _Asked, wrong: dict[int, Unplanned]) -> Iterator[RowProblem]:
    np, _ = require_arrow()
    for row in np.flatnonzero(np.isin(asked.plan, list(wrong))).tolist():
        later = int(asked.start[row]) + EPOCH - ANY_START.toordinal()
        yield problem(asked.table, "patients", row, wrong[int(asked.plan[row])].told(later))


# --- batches --------------------------------------------------------------------------


def _batches(asked: _Asked, made: Laid, block: int) -> Iterator[Any]:
    np, pa = require_arrow()
    who = plain(asked.table.column("patient"))
    start = asked.start.astype(np.int32)
    schema, draft = made.schema(who.type), pa.array(["draft"])
    for begin in range(0, len(start), block):
        part = slice(begin, begin + block)
        planned = np.flatnonzero(asked.plan[part] >= 0).astype(np.int32)
        each = np.arange(len(planned), dtype=np.int32)
        rows, columns = made.gathered(asked.plan[part][planned], each, start[part][planned])
        mine = who[part].take(pa.array(planned))
        patient = pa.DictionaryArray.from_arrays(pa.array(rows), mine, safe=False)
        drafts = pa.array(np.zeros(len(rows), np.int8))
        status = pa.DictionaryArray.from_arrays(drafts, draft)
        yield pa.RecordBatch.from_arrays([patient, *columns, status], schema=schema)
