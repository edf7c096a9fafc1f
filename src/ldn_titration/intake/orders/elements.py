"""Elements of FHIR JSON: one object, read key by key, what is wrong noted with its path."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

from ldn_titration.errors import Problem
from ldn_titration.values import printable

__all__ = ["Element"]

_MAX_DIGITS = 30
_MAX_EXPONENT = 20
_MAX_NAME = 40
_MOMENT = re.compile(
    r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2})(?:T[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?"
    r"(?:Z|[+-][0-9]{2}:[0-9]{2})?)?)?)?",
    re.ASCII,
)
_ALWAYS = frozenset({"id", "extension", "modifierExtension", "fhir_comments"})


class Element(NamedTuple):
    """One object of FHIR JSON and its path; ``problems`` is shared by the whole resource.

    Every reader gives None, or nothing, for a key that is absent or null, and also for one
    of another type than asked for, which is a problem.
    """

    tree: dict[str, Any]
    path: str
    problems: list[Problem]

    def at(self, name: str) -> str:
        """The path of a key of this object."""
        return f"{self.path}.{name}" if self.path else name

    def wrong(self, name: str, message: str) -> None:
        """Note a problem with a key of this object."""
        self.problems.append(Problem(printable(self.at(name)) or "order", printable(message)))

    def has(self, name: str) -> bool:
        """Whether the key is there with a value."""
        return self.tree.get(name) is not None

    def text(self, name: str) -> str | None:
        """A text."""
        value = self.tree.get(name)
        if value is None or isinstance(value, str):
            return value
        self.wrong(name, "must be text, in quotes")
        return None

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts; null in it is left out."""
        values = self._list(name)
        if all(value is None or isinstance(value, str) for value in values):
            return tuple(value for value in values if value is not None)
        self.wrong(name, 'must be a list of texts, such as ["MORN"]')
        return ()

    def flag(self, name: str) -> bool | None:
        """True or false."""
        value = self.tree.get(name)
        if value is None or isinstance(value, bool):
            return value
        self.wrong(name, "must be true or false, without quotes")
        return None

    def number(self, name: str) -> Fraction | None:
        """A decimal, exactly as written."""
        value = self.tree.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
            self.wrong(name, "must be a number, without quotes")
        elif isinstance(value, float) or (isinstance(value, Decimal) and not _is_ordinary(value)):
            self.wrong(name, f"must be a number of at most {_MAX_DIGITS} digits")
        else:
            return Fraction(value)
        return None

    def whole(self, name: str, least: int = 0) -> int | None:
        """A whole number of at least ``least``."""
        value = self.tree.get(name)
        if value is None:
            return None
        if isinstance(value, int) and not isinstance(value, bool) and value >= least:
            return value
        self.wrong(name, f"must be a whole number, {least} or more, without quotes")
        return None

    def day(self, name: str) -> date | None:
        """The day of a date or date-time, as written; None also where only a month is known."""
        value = self.text(name)
        if value is None:
            return None
        found = _MOMENT.fullmatch(value)
        try:
            if found is not None and found[3] is not None:
                return date(int(found[1]), int(found[2]), int(found[3]))
        except ValueError:
            found = None
        if found is None:
            self.wrong(name, 'must be a date or date-time, such as "2027-01-04"')
        return None

    def below(self, name: str) -> Element:
        """The object under a key; an empty one where there is none."""
        value = self.tree.get(name)
        if value is not None and not isinstance(value, dict):
            self.wrong(name, "must be an object {...}")
        return Element(value if isinstance(value, dict) else {}, self.at(name), self.problems)

    def each(self, name: str) -> tuple[Element, ...]:
        """The objects of a list."""
        found = []
        for place, value in enumerate(self._list(name)):
            if isinstance(value, dict):
                found.append(Element(value, f"{self.at(name)}[{place}]", self.problems))
            else:
                self.wrong(f"{name}[{place}]", "must be an object {...}")
        return tuple(found)

    def _list(self, name: str) -> list[Any]:
        value = self.tree.get(name)
        if value is None or isinstance(value, list):
            return value or []
        self.wrong(name, "must be a list [...]")
        return []

    def only(self, known: Collection[str], of: str, elsewhere: dict[str, str]) -> Element:
        """Note each key that ``of`` does not have; ``elsewhere`` tells which version has it."""
        few = len(self.tree) <= 2 * len(known) + _MAX_NAME
        for name in self.tree:
            plain = name.removeprefix("_")
            if plain in known or plain in _ALWAYS:
                continue
            near = difflib.get_close_matches(plain[:_MAX_NAME], known, n=1) if few else []
            if plain == "fhirVersion":
                message = "tells a version of FHIR, which no R4 resource does; only R4 is read"
                self.wrong(name, message)
            elif plain in elsewhere:
                self.wrong(name, f"is an element of FHIR {elsewhere[plain]}; only R4 is read")
            else:
                hint = f'; did you mean "{near[0]}"?' if near else ""
                self.wrong(name, f"is no element of {of} in FHIR R4{hint}")
        return self


def _is_ordinary(value: Decimal) -> bool:
    return (
        value.is_finite()
        and len(value.as_tuple().digits) <= _MAX_DIGITS
        and abs(value.adjusted()) <= _MAX_EXPONENT
    )
