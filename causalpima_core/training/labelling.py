"""Which cell is which joint outcome: the assignment whose grid of outcomes is shortest.

Clusters come in arbitrary order, and almost every order makes meaningless nodes. Outcomes that
differ in one node should lie close together, so cells are placed on the grid of outcomes such
that the total length of its edges between cell prototypes is least: a quadratic assignment
problem.
"""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from causalpima_core.outcomes import outcome_table

STARTS, LEAST_STARTS = 80, 4
WORK = 4096
"""Cells times starts: many outcomes get fewer starts, so labelling stays a matter of seconds."""


def grid_edges(states: tuple[int, ...]) -> NDArray[np.float64]:
    """Adjacency of joint outcomes that differ in exactly one node, shape ``(C, C)``."""
    table = outcome_table(states)
    return ((table[:, None] != table).sum(-1) == 1).astype(np.float64)


def grid_length(distances: NDArray[np.floating], states: tuple[int, ...]) -> float:
    """Total length of the grid's edges where outcome c has prototype c."""
    return float((grid_edges(states) * distances).sum() / 2)


def edge_ratio(distances: NDArray[np.floating], states: tuple[int, ...]) -> float:
    """Mean length of a grid edge over the mean distance of all pairs of prototypes."""
    edges = grid_edges(states)
    pairs = len(distances) * (len(distances) - 1)
    return float((edges * distances).sum() / edges.sum() / (distances.sum() / pairs))


def label_cells(
    distances: NDArray[np.floating], states: tuple[int, ...], rng: Generator
) -> NDArray[np.int64]:
    """Find the joint outcome of every cell.

    Args:
        distances: between the cells' prototypes, shape ``(C, C)``.
        states: number of states of each node.
        rng: source of the random starts.

    Returns:
        Outcome of each cell, shape ``(C,)``, a permutation.
    """
    edges = grid_edges(states)
    best, least = np.arange(len(distances)), np.inf
    for _ in range(max(LEAST_STARTS, min(STARTS, WORK // len(distances)))):
        cells = _shortest_from(rng.permutation(len(distances)), edges, distances)
        length = float((edges * distances[np.ix_(cells, cells)]).sum())
        if length < least - 1e-9:
            best, least = cells, length
    return np.argsort(best)


def _shortest_from(
    start: NDArray[np.int64],
    edges: NDArray[np.float64],
    distances: NDArray[np.floating],
) -> NDArray[np.int64]:
    """Cell of each outcome at a local optimum near ``start``."""
    swaps = np.triu_indices(len(start), 1)
    cells = start.copy()
    while True:
        laid = distances[np.ix_(cells, cells)]
        change = swap_changes(edges, laid)[swaps]
        best = int(change.argmin())
        if change[best] > -1e-9:
            return cells
        i, j = swaps[0][best], swaps[1][best]
        cells[[i, j]] = cells[[j, i]]


def swap_changes(edges: NDArray[np.float64], laid: NDArray[np.floating]) -> NDArray[np.floating]:
    """Change of the grid's length for swapping the prototypes of every two outcomes.

    Args:
        edges: symmetric adjacency of outcomes, shape ``(C, C)``.
        laid: distances between the prototypes of outcomes, shape ``(C, C)``.
    """
    cross = edges @ laid
    own = cross.diagonal()
    return cross + cross.T - own[:, None] - own + 2 * edges * laid
