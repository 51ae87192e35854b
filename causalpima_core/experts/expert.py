"""An expert: a formula for a curve with its parameters' bounds and units, and its axis."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import inf, isfinite

import numpy as np
from numpy.typing import NDArray

from causalpima_core.experts.expression import Expression, derivative, evaluate
from causalpima_core.experts.formula import AXIS


@dataclass(frozen=True)
class Parameter:
    """A number to be found, between bounds that are not part of the range.

    Attributes:
        near: where to begin looking; None for anywhere.
    """

    name: str
    lower: float = -inf
    upper: float = inf
    unit: str = ""
    near: float | None = None

    @property
    def is_bounded(self) -> bool:
        """Whether there is a bound on either side."""
        return isfinite(self.lower) or isfinite(self.upper)

    def nearest_inside(self, value: NDArray[np.float64]) -> NDArray[np.float64]:
        """Values, those beyond a bound moved to just inside it."""
        margin = 1e-3 * np.maximum(np.abs(value), 1e-12)
        if isfinite(self.lower) and isfinite(self.upper):
            margin = np.minimum(margin, 1e-3 * (self.upper - self.lower))
        return np.clip(value, self.lower + margin, self.upper - margin)

    def free(self, value: NDArray[np.float64]) -> NDArray[np.float64]:
        """To a coordinate without bounds: logarithm of the distance to one, logit between two."""
        if isfinite(self.lower) and isfinite(self.upper):
            return np.log((value - self.lower) / (self.upper - value))
        if isfinite(self.lower):
            return np.log(value - self.lower)
        return -np.log(self.upper - value) if isfinite(self.upper) else value

    def bound(self, free: NDArray[np.float64]) -> NDArray[np.float64]:
        """Inverse of `free`."""
        if isfinite(self.lower) and isfinite(self.upper):
            return self.lower + (self.upper - self.lower) / (1 + np.exp(-free))
        if isfinite(self.lower):
            return self.lower + np.exp(free)
        return self.upper - np.exp(-free) if isfinite(self.upper) else free

    def slope(self, value: NDArray[np.float64]) -> NDArray[np.float64]:
        """Derivative of the value by its free coordinate."""
        if isfinite(self.lower) and isfinite(self.upper):
            return (value - self.lower) * (self.upper - value) / (self.upper - self.lower)
        if isfinite(self.lower):
            return value - self.lower
        return self.upper - value if isfinite(self.upper) else np.ones_like(value)


@dataclass(frozen=True)
class Expert:
    """A curve's formula, ready to be evaluated at the points of a modality.

    Attributes:
        spec: the text it was read from.
        formula: its first clause, names of `NAMED` written out.
        expression: the formula as a tree.
        parameters: in the order they appear.
        start: value of ``t`` at the first point.
        stop: value of ``t`` at the last point.
        axis_unit: of ``t``.
        unit: of the curve's values.
    """

    spec: str
    formula: str
    expression: Expression
    parameters: tuple[Parameter, ...]
    start: float = 0.0
    stop: float = 1.0
    axis_unit: str = ""
    unit: str = ""

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the parameters."""
        return tuple(p.name for p in self.parameters)

    @cached_property
    def derivatives(self) -> tuple[Expression, ...]:
        """Of the formula by each parameter."""
        return tuple(derivative(self.expression, name) for name in self.names)

    def axis(self, n_points: int) -> NDArray[np.float64]:
        """Values of ``t``, shape ``(points,)``."""
        return np.linspace(self.start, self.stop, n_points)

    def curves(self, parameters: NDArray[np.float64], n_points: int) -> NDArray[np.float64]:
        """Curves of parameters ``(…, k)``, shape ``(…, points)``; NaN where undefined."""
        value = evaluate(self.expression, self._values(parameters, n_points))
        return np.broadcast_to(value, (*parameters.shape[:-1], n_points))

    def jacobian(self, parameters: NDArray[np.float64], n_points: int) -> NDArray[np.float64]:
        """Derivatives of the curves by the parameters, shape ``(…, points, k)``.

        A point whose derivative is undefined (a power of t by its exponent, at 0) has no say.
        """
        values = self._values(parameters, n_points)
        shape = (*parameters.shape[:-1], n_points)
        columns = [np.broadcast_to(evaluate(d, values), shape) for d in self.derivatives]
        stacked = np.stack(columns, axis=-1)
        return np.where(np.isfinite(stacked), stacked, 0.0)

    def free(self, parameters: NDArray[np.float64]) -> NDArray[np.float64]:
        """Coordinates without bounds of parameters ``(…, k)``."""
        return self._each("free", parameters)

    def bound(self, free: NDArray[np.float64]) -> NDArray[np.float64]:
        """Parameters of coordinates without bounds."""
        return self._each("bound", free)

    def slopes(self, parameters: NDArray[np.float64]) -> NDArray[np.float64]:
        """Derivatives of the parameters by their free coordinates."""
        return self._each("slope", parameters)

    def _each(self, what: str, values: NDArray[np.float64]) -> NDArray[np.float64]:
        with np.errstate(all="ignore"):
            changed = [getattr(p, what)(values[..., j]) for j, p in enumerate(self.parameters)]
        return np.stack(changed, axis=-1)

    def _values(self, parameters: NDArray[np.float64], n_points: int) -> dict[str, NDArray]:
        columns = {name: parameters[..., j, None] for j, name in enumerate(self.names)}
        return columns | {AXIS: self.axis(n_points)}
