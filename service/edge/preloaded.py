"""What every worker has loaded when it begins. One process imports this, and each worker is a copy of it.

What is here is in memory once, however many workers there are, and a worker begins in moments. Nothing in here opens a file
that stays open, begins a thread, or depends on the settings: a copy would share it.
"""

import gc
import signal

import sqlalchemy.dialects.sqlite  # noqa: F401 - most sites' ledger

from service.cards.suggestions import models
from service.edge.app import create_app  # noqa: F401 - and all that it is made of
from service.guidelines import GUIDELINES
from service.rules.guideline import terminology_of

# Whoever stops the service may tell all its processes: without this one, all workers pass for dead.
for told in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(told, signal.SIG_IGN)
models()
terminology_of(GUIDELINES)
# What the collector has looked at, it changes: copies would no longer share it.
gc.collect()
gc.freeze()
