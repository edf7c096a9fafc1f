"""The command line: exit codes, channels, files, and hostile requests."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from conftest import ROOT

EXAMPLE = ROOT / "examples" / "drops-18-weeks.json"
GOOD: dict[str, Any] = json.loads(EXAMPLE.read_text())


def run(
    *arguments: str | Path, stdin: bytes = b"", code: str = "", cwd: Path | None = None
) -> subprocess.CompletedProcess[bytes]:
    """The command as a process of its own; ``code`` runs before it."""
    start = f"{code}\nfrom ldn_titration.cli import entry\nentry()"
    return subprocess.run(
        [sys.executable, "-c", start, *map(str, arguments)],
        input=stdin,
        capture_output=True,
        check=False,
        cwd=cwd,
        env={**os.environ, "COLUMNS": "80"},
    )


def planned(request: dict[str, Any], *arguments: str, code: str = "") -> Any:
    return run("plan", "-", *arguments, stdin=json.dumps(request).encode(), code=code)


HOLD = {**GOOD, "patient": {**GOOD["patient"], "pregnant": "yes"}}
UNMEASURABLE = {**GOOD, "regimen": {"steps": [{"dose": "0.3 mg"}]}}
WRONG = {**GOOD, "start": "04.01.2027"}
NO_TYPST = "import sys; sys.modules['typst'] = None"


@pytest.mark.parametrize(
    ("request_", "arguments", "code", "exit_code"),
    [
        (GOOD, ["--format", "pdf"], "", 0),
        (WRONG, ["--format", "pdf"], NO_TYPST, 2),
        (UNMEASURABLE, ["--format", "pdf"], NO_TYPST, 5),
        (UNMEASURABLE, [], NO_TYPST, 4),
        ({**UNMEASURABLE, "patient": HOLD["patient"]}, [], "", 4),
        (HOLD, ["--format", "pdf"], NO_TYPST, 5),
        (HOLD, [], "", 3),
        (HOLD, ["--draft"], "", 0),
        ({**UNMEASURABLE, "patient": HOLD["patient"]}, ["--draft"], "", 4),
    ],
)
def test_where_several_apply_the_code_is_2_then_5_then_4_then_3(
    request_: dict[str, Any], arguments: list[str], code: str, exit_code: int
) -> None:
    result = planned(request_, *arguments, code=code)
    assert result.returncode == exit_code, result.stderr
    assert bool(result.stdout) is (exit_code == 0)
    assert b"Traceback" not in result.stderr


def test_a_missing_part_is_named_with_what_to_install() -> None:
    result = planned(GOOD, "--format", "pdf", code=NO_TYPST)
    assert b'pip install "ldn-titration[pdf]"' in result.stderr


def test_the_ending_tells_the_format(tmp_path: Path) -> None:
    starts = {
        "json": b'{"schema": "ldn-titration/plan/1"',
        "txt": b"Naltrexone hydrochloride",
        "csv": b"date,dose,",
        "html": b"<!doctype html>",
        "pdf": b"%PDF-",
    }
    for ending, start in starts.items():
        out = tmp_path / f"calendar.{ending}"
        result = run("plan", EXAMPLE, "--out", out)
        assert (result.returncode, result.stdout, result.stderr) == (0, b"", b"")
        assert out.read_bytes().startswith(start)
    assert len(list(tmp_path.iterdir())) == len(starts), "no temporary file is left"


def test_nothing_is_written_where_no_plan_is_made(tmp_path: Path) -> None:
    for request in (WRONG, UNMEASURABLE, HOLD):
        out = tmp_path / "calendar.pdf"
        out.write_bytes(b"the old one")
        assert planned(request, "--out", str(out), "--overwrite").returncode in {2, 3, 4}
        assert out.read_bytes() == b"the old one"
        assert list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize("out", ["calendar.docx", "calendar", "no/such/folder/c.pdf", "."])
def test_a_file_that_cannot_be_written_is_told(out: str, tmp_path: Path) -> None:
    result = run("plan", EXAMPLE, "--out", out, cwd=tmp_path)
    assert result.returncode == 2
    assert result.stderr.startswith(b"--out: ")
    assert list(tmp_path.iterdir()) == []


def test_a_request_that_is_not_there_is_told() -> None:
    result = run("plan", "no-such-request.json")
    assert (result.returncode, result.stdout) == (2, b"")
    assert result.stderr == b"no-such-request.json: No such file or directory\n"


FEW_SECONDS = "import resource; resource.setrlimit(resource.RLIMIT_CPU, (15, 15))"
"""Of processor, the start included: work without an end takes more on any machine."""

HOSTILE = {
    "nothing": b"",
    "null": b"null",
    "list": b"[]",
    "deep": b"[" * 200_000,
    "deep objects": b'{"regimen":' * 100_000,
    "no UTF-8": b'{"start": "\xff"}',
    "lone surrogate": b'{"patient": {"name": "\\ud800"}}',
    "terminal codes in a key": b'{"\\u001b[2J\\n": 1}',
    "long key": b'{"' + b"k" * 500_000 + b'": 1}',
    "long number": b'{"length_days": ' + b"9" * 500_000 + b"}",
    "1E400": b'{"length_days": 1E400}',
    "too large": b" " * (1 << 20) + b"{}",
    "many steps": b'{"regimen": {"steps": [' + b'{"dose": "1 mg"},' * 40_000 + b"{}]}}",
    "many medicines": b'{"patient": {"medications": [' + b'"x",' * 200_000 + b'"y"]}}',
}


def _hostile(request: dict[str, Any]) -> bytes:
    return json.dumps({**GOOD, **request}).encode()


HOSTILE |= {
    "billion days": _hostile({"regimen": {"steps": [{"dose": "1 mg", "days": 10**9}]}}),
    "billion steps": _hostile(
        {"regimen": {"ramp": {"from": "1 pg", "by": "1 pg", "every_days": 1, "to": "100 mg"}}}
    ),
    "strengths too alike": _hostile(
        {
            "regimen": {"steps": [{"dose": f"{n} mg", "days": 1} for n in range(1, 200)]},
            "preparation": {"form": "tablets", "strengths": ["1 mg", "1.000001 mg"], "parts": 8},
        }
    ),
    "long dose": _hostile({"regimen": {"steps": [{"dose": "9" * 5000 + " mg"}]}}),
    "huge exponent": _hostile({"regimen": {"steps": [{"dose": "1e10000000 mg"}]}}),
}


@pytest.mark.hazard("S01")
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_request_ends_at_once_with_one_line_a_problem(name: str, tmp_path: Path) -> None:
    """S01: exit 2 before the system ends it for its use of the processor; nothing written."""
    result = run(
        "plan", "-", "--out", tmp_path / "plan.json", stdin=HOSTILE[name], code=FEW_SECONDS
    )
    lines = result.stderr.decode().splitlines()
    assert result.returncode == 2
    assert all(": " in line and line.isprintable() for line in lines)
    assert "Traceback" not in result.stderr.decode()
    assert list(tmp_path.iterdir()) == []


def test_screen_prints_the_screening_and_its_exit_code() -> None:
    clear = run("screen", EXAMPLE)
    held = run("screen", "-", stdin=json.dumps(HOLD).encode())
    text = run("screen", "-", "--format", "text", stdin=json.dumps(HOLD).encode())
    assert (clear.returncode, json.loads(clear.stdout)["verdict"]) == (0, "clear")
    assert (held.returncode, json.loads(held.stdout)["verdict"]) == (3, "hold")
    assert (text.returncode, b"[HOLD] PRG-01" in text.stdout) == (3, True)


def test_the_screening_of_a_plan_is_what_screen_prints() -> None:
    plan = json.loads(run("plan", EXAMPLE).stdout)
    assert plan["screening"] == json.loads(run("screen", EXAMPLE).stdout)


def test_protocols_lists_every_protocol_with_its_reason_where_refused() -> None:
    listed = json.loads(run("protocols").stdout)
    assert len(listed) == 36
    assert {entry["id"] for entry in listed} >= {"brief_002_drops", "uldn"}
    assert all(entry["reason"] for entry in listed if entry["kind"] == "refused")
    assert b"brief_002_drops (ramp)" in run("protocols", "--format", "text").stdout


def test_opioid_tells_its_window_with_sources_and_does_not_guess() -> None:
    known = run("opioid", "7804")
    assert [row["id"] for row in json.loads(known.stdout)] == ["oxycodone_ir", "oxycodone_er"]
    assert json.loads(known.stdout)[0]["sources"][0]["tier"] == 1
    assert json.loads(run("opioid", "Percocet").stdout)[0]["window"] == [7, 10]
    unknown = run("opioid", "oxycodon")
    assert (unknown.returncode, json.loads(unknown.stdout)) == (3, [])


def test_every_example_and_every_good_case_fits_the_request_schema() -> None:
    schema = json.loads(run("schema", "request").stdout)
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    good = [path.parent / "request.json" for path in (ROOT / "tests/cases").glob("*/plan.json")]
    for path in (*good, *(ROOT / "examples").glob("*.json")):
        validator.validate(json.loads(path.read_text()))
    for wrong in ("wrong-float-dose", "wrong-unknown-key", "wrong-two-regimens"):
        bad = json.loads((ROOT / "tests/cases" / wrong / "request.json").read_text())
        assert not validator.is_valid(bad), wrong


def test_the_plan_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(json.loads(run("schema", "plan").stdout))


def test_help_and_mistyped_commands_end_without_a_traceback() -> None:
    assert run("--help").returncode == 0
    for arguments in (["plam"], [], ["plan"], ["plan", "x", "--format", "docx"]):
        result = run(*arguments)
        assert result.returncode == 2
        assert b"Traceback" not in result.stderr


def test_a_closed_pipe_ends_quietly() -> None:
    """Nobody reads any more before a byte is written: no traceback, and no code of a failure."""
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "ldn_titration", "protocols"]
    result = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, check=False)
    os.close(writer)
    assert (result.returncode, result.stderr) == (0, b"")


# --- supply ---------------------------------------------------------------------------

NO_DATE = {
    **GOOD,
    "preparation": {k: v for k, v in GOOD["preparation"].items() if k != "beyond_use_days"},
}
RANGES = json.loads((ROOT / "examples" / "every-3-to-4-days.json").read_text())


def supplied(request: dict[str, Any], *arguments: str) -> Any:
    return run("supply", "-", *arguments, stdin=json.dumps(request).encode())


@pytest.mark.parametrize(
    ("request_", "arguments", "exit_code"),
    [
        (GOOD, [], 0),
        (WRONG, [], 2),
        (NO_DATE, [], 2),
        ({**NO_DATE, "patient": HOLD["patient"]}, [], 2),
        ({**NO_DATE, "regimen": UNMEASURABLE["regimen"]}, [], 2),
        (UNMEASURABLE, [], 4),
        ({**UNMEASURABLE, "patient": HOLD["patient"]}, [], 4),
        (HOLD, [], 3),
        (HOLD, ["--draft"], 0),
        ({**RANGES, "order": {"quantity": "25 mL", "days_supply": 56}}, [], 0),
        ({**RANGES, "order": {"quantity": "5.6 mL", "days_supply": 56}}, [], 3),
        ({**RANGES, "order": {"quantity": {"1.5 mg": 14}}}, [], 2),
        (GOOD, ["--lead-days", "-1"], 2),
        (GOOD, ["--fill-days", "0"], 2),
    ],
)
def test_supply_exits_by_what_is_wrong(
    request_: dict[str, Any], arguments: list[str], exit_code: int
) -> None:
    result = supplied(request_, "--format", "json", *arguments)
    assert result.returncode == exit_code, result.stderr
    assert b"Traceback" not in result.stderr
    assert bool(result.stdout) is (exit_code == 0 or b"5.6 mL" in result.stdout)


def test_supply_prints_the_shape_of_the_contract() -> None:
    """Section 2: schema, bottles with their dates and volumes, dispense, totals."""
    told = json.loads(supplied(GOOD, "--format", "json", "--lead-days", "3").stdout)
    assert told["schema"] == "ldn-titration/supply/1"
    assert [bottle["bottle"] for bottle in told["bottles"]] == list(range(1, 11))
    assert told["bottles"][7] == {
        "bottle": 8,
        "made_on": "2027-04-12",
        "discard_on": "2027-04-26",
        "first_dose": "2027-04-12",
        "last_dose": "2027-04-23",
        "drawn": "9.25 mL",
        "wasted": "0.75 mL",
        "left": "0 mL",
        "ended_by": "too little left",
    }
    assert told["dispense"]["quantity"] == "100 mL"
    assert told["dispense"]["refills"] == 9
    assert told["dispense"]["order_on"][:2] == ["2027-01-01", "2027-01-15"]
    assert told["totals"] == {
        "dispensed": "100 mL",
        "taken": "59.85 mL",
        "wasted": "34.65 mL",
        "left": "5.5 mL",
    }


def test_supply_of_capsules_counts_by_strength_in_place_of_bottles() -> None:
    request = json.loads((ROOT / "examples" / "capsules-two-weekly.json").read_text())
    request["length_days"] = 56
    told = json.loads(supplied(request, "--format", "json", "--fill-days", "28").stdout)
    assert "bottles" not in told
    assert told["capsules"] == {"4.5 mg": 28, "3 mg": 14, "1.5 mg": 14}
    assert told["dispense"]["refills"] == 1
    fills = [(fill["from"], fill["to"], fill["quantity"]) for fill in told["dispense"]["fills"]]
    assert fills == [
        ("2027-01-04", "2027-01-31", {"3 mg": 14, "1.5 mg": 14}),
        ("2027-02-01", "2027-02-28", {"4.5 mg": 28}),
    ]


def test_the_text_of_supply_fits_a_terminal_and_names_every_bottle() -> None:
    for example in sorted((ROOT / "examples").glob("*.json")):
        result = run("supply", example, "--format", "text", "--draft", "--lead-days", "3")
        text = result.stdout.decode()
        assert result.returncode == 0, result.stderr
        assert max(map(len, text.splitlines())) <= 80, example.name
        assert "Sig by step" in text
    text = run("supply", EXAMPLE, "--format", "text").stdout.decode()
    table = text[text.index("Bottles") :].splitlines()
    assert sum(line[:2].strip().isdigit() for line in table) == 10


def test_a_plan_and_its_supply_say_the_same_of_a_switch() -> None:
    """F01: the switch is marked, counts change, milligrams do not."""
    living = ROOT / "examples" / "living-plan.json"
    told = json.loads(run("supply", living, "--format", "json").stdout)
    plan = json.loads(run("plan", living, "--format", "json").stdout)
    parts = [part["taken"] for part in told["totals"]["parts"]]
    assert parts == [part["units"]["volume"] for part in plan["totals"]["by_preparation"]]
    page = run("plan", living, "--format", "html").stdout.decode()
    assert "SWITCH: stop the drops. From now 1 mg/mL" in page.replace("\u00a0", " ")


def test_options_of_a_calendar_file_are_not_passed_over_elsewhere() -> None:
    done = run("plan", str(EXAMPLE), "--format", "csv", "--remind", "--key", "a")
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.decode().splitlines() == [
        "--remind: is for a calendar file (--format ics), and this is csv",
        "--key: is for a calendar file (--format ics), and this is csv",
    ]
