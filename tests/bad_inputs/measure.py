"""Running a check: it ends without a foreign exception, in time, and in little memory."""

from __future__ import annotations

import contextlib
import io
import re
import time
import tracemalloc
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

from bad_inputs.case import Aside, Case

SECONDS = 1.0
MEGABYTES = 100
_RUNS = 3

_CLEAR, _STATUS = Path("/proc/self/clear_refs"), Path("/proc/self/status")


class BrokenLimit(AssertionError):
    """A check that took too long, or too much memory, or left a traceback."""


def tried(
    check: Callable[[Case], None],
    case: Case,
    seconds: float = SECONDS,
    megabytes: float = MEGABYTES,
) -> None:
    """Run a check, and measure it; raises what it raises, and BrokenLimit.

    Time is the best of up to three runs, for machines are noisy. Memory is what the process
    held at its peak beyond what it held before. A first run imports modules, so one that
    takes too much is followed by another, and by one that counts what Python allocates: what
    the process held free before would not be seen again.
    """
    took, grew = [], []
    for _ in range(_RUNS):
        with _quiet(case), _resident() as peak:
            own, began = Aside.seconds, time.perf_counter()
            check(case)
            took.append(time.perf_counter() - began - (Aside.seconds - own))
        grew.append(peak())
        if took[-1] <= seconds and grew[-1] <= megabytes:
            break
    if min(took) > seconds:
        raise BrokenLimit(f"{case.id} took {min(took):.2f} s")
    held = grew[-1]
    if grew[0] > megabytes or not tells_resident():
        held = max(held, _allocated(check, case))
    if held > megabytes:
        raise BrokenLimit(f"{case.id} took {held:.0f} MB")


@contextlib.contextmanager
def _quiet(case: Case) -> Iterator[None]:
    """Both channels kept, and free of tracebacks; so is what is raised."""
    kept = io.StringIO()
    try:
        with contextlib.redirect_stdout(kept), contextlib.redirect_stderr(kept):
            yield
    except AssertionError:
        raise
    except Exception as error:
        raise BrokenLimit(f"{case.id} let {type(error).__name__} out: {error}") from error
    if "Traceback" in kept.getvalue():
        raise BrokenLimit(f"{case.id} printed a traceback: {kept.getvalue()[-1000:]}")


@contextlib.contextmanager
def _resident() -> Iterator[Callable[[], float]]:
    """How many megabytes the peak of resident memory was above what was held before.

    0 where the system does not tell.
    """
    try:
        _CLEAR.write_text("5")
        before = _kilobytes("VmRSS")
    except OSError:
        before = None
    yield lambda: 0.0 if before is None else (_kilobytes("VmHWM") - before) / 1000


def _kilobytes(name: str) -> int:
    found = re.search(rf"^{name}:\s+(\d+) kB$", _STATUS.read_text(), re.MULTILINE)
    return int(found[1]) if found else 0


def _allocated(check: Callable[[Case], None], case: Case) -> float:
    """How many megabytes Python held at most during a run."""
    tracemalloc.start()
    try:
        with _quiet(case):
            check(case)
        return tracemalloc.get_traced_memory()[1] / 10**6
    finally:
        tracemalloc.stop()


@cache
def tells_resident() -> bool:
    """Whether the system tells the peak of resident memory."""
    with _resident() as peak:
        held = bytearray(20_000_000)
        held[::4096] = b"x" * len(held[::4096])
    return peak() > 15
