"""Bad inputs: the file that a plan is written to."""

from __future__ import annotations

import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from bad_inputs.case import Case, Run, cli, good

REQUEST = good(length_days=7)
FACES = ("txt", "json", "html", "ics", "csv")


@contextmanager
def _folder() -> Iterator[Path]:
    """A folder to write to, inside one that nothing may be written to."""
    with TemporaryDirectory() as outer:
        inside = Path(outer) / "inside"
        inside.mkdir()
        yield inside


def _refused(out: str, *parts: str) -> None:
    """Demand that a name is refused as --out, and that nothing is written anywhere."""
    with _folder() as folder:
        for options in ([], ["--overwrite"]):
            run = cli("plan", "-", "--out", out, *options, stdin=REQUEST, cwd=folder)
            _told(run, *parts)
        assert list(folder.parent.rglob("*")) == [folder]


def _told(run: Run, *parts: str) -> None:
    assert (run.code, run.out) == (2, ""), run
    assert run.err.startswith("--out: "), run.err
    assert len(run.err.splitlines()) == 1
    assert all(part in run.err for part in parts), run.err


def _outside(case: Case) -> None:
    """What leaves the folder is refused, by its name or by a link; a link is not followed."""
    _refused(f"{case.input['out']}.json", "leaves the working directory")
    _refused("../x.json", "leaves the working directory")
    with _folder() as folder:
        kept = folder.parent / "kept.json"
        kept.write_text("kept")
        (folder / "link.json").symlink_to(kept)
        (folder / "up").symlink_to(folder.parent)
        for out in ("link.json", "up/new.json", "up/kept.json"):
            run = cli("plan", "-", "--out", out, "--overwrite", stdin=REQUEST, cwd=folder)
            _told(run)
        assert kept.read_text() == "kept"
        assert {path.name for path in folder.iterdir()} == {"link.json", "up"}
        assert {path.name for path in folder.parent.iterdir()} == {"inside", "kept.json"}


def _never_a_name(case: Case) -> None:
    """No file is named after a patient: the only one that is written is that of --out."""
    request = good(length_days=7)
    request["patient"]["name"] = case.input["patient_id"]
    with _folder() as folder:
        for ending in FACES:
            assert cli("plan", "-", "--out", f"p.{ending}", stdin=request, cwd=folder).code == 0
        options = ("--with-name", "--key", case.input["patient_id"])
        assert cli("plan", "-", "--out", "q.ics", *options, stdin=request, cwd=folder).code == 0
        found = {path.name for path in folder.parent.rglob("*") if path.is_file()}
        assert found == {*(f"p.{ending}" for ending in FACES), "q.ics"}


def _reserved(case: Case) -> None:
    for out in (
        case.input["out"],
        "con.json",
        "NUL",
        "nul.txt",
        "aux.csv",
        "COM1.html",
        "lpt9.ics",
    ):
        named = out if "." in out else f"{out}.json"
        _refused(named, "is the name of a device on Windows")


def _control_characters(case: Case) -> None:
    _refused(case.input["out"], "U+0000")
    for character in "\n\x1b\x7f\u202e":
        _refused(f"a{character}.json", f"U+{ord(character):04X}")


@contextmanager
def small_disk(size: int) -> Iterator[None]:
    """No file may grow beyond so many bytes: writing fails as on a full disk."""
    kept = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, kept[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, kept)


def _full_disk(case: Case) -> None:
    """Neither half a file nor a temporary one; the old one stays as it was."""
    with _folder() as folder:
        for ending in FACES:
            with small_disk(1000):
                _told(cli("plan", "-", "--out", f"p.{ending}", stdin=REQUEST, cwd=folder))
        assert list(folder.iterdir()) == []
        old = folder / "p.json"
        old.write_bytes(b"old")
        with small_disk(1000):
            options = ("--out", "p.json", "--overwrite")
            _told(cli("plan", "-", *options, stdin=REQUEST, cwd=folder))
        assert [(path.name, path.read_bytes()) for path in folder.iterdir()] == [("p.json", b"old")]


CASES: dict[str, Callable[[Case], None]] = {
    "B336": _outside,
    "B338": _never_a_name,
    "B340": _reserved,
    "B342": _control_characters,
    "B343": _full_disk,
}

NOT_BUILT: dict[str, str] = {}
