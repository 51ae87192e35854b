"""Datasets to one file that holds all there is: values, samples, metadata, units and axes."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import h5py
import numpy as np
import pandas as pd

from causalpima_core.data.frames import SAMPLE_ID
from causalpima_core.data.hdf5 import METADATA
from causalpima_core.data.multimodal import Modality, MultimodalDataset
from causalpima_core.data.scale import Scale
from causalpima_core.data.stored import StoredValues, pieces
from causalpima_core.errors import DataError
from causalpima_core.runs.files import replacing

WRITTEN = ".h5"
_SLASH = "∕"
"""In place of a slash, which would make a group of the name."""
_ATTRIBUTES = ("unit", "axis", "axis_unit", "columns", "channels")


def write_dataset(dataset: MultimodalDataset, path: Path) -> None:
    """Write HDF5 that `load_dataset` reads as the same dataset, but for slashes in names.

    Args:
        dataset: to write.
        path: ends in ``.h5``.

    Raises:
        DataError: it ends otherwise, or cannot be written; nothing is left there.
    """
    if path.suffix.lower() != WRITTEN:
        raise DataError(f"'{path.name}' cannot be written: expected a file ending in {WRITTEN}.")
    try:
        # HDF5 reads what it has written, which a file that is only written to does not allow
        with tempfile.TemporaryFile(dir=path.parent) as draft, replacing(path) as stream:
            with h5py.File(draft, "w", libver="latest") as file:  # long names and axes
                _write(file, dataset)
            draft.seek(0)
            shutil.copyfileobj(draft, stream)
    except OSError as error:
        raise DataError(
            f"'{path}' cannot be written ({error.strerror or error}): choose another place."
        ) from error


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
