"""A run folder is made in one step: it is there with all that belongs in it, or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from causalpima_core.errors import RunFolderError
from causalpima_core.runs.files import FORGOTTEN_SECONDS, drafts

_NEW = ".new-run-"


@contextmanager
def appearing(path: Path) -> Iterator[Path]:
    """A folder to fill that takes the place ``path`` once the block has ended.

    What is raised inside leaves no folder behind.

    Raises:
        RunFolderError: ``path`` is taken or cannot be written.
    """
    if path.exists():
        raise RunFolderError(
            f"Run folder '{path}' already exists: choose another name, or delete it first."
        )
    draft = _draft_beside(path)
    try:
        os.chmod(draft, 0o755)  # noqa: PTH101, S103 - mkdtemp makes it private
        yield draft
        draft.rename(path)
    except OSError as error:
        raise RunFolderError(
            f"Cannot write a run folder at '{path}' ({error.strerror})."
        ) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)  # it has another name where all went well


def _draft_beside(path: Path) -> Path:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for left in drafts(path.parent, older_than=FORGOTTEN_SECONDS):
            if left.name.startswith(_NEW):  # all else in this place is not ours
                shutil.rmtree(left, ignore_errors=True)
        return Path(tempfile.mkdtemp(prefix=_NEW, dir=path.parent))
    except OSError as error:
        raise RunFolderError(
            f"Cannot write a run folder at '{path}' ({error.strerror}): "
            "choose a place you may write to."
        ) from error
