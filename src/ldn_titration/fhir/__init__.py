"""FHIR R4, as far as it is written here: data types, resources, UCUM codes, JSON."""
