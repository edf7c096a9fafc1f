"""The plan as one HTML page that needs nothing from outside, on screen and on paper."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from ldn_titration.due import Note
from ldn_titration.markup import escape, rows_table
from ldn_titration.order import Order
from ldn_titration.patient import PatientFacts
from ldn_titration.plan import Plan
from ldn_titration.render.calendar import Cell, Grid, calendar, calendar_note
from ldn_titration.render.clinician import clinician_tables, plan_facts, verdict_words
from ldn_titration.render.pharmacy import Pharmacy, supplied
from ldn_titration.render.sheet import Sheet, preparation_sheets
from ldn_titration.sig import NO_DOSE
from ldn_titration.words import NOT_REVIEWED, Table, judged, mark, override_words, title

__all__ = ["plan_html"]


def plan_html(
    plan: Plan,
    *,
    patient: PatientFacts | None = None,
    dateless: bool = False,
    lead_days: int = 0,
    order: Order | None = None,
) -> str:
    """The page: month grids with tick boxes, preparation, pharmacy and clinician's pages.

    ``patient`` is only asked for the name and the assessor to print; without it, neither
    is. ``dateless`` prints Day 1, Day 2, ... in place of dates. Bottles are ordered
    ``lead_days`` before they are needed; an ``order`` is checked against the plan.
    """
    needed, pharmacy = supplied(plan, lead_days, order, dateless=dateless)
    sheets = "\n".join(_sheet(sheet, mark(plan)) for sheet in preparation_sheets(plan))
    heading = escape(title(plan))
    name = f"<p>For: {escape(patient.name)}</p>" if patient and patient.name else ""
    draft, marked = ' class="draft"' if plan.status == "draft" else "", mark(plan)
    overridden = "".join(f"<p>{escape(words)}</p>\n" for words in override_words(plan.screening))
    note = escape(calendar_note(plan))
    grids = "\n".join(
        _grid(grid, note, marked, dateless) for grid in calendar(plan, needed, dateless=dateless)
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>{heading}</title>\n<style>\n{_css()}</style>\n</head>\n"
        f"<body{draft}>\n<header>\n<h1>{heading}</h1>\n{name}{overridden}"
        f"{_facts(plan_facts(plan, dateless=dateless))}</header>\n"
        f"<main>\n{grids}\n{sheets}\n{_pharmacy(pharmacy, marked)}\n"
        f"{_clinician(plan, patient, dateless)}</main>\n"
        "</body>\n</html>\n"
    )


@cache
def _css() -> str:
    return (Path(__file__).parent / "page.css").read_text(encoding="utf-8")


def _facts(facts: tuple[tuple[str, str], ...]) -> str:
    lines = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in facts)
    return f"<dl>{lines}</dl>\n"


# --- the calendar ---------------------------------------------------------------------

_CHANGES = {
    "": "",
    "start": '<strong class="change"><span aria-hidden="true">\u25cf</span> START</strong>',
    "up": '<strong class="change"><span aria-hidden="true">\u25b2</span> NEW: UP</strong>',
    "down": '<strong class="change"><span aria-hidden="true">\u25bc</span> NEW: DOWN</strong>',
    "change": '<strong class="change"><span aria-hidden="true">\u25c6</span> NEW</strong>',
    "again": '<strong class="change"><span aria-hidden="true">\u25b6</span> AGAIN</strong>',
}


def _grid(grid: Grid, note: str, mark: str, dateless: bool) -> str:
    head = "".join(f'<th scope="col">{name}</th>' for name in grid.columns)
    doses: dict[int, str] = {}
    rows = "\n".join(
        f"<tr>{''.join(_cell(cell, doses, dateless) for cell in week)}</tr>" for week in grid.weeks
    )
    return (
        f'<section class="month"><table aria-label="{grid.heading}{mark}">\n<thead>'
        f'<tr><th colspan="7" scope="colgroup"><h2>{grid.heading}{mark}</h2></th></tr>\n'
        f"<tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody></table>\n<p>{note}</p></section>"
    )


def _cell(cell: Cell | None, known: dict[int, str], dateless: bool) -> str:
    if cell is None:
        return '<td class="none"></td>'
    doses = known.get(id(cell.doses))
    if doses is None:
        doses = known[id(cell.doses)] = "".join(_dose(*dose) for dose in cell.doses)
    when = cell.label
    if not dateless:
        when = (
            f'<time datetime="{cell.on}"><span class="number" aria-hidden="true">{cell.label}'
            f'</span><span class="full">{cell.words}</span></time>'
        )
    marked = ' class="changed"' if cell.change else ""
    why = f'<p class="why">{escape(cell.why)}</p>' if cell.why else ""
    rest = "".join(map(_note, cell.notes))
    return (
        f'<td{marked}><span class="on">{when}</span>{_CHANGES[cell.change]}'
        f"{doses or _NO_DOSE}{why}{rest}</td>"
    )


_TICK = '<span class="tick" aria-hidden="true"></span>'
_NO_DOSE = f'<p class="dose"><b>{NO_DOSE.capitalize()}</b></p>'


def _note(note: Note) -> str:
    ticks = "".join(f" {_TICK}{escape(tick)}" for tick in note.ticks)
    return f'<p class="note">{escape(note.text)}{ticks}</p>'


def _dose(time: str, lead: str, rest: str) -> str:
    when = f'<span class="when">{escape(time)}</span> ' if time else ""
    return f'<p class="dose">{_TICK}{when}<b>{escape(lead)}</b> <span>({escape(rest)})</span></p>'


# --- the sheet and the clinician's page -----------------------------------------------


def _table(table: Table) -> str:
    return rows_table(table.caption, table.columns, table.rows)


def _sheet(sheet: Sheet, mark: str) -> str:
    notes = "".join(f"<li>{escape(note)}</li>" for note in sheet.notes)
    return (
        f'<section class="sheet"><h2>{escape(sheet.heading)}{mark}</h2>\n{_facts(sheet.facts)}'
        f"<ul>{notes}</ul>\n{_table(sheet.table)}</section>"
    )


def _pharmacy(page: Pharmacy, mark: str) -> str:
    notes = "".join(f"<li>{escape(note)}</li>" for note in page.notes)
    listed = f"<ul>{notes}</ul>\n" if notes else ""
    tables = "\n".join(_table(table) for table in page.tables)
    return (
        f'<section class="sheet"><h2>{escape(page.heading)}{mark}</h2>\n{_facts(page.facts)}'
        f"{listed}{tables}</section>"
    )


def _clinician(plan: Plan, patient: PatientFacts | None, dateless: bool) -> str:
    screening = plan.screening
    nothing = "" if judged(screening) else "<p>No rule found anything.</p>\n"
    tables = "\n".join(_table(table) for table in clinician_tables(plan, dateless=dateless))
    return (
        f'<section class="clinician"><h2>For the clinician{mark(plan)}</h2>\n'
        f"<p>{escape(verdict_words(screening, patient))}</p>\n{nothing}{tables}\n"
        f"<p>Knowledge base {escape(screening.knowledge.version)}, sha256 "
        f"<code>{screening.knowledge.sha256}</code>. This screening "
        f"<code>{screening.digest}</code>. {NOT_REVIEWED} "
        "Not a medical device.</p></section>\n"
    )
