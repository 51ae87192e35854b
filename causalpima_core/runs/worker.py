"""The process that trains: reads the run folder's config, trains, and writes what happens there."""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Callable

import torch

from causalpima_core.config import DatasetReference
from causalpima_core.data.conversion import watching
from causalpima_core.data.multimodal import MultimodalDataset
from causalpima_core.data.readers import load_dataset
from causalpima_core.errors import (
    Cancelled,
    CausalPimaError,
    DataError,
    InputError,
)
from causalpima_core.fitted import write_findings
from causalpima_core.runs.files import refusal
from causalpima_core.runs.lock import Holder, working_on
from causalpima_core.runs.origin import place_of
from causalpima_core.runs.queue import PATIENCE_SECONDS, Queue
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
from causalpima_core.runs.signals import stopped_by_signals
from causalpima_core.runs.standing import Standing
from causalpima_core.runs.store import RunFolder
from causalpima_core.training.checkpoint import last_checkpoint, save_checkpoint
from causalpima_core.training.findings import conclude
from causalpima_core.training.loop import Trainer

NICENESS = 10
"""So that the pages, which people wait for, come first where cores are scarce."""

SECONDS_BETWEEN_CHECKPOINTS = 2.0

_log = logging.getLogger(__name__)


class Worker:
    """One attempt at training a run, from its last checkpoint or from the start."""

    def __init__(self, folder: RunFolder, holder: Holder, report: Callable[[Status], None]) -> None:
        """Take over the run, whose lock is held: from here on the status names this process."""
        self.folder = folder
        folder.sweep()
        folder.reserve()
        self._last_checkpoint = 0.0
        self._checkpoint_owed = False
        self.standing = Standing(folder, holder, report)

    def train(self) -> RunState:
        """Train to the end, or to a request to stop; failures end up in the status.

        Raises:
            InputError: data or settings cannot be used, or the run is no longer there.
        """
        try:
            self._train()
        except Cancelled:
            self.standing.end(RunState.CANCELLED)
        except InputError as error:
            _log.exception("Training failed")
            self.standing.end(RunState.FAILED, reason=str(error))
            raise
        except (CausalPimaError, OSError, MemoryError) as error:
            _log.exception("Training failed")
            self.standing.end(RunState.FAILED, reason=_sentence(error))
        except Exception as error:
            _log.exception("Training failed")
            self.standing.end(RunState.FAILED, reason=f"Unexpected {type(error).__name__}: {error}")
            raise
        else:
            self.standing.end(RunState.FINISHED)
        return self.standing.status.state

    def _train(self) -> None:
        config = self.folder.config()
        dataset = self._dataset(config.dataset)
        trainer = Trainer(dataset, config.model, config.training)
        self._go_on(trainer)
        try:
            for record in trainer.run():
                self._take(record, trainer)
                if self.folder.cancel_requested:
                    raise Cancelled("Stopped on request.")
        except Cancelled:
            # Half an epoch is not a state to go on from: the last whole one is.
            whole = last_checkpoint(self.folder.checkpoints).stored
            if whole:
                trainer.restore(*whole)
            if trainer.joint_has_begun:
                self._conclude(trainer, dataset)
            raise
        self._conclude(trainer, dataset)

    def _go_on(self, trainer: Trainer) -> None:
        """Take up the last checkpoint that is whole, and say so where files were damaged."""
        last = last_checkpoint(self.folder.checkpoints)
        earlier = self.standing.status.notes
        self.standing.update(notes=())  # those of the state that is taken up follow
        if last.stored:
            trainer.restore(*last.stored)
            self.standing.note(*last.stored[1].get("told", earlier))
            _log.info("Going on from epoch %d", trainer.position.epoch)
        if last.damaged:
            self.standing.note(
                f"Damaged and left out: checkpoint {', '.join(last.damaged)}; training went on "
                f"from epoch {trainer.position.epoch}."
            )
        mended = self.folder.mend_metrics()
        if mended:
            self.standing.note(mended)

    def _dataset(self, reference: DatasetReference) -> MultimodalDataset:
        with watching(self._while_unpacking):
            dataset = load_dataset(place_of(reference))
        if dataset.fingerprint() != reference.sha256:
            raise DataError(
                f"The data in '{reference.path}' are not those the run was made with: put the "
                "original file back, or start a new run."
            )
        return dataset

    def _while_unpacking(self, _share: float) -> None:
        """Large data may have to be unpacked again: this shows life, and may be stopped."""
        if self.folder.cancel_requested:
            raise Cancelled("Stopped on request.")
        if self.standing.sign_is_due:
            self.standing.tell()

    def _take(self, record: Record, trainer: Trainer) -> None:
        """Write one record where it belongs."""
        self.standing.require_still_there()
        if self._checkpoint_owed and not isinstance(record, NoteRecord):
            self._checkpoint(trainer, now=True)
        match record:
            case StageRecord(stage, epoch, epochs):
                if trainer.model.config.from_data and trainer.joint_has_begun:
                    self.folder.write_chosen(trainer.model.config)
                self.standing.update(stage=stage, epoch=epoch, epochs=epochs)
                self.standing.tell()
            case BatchRecord(_, done, total):
                self.standing.progress(done, total)
            case EpochRecord():
                self.folder.append_metrics(record)
                self.standing.update(epoch=record.epoch)
                self._checkpoint(trainer)
            case NoteRecord(text):
                self.standing.note(text)
                self.standing.tell()
                # Notes come in rows: a checkpoint between two would lose those still to come.
                self._checkpoint_owed = True
            case Snapshot():
                self.folder.write_snapshot(record)

    def _checkpoint(self, trainer: Trainer, *, now: bool = False) -> None:
        if now or time.monotonic() - self._last_checkpoint > SECONDS_BETWEEN_CHECKPOINTS:
            tensors, notes = trainer.state()
            notes["told"] = self.standing.status.notes
            save_checkpoint(self.folder.checkpoints, trainer.position.epoch, tensors, notes)
            self._last_checkpoint, self._checkpoint_owed = time.monotonic(), False

    def _conclude(self, trainer: Trainer, dataset: MultimodalDataset) -> None:
        self.standing.update(stage=Stage.HARDENING, eta_seconds=None)
        self.standing.tell()
        self._checkpoint(trainer, now=True)
        findings = conclude(trainer, dataset)
        self.standing.require_still_there()
        write_findings(self.folder, trainer.model, findings)


