"""The list of third-party software: all that is declared, and a test of ours for each trap."""

from __future__ import annotations

import tomllib

import pytest

import safety_log
from conftest import ROOT
from safety_log import Trap

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
TRAP = Trap("pint", "t", "c", "tests/test_hazard_log.py::test_a_sound_pair_has_no_fault")


def declared() -> set[tuple[str, str]]:
    """What pyproject.toml asks for, by part; the extra "all" only repeats the others."""
    asked = {("run time", each) for each in PROJECT["dependencies"]}
    asked.add(("run time", PROJECT["requires-python"]))
    for extra, needed in PROJECT["optional-dependencies"].items():
        if extra != "all":
            asked |= {(f"extra {extra}", each) for each in needed}
    return asked


@pytest.mark.hazard("S08")
def test_what_is_declared_is_listed_and_what_is_listed_is_declared() -> None:
    """A dependency more, another range or one less is a change of the list, seen in review."""
    listed = [(row.part, row.requirement) for row in safety_log.libraries()]
    assert len(listed) == len(set(listed))
    shipped = {each for each in listed if each[0] == "shipped"}
    assert set(listed) - shipped == declared()
    assert shipped == {("shipped", "Regular and Bold, unchanged")}
    assert all(cell for row in safety_log.libraries() for cell in row)


def test_every_trap_has_its_test() -> None:
    assert safety_log.without_test(safety_log.traps(), safety_log.tests()) == []


def test_every_library_in_use_has_a_trap_and_every_trap_a_library() -> None:
    libraries = {row.name for row in safety_log.libraries()}
    assert {row.name for row in safety_log.traps()} == libraries


@pytest.mark.parametrize(
    ("row", "faulty"),
    [
        (TRAP, False),
        (TRAP._replace(test="tests/test_hazard_log.py::test_that_is_not"), True),
        (TRAP._replace(test="tests/test_hazard_log.py"), True),
        (TRAP._replace(test=""), True),
        (TRAP._replace(control=" "), True),
    ],
)
def test_a_trap_without_a_test_is_told(row: Trap, faulty: bool) -> None:
    assert bool(safety_log.without_test([row], safety_log.tests())) is faulty
