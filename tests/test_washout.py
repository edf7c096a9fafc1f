"""The opioid-free interval: every opioid, by every name and code, on every day that matters."""

from __future__ import annotations

import calendar
import csv
import itertools
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta, timezone, tzinfo
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from ldn_titration import (
    Medication,
    OpioidExposure,
    OpioidHistory,
    OpioidTest,
    PatientFacts,
    PlannedOpioid,
    Screening,
    Severity,
    Verdict,
    screen,
)
from ldn_titration.testing import exposures as shipped_exposures
from ldn_titration.testing import known_facts, start_dates
from oracle import NOT_AGONISTS, exposure_verdict, not_before

Row = dict[str, str]

TABLE = (files("ldn_titration.knowledge") / "opioids.csv").read_text("utf-8")
ROWS: list[Row] = list(csv.DictReader(TABLE.splitlines()))
BY_ID = {row["id"]: row for row in ROWS}
RELEASES = ("immediate", "extended", "transdermal", "depot", "unknown")
START = date(2027, 1, 4)
INTERVAL_CODES = {"OPI-01", "OPI-02", "OPI-03", "OPI-04", "OPI-05"}

AGONISTS = [row for row in ROWS if row["kind"] not in NOT_AGONISTS]
COUNTED = [row for row in AGONISTS if row["min_days"] not in {"", "0"}]
WARNING = [row for row in AGONISTS if row["min_days"] == "0"]
DEPOT = BY_ID["buprenorphine_depot"]


def names_of(row: Row) -> list[str]:
    """Every name by which the table knows a row."""
    listed = [row["name"], row["substance"], *row["synonyms"].split(";")]
    return list(dict.fromkeys(name for name in listed if name))


DENOTED: dict[str, list[Row]] = {}
"""What each name, in lower case, and each code may denote."""
for _row in ROWS:
    for _name in dict.fromkeys([*map(str.lower, names_of(_row)), _row["rxcui"]]):
        if _name:
            DENOTED.setdefault(_name, []).append(_row)

SEVERAL_WINDOWS = {
    name: rows
    for name, rows in DENOTED.items()
    if len({(row["min_days"], row["max_days"]) for row in rows}) > 1
}


def named(name: str) -> dict[str, str]:
    """How an exposure is named: by its code where that is all digits."""
    return {"rxcui": name} if name.isdigit() else {"substance": name}


def bare(name: str, row: Row) -> bool:
    """Whether a name or code is the substance's alone, and so says nothing of a form."""
    return name.isdigit() or name.lower() == row["substance"].lower()


def ways(row: Row) -> Iterator[dict[str, str]]:
    """Every name and code of a row, with a release that leaves no other row."""
    own = row["release"] if row["release"] in RELEASES else "unknown"
    for name in filter(None, [*names_of(row), row["rxcui"]]):
        yield {**named(name), "release": own}
        if DENOTED[name.lower()] == [row] and not (bare(name, row) and own == row["release"]):
            yield {**named(name), "release": "unknown"}
    if row["release"] in {"any", "unknown"}:
        yield from ({"substance": row["substance"], "release": release} for release in RELEASES)
    if row is DEPOT:
        yield {"substance": "buprenorphine", "release": "extended"}


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


def lines() -> st.SearchStrategy[str]:
    """Lines of text that the request would take for a name."""
    shown = st.characters(exclude_categories=["Cc", "Cf", "Cs", "Zl", "Zp"])
    made = st.text(shown, min_size=1, max_size=60).filter(str.strip)
    words = st.sampled_from([word for name in DENOTED for word in name.split("/")])
    near = st.builds("{}{}{}".format, st.sampled_from(["", "x", "met", "5 mg "]), words, made)
    return made | near


