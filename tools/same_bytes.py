"""Print one digest a face: what every example looks like here, in threads and all.

Run in processes that differ in hash seed, time zone, locale, Python and switches, and compare
what they print. ``--hostile`` first sets a decimal context that would spoil any arithmetic
that went by it; ``--threads N`` makes the faces in so many threads at once.
"""

from __future__ import annotations

import argparse
import contextlib
import decimal
import hashlib
import io
import json
import locale
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from ldn_titration import LdnTitrationError, PatientFacts, Plan, supply
from ldn_titration.cli import main as ldn_titration
from ldn_titration.export.document import plan_json
from ldn_titration.export.fhir import plan_fhir
from ldn_titration.export.ics import CalendarFile, plan_ics
from ldn_titration.export.supply import supply_json
from ldn_titration.export.tabular import plan_csv
from ldn_titration.intake.bundle import read_patient
from ldn_titration.intake.medicines import read_medicines
from ldn_titration.intake.orders import read_orders
from ldn_titration.intake.plan import read_plan
from ldn_titration.knowledge import knowledge
from ldn_titration.lint import lint_order
from ldn_titration.lint.page import lint_json, lint_text
from ldn_titration.render.html import plan_html
from ldn_titration.render.intake import bundle_text, medicines_text
from ldn_titration.render.text import plan_text, screening_text, supply_text
from ldn_titration.request import read_request

EXAMPLES = Path(__file__).parents[1] / "examples"

PLAN_FACES: dict[str, Callable[[Plan], str | bytes]] = {
    "json": plan_json,
    "csv": plan_csv,
    "text": plan_text,
    "html": plan_html,
    "dateless html": lambda plan: plan_html(plan, dateless=True) if not plan.diary else "",
    "ics": plan_ics,
    "ics by step": lambda plan: plan_ics(plan, CalendarFile(each="step")),
    "fhir": plan_fhir,
    "fhir and back": lambda plan: plan_json(read_plan(plan_fhir(plan))),
    "supply": lambda plan: _supplied(plan),
    "model": lambda plan: plan.regimen.model_dump_json() + plan.preparation.model_dump_json(),
    "repr": lambda plan: repr(plan) + repr(list(plan[:40])) + repr(plan.totals),
}


def _supplied(plan: Plan) -> str:
    needed = supply(plan)
    return supply_json(plan, needed) + supply_text(plan, needed)


def _pdf(plan: Plan) -> bytes:
    from ldn_titration.render.pdf import plan_pdf

    return plan_pdf(plan)


def faces_of(data: bytes, *, pages: bool) -> Iterator[tuple[str, str | bytes]]:
    """Every face of a request; ``pages`` with its PDF."""
    request = read_request(data)
    screening = request.screening()
    yield "request", request.model_dump_json()
    yield "screening", screening.model_dump_json() + screening_text(screening)
    plan = request.plan()
    for name, draw in PLAN_FACES.items():
        try:
            yield name, draw(plan)
        except LdnTitrationError as error:
            yield name, f"refused: {error}"
    if pages:
        yield "pdf", _pdf(plan)


def plots() -> Iterator[tuple[str, str | bytes]]:
    """The picture of a plan; without matplotlib there is none."""
    from ldn_titration.render.plot import plot_doses

    plan = read_request((EXAMPLES / "drops-18-weeks.json").read_bytes()).plan()
    yield "svg", str(plot_doses(plan))


def read_faces() -> Iterator[tuple[str, str | bytes]]:
    """What strangers hand in, read and shown."""
    for name in ("medications.txt", "medications.csv"):
        found = read_medicines((EXAMPLES / name).read_bytes(), knowledge())
        yield name, medicines_text(found, found.facts(PatientFacts()))
    for path in sorted((EXAMPLES / "orders").glob("*.json")):
        orders = read_orders(path.read_bytes())
        findings = [lint_order(order) for order in orders]
        yield (
            path.stem,
            lint_text(orders, findings) + lint_json([f for some in findings for f in some]),
        )
    record = {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [
            {"resource": {"resourceType": "Patient", "id": "1", "birthDate": "1980-02-29"}},
            {
                "resource": {
                    "resourceType": "MedicationStatement",
                    "status": "active",
                    "subject": {"reference": "Patient/1"},
                    "medicationCodeableConcept": {"text": "Percocet 5/325"},
                }
            },
        ],
    }
    yield "bundle", bundle_text(read_patient(json.dumps(record), assessed_on="2027-01-02"))


