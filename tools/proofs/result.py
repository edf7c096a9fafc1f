"""The result of a proof, and how tests are run for one."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

__all__ = ["ROOT", "Result", "digest", "git", "tests"]

ROOT = Path(__file__).parents[2]


class Result(NamedTuple):
    """What a proof reached: its figure, whether the goal is met, and if not, why and what would."""

    figure: str
    met: bool
    why: str = ""


def digest(paths: tuple[str, ...]) -> str:
    """Of the bytes of all files that git knows under those paths."""
    listed = git("ls-files", "-z", "--", *paths).split("\0")
    total = hashlib.sha256()
    for name in sorted(filter(None, listed)):
        total.update(name.encode() + b"\0" + (ROOT / name).read_bytes())
    return total.hexdigest()


def git(*arguments: str) -> str:
    """What git says."""
    done = subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True)
    return done.stdout


def tests(*arguments: str, **environment: str) -> Result:
    """Run these tests, on all cores; the goal is met where there are some and each passes."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-q", "-n", "auto", f"--junitxml={report}"]
        done = subprocess.run([*command, *arguments], cwd=ROOT, env=os.environ | environment)
        suites = ElementTree.parse(report).getroot() if report.exists() else []  # noqa: S314
        counts = {name: _total(suites, name) for name in ("tests", "failures", "errors", "skipped")}
    figure = f"{counts['tests']:,} tests"
    if counts["skipped"]:
        figure += f", {counts['skipped']} skipped"
    failed = counts["failures"] + counts["errors"]
    met = done.returncode == 0 and counts["tests"] > 0 and not failed
    return Result(figure, met, "" if met else f"{failed} failed")


def _total(suites: object, name: str) -> int:
    return sum(int(suite.get(name, 0)) for suite in suites)  # type: ignore[attr-defined]
