"""Hypothesis strategies for those who import the library: valid values, ready to plan.

>>> from hypothesis import given
>>> from ldn_titration.testing import masses
>>> @given(masses())
... def test_text_is_exact(mass):
...     assert type(mass)(str(mass)) == mass
>>> test_text_is_exact()

Needs hypothesis, which is not installed with the library.
"""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction
from math import ceil, floor

from hypothesis import strategies as st

from ldn_titration.errors import InvalidInputError, NotMeasurableError
from ldn_titration.patient import REQUIRED, OpioidExposure, OpioidHistory, PatientFacts
from ldn_titration.plan import Plan
from ldn_titration.preparation import Capsules, Drops, OralSolution, Preparation, Tablets
from ldn_titration.quantities import Concentration, Mass, Volume
from ldn_titration.regimen import MAX_DAYS, Cycle, Regimen, TitrationStep
from ldn_titration.schedule import schedule

__all__ = [
    "concentrations",
    "exposures",
    "known_facts",
    "living_plans",
    "masses",
    "plans",
    "preparations",
    "regimens_for",
    "start_dates",
    "volumes",
]


def masses(
    least: str = "1 mcg", most: str = "100 mg", *, decimal: bool = False
) -> st.SearchStrategy[Mass]:
    """Masses between two, any rational number of mg; ``decimal`` keeps to whole micrograms."""
    lowest, highest = Mass(least).magnitude, Mass(most).magnitude
    if decimal:
        low, high = ceil(lowest * 1000), floor(highest * 1000)
        return st.integers(low, high).map(lambda mcg: Mass.of(Fraction(mcg, 1000), "mg"))
    shares = st.fractions(0, 1, max_denominator=10**6)
    return shares.map(lambda share: Mass.of(lowest + (highest - lowest) * share, "mg"))


def volumes() -> st.SearchStrategy[Volume]:
    """Volumes from 0.01 mL to 100 mL, any rational number of mL."""
    values = st.fractions(Fraction(1, 100), 100, max_denominator=1000)
    return values.map(lambda value: Volume.of(value, "mL"))


def concentrations() -> st.SearchStrategy[Concentration]:
    """Concentrations from 0.1 to 20 mg/mL in hundredths."""
    return st.integers(10, 2000).map(lambda n: Concentration.of(Fraction(n, 100), "mg/mL"))


def start_dates() -> st.SearchStrategy[date]:
    """First days from 1999 to 2101."""
    return st.dates(date(1999, 1, 1), date(2101, 12, 31))


_strengths = st.lists(
    st.sampled_from([Mass(f"{n} mg") for n in ("0.5", "1", "1.5", "2", "3", "4.5")]),
    min_size=1,
    max_size=3,
    unique=True,
)
_marks = st.sampled_from([Volume("0.01 mL"), Volume("0.1 mL"), Volume("0.2 mL")])


def preparations() -> st.SearchStrategy[Preparation]:
    """Capsules, tablets in parts, oral solutions and drops."""
    return st.one_of(
        st.builds(Capsules, strengths=_strengths),
        st.builds(Tablets, strengths=_strengths, parts=st.sampled_from([1, 2, 4])),
        st.builds(OralSolution, concentration=concentrations(), graduation=_marks),
        st.builds(Drops, concentration=concentrations(), drops_per_mL=st.integers(12, 40)),
    )


def _unit(preparation: Preparation) -> Mass:
    """The smallest dose that it measures."""
    if isinstance(preparation, Drops):
        return preparation.drop * 1
    if isinstance(preparation, OralSolution):
        return preparation.strength * preparation.graduation
    parts = preparation.parts if isinstance(preparation, Tablets) else 1
    smallest: Mass = min(preparation.strengths)
    return smallest / parts


@st.composite
def regimens_for(
    draw: st.DrawFn, preparation: Preparation, *, max_steps: int = 6, max_days: int = 40
) -> Regimen:
    """Regimens whose doses that preparation can measure; half of them end open."""
    unit = _unit(preparation)
    steps = [
        TitrationStep(
            dose=unit * draw(st.integers(1, 18)),
            doses_per_day=draw(st.sampled_from([1, 1, 1, 2, 3])),
            days=draw(st.integers(1, max_days)),
        )
        for _ in range(draw(st.integers(1, max_steps)))
    ]
    if draw(st.booleans()):
        last = steps[-1]
        steps[-1] = TitrationStep(dose=last.dose, doses_per_day=last.doses_per_day)
    time = draw(st.sampled_from([None, "morning", "bedtime", "21:30"]))
    return Regimen(steps=tuple(steps), time_of_day=time)


