"""What each command does: from its options to its exit code."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from ldn_titration.cli.exits import DONE, INTERNAL, NOT_CLEARED, failed
from ldn_titration.cli.faces import drawer, face_of, text_or_json
from ldn_titration.cli.files import base_of, data_in, request_in, stamp, write
from ldn_titration.cli.out import require_place
from ldn_titration.errors import InvalidInputError, Problem
from ldn_titration.findings import Severity
from ldn_titration.order import check_order
from ldn_titration.plan import Plan
from ldn_titration.request import request_schema
from ldn_titration.supply import supply

__all__ = [
    "run_lint",
    "run_opioid",
    "run_plan",
    "run_protocols",
    "run_schema",
    "run_screen",
    "run_self_check",
    "run_supply",
]


def run_plan(options: argparse.Namespace) -> int:
    """Make a plan and write one face of it."""
    face = face_of(options)
    _require_place(options)
    request = request_in(options.request)
    if options.dateless and request.diary:
        message = "is for a plan without a diary: what happened has its dates"
        raise InvalidInputError([Problem("--dateless", message)])
    draw = drawer(face, options, request)
    plan = request.plan(base_of(options))
    if plan.status == "draft" and not options.draft:
        return _not_cleared(plan, "No plan is written; --draft writes one marked DRAFT.")
    write(draw(plan), options.out, overwrite=options.overwrite)
    return DONE


def _require_place(options: argparse.Namespace) -> None:
    """Refuse a file that will not be written before any work is done."""
    if options.out is not None:
        require_place(options.out, options.overwrite)
    elif options.overwrite:
        raise InvalidInputError([Problem("--overwrite", "is for a file; name it with --out")])


def _not_cleared(plan: Plan, words: str) -> int:
    from ldn_titration.render.text import findings_text

    print(findings_text(plan.screening), end="", file=sys.stderr)
    print(words, file=sys.stderr)
    return NOT_CLEARED


def run_supply(options: argparse.Namespace) -> int:
    """Say what to dispense, and when to make it."""
    request = request_in(options.request)
    request.require_beyond_use()
    plan = request.plan(base_of(options))
    needed = supply(plan, lead_days=options.lead_days, fill_days=options.fill_days)
    findings = check_order(request.order, plan, needed) if request.order else ()
    if plan.status == "draft" and not options.draft:
        return _not_cleared(plan, "No supply is worked out; --draft works one out, marked DRAFT.")
    if text_or_json(options) == "json":
        from ldn_titration.export.supply import supply_json

        write(supply_json(plan, needed, findings), None)
    else:
        from ldn_titration.render.text import supply_text

        write(supply_text(plan, needed, findings), None)
    disagrees = any(finding.severity > Severity.INFO for finding in findings)
    return NOT_CLEARED if disagrees else DONE


def run_screen(options: argparse.Namespace) -> int:
    """Say whether naltrexone may be started."""
    request = request_in(options.request)
    screening = request.screening(base_of(options))
    if text_or_json(options) == "json":
        write(screening.model_dump_json() + "\n", None)
    else:
        from ldn_titration.render.text import screening_text

        write(screening_text(screening), None)
    return DONE if screening.clears else NOT_CLEARED


def run_lint(options: argparse.Namespace) -> int:
    """Say whether somebody's order agrees with itself."""
    from ldn_titration.intake.orders import read_orders
    from ldn_titration.lint import agrees, lint_order
    from ldn_titration.lint.page import lint_json, lint_text

    orders = read_orders(data_in(options.order))
    by_order = [lint_order(order) for order in orders]
    findings = [each for found in by_order for each in found]
    as_json = text_or_json(options) == "json"
    write(lint_json(findings) if as_json else lint_text(orders, by_order), None)
    return DONE if agrees(findings) else NOT_CLEARED


def run_protocols(options: argparse.Namespace) -> int:
    """List the published regimens."""
    from ldn_titration.knowledge import knowledge

    protocols = list(knowledge().protocols.values())
    if text_or_json(options) == "json":
        known = stamp(knowledge())
        write(_listed([{**row._asdict(), **known} for row in protocols]), None)
    else:
        from ldn_titration.render.text import protocols_text

        write(protocols_text(protocols), None)
    return DONE


def run_opioid(options: argparse.Namespace) -> int:
    """Say what is known of an opioid."""
    base = base_of(options)
    rows = base.named(options.name) or base.coded(options.name)
    if text_or_json(options) == "json":
        sources = base.sources
        entries = [
            {
                **row._asdict(),
                "window": row.window,
                "sources": [sources[key]._asdict() for key in row.sources],
                **stamp(base),
            }
            for row in rows
        ]
        write(_listed(entries), None)
    elif rows:
        from ldn_titration.render.text import opioid_text

        write(opioid_text(rows, base), None)
    if not rows:
        return failed("not known here: it may be an opioid all the same", NOT_CLEARED)
    return DONE


def run_self_check(options: argparse.Namespace) -> int:
    """Show every rule its canaries."""
    from ldn_titration.selfcheck import check

    base = base_of(options)
    base.read_all()
    results = list(check(base))
    if text_or_json(options) == "json":
        write(_listed([{**result.told(), **stamp(base)} for result in results]), None)
    else:
        from ldn_titration.render.text import self_check_text

        write(self_check_text(results, base), None)
    return DONE if all(result.fired for result in results) else INTERNAL


def run_schema(options: argparse.Namespace) -> int:
    """Print a JSON Schema."""
    if options.of == "request":
        schema = request_schema()
    else:
        from ldn_titration.export.document import plan_schema

        schema = plan_schema()
    write(json.dumps(schema, indent=2, ensure_ascii=False) + "\n", None)
    return DONE


def _listed(entries: list[dict[str, Any]]) -> str:
    lines = ",\n ".join(json.dumps(entry, ensure_ascii=False) for entry in entries)
    return f"[{lines}]\n"
