"""Starting, watching and stopping the process that trains, from any other process.

The worker leads a session of its own and outlives the page or shell that started it. It is known
by process id *and* creation time, since ids are used again.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

import psutil

from causalpima_core.errors import CausalPimaError, DamagedError, RunFolderError
from causalpima_core.runs.limits import gpu_environment, threads_each
from causalpima_core.runs.lock import is_worked_on, working_on
from causalpima_core.runs.records import RunState, Status
from causalpima_core.runs.store import RunFolder

START_GRACE_SECONDS = 60.0
"""How long a queued run may go without a process before it counts as failed."""

_started: dict[int, subprocess.Popen[bytes]] = {}
"""Processes started here, by id, until they have been collected."""


def worker_environment() -> dict[str, str]:
    """Environment for a process that uses torch: idle threads must not spin on few cores."""
    threads = str(threads_each())
    return {"OMP_WAIT_POLICY": "PASSIVE", "OMP_NUM_THREADS": threads} | dict(os.environ)


def start(folder: RunFolder, gpu: str | None = None) -> int:
    """Start (or go on with) training in a process of its own; returns its id.

    Args:
        folder: the run.
        gpu: the only one that the process is to see; None leaves it all there are.

    Raises:
        RunFolderError: a process already trains this run, or it may not be written.
        StorageError: the disk is full.
    """
    _refuse_two(folder, _status_or_damage(folder))
    # Of two that start a run at once, the second then sees what the first has entered.
    with working_on(folder):
        status = _unlocked_status(folder)
        _refuse_two(folder, status)
        folder.reserve()  # where the disk takes no more, nothing is started
        folder.withdraw_cancel()
        starting = {"state": RunState.QUEUED, "queued": None, "gpu": gpu, "pid": None}
        starting |= {"reason": None, "ended": None, "heartbeat": time.time()}
        status = status.model_copy(update=starting)
        folder.write_status(status)
        process = _spawn(folder, gpu)
        entered = {"pid": process.pid, "process_created": _created(process.pid)}
        folder.write_status(status.model_copy(update=entered))
    return process.pid


def _created(pid: int) -> float:
    """When a process just started was; now where it has ended and been collected already."""
    try:
        return psutil.Process(pid).create_time()
    except psutil.NoSuchProcess:
        return time.time()  # so that whoever gets its id later is not taken for it


def _refuse_two(folder: RunFolder, status: Status) -> None:
    if is_alive(status):
        raise RunFolderError(
            f"Run '{folder.name}' is being trained already (process {status.pid}): "
            "wait for it, or cancel it first."
        )


def _spawn(folder: RunFolder, gpu: str | None) -> subprocess.Popen[bytes]:
    """The worker; it waits until the lock is free."""
    with folder.log.open("ab") as log:
        environment = worker_environment() | gpu_environment(gpu)
        return detached("causalpima_core.runs.worker", folder.path, log, environment)


def detached(
    module: str, path: Path, log: BinaryIO | int, environment: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    """Run a module of ours on a path, in a session of its own that outlives this process."""
    for pid in [pid for pid, process in _started.items() if process.poll() is not None]:
        del _started[pid]
    process = subprocess.Popen(  # noqa: S603 - our own module, arguments as a list
        [sys.executable, "-m", module, str(path)],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        start_new_session=True,
        env=environment,
    )
    _started[process.pid] = process
    # Collected as soon as it ends, whether anyone looks or not; it may also outlive us.
    threading.Thread(target=process.wait, daemon=True).start()
    return process


def is_alive(status: Status) -> bool:
    """Whether the process a status names still works (a zombie does not)."""
    if status.pid is None or status.state.is_final:
        return False
    try:
        process = psutil.Process(status.pid)
        same = status.process_created is None or (
            abs(process.create_time() - status.process_created) < 1.0
        )
        if process.status() == psutil.STATUS_ZOMBIE:
            _reap(status.pid)
            return False
    except psutil.NoSuchProcess:
        return False
    return same


def current_status(folder: RunFolder) -> Status:
    """The status on disk, put right where its process is gone without having said so.

    A damaged `status.json` counts as a failure that names it: a resume writes it anew.
    """
    status = _status_or_damage(folder)
    if status.state.is_final or _is_worked_on(folder, status):
        return status
    try:
        with working_on(folder, patience=0.0):
            return _unlocked_status(folder)
    except CausalPimaError:
        # Somebody has just taken it up; or the disk does not let us write, but the page is to
        # know nevertheless.
        status = _status_or_damage(folder)
        final = status.state.is_final or _is_worked_on(folder, status)
        return status if final else _failed(folder, status)


def _unlocked_status(folder: RunFolder) -> Status:
    """The status of a run whose lock we hold: nobody else can be at work on it."""
    status = _status_or_damage(folder)
    if status.state.is_final or is_alive(status) or _is_to_come(status):
        return status
    failed = _failed(folder, status)
    folder.write_status(failed)
    return failed


def _status_or_damage(folder: RunFolder) -> Status:
    try:
        return folder.status()
    except DamagedError as error:
        if is_worked_on(folder):  # and will be written again within a second
            return Status(state=RunState.RUNNING, heartbeat=time.time())
        return Status(state=RunState.FAILED, reason=str(error))


def _is_worked_on(folder: RunFolder, status: Status) -> bool:
    """The lock counts for more than the process: its creation time changes as a clock is set."""
    return is_alive(status) or _is_to_come(status) or is_worked_on(folder)


def _is_to_come(status: Status) -> bool:
    """Whether the run waits for its turn or its process; the clock may have been set since."""
    recent = abs(time.time() - status.heartbeat) < START_GRACE_SECONDS
    return status.waits or (status.pid is None and recent)


def _failed(folder: RunFolder, status: Status) -> Status:
    last = folder.last_logged()
    return status.model_copy(
        update={
            "state": RunState.FAILED,
            "ended": max(status.heartbeat, status.started or 0.0),
            "eta_seconds": None,
            "reason": "The training process ended without a word (killed, or out of memory): "
            "resume the run to go on from its last checkpoint."
            + (f" Its log ends with: {last}" if last else ""),
        }
    )


def cancel(folder: RunFolder, timeout: float = 60.0) -> Status:
    """Ask the worker to stop, keeping what there is, and wait until it has."""
    status = current_status(folder)
    if status.state.is_final:
        return status
    folder.request_cancel()
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        status = current_status(folder)
        if status.state.is_final:
            return status
        time.sleep(0.1)
    return status


def _reap(pid: int) -> None:
    """Collect a dead child of ours, so that its id becomes free; others' are not ours to wait."""
    process = _started.pop(pid, None)
    if process is not None:
        process.poll()
        return
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return
