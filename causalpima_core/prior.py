"""The mixture prior: one Gaussian per joint outcome, responsibilities, and closed-form EM."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from causalpima_core.gaussians import LOG_2PI, DiagonalGaussian


@dataclass(frozen=True)
class GaussianComponents:
    """``p(Z|c) = N(μ_c, Σ_c)`` for every joint outcome c.

    Attributes:
        mean: shape ``(C, latent)``.
        covariance: shape ``(C, latent)`` where diagonal, ``(C, latent, latent)`` where full.
    """

    mean: Float[Tensor, "C latent"]
    covariance: Float[Tensor, "C latent"] | Float[Tensor, "C latent latent"]

    @property
    def is_full(self) -> bool:
        """Whether covariances are full."""
        return self.covariance.ndim == 3

    def full_covariance(self) -> Float[Tensor, "C latent latent"]:
        """Covariances as matrices."""
        return self.covariance if self.is_full else torch.diag_embed(self.covariance)

    def expected_log_density(self, q: DiagonalGaussian) -> Float[Tensor, "batch C"]:
        """``E_q log N(Z; μ_c, Σ_c)`` for every sample and component, in closed form."""
        return self._full(q) if self.is_full else self._diagonal(q)

    def _diagonal(self, q: DiagonalGaussian) -> Float[Tensor, "batch C"]:
        difference = q.mean[:, None] - self.mean
        scaled = (q.variance[:, None] + difference.square()) / self.covariance
        return -0.5 * (LOG_2PI + self.covariance.log() + scaled).sum(-1)

    def _full(self, q: DiagonalGaussian) -> Float[Tensor, "batch C"]:
        factor = torch.linalg.cholesky(self.covariance)
        log_determinant = 2 * factor.diagonal(dim1=-2, dim2=-1).log().sum(-1)
        difference = (q.mean[:, None] - self.mean).permute(1, 2, 0)
        distance = torch.linalg.solve_triangular(factor, difference, upper=False).square().sum(1).T
        precision = torch.cholesky_inverse(factor).diagonal(dim1=-2, dim2=-1)
        trace = q.variance @ precision.T
        constant = self.mean.shape[1] * LOG_2PI + log_determinant
        return -0.5 * (constant + trace + distance)


def log_responsibilities(
    log_outcomes: Float[Tensor, " C"], log_density: Float[Tensor, "batch C"]
) -> Float[Tensor, "batch C"]:
    """``log γ_c``, ``γ_c ∝ p(c) exp(E_q log p(Z|c))``: the optimum of the ELBO for ``q(c|X)``."""
    return (log_outcomes + log_density).log_softmax(-1)


class SufficientStatistics:
    """Sums over samples from which the components' best parameters follow; gathered by batch.

    Attributes:
        weight: ``Σ γ_c``, shape ``(C,)``.
        first: ``Σ γ_c μ``, shape ``(C, latent)``.
        second: ``Σ γ_c (μ μᵀ + diag σ²)``, shape ``(C, latent, latent)``.
    """

    def __init__(
        self, n_components: int, n_latent: int, device: torch.device | str = "cpu"
    ) -> None:
        """Nothing gathered yet."""
        # MPS has no float64; everywhere else the sums deserve it.
        kind = torch.float32 if torch.device(device).type == "mps" else torch.float64
        self.weight = torch.zeros(n_components, dtype=kind, device=device)
        self.first = torch.zeros(n_components, n_latent, dtype=kind, device=device)
        self.second = torch.zeros(n_components, n_latent, n_latent, dtype=kind, device=device)

    def add(self, q: DiagonalGaussian, responsibilities: Float[Tensor, "batch C"]) -> None:
        """Gather one batch."""
        gamma = responsibilities.detach().to(self.weight.dtype)
        mean = q.mean.detach().to(self.weight.dtype)
        variance = q.variance.detach().to(self.weight.dtype)
        self.weight += gamma.sum(0)
        self.first += gamma.T @ mean
        self.second += torch.einsum("nc,ni,nj->cij", gamma, mean, mean)
        self.second += torch.diag_embed(gamma.T @ variance)

    def maximise(
        self, current: GaussianComponents, shrinkage: float = 0.0, floor: float = 1e-6
    ) -> GaussianComponents:
        """The M-step: components that maximise the ELBO given the responsibilities.

        Args:
            current: kept for components without samples, and for the covariance's form.
            shrinkage: pseudo-samples of the pooled within-component covariance mixed into each
                component; 0 is plain maximum likelihood.
            floor: least variance in any direction of the latent axes.
        """
        alive = self.weight > 1e-3
        count = self.weight.clamp_min(1e-3)[:, None]
        mean = torch.where(alive[:, None], self.first / count, current.mean.to(self.first))
        scatter = (
            self.second - torch.einsum("ci,cj->cij", self.first, self.first) / count[..., None]
        )
        scatter = torch.where(alive[:, None, None], scatter, torch.zeros_like(scatter))
        pooled = scatter.sum(0) / self.weight.sum()
        extra = torch.where(alive, shrinkage, max(shrinkage, 1.0))[:, None, None]
        known = torch.where(alive, self.weight, 0.0)[:, None, None]
        covariance = (scatter + extra * pooled) / (known + extra)
        if current.is_full:
            eye = torch.eye(covariance.shape[-1], dtype=covariance.dtype, device=covariance.device)
            covariance = covariance + floor * eye
        else:
            covariance = covariance.diagonal(dim1=-2, dim2=-1).clamp_min(floor)
        return GaussianComponents(mean.to(current.mean), covariance.to(current.mean))
