"""The plan as one HTML page that needs nothing from outside, on screen and on paper."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from ldn_titration.due import Note
from ldn_titration.markup import escape, escaped, rows_table
from ldn_titration.order import Order
from ldn_titration.patient import PatientFacts
from ldn_titration.plan import Plan
from ldn_titration.render.calendar import Grid, Taken, calendar, calendar_note
from ldn_titration.render.clinician import clinician_tables, plan_facts, verdict_words
from ldn_titration.render.pharmacy import Pharmacy, supplied
from ldn_titration.render.sheet import Sheet, preparation_sheets
from ldn_titration.sig import NO_DOSE
from ldn_titration.supply import Supply
from ldn_titration.words import (
    NOT_REVIEWED,
    Table,
    judged,
    mark,
    override_words,
    title,
    unbroken,
)

__all__ = ["month_grids", "plan_html"]


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
    draft = ' class="draft"' if plan.status == "draft" else ""
    overridden = "".join(f"<p>{escape(words)}</p>\n" for words in override_words(plan.screening))
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>{heading}</title>\n<style>\n{_css()}</style>\n</head>\n"
        f"<body{draft}>\n<header>\n<h1>{heading}</h1>\n{name}{overridden}"
        f"{_facts(plan_facts(plan, dateless=dateless))}</header>\n"
        f"<main>\n{month_grids(plan, needed, dateless=dateless)}\n{sheets}\n"
        f"{_pharmacy(pharmacy, mark(plan))}\n{_clinician(plan, patient, dateless)}</main>\n"
        "</body>\n</html>\n"
    )


@cache
def _css() -> str:
    return (Path(__file__).parent / "page.css").read_text(encoding="utf-8")


def _facts(facts: Sequence[tuple[str, str]]) -> str:
    texts = escaped([text for fact in facts for text in fact], unbroken)
    return f"<dl>{'<dt>%s</dt><dd>%s</dd>' * len(facts) % tuple(texts)}</dl>\n"


def _list(notes: Sequence[str]) -> str:
    return f"<ul>{'<li>%s</li>' * len(notes) % tuple(escaped(notes, unbroken))}</ul>\n"


# --- the calendar ---------------------------------------------------------------------

_CHANGES = {
    "": "",
    "start": '<strong class="change"><span aria-hidden="true">&#x25cf;</span> START</strong>',
    "up": '<strong class="change"><span aria-hidden="true">&#x25b2;</span> NEW: UP</strong>',
    "down": '<strong class="change"><span aria-hidden="true">&#x25bc;</span> NEW: DOWN</strong>',
    "change": '<strong class="change"><span aria-hidden="true">&#x25c6;</span> NEW</strong>',
    "again": '<strong class="change"><span aria-hidden="true">&#x25b6;</span> AGAIN</strong>',
}


def month_grids(plan: Plan, needed: Supply | None = None, *, dateless: bool = False) -> str:
    """The calendar of a plan: its month grids, and what its supply asks for on which day."""
    note, marked = unbroken(escape(calendar_note(plan))), mark(plan)
    doses: dict[int, str] = {}
    return "\n".join(
        _grid(grid, _weeks(grid, doses, dateless), note, marked)
        for grid in calendar(plan, needed, dateless=dateless)
    )


def _grid(grid: Grid, weeks: Sequence[str], note: str, mark: str) -> str:
    head = "".join(f'<th scope="col">{name}</th>' for name in grid.columns)
    rows = "\n".join(weeks)
    return (
        f'<section class="month"><table aria-label="{grid.heading}{mark}">\n<thead>'
        f'<tr><th colspan="7" scope="colgroup"><h2>{grid.heading}{mark}</h2></th></tr>\n'
        f"<tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody></table>\n<p>{note}</p></section>"
    )


def _weeks(grid: Grid, known: dict[int, str], dateless: bool) -> list[str]:
    """The rows of a grid. Written out for speed: a day is one string, a dose is said once."""
    first = next(filter(None, grid.weeks[0]))
    begins = f'<time datetime="{first.on.isoformat()[:-2]}'
    rest_of_date = f"{grid.heading}</span></time>"
    rows, last, doses = [], None, ""
    for week in grid.weeks:
        row = "<tr>"
        for weekday, cell in zip(grid.columns, week, strict=True):
            if cell is None:
                row += _EMPTY
                continue
            label, _, change, taken, why, notes = cell
            if taken is not last:
                last, doses = taken, known.get(id(taken)) or _doses(taken, known)
            if not dateless:
                label = (
                    f'{begins}{_PADDED[label]}"><span class="number" aria-hidden="true">{label}'
                    f'</span><span class="full">{weekday} {label} {rest_of_date}'
                )
            if change or why or notes:
                row += _marked(label, change, doses, why, notes)
            else:
                row += f"{_ON}{label}</span>{doses}</td>"
        rows.append(f"{row}</tr>")
    return rows


def _doses(taken: Taken, known: dict[int, str]) -> str:
    said = known[id(taken)] = "".join(map(_dose, taken)) or _NO_DOSE
    return said


def _marked(label: str, change: str, doses: str, why: str, notes: Sequence[Note]) -> str:
    """A day that begins a step, or on which there is more to say than its doses."""
    changed = ' class="changed"' if change else ""
    reason = f'<p class="why">{escape(why)}</p>' if why else ""
    return (
        f'<td{changed}><span class="on">{label}</span>{_CHANGES[change]}{doses}{reason}'
        f"{''.join(map(_note, notes))}</td>"
    )


_ON = '<td><span class="on">'
_PADDED = {f"{day}": f"{day:02}" for day in range(1, 32)}
_EMPTY = '<td class="none"></td>'
_TICK = '<span class="tick" aria-hidden="true"></span>'
_NO_DOSE = f'<p class="dose"><b>{NO_DOSE.capitalize()}</b></p>'


def _dose(dose: tuple[str, str, str]) -> str:
    time, lead, rest = dose  # numbers and units need no escaping
    when = f'<span class="when">{escape(time)}</span> ' if time else ""
    said = unbroken(f"<b>{lead}</b> <span>({rest})")
    return f'<p class="dose">{_TICK}{when}{said}</span></p>'


def _note(note: Note) -> str:
    ticks = "".join(f" {_TICK}{escape(tick)}" for tick in note.ticks)
    return f'<p class="note">{unbroken(escape(note.text))}{ticks}</p>'


# --- the sheet and the clinician's page -----------------------------------------------


def _table(table: Table) -> str:
    return rows_table(*table, unbroken)


def _sheet(sheet: Sheet, mark: str) -> str:
    return (
        f'<section class="sheet"><h2>{escape(sheet.heading)}{mark}</h2>\n{_facts(sheet.facts)}'
        f"{_list(sheet.notes)}{_table(sheet.table)}</section>"
    )


def _pharmacy(page: Pharmacy, mark: str) -> str:
    notes = _list(page.notes) if page.notes else ""
    tables = "\n".join(map(_table, page.tables))
    return (
        f'<section class="sheet"><h2>{escape(page.heading)}{mark}</h2>\n{_facts(page.facts)}'
        f"{notes}{tables}</section>"
    )


def _clinician(plan: Plan, patient: PatientFacts | None, dateless: bool) -> str:
    screening = plan.screening
    nothing = "" if judged(screening) else "<p>No rule found anything.</p>\n"
    tables = "\n".join(map(_table, clinician_tables(plan, dateless=dateless)))
    return (
        f'<section class="clinician"><h2>For the clinician{mark(plan)}</h2>\n'
        f"<p>{escape(verdict_words(screening, patient))}</p>\n{nothing}{tables}\n"
        f"<p>Knowledge base {escape(screening.knowledge.version)}, sha256 "
        f"<code>{screening.knowledge.sha256}</code>. This screening "
        f"<code>{screening.digest}</code>. {NOT_REVIEWED} "
        "Not a medical device.</p></section>\n"
    )
