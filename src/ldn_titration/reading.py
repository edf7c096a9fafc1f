"""Readings: what a preparation gives for a dose, in capsules, tablets, millilitres or drops."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Any, Literal, NamedTuple

from ldn_titration.quantities import Mass, Volume

__all__ = ["Form", "Reading", "total"]

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

    def __mul__(self, times: int) -> Reading:  # type: ignore[override]
        """The same, so many times."""
        return Reading(
            self.form,
            self.dose * times,
            tuple((strength, count * times) for strength, count in self.pieces),
            None if self.volume is None else self.volume * times,
            None if self.drops is None else self.drops * times,
        )

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


def total(readings: Iterable[Reading]) -> Reading:
    """The sum of one or more readings of one preparation."""
    listed = list(readings)
    pieces: dict[Mass, Fraction] = {}
    for strength, count in (piece for reading in listed for piece in reading.pieces):
        pieces[strength] = pieces.get(strength, Fraction(0)) + count
    volumes = [reading.volume for reading in listed if reading.volume is not None]
    drops = [reading.drops for reading in listed if reading.drops is not None]
    return Reading(
        listed[0].form,
        Mass._exactly(sum((reading.dose.magnitude for reading in listed), Fraction(0))),
        tuple(sorted(pieces.items(), reverse=True)),
        Volume._exactly(sum((v.magnitude for v in volumes), Fraction(0))) if volumes else None,
        sum(drops) if drops else None,
    )
