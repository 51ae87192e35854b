import numpy as np
import pytest

from causalpima_core.data.examples import Truth
from causalpima_core.runs.results import EdgeResult, GraphResult, NodeResult
from causalpima_core.scores import component_accuracy, score_recovery

OUTCOMES = np.random.default_rng(0).integers(0, 2, (400, 3))
CHAIN = np.array([[0, 1, 0], [0, 0, 1], [0, 0, 0]], dtype=bool)
TRUTH = Truth(("a", "b", "c"), (2, 2, 2), CHAIN, OUTCOMES)


def graph(*edges):
    return GraphResult(
        nodes=[NodeResult(name=f"node_{j}", states=2, separation=1.0) for j in (1, 2, 3)],
        edges=[
            EdgeResult(
                source=f"node_{i}",
                target=f"node_{j}",
                weight=1,
                direction="reversible",
                probability=1,
                probability_of_direction=0.5,
            )
            for i, j in edges
        ],
        tables={},
        components=[],
    )


def test_relabelled_nodes_and_flipped_states_are_recovered():
    found = 1 - OUTCOMES[:, [2, 0, 1]]  # node_1 is c, node_2 is a, node_3 is b
    recovery = score_recovery(found, graph((3, 2), (3, 1)), TRUTH)  # the fork: same class
    assert recovery.node_of_factor == {"a": "node_2", "b": "node_3", "c": "node_1"}
    assert min(recovery.nmi.values()) == pytest.approx(1.0)
    assert recovery.accuracy == 1.0
    assert recovery.distance == 0
    assert recovery.recovered


def test_a_collider_is_not_a_chain():
    recovery = score_recovery(OUTCOMES, graph((1, 2), (3, 2)), TRUTH)
    assert recovery.distance == 2
    assert not recovery.recovered


def test_nodes_that_mix_factors_are_not_recovered_though_every_component_is_right():
    mixed = OUTCOMES.copy()
    mixed[:, 0] = OUTCOMES[:, 0] ^ OUTCOMES[:, 1]
    recovery = score_recovery(mixed, graph((1, 2), (2, 3)), TRUTH)
    assert recovery.accuracy == 1.0
    assert recovery.nmi["a"] < 0.1
    assert not recovery.recovered


def test_accuracy_counts_under_the_best_matching():
    assert component_accuracy(np.array([0, 0, 1, 1]), np.array([5, 5, 2, 5])) == 0.75