@st.composite
def plans(draw: st.DrawFn, *, max_steps: int = 6, max_days: int = MAX_DAYS // 10) -> Plan:
    """Draft plans of any preparation, regimen, start and length.

    ``max_days`` is the most that a length is asked for, and with fewer steps a short plan.
    """
    preparation = draw(preparations())
    regimen = draw(regimens_for(preparation, max_steps=max_steps, max_days=min(40, max_days)))
    days = draw(st.none() | st.integers(1, max_days))
    return schedule(regimen, preparation, draw(start_dates()), days=days)


def _event(on: date, draw: st.DrawFn) -> dict[str, object]:
    """One event on that day, as plain data; whether it fits is another question."""
    fields: dict[str, dict[str, object]] = {
        "held": {"days": draw(st.integers(1, 20))},
        "stepped_back": {},
        "halved": {},
        "missed": {},
        "advanced": {},
        "stayed": {},
        "paused": {"until": str(on + timedelta(draw(st.integers(1, 25))))},
        "opioid": {"exposure": {"substance": draw(_SOME_NAMES), "release": "immediate"}},
        "stopped": {},
    }
    name = draw(st.sampled_from(sorted(fields)))
    return {"event": name, "on": str(on), "reason": draw(_REASONS), **fields[name]}


_REASONS = st.sampled_from([None, "insomnia", "vivid dreams"])


@st.composite
def living_plans(
    draw: st.DrawFn, *, max_events: int = 4, max_steps: int = 6, max_days: int = 200
) -> Plan:
    """Draft plans as they went: with some events that fit, ranges, checks, days on and off."""
    preparation = draw(preparations())
    regimen = draw(regimens_for(preparation, max_steps=max_steps, max_days=min(40, max_days)))
    steps = [draw(_in_real_use(step)) for step in regimen.steps]
    regimen = Regimen(steps=tuple(steps), time_of_day=regimen.time_of_day)
    start, days = draw(start_dates()), draw(st.none() | st.integers(1, max_days))
    plan = schedule(regimen, preparation, start, days=days)
    diary: list[object] = []
    for _ in range(draw(st.integers(0, max_events))):
        on = plan.start + timedelta(draw(st.integers(0, len(plan) - 1)))
        event = _event(on, draw)
        try:
            plan = schedule(regimen, preparation, start, days=days, diary=[*diary, event])
        except (InvalidInputError, NotMeasurableError):
            continue
        diary.append(event)
    return plan


@st.composite
def _in_real_use(draw: st.DrawFn, step: TitrationStep) -> TitrationStep:
    """The step, or the same as a range, with a check before it, or with days off."""
    changes: dict[str, object] = {}
    if step.days is not None and draw(st.booleans()):
        changes["fewest_days"] = draw(st.integers(1, step.days))
    if draw(st.integers(0, 3)) == 0:
        changes["cycle"] = Cycle(days_on=draw(st.integers(1, 5)), days_off=draw(st.integers(1, 3)))
    if draw(st.integers(0, 3)) == 0:
        changes["only_if"] = "the step before is tolerated"
    return step.model_copy(update=changes)


_SOME_NAMES = st.sampled_from(["oxycodone", "methadone", "kratom", "no such thing"])


def exposures(
    start: date, names: st.SearchStrategy[str] | None = None
) -> st.SearchStrategy[OpioidExposure]:
    """Exposures to opioids up to some weeks after a start, also with facts unknown."""
    days = st.integers(-20, 400).map(lambda n: start - timedelta(days=n))
    months = days.map(lambda day: f"{day.year:04}-{day.month:02}")
    return st.builds(
        OpioidExposure,
        substance=_SOME_NAMES if names is None else names,
        release=st.sampled_from(["immediate", "extended", "transdermal", "depot", "unknown"]),
        last_taken=st.one_of(days, months, st.just("unknown")),
        ongoing=st.booleans(),
    )


def known_facts(**changes: object) -> PatientFacts:
    """An adult of whom everything was asked and nothing found, with these facts changed."""
    answers: dict[str, object] = dict.fromkeys(REQUIRED, "no")
    answers |= {
        "assessed_on": date(2027, 1, 2),
        "assessed_by": "Dr A. Example",
        "opioids": OpioidHistory(status="none"),
        "age_years": 44,
        "medications": (),
        "conditions": (),
    }
    return PatientFacts(**(answers | changes))  # type: ignore[arg-type]
