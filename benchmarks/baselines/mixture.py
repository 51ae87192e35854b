"""The mixture that baselines put on latents which know nothing of groups."""

from __future__ import annotations

import warnings
from math import prod

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

from benchmarks.attempts import Attempt, of_mixture

RESTARTS = 10
LEAST_VARIANCE = 1e-6
"""Of a component, over the mean variance of the latents."""


def divide(latents: NDArray[np.floating], states: tuple[int, ...], seed: int) -> list[Attempt]:
    """Full-covariance mixture with one component per joint outcome, the likeliest of ten starts.

    Args:
        latents: shape ``(n, d)``.
        states: number of states of each node.
        seed: of the starts and of the labelling.
    """
    latents = latents.astype(np.float64)
    mixture = GaussianMixture(
        prod(states),
        n_init=RESTARTS,
        random_state=seed,
        reg_covar=LEAST_VARIANCE * float(latents.var(0).mean()),
    )
    with warnings.catch_warnings():
        # A start that did not converge is judged by its likelihood like any other.
        warnings.simplefilter("ignore", ConvergenceWarning)
        gamma = mixture.fit(latents).predict_proba(latents)
    distances = cdist(mixture.means_, mixture.means_)
    return of_mixture(gamma, distances, states, np.random.default_rng([seed, 3]))
