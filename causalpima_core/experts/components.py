"""An expert for every mixture component: its curve, how samples scatter about it, its likelihood.

``p(X_m|c) = N(E(t; θ_c), s²_c I + J_c Ω_c J_cᵀ)``: the curve of component c, and samples whose
parameters differ a little from θ_c with covariance Ω_c (a mixed-effects model, linearised at θ_c;
Laird and Ware, Biometrics 1982). With Ω_c = 0 this is the independent noise of causalPIMA (arXiv
2310.18471). But specimens do differ, each curve as a whole, and independent noise takes a hundred
points that are off together for a hundred pieces of evidence.

In the orthonormal tangents ``Q_c`` of ``J_c = Q_c R_c`` the covariance is a block ``B_c`` of k × k,
elsewhere it is s²_c, so that likelihood and maximisation are closed forms; θ_c alone takes least
squares, on the weighted mean curve, which is exact because all points have equal weight.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float
from numpy.typing import NDArray
from torch import Tensor

from causalpima_core.experts.curve_fit import descend
from causalpima_core.experts.expert import Expert
from causalpima_core.gaussians import LOG_2PI

VALUES_AT_ONCE = 2**24
LEAST_NOISE = 1e-4
"""Least s² in units of the modality's variance, as `elbo.optimal_noise_variance` has it."""
PSEUDO_SAMPLES = 2.0
"""Of all components' mean noise, mixed into each: few samples cannot make it vanish."""
ALIVE = 0.5
"""Samples' worth of weight below which a component keeps its curve."""


@dataclass(frozen=True)
class ExpertState:
    """What is learned of one modality's expert, curves standardised.

    Attributes:
        parameters: θ in the units of the data, shape ``(C, k)``.
        scatter: B, covariance of samples along the tangents, shape ``(C, k, k)``.
        noise: s², shape ``(C,)``.
        weight: samples' worth of evidence, ``(Σ γ)² / Σ γ²``, shape ``(C,)``.
    """

    parameters: NDArray[np.float64]
    scatter: NDArray[np.float64]
    noise: NDArray[np.float64]
    weight: NDArray[np.float64]


@dataclass(frozen=True)
class Units:
    """How a modality was standardised.

    Attributes:
        centre: shape ``(points,)``.
        scale: one number for all points.
    """

    centre: NDArray[np.float64]
    scale: float


