"""Joint outcomes of the nodes: conditional tables gated by edges, their joint, and do().

``Σ_c p(c) = 1`` holds at every temperature, because gated edges are ordered (ALGORITHM of
causalPIMA, arXiv 2310.18471, Sec. 2). Outcomes are numbered in C order of the nodes' states.
"""

from __future__ import annotations

from math import log, prod

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Generator, Tensor, nn


class ConditionalTables(nn.Module):
    """Logits of every node's table over all joint outcomes, one set per restart of the graph.

    Attributes:
        logits: shape ``(restarts, L, K_1, …, K_L)``; ``[:, j]`` belongs to node j.
    """

    def __init__(
        self, states: tuple[int, ...], restarts: int = 1, generator: Generator | None = None
    ) -> None:
        """Start near uniform."""
        super().__init__()
        self.states = states
        start = torch.randn(restarts, len(states), *states, generator=generator)
        self.logits = nn.Parameter(0.1 * start)

    def forward(self, edges: Float[Tensor, "restarts L L"]) -> Float[Tensor, "restarts L *states"]:
        """``log p(c_j | pa(c_j))`` of every node at every joint outcome (see `gate`)."""
        gated = gate(self.logits, edges)
        return torch.stack([gated[:, j].log_softmax(j + 1) for j in range(len(self.states))], 1)

    def joint(self, edges: Float[Tensor, "restarts L L"]) -> Float[Tensor, "restarts outcomes"]:
        """``log p(c) = Σ_j log p(c_j | pa(c_j))``."""
        return self(edges).sum(1).flatten(1)


def gate(
    logits: Float[Tensor, "restarts L *states"], edges: Float[Tensor, "restarts L L"]
) -> Float[Tensor, "restarts L *states"]:
    """Make each node's logits depend on node i only as far as the edge from i is there.

    For every other node i in turn, ``W_j ← E_ij W_j + (1 − E_ij) mean_i(W_j)``: no dependence at
    ``E_ij = 0``, the full table at 1, an interpolation between.
    """
    n_nodes = edges.shape[-1]
    itself = torch.eye(n_nodes, dtype=torch.bool, device=edges.device)
    strength = edges.masked_fill(itself, 1.0)
    for i in range(n_nodes):
        weight = strength[:, i].reshape(*strength.shape[:2], *(1,) * n_nodes)
        logits = weight * logits + (1 - weight) * logits.mean(i + 2, keepdim=True)
    return logits


def description_length(
    edges: Float[Tensor, "restarts L L"], states: tuple[int, ...], n_samples: int
) -> Float[Tensor, " restarts"]:
    """``½ log N · Σ_j (K_j − 1) ∏_i (1 + E_ij (K_i − 1)) / N``, in nats per sample.

    At edges of 0 and 1 this is the penalty of BIC (Schwarz 1978).
    """
    extra = torch.tensor([k - 1 for k in states], dtype=edges.dtype, device=edges.device)
    rows = (1 + edges * extra[:, None]).prod(-2)
    return 0.5 * log(n_samples) / n_samples * (rows * extra).sum(-1)


def outcome_table(states: tuple[int, ...]) -> NDArray[np.int64]:
    """State of each node in each joint outcome, shape ``(C, L)``.

    >>> outcome_table((2, 2)).tolist()
    [[0, 0], [0, 1], [1, 0], [1, 1]]
    """
    return np.stack(np.unravel_index(np.arange(prod(states)), states), axis=1)


def node_posteriors(
    responsibilities: NDArray[np.floating], states: tuple[int, ...]
) -> list[NDArray[np.floating]]:
    """Posterior of each node's states, from that of the joint outcomes.

    Args:
        responsibilities: shape ``(n, C)``.
        states: number of states of each node.

    Returns:
        For node j an array of shape ``(n, K_j)``.
    """
    grid = responsibilities.reshape(len(responsibilities), *states)
    others = [tuple(a + 1 for a in range(len(states)) if a != j) for j in range(len(states))]
    return [grid.sum(axis=axes) for axes in others]


def fit_tables(
    counts: NDArray[np.floating], adjacency: NDArray[np.bool_], smoothing: float = 0.5
) -> Float[Tensor, "L *states"]:
    """Log conditional tables of a decided graph, in closed form from expected counts.

    Args:
        counts: expected number of samples of each joint outcome, shape ``(K_1, …, K_L)``.
        adjacency: ``[i, j]`` True for i -> j, shape ``(L, L)``.
        smoothing: pseudo-count of each state (½: Jeffreys' prior).
    """
    tables = []
    for j in range(counts.ndim):
        dropped = tuple(i for i in range(counts.ndim) if i != j and not adjacency[i, j])
        table = counts.sum(axis=dropped, keepdims=True) + smoothing
        table = np.log(table / table.sum(axis=j, keepdims=True))
        tables.append(np.broadcast_to(table, counts.shape))
    return torch.from_numpy(np.stack(tables))


def intervene(
    conditionals: Float[Tensor, "L *states"], settings: dict[int, int]
) -> Float[Tensor, " outcomes"]:
    """``log p(c | do(node = state, …))``: cut incoming edges, fix the states, recompute.

    Args:
        conditionals: log conditional tables of each node at each joint outcome.
        settings: node index -> state.
    """
    states = tuple(conditionals.shape[1:])
    kept = [conditionals[j] for j in range(len(states)) if j not in settings]
    start = torch.zeros(states, dtype=conditionals.dtype, device=conditionals.device)
    joint = torch.stack([start, *kept]).sum(0)
    for node, state in settings.items():
        elsewhere = torch.arange(states[node], device=joint.device) != state
        shape = [-1 if axis == node else 1 for axis in range(len(states))]
        joint = joint.masked_fill(elsewhere.reshape(shape), -torch.inf)
    return joint.flatten()
