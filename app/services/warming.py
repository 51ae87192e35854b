"""Libraries loaded beside the pages: what others want, and torch once a model is asked."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from threading import Thread

WANTED = ("scipy.optimize", "sklearn.metrics")
"""By Compare and the examples, a second together. Not torch, which holds a large part of the memory
that a server has and which only questions to the model need."""
MODEL = ("causalpima_core.fitted",)
"""With torch, two seconds, in which a page can already show all that needs no model."""
AT_ONCE = 0.1
"""Seconds to wait for what may be there already."""


def begin() -> Thread:
    """Start loading what other pages want, once in a process; no page waits for the thread."""
    return _loading(WANTED)


def model_is_loaded() -> bool:
    """Whether a model can be asked without a wait; starts loading what that takes.

    True as well where loading failed: whoever then asks a model meets the error.
    """
    thread = _loading(MODEL)
    thread.join(AT_ONCE)
    return not thread.is_alive()


@cache
def _loading(names: tuple[str, ...]) -> Thread:
    thread = Thread(target=lambda: [import_module(name) for name in names], name="warming")
    thread.start()
    return thread
