"""What all test vectors share: groups, their numbers and text, and how a request is answered.

Everything is asked of the library as its users ask it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import date
from fractions import Fraction
from itertools import groupby
from random import Random
from typing import Any, NamedTuple

from ldn_titration import (
    InvalidInputError,
    Mass,
    NotMeasurableError,
    Plan,
    PlanStep,
    QuantityError,
    Volume,
    schedule,
)
from ldn_titration.request import read_request

SCHEMA = "ldn-titration/vectors/1"
FLAGS = {
    "boundary": "on the edge of a range, or one step over it",
    "canonical": "a text in another form than it is printed in",
    "cut": "ended by the plan's length",
    "depot": "a depot opioid, for which no number of days is known",
    "dilution": "a liquid that is made from a recipe",
    "every-dropper": "one of the droppers from 5 to 60 drops per mL",
    "fraction": "a value that is no finite decimal",
    "gap": "days without a dose about as long as the regimen waits for",
    "greedy-trap": "taking the largest strength first is wrong here",
    "leap-day": "29 February, or a year that has none",
    "limit": "as long or as large as is allowed, or one more",
    "month": "a date that is known by its month only",
    "pair": "two events that may meet",
    "random": "drawn from a fixed seed",
    "refusal": "refused, with its reason",
    "several-doses": "more than one dose a day",
    "tenfold": "one of a family of which a slip of the decimal point makes another",
    "time-of-day": "a date-time with its offset",
    "unknown": "something is not known",
    "unmeasurable": "a dose that the preparation cannot measure",
    "year-9999": "near the end of the calendar",
}
EDGES = frozenset(FLAGS) - {"random", "several-doses", "dilution", "every-dropper"}
"""The flags of what is no ordinary, happy case."""


class Vector(NamedTuple):
    """A vector before it has its number: its comment, flags, input and answer."""

    comment: str
    flags: tuple[str, ...]
    given: dict[str, Any]
    result: str
    expected: dict[str, Any]


class Group(NamedTuple):
    """Vectors of one kind."""

    id: str
    comment: str
    vectors: Iterable[Vector]


Answer = tuple[str, dict[str, Any]]
"""What a vector must come to: its result and what is expected."""


def random(area: str, group: str) -> Random:
    """The random numbers of one group: always the same."""
    return Random(f"ldn-titration vectors 1 {area} {group}")


def document(area: str, groups: Iterable[Group], head: dict[str, Any] | None = None) -> str:
    """The file of an area: one line a vector, none of them twice."""
    seen: set[str] = set()
    bodies = [_group(area, group, seen) for group in groups]
    lines = [line for body in bodies for line in body[1]]
    used = {flag for line in lines for flag in json.loads(line)["flags"]}
    top = {"schema": SCHEMA, "area": area, "count": len(lines)}
    top["flags"] = {name: FLAGS[name] for name in sorted(used)}
    parts = [f"{_text(name)}: {_text(value)}" for name, value in top.items()]
    for name, rows in (head or {}).items():
        parts.append(f"{_text(name)}: [\n{_joined(map(_text, rows))}\n]")
    listed = ",\n".join(f"{start}\n{_joined(rows)}\n]}}" for start, rows in bodies)
    parts.append(f'"groups": [\n{listed}\n]')
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _group(area: str, group: Group, seen: set[str]) -> tuple[str, list[str]]:
    lines = []
    for vector in group.vectors:
        key = _text(vector.given)
        if key in seen:
            continue
        seen.add(key)
        name = f"{area}-{group.id}-{len(lines) + 1:04}"
        told = {"id": name, "comment": vector.comment, "flags": sorted(vector.flags)}
        rest = {"result": vector.result, **vector.given, "expected": vector.expected}
        lines.append(_text(told | rest))
    start = f'{{"id": {_text(group.id)}, "comment": {_text(group.comment)}, "vectors": ['
    return start, lines


def _text(value: object) -> str:
    return json.dumps(value, separators=(", ", ": "))


def _joined(lines: Iterable[str]) -> str:
    return ",\n".join(lines)


# --- exact values ---------------------------------------------------------------------


def exact(value: Fraction) -> str:
    """A number as numerator and denominator, also where that is 1."""
    return f"{value.numerator}/{value.denominator}"


def both(quantity: Any) -> dict[str, str]:
    """A quantity as canonical text and as an exact value."""
    return {"text": str(quantity), "value": exact(quantity.magnitude)}


def text_or_none(mass: Mass | None) -> str | None:
    """Its canonical text."""
    return None if mass is None else str(mass)


def mg(value: Fraction | int | str) -> str:
    """So many milligrams, as canonical text."""
    return str(Mass.of(Fraction(value), "mg"))


def ml(value: Fraction | int | str) -> str:
    """So many millilitres, as canonical text."""
    return str(Volume.of(Fraction(value), "mL"))


# --- requests -------------------------------------------------------------------------


def request(
    regimen: dict[str, Any], preparation: dict[str, Any], start: date | str, **more: Any
) -> dict[str, Any]:
    """A request as its JSON holds it."""
    head = {"schema": "ldn-titration/request/1", "start": str(start)}
    return head | more | {"regimen": regimen, "preparation": preparation}


def plan_of(asked: dict[str, Any]) -> Plan:
    """The plan of a request."""
    read = read_request(json.dumps(asked).encode())
    return schedule(
        read.titration(), read.preparation, read.start, days=read.length_days, diary=read.diary
    )


def planned(asked: dict[str, Any]) -> Answer:
    """What comes of a request to plan."""
    try:
        plan = plan_of(asked)
    except InvalidInputError as error:
        return "wrong", wrong(error)
    except NotMeasurableError as error:
        return "not measurable", _unmeasured(error)
    expected: dict[str, Any] = {"exit": 0, "days": len(plan)}
    if "diary" not in asked:
        expected["cut"] = plan.cut
    return "planned", expected | {"rows": rows(plan), "totals": _totals(plan)}


def wrong(error: InvalidInputError) -> dict[str, Any]:
    """Exit code 2, with the paths of what is wrong."""
    return {"exit": 2, "paths": sorted({problem.path for problem in error.problems})}


def _unmeasured(error: NotMeasurableError) -> dict[str, Any]:
    steps = [
        {
            "step": each.step,
            "dose": str(each.dose),
            "below": text_or_none(each.below),
            "above": text_or_none(each.above),
        }
        for each in (error, *error.also)
    ]
    return {"exit": 4, "steps": steps}


def rows(plan: Plan) -> list[dict[str, Any]]:
    """The days of a plan in runs of days that are alike."""
    told = [(_day(step), step) for step in plan.steps]
    runs = []
    for day, group in groupby(told, key=lambda each: each[0]):
        same = [step for _, step in group]
        runs.append({"from": str(same[0].first), "to": str(same[-1].last), **day})
    return runs


def _day(step: PlanStep) -> dict[str, Any]:
    if step.reading is None:
        return {"dose": None, "units": {}}
    day: dict[str, Any] = {"dose": str(step.dose), "units": step.reading.units}
    if len(step.doses) > 1:
        day["doses"] = [
            {"time_of_day": each.time_of_day, "dose": str(each.dose), "units": each.reading.units}
            for each in step.doses
        ]
    return day


def _totals(plan: Plan) -> dict[str, Any]:
    totals = plan.totals
    told = {
        "days": totals.days,
        "dose": str(totals.dose),
        "value": exact(totals.dose.magnitude),
    }
    return told if len(plan.preparations) > 1 or _switched(plan) else told | {"units": totals.units}


def _switched(plan: Plan) -> bool:
    return any(event.event == "switched" for event in plan.diary)


def asked_vector(comment: str, flags: Sequence[str], asked: dict[str, Any]) -> Vector:
    """The vector of a request to plan, with the flags that its answer adds."""
    result, expected = planned(asked)
    more = {"wrong": ("refusal",), "not measurable": ("unmeasurable", "refusal")}.get(result, ())
    if expected.get("cut"):
        more = (*more, "cut")
    return Vector(comment, tuple({*flags, *more}), {"request": asked}, result, expected)


def countable(asked: dict[str, Any]) -> bool:
    """Whether its capsules or tablets can be counted out at all."""
    try:
        plan_of(asked)
    except QuantityError:
        return False
    except (InvalidInputError, NotMeasurableError):
        return True
    return True
