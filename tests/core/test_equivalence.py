"""The classes against their definition: enumerate all graphs, keep those that are equivalent."""

from collections import defaultdict
from functools import cache
from itertools import combinations, permutations, product

import networkx as nx
import numpy as np
import pytest

from causalpima_core.equivalence import (
    Adjacency,
    EquivalenceClass,
    equivalence_class,
    is_acyclic,
    structural_hamming_distance,
)
from causalpima_core.errors import ConfigError


def edges(n_nodes: int, *pairs: tuple[int, int]) -> Adjacency:
    adjacency = np.zeros((n_nodes, n_nodes), dtype=bool)
    for source, target in pairs:
        adjacency[source, target] = True
    return adjacency


def orientations(skeleton: Adjacency, *, optional: bool = False) -> list[Adjacency]:
    """All acyclic ways to direct the pairs of a skeleton (or, if optional, to drop them)."""
    pairs = np.argwhere(np.triu(skeleton))
    choices = [[(i, j), (j, i)] + [None] * optional for i, j in pairs]
    graphs = [
        edges(len(skeleton), *(edge for edge in choice if edge)) for choice in product(*choices)
    ]
    return [g for g in graphs if nx.is_directed_acyclic_graph(nx.DiGraph(g))]


@cache
def all_graphs(n_nodes: int) -> tuple[Adjacency, ...]:
    complete = ~np.eye(n_nodes, dtype=bool)
    return tuple(orientations(complete, optional=True))


def colliders(adjacency: Adjacency) -> frozenset[tuple[int, int, int]]:
    joined = adjacency | adjacency.T
    return frozenset(
        (i, k, j)
        for k in range(len(adjacency))
        for i, j in combinations(np.flatnonzero(adjacency[:, k]).tolist(), 2)
        if not joined[i, j]
    )


def class_of(members: list[Adjacency]) -> EquivalenceClass:
    """The definition: compelled where all members agree, reversible where they do not."""
    common = np.logical_and.reduce(members)
    either = np.logical_or.reduce(members)
    return EquivalenceClass(common, (either | either.T) & ~common & ~common.T)


def random_graph(n_nodes: int, density: float, rng: np.random.Generator) -> Adjacency:
    upper = np.triu(rng.random((n_nodes, n_nodes)) < density, k=1)
    order = rng.permutation(n_nodes)
    return upper[np.ix_(order, order)]


def equal(a: EquivalenceClass, b: EquivalenceClass) -> bool:
    return bool((a.compelled == b.compelled).all() and (a.reversible == b.reversible).all())


def test_every_graph_of_four_nodes_is_recognised_as_acyclic_and_no_other() -> None:
    assert len(all_graphs(4)) == 543
    assert all(is_acyclic(g) for g in all_graphs(4))
    rng = np.random.default_rng(0)
    for graph in rng.random((300, 4, 4)) < 0.4:
        assert is_acyclic(graph) == nx.is_directed_acyclic_graph(nx.DiGraph(graph))


@pytest.mark.parametrize(("n_nodes", "n_classes"), [(1, 1), (2, 2), (3, 11), (4, 185)])
def test_class_of_every_graph_is_the_one_of_its_equivalents(n_nodes: int, n_classes: int) -> None:
    """The numbers of classes are those of Gillispie and Perlman, UAI 2001."""
    members = defaultdict(list)
    for graph in all_graphs(n_nodes):
        members[(graph | graph.T).tobytes(), colliders(graph)].append(graph)
    assert len(members) == n_classes
    for graphs in members.values():
        expected = class_of(graphs)
        assert all(equal(equivalence_class(g), expected) for g in graphs)


def test_classes_agree_with_pgmpy() -> None:
    pgmpy = pytest.importorskip("pgmpy.base")
    rng = np.random.default_rng(1)
    for graph in [random_graph(6, 0.5, rng) for _ in range(60)]:
        oracle = pgmpy.DAG()
        oracle.add_nodes_from(range(6))
        oracle.add_edges_from(np.argwhere(graph).tolist())
        class_ = oracle.to_pdag()
        found = equivalence_class(graph)
        undirected = edges(6, *class_.undirected_edges)
        assert (found.compelled == edges(6, *class_.directed_edges)).all()
        assert (found.reversible == (undirected | undirected.T)).all()


