"""Outline of a Gaussian component as it appears in a two-dimensional projection."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SIGMAS = 2.0
"""Drawn at two standard deviations: 86% of a component's mass lies within, in two dimensions."""


def outline(
    mean: NDArray[np.floating], covariance: NDArray[np.floating], points: int = 33
) -> NDArray[np.float64]:
    """Points of the ellipse at `SIGMAS` standard deviations, closed.

    Args:
        mean: shape ``(2,)``.
        covariance: shape ``(2, 2)``, positive semi-definite.
        points: how many, the first again at the end.

    Returns:
        Shape ``(points, 2)``.
    """
    values, vectors = np.linalg.eigh(np.asarray(covariance, dtype=np.float64))
    angles = np.linspace(0, 2 * np.pi, points)
    circle = np.stack([np.cos(angles), np.sin(angles)])
    radii = SIGMAS * np.sqrt(np.clip(values, 0, None))
    return np.asarray(mean) + (vectors @ (radii[:, None] * circle)).T
