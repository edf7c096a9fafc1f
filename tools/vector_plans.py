"""Vectors of plans: a request without a diary, and its days."""

from __future__ import annotations

from calendar import isleap
from collections.abc import Iterator
from fractions import Fraction
from random import Random
from typing import Any

from vector_measures import capsules, diluted, drops, solution, tablets
from vector_parts import (
    Group,
    Vector,
    asked_vector,
    countable,
    document,
    mg,
    random,
    request,
)

MONDAY = "2027-01-04"
LIQUID = solution("1", "0.05")
STARTS = (
    *("2027-01-04", "2027-12-25", "2028-02-20", "2028-02-29", "2027-02-22", "2100-02-20"),
    *("2000-02-22", "2026-10-18", "2027-03-22", "1999-12-28", "2096-02-29", "2400-02-25"),
)


def ramp(low: str, by: str, every: int, high: str) -> dict[str, Any]:
    """A ramp in mg."""
    doses = {"from": mg(low), "by": mg(by), "every_days": every, "to": mg(high)}
    return {"ramp": doses}


def steps(*told: tuple[str, int | None]) -> dict[str, Any]:
    """Steps, each a dose in mg and its days."""
    listed = [{"dose": mg(dose)} | ({} if days is None else {"days": days}) for dose, days in told]
    return {"steps": listed}


def _leaps(vector: Vector) -> tuple[str, ...]:
    """Whether 29 February is among its days."""
    runs = vector.expected.get("rows")
    if not runs:
        return ()
    first, last = runs[0]["from"], runs[-1]["to"]
    leap = (year for year in range(int(first[:4]), int(last[:4]) + 1) if isleap(year))
    return ("leap-day",) if any(first <= f"{year}-02-29" <= last for year in leap) else ()


def preparation(draw: Random) -> dict[str, Any]:
    """One of the four forms, such that usual doses can mostly be measured."""
    return draw.choice(
        (
            capsules("0.5", "1.5", "3", "4.5"),
            capsules("0.25", "1", "4"),
            tablets(2, "0.5", "1.5"),
            tablets(4, "1", "3"),
            solution("1", "0.05"),
            diluted(solution("1", "0.25"), "50", "50"),
            drops(20),
            drops(draw.choice((10, 20, 25, 40, 50)), "10"),
            diluted(drops(20), "50", "10"),
            diluted(drops(30), "50", "20"),
            diluted(drops("22.5"), "45", "8"),
        )
    )


def _vector(comment: str, asked: dict[str, Any], *flags: str) -> Vector:
    vector = asked_vector(comment, flags, asked)
    return vector._replace(flags=tuple({*vector.flags, *_leaps(vector)}))


# --- drawn ----------------------------------------------------------------------------


def _ramps() -> Iterator[Vector]:
    draw = random("plans", "ramp")
    for _ in range(320):
        by = Fraction(draw.choice(("0.25", "0.5", "0.5", "1", "1.5")))
        low = by * draw.choice((1, 1, 2))
        high = low + by * draw.randint(0, 8) + draw.choice((0, 0, 0, by / 2))
        ends = (low, high) if draw.random() < 0.8 else (high, low)
        regimen = ramp(str(ends[0]), str(by), draw.choice((1, 3, 7, 7, 14, 30)), str(ends[1]))
        more = {"length_days": draw.randint(1, 150)} if draw.random() < 0.6 else {}
        asked = request(regimen, preparation(draw), draw.choice(STARTS), **more)
        yield _vector("a drawn ramp", asked, "random")


def _drawn_steps() -> Iterator[Vector]:
    draw = random("plans", "steps")
    for _ in range(330):
        told: list[tuple[str, int | None]] = [
            (str(Fraction(draw.randint(1, 18), 4)), draw.choice((1, 2, 5, 7, 10, 14, 28)))
            for _ in range(draw.randint(1, 8))
        ]
        if draw.random() < 0.5:
            told[-1] = (told[-1][0], None)
        more = {"length_days": draw.randint(1, 120)} if draw.random() < 0.5 else {}
        asked = request(steps(*told), preparation(draw), draw.choice(STARTS), **more)
        yield _vector("drawn steps", asked, "random")


