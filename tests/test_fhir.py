"""The FHIR export, directly: figures worked out by hand, and what our models refuse."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from decimal import Decimal
from typing import Any

import pytest
from fhir.resources.R4B.bundle import Bundle as ForeignBundle

from conftest import ROOT
from ldn_titration import (
    Capsules,
    Drops,
    InvalidInputError,
    OralSolution,
    Plan,
    Regimen,
    schedule,
    screen,
)
from ldn_titration.export.fhir import plan_fhir
from ldn_titration.fhir.json import fhir_json, fhir_read
from ldn_titration.fhir.resources import Bundle
from ldn_titration.request import read_request
from ldn_titration.testing import known_facts
from readers import fhir_tree

MONDAY = "2027-01-04"
CAPSULES = Capsules(strengths=["1.5 mg", "3 mg"], beyond_use_days=180)
LIQUID = OralSolution(concentration="1 mg/mL", graduation="0.1 mL")
TWO_STEPS = Regimen(steps=[{"dose": "1.5 mg", "days": 7}, {"dose": "3.0 mg", "days": 7}])
Json = dict[str, Any]


def resources(plan: Plan, kind: str = "MedicationRequest") -> list[Json]:
    found = [entry["resource"] for entry in fhir_tree(plan_fhir(plan))["entry"]]
    return [resource for resource in found if resource["resourceType"] == kind]


def request_of(plan: Plan) -> Json:
    (request,) = resources(plan)
    return request


def words_of(plan: Plan) -> list[tuple[int, str]]:
    return [(d["sequence"], d["text"]) for r in resources(plan) for d in r["dosageInstruction"]]


def one_step(preparation: Any, days: int = 7, **step: Any) -> Plan:
    return schedule(Regimen(steps=[{"days": days, **step}]), preparation, MONDAY)


def cleared(regimen: Regimen, preparation: Any) -> Plan:
    return schedule(regimen, preparation, MONDAY, screening=screen(known_facts(), MONDAY, regimen))


# --- a whole bundle -------------------------------------------------------------------


def mg(value: str) -> list[Json]:
    dose = {"value": Decimal(value), "unit": "mg", "system": UCUM, "code": "mg"}
    return [{"doseQuantity": dose}]


UCUM = "http://unitsofmeasure.org"
NOBODY = {"display": "The patient of this plan, not named here"}


def test_a_whole_bundle_is_as_written_by_hand() -> None:
    """B270, B271: one step of 0.25 mg and one of 3.0 mg, whose value is 3; one finding."""
    regimen = Regimen(steps=[{"dose": "0.25 mg", "days": 7}, {"dose": "3.0 mg", "days": 7}])
    plan = cleared(regimen, OralSolution(concentration="1 mg/mL", graduation="0.05 mL"))
    text = plan_fhir(plan)
    tree = json.loads(text, parse_float=Decimal, parse_int=Decimal)
    (request, issue), known = [entry["resource"] for entry in tree["entry"]], plan.screening
    urls = [entry.pop("fullUrl") for entry in tree["entry"]]
    assert urls == [f"urn:uuid:{resource['id']}" for resource in (request, issue)]
    source = json.loads(request["extension"][0].pop("valueString"))
    assert source["start"] == "2027-01-04"
    assert [step["dose"] for step in source["regimen"]["steps"]] == ["0.25 mg", "3 mg"]
    evidence = [each["code"][0]["text"] for each in issue.pop("evidence")]
    assert evidence[0] == "regimen: 0.25 mg x 7, 3 mg x 7 (a day x days), band low"
    assert len(evidence) > 1
    assert {name: tree[name] for name in ("resourceType", "type")} == {
        "resourceType": "Bundle",
        "type": "collection",
    }
    assert request == {
        "resourceType": "MedicationRequest",
        "id": urls[0].removeprefix("urn:uuid:"),
        "extension": [{"url": "urn:ldn-titration:plan-source"}],
        "status": "draft",
        "intent": "proposal",
        "medicationCodeableConcept": {
            "coding": [
                {
                    "system": "http://www.nlm.nih.gov/research/umls/rxnorm",
                    "code": "7243",
                    "display": "naltrexone",
                }
            ],
            "text": "naltrexone hydrochloride: 1 mg/mL, on a syringe with marks of 0.05 mL",
        },
        "subject": NOBODY,
        "note": [
            {"text": "Plan: cleared. Screening: CLEAR for a start on 2027-01-04."},
            {"text": "Doses are of naltrexone hydrochloride."},
            {
                "text": f"Knowledge base {known.knowledge.version}, sha256 "
                f"{known.knowledge.sha256}. The knowledge base is not yet clinically reviewed."
            },
        ],
        "dosageInstruction": [
            {
                "sequence": n,
                "text": f"Take {take} once a day, from {first} to {last}",
                "timing": {
                    "repeat": {
                        "boundsPeriod": {"start": first, "end": last},
                        "frequency": 1,
                        "period": 1,
                        "periodUnit": "d",
                    }
                },
                "asNeededBoolean": False,
                "route": {"text": "oral"},
                "doseAndRate": mg(dose),
            }
            for n, take, dose, first, last in (
                (1, "0.25 mL (0.25 mg)", "0.25", "2027-01-04", "2027-01-10"),
                (2, "3 mL (3 mg)", "3", "2027-01-11", "2027-01-17"),
            )
        ],
        "detectedIssue": [{"reference": urls[1]}],
    }
    assert issue == {
        "resourceType": "DetectedIssue",
        "id": urls[1].removeprefix("urn:uuid:"),
        "status": "preliminary",
        "code": {
            "coding": [{"system": "urn:ldn-titration:finding", "code": "DOS-02"}],
            "text": "DOS-02",
        },
        "severity": "low",
        "patient": NOBODY,
        "implicated": [{"reference": urls[0]}],
        "detail": "INFO: Step 2 adds 2.75 mg a day, more than 1.5 mg. The largest increment of "
        "a low-dose titration that is cited here.",
        "mitigation": [{"action": {"text": "Check that this is meant."}}],
    }
    assert '"value": 0.25,' in text
    assert '"value": 3,' in text


def test_every_finding_is_an_issue_with_its_basis() -> None:
    """B275: a plan that is not cleared stays a draft proposal, and what was found goes with it."""
    plan = schedule(TWO_STEPS, CAPSULES, MONDAY)
    (request,), issues = resources(plan), resources(plan, "DetectedIssue")
    findings = plan.screening.findings
    assert len(issues) == len(findings) > 5
    assert (request["status"], request["intent"]) == ("draft", "proposal")
    assert request["note"][0]["text"].startswith("Plan: draft. Screening: INSUFFICIENT")
    named = [each["reference"].removeprefix("urn:uuid:") for each in request["detectedIssue"]]
    assert named == [issue["id"] for issue in issues]
    for issue, found in zip(issues, findings, strict=True):
        assert issue["code"]["text"] == found.code
        assert issue["detail"] == f"{str(found.severity).upper()}: {found.message}"
        assert issue["mitigation"][0]["action"]["text"] == found.action
        said = [each["code"][0]["text"] for each in issue["evidence"]]
        inputs = {n: v for rule in plan.screening.basis if rule.code == found.code
                  for n, v in rule.inputs}  # fmt: skip
        assert {f"{name}: {value}" for name, value in inputs.items()} <= set(said)
        assert len(said) >= len(inputs) + len(found.sources)
    high = {i["severity"] for i in issues if i["detail"].startswith("INSUFFICIENT")}
    assert high == {"high"}


# --- doses ----------------------------------------------------------------------------


def test_drops_are_told_beside_the_mass() -> None:
    """B273: the dose in mg; the drops in the text and an extension, and they agree."""
    drops = Drops(concentration="5 mg/mL", drops_per_mL=20)
    (dosage,) = request_of(one_step(drops, dose="4.5 mg"))["dosageInstruction"]
    assert dosage["doseAndRate"] == mg("4.5")
    assert dosage["extension"] == [{"url": "urn:ldn-titration:drops", "valueInteger": 18}]
    assert dosage["text"].startswith("Take 18 drops (0.9 mL, 4.5 mg) once a day")


@pytest.mark.parametrize(
    ("preparation", "dose", "value", "unit", "code"),
    [
        # 1/12 mg in one drop of 1/12 mL: no decimal at all, so the drop is counted.
        (Drops(concentration="1 mg/mL", drops_per_mL=12), "1/12 mg", "1", "drop", "{drop}"),
        # 5/3 mL of 3 mg/mL are 5 mg.
        (OralSolution(concentration="3 mg/mL", graduation="1/3 mL"), "5 mg", "5", "mg", "mg"),
        # 1/3 mg of 1/3 mg/mL is 1 mL.
        (OralSolution(concentration="1/3 mg/mL", graduation="1 mL"), "1/3 mg", "1", "mL", "mL"),
        (OralSolution(concentration="10 mcg/mL", graduation="0.1 mL"), "50 mcg", "50", "mcg", "ug"),
    ],
)
def test_a_dose_is_told_in_the_first_unit_that_has_it_exactly(
    preparation: Any, dose: str, value: str, unit: str, code: str
) -> None:
    (dosage,) = request_of(one_step(preparation, dose=dose))["dosageInstruction"]
    assert dosage["doseAndRate"] == [
        {"doseQuantity": {"value": Decimal(value), "unit": unit, "system": UCUM, "code": code}}
    ]


def test_a_dose_that_no_decimal_holds_is_refused() -> None:
    thirds = Capsules(strengths=["1/3 mg"])
    with pytest.raises(InvalidInputError, match=r"^plan\.steps\[0\]\.dose: 1/3 mg is no decimal"):
        plan_fhir(one_step(thirds, dose="1/3 mg"))


def test_several_doses_a_day_are_one_dosage_or_one_each() -> None:
    """Equal doses without a time are a frequency; doses with times share a sequence."""
    assert words_of(one_step(LIQUID, dose="1 mg", doses_per_day=3)) == [
        (1, "Take 1 mL (1 mg) 3 times a day, from 2027-01-04 to 2027-01-10")
    ]
    timed = {"doses": {"morning": "1 mg", "bedtime": "2 mg"}, "days": 3}
    plan = schedule(Regimen(steps=[timed, {"dose": "2 mg", "days": 1}]), LIQUID, MONDAY)
    assert words_of(plan) == [
        (1, "Take 1 mL (1 mg) once a day in the morning, from 2027-01-04 to 2027-01-06"),
        (1, "Take 2 mL (2 mg) once a day at bedtime, from 2027-01-04 to 2027-01-06"),
        (2, "Take 2 mL (2 mg) once a day, from 2027-01-07 to 2027-01-07"),
    ]
    whens = [d["timing"]["repeat"].get("when") for d in request_of(plan)["dosageInstruction"]]
    assert whens == [["MORN"], ["HS"], None]
    at = schedule(TWO_STEPS.model_copy(update={"time_of_day": "21:30"}), LIQUID, MONDAY)
    repeat = request_of(at)["dosageInstruction"][0]["timing"]["repeat"]
    assert (repeat["timeOfDay"], "when" in repeat) == (["21:30:00"], False)


def test_days_on_and_off_are_a_period_or_a_dosage_a_turn() -> None:
    other = {"days_on": 1, "days_off": 1}
    assert words_of(one_step(LIQUID, 8, dose="1 mg", cycle=other)) == [
        (1, "Take 1 mL (1 mg) every other day, from 2027-01-04 to 2027-01-11")
    ]
    third = {"days_on": 1, "days_off": 2}
    plan = one_step(LIQUID, 7, dose="1 mg", cycle=third)
    assert words_of(plan) == [(1, "Take 1 mL (1 mg) every 3 days, from 2027-01-04 to 2027-01-10")]
    assert request_of(plan)["dosageInstruction"][0]["timing"]["repeat"]["period"] == 3
    turns = {"days_on": 3, "days_off": 3}
    assert words_of(one_step(LIQUID, 10, dose="1 mg", cycle=turns)) == [
        (1, "Take 1 mL (1 mg) once a day, from 2027-01-04 to 2027-01-06"),
        (2, "Take 1 mL (1 mg) once a day, from 2027-01-10 to 2027-01-12"),
    ]


def test_what_happened_is_told_with_its_dosage() -> None:
    held = {"event": "held", "on": "2027-01-06", "days": 2, "reason": "insomnia"}
    check = [{"dose": "1 mg", "days": 4}, {"dose": "2 mg", "days": 4, "only_if": "1 mg is borne"}]
    plan = schedule(Regimen(steps=check), LIQUID, MONDAY, diary=[held])
    told = [
        [words["text"] for words in dosage.get("additionalInstruction", [])]
        for dosage in request_of(plan)["dosageInstruction"]
    ]
    assert told == [[], ["held 2 days from 6 Jan 2027: insomnia"], [], ["Only if 1 mg is borne"]]


# --- supply ---------------------------------------------------------------------------


def test_the_supply_is_for_the_days_with_a_dose() -> None:
    """16 days of 1 mg, then an opioid that is still taken: no dose to the end of 40 days."""
    taken = {"event": "opioid", "on": "2027-01-20"}
    taken["exposure"] = {"substance": "oxycodone", "ongoing": True}
    regimen = Regimen(steps=[{"dose": "1 mg"}])
    plan = schedule(regimen, Capsules(strengths=["1 mg"]), MONDAY, days=40, diary=[taken])
    told = request_of(plan)["dispenseRequest"]
    assert told["quantity"]["value"] == 16
    assert told["expectedSupplyDuration"]["value"] == 16
    assert told["validityPeriod"] == {"start": "2027-01-04", "end": "2027-01-19"}


def test_bottles_are_a_dispense_and_its_repeats() -> None:
    """The issue's 18 weeks of drops: ten bottles of 10 mL, each within 14 days: 9 repeats."""
    request = read_request((ROOT / "examples" / "drops-18-weeks.json").read_bytes())
    assert request_of_cleared(request.plan())["dispenseRequest"] == {
        "validityPeriod": {"start": "2027-01-04", "end": "2027-05-09"},
        "numberOfRepeatsAllowed": 9,
        "quantity": {"value": 10, "unit": "mL", "system": UCUM, "code": "mL"},
    }


