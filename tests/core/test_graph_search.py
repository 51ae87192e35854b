"""Scores, best graph and evidence against sums and maxima over every graph there is."""

from functools import cache
from itertools import permutations
from math import log
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import logsumexp

from causalpima_core.equivalence import (
    Adjacency,
    equivalence_class,
    is_acyclic,
    structural_hamming_distance,
)
from causalpima_core.errors import ConfigError, DataError
from causalpima_core.graph_scores import LocalScores, bdeu_scores, bic_scores
from causalpima_core.graph_search import best_graph, edge_probabilities, graph_score
from causalpima_core.ordered_class import ordered_class

STATES = {3: (2, 3, 4), 4: (3, 2, 2, 4)}
SCORES = [bic_scores, bdeu_scores]


@cache
def all_graphs(n_nodes: int) -> tuple[Adjacency, ...]:
    """Every acyclic graph, as the subsets of the arrows that go forwards in some order."""
    rows, columns = np.triu_indices(n_nodes, k=1)
    found = {}
    for order in permutations(range(n_nodes)):
        for chosen in range(2 ** len(rows)):
            adjacency = np.zeros((n_nodes, n_nodes), dtype=bool)
            on = (chosen >> np.arange(len(rows)) & 1).astype(bool)
            adjacency[np.take(order, rows[on]), np.take(order, columns[on])] = True
            found[adjacency.tobytes()] = adjacency
    return tuple(found.values())


def random_counts(states: tuple[int, ...], total: float, seed: int) -> NDArray[np.float64]:
    shares = np.random.default_rng(seed).dirichlet(np.full(np.prod(states), 0.5))
    return total * shares.reshape(states)


