"""The opioid-free interval: every opioid, by every name and code, on every day that matters."""

from __future__ import annotations

import calendar
import itertools
from collections.abc import Iterable
from datetime import date, datetime, timedelta, timezone, tzinfo
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from interval_oracle import BY_ID, DENOTED, DEPOT, RELEASES, ROWS, Row, named, names_of, ways
from ldn_titration import (
    OpioidExposure,
    OpioidHistory,
    PatientFacts,
    Screening,
    Severity,
    Verdict,
    screen,
)
from ldn_titration.testing import known_facts
from oracle import NOT_AGONISTS, exposure_verdict, not_before

START = date(2027, 1, 4)
INTERVAL_CODES = {"OPI-01", "OPI-02", "OPI-03", "OPI-04", "OPI-05"}

AGONISTS = [row for row in ROWS if row["kind"] not in NOT_AGONISTS]
COUNTED = [row for row in AGONISTS if row["min_days"] not in {"", "0"}]
WARNING = [row for row in AGONISTS if row["min_days"] == "0"]


SEVERAL_WINDOWS = {
    name: rows
    for name, rows in DENOTED.items()
    if len({(row["min_days"], row["max_days"]) for row in rows}) > 1
}


def days_of(row: Row, every: bool = False) -> Iterable[int]:
    """Days from the last dose to the start: around now, and on both sides of every limit."""
    if row is DEPOT:
        return [*range(-2, 16), *range(363, 369)] if every else [-1, 0, 1, 14, 15, 365, 366]
    if every:
        return range(-2, int(row["max_days"]) + 3)
    limits = {0, int(row["min_days"]), int(row["max_days"])}
    return sorted({day for limit in limits for day in (limit, limit + 1)} | {-1})


def exposed(*told: OpioidExposure, **facts: Any) -> PatientFacts:
    """Somebody of whom all is known, with these exposures."""
    return known_facts(opioids=OpioidHistory(status="known", exposures=told), **facts)


def said(screening: Screening) -> list[tuple[str, str, date | None]]:
    """The findings without their words."""
    return [(f.code, str(f.severity), f.clears_on) for f in screening.findings]


def owed(row: Row, last: date, ongoing: bool) -> list[tuple[str, str, date | None]]:
    """What is to be said about one exposure, by the oracle's severity."""
    if row["presence"] == "implies_opioid":
        return [("OPI-07", "insufficient", None)]
    if row["presence"] == "duplicate_antagonist":
        return [("DUP-01", "stop" if ongoing else "insufficient", None)]
    severity = exposure_verdict(row, last, START, ongoing)
    if severity is None:
        return []
    clears_on = last + timedelta(days=int(row["max_days"] or 0) + 1)
    if severity == "caution":
        return [("OPI-08", severity, None if ongoing else clears_on)]
    if ongoing or last >= START:
        return [("OPI-01", severity, None)]
    if row is DEPOT:
        return [("OPI-04", severity, None)]
    return [("OPI-02" if severity == "stop" else "OPI-03", severity, clears_on)]


ALSO_TOLD: dict[str, list[tuple[str, str, date | None]]] = {
    "lofexidine": [("INT-02", "caution", None)],
    "bupropion_naltrexone": [("INT-03", "info", None)],
    "naloxegol": [("INT-01", "caution", None)],
    "naldemedine": [("INT-01", "caution", None)],
}
"""What the rules of interactions say beside it of a medicine on the list (facts.md 3.3)."""


# --- every row, by every name, on every day -----------------------------------------------------


@pytest.mark.hazard("W07")
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_each_name_stops_holds_warns_and_clears_on_exactly_the_right_days(row: Row) -> None:
    wrong: list[object] = []
    for place, way in enumerate(ways(row)):
        for days in days_of(row, every=place == 0):
            last = START - timedelta(days=days)
            told = OpioidExposure.model_validate({**way, "last_taken": last})
            screening = screen(exposed(told), START)
            if said(screening) != owed(row, last, ongoing=False):
                wrong.append((way, days, said(screening), owed(row, last, ongoing=False)))
            if screening.not_before != not_before(row, last):
                wrong.append((way, days, screening.not_before, not_before(row, last)))
    assert wrong == []


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_each_name_counts_as_taken_now_whatever_the_date_while_it_is_ongoing(row: Row) -> None:
    wrong = []
    for way in ways(row):
        for last in (START - timedelta(days=400), "unknown"):
            told = OpioidExposure.model_validate({**way, "last_taken": last, "ongoing": True})
            screening = screen(exposed(told), START)
            if said(screening) != owed(row, START, ongoing=True) or screening.not_before:
                wrong.append((way, last, said(screening), screening.not_before))
    assert wrong == []


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_each_name_among_the_medications_is_an_ongoing_exposure(row: Row) -> None:
    wrong = []
    for name in filter(None, [*names_of(row), row["rxcui"]]):
        listed = {"rxcui": name} if name.isdigit() else name
        screening = screen(known_facts(medications=[listed]), START)
        expected = owed(row, START, ongoing=True) + ALSO_TOLD.get(row["id"], [])
        if said(screening) != expected or screening.not_before:
            wrong.append((name, said(screening), screening.not_before))
    assert wrong == []


