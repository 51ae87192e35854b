"""The replay of a run: where its graph changed, and axes that stay while components move."""

from __future__ import annotations

import json

import numpy as np
import pytest

from app.charts.edge_history import MAX_EDGES, EdgeHistory, history_figure
from app.services.history import history_of
from app.services.projections import principal_axes
from causalpima_core.runs.names import Names
from causalpima_core.runs.records import RunState, Stage
from tests.app.conftest import Open
from tests.app.synthetic import snapshot, write_dataset, write_run
from tests.app.test_pages import buttons, said

NODES = ("node_1", "node_2")
COURSE = [0.0, 0.4, 0.5, 0.9, 0.49, 0.2]


def history(course: list[float]) -> EdgeHistory:
    """Two nodes with one edge of that weight at epochs 2, 4, …; warm-up for the first two."""
    weights = np.zeros((len(course), 2, 2), dtype=np.float32)
    weights[:, 0, 1] = course
    stages = [Stage.WARM_UP] * 2 + [Stage.JOINT] * (len(course) - 2)
    return EdgeHistory(tuple(range(2, 2 * len(course) + 1, 2)), tuple(stages), weights)


def test_the_graph_changes_where_an_edge_reaches_or_leaves_one_half():
    told = history(COURSE)
    assert told.changes == (6, 10)
    assert told.stage_starts == ((2, Stage.WARM_UP), (6, Stage.JOINT))
    assert told.edges == ((0, 1),)


def test_edges_that_were_never_in_the_graph_are_not_drawn():
    told = history([0.1, 0.2, 0.49])
    assert (told.edges, told.changes) == ((), ())


def test_of_too_many_edges_the_strongest_are_drawn():
    weights = np.linspace(0.5, 1, 64, dtype=np.float32).reshape(1, 8, 8).repeat(2, 0)
    told = EdgeHistory((1, 2), (Stage.JOINT,) * 2, weights)
    assert len(told.edges) == MAX_EDGES
    assert all(i * 8 + j >= 64 - MAX_EDGES for i, j in told.edges)


def test_rows_are_called_as_a_person_called_the_nodes():
    figure = history_figure(history(COURSE), NODES, 6, Names(nodes={"node_1": "hue"}))
    assert figure.layout.yaxis.ticktext == ("hue → node_2",)
    assert [note.text for note in figure.layout.annotations] == ["warm-up", "joint"]
    assert np.asarray(figure.data[0].z).shape == (1, len(COURSE))


def test_a_snapshot_stands_until_the_next_one_and_lines_are_where_it_begins():
    told = history(COURSE)
    figure = history_figure(told, NODES, 4)
    assert told.borders == (1.5, 3.5, 5.5, 7.5, 9.5, 11.5, 12.5)
    assert figure.data[0].x == told.borders
    frame, *lines = figure.layout.shapes
    assert (frame.x0, frame.x1) == (3.5, 5.5)
    assert [line.x0 for line in lines] == [5.5, 9.5]


def test_nodes_that_were_not_yet_there_have_no_edges():
    folder = write_run(write_dataset("some", 1), RunState.FINISHED, (2, 2))
    folder.write_snapshot(snapshot(2, ()))
    assert history_of(folder).weights[:, 0, 1] == pytest.approx([0, 4 / 6, 1])


def test_points_keep_their_places_in_axes_of_another_moment():
    early, late = snapshot(2, (2, 2)).latent, snapshot(6, (2, 2)).latent
    end = principal_axes(late, 2)
    assert end.carried_to(late).points == pytest.approx(end.points)
    moved = end.carried_to(early + 3 * end.axes[:, 0])
    shift = moved.points - end.carried_to(early).points
    assert shift == pytest.approx(np.tile([3, 0], (len(early), 1)), abs=1e-5)


def ranges(app) -> list[list[float]]:
    charts = [json.loads(chart.proto.spec)["layout"] for chart in app.get("plotly_chart")]
    return [layout["xaxis"].get("range") for layout in charts]


def test_buttons_lead_from_change_to_change_and_the_axes_stay(open_page: Open):
    write_run(write_dataset("some", 1), RunState.FINISHED)
    app = open_page("live", run="a-run")
    assert "the graph became another one, at 1 epoch." in said(app)
    assert "axes as at epoch 6" in said(app)
    assert buttons(app)["Next change"] is True
    at_the_end = ranges(app)
    app.button(key="live.Previous change").click().run()
    assert not app.exception
    assert app.select_slider(key="live.replay").value == 4
    assert buttons(app)["Previous change"] is True
    assert "epoch 4 · " in said(app)
    assert ranges(app) == at_the_end


@pytest.mark.parametrize("states", [(2,), (2,) * 6])
def test_one_node_and_six(open_page: Open, states: tuple[int, ...]):
    write_run(write_dataset("some", 1), RunState.CANCELLED, states)
    app = open_page("live", run="a-run")
    assert not app.exception
    assert ("No edge reached weight 0.5" in said(app)) == (states == (2,))
    assert ("Drawn are the 12 edges" in said(app)) == (len(states) == 6)


def test_another_run_is_replayed_from_its_end(open_page: Open):
    data = write_dataset("some", 1)
    write_run(data, RunState.FINISHED, name="one")
    write_run(data, RunState.FINISHED, name="two")
    app = open_page("live", run="one")
    app.select_slider(key="live.replay").set_value(2).run()
    app.selectbox(key="run_picker.False").set_value("two").run()
    assert not app.exception
    assert app.select_slider(key="live.replay").value == 6


def test_names_are_shown_while_the_graph_forms(open_page: Open):
    folder = write_run(write_dataset("some", 1), RunState.RUNNING)
    folder.write_names(Names(nodes={"node_1": "hue"}))
    app = open_page("live", run="a-run")
    assert "hue is not separated yet" in said(app)
