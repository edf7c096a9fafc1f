"""Facts from a FHIR Bundle: each worked out by hand, and what must never be read into it."""

from __future__ import annotations

import copy
import functools
import json
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import ROOT
from ldn_titration import InvalidInputError, PatientFacts, Verdict, screen
from ldn_titration.intake.bundle import BundleRead, read_patient
from ldn_titration.intake.bundle.elements import ELEMENTS, RESOURCE_TYPES
from ldn_titration.intake.bundle.named import UNREADABLE
from ldn_titration.knowledge import knowledge
from ldn_titration.patient import (
    Medication,
    OpioidExposure,
    OpioidHistory,
    OpioidTest,
    PlannedOpioid,
)
from ldn_titration.values import Month

Json = dict[str, Any]
ON = date(2027, 1, 2)
START = date(2027, 1, 4)
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
ICD10 = "http://hl7.org/fhir/sid/icd-10-cm"
LOINC = "http://loinc.org"
SNOMED = "http://snomed.info/sct"
IPS = "http://hl7.org/fhir/uv/ips/CodeSystem/absent-unknown-uv-ips"
US = {"reference": "Patient/p"}
PATIENT: Json = {"resourceType": "Patient", "id": "p", "birthDate": "1982-07-14"}


def bundle(*resources: Json, **more: Any) -> Json:
    entries = [{"resource": resource} for resource in (PATIENT, *resources)]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries, **more}


def medicine(kind: str, name: str | Json, status: str | None = "active", **more: Any) -> Json:
    named = {"text": name} if isinstance(name, str) else name
    intent = {"intent": "order"} if kind == "MedicationRequest" else {}
    state = {} if status is None else {"status": status}
    made = {"resourceType": kind, "medicationCodeableConcept": named, "subject": US}
    return {**made, **intent, **state, **more}


def request(name: str | Json, status: str | None = "active", **more: Any) -> Json:
    return medicine("MedicationRequest", name, status, **more)


def statement(name: str | Json, status: str | None = "active", **more: Any) -> Json:
    return medicine("MedicationStatement", name, status, **more)


def coded(system: str, code: str, display: str | None = None) -> Json:
    return {
        "coding": [{"system": system, "code": code, **({"display": display} if display else {})}]
    }


def condition(
    code: str | Json, clinical: str | None = "active", verified: str | None = "confirmed"
) -> Json:
    named = {"text": code} if isinstance(code, str) else code
    made: Json = {"resourceType": "Condition", "code": named, "subject": US}
    if clinical:
        made["clinicalStatus"] = {"coding": [{"code": clinical}]}
    if verified:
        made["verificationStatus"] = {"coding": [{"code": verified}]}
    return made


def observation(code: Json, value: Json | None, status: str = "final", **more: Any) -> Json:
    made = {"resourceType": "Observation", "status": status, "code": code, "subject": US}
    return {**made, **({"valueCodeableConcept": value} if value else {}), **more}


def read(*resources: Json, **more: Any) -> BundleRead:
    return read_patient(bundle(*resources, **more), assessed_on=ON, assessed_by="Dr A. Example")


ORDINARY = request("levothyroxine 75 mcg")
HEALTHY = condition("eczema")
OXYCODONE = OpioidExposure(substance="oxycodone")


def answered(patient: PatientFacts) -> PatientFacts:
    """What the clinician answers to all that is open, but for the two lists: the best answers."""
    best: Json = {"assessed_on": ON, "assessed_by": "Dr A. Example", "age_years": 44}
    best |= dict.fromkeys(("opioid_dependence", "acute_withdrawal", "other_naltrexone"), "no")
    best |= dict.fromkeys(("naltrexone_hypersensitivity", "pregnant", "breastfeeding"), "no")
    best |= dict.fromkeys(("liver_disease", "kidney_impairment", "suicidal_ideation"), "no")
    best["opioids"] = OpioidHistory(status="none")
    missing = {name: best[name] for name in patient.missing() if name in best}
    return patient.model_copy(update={**missing, "liver_enzymes": 1, "opioid_in_use": "no"})


def verdict(read_: BundleRead) -> Verdict:
    """The verdict after the best answers to what the Bundle leaves open."""
    return screen(answered(read_.patient), START).verdict


CLEARING = (Verdict.CLEAR, Verdict.CAUTION)


def test_a_whole_bundle_clears_after_the_clinician_has_answered() -> None:
    """The base of what follows: without it, "never clears" would say nothing."""
    found = read(ORDINARY, HEALTHY)
    assert found.incomplete == ()
    assert found.patient.medications == (Medication(name="levothyroxine 75 mcg"),)
    assert found.patient.conditions == ("eczema",)
    assert found.patient.age_years == 44
    assert verdict(found) is Verdict.CAUTION  # eczema is judged by no rule, thyroid is told of


def test_a_bundle_alone_never_clears() -> None:
    found = read(ORDINARY, HEALTHY)
    assert screen(found.patient, START).verdict is Verdict.INSUFFICIENT
    assert found.patient.missing() == (
        "opioids",
        "opioid_dependence",
        "acute_withdrawal",
        "naltrexone_hypersensitivity",
        "other_naltrexone",
        "pregnant",
        "breastfeeding",
        "liver_disease",
        "kidney_impairment",
        "suicidal_ideation",
    )


# --- a realistic Bundle, every fact by hand -------------------------------------------

EXAMPLE = ROOT / "examples/fhir/patient-bundle.json"


def test_a_realistic_bundle_comes_out_with_every_fact() -> None:
    found = read_patient(
        EXAMPLE.read_bytes(), assessed_on="2027-01-02", assessed_by="Dr A. Example"
    )
    assert found.incomplete == ()
    assert found.patient == PatientFacts(
        assessed_on="2027-01-02",
        assessed_by="Dr A. Example",
        opioids={
            "status": "known",
            "exposures": [
                {"rxcui": "1049621", "last_taken": "unknown"},
                {"substance": "OxyContin", "last_taken": "2026-09-03"},
            ],
        },
        age_years=44,
        kidney_impairment="moderate",
        medications=["Levothyroxine 75 mcg tablet"],
        conditions=["Chronic kidney disease, stage 3b"],
        urine_opioid_screen={"result": "negative", "on": "2026-12-30"},
        planned_opioid=[
            {
                "on": "2027-05-10",
                "until": "2027-05-12",
                "reason": "morphine is ordered",
                "substance": "morphine",
            }
        ],
        lactose_intolerance="yes",
    )
    assert [(row.path, row.kind, row.id) for row in found.readings][:2] == [
        ("entry[0].resource", "Patient", "p1"),
        ("entry[1].resource", "MedicationRequest", "m1"),
    ]
    assert len(found.readings) == 13
    assert found.readings[5].words == "tramadol 50 mg: not-taken: no exposure"
    assert found.readings[8].words == "Opioid dependence: refuted, set aside"


def test_the_example_after_an_interval_waits_for_the_day_of_the_last_dose() -> None:
    """OxyContin of 3 September is long over; when the other oxycodone was last taken is open."""
    found = read_patient(EXAMPLE.read_text(encoding="utf-8"), assessed_on=ON, assessed_by="Dr A.")
    screening = screen(answered(found.patient), START)
    assert screening.verdict is Verdict.INSUFFICIENT
    assert {f.code for f in screening.findings if f.severity.value == "insufficient"} == {"OPI-05"}


# --- status, resource and date, each with its reading ---------------------------------

PERIOD = {"effectivePeriod": {"start": "2026-01-01", "end": "2026-11-20"}}
NOW, UNSURE = {"ongoing": True}, {"last_taken": "unknown"}
ENDED = {"last_taken": date(2026, 11, 20)}
NONE = None


