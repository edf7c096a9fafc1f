"""Overlays: a site may add and lengthen; it shortens and lowers nothing (W02, W10, P41, P45)."""

from __future__ import annotations

import json
import time
from datetime import date, timedelta
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conftest import ROOT
from ldn_titration import (
    Capsules,
    InvalidInputError,
    Medication,
    OpioidExposure,
    OpioidHistory,
    PatientFacts,
    PlannedOpioid,
    Regimen,
    Screening,
    Severity,
    TitrationStep,
    Verdict,
    schedule,
    screen,
)
from ldn_titration.cli import main
from ldn_titration.knowledge import Knowledge, Opioid, knowledge, shipped_tables
from ldn_titration.knowledge.overlay import overlaid
from ldn_titration.patient import EarlierNaltrexone
from ldn_titration.selfcheck import check
from ldn_titration.testing import exposures, known_facts

START = date(2027, 1, 4)
HEAD = 'schema = "ldn-titration/overlay/1"\nsite = "Example Hospital"\n'
EXAMPLE = json.loads((ROOT / "examples" / "drops-18-weeks.json").read_text())
RANKS = [str(severity) for severity in Severity]


def entry(table: str, **fields: Any) -> str:
    """One table of an overlay; JSON's text, numbers and lists are TOML's too."""
    lines = (f"{key} = {json.dumps(value)}\n" for key, value in fields.items())
    return f"[[{table}]]\n{''.join(lines)}"


opioid, names, medicine, interval, raised = (
    partial(entry, table) for table in ("opioid", "names", "medicine", "interval", "severity")
)


@cache
def made(text: str) -> Knowledge:
    return overlaid(HEAD + text)


def taken(free: int, **told: Any) -> PatientFacts:
    """Somebody whose only opioid was taken so many opioid-free days before the start."""
    exposure = OpioidExposure(**told, last_taken=START - timedelta(free + 1))
    return known_facts(opioids=OpioidHistory(status="known", exposures=(exposure,)))


def listed(name: str | dict[str, str]) -> PatientFacts:
    return known_facts(medications=[Medication(**name) if isinstance(name, dict) else name])


def said(screening: Screening) -> list[tuple[str, str, date | None]]:
    return [(f.code, str(f.severity), f.clears_on) for f in screening.findings]


def better(now: Screening, then: Screening) -> bool:
    """Whether more may be done now (start, warned, overridden, nothing), or a stop is lost."""

    def permits(screening: Screening) -> int:
        unknown = any(found.severity is Severity.INSUFFICIENT for found in screening.findings)
        return {"clear": 3, "caution": 2, "hold": int(not unknown)}.get(str(screening.verdict), 0)

    lost = then.verdict is Verdict.STOP and now.verdict is not Verdict.STOP
    return lost or permits(now) > permits(then)


def problems(text: str | bytes, base: Knowledge | None = None) -> list[str]:
    with pytest.raises(InvalidInputError) as told:
        overlaid(text, base=base)
    return [str(problem) for problem in told.value.problems]


# --- additions work, by every way in ---------------------------------------------------------

EVERYTHING = (
    opioid(name="Painaway", like="oxycodone_er", synonyms=["Painoff"], codes=["local:1"],
           min_days=12, max_days=20)
    + names(of="methadone", synonyms=["Metha Zed"], codes=["local:2"])
    + medicine(name="Zedrol", holds=["levothyroxine"], synonyms=["Zed, Orax"], codes=["local:3"])
    + medicine(name="Plainol") + raised(code="INT-01", at_least="stop")
    + interval(of="tramadol_er", min_days=11, max_days=30) + interval(of="depot_lookback", days=500)
    + interval(of="stop_before_opioid", days=5) + interval(of="stop_before_opioid_depot", days=40)
)  # fmt: skip
TRAMADOL, DEPOT = {"substance": "ConZip", "release": "extended"}, {"substance": "Sublocade"}
SOON, LATER = (PlannedOpioid(on=START + timedelta(n), reason="surgery") for n in (5, 30))
RUNNING_OUT = EarlierNaltrexone(last_taken=START - timedelta(31), form="depot")


