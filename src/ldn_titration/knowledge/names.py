"""Medicine names as people write them: from a line of a list to what it names.

A line is understood only if every word of it is: names that the tables hold, strengths,
forms, routes, times, salts. A word that is left over makes the line not recognised, and a
name of an opioid is looked for first. So no opioid hides behind what a reader skips.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from fractions import Fraction
from functools import lru_cache
from typing import Literal, NamedTuple

from ldn_titration.knowledge.rows import Opioid, Qualifier

__all__ = ["LONGEST", "Lexicon", "Limits", "Line", "Name", "key_of", "words_of"]

LONGEST = 1_000
"""So many characters may a name have; a longer text is none, and is not kept."""

_WORD = re.compile(r"[^\W0-9_][^\W_]*|[0-9]+(?:[.,][0-9]+)*|[#%+]")


def words_of(text: str) -> list[str]:
    """The words and numbers of a text, lower case; ``10mg`` is two, ``#`` and ``+`` are words.

    Small numbers in words are numbers: Tylenol three is Tylenol 3.
    """
    return list(_read_once(text) if len(text) <= LONGEST else _read(text))


def _read(text: str) -> tuple[str, ...]:
    plain = unicodedata.normalize("NFKC", text).casefold().replace("m/r", "mr")
    return tuple(_NUMBERS.get(word, word) for word in _WORD.findall(plain))


_read_once = lru_cache(maxsize=4096)(_read)


_NUMBERS = {"one": "1", "two": "2", "three": "3", "four": "4"}


@lru_cache(maxsize=4096)
def key_of(name: str) -> str:
    """A name as it is compared: its words, whatever stands between them."""
    if name.isascii() and name.isalpha():
        return name.lower()
    return " ".join(word for word in words_of(name) if word != "#")


class Name(NamedTuple):
    """What a name denotes: rows of the opioid table, or ordinary medicines."""

    opioids: tuple[Opioid, ...]
    medicines: tuple[str, ...] = ()

    @property
    def is_opioid(self) -> bool:
        """Whether an opioid agonist is among what it denotes."""
        return any(row.is_opioid for row in self.opioids)

    @property
    def matters(self) -> bool:
        """Whether an opioid, or what asks for one or doubles naltrexone, is among it."""
        return any(row.is_opioid or row.presence for row in self.opioids)


Kind = Literal["ordinary", "listed", "hidden", "unknown"]


class Line(NamedTuple):
    """One line of a list: the names in it, and the words that are not understood.

    ``kind`` is ``ordinary`` (every word understood, nothing from the opioid table),
    ``listed`` (every word understood, and something from that table, be it an opioid or
    what only looks like one), ``hidden`` (an opioid's name among words that are not
    understood) or ``unknown``. ``skipped`` are the words that name no medicine, ``masses``
    the strengths in mg, ``keys`` the words by which each name was found.
    """

    text: str
    names: tuple[Name, ...]
    unexplained: tuple[str, ...]
    kind: Kind
    skipped: tuple[str, ...] = ()
    masses: tuple[Fraction, ...] = ()
    keys: tuple[str, ...] = ()

    @classmethod
    def of(cls, text: str, names: tuple[Name, ...], unexplained: tuple[str, ...] = ()) -> Line:
        """The line with its kind."""
        if unexplained or not names:
            kind: Kind = "hidden" if any(name.matters for name in names) else "unknown"
        else:
            kind = "listed" if any(name.opioids for name in names) else "ordinary"
        return cls(text, names, unexplained, kind)

    @property
    def names_an_opioid(self) -> bool:
        """Whether an opioid agonist is named in it."""
        return any(name.is_opioid for name in self.names)

    @property
    def medicines(self) -> tuple[str, ...]:
        """The ordinary medicines named, each once."""
        return tuple(dict.fromkeys(m for name in self.names for m in name.medicines))


class Limits(NamedTuple):
    """The least strength of an analgesic (mg), the most tablets at once, the least quantity."""

    strength: Fraction
    tablets: Fraction
    quantity: Fraction


class Lexicon:
    """Every name that a line may hold, and the words that say nothing of which one it is.

    ``ordinary`` leads from the key of a name to the medicines it holds, parted by ";".
    ``limits`` tell a strength that may be an opioid's from a count. ``kinds`` are the words
    that name no medicine, by what they tell of.
    """

    def __init__(
        self,
        opioids: Mapping[str, Name],
        ordinary: Mapping[str, str],
        qualifiers: Mapping[str, Qualifier],
        limits: Limits,
    ) -> None:
        self._limits = limits
        self._opioids, self._ordinary = opioids, ordinary
        self._longest: dict[str, int] = {}
        for key in (*ordinary, *opioids):
            if " " in key:
                first, _, rest = key.partition(" ")
                self._longest[first] = max(rest.count(" ") + 2, self._longest.get(first, 1))
        words = {kind: frozenset(row.words) for kind, row in qualifiers.items()}
        self._units = words["unit"]
        self._sold_with_opioid = words.pop("sold_with_opioid")
        self._strong = words.pop("strong_only")
        self._past = words.pop("past")
        self.kinds: Mapping[str, frozenset[str]] = words
        no_form = (words["unit"] | words["frequency"] | _TABLETS) - _HOURS
        self.of_no_form: frozenset[str] = no_form
        self._before_time = words["frequency"] | words["route"]
        self._fillers: frozenset[str] = frozenset().union(*words.values())

    def read(self, text: str) -> Line:
        """What a line of a medication list names."""
        words = words_of(text)
        roles = self._numbers(words)
        bare = [w for place, w in enumerate(words) if roles.get(place) not in _WITH_UNIT]
        found, left, covered = self._explained(bare)
        skipped = tuple(word for word in words if self.is_filler(word) and word not in covered)
        masses = (at for at, role in roles.items() if role == "mass" and _is_number(words[at]))
        for key, name in self._opioids_in(words):
            if not covered.issuperset(key):
                found.setdefault(name, " ".join(key))
        line = Line.of(text, tuple(found), tuple(left))._replace(keys=tuple(found.values()))
        line = line._replace(skipped=skipped, masses=tuple(_value(words[at]) for at in masses))
        if line.kind == "ordinary" and self._may_hide_an_opioid(line, words, roles):
            hiding = Line.of(text, line.names, ("a strength that may be an opioid's",))
            return hiding._replace(keys=line.keys)
        return line

    def is_past(self, text: str) -> bool:
        """Whether a condition is told as one of the past, of a relative, or denied."""
        return not self._past.isdisjoint(words_of(text))

    def is_filler(self, word: str) -> bool:
        """Whether a word does not say which medicine it is."""
        return word in self._fillers or (
            word[:1] in _OF_TIMES and _TIMES.fullmatch(word) is not None
        )

    # --- names

    def _explained(self, words: list[str]) -> tuple[dict[Name, str], list[str], set[str]]:
        """Names, longest first; the words not understood; the words of opioids' names."""
        names: dict[Name, str] = {}
        left: list[str] = []
        covered: set[str] = set()
        place = 0
        while place < len(words):
            length, name = self._longest_name(words, place)
            if name is not None:
                run = words[place : place + length]
                names.setdefault(name, " ".join(word for word in run if word != "#"))
                covered.update(run if name.opioids else ())
            elif not self._says_nothing(words, place):
                left.append(words[place])
            place += length
        return names, left, covered

    def _longest_name(self, words: list[str], place: int) -> tuple[int, Name | None]:
        most = min(self._longest.get(words[place], 1), len(words) - place)
        if most == 1:
            return 1, self._name(words[place])
        if "#" in words[place + 1 : place + most]:
            found = self._numbered(words, place, most + 1)
            if found is not None:
                return found
        for length in range(most, 0, -1):
            name = self._name(" ".join(words[place : place + length]))
            if name is not None:
                return length, name
        return 1, None

    def _numbered(self, words: list[str], place: int, most: int) -> tuple[int, Name] | None:
        """An opioid's name with a # in it, as in Tylenol #3."""
        for end in range(min(place + most, len(words)), place + 2, -1):
            name = self._opioids.get(" ".join(w for w in words[place:end] if w != "#"))
            if name is not None and words[end - 1] != "#":
                return end - place, name
        return None

    def _name(self, key: str) -> Name | None:
        """What a key denotes; an opioid's name wins over an ordinary medicine's."""
        listed = self._opioids.get(key)
        if listed is not None:
            return listed
        medicines = self._ordinary.get(key)
        return None if medicines is None else Name((), tuple(medicines.split(";")))

    def _opioids_in(self, words: list[str]) -> Iterator[tuple[list[str], Name]]:
        """Every run of words that names an opioid, numbers and units left standing."""
        plain = [word for word in words if word != "#"]
        for place, word in enumerate(plain):
            most = min(self._longest.get(word, 1), len(plain) - place)
            for length in range(most, 0, -1):
                name = self._opioids.get(" ".join(plain[place : place + length]))
                if name is not None and name.matters:
                    yield plain[place : place + length], name
                    break

    # --- words and numbers that name no medicine

    def _says_nothing(self, words: list[str], place: int) -> bool:
        """Whether a word does not say which medicine it is."""
        word = words[place]
        after = words[place + 1] if place + 1 < len(words) else ""
        if word == "#":
            return _is_number(after) and _value(after) >= self._limits.quantity
        if word == "+":
            return bool(after) and after not in self._fillers and not _is_number(after)
        if _is_number(word):
            return _NUMBER.fullmatch(word) is not None
        return self.is_filler(word)

    def _numbers(self, words: list[str]) -> dict[int, str]:
        """What each number is, by its place; a unit has the role of its number."""
        roles: dict[int, str] = {}
        for place in reversed(range(len(words))):
            if _is_number(words[place]):
                roles[place] = self._role(words, place, roles)
                after = words[place + 1] if place + 1 < len(words) else ""
                if roles[place] in _WITH_UNIT and after in self._units:
                    roles[place + 1] = roles[place]
        return roles

    def _role(self, words: list[str], place: int, later: Mapping[int, str]) -> str:
        """``mass``, ``other`` (another unit), ``time``, ``count`` (of tablets, ...), ``bare``."""
        before = words[place - 1] if place else ""
        after = words[place + 1] if place + 1 < len(words) else ""
        if after in self._units:
            return "mass" if after in _MASSES else "other"
        if before in self._before_time or (place > 1 and words[place - 2] in self._before_time):
            return "time"
        if place + 1 in later:  # one of several: 300/30 mg, 1-2 tablets
            return later[place + 1]
        return "count" if after in self._fillers else "bare"

    def _may_hide_an_opioid(self, line: Line, words: list[str], roles: Mapping[int, str]) -> bool:
        """Whether a strength may be that of an opioid sold together with what is named.

        ``acetaminophen 300/30`` and ``ibuprofen 200 mg/12.8 mg`` hold codeine and do not say so.
        """
        medicines = set(line.medicines)
        if not medicines & self._sold_with_opioid:
            return False
        if words[-1] in _CUT_OFF or not _SMALL_TIMES.isdisjoint(words):
            return True
        numbers = [(_value(words[at]), role) for at, role in roles.items() if _is_number(words[at])]
        strengths = [
            (value, role)
            for value, role in numbers
            if role in {"mass", "bare"} or (role == "count" and value > self._limits.tablets)
        ]
        if len(strengths) > len(medicines):
            return True
        if not medicines & self._strong:
            return False
        small = [role for value, role in strengths if value < self._limits.strength]
        fits = len(strengths) == len(medicines) and not medicines <= self._strong
        return bool(small) and not (fits and set(small) == {"mass"})


