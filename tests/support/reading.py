"""The reader of one moment, with the code lists that we ship; no reference leads anywhere unless a test says where."""

from __future__ import annotations

from datetime import datetime

from mappings.clock import Clock
from mappings.readers.reader import Finder, Reader
from mappings.vocabulary.concepts import Terminology


def reader_at(now: datetime, find: Finder = lambda _reference: None) -> Reader:
    return Reader(Clock(now), Terminology.shipped(), find)
