"""P49 to P55: whatever a plan is written as, wherever and by whom, its rows are the same.

The readers (``readers.py``) are the oracle: they share no code with the library.
"""

from __future__ import annotations

import ast
import base64
import csv
import datetime
import decimal
import hashlib
import io
import json
import locale
import os
import pickle
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import Phase, event, example, given, settings
from hypothesis import strategies as st

import readers
from conftest import DEAR, ROOT
from ldn_titration import (
    InvalidInputError,
    NotMeasurableError,
    PatientFacts,
    Plan,
    Regimen,
    Tablets,
    schedule,
    screen,
)
from ldn_titration.export.content_lines import text_line
from ldn_titration.export.document import PlanDocument, plan_json
from ldn_titration.export.fhir import plan_fhir
from ldn_titration.export.ics import CalendarFile, plan_ics
from ldn_titration.export.tabular import plan_csv
from ldn_titration.intake.plan import read_plan
from ldn_titration.render.html import plan_html
from ldn_titration.render.pdf import plan_pdf
from ldn_titration.render.text import plan_text
from ldn_titration.request import read_request
from ldn_titration.testing import known_facts, living_plans, plans
from people import Person, people
from readers import Page
from same_rows import rows_of, same_as_plan, same_in_every_face, same_totals

dear = settings(max_examples=DEAR, phases=set(Phase) - {Phase.shrink, Phase.explain})
"""For plans of which one example takes long; the first that fails is shown as it was drawn."""


# --- plans --------------------------------------------------------------------------------------


@st.composite
def switched_plans(draw: st.DrawFn) -> Plan:
    """Living plans that go on with another preparation, as far as it measures their doses."""
    plan = draw(living_plans(max_events=2, max_steps=3, max_days=24))
    on = plan.start + timedelta(draw(st.integers(0, len(plan) - 1)))
    liquid = {"form": "oral_solution", "concentration": "1 mg/mL", "graduation": "0.001 mL"}
    drops = {"form": "drops", "concentration": "10 mg/mL", "drops_per_mL": 40}
    chosen = draw(st.sampled_from([liquid, drops]))
    if draw(st.booleans()):
        chosen = {**chosen, "beyond_use_days": 30}
    switched = {"event": "switched", "on": str(on), "preparation": chosen}
    try:
        return remade(plan, diary=[*plan.diary, switched])
    except (InvalidInputError, NotMeasurableError):
        return plan


def remade(plan: Plan, **other: Any) -> Plan:
    """The same plan made anew, but for what is another."""
    parts = {
        "preparation": plan.preparation,
        "days": plan.length_days,
        "diary": plan.diary,
        **other,
    }
    preparation = parts.pop("preparation")
    return schedule(plan.regimen, preparation, plan.start, **parts)


small = (
    plans(max_steps=4, max_days=24)
    | living_plans(max_events=3, max_steps=4, max_days=24)
    | switched_plans()
)


@st.composite
def any_plans(draw: st.DrawFn) -> Plan:
    """Small plans of every kind: drafts and cleared ones, some with a supply that is known."""
    plan = draw(small)
    keeps, screened = draw(st.sampled_from([(0, 0), (0, 1), (1, 0), (1, 1)]))
    changes: dict[str, Any] = {}
    if keeps:
        changes["preparation"] = plan.preparation.model_copy(update={"beyond_use_days": 30})
    if screened:
        preparation = changes.get("preparation", plan.preparation)
        planned = (plan.start, plan.regimen, preparation)
        changes["screening"] = screen(known_facts(), *planned, days=plan.length_days)
    return remade(plan, **changes) if changes else plan


def in_fhir(plan: Plan) -> bool:
    """Whether FHIR can hold it: some dose, and each a decimal number."""
    rows = rows_of(plan)
    return bool(rows) and readers.for_fhir(rows) is not None


THIRDS = schedule(
    Regimen(steps=[{"dose": "1/3 mg", "days": 7}]),
    Tablets(strengths=["1 mg"], parts=3),
    "2027-01-04",
)
"""A dose that is no decimal number: FHIR cannot hold it."""

# --- P49 ----------------------------------------------------------------------------------------


@dear
@given(any_plans(), st.integers(1, 4))
@example(THIRDS, 1)
def test_p49_every_face_reads_back_to_the_same_rows(plan: Plan, chosen: int) -> None:
    """P49 text, HTML, PDF, ICS, FHIR, CSV, JSON re-parse to the same rows.

    A PDF takes longer than all else together: here one plan in four has its own, in P54 each.

    A plan that FHIR cannot hold, since some dose is no decimal or there is none, is refused.
    """
    rows, days = rows_of(plan), [day.date for day in plan]
    assert days == [plan.start + timedelta(n) for n in range(len(days))]
    draft = plan.status == "draft"
    told = readers.read_json(plan_json(plan), plan.regimen.time_of_day)
    same_as_plan(told, rows, days, draft)
    same_totals(told, rows)
    made: dict[str, str | bytes] = {
        "csv": plan_csv(plan),
        "text": plan_text(plan),
        "html": plan_html(plan),
        "ics": plan_ics(plan),
        "ics, an event a step": plan_ics(plan, CalendarFile(each="step")),
    }
    if chosen == 4:
        made["pdf"] = plan_pdf(plan)
    if in_fhir(plan):
        made["fhir"] = plan_fhir(plan)
    else:
        event("refused in FHIR")
        with pytest.raises(InvalidInputError):
            plan_fhir(plan)
    same_in_every_face(made, rows, days, draft)


# --- P50 ----------------------------------------------------------------------------------------

FACES: dict[str, Callable[[Plan], str]] = {
    "json": plan_json,
    "csv": plan_csv,
    "text": plan_text,
    "html": plan_html,
    "ics": plan_ics,
    "fhir": lambda plan: plan_fhir(plan) if in_fhir(plan) else "refused",
}


def digest_of(plan: Plan, face: str) -> str:
    """The digest of one face."""
    return hashlib.sha256(FACES[face](plan).encode()).hexdigest()


@contextmanager
def surroundings(zone: str, spoken: str, seed: int) -> Iterator[None]:
    """Another zone, locale, language and random seed, and decimals of two digits, for a while."""
    state, before = random.getstate(), locale.setlocale(locale.LC_ALL)
    told = {"TZ": zone, **dict.fromkeys(("LANG", "LANGUAGE", "LC_ALL"), spoken)}
    two_digits = decimal.Context(prec=2, rounding=decimal.ROUND_UP)
    with pytest.MonkeyPatch.context() as patch, decimal.localcontext(two_digits):
        for name, value in told.items():
            patch.setenv(name, value)
        time.tzset()
        locale.setlocale(locale.LC_ALL, spoken)
        random.seed(seed)
        try:
            yield
        finally:
            locale.setlocale(locale.LC_ALL, before)
            random.setstate(state)
    time.tzset()


ZONES = st.sampled_from(["UTC", "Pacific/Kiritimati", "America/St_Johns", "Asia/Kathmandu"])
ANSWERING = """
import base64, pickle, sys
import test_same_rows as asked
for line in sys.stdin:
    print(asked.digest_of(*pickle.loads(base64.b64decode(line))), flush=True)
"""


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[subprocess.Popen[str]]:
    """Another process, with its own hash seed, zone and locale, that makes every face."""
    paths = [str(Path(__file__).parent), *sys.path]
    process = subprocess.Popen(
        [sys.executable, "-c", ANSWERING],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(paths),
            "PYTHONHASHSEED": "4711",
            "TZ": "Pacific/Apia",
            "LC_ALL": "C",
        },
    )
    yield process
    process.communicate()


@pytest.fixture(scope="module")
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as pool:
        yield pool


