"""Vectors of supply: bottles, capsules and tablets for a request."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from ldn_titration import Bottle, InvalidInputError, PreparationSupply, supply
from vector_measures import capsules, diluted, drops, solution, tablets
from vector_parts import Answer, Group, Vector, document, ml, plan_of, random, request, wrong
from vector_plans import MONDAY, ramp, steps


def answer(asked: dict[str, Any]) -> Answer:
    """What is dispensed for a request."""
    try:
        part = supply(plan_of(asked)).parts[0]
    except InvalidInputError as error:
        return "wrong", wrong(error)
    return "supplied", _counts(part) if part.is_counted else _bottles(part)


def _bottles(part: PreparationSupply) -> dict[str, Any]:
    names = ("dispensed", "taken", "wasted", "left")
    totals = {name: str(getattr(part.totals, name)) for name in names}
    return {"bottles": [_bottle(bottle) for bottle in part.bottles], "totals": totals}


def _bottle(bottle: Bottle) -> dict[str, str]:
    names = ("made_on", "first_dose", "last_dose", "drawn", "wasted", "left", "ended_by")
    return {name: str(getattr(bottle, name)) for name in names}


def _counts(part: PreparationSupply) -> dict[str, Any]:
    totals = part.totals
    return {"dispensed": _texts(totals.dispensed), "taken": _texts(totals.taken)}


def _texts(counts: Any) -> dict[str, str]:
    return {str(strength): str(count) for strength, count in counts}


def _vector(comment: str, asked: dict[str, Any], *flags: str) -> Vector:
    result, expected = answer(asked)
    more = ("refusal",) if result == "wrong" else ()
    if "dilution" in asked["preparation"]:
        more = (*more, "dilution")
    return Vector(comment, tuple({*flags, *more}), {"request": asked}, result, expected)


def _liquid(mark: str, bottle: str | None, keeps: int | None) -> dict[str, Any]:
    more: dict[str, Any] = {} if keeps is None else {"beyond_use_days": keeps}
    return solution("1", mark) | ({} if bottle is None else {"bottle": f"{bottle} mL"}) | more


def _ends() -> Iterator[Vector]:
    """Bottles that end on the very day, by dose, by date and by plan."""
    for length in (1, 9, 10, 11, 19, 20, 21):
        for bottle in ("10", "9.5", "10.5", "1", "20"):
            for keeps in (1, 9, 10, 11, 30):
                asked = request(
                    steps(("1", None)), _liquid("0.5", bottle, keeps), MONDAY, length_days=length
                )
                yield _vector("when a bottle ends", asked, "boundary")


def _several() -> Iterator[Vector]:
    """Several doses a day, of which the last may come from another bottle."""
    for bottle in ("5", "7", "7.5", "8", "30"):
        for keeps in (1, 2, 14):
            for doses in (
                {"morning": "2 mg", "bedtime": "1 mg"},
                {"morning": "0.5 mg", "noon": "2.5 mg"},
            ):
                told = {
                    "steps": [
                        {"doses": doses, "days": 9},
                        {"dose": "1.5 mg", "doses_per_day": 2, "days": 4},
                    ]
                }
                asked = request(told, _liquid("0.5", bottle, keeps), MONDAY)
                yield _vector("several doses a day", asked, "several-doses", "boundary")


def _drawn() -> Iterator[Vector]:
    draw = random("supply", "drawn")
    for _ in range(150):
        regimen = draw.choice(
            (
                ramp("0.5", "0.5", 7, "3"),
                ramp("0.25", "0.25", 7, "2"),
                steps(("1.5", 14), ("3", 14), ("4.5", None)),
            )
        )
        final = draw.choice(("10", "15", "30", "12.5"))
        liquid = draw.choice(
            (
                diluted(drops(20), str(Fraction(final) * 5), final)
                if final != "12.5"
                else drops(20) | {"bottle": "10 mL"},
                diluted(solution("1", "0.25"), final, final),
                solution("1", "0.05", bottle=ml(final)),
                drops(40, "10", bottle=ml(final)),
            )
        )
        liquid = liquid | {"beyond_use_days": draw.choice((5, 7, 14, 28, 35, 60))}
        asked = request(regimen, liquid, MONDAY, length_days=draw.randint(5, 100))
        yield _vector("drawn liquids", asked, "random")


def _paused() -> Iterator[Vector]:
    """Days without a dose use nothing, and a bottle ages all the same."""
    for days in (1, 5, 9, 14, 15):
        for keeps in (5, 10, 14, 30):
            diary = [{"event": "paused", "on": "2027-01-08", "until": f"2027-01-{8 + days:02}"}]
            asked = request(
                steps(("1", None)), _liquid("0.5", "10", keeps), MONDAY, length_days=30, diary=diary
            )
            yield _vector("a pause", asked, "gap", "boundary")


def _pieces() -> Iterator[Vector]:
    draw = random("supply", "pieces")
    for _ in range(70):
        solid = draw.choice(
            (
                capsules("0.5", "1.5", "3"),
                capsules("0.5", "4.5"),
                tablets(2, "1"),
                tablets(2, "1.5", "0.5"),
                tablets(1, "0.5"),
            )
        )
        regimen = draw.choice(
            (
                ramp("0.5", "0.5", 7, "3"),
                ramp("1.5", "1.5", 3, "4.5"),
                steps(("0.5", 3), ("1.5", 4), ("3", None)),
            )
        )
        asked = request(regimen, solid, MONDAY, length_days=draw.randint(1, 60))
        yield _vector("capsules and tablets", asked, "random")


def _wrong() -> Iterator[Vector]:
    told = steps(("1", 7), ("3", 7))
    for bottle in ("2.5", "2.9", "3", "3.1", "0.5"):
        asked = request(told, _liquid("0.5", bottle, 14), MONDAY)
        yield _vector("a bottle about as large as a dose", asked, "boundary")
        asked = request(told, _liquid("0.5", bottle, 14), MONDAY, length_days=7)
        yield _vector("a dose that is not reached needs no room", asked, "boundary")
    for bottle in ("10", "2"):
        yield _vector(
            "no beyond-use days", request(told, _liquid("0.5", bottle, None), MONDAY), "boundary"
        )


def made() -> str:
    """The file."""
    groups = [
        Group("ends", "When and by what a bottle ends", _ends()),
        Group("several", "Several doses a day", _several()),
        Group("drawn", "Drawn liquids", _drawn()),
        Group("paused", "Days without a dose", _paused()),
        Group("pieces", "Capsules and tablets", _pieces()),
        Group("wrong", "What cannot be supplied", _wrong()),
    ]
    return document("supply", groups)