def test_every_kind_of_addition_works_through_screen() -> None:
    """W10: each addition counts, and nothing of it is in the shipped base."""
    expected: list[tuple[PatientFacts, str, str]] = [
        (taken(19, substance="Painaway", release="extended"), "insufficient", "hold"),
        (taken(20, substance="Painaway", release="extended"), "insufficient", "clear"),
        (taken(11, substance="painoff"), "insufficient", "stop"),
        (taken(12, code="local:1"), "insufficient", "hold"),
        (taken(13, substance="METHA-ZED"), "insufficient", "hold"),
        (taken(13, code="local:2"), "insufficient", "hold"),
        (listed("Painaway 10 mg tablet"), "insufficient", "stop"),
        (listed({"code": "local:1"}), "insufficient", "stop"),
        (listed("Zedrol 50 mcg"), "insufficient", "caution"),
        (listed("zed, orax"), "insufficient", "caution"),
        (listed({"code": "local:3"}), "insufficient", "caution"),
        (listed("Plainol 5 mg at night"), "insufficient", "clear"),
        (listed("thioridazine"), "caution", "stop"),
        (taken(29, **TRAMADOL), "clear", "hold"),
        (taken(10, **TRAMADOL), "hold", "stop"),
        (taken(499, **DEPOT), "clear", "hold"),
        (taken(500, **DEPOT), "clear", "clear"),
        (known_facts(planned_opioid=[SOON]), "caution", "hold"),
        (known_facts(earlier_naltrexone=RUNNING_OUT), "caution", "stop"),
    ]
    told = [(screen(p, START), screen(p, START, base=made(EVERYTHING))) for p, *_ in expected]
    assert [(str(then.verdict), str(now.verdict)) for then, now in told] == [
        (then, now) for _, then, now in expected
    ]


def command(capture: Any, *arguments: str | Path) -> tuple[int, str, str]:
    code = main([str(argument) for argument in arguments])
    out, err = capture.readouterr()
    return code, out.decode(), err.decode()


def test_every_command_takes_an_overlay(tmp_path: Path, capfdbinary: Any) -> None:
    """K02: screen, plan, opioid and self-check use the site's base and stamp it."""
    run, site, request = partial(command, capfdbinary), tmp_path / "s.toml", tmp_path / "r.json"
    site.write_text(HEAD + EVERYTHING)
    stamp = {"version": made(EVERYTHING).version, "sha256": made(EVERYTHING).sha256}
    patient = EXAMPLE["patient"] | {"medications": [{"code": "local:3"}]}
    request.write_text(json.dumps(EXAMPLE | {"patient": patient}))
    with_site = ["--format", "json", "--overlay", site]
    code, out, _ = run("screen", request, *with_site)
    assert (run("screen", request)[0], code, json.loads(out)["knowledge"]) == (3, 0, stamp)
    code, out, _ = run("plan", request, *with_site)
    assert (code, json.loads(out)["screening"]["knowledge"]) == (0, stamp)
    for name in ("Painaway", "painoff", "local:1"):
        code, out, _ = run("opioid", name, *with_site)
        assert (run("opioid", name)[0], code, json.loads(out)[0]["window"]) == (3, 0, [12, 20])
        assert run("opioid", name, "--format", "text", "--overlay", site)[0] == 0
    code, out, _ = run("self-check", *with_site)
    assert (code, {song["fired"] for song in json.loads(out)}) == (0, {True})


CHANGES = """Painaway Painawaz|oxycodone_er morphine_er|Painoff Painofg|local:1 local:7|20 21|
local:2 local:8|local:3 local:9|12 13|Metha Mettha|Zedrol Zedrox|Orax Oray|500 501|40 41|
days_=_5 days_=_6|"stop" "hold"|levothyroxine metformin|methadone fentanyl_ir|INT-01 INT-02|
Plainol Plainor|30 31|Hospital Hospitals"""


