import dataclasses

import numpy as np
import pytest

from causalpima_core.data.factors import Truth
from causalpima_core.runs.results import EdgeResult, GraphResult, NodeResult
from causalpima_core.scores import component_accuracy, score_nodes, score_recovery

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


def test_a_factor_counts_as_found_from_its_own_threshold():
    blurred = OUTCOMES.copy()
    blurred[:5, 0] = 1 - blurred[:5, 0]
    recovery = score_recovery(blurred, graph((1, 2), (2, 3)), TRUTH)
    assert 0.85 < recovery.nmi["a"] < 0.95
    assert recovery.found == {"a": False, "b": True, "c": True}
    lenient = dataclasses.replace(TRUTH, thresholds={"a": 0.85})
    assert score_recovery(blurred, graph((1, 2), (2, 3)), lenient).recovered


def test_a_weak_factor_need_not_be_found():
    overlapping = OUTCOMES.copy()
    overlapping[:80, 2] = 1 - overlapping[:80, 2]
    weak = dataclasses.replace(TRUTH, weak=("c",))
    recovery = score_recovery(overlapping, graph((1, 2), (2, 3)), weak)
    assert recovery.found == {"a": True, "b": True, "c": False}
    assert recovery.recovered


def test_a_node_too_many_is_extra_and_its_edges_are_wrong():
    names, noise = ["n1", "n2", "n3", "n4"], np.random.default_rng(1).integers(0, 2, (400, 1))
    found = np.hstack([noise, OUTCOMES])
    adjacency = np.zeros((4, 4), dtype=bool)
    adjacency[1, 2] = adjacency[2, 3] = True
    recovery = score_nodes(names, found, adjacency, TRUTH)
    assert recovery.node_of_factor == {"a": "n2", "b": "n3", "c": "n4"}
    assert recovery.extra_nodes == ("n1",)
    assert recovery.distance == 0
    assert not recovery.recovered
    adjacency[0, 1] = True
    assert score_nodes(names, found, adjacency, TRUTH).distance == 1


def test_a_factor_without_a_node_is_not_found_and_its_edges_are_missing():
    adjacency = np.array([[0, 1], [0, 0]], dtype=bool)
    recovery = score_nodes(["n1", "n2"], OUTCOMES[:, :2], adjacency, TRUTH)
    assert recovery.node_of_factor == {"a": "n1", "b": "n2"}
    assert recovery.found == {"a": True, "b": True, "c": False}
    assert recovery.nmi["c"] == 0.0
    assert recovery.distance == 1
