"""Facts about a patient: what is read, what is refused, and that nothing is guessed."""

from __future__ import annotations

import calendar
import json
from datetime import UTC, date, datetime, time, timedelta, timezone
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ldn_titration import (
    InvalidInputError,
    LdnTitrationError,
    Medication,
    OpioidExposure,
    OpioidHistory,
    OpioidTest,
    PatientFacts,
    PlannedOpioid,
)
from ldn_titration.findings import Override
from ldn_titration.patient import EarlierNaltrexone
from ldn_titration.testing import exposures, known_facts, masses
from ldn_titration.values import Month, Value

# The patient of the contract, section 3.
CONTRACT = """{"assessed_on": "2027-01-02", "assessed_by": "Dr A. Example",
  "opioids": {"status": "none"},
  "opioid_dependence": "no", "acute_withdrawal": "no",
  "naltrexone_hypersensitivity": "no", "other_naltrexone": "no",
  "age_years": 44, "pregnant": "no", "breastfeeding": "no",
  "liver_disease": "no", "kidney_impairment": "no", "suicidal_ideation": "no",
  "medications": [], "conditions": []}"""
REQUIRED = list(json.loads(CONTRACT))
FACTS = [name for name, value in json.loads(CONTRACT).items() if value == "no"]


def problems(model: type[Value], data: Any) -> dict[str, str]:
    """What is refused, by path: the same from Python and from JSON."""
    with pytest.raises(InvalidInputError) as caught:
        model.model_validate_json(json.dumps(data))
    with pytest.raises(InvalidInputError) as again:
        model.model_validate(data)
    found = {problem.path: problem.message for problem in caught.value.problems}
    assert {problem.path for problem in again.value.problems} == set(found)
    return found


# --- what is absent is unknown --------------------------------------------------------------


def test_the_patient_of_the_contract_is_read_and_nothing_is_missing() -> None:
    patient = PatientFacts.model_validate_json(CONTRACT)
    assert patient == known_facts()
    assert patient.missing() == ()
    assert (patient.assessed_on, patient.age_years) == (date(2027, 1, 2), 44)


def test_whoever_was_asked_nothing_misses_all_that_is_required_in_the_order_of_the_form() -> None:
    """W01: no default reads as safe."""
    for patient in (PatientFacts(), PatientFacts.model_validate_json("{}")):
        assert list(patient.missing()) == REQUIRED
        assert {getattr(patient, name) for name in FACTS} == {"unknown"}
        assert (patient.medications, patient.conditions, patient.age_years) == (None, None, None)


def test_an_empty_list_says_asked_and_none_and_is_not_the_same_as_absent() -> None:
    asked = PatientFacts(medications=(), conditions=())
    assert set(REQUIRED) - set(asked.missing()) == {"medications", "conditions"}


@pytest.mark.parametrize(
    "name",
    [*FACTS, "lactose_intolerance", "opioid_in_use", "alcohol", "unrecognised_medicines_checked"],
)
@pytest.mark.parametrize(
    "value", [True, False, None, 0, 1, "", "Yes", "NO", "y", " no", "no ", "none", ["no"], {}]
)
def test_a_fact_is_yes_no_or_unknown_and_nothing_else(name: str, value: Any) -> None:
    assert list(problems(PatientFacts, {name: value})) == [name]


@pytest.mark.parametrize(
    ("name", "finer"),
    [
        ("liver_disease", ["compensated", "acute_or_decompensated"]),
        ("kidney_impairment", ["mild", "moderate", "severe"]),
    ],
)
def test_a_finer_value_is_read_where_a_rule_needs_it(name: str, finer: list[str]) -> None:
    for value in ("yes", "no", "unknown", *finer):
        patient = PatientFacts.model_validate({name: value})
        assert getattr(patient, name) == value
        assert (name in patient.missing()) == (value == "unknown")
    for other in set(FACTS) - {name}:
        for value in finer:
            assert list(problems(PatientFacts, {other: value})) == [other]


@pytest.mark.parametrize("age", [-1, 131, 44.0, 44.5, "44", True, [44], 10**30])
def test_an_age_is_a_whole_number_of_years_a_person_may_have(age: Any) -> None:
    assert list(problems(PatientFacts, {"age_years": age})) == ["age_years"]
    assert [PatientFacts(age_years=years).age_years for years in (0, 18, 130)] == [0, 18, 130]


