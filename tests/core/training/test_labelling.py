import itertools

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from causalpima_core.outcomes import outcome_table
from causalpima_core.training.labelling import (
    grid_edges,
    grid_length,
    label_cells,
    swap_changes,
)


def random_distances(n, seed):
    points = np.random.default_rng(seed).normal(size=(n, 4))
    return cdist(points, points)


def test_grid_edges_join_outcomes_that_differ_in_one_node():
    edges, table = grid_edges((2, 3)), outcome_table((2, 3))
    for a, b in itertools.product(range(6), repeat=2):
        assert edges[a, b] == ((table[a] != table[b]).sum() == 1)


@pytest.mark.parametrize("seed", range(5))
def test_the_search_finds_the_shortest_of_all_labelings_of_three_nodes(seed):
    distances = random_distances(8, seed)
    found = np.argsort(label_cells(distances, (2, 2, 2), np.random.default_rng(0)).outcome)
    edges = grid_edges((2, 2, 2))
    rows, columns = np.nonzero(np.triu(edges))
    # Outcome 0 can keep cell 0: the grid looks the same from everywhere.
    rest = np.array(list(itertools.permutations(range(1, 8))))
    every = np.concatenate([np.zeros((len(rest), 1), dtype=int), rest], axis=1)
    shortest = distances[every[:, rows], every[:, columns]].sum(1).min()
    length = grid_length(distances[np.ix_(found, found)], (2, 2, 2))
    assert length == pytest.approx(shortest)


def test_a_swap_changes_the_length_as_foretold():
    states, distances = (2, 3), random_distances(6, 0)
    change = swap_changes(grid_edges(states), distances)
    for i, j in itertools.combinations(range(6), 2):
        order = np.arange(6)
        order[[i, j]] = order[[j, i]]
        after = grid_length(distances[np.ix_(order, order)], states)
        assert change[i, j] == pytest.approx(after - grid_length(distances, states))


@pytest.mark.parametrize("states", [(2, 2, 2), (3, 2, 2), (2, 2, 2, 2), (4, 3)])
def test_a_shuffled_grid_is_put_back_in_order(states):
    rng = np.random.default_rng(0)
    table = outcome_table(states)
    effects = [rng.normal(size=(k, 12)) * 3 for k in states]
    prototypes = sum(effect[table[:, j]] for j, effect in enumerate(effects))
    prototypes = prototypes + 0.1 * rng.normal(size=prototypes.shape)
    shuffle = rng.permutation(len(table))
    distances = cdist(prototypes[shuffle], prototypes[shuffle])
    found = table[label_cells(distances, states, rng).outcome]
    for j in range(len(states)):
        together = [np.unique(found[table[shuffle][:, j] == s], axis=0) for s in range(states[j])]
        assert any(
            all(len(np.unique(part[:, i])) == 1 for part in together) for i in range(len(states))
        )


def test_the_gap_to_the_next_labelling_is_wide_on_a_grid_and_narrow_on_a_simplex(rng):
    corners = outcome_table((2, 2, 2)) * np.array([1.0, 1.4, 2.0])
    grid = label_cells(cdist(corners, corners), (2, 2, 2), rng)
    assert grid.gap is None or grid.gap > 0.05
    simplex = 1 - np.eye(8) + 1e-3 * cdist(corners, corners)
    narrow = label_cells(simplex, (2, 2, 2), rng)
    assert narrow.gap is not None
    assert narrow.gap < 1e-3
