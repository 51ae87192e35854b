"""Export: everything is offered in one place, made only when asked for, and comes back whole."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

from app.services import export_files
from app.services.export_files import PRODUCTS
from causalpima_core.errors import RunFolderError
from causalpima_core.runs.records import RunState
from causalpima_core.runs.store import RunFolder
from causalpima_core.runs.workspace import Workspace
from tests.app.conftest import Open
from tests.app.synthetic import write_dataset, write_model, write_run
from tests.app.test_pages import buttons, said


@pytest.fixture
def run() -> RunFolder:
    return write_run(write_dataset("some", 3), RunState.FINISHED, (2, 2, 2))


def downloads(app) -> list[str]:
    return [button.label for button in app.get("download_button")]


def bundle_of(folder: RunFolder) -> bytes:
    return export_files.content(folder, PRODUCTS["bundle"].downloads[0])


def test_nothing_is_made_before_it_is_asked_for(open_page: Open, run, monkeypatch):
    def refuse(*_: object) -> bytes:
        raise AssertionError("a file was made")

    monkeypatch.setattr(export_files, "_made_apart", refuse)
    monkeypatch.setattr(export_files, "_written", refuse)
    app = open_page("export", run="a-run")
    assert not app.exception
    assert downloads(app) == [
        "HTML",
        "All, SVG and PNG",
        "Graph, SVG",
        "Graph, PNG",
        "GraphML",
        "DOT",
        "JSON",
        "BIF",
        "CSV",
        "Parquet",
        "safetensors",
        "With data",
        "Without data",
    ]
    assert len(app.dataframe[0].value) == 12


@pytest.mark.parametrize("states", [(2,), (2, 2, 2, 2, 2, 2)], ids=["one node", "six nodes"])
@pytest.mark.parametrize("file", ["graph", "assignments", "weights", "bundle"])
def test_every_light_file_is_seen_before_it_is_taken(open_page: Open, states, file: str):
    folder = write_run(write_dataset("some", 1), RunState.FINISHED, states)
    write_model(folder)
    app = open_page("export", run="a-run", file=file)
    assert not app.exception
    assert not app.error
    assert any(code.value.startswith("python -m causalpima_core export") for code in app.code)


@pytest.mark.slow
@pytest.mark.parametrize("states", [(2,), (2, 2, 2, 2, 2, 2)], ids=["one node", "six nodes"])
@pytest.mark.parametrize("file", ["report", "figures"])
def test_what_is_drawn_is_seen_as_well(open_page: Open, states, file: str):
    folder = write_run(write_dataset("some", 3), RunState.FINISHED, states)
    for download in PRODUCTS[file].downloads[:1]:
        export_files.content(folder, download)  # the page finds it made, however slow that was
    app = open_page("export", run="a-run", file=file)
    assert not app.exception
    assert not app.error
    assert downloads(app).count("PNG") == (3 + len(states) if file == "figures" else 0)


@pytest.mark.slow
def test_what_is_drawn_is_drawn_again_when_the_data_have_changed(run):
    report, told = PRODUCTS["report"].downloads[0], b"The data file has changed since the run."
    assert told not in export_files.content(run, report)
    data = Path(run.config().dataset.path)
    with np.load(data) as held:
        arrays = {name: values[::-1] for name, values in held.items()}
    np.savez(data, **arrays)
    assert told in export_files.content(run, report)


def test_a_preview_is_chosen_by_a_button_and_kept_in_the_url(open_page: Open, run):
    app = open_page("export", run="a-run")
    assert buttons(app)["Shown"] is True
    app.button(key="export.preview.graph").click().run()
    assert app.query_params["file"] == "graph"
    assert app.code[0].value.startswith("digraph {")


def test_damaged_weights_are_one_sentence(open_page: Open, run):
    app = open_page("export", run="a-run", file="weights")
    assert app.error[0].value == "The weights of run 'a-run' cannot be read."
    assert len(downloads(app)) == 13


@pytest.mark.parametrize("state", [RunState.FAILED, RunState.CANCELLED])
def test_an_unfinished_run_can_be_taken_along(open_page: Open, state: RunState):
    write_run(write_dataset("some", 1), state)
    app = open_page("export", run="a-run")
    assert not app.exception
    assert downloads(app) == ["With data", "Without data"]
    assert "resumed on another machine" in said(app)


def test_a_run_being_trained_is_not_taken_along(open_page: Open):
    write_run(write_dataset("some", 1), RunState.RUNNING)
    app = open_page("export", run="a-run")
    assert downloads(app) == []
    assert "still being trained" in said(app)


def test_data_that_are_gone_are_told_in_the_preview_of_the_bundle(open_page: Open, run):
    Path(run.config().dataset.path).unlink()
    app = open_page("export", run="a-run", file="bundle")
    assert "no longer at" in app.warning[0].value
    possible = {button.label: not button.disabled for button in app.get("download_button")}
    assert (possible["With data"], possible["Without data"]) == (False, True)


def test_a_file_that_cannot_be_made_is_one_sentence(run):
    Path(run.config().dataset.path).unlink()
    with pytest.raises(RunFolderError, match=r"could not be made\. The data of run 'a-run'"):
        bundle_of(run)


@pytest.mark.parametrize("page", ["export", "runs"])
def test_a_bundle_is_brought_in(open_page: Open, run, page: str):
    write_model(run)
    content = bundle_of(run)
    run.delete()
    app = open_page(page)
    app.file_uploader(key=f"import.{page}").set_value(("b.zip", content, "application/zip")).run()
    assert not app.exception
    assert not app.error
    assert app.query_params["run"] == "a-run"
    again = Workspace().run("a-run")
    assert Path(again.config().dataset.path).parent == Workspace().datasets_folder
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        assert packed.read("run/result/dag.json") == (again.path / "result/dag.json").read_bytes()


def test_a_bad_bundle_is_one_sentence_and_nothing_stays(open_page: Open):
    app = open_page("export")
    upload = app.file_uploader(key="import.export")
    upload.set_value(("evil.zip", b"no archive", "application/zip")).run()
    assert not app.exception
    assert app.error[0].value.startswith("'evil.zip' cannot be read as a zip archive")
    assert Workspace().runs() == []
