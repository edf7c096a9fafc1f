"""The same bytes from 192 processes: seeds, zones, locales, two Pythons, switches, threads."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from proofs.result import ROOT, Result
from surroundings import Surrounding, digests, locales, matrix, newer_python, real_locales

__all__ = ["GOAL", "prove"]

GOAL = (
    "Same bytes over 4 hash seeds x 6 zones x 4 locales x Python 3.11 and one newer, in threads "
    "and processes, with a hostile decimal context and under python -O"
)


def prove() -> Result:
    """Every face of every example, made in each process, compared digest by digest."""
    build = ROOT / "build"
    more, newer = locales(build / "locales"), newer_python(build / "newer-python")
    pythons = [sys.executable, *([newer] if newer else [])]
    places = list(matrix(pythons, more))
    with ThreadPoolExecutor(2) as pool:
        printed = list(pool.map(_printed, places))
    return _judged(places, printed, newer is not None, len(real_locales(more)))


def _printed(where: Surrounding) -> dict[str, str] | str:
    process = digests(where, "--pages")
    out, error = process.communicate()
    if process.returncode:
        return error.decode(errors="replace").strip().splitlines()[-1]
    lines = (line.partition(" ") for line in out.decode().splitlines())
    return {name: value for value, _, name in lines}


def _judged(
    places: list[Surrounding], printed: list[dict[str, str] | str], newer: bool, real: int
) -> Result:
    wrong = list(_differences(places, printed))
    faces = len(printed[0]) if isinstance(printed[0], dict) else 0
    figure = f"{faces} faces from {len(places)} processes, {real} of 4 locales real"
    whys = wrong[:5]
    if not newer:
        whys.append("not run: no newer Python here; set LDN_NEWER_PYTHON to one")
    if real < 4:
        whys.append("some locales could not be made: localedef and its sources would be needed")
    return Result(f"{figure}, {len(wrong)} differences", not whys, "; ".join(whys))


def _differences(places: list[Surrounding], printed: list[dict[str, str] | str]) -> Iterator[str]:
    first = printed[0]
    for where, faces in zip(places, printed, strict=True):
        if isinstance(faces, str) or isinstance(first, str):
            yield f"{where}: {faces if isinstance(faces, str) else first}"
        elif faces != first:
            names = {n for n in faces.keys() | first.keys() if faces.get(n) != first.get(n)}
            yield f"{where}: {', '.join(sorted(names)[:3])}"
