"""What an order of the nodes orients in a graph, beyond what is known of single edges.

Tiers hold along paths: of ``A - B - C`` with C before A, ``A -> B -> C`` is no graph of the class,
though each of its edges would be allowed. Meek's rules, which know of edges alone, miss that.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from causalpima_core.equivalence import Adjacency, EquivalenceClass, equivalence_class
from causalpima_core.errors import ConfigError
from causalpima_core.graph_scores import LocalScores, membership, scores_of_potential
from causalpima_core.graph_search import best_graph


def ordered_class(
    adjacency: Adjacency, allowed: Adjacency, required: Adjacency, before: Adjacency
) -> EquivalenceClass:
    """The class of a graph among those that satisfy the knowledge, tiers along paths included.

    Args:
        adjacency: an acyclic graph that satisfies the knowledge, shape (L, L).
        allowed: shape (L, L), edges that may exist.
        required: shape (L, L), edges that must exist.
        before: shape (L, L), [i, j] True where i comes before j, so that no path leads from j to i.

    Raises:
        ConfigError: if the graph has a cycle or contradicts what is known of edges.
    """
    found = equivalence_class(adjacency, allowed, required)
    if not (before & ~required).any():
        return found
    compelled = found.compelled.copy()
    for source, target in np.argwhere(found.reversible & adjacency):
        turned = required.copy()
        turned[target, source] = True
        compelled[source, target] = not _has_equivalent(adjacency, allowed, turned, before)
    return EquivalenceClass(compelled, found.reversible & ~compelled & ~compelled.T)


def _has_equivalent(
    adjacency: Adjacency, allowed: Adjacency, required: Adjacency, before: Adjacency
) -> bool:
    """Whether a graph of the same class satisfies the knowledge."""
    sets = _characteristic(adjacency)
    scores = _scores_of_sets(np.where(sets, 1.0, -1.0), allowed, required, before)
    try:
        return best_graph(scores)[1] >= sets.sum()
    except ConfigError:
        return False


def _characteristic(adjacency: Adjacency) -> NDArray[np.bool_]:
    """Which sets of at least two nodes hold one whose parents include all others, (2**L,).

    Two graphs are equivalent exactly where these sets are the same (Studeny, Hemmecke and Lindner,
    PGM 2010).
    """
    members = membership(len(adjacency))
    found = np.zeros(members.shape[1], dtype=bool)
    for j, family in enumerate((adjacency | np.eye(len(adjacency), dtype=bool)).T):
        found |= members[j] & ~members[~family].any(0)
    return found & (members.sum(0) > 1)


def _scores_of_sets(
    worth: NDArray[np.float64], allowed: Adjacency, required: Adjacency, before: Adjacency
) -> LocalScores:
    """Scores by which a graph is worth what its characteristic sets are, added up."""
    potential = np.where(membership(len(allowed)).sum(0) > 1, worth, 0.0)
    for members in membership(len(allowed)):
        potential[members] += potential[~members]
    return scores_of_potential(potential, allowed, required, before)
