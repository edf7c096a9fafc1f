"""The basis of a screening: what became of each rule, on which inputs and sources (P46)."""

from __future__ import annotations

import csv
import itertools
import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from ldn_titration import (
    OpioidExposure,
    OpioidHistory,
    PatientFacts,
    Regimen,
    Screening,
    Verdict,
    schedule,
    screen,
)
from ldn_titration.findings import Outcome, RuleOutcome
from ldn_titration.preparation import Preparation
from ldn_titration.rules import RULES
from ldn_titration.testing import exposures, known_facts

START = date(2027, 1, 4)
PREPARATION: TypeAdapter[Preparation] = TypeAdapter(Preparation)
PLANNED = ("regimen", "preparation", "days")


def table(name: str) -> dict[str, dict[str, str]]:
    """One table of the knowledge base by its first column, read without the library."""
    text = (files("ldn_titration.knowledge") / f"{name}.csv").read_text("utf-8")
    return {next(iter(row.values())): row for row in csv.DictReader(text.splitlines())}


RULE_TABLE = table("rules")
CODES = sorted(code for code, row in RULE_TABLE.items() if row["where"] == "screening")


def asked(case: dict[str, Any]) -> Screening:
    """The screening of a case: facts of the patient, and what is planned."""
    facts = {name: value for name, value in case.items() if name not in (*PLANNED, "start")}
    regimen, preparation = case.get("regimen"), case.get("preparation")
    return screen(
        PatientFacts.model_validate(facts),
        case.get("start", START),
        None if regimen is None else Regimen.model_validate(regimen),
        None if preparation is None else PREPARATION.validate_python(preparation),
        days=case.get("days"),
    )


def outcomes(screening: Screening) -> dict[str, RuleOutcome]:
    return {outcome.code: outcome for outcome in screening.basis}


def said(screening: Screening) -> dict[str, tuple[object, ...]]:
    """What each rule says: its outcome, what it wants, its findings and dated notes."""
    told: dict[str, list[object]] = defaultdict(list)
    for each in (*screening.findings, *screening.milestones):
        told[each.code].append(each)
    return {
        outcome.code: (outcome.outcome, outcome.wanting, *told[outcome.code])
        for outcome in screening.basis
    }


def took(name: str, days: int, **more: Any) -> dict[str, Any]:
    last = (START - timedelta(days=days)).isoformat()
    told = {"substance": name, "last_taken": last, **more}
    return {"status": "known", "exposures": [told]}


def ramp(first: str, days: int, band: str = "low") -> dict[str, Any]:
    return {"steps": [{"dose": first, "days": days}, {"dose": "3 mg"}], "band": band}


KNOWN: dict[str, Any] = {
    "assessed_on": "2027-01-02",
    "assessed_by": "Dr A. Example",
    "opioids": {"status": "none"},
    "opioid_dependence": "no",
    "acute_withdrawal": "no",
    "naltrexone_hypersensitivity": "no",
    "other_naltrexone": "no",
    "age_years": 44,
    "pregnant": "no",
    "breastfeeding": "no",
    "liver_disease": "no",
    "kidney_impairment": "no",
    "suicidal_ideation": "no",
    "medications": [],
    "conditions": [],
}
REQUIRED = tuple(KNOWN)
CAPSULES = {"form": "capsules", "strengths": ["1.5 mg"]}
DROPS = {"form": "drops", "concentration": "5 mg/mL", "drops_per_mL": 20, "beyond_use_days": 14}
DENIED = ["opioid use disorder", "opioid withdrawal", "pregnancy", "cirrhosis", "dialysis"]
CASES: list[dict[str, Any]] = [
    {},
    KNOWN,
    {
        **KNOWN,
        "opioids": took("kratom", 9),
        "medications": ["levothyroxine", "zzyzx", "metformin"],
        "conditions": ["asthma", "fatty liver", "lactose intolerance", *DENIED],
        "lactose_intolerance": "no",
        "earlier_naltrexone": {"last_taken": "2026-12-20", "dose": "1 mg"},
        "planned_opioid": [{"on": "2027-01-20", "reason": "surgery", "substance": "morphine"}],
        "regimen": ramp("0.75 mg", 13),
        "preparation": CAPSULES,
    },
    {
        **KNOWN,
        "medications": ["lofexidine", "carbimazole", "sertraline", "Imodium"],
        "conditions": ["lactose intolerance", "depression", "organ transplant"],
        "liver_disease": "compensated",
        "liver_enzymes": "4",
        "earlier_naltrexone": {"last_taken": "2026-12-20", "dose": "1 mg"},
        "regimen": ramp("1.5 mg", 14),
        "preparation": DROPS,
    },
    {
        **KNOWN,
        "conditions": [
            "opioid misuse, active",
            "withdrawal state",
            "pregnant 12 weeks",
            "lactating mother",
            "cirrhosis of another cause",
            "ckd g4",
            "breastfeeding",
            "naltrexone allergy",
        ],
        "naloxone_challenge": {"result": "negative", "on": "2026-12-28"},
    },
    {
        **KNOWN,
        "opioids": took("Sublocade", 100),
        "urine_opioid_screen": {"result": "pending", "on": "2027-01-02"},
        "regimen": {"steps": [{"dose": "1.5 mg"}]},
        "preparation": DROPS,
    },
    {
        **KNOWN,
        "lactose_intolerance": "no",
        "planned_opioid": [{"on": "2027-02-10", "reason": "surgery"}],
        "regimen": {"steps": [{"dose": "1.5 mg"}]},
        "preparation": CAPSULES,
    },
    {
        **KNOWN,
        "pregnant": "yes",
        "liver_disease": "yes",
        "other_naltrexone": "yes",
        "suicidal_ideation": "yes",
        "opioid_dependence": "yes",
        "regimen": ramp("7 mg", 3),
    },
]

