"""Gradient ascent of graph and tables on the one ELBO, given an epoch's expected counts.

Graph and tables enter the ELBO through ``E log p(c)`` alone. At the optimal responsibilities its
gradient in ``log p(c)`` is the mean responsibility itself (envelope theorem), so a whole epoch's
counts give the exact gradient without a batch's noise.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor
from torch.optim import Optimizer

from causalpima_core.model import CausalPima
from causalpima_core.outcomes import description_length


def graph_objectives(
    model: CausalPima,
    weights: Float[Tensor, " C"],
    temperature: float,
    n_samples: int,
    penalty: float,
) -> Float[Tensor, " restarts"]:
    """``E log p(c)`` less the description length, nats per sample, for every restart."""
    edges = model.dag(temperature)
    expected = model.tables.joint(edges) @ weights
    return expected - penalty * description_length(edges, model.config.states, n_samples)


@torch.no_grad()
def paid_for_size(model: CausalPima, counts: Float[Tensor, " C"], temperature: float) -> float:
    """Description length of the graph that counts, nats per sample."""
    edges = model.dag(temperature)
    lengths = description_length(edges, model.config.states, _n_samples(counts))
    return float(lengths[model.best_restart])


def _n_samples(counts: Float[Tensor, " C"]) -> int:
    return max(2, round(float(counts.sum())))


def ascend(
    model: CausalPima,
    optimiser: Optimizer,
    counts: Float[Tensor, " C"],
    temperature: float,
    steps: int,
    penalty: float,
) -> None:
    """Some steps for all restarts; the best of them becomes the model's graph."""
    weights = (counts / counts.sum()).to(model.tables.logits.dtype)
    n_samples = _n_samples(counts)
    for _ in range(steps):
        optimiser.zero_grad(set_to_none=True)
        objectives = graph_objectives(model, weights, temperature, n_samples, penalty)
        (-objectives.sum()).backward()
        optimiser.step()
    with torch.no_grad():
        objectives = graph_objectives(model, weights, temperature, n_samples, penalty)
        model.best_restart.copy_(objectives.argmax())
