"""The safety records as data, the tests as their sources tell of them, and how both agree.

Tests are read, not imported, so that this takes a moment.
"""

from __future__ import annotations

import ast
import csv
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
SAFETY = ROOT / "docs" / "safety"
CODE = re.compile(r"(?<![\w-])(?:P\d\d|[A-Z]{2,4}-\d\d)(?![\w-])")
STATUS = re.compile(r"controlled|not built: [^()]+ \(([\w., ]+)\)")


class Hazard(NamedTuple):
    """A row of the hazard log."""

    id: str
    severity: str
    hazard: str
    cause: str
    harm: str
    control: str
    test: str
    status: str

    @property
    def absent(self) -> tuple[str, ...]:
        """The modules that must not be there while the row says that it is not built."""
        found = STATUS.fullmatch(self.status)
        return tuple(found[1].split(", ")) if found and found[1] else ()


class Library(NamedTuple):
    """A row of the third-party software."""

    name: str
    part: str
    requirement: str
    licence: str
    use: str


class Trap(NamedTuple):
    """What a library gets wrong if trusted, and our test of it."""

    name: str
    trap: str
    control: str
    test: str


class Clause(NamedTuple):
    """A property that must hold."""

    id: str
    clause: str


class Test(NamedTuple):
    """A test, or a whole file where a mark stands outside every test.

    ``codes``: of properties and rules, named in it or in a table of its file that it uses.
    """

    node: str
    hazards: tuple[str, ...]
    codes: frozenset[str]

    __test__ = False

    @property
    def is_test(self) -> bool:
        """Whether it is a test that can be run by this id."""
        return "::" in self.node


def hazards(text: str | None = None) -> list[Hazard]:
    """The hazard log, as shipped or of that text."""
    return [Hazard(*row) for row in _rows("hazards", Hazard._fields, text)]


def libraries() -> list[Library]:
    """The third-party software."""
    return [Library(*row) for row in _rows("third_party", Library._fields)]


def traps(text: str | None = None) -> list[Trap]:
    """The traps of the third-party software."""
    return [Trap(*row) for row in _rows("traps", Trap._fields, text)]


def clauses() -> list[Clause]:
    """The properties."""
    return [Clause(*row) for row in _rows("properties", Clause._fields)]


def _rows(name: str, fields: tuple[str, ...], text: str | None = None) -> list[list[str]]:
    if text is None:
        text = (SAFETY / f"{name}.csv").read_text(encoding="utf-8")
    header, *rows = csv.reader(text.splitlines())
    assert tuple(header) == fields, header
    assert all(len(row) == len(fields) for row in rows), name
    return rows


# --- the tests ------------------------------------------------------------------------


@cache
def tests() -> tuple[Test, ...]:
    """Every test below tests/, with its marks and its source."""
    found: list[Test] = []
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        if "node_modules" not in path.parts:
            found += tests_of(path.read_text(encoding="utf-8"), str(path.relative_to(ROOT)))
    return tuple(found)


def tests_of(source: str, path: str) -> Iterator[Test]:
    """The tests of one file; marks outside of them count for the file."""
    inside: set[ast.AST] = set()
    tree = ast.parse(source)
    tables = _tables(tree.body)
    for name, node in _functions(tree.body):
        inside |= set(ast.walk(node))
        used = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
        words = CODE.findall(_source(source, node))
        words += [code for table in sorted(used & tables.keys()) for code in tables[table]]
        yield Test(f"{path}::{name}", _marks(ast.walk(node)), frozenset(words))
    outside = _marks(node for node in ast.walk(tree) if node not in inside)
    if outside:
        yield Test(path, outside, frozenset())


def _functions(body: list[ast.stmt], within: str = "") -> Iterator[tuple[str, ast.FunctionDef]]:
    for node in body:
        if isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
            yield from _functions(node.body, f"{within}{node.name}::")
        elif isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            yield f"{within}{node.name}", node


def _tables(body: list[ast.stmt]) -> dict[str, list[str]]:
    """The codes in the tables of a file, by their names."""
    found: dict[str, list[str]] = {}
    for node in body:
        if isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            codes = CODE.findall(ast.unparse(node))
            found |= {each.id: codes for each in targets if isinstance(each, ast.Name)}
    return found


def _source(source: str, node: ast.FunctionDef) -> str:
    first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
    return "\n".join(source.splitlines()[first - 1 : node.end_lineno])


def _marks(nodes: Iterable[ast.AST]) -> tuple[str, ...]:
    """What stands in pytest.mark.hazard(...); anything but plain text stands as it is written."""
    found: list[str] = []
    for node in nodes:
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.hazard":
            found += [
                str(each.value) if isinstance(each, ast.Constant) else ast.unparse(each)
                for each in node.args
            ]
    return tuple(dict.fromkeys(found))


# --- how both agree -------------------------------------------------------------------


def faults(log: list[Hazard], known: Iterable[Test]) -> list[str]:
    """Where the log and the marks disagree, or a row is not whole; none where all is well."""
    marked = {test.node: test for test in known}
    ids = [row.id for row in log]
    twice = sorted({each for each in ids if ids.count(each) > 1})
    told = [f"{each}: stands more than once" for each in twice]
    for row in log:
        told += _faults_of(row, marked.get(row.test))
    for test in marked.values():
        told += [f"{test.node}: {each} is no hazard of the log" for each in test.hazards
                 if each not in ids]  # fmt: skip
    return told


def _faults_of(row: Hazard, test: Test | None) -> Iterator[str]:
    if not all(cell.strip() for cell in row):
        yield f"{row.id}: has an empty cell"
    if not re.fullmatch(r"[A-Z]\d\d", row.id):
        yield f"{row.id}: is no id"
    if row.severity not in {"1", "2", "3", "4", "5"}:
        yield f"{row.id}: severity {row.severity} is none of 1 to 5"
    if not STATUS.fullmatch(row.status):
        yield f'{row.id}: status is neither "controlled" nor "not built: what (module)"'
    if test is None:
        yield f"{row.id}: {row.test} does not exist"
    elif row.id not in test.hazards:
        yield f"{row.id}: {row.test} is not marked with it"


def without_test(rows: list[Trap], known: Iterable[Test]) -> list[str]:
    """The traps whose test does not exist or whose row is not whole."""
    nodes = {test.node for test in known}
    return [
        f"{row.name}: {row.trap}: {row.test or 'no test'}"
        for row in rows
        if row.test not in nodes or not all(cell.strip() for cell in row)
    ]


def proofs(hazard: str) -> list[str]:
    """Every test that is marked with a hazard, by its id."""
    return [test.node for test in tests() if hazard in test.hazards]


def naming(code: str) -> list[str]:
    """Every test that names the code of a property or a rule; first that which names fewest."""
    found = sorted((test for test in tests() if code in test.codes), key=lambda t: len(t.codes))
    return [test.node for test in found]
