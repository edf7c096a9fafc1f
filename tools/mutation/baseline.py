"""Which tests run which line, and how long each takes: one run of the whole suite."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

import coverage

__all__ = ["Baseline", "measured", "read"]

ROOT = Path(__file__).parents[2]
PLACE = ROOT / "build" / "mutation"


class Baseline(NamedTuple):
    """Tests by module and line, and the seconds that each takes."""

    lines: dict[str, dict[int, list[str]]]
    seconds: dict[str, float]


def measured() -> None:
    """Run all tests with coverage and keep what each of them runs."""
    PLACE.mkdir(parents=True, exist_ok=True)
    options = PLACE / "coveragerc"
    data = PLACE / "coverage"
    options.write_text(f"[run]\nbranch = true\nsource_pkgs = ldn_titration\ndata_file = {data}\n")
    report = PLACE / "report.xml"
    subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n", "2", f"--junitxml={report}", "--cov",
         f"--cov-config={options}", "--cov-context=test", "--cov-report="],
        cwd=ROOT, check=True,
    )  # fmt: skip
    lines = _lines(data)
    seconds = _seconds(report)
    (PLACE / "baseline.json").write_text(json.dumps({"lines": lines, "seconds": seconds}))


def read() -> Baseline:
    """What was measured last."""
    kept = json.loads((PLACE / "baseline.json").read_text())
    lines = {
        module: {int(line): tests for line, tests in by_line.items()}
        for module, by_line in kept["lines"].items()
    }
    return Baseline(lines, kept["seconds"])


def _lines(data: Path) -> dict[str, dict[int, list[str]]]:
    kept = coverage.CoverageData(str(data))
    kept.read()
    found: dict[str, dict[int, list[str]]] = {}
    for name in sorted(n for n in kept.measured_files() if "ldn_titration" in Path(n).parts):
        by_line = kept.contexts_by_lineno(name)
        found[module_of(name)] = {
            line: sorted({context.split("|")[0] for context in contexts if context})
            for line, contexts in by_line.items()
        }
    return found


def module_of(name: str) -> str:
    """``.../src/ldn_titration/rules/case.py`` as ``rules.case``."""
    parts = Path(name).with_suffix("").parts
    return ".".join(parts[parts.index("ldn_titration") + 1 :])


def _seconds(report: Path) -> dict[str, float]:
    """By file and name, as a report tells them."""
    seconds: dict[str, float] = defaultdict(float)
    for case in ElementTree.parse(report).iter("testcase"):  # noqa: S314
        seconds[f"{case.get('classname')}::{case.get('name')}"] = float(case.get("time", 0))
    return dict(seconds)
