"""What observational data, with what is known beforehand, can orient in a graph.

Every graph of a Markov equivalence class fits data equally well, so an arrow may only be drawn
where all graphs of the class agree on it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from causalpima_core.errors import ConfigError

Adjacency = NDArray[np.bool_]
"""A directed graph of L nodes, shape (L, L): entry [i, j] is True where i -> j."""


@dataclass(frozen=True, eq=False)
class EquivalenceClass:
    """All graphs that fit equally well, as one partially directed graph.

    Attributes:
        compelled: (L, L), [i, j] True where every graph of the class has i -> j.
        reversible: (L, L), symmetric, True where some have i -> j and others j -> i.
    """

    compelled: Adjacency
    reversible: Adjacency

    def __post_init__(self) -> None:
        """Raise `ConfigError` unless each pair of nodes carries at most one mark."""
        _check_square(self.compelled, "compelled edges")
        if self.reversible.shape != self.compelled.shape:
            raise ConfigError(
                f"Expected compelled and reversible edges over the same nodes, got shapes "
                f"{self.compelled.shape} and {self.reversible.shape}: give both as (L, L)."
            )
        if (self.reversible != self.reversible.T).any():
            raise ConfigError("Reversible edges have no direction: give a symmetric matrix.")
        if (self.compelled & (self.compelled.T | self.reversible)).any():
            raise ConfigError(
                "Two nodes are joined both ways, or by a compelled and a reversible edge: give "
                "each pair of nodes at most one."
            )


def is_acyclic(adjacency: Adjacency) -> bool:
    """Whether a directed graph has no cycle.

    Args:
        adjacency: shape (L, L).

    >>> is_acyclic(np.array([[False, True], [False, False]]))
    True
    """
    left = np.ones(len(adjacency), dtype=bool)
    while left.any():
        sources = left & ~adjacency[left].any(axis=0)
        if not sources.any():
            return False
        left &= ~sources
    return True


def equivalence_class(
    adjacency: Adjacency, allowed: Adjacency | None = None, required: Adjacency | None = None
) -> EquivalenceClass:
    """The class of a graph: its skeleton, what is compelled, and what could be turned round.

    Without knowledge this is the completed partially directed graph (CPDAG), with it the
    maximally oriented one (MPDAG): the edges on which all equivalent graphs that satisfy the
    knowledge agree. Meek's four rules, from the colliders and the edges known, find exactly
    those (Meek, "Causal inference and causal explanation with background knowledge", UAI 1995).

    The rules are sound and the graph given is itself a member of the class, so they can only
    ever confirm an edge in the direction it has there.

    Args:
        adjacency: an acyclic graph, shape (L, L).
        allowed: shape (L, L), edges that may exist; None allows all.
        required: shape (L, L), edges that must exist; None requires none.

    Raises:
        ConfigError: if the graph has a cycle or contradicts the knowledge.
    """
    _check_graph(adjacency, allowed, required)
    skeleton = adjacency | adjacency.T
    compelled = _collider_edges(adjacency)
    if allowed is not None:
        compelled |= adjacency & ~allowed.T
    if required is not None:
        compelled |= required
    growing = True
    while growing:
        growing = False
        for source, target in np.argwhere(adjacency & ~compelled):
            if _follows(source, target, compelled, skeleton):
                compelled[source, target] = growing = True
    return EquivalenceClass(compelled, skeleton & ~compelled & ~compelled.T)


def structural_hamming_distance(a: EquivalenceClass, b: EquivalenceClass) -> int:
    """Number of pairs of nodes joined differently: not at all, by either arrow, or undirected.

    Args:
        a: class of a graph of L nodes.
        b: class of another over the same nodes.

    Raises:
        ConfigError: if the two have different numbers of nodes.
    """
    if a.compelled.shape != b.compelled.shape:
        raise ConfigError(
            f"Expected two graphs over the same nodes, got {len(a.compelled)} and "
            f"{len(b.compelled)} nodes: compare graphs of the same run settings."
        )
    differs = (a.compelled != b.compelled) | (a.reversible != b.reversible)
    return int(np.triu(differs | differs.T).sum())


def _collider_edges(adjacency: Adjacency) -> Adjacency:
    """Edges i -> k of every i -> k <- j with i and j not adjacent (a v-structure)."""
    apart = ~(adjacency | adjacency.T | np.eye(len(adjacency), dtype=bool))
    return adjacency & (apart @ adjacency)


def _follows(source: int, target: int, compelled: Adjacency, skeleton: Adjacency) -> bool:
    """Whether one of Meek's rules orients source - target as source -> target."""
    # 1. A parent of the source alone: target -> source would be a new collider.
    if (compelled[:, source] & ~skeleton[:, target]).any():
        return True
    # 2. source -> middle -> target: target -> source would close a cycle.
    into_target = compelled[:, target]
    if (compelled[source] & into_target).any():
        return True
    # 3. Two parents of the target, not adjacent, both undirected to the source: it would be
    # their collider or close a cycle.
    undirected = skeleton & ~compelled & ~compelled.T
    parents = np.flatnonzero(undirected[source] & into_target)
    apart = ~skeleton[np.ix_(parents, parents)]
    if (apart & ~np.eye(len(parents), dtype=bool)).any():
        return True
    # 4. end -> middle -> target with the end apart from the target: likewise, and only ever
    # needed with knowledge.
    middles = skeleton[source] & into_target
    ends = undirected[source] & ~skeleton[:, target]
    return bool(compelled[np.ix_(ends, middles)].any())


def _check_graph(
    adjacency: Adjacency, allowed: Adjacency | None, required: Adjacency | None
) -> None:
    _check_square(adjacency, "a graph")
    if not is_acyclic(adjacency):
        raise ConfigError("The graph has a cycle; only an acyclic graph has an equivalence class.")
    for mask in (allowed, required):
        if mask is not None and mask.shape != adjacency.shape:
            raise ConfigError(
                f"Expected knowledge over the graph's {len(adjacency)} nodes, got shape "
                f"{mask.shape}: give one row and one column per node."
            )
    if allowed is not None and (adjacency & ~allowed).any():
        source, target = np.argwhere(adjacency & ~allowed)[0] + 1
        raise ConfigError(
            f"The graph has the edge {source} -> {target}, which the knowledge forbids: choose a "
            "graph that satisfies the knowledge."
        )
    if required is not None and (required & ~adjacency).any():
        source, target = np.argwhere(required & ~adjacency)[0] + 1
        raise ConfigError(
            f"The graph lacks the edge {source} -> {target}, which the knowledge requires: choose "
            "a graph that satisfies the knowledge."
        )


def _check_square(matrix: Adjacency, what: str) -> None:
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or matrix.dtype != np.bool_:
        raise ConfigError(
            f"Expected {what} as a square matrix of booleans, got shape {matrix.shape} of "
            f"{matrix.dtype}: give one row and one column per node."
        )