def _several() -> Iterator[Vector]:
    """Several doses a day, as many times the same or by time of day."""
    draw = random("plans", "several")
    times = ("morning", "noon", "afternoon", "evening", "bedtime")
    for _ in range(230):
        listed: list[dict[str, Any]] = []
        for _ in range(draw.randint(1, 4)):
            if draw.random() < 0.4:
                step: dict[str, Any] = {"dose": mg(Fraction(draw.randint(1, 6), 4))}
                step["doses_per_day"] = draw.choice((1, 2, 2, 3, 4))
            else:
                taken = draw.sample(times, draw.randint(1, 4))
                step = {"doses": {time: mg(Fraction(draw.randint(1, 8), 4)) for time in taken}}
            listed.append(step | {"days": draw.randint(1, 14)})
        if draw.random() < 0.3:
            del listed[-1]["days"]
        more = {"length_days": draw.randint(1, 60)} if draw.random() < 0.4 else {}
        asked = request({"steps": listed}, preparation(draw), draw.choice(STARTS), **more)
        yield _vector("several doses a day", asked, "random", "several-doses")


# --- edges ----------------------------------------------------------------------------


def _lengths() -> Iterator[Vector]:
    """Every length about the ends of the steps of one regimen."""
    three = [("1.5", 7), ("3", 7), ("4.5", None)]
    closed = [("1.5", 7), ("3", 7), ("4.5", 7)]
    for told in (three, closed):
        for length in (1, 6, 7, 8, 13, 14, 15, 20, 21, 22, 28, 41, 42, 43, 100):
            for prepared in (LIQUID, capsules("1.5", "3"), drops(20)):
                asked = request(steps(*told), prepared, MONDAY, length_days=length)
                yield _vector("lengths about the ends of steps", asked, "boundary")
    for prepared in (LIQUID, tablets(2, "1.5"), diluted(drops(20), "50", "10")):
        for told in (three, closed, [("3", None)], [("3", 1)]):
            yield _vector("no length", request(steps(*told), prepared, MONDAY), "boundary")


def _dates() -> Iterator[Vector]:
    """Across the ends of February, of years and of daylight saving time."""
    told = [("1.5", 3), ("3", 3), ("4.5", 3)]
    for year in (1900, 1999, 2000, 2024, 2027, 2028, 2096, 2100, 2400):
        for day in (
            "02-22",
            "02-27",
            "02-28",
            "03-01",
            "12-27",
            "12-31",
            "01-01",
            "10-25",
            "03-28",
        ):
            yield _vector(
                "across an edge of the calendar",
                request(steps(*told), LIQUID, f"{year}-{day}"),
                "boundary",
            )
    for start in (
        "2028-02-29",
        "2000-02-29",
        "2027-02-29",
        "2100-02-29",
        "1900-02-29",
        "2024-02-30",
    ):
        yield _vector("29 February", request(steps(*told), LIQUID, start), "boundary", "leap-day")
    for hour in (
        "00:00:00+00:00",
        "23:59:59+14:00",
        "00:30:00-12:00",
        "12:00:00Z",
        "02:30:00+01:00",
    ):
        asked = request(steps(*told), LIQUID, f"2027-03-28T{hour}")
        yield _vector("a start with its time: its written date counts", asked, "time-of-day")


def _end_of_calendar() -> Iterator[Vector]:
    closed, opened = steps(("1.5", 3), ("3", 3)), steps(("1.5", 3), ("3", None))
    for start in (
        "9999-12-20",
        "9999-12-26",
        "9999-12-27",
        "9999-12-30",
        "9999-12-31",
        "9999-11-30",
        "9999-12-01",
        "9999-12-02",
    ):
        for regimen in (closed, opened):
            yield _vector(
                "the calendar ends", request(regimen, LIQUID, start), "year-9999", "boundary"
            )
            for length in (1, 5, 6, 7, 31):
                asked = request(regimen, LIQUID, start, length_days=length)
                yield _vector("the calendar ends", asked, "year-9999", "boundary")


