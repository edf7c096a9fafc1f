"""HTML that cannot be broken by what is put into it: escaping, and one plain table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

__all__ = ["escape", "rows_table"]


def rows_table(caption: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A small accessible table: a caption, column headers with scope, the first cell of a row
    its header. Every cell is escaped.
    """
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in header)
    body = "".join(_row(row) for row in rows)
    return (
        f"<table><caption>{escape(caption)}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )


def _row(cells: Sequence[object]) -> str:
    first, *others = (escape(str(cell)) for cell in cells)
    return f'<tr><th scope="row">{first}</th>{"".join(f"<td>{cell}</td>" for cell in others)}</tr>'
