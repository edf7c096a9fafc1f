"""Bad inputs: many patients at once. What one patient shows already is asked of one."""

from __future__ import annotations

from collections.abc import Callable

from bad_inputs.case import Case
from bad_inputs.doors import known, says, screened, taken
from ldn_titration.intake.medicines import read_medicines


def _no_last_date(case: Case) -> None:
    """The scalar engine's answer, which the cohort is to give too."""
    assert case.input == {"rows": "patient with null last opioid date"}
    for told in ({}, {"last_taken": "unknown"}):
        exposure = taken(substance="oxycodone", release="immediate", **told)
        says(screened(known(opioids=exposure)), "insufficient", "OPI-05")
    (exposure_read,) = read_medicines("medicine,status,last_taken\noxycodone,ended,\n").exposures
    assert (exposure_read.last_taken, exposure_read.ongoing) == ("unknown", False)


def _no_rows(case: Case) -> None:
    """Nobody's medication list is not an empty one: it is insufficient, and said so."""
    assert case.input["rows"].startswith("left join")
    screening = screened(known(medications=None, opioids={"status": "unknown"}))
    says(screening, "insufficient", "FACT-01")
    assert screening.missing == ("opioids", "medications")


CASES: dict[str, Callable[[Case], None]] = {"B381": _no_last_date, "B386": _no_rows}

_LATER = "{}: the cohort comes with its own issue, and nothing here reads a table of patients."

NOT_BUILT: dict[str, str] = {
    "B385": _LATER.format("Two rows of one patient"),
    "B387": _LATER.format("Zones that are mixed in a column"),
    "B388": _LATER.format("Small counts in a summary"),
}
