"""How the rules share cards."""

from __future__ import annotations

from service.rules.guideline import Policy

POLICY = Policy(yields={"uric-acid-unknown": frozenset({"febuxostat-heart-disease"})})
"""First another drug, then what is measured before it."""
