"""Clustering by neighbourhoods, in latents rescaled so that neighbours differ alike in all ways.

Nuisance that varies continuously (a phase, a style of handwriting) makes the longest directions of
the latents and rules which samples are near. Near neighbours differ by nuisance and noise and
hardly ever by a discrete factor, so whitening by how *neighbours* differ shortens just those
directions, and the groups that factors make come apart (Art, Gnanadesikan and Kettenring, Utilitas
Mathematica 21A, 1982).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components, minimum_spanning_tree
from scipy.spatial.distance import cdist
from scipy.special import entr
from sklearn.cluster import SpectralClustering
from sklearn.neighbors import KNeighborsClassifier, NearestNeighbors, kneighbors_graph

from causalpima_core.training.assignment import Latents, cell_responsibilities
from causalpima_core.training.pursuit import whiten

NEIGHBOURHOODS = (8, 15, 30)
"""Numbers of neighbours that count as near when rescaling."""
LINKED = 15
"""Neighbours that each sample is linked to in the graph that is cut."""
ROUNDS = 15
FINER = (0, 2, 4, 8, 16, 24)
"""How many more groups than wanted are cut out, before the least distinct ones are merged."""
MOST_SAMPLES = 5000
WEAK_LINK = 1e-2


def neighbourhood_cells(
    latents: Latents, n_cells: int, seed: int
) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """Partitions into ``n_cells``, each with the number of neighbours it was found with.

    Args:
        latents: shape ``(n, d)``.
        n_cells: how many cells.
        seed: of the clustering.
    """
    for neighbours in NEIGHBOURHOODS:
        near = whiten_by_neighbours(latents, neighbours)
        for finer in FINER:
            if n_cells + finer < len(latents) // 4 or finer == 0:
                fine = spectral_cells(near, n_cells + finer, seed)
                yield neighbours, merge_cells(near, fine, n_cells)


def whiten_by_neighbours(latents: Latents, neighbours: int) -> Latents:
    """Linear map after which differences between near neighbours have unit covariance.

    Who is near is decided anew in the rescaled latents, `ROUNDS` times.

    Args:
        latents: shape ``(n, d)``.
        neighbours: how many count as near.
    """
    seen = whiten(latents)
    neighbours = min(neighbours, len(seen) - 1)
    for _ in range(ROUNDS):
        nearest = NearestNeighbors(n_neighbors=neighbours + 1).fit(seen)
        among = nearest.kneighbors(seen, return_distance=False)[:, 1:]
        steps = (seen[:, None] - seen[among]).reshape(-1, seen.shape[1])
        values, vectors = np.linalg.eigh(steps.T @ steps / (2 * len(steps)))
        if values.max() <= 0:  # all samples are where their neighbours are
            return seen
        seen = seen @ (vectors / np.sqrt(values + 1e-6 * values.max()))
        seen /= np.sqrt(seen.var(0).mean())
    return seen


def merge_cells(latents: Latents, cell: NDArray[np.int64], n_cells: int) -> NDArray[np.int64]:
    """Merge cells two by two, those whose samples are least decided between them first.

    Each merger is the one that lowers the summed entropy of the responsibilities most (Baudry,
    Raftery, Celeux, Lo and Gottardo 2010, doi 10.1198/jcgs.2010.08111).

    Returns:
        Cell of each sample, shape ``(n,)``; fewer than ``n_cells`` where there were fewer.
    """
    _, cell = np.unique(cell, return_inverse=True)
    gamma = cell_responsibilities(latents, cell)[0]
    while gamma.shape[1] > n_cells:
        own = entr(gamma).sum(0)
        saved = np.full((gamma.shape[1],) * 2, -np.inf)
        for i in range(1, gamma.shape[1]):
            together = entr(np.minimum(gamma[:, :i] + gamma[:, i : i + 1], 1.0)).sum(0)
            saved[i, :i] = own[i] + own[:i] - together
        i, j = np.unravel_index(saved.argmax(), saved.shape)
        gamma[:, j] += gamma[:, i]
        gamma = np.delete(gamma, i, axis=1)
    return gamma.argmax(1)


def spectral_cells(latents: Latents, n_cells: int, seed: int) -> NDArray[np.int64]:
    """Spectral clustering on the nearest-neighbour graph; large data by way of a subsample."""
    rng = np.random.default_rng(seed)
    chosen = np.arange(len(latents))
    if len(latents) > MOST_SAMPLES:
        chosen = np.sort(rng.choice(len(latents), MOST_SAMPLES, replace=False))
    seen = latents[chosen]
    if n_cells >= len(seen):
        return np.arange(len(seen))
    graph = kneighbors_graph(seen, min(LINKED, len(seen) - 1), include_self=True)
    clustering = SpectralClustering(
        n_cells, affinity="precomputed", random_state=seed, assign_labels="cluster_qr"
    )
    cell = clustering.fit_predict(_connected(0.5 * (graph + graph.T), seen))
    if len(chosen) == len(latents):
        return cell.astype(np.int64)
    nearest = KNeighborsClassifier(LINKED).fit(seen, cell)
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