OTHERWISE: dict[str, list[Any]] = {
    **{
        name: ["yes", "no", "unknown"]
        for name in (
            "opioid_dependence",
            "acute_withdrawal",
            "naltrexone_hypersensitivity",
            "other_naltrexone",
            "pregnant",
            "breastfeeding",
            "suicidal_ideation",
            "unrecognised_medicines_checked",
            "lactose_intolerance",
            "opioid_in_use",
            "alcohol",
        )
    },
    "name": ["A. Patient"],
    "assessed_on": [None, "2026-01-01", "2027-01-05"],
    "assessed_by": [None, "Dr B. Example"],
    "opioids": [
        {"status": "none"},
        {"status": "unknown"},
        took("kratom", 5),
        took("kratom", 9),
        took("methadone", 0),
        took("Brixadi", 90),
        took("oxycodone", 400),
        took("naloxone", 5),
        took("naltrexone", 5),
        took("loperamide", 5),
    ],
    "age_years": [None, 17, 18],
    "liver_disease": ["no", "unknown", "compensated", "acute_or_decompensated"],
    "kidney_impairment": ["no", "unknown", "mild", "severe"],
    "medications": [
        None,
        [],
        ["codeine"],
        ["Narcan"],
        ["Vivitrol"],
        ["loperamide", "thioridazine", "lofexidine", "sertraline"],
        ["levothyroxine", "carbimazole", "metformin"],
        ["zzyzx", "zzyzx codeine"],
    ],
    "conditions": [
        None,
        [],
        ["asthma", "depression", "diabetes", "kidney transplant"],
        ["hypothyroidism", "Graves' disease"],
        ["fatty liver", "lactose intolerance"],
        DENIED,
    ],
    "urine_opioid_screen": [
        None,
        {"result": "negative", "on": "2027-01-02"},
        {"result": "positive", "on": "2027-01-02"},
    ],
    "naloxone_challenge": [
        None,
        {"result": "negative", "on": "2027-01-02"},
        {"result": "pending", "on": "2027-01-02"},
    ],
    "planned_opioid": [
        [],
        [{"on": "2027-01-06", "reason": "surgery"}],
        [{"on": "2027-01-20", "reason": "surgery"}],
    ],
    "liver_enzymes": [None, "1", "3", "5"],
    "earlier_naltrexone": [
        None,
        {"last_taken": "2026-12-19"},
        {"last_taken": "2026-12-30", "form": "depot"},
    ],
    "overrides": [[{"code": "PRG-01", "reason": "r", "by": "b", "on": "2027-01-02"}]],
    "regimen": [
        None,
        ramp("0.5 mg", 14),
        ramp("4 mg", 3),
        ramp("50 mg", 7, "standard"),
        {**ramp("1.5 mg", 14), "protocol": "brief_004_standard"},
    ],
    "preparation": [
        None,
        {**CAPSULES, "filler": "cellulose"},
        {**CAPSULES, "release": "slow"},
        DROPS,
    ],
    "days": [14, 15],
}


