"""The reader of one moment, with the code lists that we serve; no reference leads anywhere unless a test says where."""

from __future__ import annotations

from datetime import datetime

from mappings.clock import Clock
from mappings.readers.reader import Finder, Reader
from service.guidelines import GUIDELINES
from service.rules.guideline import terminology_of

TERMINOLOGY = terminology_of(GUIDELINES)
SCORES = TERMINOLOGY.scores


def reader_at(now: datetime, find: Finder = lambda _reference: None) -> Reader:
    return Reader(Clock(now), TERMINOLOGY, find)
