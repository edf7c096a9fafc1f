"""Overlays: a site's own additions to the knowledge base, from a TOML file.

A site may add opioids, names, codes and ordinary medicines, lengthen intervals and raise
severities. It can shorten or lower nothing: that is an error, which names the line. The
additions become rows of the tables, so that the digest of the knowledge base tells of them.
"""

from __future__ import annotations

import csv
import io
import tomllib
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ldn_titration.errors import InvalidInputError, Problem
from ldn_titration.knowledge import Knowledge, knowledge
from ldn_titration.knowledge.names import key_of
from ldn_titration.knowledge.overlay_entries import LongerInterval, MoreOpioid, Overlay
from ldn_titration.knowledge.overlay_limits import problems_of_overlay
from ldn_titration.knowledge.toml_lines import line_of, lines_of
from ldn_titration.values import printable

__all__ = ["Overlay", "overlaid"]

MAX_BYTES = 262_144

_MOST_LINES, _MOST_POINTS = 10_000, 200


def overlaid(data: bytes | str, name: str = "overlay", base: Knowledge | None = None) -> Knowledge:
    r"""The knowledge base with a site's additions, from the text of a TOML file.

    ``name`` is what errors call the file. Raises InvalidInputError with every problem, each
    with its line, where the file is no overlay, or shortens or lowers anything.

    >>> site = 'schema = "ldn-titration/overlay/1"\nsite = "Example Hospital"\n'
    >>> longer = '[[interval]]\nof = "methadone"\nmax_days = 21\n'
    >>> overlaid(site + longer).named("methadone")[0].window
    (10, 21)
    """
    base = base or knowledge()
    text, tree = _parsed(data, name)
    try:
        overlay = Overlay.model_validate(tree)
    except InvalidInputError as error:
        raise _with_lines(error.problems, text, tree, name) from None
    problems = tuple(problems_of_overlay(overlay, base))
    if problems:
        raise _with_lines(problems, text, tree, name)
    made = Knowledge(_tables(overlay, base), version=f"{base.version}+{key_of(overlay.site)}")
    made.read_all()
    return made


def _parsed(data: bytes | str, name: str) -> tuple[str, dict[str, Any]]:
    raw = data if isinstance(data, bytes) else data.encode("utf-8", "surrogatepass")
    if len(raw) > MAX_BYTES:
        raise InvalidInputError([Problem(name, f"is larger than {MAX_BYTES} bytes")])
    try:
        text = raw.decode("utf-8")
        _require_plain(text, name)
        return text, tomllib.loads(text)
    except InvalidInputError:
        raise
    except UnicodeDecodeError as error:
        raise InvalidInputError([Problem(name, f"is no UTF-8 (byte {error.start})")]) from None
    except tomllib.TOMLDecodeError as error:
        raise InvalidInputError([Problem(name, f"is no TOML: {printable(str(error))}")]) from None
    except RecursionError:
        raise InvalidInputError([Problem(name, "is nested too deeply")]) from None
    except ValueError:  # a number of thousands of digits
        raise InvalidInputError([Problem(_huge_line(raw, name), "is too large a number")]) from None


def _require_plain(text: str, name: str) -> None:
    """Refuse what a reader of TOML would take minutes for: long chains of points, endless lines."""
    lines = text.split("\n")
    if len(lines) > _MOST_LINES:
        raise InvalidInputError([Problem(name, f"has more than {_MOST_LINES:,} lines")])
    for number, line in enumerate(lines, 1):
        if line.count(".") > _MOST_POINTS:
            message = f"has more than {_MOST_POINTS} points; write it over several lines"
            raise InvalidInputError([Problem(f"{name}, line {number}", message)])


def _huge_line(raw: bytes, name: str) -> str:
    lines = raw.decode("utf-8").split("\n")
    longest = max(range(len(lines)), key=lambda place: sum(c.isdigit() for c in lines[place]))
    return f"{name}, line {longest + 1}"


def _with_lines(
    problems: Iterable[Problem], text: str, tree: dict[str, Any], name: str
) -> InvalidInputError:
    lines = lines_of(text)
    return InvalidInputError(
        Problem(
            f"{name}, line {line_of(problem.path, lines, text, _at(tree, problem.path))}: "
            f"{printable(problem.path)}",
            printable(problem.message),
        )
        for problem in problems
    )


