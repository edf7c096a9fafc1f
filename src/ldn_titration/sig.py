"""The words for one dose: the only place where a dose becomes prose.

``18 drops (0.9 mL, 4.5 mg)``: drops always with their volume and mass. What is exact
stays exact; for people, a mass or volume that is no finite decimal is rounded to three
significant figures behind ``about``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction

from ldn_titration import units
from ldn_titration.quantities import Quantity
from ldn_titration.reading import Reading

__all__ = [
    "EVERY_OTHER_DAY",
    "NO_DOSE",
    "about",
    "about_range",
    "count",
    "directions",
    "sig_text",
    "take",
    "take_parts",
    "time_words",
]

EVERY_OTHER_DAY = "every other day"
"""How a cycle of one day on and one day off is said."""

NO_DOSE = "no dose"
"""What is said of a day on which nothing is taken."""

_THREE_FIGURES = Context(prec=3, rounding=ROUND_HALF_EVEN)
_OFTEN = {1: "once a day", 2: "twice a day"}
_TIMES = {
    "morning": "in the morning",
    "noon": "at noon",
    "afternoon": "in the afternoon",
    "evening": "in the evening",
    "bedtime": "at bedtime",
}


def about(quantity: Quantity) -> str:
    """A quantity for people: exact where a decimal is, else rounded behind "about".

    >>> from ldn_titration import Mass
    >>> about(Mass("0.25 mg")), about(Mass("1/12 mg"))
    ('0.25 mg', 'about 0.0833 mg')
    """
    text = str(quantity)
    if "/" not in text or "/" not in text.partition(" ")[0]:
        return text
    return f"about {_rounded(quantity.magnitude)} {quantity.base_unit}"


def take(reading: Reading, words: Callable[[Quantity], str] = str) -> str:
    """What to take, in one line: "1 drop (0.05 mL, 0.25 mg)".

    ``words`` writes each quantity: ``str`` exactly, :func:`about` for people.
    """
    return "{} ({})".format(*take_parts(reading, words))


def take_parts(reading: Reading, words: Callable[[Quantity], str] = str) -> tuple[str, str]:
    """What to take, and what stands behind it in brackets: ("1 drop", "0.05 mL, 0.25 mg")."""
    dose = words(reading.dose)
    if reading.drops is not None and reading.volume is not None:
        return count(reading.drops, "drop"), f"{words(reading.volume)}, {dose}"
    if reading.volume is not None:
        return words(reading.volume), dose
    noun = "capsule" if reading.form == "capsules" else "tablet"
    pieces = (f"{count(number, noun)} of {words(s)}" for s, number in reading.pieces)
    return " plus ".join(pieces), dose


def count(number: int | Fraction, noun: str) -> str:
    """A counted noun: "1 drop", "1,197 drops", "1/2 tablet", "1 and 1/2 tablets"."""
    if type(number) is int:
        return f"{number:,} {noun}{'' if number == 1 else 's'}"
    whole, rest = divmod(Fraction(number), 1)
    parts = [f"{whole:,}"] if whole or not rest else []
    parts += [f"{rest.numerator}/{rest.denominator}"] if rest else []
    return f"{' and '.join(parts)} {noun}{'' if number <= 1 and number else 's'}"


def time_words(time_of_day: str | None) -> str:
    """When it is taken: "at bedtime", "at 21:30"; empty where no time is set."""
    if time_of_day is None:
        return ""
    return _TIMES.get(time_of_day) or f"at {time_of_day}"


def directions(
    doses: Iterable[tuple[str | None, Reading]], words: Callable[[Quantity], str] = str
) -> str:
    """What to take on one day: one dose in one line, several with their times.

    "morning: 1 mL (1 mg); bedtime: 1 mL (1 mg)", or "1 mL (1 mg), 2 times a day" where no
    times are set.
    """
    listed = [(time, take(reading, words)) for time, reading in doses]
    if not listed:
        return NO_DOSE
    if len(listed) == 1:
        return listed[0][1]
    if all(time is None for time, _ in listed):
        return f"{listed[0][1]}, {len(listed)} times a day"
    return "; ".join(f"{time}: {text}" for time, text in listed)


def sig_text(doses: Sequence[tuple[str | None, Reading]], cycle: str = "") -> str:
    """The sig of a day's doses, as a pharmacy writes it, for people.

    "Take 1 drop (0.05 mL, 0.25 mg) once a day at bedtime", "Take 1 mL (1 mg) in the morning,
    and 2 mL (2 mg) at bedtime"; ``cycle`` is on which days, said behind it.
    """
    if not doses:
        return f"Take {NO_DOSE}"
    alike = {reading for _, reading in doses}
    if len(doses) > 1 and (len(alike) > 1 or doses[0][0]):
        said = ", and ".join(f"{take(r, about)} {time_words(time)}".strip() for time, r in doses)
    else:
        often = _OFTEN.get(len(doses)) or f"{len(doses)} times a day"
        said = f"{take(doses[0][1], about)} {often} {time_words(doses[0][0])}".strip()
    if cycle.startswith(EVERY_OTHER_DAY):
        said = said.replace(" once a day", "")
    return f"Take {said}{f', {cycle}' if cycle else ''}"


def about_range(low: Quantity, high: Quantity) -> str:
    """Two quantities as a range in one unit: "0.225 to 0.275 mg"."""
    first, second = about(low), about(high)
    unit = second.rpartition(" ")[2]
    if not first.endswith(f" {unit}"):
        unit = low.base_unit
        first, second = (f"{_about_number(end.magnitude)} {unit}" for end in (low, high))
    if first.startswith("about "):
        second = second.removeprefix("about ")
    return f"{first.removesuffix(f' {unit}')} to {second}"


def _about_number(magnitude: Fraction) -> str:
    return units.decimal_text(magnitude) or f"about {_rounded(magnitude)}"


def _rounded(magnitude: Fraction) -> str:
    """To three significant figures, without a trailing zero."""
    quotient = _THREE_FIGURES.divide(Decimal(magnitude.numerator), Decimal(magnitude.denominator))
    text = f"{quotient:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
