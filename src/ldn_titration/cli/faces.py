"""Which face of a plan is asked for, and the function that draws it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ldn_titration.cli.files import base_of, request_in
from ldn_titration.errors import InvalidInputError, Problem
from ldn_titration.plan import Plan
from ldn_titration.request import PlanRequest

__all__ = ["ENDINGS", "FACES", "drawer", "face_of", "text_or_json"]

ENDINGS = {
    ".txt": "text",
    ".json": "json",
    ".html": "html",
    ".pdf": "pdf",
    ".ics": "ics",
    ".csv": "csv",
}
"""The face that each ending of a file's name asks for."""

FACES = (*ENDINGS.values(), "fhir")
"""Every face of a plan; a FHIR file has no ending of its own."""


def face_of(options: argparse.Namespace) -> str:
    """The face asked for by --format, by the ending of --out, or by what standard output is."""
    if options.format:
        return str(options.format)
    if options.out is None:
        return text_or_json(options)
    face = ENDINGS.get(Path(options.out).suffix.lower())
    if face is None:
        message = f"must end in one of {', '.join(ENDINGS)}, or state --format"
        raise InvalidInputError([Problem("--out", message)])
    return face


def text_or_json(options: argparse.Namespace) -> str:
    """Text on a terminal, else JSON, unless --format tells."""
    return str(options.format or ("text" if sys.stdout.isatty() else "json"))


def drawer(face: str, options: argparse.Namespace, request: PlanRequest) -> Callable[[Any], Any]:
    """The function that draws the face; raises MissingExtraError before any work is done."""
    if face == "text":
        from ldn_titration.render.text import plan_text

        return plan_text
    if face == "json":
        from ldn_titration.export.document import plan_json

        return plan_json
    if face == "csv":
        from ldn_titration.export.tabular import plan_csv

        return plan_csv
    if face == "fhir":
        from ldn_titration.export.fhir import plan_fhir

        return plan_fhir
    if face == "ics":
        return _calendar_drawer(options, request)
    page = {
        "patient": request.patient,
        "dateless": options.dateless,
        "lead_days": options.lead_days,
        "order": request.order,
    }
    if face == "html":
        from ldn_titration.render.html import plan_html

        return lambda plan: plan_html(plan, **page)
    from ldn_titration.render.pdf import plan_pdf, require_typst

    require_typst()
    if options.out is None and sys.stdout.isatty():
        raise InvalidInputError([Problem("--out", "a PDF needs a file, such as calendar.pdf")])
    return lambda plan: plan_pdf(plan, paper=options.paper, **page)


def _calendar_drawer(options: argparse.Namespace, request: PlanRequest) -> Callable[[Any], str]:
    from ldn_titration.export.ics import CalendarFile, plan_ics

    with _told_as_option("clock", "--at"):
        asked = CalendarFile(
            each=options.each,
            clock=dict(options.at),
            remind=options.remind,
            name=request.patient.name if options.with_name else None,
            key=options.key,
            lead_days=options.lead_days,
        )
    base = base_of(options)
    replaced = [request_in(name).plan(base) for name in options.replaces]

    def draw(plan: Plan) -> str:
        with _told_as_option("clock", "--at"):
            return plan_ics(plan, asked, replaces=replaced)

    return draw


@contextmanager
def _told_as_option(field: str, option: str) -> Iterator[None]:
    """Problems of a field are told as those of the option that gives it."""
    try:
        yield
    except InvalidInputError as error:
        told = (Problem(option if p.path == field else p.path, p.message) for p in error.problems)
        raise InvalidInputError(told) from None
