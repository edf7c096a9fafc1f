"""P34 to P48: what no other day, order, name or further fact may better, over any patient.

Beside each relation stands the oracle: the verdict that ``people.verdict_owed`` works out from
contract section 5 and the reference, answer by answer.
"""

from __future__ import annotations

import copy
import csv
import re
import unicodedata
from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from interval_oracle import (
    CELLS,
    DENOTED,
    KINDS,
    NOBODY_KNOWS,
    Told,
    owed,
    patient_of,
    within,
    worst,
)
from ldn_titration import OpioidExposure, PatientFacts, Screening, Severity, Verdict, screen
from ldn_titration.findings import Outcome
from ldn_titration.knowledge import Knowledge, Opioid, knowledge
from ldn_titration.patient import REQUIRED
from ldn_titration.testing import exposures as shipped_exposures
from ldn_titration.testing import known_facts
from people import (
    ANSWERS,
    MEDICINES,
    NAMES,
    PLANNED,
    Day,
    Person,
    base_of,
    bases,
    offers_override,
    overriding,
    parts_owed,
    people,
    screened_as_owed,
    tolds,
    verdict_owed,
)

START = date(2027, 1, 4)
INTERVAL_CODES = {"OPI-01", "OPI-02", "OPI-03", "OPI-04", "OPI-05"}
anybody = people()
SHORT = Told("oxycodone", "immediate", START - timedelta(11))
MIDDLE = SHORT._replace(last=date(2026, 12, 20))  # 14 opioid-free days; by its month only 3


def assert_never_better(before: Screening, after: Screening) -> None:
    """What did not clear does not clear now, and no override is offered that was not there."""
    if not before.verdict.clears:
        assert not after.verdict.clears
        assert offers_override(before) or not offers_override(after)


def said(screening: Screening) -> Counter[tuple[str, Severity, date | None]]:
    """The findings without their words, whatever their order."""
    return Counter((f.code, f.severity, f.clears_on) for f in screening.findings)


def without_years(person: Person) -> Person:
    """The same person without what tells of time yet to come, or since naltrexone."""
    told = {"planned_opioid", "earlier_naltrexone"}
    kept = {name: each for name, each in person.answers.items() if name not in told}
    return person._replace(answers=kept)


@given(anybody, st.integers(1, 16) | st.integers(1, 500), bases)
@example(
    Person(START, (Told("naltrexone", "unknown", START - timedelta(30)),)), 1, base_of("shipped")
)
def test_p34_a_later_start_is_never_worse(person: Person, days: int, base: Knowledge) -> None:
    """P34 monotone in time since exposure (age of other facts held fixed: a passed challenge
    goes stale).

    An opioid that is still to come and the time since naltrexone are other matters.
    """
    person = without_years(person)
    facts, begun = person.facts, person.start + timedelta(days)
    start = f"{begun}T13:00+01:00" if person.timed else begun
    sooner, later = (person.screened(base, facts=facts, start=s) for s in (person.begun, start))
    assert later.verdict <= sooner.verdict
    assert later.not_before == sooner.not_before or sooner.not_before is None
    if not base.is_site:
        assert str(later.verdict) == verdict_owed(person._replace(start=begun))


@given(anybody, st.data(), bases)
@example(Person(START, (SHORT._replace(last=date(2026, 12, 26)),)), None, base_of("shipped"))
def test_p35_one_exposure_more_is_never_safer(person: Person, data: Any, base: Knowledge) -> None:
    """P35 adding an exposure never safer."""
    taken = tolds(person.start)
    more = Told("methadone", "depot", START) if data is None else data.draw(taken)
    after = person._replace(told=(more, *person.told))
    assert_never_better(person.screened(base), after.screened(base))
    first, second = screened_as_owed(person), screened_as_owed(after)
    assert second.verdict >= first.verdict


@given(anybody, st.sampled_from(MEDICINES) | st.sampled_from([(n, "") for n in DENOTED]), bases)
def test_p35_one_medicine_more_is_never_safer(
    person: Person, more: tuple[Any, str], base: Knowledge
) -> None:
    """P35 adding an exposure never safer: as a line of the medication list too."""
    assume(person.fact("medications") is not None)
    listed = {"rxcui": more[0]} if isinstance(more[0], str) and more[0].isdigit() else more[0]
    after = person._replace(medicines=((listed, more[1]), *person.medicines))
    assert_never_better(person.screened(base), after.screened(base))
    if more[1]:
        assert screened_as_owed(after).verdict >= screened_as_owed(person).verdict


