"""HTML that cannot be broken by what is put into it: escaping, and one plain table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from html import escape

__all__ = ["escape", "escaped", "rows_table"]

_PARTING = "\x1f"  # no text holds it: control characters are refused where texts are read


def escaped(texts: Sequence[str], change: Callable[[str], str] = str) -> list[str]:
    """Each text as HTML, after a ``change`` that is made to all: many at the price of one."""
    parts = change(escape(_PARTING.join(texts))).split(_PARTING)
    return parts if len(parts) == len(texts) else [change(escape(text)) for text in texts]


def rows_table(
    caption: str,
    header: Sequence[str],
    rows: Iterable[Sequence[object]],
    change: Callable[[str], str] = str,
) -> str:
    """A small accessible table: a caption, column headers with scope, the first cell of a row
    its header. Every cell is escaped, and names its column for a screen too narrow for a table.
    """
    name, *names = escaped((caption, *header))
    head = "".join(f'<th scope="col">{each}</th>' for each in names)
    named = [each.replace("%", "%%") for each in names]
    others = "".join(f'<td data-of="{each}">%s</td>' for each in named[1:])
    row = f'<tr><th scope="row" data-of="{named[0]}">%s</th>{others}</tr>'
    cells = [str(cell) for cells in rows for cell in cells]
    body = row * (len(cells) // len(names)) % tuple(escaped(cells, change))
    return (
        f"<table><caption>{name}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )
