"""Two that work on one run at once, clocks that are set, and workers that cannot even begin."""

from __future__ import annotations

import gc
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from causalpima_core.__main__ import main
from causalpima_core.errors import RunFolderError
from causalpima_core.runs import supervisor, worker
from causalpima_core.runs.records import RunState, Status
from causalpima_core.runs.store import RunFolder
from tests.faults.tiny import assert_same_result, new_run

COMMAND = [sys.executable, "-m", "causalpima_core"]
HOLDS = """
import sys, time
from causalpima_core.runs.lock import working_on
from causalpima_core.runs.store import RunFolder
with working_on(RunFolder(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""
SERVES = """
import sys, time
from causalpima_core.runs import supervisor
from causalpima_core.runs.store import RunFolder
supervisor.start(RunFolder(sys.argv[1]))
print("started", flush=True)
time.sleep(600)
"""


@contextmanager
def running(script: str, folder: RunFolder) -> Iterator[subprocess.Popen[str]]:
    """A Python process that has said a line, in a session of its own; killed at the end."""
    process = subprocess.Popen(
        [sys.executable, "-c", script, folder.path],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline()
        yield process
    finally:
        process.kill()
        process.communicate()


def wait_until(what, seconds: float = 240.0) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "waited for nothing"
        time.sleep(0.05)


class TestLock:
    @pytest.mark.slow
    def test_nobody_else_trains_a_run_whose_lock_is_held(self, tmp_path, data, capsys):
        folder = new_run(tmp_path / "run", data)
        before = folder.status()
        with running(HOLDS, folder):
            for start in (worker.train, supervisor.start):
                with pytest.raises(RunFolderError, match="is being trained already"):
                    start(folder)
            assert main(["resume", str(folder.path), "--quiet"]) == 2
            assert "is being trained already" in capsys.readouterr().err
            assert folder.status() == before

    @pytest.mark.slow
    def test_the_lock_of_a_killed_process_is_free(self, tmp_path, data):
        folder = new_run(tmp_path / "run", data)
        with running(HOLDS, folder) as process:
            process.kill()
            process.wait()
            assert worker.train(folder) is RunState.FINISHED

    @pytest.mark.slow
    def test_of_page_and_shells_at_once_one_trains(self, tmp_path, data):
        folder = new_run(tmp_path / "run", data)
        shells = [
            subprocess.Popen(
                [*COMMAND, "resume", folder.path, "--quiet"],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
            )
            for _ in range(2)
        ]
        page = supervisor.start(folder)
        said = [shell.communicate()[1] for shell in shells]
        refused = [shell.returncode == 2 for shell in shells]
        assert all(
            "is being trained already" in text for text, no in zip(said, refused, strict=True) if no
        )
        assert all(shell.returncode in (0, 2) for shell in shells)
        wait_until(
            lambda: not psutil.pid_exists(page) or supervisor._started[page].poll() is not None
        )
        by_page = supervisor._started.pop(page).returncode
        assert [by_page, *(shell.returncode for shell in shells)].count(0) == 1
        assert folder.status().state is RunState.FINISHED
        assert len(folder.metrics()["epoch"].unique()) == folder.status().epoch


class TestClock:
    @pytest.mark.parametrize("shift", [-1e9, -3600.0, 3600.0, 1e9])
    def test_a_heartbeat_from_any_time_is_no_failure_of_a_living_process(
        self, tmp_path, data, shift
    ):
        folder = new_run(tmp_path / "run", data)
        us = psutil.Process()
        status = Status(
            state=RunState.RUNNING,
            pid=us.pid,
            process_created=us.create_time(),
            heartbeat=time.time() + shift,
        )
        folder.write_status(status)
        assert supervisor.current_status(folder) == status

    def test_a_process_whose_creation_moved_with_the_clock_is_known_by_its_lock(
        self, tmp_path, data
    ):
        folder = new_run(tmp_path / "run", data)
        with running(HOLDS, folder) as process:
            created = psutil.Process(process.pid).create_time() - 7200
            status = Status(state=RunState.RUNNING, pid=process.pid, process_created=created)
            folder.write_status(status)
            assert not supervisor.is_alive(status)
            assert supervisor.current_status(folder) == status
            process.kill()
            process.wait()
            assert supervisor.current_status(folder).state is RunState.FAILED

    def test_nothing_took_less_than_no_time(self, tmp_path, data):
        folder = new_run(tmp_path / "run", data)
        late = time.time() + 7200
        folder.write_status(folder.status().model_copy(update={"started": late}))
        folder.request_cancel()

        def stop(status: Status) -> None:
            if status.epoch:
                folder.request_cancel()

        assert worker.train(folder, stop) is RunState.CANCELLED
        assert folder.status().started == folder.status().ended == late
        killed = {"state": RunState.RUNNING, "ended": None, "heartbeat": late - 7200, "pid": 2**22}
        folder.write_status(folder.status().model_copy(update=killed))
        assert supervisor.current_status(folder).ended == late


@pytest.fixture
def no_torch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers die where they import torch."""
    place = tmp_path / "modules"
    place.mkdir()
    (place / "torch.py").write_text("raise ImportError('libtorch is not for this machine')")
    places = [str(place), os.environ.get("PYTHONPATH", "."), str(Path.cwd())]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(places))


class TestBeginning:
    @pytest.mark.usefixtures("no_torch")
    def test_a_worker_is_collected_though_nobody_looks(self, tmp_path, data):
        pid = supervisor.start(new_run(tmp_path / "run", data))
        wait_until(lambda: not psutil.pid_exists(pid))

    @pytest.mark.usefixtures("no_torch")
    def test_whoever_started_a_worker_may_end_before_it(self, tmp_path, data):
        folder = new_run(tmp_path / "run", data)
        script = SERVES.replace("time.sleep(600)", "")
        command = [sys.executable, "-W", "error", "-c", script, folder.path]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (ended.returncode, ended.stdout, ended.stderr) == (0, "started\n", "")

    def test_a_worker_may_have_ended_before_it_is_entered(self, tmp_path, data, monkeypatch):
        def ended(*_):
            process = subprocess.Popen([sys.executable, "-c", ""])
            process.wait()
            return process

        monkeypatch.setattr(supervisor, "_spawn", ended)
        folder = new_run(tmp_path / "run", data)
        pid = supervisor.start(folder)
        status = supervisor.current_status(folder)
        assert status.pid == pid
        assert status.state is RunState.FAILED

    @pytest.mark.usefixtures("no_torch")
    def test_a_worker_that_dies_at_an_import_is_quoted(self, tmp_path, data):
        folder = new_run(tmp_path / "run", data)
        supervisor.start(folder)
        wait_until(lambda: supervisor.current_status(folder).state.is_final)
        gc.collect()  # an abandoned process would complain now
        reason = supervisor.current_status(folder).reason or ""
        assert reason.endswith("Its log ends with: ImportError: libtorch is not for this machine")
        assert len(reason.splitlines()) == 1

    @pytest.mark.parametrize("gone", [True, False])
    def test_data_that_are_gone_or_changed_are_bad_input(self, tmp_path, data, capsys, gone):
        folder = new_run(tmp_path / "run", data)
        if gone:
            data.unlink()
        else:
            data.write_bytes(data.read_bytes()[:100])
        assert main(["resume", str(folder.path), "--quiet"]) == 2
        said = capsys.readouterr().err
        assert said.startswith("error: ")
        assert data.name in said
        assert len(said.splitlines()) == 1
        assert folder.status().state is RunState.FAILED
        assert (folder.status().reason or "") in said