@pytest.mark.hazard("K02")
def test_digest_and_version_tell_of_every_change_and_the_shipped_base_is_untouched() -> None:
    """K02: one changed value, another digest; the same text, the same one."""
    before = screen(taken(13, substance="methadone"), START)
    text = HEAD + EVERYTHING
    pairs = (each.strip().split(" ") for each in CHANGES.split("|"))
    pairs = ((old.replace("_=_", " = "), new.replace("_=_", " = ")) for old, new in pairs)
    texts = [text, *(text.replace(old, new, 1) for old, new in pairs)]
    bases = [overlaid(each) for each in texts]
    assert len(set(texts)) == 22 == len({knowledge().sha256, *(b.sha256 for b in bases)}) - 1
    assert overlaid(text.encode()).sha256 == bases[0].sha256
    assert len({knowledge().version, bases[0].version, bases[-1].version}) == 3
    assert knowledge().tables == shipped_tables()
    assert screen(taken(13, substance="methadone"), START) == before
    assert {**made("").tables, "sources": b""} == {**shipped_tables(), "sources": b""}


# --- a synonym is its row (P45), a longer interval never better (P41) ---------------------------

ROWS = knowledge().opioids
AGONISTS = [row for row in ROWS if row.is_opioid and row.window is not None]


def own_release(row: Opioid) -> str:
    return "unknown" if row.release in {"any", "unknown"} else row.release


def stops(row: Opioid) -> bool:
    """Whether its window can stop a start, so that another opioid may be like it."""
    return row.is_opioid and row.min_days != 0


def made_up(number: int) -> str:
    """A name of letters that no table holds."""
    return f"Zus zed{chr(97 + number // 26)}{chr(97 + number % 26)}"


def days_around(*windows: tuple[int, int] | None) -> list[int]:
    ends = {end for window in windows for end in window or (364, 365)}
    return sorted({-2, 0, *ends, *(end - 1 for end in ends)})


def test_an_added_name_or_code_gets_the_verdict_of_its_row_on_every_boundary_day() -> None:
    """P45: synonym, code, and an opioid like a row, against the row's own name."""
    base, wrong = made("".join(
        names(of=row.id, synonyms=[made_up(at)], codes=[f"local:s{at}"])
        + (opioid(name=f"Zo {at}x", like=row.id) if stops(row) else "")
        for at, row in enumerate(ROWS))), []  # fmt: skip
    for at, row in enumerate(ROWS):
        ways: list[dict[str, str]] = [
            {"substance": made_up(at).replace(" ", "-").upper()},
            {"code": f"local:s{at}"},
        ]
        ways += [{"substance": f"ZO {at}X"}] if stops(row) else []
        told = partial(taken, release=own_release(row))
        for free in days_around(row.window):
            owed = said(screen(told(free, substance=row.name), START))
            got = [said(screen(told(free, **way), START, base=base)) for way in ways]
            wrong += [(row.id, free, each, owed) for each in got if each != owed]
        on_list = [screen(listed(name), START, base=base).verdict
                   for name in (row.name, made_up(at), {"code": f"local:s{at}"})]  # fmt: skip
        wrong += [(row.id, on_list)] if len(set(on_list)) > 1 else []
    assert wrong == []


@cache
def small() -> Knowledge:
    """The shipped base with short lists of ordinary names, so that many overlays are quick."""
    tables = shipped_tables()
    for name in ("medicines", "brands", "products"):
        tables[name] = b"".join(tables[name].splitlines(keepends=True)[:200])
    return Knowledge(tables)


@pytest.fixture
def _no_canaries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ldn_titration.screening.require_canaries", lambda base: None)


