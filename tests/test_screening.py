"""Screening: every rule but the intervals, what is missing, the doses, and the verdict."""

from __future__ import annotations

import csv
import itertools
import re
from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone
from fractions import Fraction
from importlib.resources import files
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ldn_titration import (
    Drops,
    Finding,
    InvalidInputError,
    LdnTitrationError,
    Mass,
    OpioidExposure,
    OpioidHistory,
    PatientFacts,
    PlannedOpioid,
    Regimen,
    Screening,
    Severity,
    TitrationStep,
    Verdict,
    screen,
)
from ldn_titration.knowledge import knowledge
from ldn_titration.rules import RULES
from ldn_titration.rules.case import Case, Rule
from ldn_titration.testing import exposures, known_facts

START = date(2027, 1, 4)
REQUIRED = (
    "assessed_on",
    "assessed_by",
    "opioids",
    "opioid_dependence",
    "acute_withdrawal",
    "naltrexone_hypersensitivity",
    "other_naltrexone",
    "age_years",
    "pregnant",
    "breastfeeding",
    "liver_disease",
    "kidney_impairment",
    "suicidal_ideation",
    "medications",
    "conditions",
)


def table(name: str) -> list[dict[str, str]]:
    """One table of the knowledge base, read without the library."""
    text = (files("ldn_titration.knowledge") / f"{name}.csv").read_text("utf-8")
    return list(csv.DictReader(text.splitlines()))


def said(screening: Screening) -> list[tuple[str, str]]:
    return [(finding.code, str(finding.severity)) for finding in screening.findings]


def said_of_doses(screening: Screening) -> list[str]:
    """The severities of DOS-01, whatever is told of the pace beside it."""
    return [severity for code, severity in said(screening) if code == "DOS-01"]


# --- all known, or something missing --------------------------------------------------------


def test_an_adult_of_whom_all_was_asked_and_nothing_found_is_clear() -> None:
    screening = screen(known_facts(), START)
    assert screening.verdict is Verdict.CLEAR
    assert (screening.findings, screening.missing, screening.not_before) == ((), (), None)
    assert screening.start == START


def test_nobody_asked_is_insufficient_and_every_required_fact_is_named() -> None:
    """W01: missing history never reads as safe."""
    screening = screen(PatientFacts(), START)
    assert screening.verdict is Verdict.INSUFFICIENT
    assert screening.missing == REQUIRED
    assert said(screening) == [("FACT-01", "insufficient")] * 15


@pytest.mark.hazard("W01")
@pytest.mark.parametrize("name", REQUIRED)
def test_each_required_fact_is_missed_alone(name: str) -> None:
    """W01: a fact that is absent or said to be unknown is insufficient, and named."""
    known = {n: value for n, value in known_facts() if n in REQUIRED and n != name}
    unknown: Any = {"opioids": OpioidHistory(status="unknown")}.get(name, "unknown")
    if name in {"assessed_on", "assessed_by", "age_years", "medications", "conditions"}:
        unknown = None
    for facts in (PatientFacts(**known), PatientFacts(**known, **{name: unknown})):
        screening = screen(facts, START)
        assert screening.verdict is Verdict.INSUFFICIENT
        assert screening.missing == (name,)
        (finding,) = screening.findings
        assert (finding.code, finding.severity) == ("FACT-01", Severity.INSUFFICIENT)
        assert name in finding.message
        assert name in finding.action


# --- every rule, alone ----------------------------------------------------------------------


class Canary(NamedTuple):
    """A patient in whom one thing stands out, and exactly what is to be said of it."""

    what: str
    facts: dict[str, Any]
    says: list[tuple[str, str]]
    regimen: Regimen | None = None


def known(*told: dict[str, Any]) -> dict[str, Any]:
    """The facts of somebody who took these opioids."""
    return {"opioids": {"status": "known", "exposures": list(told)}}


def dated(name: str, days: int, release: str = "unknown", **more: Any) -> dict[str, Any]:
    last = START - timedelta(days=days)
    return {"substance": name, "release": release, "last_taken": last, **more}


