"""No advisory is known against a package that the library stands on, or it is said that nobody
could be asked: a silent "no known vulnerabilities" of an audit that skipped all is no proof."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from locks import REQUIREMENTS, entries
from proofs.result import Result

GOAL = "No known advisory against the pinned packages (make audit)"
AUDITED = ("runtime", "dev")


def prove() -> Result:
    """Ask for each file of pins."""
    results = [audited(name) for name in AUDITED]
    met = all(result.met for result in results)
    why = "; ".join(sorted({result.why for result in results if result.why}))
    return Result(", ".join(result.figure for result in results), met, why)


def audited(name: str) -> Result:
    """The pins of one file, each of which must have been asked about."""
    pins = REQUIREMENTS / f"{name}.txt"
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [sys.executable, "-m", "pip_audit", "--strict", "--require-hashes"]
        command += ["--disable-pip", "--requirement", str(pins), "--format=json"]
        command += ["--output", str(report), "--progress-spinner=off", "--timeout=20"]
        done = subprocess.run(command, capture_output=True, text=True)
        told = json.loads(report.read_text(encoding="utf-8")) if report.exists() else {}
    return judged(name, {entry.name for entry in entries(pins.read_text())}, told, done.stderr)


def judged(
    name: str, pinned: set[str], told: dict[str, list[dict[str, object]]], error: str
) -> Result:
    """Met only where every pin was asked about and nothing is known against any."""
    asked = [each for each in told.get("dependencies", []) if "skip_reason" not in each]
    left = {entry for entry in pinned if entry not in {str(each["name"]) for each in asked}}
    if not asked or left:
        last = error.strip().splitlines()[-1][:200] if error.strip() else "no answer"
        why = "not audited: no answer about advisories; run make audit where they can be had"
        return Result(f"{name}: not audited", False, why if not asked else f"{name}: {last}")
    known = [f"{each['name']} {each['version']}" for each in asked if each.get("vulns")]
    figure = f"{name}: {len(asked)} packages asked about, {len(known)} with an advisory"
    return Result(figure, not known, f"advisories against {', '.join(known)}" if known else "")


def main() -> int:
    """Print what came of it; 1 unless met."""
    result = prove()
    print(result.figure + (f"\n{result.why}" if result.why else ""))
    return not result.met


if __name__ == "__main__":
    sys.exit(main())
