"""Where things lie in a run folder; with `store`, the only file that knows the names in it."""

from __future__ import annotations

import re
from pathlib import Path

from causalpima_core.runs import reading

_PORTABLE = re.compile(
    r"(config|status|names|label)\.json|metrics\.sqlite"
    r"|snapshots/\d{4,9}\.npz|checkpoint/\d{6,9}\.safetensors"
    r"|result/(assignments\.csv|arrays\.npz|summary\.json|dag\.json|model\.safetensors)",
    re.ASCII,
)


class RunPlaces:
    """One run on disk; cheap to make, reads nothing until asked."""

    def __init__(self, path: Path | str) -> None:
        """Point at ``path``, which need not exist."""
        self.path = Path(path).absolute()

    def __repr__(self) -> str:
        """As one would type it."""
        return f"{type(self).__name__}({str(self.path)!r})"

    @property
    def name(self) -> str:
        """Name of the folder, which identifies the run in a workspace."""
        return self.path.name

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

    @property
    def metrics_file(self) -> Path:
        """The database of all terms."""
        return self.path / "metrics.sqlite"

    @staticmethod
    def is_portable(place: str) -> bool:
        """Whether a file at this place goes along to another machine.

        The log does not: it tells of this machine.

        >>> RunPlaces.is_portable("result/dag.json"), RunPlaces.is_portable("result/../log.txt")
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

    def snapshot_epochs(self) -> list[int]:
        """Epochs of which there is a snapshot, in order."""
        return sorted(int(path.stem) for path in self.snapshots.glob("[0-9]*.npz"))
