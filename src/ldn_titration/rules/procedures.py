"""Planned opioids: when to stop naltrexone before them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from ldn_titration.findings import Finding, Severity
from ldn_titration.knowledge import policy
from ldn_titration.rules.case import Case

__all__: list[str] = []


def planned_opioid(case: Case) -> Iterable[Finding]:
    """SUR-01: an opioid is planned for a day after the start; naltrexone stops before it."""
    stop = policy("stop_before_opioid")
    for planned in case.patient.planned_opioid:
        last_dose = planned.on - timedelta(days=stop.days + 1)
        if planned.on >= case.start_day:
            yield Finding(
                code="SUR-01",
                severity=Severity.CAUTION,
                message=f"An opioid is planned for {planned.on} ({planned.reason}).",
                action=f"Stop naltrexone {stop.days} days before: last dose on {last_dose}. "
                "Restart only after the opioid-free interval from the last opioid.",
                sources=stop.sources,
            )