def request_of_cleared(plan: Plan) -> Json:
    return resources(plan)[0]


def test_capsules_are_told_by_strength() -> None:
    """Seven days of 1.5 mg and seven of 4.5 mg: 14 capsules of 1.5 mg and 7 of 3 mg."""
    regimen = Regimen(steps=[{"dose": "1.5 mg", "days": 7}, {"dose": "4.5 mg", "days": 7}])
    dispense = request_of_cleared(schedule(regimen, CAPSULES, MONDAY))["dispenseRequest"]
    assert [each["valueQuantity"]["value"] for each in dispense["extension"]] == [7, 14]
    units = [each["valueQuantity"]["unit"] for each in dispense["extension"]]
    assert units == ["capsules of 3 mg", "capsules of 1.5 mg"]
    assert (dispense["quantity"]["value"], dispense["quantity"]["unit"]) == (21, "capsules")
    assert (dispense["expectedSupplyDuration"]["value"], dispense["numberOfRepeatsAllowed"]) == (
        14,
        0,
    )
    assert "dispenseRequest" not in request_of_cleared(one_step(LIQUID, dose="1 mg"))


def test_a_switch_makes_a_request_for_each_preparation() -> None:
    """Four days of capsules, then ten of the liquid: 3 of 1.5 mg and 7 of 3 mg are 25.5 mL."""
    liquid = {
        "form": "oral_solution",
        "concentration": "1 mg/mL",
        "graduation": "0.1 mL",
        "beyond_use_days": 30,
    }
    switched = {"event": "switched", "on": "2027-01-08", "preparation": liquid}
    plan = schedule(TWO_STEPS, CAPSULES, MONDAY, diary=[switched])
    first, second = resources(plan)
    assert [d["text"] for d in first["dosageInstruction"]] == [
        "Take 1 capsule of 1.5 mg (1.5 mg) once a day, from 2027-01-04 to 2027-01-07"
    ]
    assert [(d["sequence"], d["text"]) for d in second["dosageInstruction"]] == [
        (1, "Take 1.5 mL (1.5 mg) once a day, from 2027-01-08 to 2027-01-10"),
        (2, "Take 3 mL (3 mg) once a day, from 2027-01-11 to 2027-01-17"),
    ]
    assert first["dispenseRequest"]["quantity"]["value"] == 4
    assert second["dispenseRequest"]["quantity"]["value"] == Decimal("25.5")
    issue = resources(plan, "DetectedIssue")[0]
    ids = [each["reference"].removeprefix("urn:uuid:") for each in issue["implicated"]]
    assert ids == [first["id"], second["id"]]


