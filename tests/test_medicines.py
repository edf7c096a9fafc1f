"""Medication lists as clinics keep them: every line read, no opioid lost, nothing cleared."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import string
import subprocess
import sys
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from conftest import ROOT
from ldn_titration import InvalidInputError, OpioidHistory, PatientFacts, Verdict, screen
from ldn_titration.cli import main
from ldn_titration.intake.document import medicines_json
from ldn_titration.intake.medicines import (
    NOT_ASKED,
    MedicineLine,
    MedicineList,
    read_medicine,
    read_medicines,
)
from ldn_titration.knowledge import knowledge
from ldn_titration.render.intake import medicines_text
from ldn_titration.testing import known_facts

HERE = Path(__file__).parent / "data"
USUAL = (HERE / "usual_medicines.txt").read_text(encoding="utf-8").splitlines()
OPIOIDS = (HERE / "opioid_lines.txt").read_text(encoding="utf-8").splitlines()
NO_AGONIST = {"antagonist", "not_opioid_agonist"}
START = date(2027, 1, 4)
CLEARS = {Verdict.CLEAR, Verdict.CAUTION}


def rows(name: str) -> list[dict[str, str]]:
    """One shipped table, read without the library."""
    text = (files("ldn_titration.knowledge") / f"{name}.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(io.StringIO(text, newline="")))


ROWS = rows("opioids")
NAMES = [
    (name, row)
    for row in ROWS
    for name in dict.fromkeys([row["substance"], row["name"], *row["synonyms"].split(";")])
    if name
]


def told(line: MedicineLine) -> str:
    """A reading in short: exposures, the rest of the list, what was not understood."""
    exposures = [
        f"{e.label}{'' if e.release == 'unknown' else f' ({e.release})'} "
        f"{'now' if e.ongoing else e.last_taken}"
        for e in line.exposures
    ]
    entries = [f"[{medicine.label}]" for medicine in line.medications]
    left = [f"? {', '.join(line.rest)}"] if line.rest else []
    return " ".join([*exposures, *entries, *left])


def verdict(found: MedicineList | MedicineLine, start: date = START) -> Verdict:
    """What screening says of a patient of whom all else is known and harmless."""
    listed = MedicineList((found,), (1,)) if isinstance(found, MedicineLine) else found
    return screen(listed.facts(known_facts()), start).verdict


# --- worked lines ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        ("Percocet 5/325 1 tab q6h prn", "Percocet now"),
        ("- Percocet 5/325 1 tab po q6h prn pain", "Percocet now"),
        ("1. Tylenol #3 1-2 tabs q4h prn", "Tylenol #3 now"),
        ("co-codamol 30/500", "co-codamol now"),
        ("oxycodone/acetaminophen 5 mg/325 mg", "oxycodone/acetaminophen now"),
        ("fentanyl 25 mcg/h patch q72h", "fentanyl (transdermal) now"),
        ("MORPHINE ER 20mg q12h #60", "MORPHINE (extended) now"),
        ("morphine SR 30 mg every 12 hours", "morphine (extended) now"),
        ("oxycodone 10 mg 12 hr tablet", "oxycodone (extended) now"),
        ("oxycodone IR 5 mg", "oxycodone (immediate) now"),
        ("oxycodone 5 mg 1 tab q12h", "oxycodone now"),
        ("morphine ER and IR", "morphine er ir now"),
        ("morphine 10 mg PR", "morphine pr now"),
        ("Suboxone implant", "Suboxone implant now"),
        ("buprenorphine depot", "buprenorphine depot now"),
        ("lisinopril 10 mg, tramadol 50 mg prn", "tramadol now [lisinopril]"),
        ("oxycodone (ROXICODONE) 5 mg tablet", "ROXICODONE now"),
        ("Levothyroxine 75 mcg PO qAM", "[Levothyroxine 75 mcg PO qAM]"),
        ("ipratropium 2 puffs", "[ipratropium 2 puffs]"),
        ("naloxone 4 mg nasal spray", "[naloxone 4 mg nasal spray]"),
        ("oxycodone 5 mg, stopped 2026-12-20", "oxycodone 2026-12-20"),
        ("Percocet last 2026-12-20", "Percocet 2026-12-20"),
        ("morphine SR 30 mg q12h d/c 2026-12-20.", "morphine (extended) 2026-12-20"),
        ("stopped 2026-12: Percocet 5/325", "Percocet 2026-12"),
        ("Percocet stopped 2026-12-18, last dose 2026-12-20", "Percocet 2026-12-20"),
        ("Percocet stopped 2026-12, last dose 2026-12-20", "Percocet 2026-12"),
        ("oxycodone ER 20 mg and tramadol 50 mg", "oxycodone er now tramadol er now"),
        (
            "Percocet stopped 2026-12-20, last dose 12/22/26",
            "Percocet unknown [Percocet stopped 2026-12-20, last dose 12/22/26] ? 12/22/26",
        ),
        ("Percocet, discontinued", "Percocet unknown"),
        ("tramadol 50 mg - not taking", "tramadol unknown"),
        ("allergic to codeine", "codeine unknown"),
        ("Percocet started 2026-01-05, stopped 2026-12-20", "Percocet 2026-12-20"),
        ("Duragesic 25 mcg/h patch removed 2026-12-20", "Duragesic (transdermal) 2026-12-20"),
        ("lisinopril 10 mg stopped 2026-12-20", "[lisinopril 10 mg]"),
        # not read, and said so
        (
            "codeine 30 mg stopped 12/20/26",
            "codeine unknown [codeine 30 mg stopped 12/20/26] ? 12/20/26",
        ),
        ("codeine stopped Dec 2026", "codeine unknown [codeine stopped Dec 2026] ? Dec 2026"),
        ("codeine stopped 2026-13-45", "codeine unknown [codeine stopped 2026-13-45] ? 2026-13-45"),
        (
            "Duragesic last 2026-12-20",
            "Duragesic unknown [Duragesic last 2026-12-20] ? last 2026-12-20",
        ),
        (
            "oxycodone from a neighbour",
            "oxycodone now [oxycodone from a neighbour] ? from, neighbour",
        ),
        ("Percocet 2026-12-20", "Percocet now [Percocet 2026-12-20 (not understood)] ? 2026-12-20"),
        ("allergic to naltrexone", "[allergic to naltrexone] ? allergic to"),
        ("pain pills", "[pain pills] ? pain pills"),
        ("NKMA", "[NKMA] ? NKMA"),
    ],
)
def test_a_line_is_read_as_it_was_meant(text: str, reading: str) -> None:
    """W02, W03, W04: worked by hand."""
    assert told(read_medicine(text)) == reading


@pytest.mark.parametrize(
    "text",
    [
        "oxycodone not stopped 2026-12-20",
        "oxycodone never stopped 2026-12-20",
        "oxycodone stopped 2026-12-20, restarted 2027-01-01",
        "oxycodone stopped 2026-12-20 started 2027-01-01",
        "oxycodone stopped 2026-12-20, then 1 tab daily",
        "oxycodone 5 mg stopped 2026-12-20, 10 mg daily",
        "oxycodone stopped 2026-12-20 currently taking prn",
        "oxycodone to be stopped 2026-12-20",
        "currently oxycodone, stopped 2026-12-20",
        "oxycodone may be stopped 2026-12-20",
        "oxycodone last taken 2026-12-20 or 2027-01-03",
        "oxycodone last refill 2026-12-20",
        "oxycodone last filled 2026-12-20",
        "oxycodone ordered 2026-12-20",
        "tramadol stopped 2026-12-20, oxycodone 5 mg prn",
        "oxycodone 5 mg prn, tramadol stopped 2026-12-20",
        "oxycodone ER 10 mg bid and oxycodone 5 mg prn stopped 2026-12-20",
        "oxycodone 5 mg, acetaminophen stopped 2026-12-20",
        "MS Contin and MSIR stopped 2026-12-20",
        "allergic to codeine, takes oxycodone",
        "oxycodone stopped 2026-12-20 blorp",
        "oxycodone stopped 2026-12-20 not taking allergic",
    ],
)
def test_an_end_that_may_be_another_is_not_believed(text: str) -> None:
    """W06: active beats any date; what speaks against an end is shown as not understood."""
    line = read_medicine(text)
    assert all(exposure.ongoing for exposure in line.exposures), told(line)
    assert line.exposures
    assert line.rest
    assert verdict(line) is Verdict.STOP


@pytest.mark.parametrize(
    ("text", "start", "expected"),
    [
        # F = start - last - 1; short-acting 7 to 10 days, long-acting 10 to 14
        ("Percocet 5/325 1 tab q6h prn, stopped 2026-12-20", date(2026, 12, 27), Verdict.STOP),
        ("Percocet 5/325 1 tab q6h prn, stopped 2026-12-20", date(2026, 12, 28), Verdict.HOLD),
        ("Percocet 5/325 1 tab q6h prn, stopped 2026-12-20", date(2026, 12, 30), Verdict.HOLD),
        ("Percocet 5/325 1 tab q6h prn, stopped 2026-12-20", date(2026, 12, 31), Verdict.CLEAR),
        ("Percocet 5/325, stopped 2026-12", date(2027, 1, 10), Verdict.HOLD),
        ("Percocet 5/325, stopped 2026-12", date(2027, 1, 11), Verdict.CLEAR),
        ("morphine SR 30 mg, stopped 2026-12-20", date(2027, 1, 3), Verdict.HOLD),
        ("morphine SR 30 mg, stopped 2026-12-20", date(2027, 1, 4), Verdict.CLEAR),
        ("morphine 30 mg, stopped 2026-12-20", date(2027, 6, 1), Verdict.INSUFFICIENT),
        ("Percocet dr, stopped 2026-12-20", date(2027, 6, 1), Verdict.INSUFFICIENT),
        ("Suboxone implant, stopped 2026-12-20", date(2027, 6, 1), Verdict.INSUFFICIENT),
        ("Percocet patch, stopped 2026-12-20", date(2027, 6, 1), Verdict.INSUFFICIENT),
        ("Percocet not taking", date(2027, 6, 1), Verdict.INSUFFICIENT),
        ("codeine 30 mg stopped 12/20/26", date(2027, 6, 1), Verdict.INSUFFICIENT),
        ("Percocet 5/325", date(2027, 6, 1), Verdict.STOP),
        ("loperamide 2 mg prn", date(2027, 6, 1), Verdict.CAUTION),
        ("loperamide 2 mg prn 12/20/26", date(2027, 6, 1), Verdict.INSUFFICIENT),
        ("loperamide 100 mg daily", date(2027, 6, 1), Verdict.STOP),
    ],
)
def test_what_a_line_comes_to_in_screening(text: str, start: date, expected: Verdict) -> None:
    """W04, W05: counted by hand from the windows of the label and the briefs."""
    assert verdict(read_medicine(text), start) is expected


# --- every name -----------------------------------------------------------------------------

WRITTEN = (
    "{} 10 mg 1 tab po bid",
    "{} ER 20mg q12h #60",
    "{}",
    "- {} 5/325 1 tab q6h prn",
    "{} 25 mcg/h every 72 hours",
    "{} not taking",
    "{} 30 mg stopped 2026-12-20",
    "{} allergic",
    "{} last dose 12/20/26",
)


def test_every_name_of_an_opioid_is_found_in_ordinary_writing() -> None:
    """W03, W13: all names of the table, in each dress and in capitals."""
    missed = []
    for name, row in NAMES:
        for form in WRITTEN:
            for text in (form.format(name), form.format(name).upper()):
                line = read_medicine(text)
                found = {each.id for n in line.names for each in n.name.opioids}
                agonist = row["kind"] not in NO_AGONIST
                if row["id"] not in found or bool(line.exposures) != agonist:
                    missed.append((text, told(line)))
    assert missed == []
    assert len(NAMES) > 500


def test_every_product_is_found_whole_and_in_the_words_of_a_line() -> None:
    """W03, W04: 1,127 long names, none of them longer than a line of text."""
    for product in rows("products"):
        line = read_medicine(f"* {product['name']}")
        assert line.understood, product["name"]
        assert [e.substance for e in line.exposures] == [product["name"]]
        assert read_medicine(f"{product['name']} stopped 2026-12-20").exposures


@pytest.mark.parametrize("row", [r for r in ROWS if r["kind"] in NO_AGONIST], ids=lambda r: r["id"])
def test_a_near_name_is_no_exposure_and_stays_in_the_list(row: dict[str, str]) -> None:
    """W12: apomorphine, ipratropium and their like."""
    for name in (row["substance"], *filter(None, row["synonyms"].split(";"))):
        for form in ("{} 10 mg 1 tab po bid", "{} stopped 2026-12-20"):
            line = read_medicine(form.format(name))
            assert line.exposures == ()
            assert len(line.medications) == 1


def test_a_line_is_never_safer_than_in_the_list_of_a_request() -> None:
    """W02, W03: what screening says of the line as an exposure, against the line as it is."""
    safer = []
    for text in (*OPIOIDS, *USUAL):
        line = read_medicine(text)
        as_listed = known_facts(medications=(text,))
        if verdict(line) < screen(as_listed, START).verdict or (line.rest and clears(line)):
            safer.append((text, told(line)))
    assert safer == []


def clears(line: MedicineLine) -> bool:
    return verdict(line) in CLEARS


def test_most_usual_lines_are_understood() -> None:
    assert sum(read_medicine(text).understood for text in USUAL) >= 660


# --- properties -----------------------------------------------------------------------------

VOCABULARY = {
    word
    for table in ("opioids", "medicines", "brands", "qualifiers")
    for row in rows(table)
    for column in ("id", "substance", "name", "synonyms", "words")
    for word in re.findall(r"[^\W\d_]+", row.get(column, "").casefold())
}
STRANGERS = st.text(string.ascii_letters, min_size=4, max_size=9).filter(
    lambda word: word.casefold() not in VOCABULARY
)
ENDS = st.sampled_from(
    ["", " stopped 2026-01-20", " not taking", " stopped 1/2/26", " last dose 2020-01", " allergic"]
)
LINES = st.builds(str.__add__, st.sampled_from([*OPIOIDS[:120], *USUAL[:200]]), ENDS)


@settings(max_examples=150, deadline=None)
@given(st.lists(LINES, min_size=1, max_size=4), LINES, st.integers(0, 4))
def test_a_line_more_is_never_safer(lines: list[str], more: str, place: int) -> None:
    """P35: whatever else is known, asked about or not."""
    longer = [*lines[:place], more, *lines[place:]]
    before, after = read_medicines("\n".join(lines)), read_medicines("\n".join(longer))
    for known in (known_facts(), known_facts(opioids=OpioidHistory(status="unknown"))):
        first = screen(before.facts(known), START).verdict
        second = screen(after.facts(known), START).verdict
        assert second >= first or {first, second} <= CLEARS


@settings(max_examples=150, deadline=None)
@given(LINES, STRANGERS, st.integers(0, 20))
@example("loperamide 2 mg", "blorp", 1)
def test_a_strange_word_never_clears(text: str, word: str, place: int) -> None:
    """W02: wherever it stands."""
    words = text.split(" ")
    place %= len(words) + 1
    line = read_medicine(" ".join([*words[:place], word, *words[place:]]))
    assert line.rest
    assert not clears(line)


TEXTS = st.text(
    st.characters(blacklist_categories=("Cc", "Cf", "Cs", "Zl", "Zp")), min_size=1, max_size=150
)
WORDS = """
oxycodone Percocet stopped last 2026-12-20 12/20/26 not taking , ; ( ) # 5 mg ER allergic to
d/c started lisinopril - q6h patch removed
"""
PIECES = st.lists(
    st.one_of(
        st.sampled_from(WORDS.split()),
        st.text(string.printable[:94], min_size=1, max_size=4),
    ),
    min_size=1,
    max_size=9,
).map(" ".join)


@settings(max_examples=400, deadline=None)
@given(st.one_of(TEXTS, PIECES))
def test_any_line_is_read_and_what_is_understood_is_what_screening_understands(text: str) -> None:
    """W02, W11: nothing breaks the reader; an entry that is understood is recognised."""
    assume(text.strip())
    line = read_medicine(text)
    assert line.text == text
    for medicine in line.medications:
        kind = knowledge().read_line(medicine.label).kind
        assert (kind in {"ordinary", "listed"}) == line.understood, told(line)
    if "oxycodone" in re.findall(r"\w+", text):
        assert any("oxycodone" in e.label for e in line.exposures)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.one_of(TEXTS, PIECES, st.just("")), min_size=1, max_size=8))
def test_every_line_is_shown_in_order_and_as_it_was(lines: list[str]) -> None:
    """W02: no line is dropped, joined or repaired."""
    lines = ["senna", *lines]
    found = read_medicines("\r\n".join(lines))
    wanted = [(row, line) for row, line in enumerate(lines, 1) if line.strip()]
    assert list(zip(found.rows, [line.text for line in found.lines], strict=True)) == wanted
    shown = medicines_text(found, found.facts(PatientFacts()))
    assert all(len(line) <= 80 for line in shown.splitlines())


def test_a_line_of_an_opioid_tells_its_form_and_that_it_is_taken_now() -> None:
    """The columns after its name: by its words extended release, and taken now."""
    found = read_medicines("oxycodone ER 10 mg twice a day")
    (line,) = found.lines
    shown = medicines_text(found, found.facts(PatientFacts())).splitlines()
    assert line.status == "taken"
    assert any(re.search(r"oxycodone +extended +now\b", text) for text in shown), shown


# --- whole lists ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["none", "None.", "- none", "no medications\n", "  nil\n\n", "No meds"]
)
def test_a_list_may_say_that_nothing_is_taken(text: str) -> None:
    """W01: asked, and none; of opioids it says nothing."""
    found = read_medicines(text)
    assert (found.exposures, found.medications, found.not_understood) == ((), (), ())
    assert [line.text for line in found.lines] == [text.split("\n")[0]]
    facts = found.facts(PatientFacts())
    assert facts.medications == ()
    assert facts.opioids.status == "unknown"


@pytest.mark.parametrize("text", ["NKMA", "NKDA", "n/a", "unknown", "-", "none\nnone", "see chart"])
def test_what_does_not_say_so_is_not_taken_for_it(text: str) -> None:
    """W01: no known allergies, no answer, no list: none of them is an empty list."""
    found = read_medicines(text)
    assert found.not_understood
    assert verdict(found) is Verdict.INSUFFICIENT


def test_a_list_is_joined_to_what_is_known_and_overwrites_nothing() -> None:
    found = read_medicines("senna\nPercocet stopped 2026-12-20")
    none = known_facts(opioids=OpioidHistory(status="none"), medications=("aspirin 81 mg",))
    joined = found.facts(none)
    assert [e.label for e in joined.opioids.exposures] == ["Percocet"]
    assert [m.label for m in joined.medications or ()] == ["aspirin 81 mg", "senna"]
    again = found.facts(joined)
    assert [e.label for e in again.opioids.exposures] == ["Percocet", "Percocet"]
    assert read_medicines("senna").facts(none).opioids.status == "none"
    assert (
        joined.model_copy(update={"opioids": none.opioids, "medications": none.medications}) == none
    )


def test_a_list_does_not_answer_for_the_opioids_that_nobody_asked_about() -> None:
    """W01: one opioid of long ago on a list, and no question asked: not known, never clear."""
    unknown = known_facts(opioids=OpioidHistory(status="unknown"))
    found = read_medicines("Percocet stopped 2020-01-01")
    facts = found.facts(unknown)
    assert facts.opioids.exposures[-1] == NOT_ASKED
    assert screen(facts, START).verdict is Verdict.INSUFFICIENT
    assert screen(read_medicines("senna").facts(unknown), START).verdict is Verdict.INSUFFICIENT


# --- CSV ------------------------------------------------------------------------------------


def problems(data: str | bytes) -> list[str]:
    with pytest.raises(InvalidInputError) as caught:
        read_medicines(data)
    return [str(problem) for problem in caught.value.problems]


def table(*lines: str) -> list[str]:
    return [told(line) for line in read_medicines("\n".join(lines)).lines]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("header", ["medicine", "Medication", "DRUG", '"name"'])
def test_a_header_makes_a_table(delimiter: str, header: str) -> None:
    lines = [f"{header},sig,Last Taken", "Percocet,q6h,2026-12-20", "senna,,"]
    text = "\n".join(line.replace(",", delimiter) for line in lines)
    found = read_medicines("\ufeff" + text)
    assert [told(line) for line in found.lines] == ["Percocet 2026-12-20", "[senna]"]
    assert found.rows == (2, 3)
    assert [line.text for line in found.lines] == text.splitlines()[1:]


def test_the_columns_of_a_row_tell_its_end() -> None:
    """W06: active beats any date; of two days the later; an end of a prescription is no dose."""
    assert table(
        "medicine,status,last_taken,stopped,end,started",
        "Percocet,,,,,",
        "Percocet,active,2026-12-20,,,",
        "Percocet,active,,2026-12-20,,",
        "Percocet,stopped,,,,",
        "Percocet,,2026-12-20,2026-12-22,,",
        "Percocet stopped 2026-12-24,,2026-12-20,,,",
        "Percocet,discontinued,unknown,,2026-12-20,2026-12-20",
        "Percocet,not taking,,2026-12-20,,2026-12-01",
        "Percocet,,,2026-12-20,,2026-12-21",
        "Percocet,on hold,2026-12-20,,,",
        "Percocet,stopped 2026-12-20,,,,",
        "Percocet stopped 2026-12-20,active,,,,",
        "senna,stopped,,2026-12-20,,",
        "Percocet not stopped,stopped,2026-12-20,,,",
        "Percocet,completed,2026-12-20,,,",
        "Percocet,Inactive,,,,",
    ) == [
        "Percocet now",
        "Percocet now",
        "Percocet now [Percocet (not understood)] ? stopped 2026-12-20",
        "Percocet unknown",
        "Percocet 2026-12-22",
        "Percocet 2026-12-24",
        "Percocet unknown",
        "Percocet 2026-12-20",
        "Percocet now [Percocet (not understood)] ? started 2026-12-21",
        "Percocet now [Percocet; on hold (not understood)] ? on hold",
        "Percocet 2026-12-20",
        "Percocet now [Percocet (not understood)] ? stopped 2026-12-20",
        "[senna]",
        "Percocet now [Percocet not stopped] ? not, stopped",
        "Percocet 2026-12-20",
        "Percocet unknown",
    ]


def test_a_code_settles_the_form_or_stands_beside_the_name() -> None:
    """W04: a product says its form; a code of another medicine is never dropped."""
    er = next(r for r in rows("products") if r["opioid"] == "oxycodone_er" and "/" not in r["name"])
    assert table(
        "medicine,rxcui,last_taken",
        f"oxycodone,{er['rxcui']},2026-12-20",
        f"Percocet,{er['rxcui']},2026-12-20",
        "oxycodone,7804,2026-12-20",
        f"senna,{er['rxcui']},",
        "senna,99999999,",
    ) == [
        f"RxCUI {er['rxcui']} 2026-12-20",
        f"Percocet 2026-12-20 [Percocet (not understood)] [RxCUI {er['rxcui']}] "
        f"? RxCUI {er['rxcui']}",
        "oxycodone 2026-12-20",
        f"[senna (not understood)] [RxCUI {er['rxcui']}] ? RxCUI {er['rxcui']}",
        "[senna]",
    ]
    product = read_medicines(f"drug,rxcui,last_taken\noxycodone,{er['rxcui']},2026-12-20")
    assert verdict(product, date(2027, 1, 3)) is Verdict.HOLD  # 13 days of 14
    assert verdict(product, date(2027, 1, 4)) is Verdict.CLEAR


@pytest.mark.hazard("I07")
def test_every_problem_of_a_table_is_told_with_its_row() -> None:
    """I07; B330 to B333: columns do not shift, and no day is a number."""
    assert problems("medicine,dose,Dose\na,b,c") == ['row 1: the column "dose" stands twice']
    assert problems("drug,medicine\na,b") == ['row 1: the column "medicine" stands twice']
    assert problems("medicine" + ",dose" * 100 + "\nsenna") == [
        "row 1: has more than 100 columns; keep medicine, medication, drug, name, dose, "
        "directions, sig, status, last_taken, stopped, end, started, rxcui"
    ]
    assert problems("dose,sig\n5 mg,daily") == ['row 1: lacks the column "medicine"']
    assert problems("medicine,dose_mg\na,b") == [
        "row 1: dose_mg is no known column; known are medicine, medication, drug, name, dose, "
        "directions, sig, status, last_taken, stopped, end, started, rxcui"
    ]
    assert problems(
        "medicine,dose,sig,stopped,rxcui\n"
        "senna,5 mg,daily\n"
        "senna,4.5,daily,45662,x\n"
        "\n"
        "senna,5 mg,daily,12/20/26,,\n"
        ",5 mg,daily,12/20/26,\n"
        '"senna,5 mg,daily,,\n'
    ) == [
        "row 2: has 3 cells; the header has 5 columns",
        'row 3, dose: lacks its unit, as in "5 mg"',
        'row 3, rxcui: must be an RxNorm code, such as "7804"',
        "row 3, stopped: is a spreadsheet's day number; write the date as YYYY-MM-DD",
        "row 5: has 6 cells; the header has 5 columns",
        "row 6, medicine: must not be empty",
        'row 6, stopped: must be a date written YYYY-MM-DD, such as "2027-01-04", '
        'a month ("2026-12") or "unknown"',
        "row 7: has a quotation mark that is not closed, a line break in a cell, or one too long",
    ]


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ("", 'list: is empty; write "none" where it was asked and nothing is taken'),
        (" \n\t\n", 'list: is empty; write "none" where it was asked and nothing is taken'),
        ("medicine,dose\n,\n", 'list: has no row; write "none" where nothing is taken'),
        (
            b"senna\nx 5 \xb5g",
            "list: is no UTF-8 text (byte 10 is 0xB5): it is in another encoding; save it as UTF-8",
        ),
        ("senna\nx\0y", "row 2: holds the control character U+0000; remove it"),
        ("sen\u200bna", "row 1: holds the control character U+200B; remove it"),
        ("oxy\u2028codone", "row 1: holds the control character U+2028; remove it"),
        ("x" * 201, "row 1: must be text of 1 to 200 characters"),
        ("senna\n" * 1001, "list: has 1001 lines; at most 1000 are read"),
        ("senna\n" + " " * (1 << 20), "list: is larger than 1048576 bytes"),
    ],
)
def test_what_is_no_list_is_refused(data: str | bytes, problem: str) -> None:
    """I07, B335: the byte, the row and what would be right."""
    assert problems(data) == [problem]


def test_a_thousand_lines_are_read() -> None:
    assert len(read_medicines("senna\n" * 1000).lines) == 1000


# --- the command ----------------------------------------------------------------------------


def run(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "ldn_titration", "facts", *arguments],
        capture_output=True,
        check=False,
        env={**os.environ, "COLUMNS": "80"},
    )


def test_the_command_prints_facts_that_a_request_takes() -> None:
    path = ROOT / "examples" / "medications.csv"
    done = run(str(path), "--format", "json", "--assessed-on", "2027-01-02")
    assert (done.returncode, done.stderr) == (0, b"")
    shown: dict[str, Any] = json.loads(done.stdout)
    assert list(shown) == ["schema", "patient", "readings", "not_understood", "knowledge"]
    assert shown["schema"] == "ldn-titration/facts/1"
    found = read_medicines(path.read_bytes())
    facts = found.facts(PatientFacts(assessed_on="2027-01-02"))  # type: ignore[arg-type]
    assert PatientFacts.model_validate(shown["patient"]) == facts
    lines = path.read_text(encoding="utf-8").splitlines()[1:]
    assert [reading["line"] for reading in shown["readings"]] == lines


def test_a_last_dose_is_told_as_a_day_or_a_month_or_not_at_all() -> None:
    lines = ("Percocet last taken 2026-12-20", "Percocet last taken 2026-11", "Percocet stopped")
    found = read_medicines("\n".join((*lines, "senna")))
    shown = json.loads(medicines_json(found, PatientFacts(), {}))
    assert [reading["last_taken"] for reading in shown["readings"]] == [
        *("2026-12-20", "2026-11", None, None),
    ]


def test_the_command_shows_every_line_and_what_was_not_understood() -> None:
    done = run(str(ROOT / "examples" / "medications.txt"), "--format", "text")
    assert done.returncode == 3
    text = done.stdout.decode()
    assert "- row 8: not understood: pain tablets from a neighbour" in text
    assert "- OxyContin: last 2026-12-01" in text
    assert all(len(line) <= 80 for line in text.splitlines())


@pytest.mark.parametrize(
    ("stdin", "arguments", "code"),
    [
        (b"senna", [], 0),
        (b"none", [], 0),
        (b"blorp", [], 3),
        (b"", [], 2),
        (b"\xb5", [], 2),
        (b"medicine,dose\nsenna", [], 2),
        (b"senna", ["--assessed-on", "2.1.2027"], 2),
        (b'{"resourceType": "Bundle", "type": "collection", "total": 3}', [], 3),
        (b'{"resourceType": "Patient"}', [], 2),
        (b"{", [], 2),
    ],
)
def test_the_exit_code_tells_what_was_understood(
    stdin: bytes,
    arguments: list[str],
    code: int,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin)))
    assert main(["facts", "-", *arguments]) == code
    told = capfd.readouterr()
    assert bool(told.err) == (code == 2)
    assert bool(told.out) == (code != 2)


@pytest.mark.hazard("W15")
@pytest.mark.parametrize(
    "text",
    [
        "oxycodone IR 5 mg ?stopped 2026-10-01",
        "oxycodone IR 5 mg, last dose 2026-10-01?",
        "? oxycodone IR 5 mg stopped 2026-10-01",
        "oxycodone IR 5 mg stopped 2026-10-01 (\uff1f)",
    ],
)
def test_an_end_with_a_question_mark_is_not_believed(text: str) -> None:
    line = read_medicine(text)
    assert [exposure.ongoing for exposure in line.exposures] == [True]
    assert not line.understood


@pytest.mark.parametrize(
    ("row", "reading"),
    [
        (
            "aspirin,,changed to codeine,",
            "codeine now [aspirin; changed to codeine (not understood)] ? changed to codeine",
        ),
        (
            "aspirin,,changed to zorbex,",
            "[aspirin; changed to zorbex (not understood)] ? changed to zorbex",
        ),
        (
            "oxycodone,continue 1 tab q6h,,2026-10-01",
            "oxycodone now [oxycodone continue 1 tab q6h (not understood)]"
            " ? continue, stopped 2026-10-01",
        ),
        (
            "oxycodone,restarted 1 tab q6h,,2026-10-01",
            "oxycodone now [oxycodone restarted 1 tab q6h] ? restarted, stopped 2026-10-01",
        ),
        ("oxycodone,1 tab q6h prn,,2026-10-01", "oxycodone 2026-10-01"),
    ],
)
def test_the_words_of_a_row_are_kept_and_may_speak_against_its_end(row: str, reading: str) -> None:
    assert table("medicine,directions,status,stopped", row) == [reading]


def test_no_answer_to_what_was_not_recognised_hides_an_opioid_of_a_status() -> None:
    long = "aspirin " + "1 tablet by mouth daily " * 7
    for name in ("aspirin", long.strip()):
        found = read_medicines(f"medicine,status\n{name},changed to codeine")
        patient = known_facts(unrecognised_medicines_checked="yes")
        only_listed = patient.model_copy(update={"medications": found.medications})
        assert screen(found.facts(patient), START).verdict is Verdict.STOP
        assert screen(only_listed, START).verdict not in CLEARS


@pytest.mark.hazard("W15")
def test_a_last_dose_of_what_is_taken_as_needed_is_no_end() -> None:
    line = read_medicine("oxycodone IR 5 mg prn, last dose 2026-10-01")
    assert [(e.ongoing, str(e.last_taken)) for e in line.exposures] == [(True, "unknown")]
    assert line.rest == ("last dose 2026-10-01",)
    assert read_medicine("oxycodone 5 mg prn, stopped 2026-10-01").last == date(2026, 10, 1)
    row = "medicine,directions,last_taken\noxycodone,1 tab as needed,2026-10-01"
    assert [(e.ongoing, str(e.last_taken)) for e in read_medicines(row).exposures] == [
        (True, "unknown")
    ]


@pytest.mark.parametrize(
    ("table", "row"),
    [("medicine,{},status\nsenna,,", "row 1"), ("medicine,status\nsenna,\n{},", "row 3")],
)
@pytest.mark.hazard("S05", "I07")
def test_a_cell_longer_than_a_csv_reader_takes_is_refused(table: str, row: str) -> None:
    """S05: found by P60: the reader of the standard library stops at 131,072 characters."""
    with pytest.raises(InvalidInputError, match="too long") as caught:
        read_medicines(table.format("x" * 200_000))
    assert [problem.path for problem in caught.value.problems] == [row]


def test_a_status_too_long_to_stand_in_the_list_is_refused() -> None:
    assert problems("medicine,status\naspirin," + "a" * 101) == [
        "row 2, status: is longer than 100 characters"
    ]
