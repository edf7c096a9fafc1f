"""Monitoring: dated notes for the calendar and the clinician's page."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from ldn_titration.regimen import Regimen
from ldn_titration.rules.case import Case, Due, rule

__all__: list[str] = []


def _months_after(day: date, months: int) -> date:
    """The same day of a later month, or the last of that month where it is shorter."""
    from dateutil.relativedelta import relativedelta

    return day + relativedelta(months=months)


def _target_day(regimen: Regimen, start: date) -> date:
    """The first day of the last step."""
    return start + timedelta(sum(step.days or 0 for step in regimen.steps[:-1]))


@rule("MON-01", needs="regimen", reads="days start")
def review_at_target(case: Case) -> Iterable[Due]:
    """MON-01: the review, about three months after the target dose is reached."""
    if case.regimen is None or not _fits(case):
        return
    target, cited = _target_day(case.regimen, case.start_day), case.regimen.cited
    if case.days is not None and (target - case.start_day).days >= case.days:
        return
    months = case.policy("review_at_target")
    if cited is not None and cited.review_after_days is not None:
        on, sources = target + timedelta(cited.review_after_days), cited.sources
    else:
        on, sources = _months_after(target, months.whole), months.sources
    what = f"Is it worth going on? The target dose was reached on {target}."
    yield Due(on, "Review", what, sources=sources)


@rule("MON-02", reads="start")
def liver_tests(case: Case) -> Iterable[Due]:
    """MON-02: liver enzymes before the start, and again after it."""
    every = case.policy("liver_test_every")
    yield Due(case.start_day, "Liver test", "Liver enzymes, if not tested yet.")
    if _fits(case):
        again = _months_after(case.start_day, every.whole)
        what = f"Liver enzymes again, and every {every.whole} months or so."
        yield Due(again, "Liver test", what, sources=every.sources)


@rule("MON-03", needs="medications conditions", reads="start")
def thyroid_tests(case: Case) -> Iterable[Due]:
    """MON-03: TSH and free T4, with thyroid medicines or disease."""
    codes = ("THY-01", "THY-02")
    if not any(case.interactions_of(code) or case.conditions_of(code) for code in codes):
        return
    yield Due(case.start_day, "Thyroid test", "TSH and free T4, if not tested yet.")
    first, last = case.policy("thyroid_test_first"), case.policy("thyroid_test_last")
    if _fits(case):
        on, until = (case.start_day + timedelta(weeks=row.whole) for row in (first, last))
        yield Due(on, "Thyroid test", f"TSH and free T4 until {until}.", until, first.sources)


@rule("MON-04", needs="medications conditions", reads="start")
def glucose_checks(case: Case) -> Iterable[Due]:
    """MON-04: closer glucose checks, with diabetes."""
    if case.interactions_of("DM-01") or case.conditions_of("DM-01"):
        what = "Check glucose more closely from this day on, and after each increase."
        yield Due(case.start_day, "Glucose checks", what)


@rule("BUD-01", needs="regimen preparation", reads="days start")
def beyond_use_date(case: Case) -> Iterable[Due]:
    """BUD-01: what is made for the start is discarded before the plan ends."""
    keeps = case.preparation.beyond_use_days if case.preparation is not None else None
    length = case.days or _length(case)
    if keeps is not None and length > keeps and _fits(case):
        what = f"What was made on {case.start_day} is not used from this day on."
        yield Due(case.start_day + timedelta(keeps), "Beyond-use date", what)


def _length(case: Case) -> int:
    """How many days the plan lasts where no length is given."""
    steps = case.regimen.steps if case.regimen is not None else ()
    return sum(step.days or case.policy("open_step").whole for step in steps)


def _fits(case: Case) -> bool:
    """Whether dates a year after the whole regimen still exist; the calendar ends in 9999."""
    steps = case.regimen.steps if case.regimen is not None else ()
    days = sum(step.days or 0 for step in steps) + 3660 + 366
    return case.start_day.toordinal() + days <= date.max.toordinal()
