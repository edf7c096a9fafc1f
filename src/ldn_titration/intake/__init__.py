"""Strangers' data in, read without guessing: what was not understood is kept and counts.

``medicines`` reads a medication list, ``bundle`` a FHIR Bundle about a patient, ``orders``
anybody's medication requests, ``plan`` those that were written here.
"""
