"""Processes are told apart from dead ones, zombies and strangers; all of them are real here."""

from __future__ import annotations

import subprocess
import sys
import time

import psutil
import pytest

from causalpima_core.errors import RunFolderError
from causalpima_core.runs import supervisor
from causalpima_core.runs.records import RunState
from causalpima_core.runs.supervisor import START_GRACE_SECONDS

SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]
STOPS_WHEN_ASKED = """
import sys, time
from causalpima_core.runs.records import RunState
from causalpima_core.runs.store import RunFolder
folder = RunFolder(sys.argv[1])
while not folder.cancel_requested:
    time.sleep(0.02)
folder.write_status(folder.status().model_copy(update={"state": RunState.CANCELLED}))
"""


@pytest.fixture
def process():
    started = subprocess.Popen(SLEEP)
    yield started
    started.kill()
    started.wait()


def named(process: subprocess.Popen) -> dict[str, object]:
    """What a status says of the process that trains."""
    created = psutil.Process(process.pid).create_time()
    return {"pid": process.pid, "process_created": created, "state": RunState.RUNNING}


def test_a_process_at_work_is_alive_and_its_status_is_left_alone(make_run, process):
    folder = make_run(**named(process))
    assert supervisor.is_alive(folder.status())
    assert supervisor.current_status(folder) == folder.status()
    assert folder.status().state is RunState.RUNNING


def test_a_killed_process_is_dead_even_before_anyone_has_collected_it(make_run, process):
    folder = make_run(**named(process), epoch=4)
    process.kill()
    while psutil.Process(process.pid).status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.01)
    status = supervisor.current_status(folder)
    assert status.state is RunState.FAILED
    assert "resume the run" in status.reason
    assert status.epoch == 4
    assert folder.status() == status
    assert not psutil.pid_exists(process.pid)


def test_another_process_with_the_same_id_is_a_stranger(make_run, process):
    earlier = named(process) | {"process_created": 1_000_000.0}
    folder = make_run(**earlier)
    assert not supervisor.is_alive(folder.status())
    assert supervisor.current_status(folder).state is RunState.FAILED
    assert process.poll() is None


def test_a_queued_run_may_take_its_time_but_not_for_ever(make_run):
    fresh = make_run("fresh", state=RunState.QUEUED)
    assert supervisor.current_status(fresh).state is RunState.QUEUED
    late = time.time() - START_GRACE_SECONDS - 1
    stuck = make_run("stuck", state=RunState.QUEUED, heartbeat=late)
    assert supervisor.current_status(stuck).state is RunState.FAILED


@pytest.mark.parametrize("state", [s for s in RunState if s.is_final])
def test_cancelling_what_has_ended_changes_nothing(make_run, state):
    folder = make_run(state=state)
    for _ in range(2):
        assert supervisor.cancel(folder).state is state
    assert not folder.cancel_requested


def test_cancel_waits_until_the_worker_has_stopped(make_run):
    folder = make_run()
    worker = subprocess.Popen([sys.executable, "-c", STOPS_WHEN_ASKED, folder.path])
    try:
        folder.write_status(folder.status().model_copy(update=named(worker)))
        assert supervisor.cancel(folder).state is RunState.CANCELLED
        assert worker.wait(timeout=10) == 0
    finally:
        worker.kill()
        worker.wait()


def test_cancel_gives_up_waiting_but_the_request_stays(make_run, process):
    folder = make_run(**named(process))
    assert supervisor.cancel(folder, timeout=0.3).state is RunState.RUNNING
    assert folder.cancel_requested


def test_a_run_is_not_trained_twice_at_once(make_run, process):
    folder = make_run(**named(process))
    with pytest.raises(RunFolderError, match=f"being trained already .process {process.pid}."):
        supervisor.start(folder)


def test_idle_threads_of_a_worker_do_not_spin(monkeypatch):
    for name in ("OMP_NUM_THREADS", "OMP_WAIT_POLICY"):
        monkeypatch.delenv(name, raising=False)
    environment = supervisor.worker_environment()
    assert environment["OMP_WAIT_POLICY"] == "PASSIVE"
    assert int(environment["OMP_NUM_THREADS"]) >= 1
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    assert supervisor.worker_environment()["OMP_NUM_THREADS"] == "7"