@pytest.mark.parametrize(
    ("kind", "status", "more", "exposure"),
    [
        ("MedicationRequest", "active", {}, NOW),
        ("MedicationRequest", "active", {"authoredOn": "2019-01-01"}, NOW),
        (
            "MedicationRequest",
            "active",
            {
                "dosageInstruction": [
                    {"timing": {"repeat": {"boundsPeriod": {"end": "2020-01-01"}}}}
                ]
            },
            NOW,
        ),
        ("MedicationRequest", "on-hold", {}, UNSURE),
        ("MedicationRequest", "draft", {}, UNSURE),
        pytest.param("MedicationRequest", "unknown", {}, UNSURE, id="B294"),
        ("MedicationRequest", "cancelled", {}, UNSURE),
        ("MedicationRequest", "stopped", {}, UNSURE),
        ("MedicationRequest", "completed", {"authoredOn": "2019-01-01"}, UNSURE),
        (
            "MedicationRequest",
            "completed",
            {"dispenseRequest": {"validityPeriod": {"end": "2019-02-01"}}},
            UNSURE,
        ),
        pytest.param("MedicationRequest", "entered-in-error", {}, NONE, id="B293"),
        pytest.param("MedicationRequest", "active", {"doNotPerform": True}, NONE, id="B292"),
        ("MedicationStatement", "active", {}, NOW),
        ("MedicationStatement", "active", PERIOD, NOW),
        pytest.param(
            "MedicationStatement",
            "active",
            {"effectivePeriod": {"start": "2025-01-01"}},
            NOW,
            id="B304",
        ),
        ("MedicationStatement", "completed", PERIOD, ENDED),
        ("MedicationStatement", "stopped", PERIOD, ENDED),
        ("MedicationStatement", "completed", {"effectivePeriod": {"end": "2026-11-20"}}, ENDED),
        (
            "MedicationStatement",
            "completed",
            {"effectivePeriod": {"end": "2026-11-20T23:30:00-05:00"}},
            ENDED,
        ),
        (
            "MedicationStatement",
            "completed",
            {"effectivePeriod": {"end": "2026-11"}},
            {"last_taken": Month(2026, 11)},
        ),
        (
            "MedicationStatement",
            "completed",
            {"effectivePeriod": {"end": "2025"}},
            {"last_taken": Month(2025, 12)},
        ),
        (
            "MedicationStatement",
            "completed",
            {"effectivePeriod": {"start": "2026-11-20", "end": "2026-11-20"}},
            UNSURE,
        ),
        (
            "MedicationStatement",
            "completed",
            {"effectivePeriod": {"start": "2026-12-20", "end": "2026-11-20"}},
            UNSURE,
        ),
        ("MedicationStatement", "completed", {**PERIOD, "dateAsserted": "2026-02-01"}, UNSURE),
        ("MedicationStatement", "completed", {**PERIOD, "dateAsserted": "2026-12-01"}, ENDED),
        (
            "MedicationStatement",
            "completed",
            {**PERIOD, "derivedFrom": [{"reference": "MedicationRequest/1"}]},
            UNSURE,
        ),
        (
            "MedicationStatement",
            "completed",
            {**PERIOD, "basedOn": [{"reference": "MedicationRequest/1"}]},
            UNSURE,
        ),
        ("MedicationStatement", "completed", {"effectiveDateTime": "2026-11-20"}, UNSURE),
        ("MedicationStatement", "completed", {"effectivePeriod": {"end": "20/11/2026"}}, UNSURE),
        ("MedicationStatement", "completed", {"effectivePeriod": {"end": "2026-02-30"}}, UNSURE),
        ("MedicationStatement", "completed", {"effectivePeriod": {"end": "0000"}}, UNSURE),
        ("MedicationStatement", "completed", {}, UNSURE),
        ("MedicationStatement", "intended", {}, UNSURE),
        ("MedicationStatement", "on-hold", PERIOD, UNSURE),
        ("MedicationStatement", "unknown", PERIOD, UNSURE),
        pytest.param("MedicationStatement", "not-taken", {}, NONE, id="B295"),
        ("MedicationStatement", "not-taken", PERIOD, UNSURE),
        ("MedicationStatement", "not-taken", {"effectiveDateTime": "2026-11-20"}, UNSURE),
        ("MedicationStatement", "not-taken", {"statusReason": [{"text": "surgery"}]}, UNSURE),
        ("MedicationStatement", "entered-in-error", {}, NONE),
        ("MedicationAdministration", "in-progress", {}, NOW),
        (
            "MedicationAdministration",
            "completed",
            {"effectiveDateTime": "2026-11-20T08:00:00Z"},
            ENDED,
        ),
        (
            "MedicationAdministration",
            "completed",
            {"effectivePeriod": {"start": "2026-11-20", "end": "2026-11-20"}},
            ENDED,
        ),
        ("MedicationAdministration", "completed", {}, UNSURE),
        ("MedicationAdministration", "not-done", {}, NONE),
        ("MedicationDispense", "completed", {"whenHandedOver": "2019-01-01"}, UNSURE),
        ("MedicationDispense", "declined", {}, NONE),
    ],
)
def test_status_and_date_make_an_exposure(
    kind: str, status: str, more: Json, exposure: Json | None
) -> None:
    found = read(ORDINARY, HEALTHY, medicine(kind, "oxycodone", status, **more))
    expected = () if exposure is None else (OXYCODONE.model_copy(update=exposure),)
    assert found.patient.opioids.exposures == expected
    assert found.incomplete == ()
    assert found.readings[-1].words.startswith("oxycodone: ") or "doNotPerform" in more
    assert (verdict(found) in CLEARING) is (exposure is None)


@pytest.mark.hazard("W15")
@pytest.mark.parametrize(
    "more",
    [
        {"note": [{"text": "still takes occasionally"}]},
        {"note": [{"text": "Last dose 2026-12-30"}]},
        {"note": [{"text": "stopped"}, {"text": "two on Friday, from the rest"}]},
        {"dosage": [{"asNeededBoolean": True}]},
        {"dosage": [{"asNeededCodeableConcept": {"text": "pain"}}]},
        {"dosage": [{"text": "1 tablet every 6 hours as needed"}]},
        {"dosage": [{"text": "1 tablet daily", "patientInstruction": "continue at home"}]},
    ],
)
def test_an_end_is_not_believed_where_something_speaks_against_it(more: Json) -> None:
    found = read(ORDINARY, HEALTHY, statement("oxycodone", "completed", **PERIOD, **more))
    assert found.patient.opioids.exposures == (OXYCODONE,)
    assert [p.path for p in found.incomplete] == ["entry[3].resource"]
    assert verdict(found) is Verdict.INSUFFICIENT


@pytest.mark.parametrize(
    "more",
    [
        {"note": [{"text": "Stopped after surgery"}]},
        {"dosage": [{"text": "1 tablet every 6 hours", "asNeededBoolean": False}]},
    ],
)
def test_an_end_beside_what_is_understood_is_believed(more: Json) -> None:
    found = read(ORDINARY, HEALTHY, statement("oxycodone", "completed", **PERIOD, **more))
    assert found.patient.opioids.exposures == (OXYCODONE.model_copy(update=ENDED),)
    assert found.incomplete == ()


def test_a_note_beside_the_end_of_an_ordinary_medicine_is_no_doubt() -> None:
    note = [{"text": "tolerated well"}]
    ended = statement("metformin", "completed", **PERIOD, note=note)
    assert read(ORDINARY, HEALTHY, ended).incomplete == ()


@pytest.mark.parametrize("status", ["taken", "Active", None, ""])
def test_a_status_that_fhir_does_not_have_counts_and_is_named(status: str | None) -> None:
    found = read(ORDINARY, HEALTHY, statement("oxycodone", status))
    assert found.patient.opioids.exposures == (OXYCODONE,)
    assert [p.path for p in found.incomplete] == ["entry[3].resource"]


@pytest.mark.parametrize(
    ("status", "listed"),
    [("active", True), ("on-hold", True), ("completed", False), ("entered-in-error", False)],
)
def test_an_ordinary_medicine_is_listed_while_it_may_be_taken(status: str, listed: bool) -> None:
    found = read(ORDINARY, HEALTHY, request("metformin", status))
    assert (Medication(name="metformin") in (found.patient.medications or ())) is listed


def test_only_medicines_of_before_are_no_list() -> None:
    found = read(request("metformin", "completed"), HEALTHY)
    assert found.patient.medications is None
    assert verdict(found) is Verdict.INSUFFICIENT


# --- planned opioids ------------------------------------------------------------------


def starting(*periods: Json, **more: Any) -> Json:
    dosages = [{"timing": {"repeat": {"boundsPeriod": period}}} for period in periods]
    return request("morphine", dosageInstruction=dosages, **more)


@pytest.mark.parametrize(
    ("order", "planned"),
    [
        (starting({"start": "2027-05-10", "end": "2027-05-12"}), ("2027-05-10", "2027-05-12")),
        (starting({"start": "2027-05-10"}), ("2027-05-10", None)),
        (starting({"start": "2027-05"}), ("2027-05-01", None)),
        (starting({"start": "2027-05-10"}, {"start": "2027-04-10"}), ("2027-04-10", None)),
        (starting({"start": "2027-01-02"}), None),
        (starting({"start": "2027-05-10"}, {"start": "2026-12-01"}), None),
        (starting({"start": "2027-05-10"}, {}), None),
        (starting({"start": "soon"}), None),
        (
            request("morphine", dosageInstruction=[{"timing": {"event": ["2027-05-10"]}}]),
            ("2027-05-10", None),
        ),
        (
            request("morphine", dosageInstruction=[{"timing": {"event": ["2027-05-10", "soon"]}}]),
            None,
        ),
        (request("morphine", dispenseRequest={"validityPeriod": {"start": "2027-05-10"}}), None),
    ],
)
def test_an_order_that_begins_on_a_coming_day_is_planned_and_no_other(
    order: Json, planned: tuple[str, str | None] | None
) -> None:
    found = read(ORDINARY, HEALTHY, order)
    if planned is None:
        assert found.patient.planned_opioid == ()
        assert found.patient.opioids.exposures[0].ongoing
    else:
        on, until = planned
        assert found.patient.opioids.exposures == ()
        assert found.patient.planned_opioid == (
            PlannedOpioid(on=on, until=until, reason="morphine is ordered", substance="morphine"),
        )


