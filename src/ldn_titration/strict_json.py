"""Strict JSON: a text becomes plain data, or it is said why not and where."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ldn_titration.errors import InvalidInputError, Problem

__all__ = ["MAX_BYTES", "duplicates", "read_json", "strange_numbers"]

MAX_BYTES = 1 << 20
"""The largest JSON text that is read."""

_MAX_INTEGER_DIGITS = 15
_MAX_DEPTH = 64
_MOST_HELD = 100_000


class _Object(dict[str, Any]):
    """A JSON object of which keys stood twice, and which they were."""

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


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    plain = dict(pairs)
    if len(plain) == len(pairs):
        return plain
    made = _Object(plain)
    made.twice = tuple(n for n, times in Counter(n for n, _ in pairs).items() if times > 1)
    return made


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) <= _MAX_INTEGER_DIGITS else math.inf


def _require_shallow(tree: Any, name: str) -> None:
    level, count = _below([[tree]]), 0
    for _ in range(_MAX_DEPTH + 1):
        level = _below(level)
        count += len(level)
        if count > _MOST_HELD:
            message = f"holds more than {_MOST_HELD:,} lists and objects"
            raise InvalidInputError([Problem(name, message)])
        if not level:
            return
    raise InvalidInputError([Problem(name, "is nested too deeply")])


def _below(level: Iterable[dict[str, Any] | list[Any]]) -> list[Any]:
    """What holds more, of all that these hold."""
    inner = (value.values() if isinstance(value, dict) else value for value in level)
    return [each for values in inner for each in values if isinstance(each, _HOLDERS)]


def duplicates(tree: Any) -> Iterator[Problem]:
    """Each key that stood twice in its object."""
    for value, way in _walk(tree, _HOLDERS):
        if isinstance(value, _Object):
            for name in value.twice:
                yield Problem(_path((way, name)), "stands twice in the same object")


def strange_numbers(tree: Any) -> Iterator[Problem]:
    """Each number that is not finite or too large to be read, where no other is a float."""
    for value, way in _walk(tree, (*_HOLDERS, float)):
        if isinstance(value, float) and not math.isfinite(value):
            message = f"must be a number of at most {_MAX_INTEGER_DIGITS} digits"
            yield Problem(_path(way), message)


_HOLDERS = (dict, list)
_Way = tuple[Any, str | int] | None  # the way to what holds it, and its key or place in that


def _walk(tree: Any, kinds: tuple[type, ...]) -> Iterator[tuple[Any, _Way]]:
    """All of these kinds in a tree, in the order in which it was written, and the way to each."""
    ahead: list[tuple[Any, _Way]] = [(tree, None)]
    while ahead:
        value, way = ahead.pop()
        yield value, way
        if isinstance(value, dict):
            inner: Iterable[tuple[str | int, Any]] = value.items()
        else:
            inner = enumerate(value) if isinstance(value, list) else ()
        below = [(each, (way, key)) for key, each in inner if isinstance(each, kinds)]
        ahead += reversed(below)


def _path(way: _Way) -> str:
    parts: list[str] = []
    while way is not None:
        way, key = way
        parts.append(f"[{key}]" if isinstance(key, int) else f".{key}")
    return "".join(reversed(parts)).lstrip(".")
