"""Checks of the structure of one step: dose, unit, timing and bounds, each on its own."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from ldn_titration.findings import Severity
from ldn_titration.intake.orders.amounts import Amount, Written, amount_of, unit_fault
from ldn_titration.intake.orders.reading import DoseWritten, Timing
from ldn_titration.lint.doses import amount_text
from ldn_titration.lint.finding import Figure, LintFinding, finding
from ldn_titration.lint.reading import StepRead
from ldn_titration.lint.rhythm import number_text
from ldn_titration.lint.structure import (
    length_by_text,
    rhythm_of_code,
    rhythm_of_code_text,
    single_time,
)
from ldn_titration.lint.words import Said

__all__ = ["structure_findings", "unit_findings"]

_SAY_DOSE = "State one dose, as a quantity with its unit and code."
_SAY_TIMING = "State frequency, period and periodUnit; it is never taken as once a day."


def structure_findings(read: StepRead) -> Iterator[LintFinding]:
    """What is missing, vague or contradictory in the structure of a step."""
    if not read.is_structured:
        yield from _words_alone(read)
        return
    yield from _dose_findings(read)
    if read.step.timing is None:
        yield _no_timing(read, f"{read.step.path}.timing", "The step has no timing")
    else:
        path = f"{read.step.path}.timing.repeat"
        yield from _often_findings(read, read.step.timing, path)
        yield from _bounds_findings(read.step.timing, path)
        yield from _own_findings(read, read.step.timing, path)


def _words_alone(read: StepRead) -> Iterator[LintFinding]:
    """A step that is told in words only must tell all of it."""
    path = read.step.path
    if not read.texts:
        yield finding("LIN-04", path, "The step has neither dose nor timing nor text.", _SAY_DOSE)
    elif not read.is_told_whole:
        return
    if read.texts and not any(said.doses for said in read.said):
        yield finding(
            "LIN-04", path, "Neither structure nor text of the step tells a dose.", _SAY_DOSE
        )
    for place, said in enumerate(read.said):
        yield from _said_alone(read, said)
        if length_by_text(said) is None and said.end is None and place + 1 < len(read.said):
            words = f"The text tells {len(read.said)} steps, but not when the {place + 1}. ends."
            yield finding("LIN-12", path, words, "State for how long each step lasts.")


def _said_alone(read: StepRead, said: Said) -> Iterator[LintFinding]:
    for each in said.doses:
        figure = Figure("text", read.texts[0].path, str(each.dose))
        if each.how_often is None:
            words = f"The text tells {each.dose}, but not how often; the step has no timing."
            yield finding("LIN-06", read.step.path, words, _SAY_TIMING, figure)
        if each.dose.is_range:
            words = f"The text tells a range: {each.dose}."
            yield finding("LIN-07", read.step.path, words, _SAY_DOSE, figure)


# --- dose and unit --------------------------------------------------------------------


def _dose_findings(read: StepRead) -> Iterator[LintFinding]:
    entries = read.step.doses
    if not any(e.dose or e.low or e.high for e in entries):
        rate = " but a rate, which is not read" if any(e.has_rate for e in entries) else ""
        told = [each.dose for said in read.said for each in said.doses]
        said = f"; its text says {told[0]}" if told else ""
        figures = [Figure("text", read.texts[0].path, str(told[0]))] if told else []
        where = f"{read.step.path}.doseAndRate"
        yield finding("LIN-04", where, f"The step has no dose{rate}{said}.", _SAY_DOSE, *figures)
    for entry in entries:
        yield from _entry_findings(entry)
    yield from _two_doses(read)


def _two_doses(read: StepRead) -> Iterator[LintFinding]:
    """Two doses in one unit that differ: the first such pair."""
    first: dict[str, tuple[str, Amount]] = {}
    for entry in read.step.doses:
        amount = amount_of(entry.dose)
        if amount is None:
            continue
        path, other = first.setdefault(amount.kind, (entry.path, amount))
        if other != amount:
            both = f"The step has two doses: {amount_text(other)} and {amount_text(amount)}."
            figures = Figure("dose", path, other), Figure("dose", entry.path, amount)
            yield finding("LIN-07", f"{read.step.path}.doseAndRate", both, _SAY_DOSE, *figures)
            return


def _entry_findings(entry: DoseWritten) -> Iterator[LintFinding]:
    if entry.low is not None or entry.high is not None:
        low, high = (_shown(written) for written in (entry.low, entry.high))
        where = f"{entry.path}.doseRange"
        words = f"A range is not one dose: from {low} to {high}."
        figures = Figure("low", f"{where}.low", low), Figure("high", f"{where}.high", high)
        yield finding("LIN-07", where, words, _SAY_DOSE, *figures)
        for name, end in (("low", entry.low), ("high", entry.high)):
            yield from unit_findings(end, f"{where}.{name}") if end else ()
    if entry.dose is None:
        return
    where = f"{entry.path}.doseQuantity"
    amount = amount_of(entry.dose)
    is_time = amount is not None and amount.kind in {"d", "month"}
    if entry.dose.value is None or entry.dose.value <= 0 or is_time:
        words = f"The dose is {_shown(entry.dose)}, which is no dose."
        yield finding("LIN-04", where, words, _SAY_DOSE)
    if entry.dose.comparator is not None:
        words = f'"{entry.dose.comparator} {_shown(entry.dose)}" is not one dose.'
        yield finding("LIN-07", where, words, _SAY_DOSE)
    yield from unit_findings(entry.dose, where)


def unit_findings(
    written: Written, where: str, missing: Severity = Severity.INSUFFICIENT
) -> Iterator[LintFinding]:
    """What is wrong with the unit of a quantity; ``missing`` is how much a lacking code weighs."""
    fault = unit_fault(written)
    if fault is None:
        return
    unit = Figure("unit", f"{where}.unit", written.unit or "none")
    code = Figure("code", f"{where}.code", written.code or "none")
    hint = f'The UCUM code is "{fault.expected}".' if fault.expected else "Give a UCUM code."
    if fault.kind == "no unit":
        words = f"{_shown(written)} has no unit; a number alone is no quantity."
        yield finding("LIN-05", where, words, "State unit, system and code.", code)
    elif fault.kind == "no code":
        lacks = "code" if written.code is None else "system"
        words = f"{_shown(written)} has no {lacks}; it is never taken to be UCUM."
        yield finding(
            "LIN-05", where, words, "State system and code.", unit, code, severity=missing
        )
    elif fault.kind == "conflict":
        words = f'The unit says "{written.unit}"; the code says "{written.code}".'
        yield finding("LIN-08", where, words, "Find out which is meant.", unit, code)
    else:
        words = f'The code "{written.code}" is no UCUM code known here.'
        yield finding("LIN-08", where, words, hint, unit, code)


def _shown(written: Written | None) -> str:
    if written is None or written.value is None:
        return "nothing"
    return f"{number_text(written.value)} {written.unit or written.code or ''}".strip()


# --- how often ------------------------------------------------------------------------


def _often_findings(read: StepRead, timing: Timing, path: str) -> Iterator[LintFinding]:
    if timing.frequency_max or timing.period_max:
        ends = (timing.frequency or timing.period, timing.frequency_max or timing.period_max)
        low, high = (number_text(Fraction(end)) if end else "nothing" for end in ends)
        what = "frequency" if timing.frequency_max else "period"
        figures = (
            Figure(what, f"{path}.{what}", low),
            Figure(f"{what}Max", f"{path}.{what}Max", high),
        )
        words = f"How often is a range: a {what} of {low} to {high}."
        yield finding("LIN-07", path, words, "State one frequency.", *figures)
    elif timing.events:
        yield _no_timing(
            read, f"{path.removesuffix('.repeat')}.event", "Single events are not read"
        )
    elif read.structure.rhythm is None:
        yield _no_timing(read, path, f"The timing does not say how often{_what_it_lacks(timing)}")


def _what_it_lacks(timing: Timing) -> str:
    if timing.period is not None and timing.period <= 0:
        return f": its period is {number_text(timing.period)}"
    names = ("frequency", "period", "period_unit")
    lacks = [name for name in names if getattr(timing, name) is None]
    if not 0 < len(lacks) < len(names):
        return ""
    return f": it has no {' and no '.join(lacks)}".replace("period_unit", "periodUnit")


def _no_timing(read: StepRead, where: str, words: str) -> LintFinding:
    often = [each.how_often for said in read.said for each in said.doses]
    if often and often[0] is not None:
        figure = Figure("text", read.texts[0].path, str(often[0])) if read.texts else None
        also = f"{words}; its text says {often[0]}."
        return finding("LIN-06", where, also, _SAY_TIMING, *([figure] if figure else []))
    return finding("LIN-06", where, f"{words}.", _SAY_TIMING)


# --- bounds ---------------------------------------------------------------------------


def _bounds_findings(timing: Timing, path: str) -> Iterator[LintFinding]:
    where = f"{path}.bounds{(timing.bounds or '').capitalize()}"
    if timing.start and timing.end and timing.end < timing.start:
        figures = (
            Figure("start", f"{where}.start", str(timing.start)),
            Figure("end", f"{where}.end", str(timing.end)),
        )
        words = f"The step ends on {timing.end}, before it begins on {timing.start}."
        yield finding("LIN-09", where, words, "Correct start or end.", *figures)
    if timing.is_vague:
        words = "Start or end is a month or a year; its day is not known."
        yield finding("LIN-09", where, words, "State the day.")
    if timing.bounds == "range":
        yield finding("LIN-07", where, "The length of the step is a range.", "State one length.")
    if timing.duration is not None:
        yield from unit_findings(timing.duration, where)
        value = timing.duration.value
        length = amount_of(timing.duration)
        no_time = length is not None and length.kind not in {"d", "month"}
        if value is None or value <= 0 or no_time or timing.duration.comparator is not None:
            words = (
                f"A step cannot last {timing.duration.comparator or ''}{_shown(timing.duration)}."
            )
            yield finding("LIN-09", where, words, "State for how many days.")


# --- timing against itself ------------------------------------------------------------


def _own_findings(read: StepRead, timing: Timing, path: str) -> Iterator[LintFinding]:
    yield from _times_findings(read, timing, path)
    yield from _code_findings(read, timing, path)
    yield from _count_findings(read, timing, path)
    yield from _lasts_findings(timing, path)


def _times_findings(read: StepRead, timing: Timing, path: str) -> Iterator[LintFinding]:
    times, often = read.structure.times, timing.frequency
    if often is not None and len(times) > 1 and len(times) != often:
        figures = (
            Figure("frequency", f"{path}.frequency", Amount("time", Fraction(often))),
            Figure("when", f"{path}.when", Amount("time", Fraction(len(times)))),
        )
        words = f"The frequency is {often}; there are {len(times)} times: {', '.join(times)}."
        yield finding("LIN-16", path, words, "Make frequency and times agree.", *figures)
    rhythm, single = read.structure.rhythm, single_time(timing)
    if single and rhythm is not None and rhythm.period == 1 and rhythm.times > 1:
        figures = (
            Figure("frequency", f"{path}.frequency", Amount("time", Fraction(rhythm.times))),
            Figure("when", path, single),
        )
        words = f"The timing says {rhythm}; there is one time of day: {' '.join(times) or single}."
        yield finding("LIN-16", path, words, "Make frequency and times agree.", *figures)


def _code_findings(read: StepRead, timing: Timing, path: str) -> Iterator[LintFinding]:
    by_code, rhythm = rhythm_of_code(timing) or rhythm_of_code_text(timing), read.structure.rhythm
    if by_code is not None and rhythm is not None and by_code.per_day != rhythm.per_day:
        where = f"{path.removesuffix('.repeat')}.code"
        figures = Figure("code", where, str(by_code)), Figure("repeat", path, str(rhythm))
        words = f"The code says {by_code}; the timing says {rhythm}."
        yield finding("LIN-16", where, words, "Find out which is meant.", *figures)


def _lasts_findings(timing: Timing, path: str) -> Iterator[LintFinding]:
    lasts = amount_of(timing.lasts)
    if lasts is not None and lasts.kind == "d" and lasts.value >= 1:
        words = (
            f"Each single administration is said to last {amount_text(lasts)}: duration is "
            "that of one administration, boundsDuration that of the step."
        )
        action = "If the length of the step is meant, state it in boundsDuration."
        yield finding("LIN-16", f"{path}.duration", words, action, Figure("duration", path, lasts))


def _count_findings(read: StepRead, timing: Timing, path: str) -> Iterator[LintFinding]:
    rhythm, days = read.structure.rhythm, read.structure.days
    if timing.doses_in_all is None or timing.bounds is None or rhythm is None or days is None:
        return
    needed = rhythm.doses_in(days)
    if needed is not None and needed != timing.doses_in_all:
        figures = (
            Figure("count", f"{path}.count", Amount("dose", Fraction(timing.doses_in_all))),
            Figure("bounds", path, Amount("dose", needed)),
        )
        words = f"The count is {timing.doses_in_all} doses; the bounds hold {number_text(needed)}."
        yield finding("LIN-16", path, words, "Make count and bounds agree.", *figures)
