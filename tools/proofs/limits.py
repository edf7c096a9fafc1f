"""Every hostile input at every door, each in a process of its own: seconds and memory."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from proofs.result import ROOT, Result

__all__ = ["GOAL", "prove"]

GOAL = "Limits before work: any 1 MiB input answered within a second and 100 MB"
MOST_SECONDS, MOST_MB = 1.0, 100

ONE_DOOR = """
import os, resource, sys, time
import hostile_inputs
from ldn_titration import LdnTitrationError
from ldn_titration.knowledge import knowledge

def memory():
    a_mb = 1024 if sys.platform == "linux" else 1 << 20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // a_mb

knowledge().read_all()
door = sys.argv[1]
for each in hostile_inputs.inputs():
    if each.door != door:
        continue
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        continue
    # What a library loads the first time is no part of an input. It is loaded after the fork:
    # the threads of the typesetter do not outlive one, and a child would wait for them for ever.
    try:
        hostile_inputs.DOORS[door](hostile_inputs.warm(door))
    except LdnTitrationError:
        pass
    before, start, ended = memory(), time.process_time(), "read"
    try:
        hostile_inputs.DOORS[door](each.data)
    except LdnTitrationError:
        ended = "refused"
    except BaseException as error:
        ended = repr(error)[:80].replace("\\t", " ")
    spent = time.process_time() - start
    print(each.name, ended, f"{spent:.3f}", memory() - before, sep="\\t", flush=True)
    os._exit(0)
"""


def prove() -> Result:
    """Each input is read or refused, in time and in its room."""
    sys.path.insert(0, str(ROOT / "tests"))
    import hostile_inputs

    with ThreadPoolExecutor(2) as pool:
        measured = [row for rows in pool.map(_measured, hostile_inputs.DOORS) for row in rows]
    wrong = [
        f"{door}, {name}: {ended}, {spent:.1f} s, {room} MB"
        for door, name, ended, spent, room in measured
        if ended not in {"read", "refused"} or spent > MOST_SECONDS or room > MOST_MB
    ]
    asked = sum(1 for _ in hostile_inputs.inputs())
    worst = max(spent for *_, spent, _ in measured)
    most = max(room for *_, room in measured)
    figure = f"{len(measured):,} of {asked:,} inputs, slowest {worst:.2f} s, most {most} MB"
    return Result(figure, not wrong and len(measured) == asked, "; ".join(wrong[:8]))


def _measured(door: str) -> list[tuple[str, str, str, float, int]]:
    path = os.pathsep.join(str(ROOT / name) for name in ("src", "tests", "tools"))
    done = subprocess.run(
        [sys.executable, "-c", ONE_DOOR, door],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
    )
    return list(_rows(door, done.stdout))


def _rows(door: str, printed: str) -> Iterator[tuple[str, str, str, float, int]]:
    for line in printed.splitlines():
        name, ended, spent, room = line.split("\t")
        yield door, name, ended, float(spent), int(room)