# --- dates, months, date-times --------------------------------------------------------------

NO_DATES: list[Any] = [
    "2027-1-4",
    "2027-01-4",
    "27-01-04",
    "20270104",
    "2027-W01-1",
    "2027-004",
    "2027/01/04",
    "04/01/2027",
    "04.01.2027",
    "4 January 2027",
    "January",
    "2027",
    "2027-02-29",
    "2027-00-10",
    "2027-13-01",
    "2027-01-32",
    "0000-01-01",
    "+2027-01-04",
    "-2027-01-04",
    "12027-01-04",
    " 2027-01-04",
    "2027-01-04 ",
    "2027-01-04\n",
    "2027-01-04T",
    "\uff12\uff10\uff12\uff17-01-04",
    "\u0662\u0660\u0662\u0667-\u0660\u0661-\u0660\u0664",
    "2027\u201001\u201004",
    "today",
    "Unknown",
    "",
    20270104,
    1_800_000_000,
    0,
    2027.0,
    True,
    ["2027-01-04"],
    {"year": 2027},
]
NO_MOMENTS: list[Any] = [
    *NO_DATES,
    "2027-01-04T22:00",
    "2027-01-04 22:00+01:00",
    "2027-01-04T22+01:00",
    "2027-01-04T22:00+0100",
    "2027-01-04T22:00+01",
    "2027-01-04T22:00z",
    "2027-01-04t22:00Z",
    "2027-01-04T25:00Z",
    "2027-01-04T22:60Z",
    "2027-01-04T22:00:60Z",
    "2027-01-04T22:00+24:00",
    "2027-02-29T22:00Z",
    "2027-01-04T22:00Z[Europe/Berlin]",
    "2027-00",
    "2027-13",
    "0000-01",
    "9999-12",
    "2027-1",
    "2027-01-",
    "12/2026",
    None,
]
TIMES = ["2027-01-04T22:00+01:00", "2027-01-04T22:00Z", "2027-01", "unknown"]


@pytest.mark.hazard("T06")
@pytest.mark.parametrize("text", [*NO_DATES, *TIMES], ids=repr)
def test_a_date_is_written_in_one_way_only(text: Any) -> None:
    """T06: never guessed, never repaired, never cut off."""
    assert list(problems(PatientFacts, {"assessed_on": text})) == ["assessed_on"]
    test = {"result": "negative", "on": text}
    assert list(problems(PatientFacts, {"naloxone_challenge": test})) == ["naloxone_challenge.on"]
    planned = {"planned_opioid": [{"on": text, "reason": "surgery"}]}
    assert list(problems(PatientFacts, planned)) == ["planned_opioid[0].on"]


@pytest.mark.parametrize("text", NO_MOMENTS, ids=repr)
def test_a_last_dose_is_a_date_a_month_a_time_with_offset_or_unknown(text: Any) -> None:
    """W05, W07: what is none of them is refused."""
    told = {"substance": "oxycodone", "last_taken": text}
    assert list(problems(OpioidExposure, told)) == ["last_taken"]


@pytest.mark.parametrize("moment", [datetime(2027, 1, 4, 22), datetime(2027, 1, 4)])  # noqa: DTZ001
def test_a_time_without_an_offset_is_refused(moment: datetime) -> None:
    with pytest.raises(InvalidInputError, match="offset"):
        OpioidExposure(substance="oxycodone", last_taken=moment)
    with pytest.raises(InvalidInputError):
        PatientFacts(assessed_on=moment)


