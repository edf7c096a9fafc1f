"""Test the wheel as it is installed, never the source tree.

``release`` builds the last commit, checks what it says of itself, installs the wheel beside the
pinned tools and runs the tests that the sdist holds. ``versions`` does the same with the oldest
and with the newest packages that pyproject.toml allows.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

import dist
from locks import REQUIREMENTS, ROOT, requirement_name

__all__ = ["Outcome", "newest_python", "oldest_python", "release", "versions"]

BUILD = ROOT / "build"
SHOWN = ("pydantic", "pint", "python-dateutil", "typst", "icalendar", "matplotlib", "pyarrow")
WHERE = "import ldn_titration; print(ldn_titration.__file__)"


class Outcome(NamedTuple):
    """What came of a run: how many tests, and what is wrong, if anything is."""

    label: str
    tests: int
    faults: tuple[str, ...]


def release(*arguments: str) -> Outcome:
    """The wheel of the last commit, on the pins that the tests run on."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "dist"
        out.mkdir()
        files = dist.built(out)
        faults = [f"{name} should not be there" for f in _archives(files) for name in _stray(f)]
        faults += _described(_archives(files))
        python = _environment("release", Path(sys.executable), "dev", files, deps=True)
        outcome = _tested("release", python, files, arguments)
    return outcome._replace(faults=(*faults, *outcome.faults))


def versions(*arguments: str) -> list[Outcome]:
    """The wheel of the last commit, on the oldest packages and on the newest."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        files = dist.built(out)
        outcomes = []
        for name, base in (("oldest", oldest_python()), ("newest", newest_python())):
            python = _environment(name, base, name, files, deps=False)
            outcomes.append(_tested(name, python, files, arguments))
    return outcomes


def oldest_python() -> Path:
    """Python 3.11 where there is one, else the one that runs this."""
    return _first_of("LDN_OLDEST_PYTHON", "python3.11")


def newest_python() -> Path:
    """The newest Python to be had: of ``LDN_NEWER_PYTHON``, of the path, or this one."""
    return _first_of("LDN_NEWER_PYTHON", "python3.13", "python3.12")


def _first_of(variable: str, *names: str) -> Path:
    for name in (os.environ.get(variable, ""), *names):
        found = shutil.which(name) if name else None
        if found and _runs(found):
            return Path(found)
    return Path(sys.executable)


def _runs(python: str) -> bool:
    done = subprocess.run([python, "-c", "import ensurepip, venv"], capture_output=True)
    return done.returncode == 0


def _archives(files: list[Path]) -> list[Path]:
    return [path for path in files if path.suffix in {".whl", ".gz"}]


def _stray(path: Path) -> list[str]:
    return dist.misplaced(path)


def _described(archives: list[Path]) -> list[str]:
    """What twine says against the metadata or the README as an index would show it."""
    command = [sys.executable, "-m", "twine", "check", "--strict", *map(str, archives)]
    done = subprocess.run(command, capture_output=True, text=True)
    return [f"metadata: {done.stdout[-500:]}{done.stderr[-500:]}"] if done.returncode else []


def _environment(name: str, base: Path, pins: str, files: list[Path], *, deps: bool) -> Path:
    """A fresh environment under build/ with these pins and the wheel; its Python."""
    place = BUILD / f"{name}-env"
    shutil.rmtree(place, ignore_errors=True)
    subprocess.run([str(base), "-m", "venv", str(place)], check=True)
    python = place / "bin" / "python"
    pip = [str(python), "-m", "pip", "install", "--quiet"]
    hashed = ["--require-hashes", "--requirement", str(REQUIREMENTS / f"{pins}.txt")]
    subprocess.run([*pip, *([] if deps else ["--no-deps"]), *hashed], check=True)
    (wheel,) = (path for path in files if path.suffix == ".whl")
    subprocess.run([*pip, "--no-deps", str(wheel)], check=True)
    return python


def _tested(name: str, python: Path, files: list[Path], arguments: tuple[str, ...]) -> Outcome:
    """Run the tests of the sdist with this Python, in a folder away from the source tree."""
    (sdist,) = (path for path in files if path.suffix == ".gz")
    clean = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    told = clean | {"LDN_TESTED_FROM": str(python.parents[1])}
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(sdist) as archive:
            archive.extractall(folder, filter="data")
        (tree,) = Path(folder).iterdir()
        report = Path(folder) / "report.xml"
        command = [str(python), "-m", "pytest", "-n", "auto", f"--junitxml={report}", *arguments]
        place = subprocess.run([str(python), "-c", WHERE], cwd=tree, env=told, capture_output=True)
        if not Path(place.stdout.decode().strip()).is_relative_to(python.parents[1]):
            return Outcome(_label(name, python), 0, ("the installed package is not imported",))
        subprocess.run(command, cwd=tree, env=told)
        return _read(_label(name, python), report)


def _read(label: str, report: Path) -> Outcome:
    suites = list(ElementTree.parse(report).getroot()) if report.exists() else []  # noqa: S314
    count = {key: sum(int(suite.get(key, 0)) for suite in suites) for key in _COUNTED}
    faults = [f"{count[key]} {key}" for key in _COUNTED[1:] if count[key]]
    return Outcome(label, count["tests"], tuple(faults) if suites else ("no test was run",))


_COUNTED = ("tests", "failures", "errors")


def _label(name: str, python: Path) -> str:
    told = subprocess.run([str(python), "--version"], capture_output=True, text=True, check=True)
    kept = [str(python), "-m", "pip", "list", "--format=freeze"]
    frozen = subprocess.run(kept, capture_output=True, text=True, check=True).stdout.split()
    pins = {requirement_name(pin): pin.partition("==")[2] for pin in frozen}
    shown = [f"{package} {version}" for package, version in pins.items() if package in SHOWN]
    return f"{name}: {told.stdout.strip()}, {', '.join(shown)}"


def main(arguments: list[str]) -> int:
    """``release`` or ``versions``; what follows goes to pytest."""
    what, *rest = arguments
    outcomes = [release(*rest)] if what == "release" else versions(*rest)
    for each in outcomes:
        print(f"{each.label}\n  {each.tests:,} tests; {'; '.join(each.faults) or 'all passed'}")
    return any(each.faults for each in outcomes)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
