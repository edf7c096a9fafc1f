"""Bad inputs: a service over HTTP. There is none; what its requests ask is asked of commands.

That nothing listens or calls is proven for every module in the area of the supply chain.
"""

from __future__ import annotations

import io
import json
from argparse import Namespace
from collections.abc import Callable
from unittest.mock import patch

from bad_inputs.case import Case, cli, good, refused, refused_request
from bad_inputs.readers_of_text import refused_by_all
from ldn_titration.cli.files import data_in
from ldn_titration.intake.bundle import read_patient


class _Endless(io.RawIOBase):
    """100 MB that are made when they are read."""

    left = 100_000_000

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        many = min(len(buffer), self.left)
        buffer[:many] = b" " * many
        self.left -= many
        return many


def _too_large(case: Case) -> None:
    """Of 100 MB on standard input a megabyte is read, and refused before it is parsed."""
    assert case.input == {"POST": "body of 100 MB"}
    endless = _Endless()
    with patch("sys.stdin", Namespace(buffer=io.BufferedReader(endless))):
        data = data_in("-")
    assert len(data) == (1 << 20) + 1
    assert endless.left > 98_000_000, "the rest is never read"
    refused_by_all(data, "is larger than 1048576 bytes")


def _start_of_zero(case: Case) -> None:
    assert '"start":0' in case.input["POST"]
    refused_request(good(start=0), "start", "YYYY-MM-DD")


def _dose_of_zero(case: Case) -> None:
    dose = case.input["POST"].split("'")[1]
    request = good(regimen={"steps": [{"dose": dose, "days": 7}]})
    refused_request(request, "regimen.steps[0].dose", "0")


def _hook(case: Case) -> None:
    """The request of a hook is no request here: refused, and never an empty "all is well"."""
    text = json.dumps({"hookInstance": "d1577c69", **case.input})
    refused_by_all(text.encode())
    refused(lambda: read_patient(text))
    run = cli("screen", "-", stdin=good(**case.input))
    assert (run.code, run.out) == (2, "")
    for name in case.input:
        assert f"{name}: is no " in run.err
    without = good()
    del without["patient"]
    run = cli("screen", "-", "--format", "json", stdin=without)
    assert (run.code, json.loads(run.out)["verdict"]) == (3, "insufficient")


CASES: dict[str, Callable[[Case], None]] = {
    "B344": _too_large,
    "B346": _start_of_zero,
    "B347": _dose_of_zero,
    "B349": _hook,
    "B350": _hook,
    "B351": _hook,
}

_NO_SERVICE = "There is no service over HTTP: nothing here reads or writes {}."

NOT_BUILT: dict[str, str] = {
    "B348": _NO_SERVICE.format("a header of a request or an answer"),
    "B352": _NO_SERVICE.format("a Content-Disposition, and --out names the file"),
    "B355": _NO_SERVICE.format("several requests at once, and a run of a command makes one plan"),
}
