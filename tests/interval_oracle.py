"""The opioid-free interval, worked out here from contract section 5 alone.

The windows of KINDS are transcribed by hand, so that a wrong figure in the package fails too;
those of every other name are read from the table of opioids with a reader of its own. Where
the contract is silent, docs/explanation/days.md and docs/decisions/0004 are followed.
"""

from __future__ import annotations

import calendar
import csv
from collections.abc import Iterator
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from ldn_titration import OpioidExposure, PatientFacts
from ldn_titration.testing import known_facts

Row = dict[str, str]

RELEASES = ("immediate", "extended", "transdermal", "depot", "unknown")
WORSE = ("clear", "caution", "insufficient", "hold", "stop")
NOBODY_KNOWS = "qqzyl"

# --- the table of opioids, by name and code --------------------------------------------------

TABLE = (files("ldn_titration.knowledge") / "opioids.csv").read_text("utf-8")
ROWS: list[Row] = list(csv.DictReader(TABLE.splitlines()))
BY_ID = {row["id"]: row for row in ROWS}
DEPOT = BY_ID["buprenorphine_depot"]


def names_of(row: Row) -> list[str]:
    """Every name by which the table knows a row."""
    listed = [row["name"], row["substance"], *row["synonyms"].split(";")]
    return list(dict.fromkeys(name for name in listed if name))


DENOTED: dict[str, list[Row]] = {}
"""What each name, in lower case, and each code may denote."""
for _row in ROWS:
    for _name in dict.fromkeys([*map(str.lower, names_of(_row)), _row["rxcui"]]):
        if _name:
            DENOTED.setdefault(_name, []).append(_row)


def named(name: str) -> dict[str, str]:
    """How an exposure is named: by its code where that is all digits."""
    return {"rxcui": name} if name.isdigit() else {"substance": name}


def bare(name: str, row: Row) -> bool:
    """Whether a name or code is the substance's alone, and so says nothing of a form."""
    return name.isdigit() or name.lower() == row["substance"].lower()


def ways(row: Row) -> Iterator[dict[str, str]]:
    """Every name and code of a row, with a release that leaves no other row."""
    own = row["release"] if row["release"] in RELEASES else "unknown"
    for name in filter(None, [*names_of(row), row["rxcui"]]):
        yield {**named(name), "release": own}
        if DENOTED[name.lower()] == [row] and not (bare(name, row) and own == row["release"]):
            yield {**named(name), "release": "unknown"}
    if row["release"] in {"any", "unknown"}:
        yield from ({"substance": row["substance"], "release": release} for release in RELEASES)
    if row is DEPOT:
        yield {"substance": "buprenorphine", "release": "extended"}


# --- the window of a name in a form ----------------------------------------------------------

# For each name, by the release stated: the window in opioid-free days, `min-max`, or `365` for
# the depot. "or": the form is not settled, and each of these may apply.
BOTH = "7-10 or 10-14"
ANY = "10-14 or 365"
KINDS: dict[str, tuple[str, ...]] = {
    "oxycodone": ("7-10", "10-14", BOTH, BOTH, BOTH),  # short full agonist, a bare substance
    "OxyContin": (BOTH, "10-14", BOTH, BOTH, "10-14"),  # long full agonist, a brand
    "methadone": ("10-14",) * 5,
    "nalbuphine": ("7-10", *["7-10 or 7-10"] * 4),  # mixed, listed in one form only
    "kratom": ("7-10",) * 5,  # partial
    "buprenorphine": ("10-14", "365", "10-14", "365", ANY),  # transmucosal, and all its forms
    "Sublocade": (ANY, "365", ANY, "365", "365"),  # the depot, a brand
    "diphenoxylate": ("7-10",) * 5,  # peripheral, counted
    "loperamide": ("0-10",) * 5,  # peripheral, from 0
    "difelikefalin": ("0-0",) * 5,
    NOBODY_KNOWS: ("7-10 or 365",) * 5,
}
_PRESENCE = {"implies_opioid": "asks", "duplicate_antagonist": "second"}


