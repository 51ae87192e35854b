"""Questions to a trained model: what a modality says of another, and what would have been.

All of it works on the model's tensors and in its standardised units until the last step;
`FittedModel` is the interface.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy.typing import NDArray
from torch import Generator, Tensor

from causalpima_core.counterfactuals import counterfactual_outcomes
from causalpima_core.data.multimodal import MultimodalDataset
from causalpima_core.errors import DataError
from causalpima_core.inference import AT_ONCE, inferred, said_alone, taught
from causalpima_core.model import CausalPima
from causalpima_core.outcomes import outcome_table
from causalpima_core.prior import GaussianComponents
from causalpima_core.training.encoding import encode
from causalpima_core.unimodal import Frames, MixturePosterior

DRAWS = 200
COVERED = 0.9
"""Share of measurements that an interval is to contain."""


@dataclass(frozen=True)
class Prediction:
    """A modality predicted from others, in the data's units; shape ``(n, …)`` each.

    Attributes:
        mean: of the predictive distribution.
        lower: its 5% quantile, noise of the measurement included.
        upper: its 95% quantile.
    """

    mean: NDArray[np.float32]
    lower: NDArray[np.float32]
    upper: NDArray[np.float32]


@dataclass(frozen=True)
class Counterfactual:
    """What samples would have been like had nodes been set.

    Attributes:
        measurements: by modality, in the data's units, at the most probable outcome.
        reconstruction: the same of the samples as they are.
        outcome: the most probable joint outcome, shape ``(n,)``.
        factual: that of the samples as they are, shape ``(n,)``.
        probabilities: of every joint outcome, given the factual one, shape ``(n, C)``.
    """

    measurements: dict[str, NDArray[np.float32]]
    reconstruction: dict[str, NDArray[np.float32]]
    outcome: NDArray[np.int64]
    factual: NDArray[np.int64]
    probabilities: NDArray[np.float64]


@torch.no_grad()
def outcome_posterior(model: CausalPima, dataset: MultimodalDataset) -> NDArray[np.float64]:
    """``q(c|X)``, shape ``(n, C)``, from whatever modalities each sample has.

    Samples with all modalities are asked as in training; of others each modality speaks by the
    encoder that was distilled for it alone.
    """
    return _inferred(model, dataset)[0]


@torch.no_grad()
def reconstruct(model: CausalPima, dataset: MultimodalDataset) -> dict[str, NDArray[np.float32]]:
    """All modalities of samples as the model sees them, in the data's units."""
    return model.decode_to_units(_inferred(model, dataset)[1])


@torch.no_grad()
def predict(
    model: CausalPima, dataset: MultimodalDataset, target: str, generator: Generator
) -> Prediction:
    """One modality from all others that each sample has; its own measurement is not looked at.

    Raises:
        DataError: the target does not exist, or a sample has nothing to predict it from.
    """
    if target not in model.names:
        raise DataError(
            f"Unknown modality '{target}': the model was trained on {', '.join(model.names)}."
        )
    others = tuple(m for m in dataset.modalities if m.name in model.names and m.name != target)
    if not others:
        raise DataError(
            f"Nothing to predict '{target}' from: expected at least one other of the modalities "
            f"{', '.join(model.names)}, got {', '.join(dataset.names)}."
        )
    batch = model.prepare(_only(dataset, target))
    usable, log_outcomes = taught(model) & batch.observed, model.log_outcomes(0.0)
    nothing = ~usable.any(1)
    if bool(nothing.any()):
        first = dataset.sample_id[int(nothing.nonzero()[0, 0])]
        raise DataError(
            f"Sample {first} has no modality to predict '{target}' from ({int(nothing.sum())} such "
            "samples; encoders of single modalities are taught by samples that have several): "
            "remove it."
        )
    pieces = [
        _predicted(
            model, said_alone(model, batch[rows], usable[rows], log_outcomes), target, generator
        )
        for rows in torch.arange(len(batch), device=usable.device).split(AT_ONCE)
    ]
    undo = model.scalings[target].undo
    mean, lower, upper = (
        undo(torch.cat(part)).cpu().numpy().astype(np.float32) for part in zip(*pieces, strict=True)
    )
    return Prediction(mean, lower, upper)


