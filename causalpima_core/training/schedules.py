"""Learning rates and temperature as functions of progress, so that a resume needs no memory."""

from __future__ import annotations

from math import cos, pi

RISE = 0.3
LEAST = 0.02
ANNEALED = 0.7
"""Share of joint training after which the temperature stays at its end."""


def one_cycle(progress: float) -> float:
    """Factor of the peak learning rate: up to 1 at `RISE`, then down a cosine to `LEAST`.

    >>> one_cycle(0.3)
    1.0
    """
    if progress < RISE:
        return LEAST + (1 - LEAST) * progress / RISE
    return LEAST + (1 - LEAST) * 0.5 * (1 + cos(pi * (progress - RISE) / (1 - RISE)))


def temperature(progress: float, start: float, end: float) -> float:
    """Geometric descent from ``start`` to ``end`` over the first `ANNEALED` of the way.

    >>> round(temperature(0.35, 1.0, 0.01), 6), temperature(1.0, 1.0, 0.01)
    (0.1, 0.01)
    """
    return start * (end / start) ** min(1.0, progress / ANNEALED)
