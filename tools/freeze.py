"""Keep this version's plans and knowledge base, so that every later version must replay them.

``tests/data/released/VERSION.tar.xz`` is written once and never again; run this at a release.
"""

from __future__ import annotations

import io
import json
import sys
import tarfile
from pathlib import Path

from ldn_titration import InvalidInputError, __version__
from ldn_titration.export.document import plan_json
from ldn_titration.export.fhir import plan_fhir
from ldn_titration.knowledge import Knowledge, knowledge
from ldn_titration.knowledge.overlay import overlaid
from ldn_titration.request import read_request

ROOT = Path(__file__).parents[1]
RELEASED = ROOT / "tests" / "data" / "released"
CASES = (
    "overridden-hold",
    "hold-depot-buprenorphine",
    "hold-oxycodone-8-days",
    "stop-oxycodone-6-days",
    "insufficient-unknown-opioid",
    "insufficient-nothing-known",
    "caution-above-4-5",
    "clear-oxycodone-10-days",
    "restart-after-a-long-gap",
)


def requests() -> dict[str, bytes]:
    """The examples, and one case of each verdict."""
    files = {path.stem: path for path in (ROOT / "examples").glob("*.json")}
    files |= {case: ROOT / "tests" / "cases" / case / "request.json" for case in CASES}
    return {name: files[name].read_bytes() for name in sorted(files)}


def bases() -> dict[str, Knowledge]:
    """The shipped knowledge base, and that of the example site."""
    site = (ROOT / "examples" / "overlay.toml").read_bytes()
    return {"shipped": knowledge(), "site": overlaid(site)}


def kept() -> dict[str, bytes]:
    """Every file of the archive, by its name there."""
    files: dict[str, bytes] = {}
    for where, base in bases().items():
        files |= {f"{where}/{name}.csv": table for name, table in base.tables.items()}
        for name, request in requests().items():
            plan = read_request(request).plan(base)
            at = f"{where}/{name}"
            files |= {f"{at}.request": request, f"{at}.plan": plan_json(plan).encode()}
            try:
                files[f"{at}.fhir"] = plan_fhir(plan).encode()
            except InvalidInputError:
                continue
    stamps = {where: base.version for where, base in bases().items()}
    return {**files, "versions.json": json.dumps(stamps).encode()}


def main() -> int:
    out = RELEASED / f"{__version__}.tar.xz"
    if out.exists():
        print(f"{out.name} is kept already", file=sys.stderr)
        return 1
    out.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(out, "w:xz") as archive:
        for name, data in sorted(kept().items()):
            told = tarfile.TarInfo(name)
            told.size = len(data)
            archive.addfile(told, io.BytesIO(data))
    return 0


if __name__ == "__main__":
    sys.exit(main())
