"""Factorial mixtures: component means additive in the nodes, one covariance for all components.

A free mixture has a mean and a covariance to fit for every joint outcome and loses itself among
local optima. Here outcomes share their strength: node j in state k shifts the mean by one vector
whatever the others do, and the noise is the same everywhere. With so few parameters many random
starts are cheap and some find the factors. Fitted by exact EM over all joint outcomes (cf. the
factorial models of Ghahramani, NIPS 1994).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.special import logsumexp

from causalpima_core.outcomes import outcome_table
from causalpima_core.training.assignment import Latents
from causalpima_core.training.pursuit import whiten

STARTS = 64
STEPS = 60
KEPT = 8
MOST_OUTCOMES = 64
MOST_SAMPLES = 4000
RIDGE = 1e-3
LEAST_VARIANCE = 1e-4
START_SHIFT, START_VARIANCE = 1.5, 0.6
"""In units of the whitened latents: a bimodal factor shifts the mean by about twice its share."""


@dataclass
class FactorialMixture:
    """Parameters of one mixture.

    Attributes:
        effects: rows of `design`'s columns, shape ``(p, d)``.
        covariance: shared, shape ``(d, d)``.
        log_weights: of the joint outcomes, shape ``(C,)``.
    """

    effects: NDArray[np.float64]
    covariance: NDArray[np.float64]
    log_weights: NDArray[np.float64]


def design(states: tuple[int, ...]) -> NDArray[np.float64]:
    """Columns 1 and, for each node, its states but the first, centred; shape ``(C, p)``."""
    table = outcome_table(states)
    columns = [np.ones(len(table))]
    for j, k in enumerate(states):
        columns += [(table[:, j] == state) - 1 / k for state in range(1, k)]
    return np.stack(columns, axis=1)


def factorial_cells(
    latents: Latents, states: tuple[int, ...], rng: Generator
) -> Iterator[NDArray[np.int64]]:
    """Joint outcome of each sample under the best mixtures of many random starts.

    Args:
        latents: shape ``(n, d)``.
        states: number of states of each node.
        rng: source of the starts, and of the subsample where there are very many samples.
    """
    if np.prod(states) > MOST_OUTCOMES:
        return  # the step's cost grows with samples times outcomes
    white = whiten(latents)
    chosen = rng.permutation(len(white))[:MOST_SAMPLES]
    columns = design(states)
    fits = [_fit(white[chosen], columns, _random_start(columns, white, rng)) for _ in range(STARTS)]
    for mixture, _ in sorted(fits, key=lambda fit: -fit[1])[:KEPT]:
        log_joint = _log_joint(white, columns, mixture)
        yield log_joint.argmax(1)


def _random_start(columns: NDArray[np.float64], white: Latents, rng: Generator) -> FactorialMixture:
    effects = rng.normal(size=(columns.shape[1], white.shape[1]))
    effects *= START_SHIFT / np.linalg.norm(effects, axis=1, keepdims=True)
    effects[0] = 0
    covariance = START_VARIANCE * np.eye(white.shape[1])
    return FactorialMixture(effects, covariance, np.full(len(columns), -np.log(len(columns))))


def _fit(
    white: Latents, columns: NDArray[np.float64], mixture: FactorialMixture
) -> tuple[FactorialMixture, float]:
    """EM from a start; returns the mixture and its mean log-likelihood."""
    likelihood = -np.inf
    total = white.T @ white
    for _ in range(STEPS):
        log_joint = _log_joint(white, columns, mixture)
        log_evidence = logsumexp(log_joint, axis=1, keepdims=True)
        likelihood = float(log_evidence.mean())
        mixture = _maximise(white, total, columns, np.exp(log_joint - log_evidence))
    return mixture, likelihood


def _log_joint(
    white: Latents, columns: NDArray[np.float64], mixture: FactorialMixture
) -> NDArray[np.float64]:
    """``log p(c) N(x; μ_c, Σ)`` up to the constant in π, shape ``(n, C)``."""
    factor = np.linalg.cholesky(np.linalg.inv(mixture.covariance))
    seen, centres = white @ factor, columns @ mixture.effects @ factor
    distance = (seen**2).sum(1)[:, None] - 2 * seen @ centres.T + (centres**2).sum(1)
    return mixture.log_weights - 0.5 * distance + np.log(factor.diagonal()).sum()


def _maximise(
    white: Latents,
    total: NDArray[np.float64],
    columns: NDArray[np.float64],
    gamma: NDArray[np.float64],
) -> FactorialMixture:
    """Effects by weighted least squares (the shared covariance cancels), then the rest."""
    count, first = gamma.sum(0), gamma.T @ white
    gram = columns.T @ (count[:, None] * columns) + RIDGE * np.eye(columns.shape[1])
    effects = np.linalg.solve(gram, columns.T @ first)
    centres = columns @ effects
    cross = centres.T @ first
    scatter = total - cross - cross.T + centres.T @ (count[:, None] * centres)
    covariance = scatter / len(white) + LEAST_VARIANCE * np.eye(white.shape[1])
    return FactorialMixture(effects, covariance, np.log(count / len(white) + 1e-6))