def test_the_changes_below_are_of_every_fact() -> None:
    """P46: a fact that is added later is tried too."""
    assert set(OTHERWISE) - set(PLANNED) == set(PatientFacts.model_fields)
    assert set(REQUIRED) <= set(OTHERWISE)


@cache
def influences() -> dict[str, dict[str, str]]:
    """By rule, the facts that change what it says, each with a change that does."""
    found: dict[str, dict[str, str]] = {code: {} for code in CODES}
    for place, case in enumerate(CASES):
        before = said(asked(case))
        for name, values in OTHERWISE.items():
            for value in values:
                after = said(
                    asked({k: v for k, v in {**case, name: value}.items() if v is not None})
                )
                for code in CODES:
                    if after[code] != before[code]:
                        found[code][name] = f"case {place}, {name}: {value}"
    return found


@pytest.mark.parametrize("code", CODES)
def test_a_fact_that_a_rule_does_not_list_never_changes_what_it_says(code: str) -> None:
    """P46: the inputs of a rule are all that it reads; every fact is changed in every case."""
    listed = {name for name, _ in outcomes(asked(KNOWN))[code].inputs}
    assert {n: how for n, how in influences()[code].items() if n not in listed} == {}


@pytest.mark.parametrize("code", CODES)
def test_every_input_that_a_rule_lists_can_change_what_it_says(code: str) -> None:
    """P46: what is listed and never read would claim a check that nobody made."""
    listed = {name for name, _ in outcomes(asked(KNOWN))[code].inputs}
    assert listed - {"start"} <= influences()[code].keys()


# --- every rule, once, in three outcomes ------------------------------------------------


def every_case() -> Iterator[Screening]:
    """The cases, and each with one fact changed in turn."""
    for case in CASES:
        yield asked(case)
    for name, values in OTHERWISE.items():
        for value in values:
            yield asked({k: v for k, v in {**KNOWN, name: value}.items() if v is not None})


@cache
def all_screenings() -> tuple[Screening, ...]:
    return tuple(every_case())


def test_every_screening_tells_each_rule_once() -> None:
    """P46, W11: no rule is left out, whatever became of it."""
    for screening in all_screenings():
        assert sorted(outcome.code for outcome in screening.basis) == CODES
        for outcome in screening.basis:
            assert outcome.title == RULE_TABLE[outcome.code]["title"]
            assert outcome.says == RULE_TABLE[outcome.code]["says"]
            assert outcome.changes


def test_a_rule_has_each_outcome_in_some_case() -> None:
    """P46: fired, did not fire, could not be evaluated; the last only where it needs facts."""
    seen: dict[str, set[Outcome]] = defaultdict(set)
    for screening in all_screenings():
        for outcome in screening.basis:
            seen[outcome.code].add(outcome.outcome)
    without_needs = {"TST-01", "SUR-01", "MON-02", "MON-05", "FACT-01"}
    for code in CODES:
        expected = set(Outcome) - ({Outcome.NOT_EVALUATED} if code in without_needs else set())
        expected -= {Outcome.DID_NOT_FIRE} if code in {"MON-01", "MON-02"} else set()
        assert seen[code] == expected, code


def test_a_code_is_fired_where_it_is_found_or_due_and_nowhere_else() -> None:
    """P46: findings, dated notes and basis tell the same."""
    for screening in all_screenings():
        told = {each.code for each in (*screening.findings, *screening.milestones)}
        fired = {o.code for o in screening.basis if o.outcome is Outcome.FIRED}
        assert told - {"OVR-01"} == fired


# --- what is wanting ---------------------------------------------------------------------


@pytest.mark.parametrize("name", REQUIRED)
def test_an_unknown_fact_is_wanted_by_each_rule_that_needs_it(name: str) -> None:
    """W01, P46: such a rule never says that it did not fire."""
    screening = asked({key: value for key, value in KNOWN.items() if key != name})
    for rule in RULES:
        outcome = outcomes(screening)[rule.code]
        assert (name in outcome.wanting) == (name in rule.needs)
        if name in rule.needs:
            assert outcome.outcome is Outcome.NOT_EVALUATED
            assert dict(outcome.inputs)[name] in {"unknown", ""}
            assert name in outcome.changes


