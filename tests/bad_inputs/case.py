"""The cases of ``tests/data/bad-inputs.json``, and the doors through which they are tried.

Three marks stand in the corpus for what JSON cannot hold, anywhere in an input:

* ``{"$repeat": [text, n]}`` is the text n times over; a ``"suffix"`` beside it comes after;
* ``{"$float": text}`` is a binary float, also ``nan``;
* ``{"$decimal": text}`` is a ``Decimal``, also ``sNaN``.
"""

from __future__ import annotations

import contextlib
import copy
import io
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

from conftest import ROOT
from ldn_titration import InvalidInputError, LdnTitrationError
from ldn_titration import cli as command_line
from ldn_titration.errors import KnowledgeError, MissingExtraError
from ldn_titration.request import PlanRequest, read_request

CORPUS = ROOT / "tests" / "data" / "bad-inputs.json"
EXAMPLE = ROOT / "examples" / "drops-18-weeks.json"

CODES = frozenset({0, 2, 3, 4, 5})
"""The exit codes of the contract."""


class Case(NamedTuple):
    """One bad input, and what must come of it."""

    id: str
    area: str
    input: dict[str, Any]
    expected: str


@cache
def load() -> tuple[Case, ...]:
    """Every case of the corpus, with its marks expanded."""
    rows = json.loads(CORPUS.read_text(encoding="utf-8"))
    return tuple(Case(r["id"], r["area"], expanded(r["input"]), r["expected"]) for r in rows)


def expanded(value: Any) -> Any:
    """The value that plain data with marks stands for; ValueError for a mark that is none."""
    if isinstance(value, list):
        return [expanded(each) for each in value]
    if not isinstance(value, dict):
        return value
    match value:
        case {"$repeat": [str(text), int(times)], **rest}:
            suffix = rest.pop("suffix", "")
            _only(rest)
            return text * times + suffix
        case {"$float": str(text), **rest}:
            _only(rest)
            return float(text)
        case {"$decimal": str(text), **rest}:
            _only(rest)
            return Decimal(text)
    if any(name.startswith("$") for name in value):
        raise ValueError(f"a mark that is not known: {sorted(value)}")
    return {name: expanded(each) for name, each in value.items()}


def _only(rest: Mapping[str, Any]) -> None:
    if rest:
        raise ValueError(f"beside a mark: {sorted(rest)}")


def good(**changes: Any) -> dict[str, Any]:
    """A request that clears (18 weeks of drops), with these keys in place of its own."""
    return {**copy.deepcopy(_example()), **changes}


@cache
def _example() -> dict[str, Any]:
    request: dict[str, Any] = json.loads(EXAMPLE.read_text(encoding="utf-8"))
    return request


# --- what must come of it -------------------------------------------------------------


def refused(call: Callable[[], object], *parts: str) -> LdnTitrationError:
    """The error of a call that must be refused; its text has each of these parts.

    It is one of ours, and a ``ValueError`` too unless it is no error about an input.
    """
    try:
        made = call()
    except LdnTitrationError as error:
        about_input = not isinstance(error, MissingExtraError | KnowledgeError)
        assert isinstance(error, ValueError) or not about_input, type(error)
        _has(str(error), parts)
        return error
    raise AssertionError(f"not refused, but made {str(made)[:200]}")


def refused_request(request: object, path: str, *parts: str, command: str = "plan") -> None:
    """Demand that a request is refused at this path: read as JSON, and on the command line.

    ``request`` is plain data, or the text itself.
    """
    text = request if isinstance(request, str) else as_json(request)
    error = refused(lambda: read_request(text))
    assert isinstance(error, InvalidInputError)
    told = [f"{p.path}: {p.message}" for p in error.problems if p.path == path]
    assert told, f"no problem at {path}, but: {error}"
    _has("\n".join(told), parts)
    run = cli(command, "-", stdin=text)
    assert (run.code, run.out) == (2, ""), run
    lines = [line for line in run.err.splitlines() if line.startswith(f"{path}: ")]
    assert lines, run.err
    _has("\n".join(lines), parts)


def accepted(request: object) -> PlanRequest:
    """The request that plain data makes, by way of its JSON text."""
    return read_request(as_json(request))


def as_json(data: object) -> str:
    """The JSON text of plain data, where a ``Decimal`` or a float is a number as it stands."""
    return json.dumps(data, default=_number)


def _number(value: object) -> float:
    if isinstance(value, Decimal):
        return float(str(value).replace("sNaN", "nan"))
    raise TypeError(type(value).__name__)


def _has(text: str, parts: tuple[str, ...]) -> None:
    assert "Traceback" not in text
    for part in parts:
        assert part in text, f"{part!r} is not in: {text[:2000]}"


class Aside:
    """Adds up the time that a check spends on work of its own."""

    seconds = 0.0


@contextlib.contextmanager
def aside() -> Iterator[None]:
    """What is done in here is the check's own work, such as reading a PDF: not timed."""
    began = time.perf_counter()
    try:
        yield
    finally:
        Aside.seconds += time.perf_counter() - began


# --- the command line -----------------------------------------------------------------


class Run(NamedTuple):
    """What a run of the command line left: its exit code and both channels as text.

    Bytes that are no UTF-8 (a PDF) stand in ``out`` as surrogates; ``data`` has them back.
    """

    code: int
    out: str
    err: str

    @property
    def data(self) -> bytes:
        """Standard output as it was written."""
        return self.out.encode("utf-8", "surrogateescape")


def cli(
    *argv: str | Path,
    stdin: bytes | str | dict[str, Any] | None = None,
    cwd: Path | None = None,
    codes: frozenset[int] = CODES,
) -> Run:
    """Run the command line in this process; plain data on ``stdin`` is given as JSON.

    No traceback is on standard error, and the code is one of the contract's.
    """
    given = as_json(stdin) if isinstance(stdin, dict) else stdin or b""
    given = given.encode("utf-8", "surrogatepass") if isinstance(given, str) else given
    with (
        _channels(given) as (out, err),
        contextlib.chdir(cwd or Path.cwd()),
        mock.patch.object(command_line, "parser", _parser),
    ):
        try:
            code: Any = command_line.main([str(argument) for argument in argv])
        except SystemExit as left:
            code = left.code or 0
        sys.stdout.flush()
        sys.stderr.flush()
    run = Run(code, *(each.getvalue().decode("utf-8", "surrogateescape") for each in (out, err)))
    assert "Traceback" not in run.err, run.err
    assert run.code in codes, run
    return run


# Made once: making it is most of what a short run takes.
_parser = cache(command_line.parser)


@contextlib.contextmanager
def _channels(given: bytes) -> Iterator[tuple[io.BytesIO, io.BytesIO]]:
    """Standard input with these bytes, and both outputs kept."""
    out, err = io.BytesIO(), io.BytesIO()
    kept = sys.stdin, sys.stdout, sys.stderr
    sys.stdin = io.TextIOWrapper(io.BytesIO(given), "utf-8")
    sys.stdout, sys.stderr = (
        io.TextIOWrapper(each, "utf-8", errors="backslashreplace", write_through=True)
        for each in (out, err)
    )
    try:
        yield out, err
    finally:
        for made in (sys.stdout, sys.stderr):
            made.detach()
        sys.stdin, sys.stdout, sys.stderr = kept
