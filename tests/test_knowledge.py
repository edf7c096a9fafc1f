"""The knowledge base: what is in it, that it hangs together, and that damage is noticed."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Callable, Iterator
from fractions import Fraction
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ldn_titration import KnowledgeError, Mass, PatientFacts, screen, selfcheck
from ldn_titration import knowledge as shipped
from ldn_titration.findings import Severity
from ldn_titration.knowledge import TABLES, Knowledge, knowledge, shipped_tables
from ldn_titration.knowledge.names import key_of
from ldn_titration.rules.case import Case, Due, Found, Rule
from ldn_titration.selfcheck import Canary, canaries, require_canaries
from ldn_titration.testing import known_facts

Tables = dict[str, bytes]
Line = dict[str, str]

HERE = files("ldn_titration.knowledge")
SHIPPED: Tables = {name: (HERE / f"{name}.csv").read_bytes() for name in TABLES}
LONG = ("brands", "medicines", "products")


def rows(name: str) -> list[Line]:
    """One shipped table, read without the library."""
    return list(csv.DictReader(io.StringIO(SHIPPED[name].decode("utf-8"), newline="")))


def with_rows(name: str, changed: list[Line]) -> Tables:
    """The shipped tables with these lines in place of one of them."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, changed[0].keys(), lineterminator="\n")
    writer.writeheader()
    writer.writerows(changed)
    return {**SHIPPED, name: out.getvalue().encode("utf-8")}


def with_cell(name: str, place: int, column: str, value: str) -> Tables:
    changed = rows(name)
    changed[place] = {**changed[place], column: value}
    return with_rows(name, changed)


def without(name: str, column: str, value: str) -> Tables:
    """The shipped tables without the row that has this value; there must be one."""
    kept = [row for row in rows(name) if row[column] != value]
    assert len(kept) == len(rows(name)) - 1
    return with_rows(name, kept)


def after(name: str, more: int = 1) -> str:
    """The file and line that come so far after the last row of a table."""
    return f"{name}.csv, line {len(rows(name)) + 1 + more}"


def place_of(id: str) -> int:
    return [row["id"] for row in rows("opioids")].index(id)


def words_within(name: str) -> set[str]:
    """Every run of whole words of a key."""
    words = name.split()
    ends = range(1, len(words) + 1)
    return {" ".join(words[first:end]) for end in ends for first in range(end)}


# --- what is in it --------------------------------------------------------------------------


LENGTHS = {
    "brands": 3088,
    "conditions": 23,
    "contradictions": 24,
    "interactions": 15,
    "medicines": 4772,
    "opioids": 87,
    "policy": 45,
    "products": 1127,
    "protocols": 36,
    "qualifiers": 10,
    "rules": 50,
    "sources": 115,
}


def test_the_tables_have_their_pinned_lengths() -> None:
    """K01: a row that is dropped or added is a reviewed change."""
    assert {name: len(rows(name)) for name in TABLES} == LENGTHS
    assert shipped_tables() == SHIPPED
    assert {path.name for path in HERE.iterdir() if path.name.endswith(".csv")} == {
        f"{name}.csv" for name in (*TABLES, "manifest")
    }


def test_everything_that_is_written_in_a_table_is_read() -> None:
    """K01: no row is lost between the table and the rules."""
    base = Knowledge(SHIPPED)
    base.read_all()
    conditions = {row.id for row in base.conditions.values()}
    read = [base.brands, conditions, base.contradictions, base.interactions, base.medicines]
    read += [base.opioids, base.policy, base.products, base.protocols]
    assert [len(table) for table in read] == [
        LENGTHS[name] for name in sorted(TABLES) if name not in {"qualifiers", "rules", "sources"}
    ]
    assert (len(base.rules), len(base.sources)) == (LENGTHS["rules"], LENGTHS["sources"])
    assert sum(len({row.name, row.substance, *row.synonyms}) for row in base.opioids) == 639
    assert len(canaries()) == 56


WINDOWS = {
    (7, 10): """
        acetyldihydrocodeine alfentanil alphaprodine anileridine benzhydrocodone butorphanol
        codeine_ir dextromoramide dezocine diamorphine difenoxin dihydrocodeine_ir diphenoxylate
        dipipanone ethylmorphine fentanyl_ir hydrocodone_ir hydromorphone_ir ketobemidone kratom
        meperidine meptazinol morphine_ir nalbuphine nicomorphine oliceridine opium oxycodone_ir
        oxymorphone_ir pentazocine phenazocine phenoperidine piritramide remifentanil sufentanil
        tapentadol_ir thebacon tianeptine tilidine_ir tramadol_ir""",
    (10, 14): """
        bezitramide buprenorphine_injection buprenorphine_transdermal buprenorphine_transmucosal
        codeine_er dextropropoxyphene dihydrocodeine_er fentanyl_transdermal hydrocodone_er
        hydromorphone_er illicit_synthetic_opioid levomethadone levorphanol methadone morphine_er
        morphine_naltrexone normethadone oxycodone_er oxycodone_naloxone oxycodone_naltrexone
        oxymorphone_er pholcodine tapentadol_er tilidine_er tramadol_er""",
    (14, 14): "levacetylmethadol",
    None: "buprenorphine_depot",
    (0, 10): "eluxadoline loperamide",
    (0, 0): "difelikefalin nalfurafine",
}
NO_AGONISTS = {
    "implies_opioid": "alvimopan lofexidine methylnaltrexone naldemedine naloxegol naloxone",
    "duplicate_antagonist": "bupropion_naltrexone nalmefene naltrexone samidorphan",
    "": "apomorphine clonidine dextromethorphan ipratropium noscapine tiotropium",
}


