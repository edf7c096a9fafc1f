"""Doses in plain words: "2 capsules of 1.5 mg (3 mg)" is one dose, told in two units."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

from ldn_titration import sig
from ldn_titration.intake.orders.amounts import WORDS, Amount
from ldn_titration.lint.rhythm import number_text

__all__ = ["NUMBER", "Dose", "amount_text", "doses_in", "number"]

NUMBER = r"(?:[0-9]++ (?:and )?[0-9]++/[1-9][0-9]*+|[0-9]++/[1-9][0-9]*+|[0-9]++(?:\.[0-9]++)?)"
"""A number: "2", "0.5", "1/2", "1 1/2", "1 and 1/2"."""


class Dose(NamedTuple):
    """One dose in each unit that it is told in; ``is_range`` where it is not one dose.

    ``about`` tells that it is rounded; ``clashes`` are two figures that cannot both be true.
    """

    amounts: tuple[Amount, ...]
    is_range: bool = False
    about: bool = False
    clashes: tuple[tuple[str, str], ...] = ()
    words: str = ""

    def __str__(self) -> str:
        if self.is_range:
            return self.words
        first, *others = map(amount_text, self.amounts)
        return f"{first} ({', '.join(others)})" if others else first

    def of(self, kind: str) -> Fraction | None:
        """How much of a kind; None where it is not told in that."""
        return next((a.value for a in self.amounts if a.kind == kind), None)


def amount_text(amount: Amount) -> str:
    """An amount in words: "8 tablets", "2.5 mg", "7 days"."""
    if amount.kind == "mg" and 0 < amount.value < Fraction(1, 10):
        return f"{number_text(amount.value * 1000)} mcg"
    if amount.kind in {"mg", "mL"}:
        return f"{number_text(amount.value)} {amount.kind}"
    if amount.kind == "d":
        return sig.count(amount.value, "day")
    many = "" if amount.value <= 1 or amount.kind.endswith("s") else "s"
    return f"{number_text(amount.value)} {amount.kind}{many}"


_MASS = r"mg|milligrams?|mcgs?|micrograms?|ug|grams?|g|ng|nanograms?|pg"
_UNIT = (
    rf"{_MASS}|mls?|millilit(?:er|re)s?|tablets?|tabs?|capsules?|caps?|drops?|gtts?|puffs?|"
    r"patch(?:es)?|sachets?|sprays?|lozenges?|pills?|units?|applications?|softgels?|troches?"
)
_START = r"(?<![0-9.,/@-])"
_ITEM = (
    rf"(?:about )?{NUMBER}(?: ?(?:to|-|or) ?{NUMBER})? ?(?:x )?"
    rf"(?:{NUMBER} ?(?:{_MASS}) )?(?:{_UNIT})\b(?: of {NUMBER} ?(?:{_MASS})\b)?"
)
_EQUAL = rf"(?:about )?{NUMBER} ?(?:{_UNIT})\b(?: each)?"
_DOSE = re.compile(
    rf"{_START}({_ITEM}(?: (?:plus|and|\+) {_ITEM})*)"
    rf"(?: ?\(=? ?({_EQUAL}(?:(?:,| =| or) {_EQUAL})*)\))?"
)
_ONE = re.compile(
    rf"(?P<about>about )?(?P<n>{NUMBER})(?: ?(?:to|-|or) ?(?P<high>{NUMBER}))? ?(?:x )?"
    rf"(?:(?P<s>{NUMBER}) ?(?P<su>{_MASS}) )?(?P<u>{_UNIT})\b"
    rf"(?: of (?P<s2>{NUMBER}) ?(?P<su2>{_MASS})\b)?(?P<each> each)?"
)


def number(text: str) -> Fraction:
    """The value of a number in plain words: "1 and 1/2" is 3/2."""
    return sum((Fraction(part) for part in text.replace(" and ", " ").split()), Fraction(0))


def doses_in(clause: str) -> Iterator[tuple[Dose, tuple[int, int]]]:
    """Each dose of a plain clause, and from where to where it stands.

    >>> [str(dose) for dose, _ in doses_in("take 1 drop (0.05 ml, 0.25 mg) once a day")]
    ['1 drop (0.05 mL, 0.25 mg)']
    """
    for found in _DOSE.finditer(clause):
        items = list(_ONE.finditer(found[1]))
        told = [_amounts(item) for item in items]
        equal = list(_ONE.finditer(found[2] or ""))
        amounts, clashes = _merged(_sum(told), equal)
        about = any(item["about"] for item in (*items, *equal))
        ranged = any(item["high"] for item in items)
        yield Dose(amounts, ranged, about, clashes, found[0].strip()), found.span()


def _amounts(item: re.Match[str]) -> dict[str, Fraction]:
    """What one item of a dose is in each unit that it is told in."""
    amount = _amount(item["n"], item["u"])
    told = {amount.kind: amount.value}
    strength, unit = item["s"] or item["s2"], item["su"] or item["su2"]
    if strength:
        mass = _amount(strength, unit)
        told[mass.kind] = amount.value * mass.value
    return told


def _amount(value: str, unit: str) -> Amount:
    known = WORDS[unit]
    return Amount(known.kind, number(value) * known.factor)


def _sum(told: list[dict[str, Fraction]]) -> dict[str, Fraction]:
    """The sum of the items, in the units that all of them are told in."""
    shared = [kind for kind in told[0] if all(kind in item for item in told)]
    return {kind: sum((item[kind] for item in told), Fraction(0)) for kind in shared}


def _merged(
    told: dict[str, Fraction], equal: list[re.Match[str]]
) -> tuple[tuple[Amount, ...], tuple[tuple[str, str], ...]]:
    """The dose with what stands in brackets behind it, and where the two disagree."""
    clashes = []
    first = next(iter(told.values()), Fraction(1))
    for item in equal:
        amount = _amount(item["n"], item["u"])
        value = amount.value * first if item["each"] else amount.value
        known = told.setdefault(amount.kind, value)
        if known != value and not item["about"]:
            mine, other = Amount(amount.kind, known), Amount(amount.kind, value)
            clashes.append((amount_text(mine), amount_text(other)))
    return tuple(Amount(kind, value) for kind, value in told.items()), tuple(clashes)
