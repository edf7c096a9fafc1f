"""Write the test vectors, or with --check say which files are stale.

They are made by the library from fixed seeds and hand-picked edges; two runs write the same
bytes. What they are, and what each means, stands in vectors/README.md.
"""

from __future__ import annotations

import sys
from pathlib import Path

import vector_diaries
import vector_intervals
import vector_measures
import vector_plans
import vector_quantities
import vector_supply

FOLDER = Path(__file__).parents[1] / "vectors"
AREAS = {
    "quantities": vector_quantities,
    "measures": vector_measures,
    "plans": vector_plans,
    "diaries": vector_diaries,
    "intervals": vector_intervals,
    "supply": vector_supply,
}


def made() -> dict[Path, str]:
    """Every file with its content."""
    return {FOLDER / f"{name}.json": area.made() for name, area in AREAS.items()}


def main() -> int:
    """Write every file; with --check, only compare."""
    stale = {
        path: text
        for path, text in made().items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    }
    if "--check" in sys.argv:
        for path in stale:
            print(f"stale: {path.name}; run python tools/vectors.py and read the difference")
        return bool(stale)
    for path, text in stale.items():
        path.write_text(text, encoding="utf-8", newline="\n")
        print(path.name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
