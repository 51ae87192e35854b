"""Factors drawn from a known graph with known tables: the truth that examples are made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.random import Generator
from numpy.typing import NDArray

Edges = tuple[tuple[int, int], ...]

GRAPHS: dict[str, Callable[[int], Edges]] = {
    "chain": lambda n: tuple((i, i + 1) for i in range(n - 1)),
    "fork": lambda n: tuple((1, j) for j in range(n) if j != 1),
    "collider": lambda n: tuple((i, n - 1) for i in range(n - 1)),
    "independent": lambda n: (),
    "complete": lambda n: tuple((i, j) for i in range(n) for j in range(i + 1, n)),
}
"""Edges between n factors, by position: the second causes a fork, the last is a collider."""

EFFECT = 1.4
"""Strength of a cause: it moves the log-odds between the ends of its child's scale by ±1.4."""
MOST_CAUSES = 2
"""More causes share the strength of so many, else joint outcomes would get rare by the way; and
every second pushes the other way, else causes that agree would make each other superfluous."""
RECOVERED_NMI = 0.95
"""Normalised mutual information with its node from which a factor counts as found."""
STEEPEST_BASE = 4.0


@dataclass(frozen=True)
class Truth:
    """What an example was made from.

    Attributes:
        factors: names of the true nodes.
        states: number of states of each.
        adjacency: ``[i, j]`` True where factor i causes factor j, shape ``(L, L)``.
        outcomes: state of each factor in each sample, shape ``(n, L)``.
        weak: factors whose states overlap, so that no method can find them whole.
        thresholds: mutual information from which a factor counts as found, where it is not
            `RECOVERED_NMI`.
    """

    factors: tuple[str, ...]
    states: tuple[int, ...]
    adjacency: NDArray[np.bool_]
    outcomes: NDArray[np.int64]
    weak: tuple[str, ...] = ()
    thresholds: Mapping[str, float] = field(default_factory=dict)

    def table(self) -> pd.DataFrame:
        """One column per factor."""
        return pd.DataFrame(self.outcomes, columns=list(self.factors))

    def is_found(self, factor: str, nmi: float) -> bool:
        """Whether a node that shares ``nmi`` with the factor is that factor."""
        return nmi >= self.thresholds.get(factor, RECOVERED_NMI)


def graph_of(name: str, n_factors: int) -> NDArray[np.bool_]:
    """Adjacency of a graph of `GRAPHS`, shape ``(L, L)``."""
    adjacency = np.zeros((n_factors, n_factors), dtype=bool)
    for source, target in GRAPHS[name](n_factors):
        adjacency[source, target] = True
    return adjacency


def sample_outcomes(
    adjacency: NDArray[np.bool_],
    states: tuple[int, ...],
    samples: int,
    rng: Generator,
    base: float = 0.0,
) -> NDArray[np.int64]:
    """Draw states from the graph: a child leans towards where its parents stand.

    Args:
        adjacency: ``[i, j]`` True for i -> j, shape ``(L, L)``, acyclic.
        states: number of states of each factor.
        samples: how many.
        rng: source of the draws.
        base: pull of every factor towards its first state, in half log-odds between the ends.

    Returns:
        Shape ``(samples, L)``.
    """
    outcomes = np.zeros((samples, len(states)), dtype=np.int64)
    for j in _causes_first(adjacency):
        logits = _logits(j, outcomes, adjacency, states, base)
        outcomes[:, j] = (logits + rng.gumbel(size=logits.shape)).argmax(1)
    return outcomes


def outcome_probabilities(
    adjacency: NDArray[np.bool_], states: tuple[int, ...], base: float = 0.0
) -> NDArray[np.float64]:
    """Exact probability of every joint outcome that `sample_outcomes` draws, shape ``states``."""
    from scipy.special import log_softmax  # as below, not before something is drawn

    outcomes = np.indices(states).reshape(len(states), -1).T
    total = np.zeros(len(outcomes))
    for j in range(len(states)):
        tables = log_softmax(_logits(j, outcomes, adjacency, states, base), axis=1)
        total += tables[np.arange(len(outcomes)), outcomes[:, j]]
    return np.exp(total).reshape(states)


def base_for(adjacency: NDArray[np.bool_], states: tuple[int, ...], rarest: float) -> float:
    """Pull towards first states at which the rarest joint outcome has probability ``rarest``.

    0 where the graph alone makes an outcome as rare as that.
    """
    from scipy.optimize import brentq

    def excess(base: float) -> float:
        return float(np.log(outcome_probabilities(adjacency, states, base).min() / rarest))

    return 0.0 if excess(0.0) <= 0 else float(brentq(excess, 0.0, STEEPEST_BASE))


def _logits(
    j: int,
    outcomes: NDArray[np.int64],
    adjacency: NDArray[np.bool_],
    states: tuple[int, ...],
    base: float,
) -> NDArray[np.float64]:
    """Unnormalised log-probabilities of factor j given its parents' states, ``(n, K_j)``."""
    parents = np.flatnonzero(adjacency[:, j])
    lean = np.zeros((len(outcomes), len(parents)))
    for column, i in enumerate(parents):
        against = len(parents) > MOST_CAUSES and column % 2 == 1
        scale = np.linspace(1, -1, states[i]) if against else np.linspace(-1, 1, states[i])
        lean[:, column] = scale[outcomes[:, i]]
    strength = EFFECT / 2 * min(1.0, MOST_CAUSES / max(1, len(parents)))
    scale = np.linspace(-1, 1, states[j])
    return strength * lean.sum(1)[:, None] * scale - base * scale


def _causes_first(adjacency: NDArray[np.bool_]) -> list[int]:
    order: list[int] = []
    while len(order) < len(adjacency):
        waiting = [j for j in range(len(adjacency)) if j not in order]
        order += [j for j in waiting if set(np.flatnonzero(adjacency[:, j])) <= set(order)]
    return order
