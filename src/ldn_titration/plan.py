"""Plans: dated steps and days, each with its dose and how it is measured.

A plan stores its steps, not its days: days are a lazy sequence over the steps, and totals
are worked out on the steps.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any, Literal, NamedTuple, overload

from ldn_titration import sig
from ldn_titration.errors import InvalidInputError, Problem
from ldn_titration.findings import Finding, Screening, Severity
from ldn_titration.patient import PatientFacts
from ldn_titration.preparation import Preparation
from ldn_titration.quantities import Mass
from ldn_titration.reading import Reading, total
from ldn_titration.regimen import Regimen
from ldn_titration.screening import judged_doses, screen
from ldn_titration.values import read_start, whole_day

__all__ = ["DRUG", "Plan", "PlanDay", "PlanStep", "PlannedDose", "Totals"]

DRUG = "naltrexone hydrochloride"
"""What every dose is of: the hydrochloride, not the base."""

_ONE_DAY = timedelta(days=1)
_new = tuple.__new__


class PlannedDose(NamedTuple):
    """One dose of a day: when (None: no time is set), and how it is measured."""

    time_of_day: str | None
    reading: Reading

    @property
    def dose(self) -> Mass:
        """Its mass."""
        return self.reading.dose


class PlanStep(NamedTuple):
    """One step of a plan: ``days`` days from ``first`` to ``last``, each with the same doses.

    ``first_day`` is the number of its first day in the plan, from 1. ``dose`` is the mass
    taken in a day and ``reading`` what is taken in a day, all doses together.
    """

    step: int
    dose: Mass
    first: date
    last: date
    days: int
    first_day: int
    doses: tuple[PlannedDose, ...]
    reading: Reading

    @property
    def time_of_day(self) -> str | None:
        """When its doses are taken, several parted by commas; None where no time is set."""
        times = [dose.time_of_day for dose in self.doses if dose.time_of_day]
        return ", ".join(times) or None

    @property
    def take(self) -> str:
        """What to take on each of its days, in one line, exactly."""
        return sig.directions(self.doses)


class PlanDay(NamedTuple):
    """One day of a plan. ``day`` and ``day_of_step`` count from 1; ``dose`` is the day's mass."""

    day: int
    date: date
    step: int
    day_of_step: int
    dose: Mass | None
    take: str
    reading: Reading | None
    doses: tuple[PlannedDose, ...]
    time_of_day: str | None

    @property
    def units(self) -> dict[str, Any]:
        """The counts to take, such as ``{"drops": 18, "volume": "0.9 mL"}``; empty for none."""
        return {} if self.reading is None else self.reading.units


class Totals(NamedTuple):
    """A whole plan added up: days, mass, and what is taken."""

    days: int
    dose: Mass
    reading: Reading

    @property
    def units(self) -> dict[str, Any]:
        """The counts taken over the plan."""
        return self.reading.units


class Plan(Sequence[PlanDay]):
    """A titration plan: a lazy, immutable sequence of :class:`PlanDay`.

    Made by :func:`~ldn_titration.schedule`. ``len``, index, slice and iterate it;
    ``plan.on(date)`` is the day of a date, ``plan.steps`` its steps, ``plan.totals`` the
    whole added up. ``status`` is ``draft`` unless a screening that clears was given for
    its start.
    """

    __slots__ = (
        "_ends",
        "_given",
        "_screening",
        "_tails",
        "cut",
        "preparation",
        "regimen",
        "steps",
    )
    regimen: Regimen
    preparation: Preparation
    steps: tuple[PlanStep, ...]
    cut: bool
    _ends: list[int]
    _given: Screening | None
    _screening: Screening | None
    _tails: list[tuple[Any, ...]] | None

    def __init__(
        self,
        regimen: Regimen,
        preparation: Preparation,
        steps: tuple[PlanStep, ...],
        *,
        cut: bool = False,
        screening: Screening | None = None,
    ) -> None:
        put = object.__setattr__
        put(self, "regimen", regimen)
        put(self, "preparation", preparation)
        put(self, "steps", steps)
        put(self, "cut", cut)
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
        return self.regimen, self.preparation, self.steps, self.cut, self._given

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
        for step, tail in zip(self.steps, self._step_tails(), strict=True):
            step_number, number, today = step.step, step.first_day, step.first
            add(_new(PlanDay, (number, today, step_number, 1, *tail)))
            for day_of_step in range(2, step.days + 1):
                number += 1
                today += _ONE_DAY
                add(_new(PlanDay, (number, today, step_number, day_of_step, *tail)))
        return days

    def _step_tails(self) -> list[tuple[Any, ...]]:
        """What all days of a step share, worked out once."""
        tails = self._tails
        if tails is None:
            tails = [(s.dose, s.take, s.reading, s.doses, s.time_of_day) for s in self.steps]
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
        day_of_step = place + 2 - step.first_day
        today = step.first + (day_of_step - 1) * _ONE_DAY
        tail = self._step_tails()[number]
        return _new(PlanDay, (place + 1, today, step.step, day_of_step, *tail))

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
            doses, told = judged_doses(self.start, self.regimen)
            whole = base.with_findings([*doses, *_cut_findings(self)], [told])
            object.__setattr__(self, "_screening", whole)
        return whole

    @property
    def status(self) -> Literal["cleared", "draft"]:
        """``cleared`` where the screening clears or its holds are overridden, else ``draft``."""
        return "cleared" if self.screening.clears else "draft"

    @property
    def totals(self) -> Totals:
        """The whole plan added up, worked out on its steps."""
        whole = total((step.reading, step.days) for step in self.steps)
        return Totals(len(self), whole.dose, whole)

    def _repr_html_(self) -> str:
        from ldn_titration.markup import rows_table

        caption = f"Plan ({self.status.upper()}): {DRUG}, {self.start} to {self.end}"
        rows = [
            (s.step, sig.about(s.dose), sig.directions(s.doses, sig.about), s.first, s.last, s.days)
            for s in self.steps
        ]
        return rows_table(caption, ("Step", "Dose a day", "Take", "From", "To", "Days"), rows)


def _remade(*parts: Any) -> Plan:
    regimen, preparation, steps, cut, screening = parts
    return Plan(regimen, preparation, steps, cut=cut, screening=screening)


def _cut_findings(plan: Plan) -> Iterator[Finding]:
    if plan.cut:
        reached, steps = len(plan.steps), len(plan.regimen.steps)
        yield Finding(
            code="LEN-01",
            severity=Severity.INFO,
            message=f"The plan ends after {len(plan)} days, in step {reached} of {steps}; "
            "what comes after is cut off.",
            action="Plan a longer length to see the whole regimen.",
            sources=("project_choice",),
        )
