"""What the API pages add to a class: its fields, with their types and defaults.

`docs/conf.py` calls this while the site is built; pydantic and tuples keep their fields where
autodoc does not look.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

HIDDEN = {"__init__", "__new__", "model_config"}


def skip(_app: Any, _what: str, name: str, obj: Any, skipped: bool, _options: Any) -> bool:
    """Leave out what is no part of the face: settings, constructors, the fields of a tuple."""
    alias = str(getattr(obj, "__doc__", "")).startswith("Alias for field number")
    return skipped or name in HIDDEN or alias


def list_fields(
    _app: Any, what: str, _name: str, obj: Any, _options: Any, lines: list[str]
) -> None:
    """Put a class's fields below its docstring."""
    if what != "class":
        return
    listed = list(fields_of(obj))
    if listed:
        lines += ["", "Fields:", ""]
        lines += [f"* ``{name}``: {words}" for name, words in listed]
        lines += [""]


def fields_of(kind: type[Any]) -> Iterator[tuple[str, str]]:
    """Each field of a value or a named tuple, and its type in words."""
    if issubclass(kind, BaseModel):
        for name, field in kind.model_fields.items():
            default = "" if field.is_required() else f", by default ``{field.get_default()!r}``"
            yield field.alias or name, f"{type_words(field.annotation)}{default}"
    elif issubclass(kind, tuple):
        hints = typing.get_type_hints(kind)
        for name in getattr(kind, "_fields", ()):
            default = kind._field_defaults.get(name, ...)  # type: ignore[attr-defined]
            ending = "" if default is ... else f", by default ``{default!r}``"
            yield name, f"{type_words(hints[name])}{ending}"


def type_words(hint: Any) -> str:
    """A type as people say it: ``Mass``, ``a list of TitrationStep``, ``date or None``."""
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Annotated:
        return type_words(inner[0])
    if origin is typing.Literal:
        return " or ".join(f"``{value!r}``" for value in inner)
    if origin in (types.UnionType, typing.Union):
        return " or ".join(dict.fromkeys(map(type_words, inner)))
    if origin is tuple:
        return _tuple_words(inner)
    if origin is not None:
        return f"{origin.__name__} of {' to '.join(map(type_words, inner))}"
    if hint is type(None):
        return "``None``"
    return f"``{hint.__name__}``" if isinstance(hint, type) else f"``{hint}``"


def _tuple_words(inner: tuple[Any, ...]) -> str:
    if len(inner) == 2 and inner[1] is ...:
        return f"any number of {type_words(inner[0])}"
    return f"({', '.join(map(type_words, inner))})"
