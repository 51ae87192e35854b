"""A finished run with its data in one archive, so that a first look needs no training."""

from __future__ import annotations

import zipfile
from pathlib import Path

from causalpima_core.config import RunConfig
from causalpima_core.errors import RunFolderError
from causalpima_core.runs.records import Status
from causalpima_core.runs.store import RunFolder, replacing
from causalpima_core.runs.workspace import Workspace

DATA, RUN = "data/", "run/"


def pack(archive: Path, data: list[Path], files: dict[str, bytes]) -> None:
    """Write an archive of data files and of a run's files by their place in its folder."""
    with replacing(archive) as out, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, True, 9) as to:
        for path in data:
            to.write(path, f"{DATA}{path.name}")
        for place, content in sorted(files.items()):
            to.writestr(f"{RUN}{place}", content)


def unpack(archive: Path, workspace: Workspace) -> RunFolder:
    """The archive's run in ``workspace``, with its data; put there unless it is there already.

    The run comes last and in one step: where it is, all of it is, and its data as well.

    Raises:
        RunFolderError: the archive is damaged, the workspace cannot be written, or another run
            has the name.
    """
    data, run = _parts(archive)
    config = RunConfig.from_json(run.pop("config.json").decode())
    status = Status.model_validate_json(run.pop("status.json"))
    _keep(data, workspace.datasets_folder)
    place = str(workspace.datasets_folder / config.dataset.name)
    here = config.dataset.model_copy(update={"path": place})
    path = workspace.runs_folder / config.name
    if path.exists():
        return _the_same(RunFolder(path), config)
    return RunFolder.create(path, config.model_copy(update={"dataset": here}), status, run)


def _parts(archive: Path) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """Data files by name, and files of the run by place."""
    try:
        with zipfile.ZipFile(archive) as packed:
            content = {name: packed.read(name) for name in packed.namelist()}
    except (OSError, zipfile.BadZipFile) as error:
        raise RunFolderError(
            f"'{archive}' cannot be read ({error}): get the program anew, or train an example."
        ) from error
    data, run = (
        {name.removeprefix(part): held for name, held in content.items() if name.startswith(part)}
        for part in (DATA, RUN)
    )
    return data, run


def _keep(data: dict[str, bytes], folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in data.items():
            if not (folder / name).exists():
                with replacing(folder / name) as file:
                    file.write(content)
    except OSError as error:
        raise RunFolderError(
            f"Cannot write to '{folder}' ({error.strerror}): choose another workspace."
        ) from error


def _the_same(found: RunFolder, config: RunConfig) -> RunFolder:
    if found.require().config().created != config.created:
        raise RunFolderError(
            f"Another run is called '{found.name}': rename or delete it to see the example."
        )
    return found
