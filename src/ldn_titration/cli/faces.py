"""Which face of a plan is asked for, and the function that draws it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
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
    if face == "ics":
        return _calendar_drawer(options, request)
    _require_no_calendar_options(face, options)
    if face in {"html", "pdf"}:
        return _page_drawer(face, options, request)
    return _data_drawer(face)


def _data_drawer(face: str) -> Callable[[Any], str]:
    """What needs nothing but the plan."""
    if face == "text":
        from ldn_titration.render.text import plan_text as draw
    elif face == "csv":
        from ldn_titration.export.tabular import plan_csv as draw
    elif face == "fhir":
        from ldn_titration.export.fhir import plan_fhir as draw
    else:
        from ldn_titration.export.document import plan_json as draw
    return draw


def _page_drawer(
    face: str, options: argparse.Namespace, request: PlanRequest
) -> Callable[[Any], Any]:
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


def _require_no_calendar_options(face: str, options: argparse.Namespace) -> None:
    """What is asked of a calendar file is not passed over where another face is drawn."""
    asked = {
        "--each": options.each != "day",
        "--at": options.at,
        "--remind": options.remind,
        "--with-name": options.with_name,
        "--key": options.key,
        "--replaces": options.replaces,
    }
    message = f"is for a calendar file (--format ics), and this is {face}"
    problems = [Problem(name, message) for name, value in asked.items() if value]
    if problems:
        raise InvalidInputError(problems)


def _calendar_drawer(options: argparse.Namespace, request: PlanRequest) -> Callable[[Any], str]:
    from ldn_titration.export.ics import CalendarFile, plan_ics

    names = [name for name, _ in options.at]
    if len(set(names)) < len(names):
        raise InvalidInputError([Problem("--at", "names one time of day twice")])
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
        _require_doses_at(names, plan)
        with _told_as_option("clock", "--at"):
            return plan_ics(plan, asked, replaces=replaced)

    return draw


def _require_doses_at(names: Sequence[str], plan: Plan) -> None:
    """Every wall time is that of a dose of the plan; nothing would come of another."""
    times = {dose.time_of_day or "" for step in plan.steps for dose in step.doses}
    known = ", ".join(sorted(time or "without a time of day" for time in times))
    for name in names:
        if name not in times:
            message = f'no dose is at "{name}"' if name else "every dose has its time of day"
            raise InvalidInputError([Problem("--at", f"{message}; doses are {known}")])


@contextmanager
def _told_as_option(field: str, option: str) -> Iterator[None]:
    """Problems of a field are told as those of the option that gives it."""
    try:
        yield
    except InvalidInputError as error:
        told = (Problem(option if p.path == field else p.path, p.message) for p in error.problems)
        raise InvalidInputError(told) from None