@given(st.dates(), st.times(), st.integers(-14 * 4, 14 * 4))
@example(date(9999, 12, 31), time(12), 0)  # the month has no day after it, and is refused
def test_a_date_a_month_and_a_time_are_read_as_what_they_are(day: date, at: Any, zone: int) -> None:
    """W05: each keeps its own precision; a time keeps its offset, midnight too."""

    def read(text: str) -> Any:
        return OpioidExposure.model_validate({"substance": "x", "last_taken": text}).last_taken

    assert read(day.isoformat()) == day
    assert type(read(day.isoformat())) is date
    offset = timezone(timedelta(minutes=15 * zone))
    for clock in (at.replace(microsecond=0), at.replace(hour=0, minute=0, second=0, microsecond=0)):
        moment = datetime.combine(day, clock, offset)
        found = read(moment.isoformat())
        assert type(found) is datetime
        assert (found.replace(tzinfo=None), found.utcoffset()) == (
            moment.replace(tzinfo=None),
            moment.utcoffset(),
        )
    if (day.year, day.month) != (9999, 12):
        month = read(f"{day:%Y-%m}".rjust(7, "0"))
        assert month.last_day == day.replace(day=calendar.monthrange(day.year, day.month)[1])


def test_an_unknown_last_dose_stays_unknown_and_is_the_default() -> None:
    for told in ({}, {"last_taken": "unknown"}):
        exposure = OpioidExposure.model_validate({"substance": "oxycodone", **told})
        assert (exposure.last_taken, exposure.release) == ("unknown", "unknown")
        assert exposure.ongoing is False


@pytest.mark.parametrize("month", [(2026, 0), (2026, 13), (0, 1), (9999, 12), (-1, 1)])
def test_a_month_that_does_not_exist_is_refused_also_as_a_value(month: tuple[int, int]) -> None:
    """T07: as the texts 2026-13 and 9999-12 are; else a screening fails in its reckoning."""
    with pytest.raises(InvalidInputError):
        OpioidExposure(substance="oxycodone", last_taken=Month(*month))


# --- exposures, medicines, tests ------------------------------------------------------------


@pytest.mark.parametrize(
    ("history", "path"),
    [
        ({}, "opioids.status"),
        ({"status": "yes"}, "opioids.status"),
        ({"status": None}, "opioids.status"),
        ({"status": "known"}, "opioids.exposures"),
        ({"status": "known", "exposures": []}, "opioids.exposures"),
        ({"status": "none", "exposures": [{"substance": "x"}]}, "opioids.exposures"),
        ({"status": "unknown", "exposures": [{"substance": "x"}]}, "opioids.exposures"),
        ({"status": "known", "exposures": [{}]}, "opioids.exposures[0]"),
        ({"status": "known", "exposures": {"substance": "x"}}, "opioids.exposures"),
        ({"status": "known", "exposures": ["codeine"]}, "opioids.exposures[0]"),
        ("none", "opioids"),
        (None, "opioids"),
        ([], "opioids"),
    ],
)
def test_a_history_of_opioids_says_none_unknown_or_which(history: Any, path: str) -> None:
    assert list(problems(PatientFacts, {"opioids": history})) == [path]


@pytest.mark.parametrize(
    ("told", "path"),
    [
        ({"substance": "codeine", "rxcui": "2670"}, ""),
        ({"substance": None}, ""),
        ({"rxcui": None}, ""),
        ({"release": "immediate"}, ""),
        ({"rxcui": 2670}, "rxcui"),
        ({"rxcui": "RX2670"}, "rxcui"),
        ({"rxcui": "2670\n"}, "rxcui"),
        ({"rxcui": "\u0662\u0666\u0667\u0660"}, "rxcui"),
        ({"rxcui": ""}, "rxcui"),
        ({"rxcui": "123456789"}, "rxcui"),
        ({"substance": 7804}, "substance"),
        ({"substance": "codeine", "release": "slow"}, "release"),
        ({"substance": "codeine", "release": "any"}, "release"),
        ({"substance": "codeine", "release": None}, "release"),
        ({"substance": "codeine", "ongoing": "no"}, "ongoing"),
        ({"substance": "codeine", "ongoing": 0}, "ongoing"),
        ({"substance": "codeine", "ongoing": None}, "ongoing"),
        ({"substance": "codeine", "last_dose": "2026-12-20"}, "last_dose"),
    ],
)
def test_an_exposure_has_one_name_and_fields_of_their_own_kind(
    told: dict[str, Any], path: str
) -> None:
    assert list(problems(OpioidExposure, told)) == [path]


