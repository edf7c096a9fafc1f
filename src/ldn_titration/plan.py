"""Plans: dated steps and days, each with its dose and how it is measured.

A plan stores its steps, not its days: days are a lazy sequence over the steps, and totals
are worked out on the steps.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from itertools import pairwise, takewhile
from typing import Any, Literal, overload

from ldn_titration import sig
from ldn_titration.days import (
    DoseChange,
    PlanDay,
    PlanStep,
    Tails,
    Totals,
    day_of,
    phases,
    tails_of,
)
from ldn_titration.diary import Event, Stopped
from ldn_titration.errors import InvalidInputError, Problem
from ldn_titration.findings import Finding, Milestone, Screening, Severity
from ldn_titration.patient import PatientFacts
from ldn_titration.preparation import Preparation
from ldn_titration.quantities import Mass
from ldn_titration.reading import Reading, total
from ldn_titration.regimen import Regimen
from ldn_titration.rules.washout import later
from ldn_titration.screening import judged_doses, screen
from ldn_titration.values import read_start, whole_day

__all__ = ["DRUG", "Plan"]

DRUG = "naltrexone hydrochloride"
"""What every dose is of: the hydrochloride, not the base."""

_REVIEW, _PLANNED_OPIOID = "MON-01", "MON-05"
_ONE_DAY = timedelta(days=1)
_new = tuple.__new__


class Plan(Sequence[PlanDay]):
    """A titration plan: a lazy, immutable sequence of :class:`PlanDay`.

    Made by :func:`~ldn_titration.schedule`. ``len``, index, slice and iterate it;
    ``plan.on(date)`` is the day of a date, ``plan.steps`` its steps, ``plan.totals`` the
    whole added up, ``plan.diary`` what happened, ``plan.told`` what was found in that,
    ``plan.length_days`` the length asked for (None: as long as the regimen).
    ``status`` is ``draft`` unless a screening that clears was given for its start.
    ``fast_steps`` are the steps where each range takes its fewest days; without ranges
    they are ``steps``.
    """

    __slots__ = (
        "_ends",
        "_given",
        "_screening",
        "_tails",
        "cut",
        "diary",
        "fast_steps",
        "length_days",
        "preparation",
        "regimen",
        "steps",
        "told",
    )
    regimen: Regimen
    preparation: Preparation
    steps: tuple[PlanStep, ...]
    fast_steps: tuple[PlanStep, ...]
    diary: tuple[Event, ...]
    cut: bool
    length_days: int | None
    told: tuple[Finding, ...]
    _ends: list[int]
    _given: Screening | None
    _screening: Screening | None
    _tails: list[Tails] | None

    def __init__(
        self,
        regimen: Regimen,
        preparation: Preparation,
        steps: tuple[PlanStep, ...],
        *,
        fast_steps: tuple[PlanStep, ...] = (),
        diary: tuple[Event, ...] = (),
        cut: bool = False,
        length_days: int | None = None,
        told: tuple[Finding, ...] = (),
        screening: Screening | None = None,
    ) -> None:
        put = object.__setattr__
        put(self, "regimen", regimen)
        put(self, "preparation", preparation)
        put(self, "steps", steps)
        put(self, "fast_steps", fast_steps or steps)
        put(self, "diary", diary)
        put(self, "cut", cut)
        put(self, "length_days", length_days)
        put(self, "told", told)
        put(self, "_given", screening)
        put(self, "_ends", [step.first_day + step.days - 1 for step in steps])
        put(self, "_tails", None)
        put(self, "_screening", None)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("a Plan is immutable")

    def __reduce__(self) -> tuple[Any, ...]:
        return _remade, self._key()

    def __eq__(self, other: object) -> bool:
        return self._key() == other._key() if isinstance(other, Plan) else NotImplemented

    def __hash__(self) -> int:
        return hash((self.regimen, self.preparation, self.steps))

    def _key(self) -> tuple[Any, ...]:
        laid = self.steps, self.fast_steps, self.diary, self.cut, self.length_days, self.told
        return self.regimen, self.preparation, laid, self._given

    def __repr__(self) -> str:
        return f"<Plan {self.status}: {len(self)} days, {self.start} to {self.end}>"

    # --- the sequence of days

    def __len__(self) -> int:
        return self._ends[-1]

    def __iter__(self) -> Iterator[PlanDay]:
        return iter(self._days())

    def _days(self) -> list[PlanDay]:
        """Every day. Written out for speed: one tuple a day, one date added to."""
        days: list[PlanDay] = []
        add = days.append
        for step, tails in zip(self.steps, self._step_tails(), strict=True):
            tail, off = tails
            if off is not None:
                days += (day_of(step, n, tails) for n in range(step.days))
                continue
            number, today, step_number = step.first_day, step.first, step.step
            position = step.position + 1
            add(_new(PlanDay, (number, today, step_number, position, *tail)))
            for day_of_step in range(position + 1, position + step.days):
                number += 1
                today += _ONE_DAY
                add(_new(PlanDay, (number, today, step_number, day_of_step, *tail)))
        return days

    def _step_tails(self) -> list[Tails]:
        """What all days of each step share: those with its dose, those without (None: none)."""
        tails = self._tails
        if tails is None:
            tails = [tails_of(step) for step in self.steps]
            object.__setattr__(self, "_tails", tails)
        return tails

    @overload
    def __getitem__(self, index: int) -> PlanDay: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[PlanDay, ...]: ...
    def __getitem__(self, index: int | slice) -> PlanDay | tuple[PlanDay, ...]:
        if isinstance(index, slice):
            return tuple(self._day(place) for place in range(*index.indices(len(self))))
        place = index + len(self) if index < 0 else index
        if not 0 <= place < len(self):
            raise IndexError(f"day index {index} of a plan of {len(self)} days")
        return self._day(place)

    def _day(self, place: int) -> PlanDay:
        number = bisect_right(self._ends, place)
        step = self.steps[number]
        return day_of(step, place + 1 - step.first_day, self._step_tails()[number])

    def diff(self, other: Plan) -> tuple[DoseChange, ...]:
        """Every date on which the two plans give another dose, in order."""
        start, end = min(self.start, other.start), max(self.end, other.end)
        mine, others = self._doses(), other._doses()
        days = (start + timedelta(n) for n in range((end - start).days + 1))
        changes = (DoseChange(day, mine.get(day), others.get(day)) for day in days)
        return tuple(change for change in changes if change.dose != change.other)

    def _doses(self) -> dict[date, Mass | None]:
        return {day.date: day.dose for day in self}

    def on(self, day: date | str) -> PlanDay:
        """The day of that date (or its text); InvalidInputError where it is outside the plan."""
        wanted = whole_day(read_start(day))
        if not self.start <= wanted <= self.end:
            message = f"{wanted} is outside the plan, which runs from {self.start} to {self.end}"
            raise InvalidInputError([Problem("day", message)])
        return self._day((wanted - self.start).days)

    # --- the whole

    @property
    def start(self) -> date:
        """The first day."""
        return self.steps[0].first

    @property
    def end(self) -> date:
        """The last day."""
        return self.steps[-1].last

    @property
    def screening(self) -> Screening:
        """The screening given, with what the doses and the length of this plan add to it.

        Where none was given, nothing is known of the patient: all facts are missing.
        """
        whole = self._screening
        if whole is None:
            base = self._given or screen(PatientFacts(), self.start, self.regimen)
            doses, basis = judged_doses(self.start, self.regimen, _other_doses(self), _rises(self))
            whole = base.with_findings([*doses, *_cut_findings(self), *self.told], basis)
            if self.diary:
                whole = whole.changed(milestones=tuple(_moved(self, whole.milestones)))
            object.__setattr__(self, "_screening", whole)
        return whole

    @property
    def status(self) -> Literal["cleared", "draft"]:
        """``cleared`` where the screening clears or its holds are overridden, else ``draft``."""
        return "cleared" if self.screening.clears else "draft"

    @property
    def totals(self) -> Totals:
        """The whole plan added up, worked out on its steps."""
        taken: dict[Preparation, list[tuple[Reading, int]]] = {}
        for step in self.steps:
            if step.reading is not None:
                taken.setdefault(step.preparation, []).append((step.reading, step.dose_days))
        readings = tuple((preparation, total(each)) for preparation, each in taken.items())
        dose = Mass.total((reading.dose, 1) for _, reading in readings)
        return Totals(len(self), dose, readings)

    @property
    def preparations(self) -> tuple[tuple[date, Preparation], ...]:
        """What it is measured with, each from its first day on."""
        return tuple((same[0].first, same[0].preparation) for same in phases(self.steps))

    def _repr_html_(self) -> str:
        from ldn_titration.markup import rows_table

        caption = f"Plan ({self.status.upper()}): {DRUG}, {self.start} to {self.end}"
        rows = [
            (s.step, _dose_words(s), sig.directions(s.doses, sig.about), s.first, s.last, s.days)
            for s in self.steps
        ]
        return rows_table(caption, ("Step", "Dose a day", "Take", "From", "To", "Days"), rows)


def _dose_words(step: PlanStep) -> str:
    return "" if step.dose is None else sig.about(step.dose)


def _remade(*parts: Any) -> Plan:
    regimen, preparation, laid, screening = parts
    steps, fast_steps, diary, cut, length_days, told = laid
    return Plan(
        regimen,
        preparation,
        steps,
        fast_steps=fast_steps,
        diary=diary,
        cut=cut,
        length_days=length_days,
        told=told,
        screening=screening,
    )


def _moved(plan: Plan, milestones: Iterable[Milestone]) -> Iterator[Milestone]:
    """The dated notes as they are after the diary.

    The review is as many days later as the target dose really was. What was noted of a
    planned opioid goes, once the diary tells of one; and what lies after a stop. The notes
    of one planned opioid are a last dose, the days without, and the restart right after them.
    """
    reached, told = _settled_on(plan), _opioids_told_until(plan)
    stopped = any(isinstance(event, Stopped) for event in plan.diary)
    dropped = after_pause = False
    for due in milestones:
        if stopped and due.on > plan.end:
            continue
        if due.code == _PLANNED_OPIOID:
            dropped = due.on < told if due.every_day else dropped and after_pause
            after_pause = due.every_day
            if not dropped:
                yield due
        elif due.code != _REVIEW:
            yield due
        elif reached is not None:
            yield from _review(plan, due, reached)


def _review(plan: Plan, due: Milestone, reached: date) -> Iterator[Milestone]:
    """The review, moved by as many days as the dose was reached later or sooner."""
    planned = sum(step.days or 0 for step in plan.regimen.steps[:-1])
    on = later(due.on, (reached - plan.start).days - planned)
    if on is not None:
        what = f"Is it worth going on? This dose was reached on {reached}."
        yield due.model_copy(update={"on": on, "what": what})


def _opioids_told_until(plan: Plan) -> date:
    """The first day after what an opioid of the diary closes; before all days without one."""
    told = [finding.clears_on for finding in plan.told if finding.code == "DIA-01"]
    if told and told[-1] is None:
        return date.max
    return max((day for day in told if day is not None), default=date.min)


def _settled_on(plan: Plan) -> date | None:
    """The first day of the dose that is kept to the end; None where there is none."""
    taken = [step for step in plan.steps if step.doses]
    if not taken or any(isinstance(event, Stopped) for event in plan.diary):
        return None
    if not taken[-1].is_open and taken[-1].step < len(plan.regimen.steps):
        return None
    same = takewhile(lambda step: step.dose == taken[-1].dose, reversed(taken))
    return min(step.first for step in same)


def _rises(plan: Plan) -> list[tuple[int, Mass]]:
    """The increments that the diary made and the regimen has not, each to which step."""
    doses = [step.daily_dose for step in plan.regimen.steps]
    own = {later - dose for dose, later in pairwise(doses) if later > dose}
    taken = [(step.step, step.dose) for step in plan.steps if step.dose is not None]
    rises = [(n, later - dose) for (_, dose), (n, later) in pairwise(taken) if later > dose]
    return [(step, rise) for step, rise in rises if rise not in own]


def _other_doses(plan: Plan) -> list[tuple[int, Mass]]:
    """The daily doses that the regimen does not have itself, as after halving, by step."""
    doses = dict.fromkeys((step.step, step.dose) for step in plan.steps)
    own = {step.daily_dose for step in plan.regimen.steps}
    return [(step, dose) for step, dose in doses if dose is not None and dose not in own]


def _cut_findings(plan: Plan) -> Iterator[Finding]:
    if plan.cut:
        reached, steps = plan.steps[-1].step, len(plan.regimen.steps)
        yield Finding(
            code="LEN-01",
            severity=Severity.INFO,
            message=f"The plan ends after {len(plan)} days, in step {reached} of {steps}; "
            "what comes after is cut off.",
            action="Plan a longer length to see the whole regimen.",
            sources=("project_choice",),
        )