def test_an_order_that_goes_on_with_an_earlier_one_is_not_only_planned() -> None:
    found = read(starting({"start": "2027-02-01"}, priorPrescription={"display": "the last one"}))
    assert [each.ongoing for each in found.patient.opioids.exposures] == [True]


def test_without_the_day_of_the_assessment_no_day_is_a_coming_one() -> None:
    found = read_patient(bundle(starting({"start": "2027-05-10"})))
    assert found.patient.planned_opioid == ()
    assert found.patient.opioids.exposures[0].ongoing
    assert found.patient.age_years is None


# --- codes and names ------------------------------------------------------------------


CLEAR_LISTS: list[list[Json] | None] = [
    [{"name": "lisinopril"}],
    [{"code": "unii:9100L32L2N"}],  # metformin
    [{"rxcui": "2599"}],  # clonidine
]


@pytest.mark.parametrize(
    ("name", "exposures", "medications", "conflicts"),
    [
        (coded(RXNORM, "1049621"), [{"rxcui": "1049621"}], [], 0),
        (coded(RXNORM, "7804"), [{"rxcui": "7804"}], [], 0),
        ({"text": "OxyContin", **coded(RXNORM, "7804")}, [{"substance": "OxyContin"}], [], 0),
        ({"text": "oxycodone", **coded(RXNORM, "1049621")}, [{"rxcui": "1049621"}], [], 0),
        (
            {"text": "OxyContin", **coded(RXNORM, "1049621")},
            [{"rxcui": "1049621"}, {"substance": "OxyContin"}],
            [],
            1,
        ),
        ({"text": "lisinopril", **coded(RXNORM, "1049621")}, [{"rxcui": "1049621"}], None, 1),
        (
            {"coding": [{"system": RXNORM, "code": "29046", "display": "lisinopril"}]},
            [],
            [{"name": "lisinopril"}],
            0,
        ),
        (coded(RXNORM, "29046"), [], [{"rxcui": "29046"}], 0),
        (coded("http://fdasis.nlm.nih.gov", "9100L32L2N"), [], [{"code": "unii:9100L32L2N"}], 0),
        (coded(RXNORM, "2599"), [], [{"rxcui": "2599"}], 0),
        (
            coded(RXNORM, "unii:9100L32L2N"),
            [],
            [{"name": f"unknown code unii:9100L32L2N of {RXNORM}"}],
            0,
        ),
        (coded(SNOMED, "1" * 300), [], [{"name": UNREADABLE}], 0),
        ({"text": "metformin", **coded(SNOMED, "1", "lisinopril")}, [], None, 1),
        (coded(SNOMED, "386964000", "methadone"), [{"substance": "methadone"}], [], 0),
        (
            coded(SNOMED, "386964000"),
            [],
            [{"name": f"unknown code 386964000 of {SNOMED}"}],
            0,
        ),
        pytest.param("some painkiller", [], [{"name": "some painkiller"}], 0, id="B296"),
        (
            "oxycodone ER 10 mg tablet",
            [{"substance": "oxycodone", "release": "extended"}],
            [],
            0,
        ),
        ("naltrexone", [{"substance": "naltrexone"}], [], 0),
        ("x" * 300, [], [{"name": UNREADABLE}], 0),
        ("oxycodone " * 30, [{"substance": "oxycodone"}], [{"name": UNREADABLE}], 0),
        ("metformin\u202e", [], [{"name": UNREADABLE}], 0),
    ],
)
def test_every_code_and_text_counts(
    name: str | Json, exposures: list[Json], medications: list[Json] | None, conflicts: int
) -> None:
    found = read(statement(name), HEALTHY)
    told = [OpioidExposure(**each, ongoing=True) for each in exposures]
    assert sorted(found.patient.opioids.exposures, key=str) == sorted(told, key=str)
    assert len(found.incomplete) == conflicts
    if conflicts:
        assert found.patient.medications is None
    else:
        assert found.patient.medications == tuple(Medication(**m) for m in medications or ())
    plain = not exposures and medications in CLEAR_LISTS
    assert (verdict(found) in CLEARING) is plain


def test_what_is_shown_is_safe_to_show() -> None:
    evil = "oxy\x1b[2J\u202ecodone"
    found = read({**statement(evil, "zz\x1b"), "id": evil}, condition(evil), allergy(evil))
    shown = [text for row in found.readings for text in row]
    shown += [text for problem in found.incomplete for text in problem]
    assert all(text.isprintable() for text in shown)


def test_what_stands_for_an_unreadable_name_is_not_recognised() -> None:
    for name in (UNREADABLE, "unknown medicine without a name", f"unknown code 4 of {SNOMED}"):
        assert knowledge().read_line(name).kind == "unknown"


def test_a_form_and_a_route_settle_the_release_and_never_shorten_it() -> None:
    patch = statement("fentanyl", "active", dosage=[{"route": {"text": "Transdermal route"}}])
    assert read(patch).patient.opioids.exposures[0].release == "transdermal"
    form = {**OXY, "code": {"text": "oxycodone"}, "form": {"text": "Extended Release Oral Tablet"}}
    for taken in ([by("Medication/oxy"), form], [by("#oxy", contained=[form])]):
        assert read(*taken).patient.opioids.exposures[0].release == "extended"
    tablet = statement("oxycodone", "active", dosage=[{"route": {"text": "Oral"}}])
    assert read(tablet).patient.opioids.exposures[0].release == "unknown"
    named = statement("oxycodone ER", "active", dosage=[{"route": {"text": "Transdermal route"}}])
    assert read(named).patient.opioids.exposures[0].release == "extended"
    settled = statement("methadone", "active", dosage=[{"route": {"text": "Extended release"}}])
    assert read(settled).patient.opioids.exposures[0].release == "unknown"


def test_the_end_of_what_may_be_a_patch_is_not_its_removal() -> None:
    """A patch put on on the last day is removed three days later."""
    found = read(statement("fentanyl", "completed", **PERIOD))
    assert found.patient.opioids.exposures == (OpioidExposure(substance="fentanyl"),)


def test_an_antagonist_that_is_taken_is_other_naltrexone() -> None:
    found = read(ORDINARY, HEALTHY, statement("Contrave"))
    assert found.patient.other_naltrexone == "yes"
    assert verdict(found) is Verdict.STOP


# --- references -----------------------------------------------------------------------

OXY = {"resourceType": "Medication", "id": "oxy", "code": {"text": "oxycodone"}}


def by(reference: str, **more: Any) -> Json:
    made = {"resourceType": "MedicationStatement", "status": "active", "subject": US}
    return {**made, "medicationReference": {"reference": reference}, **more}


@pytest.mark.parametrize(
    ("reference", "url", "contained"),
    [
        ("#oxy", None, True),
        ("Medication/oxy", None, False),
        ("Medication/oxy/_history/2", None, False),
        ("urn:uuid:6a1d", "urn:uuid:6a1d", False),
        ("https://a.example/fhir/Medication/oxy", "https://a.example/fhir/Medication/oxy", False),
    ],
)
def test_a_reference_leads_to_its_medicine(
    reference: str, url: str | None, contained: bool
) -> None:
    taken = by(reference, **({"contained": [OXY]} if contained else {}))
    tree = bundle(taken)
    if not contained:
        tree["entry"].append({"resource": OXY, **({"fullUrl": url} if url else {})})
    found = read_patient(tree, assessed_on=ON)
    assert found.patient.opioids.exposures == (OXYCODONE.model_copy(update={"ongoing": True}),)
    assert found.incomplete == ()


@pytest.mark.parametrize(
    "taken",
    [
        by("Medication/gone"),
        by("#gone"),
        by("Patient/p"),
        by("https://a.example/Medication/oxy"),
        {**by(""), "medicationReference": {"identifier": {"value": "7"}}},
        {**by(""), "medicationReference": {"display": "lisinopril", "reference": "Medication/9"}},
    ],
)
def test_a_reference_that_leads_nowhere_is_named(taken: Json) -> None:
    found = read(ORDINARY, HEALTHY, OXY, taken)
    assert [p.path for p in found.incomplete][:1] == ["entry[4].resource"]
    assert found.patient.medications is None
    assert verdict(found) is Verdict.INSUFFICIENT


def test_an_ingredient_of_a_compound_is_read() -> None:
    mixed = {
        **OXY,
        "code": {"text": "lisinopril"},
        "ingredient": [{"itemCodeableConcept": {"text": "codeine"}}],
    }
    found = read(by("Medication/oxy"), mixed)
    assert [e.substance for e in found.patient.opioids.exposures] == ["codeine"]


# --- faults of the Bundle: insufficient -----------------------------------------------

Fault = Callable[[Json], None]


def _entry(resource: Json) -> Fault:
    return lambda tree: tree["entry"].append({"resource": resource})


def _set(place: int, **more: Any) -> Fault:
    return lambda tree: tree["entry"][place]["resource"].update(more)


def _top(**more: Any) -> Fault:
    return lambda tree: tree.update(more)


def _medicine_as_subject(tree: Json) -> None:
    tree["entry"].append({"resource": OXY})
    tree["entry"][1]["resource"]["subject"] = {"reference": "Medication/oxy"}


