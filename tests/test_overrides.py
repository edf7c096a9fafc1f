"""Overrides: of a hold only, by a named clinician, bound to what they were made for."""

from __future__ import annotations

import csv
import io
import json
from copy import deepcopy
from datetime import date
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ldn_titration import (
    Capsules,
    InvalidInputError,
    PatientFacts,
    Plan,
    Regimen,
    Screening,
    Severity,
    Verdict,
    schedule,
    screen,
)
from ldn_titration.cli import main
from ldn_titration.export.document import plan_json
from ldn_titration.findings import Override
from ldn_titration.knowledge.overlay import overlaid
from ldn_titration.render.html import plan_html
from ldn_titration.render.text import plan_text, screening_text
from ldn_titration.request import PlanRequest, read_request
from ldn_titration.testing import known_facts

START = date(2027, 1, 4)
OVERRIDE: dict[str, Any] = {
    "code": "PRG-01",
    "reason": "specialist decision after counselling",
    "by": "Dr B. Other",
    "on": "2027-01-03",
}
HELD: dict[str, Any] = {
    "schema": "ldn-titration/request/1",
    "start": "2027-01-04",
    "length_days": 35,
    "time_of_day": "bedtime",
    "regimen": {"steps": [{"dose": "1.5 mg", "days": 14}, {"dose": "3 mg"}]},
    "preparation": {"form": "capsules", "strengths": ["1.5 mg", "3 mg"]},
    "patient": {
        "assessed_on": "2027-01-02",
        "assessed_by": "Dr A. Example",
        "opioids": {"status": "none"},
        "opioid_dependence": "no",
        "acute_withdrawal": "no",
        "naltrexone_hypersensitivity": "no",
        "other_naltrexone": "no",
        "age_years": 44,
        "pregnant": "yes",
        "breastfeeding": "no",
        "liver_disease": "no",
        "kidney_impairment": "no",
        "suicidal_ideation": "no",
        "medications": [],
        "conditions": [],
    },
}


