"""What the query of an address names."""

from __future__ import annotations

from cds_hooks import ProtocolError


class NoNumber(ProtocolError):
    """A parameter is no number of those that it takes."""

    status = 400
    code = "value"


def whole_number(name: str, told: str, most: int) -> int:
    """The number that a parameter says. Raises `NoNumber`."""
    if not (told.isascii() and told.isdecimal() and len(told) <= len(str(most)) and 0 < int(told) <= most):
        raise NoNumber({name: f"takes a whole number from 1 to {most}"})
    return int(told)