def test_a_medicine_is_a_name_or_a_code() -> None:
    listed = PatientFacts.model_validate_json('{"medications": ["Norco", {"rxcui": "7804"}]}')
    assert listed.medications == (Medication(name="Norco"), Medication(rxcui="7804"))
    assert [medicine.label for medicine in listed.medications] == ["Norco", "RxCUI 7804"]
    for refused in (7804, None, "", {}, {"name": "Norco", "rxcui": "7804"}, ["Norco"], True):
        (path,) = problems(PatientFacts, {"medications": ["aspirin", refused]})
        assert path.startswith("medications[1]")
    for refused in ("Norco", {"rxcui": "7804"}, 1):
        assert list(problems(PatientFacts, {"medications": refused})) == ["medications"]


LINE_FIELDS = [
    (PatientFacts, {"assessed_by": None}, "assessed_by"),
    (PatientFacts, {"name": None}, "name"),
    (PatientFacts, {"conditions": [None]}, "conditions[0]"),
    (OpioidExposure, {"substance": None}, "substance"),
    (PlannedOpioid, {"on": "2027-02-10", "reason": None}, "reason"),
]


def fill(data: Any, text: str) -> Any:
    if isinstance(data, dict):
        return {key: fill(value, text) for key, value in data.items()}
    return [text] if isinstance(data, list) else text if data is None else data


@pytest.mark.hazard("U04")
@pytest.mark.parametrize(("model", "data", "path"), LINE_FIELDS, ids=lambda v: str(v)[:12])
@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "\t",
        "a\nb",
        "a\r",
        "a\0b",
        "a\x1b[31m",
        "a\u202eb",
        "\u200f",
        "a\u2028b",
        "x" * 201,
    ],
    ids=ascii,
)
def test_a_line_of_text_holds_something_and_nothing_that_is_not_seen(
    model: type[Value], data: Any, path: str, text: str
) -> None:
    """U04: no control and no direction character, in a name that is printed."""
    assert list(problems(model, fill(data, text))) == [path]
    assert model.model_validate(fill(data, "é" * 200)) != model.model_validate(fill(data, "鎮 痛"))


# --- enzymes, doses, interruptions ------------------------------------------------------------


@pytest.mark.parametrize(
    ("told", "value"),
    [
        ("2.5", Fraction(5, 2)),
        ("0.125", Fraction(1, 8)),
        ("999.999", Fraction(999999, 1000)),
        (3, Fraction(3)),
        ("3.0", Fraction(3)),
        (0, Fraction(0)),
    ],
)
def test_liver_enzymes_are_exact_times_the_upper_limit(told: Any, value: Fraction) -> None:
    """A04: no float; what is read is printed so that it reads back."""
    patient = PatientFacts.model_validate({"liver_enzymes": told})
    assert patient.liver_enzymes == value
    assert type(patient.liver_enzymes) is Fraction
    assert PatientFacts.model_validate_json(patient.model_dump_json()) == patient


@pytest.mark.parametrize(
    "told",
    [
        *(2.5, True, -1, 1000, [3], {}),
        *("1000", "-1", "+3", "03", ".5", "3.", "3,5", "3x", "3 x", "1e1", " 3", "3.0001"),
        *("NaN", "inf", "\u0663", "", "unknown"),
    ],
    ids=repr,
)
def test_liver_enzymes_are_a_decimal_as_text_or_a_whole_number(told: Any) -> None:
    """A06, U04: nothing else passes a limit."""
    assert list(problems(PatientFacts, {"liver_enzymes": told})) == ["liver_enzymes"]


@pytest.mark.parametrize(
    "value", [Fraction(1, 3), Fraction(-1), Fraction(10**6), Fraction(1, 10**4)]
)
def test_a_fraction_of_enzymes_that_could_not_be_written_is_refused(value: Fraction) -> None:
    """Contract 1: every model round-trips."""
    with pytest.raises(InvalidInputError) as caught:
        PatientFacts(liver_enzymes=value)
    assert [problem.path for problem in caught.value.problems] == ["liver_enzymes"]


