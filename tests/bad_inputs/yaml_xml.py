"""Bad inputs: YAML, XML and zip, of which there is no reader: each is refused as no JSON."""

from __future__ import annotations

import ast
import io
import zipfile
from collections.abc import Callable
from functools import cache

from bad_inputs.case import Case, aside
from bad_inputs.readers_of_text import refused_by_all
from conftest import ROOT

_READERS = "yaml xml lxml zipfile gzip bz2 lzma tarfile zlib pickle marshal shelve plistlib"
READERS_OF_OTHERS = frozenset(_READERS.split())


@cache
def imports_no_other_reader() -> None:
    """No source imports what reads another format."""
    for path in (ROOT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module or ""]
            assert READERS_OF_OTHERS.isdisjoint(n.split(".")[0] for n in names), path


def _no_json(data: bytes) -> None:
    with aside():
        imports_no_other_reader()
    refused_by_all(data, "is no ")


def _yaml(case: Case) -> None:
    _no_json(f"{case.input['yaml']}\n".encode())


def _aliases(case: Case) -> None:
    """Nine lists of nine aliases each: text, which nobody walks."""
    assert case.input["yaml"].endswith("9 deep x 9")
    lists = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lists += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]
    _no_json("\n".join(lists).encode())


def _entities(case: Case) -> None:
    """Eight entities of ten each, 10^8 in all: text, which nobody expands."""
    assert case.input["xml"].endswith("10^8")
    inner = [f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 9)]
    text = f'<?xml version="1.0"?><!DOCTYPE p [<!ENTITY e0 "x">{"".join(inner)}]><p>&e8;</p>'
    _no_json(text.encode())


@cache
def _archive() -> bytes:
    """4 MB of zeros in 4 kB; ten of it, one in the other, would be the archive of the case."""
    with aside():
        held = io.BytesIO()
        with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("request.json", bytes(4_000_000))
        return held.getvalue()


def _zip(case: Case) -> None:
    assert len(_archive()) < 42_000
    _no_json(_archive())


CASES: dict[str, Callable[[Case], None]] = {
    "B318": _yaml,
    "B319": _yaml,
    "B321": _aliases,
    "B322": _entities,
    "B324": _zip,
}

NOT_BUILT: dict[str, str] = {}
