"""Any patient: every fact, exposures around each boundary, and the verdict that is owed.

What each answer says by itself is written down by hand from the rules of the reference
(facts.md section 11, policy figures 3, 14, 30 and 365 days); a patient's verdict is the worst
of these, with the few answers that need another one beside them told in ``verdict_owed``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from functools import cache
from typing import Any, NamedTuple

from hypothesis import strategies as st
from pydantic import TypeAdapter

from interval_oracle import (
    CELLS,
    KINDS,
    NOBODY_KNOWS,
    Told,
    owed,
    took,
    worst,
)
from ldn_titration import PatientFacts, Preparation, Regimen, Screening, screen
from ldn_titration.knowledge import Knowledge, knowledge
from ldn_titration.knowledge.overlay import overlaid

PREPARATION: TypeAdapter[Preparation] = TypeAdapter(Preparation)
SITE = 'schema = "ldn-titration/overlay/1"\nsite = "Example Hospital"\n'


class Day(int):
    """So many days after the start."""


# --- answers, each with what it says by itself ------------------------------------------------

_ASKED = (
    "opioid_dependence",
    "acute_withdrawal",
    "naltrexone_hypersensitivity",
    "other_naltrexone",
    "pregnant",
    "breastfeeding",
    "liver_disease",
    "kidney_impairment",
    "suicidal_ideation",
)
NOTHING: dict[str, Any] = {
    "assessed_on": Day(-2),
    "assessed_by": "Dr A. Example",
    **dict.fromkeys(_ASKED, "no"),
    "age_years": 44,
    "medications": [],
    "conditions": [],
}
"""Everything asked, and nothing found."""
STOPS = ("opioid_dependence", "acute_withdrawal", "naltrexone_hypersensitivity", "other_naltrexone")
WARNS = ("breastfeeding", "suicidal_ideation")


def overriding(code: str, days: int = 0, **more: Any) -> dict[str, Any]:
    return {"code": code, "reason": "weighed", "by": "Dr B. Other", "on": Day(days), **more}


ANSWERS: list[tuple[str, Any, str]] = [
    *((name, "yes", "stop") for name in STOPS),
    *((name, "yes", "caution") for name in WARNS),
    *((name, "unknown", "insufficient") for name in (*STOPS, *WARNS, "pregnant")),
    ("name", "A. Patient", "clear"),
    ("assessed_on", None, "insufficient"),
    *(("assessed_on", Day(days), "clear") for days in (-91, -90, 0, 1)),
    ("assessed_by", None, "insufficient"),
    ("age_years", None, "insufficient"),
    ("age_years", 17, "hold"),
    ("age_years", 18, "clear"),
    ("pregnant", "yes", "hold"),
    ("liver_disease", "yes", "hold"),
    ("liver_disease", "acute_or_decompensated", "hold"),
    ("liver_disease", "compensated", "caution"),
    ("liver_disease", "unknown", "insufficient"),
    ("kidney_impairment", "unknown", "insufficient"),
    ("kidney_impairment", "mild", "clear"),
    *(("kidney_impairment", told, "caution") for told in ("yes", "moderate", "severe")),
    ("medications", None, "insufficient"),
    ("conditions", None, "insufficient"),
    ("unrecognised_medicines_checked", "yes", "clear"),
    ("unrecognised_medicines_checked", "no", "clear"),
    ("opioid_in_use", "yes", "stop"),
    ("opioid_in_use", "no", "clear"),
    ("alcohol", "yes", "caution"),
    ("alcohol", "no", "clear"),
    ("liver_enzymes", "2.999", "clear"),
    ("liver_enzymes", "3", "caution"),
    ("liver_enzymes", "4.999", "caution"),
    ("liver_enzymes", "5", "hold"),
    ("lactose_intolerance", "yes", "clear"),  # a caution with what may hold lactose: see below
    ("lactose_intolerance", "no", "clear"),
    *(
        (name, {"result": result, "on": Day(days)}, verdict)
        for name in ("urine_opioid_screen", "naloxone_challenge")
        for result, verdict in (
            ("negative", "clear"),
            ("positive", "stop"),
            ("pending", "insufficient"),
        )
        for days in (-2, 0, 1)
    ),
    # 3 whole days without naltrexone before it; one of the past is asked about for 14 days.
    ("planned_opioid", [{"on": Day(0), "reason": "surgery"}], "hold"),
    ("planned_opioid", [{"on": Day(3), "reason": "surgery"}], "hold"),
    ("planned_opioid", [{"on": Day(4), "reason": "surgery"}], "caution"),
    ("planned_opioid", [{"on": Day(40), "reason": "x", "substance": "morphine"}], "caution"),
    ("planned_opioid", [{"on": Day(-14), "reason": "surgery"}], "insufficient"),
    ("planned_opioid", [{"on": Day(-15), "reason": "surgery"}], "clear"),
    (
        "planned_opioid",
        [{"on": Day(-20), "reason": "a", "until": Day(-1)}, {"on": Day(9), "reason": "b"}],
        "insufficient",
    ),
    ("earlier_naltrexone", {"last_taken": Day(0)}, "insufficient"),
    ("earlier_naltrexone", {"last_taken": Day(-1), "dose": "3 mg"}, "clear"),
    ("earlier_naltrexone", {"last_taken": Day(-15)}, "clear"),
    ("earlier_naltrexone", {"last_taken": Day(-16), "dose": "3 mg"}, "caution"),
    ("earlier_naltrexone", {"last_taken": Day(-30), "form": "depot"}, "stop"),
    ("earlier_naltrexone", {"last_taken": Day(-31), "form": "depot"}, "caution"),
    ("overrides", [overriding("PRG-01"), overriding("OPI-03", -1)], "clear"),
    ("overrides", [overriding("HEP-01", 1), overriding("PED-01", digest="0" * 64)], "clear"),
]
NAMES = sorted({name for name, _, _ in ANSWERS})

MEDICINES: list[tuple[Any, str]] = [
    ("aspirin", "clear"),
    ("aspirin 75 mg", "clear"),
    ("metformin", "clear"),
    ("sertraline", "clear"),
    ("venlafaxine", "caution"),
    ("thioridazine", "caution"),
    ("levothyroxine", "caution"),
    ("carbimazole", "caution"),
    ("loperamide", "caution"),
    ("ipratropium", "clear"),
    ("codeine", "stop"),
    ("oxycodone 5 mg tablets", "stop"),
    ({"rxcui": "7804"}, "stop"),  # oxycodone
    ({"rxcui": "6468"}, "caution"),  # loperamide
    ("naltrexone", "stop"),
    ("naloxone", "asks"),
    ("lofexidine", "asks"),
    ("zzyzx", "unknown"),
    ({"rxcui": "99999999"}, "unknown"),
    ({"code": "elsewhere:9"}, "unknown"),
    ("zzyzx codeine", "insufficient"),
]
"""Each with what it says; `asks` and `unknown` depend on what was answered beside it."""

CONDITIONS: list[tuple[str, str, str, tuple[str, ...]]] = [
    ("asthma", "caution", "", ()),
    ("type 2 diabetes", "clear", "", ()),
    ("hypothyroidism", "caution", "", ()),
    ("depression", "caution", "", ()),
    ("fatty liver", "caution", "", ()),
    ("kidney transplant", "caution", "", ()),
    ("pregnancy", "clear", "pregnant", ("no",)),
    ("opioid use disorder", "clear", "opioid_dependence", ("no",)),
    ("cirrhosis", "clear", "liver_disease", ("no",)),
    ("decompensated cirrhosis", "clear", "liver_disease", ("no", "compensated")),
    ("dialysis", "clear", "kidney_impairment", ("no", "mild", "moderate")),
    ("breastfeeding", "clear", "breastfeeding", ("no",)),
    ("lactose intolerance", "clear", "lactose_intolerance", ("no",)),
]
"""Each with what it says, and the fact with the values that it stands against."""

STEPS = [{"dose": "0.5 mg", "days": 14}, {"dose": "3 mg"}]
CAPSULES = {"form": "capsules", "strengths": ["0.5 mg", "3 mg"], "filler": "cellulose"}
DROPS = {"form": "drops", "concentration": "5 mg/mL", "drops_per_mL": 20, "beyond_use_days": 14}
PLANNED: list[tuple[dict[str, Any] | None, dict[str, Any] | None, int | None, str]] = [
    (None, None, None, "clear"),
    (None, CAPSULES, 28, "clear"),
    ({"steps": STEPS}, CAPSULES, 28, "clear"),
    ({"steps": STEPS}, {**CAPSULES, "filler": "lactose"}, None, "clear"),
    ({"steps": STEPS}, DROPS, 35, "clear"),
    ({"steps": [{"dose": "4.5 mg"}]}, DROPS, 35, "clear"),
    ({"steps": [{"dose": "5 mg"}]}, DROPS, None, "caution"),
    ({"steps": [{"dose": "6 mg"}]}, DROPS, 28, "caution"),
    ({"steps": [{"dose": "6.5 mg"}]}, DROPS, 28, "stop"),
]
"""Regimen, preparation and length, and what the doses say by themselves."""


# --- somebody ---------------------------------------------------------------------------------


class Person(NamedTuple):
    """Somebody with exposures, of whom some answers stand out; dates as days from the start."""

    start: date
    told: tuple[Told, ...] = ()
    answers: Mapping[str, tuple[Any, str]] = {}
    medicines: tuple[tuple[Any, str], ...] = ()
    conditions: tuple[tuple[str, str, str, tuple[str, ...]], ...] = ()
    planned: int = 0
    timed: bool = False

    @property
    def begun(self) -> date | str:
        """The start as it is given: a date, or noon UTC with an offset."""
        return f"{self.start}T13:00+01:00" if self.timed else self.start

    def fact(self, name: str) -> Any:
        """The value of a fact, as it was answered; None where it was not."""
        if name in self.answers:
            return self.answers[name][0]
        return NOTHING.get(name)

    def data(self) -> dict[str, Any]:
        """The patient as plain data, dates and all."""
        facts = {**NOTHING, "opioids": took(*(one.exposure() for one in self.told))}
        facts |= {"medications": [m for m, _ in self.medicines]}
        facts |= {"conditions": [name for name, *_ in self.conditions]}
        facts |= {name: value for name, (value, _) in self.answers.items()}
        return dated(facts, self.start)

    @property
    def facts(self) -> PatientFacts:
        """The patient for the library."""
        return PatientFacts.model_validate(self.data())

    def screened(self, base: Knowledge | None = None, **other: Any) -> Screening:
        """The screening of this person, or of other ``facts``, at another ``start``."""
        regimen, preparation, days = plans_of(self.planned)
        facts, start = other.get("facts", self.facts), other.get("start", self.begun)
        return screen(facts, start, regimen, preparation, days=days, base=base)

    def answered(self, name: str, value: Any, verdict: str = "clear") -> Person:
        """The same person with another answer."""
        return self._replace(answers={**self.answers, name: (value, verdict)})


@cache
def plans_of(place: int) -> tuple[Regimen | None, Preparation | None, int | None]:
    """What is planned, for the library."""
    regimen, preparation, days, _ = PLANNED[place]
    return (
        None if regimen is None else Regimen.model_validate(regimen),
        None if preparation is None else PREPARATION.validate_python(preparation),
        days,
    )


def dated(value: Any, start: date) -> Any:
    """The same data with each day from the start as its date."""
    if isinstance(value, Day):
        return start + timedelta(days=value)
    if isinstance(value, dict):
        return {name: dated(each, start) for name, each in value.items()}
    return [dated(each, start) for each in value] if isinstance(value, list) else value


# --- what is owed -----------------------------------------------------------------------------


def parts_owed(person: Person) -> Iterator[str]:
    """What each exposure, answer, medicine and condition says, and what the plan does."""
    asked = person.fact("opioid_in_use") == "no"
    checked = person.fact("unrecognised_medicines_checked") == "yes"
    depends = {
        "asks": "caution" if asked else "insufficient",
        "unknown": "caution" if checked else "insufficient",
    }
    for one in person.told:
        said = owed(one, person.start, person.timed)
        yield "caution" if one.cell == "asks" and asked else said
    yield from (verdict for _, verdict in person.answers.values())
    if person.fact("medications") is not None:
        yield from (depends.get(said, said) for _, said in person.medicines)
    if person.fact("conditions") is not None:
        for _, said, fact, denying in person.conditions:
            yield "insufficient" if fact and person.fact(fact) in denying else said
    yield PLANNED[person.planned][3]
    yield from _together(person)


def _together(person: Person) -> Iterator[str]:
    """What two answers say only together."""
    preparation = PLANNED[person.planned][1]
    listed = person.fact("conditions") is not None and any(
        name == "lactose intolerance" for name, *_ in person.conditions
    )
    may_hold = preparation is None or preparation.get("filler") == "lactose"
    if may_hold and (listed or person.fact("lactose_intolerance") == "yes"):
        yield "caution"
    earlier, planned = person.fact("earlier_naltrexone"), person.fact("planned_opioid")
    if earlier and earlier.get("form") == "depot":
        gaps = [each["on"] - earlier["last_taken"] - 1 for each in planned or ()]
        yield "hold" if any(0 <= gap < 30 for gap in gaps) else "clear"


def verdict_owed(person: Person) -> str:
    """The verdict: the worst of all that is said."""
    return worst(*parts_owed(person))


def may_override_owed(person: Person) -> bool:
    """Whether a named clinician may override: it is held, and nothing is unknown."""
    parts = list(parts_owed(person))
    return worst(*parts) == "hold" and "insufficient" not in parts


def offers_override(screening: Screening) -> bool:
    """The same, as the screening tells it."""
    said = {str(finding.severity) for finding in screening.findings}
    return str(screening.verdict) == "hold" and "insufficient" not in said


def screened_as_owed(person: Person) -> Screening:
    """The screening, after the verdict and the offer of the oracle were found in it."""
    screening = person.screened()
    assert str(screening.verdict) == verdict_owed(person), person
    assert offers_override(screening) is may_override_owed(person), person
    return screening


# --- strategies -------------------------------------------------------------------------------


@cache
def boundaries(cell: str) -> list[int]:
    """Days after the last dose on which a verdict turns, and the days beside them."""
    if cell in {"asks", "second", "none"}:
        return [0, 1, 29, 30, 31, 32]
    ends = {int(end) for window in cell.split(" or ") for end in window.split("-")}
    return sorted({0, 1} | {end + step for end in ends for step in (-1, 0, 1, 2)})


Taken = tuple[str, str, str | None, int]
ELSEWHERE = [*range(-3, 20), 29, 30, 31, 45, *range(363, 369), 4000, -400]


def _taken(name: str, release: str, every: bool) -> Iterator[Taken]:
    """A name in a form on each day about which a verdict turns, and on others."""
    for daily in (None, "16 mg", "17 mg") if name == "loperamide" else (None,):
        near = boundaries(Told(name, release, date.min, daily=daily).cell)
        yield from ((name, release, daily, days) for days in near)
        yield from ((name, release, daily, days) for days in (ELSEWHERE if every else (-9, 45)))


_COMMON = [each for way in CELLS if way[0] in KINDS for each in _taken(*way, every=True)]
_ANY = [each for way in CELLS for each in _taken(*way, every=False)]
_ONCE = [(precision, False) for precision in ("date", "date", "date time", "month", "unknown")]
_HOW = [*_ONCE, ("date", False), ("date", True), ("unknown", True)]
_HOW_BY_DATE = [("date", False), ("date time", False), ("date", False), ("date", True)]
_takens = st.sampled_from(_COMMON) | st.sampled_from(_ANY)
_hows = {False: st.sampled_from(_HOW), True: st.sampled_from(_HOW_BY_DATE)}


def told_of(taken: Taken, how: tuple[str, bool], start: date) -> Told:
    """An exposure so many days before a start."""
    name, release, daily, days = taken
    return Told(name, release, start - timedelta(days=days), *how, daily)


def tolds(start: date) -> st.SearchStrategy[Told]:
    """An exposure by any name of the table or none, most often next to a boundary day."""
    return st.builds(told_of, _takens, _hows[False], st.just(start))


_drawn = {
    by_date: st.lists(st.tuples(_takens, hows), max_size=3) for by_date, hows in _hows.items()
}
_answers = st.lists(st.sampled_from(ANSWERS), max_size=3)
_medicines = st.lists(st.sampled_from(MEDICINES), max_size=2)
_conditions = st.lists(st.sampled_from(CONDITIONS), max_size=2)
# Months end on the last of December: so long after it a boundary of each window lies.
STARTS = st.integers(0, 24).map(lambda days: date(2027, 1, 1) + timedelta(days=days))


_planned = st.sampled_from(
    [(place, timed) for place in range(len(PLANNED)) for timed in (False, True)]
)


@st.composite
def people(
    draw: st.DrawFn,
    *,
    by_date: bool = False,
    starts: st.SearchStrategy[date] = STARTS,
    without: tuple[str, ...] = (),
) -> Person:
    """Anybody: up to three exposures, three answers, two medicines and two conditions.

    ``by_date``: each last dose is known by its date, or its date and time.
    """
    start = draw(starts)
    told = (told_of(*each, start) for each in draw(_drawn[by_date]))
    answers = {name: (value, said) for name, value, said in draw(_answers) if name not in without}
    listed = tuple(draw(_medicines)), tuple(draw(_conditions))
    return Person(start, tuple(told), answers, *listed, *draw(_planned))


# --- a site's knowledge bases ------------------------------------------------------------------

_LONGER = "".join(
    f'[[interval]]\nof = "{of}"\nmin_days = {least}\nmax_days = {most}\n'
    for of, least, most in (
        ("oxycodone_ir", 8, 12),
        ("methadone", 10, 30),
        ("kratom", 20, 20),
        ("loperamide", 10, 14),
    )
)
OVERLAYS = {
    "longer": f'{SITE}{_LONGER}[[interval]]\nof = "depot_lookback"\ndays = 370\n',
    "raised": f'{SITE}[[severity]]\ncode = "INT-01"\nat_least = "stop"\n'
    '[[severity]]\ncode = "LAC-01"\nat_least = "hold"\n',
    "named": f'{SITE}[[names]]\nof = "methadone"\nsynonyms = ["{NOBODY_KNOWS}"]\n'
    'codes = ["elsewhere:9"]\n[[medicine]]\nname = "zzyzx"\n',
}


@cache
def base_of(name: str) -> Knowledge:
    """The shipped knowledge base, or one with a site's overlay."""
    return overlaid(OVERLAYS[name]) if name in OVERLAYS else knowledge()


bases = st.sampled_from(["shipped", "shipped", *OVERLAYS]).map(base_of)
