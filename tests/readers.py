"""A reader for each face of a plan, each to the same rows, with nothing of the library.

Every reader takes only what stands in its face, and does its own arithmetic of dates. What
a face for people rounds behind "about" is read as rounded; :func:`for_people` rounds the
exact rows in the same way, by its own arithmetic.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from html.parser import HTMLParser
from typing import Any, NamedTuple

import icalendar
import pypdf

WORD_OF_COUNT = {1: "once a day", 2: "twice a day"}


class Amount(NamedTuple):
    """An amount in mg, mL, drops, or capsules or tablets of a strength; ``about``: rounded."""

    value: Fraction
    unit: str
    about: bool = False


class Dose(NamedTuple):
    """One dose: when (empty: no time is told), its counts, its volume, last its mass."""

    when: str
    amounts: tuple[Amount, ...]


class Row(NamedTuple):
    """One day with a dose; ``step`` is None in a face that does not tell it."""

    on: date
    step: int | None
    doses: tuple[Dose, ...]


class Face(NamedTuple):
    """What a face says: its days with a dose, every day, the total, whether it is a draft.

    ``days`` and ``totals`` are None in a face that does not tell them.
    """

    rows: list[Row]
    days: list[date] | None
    totals: list[Amount] | None
    draft: bool


# --- quantities and takes -------------------------------------------------------------

_IN_MG = {
    "g": Fraction(1000),
    "mg": Fraction(1),
    "mcg": Fraction(1, 1000),
    "ng": Fraction(1, 10**6),
    "pg": Fraction(1, 10**9),
}
_NUMBER = r"[\d,]+(?:\.\d+|/\d+)?"
_QUANTITY = rf"(?:about )?{_NUMBER} (?:g|mg|mcg|ng|pg|mL|L)"
_COUNT = rf"(?:{_NUMBER} and )?{_NUMBER}"
_PIECES = rf"{_COUNT} (?:capsules?|tablets?) of {_QUANTITY}"
_TAKE = (
    rf"(?:{_COUNT} drops?|{_PIECES}(?: plus {_PIECES})*|{_QUANTITY}) "
    rf"\((?:{_QUANTITY}, )?{_QUANTITY}\)"
)
_WHEN = r"morning|noon|afternoon|evening|bedtime|\d\d:\d\d"
_SAID = {
    "in the morning": "morning",
    "at noon": "noon",
    "in the afternoon": "afternoon",
    "in the evening": "evening",
    "at bedtime": "bedtime",
}


def number(text: str) -> Fraction:
    """A printed number: "1,197", "0.25", "1/12", "1 and 1/2"."""
    return sum((Fraction(part.replace(",", "")) for part in text.split(" and ")), Fraction(0))


def quantity(text: str) -> Amount:
    """A printed quantity: "0.25 mg", "about 0.0833 mg"."""
    words, _, unit = text.removeprefix("about ").rpartition(" ")
    factor, base = (_IN_MG[unit], "mg") if unit in _IN_MG else (Fraction(1), unit)
    return Amount(number(words) * factor, base, text.startswith("about "))


def taken(text: str) -> tuple[Amount, ...]:
    """What is taken, as every face words it: "18 drops (0.9 mL, 4.5 mg)"."""
    match = re.fullmatch(r"(.*) \(([^()]*)\)", text)
    assert match, text
    lead, inside = match.groups()
    found = [_counted(part) for part in lead.split(" plus ")]
    return (*found, *(quantity(part) for part in inside.split(", ")))


def _counted(text: str) -> Amount:
    match = re.fullmatch(rf"({_COUNT}) (drop|capsule|tablet)s?( of .*)?", text)
    if match is None:
        return quantity(text)
    return Amount(number(match[1]), f"{match[2]}{match[3] or ''}")


def when_said(text: str) -> str:
    """The time in "at bedtime", "at 21:30"; empty for no words."""
    return _SAID.get(text) or text.removeprefix("at ")


# --- rounding for people --------------------------------------------------------------


def is_decimal(value: Fraction) -> bool:
    """Whether a finite decimal is the value."""
    rest = value.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    return rest == 1


def three_figures(value: Fraction) -> Fraction:
    """The value rounded to three significant figures, halves to even."""
    unit = Fraction(1)
    while value / unit >= 1000:
        unit *= 10
    while value / unit < 100:
        unit /= 10
    return round(value / unit) * unit


def rounded(amount: Amount) -> Amount:
    """The amount as a face for people tells it."""
    if amount.unit not in {"mg", "mL"} or is_decimal(amount.value):
        return amount
    return Amount(three_figures(amount.value), amount.unit, True)


def for_people(rows: Iterable[Row], *, steps: bool = True) -> list[Row]:
    """The exact rows as a face for people tells them; ``steps`` whether it tells the step."""
    return [
        Row(row.on, row.step if steps else None, tuple(map(_dose_for_people, row.doses)))
        for row in rows
    ]


def _dose_for_people(dose: Dose) -> Dose:
    return Dose(dose.when, tuple(map(rounded, dose.amounts)))


def summed(rows: Iterable[Row]) -> dict[str, Fraction]:
    """All that is taken, by unit, added up day by day."""
    found: Counter[str] = Counter()
    for row in rows:
        for dose in row.doses:
            for amount in dose.amounts:
                found[amount.unit] += amount.value  # type: ignore[assignment]
    return {unit: Fraction(value) for unit, value in found.items() if value}


def total_of(amounts: Iterable[Amount]) -> dict[str, Fraction]:
    """Amounts added up by unit."""
    return summed([Row(date.min, None, (Dose("", tuple(amounts)),))])


# --- JSON and CSV ---------------------------------------------------------------------


def read_json(text: str, usual: str | None = None) -> Face:
    """The plan's JSON; ``usual`` is the time of a single dose, which only its request tells."""
    document = json.loads(text, parse_float=_no_float)
    rows = [
        Row(date.fromisoformat(day["date"]), day["step"], tuple(_json_doses(day, usual)))
        for day in document["days"]
        if day["dose"] is not None
    ]
    days = [date.fromisoformat(day["date"]) for day in document["days"]]
    _check_json_steps(document, rows)
    totals = document["totals"]
    assert totals["days"] == len(days)
    parts = totals.get("by_preparation", [totals])
    found = [a for part in parts for a in (*_units(part["units"]), quantity(part["dose"]))]
    assert total_of(found).get("mg", 0) == quantity(totals["dose"]).value
    return Face(rows, days, found, document["status"] == "draft")


