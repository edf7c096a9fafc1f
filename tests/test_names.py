"""Names: what a line of a medication list is read as, and that no opioid hides in one."""

from __future__ import annotations

import csv
import io
import re
import string
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ldn_titration import OpioidExposure, OpioidHistory
from ldn_titration.basis import medicine_read
from ldn_titration.knowledge import Line, knowledge
from ldn_titration.rules.exposures import Exposure, ListedMedicine, exposures_of
from ldn_titration.testing import known_facts

HERE = Path(__file__).parent / "data"
USUAL = (HERE / "usual_medicines.txt").read_text(encoding="utf-8").splitlines()
OPIOIDS = (HERE / "opioid_lines.txt").read_text(encoding="utf-8").splitlines()
NO_AGONIST = {"antagonist", "not_opioid_agonist"}


def rows(name: str) -> list[dict[str, str]]:
    """One shipped table, read without the library."""
    text = (files("ldn_titration.knowledge") / f"{name}.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(io.StringIO(text, newline="")))


ROWS = {row["id"]: row for row in rows("opioids")}
PRODUCTS = rows("products")


def read(text: str) -> Line:
    return knowledge().read_line(text)


def clears(line: Line) -> bool:
    """Whether the line would be taken for one without an opioid."""
    return line.kind == "ordinary" or (line.kind == "listed" and not line.names_an_opioid)


def told(line: Line) -> str:
    """A reading in short: ``listed: senna + oxycodone_ir|oxycodone_er``, ``unknown: pills``."""
    names = [
        "|".join(row.id for row in name.opioids) or "|".join(name.medicines) for name in line.names
    ]
    left = f" ? {' '.join(line.unexplained)}" if line.unexplained else ""
    return f"{line.kind}: {' + '.join(names)}{left}"


# --- two lists from practice ----------------------------------------------------------------


def test_usual_medicines_are_understood() -> None:
    """W02: a reader who is asked about everything soon answers without reading."""
    assert len(USUAL) == len(set(USUAL)) == 676
    lines = [read(text) for text in USUAL]
    worse = [told(line) for line in lines if line.kind == "hidden" or line.names_an_opioid]
    assert worse == []
    rest = [f"{line.text}  ->  {told(line)}" for line in lines if not clears(line)]
    assert {line.kind for line in lines if not clears(line)} <= {"unknown"}
    assert len(rest) <= len(USUAL) // 10, "\n".join(rest)


@pytest.mark.hazard("W03")
def test_no_line_with_an_opioid_is_taken_for_one_without() -> None:
    """W03, W13: brands, combinations, abbreviations and misspellings from practice."""
    assert len(OPIOIDS) == len(set(OPIOIDS)) == 410
    assert [told(line) for line in map(read, OPIOIDS) if clears(line)] == []
    named = sum(read(text).names_an_opioid for text in OPIOIDS)
    assert named >= len(OPIOIDS) // 2, "most are told by name, not only as not recognised"


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        ("Lisinopril 20 MG Oral Tablet take 1 tablet daily", "ordinary: lisinopril"),
        (
            "Lisinopril-HCTZ 20-12.5 mg tab 1 po qd",
            "ordinary: lisinopril + hydrochlorothiazide",
        ),
        ("Synthroid 112 mcg", "ordinary: levothyroxine"),
        ("Zoloft", "ordinary: sertraline"),
        ("Symbicort Turbohaler 200/6 2 puffs bd", "ordinary: budesonide|formoterol"),
        ("metformin ER 500 mg twice daily with meals", "ordinary: metformin"),
        ("Tylenol 500 mg prn", "ordinary: acetaminophen"),
        ("lisinopril #30", "ordinary: lisinopril"),
        ("Tylenol #3", "listed: codeine_ir"),
        ("Tylenol 3", "listed: codeine_ir"),
        ("Tylenol three tabs", "listed: codeine_ir"),
        ("Tylenol II", "listed: codeine_ir"),
        (
            "oxycodone 5 mg IR 1 tab q4h prn",
            "listed: oxycodone_ir|oxycodone_er",
        ),
        ("oxycodone 5 mg 1 tab q4h prn", "listed: oxycodone_ir|oxycodone_er"),
        ("OxyContin 40 mg BID", "listed: oxycodone_er"),
        ("Co-codamol 8mg/500mg effervescent tablets", "listed: codeine_ir"),
        ("Suboxone film 4-1 half strip bid", "listed: buprenorphine_transmucosal"),
        ("Sublocade 300 mg monthly", "listed: buprenorphine_depot"),
        ("MST Continus 10mg bd", "listed: morphine_er"),
        (
            "Celebrex 200 / Butrans 15 / senna",
            "listed: celecoxib + buprenorphine_transdermal + senna",
        ),
        (
            "lisinopril 10 mg, tramadol 50 mg prn",
            "listed: lisinopril + tramadol_ir|tramadol_er",
        ),
        ("Spiriva Respimat 2.5 mcg 2 puffs qd", "listed: tiotropium"),
        ("clonidine 0.1 mg tab bid", "listed: clonidine"),
        ("Narcan 4 mg nasal spray", "listed: naloxone"),
        (
            "oxycodone from a neighbour",
            "hidden: oxycodone_ir|oxycodone_er ? from neighbour",
        ),
        ("kratom tea", "hidden: kratom ? tea"),
        ("blue pills 5 mg", "unknown:  ? blue pills"),
        ("oxycodne 10mg", "unknown:  ? oxycodne"),
        (
            "ibuprofen 200 mg/12.8 mg",
            "unknown: ibuprofen ? a strength that may be an opioid's",
        ),
        ("", "unknown: "),
        ("10 mg twice daily", "unknown: "),
    ],
)
def test_a_typical_line_is_read_as_it_was_meant(text: str, reading: str) -> None:
    """W02, W03, W12, W13: worked examples, word for word."""
    assert told(read(text)) == reading


