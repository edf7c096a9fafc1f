"""Screening a cohort: the same rules, each distinct part of what is known judged once.

What is known of a person falls into parts that the rules judge one by one: what is stated in
the columns, and each exposure with the days since. Each distinct part is shown to the rules
of :func:`ldn_titration.screen` once, and the findings of a person are those of the parts.
Whoever does not fall apart so (facts as JSON, a start at an end of the calendar) is screened
by that function itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any, NamedTuple

from ldn_titration import screening as one
from ldn_titration.basis import judge
from ldn_titration.cohort.columns import combined, require_arrow
from ldn_titration.cohort.intervals import aside, intervals, owed
from ldn_titration.cohort.marks import (
    INTERVAL,
    NOT_RECORDED,
    RANKS,
    UNREADABLE,
    codes_of,
    mark,
    marks_of,
    verdicts,
)
from ldn_titration.cohort.people import (
    ANY_START,
    EARLY,
    EPOCH,
    FACTS,
    LATE,
    NO_DAY,
    Exposures,
    People,
    facts_of,
    read_exposures,
    read_people,
    wrong_exposures,
    wrong_people,
)
from ldn_titration.cohort.problems import RowProblem, in_order, places_of, problem
from ldn_titration.errors import InvalidInputError
from ldn_titration.findings import Severity
from ldn_titration.knowledge import Knowledge, knowledge
from ldn_titration.patient import OpioidExposure, OpioidHistory, PatientFacts
from ldn_titration.rules import RULES
from ldn_titration.rules.case import Case
from ldn_titration.selfcheck import require_canaries

__all__ = ["CohortScreening", "screen"]


class CohortScreening(NamedTuple):
    """Verdicts, a row for each row of the patients, in their order, as an Arrow table.

    ``problems`` are the rows that could not be read; ``strays`` is the number of exposures
    that are of nobody among the patients.
    """

    verdicts: Any
    problems: tuple[RowProblem, ...]
    strays: int


def screen(
    patients: Any, exposures: Any, *, start: date | None = None, base: Knowledge | None = None
) -> CohortScreening:
    """The verdict of every person, as :func:`ldn_titration.screen` would give it.

    ``patients`` is an Arrow table with the columns ``patient`` and ``start`` (or ``start``
    is that of all), ``opioids`` (``none`` where somebody asked, and none were taken), and one
    for each fact that is known; ``exposures`` one with ``patient``, ``substance`` or
    ``rxcui``, ``release``, ``last_taken``, ``ongoing``, ``daily_dose``, ``no_opioid``. Other
    columns are not read. The table of verdicts has ``verdict``; ``interval``, the verdict of the
    opioid-free interval alone; ``finding``, the worst; ``codes``, all of them; and
    ``not_before``. Whoever has no record, or a row that cannot be read, is ``insufficient``
    at least. Raises InvalidInputError for a column that is lacking.

    >>> import pyarrow as pa
    >>> patients = pa.table({"patient": [1, 2], "start": ["2027-01-04", "2027-01-04"]})
    >>> exposures = pa.table(
    ...     {"patient": [1], "substance": ["Vicodin"], "last_taken": ["2027-01-01"]}
    ... )
    >>> screen(patients, exposures).verdicts.column("interval").to_pylist()
    ['stop', 'insufficient']
    """
    wrong = [*wrong_people(patients, start), *wrong_exposures(exposures)]
    if wrong:
        raise InvalidInputError(wrong)
    base = base or knowledge()
    require_canaries(base)
    people = read_people(patients, start)
    taken = read_exposures(exposures, people, base)
    marks, first, more = _judged(people, taken, base)
    problems = in_order((*people.problems, *taken.problems, *more))
    _mark_unreadable(people, taken, problems, marks, first)
    return CohortScreening(_table(people, marks, first), problems, taken.strays)


def _judged(people: People, taken: Exposures, base: Knowledge) -> tuple[Any, Any, list[RowProblem]]:
    """The marks of each row, the first day of a start (NO_DAY: none), and what is wrong."""
    np, _ = require_arrow()
    lead, of_row, each = _joined(people, taken)
    rows = len(lead)
    recorded = _has_any(of_row, rows)[lead]
    is_opioid = np.array([*(kind is not None for kind in taken.kinds), False])[taken.kind[each]]
    of_row, each = of_row[is_opioid], each[is_opioid]
    took = _has_any(of_row, rows)[lead]
    says_none = people.is_stated("opioids", lambda status: status == "none")
    owing = intervals(people, taken, of_row, each, base)
    marks, unknowable = _of_facts(people, took, base)
    first = np.where(unknowable | owing.unknowable[lead], NO_DAY, owing.first[lead])
    marks |= owing.marks[lead]
    problems: list[RowProblem] = []
    alone = np.flatnonzero(_alone(people)).tolist()
    for row, mine in zip(alone, _exposures(taken, of_row, each, lead[alone]), strict=True):
        try:
            marks[row], first[row] = _one(people, row, mine, base)
        except InvalidInputError as error:
            problems.append(problem(people.table, "patients", row, str(error).replace("\n", "; ")))
    marks[~recorded & ~says_none] |= mark(NOT_RECORDED, Severity.INSUFFICIENT)
    against = np.flatnonzero(says_none & took).tolist()
    problems += [problem(people.table, "patients", row, _AGAINST) for row in against]
    return marks, first, problems


_AGAINST = "opioids: none, but some are recorded"


def _joined(people: People, taken: Exposures) -> tuple[Any, Any, Any]:
    """The first row of each one's person; that of each exposure, in ascending order, and its place.

    Whoever has several rows has none that holds; so the first stands for all of them.
    """
    np, _ = require_arrow()
    rows = np.arange(len(people.who))
    firsts = np.zeros(int(people.who.max(initial=-1)) + 1, np.int64)
    named = people.who >= 0
    firsts[people.who[named][::-1]] = rows[named][::-1]
    lead = np.where(named, firsts[people.who], rows) if len(firsts) else rows
    each = np.flatnonzero(taken.who >= 0)
    of_row = firsts[taken.who[each]]
    order = np.argsort(of_row, kind="stable")
    return lead, of_row[order], each[order]


def _has_any(of_row: Any, rows: int) -> Any:
    np, _ = require_arrow()
    found = np.zeros(rows, bool)
    found[of_row] = True
    return found


# --- what is stated -------------------------------------------------------------------


def _of_facts(people: People, took: Any, base: Knowledge) -> tuple[Any, Any]:
    """The marks of what is stated of each row, and whether it leaves no first day.

    Rows that are judged alone have none here.
    """
    np, _ = require_arrow()
    marks = np.zeros((len(took), len(RANKS)), np.int64)
    unknowable = np.zeros(len(took), bool)
    rows = np.flatnonzero(~_alone(people))
    states = [people.stated[name].places[rows] for name in sorted(_KEPT)]
    first, place = combined([took[rows].astype(int), *states], len(rows))
    some = rows[first]
    said, never = _of_some(people.only(some), took[some], base)
    marks[rows], unknowable[rows] = said[place], never[place]
    return marks, unknowable


def _of_some(people: People, took: Any, base: Knowledge) -> tuple[Any, Any]:
    """The same of rows that differ: each rule is asked once for each combination that it reads."""
    np, _ = require_arrow()
    rows = len(took)
    marks = np.zeros((rows, len(RANKS)), np.int64)
    cases = _Cases(people, took, base)
    for rule in RULES:
        read = [_read(name, rule.code, people, took) for name in rule.inputs if name in _KEPT]
        first, place = combined(read, rows)
        found = [marks_of(judge(rule, cases.of(row)).findings) for row in first.tolist()]
        marks |= np.array(found, np.int64).reshape(-1, len(RANKS))[place]
    read = [people.stated[name].places for name in ("medications", "opioid_in_use")]
    first, place = combined(read, rows)
    unknowable = np.array([owed(cases.of(row)).unknowable for row in first.tolist()], bool)
    return marks, unknowable[place]


_KEPT = frozenset((*FACTS, "opioids"))


def _read(name: str, code: str, people: People, took: Any) -> Any:
    """What decides of a fact: its value, or for the rule of missing facts whether it has one."""
    np, _ = require_arrow()
    column = people.stated[name]
    if code == _MISSING:
        known = people.is_stated(name, lambda value: _is_known(name, value))
        return (took | known).astype(np.int64) if name == "opioids" else known.astype(np.int64)
    return np.where(took, len(column.values), column.places) if name == "opioids" else column.places


_MISSING = "FACT-01"


def _is_known(name: str, value: Any) -> bool:
    return not PatientFacts.model_construct(**{name: value}).is_unknown(name)


class _Cases:
    """The cases of rows, each made once: what is stated, its exposures left for later."""

    def __init__(self, people: People, took: Any, base: Knowledge) -> None:
        self._people, self._took, self._base = people, took, base
        self._made: dict[int, Case] = {}

    def of(self, row: int) -> Case:
        """The case of a row."""
        case = self._made.get(row)
        if case is None:
            stated = self._people.of(row)
            known = self._people.start[row] != NO_DAY
            start = self._people.starts_on(row) if known else ANY_START
            facts = facts_of(stated, start, opioids=_history(stated))
            facts = aside(facts) if self._took[row] else facts
            case = self._made[row] = Case.of(facts, start, None, None, self._base)
        return case


def _history(stated: dict[str, Any]) -> OpioidHistory:
    return OpioidHistory(status=stated.get("opioids", "unknown"))


# --- one by one -----------------------------------------------------------------------


def _alone(people: People) -> Any:
    """Which rows do not fall apart, so that they are screened one by one."""
    by_facts = people.stated["facts"].places >= 0
    at_an_end = (people.start < EARLY) | (people.start > LATE)
    return (by_facts | at_an_end) & (people.start != NO_DAY)


def _exposures(
    taken: Exposures, of_row: Any, each: Any, rows: Any
) -> Iterator[list[OpioidExposure]]:
    """The exposures of each of some rows."""
    np, _ = require_arrow()
    begins, ends = (np.searchsorted(of_row, rows, side) for side in ("left", "right"))
    for first, end in zip(begins, ends, strict=True):
        yield [_exposure(taken, number) for number in each[first:end].tolist()]


def _exposure(taken: Exposures, number: int) -> OpioidExposure:
    told, day = taken.kinds[taken.kind[number]], int(taken.last[number])
    last = "unknown" if day == NO_DAY else date.fromordinal(day + EPOCH)
    return OpioidExposure.model_validate({**dict(told or ()), "last_taken": last})


def _one(
    people: People, row: int, exposures: list[OpioidExposure], base: Knowledge
) -> tuple[list[int], int]:
    """The marks of one row, and the first day of a start (NO_DAY: none), as any patient's."""
    stated, start = people.of(row), people.starts_on(row)
    history = _history(stated)
    if exposures:
        history = OpioidHistory(status="known", exposures=tuple(exposures))
    found = one.screen(facts_of(stated, start, opioids=history), start, base=base)
    day = found.not_before
    return marks_of(found.findings), NO_DAY if day is None else day.toordinal() - EPOCH


