import itertools

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from causalpima_core.outcomes import outcome_table
from causalpima_core.training.labelling import (
    Labelling,
    Misfit,
    grid_edges,
    label_cells,
    layouts,
    left_by_effects,
    nonadditive_share,
)


def squares_of(points: NDArray) -> NDArray:
    spread = np.square(points - points.mean(0)).sum()
    return cdist(points, points, "sqeuclidean") / spread


def labelled(points: NDArray, states: tuple[int, ...], rng: np.random.Generator) -> Labelling:
    return label_cells(cdist(points, points), squares_of(points), states, rng)


def are_the_nodes(found: NDArray, true: NDArray) -> bool:
    """Whether each true node is one of those found, up to the names of its states."""
    return all(
        any(
            len(np.unique([node, other], axis=1).T) == node.max() + 1 == other.max() + 1
            for other in found.T
        )
        for node in true.T
    )


def test_grid_edges_join_outcomes_that_differ_in_one_node():
    table = outcome_table((2, 3))
    edges = grid_edges(table)
    for a, b in itertools.product(range(6), repeat=2):
        assert edges[a, b] == ((table[a] != table[b]).sum() == 1)


def test_sums_of_effects_leave_nothing_over_and_an_exchange_of_cells_does(rng):
    states = (2, 3, 2)
    effects = [rng.normal(size=(k, 7)) for k in states]
    table = outcome_table(states)
    additive = sum(effect[table[:, j]] for j, effect in enumerate(effects))
    assert nonadditive_share(squares_of(additive), states) == pytest.approx(0, abs=1e-12)
    exchanged = additive[rng.permutation(len(additive))]
    share = nonadditive_share(squares_of(exchanged), states)
    assert share > 0.1
    centred = exchanged - exchanged.mean(0)
    left = left_by_effects(table, states) @ centred
    assert share == pytest.approx(np.square(left).sum() / np.square(centred).sum())


@pytest.mark.parametrize("seed", range(5))
def test_the_search_finds_the_best_of_all_labellings_of_three_nodes(seed):
    states = (2, 2, 2)
    points = np.random.default_rng(seed).normal(size=(8, 4))
    distances, squares = cdist(points, points), squares_of(points)
    at_random = 12 * distances.sum() / 56

    def misfit(cells: NDArray) -> float:
        at = np.ix_(cells, cells)
        length = (grid_edges(outcome_table(states)) * distances[at]).sum() / 2
        return length / at_random + nonadditive_share(squares[at], states)

    found = np.argsort(label_cells(distances, squares, states, np.random.default_rng(0)).outcome)
    # Outcome 0 can keep cell 0: the grid looks the same from everywhere.
    every = (np.array([0, *rest]) for rest in itertools.permutations(range(1, 8)))
    assert misfit(found) == pytest.approx(min(map(misfit, every)))


def test_a_swap_changes_the_misfit_as_foretold(rng):
    weights, values = (
        np.stack([one + one.T - 2 * np.diag(one.diagonal()) for one in rng.normal(size=(2, 6, 6))])
        for _ in range(2)
    )
    misfit, cells = Misfit(weights, values), rng.permutation(6)
    change = misfit.swap_changes(cells)
    for i, j in itertools.combinations(range(6), 2):
        swapped = cells.copy()
        swapped[[i, j]] = cells[[j, i]]
        assert change[i, j] == pytest.approx(misfit.of(swapped) - misfit.of(cells))


@pytest.mark.parametrize("states", [(2, 2, 2), (3, 2, 2), (2, 2, 2, 2), (4, 3)])
@pytest.mark.parametrize("seed", range(5))
def test_a_shuffled_grid_is_put_back_in_order(states, seed):
    rng = np.random.default_rng(seed)
    table = outcome_table(states)
    effects = [rng.normal(size=(k, 12)) * 3 for k in states]
    prototypes = sum(effect[table[:, j]] for j, effect in enumerate(effects))
    prototypes = prototypes + 0.1 * rng.normal(size=prototypes.shape)
    shuffle = rng.permutation(len(table))
    found = table[labelled(prototypes[shuffle], states, rng).outcome]
    assert are_the_nodes(found, table[shuffle])


