"""The best of a ranked list, without those that repeat a better one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

T = TypeVar("T")


def first_distinct(ranked: Iterable[T], alike: Callable[[T, T], bool], most: int) -> list[T]:
    """At most so many, each unlike all before it.

    >>> first_distinct([9, 8, 5, 4, 1], lambda a, b: abs(a - b) < 2, most=2)
    [9, 5]
    """
    kept: list[T] = []
    for one in ranked:
        if len(kept) == most:
            break
        if not any(alike(one, other) for other in kept):
            kept.append(one)
    return kept