@pytest.mark.parametrize(
    ("data", "path"),
    [
        ({"earlier_naltrexone": {}}, "earlier_naltrexone.last_taken"),
        ({"earlier_naltrexone": {"last_taken": "2027-01"}}, "earlier_naltrexone.last_taken"),
        (
            {"earlier_naltrexone": {"last_taken": "2027-01-01", "dose": "3"}},
            "earlier_naltrexone.dose",
        ),
        (
            {"earlier_naltrexone": {"last_taken": "2027-01-01", "form": "implant"}},
            "earlier_naltrexone.form",
        ),
        (
            {"planned_opioid": [{"on": "2027-02-10", "until": "2027-02-09", "reason": "x"}]},
            "planned_opioid[0].until",
        ),
        (
            {"planned_opioid": [{"on": "2027-02-10", "reason": "x", "substance": ""}]},
            "planned_opioid[0].substance",
        ),
        ({"opioid_in_use": "maybe"}, "opioid_in_use"),
        ({"alcohol": True}, "alcohol"),
        ({"medications": [{"code": "no system"}]}, "medications[0].code"),
        ({"medications": [{"code": "local:1", "rxcui": "7804"}]}, "medications[0]"),
    ],
    ids=str,
)
def test_a_newer_fact_is_read_as_strictly(data: dict[str, Any], path: str) -> None:
    """I05, T06: each problem by its path."""
    assert list(problems(PatientFacts, data)) == [path]


@pytest.mark.parametrize("dose", ["64", "64 mL", "6,4 mg", 64, 64.0])
def test_a_daily_dose_is_a_mass(dose: Any) -> None:
    """U01, U02: a unit is required."""
    told = {"substance": "loperamide", "daily_dose": dose}
    assert list(problems(OpioidExposure, told)) == ["daily_dose"]


def test_an_exposure_may_be_given_by_the_code_of_a_site() -> None:
    """Contract 3: one name only, whichever it is."""
    told = OpioidExposure(code="local:4711")
    assert told.label == "local:4711"
    for more in ({"rxcui": "7804"}, {"substance": "codeine"}):
        assert list(problems(OpioidExposure, {"code": "local:4711", **more})) == [""]


# --- all problems at once -------------------------------------------------------------------


def test_every_problem_is_told_with_its_path() -> None:
    found = problems(
        PatientFacts,
        {
            "assessed_on": "02/01/2027",
            "age_years": 200,
            "pregnnt": "no",
            "opioids": {
                "status": "known",
                "exposures": [{"substance": "codeine"}, {"rxcui": "x", "release": "slow"}],
            },
            "planned_opioid": [{"on": "2027-02-10"}],
        },
    )
    assert set(found) == {
        "assessed_on",
        "age_years",
        "pregnnt",
        "opioids.exposures[1].rxcui",
        "opioids.exposures[1].release",
        "planned_opioid[0].reason",
    }
    assert "YYYY-MM-DD" in found["assessed_on"]
    assert "200" in found["age_years"]
    assert '"pregnant"' in found["pregnnt"]


@pytest.mark.parametrize(
    "model", [PatientFacts, OpioidExposure, OpioidHistory, Medication, OpioidTest, PlannedOpioid]
)
@pytest.mark.parametrize("data", ["[]", '"none"', "null", "1", "{", "", '{"no such key": 1}'])
def test_what_is_no_object_or_has_unknown_keys_is_an_input_error(
    model: type[Value], data: str
) -> None:
    """Contract 1: one tree of errors; those about input are also ValueError."""
    with pytest.raises(InvalidInputError) as caught:
        model.model_validate_json(data)
    assert isinstance(caught.value, LdnTitrationError)
    assert isinstance(caught.value, ValueError)
    assert caught.value.problems


def test_a_list_without_end_is_refused() -> None:
    """S01: at most 1,000 entries, 100 planned opioids."""
    many = [{"substance": "codeine"}] * 1001
    history = {"status": "known", "exposures": many}
    assert list(problems(OpioidHistory, history)) == ["exposures"]
    for name in ("medications", "conditions"):
        assert list(problems(PatientFacts, {name: ["x"] * 1001})) == [name]
        assert len(getattr(PatientFacts.model_validate({name: ["x"] * 1000}), name)) == 1000
    planned = [{"on": "2027-02-10", "reason": "x"}] * 101
    assert list(problems(PatientFacts, {"planned_opioid": planned})) == ["planned_opioid"]


# --- values ---------------------------------------------------------------------------------

