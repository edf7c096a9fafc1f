"""The knowledge base: every clinical figure and every name, each with its source beside it.

Tables of CSV stand beside this module and are read strictly: ``sources`` (what is cited, and
how far it is to be trusted), ``opioids`` (names, codes and opioid-free windows), ``products``
(RxNorm's opioid products), ``medicines`` and ``brands`` (ordinary medicines), ``qualifiers``
(words that do not say which medicine it is), ``interactions``, ``conditions``, ``rules``,
``protocols``, ``policy`` (every other number that a clinician could argue about) and
``contradictions`` (where sources disagree). Nobody has reviewed them clinically yet.

RxNorm names and codes are courtesy of the US National Library of Medicine, which does
not endorse this use.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Callable, Iterable
from functools import cache, cached_property, lru_cache
from pathlib import Path

from ldn_titration.errors import KnowledgeError
from ldn_titration.knowledge import readers
from ldn_titration.knowledge.names import LONGEST, Lexicon, Limits, Line, Name, key_of, words_of
from ldn_titration.knowledge.rows import (
    Brand,
    Condition,
    Contradiction,
    Interaction,
    Medicine,
    Opioid,
    Policy,
    Product,
    Protocol,
    RuleEntry,
    Source,
)
from ldn_titration.knowledge.tables import Tables, first_columns

__all__ = [
    "TABLES",
    "Knowledge",
    "Line",
    "Name",
    "Opioid",
    "Policy",
    "Protocol",
    "Source",
    "digest_of",
    "knowledge",
    "policy",
    "shipped_tables",
]

VERSION = "2026.11.4"

TABLES = (
    "brands",
    "conditions",
    "contradictions",
    "interactions",
    "medicines",
    "opioids",
    "policy",
    "products",
    "protocols",
    "qualifiers",
    "rules",
    "sources",
)

_NEEDED = (
    "adult_age",
    "analgesic_strength_least",
    "assessment_age",
    "commercial_tablet",
    "depot_lookback",
    "dropper_tolerance",
    "dropper_volume_error",
    "drops_per_mL_least",
    "drops_per_mL_most",
    "gap_to_resume",
    "liver_enzymes_caution",
    "liver_enzymes_hold",
    "liver_test_every",
    "lofexidine_gap",
    "lone_step",
    "loperamide_dose_most",
    "loperamide_high_max",
    "loperamide_high_min",
    "low_dose_caution",
    "low_dose_ceiling",
    "low_dose_floor",
    "open_step",
    "order_surplus",
    "quantity_least",
    "review_at_target",
    "solubility",
    "standard_dose_ceiling",
    "stop_before_opioid",
    "stop_before_opioid_depot",
    "tablets_at_once",
    "thyroid_start_most",
    "thyroid_step_least",
    "thyroid_test_first",
    "thyroid_test_last",
    "usual_increment_most",
    "usual_start_most",
    "usual_step_least",
)
"""What rules ask of the policy; a limit that is missing must never mean no limit."""


class Knowledge:
    """The whole knowledge base, with its ``version`` and the ``sha256`` of its tables.

    Small tables are read at once; the long lists of names when a name is first asked for.
    Raises KnowledgeError with the table and line of what is wrong.
    """

    def __init__(self, tables: Tables, *, version: str = VERSION) -> None:
        self.tables: dict[str, bytes] = dict(tables)
        self.version = version
        self.sha256: str = digest_of(tables)
        self.sources: dict[str, Source] = readers.read_sources(tables)
        self._known = frozenset(self.sources)
        self.opioids: tuple[Opioid, ...] = readers.read_opioids(tables, self._known)
        self.protocols: dict[str, Protocol] = readers.read_protocols(tables, self._known)
        self.policy: dict[str, Policy] = readers.read_policy(tables, self._known)
        self.rules: dict[str, RuleEntry] = readers.read_rules(tables, self._known)
        lacking = [key for key in _NEEDED if key not in self.policy]
        if lacking:
            raise KnowledgeError(f"policy.csv lacks {', '.join(lacking)}")

    @property
    def is_site(self) -> bool:
        """Whether a site added to it."""
        return any(source.kind == "overlay" for source in self.sources.values())

    def read_all(self) -> None:
        """Read every table now; raises KnowledgeError for the first that is wrong."""
        for name in ("products", "medicines", "brands", "interactions", "conditions"):
            getattr(self, name)
        self.contradictions, self.lexicon, self._product_names  # noqa: B018

    # --- the tables that are read when they are asked for

    @cached_property
    def products(self) -> dict[str, Product]:
        """The opioid products by RxNorm code."""
        found = {row.rxcui: row for row in readers.read_products(self.tables, self._known)}
        ids = {row.id for row in self.opioids}
        lost = sorted({row.opioid for row in found.values()} - ids)
        if lost:
            raise KnowledgeError(f"products.csv names no row of opioids: {', '.join(lost)}")
        return found

    @cached_property
    def medicines(self) -> tuple[Medicine, ...]:
        """The names of ordinary medicines."""
        return readers.read_medicines(self.tables, self._known)

    @cached_property
    def brands(self) -> tuple[Brand, ...]:
        """The other names of ordinary medicines."""
        return readers.read_brands(self.tables, self._known)

    @cached_property
    def interactions(self) -> tuple[Interaction, ...]:
        """Medicines of which a rule tells."""
        found = readers.read_interactions(self.tables, self._known)
        self._check_rules("interactions", found)
        return found

    @cached_property
    def _interactions_by_name(self) -> dict[str, tuple[Interaction, ...]]:
        found: dict[str, tuple[Interaction, ...]] = {}
        for row in self.interactions:
            for key in map(key_of, row.medicines):
                found[key] = (*found.get(key, ()), row)
        return found

    def interactions_with(self, medicine: str) -> tuple[Interaction, ...]:
        """The interactions of a medicine, whatever salt or kind of it is named."""
        words = key_of(medicine).split()
        keys = (" ".join(words[:length]) for length in range(len(words), 0, -1))
        by_name = self._interactions_by_name
        return next((by_name[key] for key in keys if key in by_name), ())

    def conditions_hinted(self, text: str) -> list[Condition]:
        """The conditions of which a text that names none of them holds a telling word."""
        words = [word for word in words_of(text) if word.startswith(self._stems)]
        rows = dict.fromkeys(self.conditions.values()) if words else ()
        return [row for row in rows if any(w.startswith(row.stems) for w in words)]

    @cached_property
    def _stems(self) -> tuple[str, ...]:
        return tuple({stem for row in self.conditions.values() for stem in row.stems})

    def condition(self, name: str) -> Condition | None:
        """The condition of that name, if a rule reads it."""
        return self.conditions.get(key_of(name))

    @cached_property
    def conditions(self) -> dict[str, Condition]:
        """The conditions that a rule reads, by the key of each name."""
        found = readers.read_conditions(self.tables, self._known)
        self._check_rules("conditions", found)
        return {key_of(name): row for row in found for name in row.names}

    @cached_property
    def contradictions(self) -> tuple[Contradiction, ...]:
        """Where sources disagree, and what is followed."""
        return readers.read_contradictions(self.tables, self._known)

    def _check_rules(self, name: str, found: Iterable[Interaction | Condition]) -> None:
        unknown = sorted({row.code for row in found} - set(self.rules))
        if unknown:
            raise KnowledgeError(f"{name}.csv names no rule: {', '.join(unknown)}")

    # --- opioids by name and code

    @cached_property
    def _opioid_names(self) -> dict[str, Name]:
        found: dict[str, tuple[Opioid, ...]] = {}
        for row in self.opioids:
            for key in {key_of(n) for n in (row.substance, row.name, *row.synonyms)}:
                found[key] = (*found.get(key, ()), row)
        for key, same in found.items():
            if len({row.substance for row in same}) > 1:
                raise KnowledgeError(f'the name "{key}" stands in two substances')
        return {key: Name(same) for key, same in found.items()}

    @cached_property
    def _by_id(self) -> dict[str, Opioid]:
        return {row.id: row for row in self.opioids}

    def _product_named(self, name: str) -> Opioid | None:
        """The row of the product of that whole name; the index is made once one is met."""
        written = " ".join(name.casefold().split())
        return self._product_names.get(written) if written in self._product_text else None

    @cached_property
    def _product_text(self) -> str:
        return self.tables["products"].decode("utf-8").casefold()

    @cached_property
    def _product_names(self) -> dict[str, Opioid]:
        found: dict[str, Opioid] = {}
        for product in self.products.values():
            row = self._by_id[product.opioid]
            if found.setdefault(product.name.casefold(), row) != row:
                raise KnowledgeError(f'the product "{product.name}" stands in two rows')
        return found

    def named(self, name: str) -> tuple[Opioid, ...]:
        """The rows that a whole name, synonym or product name may denote; empty if unknown."""
        if len(name) > LONGEST:
            return ()
        known = self._opioid_names.get(key_of(name))
        if known is not None:
            return known.opioids
        product = self._product_named(name)
        return () if product is None else (product,)

    def opioid_keys(self) -> Iterable[str]:
        """The key of every name in the table of opioids."""
        return self._opioid_names.keys()

    def coded(self, code: str) -> tuple[Opioid, ...]:
        """The rows that a code may denote; empty if unknown.

        ``code`` is an RxNorm code of an ingredient or product, or ``system:code`` as a
        site's overlay gives it.
        """
        known = self._opioid_codes.get(code)
        if known is not None:
            return known
        product = self.products.get(code)
        return () if product is None else (self._by_id[product.opioid],)

    @cached_property
    def _opioid_codes(self) -> dict[str, tuple[Opioid, ...]]:
        found: dict[str, tuple[Opioid, ...]] = {}
        for row in self.opioids:
            for code in filter(None, (row.rxcui, *row.codes)):
                found[code] = (*found.get(code, ()), row)
        return found

    def is_product(self, code: str) -> bool:
        """Whether a code is that of a product, which settles its release form."""
        return code not in self._opioid_codes and code in self.products

    @cached_property
    def longest_window(self) -> int:
        """The longest opioid-free window of all, in days; a depot has none."""
        return max(row.max_days for row in self.opioids if row.max_days is not None)

    def forms_of(self, substance: str) -> tuple[Opioid, ...]:
        """Every release form of one substance."""
        return tuple(row for row in self.opioids if row.substance == substance)

    # --- lines of a medication list

    @cached_property
    def lexicon(self) -> Lexicon:
        """Every name of the tables; an opioid's name wins over an ordinary medicine's."""
        qualifiers = readers.read_qualifiers(self.tables, self._known)
        ordinary = {name: name for name, _ in first_columns("medicines", self.tables)}
        brands = dict(first_columns("brands", self.tables))
        limits = Limits(
            self.policy["analgesic_strength_least"].value,
            self.policy["tablets_at_once"].value,
            self.policy["quantity_least"].value,
        )
        return Lexicon(self._opioid_names, ordinary | brands, qualifiers, limits)

    def read_line(self, text: str) -> Line:
        """What a line of a medication list names, be it with strength, form and times."""
        return self._read_once(text)

    @cached_property
    def _read_once(self) -> Callable[[str], Line]:
        return lru_cache(maxsize=4096)(self._read_line)

    @cached_property
    def read_words(self) -> Callable[[str], Line]:
        """Read what the words of any text name; each text is read once."""
        return lru_cache(maxsize=4096)(self.lexicon.read)

    def _read_line(self, text: str) -> Line:
        known = self._opioid_names.get(key_of(text))
        if known is not None:
            return Line.of(text, (known,))._replace(keys=(key_of(text),))
        line = self.lexicon.read(text)
        product = self._product_named(text) if line.names_an_opioid else None
        if product is None:
            return line
        return Line.of(text, (Name((product,)),))._replace(keys=(" ".join(text.split()),))

    def says_no_form(self, line: Line) -> bool:
        """Whether nothing beside the names could say how a medicine lets go of its drug."""
        return self.lexicon.of_no_form.issuperset(line.skipped)

    @cached_property
    def _ordinary_codes(self) -> dict[str, Line]:
        codes = {
            f"unii:{code}": Name((), (row.name,)) for row in self.medicines for code in row.uniis
        }
        for brand in self.brands:
            codes |= {code: Name((), brand.medicines) for code in brand.codes}
        return {code: Line.of(code, (name,)) for code, name in codes.items()}

    def read_code(self, code: str) -> Line:
        """What a code of a medication list denotes."""
        denoted = self.coded(code)
        if denoted:
            return Line.of(code, (Name(denoted),))
        return self._ordinary_codes.get(code) or Line.of(code, (), ("an unknown code",))


def digest_of(tables: Tables) -> str:
    """The sha256 of these tables by name, whatever their order."""
    each = (f"{name},{hashlib.sha256(data).hexdigest()}" for name, data in sorted(tables.items()))
    return hashlib.sha256("\n".join(each).encode()).hexdigest()


_HERE = Path(__file__).parent


def shipped_tables() -> dict[str, bytes]:
    """The tables that stand beside this module."""
    return {name: (_HERE / f"{name}.csv").read_bytes() for name in TABLES}


@cache
def knowledge() -> Knowledge:
    """The shipped knowledge base, read and checked once against its manifest."""
    tables = shipped_tables()
    _check_manifest(tables)
    return Knowledge(tables)


def _check_manifest(tables: Tables) -> None:
    """Every table, and the canaries, must be those that were released, byte for byte."""
    text = (_HERE / "manifest.csv").read_text(encoding="utf-8")
    released = dict(csv.reader(io.StringIO(text)))
    canaries = (_HERE / "canaries.json").read_bytes()
    for name, data in {**tables, "canaries": canaries}.items():
        if released.get(name) != hashlib.sha256(data).hexdigest():
            raise KnowledgeError(f"{name}.csv is not the table that was released")


def policy(key: str) -> Policy:
    """The policy row of that key: ``policy("dropper_tolerance").share``."""
    return knowledge().policy[key]
