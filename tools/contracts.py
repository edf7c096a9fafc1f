"""Promises of the functions on whole numbers and fractions, for a symbolic search.

``python -m crosshair check tools/contracts.py`` looks for numbers that break one: the first
assertions of a function say what may be asked, the last what must hold.
"""

from __future__ import annotations

from fractions import Fraction
from math import gcd

from ldn_titration.bottles import _Open, _whole_days
from ldn_titration.pieces import fewest_pieces
from ldn_titration.regimen import Cycle
from ldn_titration.units import _places, decimal_of


def a_decimal_is_the_number(numerator: int, denominator: int) -> None:
    """What is printed as a decimal is exactly the fraction, without a zero too many."""
    assert 0 <= numerator < 10**6
    assert 1 <= denominator < 2000
    assert gcd(numerator, denominator) == 1
    text = decimal_of(numerator, denominator)
    if text is not None:
        whole, _, part = text.partition(".")
        assert int(whole + part) * denominator == numerator * 10 ** len(part)
        assert not part.endswith("0")


def places_are_the_fewest(denominator: int) -> None:
    """So many places end the decimal, and one fewer does not; none where it never ends."""
    assert 2 <= denominator < 3000
    places = _places(denominator)
    ends = 10**12 % denominator == 0
    assert bool(places) == ends
    assert not places or (10**places % denominator == 0 and 10 ** (places - 1) % denominator != 0)


def pieces_make_the_dose(dose: int, small: int, large: int, parts: int) -> None:
    """The pieces add up to the dose, or the neighbours lie on both sides of it."""
    assert 1 <= dose <= 12
    assert 1 <= small < large <= 6
    assert parts in {1, 2}
    strengths = [Fraction(small), Fraction(large)]
    found = fewest_pieces(Fraction(dose), strengths, parts)
    if found.counts is not None:
        assert sum(strength * count for strength, count in found.counts) == dose
    else:
        assert found.below is None or found.below < dose
        assert found.above is not None
        assert found.above > dose


def a_bottle_never_gives_more_than_it_holds(size: int, drawn: int, dose: int) -> None:
    """So many doses fit in what is left, and one more does not."""
    assert 0 < dose < 10**6
    assert 0 <= drawn <= size < 10**9
    bottle = _Open(1, 14, size)
    bottle.draw(drawn, 1)
    doses = bottle.holds(dose)
    assert doses is not None
    assert drawn + doses * dose <= size < drawn + (doses + 1) * dose


def no_dose_is_drawn_on_the_day_of_discard(
    made: int, keeps: int, size: int, dose: int, day: int, end: int
) -> None:
    """The whole days of a bottle end before its discard date, and with its contents."""
    assert 1 <= made <= day < end < 10**6
    assert 1 <= keeps <= 400
    assert 0 < dose <= size < 10**6
    days = _whole_days(_Open(made, keeps, size), (dose,), day, end)
    assert days >= 0
    assert days * dose <= size
    assert days == 0 or day + days <= min(end, made + keeps)


def a_cycle_counts_its_days_on(on: int, off: int, position: int, days: int) -> None:
    """As many days on as a count one by one finds."""
    assert 1 <= on <= 5
    assert 1 <= off <= 5
    assert 0 <= position < 20
    assert 0 <= days <= 20
    cycle = Cycle.model_construct(days_on=on, days_off=off)
    counted = sum((position + day) % (on + off) < on for day in range(days))
    assert cycle.on_days(position, days) == counted
