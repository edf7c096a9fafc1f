"""Cohorts: the same verdicts and rows as one by one, and nobody lost on the way.

``make million`` compares a million people; here are some thousand, and each clause by itself.
"""

from __future__ import annotations

import json
import random
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import cohort_people
import cohort_plans
import million
from conftest import ROOT
from ldn_titration import (
    InvalidInputError,
    LdnTitrationError,
    PatientFacts,
    cohort,
    schedule,
    screen,
    supply,
)
from ldn_titration.cohort import expanding
from ldn_titration.cohort.intervals import horizon, intervals
from ldn_titration.cohort.people import read_exposures, read_people
from ldn_titration.cohort.summary import suppressed
from ldn_titration.knowledge import knowledge
from ldn_titration.knowledge.overlay import overlaid

START = date(2027, 1, 4)
SITE = next((ROOT / "examples").glob("*.toml")).read_bytes()
WELL: dict[str, Any] = {
    "opioids": "none", "assessed_on": "2027-01-02", "assessed_by": "Dr A. Example",
    "opioid_dependence": "no", "acute_withdrawal": "no", "naltrexone_hypersensitivity": "no",
    "other_naltrexone": "no", "age_years": 44, "pregnant": "no", "breastfeeding": "no",
    "liver_disease": "no", "kidney_impairment": "no", "suicidal_ideation": "no",
    "medications": [], "conditions": [],
}  # fmt: skip


def told(
    patients: list[dict[str, Any]], exposures: list[dict[str, Any]], **more: Any
) -> list[dict[str, Any]]:
    """The verdicts of rows."""
    found = cohort.screen(_patients(patients), _exposures(exposures), **more)
    rows: list[dict[str, Any]] = found.verdicts.to_pylist()
    return rows


def _patients(rows: list[dict[str, Any]]) -> pa.Table:
    return million.table([{"patient": None, "start": None, **row} for row in rows])


def _exposures(rows: list[dict[str, Any]]) -> pa.Table:
    blank = {"patient": None, "substance": None, "last_taken": None}
    table = million.table([{**blank, **row} for row in rows] or [blank])
    return table.slice(0, len(rows))


def people(seed: int, count: int) -> list[cohort_people.Person]:
    dice = random.Random(seed)
    return [cohort_people.person(dice) for _ in range(count)]


# --- the same as one by one -----------------------------------------------------------


