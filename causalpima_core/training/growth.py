"""Partitions as products of nodes, each found by itself or given the cells of those before it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import combinations, product
from math import prod

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from sklearn.neighbors import NearestCentroid

from causalpima_core.training.assignment import Latents
from causalpima_core.training.pursuit import Node, View, find_nodes
from causalpima_core.training.ranking import first_distinct, mutual_information

BEAM, LAST_BEAM = 3, 8
"""Partitions kept for every choice of nodes still to come, and in the end."""
COMBINED = 10
"""Nodes of as many states that are combined with each other."""
ALIKE = 0.9
"""Normalised mutual information above which two partitions count as one."""
SMALLEST, SMALLEST_SHARE = 2, 0.001
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
        vacant: how many cells may be next to empty.
    """

    cell: NDArray[np.int64]
    n_cells: int
    gain: float
    missing: tuple[int, ...]
    nodes: tuple[Node, ...] = ()
    vacant: int = 0

    def with_node(self, node: Node, n_states: int) -> Growth:
        """One node further."""
        left = list(self.missing)
        left.remove(n_states)
        return replace(
            self,
            cell=n_states * self.cell + node.state,
            n_cells=n_states * self.n_cells,
            gain=self.gain + node.gain,
            missing=tuple(left),
            nodes=(*self.nodes, node),
        )

    def is_like(self, other: Growth) -> bool:
        """Whether both are nearly the same partition."""
        return mutual_information(self.cell, other.cell) >= ALIKE

    @property
    def is_whole(self) -> bool:
        """Whether no cell is next to empty, but for those that may be."""
        return is_whole(self.cell, self.n_cells, self.vacant)

    def gathered(self, everywhere: Latents) -> NDArray[np.int64]:
        """Cells without the smallest ones, as many as may be vacant, numbered anew.

        Args:
            everywhere: latents that all samples have, ``(n, d)``: by them the few samples of those
                go to the nearest cell.
        """
        if not self.vacant:
            return self.cell
        kept = np.sort(np.argsort(np.bincount(self.cell, minlength=self.n_cells))[self.vacant :])
        strays = ~np.isin(self.cell, kept)
        cell = self.cell.copy()
        cell[strays] = (
            NearestCentroid().fit(everywhere[~strays], cell[~strays]).predict(everywhere[strays])
            if strays.any()
            else cell[strays]
        )
        return np.searchsorted(kept, cell)


def is_whole(cell: NDArray[np.int64], n_cells: int, vacant: int = 0) -> bool:
    """Whether at most so many cells are next to empty."""
    least = max(SMALLEST, SMALLEST_SHARE * len(cell))
    return int((np.bincount(cell, minlength=n_cells) < least).sum()) <= vacant


def first_nodes(
    views: list[View], states: Iterable[int], everywhere: Latents, rng: Generator
) -> dict[int, list[Node]]:
    """Nodes that show by themselves in some view, the clearest first, by number of states.

    Args:
        views: where nodes are looked for.
        states: numbers of states to look for.
        everywhere: latents that all samples have, ``(n, d)``.
        rng: source of the starts.
    """
    everyone = np.zeros(len(everywhere), dtype=np.int64)
    return {
        n_states: sorted(
            (n for v in views for n in find_nodes(v, everyone, n_states, everywhere, rng)),
            key=lambda node: -node.gain,
        )
        for n_states in sorted(set(states))
    }


def begin(
    first: dict[int, list[Node]], n_samples: int, states: tuple[int, ...], vacant: int = 0
) -> list[Growth]:
    """Partitions by one of the nodes found first, to grow from.

    Args:
        first: see `first_nodes`; of the numbers in ``states`` or more.
        n_samples: n.
        states: number of states of each node.
        vacant: how many cells may be next to empty.
    """
    nothing = _nothing(n_samples, states, vacant)
    found = [nothing.with_node(node, k) for k in sorted(set(states)) for node in first[k]]
    return _kept(one for one in found if one.is_whole)


