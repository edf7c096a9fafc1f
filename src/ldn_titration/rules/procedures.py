"""Planned opioids and restarts: when naltrexone stops before, and when it goes on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta

from ldn_titration.findings import Severity
from ldn_titration.patient import EarlierNaltrexone, PlannedOpioid
from ldn_titration.rules import washout
from ldn_titration.rules.case import Case, Due, Found, rule
from ldn_titration.rules.washout import later, opioid_free_days

__all__: list[str] = []


def _last_dose(planned: PlannedOpioid, case: Case) -> date | None:
    """The last day of naltrexone before it; None where the start is too close to it."""
    stop = case.policy("stop_before_opioid").whole
    in_time = (planned.on - case.start_day).days > stop
    return planned.on - timedelta(stop + 1) if in_time else None


def _restart(planned: PlannedOpioid, case: Case) -> date | None:
    """The first day after it on which the opioid-free interval has passed."""
    names = case.base.read_line(planned.substance).names if planned.substance else ()
    rows = [row for name in names for row in name.opioids]
    windows = [row.max_days for row in rows if row.is_opioid]
    if None in windows:
        return None
    longest = max((days for days in windows if days is not None), default=None)
    return later(planned.last, (longest or case.base.longest_window) + 1)


def _merged(case: Case) -> list[PlannedOpioid]:
    """The planned opioids in order; one that comes before a restart joins the one before it.

    Those of before the start stand alone: whether they were taken is another question.
    """
    merged: list[PlannedOpioid] = []
    for planned in sorted(case.patient.planned_opioid, key=lambda each: each.on):
        if merged and merged[-1].on >= case.start_day and _too_soon(planned, merged[-1], case):
            merged[-1] = _joined(merged[-1], planned)
        else:
            merged.append(planned)
    return merged


def _too_soon(planned: PlannedOpioid, before: PlannedOpioid, case: Case) -> bool:
    """Whether no dose of naltrexone fits between two planned opioids."""
    again, stop = _restart(before, case), case.policy("stop_before_opioid").whole
    return again is None or planned.on.toordinal() <= again.toordinal() + stop


def _joined(first: PlannedOpioid, then: PlannedOpioid) -> PlannedOpioid:
    """Two planned opioids as one; of two substances neither is sure to be the longer one."""
    same = first.substance if first.substance == then.substance else None
    reason = f"{first.reason}, then {then.reason}"[:200]
    last = max(first.last, then.last)
    return PlannedOpioid(on=first.on, until=last, reason=reason, substance=same)


@rule("SUR-01", reads="planned_opioid earlier_naltrexone start")
def planned_opioid(case: Case) -> Iterable[Found]:
    """SUR-01: an opioid is planned; naltrexone stops in time before it."""
    for planned in _merged(case):
        if planned.on >= case.start_day:
            yield _planned(planned, case)
        elif opioid_free_days(planned.last, case.start_day) < _days_asked_about(planned, case):
            yield Found(
                Severity.INSUFFICIENT,
                f"An opioid was planned for {planned.on} ({planned.reason}), before the start.",
                "Ask whether it was taken, and state it among the opioids.",
            )
        yield from _depot_still_blocks(planned, case)


def _days_asked_about(planned: PlannedOpioid, case: Case) -> int:
    """How long a planned opioid of the past may still matter: a depot for its look-back."""
    if planned.substance and _restart(planned, case) is None:
        return case.policy("depot_lookback").whole
    return case.base.longest_window


def _planned(planned: PlannedOpioid, case: Case) -> Found:
    last, stop = _last_dose(planned, case), case.policy("stop_before_opioid")
    told = f"last dose on {last}" if last else "do not start"
    return Found(
        Severity.CAUTION if last else Severity.HOLD,
        f"An opioid is planned for {planned.on} ({planned.reason}).",
        f"{stop.whole} whole days without naltrexone before it: {told}. "
        f"{_restart_words(planned, case, last)}",
        sources=stop.sources,
    )


def _restart_words(planned: PlannedOpioid, case: Case, last: date | None) -> str:
    """When it may go on after it, and from which step."""
    again, gap = _restart(planned, case), case.policy("gap_to_resume")
    if again is None:
        return "Restart only after the opioid-free interval from the last opioid."
    words = f"Restart not before {again} if the last opioid is on {planned.last}"
    if last is None:
        return f"{words}."
    step = "the same step" if (again - last).days - 1 <= gap.whole else "the first step"
    return f"{words}, then from {step}."


def _depot_still_blocks(planned: PlannedOpioid, case: Case) -> Iterator[Found]:
    """Depot naltrexone blocks an opioid for weeks, whatever becomes of the oral doses."""
    earlier, depot = case.patient.earlier_naltrexone, case.policy("stop_before_opioid_depot")
    if earlier is None or earlier.form != "depot":
        return
    if 0 <= opioid_free_days(earlier.last_taken, planned.on) < depot.whole:
        message = f"Depot naltrexone of {earlier.last_taken} still blocks opioids on {planned.on}."
        action = f"It is stopped {depot.whole} days before; tell the surgeon and the anaesthetist."
        yield Found(Severity.HOLD, message, action, sources=depot.sources)


# --- restart after an interruption ----------------------------------------------------

_INTERVAL_RULES = (
    washout.ongoing_opioid,
    washout.interval_below_minimum,
    washout.interval_below_maximum,
    washout.depot_buprenorphine,
    washout.unknown_exposure,
)


@rule("RST-01", needs="opioids", reads="earlier_naltrexone medications opioid_in_use regimen start")
def restart(case: Case) -> Iterable[Found]:
    """RST-01: a restart counts from the last opioid; a long gap asks for the first step."""
    earlier = case.patient.earlier_naltrexone
    if earlier is None:
        return
    days = (case.start_day - earlier.last_taken).days - 1
    if days < 0:
        message = f"Naltrexone was taken until {earlier.last_taken}, not before the start."
        yield Found(Severity.INSUFFICIENT, message, "Correct the dates.")
    owed = [found for each in _INTERVAL_RULES for found in each.judge(case)]
    severities = [found.severity for found in owed if isinstance(found, Found)]
    if severities:
        message = "The opioid-free interval has not passed; a restart counts from the last opioid."
        days_known = [found.clears_on for found in owed if isinstance(found, Found)]
        clears = None if None in days_known else max(filter(None, days_known), default=None)
        action = "See the findings of the interval; an override of a hold names both codes."
        yield Found(max(severities), message, action, clears)
    depot = case.policy("stop_before_opioid_depot").whole if earlier.form == "depot" else 0
    if not owed and days >= depot:
        yield _level(earlier, days, case)


def _level(earlier: EarlierNaltrexone, days: int, case: Case) -> Found:
    """At which dose a restart may go on, after so many days without."""
    gap = case.policy("gap_to_resume")
    if days > gap.whole:
        message = f"{days} days without naltrexone, more than {gap.whole}."
        return Found(
            Severity.CAUTION, message, "Start again from the first step.", sources=gap.sources
        )
    first = case.regimen.steps[0].daily_dose if case.regimen else None
    if first is not None and earlier.dose is not None and first > earlier.dose:
        message = f"The first dose, {first}, is above the earlier dose, {earlier.dose}."
        return Found(Severity.CAUTION, message, "Go on at the earlier dose.", sources=gap.sources)
    message = f"{days} days without naltrexone, not more than {gap.whole}."
    return Found(Severity.INFO, message, "The earlier dose may go on.", sources=gap.sources)


# --- their dates ----------------------------------------------------------------------


@rule("MON-05", reads="planned_opioid start")
def stop_and_restart_dates(case: Case) -> Iterable[Due]:
    """MON-05: the last dose before a planned opioid, and the first day of a restart."""
    for planned in _merged(case):
        last, again = _last_dose(planned, case), _restart(planned, case)
        if last is None:
            continue
        told = f"the opioid planned for {planned.on} ({planned.reason})"
        yield Due(last, "Last dose before opioid", f"The last dose before {told}.")
        pause = last + timedelta(1)
        until = again - timedelta(1) if again else planned.last
        what = f"No naltrexone until {until} because of {told}."
        yield Due(pause, "NO DOSE: opioid", what, until, every_day=True)
        if again is not None:
            what = f"The first day of a restart if the last opioid is on {planned.last}."
            yield Due(again, "Earliest restart", what)
