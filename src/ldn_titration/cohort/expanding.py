"""Laying out the plans of a cohort: rows gathered from plans that are made once each."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from typing import Any, NamedTuple

from ldn_titration.cohort.book import Book
from ldn_titration.cohort.columns import (
    PROBLEM,
    Coded,
    combined,
    plain,
    read_column,
    require_arrow,
)
from ldn_titration.cohort.people import (
    ANY_START,
    EPOCH,
    LATE,
    NO_DAY,
    PLAN_COLUMNS,
    identifier,
    read_starts,
    read_strictly,
    unread,
    wrong_people,
)
from ldn_titration.cohort.plans import KINDS, Kind, Row, moved, relative
from ldn_titration.cohort.problems import (
    RowProblem,
    absent,
    in_order,
    places_of,
    problem,
    repeated,
    told,
)
from ldn_titration.diary import Event, read_diary
from ldn_titration.errors import InvalidInputError, LdnTitrationError, Problem
from ldn_titration.knowledge import Knowledge
from ldn_titration.plan import Plan
from ldn_titration.schedule import schedule

__all__ = ["Expansion", "expand"]


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
    if kind not in KINDS:
        raise InvalidInputError([Problem("kind", f"must be one of {', '.join(KINDS)}")])
    lacking = wrong_people(patients, start, ["regimen", "preparation"], PLAN_COLUMNS)
    if lacking:
        raise InvalidInputError(lacking)
    asked = _Asked.of(patients, start)
    laid, wrong = _planned(asked, book, KINDS[kind], base)
    problems = in_order((*asked.problems, *_unplanned(asked, wrong)))
    rows = int(laid.lengths[asked.plan[asked.plan >= 0]].sum())
    schema = _schema(laid, plain(patients.column("patient")).type)
    return Expansion(schema, _batches(asked, laid, block), problems, len(asked.first), rows)


# --- what is asked for ----------------------------------------------------------------


class _Asked(NamedTuple):
    """What each patient's plan is made of. ``plan`` is the place of it among the distinct ones,
    -1 where it cannot be read; ``first`` is the first row of each, ``diaries`` its events.
    """

    table: Any
    start: Any
    columns: dict[str, Coded]
    plan: Any
    first: list[int]
    diary: Any
    diaries: list[tuple[Event, ...]]
    problems: list[RowProblem]

    @classmethod
    def of(cls, table: Any, start: date | None) -> _Asked:
        """What the rows of a table ask for; ``start`` is that of all, where it has none."""
        np, _ = require_arrow()
        begin, problems = read_starts(table, start)
        columns = {name: read_column(table, name, read) for name, read in _READ.items()}
        problems += told(table, "patients", columns)
        problems += repeated(table, columns["patient"].places)
        for name in ("patient", "regimen", "preparation"):
            problems += absent(table, columns[name], name, "needs an identifier")
        late = np.flatnonzero(begin > LATE).tolist()
        problems += [problem(table, "patients", row, _TOO_LATE) for row in late]
        diary, diaries, far = _diaries(columns["diary"], begin)
        problems += [problem(table, "patients", row, _TOO_FAR) for row in far]
        places = [columns[name].places for name in ("regimen", "preparation", "length_days")]
        bad = np.zeros(table.num_rows, bool)
        bad[places_of(table, problems)] = True
        first, plan = combined([*places, diary, bad.astype(np.int64)], table.num_rows)
        good = ~bad[first]
        plan = np.where(bad, -1, (np.cumsum(good) - 1)[plan])
        rows = first[good].tolist()
        return cls(table, begin, columns, plan, rows, diary, diaries, problems)


_TOO_LATE = "start: is too late for a cohort; plan it by itself"
_TOO_FAR = "diary: has a date too far from the start"


def _length(value: Any) -> int:
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value[:9])
    if type(value) is not int:
        raise ValueError("must be a whole number of days")
    return value


_READ: dict[str, Callable[[Any], Any]] = {
    "patient": identifier,
    "regimen": str,
    "preparation": str,
    "length_days": _length,
    "diary": lambda text: read_diary(read_strictly(text, "diary")),
    PROBLEM: unread,
}


def _diaries(column: Coded, start: Any) -> tuple[Any, list[tuple[Event, ...]], list[int]]:
    """For each row the place of its diary among the distinct ones, -1 for none; they are as of
    ANY_START. And the rows of which a date would leave the calendar there.
    """
    np, _ = require_arrow()
    places = np.full(len(start), -1, np.int64)
    known: dict[Any, int] = {}
    found: list[tuple[Event, ...]] = []
    far: list[int] = []
    for row in np.flatnonzero((column.places >= 0) & (start != NO_DAY)).tolist():
        events = column.value(row)
        if not events:
            continue
        day = int(start[row]) + EPOCH
        key = tuple(relative(event, day) for event in events)
        if key not in known:
            try:
                found.append(tuple(moved(event, ANY_START.toordinal() - day) for event in events))
            except OverflowError:
                far.append(row)
                continue
            known[key] = len(found) - 1
        places[row] = known[key]
    return places, found, far


# --- plans ----------------------------------------------------------------------------


def _planned(
    asked: _Asked, book: Book, kind: Kind, base: Knowledge | None
) -> tuple[_Laid, dict[int, str]]:
    """The rows of the distinct plans, and by its place why one has none."""
    rows = _Rows(kind)
    wrong: dict[int, str] = {}
    for place, row in enumerate(asked.first):
        try:
            rows.add(list(kind.rows(_plan(asked, row, book, base))))
        except LdnTitrationError as error:
            rows.add([])
            wrong[place] = str(error).replace("\n", "; ")
    return rows.laid(), wrong


def _plan(asked: _Asked, row: int, book: Book, base: Knowledge | None) -> Plan:
    regimen, preparation, length = (asked.columns[name].value(row) for name in _KEYS)
    diary = asked.diaries[asked.diary[row]] if asked.diary[row] >= 0 else ()
    return schedule(
        book.regimen(regimen),
        book.preparation(preparation),
        ANY_START,
        days=length,
        diary=diary,
        base=base,
    )


_KEYS = ("regimen", "preparation", "length_days")


def _unplanned(asked: _Asked, wrong: dict[int, str]) -> Iterator[RowProblem]:
    np, _ = require_arrow()
    for place, message in wrong.items():
        for row in np.flatnonzero(asked.plan == place).tolist():
            yield problem(asked.table, "patients", row, message)


# --- rows -----------------------------------------------------------------------------


class _Rows:
    """The rows of plans as they are made, each column as whole numbers.

    A text is its place among the ``words`` of its column, -1 for none; a date its days after
    the start.
    """

    def __init__(self, kind: Kind) -> None:
        self._kind = kind
        self._lengths: list[int] = []
        self._columns = {name: array("i") for name in kind.columns}
        self._words: dict[str, dict[str, int]] = {n: {} for n in kind.columns if n in kind.texts}

    def add(self, rows: list[Row]) -> None:
        """The rows of one plan more."""
        self._lengths.append(len(rows))
        for place, (name, column) in enumerate(self._columns.items()):
            column.extend(self._numbers(name, [row[place] for row in rows]))

    def _numbers(self, name: str, values: Sequence[Any]) -> Iterable[int]:
        if name in self._words:
            known = self._words[name]
            return [-1 if v is None else known.setdefault(v, len(known)) for v in values]
        if name in self._kind.dates:
            first = ANY_START.toordinal()
            return [value.toordinal() - first for value in values]
        return values

    def laid(self) -> _Laid:
        """All of them."""
        np, pa = require_arrow()
        lengths = np.array(self._lengths or [0], np.int64)
        columns = {name: np.array(column, np.int32) for name, column in self._columns.items()}
        return _Laid(
            self._kind,
            np.cumsum(lengths) - lengths,
            lengths,
            columns,
            {name: pa.array(list(known), pa.string()) for name, known in self._words.items()},
            frozenset(name for name in self._words if (columns[name] < 0).any()),
        )


class _Laid(NamedTuple):
    """The rows of the distinct plans, one after another.

    ``begins`` and ``lengths`` tell where the rows of each plan are, ``sparse`` in which
    columns a text is missing somewhere.
    """

    kind: Kind
    begins: Any
    lengths: Any
    columns: dict[str, Any]
    words: dict[str, Any]
    sparse: frozenset[str]

    def gathered(self, plan: Any, start: Any) -> Iterator[Any]:
        """The columns of some patients' plans, in the order of the kind."""
        _, pa = require_arrow()
        for name, rows in self._taken(plan, start):
            if name in self.kind.dates:
                yield pa.array(rows, pa.int32()).view(pa.date32())
            elif name in self.words:
                indices = pa.array(rows, mask=rows < 0 if name in self.sparse else None)
                yield pa.DictionaryArray.from_arrays(indices, self.words[name], safe=False)
            else:
                yield pa.array(rows)

    def _taken(self, plan: Any, start: Any) -> Iterator[tuple[str, Any]]:
        """The rows of each column; where all plans are as long, whole plans at a time."""
        np, _ = require_arrow()
        same = self.is_even
        lengths = self.lengths[plan]
        at = None if same else _places(self.begins[plan], lengths)
        for name, column in self.columns.items():
            rows = self._whole(column, plan) if same else column.take(at)
            if name in self.kind.dates:
                rows += start[:, None] if same else np.repeat(start, lengths)
            yield name, rows.reshape(-1)

    def _whole(self, column: Any, plan: Any) -> Any:
        """The rows of whole plans, which are all as long: a row of the result for each."""
        return column.reshape(len(self.lengths), -1).take(plan, axis=0)

    @property
    def is_even(self) -> bool:
        """Whether every plan has as many rows."""
        return bool((self.lengths == self.lengths[0]).all()) and self.lengths[0] > 0


