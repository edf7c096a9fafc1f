"""The opioid-free interval as one truth table, against the oracle of contract section 5.

The properties over any patient are in ``properties/test_intervals.py``.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, NamedTuple

import pytest

from interval_oracle import KINDS, NOBODY_KNOWS, RELEASES, WORSE, Told, owed, patient_of, worst
from ldn_titration import screen
from ldn_titration.testing import known_facts

START = date(2027, 1, 4)
URINE, CHALLENGE = "urine_opioid_screen", "naloxone_challenge"
TESTS: dict[str, dict[str, str]] = {
    "none": {},
    "negative urine": {URINE: "negative"},
    "positive urine": {URINE: "positive"},
    "negative challenge": {CHALLENGE: "negative"},
    "positive challenge": {CHALLENGE: "positive"},
    "both negative": {URINE: "negative", CHALLENGE: "negative"},
}


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
        done = {
            test: {"result": result, "on": self.start} for test, result in TESTS[self.tests].items()
        }
        patient = patient_of(self.told, on=self.start, **done)
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


@pytest.mark.parametrize("name", ["q morphine q", "qq (oxycodone) 5 mg", NOBODY_KNOWS])
def test_a_check_does_not_clear_a_name_that_holds_an_opioid(name: str) -> None:
    """Decision 0004: it stays insufficient, whoever checked the list."""
    facts = {"medications": [name], "unrecognised_medicines_checked": "yes"}
    assert screen(known_facts(**facts), START).verdict.clears is (name == NOBODY_KNOWS)
