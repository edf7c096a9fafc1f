"""Write what each golden case prints, through the command line. Read the difference after.

A case is a folder of tests/cases with a request.json; arguments.txt adds arguments. Beside
it stand exit.txt (the exit code), plan.json and sheet.txt (what `plan` prints as JSON and
as text) and stderr.txt (what it says on standard error), as far as there is any.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

CASES = Path(__file__).parents[1] / "tests" / "cases"
FACES = {"plan.json": "json", "sheet.txt": "text"}


def run(case: Path, face: str) -> subprocess.CompletedProcess[bytes]:
    """One case through the command line."""
    extra = case / "arguments.txt"
    arguments = extra.read_text().split() if extra.exists() else []
    return run_plan(case / "request.json", "--format", face, *arguments)


def run_plan(request: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """`ldn-titration plan` as a process of its own."""
    command = [sys.executable, "-m", "ldn_titration", "plan", str(request), *arguments]
    return subprocess.run(command, capture_output=True, check=False)


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
