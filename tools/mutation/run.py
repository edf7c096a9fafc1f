"""The run: each change in a process of its own, with the tests that run its line.

All tests are collected once. For a change within a function a copy of that process gets the
changed code and runs the tests, the quickest first, until one fails. A change of what is
worked out when a module is read (fields, constants, defaults), and each change that lived,
is tried in a new process that reads the changed module from the beginning.
"""

from __future__ import annotations

import ast
import functools
import gc
import importlib.abc
import importlib.util
import os
import re
import resource
import signal
import sys
import time
import types
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from _pytest.runner import runtestprotocol

from mutation.baseline import Baseline
from mutation.changes import Mutant, applied

__all__ = [
    "Verdict",
    "fits",
    "in_new_processes",
    "in_this_process",
    "plugin",
    "unknown",
    "with_change",
]

SOURCE = Path(__file__).parents[2] / "src" / "ldn_titration"
KILLED, LIVED, TOO_LONG, BROKE_OFF = 1, 0, 2, 3
MOST_TESTS, MOST_SECONDS, MOST_BYTES = 400, 8.0, 3 << 30
MANY_TESTS = 3000  # fewer were chosen by hand: all of them run, for a cached answer hides a line
MOST_TESTS_READ = 60  # a new process reads their files first
QUIETLY = ["-q", "-p", "no:cacheprovider", "-p", "no:xdist"]
QUIETLY += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]  # hypothesis is read already
PRELOADED = ("hypothesis.strategies", "pydantic", "jsonschema", "dateutil.rrule")


class Verdict(NamedTuple):
    """What became of a change: killed (by which test), too long, or lived."""

    mutant: Mutant
    state: int
    by: str


def path_of(module: str) -> Path:
    """The file of a module."""
    return SOURCE / (module.replace(".", "/") + ".py")


def chosen(mutant: Mutant, baseline: Baseline, new: Iterable[str]) -> list[str]:
    """The new tests, then those that run that line, or any of the module.

    First the quickest case of each test, then the second of each, and so on: thousands of
    cases that ask the same say less than one case of each test.
    """
    by_line = baseline.lines.get(mutant.module, {})
    tests = set(by_line.get(mutant.line, ())) if mutant.scope else set()
    if not tests:
        tests = {test for line in by_line.values() for test in line}
    seconds = {test: baseline.seconds.get(named(test), 0.1) for test in tests}
    cases: dict[str, int] = {}
    turns = {}
    for test in sorted(tests, key=lambda test: (seconds[test], test)):
        function = test.partition("[")[0]
        turns[test] = cases[function] = cases.get(function, 0) + 1
    return [*new, *sorted(tests, key=lambda test: (turns[test], seconds[test], test))]


def unknown(tests: Iterable[str], baseline: Baseline) -> list[str]:
    """The tests that are newer than the baseline: what they run is not known."""
    return [test for test in tests if named(test) not in baseline.seconds]


def named(test: str) -> str:
    """A node's id as a report names it."""
    path, _, name = test.partition("::")
    return path.removesuffix(".py").replace("/", ".") + "::" + name


