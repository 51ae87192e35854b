"""Known edges and tiers as drawn and as a table, and what two clicks make of them."""

from __future__ import annotations

import json

import pytest
from streamlit.testing.v1 import AppTest

from app.components.knowledge_payload import TIER, TO, known_in, payload, stepped, table_of
from causalpima_core.config import Knowledge, node_names
from tests.app.conftest import Open
from tests.app.synthetic import write_dataset


def test_a_pair_comes_round_and_leaves_the_others_alone():
    others = Knowledge(required=(("a", "c"),), forbidden=(("b", "a"),), tiers={"a": 2})
    seen = [others]
    for _ in range(3):
        seen.append(stepped(seen[-1], ("a", "b")))
    assert seen[1].required == (("a", "c"), ("a", "b"))
    assert seen[2].forbidden == (("b", "a"), ("a", "b"))
    assert seen[3] == others


def test_what_is_both_required_and_forbidden_is_freed_of_one_first():
    both = Knowledge(required=(("a", "b"),), forbidden=(("a", "b"),))
    once = stepped(both, ("a", "b"))
    assert (once.required, once.forbidden) == ((), (("a", "b"),))
    assert stepped(once, ("a", "b")) == Knowledge()


def test_a_table_says_what_is_known():
    known = Knowledge(
        required=(("node_1", "node_3"),),
        forbidden=(("node_2", "node_1"), ("node_3", "node_2")),
        tiers={"node_1": 1, "node_3": 2},
    )
    table = table_of(node_names(3), known)
    assert list(table) == ["from", "tier", "to node_1", "to node_2", "to node_3"]
    assert table.loc[0, "to node_3"] == "required"
    assert table.loc[2, "tier"] == 2
    assert known_in(table) == known


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


def edit(app: AppTest, *cells: tuple[int, str, object]) -> AppTest:
    """Write into cells (row, column, value) of the table that is shown, as its widget tells it."""
    (table,) = app.data_editor
    rows: dict[int, dict[str, object]] = {}
    for row, column, value in cells:
        rows.setdefault(row, {})[column] = value
    told = {"edited_rows": rows, "added_rows": [], "deleted_rows": []}
    app.session_state[table.key] = told
    return app.run()


def drawn(app: AppTest) -> list[tuple[str, str, str]]:
    """Kind, source and target of the edges that the graph is sent."""
    (graph,) = (one for one in app.get("bidi_component") if "model.graph" in one.proto.id)
    sent = json.loads(graph.proto.json)
    return [(edge["kind"], edge["source"], edge["target"]) for edge in sent["edges"]]


def test_what_is_written_into_the_table_is_drawn_and_trained_with(open_page: Open):
    write_dataset("some", 1)
    app = open_page("model", data="some.npz")
    cells = (0, TO + "node_2", "required"), (2, TO + "node_1", "forbidden"), (2, TIER, 3)
    edit(app, *cells)
    assert not app.exception
    assert set(drawn(app)) == {
        ("required", "node_1", "node_2"),
        ("forbidden", "node_3", "node_1"),
    }
    command = app.code[0].value
    for option in ("--require node_1:node_2", "--forbid node_3:node_1", "--tier node_3:3"):
        assert option in command


def editor_beside_a_button() -> None:
    """The editor, and a button that does what clicks on two nodes do."""
    import streamlit as st

    from app.components.knowledge_editor import knowledge_editor, step
    from causalpima_core.config import node_names

    knowledge_editor("some", node_names(3))
    st.button("click", on_click=step, args=("some", ("node_2", "node_3")))


def test_a_click_in_the_graph_is_written_into_the_table_beside_what_it_held():
    app = AppTest.from_function(editor_beside_a_button).run()
    edit(app, (0, TO + "node_2", "required"), (1, TIER, 2))
    app.button[0].click().run()
    assert not app.exception
    (table,) = app.data_editor
    assert known_in(table.value) == Knowledge(
        required=(("node_1", "node_2"), ("node_2", "node_3")), tiers={"node_2": 2}
    )
    edit(app, (0, TO + "node_2", None))
    assert drawn(app) == [("required", "node_2", "node_3")]
    app.button[0].click().run()
    assert drawn(app) == [("forbidden", "node_2", "node_3")]


def test_what_is_known_outlasts_a_visit_to_another_page(open_page: Open):
    write_dataset("some", 1)
    app = open_page("model", data="some.npz")
    edit(app, (0, TO + "node_2", "forbidden"))
    app.switch_page("views/help.py").run()
    app.switch_page("views/model.py").run()
    assert drawn(app) == [("forbidden", "node_1", "node_2")]
    assert app.data_editor[0].value.loc[0, TO + "node_2"] == "forbidden"


def test_edges_of_a_node_taken_away_do_not_count(open_page: Open):
    write_dataset("some", 1)
    app = open_page("model", data="some.npz")
    edit(app, (0, TO + "node_3", "required"))
    app.number_input(key="model.count.some.npz").set_value(2).run()
    assert not app.exception
    assert not app.error
    assert "--require" not in app.code[0].value


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ([(0, TO + "node_2", "required"), (1, TO + "node_1", "required")], "cycle"),
        ([(0, TO + "node_2", "required"), (0, TIER, 2), (1, TIER, 1)], "against the tiers"),
        ([(1, TO + "node_2", "forbidden")], "to itself is not possible"),
    ],
)
def test_contradictions_are_told_at_once_and_once(open_page: Open, cells, expected: str):
    write_dataset("some", 1)
    app = edit(open_page("model", data="some.npz"), *cells)
    assert [expected in error.value for error in app.error] == [True]
    assert "Start training" not in [b.label for b in app.button]
