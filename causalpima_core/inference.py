"""What a trained model infers of samples, whatever modalities they have.

One Gaussian ``q(Z|X)`` cannot say that either of two states is possible, so the joint encoders put
a sample that lacks what shows a node into one state of it, and are sure. Such samples are asked
about through the encoders that were distilled for single modalities.
"""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Bool, Float
from numpy.typing import NDArray
from torch import Tensor

from causalpima_core.gaussians import DiagonalGaussian
from causalpima_core.model import CausalPima
from causalpima_core.samples import Batch, Samples
from causalpima_core.training.epochs import responsibilities
from causalpima_core.unimodal import Frames, MixturePosterior, fuse

AT_ONCE = 64
FULL_SHARE, FULL_PER_OUTCOME, LEAST_FULL = 0.1, 10, 100
"""Share of the samples, samples per joint outcome and samples that must be full: to be told apart
by, samples have all modalities, or else as many as that."""


@torch.no_grad()
def inferred(
    model: CausalPima,
    samples: Samples,
    joint: DiagonalGaussian,
    log_outcomes: Float[Tensor, " C"],
) -> tuple[NDArray[np.float64], Float[Tensor, "n latent"]]:
    """``q(c|X)``, shape ``(n, C)``, and Z at the most probable component, ``(n, latent)``.

    Samples with all modalities are asked as in training; of others each modality speaks by the
    encoder that was distilled for it alone, where there is one.

    Args:
        model: trained.
        samples: to ask about.
        joint: ``q(Z|X)`` of theirs.
        log_outcomes: ``log p(c)``.
    """
    found = responsibilities(model, samples, joint, log_outcomes)
    latent, frames = joint.mean.clone(), Frames.of(model.components)
    usable = taught(model) & samples.observed
    lacking = ~samples.observed.all(1) & usable.any(1)
    for rows in torch.nonzero(lacking)[:, 0].split(AT_ONCE):
        if len(rows) == 0:
            continue
        said = said_alone(model, samples[rows], usable[rows], log_outcomes)
        found[rows.cpu().numpy()] = said.log_outcome.exp().cpu().double().numpy()
        likely = said.log_outcome.argmax(1)
        residual = said.mean[torch.arange(len(rows), device=rows.device), likely]
        latent[rows] = frames.to_latent(residual, likely)
    return found, latent


def taught(model: CausalPima) -> Bool[Tensor, " modalities"]:
    """Modalities whose own encoder has been taught."""
    known = [
        name in model.unimodal and int(model.unimodal[name].taught) > 0 for name in model.names
    ]
    return torch.tensor(known, device=model.component_mean.device)


def said_alone(
    model: CausalPima,
    batch: Batch,
    usable: Bool[Tensor, "batch modalities"],
    log_outcomes: Float[Tensor, " C"],
) -> MixturePosterior:
    """What the distilled encoders of the usable modalities say together."""
    columns = [c for c in range(len(model.names)) if bool(usable[:, c].any())]
    said = [model.unimodal[model.names[c]](batch.values[model.names[c]]) for c in columns]
    return fuse(said, usable[:, columns], log_outcomes)


def answered(model: CausalPima, samples: Samples) -> NDArray[np.bool_]:
    """Samples whose outcome `inferred` does not have to guess, shape ``(n,)``."""
    return (samples.observed.all(1) | (taught(model) & samples.observed).any(1)).cpu().numpy()


def full_from(observed: NDArray[np.bool_], n_outcomes: int) -> int:
    """Number of modalities from which a sample counts as full: as many as enough samples have.

    Args:
        observed: which modalities samples have, shape ``(n, modalities)``.
        n_outcomes: among which the full samples are to be divided.
    """
    least = max(FULL_SHARE * len(observed), FULL_PER_OUTCOME * n_outcomes, LEAST_FULL)
    having = np.array([(observed.sum(1) >= m).sum() for m in range(observed.shape[1] + 1)])
    return int(np.flatnonzero(having >= min(least, len(observed)))[-1])
