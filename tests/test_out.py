"""Where ``--out`` writes, and where it refuses to: B336 to B343 of the bad inputs, and more."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from conftest import ROOT
from ldn_titration.cli import entry, main

EXAMPLE = str(ROOT / "examples" / "capsules-two-weekly.json")
HELD_BACK = str(ROOT / "examples" / "recent-oxycodone.json")

pytestmark = pytest.mark.hazard("S02")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a folder beside it."""
    (tmp_path / "here").mkdir()
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"


def everything(folder: Path) -> dict[str, bytes | str]:
    """Each file below, each link by what it points at."""
    return {
        str(path.relative_to(folder)): str(path.readlink())
        if path.is_symlink()
        else path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_symlink() or path.is_file()
    }


def refused(
    out: str, here: Path, capsys: pytest.CaptureFixture[str], *more: str, request: str = EXAMPLE
) -> str:
    """What is said where a name is refused: one line, exit 2, and nothing has changed."""
    before = everything(here.parent)
    assert main(["plan", request, "--format", "csv", "--out", out, *more]) == 2
    assert everything(here.parent) == before
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("--out: ")
    assert printed.err.count("\n") == 1
    assert printed.err.rstrip("\n").isprintable()
    return printed.err


def test_a_relative_name_is_written_here_or_in_a_folder_here(here: Path) -> None:
    (here / "plans").mkdir()
    for out in ("a.csv", "./b.csv", "plans/c.csv", "plans/../d.csv", "../here/e.csv"):
        assert main(["plan", EXAMPLE, "--out", out]) == 0
    assert list(everything(here)) == ["a.csv", "b.csv", "d.csv", "e.csv", "plans/c.csv"]
    assert all(str(text, "utf-8").startswith("date,dose") for text in everything(here).values())


def test_a_whole_path_is_written_wherever_it_is(here: Path) -> None:
    out = here.parent / "other" / "a.csv"
    assert main(["plan", EXAMPLE, "--out", str(out)]) == 0
    assert list(everything(here.parent)) == ["other/a.csv"]


def test_a_folder_of_a_whole_path_may_be_a_link(here: Path) -> None:
    """Whoever names a whole path has chosen it: /tmp itself is a link on some machines."""
    (here / "link").symlink_to(here.parent / "other")
    assert main(["plan", EXAMPLE, "--out", str(here / "link" / "a.csv")]) == 0
    assert (here.parent / "other" / "a.csv").is_file()


