"""What the library does to the machine it runs on: nothing, but for the file of ``--out``."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import audited
from conftest import ROOT

HERE = Path(__file__).parent
SOURCES = sorted((ROOT / "src").rglob("*.py"))

pytestmark = pytest.mark.hazard("S03", "S04")


def watched(*arguments: str) -> list[str]:
    path = os.pathsep.join(map(str, (ROOT / "src", HERE, ROOT / "tools")))
    done = subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_no_public_call_reaches_out_runs_code_or_writes_elsewhere() -> None:
    """Every command, face and reader, in a process of its own that an audit hook watches."""
    lines = watched(str(HERE / "audited.py"))
    assert [line for line in lines if line.startswith("seen ")] == []
    ours = {tuple(line.split()[1:]) for line in lines if line.startswith("used out.py ")}
    assert ours == set(audited.EXEMPT), "each exemption of ours is needed, and was met"


@pytest.mark.parametrize(
    "code",
    [
        "import socket; socket.socket()",
        "import subprocess; subprocess.run(['true'])",
        "import pickle; pickle.loads(pickle.dumps(print))",
        "import os; os.system('true')",
        "exec('1')",
        "compile('1', 'x', 'eval')",
        "open(__import__('os').devnull, 'w')",
        "import os; os.open(os.devnull, os.O_RDWR)",
        "import ctypes; ctypes.CDLL(None)",
        "import urllib.request; urllib.request.urlopen('data:,a')",
        "import os; os.putenv('A', 'b')",
        "import tempfile; tempfile.mkstemp()",
        "import shutil; shutil.rmtree('no such folder', ignore_errors=True)",
    ],
)
def test_the_hook_sees(code: str) -> None:
    """The hook can fail: each of these is seen where one of our files does it."""
    made = f"code = compile({code!r}, audited.SRC + '/x.py', 'exec')"
    script = f"import audited, sys; {made}; sys.addaudithook(audited.hook); exec(code)"
    shown = f"{script}; print(*audited.seen, sep='\\n')"
    assert watched("-c", shown)[0], code


BANNED_CALLS = {"eval", "exec", "compile", "__import__", "breakpoint", "input"}
BANNED_MODULES = {
    *("pickle", "shelve", "marshal", "dill", "socket", "ssl", "subprocess", "multiprocessing"),
    *("urllib", "http", "ftplib", "smtplib", "requests", "httpx", "ctypes", "cffi", "yaml"),
    *("webbrowser", "pty", "runpy", "code", "shutil", "tempfile", "jinja2", "asyncio", "builtins"),
}
BANNED_ATTRIBUTES = {"system", "popen", "execv", "execve", "fork", "spawnv", "posix_spawn"}
WRITING = {"write_text", "write_bytes", "unlink", "rename", "mkdir", "rmdir", "chmod", "symlink_to"}


def reaching(source: str, *, at_the_door: bool) -> Iterator[str]:
    """What a source imports or calls that reaches out, by line."""
    for node in ast.walk(ast.parse(source)):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name.split(".")[0] for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [(node.module or "").split(".")[0]]
            of_os = {alias.name for alias in node.names} if names == ["os"] else set()
            names += ["." + name for name in of_os & BANNED_ATTRIBUTES]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            names = ["call " + node.func.id] if node.func.id in BANNED_CALLS else []
            names += ["call open"] if node.func.id == "open" and not at_the_door else []
        elif isinstance(node, ast.Attribute):
            of_the_os = isinstance(node.value, ast.Name) and node.value.id == "os"
            banned = BANNED_ATTRIBUTES if of_the_os else set() if at_the_door else WRITING
            names = ["." + node.attr] if node.attr in banned else []
        for name in names:
            if name in BANNED_MODULES or name.startswith(("call ", ".")):
                yield f"{getattr(node, 'lineno', 0)} {name}"


def test_no_source_imports_or_calls_what_reaches_out() -> None:
    """Beside the hook, for what no call has met: no such module, call or method in any source."""
    assert [
        f"{path.name}:{found}"
        for path in SOURCES
        for found in reaching(
            path.read_text(encoding="utf-8"),
            at_the_door=bool({"cli", "files"} & set(path.relative_to(ROOT / "src").parts)),
        )
    ] == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import os\nos.system('true')", "2 .system"),
        ("from os import path, system", "1 .system"),
        ("import urllib.request as safe", "1 urllib"),
        ("from subprocess import run", "1 subprocess"),
        ("eval('1')", "1 call eval"),
        ("open('a', 'w')", "1 call open"),
        ("path.write_text('a')", "1 .write_text"),
    ],
)
def test_the_reading_of_sources_sees(source: str, found: str) -> None:
    """It can fail: each of these is seen."""
    assert list(reaching(source, at_the_door=False)) == [found]
