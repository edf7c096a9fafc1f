"""Bad inputs: what is known of opioids, and what is not."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from datetime import date
from typing import Any

from bad_inputs.case import Case, cli, good, refused, refused_request
from bad_inputs.doors import (
    WHO,
    best_case,
    bundle,
    known,
    medicine,
    message,
    patient_wrong,
    plan_of,
    read_bundle,
    says,
    screened,
    taken,
)
from ldn_titration import OpioidExposure
from ldn_titration.errors import KnowledgeError
from ldn_titration.intake.medicines import read_medicines
from ldn_titration.knowledge import Knowledge, knowledge, shipped_tables


def _no_history(case: Case) -> None:
    """Absent or unknown it is insufficient; null is no such object (contract 3)."""
    assert case.input == {"opioid_history": None}
    for nothing in (None, {"status": "unknown"}):
        screening = screened(known(opioids=nothing))
        says(screening, "insufficient", "FACT-01")
        assert screening.missing == ("opioids",)
    patient_wrong("opioids", '{"status": "none"}', opioids=None)
    read = read_bundle(bundle(medicine("MedicationRequest", "levothyroxine 75 mcg")))
    assert read.patient.opioids.status == "unknown"
    assert str(best_case(read, beside=["opioids"]).verdict) == "insufficient"


def _no_last_dose(case: Case) -> None:
    """A last dose that is absent is unknown; null is no date (contract 3)."""
    told = {"substance": case.input["opioid"]}
    says(screened(known(opioids=taken(**told))), "insufficient", "OPI-05")
    wrong = taken(**told, last_taken=None)
    patient_wrong("opioids.exposures[0].last_taken", '"unknown"', opioids=wrong)


def _last_dose_unknown(case: Case) -> None:
    told = {"substance": case.input["opioid"], "last_taken": case.input["last_taken"]}
    screening = screened(known(opioids=taken(**told, release="immediate")))
    says(screening, "insufficient", "OPI-05")
    assert "the day of the last dose" in message(screening, "OPI-05")
    assert screening.not_before is None
    overridden = known(
        opioids=taken(**told),
        overrides=[{"code": "OPI-03", "reason": "a reason", "by": "Dr B.", "on": "2027-01-02"}],
    )
    says(screened(overridden), "insufficient", "OPI-05")
    assert "does not count" in message(screened(overridden), "OVR-01")


def _month(case: Case) -> None:
    """The last of January, so 4 opioid-free days before 5 February; clear from 11 February."""
    start = case.input["start"]
    told = taken(substance="codeine", release="immediate", last_taken=case.input["last_taken"])
    screening = screened(known(start, opioids=told))
    says(screening, "stop", "OPI-02")
    assert "4 opioid-free days" in message(screening, "OPI-02")
    assert screening.not_before == date(2025, 2, 11)
    says(screened(known("2025-02-11", opioids=told)), "clear")
    says(screened(known("2025-02-10", opioids=told)), "hold", "OPI-03")


def _on_or_after_the_start(case: Case) -> None:
    given = case.input
    told = taken(substance="codeine", release="immediate", last_taken=given["last_taken"])
    says(screened(known(given["start"], opioids=told)), "stop", "OPI-01")


def _met(case: Case) -> None:
    """1 to 12 January are 10 whole days between, and 11 January is a day short."""
    given = case.input
    told = taken(substance="codeine", release="immediate", last_taken=given["last_taken"])
    screening = screened(known(given["start"], opioids=told))
    says(screening, "clear")
    assert screening.not_before == date(2025, 1, 12)
    says(screened(known("2025-01-11", opioids=told)), "hold", "OPI-03")


def _methadone(case: Case) -> None:
    """10 of 10 to 14 days: held until 16 January (contract 5: 1 + 14 + 1)."""
    given = case.input
    told = taken(substance="methadone", last_taken=given["last_taken"])
    screening = screened(known(given["start"], opioids=told))
    says(screening, "hold", "OPI-03")
    assert screening.not_before == date(2025, 1, 16)


def _depot(case: Case) -> None:
    """A depot has no number of days: held a year, with no date promised."""
    given = case.input
    for name in ("buprenorphine", "Sublocade"):
        told = taken(substance=name, release="depot", last_taken=given["last_taken"])
        for start in (given["start"], "2026-01-01"):
            screening = screened(known(start, opioids=told))
            says(screening, "hold", "OPI-04")
            assert screening.not_before is None
            assert "No interval is established" in message(screening, "OPI-04")
    # The words of the corpus are no name of the tables: unknown, also long after 14 days.
    told = taken(substance=given["opioid"], release="depot", last_taken=given["last_taken"])
    screening = screened(known("2026-06-01", opioids=told))
    says(screening, "insufficient", "OPI-05")
    assert "for a depot none is known" in message(screening, "OPI-05")
    says(screened(known(medications=[given["opioid"]])), "insufficient", "MED-02")


def _opioid_in_the_list(case: Case) -> None:
    """By name among the medicines it is ongoing; as an exposure it lacks its date."""
    name = case.input.get("opioid") or case.input["product"]
    assert knowledge().named(name), "listed by its whole name"
    says(screened(known(medications=[name])), "stop", "OPI-01")
    says(screened(known(opioids=taken(substance=name))), "insufficient", "OPI-05")
    read = read_bundle(bundle(medicine("MedicationStatement", name)))
    assert [e.ongoing for e in read.patient.opioids.exposures] == [True]
    assert str(best_case(read).verdict) == "stop"
    found = read_medicines(f"{name}\n")
    assert len(found.exposures) == 1
    run = cli("opioid", name, "--format", "json")
    assert run.code == 0
    assert json.loads(run.out)


def _nalbuphine(case: Case) -> None:
    _opioid_in_the_list(case)
    (row,) = knowledge().named(case.input["product"])
    assert (row.kind, row.window) == ("mixed_agonist_antagonist", (7, 10))


def _unknown_name(case: Case) -> None:
    """Never taken for morphine, nor for nothing; checked by somebody it is a caution."""
    name = case.input["product"]
    assert knowledge().named(name) == ()
    says(screened(known(medications=[name])), "insufficient", "MED-01")
    exposure = taken(substance=name, last_taken="2020-01-01", release="immediate")
    says(screened(known(opioids=exposure)), "insufficient", "OPI-05")
    checked = known(medications=[name], unrecognised_medicines_checked="yes")
    assert str(screened(checked).verdict) == "caution"
    assert cli("opioid", name, "--format", "json").code == 3
    read = read_bundle(bundle(medicine("MedicationRequest", name)))
    assert str(best_case(read).verdict) == "insufficient"


def _not_by_substring(case: Case) -> None:
    """Dextromethorphan has a row that says why; what only looks like it is not known."""
    name = case.input["product"]
    (row,) = knowledge().named(name)
    assert (row.kind, row.is_opioid) == ("not_opioid_agonist", False)
    assert row.why_not
    says(screened(known(medications=[name])), "clear")
    for other in (f"{name}ol", name.removeprefix("dextro"), f"x{name}", name[:-1]):
        assert str(screened(known(medications=[other])).verdict) == "insufficient", other
    says(screened(known(medications=["dextromoramide"])), "stop", "OPI-01")


def _naloxone(case: Case) -> None:
    """Until somebody asked, more than a caution (contract 5: what is not known)."""
    says(screened(known(medications=[case.input["product"]])), "insufficient", "MED-02")
    kit = "naloxone nasal spray"
    screening = screened(known(medications=[kit]))
    says(screening, "insufficient", "OPI-07")
    assert "usually given because of an opioid" in message(screening, "OPI-07")
    says(screened(known(medications=[kit], opioid_in_use="no")), "caution", "OPI-07")
    says(screened(known(medications=[kit], opioid_in_use="yes")), "stop", "OPI-01", "OPI-07")


def _unknown_system(case: Case) -> None:
    code = case.input["code"]
    read = read_bundle(bundle(medicine("MedicationStatement", {"coding": [code]})))
    (kept,) = read.patient.medications or ()
    assert kept.name == "unknown code none of http://example.org"
    assert str(best_case(read).verdict) == "insufficient"
    says(screened(known(medications=[{"code": "example:none"}])), "insufficient", "MED-01")
    says(screened(known(opioids=taken(code="example:none"))), "insufficient", "OPI-05")
    patient_wrong("medications[0].system", "is no", medications=[code])
    wrong = [{"code": "http://example.org|none"}]
    patient_wrong("medications[0].code", "local:4711", medications=wrong)


def _negative_screen(case: Case) -> None:
    test = {"result": case.input["urine_screen"], "on": "2027-01-03"}
    told = taken(substance=case.input["opioid"])
    screening = screened(known(opioids=told, urine_opioid_screen=test))
    says(screening, "insufficient", "OPI-05")
    assert "clears nothing" in message(screening, "TST-01")
    for last, verdict in (("2027-01-01", "stop"), ("2026-12-26", "hold")):
        told = taken(substance="fentanyl", release="immediate", last_taken=last)
        with_test = screened(known(opioids=told, urine_opioid_screen=test))
        assert str(with_test.verdict) == verdict
        assert with_test.not_before == screened(known(opioids=told)).not_before


def _positive_screen(case: Case) -> None:
    test = {"result": "positive", "on": "2027-01-03"}
    says(screened(known(urine_opioid_screen=test)), "stop", "OPI-06")
    wrong = {**test, "result": case.input["urine_screen"]}
    path = "urine_opioid_screen.result"
    patient_wrong(path, '"negative", "positive" or "pending"', urine_opioid_screen=wrong)
    patient_wrong("urine_opioid_screen", "{...}", urine_opioid_screen=case.input["urine_screen"])


def _pending_screen(case: Case) -> None:
    test = {"result": case.input["urine_screen"], "on": "2027-01-03"}
    screening = screened(known(urine_opioid_screen=test))
    says(screening, "insufficient", "OPI-06")
    assert "Wait for its result" in message(screening, "OPI-06")


def _surgery(case: Case) -> None:
    surgery = case.input["planned_surgery"]
    first, _, last = case.input["plan"].partition("..")
    days = (date.fromisoformat(last) - date.fromisoformat(first)).days + 1
    request = known(first, planned_opioid=[{"on": surgery, "reason": "surgery"}])
    screening = screened({**request, "length_days": days})
    says(screening, "caution", "SUR-01")
    assert f"planned for {surgery}" in message(screening, "SUR-01")
    plan = plan_of({**request, "length_days": days})
    dues = {each.title: each.on for each in plan.screening.milestones if each.code == "MON-05"}
    assert dues["Last dose before opioid"] == date(2025, 2, 25)
    assert dues["NO DOSE: opioid"] == date(2025, 2, 26)


def _worst_wins(case: Case) -> None:
    codeine = {"substance": "codeine", "release": "immediate", "last_taken": "2026-12-05"}
    says(screened(known(opioids=taken(**codeine))), "clear")
    both = {"status": "known", "exposures": [codeine, {"substance": "heroin"}]}
    screening = screened(known(opioids=both))
    says(screening, "insufficient", "OPI-05")
    assert screening.not_before is None, "codeine's date is not the date of both"
    both["exposures"] = [codeine, {"substance": "heroin", "ongoing": True}]
    says(screened(known(opioids=both)), "stop", "OPI-01")


def _days_since(case: Case) -> None:
    """Days since are no key: a last dose has its date, and no number is one."""
    value = case.input["days_since_last_opioid"]
    name = "days_since_last_opioid"
    patient_wrong(name, "is no known key", **{name: value})
    path = "opioids.exposures[0]"
    wrong = taken(substance="codeine", **{name: value})
    patient_wrong(f"{path}.{name}", "is no known key", opioids=wrong)
    wrong = taken(substance="codeine", last_taken=value)
    patient_wrong(f"{path}.last_taken", "must be a date written YYYY-MM-DD", opioids=wrong)
    refused(lambda: OpioidExposure(substance="codeine", last_taken=value), "last_taken: must be")


def _weeks(case: Case) -> None:
    weeks = case.input["weeks_since_last_opioid"]
    patient_wrong("weeks_since_last_opioid", "is no known key", weeks_since_last_opioid=weeks)
    for value in (weeks, f"{weeks} weeks", f"{weeks}w"):
        wrong = taken(substance="codeine", last_taken=value)
        path = "opioids.exposures[0].last_taken"
        patient_wrong(path, "must be a date written YYYY-MM-DD", opioids=wrong)
    found = read_medicines("codeine, stopped 10 weeks ago\n")
    assert found.not_understood, "no date is worked out from words"
    assert {e.last_taken for e in found.exposures} <= {"unknown"}


def _missing_limit(case: Case) -> None:
    """A window that is lost is an error when the tables are read, never "no window"."""
    assert case.input["washout_days_override"] is None
    for key in ("depot_lookback", "low_dose_ceiling"):
        tables = without_rows("policy", key)
        refused(lambda tables=tables: Knowledge(tables), f"policy.csv lacks {key}")
    for column in ("max_days", "min_days"):
        tables = with_opioid("codeine_ir", **{column: ""})
        error = refused(lambda tables=tables: Knowledge(tables), "opioids.csv")
        assert isinstance(error, KnowledgeError)
    for given in (None, 0, "0"):
        request = good(washout_days_override=given)
        refused_request(request, "washout_days_override", "is no known key")


def without_rows(name: str, key: str) -> dict[str, bytes]:
    """The shipped tables without the row of that key."""
    tables = shipped_tables()
    lines = tables[name].splitlines(keepends=True)
    kept = [line for line in lines if not line.startswith(f"{key},".encode())]
    assert len(kept) == len(lines) - 1
    return {**tables, name: b"".join(kept)}


def with_opioid(row_id: str, **changes: str) -> dict[str, bytes]:
    """The shipped tables with one row of opioids changed."""
    tables = shipped_tables()
    header, *rows = csv.reader(io.StringIO(tables["opioids"].decode()))
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    for row in rows:
        told = dict(zip(header, row, strict=True))
        writer.writerow((told | (changes if told["id"] == row_id else {})).values())
    return {**tables, "opioids": out.getvalue().encode()}


def _liver(case: Case) -> None:
    for value in (case.input["liver"], None):
        screening = screened(known(liver_disease=value))
        says(screening, "insufficient", "FACT-01")
        assert screening.missing == ("liver_disease",)
    patient_wrong("liver_disease", '"unknown"', liver_disease="normal")


def _allergy(case: Case) -> None:
    says(screened(known(naltrexone_hypersensitivity="yes")), "stop", "HYP-01")
    assert str(screened(known(conditions=["naltrexone allergy"])).verdict) in {
        "stop",
        "insufficient",
    }
    active = {"coding": [{"code": "active"}]}
    sure = {"coding": [{"code": "confirmed"}]}
    allergy: dict[str, Any] = {"resourceType": "AllergyIntolerance", "patient": WHO}
    allergy |= {"clinicalStatus": active, "verificationStatus": sure}
    read = read_bundle(bundle({**allergy, "code": {"text": case.input["allergy"]}}))
    assert read.patient.naltrexone_hypersensitivity == "yes"
    assert str(best_case(read).verdict) == "stop"


CASES: dict[str, Callable[[Case], None]] = {
    "B181": _no_history,
    "B183": _no_last_dose,
    "B184": _last_dose_unknown,
    "B185": _month,
    "B186": _on_or_after_the_start,
    "B187": _on_or_after_the_start,
    "B190": _met,
    "B191": _methadone,
    "B193": _depot,
    "B195": _opioid_in_the_list,
    "B200": _opioid_in_the_list,
    "B201": _opioid_in_the_list,
    "B203": _opioid_in_the_list,
    "B204": _unknown_name,
    "B206": _not_by_substring,
    "B207": _naloxone,
    "B208": _nalbuphine,
    "B210": _unknown_system,
    "B211": _negative_screen,
    "B212": _positive_screen,
    "B213": _pending_screen,
    "B215": _surgery,
    "B216": _worst_wins,
    "B217": _days_since,
    "B218": _days_since,
    "B219": _days_since,
    "B220": _weeks,
    "B222": _missing_limit,
    "B224": _liver,
    "B225": _allergy,
}

NOT_BUILT: dict[str, str] = {}
