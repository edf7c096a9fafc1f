"""Supply: what to dispense for a plan, when to make it, and when to order it.

Liquids are worked out bottle by bottle, capsules and tablets by strength. What is
dispensed is what is taken, wasted and left, exactly.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from fractions import Fraction
from typing import NamedTuple

from ldn_titration.bottles import Bottle, bottles_of
from ldn_titration.days import PlanStep, phases
from ldn_titration.diary import Switched
from ldn_titration.errors import InvalidInputError, Problem
from ldn_titration.fills import Counts, Fill, fill_of, summed, taken, windows
from ldn_titration.pieces import fewest_strengths
from ldn_titration.plan import Plan
from ldn_titration.preparation import Capsules, Drops, OralSolution, Preparation, Tablets
from ldn_titration.quantities import Mass, Volume
from ldn_titration.regimen import MAX_DAYS

__all__ = [
    "Amounts",
    "Dispense",
    "PreparationSupply",
    "Supply",
    "best_strengths",
    "require_beyond_use",
    "supply",
]


class Amounts(NamedTuple):
    """Volumes, or counts by strength: ``dispensed`` is ``taken`` + ``wasted`` + ``left``."""

    dispensed: Volume | Counts
    taken: Volume | Counts
    wasted: Volume | Counts
    left: Volume | Counts


class Dispense(NamedTuple):
    """What to dispense in all, over how many fills, and for how many days of the plan.

    ``slow_end`` and ``fast_end`` are what is taken where each step that is a range takes
    its most and its fewest days; ``quantity`` is enough for either.
    """

    quantity: Volume | Counts
    days_supply: int
    refills: int
    slow_end: Volume | Counts
    fast_end: Volume | Counts
    bottles: int | None = None


class PreparationSupply(NamedTuple):
    """The supply of one preparation, for the days of the plan on which it is taken from.

    A liquid has ``bottles``, capsules and tablets have ``fills`` and the ``best`` strengths
    to keep in stock for them.
    """

    preparation: Preparation
    first: date
    last: date
    dispense: Dispense
    totals: Amounts
    lead_days: int
    bottles: tuple[Bottle, ...] = ()
    fills: tuple[Fill, ...] = ()
    best: tuple[Mass, ...] = ()

    @property
    def is_counted(self) -> bool:
        """Whether it is of capsules or tablets, counted by strength."""
        return isinstance(self.dispense.quantity, tuple)

    @property
    def orders(self) -> tuple[date, ...]:
        """The days on which to order, or begin to make, each bottle or fill."""
        made = [bottle.made_on for bottle in self.bottles]
        return tuple(_before(day, self.lead_days) for day in made) or tuple(
            fill.order_on for fill in self.fills
        )


class Supply(NamedTuple):
    """The supply of a plan: a part for each preparation, in the order of their days."""

    parts: tuple[PreparationSupply, ...]

    @property
    def bottles(self) -> tuple[Bottle, ...]:
        """Every bottle, numbered through."""
        if len(self.parts) == 1:
            return self.parts[0].bottles
        found = (bottle for part in self.parts for bottle in part.bottles)
        return tuple(bottle._replace(bottle=n) for n, bottle in enumerate(found, 1))

    @property
    def dispense(self) -> Dispense:
        """What to dispense; of a plan with a switch, ask each of ``parts``."""
        return self._only.dispense

    @property
    def totals(self) -> Amounts:
        """The whole added up; of a plan with a switch, ask each of ``parts``."""
        return self._only.totals

    @property
    def _only(self) -> PreparationSupply:
        if len(self.parts) == 1:
            return self.parts[0]
        message = f"has {len(self.parts)} preparations; see each of supply.parts"
        raise InvalidInputError([Problem("plan", message)])


def supply(plan: Plan, *, lead_days: int = 0, fill_days: int | None = None) -> Supply:
    """The supply of a plan: bottles, or capsules and tablets by strength.

    ``lead_days`` is how long before its first dose a bottle or a fill is ordered;
    ``fill_days`` is the most days that one fill of capsules or tablets is for. Raises
    InvalidInputError for a liquid without ``beyond_use_days``, and for a bottle that is
    smaller than a dose.

    >>> from ldn_titration import Dilution, Drops, Regimen, schedule, supply
    >>> drops = Drops(
    ...     dilution=Dilution(drug="50 mg", final_volume="10 mL"),
    ...     drops_per_mL=20,
    ...     beyond_use_days=14,
    ... )
    >>> plan = schedule(Regimen.from_protocol("brief_002_drops"), drops, "2027-01-04", days=126)
    >>> needed = supply(plan)
    >>> len(needed.bottles), str(needed.totals.taken), needed.bottles[0].discard_on.isoformat()
    (10, '59.85 mL', '2027-01-18')
    """
    _check_days("lead_days", lead_days, 0)
    _check_days("fill_days", MAX_DAYS if fill_days is None else fill_days, 1)
    fast = {same[0].phase: same for same in phases(plan.fast_steps)}
    parts = []
    for steps in phases(plan.steps):
        preparation, phase = steps[0].preparation, steps[0].phase
        faster = fast.get(phase, ())
        path = _path(plan, phase)
        if isinstance(preparation, Drops | OralSolution):
            last = phase == plan.steps[-1].phase
            parts.append(_of_bottles(preparation, steps, faster, lead_days, path, last))
        else:
            parts.append(_of_pieces(preparation, steps, faster, lead_days, fill_days, path))
    return Supply(tuple(parts))


def _check_days(name: str, days: int, least: int) -> None:
    if type(days) is not int or not least <= days <= MAX_DAYS:
        message = f"must be a whole number of days from {least} to {MAX_DAYS}"
        raise InvalidInputError([Problem(name, message)])


def _path(plan: Plan, phase: int) -> str:
    """Where in the request the preparation stands that is taken after so many switches."""
    if not phase:
        return "preparation"
    switches = sorted((e.on, n) for n, e in enumerate(plan.diary) if isinstance(e, Switched))
    return f"diary[{switches[phase - 1][1]}].preparation"


def _before(day: date, days: int) -> date:
    if day.toordinal() <= days:
        message = f"is too long: {days} days before {day} there is no date"
        raise InvalidInputError([Problem("lead_days", message)])
    return day - timedelta(days)


# --- liquids --------------------------------------------------------------------------


def _of_bottles(
    liquid: Drops | OralSolution,
    steps: Sequence[PlanStep],
    faster: Sequence[PlanStep],
    lead_days: int,
    path: str,
    is_last: bool,
) -> PreparationSupply:
    keeps, size = require_beyond_use(liquid, path), liquid.bottle_volume
    _require_bottle_for_a_dose(size, (*steps, *faster), path)
    bottles, taken = bottles_of(steps, size, keeps, switched=not is_last, path=path), _drawn(steps)
    slow = fast = _volume(bottles, size)
    fast_taken = taken
    if faster != steps:
        fast, fast_taken = _volume(bottles_of(faster, size, keeps, path=path), size), _drawn(faster)
    quantity = max(slow, fast)
    count = len(bottles) if size is None else quantity // size
    wasted = Volume.total((bottle.wasted, 1) for bottle in bottles)
    days = sum(step.days for step in steps)
    return PreparationSupply(
        liquid,
        steps[0].first,
        steps[-1].last,
        Dispense(quantity, days, max(0, count - 1), taken, fast_taken, count),
        Amounts(quantity, taken, wasted, quantity - taken - wasted),
        lead_days,
        bottles=bottles,
    )


def require_beyond_use(liquid: Drops | OralSolution, path: str = "preparation") -> int:
    """For how many days its bottle is used; InvalidInputError where that is not stated."""
    if liquid.beyond_use_days is None:
        message = "is required for the supply: for how many days a bottle may be used, such as 14"
        raise InvalidInputError([Problem(f"{path}.beyond_use_days", message)])
    return liquid.beyond_use_days


def _require_bottle_for_a_dose(size: Volume | None, steps: Iterable[PlanStep], path: str) -> None:
    doses = (dose.reading for step in steps for dose in step.doses)
    largest = max((dose.volume for dose in doses if dose.volume), default=None)
    if size is not None and largest is not None and largest > size:
        message = f"holds {size}, but a dose of {largest} must be drawn from one bottle"
        raise InvalidInputError([Problem(f"{path}.bottle", message)])


def _volume(bottles: Sequence[Bottle], size: Volume | None) -> Volume:
    """What all of them hold."""
    if size is not None:
        return size * len(bottles)
    return Volume.total((bottle.volume, 1) for bottle in bottles)


def _drawn(steps: Iterable[PlanStep]) -> Volume:
    readings = ((step.reading, step.dose_days) for step in steps)
    return Volume.total(
        (reading.volume, days) for reading, days in readings if reading and reading.volume
    )


# --- capsules and tablets -------------------------------------------------------------


def _of_pieces(
    solid: Capsules | Tablets,
    steps: Sequence[PlanStep],
    faster: Sequence[PlanStep],
    lead_days: int,
    fill_days: int | None,
    path: str,
) -> PreparationSupply:
    first, days = steps[0].first, sum(step.days for step in steps)
    longest = min(fill_days or days, solid.beyond_use_days or days, days)
    parts = solid.parts if isinstance(solid, Tablets) else 1
    cause = "fill_days" if longest == fill_days else f"{path}.beyond_use_days"
    numbered = enumerate(windows(steps, faster, longest, cause), 1)
    fills = tuple(fill_of(number, *window, (steps, faster), parts) for number, window in numbered)
    fills = tuple(fill._replace(order_on=_before(fill.first, lead_days)) for fill in fills)
    quantity = summed(fill.counts for fill in fills)
    slow_end = taken(steps)
    nothing = tuple((strength, Fraction(0)) for strength, _ in quantity)
    left = summed((quantity, tuple((strength, -count) for strength, count in slow_end)))
    return PreparationSupply(
        solid,
        first,
        steps[-1].last,
        Dispense(quantity, days, max(0, len(fills) - 1), slow_end, taken(faster)),
        Amounts(quantity, slow_end, nothing, left),
        lead_days,
        fills=fills,
        best=_best(solid, steps),
    )


def best_strengths(plan: Plan) -> tuple[Mass, ...]:
    """The capsules or tablets to dispense for the whole plan: fewest pieces, then strengths.

    Of the strengths of its first preparation, largest first. Raises InvalidInputError for a
    liquid.

    >>> from ldn_titration import Capsules, Regimen, schedule
    >>> stock = Capsules(strengths=["0.5 mg", "1.5 mg", "3 mg", "4.5 mg"])
    >>> plan = schedule(Regimen.from_protocol("brief_004_standard"), stock, "2027-01-04")
    >>> [str(strength) for strength in best_strengths(plan)]
    ['4.5 mg', '3 mg', '1.5 mg']
    """
    first = phases(plan.steps)[0]
    preparation = first[0].preparation
    if not isinstance(preparation, Capsules | Tablets):
        raise InvalidInputError([Problem("plan", "is of a liquid; it has no strengths to choose")])
    return _best(preparation, first)


def _best(solid: Capsules | Tablets, steps: Iterable[PlanStep]) -> tuple[Mass, ...]:
    doses = dict.fromkeys(dose.dose.magnitude for step in steps for dose in step.doses)
    strengths = [strength.magnitude for strength in solid.strengths]
    parts = solid.parts if isinstance(solid, Tablets) else 1
    best = fewest_strengths(list(doses), strengths, parts) if doses else ()
    return tuple(Mass.of(strength, "mg") for strength in best or ())
