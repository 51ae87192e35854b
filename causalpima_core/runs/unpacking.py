"""A bundle becomes a run folder again, whole and checked, whoever it came from."""

from __future__ import annotations

import filecmp
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import BinaryIO

from pydantic import ValidationError

from causalpima_core.config import IN_MEMORY, DatasetReference, RunConfig
from causalpima_core.errors import ConfigError, RunFolderError
from causalpima_core.runs.archive import Archive, check_arrays, check_space, opened
from causalpima_core.runs.bundle import CONFIG, DATA, RUN, STATUS, is_plain, is_plain_name
from causalpima_core.runs.inspection import check_run
from causalpima_core.runs.records import RunState, Status
from causalpima_core.runs.store import RunFolder


class StagedData:
    """Data files that wait to be moved into a folder of datasets.

    One that is there already is not moved; where another has its name, these get a number.
    """

    def __init__(self, drafts: Path, folder: Path, name: str) -> None:
        """Find names for what lies in ``drafts``, where the dataset is called ``name``."""
        stem = Path(name).stem
        files = [draft for draft in drafts.rglob("*") if draft.is_file()]
        for number in count(1):
            new = stem if number == 1 else f"{stem}-{number}"
            places = {d: d.relative_to(drafts).as_posix().replace(stem, new, 1) for d in files}
            self._ends = {draft: folder / place for draft, place in places.items()}
            self.dataset = folder / name.replace(stem, new, 1)
            if all(not to.exists() or _same(draft, to) for draft, to in self._ends.items()):
                break

    def keep(self) -> None:
        """Move them to their places."""
        for draft, to in self._ends.items():
            to.parent.mkdir(parents=True, exist_ok=True)
            draft.replace(to)


@dataclass(frozen=True)
class Bundle:
    """An open bundle whose entries were checked; ``config`` and ``status`` are those of its run."""

    packed: Archive
    config: RunConfig
    status: Status

    @property
    def data(self) -> list[str]:
        """Places of the data files in the archive."""
        return [place for place in self.packed.places if place.startswith(DATA)]

    @contextmanager
    def staged_data(self, folder: Path) -> Iterator[StagedData]:
        """The data unpacked beside a folder of datasets, to be moved into it or forgotten."""
        check_space(folder, self.packed.size)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix=".new-data-", dir=folder) as place:
                self._copy_data(Path(place))
                yield StagedData(Path(place), folder, self.config.dataset.name)
        except OSError as error:
            raise RunFolderError(
                f"Cannot write to '{folder}' ({error.strerror}): choose another workspace."
            ) from error

    def make(self, to: Path, data: StagedData | None = None) -> RunFolder:
        """Make the run folder ``to``; its data are inside unless they were staged elsewhere.

        Raises:
            RunFolderError: the bundle is damaged, or ``to`` is taken or cannot be written.
        """
        check_space(to, self.packed.size)
        at = data.dataset if data else RunFolder(to).data / self.config.dataset.name
        reference = self._reference(at)
        config = self.config.model_copy(update={"name": to.name, "dataset": reference})

        def fill(draft: Path) -> None:
            self._copy_run(draft)
            check_run(RunFolder(draft), self.packed.name)
            if data:
                data.keep()
            elif self.data:
                RunFolder(draft).data.mkdir()
                self._copy_data(RunFolder(draft).data)

        return RunFolder.create(to, config, self.status, fill)

    def _reference(self, at: Path) -> DatasetReference:
        """The data at a place; those that were in memory and do not come along have none."""
        reference = self.config.dataset
        nowhere = reference.name == IN_MEMORY and not self.data
        place = {"path": ""} if nowhere else {"path": str(at), "name": at.name}
        return reference.model_copy(update=place)

    def _copy_data(self, folder: Path) -> None:
        for place in self.data:
            to = folder / place.removeprefix(DATA)
            to.parent.mkdir(parents=True, exist_ok=True)
            self.packed.copy(place, to)

    def _copy_run(self, folder: Path) -> None:
        for packed in self.packed.places:
            place = packed.removeprefix(RUN)
            if packed.startswith(RUN) and place not in (CONFIG, STATUS):
                (folder / place).parent.mkdir(exist_ok=True)
                self.packed.copy(packed, folder / place)
                if place.endswith(".npz"):
                    check_arrays(folder / place, self.packed.name)


@contextmanager
def open_bundle(archive: Path | BinaryIO, name: str = "bundle") -> Iterator[Bundle]:
    """A bundle to be kept somewhere, if it is one.

    Args:
        archive: what `pack` wrote, or a stranger claims it did.
        name: what to call it in messages, where it is not a path.

    Raises:
        RunFolderError: it is no bundle, or one that might do harm.
    """
    name = archive.name if isinstance(archive, Path) else name
    with opened(archive, name, _is_expected) as packed:
        try:
            config = RunConfig.from_json(packed.text(f"{RUN}{CONFIG}"))
            status = Status.model_validate_json(packed.text(f"{RUN}{STATUS}"))
        except (ConfigError, ValidationError) as error:
            raise RunFolderError(
                f"'{name}' holds settings that cannot be read: it is damaged, or of another "
                "version of the program."
            ) from error
        if not is_plain_name(config.dataset.name):
            raise RunFolderError(f"'{name}' is not opened: its data have no plain file name.")
        changes: dict[str, object] = {"pid": None, "process_created": None}
        if not status.state.is_final:  # nobody trains it here
            changes |= {"state": RunState.CANCELLED, "eta_seconds": None}
        yield Bundle(packed, config, status.model_copy(update=changes))


def unpack(archive: Path, to: Path) -> RunFolder:
    """Make the run folder ``to``, with the data inside where the bundle has them.

    Raises:
        RunFolderError: the archive is not a bundle, or ``to`` is taken or cannot be written.
    """
    with open_bundle(archive) as bundle:
        return bundle.make(to.absolute())


def _same(one: Path, other: Path) -> bool:
    return other.is_file() and filecmp.cmp(one, other, shallow=False)


def _is_expected(place: str) -> bool:
    if place.startswith(RUN):
        return RunFolder.is_portable(place.removeprefix(RUN))
    return place.startswith(DATA) and is_plain(place.removeprefix(DATA))
