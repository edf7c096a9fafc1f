"""The opioid-free interval: OPI-01 to OPI-08.

Naltrexone given while an opioid is on board throws the patient into withdrawal. Each
exposure has a window of opioid-free days (knowledge base): below its minimum the start is
stopped, below its maximum it is held. Whole calendar days are counted on which surely
nothing was taken: F = S - L - 1 for a start S after a last dose on L.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta, tzinfo

from ldn_titration.findings import Severity
from ldn_titration.knowledge import Knowledge, Opioid
from ldn_titration.patient import OpioidTest
from ldn_titration.rules.case import Case, Found, rule
from ldn_titration.rules.exposures import Exposure
from ldn_titration.values import whole_day

__all__ = ["first_free_day", "last_day", "later", "not_before", "opioid_free_days"]

_HISTORY = "opioids medications"


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


@rule("OPI-01", needs=_HISTORY, reads="opioid_in_use start")
def ongoing_opioid(case: Case) -> Iterable[Found]:
    """OPI-01: an opioid is taken now, or on the day of the start or later."""
    if case.patient.opioid_in_use == "yes":
        action = "Do not start naltrexone with an opioid on board; state which it is."
        yield Found(Severity.STOP, "An opioid is said to be in use.", action)
    for exposure in case.exposures:
        if exposure.counts and not exposure.only_warns and _on_board(exposure, case):
            yield Found(
                Severity.STOP,
                f"{exposure.label} is taken, or may be taken, at or after the start.",
                "Do not start naltrexone with an opioid on board. "
                f"The longest interval that could apply: {_longest(exposure)}.",
                sources=exposure.sources,
            )


def _on_board(exposure: Exposure, case: Case) -> bool:
    last = exposure.last
    return exposure.ongoing or (last is not None and whole_day(last) >= case.start_day)


def _longest(exposure: Exposure) -> str:
    days = f"{exposure.longest} opioid-free days"
    if not exposure.is_depot and not any(row.is_depot for row in exposure.rows):
        return days
    unknown = "for a depot none is known"
    return f"{days}, and {unknown}" if exposure.longest else unknown


@rule("OPI-02", needs=_HISTORY, reads="start")
def interval_below_minimum(case: Case) -> Iterable[Found]:
    """OPI-02: fewer opioid-free days than the minimum of every window that could apply."""
    for exposure, last in _dated(case):
        if _judged(exposure, last, case) is Severity.STOP:
            yield _too_short(exposure, last, case, Severity.STOP, "Start later.")


@rule("OPI-03", needs=_HISTORY, reads="start")
def interval_below_maximum(case: Case) -> Iterable[Found]:
    """OPI-03: opioid-free days between the minimum and the maximum of the window."""
    for exposure, last in _dated(case):
        if _judged(exposure, last, case) is Severity.HOLD and not exposure.rows[0].is_depot:
            yield _too_short(
                exposure,
                last,
                case,
                Severity.HOLD,
                "Start later, or let a named clinician decide with a reason; "
                "a negative naloxone challenge supports that decision and never replaces it.",
            )


def _dated(case: Case) -> Iterator[tuple[Exposure, date]]:
    """The known opioids whose last dose is known and lies before the start, with that dose."""
    for exposure in case.exposures:
        if exposure.counts and exposure.rows and exposure.last and not _on_board(exposure, case):
            yield exposure, exposure.last


def _judged(exposure: Exposure, last: date, case: Case) -> Severity | None:
    """What the days since the last dose amount to; None where they amount to nothing.

    Where several windows could apply, it is said only if each of them stops the start.
    """
    judged = {_by_row(row, exposure, last, case) for row in exposure.rows}
    if judged == {Severity.STOP}:
        return Severity.STOP
    return Severity.HOLD if exposure.settled and judged != {None} else None


def _by_row(row: Opioid, exposure: Exposure, last: date, case: Case) -> Severity | None:
    """What one row says about the days since the last dose; None where it says nothing."""
    if row.window is None:
        return Severity.HOLD if _within_lookback(exposure, case, case.start_day) else None
    free = opioid_free_days(last, case.start)
    if row.window[0] == 0 or free >= row.window[1]:
        return None
    return Severity.STOP if free < row.window[0] else Severity.HOLD


def _too_short(
    exposure: Exposure, last: date, case: Case, severity: Severity, action: str
) -> Found:
    free = opioid_free_days(last, case.start)
    return Found(
        severity,
        f"{exposure.label}: {free} opioid-free days before the start; "
        f"{_window_words(exposure)} are asked for.",
        action,
        _first_clear_day(exposure),
        exposure.sources,
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
    return later(whole_day(exposure.last), window[1] + 1)


def later(day: date, days: int) -> date | None:
    """The day so many days later; None where the calendar ends before it."""
    ordinal = day.toordinal() + days
    return date.fromordinal(ordinal) if ordinal <= date.max.toordinal() else None


@rule("OPI-04", needs=_HISTORY, reads="start")
def depot_buprenorphine(case: Case) -> Iterable[Found]:
    """OPI-04: a depot opioid within the look-back; no number of days is known for it."""
    lookback = case.policy("depot_lookback")
    for exposure, last in _dated(case):
        if exposure.rows[0].is_depot and _judged(exposure, last, case) is Severity.HOLD:
            yield Found(
                Severity.HOLD,
                f"{exposure.label}: a depot opioid was given within "
                f"{lookback.whole} days before the start. No interval is established.",
                "Let a specialist decide: a urine test that covers buprenorphine "
                "and a naloxone challenge, both negative.",
                sources=(*exposure.sources, *lookback.sources),
            )


@rule("OPI-05", needs=_HISTORY, reads="start")
def unknown_exposure(case: Case) -> Iterable[Found]:
    """OPI-05: the opioid, its release form or the day of its last dose is not known."""
    for exposure in case.exposures:
        unknown = _unknowns(exposure)
        if exposure.counts and unknown and not _on_board(exposure, case):
            yield Found(
                Severity.INSUFFICIENT,
                f"{exposure.label}: not known: {', '.join(unknown)}. "
                f"The longest interval that could apply: {_longest(exposure)}.",
                "Find out what was taken, in which form, and when last.",
                sources=exposure.sources,
            )


def _unknowns(exposure: Exposure) -> list[str]:
    checks = (
        ("which opioid it is", not exposure.rows),
        ("its release form", bool(exposure.rows) and not exposure.settled),
        ("the day of the last dose", exposure.last is None),
    )
    return [words for words, is_unknown in checks if is_unknown]


_TESTS = "urine_opioid_screen naloxone_challenge"


@rule("OPI-06", needs="opioid_dependence acute_withdrawal", reads=_TESTS)
def dependence_withdrawal_or_test(case: Case) -> Iterable[Found]:
    """OPI-06: dependence, withdrawal, a positive test; a pending one is not known."""
    patient = case.patient
    if patient.opioid_dependence == "yes":
        yield _contraindicated("Opioid dependence is a contraindication.")
    if patient.acute_withdrawal == "yes":
        yield _contraindicated("Acute opioid withdrawal is a contraindication.")
    for name, test in _tests(case):
        if test.result == "positive":
            yield _contraindicated(f"The {name} of {test.on} is positive.")
        elif test.result == "pending":
            message = f"The {name} of {test.on} is pending."
            yield Found(Severity.INSUFFICIENT, message, "Wait for its result.")


def _contraindicated(message: str) -> Found:
    return Found(Severity.STOP, message, "Do not start.")


def _tests(case: Case) -> Iterator[tuple[str, OpioidTest]]:
    """The tests that were done, each with its name."""
    if case.patient.urine_opioid_screen is not None:
        yield "urine opioid screen", case.patient.urine_opioid_screen
    if case.patient.naloxone_challenge is not None:
        yield "naloxone challenge", case.patient.naloxone_challenge


@rule("TST-01", reads=f"{_TESTS} opioids start")
def negative_test(case: Case) -> Iterable[Found]:
    """TST-01: a negative test supports a start, and shortens no interval."""
    for name, test in _tests(case):
        if test.result == "negative":
            yield Found(
                Severity.INFO,
                f"The {name} of {test.on} is negative: {_worth(test, case)} and clears nothing.",
                "Keep the opioid-free interval; kratom and others escape usual screens."
                if "urine" in name
                else "Keep the opioid-free interval.",
            )


def _worth(test: OpioidTest, case: Case) -> str:
    """What a negative test is worth: nothing after the start, or before the last opioid."""
    told = [e for e in case.exposures if e.counts and (e.last or not e.ongoing)]
    lasts = [e.last and whole_day(e.last) for e in told]
    if test.on > case.start_day:
        return "it is dated after the start"
    if any(last is not None and test.on <= last for last in lasts):
        return "it was done before the last opioid"
    if None in lasts:
        return "it may have been done before the last opioid"
    return "it supports a start"


@rule("OPI-07", needs=_HISTORY, reads="opioid_in_use")
def implied_opioid(case: Case) -> Iterable[Found]:
    """OPI-07: an antagonist or withdrawal medicine, whose presence asks for the opioid."""
    answered = case.patient.opioid_in_use == "no"
    for exposure in case.exposures:
        if any(row.presence == "implies_opioid" for row in exposure.rows):
            yield Found(
                Severity.CAUTION if answered else Severity.INSUFFICIENT,
                f"{exposure.label} is usually given because of an opioid.",
                "It was asked, and no opioid is in use or was lately."
                if answered
                else "Ask whether an opioid is in use or was lately, state it among the "
                'opioids, and answer with "opioid_in_use".',
                sources=exposure.sources,
            )


@rule("OPI-08", needs=_HISTORY, reads="start")
def gut_and_kappa_opioids(case: Case) -> Iterable[Found]:
    """OPI-08: loperamide, eluxadoline and kappa agonists warn while taken or within the window."""
    for exposure in case.exposures:
        if exposure.counts and exposure.only_warns and _still_warns(exposure, case):
            yield Found(
                Severity.CAUTION,
                f"{exposure.label} acts at opioid receptors, but hardly in the brain.",
                f"Stop it before the start.{_loperamide_words(exposure)}",
                None if exposure.ongoing else _first_clear_day(exposure),
                exposure.sources,
            )


def _loperamide_words(exposure: Exposure) -> str:
    if not any(row.id == "loperamide" for row in exposure.rows):
        return ""
    return ' Above its labelled dose it counts as long-acting: state its "daily_dose".'


def _still_warns(exposure: Exposure, case: Case) -> bool:
    if exposure.ongoing or exposure.last is None:
        return exposure.ongoing
    return opioid_free_days(exposure.last, case.start) < exposure.longest


def last_day(exposure: Exposure, zone: tzinfo | None = None) -> date | None:
    """The day of the last dose, in ``zone`` where both have one; None where it is not known."""
    last = exposure.last
    if exposure.ongoing or last is None:
        return None
    if isinstance(last, datetime) and zone is not None:
        try:
            last = last.astimezone(zone)
        except OverflowError:  # the calendar ends within a day of it: the day as written
            return whole_day(last)
    return whole_day(last)


def first_free_day(exposure: Exposure, base: Knowledge, zone: tzinfo | None = None) -> date | None:
    """The first day on which every window that could apply has passed; a depot: its look-back.

    None where no day can be known: an opioid that is taken still, or a substance or a last
    dose that is not known.
    """
    last, lookback = last_day(exposure, zone), base.policy["depot_lookback"].whole
    rows = [row for row in exposure.rows if row.is_opioid]
    if last is None or not rows:
        return None
    days = (lookback if row.window is None else row.window[1] for row in rows)
    return later(last, max(days) + 1)


def not_before(case: Case) -> date | None:
    """The first start date on which every interval has passed.

    None where there is no exposure that has one, or where no date can be known for one of
    them, as for a depot or an opioid that is said to be in use.
    """
    if case.patient.opioid_in_use == "yes":
        return None
    owed = [e for e in case.exposures if e.counts and not (e.only_warns and (e.ongoing or e.last))]
    depots = [e for e in owed if e.settled and e.rows[0].is_depot and e.last and not e.ongoing]
    days = [None if e.ongoing else _first_clear_day(e) for e in owed if e not in depots]
    known = [day for day in days if day is not None]
    if not known or len(known) < len(days):
        return None
    clear = max(known)
    still = any(_within_lookback(depot, case, clear) for depot in depots)
    return None if still else clear


def _within_lookback(depot: Exposure, case: Case, day: date) -> bool:
    lookback = case.policy("depot_lookback").whole
    return depot.last is not None and (day - whole_day(depot.last)).days <= lookback