def test_a_rule_that_wants_anything_never_says_that_it_did_not_fire() -> None:
    """W01: unknown is not no."""
    for screening in all_screenings():
        for outcome in screening.basis:
            if outcome.wanting:
                assert outcome.outcome is not Outcome.DID_NOT_FIRE, outcome


@cache
def denied_too_early() -> dict[tuple[str, str], str]:
    """Each rule and required fact where the rule denies without it, and would fire with it."""
    found: dict[tuple[str, str], str] = {}
    for case, name in itertools.product(CASES, REQUIRED):
        without = said(asked({key: value for key, value in case.items() if key != name}))
        denied = [code for code in CODES if without[code][0] is Outcome.DID_NOT_FIRE]
        for value in OTHERWISE[name]:
            if value in (None, "unknown"):
                continue
            with_it = said(asked({**case, name: value}))
            fired = [code for code in denied if with_it[code][0] is Outcome.FIRED]
            found |= {(code, name): f"fires with {value}" for code in fired}
    return found


@pytest.mark.parametrize("code", CODES)
def test_no_rule_denies_without_a_required_fact_with_which_it_could_fire(code: str) -> None:
    """W01, P46: whether it needs the fact or only reads it."""
    assert {name: how for (each, name), how in denied_too_early().items() if each == code} == {}


def test_a_medicine_that_is_not_understood_is_wanted_by_name() -> None:
    """W02: no rule that reads the list says that it did not fire."""
    screening = asked({**KNOWN, "medications": ["aspirin", "zzyzx", "zzyzx codeine"]})
    for rule in RULES:
        if "medications" in rule.needs:
            outcome = outcomes(screening)[rule.code]
            assert outcome.outcome is not Outcome.DID_NOT_FIRE
            assert [w for w in outcome.wanting if "zzyzx" in w] == [
                "what zzyzx is",
                "what zzyzx codeine is",
            ]


def test_every_required_fact_is_an_input_that_some_rule_tells() -> None:
    """P46: each input used is listed."""
    listed = {name for outcome in asked(KNOWN).basis for name, _ in outcome.inputs}
    assert set(REQUIRED) - listed == set()


def test_every_missing_fact_is_wanted_by_a_rule_or_told_by_a_finding() -> None:
    """P46: and each one missing."""
    for screening in all_screenings():
        wanted = {name for outcome in screening.basis for name in outcome.wanting}
        told = " ".join(f.message for f in screening.findings if f.code == "FACT-01")
        for name in screening.missing:
            assert name in told
            assert name in wanted | {"assessed_by"}
            assert screening.verdict >= Verdict.INSUFFICIENT


# --- inputs, as a reader checks them -----------------------------------------------------


def test_inputs_are_told_in_words_that_can_be_checked() -> None:
    """P46: names, dates and figures, or that they are not known."""
    case = {
        **KNOWN,
        "opioids": took("kratom", 7, release="unknown"),
        "conditions": ["asthma", "depression"],
        "liver_enzymes": "2.5",
        "regimen": ramp("0.5 mg", 14),
    }
    inputs = {n: text for o in asked(case).basis for n, text in o.inputs}
    assert inputs["start"] == "2027-01-04"
    assert "kratom" in inputs["opioids"]
    assert "2026-12-28" in inputs["opioids"]
    assert inputs["medications"] == "none"
    assert inputs["conditions"] == "asthma; depression"
    assert inputs["age_years"] == "44"
    assert inputs["pregnant"] == "no"
    assert inputs["alcohol"] == "unknown"
    assert inputs["preparation"] == "unknown"
    assert "0.5 mg" in inputs["regimen"]
    assert inputs["liver_enzymes"] in {"2.5", "5/2"}


