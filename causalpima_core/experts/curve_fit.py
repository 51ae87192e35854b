"""Least squares for many curves at once: Levenberg and Marquardt's steps, and where to begin.

All curves of a modality are fitted together as arrays, in coordinates in which bounds cannot be
crossed. Parameters that the formula is linear in never need a start: they are solved for.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from causalpima_core.experts.expert import Expert, Parameter
from causalpima_core.experts.expression import is_linear

STEPS = 60
DRAWS, POLISHED = 2000, 16
SMALLEST_DAMPING, LARGEST_DAMPING = 1e-9, 1e9
LONGEST_STEP = 2.0
"""Of a coordinate that is a logarithm or logit: a factor of about seven."""
FARTHEST = 40.0
CONVERGED = 1e-10
RIDGE = 1e-12
FINER, TURNING = 3, 1.5
DECADES = (-1.5, 1.7)
"""Powers of ten around a natural magnitude within which starts are drawn."""


@dataclass(frozen=True)
class CurveFits:
    """Least-squares fits of curves.

    Attributes:
        parameters: shape ``(n, k)``.
        free: the same in coordinates without bounds (see `Parameter.free`), shape ``(n, k)``; there
            a value that has come too near a bound to tell it from it is still a number.
        variance: of the free coordinates by the curve's own scatter, shape ``(n, k)``; infinite
            where the curve does not determine them.
        square: mean squared residual, shape ``(n,)``.
    """

    parameters: NDArray[np.float64]
    free: NDArray[np.float64]
    variance: NDArray[np.float64]
    square: NDArray[np.float64]


def fit_curves(
    expert: Expert, curves: NDArray[np.floating], starts: NDArray[np.float64]
) -> CurveFits:
    """Fit every curve from the best of some starts.

    Args:
        expert: what is fitted.
        curves: shape ``(n, points)``, finite.
        starts: parameters to begin with, shape ``(s, k)``.
    """
    curves = curves.astype(np.float64)
    begun = np.stack(
        [_solve_linear(expert, curves, np.tile(start, (len(curves), 1))) for start in starts]
    )
    squares = np.stack([_mean_square(expert, curves, parameters) for parameters in begun])
    return descend(expert, curves, begun[squares.argmin(0), np.arange(len(curves))])


def find_starts(
    expert: Expert, curves: NDArray[np.floating], rng: Generator
) -> NDArray[np.float64]:
    """The best parameters for each of a few curves, by search over all magnitudes.

    Args:
        expert: what is fitted.
        curves: a few typical ones, shape ``(m, points)``, finite.
        rng: source of the draws.

    Returns:
        Shape ``(m, k)``.
    """
    found = []
    for curve in curves.astype(np.float64):
        drawn = _draw(expert, curve, rng)
        repeated = np.broadcast_to(curve, (len(drawn), len(curve)))
        drawn = _solve_linear(expert, repeated, drawn)
        squares = _mean_square(expert, repeated, drawn)
        squares[_turns_between(expert, drawn, len(curve))] = np.inf
        best = np.argsort(squares)[:POLISHED]
        fits = descend(expert, repeated[best], drawn[best])
        found.append(fits.parameters[fits.square.argmin()])
    return np.stack(found)


def _turns_between(
    expert: Expert, parameters: NDArray[np.float64], n_points: int
) -> NDArray[np.bool_]:
    """Whether a curve moves much more than its points show: a frequency too high to be seen.

    Oscillations faster than the points can follow fit them as well as the true one.
    """
    with np.errstate(all="ignore"):
        fine = expert.curves(parameters, FINER * (n_points - 1) + 1)
        moves = np.abs(np.diff(fine)).sum(-1)
        return moves > TURNING * np.abs(np.diff(fine[..., ::FINER])).sum(-1)


def _mean_square(
    expert: Expert, curves: NDArray[np.float64], parameters: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Mean squared residual; infinite where the formula is undefined."""
    with np.errstate(all="ignore"):
        square = (curves - expert.curves(parameters, curves.shape[-1])) ** 2
        return np.nan_to_num(square.mean(-1), nan=np.inf, posinf=np.inf)


def descend(
    expert: Expert, curves: NDArray[np.float64], parameters: NDArray[np.float64]
) -> CurveFits:
    """Levenberg's and Marquardt's method for every curve by itself, all at once."""
    bounded = np.array([p.is_bounded for p in expert.parameters])
    free, damping = _within(expert.free(parameters), bounded), np.full(len(curves), 1e-3)
    square = _mean_square(expert, curves, expert.bound(free))
    moving = np.isfinite(square)
    for _ in range(STEPS):
        rows = np.flatnonzero(moving)
        if len(rows) == 0:
            break
        normal, gradient = _normal_equations(expert, curves[rows], free[rows])
        step = _damped_step(normal, gradient, damping[rows])
        step = np.where(bounded, np.clip(step, -LONGEST_STEP, LONGEST_STEP), step)
        tried = _within(free[rows] + step, bounded)
        new = _mean_square(expert, curves[rows], expert.bound(tried))
        better = new < square[rows]
        settled = better & (square[rows] - new <= CONVERGED * square[rows])
        free[rows[better]], square[rows[better]] = tried[better], new[better]
        damping[rows] *= np.where(better, 0.2, 5.0)
        damping = damping.clip(SMALLEST_DAMPING)
        moving[rows] = ~settled & (damping[rows] < LARGEST_DAMPING)
    normal, _ = _normal_equations(expert, curves, free)
    noise = square * curves.shape[1] / max(1, curves.shape[1] - free.shape[1])
    variance = _inverse_diagonal(normal) * noise[:, None]
    return CurveFits(expert.bound(free), free, variance, square)


