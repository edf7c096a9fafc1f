"""Bad inputs: tables, written and read."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable

from bad_inputs.case import Case, cli, refused
from bad_inputs.doors import face, patient_wrong
from bad_inputs.pages import held
from ldn_titration import InvalidInputError
from ldn_titration.intake.medicines import read_medicines


def _cells(reason: str) -> list[str]:
    """What a plan's CSV says of the days with this reason."""
    rows = csv.DictReader(io.StringIO(face(held(reason), "csv").out, newline=""))
    return [row["why"] for row in rows if row["why"]]


def _formula(case: Case) -> None:
    """No spreadsheet runs a cell; a dose is never below zero, so no dose begins with a sign."""
    cell = case.input["cell"]
    for reason in (cell, f"a; {cell}", f'"{cell}', "=1+1", "@SUM(A1)", "\uff1d1+1"):
        request = held(reason)
        request["patient"]["overrides"] = []
        for row in csv.reader(io.StringIO(face(request, "csv").out, newline="")):
            for each in row:
                parts = [part.strip(' "') for part in each.split(";")]
                assert not any(part.startswith(tuple("=+-@\uff1d")) for part in parts), each
    dose = {"steps": [{"dose": cell, "days": 2}]}
    request = {**held("a"), "regimen": dose}
    run = cli("plan", "-", stdin=request)
    assert (run.code, run.out) == (2, "")
    assert run.err.startswith("regimen.steps[0].dose: ")
    assert _cells("a note") == ["held 2 days from 6 Jan 2027: a note"] * 2


def _wrong(text: str | bytes, path: str, *parts: str) -> None:
    """Demand that a list is refused at this row, by the function and the command line."""
    error = refused(lambda: read_medicines(text), path, *parts)
    assert isinstance(error, InvalidInputError)
    assert path in {problem.path for problem in error.problems}, error
    run = cli("facts", "-", stdin=text)
    assert (run.code, run.out) == (2, "")
    assert f"{path}: " in run.err


def _twice(case: Case) -> None:
    assert case.input["import"] == "column 'dose' twice"
    _wrong("medicine,dose,dose\nibuprofen,1 mg,2 mg\n", "row 1", 'column "dose" stands twice')
    _wrong("medicine,drug\nibuprofen,oxycodone\n", "row 1", 'column "medicine" stands twice')
    _wrong("medicine,Dose, dose \nibuprofen,1 mg,2 mg\n", "row 1", 'column "dose" stands twice')


def _short_row(case: Case) -> None:
    """Row 3 of the table is named, and no row is read: nothing moves to another column."""
    head = "medicine,dose,directions,status,started\n"
    rows = "ibuprofen,400 mg,,active,2026-01-01\n"
    message = "has {} cells; the header has 5 columns"
    _wrong(f"{head}{rows}oxycodone,5 mg,ended\n", "row 3", message.format(3))
    _wrong(f"{head}{rows}oxycodone,5 mg,,ended,2020-01-01,x\n", "row 3", message.format(6))
    both = refused(lambda: read_medicines(f"{head}a,b\n{rows}c,d,e\n"), "row 2: ", "row 4: ")
    assert len(str(both).splitlines()) == 2


def _unit_elsewhere(case: Case) -> None:
    """Neither a bare number nor a header of another file lends a dose its unit."""
    _wrong("medicine,dose\nnaltrexone,4.5\n", "row 2, dose", 'lacks its unit, as in "5 mg"')
    _wrong('medicine,dose\nnaltrexone,"4,5"\n', "row 2, dose", "lacks its unit")
    _wrong("medicine,dose (mg)\nnaltrexone,4.5\n", "row 1", "dose (mg) is no known column")
    _wrong("medicine,dose,mg\nnaltrexone,4.5,mg\n", "row 1", "mg is no known column")


def _serial(case: Case) -> None:
    """45662 is neither a day nor an exposure's date, wherever a date is asked for."""
    number = case.input["import"].split()[-1]
    for name in ("last_taken", "stopped", "end", "started"):
        for cell in (number, f"{number}.5"):
            text = f"medicine,{name}\noxycodone,{cell}\n"
            _wrong(text, f"row 2, {name}", "a spreadsheet's day number", "YYYY-MM-DD")
    for value in (int(number), number):
        exposure = {"substance": "oxycodone", "last_taken": value}
        told = {"status": "known", "exposures": [exposure]}
        path = "opioids.exposures[0].last_taken"
        patient_wrong(path, "YYYY-MM-DD", opioids=told)


def _code_page(case: Case) -> None:
    """A byte that is no UTF-8 is told by its place, and never read as another sign."""
    assert case.input["import"].endswith("byte B5")
    for start in ("medicine,dose\nlevothyroxine,75 ", "levothyroxine 75 "):
        text = start.encode() + b"\xb5g\n"
        error = refused(lambda text=text: read_medicines(text), "UTF-8")
        assert str(start.encode().__len__()) in str(error)
        run = cli("facts", "-", stdin=text)
        assert (run.code, run.out) == (2, "")
        assert "UTF-8" in run.err
    (line,) = read_medicines("levothyroxine 75 \u00b5g\n".encode()).lines
    assert line.rest == ()


CASES: dict[str, Callable[[Case], None]] = {
    "B326": _formula,
    "B330": _twice,
    "B331": _short_row,
    "B332": _unit_elsewhere,
    "B333": _serial,
    "B335": _code_page,
}

NOT_BUILT: dict[str, str] = {
    "B327": "No xlsx is written; a plan's CSV marks such a cell, as the check of B326 shows.",
}
