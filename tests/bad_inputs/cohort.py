"""Bad inputs: many patients at once. What one patient shows already is asked of one too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow as pa

from bad_inputs.case import Case
from bad_inputs.doors import known, says, screened, taken
from ldn_titration import cohort
from ldn_titration.cohort.summary import suppressed
from ldn_titration.intake.medicines import read_medicines

_START = "2027-01-04"


def _cohort(patients: list[dict[str, Any]], exposures: list[dict[str, Any]]) -> Any:
    columns = ("patient", "substance", "release", "last_taken")
    listed = {name: [row.get(name) for row in exposures] for name in columns}
    people = {name: [row.get(name) for row in patients] for name in ("patient", "start")}
    types = {"patient": pa.int64()}
    return cohort.screen(
        pa.table({name: pa.array(each, types.get(name)) for name, each in people.items()}),
        pa.table(
            {name: pa.array(each, types.get(name, pa.string())) for name, each in listed.items()}
        ),
    )


def _no_last_date(case: Case) -> None:
    """The scalar engine's answer, and the cohort's."""
    assert case.input == {"rows": "patient with null last opioid date"}
    for told in ({}, {"last_taken": "unknown"}):
        exposure = taken(substance="oxycodone", release="immediate", **told)
        says(screened(known(opioids=exposure)), "insufficient", "OPI-05")
    (exposure_read,) = read_medicines("medicine,status,last_taken\noxycodone,ended,\n").exposures
    assert (exposure_read.last_taken, exposure_read.ongoing) == ("unknown", False)
    for last in (None, "unknown"):
        told = {"patient": 1, "substance": "oxycodone", "release": "immediate", "last_taken": last}
        (row,) = _cohort([{"patient": 1, "start": _START}], [told]).verdicts.to_pylist()
        assert (row["verdict"], row["interval"]) == ("insufficient", "insufficient")
        assert "OPI-05" in row["codes"].split()


def _twice(case: Case) -> None:
    """Two rows of one patient: told of, and neither of them is cleared."""
    assert case.input == {"rows": "duplicate patient id"}
    rows = [{"patient": who, "start": _START} for who in (1, 2, 1)]
    found = _cohort(rows, [])
    assert found.verdicts.num_rows == 3
    assert ["ROW-01" in row["codes"] for row in found.verdicts.to_pylist()] == [True, False, True]
    assert [problem.row for problem in found.problems] == [1, 3]


def _no_rows(case: Case) -> None:
    """Nobody's medication list is not an empty one: it is insufficient, and said so."""
    assert case.input["rows"].startswith("left join")
    screening = screened(known(medications=None, opioids={"status": "unknown"}))
    says(screening, "insufficient", "FACT-01")
    assert screening.missing == ("opioids", "medications")
    rows = _cohort([{"patient": who, "start": _START} for who in (1, 2)], []).verdicts.to_pylist()
    assert [(row["patient"], row["interval"]) for row in rows] == [
        (1, "insufficient"),
        (2, "insufficient"),
    ]


def _mixed_zones(case: Case) -> None:
    """A cohort counts days between dates, so that a time with its zone is refused."""
    assert case.input == {"rows": "mixed zones in one column"}
    moments = ["2026-12-20T22:00+01:00", "2026-12-20T22:00-05:00"]
    told = [
        {"patient": who, "substance": "codeine", "last_taken": moment}
        for who, moment in enumerate(moments)
    ]
    found = _cohort([{"patient": who, "start": _START} for who in (0, 1)], told)
    assert [problem.row for problem in found.problems] == [1, 2]
    assert all("has a time and a zone" in problem.message for problem in found.problems)
    assert {row["verdict"] for row in found.verdicts.to_pylist()} == {"insufficient"}


def _few(case: Case) -> None:
    """Three in a cell are "<5", and cannot be worked out from the sum."""
    assert case.input == {"count": "3 patients in a cell"}
    said = suppressed({"clear": 100, "stop": 3, "hold": 40})
    assert said == {"clear": 100, "stop": "<5", "hold": "left out"}


CASES: dict[str, Callable[[Case], None]] = {
    "B381": _no_last_date,
    "B385": _twice,
    "B386": _no_rows,
    "B387": _mixed_zones,
    "B388": _few,
}

NOT_BUILT: dict[str, str] = {}
