"""The queue with real processes: never too many at once, users in turn, nothing lost on the way."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import psutil
import pytest

from causalpima_core.config import ModelConfig, TrainingConfig
from causalpima_core.data.readers import load_dataset
from causalpima_core.errors import ConfigError
from causalpima_core.runs import limits, supervisor
from causalpima_core.runs.creation import create_run
from causalpima_core.runs.queue import Queue, Waiting, in_turn
from causalpima_core.runs.records import RunState
from causalpima_core.runs.store import RunFolder
from causalpima_core.runs.supervisor import START_GRACE_SECONDS
from causalpima_core.runs.workspace import Workspace
from tests.core.training.conftest import two_cause_data

SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]
FOREGROUND = """
import sys, time
from causalpima_core.runs.queue import Queue
from causalpima_core.runs.store import RunFolder
folder = RunFolder(sys.argv[1])
with Queue.of(folder).foreground(folder):
    print("counted", flush=True)
    time.sleep(600)
"""

SERVER_THAT_IS_KILLED = """
import os, signal, sys
from causalpima_core.runs.queue import Queue
from causalpima_core.runs.store import RunFolder
for path in sys.argv[1:]:
    Queue().enqueue(RunFolder(path))
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """One training at a time, in a workspace of the test's own."""
    monkeypatch.setenv("CAUSALPIMA_WORKSPACE", str(tmp_path))
    monkeypatch.setenv(limits.TRAININGS, "1")
    yield tmp_path
    nothing_waits()


@pytest.fixture
def stranger():
    """A process that stands for a training which takes long."""
    started = subprocess.Popen(SLEEP)
    yield started
    nothing_waits()  # so that nobody starts to train once the test is over
    started.kill()
    started.wait()


def nothing_waits() -> None:
    for waiting in Queue().waiting():
        Queue().withdraw(waiting.folder)


def is_attended() -> bool:
    with Queue().attending() as nobody_does:
        return not nobody_does