@pytest.mark.parametrize(("n_nodes", "trials"), [(4, 300), (5, 200)])
def test_knowledge_orients_what_all_members_that_satisfy_it_share(
    n_nodes: int, trials: int
) -> None:
    rng = np.random.default_rng(n_nodes)
    oriented_by_knowledge = 0
    for _ in range(trials):
        graph = random_graph(n_nodes, 0.75, rng)
        tiers = np.zeros(n_nodes, dtype=int)
        order = list(nx.topological_sort(nx.DiGraph(graph)))
        tiers[order] = np.sort(rng.integers(0, rng.integers(1, 4), size=n_nodes))
        forbidden = ~graph & (rng.random(graph.shape) < 0.1)
        allowed = (tiers[:, None] <= tiers) & ~forbidden
        required = graph & (rng.random(graph.shape) < 0.2)
        members = [
            g
            for g in orientations(graph | graph.T)
            if colliders(g) == colliders(graph)
            and not (g & ~allowed).any()
            and not (required & ~g).any()
        ]
        found = equivalence_class(graph, allowed, required)
        assert equal(found, class_of(members))
        assert not (equivalence_class(graph).compelled & ~found.compelled).any()
        oriented_by_knowledge += not equal(found, equivalence_class(graph))
    assert oriented_by_knowledge > trials / 4


def test_meeks_fourth_rule_is_needed_with_knowledge() -> None:
    """The diamond of Meek 1995: 3 -> 2 -> 1 known, 0 joined to all; only 0 -> 1 fits."""
    graph = edges(4, (3, 2), (2, 1), (0, 1), (0, 2), (0, 3))
    found = equivalence_class(graph, required=edges(4, (3, 2), (2, 1)))
    assert (found.compelled == edges(4, (3, 2), (2, 1), (0, 1))).all()


def test_chain_is_reversible_collider_is_compelled_and_a_tier_orients_the_chain() -> None:
    chain, collider = edges(3, (0, 1), (1, 2)), edges(3, (0, 1), (2, 1))
    assert not equivalence_class(chain).compelled.any()
    assert (equivalence_class(collider).compelled == collider).all()
    not_into_first = ~edges(3, (1, 0), (2, 0))
    assert (equivalence_class(chain, allowed=not_into_first).compelled == chain).all()


def test_distance_counts_pairs_joined_differently() -> None:
    empty = equivalence_class(edges(3))
    chain = equivalence_class(edges(3, (0, 1), (1, 2)))
    collider = equivalence_class(edges(3, (0, 1), (2, 1)))
    fork = equivalence_class(edges(3, (1, 0), (1, 2)))
    assert structural_hamming_distance(chain, fork) == 0
    assert structural_hamming_distance(chain, collider) == 2
    assert structural_hamming_distance(collider, empty) == 2
    one_way, other_way = (EquivalenceClass(edges(2, e), edges(2)) for e in ((0, 1), (1, 0)))
    assert structural_hamming_distance(one_way, other_way) == 1


def test_distance_is_a_metric_that_ignores_the_naming_of_nodes() -> None:
    rng = np.random.default_rng(2)
    for _ in range(50):
        graphs = [random_graph(5, 0.5, rng) for _ in range(3)]
        a, b, c = (equivalence_class(g) for g in graphs)
        renamed = np.ix_(*[rng.permutation(5)] * 2)
        distance = structural_hamming_distance(a, b)
        assert distance == structural_hamming_distance(b, a)
        assert distance <= structural_hamming_distance(a, c) + structural_hamming_distance(c, b)
        assert distance == structural_hamming_distance(
            *(equivalence_class(g[renamed]) for g in graphs[:2])
        )


def test_the_graph_given_is_left_as_it_was() -> None:
    graph = edges(3, (0, 1), (2, 1))
    knowledge = np.ones((3, 3), dtype=bool), edges(3, (0, 1))
    before = [graph.copy(), *(k.copy() for k in knowledge)]
    equivalence_class(graph, *knowledge)
    assert all((a == b).all() for a, b in zip(before, [graph, *knowledge], strict=True))


def test_what_has_no_class_is_refused_with_the_reason() -> None:
    chain = edges(3, (0, 1), (1, 2))
    for order in permutations(range(3)):
        cycle = edges(3, *zip(order, order[1:] + order[:1], strict=True))
        with pytest.raises(ConfigError, match="cycle"):
            equivalence_class(cycle)
    with pytest.raises(ConfigError, match="1 -> 2, which the knowledge forbids"):
        equivalence_class(chain, allowed=~chain)
    with pytest.raises(ConfigError, match="lacks the edge 3 -> 1"):
        equivalence_class(chain, required=edges(3, (2, 0)))
    with pytest.raises(ConfigError, match="3 nodes"):
        equivalence_class(chain, allowed=~edges(2))
    with pytest.raises(ConfigError, match="square"):
        equivalence_class(chain[:2])
    with pytest.raises(ConfigError, match="same nodes"):
        structural_hamming_distance(equivalence_class(chain), equivalence_class(edges(2)))
    for compelled, reversible in (
        (chain | chain.T, edges(3)),
        (chain, chain | chain.T),
        (edges(3), chain),
        (chain, edges(2)),
    ):
        with pytest.raises(ConfigError):
            EquivalenceClass(compelled, reversible)
