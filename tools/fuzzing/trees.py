"""JSON that is nearly right: an example with a few edits, as a source of numbers decides."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

__all__ = ["Source", "edited", "written"]

WORDS = (
    "", "0", "-1", "1e9", "4.5 mg", "4,5 mg", ".5 mg", "0.25 mg", "50 mg", "10 mL", "1 mg/mL",
    "9999-12-31", "0001-01-01", "2027-02-29", "2026-12", "2027-01-04T08:00:00+25:00", "unknown",
    "yes", "no", "none", "known", "methadone", "oxycodone", "kratom", "naltrexone 50 mg",
    "immediate", "depot", "drops", "capsules", "bedtime", "24:00", "\u0000", "\u202e", "\ud800",
    "\u0664.\u0665 mg",
    "active", "entered-in-error", "Patient/x", "#c", "http://unitsofmeasure.org", "mg",
    "http://www.nlm.nih.gov/research/umls/rxnorm", "7804", "held", "paused", "switched", "opioid",
)  # fmt: skip
NUMBERS = (0, -1, 1, 2, 7, 20, 61, 200, 3660, 3661, 10**9, 10**30, 0.5, 1e308, True, None)


class Source:
    """Numbers from somewhere: a fuzzer's bytes, or a seeded generator."""

    def __init__(self, number: Callable[[int, int], int], text: Callable[[int], str]) -> None:
        self.number, self.text = number, text

    def one(self, options: Any) -> Any:
        """One of several."""
        return options[self.number(0, len(options) - 1)]


def edited(tree: Any, source: Source, most: int = 4) -> Any:
    """A copy of that JSON value with up to so many edits."""
    whole = {"": copy.deepcopy(tree)}
    for _ in range(source.number(0, most)):
        places = list(_places(whole))
        holder, key = source.one(places)
        _edit(holder, key, places, source)
    return whole[""]


def _places(node: Any) -> list[tuple[Any, Any]]:
    found: list[tuple[Any, Any]] = []
    keys = node.keys() if isinstance(node, dict) else range(len(node))
    for key in keys:
        found.append((node, key))
        if isinstance(node[key], dict | list) and len(found) < 4000:
            found += _places(node[key])
    return found


def _edit(holder: Any, key: Any, places: list[tuple[Any, Any]], source: Source) -> None:
    kind = source.number(0, 6)
    if kind == 0:
        holder[key] = source.one(WORDS)
    elif kind == 1:
        holder[key] = source.one(NUMBERS)
    elif kind == 2:
        other, place = source.one(places)
        holder[key] = copy.deepcopy(other[place])
    elif kind == 3 and key != "":
        del holder[key]
    elif kind == 4 and isinstance(holder, list):
        holder.insert(key, copy.deepcopy(holder[key]))
    elif kind == 5 and isinstance(holder, dict):
        holder[source.one(WORDS)] = holder[key]
    else:
        holder[key] = source.text(40)


def written(tree: Any) -> bytes:
    """As JSON bytes, lone surrogates and infinite numbers and all."""
    return json.dumps(tree).encode("utf-8", "surrogatepass")