def test_a_depot_is_held_for_365_days_without_a_date_and_then_not_spoken_of() -> None:
    def after(days: int) -> Screening:
        last = START - timedelta(days=days)
        told = OpioidExposure(substance="Sublocade", release="depot", last_taken=last)
        return screen(exposed(told), START)

    held, free = after(365), after(366)
    assert [(f.code, f.severity, f.clears_on) for f in held.findings] == [
        ("OPI-04", Severity.HOLD, None)
    ]
    assert held.not_before is None
    assert (free.verdict, free.findings) == (Verdict.CLEAR, ())


# --- what is not known ----------------------------------------------------------------------


def overridable(screening: Screening) -> bool:
    """Whether a named clinician could override it: it is held, and nothing is unknown."""
    return screening.verdict is Verdict.HOLD and all(
        finding.severity is not Severity.INSUFFICIENT for finding in screening.findings
    )


def assert_insufficient_at_least(screening: Screening) -> None:
    assert screening.verdict >= Verdict.INSUFFICIENT
    assert not overridable(screening)


@pytest.mark.hazard("W04")
@pytest.mark.parametrize("name", SEVERAL_WINDOWS)
def test_a_form_that_may_have_several_windows_is_insufficient_and_the_longest_is_named(
    name: str,
) -> None:
    rows = SEVERAL_WINDOWS[name]
    longest = max(int(row["max_days"]) for row in rows if row is not DEPOT)
    for days in (*range(-2, 20), 365, 400):
        last = START - timedelta(days=days)
        screening = screen(
            exposed(OpioidExposure.model_validate({**named(name), "last_taken": last})), START
        )
        assert_insufficient_at_least(screening)
        told = {exposure_verdict(row, last, START, ongoing=False) for row in rows}
        stopped = told == {"stop"}
        assert screening.verdict is (Verdict.STOP if stopped else Verdict.INSUFFICIENT)
        assert screening.not_before is None
        words = " ".join(f.message + f.action for f in screening.findings)
        assert f"{longest} opioid-free days" in words
        assert ("for a depot none is known" in words) == (DEPOT in rows)


def test_a_form_that_the_table_does_not_list_is_insufficient_however_long_ago() -> None:
    """W04: what is not listed is not taken for another form; extended buprenorphine is a depot."""
    listed: dict[str, set[str]] = {}
    for row in AGONISTS:
        listed.setdefault(row["substance"], set()).add(row["release"])
    listed["buprenorphine"].add("extended")
    last = START - timedelta(days=4000)
    unlisted = [
        {"substance": substance, "release": release, "last_taken": last}
        for substance, releases in listed.items()
        if not releases & {"any", "unknown"}
        for release in set(RELEASES) - releases - {"unknown"}
    ]
    assert len(unlisted) == 25
    for told in unlisted:
        assert_insufficient_at_least(screen(exposed(OpioidExposure.model_validate(told)), START))


@pytest.mark.parametrize("row", AGONISTS, ids=lambda row: row["id"])
def test_an_unknown_day_of_the_last_dose_is_insufficient_and_names_the_window(row: Row) -> None:
    for way in ways(row):
        screening = screen(exposed(OpioidExposure.model_validate(way)), START)
        assert said(screening) == [("OPI-05", "insufficient", None)]
        assert screening.not_before is None
        limit = f"{row['max_days']} opioid-free days" if row is not DEPOT else "depot none"
        assert limit in screening.findings[0].message


