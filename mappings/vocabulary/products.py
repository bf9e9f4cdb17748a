"""Concepts that are a strength of a drug: what a product's code says beyond its substance."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import NamedTuple


class Product(NamedTuple):
    """The concept of the drug, the milligrams of one unit, and the millilitres in which they are sold."""

    drug: str
    milligrams: Decimal
    millilitres: tuple[Decimal, ...]


PRODUCTS: Mapping[str, Product] = MappingProxyType(
    {
        "denosumab_120mg": Product("denosumab", Decimal(120), (Decimal("1.7"),)),
        "denosumab_60mg": Product("denosumab", Decimal(60), (Decimal(1),)),
        "zoledronic_acid_4mg": Product("zoledronic_acid", Decimal(4), (Decimal(5), Decimal(100))),
        "zoledronic_acid_5mg": Product("zoledronic_acid", Decimal(5), (Decimal(100),)),
    }
)
"""Volumes: product information of Xgeva, Prolia, Zometa (concentrate and ready to use) and Aclasta."""


def strength_of(concepts: frozenset[str]) -> Decimal | None:
    """The milligrams that the concepts of one drug say; None where they say none, or several."""
    strengths = {PRODUCTS[concept].milligrams for concept in concepts if concept in PRODUCTS}
    return strengths.pop() if len(strengths) == 1 else None


def millilitres_of(concepts: frozenset[str]) -> Decimal | None:
    """The millilitres of one unit that the concepts of one drug say; None where they say none, or several."""
    volumes = {volume for concept in concepts if concept in PRODUCTS for volume in PRODUCTS[concept].millilitres}
    return volumes.pop() if len(volumes) == 1 else None


def is_sold(concepts: frozenset[str], milligrams: Decimal, millilitres: Decimal) -> bool:
    """A container of the drug is sold with so much in so many millilitres: a label that says both names it."""
    drugs = {substance_of(concept) for concept in concepts}
    return any(
        product.drug in drugs and product.milligrams == milligrams and millilitres in product.millilitres
        for product in PRODUCTS.values()
    )


def substance_of(concept: str) -> str:
    """The concept of the drug; the concept itself where it says no strength."""
    return PRODUCTS[concept].drug if concept in PRODUCTS else concept
