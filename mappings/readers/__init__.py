"""Readers: raw FHIR R4 resources into facts, entry by entry, one module a kind of resource."""
