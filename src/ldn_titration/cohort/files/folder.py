"""The folder that a cohort is written to: its parts, each whole or not there, and a manifest.

A run that is broken off goes on where it stopped: a part that is there is whole, and the
manifest is written last. What a run was begun with stands in ``run.json``; another run is
never mixed into its folder.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ldn_titration.cohort.files.parts import is_part, part_of
from ldn_titration.errors import InvalidInputError, Problem
from ldn_titration.values import printable

__all__ = ["Folder"]

_BEGUN, _MANIFEST, _WORK = "run.json", "manifest.json", ".work"


class Folder:
    """The folder of one run. ``begun`` is all that the run depends on, as plain data.

    Raises InvalidInputError where the folder holds anything but the same run.
    """

    def __init__(self, out: str, begun: dict[str, Any]) -> None:
        self.path: Path = Path(out)
        self._begin(json.dumps(begun, indent=1, sort_keys=True) + "\n")

    def _begin(self, begun: str) -> None:
        if self.path.is_symlink() or (self.path.exists() and not self.path.is_dir()):
            raise _refused(self.path, "is no folder; name another")
        if not self.path.parent.is_dir():
            raise _refused(self.path, "is in no folder that exists; make the folder first")
        there = sorted(each.name for each in self.path.iterdir()) if self.path.exists() else []
        if _BEGUN in there:
            if (self.path / _BEGUN).read_text(encoding="utf-8") != begun:
                raise _refused(self.path, "holds another run; name another folder")
        elif set(there) - {_WORK}:
            raise _refused(self.path, "is not empty; name another folder")
        self.path.mkdir(exist_ok=True)
        _remove(self.path / _WORK)
        (self.path / _WORK).mkdir()
        self.write(_BEGUN, _filler(begun))

    @property
    def work(self) -> Path:
        """Where what is only needed while it runs may lie."""
        return self.path / _WORK

    def has(self, name: str) -> bool:
        """Whether that file is there; it is whole then."""
        return (self.path / name).exists()

    def write(self, name: str, fill: Callable[[Path], None]) -> None:
        """Write a file beside, and then into its place in one step."""
        place, beside = self.path / name, self.work / "part"
        place.parent.mkdir(exist_ok=True)
        fill(beside)
        with beside.open("rb+") as file:
            os.fsync(file.fileno())
        beside.replace(place)

    def files(self) -> Iterator[Path]:
        """What is written so far, in the order of the names, but for the manifest."""
        for place in sorted(self.path.rglob("*")):
            inside = place.relative_to(self.path)
            if place.is_file() and inside.parts[0] != _WORK and is_part(inside):
                yield inside

    def finish(self, told: dict[str, Any]) -> None:
        """Write the manifest: each file with its rows and checksum, and what is told beside."""
        files = [part_of(self.path, str(inside))._asdict() for inside in self.files()]
        begun = json.loads((self.path / _BEGUN).read_text(encoding="utf-8"))
        text = json.dumps({**begun, **told, "files": files}, indent=1) + "\n"
        self.write(_MANIFEST, _filler(text))
        _remove(self.work)


def _remove(folder: Path) -> None:
    """Remove a folder with all that is in it; no link is followed."""
    if folder.is_symlink() or not folder.is_dir():
        folder.unlink(missing_ok=True)
        return
    for each in folder.iterdir():
        _remove(each)
    folder.rmdir()


def _filler(text: str) -> Callable[[Path], None]:
    def fill(place: Path) -> None:
        place.write_text(text, encoding="utf-8")

    return fill


def _refused(path: Path, why: str) -> InvalidInputError:
    return InvalidInputError([Problem("--out", f"{printable(str(path))} {why}")])
