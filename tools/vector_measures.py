"""Vectors of measures: what a preparation gives for a dose."""

from __future__ import annotations

import json
from collections.abc import Iterator
from fractions import Fraction
from random import Random
from typing import Any

from ldn_titration import (
    Capsules,
    Drops,
    InvalidInputError,
    Mass,
    NotMeasurableError,
    OralSolution,
    QuantityError,
    Tablets,
)
from ldn_titration.request import read_request
from vector_parts import Answer, Group, Vector, both, document, exact, mg, random, request

FORMS = {"capsules": Capsules, "tablets": Tablets, "oral_solution": OralSolution, "drops": Drops}
STOCK = ("0.1", "0.25", "0.5", "0.75", "1", "1.25", "1.5", "2", "2.5", "3", "3.5", "4", "4.5", "6")
ODD_DROPPERS = ("12.5", "19.5", "22.5", "20.25", "33.3", "5.5", "59.9", "7.125")


def answer(given: dict[str, Any]) -> Answer:
    """What is taken for a dose; the nearest doses; or what is wrong."""
    asked = request({"steps": [{"dose": given["dose"]}]}, given["preparation"], "2027-01-04")
    try:
        reading = read_request(json.dumps(asked).encode()).preparation.measure(given["dose"])
    except InvalidInputError as error:
        paths = {problem.path.removeprefix("regimen.steps[0].") for problem in error.problems}
        return "refused", {"paths": sorted(paths)}
    except NotMeasurableError as error:
        near = {"below": error.below, "above": error.above}
        return "not measurable", {k: v and both(v) for k, v in near.items()}
    expected = {"units": reading.units, "dose": str(reading.dose)}
    expected["value"] = exact(reading.dose.magnitude)
    if reading.volume is not None:
        expected["volume"] = exact(reading.volume.magnitude)
    return "measurable", expected


def _vector(comment: str, preparation: dict[str, Any], dose: str, *flags: str) -> Vector:
    given = {"preparation": preparation, "dose": dose}
    result, expected = answer(given)
    more = [*flags]
    if result == "refused":
        more.append("refusal")
    if result == "not measurable":
        more.append("unmeasurable")
    if "dilution" in preparation:
        more.append("dilution")
    if "/" in expected.get("volume", "") and "/" in str(expected.get("units", {}).get("volume")):
        more.append("fraction")
    return Vector(comment, tuple(dict.fromkeys(more)), given, result, expected)


# --- capsules and tablets -------------------------------------------------------------


def capsules(*strengths: str) -> dict[str, Any]:
    """Capsules of these strengths in mg."""
    return {"form": "capsules", "strengths": [mg(strength) for strength in strengths]}


def tablets(parts: int, *strengths: str) -> dict[str, Any]:
    """Tablets of these strengths in mg, which may be broken into so many parts."""
    return {"form": "tablets", "strengths": [mg(s) for s in strengths], "parts": parts}


def _traps() -> Iterator[Vector]:
    """Strengths of which the largest first is wrong, with every dose up to some milligrams."""
    sets = (
        ("1", "1.5", "3"),
        ("1", "3", "4"),
        ("0.5", "2", "2.5"),
        ("1.5", "2", "4.5"),
        ("2", "3"),
    )
    for strengths in sets:
        for half in range(1, 19):
            dose = mg(Fraction(half, 2))
            yield _vector("the fewest capsules", capsules(*strengths), dose, "greedy-trap")


def _ties() -> Iterator[Vector]:
    """As few pieces in two ways: fewer strengths, then the larger ones."""
    sets = (
        ("1", "2", "3"),
        ("1", "2", "3", "4"),
        ("1", "3", "5"),
        ("2", "3", "4"),
        ("1", "4", "7"),
    )
    for strengths in sets:
        for dose in range(2, 14):
            yield _vector("as few in several ways", capsules(*strengths), mg(dose), "greedy-trap")
    for parts in (2, 3, 4):
        for strengths in (("1", "1.5"), ("2", "3"), ("1", "3"), ("1.5", "3", "4.5")):
            for twelfth in (6, 9, 12, 15, 18, 27, 30, 36, 45):
                dose = mg(Fraction(twelfth, 12))
                yield _vector(
                    "as few in several ways", tablets(parts, *strengths), dose, "greedy-trap"
                )


def _broken() -> Iterator[Vector]:
    """Every number of parts, with doses on and beside them."""
    for parts in range(1, 9):
        for strength in ("1.5", "4.5", "50"):
            for number in (1, parts - 1, parts, parts + 1, 2 * parts - 1):
                if number > 0:
                    dose = mg(Fraction(strength) * number / parts)
                    yield _vector("parts of a tablet", tablets(parts, strength), dose, "boundary")
            over = mg(Fraction(strength) / parts + Fraction(1, 1000))
            yield _vector("beside a part of a tablet", tablets(parts, strength), over, "boundary")


