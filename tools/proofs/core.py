"""The properties of the exact core, a hundred thousand examples of each.

Each runs by itself and is kept in build/prove/ once it held, so that a run that was broken off
goes on where it stopped. ``LDN_MINUTES`` ends it: none is begun after so many.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from proofs.result import ROOT, Result, digest

GOAL = "Properties of the exact core: 100,000 examples of each"
CORE = 100_000
RESTS_ON = ("src/ldn_titration", ":!src/ldn_titration/cohort", "tests/properties")
HELD = ROOT / "build" / "prove" / "held" / "core.json"


def prove() -> Result:
    """Run each property that is marked as one of the core, and is not known to hold."""
    began, now = time.monotonic(), digest(RESTS_ON)
    held = _held(now)
    minutes = float(os.environ.get("LDN_MINUTES", "inf"))

    def run(name: str) -> str | None:
        """What failed, if it did."""
        if name in held or time.monotonic() - began > 60 * minutes:
            return None
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", name]
        done = subprocess.run(command, cwd=ROOT, env=os.environ | {"LDN_EXAMPLES": str(CORE)})
        if done.returncode:
            return name
        held.append(name)
        HELD.parent.mkdir(parents=True, exist_ok=True)
        HELD.write_text(json.dumps({"digest": now, "held": sorted(held)}, indent=1))
        return None

    names = _names()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        failed = [name for name in pool.map(run, names) if name]
    figure = f"{len(held)} of {len(names)} properties x {CORE:,} examples"
    why = f"failed: {', '.join(failed)}" if failed else "not all were run; it goes on where it was"
    return Result(figure, len(held) == len(names), "" if len(held) == len(names) else why)


def _held(now: str) -> list[str]:
    """What held before, with the same sources."""
    kept = json.loads(HELD.read_text()) if HELD.exists() else {}
    return list(kept["held"]) if kept.get("digest") == now else []


def _names() -> list[str]:
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-m", "core"]
    done = subprocess.run(
        [*command, "-p", "no:xdist", "-o", "addopts=--import-mode=importlib", "tests/properties"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return [line for line in done.stdout.splitlines() if "::" in line]