def _limits() -> Iterator[Vector]:
    for count in (199, 200, 201):
        told = [(str(Fraction(n % 90 + 1, 20)), 1) for n in range(count)]
        yield _vector(f"{count} steps", request(steps(*told), LIQUID, MONDAY), "limit", "boundary")
        regimen = ramp("0.05", "0.05", 1, str(Fraction(count, 20)))
        yield _vector(
            f"a ramp of {count} steps",
            request(regimen, LIQUID, MONDAY, length_days=30),
            "limit",
            "boundary",
        )
    regimen = ramp("0.05", "0.05", 2, "10")
    yield _vector("a ramp of 200 steps, in full", request(regimen, LIQUID, MONDAY), "limit")
    for days in (3659, 3660, 3661):
        asked = request(steps(("1.5", 7), ("3", None)), LIQUID, MONDAY, length_days=days)
        yield _vector(f"{days} days", asked, "limit", "boundary")
        told = steps(("1.5", days), ("3", 7))
        yield _vector(f"a step of {days} days", request(told, LIQUID, MONDAY), "limit", "boundary")
        regimen = ramp("1", "1", days, "3")
        yield _vector(
            f"a ramp every {days} days", request(regimen, LIQUID, MONDAY), "limit", "boundary"
        )
    for number in (12, 13):
        told = {"steps": [{"dose": "0.5 mg", "doses_per_day": number, "days": 3}]}
        yield _vector(f"{number} doses a day", request(told, LIQUID, MONDAY), "limit", "boundary")


def _ramp_edges() -> Iterator[Vector]:
    tuples = (
        *(
            ("1", "1", "1"),
            ("1", "5", "2"),
            ("1", "0.3", "2"),
            ("2", "0.5", "0.5"),
            ("3", "2", "0.5"),
        ),
        *(
            ("0.1", "0.1", "0.3"),
            ("4.5", "4.5", "4.5"),
            ("1", "0.5", "1.05"),
            ("0.25", "0.25", "4.5"),
        ),
        *(("4.5", "0.25", "0.25"), ("1", "1", "2.95"), ("3", "3", "3.05"), ("6", "5.95", "0.05")),
    )
    for low, by, high in tuples:
        for every in (1, 7):
            for length in (None, 1, 7, 8, 20):
                more = {} if length is None else {"length_days": length}
                asked = request(ramp(low, by, every, high), LIQUID, MONDAY, **more)
                yield _vector("edges of a ramp", asked, "boundary")


def _droppers() -> Iterator[Vector]:
    for per_mL in range(5, 61):  # noqa: N806
        regimen = ramp("0.25", "0.25", 7, "0.75")
        yield _vector("each dropper", request(regimen, drops(per_mL), MONDAY), "every-dropper")
        told = diluted(drops(per_mL), str(per_mL), "4")
        yield _vector(
            "each dropper, diluted to fit", request(regimen, told, MONDAY), "every-dropper"
        )


def _unmeasurable() -> Iterator[Vector]:
    draw = random("plans", "unmeasurable")
    prepared = (capsules("1.5", "3"), tablets(2, "1.5"), solution("1", "0.5"), drops(20))
    for _ in range(170):
        told = [
            (str(Fraction(draw.randint(1, 24), draw.choice((4, 5, 3)))), draw.randint(1, 7))
            for _ in range(draw.randint(1, 4))
        ]
        more = {"length_days": draw.randint(1, 20)} if draw.random() < 0.4 else {}
        asked = request(steps(*told), draw.choice(prepared), MONDAY, **more)
        if countable(asked):
            yield _vector("doses that may not be measurable", asked)
    for length in (6, 7, 8, 14, 15):
        for n, doses in enumerate((("1.5", "2", "3"), ("2", "1.5", "3"), ("1.5", "3", "2"))):
            asked = request(
                steps(*((dose, 7) for dose in doses)), prepared[n % 2], MONDAY, length_days=length
            )
            yield _vector("a step that is not reached is not measured", asked, "boundary")
    for doses in ({"morning": "1.5 mg", "bedtime": "1 mg"}, {"noon": "0.7 mg", "morning": "1 mg"}):
        for preparation in prepared:
            asked = request({"steps": [{"doses": doses, "days": 3}]}, preparation, MONDAY)
            yield _vector("one dose of several", asked, "several-doses")


GOOD = request(steps(("1.5", 7), ("3", None)), LIQUID, MONDAY, length_days=28)
STEP, RAMP = {"dose": "1 mg", "days": 7}, ramp("1", "1", 7, "3")["ramp"]


def _wrong_heads() -> Iterator[dict[str, Any]]:
    for name in ("start", "regimen", "preparation", "schema"):
        yield {key: value for key, value in GOOD.items() if key != name}
    for key in ("colour", "Start", "days", "lengthDays"):
        yield GOOD | {key: 1}
    no_days = "2027-04-31 2027-02-29 2027-06-31 2027-12-32 2027-13-01 2027-00-10 0000-01-01"
    no_dates = "2027-1-4 04.01.2027 20270104 2027-01 tomorrow 2027-W01-1 2027/01/04 10000-01-01"
    no_offset = "2027-01-04T10:00:00"
    for start in (
        *no_days.split(),
        *no_dates.split(),
        no_offset,
        "",
        "2027-01-04 ",
        20270104,
        None,
    ):
        yield GOOD | {"start": start}
    for length in (0, -1, 3661, 10**9, 1.5, "28", True, 10**30):
        yield GOOD | {"length_days": length}


