"""Diagonal Gaussians and their product: how what each modality says of a sample is fused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log, pi

import torch
from jaxtyping import Bool, Float
from torch import Generator, Tensor

LOG_2PI = log(2 * pi)


@dataclass(frozen=True)
class DiagonalGaussian:
    """A batch of Gaussians with diagonal covariance, ``q(Z|X)``.

    Attributes:
        mean: shape ``(batch, latent)``.
        log_variance: shape ``(batch, latent)``; logarithms, so extreme precisions stay finite.
    """

    mean: Float[Tensor, "batch latent"]
    log_variance: Float[Tensor, "batch latent"]

    def __getitem__(self, rows: Tensor | slice) -> DiagonalGaussian:
        """Some of the batch."""
        return DiagonalGaussian(self.mean[rows], self.log_variance[rows])

    @property
    def variance(self) -> Float[Tensor, "batch latent"]:
        """Variances."""
        return self.log_variance.exp()

    def sample(self, generator: Generator | None = None) -> Float[Tensor, "batch latent"]:
        """One reparameterised sample of each."""
        noise = torch.randn(
            self.mean.shape, generator=generator, device=self.mean.device, dtype=self.mean.dtype
        )
        return self.mean + noise * (0.5 * self.log_variance).exp()

    def entropy(self) -> Float[Tensor, " batch"]:
        """Differential entropy in nats."""
        return 0.5 * (1 + LOG_2PI + self.log_variance).sum(-1)

    def log_density(self, z: Float[Tensor, "batch latent"]) -> Float[Tensor, " batch"]:
        """Log density at ``z`` in nats."""
        distance = (z - self.mean).square() * (-self.log_variance).exp()
        return -0.5 * (LOG_2PI + self.log_variance + distance).sum(-1)


def product_of_experts(
    experts: Sequence[DiagonalGaussian], observed: Bool[Tensor, "batch modalities"]
) -> DiagonalGaussian:
    """Fuse the experts of the modalities each sample has (PIMA, arXiv 2202.03242, eq. 6).

    Precisions add: ``1/σ² = Σ_m 1/σ²_m`` and ``μ = σ² Σ_m μ_m/σ²_m`` over observed ``m``. The
    sums are taken over log-precisions; the mean's weights are their softmax.

    Raises:
        ValueError: a sample has no modality at all.
    """
    if not bool(observed.any(1).all()):
        raise ValueError("Every sample needs at least one observed modality.")
    means = torch.stack([q.mean for q in experts])
    log_precisions = torch.stack([-q.log_variance for q in experts])
    log_precisions = log_precisions.masked_fill(~observed.T[:, :, None], -torch.inf)
    weights = log_precisions.softmax(0)
    return DiagonalGaussian((weights * means).sum(0), -log_precisions.logsumexp(0))