def attendants(root: Path) -> list[psutil.Process]:
    """Processes that look at the queue of that workspace."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        command = process.info["cmdline"] or []
        if command[-2:] == ["causalpima_core.runs.attendant", str(root)]:
            found.append(process)
    return found


def a_run(workspace: Workspace, name: str, *, outside: Path | None = None) -> RunFolder:
    """A run that trains in about a second once torch is there."""
    dataset, _ = two_cause_data(n=60)
    path = outside or workspace.datasets_folder / "two.npz"
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, **{m.name: m.values for m in dataset.modalities})
    training = TrainingConfig.of_preset(
        "quick", warm_up_steps=10, joint_steps=10, distil_steps=5, warm_up_cycles=1
    )
    model = ModelConfig.parse(states=(2,), latent_dim=2)
    path_of_run = workspace.new_run_path(name)
    return create_run(path_of_run, path, load_dataset(path), model, training)


def occupied(folder: RunFolder, process: subprocess.Popen) -> None:
    """Let the run be trained by this process, as far as anyone can see."""
    created = psutil.Process(process.pid).create_time()
    changes = {"state": RunState.RUNNING, "pid": process.pid, "process_created": created}
    folder.write_status(folder.status().model_copy(update=changes))


def eventually(true, seconds: float = 400.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def waits(folder: RunFolder) -> bool:
    return supervisor.current_status(folder).waits


def ended(folder: RunFolder) -> bool:
    return folder.status().state.is_final


def line(*owners: str) -> list[Waiting]:
    return [Waiting(RunFolder(f"{who}{t}"), who, float(t)) for t, who in enumerate(owners)]


@pytest.mark.parametrize(
    ("owners", "turns", "expected"),
    [
        ("aaa", {}, "a0 a1 a2"),
        ("aaabb", {}, "a0 b3 a1 b4 a2"),
        ("aaabb", {"a": 7}, "b3 a0 b4 a1 a2"),
        ("aabbc", {"a": 1, "b": 2, "c": 3}, "a0 b2 c4 a1 b3"),
        ("ba", {"a": 1, "b": 1}, "b0 a1"),
    ],
)
def test_owners_take_turns_and_each_is_served_in_the_order_he_came(owners, turns, expected):
    order = in_turn(line(*owners)[::-1], turns)
    assert " ".join(waiting.folder.name for waiting in order) == expected


@pytest.mark.slow
def test_runs_train_one_after_the_other_though_nobody_looks():
    folders = [a_run(Workspace(), f"run-{i}") for i in range(3)]
    for folder in folders:
        Queue.of(folder).enqueue(folder)
    assert [waits(folder) for folder in folders] == [False, True, True]
    ahead = Queue().ahead_of(folders[2])
    assert [waiting.folder.name for waiting in ahead] == ["run-1"]
    eventually(lambda: all(ended(folder) for folder in folders))
    statuses = [folder.status() for folder in folders]
    assert [status.state for status in statuses] == [RunState.FINISHED] * 3
    assert statuses[0].ended <= statuses[1].started
    assert statuses[1].ended <= statuses[2].started


@pytest.mark.slow
def test_the_queue_goes_on_without_the_server_that_it_was_joined_through():
    folders = [a_run(Workspace(), f"run-{i}") for i in range(2)]
    paths = [str(folder.path) for folder in folders]
    done = subprocess.run([sys.executable, "-c", SERVER_THAT_IS_KILLED, *paths], check=False)
    assert done.returncode == -signal.SIGKILL
    assert [waits(folder) for folder in folders] == [False, True]
    eventually(lambda: all(ended(folder) for folder in folders))
    assert [folder.status().state for folder in folders] == [RunState.FINISHED] * 2


@pytest.mark.slow
def test_trainings_give_way_to_the_pages(stranger):
    folder = a_run(Workspace(), "run")
    Queue().enqueue(folder)
    process = psutil.Process(folder.status().pid)
    eventually(lambda: folder.status().state is not RunState.QUEUED)
    assert process.nice() > psutil.Process(stranger.pid).nice() or ended(folder)
    eventually(lambda: ended(folder))


@pytest.mark.slow
def test_the_next_one_starts_after_a_killed_training_as_soon_as_someone_looks(stranger):
    first, second = a_run(Workspace(), "first"), a_run(Workspace(), "second")
    occupied(first, stranger)
    Queue().enqueue(second)
    assert waits(second)
    stranger.kill()
    stranger.wait()
    asked = [sys.executable, "-m", "causalpima_core", "queue"]
    told = json.loads(subprocess.run(asked, capture_output=True, check=True).stdout)
    assert told == {"at_once": 1, "training": [str(second.path)], "waiting": []}
    eventually(lambda: ended(second))
    assert second.status().state is RunState.FINISHED


@pytest.mark.slow
def test_the_next_one_starts_after_a_killed_training_though_nobody_looks(root, stranger):
    first, second, third = (a_run(Workspace(), name) for name in ("first", "second", "third"))
    occupied(first, stranger)
    for folder in (second, third):
        Queue().enqueue(folder)
    eventually(lambda: len(attendants(root)) == 1)
    stranger.kill()
    stranger.wait()
    eventually(lambda: second.status().pid is not None)
    os.kill(second.status().pid, signal.SIGKILL)
    eventually(lambda: ended(third))
    assert third.status().state is RunState.FINISHED
    assert supervisor.current_status(second).state is RunState.FAILED
    eventually(lambda: not attendants(root))


@pytest.mark.slow
def test_one_looks_after_the_queue_however_many_wait_and_none_once_nothing_does(root, stranger):
    occupied(a_run(Workspace(), "first"), stranger)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(Queue().enqueue, [a_run(Workspace(), f"run-{i}") for i in range(4)]))
    eventually(is_attended)
    eventually(lambda: len(attendants(root)) == 1)
    nothing_waits()
    eventually(lambda: not attendants(root))
    assert not is_attended()


def test_a_run_may_wait_for_days(stranger):
    first, second = a_run(Workspace(), "first"), a_run(Workspace(), "second")
    occupied(first, stranger)
    Queue().enqueue(second)
    long_ago = time.time() - 100 * START_GRACE_SECONDS
    old = second.status().model_copy(update={"queued": long_ago, "heartbeat": long_ago})
    second.write_status(old)
    assert supervisor.current_status(second) == old


def test_a_run_that_waits_is_cancelled_at_once_and_never_starts(stranger):
    first, second = a_run(Workspace(), "first"), a_run(Workspace(), "second")
    occupied(first, stranger)
    Queue().enqueue(second)
    done = subprocess.run(
        [sys.executable, "-m", "causalpima_core", "cancel", str(second.path)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "Run 'second' is cancelled.\n"
    assert second.status().state is RunState.CANCELLED
    stranger.kill()
    Queue().dispatch()
    assert second.status().state is RunState.CANCELLED
    assert not Queue().withdraw(second)


def test_asking_twice_keeps_the_place(stranger):
    first, second, third = (a_run(Workspace(), name) for name in ("first", "second", "third"))
    occupied(first, stranger)
    for folder in (second, third, second):
        Queue().enqueue(folder)
    assert [waiting.folder.name for waiting in Queue().waiting()] == ["second", "third"]


@pytest.mark.slow
def test_many_who_look_at_once_start_no_more_than_there_is_room_for(stranger, monkeypatch):
    first = a_run(Workspace(), "first")
    occupied(first, stranger)
    others = [a_run(Workspace(), f"other-{i}") for i in range(4)]
    for folder in others:
        Queue().enqueue(folder)
    monkeypatch.setenv(limits.TRAININGS, "2")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: Queue().dispatch(), range(40)))
    started = [folder for folder in others if not waits(folder)]
    try:
        assert [folder.name for folder in started] == ["other-0"]
        assert len(Queue().training()) == 2
    finally:
        for folder in others[::-1]:
            if not Queue().withdraw(folder):
                supervisor.cancel(folder)


def test_a_training_on_the_command_line_counts_and_then_gives_way(tmp_path):
    elsewhere = RunFolder(tmp_path / "elsewhere")
    process = subprocess.Popen(
        [sys.executable, "-c", FOREGROUND, str(elsewhere.path)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout.readline() == "counted\n"
        folder = a_run(Workspace(), "run")
        Queue().enqueue(folder)
        assert waits(folder)
        assert [training.path for training in Queue().training()] == [elsewhere.path]
    finally:
        process.kill()
        process.communicate()
    assert Queue().training() == []


def test_users_wait_in_one_queue_and_take_turns(stranger, root):
    anna, ben = (Workspace.private(root, who) for who in ("anna", "ben"))
    first = a_run(Workspace(), "first")
    occupied(first, stranger)
    runs = [a_run(anna, "a-1"), a_run(anna, "a-2"), a_run(ben, "b-1")]
    for folder in runs:
        Queue.of(folder).enqueue(folder)
    order = [waiting.folder.name for waiting in Queue(ben).waiting()]
    assert order == ["a-1", "b-1", "a-2"]


@pytest.mark.slow
def test_a_run_that_names_anothers_data_is_refused_and_does_not_block_the_rest(root):
    anna, ben = (Workspace.private(root, who) for who in ("anna", "ben"))
    theirs = a_run(anna, "hers").config().dataset.path
    crafted = a_run(ben, "crafted", outside=Path(theirs))
    fair = a_run(ben, "fair")
    for folder in (crafted, fair):
        folder.write_status(
            folder.status().model_copy(update={"queued": folder.status().heartbeat})
        )
    Queue(ben).dispatch()
    assert crafted.status().state is RunState.FAILED
    assert "not in your workspace" in crafted.status().reason
    assert crafted.status().pid is None
    eventually(lambda: ended(fair))
    assert fair.status().state is RunState.FINISHED


@pytest.mark.slow
def test_trainings_are_spread_over_the_devices_also_by_one_another(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    monkeypatch.delenv(limits.TRAININGS)
    folders = [a_run(Workspace(), f"run-{i}") for i in range(3)]
    for folder in folders:
        Queue().enqueue(folder)
    seen = [psutil.Process(f.status().pid).environ()["CUDA_VISIBLE_DEVICES"] for f in folders[:2]]
    assert seen == ["0", "1"]
    eventually(lambda: all(ended(folder) for folder in folders))
    assert {folder.status().gpu for folder in folders} == {"0", "1"}


def test_the_machine_decides_unless_told(monkeypatch):
    monkeypatch.delenv(limits.TRAININGS)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    for cores, trainings, threads in ((1, 1, 1), (2, 2, 1), (8, 2, 4), (32, 8, 4)):
        monkeypatch.setattr(limits, "cores", lambda cores=cores: cores)
        assert (limits.trainings_at_once(), limits.threads_each()) == (trainings, threads)
    monkeypatch.setenv(limits.TRAININGS, "3")
    assert limits.trainings_at_once() == 3


@pytest.mark.parametrize("told", ["0", "-1", "two", "1.5"])
def test_a_number_of_trainings_that_is_none_is_refused_before_a_run_waits(monkeypatch, told):
    folder = a_run(Workspace(), "run")
    monkeypatch.setenv(limits.TRAININGS, told)
    with pytest.raises(ConfigError, match="whole number, at least 1"):
        Queue().enqueue(folder)
    assert not folder.status().waits
