"""The rows of a plan, and whether a face that is read back says the same.

The readers (``readers.py``) share no code with the library.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import readers
from ldn_titration import Plan
from readers import Amount, Dose, Face, Row


def rows_of(plan: Plan) -> list[Row]:
    """The rows that every face must tell, from the plan's own days."""
    return [
        Row(day.date, day.step, tuple(_dose(dose) for dose in day.doses))
        for day in plan
        if day.doses
    ]


def _dose(dose: object) -> Dose:
    reading = dose.reading  # type: ignore[attr-defined]
    noun = {"capsules": "capsule", "tablets": "tablet"}.get(reading.form, "")
    pieces = [Amount(number, f"{noun} of {strength}") for strength, number in reading.pieces]
    drops = [] if reading.drops is None else [Amount(readers.Fraction(reading.drops), "drop")]
    volume = [] if reading.volume is None else [Amount(reading.volume.magnitude, "mL")]
    mass = Amount(reading.dose.magnitude, "mg")
    return Dose(dose.time_of_day or "", (*pieces, *drops, *volume, mass))  # type: ignore[attr-defined]


# --- what must be the same ------------------------------------------------------------


def same_as_plan(
    face: Face, rows: list[Row], days: list[date], draft: bool, name: str = "json"
) -> None:
    """A face tells these rows, every day where it tells days, and the sum of its rows."""
    assert face.rows == rows, name
    assert face.draft is draft, name
    if face.days is not None:
        assert face.days == days, name


def same_totals(face: Face, rows: list[Row]) -> None:
    """The totals of a face are the exact rows added up day by day, rounded or not."""
    assert face.totals is not None
    expected = readers.summed(rows)
    if not any(amount.about for amount in face.totals):
        assert readers.total_of(face.totals) == expected
        return
    told = [amount.unit for amount in face.totals]
    if len(told) == len(set(told)):  # pragma: no branch - rounded totals of two bottle sizes
        found = {Amount(value, unit) for unit, value in expected.items()}
        assert set(face.totals) == set(map(readers.rounded, found))


def same_in_every_face(
    made: dict[str, str | bytes], rows: list[Row], days: list[date], draft: bool
) -> None:
    """Each face made, by its name, is read back to the rows."""
    exact, people = rows, readers.for_people(rows)
    stepless = readers.for_people(rows, steps=False)
    for name, text in made.items():
        kind = name.split(",")[0]
        face = READ[kind](text)
        if kind == "fhir":
            structure = readers.for_fhir(rows)
            assert structure is not None
            same_as_plan(face, structure, days, draft, name)
            same_as_plan(
                readers.read_fhir_text(str(text)), stepless, days, draft, "fhir, its words"
            )
            continue
        expected = {"csv": exact, "text": people, "ics": people}.get(kind, stepless)
        same_as_plan(face, expected, days, draft, name)
        if face.totals is not None:
            same_totals(face, rows)


READ: dict[str, Callable[..., Face]] = {
    "csv": readers.read_csv,
    "text": readers.read_text,
    "html": readers.read_html,
    "pdf": readers.read_pdf,
    "ics": readers.read_ics,
    "fhir": readers.read_fhir,
}