MODIFIED = [{"url": "https://x.example/negated", "valueBoolean": True}]
OUTCOME = {"resourceType": "OperationOutcome", "issue": [{"severity": "warning", "code": "x"}]}

INCOMPLETE: dict[str, tuple[Fault, str]] = {
    "B298": (_top(type="searchset", link=[{"relation": "next", "url": "p2"}]), "link[0]"),
    "a page before": (_top(link=[{"relation": "previous", "url": "p0"}]), "link[0]"),
    "B299": (_entry(OUTCOME), "entry[3].resource"),
    "total": (_top(total=40), "total"),
    "history": (_top(type="history"), "type"),
    "no type": (lambda tree: tree.pop("type"), "type"),
    "modifier": (_set(1, modifierExtension=MODIFIED), "entry[1].resource.modifierExtension"),
    "modifier of the patient": (
        _set(0, modifierExtension=MODIFIED),
        "entry[0].resource.modifierExtension",
    ),
    "modifier below": (
        _set(1, dispenseRequest={"modifierExtension": MODIFIED}),
        "entry[1].resource.dispenseRequest.modifierExtension",
    ),
    "rules": (_set(1, implicitRules="https://x.example"), "entry[1].resource.implicitRules"),
    "subsetted": (_set(1, meta={"tag": [{"code": "SUBSETTED"}]}), "entry[1].resource.meta.tag"),
    "redacted": (
        _set(1, meta={"security": [{"code": "REDACTED"}]}),
        "entry[1].resource.meta.security",
    ),
    "misspelt element": (_set(1, doNotPreform=True), "entry[1].resource.doNotPreform"),
    "another version's element": (_set(1, taken="n"), "entry[1].resource.taken"),
    "another patient's link": (
        _set(0, link=[{"type": "seealso", "other": {"reference": "Patient/q"}}]),
        "entry[0].resource",
    ),
    "a record out of use": (_set(0, active=False), "entry[0].resource"),
    "dead": (_set(0, deceasedDateTime="2026-12-01"), "entry[0].resource"),
    "no patient": (lambda tree: tree["entry"].pop(0), "entry[0].resource.subject"),
    "no subject": (lambda tree: tree["entry"][1]["resource"].pop("subject"), "entry[1].resource"),
    "subject by name": (_set(1, subject={"display": "Ann"}), "entry[1].resource.subject"),
    "a patient within": (_set(1, subject={"reference": "#p"}), "entry[1].resource.subject"),
    "a subject that is no patient": (
        _medicine_as_subject,
        "entry[1].resource.subject",
    ),
    "removed": (lambda tree: tree["entry"][1].update(request={"method": "DELETE"}), "entry[1]"),
    "failed": (lambda tree: tree["entry"][1].update(response={"status": "404"}), "entry[1]"),
    "no resource": (lambda tree: tree["entry"].append({"fullUrl": "urn:uuid:1"}), "entry[3]"),
    "a Bundle within": (
        _entry({"resourceType": "Bundle", "type": "collection"}),
        "entry[3].resource",
    ),
    "no medicine": (
        lambda tree: tree["entry"][1]["resource"].pop("medicationCodeableConcept"),
        "entry[1].resource",
    ),
    "no intent": (lambda tree: tree["entry"][1]["resource"].pop("intent"), "entry[1].resource"),
    "an opioid in a note": (
        _set(1, note=[{"text": "also takes methadone from the clinic"}]),
        "entry[1].resource",
    ),
    "an opioid in a claim": (
        _entry(
            {
                "resourceType": "ExplanationOfBenefit",
                "patient": US,
                "item": [{"productOrService": coded(RXNORM, "1049621")}],
            }
        ),
        "entry[3].resource",
    ),
    "an opioid in a procedure": (
        _entry(
            {
                "resourceType": "Procedure",
                "status": "completed",
                "code": {"text": "Injection of fentanyl"},
                "subject": US,
            }
        ),
        "entry[3].resource",
    ),
    "an operation to come": (
        _entry(
            {
                "resourceType": "ServiceRequest",
                "status": "active",
                "intent": "order",
                "code": {"text": "Total knee arthroplasty"},
                "subject": US,
            }
        ),
        "entry[3].resource",
    ),
    "an operation of last week": (
        _entry(
            {
                "resourceType": "Procedure",
                "status": "completed",
                "code": {"text": "Cholecystectomy"},
                "performedDateTime": "2026-12-27",
                "subject": US,
            }
        ),
        "entry[3].resource",
    ),
    "a list with what is not here": (
        _entry(
            {
                "resourceType": "List",
                "status": "current",
                "mode": "working",
                "subject": US,
                "entry": [{"item": {"reference": "MedicationStatement/7"}}],
            }
        ),
        "entry[3].resource",
    ),
    "a document with what is not here": (
        _entry(
            {
                "resourceType": "Composition",
                "subject": US,
                "section": [{"section": [{"entry": [{"reference": "urn:uuid:7"}]}]}],
            }
        ),
        "entry[3].resource",
    ),
    "an operation that was ordered and done": (
        _entry(
            {
                "resourceType": "ServiceRequest",
                "status": "completed",
                "intent": "order",
                "code": {"text": "Total knee arthroplasty"},
                "subject": US,
            }
        ),
        "entry[3].resource",
    ),
    "a request of a status that there is none of": (
        _entry(
            {
                "resourceType": "ServiceRequest",
                "status": "planned",
                "intent": "order",
                "code": {"text": "Physiotherapy"},
                "subject": US,
            }
        ),
        "entry[3].resource",
    ),
    "a condition by an unknown code": (
        _entry(condition(coded(SNOMED, "75544000"))),
        "entry[3].resource",
    ),
    "a test of a status that there is none of": (
        _entry(observation({"text": "Weight"}, None, "done")),
        "entry[3].resource",
    ),
    "a positive drug test": (
        _entry(observation({"text": "Oxycodone [Presence] in Urine"}, {"text": "Positive"})),
        "entry[3].resource",
    ),
    "a positive part of a panel": (
        _entry(
            observation(
                {"text": "Drug panel"},
                None,
                component=[{"code": {"text": "OPIATES UR QL"}, "valueString": "POSITIVE"}],
            )
        ),
        "entry[3].resource",
    ),
    "an overdose": (
        _entry(
            {
                "resourceType": "Encounter",
                "status": "finished",
                "subject": US,
                "reasonCode": [{"text": "Opioid overdose"}],
            }
        ),
        "entry[3].resource",
    ),
    "an opioid in a narrative that adds to its resource": (
        _set(1, text={"status": "additional", "div": "<div><p>and <b>methadone</b></p></div>"}),
        "entry[1].resource",
    ),
    "another opioid within": (_set(1, contained=[OXY]), "entry[1].resource"),
    "an opiate screen without a day": (
        _entry(observation(coded(LOINC, "19295-5"), {"text": "Negative"})),
        "entry[3].resource",
    ),
    "a test of somebody else": (
        _entry(observation({"text": "Weight"}, None, focus=[{"reference": "Patient/q"}])),
        "entry[3].resource",
    ),
    "an opioid in the note of a condition": (
        _entry({**condition("back pain"), "note": [{"text": "takes oxycodone"}]}),
        "entry[3].resource",
    ),
    "nothing known of conditions": (
        _entry(condition(coded(IPS, "no-problem-info"))),
        "entry[3].resource",
    ),
    "no conditions, and some": (_entry(condition(coded(IPS, "no-known-problems"))), "bundle"),
    "a text too long to be looked through": (
        _set(1, note=[{"text": "x" * 20_001}]),
        "entry[1].resource",
    ),
    "a birth date of another age": (_set(0, birthDate="1800"), "entry[0].resource"),
    "a birth date to come": (_set(0, birthDate="2030"), "entry[0].resource"),
    "nothing known of medicines": (
        _entry(statement(coded(IPS, "no-medication-info"))),
        "entry[3].resource",
    ),
    "none, and some": (_entry(statement(coded(IPS, "no-known-medications"))), "bundle"),
    "a list that was withheld": (
        _entry(
            {
                "resourceType": "List",
                "status": "current",
                "mode": "snapshot",
                "subject": US,
                "code": coded(
                    "http://terminology.hl7.org/CodeSystem/list-example-use-codes", "medications"
                ),
                "emptyReason": {"coding": [{"code": "withheld"}]},
            }
        ),
        "entry[3].resource",
    ),
}


@pytest.mark.hazard("I01")
@pytest.mark.parametrize(("fault", "path"), INCOMPLETE.values(), ids=INCOMPLETE)
def test_a_fault_is_named_and_never_clears(fault: Fault, path: str) -> None:
    tree = copy.deepcopy(bundle(ORDINARY, HEALTHY))
    fault(tree)
    found = read_patient(tree, assessed_on=ON, assessed_by="Dr A. Example")
    assert path in [problem.path for problem in found.incomplete]
    assert found.patient.medications is None
    assert found.patient.conditions is None
    assert verdict(found) is Verdict.INSUFFICIENT


