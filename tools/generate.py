"""Write every generated file, or with --check say which are stale.

Generated: the manifest of the knowledge base, the JSON Schemas and pages under
docs/reference/, and what the font covers.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

import behaviour
import command_line
import findings_pages
import font_coverage
from ldn_titration.export.document import plan_schema
from ldn_titration.knowledge import knowledge, shipped_tables
from ldn_titration.knowledge.readers import read_qualifiers
from ldn_titration.knowledge.rows import TIERS
from ldn_titration.request import request_schema
from ldn_titration.units import decimal_text
from markdown import NOTE, cited, reviewed, table

ROOT = Path(__file__).parents[1]
MANIFEST = ROOT / "src" / "ldn_titration" / "knowledge" / "manifest.csv"
RULE_PAGES = ROOT / "docs" / "reference" / "rules"


def protocols() -> str:
    """The published regimens."""
    rows = (
        (f"`{p.id}`", p.kind, p.title, p.schedule, cited(p), p.reason or p.caution, reviewed(p))
        for p in knowledge().protocols.values()
    )
    header = ("id", "kind", "title", "schedule", "source (tier)", "caution, or why refused")
    return f"# Protocols\n\n{NOTE}\n\n{table((*header, 'reviewed'), rows)}"


def opioids() -> str:
    """The opioids with their windows, and what only looks like one."""
    listed = knowledge().opioids
    windows = (
        (o.name, o.release, _window(o.window), o.rxcui, o.fact, cited(o), reviewed(o))
        for o in listed
        if o.is_opioid
    )
    others = ((o.name, o.why_not, o.rxcui, cited(o), reviewed(o)) for o in listed if o.why_not)
    names = ((o.name, o.synonyms) for o in listed)
    header = ("name", "release", "opioid-free days: stop below / hold below", "RxCUI", "fact")
    return (
        f"# Opioids and their windows\n\n{NOTE}\n\n"
        f"{table((*header, 'sources (tier); confidence', 'reviewed'), windows)}\n"
        "## What is no opioid agonist, and why\n\n"
        f"{table(('name', 'why', 'RxCUI', 'sources (tier); confidence', 'reviewed'), others)}\n"
        f"## Names\n\n{table(('name', 'also called'), names)}\n"
        f"## Products\n\n{_products()}"
    )


def _products() -> str:
    by_row: dict[str, list[str]] = {}
    for product in knowledge().products.values():
        by_row.setdefault(product.opioid, []).append(product.rxcui)
    rows = ((f"`{row}`", len(codes), ", ".join(sorted(codes))) for row, codes in by_row.items())
    return table(("row", "products", "RxNorm codes"), sorted(rows))


def _window(window: tuple[int, int] | None) -> str:
    return "depot: no date" if window is None else f"{window[0]} / {window[1]}"


def base_page() -> str:
    """The knowledge base: its tables, every number, contradictions, interactions, sources."""
    base = knowledge()
    tables = (
        (f"`{name}`", data.count(b"\n") - 1, hashlib.sha256(data).hexdigest())
        for name, data in sorted(shipped_tables().items())
    )
    numbers = (
        (
            f"`{p.key}`",
            f"{decimal_text(p.value)} {p.unit}",
            p.fact,
            cited(p),
            reviewed(p),
        )
        for p in base.policy.values()
    )
    rules = (
        (f"[{r.code}](rules/{r.code}.md)", r.title, r.severities, r.says, cited(r), reviewed(r))
        for r in base.rules.values()
    )
    interactions = (
        (i.id, i.code, i.severity, i.medicines, i.effect, i.action, i.fact, cited(i), reviewed(i))
        for i in base.interactions
    )
    conditions = (
        (c.id, c.code, c.names, c.denied_by, c.fact, cited(c), reviewed(c))
        for c in dict.fromkeys(base.conditions.values())
    )
    contradictions = (
        (c.id, c.about, c.disagree, c.followed, c.why, cited(c), reviewed(c))
        for c in base.contradictions
    )
    sources = (
        (f"`{s.key}`", s.tier, s.title, s.publisher, s.year, s.supports)
        for s in base.sources.values()
    )
    tiers = "\n".join(f"* Tier {number}: {words}." for number, words in TIERS.items())
    ends = ("sources (tier); confidence", "reviewed")
    parts = (
        ("Tables", table(("table", "rows", "sha256"), tables)),
        ("Rules", table(("code", "title", "severities", "says", *ends), rules)),
        ("Policy", table(("key", "value", "fact", *ends), numbers)),
        (
            "Interactions",
            table(
                ("id", "rule", "severity", "medicines", "effect", "action", "fact", *ends),
                interactions,
            ),
        ),
        (
            "Conditions",
            table(("id", "rule", "names", "denied by", "fact", *ends), conditions),
        ),
        (
            "Contradictions",
            table(("id", "about", "who says what", "followed", "why", *ends), contradictions),
        ),
        ("Words that name no medicine", _qualifiers()),
        (
            "Sources",
            f"{tiers}\n\n"
            + table(("key", "tier", "title", "publisher", "year", "supports"), sources),
        ),
    )
    body = "\n".join(f"## {heading}\n\n{text}" for heading, text in parts)
    stamp = f"Version {base.version}, sha256 `{base.sha256}`."
    more = "See also [opioids](opioids.md) and [protocols](protocols.md)."
    return f"# The knowledge base\n\n{NOTE}\n{stamp} {more}\n\n{body}"


def _qualifiers() -> str:
    rows = read_qualifiers(shipped_tables(), frozenset(knowledge().sources)).values()
    listed = ((q.kind, q.words, q.fact, cited(q), reviewed(q)) for q in rows)
    return table(("kind", "words", "fact", "sources (tier); confidence", "reviewed"), listed)


def manifest() -> str:
    """The digest of every table and of the canaries, which the loader compares."""
    canaries = (MANIFEST.parent / "canaries.json").read_bytes()
    files = sorted({**shipped_tables(), "canaries": canaries}.items())
    return "".join(f"{name},{hashlib.sha256(data).hexdigest()}\n" for name, data in files)


def generated() -> dict[Path, str]:
    """Every generated file with its content."""
    reference = ROOT / "docs" / "reference"
    schemas = {"request": request_schema(), "plan": plan_schema()}
    files = {
        reference / f"{name}.schema.json": json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
        for name, schema in schemas.items()
    }
    pages = {"protocols": protocols(), "opioids": opioids(), "knowledge": base_page()}
    pages |= {f"rules/{code}": text for code, text in findings_pages.rule_pages().items()}
    pages["findings"] = findings_pages.index()
    pages["behaviour"] = behaviour.page()
    pages["command-line"] = command_line.page()
    files |= {reference / f"{name}.md": text for name, text in pages.items()}
    files[font_coverage.FONTS / "coverage.txt"] = font_coverage.as_ranges(font_coverage.covered())
    return files


def main(arguments: list[str]) -> int:
    """Write, or check."""
    stale = [MANIFEST] if MANIFEST.read_text(encoding="utf-8") != manifest() else []
    if stale and "--check" not in arguments:
        MANIFEST.write_text(manifest(), encoding="utf-8")
    if not (stale and "--check" in arguments):
        files = generated()
        stale += [path for path, text in files.items() if _content(path) != text]
        stale += [path for path in RULE_PAGES.glob("*.md") if path not in files]
    if "--check" in arguments:
        for path in stale:
            print(f"stale: {path.relative_to(ROOT)}; run make docs")
        return 1 if stale else 0
    for path in stale:
        _bring_up_to_date(path, files)
    return 0


def _content(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None


def _bring_up_to_date(path: Path, files: dict[Path, str]) -> None:
    if path in files:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(files[path], encoding="utf-8")
    elif path != MANIFEST:
        path.unlink()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
