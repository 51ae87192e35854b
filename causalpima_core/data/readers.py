"""Files to datasets: one function to call, one reader per format behind it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from causalpima_core.data.arrays import array_of, arrays_of, checked_ids
from causalpima_core.data.collections import IDENTIFIERS, dataset_of_sources
from causalpima_core.data.containers import folder_sources, zip_sources
from causalpima_core.data.frames import SAMPLE_ID, frame_at, read_frame
from causalpima_core.data.hdf5 import read_hdf5
from causalpima_core.data.mudata import read_mudata
from causalpima_core.data.multimodal import MultimodalDataset, modality_of_array
from causalpima_core.data.netcdf import read_netcdf
from causalpima_core.data.parts import (
    Part,
    dataset_of,
    ends,
    taken_in_order,
    together,
    written_alike,
)
from causalpima_core.data.sources import Source, shown
from causalpima_core.data.tables import part_of_frame, require_numbers
from causalpima_core.data.units import described
from causalpima_core.errors import DataError

METADATA_SUFFIXES = (".metadata.csv", ".truth.csv")
"""Neighbours of a file of arrays with a line per sample: what the person adds, what is known."""

ARCHIVE = ".zip"
_log = logging.getLogger(__name__)


def load_dataset(path: Path | str) -> MultimodalDataset:
    """Read a data file, folder or archive; the suffix decides the format.

    What takes long can be watched and stopped (`conversion.watching`).

    Args:
        path: a folder, or a file ending in one of `SUFFIXES`.

    Raises:
        DataError: of one sentence: what was expected, what came, what to do.
    """
    path = Path(path).absolute()  # '.' has no name
    try:
        dataset = described(_read(path), path)
    except OSError as error:
        raise DataError(
            f"'{shown(str(path))}' cannot be read ({error.strerror or error})."
        ) from error
    except MemoryError as error:
        raise DataError(
            f"'{shown(path.name)}' is too large for the memory: give fewer samples, or smaller "
            "ones."
        ) from error
    for note in dataset.notes:
        _log.warning("%s", note)
    return dataset


def _read(path: Path) -> MultimodalDataset:
    name = shown(path.name)
    if path.is_dir():
        return dataset_of_sources(folder_sources(path), READERS, name)
    if path.suffix.lower() not in SUFFIXES:
        raise DataError(
            f"'{name}' is in a format that cannot be read: expected a folder or a file ending in "
            f"{', '.join(SUFFIXES)}."
        )
    if not path.is_file():
        raise DataError(f"There is no file '{shown(str(path))}': check the path.")
    source = Source.of_file(path)
    if source.suffix == ARCHIVE:
        with zip_sources(source) as sources:
            return dataset_of_sources(sources, READERS, name)
    part = READERS[source.suffix](source)
    if isinstance(part, list):
        return together(part)
    dataset = dataset_of(part)
    if len(dataset.metadata.columns):
        return dataset
    metadata, notes = _neighbouring_metadata(path, part, dataset.sample_id)
    return replace(dataset, metadata=metadata, notes=(*dataset.notes, *notes))


def read_npz(source: Source) -> Part:
    """Read NumPy's archive: one array per modality, and ``sample_id`` where there is one.

    Raises:
        DataError: naming the array where there is one.
    """
    arrays = arrays_of(source)
    sample_id = arrays.pop(SAMPLE_ID, None)
    for name, array in arrays.items():
        if array.ndim == 1 and array.dtype.kind in "fiub" and array.size:
            raise DataError(
                f"Modality '{shown(name)}' has one axis ({len(array)} numbers): expected the "
                "samples on the first axis and their values on others; reshape it to (n, 1) to "
                f"train on it as a table, or keep it in a column of '{source.stem}.metadata.csv'."
            )
    modalities = tuple(modality_of_array(name, array) for name, array in arrays.items())
    if not modalities:
        raise DataError("Expected at least one modality to train on, got none.")
    ids = None if sample_id is None else checked_ids(sample_id)
    return Part(source.told, len(modalities[0].values), modalities, ids)


def read_npy(source: Source) -> Part:
    """Read one array as the modality that the file is called by."""
    array = array_of(source)
    if array.ndim == 1:
        array = array[:, None]
    modality = modality_of_array(source.stem, array)
    return Part(source.told, len(array), (modality,))


def read_table(source: Source) -> Part:
    """Read comma- or tab-separated values with one header line, or Parquet."""
    frame = read_frame(source)
    part = part_of_frame(frame, source.told)
    require_numbers(part, frame)
    return part


def _neighbouring_metadata(
    path: Path, part: Part, sample_id: NDArray[np.str_]
) -> tuple[pd.DataFrame, list[str]]:
    """Columns of the neighbours that belong to these samples, in the samples' order, and notes."""
    metadata, notes = pd.DataFrame(index=range(len(sample_id))), []
    for neighbour in (path.with_suffix(suffix) for suffix in METADATA_SUFFIXES):
        if neighbour.is_file():
            columns, told = _columns_for(neighbour, part, sample_id)
            metadata = metadata.join(columns.drop(columns=metadata.columns, errors="ignore"))
            notes += told
    return metadata, notes


def _columns_for(
    neighbour: Path, part: Part, sample_id: NDArray[np.str_]
) -> tuple[pd.DataFrame, list[str]]:
    frame = frame_at(neighbour, text=IDENTIFIERS)
    naming = [c for c in IDENTIFIERS if c in frame.columns]
    columns, told = frame.drop(columns=naming), shown(neighbour.name)
    names = frame[naming[0]].astype(str).to_numpy(dtype=np.str_) if naming else np.array([], str)
    named = pd.Index(written_alike(names, set(sample_id.tolist())))
    if set(named) == set(sample_id) and named.is_unique:
        return columns.set_axis(named).loc[list(sample_id)].reset_index(drop=True), []
    if len(frame) != len(sample_id) or (naming and part.sample_id is not None):
        note = (
            f"'{told}' is left out: it has {len(frame)} lines that are not the "
            f"{len(sample_id)} samples of the data."
        )
        return pd.DataFrame(index=range(len(sample_id))), [note]
    if not naming:
        return columns, [taken_in_order(told, part.origin, sample_id)]
    note = (
        f"The samples of '{told}' ({ends(names)}) are taken in the order of '{part.origin}', which "
        "does not name its own: check that they are the same, or give it a 'sample_id'."
    )
    return columns, [note]


READERS: dict[str, Callable[[Source], Part | list[Part]]] = {
    ".npz": read_npz,
    ".npy": read_npy,
    ".csv": read_table,
    ".tsv": read_table,
    ".parquet": read_table,
    ".h5": read_hdf5,
    ".hdf5": read_hdf5,
    ".nc": read_netcdf,
    ".h5mu": read_mudata,
}
"""Suffix -> reader: a new format is a new line here."""

SUFFIXES = (*READERS, ARCHIVE)
"""What a data file may end in."""
