"""Run as a program: every public call under an audit hook; prints what it saw that it should not.

Each line is an event, what it was about, and where in the stack it came from. What is let
pass stands in EXEMPT, each with its reason.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from types import FrameType
from typing import Any

FORBIDDEN = (
    "socket.",
    "subprocess.",
    "ctypes.",
    "pickle.",
    "marshal.load",
    "os.system",
    "os.exec",
    "os.fork",
    "os.posix_spawn",
    "os.spawn",
    "os.startfile",
    "pty.",
    "urllib.",
    "http.",
    "ftplib.",
    "smtplib.",
    "webbrowser.",
    "shutil.",
    "os.remove",
    "os.rename",
    "os.link",
    "os.symlink",
    "os.mkdir",
    "os.rmdir",
    "os.chmod",
    "os.chown",
    "os.truncate",
    "os.putenv",
    "tempfile.",
    "winreg.",
    "exec",
    "compile",
)

EXEMPT = {
    ("out.py", "os.chmod"): "--overwrite keeps the mode of the file that it replaces",
    ("out.py", "os.rename"): "--overwrite moves the whole file into its place",
    ("out.py", "os.link"): "--out moves the whole file into a free place",
    ("out.py", "os.remove"): "--out removes what it wrote beside",
}
"""What our own modules do, and why: only the file that --out names."""

LIBRARIES = {
    ("importlib", "exec"): "importing a module runs it",
    ("importlib", "compile"): "importing a module without a cache compiles it",
    ("importlib", "marshal.load"): "importing a module reads its cache",
    ("importlib", "os.rename"): "importing a module writes its cache",
    ("importlib", "os.mkdir"): "importing a module writes its cache",
    ("importlib", "open"): "importing a module writes its cache",
    ("collections", "exec"): "named tuples are made by the standard library so",
    ("collections", "compile"): "named tuples are made by the standard library so",
    ("dataclasses", "exec"): "data classes are made by the standard library so",
    ("dataclasses", "compile"): "data classes are made by the standard library so",
    ("typing", "compile"): "annotations that are text are compiled to be read",
    ("typing", "exec"): "annotations that are text are evaluated to be read",
    ("pydantic", "compile"): "annotations that are text are compiled to be read",
    ("pydantic", "exec"): "annotations that are text are evaluated to be read",
    ("ctypes", "ctypes."): "numpy imports ctypes, which looks up Python's own functions",
    ("numpy", "ctypes."): "numpy imports ctypes for its own types",
    ("numpy", "compile"): "numpy makes the signatures of its functions from text",
    ("numpy", "os.putenv"): "numpy tells its arithmetic library how to begin",
    ("matplotlib", "compile"): "matplotlib reads its own settings and colours as literals",
    ("matplotlib", "os.mkdir"): "matplotlib makes its folders for settings and its font cache",
    ("matplotlib", "open"): "matplotlib writes its font cache",
    ("matplotlib", "tempfile."): "matplotlib without a home takes a folder of its own",
    ("tempfile", "tempfile."): "matplotlib without a home takes a folder of its own",
    ("tempfile", "open"): "matplotlib tries whether its folder can be written",
    ("tempfile", "os.mkdir"): "matplotlib without a home takes a folder of its own",
    ("shutil", "shutil."): "matplotlib removes that folder at the end",
    ("matplotlib", "subprocess."): "matplotlib asks for the list of the system's fonts",
    ("subprocess", "subprocess."): "matplotlib asks for the list of the system's fonts",
}
"""What libraries do on their own, and why it is let pass."""

SRC = str(Path(__file__).parents[1] / "src")
seen: set[str] = set()
used: set[tuple[str, str]] = set()
allowed: list[str] = []


def _caller(frame: FrameType | None) -> tuple[str, list[str]]:
    """The innermost file that is no frozen importer, and every file above."""
    files = []
    while frame is not None:
        files.append(frame.f_code.co_filename)
        frame = frame.f_back
    return files[0], files


def _is_write(arguments: tuple[Any, ...]) -> bool:
    path, mode, flags = arguments
    if isinstance(path, int):
        return False
    writes = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
    return bool(mode and set(str(mode)) & set("wax+")) or bool((flags or 0) & writes)


def _part(files: list[str]) -> str:
    """Which part of the world an event is of: the nearest library that stands in the stack."""
    for file in files:
        if file.startswith("<frozen importlib"):
            return "importlib"
        if file.startswith(SRC):
            return Path(file).name
        for part in (
            "collections",
            "dataclasses",
            "typing",
            "ctypes",
            "tempfile",
            "subprocess",
            "shutil",
        ):
            if file.endswith((f"/{part}.py", f"/{part}/__init__.py")):
                return part
        for part in ("pydantic", "numpy", "matplotlib", "typst", "icalendar", "pyarrow", "pint"):
            if f"/{part}/" in file:
                return part
    return files[0]  # pragma: no cover - of what is seen, which fails the test


def _paths(arguments: tuple[Any, ...]) -> list[str]:
    """The places that an event is about."""
    return [os.fspath(each) for each in arguments if isinstance(each, str | os.PathLike)]


def hook(event: str, arguments: tuple[Any, ...]) -> None:
    """Note what is forbidden and not let pass."""
    writes = event == "open" and _is_write(arguments)
    forbidden = next(
        (f for f in FORBIDDEN if event == f or (f[-1] == "." and event.startswith(f))),
        next((f for f in FORBIDDEN if "." in f and event.startswith(f)), ""),
    )
    if not (writes or forbidden):
        return
    if writes and str(arguments[0]).startswith(tuple(allowed)):
        return
    kind = "open" if writes else forbidden
    files = _caller(sys._getframe(1))[1]
    part = _part(files)
    inside = all(name.startswith(tuple(allowed)) for name in _paths(arguments))
    if ((part, kind) in EXEMPT and inside) or (part, kind) in LIBRARIES:
        used.add((part, kind))
        return
    seen.add(f"{event} by {part}: {str(arguments)[:100]}")


def drive(folder: Path, examples: Path) -> None:
    """Every command with every format, and every public function."""
    import contextlib
    import io

    import same_bytes
    from ldn_titration.cli import main

    out = folder / "out"
    out.mkdir()
    allowed.append(str(out))
    hook.__cantrace__ = True  # type: ignore[attr-defined] # coverage is measured in it too
    sys.addaudithook(hook)
    for _ in same_bytes.everything(pages=True):
        pass
    for _ in same_bytes.commands():
        pass
    quiet = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    with contextlib.redirect_stdout(quiet), contextlib.redirect_stderr(io.StringIO()):
        for path in sorted(examples.glob("*.json")):
            for face in ("text", "json", "html", "pdf", "ics", "csv", "fhir"):
                place = str(out / f"{path.stem}.{face}")
                for more in ([], ["--overwrite"]):
                    main(["plan", str(path), "--draft", "--format", face, "--out", place, *more])
            for face in ("text", "json"):
                main(["screen", str(path), "--format", face])
                main(["supply", str(path), "--format", face, "--draft"])
        overlay = str(examples / "overlay.toml")
        drops = str(examples / "drops-18-weeks.json")
        main(["plan", drops, "--overlay", overlay, "--format", "text"])
        main(["facts", str(examples / "medications.txt"), "--format", "json"])
        main(["facts", str(examples / "medications.csv"), "--format", "text"])
        for order in sorted((examples / "orders").glob("*.json")):
            main(["lint", str(order), "--format", "text"])
    _public(drops)


def _public(drops: str) -> None:
    """The public functions that no command calls, and every public model from its JSON."""
    import ldn_titration
    from ldn_titration import Mass, Regimen
    from ldn_titration.request import read_request

    request = read_request(Path(drops).read_bytes())
    plan = request.plan()
    assert plan.diff(plan) is not None
    repr(plan._repr_html_()), repr(list(plan)), plan.on(plan.start)
    Mass("1 mg").to_pint()
    from ldn_titration.export.frames import to_arrow, totals_to_arrow

    to_arrow(plan), totals_to_arrow(plan)
    for name in ldn_titration.__all__:
        model = getattr(ldn_titration, name)
        if hasattr(model, "model_json_schema"):
            model.model_json_schema()
    Regimen.model_validate_json(request.titration().model_dump_json())


def main_() -> None:
    """Drive everything, and print what was seen, then which exemptions were used."""
    with tempfile.TemporaryDirectory() as folder:
        drive(Path(folder), Path(__file__).parents[1] / "examples")
        kept, uses = sorted(seen), sorted(used)
        sys.stdout.write("".join(f"seen {line}\n" for line in kept))
        sys.stdout.write("".join(f"used {part} {kind}\n" for part, kind in uses))
        sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main_()
