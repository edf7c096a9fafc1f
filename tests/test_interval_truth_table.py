"""The opioid-free interval as one truth table, worked out here from contract section 5 alone.

The figures are transcribed by hand, so that a wrong figure in the package fails too. Where the
contract is silent, docs/explanation/days.md and docs/decisions/0004 are followed.
"""

from __future__ import annotations

import calendar
import itertools
from collections import Counter
from collections.abc import Collection, Iterator
from datetime import date, timedelta
from functools import cache
from typing import Any, NamedTuple

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ldn_titration import OpioidExposure, PatientFacts, Screening, screen
from ldn_titration.patient import REQUIRED
from ldn_titration.testing import known_facts

RELEASES = ("immediate", "extended", "transdermal", "depot", "unknown")
WORSE = ("clear", "caution", "insufficient", "hold", "stop")
NOBODY_KNOWS = "qqzyl"
START = date(2027, 1, 4)

# For each name, by the release stated: the window in opioid-free days, `min-max`, or `365` for
# the depot. "or": the form is not settled, and each of these may apply.
BOTH = "7-10 or 10-14"
ANY = "10-14 or 365"
KINDS: dict[str, tuple[str, ...]] = {
    "oxycodone": ("7-10", "10-14", BOTH, BOTH, BOTH),  # short full agonist, a bare substance
    "OxyContin": (BOTH, "10-14", BOTH, BOTH, "10-14"),  # long full agonist, a brand
    "methadone": ("10-14",) * 5,
    "nalbuphine": ("7-10", *["7-10 or 7-10"] * 4),  # mixed, listed in one form only
    "kratom": ("7-10",) * 5,  # partial
    "buprenorphine": ("10-14", "365", "10-14", "365", ANY),  # transmucosal, and all its forms
    "Sublocade": (ANY, "365", ANY, "365", "365"),  # the depot, a brand
    "diphenoxylate": ("7-10",) * 5,  # peripheral, counted
    "loperamide": ("0-10",) * 5,  # peripheral, from 0
    "difelikefalin": ("0-0",) * 5,
    NOBODY_KNOWS: ("7-10 or 365",) * 5,
}
URINE, CHALLENGE = "urine_opioid_screen", "naloxone_challenge"
TESTS: dict[str, dict[str, str]] = {
    "none": {},
    "negative urine": {URINE: "negative"},
    "positive urine": {URINE: "positive"},
    "negative challenge": {CHALLENGE: "negative"},
    "positive challenge": {CHALLENGE: "positive"},
    "both negative": {URINE: "negative", CHALLENGE: "negative"},
}


class Told(NamedTuple):
    """One exposure. `date time` stands for noon UTC of that day, written with an offset."""

    name: str
    release: str
    last: date
    precision: str = "date"
    ongoing: bool = False

    @property
    def cell(self) -> str:
        """The window, or the windows that may apply."""
        return KINDS[self.name][RELEASES.index(self.release)]

    def exposure(self, name: str | None = None) -> OpioidExposure:
        """The same for the library, perhaps by another name or a code."""
        called = name or self.name
        text = {"date": "%Y-%m-%d", "date time": "%Y-%m-%dT08:00-04:00", "month": "%Y-%m"}
        last = self.last.strftime(text.get(self.precision, "unknown"))
        told = {"release": self.release, "last_taken": last, "ongoing": self.ongoing}
        key = "rxcui" if called.isdigit() else "substance"
        return OpioidExposure.model_validate({key: called, **told})


# --- the oracle -----------------------------------------------------------------------------


def worst(*verdicts: str) -> str:
    return max(("clear", *verdicts), key=WORSE.index)


def within(window: str, days: int, free: int, ongoing: bool) -> str:
    """Contract 5, a line each: what one window says, `days` after the last dose."""
    now = ongoing or days <= 0
    if window == "365":
        return "stop" if now else "hold" if days <= 365 else "clear"
    least, most = map(int, window.split("-"))
    if least == 0:
        return "caution" if ongoing or free < most else "clear"
    return "stop" if now or free < least else "hold" if free < most else "clear"