def words_of(text: str) -> set[str]:
    """The words of a text: runs of letters, of two at least."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return {word for word in re.findall(r"[^\W\d_]+", plain) if len(word) > 1}


WORDS = set().union(
    *(
        words_of((files("ldn_titration.knowledge") / f"{name}.csv").read_text("utf-8"))
        for name in ("opioids", "products", "medicines", "brands", "qualifiers")
    )
)
"""Every word of every table of names."""


@pytest.mark.hazard("W02")
@given(name=lines(), days=st.integers(-3, 4000), known=st.booleans())
@example(name="morfina", days=400, known=True)
@example(name="oxycodone from my neighbour", days=400, known=True)
@example(name="opiumm", days=400, known=True)
@example(name="aspirin and zzyzx", days=400, known=True)
def test_a_name_that_is_not_in_the_table_is_never_clear(name: str, days: int, known: bool) -> None:
    """P42, W02: an unknown substance is insufficient at least, without an override."""
    assume(words_of(name) - WORDS)
    last = START - timedelta(days=days) if known else "unknown"
    told = screen(exposed(OpioidExposure(substance=name, last_taken=last)), START)
    assert_insufficient_at_least(told)
    words = told.findings[0].message + told.findings[0].action
    assert "14 opioid-free days" in words
    assert name.strip() in words
    listed = screen(known_facts(medications=[name]), START)
    assert listed.verdict is Verdict.INSUFFICIENT
    assert name.strip() in listed.findings[0].message


@given(code=st.from_regex(r"[0-9]{1,8}", fullmatch=True))
def test_a_code_that_is_not_in_the_table_is_never_clear(code: str) -> None:
    """P42: an unknown RxNorm code is insufficient at least, as exposure and as medicine."""
    assume(code not in DENOTED)
    told = OpioidExposure(rxcui=code, last_taken=START - timedelta(days=4000))
    assert_insufficient_at_least(screen(exposed(told), START))
    listed = known_facts(medications=[{"rxcui": code}])
    assert screen(listed, START).verdict is Verdict.INSUFFICIENT


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

    def dst(self, moment: datetime | None) -> timedelta:
        return self.utcoffset(moment) - timedelta(hours=1)

    def tzname(self, moment: datetime | None) -> str:
        return f"UTC+{self.utcoffset(moment).seconds // 3600}"


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


# --- properties -----------------------------------------------------------------------------

FORMS = {name: tuple(sorted({row["release"] for row in rows})) for name, rows in DENOTED.items()}
moments = st.one_of(st.integers(-3, 20), st.integers(360, 370), st.integers(-400, 4000))


@st.composite
def named_exposures(draw: st.DrawFn, start: date, dates_only: bool = False) -> OpioidExposure:
    """Anything in the table, in a form that it comes in, at any time around the start."""
    name = draw(st.sampled_from(sorted(DENOTED)))
    fitting = RELEASES if FORMS[name] in {("any",), ("unknown",)} else (*FORMS[name], "unknown")
    day = start - timedelta(days=draw(moments))
    at = datetime(day.year, day.month, day.day, tzinfo=timezone(timedelta(hours=1)))
    last: list[Any] = [day]
    if not dates_only:
        last += [f"{day:%Y-%m}", "unknown", at + timedelta(minutes=draw(st.integers(0, DAY - 1)))]
    return OpioidExposure.model_validate(
        {
            **named(name),
            "release": draw(st.sampled_from(fitting)),
            "last_taken": draw(st.sampled_from(last)),
            "ongoing": draw(st.sampled_from([False, False, False, True])),
        }
    )


def any_exposure(start: date) -> st.SearchStrategy[OpioidExposure]:
    """Those above, those of the library's own strategy, and names that nobody knows."""
    names = st.sampled_from(sorted(name for name in DENOTED if not name.isdigit()))
    return named_exposures(start) | shipped_exposures(start, names) | shipped_exposures(start)