def test_no_message_about_a_depot_speaks_of_0_opioid_free_days() -> None:
    """W04: the longest window that could apply is shown; a depot has none, least of all 0 days."""
    for ongoing in (False, True):
        told = OpioidExposure(substance="Sublocade", release="depot", ongoing=ongoing)
        (finding,) = screen(exposed(told), START).findings
        assert "0 opioid-free days" not in finding.message + finding.action


@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        ("morphine", Verdict.STOP),
        ("apomorphine", Verdict.CLEAR),
        ("nicomorphine", Verdict.STOP),
        ("morfina", Verdict.INSUFFICIENT),
        ("opium", Verdict.STOP),
        ("ipratropium", Verdict.CLEAR),
        ("tiotropium bromide", Verdict.CLEAR),
        ("naltrexone", Verdict.STOP),
        ("methylnaltrexone", Verdict.INSUFFICIENT),
        ("naloxone", Verdict.INSUFFICIENT),
        ("oxycodone/naloxone", Verdict.STOP),
        ("Embeda", Verdict.STOP),
        ("co-codamol", Verdict.STOP),
        ("Fioricet", Verdict.CLEAR),
        ("Fioricet with Codeine", Verdict.STOP),
        ("Robafen", Verdict.INSUFFICIENT),
        ("Robafen AC", Verdict.STOP),
        ("Tylenol", Verdict.CLEAR),
        ("Tylenol with Codeine", Verdict.STOP),
        ("dextromethorphan", Verdict.CLEAR),
        ("dextromoramide", Verdict.STOP),
        ("loperamide", Verdict.CAUTION),
        ("clonidine", Verdict.CLEAR),
        ("lofexidine", Verdict.INSUFFICIENT),
        ("oxycodone 5 mg tablets", Verdict.STOP),
        ("no oxycodone", Verdict.INSUFFICIENT),
        ("opium poppy", Verdict.INSUFFICIENT),
        ("opiumm", Verdict.INSUFFICIENT),
        ("aspirin", Verdict.CLEAR),
        ("aspirin with codeine", Verdict.STOP),
    ],
)
def test_near_names_are_told_apart(name: str, verdict: Verdict) -> None:
    """W03, W12: whole names and brands, never parts of them."""
    assert screen(known_facts(medications=[name]), START).verdict is verdict


def test_methylnaltrexone_asks_for_the_opioid_and_is_not_naltrexone_from_elsewhere() -> None:
    (asked,) = screen(known_facts(medications=["Relistor"]), START).findings
    stopped, told = screen(known_facts(medications=["Contrave"]), START).findings
    assert (asked.code, asked.severity) == ("OPI-07", Severity.INSUFFICIENT)
    assert (stopped.code, stopped.severity) == ("DUP-01", Severity.STOP)
    assert (told.code, told.severity) == ("INT-03", Severity.INFO), "bupropion"


# --- dates, months, times -------------------------------------------------------------------


@given(
    st.sampled_from(AGONISTS),
    st.integers(1999, 2101),
    st.integers(1, 12),
    st.integers(-40, 420) | st.integers(-2, 20),
)
@example(BY_ID["methadone"], 2028, 2, 15)
def test_a_month_is_read_as_its_last_day(row: Row, year: int, month: int, days: int) -> None:
    """W05: a vague date counts as the latest day that it could be."""
    last = date(year, month, calendar.monthrange(year, month)[1])
    start = last + timedelta(days=days)
    way = next(ways(row))
    vague = OpioidExposure.model_validate({**way, "last_taken": f"{year}-{month:02}"})
    exact = OpioidExposure.model_validate({**way, "last_taken": last})
    told, same = (dict(screen(exposed(each), start)) for each in (vague, exact))
    for name in ("digest", "basis"):
        assert told.pop(name) != same.pop(name), "each names its own date"
    assert told == same
    expected = exposure_verdict(row, last, start, ongoing=False) or "clear"
    assert screen(exposed(vague), start).verdict is Verdict(expected)


def written(minute: int, offset: int) -> str:
    """A minute counted from 2027, as a date-time with its offset in minutes."""
    zone = timezone(timedelta(minutes=offset))
    moment = datetime(2027, 1, 1, tzinfo=zone) + timedelta(minutes=minute + offset)
    return moment.isoformat(timespec="minutes")


DAY = 24 * 60
quarters = st.integers(-48, 56).map(lambda n: n * 15)