class TestPlace:
    def test_a_finished_run_can_be_moved(self, whole, tmp_path, monkeypatch, open_page, capsys):
        monkeypatch.setenv("CAUSALPIMA_WORKSPACE", str(tmp_path))
        moved = RunFolder(tmp_path / "runs" / "elsewhere")
        (tmp_path / "runs").mkdir()
        shutil.copytree(whole.path, moved.path)
        assert main(["status", str(moved.path)]) == 0
        assert main(["export", str(moved.path), "--to", str(tmp_path / "out.json")]) == 0
        for page in ("live", "graph"):
            app = open_page(page, run="elsewhere")
            assert not app.exception
            assert not app.error
        for file in (moved.path / "result").iterdir():
            file.unlink()
        assert worker.train(moved) is RunState.FINISHED
        assert_same_result(moved, whole)

    @pytest.mark.slow
    @pytest.mark.parametrize("moved", [True, False])
    def test_a_worker_whose_run_is_taken_away_ends_and_says_so(
        self, tmp_path, data, monkeypatch, open_page, moved
    ):
        monkeypatch.setenv("CAUSALPIMA_WORKSPACE", str(tmp_path))
        folder = new_run(tmp_path / "runs" / "run", data)
        pid = supervisor.start(folder)
        wait_until(lambda: folder.status().epoch >= 1)
        aside = tmp_path / "runs" / "aside"
        folder.path.rename(aside)
        if not moved:
            shutil.rmtree(aside)
        process = supervisor._started.pop(pid)
        assert process.wait(timeout=240) == 2
        assert not folder.path.exists()
        app = open_page("live", run="run")
        assert not app.exception
        assert "is not a run folder" in app.error[0].value
        if moved:
            there = RunFolder(aside)
            reason = supervisor.current_status(there).reason or ""
            assert "is no longer there" in reason
            assert worker.train(there) is RunState.FINISHED
        else:
            assert not aside.exists()

    def test_a_run_made_anew_in_the_same_place_is_left_alone(self, tmp_path, data):
        folder = new_run(tmp_path / "run", data)

        def make_anew(status: Status) -> None:
            if status.epoch == 0 and status.stage is not None:
                folder.path.rename(tmp_path / "old")
                new_run(folder.path, data)

        with pytest.raises(RunFolderError, match="no longer there"):
            worker.train(folder, make_anew)
        assert folder.status().state is RunState.QUEUED
        assert folder.status().pid is None
        assert {p.name for p in folder.path.iterdir()} == {
            "config.json",
            "status.json",
            "snapshots",
            "checkpoint",
        }


@pytest.mark.slow
def test_training_outlives_the_server_that_began_it(tmp_path, data, monkeypatch, open_page):
    monkeypatch.setenv("CAUSALPIMA_WORKSPACE", str(tmp_path))
    folder = new_run(tmp_path / "runs" / "run", data)
    with running(SERVES, folder) as server:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()
    found = open_page("live", run="run")
    assert not found.exception
    assert not found.error
    assert [button.label for button in found.button] == ["Stop"]
    wait_until(lambda: supervisor.current_status(folder).state.is_final)
    assert folder.status().state is RunState.FINISHED
    assert folder.status().pid is not None
    app = open_page("live", run="run")
    assert not app.error
    assert not app.exception


@pytest.mark.slow
def test_a_run_that_slept_with_its_machine_goes_on_to_the_same_result(
    tmp_path, data, whole, monkeypatch, open_page
):
    """All that a process notices of a machine asleep is that it stood still while time went on."""
    monkeypatch.setenv("CAUSALPIMA_WORKSPACE", str(tmp_path))
    folder = new_run(tmp_path / "runs" / "run", data)
    supervisor.start(folder)
    wait_until(lambda: folder.status().state is RunState.RUNNING)
    sleeper = psutil.Process(folder.status().pid)
    sleeper.suspend()
    time.sleep(3)
    assert supervisor.current_status(folder).state is RunState.RUNNING
    app = open_page("live", run="run")
    assert not app.error
    assert not app.exception
    sleeper.resume()
    wait_until(lambda: supervisor.current_status(folder).state.is_final)
    assert_same_result(folder, whole)
