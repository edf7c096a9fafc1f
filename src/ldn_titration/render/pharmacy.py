"""The pharmacy page, before any layout: sig by step, quantity, make and discard dates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from fractions import Fraction
from typing import NamedTuple

from ldn_titration import sig
from ldn_titration.bottles import Bottle
from ldn_titration.days import PlanStep
from ldn_titration.errors import InvalidInputError
from ldn_titration.fills import Counts
from ldn_titration.findings import Finding, Severity
from ldn_titration.order import Order, check_order
from ldn_titration.plan import DRUG, Plan
from ldn_titration.preparation import Drops, OralSolution
from ldn_titration.quantities import Volume
from ldn_titration.supply import PreparationSupply, Supply, supply
from ldn_titration.words import (
    Table,
    judged,
    next_words,
    preparation_words,
    verdict_line,
)

__all__ = ["Pharmacy", "pharmacy_page", "supplied"]


class Pharmacy(NamedTuple):
    """A page: lines of (what, value), tables, and sentences."""

    heading: str
    facts: tuple[tuple[str, str], ...]
    tables: tuple[Table, ...]
    notes: tuple[str, ...]


def supplied(
    plan: Plan, lead_days: int = 0, order: Order | None = None, *, dateless: bool = False
) -> tuple[Supply | None, Pharmacy]:
    """The supply of a plan (None where it cannot be worked out), and the page that tells it."""
    try:
        needed = supply(plan, lead_days=lead_days)
    except InvalidInputError as error:
        why = f"The supply cannot be worked out: {error}."
        return None, pharmacy_page(plan, why, dateless=dateless)
    findings = check_order(order, plan, needed) if order else ()
    return needed, pharmacy_page(plan, needed, findings, dateless=dateless)


def pharmacy_page(
    plan: Plan, needed: Supply | str, findings: Sequence[Finding] = (), *, dateless: bool = False
) -> Pharmacy:
    """What a pharmacy needs to dispense a plan; ``findings`` are those of an order."""
    facts = [("Drug", f"{DRUG} (doses are of the hydrochloride)")]
    facts += [("Screening", verdict_line(plan.screening, dateless=dateless))]
    tables = [_sig_table(plan, dateless)]
    notes = [needed] if isinstance(needed, str) else []
    if not isinstance(needed, str):
        for part in needed.parts:
            facts += _facts(part)
        tables += _tables(plan, needed, dateless)
        notes += _notes(needed)
    told = [found for found in judged(plan.screening) if found.severity > Severity.INFO]
    notes += [f"{found.code}: {found.message} {found.action}" for found in (*told, *findings)]
    return Pharmacy(
        "For the pharmacy",
        tuple(facts),
        tuple(tables),
        tuple(notes),
    )


# --- sig ------------------------------------------------------------------------------


def _sig_table(plan: Plan, dateless: bool) -> Table:
    rows = [
        (str(step.step), *_dates(plan, step.first, step.last, dateless), str(step.days), _sig(step))
        for step in plan.steps
    ]
    return Table("Sig by step", ("Step", "From", "To", "Days", "Sig"), rows)


def _dates(plan: Plan, first: date, last: date, dateless: bool) -> tuple[str, str]:
    if not dateless:
        return str(first), str(last)
    return f"Day {(first - plan.start).days + 1}", f"Day {(last - plan.start).days + 1}"


def _sig(step: PlanStep) -> str:
    doses = [(dose.time_of_day, dose.reading) for dose in step.doses]
    words = f"{sig.sig_text(doses, step.on_days)}."
    if step.only_if:
        words = f"Only if {step.only_if}: {words[:1].lower()}{words[1:]}"
    if not doses and step.why:
        words = f"{words[:-1]}: {step.why}."
    soon = next_words(step)
    return f"{words} {soon[:1].upper()}{soon[1:]}." if soon else words


# --- quantity -------------------------------------------------------------------------


def _facts(part: PreparationSupply) -> Iterator[tuple[str, str]]:
    dispense, totals = part.dispense, part.totals
    yield "Preparation", preparation_words(part.preparation)
    yield "Dispense", _quantity_words(part)
    yield "Days' supply", f"{sig.count(dispense.days_supply, 'day')} over all fills"
    yield "Refills", str(dispense.refills)
    if not part.is_counted and dispense.slow_end != dispense.fast_end:
        slow, fast = (_amount(each, part) for each in (dispense.slow_end, dispense.fast_end))
        yield "Taken", f"{slow} at the slow end of the steps, {fast} at the fast end"
    if not part.is_counted:
        parts = [f"{name} {_amount(amount, part)}" for name, amount in totals._asdict().items()]
        yield "In all", ", ".join(parts)
    if part.best and len(part.best) < len(totals.dispensed):  # type: ignore[arg-type]
        kept = ", ".join(map(sig.about, part.best))
        yield "Fewest strengths", f"{kept} are enough, without more pieces"


def _quantity_words(part: PreparationSupply) -> str:
    dispense = part.dispense
    if dispense.bottles is None:
        return _amount(dispense.quantity, part)
    liquid = part.preparation
    size = liquid.bottle_volume if isinstance(liquid, Drops | OralSolution) else None
    each = f" of {sig.about(size)}" if size else ", made to measure"
    total = _amount(dispense.quantity, part)
    return f"{sig.count(dispense.bottles, 'bottle')}{each} ({total} in all)"


def _amount(amount: Volume | Counts, part: PreparationSupply) -> str:
    if not isinstance(amount, tuple):
        return sig.about(amount)
    noun = part.preparation.form.removesuffix("s")
    counts = [f"{sig.count(_tidy(n), noun)} of {sig.about(s)}" for s, n in amount if n]
    return " plus ".join(counts) or "none"


def _tidy(count: Fraction) -> int | Fraction:
    return int(count) if count.denominator == 1 else count


# --- bottles and fills ----------------------------------------------------------------


def _tables(plan: Plan, needed: Supply, dateless: bool) -> Iterator[Table]:
    def day(on: date) -> str:
        return f"Day {(on - plan.start).days + 1}" if dateless else str(on)

    if needed.bottles:
        columns = ["No.", "Made on", "Last dose", "Discard on", "Drawn", "Rest, why it ends"]
        rows = [
            [str(b.bottle), *map(day, (b.made_on, b.last_dose, b.discard_on)), *_rest(b)]
            for b in needed.bottles
        ]
        orders = [on for part in needed.parts if part.bottles for on in part.orders]
        if any(part.lead_days for part in needed.parts):
            columns.insert(1, "Order by")
            for row, on in zip(rows, orders, strict=True):
                row.insert(1, day(on))
        yield Table("Bottles", columns, rows)
    for part in needed.parts:
        if part.is_counted:
            rows = [
                [str(f.fill), *map(day, (f.order_on, f.first, f.last)), _amount(f.counts, part)]
                for f in part.fills
            ]
            yield Table("Fills", ("Fill", "Order by", "From", "To", "Dispense"), rows)
            yield _counts_table(part)


def _counts_table(part: PreparationSupply) -> Table:
    """Each strength: how many are dispensed, taken at either end of the steps, and left."""
    dispense, totals = part.dispense, part.totals
    ends = {"Taken": dispense.slow_end}
    if dispense.slow_end != dispense.fast_end:
        ends = {"Slow end": dispense.slow_end, "Fast end": dispense.fast_end}
    columns = {"Dispensed": totals.dispensed, **ends, "Left": totals.left}
    counts = [dict(each) for each in columns.values()]  # type: ignore[arg-type]
    none = Fraction(0)
    rows = [
        (sig.about(strength), *(str(_tidy(each.get(strength, none))) for each in counts))
        for strength in counts[0]
    ]
    return Table("Counts by strength", ("Strength", *columns), rows)


def _rest(bottle: Bottle) -> tuple[str, str]:
    """What was drawn, and what became of the rest."""
    wasted, left = f"{sig.about(bottle.wasted)} wasted", f"{sig.about(bottle.left)} left"
    rest = f"{wasted}, " if bottle.wasted else f"{left}, " if bottle.left else ""
    begins = f"; begins at {bottle.begins_at}" if bottle.begins_at else ""
    return sig.about(bottle.drawn), f"{rest}{bottle.ended_by}{begins}"


def _notes(needed: Supply) -> Iterator[str]:
    if needed.bottles:
        yield "Each bottle is made on the day of its first dose and never used on its discard date."
        yield "No dose is drawn from two bottles."
    if any(part.dispense.slow_end != part.dispense.fast_end for part in needed.parts):
        yield "The dates are those of the slow end; who climbs faster needs the next one sooner."
    if any(part.is_counted and not part.preparation.beyond_use_days for part in needed.parts):
        yield "No beyond-use date is stated for the capsules or tablets: check how long they keep."


# --- on the calendar ------------------------------------------------------------------
