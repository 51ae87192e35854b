"""A differentiable directed acyclic graph: a flow down potentials on the complete graph.

``E_ij = ReLU(tanh(B_ij (ξ_j − ξ_i) / τ))`` (causalPIMA, arXiv 2310.18471): an edge only runs from
lower to higher potential ξ, so no cycle exists at any temperature τ, without penalty or
projection. What is known beforehand is built into the parameterisation and cannot be violated.
"""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Bool, Float
from numpy.typing import NDArray
from torch import Generator, Tensor, nn
from torch.nn.functional import softplus

from causalpima_core.config import Knowledge, node_names


class FlowDag(nn.Module):
    """Several independent restarts of one graph, learned side by side.

    Attributes:
        potentials: ξ, shape ``(restarts, L)``.
        metric: B before its softplus, shape ``(restarts, L, L)``; only the part above the
            diagonal is used, so B is symmetric.
        allowed: edges that may exist, shape ``(L, L)``.
        required: edges that must exist, shape ``(L, L)``.
    """

    allowed: Bool[Tensor, "L L"]
    required: Bool[Tensor, "L L"]

    def __init__(
        self,
        n_nodes: int,
        knowledge: Knowledge | None = None,
        restarts: int = 1,
        generator: Generator | None = None,
    ) -> None:
        """Start at random potentials and middling edges."""
        super().__init__()
        knowledge = knowledge or Knowledge()
        nodes = node_names(n_nodes)
        knowledge.check(nodes)
        self.potentials = nn.Parameter(torch.randn(restarts, n_nodes, generator=generator))
        self.metric = nn.Parameter(torch.zeros(restarts, n_nodes, n_nodes))
        self.register_buffer("allowed", torch.from_numpy(knowledge.allowed_mask(nodes)))
        self.register_buffer("required", torch.from_numpy(knowledge.required_mask(nodes)))
        self._before = knowledge.before(nodes)

    def heights(self) -> Float[Tensor, "restarts L"]:
        """Potentials with every node above those that known edges and tiers put before it."""
        heights: list[Tensor] = [torch.empty(0)] * self.potentials.shape[1]
        for j in _in_order(self._before):
            own = self.potentials[:, j]
            earlier = [heights[i] for i in np.flatnonzero(self._before[:, j])]
            if earlier:
                own = torch.stack(earlier).amax(0) + softplus(own)
            heights[j] = own
        return torch.stack(heights, dim=1)

    def forward(self, temperature: float) -> Float[Tensor, "restarts L L"]:
        """Edge weights in [0, 1]; ``[:, i, j]`` belongs to i -> j."""
        heights = self.heights()
        upper = softplus(self.metric).triu(1)
        climb = heights[:, None, :] - heights[:, :, None]
        flow = torch.tanh((upper + upper.mT) * climb / temperature).relu()
        flow = flow * self.allowed
        return torch.where(self.required, torch.ones_like(flow), flow)


def _in_order(before: NDArray[np.bool_]) -> list[int]:
    """Nodes such that all of ``before[:, j]`` precede ``j``."""
    order: list[int] = []
    while len(order) < len(before):
        waiting = [j for j in range(len(before)) if j not in order]
        order += [j for j in waiting if set(np.flatnonzero(before[:, j])) <= set(order)]
    return order