@pytest.mark.hazard("W17")
@pytest.mark.parametrize(
    "text",
    [
        "Tylenol 300-30 tabs",
        "Tylenol 300/30 mg tabs",
        "acetaminophen 300/30 tablets prn",
        "acetaminophen 3 prn",
        "APAP 5/325 1 tab q6h prn",
        "acetaminophen 10-325 tab",
        "butalbital acetaminophen caffeine 50-325-40-30 mg caps",
        "Fioricet 30 mg",
        "promethazine 6.25-10 mg/5mL syrup",
        "Nurofen + tablets",
    ],
)
def test_an_opioid_that_only_its_strength_betrays_does_not_clear(text: str) -> None:
    """W03: what is sold with codeine or hydrocodone, written without its name."""
    assert not clears(read(text)), told(read(text))


@pytest.mark.parametrize(
    "text",
    [
        "Tylenol 300-30",
        "acetaminophen 300/30 mg",
        "ibuprofen 200 mg 12.8 mg",
        "aspirin carisoprodol 325-200-16 mg",
        "guaifenesin 100-10 mg/5 mL",
        "Robitussin AC",
        "Panadol Co",
        "Aspro plus",
        "acetaminophen #3",
        "\u043exycodone 5 mg",  # a Cyrillic letter
        "oxy\u200bcodone 5 mg",  # a space of no width
        "oxy\u00adcodone",  # a soft hyphen
        "oxycod0ne",
        "5mgtramadol",
        "lisinoprilandtramadol",
        "T3s",
    ],
)
def test_what_may_be_an_opioid_does_not_clear(text: str) -> None:
    """W03, W12: a name that is bent or broken is not recognised, never ordinary."""
    assert read(text).kind == "unknown", told(read(text))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("ibuprofen 01.02.2026", id="date"),
        pytest.param("aspirin 1,000.5", id="comma and point"),
        pytest.param("Tylenol \u1369", id="Ethiopic"),
        pytest.param("lisinopril #\u1369", id="Ethiopic quantity"),
        pytest.param(f"lisinopril #{'9' * 5000}", id="long"),
    ],
)
def test_an_odd_number_does_not_break_a_screening(text: str) -> None:
    """W11: one odd line must not keep the others from being read."""
    assert read(text).text == text


# --- every name, in every dress -------------------------------------------------------------


def names_of(row: dict[str, str]) -> list[str]:
    names = [row["substance"], row["name"], *row["synonyms"].split(";")]
    return list(dict.fromkeys(filter(None, names)))


def dressed(name: str) -> Iterator[str]:
    """The ways in which people write a name."""
    yield name
    yield f"{name} 5 mg tablet twice daily"
    yield " 10 mg ".join(name.split(" "))
    yield name.upper()
    yield name.replace(" ", "-")
    yield f"({name})"
    yield f"pain relief ({name})"
    yield f"  {name},  "
    yield from re.findall(r"\[[^\]]+\]", name)
    yield from (brand[1:-1] for brand in re.findall(r"\[[^\]]+\]", name))


