"""A plan that went out as FHIR comes back as the same plan, or it is said where it was changed."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import ROOT
from ldn_titration import InvalidInputError, Plan
from ldn_titration.export.fhir import PLAN_SOURCE, plan_fhir
from ldn_titration.intake.plan import read_plan
from ldn_titration.request import read_request

DROPS = read_request((ROOT / "examples" / "drops-18-weeks.json").read_bytes()).plan()
LIVING = read_request((ROOT / "examples" / "living-plan.json").read_bytes()).plan()


def bundle(plan: Plan = DROPS) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(plan_fhir(plan))
    return made


def request(plan: Plan = DROPS) -> dict[str, Any]:
    made: dict[str, Any] = bundle(plan)["entry"][0]["resource"]
    return made


def rows(plan: Plan) -> list[tuple[str, str, str]]:
    return [(str(day.date), str(day.dose), day.take) for day in plan]


def test_a_request_alone_is_enough_where_it_is_the_only_one() -> None:
    assert rows(read_plan(json.dumps(request()))) == rows(DROPS)
    assert read_plan(json.dumps(request())).status == "draft"
    with pytest.raises(InvalidInputError, match="FHIR: holds 1 of the 2 requests of its plan"):
        read_plan(json.dumps(request(LIVING)))


def test_what_a_system_adds_or_signs_does_not_change_the_plan() -> None:
    signed = request()
    signed |= {"status": "active", "intent": "order", "meta": {"versionId": "2"}}
    signed["authoredOn"] = "2027-01-03"
    assert rows(read_plan(json.dumps(signed))) == rows(DROPS)


def dose(made: dict[str, Any]) -> None:
    made["dosageInstruction"][2]["doseAndRate"][0]["doseQuantity"]["value"] = 7.5


def text(made: dict[str, Any]) -> None:
    made["dosageInstruction"][0]["text"] = "Take 10 drops"


def day(made: dict[str, Any]) -> None:
    made["dosageInstruction"][17]["timing"]["repeat"]["boundsPeriod"]["end"] = "2027-05-10"


def often(made: dict[str, Any]) -> None:
    made["dosageInstruction"][5]["timing"]["repeat"]["frequency"] = True


def fewer(made: dict[str, Any]) -> None:
    del made["dosageInstruction"][4]


def swapped(made: dict[str, Any]) -> None:
    first, second, *_ = made["dosageInstruction"]
    first["sequence"], second["sequence"] = 2, 1


def drug(made: dict[str, Any]) -> None:
    made["medicationCodeableConcept"]["text"] = "naltrexone 50 mg tablets"


def more(made: dict[str, Any]) -> None:
    made["dosageInstruction"][3]["maxDosePerPeriod"] = {}


def supplied(made: dict[str, Any]) -> None:
    made["dispenseRequest"]["quantity"]["value"] = 560


@pytest.mark.hazard("I02", "I03")
@pytest.mark.parametrize(
    ("change", "path"),
    [
        (dose, "dosageInstruction[2].doseAndRate[0].doseQuantity.value"),
        (text, "dosageInstruction[0].text"),
        (day, "dosageInstruction[17].timing.repeat.boundsPeriod.end"),
        (often, "dosageInstruction[5].timing.repeat.frequency"),
        (fewer, "dosageInstruction"),
        (swapped, "dosageInstruction[0].text"),
        (supplied, "dispenseRequest.quantity.value"),
        (drug, "medicationCodeableConcept.text"),
        (more, "dosageInstruction[3].maxDosePerPeriod"),
        (lambda made: made.update(doNotPerform=True), "doNotPerform"),
        (lambda made: made.update(modifierExtension=[{"url": "urn:x"}]), "modifierExtension"),
        (lambda made: made.update(status="entered-in-error"), "status"),
        (lambda made: made.update(status=5), "status"),
        (lambda made: made.update(dosageInstruction="none"), "dosageInstruction"),
    ],
)
def test_what_somebody_changed_is_refused_by_its_path(
    change: Callable[[dict[str, Any]], None], path: str
) -> None:
    """I02, I03: both sides are told, and nothing is read."""
    made = request()
    change(made)
    with pytest.raises(InvalidInputError) as caught:
        read_plan(json.dumps(made))
    assert path in [problem.path for problem in caught.value.problems]


def source_of(made: dict[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = made["extension"][0]
    assert told["url"] == PLAN_SOURCE
    return told


def test_its_source_alone_decides_nothing() -> None:
    """Another start in the source: every dosage of the request speaks against it."""
    made = request()
    told = source_of(made)
    told["valueString"] = told["valueString"].replace("2027-01-04", "2027-01-05")
    with pytest.raises(InvalidInputError) as caught:
        read_plan(json.dumps(made))
    starts = [p for p in caught.value.problems if p.path.endswith("boundsPeriod.start")]
    assert len(starts) == 18
    assert starts[0].message == 'is "2027-01-04", but its plan has "2027-01-05"'


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"{}", "it was not written from a plan"),
        (b"[]", "it was not written from a plan"),
        (b'{"resourceType": "Patient"}', "it was not written from a plan"),
        (b'{"a": 1, "a": 2}', "a: stands twice in the same object"),
        (b"\xff", "is no UTF-8 text"),
        (b"{", "is no JSON"),
        (b"[" * 9999, "is nested too deeply"),
    ],
)
def test_what_is_no_plan_says_so(data: bytes, words: str) -> None:
    with pytest.raises(InvalidInputError, match=words):
        read_plan(data)


@pytest.mark.hazard("I04")
def test_two_plans_are_not_mixed() -> None:
    both = bundle()
    both["entry"] += bundle(LIVING)["entry"]
    with pytest.raises(InvalidInputError, match="holds requests of 2 plans; give one"):
        read_plan(json.dumps(both))


@pytest.mark.parametrize("source", ["", "{}", "[1]", '{"start": "2027-01-04", "start": 1}', "NaN"])
def test_a_source_that_is_none_is_refused(source: str) -> None:
    made = request()
    source_of(made)["valueString"] = source
    with pytest.raises(InvalidInputError):
        read_plan(json.dumps(made))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)


@given(st.sampled_from(sorted(request())), JSON)
def test_whatever_stands_in_a_field_is_read_or_refused(name: str, value: Any) -> None:
    made = {**request(), name: value}
    try:
        plan = read_plan(json.dumps(made))
    except InvalidInputError:
        return
    assert rows(plan) == rows(DROPS)