@dear
@given(any_plans(), st.sampled_from(sorted(FACES)), ZONES, st.integers(0, 99))
def test_p50_the_bytes_depend_on_the_plan_alone(
    elsewhere: subprocess.Popen[str],
    threads: ThreadPoolExecutor,
    spoken: list[str],
    plan: Plan,
    face: str,
    zone: str,
    seed: int,
) -> None:
    """P50 same bytes across hash seed, zone, locale, thread, process, repeat.

    Here for any plan; every request of the cases under many surroundings is in test_cases.py.
    """
    bytes_of = digest_of(plan, face)
    assert elsewhere.stdin is not None
    assert elsewhere.stdout is not None
    sent = base64.b64encode(pickle.dumps((plan, face))).decode()
    print(sent, file=elsewhere.stdin, flush=True)
    with surroundings(zone, spoken[seed % len(spoken)], seed):
        assert digest_of(plan, face) == bytes_of
    copies = [plan, *(remade(plan, screening=plan._given) for _ in range(2))]
    assert set(threads.map(digest_of, copies, [face] * 3)) == {bytes_of}
    assert elsewhere.stdout.readline().strip() == bytes_of


# --- P51, P53: text -----------------------------------------------------------------------------

any_text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"), max_size=300)


@pytest.mark.core
@given(any_text)
@example("x" * 67 + "\U0001f48a" * 3)
def test_p51_what_is_folded_unfolds(words: str) -> None:
    """P51 ICS unfold(fold(t)) = t, lines <= 75 octets, no split character."""
    line = text_line("SUMMARY", words)
    pieces = line.encode().split(b"\r\n")
    assert all(len(piece) <= 75 for piece in pieces)
    assert all(piece.decode() is not None for piece in pieces)
    assert all(piece.startswith(b" ") for piece in pieces[1:])
    value = line.replace("\r\n ", "").removeprefix("SUMMARY:")
    assert unescaped(value) == words
    assert "\n" not in value


def unescaped(value: str) -> str:
    """The text of a value of RFC 5545, character by character."""
    read, place = "", 0
    while place < len(value):
        escaped = value[place] == "\\"
        character = value[place + escaped]
        assert escaped or character not in ";,", "a separator of values is escaped"
        read += "\n" if escaped and character in "nN" else character
        place += 1 + escaped
    return read


_SHARP = ["<script>alert(1)</script>", "&amp;", '"', "'", ";", ",", "\\n", "\\", "=1+1", "@x", "-"]
_SHARP += ["END:VEVENT", "{{7*7}}", "]]>", "#", "$", "*", "_", "\U0001f48a", "ש", "\u00e9", "%s"]
_shown = st.characters(exclude_categories=["Cc", "Cf", "Cs", "Zl", "Zp", "Zs", "Co", "Cn"])
words = st.lists(
    st.sampled_from(_SHARP) | st.text(_shown, min_size=1, max_size=12), min_size=1, max_size=6
).map(" ".join)
BARE = read_request((ROOT / "examples" / "drops-18-weeks.json").read_bytes())


class Told(HTMLParser):
    """The text of a page, without its style, and how many elements it has."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        if self.tags[-1:] != ["style"]:
            self.text += data


def one_line(text: str) -> str:
    return " ".join(text.replace("\u00a0", " ").replace("\u2060", "").split())


def three_steps(reason: str) -> Plan:
    """Twenty days with an event that tells its reason."""
    steps = [{"dose": "0.25 mg", "days": 7}, {"dose": "0.5 mg", "days": 7}]
    request = json.loads(BARE.model_dump_json(by_alias=True, exclude_none=True))
    request |= {"regimen": {"steps": steps}, "length_days": 20}
    request["diary"] = [{"event": "held", "on": "2027-01-06", "days": 2, "reason": reason}]
    return read_request(json.dumps(request)).plan()


PLAIN = three_steps("insomnia")
PLAIN_TAGS = Told(plan_html(PLAIN)).tags
PLAIN_UIDS = [line for line in plan_ics(PLAIN).splitlines() if line.startswith("UID")]


@given(words)
def test_p53_what_was_written_is_read(reason: str) -> None:
    """P53 escaping: parsed text = original text, element count constant."""
    plan = three_steps(reason)
    assert plan.diary[0].reason == reason
    page = Told(plan_html(plan))
    assert page.tags == PLAIN_TAGS
    assert one_line(reason) in one_line(page.text)
    calendar = plan_ics(plan)
    unfolded = calendar.replace("\r\n ", "").split("\r\n")
    told = [line.split(":", 1)[1] for line in unfolded if line.startswith("DESCRIPTION")]
    assert any(reason in unescaped(value) for value in told)
    assert [line for line in unfolded if line.startswith("UID")] == PLAIN_UIDS
    cells = list(csv.reader(io.StringIO(plan_csv(plan))))
    # What a spreadsheet would run has an apostrophe before it (docs/how-to); no more is changed.
    without = reason.replace("'", "")
    assert any(without in row[-1].replace("'", "") for row in cells)
    assert len({len(row) for row in cells}) == 1
    assert not any(cell[:1] in "=+-@" for row in cells[1:] for cell in row if cell)
    document = json.loads(plan_json(plan))
    assert document["diary"][0]["reason"] == reason
    assert any(reason in row.get("why", "") for row in document["days"])
    assert read_plan(plan_fhir(plan)).diary == plan.diary


@dear
@pytest.mark.hazard("E05")
@given(words)
def test_p53_a_name_is_read_as_it_was_written(name: str) -> None:
    """P53 escaping: parsed text = original text, element count constant: of a patient's name."""
    patient = PatientFacts(name=name)
    named, bare = (Page(plan_html(PLAIN, patient=who)) for who in (patient, None))
    assert named.days == bare.days
    assert named.elements == bare.elements + 1
    assert named.outside == bare.outside == []
    assert one_line(name) in one_line(Told(plan_html(PLAIN, patient=patient)).text)


