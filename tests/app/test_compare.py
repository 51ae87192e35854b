"""Compare: what two runs share, by samples of which the answer is known."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from app import state
from app.charts.run_tables import scores_table, settings_table
from app.charts.scatter import Groups
from app.components import graph_payload
from app.components.twin_graphs import alongside
from app.services import comparison
from app.services.loaders import Result
from causalpima_core.runs.names import Names
from causalpima_core.runs.records import RunState
from causalpima_core.runs.results import EdgeResult
from tests.app.conftest import Open
from tests.app.synthetic import graph_result, summary_result, write_dataset, write_run
from tests.app.test_pages import said

HUE, SIZE = np.tile([0, 1], 60), np.repeat([0, 1, 2], 40)


def result(
    nodes: dict[str, np.ndarray], edges: tuple[tuple[str, str, str], ...] = (), **names: str
) -> Result:
    """A result with these node states, and edges given as source, target, direction."""
    states = tuple(int(values.max()) + 1 for values in nodes.values())
    certain = {"weight": 1.0, "probability": 1.0, "probability_of_direction": 1.0}
    graph = graph_result(states).model_copy(
        update={
            "edges": [EdgeResult(source=a, target=b, direction=d, **certain) for a, b, d in edges]
        }
    )
    table = pd.DataFrame({"sample": [str(i) for i in range(120)], **nodes})
    component = np.ravel_multi_index([nodes[n] for n in nodes], states)
    return Result(
        graph,
        summary_result(list(nodes), ("curve",)),
        table.assign(component=component, confidence=1.0),
        {},
        Names(nodes=names),
    )


FIRST = result({"node_1": HUE, "node_2": SIZE}, (("node_1", "node_2", "compelled"),))
SWAPPED = result({"node_1": 2 - SIZE, "node_2": 1 - HUE}, (("node_2", "node_1", "compelled"),))


def test_swapped_nodes_with_renumbered_states_agree_wholly():
    found = comparison.agreement(FIRST, SWAPPED)
    assert found.partner == {"node_1": "node_2", "node_2": "node_1"}
    assert found.components == pytest.approx(1)
    assert np.diag(found.nodes[["node_2", "node_1"]]) == pytest.approx([1, 1])
    edges = comparison.edges_table(found.partner, FIRST, SWAPPED)
    assert edges.to_numpy().tolist() == [["node_1 → node_2", "node_2 → node_1", "both"]]


def test_a_node_without_likeness_has_no_partner():
    other = result({"node_1": HUE, "node_2": np.tile([0, 0, 1, 1], 30)})
    found = comparison.agreement(FIRST, other)
    assert found.partner == {"node_1": "node_1"}
    assert comparison.edges_table(found.partner, FIRST, other)["found in"].tolist() == ["A only"]
    table = comparison.nodes_table(found, FIRST, other)
    assert table["drawn as one"].tolist() == [True, False]


def test_only_two_compelled_directions_contradict_each_other():
    same = {"node_1": "node_1", "node_2": "node_2"}
    nodes = {"node_1": HUE, "node_2": SIZE}
    compelled = result(nodes, (("node_2", "node_1", "compelled"),))
    reversible = result(nodes, (("node_2", "node_1", "reversible"),))
    none = result(nodes)

    def found_in(one: Result, other: Result) -> list[str]:
        return comparison.edges_table(same, one, other)["found in"].tolist()

    assert found_in(FIRST, compelled) == ["both, opposite ways"]
    assert found_in(FIRST, reversible) == ["both"]
    assert found_in(none, FIRST) == ["B only"]


def test_groups_are_numbered_as_those_that_hold_their_samples():
    pattern = Groups(np.array([0, 0, 1, 1, 2, 2]), ("a", "b", "c"), "x")
    other = Groups(np.array([2, 2, 0, 0, 1, -1]), ("p", "q", "r", "empty"), "y")
    told = comparison.alike(other, pattern)
    assert told.index.tolist() == [0, 0, 1, 1, 2, -1]
    assert told.labels == ("r", "p", "q", "empty")


def test_a_split_group_keeps_the_number_for_its_larger_part():
    pattern = Groups(np.array([0, 0, 0, 1, 1]), ("a", "b"), "x")
    told = comparison.alike(Groups(np.array([0, 0, 1, 2, 2]), ("p", "q", "r"), "y"), pattern)
    assert told.index.tolist() == [0, 0, 2, 1, 1]


def test_matched_nodes_have_one_place_and_colour():
    first = graph_payload.of_graph(graph_result((2, 2, 2)))
    second = graph_payload.of_graph(graph_result((2, 2, 2, 2)))
    moved = alongside(second, first, {"node_1": "node_3", "node_3": "node_1"})
    drawn = {node.id: (node.x, node.y, node.colour) for node in moved.nodes}
    pattern = {node.id: (node.x, node.y, node.colour) for node in first.nodes}
    assert drawn["node_3"] == pattern["node_1"]
    assert drawn["node_1"] == pattern["node_3"]
    assert len({place[:2] for place in drawn.values()}) == 4
    assert not {drawn["node_2"][2], drawn["node_4"][2]} & {p[2] for p in pattern.values()}
    assert moved.edges == second.edges


def test_settings_that_differ_and_no_others():
    data = write_dataset("some", 1)
    one = write_run(data, RunState.FINISHED, (2, 2), "one").config()
    other = write_run(data, RunState.FINISHED, (2, 3), "other").config()
    assert settings_table(one, one).empty
    assert settings_table(one, other).to_numpy().tolist() == [["states", "2 × 2", "2 × 3", ""]]


def test_scores_stand_side_by_side_and_are_subtracted_for_the_same_data_only():
    one = summary_result(["node_1", "node_2"], ("curve",))
    other = one.model_copy(update={"held_out_elbo": {"elbo": -11.0, "extra": 1.0}})
    names = Names(nodes={"node_1": "hue"}), Names(nodes={"node_2": "colour"})
    table = scores_table(one, other, {"node_1": "node_2"}, names, same_data=True).set_index("what")
    assert table.loc["held-out ELBO, nats"].tolist() == ["-12.500", "-11.000", "+1.500"]
    assert table.loc["held-out extra, nats"].tolist() == ["–", "1.000", ""]
    assert table.loc["separation of hue / colour"].tolist() == ["0.990", "0.790", "-0.200"]
    assert table.loc["warnings", "B − A"] == "0"
    apart = scores_table(one, other, {}, same_data=False).set_index("what")
    assert apart.loc["held-out ELBO, nats", "B − A"] == ""


def selected_points(app, position: int) -> int:
    """How many points a chart itself shows as selected."""
    figure = json.loads(app.get("plotly_chart")[position].proto.spec)
    return sum(len(trace.get("selectedpoints") or []) for trace in figure["data"])


def test_a_selection_from_the_url_is_shown_in_both(open_page: Open):
    data = write_dataset("some", 3)
    write_run(data, RunState.FINISHED, (2, 2), "one")
    write_run(data, RunState.FINISHED, (2,), "other")
    rows = state.encode_rows([1, 5, 9])
    app = open_page("compare", run="one", other="other", samples=rows)
    assert not app.exception
    assert "3 samples selected" in said(app)
    assert (selected_points(app, 0), selected_points(app, 1)) == (3, 3)
    app.button(key="compare.clear").click().run()
    assert (selected_points(app, 0), selected_points(app, 1)) == (0, 0)
    assert "samples" not in app.query_params


@pytest.mark.parametrize("colour", ["component", "node_1", "node_2", "confidence", "slope"])
def test_every_colouring_of_two_runs(open_page: Open, colour: str):
    data = write_dataset("some", 3)
    write_run(data, RunState.FINISHED, (2, 2), "one")
    write_run(data, RunState.FINISHED, (2,), "other")
    app = open_page("compare", run="one", other="other", colour=colour)
    assert not app.exception
    assert app.selectbox(key="colour").value == colour


def test_runs_of_different_data_share_nothing_and_say_so(open_page: Open):
    write_run(write_dataset("some", 3), RunState.FINISHED, name="one")
    write_run(write_dataset("other", 1), RunState.FINISHED, (2,) * 6, "other")
    app = open_page("compare", run="one", other="other", colour="node_1")
    assert not app.exception
    assert "different data" in app.info[0].value


def test_the_newest_other_run_of_the_same_data_is_run_b(open_page: Open):
    some, other = write_dataset("some", 1), write_dataset("other", 3)
    write_run(some, RunState.FINISHED, name="one")
    write_run(some, RunState.FINISHED, name="two")
    write_run(other, RunState.FINISHED, name="three")
    app = open_page("compare", run="one")
    assert app.query_params["other"] == "two"


def test_what_cannot_be_compared_is_explained(open_page: Open):
    data = write_dataset("some", 1)
    write_run(data, RunState.FINISHED, name="one")
    assert "Two runs" in open_page("compare").info[0].value
    write_run(data, RunState.FINISHED, name="two")
    write_run(data, RunState.FAILED, name="failed")
    assert "same run" in open_page("compare", run="one", other="one").info[0].value
    assert "failed" in open_page("compare", run="one", other="failed").warning[0].value
    assert "never-was" in open_page("compare", run="one", other="never-was").error[0].value
    data.unlink()
    assert not open_page("compare", run="one", other="two").exception
