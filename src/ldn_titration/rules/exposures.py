"""Exposures: what the patient took, matched against the opioids of the knowledge base."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from ldn_titration.knowledge import Opioid, knowledge, normalised
from ldn_titration.patient import Medication, OpioidExposure, PatientFacts
from ldn_titration.values import Month

__all__ = ["Exposure", "exposures_of", "rows_of"]


class Exposure(NamedTuple):
    """An exposure with the rows of the knowledge base that it may denote.

    ``settled`` tells whether they all have one window, so that it can be counted. ``last``
    is the last dose (None: not known); a month counts as its last day.
    """

    label: str
    rows: tuple[Opioid, ...]
    settled: bool
    last: date | None
    ongoing: bool

    @property
    def counts(self) -> bool:
        """Whether an interval is owed: an opioid agonist, or something not known."""
        return not self.rows or any(row.is_opioid for row in self.rows)

    @property
    def only_warns(self) -> bool:
        """Whether every row's window is from 0, so that it warns and never stops."""
        return bool(self.rows) and all(row.window and row.window[0] == 0 for row in self.rows)

    @property
    def sources(self) -> tuple[str, ...]:
        """What the rows cite, each once; of an unknown substance, our own caution."""
        cited = dict.fromkeys(source for row in self.rows for source in row.sources)
        return tuple(cited) or ("project_choice",)

    @property
    def longest(self) -> int:
        """The longest window that could apply, in days (a depot has none)."""
        if not self.rows:
            return knowledge().longest_window
        return max((row.window[1] for row in self.rows if row.window), default=0)


def exposures_of(patient: PatientFacts) -> Iterator[Exposure]:
    """Every exposure: those told of, and each known opioid among the medicines, as ongoing."""
    for told in patient.opioids.exposures:
        yield _told(told)
    for medicine in patient.medications or ():
        rows = rows_of(medicine)
        if rows:
            yield Exposure(medicine.label, rows, _one_window(rows), None, ongoing=True)


def rows_of(named: OpioidExposure | Medication) -> tuple[Opioid, ...]:
    """What a name or code may denote; empty where it is not known."""
    if named.rxcui is not None:
        return knowledge().coded(named.rxcui)
    name = named.substance if isinstance(named, OpioidExposure) else named.name
    return knowledge().named(name or "")


def _told(exposure: OpioidExposure) -> Exposure:
    rows = rows_of(exposure)
    fitting = _of_release(rows, exposure.release)
    last = exposure.last_taken
    return Exposure(
        exposure.label,
        fitting or tuple(form for row in rows[:1] for form in knowledge().forms_of(row.substance)),
        bool(fitting) and _one_window(fitting) and _form_is_settled(exposure, fitting),
        last.last_day if isinstance(last, Month) else None if isinstance(last, str) else last,
        exposure.ongoing,
    )


def _form_is_settled(exposure: OpioidExposure, rows: tuple[Opioid, ...]) -> bool:
    """Whether the form is stated, or the name says it; a bare substance or code does not."""
    name = normalised(exposure.substance or "")
    bare = exposure.rxcui is not None or any(name == normalised(row.substance) for row in rows)
    one_window_for_all = all(row.release in {"any", "unknown"} for row in rows)
    return exposure.release != "unknown" or one_window_for_all or not bare


def _of_release(rows: tuple[Opioid, ...], release: str) -> tuple[Opioid, ...]:
    """The rows of that release; an extended form of which only the depot is listed is that."""
    if release == "unknown":
        return rows
    fitting = tuple(row for row in rows if row.release in {release, "any", "unknown"})
    if not fitting and release == "extended":
        return tuple(row for row in rows if row.is_depot)
    return fitting


def _one_window(rows: tuple[Opioid, ...]) -> bool:
    return len({row.window for row in rows}) == 1
