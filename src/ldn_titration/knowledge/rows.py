"""What stands in each table of the knowledge base, one row type a table.

Every row carries where it comes from: ``sources`` (keys of the table of sources),
``confidence``, the ``fact`` in our own words, and who reviewed it when (nobody yet).
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from typing import NamedTuple

from ldn_titration.quantities import Mass

__all__ = [
    "SEVERITIES",
    "TIERS",
    "Brand",
    "Condition",
    "Contradiction",
    "Interaction",
    "Medicine",
    "Opioid",
    "Policy",
    "Product",
    "Protocol",
    "Qualifier",
    "RuleEntry",
    "Source",
]

TIERS = {
    1: "label or pharmacopoeia",
    2: "guideline, drug information or official names",
    3: "study or report",
    4: "specialist practice",
    5: "secondary summary or general knowledge",
}

SEVERITIES = ("info", "caution", "insufficient", "hold", "stop")


class Source(NamedTuple):
    """Where a fact comes from. ``tier``: 1 is trusted most, 5 least (see TIERS)."""

    key: str
    title: str
    publisher: str
    year: str
    kind: str
    tier: int
    url: str
    supports: str


class Opioid(NamedTuple):
    """One substance in one release form, with its opioid-free window in whole days.

    ``presence`` tells what the medicine on a list means where it is no opioid agonist
    itself, and ``why_not`` says why it is none. ``codes`` are those of a site's overlay.
    """

    id: str
    substance: str
    name: str
    synonyms: tuple[str, ...]
    rxcui: str
    codes: tuple[str, ...]
    kind: str
    acting: str
    release: str
    note: str
    min_days: int | None
    max_days: int | None
    presence: str
    why_not: str
    sources: tuple[str, ...]
    confidence: str
    fact: str
    reviewed_by: str
    reviewed_on: str

    @property
    def window(self) -> tuple[int, int] | None:
        """(min, max): below min a start is stopped, below max held. None for a depot."""
        if self.min_days is None or self.max_days is None:
            return None
        return self.min_days, self.max_days

    @property
    def is_opioid(self) -> bool:
        """Whether it acts as an agonist at opioid receptors, so that its interval counts."""
        return self.kind not in {"antagonist", "not_opioid_agonist"}

    @property
    def is_depot(self) -> bool:
        """Whether it is a depot, for which no number of days is known."""
        return self.max_days is None


class Product(NamedTuple):
    """One opioid product by its RxNorm code: what acts in it, its form, its row of opioids."""

    rxcui: str
    name: str
    dose_form: str
    ingredients: str
    ingredient_rxcuis: str
    release: str
    opioid: str
    sources: tuple[str, ...]
    confidence: str
    reviewed_by: str
    reviewed_on: str


class Medicine(NamedTuple):
    """The name of an ordinary medicine, which is no opioid."""

    name: str
    uniis: tuple[str, ...]
    sources: tuple[str, ...]
    confidence: str
    reviewed_by: str
    reviewed_on: str


class Brand(NamedTuple):
    """A brand or another name, with the ordinary medicines that it holds."""

    name: str
    medicines: tuple[str, ...]
    codes: tuple[str, ...]
    sources: tuple[str, ...]
    confidence: str
    reviewed_by: str
    reviewed_on: str


class Qualifier(NamedTuple):
    """Words of a medication list that do not say which medicine it is, by kind."""

    kind: str
    words: tuple[str, ...]
    sources: tuple[str, ...]
    confidence: str
    fact: str
    reviewed_by: str
    reviewed_on: str


class Interaction(NamedTuple):
    """Medicines of which a rule tells when they are taken together with naltrexone."""

    id: str
    medicines: tuple[str, ...]
    code: str
    severity: str
    effect: str
    action: str
    sources: tuple[str, ...]
    confidence: str
    fact: str
    reviewed_by: str
    reviewed_on: str


class Condition(NamedTuple):
    """Names of a condition, and the rule that reads it.

    ``stems`` are beginnings of words by which a longer text tells of it. ``denied_by`` is a
    fact of the patient and the values of it that contradict the condition.
    """

    id: str
    names: tuple[str, ...]
    stems: tuple[str, ...]
    code: str
    denied_by: tuple[str, ...]
    sources: tuple[str, ...]
    confidence: str
    fact: str
    reviewed_by: str
    reviewed_on: str


class Contradiction(NamedTuple):
    """Where sources disagree: what each says, which is followed, and why."""

    id: str
    about: str
    disagree: str
    followed: str
    why: str
    sources: tuple[str, ...]
    confidence: str
    reviewed_by: str
    reviewed_on: str


class RuleEntry(NamedTuple):
    """What one rule says, how severe it can be, and what it rests on.

    ``where`` is ``screening``, ``override``, ``plan``, ``supply`` or ``measuring``;
    ``at_least`` is the severity to which a site's overlay raises its findings.
    """

    code: str
    title: str
    where: str
    severities: tuple[str, ...]
    says: str
    clears_when: str
    sources: tuple[str, ...]
    confidence: str
    fact: str
    at_least: str
    reviewed_by: str
    reviewed_on: str


class Protocol(NamedTuple):
    """A published regimen. ``kind``: steps, ramp, fixed, open or refused.

    ``schedule`` is as in the table: ``1.5x14;3x14;4.5`` (mg a day x days, last open), or
    ``from=;by=;every=;to=`` (mg, mg, days, mg).
    """

    id: str
    title: str
    population: str
    kind: str
    schedule: str
    doses_per_day: int
    time_of_day: str | None
    band: str
    review_after_days: int | None
    evidence_tier: int
    source: str
    caution: str
    reason: str
    reviewed_by: str
    reviewed_on: str

    @property
    def sources(self) -> tuple[str, ...]:
        """Its one source."""
        return (self.source,)


class Policy(NamedTuple):
    """A number that a clinician could argue about, with its unit and its sources."""

    key: str
    value: Fraction
    unit: str
    sources: tuple[str, ...]
    confidence: str
    fact: str
    reviewed_by: str
    reviewed_on: str

    @property
    def mass(self) -> Mass:
        """The value as a mass."""
        return _mass(self.value, self.unit)

    @property
    def share(self) -> Fraction:
        """A percentage as a share of one."""
        return self.value / 100

    @property
    def whole(self) -> int:
        """A whole number of its unit: days, months, years, drops per mL."""
        return int(self.value)


@cache
def _mass(value: Fraction, unit: str) -> Mass:
    return Mass.of(value, unit)
