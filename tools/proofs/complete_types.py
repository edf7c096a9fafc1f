"""Every type of the public API is known to who uses it: mypy strict, and pyright's count."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import dist
from proofs.result import ROOT, Result

GOAL = "mypy strict, and pyright's completeness of the public API at 100 %"


def prove() -> Result:
    """mypy over the source, pyright over the wheel, installed away from it."""
    strict = subprocess.run([sys.executable, "-m", "mypy"], cwd=ROOT, capture_output=True)
    counts, score = counted()
    unknown = counts["withUnknownType"] + counts["withAmbiguousType"]
    faults = ["mypy finds errors"] if strict.returncode else []
    faults += [f"{unknown} types unknown; pyright --verifytypes names them"] if unknown else []
    known = counts["withKnownType"]
    figure = f"{score:.1%} of {known + unknown:,} public symbols have a known type"
    return Result(figure, known > 0 and not faults, "; ".join(faults))


def counted() -> tuple[dict[str, int], float]:
    """How many public symbols have a known type, an ambiguous one, none; and pyright's score."""
    with tempfile.TemporaryDirectory() as folder:
        site = Path(folder) / "site"
        files = dist.built(Path(folder))
        (wheel,) = (path for path in files if path.suffix == ".whl")
        # An environment that sees this one's packages, and the wheel before the source tree.
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(site)], check=True)
        (packages,) = site.glob("lib/python*/site-packages")
        ours = next(path for path in sys.path if path.endswith("site-packages"))
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
        subprocess.run([*command, "--target", str(packages), str(wheel)], check=True)
        (packages / "others.pth").write_text(ours + "\n", encoding="utf-8")
        path = os.pathsep.join([str(site / "bin"), os.environ.get("PATH", "")])
        command = [sys.executable, "-m", "pyright", "--verifytypes", "ldn_titration"]
        done = subprocess.run(
            [*command, "--ignoreexternal", "--outputjson"],
            cwd=folder,
            env=os.environ | {"PATH": path},
            capture_output=True,
        )
    told = json.loads(done.stdout)["typeCompleteness"]
    return told["exportedSymbolCounts"], told["completenessScore"]
