"""Plans relative to their start: each distinct one is made once, by the scalar engine.

A plan of a given regimen, preparation, length and diary is the same on any start but for its
dates. So people who share all of these share a plan, whatever their start.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from ldn_titration import sig
from ldn_titration.bottles import Bottle
from ldn_titration.fills import Fill
from ldn_titration.patient import OpioidExposure
from ldn_titration.plan import Plan
from ldn_titration.quantities import Volume
from ldn_titration.supply import supply
from ldn_titration.values import Month

__all__ = ["KINDS", "Kind", "Row", "moved", "relative"]

Row = tuple[Any, ...]


class Kind(NamedTuple):
    """What a plan is laid out as: the names of the columns, and the rows of a plan.

    ``dates`` are the columns that hold a date, ``texts`` those that hold a text, both maybe
    None; the others hold whole numbers.
    """

    columns: tuple[str, ...]
    dates: frozenset[str]
    texts: frozenset[str]
    rows: Callable[[Plan], Iterator[Row]]


def _days(plan: Plan) -> Iterator[Row]:
    dose, written = None, None
    for day in plan:
        if day.dose is not dose:
            dose, written = day.dose, None if day.dose is None else str(day.dose)
        yield day.day, day.date, day.step, day.day_of_step, written, day.take, day.time_of_day


def _steps(plan: Plan) -> Iterator[Row]:
    for step in plan.steps:
        dose = None if step.dose is None else str(step.dose)
        take = sig.directions(step.doses)
        yield step.step, step.first, step.last, step.days, step.dose_days, dose, take


def _supply(plan: Plan) -> Iterator[Row]:
    for number, part in enumerate(supply(plan).parts, 1):
        amounts = (part.totals.dispensed, part.totals.taken, part.totals.wasted, part.totals.left)
        dispense = part.dispense
        yield (
            number,
            str(part.preparation),
            part.first,
            part.last,
            *map(_amount, amounts),
            len(part.bottles or part.fills),
            dispense.refills,
            dispense.days_supply,
        )


def _orders(plan: Plan) -> Iterator[Row]:
    for number, part in enumerate(supply(plan).parts, 1):
        made: Sequence[Bottle | Fill] = part.bottles or part.fills
        for order, (on, each) in enumerate(zip(part.orders, made, strict=True), 1):
            yield number, str(part.preparation), order, on, *_made(each)


def _made(each: Bottle | Fill) -> tuple[str, date, date]:
    """What is made, and the days from its first dose to its last."""
    if isinstance(each, Bottle):
        return str(each.volume), each.first_dose, each.last_dose
    return _amount(each.counts), each.first, each.last


def _amount(amount: Any) -> str:
    """A volume, or counts by strength: "30 x 1.5 mg, 20 x 3 mg"."""
    if isinstance(amount, Volume):
        return str(amount)
    return ", ".join(f"{count} x {strength}" for strength, count in amount)


KINDS: dict[str, Kind] = {
    "days": Kind(
        ("day", "date", "step", "day_of_step", "dose", "take", "time_of_day"),
        frozenset({"date"}),
        frozenset({"dose", "take", "time_of_day"}),
        _days,
    ),
    "steps": Kind(
        ("step", "first", "last", "days", "dose_days", "dose", "take"),
        frozenset({"first", "last"}),
        frozenset({"dose", "take"}),
        _steps,
    ),
    "supply": Kind(
        (
            "part",
            "preparation",
            "first",
            "last",
            "dispensed",
            "taken",
            "wasted",
            "left",
            "bottles_or_fills",
            "refills",
            "days_supply",
        ),
        frozenset({"first", "last"}),
        frozenset({"preparation", "dispensed", "taken", "wasted", "left"}),
        _supply,
    ),
    "orders": Kind(
        ("part", "preparation", "order", "on", "amount", "first_dose", "last_dose"),
        frozenset({"on", "first_dose", "last_dose"}),
        frozenset({"preparation", "amount"}),
        _orders,
    ),
}
"""What plans are laid out as: their days, run-length steps, supply, and what is made when."""


# --- dates that move with the start ---------------------------------------------------


def relative(event: Any, day: int) -> Row:
    """What an event says, its dates as days after that one; a month is its last day."""
    return (type(event), *(_relative(getattr(event, n), day) for n in type(event).model_fields))


def _relative(value: Any, day: int) -> Any:
    if isinstance(value, Month):
        value = value.last_day
    if isinstance(value, datetime):
        return value.toordinal() - day, value.timetz()
    if isinstance(value, date):
        return value.toordinal() - day
    return relative(value, day) if isinstance(value, OpioidExposure) else value


def moved(event: Any, days: int) -> Any:
    """An event, or an exposure of one, so many days later; a month is its last day."""
    changes: dict[str, Any] = {}
    for name in type(event).model_fields:
        value = getattr(event, name)
        if isinstance(value, Month):
            value = value.last_day
        if isinstance(value, date):
            changes[name] = value + timedelta(days)
        elif isinstance(value, OpioidExposure):
            changes[name] = moved(value, days)
    return event.model_copy(update=changes)
