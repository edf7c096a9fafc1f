"""Where processes may run that must all print the same: seeds, zones, locales, Pythons."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import NamedTuple

__all__ = ["ROOT", "Surrounding", "digests", "locales", "matrix", "newer_python"]

ROOT = Path(__file__).parents[1]
SCRIPT = ROOT / "tools" / "same_bytes.py"

SEEDS = ("0", "1", "4711", "4294967295")
ZONES = (
    "UTC",
    "America/St_Johns",
    "Pacific/Kiritimati",
    "Pacific/Apia",
    "Asia/Kathmandu",
    "XYZ-25:59",
)
LOCALES = ("C", "C.UTF-8", "tr_TR.UTF-8", "de_DE.UTF-8")
SWITCHES: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    ((), ()),
    (("-O",), ()),
    ((), ("--hostile",)),
    (("-O",), ("--hostile",)),
    ((), ("--threads", "4")),
)
"""Switches of Python, and of the script: in turn, so that each meets every zone and locale."""


class Surrounding(NamedTuple):
    """One process: its Python, its switches and its environment."""

    python: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    environment: dict[str, str]

    def __str__(self) -> str:
        told = " ".join(f"{name}={value}" for name, value in self.environment.items())
        return f"{told} {Path(self.python).parent.parent.name} {' '.join(self.before + self.after)}"


def locales(folder: Path) -> dict[str, str]:
    """What to set so that the locales are there, those that the machine lacks made in a folder.

    A locale that can be neither found nor made is still asked for: a host may do so too.
    """
    there = subprocess.run(["locale", "-a"], capture_output=True, text=True).stdout.split()
    lacking = [name for name in LOCALES[2:] if name.replace("UTF-8", "utf8") not in there]
    if not lacking or shutil.which("localedef") is None:
        return {}
    folder.mkdir(parents=True, exist_ok=True)
    for name in LOCALES[2:]:
        if not (folder / name).exists():
            source = ["-i", name.partition(".")[0], "-f", "UTF-8"]
            subprocess.run(["localedef", *source, str(folder / name)], capture_output=True)
    return {"LOCPATH": str(folder)}


def real_locales(more: dict[str, str]) -> list[str]:
    """Those of the locales that a process here can be set to."""
    code = "import locale; locale.setlocale(locale.LC_ALL, '')"
    return [
        name
        for name in LOCALES
        if subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, **more, "LC_ALL": name},
            capture_output=True,
        ).returncode
        == 0
    ]


def newer_python(folder: Path) -> str | None:
    """A Python newer than this one with the library and its extras installed, if there is any."""
    asked = os.environ.get("LDN_NEWER_PYTHON")
    for name in [asked] if asked else ["python3.14", "python3.13", "python3.12"]:
        found = shutil.which(name)
        if found and _version(found) > sys.version_info[:2]:
            made = folder / "bin" / "python"
            if not made.exists():
                subprocess.run([found, "-m", "venv", str(folder)], check=True)
            extras = f"{ROOT}[pdf,ical,notebook]"
            command = [str(made), "-m", "pip", "install", "--quiet", "--editable", extras]
            subprocess.run(command, check=True)
            return str(made)
    return None


def _version(python: str) -> tuple[int, ...]:
    code = "import sys; print(*sys.version_info[:2])"
    done = subprocess.run([python, "-c", code], capture_output=True, text=True)
    return tuple(map(int, done.stdout.split()))


def matrix(pythons: Sequence[str], more: dict[str, str]) -> Iterator[Surrounding]:
    """Every seed, zone, locale and Python, with the switches in turn."""
    for number, (seed, zone, language, python) in enumerate(
        product(SEEDS, ZONES, LOCALES, pythons)
    ):
        before, after = SWITCHES[number % len(SWITCHES)]
        environment = {"PYTHONHASHSEED": seed, "TZ": zone, "LC_ALL": language}
        if number % 3 == 1:
            environment |= {"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
        yield Surrounding(python, before, after, environment | more)


def digests(where: Surrounding, *arguments: str) -> subprocess.Popen[bytes]:
    """The process under way that prints the digest of each face there."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("LC_")}
    return subprocess.Popen(
        [where.python, *where.before, str(SCRIPT), *where.after, *arguments],
        env={**clean, **where.environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
