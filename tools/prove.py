"""Run the proofs and print one table: each goal, its figure, met or not, and why not.

What was proved of the very same files is not run again: each proof says which paths it rests
on, and its result is kept in build/prove/ with their digest. ``--fresh`` runs all of them.
The table is written to docs/safety/evidence.md as well.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
import textwrap
import time
from datetime import UTC, datetime
from typing import NamedTuple

from proofs.result import ROOT, Result, digest, git

KEPT = ROOT / "build" / "prove"
PAGE = ROOT / "docs" / "safety" / "evidence.md"
RESTS_ON = ("src", "tests", "tools", "pyproject.toml")

PROOFS = """
hazards bad_inputs properties core vectors exhaustive coverage mutation knowledge fuzz contracts
same_bytes isolation limits builds release versions audit complete_types
""".split()  # noqa: SIM905 - read as a list of words


class Evidence(NamedTuple):
    """What a proof reached, of which files and when."""

    name: str
    goal: str
    figure: str
    met: bool
    why: str
    on: str
    commit: str
    minutes: float
    digest: str


def proved(name: str, *, fresh: bool) -> Evidence:
    """The evidence of one proof: as kept, where the files are the same, else run now."""
    module = importlib.import_module(f"proofs.{name}")
    now = digest(getattr(module, "RESTS_ON", RESTS_ON))
    kept = _read(name)
    if kept and kept.digest == now and kept.met and not fresh:
        return kept
    print(f"--- {name}: {module.GOAL}", flush=True)
    since = time.monotonic()
    result = _result(module.prove)
    minutes = round((time.monotonic() - since) / 60, 1)
    today = datetime.now(UTC).date().isoformat()
    commit = git("rev-parse", "--short", "HEAD").strip()
    evidence = Evidence(name, module.GOAL, *result, today, commit, minutes, now)
    KEPT.mkdir(parents=True, exist_ok=True)
    (KEPT / f"{name}.json").write_text(json.dumps(evidence._asdict(), indent=1))
    return evidence


def _result(prove) -> Result:  # type: ignore[no-untyped-def]
    try:
        return prove()
    except Exception as error:
        return Result("broke off", met=False, why=f"{type(error).__name__}: {error}")


def _read(name: str) -> Evidence | None:
    path = KEPT / f"{name}.json"
    return Evidence(**json.loads(path.read_text())) if path.exists() else None


def _not_run(name: str) -> Evidence:
    goal = importlib.import_module(f"proofs.{name}").GOAL
    return Evidence(name, goal, "not run", False, f"run `tools/prove.py {name}`", "-", "-", 0.0, "")


def table(every: list[Evidence]) -> str:
    """For a terminal."""
    lines = []
    for evidence in every:
        word = "met    " if evidence.met else "NOT MET"
        lines.append(f"{word}  {evidence.name:<12} {evidence.figure}")
        lines += textwrap.wrap(
            evidence.goal, 96, initial_indent=" " * 22, subsequent_indent=" " * 22
        )
        if not evidence.met:
            why = f"why: {evidence.why}"
            lines += textwrap.wrap(why, 96, initial_indent=" " * 22, subsequent_indent=" " * 22)
    met = sum(evidence.met for evidence in every)
    return "\n".join([*lines, "", f"{met} of {len(every)} goals met"])


def page(every: list[Evidence]) -> str:
    """For the documentation."""
    rows = [
        f"| {evidence.goal} | {evidence.figure} | {'met' if evidence.met else '**not met**'} "
        f"| {evidence.on}, {evidence.commit}, {evidence.minutes} min |"
        for evidence in every
    ]
    reasons = [f"* **{e.name}**: {e.why}" for e in every if not e.met]
    return "\n".join(
        [
            "# Evidence",
            "",
            "What `make prove` found when it last ran, on two shared cores. Each goal names what",
            "was tried, how much of it, on which day and at which commit. Nobody has reviewed",
            "the clinical content; none of this stands in for that.",
            "",
            "| goal | figure | | on, commit, time |",
            "|---|---|---|---|",
            *rows,
            "",
            *(["## What is not met, and what would meet it", "", *reasons, ""] if reasons else []),
        ]
    )


def main(arguments: list[str]) -> int:
    """Run the proofs asked for, and print and write the table of all of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help=" ".join(PROOFS))
    parser.add_argument("--fresh", action="store_true", help="also what is proved already")
    options = parser.parse_args(arguments)
    for name in options.names or PROOFS:
        proved(name, fresh=options.fresh)
    every = [_read(name) or _not_run(name) for name in PROOFS]
    print(table(every))
    PAGE.write_text(page(every))
    return 0 if all(evidence.met for evidence in every) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