@pytest.mark.parametrize("out", ["../a.csv", "../other/a.csv", "../../etc/cron.d/x", ".././a.csv"])
def test_a_relative_name_does_not_climb_out(
    out: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = refused(out, here, capsys)
    assert "leaves the working directory" in said
    assert "whole path" in said


def test_a_relative_name_does_not_leave_through_a_link(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "link").symlink_to(here.parent / "other", target_is_directory=True)
    assert "leaves the working directory" in refused("link/a.csv", here, capsys)
    assert "leaves the working directory" in refused("link/../a.csv", here, capsys)
    (here / "plans").mkdir()
    (here / "inner").symlink_to("plans", target_is_directory=True)
    assert main(["plan", EXAMPLE, "--out", "inner/a.csv"]) == 0
    assert (here / "plans" / "a.csv").is_file()


@pytest.mark.parametrize("more", [[], ["--overwrite"]])
def test_a_link_in_its_place_is_never_followed(
    more: list[str], here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    precious = here.parent / "other" / "precious"
    precious.write_bytes(b"precious")
    (here / "a.csv").symlink_to(precious)
    (here / "b.csv").symlink_to(here.parent / "other" / "not there")
    (here / "c.csv").symlink_to("c.csv")
    for name in ("a.csv", "b.csv", "c.csv"):
        assert "is a link" in refused(name, here, capsys, *more)
        assert "is a link" in refused(str(here / name), here, capsys, *more)


@pytest.mark.parametrize("absolute", [False, True])
def test_what_is_there_stays_unless_overwrite_is_said(
    absolute: bool, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(here / "a.csv") if absolute else "a.csv"
    (here / "a.csv").write_bytes(b"the old one")
    assert "--overwrite" in refused(out, here, capsys)
    assert main(["plan", EXAMPLE, "--out", out, "--overwrite"]) == 0
    assert (here / "a.csv").read_bytes().startswith(b"date,dose")
    assert list(everything(here)) == ["a.csv"]


def test_overwrite_may_also_write_anew_but_needs_a_file(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plan", EXAMPLE, "--out", "a.csv", "--overwrite"]) == 0
    assert main(["plan", EXAMPLE, "--overwrite"]) == 2
    assert capsys.readouterr().err == "--overwrite: is for a file; name it with --out\n"


def test_the_file_is_told_before_the_patient_is(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where several exits apply, 2 comes first: also for a request that does not clear."""
    (here / "a.csv").write_bytes(b"the old one")
    refused("a.csv", here, capsys, request=HELD_BACK)
    assert main(["plan", HELD_BACK, "--out", "a.csv", "--overwrite"]) == 3
    assert (here / "a.csv").read_bytes() == b"the old one"


@pytest.mark.parametrize(
    "name",
    [
        *("CON.pdf", "con", "Prn.csv", "AUX.tar.gz", "NUL", "nul .csv", "CONIN$", "conout$.txt"),
        *("COM1.csv", "com9", "LPT1.csv", "lpt9.x.y", "COM¹.csv", "lpt³"),
    ],
)
def test_names_of_devices_are_no_files(
    name: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "name of a device" in refused(name, here, capsys)
    assert "name of a device" in refused(str(here / name), here, capsys, "--overwrite")


@pytest.mark.parametrize("name", ["CONSOLE.csv", "COM0.csv", "COM10.csv", "null.csv", "a.con.csv"])
def test_names_like_those_of_devices_are_files(name: str, here: Path) -> None:
    assert main(["plan", EXAMPLE, "--out", name]) == 0
    assert list(everything(here)) == [name]


@pytest.mark.parametrize(
    "name",
    [
        "a\x00.csv",
        "a\n.csv",
        "\x1b[2J.csv",
        "a\x7f.csv",
        "a\x85.csv",
        "a\u202evsc.csv",
        "a\udce9.csv",
    ],
)
def test_characters_that_no_name_should_have_are_refused(
    name: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "U+" in refused(name, here, capsys)
    assert "U+" in refused(str(here / name), here, capsys, "--overwrite")


@pytest.mark.parametrize("name", ["a.csv.", "a.csv ", "a. .", "...", " "])
def test_a_name_ends_in_neither_a_point_nor_a_space(
    name: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    refused(name, here, capsys)


@pytest.mark.parametrize("more", [[], ["--overwrite"]])
def test_what_is_no_plain_file_is_refused(
    more: list[str], here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    os.mkfifo(here / "pipe.csv")
    (here / "folder.csv").mkdir()
    (here / "round").symlink_to("round")
    for out in ("pipe.csv", "folder.csv", "/dev/null", "/dev/full", ".", "..", "", "no/such/a.csv"):
        refused(out, here, capsys, *more)
    for out in ("round/a.csv", EXAMPLE + "/a.csv", "n" * 300 + ".csv", "d" * 5000 + "/a.csv"):
        refused(out, here, capsys, *more)


def test_a_long_name_that_the_disk_takes_is_written(here: Path) -> None:
    name = "n" * 251 + ".csv"
    assert main(["plan", EXAMPLE, "--out", name]) == 0
    assert list(everything(here)) == [name]


def test_the_file_is_for_whom_the_umask_says(here: Path) -> None:
    before = os.umask(0o077)
    try:
        assert main(["plan", EXAMPLE, "--out", "a.csv"]) == 0
        os.umask(0o022)
        assert main(["plan", EXAMPLE, "--out", "b.csv"]) == 0
        assert main(["plan", EXAMPLE, "--out", "a.csv", "--overwrite"]) == 0
    finally:
        os.umask(before)
    modes = [oct((here / name).stat().st_mode & 0o777) for name in ("a.csv", "b.csv")]
    assert modes == ["0o600", "0o644"], "what is overwritten stays as private as it was"


# --- whole or not at all --------------------------------------------------------------

FULL_DISK = """
import resource, sys
from ldn_titration.cli import entry
resource.setrlimit(resource.RLIMIT_FSIZE, (100, resource.RLIM_INFINITY))
try:
    entry()
finally:  # a measurement of coverage is written after the end
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
"""


@pytest.mark.parametrize("more", [[], ["--overwrite"]])
def test_a_disk_that_fills_up_leaves_what_was_there(more: list[str], here: Path) -> None:
    """The kernel stops the writing after 100 bytes of a plan of some thousand."""
    if more:
        (here / "a.csv").write_bytes(b"the old one")
    before = everything(here.parent)
    command = [sys.executable, "-B", "-c", FULL_DISK, "plan", EXAMPLE, "--out", "a.csv", *more]
    done = subprocess.run(command, capture_output=True, check=False)
    assert everything(here.parent) == before
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.startswith(b"--out: ")
    assert done.stderr.count(b"\n") == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device always full")
def test_standard_output_on_a_full_disk_is_told_in_one_line() -> None:
    command = [sys.executable, "-m", "ldn_titration", "plan", EXAMPLE, "--format", "text"]
    with open("/dev/full", "wb") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 2
    assert done.stderr == b"standard output: No space left on device\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device always full")
@pytest.mark.parametrize("command", [["protocols"], ["opioid", "morphine"]])
def test_what_a_full_disk_kept_back_ends_the_command_as_wrong(
    command: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In this process: what stays in the buffer of standard output fails when it is flushed."""
    monkeypatch.setattr(sys, "argv", ["ldn-titration", *command])
    with open("/dev/full", "w", encoding="utf-8") as full:
        monkeypatch.setattr(sys, "stdout", full)
        with pytest.raises(SystemExit) as left:
            entry()
        monkeypatch.undo()
    assert left.value.code == 2
    assert capsys.readouterr().err == "standard output: No space left on device\n"


def test_a_folder_that_takes_no_file_is_told(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(*_: object, **__: object) -> int:
        raise PermissionError(13, "Permission denied", "a hidden name")

    monkeypatch.setattr(os, "open", denied)
    assert refused("a.csv", here, capsys) == "--out: a.csv cannot be written: Permission denied\n"


@pytest.mark.parametrize("step", ["fdopen", "fsync", "link"])
def test_an_interruption_leaves_nothing(
    step: str, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, step, interrupted)
    assert main(["plan", EXAMPLE, "--out", "a.csv"]) == 130
    monkeypatch.undo()
    assert everything(here) == {}


def test_whoever_comes_second_does_not_overwrite(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file or a link that comes into being after every check is not replaced either."""
    link = os.link
    for come in (
        lambda: Path("a.csv").write_bytes(b"theirs"),
        lambda: Path("b.csv").symlink_to("x"),
    ):
        monkeypatch.setattr(os, "link", lambda *a, come=come, **k: (come(), link(*a, **k)))
        name = "b.csv" if Path("a.csv").exists() else "a.csv"
        assert main(["plan", EXAMPLE, "--out", name]) == 2
        assert "--overwrite" in capsys.readouterr().err
    assert everything(here) == {"a.csv": b"theirs", "b.csv": "x"}


def test_a_disk_without_links_is_no_reason_to_overwrite(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def unable(*_: object, **__: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", unable)
    assert main(["plan", EXAMPLE, "--out", "a.csv"]) == 0
    whole = (here / "a.csv").read_bytes()
    assert whole.startswith(b"date,dose")

    def come(*_: object, **__: object) -> None:
        Path("b.csv").write_bytes(b"theirs")
        unable()

    monkeypatch.setattr(os, "link", come)
    assert main(["plan", EXAMPLE, "--out", "b.csv"]) == 2
    assert "--overwrite" in capsys.readouterr().err
    assert everything(here) == {"a.csv": whole, "b.csv": b"theirs"}


def test_of_many_at_once_one_writes(here: Path) -> None:
    codes: list[int] = []
    threads = [
        threading.Thread(target=lambda: codes.append(main(["plan", EXAMPLE, "--out", "a.csv"])))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(codes) == [0] + [2] * 7
    assert list(everything(here)) == ["a.csv"]
