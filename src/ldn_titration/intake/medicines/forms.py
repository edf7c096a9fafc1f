"""What the words beside a name tell: release form, strength, and how it is taken.

Only words tell a form, never a guess: what tells of a form in another way stays beside the
name, where screening takes it as not settled.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence, Set
from typing import NamedTuple

from ldn_titration.intake.medicines.endings import without_dates
from ldn_titration.knowledge import Knowledge, Line, Name
from ldn_titration.knowledge.names import key_of, words_of
from ldn_titration.patient import Release

__all__ = ["MedicineName", "directions_in", "names_in", "strength_in"]


class MedicineName(NamedTuple):
    """One name in a line: ``words`` as they stand there, and what they denote.

    ``release`` is how its drug is let go, as the line's own words tell it, and ``form``
    the words that tell of a form in another way.
    """

    words: str
    name: Name
    release: Release = "unknown"
    form: tuple[str, ...] = ()

    @property
    def substance(self) -> str:
        """What an exposure is called: the name, and what tells of a form beside it."""
        return " ".join((self.words, *self.form))

    @property
    def told_release(self) -> str:
        """The release form for people: as told, as every row has it, or that it is not told."""
        forms = {row.release for row in self.name.opioids}
        if self.release != "unknown" or self.form or len(forms) > 1:
            return "not told" if self.release == "unknown" else self.release
        return "any" if forms <= {"any", "unknown"} else f"{forms.pop()}, by its name"

    @property
    def may_be_a_patch(self) -> bool:
        """Whether it is taken off again: told so, or by its only form."""
        forms = {row.release for row in self.name.opioids}
        return self.release == "transdermal" or forms == {"transdermal"}


def names_in(line: Line, said: str, base: Knowledge) -> tuple[MedicineName, ...]:
    """The names of a line that was read, as they stand in it, each with its form.

    A name with its brand in brackets is the brand.
    """
    found = [
        MedicineName(_written(key, said), name)
        for key, name in zip(line.keys, line.names, strict=True)
    ]
    narrowest = [name for name in found if not _has_its_brand(name, found, said)]
    outside = _outside(said, found)
    releases = _releases(outside)
    told: Release = releases.pop() if len(releases) == len(narrowest) == 1 else "unknown"
    left = _RELEASES.sub(" ", outside) if told != "unknown" else outside
    form = tuple(_form_words(left, base))
    return tuple(
        each._replace(release=told, form=() if _has_one_window(each.name) else form)
        if each.name.opioids
        else each
        for each in narrowest
    )


def _written(key: str, said: str) -> str:
    """The name as it stands in the line, or its key where it does not stand so."""
    words = r"[\W_]*".join(map(re.escape, key.split(" ")))
    found = re.search(rf"(?<![^\W_]){words}(?![^\W_])", said, re.IGNORECASE)
    return found[0] if found is not None and key_of(found[0]) == key_of(key) else key


def _has_its_brand(one: MedicineName, found: Sequence[MedicineName], said: str) -> bool:
    """Whether a narrower name of the same substance stands in brackets: oxycodone (Oxaydo)."""
    rows = set(one.name.opioids)
    return any(
        set(other.name.opioids) < rows and f"({other.words})" in said.replace(" )", ")")
        for other in found
        if other.name.opioids
    )


def _outside(said: str, names: Sequence[MedicineName]) -> str:
    """The line without its names, longest first."""
    for words in sorted((name.words for name in names), key=len, reverse=True):
        said = said.replace(words, " ")
    return said


# --- forms

_HOURS = "(?:h|hr|hrs|hour|hours)"
_EVERY = re.compile(rf"\b(?:q|every) ?[0-9]+(?: ?(?:-|to) ?[0-9]+)? ?{_HOURS}\b", re.IGNORECASE)
_PER_HOUR = re.compile(rf"(?<=g)(?:/| per | an ) ?{_HOURS}\b", re.IGNORECASE)
_TOLD: tuple[tuple[Release, str], ...] = (
    (
        "extended",
        r"(?:extended|controlled|modified|prolonged|sustained|slow)[- ]released?"
        r"|er|sr|xr|xl|cr|la|mr|m/r|retard"
        rf"|(?:12|24)[- ]?{_HOURS}(?=[- ](?:tab|cap|er|xr|sr|ext))|^(?:12|24) hr",
    ),
    ("immediate", r"immediate[- ]released?|ir"),
    ("transdermal", r"transdermal|patch|patches"),
)
_RELEASES = re.compile(rf"\b(?:{'|'.join(words for _, words in _TOLD)})\b", re.IGNORECASE)
_ORAL = frozenset({"po", "oral", "orally", "mouth", "per", "via", "each", "bd"})
_SALTS = frozenset(
    {
        "hcl",
        "hydrochloride",
        "hbr",
        "sulfate",
        "sulphate",
        "phosphate",
        "tartrate",
        "bitartrate",
        "citrate",
    }
)


def _releases(outside: str) -> set[Release]:
    """Every release form that words of a line tell."""
    return {
        release
        for release, words in _TOLD
        if re.search(rf"\b(?:{words})\b", outside, re.IGNORECASE)
    }


def _form_words(outside: str, base: Knowledge) -> Iterator[str]:
    """The words that may tell of a form: all but units, times, reasons, salts and the mouth."""
    lexicon = base.lexicon
    silent = lexicon.of_no_form | lexicon.kinds["indication"] | _ORAL | _SALTS
    for word in dict.fromkeys(words_of(_PER_HOUR.sub(" ", _EVERY.sub(" ", outside)))):
        if word not in silent and lexicon.is_filler(word) and not _EVERY.fullmatch(word):
            yield word


def _has_one_window(name: Name) -> bool:
    """Whether its window is the same whatever its form."""
    return all(row.release == "any" for row in name.opioids)


# --- strength and directions

_UNIT = r"(?:mg|mcg|ug|\u00b5g|\u03bcg|g|ml|mL|units?|%|microgram(?:s|mes)?|milligrams?)"
_ONE = rf"[0-9][0-9.,]*(?: ?{_UNIT}\b| ?%)"
_STRENGTH = re.compile(
    rf"(?<![\w.])(?:[0-9][0-9.,]*(?: ?{_UNIT})?(?: ?[/-] ?[0-9][0-9.,]*(?: ?{_UNIT})?)+|{_ONE})"
    rf"(?: ?/ ?(?:[0-9.]+ ?)?(?:{_HOURS}|ml|spray|actuation|dose)\b)?(?![\w/])",
    re.IGNORECASE,
)


def strength_in(said: str, names: Sequence[MedicineName]) -> str:
    """The first strength of a line as it is written: ``5/325``, ``25 mcg/h``; or nothing."""
    found = _STRENGTH.search(without_dates(_outside(said, names)))
    return "" if found is None else found[0].strip()


def directions_in(
    said: str, names: Sequence[MedicineName], rest: Sequence[str], base: Knowledge
) -> str:
    """How it is taken, in the words of the line: what is no name, strength, form or unknown."""
    strength, outside = strength_in(said, names), _outside(said, names)
    left = _RELEASES.sub(" ", outside.replace(strength, " ", 1) if strength else outside)
    unknown = {word for words in rest for word in (words, *words.split())}
    bare = [word.strip(",;:()") for word in left.split()]
    tells = {word: _tells_how(word, unknown, base) for word in set(bare)}
    return " ".join(word for word in bare if tells[word])


def _tells_how(word: str, unknown: Set[str], base: Knowledge) -> bool:
    """Whether a word is neither a name nor one that is not understood."""
    words = words_of(word)
    return bool(words) and unknown.isdisjoint((word, *words)) and not base.read_line(word).names
