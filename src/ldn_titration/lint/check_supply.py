"""Checks of what is dispensed: quantity and days' supply against what the steps need."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

from ldn_titration import sig
from ldn_titration.findings import Severity
from ldn_titration.intake.orders.amounts import Amount, Strength, amount_of
from ldn_titration.intake.orders.reading import MedicationOrder
from ldn_titration.lint.check_course import in_sequence
from ldn_titration.lint.check_structure import unit_findings
from ldn_titration.lint.doses import amount_text
from ldn_titration.lint.finding import Figure, LintFinding, finding
from ldn_titration.lint.reading import StepRead
from ldn_titration.lint.structure import doses_by_text, length_by_text, widened
from ldn_titration.lint.words import Said

__all__ = ["Course", "course_by_structure", "course_by_text", "supply_findings"]

_FIX = "Find out which is meant, and make steps, quantity and days' supply agree."


class Course(NamedTuple):
    """What all steps come to, by one way of reading them.

    ``length`` is that of the steps with an end; ``is_open`` tells that the last has none, and
    then it is reckoned to the end of the supply. What is not known is None.
    """

    need: tuple[Amount, ...] | None
    length: Amount | None
    is_open: bool


def supply_findings(order: MedicationOrder, reads: Sequence[StepRead]) -> Iterator[LintFinding]:
    """What of quantity, days' supply and repeats cannot be true with the steps."""
    dispense = f"{order.path}.dispenseRequest" if order.path else "dispenseRequest"
    for name, written in (("quantity", order.quantity), ("expectedSupplyDuration", order.supply)):
        if written is not None:
            yield from unit_findings(written, f"{dispense}.{name}", missing=Severity.INFO)
    if not reads:
        return
    supply, fills = amount_of(order.supply), (order.refills or 0) + 1
    last = Amount(supply.kind, supply.value * fills) if supply is not None else None
    ways = [
        ("steps", course_by_structure(reads, last)),
        ("text", course_by_text(reads, last)),
    ]
    where = reads[0].step.path.rpartition("[")[0]
    if supply is not None:
        path = f"{dispense}.expectedSupplyDuration"
        yield from _days_findings(ways, supply, fills, path, where)
    quantity = amount_of(order.quantity)
    if quantity is not None:
        path = f"{dispense}.quantity"
        yield from _quantity_findings(ways, quantity, fills, path, where, order.strength)


# --- what the steps come to -----------------------------------------------------------


def course_by_structure(reads: Sequence[StepRead], until: Amount | None) -> Course:
    """What the structures of all steps come to; an open last one is reckoned to ``until``."""
    if any(read.step.as_needed for read in reads):
        return Course(None, None, False)
    groups = in_sequence(reads)
    lengths = [group[0].structure.length for group in groups]
    if any(
        read.structure.length != group[0].structure.length for group in groups for read in group
    ):
        return Course(None, None, False)
    lengths, length, is_open = _closed(lengths, until)
    totals = [
        read.structure._replace(length=each).total()
        for group, each in zip(groups, lengths, strict=True)
        for read in group
    ]
    return Course(_summed(totals), length, is_open)


def course_by_text(reads: Sequence[StepRead], until: Amount | None) -> Course:
    """The same by the words of all steps, each understood whole."""
    needed = any(read.step.as_needed for read in reads)
    if needed or not all(read.is_told_whole and read.said for read in reads):
        return Course(None, None, False)
    groups: list[tuple[Said, ...]] = []
    for group in in_sequence(reads):
        if len(group) > 1 and all(len(read.said) == 1 for read in group):
            groups.append(tuple(read.said[0] for read in group))
        else:
            groups += [(said,) for read in group for said in read.said]
    lengths, length, is_open = _closed([length_by_text(group[0]) for group in groups], until)
    totals = [
        doses_by_text(said, each)
        for group, each in zip(groups, lengths, strict=True)
        for said in group
    ]
    return Course(_summed(totals), length, is_open)


def _closed(
    lengths: Sequence[Amount | None], until: Amount | None
) -> tuple[list[Amount | None], Amount | None, bool]:
    """The lengths with the last one filled up, their sum, and whether the last was open."""
    is_open = bool(lengths) and lengths[-1] is None and None not in lengths[:-1]
    known = [length for length in lengths if length is not None]
    kinds = {length.kind for length in known}
    whole = len(known) == len(lengths) or is_open
    if len(kinds) > 1 or not whole:
        return list(lengths), None, False
    kind = next(iter(kinds), "d")
    length = Amount(kind, sum((each.value for each in known), Fraction(0)))
    if not is_open:
        return list(lengths), length, False
    left = until.value - length.value if until is not None and until.kind == kind else Fraction(0)
    return [*known, Amount(kind, left) if left > 0 else None], length, True