@pytest.mark.usefixtures("_no_canaries")
@pytest.mark.parametrize("several", [False, True])
def test_lengthening_an_interval_never_betters_a_verdict(several: bool) -> None:
    """P41, W10: each row by each group of its names, on every boundary day."""
    wrong, shipped = [], small()
    for row in AGONISTS:
        least, most = row.window or (0, 0)
        longer = (max(least, 10), max(most, 14)) if several else (most + 6, most + 9)
        text = interval(of=row.id, min_days=longer[0], max_days=longer[1])
        every = (row.id, row.name, row.substance, *row.synonyms)
        groups = {shipped.named(name): name for name in every}
        chosen = [name for rows, name in groups.items() if (len(rows) > 1) is several]
        base = overlaid(HEAD + text, base=shipped) if chosen else shipped
        for name in chosen:
            for release in {own_release(row), "unknown"}:
                for free in days_around(row.window, longer):
                    told = taken(free, substance=name, release=release)
                    then, now = (screen(told, START, base=each) for each in (shipped, base))
                    if better(now, then):
                        wrong.append((name, release, free, said(then), said(now)))
    assert wrong == []


LOPERAMIDE = {"daily_dose": "100 mg", "substance": "Imodium"}
WRONG_DATE = {"earlier_naltrexone": EarlierNaltrexone(last_taken=START + timedelta(1))}
OXYCODONE = taken(15, substance="oxycodone", release="immediate").model_copy(update=WRONG_DATE)
CASES: dict[str, tuple[str, PatientFacts, str]] = {
    "longer loperamide": (interval(of="loperamide", max_days=30), taken(15, **LOPERAMIDE), "hold"),
    "restart": (interval(of="oxycodone_ir", max_days=30), OXYCODONE, "hold"),
    "holds": (medicine(name="Zol", holds=["Synthroid"]), listed("Zol"), "caution"),
    "codeine": (interval(of="codeine_ir", min_days=8), known_facts(), "clear"),
    "methadone": (interval(of="methadone", min_days=21, max_days=28), known_facts(), "clear"),
    "loperamide": (interval(of="loperamide", min_days=7), known_facts(), "clear"),
    "surgery": (interval(of="stop_before_opioid", days=40), known_facts(), "clear"),
    "no canary": (interval(of="methadone", max_days=3660), known_facts(), "clear"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_an_overlay_makes_the_verdict_that_it_should(case: str) -> None:
    text, patient, verdict = CASES[case]
    assert str(screen(patient, START, base=made(text)).verdict) == verdict


# --- random overlays over random patients -------------------------------------------------------

SCREENED = [rule for rule in knowledge().rules.values() if rule.where == "screening"]
POLICIES = ("depot_lookback", "stop_before_opioid", "stop_before_opioid_depot")
FACTS = st.sampled_from(["yes", "no", "no", "unknown"])
NAMES = "oxycodone,methadone,kratom,Imodium,Sublocade,tramadol,heroin,Lomotil,naloxone,pills"
MEDICINES = ["Imodium", "thioridazine", "lofexidine", "Narcan", "xx", "codeine zz"]
CONDITIONS = ["asthma", "type 2 diabetes", "pregnancy"]


def raises(at_least: str, rule: Any) -> bool:
    """Whether an overlay may raise that rule to that severity."""
    unknown = at_least == "hold" and "insufficient" in rule.severities
    return not unknown and RANKS.index(at_least) > min(map(RANKS.index, rule.severities))


@st.composite
def overlays(draw: st.DrawFn) -> str:
    """Overlays that lengthen and raise; what they add by name is recognised, and told above."""
    text = HEAD
    for row in draw(st.lists(st.sampled_from(AGONISTS), max_size=5, unique_by=lambda r: r.id)):
        least = (row.min_days or 0) + draw(st.integers(0, 12))
        most = max(least, row.max_days or 0) + draw(st.integers(0, 12))
        text += interval(of=row.id, min_days=least, max_days=most)
    for of in sorted(draw(st.sets(st.sampled_from(POLICIES)))):
        text += interval(of=of, days=knowledge().policy[of].whole + draw(st.integers(0, 90)))
    for rule in draw(st.lists(st.sampled_from(SCREENED), max_size=4, unique_by=lambda r: r.code)):
        at_least = draw(st.sampled_from(RANKS[1:]))
        text += raised(code=rule.code, at_least=at_least) if raises(at_least, rule) else ""
    return text


@st.composite
def patients(draw: st.DrawFn) -> PatientFacts:
    told = draw(st.lists(exposures(START, st.sampled_from(NAMES.split(","))), max_size=2))
    planned = [PlannedOpioid(on=START + timedelta(draw(st.integers(-30, 60))), reason="x")]
    facts = {name: draw(FACTS) for name in ("pregnant", "breastfeeding", "lactose_intolerance")}
    return known_facts(
        opioids=OpioidHistory(status="known" if told else "none", exposures=tuple(told)),
        medications=draw(st.lists(st.sampled_from(MEDICINES), max_size=1)),
        conditions=draw(st.lists(st.sampled_from(CONDITIONS), max_size=1)),
        planned_opioid=planned if draw(st.booleans()) else (),
        **facts,
    )


# 50 overlays with 20 patients each.
@pytest.mark.hazard("W10")
@pytest.mark.usefixtures("_no_canaries")
@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(overlays(), st.lists(patients(), min_size=20, max_size=20))
def test_no_accepted_overlay_betters_a_verdict(text: str, people: list[PatientFacts]) -> None:
    """W10: neither a clearer verdict nor an override where there was none."""
    base = overlaid(text, base=small())
    for patient in people:
        then, now = screen(patient, START, base=small()), screen(patient, START, base=base)
        assert not better(now, then), (said(then), said(now))


# --- no addition recognises a line with an opioid in it (W02, W03) ------------------------------


@pytest.mark.parametrize("name", [
    "AC", "plus", "co", "#3", "codeine free", "Tylenol #3", "Nurofen Plus", "contin", "a;b", "a\nb",
    "\uff23\uff2f\uff24\uff25\uff29\uff2e\uff25", "MS", "not morphine", "!!!", "", "Zed 3",
    "x" * 201, "metformin",
    "Zed\rrol", "Zed\x1b[31m", "Zed\u2028rol", "Zed\u200brol",
])  # fmt: skip
def test_what_can_be_no_medicines_name_is_refused(name: str) -> None:
    told = problems(HEAD + medicine(name=name))
    assert all("line 4: medicine[0].name: " in each for each in told)


@pytest.mark.parametrize(("text", "line"), [
    (medicine(name="Zedrol"), "Zedrol codeine"),
    (names(of="noscapine", synonyms=["codeine"]), "codeine"),
    (medicine(name="tablets"), "Ibuprofen 200 mg/12.8 mg tablets"),
    (medicine(name="12.8"), "Ibuprofen 200/12.8"),
    (medicine(name="acetaminophen 30"), "acetaminophen 30"),
    (medicine(name="plus 30"), "plus 30"),
    (medicine(name="Zol", holds=["Tylenol"]), "Zol 300 mg/30 mg"),
    (medicine(name="Zol", holds=["aspirin 81 mg"]), "Zol 300 mg/30 mg"),
    (medicine(name="Tylenol Zed"), "Tylenol Zed 300 mg/30 mg"),
    (medicine(name="c\u043edeine"), "c\u043edeine"),  # a Cyrillic o
    (medicine(name="co\u200bdeine"), "co deine"),  # a space that is not seen
    (names(of="noscapine", synonyms=["morphine zz"]), "morphine zz"),
    (names(of="noscapine", synonyms=["12.8"]), "Ibuprofen 200/12.8"),
    (names(of="noscapine", synonyms=["?"]), "?"),
    (names(of="loperamide", synonyms=["morphine zz"]), "morphine zz"),
    (opioid(name="morphine zz", like="loperamide"), "morphine zz"),
])  # fmt: skip
def test_no_addition_clears_a_line_that_may_hold_an_opioid(text: str, line: str) -> None:
    """W02, W03: it is refused, or the line is still not cleared."""
    assert not screen(listed(line), START).clears
    try:
        base = overlaid(HEAD + text)
    except InvalidInputError:
        return
    assert not screen(listed(line), START, base=base).clears


def test_an_added_medicine_hides_no_opioid_beside_it() -> None:
    """W03: whatever stands before or after it, every opioid's name is still found."""
    base = made(medicine(name="Zedrol", synonyms=["Zed, orax", "Zedal Orax"]))
    keys = [key for key in knowledge().opioid_keys() if base.read_line(key).names_an_opioid]
    lines = ("Zedrol {}", "{} 5 mg + zed orax", "{}/zedal orax", "zedal orax {} tablets")
    each = [line.format(key) for key in keys for line in lines]
    assert [line for line in each if not base.read_line(line).names_an_opioid] == []
    assert base.read_line("Zed, orax 10 mg tablets").kind == "ordinary"


# --- severities ---------------------------------------------------------------------------------


@pytest.mark.parametrize("at_least", RANKS[1:])
def test_a_raised_severity_decides_and_canaries_still_sing(at_least: str) -> None:
    """W11: all rules that may be raised so far, at once."""
    codes = [rule.code for rule in SCREENED if raises(at_least, rule)]
    base = made("".join(raised(code=code, at_least=at_least) for code in codes))
    assert [song.canary.code for song in check(base) if not song.fired] == []
    told = screen(listed("sertraline"), START, base=base)
    assert [(f.code, str(f.severity)) for f in told.findings] == [("INT-03", at_least)]
    assert str(told.verdict) == at_least


def test_the_basis_tells_what_the_site_changed() -> None:
    base = made(raised(code="INT-01", at_least="stop") + interval(of="methadone", max_days=30))
    for patient in (listed("thioridazine"), taken(20, substance="methadone")):
        told = screen(patient, START, base=base)
        assert "overlay_1" in [source.key for rule in told.basis for source in rule.sources]


def test_a_plan_keeps_the_raised_severity_of_its_doses() -> None:
    """W10: a screening by a site's rules is of one regimen, so that none judges it otherwise."""
    base = made(raised(code="DOS-01", at_least="stop"))
    regimen, capsules = Regimen(steps=(TitrationStep(dose="5 mg"),)), Capsules(strengths=["5 mg"])
    with pytest.raises(InvalidInputError, match="a site's rules"):
        schedule(regimen, capsules, START, screening=screen(known_facts(), START, base=base))
    screening = screen(known_facts(), START, regimen, capsules, base=base)
    plan = schedule(regimen, capsules, START, screening=screening)
    assert [str(f.severity) for f in plan.screening.findings if f.code == "DOS-01"] == ["stop"]
    assert plan.status == "draft"


# --- refusals: the right line, the path, and what would be right ---------------------------------

# Lines parted by " / "; "@" marks the one to be named, then the path, and words of what is right.
REFUSED = r"""
[[interval]] / of="tramadol_er" / min_days=9 @ | interval[0].min_days | below 10
[[interval]] / of="kratom" / max_days=9 @ | interval[0].max_days | below 10
[[interval]] / of="kratom" / min_days=0 / max_days=0 @ | interval[0].max_days | below 10
[[interval]] / of="kratom" / min_days=11 @ | interval[0].min_days | above max_days, 10
[[interval]] @ / of="buprenorphine_depot" / max_days=400 | interval[0] | lengthen depot_lookback
[[opioid]] @ / name="Zed" / like="buprenorphine_depot" / min_days=1 | opioid[0] | depot_lookback
[[opioid]] / name="Zed" / like="kratom" / max_days=9 @ | opioid[0].max_days | below 10
[[interval]] / of="depot_lookback" / days=364 @ | interval[0].days | below 365
[[interval]] @ / of="depot_lookback" / min_days=400 | interval[0].days | alone is what this takes
[[interval]] / of="depot_lookback" / days=400 @ / max_days=400 | interval[0].days | 365 or more
[[interval]] / of="stop_before_opioid" / days=366 @ | interval[0].days | 365 or less
[[interval]] @ / of="kratom" | interval[0] | changes nothing
[[interval]] / of="kratom" / days=30 @ | interval[0].days | takes min_days and max_days
[[interval]] / of="krato" @ / min_days=9 | interval[0].of | one of depot_lookback
[[interval]] / of="adult_age" @ / days=30 | interval[0].of | one of depot_lookback
[[names]] / of="krato" @ | names[0].of | `opioid NAME` tells ids
[[opioid]] / name="Zed" / like="naloxone" @ | opioid[0].like | tells ids
[[severity]] / code="INT-01" / at_least="caution" @ | severity[0].at_least | only raise
[[severity]] / code="PRG-01" / at_least="insufficient" @ | severity[0].at_least | only raise
[[severity]] / code="MED-01" / at_least="hold" @ | severity[0].at_least | "stop" would not
[[severity]] / code="INT-01" / at_least="info" @ | severity[0].at_least | "hold" or "stop"
[[severity]] / code="MEA-01" @ / at_least="stop" | severity[0].code | screening
[[names]] / of="kratom" / synonyms=["Zed", "Oramorph"] @ | names[0].synonyms[1] | known already
[[names]] / of="kratom" / synonyms=["Zed", "zed"] @ | names[0].synonyms[1] | known already
[[names]] / of="kratom" / codes=["a:1", "a:1"] @ | names[0].codes[1] | known already
[[medicine]] / name="Zed" / holds=["morphine"] @ | medicine[0].holds[0] | ordinary medicine
# one / sites=1 @ | sites | did you mean "site"
[[names]] / of="kratom" / synonym=["Zed"] @ | names[0].synonym | did you mean "synonyms"
[[names]] @ / codes=["a:1"] | names[0].of | is required, such as
[[interval]] / of="kratom" / max_days=true @ | interval[0].max_days | a whole number
[[interval]] / of="kratom" / max_days=30.0 @ | interval[0].max_days | a whole number
[[interval]] / of="kratom" / max_days="30" @ | interval[0].max_days | without quotes
[[interval]] / of="kratom" / max_days=3661 @ | interval[0].max_days | 3660 or less
[severity] @ / code="INT-01" | severity | must be a list
[[opioid]] / name="Zop" / like="loperamide" @ | opioid[0].like | with an interval
[[interval]] / of="naloxone" @ / max_days=9 | interval[0].of | opioid
[[names]] / of="kratom" / codes=[ / "a:1", / "a:2", / "a:3", / "a:1", @ / ] | names[0].codes[3] |
# U+2028: ~ / [[interval]] / of="kratom" / max_days=9 @ | interval[0].max_days | below 10
"a.b"=1 @ | a.b | no known key
[[names]] / of="kratom" / codes=["LOCAL 1"] @ | names[0].codes[0] | such as
""".replace("~", "\u2028").strip().split("\n")  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused_names_its_line_its_path_and_what_would_be_right(case: str) -> None:
    """W10: each kind of fault, at the line that holds it."""
    body, path, right = (part.strip() for part in case.split(" |"))
    lines = (HEAD + body.replace(" / ", "\n").replace("]]/ ", "]]\n")).split("\n")
    line = 1 + next(at for at, each in enumerate(lines) if each.endswith("@"))
    told = problems("\r\n".join(lines).replace(" @", "  # here"))
    assert any(t.startswith(f"overlay, line {line}: {path}: ") and right in t for t in told), told


def test_several_problems_are_told_at_once_each_with_its_line() -> None:
    shapes = HEAD + 'bad = 1\n[[interval]]\nof = 3\nmax_days = 1.5\n[[opioid]]\nname = "Zed"\n'
    assert sorted(told.split(": ")[0] for told in problems(shapes)) == [
        f"overlay, line {line}" for line in (3, 5, 6, 7)
    ]
    text = interval(of="kratom", max_days=9) + raised(code="X", at_least="stop")
    lines = {told.split(": ")[0] for told in problems(HEAD + text + medicine(name="codeine"))}
    assert lines >= {f"overlay, line {line}" for line in (5, 7, 10)}


LONG = interval(of="methadone", min_days=21, max_days=30)
TWICE = {
    "interval": (LONG, interval(of="methadone", min_days=21, max_days=25)),
    "crossed": (LONG, interval(of="methadone", max_days=20)),
    "days": (interval(of="depot_lookback", days=700), interval(of="depot_lookback", days=400)),
    "severity": (raised(code="INT-01", at_least="stop"), raised(code="INT-01", at_least="hold")),
    "like": (LONG, opioid(name="Zed", like="methadone", min_days=21, max_days=25)),
}


@pytest.mark.hazard("W19")
@pytest.mark.parametrize("stacked", [False, True])
@pytest.mark.parametrize("case", TWICE)
def test_a_later_entry_or_overlay_never_undoes_an_earlier_one(case: str, stacked: bool) -> None:
    """W10: it is refused, in one file or in two."""
    first, second = TWICE[case]
    before = made(first)
    with pytest.raises(InvalidInputError):
        overlaid(HEAD + second, base=before) if stacked else made(first + second)


def test_an_overlay_on_an_overlay_knows_the_first_and_is_told_apart() -> None:
    for text in (names(of="kratom", synonyms=["Painoff"]), names(of="kratom", codes=["local:3"])):
        assert "known already" in problems(HEAD + text, made(EVERYTHING))[0]
    assert overlaid(HEAD, base=made(EVERYTHING)).rules["INT-01"].at_least == "stop"
    other = overlaid(HEAD.replace("Example", "Other"), base=made(EVERYTHING))
    assert other.sha256 != overlaid(HEAD, base=made(EVERYTHING)).sha256


# --- hostile files ------------------------------------------------------------------------------

DEEP = HEAD + "x = " + "[" * 5000 + "]" * 5000
HOSTILE: dict[str, tuple[str | bytes, str]] = {
    "empty": ("", "line 1: schema"),
    "comment": ("# nothing\n", "line 1: site"),
    "schema": (HEAD.replace("overlay/1", "overlay/2"), 'line 1: schema: must be "ldn-'),
    "big": ("#" * 307_200, "larger than 262144 bytes"),
    "deep": (DEEP, "nested too deeply"),
    "no utf-8": (HEAD.encode() + b'x = "\xff"', f"byte {len(HEAD) + 5}"),
    "no toml": (HEAD + "a = = 1\n", "line 3"),
    "key twice": (HEAD + 'site = "x"\n', "line 3"),
    "huge": (HEAD + "x = " + "9" * 5000, "line 3"),
    "no name": (HEAD + opioid(name="!!!", like="kratom"), "line 4"),
    "escape": (HEAD + medicine(name="Zed", holds=["x\x1b[2Jy"]), "line 5"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_bad_file_is_refused_in_plain_lines(case: str, tmp_path: Path, capfdbinary: Any) -> None:
    """S05: exit 2, the file named, one line a problem, no traceback."""
    data, place = HOSTILE[case]
    file = tmp_path / "site.toml"
    file.write_bytes(data.encode() if isinstance(data, str) else data)
    code, out, err = command(capfdbinary, "opioid", "kratom", "--overlay", file)
    assert (code, out) == (2, ""), err
    assert place in err
    assert all(line.startswith(str(file)) and line.isprintable() for line in err.splitlines())
    assert command(capfdbinary, "self-check", "--overlay", tmp_path / "none.toml")[0] == 2


def test_every_depth_of_nesting_is_told() -> None:
    for depth in range(300, 520):
        assert problems(f"{HEAD}x = {'[' * depth}{']' * depth}\n")


def test_many_problems_are_told_quickly() -> None:
    """S01: a formulary of 100 known names is refused within a second."""
    known, begin = '"morphine",\n' * 100, time.perf_counter()
    assert len(problems(f'{HEAD}[[names]]\nof = "kratom"\nsynonyms = [\n{known}]\n')) == 100
    assert time.perf_counter() - begin < 1


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a." * 300 + "b = 1\n", "overlay, line 1: has more than 200 points"),
        ("# a\n" * 10_001, "overlay: has more than 10,000 lines"),
    ],
    ids=["points", "lines"],
)
def test_a_file_that_would_take_minutes_to_read_is_refused_at_once(text: str, problem: str) -> None:
    """S01: a chain of some 500,000 points kept the reader of TOML busy for minutes."""
    with pytest.raises(InvalidInputError, match=problem):
        overlaid(text)