COARSER = {"date time": ("date", "month", "unknown"), "date": ("month", "unknown")}


@pytest.mark.hazard("W05")
@given(people(), st.integers(0, 2), bases)
@example(Person(START, (MIDDLE, MIDDLE._replace(last=date(2026, 1, 1)))), 0, base_of("shipped"))
def test_p36_a_coarser_date_is_never_safer(person: Person, place: int, base: Knowledge) -> None:
    """P36 coarser date never safer.

    All times here are of one offset: where the clock moved see docs/explanation/days.md.
    """
    assume(place < len(person.told))
    told = person.told
    for precision in COARSER.get(told[place].precision, ("unknown",)):
        vague = told[place]._replace(precision=precision)
        after = person._replace(told=(*told[:place], vague, *told[place + 1 :]))
        assert_never_better(person.screened(base), after.screened(base))
        screened_as_owed(after)


# What these facts state is an exposure, a positive test, or the bad news itself (days.md).
STATED = {"opioid_in_use", "urine_opioid_screen", "naloxone_challenge", "liver_enzymes"}
STATED |= {"planned_opioid", "earlier_naltrexone"}


@given(anybody, st.sampled_from([*NAMES, "opioids"]), bases)
@example(Person(START, (SHORT,)), "medications", base_of("shipped"))
def test_p37_a_fact_less_is_never_safer(person: Person, name: str, base: Knowledge) -> None:
    """P37 removing information never safer, unless the item was itself an exposure or a
    positive test.

    Optional facts that are the bad news themselves are excepted by docs/explanation/days.md.
    """
    before = person.screened(base)
    data = person.data()
    data.pop(name, None)
    after = person.screened(base, facts=PatientFacts.model_validate(data))
    if name not in STATED:
        assert_never_better(before, after)
    if name in REQUIRED:
        assert name in after.missing
        assert after.verdict >= Verdict.INSUFFICIENT
        assert not offers_override(after)


@given(anybody, st.integers(0, 2))
@example(Person(START, (SHORT, Told("loperamide", "unknown", START))), 0)
def test_p37_a_release_less_is_never_safer(person: Person, place: int) -> None:
    """P37 removing information never safer: the release form of an exposure.

    A form that contradicts a brand unsettles it; left out, the brand settles it again (days.md).
    """
    assume(place < len(person.told))
    told = person.told[place]
    assume((told.name, "unknown") in CELLS or told.name in KINDS)
    less = told._replace(release="unknown")
    assume(" or " not in told.cell or " or " in less.cell)
    after = person._replace(told=(*person.told[:place], less, *person.told[place + 1 :]))
    assert_never_better(screened_as_owed(person), screened_as_owed(after))


@given(anybody, st.randoms(use_true_random=False), bases)
def test_p38_the_order_of_exposures_is_irrelevant(
    person: Person, rng: Any, base: Knowledge
) -> None:
    """P38 order of exposures irrelevant: and of medicines and conditions."""
    told, medicines = list(person.told), list(person.medicines)
    conditions = list(person.conditions)
    for listed in (told, medicines, conditions):
        rng.shuffle(listed)
    changed = person._replace(
        told=tuple(told), medicines=tuple(medicines), conditions=tuple(conditions)
    )
    one, other = person.screened(base), changed.screened(base)
    assert (other.verdict, other.not_before, other.missing) == (
        one.verdict,
        one.not_before,
        one.missing,
    )
    assert said(other) == said(one)
    assert Counter(other.milestones) == Counter(one.milestones)


@given(anybody, bases)
def test_p39_what_is_told_twice_counts_once(person: Person, base: Knowledge) -> None:
    """P39 duplicates irrelevant."""
    twice = person._replace(
        told=person.told * 2, medicines=person.medicines * 2, conditions=person.conditions * 2
    )
    one, other = person.screened(base), twice.screened(base)
    assert (other.verdict, other.not_before) == (one.verdict, one.not_before)
    assert set(said(other)) == set(said(one))
    assert other.clears is one.clears


