"""Doses: the band's ceiling and floor, start and pace, and what the protocol warns of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from ldn_titration.findings import Severity
from ldn_titration.knowledge import Policy
from ldn_titration.quantities import Mass
from ldn_titration.rules.case import Case, Found, rule

__all__ = ["dose_range", "judge_doses", "judge_rises", "start_increment_and_pace"]


def judge_doses(case: Case, more: Sequence[tuple[int, Mass]] = ()) -> Iterator[Found]:
    """A daily dose beyond what the band allows, also among more doses than the regimen's."""
    if case.regimen is None:
        return
    steps = [(n, step.daily_dose) for n, step in enumerate(case.regimen.steps, 1)]
    doses = [*steps, *more]
    highest, lowest = max(doses, key=_mass), min(doses, key=_mass)
    band = "low_dose_ceiling" if case.regimen.band == "low" else "standard_dose_ceiling"
    ceiling, caution = case.policy(band), case.policy("low_dose_caution")
    floor = case.policy("low_dose_floor")
    if highest[1] > ceiling.mass:
        yield _dose(Severity.STOP, highest, f"above {ceiling.mass}", ceiling)
    elif highest[1] > caution.mass:
        yield _dose(Severity.CAUTION, highest, f"above {caution.mass}", caution)
    if case.regimen.band == "low" and lowest[1] < floor.mass:
        yield _dose(Severity.STOP, lowest, f"below {floor.mass}", floor)


def _mass(told: tuple[int, Mass]) -> Mass:
    return told[1]


@rule("DOS-01", needs="regimen")
def dose_range(case: Case) -> Iterable[Found]:
    """DOS-01: a daily dose above what the band allows, or below low dose."""
    return judge_doses(case)


def _dose(severity: Severity, told: tuple[int, Mass], limit: str, basis: Policy) -> Found:
    step, dose = told
    return Found(
        severity,
        f"Step {step} gives {dose} a day, {limit} a day. {basis.fact}",
        "Check for a slip of unit or of decimal point."
        if severity is Severity.STOP
        else "Check that this dose is meant.",
        sources=basis.sources,
    )


def judge_rises(case: Case, more: Sequence[tuple[int, Mass]] = ()) -> Iterator[Found]:
    """A first dose, an increment or a pace beyond the usual, also among more increments."""
    regimen = case.regimen
    if regimen is None or regimen.band != "low":
        return
    doses = [step.daily_dose for step in regimen.steps]
    start, most = case.policy("usual_start_most"), case.policy("usual_increment_most")
    if doses[0] > start.mass:
        yield _unusual(f"The first dose is {doses[0]} a day, above {start.mass}.", start)
    rises = [(up - low, n) for n, (low, up) in enumerate(pairwise(doses), 2) if up > low]
    rises += [(rise, n) for n, rise in more]
    if rises and max(rises)[0] > most.mass:
        rise, step = max(rises)
        yield _unusual(f"Step {step} adds {rise} a day, more than {most.mass}.", most)
    least = case.policy("usual_step_least")
    short = [days for step in regimen.steps[:-1] if (days := step.fewest or 0) < least.whole]
    if short:
        yield _unusual(f"A step lasts {min(short)} days, fewer than {least.whole}.", least)


@rule("DOS-02", needs="regimen")
def start_increment_and_pace(case: Case) -> Iterable[Found]:
    """DOS-02: a first dose, an increment or a pace beyond those of the cited titrations."""
    return judge_rises(case)


def _unusual(message: str, basis: Policy) -> Found:
    action = "Check that this is meant."
    return Found(Severity.INFO, f"{message} {basis.fact}", action, sources=basis.sources)


@rule("PRO-01", needs="regimen")
def protocol_caution(case: Case) -> Iterable[Found]:
    """PRO-01: what the chosen protocol's entry says of itself."""
    cited = case.regimen.cited if case.regimen is not None else None
    if cited is not None:
        message = f"{cited.title}: {cited.caution}"
        yield Found(Severity.INFO, message, "Weigh this before prescribing.", sources=cited.sources)