LOFEXIDINE = [("OPI-07", "insufficient"), ("INT-02", "caution")]
CANARIES = [
    Canary("an opioid taken now", known(dated("kratom", 9, ongoing=True)), [("OPI-01", "stop")]),
    Canary("an opioid on the start", known(dated("tramadol", 0)), [("OPI-01", "stop")]),
    Canary("6 of 7 days", known(dated("kratom", 7)), [("OPI-02", "stop")]),
    Canary("7 of 10 days", known(dated("kratom", 8)), [("OPI-03", "hold")]),
    Canary("10 of 10 days", known(dated("kratom", 11)), []),
    Canary("a depot", known(dated("Brixadi", 300, "depot")), [("OPI-04", "hold")]),
    Canary("no date", known({"substance": "methadone"}), [("OPI-05", "insufficient")]),
    Canary(
        "a positive screen",
        {"urine_opioid_screen": {"result": "positive", "on": START}},
        [("OPI-06", "stop")],
    ),
    Canary(
        "a pending challenge",
        {"naloxone_challenge": {"result": "pending", "on": START}},
        [("OPI-06", "insufficient")],
    ),
    Canary(
        "a negative screen",
        {"urine_opioid_screen": {"result": "negative", "on": START}},
        [("TST-01", "info")],
    ),
    Canary(
        "a negative challenge",
        {"naloxone_challenge": {"result": "negative", "on": START}},
        [("TST-01", "info")],
    ),
    Canary("a rescue kit", {"medications": ["Narcan"]}, [("OPI-07", "insufficient")]),
    Canary("loperamide", {"medications": ["Imodium"]}, [("OPI-08", "caution")]),
    Canary("dependence", {"opioid_dependence": "yes"}, [("OPI-06", "stop")]),
    Canary("withdrawal", {"acute_withdrawal": "yes"}, [("OPI-06", "stop")]),
    Canary("allergy", {"naltrexone_hypersensitivity": "yes"}, [("HYP-01", "stop")]),
    Canary("other naltrexone", {"other_naltrexone": "yes"}, [("DUP-01", "stop")]),
    Canary("naltrexone listed", {"medications": ["Vivitrol"]}, [("DUP-01", "stop")]),
    Canary("naltrexone before", known(dated("LDN", 30)), [("DUP-01", "insufficient")]),
    Canary("naltrexone long before", known(dated("LDN", 31)), [("DUP-01", "info")]),
    Canary("liver: yes", {"liver_disease": "yes"}, [("HEP-01", "hold")]),
    Canary("liver: acute", {"liver_disease": "acute_or_decompensated"}, [("HEP-01", "hold")]),
    Canary("liver: compensated", {"liver_disease": "compensated"}, [("HEP-02", "caution")]),
    Canary("kidney: yes", {"kidney_impairment": "yes"}, [("REN-01", "caution")]),
    Canary("kidney: severe", {"kidney_impairment": "severe"}, [("REN-01", "caution")]),
    Canary("kidney: moderate", {"kidney_impairment": "moderate"}, [("REN-01", "caution")]),
    Canary("kidney: mild", {"kidney_impairment": "mild"}, []),
    Canary("pregnant", {"pregnant": "yes"}, [("PRG-01", "hold")]),
    Canary("breastfeeding", {"breastfeeding": "yes"}, [("LAC-01", "caution")]),
    Canary("newborn", {"age_years": 0}, [("PED-01", "hold")]),
    Canary("age 17", {"age_years": 17}, [("PED-01", "hold")]),
    Canary("age 18", {"age_years": 18}, []),
    Canary("suicidal ideation", {"suicidal_ideation": "yes"}, [("PSY-01", "caution")]),
    Canary("lactose intolerance", {"lactose_intolerance": "yes"}, [("EXC-01", "caution")]),
    Canary("lactose unknown", {"lactose_intolerance": "unknown"}, []),
    Canary("a condition", {"conditions": ["asthma"]}, [("CON-01", "caution")]),
    Canary("diabetes", {"conditions": ["type 2 diabetes"]}, [("DM-01", "info")]),
    Canary("depression", {"conditions": ["depression"]}, [("PSY-01", "caution")]),
    Canary("a denied condition", {"conditions": ["pregnancy"]}, [("CON-02", "insufficient")]),
    Canary("enzymes at 3", {"liver_enzymes": "3"}, [("HEP-02", "caution")]),
    Canary("enzymes at 5", {"liver_enzymes": 5}, [("HEP-01", "hold")]),
    Canary("alcohol", {"alcohol": "yes"}, [("INT-01", "caution")]),
    Canary("yohimbine", {"medications": ["yohimbine"]}, [("INT-01", "caution")]),
    Canary("sertraline", {"medications": ["sertraline"]}, [("INT-03", "info")]),
    Canary("levothyroxine", {"medications": ["levothyroxine"]}, [("THY-01", "caution")]),
    Canary("carbimazole", {"medications": ["carbimazole"]}, [("THY-02", "caution")]),
    Canary("lofexidine", {"medications": ["lofexidine"]}, LOFEXIDINE),
    Canary("a hidden opioid", {"medications": ["zzyzx codeine"]}, [("MED-02", "insufficient")]),
    Canary("an old assessment", {"assessed_on": "2026-01-01"}, [("FACT-02", "info")]),
    Canary(
        "a long gap",
        {"earlier_naltrexone": {"last_taken": START - timedelta(days=30)}},
        [("RST-01", "caution")],
    ),
    Canary("a known medicine", {"medications": ["aspirin"]}, []),
    Canary("a medicine", {"medications": ["zzyzx"]}, [("MED-01", "insufficient")]),
    Canary("a code", {"medications": [{"rxcui": "1191"}]}, [("MED-01", "insufficient")]),
    Canary(
        "a medicine that was checked",
        {"medications": ["zzyzx"], "unrecognised_medicines_checked": "yes"},
        [("MED-01", "caution")],
    ),
    Canary(
        "a medicine that nobody checked",
        {"medications": ["zzyzx"], "unrecognised_medicines_checked": "no"},
        [("MED-01", "insufficient")],
    ),
    Canary(
        "a check hides no opioid",
        {"medications": ["codeine"], "unrecognised_medicines_checked": "yes"},
        [("OPI-01", "stop")],
    ),
    Canary(
        "surgery",
        {"planned_opioid": [{"on": START + timedelta(days=30), "reason": "surgery"}]},
        [("SUR-01", "caution")],
    ),
    Canary(
        "a quick start",
        {},
        [("DOS-02", "info")],
        Regimen.model_validate({"steps": [{"dose": "4.5 mg"}]}),
    ),
    Canary("6 mg", {}, [("DOS-01", "caution")], Regimen.ramp("1 mg", "1 mg", 7, "6 mg")),
    Canary(
        "a protocol",
        {},
        [("PRO-01", "info")],
        Regimen.from_protocol("brief_004_standard"),
    ),
]


