"""The resource types of FHIR R4, and the elements of those that are read.

Names are those of the published StructureDefinitions (4.0.1, and the types that 4.3.0 adds).
An element that is not listed belongs to another version, or is misspelt: what it says would
go unread.
"""

from __future__ import annotations

__all__ = ["ELEMENTS", "MEDICINE_TYPES", "NOT_OF_THE_PATIENT", "RESOURCE_TYPES"]

MEDICINE_TYPES = (
    "MedicationAdministration",
    "MedicationDispense",
    "MedicationRequest",
    "MedicationStatement",
)
"""The resource types that tell of a medicine of the patient."""

_TYPES = """
Account ActivityDefinition AdministrableProductDefinition AdverseEvent AllergyIntolerance
Appointment AppointmentResponse AuditEvent Basic Binary BiologicallyDerivedProduct
BodyStructure Bundle CapabilityStatement CarePlan CareTeam CatalogEntry ChargeItem
ChargeItemDefinition Citation Claim ClaimResponse ClinicalImpression ClinicalUseDefinition
CodeSystem Communication CommunicationRequest CompartmentDefinition Composition ConceptMap
Condition Consent Contract Coverage CoverageEligibilityRequest CoverageEligibilityResponse
DetectedIssue Device DeviceDefinition DeviceMetric DeviceRequest DeviceUseStatement
DiagnosticReport DocumentManifest DocumentReference EffectEvidenceSynthesis Encounter
Endpoint EnrollmentRequest EnrollmentResponse EpisodeOfCare EventDefinition Evidence
EvidenceReport EvidenceVariable ExampleScenario ExplanationOfBenefit FamilyMemberHistory
Flag Goal GraphDefinition Group GuidanceResponse HealthcareService ImagingStudy
Immunization ImmunizationEvaluation ImmunizationRecommendation ImplementationGuide
Ingredient InsurancePlan Invoice Library Linkage List Location ManufacturedItemDefinition
Measure MeasureReport Media Medication MedicationAdministration MedicationDispense
MedicationKnowledge MedicationRequest MedicationStatement MedicinalProduct
MedicinalProductAuthorization MedicinalProductContraindication MedicinalProductDefinition
MedicinalProductIndication MedicinalProductIngredient MedicinalProductInteraction
MedicinalProductManufactured MedicinalProductPackaged MedicinalProductPharmaceutical
MedicinalProductUndesirableEffect MessageDefinition MessageHeader MolecularSequence
NamingSystem NutritionOrder NutritionProduct Observation ObservationDefinition
OperationDefinition OperationOutcome Organization OrganizationAffiliation
PackagedProductDefinition Parameters Patient PaymentNotice PaymentReconciliation Person
PlanDefinition Practitioner PractitionerRole Procedure Provenance Questionnaire
QuestionnaireResponse RegulatedAuthorization RelatedPerson RequestGroup ResearchDefinition
ResearchElementDefinition ResearchStudy ResearchSubject RiskAssessment
RiskEvidenceSynthesis Schedule SearchParameter ServiceRequest Slot Specimen
SpecimenDefinition StructureDefinition StructureMap Subscription SubscriptionStatus
SubscriptionTopic Substance SubstanceDefinition SubstanceNucleicAcid SubstancePolymer
SubstanceProtein SubstanceReferenceInformation SubstanceSourceMaterial
SubstanceSpecification SupplyDelivery SupplyRequest Task TerminologyCapabilities
TestReport TestScript ValueSet VerificationResult VisionPrescription
"""
RESOURCE_TYPES = frozenset(_TYPES.split())

_DEFINITIONS = """
ActivityDefinition CapabilityStatement ChargeItemDefinition CodeSystem ConceptMap
FamilyMemberHistory ImplementationGuide Library Measure MedicationKnowledge PlanDefinition
Questionnaire SearchParameter StructureDefinition StructureMap Subscription ValueSet
"""
NOT_OF_THE_PATIENT = frozenset(_DEFINITIONS.split())
"""Types whose texts speak of no medicine that this patient takes."""

