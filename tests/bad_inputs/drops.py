"""Drops: a dose is a whole number of them, by one dilution and one calibrated dropper."""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction
from functools import partial
from typing import Any

from bad_inputs.case import Case, accepted, cli, good, refused, refused_request
from ldn_titration import (
    Concentration,
    Dilution,
    Drops,
    InvalidInputError,
    Mass,
    NotMeasurableError,
    OralSolution,
    Regimen,
    TitrationStep,
    Verdict,
    Volume,
    schedule,
)
from ldn_titration.errors import QuantityError
from ldn_titration.export.fhir import plan_fhir
from ldn_titration.intake.plan import read_plan


def liquid(case: Case, **changes: Any) -> dict[str, Any]:
    """The drops of a case as a request states them."""
    drug, final_volume = case.input["dilution"].split(" in ")
    made = {"form": "drops", "dilution": {"drug": drug, "final_volume": final_volume}}
    return {**made, "drops_per_mL": case.input.get("drops_per_mL", 20), **changes}


def one(dose: str, preparation: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A request for one dose of a preparation."""
    steps = {"steps": [{"dose": dose}]}
    return good(regimen=steps, preparation=preparation, length_days=2, **changes)


def not_measurable(request: dict[str, Any], below: str | None, above: str | None) -> None:
    """Demand that step 1 of a request cannot be measured, with the nearest doses on each side."""
    error = refused(accepted(request).plan)
    assert isinstance(error, NotMeasurableError)
    assert error.step == 1
    assert tuple(each and str(each) for each in (error.below, error.above)) == (below, above)
    run = cli("plan", "-", "--draft", stdin=request)
    assert (run.code, run.out) == (4, "")
    asked = request["regimen"]["steps"][0]["dose"]
    near = [f"{each} {side}" for each, side in ((below, "below"), (above, "above")) if each]
    assert f"step 1: {asked} cannot be measured exactly" in run.err
    assert f"nearest: {' and '.join(near)}" in run.err


def drops(case: Case) -> Drops:
    made: Drops = Drops.model_validate(liquid(case))
    return made


def are_the_dose(case: Case) -> None:
    """B084: 18 drops of 0.25 mg are 4.5 mg in 0.9 mL, exactly, both ways."""
    dropper = drops(case)
    assert case.input["drops"] * dropper.drop == Mass("4.5 mg")
    reading = dropper.measure("4.5 mg")
    assert (reading.drops, reading.volume) == (18, Volume("0.9 mL"))
    run = cli("plan", "-", "--format", "json", stdin=one("4.5 mg", liquid(case)))
    day = json.loads(run.out)["days"][0]
    assert (day["dose"], day["units"]) == ("4.5 mg", {"drops": 18, "volume": "0.9 mL"})


def are_more_than_meant(case: Case) -> None:
    """B085: with another dropper 18 drops are 7.5 mg, which no low-dose screening clears."""
    dropper = drops(case)
    mass = case.input["drops"] * dropper.drop
    assert str(mass) == "7.5 mg"
    assert dropper.measure(mass).drops == 18
    request = one("7.5 mg", liquid(case))
    assert accepted(request).screening().verdict is Verdict.STOP
    run = cli("plan", "-", stdin=request)
    assert (run.code, run.out) == (3, "")
    assert "[STOP] DOS-01: Step 1 gives 7.5 mg a day, above 6 mg a day" in run.err
    draft = cli("plan", "-", "--draft", "--format", "csv", stdin=request)
    assert "18 drops (1.5 mL, 7.5 mg)" in draft.out
    assert "4.5 mg" not in draft.out
    not_measurable(one("4.5 mg", liquid(case)), "25/6 mg", "55/12 mg")


def are_between_two_drops(case: Case) -> None:
    """B087: 1.2 drops are not rounded; the doses of 1 and of 2 drops are offered."""
    not_measurable(one(case.input["dose"], liquid(case)), "0.25 mg", "0.5 mg")
    for dose, count in (("0.25 mg", 1), ("0.5 mg", 2)):
        assert drops(case).measure(dose).drops == count


def are_no_count(case: Case) -> None:
    """B089, B090: fewer drops than one are no dose; a request states no drops at all."""
    count, dropper = case.input["drops"], drops(case)
    for make in (
        lambda: dropper.measure(count * dropper.drop),
        lambda: TitrationStep(dose=count * dropper.drop),
        lambda: Regimen.ramp(count * dropper.drop, "0.25 mg", 7, "4.5 mg"),
    ):
        refused(make, "cannot be negative" if count < 0 else "must be more than zero")
    refused_request(good(preparation=liquid(case, drops=count)), "preparation.drops", "is no")
    said = "has a sign" if count < 0 else "must be more than zero"
    text = f"{Fraction(count) / 4 if count else 0} mg".replace("-1/4", "-0.25")
    refused_request(one(text, liquid(case)), "regimen.steps[0].dose", said)


def has_no_drop(case: Case) -> None:
    """B091: no drops to 1 mL is refused, and so is everything but 5 to 60."""
    assert case.input["drops_per_mL"] == 0
    for number in (0, -1, 4, 61):
        said = "cannot be negative" if number < 0 else "must be from 5 to 60 drops per mL"
        request = good(preparation=liquid(case, drops_per_mL=number))
        refused_request(request, "preparation.drops_per_mL", said)
        refused(partial(Drops, concentration="5 mg/mL", drops_per_mL=number), said)


def has_no_volume(case: Case) -> None:
    path = "preparation.dilution.final_volume"
    said = 'must be more than zero, such as "10 mL"'
    refused_request(good(preparation=liquid(case)), path, said)
    refused(lambda: Dilution(drug="50 mg", final_volume="0 mL"), "final_volume", said)
    refused(lambda: Mass("50 mg") / Volume("0 mL"), "cannot be divided by zero")
    assert not Volume("0 mL") * Concentration("5 mg/mL")


def is_swapped(case: Case) -> None:
    """B094: volume in mass: both are said to be the other."""
    request = good(preparation=liquid(case))
    refused_request(request, "preparation.dilution.drug", "is a volume, where a mass")
    refused_request(request, "preparation.dilution.final_volume", "is a mass, where a volume")
    drug, volume = case.input["dilution"].split(" in ")
    error = refused(lambda: Dilution(drug=drug, final_volume=volume))
    assert isinstance(error, InvalidInputError)
    assert [problem.path for problem in error.problems] == ["drug", "final_volume"]


def lacks_a_unit(case: Case) -> None:
    path, said = "preparation.dilution.final_volume", '"10" lacks its unit, as in "10 mL"'
    refused_request(good(preparation=liquid(case)), path, said)
    refused(lambda: Dilution(drug="50 mg", final_volume="10"), "final_volume", said)


def contradicts_its_label(case: Case) -> None:
    """B097, B098: the drop that is stated is not the one that the dilution gives."""
    stated = case.input["label_mg_per_drop"]
    computed = {"B097": "25 mcg", "B098": "0.25 mcg"}[case.id]
    preparation = liquid(case, mg_per_drop=stated)
    said = (f"states {stated} a drop", f"is {computed} a drop")
    refused_request(good(preparation=preparation), "preparation.mg_per_drop", *said)
    refused(lambda: Drops.model_validate(preparation), "mg_per_drop: ", *said)
    right = liquid(case, mg_per_drop=computed)
    assert str(Drops.model_validate(right).mark) == computed


def is_not_dissolved(case: Case) -> None:
    """B100: 5 g in 10 mL would be five times what dissolves; both figures are told."""
    dense = liquid(case._replace(input={"dilution": case.input["mass"]}))
    said = ("is 500 mg/mL", "dissolves to about 100 mg/mL only", "naltrexone_tablet_dailymed")
    refused_request(good(preparation=dense), "preparation.dilution", *said)
    stated = {"form": "drops", "concentration": "500 mg/mL", "drops_per_mL": 20}
    refused_request(good(preparation=stated), "preparation.concentration", *said)
    most = f"{case.input['solubility_limit_mg_per_mL']} mg/mL"
    assert str(Drops(concentration=most, drops_per_mL=20).strength) == most
    refused(lambda: Drops(concentration="100.001 mg/mL", drops_per_mL=20), "dissolves")


def disagrees_with_its_volume(case: Case) -> None:
    """B101: drops and volume of one dose are one figure: a plan that states another is refused.

    A request states neither; a plan does, and is read back from its FHIR resources.
    """
    stated = {name: case.input[name] for name in ("volume", "drops")}
    request = good(preparation=liquid(case, **stated))
    for name in stated:
        refused_request(request, f"preparation.{name}", "is no ")
    plan = schedule(Regimen(steps=[{"dose": "4.5 mg"}]), drops(case), "2027-01-04", days=2)
    text = plan_fhir(plan)
    assert read_plan(text) == plan
    assert "18 drops (0.9 mL, 4.5 mg)" in text
    assert text.count('"valueInteger": 18') == 1
    for edited in (
        text.replace('"valueInteger": 18', '"valueInteger": 20'),
        text.replace("18 drops (0.9 mL", "20 drops (0.9 mL"),
        text.replace("18 drops (0.9 mL", "18 drops (1 mL"),
    ):
        refused(partial(read_plan, edited))


def is_no_tolerance(case: Case) -> None:
    percent = case.input["drop_tolerance_percent"]
    dropper = Drops(concentration="5 mg/mL", drops_per_mL=20)
    error = refused(
        lambda: dropper.band(18, Fraction(percent, 100)),
        "a tolerance is a share from 0 to below 1, not -1/20",
    )
    assert isinstance(error, QuantityError)
    assert list(map(str, dropper.band(18, Fraction(5, 100)))) == ["4.275 mg", "4.725 mg"]
    stated = good(preparation={**good()["preparation"], **case.input})
    refused_request(stated, "preparation.drop_tolerance_percent", "is no ")


def is_text(case: Case) -> None:
    """B104: a whole number of drops stands without quotes; nothing is read as one."""
    said = "must be a whole number"
    for value in (case.input["drops_per_mL"], 20.0, True, None, "20 drops", "2O", " 20"):
        preparation = {**good()["preparation"], "drops_per_mL": value}
        refused_request(good(preparation=preparation), "preparation.drops_per_mL", "must be")
        refused(lambda v=value: Drops(concentration="5 mg/mL", drops_per_mL=v), "must be")
    error = refused(lambda: Drops(concentration="5 mg/mL", drops_per_mL="20"), said, "such as 20")
    assert isinstance(error, InvalidInputError)
    absent = {k: v for k, v in good()["preparation"].items() if k != "drops_per_mL"}
    refused_request(good(preparation=absent), "preparation.drops_per_mL", "is required")


def is_between_two_marks(case: Case) -> None:
    """B106: 0.05 mL is no mark of a 0.1 mL scale."""
    preparation = {
        "form": "oral_solution",
        "dilution": liquid(case)["dilution"],
        "graduation": case.input["syringe_graduation"],
    }
    not_measurable(one(case.input["dose"], preparation), None, "0.5 mg")
    syringe = OralSolution(concentration="5 mg/mL", graduation="0.1 mL")
    assert str(syringe.measure("0.5 mg").volume) == "0.1 mL"


CASES: dict[str, Callable[[Case], None]] = {
    "B084": are_the_dose,
    "B085": are_more_than_meant,
    "B087": are_between_two_drops,
    "B089": are_no_count,
    "B090": are_no_count,
    "B091": has_no_drop,
    "B092": has_no_volume,
    "B094": is_swapped,
    "B096": lacks_a_unit,
    "B097": contradicts_its_label,
    "B098": contradicts_its_label,
    "B100": is_not_dissolved,
    "B101": disagrees_with_its_volume,
    "B103": is_no_tolerance,
    "B104": is_text,
    "B106": is_between_two_marks,
}

NOT_BUILT: dict[str, str] = {}