@given(
    row=st.sampled_from(COUNTED + WARNING),
    taken=st.integers(0, 10 * DAY),
    periods=st.integers(0, 16),
    rest=st.integers(0, DAY - 1) | st.sampled_from([0, 1, 60, DAY - 60, DAY - 1]),
    offsets=st.tuples(quarters, quarters) | quarters.map(lambda offset: (offset, offset)),
)
def test_times_on_both_sides_count_whole_24_hour_periods(
    row: Row, taken: int, periods: int, rest: int, offsets: tuple[int, int]
) -> None:
    """Contract 5: with times and offsets on both sides, F is whole 24-hour periods elapsed."""
    last = written(taken, offsets[0])
    start = written(taken + periods * DAY + rest, offsets[1])
    told = OpioidExposure.model_validate({**next(ways(row)), "last_taken": last})
    same_day = last[:10] >= start[:10] and row in COUNTED
    expected = exposure_verdict(row, START, START + timedelta(days=periods + 1), ongoing=same_day)
    assert screen(exposed(told), start).verdict is Verdict(expected or "clear")


@pytest.mark.parametrize(
    ("last", "start", "verdict"),
    [
        # 1 hour is lost when the clocks go forward, and won when they go back.
        ("2027-03-20T12:00+01:00", "2027-03-30T12:00+02:00", Verdict.HOLD),
        ("2027-03-20T12:00+01:00", "2027-03-30T13:00+02:00", Verdict.CLEAR),
        ("2027-10-30T12:00+02:00", "2027-11-09T11:00+01:00", Verdict.CLEAR),
        ("2027-10-30T12:00+02:00", "2027-11-09T10:59+01:00", Verdict.HOLD),
        ("2027-01-01T23:59:59Z", "2027-01-11T23:59:58Z", Verdict.HOLD),
        ("2027-01-01T23:59:59Z", "2027-01-11T23:59:59Z", Verdict.CLEAR),
        # A time on one side only: calendar days.
        ("2027-01-01T00:01Z", "2027-01-11", Verdict.HOLD),
        ("2027-01-01T23:59Z", "2027-01-12", Verdict.CLEAR),
        ("2027-01-01", "2027-01-11T23:59Z", Verdict.HOLD),
        ("2027-01-01", "2027-01-12T00:01Z", Verdict.CLEAR),
    ],
)
def test_a_change_of_offset_is_counted_in_hours_that_passed(
    last: str, start: str, verdict: Verdict
) -> None:
    """Percocet: 10 opioid-free days are asked for, and below 7 it stops."""
    told = OpioidExposure(substance="Percocet", release="immediate", last_taken=last)
    assert screen(exposed(told), start).verdict is verdict


class _SummerTime(tzinfo):
    """One zone whose clocks go forward on 28 March 2027."""

    def utcoffset(self, moment: datetime | None) -> timedelta:
        return timedelta(hours=2 if moment and moment.date() >= date(2027, 3, 28) else 1)


@pytest.mark.hazard("W23")
def test_date_times_of_one_zone_count_hours_that_passed_like_their_texts() -> None:
    """Contract 5: F is whole 24-hour periods elapsed, however the date-time was given."""
    zone = _SummerTime()
    last = datetime(2027, 3, 20, 12, tzinfo=zone)
    start = datetime(2027, 3, 30, 12, tzinfo=zone)

    def verdict(taken: datetime | str, begun: datetime | str) -> Verdict:
        told = OpioidExposure(substance="Percocet", release="immediate", last_taken=taken)
        return screen(exposed(told), begun).verdict

    assert verdict(last.isoformat(), start.isoformat()) is Verdict.HOLD
    assert verdict(last, start) is Verdict.HOLD


# --- the first start that is allowed --------------------------------------------------------


def blocks(patient: PatientFacts, start: date) -> bool:
    """Whether a finding about an interval, above caution, stands on that start."""
    return any(
        finding.code in INTERVAL_CODES and finding.severity > Severity.CAUTION
        for finding in screen(patient, start).findings
    )


def told_exactly(row: Row, last: date | str) -> OpioidExposure:
    return OpioidExposure.model_validate({**next(ways(row)), "last_taken": last})


