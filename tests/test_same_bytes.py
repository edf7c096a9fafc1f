"""The same bytes wherever it runs; ``make prove`` runs the whole matrix of 192 processes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import surroundings
from surroundings import LOCALES, SEEDS, SWITCHES, ZONES, Surrounding, digests, locales, matrix

pytestmark = pytest.mark.hazard("R06", "A05", "S10", "C01")


def test_every_face_is_the_same_bytes_in_six_unlike_processes(tmp_path: Path) -> None:
    """P50: hash seed, zone, locale, -O, threads and a hostile decimal context change no byte."""
    more = locales(tmp_path / "locales")
    places = [
        Surrounding(
            sys.executable,
            *SWITCHES[n % len(SWITCHES)],
            {
                "PYTHONHASHSEED": SEEDS[n % 4],
                "TZ": ZONES[n],
                "LC_ALL": LOCALES[n % 4],
                "PYTHONUTF8": "0",
                **more,
            },
        )
        for n in range(6)
    ]
    running = [digests(where) for where in places]
    printed = [(process.communicate(), process.returncode) for process in running]
    assert [code for _, code in printed] == [0] * 6, [error for (_, error), _ in printed]
    (first, _), _ = printed[0]
    faces = first.decode().splitlines()
    assert len(faces) > 100
    assert len({line.split()[0] for line in faces}) > 90, "faces that differ have other digests"
    for where, ((out, _), _) in zip(places, printed, strict=True):
        assert out == first, str(where)


def test_the_whole_matrix_has_every_pair_with_every_switch() -> None:
    places = list(matrix(["a", "b"], {}))
    assert len(places) == len(set(map(str, places))) == 4 * 6 * 4 * 2
    for name in ("TZ", "LC_ALL", "PYTHONHASHSEED"):
        for switch in SWITCHES:
            met = {p.environment[name] for p in places if (p.before, p.after) == switch}
            assert met == {p.environment[name] for p in places}


def test_a_face_that_went_by_its_surroundings_would_differ() -> None:
    """The comparison can fail: what a spoilt context does to a Decimal is seen."""
    code = "import decimal, same_bytes; same_bytes.spoil(); print(decimal.Decimal(1) / 3)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": f"{surroundings.ROOT / 'tools'}:{surroundings.ROOT / 'src'}"},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 1
    assert b"decimal.Inexact" in done.stderr or b"decimal.Rounded" in done.stderr
