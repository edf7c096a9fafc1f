"""One line of a medication list as clinics keep it: what it names, and what becomes of it.

The names are read by the knowledge base, as screening reads them. An opioid becomes an
exposure, every other medicine an entry of the list, and a line of which a word was not
understood stays in the list with its whole text, so that screening does not clear it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from ldn_titration.intake.medicines.endings import (
    Ending,
    Last,
    Status,
    later_of,
    read_ending,
    stray_dates,
)
from ldn_titration.intake.medicines.forms import MedicineName, directions_in, names_in, strength_in
from ldn_titration.knowledge import Knowledge, Line, knowledge
from ldn_titration.knowledge.names import words_of
from ldn_titration.patient import Medication, OpioidExposure, Release
from ldn_titration.quantities import Mass

__all__ = ["MedicineLine", "read_medicine"]


class MedicineLine(NamedTuple):
    """One line of a list with its reading; ``text`` is the line exactly as it was.

    ``strength`` and ``directions`` (dose, frequency, route) are words of the line, ``told``
    those that tell of its end, ``last`` the last dose where its day is told. ``rest`` is
    what was not understood. ``daily_dose`` is a strength that alone is above a labelled
    daily dose. ``entry`` is how the line stands in a patient's list. ``product`` is the
    RxNorm code of a product that a column gives for its opioid, ``code`` one that the name
    does not fit.
    """

    text: str
    names: tuple[MedicineName, ...]
    strength: str
    directions: str
    status: Status
    last: Last
    told: tuple[str, ...]
    rest: tuple[str, ...]
    daily_dose: Mass | None
    entry: str
    product: str | None = None
    code: str | None = None

    @property
    def understood(self) -> bool:
        """Whether every word of it was."""
        return not self.rest

    @property
    def name(self) -> str:
        """The names found in it; empty where there is none."""
        return " + ".join(name.words for name in self.names)

    @property
    def release(self) -> Release:
        """How its drug is let go, as the line's own words tell it."""
        told = {name.release for name in self.names}
        return told.pop() if len(told) == 1 else "unknown"

    @property
    def exposures(self) -> tuple[OpioidExposure, ...]:
        """An exposure for each opioid named; ongoing where no end is told."""
        return tuple(
            OpioidExposure(
                substance=None if self.product else name.substance,
                rxcui=self.product,
                release=name.release,
                last_taken=self.last or "unknown",
                ongoing=self.status == "taken",
                daily_dose=self.daily_dose,
            )
            for name in self.names
            if name.name.is_opioid
        )

    @property
    def medications(self) -> tuple[Medication, ...]:
        """What it adds to the list: the whole line where a word was not understood."""
        coded = () if self.code is None else (Medication(rxcui=self.code),)
        if self.status == "none":
            return coded
        if self.rest or not any(name.name.is_opioid for name in self.names):
            return (Medication(name=self.entry), *coded)
        others = (name.words for name in self.names if not name.name.is_opioid)
        return (*(Medication(name=words) for words in others), *coded)

    def ended(self, status: Status, last: Last = None) -> MedicineLine:
        """The reading where something beside the line tells its end, such as a column.

        Where the line itself tells of an end that was not believed, it stays as it is; of
        two last doses the later counts.
        """
        if status == "taken" or (self.told and self.status == "taken"):
            return self
        return self._replace(status=status, last=later_of(self.last, last))

    def beside(self, text: str, base: Knowledge) -> MedicineLine:
        """The reading with words beside the line, which name further medicines or nothing known.

        They stand in its entry whole, the line itself cut where both are too long.
        """
        names = names_in(base.read_line(text), text, base)
        room = _MOST - len(_MARK) - len(text) - 2
        entry = _marked(f"{self.entry.removesuffix(_MARK)[:room].strip()}; {text}")
        return self._replace(names=(*self.names, *names), rest=(*self.rest, text), entry=entry)

    def marked(self, rest: tuple[str, ...]) -> MedicineLine:
        """The reading with more that was not understood, so that its entry is not recognised."""
        if not rest or self.rest:
            return self._replace(rest=rest or self.rest)
        return self._replace(rest=rest, entry=_marked(self.entry))


