"""The structure of a dosage: what its timing, bounds and doses say, each step on its own."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import NamedTuple

from ldn_titration.intake.orders.amounts import UCUM, Amount, Strength, amount_of, unit_of_code
from ldn_titration.intake.orders.reading import OrderStep, Timing
from ldn_titration.lint.doses import Dose
from ldn_titration.lint.rhythm import Rhythm
from ldn_titration.lint.words import Said

__all__ = [
    "Structure",
    "doses_by_text",
    "length_by_text",
    "rhythm_of_code",
    "rhythm_of_code_text",
    "same_unit",
    "single_time",
    "structure_of",
    "widened",
]


class Structure(NamedTuple):
    """What the structure of one step says; what it does not, or not clearly, is None.

    ``length`` is in days, or in months where the bounds are.
    """

    dose: Dose | None = None
    rhythm: Rhythm | None = None
    times: tuple[str, ...] = ()
    length: Amount | None = None
    start: date | None = None
    end: date | None = None

    @property
    def days(self) -> Fraction | None:
        """The length in days, where it is known."""
        return self.length.value if self.length and self.length.kind == "d" else None

    def total(self) -> tuple[Amount, ...] | None:
        """All that is taken in the step, in each unit of its dose; None where unknown."""
        if self.dose is None or self.rhythm is None or self.days is None:
            return None
        many = self.rhythm.doses_in(self.days)
        if many is None or self.dose.is_range:
            return None
        return tuple(Amount(each.kind, each.value * many) for each in self.dose.amounts)


def structure_of(step: OrderStep) -> Structure:
    """What the structure of a step says, nothing assumed."""
    timing = step.timing or Timing()
    rhythm = _rhythm(timing)
    return Structure(
        _dose(step), rhythm, _times(timing), _length(timing, rhythm), timing.start, timing.end
    )


def _dose(step: OrderStep) -> Dose | None:
    """The one dose of a step, in each unit; None where it has none, a range, or two."""
    amounts = [amount_of(each.dose) for each in step.doses]
    known = tuple(dict.fromkeys(amount for amount in amounts if amount is not None))
    kinds = {amount.kind for amount in known}
    one_each = len(kinds) == len(known) and all(amount.value > 0 for amount in known)
    return Dose(known) if known and one_each and None not in amounts else None


_CODES = {
    "QD": Rhythm(1, Fraction(1)), "BID": Rhythm(2, Fraction(1)), "TID": Rhythm(3, Fraction(1)),
    "QID": Rhythm(4, Fraction(1)), "QOD": Rhythm(1, Fraction(2)), "WK": Rhythm(1, Fraction(7)),
    **{f"Q{n}H": Rhythm(1, Fraction(n, 24)) for n in (1, 2, 3, 4, 6, 8)},
    "AM": Rhythm(1, Fraction(1)), "PM": Rhythm(1, Fraction(1)), "BED": Rhythm(1, Fraction(1)),
}  # fmt: skip
"""Timing abbreviations of HL7 (GTSAbbreviation) and their rhythms."""


def _rhythm(timing: Timing) -> Rhythm | None:
    times = _events(timing)
    if timing.frequency_max or timing.period_max:
        return None
    if timing.frequency is None and not times and timing.period is None:
        return rhythm_of_code(timing)
    often = timing.frequency or times
    period = _period(timing) if timing.period is not None else _a_day(timing, times)
    if not often or period is None:
        return None
    if timing.day_of_week:
        return Rhythm(often * len(timing.day_of_week), Fraction(7)) if period == 1 else None
    return Rhythm(often, period)


def rhythm_of_code(timing: Timing) -> Rhythm | None:
    """The rhythm of the one code of a timing ("BID"); None where it has none that is known."""
    return _CODES.get(timing.codes[0]) if len(timing.codes) == 1 else None


def rhythm_of_code_text(timing: Timing) -> Rhythm | None:
    """The rhythm that the text beside a timing's code says by an abbreviation ("b.i.d.")."""
    return _CODES.get((timing.code_text or "").replace(".", "").strip().upper())


