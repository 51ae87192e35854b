"""Writing a file whole or not at all, and what a disk that refuses means in words."""

from __future__ import annotations

import errno
import os
import re
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from causalpima_core.errors import CausalPimaError, RunFolderError, StorageError

_FULL = (errno.ENOSPC, errno.EDQUOT)
_NOT_WRITABLE = (errno.EROFS, errno.EACCES, errno.EPERM)
_DRAFT = re.compile(r"\..+-[a-z0-9_]{8}")
"""Names that `tempfile` gives to what `replacing` has not finished."""
FORGOTTEN_SECONDS = 3600.0
"""Time without a write from which a draft belongs to nobody any more."""


@contextmanager
def replacing(path: Path, *, durable: bool = True) -> Iterator[BinaryIO]:
    """A binary file that takes the place of ``path`` once it is whole and closed.

    Args:
        path: the file to write; as it was until the last moment.
        durable: whether it must outlast a power cut. That costs 5 to 10 ms on an ordinary disk,
            which nobody owes to a file that is written again within a second.
    """
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    except OSError as error:
        error.filename = str(path)  # the draft's means nothing to anyone
        raise
    draft = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            if durable:
                file.flush()
                os.fsync(file.fileno())
        draft.chmod(0o644)
        draft.replace(path)
    except BaseException as error:
        draft.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename in (None, name):
            error.filename = str(path)
        raise


def drafts(folder: Path, *, older_than: float = 0.0) -> list[Path]:
    """What writers that were killed have left in ``folder``, if that was seconds ago."""
    now = time.time()
    return [
        path
        for path in folder.glob(".*")
        if _DRAFT.fullmatch(path.name) and now - _written(path) >= older_than
    ]


def _written(path: Path) -> float:
    """When a file, or anything in a folder, was last written; now where it is gone meanwhile."""
    try:
        return max(one.stat().st_mtime for one in (path, *path.rglob("*")))
    except OSError:
        return time.time()


def refusal(error: OSError) -> CausalPimaError | None:
    """What a person can do about a file that could not be written; None for any other error."""
    place = f"'{error.filename}'" if error.filename else "A file"
    if error.errno in _FULL:
        return StorageError(
            f"The disk is full: {place} could not be written ({error.strerror}). "
            "Free some space and try again; a run can be resumed."
        )
    if error.errno in _NOT_WRITABLE:
        return RunFolderError(
            f"{place} cannot be written ({error.strerror}): "
            "choose a place you may write to, or ask for it to be made writable."
        )
    return None
