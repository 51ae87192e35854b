"""Which run trains next: those that wait say so in their status, and whoever looks starts them.

There is no service that could be down: a page that is looked at, a command, and a training that
ends all call `Queue.dispatch`, one at a time under a lock file; and as long as runs wait, a small
process does (see `attendant`), since a training that is killed cannot. Users take turns (the one
served longest ago is next), and the runs of one user go in the order they came.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import psutil
from filelock import FileLock, Timeout

from causalpima_core.errors import CausalPimaError, RunFolderError
from causalpima_core.runs import supervisor
from causalpima_core.runs.files import replacing
from causalpima_core.runs.limits import gpus, trainings_at_once
from causalpima_core.runs.records import RunState, Status
from causalpima_core.runs.store import RunFolder
from causalpima_core.runs.workspace import Workspace

PATIENCE_SECONDS = 30.0
"""How long to wait for another that starts runs; each start takes milliseconds."""

COMING_SECONDS = 20.0
"""How long a process may take to start on a busy machine."""

_attendants: dict[Path, tuple[subprocess.Popen[bytes], float]] = {}
"""The last one that this process started, and when, by the place of the queue."""


@dataclass(frozen=True)
class Waiting:
    """A run in the queue, whose it is, and since when it waits."""

    folder: RunFolder
    owner: str
    since: float


@dataclass(frozen=True)
class Training:
    """A process that trains; ``gpu`` where it was given one of several."""

    pid: int
    path: Path
    gpu: str | None = None


class Queue:
    """The one queue of all workspaces of a server."""

    def __init__(self, workspace: Workspace | None = None) -> None:
        """Of the server that ``workspace`` belongs to; by default as the environment says."""
        self._workspace = workspace or Workspace()
        self._place = self._workspace.shared_root / "queue"

    @classmethod
    def of(cls, folder: RunFolder) -> Queue:
        """The queue that a run would wait in, also where the run lies outside of a workspace."""
        here = Workspace(folder.path.parent.parent)
        return cls(here if folder.path.parent == here.runs_folder else None)

    # -- what is so -----------------------------------------------------------------------------

    def waiting(self) -> list[Waiting]:
        """Runs that wait, the next one first."""
        return in_turn([w for w, _ in self._looked_at() if w], self._turns())

    def training(self) -> list[Training]:
        """Processes that train now, those of the command line as well."""
        found = [t for _, t in self._looked_at() if t] + self._in_foreground()
        return list({training.pid: training for training in found}.values())

    def ahead_of(self, folder: RunFolder) -> list[Waiting] | None:
        """Runs that are to start before this one; None where it does not wait."""
        line = self.waiting()
        places = [waiting.folder.path for waiting in line]
        return line[: places.index(folder.path)] if folder.path in places else None

    def _looked_at(self) -> Iterator[tuple[Waiting | None, Training | None]]:
        for workspace in self._workspace.all_of_server():
            owner = workspace.root.name if workspace.is_private else ""
            for path in workspace.runs_folder.glob("[!.]*/status.json"):
                status = _status_in(path)
                folder = RunFolder(path.parent)
                if status is None or status.state.is_final:
                    continue
                if status.waits:
                    yield Waiting(folder, owner, status.queued or 0.0), None
                elif status.pid and supervisor.is_alive(status):
                    yield None, Training(status.pid, folder.path, status.gpu)

    def _in_foreground(self) -> list[Training]:
        found = []
        for entry in (self._place / "foreground").glob("[0-9]*"):
            try:
                created, path = entry.read_text().split("\n", 1)
                process = psutil.Process(int(entry.name))
                alive = abs(process.create_time() - float(created)) < 1.0
            except (OSError, ValueError, psutil.NoSuchProcess):
                alive, path = False, ""
            if alive:
                found.append(Training(int(entry.name), Path(path)))
            else:
                with suppress(OSError):
                    entry.unlink(missing_ok=True)
        return found

    # -- what is done ---------------------------------------------------------------------------

    def enqueue(self, folder: RunFolder) -> None:
        """Let a run wait for its turn, which may come at once.

        Raises:
            RunFolderError: it is being trained, or the queue cannot be written.
            StorageError: the disk is full.
            ConfigError: the number of trainings at once is none.
        """
        trainings_at_once()
        with self._alone(PATIENCE_SECONDS):
            status = supervisor.current_status(folder)
            if supervisor.is_alive(status):
                raise RunFolderError(
                    f"Run '{folder.name}' is being trained already (process {status.pid}): "
                    "wait for it, or cancel it first."
                )
            if not status.waits:
                folder.reserve()  # where the disk takes no more, nothing waits
                folder.withdraw_cancel()
                changes = {"state": RunState.QUEUED, "queued": time.time(), "pid": None}
                changes |= {"process_created": None, "reason": None, "ended": None}
                folder.write_status(status.model_copy(update=changes))
        self.dispatch()

    def withdraw(self, folder: RunFolder) -> bool:
        """Take a run out of the queue, which cancels it; False where it does not wait."""
        if not folder.status().waits:
            return False
        with self._alone(PATIENCE_SECONDS):
            status = folder.status()
            if status.waits:
                changes = {"state": RunState.CANCELLED, "queued": None, "ended": time.time()}
                folder.write_status(status.model_copy(update=changes))
            return status.waits

    def dispatch(self, patience: float = 0.0) -> None:
        """Start what may start now; what may not is attended from then on.

        Args:
            patience: seconds to wait for another who does the same. One that merely looks need
                not wait, since the other sees what it saw; one that has ended a training must.
        """
        room = trainings_at_once()
        if not self._any_wait():
            return
        if len(self.training()) < room:
            with suppress(Timeout, RunFolderError), self._alone(patience):
                self._start_next(room)
        if self._any_wait():
            self._see_to_attendant()

    def _any_wait(self) -> bool:
        return any(waiting for waiting, _ in self._looked_at())

    @contextmanager
    def attending(self, patience: float = 0.0) -> Iterator[bool]:
        """Be the one who looks while runs wait; False where another is, ``patience`` seconds on."""
        lock = FileLock(self._place / "attendant", timeout=patience)
        try:
            self._place.mkdir(parents=True, exist_ok=True)
            lock.acquire()
        except (Timeout, OSError):
            yield False
            return
        try:
            yield True
        finally:
            lock.release()

    def _see_to_attendant(self) -> None:
        with self.attending() as nobody_does:
            pass
        if nobody_does and not _is_coming(self._place):
            with suppress(OSError):  # without one, runs wait until the next look
                module, root = "causalpima_core.runs.attendant", self._workspace.shared_root
                process = supervisor.detached(module, root, subprocess.DEVNULL, os.environ)
                _attendants[self._place] = process, time.monotonic()

    def _start_next(self, room: int) -> None:
        turns = self._turns()
        active = self.training()
        for waiting in in_turn([w for w, _ in self._looked_at() if w], turns):
            if len(active) >= room:
                return
            gpu = _least_used(active)
            pid = _start(waiting.folder, gpu)
            if pid is not None:
                active.append(Training(pid, waiting.folder.path, gpu))
                turns = {**turns, waiting.owner: max(turns.values(), default=0) + 1}
                # On a full disk the run has started all the same; only whose turn it was is lost.
                with suppress(OSError), replacing(self._place / "turns.json") as file:
                    file.write(json.dumps(turns).encode())

    @contextmanager
    def foreground(self, folder: RunFolder) -> Iterator[None]:
        """Count this process among those that train, wherever the run lies; then let others."""
        entry = self._place / "foreground" / str(os.getpid())
        if self._workspace.shared_root.is_dir():
            with suppress(OSError):  # counting is a courtesy, not worth refusing to train
                entry.parent.mkdir(parents=True, exist_ok=True)
                entry.write_text(f"{psutil.Process().create_time()}\n{folder.path}")
        try:
            yield
        finally:
            with suppress(OSError):
                entry.unlink(missing_ok=True)
            self.dispatch(PATIENCE_SECONDS)

    def _turns(self) -> dict[str, int]:
        """When each owner was last served, counted in starts: clocks can be set back."""
        try:
            return dict(json.loads((self._place / "turns.json").read_text()))
        except (OSError, ValueError):
            return {}

    @contextmanager
    def _alone(self, patience: float) -> Iterator[None]:
        try:
            self._place.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self._place / "lock", timeout=patience)
            lock.acquire()
        except Timeout:
            if not patience:
                raise
            raise RunFolderError("Another program holds the queue: try again.") from None
        except OSError as error:
            raise RunFolderError(
                f"Cannot write the queue in '{self._place}' ({error.strerror}): "
                "choose a workspace you may write to."
            ) from error
        try:
            yield
        finally:
            lock.release()


def _is_coming(place: Path) -> bool:
    """Whether this process has just started an attendant, which takes a moment to be there."""
    if place not in _attendants:
        return False
    process, started = _attendants[place]
    return process.poll() is None and time.monotonic() - started < COMING_SECONDS


def in_turn(waiting: Sequence[Waiting], turns: Mapping[str, int]) -> list[Waiting]:
    """The order in which runs start, as it stands now.

    Args:
        waiting: in any order.
        turns: when each owner was last served; one who never was comes first.
    """
    lines: dict[str, list[Waiting]] = {}
    for one in sorted(waiting, key=lambda w: (w.since, w.folder.name)):
        lines.setdefault(one.owner, []).append(one)
    served, now = dict(turns), max(turns.values(), default=0)
    order = []
    while lines:
        owner = min(lines, key=lambda who: (served.get(who, 0), lines[who][0].since))
        order.append(lines[owner].pop(0))
        now += 1
        served[owner] = now
        if not lines[owner]:
            del lines[owner]
    return order


def _start(folder: RunFolder, gpu: str | None) -> int | None:
    """Start a run; one that cannot be is marked as failed, so that it does not block the rest."""
    try:
        Workspace(folder.path.parent.parent).data_of(folder)
        return supervisor.start(folder, gpu)
    except (CausalPimaError, OSError) as error:
        changes = {"state": RunState.FAILED, "queued": None, "ended": time.time()}
        reason = f"Training could not be started. {error}"
        with suppress(CausalPimaError, OSError):
            folder.write_status(folder.status().model_copy(update={**changes, "reason": reason}))
        return None


def _least_used(active: Sequence[Training]) -> str | None:
    """The device to give to the next training; None where there are not several."""
    devices = gpus()
    used = [training.gpu for training in active]
    return min(devices, key=used.count) if len(devices) > 1 else None


def _status_in(path: Path) -> Status | None:
    """A status, read again only once it was written again; None where it cannot be read."""
    try:
        stat = path.stat()
        return _read_status(path, stat.st_ino, stat.st_mtime_ns)
    except (OSError, CausalPimaError):
        return None


@lru_cache(maxsize=4096)
def _read_status(path: Path, inode: int, written: int) -> Status:
    return RunFolder(path.parent).status()
