"""A run packed into one archive, with or without its data, to go on living on another machine."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Iterable, Mapping
from glob import escape
from pathlib import Path
from typing import BinaryIO

from causalpima_core.data.containers import folder_sources
from causalpima_core.errors import DataError, RunFolderError
from causalpima_core.runs import metrics, supervisor
from causalpima_core.runs.origin import WERE_IN_MEMORY
from causalpima_core.runs.store import RunFolder

DATA, RUN = "data/", "run/"
"""Where data and run lie in the archive."""
CONFIG, STATUS, METRICS = "config.json", "status.json", "metrics.sqlite"
LONGEST_NAME = 200
DEEPEST = 6
"""Parts of the place of a data file."""
_FORBIDDEN = frozenset('/\\:*?"<>|')
"""Signs that no file name may have on some machine."""
_BESIDE = ("metadata", "truth", "units")
"""What follows the dataset's name in those of files that belong to it."""


def write_bundle(folder: RunFolder, file: BinaryIO, *, with_data: bool = True) -> None:
    """Write all of a run that another machine needs.

    Args:
        folder: of a run that nobody trains just now.
        file: to write to.
        with_data: whether what it was trained on goes along; without, `resume` asks for it.

    Raises:
        RunFolderError: the run is being trained.
        DataError: its data are gone.
    """
    if supervisor.is_alive(supervisor.current_status(folder)):
        raise RunFolderError(
            f"Run '{folder.name}' is being trained: wait for it, or stop it, then bundle it."
        )
    pack(file, folder, data_files(folder) if with_data else {}, folder.portable())


def data_files(folder: RunFolder) -> dict[str, Path]:
    """The file or folder a run was trained on, and what lies beside it and belongs to it.

    Returns:
        Files by their places from where the data lie.

    Raises:
        DataError: it is gone or never was, or a file's name would not do on every machine.
    """
    reference = folder.config().dataset
    if reference.in_memory:
        raise DataError(f"{WERE_IN_MEMORY} Bundle it without them.")
    path = Path(reference.path)
    if not path.exists():
        raise DataError(
            f"The data of run '{folder.name}' are no longer at '{path}': put the file back, or "
            "bundle the run without its data."
        )
    beside = (path.parent.glob(f"{escape(path.stem)}.{part}.*") for part in _BESIDE)
    own = [path / one.name for one in folder_sources(path)] if path.is_dir() else [path]
    found = [*own, *sorted(one for group in beside for one in group)]
    places = {one.relative_to(path.parent).as_posix(): one for one in found if one.is_file()}
    for place in places:
        if not is_plain(place):
            raise DataError(
                f"'{place}' is a name that not every machine allows: rename that file, or bundle "
                "the run without its data."
            )
    return places


def is_plain(place: str) -> bool:
    """Whether it is the place of a file, and of nothing else, on any machine."""
    parts = place.split("/")
    return len(parts) <= DEEPEST and all(map(is_plain_name, parts))


def is_plain_name(name: str) -> bool:
    """The same of one file's or folder's name."""
    is_word = name.isprintable() and not name.startswith(".") and not _FORBIDDEN & set(name)
    return 0 < len(name) <= LONGEST_NAME and is_word


def pack(
    file: BinaryIO, folder: RunFolder, data: Mapping[str, Path], places: Iterable[str]
) -> None:
    """Write an archive of data files and of some of a run's files, told by their places.

    Settings and status are written as of a run made anywhere, by no process.
    """
    config, status = folder.config(), folder.status()
    nowhere = config.dataset.model_copy(update={"path": ""})
    nobody = {"pid": None, "process_created": None}
    told = {
        CONFIG: config.model_copy(update={"dataset": nowhere}).model_dump_json(indent=2),
        STATUS: status.model_copy(update=nobody).model_dump_json(),
    }
    with (
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, strict_timestamps=False) as to,
        tempfile.TemporaryDirectory() as drafts,
    ):
        for place, path in data.items():
            to.write(path, f"{DATA}{place}")
        for place in places:
            if place in told:
                to.writestr(f"{RUN}{place}", told[place])
            elif place == METRICS:
                metrics.copy(folder.metrics_file, Path(drafts) / METRICS)
                to.write(Path(drafts) / METRICS, f"{RUN}{place}")
            else:
                to.write(folder.path / place, f"{RUN}{place}")
