"""The pages of docs/safety that are made from the safety records and the tests."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import groupby

import safety_log
from ldn_titration.knowledge import knowledge
from page_parts import table
from safety_log import Hazard, Library

FAMILIES = {
    "A": "Amounts: numbers that become doses",
    "U": "Units",
    "D": "Drops, droppers and dilutions",
    "F": "Formulations and supply",
    "T": "Time: dates, steps and the diary",
    "W": "Withdrawal: screening and opioid-free intervals",
    "O": "Overrides",
    "R": "Rendering: pages, tables and words",
    "E": "Exports: FHIR, calendar files and CSV",
    "I": "Intake: orders, records and lists of others",
    "C": "Code: shared state and validation",
    "K": "Knowledge base",
    "H": "Many patients at once",
    "S": "Security, service and supply chain",
}
SEVERITIES = {
    "5": "death, or a danger to life",
    "4": "admission to hospital",
    "3": "treatment is needed",
    "2": "discomfort, or the therapy fails",
    "1": "nuisance",
}
MOST_TESTS = 8

MADE = "Generated from `docs/safety/{}` and the sources of the tests by `make docs`.\n"

HAZARDS = """# Hazard log

What can go wrong, what it would do to a patient, what stands against it here, and the test that
is meant to fail when that control is gone. The authors of the software wrote it and set the
severities; **no clinician has reviewed it**, and no probability is estimated.

{made}
{counts}

A control is described as the code has it today, with what it leaves open. `not built` means that
the part does not exist: the test proves that it is absent, and fails once it is there, so that the
row must be looked at again.

## Severity

Severity is that of the harm if nothing stood against it, at its worst.

{severities}
"""

THIRD_PARTY = """# Third-party software

What the library rests on, the range of versions that it accepts, and what each does wrong if it is
trusted, with our test of it. `tests/test_third_party.py` compares the list with `pyproject.toml`
both ways. Only Python, pydantic, pint and python-dateutil are needed; the others come with an
extra. Nobody here has audited their sources.

{made}
## What is used

{libraries}
## Traps

Each was seen happening. Tests are told in words: "units: a hostile text is refused at once" is
`tests/test_units.py::test_a_hostile_text_is_refused_at_once`.

"""

TRACE = """# Traceability

From each hazard to its control and its tests, from each property to the tests that name it, and
from each clinical rule to its page and its tests. Tests are told in words:
"units: the grammar is the references" is
`tests/test_units.py::test_the_grammar_is_the_references`.

{made}
The pairing of hazards and tests is itself a test, both ways: `tests/test_hazard_log.py`. For
properties and rules the tables say which tests name the code, in their source or in a table that
they use; naming is no proof that a test is strong. Mutation of the code and of the knowledge base
is: its figures are printed by `make prove`.

