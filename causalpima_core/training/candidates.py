"""Candidate partitions of the samples into joint outcomes, and the choice among them.

Joint training keeps what its start had right and does not repair what it had wrong, so the start
is chosen among many natural partitions. The judge is the assignment entropy: how undecided
Gaussians fitted to the cells are about the samples (ALGORITHM §9).
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

from causalpima_core.training.assignment import Latents, judge, pooled_covariance
from causalpima_core.training.neighbourhoods import neighbourhood_cells

MIXTURE_RESTARTS = 4
REFINED, REFINED_GIVEN, REFINING_STEPS = 8, 24, 30
REFINED_MARK = ", refined"
LEAST_VARIANCE = 1e-4

Found = tuple[str, NDArray[np.int64]]
"""Source and cell of each sample."""


@dataclass(frozen=True, eq=False)
class Candidate:
    """A partition of the samples into cells.

    Attributes:
        source: how it was found.
        cell: cell of each sample, 0 … C − 1, shape ``(n,)``.
        entropy: mean entropy of the responsibilities, nats per sample.
        likelihood: mean log-likelihood of the mixture of its cells, nats per sample.
    """

    source: str
    cell: NDArray[np.int64]
    entropy: float
    likelihood: float


def find_candidates(
    latents: Latents,
    n_cells: int,
    rng: Generator,
    others: Iterable[Found] = (),
) -> list[Candidate]:
    """All candidate partitions into so many cells, by rising assignment entropy.

    ``others`` were found elsewhere and are judged with the rest.
    """
    given = judge_candidates(latents, n_cells, others)
    clusterings = _clusterings(latents, n_cells, rng)
    return sorted([*given, *judge_candidates(latents, n_cells, clusterings, REFINED)], key=_rank)


def judge_candidates(
    latents: Latents, n_cells: int, found: Iterable[Found], n_refined: int = REFINED_GIVEN
) -> list[Candidate]:
    """Partitions that have all cells, and the best of them refined, by rising assignment entropy.

    Most are nearly right or wrong altogether; refining puts the nearly right ones right.

    Args:
        latents: shape ``(n, d)``.
        n_cells: how many there must be.
        found: the partitions.
        n_refined: how many of them are refined.
    """
    with warnings.catch_warnings():
        # A clustering that did not converge is judged like any other candidate.
        warnings.simplefilter("ignore", ConvergenceWarning)
        judged = _judged(latents, found, n_cells)
        refined = [
            _refined(latents, candidate, kind)
            for candidate in judged[:n_refined]
            for kind in ("tied", "diag", "full")
        ]
        return sorted([*judged, *_judged(latents, refined, n_cells)], key=_rank)


def _rank(candidate: Candidate) -> tuple[float, float]:
    """Least entropy first; where that is equal for all purposes, the likelier."""
    return round(candidate.entropy, 3), -candidate.likelihood


def _judged(latents: Latents, found: Iterable[Found], n_cells: int) -> list[Candidate]:
    """Those with samples in every cell, best first."""
    whole = [f for f in found if len(np.unique(f[1])) == n_cells]
    judged = [Candidate(source, cell, *judge(latents, cell)) for source, cell in whole]
    return sorted(judged, key=_rank)


def _refined(latents: Latents, candidate: Candidate, kind: str) -> Found:
    """The candidate's cells after some EM steps of a mixture that sets out from it."""
    members = [latents[candidate.cell == c] for c in range(int(candidate.cell.max()) + 1)]
    mixture = GaussianMixture(
        len(members),
        covariance_type=kind,
        weights_init=np.array([len(m) for m in members]) / len(latents),
        means_init=np.stack([m.mean(0) for m in members]),
        precisions_init=_precisions(members, kind),
        reg_covar=LEAST_VARIANCE,
        max_iter=REFINING_STEPS,
    )
    source = candidate.source.removesuffix(REFINED_MARK) + REFINED_MARK
    return source, mixture.fit_predict(latents)


def _precisions(members: list[Latents], kind: str) -> NDArray[np.float64]:
    """Precisions of the cells in the form that scikit-learn wants for ``kind``."""
    pooled = pooled_covariance(members)
    if kind == "tied":
        return _inverse(pooled + LEAST_VARIANCE * np.eye(len(pooled)))
    # A cell of few samples leans on the pooled covariance.
    weight = len(pooled)
    scatters = [len(m) * np.cov(m.T, bias=True).reshape(pooled.shape) for m in members]
    covariances = np.stack(
        [
            (scatter + weight * pooled) / (len(m) + weight) + LEAST_VARIANCE * np.eye(len(pooled))
            for scatter, m in zip(scatters, members, strict=True)
        ]
    )
    if kind == "diag":
        return 1 / covariances.diagonal(axis1=1, axis2=2)
    return _inverse(covariances)


def _inverse(matrices: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of symmetric matrices, as symmetric as scikit-learn wants it: rounding is one-sided."""
    inverse = np.linalg.inv(matrices)
    return 0.5 * (inverse + inverse.swapaxes(-1, -2))


def _clusterings(latents: Latents, n_cells: int, rng: Generator) -> Iterator[Found]:
    seed = int(rng.integers(2**31))
    for neighbours, cell in neighbourhood_cells(latents, n_cells, seed):
        yield f"neighbourhood graph of {neighbours}", cell
    for kind in ("diag", "full"):
        for restart in range(MIXTURE_RESTARTS):
            mixture = GaussianMixture(
                n_cells, covariance_type=kind, random_state=seed + restart, reg_covar=LEAST_VARIANCE
            )
            yield f"{kind} mixture", mixture.fit_predict(latents)
