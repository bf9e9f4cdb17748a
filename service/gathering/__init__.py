"""Gathering: what the rules need, from the prefetch and from the EHR's FHIR server."""