"""


def pages() -> dict[str, str]:
    """Every generated page of docs/safety, by its name."""
    return {"hazards": hazards(), "third-party": third_party(), "traceability": traceability()}


# --- the hazard log -------------------------------------------------------------------


def hazards() -> str:
    """The log, readable: grouped by family, each hazard under its id."""
    log = safety_log.hazards()
    head = HAZARDS.format(
        made=MADE.format("hazards.csv"),
        counts=_counts(log),
        severities=table(
            ("severity", "harm", "hazards"),
            ((n, words, _with_severity(log, n)) for n, words in SEVERITIES.items()),
        ),
    )
    return head + "\n" + "\n".join(_family(key, rows) for key, rows in _by_family(log))


def _counts(log: list[Hazard]) -> str:
    open_ = [row.id for row in log if row.absent]
    return (
        f"**{len(log)} hazards: {len(log) - len(open_)} controlled, {len(open_)} of parts that are "
        f"not built** ({', '.join(open_)})."
    )


def _with_severity(log: list[Hazard], severity: str) -> int:
    return sum(row.severity == severity for row in log)


def _by_family(log: list[Hazard]) -> Iterable[tuple[str, list[Hazard]]]:
    return ((key, list(rows)) for key, rows in groupby(log, lambda row: row.id[0]))


def _family(key: str, rows: list[Hazard]) -> str:
    return f"## {FAMILIES[key]}\n\n" + "\n".join(map(_hazard, rows))


def _hazard(row: Hazard) -> str:
    facts = [
        ("Severity", f"{row.severity}, {SEVERITIES[row.severity]}"),
        ("Cause", row.cause),
        ("Harm", row.harm),
        ("Control", row.control),
        ("Test", f"`{row.test}`"),
    ]
    if row.absent:
        facts.insert(0, ("Status", f"**{row.status.split(' (')[0]}**"))
    lines = "\n".join(f"* {name}: {_plain(text)}" for name, text in facts)
    return f"### {row.id}: {row.hazard}\n\n{lines}\n"


def _plain(text: str) -> str:
    """Text in which Markdown finds no tag and no emphasis of its own."""
    return text if text.startswith(("`", "**")) else text.replace("_", r"\_").replace("<", "&lt;")


# --- third-party software -------------------------------------------------------------


def third_party() -> str:
    """Each library with its range and licence, and its traps with our tests."""
    listed = safety_log.libraries()
    head = THIRD_PARTY.format(
        made=MADE.format("third_party.csv` and `traps.csv"),
        libraries=table(
            ("library", "part", "range", "licence", "what it does for us"), map(_library, listed)
        ),
    )
    parts = (
        f"### {name}\n\n"
        + table(
            ("if trusted", "what we do", "test"),
            ((_plain(row.trap), _plain(row.control), _in_words(row.test)) for row in rows),
        )
        for name, rows in groupby(safety_log.traps(), lambda row: row.name)
    )
    return head + "\n".join(parts)


def _library(row: Library) -> tuple[str, ...]:
    return (row.name, row.part, f"`{row.requirement}`", row.licence, row.use)


# --- traceability ---------------------------------------------------------------------


def traceability() -> str:
    """Hazards, properties and rules with the tests that prove or name them."""
    return (
        TRACE.format(made=MADE.format("hazards.csv`, `properties.csv"))
        + f"## Hazards\n\n{_hazard_table()}\n"
        + f"## Properties\n\n{_property_table()}\n"
        + f"## Clinical rules\n\n{_rule_table()}"
    )


def _hazard_table() -> str:
    rows = (
        (
            f"[{row.id}](hazards.md#{_anchor(row)}): {_plain(row.hazard)}",
            _state(row),
            _listed(_proofs(row)),
        )
        for row in safety_log.hazards()
    )
    return table(("hazard", "control", "tests, the log's own first"), rows)


def _anchor(row: Hazard) -> str:
    """Where the hazard stands on its page, as the site names headings."""
    return re.sub(r"[^\w\- ]", "", f"{row.id} {row.hazard}".lower()).replace(" ", "-")


def _state(row: Hazard) -> str:
    state = f"**{row.status.split(' (')[0]}**. " if row.absent else ""
    return state + _plain(row.control)


def _proofs(row: Hazard) -> list[str]:
    return [row.test, *(node for node in safety_log.proofs(row.id) if node != row.test)]


def _property_table() -> str:
    rows = (
        (row.id, _plain(row.clause), _listed(safety_log.naming(row.id)))
        for row in safety_log.clauses()
    )
    return table(("property", "clause", "tests that name it"), rows)


def _rule_table() -> str:
    rows = (
        (
            f"[{entry.code}](../reference/rules/{entry.code}.md)",
            _plain(entry.title),
            _listed(safety_log.naming(entry.code)),
        )
        for entry in knowledge().rules.values()
    )
    return table(("rule", "title", "tests that name it"), rows)


def _listed(nodes: list[str]) -> str:
    before = "· " if len(nodes) > 1 else ""
    shown = [f"{before}{_in_words(node)}" for node in nodes[:MOST_TESTS]]
    more = f"and {len(nodes) - MOST_TESTS} more" if len(nodes) > MOST_TESTS else ""
    return "<br>".join([*shown, more] if more else shown) or "**none**"


def _in_words(node: str) -> str:
    """A test in words that can be broken over lines."""
    path, *names = node.removeprefix("tests/").split("::")
    place = path.removesuffix(".py").replace("test_", "")
    words = " ".join(name.removeprefix("test_") for name in names) or "the whole file"
    return f"{place}: {words}".replace("_", " ")
