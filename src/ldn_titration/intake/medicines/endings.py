"""What a line of a medication list says of its end: stopped, not taken, an allergy, a day.

Only an ISO date counts (``2026-12-20`` or ``2026-12``); any other is kept as not read.
Whether an end is believed is decided in :mod:`~ldn_titration.intake.medicines`, where the
rest of the line is known.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Literal, NamedTuple

from pydantic import TypeAdapter, ValidationError

from ldn_titration.knowledge.names import words_of
from ldn_titration.values import Month, PartialMoment, whole_day

__all__ = [
    "Ending",
    "Last",
    "Status",
    "as_needed",
    "is_before",
    "later_of",
    "moment_of",
    "read_ending",
    "spoken_against",
    "stray_dates",
    "without_dates",
]

Status = Literal["taken", "ended", "not taken", "allergic", "none"]
"""What a line says of its medicine; one that says nothing of its end is taken.

``none`` is the line of a whole list that says that nothing is taken.
"""

Last = date | Month | None
"""The last dose: a date, a date-time or a month; None where it is not known."""


class Ending(NamedTuple):
    """What a line says of its end, and the line without those words.

    A line break stands in ``said`` where they stood, so that its sides stay apart.
    ``words`` are those that told it, ``unread`` the dates beside them that are not ISO.
    ``doubtful`` tells whether another word of the line speaks against an end, ``removed``
    whether the words can mean that a patch was removed.
    """

    said: str
    status: Status = "taken"
    last: Last = None
    words: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    doubtful: bool = False
    removed: bool = False


_MONTH = "(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
_DAY = "[0-3]?[0-9](?:st|nd|rd|th)?"
_YEAR = "(?:19|20)[0-9]{2}"
_ISO = rf"{_YEAR}-[0-9]{{2}}(?:-[0-9]{{2}})?(?![0-9T/-]|\.[0-9])"
_NUMERIC = "|".join(
    (
        r"[0-3]?[0-9]/[0-3]?[0-9]/(?:[0-9]{4}|[0-9]{2})(?![0-9])",
        r"[0-3]?[0-9]\.[0-3]?[0-9]\.(?:[0-9]{4}|[0-9]{2})(?![0-9])",
        r"[0-3]?[0-9]-[0-3]?[0-9]-[0-9]{4}(?![0-9])",
        rf"{_YEAR}[-/.][0-9]{{1,2}}[-/.][0-9]{{1,2}}(?:T[0-9:.Z+-]*)?",
    )
)
_VAGUE = "|".join(
    (
        rf"[0-9]{{1,2}}/{_YEAR}|{_YEAR}[/.-][0-9]{{1,2}}|{_YEAR}",
        rf"(?:{_DAY}[ -])?{_MONTH}\.?(?:[ -]{_DAY}\b)?(?:,?[ -]?{_YEAR})?",
        "(?:last|this) (?:week|month|year|night)|yesterday|today",
        "(?:an?|one|two|three|[0-9]{1,3}) (?:day|week|month|year)s? ago",
    )
)
_WHEN = rf"(?:(?: (?:on|in|since))?[:,]? ?\(?(?:(?P<iso>{_ISO})|(?P<other>{_NUMERIC}|{_VAGUE})))"
_STOPPED = r"stopped(?: taking| using)?|discontinued|d/c(?:'?e?d)?|dc'd|ceased"
_LAST = "last(?: (?:dose|taken|took|used?|given|injection))?"
_NOT_TAKEN = "not (?:currently )?taking|no longer (?:taking|takes)"
_BEGIN, _END = r"(?<![\w/-])", r"(?![\w-])"

_KINDS: tuple[tuple[str, Status, str, str], ...] = (
    ("stopped", "ended", rf"(?:(?:was|has been) )?(?:{_STOPPED})", "?"),
    ("not taken", "not taken", _NOT_TAKEN, "?"),
    ("removed", "ended", "removed", ""),
    ("last", "ended", _LAST, ""),
    ("allergic", "allergic", "allergic(?: to)?", "{0}"),
)
_PHRASES = tuple(
    (kind, status, re.compile(rf"{_BEGIN}(?:{words}){_WHEN}{needs}{_END}", re.IGNORECASE))
    for kind, status, words, needs in _KINDS
)
_STARTED = re.compile(rf"{_BEGIN}(?:started|since){_WHEN}{_END}", re.IGNORECASE)
_STRAY = re.compile(rf"(?<![\w/.-])(?:{_ISO}|{_NUMERIC})(?![\w/-])", re.IGNORECASE)
_ASKED = re.compile(r"[?\u037e\u061f\uff1f\u00bf]")
_AGAINST = frozenset(
    {
        "continue",
        "current",
        "currently",
        "ongoing",
        "taking",
        "takes",
        "repeat",
        "new",
        "start",
        "starting",
        "started",
        "then",
        "refill",
        "refills",
        "filled",
        "maintenance",
        "again",
        "continues",
        "continued",
        "continuing",
        "occasionally",
        "restart",
        "restarted",
        "restarting",
        "restarts",
        "resume",
        "resumed",
        "resumes",
        "sometimes",
        "still",
        "uses",
        "using",
    }
)
_BEFORE = frozenset(
    {
        "to",
        "be",
        "may",
        "if",
        "before",
        "until",
        "when",
        "after",
        "by",
        "for",
        "then",
        "other",
        "than",
    }
)


_AS_NEEDED = re.compile(r"\b(?:p\.?r\.?n\b|(?:as|when|if) (?:needed|required))", re.IGNORECASE)


def spoken_against(text: str) -> tuple[str, ...]:
    """The words of a text that speak against an end: that it goes on, or is taken as needed.

    >>> spoken_against("still 1 tab prn")
    ('still', 'prn')
    """
    going = (word for word in words_of(_without_end(text)) if word in _AGAINST)
    return (*going, *as_needed(text))


def as_needed(text: str) -> tuple[str, ...]:
    """The words that say that it is taken as needed."""
    return tuple(found[0] for found in _AS_NEEDED.finditer(text))


def _without_end(text: str) -> str:
    """A text without the words that tell of an end."""
    for _, _, phrase in _PHRASES:
        text = phrase.sub(" ", text)
    return text


def moment_of(text: str) -> Last:
    """The date, date-time or month of an ISO text; ValueError for what is none."""
    try:
        moment = _MOMENT.validate_python(text)
    except ValidationError as error:
        raise ValueError(str(error.errors()[0]["ctx"]["error"])) from None
    return None if isinstance(moment, str) else moment


_MOMENT: TypeAdapter[date | Month | str] = TypeAdapter(PartialMoment)


def _day_of(moment: date | Month) -> date:
    return moment.last_day if isinstance(moment, Month) else whole_day(moment)


def later_of(one: Last, other: Last) -> Last:
    """The later of two last doses; of one that is not known, the other."""
    if one is None or other is None:
        return one or other
    return max(one, other, key=_day_of)


def is_before(one: Last, other: Last) -> bool:
    """Whether one day is known to be before another; a month counts as its last day."""
    return one is not None and other is not None and _day_of(one) < _day_of(other)


def read_ending(text: str) -> Ending:
    """What a line says of its end; the words that say so are cut out of it.

    >>> read_ending("Percocet 5/325, stopped 2026-12-20").last
    datetime.date(2026, 12, 20)
    """
    ending = Ending(text)
    for kind, status, phrase in _PHRASES:
        while (found := phrase.search(ending.said)) is not None:
            ending = _told(ending, kind, status, found)
    said, started = _without_start(ending.said)
    if ending.status == "taken":
        return ending._replace(said=said)
    again = started is not None and (ending.last is None or is_before(ending.last, started))
    asked = _ASKED.search(text) is not None
    asked = asked or (ending.status == "ended" and not ending.removed and bool(as_needed(text)))
    against = again or asked or not _AGAINST.isdisjoint(words_of(said))
    last = None if ending.unread else ending.last
    return ending._replace(said=said, last=last, doubtful=ending.doubtful or against)


def _told(ending: Ending, kind: str, status: Status, found: re.Match[str]) -> Ending:
    """The ending with one phrase more."""
    day, unread = _day(found)
    before = words_of(ending.said[: found.start()])[-1:]
    mixed = ending.status not in {"taken", status}
    return Ending(
        _cut(ending.said, found, "\n"),
        status,
        None if mixed else later_of(ending.last, day),
        (*ending.words, found[0].strip()),
        (*ending.unread, *unread),
        ending.doubtful or mixed or not _BEFORE.isdisjoint(before),
        ending.removed or kind in {"removed", "stopped"},
    )


def _without_start(text: str) -> tuple[str, Last]:
    """The line without the day on which it was started, and that day."""
    found = _STARTED.search(text)
    day = None if found is None else _day(found)[0]
    return (text if found is None or day is None else _cut(text, found, " , ")), day


def _day(found: re.Match[str]) -> tuple[Last, tuple[str, ...]]:
    """The day of a phrase, and the date that could not be read."""
    groups = found.groupdict()
    if groups.get("iso") is None:
        return None, tuple(filter(None, [groups.get("other")]))
    try:
        return moment_of(groups["iso"]), ()
    except ValueError:
        return None, (groups["iso"],)


def _cut(text: str, found: re.Match[str], mark: str) -> str:
    """The text without what was found, a mark in its place."""
    return f"{text[: found.start()]}{mark}{text[found.end() :]}"


def stray_dates(said: str) -> Iterator[str]:
    """Dates in what is left of a line, of which nothing says what they mean."""
    return (found[0] for found in _STRAY.finditer(said))


def without_dates(said: str) -> str:
    """What is left of a line beside such dates."""
    return _STRAY.sub(" ", said)
