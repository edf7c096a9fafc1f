"""What strangers keep of a patient, read into facts: nothing is guessed, nothing is lost.

``medicines`` reads one line of a medication list, ``medicine_list`` a whole list or CSV,
``patient_bundle`` a FHIR Bundle. What was not understood is kept, and counts against a
start.
"""
