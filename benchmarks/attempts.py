"""What a method found, in the few terms that every method can give."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from causalpima_core.config import node_names
from causalpima_core.graph_scores import bic_scores
from causalpima_core.graph_search import best_graph
from causalpima_core.outcomes import node_posteriors, outcome_table
from causalpima_core.training.labelling import label_cells
from causalpima_core.training.separation import separations


@dataclass(frozen=True)
class Attempt:
    """One answer of a method.

    Attributes:
        how: which of the method's variants it is.
        nodes: their names.
        states: state of each node in each sample, shape ``(n, L)``.
        adjacency: ``[i, j]`` True for an edge i -> j, shape ``(L, L)``.
        separation: of each node, 0 to 1.
        warnings: in words.
        notes: whatever else is worth keeping; JSON-able.
    """

    how: str
    nodes: tuple[str, ...]
    states: NDArray[np.int64]
    adjacency: NDArray[np.bool_]
    separation: tuple[float, ...]
    warnings: list[str] = field(default_factory=list)
    notes: dict = field(default_factory=dict)


def of_mixture(
    gamma: NDArray[np.floating],
    distances: NDArray[np.floating],
    states: tuple[int, ...],
    rng: np.random.Generator,
) -> list[Attempt]:
    """Nodes and graph of a mixture that knows nothing of nodes.

    Its components are joint outcomes in the order they come, and, in a second attempt, as our
    labelling names them; the graph is the best of all by BIC, by exact search.

    Args:
        gamma: responsibilities of the C components, shape ``(n, C)``.
        distances: between the components' centres, shape ``(C, C)``.
        states: number of states of each node; their product is C.
        rng: of the labelling.
    """
    as_they_come = np.arange(gamma.shape[1])
    squares = np.square(distances)
    spread = squares.sum() / (2 * len(squares))
    labelled = label_cells(distances, squares / spread, states, rng).outcome
    return [
        _of_components(gamma, as_they_come, states, "as they come"),
        _of_components(gamma, labelled, states, "labelled"),
    ]


def _of_components(
    gamma: NDArray[np.floating],
    outcome: NDArray[np.int64],
    states: tuple[int, ...],
    how: str,
) -> Attempt:
    """Nodes and graph where component k is joint outcome ``outcome[k]``."""
    ordered = gamma[:, np.argsort(outcome)].astype(np.float64)
    adjacency, _ = best_graph(bic_scores(ordered.sum(0).reshape(states)))
    return Attempt(
        how=how,
        nodes=node_names(len(states)),
        states=outcome_table(states)[ordered.argmax(1)],
        adjacency=adjacency,
        separation=tuple(separations(node_posteriors(ordered, states)).tolist()),
    )
