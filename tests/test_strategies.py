"""The strategies shipped in ldn_titration.testing: what they draw is within what they say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

from ldn_titration import Mass, Volume
from ldn_titration.testing import masses, volumes

LIMITS = [("1 mcg", "100 mg"), ("1 pg", "2 pg"), ("100 ng", "4.5 mg"), ("1/7 mg", "1/3 mg")]


@pytest.mark.parametrize(("least", "most"), LIMITS)
@pytest.mark.parametrize("decimal", [False, True])
@given(st.data())
def test_masses_are_between_the_two(
    least: str, most: str, decimal: bool, data: st.DataObject
) -> None:
    """A09: never zero, where zero is not asked for; down to the smallest unit that is read."""
    if (least, decimal) == ("1 pg", True):
        with pytest.raises(InvalidArgument):  # no whole microgram lies between them
            data.draw(masses(least, most, decimal=True))
        return
    mass = data.draw(masses(least, most, decimal=decimal))
    assert Mass(least) <= mass <= Mass(most)
    assert not decimal or (mass.magnitude * 1000).denominator == 1


@given(volumes())
def test_volumes_are_from_a_hundredth_of_a_millilitre_to_a_hundred(volume: Volume) -> None:
    assert Volume("0.01 mL") <= volume <= Volume("100 mL")