def changed(request: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """The request with one field changed; None takes it away."""
    made = deepcopy(request)
    *above, last = path.split(".")
    inner = made
    for name in above:
        inner = inner[name]
    if value is None:
        del inner[last]
    else:
        inner[last] = value
    return made


def overridden(request: dict[str, Any] = HELD, **override: Any) -> dict[str, Any]:
    return changed(request, "patient.overrides", [{**OVERRIDE, **override}])


def read(request: dict[str, Any]) -> PlanRequest:
    return read_request(json.dumps(request))


def codes(screening: Screening) -> set[str]:
    return {finding.code for finding in screening.findings}


def assert_void(screening: Screening) -> None:
    """No override counts, it is said so, and no hold is let through."""
    assert screening.overrides == ()
    assert "OVR-01" in codes(screening)
    held = any(finding.severity > Severity.CAUTION for finding in screening.findings)
    assert screening.clears is not held


# --- what may be overridden, and how ----------------------------------------------------

RULES = {
    row["code"]: set(row["severities"].split(";"))
    for row in csv.DictReader(
        (files("ldn_titration.knowledge") / "rules.csv").read_text("utf-8").splitlines()
    )
}
HOLDS = sorted(code for code, severities in RULES.items() if "hold" in severities)
NEVER = sorted(c for c, s in RULES.items() if s <= {"insufficient", "stop", "error"})


def test_the_rules_that_hold_are_those_of_the_reference() -> None:
    """facts.md 11: these and no others may be overridden in the shipped knowledge base."""
    assert HOLDS == ["HEP-01", "OPI-03", "OPI-04", "PED-01", "PRG-01", "RST-01", "SUR-01"]
    stops = {"OPI-01", "OPI-02", "OPI-06", "HYP-01"}
    assert set(NEVER) == {*stops, "OPI-05", "FACT-01", "MED-02", "CON-02", "MEA-01"}


@pytest.mark.hazard("O03")
@pytest.mark.parametrize("code", [*NEVER, "XXX-01", "ZZ-99", "OPI-99"])
def test_a_stop_what_is_not_known_and_an_unknown_code_are_refused_by_path(code: str) -> None:
    """O03: there is no path for hard limits."""
    with pytest.raises(InvalidInputError) as caught:
        PatientFacts.model_validate({"overrides": [{**OVERRIDE, "code": code}]})
    assert [problem.path for problem in caught.value.problems] == ["overrides[0].code"]
    with pytest.raises(InvalidInputError) as caught:
        read(overridden(code=code))
    assert [problem.path for problem in caught.value.problems] == ["patient.overrides[0].code"]


@pytest.mark.parametrize("code", ["DUP-01", "OPI-07", "MED-01"])
def test_a_rule_that_no_knowledge_base_can_hold_is_refused_too(code: str) -> None:
    """O03: a site cannot raise them to a hold, for they may be insufficient."""
    with pytest.raises(InvalidInputError):
        PatientFacts.model_validate({"overrides": [{**OVERRIDE, "code": code}]})


@pytest.mark.parametrize("code", ["", "prg-01", "PRG-1", "PRG-001", "PRG01", " PRG-01", "PRG-01\n"])
def test_a_code_is_written_as_a_code(code: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        PatientFacts.model_validate({"overrides": [{**OVERRIDE, "code": code}]})
    assert [problem.path for problem in caught.value.problems] == ["overrides[0].code"]


@pytest.mark.hazard("O02")
@pytest.mark.parametrize("name", ["code", "reason", "by", "on"])
def test_nothing_of_an_override_may_be_left_out(name: str) -> None:
    """O02: reason and author are required."""
    told = {key: value for key, value in OVERRIDE.items() if key != name}
    with pytest.raises(InvalidInputError) as caught:
        PatientFacts.model_validate({"overrides": [told]})
    assert [problem.path for problem in caught.value.problems] == [f"overrides[0].{name}"]


@pytest.mark.parametrize("name", ["reason", "by"])
@pytest.mark.parametrize("text", ["", " ", "\t", "\u00a0", "a\nb", "a\u202eb", "x" * 201, None, 1])
def test_a_reason_and_an_author_hold_something_and_are_bounded(name: str, text: Any) -> None:
    """O02: required, trimmed, bounded."""
    with pytest.raises(InvalidInputError) as caught:
        PatientFacts.model_validate({"overrides": [{**OVERRIDE, name: text}]})
    assert [problem.path for problem in caught.value.problems] == [f"overrides[0].{name}"]


def test_a_reason_and_an_author_are_trimmed() -> None:
    """O02: two overrides that differ by spaces are one."""
    spaced = Override.model_validate({**OVERRIDE, "reason": "  a reason ", "by": " Dr B. "})
    assert (spaced.reason, spaced.by) == ("a reason", "Dr B.")


@pytest.mark.parametrize("digest", ["", "abc", "G" * 64, "A" * 64, "a" * 63, "a" * 65, 1])
def test_a_digest_is_a_sha256(digest: Any) -> None:
    """O01: what is no digest is no binding."""
    with pytest.raises(InvalidInputError) as caught:
        PatientFacts.model_validate({"overrides": [{**OVERRIDE, "digest": digest}]})
    assert [problem.path for problem in caught.value.problems] == ["overrides[0].digest"]


def test_every_override_that_is_wrong_is_told() -> None:
    """O03: the second too, by its place."""
    wrong = [OVERRIDE, {**OVERRIDE, "code": "OPI-01"}, OVERRIDE, {**OVERRIDE, "code": "HYP-01"}]
    with pytest.raises(InvalidInputError) as caught:
        PatientFacts.model_validate({"overrides": wrong})
    paths = [problem.path for problem in caught.value.problems]
    assert paths == ["overrides[1].code", "overrides[3].code"]


# --- an override that counts --------------------------------------------------------------

HOLDING: list[tuple[str, dict[str, Any]]] = [
    ("PRG-01", {"pregnant": "yes"}),
    ("PED-01", {"age_years": 17}),
    ("HEP-01", {"liver_disease": "yes"}),
    (
        "OPI-03",
        {
            "opioids": {
                "status": "known",
                "exposures": [{"substance": "kratom", "last_taken": "2026-12-27"}],
            }
        },
    ),
    (
        "OPI-04",
        {
            "opioids": {
                "status": "known",
                "exposures": [{"substance": "Sublocade", "last_taken": "2026-06-01"}],
            }
        },
    ),
    ("SUR-01", {"planned_opioid": [{"on": "2027-01-06", "reason": "surgery"}]}),
]
CLEAR = changed(HELD, "patient.pregnant", "no")


def holding(facts: dict[str, Any], *override: dict[str, Any]) -> dict[str, Any]:
    patient = {**CLEAR["patient"], **facts, "overrides": list(override)}
    return {**CLEAR, "patient": patient}


@pytest.mark.parametrize(("code", "facts"), HOLDING, ids=lambda value: str(value)[:8])
def test_an_override_of_a_hold_clears_the_plan_and_leaves_the_verdict(
    code: str, facts: dict[str, Any]
) -> None:
    """P47, contract 4: the verdict stays hold, the status is cleared."""
    without = read(holding(facts))
    assert without.screening().verdict is Verdict.HOLD
    assert (without.screening().clears, without.plan().status) == (False, "draft")
    request = read(holding(facts, {**OVERRIDE, "code": code}))
    screening, plan = request.screening(), request.plan()
    assert screening.verdict is Verdict.HOLD
    assert screening.verdict.clears is False
    assert screening.clears is True
    assert plan.status == "cleared"
    assert screening.findings == without.screening().findings
    assert screening.basis == without.screening().basis
    (counted,) = screening.overrides
    assert (counted.code, counted.reason, counted.by, str(counted.on)) == (
        code,
        "specialist decision after counselling",
        "Dr B. Other",
        "2027-01-03",
    )
    assert plan.screening.overrides == screening.overrides


def test_the_override_is_listed_in_the_plan_and_in_its_screening() -> None:
    """O05, contract 4: whoever reads the JSON sees who decided, and over what."""
    document = json.loads(plan_json(read(overridden()).plan()))
    assert document["status"] == "cleared"
    assert document["screening"]["verdict"] == "hold"
    (listed,) = document["overrides"]
    assert listed == document["screening"]["overrides"][0]
    assert {name: listed[name] for name in OVERRIDE} == OVERRIDE
    assert listed["digest"] == document["screening"]["digest"]
    assert json.loads(plan_json(read(HELD).plan()))["overrides"] == []


def test_one_override_counts_for_every_finding_of_its_code_and_for_no_other() -> None:
    """O03: what is left un-overridden holds."""
    both = {"pregnant": "yes", "age_years": 17}
    pregnancy, childhood = OVERRIDE, {**OVERRIDE, "code": "PED-01"}
    for one in (pregnancy, childhood):
        assert read(holding(both, one)).screening().clears is False
        assert read(holding(both, one)).plan().status == "draft"
    assert read(holding(both, pregnancy, childhood)).plan().status == "cleared"


WORSE: list[dict[str, Any]] = [
    {"breastfeeding": "unknown"},
    {"medications": ["zzyzx"]},
    {"medications": ["codeine"]},
    {"opioid_dependence": "yes"},
    {"naltrexone_hypersensitivity": "yes"},
    {"conditions": ["opioid use disorder"]},
    {"liver_disease": "yes"},
    {"opioids": {"status": "known", "exposures": [{"substance": "methadone"}]}},
]


@pytest.mark.parametrize("facts", WORSE, ids=str)
def test_an_override_hides_nothing_else(facts: dict[str, Any]) -> None:
    """O03: a stop, what is unknown, or a second hold beside it is not cleared."""
    request = read(holding({"pregnant": "yes", **facts}, OVERRIDE))
    screening = request.screening()
    assert screening.overrides, "it counts for its own"
    assert screening.clears is False
    assert request.plan().status == "draft"


def test_an_override_does_not_clear_a_dose_that_is_stopped() -> None:
    """O03: nor one that only the plan judges, because the screening had no regimen."""
    patient = PatientFacts.model_validate(overridden()["patient"])
    high = Regimen.model_validate({"steps": [{"dose": "9 mg"}]})
    capsules = Capsules.model_validate({"form": "capsules", "strengths": ["4.5 mg"]})
    for given_regimen in (high, None):
        screening = screen(patient, START, given_regimen)
        plan = schedule(high, capsules, START, screening=screening)
        assert plan.status == "draft"
        assert plan.screening.verdict is Verdict.STOP


@pytest.mark.parametrize("code", HOLDS)
def test_an_override_of_what_is_not_held_does_not_count_and_is_told(code: str) -> None:
    """O05: it is not silently dropped."""
    assert_void(read(holding({}, {**OVERRIDE, "code": code})).screening())


# --- what it is bound to ---------------------------------------------------------------

DIGEST = read(HELD).screening().digest
BOUND = overridden(digest=DIGEST)
OTHERWISE: list[tuple[str, Any]] = [
    ("start", "2027-01-05"),
    ("start", "2027-01-04T08:00+01:00"),
    ("length_days", 36),
    ("length_days", None),
    ("time_of_day", "morning"),
    ("time_of_day", None),
    ("regimen", {"steps": [{"dose": "1.5 mg", "days": 13}, {"dose": "3 mg"}]}),
    ("regimen", {"steps": [{"dose": "1.5 mg", "days": 14}, {"dose": "4.5 mg"}]}),
    ("regimen", {"steps": [{"dose": "1.5 mg", "days": 14}]}),
    ("regimen", {**HELD["regimen"], "band": "standard"}),
    ("preparation", {"form": "capsules", "strengths": ["1.5 mg"]}),
    ("preparation", {"form": "capsules", "strengths": ["3 mg", "1.5 mg"], "filler": "cellulose"}),
    ("preparation", {"form": "tablets", "strengths": ["1.5 mg", "3 mg"]}),
    ("patient.name", "A. Patient"),
    ("patient.assessed_on", "2027-01-01"),
    ("patient.assessed_by", "Dr A. Examples"),
    (
        "patient.opioids",
        {"status": "known", "exposures": [{"substance": "kratom", "last_taken": "2020-01-01"}]},
    ),
    ("patient.opioid_dependence", "unknown"),
    ("patient.acute_withdrawal", "unknown"),
    ("patient.naltrexone_hypersensitivity", "unknown"),
    ("patient.other_naltrexone", "unknown"),
    ("patient.age_years", 45),
    ("patient.pregnant", "no"),
    ("patient.breastfeeding", "yes"),
    ("patient.liver_disease", "compensated"),
    ("patient.kidney_impairment", "mild"),
    ("patient.suicidal_ideation", "yes"),
    ("patient.medications", ["aspirin"]),
    ("patient.unrecognised_medicines_checked", "yes"),
    ("patient.conditions", ["asthma"]),
    ("patient.urine_opioid_screen", {"result": "negative", "on": "2027-01-02"}),
    ("patient.naloxone_challenge", {"result": "negative", "on": "2027-01-02"}),
    ("patient.planned_opioid", [{"on": "2027-06-01", "reason": "surgery"}]),
    ("patient.lactose_intolerance", "no"),
    ("patient.opioid_in_use", "no"),
    ("patient.liver_enzymes", "1"),
    ("patient.alcohol", "no"),
    ("patient.earlier_naltrexone", {"last_taken": "2027-01-01"}),
]


def test_the_changes_below_are_of_every_field() -> None:
    """P48: a field that is added later is tried too."""
    tried = {path for path, _ in OTHERWISE}
    facts = {f"patient.{name}" for name in PatientFacts.model_fields} - {"patient.overrides"}
    planned = {name for name in PlanRequest.model_fields if name not in {"schema_", "patient"}}
    assert tried == facts | planned - {"diary", "order"}


def test_an_override_with_the_right_digest_counts() -> None:
    """O01: the digest is that of the screening it was made for, whatever the override says."""
    screening = read(BOUND).screening()
    assert screening.digest == DIGEST
    assert (screening.clears, read(BOUND).plan().status) == (True, "cleared")
    again = json.loads(json.dumps(BOUND, indent=3, sort_keys=True))
    assert read(again).plan().status == "cleared", "spaces and order are no change"


@pytest.mark.hazard("O01")
@pytest.mark.parametrize(("path", "value"), OTHERWISE, ids=lambda value: str(value)[:30])
def test_any_change_of_the_request_or_the_facts_voids_it(path: str, value: Any) -> None:
    """O01, P48: each field in turn."""
    request = read(changed(BOUND, path, value))
    assert_void(request.screening())
    if path != "patient.pregnant":
        assert request.plan().status == "draft"


@given(st.integers(0, 63), st.sampled_from("0123456789abcdef"))
def test_any_changed_digit_of_the_digest_voids_it(place: int, digit: str) -> None:
    """O01: the digest is compared whole."""
    digest = DIGEST[:place] + digit + DIGEST[place + 1 :]
    screening = read(overridden(digest=digest)).screening()
    assert bool(screening.overrides) is (digest == DIGEST)


@given(st.text(st.sampled_from("ABC .-'äß鎮"), min_size=1, max_size=20).filter(str.strip))
def test_any_other_name_of_the_assessor_voids_it(name: str) -> None:
    """P48: every byte of a fact counts, but for spaces around it."""
    assert_void(read(changed(BOUND, "patient.assessed_by", name)).screening())


@pytest.mark.hazard("O01")
def test_another_knowledge_base_voids_it() -> None:
    """O01, P48: a rule that changed is a change."""
    site = 'schema = "ldn-titration/overlay/1"\nsite = "Example Hospital"\n'
    other = overlaid(site + '[[interval]]\nof = "methadone"\nmax_days = 21\n')
    request = read(BOUND)
    assert request.screening().clears
    assert_void(request.screening(other))
    assert request.plan(other).status == "draft"


def test_a_hold_that_a_site_made_of_a_caution_is_overridden_like_any_other() -> None:
    """W10: an overlay raises, and what it raised to a hold is a hold."""
    site = 'schema = "ldn-titration/overlay/1"\nsite = "Example Hospital"\n'
    other = overlaid(site + '[[severity]]\ncode = "LAC-01"\nat_least = "hold"\n')
    request = read(holding({"breastfeeding": "yes"}, {**OVERRIDE, "code": "LAC-01"}))
    assert request.plan(other).status == "cleared"
    assert request.screening(other).verdict is Verdict.HOLD
    assert_void(request.screening())


@pytest.mark.parametrize(("on", "counts"), [("2027-01-04", True), ("2027-01-05", False)])
def test_an_override_dated_after_the_start_does_not_count(on: str, counts: bool) -> None:
    """O04: a decision is not made after the fact."""
    request = read(overridden(on=on))
    assert bool(request.screening().overrides) is counts
    assert request.plan().status == ("cleared" if counts else "draft")
    if not counts:
        assert_void(request.screening())


@pytest.mark.hazard("O04")
@pytest.mark.parametrize(("on", "counts"), [("2026-12-26", False), ("2026-12-27", True)])
def test_an_override_dated_before_the_last_opioid_does_not_count(on: str, counts: bool) -> None:
    """O04: nobody weighed a dose that was not yet taken. Seven days lie between, ten are asked."""
    taken = {"substance": "oxycodone", "release": "immediate", "last_taken": "2026-12-27"}
    told = {**HELD["patient"], "pregnant": "no"}
    told["opioids"] = {"status": "known", "exposures": [taken]}
    told["overrides"] = [{**OVERRIDE, "code": "OPI-03", "on": on}]
    screening = read({**HELD, "patient": told}).screening()
    assert "OPI-03" in codes(screening)
    assert bool(screening.overrides) is counts
    void = [finding.message for finding in screening.findings if finding.code == "OVR-01"]
    assert ["it is dated before the last opioid" in words for words in void] == [True] * (
        not counts
    )


# --- a screening that is used for another plan -------------------------------------------

REQUEST = read(overridden())


def planned(screening: Screening, **other: Any) -> Plan:
    """The plan of the request with this screening, but for what is another."""
    parts: dict[str, Any] = {
        "regimen": REQUEST.titration(),
        "preparation": REQUEST.preparation,
        "days": 35,
        "start": "2027-01-04",
        **other,
    }
    regimen, preparation, start = (parts.pop(n) for n in ("regimen", "preparation", "start"))
    return schedule(regimen, preparation, start, screening=screening, **parts)


OTHER_PLANS: list[dict[str, Any]] = [
    {"days": 36},
    {"days": None},
    {"regimen": Regimen.model_validate({"steps": [{"dose": "3 mg"}]})},
    {"regimen": REQUEST.titration().changed(time_of_day="morning")},
    {"regimen": REQUEST.titration().changed(band="standard")},
    {"preparation": Capsules.model_validate({"form": "capsules", "strengths": ["1.5 mg"]})},
    {"start": "2027-01-04T08:00+01:00"},
]


@pytest.mark.parametrize("other", OTHER_PLANS, ids=lambda other: next(iter(other)))
def test_a_screening_that_is_used_for_another_plan_makes_a_draft(other: dict[str, Any]) -> None:
    """O01: bound to the plan it was made for."""
    screening = REQUEST.screening()
    assert planned(screening).status == "cleared"
    plan = planned(screening, **other)
    assert plan.status == "draft"
    assert_void(plan.screening)
    assert plan.screening.verdict is Verdict.HOLD


@pytest.mark.parametrize(
    "screened_with",
    [
        {},
        {"regimen": REQUEST.titration()},
        {"regimen": REQUEST.titration(), "preparation": REQUEST.preparation},
    ],
    ids=["a start", "a regimen", "a preparation"],
)
def test_an_override_of_less_than_a_plan_clears_no_plan(screened_with: dict[str, Any]) -> None:
    """O01: what it was not made for, it does not count for."""
    screening = screen(REQUEST.patient, START, **screened_with)
    plans = [planned(screening, days=days) for days in (35, 300)]
    assert [plan.status for plan in plans].count("cleared") < 2


def test_a_screening_is_not_given_the_override_of_another() -> None:
    """O01, C02: an override is bound by its digest to the screening in which it stands."""
    (copied,) = REQUEST.screening().overrides
    other = read(changed(HELD, "patient.age_years", 45)).screening()
    assert copied.digest != other.digest
    ways = [
        lambda: other.changed(overrides=(copied,)),
        lambda: Screening(**{**dict(other), "overrides": (copied,)}),
        lambda: other.model_copy(update={"overrides": (copied,)}),
    ]
    for way in ways:
        with pytest.raises(InvalidInputError):
            way()


def test_a_screening_with_an_override_reads_back_from_json() -> None:
    """Contract 1: and it still clears, for its own plan only."""
    screening = REQUEST.screening()
    again = Screening.model_validate_json(screening.model_dump_json())
    assert again == screening
    assert planned(again).status == "cleared"
    assert planned(again, days=36).status == "draft"
    patient = PatientFacts.model_validate_json(REQUEST.patient.model_dump_json())
    assert patient == REQUEST.patient


@pytest.mark.hazard("O03")
def test_a_stop_cannot_be_listed_as_overridden() -> None:
    """O03: no such constructor."""
    stopped = screen(known_facts(opioid_dependence="yes", pregnant="yes"), START)
    for code in ("OPI-06", "PED-01"):
        with pytest.raises(InvalidInputError):
            stopped.changed(overrides=(Override(**{**OVERRIDE, "code": code, "on": START}),))
    bound = Override(**{**OVERRIDE, "on": START, "digest": stopped.digest})
    counted = stopped.changed(overrides=(bound,))
    assert counted.clears is False


# --- every face shows it ------------------------------------------------------------------

SHOWN = overridden(reason='"risk" & <b>benefit</b> weighed', by="Dr O'Neil")


class Words(HTMLParser):
    """The text of a page, without its style."""

    def __init__(self) -> None:
        super().__init__()
        self.text = ""
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        if self.tags[-1:] != ["style"]:
            self.text += data


def one_line(text: str) -> str:
    return " ".join(text.split())


def assert_tells_all(text: str) -> None:
    """Code, author, day, reason, and the verdict underneath."""
    words = one_line(text)
    for part in ("PRG-01", "Dr O'Neil", "2027-01-03", '"risk" & <b>benefit</b> weighed'):
        assert part in words
    assert "HOLD" in words
    assert "DRAFT" not in words


@pytest.mark.hazard("O05")
def test_text_and_html_name_the_override_and_the_verdict() -> None:
    """O05: whoever reads a printed plan sees that a hold was overridden, by whom and why."""
    request = read(SHOWN)
    plan = request.plan()
    assert_tells_all(plan_text(plan))
    assert_tells_all(screening_text(request.screening()))
    page = Words()
    page.feed(plan_html(plan, patient=request.patient))
    assert_tells_all(page.text)
    plain = Words()
    plain.feed(plan_html(read(overridden()).plan(), patient=read(overridden()).patient))
    assert page.tags == plain.tags, "the reason is escaped"
    assert "HOLD OVERRIDDEN" in page.text


def run(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes], request: Any, *more: str
) -> tuple[int, bytes, str]:
    path = tmp_path / "request.json"
    path.write_text(json.dumps(request))
    code = main([more[0] if more else "plan", str(path), *more[1:]])
    out, err = capfdbinary.readouterr()
    return code, out, err.decode()


@pytest.mark.parametrize("face", ["text", "json", "html", "csv"])
def test_the_command_writes_a_plan_with_a_valid_override(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes], face: str
) -> None:
    """O05, contract 2 and 4: exit 0, and each face tells of it."""
    code, out, err = run(tmp_path, capfdbinary, SHOWN, "plan", "--format", face)
    assert (code, err) == (0, "")
    text = out.decode()
    if face == "text":
        assert_tells_all(text)
    elif face == "html":
        page = Words()
        page.feed(text)
        assert_tells_all(page.text)
    elif face == "json":
        document = json.loads(text)
        assert document["overrides"][0]["by"] == "Dr O'Neil"
        assert (document["status"], document["screening"]["verdict"]) == ("cleared", "hold")
    else:
        rows = list(csv.DictReader(io.StringIO(text)))
        assert len(rows) == 35
        for row in rows:
            assert (row["status"], row["verdict"]) == ("cleared", "hold")
            assert "PRG-01" in row["overrides"]
            assert "Dr O'Neil" in row["overrides"]


