"""A site's self-test: its running service, its FHIR servers, its records, synthetic orders; and the report of it."""