def _no_float(text: str) -> Any:
    raise AssertionError(f"a number that is no integer: {text}")


def _json_doses(day: dict[str, Any], usual: str | None) -> Iterator[Dose]:
    whole = (*_units(day["units"]), quantity(day["dose"]))
    listed = day.get("doses")
    if listed is None:
        assert taken(day["take"]) == whole, "units, dose and take agree"
        yield Dose(usual or "", whole)
        return
    doses = [(*_units(each["units"]), quantity(each["dose"])) for each in listed]
    assert total_of(a for dose in doses for a in dose) == total_of(whole), "a day is its doses"
    for each, amounts in zip(listed, doses, strict=True):
        assert taken(each["take"]) == amounts
        yield Dose(each["time_of_day"] or "", amounts)


def _units(units: dict[str, Any]) -> Iterator[Amount]:
    for noun in ("capsule", "tablet"):
        for strength, pieces in units.get(f"{noun}s", {}).items():
            yield Amount(Fraction(pieces), f"{noun} of {strength}")
    if "drops" in units:
        yield Amount(Fraction(units["drops"]), "drop")
    if "volume" in units:
        yield quantity(units["volume"])


def _check_json_steps(document: dict[str, Any], rows: Sequence[Row]) -> None:
    """The steps cover every day once; a day with a dose has that of its step."""
    by_day = {row.on: row for row in rows}
    days = iter(document["days"])
    for step in document["steps"]:
        for n in range(step["days"]):
            day = next(days)
            on = date.fromisoformat(step["from"]) + timedelta(n)
            assert (day["date"], day["step"]) == (str(on), step["step"])
            if on in by_day:
                assert day["dose"] == step["dose"]
        assert str(on) == step["to"]
    assert next(days, None) is None