# --- P52 ----------------------------------------------------------------------------------------


@dear
@given(any_plans(), st.randoms(use_true_random=False))
@example(THIRDS, random.Random(0))
@pytest.mark.hazard("E03")
def test_p52_what_went_out_comes_back(plan: Plan, rng: Any) -> None:
    """P52 export then import = same plan (or named loss).

    FHIR: the same plan, in any order of its parts, but for the screening, which is made anew;
    a dose that is no decimal number is refused by its name. JSON: the same document.
    """
    text = plan_json(plan)
    again = PlanDocument.model_validate_json(text)
    assert again.screening == plan.screening
    assert [(day.date, day.dose) for day in again.days] == [
        (day.date, None if day.dose is None else str(day.dose)) for day in plan
    ]
    assert again.diary == plan.diary
    assert pickle.loads(pickle.dumps(plan)) == plan  # noqa: S301
    if not in_fhir(plan):
        with pytest.raises(InvalidInputError) as told:
            plan_fhir(plan)
        assert told.value.problems
        return
    sent = plan_fhir(plan)
    back = read_plan(sent)
    assert rows_of(back) == rows_of(plan)
    assert back == remade(plan)
    assert (back.status, back.screening.verdict.clears) == ("draft", False)
    shuffled = json.loads(sent)
    for entry in shuffled["entry"]:
        rng.shuffle(entry["resource"].get("dosageInstruction", []))
    rng.shuffle(shuffled["entry"])
    assert read_plan(json.dumps(shuffled)) == back


@dear
@given(small, people())
def test_p52_a_request_comes_back(plan: Plan, person: Person) -> None:
    """P52 export then import = same plan: a request written as JSON makes the same plan."""
    told = {
        "schema": "ldn-titration/request/1",
        "start": str(plan.start),
        "regimen": {"steps": json.loads(plan.regimen.model_dump_json(exclude_none=True))["steps"]},
        "preparation": json.loads(plan.preparation.model_dump_json(exclude_none=True)),
        "diary": [json.loads(each.model_dump_json(exclude_none=True)) for each in plan.diary],
        "patient": json.loads(person.facts.model_dump_json(exclude_none=True)),
    }
    told |= {"length_days": plan.length_days} if plan.length_days else {}
    told |= {"time_of_day": plan.regimen.time_of_day} if plan.regimen.time_of_day else {}
    request = read_request(json.dumps(told))
    assert request.patient == person.facts
    again = read_request(request.model_dump_json(by_alias=True, exclude_none=True))
    assert again == request
    made = request.plan()
    assert rows_of(made) == rows_of(plan)
    assert plan_json(again.plan()) == plan_json(made)


# --- P54 ----------------------------------------------------------------------------------------


PAPERS = st.sampled_from([("a4", 595), ("letter", 612)])


