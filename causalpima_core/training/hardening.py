"""From fractional edges to a decided graph, its tables, and the evidence for each edge."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from causalpima_core.equivalence import EquivalenceClass
from causalpima_core.graph_scores import bdeu_scores, bic_scores
from causalpima_core.graph_search import best_graph, edge_probabilities, graph_score
from causalpima_core.ordered_class import ordered_class

THRESHOLDS = (0.05, 0.1, 0.2, 0.3, 0.5, 0.7)
SAME_SCORE = 1e-10
"""Relative difference of scores that is rounding. Scores grow with the samples: more of it, and an
edge worth several nats would count for nothing in large data."""


@dataclass(frozen=True)
class DecidedGraph:
    """A graph without fractions.

    Attributes:
        adjacency: ``[i, j]`` True for i -> j, shape ``(L, L)``.
        equivalence: what of it data and knowledge can orient.
        probabilities: posterior probability of each directed edge over all graphs allowed.
        score_gap: by how much the best of all graphs beats the best hardened flow, in nats.
        weights: learned edge weights of the restart that was hardened, shape ``(L, L)``.
    """

    adjacency: NDArray[np.bool_]
    equivalence: EquivalenceClass
    probabilities: NDArray[np.float64]
    score_gap: float
    weights: NDArray[np.floating]


def harden(
    counts: NDArray[np.float64],
    edges: NDArray[np.floating],
    allowed: NDArray[np.bool_],
    required: NDArray[np.bool_],
    before: NDArray[np.bool_],
) -> DecidedGraph:
    """Decide the graph from the learned edges and the expected counts.

    Every restart's edges are cut at several thresholds, and the graph with the best description
    length (BIC, tables refitted) stands for the flow. Exact search over all graphs then checks it:
    where that finds a better one, the better one is decided and the gap reported.

    Args:
        counts: expected number of samples of each joint outcome, shape ``(K_1, …, K_L)``.
        edges: learned edge weights of all restarts, shape ``(restarts, L, L)``, the preferred
            one first: it is taken where others score the same.
        allowed: edges that may exist.
        required: edges that must exist.
        before: ``[i, j]`` True where i comes before j, so that no path leads from j to i.
    """
    scores = bic_scores(counts, allowed, required, before)
    cut = [(weights > t, weights) for weights in edges for t in THRESHOLDS]
    cut_scores = np.array([graph_score(adjacency, scores) for adjacency, _ in cut])
    flow_score = cut_scores.max()
    tied = cut_scores >= flow_score - SAME_SCORE * abs(flow_score)
    hardened, weights = cut[int(tied.argmax())]
    exact, exact_score = best_graph(scores)
    gap = exact_score - flow_score
    if gap <= SAME_SCORE * abs(exact_score):
        exact, gap = hardened, 0.0
    return DecidedGraph(
        adjacency=exact,
        equivalence=ordered_class(exact, allowed, required, before),
        probabilities=edge_probabilities(bdeu_scores(counts, allowed, required, before)),
        score_gap=float(gap),
        weights=weights,
    )
