"""Readings: what a preparation gives for a dose, in capsules, tablets, millilitres or drops."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Any, Literal, NamedTuple

from ldn_titration.quantities import Mass, Volume

__all__ = ["Form", "Reading", "summed_units", "total"]

Form = Literal["capsules", "tablets", "oral_solution", "drops"]


class Reading(NamedTuple):
    """What to take for a dose: capsules or tablets by strength, a volume, or drops.

    ``pieces`` pairs each strength with how many of it, largest strength first.
    """

    form: Form
    dose: Mass
    pieces: tuple[tuple[Mass, Fraction], ...] = ()
    volume: Volume | None = None
    drops: int | None = None

    @property
    def units(self) -> dict[str, Any]:
        """The counts as in a plan's JSON: ``{"drops": 18, "volume": "0.9 mL"}``."""
        if self.form == "capsules":
            return {"capsules": {str(strength): int(count) for strength, count in self.pieces}}
        if self.form == "tablets":
            return {"tablets": {str(strength): str(count) for strength, count in self.pieces}}
        if self.drops is not None:
            return {"drops": self.drops, "volume": str(self.volume)}
        return {"volume": str(self.volume)}


def total(readings: Iterable[tuple[Reading, int]]) -> Reading:
    """The sum of one or more readings of one preparation, each taken so many times."""
    listed = list(readings)
    first = listed[0][0]
    pieces: dict[Mass, Fraction] = {}
    for reading, number in listed:
        for strength, count in reading.pieces:
            pieces[strength] = pieces.get(strength, Fraction(0)) + count * number
    volumes = [(reading.volume, number) for reading, number in listed if reading.volume]
    return Reading(
        first.form,
        Mass.total((reading.dose, number) for reading, number in listed),
        tuple(sorted(pieces.items(), reverse=True)),
        Volume.total(volumes) if volumes else None,
        None if first.drops is None else sum((r.drops or 0) * number for r, number in listed),
    )


def summed_units(readings: Iterable[Reading]) -> dict[str, Any]:
    """The counts of readings of several preparations, by unit, as far as they add up."""
    summed: dict[str, Any] = {}
    forms: dict[Form, list[Reading]] = {}
    for reading in readings:
        forms.setdefault(reading.form, []).append(reading)
    for same in forms.values():
        summed |= total((reading, 1) for reading in same).units
    liquids = [reading for same in forms.values() for reading in same if reading.volume]
    if len(liquids) > 1:  # volumes and drops of two liquids do not add up
        summed.pop("volume", None)
        summed.pop("drops", None)
    return summed
