"""A run from elsewhere comes into a workspace: the finished example, or someone else's bundle."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from causalpima_core.config import RunConfig
from causalpima_core.errors import CausalPimaError
from causalpima_core.runs.store import RunFolder
from causalpima_core.runs.unpacking import open_bundle
from causalpima_core.runs.workspace import Workspace


def unpack(archive: Path | BinaryIO, workspace: Workspace, name: str = "bundle") -> RunFolder:
    """The bundle's run in ``workspace``, with its data; put there unless it is there already.

    The run comes last and in one step: where it is, all of it is, and its data as well.

    Args:
        archive: a bundle.
        workspace: where run and data go.
        name: what to call the bundle in messages, where it is not a path.

    Raises:
        RunFolderError: the archive is no bundle, or the workspace is full or cannot be written.
    """
    with open_bundle(archive, name) as bundle:
        found = _the_same(workspace, bundle.config)
        if found is None:
            workspace.check_room(bundle.packed.size)
        with bundle.staged_data(workspace.datasets_folder) as data:
            if found is None:
                return bundle.make(workspace.new_run_path(bundle.config.name), data)
            data.keep()
            return found


def _the_same(workspace: Workspace, config: RunConfig) -> RunFolder | None:
    """The run that was made at the same moment of the same data, if it is here."""
    for folder in workspace.runs():
        try:
            here = folder.config()
        except CausalPimaError:
            continue  # a damaged run is none that was asked for
        if (here.created, here.dataset.sha256) == (config.created, config.dataset.sha256):
            return folder
    return None