far = st.dates()
maybe = st.sampled_from(["yes", "no", "unknown"])
words = st.sampled_from(["codeine", "鎮痛剤", 'a "quoted" name', "<b>", "=1+1", "\\", "µ"])
medicines = st.builds(Medication, name=words) | st.builds(
    Medication, rxcui=st.from_regex(r"[0-9]{1,8}", fullmatch=True)
)
opioid_tests = st.none() | st.builds(
    OpioidTest, result=st.sampled_from(["negative", "positive", "pending"]), on=far
)
timed = st.builds(
    OpioidExposure,
    rxcui=st.just("7804"),
    last_taken=st.datetimes(
        timezones=st.integers(-56, 56).map(lambda n: timezone(timedelta(minutes=15 * n)))
    ).map(lambda moment: moment.replace(microsecond=0)),
)
histories = st.sampled_from([OpioidHistory(status="none"), OpioidHistory(status="unknown")]) | (
    st.lists(exposures(date(2027, 1, 4)) | timed, min_size=1, max_size=4).map(
        lambda told: OpioidHistory(status="known", exposures=tuple(told))
    )
)
everybody = st.builds(
    PatientFacts,
    name=st.none() | words,
    assessed_on=st.none() | far,
    assessed_by=st.none() | words,
    opioids=histories,
    pregnant=maybe,
    liver_disease=st.sampled_from(["yes", "compensated", "unknown"]),
    age_years=st.none() | st.integers(0, 130),
    medications=st.none() | st.lists(medicines, max_size=3).map(tuple),
    conditions=st.none() | st.lists(words, max_size=3).map(tuple),
    urine_opioid_screen=opioid_tests,
    naloxone_challenge=opioid_tests,
    planned_opioid=st.lists(st.builds(PlannedOpioid, on=far, reason=words), max_size=2).map(tuple),
    lactose_intolerance=maybe,
    opioid_in_use=maybe,
    alcohol=maybe,
    liver_enzymes=st.none() | st.integers(0, 999_999).map(lambda n: Fraction(n, 1000)),
    earlier_naltrexone=st.none()
    | st.builds(
        EarlierNaltrexone,
        last_taken=far,
        dose=st.none() | masses(decimal=True),
        form=st.sampled_from(["oral", "depot"]),
    ),
    overrides=st.lists(
        st.builds(
            Override,
            code=st.sampled_from(["PRG-01", "OPI-03"]),
            reason=words,
            by=words,
            on=far,
            digest=st.none() | st.just("0" * 64),
        ),
        max_size=2,
    ).map(tuple),
)


@given(everybody)
def test_a_patient_reads_back_from_json(patient: PatientFacts) -> None:
    """Contract 1: every model round-trips."""
    text = patient.model_dump_json()
    again = PatientFacts.model_validate_json(text)
    assert again == patient
    assert again.model_dump_json() == text
    assert again.missing() == patient.missing()
    parts: list[Value] = [patient.opioids, *patient.opioids.exposures]
    parts += [*(patient.medications or ()), *patient.planned_opioid]
    parts += filter(None, [patient.urine_opioid_screen, patient.naloxone_challenge])
    parts += [*patient.overrides, *filter(None, [patient.earlier_naltrexone])]
    for part in parts:
        assert type(part).model_validate_json(part.model_dump_json()) == part


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2027, 1, 4, 22, 0, 0, 5, tzinfo=UTC),
        datetime(2027, 1, 4, 22, tzinfo=timezone(timedelta(minutes=53, seconds=28))),
    ],
)
def test_a_date_time_too_fine_to_be_written_is_refused(moment: datetime) -> None:
    """Contract 1: every model round-trips."""
    with pytest.raises(InvalidInputError) as caught:
        OpioidExposure(substance="oxycodone", last_taken=moment)
    assert [problem.path for problem in caught.value.problems] == ["last_taken"]


def test_a_patient_cannot_be_changed() -> None:
    patient = known_facts(opioid_dependence="yes")
    for name in PatientFacts.model_fields:
        with pytest.raises(ValueError, match="frozen"):
            setattr(patient, name, "no")
    assert patient == known_facts(opioid_dependence="yes")
    assert hash(patient) == hash(known_facts(opioid_dependence="yes"))
