"""Bad inputs: more than a machine should be asked for."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

from bad_inputs.case import Case, accepted, aside, cli, good, refused, refused_request
from ldn_titration import InvalidInputError, Regimen, schedule
from ldn_titration.diary import Held


def _many_events(case: Case) -> None:
    """Beyond 1,000 events a diary is refused by their number; as JSON by its size before."""
    many = case.input["hold_events"]
    assert many == 1_000_000
    told = {"event": "held", "on": "2027-01-06", "days": 1}
    event = Held(on="2027-01-06", days=1)
    plan = accepted(good())
    regimen: Regimen = plan.titration()
    error = refused(
        lambda: schedule(regimen, plan.preparation, plan.start, diary=(event,) * many), "1000"
    )
    assert isinstance(error, InvalidInputError)
    refused_request(good(diary=[told] * 1001), "diary", "has 1001 entries; at most 1000 are read")
    text = '{"diary": [' + '{"event":"held"},' * 70_000 + "{}]}"
    refused_request(text, "request", "is larger than 1048576 bytes")
    with aside():
        rest = '{"event":"held"},' * (many - 70_000)
    refused_request(text[:-4] + rest + "{}]}", "request", "is larger than 1048576 bytes")


class _Interrupted:
    """A file on which the writer is interrupted when half is written."""

    def __init__(self, handle: int, *_: Any) -> None:
        self.handle = handle

    def __enter__(self) -> _Interrupted:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.handle)

    def write(self, data: bytes) -> int:
        os.write(self.handle, data[: len(data) // 2])
        raise KeyboardInterrupt


def _interrupted(case: Case) -> None:
    """Neither half a file nor a temporary one, nor a traceback; an old file stays."""
    assert case.input["signal"].startswith("KeyboardInterrupt")
    with TemporaryDirectory() as name:
        folder = Path(name)
        with patch("os.fdopen", _Interrupted):
            run = _planned(folder, "new.json")
        assert (run.code, run.out, run.err) == (130, "", "interrupted\n")
        assert list(folder.iterdir()) == []
        assert _planned(folder, "new.json").code == 0
        before = (folder / "new.json").read_bytes()
        with patch("os.fdopen", _Interrupted):
            assert _planned(folder, "new.json", "--overwrite").code == 130
        assert [path.read_bytes() for path in folder.iterdir()] == [before]


def _planned(folder: Path, *options: str) -> Any:
    codes = frozenset({0, 130})
    return cli("plan", "-", "--out", *options, stdin=good(), cwd=folder, codes=codes)


CASES: dict[str, Callable[[Case], None]] = {
    "B360": _many_events,
    "B362": _interrupted,
}

NOT_BUILT: dict[str, str] = {
    "B359": "Files are read in batches, the manifest last; a hundred million were not tried.",
}