@pytest.mark.hazard("K04")
def test_each_agonist_has_the_window_of_the_clinical_reference() -> None:
    """K01, K04: facts.md 1.3 and 1.4, drug by drug; transcribed here a second time."""
    found: dict[tuple[int, int] | None, set[str]] = {}
    for row in knowledge().opioids:
        if row.is_opioid:
            found.setdefault(row.window, set()).add(row.id)
    assert found == {window: set(ids.split()) for window, ids in WINDOWS.items()}


def test_what_is_no_agonist_is_listed_with_what_its_presence_means() -> None:
    found: dict[str, set[str]] = {}
    for row in knowledge().opioids:
        if not row.is_opioid:
            found.setdefault(row.presence, set()).add(row.id)
    assert found == {presence: set(ids.split()) for presence, ids in NO_AGONISTS.items()}


@pytest.mark.hazard("W13")
@pytest.mark.parametrize(
    ("name", "ids"),
    [
        ("co-codamol", "codeine_ir"),
        ("Tylenol with Codeine", "codeine_ir"),
        ("Nurofen Plus", "codeine_ir"),
        ("Tuzistra", "codeine_er"),
        ("Vicodin", "hydrocodone_ir"),
        ("Tussionex", "hydrocodone_er"),
        ("Percocet", "oxycodone_ir"),
        ("OxyContin", "oxycodone_er"),
        ("oxycodone", "oxycodone_ir oxycodone_er"),
        ("pethidine", "meperidine"),
        ("heroin", "diamorphine"),
        ("propoxyphene", "dextropropoxyphene"),
        ("LAAM", "levacetylmethadol"),
        ("Physeptone", "methadone"),
        ("MST Continus", "morphine_er"),
        ("Embeda", "morphine_naltrexone"),
        ("Targiniq", "oxycodone_naloxone"),
        ("Duragesic", "fentanyl_transdermal"),
        ("carfentanil", "illicit_synthetic_opioid"),
        ("Butrans", "buprenorphine_transdermal"),
        ("Suboxone", "buprenorphine_transmucosal"),
        ("Temgesic", "buprenorphine_transmucosal buprenorphine_injection"),
        ("Sublocade", "buprenorphine_depot"),
        ("mitragynine", "kratom"),
        ("Ultram", "tramadol_ir tramadol_er"),
        ("Lomotil", "diphenoxylate"),
        ("Imodium", "loperamide"),
        ("poppy seed tea", "opium"),
        ("LDN", "naltrexone"),
        ("Vivitrol", "naltrexone"),
        ("Contrave", "bupropion_naltrexone"),
        ("Narcan", "naloxone"),
        ("Relistor", "methylnaltrexone"),
        ("  ms   CONTIN ", "morphine_er"),
        ("Morphine  /Naltrexone", "morphine_naltrexone"),
    ],
)
def test_a_name_denotes_its_rows_and_no_others(name: str, ids: str) -> None:
    """W03, W13: combinations, brands and unusual opioids, sentinel by sentinel."""
    assert [row.id for row in knowledge().named(name)] == ids.split()


@pytest.mark.parametrize(
    "name", ["morfina", "opiumm", "codein", "naltrexon", "Fioricet", "Robafen", "aspirin", "", " "]
)
def test_a_part_of_a_name_or_a_misspelt_one_denotes_nothing(name: str) -> None:
    """W12: exact names."""
    assert knowledge().named(name) == ()


def test_a_code_denotes_every_row_that_bears_it_and_no_code_denotes_nothing() -> None:
    codes = {row["rxcui"] for row in rows("opioids") if row["rxcui"]}
    assert len(codes) == 45
    for code in codes:
        expected = [row["id"] for row in rows("opioids") if row["rxcui"] == code]
        assert [row.id for row in knowledge().coded(code)] == expected
    assert knowledge().coded("1191") == ()
    assert [row.id for row in knowledge().coded("7804")] == ["oxycodone_ir", "oxycodone_er"]


