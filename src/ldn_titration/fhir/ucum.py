"""UCUM: the codes of the units that are written, each with the unit as it is printed."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

__all__ = ["CODES"]

CODES: Mapping[str, str] = MappingProxyType(
    {
        "g": "g",
        "mg": "mg",
        "mcg": "ug",
        "ng": "ng",
        "pg": "pg",
        "L": "L",
        "mL": "mL",
        "day": "d",
        "days": "d",
        "drop": "{drop}",
        "drops": "{drop}",
        "capsule": "{capsule}",
        "capsules": "{capsule}",
        "tablet": "{tablet}",
        "tablets": "{tablet}",
    }
)
"""The code of each printed unit. UCUM's own drop, ``[drp]``, is 1/20 mL and never ours."""
