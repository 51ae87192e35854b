"""Files that come in: uploads checked before they stay, and examples made on request."""

from __future__ import annotations

import hashlib
import io
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import streamlit as st
from pydantic import ValidationError

from app.services.loaders import dataset_at, workspace
from causalpima_core.data.adjusting import Adjustment, adjusted
from causalpima_core.data.conversion import Progress, watching
from causalpima_core.data.examples import EXAMPLES, write_example
from causalpima_core.data.multimodal import Modality, MultimodalDataset
from causalpima_core.data.readers import load_dataset
from causalpima_core.data.scale import Scale
from causalpima_core.data.units import Description, describe, descriptions
from causalpima_core.data.writers import write_dataset
from causalpima_core.errors import DataError, RunFolderError
from causalpima_core.runs.workspace import plain_name


@dataclass(frozen=True)
class Accepted:
    """An upload that is a dataset: where it lies, and whether it did so before."""

    path: Path
    was_here: bool


def accept_files(files: Sequence[tuple[str, bytes]], progress: Progress) -> Accepted:
    """Keep one uploaded file, or several as one archive, if they are a dataset.

    Args:
        files: names and contents.
        progress: told what share is read or unpacked; what it raises ends that.

    Raises:
        DataError: they are not; nothing is kept.
        RunFolderError: there is no room for them.
    """
    if len(files) == 1:
        return _accept(*files[0], progress)
    stem = Path(files[0][0]).stem
    return _accept(f"{stem}-and-{len(files) - 1}-more.zip", _packed(files), progress)


def _accept(name: str, content: bytes, progress: Progress) -> Accepted:
    checked = []

    def check(path: Path) -> None:
        load_dataset(path).check_trainable()
        checked.append(path)

    with watching(progress):  # not in the cache, whose work Streamlit lets nobody watch
        path = workspace().keep_upload(name, content, check)
        if not checked:
            check(path)  # what is here may still have to be unpacked again
            return Accepted(path, was_here=True)
    return Accepted(path, was_here=False)


def _packed(files: Sequence[tuple[str, bytes]]) -> bytes:
    """Files as an archive, the same bytes for the same files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in sorted(files):
            member = zipfile.ZipInfo(PurePosixPath(name.replace("\\", "/")).name or "unnamed")
            archive.writestr(member, content, zipfile.ZIP_DEFLATED, 1)
    return buffer.getvalue()


def changed(path: Path, modality: Modality, change: Adjustment) -> Path:
    """Another dataset, with one modality changed.

    Raises:
        DataError: it cannot be changed so.
    """
    dataset = adjusted(dataset_at(path), {modality.name: change})
    how = "log" if change.logarithm else f"{change.largest_side}px"
    with tempfile.TemporaryDirectory() as draft:
        file = Path(draft) / "changed.h5"
        write_dataset(dataset, file)
        content = file.read_bytes()
    return workspace().keep_upload(f"{path.stem}-{plain_name(modality.name)}-{how}.h5", content)


def ends_of(modality: Modality) -> tuple[str, str]:
    """Where a curve begins and ends, as a field shows it; empty where unknown."""
    if not modality.axis:
        return "", ""
    return f"{modality.axis[0]:g}", f"{modality.axis[-1]:g}"


def state_meaning(path: Path, modality: Modality, given: Mapping[str, str]) -> None:
    """Keep what a person says of a modality's unit, axis and channels.

    Args:
        path: of the dataset.
        modality: as it was read.
        given: ``unit``, ``start``, ``stop``, ``axis_unit`` and ``channels`` as they were typed;
            empty where nothing is known.

    Raises:
        DataError: they are not understood, or do not fit the modality.
    """
    ends = [given.get(end, "").strip() for end in ("start", "stop")]
    try:
        axis = tuple(float(end) for end in ends) if any(ends) else ()
    except ValueError as error:
        raise DataError(
            f"'{ends[0]}' and '{ends[1]}' are not the ends of an axis: expected two numbers."
        ) from error
    if tuple(ends) == ends_of(modality):
        # unchanged: what was said stays, which may be uneven in between
        axis = descriptions(path).get(modality.name, Description()).axis
    channels = [part.strip() for part in given.get("channels", "").split(",")]
    try:
        told = Description(
            unit=given.get("unit", "").strip(),
            axis=axis,
            axis_unit=given.get("axis_unit", "").strip(),
            channels=tuple(channels) if any(channels) else (),
            scale=modality.scale,
        )
    except ValidationError as error:
        raise DataError(
            "Units and channels are words of at most 40 characters, ends of an axis finite: "
            "correct them."
        ) from error
    describe(path, modality, told)


def state_scale(path: Path, modality: Modality, scale: Scale) -> None:
    """Keep how runs that are begun from now on are to scale a modality.

    Raises:
        DataError: what is kept beside the data is damaged.
    """
    known = descriptions(path).get(modality.name, Description())
    describe(path, modality, known.model_copy(update={"scale": scale}))


def read_upload(name: str, content: bytes) -> tuple[MultimodalDataset, str]:
    """Samples of an uploaded file that is not kept, and what tells it from any other file.

    Raises:
        DataError: it is not a dataset.
    """
    digest = hashlib.sha256(content).hexdigest()
    return _read(digest, plain_name(name), content), digest


@st.cache_resource(show_spinner="Reading the file …", max_entries=4)
def _read(digest: str, name: str, _content: bytes) -> MultimodalDataset:
    with tempfile.TemporaryDirectory() as draft:
        path = Path(draft) / name
        path.write_bytes(_content)
        return load_dataset(path)


def make_example(name: str, graph: str, samples: int, seed: int) -> Path:
    """The example's file, made unless it is there; the same choices give the same file.

    Raises:
        RunFolderError: there is no room for it.
    """
    own = workspace()
    path = own.datasets_folder / f"{name}-{graph}-{samples}-seed{seed}.npz"
    if not path.is_file():
        own.check_room()
        write_example(name, path, samples=samples, seed=seed, graph=graph)
        try:
            own.check_room()
        except RunFolderError:
            own.remove_dataset(path.name)
            raise
    return path


def suggested_states(dataset_name: str) -> tuple[int, ...]:
    """Numbers of states to begin with: an example's own, else three nodes of two."""
    for name, info in EXAMPLES.items():
        if dataset_name.startswith(name):
            return info.states
    return (2, 2, 2)
