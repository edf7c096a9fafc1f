"""The page of behaviours: each golden case, what it asks for, and what comes of it.

The cases are those of tests/cases, which the tests run through the command line. So the page
is a list of promises: a change in any of them is seen in review.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cases

ROOT = Path(__file__).parents[1]
CASES = ROOT / "tests" / "cases"
WIDTH = 80
MOST_STEPS, MOST_LINES = 6, 9

GROUPS = (
    ("The diary", ("diary",)),
    ("The verdict is hold", ("hold", "draft", "overridden")),
    ("The verdict is stop", ("stop",)),
    ("Something is not known", ("insufficient",)),
    ("A dose cannot be measured", ("not",)),
    ("The request is wrong", ("wrong",)),
    ("Supply and orders", ("supply", "order")),
)
REST = "Plans that are made"

HEAD = """# Behaviour

Each golden case of the tests: what was asked, the exit code, and the beginning of what came of
it. A case changes only on purpose. Of a patient only what differs from the usual one is shown:
every required fact stated, nothing found. Full requests and answers are in `tests/cases`.

"""


class Pairs(list[tuple[str, Any]]):
    """A JSON object as it was written: a key that stands twice stays twice."""


def page() -> str:
    """Every case, in groups."""
    groups: dict[str, list[Path]] = {REST: []} | {title: [] for title, _ in GROUPS}
    for case in sorted(path for path in CASES.iterdir() if path.is_dir()):
        first = case.name.split("-")[0]
        title = next((title for title, firsts in GROUPS if first in firsts), REST)
        groups[title].append(case)
    return HEAD + "\n".join(
        f"## {title}\n\n" + "\n".join(map(_told, cases)) for title, cases in groups.items()
    )


def _told(case: Path) -> str:
    extra = case / "arguments.txt"
    option = f", with `{extra.read_text().strip()}`" if extra.exists() else ""
    code, command = _code(case), "supply" if _is_of_supply(case) else "plan"
    asked = "\n".join(_asked((case / "request.json").read_text(encoding="utf-8")))
    came = "\n".join(_came(case))
    return (
        f"### {case.name.replace('-', ' ')}\n\n```text\n{asked}\n```\n\n"
        f"`{command}`{option} ends with exit code {code}:\n\n```text\n{came}\n```\n"
    )


def _is_of_supply(case: Path) -> bool:
    return case.name.startswith(("supply", "order"))


def _code(case: Path) -> str:
    if _is_of_supply(case):
        return str(cases.run_command("supply", str(case / "request.json")).returncode)
    return (case / "exit.txt").read_text(encoding="utf-8").strip()


# --- what is asked --------------------------------------------------------------------


def _asked(text: str) -> Iterator[str]:
    try:
        request = json.loads(text, object_pairs_hook=Pairs)
    except json.JSONDecodeError:
        yield from text.splitlines()[:3]
        return
    for key, value in request:
        if key == "patient":
            value = Pairs(pair for pair in value if pair not in _usual())
        if key == "schema" or value in (Pairs(), []):
            continue
        line = f"{key}: {_json(value)}"
        if len(line) <= WIDTH or not isinstance(value, list):
            yield line
            continue
        yield f"{key}:"
        parts = ((f"{k}: ", v) for k, v in value) if isinstance(value, Pairs) else _each(value)
        yield from (f"  {name}{_json(part)}" for name, part in parts)


def _each(values: list[Any]) -> Iterator[tuple[str, Any]]:
    return (("", value) for value in values)


def _usual() -> Pairs:
    text = (ROOT / "examples" / "drops-18-weeks.json").read_text(encoding="utf-8")
    return next(v for k, v in json.loads(text, object_pairs_hook=Pairs) if k == "patient")


def _json(value: Any) -> str:
    if isinstance(value, Pairs):
        return "{" + ", ".join(f'"{name}": {_json(part)}' for name, part in value) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_json, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


# --- what comes of it -----------------------------------------------------------------


def _came(case: Path) -> Iterator[str]:
    said, supplied = case / "stderr.txt", case / "supply.json"
    if said.exists():
        yield from _beginning(said.read_text(encoding="utf-8"))
    elif _is_of_supply(case) and supplied.exists():
        yield from _supplied(json.loads(supplied.read_text(encoding="utf-8")))
    else:
        yield from _planned(json.loads((case / "plan.json").read_text(encoding="utf-8")))


def _beginning(text: str) -> Iterator[str]:
    kept = text.split("\nBasis:")[0].split("\nAn override of")[0].rstrip()
    lines = [line for long in kept.splitlines() for line in _wrapped(long)]
    yield from lines[:MOST_LINES]
    if len(lines) > MOST_LINES:
        yield "..."


def _planned(plan: dict[str, Any]) -> Iterator[str]:
    steps = plan["steps"]
    for step in steps[:MOST_STEPS]:
        days = f"{step['days']} day{'' if step['days'] == 1 else 's'}"
        take = step["take"] if step["dose"] else "no dose"
        why = f"  ({step['why']})" if step.get("why") else ""
        yield f"{step['from']}  {days:>8}  {take}{why}"
    if len(steps) > MOST_STEPS:
        yield f"... and {len(steps) - MOST_STEPS} more, to {steps[-1]['to']}"
    totals = plan["totals"]
    yield f"in all {totals['days']} days, {totals['dose']}; {plan['status']}"
    yield from _found(plan["screening"]["findings"])


def _supplied(supply: dict[str, Any]) -> Iterator[str]:
    for part in ("dispense", "totals"):
        yield from (f"{part}.{key}: {_json(value)}" for key, value in supply.get(part, {}).items())
    yield from _found(supply.get("findings", []))


def _found(findings: list[dict[str, Any]]) -> Iterator[str]:
    for found in findings:
        yield from _wrapped(f"[{found['severity'].upper()}] {found['code']}: {found['message']}")


def _wrapped(line: str) -> list[str]:
    return textwrap.wrap(line, WIDTH, subsequent_indent="    ", break_on_hyphens=False) or [""]