@pytest.mark.parametrize("canary", CANARIES, ids=lambda canary: canary.what)
def test_each_fact_says_its_own_and_nothing_else(canary: Canary) -> None:
    screening = screen(known_facts(**canary.facts), START, canary.regimen)
    assert said(screening) == canary.says
    worst = canary.says[0][1] if canary.says else "clear"
    assert screening.verdict is Verdict("clear" if worst == "info" else worst)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_each_rule_has_a_canary_that_is_lost_without_it(rule: Rule) -> None:
    """W11: a rule that is dropped, or never fires, is noticed."""
    weekly = Regimen.model_validate({"steps": [{"dose": "1.5 mg", "days": 28}]})
    drops = Drops(concentration="5 mg/mL", drops_per_mL=20, beyond_use_days=14)
    cases: list[tuple[Any, ...]] = [(known_facts(**c.facts), c.regimen, None) for c in CANARIES]
    cases += [(PatientFacts(), None, None), (known_facts(), weekly, drops)]
    assert any(
        list(rule.judge(Case.of(patient, START, regimen, preparation, knowledge())))
        for patient, regimen, preparation in cases
    )


def test_no_rule_of_the_table_is_without_a_judge_and_no_judge_without_a_row() -> None:
    """W11: the table of rules and the rules that are run are the same, each once."""
    stated = [row["code"] for row in table("rules") if row["where"] == "screening"]
    assert sorted(rule.code for rule in RULES) == sorted(stated)
    assert len(set(stated)) == len(stated)


