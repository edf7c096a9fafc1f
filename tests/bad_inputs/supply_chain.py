"""Bad inputs: what is installed beside the library, and what it does when it is imported."""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from bad_inputs.case import Case, aside
from conftest import ROOT

# --- a hash that differs --------------------------------------------------------------

_INFO = "tiny_example-1.0.dist-info"


def _wheel() -> bytes:
    """The smallest wheel that pip installs."""
    files = {
        "tiny_example.py": "",
        f"{_INFO}/METADATA": "Metadata-Version: 2.1\nName: tiny-example\nVersion: 1.0\n",
        f"{_INFO}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{_INFO}/RECORD": "".join(
            f"{name},,\n" for name in ("tiny_example.py", *(f"{_INFO}/{n}" for n in _META))
        ),
    }
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return held.getvalue()


_META = ("METADATA", "WHEEL", "RECORD")


def _installed(pins: str, folder: Path) -> subprocess.CompletedProcess[bytes]:
    """Install what these lines ask for, from this folder alone and by hashes."""
    asked = folder / "requirements.txt"
    asked.write_text(pins, encoding="ascii")
    command = [sys.executable, "-m", "pip", "--isolated", "--no-cache-dir", "install"]
    command += ["--disable-pip-version-check", "--no-index", "--find-links", str(folder)]
    command += ["--require-hashes", "--requirement", str(asked), "--target", str(folder / "to")]
    return subprocess.run(command, capture_output=True, check=False)


def _other_hash(case: Case) -> None:
    """What the pinned requirements rest on: pip installs nothing whose hash is another."""
    assert case.expected == "install fails"
    _hashes_are_kept()


@cache
def _hashes_are_kept() -> None:
    with aside(), TemporaryDirectory() as name:
        folder, wheel = Path(name), _wheel()
        (folder / "tiny_example-1.0-py3-none-any.whl").write_bytes(wheel)
        digest = hashlib.sha256(wheel).hexdigest()
        other = digest[:-1] + ("0" if digest[-1] != "0" else "1")
        for pins, words in (
            (f"tiny-example==1.0 --hash=sha256:{other}\n", b"DO NOT MATCH THE HASHES"),
            ("tiny-example==1.0\n", b"hash"),
        ):
            failed = _installed(pins, folder)
            assert failed.returncode != 0
            assert words in failed.stderr
            assert not (folder / "to" / "tiny_example.py").exists()
        done = _installed(f"tiny-example==1.0 --hash=sha256:{digest}\n", folder)
        assert done.returncode == 0, done.stderr
        assert (folder / "to" / "tiny_example.py").exists()


# --- a socket at import ---------------------------------------------------------------

_IMPORTS = """
import importlib, pkgutil, sys

def hook(event, arguments):
    if event.split(".")[0] in {"socket", "subprocess", "ctypes", "urllib", "http", "ftplib"}:
        raise SystemExit(f"{event} {arguments}")
    if event in {"os.system", "os.exec", "os.fork", "os.posix_spawn", "pickle.find_class"}:
        raise SystemExit(f"{event} {arguments}")
    if event == "open" and set(arguments[1] or "") & set("wax+"):
        raise SystemExit(f"{event} {arguments}")

import ldn_titration
names = [each.name for each in pkgutil.walk_packages(ldn_titration.__path__, "ldn_titration.")]
names = [name for name in names if name not in {"ldn_titration.testing", "ldn_titration.__main__"}]
sys.dont_write_bytecode = True
for name in [name for name in sys.modules if name.startswith("ldn_titration")]:
    del sys.modules[name]
sys.addaudithook(hook)
for name in names + sys.argv[1:]:
    importlib.import_module(name)
print(len(names))
"""


def _imported(*more: str, beside: str = "") -> subprocess.CompletedProcess[str]:
    """Import every module, then these, in a process in which a hook listens."""
    path = os.pathsep.join([beside, *sys.path])
    command = [sys.executable, "-c", _IMPORTS, *more]
    env = {**os.environ, "PYTHONPATH": path}
    return subprocess.run(command, capture_output=True, check=False, text=True, env=env)


def _no_socket(case: Case) -> None:
    """No module opens a socket, a process or a file to write; one that does is caught."""
    assert case.expected == "audit-hook test fails"
    _imports_are_quiet()


@cache
def _imports_are_quiet() -> None:
    with aside(), TemporaryDirectory() as folder:
        done = _imported()
        assert (done.returncode, done.stderr) == (0, "")
        sources = list((ROOT / "src" / "ldn_titration").rglob("*.py"))
        assert int(done.stdout) == len(sources) - 3, "all but the package, testing and __main__"
        (Path(folder) / "calls_home.py").write_text("import socket\nsocket.socket()\n")
        caught = _imported("calls_home", beside=folder)
        assert caught.returncode == 1
        assert caught.stderr.startswith("socket.__new__")


CASES: dict[str, Callable[[Case], None]] = {
    "B389": _other_hash,
    "B391": _no_socket,
}

NOT_BUILT: dict[str, str] = {
    "B390": "No target runs pip-audit: offline it knows no advisories and skips every package, "
    "so that it would prove nothing; one that is added must run with --strict.",
}