@cache
def owed(told: Told, start: date) -> str:
    """What one exposure says: by its latest possible day, and by every window that may apply."""
    if told.precision == "unknown" and not told.ongoing:
        return "insufficient"
    last = told.last
    if told.precision == "month":
        last = last.replace(day=calendar.monthrange(last.year, last.month)[1])
    days = (start - last).days
    free = days if told.precision == "date time" else days - 1
    windows = told.cell.split(" or ")
    said = {within(window, days, free, told.ongoing) for window in windows}
    return said.pop() if len(windows) == 1 or said == {"stop"} else "insufficient"


def patient_of(*told: Told, tests: str = "none", on: date = START, **facts: Any) -> PatientFacts:
    """Somebody of whom all else is known and clear."""
    done = {test: {"result": result, "on": on} for test, result in TESTS[tests].items()}
    history = took(*(one.exposure() for one in told))
    return known_facts(**{"opioids": history, "assessed_on": on, **done, **facts})


def took(*exposures: OpioidExposure) -> dict[str, Any]:
    return {"status": "known", "exposures": exposures} if exposures else {"status": "none"}


# --- the table ------------------------------------------------------------------------------


class Case(NamedTuple):
    """One combination: a start so many calendar days after the last dose."""

    told: Told
    days: int
    tests: str = "none"

    @property
    def start(self) -> date:
        return self.told.last + timedelta(days=self.days)

    @property
    def expected(self) -> str:
        return worst(owed(self.told, self.start), "stop" if "positive" in self.tests else "clear")

    @property
    def found(self) -> str:
        patient = patient_of(self.told, tests=self.tests, on=self.start)
        hour = "T13:00+01:00" if self.told.precision == "date time" else ""
        return str(screen(patient, f"{self.start}{hour}").verdict)


LAST = date(2026, 12, 31)  # the last day of its month, so that a month loses nothing


def days_of(name: str, precision: str) -> list[int]:
    """S - L: with dates F is one less, with times as many; every boundary from both sides."""
    windows = {window for cell in KINDS[name] for window in cell.split(" or ")}
    ends = {int(end) for window in windows - {"365"} for end in window.split("-")}
    if precision == "unknown":
        return [0]
    steps = {"date": (-1, 0, 1, 2), "date time": (-1, 0), "month": (0, 1)}[precision]
    days = {0, *(end + step for end in ends for step in steps)}
    days |= {-1, 1, 366} if precision == "date" else set()
    return sorted(days | ({1, 364, 365, 366, 367} if "365" in windows else set()))


def cases_of(name: str) -> Iterator[Case]:
    for precision in ("date", "date time", "month", "unknown"):
        days = days_of(name, precision)
        tests = list(TESTS) if precision == "date" else ["none", "positive urine", "both negative"]
        for row in itertools.product(RELEASES, days, (False, True), tests):
            yield Case(Told(name, row[0], LAST, precision, row[2]), row[1], row[3])


@pytest.mark.hazard("W07")
@pytest.mark.parametrize("name", KINDS)
def test_every_combination_has_the_verdict_of_the_contract(name: str) -> None:
    wrong = [case for case in cases_of(name) if case.found != case.expected]
    told = "\n".join(f"{case}: {case.found}, not {case.expected}" for case in wrong[:5])
    assert not wrong, f"{len(wrong)} combinations are wrong:\n{told}"


def test_the_table_is_whole() -> None:
    """It meets each verdict, and each day on which a verdict turns, from both sides."""
    cases = {case for name in KINDS for case in cases_of(name)}
    assert len(cases) > 12_000
    assert {case.expected for case in cases} == set(WORSE)
    before = {case: case._replace(days=case.days - 1) for case in cases if case.days > 0}
    exact = [case for case in before if case.told.precision == "date"]
    turns = [case for case in exact if case.expected != before[case].expected]
    assert len(turns) > 300
    assert all(before[case] in cases for case in turns)


