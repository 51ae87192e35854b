"""A modality from one file per sample: images, or curves as small tables or arrays."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from pandas.api.types import is_numeric_dtype

from causalpima_core.data.arrays import array_of
from causalpima_core.data.frames import read_frame
from causalpima_core.data.images import IMAGE_SUFFIXES, Picture, read_image
from causalpima_core.data.long_tables import name_and_unit
from causalpima_core.data.multimodal import MIN_CURVE_POINTS, Kind, Modality, modality_of_array
from causalpima_core.data.sources import Source, check_expansion, shown
from causalpima_core.errors import DataError

SAMPLED_SUFFIXES = (*IMAGE_SUFFIXES, ".csv", ".tsv", ".npy")
_TOLD_EVERY = 32


def modality_of_files(
    name: str, files: Sequence[Source | None], progress: Callable[[float], None]
) -> tuple[Modality, tuple[str, ...]]:
    """Read one file per sample.

    Args:
        name: of the modality.
        files: in the samples' order; None where it was not measured.
        progress: told what share is read.

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
        return _images(name, files, progress)
    return _curves(name, files, progress), ()


def _images(
    name: str, files: Sequence[Source | None], progress: Callable[[float], None]
) -> tuple[Modality, tuple[str, ...]]:
    values: NDArray | None = None
    first: tuple[Source, Picture] | None = None
    for row, file in enumerate(files):
        if row % _TOLD_EVERY == 0:
            progress(row / len(files))
        if file is None:
            continue
        picture = read_image(file)
        if first is None or values is None:
            first = file, picture
            values = _room(file, picture, len(files), complete=None not in files)
        pixels, values = _matched(picture.pixels, file, values, first)
        values[row] = pixels
    if values is None or first is None:
        raise DataError(f"Modality '{shown(name)}' is missing in every sample: remove it.")
    channels = first[1].channels if len(first[1].channels) == values.shape[1] else ()
    modality = modality_of_array(name, values)
    notes = ()
    full = first[1].full_size
    if full != values.shape[2:]:
        told = f"{full[1]} × {full[0]} to {values.shape[3]} × {values.shape[2]}"
        notes = (f"Images '{shown(name)}' are made smaller, from {told} pixels.",)
    return _with_channels(modality, channels), notes


def _room(file: Source, picture: Picture, n: int, *, complete: bool) -> NDArray:
    """Space for all images, in the numbers of the file unless some are missing."""
    dtype = picture.pixels.dtype if complete else np.dtype(np.float32)
    check_expansion(f"The images ('{file.told}', …)", n * file.size, 4 * n * picture.pixels.size)
    if complete:
        return np.zeros((n, *picture.pixels.shape), dtype)
    return np.full((n, *picture.pixels.shape), np.nan, dtype)


def _matched(
    pixels: NDArray, file: Source, values: NDArray, first: tuple[Source, Picture]
) -> tuple[NDArray, NDArray]:
    """Image and space for all, brought to the same channels and numbers."""
    if pixels.shape[1:] != values.shape[2:]:
        size, expected = pixels.shape[1:], values.shape[2:]
        raise DataError(
            f"'{file.told}' has {size[1]} × {size[0]} pixels, '{first[0].told}' "
            f"{expected[1]} × {expected[0]}: expected images of one size; crop or rescale them."
        )
    bands = {len(pixels), values.shape[1]}
    if len(bands) > 1:
        if bands != {1, 3}:
            raise DataError(
                f"'{file.told}' has {len(pixels)} channels, '{first[0].told}' {values.shape[1]}: "
                "expected the same channels in all images."
            )
        if values.shape[1] == 1:
            values = np.repeat(values, 3, axis=1)
    dtype = np.result_type(values.dtype, pixels.dtype)
    if dtype != values.dtype:
        values = values.astype(dtype)
    return pixels, values


def _with_channels(modality: Modality, channels: tuple[str, ...]) -> Modality:
    return Modality(modality.name, modality.kind, modality.values, channels=channels)


def _curves(
    name: str, files: Sequence[Source | None], progress: Callable[[float], None]
) -> Modality:
    curves: list[NDArray[np.float64] | None] = []
    first: tuple[Source, NDArray[np.float64], NDArray[np.float64] | None] | None = None
    unit = axis_unit = ""
    for row, file in enumerate(files):
        if row % _TOLD_EVERY == 0:
            progress(row / len(files))
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
    with np.errstate(over="ignore"):
        values = np.array([gap if c is None else c for c in curves]).astype(np.float32)
    if values.shape[1] < MIN_CURVE_POINTS:
        return modality_of_array(name, values)
    along = () if first[2] is None else tuple(first[2].tolist())
    return Modality(name, Kind.CURVE, values, (), unit, along, axis_unit)


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