def read_csv(text: str) -> Face:
    """The CSV: its take in words, with the times of the day that it tells."""
    table = list(csv.DictReader(io.StringIO(text, newline="")))
    rows = []
    for line in table:
        if line["dose"]:
            doses = tuple(doses_said(line["take"], line["time_of_day"]))
            masses = [dose.amounts[-1].value for dose in doses]
            assert sum(masses) == quantity(line["dose"]).value
            rows.append(Row(date.fromisoformat(line["date"]), int(line["step"]), doses))
        else:
            assert line["take"] == "no dose"
    days = [date.fromisoformat(line["date"]) for line in table]
    assert [int(line["day"]) for line in table] == list(range(1, len(days) + 1))
    return Face(rows, days, None, {line["status"] for line in table} == {"draft"})


def doses_said(text: str, time: str = "") -> Iterator[Dose]:
    """The doses of a day in words, several with their times, or so many times a day."""
    alike = re.fullmatch(rf"({_TAKE}), (\d+) times a day", text)
    if alike:
        yield from [Dose("", taken(alike[1]))] * int(alike[2])
        return
    parts = text.split("; ")
    for part in parts:
        match = re.fullmatch(rf"(?:({_WHEN}): )?({_TAKE})", part)
        assert match, part
        if len(parts) > 1:
            assert match[1], text
        yield Dose(match[1] or time, taken(match[2]))


# --- text -----------------------------------------------------------------------------

_STEP = re.compile(r" *(\d+)  (\d{4}-\d\d-\d\d)  (\d{4}-\d\d-\d\d) +(\d+)  (.*)")
_DIRECTIONS = re.compile(
    rf"(?P<dose>none|{_QUANTITY}) +(?:no dose|(?P<doses>(?:(?:{_WHEN}): )?{_TAKE}"
    rf"(?:; (?:{_WHEN}): {_TAKE})*(?:, \d+ times a day)?))"
    r"(?:, (?P<cycle>every other day|\d+ days? on, \d+ off)"
    r"(?:, next day off (?P<off>[\d-]{10})|, first dose (?P<on>[\d-]{10}))?)?(?: (?P<rest>.*))?"
)
_HEADER = re.compile(
    r"(?P<first>\d{4}-\d\d-\d\d) to (?P<last>\d{4}-\d\d-\d\d), (?P<days>[\d,]+) days?, "
    r"(?P<often>no dose|(?:up to )?(?:once a day|twice a day|\d+ times a day))"
    r"(?P<time> in the \w+| at noon| at bedtime| at \d\d:\d\d)?(?:, with days off)?\."
)


def joined(lines: Iterable[str]) -> str:
    return " ".join(" ".join(lines).replace("\u00a0", " ").split())


class StepLine(NamedTuple):
    """A line of the step table: its days, those of them with a dose, what else it says."""

    days: list[date]
    rows: list[Row]
    remarks: str


def read_text(text: str) -> Face:
    """The text: its step table laid out day by day, and the line of totals."""
    lines = text.split("\n")
    rule = _rule(lines)
    header = _HEADER.search(joined(lines[:rule]))
    assert header, lines[:rule]
    steps = step_lines(text, when_said((header["time"] or "").strip()))
    days = [day for step in steps for day in step.days]
    rows = [row for step in steps for row in step.rows]
    assert (str(days[0]), str(days[-1])) == (header["first"], header["last"])
    assert len(days) == number(header["days"])
    said = re.search(r"Total: ([\d,]+) days?, (nothing|.*?\))\.( |$)", joined(lines[rule:]))
    assert said, "no totals"
    assert number(said[1]) == len(days)
    return Face(rows, days, totals_said(said[2]), lines[0].startswith("DRAFT, not cleared: "))


def step_lines(text: str, usual: str = "") -> list[StepLine]:
    """The lines of the step table; ``usual`` is the time of a dose without one of its own."""
    lines = text.split("\n")
    rule = _rule(lines)
    return [
        _laid_out(words, usual) for words in _table_rows(lines[rule + 1 : lines.index("", rule)])
    ]


def _rule(lines: Sequence[str]) -> int:
    return next(n for n, line in enumerate(lines) if re.fullmatch(r"-+(  -+)+", line))


def totals_said(text: str) -> list[Amount]:
    """The totals in words, of each preparation."""
    return [] if text == "nothing" else [a for part in text.split("; ") for a in taken(part)]


def _table_rows(lines: Iterable[str]) -> list[str]:
    found: list[list[str]] = []
    for line in lines:
        if _STEP.match(line):
            found.append([line])
        else:
            found[-1].append(line)
    return [joined(each) for each in found]


