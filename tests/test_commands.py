"""What the commands print of opioids, protocols, canaries and records, and how each ends."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from conftest import ROOT
from ldn_titration import (
    Capsules,
    Drops,
    KnowledgeError,
    OralSolution,
    Regimen,
    schedule,
    screen,
    selfcheck,
    supply,
)
from ldn_titration.cli import commands, entry, main
from ldn_titration.knowledge import knowledge
from ldn_titration.render.sheet import preparation_sheets
from ldn_titration.render.text import plan_text, screening_text, supply_text
from ldn_titration.testing import known_facts

EXAMPLE = str(ROOT / "examples" / "drops-18-weeks.json")


class Ended(NamedTuple):
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Any:
    def run(*arguments: str) -> Ended:
        code = main(arguments)
        return Ended(code, *capsys.readouterr())

    return run


# --- how a command ends ---------------------------------------------------------------


def ends_with(error: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> int:
        raise error

    monkeypatch.setattr(commands, "base_of", fails)


@pytest.mark.hazard("S01")
@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (KnowledgeError("opioids.csv line 3: no name"), 70, "opioids.csv line 3: no name\n"),
        (
            RuntimeError("a fault"),
            70,
            "internal error, please report it: RuntimeError('a fault')\n",
        ),
        (KeyboardInterrupt(), 130, "interrupted\n"),
        (FileNotFoundError(2, "No such file", "x.json"), 2, "x.json: No such file\n"),
    ],
)
def test_whatever_goes_wrong_is_one_line_and_a_code_of_its_own(
    error: BaseException, code: int, said: str, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends_with(error, monkeypatch)
    assert run("screen", EXAMPLE) == Ended(code, "", said)


def test_the_console_script_leaves_with_the_code_of_its_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["ldn-titration", "opioid", "oxycodon"])
    with pytest.raises(SystemExit) as left:
        entry()
    assert left.value.code == 3
    assert json.loads(capsys.readouterr().out) == []


def test_a_pdf_is_not_written_to_a_terminal(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    ended = run("plan", EXAMPLE, "--format", "pdf")
    assert ended == Ended(2, "", "--out: a PDF needs a file, such as calendar.pdf\n")


# --- opioids, protocols, canaries -----------------------------------------------------


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("methadone", "Opioid-free days: below 10 stop, below 14 hold."),
        ("Sublocade", "Depot: no interval is known; held for 365 days."),
        ("naltrexone", "No opioid agonist: no interval is counted."),
        ("loperamide", "Warns while taken and for "),
    ],
)
def test_the_text_of_an_opioid_tells_its_interval_and_its_sources(
    name: str, words: str, run: Any
) -> None:
    code, out, err = run("opioid", name, "--format", "text")
    assert (code, err) == (0, "")
    assert words in " ".join(out.split())
    assert ", tier " in out
    assert max(map(len, out.splitlines())) <= 80


def test_an_opioid_that_is_not_known_is_not_said_to_be_none(run: Any) -> None:
    ended = run("opioid", "oxycodon", "--format", "text")
    assert ended == Ended(3, "", "not known here: it may be an opioid all the same\n")


def test_the_text_of_protocols_says_why_one_is_refused(run: Any) -> None:
    code, out, _ = run("protocols", "--format", "text")
    blocks = {block.split(" ")[0]: block for block in out.split("\n\n")}
    assert code == 0
    assert "Refused: " in blocks["uldn"]
    assert "Refused: " not in blocks["brief_002_drops"]
    assert all("(tier " in block for block in blocks.values() if block.strip())


def test_the_text_of_the_self_check_has_a_line_a_canary(run: Any) -> None:
    code, out, _ = run("self-check", "--format", "text")
    lines = out[: out.index("\n\n")].splitlines()
    assert code == 0
    assert {line[:6] for line in lines} == {"ok    "}
    assert f"{len(lines)} of {len(lines)} canaries; knowledge base " in out


FINE = OralSolution(concentration="1 mg/mL", graduation="0.001 mL")


@pytest.mark.parametrize("preparation", [None, FINE])
def test_a_silent_canary_is_told_and_is_a_fault_of_ours(
    preparation: Any, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """W11: what must be refused and is measured, or is not even tried, is noticed."""
    whole = selfcheck.canaries()
    weak = [
        each._replace(preparation=preparation) if each.severity == "error" else each
        for each in whole
    ]
    monkeypatch.setattr(selfcheck, "canaries", lambda: weak)
    code, out, _ = run("self-check", "--format", "text")
    silent = [line for line in out.splitlines() if line.startswith("SILENT")]
    assert code == 70
    assert len(silent) == sum(each.severity == "error" for each in whole) > 0
    assert f"{len(whole) - len(silent)} of {len(whole)} canaries; " in out


# --- facts ----------------------------------------------------------------------------

PATIENT = {"resourceType": "Patient", "id": "p", "birthDate": "1980-01-01"}
NAMELESS = {"resourceType": "MedicationStatement", "id": "m", "status": "active"}


@pytest.mark.parametrize(("record", "code"), [([PATIENT], 0), ([PATIENT, NAMELESS], 3)])
def test_a_bundle_is_shown_with_each_reading_and_what_may_be_missing(
    record: list[Any], code: int, run: Any, tmp_path: Path
) -> None:
    """In both faces: a medicine without a name leaves the record incomplete."""
    bundle = {"resourceType": "Bundle", "type": "collection"}
    file = tmp_path / "record.json"
    file.write_text(json.dumps({**bundle, "entry": [{"resource": each} for each in record]}))
    asked = ("facts", str(file), "--assessed-on", "2027-01-02")
    shown, told = run(*asked, "--format", "text"), run(*asked, "--format", "json")
    assert (shown.code, told.code, shown.err + told.err) == (code, code, "")
    counted = "1 resource" if len(record) == 1 else "2 resources"
    assert shown.out.startswith(f"FHIR Bundle: {counted}\n=====")
    assert ["Patient p:" in shown.out, "MedicationStatement m:" in shown.out] == [
        True,
        NAMELESS in record,
    ]
    assert json.loads(told.out)["patient"]["assessed_on"] == "2027-01-02"
    assert json.loads(told.out)["knowledge"]["version"]


# --- texts without the lines that most have -------------------------------------------


def test_a_finding_and_a_screening_with_nothing_to_tell_have_no_empty_lines() -> None:
    """No sources, no dated notes, and no rule that could not be evaluated."""
    told = screen(known_facts(pregnant="yes"), "2027-01-04")
    (held,) = (finding for finding in told.findings if finding.code == "PRG-01")
    bare = told.model_copy(
        update={"findings": (held.model_copy(update={"sources": ()}),), "milestones": ()}
    )
    first, second = screening_text(told), screening_text(bare)
    assert "Dated notes" in first
    assert "Dated notes" not in second
    above = second[: second.index("Basis: ")]
    assert "Sources" in first[: first.index("Basis: ")]
    assert "Sources" not in above


def test_a_drug_that_is_no_whole_number_of_tablets_is_weighed() -> None:
    for drug, words in (
        ("60 mg", ", weighed"),
        ("100 mg", ", weighed, or 2 tablets of 50 mg, crushed"),
    ):
        made = Drops(dilution={"drug": drug, "final_volume": "10 mL"}, drops_per_mL=20)
        plan = schedule(Regimen(steps=[{"dose": made.mark}]), made, "2027-01-04", days=7)
        facts = dict(preparation_sheets(plan)[0].facts)
        assert facts["Weigh or crush"] == f"{drug} of naltrexone hydrochloride{words}"


def test_a_plan_of_which_all_is_known_says_of_no_rule_that_it_could_not_be_evaluated() -> None:
    """And a pharmacy that needs to know nothing more is told nothing more."""
    regimen = Regimen(steps=[{"dose": "1.5 mg"}])
    capsules = Capsules(strengths=["1.5 mg"], beyond_use_days=90)
    told = {"liver_enzymes": 1, "alcohol": "no", "lactose_intolerance": "no"}
    texts = []
    for facts in ({}, told):
        screening = screen(known_facts(**facts), "2027-01-04", regimen, capsules, days=28)
        plan = schedule(regimen, capsules, "2027-01-04", days=28, screening=screening)
        texts.append(plan_text(plan))
    assert ["Could not be evaluated: " in text for text in texts] == [True, False]
    last = supply_text(plan, supply(plan)).split("\n\n")[-2:]
    assert last[0].startswith("Counts by strength"), "and no notes follow"


@pytest.mark.hazard("W04")
def test_the_form_of_a_product_is_told_by_its_code(run: Any, tmp_path: Path) -> None:
    """W04: nobody stated a release form, but there is one product of that code only."""
    product = next(iter(knowledge().products.values()))
    listed = tmp_path / "medicines.csv"
    listed.write_text(f"rxcui,name\n{product.rxcui},{product.name}\n")
    _, out, _ = run("facts", str(listed), "--format", "text")
    assert "by its code" in " ".join(out.split())