_CUT_OFF = frozenset({"with", "w", "and"})  # "Tylenol with", and the rest was lost
_SMALL_TIMES = frozenset({"x1", "x2", "x3", "x4"})
_HOURS = frozenset({"h", "hr", "hrs", "hour", "hours"})  # a 12 hour tablet, mcg an hour
_TABLETS = frozenset({"tab", "tabs", "tablet", "tablets", "cap", "caps", "capsule", "capsules"})
_WITH_UNIT = frozenset({"mass", "other"})
_MASSES = frozenset({"mg", "mgs", "milligram", "milligrams"})
_NUMBER = re.compile(r"[0-9]{1,6}(?:[.,][0-9]{1,4})?|[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]{1,4})?")
_TIMES = re.compile(r"q[0-9]+(?:h|hr|hrs|d|w|wk|wks|m|mo)?|x[0-9]+(?:d|w|wk|wks|m|mo)?")  # q14d, x1

_OF_TIMES = frozenset("qx")


def _is_number(word: str) -> bool:
    return word[:1] in _DIGITS


_DIGITS = frozenset("0123456789")


def _value(number: str) -> Fraction:
    """Its value, or 0 where it is no number that can be read."""
    plain = re.sub(r",(?=[0-9]{3}(?:[,.]|$))", "", number).replace(",", ".")
    return Fraction(plain) if _NUMBER.fullmatch(plain) else Fraction(0)
