"""Which cell is which joint outcome: the assignment whose grid of outcomes is short and additive.

Clusters come in arbitrary order, and almost every order makes meaningless nodes. Outcomes that
differ in one node should lie close together, and each node should shift what cells look like by
the same amount whatever the others are. So cells are placed on the grid of outcomes such that the
total length of its edges and what no sum of single nodes' effects explains are least together: a
quadratic assignment problem. Length alone is wrong as soon as a node has three states, even where
effects add up exactly; additivity alone is wrong where they multiply.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from causalpima_core.outcomes import outcome_table

FEW_CELLS, DESCENTS = 16, 400
"""So many descents missed the best labels of at most so many cells in none of 126 searches; of 24
cells in 17 of 42, and of 36 in 39 of 84."""
MORE_DESCENTS, LEAST_DESCENTS, WORK = 2000, 10, 10**8
"""Of more cells; descents times the cube of the cells are bounded, a matter of seconds."""
IN_A_ROW = 10
"""Descents that follow on each other, each from the best so far with some cells moved."""
MOVED = 4
MOST_VACANT = 2
"""Joint outcomes that may have no samples."""
LEAST_LENGTH = 1e-12
CLOSE_GAP = 0.02
"""Difference in misfit, as a share, below which another labelling is as good: where it was
smaller, 26 of 82 simulated grids had their true labels, where it was larger 835 of 898."""


def grid_edges(table: NDArray[np.int64]) -> NDArray[np.float64]:
    """Adjacency of joint outcomes that differ in exactly one node, shape ``(C, C)``.

    Args:
        table: state of each node in each outcome, shape ``(C, L)``.
    """
    return ((table[:, None] != table).sum(-1) == 1).astype(np.float64)


def effects_of(table: NDArray[np.int64], states: tuple[int, ...]) -> NDArray[np.float64]:
    """Design of sums of single nodes' effects, a row per outcome of ``table``."""
    columns = [np.ones(len(table))]
    columns += [(table[:, j] == state) for j, k in enumerate(states) for state in range(1, k)]
    return np.stack(columns, axis=1).astype(np.float64)


def left_by_effects(table: NDArray[np.int64], states: tuple[int, ...]) -> NDArray[np.float64]:
    """What sums of single nodes' effects leave of numbers per outcome, a projection ``(C, C)``."""
    additive = effects_of(table, states)
    return np.eye(len(table)) - additive @ np.linalg.pinv(additive)


def nonadditive_share(
    squares: NDArray[np.floating], states: tuple[int, ...], taken: NDArray[np.int64] | None = None
) -> float:
    """Share of the spread between prototypes that sums of single nodes' effects leave over.

    Args:
        squares: squared differences between the prototypes of outcomes as shares of their spread,
            shape ``(C, C)``, see `appearance.prototype_squares`.
        states: number of states of each node.
        taken: which outcomes these are, where some are vacant.
    """
    table = outcome_table(states)
    table = table if taken is None else table[taken]
    return float(-(left_by_effects(table, states) * squares).sum() / 2)


def layouts(states: tuple[int, ...], n_cells: int) -> list[NDArray[np.int64]]:
    """Which outcomes cells may take where some are vacant, each way once.

    Renaming states takes every outcome to every other, so the first vacant one may be the first of
    all, and of a second one only which nodes differ there matters.

    Args:
        states: number of states of each node.
        n_cells: at most `MOST_VACANT` fewer than there are outcomes.
    """
    table = outcome_table(states)
    others = np.flatnonzero(table.max(1) == 1).tolist()
    by_number: list[list[list[int]]] = [[[]], [[0]], [[0, other] for other in others]]
    return [np.delete(np.arange(len(table)), gone) for gone in by_number[len(table) - n_cells]]


@dataclass(frozen=True)
class Labelling:
    """Which cell is which joint outcome, and how sure that is.

    Attributes:
        outcome: of each cell, shape ``(C,)``, no two alike.
        gap: by how much the next best labelling found fits worse, as a share of the best one's
            misfit; None where no other was found.
    """

    outcome: NDArray[np.int64]
    gap: float | None


