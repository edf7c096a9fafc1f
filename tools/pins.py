"""Write requirements/ anew: every package pinned, each with the hashes of its files.

``runtime`` is the library with all its extras, as a user gets it today; ``newest`` and ``oldest``
add the tests' tools to it and to the lowest versions that pyproject.toml allows; ``dev`` is what
``make test`` and ``make check`` run on; ``docs``, ``bench``, ``prove`` and ``spark`` come on top
of it.
Needs the network, uv (group ``pins``) and some minutes.
"""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

import sbom
from locks import REQUIREMENTS, ROOT, entries, project, requirement_name

HEADER = "# Made by `make pins` from pyproject.toml; the hashes are of the published files.\n"
OLDEST_PYTHON = "3.11"
# matplotlib 3.9 calls names that pyparsing 3.3 warns of; the tests take any warning as an error.
AGED = "pyparsing<3.3\n"
GROUPS = ("docs", "bench", "prove", "spark")


def compiled(*arguments: str, annotated: bool = False) -> str:
    """The pins that uv makes of these requirements, for every Python from the oldest on."""
    told = ["--annotation-style=line"] if annotated else ["--no-annotate"]
    if "--python-platform" not in arguments:
        told.append("--universal")
    command = ["uv", "pip", "compile", "--quiet", "--generate-hashes", "--no-header", "--no-config"]
    command += ["--no-emit-index-url", "--no-emit-find-links", "--python-version", OLDEST_PYTHON]
    uv = Path(sys.executable).with_name("uv")
    done = subprocess.run(
        [str(uv), *command[1:], *told, *arguments], cwd=ROOT, check=True, stdout=subprocess.PIPE
    )
    return HEADER + done.stdout.decode()


def bare(text: str) -> str:
    """Pins without hashes and notes."""
    return "".join(f"{entry.line}\n" for entry in entries(text))


def tools_of(dev: str, runtime: str) -> str:
    """The tests' own tools at the versions of ``dev``: no package of the library among them."""
    ours = {entry.name for entry in entries(runtime)}
    groups = project()["dependency-groups"]
    wanted = {requirement_name(each) for each in [*groups["dev"], *groups["build"]]}
    lines = (each.line for each in entries(dev) if each.name in wanted - ours)
    return "".join(f"{line}\n" for line in lines)


def all_pins(folder: Path) -> dict[str, str]:
    """Each file of pins by its name."""

    def written(name: str, text: str) -> str:
        (folder / name).write_text(text, encoding="utf-8")
        return str(folder / name)

    every = [flag for name in ("dev", "build", *GROUPS) for flag in ("--group", name)]
    extras = ("--extra", "pdf", "--extra", "ical")
    together = written("all", bare(compiled("pyproject.toml", *extras, *every)))
    runtime = compiled("pyproject.toml", "--all-extras", annotated=True)
    dev = compiled("pyproject.toml", *extras, "--group", "dev", "--group", "build", "-c", together)
    pins = {"runtime": runtime, "dev": dev}
    for name in GROUPS:
        pins[name] = compiled("--group", name, "-c", together)
    tools = written("tools.in", tools_of(dev, runtime))
    faces = [f"--extra={name}" for name in ("pdf", "ical", "fhir", "notebook", "frames")]
    both = ("pyproject.toml", tools, *faces)
    pins["newest"] = compiled(*both, "--override", written("newest", bare(runtime)))
    on_oldest = ("--resolution", "lowest-direct", "--python-platform", "linux")
    pins["oldest"] = compiled(*both, *on_oldest, "-c", written("aged", AGED))
    return pins


def licences(runtime: Path) -> str:
    """The licence of each package, as its metadata say it: an SPDX expression or words."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--no-deps"]
        command += ["--ignore-installed", "--require-hashes", "--report", str(report)]
        subprocess.run([*command, "-r", str(runtime)], check=True)
        found = json.loads(report.read_text(encoding="utf-8"))["install"]
    return _table(sorted(_licence(each["metadata"]) for each in found))


def _licence(metadata: dict[str, object]) -> tuple[str, str, str]:
    name = requirement_name(str(metadata["name"]))
    expression = str(metadata.get("license_expression") or "")
    of_trove = [
        each.rpartition(" :: ")[2]
        for each in _texts(metadata.get("classifier"))
        if each.startswith("License ::")
    ]
    text = str(metadata.get("license") or "").strip()
    short = text if "\n" not in text and len(text) < 60 else ""
    words = short or " and ".join(of_trove) or "not said"
    return name, expression, "" if expression else words


def _texts(value: object) -> Iterable[str]:
    return [str(each) for each in value] if isinstance(value, list) else []


def _table(rows: Iterable[tuple[str, str, str]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([("name", "expression", "words"), *rows])
    return out.getvalue()


def main() -> int:
    """Write every file."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in all_pins(Path(folder)).items():
            (REQUIREMENTS / f"{name}.txt").write_text(text, encoding="utf-8")
    (REQUIREMENTS / "licences.csv").write_text(
        licences(REQUIREMENTS / "runtime.txt"), encoding="utf-8"
    )
    return sbom.main([])


if __name__ == "__main__":
    sys.exit(main())
