"""The changes: every way in which one small thing of a module may be wrong."""

from __future__ import annotations

import ast
import copy
import functools
from collections.abc import Callable, Iterator
from hashlib import sha256
from typing import NamedTuple

__all__ = ["Mutant", "applied", "digests", "mutants"]

_COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}
# Words of the documentation (the generated reference is compared by `make check`), of the
# schema and of the type checker: no test of what the code does can see them.
_SILENT_KEYWORDS = {"description", "title", "examples", "json_schema_extra"}
_SILENT_CALLS = {"cast", "TypeVar", "NewType"}
_SILENT_NAMES = {"__all__", "__slots__", "_REPLACED"}


class Mutant(NamedTuple):
    """One change: where, what it was and what it becomes; ``scope`` is the function, if any."""

    module: str
    scope: str
    line: int
    was: str
    becomes: str
    count: int
    node: int
    change: int

    @property
    def key(self) -> str:
        """What names the change as long as its line of code reads the same."""
        number = f" #{self.count}" if self.count > 1 else ""
        return f"{self.module}:{self.scope}: {self.was} -> {self.becomes}{number}"


def mutants(module: str, source: str) -> list[Mutant]:
    """All changes of a module, in the order of its lines."""
    found: list[Mutant] = []
    seen: dict[tuple[str, str, str], int] = {}
    tree = ast.parse(source)
    silent, guards = _silent(tree), _guards(tree)
    scopes = _scopes(tree)
    for number, node in enumerate(ast.walk(tree)):
        if id(node) in silent:
            continue
        for change, make in enumerate(_changes(node)):
            was, becomes = _shown(node), _shown(make(copy.deepcopy(node)))
            place = (scopes[id(node)], was, becomes)
            seen[place] = seen.get(place, 0) + 1
            if id(node) in guards:
                continue
            line = node.iter.lineno if isinstance(node, ast.comprehension) else node.lineno
            found.append(Mutant(module, place[0], line, was, becomes, seen[place], number, change))
    return sorted(found, key=lambda mutant: (mutant.line, mutant.node))


def applied(source: str, mutant: Mutant) -> ast.Module:
    """The module's syntax tree with that one change."""
    tree = ast.parse(source)
    target = list(ast.walk(tree))[mutant.node]
    changed = list(_changes(target))[mutant.change](copy.deepcopy(target))
    whole = _Replace(target, changed).visit(tree)
    return ast.fix_missing_locations(whole)


class _Replace(ast.NodeTransformer):
    def __init__(self, target: ast.AST, changed: ast.AST) -> None:
        self.target, self.changed = target, changed

    def visit(self, node: ast.AST) -> ast.AST:
        if node is not self.target:
            return self.generic_visit(node)
        if hasattr(node, "lineno"):
            ast.copy_location(self.changed, node)
        return self.changed


def _shown(node: ast.AST) -> str:
    if isinstance(node, ast.comprehension):
        tests = "".join(f" if {ast.unparse(test)}" for test in node.ifs)
        return f"{ast.unparse(node.iter)}{tests}"
    return " ".join(ast.unparse(ast.fix_missing_locations(node)).split())


def _scopes(tree: ast.Module) -> dict[int, str]:
    """Each node's function by its qualified name; "" at the level of module and class."""
    scopes: dict[int, str] = {}

    def descend(node: ast.AST, names: tuple[str, ...], scope: str) -> None:
        scopes[id(node)] = scope
        if isinstance(node, ast.FunctionDef):
            own = (*names, node.name)
            for part in [*node.decorator_list, node.args]:
                descend(part, names, scope)
            for statement in node.body:
                descend(statement, own, scope or ".".join(own))
            return
        if isinstance(node, ast.ClassDef):
            names = (*names, node.name)
        for child in ast.iter_child_nodes(node):
            descend(child, names, scope)

    descend(tree, (), "")
    return scopes


@functools.cache
def digests(source: str) -> dict[str, str]:
    """Of each function's code, by its qualified name, and of the whole module under ""."""
    texts = {"": source}

    def descend(node: ast.AST, names: tuple[str, ...]) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.FunctionDef):
                name = ".".join((*names, child.name))
                texts[name] = texts.get(name, "") + ast.unparse(child)
            else:
                own = (child.name,) if isinstance(child, ast.ClassDef) else ()
                descend(child, (*names, *own))

    descend(ast.parse(source), ())
    return {name: sha256(text.encode()).hexdigest()[:16] for name, text in texts.items()}


