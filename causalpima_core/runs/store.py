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
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pandas as pd
from pydantic import ValidationError

from causalpima_core.config import ModelConfig, RunConfig
from causalpima_core.errors import RunFolderError
from causalpima_core.runs.label import UNLABELLED, Label
from causalpima_core.runs.names import UNNAMED, Names
from causalpima_core.runs.records import EpochRecord, Snapshot, Stage, Status
from causalpima_core.runs.results import GraphResult, Summary

_METRICS_TABLE = """
CREATE TABLE IF NOT EXISTS metrics (
    step INTEGER, epoch INTEGER, stage TEXT, term TEXT, value REAL, time REAL,
    PRIMARY KEY (epoch, term)
)
"""
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
            draft = Path(tempfile.mkdtemp(prefix=".new-run-", dir=folder.path.parent))
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
        """Settings of the run."""
        return RunConfig.from_json(self._text("config.json"))

    def write_chosen(self, model: ModelConfig) -> None:
        """Enter the states that were chosen from the data into the settings."""
        config = self.config()
        if config.model != model:
            text = config.model_copy(update={"model": model}).model_dump_json(indent=2)
            with replacing(self.path / "config.json") as file:
                file.write(text.encode())

    def status(self) -> Status:
        """Where the run stands, as last written (see `supervisor.current_status`)."""
        try:
            return Status.model_validate_json(self._text("status.json"))
        except ValidationError as error:
            raise RunFolderError(
                f"status.json of run '{self.name}' cannot be read: delete the file and resume."
            ) from error

    def write_status(self, status: Status) -> None:
        """Replace `status.json`."""
        self._write("status.json", lambda file: file.write(status.model_dump_json().encode()))

    def request_cancel(self) -> None:
        """Ask the worker to stop at the next batch."""
        self._write("cancel.request", lambda file: file.write(b""))

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
        rows = [
            (record.step, record.epoch, record.stage.value, term, value, time.time())
            for term, value in record.terms.items()
        ]
        with closing(sqlite3.connect(self.metrics_file)) as db, db:
            db.execute("PRAGMA journal_mode=WAL")
            db.execute(_METRICS_TABLE)
            db.executemany("INSERT OR REPLACE INTO metrics VALUES (?,?,?,?,?,?)", rows)

    def metrics(self) -> pd.DataFrame:
        """All terms so far: columns step, epoch, stage, term, value, time."""
        columns = ["step", "epoch", "stage", "term", "value", "time"]
        if not self.metrics_file.exists():
            return pd.DataFrame(columns=columns)
        with closing(sqlite3.connect(f"{self.metrics_file.as_uri()}?mode=ro", uri=True)) as db:
            rows = db.execute("SELECT * FROM metrics ORDER BY epoch, term").fetchall()
        return pd.DataFrame(rows, columns=columns)

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
        self.snapshots.mkdir(exist_ok=True)
        self._write(
            f"snapshots/{snapshot.epoch:04d}.npz",
            lambda file: np.savez_compressed(file, allow_pickle=False, **content),
        )

    def snapshot_epochs(self) -> list[int]:
        """Epochs of which there is a snapshot, in order."""
        return sorted(int(path.stem) for path in self.snapshots.glob("[0-9]*.npz"))

    def snapshot(self, epoch: int) -> Snapshot:
        """One moment of the history."""
        with np.load(self.snapshots / f"{epoch:04d}.npz", allow_pickle=False) as stored:
            values: dict[str, Any] = {field.name: stored[field.name] for field in fields(Snapshot)}
        values["epoch"] = int(values["epoch"])
        values["temperature"] = float(values["temperature"])
        values["stage"] = Stage(str(values["stage"]))
        return Snapshot(**values)

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
        (self.path / "result").mkdir(exist_ok=True)
        self._write("result/assignments.csv", lambda f: assignments.to_csv(f, index=False))
        self._write(
            "result/arrays.npz", lambda f: np.savez_compressed(f, allow_pickle=False, **arrays)
        )
        self._write("result/summary.json", lambda f: f.write(_json(summary.model_dump())))
        write_weights(self.weights)
        self._write("result/dag.json", lambda f: f.write(_json(graph.model_dump())))

    def graph(self) -> GraphResult:
        """`result/dag.json`; `RunFolderError` where there is none yet."""
        return GraphResult.model_validate_json(self._result_text("dag.json"))

    def summary(self) -> Summary:
        """`result/summary.json`; `RunFolderError` where there is none yet."""
        return Summary.model_validate_json(self._result_text("summary.json"))

    def assignments(self) -> pd.DataFrame:
        """Component and node states of each sample."""
        self._result_text("dag.json")
        return pd.read_csv(self.path / "result" / "assignments.csv", dtype={"sample": str})

    def arrays(self) -> dict[str, np.ndarray]:
        """Arrays for the pages, as `write_result` was given them."""
        self._result_text("dag.json")
        with np.load(self.path / "result" / "arrays.npz", allow_pickle=False) as stored:
            return dict(stored)

    # -- names and label ------------------------------------------------------------------------

    def names(self) -> Names:
        """What a person calls nodes and states; no names where none were given.

        Raises:
            ConfigError: `names.json` is damaged.
        """
        path = self.path / "names.json"
        return Names.of_json(self._text("names.json")) if path.exists() else UNNAMED

    def write_names(self, names: Names) -> None:
        """Keep names of nodes and states."""
        self._write("names.json", lambda file: file.write(_json(names.model_dump())))

    def label(self) -> Label:
        """A person's title and note for the run; empty where none was given.

        Raises:
            ConfigError: `label.json` is damaged.
        """
        path = self.path / "label.json"
        return Label.of_json(self._text("label.json")) if path.exists() else UNLABELLED

    def write_label(self, label: Label) -> None:
        """Keep title and note."""
        self.require()._write("label.json", lambda file: file.write(_json(label.model_dump())))

    # -- reading and writing --------------------------------------------------------------------

    def _result_text(self, name: str) -> str:
        if not self.has_result:
            raise RunFolderError(
                f"Run '{self.name}' has no result yet: let it finish, or resume it."
            )
        return self._text(f"result/{name}")

    def _text(self, name: str) -> str:
        try:
            return (self.require().path / name).read_text()
        except OSError as error:
            raise RunFolderError(
                f"{name} of run '{self.name}' cannot be read ({error.strerror})."
            ) from error

    def _write(self, name: str, write: Callable[[BinaryIO], object]) -> None:
        with replacing(self.path / name) as file:
            write(file)


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A binary file that takes the place of ``path`` once it is whole and closed."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    draft = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
        draft.chmod(0o644)
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def _json(content: dict) -> bytes:
    return json.dumps(content, indent=2, allow_nan=False).encode()