@pytest.mark.parametrize("id", sorted(ROWS))
def test_no_name_of_the_opioid_table_is_ever_ordinary(id: str) -> None:
    """W03, W12, W13: alone, bracketed, with a strength, in capitals, with hyphens."""
    is_opioid = ROWS[id]["kind"] not in NO_AGONIST
    for name in names_of(ROWS[id]):
        assert id in [row.id for row in knowledge().named(name)], name
        for text in dressed(name):
            line = read(text)
            assert line.kind != "ordinary", text
            assert not (is_opioid and clears(line)), (text, told(line))
        alone = read(name)
        assert alone.kind == "listed", name
        assert alone.names_an_opioid == is_opioid, name


def test_no_product_is_ever_ordinary() -> None:
    """W03, W04: 1,127 product names with their brands, in every dress."""
    wrong = [
        (text, told(line))
        for product in PRODUCTS
        for text in dressed(product["name"])
        if clears(line := read(text))
    ]
    assert wrong == []
    assert len(PRODUCTS) == 1127


# --- property -------------------------------------------------------------------------------

ORDINARY = [text for text in USUAL if read(text).kind == "ordinary"]
AGONISTS = [
    name for row in ROWS.values() if row["kind"] not in NO_AGONIST for name in names_of(row)
]
VOCABULARY = {
    word
    for table in ("opioids", "medicines", "brands", "qualifiers")
    for row in rows(table)
    for column in ("id", "substance", "name", "synonyms", "words")
    for word in re.findall(r"[^\W\d_]+", row.get(column, "").casefold())
}
STRANGERS = st.text(string.ascii_letters, min_size=3, max_size=9).filter(
    lambda word: word.casefold() not in VOCABULARY
)


def put_into(line: str, word: str, place: int) -> str:
    """A line with a word put between two of its words, or at an end."""
    words = line.split(" ")
    place %= len(words) + 1
    return " ".join([*words[:place], word, *words[place:]])


PLACES = st.integers(0, 40)


@settings(max_examples=1000)
@given(st.sampled_from(ORDINARY), STRANGERS, PLACES)
def test_a_word_that_nobody_knows_is_never_skipped(line: str, word: str, place: int) -> None:
    """W02: a line is ordinary only if every word of it is understood."""
    found = read(put_into(line, word, place))
    assert found.kind == "unknown"
    assert word.casefold() in found.unexplained


@settings(max_examples=1000)
@given(st.sampled_from(ORDINARY), st.sampled_from(AGONISTS), PLACES)
def test_an_opioid_in_an_ordinary_line_is_never_lost(line: str, name: str, place: int) -> None:
    """W03, W13: wherever it stands in the line."""
    found = read(put_into(line, name, place))
    assert found.kind in {"listed", "hidden"}, told(found)
    assert found.names_an_opioid


@settings(max_examples=1000)
@given(st.sampled_from(ORDINARY), st.sampled_from(PRODUCTS), PLACES)
def test_a_product_in_an_ordinary_line_is_never_lost(
    line: str, product: dict[str, str], place: int
) -> None:
    """W03, W04: nor is what its long name says."""
    assert not clears(read(put_into(line, product["name"], place)))


PIECES = st.one_of(
    st.text(max_size=6),
    st.sampled_from(["Tylenol", "ibuprofen", "lisinopril", "oxycodone", "mg", "tablet", "q6h"]),
    st.from_regex(r"[0-9#%+/.,x-]{1,8}", fullmatch=True),
)
TEXTS = st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=6).map(" ".join))


@settings(max_examples=1000)
@given(TEXTS)
@example("ibuprofen 1.2.3")
def test_no_text_breaks_the_reader(text: str) -> None:
    """W02, W11: any text is read as one of the four kinds; no text names an opioid unseen."""
    base = knowledge()
    line = base.read_line(text)
    assert line.kind in {"ordinary", "listed", "hidden", "unknown"}
    assert (line.kind == "hidden") <= line.names_an_opioid
    assert (line.kind in {"ordinary", "listed"}) == (bool(line.names) and not line.unexplained)
    assert isinstance(base.named(text), tuple)
    assert base.coded(text) == () or text.isdigit()
    assert base.read_code(text).kind in {"ordinary", "listed", "unknown"}
    if "oxycodone" in text.split():
        assert line.names_an_opioid


