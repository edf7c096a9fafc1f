"""The command ``facts``: a stranger's record in, what is known of the patient out."""

from __future__ import annotations

import argparse

from ldn_titration.cli.exits import DONE, NOT_CLEARED
from ldn_titration.cli.faces import text_or_json
from ldn_titration.cli.files import base_of, data_in, stamp, write

__all__ = ["run_facts"]


def run_facts(options: argparse.Namespace) -> int:
    """Read a FHIR Bundle, a CSV or a plain list of medicines, and show every reading."""
    data = data_in(options.file)
    is_json = data.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"{"
    shown, whole = (_bundle if is_json else _medicines)(data, options)
    write(shown, None)
    return DONE if whole else NOT_CLEARED


def _bundle(data: bytes, options: argparse.Namespace) -> tuple[str, bool]:
    """A Bundle shown, and whether all of it was understood."""
    from ldn_titration.intake.bundle import read_patient

    base = base_of(options)
    on, by = options.assessed_on, options.assessed_by
    read = read_patient(data, base=base, assessed_on=on, assessed_by=by)
    if text_or_json(options) == "json":
        from ldn_titration.intake.document import bundle_json

        return bundle_json(read, stamp(base)), not read.incomplete
    from ldn_titration.render.intake import bundle_text

    return bundle_text(read), not read.incomplete


def _medicines(data: bytes, options: argparse.Namespace) -> tuple[str, bool]:
    """A medication list shown, and whether all of it was understood."""
    from ldn_titration.intake.medicines import read_medicines
    from ldn_titration.patient import PatientFacts

    base = base_of(options)
    known = PatientFacts(assessed_on=options.assessed_on, assessed_by=options.assessed_by)
    found = read_medicines(data, base)
    patient = found.facts(known)
    if text_or_json(options) == "json":
        from ldn_titration.intake.document import medicines_json

        return medicines_json(found, patient, stamp(base)), not found.not_understood
    from ldn_titration.render.intake import medicines_text

    return medicines_text(found, patient), not found.not_understood
