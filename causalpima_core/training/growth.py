"""Partitions as products of nodes, each found by itself or given the cells of those before it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations, product

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from sklearn.metrics import normalized_mutual_info_score

from causalpima_core.training.assignment import Latents
from causalpima_core.training.pursuit import Node, View, find_nodes
from causalpima_core.training.ranking import first_distinct

BEAM, LAST_BEAM = 3, 8
"""Partitions kept for every choice of nodes still to come, and in the end."""
COMBINED = 10
"""Nodes of as many states that are combined with each other."""
ALIKE = 0.9
"""Normalised mutual information above which two partitions count as one."""
SMALLEST, SMALLEST_SHARE = 2, 0.002
"""Samples that each cell must have."""


@dataclass(frozen=True)
class Growth:
    """Some nodes found, others to come.

    Attributes:
        cell: of each sample, numbered by the states of the nodes found, shape ``(n,)``.
        n_cells: how many there are.
        gain: sum of the nodes' gains, nats per sample.
        missing: numbers of states of the nodes to come, rising.
        nodes: those found.
    """

    cell: NDArray[np.int64]
    n_cells: int
    gain: float
    missing: tuple[int, ...]
    nodes: tuple[Node, ...] = ()

    def with_node(self, node: Node, n_states: int) -> Growth:
        """One node further."""
        left = list(self.missing)
        left.remove(n_states)
        cell, n_cells = n_states * self.cell + node.state, n_states * self.n_cells
        return Growth(cell, n_cells, self.gain + node.gain, tuple(left), (*self.nodes, node))

    def is_like(self, other: Growth) -> bool:
        """Whether both are nearly the same partition."""
        return normalized_mutual_info_score(self.cell, other.cell) >= ALIKE

    @property
    def is_whole(self) -> bool:
        """Whether no cell is next to empty."""
        least = max(SMALLEST, SMALLEST_SHARE * len(self.cell))
        return bool(np.bincount(self.cell, minlength=self.n_cells).min() >= least)


def begin(n_samples: int, states: tuple[int, ...]) -> Growth:
    """Nothing found yet."""
    return Growth(np.zeros(n_samples, dtype=np.int64), 1, 0.0, tuple(sorted(states)))


def grow(
    begun: list[Growth], views: list[View], everywhere: Latents, rng: Generator
) -> list[Growth]:
    """Complete partitions, the clearest first; none where nodes that fit together are lacking.

    Args:
        begun: where to start from, all with the same nodes to come.
        views: where nodes are looked for.
        everywhere: latents that all samples have, ``(n, d)``.
        rng: source of the starts.
    """
    kept = begun
    for _ in begun[0].missing if begun else ():
        found = [further for growth in kept for further in _grown(growth, views, everywhere, rng)]
        missing = {further.missing for further in found}
        kept = [
            one
            for lacking in sorted(missing)
            for one in _best((f for f in found if f.missing == lacking), not lacking)
        ]
    return kept


def combine(
    views: list[View], states: tuple[int, ...], everywhere: Latents, rng: Generator
) -> Iterator[Growth]:
    """Products of nodes that each show by themselves.

    Growing takes the clearest node first, and a clear one may be two that move together.

    Args:
        views: where nodes are looked for.
        states: number of states of each node.
        everywhere: latents that all samples have, ``(n, d)``.
        rng: source of the starts.
    """
    start = begin(len(everywhere), states)
    pool = {}
    for n_states in set(states):
        found = [n for v in views for n in find_nodes(v, start.cell, n_states, everywhere, rng)]
        ranked = sorted(found, key=lambda node: -node.gain)
        pool[n_states] = first_distinct(ranked, Node.agrees_with, COMBINED)
    choices = [combinations(pool[k], states.count(k)) for k in sorted(pool)]
    for choice in product(*choices):
        growth = start
        for n_states, nodes in zip(sorted(pool), choice, strict=True):
            for node in nodes:
                growth = growth.with_node(node, n_states)
        if growth.is_whole:
            yield growth


def _grown(
    growth: Growth, views: list[View], everywhere: Latents, rng: Generator
) -> Iterable[Growth]:
    """All ways to go one node further."""
    for n_states in sorted(set(growth.missing)):
        for view in views:
            for node in find_nodes(view, growth.cell, n_states, everywhere, rng):
                further = growth.with_node(node, n_states)
                if further.is_whole:
                    yield further


def _best(found: Iterable[Growth], complete: bool) -> list[Growth]:
    """Those of most gain, without repetitions."""
    ranked = sorted(found, key=lambda one: -one.gain)
    return first_distinct(ranked, Growth.is_like, LAST_BEAM if complete else BEAM)
