"""What the README, the docs and the docstrings show is what happens."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser

import ldn_titration
from conftest import ROOT

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
MODULES = [
    info.name
    for info in pkgutil.walk_packages(ldn_titration.__path__, "ldn_titration.")
    if not info.name.endswith("__main__")
]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_the_python_of_a_page_runs_as_shown(path: Path) -> None:
    document = Sybil([PythonCodeBlockParser()]).parse(path)
    for example in document.examples():
        example.evaluate()
    shown = path.read_text(encoding="utf-8").count("```python")
    assert len(list(document.examples())) >= shown


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_run_as_shown(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def commands(page: str) -> list[tuple[str, str]]:
    """Each command of the console blocks with what is shown below it."""
    blocks = re.findall(r"```console\n(.*?)```", page, re.DOTALL)
    parts = [
        part for block in blocks for part in re.split(r"^\$ ", block, flags=re.MULTILINE) if part
    ]
    return [(command, shown) for command, _, shown in (part.partition("\n") for part in parts)]


def test_the_commands_of_the_readme_print_what_is_shown(tmp_path: Path) -> None:
    shown = commands((ROOT / "README.md").read_text(encoding="utf-8"))
    assert shown
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    for command, output in shown:
        words = shlex.split(command)
        assert words[0] == "ldn-titration"
        done = subprocess.run(
            [sys.executable, "-m", "ldn_titration", *words[1:]],
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
        )
        wanted = ".*".join(map(re.escape, output.split("...\n")))
        assert re.fullmatch(wanted, done.stdout, re.DOTALL), f"{command}\n{done.stdout}"


def test_the_readme_names_every_command_and_the_two_of_make() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for word in ("plan", "screen", "protocols", "opioid", "schema", "make demo", "make test"):
        assert f"`{word}" in text or f"\n{word}\n" in text


def test_links_of_pages_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
