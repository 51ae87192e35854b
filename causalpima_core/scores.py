"""Recovery against known truth: are the factors there, and is the graph theirs?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from sklearn.metrics import normalized_mutual_info_score
from sklearn.metrics.cluster import contingency_matrix

from causalpima_core.data.examples import Truth
from causalpima_core.equivalence import equivalence_class, structural_hamming_distance
from causalpima_core.runs.results import GraphResult

RECOVERED_NMI = 0.95


@dataclass(frozen=True)
class Recovery:
    """How a run compares with the truth behind its data.

    Attributes:
        node_of_factor: name of the node matched to each true factor.
        nmi: normalised mutual information of each true factor with its node.
        accuracy: share of samples in the right component under the best matching.
        distance: structural Hamming distance between the equivalence classes.
    """

    node_of_factor: dict[str, str]
    nmi: dict[str, float]
    accuracy: float
    distance: int

    @property
    def recovered(self) -> bool:
        """Every factor has a node, and the graph is right up to equivalence."""
        return min(self.nmi.values()) >= RECOVERED_NMI and self.distance == 0


def score_recovery(states: NDArray[np.int64], graph: GraphResult, truth: Truth) -> Recovery:
    """Compare found node states and graph with the truth; needs as many nodes as factors.

    Args:
        states: found state of each node in each sample, shape ``(n, L)``.
        graph: the decided graph over those nodes.
        truth: of the same samples.
    """
    names = [node.name for node in graph.nodes]
    agreement = np.array(
        [
            [normalized_mutual_info_score(factor, node) for node in states.T]
            for factor in truth.outcomes.T
        ]
    )
    node_of = linear_sum_assignment(-agreement)[1]
    found = np.zeros_like(truth.adjacency)
    for edge in graph.edges:
        found[names.index(edge.source), names.index(edge.target)] = True
    found = found[np.ix_(node_of, node_of)]
    return Recovery(
        node_of_factor={f: names[j] for f, j in zip(truth.factors, node_of, strict=True)},
        nmi={f: float(agreement[i, node_of[i]]) for i, f in enumerate(truth.factors)},
        accuracy=component_accuracy(
            np.ravel_multi_index(tuple(truth.outcomes.T), truth.states),
            np.ravel_multi_index(tuple(states.T), tuple(node.states for node in graph.nodes)),
        ),
        distance=structural_hamming_distance(
            equivalence_class(found), equivalence_class(truth.adjacency)
        ),
    )


def component_accuracy(true: NDArray[np.int64], found: NDArray[np.int64]) -> float:
    """Share of samples in the right component under the best one-to-one matching."""
    counts = contingency_matrix(true, found)
    rows, columns = linear_sum_assignment(-counts)
    return float(counts[rows, columns].sum() / len(true))
