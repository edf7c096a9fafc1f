"""The dropper: how many of its drops make 1 mL, counted with the liquid itself."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

from ldn_titration import units
from ldn_titration.errors import QuantityError
from ldn_titration.knowledge import policy
from ldn_titration.quantities import DropsPerVolume

__all__ = ["DropsPerMl"]


def _read_drops_per_mL(value: object) -> DropsPerVolume:  # noqa: N802 - the contract's name
    if (isinstance(value, str) and value.endswith("drops/mL")) or units.looks_like_pint(value):
        drops = DropsPerVolume(value)  # type: ignore[arg-type]
    elif isinstance(value, DropsPerVolume):
        drops = value
    elif isinstance(value, str):
        drops = _from_decimal_text(value)
    elif isinstance(value, int | Fraction | Decimal) and not isinstance(value, bool):
        drops = DropsPerVolume.of(value, "drops/mL")
    else:
        raise ValueError('must be a whole number such as 20, or a decimal as text such as "22.5"')
    least, most = policy("drops_per_mL_least").value, policy("drops_per_mL_most").value
    if not least <= drops.magnitude <= most:
        raise ValueError(f"must be from {least} to {most} drops per mL, counted with this dropper")
    return drops


def _from_decimal_text(text: str) -> DropsPerVolume:
    if "." not in text and "/" not in text:
        raise ValueError('must be a whole number without quotes such as 20, or text such as "22.5"')
    try:
        return DropsPerVolume(f"{text} drops/mL")
    except QuantityError:
        raise ValueError('must be a decimal as text such as "22.5"') from None


def _write_drops_per_mL(value: DropsPerVolume) -> int | str:  # noqa: N802
    if value.magnitude.denominator == 1:
        return value.magnitude.numerator
    return str(value).removesuffix(" drops/mL")


DropsPerMl = Annotated[
    DropsPerVolume,
    BeforeValidator(_read_drops_per_mL),
    PlainSerializer(_write_drops_per_mL, return_type=int | str, when_used="json"),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 1},
                {"type": "string", "pattern": r"^[1-9][0-9]*(\.[0-9]+|/[1-9][0-9]*)$"},
            ],
            "examples": [20, "22.5"],
        }
    ),
]
"""Drops per mL of one dropper with one liquid; as JSON a whole number, or a decimal as text."""
