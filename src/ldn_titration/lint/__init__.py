"""The linter: does somebody's order for a titration or taper agree with itself?

Text against timing, doses against quantity, steps against each other. It holds no clinical
rule: an order may agree with itself and still be wrong for the patient.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from ldn_titration.findings import Severity
from ldn_titration.intake.orders.reading import MedicationOrder, read_orders
from ldn_titration.lint.check_course import course_findings
from ldn_titration.lint.check_structure import structure_findings
from ldn_titration.lint.check_supply import supply_findings
from ldn_titration.lint.check_text import text_findings
from ldn_titration.lint.finding import CODES, Figure, LintFinding, finding
from ldn_titration.lint.reading import read_steps

__all__ = ["CODES", "Figure", "LintFinding", "agrees", "lint", "lint_order"]


def lint(data: bytes | str) -> tuple[LintFinding, ...]:
    """The findings of every order in a JSON text, by place; none where all agree.

    Raises InvalidInputError for what cannot be read as FHIR R4 orders.

    >>> order = '''{"resourceType": "MedicationRequest", "dosageInstruction": [
    ...   {"text": "Take 8 tablets daily", "timing": {"repeat": {"frequency": 8, "period": 1,
    ...    "periodUnit": "d"}}, "doseAndRate": [{"doseQuantity": {"value": 1, "unit": "tablet",
    ...    "system": "http://unitsofmeasure.org", "code": "{tablet}"}}]}]}'''
    >>> for each in lint(order):
    ...     print(each.code, each.where, each.message)
    LIN-15 dosageInstruction[0].timing The text says 8 tablets once a day; the timing says \
8 times a day, 1 tablet each time. Both come to 8 tablets a day.
    """
    return tuple(each for order in read_orders(data) for each in lint_order(order))


def lint_order(order: MedicationOrder) -> tuple[LintFinding, ...]:
    """The findings of one order, by place."""
    found = (each._replace(order=order.path) for each in _findings(order))
    return tuple(sorted(found, key=lambda each: _place(order, each)))


def agrees(findings: Iterable[LintFinding]) -> bool:
    """Whether none of the findings is more than a remark."""
    return all(each.severity <= Severity.INFO for each in findings)


def _findings(order: MedicationOrder) -> Iterator[LintFinding]:
    yield from _state_findings(order)
    reads = read_steps(order)
    if not reads:
        where = _at(order, "dosageInstruction")
        words = "The order has no dosage instruction at all."
        yield finding("LIN-04", where, words, "State dose, frequency and length.")
    times: dict[int | None, set[str]] = {}
    for read in reads:
        times.setdefault(read.step.sequence, set()).update(read.structure.times)
    for read in reads:
        yield from structure_findings(read)
        yield from text_findings(read, order.strength, times[read.step.sequence])
    yield from course_findings(reads)
    yield from supply_findings(order, reads)


def _at(order: MedicationOrder, name: str) -> str:
    return f"{order.path}.{name}" if order.path else name


def _state_findings(order: MedicationOrder) -> Iterator[LintFinding]:
    """What makes an order none, or turns its meaning round."""
    if order.status == "entered-in-error":
        where = _at(order, "status")
        words = "The order was entered in error: it is none."
        yield finding(
            "LIN-01", where, words, "Do not use it.", Figure("status", where, order.status)
        )
    if order.do_not_perform:
        where = _at(order, "doNotPerform")
        words = "The order says that this is not to be given."
        yield finding("LIN-02", where, words, "Do not read it as an order to give.")
    for path in order.modified:
        words = "A modifier extension, unknown here, may turn the meaning round."
        yield finding("LIN-03", path, words, "Read what it means before anything else.")


_STEP = re.compile(r"dosageInstruction\[([0-9]+)\]")


def _place(order: MedicationOrder, each: LintFinding) -> tuple[int, int, str, str]:
    """Where a finding is shown: the order itself, its steps, what is dispensed."""
    below = each.where.removeprefix(order.path).removeprefix(".")
    step = _STEP.match(below)
    if step is not None:
        return 1, int(step[1]), each.code, each.where
    return (2 if below.startswith("dispenseRequest") else 0), 0, each.code, each.where
