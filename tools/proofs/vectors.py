"""The test vectors: counted, whole by their schema, as made, and verified apart."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from jsonschema import Draft202012Validator

from proofs.result import ROOT, Result, tests

GOAL = "5,000 or more language-neutral vectors, verified by an independent implementation"
_FOLDER = ROOT / "vectors"
_LEAST = 5000


def prove() -> Result:
    """Count them, look at each by the schema, make them again, and run the verifier."""
    counts = {path.stem: _count(path) for path in sorted(_FOLDER.glob("*.json")) if _is_file(path)}
    figure = f"{sum(counts.values()):,}: " + ", ".join(
        f"{n:,} {name}" for name, n in counts.items()
    )
    faults = [*_by_schema(), *_by_tests(), *_by_verifier()]
    if sum(counts.values()) < _LEAST:
        faults.append(f"fewer than {_LEAST:,}")
    return Result(figure, not faults, "; ".join(faults))


def _is_file(path: Path) -> bool:
    return path.name != "schema.json"


def _count(path: Path) -> int:
    return sum(len(group["vectors"]) for group in json.loads(path.read_bytes())["groups"])


def _by_schema() -> list[str]:
    schema = Draft202012Validator(json.loads((_FOLDER / "schema.json").read_bytes()))
    files = filter(_is_file, _FOLDER.glob("*.json"))
    wrong = [path.name for path in files if not schema.is_valid(json.loads(path.read_bytes()))]
    return [f"not by the schema: {', '.join(wrong)}"] if wrong else []


def _by_tests() -> list[str]:
    result = tests("tests/test_vectors.py")
    return [] if result.met else [f"tests of the vectors: {result.why}"]


def _by_verifier() -> list[str]:
    verifier = _FOLDER / "verify.py"
    if not verifier.exists():
        return ["not verified: vectors/verify.py is not there"]
    done = subprocess.run(
        [sys.executable, "-E", "-s", str(verifier), str(_FOLDER)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    print(done.stdout, end="")
    if done.returncode:
        last = (done.stdout or done.stderr).strip().splitlines()[-1:]
        return [f"the verifier disagrees: {' '.join(last)}"]
    return []