def read_medicine(text: str, base: Knowledge | None = None) -> MedicineLine:
    """The reading of one line of a medication list.

    An end is believed only where every other word is understood and the line names one
    medicine; otherwise its opioids count as ongoing. Raises InvalidInputError for a line of
    more than 200 characters or with a control character.

    >>> line = read_medicine("Percocet 5/325 1 tab q6h prn")
    >>> line.name, line.strength, line.directions, line.exposures[0].ongoing
    ('Percocet', '5/325', '1 tab q6h prn', True)
    """
    base = base or knowledge()
    label = Medication(name=text).label
    plain = _BULLET.sub("", label, count=1) or label
    ending, line = _read(plain, base)
    names = names_in(line, ending.said, base)
    matters = any(name.name.matters for name in names)
    rest = line.unexplained if line.names else (plain,)
    rest = (*rest, *stray_dates(ending.said)) if matters else rest
    believed = _believed(ending, names, rest, base)
    if believed != ending:
        rest = (*rest, *ending.words)
    elif matters:
        rest = (*rest, *ending.unread)
    return MedicineLine(
        text,
        names,
        strength_in(ending.said, names),
        directions_in(ending.said, names, rest, base),
        believed.status,
        believed.last,
        ending.words,
        rest,
        _high_dose(line, base),
        _entry(plain, ending, rest, base),
    )


_BULLET = re.compile("^(?:[-*\u2022\u00b7] *|[0-9]{1,3}[.)] +)")


def _read(plain: str, base: Knowledge) -> tuple[Ending, Line]:
    """What a line says of its end, and the reading of the rest of it.

    Where those words belong to an opioid's name, they say nothing of its end.
    """
    ending, whole = read_ending(plain), base.read_line(plain)
    line = base.read_line(ending.said)
    if any(name.is_opioid and name not in line.names for name in whole.names):
        return Ending(plain), whole
    return ending, line


def _believed(
    ending: Ending, names: Sequence[MedicineName], rest: Sequence[str], base: Knowledge
) -> Ending:
    """The end as it is believed: not where words are left, or it may be that of another."""
    if ending.doubtful or rest:
        return ending._replace(status="taken", last=None)
    if not any(name.name.matters for name in names):
        return ending
    hypersensitive = ending.status == "allergic" and not names[0].name.is_opioid
    if hypersensitive or not _is_alone(ending.said, names, base) or _goes_on(ending.said, base):
        return ending._replace(status="taken", last=None)
    if not ending.removed and names[0].may_be_a_patch:
        return ending._replace(last=None)
    return ending


def _is_alone(said: str, names: Sequence[MedicineName], base: Knowledge) -> bool:
    """Whether a line names one medicine, once, so that its end can be of no other."""
    words = words_of(_BRACKETS.sub(" ", said))
    parts = sum(bool(base.read_line(part).names) for part in _APART.split(said))
    twice = any(words.count(word) > 1 for word in words_of(names[0].words) if word.isalpha())
    return len(names) == 1 and parts == 1 and not twice


_APART = re.compile(r"[;\n]|,(?![0-9])")
_BRACKETS = re.compile(r"\([^()]*\)")


def _goes_on(said: str, base: Knowledge) -> bool:
    """Whether more than a reason is told on both sides of an end: stopped, then another dose."""
    told = [set(words_of(part)) for part in said.split("\n")]
    told = [words for words in told if words]
    reasons = base.lexicon.kinds["indication"] | {"for"}
    return any(not words <= reasons for words in told[1:])


def _high_dose(line: Line, base: Knowledge) -> Mass | None:
    """A strength of loperamide that alone is above its labelled daily dose."""
    if not any(row.id == "loperamide" for name in line.names for row in name.opioids):
        return None
    limit = base.policy["loperamide_dose_most"].mass
    return max((m for m in (Mass.of(x, "mg") for x in line.masses) if m > limit), default=None)


def _entry(plain: str, ending: Ending, rest: Sequence[str], base: Knowledge) -> str:
    """How the line stands in the list: whole and marked where something was not understood."""
    if not rest:
        return _LOOSE.sub("; ", ending.said).strip(" ;,:") if ending.words else plain
    if base.read_line(plain).kind in {"unknown", "hidden"}:
        return plain
    return _marked(plain)


def _marked(entry: str) -> str:
    """The entry with words that no table knows."""
    return entry[: _MOST - len(_MARK)] + _MARK


_LOOSE = re.compile(r"[\s;,:(-]*\n[\s;,):]*")
_MARK, _MOST = " (not understood)", 200