# --- every condition alone ------------------------------------------------------------------

SHORT, LONG = Told("oxycodone", "immediate", LAST), Told("OxyContin", "extended", LAST)
GUT, DEPOT = Told("loperamide", "unknown", LAST), Told("Sublocade", "depot", LAST)
METHADONE = Told("methadone", "unknown", LAST)
MIDDLE = SHORT._replace(last=date(2026, 12, 20))  # 14 opioid-free days; by its month only 3

FLIPS: list[tuple[Case, str, Any, str, str]] = [
    (Case(SHORT, 11), "ongoing", True, "clear", "stop"),
    (Case(GUT, 11), "ongoing", True, "clear", "caution"),
    (Case(SHORT._replace(precision="unknown"), 11), "ongoing", True, "insufficient", "stop"),
    (Case(SHORT, 7), "days", 8, "stop", "hold"),
    (Case(SHORT, 10), "days", 11, "hold", "clear"),
    (Case(DEPOT, 0), "days", 1, "stop", "hold"),
    (Case(DEPOT, 365), "days", 366, "hold", "clear"),
    (Case(GUT, 10), "days", 11, "caution", "clear"),
    (Case(GUT._replace(name=NOBODY_KNOWS), 0), "days", 1, "stop", "insufficient"),
    (Case(SHORT, 11), "release", "extended", "clear", "hold"),
    (Case(SHORT, 400), "release", "unknown", "clear", "insufficient"),
    (Case(LONG, 11), "release", "immediate", "hold", "insufficient"),
    (Case(Told("buprenorphine", "immediate", LAST), 15), "release", "extended", "clear", "hold"),
    (Case(MIDDLE, 15), "precision", "month", "clear", "stop"),
    (Case(MIDDLE, 15), "precision", "unknown", "clear", "insufficient"),
    (Case(SHORT, 10), "precision", "date time", "hold", "clear"),
    (Case(SHORT, 11, "negative urine"), "tests", "positive urine", "clear", "stop"),
    (Case(SHORT, 11), "tests", "positive challenge", "clear", "stop"),
    (Case(SHORT, 10, "both negative"), "tests", "positive challenge", "hold", "stop"),
    (Case(METHADONE, 11), "name", "kratom", "hold", "clear"),
    (Case(METHADONE, 20), "name", "Sublocade", "clear", "hold"),
    (Case(GUT, 5), "name", "diphenoxylate", "caution", "stop"),
    (Case(SHORT, 11), "name", "OxyContin", "clear", "insufficient"),
    (Case(SHORT._replace(release="extended"), 15), "name", "nalbuphine", "clear", "insufficient"),
]


@pytest.mark.parametrize(("case", "field", "value", "before", "after"), FLIPS)
def test_each_condition_alone_flips_a_verdict(
    case: Case, field: str, value: Any, before: str, after: str
) -> None:
    alone = {field: value}
    inner = {"told": case.told._replace(**alone)} if field in Told._fields else alone
    changed = case._replace(**inner)
    assert before != after
    assert (case.found, changed.found) == (before, after) == (case.expected, changed.expected)


# --- properties -----------------------------------------------------------------------------

FACTS: dict[tuple[str, str], str] = {
    ("breastfeeding", "yes"): "caution",
    ("pregnant", "yes"): "hold",
    ("opioid_dependence", "yes"): "stop",
    ("acute_withdrawal", "unknown"): "insufficient",
}
DAYS = (-400, *range(-3, 20), 45, *range(360, 370), 4000)
tolds = st.sampled_from(
    [
        Told(name, release, START - timedelta(days=count), precision, ongoing)
        for name, release, count in itertools.product(KINDS, RELEASES, DAYS)
        for precision in ("date", "month", "unknown")
        for ongoing in (False, False, False, True)
    ]
)
Tolds, Changed = tuple[Told, ...], tuple[tuple[str, Any], ...]
facts = st.sampled_from([(), (), *((fact,) for fact in FACTS)])
thousand = settings(max_examples=1000, deadline=None)


