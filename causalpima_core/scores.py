"""Recovery against known truth: are the factors there, and is the graph theirs?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from sklearn.metrics import normalized_mutual_info_score
from sklearn.metrics.cluster import contingency_matrix

from causalpima_core.data.factors import Truth
from causalpima_core.equivalence import equivalence_class, structural_hamming_distance
from causalpima_core.runs.results import GraphResult


@dataclass(frozen=True)
class Recovery:
    """How a run compares with the truth behind its data.

    Attributes:
        node_of_factor: name of the node matched to each true factor; a factor for which there is
            no node left is not in it.
        extra_nodes: nodes matched to no factor.
        nmi: normalised mutual information of each true factor with its node.
        found: whether that is enough to call the node the factor (see `Truth.is_found`).
        weak: factors that no method can find whole, and that need not be found.
        accuracy: share of samples in the right component under the best matching.
        distance: structural Hamming distance between the equivalence classes; an edge of an extra
            node or of a factor without a node counts as one wrong edge.
    """

    node_of_factor: dict[str, str]
    extra_nodes: tuple[str, ...]
    nmi: dict[str, float]
    found: dict[str, bool]
    weak: tuple[str, ...]
    accuracy: float
    distance: int

    @property
    def has_features(self) -> bool:
        """Every factor that can be found has a node, and there are no other nodes."""
        wanted = [found for factor, found in self.found.items() if factor not in self.weak]
        return all(wanted) and not self.extra_nodes

    @property
    def recovered(self) -> bool:
        """The features are right, and the graph is right up to equivalence."""
        return self.has_features and self.distance == 0


def score_recovery(states: NDArray[np.int64], graph: GraphResult, truth: Truth) -> Recovery:
    """Compare found node states and graph with the truth.

    Args:
        states: found state of each node in each sample, shape ``(n, L)``.
        graph: the decided graph over those nodes.
        truth: of the same samples.
    """
    names = [node.name for node in graph.nodes]
    found = np.zeros((len(names), len(names)), dtype=bool)
    for edge in graph.edges:
        found[names.index(edge.source), names.index(edge.target)] = True
    return score_nodes(names, states, found, truth)


def score_nodes(
    names: Sequence[str], states: NDArray[np.int64], adjacency: NDArray[np.bool_], truth: Truth
) -> Recovery:
    """Compare nodes given as plain arrays with the truth.

    Args:
        names: of the L nodes.
        states: state of each node in each sample, shape ``(n, L)``.
        adjacency: ``[i, j]`` True for an edge i -> j between the nodes, shape ``(L, L)``.
        truth: of the same samples.
    """
    n_factors, n_nodes = len(truth.factors), len(names)
    # Blank factors or nodes fill up whichever there are fewer of.
    size = max(n_factors, n_nodes)
    agreement = np.zeros((size, size))
    for i, factor in enumerate(truth.outcomes.T):
        agreement[i, :n_nodes] = [normalized_mutual_info_score(factor, node) for node in states.T]
    node_of = linear_sum_assignment(-agreement)[1]
    nmi = {factor: float(agreement[i, node_of[i]]) for i, factor in enumerate(truth.factors)}
    return Recovery(
        node_of_factor={
            factor: names[j]
            for factor, j in zip(truth.factors, node_of[:n_factors], strict=True)
            if j < n_nodes
        },
        extra_nodes=tuple(names[j] for j in sorted(node_of[n_factors:])),
        nmi=nmi,
        found={factor: truth.is_found(factor, value) for factor, value in nmi.items()},
        weak=truth.weak,
        accuracy=component_accuracy(_components(truth.outcomes), _components(states)),
        distance=structural_hamming_distance(
            equivalence_class(_padded(adjacency, size)[np.ix_(node_of, node_of)]),
            equivalence_class(_padded(truth.adjacency, size)),
        ),
    )


def _components(states: NDArray[np.int64]) -> NDArray[np.int64]:
    """One number for each joint outcome that occurs, shape ``(n,)``."""
    return np.unique(states, axis=0, return_inverse=True)[1]


def _padded(adjacency: NDArray[np.bool_], size: int) -> NDArray[np.bool_]:
    """The same graph with isolated nodes after the others."""
    more = size - len(adjacency)
    return np.pad(adjacency, ((0, more), (0, more)))


def component_accuracy(true: NDArray[np.int64], found: NDArray[np.int64]) -> float:
    """Share of samples in the right component under the best one-to-one matching."""
    counts = contingency_matrix(true, found)
    rows, columns = linear_sum_assignment(-counts)
    return float(counts[rows, columns].sum() / len(true))
