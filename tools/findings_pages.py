"""The pages of the findings: one for each code, and their list.

What a rule says is shown as it says it: of its canaries, or of the golden cases.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

from ldn_titration.basis import judge
from ldn_titration.errors import NotMeasurableError
from ldn_titration.knowledge import knowledge
from ldn_titration.knowledge.rows import RuleEntry
from ldn_titration.rules import RULES
from ldn_titration.rules.case import Case, Rule
from ldn_titration.selfcheck import Canary, canaries
from ldn_titration.values import read_start
from page_parts import NOTE, reviewed, table

ROOT = Path(__file__).parents[1]
CASES = ROOT / "tests" / "cases"

WHERE = {
    "screening": ("At the screening", "Rules that read the patient, the start and the regimen."),
    "override": ("On overrides", "What becomes of a clinician's decision that does not count."),
    "plan": ("In the plan", "What the length and the diary add."),
    "supply": ("On the supply", "An order held against the plan."),
    "measuring": ("On measuring", "No finding but an error, exit code 4."),
    "lint": ("On somebody else's order", "What an order says twice, and not alike."),
}
HEAD = """# Findings

A finding is about a patient or an order: a code, a severity, what was found, what to do, and
its sources. The worst severity is the [verdict](../explanation/screening.md). Programs may rely
on the codes; sentences may change. Each code has a page: what it reads, when it clears, and the
canary patients in whom it must speak.

"""


def index() -> str:
    """Every code with its severities and what it says, by where it speaks."""
    rules = sorted(knowledge().rules.values(), key=lambda rule: list(WHERE).index(rule.where))
    parts = []
    for where, entries in groupby(rules, key=lambda rule: rule.where):
        title, words = WHERE[where]
        rows = (
            (f"[{e.code}](rules/{e.code}.md)", e.title, ", ".join(e.severities), e.says)
            for e in entries
        )
        parts.append(
            f"## {title}\n\n{words}\n\n{table(('code', 'title', 'severities', 'says'), rows)}"
        )
    pages = "\n".join(f"rules/{rule.code}" for rule in rules)
    return f"{HEAD}{NOTE}\n\n" + "\n".join(parts) + f"\n```{{toctree}}\n:hidden:\n\n{pages}\n```\n"


def rule_pages() -> dict[str, str]:
    """One page a rule: what it says, what it reads, when it clears, its sources and canaries."""
    reads = {rule.code: rule for rule in RULES}
    return {entry.code: _rule_page(entry, reads) for entry in knowledge().rules.values()}


def _rule_page(entry: RuleEntry, reads: dict[str, Rule]) -> str:
    rule = reads.get(entry.code)
    needs = f"{', '.join(rule.needs) or 'nothing'}" if rule else "-"
    also = ", ".join(rule.inputs[len(rule.needs) :]) or "nothing" if rule else "-"
    sources = (
        (f"`{key}`", source.tier, source.title, source.supports)
        for key in entry.sources
        for source in [knowledge().sources[key]]
    )
    lines = (
        ("Says", entry.says),
        ("Fact", entry.fact),
        ("Severities", ", ".join(entry.severities)),
        ("Clears when", entry.clears_when),
        ("Must know", needs),
        ("Also reads", also),
        ("Confidence", entry.confidence),
        ("Reviewed", reviewed(entry)),
    )
    facts = "\n".join(f"* **{name}**: {text}" for name, text in lines)
    shown = [(c.severity, c.what) for c in canaries() if c.code == entry.code]
    heard = f"## Canaries\n\n{table(('severity', 'patient'), shown)}" if shown else ""
    return (
        f"# {entry.code}: {entry.title}\n\n{NOTE}\n\n{facts}\n\n{_examples(entry.code)}"
        f"## Sources\n\n{table(('key', 'tier', 'title', 'supports'), sources)}\n{heard}"
    ).rstrip() + "\n"


# --- its very words -------------------------------------------------------------------


def _examples(code: str) -> str:
    """What it said, each sentence once, of its canaries or else of the golden cases."""
    said = dict.fromkeys(_of_canaries(code)) or dict.fromkeys(_of_cases().get(code, ()))
    if not said:
        return ""
    blocks = (f"> **{severity}**: {words}\n" for severity, words in list(said)[:3])
    return "## In its own words\n\n" + "\n".join(blocks) + "\n"


def _of_canaries(code: str) -> Iterator[tuple[str, str]]:
    for canary in canaries():
        if canary.code == code:
            yield from _sung(canary)


def _sung(canary: Canary) -> Iterator[tuple[str, str]]:
    if canary.severity == "error":
        yield from _refused(canary)
        return
    rule = next(rule for rule in RULES if rule.code == canary.code)
    start = read_start(canary.start)
    case = Case.of(canary.patient, start, canary.regimen, canary.preparation, knowledge())
    judged = judge(rule, case)
    yield from ((str(f.severity), f"{f.message} {f.action}") for f in judged.findings)
    yield from (("dated note", f"{m.on}, {m.title}: {m.what}") for m in judged.milestones)


def _refused(canary: Canary) -> Iterator[tuple[str, str]]:
    assert canary.preparation is not None
    assert canary.regimen is not None
    try:
        canary.preparation.measure(canary.regimen.steps[0].daily_dose)
    except NotMeasurableError as error:
        yield "error", str(error)


@cache
def _of_cases() -> dict[str, list[tuple[str, str]]]:
    said: dict[str, list[tuple[str, str]]] = {}
    for finding in _kept_findings():
        words = (finding["severity"], f"{finding['message']} {finding['action']}".strip())
        said.setdefault(finding["code"], []).append(words)
    return said


def _kept_findings() -> Iterator[dict[str, Any]]:
    for path in sorted(CASES.glob("*/*.json")):
        if path.name == "plan.json":
            yield from json.loads(path.read_text(encoding="utf-8"))["screening"]["findings"]
        elif path.name == "supply.json":
            yield from json.loads(path.read_text(encoding="utf-8")).get("findings", [])