def test_a_medicine_that_is_not_recognised_is_named_and_a_known_one_is_not() -> None:
    medicines = ["zzyzx", "ipratropium", "aspirin", {"rxcui": "1191"}]
    (finding,) = screen(known_facts(medications=medicines), START).findings
    assert "zzyzx" in finding.message
    assert "1191" in finding.message
    assert "ipratropium" not in finding.message
    assert "aspirin" not in finding.message


def test_a_condition_is_named() -> None:
    (finding,) = screen(known_facts(conditions=["asthma", "coeliac disease"]), START).findings
    assert "asthma" in finding.message
    assert "coeliac disease" in finding.message


@pytest.mark.hazard("W09")
@pytest.mark.parametrize(
    ("planned", "last_dose"),
    [("2027-02-10", "2027-02-06"), ("2027-03-03", "2027-02-27"), ("2027-01-08", "2027-01-04")],
)
def test_a_planned_opioid_leaves_three_whole_days_without_naltrexone(
    planned: str, last_dose: str
) -> None:
    """facts.md, 4: 72 hours, however late on its day the last dose is taken."""
    free = date.fromisoformat(planned) - date.fromisoformat(last_dose) - timedelta(days=1)
    assert free == timedelta(days=3)
    told = known_facts(planned_opioid=[{"on": planned, "reason": "knee surgery"}])
    (finding,) = screen(told, START).findings
    assert planned in finding.message
    assert "knee surgery" in finding.message
    assert f"last dose on {last_dose}" in finding.action


def test_a_planned_opioid_holds_until_naltrexone_could_be_stopped_in_time_before_it() -> None:
    def verdict(days: int) -> Verdict:
        planned = PlannedOpioid(on=START + timedelta(days=days), reason="surgery")
        return screen(known_facts(planned_opioid=[planned]), START).verdict

    assert [verdict(days) for days in (-1, -14)] == [Verdict.INSUFFICIENT] * 2, "was it taken?"
    assert [verdict(days) for days in (-15, -400)] == [Verdict.CLEAR] * 2
    assert [verdict(days) for days in (0, 1, 3)] == [Verdict.HOLD] * 3
    assert [verdict(days) for days in (4, 5, 3000)] == [Verdict.CAUTION] * 3


def test_a_depot_that_was_planned_is_asked_about_for_a_year() -> None:
    """A monthly injection of buprenorphine works on: 364 whole days lie between, not 365."""

    def asks(days: int, substance: str | None) -> bool:
        on = START - timedelta(days=days)
        told = known_facts(planned_opioid=[PlannedOpioid(on=on, reason="x", substance=substance)])
        return ("SUR-01", "insufficient") in said(screen(told, START))

    assert [asks(days, "Sublocade") for days in (365, 366)] == [True, False]
    assert [asks(days, "morphine") for days in (14, 15)] == [True, False]


def test_thyroid_tests_after_the_calendar_ends_are_left_out() -> None:
    """T07: the test before the start stands; of those some weeks later there is no date."""
    told = known_facts(medications=["levothyroxine"])
    for start, number in (("2027-01-04", 2), ("9999-12-30", 1)):
        dues = [due for due in screen(told, start).milestones if due.code == "MON-03"]
        assert str(dues[0].on) == start
        assert len(dues) == number


# --- doses ----------------------------------------------------------------------------------


def regimen(dose: str, band: str = "low", **step: Any) -> Regimen:
    return Regimen.model_validate({"steps": [{"dose": dose, **step}], "band": band})


