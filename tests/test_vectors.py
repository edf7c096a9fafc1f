"""The published test vectors: their format, and that this library still gives every answer.

The last word on the answers has the verifier that was written apart from this library.
"""

from __future__ import annotations

import io
import json
import re
import shutil
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from datetime import date
from fractions import Fraction
from itertools import groupby
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import vector_parts
import vectors as tool
from conftest import ROOT
from ldn_titration import Concentration, Mass, QuantityError, Volume
from ldn_titration.cli import main as ldn_titration

FOLDER = ROOT / "vectors"
LEAST = {
    "quantities": 900,
    "measures": 900,
    "plans": 1500,
    "diaries": 900,
    "intervals": 900,
    "supply": 400,
}
FILES = {area: json.loads((FOLDER / f"{area}.json").read_bytes()) for area in LEAST}
VECTORS = {
    area: [vector for group in file["groups"] for vector in group["vectors"]]
    for area, file in FILES.items()
}
SCHEMA = jsonschema.Draft202012Validator(json.loads((FOLDER / "schema.json").read_bytes()))


# --- the files ------------------------------------------------------------------------


@pytest.mark.parametrize("area", LEAST)
def test_the_schema_holds(area: str) -> None:
    """Of each group every tenth vector is looked at; the proof looks at all."""
    groups = [group | {"vectors": group["vectors"][::10]} for group in FILES[area]["groups"]]
    assert not list(SCHEMA.iter_errors(FILES[area] | {"groups": groups}))


def test_the_schema_refuses_what_is_no_vector() -> None:
    file = FILES["plans"]
    vector = next(v for v in VECTORS["plans"] if v["result"] == "planned")
    for wrong in (
        {"result": "done"},
        {"id": "Plans 1"},
        {"expected": {}},
        {"expected": vector["expected"] | {"days": "7"}},
        {"expected": vector["expected"] | {"rows": [{"from": "2027-01-04"}]}},
    ):
        group = {"id": "x", "comment": "x", "vectors": [vector | wrong]}
        assert list(SCHEMA.iter_errors(file | {"groups": [group]})), wrong


@pytest.mark.parametrize("area", LEAST)
def test_there_are_enough_and_a_third_are_edges(area: str) -> None:
    vectors, file = VECTORS[area], FILES[area]
    edges = [v for v in vectors if vector_parts.EDGES & set(v["flags"])]
    assert file["count"] == len(vectors) >= LEAST[area]
    assert len(edges) * 3 >= len(vectors)
    assert {flag for v in vectors for flag in v["flags"]} == set(file["flags"])
    assert len({v["result"] for v in vectors}) > 1


def test_none_stands_twice() -> None:
    answers = {"id", "comment", "flags", "result", "expected"}
    for vectors in VECTORS.values():
        given = [json.dumps({k: w for k, w in v.items() if k not in answers}) for v in vectors]
        assert len(set(given)) == len(given)
    ids = [v["id"] for vectors in VECTORS.values() for v in vectors]
    assert len(set(ids)) == len(ids) >= 5000


def test_every_flag_word_and_fault_is_in_the_readme() -> None:
    readme = (FOLDER / "README.md").read_text()
    faults = {v["expected"]["fault"] for v in VECTORS["quantities"] if v["result"] == "refused"}
    assert {fault for fault in faults if f"| `{fault}` |" not in readme} == set()
    for area, vectors in VECTORS.items():
        assert {v["result"] for v in vectors if f"`{v['result']}`" not in readme} == set(), area


def test_the_folder_is_small_and_of_plain_ascii_lines() -> None:
    texts = [path.read_bytes() for path in FOLDER.glob("*.json")]
    assert sum(map(len, texts)) < 6_000_000
    assert all(text.isascii() and b"\r" not in text and text.endswith(b"}\n") for text in texts)


@pytest.mark.hazard("R06")
def test_made_again_every_file_has_the_same_bytes() -> None:
    for path, text in tool.made().items():
        assert path.read_bytes() == text.encode(), f"{path.name}: run python tools/vectors.py"


# --- figures worked out by hand -------------------------------------------------------


def found(area: str, **given: Any) -> dict[str, Any]:
    """The answer of the vector with just that input."""
    (vector,) = [v for v in VECTORS[area] if given.items() <= v.items()]
    return vector["expected"]


def test_figures_worked_out_by_hand() -> None:
    text = found("quantities", text="0.099 mg", **{"as": "mass"})
    assert text == {"text": "99 mcg", "value": "99/1000"}
    assert found("quantities", text="4,5 mg", **{"as": "mass"}) == {"fault": "comma"}
    # Of 1, 1.5 and 3 mg, 2 mg is two of 1 mg: 1.5 leaves half a milligram.
    capsules = {"form": "capsules", "strengths": ["1 mg", "1.5 mg", "3 mg"]}
    assert found("measures", preparation=capsules, dose="2 mg")["units"] == {
        "capsules": {"1 mg": 2}
    }
    # A drop of 5 mg/mL at 22.5 drops/mL is 2/9 mg: four are 8/9 mg, five are 10/9 mg.
    drops = {"form": "drops", "concentration": "5 mg/mL", "drops_per_mL": "22.50"}
    near = found("measures", preparation=drops, dose="1 mg")
    assert (near["below"]["text"], near["above"]["text"]) == ("8/9 mg", "10/9 mg")


