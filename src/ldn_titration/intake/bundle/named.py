"""What a medicine of FHIR is called, by its codes and texts, and which one it is.

Every name counts: an opioid is kept whichever of them names it, and one that was not
understood stays in the list with its text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from ldn_titration.errors import InvalidInputError
from ldn_titration.intake.bundle.tree import Coding, Concept
from ldn_titration.intake.medicines.line import MedicineLine, read_medicine
from ldn_titration.knowledge import Knowledge, Opioid
from ldn_titration.knowledge.names import words_of
from ldn_titration.patient import Medication, OpioidExposure, Release

__all__ = [
    "ICD10",
    "LONG_TERM_OPIOID",
    "UNREADABLE",
    "Named",
    "OpioidName",
    "begins",
    "is_long_term_opioid",
    "mentions",
    "names_of",
    "unknown_codes",
]

RXNORM = frozenset(
    {"http://www.nlm.nih.gov/research/umls/rxnorm", "urn:oid:2.16.840.1.113883.6.88"}
)
"""RxNorm by its address and by its OID."""
ICD10 = "http://hl7.org/fhir/sid/icd-10-cm"
LONG_TERM_OPIOID = "Z79.891"
"""Long term (current) use of opiate analgesic: ICD-10-CM, tabular list (public: US National
Center for Health Statistics)."""
UNII = "http://fdasis.nlm.nih.gov"
UNREADABLE = "unreadable name"
"""What stands in the list for a text that is no line of text; screening knows no such name."""


class OpioidName(NamedTuple):
    """A name or code of something that acts at opioid receptors, or that asks for it.

    ``rows`` are those of the knowledge base that it may denote.
    """

    rows: tuple[Opioid, ...]
    label: str
    rxcui: str | None = None
    substance: str | None = None
    release: Release = "unknown"

    def exposure(self, **told: object) -> OpioidExposure:
        """The exposure to it."""
        named = {"rxcui": self.rxcui} if self.rxcui else {"substance": self.substance}
        return OpioidExposure.model_validate({**named, "release": self.release, **told})

    @property
    def is_opioid(self) -> bool:
        """Whether an opioid agonist is among what it denotes."""
        return any(row.is_opioid for row in self.rows)

    @property
    def may_be_patch(self) -> bool:
        """Whether it may be a patch, whose last day is that of its removal."""
        return any(row.release == "transdermal" for row in self.rows)


class Named(NamedTuple):
    """What the names of one medicine denote.

    ``ordinary`` are medicines that are no opioids, ``unread`` those that were not
    understood, ``conflicts`` where codes and texts say different things.
    """

    opioids: tuple[OpioidName, ...] = ()
    ordinary: tuple[Medication, ...] = ()
    unread: tuple[Medication, ...] = ()
    conflicts: tuple[str, ...] = ()

    def joined(self, other: Named) -> Named:
        """The names of both, each once."""
        return Named(
            tuple(dict.fromkeys((*self.opioids, *other.opioids))),
            tuple(dict.fromkeys((*self.ordinary, *other.ordinary))),
            tuple(dict.fromkeys((*self.unread, *other.unread))),
            tuple(dict.fromkeys((*self.conflicts, *other.conflicts))),
        )

    def with_form(self, words: Sequence[str]) -> Named:
        """The same, with what a form or route says of the release where no name says it."""
        told = _release_of(words)
        if told == "unknown":
            return self
        return self._replace(opioids=tuple(_of_form(each, told) for each in self.opioids))


def names_of(concept: Concept, base: Knowledge) -> Named:
    """What a concept names: every code that is known, and every text."""
    coded = [each for coding in concept.codings for each in _coded(coding, base)]
    found = Named(tuple(coded))
    lines = {text: _line(text, base) for text in concept.texts}
    for text, line in lines.items():
        read = _read(text, line, base)
        same = any(_same(line, lines[other]) for other in list(lines)[: list(lines).index(text)])
        found = found.joined(read._replace(ordinary=()) if same else read)
    if not lines and not coded:
        found = found.joined(_by_code(concept, base))
    return _narrowed(found)._replace(conflicts=(*_conflicts(found, lines), *_odd(concept)))


# --- codes ----------------------------------------------------------------------------


def _coded(coding: Coding, base: Knowledge) -> Iterator[OpioidName]:
    """What acts at opioid receptors, by an RxNorm code that the knowledge base has."""
    rows = base.coded(coding.code) if _may_be_rxnorm(coding) else ()
    if any(row.is_opioid or row.presence for row in rows):
        yield OpioidName(rows, coding.display or f"RxCUI {coding.code}", rxcui=coding.code)


def _may_be_rxnorm(coding: Coding) -> bool:
    """Whether a code is of RxNorm; one that names no system may be."""
    return coding.plain_system in {*RXNORM, ""}


def _odd(concept: Concept) -> Iterator[str]:
    """Codes whose system is not told, or not as it is usually written."""
    for coding in concept.codings:
        if coding.code and not coding.system:
            yield f"the code {coding.code[:40]} names no system"
        elif coding.plain_system in RXNORM and coding.system not in RXNORM:
            yield f"the system {coding.system[:80]} is not as RxNorm is written"


def unknown_codes(concept: Concept, base: Knowledge) -> tuple[str, ...]:
    """Its codes of RxNorm that the knowledge base does not have; only its texts are read then."""
    codes = (c.code for c in concept.codings if c.code and c.plain_system in RXNORM)
    kinds = {"ordinary", "listed"}
    return tuple(c for c in codes if not base.coded(c) and base.read_code(c).kind not in kinds)


def begins(code: str, beginning: str) -> bool:
    """Whether a code of ICD-10-CM begins so, with or without its point."""
    return code.replace(".", "").upper().startswith(beginning.replace(".", ""))


def is_long_term_opioid(concept: Concept) -> bool:
    """Whether a code says that an opioid is taken for long, of whatever system it is said to be."""
    return any(begins(coding.code, LONG_TERM_OPIOID) for coding in concept.codings)


def _by_code(concept: Concept, base: Knowledge) -> Named:
    """A medicine without a text: by its codes, or as not understood."""
    for coding in concept.codings:
        if coding.system == UNII and base.read_code(f"unii:{coding.code}").kind == "ordinary":
            return Named(ordinary=(Medication(code=f"unii:{coding.code}"),))
        if _is_rxcui(coding) and base.read_code(coding.code).kind == "listed":
            return Named(ordinary=(Medication(rxcui=coding.code),))
    for coding in concept.codings:
        if _is_rxcui(coding):
            return Named(unread=(Medication(rxcui=coding.code[:8]),))
    return Named(unread=(_as_listed(f"unknown {concept.label or 'medicine without a name'}"),))


def _is_rxcui(coding: Coding) -> bool:
    digits = coding.code.isascii() and coding.code.isdigit()
    return digits and coding.plain_system in RXNORM


# --- texts ----------------------------------------------------------------------------


def _line(text: str, base: Knowledge) -> MedicineLine | None:
    try:
        return read_medicine(" ".join(text.split()), base)
    except InvalidInputError:
        return None


def _read(text: str, line: MedicineLine | None, base: Knowledge) -> Named:
    """What one text names; it must be understood whole, and tell of no end of its own."""
    if line is None:
        return _no(tuple(_opioids_in(text, base)))
    product = base.named(text) if any(name.name.matters for name in line.names) else ()
    if any(row.is_opioid or row.presence for row in product):
        plain = " ".join(text.split())
        return Named((OpioidName(product, plain, substance=plain),))
    opioids = (
        OpioidName(
            _fitting(name.name.opioids, name.release),
            name.substance,
            substance=name.substance,
            release=name.release,
        )
        for name in line.names
        if name.name.matters
    )
    if line.rest or line.told:
        return Named(tuple(opioids), unread=(_as_listed(text),))
    return Named(tuple(opioids), tuple(_ordinary(text, line)))


def _ordinary(text: str, line: MedicineLine) -> Iterator[Medication]:
    """The medicines of a text that are no opioids: as it is written where there is no other."""
    others = [name.words for name in line.names if not name.name.matters]
    alone = len(others) == len(line.names)
    yield from (_as_listed(words) for words in ([text] if alone and others else others))


def _no(opioids: tuple[OpioidName, ...] = ()) -> Named:
    return Named(opioids, unread=(Medication(name=UNREADABLE),))


def _opioids_in(text: str, base: Knowledge) -> Iterator[OpioidName]:
    """The opioids named in a text that is no line of a list."""
    for name in base.read_line(text).names:
        if name.matters:
            substance = name.opioids[0].substance
            yield OpioidName(name.opioids, substance, substance=substance)


def _as_listed(text: str) -> Medication:
    try:
        return Medication(name=" ".join(text.split()))
    except InvalidInputError:
        return Medication(name=UNREADABLE)


def _fitting(rows: tuple[Opioid, ...], release: Release) -> tuple[Opioid, ...]:
    """The rows of that release; all of them where none is."""
    fits = tuple(row for row in rows if row.release in {release, "any", "unknown"})
    return rows if release == "unknown" else fits or rows


# --- several names of one medicine ----------------------------------------------------


def _narrowed(found: Named) -> Named:
    """Of names that may denote the same, the one that tells most."""
    kept: list[OpioidName] = []
    for each in found.opioids:
        others = [other for other in found.opioids if other is not each]
        if any(set(other.rows) < set(each.rows) for other in others):
            continue
        if not any(set(other.rows) == set(each.rows) for other in kept):
            kept.append(each)
    return found._replace(opioids=tuple(kept))


def _conflicts(found: Named, lines: dict[str, MedicineLine | None]) -> Iterator[str]:
    """Where the names of one concept say different things."""
    kept = _narrowed(found).opioids
    apart = [each for each in kept if not set(each.rows) & set(kept[0].rows)]
    if apart and not _one_line(lines, kept):
        yield f"{kept[0].label} and {apart[0].label} are named of one medicine"
    for text, line in lines.items():
        plain = line is not None and line.names and not any(n.name.matters for n in line.names)
        if kept and plain:
            yield f"{kept[0].label} and {text[:80]} are named of one medicine"
    texts = [line for line in lines.values() if line is not None and line.names]
    if not kept and len(texts) > 1 and not set.intersection(*map(_medicines, texts)):
        yield "its texts name different medicines"


def _one_line(lines: dict[str, MedicineLine | None], kept: Sequence[OpioidName]) -> bool:
    """Whether a single text names them side by side, as the parts of a combination."""
    return len(lines) == 1 and all(each.rxcui is None for each in kept)


def _same(line: MedicineLine | None, earlier: MedicineLine | None) -> bool:
    """Whether a text names no other medicine than an earlier one did."""
    if line is None or earlier is None or earlier.rest or earlier.told:
        return False
    return bool(_medicines(line)) and _medicines(line) <= _medicines(earlier)


def _medicines(line: MedicineLine) -> set[str]:
    """The first words of each ordinary medicine named: salts and brands may differ."""
    return {words_of(m)[0] for name in line.names for m in name.name.medicines if words_of(m)}


# --- release forms --------------------------------------------------------------------

_RELEASES: dict[Release, frozenset[str]] = {
    "transdermal": frozenset({"transdermal", "patch", "patches"}),
    "extended": frozenset(
        {"extended", "er", "xr", "sr", "cr", "mr", "prolonged", "sustained", "controlled"}
    ),
    "depot": frozenset({"depot", "implant"}),
}


def _release_of(texts: Iterable[str]) -> Release:
    """The one release that words of a form or route tell; "unknown" for none or several."""
    words = {word for text in texts for word in words_of(text)}
    told = [release for release, own in _RELEASES.items() if own & words]
    return told[0] if len(told) == 1 else "unknown"


def _of_form(name: OpioidName, told: Release) -> OpioidName:
    """A name with that release, where it leaves its form open and has such a form."""
    settled = name.release != "unknown" or len({row.window for row in name.rows}) == 1
    if settled or not any(row.release == told for row in name.rows):
        return name
    return name._replace(release=told, rows=_fitting(name.rows, told))


# --- opioids elsewhere ----------------------------------------------------------------

_LONGEST_TEXT = 20_000


_CLASS = ("opioid", "opiate", "narcotic")


def mentions(texts: Iterable[str], concepts: Iterable[Concept], base: Knowledge) -> Iterator[str]:
    """Each opioid, or medicine that asks for one, that a text or a code names; or the class."""
    for concept in concepts:
        if is_long_term_opioid(concept):
            yield f"long-term use of an opioid ({LONG_TERM_OPIOID})"
        for coding in concept.codings:
            yield from (coded.rows[0].substance for coded in _coded(coding, base))
    for text in texts:
        if len(text) > _LONGEST_TEXT:
            yield "what a text too long to be looked through may name"
        else:
            names = base.read_line(text).names
            yield from (name.opioids[0].substance for name in names if name.matters)
            yield from (word for word in words_of(text) if word.startswith(_CLASS))
