"""Bad inputs: every case of the corpus comes out as expected, in time and in little memory.

A case is tried through every door that it fits: the Python names, the request, the command
line. Where the corpus and the contract differ the contract stands, and the check says so.
"""

from __future__ import annotations

import importlib
import mmap
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from bad_inputs import measure
from bad_inputs.case import Case, as_json, aside, expanded, load, refused
from bad_inputs.measure import BrokenLimit, tells_resident, tried
from ldn_titration import InvalidInputError, LdnTitrationError, Mass, QuantityError

Check = Callable[[Case], None]

CASES = load()
AREAS = tuple(dict.fromkeys(case.area for case in CASES))


class Adapter(NamedTuple):
    """What an area's module says of each of its cases."""

    cases: Mapping[str, Check]
    not_built: Mapping[str, str]


def adapter(area: str) -> Adapter:
    module = importlib.import_module(f"bad_inputs.{area.replace('-', '_')}")
    return Adapter(module.CASES, module.NOT_BUILT)


@pytest.mark.parametrize("case", CASES, ids=[f"{case.area}-{case.id}" for case in CASES])
def test_a_bad_input_comes_out_as_expected(case: Case) -> None:
    cases, not_built = adapter(case.area)
    if case.id in cases:
        tried(cases[case.id], case)
    else:
        assert case.id in not_built, f"{case.id} has neither a check nor a written reason"


@pytest.mark.parametrize("area", AREAS)
def test_an_adapter_knows_the_cases_of_its_area_and_no_others(area: str) -> None:
    cases, not_built = adapter(area)
    ids = {case.id for case in CASES if case.area == area}
    assert set(cases) | set(not_built) == ids
    assert not set(cases) & set(not_built)
    for why in not_built.values():
        assert len(why.split()) >= 8, "a reason is a sentence"


def test_the_corpus_is_whole(record_testsuite_property: Callable[[str, object], None]) -> None:
    assert len(CASES) == len({case.id for case in CASES}) == 252
    not_built = sum(len(adapter(area).not_built) for area in AREAS)
    record_testsuite_property("cases", len(CASES))
    record_testsuite_property("not_built", not_built)
    print(f"{len(CASES)} cases, {not_built} not built")


# --- the harness can fail -------------------------------------------------------------

CASE = Case("B000", "dose-text", {}, "nothing")


def prints_a_traceback(case: Case) -> None:
    print("Traceback (most recent call last):", file=sys.stderr)


def takes_python_memory(case: Case) -> None:
    held = b"x" * len(str(case)) * 1_500_000
    assert len(held) > 64_000_000, "smaller pieces may come from what the process holds free"


def takes_other_memory(case: Case) -> None:
    with mmap.mmap(-1, 30_000_000) as held:
        for place in range(0, len(held), 4096):
            held[place] = 1


def raises_a_foreign_error(case: Case) -> None:
    raise KeyError("dose")


def takes_long(case: Case) -> None:
    time.sleep(0.06)


def fails(case: Case) -> None:
    raise AssertionError("not as expected")


@pytest.mark.parametrize(
    ("check", "words"),
    [
        (raises_a_foreign_error, "B000 let KeyError out"),
        (prints_a_traceback, "B000 printed a traceback"),
        (takes_long, r"B000 took \d\.\d\d s"),
        (takes_python_memory, r"B000 took \d+ MB"),
        (fails, "not as expected"),
    ],
)
def test_a_check_that_breaks_a_limit_is_caught(check: Check, words: str) -> None:
    seconds = 0.05 if check is takes_long else 5
    with pytest.raises(AssertionError, match=words):
        tried(check, CASE, seconds=seconds, megabytes=20)


def test_memory_is_measured_where_the_system_does_not_tell_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(measure, "_CLEAR", tmp_path / "not" / "there")
    monkeypatch.setattr(measure, "tells_resident", tells_resident.__wrapped__)
    assert not measure.tells_resident()
    with pytest.raises(BrokenLimit, match=r"B000 took \d+ MB"):
        tried(takes_python_memory, CASE, seconds=5, megabytes=20)


@pytest.mark.skipif(not tells_resident(), reason="this system does not tell peak memory")
def test_memory_outside_python_is_caught() -> None:
    with pytest.raises(BrokenLimit, match="MB"):
        tried(takes_other_memory, CASE, seconds=5, megabytes=20)


def test_a_check_that_is_slow_only_once_passes() -> None:
    naps = [0.06, 0.0]
    tried(lambda case: time.sleep(naps.pop(0)), CASE, seconds=0.05)
    assert not naps


def test_work_of_the_check_itself_is_not_timed() -> None:
    def reads_a_page(case: Case) -> None:
        with aside():
            time.sleep(0.06)

    tried(reads_a_page, CASE, seconds=0.05)


def test_a_mark_that_is_misspelt_or_not_alone_is_no_value() -> None:
    with pytest.raises(ValueError, match=r"a mark that is not known: \['\$flaot'\]"):
        expanded({"dose": [{"$flaot": "1"}]})
    with pytest.raises(ValueError, match=r"beside a mark: \['days'\]"):
        expanded({"$float": "1", "days": 2})
    with pytest.raises(TypeError, match="set"):
        as_json({1})


def test_what_is_not_refused_as_it_should_be_is_caught() -> None:
    assert isinstance(refused(lambda: Mass("4.5"), "lacks its unit"), QuantityError)
    with pytest.raises(AssertionError, match=r"not refused, but made 4\.5 mg"):
        refused(lambda: Mass("4.5 mg"))
    with pytest.raises(AssertionError, match="'comma' is not in"):
        refused(lambda: Mass("4.5"), "comma")
    with pytest.raises(ZeroDivisionError):
        refused(lambda: 1 // 0)

    class Vague(LdnTitrationError):
        """An error about an input that is no ValueError."""

    def vague() -> None:
        raise Vague

    with pytest.raises(AssertionError, match="Vague"):
        refused(vague)
    assert issubclass(InvalidInputError, ValueError)
