"""Strangers' data in: FHIR resources and lists of medicines, read without guessing."""