@pytest.mark.parametrize(("fault", "path"), INCOMPLETE.values(), ids=INCOMPLETE)
def test_an_opioid_of_now_stops_also_where_the_list_may_not_be_whole(
    fault: Fault, path: str
) -> None:
    tree = copy.deepcopy(bundle(ORDINARY, HEALTHY, statement("oxycodone")))
    fault(tree)
    assert verdict(read_patient(tree, assessed_on=ON)) is Verdict.STOP


# --- faults of the data: errors -------------------------------------------------------

CONTAINED = {**by("#oxy"), "contained": [OXY, {**OXY, "code": {"text": "lisinopril"}}]}
OTHER = {"resourceType": "Patient", "id": "q"}


def _deep(levels: int) -> Json:
    return functools.reduce(lambda below, _: {"a": below}, range(levels), {})


ERRORS: dict[str, tuple[Json | str | bytes, str]] = {
    "B300": (bundle(CONTAINED), "entry[1].resource.contained[1].id"),
    "B301": (
        bundle({**ORDINARY, "resourceType": "MedicationRequset"}),
        "entry[1].resource.resourceType",
    ),
    "B302": (bundle(ORDINARY, fhirVersion="R3"), "fhirVersion"),
    "version of a server": (
        bundle({"resourceType": "CapabilityStatement", "fhirVersion": "3.0.2"}),
        "entry[1].resource.fhirVersion",
    ),
    "version of a profile": (
        bundle(
            {
                **ORDINARY,
                "meta": {
                    "profile": ["http://hl7.org/fhir/StructureDefinition/MedicationRequest|5.0.0"]
                },
            }
        ),
        "entry[1].resource.meta.profile",
    ),
    "B303": (
        bundle({**ORDINARY, "subject": {"reference": "Patient/q"}}),
        "entry[1].resource.subject",
    ),
    "two patients": (bundle(ORDINARY, OTHER), "entry[2].resource"),
    "the same id twice": (
        bundle({**ORDINARY, "id": "1"}, {**ORDINARY, "id": "1"}),
        "entry[2].resource",
    ),
    "no Bundle": (ORDINARY, "resourceType"),
    "no type": (bundle({"id": "1"}), "entry[1].resource.resourceType"),
    "a list": ("[]", "bundle"),
    "no JSON": ("{", "bundle"),
    "no text": (b"\xff\xfe", "bundle"),
    "twice": ('{"resourceType": "Bundle", "type": "batch", "type": "collection"}', "type"),
    "too deep": ('{"a":' * 500 + "1" + "}" * 500, "bundle"),
    "far too deep": ('{"a":' * 99_999 + "1" + "}" * 99_999, "bundle"),
    "entry": ({"resourceType": "Bundle", "entry": {}}, "entry"),
    "an entry": ({"resourceType": "Bundle", "entry": ["x"]}, "entry[0]"),
    "status": (bundle({**ORDINARY, "status": 5}), "entry[1].resource.status"),
    "coding": (
        bundle(statement({"coding": {"code": "1"}})),
        "entry[1].resource.medicationCodeableConcept.coding",
    ),
    "events": (
        bundle(request("morphine", dosageInstruction=[{"timing": {"event": [5]}}])),
        "entry[1].resource.dosageInstruction[0].timing.event",
    ),
    "keys": (bundle({**ORDINARY, "meta": {5: 1}}), "entry[1].resource.meta"),
    "deep data": ({"resourceType": "Bundle", "entry": _deep(65)}, "bundle"),
    "no JSON type": (bundle({**ORDINARY, "authoredOn": ON}), "entry[1].resource.authoredOn"),
}


@pytest.mark.hazard("I04")
@pytest.mark.parametrize(("tree", "path"), ERRORS.values(), ids=ERRORS)
def test_what_is_no_bundle_of_one_patient_is_refused_by_its_path(
    tree: Json | str | bytes, path: str
) -> None:
    with pytest.raises(InvalidInputError) as caught:
        read_patient(tree)
    assert path in [problem.path for problem in caught.value.problems]


@pytest.mark.parametrize("depth", [*range(65, 1100, 69), 5_000, 100_000])
def test_any_depth_is_refused_and_none_exhausts_the_stack(depth: int) -> None:
    for opening, closing in (('{"entry":', "}"), ("[", "]")):
        text = (
            '{"resourceType": "Bundle", "entry": ' + opening * depth + "1" + closing * depth + "}"
        )
        with pytest.raises(InvalidInputError, match="nested too deeply"):
            read_patient(text)


def test_a_concept_of_more_codes_than_are_compared_is_refused() -> None:
    """Each with every other: 8,000 texts of one medicine took minutes."""
    codings = [{"display": f"medicine {number}"} for number in range(101)]
    with pytest.raises(InvalidInputError) as caught:
        read(statement({"coding": codings}))
    where = "entry[1].resource.medicationCodeableConcept.coding"
    assert str(caught.value) == f"{where}: has 101 codes; at most 100 are read"


def test_an_opioid_beside_a_spoilt_code_is_seen_in_a_resource_that_is_not_read() -> None:
    codings = [{"system": RXNORM, "code": "7804"}, "spoilt", {"code": 7}]
    claim = {"resourceType": "Claim", "patient": US, "item": [{"code": {"coding": codings}}]}
    found = read(ORDINARY, HEALTHY, claim)
    assert [str(problem) for problem in found.incomplete] == [
        "entry[3].resource: is not read, and names oxycodone"
    ]


def test_every_fault_of_the_shape_is_told_at_once() -> None:
    with pytest.raises(InvalidInputError) as caught:
        read(request("a", doNotPerform="no"), request("b", intent=[]))
    assert [problem.path for problem in caught.value.problems] == [
        "entry[1].resource.doNotPerform",
        "entry[2].resource.intent",
    ]


# --- conditions, allergies, tests -----------------------------------------------------


@pytest.mark.parametrize(
    ("resource", "facts"),
    [
        (condition(coded(ICD10, "F11.20")), {"opioid_dependence": "yes"}),
        (
            condition(coded(ICD10, "F11.23")),
            {"opioid_dependence": "yes", "acute_withdrawal": "yes"},
        ),
        (condition(coded(ICD10, "F1120")), {"opioid_dependence": "yes"}),
        (condition(coded(ICD10, "F11.21", "Opioid dependence, in remission")), {}),
        (condition("Opioid dependence"), {"opioid_dependence": "yes"}),
        (condition("Opioid dependence", "active", "provisional"), {}),
        (condition("Opioid dependence", "active", "refuted"), {}),
        (condition("Opioid dependence", "remission"), {}),
        (condition("Opioid dependence", None, None), {"opioid_dependence": "yes"}),
        (condition("Pregnancy"), {"pregnant": "yes"}),
        (condition(coded(ICD10, "Z34.01")), {"pregnant": "yes"}),
        (condition(coded(ICD10, "N18.4")), {"kidney_impairment": "severe"}),
        (condition(coded(ICD10, "R45.851")), {"suicidal_ideation": "yes"}),
        (condition("Suicidal ideation"), {"suicidal_ideation": "yes"}),
        (condition("history of suicide attempt"), {}),
        (condition("decompensated cirrhosis"), {"liver_disease": "acute_or_decompensated"}),
        (condition("breastfeeding"), {"breastfeeding": "yes"}),
        (observation(coded(LOINC, "2106-3"), {"text": "Positive"}), {"pregnant": "yes"}),
        (observation(coded(LOINC, "2106-3"), {"text": "Negative"}), {}),
        (observation(coded(LOINC, "82810-3"), coded(LOINC, "LA15173-0")), {"pregnant": "yes"}),
        (observation(coded(LOINC, "82810-3"), coded(LOINC, "LA26683-5")), {}),
    ],
)
def test_a_fact_is_yes_only_where_it_is_named(resource: Json, facts: Json) -> None:
    found = read(ORDINARY, HEALTHY, resource)
    names = (
        "opioid_dependence",
        "acute_withdrawal",
        "pregnant",
        "breastfeeding",
        "liver_disease",
        "kidney_impairment",
        "suicidal_ideation",
    )
    told = {name: getattr(found.patient, name) for name in names}
    assert {name: value for name, value in told.items() if value != "unknown"} == facts


@pytest.mark.parametrize(
    ("clinical", "verified"), [("active", "provisional"), ("active", "differential")]
)
def test_an_unconfirmed_condition_contradicts_the_answer_no(clinical: str, verified: str) -> None:
    for name in ("Opioid dependence", coded(ICD10, "F11.20")):
        found = read(ORDINARY, HEALTHY, condition(name, clinical, verified))
        assert verdict(found) is Verdict.INSUFFICIENT


def allergy(code: str | Json, **more: Any) -> Json:
    named = {"text": code} if isinstance(code, str) else code
    return {"resourceType": "AllergyIntolerance", "code": named, "patient": US, **more}


def state(name: str, code: str) -> Json:
    return {name: {"coding": [{"code": code}]}}