LIMITS = {
    # the dose, facts.md 5 and C14
    "low_dose_floor": ("1", "mcg"),
    "low_dose_caution": ("4.5", "mg"),
    "low_dose_ceiling": ("6", "mg"),
    "standard_dose_ceiling": ("100", "mg"),
    "usual_start_most": ("3", "mg"),
    "usual_increment_most": ("1.5", "mg"),
    "usual_step_least": ("7", "days"),
    "open_step": ("28", "days"),
    # opioids, facts.md 1.4 and 4, C22
    "depot_lookback": ("365", "days"),
    "analgesic_strength_least": ("75", "mg"),
    "quantity_least": ("5", "pieces"),
    "tablets_at_once": ("2", "tablets"),
    "loperamide_dose_most": ("16", "mg"),
    "loperamide_high_min": ("10", "days"),
    "loperamide_high_max": ("14", "days"),
    "stop_before_opioid": ("3", "days"),
    "stop_before_opioid_depot": ("30", "days"),
    "gap_to_resume": ("14", "days"),
    "lofexidine_gap": ("2", "hours"),
    "lone_step": ("7", "days"),
    "order_surplus": ("2", "times"),
    # the patient, facts.md 3.2 and 3.4
    "adult_age": ("18", "years"),
    "liver_enzymes_caution": ("3", "times the upper limit"),
    "liver_enzymes_hold": ("5", "times the upper limit"),
    "thyroid_start_most": ("0.5", "mg"),
    "thyroid_step_least": ("14", "days"),
    "thyroid_test_first": ("4", "weeks"),
    "thyroid_test_last": ("8", "weeks"),
    "liver_test_every": ("3", "months"),
    "review_at_target": ("3", "months"),
    "assessment_age": ("90", "days"),
    "missed_dose": ("12", "hours"),
    # the preparation, facts.md 6
    "commercial_tablet": ("50", "mg"),
    "solubility": ("100", "mg/mL"),
    "dropper_tolerance": ("10", "percent"),
    "dropper_volume_error": ("15", "percent"),
    "drops_per_mL_least": ("5", "drops/mL"),
    "drops_per_mL_most": ("60", "drops/mL"),
    "beyond_use_aqueous": ("14", "days"),
    "beyond_use_preserved": ("35", "days"),
    "beyond_use_oily": ("90", "days"),
    "beyond_use_solid": ("180", "days"),
    "beyond_use_1_mg_per_mL_cold": ("60", "days"),
    "beyond_use_1_mg_per_mL_room": ("30", "days"),
    "beyond_use_opened": ("28", "days"),
}


@pytest.mark.hazard("K04")
def test_each_limit_has_its_figure_and_unit_and_there_is_no_other() -> None:
    """K04: every figure transcribed here a second time, from the clinical reference."""
    found = {key: (row.value, row.unit) for key, row in knowledge().policy.items()}
    assert found == {key: (Fraction(value), unit) for key, (value, unit) in LIMITS.items()}


@pytest.mark.parametrize("key", sorted(LIMITS))
def test_a_limit_is_read_in_its_unit(key: str) -> None:
    """K04: 10 percent is a tenth, 4.5 mg is no microgram, and a day is a whole number."""
    row = knowledge().policy[key]
    value, unit = LIMITS[key]
    if unit in {"mg", "mcg"}:
        assert row.mass == Mass(f"{value} {unit}")
    elif unit == "percent":
        assert row.share == Fraction(value) / 100
    else:
        assert row.whole == row.value


# --- that it hangs together -----------------------------------------------------------------


def cited(row: Line) -> list[str]:
    return (row.get("sources") or row["source"]).split(";")


CITING = sorted(set(TABLES) - {"sources"})


@pytest.mark.parametrize("name", CITING)
def test_every_row_cites_sources_that_are_listed(name: str) -> None:
    """K04: each figure has its source beside it, read here from the bare tables."""
    listed = {row["key"] for row in rows("sources")}
    for row in rows(name):
        assert set(cited(row)) <= listed, row
        assert len(set(cited(row))) == len(cited(row)), row
        assert row.get("confidence") != "", row
        assert row.get("fact") != "", row
        assert (row["reviewed_by"] == "") == (row["reviewed_on"] == ""), row


def test_every_source_can_be_found_and_has_a_tier() -> None:
    """K04: a tier tells how far a source is to be trusted; nothing cited is without one."""
    for row in rows("sources"):
        assert row["tier"] in {"1", "2", "3", "4", "5"}, row
        assert all(row[column] for column in ("key", "title", "kind", "supports")), row
    known = {key: source.tier for key, source in knowledge().sources.items()}
    for name in CITING:
        assert {known[source] for row in rows(name) for source in cited(row)} <= {1, 2, 3, 4, 5}


def test_every_rule_says_what_it_does_what_clears_it_and_what_it_rests_on() -> None:
    """K04: a sentence in our own words beside the sources of each rule."""
    for row in rows("rules"):
        for column in ("title", "says", "clears_when", "fact", "sources"):
            assert row[column].strip(), (row["code"], column)
        assert row["at_least"] == "", "only a site's overlay raises a severity"


def test_no_name_and_no_code_stands_in_two_substances() -> None:
    """W03: one name leads to one substance."""
    substances: dict[str, set[str]] = {}
    for row in rows("opioids"):
        names = {row["substance"], row["name"], *row["synonyms"].split(";"), row["rxcui"]} - {""}
        for name in {"".join(name.lower().split()) for name in names}:
            substances.setdefault(name, set()).add(row["substance"])
    assert {name: found for name, found in substances.items() if len(found) > 1} == {}


def opioid_keys() -> set[str]:
    """The key of every name of the opioid table."""
    return {
        key_of(name)
        for row in rows("opioids")
        for name in (row["id"], row["substance"], row["name"], *row["synonyms"].split(";"))
        if name
    }


def ordinary() -> dict[str, str]:
    """What every ordinary name holds, a brand's answer before a medicine's own."""
    medicines = {row["name"]: row["name"] for row in rows("medicines")}
    return medicines | {row["name"]: row["medicines"] for row in rows("brands")}


@pytest.mark.parametrize("name", ["medicines", "brands"])
def test_an_ordinary_name_is_written_as_it_is_compared(name: str) -> None:
    """W12: a name in another form than its key would never be found."""
    names = [row["name"] for row in rows(name)]
    assert [each for each in names if key_of(each) != each] == []
    assert all(any(letter.isalpha() for letter in each) for each in names)