def _places(begins: Any, lengths: Any) -> Any:
    """The places of runs that begin there and are so long, one after another."""
    np, _ = require_arrow()
    ends = np.cumsum(lengths)
    return np.arange(ends[-1] if len(ends) else 0) + np.repeat(begins - ends + lengths, lengths)


def _batches(asked: _Asked, laid: _Laid, block: int) -> Iterator[Any]:
    np, pa = require_arrow()
    who = plain(asked.table.column("patient"))
    start = asked.start.astype(np.int32)
    schema = _schema(laid, who.type)
    for begin in range(0, len(start), block):
        part = slice(begin, begin + block)
        planned = np.flatnonzero(asked.plan[part] >= 0)
        plan = asked.plan[part][planned]
        of_row = np.repeat(planned.astype(np.int32), laid.lengths[plan])
        patient = pa.DictionaryArray.from_arrays(pa.array(of_row), who[part], safe=False)
        status = pa.DictionaryArray.from_arrays(
            pa.array(np.zeros(len(of_row), np.int8)), pa.array(["draft"])
        )
        columns = laid.gathered(plan, start[part][planned])
        yield pa.RecordBatch.from_arrays([patient, *columns, status], schema=schema)


def _schema(laid: _Laid, identifier: Any) -> Any:
    _, pa = require_arrow()
    text = pa.dictionary(pa.int32(), pa.string())
    fields = [
        (
            name,
            pa.date32() if name in laid.kind.dates else text if name in laid.words else pa.int32(),
        )
        for name in laid.kind.columns
    ]
    patient = pa.dictionary(pa.int32(), identifier)
    return pa.schema(
        [("patient", patient), *fields, ("status", pa.dictionary(pa.int8(), pa.string()))]
    )
