"""Markdown of the generated pages: tables, and a knowledge row's sources and review."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ldn_titration.knowledge import knowledge

NOTE = (
    "Generated from the knowledge base by `make docs`. Not yet clinically reviewed: "
    "every row's reviewer and date are empty."
)


def table(header: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """A Markdown table."""
    names = list(header)
    lines = [names, ["---"] * len(names), *rows]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines) + "\n"


def _cell(value: object) -> str:
    text = "; ".join(map(str, value)) if isinstance(value, tuple) else str(value)
    return text.replace("|", "\\|")


def cited(row: Any) -> str:
    """A row's sources with their tiers, and how sure it is."""
    sources = knowledge().sources
    keys = ", ".join(f"{key} ({sources[key].tier})" for key in row.sources)
    return f"{keys}; {row.confidence}" if hasattr(row, "confidence") else keys


def reviewed(row: Any) -> str:
    """Who reviewed a row and when."""
    return f"{row.reviewed_by} {row.reviewed_on}" if row.reviewed_by else "not yet"