# --- identifiers, patients ------------------------------------------------------------


def ids(text: str) -> list[str]:
    tree = fhir_tree(text)
    return [tree["id"], *(entry["resource"]["id"] for entry in tree["entry"])]


def test_identifiers_stay_and_are_no_other_plans() -> None:
    """The same on a re-export and when the diary grows; others for a plan or patient of its own."""
    plan = schedule(TWO_STEPS, CAPSULES, MONDAY)
    missed = schedule(TWO_STEPS, CAPSULES, MONDAY, diary=[{"event": "missed", "on": "2027-01-05"}])
    own = ids(plan_fhir(plan))
    assert ids(plan_fhir(schedule(TWO_STEPS, CAPSULES, MONDAY))) == own
    assert ids(plan_fhir(missed))[:2] == own[:2]
    assert len(set(own)) == len(own)
    others = [
        ids(plan_fhir(schedule(TWO_STEPS, CAPSULES, "2027-01-05"))),
        ids(plan_fhir(schedule(TWO_STEPS, LIQUID, MONDAY))),
        ids(plan_fhir(plan, patient="Patient/1")),
        ids(plan_fhir(plan, patient="Patient/2")),
    ]
    for other in others:
        assert not set(other) & set(own)
    assert not set(others[2]) & set(others[3])


