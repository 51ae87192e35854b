"""The run folder as values: settings, status, history and result, read and written as a whole."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TypeVar

import numpy as np
import pandas as pd

from causalpima_core.config import ModelConfig, RunConfig
from causalpima_core.errors import (
    CausalPimaError,
    ConfigError,
    DamagedError,
    RunFolderError,
)
from causalpima_core.runs import metrics, reading
from causalpima_core.runs.access import RunAccess
from causalpima_core.runs.files import drafts
from causalpima_core.runs.label import UNLABELLED, Label
from causalpima_core.runs.making import appearing
from causalpima_core.runs.names import UNNAMED, Names
from causalpima_core.runs.records import EpochRecord, Snapshot, Status
from causalpima_core.runs.reserve import Reserve
from causalpima_core.runs.results import GraphResult, Summary

T = TypeVar("T")

WRITTEN_ANEW = "resume the run, which writes it anew"
_PUT_BACK = "put back a copy of it, or delete the run"


class RunFolder(RunAccess):
    """One run on disk; cheap to make, reads nothing until asked."""

    # -- life -----------------------------------------------------------------------------------

    @classmethod
    def create(
        cls,
        path: Path | str,
        config: RunConfig,
        status: Status,
        fill: Callable[[Path], None] = lambda _: None,
    ) -> RunFolder:
        """Make a new run folder in one step: it is there with its config, or not at all.

        Args:
            path: the folder to make.
            config: goes to `config.json`.
            status: goes to `status.json`.
            fill: writes further files to the folder while nobody sees it yet; what it raises
                leaves no folder behind.

        Raises:
            RunFolderError: ``path`` is taken or cannot be written.
        """
        with appearing(Path(path)) as draft:
            (draft / "config.json").write_text(config.model_dump_json(indent=2))
            (draft / "status.json").write_text(status.model_dump_json())
            for part in ("snapshots", "checkpoint"):
                (draft / part).mkdir()
            fill(draft)
        return cls(path)

    def delete(self) -> None:
        """Remove the run for good."""
        shutil.rmtree(self.require().path)

    # -- config and status ----------------------------------------------------------------------

    def config(self) -> RunConfig:
        """Settings of the run.

        Raises:
            ConfigError: they make no sense.
            RunFolderError: there are none that can be read.
        """
        text = self._read("config.json", reading.checked_json, _PUT_BACK)
        try:
            return RunConfig.from_json(text)
        except ConfigError as error:
            raise ConfigError(f"config.json of run '{self.name}': {error}") from error

    def write_chosen(self, model: ModelConfig) -> None:
        """Enter the states that were chosen from the data into the settings."""
        config = self.config()
        if config.model != model:
            text = config.model_copy(update={"model": model}).model_dump_json(indent=2)
            self._write("config.json", lambda file: file.write(text.encode()))

    def status(self) -> Status:
        """Where the run stands, as last written (see `supervisor.current_status`).

        Raises:
            DamagedError: `status.json` is.
        """
        return self._read("status.json", Status.model_validate_json, WRITTEN_ANEW)

    def write_status(self, status: Status, *, durable: bool = True) -> None:
        """Replace `status.json`; ``durable`` as for `files.replacing`.

        Raises:
            StorageError: the disk is full.
            RunFolderError: it may not be written.
        """
        content = status.model_dump_json().encode()
        self._write("status.json", lambda file: file.write(content), durable=durable)

    def reserve(self) -> None:
        """Hold room on the disk for `write_last_status`, until `release`."""
        with self.refusals_in_words():
            self._reserve.hold()

    def write_last_status(self, status: Status) -> None:
        """Replace `status.json` even on a full disk: the room that was held becomes the file.

        So there is nothing left to let go of, whenever the writer is killed.
        """
        content = status.model_dump_json().encode()
        if not self._reserve.suffices_for(content):
            self.write_status(status)
            return
        with self.refusals_in_words():
            self._reserve.write(content)

    def release(self) -> None:
        """Let go of the room that was held."""
        self._reserve.release()

    @property
    def _reserve(self) -> Reserve:
        return Reserve(self.path / "status.json")

    def sweep(self) -> None:
        """Remove what killed writers left; for whoever holds the run's lock."""
        own = (".status.json-", ".config.json-")
        for place in (self.path, self.snapshots, self.checkpoints, self.weights.parent):
            for draft in drafts(place):
                # A page may be writing names or a label just now.
                if place != self.path or draft.name.startswith(own):
                    draft.unlink(missing_ok=True)

    def request_cancel(self) -> None:
        """Ask the worker to stop at the next batch."""
        with self.refusals_in_words():
            (self.require().path / "cancel.request").touch()

    def withdraw_cancel(self) -> None:
        """Forget an earlier request."""
        (self.path / "cancel.request").unlink(missing_ok=True)

    @property
    def cancel_requested(self) -> bool:
        """Whether someone asked to stop."""
        return (self.path / "cancel.request").exists()

    # -- metrics --------------------------------------------------------------------------------

    def append_metrics(self, record: EpochRecord) -> None:
        """Add one epoch's terms; an epoch done again after a resume replaces itself."""
        metrics.append(self.metrics_file, record)

    def metrics(self) -> pd.DataFrame:
        """All terms so far: columns step, epoch, stage, term, value, time.

        Raises:
            DamagedError: the database is.
        """
        try:
            return metrics.read(self.metrics_file)
        except sqlite3.Error as error:
            raise DamagedError(
                f"metrics.sqlite of run '{self.name}' is damaged ({error}): "
                "the loss cannot be shown; a resume begins a new one."
            ) from error

    def mend_metrics(self) -> str | None:
        """Begin a new history where the old one is damaged; says so in a sentence."""
        try:
            metrics.check(self.metrics_file)
        except sqlite3.Error:
            metrics.set_aside(self.metrics_file)
            return "The history of the loss was damaged and begins anew at this epoch."
        return None

    # -- snapshots ------------------------------------------------------------------------------

    def write_snapshot(self, snapshot: Snapshot) -> None:
        """Keep one moment; its number is its epoch."""
        content = asdict(snapshot) | {"stage": snapshot.stage.value}
        self._make_place(self.snapshots)
        self._write(
            f"snapshots/{snapshot.epoch:04d}.npz",
            lambda file: np.savez_compressed(file, allow_pickle=False, **content),
            durable=False,
        )

    def snapshot(self, epoch: int) -> Snapshot:
        """One moment of the history.

        Raises:
            DamagedError: its file is.
        """
        name = f"snapshots/{epoch:04d}.npz"
        with self._damage_in_words(name, "the moment is left out"):
            return reading.snapshot(self.path / name)

    # -- results --------------------------------------------------------------------------------

    def write_result(
        self,
        graph: GraphResult,
        summary: Summary,
        assignments: pd.DataFrame,
        arrays: dict[str, np.ndarray],
        write_weights: Callable[[Path], None],
    ) -> None:
        """Write all of `result/`; `dag.json` comes last, so its presence vouches for the rest.

        Args:
            graph: goes to `dag.json`.
            summary: goes to `summary.json`.
            assignments: columns sample, component, confidence, node_1 …
            arrays: latents and decoded prototypes for the pages; goes to `arrays.npz`.
            write_weights: writes the model to the path it is given.
        """
        self._make_place(self.path / "result")
        self._write("result/assignments.csv", lambda f: assignments.to_csv(f, index=False))
        self._write(
            "result/arrays.npz", lambda f: np.savez_compressed(f, allow_pickle=False, **arrays)
        )
        self._write("result/summary.json", lambda f: f.write(_json(summary.model_dump())))
        write_weights(self.weights)
        self._write("result/dag.json", lambda f: f.write(_json(graph.model_dump())))

    def graph(self) -> GraphResult:
        """`result/dag.json`; `RunFolderError` where there is none yet."""
        return self._read_result("dag.json", GraphResult.model_validate_json)

    def summary(self) -> Summary:
        """`result/summary.json`; `RunFolderError` where there is none yet."""
        return self._read_result("summary.json", Summary.model_validate_json)

    def assignments(self) -> pd.DataFrame:
        """Component and node states of each sample; `RunFolderError` where there are none yet."""
        try:
            n_samples = self.config().dataset.n_samples
        except DamagedError:  # told by whoever needs the settings
            n_samples = 0
        return self._read_result(
            "assignments.csv", lambda text: reading.assignments(text, n_samples)
        )

    def arrays(self) -> dict[str, np.ndarray]:
        """Arrays for the pages, as `write_result` was given them."""
        self._require_result()
        with self._damage_in_words("result/arrays.npz", WRITTEN_ANEW):
            return reading.arrays(self.path / "result" / "arrays.npz")

    def check_result(self) -> None:
        """Read every file of the result but the weights.

        Raises:
            DamagedError: one is damaged.
        """
        for read in (self.graph, self.summary, self.assignments, self.arrays):
            read()

    # -- names and label ------------------------------------------------------------------------

    def names(self) -> Names:
        """What a person calls nodes and states; no names where none were given.

        Raises:
            DamagedError: `names.json` is damaged.
        """
        return self._read_own("names.json", Names.model_validate_json, UNNAMED)

    def write_names(self, names: Names) -> None:
        """Keep names of nodes and states."""
        self._write("names.json", lambda file: file.write(_json(names.model_dump())))

    def label(self) -> Label:
        """A person's title and note for the run; empty where none was given.

        Raises:
            DamagedError: `label.json` is damaged.
        """
        return self._read_own("label.json", Label.model_validate_json, UNLABELLED)

    def write_label(self, label: Label) -> None:
        """Keep title and note."""
        self.require()._write("label.json", lambda file: file.write(_json(label.model_dump())))

    def problems(self) -> list[str]:
        """A sentence for each small file that is damaged, though much can be seen without it."""
        told: list[str] = []
        for read in (self.config, self.names, self.label):
            try:
                read()
            except CausalPimaError as error:
                told.append(str(error))
        return told

    # -- reading and writing --------------------------------------------------------------------

    def _require_result(self) -> None:
        self.require()
        if not self.has_result:
            raise RunFolderError(
                f"Run '{self.name}' has no result yet: let it finish, or resume it."
            )

    def _read_result(self, name: str, parse: Callable[[str], T]) -> T:
        self._require_result()
        return self._read(f"result/{name}", parse, WRITTEN_ANEW)

    def _read_own(self, name: str, parse: Callable[[str], T], otherwise: T) -> T:
        """What a person gave to the run, which need not be there."""
        if not (self.path / name).exists():
            return otherwise
        return self._read(name, parse, "delete the file and give it again")


def _json(content: dict) -> bytes:
    return json.dumps(content, indent=2, allow_nan=False).encode()
