"""Values too large for memory: kept on disk in their own type, read as float32 a few at a time."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import DTypeLike, NDArray

LARGE = 2**28
"""Bytes as float32 above which a modality is not held in memory."""
READ_AT_ONCE = 2**22
"""Values read at a time by whoever goes through all of them: 16 MiB as float32."""


def is_large(shape: tuple[int, ...]) -> bool:
    """Whether values of that shape are too many to be held in memory."""
    return 4 * prod(shape) > LARGE


def begin_npy(file: BinaryIO, dtype: np.dtype, shape: tuple[int, ...]) -> None:
    """Write the head of an ``.npy`` file, which the values follow in C order.

    A new memory map would do it too, but its writer is killed where the disk is full.
    """
    head = np.lib.format.header_data_from_array_1_0(np.empty(0, dtype))
    np.lib.format.write_array_header_1_0(file, head | {"shape": shape})


def stays_as_it_is(array: NDArray) -> bool:
    """Whether an array is to become `StoredValues`: large, and on disk or in a small type."""
    return is_large(array.shape) and (isinstance(array, np.memmap) or array.dtype.itemsize < 4)


class StoredValues:
    """An array of any real type, mostly a memory map; whatever is taken out of it is float32.

    It has the shape, the length and the indexing of an array, so that who takes out some samples
    need not know of it. `numpy.asarray` reads all of it.
    """

    def __init__(self, array: NDArray, rows: NDArray[np.int64] | None = None) -> None:
        """Keep the array, uncopied.

        Args:
            array: real numbers, samples on the first axis.
            rows: where each sample is in it, shape ``(n,)``; those that are nowhere, at -1, come
                out as NaN. None: all in their order.
        """
        self._array = array.view()
        self._array.flags.writeable = False
        self._rows = rows

    @property
    def shape(self) -> tuple[int, ...]:
        """Samples first."""
        return (len(self), *self._array.shape[1:])

    @property
    def size(self) -> int:
        """How many values."""
        return prod(self.shape)

    @property
    def kept_as(self) -> np.dtype:
        """The type that the values are kept in."""
        return self._array.dtype

    def __len__(self) -> int:
        """Number of samples."""
        return len(self._array if self._rows is None else self._rows)

    def __getitem__(self, key: Any) -> NDArray[np.float32]:  # noqa: ANN401 - what NumPy takes
        """As of an array: a copy, in float32."""
        with np.errstate(over="ignore"):  # what float32 cannot hold is called infinite later
            if self._rows is None:
                return np.array(self._array[key], dtype=np.float32)
            samples, *within = key if isinstance(key, tuple) else (key,)
            rows = self._rows[samples]
            values = np.array(self._array[rows], dtype=np.float32)
        values[rows < 0] = np.nan
        return values[(*(slice(None) for _ in rows.shape), *within)]

    def taken(self, rows: NDArray[np.int64]) -> StoredValues:
        """These samples, in this order, left where they are; NaN for -1."""
        there = rows if self._rows is None else np.where(rows < 0, -1, self._rows[rows])
        return StoredValues(self._array, there)

    def __array__(self, dtype: DTypeLike = None, copy: bool | None = None) -> NDArray:
        """All of it, in memory."""
        return self[:].astype(dtype or np.float32, copy=False)


Values = NDArray[np.float32] | StoredValues
"""Of a modality: in memory where they are few."""


def pieces(values: Values) -> Iterator[tuple[slice, NDArray[np.float32]]]:
    """All values in order, a few samples at a time, with where these are."""
    at_once = max(1, READ_AT_ONCE // max(1, prod(values.shape[1:])))
    for start in range(0, len(values), at_once):
        rows = slice(start, start + at_once)
        yield rows, values[rows]


def evenly(values: Values, most: int) -> NDArray[np.float32]:
    """About ``most`` samples spread evenly, or all of them where they are not many more."""
    return values[:: max(1, len(values) // most)]
