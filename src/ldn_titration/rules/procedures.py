"""Planned opioids: when to stop naltrexone before them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from ldn_titration.findings import Finding, Severity
from ldn_titration.knowledge import Policy, knowledge, policy
from ldn_titration.patient import PlannedOpioid
from ldn_titration.rules.case import Case
from ldn_titration.rules.washout import opioid_free_days

__all__: list[str] = []


def planned_opioid(case: Case) -> Iterable[Finding]:
    """SUR-01: an opioid is planned for after the start; naltrexone stops in time before it."""
    stop = policy("stop_before_opioid")
    for planned in case.patient.planned_opioid:
        days = (planned.on - case.start_day).days
        if days >= 0:
            yield _planned(planned, days > stop.days, stop)
        elif opioid_free_days(planned.on, case.start_day) < knowledge().longest_window:
            yield Finding(
                code="SUR-01",
                severity=Severity.INSUFFICIENT,
                message=f"An opioid was planned for {planned.on} ({planned.reason}), "
                "before the start.",
                action="Ask whether it was taken, and state it among the opioids.",
                sources=stop.sources,
            )


def _planned(planned: PlannedOpioid, in_time: bool, stop: Policy) -> Finding:
    last = f"last dose on {planned.on - timedelta(stop.days + 1)}" if in_time else "do not start"
    return Finding(
        code="SUR-01",
        severity=Severity.CAUTION if in_time else Severity.HOLD,
        message=f"An opioid is planned for {planned.on} ({planned.reason}).",
        action=f"Naltrexone stops {stop.days} days before: {last}. "
        "Restart only after the opioid-free interval from the last opioid.",
        sources=stop.sources,
    )
