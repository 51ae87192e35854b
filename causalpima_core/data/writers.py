"""Datasets to one file that holds all there is: values, samples, metadata, units and axes."""

from __future__ import annotations

import shutil
import tempfile
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import h5py
import numpy as np
import pandas as pd

from causalpima_core.data.frames import SAMPLE_ID
from causalpima_core.data.hdf5 import METADATA
from causalpima_core.data.multimodal import Modality, MultimodalDataset
from causalpima_core.data.scale import Scale
from causalpima_core.data.stored import StoredValues, pieces
from causalpima_core.errors import DataError, StorageError
from causalpima_core.runs.files import refusal, replacing

WRITTEN = ".h5"
_SLASH = "∕"
"""In place of a slash, which would make a group of the name."""
MOST_IN_MEMORY = 2**28
"""Bytes of a draft that is made in memory."""
_ATTRIBUTES = ("unit", "axis", "axis_unit", "columns", "channels")


def write_dataset(dataset: MultimodalDataset, path: Path) -> None:
    """Write HDF5 that `load_dataset` reads as the same dataset, but for slashes in names.

    Args:
        dataset: to write.
        path: ends in ``.h5``.

    Raises:
        DataError: it ends otherwise, or cannot be written; nothing is left there.
        StorageError: the disk is full.
    """
    if path.suffix.lower() != WRITTEN:
        raise DataError(f"'{path.name}' cannot be written: expected a file ending in {WRITTEN}.")
    try:
        with _draft(dataset, path.parent) as draft:
            with h5py.File(draft, "w", libver="latest") as file:  # long names and axes
                _write(file, dataset)
            draft.seek(0)
            with replacing(path) as stream:
                shutil.copyfileobj(draft, stream)
    except OSError as error:
        raise refusal(error) or DataError(
            f"'{path}' cannot be written ({error.strerror or error}): choose another place."
        ) from error


def _draft(dataset: MultimodalDataset, folder: Path) -> BinaryIO:
    """Where HDF5 can read what it has written, as `replacing` does not allow; in memory if it can.

    A write that the disk refuses ends the whole process inside HDF5, so there must be room.
    """
    n_bytes = sum(m.values.size * _kept_as(m).itemsize for m in dataset.modalities)
    if n_bytes <= MOST_IN_MEMORY:
        return BytesIO()
    free = shutil.disk_usage(folder).free
    if n_bytes > free:
        raise StorageError(
            f"The disk is too full: this takes up to {n_bytes / 2**30:.1f} GiB in '{folder}', "
            f"where {free / 2**30:.1f} GiB are free. Free some space or choose another place."
        )
    return tempfile.TemporaryFile(dir=folder)


def _write(file: h5py.File, dataset: MultimodalDataset) -> None:
    for modality in dataset.modalities:
        _write_modality(file, modality)
    file[SAMPLE_ID] = [str(name) for name in dataset.sample_id]
    for name, column in dataset.metadata.items():
        _write_column(file, str(name), column)


def _write_modality(file: h5py.File, modality: Modality) -> None:
    shape, dtype = modality.values.shape, _kept_as(modality)
    place = modality.name.replace("/", _SLASH)
    item = file.create_dataset(place, shape, dtype, compression="gzip")
    for rows, piece in pieces(modality.values):
        item[rows] = piece
    item.attrs["kind"] = str(modality.kind)
    for key in _ATTRIBUTES:
        if getattr(modality, key):
            item.attrs[key] = getattr(modality, key)
    if modality.scale is not Scale.STANDARD:
        item.attrs["scale"] = str(modality.scale)


def _kept_as(modality: Modality) -> np.dtype:
    """Large data stay in the type that they are kept in, where that can tell what is missing."""
    values = modality.values
    if not isinstance(values, StoredValues) or values.kept_as.kind not in "fiu":
        return np.dtype(np.float32)
    can_tell = values.kept_as.kind == "f" or modality.observed.all()
    return values.kept_as if can_tell else np.dtype(np.float32)


def _write_column(file: h5py.File, name: str, column: pd.Series) -> None:
    """Numbers as they are, anything else as words."""
    place = f"{METADATA}/{name.replace('/', _SLASH)}"
    numeric = column.dtype.kind in "biuf"
    file[place] = column.to_numpy() if numeric else ["" if pd.isna(c) else str(c) for c in column]
