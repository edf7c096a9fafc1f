"""Bad inputs: what programs do to values."""

from __future__ import annotations

import copy
import json
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from typing import Any

import ldn_titration
from bad_inputs.case import Case, accepted, aside, good
from bad_inputs.readers_of_text import refused_by_all
from bad_inputs.yaml_xml import imports_no_other_reader
from ldn_titration import Mass, PatientFacts, Plan, Regimen, Volume, schedule
from ldn_titration.export.document import plan_json
from ldn_titration.export.fhir import plan_fhir
from ldn_titration.export.ics import plan_ics

STEPS = [{"dose": "1.5 mg", "days": 7}, {"dose": "3 mg"}]


def _plan() -> Plan:
    return accepted(good(length_days=14)).plan()


def _refuses(change: Callable[[], object]) -> None:
    """Demand that a change raises one of the errors of what cannot be changed."""
    try:
        change()
    except (TypeError, AttributeError, ValueError) as error:
        assert "Traceback" not in str(error)
        return
    raise AssertionError("it was changed")


def _frozen(case: Case) -> None:
    """Steps are tuples, whatever list they came from; no value takes a new one."""
    given: list[Any] = [dict(step) for step in STEPS]
    regimen = Regimen(steps=given)
    said = regimen.model_dump_json()
    given.append({"dose": "45 mg"})
    given[0]["dose"] = "45 mg"
    steps: Any = regimen.steps
    assert type(steps) is tuple
    for change in (
        lambda: steps.append(1),
        lambda: steps.__setitem__(0, 1),
        lambda: setattr(regimen, "steps", ()),
        lambda: setattr(steps[0], "dose", Mass("45 mg")),
        lambda: setattr(steps[0].dose, "magnitude", 45),
        lambda: delattr(steps[0], "dose"),
    ):
        _refuses(change)
    assert regimen.model_dump_json() == said
    plan = _plan()
    text = plan_json(plan)
    days: Any = plan
    for change in (
        lambda: setattr(plan, "status", "cleared"),
        lambda: days.__setitem__(0, 1),
        lambda: setattr(plan[0], "dose", Mass("45 mg")),
        lambda: setattr(plan.screening, "verdict", "clear"),
    ):
        _refuses(change)
    assert plan_json(plan) == text


_ADDED = """
import pickle, sys
from ldn_titration import Mass
there = pickle.loads(sys.stdin.buffer.read())
print(there + Mass("1.5 mg"), there == Mass("3 mg"), hash(there) == hash(Mass("3 mg")))
"""


@cache
def _in_another_process(code: str, data: bytes = b"", **environment: str) -> bytes:
    """What a fresh process prints; made once, and not timed."""
    with aside():
        asked = [sys.executable, "-c", code]
        env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **environment}
        return subprocess.run(asked, input=data, capture_output=True, check=True, env=env).stdout


def _pickled(case: Case) -> None:
    for value in (Mass("3 mg"), Volume("0.9 mL"), _plan(), accepted(good()), PatientFacts()):
        assert pickle.loads(pickle.dumps(value)) == value  # noqa: S301 - our own bytes
    said = _in_another_process(_ADDED, pickle.dumps(Mass("3 mg")))
    assert said.decode().split() == ["4.5", "mg", "True", "True"]


def _no_load(case: Case) -> None:
    """No source imports pickle, and no public name or method reads one."""
    imports_no_other_reader()
    for name in ldn_titration.__all__:
        public = getattr(ldn_titration, name)
        found = {method for method in dir(public) if not method.startswith("_")}
        assert not found & {"loads", "load", "from_pickle", "read_pickle", "parse_raw_pickle"}, name
    evil = b"cos\nsystem\n(S'false'\ntR."
    refused_by_all(evil, "is no JSON")
    refused_by_all(pickle.dumps({"start": "2027-01-04"}), "is no ")


def _copied(case: Case) -> None:
    plan = _plan()
    for other in (copy.deepcopy(plan), copy.copy(plan)):
        assert other == plan
        assert hash(other) == hash(plan)
        for face in (plan_json, plan_ics, plan_fhir):
            assert face(other) == face(plan)
    assert {plan: 1}[copy.deepcopy(plan)] == 1


_SAID = """
import hashlib, sys
from pathlib import Path
from ldn_titration.request import read_request
from ldn_titration.export.document import plan_json
from ldn_titration.export.fhir import plan_fhir
from ldn_titration.export.ics import plan_ics
from ldn_titration.export.tabular import plan_csv
from ldn_titration.render.html import plan_html
from ldn_titration.render.text import plan_text
plan = read_request(sys.stdin.buffer.read()).plan()
faces = plan_json, plan_fhir, plan_ics, plan_csv, plan_html, plan_text
print([hashlib.sha256(face(plan).encode()).hexdigest() for face in faces])
"""


def _hash_seeds(case: Case) -> None:
    request = good(length_days=28)
    request["patient"]["medications"] = ["ibuprofen", "levothyroxine", "zzyzx", "kratom"]
    request["patient"]["conditions"] = ["asthma", "eczema", "depression"]
    data = json.dumps(request).encode()
    seeds = [str(seed) for seed in case.input["hash_seed"]]
    said = {_in_another_process(_SAID, data, PYTHONHASHSEED=seed) for seed in seeds}
    assert len(said) == 1
    assert said.pop().count(b"'") == 12


def _equal_to_nothing(case: Case) -> None:
    """A plan is no other thing, and never stands for yes."""
    plan, other = _plan(), accepted(good(length_days=15)).plan()
    for none in (None, 0, "", (), [], "plan", object(), Mass("1 mg")):
        assert (plan == none) is False
        assert (none == plan) is False
        assert (plan != none) is True
    assert (plan == other) is False
    verdict: Any = plan.screening.verdict
    _refuses(lambda: bool(verdict))
    _refuses(lambda: "yes" if verdict else "no")
    for value in (plan.regimen, plan.preparation, plan.screening, plan[0]):
        assert (value == None) is False  # noqa: E711 - the comparison is what is tried
    draft = schedule(plan.regimen, plan.preparation, plan.start)
    assert draft.status == "draft"
    assert (draft == plan) is False


CASES: dict[str, Callable[[Case], None]] = {
    "B365": _frozen,
    "B366": _pickled,
    "B367": _no_load,
    "B368": _copied,
    "B370": _hash_seeds,
    "B371": _equal_to_nothing,
}

NOT_BUILT: dict[str, str] = {}