def label_cells(
    distances: NDArray[np.floating],
    squares: NDArray[np.floating],
    states: tuple[int, ...],
    rng: Generator,
) -> Labelling:
    """Find the joint outcome of every cell.

    Where there are fewer cells than outcomes, some outcomes stay vacant (see `layouts`).

    Args:
        distances: between the cells' prototypes, shape ``(C, C)``.
        squares: as for `nonadditive_share`, of the cells.
        states: number of states of each node.
        rng: source of the random starts.
    """
    table, ways = outcome_table(states), layouts(states, len(distances))
    found: list[tuple[float, NDArray[np.int64]]] = []
    for taken in ways:
        edges, left = grid_edges(table[taken]), left_by_effects(table[taken], states)
        # A grid laid at random is 1 long.
        random_length = edges.sum() / 2 * distances.sum() / max(distances.size - len(distances), 1)
        misfit = Misfit(
            np.stack([edges, np.diag(left.diagonal()) - left]),
            np.stack([distances / max(random_length, LEAST_LENGTH), squares]),
        )
        optima = _local_optima(misfit, rng, len(ways))
        found += [(value, taken[np.argsort(cells)]) for value, cells in optima]
    least, best = min(found, key=lambda one: one[0])
    # Labellings that only rename nodes or states fit equally, to rounding.
    more = [value for value, _ in found if value > least * (1 + 1e-6)]
    gap = min(more) / least - 1 if more and least > 0 else None
    return Labelling(best, gap)


@dataclass(frozen=True)
class Misfit:
    """What is to be least: ``½ Σ weights[t, c, e] · values[t, cell of c, cell of e]``.

    Attributes:
        weights: of every two outcomes in each of several terms, shape ``(T, C, C)``, symmetric and
            0 on the diagonals.
        values: of every two cells, likewise.
    """

    weights: NDArray[np.float64]
    values: NDArray[np.floating]

    def laid(self, cells: NDArray[np.int64]) -> NDArray[np.floating]:
        """Values where outcome c has cell ``cells[c]``."""
        return self.values[:, cells[:, None], cells]

    def of(self, cells: NDArray[np.int64]) -> float:
        """Of a labelling."""
        return float((self.weights * self.laid(cells)).sum() / 2)

    def swap_changes(self, cells: NDArray[np.int64]) -> NDArray[np.floating]:
        """Change for swapping the cells of every two outcomes, shape ``(C, C)``."""
        laid = self.laid(cells)
        cross = (self.weights @ laid).sum(0)
        own = cross.diagonal()
        return cross + cross.T - own[:, None] - own + 2 * (self.weights * laid).sum(0)


def _local_optima(
    misfit: Misfit, rng: Generator, n_ways: int
) -> Iterator[tuple[float, NDArray[np.int64]]]:
    """Misfit and cell of each outcome, by iterated local search from random starts.

    Many ways of laying the grid share the time.

    Single descents miss the optimum of twelve cells in 97 of 100 cases.
    """
    n_cells = misfit.values.shape[1]
    most = DESCENTS if n_cells <= FEW_CELLS else min(MORE_DESCENTS, WORK // n_cells**3)
    descents = max(LEAST_DESCENTS, most // n_ways)
    for _ in range(-(-descents // IN_A_ROW)):
        lowest, best = np.inf, rng.permutation(n_cells)
        start = best
        for _ in range(IN_A_ROW):
            cells = _descend(start, misfit)
            value = misfit.of(cells)
            yield value, cells
            if value < lowest:
                lowest, best = value, cells
            moved = rng.choice(n_cells, min(MOVED, n_cells), replace=False)
            start = best.copy()
            start[moved] = best[rng.permutation(moved)]


def _descend(start: NDArray[np.int64], misfit: Misfit) -> NDArray[np.int64]:
    """Cell of each outcome at a local optimum near ``start``."""
    swaps = np.triu_indices(len(start), 1)
    cells = start.copy()
    while True:
        change = misfit.swap_changes(cells)[swaps]
        best = int(change.argmin())
        if change[best] > -1e-9:
            return cells
        i, j = swaps[0][best], swaps[1][best]
        cells[[i, j]] = cells[[j, i]]