_COMMON = "resourceType id meta implicitRules language text contained extension modifierExtension"
_BY_TYPE = {
    "AllergyIntolerance": """identifier clinicalStatus verificationStatus type category
        criticality code patient encounter onsetDateTime onsetAge onsetPeriod onsetRange
        onsetString recordedDate recorder asserter lastOccurrence note reaction""",
    "Bundle": "identifier type timestamp total link entry signature",
    "Condition": """identifier clinicalStatus verificationStatus category severity code bodySite
        subject encounter onsetDateTime onsetAge onsetPeriod onsetRange onsetString
        abatementDateTime abatementAge abatementPeriod abatementRange abatementString
        recordedDate recorder asserter stage evidence note""",
    "List": """identifier status mode title code subject encounter date source orderedBy note
        entry emptyReason""",
    "Medication": "identifier code status manufacturer form amount ingredient batch",
    "MedicationAdministration": """identifier instantiates partOf status statusReason category
        medicationCodeableConcept medicationReference subject context supportingInformation
        effectiveDateTime effectivePeriod performer reasonCode reasonReference request device
        note dosage eventHistory""",
    "MedicationDispense": """identifier partOf status statusReasonCodeableConcept
        statusReasonReference category medicationCodeableConcept medicationReference subject
        context supportingInformation performer location authorizingPrescription type quantity
        daysSupply whenPrepared whenHandedOver destination receiver note dosageInstruction
        substitution detectedIssue eventHistory""",
    "MedicationRequest": """identifier status statusReason intent category priority
        doNotPerform reportedBoolean reportedReference medicationCodeableConcept
        medicationReference subject encounter supportingInformation authoredOn requester
        performer performerType recorder reasonCode reasonReference instantiatesCanonical
        instantiatesUri basedOn groupIdentifier courseOfTherapyType insurance note
        dosageInstruction dispenseRequest substitution priorPrescription detectedIssue
        eventHistory""",
    "MedicationStatement": """identifier basedOn partOf status statusReason category
        medicationCodeableConcept medicationReference subject context effectiveDateTime
        effectivePeriod dateAsserted informationSource derivedFrom reasonCode reasonReference
        note dosage""",
    "Observation": """identifier basedOn partOf status category code subject focus encounter
        effectiveDateTime effectivePeriod effectiveTiming effectiveInstant issued performer
        valueQuantity valueCodeableConcept valueString valueBoolean valueInteger valueRange
        valueRatio valueSampledData valueTime valueDateTime valuePeriod dataAbsentReason
        interpretation note bodySite method specimen device referenceRange hasMember
        derivedFrom component""",
    "Patient": """identifier active name telecom gender birthDate deceasedBoolean
        deceasedDateTime address maritalStatus multipleBirthBoolean multipleBirthInteger photo
        contact communication generalPractitioner managingOrganization link""",
    "Procedure": """identifier instantiatesCanonical instantiatesUri basedOn partOf status
        statusReason category code subject encounter performedDateTime performedPeriod
        performedString performedAge performedRange recorder asserter performer location
        reasonCode reasonReference bodySite outcome report complication complicationDetail
        followUp note focalDevice usedReference usedCode""",
    "ServiceRequest": """identifier instantiatesCanonical instantiatesUri basedOn replaces
        requisition status intent category priority doNotPerform code orderDetail
        quantityQuantity quantityRatio quantityRange subject encounter occurrenceDateTime
        occurrencePeriod occurrenceTiming asNeededBoolean asNeededCodeableConcept authoredOn
        requester performerType performer locationCode locationReference reasonCode
        reasonReference insurance supportingInfo specimen bodySite note patientInstruction
        relevantHistory""",
}

ELEMENTS = {
    kind: frozenset((*_COMMON.split(), *listed.split(), "fhirVersion"))
    for kind, listed in _BY_TYPE.items()
}
"""The elements of each resource type that is read (and a stated ``fhirVersion``)."""