class plugin:  # noqa: N801 - what pytest calls it
    """Collects all tests, then gives the whole of them to ``loop``."""

    def __init__(self, loop: object) -> None:
        self.loop = loop

    def pytest_collection(self) -> None:
        """Tests search their examples alike in each run, and do not shrink what they find."""
        from hypothesis import Phase, settings

        settings.register_profile(
            "mutation", deadline=None, max_examples=60, derandomize=True, database=None,
            phases=(Phase.explicit, Phase.generate),
        )  # fmt: skip
        settings.load_profile("mutation")

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Instead of running all tests once."""
        self.loop(session.items)  # type: ignore[operator]
        return True


def failing(items: Iterable[pytest.Item], until: float) -> str:
    """The first of these tests that fails until then, or ""."""
    waiting = list(items)
    for item, following in zip(waiting, [*waiting[1:], None], strict=True):
        if any(report.failed for report in runtestprotocol(item, nextitem=following, log=False)):
            return item.nodeid
        if time.process_time() > until:
            break
    return ""


def in_this_process(
    items: list[pytest.Item],
    mutants: list[Mutant],
    baseline: Baseline,
    workers: int,
    seconds: float = MOST_SECONDS,
) -> Iterator[Verdict]:
    """A copy of this process for each change within a function, with tests for so long."""
    by_id = {item.nodeid: item for item in items}
    properties = [item for item in items if "/properties/" in item.nodeid]
    functions, caches = _functions(), _caches()
    new = unknown(by_id, baseline)
    gc.freeze()

    def tried(mutant: Mutant) -> str:
        code = compile(
            applied(path_of(mutant.module).read_text(), mutant), str(path_of(mutant.module)), "exec"
        )
        _patch(functions, code)
        for cache in caches:
            cache.cache_clear()
        wanted = [by_id[test] for test in chosen(mutant, baseline, new) if test in by_id]
        until = time.process_time() + seconds
        some = wanted[:MOST_TESTS] if len(items) > MANY_TESTS else [*wanted[:50], *items]
        return failing(dict.fromkeys([*some, *properties]), until)

    yield from _forked(mutants, tried, workers)


def in_new_processes(
    mutants: list[Mutant], baseline: Baseline, new: list[str], workers: int
) -> Iterator[Verdict]:
    """For each change a process that reads the changed module from the beginning."""
    for name in PRELOADED:
        importlib.import_module(name)

    def tried(mutant: Mutant) -> str:
        sys.meta_path.insert(0, _Changed(mutant))
        tests = chosen(mutant, baseline, new)
        files = dict.fromkeys(test.partition("::")[0] for test in tests)
        about = set(mutant.module.split("."))
        named = [file for file in files if not about.isdisjoint(re.split(r"\W|_", file))]
        tests = [t for t in tests if t.startswith(tuple(named))] + tests[:MOST_TESTS_READ]
        nearest = dict.fromkeys(test.partition("::")[0] for test in tests)
        until = time.process_time() + 2 * MOST_SECONDS
        killers = (_killer(file, tests, until) for file in nearest if Path(file).exists())
        return next(filter(None, killers), "")

    yield from _forked(mutants, tried, workers)


def _killer(file: str, tests: list[str], until: float) -> str:
    """The first of these tests in one file that fails, or ""; "" once its time is over."""
    if time.process_time() > until:
        return ""
    killer: list[str] = []
    noting = plugin(lambda items: killer.append(failing(_ordered(items, tests), until)))
    found = pytest.main([*QUIETLY, file], plugins=[noting])
    if found == pytest.ExitCode.INTERRUPTED:  # a test module that cannot be read any more
        return "collection"
    return "".join(killer)


def with_change(mutant: Mutant, tests: list[str]) -> bool:
    """Whether these tests pass with that change, in a process that has not read the library."""
    sys.meta_path.insert(0, _Changed(mutant))
    return pytest.main([*QUIETLY, "-x", *tests]) == 0


def _ordered(items: list[pytest.Item], tests: list[str]) -> list[pytest.Item]:
    by_id = {item.nodeid: item for item in items}
    return [by_id[test] for test in tests if test in by_id]


class _Changed(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    """Gives the changed module in place of the one on disk."""

    def __init__(self, mutant: Mutant) -> None:
        self.path = path_of(mutant.module)
        self.name = f"ldn_titration.{mutant.module}"
        self.tree: ast.Module = applied(self.path.read_text(), mutant)

    def find_spec(self, name, path=None, target=None):  # type: ignore[no-untyped-def]
        if name != self.name:
            return None
        return importlib.util.spec_from_file_location(name, self.path, loader=self)

    def is_package(self, fullname: str) -> bool:
        return self.path.name == "__init__.py"

    def get_source(self, fullname: str) -> str:
        return self.path.read_text()

    def get_code(self, fullname: str) -> types.CodeType:
        return compile(self.tree, str(self.path), "exec")


_Functions = dict[tuple[str, str, int], list[types.FunctionType]]


def _functions() -> _Functions:
    found: _Functions = {}
    for thing in gc.get_objects():
        if isinstance(thing, types.FunctionType):
            code = thing.__code__
            key = (os.path.realpath(code.co_filename), code.co_qualname, code.co_firstlineno)
            found.setdefault(key, []).append(thing)
    return found


def _patch(functions: _Functions, code: types.CodeType) -> None:
    """Give each living function of that module its code of the changed module."""
    for inner in code.co_consts:
        if isinstance(inner, types.CodeType):
            key = (os.path.realpath(inner.co_filename), inner.co_qualname, inner.co_firstlineno)
            for function in functions.get(key, ()):
                if len(function.__code__.co_freevars) == len(inner.co_freevars):
                    function.__code__ = inner
            _patch(functions, inner)


def fits(mutant: Mutant) -> bool:
    """Whether the functions that are there can be given the changed code.

    Not where the change takes away the last ``super()`` or the last name of a function around."""
    source = path_of(mutant.module).read_text()
    return bool(mutant.scope) and _shape_of(source) == _shape(applied(source, mutant))


@functools.lru_cache
def _shape_of(source: str) -> set[tuple[str, int, int]]:
    return _shape(ast.parse(source))


def _shape(tree: ast.Module) -> set[tuple[str, int, int]]:
    waiting, found = [compile(tree, "", "exec")], set()
    while waiting:
        code = waiting.pop()
        found.add((code.co_qualname, code.co_firstlineno, len(code.co_freevars)))
        waiting += (inner for inner in code.co_consts if isinstance(inner, types.CodeType))
    return found


def _caches() -> list[Any]:
    """What was remembered was worked out with the code as it was."""
    return [
        thing
        for thing in gc.get_objects()
        if isinstance(thing, functools._lru_cache_wrapper)
        and (thing.__module__ or "").startswith("ldn_titration")
    ]


def _forked(mutants: list[Mutant], tried, workers: int) -> Iterator[Verdict]:  # type: ignore[no-untyped-def]
    waiting = list(reversed(mutants))
    running: dict[int, tuple[Mutant, int, float]] = {}
    while waiting or running:
        while waiting and len(running) < workers:
            mutant = waiting.pop()
            process, pipe = _started(tried, mutant)
            running[process] = (mutant, pipe, time.monotonic())
        yield from _ended(running)
        time.sleep(0.01)


def _started(tried, mutant: Mutant) -> tuple[int, int]:  # type: ignore[no-untyped-def]
    ours, theirs = os.pipe()
    sys.stdout.flush()
    process = os.fork()
    if process:
        os.close(theirs)
        return process, ours
    os.setsid()
    resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (int(8 * MOST_SECONDS), int(8 * MOST_SECONDS) + 5))
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    try:
        by = tried(mutant)
    except BaseException as error:  # a fault of this tool, or a change that ends the process
        os.write(theirs, f"broke off: {error!r}"[:300].encode())
        os._exit(BROKE_OFF)
    os.write(theirs, by.encode())
    os._exit(KILLED if by else LIVED)


def _ended(running: dict[int, tuple[Mutant, int, float]]) -> Iterator[Verdict]:
    for process, (mutant, pipe, since) in list(running.items()):
        done, status = os.waitpid(process, os.WNOHANG)
        late = time.monotonic() - since > 20 * MOST_SECONDS
        if not done and not late:
            continue
        if not done:
            os.killpg(process, signal.SIGKILL)
            os.waitpid(process, 0)
        with os.fdopen(pipe, "rb") as told:
            by = told.read().decode()
        del running[process]
        if late and not done:
            yield Verdict(mutant, TOO_LONG, "time")
        elif os.WIFSIGNALED(status):
            slow = os.WTERMSIG(status) in {signal.SIGXCPU, signal.SIGKILL}
            yield Verdict(mutant, TOO_LONG if slow else KILLED, "time" if slow else "crash")
        else:
            yield Verdict(mutant, os.WEXITSTATUS(status), by)
