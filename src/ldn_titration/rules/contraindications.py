"""What the patient's own state says against naltrexone: dependence, allergy, organs, age."""

from __future__ import annotations

from collections.abc import Iterable

from ldn_titration.findings import Finding, Severity
from ldn_titration.knowledge import policy
from ldn_titration.rules.case import Case

__all__: list[str] = []


def dependence_or_withdrawal(case: Case) -> Iterable[Finding]:
    """OPI-06: opioid dependence or acute withdrawal."""
    stated = (
        ("Opioid dependence", case.patient.opioid_dependence),
        ("Acute opioid withdrawal", case.patient.acute_withdrawal),
    )
    for name, fact in stated:
        if fact == "yes":
            yield Finding(
                code="OPI-06",
                severity=Severity.STOP,
                message=f"{name} is a contraindication.",
                action="Do not start.",
                sources=("naltrexone_tablet_label", "naltrexone_tablet_label_2"),
            )


def hypersensitivity(case: Case) -> Iterable[Finding]:
    """HYP-01: hypersensitivity to naltrexone."""
    if case.patient.naltrexone_hypersensitivity == "yes":
        yield Finding(
            code="HYP-01",
            severity=Severity.STOP,
            message="Hypersensitivity to naltrexone is a contraindication.",
            action="Do not start.",
            sources=("naltrexone_tablet_label_2",),
        )


def naltrexone_from_elsewhere(case: Case) -> Iterable[Finding]:
    """DUP-01: naltrexone, nalmefene or samidorphan is taken already."""
    listed = [
        exposure
        for exposure in case.exposures
        if any(row.presence == "duplicate_antagonist" for row in exposure.rows)
    ]
    now = [exposure.label for exposure in listed if exposure.ongoing]
    if case.patient.other_naltrexone == "yes" or now:
        yield Finding(
            code="DUP-01",
            severity=Severity.STOP,
            message=f"An opioid antagonist is taken already{_named(now)}.",
            action="Do not start a second one.",
            sources=("rxnorm_2025_10", "naltrexone_tablet_label"),
        )
    elif listed:
        yield Finding(
            code="DUP-01",
            severity=Severity.INSUFFICIENT,
            message=f"An opioid antagonist was taken{_named([e.label for e in listed])}.",
            action="Ask whether it is stopped, and in which form it was given.",
            sources=("rxnorm_2025_10", "naltrexone_tablet_label"),
        )


def _named(labels: list[str]) -> str:
    return f": {', '.join(labels)}" if labels else ""


def liver(case: Case) -> Iterable[Finding]:
    """HEP-01: acute or decompensated liver disease is held; compensated disease warns."""
    state = case.patient.liver_disease
    if state in {"yes", "acute_or_decompensated"}:
        yield Finding(
            code="HEP-01",
            severity=Severity.HOLD,
            message="Acute hepatitis, liver failure or decompensated cirrhosis.",
            action="Do not start unless a named clinician decides so with a reason.",
            sources=("bc_long_covid_protocol", "droracle_758563", "renalurology_naltrexone"),
        )
    elif state == "compensated":
        yield Finding(
            code="HEP-02",
            severity=Severity.CAUTION,
            message="Compensated liver disease raises the exposure to naltrexone.",
            action="Test liver enzymes before the start and while it is taken.",
            sources=("droracle_758563", "droracle_349095"),
        )


def kidney(case: Case) -> Iterable[Finding]:
    """REN-01: moderate or severe kidney impairment."""
    if case.patient.kidney_impairment in {"yes", "moderate", "severe"}:
        yield Finding(
            code="REN-01",
            severity=Severity.CAUTION,
            message="Naltrexone was not studied in moderate or severe kidney impairment.",
            action="Take care; drug and metabolite leave by the kidney.",
            sources=("psychopharmacopeia_naltrexone", "droracle_795693"),
        )


def pregnancy(case: Case) -> Iterable[Finding]:
    """PRG-01: pregnancy."""
    if case.patient.pregnant == "yes":
        yield Finding(
            code="PRG-01",
            severity=Severity.HOLD,
            message="Naltrexone is not started in pregnancy.",
            action="Only a specialist may decide otherwise, with a reason.",
            sources=("asam_guide_pocket", "revia_pregnancy_text"),
        )


def breastfeeding(case: Case) -> Iterable[Finding]:
    """LAC-01: breastfeeding."""
    if case.patient.breastfeeding == "yes":
        yield Finding(
            code="LAC-01",
            severity=Severity.CAUTION,
            message="Sources differ on breastfeeding: EU text advises against it, LactMed "
            "finds minimal transfer.",
            action="Decide together with the patient.",
            sources=("naltrexone_smpc_eu", "lactmed_naltrexone", "chan_2004"),
        )


def childhood(case: Case) -> Iterable[Finding]:
    """PED-01: younger than an adult."""
    adult, age = policy("adult_age"), case.patient.age_years
    if age is not None and age < adult.value:
        yield Finding(
            code="PED-01",
            severity=Severity.HOLD,
            message=f"Safety below {adult.value} years is not established.",
            action="Only a specialist may decide otherwise, with a reason.",
            sources=adult.sources,
        )


def mood(case: Case) -> Iterable[Finding]:
    """PSY-01: suicidal ideation."""
    if case.patient.suicidal_ideation == "yes":
        yield Finding(
            code="PSY-01",
            severity=Severity.CAUTION,
            message="Suicidal ideation: depression and suicidality are reported with naltrexone.",
            action="Assess urgently before the start, and watch mood.",
            sources=("merative_naltrexone",),
        )


def lactose(case: Case) -> Iterable[Finding]:
    """EXC-01: lactose intolerance."""
    if case.patient.lactose_intolerance == "yes":
        yield Finding(
            code="EXC-01",
            severity=Severity.CAUTION,
            message="Commercial tablets, and liquids made from them, contain lactose.",
            action="Ask the pharmacist for a lactose-free preparation.",
            sources=("naltrexone_tablet_dailymed",),
        )
