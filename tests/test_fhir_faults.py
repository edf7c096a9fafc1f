"""Seeded faults: our own reader refuses each, and nothing that we write."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from fhir_faults import FAULTS
from ldn_titration import InvalidInputError, Regimen, Tablets, schedule
from ldn_titration.export.fhir import plan_requests
from ldn_titration.fhir.json import fhir_json, fhir_read
from ldn_titration.fhir.resources import MedicationRequest

STEPS = [{"dose": "1.5 mg", "days": 7}, {"dose": "3 mg", "days": 21}]


def sound() -> str:
    regimen = Regimen(steps=STEPS, time_of_day="bedtime")
    plan = schedule(regimen, Tablets(strengths=["1.5 mg"]), "2027-01-04")
    return fhir_json(plan_requests(plan)[0])


def read(text: str) -> MedicationRequest:
    return fhir_read(MedicationRequest, json.loads(text, parse_float=Decimal))


def test_what_is_written_is_read() -> None:
    assert fhir_json(read(sound())) == sound()


def test_there_are_enough_faults_each_once_and_each_changes_something() -> None:
    request = json.loads(sound())
    made = [json.dumps(fault.make(request)) for fault in FAULTS]
    assert len(set(made) - {json.dumps(request)}) == len(FAULTS) >= 19
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)


@pytest.mark.hazard("E01")
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_each_fault_is_refused(fault) -> None:
    faulty = json.dumps(fault.make(json.loads(sound())))
    with pytest.raises(InvalidInputError):
        read(faulty)


def test_what_is_taken_in_silence_is_named_by_its_path() -> None:
    request = json.loads(sound())
    del request["status"]
    del request["dosageInstruction"][1]["doseAndRate"][0]["doseQuantity"]["system"]
    request["note"][0]["time"] = None
    request["detectedIssue"] = []
    with pytest.raises(InvalidInputError) as caught:
        read(json.dumps(request))
    assert [problem.path for problem in caught.value.problems] == ["note[0].time"]
    del request["note"][0]["time"]
    with pytest.raises(InvalidInputError) as caught:
        read(json.dumps(request))
    assert {problem.path for problem in caught.value.problems} == {
        "status",
        "detectedIssue",
        "dosageInstruction[1].doseAndRate[0].doseQuantity.system",
    }


def test_digits_are_kept() -> None:
    text = sound().replace('"value": 1.5,', '"value": 1.50,').replace("(1.5 mg)", "(1.50 mg)")
    dose = read(text).dosage_instruction[0].dose_and_rate[0].dose_quantity
    assert str(dose.value) == "1.50"
    assert fhir_json(read(text)) == text
