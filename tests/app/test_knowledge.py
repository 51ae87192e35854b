"""Known edges as drawn and as listed, and what two clicks make of them."""

from __future__ import annotations

import json

import pytest

from app.components.knowledge_payload import Edges, cycled, payload
from causalpima_core.config import Knowledge, node_names
from tests.app.conftest import Open
from tests.app.synthetic import write_dataset


def test_a_pair_comes_round_and_leaves_the_others_alone():
    others = Edges((("a", "c"),), (("b", "a"),))
    seen = [others]
    for _ in range(3):
        seen.append(cycled(seen[-1], ("a", "b")))
    assert seen[1].required == (("a", "c"), ("a", "b"))
    assert seen[2].forbidden == (("b", "a"), ("a", "b"))
    assert seen[3] == others


def test_what_is_both_required_and_forbidden_is_freed_of_one_first():
    both = Edges((("a", "b"),), (("a", "b"),))
    assert cycled(both, ("a", "b")) == Edges((), ())


@pytest.mark.parametrize("n", [1, 2, 6, 8])
@pytest.mark.parametrize("tiers", [{}, {"node_1": 3}, {"node_1": 3, "node_2": 1}])
def test_every_node_has_a_place_of_its_own(n: int, tiers: dict[str, int]):
    names = node_names(n)
    known = Knowledge(tiers={name: tier for name, tier in tiers.items() if name in names})
    places = {(node["x"], node["y"]) for node in payload(names, known)["nodes"]}
    assert len(places) == n


def test_tiers_are_columns_with_causes_on_the_left():
    drawn = payload(node_names(3), Knowledge(tiers={"node_3": 1, "node_1": 5}))
    x = {node["id"]: node["x"] for node in drawn["nodes"]}
    assert [tier["label"] for tier in drawn["tiers"]] == ["tier 1", "tier 5"]
    assert x["node_3"] == drawn["tiers"][0]["x"] < x["node_1"] == drawn["tiers"][1]["x"]


def test_nodes_without_a_tier_stand_below_the_columns():
    drawn = payload(node_names(8), Knowledge(tiers={"node_1": 1, "node_5": 2, "node_2": 4}))
    below = {node["id"] for node in drawn["nodes"] if node["y"] > drawn["bottom"]}
    assert below == {"node_3", "node_4", "node_6", "node_7", "node_8"}


def test_edges_are_drawn_as_what_they_are():
    known = Knowledge(required=(("node_1", "node_2"),), forbidden=(("node_2", "node_1"),))
    edges = payload(node_names(2), known)["edges"]
    assert [(e["kind"], e["source"], e["target"]) for e in edges] == [
        ("required", "node_1", "node_2"),
        ("forbidden", "node_2", "node_1"),
    ]
    json.dumps(edges)


def test_edges_of_a_node_taken_away_do_not_count(open_page: Open):
    write_dataset("some", 1)
    app = open_page("model", data="some.npz")
    app.multiselect(key="model.required.some.npz").set_value(["node_1 → node_3"]).run()
    app.number_input(key="model.count.some.npz").set_value(2).run()
    assert not app.exception
    assert not app.error
    assert "--require" not in app.code[0].value
