"""Write every generated file, or with --check say which are stale.

Generated: the JSON Schemas and tables under docs/reference/, and what the font covers.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path

import font_coverage
from ldn_titration.export.document import plan_schema
from ldn_titration.knowledge import TIERS, knowledge
from ldn_titration.request import request_schema

ROOT = Path(__file__).parents[1]
NOTE = "Generated from the knowledge base by `make docs`. Not yet clinically reviewed."


def table(header: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """A Markdown table."""
    names = list(header)
    lines = [names, ["---"] * len(names), *rows]
    return "\n".join(f"| {' | '.join(str(cell) for cell in line)} |" for line in lines) + "\n"


def protocols() -> str:
    """The published regimens."""
    rows = (
        (
            f"`{p.id}`",
            p.kind,
            p.title,
            p.schedule,
            f"{p.source} ({p.evidence_tier})",
            p.reason or p.caution,
        )
        for p in knowledge().protocols.values()
    )
    header = ("id", "kind", "title", "schedule", "source (tier)", "caution, or why refused")
    return f"# Protocols\n\n{NOTE}\n\n{table(header, rows)}"


def opioids() -> str:
    """The opioids with their windows."""
    rows = (
        (o.name, o.release, _window(o.window), o.rxcui, o.confidence, ", ".join(o.sources))
        for o in knowledge().opioids
    )
    header = (
        "name",
        "release",
        "opioid-free days: stop below / hold below",
        "RxCUI",
        "confidence",
        "sources",
    )
    return f"# Opioids and their windows\n\n{NOTE}\n\n{table(header, rows)}"


def _window(window: tuple[int, int] | None) -> str:
    return "depot: no date" if window is None else f"{window[0]} / {window[1]}"


def policy() -> str:
    """Every other number, and the sources."""
    numbers = (
        (f"`{p.key}`", f"{p.value} {p.unit}", p.fact, ", ".join(p.sources), p.confidence)
        for p in knowledge().policy.values()
    )
    sources = (
        (f"`{s.key}`", s.tier, s.title, s.publisher, s.year, s.supports)
        for s in knowledge().sources.values()
    )
    tiers = "\n".join(f"* Tier {number}: {words}." for number, words in TIERS.items())
    return (
        f"# Policy and sources\n\n{NOTE}\n\n"
        f"{table(('key', 'value', 'fact', 'sources', 'confidence'), numbers)}\n"
        f"## Sources\n\n{tiers}\n\n"
        f"{table(('key', 'tier', 'title', 'publisher', 'year', 'supports'), sources)}"
    )


def generated() -> dict[Path, str]:
    """Every generated file with its content."""
    reference = ROOT / "docs" / "reference"
    schemas = {"request": request_schema(), "plan": plan_schema()}
    files = {
        reference / f"{name}.schema.json": json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
        for name, schema in schemas.items()
    }
    pages = {"protocols": protocols(), "opioids": opioids(), "policy": policy()}
    files |= {reference / f"{name}.md": text for name, text in pages.items()}
    files[font_coverage.FONTS / "coverage.txt"] = font_coverage.as_ranges(font_coverage.covered())
    return files


def main(arguments: list[str]) -> int:
    """Write, or check."""
    stale = [
        path
        for path, text in generated().items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    for path in stale:
        if "--check" in arguments:
            print(f"stale: {path.relative_to(ROOT)}; run make docs")
        else:
            path.write_text(generated()[path], encoding="utf-8")
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
