"""A slow reference of the contract, against which property tests compare the library.

It shares no code with the library and prefers the plain way over the quick one: a plan is walked
day by day, capsules and tablets are chosen by trying every combination, and quantities are read
one character at a time. Masses are fractions of a milligram and volumes fractions of a millilitre.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from functools import cache
from math import gcd
from typing import Any

TIMES_OF_DAY = ("morning", "noon", "afternoon", "evening", "bedtime")
NOT_AGONISTS = ("antagonist", "not_opioid_agonist")
OPEN_STEP_DAYS = 28
DEPOT_DAYS = 365
LONGEST_TEXT = 4000
LARGEST = 10**1000
DIGITS = "0123456789"

MASS_UNITS = {
    "pg": Fraction(1, 10**9),
    "ng": Fraction(1, 10**6),
    "mcg": Fraction(1, 1000),
    "ug": Fraction(1, 1000),
    "\u00b5g": Fraction(1, 1000),  # micro sign
    "\u03bcg": Fraction(1, 1000),  # Greek small letter mu
    "mg": Fraction(1),
    "g": Fraction(1000),
}
VOLUME_UNITS = {"mL": Fraction(1), "L": Fraction(1000)}

Units = dict[str | Fraction, Fraction]
"""What is taken: "drops" and "volume", or the number of pieces keyed by strength in mg."""


class Unmeasurable(Exception):
    """A dose that the preparation cannot measure, with the nearest that it can."""

    def __init__(
        self, step: int, dose: Fraction, below: Fraction | None, above: Fraction | None
    ) -> None:
        """Keep the step number and the masses in mg (None where there is no such dose)."""
        super().__init__(f"step {step}: {dose} mg (below: {below}, above: {above})")
        self.step = step
        self.dose = dose
        self.below = below
        self.above = above


# --- Reading quantities -------------------------------------------------------------------------


def _digits_end(text: str, start: int) -> int:
    """The position after the ASCII digits that begin at `start`."""
    position = start
    while position < len(text) and text[position] in DIGITS:
        position += 1
    return position


def _integer(digits: str) -> int:
    """The value of a run of ASCII digits."""
    value = 0
    for digit in digits:
        value = value * 10 + DIGITS.index(digit)
    return value


def _plain_integer(digits: str) -> bool:
    """True where there is at least one digit and no leading zero too many."""
    return digits != "" and (digits == "0" or digits[0] != "0")


def _number(text: str) -> tuple[Fraction, bool, int] | None:
    """The number that begins the text, whether it is a fraction, and the position after it."""
    end = _digits_end(text, 0)
    if not _plain_integer(text[:end]):
        return None
    value = Fraction(_integer(text[:end]))
    mark = text[end : end + 1]
    if mark == ".":
        tail_end = _digits_end(text, end + 1)
        tail = text[end + 1 : tail_end]
        if tail == "":
            return None
        return value + Fraction(_integer(tail), 10 ** len(tail)), False, tail_end
    if mark == "/":
        tail_end = _digits_end(text, end + 1)
        tail = text[end + 1 : tail_end]
        if not _plain_integer(tail) or tail == "0":
            return None
        if gcd(_integer(text[:end]), _integer(tail)) != 1 or _decimals(_integer(tail)) is not None:
            return None
        return Fraction(_integer(text[:end]), _integer(tail)), True, tail_end
    return value, False, end


def quantity_ok(text: str, kind: str) -> Fraction | None:
    """The value in mg (kind "mass") or mL (kind "volume"), or None where the text is refused."""
    units = {"mass": MASS_UNITS, "volume": VOLUME_UNITS}[kind]
    if len(text) > LONGEST_TEXT:
        return None
    number = _number(text)
    if number is None:
        return None
    value, is_fraction, end = number
    if text[end : end + 1] != " ":
        return None
    unit = text[end + 1 :]
    if unit not in units:
        return None
    if is_fraction and unit not in ("mg", "mL"):
        return None  # a fraction is only ever printed in mg or mL
    found = value * units[unit]
    too_fine = max(found.numerator, found.denominator) > LARGEST
    return None if too_fine else found


def _mass(text: str) -> Fraction:
    """The mass in mg of a text known to be good."""
    value = quantity_ok(text, "mass")
    assert value is not None, f"not a mass: {text!r}"
    return value


def _volume(text: str) -> Fraction:
    """The volume in mL of a text known to be good."""
    value = quantity_ok(text, "volume")
    assert value is not None, f"not a volume: {text!r}"
    return value


# --- Printing quantities ------------------------------------------------------------------------


def _decimals(denominator: int) -> int | None:
    """The decimal places that 1/denominator needs, or None where it is no finite decimal."""
    rest, twos, fives = denominator, 0, 0
    while rest % 2 == 0:
        rest //= 2
        twos += 1
    while rest % 5 == 0:
        rest //= 5
        fives += 1
    return max(twos, fives) if rest == 1 else None


def _number_text(value: Fraction) -> str:
    """The value as a finite decimal without trailing zeros, else as an irreducible fraction."""
    places = _decimals(value.denominator)
    if places is None:
        return f"{value.numerator}/{value.denominator}"
    if places == 0:
        return str(value.numerator)
    digits = str(value.numerator * 10**places // value.denominator).rjust(places + 1, "0")
    return f"{digits[:-places]}.{digits[-places:]}"


def mass_text(mass: Fraction) -> str:
    """The mass as the contract prints it."""
    tenth = Fraction(1, 10)
    if mass == 0 or mass >= tenth or _decimals(mass.denominator) is None:
        return f"{_number_text(mass)} mg"
    if mass / MASS_UNITS["mcg"] >= tenth:
        return f"{_number_text(mass / MASS_UNITS['mcg'])} mcg"
    if mass / MASS_UNITS["ng"] >= tenth:
        return f"{_number_text(mass / MASS_UNITS['ng'])} ng"
    return f"{_number_text(mass / MASS_UNITS['pg'])} pg"


def volume_text(volume: Fraction) -> str:
    """The volume as the contract prints it."""
    return f"{_number_text(volume)} mL"


# --- Measuring one dose -------------------------------------------------------------------------


def _concentration(preparation: dict[str, Any]) -> Fraction:
    """The mg in one mL of a liquid."""
    if "dilution" in preparation:
        dilution = preparation["dilution"]
        return _mass(dilution["drug"]) / _volume(dilution["final_volume"])
    mass, per, volume_unit = preparation["concentration"].rpartition("/")
    assert (per, volume_unit) == ("/", "mL"), preparation["concentration"]
    return _mass(mass)


def _drops_per_ml(stated: int | str) -> Fraction:
    """The drops in one mL."""
    return Fraction(stated)


def _ways(dose: Fraction, strengths: tuple[Fraction, ...], parts: int) -> Iterator[Units]:
    """Every way to make the dose: tablets (or capsules) of each strength, none left out."""
    if not strengths:
        if dose == 0:
            yield {}
        return
    part = strengths[0] / parts
    for number in range(dose // part + 1):
        for rest in _ways(dose - number * part, strengths[1:], parts):
            yield {strengths[0]: Fraction(number, parts), **rest}


def _pieces(amount: Fraction) -> int:
    """The pieces in an amount of one strength: each whole, and one part broken from another."""
    whole = amount.numerator // amount.denominator
    return whole if amount == whole else whole + 1


def _rank(way: Units) -> tuple[int, int, list[Fraction]]:
    """The order of preference among ways, smallest first."""
    amounts = list(way.values())
    pieces = sum(_pieces(amount) for amount in amounts)
    strengths = sum(1 for amount in amounts if amount > 0)
    return pieces, strengths, [-amount for amount in amounts]


def _sums_up_to(limit: Fraction, parts: list[Fraction]) -> set[Fraction]:
    """Every mass up to the limit that can be made of the parts, zero too."""
    sums = {Fraction(0)}
    new = [Fraction(0)]
    while new:
        found = new.pop()
        for part in parts:
            if found + part <= limit and found + part not in sums:
                sums.add(found + part)
                new.append(found + part)
    return sums


@cache
def _best_way(dose: Fraction, strengths: tuple[Fraction, ...], parts: int) -> Units | None:
    """The preferred way to make the dose, remembered because most days repeat the last one."""
    best = min(_ways(dose, strengths, parts), key=_rank, default=None)
    if best is None:
        return None
    return {strength: amount for strength, amount in best.items() if amount > 0}


def _measure_pieces(
    step: int, dose: Fraction, strengths: tuple[Fraction, ...], parts: int
) -> Units:
    """The preferred capsules or tablets for one dose."""
    best = _best_way(dose, strengths, parts)
    if best is not None:
        return best
    broken = [strength / parts for strength in strengths]
    sums = _sums_up_to(dose + min(broken), broken)
    below = max((mass for mass in sums if 0 < mass < dose), default=None)
    above = min((mass for mass in sums if mass > dose), default=None)
    raise Unmeasurable(step, dose, below, above)


def _multiples(step: int, dose: Fraction, smallest: Fraction) -> int:
    """How many of the smallest mass make the dose."""
    number = dose // smallest
    if number * smallest == dose:
        return number
    below = number * smallest
    raise Unmeasurable(step, dose, below if below > 0 else None, below + smallest)


def _measure(step: int, dose: Fraction, preparation: dict[str, Any]) -> Units:
    """What to take for one dose."""
    form = preparation["form"]
    if form == "drops":
        per_ml = _drops_per_ml(preparation["drops_per_mL"])
        drops = _multiples(step, dose, _concentration(preparation) / per_ml)
        return {"drops": Fraction(drops), "volume": drops / per_ml}
    if form == "oral_solution":
        mark = _volume(preparation["graduation"])
        marks = _multiples(step, dose, _concentration(preparation) * mark)
        return {"volume": marks * mark}
    stated = {_mass(text) for text in preparation["strengths"]}
    strengths = tuple(sorted(stated, reverse=True))
    parts = preparation.get("parts", 1) if form == "tablets" else 1
    return _measure_pieces(step, dose, strengths, parts)


def _tablets_text(amount: Fraction) -> str:
    """A number of tablets in words, such as "1 and 1/2 tablets"."""
    whole = amount.numerator // amount.denominator
    part = amount - whole
    if whole == 0 or part == 0:
        return f"{amount} tablet" if amount <= 1 else f"{amount} tablets"
    return f"{whole} and {part} tablets"


def _capsules_text(amount: Fraction) -> str:
    """A number of capsules in words."""
    return "1 capsule" if amount == 1 else f"{amount} capsules"


def _take_text(form: str, units: Units, dose: Fraction) -> str:
    """One dose as a person is told to take it."""
    if form == "drops":
        noun = "drop" if units["drops"] == 1 else "drops"
        return f"{units['drops']} {noun} ({volume_text(units['volume'])}, {mass_text(dose)})"
    if form == "oral_solution":
        return f"{volume_text(units['volume'])} ({mass_text(dose)})"
    count_text = _capsules_text if form == "capsules" else _tablets_text
    items = []
    for strength in _largest_first(units):
        items.append(f"{count_text(units[strength])} of {mass_text(strength)}")
    return f"{' plus '.join(items)} ({mass_text(dose)})"


# --- Units over a day and over a plan -----------------------------------------------------------


def _largest_first(units: Units) -> list[Fraction]:
    """The strengths among the keys, largest first."""
    return sorted((key for key in units if isinstance(key, Fraction)), reverse=True)


def _add(left: Units, right: Units) -> Units:
    """The two amounts together, key by key."""
    total = dict(left)
    for key, amount in right.items():
        total[key] = total.get(key, Fraction(0)) + amount
    return total


def _units_json(form: str, units: Units) -> dict[str, Any]:
    """The amounts in the shape of the contract's `units`."""
    if form == "drops":
        return {"drops": int(units["drops"]), "volume": volume_text(units["volume"])}
    if form == "oral_solution":
        return {"volume": volume_text(units["volume"])}
    if form == "capsules":
        return {"capsules": {mass_text(key): int(units[key]) for key in _largest_first(units)}}
    return {"tablets": {mass_text(key): str(units[key]) for key in _largest_first(units)}}