def _silent(tree: ast.Module) -> set[int]:
    """Nodes that say nothing to a test: annotations, documentation, words of the schema."""
    silent: set[int] = set()
    for node in ast.walk(tree):
        for part in _silent_parts(node):
            silent.update(id(inner) for inner in ast.walk(part))
    return silent


def _guards(tree: ast.Module) -> set[int]:
    """``strict`` of zip: it tells of lengths that differ, and these never do."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    zips = [call for call in calls if getattr(call.func, "id", "") == "zip"]
    return {id(word.value) for call in zips for word in call.keywords if word.arg == "strict"}


def _silent_parts(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.FunctionDef):
        arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        yield from (argument.annotation for argument in arguments if argument.annotation)
        if node.returns:
            yield node.returns
    if isinstance(node, ast.AnnAssign) and not _has_call(node.annotation):
        yield node.annotation
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        yield node
    if isinstance(node, ast.keyword) and node.arg in _SILENT_KEYWORDS:
        yield node
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") in _SILENT_CALLS:
        yield node
    if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
        yield node
    if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") in _SILENT_NAMES:
        yield node
    if isinstance(node, ast.ImportFrom | ast.Import):
        yield node


def _has_call(annotation: ast.AST) -> bool:
    return any(isinstance(node, ast.Call) for node in ast.walk(annotation))


def _changes(  # noqa: C901 - one line a kind of node
    node: ast.AST,
) -> Iterator[Callable[[ast.AST], ast.AST]]:
    """What may be done to a copy of that node."""
    if isinstance(node, ast.Compare):
        yield from (_other_comparison(place) for place, _ in enumerate(node.ops))
    elif isinstance(node, ast.BoolOp):
        yield _other_junction
    elif isinstance(node, ast.BinOp | ast.AugAssign) and type(node.op) in _OPERATORS:
        if not (isinstance(node, ast.BinOp) and _is_union(node)):
            yield _other_operator
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.USub):
        yield lambda copied: copied.operand  # type: ignore[attr-defined]
    elif isinstance(node, ast.Constant) and node.value is not None and node.value is not ...:
        yield _other_constant
    elif isinstance(node, ast.Return) and node.value is not None and not _is_none(node.value):
        yield lambda _: ast.Return(ast.Constant(None))
    elif isinstance(node, ast.Raise | ast.Continue | ast.Break) or _is_call(node):
        yield lambda _: ast.Pass()
    elif isinstance(node, ast.If | ast.While | ast.IfExp) and _is_plain(node.test):
        yield _negated
    elif isinstance(node, ast.comprehension):
        yield from (_without_condition(place) for place, _ in enumerate(node.ifs))


def _is_union(node: ast.BinOp) -> bool:
    """A union of types, as in ``isinstance(x, A | B)``: names that begin with a capital."""
    sides = (node.left, node.right)
    return isinstance(node.op, ast.BitOr) and any(
        (isinstance(side, ast.Name) and side.id[0].isupper() and not side.id.isupper())
        or _is_none(side)
        or (isinstance(side, ast.BinOp) and _is_union(side))
        for side in sides
    )


def _is_none(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _is_call(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)


def _is_plain(test: ast.AST) -> bool:
    """Whether no other change negates it."""
    return not isinstance(test, ast.Compare | ast.BoolOp | ast.UnaryOp | ast.Constant)


def _other_comparison(place: int) -> Callable[[ast.AST], ast.AST]:
    def change(node: ast.AST) -> ast.AST:
        assert isinstance(node, ast.Compare)
        node.ops[place] = _COMPARISONS[type(node.ops[place])]()
        return node

    return change


def _other_junction(node: ast.AST) -> ast.AST:
    assert isinstance(node, ast.BoolOp)
    node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
    return node


def _other_operator(node: ast.AST) -> ast.AST:
    assert isinstance(node, ast.BinOp | ast.AugAssign)
    node.op = _OPERATORS[type(node.op)]()
    return node


def _other_constant(node: ast.AST) -> ast.AST:
    assert isinstance(node, ast.Constant)
    value = node.value
    if isinstance(value, bool):
        node.value = not value
    elif isinstance(value, int):
        node.value = value + 1
    elif isinstance(value, bytes):
        node.value = b"XX" + value
    else:
        node.value = f"XX{value}XX"
    return node


def _negated(node: ast.AST) -> ast.AST:
    assert isinstance(node, ast.If | ast.While | ast.IfExp)
    node.test = ast.UnaryOp(ast.Not(), node.test)
    return node


def _without_condition(place: int) -> Callable[[ast.AST], ast.AST]:
    def change(node: ast.AST) -> ast.AST:
        assert isinstance(node, ast.comprehension)
        del node.ifs[place]
        return node

    return change