# --- the table ------------------------------------------------------------------------


_TABLES = ("patients", "exposures")


def _mark_unreadable(
    people: People, taken: Exposures, problems: tuple[RowProblem, ...], marks: Any, first: Any
) -> None:
    """Whoever has a row that cannot be read is insufficient, and no first day is known."""
    np, _ = require_arrow()
    of = {name: [each for each in problems if each.table == name] for name in _TABLES}
    whose = taken.who[places_of(taken.table, of["exposures"])]
    bad = np.isin(people.who, whose[whose >= 0])
    bad[places_of(people.table, of["patients"])] = True
    marks[bad] |= mark(UNREADABLE, Severity.INSUFFICIENT)
    first[bad] = NO_DAY


def _table(people: People, marks: Any, first: Any) -> Any:
    np, pa = require_arrow()
    worst, bits = verdicts(marks)
    every, place = np.unique(np.bitwise_or.reduce(marks, axis=1), return_inverse=True)
    words = [" ".join(codes_of(each)) for each in every.tolist()]
    leading, lead = np.unique(bits & -bits, return_inverse=True)
    leads = [next(iter(codes_of(each)), "") for each in leading.tolist()]
    columns = {
        "patient": people.table.column("patient"),
        "start": _days(people.start),
        "verdict": _coded(worst, RANKS),
        "interval": _coded(verdicts(marks, INTERVAL)[0], RANKS),
        "finding": _coded(lead, leads),
        "codes": _coded(place, words),
        "not_before": _days(first),
    }
    return pa.table(columns)


def _coded(places: Any, words: Any) -> Any:
    _, pa = require_arrow()
    return pa.DictionaryArray.from_arrays(pa.array(places, pa.int32()), pa.array(words))


def _days(days: Any) -> Any:
    np, pa = require_arrow()
    return pa.array(days.astype(np.int32), pa.date32(), mask=days == NO_DAY)
