"""Reading each table of the knowledge base into its rows, every cell checked."""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from ldn_titration.errors import KnowledgeError
from ldn_titration.knowledge.rows import (
    SEVERITIES,
    TIERS,
    Brand,
    Condition,
    Contradiction,
    Interaction,
    Medicine,
    Opioid,
    Policy,
    Product,
    Protocol,
    Qualifier,
    RuleEntry,
    Source,
)
from ldn_titration.knowledge.tables import Tables, listed, one_of, read_table, several_of

__all__ = [
    "read_brands",
    "read_conditions",
    "read_contradictions",
    "read_interactions",
    "read_medicines",
    "read_opioids",
    "read_policy",
    "read_products",
    "read_protocols",
    "read_qualifiers",
    "read_rules",
    "read_sources",
]

QUALIFIERS = (
    "form",
    "frequency",
    "indication",
    "past",
    "release",
    "route",
    "salt",
    "sold_with_opioid",
    "strong_only",
    "unit",
)
_KINDS = ("full_agonist", "partial_agonist", "mixed_agonist_antagonist", "peripheral_agonist")
_RELEASES = ("immediate", "extended", "transdermal", "depot")


_WHOLE = re.compile(r"0|[1-9][0-9]{0,5}", re.ASCII)
_NUMBER = re.compile(rf"(?:{_WHOLE.pattern})(?:\.[0-9]{{1,6}})?", re.ASCII)


def _whole(text: str) -> int:
    if not _WHOLE.fullmatch(text):
        raise ValueError(f"{text!r} is no whole number, such as 10")
    return int(text)


def _whole_or_none(text: str) -> int | None:
    return _whole(text) if text else None


def _number(text: str) -> Fraction:
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"{text!r} is no number, such as 4.5")
    return Fraction(text)


def read_sources(tables: Tables) -> dict[str, Source]:
    """The sources by key."""
    readers = {"tier": lambda text: int(one_of(*map(str, TIERS))(text))}
    return {row.key: row for row in read_table("sources", tables, Source, readers)}


def read_opioids(tables: Tables, known: frozenset[str]) -> tuple[Opioid, ...]:
    """The opioids, and what only looks like one."""
    readers = {
        "synonyms": listed,
        "codes": listed,
        "kind": one_of(*_KINDS, "antagonist", "not_opioid_agonist"),
        "release": one_of(*_RELEASES, "any", "unknown"),
        "min_days": _whole_or_none,
        "max_days": _whole_or_none,
        "presence": one_of("", "implies_opioid", "duplicate_antagonist"),
    }
    return read_table("opioids", tables, Opioid, readers, known, _check_opioid)


def _check_opioid(row: Opioid) -> None:
    if (row.window is None) != (row.release == "depot"):
        raise ValueError("a depot has no window, and nothing else has none")
    if row.window is not None and not 0 <= row.window[0] <= row.window[1]:
        raise ValueError(f"no window: {row.window}")
    if row.is_opioid == bool(row.why_not):
        raise ValueError("what is no opioid says why, and an opioid does not")


def read_products(tables: Tables, known: frozenset[str]) -> tuple[Product, ...]:
    """The opioid products."""
    return read_table("products", tables, Product, {"release": one_of(*_RELEASES)}, known)


def read_medicines(tables: Tables, known: frozenset[str]) -> tuple[Medicine, ...]:
    """The names of ordinary medicines."""
    return read_table("medicines", tables, Medicine, {"uniis": listed}, known)


def read_brands(tables: Tables, known: frozenset[str]) -> tuple[Brand, ...]:
    """The other names of ordinary medicines."""
    return read_table("brands", tables, Brand, {"medicines": listed, "codes": listed}, known)


def read_qualifiers(tables: Tables, known: frozenset[str]) -> dict[str, Qualifier]:
    """The words that do not say which medicine it is, by kind."""
    readers = {"kind": one_of(*QUALIFIERS), "words": listed}
    rows = read_table("qualifiers", tables, Qualifier, readers, known)
    if len(rows) < len(QUALIFIERS):
        raise KnowledgeError(f"qualifiers.csv needs a row of each of {', '.join(QUALIFIERS)}")
    return {row.kind: row for row in rows}


def read_interactions(tables: Tables, known: frozenset[str]) -> tuple[Interaction, ...]:
    """The interactions."""
    readers = {"medicines": listed, "severity": one_of(*SEVERITIES)}
    return read_table("interactions", tables, Interaction, readers, known)


def read_conditions(tables: Tables, known: frozenset[str]) -> tuple[Condition, ...]:
    """The conditions that a rule reads."""
    readers = {"names": listed, "stems": listed, "denied_by": listed}
    return read_table("conditions", tables, Condition, readers, known)


def read_contradictions(tables: Tables, known: frozenset[str]) -> tuple[Contradiction, ...]:
    """The contradictions between sources."""
    return read_table("contradictions", tables, Contradiction, {}, known)


def read_rules(tables: Tables, known: frozenset[str]) -> dict[str, RuleEntry]:
    """The rules by code."""
    readers = {
        "where": one_of("screening", "override", "plan", "supply", "measuring"),
        "severities": several_of(*SEVERITIES, "error"),
        "at_least": one_of("", *SEVERITIES),
    }
    return {row.code: row for row in read_table("rules", tables, RuleEntry, readers, known)}


def read_protocols(tables: Tables, known: frozenset[str]) -> dict[str, Protocol]:
    """The protocols by id."""
    readers: dict[str, Callable[[str], Any]] = {
        "kind": one_of("steps", "ramp", "fixed", "open", "refused"),
        "doses_per_day": _whole,
        "time_of_day": lambda text: text or None,
        "band": one_of("low", "standard"),
        "review_after_days": _whole_or_none,
        "evidence_tier": _whole,
    }
    rows = read_table("protocols", tables, Protocol, readers, known)
    return {row.id: row for row in rows}


def read_policy(tables: Tables, known: frozenset[str]) -> dict[str, Policy]:
    """The numbers by key."""
    rows = read_table("policy", tables, Policy, {"value": _number}, known)
    return {row.key: row for row in rows}
