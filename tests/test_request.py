"""Requests: read whole or refused whole, every problem with the path of its field."""

from __future__ import annotations

import json
from typing import Any

import pytest

from conftest import ROOT
from ldn_titration import InvalidInputError, Regimen
from ldn_titration.request import PlanRequest, read_request

GOOD: dict[str, Any] = json.loads((ROOT / "examples" / "drops-18-weeks.json").read_text())
REQUESTS = [*(ROOT / "examples").glob("*.json"), *(ROOT / "tests/cases").glob("*/plan.json")]


@pytest.mark.parametrize("path", REQUESTS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_request_round_trips(path: Any) -> None:
    source = path.with_name("request.json") if path.name == "plan.json" else path
    request = read_request(source.read_bytes())
    assert PlanRequest.model_validate_json(request.model_dump_json(by_alias=True)) == request


def paths_of(request: Any) -> list[str]:
    with pytest.raises(InvalidInputError) as caught:
        read_request(json.dumps(request))
    return [problem.path for problem in caught.value.problems]


def leaves(tree: Any, *above: str) -> list[tuple[str, tuple[str, ...]]]:
    """Every leaf of the good request: its path in text, and as keys."""
    if isinstance(tree, dict) and tree:
        return [leaf for key, value in tree.items() for leaf in leaves(value, *above, key)]
    return [(".".join(above), above)]


LEAVES = [leaf for leaf in leaves(GOOD) if leaf[1][-1] != "form"]


@pytest.mark.parametrize(("path", "keys"), LEAVES, ids=[path for path, _ in LEAVES])
def test_a_wrong_leaf_is_told_by_its_path_alone(path: str, keys: tuple[str, ...]) -> None:
    """Each field of the example in turn holds what no field takes."""
    request = json.loads(json.dumps(GOOD))
    at = request
    for key in keys[:-1]:
        at = at[key]
    at[keys[-1]] = {"no": ["such", 1.5]}
    found = paths_of(request)
    assert found
    assert all(name.startswith(path) for name in found)


@pytest.mark.hazard("I05")
@pytest.mark.parametrize(("path", "keys"), LEAVES, ids=[path for path, _ in LEAVES])
def test_a_misspelt_key_is_told_by_its_path(path: str, keys: tuple[str, ...]) -> None:
    request = json.loads(json.dumps(GOOD))
    at = request
    for key in keys[:-1]:
        at = at[key]
    at[f"{keys[-1]}x"] = at[keys[-1]]
    assert f"{path}x" in paths_of(request)


def test_all_problems_are_told_at_once_in_every_part() -> None:
    request = {
        **GOOD,
        "start": "2027-1-4",
        "regimen": {"steps": [{"dose": "1 mg", "days": 0}, {"dose": "0 mg"}]},
        "preparation": {"form": "capsules", "strengths": ["1.5", "3 mg", "cc"]},
        "patient": {"age_years": 200, "opioids": {"status": "known", "exposures": [{}]}},
    }
    assert paths_of(request) == [
        "start",
        "regimen.steps[0].days",
        "regimen.steps[1].dose",
        "preparation.strengths[0]",
        "preparation.strengths[2]",
        "patient.opioids.exposures[0]",
        "patient.age_years",
    ]


def test_an_order_of_another_kind_of_preparation_is_told_by_its_path() -> None:
    """Capsules are counted by strength, a liquid is a volume."""
    request = json.loads((ROOT / "examples" / "drops-18-weeks.json").read_bytes())
    request["order"] = {"quantity": {"1.5 mg": 14}}
    with pytest.raises(InvalidInputError) as caught:
        read_request(json.dumps(request))
    (problem,) = caught.value.problems
    assert problem.path == "order.quantity"
    assert problem.message == "must be a volume, for whole drops of 0.25 mg"


@pytest.mark.hazard("I05")
def test_duplicates_are_told_beside_the_other_problems() -> None:
    text = json.dumps({**GOOD, "length_days": 0}).replace(
        '"by": "0.25 mg"', '"by": "0.25 mg", "by": "0.5 mg"'
    )
    with pytest.raises(InvalidInputError) as caught:
        read_request(text)
    assert [p.path for p in caught.value.problems] == ["regimen.ramp.by", "length_days"]


def test_a_byte_order_mark_is_allowed() -> None:
    """B312: by rule, a UTF-8 mark before the JSON is skipped."""
    text = json.dumps(GOOD)
    assert read_request(b"\xef\xbb\xbf" + text.encode()) == read_request(text)


@pytest.mark.parametrize(
    ("regimen", "steps"),
    [
        ({"protocol": "weekly_1_5"}, ["1.5 mg", "3 mg", "4.5 mg"]),
        (
            {"protocol": "kresser_kb", "by": "1.5 mg", "every_days": 3},
            ["1.25 mg", "2.75 mg", "4.25 mg", "4.5 mg"],
        ),
        (
            {"ramp": {"from": "3 mg", "by": "1 mg", "every_days": 2, "to": "1 mg"}},
            ["3 mg", "2 mg", "1 mg"],
        ),
        ({"steps": [{"doses": {"bedtime": "1 mg", "morning": "2 mg"}}]}, ["3 mg"]),
    ],
)  # fmt: skip
def test_a_regimen_of_each_kind_has_its_steps(regimen: Any, steps: list[str]) -> None:
    made = read_request(json.dumps({**GOOD, "regimen": regimen})).titration()
    assert [str(step.daily_dose) for step in made.steps] == steps
    assert made.time_of_day == "bedtime"


def test_every_protocol_that_is_no_refusal_makes_a_regimen_with_its_source() -> None:
    from ldn_titration.knowledge import knowledge

    made, refused = [], []
    for row in knowledge().protocols.values():
        choice = {"by": "0.5 mg", "every_days": 14} if row.kind == "open" else {}
        try:
            regimen = Regimen.from_protocol(row.id, **choice)  # type: ignore[arg-type]
        except InvalidInputError as error:
            assert row.reason in str(error)
            refused.append(row.id)
        else:
            assert regimen.cited is row
            assert row.source in knowledge().sources
            made.append(row.id)
    assert (len(made), len(refused)) == (26, 10)


def test_a_protocol_of_50_mg_is_of_the_standard_band_by_itself() -> None:
    request = {**GOOD, "regimen": {"protocol": "brief_004_opioid_dependence"}}
    assert read_request(json.dumps(request)).titration().band == "standard"


@pytest.mark.hazard("S07")
def test_a_message_never_repeats_what_was_written_about_a_patient() -> None:
    """S07: a value of the patient's is not echoed into an error."""
    secret = "Zebulon Quux"
    request = {**GOOD, "patient": {"name": [secret], "pregnant": secret, "age_years": secret}}
    with pytest.raises(InvalidInputError) as caught:
        read_request(json.dumps(request))
    assert secret not in str(caught.value)


def test_the_words_for_an_unknown_key_do_not_depend_on_what_else_was_imported() -> None:
    """P50: ``frequency`` is a key of the FHIR models, and of none that a request holds."""
    import ldn_titration.export.fhir  # noqa: F401 - now they are there

    with pytest.raises(InvalidInputError) as refused:
        read_request(json.dumps(GOOD | {"frequency": 1}))
    assert [str(problem) for problem in refused.value.problems] == ["frequency: is no known key"]
