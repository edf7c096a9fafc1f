"""P59 to P61: what is saved and loaded, what never breaks, and what limits may do."""

from __future__ import annotations

import copy
import json
import sys
import time
import tracemalloc
from collections.abc import Callable
from datetime import date, timedelta
from fractions import Fraction
from typing import Any, NamedTuple

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from conftest import ROOT
from ldn_titration import (
    InvalidInputError,
    LdnTitrationError,
    Mass,
    OpioidExposure,
    OpioidHistory,
    Plan,
    Regimen,
    TitrationStep,
    Volume,
    screen,
)
from ldn_titration.export.document import PlanDocument, plan_json
from ldn_titration.findings import Screening
from ldn_titration.intake.bundle.patient import read_patient
from ldn_titration.intake.medicines.listed import read_medicines
from ldn_titration.intake.plan import read_plan
from ldn_titration.knowledge import Knowledge, knowledge
from ldn_titration.knowledge.overlay import overlaid
from ldn_titration.lint import lint
from ldn_titration.request import PlanRequest, read_request
from ldn_titration.testing import known_facts
from small_plans import DAY, FINE, Case, event, fine_cases

GOOD: dict[str, Any] = json.loads((ROOT / "examples" / "drops-18-weeks.json").read_text())
START = date(2027, 1, 4)

# --- P59: saved and loaded ------------------------------------------------------------

tree_of_steps = st.builds(
    lambda case: json.loads(case.regimen.model_dump_json(exclude_none=True)),
    fine_cases,
)
regimens = st.one_of(
    tree_of_steps.map(lambda tree: {"steps": tree["steps"]}),
    st.builds(
        lambda low, by, days, steps: {
            "ramp": {
                "from": str(Mass.of(Fraction(low, 4), "mg")),
                "by": str(Mass.of(Fraction(by, 4), "mg")),
                "every_days": days,
                "to": str(Mass.of(Fraction(low + by * steps, 4), "mg")),
            }
        },
        st.integers(1, 4),
        st.integers(1, 3),
        st.integers(1, 9),
        st.integers(0, 4),
    ),
    st.sampled_from(["weekly_1_5", "brief_004_standard"]).map(lambda name: {"protocol": name}),
)
told_events = st.lists(
    st.tuples(
        st.integers(0, 40),
        st.sampled_from([
            {"event": "held", "days": 3, "reason": "insomnia"},
            {"event": "missed"},
            {"event": "stayed"},
            {"event": "stepped_back"},
            {"event": "advanced"},
            {"event": "halved"},
            {"event": "stopped"},
            {"event": "opioid", "exposure": {"substance": "oxycodone", "release": "immediate"}},
        ]),
    ),
    max_size=2,
)  # fmt: skip
patients = st.sampled_from([
    GOOD["patient"],
    {},
    {**GOOD["patient"], "pregnant": "yes", "medications": ["metformin", {"rxcui": "7804"}]},
    {
        **GOOD["patient"],
        "opioids": {
            "status": "known",
            "exposures": [{"substance": "codeine", "last_taken": "2026-12"}],
        },
    },
])  # fmt: skip


def _request(
    case: Case, regimen: Any, diary: Any, patient: Any, length: int | None, time_of_day: str | None
) -> dict[str, Any]:
    tree: dict[str, Any] = {
        "schema": "ldn-titration/request/1",
        "start": str(case.start),
        "regimen": regimen,
        "preparation": json.loads(FINE.model_dump_json(exclude_none=True)),
        "patient": patient,
        "diary": [{**each, "on": str(case.start + day * DAY)} for day, each in diary],
    }
    optional = {"length_days": length, "time_of_day": time_of_day}
    return tree | {name: value for name, value in optional.items() if value is not None}


requests = st.builds(
    _request,
    fine_cases,
    regimens,
    told_events,
    patients,
    st.none() | st.integers(1, 30),
    st.sampled_from([None, "bedtime", "21:30"]),
)


def planned(request: PlanRequest) -> Plan | None:
    """The plan of a request, or None where an event in it does not fit."""
    try:
        return request.plan()
    except InvalidInputError:
        return None