def _laid_out(words: str, usual: str) -> StepLine:
    step = re.fullmatch(r"(\d+) ([\d-]{10}) ([\d-]{10}) (\d+) (.*)", words)
    assert step, words
    first, last = date.fromisoformat(step[2]), date.fromisoformat(step[3])
    days = [first + timedelta(n) for n in range(int(step[4]))]
    assert days[-1] == last, words
    said = _DIRECTIONS.fullmatch(step[5])
    assert said, words
    if said["doses"] is None:
        assert said["dose"] == "none"
        return StepLine(days, [], said["rest"] or "")
    doses = tuple(doses_said(said["doses"], usual))
    day = total_of(dose.amounts[-1] for dose in doses)["mg"]
    if not any(a.about for dose in doses for a in dose.amounts):
        assert quantity(said["dose"]).value == day, words
    on = [day for day in days if _is_on(day, first, said)]
    rows = [Row(day, int(step[1]), doses) for day in on]
    return StepLine(days, rows, said["rest"] or "")


def _is_on(day: date, first: date, said: re.Match[str]) -> bool:
    """Whether a day has its dose, by the words of its cycle."""
    if said["cycle"] is None:
        return True
    other = said["cycle"] == "every other day"
    on, off = (1, 1) if other else map(int, re.findall(r"\d+", said["cycle"]))
    if said["off"]:
        began = date.fromisoformat(said["off"]) - timedelta(on)
    else:
        began = date.fromisoformat(said["on"]) if said["on"] else first
    return (day - began).days % (on + off) < on


# --- HTML -----------------------------------------------------------------------------