@pytest.mark.parametrize(
    ("resource", "fact"),
    [
        (allergy("naltrexone"), "yes"),
        (allergy("Vivitrol"), "yes"),
        (allergy("naltrexone allergy"), "yes"),
        (allergy(coded(RXNORM, "7243")), "yes"),
        (allergy("medicine", reaction=[{"substance": {"text": "naltrexone"}}]), "yes"),
        (allergy("naltrexone", **state("verificationStatus", "unconfirmed")), "yes"),
        (allergy("naltrexone", **state("verificationStatus", "refuted")), "unknown"),
        (allergy("naltrexone", **state("verificationStatus", "entered-in-error")), "unknown"),
        (allergy("naltrexone", **state("clinicalStatus", "resolved")), "unknown"),
        (allergy("methylnaltrexone"), "unknown"),
        (allergy("codeine"), "unknown"),
        (allergy(coded(IPS, "no-known-allergies")), "no"),
        (allergy(coded(IPS, "no-known-food-allergies")), "unknown"),
        (allergy("No known allergies"), "unknown"),
    ],
)
def test_an_allergy_to_naltrexone_is_a_fact(resource: Json, fact: str) -> None:
    found = read(ORDINARY, HEALTHY, resource)
    assert found.patient.naltrexone_hypersensitivity == fact
    assert found.patient.opioids.exposures == ()
    assert found.incomplete == ()


def test_no_known_allergies_beside_an_allergy_is_a_contradiction() -> None:
    found = read(ORDINARY, HEALTHY, allergy(coded(IPS, "no-known-allergies")), allergy("ReVia"))
    assert found.patient.naltrexone_hypersensitivity == "yes"
    assert [problem.path for problem in found.incomplete] == ["bundle"]


def test_what_is_absent_is_never_a_no() -> None:
    found = read()
    assert found.patient == PatientFacts(assessed_on=ON, assessed_by="Dr A. Example", age_years=44)


def test_no_known_medications_and_problems_are_asked_and_none() -> None:
    found = read(
        statement(coded(IPS, "no-known-medications")), condition(coded(IPS, "no-known-problems"))
    )
    assert (found.patient.medications, found.patient.conditions) == ((), ())
    assert found.patient.opioids.status == "unknown"
    assert verdict(found) is Verdict.CLEAR


NO_MEDICINES = coded(IPS, "no-known-medications", "No known medications")
NO_PROBLEMS = coded(IPS, "no-known-problems", "No current problems")
NO_ALLERGIES = coded(IPS, "no-known-allergies", "No known drug allergies")


@pytest.mark.hazard("I11")
@pytest.mark.parametrize(
    "resource",
    [
        statement({**NO_MEDICINES, "text": "methadone"}),
        statement(NO_MEDICINES, note=[{"text": "takes methadone"}]),
        statement(NO_MEDICINES, "unknown"),
        statement(NO_MEDICINES, "intended"),
        statement({"coding": [*NO_MEDICINES["coding"], {"system": SNOMED, "code": "1"}]}),
        condition({**NO_PROBLEMS, "text": "No problems but opioid dependence"}),
        condition({"coding": [*NO_PROBLEMS["coding"], {"system": IPS, "code": "no-problem-info"}]}),
        allergy({**NO_ALLERGIES, "text": "None but ReVia"}),
        allergy(NO_ALLERGIES, reaction=[{"substance": {"text": "naltrexone"}}]),
        allergy(NO_ALLERGIES, note=[{"text": "hives after naltrexone"}]),
    ],
)
def test_none_is_not_believed_where_more_is_named_beside_it(resource: Json) -> None:
    found = read(ORDINARY, HEALTHY, resource)
    assert "entry[3].resource" in [problem.path for problem in found.incomplete]
    assert found.patient.medications is None
    assert found.patient.conditions is None
    assert found.patient.naltrexone_hypersensitivity != "no"


@pytest.mark.hazard("I11")
def test_what_is_named_beside_none_counts() -> None:
    found = read(
        statement({**NO_MEDICINES, "text": "methadone"}),
        condition({**NO_PROBLEMS, "text": "opioid dependence"}),
        allergy({**NO_ALLERGIES, "text": "ReVia"}),
    ).patient
    assert [each.label for each in found.opioids.exposures] == ["methadone"]
    assert found.opioid_dependence == found.naltrexone_hypersensitivity == "yes"


@pytest.mark.parametrize(
    "state_",
    [
        state("clinicalStatus", "resolved"),
        state("clinicalStatus", "inactive"),
        state("verificationStatus", "unconfirmed"),
    ],
)
def test_none_of_before_or_unconfirmed_says_nothing(state_: Json) -> None:
    found = read({**condition(NO_PROBLEMS), **state_}, allergy(NO_ALLERGIES, **state_)).patient
    assert found.conditions is None
    assert found.naltrexone_hypersensitivity == "unknown"


def test_no_known_allergies_is_a_fact_only_where_nothing_may_be_missing() -> None:
    said = (ORDINARY, HEALTHY, allergy(NO_ALLERGIES))
    assert read(*said).patient.naltrexone_hypersensitivity == "no"
    more = read(*said, link=[{"relation": "next", "url": "https://example.org/2"}])
    assert more.patient.naltrexone_hypersensitivity == "unknown"


LISTS = "http://terminology.hl7.org/CodeSystem/list-example-use-codes"


@pytest.mark.parametrize(
    ("more", "known"),
    [
        ({}, True),
        ({"mode": "working"}, True),
        ({"status": "retired"}, False),
        ({"mode": "changes"}, False),
        ({"entry": [{"item": {"reference": "MedicationStatement/1"}}]}, False),
        ({"code": {"text": "medications"}}, False),
        ({"emptyReason": {"text": "nil known"}}, False),
        ({"subject": None}, False),
        ({"note": [{"text": "but for oxycodone"}]}, False),
    ],
)
def test_an_empty_list_is_asked_and_none_only_where_it_says_so(more: Json, known: bool) -> None:
    made = {
        "resourceType": "List",
        "status": "current",
        "mode": "snapshot",
        "subject": US,
        "code": coded(LISTS, "medications"),
        "emptyReason": {"coding": [{"code": "nilknown"}]},
        **more,
    }
    assert read(HEALTHY, made).patient.medications == (() if known else None)


URINE = coded(LOINC, "19295-5", "Opiates [Presence] in Urine by Screen method")


@pytest.mark.parametrize(
    ("tests", "expected"),
    [
        ([("2026-12-30", "Negative", "final")], ("negative", "2026-12-30")),
        ([("2026-12-30", "Positive", "final")], ("positive", "2026-12-30")),
        (
            [("2026-12-30", "Negative", "final"), ("2026-11-30", "Positive", "final")],
            ("positive", "2026-11-30"),
        ),
        (
            [("2026-12-30", "Negative", "final"), ("2026-11-30", "Negative", "amended")],
            ("negative", "2026-12-30"),
        ),
        ([("2026-12-30", "Negative", "preliminary")], ("pending", "2026-12-30")),
        ([("2026-12-30", "see comment", "final")], ("pending", "2026-12-30")),
        ([("2026-12", "Negative", "final")], ("negative", "2026-12-01")),
        ([("2026-12-30", "Positive", "entered-in-error")], None),
    ],
)
def test_a_positive_urine_screen_is_never_outdone(
    tests: list[tuple[str, str, str]], expected: tuple[str, str] | None
) -> None:
    made = [observation(URINE, {"text": v}, s, effectiveDateTime=on) for on, v, s in tests]
    screened = read(ORDINARY, HEALTHY, *made).patient.urine_opioid_screen
    assert screened == (OpioidTest(result=expected[0], on=expected[1]) if expected else None)


INTERPRETED = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"


@pytest.mark.parametrize(
    ("value", "more", "result"),
    [
        (None, {"valueBoolean": True}, "positive"),
        (None, {"valueBoolean": False}, "negative"),
        (None, {"interpretation": [coded(INTERPRETED, "POS")]}, "positive"),
        (None, {"interpretation": [coded(INTERPRETED, "ND")]}, "negative"),
        (None, {"interpretation": [coded(INTERPRETED, "A")]}, "pending"),
        ("Positive", {"interpretation": [coded(INTERPRETED, "NEG")]}, "positive"),
        ("Negative", {"interpretation": [coded(INTERPRETED, "A")]}, "pending"),
        ("Negative", {"valueBoolean": True}, "positive"),
    ],
)
def test_a_urine_screen_is_negative_only_where_all_that_it_says_is(
    value: str | None, more: Json, result: str
) -> None:
    said = {"text": value} if value else None
    made = observation(URINE, said, effectiveDateTime="2026-12-30", **more)
    screened = read(ORDINARY, HEALTHY, made).patient.urine_opioid_screen
    assert screened == OpioidTest(result=result, on="2026-12-30")


def test_a_part_of_a_panel_is_a_test_of_its_own() -> None:
    panel = observation({"text": "Drugs of abuse"}, None, effectiveDateTime="2026-12-30")
    part = {"code": URINE, "valueCodeableConcept": coded(LOINC, "LA6576-8")}
    found = read(ORDINARY, HEALTHY, {**panel, "component": [part]})
    assert found.patient.urine_opioid_screen == OpioidTest(result="positive", on="2026-12-30")
    assert verdict(found) is Verdict.STOP


