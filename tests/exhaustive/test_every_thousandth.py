"""Every n/1000 mg to 100 mg: through text, units, JSON and pint, and back, exactly."""

from __future__ import annotations

import os
from fractions import Fraction

import pytest
from pydantic import TypeAdapter

import oracle
from ldn_titration import Mass

WHOLE = bool(os.environ.get("LDN_EXHAUSTIVE"))
MOST = 100_000
THIN = 1 if WHOLE else 41
UNITS = {"pg": 10**9, "ng": 10**6, "mcg": 10**3, "mg": 1, "g": Fraction(1, 1000)}
PINT = {"pg": "picogram", "ng": "nanogram", "mcg": "microgram", "mg": "milligram", "g": "gram"}
ADAPTER = TypeAdapter(Mass)


def decimal(n: int, places: int) -> str:
    """n / 10^places in decimal digits, with every place written."""
    return f"{n // 10**places}.{n % 10**places:0{places}}" if places else str(n)


WRITTEN = {"pg": (6, 0), "ng": (3, 0), "mcg": (0, 0), "mg": (0, 3), "g": (0, 6)}
"""How n mcg are written in a unit: so many zeros behind n, or so many decimal places."""


@pytest.mark.hazard("A04")
def test_every_thousandth_of_a_milligram_through_text() -> None:
    """P01: parse(render(d)) = d, for every n/1000 mg up to 100 mg."""
    for n in range(MOST + 1):
        value = Fraction(n, 1000)
        mass = Mass(f"{n // 1000}.{n % 1000:03} mg")
        assert (mass.magnitude, str(mass)) == (value, oracle.mass_text(value))
        assert Mass(str(mass)).magnitude == value


@pytest.mark.hazard("A03", "A04")
@pytest.mark.parametrize("unit", UNITS)
def test_every_thousandth_of_a_milligram_through_a_unit(unit: str) -> None:
    """P03: mg->mcg->mg exact, and so of g, ng and pg, by text, by number and in JSON."""
    zeros, places = WRITTEN[unit]
    for n in range(0, MOST + 1, THIN):
        value = Fraction(n, 1000)
        mass = Mass(f"{decimal(n * 10**zeros, places)} {unit}")
        assert mass.magnitude == value
        assert Mass.of(mass.magnitude * UNITS[unit], unit) == mass
        assert hash(mass) == hash(Mass.of(value, "mg"))
        assert ADAPTER.validate_json(ADAPTER.dump_json(mass)) == mass


@pytest.mark.hazard("A04", "C03")
def test_every_thousandth_of_a_milligram_through_pint() -> None:
    """P03: mg->mcg->mg exact, through each unit of pint's and back."""
    for n in range(0, MOST + 1, THIN):
        mass = out = Mass.of(Fraction(n, 1000), "mg")
        quantity = out.to_pint()
        for unit in UNITS:
            quantity = quantity.to(PINT[unit])
            assert quantity.magnitude == Fraction(n, 1000) * UNITS[unit]
            assert Mass(quantity) == mass
