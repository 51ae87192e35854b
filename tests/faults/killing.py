"""A process that forks workers and kills them: torch is imported once and not fifty times.

Run as ``python -m tests.faults.killing FOLDER DATA KILLS SEED``. Half of the workers kill
themselves at a chosen moment of writing (half of a draft written; before and after a file is
brought to the disk, renamed or removed, and the database opened); half are killed after a random
time.
Prints, as JSON, what was killed where and the runs that came of it.
"""

from __future__ import annotations

import io
import itertools
import json
import os
import random
import signal
import sqlite3
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch

from causalpima_core.runs import metrics, supervisor, worker
from causalpima_core.runs.records import RunState
from causalpima_core.runs.store import RunFolder
from causalpima_core.training.checkpoint import read_tensors
from tests.faults.tiny import new_run, short_search

DEEDS = ((os, "replace"), (os, "fsync"), (os, "unlink"), (sqlite3, "connect"))
"""Functions of writing, before and after which a worker kills itself."""

MOMENTS = ("half written", *(f"{when} {name}" for _, name in DEEDS for when in ("before", "after")))

MOST_TIMES = 3
"""That a moment comes until a worker kills itself: within the first epochs."""


class DiesHalfway(io.BufferedWriter):
    """A file of which half has come to the disk when its writer is killed."""

    die_if_it_is_time: Callable[[str, Callable[[], object]], None]
    begun = False

    def write(self, content) -> int:
        if not self.begun:
            self.begun = True
            type(self).die_if_it_is_time("half written", lambda: self._half(memoryview(content)))
        return super().write(content)

    def _half(self, content: memoryview) -> None:
        super().write(content[: len(content) // 2])
        self.flush()


def die_at(moment: str, times: int, told: Path) -> None:
    """Have this process kill itself when ``moment`` comes for the ``times``-th time, and say so."""
    count = itertools.count(1)

    def die_if_it_is_time(what: str, last_deed: Callable[[], object] = lambda: None) -> None:
        if what == moment and next(count) == times:
            last_deed()
            told.write_text(what)
            os.kill(os.getpid(), signal.SIGKILL)

    def surrounded(name: str, function: Callable) -> Callable:
        def call(*args, **options):
            die_if_it_is_time(f"before {name}")
            result = function(*args, **options)
            die_if_it_is_time(f"after {name}")
            return result

        return call

    DiesHalfway.die_if_it_is_time = staticmethod(die_if_it_is_time)
    os.fdopen = lambda handle, mode: DiesHalfway(io.FileIO(handle, mode))
    for module, name in DEEDS:
        setattr(module, name, surrounded(name, getattr(module, name)))


def attempt(folder: RunFolder, prepare: Callable[[], None] = lambda: None) -> int:
    """Go on with a run in a process of its own; returns its id."""
    pid = os.fork()
    if pid == 0:
        prepare()
        code = 1
        try:
            code = 0 if worker.train(folder) is RunState.FINISHED else 1
        finally:
            os._exit(code)
    return pid


def ended_by(pid: int) -> int:
    """Exit code, or minus the signal."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def check_whole(folder: RunFolder) -> None:
    """Every file under its own name can be read; whoever is half-written has a draft's name."""
    folder.config(), folder.status()
    metrics.check(folder.path / "metrics.sqlite")
    for epoch in folder.snapshot_epochs():
        folder.snapshot(epoch)
    for path in folder.checkpoints.glob("[0-9]*"):
        read_tensors(path)
    if folder.has_result:
        folder.check_result()
        assert folder.weights.exists()
    status = supervisor.current_status(folder)
    # Killed before it had entered itself, a run is still about to begin.
    not_begun = status.state is RunState.QUEUED and status.pid is None
    # Killed after its last word, it has all of its result.
    done = status.state is RunState.FINISHED and folder.has_result
    if not (status.state is RunState.FAILED or not_begun or done):
        raise AssertionError(f"The run counts as {status.state} after it was killed.")


def kill_often(root: Path, data: Path, kills: int, seed: int) -> dict:
    """Runs that were killed until there are enough kills, and one that was left in peace."""
    worker.SECONDS_BETWEEN_CHECKPOINTS = 0.0
    torch.optim.Adam([torch.zeros(1)])  # imports a lot more of torch when it is first used
    rng, told = random.Random(seed), root / "told"  # noqa: S311 - moments, not secrets
    whole = new_run(root / "whole", data)
    began = time.monotonic()
    assert ended_by(attempt(whole)) == 0
    span = time.monotonic() - began
    runs, killed = [new_run(root / "killed-0", data)], []
    moments = list(itertools.product(MOMENTS, range(1, MOST_TIMES + 1)))
    rng.shuffle(moments)
    # In turn, so that each is tried however the runs' own moments fall: some depend on the clock.
    turn = itertools.cycle(moments)
    while len(killed) < kills:
        folder = runs[-1]
        if len(killed) % 2 == 0:
            moment = next(turn)
            pid = attempt(folder, lambda moment=moment: die_at(*moment, told))
        else:
            pid = attempt(folder)
            time.sleep(rng.uniform(0, span / 2))
            os.kill(pid, signal.SIGKILL)
            told.write_text("at random")
        code = ended_by(pid)
        if code == -signal.SIGKILL:
            killed.append(told.read_text())
            check_whole(folder)
        elif code != 0:
            raise AssertionError(f"The run ended with {code}: {folder.status().reason}")
        if folder.status().state is RunState.FINISHED:
            runs.append(new_run(root / f"killed-{len(runs)}", data))
    assert ended_by(attempt(runs[-1])) == 0
    return {"whole": "whole", "runs": [folder.name for folder in runs], "killed": killed}


if __name__ == "__main__":
    with short_search():
        found = kill_often(Path(sys.argv[1]), Path(sys.argv[2]), *map(int, sys.argv[3:5]))
    json.dump(found, sys.stdout)