def _drawn_pieces() -> Iterator[Vector]:
    draw = random("measures", "pieces")
    for _ in range(170):
        strengths = draw.sample(STOCK, draw.randint(1, 4))
        dose = mg(Fraction(draw.randint(1, 45), draw.choice((4, 5, 10))))
        if draw.random() < 0.5:
            yield _vector("drawn capsules", capsules(*strengths), dose, "random")
        else:
            parts = draw.choice((1, 2, 2, 3, 4))
            yield _vector("drawn tablets", tablets(parts, *strengths), dose, "random")


# --- liquids --------------------------------------------------------------------------


def solution(strength: Fraction | str, mark: str, **more: Any) -> dict[str, Any]:
    """An oral solution of so many mg/mL."""
    text = f"{mg(strength)}/mL" if isinstance(strength, str) else strength
    return {"form": "oral_solution", "concentration": text, "graduation": f"{mark} mL"} | more


def drops(per_mL: int | str, strength: str = "5", **more: Any) -> dict[str, Any]:  # noqa: N803
    """Drops of a liquid of so many mg/mL."""
    return {"form": "drops", "concentration": f"{strength} mg/mL", "drops_per_mL": per_mL} | more


def diluted(preparation: dict[str, Any], drug: str, final: str) -> dict[str, Any]:
    """The same liquid, made from a recipe."""
    kept = {name: value for name, value in preparation.items() if name != "concentration"}
    return kept | {"dilution": {"drug": f"{drug} mg", "final_volume": f"{final} mL"}}


def _one(preparation: dict[str, Any]) -> Fraction:
    """What one mark or one drop holds, in mg: asked of the neighbours of a dose too small."""
    tiny = FORMS[preparation["form"]].model_validate(preparation)
    try:
        tiny.measure(Mass.of(Fraction(1, 10**9 + 7), "mg"))
    except NotMeasurableError as error:
        if error.above is not None:
            return error.above.magnitude
    raise QuantityError("a preparation that measures everything")


def _around(comment: str, preparation: dict[str, Any], count: int, *flags: str) -> Iterator[Vector]:
    """So many marks or drops, and the least beside them."""
    whole = _one(preparation) * count
    least = Fraction(1, 10**6)
    yield _vector(comment, preparation, mg(whole), *flags)
    yield _vector(comment, preparation, mg(whole + least), *flags, "boundary")
    if whole > least:
        yield _vector(comment, preparation, mg(whole - least), *flags, "boundary")


def _syringes() -> Iterator[Vector]:
    for strength in ("0.5", "1", "2", "3", "10"):
        for mark in ("0.01", "0.05", "0.1", "0.25", "1"):
            for count in (1, 9):
                yield from _around("marks of a syringe", solution(strength, mark), count)


def _droppers() -> Iterator[Vector]:
    draw = random("measures", "droppers")
    for per_mL in (*range(5, 61), *ODD_DROPPERS):  # noqa: N806
        flags = ("every-dropper",) if isinstance(per_mL, int) else ("every-dropper", "fraction")
        count = draw.randint(1, 40)
        yield from _around("drops of each dropper", drops(per_mL), count, *flags)
        made = diluted(drops(per_mL), "50", draw.choice(("10", "20", "30", "12.5")))
        yield from _around("drops of each dropper, diluted", made, draw.randint(1, 20), *flags)


def _tenfold_liquids() -> Iterator[Vector]:
    for strength in ("0.1", "1", "10", "100"):
        for dose in ("0.045", "0.45", "4.5", "45"):
            yield _vector("tenfold", solution(strength, "0.1"), mg(dose), "tenfold")
            yield _vector("tenfold", drops(20, strength), mg(dose), "tenfold")


def _recipe(draw: Random) -> tuple[str, str]:
    return draw.choice(("50", "100", "4.5", "9", "7")), draw.choice(("10", "30", "50", "7", "100"))


def _drawn_liquids() -> Iterator[Vector]:
    draw = random("measures", "liquids")
    for _ in range(120):
        drop = draw.random() < 0.5
        liquid = drops(draw.randint(5, 60)) if drop else solution("1", draw.choice(("0.1", "0.2")))
        liquid = diluted(liquid, *_recipe(draw))
        dose = mg(_one(liquid) * draw.randint(1, 60) * draw.choice((1, 1, Fraction(1, 2))))
        yield _vector("drawn recipes", liquid, dose, "random")


# --- what is wrong --------------------------------------------------------------------


def _stated_drops() -> Iterator[Vector]:
    """The mass of a drop, stated right, rounded, and wrong."""
    stated = ("0.25 mg", "250 mcg", "0.2 mg", "0.3 mg", "0.250 mg", "0.24 mg", "0.26 mg", "2.5 mg")
    for text in stated:
        yield _vector("the mass of a drop stated", drops(20, mg_per_drop=text), "1 mg", "boundary")
    thirds = (
        "1/12 mg",
        "0.08 mg",
        "0.083 mg",
        "0.084 mg",
        "83 mcg",
        "83.3 mcg",
        "0.09 mg",
        "0.1 mg",
    )
    for text in (*thirds, "0 mg", "8.3 mg"):
        liquid = diluted(drops(20, mg_per_drop=text), "50", "30")
        yield _vector("the mass of a drop stated", liquid, "0.25 mg", "boundary")


