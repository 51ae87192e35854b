"""Candidate partitions of the samples into joint outcomes, and the choice among them.

Joint training keeps what its start had right and does not repair what it had wrong, so the start
is chosen among many natural partitions. The judge is the assignment entropy: how undecided
Gaussians fitted to the cells are about the samples (ALGORITHM §9).
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components, minimum_spanning_tree
from scipy.spatial.distance import cdist
from scipy.special import logsumexp
from sklearn.cluster import KMeans, SpectralClustering
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import KNeighborsClassifier, kneighbors_graph

from causalpima_core.training.pursuit import Latents, Split

NEIGHBOURS = 15
MIXTURE_RESTARTS = 4
LARGEST_SUBSET = 6
NOTICEABLE = 0.003
"""Share of the samples from which a cell of a product of splits is noticeable."""
MOST_SPECTRAL_SAMPLES = 5000
WEAK_LINK = 1e-2
REFINED, REFINING_STEPS = 12, 30
LEAST_VARIANCE = 1e-4


@dataclass(frozen=True)
class Candidate:
    """A partition of the samples into cells.

    Attributes:
        source: how it was found.
        cell: cell of each sample, 0 … C − 1, shape ``(n,)``.
        entropy: mean entropy of the responsibilities, nats per sample.
        splits: positions in the pool whose product it is; empty otherwise.
    """

    source: str
    cell: NDArray[np.int64]
    entropy: float
    splits: tuple[int, ...] = ()


def find_candidates(
    latents: Latents, pool: list[Split], n_cells: int, rng: Generator
) -> list[Candidate]:
    """All candidate partitions into ``n_cells`` cells, by rising assignment entropy.

    None where the latents have fewer distinct points than there are cells.
    """
    if len(np.unique(latents.round(6), axis=0)) < n_cells:
        return []
    with warnings.catch_warnings():
        # A clustering that did not converge is judged like any other candidate.
        warnings.simplefilter("ignore", ConvergenceWarning)
        found = [*_products(latents, pool, n_cells), *_clusterings(latents, n_cells, rng)]
        whole = [_judged(latents, *c) for c in found if len(np.unique(c[1])) == n_cells]
        best = sorted(whole, key=lambda c: c.entropy)[:REFINED]
        refined = [_refined(latents, c, kind) for c in best for kind in ("diag", "full")]
    whole += [c for c in refined if len(np.unique(c.cell)) == n_cells]
    return sorted(whole, key=lambda c: c.entropy)


def _judged(
    latents: Latents, source: str, cell: NDArray[np.int64], splits: tuple[int, ...]
) -> Candidate:
    return Candidate(source, cell, assignment_entropy(latents, cell), splits)


def _refined(latents: Latents, candidate: Candidate, kind: str) -> Candidate:
    """The candidate after some EM steps of a mixture that sets out from it.

    Most candidates are nearly right or wrong altogether; this puts the nearly right ones right.
    """
    members = [latents[candidate.cell == c] for c in range(int(candidate.cell.max()) + 1)]
    variances = np.stack([m.var(0) for m in members]) + LEAST_VARIANCE
    precisions = 1 / variances
    if kind == "full":
        covariances = [
            np.cov(m.T) if len(m) > 2 * m.shape[1] else np.diag(v)
            for m, v in zip(members, variances, strict=True)
        ]
        eye = LEAST_VARIANCE * np.eye(latents.shape[1])
        precisions = np.stack([np.linalg.inv(covariance + eye) for covariance in covariances])
    mixture = GaussianMixture(
        len(members),
        covariance_type=kind,
        weights_init=np.array([len(m) for m in members]) / len(latents),
        means_init=np.stack([m.mean(0) for m in members]),
        precisions_init=precisions,
        reg_covar=LEAST_VARIANCE,
        max_iter=REFINING_STEPS,
    )
    source = f"{candidate.source}, refined"
    return _judged(latents, source, mixture.fit_predict(latents), candidate.splits)


def _products(
    latents: Latents, pool: list[Split], n_cells: int
) -> Iterator[tuple[str, NDArray[np.int64], tuple[int, ...]]]:
    """Products of splits that have exactly the right number of noticeable cells."""
    smallest = int(np.ceil(np.log2(n_cells)))
    for size in range(smallest, min(LARGEST_SUBSET, len(pool)) + 1):
        for subset in combinations(range(len(pool)), size):
            code = np.zeros(len(latents), dtype=np.int64)
            for position in subset:
                code = 2 * code + pool[position].side
            _, code, counts = np.unique(code, return_inverse=True, return_counts=True)
            noticeable = counts >= max(2, NOTICEABLE * len(latents))
            if noticeable.sum() == n_cells:
                yield "splits", _strays_to_nearest(latents, code, noticeable), subset


def _strays_to_nearest(
    latents: Latents, code: NDArray[np.int64], kept: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """Samples of cells that are not kept go to the kept cell with the nearest mean."""
    centres = np.stack([latents[code == cell].mean(0) for cell in np.flatnonzero(kept)])
    renumbered = (np.cumsum(kept) - 1)[code]
    stray = ~kept[code]
    distance = np.square(latents[stray][:, None] - centres).sum(-1)
    renumbered[stray] = distance.argmin(1)
    return renumbered


def _clusterings(
    latents: Latents, n_cells: int, rng: Generator
) -> Iterator[tuple[str, NDArray[np.int64], tuple[int, ...]]]:
    seed = int(rng.integers(2**31))
    yield "neighbourhood graph", spectral_cells(latents, n_cells, seed), ()
    for kind in ("diag", "full"):
        for restart in range(MIXTURE_RESTARTS):
            mixture = GaussianMixture(
                n_cells, covariance_type=kind, random_state=seed + restart, reg_covar=LEAST_VARIANCE
            )
            yield f"{kind} mixture", mixture.fit_predict(latents), ()
    yield "k-means", KMeans(n_cells, n_init=4, random_state=seed).fit_predict(latents), ()


def spectral_cells(latents: Latents, n_cells: int, seed: int) -> NDArray[np.int64]:
    """Spectral clustering on the nearest-neighbour graph; large data by way of a subsample."""
    rng = np.random.default_rng(seed)
    chosen = np.arange(len(latents))
    if len(latents) > MOST_SPECTRAL_SAMPLES:
        chosen = np.sort(rng.choice(len(latents), MOST_SPECTRAL_SAMPLES, replace=False))
    seen = latents[chosen]
    graph = kneighbors_graph(seen, min(NEIGHBOURS, len(seen) - 1), include_self=True)
    clustering = SpectralClustering(
        n_cells, affinity="precomputed", random_state=seed, assign_labels="cluster_qr"
    )
    cell = clustering.fit_predict(_connected(0.5 * (graph + graph.T), seen))
    if len(chosen) == len(latents):
        return cell.astype(np.int64)
    nearest = KNeighborsClassifier(NEIGHBOURS).fit(seen, cell)
    return nearest.predict(latents).astype(np.int64)


def _connected(graph: csr_matrix, latents: Latents) -> csr_matrix:
    """Join the pieces of a graph that clear groups leave apart, by weak links between them."""
    n_pieces, piece = connected_components(graph, directed=False)
    if n_pieces == 1:
        return graph
    members = [np.flatnonzero(piece == p) for p in range(n_pieces)]
    centres = np.stack([latents[rows].mean(0) for rows in members])
    middle = np.array(
        [
            rows[np.square(latents[rows] - centre).sum(1).argmin()]
            for rows, centre in zip(members, centres, strict=True)
        ]
    )
    links = minimum_spanning_tree(cdist(centres, centres)).tocoo()
    rows, columns = middle[links.row], middle[links.col]
    weak = csr_matrix((np.full(len(rows), WEAK_LINK), (rows, columns)), shape=graph.shape)
    return graph + weak + weak.T


def cell_responsibilities(latents: Latents, cell: NDArray[np.int64]) -> NDArray[np.floating]:
    """Responsibilities of one diagonal Gaussian fitted to each cell, shape ``(n, C)``."""
    members = [latents[cell == c] for c in range(int(cell.max()) + 1)]
    mean = np.stack([m.mean(0) for m in members])
    pooled = np.mean([m.var(0) * len(m) for m in members], axis=0) * len(members) / len(latents)
    variance = np.stack([(m.var(0) * len(m) + pooled) / (len(m) + 1) for m in members]) + 1e-8
    weight = np.log([len(m) / len(latents) for m in members])
    distance = (np.square(latents[:, None] - mean) / variance).sum(-1)
    log_joint = weight - 0.5 * (np.log(variance).sum(-1) + distance)
    return np.exp(log_joint - logsumexp(log_joint, axis=1, keepdims=True))


def assignment_entropy(latents: Latents, cell: NDArray[np.int64]) -> float:
    """Mean entropy of `cell_responsibilities`, nats per sample."""
    return mean_entropy(cell_responsibilities(latents, cell))


def mean_entropy(responsibilities: NDArray[np.floating]) -> float:
    """Mean entropy of rows that sum to one, nats."""
    safe = np.clip(responsibilities, 1e-300, 1)
    return float(-(responsibilities * np.log(safe)).sum(-1).mean())