@given(anybody)
@example(Person(START, (Told("naloxone", "unknown", START - timedelta(30)),)))
def test_p40_the_verdict_of_a_set_is_the_worst_of_its_members(person: Person) -> None:
    """P40 verdict of a set = worst of its members (with interaction rules listed as
    exceptions).

    The exceptions are told in ``people``: an answer beside what it answers, a condition that
    denies a fact, lactose in the preparation, a depot of naltrexone before a planned opioid.
    """
    screening = screened_as_owed(person)
    alone = [person._replace(told=(one,)).screened().verdict for one in person.told]
    assert screening.verdict >= max(alone, default=Verdict.CLEAR)
    assert str(screening.verdict) == worst(*parts_owed(person))


@given(people())
@example(Person(START, (Told("Sublocade", "depot", START - timedelta(365)),)))
@example(Person(START, (Told("Sublocade", "depot", START - timedelta(366)), SHORT)))
@example(Person(START, (Told("oxycodone", "unknown", START - timedelta(400)),)))
def test_p40_exposures_neither_hide_nor_strengthen_one_another(person: Person) -> None:
    """P40 verdict of a set = worst of its members: of exposures there is no exception."""
    told, start = person.told, person.start
    assume(told)
    verdicts = [screen(patient_of(one, on=start), start).verdict for one in told]
    assert screen(patient_of(*told, on=start), start).verdict is max(verdicts)
    assert list(map(str, verdicts)) == [owed(one, start, timed=False) for one in told]


# --- a longer interval --------------------------------------------------------------------------

COUNTED = [row for row in knowledge().opioids if row.is_opioid and row.window is not None]


def lengthened(row: Opioid, least: int, most: int) -> Knowledge:
    """The shipped base with one longer window, without the cost of reading its tables again."""
    base = copy.copy(knowledge())
    for name in ("_opioid_names", "_opioid_codes", "_by_id", "lexicon", "_read_once"):
        vars(base).pop(name, None)
    longer = row._replace(min_days=least, max_days=most)
    base.opioids = tuple(longer if each.id == row.id else each for each in base.opioids)
    return base


@given(
    st.sampled_from(COUNTED),
    st.integers(0, 20),
    st.integers(0, 20),
    st.integers(-2, 40),
    st.booleans(),
)
def test_p41_a_longer_window_is_never_safer(
    row: Opioid, low: int, high: int, free: int, ongoing: bool
) -> None:
    """P41 lengthening any interval never safer."""
    least, most = row.window or (0, 0)
    later = min(least + low, most + high)
    longer = lengthened(row, later, most + high)
    release = "unknown" if row.release in {"any", "unknown"} else row.release
    told = Told(row.name, release, START - timedelta(free + 1), ongoing=ongoing)
    patient = patient_of(told, on=START)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ldn_titration.screening.require_canaries", lambda base: None)
        then, now = screen(patient, START), screen(patient, START, base=longer)
    assert now.verdict >= then.verdict
    if then.not_before is not None and now.not_before is not None:
        assert now.not_before >= then.not_before
    days = free + 1
    assert str(then.verdict) == within(f"{least}-{most}", days, free, ongoing)
    assert str(now.verdict) == within(f"{later}-{most + high}", days, free, ongoing)


# --- what nobody knows --------------------------------------------------------------------------


