"""Build the wheel and the sdist of a commit into a folder, with their bill of materials.

The files come out of git, not from the working folder: nothing stray can get in. Their times are
the commit's, so that two builds of one commit are equal byte by byte.
"""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

from locks import ROOT

__all__ = ["DATA", "built", "contents", "misplaced"]

OUT = ROOT / "dist"
PACKAGE = "ldn_titration/"
DATA = (".csv", ".json", ".ttf", ".txt", ".typ", ".css")
"""What the package holds beside its modules and py.typed."""
AT_TOP = {
    *("src", "tests", "examples", "docs", "tools", "requirements", "changelog.d"),
    "vectors",
    *(".gitignore", "CHANGELOG.md", "LICENSE", "Makefile", "PKG-INFO", "README.md"),
    "pyproject.toml",
}


def built(out: Path, commit: str = "HEAD", **environment: str) -> list[Path]:
    """Build ``commit`` into ``out``, in a folder of its own; the files in the order of names."""
    with tempfile.TemporaryDirectory() as folder:
        archive = _git("archive", "--format=tar", commit)
        with tarfile.open(fileobj=io.BytesIO(archive)) as files:
            files.extractall(folder, filter="data")
        when = {"SOURCE_DATE_EPOCH": _git("log", "-1", "--format=%ct", commit).decode().strip()}
        command = [sys.executable, "-m", "hatchling", "build", "--directory", str(out.resolve())]
        done = subprocess.run(
            command, cwd=folder, env=os.environ | environment | when, capture_output=True, text=True
        )
        if done.returncode:
            raise RuntimeError(f"the build failed: {done.stderr[-2000:]}")
        _beside(out, Path(folder) / "requirements")
    return sorted(out.iterdir())


def _git(*arguments: str) -> bytes:
    return subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True).stdout


def _beside(out: Path, requirements: Path) -> None:
    """The bill of materials that the wheel carries, beside it too."""
    (wheel,) = out.glob("*.whl")
    name, version = wheel.name.split("-")[:2]
    bill = requirements / f"{name}.cdx.json"
    if bill.exists():
        shutil.copyfile(bill, out / f"{name}-{version}.cdx.json")


def contents(archive: Path) -> list[str]:
    """The names of the files in a wheel or an sdist."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            return sorted(wheel.namelist())
    with tarfile.open(archive) as sdist:
        return sorted(sdist.getnames())


def misplaced(archive: Path) -> list[str]:
    """The files of a wheel or an sdist that have no business in it."""
    names = contents(archive)
    if archive.suffix == ".whl":
        return [name for name in names if not _in_wheel(name)]
    tops = {name: name.split("/")[1] for name in names}
    return [name for name, top in tops.items() if top not in AT_TOP or "__pycache__" in name]


def _in_wheel(name: str) -> bool:
    if name.startswith(PACKAGE):
        return name.endswith((".py", "/py.typed", *DATA)) and "test_" not in name
    return name.split("/")[0].endswith(".dist-info")


def main() -> int:
    """Build the last commit into dist/ and list what came of it."""
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir()
    changed = _git("status", "--porcelain").decode().strip()
    if changed:
        print("Note: the last commit is built; what is not committed is not in it.")
    for path in built(OUT):
        print(f"{path.relative_to(ROOT)}  {path.stat().st_size:,} bytes")
    stray = [name for path in OUT.glob("ldn_*[lz]") for name in misplaced(path)]
    if stray:
        print("should not be there: " + ", ".join(stray))
    return bool(stray)


if __name__ == "__main__":
    sys.exit(main())
