"""The demonstration: synthetic patients, a FHIR server for them, and the hooks fired."""
