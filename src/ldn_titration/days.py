"""The steps and days of a plan: light rows, each with its doses and how they are measured."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from itertools import groupby
from typing import Any, NamedTuple

from ldn_titration import sig
from ldn_titration.preparation import Preparation
from ldn_titration.quantities import Mass
from ldn_titration.reading import Reading, summed_units
from ldn_titration.regimen import Cycle, TitrationStep

__all__ = [
    "DoseChange",
    "PlanDay",
    "PlanStep",
    "PlannedDose",
    "Tails",
    "Totals",
    "day_of",
    "day_off",
    "phases",
    "tails_of",
]

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
    """Days in a row of a plan that are alike: ``days`` days from ``first`` to ``last``.

    ``step`` is the number of the regimen's step, from 1; after a step back it stands again.
    ``first_day`` is the number of its first day in the plan, from 1, and ``position`` how
    many days of the step lie behind that. ``dose`` is the mass taken in a day and
    ``reading`` what is taken in a day, all doses together; both are None where nothing is.
    ``why`` tells why it is so, where it is not simply the regimen's. ``earliest_next`` is
    the first day on which the next step may begin, where the step is a range; ``is_open``
    tells that no step follows it; ``only_if`` is what is checked before its first day;
    ``phase`` is how many switches of preparation lie behind it.
    """

    step: int
    dose: Mass | None
    first: date
    last: date
    days: int
    first_day: int
    doses: tuple[PlannedDose, ...]
    reading: Reading | None
    titration: TitrationStep
    preparation: Preparation
    why: str = ""
    position: int = 0
    earliest_next: date | None = None
    is_open: bool = False
    only_if: str = ""
    phase: int = 0

    @property
    def time_of_day(self) -> str | None:
        """When its doses are taken, several parted by commas; None where no time is set."""
        times = [dose.time_of_day for dose in self.doses if dose.time_of_day]
        return ", ".join(times) or None

    @property
    def take(self) -> str:
        """What to take, in one line, exactly; of a cycle with its days on and off."""
        words = sig.directions(self.doses)
        return f"{words}, {self.on_days}" if self.on_days else words

    @property
    def on_days(self) -> str:
        """On which of its days it is taken, where not on all: "every other day".

        Where it does not begin with a turn of its cycle, with the date that tells which.
        """
        cycle = self.cycle
        if cycle is None or self.dose_days == self.days:
            return ""
        into = self.position % cycle.days
        if not into:
            return str(cycle)
        if cycle.is_on(into):
            return f"{cycle}, next day off {self.first + timedelta(cycle.days_on - into)}"
        return f"{cycle}, first dose {self.first + timedelta(cycle.days_off_from(into))}"

    @property
    def cycle(self) -> Cycle | None:
        """Its days on and off, where it has such."""
        return self.titration.cycle if self.doses else None

    @property
    def dose_days(self) -> int:
        """On how many of its days a dose is taken."""
        if self.cycle is not None:
            return self.cycle.on_days(self.position, self.days)
        return self.days if self.doses else 0


class PlanDay(NamedTuple):
    """One day of a plan. ``day`` and ``day_of_step`` count from 1; ``dose`` is the day's mass.

    Where nothing is taken, ``dose`` and ``reading`` are None and ``doses`` is empty. ``why``
    tells why the day is as it is; it is empty where the day is simply the regimen's.
    """

    day: int
    date: date
    step: int
    day_of_step: int
    dose: Mass | None
    take: str
    reading: Reading | None
    doses: tuple[PlannedDose, ...]
    time_of_day: str | None
    why: str

    @property
    def units(self) -> dict[str, Any]:
        """The counts to take, such as ``{"drops": 18, "volume": "0.9 mL"}``; empty for none."""
        return {} if self.reading is None else self.reading.units


class Totals(NamedTuple):
    """A whole plan added up: days, mass, and what is taken, by preparation."""

    days: int
    dose: Mass
    readings: tuple[tuple[Preparation, Reading], ...]

    @property
    def units(self) -> dict[str, Any]:
        """The counts taken over the plan; of several preparations, as far as they add up."""
        return summed_units(reading for _, reading in self.readings)


class DoseChange(NamedTuple):
    """A date on which two plans differ: the dose of the one and of the other (None: no dose)."""

    date: date
    dose: Mass | None
    other: Mass | None


def phases(steps: Iterable[PlanStep]) -> tuple[tuple[PlanStep, ...], ...]:
    """The steps between one switch of preparation and the next, in the order of their days."""
    return tuple(tuple(same) for _, same in groupby(steps, key=lambda step: step.phase))


# --- the days of a step ---------------------------------------------------------------

Tails = tuple[tuple[Any, ...], tuple[Any, ...] | None]
"""What all days of a step share: those with its dose, and those without (None: no such)."""


def day_off(cycle: Cycle | None) -> str:
    """Why nothing is taken on a day off."""
    return f"day off ({cycle})"


def tails_of(step: PlanStep) -> Tails:
    """What all days of a step share: those with its dose, and those without, if any."""
    nothing = (None, sig.NO_DOSE, None, (), None)
    if not step.doses:
        return (*nothing, step.why), (*nothing, step.why)
    words = sig.directions(step.doses)
    own = (step.dose, words, step.reading, step.doses, step.time_of_day, step.why)
    return own, None if step.cycle is None else (*nothing, day_off(step.cycle))


def day_of(step: PlanStep, place: int, tails: Tails) -> PlanDay:
    """The day of a step at that place, from 0; on days without a dose the step waits."""
    position = step.position + place if step.doses else step.position
    own, off = tails
    tail = own if step.cycle is None or step.cycle.is_on(position) else off or own
    today = step.first + place * _ONE_DAY
    return _new(PlanDay, (step.first_day + place, today, step.step, position + 1, *tail))
