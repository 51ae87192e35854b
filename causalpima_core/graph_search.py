"""Exact search over graphs, and exact averages over all of them, given local scores.

With at most eight nodes there is no need to search by luck: every set of parents is scored, the
best graph found by dynamic programming, and the evidence for an edge averaged over all graphs.

A set of nodes is an integer whose bit i tells whether node i is in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal, localcontext

import numpy as np
from numpy.typing import NDArray

from causalpima_core.equivalence import Adjacency, is_acyclic
from causalpima_core.errors import ConfigError
from causalpima_core.graph_scores import LocalScores, membership

# Weights of graphs differ by thousands of nats: unlimited exponents, and digits to spare for the
# alternating sums over eight nodes.
_EXACT = Context(prec=40, Emax=MAX_EMAX, Emin=MIN_EMIN)


def graph_score(adjacency: Adjacency, scores: LocalScores) -> float:
    """Log-score of one graph in nats; -inf if its edges or paths are not allowed.

    Args:
        adjacency: an acyclic graph, shape (L, L).
        scores: of the same L nodes.

    Raises:
        ConfigError: if the graph has a cycle or other nodes.
    """
    n_nodes = scores.n_nodes
    if adjacency.shape != (n_nodes, n_nodes) or not is_acyclic(adjacency):
        raise ConfigError(
            f"Expected an acyclic graph of {n_nodes} nodes, got shape {adjacency.shape}: only "
            "such a graph has a score."
        )
    if scores.before is not None and not is_acyclic(adjacency | scores.before):
        return -np.inf
    parents = (1 << np.arange(n_nodes)) @ adjacency
    return float(scores.table[np.arange(n_nodes), parents].sum())


def best_graph(scores: LocalScores) -> tuple[Adjacency, float]:
    """A graph with the highest score of all that are allowed, and that score in nats.

    Some node of the best graph over a set has no children there: take it off with its best
    parents, and the best graph over the rest remains (Silander and Myllymaki, UAI 2006). Where
    equivalent graphs tie, which of them is returned means nothing: see its equivalence class.

    Raises:
        ConfigError: if no graph is allowed.
    """
    n_nodes, earlier = scores.n_nodes, scores.earlier
    best, parents = _best_subsets(scores.table)
    total, sink = [0.0], [-1]
    for nodes in range(1, 2**n_nodes):
        choices = [
            (total[nodes ^ 1 << j] + best[j, nodes ^ 1 << j], j)
            for j in _nodes(nodes)
            if not earlier[j] & ~nodes
        ]
        score, last = max(choices, default=(-np.inf, -1))
        total.append(float(score))
        sink.append(last)
    if total[-1] == -np.inf:
        raise _no_graph()
    adjacency = np.zeros((n_nodes, n_nodes), dtype=bool)
    nodes = 2**n_nodes - 1
    while nodes:
        node = sink[nodes]
        nodes ^= 1 << node
        adjacency[:, node] = parents[node, nodes] >> np.arange(n_nodes) & 1
    return adjacency, total[-1]


def edge_probabilities(scores: LocalScores) -> NDArray[np.float64]:
    """Posterior probability of each edge, averaged over every allowed graph.

    All allowed graphs are equally probable beforehand (graphs, not orders of nodes).

    Args:
        scores: log-scores of L nodes, of any magnitude.

    Returns:
        Shape (L, L), [i, j] the probability of i -> j; two nodes are adjacent with the sum of
        [i, j] and [j, i].

    Raises:
        ConfigError: if no graph is allowed.
    """
    nodes = range(scores.n_nodes)
    members = membership(scores.n_nodes)
    # A graph satisfies an order where it has no cycle even with an edge for each pair in order.
    joined = np.arange(2**scores.n_nodes) | scores.earlier[:, None]
    with localcontext(_EXACT):
        weights = np.vectorize(lambda nats: Decimal(nats).exp(), otypes=[object])(scores.table)
        context, total = _contexts(_gathered(weights, joined))
        if not total:
            raise _no_graph()
        posterior = weights * np.take_along_axis(context, joined, axis=1) / total
        return np.array([[float(posterior[j, members[i]].sum()) for j in nodes] for i in nodes])


def _gathered(weights: NDArray[np.object_], at: NDArray[np.int64]) -> NDArray[np.object_]:
    """Weights (L, 2**L) summed where those in a row are to go to the same set."""
    found = np.full(weights.shape, Decimal(0), dtype=object)
    for row, places, own in zip(found, at, weights, strict=True):
        np.add.at(row, places, own)
    return found


def _contexts(weights: NDArray[np.object_]) -> tuple[NDArray[np.object_], Decimal]:
    """Weight of all that can surround each family, and the weight of all graphs together.

    Graphs are summed layer by layer of sinks, with inclusion and exclusion over which nodes are
    sinks (Robinson 1973; Tian and He, UAI 2009), once from below and once from above. Each term
    is itself the weight of some of the graphs, so nothing that matters cancels.

    Args:
        weights: (L, 2**L), weight of every node with every set of parents.

    Returns:
        (L, 2**L), total weight of the graphs with that family, over the family's own weight; and
        the total over all graphs.
    """
    layers = _layers(weights)
    below, above = _below(layers), _above(layers)
    context = np.full(weights.shape, Decimal(0), dtype=object)
    for base, layer in enumerate(layers):
        for sinks in layer:
            for j in _nodes(sinks):
                context[j, base] -= below[base] * layer[sinks ^ 1 << j] * above[base | sinks]
    for lower, upper in _neighbours(len(weights)):
        context[:, lower] += context[:, upper]
    return context, below[-1]


def _layers(weights: NDArray[np.object_]) -> list[dict[int, Decimal]]:
    """For each set of nodes, the signed weight of each set of sinks that may be put on it.

    The sinks choose parents within the set alone; the sign is that of inclusion and exclusion,
    so that of no sinks at all is -1.
    """
    within = weights.copy()
    for lower, upper in _neighbours(len(weights)):
        within[:, upper] += within[:, lower]
    layers = []
    for base in range(within.shape[1]):
        layer = {0: Decimal(-1)}
        for j in range(len(within)):
            if not base >> j & 1:
                layer |= {sinks | 1 << j: -w * within[j, base] for sinks, w in layer.items()}
        layers.append(layer)
    return layers


def _below(layers: list[dict[int, Decimal]]) -> list[Decimal]:
    """Total weight of all graphs over each set of nodes."""
    below = [Decimal(1)] + [Decimal(0)] * (len(layers) - 1)
    for base, layer in enumerate(layers):
        for sinks in layer.keys() - {0}:
            below[base | sinks] += below[base] * layer[sinks]
    return below


def _above(layers: list[dict[int, Decimal]]) -> list[Decimal]:
    """Total weight of all ways to add the other nodes to any one graph over each set."""
    above = [Decimal(0)] * (len(layers) - 1) + [Decimal(1)]
    for base in reversed(range(len(layers) - 1)):
        layer = layers[base]
        for sinks in layer.keys() - {0}:
            above[base] += above[base | sinks] * layer[sinks]
    return above


def _best_subsets(
    table: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Best score of each node with parents out of each set, and which parents; both (L, 2**L)."""
    best = table.copy()
    parents = np.tile(np.arange(table.shape[1]), (len(table), 1))
    for lower, upper in _neighbours(len(table)):
        better = best[:, lower] >= best[:, upper]
        best[:, upper] = np.where(better, best[:, lower], best[:, upper])
        parents[:, upper] = np.where(better, parents[:, lower], parents[:, upper])
    return best, parents


def _neighbours(n_nodes: int) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """For each node in turn, the sets without it and the same sets with it.

    Adding along all of them sums a function over subsets (or supersets) of every set at once.
    """
    for i, members in enumerate(membership(n_nodes)):
        lower = np.flatnonzero(~members)
        yield lower, lower | 1 << i


def _nodes(nodes: int) -> Iterator[int]:
    """The nodes in a set."""
    return (j for j in range(nodes.bit_length()) if nodes >> j & 1)


def _no_graph() -> ConfigError:
    return ConfigError(
        "No acyclic graph satisfies the allowed and required edges: drop one of the constraints."
    )
