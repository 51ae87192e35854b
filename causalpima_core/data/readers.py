"""Files to datasets: one function to call, one reader per format behind it."""

from __future__ import annotations

import logging
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from causalpima_core.data.archives import large_arrays
from causalpima_core.data.multimodal import MultimodalDataset, of_arrays
from causalpima_core.data.tables import SAMPLE_ID, read_csv, read_frame
from causalpima_core.errors import DataError

METADATA_SUFFIXES = (".metadata.csv", ".truth.csv")
"""Neighbours of an .npz file that hold a line per sample: what the person adds, what is known."""

IDENTIFIERS = ("sample", SAMPLE_ID)
"""Columns of such a neighbour that name the samples."""

_UNREADABLE = (
    ValueError,
    EOFError,
    OSError,
    RuntimeError,
    MemoryError,
    NotImplementedError,
    zipfile.BadZipFile,
    zlib.error,
)
"""What NumPy and zipfile raise on files that are damaged or something else."""

_log = logging.getLogger(__name__)


def load_dataset(path: Path | str) -> MultimodalDataset:
    """Read a data file; its suffix decides the format.

    Args:
        path: a file ending in one of the keys of `READERS`.

    Raises:
        DataError: of one sentence: what was expected, what came, what to do.
    """
    path = Path(path)
    if path.is_dir():
        raise DataError(f"'{path}' is a folder: expected a file ({_supported()}).")
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise DataError(
            f"'{path.name}' is in a format that cannot be read: expected {_supported()}."
        )
    if not path.is_file():
        raise DataError(f"There is no file '{path}': check the path.")
    try:
        return reader(path)
    except OSError as error:
        raise DataError(f"'{path}' cannot be read ({error.strerror or error}).") from error


def read_npz(path: Path) -> MultimodalDataset:
    """Read NumPy's archive: one array per modality, and ``sample_id`` where there is one.

    A neighbour ``STEM.metadata.csv`` or ``STEM.truth.csv`` with a line per sample is the metadata.

    Raises:
        DataError: naming the array where there is one.
    """
    arrays = _arrays_of(path)
    sample_id = arrays.pop(SAMPLE_ID, None)
    for name, array in arrays.items():
        if array.ndim == 1 and array.dtype.kind in "fiub" and array.size:
            raise DataError(
                f"Modality '{name}' has one axis ({len(array)} numbers): expected the samples on "
                "the first axis and their values on others; reshape it to (n, 1) to train on it "
                f"as a table, or keep it in a column of '{path.stem}.metadata.csv'."
            )
    ids = None if sample_id is None else _checked_ids(sample_id)
    dataset = of_arrays(arrays, ids)
    metadata = _neighbouring_metadata(path, dataset.sample_id, has_ids=ids is not None)
    return MultimodalDataset(dataset.modalities, dataset.sample_id, metadata)


def _arrays_of(path: Path) -> dict[str, NDArray]:
    with path.open("rb") as file:
        content = _opened(file, path)
        large = large_arrays(path)
        return {
            name: large[name] if name in large else _array_of(content, name, path)
            for name in content.files
        }


def _opened(file: BinaryIO, path: Path) -> np.lib.npyio.NpzFile:
    try:
        content = np.load(file, allow_pickle=False)
    except _UNREADABLE as error:
        raise DataError(
            f"'{path.name}' is not an .npz file, or only part of one: expected an archive of "
            "arrays as numpy.savez writes it; save or copy it again."
        ) from error
    if isinstance(content, np.ndarray):
        raise DataError(
            f"'{path.name}' is a single array (.npy): expected an archive of named arrays; "
            "write it with numpy.savez(file, name=array)."
        )
    return content


def _array_of(content: np.lib.npyio.NpzFile, name: str, path: Path) -> NDArray:
    try:
        array = cast("object", content[name])  # bytes where the archive holds another kind of file
    except _UNREADABLE as error:
        if "allow_pickle" in str(error):
            raise DataError(
                f"Modality '{name}' is an array of Python objects (pickle), which could run code "
                "and is never loaded: expected real numbers; convert it with astype(float)."
            ) from error
        raise DataError(
            f"Array '{name}' of '{path.name}' is damaged or cut off: save or copy the file again."
        ) from error
    if not isinstance(array, np.ndarray):
        raise DataError(
            f"'{name}' in '{path.name}' is not an array: expected only arrays, as numpy.savez "
            "writes them."
        )
    return array


def _checked_ids(sample_id: NDArray) -> NDArray[np.str_]:
    if sample_id.ndim != 1 or sample_id.dtype.kind not in "iuUSf":
        raise DataError(
            f"sample_id has shape {sample_id.shape} and type {sample_id.dtype}: expected one text "
            "or number per sample, on one axis."
        )
    if sample_id.dtype.kind == "S":
        return np.char.decode(sample_id, "utf-8", "replace")
    return sample_id.astype(np.str_)


def _neighbouring_metadata(
    path: Path, sample_id: NDArray[np.str_], *, has_ids: bool
) -> pd.DataFrame:
    """Columns of the neighbours that belong to these samples, in the samples' order."""
    metadata = pd.DataFrame(index=range(len(sample_id)))
    for neighbour in (path.with_suffix(suffix) for suffix in METADATA_SUFFIXES):
        if neighbour.is_file():
            columns = _columns_for(neighbour, sample_id, has_ids=has_ids)
            metadata = metadata.join(columns.drop(columns=metadata.columns, errors="ignore"))
    return metadata


def _columns_for(neighbour: Path, sample_id: NDArray[np.str_], *, has_ids: bool) -> pd.DataFrame:
    frame = read_frame(neighbour, text=IDENTIFIERS)
    naming = [c for c in frame.columns if c in IDENTIFIERS]
    columns = frame.drop(columns=naming)
    if len(frame) == len(sample_id) and not (naming and has_ids):
        return columns
    named = frame[naming[0]].astype(str) if naming else pd.Series(dtype=str)
    if set(named) != set(sample_id) or named.duplicated().any():
        _log.warning(
            "'%s' is left out: it has %d lines that are not the %d samples of the data.",
            neighbour.name,
            len(frame),
            len(sample_id),
        )
        return pd.DataFrame(index=range(len(sample_id)))
    return columns.set_axis(named).loc[list(sample_id)].reset_index(drop=True)


def _supported() -> str:
    return " or ".join(READERS)


READERS: dict[str, Callable[[Path], MultimodalDataset]] = {".npz": read_npz, ".csv": read_csv}
"""Suffix -> reader: a new format is a new line here."""
