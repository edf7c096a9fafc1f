"""What is not known: a missing fact, a medicine or condition that nobody judged."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from ldn_titration.findings import Severity
from ldn_titration.knowledge.rows import Condition
from ldn_titration.patient import REQUIRED
from ldn_titration.rules.case import Case, Found, rule

__all__: list[str] = []

_HINTED = (
    "opioid_dependence acute_withdrawal pregnant breastfeeding liver_disease kidney_impairment"
)
_DENIED = f"{_HINTED} lactose_intolerance naltrexone_hypersensitivity"


@rule("FACT-01", reads=" ".join(REQUIRED))
def missing_facts(case: Case) -> Iterable[Found]:
    """FACT-01: a required fact is not known, one finding each."""
    for name in case.patient.missing():
        action = f'Ask, and state it as "{name}" of the patient.'
        yield Found(Severity.INSUFFICIENT, f"Not known: {name}.", action)


@rule("FACT-02", needs="assessed_on", reads="start")
def stale_assessment(case: Case) -> Iterable[Found]:
    """FACT-02: the assessment is old at the start, or dated after it."""
    on, age = case.patient.assessed_on, case.policy("assessment_age")
    if on is None:
        return
    if on > case.start_day:
        message = f"The assessment of {on} is dated after the start."
        yield Found(Severity.INFO, message, "Check both dates.")
    elif case.start_day - on > timedelta(age.whole):
        message = f"The assessment of {on} is older than {age.whole} days at the start."
        yield Found(Severity.INFO, message, "Assess again before the start.", sources=age.sources)


@rule("MED-01", needs="medications", reads="unrecognised_medicines_checked")
def unrecognised_medicines(case: Case) -> Iterable[Found]:
    """MED-01: a medicine that the knowledge base does not know may be an opioid."""
    names = [m.label for m in case.medicines if m.line.kind == "unknown"]
    checked = case.patient.unrecognised_medicines_checked == "yes"
    if names:
        yield Found(
            Severity.CAUTION if checked else Severity.INSUFFICIENT,
            f"Not recognised: {', '.join(names)}.",
            "Somebody checked that none is an opioid; interactions are not screened."
            if checked
            else 'Check that none is an opioid, and state "unrecognised_medicines_checked": "yes".',
        )


@rule("MED-02", needs="medications")
def hidden_opioids(case: Case) -> Iterable[Found]:
    """MED-02: a line that names an opioid or antagonist among words that are not understood."""
    names = [m.label for m in case.medicines if m.line.kind == "hidden"]
    if names:
        yield Found(
            Severity.INSUFFICIENT,
            f"Not recognised, but it names an opioid or antagonist: {', '.join(names)}.",
            "Write the name alone, without anything else; or leave the line out if nothing of "
            "it is taken.",
        )


@rule("CON-01", needs="conditions", reads=_HINTED)
def unjudged_conditions(case: Case) -> Iterable[Found]:
    """CON-01: conditions that no rule reads are listed."""
    names = [
        name
        for name in case.patient.conditions or ()
        if case.base.condition(name) is None and not _asks(name, case)
    ]
    if names:
        message = f"Not judged by any rule: {', '.join(names)}."
        yield Found(Severity.CAUTION, message, "Weigh each condition against naltrexone.")


def _asks(name: str, case: Case) -> str:
    """Why a condition that is no listed one must be asked about; empty where it need not be."""
    base = case.base
    if any(each.matters for each in base.read_words(name).names):
        return "names an opioid or an antagonist"
    against = (_denied_fact(row, case) for row in base.conditions_hinted(name))
    fact = next(filter(None, against), "")
    return f'stands against "{fact}"' if fact and not base.lexicon.is_past(name) else ""


def _denied_fact(row: Condition | None, case: Case) -> str:
    """The fact whose stated value contradicts a condition; empty where none does."""
    fact, *values = row.denied_by if row and row.denied_by else ("",)
    return fact if fact and getattr(case.patient, fact) in values else ""


@rule("CON-02", needs="conditions", reads=_DENIED)
def contradicted_facts(case: Case) -> Iterable[Found]:
    """CON-02: a listed condition denies a fact that was stated."""
    for name in case.patient.conditions or ():
        row = case.base.condition(name)
        fact = _denied_fact(row, case)
        if row and fact:
            yield Found(
                Severity.INSUFFICIENT,
                f'"{name}" is listed, but "{fact}" is "{getattr(case.patient, fact)}".',
                "Correct the list or the fact; name a condition of the past as such.",
                sources=row.sources,
            )
        elif row is None and (why := _asks(name, case)):
            action = (
                "State it among the facts, an opioid with its last day; then leave it out here."
            )
            yield Found(Severity.INSUFFICIENT, f'"{name}" is listed and {why}.', action)
