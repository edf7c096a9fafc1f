"""The plan as an accessible PDF (PDF/UA-1), through typst (extra ``pdf``)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any, Literal

from ldn_titration.errors import (
    InvalidInputError,
    MissingExtraError,
    Problem,
    UndrawableTextError,
)
from ldn_titration.order import Order
from ldn_titration.patient import PatientFacts
from ldn_titration.plan import Plan
from ldn_titration.render.calendar import Cell, Grid, calendar, calendar_note
from ldn_titration.render.clinician import clinician_tables, plan_facts, verdict_words
from ldn_titration.render.pharmacy import Pharmacy, supplied
from ldn_titration.render.sheet import preparation_sheets
from ldn_titration.supply import Supply
from ldn_titration.words import (
    NOT_REVIEWED,
    Table,
    how_often,
    mark,
    override_words,
    preparations_words,
    sentence,
    title,
    unbroken,
)

__all__ = ["plan_pdf", "require_typst"]

_HERE = Path(__file__).parent
_SHORT = 18  # characters of a dose that fit into a cell in large letters


def plan_pdf(
    plan: Plan,
    *,
    patient: PatientFacts | None = None,
    paper: Literal["a4", "letter"] = "a4",
    dateless: bool = False,
    lead_days: int = 0,
    order: Order | None = None,
) -> bytes:
    """The PDF: month grids, preparation, pharmacy and clinician's pages.

    ``patient`` is only asked for the name and the assessor to print. Bottles are ordered
    ``lead_days`` before they are needed; an ``order`` is checked against the plan. Raises
    MissingExtraError without typst, UndrawableTextError for a name with a character that the
    shipped font cannot draw, and InvalidInputError for a plan of more than 3,660 days. The
    same plan gives the same bytes.
    """
    typst = require_typst()
    if len(plan) > _MOST_DAYS:
        message = f"has {len(plan)} days; a PDF shows at most {_MOST_DAYS}: state a length_days"
        raise InvalidInputError([Problem("plan", message)])
    needed, pharmacy = supplied(plan, lead_days, order, dateless=dateless)
    told = _page(plan, needed, pharmacy, patient, dateless)
    page = unbroken(json.dumps(told, ensure_ascii=False))
    _require_drawable(page)
    fonts = typst.Fonts(
        include_system_fonts=False,
        include_embedded_fonts=False,
        font_paths=[str(_HERE / "fonts")],
    )
    compiler = typst.Compiler(font_paths=fonts, ignore_system_fonts=True)
    inputs = {"page": page, "paper": "us-letter" if paper == "letter" else "a4"}
    template = (_HERE / "calendar.typ").read_bytes()
    drawn: bytes = compiler.compile(
        input=template, format="pdf", sys_inputs=inputs, pdf_standards=["ua-1"], timestamp=0
    )
    return drawn


_MOST_DAYS = 3_660  # ten years; a hundred would take minutes and gigabytes


def require_typst() -> Any:
    """The typst module; raises MissingExtraError where it is not installed."""
    try:
        import typst
    except ImportError:
        raise MissingExtraError("pdf", "a PDF") from None
    return typst


# --- what the font can draw -----------------------------------------------------------


@cache
def _drawable() -> frozenset[int]:
    """The characters that the shipped font draws rightly, from ``fonts/coverage.txt``."""
    lines = (_HERE / "fonts" / "coverage.txt").read_text(encoding="ascii").split()
    ranges = (line.partition("-")[::2] for line in lines if not line.startswith("#"))
    return frozenset(
        code for low, high in ranges for code in range(int(low, 16), int(high or low, 16) + 1)
    )


def _require_drawable(text: str) -> None:
    lost = sorted({character for character in text if ord(character) not in _drawable()})
    if lost:
        named = ", ".join(f"{character} (U+{ord(character):04X})" for character in lost)
        raise UndrawableTextError(
            f"the PDF's font cannot draw {named}; the HTML page can, with the reader's fonts"
        )


# --- what the template is given -------------------------------------------------------


def _page(
    plan: Plan,
    needed: Supply | None,
    pharmacy: Pharmacy,
    patient: PatientFacts | None,
    dateless: bool,
) -> dict[str, Any]:
    screening = plan.screening
    grids = calendar(plan, needed, dateless=dateless)
    cells = (cell for grid in grids for week in grid.weeks for cell in week if cell)
    leads = [lead for cell in cells for _, lead, _ in cell.doses]
    stamp = screening.knowledge
    return {
        "title": title(plan),
        "draft": plan.status == "draft",
        "mark": mark(plan),
        "overridden": " ".join(override_words(screening)),
        "person": f"For: {patient.name}" if patient and patient.name else "",
        "foot": f"Not a medical device. {NOT_REVIEWED}",
        "summary": f"{sentence(how_often(plan))} {sentence(preparations_words(plan))}",
        "note": calendar_note(plan),
        "large": max(map(len, leads), default=0) <= _SHORT,
        "months": [_grid(grid) for grid in grids],
        "sheets": [
            {**sheet._asdict(), "table": sheet.table._asdict()}
            for sheet in preparation_sheets(plan)
        ],
        "pharmacy": {
            **pharmacy._asdict(),
            "tables": [table._asdict() for table in pharmacy.tables],
        },
        "facts": plan_facts(plan, dateless=dateless),
        "verdict": verdict_words(screening, patient),
        "tables": [_breakable(table) for table in clinician_tables(plan, dateless=dateless)],
        "stamp": f"Knowledge base {stamp.version}, sha256 {stamp.sha256}. "
        f"This screening {screening.digest}.",
    }


def _grid(grid: Grid) -> dict[str, Any]:
    return {
        "heading": grid.heading,
        "columns": grid.columns,
        "weeks": [[_cell(cell) for cell in week] for week in grid.weeks],
    }


def _cell(cell: Cell | None) -> dict[str, Any] | None:
    return (
        None
        if cell is None
        else {
            "label": cell.label,
            "change": cell.change,
            "doses": cell.doses,
            "why": cell.why,
            "notes": cell.notes,
        }
    )


def _breakable(table: Table) -> dict[str, Any]:
    """The table with its keys free to break after an underscore, so that none is cut."""
    rows: Iterable[Iterable[str]] = table.rows
    broken = [[cell.replace("_", "_\u200b") for cell in row] for row in rows]
    return {**table._asdict(), "rows": broken}