ANSWERS: dict[str, list[Any]] = {
    "assessed_on": [None],
    "assessed_by": [None],
    "opioid_dependence": ["yes", "unknown"],
    "acute_withdrawal": ["yes", "unknown"],
    "naltrexone_hypersensitivity": ["yes"],
    "other_naltrexone": ["yes", "unknown"],
    "age_years": [17, 18, None],
    "pregnant": ["yes", "unknown"],
    "breastfeeding": ["yes"],
    "liver_disease": ["yes", "compensated", "acute_or_decompensated", "unknown"],
    "kidney_impairment": ["yes", "mild", "severe"],
    "suicidal_ideation": ["yes", "unknown"],
    "medications": [
        ["loperamide"],
        ["codeine"],
        ["zzyzx"],
        ["aspirin", "levothyroxine", "venlafaxine"],
        ["naloxone", "ipratropium"],
        None,
    ],
    "unrecognised_medicines_checked": ["yes"],
    "opioid_in_use": ["yes", "no"],
    "alcohol": ["yes", "no"],
    "liver_enzymes": ["0.9", "3", "4.9"],
    "conditions": [["asthma"], ["type 2 diabetes", "pregnancy"], ["cirrhosis"], None],
    "earlier_naltrexone": [{"last_taken": START - timedelta(days=9), "dose": "3 mg"}],
    "urine_opioid_screen": [OpioidTest(result="negative", on=START)],
    "naloxone_challenge": [OpioidTest(result="negative", on=START)],
    "planned_opioid": [[PlannedOpioid(on=START + timedelta(days=9), reason="surgery")]],
    "lactose_intolerance": ["yes"],
}


@st.composite
def patients(draw: st.DrawFn, exposures: st.SearchStrategy[OpioidExposure]) -> PatientFacts:
    """Somebody with up to three exposures, of whom up to two other answers stand out."""
    told = draw(st.lists(exposures, max_size=3))
    changed = draw(st.lists(st.sampled_from(sorted(ANSWERS)), max_size=2, unique=True))
    facts = {name: draw(st.sampled_from(ANSWERS[name])) for name in changed}
    return exposed(*told, **facts) if told else known_facts(**facts)


around = patients(any_exposure(START))


def with_exposures(patient: PatientFacts, told: Iterable[OpioidExposure]) -> PatientFacts:
    history = OpioidHistory(status="known", exposures=tuple(told))
    return PatientFacts(**{**dict(patient), "opioids": history})


def assert_no_better(before: Screening, after: Screening) -> None:
    """What did not clear does not clear now, and no override is offered that was not there."""
    if not before.verdict.clears:
        assert not after.verdict.clears
        assert overridable(before) or not overridable(after)


@given(around)
@example(exposed(told_exactly(DEPOT, "2026-01-01"), told_exactly(BY_ID["methadone"], "2026-11-01")))
def test_no_interval_stands_on_the_day_not_before_and_one_does_the_day_before(
    patient: PatientFacts,
) -> None:
    """Contract 4: the first start on which no finding about an interval, above caution, remains."""
    day = screen(patient, START).not_before
    if day is not None:
        assert not blocks(patient, day)
        assert blocks(patient, day - timedelta(days=1))


@given(around, any_exposure(START), st.sampled_from(sorted(DENOTED)) | lines())
def test_one_exposure_or_medicine_more_is_never_safer(
    patient: PatientFacts, more: OpioidExposure, medicine: str
) -> None:
    """P35: adding an exposure never turns a verdict that does not clear into one that does."""
    before = screen(patient, START)
    told = with_exposures(patient, (*patient.opioids.exposures, more))
    assert_no_better(before, screen(told, START))
    if patient.medications is not None:
        listed = Medication.model_validate({"name": medicine})
        medicines = (*patient.medications, listed)
        known = PatientFacts(**{**dict(patient), "medications": medicines})
        assert_no_better(before, screen(known, START))


