"""Orders: do quantity, days' supply, refills and beyond-use date of an order go together?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import islice
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema

from ldn_titration import sig
from ldn_titration.bottles import bottles_of
from ldn_titration.days import PlanStep
from ldn_titration.errors import InvalidInputError, Problem, QuantityError
from ldn_titration.fills import Counts
from ldn_titration.findings import Finding, Severity
from ldn_titration.knowledge import knowledge, policy
from ldn_titration.plan import Plan
from ldn_titration.preparation import Capsules, Preparation, Tablets
from ldn_titration.quantities import Mass, Volume
from ldn_titration.regimen import MAX_DAYS
from ldn_titration.supply import PreparationSupply, Supply
from ldn_titration.units import decimal_text
from ldn_titration.values import Value, faults

__all__ = ["Order", "check_order"]

_MOST_PIECES = 1_000_000
_MOST_STRENGTHS = 100


def _read_quantity(value: object) -> Volume | Counts:
    if isinstance(value, Volume):
        return _read_volume(str(value))
    if isinstance(value, str):
        return _read_volume(value)
    listed: list[Any] = []
    if isinstance(value, Mapping):
        listed = list(value.items())
    elif isinstance(value, tuple):
        listed = list(value)
    if not listed or not all(isinstance(pair, tuple) and len(pair) == 2 for pair in listed):
        raise ValueError('must be a volume such as "30 mL", or counts such as {"1.5 mg": 14}')
    if len(listed) > _MOST_STRENGTHS:
        raise ValueError(f"has {len(listed)} strengths; at most {_MOST_STRENGTHS} are read")
    faults(_count_faults(listed))
    counts = [(Mass(strength), Fraction(count)) for strength, count in listed]
    twice = {str(strength) for strength, _ in counts if [s for s, _ in counts].count(strength) > 1}
    faults((strength, "stands twice") for strength in sorted(twice))
    return tuple(sorted(counts, reverse=True))


def _read_volume(text: str) -> Volume:
    try:
        volume = Volume(text)
        if not volume:
            raise QuantityError('must be more than zero, such as "30 mL"')
        return volume
    except QuantityError as error:
        more = 'of capsules or tablets, write counts such as {"1.5 mg": 14}'
        raise ValueError(f"{error}; {more}") from None


def _count_faults(listed: Iterable[tuple[Any, Any]]) -> Iterator[tuple[str, str]]:
    for strength, count in listed:
        whole = isinstance(count, int | Fraction) and count == int(count)
        if isinstance(count, bool) or not whole or not 1 <= count <= _MOST_PIECES:
            yield str(strength), f"must be a whole number from 1 to {_MOST_PIECES}"
        try:
            if not Mass(strength):
                yield str(strength), "is no strength"
        except QuantityError as error:
            yield str(strength), str(error)


def _written(quantity: Volume | Counts) -> str | dict[str, int]:
    if isinstance(quantity, tuple):
        return {str(strength): int(count) for strength, count in quantity}
    return str(quantity)


Quantity = Annotated[
    Any,
    BeforeValidator(_read_quantity),
    PlainSerializer(_written, when_used="json"),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string"},
                {"type": "object", "additionalProperties": {"type": "integer", "minimum": 1}},
            ],
            "examples": ["30 mL", {"1.5 mg": 14}],
        }
    ),
]
"""A volume, or capsules or tablets by strength."""


class Order(Value):
    """What an order for the preparation says: the quantity of one fill, and how many fills."""

    quantity: Quantity = Field(examples=["30 mL"])
    days_supply: Annotated[int, Field(ge=1, le=MAX_DAYS)] | None = Field(
        default=None, examples=[30]
    )
    refills: Annotated[int, Field(ge=0, le=999)] = Field(default=0, examples=[0])

    def require_kind(self, preparation: Preparation) -> None:
        """Raise InvalidInputError for a volume of capsules or tablets, or counts of a liquid."""
        counted = isinstance(preparation, Capsules | Tablets)
        if isinstance(self.quantity, tuple) is not counted:
            kind = 'counts by strength, such as {"1.5 mg": 14}' if counted else "a volume"
            message = f"must be {kind}, for {preparation}"
            raise InvalidInputError([Problem("order.quantity", message)])


def check_order(order: Order, plan: Plan, needed: Supply) -> tuple[Finding, ...]:
    """What of an order for a plan's first preparation cannot all be true, with both figures.

    Empty where quantity, days' supply, refills and beyond-use date go together. Raises
    InvalidInputError for a volume of capsules or tablets, or counts of a liquid.

    >>> from ldn_titration import OralSolution, Regimen, schedule, supply
    >>> liquid = OralSolution(concentration="1 mg/mL", graduation="0.1 mL", beyond_use_days=60)
    >>> ramp = Regimen.ramp("0.1 mg", "0.1 mg", 4, "0.5 mg", fewest_days=3)
    >>> plan = schedule(ramp, liquid, "2027-01-04", days=56)
    >>> check_order(Order(quantity="5.6 mL"), plan, supply(plan))[0].message
    'The order is for 5.6 mL in all; the plan needs 25 mL.'
    """
    part = needed.parts[0]
    order.require_kind(part.preparation)
    findings = [*_quantity_findings(order, plan, part)]
    if order.days_supply is not None:
        findings += _days_findings(order, order.days_supply, plan, part)
    return tuple(findings)


# --- quantity -------------------------------------------------------------------------


def _by_unit(quantity: Volume | Counts) -> dict[str, Fraction]:
    if isinstance(quantity, tuple):
        return {f" of {strength}": count for strength, count in quantity}
    return {" mL": quantity.magnitude}


def _quantity_findings(order: Order, plan: Plan, part: PreparationSupply) -> Iterator[Finding]:
    """A quantity that is too little, and one of which the plan takes no part or a small one."""
    ordered, fills = _by_unit(order.quantity), order.refills + 1
    dispensed = _by_unit(part.dispense.quantity)
    needed = dispensed if part.is_counted else _volume_needed(part)
    most = policy("order_surplus").value
    for unit in needed | ordered:
        have, need = ordered.get(unit, Fraction(0)) * fills, needed.get(unit, Fraction(0))
        said = (
            f"The order is for {_number(have)}{unit} in all; the plan needs {_number(need)}{unit}."
        )
        if have < need:
            yield _finding("ORD-01", Severity.CAUTION, said, "Raise the quantity or the refills.")
        elif have > most * dispensed.get(unit, Fraction(0)):
            yield _finding("ORD-01", Severity.INFO, said, "Check that so much is meant.")
    if not part.is_counted:
        yield from _too_few_fills(order, plan, part)


def _volume_needed(part: PreparationSupply) -> dict[str, Fraction]:
    """The volume that is taken, at the end of the ranges that takes more of it."""
    ends = (_by_unit(part.dispense.slow_end), _by_unit(part.dispense.fast_end))
    return {unit: max(end[unit] for end in ends) for unit in ends[0]}


def _too_few_fills(order: Order, plan: Plan, part: PreparationSupply) -> Iterator[Finding]:
    """Fills that are enough by volume, but not as each is used by its date and whole doses."""
    keeps, fills = part.preparation.beyond_use_days, order.refills + 1
    ends = [_first_phase(plan.steps, plan), _first_phase(plan.fast_steps, plan)]
    doses = (dose.reading.volume for steps in ends for step in steps for dose in step.doses)
    largest = max((volume for volume in doses if volume is not None), default=None)
    enough = order.quantity * fills >= max(part.dispense.slow_end, part.dispense.fast_end)
    if keeps is None or largest is None or not enough:
        return
    if largest > order.quantity:
        message = f"A fill of {order.quantity} is less than a dose of {largest}."
        yield _finding("ORD-01", Severity.CAUTION, message, "Raise the quantity of a fill.")
        return
    need = max(len(bottles_of(steps, order.quantity, keeps)) for steps in ends)
    if need > fills:
        message = (
            f"The order is for {sig.count(fills, 'fill')} of {order.quantity}; the plan needs "
            f"{need}, for each is used for {sig.count(keeps, 'day')} only and in whole doses."
        )
        yield _finding("ORD-01", Severity.CAUTION, message, "Raise the refills.")


def _first_phase(steps: Sequence[PlanStep], plan: Plan) -> list[PlanStep]:
    """The steps before the first switch, which is all that an order is for."""
    return [step for step in steps if step.phase == plan.steps[0].phase]


# --- days -----------------------------------------------------------------------------


def _days_findings(
    order: Order, stated: int, plan: Plan, part: PreparationSupply
) -> Iterator[Finding]:
    fills, keeps = order.refills + 1, part.preparation.beyond_use_days
    steps = _first_phase(plan.fast_steps, plan)
    lasts = _lasts(steps, _by_unit(order.quantity))
    whole = part.dispense.days_supply if lasts is None else lasts
    usable = min(whole, keeps or whole)
    if stated < usable or (lasts is not None and stated > usable):
        severity = Severity.CAUTION if stated > whole else Severity.INFO
        message = f"The first fill lasts {sig.count(usable, 'day')}; {stated} are stated."
        yield _finding("ORD-02", severity, message, "Make quantity and days' supply agree.")
    if stated * fills < part.dispense.days_supply:
        covered, days = sig.count(stated * fills, "day"), part.dispense.days_supply
        message = f"{sig.count(fills, 'fill')} of {stated} days: {covered}; the plan has {days}."
        yield _finding("ORD-02", Severity.CAUTION, message, "Raise the refills.")
    if keeps is not None and stated > keeps:
        message = f"{stated} days' supply is stated, but it may be used for {keeps} days only."
        yield _finding("ORD-03", Severity.CAUTION, message, "Fill it for fewer days, more often.")


def _lasts(steps: Iterable[PlanStep], ordered: dict[str, Fraction]) -> int | None:
    """For how many days of these steps the quantity of one fill is enough; None: for all."""
    left, days = dict(ordered), 0
    for step in steps:
        used = _used_a_day(step)
        enough = min(
            (left.get(unit, Fraction(0)) // each for unit, each in used.items()), default=0
        )
        if used and enough < step.dose_days:
            return days + _days_before_dose(step, enough)
        for unit, each in used.items():
            left[unit] -= each * step.dose_days
        days += step.days
    return None


def _used_a_day(step: PlanStep) -> dict[str, Fraction]:
    if step.reading is None:
        return {}
    if step.reading.volume is not None:
        return _by_unit(step.reading.volume)
    return _by_unit(step.reading.pieces)


def _days_before_dose(step: PlanStep, doses: int) -> int:
    """The days of a step before its dose day of that number, counted from 0."""
    if step.cycle is None:
        return doses
    found = (day for day in range(step.days) if step.cycle.is_on(step.position + day))
    return next(islice(found, doses, None))


# --- in words -------------------------------------------------------------------------


def _number(value: Fraction) -> str:
    return decimal_text(value) or str(value)


def _finding(code: str, severity: Severity, message: str, action: str) -> Finding:
    sources = knowledge().rules[code].sources
    return Finding(code=code, severity=severity, message=message, action=action, sources=sources)
