"""Write what each golden case prints, through the command line. Read the difference after.

A case is a folder of tests/cases with a request.json; arguments.txt adds arguments. Beside
it stand exit.txt (the exit code), plan.json and sheet.txt (what `plan` prints as JSON and
as text), supply.json (what `supply` prints) and stderr.txt (what `plan`, or else `supply`,
says on standard error), as far as there is any. tests/data/diary_pairs.txt holds the plan of
each two events that may meet.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from datetime import date, timedelta
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

from ldn_titration import InvalidInputError, OralSolution, Plan, Regimen, schedule
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
    return run_command("plan", str(request), *arguments)


def run_command(*arguments: str) -> Printed:
    """A command, in this process."""
    out, err = io.TextIOWrapper(io.BytesIO(), encoding="utf-8"), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = ldn_titration(list(arguments))
    out.flush()
    return Printed(code, out.buffer.getvalue(), err.getvalue().encode())


def expected(case: Path) -> dict[str, bytes]:
    """The files that a case should hold, by name."""
    done = {name: run(case, face) for name, face in FACES.items()}
    files = {name: result.stdout for name, result in done.items() if result.stdout}
    first = done["plan.json"]
    files["exit.txt"] = f"{first.returncode}\n".encode()
    supplied = run_command("supply", str(case / "request.json"), "--format", "json")
    if supplied.stdout:
        files["supply.json"] = supplied.stdout
    if first.stderr or supplied.stderr:
        files["stderr.txt"] = first.stderr or supplied.stderr
    return files


# --- every two events that may meet ---------------------------------------------------

PAIRS = CASES.parent / "data" / "diary_pairs.txt"
REGIMEN = {"steps": [{"dose": "1.5 mg", "days": 7}, {"dose": "3 mg", "days": 7}, {"dose": "6 mg"}]}
LIQUID = {"form": "oral_solution", "concentration": "1 mg/mL", "graduation": "0.05 mL"}
EVENTS: dict[str, dict[str, Any]] = {
    "held": {"days": 3},
    "stepped_back": {},
    "halved": {},
    "missed": {},
    "advanced": {},
    "stayed": {},
    "switched": {"preparation": {**LIQUID, "concentration": "2 mg/mL"}},
    "paused": {"for": 10},
    "opioid": {"exposure": {"substance": "oxycodone", "release": "immediate"}},
    "stopped": {},
}
FIRST_ON, LATER = date(2027, 1, 13), (1, 3, 11)


def diary_pairs() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Every ordered pair of events, the second one day, three and eleven days after the first."""
    for (first, second), days in product(product(EVENTS, repeat=2), LATER):
        then = FIRST_ON + timedelta(days)
        yield f"{first}, {second} {days} later", [event(first, FIRST_ON), event(second, then)]


def event(name: str, on: date) -> dict[str, Any]:
    """One event of the table above on a day."""
    fields = dict(EVENTS[name])
    if "for" in fields:
        fields = {"until": str(on + timedelta(fields["for"]))}
    return {"event": name, "on": str(on), **fields}


def pair_request(diary: list[dict[str, Any]]) -> dict[str, Any]:
    """The request of a pair, as JSON holds it."""
    return {"start": "2027-01-04", "regimen": REGIMEN, "preparation": LIQUID, "diary": diary}


def pair_plan(diary: list[dict[str, Any]]) -> Plan:
    """The plan of a pair."""
    regimen = Regimen.model_validate(REGIMEN)
    return schedule(regimen, OralSolution.model_validate(LIQUID), "2027-01-04", diary=diary)


def pair_lines() -> str:
    """What comes of each pair: a line for the pair, then one a step, or why it is refused."""
    return "".join(f"{name}\n{told(diary)}" for name, diary in diary_pairs())


def told(diary: list[dict[str, Any]]) -> str:
    """The steps of a plan, a line each; or why it is refused."""
    try:
        plan = pair_plan(diary)
    except InvalidInputError as error:
        return f"  {error}\n"
    lines = (f"  {s.first} {s.days:2} days {s.take}" for s in plan.steps)
    return "".join(f"{line}  [{s.why}]\n" for line, s in zip(lines, plan.steps, strict=True))


def main() -> None:
    """Write every case anew."""
    for case in sorted(path for path in CASES.iterdir() if path.is_dir()):
        files = expected(case)
        for name in ("exit.txt", "stderr.txt", "supply.json", *FACES):
            (case / name).unlink(missing_ok=True)
        for name, content in files.items():
            (case / name).write_bytes(content)
        print(case.name, files["exit.txt"].decode().strip())
    PAIRS.write_text(pair_lines(), encoding="utf-8")


if __name__ == "__main__":
    main()
