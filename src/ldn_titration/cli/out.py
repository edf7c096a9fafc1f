"""The file that a plan is written to: which names are refused, and how it comes to be there."""

from __future__ import annotations

import os
import re
import stat
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ldn_titration.errors import InvalidInputError, Problem
from ldn_titration.values import printable

__all__ = ["require_place", "write_file"]

_DEVICE = re.compile(r"(?:CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|(?:COM|LPT)[1-9¹²³])", re.IGNORECASE)
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)


def require_place(out: str, overwrite: bool) -> Path:
    """Where that name is, its folder without links; InvalidInputError where it is refused.

    A relative name stays inside the working directory. No name may be that of a link, of
    anything but a plain file, or of a file that is there, unless it is to be overwritten.
    """
    _require_sound(out)
    with _told(out):
        return _place(out, overwrite)


def write_file(data: bytes, out: str, overwrite: bool) -> None:
    """Write to that file, whole or not at all: beside it first, and then into its place."""
    place = require_place(out, overwrite)
    beside = place.parent / f".{os.urandom(8).hex()}.part"
    with _told(out):
        handle = os.open(beside, _NEW, 0o666)
        try:
            _fill(handle, data)
            _move(beside, place, overwrite)
        finally:
            beside.unlink(missing_ok=True)


def _refused(out: str, why: str) -> InvalidInputError:
    return InvalidInputError([Problem("--out", f"{printable(out)} {why}".lstrip())])


@contextmanager
def _told(out: str) -> Iterator[None]:
    """What the system will not do is told in one line."""
    try:
        yield
    except FileExistsError:
        raise _there(out) from None
    except OSError as error:
        raise _refused(out, f"cannot be written: {error.strerror}") from None


def _there(out: str) -> InvalidInputError:
    return _refused(out, "is there already; name another file, or say --overwrite")


def _require_sound(out: str) -> None:
    """A name that means the same file on every system, and nothing to a terminal."""
    for character in out:
        if unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp"}:
            raise _refused(out, f"holds U+{ord(character):04X}; leave that character out")
    name = os.path.split(out)[1]
    if name in {"", ".", ".."}:
        raise _refused(out, "is no file; name one, such as calendar.pdf")
    if _DEVICE.fullmatch(name.partition(".")[0].rstrip()):
        raise _refused(out, "is the name of a device on Windows; name it otherwise")
    if name[-1] in ". ":
        raise _refused(out, "ends in a point or a space; leave that out")


def _place(out: str, overwrite: bool) -> Path:
    folder, name = os.path.split(out)
    parent = Path(os.path.realpath(folder or "."))
    if not Path(out).is_absolute() and not parent.is_relative_to(Path.cwd().resolve()):
        why = "leaves the working directory; name a file inside it, or give its whole path"
        raise _refused(out, why)
    if not os.path.isdir(parent):  # noqa: PTH112 - unlike Path.is_dir, it never raises
        raise _refused(out, "is in no folder that exists; make the folder first")
    place = parent / name
    found = _mode(place)
    if found is not None:
        _require_free(out, found, overwrite)
    return place


def _require_free(out: str, mode: int, overwrite: bool) -> None:
    if stat.S_ISLNK(mode):
        raise _refused(out, "is a link; name the file itself")
    if not stat.S_ISREG(mode):
        raise _refused(out, "is no plain file; name another")
    if not overwrite:
        raise _there(out)


def _mode(place: Path) -> int | None:
    """What stands in that place, a link as such; None where nothing does."""
    try:
        return place.lstat().st_mode
    except FileNotFoundError:
        return None


def _fill(handle: int, data: bytes) -> None:
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(handle)


def _move(beside: Path, place: Path, overwrite: bool) -> None:
    if not overwrite:
        _move_anew(beside, place)
        return
    before = _mode(place)
    if before is not None:
        beside.chmod(stat.S_IMODE(before))
    beside.replace(place)


def _move_anew(beside: Path, place: Path) -> None:
    """Into a place that nothing stands in: in one step, which fails where something does."""
    try:
        os.link(beside, place)
    except FileExistsError:
        raise
    except OSError:  # a disk that knows no links
        os.close(os.open(place, _NEW, 0o666))
        beside.replace(place)