# --- The regimen --------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Step:
    """One step: its doses of a day as (time of day or None, mg), and its days or None if open."""

    doses: list[tuple[str | None, Fraction]]
    days: int | None


def _ramp_steps(ramp: dict[str, Any]) -> list[_Step]:
    """The steps of a ramp, up or down."""
    dose, by, last = _mass(ramp["from"]), _mass(ramp["by"]), _mass(ramp["to"])
    steps = []
    while dose != last:
        steps.append(_Step([(None, dose)], ramp["every_days"]))
        dose = min(dose + by, last) if dose < last else max(dose - by, last)
    steps.append(_Step([(None, last)], None))
    return steps


def _listed_step(step: dict[str, Any]) -> _Step:
    """One step of a regimen that lists them."""
    if "doses" in step:
        named = step["doses"]
        doses = [(time, _mass(named[time])) for time in TIMES_OF_DAY if time in named]
        return _Step([*doses], step.get("days"))
    return _Step([(None, _mass(step["dose"]))] * step.get("doses_per_day", 1), step.get("days"))


def _regimen_steps(regimen: dict[str, Any]) -> list[_Step]:
    """The steps of a regimen."""
    assert "protocol" not in regimen, "protocols are not part of this reference"
    if "ramp" in regimen:
        return _ramp_steps(regimen["ramp"])
    return [_listed_step(step) for step in regimen["steps"]]


