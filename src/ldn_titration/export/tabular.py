"""The plan as CSV: one row a day, ``date`` and ``dose`` first."""

from __future__ import annotations

import csv
import io

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

_RUN_BY_SPREADSHEETS = ("=", "+", "-", "@", "\t", "\r")


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


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_RUN_BY_SPREADSHEETS) else cell
