import networkx as nx
import numpy as np
import pytest
import torch

from causalpima_core.config import Knowledge, node_names
from causalpima_core.dag import FlowDag
from causalpima_core.equivalence import is_acyclic
from causalpima_core.errors import ConfigError


def random_flow(n_nodes, knowledge=None, restarts=50, seed=0, spread=3.0):
    generator = torch.Generator().manual_seed(seed)
    flow = FlowDag(n_nodes, knowledge, restarts, generator)
    with torch.no_grad():
        flow.potentials.copy_(spread * torch.randn(restarts, n_nodes, generator=generator))
        flow.metric.copy_(spread * torch.randn(restarts, n_nodes, n_nodes, generator=generator))
    return flow


@pytest.mark.parametrize("temperature", [1e-6, 0.05, 1.0, 1e3])
def test_edges_have_no_cycle_at_any_temperature(temperature):
    for edges in random_flow(6)(temperature).detach().numpy():
        assert is_acyclic(edges > 0)
        assert edges.min() >= 0
        assert edges.max() <= 1


def test_every_dag_of_three_nodes_is_reached_in_the_limit():
    found = set()
    flow = random_flow(3, restarts=5000, spread=20.0)
    for edges in flow(1e-2).detach().numpy():
        if ((edges < 1e-3) | (edges > 1 - 1e-3)).all():
            found.add((edges > 0.5).tobytes())
    assert len(found) == 25


def test_edges_follow_the_formula_of_the_paper():
    flow = random_flow(4, restarts=1)
    metric = torch.nn.functional.softplus(flow.metric[0]).triu(1)
    metric = metric + metric.T
    xi = flow.potentials[0]
    expected = torch.relu(torch.tanh(metric * (xi[None, :] - xi[:, None]) / 0.7))
    torch.testing.assert_close(flow(0.7)[0], expected)


def random_knowledge(rng, n_nodes):
    """Constraints that some random graph satisfies, so that they do not contradict each other."""
    nodes, order = node_names(n_nodes), rng.permutation(n_nodes)
    rank = {nodes[j]: r for r, j in enumerate(order)}
    pairs = [(a, b) for a in nodes for b in nodes if rank[a] < rank[b]]
    chosen = rng.random(len(pairs))
    tiers = {node: rank[node] // 2 for node in nodes if rng.random() < 0.5}
    return Knowledge(
        required=tuple(p for p, c in zip(pairs, chosen, strict=True) if c < 0.25),
        forbidden=tuple(
            [p for p, c in zip(pairs, chosen, strict=True) if c > 0.75]
            + [(b, a) for a, b in pairs if rng.random() < 0.2]
        ),
        tiers=tiers,
    )


def test_constraints_are_never_violated():
    rng = np.random.default_rng(0)
    for seed in range(1000):
        knowledge = random_knowledge(rng, 5)
        nodes = node_names(5)
        edges = random_flow(5, knowledge, restarts=1, seed=seed)(0.3)[0].detach().numpy()
        assert is_acyclic(edges > 0)
        for i, source in enumerate(nodes):
            for j, target in enumerate(nodes):
                if (source, target) in knowledge.required:
                    assert edges[i, j] == 1
                if not knowledge.allows(source, target):
                    assert edges[i, j] == 0


def test_tiers_leave_edges_between_them_open_whatever_the_potentials():
    flow = random_flow(2, Knowledge(tiers={"node_2": 0, "node_1": 1}))
    edges = flow(1.0).detach().numpy()
    assert (edges[:, 1, 0] > 0).all()
    assert (edges[:, 0, 1] == 0).all()


@pytest.mark.parametrize(
    ("knowledge", "message"),
    [
        ({"required": (("node_1", "node_2"), ("node_2", "node_1"))}, "cycle"),
        (
            {"required": (("node_1", "node_2"), ("node_2", "node_3"), ("node_3", "node_1"))},
            "cycle",
        ),
        (
            {"required": (("node_1", "node_2"),), "forbidden": (("node_1", "node_2"),)},
            "both required and forbidden",
        ),
        (
            {"required": (("node_1", "node_2"),), "tiers": {"node_1": 2, "node_2": 1}},
            "against the tiers",
        ),
        (
            {
                "required": (("node_1", "node_2"), ("node_2", "node_3")),
                "tiers": {"node_1": 2, "node_3": 1},
            },
            "cycle",
        ),
        ({"forbidden": (("node_1", "node_9"),)}, "Unknown node 'node_9'"),
        ({"forbidden": (("node_1", "node_1"),)}, "itself"),
    ],
)
def test_contradictions_are_an_error_before_training(knowledge, message):
    with pytest.raises(ConfigError, match=message):
        FlowDag(3, Knowledge(**knowledge))


def test_the_same_generator_gives_the_same_start():
    first, second = (FlowDag(3, None, 4, torch.Generator().manual_seed(1)) for _ in range(2))
    torch.testing.assert_close(first.potentials, second.potentials)


def test_a_flow_down_potentials_orders_its_nodes():
    flow = random_flow(5, restarts=1)
    edges = flow(0.5)[0].detach().numpy()
    order = list(nx.topological_sort(nx.from_numpy_array(edges > 0, create_using=nx.DiGraph)))
    heights = flow.heights()[0].detach().numpy()
    assert all(
        heights[order[a]] < heights[order[b]]
        for a in range(5)
        for b in range(a + 1, 5)
        if edges[order[a], order[b]] > 0
    )
