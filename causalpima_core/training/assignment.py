"""How undecided Gaussians fitted to the cells of a partition are about its samples.

This assignment entropy is the judge of candidate partitions and the measure of separation. It is
taken after whitening the latents by what varies *within* the cells: directions of nuisance, however
long, then count no more than others. On handwriting and lattices that told the true partition from
wrong ones by a factor of 2 to 4 where entropies in the latents as they come differed by 20%.
"""

from __future__ import annotations

from math import log

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

Latents = NDArray[np.floating]

LEAST_VARIANCE = 1e-8


def pooled_covariance(members: list[Latents]) -> NDArray[np.float64]:
    """Covariance within cells, over all cells, shape ``(d, d)``.

    Args:
        members: latents of each cell's samples.
    """
    residuals = np.concatenate([m - m.mean(0) for m in members])
    return residuals.T @ residuals / len(residuals)


def judge(latents: Latents, cell: NDArray[np.int64]) -> tuple[float, float]:
    """Assignment entropy and log-likelihood of a partition, both means in nats per sample.

    The likelihood is that of the latents as they come.

    Args:
        latents: shape ``(n, d)``.
        cell: cell of each sample, 0 … C − 1, none empty, shape ``(n,)``.
    """
    responsibilities, likelihood = cell_responsibilities(latents, cell)
    return mean_entropy(responsibilities), likelihood


def evidence_of(latents: Latents, outcome: NDArray[np.int64]) -> float:
    """Integrated classification likelihood of a division, nats per sample.

    Log-likelihood of a Gaussian in each cell, less what that leaves undecided, less half the
    logarithm of n for each mean and variance (Biernacki, Celeux and Govaert 2000).

    Args:
        latents: shape ``(n, d)``.
        outcome: cell of each sample, 0 … C − 1, none empty, shape ``(n,)``.
    """
    entropy, likelihood = judge(latents, outcome)
    n_samples, n_latent = latents.shape
    n_parameters = (2 * n_latent + 1) * (int(outcome.max()) + 1)
    return likelihood - entropy - n_parameters * log(n_samples) / (2 * n_samples)


def cell_responsibilities(
    latents: Latents, cell: NDArray[np.int64]
) -> tuple[NDArray[np.float64], float]:
    """Responsibilities of the cells' Gaussians, shape ``(n, C)``, and their mean log-likelihood.

    One Gaussian per cell, diagonal in the latents whitened within cells; a cell of few samples
    leans on the pooled variance.
    """
    n_cells = int(cell.max()) + 1
    covariance = pooled_covariance([latents[cell == c] for c in range(n_cells)])
    least = LEAST_VARIANCE + 1e-6 * np.trace(covariance) / len(covariance)
    factor = np.linalg.cholesky(np.linalg.inv(covariance + least * np.eye(len(covariance))))
    white = latents @ factor
    members = [white[cell == c] for c in range(n_cells)]
    mean = np.stack([m.mean(0) for m in members])
    variance = np.stack([(m.var(0) * len(m) + 1) / (len(m) + 1) for m in members])
    weight = np.log([len(m) / len(latents) for m in members])
    distance = (
        white**2 @ (1 / variance).T - 2 * white @ (mean / variance).T + (mean**2 / variance).sum(-1)
    )
    log_joint = weight - 0.5 * (np.log(2 * np.pi * variance).sum(-1) + distance)
    evidence = logsumexp(log_joint, axis=1, keepdims=True)
    stretch = float(np.log(factor.diagonal()).sum())
    return np.exp(log_joint - evidence), float(evidence.mean()) + stretch


def mean_entropy(responsibilities: NDArray[np.floating]) -> float:
    """Mean entropy of rows that sum to one, nats."""
    safe = np.clip(responsibilities, 1e-300, 1)
    return float(-(responsibilities * np.log(safe)).sum(-1).mean())
