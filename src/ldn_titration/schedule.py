"""Scheduling: a regimen laid out on the calendar and measured with a preparation."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from ldn_titration.course import Stretch
from ldn_titration.days import PlannedDose, PlanStep, day_off
from ldn_titration.diary import Event, read_diary
from ldn_titration.errors import InvalidInputError, NotMeasurableError, Problem, QuantityError
from ldn_titration.findings import Screening
from ldn_titration.knowledge import Knowledge, knowledge
from ldn_titration.plan import Plan
from ldn_titration.preparation import Preparation
from ldn_titration.quantities import Mass
from ldn_titration.reading import Reading, total
from ldn_titration.regimen import MAX_DAYS, Regimen, TimedDose, TitrationStep
from ldn_titration.replay import Laid, replay
from ldn_titration.screening import planned_digest, void_override
from ldn_titration.values import read_start, whole_day

__all__ = ["schedule"]

_new = tuple.__new__


def schedule(
    regimen: Regimen,
    preparation: Preparation,
    start: date | str,
    *,
    days: int | None = None,
    screening: Screening | None = None,
    diary: Sequence[object] = (),
    base: Knowledge | None = None,
) -> Plan:
    """The plan of a regimen, measured with a preparation, from its first day.

    ``days`` is the whole length; without it an open-ended last step is laid out for 28
    days. Without a screening that clears for this start, the plan is a draft; an override
    in it counts for the regimen, preparation and length it was screened with. ``diary`` is
    what happened: events of :mod:`ldn_titration.diary`, or the same as plain data; days
    before an event never change. ``base`` is the knowledge base of the opioid-free intervals
    in it, the shipped one unless a site has its own. Raises NotMeasurableError for a dose
    that the preparation cannot measure, and InvalidInputError for a length, start,
    screening or event that does not fit.

    >>> from ldn_titration import Drops, Held, Regimen, schedule
    >>> ramp = Regimen.ramp("0.25 mg", "0.25 mg", 7, "4.5 mg")
    >>> drops = Drops(concentration="5 mg/mL", drops_per_mL=20)
    >>> plan = schedule(ramp, drops, "2027-01-04", days=126)
    >>> plan[119].take, str(plan.totals.dose)
    ('18 drops (0.9 mL, 4.5 mg)', '299.25 mg')
    >>> held = Held(on="2027-02-03", days=7, reason="insomnia")
    >>> schedule(ramp, drops, "2027-01-04", days=126, diary=[held])[32].why
    'held 7 days from 3 Feb 2027: insomnia'
    """
    moment, length, events = read_start(start), _plan_days(days), read_diary(diary)
    first = whole_day(moment)
    if length is not None:
        _check_span(first, min(length, _own_length(regimen)))
    if screening is not None and screening.start != first:
        message = f"is for a start on {screening.start}, but the plan starts on {first}"
        raise InvalidInputError([Problem("screening", message)])
    if screening is not None:
        screening = _bound(screening, planned_digest(moment, regimen, preparation, days))
    base = base or knowledge()
    laid = replay(regimen, preparation, moment, length, events, base)
    _check_span(first, sum(each.stretch.days for each in laid.laid))
    steps = _dated(laid.laid, regimen, first)
    return Plan(
        regimen,
        preparation,
        steps,
        fast_steps=_fast(regimen, preparation, moment, steps, length, events, base),
        diary=events,
        cut=laid.cut,
        length_days=length,
        told=laid.findings,
        screening=screening,
    )


def _fast(
    regimen: Regimen,
    preparation: Preparation,
    moment: date,
    steps: tuple[PlanStep, ...],
    length: int | None,
    events: tuple[Event, ...],
    base: Knowledge,
) -> tuple[PlanStep, ...]:
    """The steps where each range takes its fewest days, over the same length.

    Whoever climbs fast reaches a later step within it, so that must be measurable too.
    """
    if all(step.fewest_days is None for step in regimen.steps):
        return steps
    days = sum(step.days for step in steps)
    laid = replay(regimen, preparation, moment, length, events, base, fast_days=days)
    return _dated(laid.laid, regimen, steps[0].first)


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


def _own_length(regimen: Regimen) -> int:
    """The days of its closed steps, or more than any plan has where its end is open."""
    return sum(step.days or MAX_DAYS for step in regimen.steps)


def _dated(laid: Sequence[Laid], regimen: Regimen, first: date) -> tuple[PlanStep, ...]:
    """The stretches with their dates, and their doses as they are measured."""
    measured = _measured(laid, regimen)
    steps: list[PlanStep] = []
    number, day, before = 1, first.toordinal(), 0
    last = len(regimen.steps) - 1
    for (stretch, preparation, phase), (doses, reading) in zip(laid, measured, strict=True):
        days, titration = stretch.days, regimen.steps[stretch.step]
        begins = doses and stretch.part == 1 and not stretch.position and before <= stretch.step
        before = stretch.step if doses else before
        steps.append(
            _new(
                PlanStep,
                (
                    stretch.step + 1,
                    reading and reading.dose,
                    date.fromordinal(day),
                    date.fromordinal(day + days - 1),
                    days,
                    number,
                    doses,
                    reading,
                    titration,
                    preparation,
                    stretch.why or ("" if doses else day_off(titration.cycle)),
                    stretch.position,
                    date.fromordinal(day + days - stretch.spare)
                    if stretch.spare and stretch.step < last
                    else None,
                    stretch.is_open,
                    (titration.only_if or "") if begins else "",
                    phase,
                ),
            )
        )
        number += days
        day += days
    return tuple(steps)


_Doses = tuple[tuple[PlannedDose, ...], Reading | None]


def _measured(laid: Sequence[Laid], regimen: Regimen) -> list[_Doses]:
    """The doses of each stretch's day, each measured on its own, and all of them together.

    Raises NotMeasurableError with every step that cannot be measured.
    """
    known: dict[tuple[int, int, int], _Doses] = {}
    failed: dict[tuple[int, Mass], NotMeasurableError] = {}
    measured: list[_Doses] = []
    for stretch, preparation, _ in laid:
        if _only_days_off(stretch, regimen):
            measured.append(((), None))
            continue
        key = (stretch.step, stretch.part, id(preparation))
        try:
            doses = known.get(key) or _doses(stretch, preparation, regimen)
        except NotMeasurableError as error:
            failed.setdefault((stretch.step + 1, error.dose), error)
            continue
        except QuantityError as error:
            raise InvalidInputError([Problem("preparation.strengths", str(error))]) from None
        known[key] = doses
        measured.append(doses)
    if failed:
        (first, *others) = (error.at_step(step) for (step, _), error in failed.items())
        raise first.at_step(first.step or 0, tuple(others))
    return measured


def _only_days_off(stretch: Stretch, regimen: Regimen) -> bool:
    """Whether a stretch of a cycle has no day with a dose, so that nothing is measured."""
    cycle = regimen.steps[stretch.step].cycle
    return cycle is not None and not cycle.on_days(stretch.position, stretch.days)


def _doses(stretch: Stretch, preparation: Preparation, regimen: Regimen) -> _Doses:
    if not stretch.part:
        return (), None
    step = regimen.steps[stretch.step]
    if stretch.part == 1 and step.dose is not None and step.doses_per_day == 1:
        reading = preparation.measure(step.dose)
        return (_new(PlannedDose, (regimen.time_of_day, reading)),), reading
    times = _timed(step, regimen.time_of_day)
    if stretch.part > 1:
        times = tuple(TimedDose(time, mass / stretch.part) for time, mass in times)
    doses = tuple([PlannedDose(time, preparation.measure(mass)) for time, mass in times])
    if len(doses) == 1:
        return doses, doses[0].reading
    return doses, total((dose.reading, 1) for dose in doses)


def _timed(step: TitrationStep, time_of_day: str | None) -> tuple[TimedDose, ...]:
    """The doses of a day; a single one without a time of its own is taken at the regimen's."""
    if step.doses is None and step.doses_per_day == 1:
        return (TimedDose(time_of_day, step.daily_dose),)
    return step.each