@pytest.mark.parametrize("name", ["medicines", "brands"])
def test_no_ordinary_name_holds_an_opioid_s_name(name: str) -> None:
    """W03, W12: whole words, near-names with the opioids."""
    opioids = opioid_keys()
    held = {row["name"]: words_within(row["name"]) & opioids for row in rows(name)}
    assert {each: found for each, found in held.items() if found} == {}


def test_every_brand_holds_medicines_that_are_known() -> None:
    """W02: a brand leads to ordinary medicines, or to a brand that stands for itself."""
    medicines = {row["name"] for row in rows("medicines")}
    themselves = {row["name"] for row in rows("brands") if row["medicines"] == row["name"]}
    lost = [
        (row["name"], held)
        for row in rows("brands")
        for held in row["medicines"].split(";")
        if held not in medicines | themselves
    ]
    assert lost == []
    assert not {h for row in rows("brands") for h in row["medicines"].split(";")} & opioid_keys()


def test_every_medicine_of_an_interaction_is_a_known_name() -> None:
    """W02: a row that no line can lead to is a rule that never fires."""
    known = ordinary().keys() | opioid_keys()
    named = [m for row in rows("interactions") for m in row["medicines"].split(";")]
    assert [name for name in named if key_of(name) not in known] == []


def test_every_medicine_of_an_interaction_leads_to_its_row() -> None:
    """W02: read from a line, in capitals and with a strength."""
    base = knowledge()
    for row in rows("interactions"):
        for name in row["medicines"].split(";"):
            assert row["id"] in [found.id for found in base.interactions_with(name)]
            line = base.read_line(f"{name.upper()} 10 mg")
            assert line.kind in {"ordinary", "listed"}
            read = [*line.medicines, *(o.substance for n in line.names for o in n.opioids)]
            met = {found.id for each in read for found in base.interactions_with(each)}
            assert row["id"] in met, name


def test_every_name_of_a_condition_leads_to_its_row_and_to_no_other() -> None:
    """W02: however it is written."""
    base = knowledge()
    owners: dict[str, set[str]] = {}
    for row in rows("conditions"):
        for name in row["names"].split(";"):
            owners.setdefault(key_of(name), set()).add(row["id"])
            for written in (name, name.upper(), f" {name} ", name.replace(" ", "-")):
                found = base.condition(written)
                assert found is not None, written
                assert found.id == row["id"], written
    assert {name: ids for name, ids in owners.items() if len(ids) > 1} == {}
    assert base.condition("no such condition") is None


def test_no_two_tables_disagree() -> None:
    """W03: an opioid is no ordinary medicine, and a name in two tables holds the same."""
    base = knowledge()
    held = ordinary()
    assert held.keys() & opioid_keys() == set()
    products = {key_of(row["name"]) for row in rows("products")}
    assert held.keys() & products == set()
    both = {row["name"] for row in rows("medicines")} & {row["name"] for row in rows("brands")}
    for name in both:
        for medicine in held[name].split(";"):
            assert base.interactions_with(name) == base.interactions_with(medicine), name
    codes = [row["codes"] for row in rows("brands")] + [row["uniis"] for row in rows("medicines")]
    assert not {c for each in codes for c in each.split(";") if c} & set(base.products)
    assert not {row["rxcui"] for row in rows("opioids")} & set(base.products)
    ids = {row["id"]: row for row in rows("opioids")}
    for row in rows("products"):
        assert row["opioid"] in ids
        assert ids[row["opioid"]]["kind"] not in {"antagonist", "not_opioid_agonist"}, row
    rules = {row["code"] for row in rows("rules")}
    assert {row["code"] for name in ("interactions", "conditions") for row in rows(name)} <= rules


def test_each_form_of_a_substance_leaves_one_window() -> None:
    """W04: once the release is known, no two rows disagree."""
    for row in knowledge().opioids:
        forms = knowledge().forms_of(row.substance)
        assert row in forms
        same = {form.window for form in forms if form.release == row.release}
        assert same == {row.window}
        assert len(forms) == 1 or row.release not in {"any", "unknown"}


def test_a_screening_is_stamped_with_the_knowledge_it_was_made_with() -> None:
    """K02: version and checksum in each verdict."""
    stamp = screen(known_facts(), "2027-01-04").knowledge
    fresh = Knowledge(SHIPPED)
    assert (stamp.version, stamp.sha256) == (fresh.version, fresh.sha256)
    assert len(stamp.sha256) == len(bytes.fromhex(stamp.sha256)) * 2 == 64


# --- damage ---------------------------------------------------------------------------------


def test_deleting_any_opioid_changes_the_digest() -> None:
    """K01, K02: 87 ways of losing one row, each with a digest of its own."""
    opioids = rows("opioids")
    digests = {Knowledge(with_rows("opioids", opioids)).sha256}
    for place in range(len(opioids)):
        digests.add(Knowledge(with_rows("opioids", opioids[:place] + opioids[place + 1 :])).sha256)
    assert len(digests) == 88


