"""HDF5 files as measurements: a dataset at the top per modality, and nothing outside the file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from causalpima_core.data.arrays import checked_ids
from causalpima_core.data.conversion import converted, one_of, tell
from causalpima_core.data.frames import SAMPLE_ID
from causalpima_core.data.multimodal import Kind, Modality, modality_of_array
from causalpima_core.data.parts import Part
from causalpima_core.data.scale import Scale
from causalpima_core.data.sources import Source, check_expansion, check_ratio, shown
from causalpima_core.data.stored import READ_AT_ONCE, begin_npy, is_large
from causalpima_core.errors import DataError

METADATA = "metadata"
MAX_MEMBERS = 10_000
_BROKEN = (OSError, RuntimeError, ValueError, KeyError, TypeError, MemoryError, AttributeError)
"""What h5py raises on damaged files."""


def read_hdf5(source: Source) -> Part:
    """Read datasets as modalities, ``sample_id`` and the group ``metadata``.

    Attributes of a dataset that are understood: ``unit``, ``axis`` (a number per point),
    ``axis_unit``, ``channels``, ``columns``, ``kind``, ``scale``. A dimension scale on the
    last axis gives ``axis`` as well.

    Raises:
        DataError: naming the dataset.
    """
    with opened(source) as file:
        ids, metadata, modalities = None, pd.DataFrame(), []
        names = members(file, source)
        for done, name in enumerate(names):
            item = own(file, name, source)
            if name == SAMPLE_ID and isinstance(item, h5py.Dataset):
                ids = texts(item, source)
            elif name == METADATA and isinstance(item, h5py.Group):
                metadata = _metadata(item, source)
            elif isinstance(item, h5py.Dataset):
                if not item.is_scale or len(item.shape) != 1:
                    with one_of(done, len(names)):
                        modalities.append(_modality(name, item, source))
            else:
                raise DataError(
                    f"'{shown(name)}' in '{source.told}' is a group: expected one dataset per "
                    "modality at the top, sample_id, and the group metadata."
                )
        n = len(modalities[0].values) if modalities else len(metadata)
        return Part(source.told, n, tuple(modalities), ids, metadata)


@contextmanager
def opened(source: Source) -> Iterator[h5py.File]:
    """The file, for reading; whatever is broken in it is one sentence."""
    with source.open() as stream:
        try:
            with h5py.File(stream, "r") as file:
                yield file
        except _BROKEN as error:
            raise DataError(
                f"'{source.told}' is not an HDF5 file, or a damaged one: write or copy it again."
            ) from error


def members(group: h5py.Group, source: Source) -> list[str]:
    """Names in a group, as they were made."""
    if len(group) > MAX_MEMBERS:
        raise DataError(
            f"'{source.told}' holds {len(group):,} entries in one group: expected one dataset per "
            "modality, the samples on its first axis."
        )
    return list(group)


def own(group: h5py.Group, name: str, source: Source) -> h5py.Dataset | h5py.Group:
    """What a group itself holds under a name; links, which may lead anywhere, are not followed."""
    if not isinstance(group.get(name, getlink=True), h5py.HardLink):
        raise DataError(
            f"'{shown(name)}' in '{source.told}' is a link to another place: expected the data "
            "themselves; copy them into the file."
        )
    item = group[name]
    if isinstance(item, h5py.Dataset) and (item.is_virtual or item.external):
        raise DataError(
            f"'{shown(name)}' in '{source.told}' takes its data from other files: expected the "
            "data themselves; copy them into the file."
        )
    if not isinstance(item, h5py.Dataset | h5py.Group):
        raise DataError(
            f"'{shown(name)}' in '{source.told}' is neither a dataset nor a group: remove it."
        )
    return item


def own_group(group: h5py.Group, name: str, source: Source) -> h5py.Group:
    """The same, which must be a group."""
    item = own(group, name, source) if name in group else None
    if not isinstance(item, h5py.Group):
        raise DataError(f"'{source.told}' holds no group '{shown(name)}': write it again.")
    return item


def own_dataset(group: h5py.Group, name: str, source: Source) -> h5py.Dataset:
    """The same, which must be a dataset."""
    item = own(group, name, source) if name in group else None
    if not isinstance(item, h5py.Dataset):
        raise DataError(f"'{source.told}' holds no dataset '{shown(name)}': write it again.")
    return item


def array(item: h5py.Dataset, source: Source) -> NDArray:
    """All of a dataset, once its size is known to be reasonable."""
    if item.shape is None:
        raise DataError(f"'{_told(item)}' in '{source.told}' is empty: remove or fill it.")
    check_expansion(f"'{_told(item)}' in '{source.told}'", source.size, _bytes(item))
    return np.asarray(item[()])


def _large(item: h5py.Dataset, source: Source) -> NDArray | None:
    """A dataset too large for memory, mapped where it lies, unpacked first where it is packed."""
    if source.path is None or item.dtype.kind not in "fiub" or not is_large(item.shape or ()):
        return None
    check_ratio(f"'{_told(item)}' in '{source.told}'", source.size, _bytes(item))
    place = item.id.get_offset()
    if place is not None and item.dtype.kind != "b":
        return np.memmap(source.path, item.dtype, "r", place, item.shape)

    def write(folder: Path) -> None:
        with (folder / "0.npy").open("wb") as file:
            begin_npy(file, item.dtype, item.shape)
            for rows in _rows_at_once(item):
                file.write(np.ascontiguousarray(item[rows]).data)
                tell(min(rows.stop / len(item), 1.0))

    folder = converted(source.path, _bytes(item), write, str(item.name))
    return np.load(folder / "0.npy", mmap_mode="r")


def _rows_at_once(item: h5py.Dataset) -> Iterator[slice]:
    """Samples a few at a time, by whole chunks of the file."""
    chunk = item.chunks[0] if item.chunks else 1
    values = prod(item.shape[1:]) * chunk
    step = chunk * max(1, READ_AT_ONCE // values)
    return (slice(start, start + step) for start in range(0, len(item), step))


def texts(item: h5py.Dataset, source: Source) -> NDArray[np.str_]:
    """Names of samples, which may also be numbers."""
    if h5py.check_string_dtype(item.dtype) is None:
        return checked_ids(array(item, source))
    check_expansion(f"'{_told(item)}' in '{source.told}'", source.size, _bytes(item))
    if item.shape is None or len(item.shape) != 1:
        raise DataError(
            f"'{_told(item)}' in '{source.told}' has shape {item.shape}: expected one text "
            "per sample."
        )
    return np.array(item.asstr(errors="replace")[()], dtype=np.str_)


def _told(item: h5py.Dataset) -> str:
    return shown(str(item.name).strip("/"))


def _bytes(item: h5py.Dataset) -> int:
    return int(np.prod(item.shape, dtype=object)) * item.dtype.itemsize if item.shape else 0


def _metadata(group: h5py.Group, source: Source) -> pd.DataFrame:
    columns: dict[str, Any] = {}
    for name in members(group, source):
        item = own(group, name, source)
        if not isinstance(item, h5py.Dataset) or item.shape is None or len(item.shape) != 1:
            raise DataError(
                f"Metadata '{shown(name)}' in '{source.told}' is not a column: expected a dataset "
                "with one entry per sample."
            )
        text = h5py.check_string_dtype(item.dtype) is not None
        columns[name] = texts(item, source) if text else array(item, source)
        if columns[name].dtype.kind not in "biufUS":
            raise DataError(
                f"Metadata '{shown(name)}' in '{source.told}' holds {item.dtype}: expected numbers "
                "or text."
            )
    if len({len(column) for column in columns.values()}) > 1:
        raise DataError(f"The metadata of '{source.told}' are columns of different lengths.")
    return pd.DataFrame(columns)


def _modality(name: str, item: h5py.Dataset, source: Source) -> Modality:
    values = _large(item, source)
    values = array(item, source) if values is None else values
    columns = _words(item, "columns")
    modality = modality_of_array(name, values, columns if values.ndim == 2 else ())
    kind = modality.kind
    if values.ndim == 2 and _word(item, "kind") in (Kind.CURVE, Kind.TABLE):
        kind = Kind(_word(item, "kind"))
    axis, axis_unit = _axis(item, source) if kind is Kind.CURVE else ((), "")
    channels = _words(item, "channels")
    return Modality(
        name,
        kind,
        modality.values,
        modality.columns if kind is Kind.TABLE else (),
        unit=_word(item, "unit") or _word(item, "units"),
        axis=axis,
        axis_unit=axis_unit,
        channels=channels if kind is Kind.IMAGE and len(channels) == modality.shape[0] else (),
        scale=Scale.MIN_MAX if _word(item, "scale") == Scale.MIN_MAX else Scale.STANDARD,
        rounding=modality.rounding,
    )


def _axis(item: h5py.Dataset, source: Source) -> tuple[tuple[float, ...], str]:
    given, unit = item.attrs.get("axis"), _word(item, "axis_unit")
    scales = item.dims[len(item.shape) - 1]
    if given is None and len(scales):
        given = array(scales[0], source)
        unit = unit or _word(scales[0], "units") or _word(scales[0], "unit")
    if given is None:
        return (), unit
    numbers, points = np.asarray(given), item.shape[-1]
    understood = numbers.dtype.kind in "fiu" and np.isfinite(numbers).all()
    if numbers.shape != (points,) or not (understood or "axis" not in item.attrs):
        raise DataError(
            f"The axis of '{_told(item)}' in '{source.told}' has {numbers.size} entries: expected "
            f"{points} finite numbers, one for each point; correct or remove it."
        )
    return (tuple(numbers.astype(np.float64).tolist()) if understood else ()), unit


def _word(item: h5py.Dataset, key: str) -> str:
    value = item.attrs.get(key, "")
    if isinstance(value, np.ndarray) and value.size == 1:
        value = value.item()
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    return value if isinstance(value, str) else ""


def _words(item: h5py.Dataset, key: str) -> tuple[str, ...]:
    values = np.atleast_1d(np.asarray(item.attrs.get(key, ()), dtype=object))
    return tuple(v.decode("utf-8", "replace") if isinstance(v, bytes) else str(v) for v in values)
