"""A FHIR R4 Bundle about a patient, read into facts; what cannot be read is named."""

from ldn_titration.intake.bundle.patient import BundleRead, read_patient

__all__ = ["BundleRead", "read_patient"]
