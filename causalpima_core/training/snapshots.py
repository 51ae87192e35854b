"""What a moment of training looks like, for the live page."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from causalpima_core.model import CausalPima
from causalpima_core.outcomes import node_posteriors
from causalpima_core.runs.records import Snapshot, Stage
from causalpima_core.samples import Batch
from causalpima_core.training.encoding import encode
from causalpima_core.training.epochs import responsibilities
from causalpima_core.training.separation import separations


@torch.no_grad()
def take_snapshot(
    model: CausalPima,
    data: Batch,
    sample: NDArray[np.int64],
    place: tuple[int, Stage],
    temperature: float,
) -> Snapshot:
    """Latents, components and graph now; no components in the warm-up.

    Args:
        model: under training.
        data: the samples to show.
        sample: their positions in the dataset, shape ``(n,)``.
        place: epoch and stage.
        temperature: of the graph's edges.
    """
    states, components = model.config.states, model.components
    posterior, log_outcomes = encode(model, data).joint, model.log_outcomes(temperature)
    component, separation = np.full(len(sample), -1), np.zeros(len(states))
    edges, kept = torch.zeros(len(states), len(states)), slice(0, 0)
    if len(components.mean) > 1:
        gamma = responsibilities(model, data, posterior, log_outcomes)
        component, separation = gamma.argmax(1), separations(node_posteriors(gamma, states))
        edges, kept = model.edges(temperature), slice(None)
    epoch, stage = place
    return Snapshot(
        epoch=epoch,
        stage=stage,
        temperature=temperature,
        sample=sample,
        latent=_array(posterior.mean),
        component=component,
        means=_array(components.mean)[kept],
        covariances=_array(components.full_covariance())[kept],
        weights=_array(log_outcomes.exp())[kept],
        edges=_array(edges),
        separation=separation.astype(np.float32),
    )


def _array(tensor: Tensor) -> NDArray[np.float32]:
    return tensor.detach().cpu().float().numpy()
