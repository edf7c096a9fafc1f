"""OMOP: the people and drug exposures of a Common Data Model (v5.3, v5.4) as a cohort.

A record of a prescription tells little of the last dose. An end is taken for one only where it
lies behind the start, or where days of supply say how long it lasted; else the last dose is
not known. What is no opioid is told by its name or code as in any list; ``concept_ancestor``
may only show that a drug holds an opioid, never that it does not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple

from ldn_titration.cohort.columns import require_arrow
from ldn_titration.errors import InvalidInputError, Problem
from ldn_titration.knowledge import Knowledge, knowledge

__all__ = ["OmopCohort", "read_omop"]

_VACCINES = "CVX"
"""The vocabulary of vaccines that are given in the United States, kept by the CDC."""


_LONGEST = 200
"""So many characters may a name have that stands for what is not recognised."""


class OmopCohort(NamedTuple):
    """The people and exposures of a Common Data Model, as tables for a cohort.

    ``told`` says how many rows there are, and of those of ``drug_exposure`` for how many the
    last dose is known and how, and as what the drug was read.
    """

    patients: Any
    exposures: Any
    told: dict[str, dict[str, int]]


class _Drug(NamedTuple):
    """What a concept is read as: a substance or a code, or no opioid; and how that was told."""

    substance: str | None
    rxcui: str | None
    no_opioid: bool
    how: str


def read_omop(store: Any, *, base: Knowledge | None = None) -> OmopCohort:
    """The cohort in a DuckDB connection that has the tables of a Common Data Model.

    Needs ``person``, ``drug_exposure`` and ``concept``; ``concept_ancestor`` may be empty or
    missing. Raises InvalidInputError naming each table or column that is lacking.
    """
    import duckdb

    try:
        return _read(store, base or knowledge())
    except duckdb.Error as error:
        message = f"cannot be read: {str(error).partition(chr(10))[0]}"
        raise InvalidInputError([Problem("omop", message)]) from None


def _read(store: Any, base: Knowledge) -> OmopCohort:
    _require(store)
    _, pa = require_arrow()
    people = store.sql("SELECT person_id AS patient FROM person ORDER BY 1").to_arrow_table()
    taken = store.sql(_EXPOSURES).to_arrow_table()
    drugs = _drugs(store, base)
    read = [drugs.get(each, (_UNKNOWN,)) for each in taken.column("concept").to_pylist()]
    told = {
        "rows": {"drug_exposure": taken.num_rows, "concept_ancestor": _ancestors(store)},
        "last_dose": dict(Counter(taken.column("how").to_pylist())),
        "drug": dict(Counter(each[0].how for each in read)),
    }
    taken = taken.take(pa.array([n for n, each in enumerate(read) for _ in each], pa.int64()))
    concepts = [drug for each in read for drug in each]
    exposures = pa.table(
        {
            "patient": taken.column("patient"),
            "substance": pa.array([drug.substance for drug in concepts], pa.string()),
            "rxcui": pa.array([drug.rxcui for drug in concepts], pa.string()),
            "no_opioid": pa.array([drug.no_opioid for drug in concepts]),
            "last_taken": taken.column("last_taken"),
        }
    )
    return OmopCohort(people, exposures, told)


_EXPOSURES = """
SELECT person_id AS patient, drug_concept_id AS concept,
  CASE
    WHEN days_supply > 0 AND supplied IS NULL THEN NULL
    WHEN drug_exposure_end_date > drug_exposure_start_date AND days_supply > 0
      THEN greatest(drug_exposure_end_date, supplied)
    WHEN drug_exposure_end_date > drug_exposure_start_date THEN drug_exposure_end_date
    WHEN days_supply > 0 THEN supplied
  END::DATE AS last_taken,
  CASE
    WHEN drug_exposure_start_date IS NULL THEN 'not known, no start'
    WHEN days_supply > 0 AND supplied IS NULL THEN 'not known, days of supply without end'
    WHEN drug_exposure_end_date > drug_exposure_start_date THEN 'the end'
    WHEN days_supply > 0 THEN 'the days of supply'
    WHEN drug_exposure_end_date < drug_exposure_start_date THEN 'not known, it ends before'
    WHEN drug_exposure_end_date IS NULL THEN 'not known, no end and no days of supply'
    ELSE 'not known, it ends as it starts without days of supply'
  END AS how
