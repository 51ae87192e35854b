"""What a node means, how it is named, and interventions, on runs with known answers."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from app.charts.distributions import marginals
from causalpima_core.fitted import FittedModel
from causalpima_core.report.contrast import contrast
from causalpima_core.runs.records import RunState
from causalpima_core.runs.store import RunFolder
from causalpima_core.runs.workspace import Workspace
from tests.app.conftest import Open
from tests.app.synthetic import graph_result, write_dataset, write_run
from tests.app.test_pages import said
from tests.app.trained import write_trained_run


@pytest.fixture(scope="module")
def trained_workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("trained")
    write_trained_run(root)
    return root


@pytest.fixture
def trained(trained_workspace: Path, workspace: Workspace, tmp_path: Path) -> RunFolder:
    """A copy of the trained run in this test's workspace; its data stay where they are."""
    shutil.copytree(trained_workspace, tmp_path, dirs_exist_ok=True)
    return workspace.run("trained")


def node_of(folder: RunFolder, factor: str) -> str:
    """The node that stands for a factor, by the curve's or the table's centres."""
    table = folder.arrays()["prototype.table"]
    outcomes = np.array([c.outcome for c in folder.graph().components])
    effect = table[:, 0] > table[:, 0].mean()
    same = [abs(np.corrcoef(outcomes[:, j], effect)[0, 1]) for j in range(2)]
    return (
        f"node_{int(np.argmax(same)) + 1}" if factor == "effect" else f"node_{np.argmin(same) + 1}"
    )


def test_states_of_a_node_are_compared_with_the_others_held_the_same():
    found = contrast(graph_result((2, 3)), "node_2")
    assert found.members.tolist() == [[0, 3], [1, 4], [2, 5]]
    assert found.others.tolist() == [[0], [1]]
    prototypes = np.arange(6.0)[:, None]
    np.testing.assert_allclose(found.centres(prototypes)[:, 0], [1.5, 2.5, 3.5])


def test_a_combination_that_hardly_occurs_counts_little():
    graph = graph_result((2, 2))
    shares = [0.5, 0.25, 0.25, 0.0]
    components = [
        c.model_copy(update={"weight": w}) for c, w in zip(graph.components, shares, strict=True)
    ]
    found = contrast(graph.model_copy(update={"components": components}), "node_1")
    np.testing.assert_allclose(found.weights, [1, 0])


def test_marginals_of_nodes_add_up():
    found = marginals(graph_result((2, 3)), np.array([0.1, 0.2, 0.3, 0.0, 0.4, 0.0]))
    assert found["node_1", 0] == pytest.approx(0.6)
    assert found["node_2", 1] == pytest.approx(0.6)


def test_names_are_kept_and_used_on_other_pages(open_page: Open):
    folder = write_run(write_dataset("some", 3), RunState.FINISHED)
    app = open_page("features", run="a-run", node="node_2")
    app.text_input[0].set_value("thickness")
    app.text_input[2].set_value("thick")
    next(b for b in app.button if b.label == "Keep names").click().run()
    assert not app.exception
    assert folder.names().setting("node_2", 1) == "thickness = thick"
    assert "thickness is only weakly separated." in said(open_page("graph", run="a-run"))
    latent = open_page("latent", run="a-run", colour="thickness")
    assert latent.selectbox(key="colour").value == "node_2"


def test_a_name_that_is_taken_is_refused_in_a_sentence(open_page: Open):
    folder = write_run(write_dataset("some", 1), RunState.FINISHED)
    app = open_page("features", run="a-run", node="node_1")
    app.text_input[0].set_value("component")
    next(b for b in app.button if b.label == "Keep names").click().run()
    assert "already means something else" in app.error[0].value
    assert folder.names().nodes == {}


@pytest.mark.slow
def test_a_feature_is_told_by_the_metadata_it_agrees_with(open_page: Open, trained: RunFolder):
    app = open_page("features", run="trained", node=node_of(trained, "effect"))
    assert not app.exception
    assert "agrees most with **effect**, which explains 100% of it" in said(app)


@pytest.mark.slow
def test_a_walk_decodes_from_one_state_to_the_other(open_page: Open, trained: RunFolder):
    app = open_page("features", run="trained", node=node_of(trained, "effect"))
    app.toggle(key="features.walk").set_value(True).run()
    assert not app.exception
    walk = app.dataframe[-1].value
    assert abs(walk["0"].iloc[-1] - walk["0"].iloc[0]) == pytest.approx(2, abs=0.3)


def test_an_intervention_is_what_the_model_says_and_stays_in_the_url(
    open_page: Open, trained: RunFolder
):
    app = open_page("graph", run="trained", do="node_1=0")
    assert not app.exception
    assert app.query_params["do"] == "node_1=0"
    assert "Samples drawn as it is, and with node_1 = 0" in said(app)
    told = said(app)
    for caveat in FittedModel.load(trained.path).caveats({"node_1": 0}):
        assert caveat in told


@pytest.mark.slow
def test_an_intervention_that_makes_no_sense_is_none(open_page: Open, trained: RunFolder):
    app = open_page("graph", run="trained", do="node_1=7,nonsense,node_9=1")
    assert not app.exception
    assert "Set a node to a state" in said(app)
