"""Concepts that are a strength of a drug: what a product's code says beyond its substance."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import NamedTuple


class Product(NamedTuple):
    """The concept of the drug, the milligrams of one unit, and its millilitres where all that are sold have the same."""

    drug: str
    milligrams: Decimal
    millilitres: Decimal | None = None


PRODUCTS: Mapping[str, Product] = MappingProxyType(
    {
        "denosumab_120mg": Product("denosumab", Decimal(120), Decimal("1.7")),
        "denosumab_60mg": Product("denosumab", Decimal(60), Decimal(1)),
        "zoledronic_acid_4mg": Product("zoledronic_acid", Decimal(4)),
        "zoledronic_acid_5mg": Product("zoledronic_acid", Decimal(5), Decimal(100)),
    }
)
"""Volumes: product information of Xgeva, Prolia and Aclasta; zoledronic acid 4 mg is sold in 5 mL and in 100 mL."""


def strength_of(concepts: frozenset[str]) -> Decimal | None:
    """The milligrams that the concepts of one drug say; None where they say none, or several."""
    strengths = {PRODUCTS[concept].milligrams for concept in concepts if concept in PRODUCTS}
    return strengths.pop() if len(strengths) == 1 else None


def volume_of(concepts: frozenset[str]) -> Decimal | None:
    """The millilitres of one unit that the concepts of one drug say; None where they say none, or several."""
    volumes = {PRODUCTS[concept].millilitres for concept in concepts if concept in PRODUCTS}
    return volumes.pop() if len(volumes) == 1 else None


def substance_of(concept: str) -> str:
    """The concept of the drug; the concept itself where it says no strength."""
    return PRODUCTS[concept].drug if concept in PRODUCTS else concept
