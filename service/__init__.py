"""The service: wires the flow (start at `service.pipeline`) and holds the rules."""