def words_of(text: str) -> set[str]:
    """The words of a text: runs of letters, of two at least."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return {word for word in re.findall(r"[^\W\d_]+", plain) if len(word) > 1}


WORDS = set().union(
    *(
        words_of((files("ldn_titration.knowledge") / f"{name}.csv").read_text("utf-8"))
        for name in ("opioids", "products", "medicines", "brands", "qualifiers")
    )
)
"""Every word of every table of names."""


def lines() -> st.SearchStrategy[str]:
    """Lines of text that the request would take for a name."""
    shown = st.characters(exclude_categories=["Cc", "Cf", "Cs", "Zl", "Zp"])
    made = st.text(shown, min_size=1, max_size=60).filter(str.strip)
    words = st.sampled_from([word for name in DENOTED for word in name.split("/")])
    near = st.builds("{}{}{}".format, st.sampled_from(["", "x", "met", "5 mg "]), words, made)
    return made | near


@pytest.mark.hazard("W02")
@given(lines(), tolds(START), st.sampled_from(["yes", "no", "unknown"]))
@example("morfina", SHORT, "yes")
@example("oxycodone from my neighbour", SHORT, "yes")
@example("opiumm", SHORT, "yes")
@example("aspirin and zzyzx", SHORT, "no")
def test_p42_a_name_that_is_not_in_the_tables_is_never_clear(
    name: str, told: Told, checked: str
) -> None:
    """P42 unknown code never clear: nor a name; W02: without an override."""
    assume(words_of(name) - WORDS)
    assume(told.daily is None)
    strange = told._replace(name=NOBODY_KNOWS)
    taken = screen(_exposed(strange.exposure(name)), START)
    assert str(taken.verdict) == owed(strange, START, timed=False)
    assert not taken.verdict.clears
    assert not offers_override(taken)
    assert "14 opioid-free days" in taken.findings[0].message + taken.findings[0].action
    facts: dict[str, Any] = {"medications": [name], "unrecognised_medicines_checked": checked}
    listed = screen(known_facts(**facts), START)
    hidden = any(found.code == "MED-02" for found in listed.findings)
    assert listed.verdict is (
        Verdict.CAUTION if checked == "yes" and not hidden else Verdict.INSUFFICIENT
    )
    assert name.strip() in listed.findings[0].message


def _exposed(*told: OpioidExposure) -> PatientFacts:
    return known_facts(opioids={"status": "known", "exposures": told})


@given(st.from_regex(r"[0-9]{1,8}", fullmatch=True), tolds(START), bases)
def test_p42_a_code_that_is_not_in_the_tables_is_never_clear(
    code: str, told: Told, base: Knowledge
) -> None:
    """P42 unknown code never clear."""
    assume(code not in DENOTED)
    assume(told.daily is None)
    strange = told._replace(name=NOBODY_KNOWS)
    taken = screen(_exposed(strange.exposure(code)), START, base=base)
    assert str(taken.verdict) == owed(strange, START, timed=False)
    assert not taken.verdict.clears
    assert not offers_override(taken)
    listed = screen(known_facts(medications=[{"rxcui": code}]), START, base=base)
    assert listed.verdict is Verdict.INSUFFICIENT


# --- an opioid that is taken now ----------------------------------------------------------------

ACTIVE = [way for way, cell in CELLS.items() if cell.split("-")[0] in {"365", "7", "10", "14"}]


@given(anybody, st.sampled_from(ACTIVE), st.dates() | st.just("unknown"), st.dates(), bases)
@pytest.mark.hazard("W06")
def test_p43_an_active_exposure_blocks_every_start(
    person: Person, way: tuple[str, str], last: Any, start: date, base: Knowledge
) -> None:
    """P43 an active exposure blocks for every start date: whatever its date says."""
    name, release = way
    key = "rxcui" if name.isdigit() else "substance"
    now = {key: name, "release": release, "last_taken": str(last), "ongoing": True}
    facts = person.data()
    told = facts["opioids"].get("exposures", ())
    now_too = OpioidExposure.model_validate(now)
    facts["opioids"] = {"status": "known", "exposures": (*told, now_too)}
    screening = person.screened(base, facts=PatientFacts.model_validate(facts), start=start)
    assert screening.verdict is Verdict.STOP
    assert screening.clears is False
    assert screening.not_before is None


# --- other dates, other names -------------------------------------------------------------------


@given(people(by_date=True), st.integers(-9000, 9000) | st.integers(-400, 400), bases)
def test_p44_shifting_every_date_keeps_the_verdict(
    person: Person, days: int, base: Knowledge
) -> None:
    """P44 shifting all dates by k keeps the verdict: and shifts every day that is told."""
    shift = timedelta(days)
    moved = person._replace(
        start=person.start + shift,
        told=tuple(one._replace(last=one.last + shift) for one in person.told),
    )
    here, there = person.screened(base), moved.screened(base)
    assert there.verdict is here.verdict
    first = here.not_before
    assert there.not_before == (None if first is None else first + shift)
    assert said(there) == Counter(
        (f.code, f.severity, None if f.clears_on is None else f.clears_on + shift)
        for f in here.findings
    )
    assert there.clears is here.clears
    if not base.is_site:
        assert str(there.verdict) == verdict_owed(moved)


_SAME: dict[str, list[str]] = defaultdict(list)
for _name, _rows in DENOTED.items():
    _SAME[str([row["id"] for row in _rows])].append(_name)


def same_as(name: str) -> list[str]:
    """Every name and code that denotes the same rows."""
    return _SAME[str([row["id"] for row in DENOTED[name.lower()]])]


SPELLINGS = [str, str.upper, str.title, lambda name: name.replace(" ", "  ").replace("/", " / ")]


@given(anybody, st.integers(0, 10**6), st.sampled_from(SPELLINGS))
def test_p45_a_synonym_says_the_same(person: Person, pick: int, spell: Any) -> None:
    """P45 renaming a drug to a synonym keeps it: another name, brand, code or spelling."""
    told = []
    for one in person.told:
        same = [one.name] if one.name == NOBODY_KNOWS else same_as(one.name)
        # A bare substance or code says nothing of the form; a name that does, may.
        fitting = [name for name in same if _cell_of(name, one) in {one.cell, None}]
        name = fitting[pick % len(fitting)]
        told.append(one.exposure(name if name.isdigit() else spell(name)))
    history = {"status": "known", "exposures": told} if told else {"status": "none"}
    facts = PatientFacts.model_validate({**person.data(), "opioids": history})
    one, other = person.screened(), person.screened(facts=facts)
    assert str(other.verdict) == verdict_owed(person)
    assert (other.verdict, other.not_before) == (one.verdict, one.not_before)
    assert said(other) == said(one)


_LOWER = {(name.lower(), release): cell for (name, release), cell in CELLS.items()}


def _cell_of(name: str, told: Told) -> str:
    """The window of a name in the form of an exposure; its own where loperamide's dose counts."""
    return told.cell if told.daily else _LOWER.get((name.lower(), told.release), "?")


