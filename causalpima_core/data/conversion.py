"""Arrays that are unpacked once from files which cannot be read in place, kept in the workspace.

Whoever reads such a file for the first time waits, as for any that takes long: `watching` tells how
long, and lets it be stopped. A conversion is whole or not there.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from causalpima_core.errors import DataError
from causalpima_core.runs.files import FORGOTTEN_SECONDS, drafts
from causalpima_core.runs.workspace import Workspace, plain_name

Progress = Callable[[float], None]
"""Told the share that is done, from 0 to 1; what it raises stops the reading."""
SPARE_BYTES = 2**28
"""Room that a conversion must leave on the disk."""
SOURCE = "source.txt"

_watcher: ContextVar[Progress | None] = ContextVar("watcher", default=None)


@contextmanager
def watching(progress: Progress) -> Iterator[None]:
    """Have ``progress`` told of what is read or converted inside, by whatever reader."""
    token = _watcher.set(progress)
    try:
        yield
    finally:
        _watcher.reset(token)


def tell(share: float) -> None:
    """Tell whoever watches what share is done, from 0 to 1; they may raise to stop it."""
    watcher = _watcher.get()
    if watcher:
        watcher(share)


@contextmanager
def one_of(done: int, several: int) -> Iterator[None]:
    """Have what is told inside count as one of several things alike, of which so many are done."""
    watcher = _watcher.get()
    if watcher is None:
        yield
        return
    with watching(lambda share: watcher((done + share) / several)):
        yield


READERS = 3
"""Counts up when readers give other numbers, so that nothing older is taken."""


def converted(path: Path, n_bytes: int, write: Callable[[Path], None], part: str = "") -> Path:
    """The folder with what ``write`` makes of a file: made now, or found from the last time.

    Args:
        path: the file, archive or folder.
        n_bytes: how much ``write`` will write.
        write: fills a folder; calls `tell`.
        part: which part of the file it is made of, where there are several.

    Raises:
        DataError: there is no room for it.
    """
    cache = Workspace().root / "cache"
    folder = cache / f"{_key(path)}-{hashlib.sha256(part.encode()).hexdigest()[:8]}"
    if folder.is_dir():
        return folder
    cache.mkdir(parents=True, exist_ok=True)
    drop_outdated()
    free = shutil.disk_usage(cache).free
    if n_bytes + SPARE_BYTES > free:
        raise DataError(
            f"'{path.name}' must be unpacked to be read, which takes {n_bytes / 2**30:.1f} GiB, "
            f"but only {free / 2**30:.1f} GiB are free in '{cache}': make room there, or give the "
            "arrays uncompressed (numpy.save or numpy.savez)."
        )
    draft = Path(tempfile.mkdtemp(prefix=".new-", dir=cache))
    try:
        write(draft)
        (draft / SOURCE).write_text(str(path.absolute()))
        if not folder.is_dir():  # another process may have been faster
            draft.replace(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return folder


def _key(path: Path) -> str:
    """Of a file, or of all that is in a folder, at a place as it is now."""
    files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())
    digest = hashlib.sha256(f"{READERS}|{path.absolute()}".encode())
    for file in files:
        stat = file.stat()
        digest.update(f"|{file.relative_to(path)}|{stat.st_size}|{stat.st_mtime_ns}".encode())
    return f"{plain_name(path.stem)}-{digest.hexdigest()[:16]}"


def drop_outdated() -> None:
    """Remove conversions of files that are gone or have changed since, and forgotten drafts."""
    cache = Workspace().root / "cache"
    for folder in cache.glob("[!.]*"):
        source = folder / SOURCE
        path = Path(source.read_text()) if source.is_file() else None
        if path is None or not path.exists() or not folder.name.startswith(_key(path)):
            shutil.rmtree(folder, ignore_errors=True)
    for draft in drafts(cache, older_than=FORGOTTEN_SECONDS):
        shutil.rmtree(draft, ignore_errors=True)
