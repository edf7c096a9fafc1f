"""A slow reference of the supply: bottles dose by dose, and strengths by trying every set.

It shares no code with the library. Volumes are fractions of a millilitre, masses fractions of a
milligram, and time is counted in days of age, one dose after another.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import cache
from itertools import combinations

Dose = tuple[date, Fraction]
"""One dose: its day, and its volume in mL."""


@dataclass(frozen=True)
class Bottle:
    """One bottle, from the day it is made to its last dose; the volumes add up to its own."""

    made_on: date
    first_dose: date
    last_dose: date
    drawn: Fraction
    wasted: Fraction
    left: Fraction
    ended_by: str


# --- Bottles, dose by dose ------------------------------------------------------------------------


def bottles(
    doses: Sequence[Dose],
    volume: Fraction | None,
    beyond_use_days: int,
    *,
    last: str = "end of plan",
) -> list[Bottle]:
    """The bottles that these doses are drawn from, in order.

    `volume` is that of every bottle, or None where each is made to measure. `last` says what ends
    the last bottle where something is left in it: "end of plan", or "switched".
    """
    done: list[Bottle] = []
    drawn_from: list[Dose] = []  # the doses of the bottle in use
    for dose in doses:
        assert volume is None or dose[1] <= volume, "no bottle holds that dose"
        if drawn_from and not _gives(drawn_from, dose, volume, beyond_use_days):
            reason = (
                "too little left"
                if _young(drawn_from, dose, beyond_use_days)
                else "beyond-use date"
            )
            done.append(_closed(drawn_from, volume, reason))
            drawn_from = []
        drawn_from.append(dose)
    if drawn_from:
        done.append(_closed(drawn_from, volume, last))
    return done


def _young(drawn_from: list[Dose], dose: Dose, beyond_use_days: int) -> bool:
    """Whether the bottle may still be used on the day of the dose."""
    age = (dose[0] - drawn_from[0][0]).days  # 0 on the day it is made
    return age < beyond_use_days


def _gives(
    drawn_from: list[Dose], dose: Dose, volume: Fraction | None, beyond_use_days: int
) -> bool:
    """Whether the bottle can give the whole of the dose on its day."""
    enough = volume is None or _sum(drawn_from) + dose[1] <= volume
    return enough and _young(drawn_from, dose, beyond_use_days)


def _sum(doses: Sequence[Dose]) -> Fraction:
    """The volume of these doses."""
    return sum((volume for _, volume in doses), Fraction(0))


def _closed(drawn_from: list[Dose], volume: Fraction | None, reason: str) -> Bottle:
    """The bottle after its last dose."""
    first, last = drawn_from[0][0], drawn_from[-1][0]
    drawn = _sum(drawn_from)
    rest = Fraction(0) if volume is None else volume - drawn
    kept = rest if reason == "end of plan" else Fraction(0)
    ended_by = reason if rest else "empty"
    return Bottle(first, first, last, drawn, rest - kept, kept, ended_by)


def fewest_bottles(doses: Sequence[Dose], volume: Fraction | None, beyond_use_days: int) -> int:
    """The fewest bottles by any cut of the doses into runs: all 2 ** (n - 1) cuts are tried."""
    counts = []
    for number in range(1, len(doses) + 1):
        for places in combinations(range(1, len(doses)), number - 1):
            ends = [0, *places, len(doses)]
            runs = [doses[ends[i] : ends[i + 1]] for i in range(number)]
            if all(_one_bottle(run, volume, beyond_use_days) for run in runs):
                counts.append(number)
    assert counts or not doses, "no cut gives every dose"
    return min(counts, default=0)


def _one_bottle(run: Sequence[Dose], volume: Fraction | None, beyond_use_days: int) -> bool:
    """Whether one bottle made on the first day of the run gives all of it."""
    if volume is not None and _sum(run) > volume:
        return False
    return (run[-1][0] - run[0][0]).days < beyond_use_days


def drawn_from(doses: Sequence[Dose], drawn: Sequence[Fraction]) -> list[list[Dose]]:
    """The doses of each bottle, told by the volume drawn from each.

    No dose may span two bottles, and none be without one.
    """
    rest = list(doses)
    runs = []
    for volume in drawn:
        run: list[Dose] = []
        while rest and _sum(run) < volume:
            run.append(rest.pop(0))
        assert run
        assert _sum(run) == volume, f"no whole doses make {volume} mL: {run}"
        runs.append(run)
    assert not rest, f"without a bottle: {rest}"
    return runs


# --- Strengths ------------------------------------------------------------------------------------


def _subsets(strengths: Sequence[Fraction]) -> Iterator[tuple[Fraction, ...]]:
    """Every set of one or more of the strengths, each largest first."""
    ordered = sorted(strengths, reverse=True)
    for number in range(1, len(ordered) + 1):
        yield from combinations(ordered, number)


@cache
def fewest_pieces(dose: Fraction, strengths: tuple[Fraction, ...], parts: int) -> int | None:
    """The fewest pieces that make the dose, or None: all sums of one piece, of two, of three...

    A piece is a whole tablet or capsule, or one part broken from a tablet: of quarters, 1/4, 1/2
    and 3/4 are a piece each.
    """
    sizes = [strength * part / parts for strength in strengths for part in range(1, parts + 1)]
    sums, seen, number = {Fraction(0)}, {Fraction(0)}, 0
    while dose not in sums:
        number += 1
        sums = {made + size for made in sums for size in sizes if made + size <= dose} - seen
        if not sums:
            return None
        seen |= sums
    return number


def total_pieces(
    doses: Sequence[tuple[Fraction, int]], strengths: tuple[Fraction, ...], parts: int
) -> int | None:
    """The pieces of a whole plan, each dose so many times, or None where a dose cannot be made."""
    total = 0
    for dose, times in doses:
        pieces = fewest_pieces(dose, strengths, parts)
        if pieces is None:
            return None
        total += pieces * times
    return total


def best_strengths(
    doses: Sequence[tuple[Fraction, int]], strengths: Sequence[Fraction], parts: int = 1
) -> tuple[Fraction, ...] | None:
    """The strengths to dispense for these doses, largest first, or None where there are none.

    The fewest pieces over the plan, then the fewest strengths, then the larger strengths.
    """
    ranked = []
    for chosen in _subsets(strengths):
        total = total_pieces(doses, chosen, parts)
        if total is not None:
            ranked.append((total, len(chosen), [-strength for strength in chosen], chosen))
    return min(ranked)[3] if ranked else None
