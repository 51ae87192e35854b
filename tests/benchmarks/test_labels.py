import numpy as np
import pytest

from benchmarks.labels import CRITERIA, GRIDS, are_right, look_at, peaks
from causalpima_core.outcomes import outcome_table


def test_other_names_are_right_and_mixed_nodes_are_wrong():
    states = (3, 2)
    table = outcome_table(states)
    renamed = (table + 1) % states
    assert are_right(np.ravel_multi_index(tuple(renamed.T), states), states)
    assert not are_right(np.array([1, 0, 2, 3, 4, 5]), states)
    # the halves of a node of four states are no node of two
    assert not are_right(np.array([0, 1, 4, 5, 2, 3, 6, 7]), (2, 4))


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("states", [(2, 2), (2, 2, 2, 2)])
def test_a_grid_has_a_row_for_every_outcome_and_all_differ(grid, states):
    values = grid(states, np.random.default_rng(0))
    assert len(np.unique(values.round(9), axis=0)) == len(outcome_table(states))


def test_all_criteria_are_counted_on_the_same_grids():
    found = look_at(peaks, (2, 2), 3)
    assert found["right"].keys() == CRITERIA.keys()
    assert found["right"]["both"] == 3
    assert sum(total for _, total in found["gap"].values()) == 3