# --- The plan -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Day:
    """One day, exact and as printed."""

    number: int
    on: date
    step: int
    dose: Fraction
    units: Units
    take: str
    doses: list[dict[str, Any]]


def _day(number: int, on: date, index: int, step: _Step, preparation: dict[str, Any]) -> _Day:
    """One day of a step: every dose measured on its own, then added up."""
    form = preparation["form"]
    total, units = Fraction(0), Units()
    doses: list[dict[str, Any]] = []
    for time, dose in step.doses:
        measured = _measure(index + 1, dose, preparation)
        total += dose
        units = _add(units, measured)
        doses.append(
            {
                "time_of_day": time,
                "dose": mass_text(dose),
                "take": _take_text(form, measured, dose),
                "units": _units_json(form, measured),
            }
        )
    if len(doses) == 1:
        take = str(doses[0]["take"])
    elif doses[0]["time_of_day"] is None:
        take = f"{doses[0]['take']}, {len(doses)} times a day"
    else:
        take = "; ".join(f"{dose['time_of_day']}: {dose['take']}" for dose in doses)
    return _Day(number, on, index + 1, total, units, take, doses)


def _walk(request: dict[str, Any]) -> list[_Day]:
    """The days of the plan, found one after another."""
    steps = _regimen_steps(request["regimen"])
    length = request.get("length_days")
    start = date.fromisoformat(request["start"][:10])
    days: list[_Day] = []
    index = 0
    # Days left of the present step; None while it is open and can fill up.
    left = steps[0].days or (OPEN_STEP_DAYS if length is None else None)
    while length is None or len(days) < length:
        if left == 0:
            index += 1
            if index == len(steps):
                break
            left = steps[index].days
            if left is None and length is None:
                left = OPEN_STEP_DAYS
        on = start + timedelta(days=len(days))
        days.append(_day(len(days) + 1, on, index, steps[index], request["preparation"]))
        if left is not None:
            left -= 1
    return days