def test_nobody_is_named_unless_a_patient_is_referred_to() -> None:
    plan = schedule(TWO_STEPS, CAPSULES, MONDAY)
    tree = fhir_tree(plan_fhir(plan, patient="Patient/1"))
    subjects = [e["resource"].get("subject") or e["resource"]["patient"] for e in tree["entry"]]
    assert all(subject == {"reference": "Patient/1"} for subject in subjects)
    for wrong in ("Group/1", "A. Example", "urn:uuid:"):
        with pytest.raises(InvalidInputError, match="reference"):
            plan_fhir(plan, patient=wrong)


# --- what is read ---------------------------------------------------------------------

SOUND = fhir_tree(plan_fhir(schedule(TWO_STEPS, CAPSULES, MONDAY)))
REQUEST = "entry[0].resource"
DOSAGE = f"{REQUEST}.dosageInstruction[0]"


def fault(path: str, value: Any) -> Callable[[Json], None]:
    """Puts a value at a path such as "entry.0.resource.status"; None takes it away."""

    def make(tree: Json) -> None:
        *way, last = [int(part) if part.isdigit() else part for part in path.split(".")]
        place: Any = tree
        for part in way:
            place = place[part]
        if value is None:
            del place[last]
        else:
            place[last] = value

    return make


def overlap(tree: Json) -> None:
    step = tree["entry"][0]["resource"]["dosageInstruction"][1]
    step["timing"]["repeat"]["boundsPeriod"]["start"] = "2027-01-10"
    step["text"] = step["text"].replace("2027-01-11", "2027-01-10")


