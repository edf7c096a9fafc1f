"""What FHIR R4 has: the elements of an order and the codes of its closed lists."""

from __future__ import annotations

__all__ = [
    "DAYS_OF_WEEK",
    "DISPENSE",
    "DOSAGE",
    "DOSE",
    "ELEMENTS",
    "ELSEWHERE",
    "INTENT",
    "REPEAT",
    "STATUS",
    "UNITS_OF_TIME",
    "WHEN",
]


def _words(text: str) -> list[str]:
    return text.split()


ELEMENTS = frozenset(
    _words(
        "resourceType meta implicitRules language text contained identifier status statusReason "
        "intent category priority doNotPerform reportedBoolean reportedReference "
        "medicationCodeableConcept medicationReference subject encounter supportingInformation "
        "authoredOn requester performer performerType recorder reasonCode reasonReference "
        "instantiatesCanonical instantiatesUri basedOn groupIdentifier courseOfTherapyType "
        "insurance note dosageInstruction dispenseRequest substitution priorPrescription "
        "detectedIssue eventHistory"
    )
)
"""Those of a MedicationRequest."""

STATUS = (
    "active", "on-hold", "cancelled", "completed", "entered-in-error", "stopped", "draft",
    "unknown",
)  # fmt: skip
"""The codes of a status."""

INTENT = (
    "proposal", "plan", "order", "original-order", "reflex-order", "filler-order",
    "instance-order", "option",
)  # fmt: skip
"""The codes of an intent."""

UNITS_OF_TIME = ("s", "min", "h", "d", "wk", "mo", "a")
"""The codes of periodUnit and durationUnit."""

DAYS_OF_WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""The codes of dayOfWeek."""

WHEN = (
    "MORN", "MORN.early", "MORN.late", "NOON", "AFT", "AFT.early", "AFT.late", "EVE", "EVE.early",
    "EVE.late", "NIGHT", "PHS", "HS", "WAKE", "C", "CM", "CD", "CV", "AC", "ACM", "ACD", "ACV",
    "PC", "PCM", "PCD", "PCV",
)  # fmt: skip
"""The codes of when; those of C, AC and PC alone are of any meal."""

DISPENSE = frozenset(
    _words(
        "initialFill dispenseInterval validityPeriod numberOfRepeatsAllowed quantity "
        "expectedSupplyDuration performer"
    )
)
"""Those of its dispenseRequest."""

DOSAGE = frozenset(
    _words(
        "sequence text additionalInstruction patientInstruction timing asNeededBoolean "
        "asNeededCodeableConcept site route method doseAndRate maxDosePerPeriod "
        "maxDosePerAdministration maxDosePerLifetime"
    )
)
"""Those of a Dosage."""

REPEAT = frozenset(
    _words(
        "boundsDuration boundsRange boundsPeriod count countMax duration durationMax "
        "durationUnit frequency frequencyMax period periodMax periodUnit dayOfWeek timeOfDay "
        "when offset"
    )
)
"""Those of Timing.repeat."""

DOSE = frozenset(["type", "doseRange", "doseQuantity", "rateRatio", "rateRange", "rateQuantity"])
"""Those of doseAndRate."""

ELSEWHERE = {
    "medication": "R5", "informationSource": "R5", "reason": "R5", "device": "R5",
    "renderedDosageInstruction": "R5", "effectiveDosePeriod": "R5", "reported": "R5",
    "asNeeded": "R5", "asNeededFor": "R5", "dispenser": "R5", "context": "STU3",
    "definition": "STU3", "doseQuantity": "STU3", "doseRange": "STU3", "rateQuantity": "STU3",
}  # fmt: skip
"""Elements of other versions of FHIR, each with its version."""
