"""Exposures: what the patient took, matched against the opioids of the knowledge base."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import NamedTuple

from ldn_titration.knowledge import Knowledge, Line, Opioid
from ldn_titration.knowledge.names import key_of
from ldn_titration.knowledge.rows import Interaction
from ldn_titration.patient import Medication, OpioidExposure, PatientFacts
from ldn_titration.quantities import Mass
from ldn_titration.values import Month

__all__ = [
    "Exposure",
    "ListedMedicine",
    "exposure_of",
    "exposures_of",
    "interactions_of",
    "medicines_of",
]


class ListedMedicine(NamedTuple):
    """One entry of the patient's list, as it was written and as it was read."""

    label: str
    line: Line


class Exposure(NamedTuple):
    """An exposure with the rows of the knowledge base that it may denote.

    ``settled`` tells whether they all have one window, so that it can be counted. ``last``
    is the last dose (None: not known); a month counts as its last day. ``longest`` is the
    longest window that could apply, in days (a depot has none); ``is_depot`` tells that a
    substance that is not known was told of as a depot.
    """

    label: str
    rows: tuple[Opioid, ...]
    settled: bool
    last: date | None
    ongoing: bool
    longest: int
    is_depot: bool = False

    @property
    def counts(self) -> bool:
        """Whether an interval is owed: an opioid agonist, or something not known."""
        return not self.rows or any(row.is_opioid for row in self.rows)

    @property
    def only_warns(self) -> bool:
        """Whether every row's window is from 0, so that it warns and never stops."""
        return bool(self.rows) and all(row.min_days == 0 for row in self.rows)

    @property
    def sources(self) -> tuple[str, ...]:
        """What the rows cite, each once; of an unknown substance, our own caution."""
        cited = dict.fromkeys(source for row in self.rows for source in row.sources)
        return tuple(cited) or ("project_choice",)


def medicines_of(patient: PatientFacts, base: Knowledge) -> tuple[ListedMedicine, ...]:
    """Every entry of the medication list, read."""
    return tuple(ListedMedicine(m.label, _line(m, base)) for m in patient.medications or ())


def _line(medicine: Medication, base: Knowledge) -> Line:
    if medicine.name is not None:
        return base.read_line(medicine.name)
    return base.read_code(medicine.rxcui or medicine.code or "")


def interactions_of(
    listed: Sequence[ListedMedicine], base: Knowledge
) -> Iterator[tuple[str, Interaction]]:
    """Each listed medicine of which a rule tells, with its row, also where it is not
    understood in full.
    """
    for medicine in listed:
        rows = (row for name in _names_in(medicine) for row in base.interactions_with(name))
        for row in dict.fromkeys(rows):
            yield medicine.label, row


def _names_in(medicine: ListedMedicine) -> Iterator[str]:
    for name in medicine.line.names:
        yield from name.medicines
        yield from dict.fromkeys(row.substance for row in name.opioids)


def exposures_of(
    patient: PatientFacts, listed: Sequence[ListedMedicine], base: Knowledge
) -> Iterator[Exposure]:
    """Every exposure: those told of, and what a line of the list holds, as ongoing."""
    for told in patient.opioids.exposures:
        yield exposure_of(told, base)
    for label, line in listed:
        if line.kind == "listed":
            for name in line.names:
                if name.opioids:
                    rows = tuple(_by_dose(row, _only_mass(line), base) for row in name.opioids)
                    yield _exposure(label, rows, None, True, True, base)


def _only_mass(line: Line) -> Mass | None:
    """The strength of a line that tells one; of several, which is the opioid's is not known."""
    return Mass.of(line.masses[0], "mg") if len(line.masses) == 1 else None


def _exposure(
    label: str,
    rows: tuple[Opioid, ...],
    last: date | None,
    ongoing: bool,
    form_known: bool,
    base: Knowledge,
) -> Exposure:
    settled = bool(rows) and form_known and len({(row.acting, row.window) for row in rows}) == 1
    longest = max((row.max_days or 0 for row in rows), default=base.longest_window)
    return Exposure(label, rows, settled, last, ongoing, longest)


def exposure_of(told: OpioidExposure, base: Knowledge) -> Exposure:
    """An exposure that was told of, matched against the knowledge base."""
    rows, plain = _rows_of(told, base)
    fitting = _of_release(rows, told.release)
    candidates = fitting or tuple(f for row in rows[:1] for f in base.forms_of(row.substance))
    last = told.last_taken
    return _exposure(
        told.label,
        tuple(_by_dose(row, told.daily_dose, base) for row in candidates),
        last.last_day if isinstance(last, Month) else None if isinstance(last, str) else last,
        told.ongoing,
        bool(fitting) and plain and _form_is_settled(told, fitting, base),
        base,
    )._replace(is_depot=told.release == "depot" and not candidates)


def _rows_of(told: OpioidExposure, base: Knowledge) -> tuple[tuple[Opioid, ...], bool]:
    """What a name or code may denote, and whether it stands alone or with a strength only.

    ``morphine SR 30 mg`` says more of the form than its name does, so that it is not settled.
    """
    if told.substance is None:
        return base.coded(told.rxcui or told.code or ""), True
    line = base.read_line(told.substance)
    rows = line.names[0].opioids if line.kind == "listed" and len(line.names) == 1 else ()
    return rows, base.named(told.substance) == rows or base.says_no_form(line)


def _by_dose(row: Opioid, daily: Mass | None, base: Knowledge) -> Opioid:
    """Loperamide above its labelled dose, counted like a long-acting opioid."""
    limit = base.policy["loperamide_dose_most"].mass
    if row.id != "loperamide" or daily is None or daily <= limit:
        return row
    least, most = base.policy["loperamide_high_min"], base.policy["loperamide_high_max"]
    return row._replace(
        min_days=max(row.min_days or 0, least.whole), max_days=max(row.max_days or 0, most.whole)
    )


def _form_is_settled(told: OpioidExposure, rows: tuple[Opioid, ...], base: Knowledge) -> bool:
    """Whether the form is stated, or the name or product says it.

    A bare substance does not, be it with a strength behind it.
    """
    if told.release != "unknown" or all(row.release in {"any", "unknown"} for row in rows):
        return True
    if told.rxcui is not None:
        return base.is_product(told.rxcui)
    name = key_of(told.substance or "")
    if base.named(told.substance or ""):
        return not any(name == key_of(row.substance) for row in rows)
    return not any(f" {key_of(row.substance)} " in f" {name} " for row in rows)


def _of_release(rows: tuple[Opioid, ...], release: str) -> tuple[Opioid, ...]:
    """The rows of that release; an extended form of which only the depot is listed is that."""
    if release == "unknown":
        return rows
    fitting = tuple(row for row in rows if row.release in {release, "any", "unknown"})
    if not fitting and release == "extended":
        return tuple(row for row in rows if row.is_depot)
    return fitting