def _summed(totals: Sequence[tuple[Amount, ...] | None]) -> tuple[Amount, ...] | None:
    by_kind = [dict(total) for total in totals if total is not None]
    if not by_kind or len(by_kind) < len(totals):
        return None
    shared = [kind for kind in by_kind[0] if all(kind in total for total in by_kind)]
    return tuple(Amount(k, sum((t[k] for t in by_kind), Fraction(0))) for k in shared) or None


# --- against the supply ---------------------------------------------------------------

_Ways = Sequence[tuple[str, Course]]


def _days_findings(
    ways: _Ways, supply: Amount, fills: int, path: str, where: str
) -> Iterator[LintFinding]:
    told = [(name, course.length, course.is_open) for name, course in ways]
    known = [(name, length, is_open) for name, length, is_open in told if length is not None]
    figures = [Figure(name, where, length) for name, length, _ in known]
    stated = Figure("days' supply", path, supply)
    other = [length for _, length, _ in known if length.kind != supply.kind and length.value]
    if other:
        words = f"{amount_text(supply)} of supply cannot be compared with {amount_text(other[0])}."
        yield finding("LIN-21", path, words, "State both in days.", *figures, stated)
    elif any(_is_off(supply, fills, length, is_open) for _, length, is_open in known):
        steps = " and ".join(f"{figure.text} by {_BY[figure.source]}" for figure in figures)
        least = " at least" if known[0][2] else ""
        words = f"The steps last{least} {steps}; the supply is stated as {amount_text(supply)}"
        words += f", {fills} times." if fills > 1 else "."
        yield finding("LIN-18", path, words, _FIX, *figures, stated)


_BY = {"steps": "bounds", "text": "text"}


def _is_off(supply: Amount, fills: int, length: Amount, is_open: bool) -> bool:
    if is_open:
        return supply.value * fills <= length.value
    return length.value not in {supply.value, supply.value * fills}


def _quantity_findings(
    ways: _Ways, quantity: Amount, fills: int, path: str, where: str, strength: Strength | None
) -> Iterator[LintFinding]:
    needs = [(name, widened(course.need, strength)) for name, course in ways if course.need]
    if not needs:
        words = f"What the steps need is not known, so {amount_text(quantity)} are not checked."
        ordered = Figure("quantity", path, quantity)
        yield finding("LIN-21", path, words, "Check it by eye.", ordered, severity=Severity.INFO)
    figures = [
        Figure(name, where, Amount(quantity.kind, need[quantity.kind]))
        for name, need in needs
        if quantity.kind in need
    ]
    ordered = Figure("quantity", path, quantity)
    if needs and not figures:
        need = next(iter(needs[0][1].items()))
        other = Figure(needs[0][0], where, Amount(*need))
        words = f"The steps need {other.text}, {ordered.text} are ordered: without a strength they "
        words += "cannot be compared."
        yield finding("LIN-21", path, words, "State the strength of the product.", other, ordered)
    values = [figure.says.value for figure in figures if isinstance(figure.says, Amount)]
    whole = quantity.value * fills
    if any(value not in {quantity.value, whole} for value in values):
        surplus = quantity.kind == "mL" and all(value < whole for value in values)
        words = f"The steps need {_listed(figures)}; {ordered.text} are ordered{_times(fills)}."
        severity = Severity.INFO if surplus else Severity.CAUTION
        yield finding("LIN-17", path, words, _FIX, *figures, ordered, severity=severity)
    elif values and fills > 1 and whole not in values:
        words = f"{ordered.text} are the whole course; with repeats it is ordered {fills} times."
        yield finding(
            "LIN-17",
            path,
            words,
            "Check that it is meant.",
            *figures,
            ordered,
            severity=Severity.INFO,
        )


_BY_NEED = {"steps": "dose and timing", "text": "text"}


def _listed(figures: Sequence[Figure]) -> str:
    return " and ".join(f"{figure.text} by {_BY_NEED[figure.source]}" for figure in figures)


def _times(fills: int) -> str:
    return f", with {sig.count(fills - 1, 'repeat')}" if fills > 1 else ""