def test_an_interval_worked_out_by_hand() -> None:
    # Seven whole days lie between 2 March and 10 March, eleven days after it is 13 March.
    told = [{"substance": "oxycodone", "release": "immediate", "last_taken": "2027-03-02"}]
    vector = next(v for v in VECTORS["intervals"] if v["exposures"] == told)
    assert vector["start"] == "2027-03-10"
    assert vector["expected"] == {"verdict": "hold", "not_before": "2027-03-13"}


def test_a_diary_worked_out_by_hand() -> None:
    # Held 3 days on day 8: 3 mg lasts 10 days, from the 11th to the 20th.
    diary = [{"event": "held", "on": "2027-01-11", "days": 3}]
    vector = next(v for v in VECTORS["diaries"] if v["request"]["diary"] == diary)
    rows = [(row["from"], row["to"], row["dose"]) for row in vector["expected"]["rows"]]
    assert rows == [
        ("2027-01-04", "2027-01-10", "1.5 mg"),
        ("2027-01-11", "2027-01-20", "3 mg"),
        ("2027-01-21", "2027-02-17", "6 mg"),
    ]


# --- read as anybody would ------------------------------------------------------------

KINDS = {"mass": Mass, "volume": Volume, "concentration": Concentration}


@pytest.mark.hazard("A01", "A02", "A03", "U03", "U04")
def test_every_text_is_read_or_refused() -> None:
    for vector in VECTORS["quantities"]:
        kind, expected = KINDS.get(vector["as"], Mass), vector["expected"]
        if vector["result"] == "valid":
            read = kind(vector["text"])
            assert (str(read), read.magnitude) == (expected["text"], Fraction(expected["value"]))
        elif expected["fault"] != "zero":
            with pytest.raises(QuantityError):
                kind(vector["text"])


@pytest.mark.hazard("A10", "F06")
def test_what_is_taken_adds_up_to_the_dose() -> None:
    for vector in VECTORS["measures"]:
        expected, prepared = vector["expected"], vector["preparation"]
        if vector["result"] != "measurable":
            continue
        if "volume" in expected:
            taken = Fraction(expected["volume"]) * strength(prepared)
        else:
            pieces = expected["units"][prepared["form"]].items()
            taken = sum((Mass(each).magnitude * Fraction(n) for each, n in pieces), Fraction(0))
        assert taken == Mass(vector["dose"]).magnitude == Fraction(expected["value"])


def strength(prepared: dict[str, Any]) -> Fraction:
    """How many milligrams are in a millilitre."""
    if "concentration" in prepared:
        return Concentration(prepared["concentration"]).magnitude
    recipe = prepared["dilution"]
    return Mass(recipe["drug"]).magnitude / Volume(recipe["final_volume"]).magnitude


def run(folder: Path, command: str, asked: dict[str, Any]) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of a command."""
    path = folder / "request.json"
    path.write_text(json.dumps(asked))
    out, err = io.TextIOWrapper(io.BytesIO(), encoding="utf-8"), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = ldn_titration([command, str(path), "--format", "json", "--draft"])
    out.seek(0)
    return code, out.read(), err.getvalue()


@pytest.mark.hazard("T08", "T09")
@pytest.mark.parametrize("area", ["plans", "diaries"])
def test_the_command_line_gives_the_same(area: str, tmp_path: Path) -> None:
    """One in thirty, through the command line."""
    for vector in VECTORS[area][::30]:
        code, out, err = run(tmp_path, "plan", vector["request"])
        expected = vector["expected"]
        assert code == expected["exit"], vector["id"]
        if code == 2:
            assert sorted({line.split(": ")[0] for line in err.splitlines()}) == expected["paths"]
        elif code == 4:
            assert told(err) == [(s["step"], s["dose"]) for s in expected["steps"]]
        else:
            assert rows(json.loads(out)["days"]) == expected["rows"], vector["id"]
            assert json.loads(out)["totals"]["dose"] == expected["totals"]["dose"]


def told(err: str) -> list[tuple[int, str]]:
    """Which doses of which steps cannot be measured."""
    lines = re.findall(r"^step ([0-9]+): (.*?) cannot be measured", err, re.MULTILINE)
    return [(int(step), dose) for step, dose in lines]


def rows(days: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The days of a plan in runs of days that are alike."""
    keys = ("time_of_day", "dose", "units")
    alike = []
    for day in days:
        row = {"dose": day["dose"], "units": day["units"]}
        if len(day.get("doses", ())) > 1:
            row["doses"] = [{key: each[key] for key in keys} for each in day["doses"]]
        alike.append((day["date"], row))
    runs = [(row, [day for day, _ in same]) for row, same in groupby(alike, key=lambda d: d[1])]
    return [{"from": dates[0], "to": dates[-1], **row} for row, dates in runs]


