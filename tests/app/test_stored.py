"""Data files on the Data page: listed with what they cost, and deleted only where none is hurt."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import psutil
import pytest

from causalpima_core.runs.limits import QUOTA
from causalpima_core.runs.records import RunState
from causalpima_core.runs.workspace import Workspace
from tests.app.conftest import Open
from tests.app.synthetic import write_dataset, write_run
from tests.app.test_pages import said
from tests.app.test_prepare import npz, upload

MINE = npz(stress=np.sin(np.arange(20) / 4) * np.linspace(0.5, 2, 30)[:, None])


def names() -> set[str]:
    return {path.name for path in Workspace().datasets()}


def stored(open_page: Open, **params: str):
    app = open_page("data", **params)
    return app.segmented_control(key="data.source").set_value("Already here").run()


def test_files_are_listed_with_their_size_and_how_many_runs_need_them(open_page: Open):
    data = write_dataset("some", 1)
    write_dataset("other", 1)
    write_run(data, RunState.FINISHED, name="one")
    write_run(data, RunState.FAILED, name="two")
    app = stored(open_page, data="some.npz")
    table = app.dataframe[0].value.set_index("data")
    assert table.loc["some.npz", "runs"] == 2
    assert table.loc["other.npz", "runs"] == 0
    beside = data.with_suffix(".truth.csv").stat().st_size
    kilobytes = (data.stat().st_size + beside) / 1000
    assert table.loc["some.npz", "size"] == f"{kilobytes:.4g} kB"
    assert "one, two" in said(app).replace("two, one", "one, two")


def test_a_file_is_deleted_with_what_lies_beside_it_and_its_run_stays(open_page: Open):
    folder = write_run(write_dataset("some", 1), RunState.FINISHED)
    write_dataset("other", 1)
    app = stored(open_page, data="some.npz")
    app.button(key="data.delete").click().run()
    assert not app.exception
    assert names() == {"other.npz"}
    assert not list(Workspace().datasets_folder.glob("some*"))
    app = open_page("latent", run=folder.name)
    assert not app.exception
    assert not app.error
    assert "data" not in app.session_state


def test_a_file_that_a_training_reads_is_not_deleted(open_page: Open):
    folder = write_run(write_dataset("some", 1), RunState.RUNNING)
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    try:
        told = {"pid": process.pid, "process_created": psutil.Process(process.pid).create_time()}
        folder.write_status(folder.status().model_copy(update=told))
        app = stored(open_page, data="some.npz")
        assert app.button(key="data.delete").disabled
        assert "Not while these train with it or wait to: a-run." in said(app)
    finally:
        process.kill()
        process.wait()


def test_the_same_content_under_another_name_is_the_file_that_is_here(open_page: Open):
    upload(open_page("data"), "mine.npz", MINE)
    (first,) = names()
    app = upload(open_page("data"), "renamed.npz", MINE)
    assert not app.error
    assert names() == {first}
    assert first in [header.value for header in app.subheader]
    (told,) = [info.value for info in app.info if "here already" in info.value]
    assert first in told.replace("\\", "")


def test_a_full_workspace_says_so_and_keeps_nothing(open_page: Open, monkeypatch):
    write_dataset("some", 3)
    monkeypatch.setenv(QUOTA, "170 kB")
    app = upload(open_page("data"), "mine.npz", MINE)
    assert not app.exception
    assert "of 170 kB are used, and this needs 5" in app.error[0].value
    assert "Delete data on the Data page" in app.error[0].value
    assert names() == {"some.npz"}


def test_an_example_that_turns_out_too_large_is_not_kept(open_page: Open, monkeypatch):
    monkeypatch.setenv(QUOTA, "10 kB")
    app = open_page("data")
    app.radio(key="data.example").set_value("coloured-digits").run()
    app.number_input(key="data.samples.coloured-digits").set_value(60).run()
    app.button(key="data.make").click().run()
    assert not app.exception
    assert "Your workspace is full" in app.error[0].value
    assert names() == set()
    assert not list(Workspace().datasets_folder.glob("*"))


def test_no_run_is_started_where_there_is_no_room(open_page: Open, monkeypatch):
    write_dataset("some", 3)
    app = open_page("model", data="some.npz")
    monkeypatch.setenv(QUOTA, "1 kB")
    app.button(key="model.start").click().run()
    assert not app.exception
    assert "Your workspace is full" in app.error[0].value
    assert Workspace().runs() == []


@pytest.mark.parametrize("told", ["much", "-1 GB", "0"])
def test_a_limit_that_is_none_is_said(open_page: Open, monkeypatch, told: str):
    monkeypatch.setenv(QUOTA, told)
    app = upload(open_page("data"), "mine.npz", MINE)
    assert not app.exception
    assert QUOTA in app.error[0].value.replace("\\", "")
    assert names() == set()