@given(st.integers(0, 3), people(), st.booleans())
def test_p45_a_name_that_a_site_adds_says_what_its_row_says(
    place: int, person: Person, coded: bool
) -> None:
    """P45 renaming a drug to a synonym keeps it: also to one of a site's overlay."""
    assume(place < len(person.told))
    one = person.told[place]._replace(name="methadone", release="unknown", daily=None)
    told = [each.exposure() for each in person.told]
    base, both = base_of("named"), []
    for new in (one.exposure(), _added(one, coded)):
        told[place] = new
        opioids = {"status": "known", "exposures": tuple(told)}
        facts = PatientFacts.model_validate({**person.data(), "opioids": opioids})
        both.append(person.screened(base, facts=facts))
    assert both[0].verdict is both[1].verdict
    assert said(both[0]) == said(both[1])
    assert both[0].verdict >= Verdict(owed(one, person.start, person.timed))


def _added(told: Told, coded: bool) -> OpioidExposure:
    made = told.exposure(NOBODY_KNOWS)
    way = {"substance": None, "code": "elsewhere:9"} if coded else {}
    return OpioidExposure(**{**dict(made), **way})


# --- what is listed -----------------------------------------------------------------------------


def table(name: str) -> list[dict[str, str]]:
    """One table of the knowledge base, read without the library."""
    text = (files("ldn_titration.knowledge") / f"{name}.csv").read_text("utf-8")
    return list(csv.DictReader(text.splitlines()))


SCREENED = sorted(row["code"] for row in table("rules") if row["where"] == "screening")


def told_by_rule(screening: Screening) -> dict[str, list[object]]:
    """By rule: its outcome, what it wants, its findings and dated notes."""
    told: dict[str, list[object]] = {rule.code: [rule.outcome] for rule in screening.basis}
    for rule in screening.basis:
        told[rule.code] += rule.wanting
    for each in (*screening.findings, *screening.milestones):
        if each.code in told:
            told[each.code].append(each)
    return told


