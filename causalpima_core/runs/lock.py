"""One process at a time works on a run: a lock that ends with its holder, however that ends.

A process id in a file would outlive a killed process and say nothing after the clock was set; the
kernel's own lock does neither.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from causalpima_core.errors import RunFolderError
from causalpima_core.runs.store import RunFolder

PATIENCE_SECONDS = 3.0
"""Others hold the lock for a moment to look whether it is free."""


@contextmanager
def working_on(folder: RunFolder, patience: float = PATIENCE_SECONDS) -> Iterator[Holder]:
    """Hold a run's lock.

    Raises:
        RunFolderError: another process holds it, there is no run, or it cannot be written.
    """
    lock = FileLock(folder.require().lock, timeout=patience)
    try:
        with folder.refusals_in_words():
            lock.acquire()
    except Timeout as error:
        raise RunFolderError(
            f"Run '{folder.name}' is being trained already by another process: "
            "wait for it, or cancel it first."
        ) from error
    try:
        yield Holder(folder.lock)
    finally:
        lock.release()


class Holder:
    """Whoever holds the lock of a run."""

    def __init__(self, lock: Path) -> None:
        """Remember the file itself; its number is not given to another while it is open."""
        self._lock, self._held = lock, os.stat(lock)  # noqa: PTH116 - compared below

    @property
    def still_there(self) -> bool:
        """Whether the run is still where it was: neither moved, nor deleted, nor made anew."""
        try:
            return os.path.samestat(self._lock.stat(), self._held)
        except OSError:
            return False


def is_worked_on(folder: RunFolder) -> bool:
    """Whether some process holds the lock of a run.

    Where it may not be opened for writing nobody can tell, and the answer is no.
    """
    if not folder.lock.exists():
        return False
    lock = FileLock(folder.lock, timeout=0)
    try:
        with lock:
            return False
    except Timeout:
        return True
    except OSError:
        return False
