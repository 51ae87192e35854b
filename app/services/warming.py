"""Libraries that other pages want, loaded while a person reads the first one."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from threading import Thread

WANTED = ("scipy.optimize", "sklearn.metrics")
"""By Compare and the examples, a second together. Not torch, which holds a large part of the memory
that a server has and which only questions to the model need."""


@cache
def begin() -> Thread:
    """Start loading, once in a process; no page has to wait for the thread."""
    thread = Thread(target=lambda: [import_module(name) for name in WANTED], name="warming")
    thread.start()
    return thread
