"""The types of FHIR R4 resources, and how records spell them."""

from __future__ import annotations

from mappings.vocabulary.elements import LONGEST, spelled

_OF_R4 = (
    "Account ActivityDefinition AdverseEvent AllergyIntolerance Appointment AppointmentResponse AuditEvent Basic Binary"
    " BiologicallyDerivedProduct BodyStructure Bundle CapabilityStatement CarePlan CareTeam CatalogEntry ChargeItem"
    " ChargeItemDefinition Claim ClaimResponse ClinicalImpression CodeSystem Communication CommunicationRequest"
    " CompartmentDefinition Composition ConceptMap Condition Consent Contract Coverage CoverageEligibilityRequest"
    " CoverageEligibilityResponse DetectedIssue Device DeviceDefinition DeviceMetric DeviceRequest DeviceUseStatement"
    " DiagnosticReport DocumentManifest DocumentReference EffectEvidenceSynthesis Encounter Endpoint EnrollmentRequest"
    " EnrollmentResponse EpisodeOfCare EventDefinition Evidence EvidenceVariable ExampleScenario ExplanationOfBenefit"
    " FamilyMemberHistory Flag Goal GraphDefinition Group GuidanceResponse HealthcareService ImagingStudy Immunization"
    " ImmunizationEvaluation ImmunizationRecommendation ImplementationGuide InsurancePlan Invoice Library Linkage List"
    " Location Measure MeasureReport Media Medication MedicationAdministration MedicationDispense MedicationKnowledge"
    " MedicationRequest MedicationStatement MedicinalProduct MedicinalProductAuthorization"
    " MedicinalProductContraindication MedicinalProductIndication MedicinalProductIngredient"
    " MedicinalProductInteraction MedicinalProductManufactured MedicinalProductPackaged"
    " MedicinalProductPharmaceutical MedicinalProductUndesirableEffect MessageDefinition MessageHeader"
    " MolecularSequence NamingSystem NutritionOrder Observation ObservationDefinition OperationDefinition"
    " OperationOutcome Organization OrganizationAffiliation Parameters Patient PaymentNotice PaymentReconciliation"
    " Person PlanDefinition Practitioner PractitionerRole Procedure Provenance Questionnaire QuestionnaireResponse"
    " RelatedPerson RequestGroup ResearchDefinition ResearchElementDefinition ResearchStudy ResearchSubject"
    " RiskAssessment RiskEvidenceSynthesis Schedule SearchParameter ServiceRequest Slot Specimen SpecimenDefinition"
    " StructureDefinition StructureMap Subscription Substance SubstanceNucleicAcid SubstancePolymer SubstanceProtein"
    " SubstanceReferenceInformation SubstanceSourceMaterial SubstanceSpecification SupplyDelivery SupplyRequest Task"
    " TerminologyCapabilities TestReport TestScript ValueSet VerificationResult VisionPrescription"
)
TYPES = frozenset(_OF_R4.split())
"""HL7 FHIR 4.0.1, value set resource-types, without the abstract ones."""

_SPELLED = {spelled(one): one for one in TYPES}


def canonical_type(said: object) -> str:
    """The type that a resource says it has, as R4 spells it: without regard to case, blanks, `-` and `_`.

    A type that R4 does not know stays as it was written; what is no text, or longer than any code, is no type.
    """
    if not isinstance(said, str) or len(said) > LONGEST:
        return ""
    return said if said in TYPES else _SPELLED.get(spelled(said), said.strip())