class Page(HTMLParser):
    """Collects the dated cells, the facts, and everything that could reach outside the page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.days: list[tuple[str, list[tuple[str, str]]]] = []
        self.notes: list[tuple[str, str]] = []
        self.facts: list[tuple[str, str]] = []
        self.open: list[str] = []
        self.outside: list[str] = []
        self.scopes = 0
        self.headers = 0
        self.elements = 0
        self.note_goes_on = False
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        values = dict(attributes)
        self.elements += 1
        self.open.append(f"{tag}.{values.get('class', '')}")
        if tag == "time":
            self.days.append((values["datetime"] or "", []))
        self.note_goes_on = self.note_goes_on and tag != "p"
        if tag == "p" and values.get("class") == "dose":
            self.days[-1][1].append(("", ""))
        if tag == "dt":
            self.facts.append(("", ""))
        if tag == "th":
            self.headers += 1
            self.scopes += values.get("scope") in {"col", "row", "colgroup"}
        self.outside += [v or "" for k, v in attributes if k in {"src", "href", "srcset", "action"}]
        self.outside += [k for k, _ in attributes if k.startswith("on")]
        self.outside += {tag} & {"script", "link", "iframe", "object", "img", "form"}
        if tag == "meta":
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop().split(".")[0] == tag

    def handle_data(self, data: str) -> None:
        inner = self.open[-1] if self.open else ""
        if "p.dose" in self.open and not inner.endswith(".tick"):
            when, words = self.days[-1][1][-1]
            is_when = inner.endswith(".when")
            said = (when + data, words) if is_when else (when, words + data)
            self.days[-1][1][-1] = said
        elif inner == "p.note":
            on, told = self.days[-1][0], self.notes and self.notes[-1]
            if told and self.note_goes_on:
                self.notes[-1] = (on, f"{told[1].strip()} {data.strip()}")
            else:
                self.notes.append((on, data))
            self.note_goes_on = True
        elif inner in {"dt.", "dd."}:
            name, value = self.facts[-1]
            self.facts[-1] = (name + data, value) if inner == "dt." else (name, value + data)


def read_html(text: str) -> Face:
    """The page: its dated cells, and the facts at its head."""
    page = Page(text)
    facts = dict(reversed(page.facts))
    assert _length(facts) == len(page.days)
    usual, rows, days = _usual(facts["When"]), [], []
    for on, said in page.days:
        day = date.fromisoformat(on)
        days.append(day)
        doses = [(joined([when]), joined([words])) for when, words in said]
        if doses != [("", "No dose")]:
            rows.append(Row(day, None, tuple(_celled(doses, usual))))
    draft = all("DRAFT" in words for words in re.findall(r"<(?:h1|h2)>(.*?)</", text)) and bool(
        re.search(r'<body class="draft">', text)
    )
    return Face(rows, days, totals_said(joined([facts["Total taken"]])), draft)


def _length(facts: dict[str, str]) -> Fraction:
    return number(joined([facts["Length"]]).split(" ")[0])


def _usual(often: str) -> str:
    """The time in "Once a day at bedtime, with days off"."""
    said = re.search(r"(in the \w+|at noon|at bedtime|at \d\d:\d\d)", often)
    return when_said(said[1]) if said else ""


def _celled(doses: Sequence[tuple[str, str]], usual: str) -> Iterator[Dose]:
    """The doses of a cell; those without a time are numbered where they are several."""
    for place, (when, words) in enumerate(doses, 1):
        if when.startswith("dose "):
            assert when == f"dose {place}"
            yield Dose("", taken(words))
        else:
            assert bool(when) or len(doses) == 1
            yield Dose(when or usual, taken(words))


# --- PDF ------------------------------------------------------------------------------

_MONTHS = [
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
]
_MONTH = re.compile(rf"({'|'.join(_MONTHS)}) (\d{{4}})( \((?:DRAFT|HOLD OVERRIDDEN)\))?")
_DAY = re.compile(r"(\d{1,2})( +(START|AGAIN|NEW.*))? *")
_CELL_DOSE = re.compile(rf"(?:({_WHEN}|dose \d+): )?({_TAKE}) ?")


def pdf_pages(data: bytes) -> Iterator[str]:
    """The text of each page, read when it is asked for."""
    return (page.extract_text() for page in pypdf.PdfReader(io.BytesIO(data)).pages)


def pdf_days(pages: Iterable[str]) -> Iterator[tuple[date, str]]:
    """Each day with the words of its cell, from the calendar at the front.

    What stands under a month may run over to a page of its own; two pages without a day are
    the end of the calendar.
    """
    empty = 0
    for text in pages:  # pragma: no branch - more pages follow the calendar than are read
        found = list(_days_on_page(text.replace("\u00a0", " ").split("\n")))
        empty = 0 if found else empty + 1
        if empty == 2:
            return
        yield from found


def _days_on_page(lines: Iterable[str]) -> Iterator[tuple[date, str]]:
    """The days of a page. "held 7 days from 28 May 2082" may break before its month: only what
    stands above the weekdays is a heading."""
    month, day, words = None, None, ""
    listed = list(lines)
    for line, after in zip(listed, [*listed[1:], ""], strict=True):
        heading = _MONTH.fullmatch(line.strip()) if after.startswith("Monday") else None
        begins = _DAY.fullmatch(line)
        ends = heading or line.startswith(("Each drop", "Never take", "Not a medical"))
        if day is not None and (ends or begins):
            yield day, joined([words])
            day, words = None, ""
        if heading:
            month = int(heading[2]), _MONTHS.index(heading[1]) + 1
        elif ends:
            month = None
        elif begins and month:
            day = date(*month, int(begins[1]))
        elif day is not None:
            words += f" {line}"
    if day is not None:
        yield day, joined([words])


def read_pdf(data: bytes) -> Face:
    """The PDF: the cells of its calendar, from the text that a reader extracts."""
    pages: list[str] = []

    def kept() -> Iterator[str]:
        for text in pdf_pages(data):  # pragma: no branch - more pages follow than are read
            pages.append(text)
            yield text

    cells = list(pdf_days(kept()))
    lead = pages[0].replace("\u00a0", " ").split("\n")
    head = joined(lead[: next(n for n, line in enumerate(lead) if _MONTH.fullmatch(line.strip()))])
    often = re.search(r"((?:Up to )?[Oo]nce a day|[Tt]wice a day|\d+ times a day|No dose).*", head)
    assert often, head
    usual = _usual(often[0].split(". ")[0])
    rows = [Row(on, None, tuple(_pdf_doses(words, usual))) for on, words in cells]
    draft = all(text.count("DRAFT") >= 2 for text in pages)
    return Face([row for row in rows if row.doses], [on for on, _ in cells], None, draft)


def _pdf_doses(words: str, usual: str) -> Iterator[Dose]:
    if words.startswith("No dose"):
        return
    at, doses = 0, []
    while match := _CELL_DOSE.match(words, at):
        doses.append((match[1] or "", match[2]))
        at = match.end()
    assert doses, words
    assert not re.search(_TAKE, words[at:]), words
    yield from _celled(doses, usual)


# --- iCalendar ------------------------------------------------------------------------

_EVENT_DOSE = re.compile(
    r"(?:DRAFT: |HOLD OVERRIDDEN: )?(?:NO DOSE [^:]*: )?Naltrexone "
    rf"(?:({_WHEN}|dose \d+): )?({_TAKE})"
)
_EXPLAINED = re.compile(
    rf"(?:NO DOSE [^:]*: )?Take ({_TAKE})(?: (in the \w+|at noon|at bedtime|at \d\d:\d\d))?"
    r"\. Step (\d+) of \d+\..*"
)


class DayEvent(NamedTuple):
    """An event on one day: its identifier, its parts, and its wall time."""

    on: date
    clock: str
    event: icalendar.Event


def read_ics(text: str) -> Face:
    """The calendar file: its dose events on each of their days."""
    calendar = icalendar.Calendar.from_ical(text)
    events = list(calendar.walk("VEVENT"))
    marked = [str(e["SUMMARY"]).startswith("DRAFT: ") for e in events if not is_cancelled(e)]
    draft = bool(marked) and all(marked) and str(calendar["NAME"]).startswith("DRAFT")
    return Face(dose_rows(events), None, None, draft)


def is_cancelled(event: icalendar.Event) -> bool:
    return str(event.get("STATUS")) == "CANCELLED"


def dose_rows(events: Iterable[icalendar.Event]) -> list[Row]:
    """What those events say is taken on each day, in the order of days and places."""
    found: dict[date, list[tuple[int, int, Dose]]] = {}
    for event in events:
        match = _EVENT_DOSE.fullmatch(str(event["SUMMARY"]))
        if is_cancelled(event) or match is None:
            assert not re.search(_TAKE, str(event["SUMMARY"])), "a dose in another event"
            continue
        explained = _EXPLAINED.fullmatch(str(event["DESCRIPTION"]))
        assert explained, event["DESCRIPTION"]
        assert explained[1] == match[2], "summary and description agree"
        when = when_said(explained[2] or "")
        if match[1] and not match[1].startswith("dose "):
            assert match[1] == when
        place = re.search(r"-dose(\d+)-", str(event["UID"]))
        assert place
        for day in expanded(event):
            if ":" in when:
                assert day.clock == when
            told = int(place[1]), int(explained[3]), Dose(when, taken(match[2]))
            found.setdefault(day.on, []).append(told)
    return [_day_row(on, found[on]) for on in sorted(found)]


def _day_row(on: date, told: list[tuple[int, int, Dose]]) -> Row:
    told.sort(key=lambda each: each[0])
    assert [place for place, _, _ in told] == list(range(1, len(told) + 1)), f"{on}: doubled"
    assert len({step for _, step, _ in told}) == 1, on
    return Row(on, told[0][1], tuple(dose for _, _, dose in told))


def expanded(event: icalendar.Event) -> Iterator[DayEvent]:
    """The days of an event: of a DAILY rule every so many days, so many times."""
    start = event["DTSTART"].dt
    clock = ""
    if isinstance(start, datetime):
        assert start.tzinfo is None, "a wall time floats"
        clock, start = start.strftime("%H:%M"), start.date()
    rule = event.get("RRULE")
    if rule is None:
        yield DayEvent(start, clock, event)
        return
    assert set(rule) <= {"FREQ", "INTERVAL", "COUNT"}
    assert rule["FREQ"] == ["DAILY"]
    for n in range(rule["COUNT"][0]):
        yield DayEvent(start + timedelta(n * rule.get("INTERVAL", [1])[0]), clock, event)


# --- FHIR -----------------------------------------------------------------------------

_EVENT_TIMES = {
    "MORN": "morning",
    "NOON": "noon",
    "AFT": "afternoon",
    "EVE": "evening",
    "HS": "bedtime",
}
_UCUM = {"ug": "mcg", "{drop}": "drop"}
_DOSAGE = re.compile(
    rf"Take (?P<take>{_TAKE}) (?P<often>once a day|twice a day|\d+ times a day|every other day|"
    r"every \d+ days)(?: (?P<time>in the \w+|at noon|at bedtime|at \d\d:\d\d))?, "
    r"from (?P<first>[\d-]{10}) to (?P<last>[\d-]{10})"
)


def fhir_tree(text: str) -> dict[str, Any]:
    tree: dict[str, Any] = json.loads(text, parse_float=Decimal)
    return tree


def dosages_in(tree: dict[str, Any]) -> list[dict[str, Any]]:
    """Every dosage instruction of a bundle, in their order."""
    resources = [entry["resource"] for entry in tree["entry"]]
    requests = [r for r in resources if r["resourceType"] == "MedicationRequest"]
    return [dosage for request in requests for dosage in request["dosageInstruction"]]


def read_fhir(text: str) -> Face:
    """The bundle by its structure alone: timing and dose quantity; one amount a dose."""
    tree = fhir_tree(text)
    found = [row for dosage in dosages_in(tree) for row in _structured(dosage)]
    return Face(_merged(found), None, None, _is_draft(tree))


def read_fhir_text(text: str) -> Face:
    """The bundle by the words of its dosages alone."""
    tree = fhir_tree(text)
    found = [row for dosage in dosages_in(tree) for row in _worded(dosage["text"])]
    return Face(_merged(found), None, None, _is_draft(tree))


def _is_draft(tree: dict[str, Any]) -> bool:
    requests = [e["resource"] for e in tree["entry"]]
    notes = [r["note"][0]["text"] for r in requests if r["resourceType"] == "MedicationRequest"]
    return all(note.startswith("Plan: draft.") for note in notes)


def _structured(dosage: dict[str, Any]) -> Iterator[Row]:
    repeat = dosage["timing"]["repeat"]
    assert repeat["periodUnit"] == "d"
    bounds = repeat["boundsPeriod"]
    stated = dosage["doseAndRate"][0]["doseQuantity"]
    assert stated["system"] == "http://unitsofmeasure.org"
    unit = _UCUM.get(stated["code"], stated["code"])
    value, drops = Fraction(stated["value"]), dosage.get("extension", [])
    amount = Amount(value, "drop") if unit == "drop" else quantity(f"{value} {unit}")
    counts = tuple(Amount(Fraction(each["valueInteger"]), "drop") for each in drops)
    times = [*repeat.get("timeOfDay", []), *repeat.get("when", [])]
    said = [_EVENT_TIMES.get(time) or time.removesuffix(":00") for time in times]
    doses = tuple(
        Dose(time, (*counts, *(() if unit == "drop" else (amount,))))
        for time in said or [""] * repeat["frequency"]
    )
    assert len(doses) == repeat["frequency"]
    yield from _over(bounds["start"], bounds["end"], repeat["period"], doses)


def _worded(text: str) -> Iterator[Row]:
    said = _DOSAGE.fullmatch(text)
    assert said, text
    often, every, times = said["often"], 1, 1
    if often.startswith("every"):
        every = 2 if often == "every other day" else int(often.split(" ")[1])
    else:
        times = {v: k for k, v in WORD_OF_COUNT.items()}.get(often) or int(often.split(" ")[0])
    dose = Dose(when_said(said["time"] or ""), taken(said["take"]))
    yield from _over(said["first"], said["last"], every, (dose,) * times)


def _over(first: str, last: str, every: int, doses: tuple[Dose, ...]) -> Iterator[Row]:
    day = date.fromisoformat(first)
    while day <= date.fromisoformat(last):
        yield Row(day, None, doses)
        day += timedelta(every)


def _merged(rows: Iterable[Row]) -> list[Row]:
    """One row a day; the doses of a day that stand in several dosages together."""
    found: dict[date, tuple[Dose, ...]] = {}
    for row in rows:
        found[row.on] = (*found.get(row.on, ()), *row.doses)
    return [Row(on, None, found[on]) for on in sorted(found)]


def for_fhir(rows: Iterable[Row]) -> list[Row] | None:
    """The exact rows as FHIR's structure holds them; None where it cannot."""
    found = [Row(row.on, None, tuple(map(_one_amount, row.doses))) for row in rows]
    return None if any(not dose.amounts for row in found for dose in row.doses) else found


def _one_amount(dose: Dose) -> Dose:
    """Drops where there are some; and the mass, or else the volume, that is a decimal."""
    counts = tuple(a for a in dose.amounts if a.unit == "drop")
    exact = [a for a in reversed(dose.amounts) if a.unit in {"mg", "mL"} and is_decimal(a.value)]
    return Dose(dose.when, (*counts, *exact[:1]))
