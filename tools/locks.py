"""Reads pyproject.toml and the pinned requirements under requirements/."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any, NamedTuple

__all__ = ["REQUIREMENTS", "ROOT", "Entry", "entries", "project", "requirement_name"]

ROOT = Path(__file__).parents[1]
REQUIREMENTS = ROOT / "requirements"

_PIN = re.compile(r"([a-z0-9-]+)==([^\s;]+)(?:\s*;\s*(.+))?")
_VIA = re.compile(r"# via (.+)")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


class Entry(NamedTuple):
    """One pinned package: where ``marker`` holds, needed by ``via``."""

    name: str
    version: str
    marker: str
    via: tuple[str, ...]
    hashes: tuple[str, ...]

    @property
    def line(self) -> str:
        """The pin as a requirement."""
        return f"{self.name}=={self.version}" + (f" ; {self.marker}" if self.marker else "")


def project() -> dict[str, Any]:
    """All of pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def requirement_name(requirement: str) -> str:
    """The normalised name at the head of a requirement: ``fhir.resources>=8`` is fhir-resources."""
    name = re.match(r"[A-Za-z0-9._-]*[A-Za-z0-9]", requirement)
    return re.sub(r"[-_.]+", "-", name.group() if name else "").lower()


def entries(text: str) -> list[Entry]:
    """The pins of a requirements file, in its order; any line that is not one is an error."""
    found: list[Entry] = []
    for block in re.split(r"\n(?=[^\s#])", f"\n{text}")[1:]:
        head, *rest = (line.strip().rstrip("\\").strip() for line in block.splitlines())
        pin = _PIN.fullmatch(head)
        if not pin:
            raise ValueError(f"not a pin: {head[:80]}")
        hashes = [each for line in rest for each in _HASH.findall(line)]
        via = [each for line in rest for each in _VIA.findall(line)]
        needed_by = tuple(name for each in via for name in each.split(", "))
        found.append(Entry(pin[1], pin[2], pin[3] or "", needed_by, tuple(hashes)))
    return found