def offers_override(screening: Screening) -> bool:
    """A hold may be overridden, but not while something is unknown."""
    said = {str(finding.severity) for finding in screening.findings}
    return str(screening.verdict) == "hold" and "insufficient" not in said


def screened(told: Collection[Told], changed: Changed) -> Screening:
    """The screening, after the verdict of the oracle was found in it."""
    parts = [*(owed(one, START) for one in told), *(FACTS[fact] for fact in changed)]
    screening = screen(patient_of(*told, **dict(changed)), START)
    assert str(screening.verdict) == worst(*parts)
    assert offers_override(screening) is (worst(*parts) == "hold" and "insufficient" not in parts)
    return screening


def assert_never_better(before: Screening, after: Screening) -> None:
    if not before.verdict.clears:
        assert not after.verdict.clears
        assert offers_override(before) or not offers_override(after)


@given(st.tuples(tolds, tolds), facts, tolds)
@example((), (), SHORT)
@example((SHORT._replace(last=date(2026, 12, 26)),), (), METHADONE)
@thousand
def test_an_exposure_more_is_never_better(told: Tolds, changed: Changed, more: Told) -> None:
    before, after = screened(told, changed), screened((more, *told), changed)
    assert_never_better(before, after)
    assert worst(str(before.verdict), str(after.verdict)) == str(after.verdict)


@given(tolds, tolds, facts, st.sampled_from(["date month", "month unknown", "date unknown"]))
@example(MIDDLE, MIDDLE._replace(last=date(2026, 1, 1)), (), "date month")
@thousand
def test_a_vaguer_date_is_never_better(one: Told, other: Told, changed: Changed, to: str) -> None:
    """Dates only: for times with offsets see docs/explanation/days.md."""
    exact, vague = (
        screened((one._replace(precision=precision), other), changed) for precision in to.split()
    )
    assert_never_better(exact, vague)
    if to == "date month":
        assert worst(str(exact.verdict), str(vague.verdict)) == str(vague.verdict)


@given(tolds, tolds, facts, st.sampled_from(["precision", "release"]))
@example(SHORT, GUT, (), "release")
@thousand
def test_less_known_is_never_better(one: Told, other: Told, changed: Changed, field: str) -> None:
    less = one._replace(**{field: "unknown"})
    before, after = screened((one, other), changed), screened((less, other), changed)
    # A form that contradicts a brand unsettles it; left out, the brand settles it again.
    if " or " not in one.cell or " or " in less.cell:
        assert_never_better(before, after)


@given(tolds, facts, st.sampled_from(REQUIRED))
@example(SHORT._replace(last=date(2026, 1, 1)), (), "medications")
@thousand
def test_a_required_fact_less_never_clears(told: Told, changed: Changed, fact: str) -> None:
    nothing = ("assessed_on", "assessed_by", "age_years", "medications", "conditions")
    unknown = {"opioids": {"status": "unknown"}}.get(fact, None if fact in nothing else "unknown")
    forgotten = screen(patient_of(told, **{**dict(changed), fact: unknown}), START)
    parts = [FACTS[other] for other in changed if other[0] != fact]
    parts += [] if fact == "opioids" else [owed(told, START)]
    assert str(forgotten.verdict) == worst("insufficient", *parts)
    assert fact in forgotten.missing
    assert not offers_override(forgotten)