def _events(timing: Timing) -> int:
    """How many times a day are told; "before meals" tells none."""
    return len([code for code in timing.when if code not in _ANY_MEAL]) + len(timing.time_of_day)


def _a_day(timing: Timing, times: int) -> Fraction | None:
    """Times of day are of every day, where nothing else is said."""
    return Fraction(1) if times and timing.frequency in {None, times} else None


def _period(timing: Timing) -> Fraction | None:
    unit = unit_of_code(UCUM, timing.period_unit)
    if unit is None or unit.kind != "d" or not timing.period or timing.period < 0:
        return None
    return timing.period * unit.factor


_WHEN = {"MORN": "morning", "NOON": "noon", "AFT": "afternoon", "EVE": "evening",
         "NIGHT": "bedtime", "HS": "bedtime"}  # fmt: skip
_ANY_MEAL = ("C", "AC", "PC", "PHS")


def _times(timing: Timing) -> tuple[str, ...]:
    """The times of day, meals aside."""
    codes = [code.partition(".")[0] for code in timing.when]
    told = [_WHEN[code] for code in codes if code in _WHEN]
    return tuple(dict.fromkeys([*told, *(clock[:5] for clock in timing.time_of_day)]))


def single_time(timing: Timing) -> str | None:
    """The one time of day that is told ("HS", "08:00:00"); None for several, or for any meal."""
    told = (*timing.when, *timing.time_of_day)
    return told[0] if len(told) == 1 and told[0] not in _ANY_MEAL else None


def _length(timing: Timing, rhythm: Rhythm | None) -> Amount | None:
    if timing.bounds == "period" and timing.start and timing.end and timing.start <= timing.end:
        return Amount("d", Fraction((timing.end - timing.start).days + 1))
    length = amount_of(timing.duration)
    if length is not None and length.kind in {"d", "month"} and length.value > 0:
        return length
    if timing.bounds is None and timing.doses_in_all and rhythm is not None:
        return Amount("d", timing.doses_in_all / rhythm.per_day)
    return None


# --- the same of a text ---------------------------------------------------------------


def length_by_text(said: Said) -> Amount | None:
    """How long a step lasts as its text tells."""
    if said.length is None and said.start and said.end and said.start <= said.end:
        return Amount("d", Fraction((said.end - said.start).days + 1))
    return said.length


def doses_by_text(said: Said, length: Amount | None) -> tuple[Amount, ...] | None:
    """All that is taken in a step as its text tells, in that time; None where unknown."""
    totals: list[dict[str, Fraction]] = []
    for each in said.doses:
        often = each.how_often
        if often is None or length is None or length.kind != "d" or each.dose.is_range:
            return None
        many = often.doses_in(length.value)
        if many is None or each.dose.about:
            return None
        totals.append({amount.kind: amount.value * many for amount in each.dose.amounts})
    if not totals or said.as_needed:
        return None
    shared = [kind for kind in totals[0] if all(kind in total for total in totals)]
    return tuple(Amount(k, sum((t[k] for t in totals), Fraction(0))) for k in shared)


# --- one unit for two figures ---------------------------------------------------------


def widened(amounts: tuple[Amount, ...], strength: Strength | None) -> dict[str, Fraction]:
    """The amounts by kind, and what the strength of the product makes of them."""
    known = {amount.kind: amount.value for amount in amounts}
    if strength is not None and strength.per in known:
        known.setdefault("mg", known[strength.per] * strength.mass)
    elif strength is not None and "mg" in known:
        known.setdefault(strength.per, known["mg"] / strength.mass)
    return known


def same_unit(
    one: tuple[Amount, ...], other: tuple[Amount, ...], strength: Strength | None
) -> tuple[Amount, Amount] | None:
    """Both in one unit, if possible that of the first; None where they have none in common."""
    mine, theirs = widened(one, strength), widened(other, strength)
    for kind in mine:
        if kind in theirs:
            return Amount(kind, mine[kind]), Amount(kind, theirs[kind])
    return None