def coarser(last: Any) -> Iterator[Any]:
    """The same last dose, known less exactly."""
    if isinstance(last, datetime):
        yield last.date()
    if isinstance(last, date):
        yield f"{last:%Y-%m}"
    yield "unknown"


@pytest.mark.hazard("W05")
@given(around, st.sampled_from(["2027-01-04", "2027-01-04T00:00+01:00", "2027-01-04T23:59+01:00"]))
def test_a_coarser_date_is_never_safer(patient: PatientFacts, start: str) -> None:
    """P36, W05: coarsening a date never turns a verdict that does not clear into one that does."""
    before = screen(patient, start)
    told = patient.opioids.exposures
    for place, exposure in enumerate(told):
        for last in coarser(exposure.last_taken):
            vague = OpioidExposure(**{**dict(exposure), "last_taken": last})
            changed = with_exposures(patient, (*told[:place], vague, *told[place + 1 :]))
            assert_no_better(before, screen(changed, start))


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


@given(around)
def test_a_fact_less_is_never_safer(patient: PatientFacts) -> None:
    """P37: removing information never turns a verdict that does not clear into one that does,
    unless what is removed was itself an exposure."""
    if patient.opioid_in_use == "yes":
        patient = patient.model_copy(update={"opioid_in_use": "no"})
    before = screen(patient, START)
    for name, field in PatientFacts.model_fields.items():
        forgotten = PatientFacts(**{**dict(patient), name: field.default})
        assert_no_better(before, screen(forgotten, START))
    told = patient.opioids.exposures
    for place, exposure in enumerate(told):
        fitting = FORMS.get(exposure.label.removeprefix("RxCUI ").lower(), ())
        if exposure.release in fitting or "any" in fitting:
            vague = OpioidExposure(**{**dict(exposure), "release": "unknown"})
            changed = with_exposures(patient, (*told[:place], vague, *told[place + 1 :]))
            assert_no_better(before, screen(changed, START))


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


@given(around, st.integers(1, 500) | st.integers(1, 15))
def test_a_later_start_is_never_worse(patient: PatientFacts, days: int) -> None:
    """P34: monotone in time since exposure; an opioid that is still to come is another matter,
    and so is the time since naltrexone."""
    patient = patient.model_copy(update={"planned_opioid": (), "earlier_naltrexone": None})
    later = START + timedelta(days=days)
    assert screen(patient, later).verdict <= screen(patient, START).verdict


def counted(screening: Screening) -> tuple[object, ...]:
    """What a screening says, whatever the order."""
    return screening.verdict, screening.not_before, screening.missing, Counter(said(screening))


@given(around, st.randoms(use_true_random=False))
def test_the_order_of_exposures_and_medicines_is_irrelevant(
    patient: PatientFacts, rng: Any
) -> None:
    """P38: in any order they say the same."""
    told, medicines = list(patient.opioids.exposures), list(patient.medications or ())
    rng.shuffle(told)
    rng.shuffle(medicines)
    changed = with_exposures(patient, told) if told else patient
    if patient.medications is not None:
        changed = PatientFacts(**{**dict(changed), "medications": tuple(medicines)})
    assert counted(screen(changed, START)) == counted(screen(patient, START))


@given(around)
def test_what_is_told_twice_counts_once(patient: PatientFacts) -> None:
    """P39: duplicates are irrelevant."""
    told = patient.opioids.exposures
    twice = with_exposures(patient, told * 2) if told else patient
    if patient.medications is not None:
        twice = PatientFacts(**{**dict(twice), "medications": patient.medications * 2})
    once, again = screen(patient, START), screen(twice, START)
    assert (again.verdict, again.not_before) == (once.verdict, once.not_before)
    assert set(said(again)) == set(said(once))


@given(st.lists(any_exposure(START), min_size=1, max_size=4))
def test_the_verdict_of_a_set_is_the_worst_of_its_members(told: list[OpioidExposure]) -> None:
    """P40: exposures neither hide nor strengthen one another."""
    alone = [screen(exposed(exposure), START).verdict for exposure in told]
    assert screen(exposed(*told), START).verdict is max(alone)