@given(
    st.lists(
        st.tuples(st.sampled_from([row for row in ROWS if row is not DEPOT]), st.integers(-5, 20)),
        min_size=1,
        max_size=4,
    )
)
def test_not_before_is_the_first_start_from_which_no_interval_stands(
    taken: list[tuple[Row, int]],
) -> None:
    """Contract 4: found here by trying every start."""
    patient = exposed(*(told_exactly(row, START - timedelta(days=n)) for row, n in taken))
    ends = {int(row["max_days"]) - n for row, n in taken}
    near = {end + n for end in ends for n in (0, 1, 2)} | {-21, 29}
    days = [START + timedelta(days=n) for n in sorted(near)]
    blocked = [day for day in days if blocks(patient, day)]
    expected = blocked[-1] + timedelta(days=1) if blocked else None
    assert {screen(patient, day).not_before for day in (days[0], days[-1])} == {expected}


@pytest.mark.hazard("W22")
@pytest.mark.parametrize(
    "unknown",
    [
        {"substance": "no such thing", "last_taken": "2026-01-01"},
        {"substance": "oxycodone", "last_taken": "2026-01-01"},
        {"substance": "buprenorphine", "last_taken": "2020-01-01"},
        {"substance": "OxyContin", "release": "extended"},
        {"substance": "OxyContin", "last_taken": "2026-01-01", "ongoing": True},
        {"substance": "Sublocade", "release": "depot", "last_taken": "2026-12-01"},
    ],
    ids=str,
)
def test_not_before_is_null_while_one_exposure_gives_no_date(unknown: dict[str, Any]) -> None:
    """Contract 4: whatever the dates of the others."""
    other = told_exactly(BY_ID["methadone"], START - timedelta(days=40))
    for told in itertools.permutations([other, OpioidExposure.model_validate(unknown), other]):
        assert screen(exposed(*told), START).not_before is None


def test_not_before_is_null_while_a_depot_is_given_on_the_start_or_later() -> None:
    """Contract 4: null where no date can be known for one of the exposures."""
    old = told_exactly(BY_ID["methadone"], START - timedelta(days=40))
    for days in (-1, 0, 1, 365):
        depot = told_exactly(DEPOT, START - timedelta(days=days))
        assert screen(exposed(depot, old), START).not_before is None, days


def test_not_before_does_not_wait_for_a_medicine_that_only_warns() -> None:
    """Contract 4: findings of caution do not count for it."""
    last = START - timedelta(days=5)
    patient = exposed(told_exactly(BY_ID["methadone"], last), medications=("loperamide",))
    assert screen(patient, START).not_before == last + timedelta(days=15)


@pytest.mark.parametrize(
    ("last", "start"),
    [
        ("2027-03-20T23:45+01:00", "2027-03-31T00:15+02:00"),
        ("2027-01-01T23:30-08:00", "2027-01-12T07:00+01:00"),
    ],
)
def test_times_count_hours_and_dates_count_days_where_the_clock_moved(
    last: str, start: str
) -> None:
    """Contract 5, both ways: its one exception to P36, told in docs/explanation/days.md."""
    verdicts = [
        screen(exposed(OpioidExposure(substance="Percocet", last_taken=when)), start).verdict
        for when in (last, last[:10])
    ]
    assert verdicts == [Verdict.HOLD, Verdict.CLEAR], "nine whole periods, but ten whole days"


@pytest.mark.parametrize("name", ["Suboxone", "Percocet", "nalbuphine", "fentanyl patch"])
def test_a_form_that_contradicts_the_name_is_asked_about(name: str) -> None:
    """W04: a brand settles its form, a contradiction unsettles it, a bare substance does not."""
    last = START - timedelta(days=30)
    stated, forgotten = (
        screen(exposed(OpioidExposure(substance=name, release=release, last_taken=last)), START)
        for release in ("extended", "unknown")
    )
    assert_insufficient_at_least(stated)
    assert forgotten.verdict.clears is (name != "nalbuphine")


# --- tests for opioids ----------------------------------------------------------------------


@pytest.mark.parametrize("test", ["urine_opioid_screen", "naloxone_challenge"])
@pytest.mark.parametrize(
    ("result", "verdict"), [("positive", Verdict.STOP), ("pending", Verdict.INSUFFICIENT)]
)
def test_a_positive_test_stops_and_a_pending_one_is_not_known(
    test: str, result: str, verdict: Verdict
) -> None:
    done = {test: {"result": result, "on": "2027-01-02"}}
    screening = screen(known_facts(**done), START)
    assert [(f.code, f.severity.verdict) for f in screening.findings] == [("OPI-06", verdict)]
    assert "2027-01-02" in screening.findings[0].message