def grow(
    begun: list[Growth], views: list[View], everywhere: Latents, rng: Generator
) -> list[Growth]:
    """Complete partitions, the clearest first; none where nodes that fit together are lacking.

    Args:
        begun: where to start from, all with as many nodes to come.
        views: where nodes are looked for.
        everywhere: latents that all samples have, ``(n, d)``.
        rng: source of the starts.
    """
    kept = begun
    for _ in begun[0].missing if begun else ():
        at = (views, everywhere, rng)
        # A faint effect is easily lost to one that only some cells have: then these stay empty.
        kept = _kept(further for growth in kept for further in _grown(growth, *at)) or _kept(
            further for growth in kept for further in _grown(growth, *at, alike=True)
        )
    return kept


def grow_again(
    nodes: NDArray[np.int64],
    states: tuple[int, ...],
    taken_off: int,
    views: list[View],
    everywhere: Latents,
    rng: Generator,
    vacant: int = 0,
) -> Iterator[NDArray[np.int64]]:
    """Cells in which some of the nodes are found anew, given the others.

    What was found first was found with less known, and what comes last is held to it.

    Args:
        nodes: states of each sample, shape ``(n, L)``.
        states: number of states of each node.
        taken_off: how many nodes are found anew at once, fewer than L.
        views: where nodes are looked for.
        everywhere: latents that all samples have, ``(n, d)``.
        rng: source of the starts.
        vacant: how many cells there may be too few.
    """
    for kept in combinations(range(len(states)), len(states) - taken_off):
        sizes = tuple(states[j] for j in kept)
        cell = np.ravel_multi_index(tuple(nodes[:, kept].T), sizes)
        missing = tuple(sorted(k for j, k in enumerate(states) if j not in kept))
        begun = Growth(cell, prod(sizes), 0.0, missing, vacant=vacant)
        for growth in grow([begun], views, everywhere, rng):
            yield growth.gathered(everywhere)


def combine(
    first: dict[int, list[Node]], n_samples: int, states: tuple[int, ...], vacant: int = 0
) -> Iterator[Growth]:
    """Products of nodes that each show by themselves.

    Growing takes the clearest node first, and a clear one may be two that move together.

    Args:
        first: see `first_nodes`; of the numbers in ``states`` or more.
        n_samples: n.
        states: number of states of each node.
        vacant: how many cells may be next to empty.
    """
    start = _nothing(n_samples, states, vacant)
    pool = {k: first_distinct(first[k], Node.agrees_with, COMBINED) for k in set(states)}
    choices = [combinations(pool[k], states.count(k)) for k in sorted(pool)]
    for choice in product(*choices):
        growth = start
        for n_states, nodes in zip(sorted(pool), choice, strict=True):
            for node in nodes:
                growth = growth.with_node(node, n_states)
        if growth.is_whole:
            yield growth


def _nothing(n_samples: int, states: tuple[int, ...], vacant: int) -> Growth:
    """No node found yet."""
    everyone = np.zeros(n_samples, dtype=np.int64)
    return Growth(everyone, 1, 0.0, tuple(sorted(states)), vacant=vacant)


def _grown(
    growth: Growth, views: list[View], everywhere: Latents, rng: Generator, *, alike: bool = False
) -> Iterable[Growth]:
    """All ways to go one node further; ``alike`` as `find_nodes` has it."""
    for n_states in sorted(set(growth.missing)):
        for view in views:
            for node in find_nodes(view, growth.cell, n_states, everywhere, rng, alike=alike):
                further = growth.with_node(node, n_states)
                if further.is_whole:
                    yield further


def _kept(found: Iterable[Growth]) -> list[Growth]:
    """Those of most gain for every choice of nodes still to come, without repetitions."""
    ranked = sorted(found, key=lambda one: -one.gain)
    by_missing = [
        [one for one in ranked if one.missing == missing]
        for missing in sorted({one.missing for one in ranked})
    ]
    return [
        one
        for alike in by_missing
        for one in first_distinct(alike, Growth.is_like, BEAM if alike[0].missing else LAST_BEAM)
    ]
