"""The process that trains: reads the run folder's config, trains, and writes what happens there."""

from __future__ import annotations

import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import psutil
import torch

from causalpima_core.data.conversion import watching
from causalpima_core.data.multimodal import MultimodalDataset
from causalpima_core.data.readers import load_dataset
from causalpima_core.errors import Cancelled, CausalPimaError, DataError
from causalpima_core.fitted import write_findings
from causalpima_core.runs.records import (
    BatchRecord,
    EpochRecord,
    NoteRecord,
    Record,
    RunState,
    Snapshot,
    Stage,
    StageRecord,
    Status,
)
from causalpima_core.runs.store import RunFolder
from causalpima_core.training.checkpoint import load_checkpoint, save_checkpoint
from causalpima_core.training.findings import conclude
from causalpima_core.training.loop import Trainer

SECONDS_BETWEEN_SIGNS = 0.5
SECONDS_BETWEEN_CHECKPOINTS = 2.0

_log = logging.getLogger(__name__)


class Worker:
    """One attempt at training a run, from its last checkpoint or from the start."""

    def __init__(self, folder: RunFolder, report: Callable[[Status], None]) -> None:
        """Take over the run: from here on the status names this process."""
        self.folder = folder
        self.report = report
        earlier = folder.status()
        process = psutil.Process()
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
        self._last_sign = self._last_checkpoint = 0.0
        self._began = time.monotonic()
        self._began_at: float | None = None
        self._tell()

    def train(self) -> RunState:
        """Train to the end, or to a request to stop; failures end up in the status."""
        try:
            self._train()
        except Cancelled:
            self._end(RunState.CANCELLED)
        except (CausalPimaError, OSError, MemoryError) as error:
            _log.exception("Training failed")
            self._end(RunState.FAILED, reason=_sentence(error))
        except Exception as error:
            _log.exception("Training failed")
            self._end(RunState.FAILED, reason=f"Unexpected {type(error).__name__}: {error}")
            raise
        else:
            self._end(RunState.FINISHED)
        return self.status.state

    def _train(self) -> None:
        config = self.folder.config()
        dataset = self._dataset(config.dataset.path, config.dataset.sha256)
        trainer = Trainer(dataset, config.model, config.training)
        stored = load_checkpoint(self.folder.checkpoints)
        if stored:
            trainer.restore(*stored)
            _log.info("Going on from epoch %d", trainer.position.epoch)
        try:
            for record in trainer.run():
                self._take(record, trainer)
                if self.folder.cancel_requested:
                    raise Cancelled("Stopped on request.")
        except Cancelled:
            # Half an epoch is not a state to go on from: the last whole one is.
            whole = load_checkpoint(self.folder.checkpoints)
            if whole:
                trainer.restore(*whole)
            if trainer.joint_has_begun:
                self._conclude(trainer, dataset)
            raise
        self._conclude(trainer, dataset)

    def _dataset(self, path: str, sha256: str) -> MultimodalDataset:
        with watching(self._while_unpacking):
            dataset = load_dataset(Path(path))
        if dataset.fingerprint() != sha256:
            raise DataError(
                f"The data in '{path}' are not those the run was made with: put the original file "
                "back, or start a new run."
            )
        return dataset

    def _while_unpacking(self, _share: float) -> None:
        """Large data may have to be unpacked again: this shows life, and may be stopped."""
        if self.folder.cancel_requested:
            raise Cancelled("Stopped on request.")
        if time.monotonic() - self._last_sign > SECONDS_BETWEEN_SIGNS:
            self._tell()

    def _take(self, record: Record, trainer: Trainer) -> None:
        """Write one record where it belongs."""
        match record:
            case StageRecord(stage, epoch, epochs):
                if trainer.model.config.from_data and trainer.joint_has_begun:
                    self.folder.write_chosen(trainer.model.config)
                self._update(stage=stage, epoch=epoch, epochs=epochs)
                self._tell()
            case BatchRecord(_, done, total):
                if self._began_at is None:
                    self._began_at, self._began = done, time.monotonic()
                if time.monotonic() - self._last_sign > SECONDS_BETWEEN_SIGNS:
                    self._update(eta_seconds=self._time_left(done, total))
                    self._tell()
            case EpochRecord():
                self.folder.append_metrics(record)
                self._update(epoch=record.epoch)
                self._checkpoint(trainer)
            case NoteRecord(text):
                self._update(notes=(*self.status.notes, text))
                self._checkpoint(trainer, now=True)
                self._tell()
            case Snapshot():
                self.folder.write_snapshot(record)

    def _checkpoint(self, trainer: Trainer, *, now: bool = False) -> None:
        if now or time.monotonic() - self._last_checkpoint > SECONDS_BETWEEN_CHECKPOINTS:
            save_checkpoint(self.folder.checkpoints, trainer.position.epoch, *trainer.state())
            self._last_checkpoint = time.monotonic()

    def _conclude(self, trainer: Trainer, dataset: MultimodalDataset) -> None:
        self._update(stage=Stage.HARDENING, eta_seconds=None)
        self._tell()
        save_checkpoint(self.folder.checkpoints, trainer.position.epoch, *trainer.state())
        findings = conclude(trainer, dataset)
        write_findings(self.folder, trainer.model, findings)

    def _time_left(self, done: float, total: int) -> float | None:
        """Seconds to the end at the pace so far of this attempt."""
        made = done - (self._began_at or 0.0)
        if made < 0.5:
            return None
        return (time.monotonic() - self._began) / made * max(0.0, total - done)

    def _update(self, **changes: object) -> None:
        self.status = self.status.model_copy(update=changes)

    def _tell(self) -> None:
        self._update(heartbeat=time.time())
        self._last_sign = time.monotonic()
        self.folder.write_status(self.status)
        self.report(self.status)

    def _end(self, state: RunState, reason: str | None = None) -> None:
        self._update(state=state, reason=reason, ended=time.time(), eta_seconds=None)
        self._tell()


def train(folder: RunFolder, report: Callable[[Status], None] = lambda _: None) -> RunState:
    """Train a run in this process; Ctrl-C and SIGTERM stop it and keep what there is.

    Args:
        folder: with its config; a checkpoint in it is gone on from.
        report: told every change of status.

    Returns:
        How it ended; a failure's reason is in the status.
    """
    with _stopped_by_signals(folder):
        return Worker(folder, report).train()


@contextmanager
def _stopped_by_signals(folder: RunFolder) -> Iterator[None]:
    def stop(_number: int, _frame: FrameType | None) -> None:
        folder.request_cancel()

    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, stop) for number in numbers]
    folder.withdraw_cancel()
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
        folder.withdraw_cancel()


def _sentence(error: BaseException) -> str:
    if isinstance(error, CausalPimaError):
        return str(error)
    if isinstance(error, MemoryError):
        return "There was not enough memory: use fewer samples or smaller images."
    return f"A file could not be written or read ({error}): check the disk, then resume the run."


def main() -> int:
    """Entry of ``python -m causalpima_core.runs.worker RUN``."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    state = train(RunFolder(sys.argv[1]).require())
    return {RunState.FINISHED: 0, RunState.CANCELLED: Cancelled.exit_code}.get(state, 1)


if __name__ == "__main__":
    sys.exit(main())
