"""Plain wording: a dosage text in lower case, its numbers as digits, its dates as dates."""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from typing import NamedTuple

__all__ = ["MEANS", "Plain", "plain"]

MEANS = re.compile(
    r"[0-9]|\b(?:increas|decreas|reduc|rais|lower|titrat|taper|doubl|half|halv|alternat|skip|"
    r"repeat|max|exceed|more|less|until|till|unless|except|if|need|requir|direct|tolerat|miss|"
    r"off|up|not|never|no|or|may|extra|addition|every|per|daily|weekly|monthly|hour|day|week|"
    r"month|times?|twice|mg|mcg|ml|gram|month|mon|tues|wednes|thurs|fri|satur|sun|forever|"
    r"ongoing|indefinite|stop|discontinu|ceas|hold|withh|omit|avoid|cancel|paus|another|second|"
    r"kg|divid|third|several|couple|pair|few|both|fortnight|workday|during|between|apart|flare)"
)
"""Words that may change a dose, how often or how long."""


class Plain(NamedTuple):
    """A text in clauses, each of plain words; ``clashes`` are numbers that it tells twice."""

    clauses: tuple[str, ...]
    clashes: tuple[tuple[str, str], ...]


def _words(text: str) -> list[str]:
    return text.split()


_NUMBERS = {
    word: place
    for place, word in enumerate(
        _words(
            "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
            "fifteen sixteen seventeen eighteen nineteen twenty"
        )
    )
} | {"twenty-one": 21, "twenty-eight": 28, "thirty": 30, "sixty": 60, "ninety": 90}
_WORD = "|".join(sorted(_NUMBERS, key=len, reverse=True))
_TWICE = re.compile(rf"\b({_WORD}) ?\(([0-9]+)\)")
_VULGAR = re.compile("(?<=[0-9])(?=[\u00bc-\u00be\u2150-\u215e])")
_AND_A_HALF = re.compile(r"\b([0-9]+) and (?:a|1) half\b")
_HALF = re.compile(
    r"\b(?:(?:1 )?half(?: of)?(?: (?:a|an))?|half) (?=tablet|capsule|tab\b|cap\b|pill)"
)
_A_PIECE = re.compile(r"\b(?:a|an) (?=(?:tablet|capsule|drop|pill|puff|patch|sachet|spray)\b)")
_DOTTED = re.compile(r"\b(?:p\.o|b\.i\.d|t\.i\.d|q\.i\.d|q\.d|p\.r\.n|h\.s|q\.h\.s)\.?(?= |,|;|$)")
_MONTHS = {
    name: place + 1
    for place, name in enumerate(_words("jan feb mar apr may jun jul aug sep oct nov dec"))
}
_MONTH = (
    r"(jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|"
    r"sep(?:t(?:ember)?)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_DATES = (
    (re.compile(r"\b([0-9]{4})-([0-9]{2})-([0-9]{2})\b"), (1, 2, 3)),
    (re.compile(rf"\b{_MONTH} ([0-9]{{1,2}})(?:st|nd|rd|th)?,? ([0-9]{{4}})\b"), (3, 1, 2)),
    (re.compile(rf"\b([0-9]{{1,2}})(?:st|nd|rd|th)? (?:of )?{_MONTH},? ([0-9]{{4}})\b"), (3, 2, 1)),
)
_CLAUSE = re.compile(
    r"(?:[.;!\n]+(?=\s|$)|,?(?: and)? ?\b(?:then|thereafter|followed by|after that)\b(?! stop),?)"
)


_MARK = "@"
"""What stands before a date that was read, and nowhere else in plain words."""


def plain(text: str, drug: str = "") -> Plain:
    """The text in plain clauses; the words of the name of the ``drug`` are left out.

    >>> plain("EIGHT (8) tablets to be taken DAILY for two days.").clauses
    ('8 tablets to be taken daily for 2 days',)
    """
    text = _VULGAR.sub(" ", text.replace("\u00b5", "mc").replace("\u03bc", "mc"))
    words = unicodedata.normalize("NFKC", text).lower()
    words = words.replace("\u2044", "/").replace("\u2013", "-").replace(_MARK, " at ")
    words = re.sub(r"[^\S\n]+", " ", words)
    words = _DOTTED.sub(lambda found: found[0].replace(".", ""), words)
    for pattern, order in _DATES:
        words = pattern.sub(lambda found, order=order: _dated(found, order), words)  # type: ignore[misc]
    clashes = tuple(
        (found[1], found[2])
        for found in _TWICE.finditer(words)
        if _NUMBERS[found[1]] != int(found[2])
    )
    words = _without(_digits(_TWICE.sub(r"\2", words)), drug)
    return Plain(tuple(c.strip(" ,") for c in _CLAUSE.split(words) if c.strip(" ,")), clashes)


def _dated(found: re.Match[str], order: tuple[int, int, int]) -> str:
    year, month, day = (found[place] for place in order)
    try:
        return f"{_MARK}{date(int(year), _MONTHS.get(month[:3]) or int(month), int(day))}"
    except ValueError:
        return found[0]


def _digits(words: str) -> str:
    words = re.sub(rf"\b({_WORD})\b", lambda found: str(_NUMBERS[found[1]]), words)
    words = _AND_A_HALF.sub(r"\1 1/2", words)
    words = _HALF.sub("1/2 ", words)
    return _A_PIECE.sub("1 ", words)


def _without(words: str, drug: str) -> str:
    """The words without those of a product's name: what stands before its first figure.

    What may tell of a dose stays, also where the name has it.
    """
    named = re.split(r"[0-9]", drug[:_MAX_NAME].lower(), maxsplit=1)[0]
    for name in set(re.findall(r"[a-z]{4,}", named)):
        if name not in _KEPT and not MEANS.search(name):
            words = re.sub(rf"\b{name}\b ?", "", words)
    return words


_MAX_NAME = 200
_KEPT = frozenset(
    _words(
        "tablet tablets capsule capsules drop drops gram grams milligram milligrams microgram "
        "micrograms mouth daily twice once every morning evening night bedtime days weeks day "
        "week puff puffs patch patches times hour hours taken take with unit units"
    )
)