def _within(free: NDArray[np.float64], bounded: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Coordinates of bounded parameters kept where their exponentials are numbers."""
    return np.where(bounded, np.clip(free, -FARTHEST, FARTHEST), free)


def _normal_equations(
    expert: Expert, curves: NDArray[np.float64], free: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """``JᵀJ`` and ``Jᵀr`` in free coordinates (see `_projected`)."""
    parameters, n_points = expert.bound(free), curves.shape[1]
    with np.errstate(all="ignore"):
        jacobian = expert.jacobian(parameters, n_points) * expert.slopes(parameters)[:, None]
        return _projected(jacobian, curves - expert.curves(parameters, n_points))


def _projected(
    jacobian: NDArray[np.float64], residual: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """``JᵀJ``, shape ``(n, k, k)``, and ``Jᵀr``, shape ``(n, k)``; 0 for curves that overflow."""
    normal = jacobian.swapaxes(1, 2) @ jacobian
    gradient = np.einsum("npi,np->ni", jacobian, residual)
    finite = np.isfinite(normal).all((1, 2)) & np.isfinite(gradient).all(1)
    return np.where(finite[:, None, None], normal, 0.0), np.where(finite[:, None], gradient, 0.0)


def _damped_step(
    normal: NDArray[np.float64], gradient: NDArray[np.float64], damping: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Solve the damped equations, scaled so that units do not matter."""
    scale = np.sqrt(normal.diagonal(axis1=1, axis2=2))
    scale = np.where(scale > 0, scale, 1.0)
    unit = normal / (scale[:, :, None] * scale[:, None])
    unit += (damping + RIDGE)[:, None, None] * np.eye(unit.shape[-1])
    return np.linalg.solve(unit, (gradient / scale)[..., None])[..., 0] / scale


def _inverse_diagonal(normal: NDArray[np.float64]) -> NDArray[np.float64]:
    """Diagonal of the inverse; infinite for what is not determined."""
    scale = np.sqrt(normal.diagonal(axis1=1, axis2=2))
    known = scale > 0
    scale = np.where(known, scale, 1.0)
    unit = normal / (scale[:, :, None] * scale[:, None])
    inverse = np.linalg.inv(unit + RIDGE * np.eye(unit.shape[-1]))
    return np.where(known, inverse.diagonal(axis1=1, axis2=2) / scale**2, np.inf)


def _solve_linear(
    expert: Expert, curves: NDArray[np.float64], parameters: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Put in place of each parameter the formula is linear in its least-squares value.

    Args:
        expert: what is fitted.
        curves: shape ``(n, points)``.
        parameters: of each curve, shape ``(n, k)``; the others are kept.
    """
    linear = _linear(expert)
    if not linear:
        return parameters
    n_points, rest = curves.shape[1], parameters.copy()
    rest[:, linear] = 0.0
    with np.errstate(all="ignore"):
        offset = expert.curves(rest, n_points)
        normal, gradient = _projected(expert.jacobian(rest, n_points)[..., linear], curves - offset)
    rest[:, linear] = _damped_step(normal, gradient, np.full(len(curves), RIDGE))
    for j in linear:
        rest[:, j] = expert.parameters[j].nearest_inside(rest[:, j])
    return rest


def _linear(expert: Expert) -> list[int]:
    """Positions of parameters that the formula is linear in together."""
    chosen: list[int] = []
    for j in range(len(expert.names)):
        if is_linear(expert.expression, tuple(expert.names[i] for i in (*chosen, j))):
            chosen.append(j)
    return chosen


def _draw(expert: Expert, curve: NDArray[np.float64], rng: Generator) -> NDArray[np.float64]:
    """Parameters of all sizes that axis and values make natural, shape ``(DRAWS, k)``."""
    height, length = float(np.ptp(curve)) or 1.0, expert.stop - expert.start
    natural = np.array([1.0, height, length, height / length, 1 / length])
    columns = []
    for parameter in expert.parameters:
        size = rng.choice(natural, DRAWS) * 10 ** rng.uniform(*DECADES, DRAWS)
        place = rng.uniform(expert.start, expert.stop, DRAWS)
        columns.append(_draw_one(parameter, size, place, rng))
    return np.stack(columns, axis=1)


def _draw_one(
    parameter: Parameter, size: NDArray[np.float64], place: NDArray[np.float64], rng: Generator
) -> NDArray[np.float64]:
    if parameter.near is not None:
        near = np.full(len(size), parameter.near)
        spread = 0.5 if parameter.is_bounded else 0.5 * (abs(parameter.near) or 1.0)
        return parameter.bound(parameter.free(near) + rng.normal(0, spread, len(size)))
    if np.isfinite(parameter.lower) and np.isfinite(parameter.upper):
        return rng.uniform(parameter.lower, parameter.upper, len(size))
    if np.isfinite(parameter.lower):
        return parameter.lower + size
    if np.isfinite(parameter.upper):
        return parameter.upper - size
    signed = size * rng.choice([-1.0, 1.0], len(size))
    return np.where(rng.random(len(size)) < 0.5, signed, place)
