"""Plans, screenings and the knowledge base as plain text that reads well in 80 columns."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence

from ldn_titration import sig
from ldn_titration.findings import Finding, Outcome, RuleOutcome, Screening, Severity
from ldn_titration.knowledge import Knowledge, Opioid, Protocol, policy
from ldn_titration.plan import Plan
from ldn_titration.render.pharmacy import pharmacy_page
from ldn_titration.selfcheck import CanaryResult
from ldn_titration.supply import Supply
from ldn_titration.words import (
    NOT_REVIEWED,
    Table,
    directions,
    dose_words,
    dropper_bands,
    how_often,
    judged,
    missing_words,
    override_words,
    preparations_words,
    remarks,
    times_differ,
    title,
    totals_words,
    unbroken,
)

__all__ = [
    "findings_text",
    "opioid_text",
    "plan_text",
    "protocols_text",
    "screening_text",
    "self_check_text",
    "supply_text",
]

_WIDTH = 80


def plan_text(plan: Plan) -> str:
    """The plan as text: what is taken, step by step, the totals, and the screening."""
    screening = plan.screening
    days = f"{plan.start} to {plan.end}, {sig.count(len(plan), 'day')}, {how_often(plan)}."
    lines = [title(plan), "=" * len(title(plan)), "", *_wrapped(days)]
    lines += _wrapped(f"Preparation: {preparations_words(plan)}.")
    lines += _wrapped(dropper_bands(plan))
    lines += ["", *_step_lines(plan), "", *_wrapped(_totals(plan)), ""]
    lines += _diary_lines(plan)
    lines += [*_verdict_lines(screening), *_milestone_lines(screening), *_basis_in_short(screening)]
    return "\n".join([*lines, *_stamp_lines(screening)]) + "\n"


def _diary_lines(plan: Plan) -> Iterator[str]:
    """What happened, in the order of its days."""
    if plan.diary:
        yield "Diary"
        for event in sorted(plan.diary, key=lambda event: event.on):
            first, *more = _wrap(event.why, _WIDTH - 12)
            yield f"{event.on}  {first}"
            yield from (" " * 12 + line for line in more)
        yield ""


def _totals(plan: Plan) -> str:
    totals = plan.totals
    return f"Total: {sig.count(totals.days, 'day')}, {totals_words(totals)}."


_HEADER = ("Step", "From", "To", "Days", "Dose a day", "Take")


def _step_lines(plan: Plan) -> Iterator[str]:
    rows = [
        (str(s.step), str(s.first), str(s.last), str(s.days), dose_words(s)) for s in plan.steps
    ]
    widths = [max(map(len, column)) for column in zip(_HEADER[:5], *rows, strict=True)]
    room = _WIDTH - sum(widths) - 2 * len(widths)
    timed = times_differ(plan)
    yield _row(_HEADER[:5], widths) + _HEADER[5]
    yield _row(["-" * width for width in widths], widths) + "-" * room
    for step, row in zip(plan.steps, rows, strict=True):
        first, *others = _wrap(directions(step, timed=timed), room)
        yield _row(row, widths) + first
        others += (line for words in remarks(step) for line in _wrap(words, room))
        yield from (" " * (_WIDTH - room) + more for more in others)


def supply_text(plan: Plan, needed: Supply, findings: Sequence[Finding] = ()) -> str:
    """The supply as text: what to dispense, the sig of each step, bottles or fills."""
    page = pharmacy_page(plan, needed, findings)
    heading = title(plan, "supply")
    lines = [heading, "=" * len(heading), ""]
    lines += [line for name, value in page.facts for line in _wrapped(f"{name}: {value}.")]
    for table in page.tables:
        lines += ["", table.caption, *_table_lines(table)]
    if page.notes:
        lines += ["", *(line for note in page.notes for line in _wrapped(note))]
    return "\n".join([*lines, *_stamp_lines(plan.screening)]) + "\n"


def _table_lines(table: Table) -> Iterator[str]:
    """The table in columns as wide as their cells; the last one is wrapped."""
    shown = [table.columns, *table.rows]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)][:-1]
    room = max(16, _WIDTH - sum(widths) - 2 * len(widths))
    yield _line(table.columns, widths)
    yield _line(["-" * width for width in widths] + ["-" * room], widths)
    for row in table.rows:
        first, *others = _wrap(row[-1], room)
        yield _line([*row[:-1], first], widths)
        yield from (" " * (_WIDTH - room) + more for more in others)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=False))
    return "  ".join((*padded, cells[-1]))


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    numbers = {0, 3}
    return "".join(
        (cell.rjust(width) if place in numbers else cell.ljust(width)) + "  "
        for place, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )


def _wrapped(text: str, indent: str = "") -> list[str]:
    return [indent + line for line in _wrap(text, _WIDTH - len(indent))]


def _wrap(text: str, width: int) -> list[str]:
    """The lines of a text; a number is never parted from its unit."""
    plain = unbroken(text)
    if _UNEVEN.search(plain):
        lines = textwrap.wrap(plain, width, break_on_hyphens=False, break_long_words=False)
    else:
        lines = list(_wrapped_words(plain, width))
    return [line.replace("\u00a0", " ") for line in lines]


_UNEVEN = re.compile(r"^$|(?:^| )\s|\s$|[\t\n\v\f\r]")


def _wrapped_words(text: str, width: int) -> Iterator[str]:
    """As textwrap does it, many times as fast, of words with one space between them."""
    begin = 0
    while len(text) - begin > width:
        end = text.rfind(" ", begin, begin + width + 1)
        end = text.find(" ", begin + width) if end < 0 else end
        if end < 0:
            break
        yield text[begin:end]
        begin = end + 1
    yield text[begin:]


def screening_text(screening: Screening) -> str:
    """The screening as text: verdict, findings, dated notes, and the basis rule by rule."""
    lines = [*_verdict_lines(screening), *_milestone_lines(screening)]
    lines += [*_medicine_lines(screening), *_basis_lines(screening), *_stamp_lines(screening)]
    return "\n".join(lines) + "\n"


def findings_text(screening: Screening) -> str:
    """The verdict and the findings alone, with the rules in short."""
    lines = [*_verdict_lines(screening), *_basis_in_short(screening), *_stamp_lines(screening)]
    return "\n".join(lines) + "\n"


def _verdict_lines(screening: Screening) -> Iterator[str]:
    yield f"Screening for a start on {screening.start}: {str(screening.verdict).upper()}"
    if screening.not_before is not None:
        yield f"Opioid-free intervals allow a start from {screening.not_before}."
    for words in override_words(screening):
        yield from _wrapped(words)
    for finding in judged(screening):
        yield from ("", *_finding_lines(finding))
    if screening.missing:
        yield from ("", *_wrapped(missing_words(screening)))
    if any(finding.severity is Severity.HOLD for finding in screening.findings):
        yield from ("", *_wrapped(f"An override of a hold is bound to: {screening.digest}"))


def _stamp_lines(screening: Screening) -> Iterator[str]:
    stamp = screening.knowledge
    yield from ("", *_wrapped(f"Knowledge base {stamp.version}, sha256 {stamp.sha256[:16]}."))
    yield from _wrapped(NOT_REVIEWED)


def _milestone_lines(screening: Screening) -> Iterator[str]:
    if screening.milestones:
        yield from ("", "Dated notes")
    for due in screening.milestones:
        sources = f" [{', '.join(due.sources)}]" if due.sources else ""
        first, *more = _wrap(f"{due.title}: {due.what}{sources}", _WIDTH - 12)
        yield f"{due.on}  {first}"
        yield from (" " * 12 + line for line in more)


def _medicine_lines(screening: Screening) -> Iterator[str]:
    if screening.medicines:
        yield from ("", "Medicines as they were read")
    for each in screening.medicines:
        yield from _wrapped(f"{each.line}: {each.read_as}.")
        yield from _wrapped(each.why, "    ")


def _basis_lines(screening: Screening) -> Iterator[str]:
    """Every rule: what became of it, on which inputs, what would change it, and its sources."""
    yield from ("", "Basis: every rule")
    for rule in screening.basis:
        yield from _wrapped(f"{rule.code} {rule.title}: {rule.outcome.value}")
        yield from _wrapped(rule.says, "    ")
        yield from _wrapped("; ".join(f"{name}: {text}" for name, text in rule.inputs), "    ")
        if rule.outcome is not Outcome.DID_NOT_FIRE:
            on = f" From {rule.changes_on}." if rule.changes_on else ""
            yield from _wrapped(f"Changes: {rule.changes}{on}", "    ")
        cited = ", ".join(f"{source.key} ({source.tier})" for source in rule.sources)
        yield from _wrapped(f"Sources (tier): {cited}", "    ")


def _basis_in_short(screening: Screening) -> Iterator[str]:
    """Every rule by its code, grouped by what became of it."""
    yield from ("", "Basis: every rule (`screen` gives inputs and sources of each)")
    for outcome in Outcome:
        rules = [_in_short(rule) for rule in screening.basis if rule.outcome is outcome]
        if rules:
            yield from _wrapped(f"{outcome.value.capitalize()}: {', '.join(rules)}.", "    ")


def _in_short(rule: RuleOutcome) -> str:
    not_evaluated = rule.outcome is Outcome.NOT_EVALUATED
    return f"{rule.code} (for want of {', '.join(rule.wanting)})" if not_evaluated else rule.code


def _finding_lines(finding: Finding) -> Iterable[str]:
    lines = _wrapped(f"[{str(finding.severity).upper()}] {finding.code}: {finding.message}")
    lines += _wrapped(finding.action, "    ")
    if finding.clears_on is not None:
        lines += _wrapped(f"Clears on {finding.clears_on}.", "    ")
    if finding.sources:
        lines += _wrapped(f"Sources: {', '.join(finding.sources)}.", "    ")
    return lines


def protocols_text(protocols: Iterable[Protocol]) -> str:
    """Every protocol with its id, steps, source and caution, or why it is refused."""
    return "\n".join(line for row in protocols for line in _protocol_lines(row)) + "\n"


def _protocol_lines(row: Protocol) -> Iterable[str]:
    yield f"{row.id} ({row.kind})"
    yield from _wrapped(f"{row.title}; {row.population}.", "    ")
    for name, value in (("Schedule", row.schedule), ("Refused", row.reason), ("", row.caution)):
        if value and (name != "Refused" or row.kind == "refused"):
            yield from _wrapped(f"{name}: {value}" if name else value, "    ")
    yield from (*_wrapped(f"Source: {row.source} (tier {row.evidence_tier}).", "    "), "")


def opioid_text(rows: Sequence[Opioid], base: Knowledge) -> str:
    """What the knowledge base says of an opioid, with the sources written out."""
    return "\n".join(line for row in rows for line in _opioid_lines(row, base)) + "\n"


def self_check_text(results: Sequence[CanaryResult], base: Knowledge) -> str:
    """Every canary, whether its rule fired, and how many did."""
    lines = [
        f"{'ok    ' if result.fired else 'SILENT'} {result.canary.code} "
        f"{result.canary.severity}: {result.canary.what}"
        for result in results
    ]
    fired = sum(result.fired for result in results)
    summed = (
        f"{fired} of {len(results)} canaries; knowledge base {base.version}, {base.sha256[:16]}."
    )
    return "\n".join([*lines, "", summed, NOT_REVIEWED]) + "\n"


def _opioid_lines(row: Opioid, base: Knowledge) -> Iterable[str]:
    yield row.name
    yield from _wrapped(f"{row.kind.replace('_', ' ')}; release: {row.release}.", "    ")
    yield from _wrapped(_window_words(row), "    ")
    yield from _wrapped(row.note, "    ")
    yield from _wrapped(f"{row.fact} (confidence: {row.confidence})", "    ")
    for key in row.sources:
        source = base.sources[key]
        yield from _wrapped(f"- {source.title} ({key}, tier {source.tier})", "    ")
    yield from (*_wrapped(NOT_REVIEWED, "    "), "")


def _window_words(row: Opioid) -> str:
    if not row.is_opioid:
        return f"No opioid agonist: no interval is counted. {row.why_not}"
    if row.window is None:
        return f"Depot: no interval is known; held for {policy('depot_lookback').whole} days."
    least, most = row.window
    if least == 0:
        return f"Warns while taken and for {most} days after."
    return f"Opioid-free days: below {least} stop, below {most} hold."