def _at(tree: Any, path: str) -> object:
    """What stands at a path of the file, as far as it leads."""
    for step in path.replace("]", "").replace("[", ".").split("."):
        if isinstance(tree, dict):
            tree = tree.get(step)
        elif isinstance(tree, list) and step.isdigit() and int(step) < len(tree):
            tree = tree[int(step)]
    return tree


# --- the additions as rows ------------------------------------------------------------


def _tables(overlay: Overlay, base: Knowledge) -> dict[str, bytes]:
    tables = dict(base.tables)
    key = f"overlay_{1 + sum(name.startswith('overlay_') for name in base.sources)}"
    site = {"key": key, "title": f"Overlay of {overlay.site}", "publisher": overlay.site}
    site |= {"kind": "overlay", "tier": "4", "url": "-", "supports": "additions of this site"}
    _edit(tables, "sources", lambda rows: rows.update({key: site}))
    _edit(tables, "opioids", lambda rows: _edit_opioids(rows, overlay, key))
    _edit(tables, "brands", lambda rows: rows.update(_brands(overlay, base, key)))
    _edit(tables, "policy", lambda rows: _edit_policy(rows, overlay, key))
    _edit(tables, "rules", lambda rows: _edit_rules(rows, overlay, key))
    return tables


_Row = dict[str, str]
_Table = dict[str, _Row]


def _edit(tables: dict[str, bytes], name: str, change: Callable[[_Table], object]) -> None:
    """Change a table, read as rows of text by their key."""
    reader = csv.DictReader(io.StringIO(tables[name].decode("utf-8"), newline=""))
    columns = list(reader.fieldnames or ())
    rows = {row[columns[0]]: row for row in reader}
    change(rows)
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows.values())
    tables[name] = out.getvalue().encode("utf-8")


def _joined(*lists: str | Iterable[str]) -> str:
    parts = (part.split(";") if isinstance(part, str) else part for part in lists)
    return ";".join(dict.fromkeys(name for part in parts for name in part if name))


def _site_says(row: _Row, key: str) -> None:
    """The row rests on the site too, and nobody of ours reviewed it."""
    row |= {"sources": _joined(row["sources"], (key,)), "reviewed_by": "", "reviewed_on": ""}


def _edit_opioids(rows: _Table, overlay: Overlay, key: str) -> None:
    for longer in overlay.interval:
        if longer.of in rows:
            _lengthen(rows[longer.of], longer)
            _site_says(rows[longer.of], key)
    for more in overlay.names:
        row = rows[more.of]
        row["synonyms"] = _joined(row["synonyms"], more.synonyms)
        row["codes"] = _joined(row["codes"], more.codes)
    for opioid in overlay.opioid:
        row = dict(rows[opioid.like])
        row |= {"id": key_of(opioid.name).replace(" ", "_"), "rxcui": "", "name": opioid.name}
        row |= {"substance": opioid.name, "synonyms": _joined(opioid.synonyms)}
        row |= {"codes": _joined(opioid.codes), "confidence": "project"}
        _lengthen(row, opioid)
        _site_says(row, key)
        rows[row["id"]] = row


def _lengthen(row: _Row, entry: MoreOpioid | LongerInterval) -> None:
    for column, days in (("min_days", entry.min_days), ("max_days", entry.max_days)):
        if days is not None:
            row[column] = str(days)


def _brands(overlay: Overlay, base: Knowledge, key: str) -> Mapping[str, _Row]:
    return {
        key_of(name): {
            "name": key_of(name),
            "medicines": _joined(*(base.read_line(held).medicines for held in medicine.holds))
            or key_of(medicine.name),
            "codes": _joined(medicine.codes) if name == medicine.name else "",
            "sources": key,
            "confidence": "project",
        }
        for medicine in overlay.medicine
        for name in (medicine.name, *medicine.synonyms)
    }


def _edit_policy(rows: _Table, overlay: Overlay, key: str) -> None:
    for longer in overlay.interval:
        if longer.days is not None:
            rows[longer.of]["value"] = str(longer.days)
            _site_says(rows[longer.of], key)


def _edit_rules(rows: _Table, overlay: Overlay, key: str) -> None:
    for raised in overlay.severity:
        rows[raised.code]["at_least"] = raised.at_least
        _site_says(rows[raised.code], key)