@pytest.mark.parametrize(
    ("dose", "band", "says"),
    [
        ("4.5 mg", "low", []),
        ("4500 mcg", "low", []),
        ("4500001 ng", "low", ["caution"]),
        ("6 mg", "low", ["caution"]),
        ("6000001 ng", "low", ["stop"]),
        ("45 mg", "low", ["stop"]),
        ("50 mg", "low", ["stop"]),
        ("1 mcg", "low", []),
        ("999999 pg", "low", ["stop"]),
        ("4.5 ng", "low", ["stop"]),
        ("1 mcg", "standard", []),
        ("1 ng", "standard", []),
        ("4.5 mg", "standard", []),
        ("50 mg", "standard", ["caution"]),
        ("100 mg", "standard", ["caution"]),
        ("100000001 ng", "standard", ["stop"]),
        ("101 mg", "standard", ["stop"]),
    ],
)
def test_a_daily_dose_is_judged_by_the_limits_of_its_band(
    dose: str, band: str, says: list[str]
) -> None:
    """Contract 5: above 4.5 mg caution; in the low band above 6 mg, or below 1 mcg, stop."""
    assert said_of_doses(screen(known_facts(), START, regimen(dose, band))) == says


@pytest.mark.parametrize(
    ("step", "says"),
    [
        ({"dose": "1.5 mg", "doses_per_day": 3}, []),
        ({"dose": "2 mg", "doses_per_day": 3}, ["caution"]),
        ({"dose": "3.1 mg", "doses_per_day": 2}, ["stop"]),
        ({"dose": "0.5 mcg", "doses_per_day": 2}, []),
        ({"dose": "0.4 mcg", "doses_per_day": 2}, ["stop"]),
        ({"doses": {"morning": "1.5 mg", "bedtime": "3 mg"}}, []),
        ({"doses": {"morning": "3 mg", "bedtime": "3 mg"}}, ["caution"]),
        ({"doses": {"morning": "3 mg", "noon": "1 mcg", "bedtime": "3 mg"}}, ["stop"]),
    ],
)
def test_several_doses_a_day_count_together(step: dict[str, Any], says: list[str]) -> None:
    taken = Regimen.model_validate({"steps": [step]})
    assert said_of_doses(screen(known_facts(), START, taken)) == says


def test_a_dose_out_of_range_is_found_in_any_step_and_named_with_its_step() -> None:
    doses = ["0.4 mcg", "1 mg", "6.5 mg", "3 mg"]
    for order in itertools.permutations(doses):
        steps = [TitrationStep(dose=Mass(dose), days=7) for dose in order]
        found = screen(known_facts(), START, Regimen(steps=tuple(steps))).findings
        high, low = (finding for finding in found if finding.code == "DOS-01")
        assert f"Step {order.index('6.5 mg') + 1} gives 6.5 mg" in high.message
        assert f"Step {order.index('0.4 mcg') + 1} gives 0.4 mcg" in low.message
        assert (high.severity, low.severity) == (Severity.STOP, Severity.STOP)


@given(
    st.lists(st.tuples(st.integers(1, 12_000_000), st.integers(1, 4)), min_size=1, max_size=5),
    st.sampled_from(["low", "standard"]),
)
def test_the_doses_of_a_regimen_are_judged_by_its_highest_and_lowest_day(
    doses: list[tuple[int, int]], band: Any
) -> None:
    """Contract 5, last line, in nanograms."""
    steps = [
        TitrationStep(dose=Mass.of(Fraction(ng, 10**6), "mg"), doses_per_day=times, days=7)
        for ng, times in doses
    ]
    daily = [ng * times for ng, times in doses]
    expected = []
    if max(daily) > (6_000_000 if band == "low" else 100_000_000):
        expected = ["stop"]
    elif max(daily) > 4_500_000:
        expected = ["caution"]
    if band == "low" and min(daily) < 1000:
        expected = sorted([*expected, "stop"], reverse=True)
    screening = screen(known_facts(), START, Regimen(steps=tuple(steps), band=band))
    assert said_of_doses(screening) == expected