@pytest.mark.parametrize(
    ("born", "age"),
    [
        ("1982-07-14", 44),
        ("1982-01-02", 45),
        ("1982-01-03", 44),
        ("1982", 44),
        ("1982-01", 44),
        ("2009", 17),
        ("2009-01-02", 18),
    ],
)
def test_an_age_is_the_youngest_that_the_birth_date_allows(born: str, age: int) -> None:
    tree = bundle(ORDINARY)
    tree["entry"][0] = {"resource": {**PATIENT, "birthDate": born}}
    assert read_patient(tree, assessed_on="2027-01-02").patient.age_years == age


# --- properties -----------------------------------------------------------------------

CLEAN = [
    ORDINARY,
    HEALTHY,
    request("metformin 500 mg"),
    statement("vitamin d"),
    condition("Type 2 diabetes"),
    allergy("penicillin"),
    observation(URINE, {"text": "Negative"}, effectiveDateTime="2026-12-30"),
]
OPIOID = [
    statement("oxycodone"),
    statement("tramadol", "completed", **PERIOD),
    request("morphine", "completed"),
    statement(coded(RXNORM, "6813"), "unknown"),
    medicine("MedicationDispense", "codeine", "completed"),
    medicine("MedicationAdministration", "fentanyl", "completed", effectiveDateTime="2027-01-01"),
    starting({"start": "2027-01-05"}),
    statement("some painkiller"),
]


@given(st.permutations([*CLEAN, *OPIOID]))
@settings(max_examples=25)
def test_the_order_of_entries_does_not_matter(resources: list[Json]) -> None:
    def of(found: BundleRead) -> list[Any]:
        patient = found.patient
        parts = (patient.opioids.exposures, patient.medications, patient.conditions)
        return [sorted(map(str, part or ())) for part in parts]

    assert of(read(*resources)) == of(read(*CLEAN, *OPIOID))
    assert len(read(*resources).readings) == len(resources) + 1


@given(st.lists(st.sampled_from(CLEAN), unique_by=str), st.sampled_from(OPIOID))
@settings(max_examples=60)
def test_an_opioid_more_is_never_safer(resources: list[Json], opioid: Json) -> None:
    before, after = read(*resources), read(*resources, opioid)
    assert verdict(after) >= verdict(before) or verdict(before) is Verdict.INSUFFICIENT
    assert verdict(after) not in CLEARING


@given(
    st.lists(st.sampled_from([*CLEAN, *OPIOID]), unique_by=str, min_size=2),
    st.sampled_from(sorted(INCOMPLETE)),
    st.integers(min_value=0),
)
@settings(max_examples=80)
def test_taking_an_entry_out_of_an_incomplete_bundle_never_clears(
    resources: list[Json], fault: str, place: int
) -> None:
    tree = copy.deepcopy(bundle(ORDINARY, HEALTHY, *resources))
    INCOMPLETE[fault][0](tree)
    whole = verdict(read_patient(tree, assessed_on=ON))
    assert whole not in CLEARING
    places = [n for n, e in enumerate(tree["entry"]) if e.get("resource") in resources]
    del tree["entry"][places[place % len(places)]]
    assert verdict(read_patient(tree, assessed_on=ON)) not in CLEARING


_NAMES = st.sampled_from(
    sorted(
        {name for names in ELEMENTS.values() for name in names}
        | {"coding", "code", "system", "display", "reference", "resource", "fullUrl", "period"}
        | {"start", "end", "repeat", "boundsPeriod", "timing", "url", "relation", "method"}
    )
)
_WORDS = st.sampled_from(
    (
        "|active|completed|oxycodone|2026-12-20|2026|#a|Patient/p|7804|Medication|Bundle|naltrexone|"
        f"MedicationStatement|next|\x00|é|{RXNORM}"
    ).split("|")
)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _WORDS | st.text(max_size=8),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(_NAMES, below, max_size=4),
    max_leaves=12,
)
_RESOURCES = st.fixed_dictionaries(
    {"resourceType": st.sampled_from(sorted(ELEMENTS)), "subject": st.just(US)},
    optional={
        "status": _WORDS,
        "code": _VALUES,
        "medicationCodeableConcept": st.fixed_dictionaries({"text": _WORDS}) | _VALUES,
        "effectivePeriod": st.dictionaries(st.sampled_from(["start", "end"]), _WORDS),
        "contained": st.lists(_VALUES, max_size=2),
        "dosageInstruction": _VALUES,
        "link": _VALUES,
        "entry": _VALUES,
    },
)


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a tree, from the outside in."""
    inside = value.items() if isinstance(value, dict) else enumerate(value)
    for name, below in inside if isinstance(value, dict | list) else ():
        yield (*at, name)
        yield from places(below, (*at, name)) if isinstance(below, dict | list) else ()


CODED = coded(RXNORM, "1049621")
KEPT = bundle(ORDINARY, HEALTHY, statement(CODED, effectivePeriod={"start": "2026-01-01"}))
BY_TEXT = bundle(ORDINARY, HEALTHY, request("oxycodone", "completed"), allergy("penicillin"))
BY_MEDICINE = bundle(ORDINARY, HEALTHY, by("Medication/oxy"), {**OXY, "code": CODED})


@pytest.mark.parametrize("tree", [KEPT, BY_TEXT, BY_MEDICINE], ids=["code", "text", "reference"])
def test_nothing_taken_from_an_entry_or_spoilt_in_it_clears(tree: Json) -> None:
    """Only an opioid's whole entry may be missing without a trace."""
    for place in places(tree):
        for spoilt in (None, "", "zzz", 5, True, [], {}, ["zzz"], {"zzz": "zzz"}):
            changed = copy.deepcopy(tree)
            inner = functools.reduce(lambda value, name: value[name], place[:-1], changed)
            if spoilt is not None:
                inner[place[-1]] = spoilt
            elif place[:-1] != ("entry",):
                del inner[place[-1]]
            never_clears_or_is_refused(changed, answered)


def never_clears_or_is_refused(
    tree: Any, answer: Callable[[PatientFacts], PatientFacts] = lambda patient: patient
) -> None:
    try:
        found = read_patient(tree, assessed_on=ON, assessed_by="Dr A. Example")
    except InvalidInputError as error:
        assert error.problems
        assert all(problem.path and problem.message for problem in error.problems)
    else:
        assert screen(answer(found.patient), START).verdict not in CLEARING, tree


@given(st.dictionaries(_NAMES, _VALUES, max_size=5), st.lists(_RESOURCES | _VALUES, max_size=4))
@settings(max_examples=150)
def test_anything_at_all_is_read_or_refused(more: Json, resources: list[Any]) -> None:
    entries = [{"resource": resource} for resource in [PATIENT, *resources]]
    never_clears_or_is_refused({**more, "resourceType": "Bundle", "entry": entries})
    never_clears_or_is_refused({"resourceType": "Bundle", **more})


@given(st.text(max_size=40) | st.binary(max_size=40) | _VALUES.map(json.dumps))
@settings(max_examples=60)
def test_any_text_is_read_or_refused(text: str | bytes) -> None:
    never_clears_or_is_refused(text)


def test_the_elements_are_those_of_the_published_models() -> None:
    """Against another listing of FHIR R4B's elements; types that only R4 has are few."""
    import importlib

    for kind, names in ELEMENTS.items():
        module = importlib.import_module(f"fhir.resources.R4B.{kind.lower()}")
        theirs = set(getattr(module, kind).elements_sequence())
        ours = {name for name in names if name not in ("resourceType", "fhirVersion")}
        assert theirs <= ours | {"text"}
        assert kind in RESOURCE_TYPES


def medication_list(*items: Json, **more: Any) -> Json:
    entry = [{"item": item} for item in items]
    return {
        "resourceType": "List",
        "id": "list",
        "status": "current",
        "mode": "snapshot",
        "entry": entry,
        **more,
    }


@pytest.mark.hazard("I09")
@pytest.mark.parametrize(
    "listed",
    [
        medication_list({"display": "oxycodone 5 mg"}),
        medication_list({"reference": "MedicationStatement/gone"}),
        medication_list({"reference": "#inside"}, contained=[{"resourceType": "Basic", "id": "i"}]),
        medication_list(note=[{"text": "takes oxycodone too"}]),
    ],
)
def test_a_list_of_what_is_not_in_the_bundle_is_incomplete(listed: Json) -> None:
    read_ = read(request("metformin"), listed)
    assert read_.incomplete
    assert read_.patient.medications is None


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({}, ["its entry[0] is a Medication; whether it is taken is not told"]),
        ({"entry": [{"item": {"reference": "Medication/m"}, "deleted": True}]}, []),
        ({"status": "entered-in-error"}, []),
        ({"entry": [{"item": {"reference": "MedicationRequest/r"}}]}, []),
    ],
)
def test_a_list_of_medicines_that_nobody_says_are_taken(more: Json, told: list[str]) -> None:
    """What was deleted from it, a list entered in error, and what is read in its place, are no
    reason to ask."""
    medication = {"resourceType": "Medication", "id": "m", "code": {"text": "metformin"}}
    listed = {**medication_list({"reference": "Medication/m"}), "subject": US, **more}
    found = read({**ORDINARY, "id": "r"}, HEALTHY, medication, listed)
    assert [str(each) for each in found.incomplete] == [f"entry[4].resource: {t}" for t in told]


