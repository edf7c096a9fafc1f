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


def commands(page: str) -> list[tuple[str, str]]:
    """Each command of the console blocks with what is shown below it."""
    blocks = re.findall(r"```console\n(.*?)```", page, re.DOTALL)
    parts = [
        part for block in blocks for part in re.split(r"^\$ ", block, flags=re.MULTILINE) if part
    ]
    return [(command, shown) for command, _, shown in (part.partition("\n") for part in parts)]


SAVED = re.compile(r"[Ss]ave (?:it|this|these) as `([\w.-]+)`[^\n]*\n\n```\w+\n(.*?)```", re.DOTALL)
SAID_ONLY = ("pip", "make", ".")


def saved_files(page: str) -> list[tuple[str, str]]:
    """Each file that a page tells its reader to save, with what stands in it."""
    return SAVED.findall(page)


@pytest.mark.parametrize(
    "path", [path for path in PAGES if "```console" in text_of(path)], ids=page_name
)
def test_the_commands_of_a_page_print_what_is_shown(path: Path, tmp_path: Path) -> None:
    """Files are saved first; `$?` is the exit code of the command before."""
    page = text_of(path)
    shown = commands(page)
    assert shown
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    for name, content in saved_files(page):
        (tmp_path / name).write_text(content, encoding="utf-8")
    code = 0
    for command, output in shown:
        words = shlex.split(command)
        if command == "echo $?":
            assert output == f"{code}\n", command
            continue
        if words[0] in SAID_ONLY:
            continue
        assert words[0] == "ldn-titration"
        done = subprocess.run(
            [sys.executable, "-m", "ldn_titration", *words[1:]],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            cwd=tmp_path,
        )
        code = done.returncode
        wanted = ".*".join(map(re.escape, output.split("...\n")))
        assert re.fullmatch(wanted, done.stdout, re.DOTALL), f"{command}\n{done.stdout}"


def test_a_page_whose_command_prints_something_else_is_found_out(tmp_path: Path) -> None:
    """The reader of the pages itself: what it takes for a file, a command and its output."""
    page = "Save it as `a.json`:\n\n```json\n{}\n```\n\n```console\n$ x y\nz\n$ v\n```\n"
    assert saved_files(page) == [("a.json", "{}\n")]
    assert commands(page) == [("x y", "z\n"), ("v", "")]


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