def commands() -> Iterator[tuple[str, str | bytes]]:
    """What commands print that are of no request, and how they fail."""
    wrong = str(EXAMPLES / "medications.txt")
    for line in (
        ["protocols", "--format", "text"],
        ["protocols", "--format", "json"],
        ["opioid", "oxycodone", "--format", "json"],
        ["opioid", "İSTANBUL", "--format", "json"],
        ["self-check", "--format", "text"],
        ["schema", "request"],
        ["schema", "plan"],
        ["plan", wrong, "--format", "text"],
        ["plan", str(EXAMPLES / "recent-oxycodone.json"), "--format", "text"],
    ):
        out, error = io.TextIOWrapper(io.BytesIO(), encoding="utf-8"), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(error):
            code = ldn_titration(line)
        out.flush()
        told = error.getvalue().replace(str(EXAMPLES), "")
        yield (
            " ".join(line[:2]).replace(str(EXAMPLES), ""),
            f"{code}{told}".encode() + out.buffer.getvalue(),
        )


def written() -> Iterator[tuple[str, str | bytes]]:
    """What a file holds that the command line wrote."""
    with tempfile.TemporaryDirectory() as folder:
        for ending in ("txt", "csv", "ics"):
            out = Path(folder) / f"plan.{ending}"
            ldn_titration(["plan", str(EXAMPLES / "living-plan.json"), "--out", str(out)])
            yield f"file {ending}", out.read_bytes()


def everything(*, pages: bool) -> Iterator[tuple[str, str | bytes]]:
    """Every face there is, by name."""
    for path in sorted(EXAMPLES.glob("*.json")):
        for name, face in faces_of(path.read_bytes(), pages=pages):
            yield f"{path.stem}: {name}", face
    yield from read_faces()
    if pages:
        yield from plots()


def digest(face: str | bytes) -> str:
    """The digest of a face's bytes."""
    return hashlib.sha256(face.encode() if isinstance(face, str) else face).hexdigest()


def spoil() -> None:
    """A decimal context in which nothing can be worked out."""
    traps = [decimal.Inexact, decimal.Rounded, decimal.FloatOperation, decimal.Subnormal]
    hostile = decimal.Context(prec=3, rounding=decimal.ROUND_UP, Emin=-3, Emax=3, traps=traps)
    decimal.setcontext(hostile)
    decimal.DefaultContext.prec, decimal.DefaultContext.rounding = 3, decimal.ROUND_UP
    for trap in traps:
        decimal.DefaultContext.traps[trap] = True


def in_threads(count: int, *, pages: bool) -> dict[str, str]:
    """Every face made by so many threads at once; one that differs is told apart by its thread."""
    made: list[dict[str, str]] = []

    def make() -> None:
        made.append({name: digest(face) for name, face in everything(pages=pages)})

    threads = [threading.Thread(target=make) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if len(made) != count:
        raise SystemExit("a thread did not end well")
    merged: dict[str, str] = {}
    for number, faces in enumerate(made):
        for name, found in faces.items():
            if merged.setdefault(name, found) != found:
                merged[f"{name} in thread {number}"] = found
    return merged


def main() -> None:
    """Print the digest of each face, a line each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hostile", action="store_true")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--pages", action="store_true", help="also the PDF and the plot")
    asked = parser.parse_args()
    with contextlib.suppress(locale.Error):  # a host may set its locale; Python alone does not
        locale.setlocale(locale.LC_ALL, "")
    if asked.hostile:
        spoil()
    if asked.threads:
        found = in_threads(asked.threads, pages=asked.pages)
    else:
        found = {name: digest(face) for name, face in everything(pages=asked.pages)}
    found |= {name: digest(face) for name, face in (*commands(), *written())}
    lines = "".join(f"{value} {name}\n" for name, value in sorted(found.items()))
    sys.stdout.buffer.write(lines.encode())


if __name__ == "__main__":
    main()
