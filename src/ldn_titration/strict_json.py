"""Strict JSON: a text becomes plain data, or it is said why not and where."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from ldn_titration.errors import InvalidInputError, Problem

__all__ = ["MAX_BYTES", "duplicates", "read_json", "strange_numbers"]

MAX_BYTES = 1 << 20
"""The largest JSON text that is read."""

_MAX_INTEGER_DIGITS = 15
_MAX_DEPTH = 64


class _Object(dict[str, Any]):
    """A JSON object that remembers which of its keys stood twice."""

    twice: tuple[str, ...] = ()


def read_json(
    data: bytes | str, name: str = "request", parse_float: Callable[[str], Any] = float
) -> Any:
    """The plain data in a JSON text; ``name`` is what problems call the whole.

    Raises InvalidInputError for text that is no UTF-8, no JSON, too large or too deep. Keys
    that stand twice are kept for :func:`duplicates`; a number beyond 15 digits becomes
    infinite, for :func:`strange_numbers` or a model to refuse.
    """
    try:
        text = data.decode("utf-8-sig") if isinstance(data, bytes) else data
        if len(data) > MAX_BYTES:
            raise InvalidInputError([Problem(name, f"is larger than {MAX_BYTES} bytes")])
        tree = json.loads(
            text, object_pairs_hook=_object, parse_int=_integer, parse_float=parse_float
        )
    except UnicodeDecodeError as error:
        raise InvalidInputError([Problem(name, f"is no UTF-8 text (byte {error.start})")]) from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise InvalidInputError([Problem(name, f"is no JSON: {error.msg} at {where}")]) from None
    except RecursionError:
        raise InvalidInputError([Problem(name, "is nested too deeply")]) from None
    _require_shallow(tree, name)
    return tree


def _object(pairs: list[tuple[str, Any]]) -> _Object:
    made = _Object(pairs)
    if len(made) < len(pairs):
        made.twice = tuple(n for n, times in Counter(n for n, _ in pairs).items() if times > 1)
    return made


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) <= _MAX_INTEGER_DIGITS else math.inf


def _require_shallow(tree: Any, name: str) -> None:
    level = _below([tree])
    for _ in range(_MAX_DEPTH):
        level = [below for value in level for below in _below(value)]
        if not level:
            return
    raise InvalidInputError([Problem(name, "is nested too deeply")])


def _below(value: dict[str, Any] | list[Any]) -> list[Any]:
    inner = value.values() if isinstance(value, dict) else value
    return [each for each in inner if isinstance(each, dict | list)]


def duplicates(tree: Any, path: str = "") -> Iterator[Problem]:
    """Each key that stood twice in its object."""
    if isinstance(tree, _Object):
        for name in tree.twice:
            yield Problem(f"{path}.{name}".lstrip("."), "stands twice in the same object")
    for where, value in _children(tree, path):
        yield from duplicates(value, where)


def strange_numbers(tree: Any, path: str = "") -> Iterator[Problem]:
    """Each number that is not finite or too large to be read, where no other is a float."""
    if isinstance(tree, float) and not math.isfinite(tree):
        yield Problem(path, f"must be a number of at most {_MAX_INTEGER_DIGITS} digits")
    for where, value in _children(tree, path):
        yield from strange_numbers(value, where)


def _children(tree: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(tree, dict):
        for name, value in tree.items():
            if isinstance(value, dict | list | float):
                yield f"{path}.{name}".lstrip("."), value
    elif isinstance(tree, list):
        for place, value in enumerate(tree):
            if isinstance(value, dict | list | float):
                yield f"{path}[{place}]", value
