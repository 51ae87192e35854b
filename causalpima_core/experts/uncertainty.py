"""How well the parameters of an expert are known, and how much samples differ in them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from causalpima_core.experts.components import ExpertState, Units, tangents_of
from causalpima_core.experts.expert import Expert

SINGULAR = 1e-6
"""Least singular value of tangents of unit length that still tells parameters apart."""
INVOLVED = 0.1


@dataclass(frozen=True)
class Uncertainty:
    """Of every parameter in every component, in the parameter's units; shapes ``(C, k)``.

    Attributes:
        standard_error: of the estimate; NaN where the curves do not determine it.
        spread: standard deviation between samples of the component, beyond noise; NaN likewise.
        at_bound: closer to a bound than its standard error.
    """

    standard_error: NDArray[np.float64]
    spread: NDArray[np.float64]
    at_bound: NDArray[np.bool_]


def uncertainty(expert: Expert, state: ExpertState, units: Units) -> Uncertainty:
    """Standard errors by the sandwich ``R⁻¹ B R⁻ᵀ / n``, a whole curve being one observation.

    The points of a curve are off together when its specimen differs, so residuals within a curve
    must not count as independent (White, Econometrica 1982; Liang and Zeger, Biometrika 1986).
    """
    _, upper = tangents_of(expert, state.parameters, units)
    length = np.linalg.norm(upper, axis=1)
    unit = upper / np.where(length > 0, length, 1.0)[:, None]
    _, values, directions = np.linalg.svd(unit)
    confused = (values < SINGULAR)[:, :, None] & (np.abs(directions) > INVOLVED)
    unknown = confused.any(1) | (length == 0) | (state.weight[:, None] <= 1)
    inverse = np.linalg.pinv(unit, rcond=SINGULAR)
    eye = np.eye(len(expert.names))
    # Scatter is about the samples' own mean, so one of them tells nothing of it.
    free = np.maximum(state.weight - 1, SINGULAR)[:, None, None]
    between = (
        state.scatter * (state.weight[:, None, None] / free) - state.noise[:, None, None] * eye
    )
    length = np.where(length > 0, length, 1.0)
    deviation = np.sqrt(_sandwiched(inverse, state.scatter)) / length
    error = deviation / np.sqrt(free[:, 0])
    spread = np.sqrt(_sandwiched(inverse, between)) / length
    error, spread = (np.where(unknown, np.nan, a) for a in (error, spread))
    return Uncertainty(error, spread, _near_bound(expert, state.parameters, error))


def _sandwiched(inverse: NDArray[np.float64], middle: NDArray[np.float64]) -> NDArray[np.float64]:
    diagonal = np.einsum("cij,cjk,cik->ci", inverse, middle, inverse)
    return np.maximum(diagonal, 0.0)  # of a positive matrix, up to rounding


def _near_bound(
    expert: Expert, parameters: NDArray[np.float64], error: NDArray[np.float64]
) -> NDArray[np.bool_]:
    lower = np.array([p.lower for p in expert.parameters])
    upper = np.array([p.upper for p in expert.parameters])
    distance = np.minimum(parameters - lower, upper - parameters)
    return np.isfinite(distance) & (distance < np.nan_to_num(error))
