"""Checks of the words of one step: against themselves, and against its structure."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from fractions import Fraction

from ldn_titration.findings import Severity
from ldn_titration.intake.orders.amounts import Amount, Strength
from ldn_titration.lint.doses import Dose, amount_text
from ldn_titration.lint.finding import Figure, LintFinding, finding
from ldn_titration.lint.reading import StepRead, TextAt
from ldn_titration.lint.rhythm import Rhythm
from ldn_titration.lint.structure import Structure, length_by_text, same_unit
from ldn_titration.lint.words import Said, SaidDose, read_text

__all__ = ["text_findings"]

_AGREE = "Find out which is meant, and make text and structure say it."
_MAX_SHOWN = 200


def text_findings(
    read: StepRead, strength: Strength | None, times: Collection[str]
) -> Iterator[LintFinding]:
    """What the words of a step do not agree about.

    ``times`` are the times of day of all steps that are taken together with it.
    """
    for text in read.texts:
        yield from _reading_findings(text)
    yield from _note_findings(read)
    yield from _strength_findings(read, strength)
    if not read.is_structured:
        return
    for place, text in enumerate(read.texts):
        said = read.said if place == 0 else text.read.steps
        if len(said) > 1:
            words = f"The text tells {len(said)} steps one after the other; the structure one."
            steps = Amount("step", Fraction(len(said))), Amount("step", Fraction(1))
            figures = (
                Figure("text", text.path, steps[0]),
                Figure("dosage", read.step.path, steps[1]),
            )
            yield finding("LIN-22", text.path, words, "Give each step its own text.", *figures)
        elif said:
            yield from _against(said[0], text.path, read, strength, times)


def _reading_findings(text: TextAt) -> Iterator[LintFinding]:
    figure = Figure("text", text.path, _short(text.text))
    for part in text.read.unread:
        words = f'Not understood, so not checked: "{_short(part)}".'
        yield finding("LIN-19", text.path, words, "Check it by eye.", figure)
    for part in text.read.remarks:
        words = f'Not understood: "{_short(part)}"; it has no figures.'
        more = "Check it by eye."
        yield finding("LIN-19", text.path, words, more, figure, severity=Severity.INFO)
    for said in text.read.steps:
        if said.start and said.end and said.end < said.start:
            words = f"By its text the step ends on {said.end}, before it begins on {said.start}."
            days = (
                Figure("start", text.path, str(said.start)),
                Figure("end", text.path, str(said.end)),
            )
            yield finding("LIN-20", text.path, words, "Find out which is meant.", *days)
    for one, other in text.read.clashes:
        figures = Figure("text", text.path, one), Figure("text", text.path, other)
        words = f"The text says {one} and {other} of the same thing."
        yield finding("LIN-20", text.path, words, "Find out which is meant.", *figures)


def _strength_findings(read: StepRead, strength: Strength | None) -> Iterator[LintFinding]:
    """Doses told in pieces and in mass that the strength of the product does not bear out."""
    told = [(text.path, d.dose) for text in read.texts for s in text.read.steps for d in s.doses]
    if read.structure.dose is not None:
        told.append((f"{read.step.path}.doseAndRate", read.structure.dose))
    for path, dose in told:
        pieces, mass = dose.of(strength.per) if strength else None, dose.of("mg")
        if strength is None or pieces is None or mass is None:
            continue
        said, is_ = Amount("mg", mass), Amount("mg", pieces * strength.mass)
        rounded = dose.about + (dose.about and strength.per == "mL")
        if not _alike(said, is_, rounded) and not dose.is_range:
            many = amount_text(Amount(strength.per, pieces))
            words = f"{many} are said to be {amount_text(said)}; by the strength of the product "
            words += f"they are {amount_text(is_)}."
            figures = Figure("dose", path, said), Figure("strength", path, is_)
            yield finding("LIN-14", path, words, "Find out which strength is meant.", *figures)


def _note_findings(read: StepRead) -> Iterator[LintFinding]:
    """Additional instructions with figures of their own, which nothing is checked against."""
    for path, note in read.step.notes:
        told = read_text(note)
        if told.unread or any(said.doses or said.length for said in told.steps):
            words = (
                f'An additional instruction has figures, which are not checked: "{_short(note)}".'
            )
            yield finding(
                "LIN-19", path, words, "Check it by eye.", Figure("note", path, _short(note))
            )


def _short(text: str) -> str:
    return text if len(text) <= _MAX_SHOWN else text[:_MAX_SHOWN] + "..."


# --- text against structure -----------------------------------------------------------


def _against(
    said: Said, path: str, read: StepRead, strength: Strength | None, times: Collection[str]
) -> Iterator[LintFinding]:
    yield from _dose_and_rhythm(said, path, read, strength, times)
    yield from _bounds(said, path, read)
    if said.as_needed != bool(read.step.as_needed):
        one, other = ("as needed", "always") if said.as_needed else ("always", "as needed")
        figures = Figure("text", path, one), Figure("asNeeded", f"{read.step.path}.asNeeded", other)
        words = f"By its text the step is taken {one}; by its structure {other}."
        yield finding("LIN-22", path, words, _AGREE, *figures)


def _dose_and_rhythm(
    said: Said, path: str, read: StepRead, strength: Strength | None, times: Collection[str]
) -> Iterator[LintFinding]:
    told = _one(said.doses, read.structure, times)
    if said.doses and told is None:
        listed = " and ".join(f"{d.dose} {d.how_often or ''}".strip() for d in said.doses)
        words = f"The text tells several doses of a day ({listed}); the structure tells one."
        yield finding("LIN-22", path, words, _AGREE, Figure("text", path, listed))
    if not said.doses:
        yield from _rhythm_alone(said, path, read)
    if told is None:
        return
    if told.dose.is_range:
        words = f"The text tells a range: {told.dose}."
        yield finding(
            "LIN-07", path, words, "State one dose.", Figure("text", path, str(told.dose))
        )
        return
    both = _doses(told.dose, read.structure.dose, strength)
    differs = both is not None and not _alike(*both, told.dose.about)
    often, rhythm = told.how_often, read.structure.rhythm
    off = None
    if often is not None and rhythm is not None and often.per_day != rhythm.per_day:
        off = often, rhythm
    if read.structure.dose is not None and both is None:
        yield _not_compared(told.dose, read.structure.dose, path, read)
    if off is not None:
        yield _rhythm_finding(told.dose, *off, path, read, both)
    if differs and both is not None and not (off and _same_a_day(both, *off)):
        yield _dose_finding(told.dose, both, path, read)
    yield from _times(told.times, path, read)


def _one(
    doses: tuple[SaidDose, ...], structure: Structure, times: Collection[str]
) -> SaidDose | None:
    """The one dose of a text: alike doses at several times are one; else that of this time.

    None where it has none, or tells one at a time that no step has.
    """
    if len({each.dose.amounts for each in doses}) == 1:
        if len(doses) == 1:
            return doses[0]
        times = tuple(time for each in doses for time in each.times)
        return SaidDose(doses[0].dose, Rhythm(len(doses), Fraction(1)), times)
    here = [each for each in doses if each.times and each.times == structure.times]
    elsewhere = all(each.times and set(each.times).issubset(times) for each in doses)
    return here[0] if len(here) == 1 and elsewhere else None


def _doses(
    said: Dose, dose: Dose | None, strength: Strength | None
) -> tuple[Amount, Amount] | None:
    return None if dose is None else same_unit(said.amounts, dose.amounts, strength)


def _alike(one: Amount, other: Amount, rounded: int) -> bool:
    """Whether both are the same, so many of them having been rounded to three figures."""
    return abs(one.value - other.value) * 200 <= other.value * rounded


def _same_a_day(both: tuple[Amount, Amount], often: Rhythm, rhythm: Rhythm) -> bool:
    return both[0].value * often.per_day == both[1].value * rhythm.per_day


def _rhythm_finding(
    dose: Dose,
    often: Rhythm,
    rhythm: Rhythm,
    path: str,
    read: StepRead,
    both: tuple[Amount, Amount] | None,
) -> LintFinding:
    where = f"{read.step.path}.timing"
    figures = [Figure("text", path, str(often)), Figure("timing", f"{where}.repeat", str(rhythm))]
    each = f", {read.structure.dose} each time" if read.structure.dose is not None else ""
    words = f"The text says {dose} {often}; the timing says {rhythm}{each}."
    if both is not None:
        mine = Amount(both[0].kind, both[0].value * often.per_day)
        other = Amount(both[1].kind, both[1].value * rhythm.per_day)
        words += _a_day(mine, other)
        figures += [Figure("text a day", path, mine), Figure("timing a day", where, other)]
    return finding("LIN-15", where, words, _AGREE, *figures)


def _rhythm_alone(said: Said, path: str, read: StepRead) -> Iterator[LintFinding]:
    """How often, by a text that names no dose."""
    often, rhythm = said.rhythm, read.structure.rhythm
    if often is not None and rhythm is not None and often.per_day != rhythm.per_day:
        where = f"{read.step.path}.timing"
        figures = Figure("text", path, str(often)), Figure("timing", f"{where}.repeat", str(rhythm))
        words = f"The text says {often}; the timing says {rhythm}."
        yield finding("LIN-15", where, words, _AGREE, *figures)
    yield from _times(said.times, path, read)


def _a_day(mine: Amount, other: Amount) -> str:
    if mine == other:
        return f" Both come to {amount_text(mine)} a day."
    return f" That is {amount_text(mine)} a day by the text, {amount_text(other)} by the timing."


def _dose_finding(
    dose: Dose, both: tuple[Amount, Amount], path: str, read: StepRead
) -> LintFinding:
    where = f"{read.step.path}.doseAndRate"
    figures = Figure("text", path, both[0]), Figure("dose", where, both[1])
    words = f"The text says {amount_text(both[0])}; the dose is {amount_text(both[1])}."
    return finding("LIN-14", where, words, _AGREE, *figures)


def _not_compared(said: Dose, dose: Dose, path: str, read: StepRead) -> LintFinding:
    where = f"{read.step.path}.doseAndRate"
    figures = Figure("text", path, str(said)), Figure("dose", where, str(dose))
    words = f"The text says {said}, the dose is {dose}: without a strength they cannot be compared."
    return finding("LIN-21", where, words, "State both in one unit, or the strength.", *figures)


def _times(told: tuple[str, ...], path: str, read: StepRead) -> Iterator[LintFinding]:
    mine, other = set(told), set(read.structure.times)
    if mine and other and mine != other:
        where = f"{read.step.path}.timing"
        one, two = ", ".join(told), ", ".join(read.structure.times)
        figures = Figure("text", path, one), Figure("timing", f"{where}.repeat", two)
        words = f"The text says {one}; the timing says {two}."
        yield finding("LIN-15", where, words, _AGREE, *figures)


def _bounds(said: Said, path: str, read: StepRead) -> Iterator[LintFinding]:
    where = f"{read.step.path}.timing.repeat"
    mine, other = length_by_text(said), read.structure.length
    if mine is not None and other is not None and mine != other:
        alike = mine.kind == other.kind
        words = f"The text says {amount_text(mine)}; the bounds are {amount_text(other)}"
        words += "." if alike else ", which cannot be compared."
        figures = Figure("text", path, mine), Figure("bounds", where, other)
        yield finding("LIN-13" if alike else "LIN-21", where, words, _AGREE, *figures)
    for name in ("start", "end"):
        told, bound = getattr(said, name), getattr(read.structure, name)
        if told is not None and bound is not None and told != bound:
            figures = Figure("text", path, str(told)), Figure("bounds", where, str(bound))
            words = f"By its text the {name} is {told}; by its bounds {bound}."
            yield finding("LIN-13", where, words, _AGREE, *figures)