@pytest.mark.hazard("W06")
@given(around, st.sampled_from([*COUNTED, DEPOT]), st.data(), start_dates())
def test_an_opioid_that_is_taken_now_stops_every_start(
    patient: PatientFacts, row: Row, data: st.DataObject, start: date
) -> None:
    """P43, W06: an active exposure blocks for every start date, whatever its date says."""
    way = data.draw(st.sampled_from(list(ways(row))))
    last = data.draw(st.dates() | st.just("unknown"))
    now = OpioidExposure.model_validate({**way, "last_taken": last, "ongoing": True})
    screening = screen(with_exposures(patient, (*patient.opioids.exposures, now)), start)
    assert screening.verdict is Verdict.STOP
    assert screening.not_before is None


@given(
    st.lists(named_exposures(START, dates_only=True), max_size=3),
    st.dates(START - timedelta(days=20), START + timedelta(days=20)),
    st.integers(-9000, 9000),
)
def test_shifting_every_date_shifts_the_answer(
    told: list[OpioidExposure], planned: date, days: int
) -> None:
    """P44: shifting all dates by k days keeps the verdict."""
    shift = timedelta(days=days)

    def screened(by: timedelta) -> Screening:
        moved = [
            OpioidExposure(**{**dict(exposure), "last_taken": exposure.last_taken + by})  # type: ignore[operator]
            for exposure in told
        ]
        facts: dict[str, Any] = {
            "assessed_on": START + by,
            "planned_opioid": [PlannedOpioid(on=planned + by, reason="surgery")],
            "urine_opioid_screen": OpioidTest(result="negative", on=START + by),
        }
        patient = exposed(*moved, **facts) if moved else known_facts(**facts)
        return screen(patient, START + by)

    here, there = screened(timedelta()), screened(shift)
    first = here.not_before
    assert there.verdict is here.verdict
    assert there.not_before == (None if first is None else first + shift)
    assert said(there) == [
        (code, severity, None if on is None else on + shift) for code, severity, on in said(here)
    ]


@given(st.data(), named_exposures(START))
def test_another_name_or_spelling_of_a_substance_says_the_same(
    data: st.DataObject, told: OpioidExposure
) -> None:
    """P45: renaming a drug to a synonym keeps the verdict."""
    key = told.label.removeprefix("RxCUI ").lower()
    others = [name for name, rows in DENOTED.items() if rows == DENOTED[key]]
    other = data.draw(st.sampled_from(others))
    if not other.isdigit():
        spelt = data.draw(st.sampled_from([str.upper, str.title, str.casefold]))(other)
        other = spelt.replace(" ", "  ").replace("/", data.draw(st.sampled_from(["/", " / "])))
    facts = {**dict(told), "substance": None, "rxcui": None, **named(other)}
    assert said(screen(exposed(OpioidExposure(**facts)), START)) == said(
        screen(exposed(told), START)
    )


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


@pytest.mark.hazard("W08")
@given(around, st.sampled_from(["negative", "positive", "pending"]))
def test_no_result_of_a_test_betters_a_verdict(patient: PatientFacts, result: Any) -> None:
    """W08: screens and challenges only worsen or support, never clear."""
    bare = PatientFacts(
        **{**dict(patient), "urine_opioid_screen": None, "naloxone_challenge": None}
    )
    test = OpioidTest(result=result, on=START - timedelta(days=1))
    tested = PatientFacts(**{**dict(bare), "urine_opioid_screen": test, "naloxone_challenge": test})
    before, after = screen(bare, START), screen(tested, START)
    assert after.verdict >= before.verdict
    assert after.not_before == before.not_before
    assert overridable(before) or not overridable(after)
    if result == "positive":
        assert after.verdict is Verdict.STOP
