"""Log-scores of every node with every set of parents, from the counts of joint outcomes.

A set of nodes is an integer whose bit i tells whether node i is in it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, xlogy

from causalpima_core.config import MAX_NODES
from causalpima_core.equivalence import Adjacency
from causalpima_core.errors import ConfigError, DataError

Counts = NDArray[np.float64]
"""Expected number of samples of each joint outcome, shape (K_1, ..., K_L)."""


@dataclass(frozen=True, eq=False)
class LocalScores:
    """Log-score of every node with every set of parents; a graph's score is their sum.

    Attributes:
        table: (L, 2**L), nats; -inf where a set of parents is not allowed.
        before: (L, L), [i, j] True where i comes before j, so that no path leads from j to i; None
            where the order is free.
    """

    table: NDArray[np.float64]
    before: Adjacency | None = None

    def __post_init__(self) -> None:
        """Raise `ConfigError` unless there is one finite or -inf score per node and set."""
        table = self.table
        if table.ndim != 2 or table.shape[1] != 2 ** len(table) or not (table < np.inf).all():
            raise ConfigError(
                f"Expected scores of shape (L, 2**L) without NaN, got shape {table.shape}: build "
                "them with bic_scores or bdeu_scores."
            )

    @property
    def n_nodes(self) -> int:
        """Number of nodes."""
        return len(self.table)

    @property
    def earlier(self) -> NDArray[np.int64]:
        """For each node the set of those that come before it, (L,)."""
        if self.before is None:
            return np.zeros(self.n_nodes, dtype=np.int64)
        return (1 << np.arange(self.n_nodes)) @ self.before


def bic_scores(
    counts: Counts,
    allowed: Adjacency | None = None,
    required: Adjacency | None = None,
    before: Adjacency | None = None,
) -> LocalScores:
    """Bayesian information criterion (Schwarz, Ann. Stat. 1978) of every node and parent set.

    ``sum N_ijk log(N_ijk / N_ij) - (log N / 2) (K_j - 1) prod K_i`` over the parents i: the
    description-length penalty of joint training with every edge either there or not.

    Args:
        counts: shape (K_1, ..., K_L), at least one sample in total.
        allowed: shape (L, L), edges that may exist; None allows all.
        required: shape (L, L), edges that must exist; None requires none.
        before: shape (L, L), [i, j] True where i comes before j; None where the order is free.

    Raises:
        DataError: if the counts are negative, not finite or empty.
        ConfigError: if there are too many nodes or the masks do not fit.
    """
    margins = _margins(counts)
    log_total = np.log(np.sum(counts))
    potential = [np.sum(xlogy(n, n)) - log_total / 2 * n.size for n in margins]
    return scores_of_potential(np.array(potential), allowed, required, before)


def bdeu_scores(
    counts: Counts,
    allowed: Adjacency | None = None,
    required: Adjacency | None = None,
    before: Adjacency | None = None,
    equivalent_sample_size: float = 1.0,
) -> LocalScores:
    """Log marginal likelihood under uniform Dirichlet tables (BDeu) of every node and parent set.

    Heckerman, Geiger and Chickering, Mach. Learn. 1995; equal for equivalent graphs. The gamma
    function takes real counts, so expected ones do. The prior is worth one sample unless said
    otherwise: the usual weak choice, as larger ones add edges (Silander et al., UAI 2007).

    Args:
        counts: shape (K_1, ..., K_L), at least one sample in total.
        allowed: shape (L, L), edges that may exist; None allows all.
        required: shape (L, L), edges that must exist; None requires none.
        before: shape (L, L), [i, j] True where i comes before j; None where the order is free.
        equivalent_sample_size: samples the prior is worth, spread evenly over the outcomes.

    Raises:
        DataError: if the counts are negative, not finite or empty.
        ConfigError: if the sample size is not positive, or as `bic_scores`.
    """
    if not 0 < equivalent_sample_size < np.inf:
        raise ConfigError(
            f"Expected a positive equivalent sample size, got {equivalent_sample_size}: 1 is usual."
        )
    potential = []
    for n in _margins(counts):
        prior = equivalent_sample_size / n.size
        potential.append(np.sum(gammaln(n + prior) - gammaln(prior)))
    return scores_of_potential(np.array(potential), allowed, required, before)


def scores_of_potential(
    potential: NDArray[np.float64],
    allowed: Adjacency | None,
    required: Adjacency | None,
    before: Adjacency | None,
) -> LocalScores:
    """Local scores as differences of a function of sets: with the node minus without it.

    Both scores have this form, with a potential of shape (2**L,), which is why equivalent graphs
    score the same.
    """
    n_nodes = len(potential).bit_length() - 1
    members, subsets = membership(n_nodes), np.arange(len(potential))
    permitted = _mask(allowed, n_nodes, empty=True) & ~np.eye(n_nodes, dtype=bool)
    needed = _mask(required, n_nodes, empty=False)
    table = np.full((n_nodes, len(potential)), -np.inf)
    for j in range(n_nodes):
        fits = (permitted[:, j, None] | ~members) & (members | ~needed[:, j, None])
        sets = subsets[fits.all(axis=0)]
        table[j, sets] = potential[sets | 1 << j] - potential[sets]
    return LocalScores(table, None if before is None else _mask(before, n_nodes, empty=False))


def _mask(mask: Adjacency | None, n_nodes: int, *, empty: bool) -> Adjacency:
    if mask is None:
        return np.full((n_nodes, n_nodes), empty)
    if mask.shape != (n_nodes, n_nodes) or mask.dtype != np.bool_:
        raise ConfigError(
            f"Expected knowledge of {n_nodes} nodes as a square matrix of booleans, got shape "
            f"{mask.shape} of {mask.dtype}: give one row and one column per node."
        )
    return mask


def _margins(counts: Counts) -> list[Counts]:
    """Counts summed to every set of nodes, in the order of the sets."""
    if not 1 <= counts.ndim <= MAX_NODES:
        raise ConfigError(
            f"Expected counts with one axis per node, 1 to {MAX_NODES}, got {counts.ndim} axes."
        )
    if not (np.isfinite(counts).all() and (counts >= 0).all() and counts.sum() >= 1):
        raise DataError(
            "Expected counts of joint outcomes that are finite, not negative and at least one in "
            f"total, got a total of {counts.sum()}: give numbers of samples, not shares."
        )
    absent = ~membership(counts.ndim)
    return [
        np.asarray(counts.sum(axis=tuple(np.flatnonzero(absent[:, s]))))
        for s in range(2**counts.ndim)
    ]


def membership(n_nodes: int) -> NDArray[np.bool_]:
    """Whether node i is in set s, shape (L, 2**L)."""
    return (np.arange(2**n_nodes) >> np.arange(n_nodes)[:, None] & 1).astype(bool)
