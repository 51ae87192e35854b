"""Data files of a workspace as a list: how large, which runs need them, and deleting them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from app.services.loaders import workspace
from causalpima_core.data.conversion import drop_outdated
from causalpima_core.errors import CausalPimaError, RunFolderError
from causalpima_core.runs import supervisor
from causalpima_core.runs.limits import quota, size_words
from causalpima_core.runs.store import RunFolder
from causalpima_core.runs.workspace import BESIDE


@dataclass(frozen=True)
class StoredData:
    """A data file, with what lies beside it.

    Attributes:
        path: where it lies.
        size: in bytes.
        kept: Unix time when it came.
        runs: those that were made with it.
        needed: those of them that are being trained or wait for it.
    """

    path: Path
    size: int
    kept: float
    runs: tuple[str, ...]
    needed: tuple[str, ...]


def stored_data() -> list[StoredData]:
    """All data files, newest first."""
    users: dict[Path, list[RunFolder]] = {}
    for folder in workspace().runs():
        try:
            users.setdefault(Path(folder.config().dataset.path), []).append(folder)
        except CausalPimaError:  # the Runs page says what is wrong with it
            continue
    return [_stored(path, users.get(path, [])) for path in workspace().datasets()]


def delete_data(name: str) -> None:
    """Remove a data file for good.

    Raises:
        RunFolderError: a run that trains or waits needs it, or it is gone already.
    """
    needed = next((s.needed for s in stored_data() if s.path.name == name), ())
    if needed:
        raise RunFolderError(
            f"'{name}' is needed by {', '.join(needed)}: wait for the end, or stop training first."
        )
    workspace().remove_dataset(name)
    drop_outdated()


def room_words() -> str:
    """How much the workspace holds, and of how much."""
    limit, used = quota(), size_words(workspace().used())
    of = f" of {size_words(limit)}" if limit is not None else ""
    return f"{used}{of} used by data and runs"


def _stored(path: Path, folders: list[RunFolder]) -> StoredData:
    sizes = [p.stat().st_size for b in BESIDE if (p := path.with_suffix(b)).is_file()]
    stat = path.stat()
    return StoredData(
        path,
        stat.st_size + sum(sizes),
        stat.st_mtime,
        tuple(folder.name for folder in folders),
        tuple(f.name for f in folders if not supervisor.current_status(f).state.is_final),
    )