def test_a_protocol_tells_its_own_caution_and_source() -> None:
    for row in table("protocols"):
        if row["kind"] in {"open", "refused"}:
            continue
        screening = screen(known_facts(), START, Regimen.from_protocol(row["id"]))
        (finding,) = [finding for finding in screening.findings if finding.code == "PRO-01"]
        assert row["caution"] in finding.message
        assert finding.sources == (row["source"],)
        stops = [finding for finding in screening.findings if finding.severity > Severity.CAUTION]
        assert stops == []


# --- findings, and the verdict they make ----------------------------------------------------

ORDER = ["clear", "caution", "insufficient", "hold", "stop"]
BLANK = screen(known_facts(), START)


def finding(severity: str, code: str = "ZZZ-01") -> Finding:
    return Finding(code=code, severity=Severity(severity), message="A test.", action="None.")


def test_verdicts_are_ordered_and_only_the_first_two_clear() -> None:
    """Contract 1: CLEAR < CAUTION < INSUFFICIENT < HOLD < STOP."""
    assert [str(verdict) for verdict in Verdict] == ORDER
    for (i, low), (j, high) in itertools.product(enumerate(ORDER), repeat=2):
        one, other = Verdict(low), Verdict(high)
        assert ((one < other), (one <= other), (one > other), (one >= other)) == (
            i < j,
            i <= j,
            i > j,
            i >= j,
        )
    assert [verdict.clears for verdict in Verdict] == [True, True, False, False, False]


@pytest.mark.hazard("W14")
@pytest.mark.parametrize("ranked", [*Verdict, *Severity], ids=repr)
def test_no_verdict_and_no_severity_has_a_truth_value(ranked: Verdict | Severity) -> None:
    """W14: `if verdict:` cannot pass for a check."""
    uses: list[Callable[[], object]] = [
        lambda: bool(ranked),
        lambda: not ranked,
        lambda: ranked and 1,
        lambda: ranked or 1,
        lambda: 1 if ranked else 0,
        lambda: all([ranked]),
        lambda: list(filter(None, [ranked])),
    ]
    for use in uses:
        with pytest.raises(TypeError, match="truth value"):
            use()


@pytest.mark.parametrize("other", [Severity.STOP, "stop", 4, None])
def test_a_verdict_compares_with_verdicts_only(other: Any) -> None:
    with pytest.raises(TypeError):
        _ = other > Verdict.CLEAR
    with pytest.raises(TypeError):
        _ = other <= Verdict.STOP


severities = st.sampled_from(["info", "caution", "insufficient", "hold", "stop"])


@given(st.lists(severities, max_size=6), st.sampled_from(list(Verdict)))
def test_a_screening_has_the_verdict_of_its_worst_finding_and_refuses_every_other(
    given_severities: list[str], claimed: Verdict
) -> None:
    """P40, O03: nothing milder, nothing worse."""
    found = [finding(severity) for severity in given_severities]
    place = {"info": 0, "caution": 1, "insufficient": 2, "hold": 3, "stop": 4}
    worst = Verdict(ORDER[max([0, *(place[severity] for severity in given_severities)])])
    screening = BLANK.changed(findings=found)
    assert screening.verdict is worst
    assert screening.clears is (place[str(worst)] < 2 if str(worst) != "clear" else True)
    places = [place[str(f.severity)] for f in screening.findings]
    assert places == sorted(places, reverse=True)
    facts: dict[str, Any] = {**dict(screening), "verdict": claimed}
    if claimed is worst:
        assert Screening(**facts) == screening
    else:
        with pytest.raises(InvalidInputError, match="worst of the findings"):
            Screening(**facts)


@given(st.lists(severities, max_size=4), st.lists(severities, max_size=4))
def test_more_findings_only_make_a_screening_worse(first: list[str], more: list[str]) -> None:
    """O03: findings are added, never taken away."""
    told = [finding("insufficient", "FACT-01"), *map(finding, first)]
    before = BLANK.changed(findings=told, missing=("pregnant",))
    added = [finding(severity, "ZZZ-02") for severity in more]
    after = before.with_findings(added)
    assert after.verdict is max(
        before.verdict, *(f.severity.verdict for f in added), before.verdict
    )
    assert set(after.findings) == {*before.findings, *added}
    assert (after.start, after.missing) == (START, ("pregnant",))
    assert (after.knowledge, after.digest) == (BLANK.knowledge, BLANK.digest)
    assert after.with_findings(added) == after


