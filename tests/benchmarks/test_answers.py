import numpy as np
import pytest

from benchmarks import answers
from benchmarks.queries import tiers
from causalpima_core.data.examples import make_example
from causalpima_core.data.factors import Truth, graph_of, outcome_probabilities


def truth_of(graph: str, n: int = 4) -> Truth:
    return Truth(("a", "b", "c"), (2, 2, 3), graph_of(graph, 3), np.zeros((n, 3), dtype=int))


def test_setting_a_cause_is_conditioning_on_it_and_setting_an_effect_tells_nothing_of_causes():
    truth = truth_of("chain")
    joint = outcome_probabilities(truth.adjacency, truth.states)
    first = answers.true_intervention(truth, 0, 1)
    np.testing.assert_allclose(first[1], joint[1] / joint[1].sum())
    assert first[0].sum() == 0
    last = answers.true_intervention(truth, 2, 2)
    np.testing.assert_allclose(last.sum(2), joint.sum(2))
    assert last[..., 2].sum() == pytest.approx(1)


def test_answers_are_put_into_the_words_of_the_truth():
    # node 1 is factor a with its states exchanged, node 0 is factor b
    matching = answers.Matching(np.array([1, 0]), (np.array([1, 0]), np.array([0, 1])))
    by_nodes = np.array([[0.1, 0.2], [0.3, 0.4]])
    np.testing.assert_allclose(matching.in_factors(by_nodes), [[0.2, 0.4], [0.1, 0.3]])


def test_circles_are_read_as_they_were_drawn():
    dataset, truth = make_example("circles", 400)
    assert (answers.read_circles(dataset["image"].values) == truth.outcomes).mean() > 0.995


def test_a_conditional_mean_is_that_of_samples_with_the_same_states():
    values, known = np.array([[1.0], [3.0], [10.0]]), np.array([[0], [0], [1]])
    found = answers.conditional_mean(values, known, np.array([[1], [0]]))
    np.testing.assert_allclose(found, [[10.0], [2.0]])


def test_tiers_follow_the_last_cause():
    named = {"a": "node_1", "b": "node_2", "c": "node_3"}
    assert tiers(truth_of("complete"), named) == {"node_1": 0, "node_2": 1, "node_3": 2}
    assert tiers(truth_of("collider"), named) == {"node_1": 0, "node_2": 0, "node_3": 1}