def _repeat(tree: Json) -> Json:
    repeat: Json = tree["entry"][0]["resource"]["dosageInstruction"][0]["timing"]["repeat"]
    return repeat


R, D = "entry.0.resource.", "entry.0.resource.dosageInstruction."
Q = f"{D}0.doseAndRate.0.doseQuantity."
FAULTY: dict[str, tuple[Callable[[Json], None], str]] = {
    # B276: never an order, never active.
    "intent order": (fault(f"{R}intent", "order"), f"{REQUEST}.intent"),
    "intent plan": (fault(f"{R}intent", "plan"), f"{REQUEST}.intent"),
    "status active": (fault(f"{R}status", "active"), f"{REQUEST}.status"),
    "no status": (fault(f"{R}status", None), f"{REQUEST}.status"),
    "another dose in words": (
        fault(f"{D}0.text", "Take 15 mg once a day, from 2027-01-04 to 2027-01-10"),
        f"{DOSAGE}.text",
    ),
    "ten times the dose": (fault(f"{Q}value", 15), f"{DOSAGE}.text"),
    "tenfold in words by one digit": (
        fault(
            f"{D}0.text",
            "Take 1 capsule of 11.5 mg (11.5 mg) once a day, from 2027-01-04 to 2027-01-10",
        ),
        f"{DOSAGE}.text",
    ),
    "another last day": (
        fault(f"{D}0.timing.repeat.boundsPeriod.end", "2027-01-09"),
        f"{DOSAGE}.text",
    ),
    "twice a day": (fault(f"{D}0.timing.repeat.frequency", 2), f"{DOSAGE}.text"),
    "every other day": (fault(f"{D}0.timing.repeat.period", 2), f"{DOSAGE}.text"),
    "code mL of mg": (fault(f"{Q}code", "mL"), f"{DOSAGE}.doseAndRate[0].doseQuantity.code"),
    "code mcg": (fault(f"{Q}code", "mcg"), f"{DOSAGE}.doseAndRate[0].doseQuantity.code"),
    "code MG": (fault(f"{Q}code", "MG"), f"{DOSAGE}.doseAndRate[0].doseQuantity.code"),
    "no unit": (fault(f"{Q}unit", None), f"{DOSAGE}.doseAndRate[0].doseQuantity.unit"),
    "dose as text": (fault(f"{Q}value", "1.5"), f"{DOSAGE}.doseAndRate[0].doseQuantity.value"),
    "dose nought": (fault(f"{Q}value", 0), f"{DOSAGE}.doseAndRate[0].doseQuantity.value"),
    "overlapping steps": (overlap, f"{REQUEST}.dosageInstruction"),
    "a gap in sequence": (fault(f"{D}1.sequence", 3), f"{REQUEST}.dosageInstruction"),
    "sequence from nought": (fault(f"{D}0.sequence", 0), f"{DOSAGE}.sequence"),
    "wrong order": (
        lambda tree: tree["entry"][0]["resource"]["dosageInstruction"].reverse(),
        f"{REQUEST}.dosageInstruction",
    ),
    "two doses": (
        lambda tree: tree["entry"][0]["resource"]["dosageInstruction"][0]["doseAndRate"].append(
            mg("3")[0]
        ),
        f"{DOSAGE}.doseAndRate",
    ),
    "a range of doses": (
        fault(f"{D}0.doseAndRate.0.doseRange", {"low": {"value": 1}}),
        f"{DOSAGE}.doseAndRate[0].doseRange",
    ),
    "as needed": (fault(f"{D}0.asNeededBoolean", True), f"{DOSAGE}.asNeededBoolean"),
    "no timing": (fault(f"{D}0.timing", None), f"{DOSAGE}.timing"),
    "backwards": (
        fault(f"{D}0.timing.repeat.boundsPeriod.end", "2027-01-03"),
        f"{DOSAGE}.timing.repeat.boundsPeriod.end",
    ),
    "an issue that is not here": (
        fault(f"{R}detectedIssue.0.reference", "urn:uuid:00000000-0000-5000-8000-000000000000"),
        "entry[0]",
    ),
    "a request that is not here": (
        fault(
            "entry.1.resource.implicated.0.reference",
            "urn:uuid:" + "0" * 8 + "-0000" * 3 + "-" + "0" * 12,
        ),
        "entry[1]",
    ),
    "the same name twice": (
        lambda tree: tree["entry"][1].update(fullUrl=tree["entry"][0]["fullUrl"]),
        "entry",
    ),
    "a bell in a note": (fault(f"{R}note.0.text", "Plan\x07"), f"{REQUEST}.note[0].text"),
    "a note that says nothing": (fault(f"{R}note.0.text", " "), f"{REQUEST}.note[0].text"),
    "nobody": (fault(f"{R}subject", {}), f"{REQUEST}.subject"),
    "several doses in two days": (
        lambda tree: _repeat(tree).update(period=2, frequency=2),
        f"{DOSAGE}.timing.repeat.period",
    ),
    "two times of one dose": (
        lambda tree: _repeat(tree).update(timeOfDay=["08:00:00", "20:00:00"]),
        f"{DOSAGE}.timing.repeat.frequency",
    ),
    "one step on other days": (fault(f"{D}1.sequence", 1), f"{REQUEST}.dosageInstruction"),
    "supply in weeks": (
        fault(f"{R}dispenseRequest.expectedSupplyDuration.code", "wk"),
        f"{REQUEST}.dispenseRequest.expectedSupplyDuration.code",
    ),
    "no entry": (fault("entry", []), "entry"),
    "not performed": (fault(f"{R}doNotPerform", True), f"{REQUEST}.doNotPerform"),
    "an unknown modifier": (
        fault(f"{R}modifierExtension", [{"url": "urn:x", "valueString": "not"}]),
        f"{REQUEST}.modifierExtension",
    ),
    "of another kind": (fault(f"{R}resourceType", "MedicationStatement"), "entry[0].resource"),
    "a searchset": (fault("type", "searchset"), "type"),
}


