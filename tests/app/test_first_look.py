"""From an empty start to something to look at, in one click."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

from app.services import first_look
from causalpima_core.data.readers import load_dataset
from causalpima_core.runs import supervisor
from causalpima_core.runs.workspace import Workspace
from tests.app.conftest import Open


def test_the_finished_example_is_one_click_away(open_page: Open):
    app = open_page("data")
    app.button(key="data.finished").click().run()
    assert not app.exception
    assert not app.error
    assert app.title[0].value == "Overview"
    assert app.query_params["run"] == "example-lattice"
    again = open_page("data")
    again.button(key="data.finished").click().run()
    assert [run.name for run in Workspace().runs()] == ["example-lattice"]


@pytest.mark.parametrize("page", ["live", "overview", "latent", "physics"])
def test_an_empty_page_shows_the_example_where_one_stands(open_page: Open, page: str):
    app = open_page(page)
    title = app.title[0].value
    app.button(key="frame.example").click().run()
    assert not app.exception
    assert not app.info
    assert app.title[0].value == title
    assert app.query_params["run"] == "example-lattice"


def test_every_page_shows_the_finished_example(open_page: Open):
    first_look.finished_example()
    for page in ("live", "runs", "overview", "latent", "graph"):
        app = open_page(page, run="example-lattice")
        assert not app.exception, page
        assert not app.error, page


def test_the_finished_example_found_the_truth_and_is_named_by_it():
    folder = first_look.finished_example()
    dataset = load_dataset(Path(folder.config().dataset.path))
    assert dataset.fingerprint() == folder.config().dataset.sha256
    names, found = folder.names(), folder.assignments()
    called = {names.node(node.name).replace(" ", "_"): node.name for node in folder.graph().nodes}
    assert set(called) == {"topology", "density", "heat_treatment"}
    second = {"topology": "octet-like", "density": "dense", "heat_treatment": "treated"}
    for factor, node in called.items():
        states = np.array([names.state(node, state) for state in found[node]])
        assert ((states == second[factor]) == (dataset.metadata[factor] == 1)).mean() > 0.99


def test_the_finished_example_can_be_asked():
    from causalpima_core.fitted import FittedModel

    folder = first_look.finished_example()
    model = FittedModel.load(folder.path)
    posterior = model.posterior(load_dataset(Path(folder.config().dataset.path)))
    assert len(posterior) == 700
    assert "modulus" in folder.summary().experts[0].units


def test_the_finished_example_is_small_and_names_no_place_of_its_maker():
    assert first_look.FINISHED.stat().st_size < 2.6e6
    with zipfile.ZipFile(first_look.FINISHED) as archive:
        assert not [name for name in archive.namelist() if "checkpoint" in name or "log" in name]
        for name in ("run/config.json", "run/status.json"):
            assert "/tmp" not in archive.read(name).decode()  # noqa: S108


def test_a_damaged_example_is_one_sentence(
    open_page: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    damaged = tmp_path / "elsewhere.zip"
    damaged.write_bytes(b"PK")
    monkeypatch.setattr(first_look, "FINISHED", damaged)
    app = open_page("data")
    app.button(key="data.finished").click().run()
    assert not app.exception
    assert "cannot be read" in app.error[0].value
    assert not Workspace().runs()


@pytest.mark.slow
def test_one_is_trained_while_one_watches(open_page: Open):
    app = open_page("data")
    app.button(key="data.trained").click().run()
    (folder,) = Workspace().runs()
    try:
        assert not app.exception
        assert app.title[0].value == "Live"
        assert app.query_params["run"] == "circles-quick"
        assert folder.config().training.preset == "quick"
    finally:
        supervisor.cancel(folder)