@dear
@given(any_plans(), PAPERS)
@pytest.mark.hazard("R01")
def test_p54_the_page_size_changes_no_row(
    plan: Plan, paper: tuple[Literal["a4", "letter"], int]
) -> None:
    """P54 page size changes layout, never rows: on either paper they are the plan's."""
    name, across = paper
    data = plan_pdf(plan, paper=name)
    assert round(min(_sides(data))) == across
    face = readers.read_pdf(data)
    same_as_plan(
        face,
        readers.for_people(rows_of(plan), steps=False),
        [day.date for day in plan],
        plan.status == "draft",
        name,
    )


def test_a_day_at_the_foot_of_a_page_is_read() -> None:
    page = "January 2027\nMonday Tuesday\n4 START\n1 drop (0.05 mL, 0.25 mg)"
    assert list(readers.pdf_days([page])) == [
        (datetime.date(2027, 1, 4), "1 drop (0.05 mL, 0.25 mg)")
    ]


def _sides(data: bytes) -> list[float]:
    """The widths and heights of the pages, in points."""
    import pypdf

    boxes = [page.mediabox for page in pypdf.PdfReader(io.BytesIO(data)).pages]
    return [float(side) for box in boxes for side in (box.width, box.height)]


# --- P55 ----------------------------------------------------------------------------------------

WANTED = ("tr_TR", "de_DE", "fa_IR")


@pytest.fixture(scope="module")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """C, and locales of other digits, months and letters as are installed or can be made."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("locales")
        had = [name for each in WANTED if settable(name := f"{each}.UTF-8")]
        if not had:  # pragma: no branch - where the system has one
            patch.setenv("LOCPATH", str(folder))
            had = [name for each in WANTED[-1:] if settable(name := made_in(folder, each))]
        yield ["C", *had]


def made_in(folder: Path, name: str) -> str:
    """A locale made from its source, where the system has it and the means to."""
    called = f"{name}.UTF-8"
    if shutil.which("localedef"):  # pragma: no branch - where the system has none
        made = ["localedef", "-i", name, "-f", "UTF-8", str(folder / called)]
        subprocess.run(made, check=False, capture_output=True)
    return called


def settable(name: str) -> bool:
    before = locale.setlocale(locale.LC_ALL)
    try:
        locale.setlocale(locale.LC_ALL, name)
    except locale.Error:
        return False
    locale.setlocale(locale.LC_ALL, before)
    return True


@dear
@given(any_plans(), st.integers(0, 99))
def test_p55_a_language_changes_no_number(spoken: list[str], plan: Plan, pick: int) -> None:
    """P55 language changes words, never numbers.

    There is only English so far: so no locale that is set changes anything, words or numbers.
    """
    rows, english = rows_of(plan), {name: make(plan) for name, make in FACES.items()}
    chosen = spoken[pick % len(spoken)]
    event(chosen)
    with surroundings("UTC", chosen, pick):
        fresh = remade(plan, screening=plan._given)
        assert {name: make(fresh) for name, make in FACES.items()} == english
    same_as_plan(
        readers.read_json(english["json"], plan.regimen.time_of_day),
        rows,
        [day.date for day in plan],
        plan.status == "draft",
    )


_OF_A_LANGUAGE = {"locale", "gettext"}
_NAMED = {"month_name", "month_abbr", "day_name", "day_abbr", "localeconv"}
_BY_LOCALE = {"%a", "%A", "%b", "%B", "%c", "%p", "%x", "%X"}


def test_p55_nothing_in_the_package_asks_for_a_language() -> None:
    """P55 language changes words, never numbers: read in the source, for locales nobody has."""
    asking = []
    for path in sorted((ROOT / "src").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            modules = [each.name for each in node.names] if isinstance(node, ast.Import) else []
            modules += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            asking += [(path.name, each) for each in modules if each in _OF_A_LANGUAGE]
            named = {node.attr} if isinstance(node, ast.Attribute) else set()
            asking += [(path.name, each) for each in named & set(_NAMED)]
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found = {each for each in _BY_LOCALE if each in node.value}
                asking += [(path.name, each) for each in found]
    assert asking == []
