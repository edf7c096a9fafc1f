"""Bad inputs: a knowledge base that is damaged, or that a site would weaken."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import ldn_titration.knowledge as shipped
from bad_inputs.case import Case, Run, aside, cli, good, refused
from bad_inputs.washout import with_opioid, without_rows
from ldn_titration import OpioidExposure, PatientFacts, screen
from ldn_titration.errors import KnowledgeError
from ldn_titration.knowledge import Knowledge, knowledge, shipped_tables
from ldn_titration.knowledge.overlay import overlaid
from ldn_titration.patient import OpioidHistory

HEAD = 'schema = "ldn-titration/overlay/1"\nsite = "Example Hospital"\n'


def _damaged(call: Callable[[], object], *parts: str) -> None:
    error = refused(call, *parts)
    assert isinstance(error, KnowledgeError)


def _checksum(case: Case) -> None:
    """One byte that is changed, in any table, is an error before anything is screened."""
    assert case.input == {"kb": "unsigned or wrong checksum"}
    tables = shipped_tables()
    for name, data in tables.items():
        edited = data[:-2] + bytes([data[-2] ^ 1]) + data[-1:]
        part = f"{name}.csv is not the table that was released"
        _damaged(lambda name=name, edited=edited: shipped._check_manifest({name: edited}), part)
    _damaged(lambda: shipped._check_manifest({**tables, "unsigned": b""}), "unsigned.csv")
    edited = {**tables, "opioids": tables["opioids"].replace(b",7,10,", b",1,10,", 1)}
    with patch.object(shipped, "shipped_tables", lambda: edited):
        knowledge.cache_clear()
        try:
            run = cli("screen", "-", stdin=good(), codes=frozenset({70}))
        finally:
            knowledge.cache_clear()
    assert (run.code, run.out) == (70, "")
    assert run.err == "opioids.csv is not the table that was released\n"


def _shortened(case: Case) -> None:
    """An overlay may only lengthen: by the function, and on the command line."""
    assert case.input["kb"].endswith("shortened in a local overlay")
    for of, days in (
        ("codeine_ir", "min_days = 6\nmax_days = 10"),
        ("codeine_ir", "min_days = 7\nmax_days = 9"),
        ("methadone", "min_days = 0\nmax_days = 0"),
        ("depot_lookback", "days = 30"),
        ("stop_before_opioid", "days = 1"),
    ):
        text = f'{HEAD}[[interval]]\nof = "{of}"\n{days}\n'
        error = refused(lambda text=text: overlaid(text), "interval[0]")
        assert "it may only lengthen" in str(error), error
    run = _with_overlay(text)
    assert (run.code, run.out) == (2, "")
    assert "interval[0]" in run.err
    longer = f'{HEAD}[[interval]]\nof = "codeine_ir"\nmin_days = 8\nmax_days = 11\n'
    assert _with_overlay(longer).code == 0


def _with_overlay(text: str) -> Run:
    with TemporaryDirectory() as folder:
        name = Path(folder) / "site.toml"
        name.write_text(text, encoding="utf-8")
        options = ("--format", "json", "--overlay", str(name))
        return cli("screen", "-", *options, stdin=good())


def _two_classes(case: Case) -> None:
    """Of two rows that a name denotes the longer counts; two substances of one name fail."""
    assert case.input == {"kb": "same drug in two classes"}
    start = date(2027, 1, 4)
    for last, verdict in ((date(2026, 12, 22), "insufficient"), (date(2026, 12, 30), "stop")):
        exposure = OpioidExposure(substance="codeine", last_taken=last)
        history = OpioidHistory(status="known", exposures=(exposure,))
        screening = screen(PatientFacts(opioids=history), start)
        assert str(screening.verdict) == verdict
        said = " ".join(each.message for each in screening.findings)
        assert "14" in said, "the extended form's 14 days, not 10"
    _named_twice()


@cache
def _named_twice() -> None:
    with aside():
        tables = with_opioid("tramadol_ir", synonyms="codeine phosphate")
        base = Knowledge(tables)
        _damaged(lambda: base.named("codeine"), '"codeine phosphate" stands in two substances')


def _code_removed(case: Case) -> None:
    """A row that is lost takes its products, its canaries or its policy along, and is missed."""
    assert case.input["kb"] == "code removed upstream"
    _sentinels()


@cache
def _sentinels() -> None:
    with aside():
        for row in (
            "codeine_ir",
            "methadone",
            "fentanyl_transdermal",
            "levorphanol",
            "oxycodone_er",
        ):
            tables = without_rows("opioids", row)
            _damaged(lambda tables=tables: Knowledge(tables).read_all(), "products.csv", row)
            edited = {"opioids": tables["opioids"]}
            _damaged(lambda edited=edited: shipped._check_manifest(edited), "opioids.csv")


def _days_as_text(case: Case) -> None:
    """In an overlay days are a number; in a table they are digits, and no sign or space."""
    assert case.input == {"kb": "days: '10'"}
    for days in ("'10'", '"10"', "10.0", "-10", "true", "[10]", "1e1", "nan"):
        text = f'{HEAD}[[interval]]\nof = "methadone"\nmin_days = 10\nmax_days = {days}\n'
        refused(lambda text=text: overlaid(text), "interval[0].max_days")
    assert _with_overlay(text).code == 2
    for days in ("'10'", "ten", "10.5", "-10", " 10", "+10", "1_0", "010", "1e1", "\u0661\u0660"):
        tables = with_opioid("codeine_ir", max_days=days)
        _damaged(lambda tables=tables: Knowledge(tables), "opioids.csv, line")


CASES: dict[str, Callable[[Case], None]] = {
    "B373": _checksum,
    "B376": _shortened,
    "B377": _two_classes,
    "B378": _code_removed,
    "B379": _days_as_text,
}

NOT_BUILT: dict[str, str] = {}