MILDER: dict[str, Callable[[Screening], Screening]] = {
    "constructor": lambda s: Screening(**{**dict(s), "verdict": Verdict.CLEAR}),
    "no findings, same verdict": lambda s: Screening(**{**dict(s), "findings": ()}),
    "dict": lambda s: Screening.model_validate({**dict(s), "verdict": Verdict.CLEAR}),
    "json": lambda s: Screening.model_validate_json(
        s.model_dump_json().replace('"verdict":"stop"', '"verdict":"clear"')
    ),
    "copy": lambda s: s.model_copy(update={"verdict": Verdict.CLEAR}),
    "changed": lambda s: s.changed(findings=(), missing=("pregnant",)),
}


@pytest.mark.hazard("C02", "O03")
@pytest.mark.parametrize("way", MILDER)
def test_no_way_of_making_a_screening_hides_a_stop(way: str) -> None:
    """O03: there is no such constructor."""
    stopped = screen(known_facts(opioid_dependence="yes"), START)
    with pytest.raises(InvalidInputError):
        MILDER[way](stopped)


def test_a_screening_cannot_be_changed() -> None:
    screening = screen(known_facts(opioid_dependence="yes"), START)
    for name in Screening.model_fields:
        with pytest.raises(ValueError, match="frozen"):
            setattr(screening, name, None)
    assert screening.verdict is Verdict.STOP


# --- what is screened, and what comes back --------------------------------------------------


def test_the_start_is_a_date_a_date_time_or_the_text_of_one() -> None:
    told = known_facts(opioids={"status": "known", "exposures": [dated("kratom", 9)]})
    zone = timezone(timedelta(hours=1))
    assert screen(told, "2027-01-04") == screen(told, START)

    def answer(start: date | str) -> dict[str, Any]:
        told_of_start = {"digest", "planned", "basis"}
        found = dict(screen(told, start))
        return {name: value for name, value in found.items() if name not in told_of_start}

    for start in ("2027-01-04T00:00+01:00", datetime(2027, 1, 4, 22, tzinfo=zone)):
        assert answer(start) == answer(START)


@pytest.mark.parametrize(
    "start",
    [
        "2027-13-01",
        "2027-02-29",
        "20270104",
        "04/01/2027",
        "2027-01",
        "unknown",
        "",
        "2027-01-04T22:00",
        datetime(2027, 1, 4),  # noqa: DTZ001
        1_800_000_000,
        None,
    ],
)
def test_a_start_that_is_no_date_is_refused_with_an_error_of_the_library(start: Any) -> None:
    """Contract 1: every public error derives from LdnTitrationError; on input also ValueError."""
    with pytest.raises(ValueError) as caught:
        screen(known_facts(), start)
    assert isinstance(caught.value, LdnTitrationError)


far_dates = st.dates() | st.sampled_from([date.min, date.max])


@pytest.mark.hazard("T07")
@given(far_dates, far_dates, st.sampled_from(["yes", "no", "unknown"]), st.data())
def test_a_patient_is_never_refused_however_far_the_dates(
    start: date, when: date, fact: Any, data: st.DataObject
) -> None:
    """T07: what is wrong with a patient is a finding, never an error."""
    history = data.draw(
        st.sampled_from(["oxycodone", "Sublocade", "loperamide", "naltrexone", "no such thing"])
    )
    told = OpioidExposure(
        substance=history,
        release=data.draw(st.sampled_from(["immediate", "depot", "unknown"])),
        last_taken=when,
        ongoing=data.draw(st.booleans()),
    )
    planned = max(when, date(1, 1, 5))
    patient = known_facts(
        opioids=OpioidHistory(status="known", exposures=(told,)),
        assessed_on=when,
        pregnant=fact,
        planned_opioid=[PlannedOpioid(on=planned, reason="surgery")],
    )
    screening = screen(patient, start)
    assert Screening.model_validate_json(screening.model_dump_json()) == screening
    assert ("SUR-01" in dict(said(screening))) == ((start - planned).days <= 14)
    assert ("PRG-01" in dict(said(screening))) == (fact == "yes")
    if told.ongoing and history in {"oxycodone", "Sublocade", "naltrexone", "no such thing"}:
        assert screening.verdict is Verdict.STOP


