"""Conditions, allergies and the patient: what is so, never what is not.

A fact is ``yes`` only where an active, confirmed condition names it by a code of ICD-10-CM
or by exactly a name that the knowledge base has. That something is absent says nothing,
unless the Bundle says "no known ..." in the standard way.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from ldn_titration.errors import InvalidInputError
from ldn_titration.intake.bundle.entries import Entry, OpenBundle
from ldn_titration.intake.bundle.named import (
    ICD10,
    LONG_TERM_OPIOID,
    begins,
    is_long_term_opioid,
    names_of,
)
from ldn_titration.intake.bundle.noted import (
    ABSENT,
    Noted,
    mentioned,
    noted_beside,
    said_beside_none,
)
from ldn_titration.intake.bundle.tree import Concept, Node, Span, span_of
from ldn_titration.knowledge import Knowledge
from ldn_titration.knowledge.names import key_of
from ldn_titration.patient import Medication

__all__ = ["read_allergy", "read_condition", "read_list", "read_person"]

_ICD: tuple[tuple[str, str, str, str], ...] = (
    # beginning of the code, fact, value, the condition as the knowledge base names it
    ("F11.21", "", "", "opioid dependence in remission"),
    ("F11.23", "acute_withdrawal", "yes", "opioid withdrawal"),
    ("F11.2", "opioid_dependence", "yes", "opioid dependence"),
    ("F11.13", "acute_withdrawal", "yes", "opioid withdrawal"),
    ("F11.93", "acute_withdrawal", "yes", "opioid withdrawal"),
    ("Z33.1", "pregnant", "yes", "pregnancy"),
    ("Z33.3", "pregnant", "yes", "pregnancy"),
    ("Z34", "pregnant", "yes", "pregnancy"),
    ("O09", "pregnant", "yes", "pregnancy"),
    ("Z3A", "pregnant", "yes", "pregnancy"),
    ("N18.2", "kidney_impairment", "mild", "chronic kidney disease"),
    ("N18.3", "kidney_impairment", "moderate", "chronic kidney disease stage 3"),
    ("N18.4", "kidney_impairment", "severe", "chronic kidney disease stage 4"),
    ("N18.5", "kidney_impairment", "severe", "chronic kidney disease stage 5"),
    ("N18.6", "kidney_impairment", "severe", "end-stage renal disease"),
    ("R45.851", "suicidal_ideation", "yes", "suicidal ideation"),
)
"""Codes of ICD-10-CM (public: US National Center for Health Statistics) by their beginning.

