"""Every reader of text that there is, by the function and by the command line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from bad_inputs.case import cli, good, refused
from ldn_titration import PatientFacts, Regimen, Screening
from ldn_titration.errors import LdnTitrationError
from ldn_titration.intake.bundle import read_patient
from ldn_titration.intake.medicines import read_medicines
from ldn_titration.intake.orders import read_orders
from ldn_titration.intake.plan import read_plan
from ldn_titration.lint import lint
from ldn_titration.request import PlanRequest, read_request

READERS: tuple[Callable[[bytes], object], ...] = (read_request, read_orders, lint, read_plan)
MODELS = (PlanRequest, PatientFacts, Regimen, Screening)
COMMANDS = ("plan", "screen", "supply", "lint")


def refused_by_all(data: bytes, *parts: str) -> None:
    """Demand that every reader refuses these bytes, each in words of ours.

    The reader of medication lists reads any text: it never understands this as a medicine,
    and is allowed to refuse it.
    """
    for read in READERS:
        refused(lambda read=read: read(data), *parts)
    refused(lambda: read_patient(data))
    for model in MODELS:
        refused(lambda model=model: model.model_validate_json(data))
    for command in COMMANDS:
        run = cli(command, "-", stdin=data)
        assert (run.code, run.out) == (2, ""), (command, run)
        _has_all(run.err, parts)
    assert cli("facts", "-", "--format", "json", stdin=data).code in {2, 3}
    understood = [line for line in _lines(data) if line.names or not line.rest]
    assert understood == []
    with TemporaryDirectory() as folder:
        name = Path(folder) / "given.json"
        name.write_bytes(data)
        assert cli("plan", str(name), cwd=Path(folder)).code == 2
        assert cli("screen", "-", "--overlay", str(name), stdin=good()).code == 2


def _has_all(text: str, parts: tuple[str, ...]) -> None:
    assert all(part in text for part in parts), text[:500]


def _lines(data: bytes) -> Iterator[object]:
    try:
        yield from read_medicines(data).lines
    except LdnTitrationError:
        return
