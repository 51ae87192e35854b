"""What a sample's nodes would have been: counterfactual outcomes in closed form.

Tables alone do not say how a node's chance carries over from the world as it was to the world as
it would have been; that takes an assumption. Ours is the Gumbel-max mechanism (Oberst and Sontag,
"Counterfactual off-policy evaluation with Gumbel-max structural causal models", ICML 2019): each
node takes the state with the largest ``log p(state | parents) + Gumbel noise``, and its noise
stays the same. So a node whose parents stay as they are stays as it is, and a state never gives
way to one that has become relatively less probable.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Probabilities = NDArray[np.float64]


def transition(before: Probabilities, after: Probabilities, state: int) -> Probabilities:
    """``P(a node would be in k | it was in state)`` when its probabilities change.

    With Gumbel noise ``−log E``, E exponential, the node takes the state of least ``E/p``. That
    i wins before and k after leaves a wedge of the quadrant of ``(E_i, E_k)``; along its rays
    ``r = E_k / E_i`` the probability is ``∫ dr / S²`` with ``S(r) = Σ_j max(p_j/p_i, r q_j/q_k)``
    piecewise linear, so the integral is a finite sum.

    Args:
        before: p, shape ``(K,)``, positive.
        after: q, shape ``(K,)``, positive.
        state: i.

    Returns:
        Shape ``(K,)``.

    >>> transition(np.array([0.5, 0.5]), np.array([0.8, 0.2]), 1).round(3).tolist()
    [0.6, 0.4]
    """
    moves = np.zeros(len(before))
    for k in range(len(before)):
        if k != state:
            moves[k] = _wedge(before / before[state], after / after[k], state, k) / before[state]
    moves[state] = max(0.0, 1 - moves.sum())
    return moves


def _wedge(rise: Probabilities, slope: Probabilities, i: int, k: int) -> float:
    """``∫ dr / (Σ_j max(rise_j, r slope_j))²`` over the rays on which i wins, and then k."""
    low, high = rise[k], 1 / slope[i]
    if high <= low * (1 + 1e-12):  # else rounding would let a node with unchanged parents move
        return 0.0
    bends = rise / slope
    rays = np.concatenate([[low], np.sort(bends[(bends > low) & (bends < high)]), [high]])
    height = np.maximum(rise, rays[:, None] * slope).sum(1)
    return float((np.diff(rays) / (height[:-1] * height[1:])).sum())


def counterfactual_outcomes(
    conditionals: Probabilities, settings: dict[int, int], factual: NDArray[np.int64]
) -> Probabilities:
    """Probability of every joint outcome had nodes been set, for a sample's own outcome.

    Args:
        conditionals: ``p(c_j | pa(c_j))`` of each node at each joint outcome, shape
            ``(L, K_1, …, K_L)``, positive.
        settings: node index -> state it is set to.
        factual: the sample's states, shape ``(L,)``.

    Returns:
        Shape ``(K_1, …, K_L)``; sums to 1.
    """
    states = conditionals.shape[1:]
    result = np.ones(states)
    for j, state in enumerate(factual):
        table = np.moveaxis(conditionals[j], j, -1)
        if j in settings:
            moves = np.broadcast_to(np.arange(states[j]) == settings[j], table.shape)
        else:
            before = table[tuple(np.delete(factual, j))]
            rows, places = np.unique(table.reshape(-1, states[j]), axis=0, return_inverse=True)
            ends = np.stack([transition(before, after, int(state)) for after in rows])
            moves = ends[places.ravel()].reshape(table.shape)
        result = result * np.moveaxis(moves, -1, j)
    return result
