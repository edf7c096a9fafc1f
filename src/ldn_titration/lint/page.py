"""The findings of the linter for people and for machines: text in 80 columns, and JSON."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Sequence
from itertools import groupby

from ldn_titration import sig
from ldn_titration.intake.orders.reading import MedicationOrder
from ldn_titration.lint.finding import CODES, LintFinding
from ldn_titration.values import printable

__all__ = ["lint_json", "lint_text"]

_WIDTH = 80
_COLUMN = 15


def lint_json(findings: Sequence[LintFinding]) -> str:
    """The findings as a JSON list, one object a line."""
    lines = ",\n ".join(json.dumps(each.told(), ensure_ascii=False) for each in findings)
    return f"[{lines}]\n"


def lint_text(orders: Sequence[MedicationOrder], findings: Sequence[Sequence[LintFinding]]) -> str:
    """The findings of each order, by place, with the figures of every side below each."""
    blocks = [
        "\n".join(_order_lines(order, found)) for order, found in zip(orders, findings, strict=True)
    ]
    return "\n\n".join(blocks) + "\n"


def _order_lines(order: MedicationOrder, findings: Sequence[LintFinding]) -> Iterator[str]:
    heading = _heading(order)
    yield heading
    yield "=" * len(heading)
    for where, found in groupby(findings, lambda each: each.where):
        yield from ("", *_wrapped(printable(where), ""))
        for each in found:
            yield from _finding_lines(each)
    yield ""
    yield from textwrap.wrap(_verdict(findings), _WIDTH)


def _heading(order: MedicationOrder) -> str:
    name = printable(order.drug or "A medicine without a name")
    called = f" ({printable(order.id)})" if order.id else ""
    where = f", {printable(order.path)}" if order.path else ""
    return textwrap.shorten(f"{name}{called}{where}", _WIDTH, placeholder="...")


def _finding_lines(each: LintFinding) -> Iterator[str]:
    _, title = CODES[each.code]
    yield from _wrapped(f"[{str(each.severity).upper()}] {each.code} {title}", "  ")
    yield from _wrapped(each.message, "  ")
    for figure in each.figures:
        yield from _wrapped(printable(figure.text), f"    {figure.source:<{_COLUMN}}")
    yield from _wrapped(each.action, "  ")


def _wrapped(text: str, lead: str) -> list[str]:
    rest = " " * len(lead)
    return textwrap.wrap(
        text, _WIDTH, initial_indent=lead, subsequent_indent=rest, break_on_hyphens=False
    )


def _verdict(findings: Sequence[LintFinding]) -> str:
    against = [each for each in findings if str(each.severity) != "info"]
    if not against:
        more = f" {sig.count(len(findings), 'remark')}." if findings else ""
        return f"The order agrees with itself.{more}"
    return (
        f"{sig.count(len(against), 'finding')}: the order does not agree with itself, or cannot "
        "be checked."
    )