The words mild, moderate and severe are those of the titles of N18.2 to N18.4; N18.5 and N18.6
are beyond. F11.23 is dependence too. The first row that fits counts.
"""

_BY_NAME = {
    "alcohol_use": ("alcohol", "yes"),
    "breastfeeding": ("breastfeeding", "yes"),
    "dialysis": ("kidney_impairment", "severe"),
    "kidney_moderate": ("kidney_impairment", "moderate"),
    "kidney_severe": ("kidney_impairment", "severe"),
    "kidney_unspecified": ("kidney_impairment", "yes"),
    "lactose_intolerance": ("lactose_intolerance", "yes"),
    "liver_acute": ("liver_disease", "acute_or_decompensated"),
    "liver_compensated": ("liver_disease", "compensated"),
    "liver_decompensated": ("liver_disease", "acute_or_decompensated"),
    "liver_unspecified": ("liver_disease", "yes"),
    "naltrexone_allergy": ("naltrexone_hypersensitivity", "yes"),
    "opioid_use_disorder": ("opioid_dependence", "yes"),
    "opioid_withdrawal": ("acute_withdrawal", "yes"),
    "pregnancy": ("pregnant", "yes"),
}
"""The fact that a condition of the knowledge base is, by the id of its row."""

_SUICIDAL = frozenset(map(key_of, ("suicidal ideation", "suicidal thoughts", "suicidal")))

_ACTIVE = frozenset({"active", "recurrence", "relapse"})
_PAST = {"inactive": "former, inactive", "remission": "in remission", "resolved": "resolved"}
_SURE = frozenset({"confirmed"})
_UNSURE = frozenset({"unconfirmed", "provisional", "differential", "presumed"})
_SET_ASIDE = {"refuted": "refuted", "entered-in-error": "entered in error"}


def read_condition(entry: Entry, base: Knowledge) -> Noted:
    """What is noted of a Condition."""
    concept = entry.node.concept("code")
    clinical, verified = _status(entry.node, "clinicalStatus"), _verification(entry.node)
    if verified in _SET_ASIDE:
        noted = Noted(f"{_label(concept)}: {_SET_ASIDE[verified]}, set aside")
        return noted.with_note(noted_beside(entry.node, base))
    problems = list(_unknown_statuses(clinical, verified, _SURE | _UNSURE))
    if other := mentioned(entry.node, base, ("code", "clinicalStatus", "verificationStatus")):
        problems.append(f"names {other} beside its condition")
    if is_long_term_opioid(concept):
        problems.append(f"says that an opioid is taken for long (ICD-10-CM {LONG_TERM_OPIOID})")
    if absent := concept.codes_of(ABSENT):
        if not (beside := said_beside_none(concept)):
            return _absent(absent[0], _is_so(clinical, verified), problems)
        problems.append(f"says {absent[0]}, and names {beside}")
    if not concept.texts and not _icd(concept):
        problems.append("a condition without a text, of a code that is not known")
    if clinical in _PAST:
        return _past(concept, clinical, base, problems)
    return _present(concept, clinical, verified, base, problems)


def _present(
    concept: Concept, clinical: str, verified: str, base: Knowledge, problems: list[str]
) -> Noted:
    """A condition of now; one that nobody confirmed is listed, and is no fact."""
    sure = verified not in _UNSURE
    facts = tuple(dict.fromkeys(_facts(concept, base))) if sure else ()
    words = f"{_label(concept)}: {clinical or 'clinical status not said, read as active'}"
    words += "" if sure else f", {verified}: listed, no fact"
    words += "".join(f"; {name} {value}" for name, value in facts)
    names = tuple(_names(concept, base, problems))
    return Noted(
        words, conditions=names, facts=facts, listed="conditions", problems=tuple(problems)
    )


def _past(concept: Concept, clinical: str, base: Knowledge, problems: list[str]) -> Noted:
    """A condition of before: kept in the list only where a rule may read it."""
    told = _PAST[clinical]
    names = [
        f"{name} ({told})"[:200] for name in _names(concept, base, problems) if _matters(name, base)
    ]
    words = f"{_label(concept)}: {told}"
    return Noted(words, conditions=tuple(names), problems=tuple(problems))


def _matters(name: str, base: Knowledge) -> bool:
    named = any(each.matters for each in base.read_line(name).names)
    return named or base.condition(name) is not None or bool(base.conditions_hinted(name))


def _facts(concept: Concept, base: Knowledge) -> Iterator[tuple[str, str]]:
    """The facts that a condition is, by its codes and by its texts."""
    for code in concept.codes_like(ICD10):
        rows = [row for row in _ICD if begins(code, row[0])][:1]
        yield from ((fact, value) for _, fact, value, _ in rows if fact)
        if begins(code, "F11.23"):
            yield "opioid_dependence", "yes"
    for text in concept.texts:
        row = base.condition(text)
        if row is not None and row.id in _BY_NAME:
            yield _BY_NAME[row.id]
        if key_of(text) in _SUICIDAL:
            yield "suicidal_ideation", "yes"


def _icd(concept: Concept) -> list[str]:
    """The conditions of its ICD-10-CM codes, as the knowledge base names them."""
    codes = concept.codes_like(ICD10)
    found = ([row[3] for row in _ICD if begins(code, row[0])][:1] for code in codes)
    return [name for names in found for name in names]


def _names(concept: Concept, base: Knowledge, problems: list[str]) -> Iterator[str]:
    """The condition as it is listed: by every text, and by its code where no text says that."""
    rows = [base.condition(text) for text in concept.texts]
    coded = (name for name in _icd(concept) if base.condition(name) not in rows)
    for text in (*concept.texts, *coded):
        name = " ".join(text.split())
        try:
            yield Medication(name=name).label
        except InvalidInputError:
            problems.append("a condition whose text is no line of text")


def _label(concept: Concept) -> str:
    return (concept.label or "nothing named")[:120]


def _status(node: Node, name: str) -> str:
    codes = [coding.code for coding in node.concept(name).codings if coding.code]
    return codes[0] if codes else node.concept(name).text.casefold()


def _verification(node: Node) -> str:
    return _status(node, "verificationStatus")


def _unknown_statuses(clinical: str, verified: str, known: frozenset[str]) -> Iterator[str]:
    if clinical and clinical not in _ACTIVE and clinical not in _PAST:
        yield f"has the clinical status {clinical[:40]}, which FHIR R4 does not have"
    if verified and verified not in known:
        yield f"has the verification status {verified[:40]}, which FHIR R4 does not have"


def _absent(code: str, is_so: bool, problems: list[str]) -> Noted:
    """What a code of "known absent" or "not known" says of conditions."""
    if code != "no-known-problems":
        return Noted(f"{code}: nothing is known", problems=(*problems, code))
    if not is_so:
        return Noted(f"{code}: not of now, or not confirmed", problems=tuple(problems))
    return Noted(f"{code}: asked, and none", none_of=("conditions",), problems=tuple(problems))


def _is_so(clinical: str, verified: str) -> bool:
    """Whether what is said is said of now, and not as unconfirmed."""
    return clinical in {"", *_ACTIVE} and verified in {"", *_SURE}


# --- allergies ------------------------------------------------------------------------

_NO_ALLERGY = frozenset({"no-known-allergies", "no-known-medication-allergies"})


def read_allergy(entry: Entry, base: Knowledge) -> Noted:
    """What is noted of an AllergyIntolerance; one to naltrexone is a fact, also unconfirmed."""
    node = entry.node
    clinical, verified = _status(node, "clinicalStatus"), _verification(node)
    concepts = [node.concept("code"), *_substances(node)]
    label = _label(concepts[0])
    if verified in _SET_ASIDE:
        noted = Noted(f"allergy to {label}: {_SET_ASIDE[verified]}, set aside")
        return noted.with_note(noted_beside(node, base))
    problems = tuple(_unknown_statuses(clinical, verified, _SURE | _UNSURE))
    if other := mentioned(node, base, ("code", "reaction", "clinicalStatus", "verificationStatus")):
        problems = (*problems, f"names {other} beside its substance")
    if absent := concepts[0].codes_of(ABSENT):
        if not (beside := _beside_none(entry, base)):
            return _no_allergy(absent[0], _is_so(clinical, verified), problems)
        problems = (*problems, f"says {absent[0]}, and names {beside}")
    if not any(concept.label for concept in concepts):
        return Noted("an allergy to nothing named", problems=(*problems, "names no substance"))
    if clinical in _PAST:
        return Noted(f"allergy to {label}: {_PAST[clinical]}", problems=problems)
    facts = tuple(dict.fromkeys(f for concept in concepts for f in _of_allergy(concept, base)))
    words = f"allergy to {label}" + "".join(f"; {name} {value}" for name, value in facts)
    return Noted(words, facts=facts, problems=problems)


def _beside_none(entry: Entry, base: Knowledge) -> str:
    """What is named beside a code that says that there is no allergy."""
    named = said_beside_none(entry.node.concept("code")) or mentioned(entry.node, base)
    return named or ("a reaction" if entry.node.has("reaction") else "")


def _no_allergy(code: str, is_so: bool, problems: tuple[str, ...]) -> Noted:
    """What a code of "known absent" or "not known" says of allergies."""
    if code in _NO_ALLERGY and is_so and not problems:
        return Noted(f"{code}: asked, and none", none_of=("allergies",))
    return Noted(f"{code}: says nothing of naltrexone", problems=problems)


def _substances(node: Node) -> list[Concept]:
    return [reaction.concept("substance") for reaction in node.children("reaction")]


def _of_allergy(concept: Concept, base: Knowledge) -> Iterator[tuple[str, str]]:
    rows = (row for name in names_of(concept, base).opioids for row in name.rows)
    if any("naltrexone" in row.substance.split("/") for row in rows):
        yield "naltrexone_hypersensitivity", "yes"
    for text in concept.texts:
        row = base.condition(text)
        if row is not None and row.id == "naltrexone_allergy":
            yield "naltrexone_hypersensitivity", "yes"
        if key_of(text) == "lactose" or (row is not None and row.id == "lactose_intolerance"):
            yield "lactose_intolerance", "yes"


# --- lists and persons ----------------------------------------------------------------

_LIST_CODES = "http://terminology.hl7.org/CodeSystem/list-example-use-codes"
_LISTS = {"medications": "medications", "problems": "conditions", "allergies": "allergies"}


def read_list(entry: Entry, opened: OpenBundle, base: Knowledge) -> Noted:
    """What is noted of a List: that it is said to be empty, or lists what is not to be read."""
    node = entry.node
    what = next((_LISTS[c] for c in node.concept("code").codes_of(_LIST_CODES) if c in _LISTS), "")
    empty = [coding.code for coding in node.concept("emptyReason").codings]
    entries = node.children("entry")
    current = node.text("status") == "current" and node.text("mode") in {"working", "snapshot"}
    if empty == ["nilknown"] and what and current and not entries:
        noted = Noted(f"list of {what}: nil known: asked, and none", none_of=(what,))
        other = mentioned(node, base)
        noted = noted.with_problem(f"is empty, and names {other}" if other else "")
        return noted if node.has("subject") else noted.with_problem("names no patient")
    if empty and what:
        reason = f"a list of {what} is empty: {(empty[0] or 'no reason')[:40]}"
        return Noted(reason, problems=(reason,))
    noted = Noted(f"a list of {len(entries)} entries; they are read where they stand")
    if node.text("status") == "entered-in-error":
        return noted.with_note(noted_beside(node, base))
    if other := mentioned(node, base, ("entry", "contained")):
        noted = noted.with_problem(f"names {other}")
    return noted._replace(problems=(*noted.problems, *_not_read(entries, opened)))


def _not_read(entries: list[Node], opened: OpenBundle) -> Iterator[str]:
    """The items of a list that are not read where they stand."""
    for place, holder in enumerate(entries):
        item = holder.child("item")
        found = opened.find(item.text("reference")) if item else None
        if holder.flag("deleted") is True:
            continue
        if found is None:
            yield f"its entry[{place}] is not in the Bundle as an entry of its own"
        elif found.kind == "Medication":
            yield f"its entry[{place}] is a Medication; whether it is taken is not told"


def read_person(entry: Entry, assessed_on: date | None) -> Noted:
    """What is noted of the Patient: the age, and what speaks against this record."""
    node = entry.node
    problems = []
    if node.flag("active") is False:
        problems.append("the record is not in use (active: false)")
    if node.has("link"):
        problems.append("there are other records of this person (link)")
    if node.value.get("deceasedBoolean") not in (None, False) or node.has("deceasedDateTime"):
        problems.append("the patient is said to have died")
    born = span_of(node.text("birthDate"))
    if born is None:
        return Noted("the patient; age not known: no birth date", problems=tuple(problems))
    if assessed_on is None:
        return Noted(
            "the patient; age not known: assessed_on is not given", problems=tuple(problems)
        )
    age = _age(born, assessed_on)
    if not 0 <= age <= 130:
        return Noted("the patient", problems=(*problems, "the birth date does not fit"))
    partly = "" if born.first == born.last else ", the youngest that the birth date allows"
    return Noted(
        f"the patient; {age} years old on {assessed_on}{partly}", age=age, problems=tuple(problems)
    )


def _age(born: Span, on: date) -> int:
    """Whole years lived on a day by one born on the last day of the span."""
    last = born.last
    return on.year - last.year - ((on.month, on.day) < (last.month, last.day))
