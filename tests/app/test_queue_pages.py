"""What a person sees of the queue on Live and Runs, and how a run is taken out of it."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import psutil
import pytest

from causalpima_core.runs.limits import TRAININGS
from causalpima_core.runs.queue import Queue
from causalpima_core.runs.records import RunState, Status
from causalpima_core.runs.store import RunFolder
from causalpima_core.runs.workspace import Workspace
from tests.app.conftest import Open
from tests.app.synthetic import write_dataset, write_run


@pytest.fixture
def line(monkeypatch: pytest.MonkeyPatch):
    """One run that trains, by a process that only sleeps, and three that wait."""
    monkeypatch.setenv(TRAININGS, "1")
    data = write_dataset("some", 1)
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    told = {"pid": process.pid, "process_created": psutil.Process(process.pid).create_time()}
    busy = write_run(data, RunState.RUNNING, name="busy")
    busy.write_status(busy.status().model_copy(update=told))
    waiting = [write_run(data, RunState.QUEUED, name=f"wait_{i}") for i in range(3)]
    for place, folder in enumerate(waiting):
        now = time.time()
        folder.write_status(Status(state=RunState.QUEUED, queued=now + place, heartbeat=now))
    yield waiting
    for run in Queue().waiting():  # so that nobody starts to train once the test is over
        Queue().withdraw(run.folder)
    process.kill()
    process.wait()


def progress(app) -> str:
    return json.loads(json.dumps(app.get("progress")[0].proto.text)).replace("\\", "")


def test_live_says_the_place_and_behind_whom(open_page: Open, line: list[RunFolder]):
    app = open_page("live", run="wait_2")
    assert not app.exception
    told = "3rd in the queue, behind wait_0 and wait_1 · one run trains at a time"
    assert progress(app) == told


def test_runs_says_the_place(open_page: Open, line: list[RunFolder]):
    app = open_page("runs", run="wait_1")
    table = app.dataframe[0].value.set_index("run")
    assert table["queue"].dropna().to_dict() == {"wait_0": "1st", "wait_1": "2nd", "wait_2": "3rd"}
    assert table.loc["wait_1", "status"] == "waiting"
    captions = [caption.value.replace("\\", "") for caption in app.caption]
    assert "2nd in the queue, behind wait_0 · one run trains at a time" in captions


@pytest.mark.parametrize(("page", "key"), [("live", "live.stop"), ("runs", "runs.stop")])
def test_a_run_that_waits_is_taken_out_at_once(open_page: Open, line, page: str, key: str):
    app = open_page(page, run="wait_0")
    app.button(key=key).click().run()
    assert not app.exception
    assert line[0].status().state is RunState.CANCELLED
    assert progress(open_page("live", run="wait_1")).startswith("1st in the queue ·")


def test_of_others_only_the_number_is_said(open_page: Open, line: list[RunFolder]):
    elsewhere = Workspace.private(None, "another").new_run_path("secret-name")
    elsewhere.parent.mkdir(parents=True)
    line[0].path.rename(elsewhere)
    app = open_page("live", run="wait_1")
    assert progress(app) == "2nd in the queue, behind 1 of others · one run trains at a time"