@pytest.mark.hazard("I08", "I05")
@given(requests)
def test_p59_what_is_saved_is_loaded(tree: dict[str, Any]) -> None:
    """P59: accepted inputs are closed under save and load in each released schema.

    Request and plan: what was saved is accepted, is the same value, and is saved to the same
    bytes again; the request's plan is the same.
    """
    request = read_request(json.dumps(tree))
    for left_out in (False, True):
        saved = request.model_dump_json(by_alias=True, exclude_none=left_out)
        again = read_request(saved)
        assert again == request
        assert again.model_dump_json(by_alias=True, exclude_none=left_out) == saved
    plan = planned(request)
    assert planned(again) == plan
    if plan is None:
        return
    document = plan_json(plan)
    loaded = PlanDocument.model_validate_json(document)
    kept = loaded.model_dump_json(by_alias=True)
    assert PlanDocument.model_validate_json(kept) == loaded
    assert [(row.date, row.dose) for row in loaded.days] == [
        (day.date, None if day.dose is None else str(day.dose)) for day in plan
    ]
    assert Screening.model_validate_json(plan.screening.model_dump_json()) == plan.screening
    assert loaded.screening == plan.screening


# --- P60: never broken, within a second and 100 MB -------------------------------------

LIMIT_SECONDS = 1.0 if sys.gettrace() is None else 5.0  # a measurement of coverage slows all
LIMIT_BYTES = 100_000_000
LARGEST = 1 << 20


def plan_of(data: bytes) -> object:
    """The plan of a request."""
    return read_request(data).plan()


def text_of(data: bytes) -> str:
    """The bytes as some text."""
    return data.decode("utf-8", "replace")


READERS: dict[str, tuple[Callable[[bytes], object], bytes]] = {
    "request": (plan_of, (ROOT / "examples" / "living-plan.json").read_bytes()),
    "order": (lint, (ROOT / "tests" / "data" / "orders" / "titration.json").read_bytes()),
    "own FHIR": (read_plan, (ROOT / "tests" / "data" / "orders" / "taper.json").read_bytes()),
    "medicines": (read_medicines, (ROOT / "examples" / "medications.csv").read_bytes()),
    "patient": (read_patient, b'{"resourceType": "Bundle", "type": "collection", "entry": []}'),
    "overlay": (overlaid, (ROOT / "examples" / "overlay.toml").read_bytes()),
    "mass": (lambda data: Mass(text_of(data)), b"1.5 mg"),
    "volume": (lambda data: Volume(text_of(data)), b"10 mL"),
}
PIECES = [
    b"[", b"{", b'{"a":', b'[{"days":', b"9", b"0", b"1e9", b'"', b"\\", b"\x00", b"\xff", b" ",
    b"\n", b"a;", b"oxycodone ", b"codeine,", b'"diary":[],', b'{"dose":"1 mg","days":1},', b"#",
    "\u0663".encode(), b"NaN", b"-", b".", b"/", b"mg ", b"null,", b"[[name]]\n", b"\r\n,,,\r\n",
]  # fmt: skip


class Hostile(NamedTuple):
    """A sample, cut or not, with a piece of its kind or of another put in many times."""

    reader: str
    sample: str
    piece: bytes
    at: int = 0
    exponent: int = 0
    cut: int = 0
    closed: bool = True

    @property
    def data(self) -> bytes:
        """What is read: 2 to the exponent bytes, or as long as the sample is."""
        sample = READERS[self.sample][1]
        place = self.at % (len(sample) + 1)
        room = max(0, (1 << self.exponent) - len(sample))
        tail = sample[place + self.cut :] if self.closed else b""
        return (sample[:place] + self.piece * (room // len(self.piece)) + tail)[:LARGEST]


class Bytes(NamedTuple):
    """Any bytes."""

    reader: str
    data: bytes


readers = st.sampled_from(sorted(READERS))
NAMES = [*GOOD, *GOOD["patient"], "steps", "ramp", "dose", "days", "entry", "resourceType", "x"]
trees = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4)
    ),
    max_leaves=8,
)


def _with(good: bytes, name: str, tree: Any) -> bytes:
    """A sample with one of its members made another tree, or the tree alone."""
    whole = json.loads(good)
    return json.dumps(tree if name == "x" else {**whole, name: tree}).encode()


inputs = st.one_of(
    st.builds(
        Hostile,
        readers,
        readers,
        st.sampled_from(PIECES),
        st.integers(0, 10**5),
        st.integers(0, 20),
        st.integers(0, 40),
        st.booleans(),
    ),
    st.builds(Bytes, readers, st.binary(max_size=200)),
    st.builds(
        lambda reader, name, tree: Bytes(reader, _with(READERS[reader][1], name, tree)),
        st.sampled_from(["request", "order", "own FHIR", "patient"]),
        st.sampled_from(NAMES),
        trees,
    ),
)


def answered(read: Callable[[bytes], object], data: bytes) -> bool:
    """Whether an input is accepted; any error but one of the library's own comes through."""
    try:
        read(data)
    except LdnTitrationError as error:
        assert str(error)
        assert isinstance(error, ValueError)
        return False
    return True


