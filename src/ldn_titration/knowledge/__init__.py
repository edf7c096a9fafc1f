"""The knowledge base: every clinical figure, each with its source beside it.

Four tables, shipped as CSV beside this module and read once: ``sources`` (what is cited,
and how far it is to be trusted), ``opioids`` (names, codes and opioid-free windows),
``protocols`` (published regimens) and ``policy`` (every other number that a clinician
could argue about). Nobody has reviewed them clinically yet.

RxNorm names and codes are courtesy of the US National Library of Medicine, which does
not endorse this use.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import cache, cached_property
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from ldn_titration.errors import KnowledgeError
from ldn_titration.quantities import Mass

__all__ = ["Knowledge", "Opioid", "Policy", "Protocol", "Source", "knowledge", "policy"]

VERSION = "2026.11.1"

_NEEDED = (
    "adult_age",
    "commercial_tablet",
    "depot_lookback",
    "dropper_tolerance",
    "dropper_volume_error",
    "drops_per_mL_least",
    "drops_per_mL_most",
    "low_dose_caution",
    "low_dose_ceiling",
    "low_dose_floor",
    "open_step",
    "solubility",
    "standard_dose_ceiling",
    "stop_before_opioid",
)
"""What rules ask of the policy; a limit that is missing must never mean no limit."""

TIERS = {
    1: "label or pharmacopoeia",
    2: "guideline, drug information or official names",
    3: "study or report",
    4: "specialist practice",
    5: "secondary summary or general knowledge",
}


class Source(NamedTuple):
    """Where a fact comes from. ``tier``: 1 is trusted most, 5 least (see TIERS)."""

    key: str
    title: str
    publisher: str
    year: str
    kind: str
    tier: int
    url: str
    supports: str


class Opioid(NamedTuple):
    """One substance in one release form, with its opioid-free window in whole days.

    ``window`` is (min, max): below min a start is stopped, below max it is held. It is
    None for a depot, which has no date rule. ``presence`` tells what the medicine on a
    list means where it is no opioid agonist itself.
    """

    id: str
    substance: str
    name: str
    synonyms: tuple[str, ...]
    rxcui: str
    kind: str
    acting: str
    release: str
    note: str
    window: tuple[int, int] | None
    presence: str
    confidence: str
    sources: tuple[str, ...]
    source_note: str

    @property
    def is_opioid(self) -> bool:
        """Whether it acts as an agonist at opioid receptors, so that its interval counts."""
        return self.kind not in {"antagonist", "not_opioid_agonist"}

    @property
    def is_depot(self) -> bool:
        """Whether it is a depot, for which no number of days is known."""
        return self.window is None


class Protocol(NamedTuple):
    """A published regimen. ``kind``: steps, ramp, fixed, open or refused.

    ``schedule`` is as in the table: ``1.5x14;3x14;4.5`` (mg a day x days, last open), or
    ``from=;by=;every=;to=`` (mg, mg, days, mg).
    """

    id: str
    title: str
    population: str
    kind: str
    schedule: str
    doses_per_day: int
    time_of_day: str | None
    band: str
    review_after_days: int | None
    evidence_tier: int
    source: str
    caution: str
    reason: str


class Policy(NamedTuple):
    """A number that a clinician could argue about, with its unit and its sources."""

    key: str
    value: Fraction
    unit: str
    sources: tuple[str, ...]
    confidence: str
    fact: str

    @property
    def mass(self) -> Mass:
        """The value as a mass."""
        return Mass.of(self.value, self.unit)

    @property
    def share(self) -> Fraction:
        """A percentage as a share of one."""
        return self.value / 100

    @property
    def days(self) -> int:
        """A whole number of days (or years, or drops per mL)."""
        return int(self.value)


class Knowledge:
    """The whole knowledge base, with its ``version`` and the ``sha256`` of its tables."""

    def __init__(self, tables: dict[str, bytes]) -> None:
        self.version = VERSION
        self.sha256 = hashlib.sha256(b"".join(tables[name] for name in sorted(tables))).hexdigest()
        self.sources = {row.key: row for row in _rows("sources", tables, _source)}
        known = frozenset(self.sources)
        self.opioids = tuple(_rows("opioids", tables, _opioid, known))
        self.protocols = {row.id: row for row in _rows("protocols", tables, _protocol, known)}
        self.policy = {row.key: row for row in _rows("policy", tables, _policy, known)}
        self._check()

    def _check(self) -> None:
        lacking = [key for key in _NEEDED if key not in self.policy]
        if lacking:
            raise KnowledgeError(f"policy.csv lacks {', '.join(lacking)}")
        for name, rows in self._by_name.items():
            if len({row.substance for row in rows}) > 1:
                raise KnowledgeError(f'the name "{name}" stands in two substances')

    @cached_property
    def _by_name(self) -> dict[str, tuple[Opioid, ...]]:
        found: dict[str, tuple[Opioid, ...]] = {}
        for row in self.opioids:
            for name in {normalised(n) for n in (row.id, row.substance, row.name, *row.synonyms)}:
                found[name] = (*found.get(name, ()), row)
        return found

    def named(self, name: str) -> tuple[Opioid, ...]:
        """The rows that a whole name or synonym may denote; empty where it is not known."""
        return self._by_name.get(normalised(name), ())

    def names_an_opioid(self, text: str) -> bool:
        """Whether a run of whole words of the text is the name of an opioid."""
        words = _words(text)
        runs = (
            " ".join(words[first:last])
            for first in range(len(words))
            for last in range(first + 1, min(first + _LONGEST_NAME, len(words)) + 1)
        )
        return any(run in self._opioid_words for run in runs)

    @cached_property
    def _opioid_words(self) -> frozenset[str]:
        return frozenset(
            " ".join(_words(name))
            for row in self.opioids
            if row.is_opioid
            for name in (row.substance, row.name, *row.synonyms)
        )

    def coded(self, rxcui: str) -> tuple[Opioid, ...]:
        """The rows that an RxNorm code may denote; empty where it is not known."""
        return tuple(row for row in self.opioids if row.rxcui == rxcui)

    @cached_property
    def longest_window(self) -> int:
        """The longest opioid-free window of all, in days; a depot has none."""
        return max(row.window[1] for row in self.opioids if row.window is not None)

    def forms_of(self, substance: str) -> tuple[Opioid, ...]:
        """Every release form of one substance."""
        return tuple(row for row in self.opioids if row.substance == substance)


@cache
def knowledge() -> Knowledge:
    """The shipped knowledge base, read and checked once."""
    here = Path(__file__).parent
    names = ("opioids", "policy", "protocols", "sources")
    return Knowledge({name: (here / f"{name}.csv").read_bytes() for name in names})


def policy(key: str) -> Policy:
    """The policy row of that key: ``policy("dropper_tolerance").share``."""
    return knowledge().policy[key]


def normalised(name: str) -> str:
    """A name as it is compared: lower case, single spaces, none around a slash."""
    return re.sub(r"\s*/\s*", "/", " ".join(name.casefold().split()))


_LONGEST_NAME = 6


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.casefold())


# --- reading the tables ---------------------------------------------------------------

_Row = TypeVar("_Row")


def _rows(
    name: str,
    tables: dict[str, bytes],
    read: Callable[[dict[str, str]], _Row],
    known: frozenset[str] | None = None,
) -> Iterator[_Row]:
    """The rows of a table, each read and its sources looked up among the known ones."""
    seen: set[str] = set()
    table = None
    try:
        table = csv.DictReader(io.StringIO(tables[name].decode("utf-8"), newline=""), strict=True)
        for row in table:
            _check_row(row, seen, known)
            yield read(row)
        if not seen:
            raise ValueError("no rows")
    except (ValueError, LookupError, TypeError, csv.Error) as error:
        line = table.line_num if table is not None else 0
        raise KnowledgeError(f"{name}.csv, line {line}: {error}") from error


def _check_row(row: dict[str, str], seen: set[str], known: frozenset[str] | None) -> None:
    key = row.get("key") or row.get("id") or ""
    if None in row or None in row.values() or not key or key in seen:
        raise ValueError("a column too many or too few, or a key missing or twice")
    seen.add(key)
    if known is not None:
        sources = _listed(row["source"])
        unknown = [source for source in sources if source not in known]
        if unknown or not sources:
            raise ValueError(f"cites no known source: {', '.join(unknown) or 'none at all'}")


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part for part in text.split(";") if part)


def _one_of(text: str, *allowed: str) -> str:
    if text not in allowed:
        raise ValueError(f"{text!r} is none of {allowed}")
    return text


def _source(row: dict[str, str]) -> Source:
    values: dict[str, Any] = {**row, "tier": int(_one_of(row["tier"], *map(str, TIERS)))}
    return Source(**values)


def _window(low: str, high: str) -> tuple[int, int] | None:
    if not low and not high:
        return None
    window = (int(low), int(high))
    if not 0 <= window[0] <= window[1]:
        raise ValueError(f"no window: {window}")
    return window


_KINDS = ("full_agonist", "partial_agonist", "mixed_agonist_antagonist", "peripheral_agonist")
_RELEASES = ("immediate", "extended", "transdermal", "depot", "any", "unknown")


def _opioid(row: dict[str, str]) -> Opioid:
    window = _window(row["washout_days_min"], row["washout_days_max"])
    release = _one_of(row["release"], *_RELEASES)
    if (window is None) != (release == "depot"):
        raise ValueError("a depot has no window, and nothing else has none")
    return Opioid(
        row["id"],
        row["substance"],
        row["name"],
        _listed(row["synonyms"]),
        row["rxcui"],
        _one_of(row["class"], *_KINDS, "antagonist", "not_opioid_agonist"),
        row["acting"],
        release,
        row["routes_forms_note"],
        window,
        _one_of(row["presence"], "", "implies_opioid", "duplicate_antagonist"),
        row["confidence"],
        _listed(row["source"]),
        row["source_note"],
    )


def _protocol(row: dict[str, str]) -> Protocol:
    return Protocol(
        row["id"],
        row["title"],
        row["population"],
        _one_of(row["kind"], "steps", "ramp", "fixed", "open", "refused"),
        row["schedule"],
        int(row["doses_per_day"]),
        row["time_of_day"] or None,
        _one_of(row["band"], "low", "standard"),
        int(row["review_after_days"]) if row["review_after_days"] else None,
        int(row["evidence_tier"]),
        row["source"],
        row["caution"],
        row["reason"],
    )


def _policy(row: dict[str, str]) -> Policy:
    value = Fraction(row["value"])
    return Policy(
        row["key"], value, row["unit"], _listed(row["source"]), row["confidence"], row["fact"]
    )
