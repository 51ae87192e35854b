"""Where a run stands while it is worked on: kept for the pages, told to whoever started it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

import psutil

from causalpima_core.errors import DamagedError, RunFolderError
from causalpima_core.runs.lock import Holder
from causalpima_core.runs.records import RunState, Status
from causalpima_core.runs.store import RunFolder

SECONDS_BETWEEN_SIGNS = 0.5

_log = logging.getLogger(__name__)


class Standing:
    """The status of a run, which from here on names this process."""

    def __init__(self, folder: RunFolder, holder: Holder, report: Callable[[Status], None]) -> None:
        """Go on from the status so far, and tell that the run is worked on again."""
        self.folder = folder
        self.holder = holder
        self.report = report
        process = psutil.Process()
        earlier = _earlier(folder)
        self.status = earlier.model_copy(
            update={
                "state": RunState.RUNNING,
                "pid": process.pid,
                "process_created": process.create_time(),
                "started": earlier.started or time.time(),
                "ended": None,
                "reason": None,
            }
        )
        self._last_sign = 0.0
        self._began = time.monotonic()
        self._began_at: float | None = None
        self.tell()

    def update(self, **changes: object) -> None:
        """Change fields of the status; told with the next sign."""
        self.status = self.status.model_copy(update=changes)

    def note(self, *texts: str) -> None:
        """Add sentences a person should read."""
        for text in texts:
            _log.info(text)
        self.update(notes=(*self.status.notes, *texts))

    def progress(self, done: float, total: int) -> None:
        """Tell, if the last sign is a while ago, that ``done`` of ``total`` epochs are done."""
        if self._began_at is None:
            self._began_at, self._began = done, time.monotonic()
        if self.sign_is_due:
            self.update(eta_seconds=self._time_left(done, total))
            self.tell()

    @property
    def sign_is_due(self) -> bool:
        """Whether the last sign of life is a while ago."""
        return time.monotonic() - self._last_sign > SECONDS_BETWEEN_SIGNS

    def tell(self) -> None:
        """Give a sign of life.

        Raises:
            RunFolderError: as `require_still_there`.
        """
        self.require_still_there()
        self.update(heartbeat=time.time())
        self._last_sign = time.monotonic()
        self.folder.write_status(self.status, durable=False)
        self.report(self.status)

    def end(self, state: RunState, reason: str | None = None) -> None:
        """Tell how it ended, even on a full disk."""
        self.require_still_there()
        now = time.time()
        # The clock may have been set back meanwhile; nothing took less than no time.
        ended = max(now, self.status.started or now)
        self.update(state=state, reason=reason, ended=ended, heartbeat=now, eta_seconds=None)
        self.folder.write_last_status(self.status)
        self.report(self.status)

    def require_still_there(self) -> None:
        """A run made anew in the same place is not ours to write to.

        Raises:
            RunFolderError: the run was moved or deleted.
        """
        if not self.holder.still_there:
            raise RunFolderError(
                f"Run folder '{self.folder.path}' is no longer there: it was moved or deleted "
                "while it was trained; where it was moved to, it can be resumed."
            )

    def _time_left(self, done: float, total: int) -> float | None:
        """Seconds to the end at the pace so far of this attempt."""
        made = done - (self._began_at or 0.0)
        if made < 0.5:
            return None
        return (time.monotonic() - self._began) / made * max(0.0, total - done)


def _earlier(folder: RunFolder) -> Status:
    """The status so far; a damaged one is begun anew."""
    try:
        return folder.status()
    except DamagedError as error:
        _log.info("%s", error)
        return Status(state=RunState.QUEUED)