SYNONYMS = [
    ("immediate", "7-10", "oxycodone", "Percocet", "Roxicodone", "oxycodone hydrochloride", "7804"),
    ("extended", "10-14", "oxycodone", "OxyContin", "Xtampza", "oxycodone hydrochloride", "7804"),
    ("immediate", "7-10", "codeine", "co-codamol", "paracetamol/codeine", "Tylenol with Codeine"),
    ("transdermal", "10-14", "fentanyl", "Duragesic", "fentanyl patch", "Matrifen", "4337"),
    ("extended", "10-14", "methadone", "Dolophine", "amidone", "methadone hydrochloride", "6813"),
    ("unknown", "7-10", "kratom", "mitragynine", "ketum", "Mitragyna speciosa"),
    ("immediate", "10-14", "buprenorphine", "Suboxone", "Subutex", "buprenorphine/naloxone"),
    ("depot", "365", "buprenorphine", "Sublocade", "Brixadi", "buprenorphine implant", "1819"),
    ("unknown", "0-10", "loperamide", "Imodium", "loperamide hydrochloride", "6468"),
    ("unknown", "0-0", "difelikefalin", "Korsuva", "2569089"),
]


@given(st.sampled_from(SYNONYMS), st.integers(0, 99), tolds)
@example(SYNONYMS[0], 1, SHORT)
@thousand
def test_another_name_says_the_same(synonyms: tuple[str, ...], pick: int, told: Told) -> None:
    release, window, *names = synonyms
    told = told._replace(release=release, precision="date")
    days = (START - told.last).days
    expected = within(window, days, days - 1, told.ongoing)
    spelt = (str, str.upper, str.lower, str.title)[pick % 4](names[pick // 4 % len(names)])
    taken = known_facts(opioids=took(told.exposure(spelt)))
    assert str(screen(taken, START).verdict) == expected


# No name in the table begins or ends with q but Qdolo, and no RxNorm code has 8 digits.
shown = st.characters(exclude_categories=["Cc", "Cf", "Cs", "Zl", "Zp", "Zs"])
strange = st.text(shown, max_size=30).map("q{}q".format)
near = st.builds(str.format, st.sampled_from(["q{}", "{}q"]), st.sampled_from(sorted(KINDS)))
codes = st.integers(10_000_000, 99_999_999).map(str)


@given(strange | near | codes, tolds, st.sampled_from(["yes", "no", "unknown"]))
@example("qmorphine", SHORT._replace(last=START - timedelta(days=400)), "yes")
@thousand
def test_what_nobody_knows_is_never_clear(name: str, told: Told, checked: str) -> None:
    facts: dict[str, Any] = {"unrecognised_medicines_checked": checked}
    taken = screen(known_facts(opioids=took(told.exposure(name)), **facts), START)
    assert str(taken.verdict) == owed(told._replace(name=NOBODY_KNOWS), START)
    assert not taken.verdict.clears
    assert not offers_override(taken)
    facts["medications"] = [{"rxcui": name} if name.isdigit() else name]
    listed = str(screen(patient_of(told, **facts), START).verdict)
    assert listed == worst("caution" if checked == "yes" else "insufficient", owed(told, START))


@pytest.mark.parametrize("name", ["q morphine q", "qq (oxycodone) 5 mg", NOBODY_KNOWS])
def test_a_check_does_not_clear_a_name_that_holds_an_opioid(name: str) -> None:
    """Decision 0004: it stays insufficient, whoever checked the list."""
    facts = {"medications": [name], "unrecognised_medicines_checked": "yes"}
    assert screen(known_facts(**facts), START).verdict.clears is (name == NOBODY_KNOWS)


@given(st.tuples(tolds, tolds, tolds), facts, st.permutations(range(3)), st.booleans())
@example((MIDDLE, LONG, MIDDLE), (), [2, 1, 0], True)
@thousand
def test_order_and_duplicates_are_irrelevant(
    told: Tolds, changed: Changed, order: Any, twice: bool
) -> None:
    once = screened(told, changed)
    again = screened([told[place] for place in order * (1 + twice)], changed)
    assert (again.verdict, again.not_before) == (once.verdict, once.not_before)
    counted, recounted = (
        Counter((f.code, f.severity, f.clears_on) for f in screening.findings)
        for screening in (once, again)
    )
    assert set(recounted) == set(counted)
    assert twice or recounted == counted
