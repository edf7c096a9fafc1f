"""Facts as JSON: what is known of a patient, every reading, and what was not understood."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ldn_titration.errors import Problem
from ldn_titration.intake.bundle import BundleRead
from ldn_titration.intake.medicines import MedicineLine, MedicineList
from ldn_titration.patient import PatientFacts

__all__ = ["FACTS_SCHEMA", "bundle_json", "medicines_json"]

FACTS_SCHEMA = "ldn-titration/facts/1"


def medicines_json(found: MedicineList, patient: PatientFacts, stamp: Mapping[str, Any]) -> str:
    """A medication list and the patient it was joined to, as one JSON object."""
    rows = zip(found.rows, found.lines, strict=True)
    readings = [{"row": row, **_reading(line)} for row, line in rows]
    return _document(patient, readings, found.not_understood, stamp)


def bundle_json(read: BundleRead, stamp: Mapping[str, Any]) -> str:
    """What was read of a Bundle, as one JSON object."""
    readings = [
        {"path": each.path, "kind": each.kind, "id": each.id, "read_as": each.words}
        for each in read.readings
    ]
    return _document(read.patient, readings, read.incomplete, stamp)


def _reading(line: MedicineLine) -> dict[str, Any]:
    """One line, exactly as it was, with its reading."""
    return {
        "line": line.text,
        "read_as": [name.words for name in line.names],
        "opioids": [name.words for name in line.names if name.name.is_opioid],
        "strength": line.strength,
        "release": line.release,
        "directions": line.directions,
        "status": line.status,
        "last_taken": None if line.last is None else _written(line.last),
        "not_understood": list(line.rest),
    }


def _written(moment: Any) -> str:
    return moment.isoformat() if hasattr(moment, "isoformat") else str(moment)


def _document(
    patient: PatientFacts,
    readings: Sequence[Mapping[str, Any]],
    left: Iterable[Problem],
    stamp: Mapping[str, Any],
) -> str:
    """The object; its patient is as a request has it, and what is absent is unknown."""
    document = {
        "schema": FACTS_SCHEMA,
        "patient": patient.model_dump(mode="json", exclude_defaults=True, exclude_none=True),
        "readings": list(readings),
        "not_understood": [problem._asdict() for problem in left],
        **stamp,
    }
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"
