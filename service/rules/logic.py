"""Three-valued logic (Kleene's): True, False, and None for what nobody knows."""

from __future__ import annotations


def negated(holds: bool | None) -> bool | None:  # noqa: FBT001 - a truth value
    """Not; unknown stays unknown."""
    return None if holds is None else not holds


def either(*holds: bool | None) -> bool | None:
    """Or: true as soon as one is, unknown while one may be."""
    if any(one is True for one in holds):
        return True
    return None if any(one is None for one in holds) else False


def both(*holds: bool | None) -> bool | None:
    """And: false as soon as one is, unknown while one may be."""
    if any(one is False for one in holds):
        return False
    return None if any(one is None for one in holds) else True
