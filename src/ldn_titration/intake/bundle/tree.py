"""FHIR's JSON as a tree of objects, each with its path; wrong shapes are told by it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, NamedTuple

from ldn_titration.errors import InvalidInputError, Problem
from ldn_titration.strict_json import duplicates, read_json
from ldn_titration.values import Month, printable

__all__ = ["Coding", "Concept", "Node", "Span", "read_tree", "span_of"]

MAX_DEPTH = 64
"""How deep FHIR is read; contained resources and extensions need far less."""

MAX_CODINGS = 100
"""How many codes of one concept are read; each is compared with every other."""


class Coding(NamedTuple):
    """One code of a concept: of which system, and how it is displayed ("" where not said)."""

    system: str
    code: str
    display: str

    @property
    def plain_system(self) -> str:
        """Its system as it is usually written: ``http``, without a version or a last slash."""
        plain = self.system.partition("|")[0].casefold().rstrip("/")
        return f"http{plain[5:]}" if plain.startswith("https:") else plain


class Concept(NamedTuple):
    """A CodeableConcept: its codes and its text."""

    codings: tuple[Coding, ...] = ()
    text: str = ""

    @property
    def texts(self) -> tuple[str, ...]:
        """Its text and every display, each once."""
        said = (self.text, *(coding.display for coding in self.codings))
        return tuple(dict.fromkeys(text for text in said if text))

    @property
    def label(self) -> str:
        """Its first text, or else its first code."""
        named = (f"code {coding.code} of {coding.system}" for coding in self.codings if coding.code)
        return next(iter(self.texts), next(named, ""))

    def codes_like(self, system: str) -> tuple[str, ...]:
        """Its codes of that system, also where its address is written in another way."""
        return tuple(c.code for c in self.codings if c.plain_system == system and c.code)

    def codes_of(self, system: str) -> tuple[str, ...]:
        """Its codes of that system."""
        return tuple(c.code for c in self.codings if c.system == system and c.code)


class Node(NamedTuple):
    """An object of the tree, and where it stands.

    What is asked of it has the type that FHIR gives it, or InvalidInputError is raised.
    """

    path: str
    value: Mapping[str, Any]

    def at(self, name: str) -> str:
        """The path of one of its elements."""
        return f"{self.path}.{name}" if self.path else name

    def has(self, name: str) -> bool:
        """Whether it has that element, and something in it."""
        return self.value.get(name) not in (None, "", [], {})

    def text(self, name: str) -> str:
        """An element that is text; empty where it is absent."""
        found = self._of(name, str, "must be text, in quotes")
        return found.strip() if isinstance(found, str) else ""

    def flag(self, name: str) -> bool | None:
        """An element that is true or false; None where it is absent."""
        found = self._of(name, bool, "must be true or false")
        return found if isinstance(found, bool) else None

    def child(self, name: str) -> Node | None:
        """An element that is an object."""
        found = self._of(name, Mapping, "must be an object {...}")
        return Node(self.at(name), found) if isinstance(found, Mapping) else None

    def children(self, name: str) -> list[Node]:
        """An element that is a list of objects."""
        found = self._of(name, list, "must be a list [...]") or []
        nodes = [Node(f"{self.at(name)}[{place}]", each) for place, each in enumerate(found)]
        wrong = [node.path for node in nodes if not isinstance(node.value, Mapping)]
        if wrong:
            raise InvalidInputError(Problem(path, "must be an object {...}") for path in wrong)
        return nodes

    def texts(self, name: str) -> list[str]:
        """An element that is a list of texts."""
        found = self._of(name, list, "must be a list [...]") or []
        if not all(isinstance(each, str) for each in found):
            raise InvalidInputError([Problem(self.at(name), "must be a list of texts")])
        return list(found)

    def concept(self, name: str) -> Concept:
        """An element that is a CodeableConcept; empty where it is absent."""
        node = self.child(name)
        return node.as_concept() if node else Concept()

    def concepts(self, name: str) -> list[Concept]:
        """An element that is a list of CodeableConcepts."""
        return [node.as_concept() for node in self.children(name)]

    def as_concept(self) -> Concept:
        """It, read as a CodeableConcept."""
        listed = self.children("coding")
        if len(listed) > MAX_CODINGS:
            message = f"has {len(listed)} codes; at most {MAX_CODINGS} are read"
            raise InvalidInputError([Problem(self.at("coding"), message)])
        codings = (
            Coding(each.text("system"), each.text("code"), each.text("display")) for each in listed
        )
        return Concept(tuple(codings), self.text("text"))

    def _of(self, name: str, kind: type, message: str) -> Any:
        found = self.value.get(name)
        if found is not None and not isinstance(found, kind):
            raise InvalidInputError([Problem(printable(self.at(name)), message)])
        return found


# --- reading --------------------------------------------------------------------------


def read_tree(tree: Mapping[str, Any] | str | bytes) -> Node:
    """The tree of a JSON text, or of plain data that was read already."""
    try:
        read = read_json(tree) if isinstance(tree, str | bytes) else tree
    except InvalidInputError as error:
        raise InvalidInputError(Problem("bundle", p.message) for p in error.problems) from None
    if not isinstance(read, Mapping):
        raise InvalidInputError([Problem("bundle", "must be an object {...}")])
    wrong = _not_json(read) or list(_twice(read))
    if wrong:
        raise InvalidInputError(wrong)
    return Node("", read)


def _twice(read: Mapping[str, Any]) -> Iterator[Problem]:
    for path, message in duplicates(read):
        yield Problem(printable(path), message)


def _not_json(read: Mapping[str, Any]) -> list[Problem]:
    """What is too deep or of no type of JSON; nothing below it is looked at."""
    wrong: list[Problem] = []
    for depth, path, value in _everything(read):
        if depth > MAX_DEPTH:
            return [Problem("bundle", "is nested too deeply")]
        if isinstance(value, Mapping) and not all(isinstance(name, str) for name in value):
            wrong.append(Problem(path or "bundle", "must have texts as keys"))
        elif not (value is None or isinstance(value, _JSON)):
            wrong.append(Problem(path, "is of no type that JSON has"))
    return wrong


_JSON = (str, bool, int, float, list, Mapping)


def _everything(read: Any) -> Iterator[tuple[int, str, Any]]:
    """Every value with its depth and path, without recursion."""
    waiting: list[tuple[int, str, Any]] = [(0, "", read)]
    while waiting:
        depth, path, value = waiting.pop()
        yield depth, path, value
        if isinstance(value, Mapping):
            at = f"{path}." if path else ""
            waiting += [
                (depth + 1, f"{at}{printable(str(name))}", each) for name, each in value.items()
            ]
        elif isinstance(value, list):
            waiting += [(depth + 1, f"{path}[{place}]", each) for place, each in enumerate(value)]


def walk(node: Node) -> Iterator[tuple[str, str, Any]]:
    """Every element below an object: its path, its name and what it holds."""
    waiting: list[tuple[str, Any]] = [(node.path, node.value)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, Mapping):
            for name, each in value.items():
                at = f"{path}.{name}" if path else name
                yield at, name, each
                waiting.append((at, each))
        elif isinstance(value, list):
            waiting += [(f"{path}[{place}]", each) for place, each in enumerate(value)]


# --- dates ----------------------------------------------------------------------------

_DATE = re.compile(
    r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2})"
    r"(?:T[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?(?:Z|[+-][0-9]{2}:[0-9]{2})?)?)?)?",
    re.ASCII,
)


class Span(NamedTuple):
    """The days that a date of FHIR may mean; of a date-time, its date as written."""

    first: date
    last: date

    @property
    def latest(self) -> date | Month:
        """Its last day, as a month where no day is said."""
        known = self.first == self.last
        return self.last if known else Month(self.last.year, self.last.month)


def span_of(text: str) -> Span | None:
    """The days of a FHIR date or date-time; None where it is none."""
    found = _DATE.fullmatch(text)
    if found is None:
        return None
    year, month, day = (int(part) if part else None for part in found.groups())
    try:
        first = date(year or 0, month or 1, day or 1)
        last = first if day else Month(first.year, month or 12).last_day
    except (ValueError, OverflowError):
        return None
    return Span(first, last)