SAME_WORDS: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
    (
        "OPI-02",
        "the daily dose of loperamide",
        {"opioids": took("loperamide", 9, daily_dose="16 mg")},
        {"opioids": took("loperamide", 9, daily_dose="17 mg")},
    ),
    (
        "EXC-01",
        "the release of a capsule",
        {"lactose_intolerance": "no", "preparation": CAPSULES},
        {"lactose_intolerance": "no", "preparation": {**CAPSULES, "release": "slow"}},
    ),
    (
        "EXC-01",
        "the filler of a capsule",
        {"lactose_intolerance": "yes", "preparation": {**CAPSULES, "filler": "cellulose"}},
        {"lactose_intolerance": "yes", "preparation": {**CAPSULES, "filler": "lactose"}},
    ),
    (
        "THY-01",
        "the days of a step",
        {"medications": ["levothyroxine"], "regimen": ramp("0.5 mg", 14)},
        {"medications": ["levothyroxine"], "regimen": ramp("0.5 mg", 13)},
    ),
    (
        "MON-05",
        "which opioid is planned",
        {"planned_opioid": [{"on": "2027-02-10", "reason": "x", "substance": "remifentanil"}]},
        {"planned_opioid": [{"on": "2027-02-10", "reason": "x", "substance": "methadone"}]},
    ),
    (
        "MON-05",
        "until when it is planned",
        {"planned_opioid": [{"on": "2027-02-10", "reason": "x"}]},
        {"planned_opioid": [{"on": "2027-02-10", "reason": "x", "until": "2027-02-20"}]},
    ),
    (
        "RST-01",
        "the earlier dose",
        {
            "earlier_naltrexone": {"last_taken": "2026-12-30", "dose": "0.25 mg"},
            "regimen": ramp("0.5 mg", 14),
        },
        {
            "earlier_naltrexone": {"last_taken": "2026-12-30", "dose": "0.5 mg"},
            "regimen": ramp("0.5 mg", 14),
        },
    ),
    (
        "OPI-03",
        "the release of an opioid",
        {"opioids": took("tramadol", 11, release="immediate")},
        {"opioids": took("tramadol", 11, release="extended")},
    ),
]


@pytest.mark.parametrize(
    ("code", "what", "one", "other"), SAME_WORDS, ids=[f"{s[0]} {s[1]}" for s in SAME_WORDS]
)
def test_where_a_rule_says_otherwise_its_inputs_read_otherwise(
    code: str, what: str, one: dict[str, Any], other: dict[str, Any]
) -> None:
    """P46: a clinician can follow the verdict from the inputs that are shown."""
    here, there = asked({**KNOWN, **one}), asked({**KNOWN, **other})
    assert said(here)[code] != said(there)[code], what
    assert outcomes(here)[code].inputs != outcomes(there)[code].inputs, what


# --- when it would change, and on what it rests ------------------------------------------


@pytest.mark.parametrize(
    ("code", "name", "last", "day"),
    [
        # Kratom: 10 days after 27 December and the day itself; methadone: 14.
        ("OPI-02", "kratom", "2026-12-28", "2027-01-08"),
        ("OPI-03", "kratom", "2026-12-27", "2027-01-07"),
        ("OPI-02", "methadone", "2026-12-25", "2027-01-09"),
        ("OPI-03", "methadone", "2026-12-21", "2027-01-05"),
        ("OPI-08", "loperamide", "2026-12-25", "2027-01-05"),
    ],
)
def test_changes_on_is_the_day_on_which_the_finding_clears(
    code: str, name: str, last: str, day: str
) -> None:
    """Contract 4: L + max + 1; the day before, something of the interval stands still."""
    told = {"substance": name, "last_taken": last}
    case = {**KNOWN, "opioids": {"status": "known", "exposures": [told]}}
    screening = asked(case)
    (finding,) = (finding for finding in screening.findings if finding.code == code)
    assert str(finding.clears_on) == day
    assert outcomes(screening)[code].changes_on == finding.clears_on
    clear = date.fromisoformat(day)
    assert asked({**case, "start": clear}).findings == ()
    assert asked({**case, "start": clear - timedelta(days=1)}).findings != ()


def test_changes_on_is_of_the_last_of_several_and_null_where_one_is_not_known() -> None:
    """Contract 4: kratom clears on 8 January and methadone on the 9th; what is ongoing never."""
    told = [
        {"substance": "kratom", "last_taken": "2026-12-28"},
        {"substance": "methadone", "last_taken": "2026-12-25"},
    ]
    screening = asked({**KNOWN, "opioids": {"status": "known", "exposures": told}})
    assert outcomes(screening)["OPI-02"].changes_on == date(2027, 1, 9)
    warns = [{"substance": "loperamide", "last_taken": "2026-12-25"}, {"substance": "eluxadoline"}]
    for ongoing, day in ((True, None), (False, date(2027, 1, 9))):
        warns[1] = {"substance": "eluxadoline", "last_taken": "2026-12-29", "ongoing": ongoing}
        screening = asked({**KNOWN, "opioids": {"status": "known", "exposures": warns}})
        assert outcomes(screening)["OPI-08"].changes_on == day