@pytest.mark.hazard("S01", "S05")
@given(inputs)
def test_p60_an_answer_in_time(told: Hostile | Bytes) -> None:
    """P60: error or result within stated time and memory for any input <= 1 MiB.

    One second of work and 100 MB, for every way in; the samples themselves are accepted.
    """
    reader, data = told.reader, told.data
    read, sample = READERS[reader]
    assert len(data) <= LARGEST
    began = time.process_time()
    accepted = answered(read, data)
    assert time.process_time() - began < LIMIT_SECONDS, (reader, len(data))
    assert accepted or data != sample or reader == "own FHIR"
    if len(data) > 1 << 16:
        tracemalloc.start()
        try:
            answered(read, data)
            assert tracemalloc.get_traced_memory()[1] < LIMIT_BYTES, (reader, len(data))
        finally:
            tracemalloc.stop()


# --- P61: limits -----------------------------------------------------------------------


def limited(ceiling: Fraction, floor: Fraction, window: tuple[int, int]) -> Knowledge:
    """The shipped base with other limits of a dose, and of the interval after oxycodone."""
    base = copy.copy(knowledge())
    for name in ("_opioid_names", "_opioid_codes", "_by_id", "lexicon", "_read_once"):
        vars(base).pop(name, None)
    changes = {"low_dose_ceiling": ceiling, "low_dose_floor": floor * 1000}
    base.policy = base.policy | {
        key: base.policy[key]._replace(value=value) for key, value in changes.items()
    }
    row = next(each for each in base.opioids if each.id == "oxycodone_ir")
    longer = row._replace(min_days=window[0], max_days=window[1])
    base.opioids = tuple(longer if each.id == row.id else each for each in base.opioids)
    return base


places = st.integers(0, 80)
quarters = st.builds(Fraction, st.integers(1, 32), st.just(4))


@pytest.mark.hazard("W10", "A07")
@given(
    st.lists(quarters, min_size=1, max_size=3),
    st.tuples(quarters, quarters),
    st.tuples(quarters, quarters),
    st.lists(st.integers(7, 30), min_size=4, max_size=4).map(sorted),
    st.none() | st.integers(0, 40),
)
@example([Fraction(6)], (Fraction(6), Fraction(6)), (Fraction(1), Fraction(1)), [7, 7, 10, 10], 10)
def test_p61_looser_limits(
    doses: list[Fraction],
    ceilings: tuple[Fraction, Fraction],
    floors: tuple[Fraction, Fraction],
    days: list[int],
    free: int | None,
) -> None:
    """P61: a plan accepted under tighter limits is accepted under looser ones.

    Oracle: a dose within its limits, and as many opioid-free days as are asked for.
    """
    steps = tuple(
        TitrationStep(dose=Mass.of(dose, "mg"), days=7 if n < len(doses) else None)
        for n, dose in enumerate(doses, 1)
    )
    regimen, patient = Regimen(steps=steps), known_facts()
    if free is not None:
        taken = OpioidExposure(
            substance="oxycodone",
            release="immediate",
            last_taken=START - timedelta(days=free + 1),
        )
        patient = known_facts(opioids=OpioidHistory(status="known", exposures=(taken,)))
    low, high = sorted(ceilings), sorted(floors)
    limits = [  # tighter, then looser
        (low[0], high[1], (days[1], days[3])),
        (low[1], high[0], (days[0], days[2])),
    ]
    accepted = []
    for ceiling, floor, window in limits:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("ldn_titration.screening.require_canaries", lambda base: None)
            screening = screen(patient, START, regimen, base=limited(ceiling, floor, window))
        accepted.append(screening.clears)
        allowed = floor <= min(doses) and max(doses) <= ceiling
        assert screening.clears is (allowed and (free is None or free >= window[1]))
    assert accepted[0] <= accepted[1]


KINDS = ("held", "missed", "stayed", "halved", "stepped_back", "advanced", "stopped")


@pytest.mark.hazard("S01")
@given(fine_cases, st.sampled_from(KINDS), st.integers(0, 90), st.integers(1, 80), places)
def test_p61_a_longer_length(case: Case, kind: str, on: int, days: int, more: int) -> None:
    """P61: a plan accepted under tighter limits is accepted under looser ones: of its length.

    Oracle: the rows of the tighter plan are the first of the looser one.
    """
    held = {"days": 5} if kind == "held" else {}
    diary = [event(kind, case.start + on * DAY, **held)]
    try:
        tight = case._replace(length=days).plan(diary)
    except InvalidInputError:
        return
    loose = case._replace(length=days + more).plan(diary)
    assert loose[: len(tight)] == tuple(tight)
