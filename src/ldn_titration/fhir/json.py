"""FHIR's JSON: decimals with their own digits, nothing that is empty, keys in their order."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from ldn_titration.values import Value

__all__ = ["fhir_json"]


def fhir_json(resource: Value) -> str:
    """The resource as JSON text, indented by one space a level."""
    tree = resource.model_dump(mode="python", by_alias=True, exclude_none=True)
    return "".join(_written(tree, "\n")) + "\n"


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