FROM (
  SELECT person_id, drug_concept_id, drug_exposure_id,
    try_cast(drug_exposure_start_date AS DATE) AS drug_exposure_start_date,
    try_cast(drug_exposure_end_date AS DATE) AS drug_exposure_end_date,
    try_cast(days_supply AS BIGINT) AS days_supply,
    try(drug_exposure_start_date::DATE + (days_supply::BIGINT - 1)::INTEGER) AS until,
    CASE WHEN until < DATE '10000-01-01' THEN until END AS supplied
  FROM drug_exposure
)
ORDER BY drug_exposure_id
"""

_NEEDED: Mapping[str, tuple[str, ...]] = {
    "person": ("person_id",),
    "drug_exposure": (
        "drug_exposure_id",
        "person_id",
        "drug_concept_id",
        "drug_exposure_start_date",
        "drug_exposure_end_date",
        "days_supply",
    ),
    "concept": ("concept_id", "concept_name", "vocabulary_id", "concept_code"),
}


def _require(store: Any) -> None:
    there = _columns(store)
    lacking = [
        Problem("omop", f"needs the column {column} of the table {table}")
        for table, columns in _NEEDED.items()
        for column in columns
        if (table, column) not in there
    ]
    if lacking:
        raise InvalidInputError(lacking)


def _columns(store: Any) -> set[tuple[str, str]]:
    query = (
        "SELECT lower(table_name), lower(column_name) FROM duckdb_columns() "
        "WHERE schema_name = current_schema() AND database_name = current_database()"
    )
    return set(store.execute(query).fetchall())


def _ancestors(store: Any) -> int:
    if ("concept_ancestor", "ancestor_concept_id") not in _columns(store):
        return 0
    return int(store.execute("SELECT count(*) FROM concept_ancestor").fetchall()[0][0])


# --- drugs ----------------------------------------------------------------------------

_UNKNOWN = _Drug(None, None, False, "not known, no such concept")


def _drugs(store: Any, base: Knowledge) -> dict[int, tuple[_Drug, ...]]:
    """What each drug concept that occurs is read as."""
    rows = store.execute(
        "SELECT concept_id, coalesce(concept_name, ''), coalesce(vocabulary_id, ''), "
        "coalesce(concept_code, '') FROM concept "
        "WHERE concept_id IN (SELECT DISTINCT drug_concept_id FROM drug_exposure) "
        "AND concept_id <> 0"
    ).fetchall()
    within = _opioids_within(store, base)
    return {
        number: _read_as(number, name, vocabulary, str(code), within.get(number, []), base)
        for number, name, vocabulary, code in rows
    }


def _read_as(
    number: int, name: str, vocabulary: str, code: str, within: list[str], base: Knowledge
) -> tuple[_Drug, ...]:
    """What a concept is read as; by its ancestors as each opioid that is one of them."""
    if vocabulary == _VACCINES:
        return (_Drug(None, None, True, "a vaccine"),)
    if vocabulary.startswith("RxNorm") and base.coded(code):
        return (_Drug(None, code, False, "an opioid or antagonist by its code"),)
    kind = base.read_line(name).kind
    if kind == "listed":
        return (_Drug(name, None, False, "read by its name, in the table of opioids"),)
    if within:
        return tuple(_Drug(None, each, False, "an opioid by its ancestor") for each in within)
    if kind == "ordinary":
        return (_Drug(name, None, False, "an ordinary medicine by its name"),)
    label = name if len(name) <= _LONGEST else f"OMOP concept {number}"
    return (_Drug(label, None, False, "not recognised"),)


def _opioids_within(store: Any, base: Knowledge) -> dict[int, list[str]]:
    """The codes of all opioids that each drug descends from, as far as ancestors are told."""
    if not _ancestors(store):
        return {}
    opioids = sorted({row.rxcui for row in base.opioids if row.rxcui and row.is_opioid})
    rows = store.execute(
        "SELECT descendant_concept_id, list_sort(list(DISTINCT concept_code)) "
        "FROM concept_ancestor JOIN concept ON concept_id = ancestor_concept_id "
        "WHERE vocabulary_id LIKE 'RxNorm%' AND concept_code IN (SELECT unnest(?)) GROUP BY 1",
        [opioids],
    ).fetchall()
    return dict(rows)
