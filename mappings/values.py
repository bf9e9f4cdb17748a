"""Values of one request: dataclasses that the type checker freezes, and that are made as fast as a plain object.

A frozen dataclass sets each of its fields through `object.__setattr__`, which makes it several times slower to make; a
record is read into thousands of them. What is kept longer than a request, in a table or a cache, is frozen at run time too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar, dataclass_transform, overload

C = TypeVar("C")


@overload
def value(cls: type[C], /) -> type[C]: ...


@overload
def value(*, kw_only: bool) -> Callable[[type[C]], type[C]]: ...


@dataclass_transform(frozen_default=True, eq_default=True, field_specifiers=(field,))
def value(cls: type[C] | None = None, /, *, kw_only: bool = False) -> type[C] | Callable[[type[C]], type[C]]:
    """A dataclass with slots, equal and hashed by its fields; assigning to them is an error of types, not of run time."""
    make = dataclass(slots=True, unsafe_hash=True, kw_only=kw_only)
    return make if cls is None else make(cls)
