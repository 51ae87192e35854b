"""A modality from one file per sample: images, or curves as small tables or arrays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pandas.api.types import is_numeric_dtype

from causalpima_core.data.arrays import array_of
from causalpima_core.data.conversion import converted, tell
from causalpima_core.data.frames import read_frame
from causalpima_core.data.images import IMAGE_SUFFIXES, Picture, read_image
from causalpima_core.data.long_tables import name_and_unit
from causalpima_core.data.multimodal import (
    MIN_CURVE_POINTS,
    Kind,
    Modality,
    check_numbers,
    modality_of_array,
)
from causalpima_core.data.rounding import as_float32, lost_by_rounding
from causalpima_core.data.sources import Source, check_memory, check_ratio, shown
from causalpima_core.data.stored import StoredValues, Values, begin_npy, is_large
from causalpima_core.errors import DataError

CURVE_SUFFIXES = (".csv", ".tsv", ".npy")
SAMPLED_SUFFIXES = (*IMAGE_SUFFIXES, *CURVE_SUFFIXES)
_TOLD_EVERY = 32
ARRAY = "images.npy"


@dataclass(frozen=True)
class Layout:
    """What all images of a modality are brought to: channels, and the type of their numbers."""

    channels: int
    dtype: np.dtype

    def including(self, pixels: NDArray) -> Layout:
        """The least that holds such an image as well."""
        return Layout(max(self.channels, len(pixels)), np.result_type(self.dtype, pixels.dtype))


def modality_of_files(
    name: str, files: Sequence[Source | None]
) -> tuple[Modality, tuple[str, ...]]:
    """Read one file per sample.

    Args:
        name: of the modality.
        files: in the samples' order; None where it was not measured.

    Returns:
        The modality, and notes on how the files were read.

    Raises:
        DataError: naming the file.
    """
    given = [file for file in files if file is not None]
    images = [file for file in given if file.suffix in IMAGE_SUFFIXES]
    if images and len(images) < len(given):
        raise DataError(
            f"Modality '{shown(name)}' mixes images ('{images[0].told}') and other files: give "
            "each kind a column of its own."
        )
    if images:
        return _images(name, files, images)
    return _curves(name, files), ()


def _images(
    name: str, files: Sequence[Source | None], given: list[Source]
) -> tuple[Modality, tuple[str, ...]]:
    first = read_image(given[0])
    shape = (len(given), *first.pixels.shape)
    bytes_of_files = sum(file.size for file in given)
    check_ratio(f"The images ('{given[0].told}', …)", bytes_of_files, 4 * prod(shape))
    if given[0].origin is not None and is_large(shape):
        array = _from_disk(name, given, first, given[0].origin)
        values: Values = StoredValues(array)
    else:
        check_memory(f"The images ('{given[0].told}', …)", 4 * prod(shape))
        array = _in_memory(name, given, first)
        values = as_float32(array)
    rounding = lost_by_rounding(name, array)
    if len(given) < len(files):
        there = np.array([file is not None for file in files])
        values = _spread(values, there)
    kept = first.channels if len(first.channels) == values.shape[1] else ()
    modality = Modality(name, Kind.IMAGE, values, channels=kept, rounding=rounding)
    return modality, _notes(name, first, values.shape)


def _spread(values: Values, there: NDArray[np.bool_]) -> Values:
    """The images that there are at the places of their samples, NaN elsewhere."""
    if isinstance(values, StoredValues):
        return values.taken(np.where(there, there.cumsum() - 1, -1))
    spread = np.full((len(there), *values.shape[1:]), np.nan, dtype=np.float32)
    spread[there] = values
    return spread


def _in_memory(name: str, files: list[Source], first: Picture) -> NDArray:
    """All images as one array, in the numbers of the files."""
    layout = Layout(len(first.pixels), first.pixels.dtype)
    values: NDArray = np.zeros((len(files), *first.pixels.shape), layout.dtype)
    for row, pixels in _all_pixels(name, files, first):
        layout = layout.including(pixels)
        if layout.channels > values.shape[1]:
            values = np.repeat(values, layout.channels, axis=1)
        values = values.astype(layout.dtype, copy=False)
        values[row] = pixels
    return values


def _from_disk(name: str, files: list[Source], first: Picture, origin: Path) -> NDArray:
    """The same on disk, made once."""

    def write(folder: Path) -> None:
        layout, wider = None, Layout(len(first.pixels), first.pixels.dtype)
        while layout != wider:  # once, unless later images have more channels or other numbers
            layout, wider = wider, _write_array(folder / ARRAY, name, files, first, wider)

    folder = converted(origin, len(files) * first.pixels.nbytes, write, name)
    return np.load(folder / ARRAY, mmap_mode="r")


def _write_array(
    path: Path, name: str, files: list[Source], first: Picture, layout: Layout
) -> Layout:
    """Write all images, until one does not fit; what would fit all that were seen."""
    shape = (len(files), layout.channels, *first.pixels.shape[1:])
    with path.open("wb") as file:
        begin_npy(file, layout.dtype, shape)
        for _, pixels in _all_pixels(name, files, first):
            wider = layout.including(pixels)
            if wider != layout:
                return wider
            whole = np.broadcast_to(pixels, shape[1:]).astype(layout.dtype)
            file.write(np.ascontiguousarray(whole).data)
    return layout


def _all_pixels(name: str, files: list[Source], first: Picture) -> Iterator[tuple[int, NDArray]]:
    """Each image with its place, checked against the first."""
    channels = len(first.pixels)
    for row, file in enumerate(files):
        if row % _TOLD_EVERY == 0:
            tell(row / len(files))
        pixels = read_image(file).pixels
        if pixels.shape[1:] != first.pixels.shape[1:]:
            size, expected = pixels.shape[1:], first.pixels.shape[1:]
            raise DataError(
                f"'{file.told}' has {size[1]} × {size[0]} pixels, '{files[0].told}' "
                f"{expected[1]} × {expected[0]}: expected images of one size; crop or rescale them."
            )
        if len(pixels) != channels and {len(pixels), channels} != {1, 3}:
            raise DataError(
                f"'{file.told}' has {len(pixels)} channels, '{files[0].told}' {channels}: "
                "expected the same channels in all images."
            )
        check_numbers(name, pixels.dtype)
        yield row, pixels


def _notes(name: str, first: Picture, shape: tuple[int, ...]) -> tuple[str, ...]:
    full = first.full_size
    if full == shape[2:]:
        return ()
    told = f"{full[1]} × {full[0]} to {shape[3]} × {shape[2]}"
    return (f"Images '{shown(name)}' are made smaller, from {told} pixels.",)


def _curves(name: str, files: Sequence[Source | None]) -> Modality:
    curves: list[NDArray[np.float64] | None] = []
    first: tuple[Source, NDArray[np.float64], NDArray[np.float64] | None] | None = None
    unit = axis_unit = ""
    for row, file in enumerate(files):
        if row % _TOLD_EVERY == 0:
            tell(row / len(files))
        if file is None:
            curves.append(None)
            continue
        axis, curve, units = _curve(file)
        if first is None:
            first, (axis_unit, unit) = (file, curve, axis), units
        _check_same(file, curve, axis, first)
        curves.append(curve)
    if first is None:
        raise DataError(f"Modality '{shown(name)}' is missing in every sample: remove it.")
    gap = np.full(len(first[1]), np.nan)
    exact = np.array([gap if c is None else c for c in curves])
    if exact.shape[1] < MIN_CURVE_POINTS:
        return modality_of_array(name, exact)
    along = () if first[2] is None else tuple(first[2].tolist())
    rounding = lost_by_rounding(name, exact)
    return Modality(
        name, Kind.CURVE, as_float32(exact), (), unit, along, axis_unit, rounding=rounding
    )


def _curve(
    file: Source,
) -> tuple[NDArray[np.float64] | None, NDArray[np.float64], tuple[str, str]]:
    """Axis, values and units of both from a table of one or two columns, or an array."""
    if file.suffix == ".npy":
        array = array_of(file)
        if array.dtype.kind not in "fiub" or array.ndim not in (1, 2) or array.size == 0:
            raise DataError(
                f"'{file.told}' holds {array.dtype} of shape {array.shape}: expected one curve, "
                "(points,), or its axis and values, (2, points)."
            )
        rows = np.atleast_2d(array).astype(np.float64)
        names = ["", ""]
    else:
        frame = read_frame(file)
        if not all(is_numeric_dtype(frame[c]) for c in frame.columns):
            raise DataError(
                f"'{file.told}' holds words: expected the axis and the values of one curve, two "
                "columns of numbers under one header line."
            )
        rows, names = frame.to_numpy(dtype=np.float64).T, [str(c) for c in frame.columns]
    if not 1 <= len(rows) <= 2 or rows.shape[1] == 0:
        raise DataError(
            f"'{file.told}' holds {len(rows)} columns of {rows.shape[1]} numbers: expected the "
            "values of one curve, or its axis and values."
        )
    if not np.isfinite(rows).all():
        raise DataError(
            f"'{file.told}' has an empty or infinite cell in row "
            f"{int(np.argwhere(~np.isfinite(rows).all(0))[0][0]) + 1}: fill it."
        )
    unit = name_and_unit(names[-1])[1]
    if len(rows) == 1:
        return None, rows[0], ("", unit)
    return rows[0], rows[1], (name_and_unit(names[0])[1], unit)


def _check_same(
    file: Source,
    curve: NDArray[np.float64],
    axis: NDArray[np.float64] | None,
    first: tuple[Source, NDArray[np.float64], NDArray[np.float64] | None],
) -> None:
    if len(curve) != len(first[1]):
        raise DataError(
            f"'{file.told}' has {len(curve)} points, '{first[0].told}' {len(first[1])}: expected "
            "the same points in every sample; interpolate the curves to common points."
        )
    if (axis is None) != (first[2] is None) or (
        axis is not None
        and first[2] is not None
        and not np.allclose(axis, first[2], rtol=1e-9, atol=1e-9 * float(np.abs(axis).max()))
    ):
        raise DataError(
            f"'{file.told}' is measured at other points of the axis than '{first[0].told}': "
            "interpolate the curves to common points."
        )
