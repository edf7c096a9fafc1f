"""The opioid-free interval: OPI-01 to OPI-08.

Naltrexone given while an opioid is on board throws the patient into withdrawal. Each
exposure has a window of opioid-free days (knowledge base): below its minimum the start is
stopped, below its maximum it is held. Whole calendar days are counted on which surely
nothing was taken: F = S - L - 1 for a start S after a last dose on L.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta

from ldn_titration.findings import Finding, Severity
from ldn_titration.knowledge import Opioid, policy
from ldn_titration.patient import OpioidTest
from ldn_titration.rules.case import Case
from ldn_titration.rules.exposures import Exposure
from ldn_titration.values import whole_day

__all__ = ["not_before", "opioid_free_days"]


def opioid_free_days(last: date, start: date) -> int:
    """Whole opioid-free days between a last dose and a start.

    With dates, the calendar days between them; with times on both sides, the whole 24-hour
    periods that elapsed. Below zero where the last dose is on or after the start.

    >>> opioid_free_days(date(2027, 1, 1), date(2027, 1, 9))
    7
    """
    if isinstance(last, datetime) and isinstance(start, datetime):
        # Two times of one zone would be subtracted by the clock on the wall.
        walls = start.replace(tzinfo=None) - last.replace(tzinfo=None)
        return (walls - (_offset(start) - _offset(last))) // timedelta(days=1)
    return (whole_day(start) - whole_day(last)).days - 1


def _offset(moment: datetime) -> timedelta:
    return moment.utcoffset() or timedelta()


# --- the rules ------------------------------------------------------------------------


def ongoing_opioid(case: Case) -> Iterable[Finding]:
    """OPI-01: an opioid is taken now, or on the day of the start or later."""
    for exposure in case.exposures:
        if exposure.counts and not exposure.only_warns and _on_board(exposure, case):
            yield Finding(
                code="OPI-01",
                severity=Severity.STOP,
                message=f"{exposure.label} is taken, or may be taken, at or after the start.",
                action="Do not start naltrexone with an opioid on board. "
                f"The longest interval that could apply: {_longest(exposure)}.",
                sources=exposure.sources,
            )


def _on_board(exposure: Exposure, case: Case) -> bool:
    last = exposure.last
    return exposure.ongoing or (last is not None and whole_day(last) >= case.start_day)


def _longest(exposure: Exposure) -> str:
    days = f"{exposure.longest} opioid-free days"
    if not any(row.is_depot for row in exposure.rows):
        return days
    unknown = "for a depot none is known"
    return f"{days}, and {unknown}" if exposure.longest else unknown


def interval_too_short(case: Case) -> Iterable[Finding]:
    """OPI-02 and OPI-03: fewer opioid-free days than the window asks for.

    Where several windows could apply, it is said only if each of them stops the start.
    """
    for exposure in _dated(case):
        judged = {_judged(row, exposure, case) for row in exposure.rows}
        depot = exposure.rows[0].is_depot
        if judged == {Severity.STOP} or (exposure.settled and not depot and judged != {None}):
            severity = Severity.STOP if judged == {Severity.STOP} else Severity.HOLD
            yield _too_short(exposure, case, severity)


def _dated(case: Case) -> Iterator[Exposure]:
    """The known opioids whose last dose is known and lies before the start."""
    for exposure in case.exposures:
        if exposure.counts and exposure.rows and exposure.last and not _on_board(exposure, case):
            yield exposure


def _judged(row: Opioid, exposure: Exposure, case: Case) -> Severity | None:
    """What one row says about the days since the last dose; None where it says nothing."""
    if exposure.last is None:
        return None
    if row.window is None:
        return Severity.HOLD if _within_lookback(exposure, case.start_day) else None
    free = opioid_free_days(exposure.last, case.start)
    if row.window[0] == 0 or free >= row.window[1]:
        return None
    return Severity.STOP if free < row.window[0] else Severity.HOLD


def _too_short(exposure: Exposure, case: Case, severity: Severity) -> Finding:
    stop = severity is Severity.STOP
    free = opioid_free_days(exposure.last or case.start, case.start)
    return Finding(
        code="OPI-02" if stop else "OPI-03",
        severity=severity,
        message=f"{exposure.label}: {free} opioid-free days before the start; "
        f"{_window_words(exposure)} are asked for.",
        action="Start later."
        if stop
        else "Start later, or let a named clinician decide with a reason; "
        "a negative naloxone challenge supports that decision and never replaces it.",
        clears_on=_first_clear_day(exposure),
        sources=exposure.sources,
    )


def _window_words(exposure: Exposure) -> str:
    windows = [row.window for row in exposure.rows if row.window is not None]
    least, most = min(window[0] for window in windows), max(window[1] for window in windows)
    return f"{least} to {most}" if least < most else str(most)


def _first_clear_day(exposure: Exposure) -> date | None:
    """The first start date that the window allows; None where no date can be known."""
    window = exposure.rows[0].window if exposure.settled else None
    if exposure.last is None or window is None:
        return None
    return _later(whole_day(exposure.last), window[1] + 1)


def _later(day: date, days: int) -> date | None:
    ordinal = day.toordinal() + days
    return date.fromordinal(ordinal) if ordinal <= date.max.toordinal() else None


def depot_buprenorphine(case: Case) -> Iterable[Finding]:
    """OPI-04: a depot opioid within the look-back; no number of days is known for it."""
    lookback = policy("depot_lookback")
    for exposure in _dated(case):
        is_depot = exposure.settled and exposure.rows[0].is_depot
        if is_depot and _judged(exposure.rows[0], exposure, case) is not None:
            yield Finding(
                code="OPI-04",
                severity=Severity.HOLD,
                message=f"{exposure.label}: a depot opioid was given within "
                f"{lookback.days} days before the start. No interval is established.",
                action="Let a specialist decide: a urine test that covers buprenorphine "
                "and a naloxone challenge, both negative.",
                sources=tuple(dict.fromkeys((*exposure.sources, *lookback.sources))),
            )


def unknown_exposure(case: Case) -> Iterable[Finding]:
    """OPI-05: the opioid, its release form or the day of its last dose is not known."""
    for exposure in case.exposures:
        unknown = _unknowns(exposure)
        if exposure.counts and unknown and not _on_board(exposure, case):
            yield Finding(
                code="OPI-05",
                severity=Severity.INSUFFICIENT,
                message=f"{exposure.label}: not known: {', '.join(unknown)}. "
                f"The longest interval that could apply: {_longest(exposure)}.",
                action="Find out what was taken, in which form, and when last.",
                sources=exposure.sources,
            )


def _unknowns(exposure: Exposure) -> list[str]:
    checks = (
        ("which opioid it is", not exposure.rows),
        ("its release form", bool(exposure.rows) and not exposure.settled),
        ("the day of the last dose", exposure.last is None),
    )
    return [words for words, is_unknown in checks if is_unknown]


def tests_for_opioids(case: Case) -> Iterable[Finding]:
    """OPI-06: a positive screen or challenge stops; one that is pending is not known."""
    named = (
        ("urine opioid screen", case.patient.urine_opioid_screen),
        ("naloxone challenge", case.patient.naloxone_challenge),
    )
    for name, test in named:
        if test is not None and test.result != "negative":
            yield _test_finding(name, test)


def _test_finding(name: str, test: OpioidTest) -> Finding:
    positive = test.result == "positive"
    return Finding(
        code="OPI-06",
        severity=Severity.STOP if positive else Severity.INSUFFICIENT,
        message=f"The {name} of {test.on} is {test.result}.",
        action="Do not start." if positive else "Wait for its result.",
        sources=("naltrexone_tablet_label_2",),
    )


def implied_opioid(case: Case) -> Iterable[Finding]:
    """OPI-07: an antagonist or withdrawal medicine, whose presence asks for the opioid."""
    for exposure in case.exposures:
        if any(row.presence == "implies_opioid" for row in exposure.rows):
            yield Finding(
                code="OPI-07",
                severity=Severity.INSUFFICIENT,
                message=f"{exposure.label} is usually given because of an opioid.",
                action="Ask: is an opioid in use, or was one lately?",
                sources=exposure.sources,
            )


def gut_and_kappa_opioids(case: Case) -> Iterable[Finding]:
    """OPI-08: loperamide, eluxadoline and kappa agonists warn while taken or within the window."""
    for exposure in case.exposures:
        if exposure.counts and exposure.only_warns and _still_warns(exposure, case):
            yield Finding(
                code="OPI-08",
                severity=Severity.CAUTION,
                message=f"{exposure.label} acts at opioid receptors, mostly outside the brain.",
                action="Stop it before the start. Taken above its labelled dose it counts as "
                "a long-acting opioid.",
                clears_on=None if exposure.ongoing else _first_clear_day(exposure),
                sources=exposure.sources,
            )


def _still_warns(exposure: Exposure, case: Case) -> bool:
    if exposure.ongoing or exposure.last is None:
        return exposure.ongoing
    return opioid_free_days(exposure.last, case.start) < exposure.longest


def not_before(case: Case) -> date | None:
    """The first start date on which every interval has passed.

    None where there is no exposure that has one, or where no date can be known for one of
    them, as for a depot.
    """
    owed = [e for e in case.exposures if e.counts and not (e.only_warns and (e.ongoing or e.last))]
    depots = [e for e in owed if e.settled and e.rows[0].is_depot and e.last and not e.ongoing]
    days = [None if e.ongoing else _first_clear_day(e) for e in owed if e not in depots]
    known = [day for day in days if day is not None]
    if not known or len(known) < len(days):
        return None
    clear = max(known)
    still = any(_within_lookback(depot, clear) for depot in depots)
    return None if still else clear


def _within_lookback(depot: Exposure, day: date) -> bool:
    lookback = policy("depot_lookback").days
    return depot.last is not None and (day - whole_day(depot.last)).days <= lookback