# --- near-names -----------------------------------------------------------------------------

NEAR = sorted(key for key, row in ROWS.items() if row["kind"] in NO_AGONIST)


def test_the_near_names_are_these() -> None:
    """W12: pinned; none may turn into an opioid, nor an opioid into one of these."""
    assert NEAR == [
        "alvimopan",
        "apomorphine",
        "bupropion_naltrexone",
        "clonidine",
        "dextromethorphan",
        "ipratropium",
        "lofexidine",
        "methylnaltrexone",
        "naldemedine",
        "nalmefene",
        "naloxegol",
        "naloxone",
        "naltrexone",
        "noscapine",
        "samidorphan",
        "tiotropium",
    ]


@pytest.mark.parametrize("id", NEAR)
def test_a_near_name_is_no_opioid_and_says_why(id: str) -> None:
    """W12: recognised by its whole name, with a sentence of its own."""
    row = ROWS[id]
    for name in names_of(row):
        for text in (name, f"{name} 10 mg tablet twice daily", name.upper()):
            line = read(text)
            assert line.kind == "listed", text
            assert not line.names_an_opioid, text
            assert id in [opioid.id for found in line.names for opioid in found.opioids], text
            why = medicine_read(ListedMedicine(text, line), knowledge()).why
            assert row["why_not"] in why
    assert row["why_not"].endswith(".")
    assert re.split(r"\W", row["name"])[0].casefold() in row["why_not"].casefold()
    assert len(row["why_not"].split()) >= 7
    assert row["acting"] not in {"short", "long"}


def test_no_two_near_names_share_their_sentence_and_no_opioid_has_one() -> None:
    """W12: a reason that is copied is none."""
    assert len({ROWS[key]["why_not"] for key in NEAR}) == len(NEAR)
    assert {key for key, row in ROWS.items() if row["why_not"]} == set(NEAR)


@pytest.mark.hazard("W12")
@pytest.mark.parametrize(
    ("near", "opioid"),
    [
        ("apomorphine", "morphine"),
        ("ipratropium", "opium"),
        ("tiotropium", "opium"),
        ("methylnaltrexone", "naltrexone"),
        ("dextromethorphan", "levorphanol"),
        ("Fioricet", "Fioricet with Codeine"),
        ("carisoprodol", "Soma Compound with Codeine"),
    ],
)
def test_a_near_name_and_what_it_resembles_are_told_apart(near: str, opioid: str) -> None:
    """W12: neither is taken for the other, and both together are both."""
    assert clears(read(near))
    one = {row.id for name in read(near).names for row in name.opioids}
    other = {row.id for name in read(opioid).names for row in name.opioids}
    assert not one & other
    both = read(f"{near} 2 mg, {opioid} 10 mg")
    assert {row.id for name in both.names for row in name.opioids} >= one | other


COMBINED = [
    ("oxycodone", "naloxone"),
    ("tilidine", "naloxone"),
    ("buprenorphine", "naloxone"),
    ("pentazocine", "naloxone"),
    ("morphine", "naltrexone"),
    ("oxycodone", "naltrexone"),
]


@pytest.mark.parametrize(("agonist", "antagonist"), COMBINED)
def test_an_opioid_with_its_antagonist_is_an_opioid(agonist: str, antagonist: str) -> None:
    """W03, W12: the word naloxone or naltrexone clears nothing, in either order."""
    for first, second in ((agonist, antagonist), (antagonist, agonist)):
        for text in (
            f"{first}/{second}",
            f"{first}-{second}",
            f"{first} {second}",
            f"{first} and {second}",
            f"{first} 10 mg/{second} 5 mg",
            f"{first} 10 mg / {second} 5 mg prolonged-release tablets",
            f"{first} hydrochloride 10 mg + {second} hydrochloride 5 mg tabs bd",
            f"{first.upper()}/{second.upper()} 10/5 mg PR",
        ):
            line = read(text)
            assert line.kind == "listed", (text, told(line))
            assert line.names_an_opioid, text
            opioids = [row for name in line.names for row in name.opioids if row.is_opioid]
            assert agonist in {word for row in opioids for word in row.id.split("_")}, text


# --- products -------------------------------------------------------------------------------


