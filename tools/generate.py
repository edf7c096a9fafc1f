"""Write every generated file, or with --check say which are stale.

Generated: the manifest of the knowledge base, the JSON Schemas and pages under
docs/reference/ and docs/safety/, and what the font covers.
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
import knowledge_pages
import safety_pages
from ldn_titration.export.document import plan_schema
from ldn_titration.knowledge import shipped_tables
from ldn_titration.request import request_schema

ROOT = Path(__file__).parents[1]
MANIFEST = ROOT / "src" / "ldn_titration" / "knowledge" / "manifest.csv"
RULE_PAGES = ROOT / "docs" / "reference" / "rules"


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
    pages = {
        "protocols": knowledge_pages.protocols(),
        "opioids": knowledge_pages.opioids(),
        "knowledge": knowledge_pages.base_page(),
        "findings": findings_pages.index(),
        "behaviour": behaviour.page(),
        "command-line": command_line.page(),
    }
    pages |= {f"rules/{code}": text for code, text in findings_pages.rule_pages().items()}
    files |= {reference / f"{name}.md": text for name, text in pages.items()}
    safety = safety_pages.pages()
    files |= {ROOT / "docs" / "safety" / f"{name}.md": text for name, text in safety.items()}
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
