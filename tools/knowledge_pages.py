"""The pages of the knowledge base: protocols, opioids, and every other table with its sources.

Tables are for what is looked up; what is read stands as an entry a row, with its sources.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ldn_titration.knowledge import knowledge, shipped_tables
from ldn_titration.knowledge.readers import read_qualifiers
from ldn_titration.knowledge.rows import TIERS, Opioid, Protocol
from ldn_titration.units import decimal_text
from page_parts import NOTE, cited, reviewed, table


def entries(rows: Iterable[Any], head: Callable[[Any], str], text: Callable[[Any], str]) -> str:
    """A list with an entry a row: its head in bold, its text, its sources and who reviewed it."""
    lines = (f"* **{head(r)}**. {text(r)} *{cited(r)}; reviewed: {reviewed(r)}.*" for r in rows)
    return "\n".join(lines) + "\n"


def joined(names: Iterable[str]) -> str:
    return "; ".join(names)


# --- protocols ------------------------------------------------------------------------

KINDS = (
    ("Titrations", ("steps", "ramp"), "Ready to plan: `Regimen.from_protocol(id)`, or "
     '`{"protocol": id}` in a request.'),
    ("With the prescriber's own steps", ("open",), "The source gives a start and an end. "
     "`by` and `every_days` are the prescriber's choice."),
    ("Fixed doses of trials", ("fixed",), "No titration; for reference."),
    ("Refused", ("refused",), "Known, and not planned: each with its reason."),
)  # fmt: skip


def protocols() -> str:
    """The published regimens, by what may be done with them."""
    return f"# Protocols\n\n{NOTE}\n\n" + "\n".join(
        _protocols_of(title, kinds, words) for title, kinds, words in KINDS
    )


def _protocols_of(title: str, kinds: tuple[str, ...], words: str) -> str:
    rows = [p for p in knowledge().protocols.values() if p.kind in kinds]
    short = table(("id", "mg a day", "for"), ((f"`{p.id}`", _schedule(p), _for(p)) for p in rows))
    full = entries(rows, lambda p: f"`{p.id}`", _said_of)
    return f"## {title}\n\n{words}\n\n{short}\n{full}"


def _for(protocol: Protocol) -> str:
    return (
        f"{protocol.population} (licensed)" if protocol.band == "standard" else protocol.population
    )


def _said_of(protocol: Protocol) -> str:
    parts = (protocol.title, protocol.caution, protocol.reason)
    return " ".join(f"{part[0].upper()}{part[1:].rstrip('.')}." for part in parts if part)


def _schedule(protocol: Protocol) -> str:
    """The table's short form in words: "1.5 for 14 days, then 3"."""
    if not protocol.schedule:
        return "not stated"
    if "=" not in protocol.schedule:
        return ", then ".join(map(_step, protocol.schedule.split(";")))
    parts = dict(part.split("=") for part in protocol.schedule.split(";"))
    pace = f", {parts['by']} more every {parts['every']} days" if "by" in parts else ""
    return f"{parts['from']}{pace}, to {parts['to']}"


def _step(text: str) -> str:
    dose, _, days = text.partition("x")
    return f"{dose} for {days} days" if days else dose


# --- opioids --------------------------------------------------------------------------


def opioids() -> str:
    """The opioids with their windows, and what only looks like one."""
    listed = knowledge().opioids
    agonists = [o for o in listed if o.is_opioid]
    parts = (
        ("Windows", f"{_WINDOW_WORDS}\n\n{_windows(agonists)}"),
        ("Where that is written", entries(agonists, _named, lambda o: o.fact)),
        (
            "What is no opioid agonist, and why",
            entries((o for o in listed if o.why_not), lambda o: o.name, lambda o: o.why_not),
        ),
        ("Names", _names(listed)),
        ("Products", _products()),
    )
    return f"# Opioids and their windows\n\n{NOTE}\n\n" + _sections(parts)


_WINDOW_WORDS = (
    "Opioid-free days before a start: fewer than the first figure is `stop`, fewer than the second "
    "`hold` ([how they are counted](../explanation/days.md)). Where the release form of a "
    "substance is not known, the longest of its rows is kept."
)