def test_supply_on_the_command_line_is_the_same(tmp_path: Path) -> None:
    for vector in VECTORS["supply"][::30]:
        code, out, err = run(tmp_path, "supply", vector["request"])
        expected = vector["expected"]
        if vector["result"] == "wrong":
            assert (code, err.split(": ")[0]) == (2, expected["paths"][0])
            continue
        printed = json.loads(out)
        if "bottles" in expected:
            names = expected["bottles"][0]
            cut = [{name: bottle[name] for name in names} for bottle in printed["bottles"]]
            assert (cut, printed["totals"]) == (expected["bottles"], expected["totals"])
        else:
            counts = printed["totals"]["dispensed"]
            assert {each: str(n) for each, n in counts.items()} == expected["dispensed"]


# --- what holds for all of them -------------------------------------------------------


@pytest.mark.hazard("T02")
def test_the_rows_of_a_plan_are_its_days_without_a_gap() -> None:
    for vector in (*VECTORS["plans"], *VECTORS["diaries"]):
        if vector["result"] != "planned":
            continue
        expected, days, dose = vector["expected"], 0, Fraction(0)
        next_day = date.fromisoformat(vector["request"]["start"][:10]).toordinal()
        for row in expected["rows"]:
            first, last = (date.fromisoformat(row[end]).toordinal() for end in ("from", "to"))
            assert first == next_day, vector["id"]
            next_day, long = last + 1, last - first + 1
            days += long
            dose += Mass(row["dose"]).magnitude * long if row["dose"] else 0
        assert days == expected["days"] == expected["totals"]["days"]
        assert dose == Fraction(expected["totals"]["value"])


@pytest.mark.hazard("A10", "D05")
def test_a_dose_that_cannot_be_measured_lies_between_its_neighbours() -> None:
    near = [v for v in VECTORS["measures"] if v["result"] == "not measurable"]
    for vector in near:
        dose, ends = Mass(vector["dose"]).magnitude, vector["expected"]
        below = Fraction(ends["below"]["value"]) if ends["below"] else Fraction(0)
        assert below < dose < Fraction(ends["above"]["value"]), vector["id"]


SETTLED = {
    (row["substance"], row["release"]) for row in FILES["intervals"]["opioids"] if row["settled"]
}


def is_vague(exposure: dict[str, Any]) -> bool:
    """Whether it is not known what was taken, or when last."""
    named = (exposure["substance"], exposure.get("release", "unknown"))
    vague = named not in SETTLED or exposure["last_taken"] == "unknown"
    return vague and not exposure.get("ongoing")


@pytest.mark.hazard("W01", "W02", "W05")
def test_no_verdict_clears_what_is_not_known() -> None:
    vague = [v for v in VECTORS["intervals"] if any(map(is_vague, v["exposures"]))]
    assert {v["result"] for v in vague} == {"insufficient", "hold", "stop"}


@pytest.mark.hazard("W08")
def test_a_negative_test_changes_no_verdict() -> None:
    (tests,) = [g for g in FILES["intervals"]["groups"] if g["id"] == "tests"]
    by_history: dict[str, set[str]] = {}
    for vector in tests["vectors"]:
        done = [vector["urine_opioid_screen"], vector["naloxone_challenge"]]
        others = {vector["opioid_dependence"], vector["acute_withdrawal"]}
        if "yes" not in others and all(
            each is None or each["result"] == "negative" for each in done
        ):
            history = json.dumps(vector["exposures"])
            by_history.setdefault(history, set()).add(json.dumps(vector["expected"]))
    assert len(by_history) == 8
    assert all(len(verdicts) == 1 for verdicts in by_history.values())


def test_an_implementation_that_shares_no_code_gives_every_expected_value() -> None:
    """Written from the rules in the README alone, with arithmetic and dates of its own."""
    folder = ROOT / "vectors"
    texts = [path.read_text() for path in (folder / "verifier").glob("*.py")]
    assert not any("ldn_titration" in text for text in texts)
    command = [sys.executable, "-E", "-s", str(folder / "verify.py"), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]


def test_the_verifier_tells_each_vector_that_is_wrong(tmp_path: Path) -> None:
    """One expected value of each file is changed: a count, a day, a verdict, a volume."""
    folder = tmp_path / "vectors"
    shutil.copytree(ROOT / "vectors", folder)
    changed = []
    for area in FILES:
        path = folder / f"{area}.json"
        tree = json.loads(path.read_text())
        wanted = {"valid", "measurable", "planned", "supplied", "hold"}
        every = [vector for group in tree["groups"] for vector in group["vectors"]]
        vector = next(each for each in every if each["result"] in wanted)
        vector["expected"][next(iter(vector["expected"]))] = "2001-01-01"
        changed.append(vector["id"])
        path.write_text(json.dumps(tree))
    command = [sys.executable, "-E", "-s", str(folder / "verify.py"), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1
    assert [name for name in changed if name not in done.stdout] == []
