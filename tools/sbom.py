"""Write the bill of materials (CycloneDX), or with --check say that it is stale.

It lists the library and what requirements/runtime.txt pins: what the library with all its extras
stands on. Equal pins give equal bytes: it carries no time and no random serial number.
"""

from __future__ import annotations

import csv
import json
import sys

from ldn_titration import __version__
from locks import REQUIREMENTS, Entry, entries, project, requirement_name

__all__ = ["SBOM", "bill"]

SBOM = REQUIREMENTS / "ldn_titration.cdx.json"


def bill() -> dict[str, object]:
    """The bill of materials."""
    pins = entries((REQUIREMENTS / "runtime.txt").read_text(encoding="utf-8"))
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": _library()},
        "components": [_component(each) for each in pins],
        "dependencies": _graph(pins),
    }


def _library() -> dict[str, object]:
    about = project()["project"]
    return {
        "type": "library",
        "bom-ref": _url(about["name"], __version__),
        "name": about["name"],
        "version": __version__,
        "description": about["description"],
        "licenses": [{"license": {"id": about["license"]}}],
        "purl": _url(about["name"], __version__),
    }


def _component(pin: Entry) -> dict[str, object]:
    url = _url(pin.name, pin.version)
    component: dict[str, object] = {"type": "library", "bom-ref": url}
    component |= {"name": pin.name, "version": pin.version, "licenses": [_licence(pin.name)]}
    component["purl"] = url
    if pin.marker:
        component["properties"] = [{"name": "python:marker", "value": pin.marker}]
    return component


def _licence(name: str) -> dict[str, object]:
    expression, words = _licences()[name]
    return {"expression": expression} if expression else {"license": {"name": words}}


def _licences() -> dict[str, tuple[str, str]]:
    with (REQUIREMENTS / "licences.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {row["name"]: (row["expression"], row["words"]) for row in rows}


def _graph(pins: list[Entry]) -> list[dict[str, object]]:
    ours = requirement_name(project()["project"]["name"])
    urls = [(ours, _url(ours, __version__)), *((p.name, _url(p.name, p.version)) for p in pins)]
    return [
        {"ref": url, "dependsOn": [_url(p.name, p.version) for p in pins if name in _needed_by(p)]}
        for name, url in urls
    ]


def _needed_by(pin: Entry) -> set[str]:
    return {requirement_name(each) for each in pin.via}


def _url(name: str, version: str) -> str:
    return f"pkg:pypi/{name}@{version}"


def main(arguments: list[str]) -> int:
    """Write, or check."""
    text = json.dumps(bill(), indent=2, ensure_ascii=False) + "\n"
    if "--check" not in arguments:
        SBOM.write_text(text, encoding="utf-8")
        return 0
    if SBOM.exists() and SBOM.read_text(encoding="utf-8") == text:
        return 0
    print("stale: requirements/ldn_titration.cdx.json; run make sbom")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