def train(folder: RunFolder, report: Callable[[Status], None] = lambda _: None) -> RunState:
    """Train a run in this process; Ctrl-C and SIGTERM stop it and keep what there is.

    Args:
        folder: with its config; a checkpoint in it is gone on from.
        report: told every change of status.

    Returns:
        How it ended; a failure's reason is in the status.

    Raises:
        InputError: the data or settings cannot be used (the status says so as well), or another
            process trains this run.
        StorageError: the disk was full before training began.
    """
    with working_on(folder) as holder, stopped_by_signals(folder):
        try:
            return Worker(folder, holder, report).train()
        finally:
            folder.release()


def _sentence(error: BaseException) -> str:
    if isinstance(error, CausalPimaError):
        return str(error)
    if isinstance(error, MemoryError):
        return "There was not enough memory: use fewer samples or smaller images."
    known = refusal(error) if isinstance(error, OSError) else None
    return (
        str(known) if known else f"A file could not be written or read ({error}): resume the run."
    )


def main() -> int:
    """Entry of ``python -m causalpima_core.runs.worker RUN``."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    os.nice(max(0, NICENESS - os.getpriority(os.PRIO_PROCESS, 0)))
    folder = RunFolder(sys.argv[1])
    try:
        state = train(folder)
    except CausalPimaError as error:
        _log.error("%s", error)
        return error.exit_code
    finally:
        Queue.of(folder).dispatch(PATIENCE_SECONDS)
    return {RunState.FINISHED: 0, RunState.CANCELLED: Cancelled.exit_code}.get(state, 1)


if __name__ == "__main__":
    sys.exit(main())
