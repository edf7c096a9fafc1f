"""The plan as CSV: one row a day, ``date`` and ``dose`` first."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from functools import lru_cache

from ldn_titration.plan import Plan

__all__ = ["COLUMNS", "plan_csv"]

COLUMNS = (
    "date",
    "dose",
    "take",
    "day",
    "step",
    "time_of_day",
    "status",
    "verdict",
    "overrides",
    "knowledge",
    "why",
)

# Where a cell begins, or may be taken to: a spreadsheet set to semicolons splits at them too.
_BEGINNING = re.compile(r'(^|[;\t\r\n])(?=([\t\r\n])|[\s"]*(\S))')
_RUN_BY_SPREADSHEETS = frozenset("=+-@")


def plan_csv(plan: Plan) -> str:
    """The plan as CSV text (RFC 4180), with a header; no cell that a spreadsheet would run."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    screening = plan.screening
    codes = " ".join(f"{each.code} by {each.by}" for each in screening.overrides)
    stamp = f"{screening.knowledge.version} {screening.knowledge.sha256}"
    shared = (plan.status, str(screening.verdict), codes, stamp)
    for day in plan:
        dose = "" if day.dose is None else str(day.dose)
        cells = (
            day.date,
            dose,
            day.take,
            day.day,
            day.step,
            day.time_of_day or "",
            *shared,
            day.why,
        )
        writer.writerow(_harmless(str(cell)) for cell in cells)
    return out.getvalue()


@lru_cache(maxsize=1024)
def _harmless(cell: str) -> str:
    """The cell, with an apostrophe before whatever a spreadsheet would run."""
    return _BEGINNING.sub(_marked, cell)


def _marked(found: re.Match[str]) -> str:
    control, first = found[2], unicodedata.normalize("NFKC", found[3] or "")
    return f"{found[1]}'" if control or first in _RUN_BY_SPREADSHEETS else found[1]
