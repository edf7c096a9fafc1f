"""Resources of FHIR R4 (4.0.1) as they are written here: a proposal, never an order."""

from __future__ import annotations

import re
from itertools import groupby, pairwise
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, Tag, model_validator

from ldn_titration.fhir.datatypes import (
    Annotation,
    CodeableConcept,
    Dosage,
    Element,
    Extension,
    Period,
    Quantity,
    Reference,
    Text,
)
from ldn_titration.values import faults, told_apart

__all__ = [
    "Bundle",
    "DetectedIssue",
    "DispenseRequest",
    "Entry",
    "Evidence",
    "MedicationRequest",
    "Mitigation",
    "Resource",
]

Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9\-.]{1,64}$")]
Urn = Annotated[str, Field(pattern=r"^urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]


_PATIENT = re.compile(r"urn:uuid:\S+|(https?://\S+/)?Patient/\S+")


def _of_a_patient(reference: Reference) -> Reference:
    if reference.reference is not None and not _PATIENT.fullmatch(reference.reference):
        faults([("reference", 'must be that of a patient, such as "Patient/123"')])
    return reference


PatientReference = Annotated[Reference, AfterValidator(_of_a_patient)]
"""A patient: where the resource is, or in words which one."""


class DispenseRequest(Element):
    """What to supply: of one dispense, and how often it may be repeated."""

    extension: tuple[Extension, ...] = Field(default=(), strict=False)
    validity_period: Period
    number_of_repeats_allowed: Annotated[int, Field(ge=0)]
    quantity: Quantity
    expected_supply_duration: Quantity | None = None

    @model_validator(mode="after")
    def _lasts_days(self) -> Self:
        lasts = self.expected_supply_duration
        if lasts is not None and lasts.code != "d":
            faults([("expectedSupplyDuration", 'must be in days, with the code "d"')])
        return self


class MedicationRequest(Element):
    """A titration as a proposal: one dosage a step, in the order of their days."""

    resource_type: Literal["MedicationRequest"] = "MedicationRequest"
    id: Id
    extension: tuple[Extension, ...] = Field(default=(), strict=False)
    status: Literal["draft"] = "draft"
    intent: Literal["proposal"] = "proposal"
    medication_codeable_concept: CodeableConcept
    subject: PatientReference
    note: tuple[Annotation, ...] = Field(default=(), strict=False)
    dosage_instruction: tuple[Dosage, ...] = Field(strict=False, min_length=1)
    dispense_request: DispenseRequest | None = None
    detected_issue: tuple[Reference, ...] = Field(default=(), strict=False)

    @model_validator(mode="after")
    def _steps_follow_one_another(self) -> Self:
        sequences = [dosage.sequence for dosage in self.dosage_instruction]
        if sorted(set(sequences)) != list(range(1, len(set(sequences)) + 1)):
            faults([("dosageInstruction", "must be numbered 1, 2, 3, ... by sequence")])
        if sequences != sorted(sequences):
            faults([("dosageInstruction", "must stand in the order of their sequence")])
        steps = [list(g) for _, g in groupby(self.dosage_instruction, key=lambda d: d.sequence)]
        for step in steps:
            if len({_days(dosage) for dosage in step}) > 1:
                faults([("dosageInstruction", f"{step[0].sequence}: differ in their days")])
        for before, after in pairwise(step[0] for step in steps):
            if _days(after).start <= _days(before).end:
                message = f"{after.sequence}: begins before {before.sequence} ends"
                faults([("dosageInstruction", message)])
        return self


def _days(dosage: Dosage) -> Period:
    return dosage.timing.repeat.bounds_period


class Evidence(Element):
    """What a finding rests on."""

    code: tuple[CodeableConcept] = Field(strict=False)


class Mitigation(Element):
    """What to do about a finding."""

    action: CodeableConcept


class DetectedIssue(Element):
    """A finding of the screening. Preliminary: no clinician has confirmed it."""

    resource_type: Literal["DetectedIssue"] = "DetectedIssue"
    id: Id
    status: Literal["preliminary"] = "preliminary"
    code: CodeableConcept
    severity: Literal["high", "moderate", "low"]
    patient: PatientReference
    implicated: tuple[Reference, ...] = Field(strict=False, min_length=1)
    evidence: tuple[Evidence, ...] = Field(default=(), strict=False)
    detail: Text
    mitigation: tuple[Mitigation] = Field(strict=False)


Resource = MedicationRequest | DetectedIssue
"""What a bundle holds."""


def _kind(value: Any) -> str | None:
    kind = (
        value.get("resourceType")
        if isinstance(value, dict)
        else getattr(value, "resource_type", None)
    )
    return f"<{kind}>" if kind in ("MedicationRequest", "DetectedIssue") else None


class Entry(Element):
    """A resource of a bundle, and the name by which the others refer to it."""

    full_url: Urn
    resource: Annotated[
        Annotated[MedicationRequest, Tag("<MedicationRequest>")]
        | Annotated[DetectedIssue, Tag("<DetectedIssue>")],
        told_apart(_kind, "must be a MedicationRequest or a DetectedIssue"),
    ]


class Bundle(Element):
    """A plan: its medication requests, and a detected issue for each finding."""

    resource_type: Literal["Bundle"] = "Bundle"
    id: Id
    type: Literal["collection"] = "collection"
    entry: tuple[Entry, ...] = Field(strict=False, min_length=1)

    @model_validator(mode="after")
    def _references_resolve(self) -> Self:
        names = [entry.full_url for entry in self.entry]
        if len(set(names)) < len(names):
            faults([("entry", "must each have a fullUrl of its own")])
        for place, entry in enumerate(self.entry):
            for each in _referred(entry.resource):
                if each.reference not in names:
                    faults([(f"entry[{place}]", f"refers to {each.reference}, which is not here")])
        return self


def _referred(resource: Resource) -> tuple[Reference, ...]:
    """The other resources of the bundle that a resource refers to."""
    if isinstance(resource, DetectedIssue):
        return resource.implicated
    return resource.detected_issue
