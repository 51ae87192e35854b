"""What the graph component is sent, as a plain function of records."""

from __future__ import annotations

import json

import pytest

from app.components import graph_payload
from causalpima_core.config import Knowledge
from tests.app.synthetic import graph_result, snapshot


@pytest.mark.parametrize("states", [(2,), (2, 2, 2), (2,) * 8])
def test_a_tick_of_the_live_graph_is_small(states):
    names = tuple(f"node_{j + 1}" for j in range(len(states)))
    payload = graph_payload.of_snapshot(names, snapshot(6, states))
    assert len(payload.nodes) == len(states)
    assert len(json.dumps(payload.as_json())) < 5_000


def test_opacity_is_the_weight_of_the_edge():
    moments = [graph_payload.of_snapshot(("a", "b"), snapshot(e, (2, 2))) for e in (2, 6)]
    assert [edge.opacity for moment in moments for edge in moment.edges] == [0.333, 1.0]


def test_places_do_not_depend_on_the_weights():
    first, last = (graph_payload.of_snapshot(("a", "b"), snapshot(e, (2, 2))) for e in (2, 6))
    assert [(n.x, n.y) for n in first.nodes] == [(n.x, n.y) for n in last.nodes]


def test_a_graph_before_the_first_snapshot_has_nodes_and_no_edges():
    payload = graph_payload.of_snapshot(("a", "b", "c"), None)
    assert [node.id for node in payload.nodes] == ["a", "b", "c"]
    assert payload.edges == ()


def test_the_decided_graph_runs_from_left_to_right_and_keeps_kinds():
    payload = graph_payload.of_graph(graph_result((2, 2, 2)), "node_2")
    x = [node.x for node in payload.nodes]
    assert x == sorted(x)
    assert len(set(x)) == 3
    assert [edge.kind for edge in payload.edges] == ["compelled", "reversible"]
    assert [node.weak for node in payload.nodes] == [False, True, True]


def test_what_was_given_lies_over_what_was_found():
    known = Knowledge(
        required=(("node_1", "node_2"),),
        forbidden=(("node_3", "node_1"),),
        tiers={"node_2": 1, "node_3": 2},
    )
    payload = graph_payload.of_graph(graph_result((2, 2, 2)), knowledge=known)
    assert [(edge.id, edge.kind, edge.given) for edge in payload.edges] == [
        ("node_1:node_2", "compelled", "required"),
        ("node_2:node_3", "reversible", "tiers"),
        ("forbidden:node_3:node_1", "forbidden", ""),
    ]


def test_a_long_chain_goes_up_and_down_so_that_it_is_drawn_large():
    nodes = graph_payload.of_graph(graph_result((2,) * 6)).nodes
    width = max(n.x for n in nodes) - min(n.x for n in nodes)
    height = max(n.y for n in nodes) - min(n.y for n in nodes)
    assert width < 4 * height
    upper, lower = nodes[0].y, nodes[1].y
    assert [n.y for n in nodes] == [upper, lower] * 3
    assert upper < 0 < lower
