"""MuData files (.h5mu) as measurements: one modality per ``mod``, read by their published layout.

Read through h5py alone: a file from a stranger then meets the same checks as any other HDF5 file.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import h5py
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from causalpima_core.data.hdf5 import (
    array,
    members,
    opened,
    own,
    own_dataset,
    own_group,
    texts,
)
from causalpima_core.data.multimodal import Modality, modality_of_array
from causalpima_core.data.parts import Part
from causalpima_core.data.sources import Source, check_expansion, shown
from causalpima_core.errors import DataError

MAX_SPARSE_COLUMNS = 20_000


def read_mudata(source: Source) -> list[Part]:
    """Read ``mod/NAME/X`` with the names of observations and variables; ``obs`` is metadata.

    Returns:
        A part per modality, whose samples are matched by their names, and one of metadata.

    Raises:
        DataError: naming the modality.
    """
    with opened(source) as file:
        modalities = own_group(file, "mod", source)
        parts = [
            _part(name, own_group(modalities, name, source), source)
            for name in members(modalities, source)
        ]
        if "obs" in file:
            whole = _named(source.told, _frame(file, "obs", source))
            parts.insert(0, replace(whole, decides=True))
        return parts


def _part(name: str, group: h5py.Group, source: Source) -> Part:
    values = _matrix(name, own(group, "X", source), source)
    columns = tuple(_frame(group, "var", source).index.astype(str))
    modality = modality_of_array(name, values, columns)
    return _named(f"{source.told}, {shown(name)}", _frame(group, "obs", source), modality)


def _named(origin: str, frame: pd.DataFrame, *modalities: Modality) -> Part:
    """Measurements of the samples that a frame names, and its columns as metadata."""
    ids = frame.index.to_numpy(dtype=np.str_)
    return Part(origin, len(frame), modalities, ids, frame.reset_index(drop=True))


def _matrix(name: str, item: h5py.Dataset | h5py.Group, source: Source) -> NDArray:
    if isinstance(item, h5py.Dataset):
        return array(item, source)
    kind = str(item.attrs.get("encoding-type", ""))
    from scipy import sparse  # not before there is such a file

    form = {"csr_matrix": sparse.csr_matrix, "csc_matrix": sparse.csc_matrix}.get(kind)
    shape = tuple(int(length) for length in np.atleast_1d(item.attrs.get("shape", ())))
    if form is None or len(shape) != 2:
        raise DataError(
            f"Modality '{shown(name)}' of '{source.told}' holds '{shown(kind)}': expected a dense "
            "or sparse (CSR, CSC) matrix."
        )
    if shape[1] > MAX_SPARSE_COLUMNS:
        raise DataError(
            f"Modality '{shown(name)}' of '{source.told}' has {shape[1]:,} columns: expected at "
            f"most {MAX_SPARSE_COLUMNS:,}; choose variables or give principal components."
        )
    pieces = tuple(
        array(own_dataset(item, key, source), source) for key in ("data", "indices", "indptr")
    )
    check_expansion(f"Modality '{shown(name)}'", 10 * source.size, 4 * shape[0] * shape[1])
    matrix = form(pieces, shape=shape)
    matrix.check_format(full_check=True)
    return np.asarray(matrix.toarray())


def _frame(parent: h5py.Group, which: str, source: Source) -> pd.DataFrame:
    """A data frame as AnnData stores it: a dataset per column, one of them the index."""
    group = own_group(parent, which, source)
    index = str(group.attrs.get("_index", "_index"))
    columns: dict[str, Any] = {}
    for name in members(group, source):
        column = _column(own(group, name, source), source)
        if column is not None:
            columns[name] = column
    if index not in columns:
        raise DataError(
            f"'{shown(str(group.name))}' in '{source.told}' names no samples: write it again."
        )
    names = columns.pop(index)
    return pd.DataFrame(columns, index=pd.Index(np.asarray(names).astype(str)))


def _column(item: h5py.Dataset | h5py.Group, source: Source) -> NDArray | None:
    """Numbers, words or categories; None for anything else."""
    if isinstance(item, h5py.Dataset):
        if item.shape is None or len(item.shape) != 1:
            return None
        is_text = h5py.check_string_dtype(item.dtype) is not None
        return texts(item, source) if is_text else array(item, source)
    if item.attrs.get("encoding-type") != "categorical":
        return None
    categories = _column(own(item, "categories", source), source)
    codes = array(own_dataset(item, "codes", source), source)
    if categories is None:
        return None
    words = np.array([*categories.tolist(), None], dtype=object)
    return words[np.where((codes >= 0) & (codes < len(categories)), codes, -1)]
