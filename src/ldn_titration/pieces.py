"""The fewest pieces that make a dose: capsules, tablets and parts of tablets.

Of all ways to make a dose exactly: the fewest pieces (a whole tablet, or one part broken
from a tablet, is a piece each), then the fewest different strengths, then the larger
strengths. Found by dynamic programming on the strengths' greatest common divisor; taking
the largest first is wrong ({1, 1.5, 3} mg: 2 mg is 1 + 1).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from functools import lru_cache, reduce
from math import gcd, lcm
from typing import NamedTuple

from ldn_titration.errors import QuantityError

__all__ = ["Pieces", "fewest_pieces", "fewest_strengths"]

_MAX_CELLS = 20_000
_NEVER = 1 << 40
_PIECE = 1 << 8  # a cost is pieces * 256 + different strengths
_STRENGTH = 1


class Pieces(NamedTuple):
    """How to make a dose: how many of each strength, largest first; None where it cannot be.

    ``below`` and ``above`` are then the nearest doses that can be made, if any.
    """

    counts: tuple[tuple[Fraction, Fraction], ...] | None
    below: Fraction | None = None
    above: Fraction | None = None


class _Layer(NamedTuple):
    """Costs of each amount: with this and later strengths, and with some of this one."""

    part: int
    best: list[int]
    using: list[int]


def fewest_pieces(dose: Fraction, strengths: Sequence[Fraction], parts: int = 1) -> Pieces:
    """The fewest pieces of these strengths, each breakable into equal ``parts``, for a dose.

    >>> fewest_pieces(Fraction(2), [Fraction(1), Fraction(3, 2), Fraction(3)]).counts
    ((Fraction(1, 1), Fraction(2, 1)),)
    """
    ordered = sorted(strengths, reverse=True)
    scale = lcm(*(strength.denominator for strength in ordered)) * parts
    in_scale = [int(strength * scale) // parts for strength in ordered]
    grid = gcd(*in_scale)
    units = [amount // grid for amount in in_scale]
    wanted = dose * scale / grid
    limit = int(wanted) + min(units)
    if limit * len(units) * parts > _MAX_CELLS:
        raise QuantityError("the dose is too large, or the strengths too alike, to be counted out")
    layers = _layers(tuple(units), parts, _rounded(limit))
    best = layers[0].best
    if wanted.denominator == 1 and best[int(wanted)] < _NEVER:
        counts = _read_back(layers, parts, int(wanted))
        taken = zip(ordered, counts, strict=True)
        return Pieces(tuple((strength, count) for strength, count in taken if count))
    below = next((s for s in range(int(wanted), 0, -1) if best[s] < _NEVER), None)
    above = next((s for s in range(int(wanted) + 1, limit + 1) if best[s] < _NEVER), None)
    return Pieces(None, _mass(below, grid, scale), _mass(above, grid, scale))


def _rounded(limit: int) -> int:
    """A limit that doses of about that size share."""
    eighth = 1 << max(0, limit.bit_length() - 3)
    return -(-limit // eighth) * eighth


def _mass(amount: int | None, grid: int, scale: int) -> Fraction | None:
    return None if amount is None else Fraction(amount * grid, scale)


@lru_cache(maxsize=16)
def _layers(units: tuple[int, ...], parts: int, limit: int) -> tuple[_Layer, ...]:
    """One layer a strength, largest first; each rests on the one after it.

    Made once for all the doses of a preparation: an amount's cost is the same whatever the limit.
    """
    after = [0] + [_NEVER] * limit
    layers: list[_Layer] = []
    for part in reversed(units):
        using = _using(part, parts, after)
        after = list(map(min, after, using))
        layers.insert(0, _Layer(part, after, using))
    return tuple(layers)


def _using(part: int, parts: int, after: list[int]) -> list[int]:
    """The cost of each amount with at least one piece of this strength."""
    whole = part * parts
    sizes = range(part, whole + 1, part)
    room = len(after)
    lasts = [([_NEVER] * min(size, room) + after)[:room] for size in sizes]
    using = [last + _PIECE + _STRENGTH for last in map(min, *lasts, lasts[0])]
    for amount in range(whole + 1, room):
        more = using[amount - whole] + _PIECE
        if more < using[amount]:
            using[amount] = more
    return using


def _read_back(layers: Sequence[_Layer], parts: int, amount: int) -> list[Fraction]:
    """How many of each strength the cheapest way takes; of equals, the larger strengths."""
    nothing_after = [0] + [_NEVER] * amount
    counts = []
    for layer, after in zip(layers, [x.best for x in layers[1:]] + [nothing_after], strict=True):
        taken = 0
        if amount and layer.using[amount] == layer.best[amount]:
            taken = _taken(layer, parts, amount, after)
            amount -= taken * layer.part
        counts.append(Fraction(taken, parts))
    return counts


def _taken(layer: _Layer, parts: int, amount: int, after: list[int]) -> int:
    """How many parts of this strength the cheapest way takes, the most of equals."""
    taken, whole = 0, layer.part * parts
    while amount > whole and layer.using[amount - whole] + _PIECE == layer.using[amount]:
        amount, taken = amount - whole, taken + parts
    last = layer.using[amount] - _PIECE - _STRENGTH
    sizes = range(min(parts, amount // layer.part), 0, -1)
    return taken + next(size for size in sizes if after[amount - size * layer.part] == last)


# --- the fewest strengths for many doses ----------------------------------------------


def fewest_strengths(
    doses: Sequence[Fraction], strengths: Sequence[Fraction], parts: int = 1
) -> tuple[Fraction, ...] | None:
    """The strengths to keep so that no dose takes more pieces than with all of them.

    Of all such sets the smallest, then the one with the larger strengths; largest first.
    None where a dose cannot be made at all.

    >>> fewest_strengths([Fraction(3), Fraction(6)], [Fraction(1), Fraction(3)])
    (Fraction(3, 1),)
    """
    return _fewest_strengths(tuple(dict.fromkeys(doses)), tuple(strengths), parts)


@lru_cache(maxsize=256)
def _fewest_strengths(
    doses: tuple[Fraction, ...], strengths: tuple[Fraction, ...], parts: int
) -> tuple[Fraction, ...] | None:
    ordered = sorted(strengths, reverse=True)
    scale = lcm(*(value.denominator for value in (*ordered, *doses))) * parts
    in_scale = [_times(strength, scale) // parts for strength in ordered]
    grid = gcd(*in_scale)
    wanted = [divmod(_times(dose, scale), grid) for dose in doses]
    if any(rest for _, rest in wanted):
        return None
    limit = max(wanted)[0]
    if limit * len(ordered) * parts > _MAX_CELLS:
        raise QuantityError("a dose is too large, or the strengths too alike, to be counted out")
    amounts = [amount for amount, _ in wanted]
    uses = _uses([amount // grid for amount in in_scale], parts, amounts)
    kept = _smallest_union({uses[amount] for amount in amounts})
    return None if kept is None else tuple(s for n, s in enumerate(ordered) if kept >> n & 1)


def _times(value: Fraction, scale: int) -> int:
    return value.numerator * (scale // value.denominator)


def _uses(units: list[int], parts: int, wanted: Sequence[int]) -> dict[int, tuple[int, ...]]:
    """For each amount that counts, which sets of strengths (as bits) make it in the fewest pieces.

    Those count that are wanted, and what is left of one that counts after a piece of it.
    """
    sizes = [(unit * part, 1 << n) for n, unit in enumerate(units) for part in range(1, parts + 1)]
    fewest = _fewest([size for size, _ in sizes], max(wanted))
    rests: dict[int, list[tuple[int, int]]] = {0: []}
    waiting = list(wanted)
    while waiting:
        amount = waiting.pop()
        if amount not in rests:
            found = [(amount - size, bit) for size, bit in sizes if size <= amount]
            rests[amount] = [each for each in found if fewest[each[0]] == fewest[amount] - 1]
            waiting += (rest for rest, _ in rests[amount])
    uses: dict[int, tuple[int, ...]] = {0: (0,)}
    for amount in sorted(rests)[1:]:
        uses[amount] = _minimal(used | bit for rest, bit in rests[amount] for used in uses[rest])
    return uses


def _fewest(sizes: Sequence[int], limit: int) -> list[int]:
    """For each amount the fewest pieces. The amounts of so many pieces are the bits of a number."""
    fewest = [0] + [_NEVER] * limit
    within = (1 << limit + 1) - 1
    made = new = 1
    pieces = 0
    while new:
        pieces += 1
        new = reduce(int.__or__, (new << size for size in sizes)) & within & ~made
        made |= new
        for amount in _bits(new):
            fewest[amount] = pieces
    return fewest


def _bits(number: int) -> Iterator[int]:
    while number:
        lowest = number & -number
        yield lowest.bit_length() - 1
        number ^= lowest


def _minimal(sets: Iterable[int]) -> tuple[int, ...]:
    """The sets of which none other is a part, each once."""
    unique = set(sets)
    if len(unique) < 2:
        return tuple(unique)
    kept: list[int] = []
    for found in sorted(unique, key=int.bit_count):
        for other in kept:
            if other & found == other:
                break
        else:
            kept.append(found)
    return tuple(kept)


def _smallest_union(choices: Iterable[tuple[int, ...]]) -> int | None:
    """The smallest set of bits with one choice of each inside; of equals the lowest bits."""
    unions: tuple[int, ...] = (0,)
    for choice in choices:
        unions = _minimal(union | each for union in unions for each in choice)
    return min(unions, key=lambda found: (found.bit_count(), list(_bits(found))), default=None)
