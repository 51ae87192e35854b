"""What a node changes: decoded centres of its states, all else held the same."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from causalpima_core.runs.results import GraphResult


@dataclass(frozen=True)
class Contrast:
    """Components that differ in one node alone.

    Attributes:
        members: component by the node's state and the outcome of the others, shape ``(K, O)``.
        others: those outcomes, one row each, in the order of the other nodes.
        weights: of each such outcome, shape ``(O,)``; that of its rarest state, so that a
            combination some state hardly occurs in counts little.
    """

    members: NDArray[np.int64]
    others: NDArray[np.int64]
    weights: NDArray[np.float64]

    def centres(self, prototypes: NDArray[np.floating]) -> NDArray[np.floating]:
        """Decoded centre of each state, averaged over the others' outcomes, shape ``(K, …)``."""
        return np.tensordot(self.weights, prototypes[self.members], axes=(0, 1))

    def commonest(self, limit: int) -> NDArray[np.int64]:
        """Positions of the outcomes with most weight, in their own order."""
        return np.sort(np.argsort(-self.weights, kind="stable")[:limit])


def contrast(graph: GraphResult, node: str) -> Contrast:
    """Components by the states of ``node``; they come in the order of their outcomes."""
    position = [n.name for n in graph.nodes].index(node)
    outcomes = np.array([c.outcome for c in graph.components])
    shares = np.array([c.weight for c in graph.components])
    states = range(graph.nodes[position].states)
    members = np.stack([np.flatnonzero(outcomes[:, position] == k) for k in states])
    others = np.delete(outcomes[members[0]], position, axis=1)
    rarest = shares[members].min(0)
    weights = rarest if rarest.sum() > 0 else np.ones(len(rarest))
    return Contrast(members, others, weights / weights.sum())
