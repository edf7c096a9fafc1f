"""FHIR bundles in foreign validators: StructureDefinitions, npm fhir, UCUM, fhir.resources R4B.

A set of seeded faults shows which validator finds what, so that their silence on our own
bundles means something, and what none of them finds is known.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from fhir.resources.R4B.bundle import Bundle as R4BBundle
from fhir.resources.R4B.medicationrequest import MedicationRequest as R4BRequest

from fhir_faults import FAULTS, OURS, UCUM
from ldn_titration.cli import main as ldn_titration
from ldn_titration.errors import InvalidInputError
from ldn_titration.export.fhir import plan_fhir
from ldn_titration.fhir.json import fhir_read
from ldn_titration.fhir.resources import Bundle, MedicationRequest
from ldn_titration.testing import living_plans, plans
from peers.samples import EXAMPLES, generated

HERE = Path(__file__).parent

EVALUATED = {
    *(f"bdl-{n}" for n in (1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 12)),
    *(f"dom-{n}" for n in (2, 3, 4, 5, 6)),
    *(f"tim-{n}" for n in (1, 2, 4, 5, 6, 7, 8, 9, 10)),
    *("ele-1", "ext-1", "per-1", "qty-3", "sqty-1", "drt-1", "ref-1"),
}
"""Every invariant of R4 on what we write; each must have been worked out, not passed over."""

ACCEPTED = {
    'Value set "http://hl7.org/fhir/ValueSet/medication-codes" could not be found.': (
        "an example binding: RxNorm's ingredient is a code of the field"
    ),
    'Code "7243" (http://www.nlm.nih.gov/research/umls/rxnorm) not found in value set': (
        "the same example binding, to SNOMED CT, which may not be shipped"
    ),
    'Value set "http://hl7.org/fhir/ValueSet/detectedissue-category" could not be found.': (
        "a preferred binding: its codes name interactions, not our rules"
    ),
    "(urn:ldn-titration:finding) not found in value set": "the same: our rules have our codes",
    "no narrative": "dom-6 is a best practice: the words of every step stand in its text",
}
"""What validators remark on sound bundles, none of it an error, and why it may stand."""


class Sample(NamedTuple):
    """A bundle as text, and what it is."""

    name: str
    text: str


def bundles() -> Iterator[Sample]:
    out = HERE.parents[1] / "build" / "peers.json"
    out.parent.mkdir(exist_ok=True)
    for path in EXAMPLES:
        asked = ["plan", str(path), "--draft", "--format", "fhir", "--out", str(out)]
        assert ldn_titration([*asked, "--overwrite"]) == 0, path
        yield Sample(path.stem, out.read_text(encoding="utf-8"))
    made = [*generated(plans(), 50), *generated(living_plans(), 50)]
    for number, plan in enumerate(made):
        try:
            yield Sample(f"plan {number}", plan_fhir(plan, patient="Patient/123"))
        except InvalidInputError:  # a dose that no decimal number holds
            continue


@pytest.fixture(scope="module")
def samples() -> list[Sample]:
    found = list(bundles())
    assert len(found) >= len(EXAMPLES) + 60
    return found


@pytest.fixture(scope="module")
def sound(samples: list[Sample]) -> dict[str, Any]:
    """A request of ours, on its own: tablets, in the morning, of known supply."""
    [text] = [sample.text for sample in samples if sample.name == "tablets-step-down"]
    request: dict[str, Any] = json.loads(text)["entry"][0]["resource"]
    del request["detectedIssue"]  # of the bundle's others
    return request


@pytest.fixture(scope="module")
def judged(
    samples: list[Sample],
    sound: dict[str, Any],
    node: Callable[..., Any],
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, Any]:
    """What the validators of npm say, by name: of our bundles, and of each fault."""
    resources = [
        *({"name": name, "resource": json.loads(text)} for name, text in samples),
        {"name": "sound", "resource": sound},
        *({"name": fault.name, "resource": fault.make(sound)} for fault in FAULTS),
    ]
    path = tmp_path_factory.mktemp("fhir") / "resources.json"
    path.write_text(json.dumps({"resources": resources}))
    said = node("validators.mjs", str(path))
    print(f"{', '.join(said['versions'])}: {len(samples)} bundles, {len(FAULTS)} faults")
    return {each["name"]: each for each in said["told"]}


def test_structure_definitions_and_invariants_hold(
    judged: dict[str, Any], samples: list[Sample]
) -> None:
    wrong = {
        name: judged[name]["structure"]["errors"]
        for name in ("sound", *(sample.name for sample in samples))
        if judged[name]["structure"]["errors"]
    }
    assert not wrong


def test_every_invariant_was_worked_out(judged: dict[str, Any], samples: list[Sample]) -> None:
    done = {key for s in samples for key in judged[s.name]["structure"]["evaluated"]}
    assert done == EVALUATED
    warned = {w["rule"] for s in samples for w in judged[s.name]["structure"]["warnings"]}
    assert warned == {"dom-6"}


def test_npm_fhir_has_no_error_and_only_known_remarks(
    judged: dict[str, Any], samples: list[Sample]
) -> None:
    remarks = Counter(
        (remark["severity"], remark["message"])
        for sample in samples
        for remark in judged[sample.name]["fhir"]
    )
    assert {severity for severity, _ in remarks} <= {"info", "warning"}
    unknown = [m for _, m in remarks if not any(words in m for words in ACCEPTED)]
    assert not unknown


def test_every_unit_is_a_unit_of_ucum(judged: dict[str, Any], samples: list[Sample]) -> None:
    assert not [judged[sample.name]["ucum"] for sample in samples if judged[sample.name]["ucum"]]


def without_classes(tree: Any) -> Any:
    """JSON with every number a Decimal."""
    if isinstance(tree, dict):
        return {name: without_classes(value) for name, value in tree.items()}
    if isinstance(tree, list):
        return [without_classes(value) for value in tree]
    if isinstance(tree, int | float) and not isinstance(tree, bool):
        return Decimal(str(tree))
    return tree


def test_fhir_resources_reads_every_bundle_to_the_same_values(samples: list[Sample]) -> None:
    for name, text in samples:
        read = R4BBundle.model_validate_json(text)
        again = json.loads(read.model_dump_json(), parse_float=Decimal)
        own = json.loads(text, parse_float=Decimal)
        assert without_classes(again) == without_classes(own), name


def test_our_own_reader_takes_every_bundle(samples: list[Sample]) -> None:
    for _, text in samples:
        fhir_read(Bundle, json.loads(text, parse_float=Decimal))


# --- seeded faults --------------------------------------------------------------------


def finders(fault: Any, sound: dict[str, Any], judged: dict[str, Any]) -> set[str]:
    """Who finds a fault."""
    said, text = judged[fault.name], json.dumps(fault.make(sound))
    known = {(m["severity"], m["message"]) for m in judged["sound"]["fhir"]}
    found = {
        "StructureDefinitions": bool(said["structure"]["errors"]),
        "npm fhir": any(
            m["severity"] in ("error", "fatal") or (m["severity"], m["message"]) not in known
            for m in said["fhir"]
        ),
        "UCUM": bool(said["ucum"]),
        "fhir.resources": refuses(lambda: R4BRequest.model_validate_json(text)),
        "ours": refuses(
            lambda: fhir_read(MedicationRequest, json.loads(text, parse_float=Decimal))
        ),
    }
    return {name for name, finds in found.items() if finds}


def refuses(read: Callable[[], object]) -> bool:
    try:
        read()
    except ValueError:
        return True
    return False


@pytest.fixture(scope="module")
def found(sound: dict[str, Any], judged: dict[str, Any]) -> dict[str, set[str]]:
    found = {fault.name: finders(fault, sound, judged) for fault in FAULTS}
    names = ("StructureDefinitions", "npm fhir", "fhir.resources", "UCUM", "ours")
    for fault in FAULTS:
        marks = "".join(f"{'x' if name in found[fault.name] else '.':^22}" for name in names)
        print(f"{fault.name:45}{fault.rule:22}{marks}")
    counts = {name: sum(name in by for by in found.values()) for name in names}
    print(f"of {len(FAULTS)}: {counts}")
    return found


def test_no_fault_is_in_the_sound_request(sound: dict[str, Any], judged: dict[str, Any]) -> None:
    assert not judged["sound"]["structure"]["errors"]
    assert not judged["sound"]["ucum"]
    assert not refuses(lambda: R4BRequest.model_validate_json(json.dumps(sound)))


def test_ours_refuses_every_fault(found: dict[str, set[str]]) -> None:
    assert [name for name, by in found.items() if "ours" not in by] == []


def test_each_breach_of_the_standard_is_found_by_a_foreign_validator(
    found: dict[str, set[str]],
) -> None:
    missed = [f.name for f in FAULTS if f.rule != OURS and not found[f.name] - {"ours"}]
    assert missed == []


def test_each_breach_of_a_structure_is_found_by_the_structure_definitions(
    found: dict[str, set[str]],
) -> None:
    missed = [
        f.name
        for f in FAULTS
        if f.rule not in (OURS, UCUM) and "StructureDefinitions" not in found[f.name]
    ]
    # drt-1 says "an expression of time", and its expression does not.
    assert missed == ["a supply that lasts 28 mg"]


def test_the_faults_of_units_are_found_by_their_units_alone(found: dict[str, set[str]]) -> None:
    for fault in FAULTS:
        if fault.rule == UCUM:
            assert found[fault.name] == {"UCUM", "ours"}


@pytest.mark.parametrize(
    ("validator", "least"),
    [("StructureDefinitions", 34), ("npm fhir", 12), ("fhir.resources", 17), ("UCUM", 4)],
)
def test_a_validator_finds_no_fewer_than_it_did(
    found: dict[str, set[str]], validator: str, least: int
) -> None:
    assert sum(validator in by for by in found.values()) >= least
