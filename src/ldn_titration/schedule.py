"""Scheduling: a regimen laid out on the calendar and measured with a preparation."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from ldn_titration.errors import InvalidInputError, NotMeasurableError, Problem, QuantityError
from ldn_titration.findings import Screening
from ldn_titration.knowledge import knowledge, policy
from ldn_titration.plan import Plan, PlannedDose, PlanStep
from ldn_titration.preparation import Preparation
from ldn_titration.reading import total
from ldn_titration.regimen import MAX_DAYS, Regimen, TimedDose, TitrationStep
from ldn_titration.screening import planned_digest, void_override
from ldn_titration.values import read_start, whole_day

__all__ = ["schedule"]

_ONE_DAY = timedelta(days=1)
_new = tuple.__new__


def schedule(
    regimen: Regimen,
    preparation: Preparation,
    start: date | str,
    *,
    days: int | None = None,
    screening: Screening | None = None,
    diary: Sequence[object] = (),
) -> Plan:
    """The plan of a regimen, measured with a preparation, from its first day.

    ``days`` is the whole length; without it an open-ended last step is laid out for 28
    days. Without a screening that clears for this start, the plan is a draft; an override
    in it counts for the regimen, preparation and length it was screened with. Raises
    NotMeasurableError for a dose that the preparation cannot measure, and InvalidInputError
    for a length, start or screening that does not fit.

    >>> from ldn_titration import Drops, Regimen, schedule
    >>> ramp = Regimen.ramp("0.25 mg", "0.25 mg", 7, "4.5 mg")
    >>> drops = Drops(concentration="5 mg/mL", drops_per_mL=20)
    >>> plan = schedule(ramp, drops, "2027-01-04", days=126)
    >>> plan[119].take, str(plan.totals.dose)
    ('18 drops (0.9 mL, 4.5 mg)', '299.25 mg')
    """
    first = whole_day(read_start(start))
    lengths = _lengths(regimen, _plan_days(days))
    _check_span(first, sum(lengths))
    if diary:
        raise InvalidInputError([Problem("diary", "events are not replayed yet; leave it empty")])
    if screening is not None and screening.start != first:
        message = f"is for a start on {screening.start}, but the plan starts on {first}"
        raise InvalidInputError([Problem("screening", message)])
    if screening is not None:
        screening = _bound(screening, planned_digest(read_start(start), regimen, preparation, days))
    steps = _steps(regimen, preparation, first, lengths)
    cut = len(lengths) < len(regimen.steps) or lengths[-1] < (regimen.steps[-1].days or 0)
    return Plan(regimen, preparation, steps, cut=cut, screening=screening)


def _bound(screening: Screening, planned: str) -> Screening:
    """The screening, without its overrides where they were made for another plan."""
    if screening.planned == planned:
        return screening
    if screening.knowledge.sha256 != knowledge().sha256:
        message = "is by a site's rules, so it must be of this very regimen, preparation and days"
        raise InvalidInputError([Problem("screening", message)])
    why = "it was not made with this very regimen, preparation and length"
    void = [void_override(each, why) for each in screening.overrides]
    return screening.without_overrides(void) if void else screening


def _plan_days(days: int | None) -> int | None:
    if days is None or (type(days) is int and 1 <= days <= MAX_DAYS):
        return days
    raise InvalidInputError([Problem("days", f"must be a whole number from 1 to {MAX_DAYS}")])


def _check_span(first: date, days: int) -> None:
    if first.toordinal() + days - 1 > date.max.toordinal():
        raise InvalidInputError([Problem("start", f"{first} is too late for {days} days")])


def _lengths(regimen: Regimen, days: int | None) -> list[int]:
    """How many days each step lasts, as far as the plan's length reaches."""
    if days is None:
        last = regimen.steps[-1].days or policy("open_step").whole
        return [step.days or last for step in regimen.steps]
    lengths: list[int] = []
    left = days
    for step in regimen.steps:
        if not left:
            break
        lengths.append(left if step.days is None or step.days > left else step.days)
        left -= lengths[-1]
    return lengths


def _steps(
    regimen: Regimen, preparation: Preparation, first: date, lengths: list[int]
) -> tuple[PlanStep, ...]:
    steps: list[PlanStep] = []
    begin, number = first, 1
    for doses, days in zip(_measured(regimen, len(lengths), preparation), lengths, strict=True):
        reading = doses[0].reading if len(doses) == 1 else total((d.reading, 1) for d in doses)
        last = begin + timedelta(days - 1)
        step = (len(steps) + 1, reading.dose, begin, last, days, number, doses, reading)
        steps.append(_new(PlanStep, step))
        number += days
        begin = last if last == date.max else last + _ONE_DAY
    return tuple(steps)


def _measured(
    regimen: Regimen, count: int, preparation: Preparation
) -> list[tuple[PlannedDose, ...]]:
    """The doses of each step's day, each measured on its own; every step that cannot be is told."""
    measured: list[tuple[PlannedDose, ...]] = []
    failed: list[tuple[int, NotMeasurableError]] = []
    for number, step in enumerate(regimen.steps[:count], 1):
        try:
            times = _timed(step, regimen.time_of_day)
            measured.append(tuple([PlannedDose(t, preparation.measure(m)) for t, m in times]))
        except NotMeasurableError as error:
            failed.append((number, error))
        except QuantityError as error:
            raise InvalidInputError([Problem("preparation.strengths", str(error))]) from None
    if failed:
        (number, first), *others = failed
        raise first.at_step(number, tuple(other.at_step(at) for at, other in others))
    return measured


def _timed(step: TitrationStep, time_of_day: str | None) -> tuple[TimedDose, ...]:
    """The doses of a day; a single one without a time of its own is taken at the regimen's."""
    if step.doses is None and step.doses_per_day == 1:
        return (TimedDose(time_of_day, step.daily_dose),)
    return step.each
