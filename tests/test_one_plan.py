"""One plan, every face, through the command line: each is read back and says the same.

What is in the kept plans is worked out anew by the slow planners in ``test_cases.py``; the
property over any plan is P49, in ``properties/test_same_rows.py``.
"""

from __future__ import annotations

from pathlib import Path

import pytest

import cases
import readers
from conftest import ROOT
from ldn_titration.request import read_request
from same_rows import same_in_every_face, same_totals

CASES = sorted(path for path in (ROOT / "tests" / "cases").iterdir() if path.is_dir())
EXAMPLES = sorted((ROOT / "examples").glob("*.json"))
REQUESTS = [*(case / "request.json" for case in CASES), *EXAMPLES]
EACH = {"ics": (), "ics, an event a step": ("--each", "step")}

# --- the command line -----------------------------------------------------------------


def through_the_command_line(request: Path, folder: Path) -> dict[str, str | bytes]:
    """Every face of a request, where it makes a plan."""
    extra = request.with_name("arguments.txt")
    arguments = [*(extra.read_text().split() if extra.exists() else []), "--draft"]
    made: dict[str, str | bytes] = {}
    for face in ("json", "csv", "text", "html", "fhir"):
        printed = cases.run_plan(request, "--format", face, *arguments)
        assert printed.returncode == 0, printed.stderr
        made[face] = printed.stdout.decode()
    for name, each in EACH.items():
        made[name] = cases.run_plan(request, "--format", "ics", *each, *arguments).stdout.decode()
    out = folder / "plan.pdf"
    assert cases.run_plan(request, "--out", str(out), *arguments).returncode == 0
    made["pdf"] = out.read_bytes()
    return made


@pytest.mark.hazard("R05")
@pytest.mark.parametrize(
    "request_file", REQUESTS, ids=lambda path: f"{path.parent.name}-{path.stem}"
)
def test_every_face_of_a_request_says_the_same(request_file: Path, tmp_path: Path) -> None:
    """P49: all faces made through the command line; a refused request is refused by all."""
    code = cases.run_plan(request_file, "--format", "json", "--draft").returncode
    if code:
        for face in ("csv", "text", "html", "pdf", "ics", "fhir"):
            out = tmp_path / "plan"
            printed = cases.run_plan(request_file, "--format", face, "--out", str(out), "--draft")
            assert (printed.returncode, out.exists()) == (code, False), face
        return
    made = through_the_command_line(request_file, tmp_path)
    request = read_request(request_file.read_bytes())
    told = readers.read_json(str(made.pop("json")), request.titration().time_of_day)
    assert told.days is not None
    same_totals(told, told.rows)
    same_in_every_face(made, told.rows, told.days, told.draft)


def test_enough_requests_make_a_plan() -> None:
    kept = [case for case in CASES if (case / "plan.json").exists()]
    assert len(kept) > 40
    assert len(EXAMPLES) > 5
