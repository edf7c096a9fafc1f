"""The knowledge base: what is in it, that it hangs together, and that damage is noticed."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from fractions import Fraction
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ldn_titration import KnowledgeError, Mass, screen
from ldn_titration.knowledge import Knowledge, knowledge
from ldn_titration.testing import known_facts

Tables = dict[str, bytes]
Line = dict[str, str]

SHIPPED: Tables = {
    name: (files("ldn_titration.knowledge") / f"{name}.csv").read_bytes()
    for name in ("opioids", "policy", "protocols", "sources")
}


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


def place_of(id: str) -> int:
    return [row["id"] for row in rows("opioids")].index(id)


# --- what is in it --------------------------------------------------------------------------


def test_the_tables_have_their_pinned_lengths() -> None:
    """K01: a row that is dropped or added is a reviewed change."""
    base = knowledge()
    assert (len(base.opioids), len(base.protocols), len(base.sources)) == (87, 36, 113)
    assert len(base.policy) == 14
    assert sum(len({row.name, row.substance, *row.synonyms}) for row in base.opioids) == 609


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


@pytest.mark.parametrize(
    ("key", "value", "unit"),
    [
        ("low_dose_caution", "4.5", "mg"),
        ("low_dose_ceiling", "6", "mg"),
        ("low_dose_floor", "1", "mcg"),
        ("standard_dose_ceiling", "100", "mg"),
        ("depot_lookback", "365", "days"),
        ("dropper_tolerance", "10", "percent"),
        ("dropper_volume_error", "15", "percent"),
        ("drops_per_mL_least", "5", "drops/mL"),
        ("drops_per_mL_most", "60", "drops/mL"),
        ("solubility", "100", "mg/mL"),
        ("commercial_tablet", "50", "mg"),
        ("adult_age", "18", "years"),
        ("stop_before_opioid", "3", "days"),
        ("open_step", "28", "days"),
    ],
)
def test_each_limit_has_its_figure_and_unit(key: str, value: str, unit: str) -> None:
    """K04: transcribed here a second time."""
    row = knowledge().policy[key]
    assert (row.value, row.unit) == (Fraction(value), unit)
    if unit in {"mg", "mcg"}:
        assert row.mass == Mass(f"{value} {unit}")


# --- that it hangs together -----------------------------------------------------------------


def test_every_row_cites_sources_that_are_listed() -> None:
    """K04: each figure has its source beside it, read here from the bare tables."""
    listed = {row["key"] for row in rows("sources")}
    for name in ("opioids", "policy", "protocols"):
        for row in rows(name):
            cited = row["source"].split(";")
            assert set(cited) <= listed, row
            assert len(set(cited)) == len(cited), row


def test_every_source_can_be_found_and_has_a_tier() -> None:
    for row in rows("sources"):
        assert row["tier"] in {"1", "2", "3", "4", "5"}, row
        assert all(row[column] for column in ("key", "title", "kind", "supports")), row
    cited = {
        source
        for name in ("opioids", "policy", "protocols")
        for row in rows(name)
        for source in row["source"].split(";")
    }
    assert {knowledge().sources[key].tier for key in cited} <= {1, 2, 3, 4, 5}


def test_no_name_and_no_code_stands_in_two_substances() -> None:
    substances: dict[str, set[str]] = {}
    for row in rows("opioids"):
        names = {row["substance"], row["name"], *row["synonyms"].split(";"), row["rxcui"]} - {""}
        for name in {"".join(name.lower().split()) for name in names}:
            substances.setdefault(name, set()).add(row["substance"])
    assert {name: found for name, found in substances.items() if len(found) > 1} == {}


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
    """K01: 87 ways of losing one row, each with a digest of its own."""
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


DAMAGE: dict[str, tuple[Callable[[], Tables], str]] = {
    "no class": (lambda: without_column("opioids", "class"), "opioids.csv, line 2"),
    "no least": (lambda: without_column("opioids", "washout_days_min"), "opioids.csv, line 2"),
    "no key": (lambda: without_column("policy", "key"), "policy.csv, line 2"),
    "no band": (lambda: without_column("protocols", "band"), "protocols.csv, line 2"),
    "no tier": (lambda: without_column("sources", "tier"), "sources.csv, line 2"),
    "no title": (lambda: without_column("sources", "title"), "sources.csv, line 2"),
    "no url": (lambda: without_column("sources", "url"), "sources.csv, line 2"),
    "a cell too few": (
        lambda: {**SHIPPED, "opioids": SHIPPED["opioids"].rstrip() + b"\nx,x,x\n"},
        "opioids.csv, line 89",
    ),
    "a cell too many": (
        lambda: {**SHIPPED, "policy": SHIPPED["policy"].rstrip() + b",more\n"},
        "policy.csv, line 15",
    ),
    "an opioid twice": (
        lambda: with_rows("opioids", [*rows("opioids"), rows("opioids")[0]]),
        "opioids.csv, line 89",
    ),
    "a source twice": (
        lambda: with_rows("sources", [*rows("sources"), rows("sources")[5]]),
        "sources.csv, line 115",
    ),
    "a limit twice": (
        lambda: with_rows("policy", [*rows("policy"), {**rows("policy")[1], "value": "60"}]),
        "policy.csv, line 16",
    ),
    "an empty key": (lambda: with_cell("opioids", 3, "id", ""), "opioids.csv, line 5"),
    "a window reversed": (
        lambda: with_cell("opioids", 0, "washout_days_min", "11"),
        "opioids.csv, line 2",
    ),
    "a window below 0": (
        lambda: with_cell("opioids", 0, "washout_days_min", "-1"),
        "opioids.csv, line 2",
    ),
    "half a window": (
        lambda: with_cell("opioids", 1, "washout_days_max", ""),
        "opioids.csv, line 3",
    ),
    "a window that is no number": (
        lambda: with_cell("opioids", 1, "washout_days_max", "ten"),
        "opioids.csv, line 3",
    ),
    "no window, and no depot": (
        lambda: with_cell("opioids", place_of("buprenorphine_depot"), "release", "extended"),
        f"opioids.csv, line {place_of('buprenorphine_depot') + 2}",
    ),
    "a depot with a window": (
        lambda: with_cell("opioids", place_of("methadone"), "release", "depot"),
        f"opioids.csv, line {place_of('methadone') + 2}",
    ),
    "an unknown class": (
        lambda: with_cell("opioids", 2, "class", "agonist"),
        "opioids.csv, line 4",
    ),
    "an unknown release": (
        lambda: with_cell("opioids", 2, "release", "slow"),
        "opioids.csv, line 4",
    ),
    "an unknown presence": (
        lambda: with_cell("opioids", 2, "presence", "yes"),
        "opioids.csv, line 4",
    ),
    "an unknown tier": (lambda: with_cell("sources", 0, "tier", "0"), "sources.csv, line 2"),
    "an unknown band": (lambda: with_cell("protocols", 0, "band", "high"), "protocols.csv, line 2"),
    "a limit that is no number": (
        lambda: with_cell("policy", 1, "value", "6 mg"),
        "policy.csv, line 3",
    ),
    "an unknown source of an opioid": (
        lambda: with_cell("opioids", 0, "source", "naltrexone_tablet_label;nowhere"),
        "opioids.csv, line 2",
    ),
    "no source of a limit": (lambda: with_cell("policy", 0, "source", ""), "policy.csv, line 2"),
    "a name in two substances": (
        lambda: with_cell("opioids", place_of("naltrexone"), "synonyms", "Methadose"),
        '"methadose"',
    ),
    "a quote that is not closed": (
        lambda: {**SHIPPED, "policy": SHIPPED["policy"] + b'x,"1,mg,\n'},
        "policy.csv, line",
    ),
    "no UTF-8": (
        lambda: {**SHIPPED, "sources": SHIPPED["sources"] + b"\xff\n"},
        "sources.csv",
    ),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_table_is_refused_with_its_file_and_line(damage: str) -> None:
    """W11, K01: a broken knowledge base never reads as one that has nothing to say."""
    made, where = DAMAGE[damage]
    with pytest.raises(KnowledgeError) as caught:
        Knowledge(made())
    assert where in str(caught.value)


def test_a_source_that_is_cited_cannot_be_deleted() -> None:
    cited = {s for row in rows("opioids") for s in row["source"].split(";")}
    sources = rows("sources")
    for key in sorted(cited):
        with pytest.raises(KnowledgeError, match=key):
            Knowledge(with_rows("sources", [row for row in sources if row["key"] != key]))


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_a_table_without_rows_is_refused(name: str) -> None:
    """W11: an empty knowledge base aborts."""
    header = SHIPPED[name].splitlines(keepends=True)[0]
    with pytest.raises(KnowledgeError):
        Knowledge({**SHIPPED, name: header})


def test_a_limit_that_is_missing_is_refused_when_the_base_is_read() -> None:
    """A07: delete each limit in turn; a missing limit never means no limit."""
    limits = rows("policy")
    for place in range(len(limits)):
        with pytest.raises(KnowledgeError):
            Knowledge(with_rows("policy", limits[:place] + limits[place + 1 :]))