@given(anybody, bases)
def test_p46_every_input_used_and_every_one_missing_is_listed(
    person: Person, base: Knowledge
) -> None:
    """P46 every verdict lists each input used and each one missing."""
    screening = person.screened(base)
    assert sorted(rule.code for rule in screening.basis) == SCREENED
    inputs = {name: text for rule in screening.basis for name, text in rule.inputs}
    wanted = {name for rule in screening.basis for name in rule.wanting}
    facts = person.data()
    assert set(REQUIRED) <= set(inputs)
    assert inputs["start"][:10] == str(person.start)
    for name in REQUIRED:
        value = facts[name]
        if name == "opioids":
            unknown = value["status"] == "unknown"
            parts = [each.exposure().label for each in person.told] or [value["status"]]
            assert all(part in inputs[name] for part in parts)
        elif isinstance(value, list):
            unknown = False
            assert inputs[name].count(";") == max(0, len(value) - 1)
        else:
            unknown = value in (None, "unknown")
            assert inputs[name] == str("unknown" if unknown else value)
        assert (name in screening.missing) is unknown
        assert (name in wanted | {"assessed_by"}) or not unknown
    for rule in screening.basis:
        assert rule.sources
        assert rule.outcome is not Outcome.DID_NOT_FIRE or not rule.wanting
    codes = {each.code for each in (*screening.findings, *screening.milestones)} - {"OVR-01"}
    assert codes == {rule.code for rule in screening.basis if rule.outcome is Outcome.FIRED}


@given(anybody, st.sampled_from(ANSWERS))
def test_p46_what_changes_a_rule_is_among_its_inputs(
    person: Person, answer: tuple[str, Any, str]
) -> None:
    """P46 every verdict lists each input used: what one fact more changes, lists that fact."""
    name = answer[0]
    before, after = person.screened(), person.answered(*answer).screened()
    inputs = {rule.code: dict(rule.inputs) for rule in after.basis}
    then = {rule.code: dict(rule.inputs) for rule in before.basis}
    told = told_by_rule(before)
    for code, says in told_by_rule(after).items():
        if says != told[code]:
            assert name in inputs[code], code
            assert inputs[code][name] != then[code][name], code


# --- overrides ----------------------------------------------------------------------------------

HOLDS = ["HEP-01", "OPI-03", "OPI-04", "PED-01", "PRG-01", "RST-01", "SUR-01"]
chosen = st.lists(
    st.tuples(st.sampled_from(HOLDS), st.integers(-40, 2), st.booleans()), min_size=1, max_size=4
)


@given(people(without=("overrides",)), chosen, bases)
def test_p47_an_override_never_changes_the_verdict(
    person: Person, overrides: list[tuple[str, int, bool]], base: Knowledge
) -> None:
    """P47 an override never changes the underlying verdict."""
    plain = person.screened(base)
    listed = [
        overriding(code, days, **({"digest": plain.digest} if bound else {}))
        for code, days, bound in overrides
    ]
    told = person.answered("overrides", listed).screened(base)
    assert told.verdict is plain.verdict
    assert tuple(f for f in told.findings if f.code != "OVR-01") == plain.findings
    assert all(f.severity is Severity.INFO for f in told.findings if f.code == "OVR-01")
    assert (told.not_before, told.missing, told.basis) == (
        plain.not_before,
        plain.missing,
        plain.basis,
    )
    assert told.digest == plain.digest, "an override is not part of what it is bound to"
    held = {f.code for f in plain.findings if f.severity is Severity.HOLD}
    lasts = [_day(each.last_taken) for each in person.facts.opioids.exposures]
    latest = max([last for last in lasts if last is not None], default=date.min)
    counts = [
        (each["code"], on)
        for each in listed
        if each["code"] in held
        and latest <= (on := person.start + timedelta(each["on"]))
        and on <= person.start
    ]
    assert [(o.code, o.on) for o in told.overrides] == counts
    blocking = {f.code for f in plain.findings if f.severity > Severity.CAUTION}
    only_held = all(f.severity <= Severity.HOLD for f in plain.findings) and blocking <= held
    unknown = any(f.severity is Severity.INSUFFICIENT for f in plain.findings)
    assert told.clears is (only_held and not unknown and blocking <= {code for code, _ in counts})


def _day(last: Any) -> date | None:
    if isinstance(last, str):
        return None
    if isinstance(last, datetime):
        return last.date()
    return last if isinstance(last, date) else last.last_day  # type: ignore[no-any-return]


OTHER_PLANS = st.integers(0, len(PLANNED) - 1)


