"""What one modality alone, or some of several, say of a sample: encoders distilled after training.

Alone, an encoder that was only ever trained together with others is over- or underconfident, and
one Gaussian cannot say that a measurement leaves two components possible. So each modality gets
an encoder of its own for ``q(c, Z | X_m) = q(c | X_m) q(u | X_m, c)``, where
``u = L_c⁻¹ (Z − μ_c)`` is the residual within component c (``Σ_c = L_c L_cᵀ``): standard normal
where the measurement tells nothing of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Generator, Tensor, nn
from torch.nn.functional import one_hot, silu, softplus

from causalpima_core.encoders import HIDDEN, LOG_VARIANCE_RANGE, Encoder
from causalpima_core.gaussians import DiagonalGaussian
from causalpima_core.outcomes import outcome_table
from causalpima_core.prior import GaussianComponents

DROPOUT = 0.2


@dataclass(frozen=True)
class MixturePosterior:
    """``q(c|X)`` and, for every component, ``q(u|X, c)`` of the residual within it.

    Attributes:
        log_outcome: ``log q(c|X)``, shape ``(batch, C)``.
        mean: of the residual, shape ``(batch, C, latent)``.
        log_variance: of the residual, at most 0 (the prior's), shape ``(batch, C, latent)``.
    """

    log_outcome: Float[Tensor, "batch C"]
    mean: Float[Tensor, "batch C latent"]
    log_variance: Float[Tensor, "batch C latent"]


@dataclass(frozen=True)
class Frames:
    """Coordinates within components: ``Z = μ_c + L_c u``.

    Attributes:
        mean: μ, shape ``(C, latent)``.
        factor: L, shape ``(C, latent, latent)``.
    """

    mean: Float[Tensor, "C latent"]
    factor: Float[Tensor, "C latent latent"]

    @classmethod
    def of(cls, components: GaussianComponents) -> Frames:
        """Those of the mixture's components."""
        return cls(components.mean, torch.linalg.cholesky(components.full_covariance()))

    def to_latent(
        self, residual: Float[Tensor, "*batch latent"], outcome: Int[Tensor, "*batch"]
    ) -> Float[Tensor, "*batch latent"]:
        """Z of residuals in the component given for each."""
        return self.mean[outcome] + (self.factor[outcome] @ residual[..., None])[..., 0]

    def to_residual(
        self, latent: Float[Tensor, "*batch latent"], outcome: Int[Tensor, "*batch"]
    ) -> Float[Tensor, "*batch latent"]:
        """The residual of Z in the component given for each."""
        difference = (latent - self.mean[outcome])[..., None]
        return torch.linalg.solve_triangular(self.factor[outcome], difference, upper=False)[..., 0]

    def divergence(
        self, q: DiagonalGaussian, outcome: Int[Tensor, " batch"], residual: DiagonalGaussian
    ) -> Float[Tensor, " batch"]:
        """``KL( q(Z) ‖ N(μ_c + L_c d, L_c diag(w) L_cᵀ) )`` in nats, d and w from ``residual``."""
        factor = self.factor[outcome]
        eye = torch.eye(factor.shape[-1]).to(factor)
        inverse = torch.linalg.solve_triangular(factor, eye.expand_as(factor), upper=False)
        variance = (inverse.square() @ q.variance[..., None])[..., 0]
        distance = (self.to_residual(q.mean, outcome) - residual.mean).square()
        log_volume = 2 * factor.diagonal(dim1=-2, dim2=-1).log() - q.log_variance
        scaled = (variance + distance) * (-residual.log_variance).exp()
        return 0.5 * (residual.log_variance + log_volume + scaled - 1).sum(-1)


class UnimodalEncoder(nn.Module):
    """``q(c|X_m)`` and ``q(u|X_m, c)`` from the layers of the joint encoder, taught anew.

    Attributes:
        taught: number of samples it was taught by; 0 where it knows nothing.
        unexplained: variance that the decoder of its modality leaves in each value, standardised.
    """

    states_of: Tensor
    taught: Tensor
    unexplained: Tensor

    def __init__(
        self, encoder: Encoder, shape: tuple[int, ...], states: tuple[int, ...], n_latent: int
    ) -> None:
        """Start from a copy of the joint encoder's layers before the last; heads are new."""
        super().__init__()
        self.body = deepcopy(encoder.network[:-1])
        table = torch.from_numpy(outcome_table(states))
        columns = [one_hot(table[:, j], k) for j, k in enumerate(states)]
        self.register_buffer("states_of", torch.cat(columns, 1).float(), persistent=False)
        self.register_buffer("taught", torch.tensor(0))
        self.register_buffer("unexplained", torch.ones(shape))
        self.outcome = nn.Linear(HIDDEN, len(table))
        self.of_body = nn.Linear(HIDDEN, HIDDEN)
        self.of_states = nn.Linear(self.states_of.shape[1], HIDDEN, bias=False)
        self.residual = nn.Linear(HIDDEN, 2 * n_latent)

    def forward(self, values: Float[Tensor, "batch ..."]) -> MixturePosterior:
        """The posterior over components, and over the residual in each of them."""
        body = self.body(values)
        hidden = self.of_body(body)[:, None] + self.of_states(self.states_of)
        return MixturePosterior(self.outcome(body).log_softmax(-1), *self._residual(hidden))

    def at(
        self,
        values: Float[Tensor, "batch ..."],
        outcome: Int[Tensor, " batch"],
        dropped: Generator | None = None,
    ) -> tuple[Float[Tensor, "batch C"], DiagonalGaussian]:
        """``log q(c|X)``, and the residual in one component each; with dropout where given."""
        body = self.body(values)
        if dropped is not None:
            kept = torch.rand(body.shape, generator=dropped, device=body.device) >= DROPOUT
            body = body * kept / (1 - DROPOUT)
        hidden = self.of_body(body) + self.of_states(self.states_of[outcome])
        return self.outcome(body).log_softmax(-1), DiagonalGaussian(*self._residual(hidden))

    def _residual(self, hidden: Tensor) -> tuple[Tensor, Tensor]:
        mean, raw = self.residual(silu(hidden)).chunk(2, dim=-1)
        # A measurement leaves no more doubt than there was before: variances stay below 1.
        return mean, (-softplus(raw)).clamp_min(LOG_VARIANCE_RANGE[0])


def fuse(
    posteriors: Sequence[MixturePosterior],
    observed: Bool[Tensor, "batch modalities"],
    log_outcomes: Float[Tensor, " C"],
) -> MixturePosterior:
    """Combine what the modalities that are there say, by Bayes' rule.

    Modalities are independent given Z, so ``p(c, u|X) ∝ p(c, u) Π_m p(c, u|X_m) / p(c, u)`` with
    the prior ``p(c) N(u; 0, I)``; one modality alone comes out as it went in.

    Args:
        posteriors: of each modality.
        observed: which each sample has; at least one.
        log_outcomes: ``log p(c)``.
    """
    there = observed.T[:, :, None].to(log_outcomes)
    means = torch.stack([q.mean for q in posteriors])
    log_variances = torch.stack([q.log_variance for q in posteriors])
    precisions = (-log_variances).exp()
    total = 1 + (there[..., None] * (precisions - 1)).sum(0)
    shift = (there[..., None] * precisions * means).sum(0)
    mean = shift / total
    alone = (log_variances + precisions * means.square()).sum(-1)
    evidence = (mean * shift - total.log()).sum(-1) - (there * alone).sum(0)
    ratios = torch.stack([q.log_outcome for q in posteriors]) - log_outcomes
    log_outcome = log_outcomes + (there * ratios).sum(0) + 0.5 * evidence
    return MixturePosterior(log_outcome.log_softmax(-1), mean, -total.log())