@pytest.mark.parametrize(
    ("medication", "told"),
    [
        ({"status": "entered-in-error"}, "its Medication is entered-in-error"),
        (
            {"ingredient": [{"itemReference": {"reference": "Substance/1"}}]},
            "an ingredient of its Medication is not named",
        ),
    ],
)
def test_a_medication_that_may_not_be_what_it_says_is_named(medication: Json, told: str) -> None:
    taken = by("Medication/m")
    named = {"resourceType": "Medication", "id": "m", "code": {"text": "metformin"}, **medication}
    found = read(ORDINARY, HEALTHY, taken, named)
    assert [str(each) for each in found.incomplete] == [f"entry[3].resource: {told}"]
    assert found.patient.medications is None


def test_every_fault_of_the_structure_is_told_at_once() -> None:
    with pytest.raises(InvalidInputError) as caught:
        read({**ORDINARY, "subject": {"reference": 5}}, {**ORDINARY, "resourceType": "Medicine"})
    assert [str(problem) for problem in caught.value.problems] == [
        "entry[2].resource.resourceType: is no resource type of FHIR R4",
        "entry[1].resource.subject.reference: must be text, in quotes",
    ]


@pytest.mark.parametrize("day", ["soon", "2027-02-30", "2027-01"])
def test_a_day_of_the_assessment_that_is_none_is_refused(day: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        read_patient(bundle(ORDINARY), assessed_on=day)
    assert [problem.path for problem in caught.value.problems] == ["assessed_on"]


def test_what_speaks_of_no_medicine_leaves_the_record_whole() -> None:
    """The page's own address, somebody who writes in it, a thing that is of no patient."""
    doctor = {"resourceType": "Practitioner", "id": "d", "name": [{"text": "Dr A. Example"}]}
    thing = {"resourceType": "Basic", "subject": {"reference": "Practitioner/d"}}
    page = [{"relation": "self", "url": "https://x.example/fhir/Patient/p"}]
    meant = {"resourceType": "PlanDefinition", "title": "Taper of oxycodone"}
    found = read(ORDINARY, HEALTHY, doctor, thing, meant, link=page)
    assert found.incomplete == ()
    assert [row.words for row in found.readings[3:]] == [
        *("not read", "not read"),
        "not read; it says nothing of what the patient takes",
    ]


def test_an_opioid_in_the_note_of_what_is_not_taken_is_named() -> None:
    note = [{"text": "took Percocet yesterday"}]
    read_ = read(request("metformin"), statement("tramadol", "not-taken", note=note))
    assert [problem.message for problem in read_.incomplete] == [
        "names oxycodone beside its medicine"
    ]


@pytest.mark.parametrize(
    "resource",
    [
        {
            "resourceType": "CarePlan",
            "subject": US,
            "activity": [{"reference": {"reference": "MedicationRequest/gone"}}],
        },
        {
            "resourceType": "CarePlan",
            "subject": US,
            "activity": [{"detail": {"productReference": {"reference": "urn:uuid:7"}}}],
        },
        {
            "resourceType": "Composition",
            "subject": US,
            "section": [{"entry": [{"reference": "#gone"}]}],
        },
        {
            "resourceType": "Communication",
            "subject": US,
            "about": [{"reference": "https://x.example/fhir/MedicationStatement/gone"}],
        },
    ],
)
def test_a_medicine_that_is_told_of_elsewhere_makes_the_record_incomplete(resource: Json) -> None:
    found = read(ORDINARY, HEALTHY, resource)
    assert [p.path for p in found.incomplete] == ["entry[3].resource"]
    assert verdict(found) is Verdict.INSUFFICIENT


def test_a_plan_of_what_is_in_the_bundle_is_whole() -> None:
    plan = {
        "resourceType": "CarePlan",
        "subject": US,
        "author": {"reference": "Practitioner/elsewhere"},
        "activity": [{"reference": {"reference": "MedicationRequest/m"}}],
    }
    assert read(request("levothyroxine 75 mcg", id="m"), HEALTHY, plan).incomplete == ()


NOTE: Json = {"note": [{"text": "taking oxycodone as prescribed"}]}


@pytest.mark.hazard("I10")
@pytest.mark.parametrize(
    "resource",
    [
        {**statement("oxycodone", "entered-in-error"), **NOTE},
        {**condition("back pain", verified="refuted"), **NOTE},
        {**condition("back pain", verified="entered-in-error"), **NOTE},
        {**observation(coded(LOINC, "19295-5"), {"text": "Negative"}), **NOTE}
        | {"effectiveDateTime": "2026-12-30"},
        observation({"text": "Oxycodone in urine"}, {"text": "Negative"}, **NOTE),
        observation({"text": "Weight"}, None, "entered-in-error", **NOTE),
        {"resourceType": "Procedure", "status": "not-done", "subject": US, **NOTE},
        {"resourceType": "List", "status": "entered-in-error", "subject": US, **NOTE},
    ],
)
def test_an_opioid_in_the_note_of_what_is_set_aside_or_negative_is_named(resource: Json) -> None:
    found = read(ORDINARY, HEALTHY, resource)
    assert [p.message for p in found.incomplete] == ["names oxycodone in a note"]
    assert verdict(found) is Verdict.INSUFFICIENT


LONG_TERM = "says that an opioid is taken for long (ICD-10-CM Z79.891)"


@pytest.mark.parametrize(
    "system",
    [ICD10, f"{ICD10}/", ICD10.replace("http", "https"), "", "urn:oid:2.16.840.1.113883.6.90"],
)
@pytest.mark.parametrize("code", ["Z79.891", "Z79891"])
@pytest.mark.parametrize("clinical", ["active", "resolved"])
def test_long_term_use_of_an_opioid_is_no_ordinary_condition(
    system: str, code: str, clinical: str
) -> None:
    found = read(ORDINARY, HEALTHY, condition(coded(system, code, "Long term drug use"), clinical))
    assert LONG_TERM in [p.message for p in found.incomplete]
    assert verdict(found) is Verdict.INSUFFICIENT


def test_long_term_use_of_an_opioid_is_seen_as_a_reason_too() -> None:
    visit = {
        "resourceType": "Encounter",
        "status": "finished",
        "subject": US,
        "reasonCode": [coded(ICD10, "Z79.891")],
    }
    found = read(ORDINARY, HEALTHY, visit)
    assert [p.path for p in found.incomplete] == ["entry[3].resource"]
    other = coded(ICD10, "Z79.82", "Long term (current) use of aspirin")
    assert read(ORDINARY, HEALTHY, condition(other)).incomplete == ()


@pytest.mark.parametrize(
    "system", [RXNORM.replace("http", "https"), f"{RXNORM}/", f"{RXNORM}|2026", ""]
)
@pytest.mark.parametrize(("code", "exposures"), [("1049621", 1), ("310798", 0)])
def test_a_code_of_a_system_oddly_written_or_not_told_is_not_dropped(
    system: str, code: str, exposures: int
) -> None:
    named = {"coding": [{"system": system, "code": code}], "text": "metformin"}
    found = read(ORDINARY, HEALTHY, request(named))
    assert len(found.patient.opioids.exposures) == exposures
    assert found.incomplete
    assert verdict(found) not in CLEARING


def test_an_unknown_code_of_rxnorm_beside_its_text_is_told() -> None:
    found = read(HEALTHY, request(coded(RXNORM, "310798", "metformin 500 mg")))
    assert found.incomplete == ()
    assert found.readings[-1].words == (
        "metformin 500 mg: active, order; RxCUI 310798 not known, its text is read"
    )


def within(many: int) -> Json:
    parts = [{"itemCodeableConcept": {"text": f"zorbex {n}"}} for n in range(many)]
    return {"resourceType": "Medication", "id": "m", "ingredient": parts}


@pytest.mark.parametrize(
    ("resources", "problem"),
    [
        (
            [request(f"zorbex {n}") for n in range(1001)],
            "bundle: has more than 1000 different names of medicines; split it",
        ),
        (
            [within(101), by("Medication/m")],
            "entry[2].resource: its medicine has 101 names; at most 100 are read",
        ),
        (
            [within(100), *(by("Medication/m") for _ in range(101))],
            "bundle: names medicines more than 10000 times; split it",
        ),
        (
            [request(f"{n} {'x' * 995}") for n in range(201)],
            "bundle: has names of medicines of more than 200000 characters; split it",
        ),
        (
            [{"resourceType": "Basic"}] * 1500,
            "entry: has 1501 resources; at most 1500 are read: split the Bundle",
        ),
    ],
)
def test_more_names_of_medicines_than_are_read_are_refused(
    resources: list[Json], problem: str
) -> None:
    with pytest.raises(InvalidInputError) as refused:
        read(*resources)
    assert [str(each) for each in refused.value.problems] == [problem]


def test_a_thousand_medicines_are_read() -> None:
    found = read(*(request(f"zorbex {n}") for n in range(1000)))
    assert len(found.patient.medications or ()) == 1000
