"""Each property of the hazard log that is this library's has its test, and none stands twice."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

PROPERTIES = set(range(1, 63))

SEVERAL = {8, 11, 14, 27, 32, 33, 56, 57, 58, 61}
"""Properties with a test for each of two or three things that they are about."""

TEST = re.compile(
    r'^def test_p(?P<number>\d\d)_\w+\(.*?"""P(?P<clause>\d\d)[: (]', re.MULTILINE | re.DOTALL
)


def found() -> list[tuple[int, int]]:
    """The number in the name and in the docstring of every test of a property."""
    texts = [path.read_text() for path in sorted(Path(__file__).parent.glob("test_*.py"))]
    named = [
        name
        for text in texts
        for name in re.findall(r"^def (test_p\d\d_\w+)\(", text, re.MULTILINE)
    ]
    told = [(int(m["number"]), int(m["clause"])) for text in texts for m in TEST.finditer(text)]
    assert len(told) == len(named), "a test of a property without its clause"
    return told


def test_every_property_has_its_test() -> None:
    assert {number for number, _ in found()} == PROPERTIES


def test_every_test_tells_its_own_clause() -> None:
    assert [number for number, clause in found() if number != clause] == []


def test_a_property_has_one_test_where_it_is_not_said_to_have_several() -> None:
    """P34 to P55 may have several where they say so in their own file."""
    counts = Counter(number for number, _ in found())
    twice = {number for number, times in counts.items() if times > 1}
    assert twice - set(range(34, 56)) - {62} == SEVERAL
