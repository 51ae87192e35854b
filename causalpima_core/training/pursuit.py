"""Multi-view pursuit: two-way splits of the samples that some view shows along one direction.

A view is a set of latents, joint or of one modality. A factor with two states makes the projection
on its direction bimodal, and the most bimodal directions are those of least kurtosis.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from sklearn.metrics import normalized_mutual_info_score
from sklearn.mixture import GaussianMixture

from causalpima_core.training.assignment import Latents

RESTARTS = 80
ITERATIONS = 60
LEAST_GAIN = 0.12
LEAST_SHARE = 0.03
SAME_SPLIT = 0.75
"""Normalised mutual information above which two splits count as one."""
UNINFORMED = 0.5
"""Posterior variance above which a modality says nothing of a latent dimension."""


@dataclass(frozen=True)
class View:
    """Latents of the samples as one modality, or all of them, see them.

    Attributes:
        name: of the modality, or ``joint``.
        mean: posterior means, shape ``(n, d)``.
        variance: posterior variances, shape ``(n, d)``.
        observed: samples that have this view, shape ``(n,)``.
    """

    name: str
    mean: Latents
    variance: Latents
    observed: NDArray[np.bool_]


@dataclass(frozen=True)
class Split:
    """A division of the samples in two.

    Attributes:
        side: 0 or 1 for each sample, shape ``(n,)``.
        gain: mean log-likelihood of two Gaussians over one along the direction, nats.
        views: names of the views that show it.
    """

    side: NDArray[np.int64]
    gain: float
    views: tuple[str, ...]


def find_splits(views: list[View], rng: Generator) -> list[Split]:
    """The pool: distinct splits of all views, by falling gain; duplicates pool their views."""
    found = [split for view in views for split in _splits_of(view, rng)]
    pool: list[Split] = []
    for split in sorted(found, key=lambda s: -s.gain):
        for position, kept in enumerate(pool):
            if normalized_mutual_info_score(kept.side, split.side) > SAME_SPLIT:
                views_of_both = tuple(dict.fromkeys(kept.views + split.views))
                pool[position] = Split(kept.side, kept.gain, views_of_both)
                break
        else:
            pool.append(split)
    return pool


def _splits_of(view: View, rng: Generator) -> list[Split]:
    informed = view.variance[view.observed].mean(0) < UNINFORMED
    seen = view.mean[view.observed][:, informed]
    if seen.shape[1] == 0 or len(seen) < 10:
        return []
    white = whiten(seen)
    splits = []
    for direction in least_kurtosis_directions(white, rng):
        projection = white @ direction
        side, gain = split_in_two(projection, rng)
        if gain > LEAST_GAIN and LEAST_SHARE < side.mean() < 1 - LEAST_SHARE:
            splits.append(Split(_spread(side, view), gain, (view.name,)))
    return splits


def _spread(side: NDArray[np.int64], view: View) -> NDArray[np.int64]:
    """Sides for all samples; those without the view go to the larger side."""
    everyone = np.full(len(view.observed), int(side.mean() > 0.5))
    everyone[view.observed] = side
    return everyone


def whiten(latents: Latents) -> Latents:
    """Linear map to zero mean and unit covariance; directions without variance are dropped."""
    centred = latents - latents.mean(0)
    values, vectors = np.linalg.eigh(np.cov(centred.T).reshape(latents.shape[1], -1))
    kept = values > 1e-8 * values.max()
    return centred @ (vectors[:, kept] / np.sqrt(values[kept]))


def least_kurtosis_directions(white: Latents, rng: Generator) -> NDArray[np.floating]:
    """Distinct directions of locally least kurtosis, by fixed-point search from many starts.

    The step ``w ← E[z (wᵀz)³] − 3w`` is that of FastICA (Hyvärinen 1999).

    Returns:
        Shape ``(k, d)``, unit length.
    """
    w = rng.normal(size=(RESTARTS, white.shape[1]))
    w /= np.linalg.norm(w, axis=1, keepdims=True)
    for _ in range(ITERATIONS):
        w = (white @ w.T).T ** 3 @ white / len(white) - 3 * w
        w /= np.linalg.norm(w, axis=1, keepdims=True)
    kurtosis = ((white @ w.T) ** 4).mean(0)
    distinct: list[NDArray[np.floating]] = []
    for index in np.argsort(kurtosis):
        if kurtosis[index] < 3 and all(abs(w[index] @ other) < 0.99 for other in distinct):
            distinct.append(w[index])
    return np.array(distinct).reshape(-1, white.shape[1])


def split_in_two(projection: Latents, rng: Generator) -> tuple[NDArray[np.int64], float]:
    """Two-component mixture of one-dimensional data, and its gain over a single Gaussian."""
    values = ((projection - projection.mean()) / projection.std())[:, None]
    seed = int(rng.integers(2**31))
    start = np.quantile(values, (0.2, 0.8))[:, None]
    mixture = GaussianMixture(2, means_init=start, random_state=seed, reg_covar=1e-4).fit(values)
    single = -0.5 * (1 + np.log(2 * np.pi))
    return mixture.predict(values).astype(np.int64), float(mixture.score(values) - single)