@given(st.sampled_from(sorted(SHIPPED)), st.data())
def test_no_change_of_a_byte_goes_unnoticed(name: str, data: st.DataObject) -> None:
    """K01, K02: either the tables no longer read, or the digest is another."""
    place = data.draw(st.integers(0, len(SHIPPED[name]) - 1))
    byte = data.draw(st.sampled_from(b"0123456789abcxyz,;").filter(SHIPPED[name][place].__ne__))
    damaged = SHIPPED[name][:place] + bytes([byte]) + SHIPPED[name][place + 1 :]
    try:
        changed = Knowledge({**SHIPPED, name: damaged}).sha256
    except KnowledgeError:
        return
    assert changed != knowledge().sha256


def without_column(name: str, column: str) -> Tables:
    return with_rows(name, [{k: v for k, v in row.items() if k != column} for row in rows(name)])


def with_line(name: str, line: bytes) -> Tables:
    return {**SHIPPED, name: SHIPPED[name].rstrip() + line + b"\n"}


def with_row_twice(name: str, place: int = 0, **changed: str) -> Tables:
    return with_rows(name, [*rows(name), {**rows(name)[place], **changed}])


DEPOT = place_of("buprenorphine_depot")
METHADONE = place_of("methadone")
APOMORPHINE = place_of("apomorphine")
OTHER_PRODUCT = next(
    place
    for place, row in enumerate(rows("products"))
    if row["opioid"] != rows("products")[0]["opioid"]
)
DAMAGE: dict[str, tuple[Callable[[], Tables], str]] = {
    **{
        f"no {column} of {name}": (
            lambda name=name, column=column: without_column(name, column),
            f"{name}.csv, line 1",
        )
        for name in TABLES
        for column in (next(iter(rows(name)[0])), list(rows(name)[0])[-3])
    },
    **{
        f"a cell too few in {name}": (lambda name=name: with_line(name, b"\nx,x"), after(name))
        for name in TABLES
    },
    **{
        f"a cell too many in {name}": (lambda name=name: with_line(name, b",more"), after(name, 0))
        for name in TABLES
    },
    **{
        f"a row of {name} twice": (lambda name=name: with_row_twice(name), after(name))
        for name in TABLES
    },
    **{
        f"an empty key of {name}": (
            lambda name=name: with_cell(name, 3, next(iter(rows(name)[0])), ""),
            f"{name}.csv, line 5",
        )
        for name in TABLES
    },
    **{
        f"an unknown source in {name}": (
            lambda name=name: with_cell(
                name, 1, "source" if name == "protocols" else "sources", "nowhere"
            ),
            f"{name}.csv, line 3",
        )
        for name in CITING
    },
    **{
        f"a reviewer without a day in {name}": (
            lambda name=name: with_cell(name, 1, "reviewed_by", "Dr A. Example"),
            f"{name}.csv, line 3",
        )
        for name in CITING
    },
    **{
        f"an unknown confidence in {name}": (
            lambda name=name: with_cell(name, 1, "confidence", "sure"),
            f"{name}.csv, line 3",
        )
        for name in CITING
        if "confidence" in rows(name)[0]
    },
    **{
        f"no fact in {name}": (
            lambda name=name: with_cell(name, 1, "fact", ""),
            f"{name}.csv, line 3",
        )
        for name in ("policy", "qualifiers", "interactions", "conditions", "rules")
    },
    **{
        f"no UTF-8 in {name}": (
            lambda name=name: {**SHIPPED, name: SHIPPED[name] + b"\xff\n"},
            f"{name}.csv",
        )
        for name in TABLES
    },
    **{
        f"no {name} at all": (
            lambda name=name: {k: v for k, v in SHIPPED.items() if k != name},
            f"{name}.csv",
        )
        for name in TABLES
    },
    "a limit twice, with another figure": (
        lambda: with_row_twice("policy", 1, value="60"),
        after("policy"),
    ),
    "a window reversed": (lambda: with_cell("opioids", 0, "min_days", "11"), "opioids.csv, line 2"),
    "a window below 0": (lambda: with_cell("opioids", 0, "min_days", "-1"), "opioids.csv, line 2"),
    "half a window": (lambda: with_cell("opioids", 1, "max_days", ""), "opioids.csv, line 3"),
    "a window that is no number": (
        lambda: with_cell("opioids", 1, "max_days", "ten"),
        "opioids.csv, line 3",
    ),
    "no window, and no depot": (
        lambda: with_cell("opioids", DEPOT, "release", "extended"),
        f"opioids.csv, line {DEPOT + 2}",
    ),
    "a depot with a window": (
        lambda: with_cell("opioids", METHADONE, "release", "depot"),
        f"opioids.csv, line {METHADONE + 2}",
    ),
    "an unknown kind": (lambda: with_cell("opioids", 2, "kind", "agonist"), "opioids.csv, line 4"),
    "an opioid that is called none": (
        lambda: with_cell("opioids", METHADONE, "kind", "not_opioid_agonist"),
        f"opioids.csv, line {METHADONE + 2}",
    ),
    "an opioid that says why it is none": (
        lambda: with_cell("opioids", METHADONE, "why_not", "It is one."),
        f"opioids.csv, line {METHADONE + 2}",
    ),
    "no opioid, and no reason": (
        lambda: with_cell("opioids", APOMORPHINE, "why_not", ""),
        f"opioids.csv, line {APOMORPHINE + 2}",
    ),
    "an unknown release": (
        lambda: with_cell("opioids", 2, "release", "slow"),
        "opioids.csv, line 4",
    ),
    "an unknown release of a product": (
        lambda: with_cell("products", 2, "release", "any"),
        "products.csv, line 4",
    ),
    "an unknown presence": (
        lambda: with_cell("opioids", 2, "presence", "yes"),
        "opioids.csv, line 4",
    ),
    "an unknown tier": (lambda: with_cell("sources", 0, "tier", "0"), "sources.csv, line 2"),
    "an unknown band": (lambda: with_cell("protocols", 0, "band", "high"), "protocols.csv, line 2"),
    "an unknown kind of protocol": (
        lambda: with_cell("protocols", 0, "kind", "guess"),
        "protocols.csv, line 2",
    ),
    "an unknown severity of a rule": (
        lambda: with_cell("rules", 0, "severities", "info;nothing"),
        "rules.csv, line 2",
    ),
    "an unknown place of a rule": (
        lambda: with_cell("rules", 0, "where", "nowhere"),
        "rules.csv, line 2",
    ),
    "an unknown severity of an interaction": (
        lambda: with_cell("interactions", 0, "severity", "none"),
        "interactions.csv, line 2",
    ),
    "an interaction of no rule": (
        lambda: with_cell("interactions", 0, "code", "INT-99"),
        "interactions.csv names no rule: INT-99",
    ),
    "a condition of no rule": (
        lambda: with_cell("conditions", 0, "code", "DM-99"),
        "conditions.csv names no rule: DM-99",
    ),
    "a product of no opioid": (
        lambda: with_cell("products", 0, "opioid", "nothing"),
        "products.csv names no row of opioids: nothing",
    ),
    "a product of two opioids": (
        lambda: with_cell("products", OTHER_PRODUCT, "name", rows("products")[0]["name"]),
        "stands in two rows",
    ),
    "a limit that is no number": (
        lambda: with_cell("policy", 1, "value", "6 mg"),
        "policy.csv, line 3",
    ),
    "a limit that divides by nothing": (
        lambda: with_cell("policy", 1, "value", "6/0"),
        "policy.csv, line 3",
    ),
    "a second source that is unknown": (
        lambda: with_cell("opioids", 0, "sources", "naltrexone_tablet_label;nowhere"),
        "opioids.csv, line 2",
    ),
    "no source of a limit": (lambda: with_cell("policy", 0, "sources", ""), "policy.csv, line 2"),
    "a review on no day": (
        lambda: with_rows(
            "policy",
            [{**row, "reviewed_by": "A", "reviewed_on": "2026-02-30"} for row in rows("policy")],
        ),
        "policy.csv, line 2",
    ),
    "a name in two substances": (
        lambda: with_cell("opioids", place_of("naltrexone"), "synonyms", "Methadose"),
        '"methadose"',
    ),
    "a quote that is not closed": (
        lambda: {**SHIPPED, "policy": SHIPPED["policy"] + b'x,"1,mg,\n'},
        "policy.csv, line",
    ),
    **{
        f"no qualifiers of the kind {kind}": (
            lambda kind=kind: without("qualifiers", "kind", kind),
            kind,
        )
        for kind in ("unit", "sold_with_opioid", "frequency", "route")
    },
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_table_is_refused_with_its_file_and_line(damage: str) -> None:
    """W11, K01: a broken knowledge base never reads as one that has nothing to say."""
    made, where = DAMAGE[damage]
    with pytest.raises(KnowledgeError) as caught:
        Knowledge(made()).read_all()
    assert where in str(caught.value)


def test_a_source_that_is_cited_cannot_be_deleted() -> None:
    """K04: nothing rests on a source that is not listed."""
    used = {s for name in CITING if name not in LONG for row in rows(name) for s in cited(row)}
    assert len(used) > 80
    for key in sorted(used):
        with pytest.raises(KnowledgeError, match=key):
            Knowledge(without("sources", "key", key)).read_all()


@pytest.mark.hazard("W11")
@pytest.mark.parametrize("name", TABLES)
def test_a_table_without_rows_is_refused(name: str) -> None:
    """W11: an empty knowledge base aborts."""
    header = SHIPPED[name].splitlines(keepends=True)[0]
    for left in (header, b""):
        with pytest.raises(KnowledgeError, match=f"{name}.csv"):
            Knowledge({**SHIPPED, name: left}).read_all()


NOT_ASKED = {key for key in LIMITS if key.startswith("beyond_use_")} | {"missed_dose"}


@pytest.mark.hazard("A07")
def test_a_limit_that_is_missing_is_refused_when_the_base_is_read() -> None:
    """A07: delete each limit in turn; a missing limit never means no limit.

    What is only told to readers (shelf lives, the missed dose) no rule asks for; that these
    cannot be lost either is shown by the manifest below.
    """
    for key in LIMITS.keys() - NOT_ASKED:
        with pytest.raises(KnowledgeError, match=f"policy.csv lacks {key}$"):
            Knowledge(without("policy", "key", key))


# --- the manifest ---------------------------------------------------------------------------


def test_the_manifest_lists_every_table_with_its_digest() -> None:
    """K01, K02: one line a table and one of the canaries, and no other."""
    text = (HERE / "manifest.csv").read_text(encoding="utf-8")
    assert dict(csv.reader(io.StringIO(text))) == {
        name: hashlib.sha256(data).hexdigest()
        for name, data in {**SHIPPED, "canaries": (HERE / "canaries.json").read_bytes()}.items()
    }


def noticed(name: str, edited: bytes) -> bool:
    """Whether the loader's check refuses these bytes, naming the table."""
    try:
        shipped._check_manifest({name: edited})
    except KnowledgeError as error:
        return f"{name}.csv" in str(error)
    return False


def each_line(name: str) -> Iterator[tuple[bytes, bytes, bytes]]:
    """Each row of a table as it stands in the file, with what is before and after it."""
    lines = SHIPPED[name].splitlines(keepends=True)
    assert len(lines) == len(rows(name)) + 1, "no row is broken over lines"
    at = len(lines[0])
    for line in lines[1:]:
        yield SHIPPED[name][:at], line, SHIPPED[name][at + len(line) :]
        at += len(line)


@pytest.mark.hazard("K01")
@pytest.mark.parametrize("name", TABLES)
def test_the_loss_of_any_row_is_noticed(name: str) -> None:
    """K01, W11: every row of every table is deleted in turn."""
    assert not noticed(name, SHIPPED[name])
    count = 0
    for before, line, rest in each_line(name):
        assert noticed(name, before + rest), line
        count += 1
    assert count == LENGTHS[name]


@pytest.mark.hazard("K01")
@pytest.mark.parametrize("name", TABLES)
def test_a_change_of_any_cell_is_noticed(name: str) -> None:
    """K01, K04: every cell of the short tables, and one of each row of the long ones."""
    for place, (before, line, rest) in enumerate(each_line(name)):
        (cells,) = csv.reader([line.decode("utf-8")])
        columns = [place % len(cells)] if name in LONG else range(len(cells))
        for column in columns:
            changed = [*cells[:column], cells[column][:-1] or "x", *cells[column + 1 :]]
            out = io.StringIO(newline="")
            csv.writer(out, lineterminator="\n").writerow(changed)
            assert noticed(name, before + out.getvalue().encode("utf-8") + rest), (line, column)


@pytest.fixture
def fresh_loader() -> Iterator[None]:
    """The loader with nothing read yet, before and after."""
    knowledge.cache_clear()
    yield
    knowledge.cache_clear()


@pytest.mark.usefixtures("fresh_loader")
@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("damage", ["first row", "last row", "a row twice", "a cell", "a byte"])
def test_the_shipped_loader_refuses_a_damaged_table_by_name(
    name: str, damage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """W11, K01: through the very door that every screening takes; nothing is screened."""
    facts = known_facts()
    edited = {
        "first row": lambda: with_rows(name, rows(name)[1:])[name],
        "last row": lambda: with_rows(name, rows(name)[:-1])[name],
        "a row twice": lambda: with_row_twice(name)[name],
        "a cell": lambda: with_cell(name, 0, list(rows(name)[0])[1], "other")[name],
        "a byte": lambda: SHIPPED[name] + b"\n",
    }[damage]()
    knowledge.cache_clear()
    monkeypatch.setattr(shipped, "shipped_tables", lambda: {**SHIPPED, name: edited})
    with pytest.raises(KnowledgeError, match=f"^{name}.csv is not the table that was released$"):
        knowledge()
    with pytest.raises(KnowledgeError, match=f"{name}.csv"):
        screen(facts, "2027-01-04")


# --- the self-check -------------------------------------------------------------------------

SCREENING = [rule.code for rule in selfcheck.RULES]


@pytest.fixture
def unchecked() -> Iterator[None]:
    """The self-check with no base checked yet, before and after."""
    require_canaries.cache_clear()
    yield
    require_canaries.cache_clear()


def refuses_to_screen(facts: PatientFacts, code: str) -> None:
    """Assert that both doors refuse, naming the rule."""
    with pytest.raises(KnowledgeError, match=code):
        require_canaries(knowledge())
    with pytest.raises(KnowledgeError, match=code):
        screen(facts, "2027-01-04")


def with_rule(code: str, changed: Callable[[Rule], Rule | None]) -> tuple[Rule, ...]:
    """The rules with one of them changed, or without it."""
    made = (changed(rule) if rule.code == code else rule for rule in selfcheck.RULES)
    return tuple(rule for rule in made if rule is not None)


@pytest.mark.usefixtures("unchecked")
def test_the_shipped_rules_hear_their_canaries() -> None:
    """W11: every rule has at least one canary, and nothing is silent."""
    require_canaries(knowledge())
    songs = list(selfcheck.check(knowledge()))
    assert all(song.fired for song in songs)
    assert {song.canary.code for song in songs} == {*SCREENING, "MEA-01"}
    stated = {row["code"] for row in rows("rules") if row["where"] == "screening"}
    assert stated == set(SCREENING)
    assert len(SCREENING) == len(stated)


@pytest.mark.hazard("W11")
@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("code", SCREENING)
def test_a_rule_that_is_deleted_stops_every_screening(
    code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """W11: delete each rule in turn; never clear."""
    monkeypatch.setattr(selfcheck, "RULES", with_rule(code, lambda rule: None))
    refuses_to_screen(known_facts(), code)


@pytest.mark.hazard("W11")
@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("code", SCREENING)
def test_a_rule_that_is_silent_stops_every_screening(
    code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """W11: a judge that yields nothing; never clear."""
    silent = with_rule(code, lambda rule: rule._replace(judge=lambda case: ()))
    monkeypatch.setattr(selfcheck, "RULES", silent)
    refuses_to_screen(known_facts(), code)


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("code", SCREENING)
def test_a_rule_that_is_renamed_stops_every_screening(
    code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """W11, K01: its canary calls in vain."""
    renamed = with_rule(code, lambda rule: rule._replace(code="ZZZ-99"))
    monkeypatch.setattr(selfcheck, "RULES", renamed)
    refuses_to_screen(known_facts(), f"{code}|ZZZ-99")


ABOVE_INFO = sorted({c.code for c in canaries() if c.severity not in {"info", "due", "error"}})


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("code", ABOVE_INFO)
def test_a_rule_that_only_whispers_stops_every_screening(
    code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """W11: a stop that became an info is as good as silence."""

    def whisper(rule: Rule) -> Rule:
        def judge(case: Case) -> Iterator[Found | Due]:
            for found in rule.judge(case):
                is_due = isinstance(found, Due)
                yield found if is_due else found._replace(severity=Severity.INFO)

        return rule._replace(judge=judge)

    monkeypatch.setattr(selfcheck, "RULES", with_rule(code, whisper))
    refuses_to_screen(known_facts(), code)


def canaries_without(code: str) -> Callable[[], tuple[Canary, ...]]:
    left = tuple(canary for canary in canaries() if canary.code != code)
    return lambda: left


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("code", SCREENING)
def test_a_rule_without_a_canary_stops_every_screening(
    code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """W11: a canary that was taken away proves nothing."""
    monkeypatch.setattr(selfcheck, "canaries", canaries_without(code))
    refuses_to_screen(known_facts(), code)


@pytest.mark.usefixtures("unchecked")
def test_no_canaries_at_all_stop_every_screening(monkeypatch: pytest.MonkeyPatch) -> None:
    """W11: an empty list of canaries is no proof that every rule fired."""
    monkeypatch.setattr(selfcheck, "canaries", lambda: ())
    refuses_to_screen(known_facts(), "canary")


@pytest.mark.usefixtures("unchecked")
def test_no_rules_at_all_stop_every_screening(monkeypatch: pytest.MonkeyPatch) -> None:
    """W11: no rule, no verdict."""
    monkeypatch.setattr(selfcheck, "RULES", ())
    refuses_to_screen(known_facts(), "no rule")


@pytest.mark.parametrize("code", SCREENING)
def test_a_rule_without_its_row_is_refused(code: str) -> None:
    """W11, K01: a rule whose row was deleted has nothing to cite."""
    with pytest.raises(KnowledgeError, match=code):
        require_canaries(Knowledge(without("rules", "code", code)))


LOST: dict[str, tuple[Callable[[], Tables], str]] = {
    "kratom": (lambda: without("opioids", "id", "kratom"), r"OPI-02 \(kratom"),
    "loperamide": (lambda: without("opioids", "id", "loperamide"), r"OPI-08 \(loperamide"),
    "naloxone": (lambda: without("opioids", "id", "naloxone"), r"OPI-07 \(a naloxone kit"),
    "Contrave": (lambda: without("opioids", "id", "bupropion_naltrexone"), r"DUP-01 \(Contrave"),
    "lofexidine": (lambda: without("opioids", "id", "lofexidine"), r"INT-02 \(lofexidine"),
    "codeine, the products with it": (
        lambda: without("opioids", "id", "codeine_ir"),
        r"products.csv names no row of opioids: codeine_ir|OPI-0[13]",
    ),
    "a shorter window of kratom": (
        lambda: with_cell("opioids", place_of("kratom"), "min_days", "6"),
        r"OPI-02 \(kratom",
    ),
    "a shorter window of methadone": (
        lambda: with_cell("opioids", METHADONE, "max_days", "13"),
        r"OPI-03 \(methadone",
    ),
    "a synonym of codeine": (
        lambda: with_cell("opioids", place_of("codeine_ir"), "synonyms", ""),
        r"OPI-01 \(Tylenol #3",
    ),
    **{
        f"the interaction {row}": (lambda row=row: without("interactions", "id", row), code)
        for row, code in (("thioridazine", "INT-01"), ("lofexidine", "INT-02"))
    },
    "diabetes": (lambda: without("conditions", "id", "diabetes"), "DM-01"),
    "a brand": (lambda: without("brands", "name", "zoloft"), r"INT-03 \(sertraline"),
    "levothyroxine": (lambda: without("medicines", "name", "levothyroxine"), "THY-01"),
    "a higher ceiling": (
        lambda: with_rows(
            "policy",
            [
                r | ({"value": "45"} if r["key"] == "low_dose_ceiling" else {})
                for r in rows("policy")
            ],
        ),
        r"DOS-01 \(45 mg",
    ),
    "a lower age": (
        lambda: with_rows(
            "policy",
            [r | ({"value": "17"} if r["key"] == "adult_age" else {}) for r in rows("policy")],
        ),
        r"PED-01 \(17 years",
    ),
}


@pytest.mark.parametrize("lost", LOST)
def test_a_base_that_no_longer_hears_a_canary_is_refused(lost: str) -> None:
    """W11, W13: what a canary needs is deleted or weakened; the rule is silent, and told so."""
    made, where = LOST[lost]
    base = Knowledge(made())
    with pytest.raises(KnowledgeError, match=where):
        require_canaries(base)
    with pytest.raises(KnowledgeError, match=where):
        screen(known_facts(), "2027-01-04", base=base)