@given(
    people(without=("overrides", "pregnant")),
    st.sampled_from(ANSWERS),
    OTHER_PLANS,
    st.sampled_from(["answer", "plan", "start", "exposure", "medicine", "condition", "rules"]),
)
@pytest.mark.hazard("O01")
def test_p48_any_change_of_plan_facts_or_rules_voids_an_override(
    person: Person, answer: tuple[str, Any, str], plan: int, what: str
) -> None:
    """P48 any change of plan, facts or rules voids an override."""
    held = person.answered("pregnant", "yes", "hold")
    digest = held.screened().digest
    bound = held.answered("overrides", [overriding("PRG-01", 0, digest=digest)])
    if not any(_after_start(one, person.start) for one in person.told):
        assert [o.code for o in bound.screened().overrides] == ["PRG-01"]
    changed = {
        "answer": bound if answer[0] in {"overrides", "pregnant"} else bound.answered(*answer),
        "plan": bound._replace(planned=plan),
        "start": bound._replace(timed=not bound.timed),
        "exposure": bound._replace(told=(*bound.told, SHORT)),
        "medicine": bound._replace(medicines=(("aspirin", "clear"), *bound.medicines)),
        "condition": bound._replace(conditions=(("gout", "", "", ()), *bound.conditions)),
        "rules": bound,
    }[what]
    base = base_of("longer") if what == "rules" else None
    same = what != "rules" and _request(changed) == _request(bound)
    told = changed.screened(base)
    assert (told.digest == digest) is same
    if not same:
        assert told.overrides == ()
        assert "OVR-01" in {f.code for f in told.findings}
        assert told.clears is False


def _after_start(told: Told, start: date) -> bool:
    """Whether an override on the start is dated before what may be the last dose."""
    return told.precision != "unknown" and _day(told.exposure().last_taken) > start  # type: ignore[operator]


def _request(person: Person) -> tuple[Any, ...]:
    """All that an override is bound to, as plain data."""
    facts = person.data()
    given_facts = {name: value for name, value in facts.items() if value is not None}
    return given_facts, person.begun, PLANNED[person.planned][:3]


# --- beside the clauses -------------------------------------------------------------------------


def blocks(screening: Screening) -> bool:
    """Whether a finding about an interval, above caution, stands."""
    return any(
        finding.code in INTERVAL_CODES and finding.severity > Severity.CAUTION
        for finding in screening.findings
    )


@given(anybody)
@example(
    Person(
        START,
        (
            Told("Sublocade", "depot", date(2026, 1, 1)),
            Told("methadone", "unknown", date(2026, 11, 1)),
        ),
    )
)
def test_no_interval_stands_on_the_day_not_before_and_one_does_the_day_before(
    person: Person,
) -> None:
    """Contract 4: the first start on which no finding about an interval, above caution, remains."""
    facts = person.facts
    first = person.screened().not_before
    if first is not None:
        assert not blocks(person.screened(facts=facts, start=first))
        assert blocks(person.screened(facts=facts, start=first - timedelta(days=1)))


@given(
    people(without=("urine_opioid_screen", "naloxone_challenge")),
    st.sampled_from(["negative", "positive", "pending"]),
    st.integers(-3, 1),
)
@pytest.mark.hazard("W08")
def test_no_result_of_a_test_betters_a_verdict(person: Person, result: str, days: int) -> None:
    """W08: screens and challenges only worsen or support, never clear."""
    owes = {"negative": "clear", "positive": "stop", "pending": "insufficient"}[result]
    done = {"result": result, "on": Day(days)}
    tested = person.answered("urine_opioid_screen", done, owes)
    tested = tested.answered("naloxone_challenge", done, owes)
    before, after = person.screened(), screened_as_owed(tested)
    assert after.verdict >= before.verdict
    assert after.not_before == before.not_before
    assert offers_override(before) or not offers_override(after)


@given(st.lists(shipped_exposures(START), min_size=1, max_size=3))
def test_the_shipped_strategy_makes_exposures_that_are_judged_one_by_one(
    told: list[OpioidExposure],
) -> None:
    """P40, for what ``ldn_titration.testing`` draws."""
    alone = [screen(_exposed(one), START).verdict for one in told]
    assert screen(_exposed(*told), START).verdict is max(alone)
