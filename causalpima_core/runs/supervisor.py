"""Starting, watching and stopping the process that trains, from any other process.

The worker leads a session of its own and outlives the page or shell that started it. It is known
by process id *and* creation time, since ids are used again.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time

import psutil

from causalpima_core.errors import RunFolderError
from causalpima_core.runs.limits import gpu_environment, threads_each
from causalpima_core.runs.records import RunState, Status
from causalpima_core.runs.store import RunFolder

START_GRACE_SECONDS = 60.0
"""How long a queued run may go without a process before it counts as failed."""

_STARTED: list[subprocess.Popen[bytes]] = []
"""Our own children, kept so that those that ended are collected when the next one starts."""


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
        RunFolderError: a process already trains this run.
    """
    status = current_status(folder)
    if is_alive(status):
        raise RunFolderError(
            f"Run '{folder.name}' is being trained already (process {status.pid}): "
            "wait for it, or cancel it first."
        )
    folder.withdraw_cancel()
    with folder.log.open("ab") as log:
        process = subprocess.Popen(  # noqa: S603 - our own module, arguments as a list
            [sys.executable, "-m", "causalpima_core.runs.worker", str(folder.path)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            env=worker_environment() | gpu_environment(gpu),
        )
    _STARTED[:] = [other for other in _STARTED if other.poll() is None]
    _STARTED.append(process)
    created = psutil.Process(process.pid).create_time()
    folder.write_status(
        status.model_copy(
            update={
                "state": RunState.QUEUED,
                "queued": None,
                "gpu": gpu,
                "pid": process.pid,
                "process_created": created,
                "heartbeat": time.time(),
                "reason": None,
                "ended": None,
            }
        )
    )
    return process.pid


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
    """The status on disk, put right where its process is gone without having said so."""
    status = folder.status()
    if status.state.is_final or status.waits or is_alive(status):
        return status
    if status.pid is None and time.time() - status.heartbeat < START_GRACE_SECONDS:
        return status
    status = folder.status()  # the worker may have finished between the two looks
    if status.state.is_final or status.waits or is_alive(status):
        return status
    failed = status.model_copy(
        update={
            "state": RunState.FAILED,
            "ended": status.heartbeat,
            "eta_seconds": None,
            "reason": "The training process ended without a word (killed, or out of memory): "
            "resume the run to go on from its last checkpoint.",
        }
    )
    folder.write_status(failed)
    return failed


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
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return
