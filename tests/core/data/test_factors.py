import numpy as np
import pytest

from causalpima_core.data.examples import make_truth
from causalpima_core.data.factors import (
    GRAPHS,
    Truth,
    base_for,
    graph_of,
    outcome_probabilities,
    sample_outcomes,
)
from causalpima_core.equivalence import is_acyclic


def test_graphs_of_three_factors():
    assert {name: edges(3) for name, edges in GRAPHS.items()} == {
        "chain": ((0, 1), (1, 2)),
        "fork": ((1, 0), (1, 2)),
        "collider": ((0, 2), (1, 2)),
        "independent": (),
        "complete": ((0, 1), (0, 2), (1, 2)),
    }


@pytest.mark.parametrize("n_factors", range(2, 9))
def test_graphs_of_any_number_of_factors(n_factors):
    sizes = {}
    for name in GRAPHS:
        adjacency = graph_of(name, n_factors)
        assert is_acyclic(adjacency)
        sizes[name] = int(adjacency.sum())
    tree = n_factors - 1
    assert sizes == {
        "chain": tree,
        "fork": tree,
        "collider": tree,
        "independent": 0,
        "complete": n_factors * tree // 2,
    }


def test_what_a_seed_gave_it_still_gives():
    """Published figures are about these very samples."""
    truth, _ = make_truth("circles", 12, 0, "chain")
    expected = "000 000 011 110 011 011 111 111 001 011 101 000"
    assert ["".join(map(str, row)) for row in truth.outcomes] == expected.split()


@pytest.mark.parametrize("graph", GRAPHS)
@pytest.mark.parametrize(("states", "base"), [((3, 2, 2), 0.3), ((2, 2, 2, 2), 0.0)])
def test_samples_have_the_probabilities_that_are_told(graph, states, base):
    adjacency = graph_of(graph, len(states))
    expected = outcome_probabilities(adjacency, states, base)
    assert expected.sum() == pytest.approx(1.0)
    n = 50_000
    outcomes = sample_outcomes(adjacency, states, n, np.random.default_rng(0), base)
    counts = np.zeros(states)
    np.add.at(counts, tuple(outcomes.T), 1)
    deviation = (counts - n * expected) / np.sqrt(n * expected * (1 - expected))
    assert np.abs(deviation).max() < 4.5


@pytest.mark.parametrize("graph", GRAPHS)
def test_tables_can_be_set_so_that_an_outcome_is_rare(graph):
    adjacency = graph_of(graph, 3)
    base = base_for(adjacency, (3, 2, 2), 0.01)
    assert outcome_probabilities(adjacency, (3, 2, 2), base).min() == pytest.approx(0.01, rel=0.1)


def test_a_factor_counts_as_found_from_its_own_threshold():
    nothing = np.zeros((1, 2), dtype=np.int64)
    truth = Truth(("a", "b"), (2, 2), graph_of("chain", 2), nothing, thresholds={"b": 0.9})
    assert [truth.is_found(factor, 0.92) for factor in truth.factors] == [False, True]
