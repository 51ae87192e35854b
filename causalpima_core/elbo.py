"""The only objective: the evidence lower bound, every term of it named and in closed form.

With ``q(Z, c|X) = q(Z|X) q(c|X)`` and ``q(c|X) = γ`` at its mean-field optimum (causalPIMA,
arXiv 2310.18471; ALGORITHM §6). One component, ``p(c) = 1``, gives the ELBO of a plain
variational autoencoder, which is what the warm-up trains.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from causalpima_core.gaussians import LOG_2PI, DiagonalGaussian
from causalpima_core.prior import GaussianComponents, log_responsibilities


@dataclass(frozen=True)
class ElboTerms:
    """Terms per sample in nats, shape ``(batch,)`` each; their sum is the ELBO.

    Attributes:
        reconstruction: by modality, ``E_q log p(X_m | Z)``; 0 where not observed.
        experts: by modality with known physics, ``E_q log p(X_m | c)``; 0 where not observed.
        latent_prior: ``E_q log p(Z | c)``.
        outcome_prior: ``E_q log p(c)``.
        start: ``E_q log p(start | c)`` where the start of joint training is a witness, else None.
        latent_entropy: entropy of ``q(Z|X)``.
        outcome_entropy: entropy of ``q(c|X)``.
        responsibilities: ``γ = q(c|X)``, shape ``(batch, C)``.
    """

    reconstruction: dict[str, Float[Tensor, " batch"]]
    latent_prior: Float[Tensor, " batch"]
    outcome_prior: Float[Tensor, " batch"]
    latent_entropy: Float[Tensor, " batch"]
    outcome_entropy: Float[Tensor, " batch"]
    responsibilities: Float[Tensor, "batch C"]
    experts: dict[str, Float[Tensor, " batch"]] = field(default_factory=dict)
    start: Float[Tensor, " batch"] | None = None

    def named(self) -> dict[str, Float[Tensor, " batch"]]:
        """All terms under the names that the metrics use."""
        fit = {f"reconstruction.{name}": term for name, term in self.reconstruction.items()}
        fit |= {f"expert.{name}": term for name, term in self.experts.items()}
        fit |= {} if self.start is None else {"start": self.start}
        return fit | {
            "latent_prior": self.latent_prior,
            "outcome_prior": self.outcome_prior,
            "latent_entropy": self.latent_entropy,
            "outcome_entropy": self.outcome_entropy,
        }

    def total(self) -> Float[Tensor, " batch"]:
        """The ELBO of each sample."""
        return torch.stack(list(self.named().values())).sum(0)


def elbo_terms(
    reconstruction: dict[str, Float[Tensor, " batch"]],
    posterior: DiagonalGaussian,
    components: GaussianComponents,
    log_outcomes: Float[Tensor, " C"],
    experts: Mapping[str, Float[Tensor, "batch C"]] | None = None,
    start: Float[Tensor, "batch C"] | None = None,
) -> ElboTerms:
    """All terms of the ELBO at the optimal responsibilities.

    Args:
        reconstruction: log-likelihood of each modality (see `gaussian_log_likelihood`).
        posterior: ``q(Z|X)``.
        components: ``p(Z|c)``.
        log_outcomes: ``log p(c)``, shape ``(C,)``.
        experts: ``log p(X_m|c)`` of each modality whose physics is known.
        start: ``log p(start|c)``, see `start_likelihood`.
    """
    log_density = components.expected_log_density(posterior)
    experts = experts or {}
    evidence = log_density + sum(experts.values()) + (0 if start is None else start)
    log_gamma = log_responsibilities(log_outcomes, evidence)
    gamma = log_gamma.exp()
    return ElboTerms(
        reconstruction=reconstruction,
        latent_prior=(gamma * log_density).sum(-1),
        outcome_prior=(gamma * log_outcomes).sum(-1),
        latent_entropy=posterior.entropy(),
        # 0 · −inf would be NaN where a responsibility underflows: bounded below it is 0 · finite.
        outcome_entropy=-(gamma * log_gamma.clamp_min(-1e4)).sum(-1),
        responsibilities=gamma,
        experts={name: (gamma * likelihood).sum(-1) for name, likelihood in experts.items()},
        start=None if start is None else (gamma * start).sum(-1),
    )


def start_likelihood(
    outcome: Int[Tensor, " batch"], n_outcomes: int, error: float
) -> Float[Tensor, "batch C"]:
    """``log p(start|c)``: the start names the true outcome but for a share of errors, at random.

    Args:
        outcome: that each sample started from.
        n_outcomes: C, at least 2.
        error: how often it is another than the true one, above 0 and below 1.
    """
    agrees = torch.nn.functional.one_hot(outcome, n_outcomes).bool()
    return torch.where(agrees, math.log(1 - error), math.log(error / (n_outcomes - 1)))


def gaussian_log_likelihood(
    values: Float[Tensor, "batch ..."],
    decoded: Float[Tensor, "batch ..."],
    noise_variance: Float[Tensor, "..."],
    observed: Bool[Tensor, " batch"],
) -> Float[Tensor, " batch"]:
    """``log N(X; decoded, σ²)`` summed over a sample's values; 0 where it was not observed.

    ``noise_variance`` is one number, or one for each of a sample's values.
    """
    scaled = (values - decoded).square() / noise_variance
    constants = (LOG_2PI + noise_variance.log()).expand(values.shape[1:]).sum()
    likelihood = -0.5 * (constants + scaled.flatten(1).sum(1))
    return torch.where(observed, likelihood, torch.zeros_like(likelihood))


def optimal_noise_variance(
    values: Float[Tensor, "batch ..."],
    decoded: Float[Tensor, "batch ..."],
    observed: Bool[Tensor, " batch"],
    *,
    by_column: bool = False,
    floor: float = 1e-4,
) -> Float[Tensor, "..."]:
    """The noise variance that maximises the likelihood: the mean squared error (σ-VAE).

    Rybkin, Daniilidis and Levine 2021, arXiv 2006.13202.

    Args:
        values: standardised measurements.
        decoded: what the decoder makes of them.
        observed: samples that count.
        by_column: one variance for each of a sample's values, as the columns of a table are
            measurements of their own; else one for all.
        floor: keeps data without any noise from an unbounded likelihood; in units of the
            standardised data's variance.
    """
    weight = observed.to(values.dtype)
    square = (values - decoded).detach().square()
    square = torch.einsum("b,b...->...", weight, square) / weight.sum().clamp_min(1)
    return (square if by_column else square.mean()).clamp_min(floor)