@dataclass(frozen=True)
class ExpertDensity:
    """``p(X_m|c)`` of standardised curves, ready for batches.

    Attributes:
        mean: curves, shape ``(C, points)``.
        tangents: orthonormal, shape ``(C, points, k)``.
        factor: Cholesky factor of the inverse of B, shape ``(C, k, k)``.
        noise: s², shape ``(C,)``.
    """

    mean: Float[Tensor, "C points"]
    tangents: Float[Tensor, "C points k"]
    factor: Float[Tensor, "C k k"]
    noise: Float[Tensor, " C"]

    @classmethod
    def of(cls, expert: Expert, state: ExpertState, units: Units, like: Tensor) -> ExpertDensity:
        """From what was learned, with type and device of ``like``."""
        n_points = len(units.centre)
        mean = (expert.curves(state.parameters, n_points) - units.centre) / units.scale
        tangents, _ = tangents_of(expert, state.parameters, units)
        factor = np.linalg.cholesky(np.linalg.inv(_sound(state.scatter, state.noise)))
        arrays = (mean, tangents, factor, state.noise)
        return cls(*(torch.from_numpy(np.ascontiguousarray(a)).to(like) for a in arrays))

    @property
    def at_once(self) -> int:
        """Curves that are compared with all components at once."""
        return max(1, VALUES_AT_ONCE // self.mean.numel())

    def deviations(
        self, values: Float[Tensor, "batch points"]
    ) -> tuple[Float[Tensor, "batch C points"], Float[Tensor, "batch C k"]]:
        """Of every curve from every component's, and their parts along the tangents."""
        residual = values[:, None] - self.mean
        return residual, torch.einsum("ncp,cpk->nck", residual, self.tangents)

    def log_likelihood(
        self, values: Float[Tensor, "batch points"], observed: Bool[Tensor, " batch"]
    ) -> Float[Tensor, "batch C"]:
        """``log p(X_m|c)``; 0 where the modality was not observed."""
        pieces = values.split(self.at_once), observed.split(self.at_once)
        return torch.cat([self._log_likelihood(*piece) for piece in zip(*pieces, strict=True)])

    def _log_likelihood(
        self, values: Float[Tensor, "batch points"], observed: Bool[Tensor, " batch"]
    ) -> Float[Tensor, "batch C"]:
        residual, along = self.deviations(values)
        n_across = residual.shape[-1] - along.shape[-1]
        across = (residual.square().sum(-1) - along.square().sum(-1)).clamp_min(0)
        distance = torch.einsum("nck,ckj->ncj", along, self.factor).square().sum(-1)
        log_determinant = -2 * self.factor.diagonal(dim1=-2, dim2=-1).log().sum(-1)
        constant = residual.shape[-1] * LOG_2PI + n_across * self.noise.log() + log_determinant
        likelihood = -0.5 * (constant + across / self.noise + distance)
        return torch.where(observed[:, None], likelihood, torch.zeros_like(likelihood))


def tangents_of(
    expert: Expert, parameters: NDArray[np.float64], units: Units
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """``Q``, shape ``(C, points, k)``, and ``R``, shape ``(C, k, k)``, of standardised curves."""
    return np.linalg.qr(expert.jacobian(parameters, len(units.centre)) / units.scale)


class ExpertStatistics:
    """Sums over samples from which the best `ExpertState` follows; gathered by batch."""

    def __init__(self, density: ExpertDensity) -> None:
        """Nothing gathered yet; sums are relative to the curves of ``density``."""
        n_components, n_points, k = density.tangents.shape
        device = density.mean.device
        # MPS has no float64; everywhere else the sums deserve it.
        kind = torch.float32 if device.type == "mps" else torch.float64
        self.density = density
        self.weight = torch.zeros(n_components, dtype=kind, device=device)
        self.weight_square = torch.zeros_like(self.weight)
        self.square = torch.zeros_like(self.weight)
        self.first = torch.zeros(n_components, n_points, dtype=kind, device=device)
        self.along = torch.zeros(n_components, k, dtype=kind, device=device)
        self.second = torch.zeros(n_components, k, k, dtype=kind, device=device)

    @torch.no_grad()
    def add(
        self,
        values: Float[Tensor, "batch points"],
        observed: Bool[Tensor, " batch"],
        responsibilities: Float[Tensor, "batch C"],
    ) -> None:
        """Gather one batch."""
        pieces = (a.split(self.density.at_once) for a in (values, observed, responsibilities))
        for piece in zip(*pieces, strict=True):
            self._add(*piece)

    def _add(
        self,
        values: Float[Tensor, "batch points"],
        observed: Bool[Tensor, " batch"],
        responsibilities: Float[Tensor, "batch C"],
    ) -> None:
        gamma = (responsibilities * observed[:, None]).to(self.weight.dtype)
        residual, along = (d.to(self.weight.dtype) for d in self.density.deviations(values))
        self.weight += gamma.sum(0)
        self.weight_square += gamma.square().sum(0)
        self.square += (gamma * residual.square().sum(-1)).sum(0)
        self.first += torch.einsum("nc,ncp->cp", gamma, residual)
        self.along += torch.einsum("nc,nck->ck", gamma, along)
        self.second += torch.einsum("nc,nci,ncj->cij", gamma, along, along)

    def maximise(self, expert: Expert, current: ExpertState, units: Units) -> ExpertState:
        """The M-step: curves, scatter and noise that maximise the expected log-likelihood.

        Scatter is taken along the tangents of the curves it was gathered with, which are those of
        the new ones once training has settled.
        """
        weight, square, first, along, second = (
            tensor.cpu().double().numpy()
            for tensor in (self.weight, self.square, self.first, self.along, self.second)
        )
        alive = weight > ALIVE
        count = np.maximum(weight, ALIVE)
        shift = first / count[:, None]
        before = self.density.mean.cpu().double().numpy()
        curves = np.where(alive[:, None], before + shift, before) * units.scale + units.centre
        fits = descend(expert, curves, current.parameters)
        scatter = second / count[:, None, None]
        mean_along = along / count[:, None]
        scatter -= mean_along[:, :, None] * mean_along[:, None]
        total = square / count - (shift**2).sum(1)
        k, n_points = along.shape[1], first.shape[1]
        misfit = fits.square * n_points / units.scale**2
        across = np.maximum(total - np.trace(scatter, axis1=1, axis2=2), 0) + misfit
        noise = across / max(1, n_points - k)
        pooled = float(noise[alive] @ weight[alive] / weight[alive].sum())
        known = np.where(alive, weight, 0.0)
        noise = (known * noise + PSEUDO_SAMPLES * pooled) / (known + PSEUDO_SAMPLES)
        noise = np.maximum(noise, LEAST_NOISE)
        scatter = np.where(alive[:, None, None], scatter, 0.0)
        weight_square = self.weight_square.cpu().double().numpy()
        return ExpertState(
            np.where(alive[:, None], fits.parameters, current.parameters),
            _at_least(scatter, noise),
            noise,
            np.where(alive, weight**2 / np.maximum(weight_square, 1e-12), 0.0),
        )


def _sound(scatter: NDArray[np.float64], noise: NDArray[np.float64]) -> NDArray[np.float64]:
    """The scatter as it was before it was kept as float32, which can cost its least directions."""
    least = np.linalg.eigvalsh(scatter)[:, 0]
    return np.where((least < noise / 2)[:, None, None], _at_least(scatter, noise), scatter)


def _at_least(scatter: NDArray[np.float64], noise: NDArray[np.float64]) -> NDArray[np.float64]:
    """The scatter with no direction below the noise, beyond which it is the samples' own."""
    values, vectors = np.linalg.eigh(scatter)
    values = np.maximum(values, noise[:, None])
    return (vectors * values[:, None]) @ vectors.swapaxes(1, 2)
