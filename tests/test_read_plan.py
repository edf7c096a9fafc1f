"""A plan read back from its FHIR request: the same plan, or every place that says otherwise."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ldn_titration import Capsules, Drops, InvalidInputError, Plan, Regimen, schedule
from ldn_titration.diary import Missed, Switched
from ldn_titration.export.fhir import PLAN_SOURCE, plan_fhir
from ldn_titration.intake.plan import read_plan
from ldn_titration.testing import plans

Json = Any
PLAN = schedule(
    Regimen(steps=[{"dose": "1.5 mg", "days": 7}, {"dose": "3 mg", "days": 7}]),
    Capsules(strengths=["1.5 mg"]),
    "2027-01-04",
)


def tree_of(plan: Plan) -> Json:
    return json.loads(plan_fhir(plan))


def problems(tree: Json) -> dict[str, str]:
    with pytest.raises(InvalidInputError) as caught:
        read_plan(json.dumps(tree))
    return {problem.path: problem.message for problem in caught.value.problems}


@settings(max_examples=25)
@given(plans())
def test_a_plan_comes_back_as_the_same_plan(plan: Plan) -> None:
    try:
        written = plan_fhir(plan)
    except InvalidInputError:  # a dose that FHIR cannot tell exactly
        return
    again = read_plan(written)
    assert list(again) == list(plan)
    assert again.status == "draft"


def test_a_diary_and_the_requests_of_a_switch_come_back_in_any_order() -> None:
    drops = Drops(concentration="5 mg/mL", drops_per_mL=20)
    diary = (Missed(on="2027-01-06"), Switched(on="2027-01-10", preparation=drops))
    plan = schedule(PLAN.regimen, PLAN.preparation, "2027-01-04", diary=diary)
    tree = tree_of(plan)
    tree["entry"].reverse()
    tree["entry"].append({"resource": {"resourceType": "Patient"}})
    assert read_plan(json.dumps(tree)) == plan
    tree["entry"] = tree["entry"][-2:]
    assert problems(tree) == {"FHIR": "holds 1 of the 2 requests of its plan"}


def test_a_request_alone_is_its_plan() -> None:
    assert read_plan(json.dumps(tree_of(PLAN)["entry"][0]["resource"])) == PLAN


FIRST = "dosageInstruction[0]"
VALUE = f"{FIRST}.doseAndRate[0].doseQuantity.value"


@pytest.mark.parametrize(
    ("at", "value", "path"),
    [
        (("dosageInstruction", 0, "doseAndRate", 0, "doseQuantity", "value"), 15, VALUE),
        (("dosageInstruction", 0, "doseAndRate", 0, "doseQuantity", "value"), True, VALUE),
        (("dosageInstruction", 0, "text"), "Take 4 capsules", f"{FIRST}.text"),
        (("dosageInstruction", 0, "asNeededBoolean"), True, f"{FIRST}.asNeededBoolean"),
        (("dosageInstruction",), [], "dosageInstruction"),
        (("dosageInstruction",), {"a": 1}, "dosageInstruction"),
        (("medicationCodeableConcept", "text"), "morphine", "medicationCodeableConcept.text"),
        (("status",), "cancelled", "status"),
        (("status",), ["draft"], "status"),
        (("doNotPerform",), True, "doNotPerform"),
        (("modifierExtension",), [{"url": "urn:not"}], "modifierExtension"),
        (("implicitRules",), "urn:other", "implicitRules"),
    ],
)
def test_what_was_changed_is_told_by_its_path(at: tuple[Any, ...], value: Any, path: str) -> None:
    tree = tree_of(PLAN)
    part = tree["entry"][0]["resource"]
    for name in at[:-1]:
        part = part[name]
    part[at[-1]] = value
    assert path in problems(tree)


def test_both_figures_are_told() -> None:
    tree = tree_of(PLAN)
    tree["entry"][0]["resource"]["dosageInstruction"][0]["sequence"] = 7
    told = problems(tree)
    assert told[f"{FIRST}.sequence"] == 'is "2", but its plan has "1"'
    assert told["dosageInstruction[1].sequence"] == 'is "7", but its plan has "2"'


def test_what_is_told_is_safe_to_show() -> None:
    tree = tree_of(PLAN)
    tree["entry"][0]["resource"]["dosageInstruction"][0]["\x1b[2J\n"] = "\x1b[31m"
    assert all(path.isprintable() and said.isprintable() for path, said in problems(tree).items())


def test_what_was_not_written_from_one_plan_is_refused() -> None:
    tree = tree_of(PLAN)
    source = tree["entry"][0]["resource"]["extension"][0]
    assert source["url"] == PLAN_SOURCE
    source["valueString"] = source["valueString"].replace("2027-01-04", "2027-01-05")
    assert f"{FIRST}.timing.repeat.boundsPeriod.start" in problems(tree)
    source["valueString"] = "{}"
    assert set(problems(tree)) == {"start", "regimen", "preparation"}
    source["url"] = "urn:other"
    assert list(problems(tree)) == ["FHIR"]
    assert list(problems([])) == ["FHIR"]
    two = {"resourceType": "Bundle", "entry": tree_of(PLAN)["entry"][:1]}
    two["entry"] += tree_of(schedule(PLAN.regimen, PLAN.preparation, "2027-01-05"))["entry"][:1]
    assert problems(two) == {"FHIR": "holds requests of 2 plans; give one"}


@settings(max_examples=50)
@given(
    st.sampled_from(["status", "dosageInstruction", "extension", "medicationCodeableConcept"]),
    st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=5),
)
def test_anything_in_an_element_is_read_or_refused(name: str, value: Any) -> None:
    tree = tree_of(PLAN)
    tree["entry"][0]["resource"][name] = value
    try:
        assert read_plan(json.dumps(tree)) == PLAN
    except InvalidInputError as error:
        assert error.problems
