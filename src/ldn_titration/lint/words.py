"""The words of a dosage: what its text says of dose, how often and how long.

Only what is understood whole is believed. A part with figures, or words that change a dose,
that are not understood is kept as unread, and nothing of it counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from fractions import Fraction
from typing import NamedTuple

from ldn_titration.intake.orders.amounts import WORDS, Amount
from ldn_titration.lint.doses import NUMBER, Dose, doses_in, number
from ldn_titration.lint.plain import MEANS, plain
from ldn_titration.lint.rhythm import Rhythm

__all__ = ["Said", "SaidDose", "TextRead", "read_text"]


class SaidDose(NamedTuple):
    """One dose that a text names, how often, and at which times of day."""

    dose: Dose
    rhythm: Rhythm | None = None
    times: tuple[str, ...] = ()

    @property
    def how_often(self) -> Rhythm | None:
        """The rhythm as told, or once at each time that is told."""
        alone = self.rhythm is None or self.rhythm == Rhythm(1, Fraction(1))
        if self.times and alone:
            return Rhythm(len(self.times), Fraction(1))
        return self.rhythm


class Said(NamedTuple):
    """One step as a text tells it; what it does not tell is None or empty.

    ``rhythm`` and ``times`` are those of a text that names no dose ("at bedtime").
    """

    doses: tuple[SaidDose, ...] = ()
    rhythm: Rhythm | None = None
    times: tuple[str, ...] = ()
    length: Amount | None = None
    start: date | None = None
    end: date | None = None
    as_needed: bool = False


class TextRead(NamedTuple):
    """A text as it was read: its steps, what was not understood, and where it denies itself.

    ``unread`` are parts with figures or words that change a dose; ``remarks`` are without.
    """

    steps: tuple[Said, ...]
    unread: tuple[str, ...]
    remarks: tuple[str, ...]
    clashes: tuple[tuple[str, str], ...]


class _Part(NamedTuple):
    """What stands between one dose and the next."""

    dose: Dose | None = None
    rhythm: Rhythm | None = None
    times: tuple[str, ...] = ()
    length: Amount | None = None
    start: date | None = None
    end: date | None = None
    as_needed: bool = False
    left: str = ""


_MAX_TEXT = 1000


def read_text(text: str, drug: str = "") -> TextRead:
    """What a dosage text says; the words of the name of the ``drug`` are passed over.

    >>> read = read_text("Take 8 tablets daily for 5 days, then 7 tablets daily for 2 weeks.")
    >>> [(str(step.doses[0].dose), str(step.doses[0].how_often)) for step in read.steps]
    [('8 tablets', 'once a day'), ('7 tablets', 'once a day')]
    >>> [int(step.length.value) for step in read.steps]
    [5, 14]
    """
    if len(text) > _MAX_TEXT:
        return TextRead((), (text,), (), ())
    said = plain(text, drug)
    steps: list[Said] = []
    unread: list[str] = []
    remarks: list[str] = []
    clashes = list(said.clashes)
    for clause in said.clauses:
        for place, part in enumerate(_parts(clause)):
            if _matters(part):
                unread.append(part.left)
                continue
            remarks += [part.left] if part.left else []
            clashes += part.dose.clashes if part.dose else ()
            if not _joined(steps, part, place > 0):
                unread.append(clause)
    return TextRead(tuple(steps), tuple(unread), tuple(remarks), tuple(clashes))


def _matters(part: _Part) -> bool:
    """Whether words that are left over may change a dose, or tell how often."""
    untold = part.dose is not None and part.rhythm is None and not part.times
    return bool(part.left) and (untold or MEANS.search(part.left) is not None)


# --- from parts to steps --------------------------------------------------------------


def _joined(steps: list[Said], part: _Part, follows: bool) -> bool:
    """Add a part to the steps; False where it says again, and otherwise, what was said."""
    if part.dose is not None:
        said = SaidDose(part.dose, part.rhythm, part.times)
        last = steps[-1] if steps and follows else None
        if last is not None and last.length is None and last.end is None:
            rest = _filled(last, part)
            steps[-1] = (rest or last)._replace(doses=(*last.doses, said))
            return rest is not None
        steps.append(
            Said(
                (said,),
                length=part.length,
                start=part.start,
                end=part.end,
                as_needed=part.as_needed,
            )
        )
        return True
    if part == _Part(left=part.left):
        return True
    if not steps:
        steps.append(Said())
    filled = _filled(steps[-1], part)
    if filled is None or not _fits(steps[-1], part):
        return False
    steps[-1] = _with_rhythm(filled, part)
    return True


def _filled(said: Said, part: _Part) -> Said | None:
    """The step with what the part adds; None where both tell, and differ."""
    for mine, other in ((said.length, part.length), (said.start, part.start), (said.end, part.end)):
        if mine is not None and other is not None and mine != other:
            return None
    return said._replace(
        length=said.length or part.length,
        start=said.start or part.start,
        end=said.end or part.end,
        as_needed=said.as_needed or part.as_needed,
    )


def _fits(said: Said, part: _Part) -> bool:
    """Whether the rhythm of a part without a dose can be that of the doses before it."""
    if part.rhythm is None and not part.times:
        return True
    untold = said.rhythm is None and not said.times
    return untold and all(each.rhythm is None and not each.times for each in said.doses)


def _with_rhythm(said: Said, part: _Part) -> Said:
    if part.rhythm is None and not part.times:
        return said
    if not said.doses:
        return said._replace(rhythm=part.rhythm, times=part.times)
    doses = (SaidDose(each.dose, part.rhythm, part.times) for each in said.doses)
    return said._replace(doses=tuple(doses))


# --- from clauses to parts ------------------------------------------------------------


def _parts(clause: str) -> Iterator[_Part]:
    found = list(doses_in(clause))
    if not found:
        yield _part(clause, None)
    for place, (dose, span) in enumerate(found):
        before = clause[: span[0]] if place == 0 else ""
        after = found[place + 1][1][0] if place + 1 < len(found) else len(clause)
        yield _part(f"{before} ~ {clause[span[1] : after]}", dose)


def _part(text: str, dose: Dose | None) -> _Part:
    left = _NO_MEANING.sub(" ", text)
    as_needed, left = _taken(_AS_NEEDED, left)
    starts, left = _taken(_START, left)
    ends, left = _taken(_END, left)
    lengths, left = _lengths(left)
    rhythms, left = _rhythms(left)
    times, left = _times(left)
    alone = len(rhythms) <= 1 and len(lengths) <= 1 and len(starts) <= 1 and len(ends) <= 1
    words = " ".join(word for word in _TOKEN.findall(left) if word not in _PASSED_OVER)
    return _Part(
        dose,
        rhythms[0] if rhythms else None,
        times,
        lengths[0] if lengths else None,
        _day(starts),
        _day(ends),
        bool(as_needed),
        words if alone else text.replace("~", "").strip(),
    )


def _taken(pattern: re.Pattern[str], text: str) -> tuple[list[re.Match[str]], str]:
    """The matches of a pattern, and the text without them."""
    found = list(pattern.finditer(text))
    return found, pattern.sub(" ~ ", text) if found else text


def _day(found: list[re.Match[str]]) -> date | None:
    return date.fromisoformat(found[0][1]) if found else None


def _lengths(text: str) -> tuple[list[Amount], str]:
    """How long: "for 7 days", "x 2 weeks", "days 1 to 7:", "week 3:"."""
    found, text = _taken(_FOR, text)
    told = [_length(number(_ARTICLE.sub("1", each["n"])), each["unit"]) for each in found]
    heads, text = _taken(_HEADING, text)
    for each in heads:
        first, last = int(each["a"]), int(each["b"] or each["a"])
        told += [_length(Fraction(max(0, last - first + 1)), each["unit"])]
    return told, text


_ARTICLE = re.compile("an?")


def _length(many: Fraction, unit: str) -> Amount:
    known = WORDS[unit]
    return Amount(known.kind, many * known.factor)


_ADVERBS = {"once": 1, "twice": 2, "thrice": 3}
_SHORT = {"bid": 2, "bd": 2, "tid": 3, "tds": 3, "qid": 4, "qds": 4, "qd": 1}


def _rhythms(text: str) -> tuple[list[Rhythm], str]:
    told: list[Rhythm] = []
    for pattern, reader in _RHYTHMS:
        found, text = _taken(pattern, text)
        told += map(reader, found)
    return told, text


def _in_period(found: re.Match[str]) -> Rhythm:
    times = _ADVERBS[found[1]] if found[1] else int(found[2])
    return Rhythm(times, Fraction(7 if (found[3] or found[4]).startswith("week") else 1))


def _every(found: re.Match[str]) -> Rhythm:
    unit = _length(Fraction(1), {"hr": "hour", "hrs": "hours"}.get(found[2], found[2]))
    return Rhythm(1, int(found[1]) * unit.value)


_RHYTHMS = (
    (
        re.compile(
            r"\b(?:(once|twice|thrice)|([1-9][0-9]?) ?(?:times?|x))"
            r"(?: (?:a|per|each|every|in a|in each) (day|week)\b| (daily|weekly)\b)"
        ),
        _in_period,
    ),
    (
        re.compile(r"\bevery (?:other|second) day\b|\b(?:on )?alternate days\b|\bqod\b"),
        lambda _: Rhythm(1, Fraction(2)),
    ),
    (re.compile(r"\bevery ([1-9][0-9]?) ?(hours?|hrs?|h|days?|weeks?)\b(?! ?-)"), _every),
    (re.compile(r"\bq ?([1-9][0-9]?) ?(h|hours?)\b"), _every),
    (re.compile(r"\b([1-9][0-9]?)[ -](hour)ly\b"), _every),
    (re.compile(rf"\b({'|'.join(_SHORT)})\b"), lambda m: Rhythm(_SHORT[m[1]], Fraction(1))),
    (
        re.compile(r"\b(?:once )?(?:weekly|(?:a|per|each|every) week)\b"),
        lambda _: Rhythm(1, Fraction(7)),
    ),
    (
        re.compile(r"\bdaily\b|(?:\b(?:a|per|each|every) |/ ?)day\b"),
        lambda _: Rhythm(1, Fraction(1)),
    ),
)

_CLOCK = re.compile(r"\bat ([01]?[0-9]|2[0-3])(?::([0-5][0-9]))? ?(am|pm)?\b")
_TIME = re.compile(
    r"(?:\b(?:in|every|each|at|before|the|on going to) )*+"
    r"\b(mornings?|am|noon|midday|lunchtime|afternoons?|evenings?|nights?|nightly|bedtime|bed|"
    r"qhs|hs|qam|qpm)\b"
)
_CALLED = {
    "am": "morning", "qam": "morning", "midday": "noon", "lunchtime": "noon", "qpm": "evening",
    "night": "bedtime", "nightly": "bedtime", "bed": "bedtime", "qhs": "bedtime", "hs": "bedtime",
}  # fmt: skip


def _times(text: str) -> tuple[tuple[str, ...], str]:
    """The times of day that are told, each once, and the text without them."""
    told = []
    for clock in _CLOCK.finditer(text):
        if clock[2] or clock[3]:
            hour = int(clock[1]) % 12 + 12 * (clock[3] == "pm") if clock[3] else int(clock[1])
            told.append(f"{hour:02}:{clock[2] or '00'}")
    text = _CLOCK.sub(lambda m: " ~ " if m[2] or m[3] else m[0], text)
    found, text = _taken(_TIME, text)
    names = [each[1].removesuffix("s") if len(each[1]) > 3 else each[1] for each in found]
    told += [_CALLED.get(name, name) for name in names]
    return tuple(dict.fromkeys(told)), text


_UNTIL = r"@([0-9]{4}-[0-9]{2}-[0-9]{2})"
_START = re.compile(
    rf"\b(?:start(?:ing|s)?|begin(?:ning|s)?|commencing|from)(?: on| from)?:? {_UNTIL}"
)
_END = re.compile(rf"(?:\b(?:until|till|to|through|ending|ends|up to)(?: on)?|-) ?{_UNTIL}")
_FOR = re.compile(
    rf"\b(?:for|x|over|during)(?: the)?(?: first| next| following)? (?P<n>{NUMBER}|a|an)"
    r"[ -](?P<unit>days?|weeks?|months?)\b"
)
_HEADING = re.compile(
    r"\b(?P<unit>day|week|month)s? (?P<a>[0-9]{1,3})"
    r"(?: ?(?:to|-|through|and|until) ?(?P<b>[0-9]{1,3}))?(?: ?[:,]|(?= ?~))"
)
_AS_NEEDED = re.compile(r"\b(?:(?:as|when|if|where) (?:needed|required|necessary)|prn)\b")
_NO_MEANING = re.compile(
    r"\b(?:with(?:out)?|after|before|during)(?: or (?:with|after|before|without))?"
    r" (?:some |a |an |your |each |every )?(?:food|meals?|breakfast|lunch|dinner|supper|milk|"
    r"(?:full )?glass of water|water)\b"
    r"|\bon an empty stomach\b|\bby mouth\b|\bper os\b|\bunder the tongue\b"
    r"|\b(?:increas|decreas|reduc|lower|rais|chang)(?:e|ing)(?: (?:the|your))?(?: dos(?:e|age))?"
    r" to\b|\bstep (?:up|down) to\b|\bgo (?:up|down) to\b|\b(?:then|and) stop\b|\bstop\s*$"
)


def _words(text: str) -> list[str]:
    return text.split()


_PASSED_OVER = frozenset(
    _words(
        "~ - take taken taking to be by the a an of in on at and with each these this them it "
        "your is as orally oral po mouth swallow swallowed whole use give given dose doses "
        "tablet tablets capsule capsules drop drops then next finish continue please "
        "followed only sublingually solution liquid start begin for"
    )
)
_TOKEN = re.compile(r"[^\s,;:.!?()\"']+(?:[.,][0-9]+)*")