@torch.no_grad()
def counterfactual(
    model: CausalPima, dataset: MultimodalDataset, settings: dict[int, int]
) -> Counterfactual:
    """Each sample as it would have been with nodes set, all else about it staying as it is.

    Its outcome is inferred, nodes below those set follow by `counterfactual_outcomes`, and what
    is particular to the sample (where it lies within its component) is kept. A sample whose
    outcome does not change comes back as its own reconstruction.

    Args:
        model: trained.
        dataset: with at least one of the model's modalities.
        settings: node index -> state.
    """
    posterior, latent = _inferred(model, dataset)
    factual = posterior.argmax(1)
    table, tables = outcome_table(model.config.states), model.conditionals.exp().cpu().double()
    of_outcome = {
        c: counterfactual_outcomes(tables.numpy(), settings, table[c]).ravel()
        for c in np.unique(factual)
    }
    probabilities = np.stack([of_outcome[c] for c in factual])
    outcome = probabilities.argmax(1)
    before, after = (torch.from_numpy(c).to(latent.device) for c in (factual, outcome))
    would_be, changed = latent.clone(), before != after  # the others must not even be rounded
    would_be[changed] = carry(model.components, latent[changed], before[changed], after[changed])
    return Counterfactual(
        measurements=model.decode_to_units(would_be),
        reconstruction=model.decode_to_units(latent),
        outcome=outcome,
        factual=factual,
        probabilities=probabilities,
    )


def carry(
    components: GaussianComponents,
    latent: Float[Tensor, "n latent"],
    before: Int[Tensor, " n"],
    after: Int[Tensor, " n"],
) -> Float[Tensor, "n latent"]:
    """Z taken from its component to another, keeping where it lies within it.

    By optimal transport, the map of one Gaussian onto the other that moves samples the least:
    ``μ' + A (Z − μ)``, ``A = Σ^-½ (Σ^½ Σ' Σ^½)^½ Σ^-½`` (Knott and Smith, J. Optim. Theory Appl.
    1984). Unlike a map by triangular factors it does not depend on the order of the axes.
    """
    covariance = components.full_covariance()
    root, inverse = _power(covariance, 0.5)[before], _power(covariance, -0.5)[before]
    transport = inverse @ _power(root @ covariance[after] @ root, 0.5) @ inverse
    difference = (latent - components.mean[before])[..., None]
    return components.mean[after] + (transport @ difference)[..., 0]


def _power(matrix: Float[Tensor, "n d d"], exponent: float) -> Float[Tensor, "n d d"]:
    """Of symmetric positive matrices."""
    values, vectors = torch.linalg.eigh(matrix)
    raised = values.clamp_min(torch.finfo(matrix.dtype).tiny) ** exponent
    return (vectors * raised[..., None, :]) @ vectors.mT


def _inferred(model: CausalPima, dataset: MultimodalDataset) -> tuple[NDArray[np.float64], Tensor]:
    """As `inference.inferred`, by the decided graph."""
    samples = model.prepare(dataset)
    return inferred(model, samples, encode(model, samples).joint, model.log_outcomes(0.0))


def _only(dataset: MultimodalDataset, hidden: str) -> MultimodalDataset:
    """The dataset without one modality, samples that have no other included."""
    kept = tuple(m for m in dataset.modalities if m.name != hidden)
    nowhere = ~np.any([m.observed for m in kept], axis=0)
    if nowhere.any():
        raise DataError(
            f"Sample {dataset.sample_id[nowhere][0]} has no modality but '{hidden}' "
            f"({int(nowhere.sum())} such samples): there is nothing to predict it from; remove it."
        )
    return MultimodalDataset(kept, dataset.sample_id, dataset.metadata)


def _predicted(
    model: CausalPima, said: MixturePosterior, target: str, generator: Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """Mean and interval of the target in standardised units, each ``(batch, …)``."""
    frames, noise = Frames.of(model.components), model.unimodal[target].unexplained.sqrt()
    edges = torch.tensor([(1 - COVERED) / 2, (1 + COVERED) / 2], device=noise.device)
    parts = []
    for draws in _drawn(said, generator):
        decoded = model.decoders[target](frames.to_latent(*draws))
        noisy = decoded + noise * torch.randn(
            decoded.shape, generator=generator, device=decoded.device
        )
        lower, upper = noisy.quantile(edges.to(noisy), dim=0)
        parts.append((decoded.mean(0), lower, upper))
    mean, lower, upper = (torch.stack(part) for part in zip(*parts, strict=True))
    return mean, lower, upper


def _drawn(said: MixturePosterior, generator: Generator) -> Iterator[tuple[Tensor, Tensor]]:
    """For one sample after another, residuals ``(draws, latent)`` and their components."""
    chances = said.log_outcome.exp()
    outcomes = torch.multinomial(chances, DRAWS, replacement=True, generator=generator)
    for row, outcome in enumerate(outcomes):
        mean, log_variance = said.mean[row, outcome], said.log_variance[row, outcome]
        noise = torch.randn(mean.shape, generator=generator, device=mean.device)
        yield mean + noise * (0.5 * log_variance).exp(), outcome