def exposure_to(**changes: str) -> Exposure:
    """How an exposure, told of with a day and no release form, is matched."""
    taken = OpioidExposure(last_taken="2026-12-01", **changes)  # type: ignore[arg-type]
    facts = known_facts(opioids=OpioidHistory(status="known", exposures=(taken,)))
    (found,) = exposures_of(facts, (), knowledge())
    return found


def test_every_product_leads_to_its_row_by_code_and_by_name() -> None:
    """W03, W04: each to exactly the row of its table, with that row's window."""
    base = knowledge()
    for product in PRODUCTS:
        row = ROWS[product["opioid"]]
        window = (int(row["min_days"]), int(row["max_days"])) if row["max_days"] else None
        line = read(product["name"])
        denoted = [opioid for name in line.names for opioid in name.opioids]
        for found in (
            base.coded(product["rxcui"]),
            base.named(product["name"]),
            base.named(product["name"].upper()),
            tuple(denoted),
        ):
            assert [each.id for each in found] == [row["id"]], product
            assert found[0].window == window, product
        assert line.kind == "listed", product
        assert base.read_code(product["rxcui"]).names_an_opioid, product


@pytest.mark.hazard("W04")
def test_the_release_of_a_product_is_that_of_its_row() -> None:
    """W04: a patch is no tablet; methadone alone is long-acting in every form."""
    for product in PRODUCTS:
        release = ROWS[product["opioid"]]["release"]
        assert release in {"any", product["release"]}, product
    assert len({product["rxcui"] for product in PRODUCTS}) == len(PRODUCTS)
    assert len({product["name"].casefold() for product in PRODUCTS}) == len(PRODUCTS)


def test_the_code_of_a_product_settles_the_form_of_an_exposure() -> None:
    """W04: by its product an exposure can be counted though nobody stated the form."""
    for product in PRODUCTS:
        for how in ({"rxcui": product["rxcui"]}, {"substance": product["name"]}):
            found = exposure_to(**how)
            assert found.settled, product
            assert [row.id for row in found.rows] == [product["opioid"]], product


SEVERAL_FORMS = sorted(
    substance
    for substance in {row["substance"] for row in ROWS.values()}
    if len({row["max_days"] for row in ROWS.values() if row["substance"] == substance}) > 1
)


@pytest.mark.parametrize("substance", SEVERAL_FORMS)
def test_a_bare_substance_or_its_code_leaves_the_form_open(substance: str) -> None:
    """W04: the longest window that could apply is kept, and nothing is counted."""
    forms = [row for row in ROWS.values() if row["substance"] == substance]
    longest = max(int(row["max_days"] or 0) for row in forms)
    codes = {row["rxcui"] for row in forms if row["rxcui"]}
    asked = [exposure_to(substance=substance), *(exposure_to(rxcui=code) for code in codes)]
    for found in asked:
        assert not found.settled
        assert found.longest == longest
        assert {row.id for row in found.rows} == {row["id"] for row in forms}


@pytest.mark.parametrize("code", ["", "0", "1191", "99999999", "unii:", "local:1", "7804 ", "x"])
def test_a_code_that_nobody_knows_denotes_nothing(code: str) -> None:
    """W02: a code is whole or it is none."""
    assert knowledge().coded(code) == ()
    assert knowledge().read_code(code).kind == "unknown"


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        ("Tylenol #3 1 tab q6h prn", "listed: codeine_ir"),
        ("take Tylenol # 4 prn", "listed: codeine_ir"),
        ("Tylenol #5 prn", "unknown: acetaminophen ? a strength that may be an opioid's"),
        ("lisinopril #30", "ordinary: lisinopril"),
        ("lisinopril #3 daily", "unknown: lisinopril ? #"),
    ],
)
def test_a_number_behind_its_sign_belongs_to_an_opioids_name(text: str, reading: str) -> None:
    """W03: also with more words around it."""
    assert told(read(text)) == reading


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("Tylenol #3", ("tylenol 3",)),
        ("Tylenol #3 prn", ("tylenol 3",)),
        ("lisinopril 10 mg, tramadol 50 mg", ("lisinopril", "tramadol")),
        ("oxycodone 10 mg/naloxone 5 mg tab", ("oxycodone naloxone",)),
        ("oxycodone tea", ("oxycodone",)),
        ("blue pills", ()),
    ],
)
def test_each_name_comes_with_the_words_by_which_it_was_found(
    text: str, keys: tuple[str, ...]
) -> None:
    line = read(text)
    assert line.keys == keys
    assert len(line.names) == len(keys)
