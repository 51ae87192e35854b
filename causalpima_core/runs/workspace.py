"""Where the app keeps datasets and runs: one folder, named by CAUSALPIMA_WORKSPACE."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock

from causalpima_core.errors import RunFolderError
from causalpima_core.runs.files import FORGOTTEN_SECONDS, drafts, replacing
from causalpima_core.runs.limits import quota, size_words
from causalpima_core.runs.store import RunFolder

BESIDE = (".truth.json", ".truth.csv", ".metadata.csv", ".units.json")
"""Endings of files that belong to a data file and are none themselves."""

USERS = "users"
_ARRIVING = ".arriving-"
_PRIVATE = re.compile(r"[0-9a-f]{32}")
_NOT_PLAIN = re.compile(r"[^A-Za-z0-9._-]+")
MAX_NAME = 60


def plain_name(text: str) -> str:
    """``text`` as a file name that is safe everywhere and cannot leave its folder.

    >>> plain_name("../My data (2).npz")
    'My-data-2-.npz'
    """
    return _NOT_PLAIN.sub("-", text).strip("-. ")[:MAX_NAME].rstrip("-. ") or "unnamed"


def _written(path: Path) -> float | None:
    """When a file was written; None where there is none, or no more."""
    try:
        return path.stat().st_mtime
    except OSError:
        return None


class Workspace:
    """The datasets and runs of one person or group."""

    def __init__(self, root: Path | str | None = None) -> None:
        """Use ``root``, or CAUSALPIMA_WORKSPACE, or ``.causalpima`` in the home folder."""
        chosen = root or os.environ.get("CAUSALPIMA_WORKSPACE") or Path.home() / ".causalpima"
        self.root = Path(chosen).absolute()

    @classmethod
    def private(cls, root: Path | str | None, identity: str) -> Workspace:
        """The workspace below ``root`` of one user, told from others by ``identity`` alone."""
        name = hashlib.sha256(identity.encode()).hexdigest()[:32]
        return cls(Workspace(root).root / USERS / name)

    @property
    def is_private(self) -> bool:
        """Whether it is one user's, so that nothing outside of it may be read for them."""
        return self.root.parent.name == USERS and bool(_PRIVATE.fullmatch(self.root.name))

    @property
    def shared_root(self) -> Path:
        """What all workspaces of this server have in common."""
        return self.root.parent.parent if self.is_private else self.root

    def all_of_server(self) -> list[Workspace]:
        """The shared workspace and every user's."""
        users = [Workspace(path) for path in (self.shared_root / USERS).glob("[!.]*")]
        return [Workspace(self.shared_root), *(w for w in users if w.is_private)]

    @property
    def datasets_folder(self) -> Path:
        """Where data files lie."""
        return self.root / "datasets"

    @property
    def runs_folder(self) -> Path:
        """Where run folders lie."""
        return self.root / "runs"

    @property
    def is_writable(self) -> bool:
        """Whether data and runs can be added; the folder itself need not be there yet."""
        places = (self.root, *self.root.parents)
        return os.access(next(place for place in places if place.exists()), os.W_OK)

    def runs(self) -> list[RunFolder]:
        """All runs, newest first."""
        # Not the folder's own time, which a title or a name given much later would change.
        written = {p: _written(p / "config.json") for p in self.runs_folder.glob("[!.]*")}
        folders = [p for p, when in written.items() if when is not None]
        return [RunFolder(p) for p in sorted(folders, key=lambda p: -(written[p] or 0.0))]

    def run(self, name: str) -> RunFolder:
        """The run of that name, which in a private workspace is all that it reads for its user.

        Raises:
            RunFolderError: there is none, or it or its data lie outside of a private workspace.
        """
        if name != plain_name(name):
            raise RunFolderError(f"'{name}' is not the name of a run.")
        folder = RunFolder(self.runs_folder / name).require()
        if self.is_private and folder.path.resolve().parent != self.runs_folder.resolve():
            raise RunFolderError(f"'{name}' is not the name of a run.")
        self.data_of(folder)
        return folder

    def data_of(self, folder: RunFolder) -> Path:
        """Where the data of a run lie, unless that is none of its user's business.

        Raises:
            RunFolderError: the workspace is private and the run names a file outside of it.
        """
        path = Path(folder.config().dataset.path)
        inside = path.resolve().is_relative_to(self.datasets_folder.resolve())
        if self.is_private and path != Path() and not inside:  # no path: it came without data
            raise RunFolderError(
                f"The data of run '{folder.name}' are not in your workspace, so it cannot be opened"
                " here: upload them on the Data page and start a new run."
            )
        return path

    def new_run_path(self, name: str) -> Path:
        """A free place for a run called ``name``; numbered where the name is taken."""
        plain = plain_name(name)
        path, number = self.runs_folder / plain, 2
        while path.exists():
            end = f"-{number}"
            path, number = self.runs_folder / f"{plain[: MAX_NAME - len(end)]}{end}", number + 1
        return path

    def datasets(self) -> list[Path]:
        """All data files, newest first."""
        files = [
            path
            for path in self.datasets_folder.glob("[!.]*")
            if path.is_file() and not path.name.endswith(BESIDE)
        ]
        return sorted(files, key=lambda path: -path.stat().st_mtime)

    def dataset(self, name: str) -> Path:
        """The data file of that name; `RunFolderError` where there is none."""
        path = self.datasets_folder / plain_name(name)
        away = self.is_private and path.resolve().parent != self.datasets_folder.resolve()
        if name != path.name or away or not path.is_file():
            raise RunFolderError(f"There is no dataset '{name}' here: upload it on the Data page.")
        return path

    def keep_upload(
        self, name: str, content: bytes, check: Callable[[Path], object] = Path.exists
    ) -> Path:
        """Store an uploaded file once by its content, under the name that it first came with.

        The ending is part of what it is: the same bytes are read otherwise as another format.

        Args:
            name: of the file.
            content: of the file.
            check: what it raises of the file, once that is written, says that it is not to stay.

        Raises:
            RunFolderError: there is no room for it, or it cannot be written; nothing is kept.
        """
        stem, ending = plain_name(Path(name).stem), _NOT_PLAIN.sub("", Path(name).suffix)[:12]
        ending = ending.rstrip("-.")  # as `plain_name` would
        digest = hashlib.sha256(content).hexdigest()
        for path in self.datasets_folder.glob(f"*-{digest[:8]}*{ending}"):
            if path.stat().st_size == len(content) and _digest_of(path) == digest:
                return path
        tag = digest[:8]
        if (self.datasets_folder / f"{stem}-{tag}{ending}").exists():
            tag = digest[:24]  # other content whose digest begins alike
        room = MAX_NAME - len(tag) - len(ending) - 1
        path = self.datasets_folder / f"{stem[:room]}-{tag}{ending}"
        try:
            self.datasets_folder.mkdir(parents=True, exist_ok=True)
            with self._arriving(path):
                # One at a time, so that two uploads do not both take the last room there is.
                with FileLock(self.root / ".room.lock"):
                    self.check_room(len(content))
                    with replacing(path) as file:
                        file.write(content)
                check(path)
        except OSError as error:
            raise RunFolderError(
                f"'{name}' cannot be kept ({error.strerror}): make room on the server's disk, or "
                "ask whoever runs it."
            ) from error
        return path

    @contextmanager
    def _arriving(self, path: Path) -> Iterator[None]:
        """Until a data file is known to be one: it goes with whoever brings it (see `sweep`)."""
        mark = self.datasets_folder / f"{_ARRIVING}{path.name}"
        with FileLock(mark):
            try:
                yield
            except BaseException:  # stopped, perhaps by Streamlit, whose ways are no exceptions
                path.unlink(missing_ok=True)
                raise
            finally:
                mark.unlink(missing_ok=True)

    def sweep(self) -> None:
        """Remove what pages that were killed have left half-done in the folder of data."""
        for mark in self.datasets_folder.glob(f"{_ARRIVING}*"):
            name = mark.name.removeprefix(_ARRIVING)
            with suppress(OSError), FileLock(mark, timeout=0):  # held as long as its page lives
                for left in (name, f".{name}-*"):
                    _remove(self.datasets_folder.glob(left))
                mark.unlink(missing_ok=True)
        old = drafts(self.datasets_folder, older_than=FORGOTTEN_SECONDS)
        _remove(path for path in old if not path.name.startswith(_ARRIVING))

    def remove_dataset(self, name: str) -> None:
        """Delete a data file and what lies beside it (truth, metadata) for good.

        Raises:
            RunFolderError: there is none of that name.
        """
        path = self.dataset(name)
        for beside in BESIDE:
            path.with_suffix(beside).unlink(missing_ok=True)
        path.unlink()

    # -- room -----------------------------------------------------------------------------------

    def used(self) -> int:
        """Bytes that all files of this workspace take; the shared one's without its users'."""
        total, folders = 0, [self.root]
        while folders:
            with suppress(OSError), os.scandir(folders.pop()) as entries:
                for entry in entries:
                    if not entry.is_dir(follow_symlinks=False):
                        total += entry.stat(follow_symlinks=False).st_size
                    elif Path(entry.path) != self.root / USERS:
                        folders.append(Path(entry.path))
        return total

    def check_room(self, size: int = 0) -> None:
        """Whether ``size`` more bytes may be kept.

        Raises:
            RunFolderError: they may not.
            ConfigError: the limit that the server was given is none.
        """
        limit = quota()
        if limit is None:
            return
        used = self.used()
        if used + size > limit:
            need = f", and this needs {size_words(size)}" if size else ""
            raise RunFolderError(
                f"Your workspace is full: {size_words(used)} of {size_words(limit)} are used{need}."
                " Delete data on the Data page or runs on the Runs page."
            )


def _remove(paths: Iterable[Path]) -> None:
    for path in paths:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _digest_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
