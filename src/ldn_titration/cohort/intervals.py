"""The opioid-free interval of many exposures: a truth table, filled in by the scalar rules.

What the rules say of one exposure depends on its kind and on the days between its last dose
and the start. So each kind with each number of days that occurs is shown to them once.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from itertools import groupby
from typing import Any, NamedTuple

from pydantic import BaseModel

from ldn_titration.basis import judge
from ldn_titration.cohort.columns import combined, require_arrow
from ldn_titration.cohort.marks import RANKS, marks_of
from ldn_titration.cohort.people import ANY_START, EPOCH, FACTS, NO_DAY, Exposures, People
from ldn_titration.findings import Finding
from ldn_titration.knowledge import Knowledge
from ldn_titration.patient import OpioidExposure, OpioidHistory, PatientFacts
from ldn_titration.rules import RULES
from ldn_titration.rules.case import Case
from ldn_titration.rules.exposures import Exposure, exposure_of
from ldn_titration.rules.washout import not_before

__all__ = ["Intervals", "Owed", "aside", "horizon", "intervals", "owed"]

_READING = tuple(rule for rule in RULES if "opioids" in rule.inputs and rule.code != "FACT-01")
"""The rules that look at exposures; that of missing facts asks only whether there are any."""

_KNOWN = OpioidHistory.model_construct(status="known", exposures=())


def aside(facts: PatientFacts) -> PatientFacts:
    """The same facts with a history that is known, its exposures left for later."""
    return BaseModel.model_copy(facts, update={"opioids": _KNOWN})


class Owed(NamedTuple):
    """What an exposure owes: the first day of a start, as days after its last dose.

    ``days`` is None where it owes none; ``unknowable`` tells that it owes a day that cannot
    be known. ``until`` is the last day after its last dose that is no first day for another
    exposure either, as of a depot; None where there is none.
    """

    days: int | None
    unknowable: bool
    until: int | None = None


class Intervals(NamedTuple):
    """What the exposures of each row of the people amount to.

    ``marks`` are those of all its exposures, ``first`` is the first day of a start (NO_DAY:
    none is owed), ``unknowable`` tells that it cannot be known.
    """

    marks: Any
    first: Any
    unknowable: Any


class _Entry(NamedTuple):
    marks: list[int]
    owed: Owed


def intervals(
    people: People, taken: Exposures, of_row: Any, each: Any, base: Knowledge
) -> Intervals:
    """The intervals of people: ``each`` names exposures, ``of_row`` whose, in ascending order."""
    np, _ = require_arrow()
    most = horizon(base)
    last, start = taken.last[each], people.start[of_row]
    between = np.clip(start - last, 0, most) + 1
    between[(last == NO_DAY) | (start == NO_DAY)] = 0
    beside = [people.stated[name].places[of_row] for name in _BESIDE]
    some, place = combined([*beside, taken.kind[each], between], len(each))
    asked = [
        _Asked(*key)
        for key in zip(
            [_facts(people, row) for row in of_row[some].tolist()],
            [taken.kinds[kind] for kind in taken.kind[each][some].tolist()],
            between[some].tolist(),
            strict=True,
        )
    ]
    table = list(_table(asked, base))
    marks = np.array([entry.marks for entry in table], np.int64).reshape(-1, len(RANKS))
    unknowable = np.array([entry.owed.unknowable for entry in table], bool)[place]
    first = _after(last, [entry.owed.days for entry in table], place)
    until = _after(last, [entry.owed.until for entry in table], place)
    return _of_rows(len(people.start), of_row, marks[place], first, unknowable, until)


def _of_rows(
    rows: int, of_row: Any, marks: Any, first: Any, unknowable: Any, until: Any
) -> Intervals:
    """What the exposures of each row amount to, from what each of them does."""
    np, _ = require_arrow()
    found = Intervals(
        np.zeros((rows, len(RANKS)), np.int64),
        np.full(rows, NO_DAY, np.int64),
        np.zeros(rows, bool),
    )
    if len(of_row):
        begins = np.flatnonzero(np.diff(of_row, prepend=-1))
        whose = of_row[begins]
        found.marks[whose] = np.bitwise_or.reduceat(marks, begins, axis=0)
        found.first[whose] = np.maximum.reduceat(first, begins)
        found.unknowable[whose] = np.logical_or.reduceat(unknowable | (first > _END), begins)
        found.unknowable[whose] |= found.first[whose] <= np.maximum.reduceat(until, begins)
    return found


_END = date.max.toordinal() - EPOCH


def _after(last: Any, days: list[int | None], place: Any) -> Any:
    """So many days after each last dose; NO_DAY where there are none."""
    np, _ = require_arrow()
    after = np.array([NO_DAY if each is None else each for each in days], np.int64)[place]
    return np.where(after == NO_DAY, NO_DAY, last + after)


def horizon(base: Knowledge) -> int:
    """Days after a last dose beyond which no rule says anything else."""
    policies = ("depot_lookback", "stop_before_opioid_depot", "loperamide_high_max")
    return 1 + max(base.longest_window, *(base.policy[key].whole for key in policies)) + 2


class _Asked(NamedTuple):
    """What the rules are asked: facts beside, an exposure, days and one since (0: not known)."""

    facts: PatientFacts
    kind: OpioidExposure | None
    days: int


_BESIDE = sorted({name for rule in _READING for name in rule.inputs} & {*FACTS} - {"medications"})
"""The facts that decide what those rules say of an exposure."""


def _facts(people: People, row: int) -> PatientFacts:
    told = {name: people.stated[name].value(row) for name in _BESIDE}
    return aside(PatientFacts(**{name: value for name, value in told.items() if value is not None}))


def _table(asked: Iterable[_Asked], base: Knowledge) -> Iterator[_Entry]:
    """What the rules say of each."""
    for (facts, kind), same in groupby(asked, key=lambda each: each[:2]):
        blank = Case.of(facts, ANY_START, None, None, base)
        silent = {rule.code: judge(rule, blank).findings for rule in _READING}
        exposure = exposure_of(kind, base) if kind else None
        owing: dict[bool, Owed] = {}
        for _, _, days in same:
            last = ANY_START - timedelta(days - 1) if days else None
            case = blank._replace(exposures=(exposure._replace(last=last),) if exposure else ())
            owes = owing.get(bool(days)) or owing.setdefault(bool(days), owed(case, last))
            yield _Entry(_marks(case, silent), owes)


def _marks(case: Case, silent: Mapping[str, tuple[Finding, ...]]) -> list[int]:
    """The marks of what the rules say of the exposures of a case, and not without them."""
    judged = [(rule, judge(rule, case).findings) for rule in _READING]
    return marks_of(each for rule, said in judged for each in said if each not in silent[rule.code])


def owed(case: Case, last: date | None = None) -> Owed:
    """What the exposures of a case owe, in days after ``last``.

    Alone they give a day or none. Beside an exposure that owes a day, none means that theirs
    cannot be known, or not before that day.
    """
    day, most = not_before(case), horizon(case.base)
    if day is not None and last is not None:
        return Owed((day - last).days, False)
    since = case.start_day if last is None else last
    given = bisect(range(most), False, key=lambda days: _beside(case, since + timedelta(days)))
    return Owed(None, given == most, given - 1 if 0 < given < most else None)


def _beside(case: Case, day: date) -> bool:
    """Whether that is still the first day of a start, beside an exposure that owes it."""
    row = next(row for row in case.base.opioids if row.is_opioid and row.window and row.min_days)
    days = row.window[1] + 1 if row.window else 0
    other = Exposure("another", (row,), True, day - timedelta(days), False, days - 1)
    return not_before(case._replace(exposures=(*case.exposures, other))) is not None
