"""One epoch of the warm-up or of joint training, and the evaluation after it; no I/O."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy.typing import NDArray
from torch import Tensor
from torch.optim import Optimizer

from causalpima_core.elbo import ElboTerms, gaussian_log_likelihood
from causalpima_core.errors import TrainingError
from causalpima_core.gaussians import DiagonalGaussian
from causalpima_core.model import CausalPima
from causalpima_core.prior import SufficientStatistics, log_responsibilities
from causalpima_core.runs.records import Stage
from causalpima_core.samples import Batch, Samples

LARGEST_GRADIENT = 1.0
DIVERGED = 1e3
"""Negative ELBO per measured value, in nats, beyond which training has diverged (1.4 at first)."""
NOISE_MEMORY = 0.9
FULL_WEIGHT_VALUES = 1000
LEAST_LATENT_WEIGHT = 0.1
EVALUATED_AT_ONCE = 1024


@dataclass
class EpochRandomness:
    """Everything random in one epoch, from the seed and the epoch's place alone.

    Attributes:
        order: of the samples.
        noise: source of the reparameterisation noise, on the model's device.
    """

    order: np.random.Generator
    noise: torch.Generator

    @classmethod
    def of(cls, seed: int, stage: Stage, epoch: int, device: torch.device) -> EpochRandomness:
        """The same arguments give the same epoch."""
        key = [seed, list(Stage).index(stage), epoch]
        torch_seed = int(np.random.SeedSequence(key).generate_state(1)[0])
        noise = torch.Generator(device=device).manual_seed(torch_seed)
        return cls(np.random.default_rng(key), noise)


@dataclass
class EpochTotals:
    """Sums of the ELBO's terms over an epoch's samples."""

    count: int
    sums: dict[str, float]

    @classmethod
    def empty(cls) -> EpochTotals:
        """Nothing summed yet."""
        return cls(0, {})

    def add(self, terms: ElboTerms) -> None:
        """Add one batch."""
        for name, values in (terms.named() | {"elbo": terms.total()}).items():
            self.sums[name] = self.sums.get(name, 0.0) + float(values.detach().sum())
        self.count += len(terms.latent_prior)

    def means(self, prefix: str) -> dict[str, float]:
        """Mean of every term per sample, names prefixed by ``train/`` or ``held_out/``."""
        return {f"{prefix}/{name}": total / self.count for name, total in self.sums.items()}


def train_batches(
    model: CausalPima,
    data: Samples,
    rows: Int[Tensor, " n"],
    optimiser: Optimizer,
    batch_size: int,
    randomness: EpochRandomness,
    log_outcomes: Float[Tensor, " C"],
    latent_weight: float = 1.0,
    start: Float[Tensor, "n C"] | None = None,
) -> Iterator[tuple[ElboTerms, DiagonalGaussian, Batch]]:
    """One pass of gradient steps over some rows of the data; yields after every step.

    ``latent_weight`` multiplies all terms but the reconstruction; 1 is the ELBO. ``start`` is what
    the start of joint training says of each of the rows (see `elbo.start_likelihood`).

    Raises:
        TrainingError: the loss is no longer a number, or has grown beyond reason.
    """
    order = torch.from_numpy(randomness.order.permutation(len(rows))).to(rows.device)
    size = _size_of_sample(data)
    parameters = [p for group in optimiser.param_groups for p in group["params"]]
    for chosen in order.tensor_split(max(1, len(rows) // batch_size)):
        batch = data[rows[chosen]]
        posterior = model.infer(batch).joint
        latent = posterior.sample(randomness.noise)
        decoded = model.generate(latent)
        noise = model.noise_of(batch, decoded)
        said = None if start is None else start[chosen]
        terms = model.loss_terms(batch, posterior, decoded, log_outcomes, noise, said)
        fit = sum(terms.reconstruction.values(), torch.zeros_like(terms.latent_prior))
        loss = -(fit + latent_weight * (terms.total() - fit)).mean() / size
        if terms.experts:
            loss = loss - _read_out(model, batch, latent, noise).mean() / size
        _check(float(loss.detach()), terms)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, LARGEST_GRADIENT)
        optimiser.step()
        model.remember_noise(noise, batch, NOISE_MEMORY)
        yield terms, posterior, batch


def _read_out(
    model: CausalPima, batch: Batch, latent: Float[Tensor, "batch latent"], noise: dict[str, Tensor]
) -> Float[Tensor, " batch"]:
    """What the decoders that experts stand in for make of latents, which they do not shape.

    No part of the ELBO: it keeps these decoders in step with the latents, for predictions.
    """
    fit = batch.values[model.names[0]].new_zeros(len(batch))
    for name in model.experts:
        decoded = model.decoders[name](latent.detach())
        observed = batch.observed[:, model.names.index(name)]
        fit = fit + gaussian_log_likelihood(batch.values[name], decoded, noise[name], observed)
    return fit


def _size_of_sample(data: Samples) -> int:
    """Values of one sample, all modalities together."""
    return sum(values.numel() for values in data[:1].values.values())


def warm_up_latent_weight(data: Samples) -> float:
    """Weight of the latent terms in the warm-up: below 1 for samples of few values.

    Under a standard normal prior, encoding a single two-valued column gains no more likelihood
    than it costs: few values were dropped before the mixture could make them worth their while.
    """
    return float(np.clip(_size_of_sample(data) / FULL_WEIGHT_VALUES, LEAST_LATENT_WEIGHT, 1.0))


def _check(loss: float, terms: ElboTerms) -> None:
    if np.isfinite(loss) and loss < DIVERGED:
        return
    bad = [name for name, v in terms.named().items() if not bool(torch.isfinite(v).all())]
    what = f"became NaN or infinite in {', '.join(bad)}" if bad else f"grew to {loss:.3g} per value"
    raise TrainingError(
        f"Training diverged: the loss {what}; the last good checkpoint is kept. Look for extreme "
        "values in the data and replace them, or train with another seed."
    )


@torch.no_grad()
def evaluate(
    model: CausalPima, data: Batch | Samples, log_outcomes: Float[Tensor, " C"]
) -> EpochTotals:
    """Terms of the ELBO on samples that are not trained on, at the posterior mean of Z.

    Without the noise of a draw, so they lie above the bound; they follow it from epoch to epoch.
    """
    totals = EpochTotals.empty()
    for rows in data.turns(EVALUATED_AT_ONCE):
        batch = data[rows]
        posterior = model.infer(batch).joint
        decoded = model.generate(posterior.mean)
        totals.add(model.loss_terms(batch, posterior, decoded, log_outcomes))
    return totals


@torch.no_grad()
def responsibilities(
    model: CausalPima,
    batch: Batch | Samples,
    posterior: DiagonalGaussian,
    log_outcomes: Float[Tensor, " C"],
) -> NDArray[np.float64]:
    """``q(c|X)`` of a batch and what was encoded of it, shape ``(n, C)``."""
    pieces = []
    for rows in batch.turns(EVALUATED_AT_ONCE):
        log_density = model.components.expected_log_density(posterior[rows])
        evidence = log_density + sum(model.expert_likelihoods(batch[rows]).values())
        pieces.append(log_responsibilities(log_outcomes, evidence))
    return torch.cat(pieces).exp().cpu().double().numpy()


def new_statistics(model: CausalPima) -> SufficientStatistics:
    """Empty sufficient statistics of the model's components."""
    return SufficientStatistics(*model.component_mean.shape, model.component_mean.device)
