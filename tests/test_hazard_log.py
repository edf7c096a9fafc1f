"""The hazard log and the tests, paired both ways."""

from __future__ import annotations

import pytest

import safety_log
from conftest import ROOT
from safety_log import Hazard, Test

TESTS = safety_log.tests()
LOG = safety_log.hazards()
SOUND = Hazard("A01", "4", "h", "c", "h", "c", "tests/test_a.py::test_a", "controlled")
SOURCE = """
@pytest.mark.hazard("A01")
def test_a(): ...
"""


def faults(*rows: Hazard, source: str = SOURCE) -> list[str]:
    return safety_log.faults(list(rows), safety_log.tests_of(source, "tests/test_a.py"))


def test_every_hazard_has_its_test_and_every_mark_its_hazard() -> None:
    assert safety_log.faults(LOG, TESTS) == []


def test_the_log_is_no_smaller_than_the_99_hazards_it_began_with() -> None:
    assert len(LOG) >= 125
    families = {row.id[0] for row in LOG}
    assert families == set("AUDFTWOREICKHS")
    assert sum(row.status == "controlled" for row in LOG) >= 117


def test_the_log_is_sorted_within_its_families() -> None:
    families = list(dict.fromkeys(row.id[0] for row in LOG))
    assert [row.id for row in LOG] == sorted(
        (row.id for row in LOG), key=lambda name: (families.index(name[0]), name)
    )


def test_the_tests_that_are_read_are_those_of_the_files() -> None:
    """Not fewer than pytest finds in two files, and this one with its mark-less tests."""
    here = {test.node for test in TESTS if test.node.startswith("tests/test_hazard_log.py::")}
    mine = {f"tests/test_hazard_log.py::{name}" for name in globals() if name.startswith("test_")}
    assert here == mine
    assert len(TESTS) > 800
    assert all((ROOT / test.node.split("::")[0]).is_file() for test in TESTS)


def test_a_sound_pair_has_no_fault() -> None:
    assert faults(SOUND) == []


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (SOUND._replace(test="tests/test_a.py::test_b"), "test_b does not exist"),
        (SOUND._replace(test="tests/test_b.py::test_a"), "does not exist"),
        (SOUND._replace(test="tests/test_a.py"), "does not exist"),
        (SOUND._replace(test="tests/test_a.py::test_a[1]"), "does not exist"),
        (SOUND._replace(control=" "), "empty cell"),
        (SOUND._replace(severity="6"), "severity 6"),
        (SOUND._replace(severity="0"), "severity 0"),
        (SOUND._replace(status="not built"), "status"),
        (SOUND._replace(status="not built: a service"), "status"),
        (SOUND._replace(status="open"), "status"),
    ],
)
def test_a_row_that_is_wrong_is_told(row: Hazard, said: str) -> None:
    (fault,) = faults(row)
    assert fault.startswith("A01: ")
    assert said in fault


def test_a_test_without_its_mark_is_told() -> None:
    unmarked = "def test_a(): ...\n" + SOURCE.replace("test_a", "test_b")
    assert faults(SOUND, source=unmarked) == ["A01: tests/test_a.py::test_a is not marked with it"]


def test_a_mark_of_an_unknown_hazard_is_told_wherever_it_stands() -> None:
    known = SOURCE.replace('"A01"', '"A01", "A99"')
    assert faults(SOUND, source=known) == ["tests/test_a.py::test_a: A99 is no hazard of the log"]
    outside = 'pytestmark = pytest.mark.hazard("A98")' + SOURCE
    assert faults(SOUND, source=outside) == ["tests/test_a.py: A98 is no hazard of the log"]
    hidden = "@pytest.mark.hazard(*IDS)\ndef test_b(): ..." + SOURCE
    assert faults(SOUND, source=hidden) == ["tests/test_a.py::test_b: *IDS is no hazard of the log"]


def test_a_hazard_that_stands_twice_is_told() -> None:
    assert faults(SOUND, SOUND) == ["A01: stands more than once"]


def test_a_mark_on_another_test_of_the_same_name_does_not_count() -> None:
    nested = "class TestA:\n    @pytest.mark.hazard('A01')\n    def test_a(self): ...\n"
    assert faults(SOUND, source=nested) == ["A01: tests/test_a.py::test_a does not exist"]
    method = SOUND._replace(test="tests/test_a.py::TestA::test_a")
    assert faults(method, source=nested) == []


def test_what_is_not_built_names_its_modules() -> None:
    row = SOUND._replace(status="not built: a service (ldn_titration.service, fastapi)")
    assert row.absent == ("ldn_titration.service", "fastapi")
    assert faults(row) == []
    assert SOUND.absent == ()


def test_codes_are_found_whole_in_a_test_and_in_the_tables_that_it_uses() -> None:
    source = '''
USED: dict[str, int] = {"LEN-91": 1}
OTHER = "BUD-91"
@pytest.mark.parametrize("code", USED)
def test_a(code):
    """P97, P971, XP18 and MED-92; OPI-012 and 7-OPI-01 are none, and P1 neither."""
'''
    (found,) = safety_log.tests_of(source, "tests/test_a.py")
    assert found == Test("tests/test_a.py::test_a", (), frozenset({"P97", "MED-92", "LEN-91"}))
