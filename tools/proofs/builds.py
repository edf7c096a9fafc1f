"""Two builds of one commit are equal, hold what they should, and carry a bill of materials."""

from __future__ import annotations

import tempfile
from pathlib import Path

import dist
import sbom
from proofs.result import Result

GOAL = "Wheel and sdist byte-equal in two builds, with a CycloneDX bill of materials"


def prove() -> Result:
    """Build the last commit twice, in other folders, zones and hash seeds."""
    with tempfile.TemporaryDirectory() as folder:
        one = _built(Path(folder) / "one", TZ="UTC", PYTHONHASHSEED="1")
        second = _built(Path(folder) / "second", TZ="Asia/Kathmandu", PYTHONHASHSEED="2")
        archives = [path for path in one if path.suffix in {".whl", ".gz"}]
        faults = [f"{name} is stray" for path in archives for name in dist.misplaced(path)]
        faults += [
            f"{a.name} differs"
            for a, b in zip(one, second, strict=True)
            if a.read_bytes() != b.read_bytes()
        ]
    faults += ["the bill of materials is stale"] if sbom.main(["--check"]) else []
    names = ", ".join(path.name for path in one)
    return Result(f"{names}: equal" if not faults else names, not faults, "; ".join(faults))


def _built(out: Path, **environment: str) -> list[Path]:
    out.mkdir()
    return dist.built(out, **environment)
