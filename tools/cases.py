"""Write what each golden case prints, through the command line. Read the difference after.

A case is a folder of tests/cases with a request.json; arguments.txt adds arguments. Beside
it stand exit.txt (the exit code), plan.json and sheet.txt (what `plan` prints as JSON and
as text) and stderr.txt (what it says on standard error), as far as there is any.
"""

from __future__ import annotations

import io
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NamedTuple

from ldn_titration.cli import main as ldn_titration

CASES = Path(__file__).parents[1] / "tests" / "cases"
FACES = {"plan.json": "json", "sheet.txt": "text"}


class Printed(NamedTuple):
    """What a command left: its exit code, standard output and standard error."""

    returncode: int
    stdout: bytes
    stderr: bytes


def run(case: Path, face: str) -> Printed:
    """One case through the command line."""
    extra = case / "arguments.txt"
    arguments = extra.read_text().split() if extra.exists() else []
    return run_plan(case / "request.json", "--format", face, *arguments)


def run_plan(request: Path, *arguments: str) -> Printed:
    """`ldn-titration plan`, in this process."""
    out, err = io.TextIOWrapper(io.BytesIO(), encoding="utf-8"), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = ldn_titration(["plan", str(request), *arguments])
    out.flush()
    return Printed(code, out.buffer.getvalue(), err.getvalue().encode())


def expected(case: Path) -> dict[str, bytes]:
    """The files that a case should hold, by name."""
    done = {name: run(case, face) for name, face in FACES.items()}
    files = {name: result.stdout for name, result in done.items() if result.stdout}
    first = done["plan.json"]
    files["exit.txt"] = f"{first.returncode}\n".encode()
    if first.stderr:
        files["stderr.txt"] = first.stderr
    return files


def main() -> None:
    """Write every case anew."""
    for case in sorted(path for path in CASES.iterdir() if path.is_dir()):
        files = expected(case)
        for name in ("exit.txt", "stderr.txt", *FACES):
            (case / name).unlink(missing_ok=True)
        for name, content in files.items():
            (case / name).write_bytes(content)
        print(case.name, files["exit.txt"].decode().strip())


if __name__ == "__main__":
    main()