def _day_json(form: str, day: _Day, usual: str | None) -> dict[str, Any]:
    """One row of the plan's `days`."""
    row: dict[str, Any] = {
        "day": day.number,
        "date": day.on.isoformat(),
        "step": day.step,
        "dose": mass_text(day.dose),
        "take": day.take,
        "units": _units_json(form, day.units),
    }
    if _told_one_by_one(day, usual):
        row["doses"] = day.doses
    return row


def _told_one_by_one(day: _Day, usual: str | None) -> bool:
    """Whether there are several doses, or a single named one at another time than the usual."""
    named = day.doses[0]["time_of_day"]
    return len(day.doses) > 1 or (named is not None and named != usual)


def _steps_json(days: list[_Day], usual: str | None) -> list[dict[str, Any]]:
    """The plan's `steps`: the days that share a step number, gathered."""
    rows: list[dict[str, Any]] = []
    for day in days:
        if not rows or rows[-1]["step"] != day.step:
            row: dict[str, Any] = {
                "step": day.step,
                "dose": mass_text(day.dose),
                "from": day.on.isoformat(),
                "to": day.on.isoformat(),
                "days": 0,
                "take": day.take,
            }
            if _told_one_by_one(day, usual):
                row["doses"] = day.doses
            rows.append(row)
        rows[-1]["to"] = day.on.isoformat()
        rows[-1]["days"] += 1
    return rows


def plan(request: dict[str, Any]) -> dict[str, Any]:
    """The `steps`, `days` and `totals` of a valid request without diary events.

    Raises `Unmeasurable` for the first dose that cannot be measured. A protocol, and a diary
    that is not empty, are not part of this reference.
    """
    assert not request.get("diary"), "the diary is not part of this reference"
    form = request["preparation"]["form"]
    days = _walk(request)
    dose, units, count = Fraction(0), Units(), 0
    for day in days:
        dose += day.dose
        units = _add(units, day.units)
        count += 1
    return {
        "steps": _steps_json(days, request.get("time_of_day")),
        "days": [_day_json(form, day, request.get("time_of_day")) for day in days],
        "totals": {
            "days": count,
            "dose": mass_text(dose),
            "units": _units_json(form, units),
        },
    }


# --- The opioid-free interval -------------------------------------------------------------------


def exposure_verdict(row: dict[str, str], last: date, start: date, ongoing: bool) -> str | None:
    """The severity of one exposure ("stop", "hold" or "caution"), or None where there is none.

    `row` is one of opioids.csv, and the last dose is known by its date alone.
    """
    if row["kind"] in NOT_AGONISTS:
        return None
    taking = ongoing or last >= start
    if row["release"] == "depot":
        if taking:
            return "stop"
        return "hold" if (start - last).days <= DEPOT_DAYS else None
    free = (start - last).days - 1
    shortest, longest = int(row["min_days"]), int(row["max_days"])
    if shortest == 0:
        return "caution" if ongoing or free < longest else None
    if taking or free < shortest:
        return "stop"
    return "hold" if free < longest else None


def not_before(row: dict[str, str], last: date) -> date | None:
    """The first start date that leaves nothing to say, or None where the row gives no date."""
    if row["kind"] in NOT_AGONISTS or row["release"] == "depot":
        return None
    if int(row["min_days"]) == 0:
        return None
    return last + timedelta(days=int(row["max_days"]) + 1)