def knowledge(n_nodes: int, seed: int) -> tuple[Adjacency, Adjacency]:
    """A few required edges that some order satisfies, and a few that are forbidden."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(n_nodes)
    required = np.zeros((n_nodes, n_nodes), dtype=bool)
    required[order[0], order[-1]] = True
    return (rng.random((n_nodes, n_nodes)) < 0.7) | required, required


def satisfying(allowed: Adjacency, required: Adjacency) -> list[Adjacency]:
    return [g for g in all_graphs(len(allowed)) if not ((g & ~allowed) | (required & ~g)).any()]


def follows(graph: Adjacency, before: Adjacency) -> bool:
    """Whether no path leads from a node to one that comes before it."""
    reached = graph
    for _ in graph:
        reached = reached | (reached.astype(int) @ graph > 0)
    return not (reached.T & before).any()


def tiered(n_nodes: int, seed: int) -> tuple[Adjacency, Adjacency]:
    """Edges that tiers of some of the nodes allow, and which nodes come before which."""
    rng = np.random.default_rng(seed)
    tiers = np.where(rng.random(n_nodes) < 0.7, rng.integers(0, 3, n_nodes), np.nan)
    return ~(tiers[:, None] > tiers), tiers[:, None] < tiers


def network(graph: Adjacency, strength: float) -> NDArray[np.float64]:
    """Joint probabilities of binary nodes: each more likely on, the more of its parents are."""
    outcomes = np.indices((2,) * len(graph))
    joint = np.ones((2,) * len(graph))
    for j, own in enumerate(outcomes):
        pull = sum((2 * outcomes[i] - 1 for i in np.flatnonzero(graph[:, j])), start=0.3 * j - 0.5)
        joint = joint / (1 + np.exp(-strength * (2 * own - 1) * pull))
    return joint


def averaged(graphs: list[Adjacency], scores: LocalScores) -> NDArray[np.float64]:
    log_weights = np.array([graph_score(g, scores) for g in graphs])
    return np.tensordot(np.exp(log_weights - logsumexp(log_weights)), np.stack(graphs), axes=1)


def test_the_oracle_knows_all_graphs() -> None:
    assert [len(all_graphs(n)) for n in (2, 3, 4)] == [3, 25, 543]


def test_bic_of_saturated_and_empty_graph_in_closed_form() -> None:
    counts = random_counts((2, 3, 4), 500.0, seed=0)
    scores, shares = bic_scores(counts), counts / 500
    saturated = 500 * np.sum(shares * np.log(shares)) - 0.5 * log(500) * (24 - 1)
    assert graph_score(np.triu(np.ones((3, 3), dtype=bool), k=1), scores) == pytest.approx(
        saturated
    )
    margins = [shares.sum(axis=axes) for axes in ((1, 2), (0, 2), (0, 1))]
    empty = sum(500 * np.sum(p * np.log(p)) for p in margins) - 0.5 * log(500) * (1 + 2 + 3)
    assert graph_score(np.zeros((3, 3), dtype=bool), scores) == pytest.approx(empty)


def test_bdeu_is_the_probability_of_the_samples_one_after_another() -> None:
    """For 0 -> 1: predict each sample's state from those before it and the prior's share."""
    samples = np.random.default_rng(1).integers(0, (2, 3), size=(40, 2))
    seen, log_probability = np.full((2, 3), 2.5 / 6), 0.0
    for first, second in samples:
        log_probability += log(seen[first].sum() / seen.sum())
        log_probability += log(seen[first, second] / seen[first].sum())
        seen[first, second] += 1
    scores = bdeu_scores(seen - 2.5 / 6, equivalent_sample_size=2.5)
    edge = np.array([[False, True], [False, False]])
    assert graph_score(edge, scores) == pytest.approx(log_probability)


@pytest.mark.parametrize("score", SCORES)
def test_equivalent_graphs_score_the_same(score: Any) -> None:
    scores = score(random_counts(STATES[4], 300.0, seed=2))
    by_class: dict[bytes, list[float]] = {}
    for graph in all_graphs(4):
        marks = equivalence_class(graph)
        key = marks.compelled.tobytes() + marks.reversible.tobytes()
        by_class.setdefault(key, []).append(graph_score(graph, scores))
    assert len(by_class) == 185
    assert max(max(values) - min(values) for values in by_class.values()) < 1e-9


@pytest.mark.parametrize("score", SCORES)
@pytest.mark.parametrize("n_nodes", [3, 4])
@pytest.mark.parametrize("total", [30.5, 1e5])
def test_best_graph_and_edge_probabilities_are_those_over_all_graphs(
    score: Any,
    n_nodes: int,
    total: float,
) -> None:
    for seed in range(3):
        scores = score(random_counts(STATES[n_nodes], total, seed))
        found, value = best_graph(scores)
        assert value == pytest.approx(graph_score(found, scores), abs=1e-8)
        best = max(graph_score(g, scores) for g in all_graphs(n_nodes))
        assert value == pytest.approx(best, abs=1e-8)
        expected = averaged(list(all_graphs(n_nodes)), scores)
        np.testing.assert_allclose(edge_probabilities(scores), expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize("n_nodes", [3, 4])
def test_knowledge_restricts_best_graph_and_average(n_nodes: int) -> None:
    for seed in range(8):
        allowed, required = knowledge(n_nodes, seed)
        graphs = satisfying(allowed, required)
        scores = bdeu_scores(random_counts(STATES[n_nodes], 60.0, seed), allowed, required)
        found, value = best_graph(scores)
        assert not ((found & ~allowed) | (required & ~found)).any()
        assert value == pytest.approx(max(graph_score(g, scores) for g in graphs), abs=1e-8)
        probabilities = edge_probabilities(scores)
        np.testing.assert_allclose(probabilities, averaged(graphs, scores), rtol=0, atol=1e-9)
        assert (probabilities[required] == 1).all()
        assert (probabilities[~allowed] == 0).all()


@pytest.mark.parametrize("n_nodes", [3, 4])
def test_tiers_hold_along_paths(n_nodes: int) -> None:
    only_along_paths = 0
    for seed in range(12):
        allowed, before = tiered(n_nodes, seed)
        edgewise = satisfying(allowed, np.zeros_like(allowed))
        graphs = [g for g in edgewise if follows(g, before)]
        only_along_paths += len(edgewise) - len(graphs)
        counts = random_counts(STATES[n_nodes], 60.0, seed)
        scores = bdeu_scores(counts, allowed, before=before)
        found, value = best_graph(scores)
        assert follows(found, before)
        assert value == pytest.approx(max(graph_score(g, scores) for g in graphs), abs=1e-8)
        np.testing.assert_allclose(
            edge_probabilities(scores), averaged(graphs, scores), rtol=0, atol=1e-9
        )
        refused = [graph_score(g, scores) for g in edgewise if not follows(g, before)]
        assert all(score == -np.inf for score in refused)
    assert only_along_paths > 0


@pytest.mark.parametrize("n_nodes", [3, 4])
def test_edges_are_compelled_where_all_equivalent_graphs_agree_that_tiers_allow(
    n_nodes: int,
) -> None:
    settled_by_paths = 0
    for seed in range(12):
        allowed, before = tiered(n_nodes, seed)
        none = np.zeros_like(allowed)
        graphs = [g for g in satisfying(allowed, none) if follows(g, before)]
        by_class: dict[bytes, list[Adjacency]] = {}
        for graph in graphs:
            marks = equivalence_class(graph)
            by_class.setdefault((marks.compelled * 2 + marks.reversible).tobytes(), []).append(
                graph
            )
        for members in by_class.values():
            agreed = np.all(members, axis=0)
            graph = members[seed % len(members)]
            marks = ordered_class(graph, allowed, none, before)
            np.testing.assert_array_equal(marks.compelled, agreed)
            np.testing.assert_array_equal(marks.reversible, (graph | graph.T) & ~agreed & ~agreed.T)
            settled_by_paths += int(
                agreed.sum() > equivalence_class(graph, allowed).compelled.sum()
            )
    assert settled_by_paths > 0


def test_graphs_not_orders_are_equally_probable_beforehand() -> None:
    """With equal scores: of the 25 graphs of three nodes 8 hold a given edge."""
    flat = LocalScores(np.where(bdeu_scores(np.ones((2, 2, 2))).table > -np.inf, 0.0, -np.inf))
    np.testing.assert_allclose(edge_probabilities(flat), 8 / 25 * (1 - np.eye(3)), rtol=1e-14)


def test_no_underflow_where_graphs_differ_by_hundred_thousand_nats() -> None:
    """A chain of strong links: the middle separates the ends, and each of three graphs fits."""
    chain = np.array([[0, 1, 0], [0, 0, 1], [0, 0, 0]], dtype=bool)
    scores = bdeu_scores(network(chain, strength=3.0) * 1e6)
    empty = graph_score(np.zeros((3, 3), dtype=bool), scores)
    assert best_graph(scores)[1] - empty > 1e5
    probabilities = edge_probabilities(scores)
    either = probabilities + probabilities.T
    assert either[0, 1] == either[1, 2] == pytest.approx(1.0)
    assert either[0, 2] < 0.01
    assert probabilities[:2, 1:].diagonal() == pytest.approx([1 / 3, 2 / 3], abs=0.01)
    assert (either <= 1).all()


def test_samples_of_a_chain_and_of_a_collider_are_told_apart() -> None:
    chain = np.array([[0, 1, 0], [0, 0, 1], [0, 0, 0]], dtype=bool)
    collider = np.array([[0, 1, 0], [0, 0, 0], [0, 1, 0]], dtype=bool)
    rng = np.random.default_rng(3)
    evidence = []
    for truth in (chain, collider):
        joint = network(truth, strength=1.5)
        counts = rng.multinomial(2000, joint.ravel()).reshape(joint.shape)
        for score in SCORES:
            found = equivalence_class(best_graph(score(counts))[0])
            assert structural_hamming_distance(found, equivalence_class(truth)) == 0
        evidence.append(edge_probabilities(bdeu_scores(counts)))
    of_chain, of_collider = evidence
    assert (of_chain < 0.7).all()
    assert (of_chain + of_chain.T)[chain].min() > 0.99
    assert (of_collider > 8 * of_collider.T)[collider].all()


def test_eight_nodes_of_a_known_network_are_recovered() -> None:
    truth = np.zeros((8, 8), dtype=bool)
    truth[[0, 1, 2, 2, 3, 5, 4], [2, 2, 3, 4, 5, 6, 6]] = True
    counts = network(truth, strength=1.0) * 20_000
    for score in SCORES:
        scores = score(counts)
        found, value = best_graph(scores)
        expected = equivalence_class(truth)
        assert structural_hamming_distance(equivalence_class(found), expected) == 0
        assert value == pytest.approx(graph_score(truth, scores))
        probabilities = edge_probabilities(scores)
        assert (probabilities[expected.compelled] > 0.9).all()
        assert (probabilities + probabilities.T <= 1).all()


def test_eight_nodes_average_of_independent_pairs() -> None:
    """Tiers that allow only 0 -> 1, 2 -> 3, ...: each edge is a two-graph comparison."""
    allowed = np.zeros((8, 8), dtype=bool)
    allowed[[0, 2, 4, 6], [1, 3, 5, 7]] = True
    scores = bdeu_scores(random_counts((2,) * 8, 200.0, seed=4), allowed)
    probabilities = edge_probabilities(scores)
    for source, target in np.argwhere(allowed):
        gain = scores.table[target, 1 << source] - scores.table[target, 0]
        assert probabilities[source, target] == pytest.approx(1 / (1 + np.exp(-gain)), rel=1e-12)
    assert (probabilities[~allowed] == 0).all()


def test_one_node_has_one_graph() -> None:
    scores = bic_scores(np.array([3.0, 5.0]))
    assert best_graph(scores)[0].tolist() == [[False]]
    assert edge_probabilities(scores).tolist() == [[0.0]]


def test_what_cannot_be_scored_is_refused_with_the_reason() -> None:
    counts = random_counts((2, 2), 10.0, seed=5)
    for bad in (-counts, counts * np.nan, counts / 10.1):
        with pytest.raises(DataError, match="numbers of samples"):
            bic_scores(bad)
    with pytest.raises(ConfigError, match="1 to 8"):
        bic_scores(np.ones((2,) * 9))
    with pytest.raises(ConfigError, match="positive equivalent sample size"):
        bdeu_scores(counts, equivalent_sample_size=0)
    with pytest.raises(ConfigError, match="2 nodes"):
        bic_scores(counts, allowed=np.ones((3, 3), dtype=bool))
    both_ways = ~np.eye(2, dtype=bool)
    for search in (best_graph, edge_probabilities):
        with pytest.raises(ConfigError, match="No acyclic graph"):
            search(bic_scores(counts, required=both_ways))
    assert not is_acyclic(both_ways)
    with pytest.raises(ConfigError, match="acyclic graph of 2"):
        graph_score(both_ways, bic_scores(counts))
    with pytest.raises(ConfigError, match="2\\*\\*L"):
        LocalScores(np.zeros((2, 3)))


def test_counts_and_masks_given_are_left_as_they_were() -> None:
    given = [random_counts((2, 3), 20.0, seed=6), *knowledge(2, seed=6)]
    before = [a.copy() for a in given]
    edge_probabilities(bdeu_scores(*given))
    assert all((a == b).all() for a, b in zip(before, given, strict=True))
