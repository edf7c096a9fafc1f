"""What is taken or done together with naltrexone: other medicines, alcohol, excipients."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ldn_titration.findings import Severity
from ldn_titration.knowledge.names import key_of
from ldn_titration.preparation import Drops, OralSolution
from ldn_titration.rules.case import Case, Found, rule

__all__: list[str] = []


def _told(case: Case, code: str) -> Iterator[Found]:
    for label, row in case.interactions_of(code):
        yield Found(
            Severity(row.severity), f"{label}: {row.effect}", row.action, sources=row.sources
        )


@rule("INT-01", needs="medications conditions alcohol")
def interacting_medicines(case: Case) -> Iterable[Found]:
    """INT-01: medicines and conditions that are named with naltrexone, and alcohol."""
    yield from _told(case, "INT-01")
    for name, row in case.conditions_of("INT-01"):
        action = "Weigh it; ask the team in charge."
        yield Found(Severity.CAUTION, f"Listed: {name}.", action, sources=row.sources)
    if case.patient.alcohol == "yes":
        message = "Alcohol: no reaction as with disulfiram, but it impairs and harms the liver."
        yield Found(Severity.CAUTION, message, "Advise against it.")


@rule("INT-02", needs="medications")
def lofexidine(case: Case) -> Iterable[Found]:
    """INT-02: lofexidine, hours apart from oral naltrexone."""
    gap = case.policy("lofexidine_gap")
    for label, row in case.interactions_of("INT-02"):
        yield Found(
            Severity(row.severity),
            f"{label}: at least {gap.whole} hours apart from oral naltrexone.",
            row.action,
            sources=(*row.sources, *gap.sources),
        )


@rule("INT-03", needs="medications")
def medicines_to_know_of(case: Case) -> Iterable[Found]:
    """INT-03: medicines that are told to the prescriber."""
    return _told(case, "INT-03")


@rule("THY-01", needs="medications conditions", reads="regimen")
def thyroid_hormone(case: Case) -> Iterable[Found]:
    """THY-01: thyroid hormone or an underactive thyroid; start low and climb slowly."""
    yield from _told(case, "THY-01")
    for name, row in case.conditions_of("THY-01"):
        action = "Test TSH and free T4 before and after the start; ask for thyroid hormone."
        yield Found(Severity.CAUTION, f"Listed: {name}.", action, sources=row.sources)
    if case.interactions_of("THY-01") or case.conditions_of("THY-01"):
        yield from _thyroid_pace(case)


def _thyroid_pace(case: Case) -> Iterator[Found]:
    """What the regimen does that is faster than the sources advise in thyroid disease."""
    most, least = case.policy("thyroid_start_most"), case.policy("thyroid_step_least")
    if case.regimen is None:
        return
    first, *_ = case.regimen.steps
    if first.daily_dose > most.mass:
        message = f"Thyroid: the first dose is {first.daily_dose} a day, above {most.mass}."
        yield Found(Severity.CAUTION, message, "Start lower.", sources=most.sources)
    quick = [step.days for step in case.regimen.steps[:-1] if (step.days or 0) < least.whole]
    if quick:
        shortest = min(day or 0 for day in quick)
        message = f"Thyroid: a step lasts {shortest} days, fewer than {least.whole}."
        action = f"Stay at least {least.whole} days on each step."
        yield Found(Severity.CAUTION, message, action, sources=least.sources)


@rule("THY-02", needs="medications conditions")
def antithyroid_medicines(case: Case) -> Iterable[Found]:
    """THY-02: antithyroid medicines or an overactive thyroid."""
    yield from _told(case, "THY-02")
    for name, row in case.conditions_of("THY-02"):
        action = "Test TSH and free T4 before and after the start; ask for antithyroid medicines."
        yield Found(Severity.CAUTION, f"Listed: {name}.", action, sources=row.sources)


@rule("DM-01", needs="medications conditions")
def diabetes(case: Case) -> Iterable[Found]:
    """DM-01: diabetes, or a medicine that lowers glucose."""
    yield from _told(case, "DM-01")
    for name, row in case.conditions_of("DM-01"):
        action = "Check glucose more closely at first and after each increase; this blocks nothing."
        yield Found(Severity.INFO, f"Listed: {name}.", action, sources=row.sources)


# --- excipients -----------------------------------------------------------------------


@rule("EXC-01", needs="lactose_intolerance preparation conditions")
def excipients(case: Case) -> Iterable[Found]:
    """EXC-01: lactose, a calcium carbonate filler, a slow-release capsule."""
    intolerant = case.patient.lactose_intolerance == "yes" or case.conditions_of("EXC-01")
    if intolerant and _may_hold_lactose(case):
        yield Found(
            Severity.CAUTION,
            "Commercial tablets, and liquids made from them, contain lactose; "
            "the filler of this preparation is not known to be free of it.",
            "Ask the pharmacist for a lactose-free preparation, and state its filler.",
        )
    preparation = case.preparation
    if preparation is None or isinstance(preparation, Drops | OralSolution):
        return
    if "calcium carbonate" in key_of(preparation.filler or ""):
        action = "Ask the pharmacist for another filler."
        yield Found(Severity.CAUTION, "Calcium carbonate is advised against as a filler.", action)
    if preparation.release == "slow":
        action = "Ask the pharmacist for an immediate-release preparation."
        yield Found(Severity.CAUTION, "Slow-release forms are advised against.", action)


def _may_hold_lactose(case: Case) -> bool:
    """Whether the preparation may: one of a known other filler, or not of tablets, does not."""
    preparation = case.preparation
    if preparation is None:
        return True
    if isinstance(preparation, Drops | OralSolution):
        return preparation.dilution is not None
    return preparation.filler is None or "lactose" in key_of(preparation.filler)
