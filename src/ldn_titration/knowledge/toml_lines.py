"""Where in a TOML file something stands: from the path of a problem to its line."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from typing import Any

__all__ = ["line_of", "lines_of"]

_Path = tuple[str, ...]


def lines_of(text: str) -> dict[_Path, tuple[int, int]]:
    """The first and last line of every statement, by the path that it begins to fill.

    Tables and arrays of tables are followed; a statement is a header, or a key with its
    value, over one line or several.
    """
    found: dict[_Path, tuple[int, int]] = {}
    inside: _Path = ()
    counts: dict[str, int] = {}
    for first, last, tree, header in _statements(text.split("\n")):
        path = _only_path(tree)
        if header:
            name = ".".join(path)
            inside = path
            if header == "[[":
                inside = (*path, str(counts.get(name, 0)))
                counts[name] = counts.get(name, 0) + 1
            path = ()
        found.setdefault((*inside, *path), (first, last))
    return found


def line_of(path: str, lines: dict[_Path, tuple[int, int]], text: str, wanted: object) -> int:
    """The line of a path such as ``opioid[0].codes[2]``; in a list over lines, of its entry."""
    steps = tuple(re.findall(r"[^.\[\]]+", path))
    known = ((path,), *(steps[:length] for length in range(len(steps), 0, -1)))
    first, last = next((lines[part] for part in known if part in lines), (1, 1))
    region = text.split("\n")[first - 1 : last]
    if isinstance(wanted, str) and len(region) > 1:
        matches = [place for place, line in enumerate(region) if f'"{wanted}"' in line]
        return first + (matches[_nth(steps, region, matches)] if matches else 0)
    return first


def _nth(steps: _Path, region: list[str], matches: list[int]) -> int:
    """Which of several equal entries is meant: the last where the later one is at fault."""
    place = int(steps[-1]) if steps[-1].isdigit() else 0
    return -1 if len(matches) > 1 and place >= len(region) // 2 else 0


def _statements(lines: list[str]) -> Iterator[tuple[int, int, dict[str, Any], str]]:
    """Each statement of a file that is known to be TOML, parsed alone."""
    first, chunk = 0, ""
    for number, line in enumerate(lines, 1):
        if not chunk and (not line.strip() or line.lstrip().startswith("#")):
            continue
        first, chunk = (first, chunk) if chunk else (number, "")
        chunk += f"{line}\n"
        if line.rstrip("\r ").endswith((",", "[", "{")) and first != number:
            continue
        try:
            tree = tomllib.loads(chunk)
        except (ValueError, RecursionError):
            continue
        header = re.match(r"\s*(\[\[|\[)", chunk)
        yield first, number, tree, header[1] if header else ""
        chunk = ""


def _only_path(tree: dict[str, Any]) -> _Path:
    """The path that a single statement opens."""
    path: list[str] = []
    here: Any = tree
    while isinstance(here, dict) and len(here) == 1:
        (key,) = here
        path.append(key)
        here = here[key]
    return tuple(path)
