"""The run folder: the only file that knows the names in it.

Every file is written beside itself under a temporary name and then moved into place, so a reader
never sees half of one, however the writer ends.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import BinaryIO, TypeVar

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
from causalpima_core.runs.files import drafts, refusal, replacing
from causalpima_core.runs.label import UNLABELLED, Label
from causalpima_core.runs.names import UNNAMED, Names
from causalpima_core.runs.records import EpochRecord, Snapshot, Status
from causalpima_core.runs.results import GraphResult, Summary

T = TypeVar("T")

RESERVED_BYTES = 16 * 1024
"""More than a status has; held from the start so that a full disk can be told of."""

WRITTEN_ANEW = "resume the run, which writes it anew"
_PUT_BACK = "put back a copy of it, or delete the run"
_NEW = ".new-run-"
_FORGOTTEN_SECONDS = 3600.0
"""Age from which a draft belongs to nobody any more."""
_PORTABLE = re.compile(
    r"(config|status|names|label)\.json|metrics\.sqlite"
    r"|snapshots/\d{4,9}\.npz|checkpoint/\d{6,9}\.safetensors"
    r"|result/(assignments\.csv|arrays\.npz|summary\.json|dag\.json|model\.safetensors)",
    re.ASCII,
)


class RunFolder:
    """One run on disk; cheap to make, reads nothing until asked."""

    def __init__(self, path: Path | str) -> None:
        """Point at ``path``, which need not exist."""
        self.path = Path(path).absolute()

    def __repr__(self) -> str:
        """As one would type it."""
        return f"RunFolder({str(self.path)!r})"

    @property
    def name(self) -> str:
        """Name of the folder, which identifies the run in a workspace."""
        return self.path.name

    # -- places ---------------------------------------------------------------------------------

    @property
    def log(self) -> Path:
        """What the worker printed."""
        return self.path / "log.txt"

    def last_logged(self) -> str:
        """The last line of the log that says something, cut to a line's length."""
        return reading.last_line(self.log)

    @property
    def lock(self) -> Path:
        """Locked by the process that works on the run; see `runs.lock`."""
        return self.path / "train.lock"

    @property
    def checkpoints(self) -> Path:
        """Where `training.checkpoint` keeps its files."""
        return self.path / "checkpoint"

    @property
    def snapshots(self) -> Path:
        """Where the history for the live page lies."""
        return self.path / "snapshots"

    @property
    def weights(self) -> Path:
        """The trained model."""
        return self.path / "result" / "model.safetensors"

    @property
    def data(self) -> Path:
        """Where the data of a run lie that was brought from elsewhere; not there otherwise."""
        return self.path / "data"

    @staticmethod
    def is_portable(place: str) -> bool:
        """Whether a file at this place goes along to another machine.

        The log does not: it tells of this machine.

        >>> RunFolder.is_portable("result/dag.json"), RunFolder.is_portable("result/../log.txt")
        (True, False)
        """
        return _PORTABLE.fullmatch(place) is not None

    def portable(self) -> list[str]:
        """Places of the files there are that another machine needs, in order."""
        places = (path.relative_to(self.path).as_posix() for path in self.path.rglob("*"))
        return sorted(place for place in places if self.is_portable(place))

    @property
    def has_result(self) -> bool:
        """Whether a graph was written, by a finished run or one stopped late enough."""
        return (self.path / "result" / "dag.json").exists()

    @property
    def result_written(self) -> int:
        """When the result was written (nanoseconds), 0 before; tells one result from the next."""
        return reading.modified(self.path / "result" / "dag.json")

    def snapshot_written(self, epoch: int) -> int:
        """When a snapshot was written (nanoseconds), 0 before."""
        return reading.modified(self.snapshots / f"{epoch:04d}.npz")

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
        folder = cls(path)
        if folder.path.exists():
            raise RunFolderError(
                f"Run folder '{path}' already exists: choose another name, or delete it first."
            )
        try:
            folder.path.parent.mkdir(parents=True, exist_ok=True)
            for left in drafts(folder.path.parent, older_than=_FORGOTTEN_SECONDS):
                if left.name.startswith(_NEW):  # all else in this place is not ours
                    shutil.rmtree(left, ignore_errors=True)
            draft = Path(tempfile.mkdtemp(prefix=_NEW, dir=folder.path.parent))
        except OSError as error:
            raise RunFolderError(
                f"Cannot write a run folder at '{path}' ({error.strerror}): "
                "choose a place you may write to."
            ) from error
        try:
            os.chmod(draft, 0o755)  # noqa: PTH101, S103 - mkdtemp makes it private
            (draft / "config.json").write_text(config.model_dump_json(indent=2))
            (draft / "status.json").write_text(status.model_dump_json())
            for part in ("snapshots", "checkpoint"):
                (draft / part).mkdir()
            fill(draft)
            draft.rename(folder.path)
        except OSError as error:
            raise RunFolderError(
                f"Cannot write a run folder at '{path}' ({error.strerror})."
            ) from error
        finally:
            shutil.rmtree(draft, ignore_errors=True)  # it has another name where all went well
        return folder

    def require(self) -> RunFolder:
        """This folder, or `RunFolderError` where no run is there."""
        if not (self.path / "config.json").is_file():
            raise RunFolderError(
                f"'{self.path}' is not a run folder: expected a folder with config.json, "
                "as 'fit --out' makes it."
            )
        return self

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
        with self.refusals_in_words(), self._reserve.open("wb") as file:
            file.write(bytes(RESERVED_BYTES))
            file.flush()
            os.fsync(file.fileno())  # until then the disk may still turn out to be full

    def write_last_status(self, status: Status) -> None:
        """Replace `status.json` even on a full disk, with the room that was held for it."""
        try:
            self.write_status(status)
        except CausalPimaError:
            content = status.model_dump_json().encode()
            if not self._reserve.exists() or len(content) > RESERVED_BYTES:
                raise
            with self.refusals_in_words():
                with self._reserve.open("r+b") as file:
                    file.write(content)
                    file.truncate()
                self._reserve.replace(self.path / "status.json")

    def release(self) -> None:
        """Let go of the room that was held."""
        self._reserve.unlink(missing_ok=True)

    @property
    def _reserve(self) -> Path:
        return self.path / ".status.json-reserved"  # named so that `sweep` knows it for a draft

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

    def copy_metrics(self, to: Path) -> None:
        """Write a database with all terms to ``to``, those still in SQLite's own log included."""
        with (
            closing(sqlite3.connect(f"{self.metrics_file.as_uri()}?mode=ro", uri=True)) as here,
            closing(sqlite3.connect(to)) as there,
        ):
            here.backup(there)

    @property
    def metrics_file(self) -> Path:
        """The database of all terms."""
        return self.path / "metrics.sqlite"

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

    def snapshot_epochs(self) -> list[int]:
        """Epochs of which there is a snapshot, in order."""
        return sorted(int(path.stem) for path in self.snapshots.glob("[0-9]*.npz"))

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
        return self._read_result("assignments.csv", reading.assignments)

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
            ConfigError: `names.json` is damaged.
        """
        return self._read_own("names.json", Names.of_json, UNNAMED)

    def write_names(self, names: Names) -> None:
        """Keep names of nodes and states."""
        self._write("names.json", lambda file: file.write(_json(names.model_dump())))

    def label(self) -> Label:
        """A person's title and note for the run; empty where none was given.

        Raises:
            ConfigError: `label.json` is damaged.
        """
        return self._read_own("label.json", Label.of_json, UNLABELLED)

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

    def _read(self, name: str, parse: Callable[[str], T], remedy: str) -> T:
        """A text file that is there in every run.

        Raises:
            DamagedError: it cannot be read or parsed; ``remedy`` says what to do.
        """
        path = self.require().path / name
        with self._damage_in_words(name, remedy):
            return parse(path.read_text(encoding="utf-8"))

    @contextmanager
    def _damage_in_words(self, name: str, remedy: str) -> Iterator[None]:
        try:
            yield
        except (OSError, ValueError) as error:
            why = f" ({error.strerror})" if isinstance(error, OSError) else ""
            raise DamagedError(
                f"{name} of run '{self.name}' cannot be read{why}: {remedy}."
            ) from error

    def _write(
        self, name: str, write: Callable[[BinaryIO], object], *, durable: bool = True
    ) -> None:
        with self.refusals_in_words(), replacing(self.path / name, durable=durable) as file:
            write(file)

    def _make_place(self, path: Path) -> None:
        with self.refusals_in_words():
            path.mkdir(exist_ok=True)

    @contextmanager
    def refusals_in_words(self) -> Iterator[None]:
        """Turn what the disk says inside into an error of ours, where a person can do something."""
        try:
            yield
        except FileNotFoundError as error:
            raise RunFolderError(
                f"Run folder '{self.path}' is no longer there: it was moved or deleted."
            ) from error
        except OSError as error:
            error.filename = error.filename or str(self.path)
            raise refusal(error) or error from error


def _json(content: dict) -> bytes:
    return json.dumps(content, indent=2, allow_nan=False).encode()