def _windows(rows: Iterable[Opioid]) -> str:
    lines = ((o.name, o.release, *_window(o.window), o.confidence) for o in rows)
    return table(("opioid", "release", "stop below", "hold below", "confidence"), lines)


def _named(opioid: Opioid) -> str:
    return opioid.name if "(" in opioid.name else f"{opioid.name} ({opioid.release})"


def _window(window: tuple[int, int] | None) -> tuple[str, str]:
    return ("depot", "no date") if window is None else (str(window[0]), str(window[1]))


def _names(rows: Iterable[Opioid]) -> str:
    lines = ((o.name, o.rxcui, joined(o.synonyms)) for o in rows)
    return table(("name", "RxCUI", "also called"), lines)


def _products() -> str:
    by_row: dict[str, list[str]] = {}
    for product in knowledge().products.values():
        by_row.setdefault(product.opioid, []).append(product.rxcui)
    rows = ((f"`{row}`", len(codes), joined(sorted(codes))) for row, codes in by_row.items())
    return table(("row", "products", "RxNorm codes"), sorted(rows))


# --- all the rest ---------------------------------------------------------------------


def base_page() -> str:
    """The knowledge base: its tables, every number, contradictions, interactions, sources."""
    base = knowledge()
    stamp = f"Version {base.version}, sha256 `{base.sha256}`."
    more = (
        "The rules have [pages of their own](findings.md); so have [opioids](opioids.md) and "
        "[protocols](protocols.md)."
    )
    return f"# The knowledge base\n\n{NOTE}\n\n{stamp}\n\n{more}\n\n" + _sections(_parts())


def _parts() -> Iterator[tuple[str, str]]:
    base = knowledge()
    yield "Policy", _policy()
    yield (
        "Interactions",
        entries(
            base.interactions,
            lambda i: f"{i.id}, {_linked(i.code)}, {i.severity}",
            lambda i: f"{joined(i.medicines)}. {i.effect} {i.action} {i.fact}",
        ),
    )
    yield (
        "Conditions",
        entries(
            dict.fromkeys(base.conditions.values()),
            lambda c: f"{c.id}, {_linked(c.code)}",
            lambda c: f"{joined(c.names)}.{_denied(c.denied_by)} {c.fact}",
        ),
    )
    yield (
        "Contradictions",
        entries(
            base.contradictions,
            lambda c: f"{c.id}, {c.about}",
            lambda c: f"{c.disagree} Followed: {c.followed} {c.why}",
        ),
    )
    yield "Words that name no medicine", _qualifiers()
    yield "Tables", _tables()
    yield "Sources", _sources()


def _denied(by: tuple[str, ...]) -> str:
    return f" Contradicts `{by[0]}`: {' or '.join(by[1:])}." if by else ""


def _linked(code: str) -> str:
    return f"[{code}](rules/{code}.md)" if code in knowledge().rules else code


def _policy() -> str:
    return entries(
        knowledge().policy.values(),
        lambda p: f"`{p.key}`: {decimal_text(p.value)} {p.unit}",
        lambda p: p.fact,
    )


def _tables() -> str:
    rows = (
        (f"`{name}`", data.count(b"\n") - 1, f"`{hashlib.sha256(data).hexdigest()}`")
        for name, data in sorted(shipped_tables().items())
    )
    return table(("table", "rows", "sha256"), rows)


def _sources() -> str:
    tiers = "\n".join(f"* Tier {number}: {words}." for number, words in TIERS.items())
    rows = (
        (f"`{s.key}`", s.tier, f"{s.title}. {s.publisher}{_year(s.year)}", s.supports)
        for s in knowledge().sources.values()
    )
    return f"{tiers}\n\n{table(('key', 'tier', 'what it is', 'supports'), rows)}"


def _year(year: object) -> str:
    return f", {year}" if year else ""


def _qualifiers() -> str:
    rows = read_qualifiers(shipped_tables(), frozenset(knowledge().sources)).values()
    return entries(rows, lambda q: q.kind, lambda q: f"{joined(q.words)}. {q.fact}")


def _sections(parts: Iterable[tuple[str, str]]) -> str:
    return "\n".join(f"## {heading}\n\n{text}" for heading, text in parts)
