"""Cohorts from files: bad rows, runs that are broken off, manifests, and the command line."""

from __future__ import annotations

import csv
import hashlib
import json
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

import cohort_people
import cohort_plans
import million
from ldn_titration import InvalidInputError, MissingExtraError, cohort
from ldn_titration.cli import main
from ldn_titration.cohort import files as files_
from ldn_titration.cohort.files import folder, parts, sources
from test_cohort import WELL

FACTS = [name for name in WELL if name not in {"medications", "conditions"}]


@pytest.fixture
def files(tmp_path: Path) -> Callable[..., tuple[str, str]]:
    """Write some generated people to two files."""

    def written(count: int = 40, seed: int = 1) -> tuple[str, str]:
        dice = random.Random(seed)
        rows = cohort_people.rows([cohort_people.person(dice) for _ in range(count)])
        places = (tmp_path / "people.parquet", tmp_path / "taken.parquet")
        for place, each in zip(places, rows, strict=True):
            parquet.write_table(million.table(each), place)
        return str(places[0]), str(places[1])

    return written


def verdicts(out: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for place in sorted((out / "verdicts").glob("*.parquet")):
        rows += parquet.read_table(place).to_pylist()
    return rows


def problems(out: Path) -> list[tuple[Any, ...]]:
    rows: list[tuple[Any, ...]] = []
    for place in sorted((out / "problems").glob("*.parquet")):
        rows += [tuple(row.values()) for row in parquet.read_table(place).to_pylist()]
    return rows


def everything(out: Path) -> dict[str, str]:
    """Each file by its checksum."""
    return {
        str(place.relative_to(out)): hashlib.sha256(place.read_bytes()).hexdigest()
        for place in sorted(out.rglob("*"))
        if place.is_file()
    }


# --- files and tables say the same ----------------------------------------------------


@pytest.mark.parametrize("batch", [7, 1000])
def test_a_file_says_what_its_table_says(batch: int, files: Any, tmp_path: Path) -> None:
    people, taken = files()
    run = files_.screen_files(people, taken, str(tmp_path / "out"), batch=batch)
    tables = [parquet.read_table(name) for name in (people, taken)]
    assert verdicts(tmp_path / "out") == cohort.screen(*tables).verdicts.to_pylist()
    assert run.people == 40


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return ";".join(value) or "none"
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def test_a_csv_says_what_parquet_says(files: Any, tmp_path: Path) -> None:
    names = files()
    for name in names:
        table = parquet.read_table(name)
        with Path(name).with_suffix(".csv").open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(table.column_names)
            writer.writerows([map(_cell, row.values()) for row in table.to_pylist()])
    as_csv = [str(Path(name).with_suffix(".csv")) for name in names]
    files_.screen_files(*names, str(tmp_path / "a"))
    files_.screen_files(*as_csv, str(tmp_path / "b"))
    said = [
        [{**row, "patient": str(row["patient"])} for row in verdicts(tmp_path / out)]
        for out in ("a", "b")
    ]
    assert said[0] == said[1]


# --- bad rows -------------------------------------------------------------------------

HEADER = f"patient,start,{','.join(FACTS)},medications,conditions"
ROW = f"{{}},2027-01-04,{','.join(str(WELL[name]) for name in FACTS)},none,none"


def test_a_bad_row_costs_its_own_patient_only(tmp_path: Path) -> None:
    """A cell too many, a quotation mark that is never closed, bytes that are no text."""
    good = [ROW.format(number) for number in range(1, 8)]
    lines = [HEADER, *good]
    lines[2] += ",more"
    lines[4] = lines[4].replace("Dr A", '"Dr A')
    (tmp_path / "people.csv").write_bytes(
        "\n".join(lines).encode().replace(b"\n6,2027", b"\n6,\xff2027") + b"\n\n"
    )
    (tmp_path / "taken.csv").write_text(
        "patient,substance,release,last_taken\n"
        "1,oxycodone,immediate,2020-01-01\n"
        "3,oxycodone,immediate\n"
        "5,heroin,,last week\n"
        "99,heroin,,\n"
        ",heroin,,\n"
        "98,heroin\n"
    )
    out = tmp_path / "out"
    files_.screen_files(
        str(tmp_path / "people.csv"), str(tmp_path / "taken.csv"), str(out), batch=3
    )
    said = [(row["patient"], row["verdict"], row["codes"]) for row in verdicts(out)]
    assert [(who, verdict) for who, verdict, _ in said if verdict == "clear"] == [("7", "clear")]
    assert [who for who, _, codes in said if "ROW-01" in codes] == ["1", "2", "3", "4", "5", "6"]
    assert len(said) == 7
    assert [each[:3] for each in problems(out)] == [
        ("exposures", 6, ""),
        ("exposures", 7, "98"),
        ("patients", 2, "1"),
        ("patients", 3, "2"),
        ("patients", 4, "3"),
        ("exposures", 3, "3"),
        ("patients", 5, "4"),
        ("patients", 6, "5"),
        ("patients", 7, "6"),
        ("exposures", 4, "5"),
    ]
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["summary"]["exposures_of_nobody"] == 3


@pytest.mark.hazard("H02")
@pytest.mark.parametrize(
    ("header", "line"),
    [
        ("substance,patient,last_taken", '"oxycodone, 5 mg",1,2027-01-03,'),
        ("substance,patient,last_taken", "oxycodone, 5 mg,1,2027-01-03"),
        ("substance,patient,last_taken", "oxycodone,1"),
        ("patient,substance,last_taken", "1,oxycodone, 5 mg,2027-01-03"),
        ("substance,last_taken,patient", 'oxycodone,"2027-01-03,1'),
    ],
)
def test_a_line_with_other_cells_costs_whoever_it_may_be_of(
    header: str, line: str, tmp_path: Path
) -> None:
    lines = [HEADER, *(ROW.format(who) for who in (1, 2, 5, 2027))]
    (tmp_path / "people.csv").write_text("\n".join(lines))
    (tmp_path / "taken.csv").write_text(f"{header}\n{line}\n")
    out = tmp_path / "out"
    files_.screen_files(str(tmp_path / "people.csv"), str(tmp_path / "taken.csv"), str(out))
    said = {row["patient"]: row["verdict"] for row in verdicts(out)}
    assert said == {"1": "insufficient", "2": "clear", "5": "clear", "2027": "clear"}
    found = [each[:3] for each in problems(out)]
    assert [each for each in found if each[0] == "exposures"] == [("exposures", 2, "1")]
    summary = json.loads((out / "manifest.json").read_text())["summary"]
    assert summary["exposures_of_nobody"] == 0


def test_a_part_is_of_somebody_and_a_plan_of_some_kind(
    files: Any, asked: tuple[str, str], tmp_path: Path
) -> None:
    book = cohort.read_book(Path(asked[1]).read_bytes())
    with pytest.raises(InvalidInputError, match="batch: must be 1 or more"):
        files_.screen_files(*files(), str(tmp_path / "a"), batch=0)
    with pytest.raises(InvalidInputError, match="batch: must be 1 or more"):
        files_.expand_files(asked[0], book, str(tmp_path / "a"), batch=0)
    with pytest.raises(InvalidInputError, match="kinds: "):
        files_.expand_files(asked[0], book, str(tmp_path / "a"), kinds=())
    with pytest.raises(InvalidInputError, match="block: must be 1 or more"):
        cohort.expand(parquet.read_table(asked[0]), book, block=0)
    assert not (tmp_path / "a").exists()


def test_nobody_is_screened_and_planned_too(tmp_path: Path, asked: tuple[str, str]) -> None:
    (tmp_path / "people.csv").write_text(HEADER + "\n")
    (tmp_path / "taken.csv").write_text("patient,substance\n9,heroin\n")
    run = files_.screen_files(
        str(tmp_path / "people.csv"), str(tmp_path / "taken.csv"), str(tmp_path / "a")
    )
    assert (run.people, run.summary["exposures_of_nobody"]) == (0, 1)
    parquet.write_table(parquet.read_table(asked[0]).slice(0, 0), tmp_path / "none.parquet")
    book = cohort.read_book(Path(asked[1]).read_bytes())
    run = files_.expand_files(str(tmp_path / "none.parquet"), book, str(tmp_path / "b"))
    assert (run.people, run.summary["rows"]) == (0, {"days": 0})


def test_a_row_without_an_identifier_costs_nobody_else_the_plan(
    asked: tuple[str, str], tmp_path: Path
) -> None:
    table = parquet.read_table(asked[0])
    names = pa.array([None, *(str(n) for n in range(1, table.num_rows))])
    parquet.write_table(table.set_column(0, "patient", names), tmp_path / "some.parquet")
    book = cohort.read_book(Path(asked[1]).read_bytes())
    files_.expand_files(str(tmp_path / "some.parquet"), book, str(tmp_path / "out"))
    found = parquet.read_table(tmp_path / "out" / "days").to_pylist()
    whole = cohort.expand(table, book)
    alone = [row for b in whole.batches for row in b.to_pylist() if row["patient"] != 0]
    assert found == [{**row, "patient": str(row["patient"])} for row in alone]


def test_whoever_has_rows_in_several_parts_is_told_of_in_each(tmp_path: Path) -> None:
    lines = [HEADER, *(ROW.format(who) for who in (1, 2, 3, 1))]
    (tmp_path / "people.csv").write_text("\n".join(lines))
    (tmp_path / "taken.csv").write_text("patient,substance\n")
    out = tmp_path / "out"
    files_.screen_files(
        str(tmp_path / "people.csv"), str(tmp_path / "taken.csv"), str(out), batch=2
    )
    assert [(row["patient"], row["verdict"]) for row in verdicts(out)] == [
        ("1", "insufficient"),
        ("2", "clear"),
        ("3", "clear"),
        ("1", "insufficient"),
    ]
    assert [each[1:] for each in problems(out)] == [
        (row, "1", "patient: stands in 2 rows; give each one row") for row in (2, 5)
    ]


# --- a run that is broken off ---------------------------------------------------------


class BrokenOffError(Exception):
    """Where a run was stopped."""


@pytest.fixture(params=["screen", "expand"])
def run(request: Any, files: Any, asked: tuple[str, str]) -> Callable[..., Any]:
    """A run in several parts into a folder of that name."""
    if request.param == "screen":
        return partial(files_.screen_files, *files(), batch=10)
    book = cohort.read_book(Path(asked[1]).read_bytes())
    return partial(files_.expand_files, asked[0], book, kinds=("supply", "orders"), batch=12)


def test_a_run_goes_on_wherever_it_was_broken_off(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is stopped before each of its writes in turn, and then once more."""
    whole = tmp_path / "whole"
    run(out=str(whole))
    writes = len(everything(whole))
    write = folder.Folder.write
    for stop in range(writes):
        out = tmp_path / f"out{stop}"
        left = iter(range(stop))

        def broken(self: Any, name: str, fill: Any, left: Any = left) -> None:
            if next(left, None) is None:
                (self.work / "part").write_bytes(b"half of it")
                raise BrokenOffError
            write(self, name, fill)

        with monkeypatch.context() as patched:
            patched.setattr(folder.Folder, "write", broken)
            with pytest.raises(BrokenOffError):
                run(out=str(out))
        assert not (out / "manifest.json").exists()
        run(out=str(out))
        assert everything(out) == everything(whole)


SCREEN = """
import sys; from ldn_titration.cohort import files as files_
files_.screen_files(sys.argv[1], sys.argv[2], sys.argv[3], batch=20)
"""
EXPAND = """
import sys; from ldn_titration.cohort import files as files_, read_book
book = read_book(open(sys.argv[2], "rb").read())
files_.expand_files(sys.argv[1], book, sys.argv[3], kinds=("steps", "orders"), batch=2)
"""


@pytest.mark.parametrize("code", [SCREEN, EXPAND], ids=["screen", "expand"])
def test_a_run_that_is_killed_goes_on(
    code: str, files: Any, asked: tuple[str, str], tmp_path: Path
) -> None:
    """A real process, killed at several moments."""
    command = [sys.executable, "-c", code, *(files(400) if code == SCREEN else asked)]
    subprocess.run([*command, str(tmp_path / "whole")], check=True)
    out = tmp_path / "out"
    for wait in (0.5, 1.0, 1.5):
        process = subprocess.Popen([*command, str(out)])
        time.sleep(wait)
        process.send_signal(signal.SIGKILL)
        process.wait()
    subprocess.run([*command, str(out)], check=True)
    assert everything(out) == everything(tmp_path / "whole")


def test_a_folder_of_another_run_is_refused(files: Any, tmp_path: Path) -> None:
    people, taken = files()
    out = tmp_path / "out"
    files_.screen_files(people, taken, str(out))
    before = everything(out)
    with pytest.raises(InvalidInputError, match="holds another run"):
        files_.screen_files(people, taken, str(out), batch=10)
    for other in ((people, people), (taken, taken)):
        with pytest.raises(InvalidInputError, match="needs a column"):
            files_.screen_files(*other, str(out))
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("mine")
    for name, why in (
        ("full", "is not empty"),
        ("no/such", "no folder"),
        ("people.parquet", "is no"),
    ):
        with pytest.raises(InvalidInputError, match=why):
            files_.screen_files(people, taken, str(tmp_path / name))
    assert everything(out) == before
    assert (tmp_path / "full" / "letter.txt").read_text() == "mine"


def test_the_manifest_names_each_file_with_its_checksum(files: Any, tmp_path: Path) -> None:
    out = tmp_path / "out"
    files_.screen_files(*files(), str(out), batch=15)
    manifest = json.loads((out / "manifest.json").read_text())
    sums = {each["file"]: each["sha256"] for each in manifest["files"]}
    rows = {each["file"]: each["rows"] for each in manifest["files"]}
    assert rows["problems/of-nobody.parquet"] == 0
    assert [rows[f"verdicts/part-0000{number}.parquet"] for number in range(3)] == [15, 15, 10]
    there = everything(out)
    assert sums == {name: each for name, each in there.items() if name.endswith(".parquet")}
    assert manifest["people"] == 40
    assert manifest["knowledge"]["sha256"] == cohort_knowledge()


def cohort_knowledge() -> str:
    from ldn_titration.knowledge import knowledge

    return knowledge().sha256


# --- plans ----------------------------------------------------------------------------


@pytest.fixture
def asked(tmp_path: Path) -> tuple[str, str]:
    """A file of plans asked for, and the book."""
    dice = random.Random(9)
    rows = [cohort_plans.row(n, cohort_plans.asked(dice)) for n in range(30)]
    parquet.write_table(pa.Table.from_pylist(rows), tmp_path / "asked.parquet")
    (tmp_path / "book.json").write_text(json.dumps(cohort_plans.BOOK))
    return str(tmp_path / "asked.parquet"), str(tmp_path / "book.json")


@pytest.mark.parametrize(
    ("command", "kinds"),
    [
        (["expand"], ["days"]),
        (["expand", "--each", "step"], ["steps"]),
        (["supply"], ["supply", "orders"]),
    ],
)
def test_plans_are_laid_out_from_a_file(
    command: list[str], kinds: list[str], asked: tuple[str, str], tmp_path: Path, capsys: Any
) -> None:
    patients, book = asked
    out = tmp_path / "out"
    ended = main(["cohort", *command, "--patients", patients, "--book", book, "--out", str(out)])
    assert ended == 0
    assert capsys.readouterr().out.startswith(f"30 people; written to {out}\nrows: {kinds[0]} ")
    parsed = cohort.read_book(Path(book).read_bytes())
    for kind in kinds:
        found = cohort.expand(parquet.read_table(patients), parsed, kind)
        table = parquet.read_table(out / kind)
        assert table.to_pylist() == pa.Table.from_batches(found.batches, found.schema).to_pylist()


# --- the command line -----------------------------------------------------------------


def test_the_command_tells_the_verdicts_and_no_small_count(
    files: Any, tmp_path: Path, capsys: Any
) -> None:
    people, taken = files(200)
    out = str(tmp_path / "out")
    assert main(["cohort", "screen", "--patients", people, "--exposures", taken, "--out", out]) == 0
    said = capsys.readouterr().out
    assert said.startswith(f"200 people; written to {out}\nverdict: ")
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    for group in manifest["summary"].values():
        if isinstance(group, dict):
            assert all(
                count == "<5" or count == "left out" or count >= 5 for count in group.values()
            )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["screen"], "--patients: is needed\n--exposures: is needed\n"),
        (["screen", "--patients", "a.txt", "--exposures", "b"],
         "--patients: must be a .parquet or a .csv file, not a.txt\n"),
        (["screen", "--patients", "a.csv", "--exposures", "b.csv"],
         "--patients: no such file: a.csv\n"),
        (["screen", "--omop", "a.duckdb"], "--start: is needed: the record has none\n"),
        (["screen", "--omop", "a.duckdb", "--start", "today"], "--start: must be a date"),
        (["screen", "--omop", "a.duckdb", "--patients", "x.csv"],
         "--omop: stands in place of the two files\n"),
        (["screen", "--omop", "text.duckdb", "--start", "2027-01-04"],
         "--omop: is no DuckDB file: "),
        (["screen", "--patients", "text.parquet", "--exposures", "text.csv"],
         "--patients: is no Parquet file: "),
        (["screen", "--patients", "text.csv", "--exposures", "text.csv"],
         'patients: needs a column "patient"\n'
         'patients: needs a column "start", or one start for all; not both\n'
         'exposures: needs a column "patient"\n'
         'exposures: needs a column "substance" or "rxcui"\n'),
        (["screen", "--patients", "good.csv", "--exposures", "good.csv"],
         'exposures: needs a column "substance" or "rxcui"\n'),
        (["screen", "--patients", "good.csv", "--exposures", "twice.csv"],
         'exposures: has 2 columns "patient"\n'),
        (["screen", "--patients", "float.parquet", "--exposures", "taken.csv"],
         'patients: the column "patient" must hold whole numbers or texts, not double\n'),
        (["screen", "--patients", "good.csv", "--exposures", "nested.parquet"],
         'exposures: the column "substance" must hold texts, numbers or dates, not list'),
        (["expand", "--patients", "good.csv", "--book", "book.json"],
         'patients: needs a column "regimen"\npatients: needs a column "preparation"\n'),
        (["expand"], "--patients: is needed\n--book: is needed\n"),
        (["expand", "--patients", "text.csv", "--book", "text.csv"], "book: "),
    ],
)  # fmt: skip
def test_what_cannot_be_run_is_told_and_nothing_is_written(
    arguments: list[str], said: str, tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("text.duckdb", "text.parquet", "text.csv"):
        (tmp_path / name).write_text("not a table\nat all\n")
    (tmp_path / "good.csv").write_text("patient,start\n1,2027-01-04\n")
    (tmp_path / "taken.csv").write_text("patient,substance\n1,heroin\n")
    (tmp_path / "twice.csv").write_text("patient,rxcui,patient\n1,7804,1\n")
    (tmp_path / "book.json").write_text(json.dumps(cohort_plans.BOOK))
    start = {"start": ["2027-01-04"]}
    for name, columns in (
        ("float.parquet", {"patient": [1.0], **start}),
        ("nested.parquet", {"patient": [1], "substance": [["heroin"]]}),
    ):
        parquet.write_table(pa.table(columns), tmp_path / name)
    assert main(["cohort", *arguments, "--out", "out"]) == 2
    ended = capsys.readouterr()
    assert ended.err.startswith(said)
    assert ended.out == ""
    assert not (tmp_path / "out").exists()


def test_a_file_that_is_damaged_inside_is_told(files: Any, tmp_path: Path, capsys: Any) -> None:
    people, taken = files()
    whole = Path(people).read_bytes()
    Path(people).write_bytes(whole[:20] + bytes(400) + whole[420:])
    out = str(tmp_path / "out")
    assert main(["cohort", "screen", "--patients", people, "--exposures", taken, "--out", out]) == 2
    assert capsys.readouterr().err.startswith("--patients: is no Parquet file: ")
    assert not (tmp_path / "out" / "manifest.json").exists()


def test_on_a_terminal_a_bar_tells_how_far_it_is(
    files: Any, tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    people, taken = files()
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    out = str(tmp_path / "out")
    assert main(["cohort", "screen", "--patients", people, "--exposures", taken, "--out", out]) == 0
    assert capsys.readouterr().err == f"\r[{'#' * 30}] 40 people\n"


@pytest.mark.parametrize("module", ["duckdb", "numpy", "pyarrow"])
def test_without_the_extra_it_is_named(
    module: str, files: Any, tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    people, taken = files()
    monkeypatch.setitem(sys.modules, module, None)
    out = str(tmp_path / "out")
    arguments = ["cohort", "screen", "--patients", people, "--exposures", taken, "--out", out]
    assert main(arguments) == 5
    assert 'pip install "ldn-titration[cohort]"' in capsys.readouterr().err


def test_without_duckdb_a_record_is_not_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "duckdb", None)
    with pytest.raises(MissingExtraError, match="cohort"):
        sources.opened(Path("cdm.duckdb"))


def test_row_groups_are_written_as_they_fill(
    asked: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = cohort.read_book(Path(asked[1]).read_bytes())
    table = parquet.read_table(asked[0])
    whole = pa.Table.from_batches((found := cohort.expand(table, book)).batches, found.schema)
    monkeypatch.setattr(parts, "_GROUP", 100)
    found = cohort.expand(table, book, block=4)
    parts.write_parquet(tmp_path / "days.parquet", found.schema, found.batches)
    assert parquet.ParquetFile(tmp_path / "days.parquet").num_row_groups > 1
    assert parquet.read_table(tmp_path / "days.parquet").to_pylist() == whole.to_pylist()


def test_a_bar_tells_how_far_plans_are(asked: tuple[str, str], tmp_path: Path) -> None:
    told: list[tuple[int, float]] = []
    book = cohort.read_book(Path(asked[1]).read_bytes())
    out = str(tmp_path / "out")
    files_.expand_files(asked[0], book, out, batch=20, progress=lambda *done: told.append(done))
    assert told == [(20, 20 / 30), (30, 1.0)]


def test_duckdb_fetches_nothing(tmp_path: Path) -> None:
    for store in (sources.connected(), sources.connected(tmp_path)):
        told = "SELECT name, value FROM duckdb_settings() WHERE name LIKE 'auto%known_extensions'"
        assert dict(store.execute(told).fetchall()) == {
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
        }