def test_the_sound_bundle_is_read_and_written_the_same() -> None:
    read = fhir_read(Bundle, deepcopy(SOUND))
    assert fhir_tree(fhir_json(read)) == SOUND


@pytest.mark.parametrize("name", FAULTY)
def test_each_fault_in_a_bundle_is_refused_by_its_path(name: str) -> None:
    make, path = FAULTY[name]
    tree = deepcopy(SOUND)
    make(tree)
    assert tree != SOUND
    with pytest.raises(InvalidInputError) as caught:
        fhir_read(Bundle, tree)
    paths = [problem.path for problem in caught.value.problems]
    assert path in paths, paths


# --- a reader of others ---------------------------------------------------------------

PLANNED = [
    *(ROOT / "examples" / f"{name}.json" for name in ("drops-18-weeks", "living-plan")),
    ROOT / "examples" / "alternate-days-with-checks.json",
    *(
        ROOT / "tests" / "cases" / name / "request.json"
        for name in ("twice-daily-named", "tablet-halves-down", "micrograms", "overridden-hold")
    ),
]


@pytest.mark.parametrize("path", PLANNED, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_fhir_resources_accepts_what_is_written(path: Any) -> None:
    text = plan_fhir(read_request(path.read_bytes()).plan())
    foreign = ForeignBundle.model_validate_json(text)
    doses = [
        dosage.doseAndRate[0].doseQuantity.value
        for entry in foreign.entry
        if type(entry.resource).__name__ == "MedicationRequest"
        for dosage in entry.resource.dosageInstruction
    ]
    ours = [
        dosage["doseAndRate"][0]["doseQuantity"]["value"]
        for entry in fhir_tree(text)["entry"]
        for dosage in entry["resource"].get("dosageInstruction", [])
    ]
    assert doses == ours


# --- what cannot be said in FHIR, or not simply ---------------------------------------


def test_two_doses_every_other_day_are_told_day_by_day() -> None:
    """ "2 times in 2 days" would not tell on which of them, so each dose day is a dosage."""
    cycle = {"days_on": 1, "days_off": 1}
    plan = one_step(LIQUID, 5, dose="1 mg", doses_per_day=2, cycle=cycle)
    assert words_of(plan) == [
        (n, f"Take 1 mL (1 mg) twice a day, from {day} to {day}")
        for n, day in enumerate(("2027-01-04", "2027-01-06", "2027-01-08"), 1)
    ]


def test_a_supply_that_is_no_decimal_is_counted_in_drops_or_left_out() -> None:
    """7 drops of 1/12 mL are 7/12 mL; 7 times 1/3 mL is 7/3 mL, and in no whole drops."""
    drops = Drops(concentration="1 mg/mL", drops_per_mL=12, beyond_use_days=30)
    quantity = request_of(one_step(drops, dose="1/12 mg"))["dispenseRequest"]["quantity"]
    assert (quantity["value"], quantity["unit"], quantity["code"]) == (7, "drops", "{drop}")
    thirds = OralSolution(concentration="3 mg/mL", graduation="1/3 mL", beyond_use_days=30)
    assert "dispenseRequest" not in request_of(one_step(thirds, dose="1 mg"))
    bottles = Drops(concentration="1 mg/mL", drops_per_mL=12, bottle="5/12 mL", beyond_use_days=30)
    dispense = request_of(one_step(bottles, dose="1/12 mg"))["dispenseRequest"]
    assert (dispense["quantity"]["value"], dispense["numberOfRepeatsAllowed"]) == (5, 1)
    odd = {"concentration": "3 mg/mL", "graduation": "1/3 mL", "bottle": "4/3 mL"}
    plan = one_step(OralSolution(**odd, beyond_use_days=30), dose="1 mg")
    assert "dispenseRequest" not in request_of(plan)


def test_a_plan_without_a_dose_is_refused() -> None:
    missed = {"event": "missed", "on": MONDAY}
    plan = schedule(Regimen(steps=[{"dose": "1 mg"}]), LIQUID, MONDAY, days=1, diary=[missed])
    with pytest.raises(InvalidInputError, match=r"^plan: has no day with a dose"):
        plan_fhir(plan)
