"""The golden cases and the examples, through the command line."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest

import cases
import diary_oracle
import oracle
from conftest import ROOT
from ldn_titration import InvalidInputError, Mass
from ldn_titration.request import read_request

CASES = sorted(path for path in (ROOT / "tests" / "cases").iterdir() if path.is_dir())
EXAMPLES = sorted((ROOT / "examples").glob("*.json"))
OUTPUTS = ("exit.txt", "stderr.txt", "plan.json", "sheet.txt", "supply.json")


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.name)
def test_a_case_prints_what_it_printed(case: Path) -> None:
    kept = {name: (case / name).read_bytes() for name in OUTPUTS if (case / name).exists()}
    assert cases.expected(case) == kept


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.name)
def test_a_case_that_fails_prints_no_plan_and_no_traceback(case: Path) -> None:
    code = (case / "exit.txt").read_text().strip()
    said = (case / "stderr.txt").read_text() if (case / "stderr.txt").exists() else ""
    assert (case / "plan.json").exists() is (code == "0")
    assert bool(said) is (code != "0" or not (case / "supply.json").exists())
    assert "Traceback" not in said
    assert {"wrong": "2", "not": "4", "hold": "3", "stop": "3", "insufficient": "3"}.get(
        case.name.split("-")[0], "0"
    ) == code


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.name)
def test_a_kept_plan_is_the_slow_planners(case: Path) -> None:
    """The golden files cannot freeze a wrong figure: the oracle works out each anew."""
    if not (case / "plan.json").exists():
        return
    request = json.loads((case / "request.json").read_text())
    kept = json.loads((case / "plan.json").read_text())
    if "protocol" in request["regimen"]:
        made = read_request((case / "request.json").read_bytes()).titration()
        steps = json.loads(made.model_dump_json(exclude_none=True))["steps"]
        request["regimen"] = {"steps": steps}
    if not request.get("diary") and "cycle" not in json.dumps(request):
        expected = oracle.plan(request)
        assert kept["days"] == expected["days"]
        assert kept["totals"] == expected["totals"]
        return
    rows = diary_oracle.replay(request).rows
    told = [(day["date"], day["step"], day["dose"]) for day in kept["days"]]
    assert told == [
        (str(r.on), r.step, None if r.dose is None else oracle.mass_text(r.dose)) for r in rows
    ]


HASHING = """
import contextlib, hashlib, io, os, sys, tempfile
from ldn_titration.cli import main
digest = hashlib.sha256()
for name in sys.argv[1:]:
    for face in ("json", "text", "csv", "html", "pdf", "ics", "fhir"):
        with tempfile.TemporaryDirectory() as folder:
            out = os.path.join(folder, "plan")
            error = io.StringIO()
            with contextlib.redirect_stderr(error):
                code = main(["plan", name, "--format", face, "--out", out, "--draft"])
            digest.update(f"{code}{error.getvalue()}".encode())
            if os.path.exists(out):
                digest.update(open(out, "rb").read())
print(digest.hexdigest())
"""

SURROUNDINGS = [
    {"PYTHONHASHSEED": "0", "TZ": "UTC", "LC_ALL": "C"},
    {"PYTHONHASHSEED": "0", "TZ": "UTC", "LC_ALL": "C"},
    {"PYTHONHASHSEED": "4711", "TZ": "Pacific/Kiritimati", "LC_ALL": "C.UTF-8"},
    {"PYTHONHASHSEED": "1", "TZ": "America/St_Johns", "LC_ALL": "tr_TR.UTF-8", "PYTHONUTF8": "0"},
]


@pytest.mark.hazard("R06")
def test_every_face_of_every_request_is_the_same_bytes_everywhere() -> None:
    """P50: twice, under other hash seeds, time zones and locales: the same bytes."""
    names = [str(case / "request.json") for case in CASES] + [str(path) for path in EXAMPLES]
    running = [
        subprocess.Popen(
            [sys.executable, "-c", HASHING, *names],
            env={**os.environ, **surroundings},
            stdout=subprocess.PIPE,
        )
        for surroundings in SURROUNDINGS
    ]
    digests = {process.communicate()[0] for process in running}
    assert len(digests) == 1
    assert digests != {hashlib.sha256().hexdigest().encode() + b"\n"}
    assert all(process.returncode == 0 for process in running)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_is_planned_or_refused_for_its_patient_only(example: Path) -> None:
    result = cases.run_plan(example)
    assert result.returncode == (3 if example.stem == "recent-oxycodone" else 0), result.stderr


def test_every_pair_of_events_gives_what_it_gave() -> None:
    assert cases.PAIRS.read_text(encoding="utf-8") == cases.pair_lines()


def test_every_pair_of_events_gives_the_rows_of_the_slow_replayer() -> None:
    """The kept pairs cannot freeze a wrong day: each is replayed day by day."""
    refused = 0
    for name, diary in cases.diary_pairs():
        request = cases.pair_request(diary)
        slow = diary_oracle.replay(request)
        if slow.refusals:
            refused += 1
            with pytest.raises(InvalidInputError):
                cases.pair_plan(diary)
            continue
        rows = [(day.date, day.step, day.dose) for day in cases.pair_plan(diary)]
        assert rows == [(r.on, r.step, oracle_mass(r.dose)) for r in slow.rows], name
    assert 0 < refused < 100


def oracle_mass(dose: Fraction | None) -> Mass | None:
    return None if dose is None else Mass.of(dose, "mg")
