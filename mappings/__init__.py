"""From FHIR to facts: resources, code systems, units and dates. No HTTP, no rule."""