def _wrong_kinds() -> Iterator[dict[str, Any]]:
    two = ({"steps": [STEP], "ramp": RAMP}, {"protocol": "x", "steps": [STEP]})
    for regimen in ({}, *two, [], "1 mg", None, {"band": "low"}, {"steps": []}):
        yield GOOD | {"regimen": regimen}


def _wrong_steps() -> Iterator[dict[str, Any]]:
    for days in (0, -7, 3661, 10**9, 1.5, "7", True):
        yield GOOD | {"regimen": steps(("1.5", days), ("3", 7))}
    for number in (0, -1, 13, "2", 1.5, True):
        yield GOOD | {"regimen": {"steps": [{"dose": "1 mg", "doses_per_day": number}]}}
    texts = ("0 mg", "1.5", "1,5 mg", "-1 mg", "1.5 MG", "1.5 mL", "01 mg", "", "NaN mg", "1e1 mg")
    for dose in (*texts, 1.5):
        yield GOOD | {"regimen": {"steps": [STEP | {"dose": dose}]}}
    both = STEP | {"doses": {"morning": "1 mg"}}
    for step in ({"days": 7}, both, {"dose": "1 mg", "dayz": 7}):
        yield GOOD | {"regimen": {"steps": [step]}}
        yield GOOD | {"regimen": {"steps": [STEP, step]}}
    yield GOOD | {"regimen": steps(("1", None), ("2", 7))}
    yield GOOD | {"regimen": steps(("1", 7), ("2", None), ("3", 7), ("4", None))}


def _wrong_ramps() -> Iterator[dict[str, Any]]:
    for days in (0, -7, 3661, 10**9, 1.5, "7", True):
        yield GOOD | {"regimen": {"ramp": RAMP | {"every_days": days}}}
    for dose in ("0 mg", "1.5", "-1 mg", "1 mL"):
        for name in ("from", "by", "to"):
            yield GOOD | {"regimen": {"ramp": RAMP | {name: dose}}}
    for name in RAMP:
        yield GOOD | {"regimen": {"ramp": {k: v for k, v in RAMP.items() if k != name}}}
    yield GOOD | {"regimen": ramp("1", "0.004", 7, "3")}


def _wrong_in_several_ways() -> Iterator[dict[str, Any]]:
    plain = ({"form": "pills"}, {"form": "drops", "concentration": "5 mg/mL"}, drops(4), drops(61))
    for prepared in (
        *plain,
        tablets(9, "1"),
        capsules("1", "1"),
        capsules("1") | {"colour": "red"},
    ):
        yield GOOD | {"preparation": prepared}
    told = {"start": "x", "length_days": 0, "preparation": drops(4)}
    yield GOOD | told | {"regimen": steps(("1", 0))}
    yield GOOD | {"length_days": 0, "colour": 1}
    yield GOOD | {"start": "2027-02-30", "preparation": capsules("0")}


def _refused() -> Iterator[Vector]:
    wrong = (_wrong_heads, _wrong_kinds, _wrong_steps, _wrong_ramps, _wrong_in_several_ways)
    for requests in wrong:
        for asked in requests():
            yield asked_vector("a request that is wrong", (), asked)


def made() -> str:
    """The file."""
    groups = [
        Group("ramp", "Drawn ramps", _ramps()),
        Group("steps", "Drawn steps", _drawn_steps()),
        Group("several", "Several doses a day", _several()),
        Group("lengths", "Lengths about the ends of steps", _lengths()),
        Group("dates", "Edges of the calendar", _dates()),
        Group("year-9999", "The end of the calendar", _end_of_calendar()),
        Group("limits", "As much as is allowed, and one more", _limits()),
        Group("ramp-edges", "Ramps that go down, stand still, or end with less", _ramp_edges()),
        Group("droppers", "5 to 60 drops per mL", _droppers()),
        Group("unmeasurable", "Doses that may not be measurable", _unmeasurable()),
        Group("wrong", "Requests that are wrong", _refused()),
    ]
    return document("plans", groups)
