"""A mixture whose components differ by one node's effect, the same in every cell of the others.

In cell c and state s a sample lies at ``m_c + δ_s`` plus noise of one covariance, while the states'
shares may differ from cell to cell, as those of an effect do between its causes. Fitted by EM from
many starts at once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray
from scipy.special import entr

PSEUDO_COUNT = 1.0
"""Samples that each cell is thought to have had beforehand, spread over the states."""
RIDGE = 1e-3
LEAST_VARIANCE = 1e-6


@dataclass(frozen=True)
class AdditiveMixtures:
    """Several of them, side by side, as EM left them.

    Attributes:
        share: probability of each state, shape ``(starts, K, n)``.
        likelihood: mean log-likelihood, nats per sample, shape ``(starts,)``.
        slope: shape ``(starts, K, d)``.
        offset: shape ``(starts, K, C)``; a sample x of cell c has ``slope @ x + offset[:, c]`` as
            unnormalised log-probabilities of the states.
    """

    share: Float[np.ndarray, "starts K n"]
    likelihood: Float[np.ndarray, " starts"]
    slope: Float[np.ndarray, "starts K d"]
    offset: Float[np.ndarray, "starts K C"]

    @property
    def clarity(self) -> Float[np.ndarray, " starts"]:
        """Likelihood less the mean entropy of the states' probabilities (Biernacki et al. 2000)."""
        return self.likelihood - entr(self.share).sum(1).mean(1)

    def state(self, start: int, latents: NDArray, cell: NDArray[np.int64]) -> NDArray[np.int64]:
        """Likeliest state of samples, seen in EM or not, by one of the mixtures, shape ``(n,)``."""
        return (self.slope[start] @ latents.T + self.offset[start][:, cell]).argmax(0)


def fit_additive(
    latents: Float[np.ndarray, "n d"],
    cell: NDArray[np.int64],
    share: Float[np.ndarray, "starts K n"],
    steps: int,
) -> AdditiveMixtures:
    """EM from each of several starts.

    Args:
        latents: with zero mean in every cell.
        cell: of each sample, 0 … C − 1, none empty, shape ``(n,)``.
        share: where to start from; the states' shares of a sample sum to one.
        steps: how many, at least 1.
    """
    n, d = latents.shape
    member = np.eye(int(cell.max()) + 1)[cell]
    size = member.sum(0)
    scatter = latents.T @ latents
    for _ in range(steps):
        count = share @ member
        weighed = share @ latents
        effect = _effects(count, size, weighed)
        centre = -_transposed(count / size) @ effect
        mean = centre[:, None] + effect[:, :, None]
        own = (mean * np.sqrt(count)[..., None]).reshape(len(share), -1, d)
        crossed = _transposed(weighed) @ effect
        covariance = scatter - crossed - _transposed(crossed) + _transposed(own) @ own
        covariance = covariance / n + LEAST_VARIANCE * np.eye(d)
        precision = np.linalg.inv(covariance)

        prior = (count + PSEUDO_COUNT / share.shape[1]) / (size + PSEUDO_COUNT)
        slope = effect @ precision
        constant = 0.5 * (slope * effect).sum(2, keepdims=True)
        offset = np.log(prior) - slope @ _transposed(centre) - constant
        logits = slope @ latents.T + offset[:, :, cell]
        top = logits.max(1, keepdims=True)
        share = np.exp(logits - top)
        total = share.sum(1, keepdims=True)
        share /= total

        spread = centre * np.sqrt(size)[:, None]
        distance = (precision * (scatter + _transposed(spread) @ spread)).sum((1, 2)) / n
        constant = 0.5 * (distance + np.linalg.slogdet(covariance)[1] + d * np.log(2 * np.pi))
        likelihood = (np.log(total) + top).mean((1, 2)) - constant
    return AdditiveMixtures(share, likelihood, slope, offset)


def _effects(
    count: Float[np.ndarray, "starts K C"],
    size: Float[np.ndarray, " C"],
    weighed: Float[np.ndarray, "starts K d"],
) -> Float[np.ndarray, "starts K d"]:
    """Least-squares effects of the states against the first, the cells' centres eliminated."""
    normal = -(count / size) @ _transposed(count)
    states = np.arange(count.shape[1])
    normal[:, states, states] += count.sum(2) + RIDGE
    effect = np.zeros_like(weighed)
    effect[:, 1:] = np.linalg.solve(normal[:, 1:, 1:], weighed[:, 1:])
    return effect


def _transposed(matrices: NDArray) -> NDArray:
    return np.swapaxes(matrices, 1, 2)


def single_likelihood(latents: Float[np.ndarray, "n d"]) -> float:
    """Mean log-likelihood of one Gaussian in every cell, for latents with zero mean in each."""
    n, d = latents.shape
    covariance = latents.T @ latents / n + LEAST_VARIANCE * np.eye(d)
    return float(-0.5 * (np.linalg.slogdet(covariance)[1] + d + d * np.log(2 * np.pi)))
