"""FHIR's JSON: decimals with their own digits, nothing that is empty, keys in their order."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, TypeVar

from ldn_titration.errors import InvalidInputError, Problem
from ldn_titration.values import Value

__all__ = ["fhir_json", "fhir_read"]

_Model = TypeVar("_Model", bound=Value)


def fhir_json(resource: Value) -> str:
    """The resource as JSON text, indented by one space a level."""
    tree = resource.model_dump(mode="python", by_alias=True, exclude_none=True)
    return "".join(_written(tree, "\n")) + "\n"


def fhir_read(model: type[_Model], tree: Any) -> _Model:
    """The resource that a tree of JSON holds, told as `fhir_json` tells it.

    Decimal numbers of the tree are Decimals: `json.loads(text, parse_float=Decimal)`. Raises
    InvalidInputError for what the model refuses, and for what it would take in silence: a
    status or system that is not told, a list with nothing in it.
    """
    resource = model.model_validate(tree)
    again = json.loads(fhir_json(resource), parse_float=Decimal)
    problems = [Problem(path, "must be as it is written here") for path in _differ(tree, again)]
    if problems:
        raise InvalidInputError(problems)
    return resource


def _differ(read: Any, again: Any, path: str = "") -> Iterator[str]:
    """The paths at which two trees are not the same."""
    if isinstance(read, dict) and isinstance(again, dict):
        for name in (*read, *(name for name in again if name not in read)):
            deeper = f"{path}.{name}".lstrip(".")
            yield from _differ(read.get(name), again.get(name), deeper)
    elif isinstance(read, list) and isinstance(again, list) and len(read) == len(again):
        for place, pair in enumerate(zip(read, again, strict=True)):
            yield from _differ(*pair, f"{path}[{place}]")
    elif read != again or read is None:
        yield path


def _written(tree: Any, line: str) -> Iterator[str]:
    if isinstance(tree, Mapping):
        parts = [(f"{_plain(name)}: ", value) for name, value in tree.items() if value != ()]
        yield from _listed("{", parts, "}", line)
    elif isinstance(tree, tuple | list):
        yield from _listed("[", [("", value) for value in tree], "]", line)
    else:
        yield f"{tree:f}" if isinstance(tree, Decimal) else _plain(tree)


def _listed(left: str, parts: list[tuple[str, Any]], right: str, line: str) -> Iterator[str]:
    deeper, between = f"{line} ", left
    for name, value in parts:
        yield f"{between}{deeper}{name}"
        yield from _written(value, deeper)
        between = ","
    yield f"{line}{right}" if parts else f"{left}{right}"


def _plain(value: Any) -> str:
    if isinstance(value, str | bool | int):
        return json.dumps(value, ensure_ascii=False)
    return json.dumps(str(value), ensure_ascii=False)