@pytest.mark.parametrize("face", ["text", "json", "html", "csv"])
def test_the_command_writes_no_plan_with_a_void_override(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes], face: str
) -> None:
    """P48, contract 2: exit 3 and the findings; with --draft a plan that is marked."""
    void = overridden(digest="0" * 64)
    code, out, err = run(tmp_path, capfdbinary, void, "plan", "--format", face)
    assert (code, out) == (3, b"")
    assert "OVR-01" in err
    assert "PRG-01" in err
    code, out, _ = run(tmp_path, capfdbinary, void, "plan", "--format", face, "--draft")
    assert code == 0
    assert b"OVERRIDDEN" not in out
    if face == "csv":
        rows = list(csv.DictReader(io.StringIO(out.decode())))
        assert {(row["status"], row["overrides"]) for row in rows} == {("draft", "")}
    elif face == "json":
        document = json.loads(out)
        assert (document["status"], document["overrides"]) == ("draft", [])
    else:
        assert b"DRAFT" in out


@pytest.mark.parametrize("code", ["OPI-01", "FACT-01", "XXX-01"])
def test_the_command_refuses_a_forbidden_override_by_its_path(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes], code: str
) -> None:
    """O03, contract 2: exit 2, also with --draft, and nothing is written."""
    for more in ([], ["--draft"]):
        done = run(tmp_path, capfdbinary, overridden(code=code), "plan", *more)
        assert done[:2] == (2, b"")
        assert "patient.overrides[0].code" in done[2]


def test_the_command_screens_with_an_override(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    """Contract 2: exit 0, the verdict hold, and the digest that an override is bound to."""
    code, out, _ = run(tmp_path, capfdbinary, SHOWN, "screen", "--format", "json")
    told = json.loads(out)
    assert (code, told["verdict"], told["overrides"][0]["code"]) == (0, "hold", "PRG-01")
    code, out, _ = run(tmp_path, capfdbinary, HELD, "screen", "--format", "json")
    assert (code, json.loads(out)["digest"]) == (3, DIGEST)
    code, out, _ = run(tmp_path, capfdbinary, HELD, "screen", "--format", "text")
    assert (code, DIGEST in one_line(out.decode()).replace(" ", "")) == (3, True)
    code, out, _ = run(tmp_path, capfdbinary, overridden(digest=told["digest"]), "screen")
    assert code == 0