def test_changes_on_is_a_day_of_the_findings_or_null() -> None:
    """P46: what has no date gets none."""
    for screening in all_screenings():
        for outcome in screening.basis:
            days = [f.clears_on for f in screening.findings if f.code == outcome.code]
            if outcome.changes_on is None:
                assert not days or None in days
            else:
                assert outcome.changes_on == max(day for day in days if day is not None)


def test_each_outcome_cites_sources_with_the_tier_of_the_table() -> None:
    """P46, K04: a fired rule what its findings cite, any other what it rests on."""
    tiers = {key: int(row["tier"]) for key, row in table("sources").items()}
    for screening in all_screenings():
        for outcome in screening.basis:
            cited = [(source.key, source.tier) for source in outcome.sources]
            assert cited
            assert cited == [(key, tiers[key]) for key, _ in cited]
            assert len(set(cited)) == len(cited)
            rests = set(RULE_TABLE[outcome.code]["sources"].split(";"))
            found = {s for f in screening.findings if f.code == outcome.code for s in f.sources}
            assert {key for key, _ in cited} == (found or rests)


def test_each_medicine_is_told_with_what_it_was_read_as_and_why() -> None:
    """P46, W03: a wrong reading can be seen."""
    lines = ["Tylenol #3", "aspirin 75 mg", "zzyzx 5 mg", "apomorphine", "zzyzx codeine"]
    read = asked({**KNOWN, "medications": lines}).medicines
    assert [medicine.line for medicine in read] == lines
    opioid, ordinary, unknown, near, hidden = read
    assert "codeine" in opioid.read_as
    assert "is an opioid" in opioid.why
    assert ordinary.read_as == "aspirin"
    assert "no opioid" in ordinary.why
    assert "not recognised" in unknown.read_as
    assert "zzyzx" in unknown.why
    assert "apomorphine" in near.read_as
    assert "is an opioid" not in near.why
    assert "not recognised" in hidden.read_as
    assert "names an opioid or antagonist" in hidden.why


# --- as JSON ---------------------------------------------------------------------------------


@given(
    exposures(START),
    st.sampled_from(["kratom", "aspirin", "zzyzx", 'a "b"', "鎮痛剤"]),
    st.sampled_from(["yes", "no", "unknown"]),
)
def test_a_basis_reads_back_from_json(told: OpioidExposure, medicine: str, fact: Any) -> None:
    """Contract 1: every model round-trips; inputs are an object."""
    history = OpioidHistory(status="known", exposures=(told,))
    patient = known_facts(opioids=history, medications=[medicine], conditions=[medicine])
    screening = screen(patient, START, Regimen.model_validate(ramp("1.5 mg", 7)))
    text = screening.model_dump_json()
    again = Screening.model_validate_json(text)
    assert again == screening
    assert again.model_dump_json() == text
    tree = json.loads(text)
    for outcome, printed in zip(screening.basis, tree["basis"], strict=True):
        assert RuleOutcome.model_validate_json(outcome.model_dump_json()) == outcome
        assert printed["inputs"] == dict(outcome.inputs)
        assert printed["outcome"] in {"fired", "did not fire", "could not be evaluated"}
        assert list(printed["inputs"]) == [name for name, _ in outcome.inputs]


def test_a_dose_that_only_the_plan_judged_is_told_with_the_regimen_it_was_judged_on() -> None:
    """P46: fired on an input that is not known is no basis."""
    regimen = Regimen.model_validate({"steps": [{"dose": "4.5 mg", "days": 7}, {"dose": "6 mg"}]})
    tablets = PREPARATION.validate_python({"form": "tablets", "strengths": ["1.5 mg"]})
    plan = schedule(regimen, tablets, START, screening=screen(known_facts(), START))
    outcome = outcomes(plan.screening)["DOS-01"]
    assert outcome.outcome is Outcome.FIRED
    assert dict(outcome.inputs)["regimen"] != "unknown"
    assert "Knowing" not in outcome.changes


def test_a_screening_without_its_basis_is_refused() -> None:
    """P46, W11: no basis, no verdict."""
    tree = json.loads(asked(KNOWN).model_dump_json())
    for broken in ({**tree, "basis": []}, {k: v for k, v in tree.items() if k != "basis"}):
        with pytest.raises(ValueError, match="basis"):
            Screening.model_validate_json(json.dumps(broken))