Wrong = Iterator[tuple[dict[str, Any], str]]
FINE, LIQUID, DROP = capsules("1.5"), solution("1", "0.1"), drops(20)


def _without(preparation: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in preparation.items() if key != name}


def _wrong_forms() -> Wrong:
    for form in ("pills", "Capsules", "", "drop", None, 5):
        yield FINE | {"form": form}, "1.5 mg"
    yield {"strengths": ["1.5 mg"]}, "1.5 mg"
    needed = ((FINE, "strengths"), (LIQUID, "graduation"), (DROP, "drops_per_mL"))
    for preparation, name in (*needed, (LIQUID, "concentration"), (DROP, "concentration")):
        yield _without(preparation, name), "1.5 mg"
    for preparation in (FINE, LIQUID, DROP):
        yield preparation | {"colour": "red"}, "1.5 mg"


def _wrong_solids() -> Wrong:
    twice, comma = ["1.5 mg", "1500 mcg"], ["1 mg", "2,5 mg"]
    for strengths in ([], ["0 mg"], ["1.5"], ["1.5 mL"], twice, comma):
        yield FINE | {"strengths": strengths}, "1.5 mg"
    for number in (10, 11):
        yield capsules(*map(str, range(1, number + 1))), "7 mg"
    for parts in (0, 9, -1, "2", 1.5, True, 100):
        yield tablets(2, "1.5") | {"parts": parts}, "1.5 mg"


def _wrong_recipes() -> Wrong:
    recipes = (("50 mg", None), (None, "10 mL"), ("50 mL", "10 mL"), ("0 mg", "10 mL"))
    for drug, final in (*recipes, ("50 mg", "0 mL")):
        told = {"drug": drug, "final_volume": final}
        dilution = {name: value for name, value in told.items() if value is not None}
        yield _without(DROP, "concentration") | {"dilution": dilution}, "1 mg"
    yield LIQUID | {"dilution": {"drug": "50 mg", "final_volume": "10 mL"}}, "1 mg"
    for drug in ("1000", "1000.1", "5000"):
        yield diluted(LIQUID, drug, "10"), "50 mg"
    for bottle in ("10 mL", "30 mL", "10.0 mL", "0.01 L", "0 mL", "10 mg"):
        yield diluted(DROP, "50", "10") | {"bottle": bottle}, "1 mg"


def _wrong_liquids() -> Wrong:
    whole, poor = (4, 61, 0, -20, True, 600, 2), ("20", "4.9", "60.1", "abc", "22,5", "1e1")
    for per_mL in (*whole, *poor, "5.0", "60.0", "20.0", "22.50"):  # noqa: N806
        yield drops(per_mL), "1 mg"
    for strength in ("100", "100.001", "1000"):
        yield solution(strength, "0.1"), "50 mg"
    for days in (1, 3660, 0, 3661, -1, "14"):
        yield DROP | {"beyond_use_days": days}, "1 mg"
    for graduation in ("0 mL", "0.1", "0.1 ml", "0.1 mg"):
        yield LIQUID | {"graduation": graduation}, "1 mg"


def _wrong_doses() -> Wrong:
    for dose in ("0 mg", "0.0 mg", "1.5", "1.5 mL", "1,5 mg", "01.5 mg", "1.5mg", "-1.5 mg", ""):
        for preparation in (FINE, LIQUID, DROP):
            yield preparation, dose


def _refused() -> Iterator[Vector]:
    for wrong in (_wrong_forms, _wrong_solids, _wrong_recipes, _wrong_liquids, _wrong_doses):
        for preparation, dose in wrong():
            yield _vector("a preparation or dose on the edge", preparation, dose, "boundary")


def made() -> str:
    """The file."""
    groups = [
        Group("traps", "Capsules of which the largest first is wrong", _traps()),
        Group("ties", "As few pieces in several ways", _ties()),
        Group("parts", "Tablets in 1 to 8 parts", _broken()),
        Group("pieces", "Drawn strengths and doses", _drawn_pieces()),
        Group("syringes", "On a mark, and the least beside it", _syringes()),
        Group("droppers", "5 to 60 drops per mL, and some between", _droppers()),
        Group("tenfold", "The same digits with the point moved", _tenfold_liquids()),
        Group("recipes", "Drawn recipes; volumes that are no finite decimal", _drawn_liquids()),
        Group("stated", "The mass of a drop stated beside it", _stated_drops()),
        Group("refused", "What is wrong with a preparation or a dose", _refused()),
    ]
    return document("measures", groups)
