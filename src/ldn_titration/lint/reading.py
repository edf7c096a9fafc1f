"""An order as the linter reads it: each step with its structure and with what its text tells."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ldn_titration.intake.orders.reading import MedicationOrder, OrderStep
from ldn_titration.lint.structure import Structure, structure_of
from ldn_titration.lint.words import Said, TextRead, read_text

__all__ = ["StepRead", "TextAt", "read_steps"]


class TextAt(NamedTuple):
    """A text of a step and where it stands, with what was read in it."""

    path: str
    text: str
    read: TextRead


class StepRead(NamedTuple):
    """One step: as it stands, its structure, its texts, and what the first of them tells.

    ``said`` are the steps that the text tells of this one; more than one where a text tells
    a whole course that has no structure.
    """

    step: OrderStep
    place: int
    structure: Structure
    texts: tuple[TextAt, ...]
    said: tuple[Said, ...]

    @property
    def is_structured(self) -> bool:
        """Whether it has a timing or a dose at all."""
        return self.step.timing is not None or bool(self.step.doses)

    @property
    def name(self) -> str:
        """The step as it is called in a message."""
        number = self.step.sequence if self.step.sequence is not None else self.place + 1
        return f"step {number}"

    @property
    def is_told_whole(self) -> bool:
        """Whether all words of its texts were understood."""
        return not any(text.read.unread for text in self.texts)


def read_steps(order: MedicationOrder) -> tuple[StepRead, ...]:
    """The steps of an order, each with what its own words tell.

    Where one text tells the whole course, step by step, each step gets its part of it.
    """
    texts = [
        tuple(TextAt(path, text, read_text(text, order.drug or "")) for path, text in step.texts)
        for step in order.steps
    ]
    own = [listed[0].read.steps if listed else () for listed in texts]
    return tuple(
        StepRead(step, place, structure_of(step), texts[place], said)
        for place, (step, said) in enumerate(zip(order.steps, _shared(own), strict=True))
    )


def _shared(own: Sequence[tuple[Said, ...]]) -> list[tuple[Said, ...]]:
    many = len(own)
    whole = [said for said in own if len(said) == many > 1]
    if whole and all(said in ((), whole[0]) for said in own):
        return [(whole[0][place],) for place in range(many)]
    return list(own)
