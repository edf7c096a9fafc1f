"""What the patient's own state says against naltrexone: allergy, organs, age, mood."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction

from ldn_titration.findings import Severity
from ldn_titration.rules.case import Case, Found, rule
from ldn_titration.rules.exposures import Exposure
from ldn_titration.rules.washout import later, opioid_free_days
from ldn_titration.units import decimal_text

__all__: list[str] = []


@rule("HYP-01", needs="naltrexone_hypersensitivity")
def hypersensitivity(case: Case) -> Iterable[Found]:
    """HYP-01: hypersensitivity to naltrexone."""
    if case.patient.naltrexone_hypersensitivity == "yes":
        message = "Hypersensitivity to naltrexone is a contraindication."
        yield Found(Severity.STOP, message, "Do not start.")


@rule("DUP-01", needs="other_naltrexone medications opioids", reads="earlier_naltrexone start")
def naltrexone_from_elsewhere(case: Case) -> Iterable[Found]:
    """DUP-01: naltrexone, nalmefene or samidorphan is taken already."""
    listed = list(_second_antagonists(case))
    now = [exposure.label for exposure in listed if exposure.ongoing]
    if case.patient.other_naltrexone == "yes" or now:
        named = f": {', '.join(now)}" if now else ""
        message = f"An opioid antagonist is taken already{named}."
        yield Found(Severity.STOP, message, "Do not start a second one.")
        return
    for exposure in listed:
        yield _taken_before(exposure, case)
    yield from _depot_still_acts(case)


def _second_antagonists(case: Case) -> Iterator[Exposure]:
    for exposure in case.exposures:
        if any(row.presence == "duplicate_antagonist" for row in exposure.rows):
            yield exposure


def _taken_before(exposure: Exposure, case: Case) -> Found:
    """An antagonist in the history: told where even a depot of it has run out."""
    depot = case.policy("stop_before_opioid_depot")
    last = exposure.last
    gone = last is not None and opioid_free_days(last, case.start) >= depot.whole
    return Found(
        Severity.INFO if gone else Severity.INSUFFICIENT,
        f"An opioid antagonist was taken: {exposure.label}.",
        f"More than {depot.whole} days have passed since."
        if gone
        else "Ask whether it is stopped, in which form it was given, and when last.",
        sources=depot.sources,
    )


def _depot_still_acts(case: Case) -> Iterator[Found]:
    """A depot of naltrexone that has not run out: another dose would be a second one."""
    earlier, depot = case.patient.earlier_naltrexone, case.policy("stop_before_opioid_depot")
    if earlier is None or earlier.form != "depot":
        return
    if 0 <= opioid_free_days(earlier.last_taken, case.start_day) < depot.whole:
        yield Found(
            Severity.STOP,
            f"The depot naltrexone of {earlier.last_taken} still acts.",
            "Start after it has run out.",
            later(earlier.last_taken, depot.whole + 1),
            depot.sources,
        )


@rule("HEP-01", needs="liver_disease", reads="liver_enzymes")
def acute_liver_disease(case: Case) -> Iterable[Found]:
    """HEP-01: acute or decompensated liver disease, or very high enzymes."""
    action = "Do not start unless a named clinician decides so with a reason."
    if case.patient.liver_disease in {"yes", "acute_or_decompensated"}:
        message = "Acute hepatitis, liver failure or decompensated cirrhosis."
        yield Found(Severity.HOLD, message, action)
    limit, enzymes = case.policy("liver_enzymes_hold"), case.patient.liver_enzymes
    if enzymes is not None and enzymes >= limit.value:
        message = f"{_times(enzymes)}; {limit.value} or more holds."
        yield Found(Severity.HOLD, message, action, sources=limit.sources)


def _times(enzymes: Fraction) -> str:
    return f"Liver enzymes are {decimal_text(enzymes)} times the upper limit of normal"


@rule("HEP-02", needs="liver_disease liver_enzymes conditions")
def chronic_liver_disease(case: Case) -> Iterable[Found]:
    """HEP-02: compensated liver disease, or raised enzymes."""
    action = "Test liver enzymes before the start and while it is taken."
    if case.patient.liver_disease == "compensated":
        message = "Compensated liver disease raises the exposure to naltrexone."
        yield Found(Severity.CAUTION, message, action)
    for name, row in case.conditions_of("HEP-02"):
        yield Found(Severity.CAUTION, f"Listed: {name}.", action, sources=row.sources)
    low, high = case.policy("liver_enzymes_caution"), case.policy("liver_enzymes_hold")
    enzymes = case.patient.liver_enzymes
    if enzymes is not None and low.value <= enzymes < high.value:
        message = f"{_times(enzymes)}; {low.value} or more warns."
        yield Found(Severity.CAUTION, message, action, sources=low.sources)


@rule("REN-01", needs="kidney_impairment")
def kidney(case: Case) -> Iterable[Found]:
    """REN-01: moderate or severe kidney impairment."""
    if case.patient.kidney_impairment in {"yes", "moderate", "severe"}:
        message = "Naltrexone was not studied in moderate or severe kidney impairment."
        yield Found(
            Severity.CAUTION, message, "Take care; drug and metabolite leave by the kidney."
        )


@rule("PRG-01", needs="pregnant")
def pregnancy(case: Case) -> Iterable[Found]:
    """PRG-01: pregnancy."""
    if case.patient.pregnant == "yes":
        action = "Only a specialist may decide otherwise, with a reason."
        yield Found(Severity.HOLD, "Naltrexone is not started in pregnancy.", action)


@rule("LAC-01", needs="breastfeeding")
def breastfeeding(case: Case) -> Iterable[Found]:
    """LAC-01: breastfeeding."""
    if case.patient.breastfeeding == "yes":
        message = (
            "Sources differ on breastfeeding: EU text advises against it, LactMed finds "
            "minimal transfer."
        )
        yield Found(Severity.CAUTION, message, "Decide together with the patient.")


@rule("PED-01", needs="age_years")
def childhood(case: Case) -> Iterable[Found]:
    """PED-01: younger than an adult."""
    adult, age = case.policy("adult_age"), case.patient.age_years
    if age is not None and age < adult.value:
        message = f"Safety below {adult.value} years is not established."
        action = "Only a specialist may decide otherwise, with a reason."
        yield Found(Severity.HOLD, message, action, sources=adult.sources)


@rule("PSY-01", needs="suicidal_ideation conditions")
def mood(case: Case) -> Iterable[Found]:
    """PSY-01: suicidal ideation, or depression among the conditions."""
    reported = "depression and suicidality are reported with naltrexone."
    if case.patient.suicidal_ideation == "yes":
        action = "Assess urgently before the start, and watch mood."
        yield Found(Severity.CAUTION, f"Suicidal ideation: {reported}", action)
    for name, row in case.conditions_of("PSY-01"):
        action = "Assess before the start, and watch mood."
        yield Found(Severity.CAUTION, f"Listed: {name}; {reported}", action, sources=row.sources)
