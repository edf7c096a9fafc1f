"""What the foreign programs are given: the examples, and plans made by our strategies."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.strategies import SearchStrategy

from ldn_titration.errors import LdnTitrationError
from ldn_titration.plan import Plan
from ldn_titration.schedule import schedule

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples").glob("*.json"))


def generated(strategy: SearchStrategy[Plan], count: int) -> list[Plan]:
    """So many plans, the same each time."""
    found: list[Plan] = []

    @settings(
        derandomize=True,
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def collect(plan: Plan) -> None:
        found.append(plan)

    collect()
    return found


def with_diary(plan: Plan, events: object) -> Plan:
    """The plan with another diary."""
    return schedule(plan.regimen, plan.preparation, plan.start, days=plan.length_days, diary=events)


def as_it_grew(plan: Plan, *, in_order: bool) -> Iterator[Plan]:
    """The plan after each event of its diary was told: by their dates, or as they stand."""
    events = sorted(plan.diary, key=lambda event: event.on) if in_order else plan.diary
    for length in range(len(events) + 1):
        try:
            yield with_diary(plan, events[:length])
        except LdnTitrationError:  # of events told out of order, some do not fit alone
            continue