def test_a_difference_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The comparison itself, where the cohort is asked about somebody else."""
    some = people(3, 40)
    rows = cohort_people.rows(some[1:] + some[:1])
    monkeypatch.setattr(cohort_people, "rows", lambda _: rows)
    assert list(million.screened_differently(some))


@pytest.mark.hazard("H01")
def test_a_site_with_rules_of_its_own_is_screened_by_them() -> None:
    some = people(4, 300)
    base = overlaid(SITE, "site.toml")
    patients, exposures = map(million.table, cohort_people.rows(some))
    rows = cohort.screen(patients, exposures, base=base).verdicts.to_pylist()
    shipped = cohort.screen(patients, exposures).verdicts.to_pylist()
    alone = [str(_alone(person, base).verdict) for person in some]
    assert [row["verdict"] for row in rows] == alone
    assert rows != shipped


def _alone(person: cohort_people.Person, base: Any) -> Any:
    facts = dict(person.facts)
    if person.exposures:
        facts["opioids"] = {"status": "known", "exposures": person.exposures}
    return screen(PatientFacts.model_validate(facts), person.start, base=base)


@pytest.mark.hazard("H01")
def test_behind_the_horizon_no_rule_says_anything_else() -> None:
    """An interval that is longer is judged as one that long."""
    base = knowledge()
    most = horizon(base)
    kinds = [{"substance": name, "release": how} for name in cohort_people.OPIOIDS for how in HOWS]
    days = (most, most + 1, 2 * most, 9000)
    alone = [
        _verdict({**kind, "last_taken": str(START - timedelta(each))})
        for kind in kinds
        for each in days
    ]
    said = [alone[place : place + len(days)] for place in range(0, len(alone), len(days))]
    assert [each for each in said if len(set(each)) > 1] == []


HOWS = ("immediate", "extended", "depot", "unknown")


def _verdict(exposure: dict[str, Any]) -> str:
    history = {"status": "known", "exposures": [exposure]}
    found = screen(PatientFacts.model_validate({**WELL, "opioids": history}), START)
    return f"{found.verdict} {[finding.code for finding in found.findings]}"


# --- what is no matter ----------------------------------------------------------------


def test_the_supply_of_each_is_that_of_the_scalar_engine() -> None:
    """The totals of each part, and each bottle or fill with its day."""
    dice = random.Random(8)
    every = [cohort_plans.asked(dice) for _ in range(60)]
    patients = pa.Table.from_pylist([cohort_plans.row(n, each) for n, each in enumerate(every)])
    book = cohort.Book.model_validate(cohort_plans.BOOK)
    laid = {
        kind: [row for b in cohort.expand(patients, book, kind).batches for row in b.to_pylist()]
        for kind in ("supply", "orders")
    }
    for number, asked in enumerate(every):
        parts = [row for row in laid["supply"] if row["patient"] == number]
        made = [row for row in laid["orders"] if row["patient"] == number]
        try:
            plan = schedule(
                book.regimen(asked.regimen),
                book.preparation(asked.preparation),
                asked.start,
                days=asked.days,
                diary=asked.diary,
            )
            needed = supply(plan)
        except LdnTitrationError:
            assert (parts, made) == ([], [])
            continue
        dates = [(part.first, part.last, part.dispense.refills) for part in needed.parts]
        assert [(row["first"], row["last"], row["refills"]) for row in parts] == dates
        assert [row["on"] for row in made] == [on for part in needed.parts for on in part.orders]
        bottles = [(bottle.first_dose, bottle.last_dose) for bottle in needed.bottles]
        liquid = [row for row in made if "capsule" not in row["preparation"]]
        if bottles:
            assert [(row["first_dose"], row["last_dose"]) for row in liquid] == bottles
            taken = [str(part.totals.taken) for part in needed.parts]
            assert [row["taken"] for row in parts] == taken


# --- nobody is lost -------------------------------------------------------------------


def test_a_row_that_cannot_be_read_is_told_with_its_number() -> None:
    rows = [{"patient": n, "start": str(START), "age_years": n * 100} for n in (1, 2)]
    exposures = [{"patient": 1, "substance": "oxycodone", "last_taken": "yesterday"}]
    found = cohort.screen(_patients(rows), _exposures(exposures))
    assert [tuple(problem) for problem in found.problems] == [
        ("patients", 2, "2", "age_years: must be 130 or less, not 200"),
        (
            "exposures",
            1,
            "1",
            'last_taken: must be a date written YYYY-MM-DD, such as "2027-01-04", a month '
            '("2026-12") or "unknown"',
        ),
    ]


def test_facts_without_a_column_are_told_as_json() -> None:
    planned = {"planned_opioid": [{"on": "2027-01-05", "reason": "surgery"}]}
    test = {"urine_opioid_screen": {"result": "positive", "on": "2027-01-02"}}
    rows = [
        {"patient": n, "start": str(START), **WELL, "facts": json.dumps(more)}
        for n, more in enumerate((planned, test, {}, {"pregnant": "yes"}, {"opioids": {}}, [1]))
    ]
    found = told(rows, [])
    assert [row["verdict"] for row in found] == ["hold", "stop", "clear", *["insufficient"] * 3]


def test_one_start_may_be_that_of_all() -> None:
    rows = [{"patient": n, **WELL} for n in (1, 2)]
    table = million.table(rows)
    found = cohort.screen(table, _exposures([]), start=START).verdicts
    assert found.column("start").to_pylist() == [START, START]
    assert found.column("verdict").to_pylist() == ["clear", "clear"]


@pytest.mark.parametrize(
    ("patients", "exposures", "start", "said"),
    [
        ({"start": []}, {"patient": [], "rxcui": []}, None, 'patients: needs a column "patient"'),
        ({"patient": []}, {"patient": [], "rxcui": []}, None, 'patients: needs a column "start"'),
        ({"patient": []}, {"rxcui": []}, START, 'exposures: needs a column "patient"'),
        (
            {"patient": []},
            {"patient": []},
            START,
            'exposures: needs a column "substance" or "rxcui"',
        ),
    ],
)
def test_a_table_without_a_needed_column_is_refused(
    patients: dict[str, Any], exposures: dict[str, Any], start: date | None, said: str
) -> None:
    with pytest.raises(InvalidInputError) as raised:
        cohort.screen(pa.table(patients), pa.table(exposures), start=start)
    assert str(raised.value).startswith(said)


def test_an_empty_cohort_has_no_rows() -> None:
    patients = pa.table({"patient": pa.array([], pa.string()), "start": pa.array([], pa.string())})
    found = cohort.screen(patients, _exposures([]))
    assert (found.verdicts.num_rows, found.problems, found.strays) == (0, (), 0)


DOUBTS: list[tuple[str, dict[str, Any], list[dict[str, Any]], str]] = [
    ("a naloxone kit", {}, [{"substance": "naloxone", "last_taken": "2020-01-01"}], "insufficient"),
    ("loperamide", {}, [{"substance": "loperamide", "last_taken": "2027-01-03"}], "caution"),
    ("a pill that nobody knows", {"medications": ["a blue pill"]}, [], "insufficient"),
    ("an opioid among words", {"medications": ["mum's oxycodone?"]}, [], "insufficient"),
    ("dependence", {"opioid_dependence": "yes"}, [], "stop"),
    ("an ordinary medicine", {"medications": ["ibuprofen"]}, [], "clear"),
    ("something else than opioids", {"pregnant": "yes"}, [], "clear"),
]


@pytest.mark.hazard("H02")
@pytest.mark.parametrize(("what", "facts", "taken", "said"), DOUBTS, ids=[d[0] for d in DOUBTS])
def test_the_interval_is_clear_only_where_no_opioid_is_in_doubt(
    what: str, facts: dict[str, Any], taken: list[dict[str, Any]], said: str
) -> None:
    own = {name: value for name, value in WELL.items() if name != "opioids" or not taken}
    (row,) = told(
        [{"patient": 1, "start": str(START), **own, **facts}],
        [{"patient": 1, **each} for each in taken],
    )
    assert row["interval"] == said


# --- first dates ----------------------------------------------------------------------


@pytest.mark.hazard("H01")
@given(
    st.lists(
        st.tuples(st.sampled_from(cohort_people.OPIOIDS), st.integers(0, 400)),
        min_size=1,
        max_size=4,
    )
)
def test_the_first_date_beside_depots_is_that_of_the_scalar_engine(
    taken: list[tuple[str, int]],
) -> None:
    exposures = [
        {"substance": name, "last_taken": str(START - timedelta(days))} for name, days in taken
    ]
    facts = {name: value for name, value in WELL.items() if name != "opioids"}
    person = cohort_people.Person(facts, exposures, START)
    assert list(million.screened_differently([person])) == []


# --- summary --------------------------------------------------------------------------


@pytest.mark.hazard("H03")
@given(st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 40)))
def test_no_count_below_five_can_be_read_or_worked_out(counts: dict[str, int]) -> None:
    """H03 small cells: whoever knows the sum of the group finds none of the small counts."""
    said = suppressed(counts)
    hidden = [name for name in counts if said[name] != counts[name]]
    assert said.keys() == counts.keys()
    assert all(name in hidden for name, count in counts.items() if 0 < count < 5)
    others = [count for count in counts.values() if count >= 5]
    if hidden and others:
        assert len(hidden) > 1
    assert len(hidden) <= max(2, sum(0 < count < 5 for count in counts.values()))


def test_intervals_of_nobody_are_none() -> None:
    empty = pa.table({"patient": pa.array([], pa.int64())})
    people = read_people(empty, START)
    taken = read_exposures(_exposures([]), people, knowledge())
    nothing = intervals(people, taken, people.who, people.who, knowledge())
    assert [len(each) for each in nothing] == [0, 0, 0]


# --- what a reviewer found ------------------------------------------------------------


@pytest.mark.hazard("H01")
@pytest.mark.parametrize("in_use", ["no", "yes", "unknown"])
@pytest.mark.parametrize("name", ["naloxone", "naltrexone", "lofexidine", "oxycodone"])
@pytest.mark.parametrize("other", ["no", "yes", "unknown"])
def test_what_stands_beside_an_exposure_decides_as_well(in_use: str, other: str, name: str) -> None:
    """OPI-07 asks whether an opioid is in use; DUP-01 whether another naltrexone is known."""
    facts = {name: value for name, value in WELL.items() if name != "opioids"}
    facts |= {"opioid_in_use": in_use, "other_naltrexone": other}
    exposures = [{"substance": name, "last_taken": "2026-06-01"}]
    assert list(million.screened_differently([cohort_people.Person(facts, exposures, START)])) == []


@pytest.mark.hazard("H01")
def test_somebody_at_an_end_of_the_calendar_decides_nothing_for_others() -> None:
    far = {"patient": 1, "start": "9500-01-04", **WELL, "assessed_on": "9500-01-02"}
    near = {"patient": 2, "start": str(START), **WELL}
    for rows in ([far, near], [near, far]):
        said = {row["patient"]: row["verdict"] for row in told(rows, [])}
        assert said[2] == "clear"


@pytest.mark.hazard("H02")
@pytest.mark.parametrize(
    "named",
    [
        {"substance": "oxycodone"},
        {"substance": "mum's oxycodone?"},
        {"rxcui": "7804"},
        {"substance": "a vaccine", "rxcui": "7804"},
        {"substance": "ibuprofen", "rxcui": "7804"},
    ],
)
def test_an_opioid_that_is_said_to_be_none_is_told(named: dict[str, str]) -> None:
    taken = {"patient": 1, **named, "last_taken": "2027-01-03", "no_opioid": True}
    (row,) = told([{"patient": 1, "start": str(START), **WELL}], [taken])
    assert (row["verdict"], "ROW-01" in row["codes"]) == ("insufficient", True)


def test_a_last_day_of_the_calendar_gives_no_first_day() -> None:
    taken = {"patient": 1, "substance": "oxycodone", "release": "immediate"}
    (row,) = told(
        [{"patient": 1, "start": str(START), **WELL}], [{**taken, "last_taken": "9999-12-31"}]
    )
    assert (row["interval"], row["not_before"]) == ("stop", None)


def test_exposures_of_nobody_in_memory_are_told() -> None:
    found = cohort.screen(
        _patients([{"patient": "a", "start": str(START)}]),
        _exposures([{"patient": None, "substance": "heroin"}, {"patient": "", "substance": "x"}]),
    )
    assert [problem[:3] for problem in found.problems] == [
        ("exposures", 1, ""), ("exposures", 2, "")
    ]  # fmt: skip


def test_many_rows_of_one_identifier_cost_no_square() -> None:
    """A placeholder for an identifier in thousands of rows: once 2 GB, and 12 seconds."""
    rows = pa.table({"patient": ["0"] * 20_000, "start": [START] * 20_000})
    taken = pa.table({"patient": ["0"] * 20_000, "substance": ["heroin"] * 20_000})
    found = cohort.screen(rows, taken)
    assert set(found.verdicts.column("verdict").to_pylist()) == {"insufficient"}
    assert len(found.problems) == 20_000


def test_what_is_wrong_with_a_plan_has_its_own_dates() -> None:
    asked = {"patient": 1, "start": START, "regimen": "drops", "preparation": "dropper"}
    diary = '[{"event": "missed", "on": "9999-12-31"}]'
    rows = pa.Table.from_pylist([{**asked, "length_days": 28, "diary": diary}])
    (problem,) = cohort.expand(rows, cohort.Book.model_validate(cohort_plans.BOOK)).problems
    assert "9999-12-31" in problem.message
    assert "2027-01-31" in problem.message


@pytest.mark.parametrize("name", ["2026-13-45", "9999-12-31", "made on 2026-01-04"])
@pytest.mark.parametrize("of", ["regimen", "preparation"])
def test_a_name_that_looks_like_a_date_is_told_as_it_is(of: str, name: str) -> None:
    asked = {"patient": 1, "start": START, "regimen": "drops", "preparation": "dropper", of: name}
    rows = pa.Table.from_pylist([asked])
    (problem,) = cohort.expand(rows, cohort.Book.model_validate(cohort_plans.BOOK)).problems
    assert name in problem.message


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ({"length_days": "0000000028"}, "length_days: must be a whole number"),
        ({"length_days": "28.0"}, "length_days: must be a whole number"),
    ],
)
def test_no_number_is_cut_short(cells: dict[str, Any], said: str) -> None:
    asked = {"patient": 1, "start": START, "regimen": "drops", "preparation": "dropper"}
    rows = pa.Table.from_pylist([{**asked, **cells}])
    (problem,) = cohort.expand(rows, cohort.Book.model_validate(cohort_plans.BOOK)).problems
    assert problem.message.startswith(said)


def test_conditions_that_are_no_list_are_told() -> None:
    for cell in ({"text": "acute hepatitis"}, 5):
        rows = pa.table({"patient": [1], "start": [str(START)], "conditions": [cell]})
        (problem,) = cohort.screen(rows, _exposures([])).problems
        assert problem.message.startswith("conditions: ")


@pytest.mark.parametrize(
    "column",
    [
        pa.ExtensionArray.from_storage(pa.json_(), pa.array([json.dumps({"pregnant": "no"})])),
        pa.DictionaryArray.from_arrays([0], pa.array(['{"pregnant": "no"}'], pa.string_view())),
        pa.array(['{"pregnant": "no"}'], pa.large_string()),
        pa.array(['{"pregnant": "no"}'], pa.string_view()),
    ],
    ids=lambda column: str(column.type),
)
def test_texts_of_any_kind_are_read(column: pa.Array) -> None:
    own = {name: value for name, value in WELL.items() if name != "pregnant"}
    table = _patients([{"patient": 1, "start": str(START), **own}]).append_column("facts", column)
    assert cohort.screen(table, _exposures([])).verdicts.column("verdict")[0].as_py() == "clear"


def test_a_column_that_arrow_cannot_part_is_told() -> None:
    table = pa.table({"patient": [1], "start": [str(START)]})
    far = pa.array([[3_000_000]], pa.list_(pa.int32())).cast(pa.list_(pa.date32()))
    with pytest.raises(InvalidInputError, match="conditions: a column of list"):
        cohort.screen(table.append_column("conditions", far), _exposures([]))


@pytest.mark.parametrize("start", [datetime(2027, 1, 4, tzinfo=UTC), "2027-01-04"])
def test_a_start_of_all_is_a_date(start: Any) -> None:
    with pytest.raises(InvalidInputError, match="start: must be a date"):
        cohort.screen(pa.table({"patient": [1]}), _exposures([]), start=start)


@pytest.mark.hazard("H01")
def test_whoever_is_screened_alone_is_screened_with_all_exposures() -> None:
    """Facts as JSON, and a start at an end of the calendar; one last dose is not known."""
    own = {name: value for name, value in WELL.items() if name != "opioids"}
    taken: list[dict[str, Any]] = [
        {"substance": "oxycodone", "release": "immediate", "last_taken": "2026-12-30"},
        {"substance": "naloxone"},
    ]
    history = {"status": "known", "exposures": [taken[0], {**taken[1], "last_taken": "unknown"}]}
    for start in ("2027-01-04", "9500-01-04"):
        facts = PatientFacts.model_validate({**own, "pregnant": "yes", "opioids": history})
        alone = screen(facts, date.fromisoformat(start))
        bare = {name: value for name, value in own.items() if name != "pregnant"}
        row = {"patient": 1, "start": start, **bare, "facts": '{"pregnant": "yes"}'}
        (found,) = told([row], [{"patient": 1, **each} for each in taken])
        assert found["verdict"] == str(alone.verdict)
        assert set(found["codes"].split()) == {finding.code for finding in alone.findings}
        assert found["not_before"] == alone.not_before


@pytest.mark.parametrize("last", ["2027-01", "2027-01-20", "2027-01-20T08:00+01:00", "unknown"])
def test_an_exposure_of_a_diary_moves_with_its_plan(last: str) -> None:
    """An opioid in a diary: the rows of the scalar engine."""
    exposure = {"substance": "oxycodone", "release": "immediate", "last_taken": last}
    diary = [{"event": "opioid", "on": "2027-01-20", "exposure": exposure}]
    asked = cohort_plans.Asked("drops", "dropper", START, 60, ())
    rows = [{**cohort_plans.row(1, asked), "diary": json.dumps(diary)}]
    book = cohort.Book.model_validate(cohort_plans.BOOK)
    found = cohort.expand(pa.Table.from_pylist(rows), book)
    plan = schedule(book.regimen("drops"), book.preparation("dropper"), START, days=60, diary=diary)
    laid = [row for batch in found.batches for row in batch.to_pylist()]
    assert [(row["date"], row["take"]) for row in laid] == [(d.date, d.take) for d in plan]


def test_plans_that_were_forgotten_are_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    dice = random.Random(21)
    rows = [cohort_plans.row(n, cohort_plans.asked(dice)) for n in range(30)]
    table, book = pa.Table.from_pylist(rows), cohort.Book.model_validate(cohort_plans.BOOK)
    whole = [row for batch in cohort.expand(table, book).batches for row in batch.to_pylist()]
    monkeypatch.setattr(expanding, "_MOST", 200)
    plans = expanding.Plans(book, "days")
    for _ in range(2):
        found = expanding.expansion(table, plans).batches
        assert [row for batch in found for row in batch.to_pylist()] == whole


def test_what_no_plan_is_laid_out_as_is_told() -> None:
    book = cohort.Book.model_validate(cohort_plans.BOOK)
    with pytest.raises(InvalidInputError, match="kind: must be one of days, steps"):
        cohort.expand(pa.table({"patient": [1]}), book, "weeks")


def test_a_book_with_a_key_twice_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="preparations"):
        cohort.read_book(
            b'{"schema": "ldn-titration/book/1", "preparations": {}, "preparations": {}}'
        )


# --- columns as other programs make them ----------------------------------------------


def categories(words: list[str | None]) -> pa.Array:
    """A column of categories whose dictionary is in another order and holds words not used."""
    known = ["nobody", *sorted({word for word in words if word is not None}, reverse=True)]
    places = [None if word is None else known.index(word) for word in words]
    return pa.DictionaryArray.from_arrays(pa.array(places, pa.int8()), pa.array(known))


def test_columns_of_categories_are_read_by_their_words() -> None:
    own = {name: value for name, value in WELL.items() if name != "opioids"}
    rows = [{"patient": who, "start": str(START), **own} for who in ("a", "b", "c")]
    exposures = [
        {"patient": "c", "substance": "ibuprofen"},
        {"patient": "b", "substance": "heroin", "last_taken": "2027-01-03"},
        {"patient": "a", "substance": "ibuprofen"},
    ]
    plain = [_patients(rows), _exposures(exposures)]
    coded = [
        table.set_column(
            table.column_names.index(name), name, categories(table.column(name).to_pylist())
        )
        for table, name in zip(plain, ("patient", "patient"), strict=True)
    ]
    said = [cohort.screen(*tables).verdicts for tables in (plain, coded, [plain[0], coded[1]])]
    assert [each.column("interval").to_pylist() for each in said] == [
        ["clear", "stop", "clear"]
    ] * 3
    asked = {"regimen": ["brief_004_standard"] * 3, "preparation": ["capsules"] * 3}
    book = cohort.Book.model_validate(cohort_plans.BOOK)
    patients = pa.table({"patient": categories(["b", "a", "c"]), "start": [START] * 3, **asked})
    batch = next(cohort.expand(patients, book, "steps").batches)
    assert batch.column("patient").to_pylist() == [who for who in "bac" for _ in range(3)]


def _verdict_of(patients: pa.Table, exposures: pa.Table) -> str:
    said: str = cohort.screen(patients, exposures).verdicts.column("verdict")[0].as_py()
    return said


def test_whatever_a_cell_holds_it_is_told_and_never_an_internal_error() -> None:
    far = pa.array([3_000_000], pa.int32()).view(pa.date32())
    cells = (1.5, b"\xff", date(2020, 1, 1), {"a": 1}, ["x"], "\ud7ff", True)
    odd = [*(pa.array([cell]) for cell in cells), far]
    whole = million.table([{"patient": 1, "start": str(START), **WELL}])
    assert _verdict_of(whole, _exposures([])) == "clear"
    fits = {("start", pa.date32()), ("last_taken", pa.date32()), ("ongoing", pa.bool_())}
    for name in ("start", "conditions", "opioids", "facts", "age_years", "pregnant"):
        for value in odd if name != "conditions" else [pa.array([1.5]), pa.array([True])]:
            if (name, value.type) in fits and value is not far:
                continue
            rest = whole.drop([name]) if name in whole.column_names else whole
            said = _verdict_of(rest.append_column(name, value), _exposures([]))
            assert said == "insufficient", (name, value)
    whole = whole.drop(["opioids"])
    long_ago = pa.table({"patient": [1], "substance": ["oxycodone"], "last_taken": ["2020-01-01"]})
    long_ago = long_ago.append_column("release", pa.array(["immediate"]))
    assert _verdict_of(whole, long_ago) == "clear"
    for name in ("substance", "last_taken", "ongoing", "release", "daily_dose"):
        for value in odd:
            if (name, value.type) in fits and value is not far:
                continue
            rest = long_ago.drop([name]) if name in long_ago.column_names else long_ago
            assert _verdict_of(whole, rest.append_column(name, value)) != "clear", (name, value)


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ({"start": "9001-01-01"}, "start: is too late for a cohort; plan it by itself"),
        ({"diary": '[{"event": "missed", "on": "0001-01-01"}]'}, "diary: "),
        ({"diary": '[{"event": "missed", "on": "9999-12-31"}]'}, "diary"),
        ({"diary": '[{"event": "missed", "on": "2027-01-05", "on": "2027-01-06"}]'}, "diary"),
        ({"diary": "[]]"}, "diary: "),
        ({"length_days": 0}, "days: must be a whole number from 1 to 3660"),
        ({"regimen": None}, "regimen: needs an identifier"),
        ({"preparation": "x"}, "preparation: the book has none of that name: x"),
    ],
)
def test_a_plan_that_cannot_be_made_is_told_and_costs_its_own_patient_only(
    cells: dict[str, Any], said: str
) -> None:
    asked = {"start": str(START), "regimen": "drops", "preparation": "dropper"}
    blank = {"length_days": 7, "diary": None}
    rows = [{"patient": 1, **asked, **blank, **cells}, {"patient": 2, **asked, **blank}]
    book = cohort.Book.model_validate(cohort_plans.BOOK)
    found = cohort.expand(pa.Table.from_pylist(rows), book, "days")
    (problem,) = found.problems
    assert (problem.row, problem.patient) == (1, "1")
    assert problem.message.startswith(said)
    whose = [row["patient"] for batch in found.batches for row in batch.to_pylist()]
    assert whose == [2] * 7


def test_whoever_has_several_rows_is_told_of_and_is_cleared_by_none() -> None:
    """Which of them holds is not known, be they alike."""
    rows = [{"patient": who, "start": str(START), **WELL} for who in (1, 2, 1)]
    found = cohort.screen(_patients(rows), _exposures([]))
    assert found.verdicts.column("verdict").to_pylist() == ["insufficient", "clear", "insufficient"]
    assert [(problem.row, problem.message) for problem in found.problems] == [
        (row, "patient: stands in 2 rows; give each one row") for row in (1, 3)
    ]


@pytest.mark.parametrize("moment", ["2026-12-20T22:00+01:00", "2026-12-20T22:00Z"])
def test_a_time_is_refused_since_its_zone_would_be_lost(moment: str) -> None:
    """The scalar engine counts hours between two times; a cohort counts days between dates."""
    own = {name: value for name, value in WELL.items() if name != "opioids"}
    rows = [{"patient": who, "start": str(START), **own} for who in (1, 2)]
    rows[1]["start"] = moment
    found = cohort.screen(
        _patients(rows), _exposures([{"patient": 1, "substance": "codeine", "last_taken": moment}])
    )
    assert found.verdicts.column("verdict").to_pylist() == ["insufficient"] * 2
    assert all("has a time and a zone" in problem.message for problem in found.problems)
    assert len(found.problems) == 2


def test_a_fact_that_stands_twice_is_told() -> None:
    twice = '{"alcohol": "no", "alcohol": "yes"}'
    (row,) = told([{"patient": 1, "start": str(START), **WELL, "facts": twice}], [])
    assert (row["verdict"], row["finding"]) == ("insufficient", "ROW-01")
