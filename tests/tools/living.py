"""The functions of a module as they live in this process, whose code can be exchanged while everything else stays.

A function is known by its code, not by the name under which it is kept: it may be inside of a rule, a condition or a
trigger, in a table, or decorated.
"""

from __future__ import annotations

import gc
import types
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

LruCache = type(lru_cache(lambda: None))


class LivingFunctions:
    """The functions of one module, the place of their code in the module's code, and the caches that hold what they gave."""

    def __init__(self, path: str, source: str, remembering: frozenset[str] = frozenset()) -> None:
        living: dict[Any, list[types.FunctionType]] = {}
        self.caches: list[Any] = []
        for one in gc.get_objects():
            if isinstance(one, types.FunctionType) and one.__code__.co_filename == path:
                living.setdefault(_identity(one.__code__), []).append(one)
            elif isinstance(one, LruCache):
                code = getattr(one.__wrapped__, "__code__", None)  # none where a class or a built-in function is cached
                if one.__module__ in remembering or (code is not None and code.co_filename == path):
                    self.caches.append(one)
        self.originals = list(_codes(compile(source, path, "exec", dont_inherit=True)))
        self.places = [living.get(_identity(code), []) for code in self.originals]

    def change_to(self, changed: types.CodeType) -> None:
        """Give every living function its code in the changed module, and forget what was remembered of the old.

        Raises `LookupError` where no living function has the code that was changed, and `ValueError` where the free
        variables are others.
        """
        codes = list(_codes(changed))
        if len(codes) != len(self.originals):  # the change left a nested function out
            by_place = {(code.co_qualname, code.co_firstlineno): code for code in codes}
            codes = [by_place.get((one.co_qualname, one.co_firstlineno), one) for one in self.originals]
        exchanged = False
        for functions, code, original in zip(self.places, codes, self.originals, strict=True):
            for function in functions if code != original else ():
                function.__code__ = code
                exchanged = True
        if not exchanged:
            raise LookupError("the changed function is not found in the program")
        for remembered in self.caches:
            remembered.cache_clear()


def _identity(code: types.CodeType) -> Any:
    return code.co_qualname, code.co_firstlineno, tuple(code.co_positions())


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _codes(constant)
