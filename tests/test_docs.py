"""What the README, the docs and the docstrings show is what happens."""

from __future__ import annotations

import doctest
import importlib
import json
import pkgutil
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser

import ldn_titration
import offline
from conftest import ROOT

DOCS = ROOT / "docs"
GENERATED = DOCS / "reference"
PAGES = [
    ROOT / "README.md",
    *(path for path in sorted(DOCS.rglob("*.md")) if GENERATED not in path.parents),
]
API_PAGES = sorted((GENERATED / "api").glob("*.md"))
MODULES = [
    info.name
    for info in pkgutil.walk_packages(ldn_titration.__path__, "ldn_titration.")
    if not info.name.endswith("__main__")
]


def page_name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", PAGES, ids=page_name)
def test_the_python_of_a_page_runs_as_shown(path: Path) -> None:
    document = Sybil([PythonCodeBlockParser()]).parse(path)
    for example in document.examples():
        example.evaluate()
    shown = path.read_text(encoding="utf-8").count("```python")
    assert len(list(document.examples())) >= shown


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_run_as_shown(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0


# What a page tells its reader to do, in its order: save a file, change a line of it, run commands.
FENCE = r"\s*:\n\n```\w+\n(?P<{0}>.*?)```"
TOLD = re.compile(
    r"[Ss]ave\s+(?:it|this|these)\s+as\s+`(?P<file>[\w.-]+)`"
    + FENCE.format("content")
    + r"|Replace\s+the\s+line\s+`(?P<old>[^`]+)`\s+of\s+`(?P<changed>[\w.-]+)`\s+by"
    + FENCE.format("new")
    + r"|```console\n(?P<console>.*?)```",
    re.DOTALL,
)
SAID_ONLY = ("pip", "make", ".", "jupytext")


def commands(block: str) -> list[tuple[str, str]]:
    """Each command of a console block with what is shown below it."""
    parts = [part for part in re.split(r"^\$ ", block, flags=re.MULTILINE) if part]
    return [(command, shown) for command, _, shown in (part.partition("\n") for part in parts)]


def obey(page: str, folder: Path) -> Iterator[tuple[str, str, str]]:
    """Do what a page tells; yields each command with what is shown and what was printed."""
    code = 0
    for told in TOLD.finditer(page):
        if told["file"]:
            (folder / told["file"]).write_text(told["content"], encoding="utf-8")
        elif told["changed"]:
            change_line(folder / told["changed"], told["old"], told["new"])
        for command, shown in commands(told["console"] or ""):
            if command == "echo $?":
                yield command, shown, f"{code}\n"
            elif shlex.split(command)[0] not in SAID_ONLY:
                code, printed = run(shlex.split(command), folder)
                yield command, shown, printed


def change_line(path: Path, old: str, new: str) -> None:
    lines = text_of(path).splitlines(keepends=True)
    found = [place for place, line in enumerate(lines) if line.strip() == old]
    assert len(found) == 1, f"{old} stands {len(found)} times in {path.name}"
    lines[found[0]] = new
    path.write_text("".join(lines), encoding="utf-8")


def run(words: list[str], folder: Path) -> tuple[int, str]:
    assert words[0] == "ldn-titration"
    done = subprocess.run(
        [sys.executable, "-m", "ldn_titration", *words[1:]],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        cwd=folder,
    )
    return done.returncode, done.stdout.replace("\N{NO-BREAK SPACE}", " ")


WITH_COMMANDS = [path for path in PAGES if "```console" in text_of(path)]


@pytest.mark.parametrize("path", WITH_COMMANDS, ids=page_name)
def test_the_commands_of_a_page_print_what_is_shown(path: Path, tmp_path: Path) -> None:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    for command, shown, printed in obey(text_of(path), tmp_path):
        wanted = ".*".join(map(re.escape, shown.split("...\n")))
        assert re.fullmatch(wanted, printed, re.DOTALL), f"{command}\n{printed}"


def test_a_page_is_obeyed_in_its_order(tmp_path: Path) -> None:
    """The reader of the pages itself: what it takes for a file, a change, a command."""
    page = (
        "Save it as `a.json`:\n\n```json\n{\n  1\n}\n```\n\n```console\n"
        "$ ldn-titration plan a.json\nx\n$ echo $?\n0\n```\n"
        "Replace the line `1` of\n`a.json` by:\n\n```text\n  2\n```\n"
    )
    done = list(obey(page, tmp_path))
    assert [(command, shown) for command, shown, _ in done] == [
        ("ldn-titration plan a.json", "x\n"),
        ("echo $?", "0\n"),
    ]
    assert done[0][2].startswith("request: is no JSON")
    assert done[1][2] == "2\n"
    assert text_of(tmp_path / "a.json") == "{\n  2\n}\n"


def test_every_page_with_commands_has_some_that_are_run() -> None:
    for path in WITH_COMMANDS:
        blocks = len(re.findall("```console", text_of(path)))
        assert sum(told["console"] is not None for told in TOLD.finditer(text_of(path))) == blocks


@pytest.mark.parametrize("path", PAGES, ids=page_name)
def test_every_json_of_a_page_is_json(path: Path) -> None:
    for block in re.findall(r"```json\n(.*?)```", text_of(path), re.DOTALL):
        json.loads(block)


def test_every_public_name_stands_on_a_page_of_the_api() -> None:
    words = set(re.findall(r"\w+", "\n".join(map(text_of, API_PAGES))))
    assert set(ldn_titration.__all__) - {"__version__"} <= words


@pytest.mark.parametrize("path", API_PAGES, ids=page_name)
def test_what_a_page_of_the_api_names_exists(path: Path) -> None:
    for name in re.findall(r"^\.\. auto\w+:: ([\w.]+)", text_of(path), re.MULTILINE):
        module, _, short = name.rpartition(".")
        assert hasattr(importlib.import_module(module), short), name


def test_the_readme_names_every_command_and_the_two_of_make() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for word in ("plan", "screen", "protocols", "opioid", "schema", "make demo", "make test"):
        assert f"`{word}" in text or f"\n{word}\n" in text


@pytest.mark.parametrize("page", [*PAGES, *sorted(GENERATED.rglob("*.md"))], ids=page_name)
def test_links_of_a_page_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", text_of(page)):
        assert target.startswith("https://") or (page.parent / target).exists(), target


def test_what_is_loaded_from_elsewhere_is_found_out(tmp_path: Path) -> None:
    """The check of the built site: it finds each way to load, and leaves links alone."""
    far = "https://far.example/x"
    files = {
        "a.html": f'<a href="{far}">a link is fine</a><script src="{far}"></script>',
        "b.html": '<img src="//far.example/x"><link rel="stylesheet" href="near.css">',
        "c.html": f"<style>p {{ background: url('{far}') }}</style>",
        "d.css": f'@import "{far}"; p {{ background: url(near.png) }}',
        "e.js": f'/* see {far} */ fetch("{far}"); fetch("near.json")',
    }
    for name, content in files.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    found = {name: list(offline.loaded(tmp_path / name)) for name in files}
    assert found == {name: ["//far.example/x" if name == "b.html" else far] for name in files}
