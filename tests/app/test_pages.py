"""Every page in every situation a person can bring it into shows what to do and no trace."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from app.state import Page
from causalpima_core.runs.records import RunState
from causalpima_core.runs.workspace import Workspace
from tests.app.conftest import Open
from tests.app.synthetic import write_dataset, write_model, write_run

ALL_PAGES = [Path(page).stem for page in Page]
PAGES = [page for page in ALL_PAGES if page != "help"]


def said(app) -> str:
    """All words on the page, except in tables and charts."""
    kinds = ("title", "subheader", "markdown", "caption", "info", "warning", "error")
    words = [element.value for kind in kinds for element in getattr(app, kind)]
    told = "\n".join([*words, *(label for b in app.button for label in [b.label])])
    return told.replace("\\", "")  # signs that are escaped so that they are not taken for markup


def buttons(app) -> dict[str, bool]:
    return {button.label: button.disabled for button in app.button}


@pytest.mark.parametrize("page", PAGES)
def test_an_empty_workspace_is_explained(open_page: Open, page: str):
    app = open_page(page)
    assert not app.exception
    assert not app.error
    assert app.info[0].value.endswith((".", "so."))


@pytest.mark.parametrize("page", ALL_PAGES)
def test_with_data_but_no_run(open_page: Open, page: str):
    write_dataset("three", 3)
    app = open_page(page, data="three.npz")
    assert not app.exception
    assert not app.error
    expected = {"data": "Set up the model", "model": "Start training"}
    assert page not in expected or expected[page] in buttons(app)


@pytest.mark.parametrize("modalities", [1, 3])
@pytest.mark.parametrize("states", [(2,), (2, 2, 2, 2, 2, 2)], ids=["one node", "six nodes"])
@pytest.mark.parametrize("page", ALL_PAGES)
def test_a_finished_run(open_page: Open, page: str, states, modalities: int):
    data = write_dataset("some", modalities)
    folder = write_run(data, RunState.FINISHED, states)
    if page == "crossmodal":
        write_model(folder)
    if page == "compare":
        write_run(data, RunState.FINISHED, (2, 2), "other")
    app = open_page(page, data="some.npz", run="a-run")
    assert not app.exception
    assert not app.error


@pytest.mark.parametrize(
    ("modalities", "states"),
    [(1, (2,)), (3, (2, 2, 2, 2, 2, 2))],
    ids=["one modality, one node", "three modalities, six nodes"],
)
@pytest.mark.parametrize("state", [s for s in RunState if s is not RunState.FINISHED])
@pytest.mark.parametrize("page", PAGES)
def test_a_run_without_result(
    open_page: Open, page: str, state: RunState, modalities: int, states: tuple[int, ...]
):
    write_run(write_dataset("some", modalities), state, states)
    app = open_page(page, data="some.npz", run="a-run")
    assert not app.exception


@pytest.mark.parametrize("page", PAGES)
def test_a_run_that_chooses_its_nodes_has_none_while_it_trains(open_page: Open, page: str):
    write_run(write_dataset("some", 3), RunState.RUNNING, ())
    app = open_page(page, run="a-run")
    assert not app.exception


def test_a_running_run_can_be_stopped(open_page: Open):
    folder = write_run(write_dataset("some", 1), RunState.RUNNING)
    app = open_page("live", run="a-run")
    app.button(key="live.stop").click().run()
    assert folder.cancel_requested
    assert buttons(app)["Stopping …"] is True


def test_a_failed_run_says_why_and_can_be_resumed(open_page: Open):
    write_run(write_dataset("some", 1), RunState.FAILED)
    app = open_page("live", run="a-run")
    assert app.error[0].value == "The loss became infinite in epoch 6."
    assert buttons(app)["Resume"] is False


def test_a_cancelled_run_can_be_resumed(open_page: Open):
    write_run(write_dataset("some", 1), RunState.CANCELLED)
    app = open_page("live", run="a-run")
    assert "kept" in app.info[0].value
    assert buttons(app)["Resume"] is False


def test_a_run_stopped_late_enough_shows_its_graph(open_page: Open):
    write_run(write_dataset("some", 1), RunState.CANCELLED, with_result=True)
    app = open_page("graph", run="a-run")
    assert not app.exception
    assert any(s.value == "Edges" for s in app.subheader)


def test_an_unknown_run_in_the_url_is_one_sentence(open_page: Open):
    write_run(write_dataset("some", 1), RunState.FINISHED)
    app = open_page("graph", run="never-was")
    assert not app.exception
    assert "never-was" in app.error[0].value
    assert app.selectbox[0].options[0] == "a-run"


def test_the_newest_run_is_chosen_and_goes_into_the_url(open_page: Open):
    write_run(write_dataset("some", 1), RunState.FINISHED)
    app = open_page("live")
    assert app.query_params["run"] == "a-run"


def test_a_result_is_shown_although_its_data_are_gone(open_page: Open):
    data = write_dataset("some", 1)
    write_run(data, RunState.FINISHED)
    data.unlink()
    for page in ("latent", "graph"):
        app = open_page(page, run="a-run")
        assert not app.exception
        assert not app.error


def test_warnings_of_a_run_are_prominent(open_page: Open):
    write_run(write_dataset("some", 1), RunState.FINISHED)
    app = open_page("graph", run="a-run")
    assert [w.value for w in app.warning] == [r"node\_2 is only weakly separated."]


def test_every_part_of_the_graph_page_is_there(open_page: Open):
    write_run(write_dataset("some", 3), RunState.FINISHED, (2, 2, 2))
    app = open_page("graph", run="a-run", edge="node_2:node_3")
    text = said(app)
    assert "1 compelled and 1 reversible" in text
    assert "no direction was discovered" in text
    assert [e.label for e in app.expander] == ["Edges not drawn (1)"]


def test_a_node_is_restored_from_the_url(open_page: Open):
    write_run(write_dataset("some", 1), RunState.FINISHED, (2, 2, 2))
    app = open_page("graph", run="a-run", node="node_2")
    assert "**Conditional table of node_2**, given node_1" in said(app)


def test_a_run_is_deleted_and_its_data_stay(open_page: Open):
    data = write_dataset("some", 1)
    folder = write_run(data, RunState.FINISHED)
    app = open_page("runs", run="a-run")
    app.button(key="runs.delete").click().run()
    assert not app.exception
    assert not folder.path.exists()
    assert data.exists()
    assert "No run yet" in app.info[0].value


def test_a_run_being_trained_is_not_deleted(open_page: Open):
    folder = write_run(write_dataset("some", 1), RunState.RUNNING)
    app = open_page("runs", run="a-run")
    app.button(key="runs.delete").click().run()
    assert "stop it before deleting" in app.error[0].value
    assert folder.path.exists()


def test_a_damaged_run_does_not_hide_the_others(open_page: Open):
    write_run(write_dataset("some", 1), RunState.FINISHED)
    broken = Workspace().runs_folder / "broken"
    broken.mkdir()
    (broken / "config.json").write_text("{")
    app = open_page("runs")
    assert not app.exception
    assert len(app.warning) == 1
    assert app.dataframe[0].value["run"].tolist() == ["a-run"]


def test_two_people_do_not_share_a_choice(open_page: Open):
    data = write_dataset("some", 1)
    write_run(data, RunState.FINISHED, name="first")
    write_run(data, RunState.FINISHED, name="second")
    one, other = open_page("graph", run="first"), open_page("graph", run="second")
    one.run()
    assert (one.selectbox[0].value, other.selectbox[0].value) == ("first", "second")


def test_replay_shows_an_earlier_moment(open_page: Open):
    write_run(write_dataset("some", 1), RunState.FINISHED)
    app = open_page("live", run="a-run")
    app.select_slider(key="live.replay").set_value(2).run()
    assert not app.exception
    assert "epoch 2 · " in said(app)


@pytest.mark.parametrize("space", ["PCA", "Latent axes", "UMAP"])
@pytest.mark.parametrize("dimensions", ["2-D", "3-D"])
def test_every_view_of_the_latent_space(open_page: Open, space: str, dimensions: str):
    write_run(write_dataset("some", 3), RunState.FINISHED)
    app = open_page("latent", run="a-run", space=space, dimensions=dimensions)
    assert not app.exception
    assert ("Compute UMAP" in buttons(app)) == (space == "UMAP")


@pytest.mark.parametrize("colour", ["component", "node_1", "confidence", "slope"])
def test_every_colouring(open_page: Open, colour: str):
    write_run(write_dataset("some", 3), RunState.FINISHED)
    app = open_page("latent", run="a-run", colour=colour)
    assert not app.exception
    assert app.selectbox(key="colour").value == colour


def test_a_lasso_shows_its_samples_and_survives_in_the_url(open_page: Open):
    write_run(write_dataset("some", 3), RunState.FINISHED)
    app = open_page("latent", run="a-run")
    points = [{"customdata": [row]} for row in (1, 5, 9)]
    app.session_state["latent.chart"] = {"selection": {"points": points}}
    app.run()
    assert not app.exception
    assert "3 samples selected" in said(app)
    again = open_page("latent", run="a-run", samples=app.query_params["samples"])
    assert "3 samples selected" in said(again)
    table = again.dataframe[0].value
    assert np.isclose(table[table["state"].str.startswith("node_1")]["selection"].sum(), 100)