def _cell(row: Row) -> str:
    """The window of a row; `asks`, `second` or `none` of what is no opioid agonist."""
    if row["kind"] in {"antagonist", "not_opioid_agonist"}:
        return _PRESENCE.get(row["presence"], "none")
    return "365" if row is DEPOT else f"{row['min_days']}-{row['max_days']}"


CELLS: dict[tuple[str, str], str] = {
    **{
        (way.get("substance") or way["rxcui"], way["release"]): _cell(row)
        for row in ROWS
        for way in ways(row)
    },
    **{
        (name, release): cell
        for name, row in KINDS.items()
        for release, cell in zip(RELEASES, row, strict=True)
    },
}
"""The window of each name or code with each release that settles it, and all of KINDS."""


class Told(NamedTuple):
    """One exposure. `date time` stands for noon UTC of that day, written with an offset."""

    name: str
    release: str
    last: date
    precision: str = "date"
    ongoing: bool = False
    daily: str | None = None

    @property
    def cell(self) -> str:
        """The window, or the windows that may apply; loperamide above 16 mg is long-acting."""
        if self.daily is not None and self.daily != "16 mg":
            return "10-14"
        return CELLS[self.name, self.release]

    def exposure(self, name: str | None = None) -> OpioidExposure:
        """The same for the library, perhaps by another name or a code."""
        called = name or self.name
        text = {"date": "%Y-%m-%d", "date time": "%Y-%m-%dT08:00-04:00", "month": "%Y-%m"}
        last = self.last.strftime(text.get(self.precision, "unknown"))
        told = {"release": self.release, "last_taken": last, "ongoing": self.ongoing}
        return OpioidExposure.model_validate({**named(called), **told, "daily_dose": self.daily})


# --- the oracle -----------------------------------------------------------------------------


def worst(*verdicts: str) -> str:
    return max(("clear", *verdicts), key=WORSE.index)


def within(window: str, days: int, free: int, ongoing: bool) -> str:
    """Contract 5, a line each: what one window says, `days` after the last dose."""
    now = ongoing or days <= 0
    if window == "365":
        return "stop" if now else "hold" if days <= 365 else "clear"
    least, most = map(int, window.split("-"))
    if least == 0:
        return "caution" if ongoing or free < most else "clear"
    return "stop" if now or free < least else "hold" if free < most else "clear"


@cache
def owed(told: Told, start: date, timed: bool = True) -> str:
    """What one exposure says: by its latest possible day, and by every window that may apply.

    ``timed``: the start has its time and offset too, noon UTC.
    """
    if told.cell in {"asks", "second", "none"}:
        return _of_no_agonist(told, start, timed)
    if told.precision == "unknown" and not told.ongoing:
        return "insufficient"
    days = (start - last_possible(told)).days
    free = days if timed and told.precision == "date time" else days - 1
    windows = told.cell.split(" or ")
    said = {within(window, days, free, told.ongoing) for window in windows}
    return said.pop() if len(windows) == 1 or said == {"stop"} else "insufficient"


def last_possible(told: Told) -> date:
    """The last day on which the last dose may have been."""
    last = told.last
    if told.precision != "month":
        return last
    return last.replace(day=calendar.monthrange(last.year, last.month)[1])


def _of_no_agonist(told: Told, start: date, timed: bool) -> str:
    """An antagonist asks for its opioid; a second one stops, until even a depot has run out."""
    if told.cell == "asks":
        return "insufficient"
    if told.cell == "none" or told.ongoing:
        return "clear" if told.cell == "none" else "stop"
    days = (start - last_possible(told)).days - (not timed or told.precision != "date time")
    return "clear" if told.precision != "unknown" and days >= 30 else "insufficient"


def patient_of(*told: Told, on: date, **facts: Any) -> PatientFacts:
    """Somebody of whom all else is known and clear."""
    history = took(*(one.exposure() for one in told))
    return known_facts(**{"opioids": history, "assessed_on": on, **facts})


def took(*exposures: OpioidExposure) -> dict[str, Any]:
    return {"status": "known", "exposures": exposures} if exposures else {"status": "none"}