def in_a_row(states: tuple[int, ...], rng: np.random.Generator) -> NDArray:
    """Each node's states lie in a row, in any direction; 5 of 20 such grids are the shortest."""
    table = outcome_table(states)
    rows = [np.sort(rng.random(k)) + 0.5 * np.arange(k) for k in states]
    return sum(np.outer(row[table[:, j]], rng.normal(size=12)) for j, row in enumerate(rows))


def peaks(states: tuple[int, ...], rng: np.random.Generator) -> NDArray:
    """A peak's height and place, whose effects multiply: 2 in 20 are the most additive ones."""
    height, place = (np.sort(rng.random(k)) + 0.7 * np.arange(k) for k in states)
    q = np.linspace(0, 1, 80)
    return np.array(
        [
            (1 + height[i]) * np.exp(-0.5 * ((q - 0.25 - 0.15 * place[j]) / 0.05) ** 2)
            for i, j in outcome_table(states)
        ]
    )


@pytest.mark.parametrize(("grid", "states"), [(in_a_row, (3, 2, 2)), (peaks, (3, 2))])
def test_grids_are_put_in_order_whose_length_or_additivity_alone_would_not_do(grid, states):
    table = outcome_table(states)
    right = [
        are_the_nodes(table[labelled(grid(states, rng), states, rng).outcome], table)
        for rng in map(np.random.default_rng, range(20))
    ]
    assert sum(right) >= 19


def test_the_gap_to_the_next_labelling_is_wide_on_a_grid_and_narrow_on_a_simplex(rng):
    corners = outcome_table((2, 2, 2)) * np.array([1.0, 1.4, 2.0])
    grid = labelled(corners, (2, 2, 2), rng)
    assert grid.gap is None or grid.gap > 0.05
    simplex = np.eye(8) + 0.01 * rng.normal(size=(8, 8))
    narrow = labelled(simplex, (2, 2, 2), rng)
    assert narrow.gap is not None
    assert narrow.gap < 0.005


@pytest.mark.parametrize("states", [(2, 2, 2), (3, 2, 2), (2, 2, 3, 2)])
@pytest.mark.parametrize("vacant", [1, 2])
def test_every_choice_of_vacant_outcomes_is_some_layout_with_states_renamed(states, vacant):
    table = outcome_table(states)
    renamings = [
        np.array([[names[j][s] for j, s in enumerate(row)] for row in table])
        for names in itertools.product(*(itertools.permutations(range(k)) for k in states))
    ]
    known = {
        frozenset(map(tuple, renamed[np.setdiff1d(np.arange(len(table)), taken)]))
        for taken in layouts(states, len(table) - vacant)
        for renamed in renamings
    }
    every = itertools.combinations(map(tuple, table), vacant)
    assert known == {frozenset(gone) for gone in every}


@pytest.mark.parametrize("states", [(2, 2, 2), (3, 2, 2), (3, 2, 3)])
@pytest.mark.parametrize("seed", range(4))
def test_a_grid_with_a_vacant_outcome_is_put_back_in_order(states, seed):
    rng = np.random.default_rng(seed)
    points = in_a_row(states, rng)
    there = np.delete(rng.permutation(len(points)), 0)
    found = labelled(points[there], states, rng)
    assert len(np.unique(found.outcome)) == len(there)
    assert are_the_nodes(outcome_table(states)[found.outcome], outcome_table(states)[there])
    squares = squares_of(points[there])[np.ix_(*[np.argsort(found.outcome)] * 2)]
    taken = np.sort(found.outcome)
    assert nonadditive_share(squares, states, taken) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("states", [(3, 2, 3), (4, 3, 2)])
def test_grids_of_many_outcomes_end_in_one_order_however_they_are_shuffled(states):
    rng = np.random.default_rng(7)
    points = in_a_row(states, rng)

    def order() -> NDArray:
        shuffle = rng.permutation(len(points))
        nodes = outcome_table(states)[labelled(points[shuffle], states, rng).outcome]
        return nodes[np.argsort(shuffle)]

    first = order()
    assert all(are_the_nodes(order(), first) for _ in range(4))