@pytest.mark.parametrize("on", ["0001-01-01", "0001-01-04"])
def test_an_opioid_planned_for_the_first_days_of_the_calendar_is_no_error(on: str) -> None:
    """T07: no overflow of a date, at either end."""
    told = known_facts(planned_opioid=[{"on": on, "reason": "surgery"}])
    assert screen(told, START).verdict is Verdict.CLEAR


@pytest.mark.parametrize(
    ("last", "start"),
    [("0001-01-01T00:00+14:00", "2027-01-04T00:00Z"), ("2026-12-01", "9999-12-31T23:59-12:00")],
)
def test_a_time_at_either_end_of_the_calendar_is_no_error(last: str, start: str) -> None:
    """T07: the same for a date-time that has no UTC date."""
    for taken in (last, f"{last[:10]}T12:00Z"):
        told = known({"substance": "methadone", "last_taken": taken})
        assert screen(known_facts(**told), start).verdict is Verdict.CLEAR


def everything_said() -> list[Finding]:
    """The findings of every canary, opioid, form, protocol and missing fact."""
    found = [f for c in CANARIES for f in screen(known_facts(**c.facts), START, c.regimen).findings]
    found += screen(PatientFacts(), START).findings
    for row in table("opioids"):
        for name in {row["substance"], row["name"]} - {""}:
            for release in ("immediate", "extended", "transdermal", "depot", "unknown"):
                told = [dated(name, days, release) for days in (-1, 1, 8, 12, 100)]
                told += [{**told[0], "ongoing": True}, {**told[0], "last_taken": "unknown"}]
                for exposure in told:
                    found += screen(known_facts(**known(exposure)), START).findings
    for days, ongoing in itertools.product((-1, 400), (True, False)):
        told = dated("no such thing", days, ongoing=ongoing)
        found += screen(known_facts(**known(told)), START).findings
    for row in table("protocols"):
        if row["kind"] != "refused":
            more: dict[str, Any] = {"by": "1 mg", "every_days": 7} if row["kind"] == "open" else {}
            chosen = Regimen.from_protocol(row["id"], **more)
            found += screen(known_facts(), START, chosen).findings
    for dose, band in (("5 mg", "low"), ("7 mg", "low"), ("1 ng", "low"), ("101 mg", "standard")):
        found += screen(known_facts(), START, regimen(dose, band)).findings
    return list(dict.fromkeys(found))


def test_every_finding_is_worded_coded_and_sourced() -> None:
    """Contract 4, K04: every finding cites."""
    known_sources = {row["key"] for row in table("sources")}
    found = everything_said()
    codes = {f.code for f in found}
    assert {code for canary in CANARIES for code, _ in canary.says} | {"FACT-01"} == codes
    for f in found:
        assert re.fullmatch(r"[A-Z]{2,4}-\d\d", f.code), f
        assert f.message.endswith("."), f
        assert f.action.endswith((".", "?")), f
        assert set(f.sources) <= known_sources, f
        assert len(set(f.sources)) == len(f.sources), f
        assert f.sources, f


@given(exposures(START), st.sampled_from(["yes", "no", "unknown"]))
def test_a_screening_reads_back_from_its_json(told: OpioidExposure, fact: Any) -> None:
    """Contract 1: every model round-trips."""
    history = OpioidHistory(status="known", exposures=(told,))
    screening = screen(known_facts(opioids=history, pregnant=fact), START)
    assert Screening.model_validate_json(screening.model_dump_json()) == screening
    for found in screening.findings:
        assert Finding.model_validate_json(found.model_dump_json()) == found
