"""Image modalities as one sheet of thumbnails, drawn in memory without a plotting library."""

from __future__ import annotations

from math import prod

import numpy as np
from numpy.typing import NDArray

from causalpima_core.data.stored import Values, evenly
from causalpima_core.palette import COLOURS

GAP = 3
"""Transparent pixels between thumbnails."""

MOST_VALUES, FEWEST_LOOKED_AT = 4_000_000, 100
"""Values and samples that black and white are taken from."""

SMALLEST = 56
"""Thumbnails are enlarged by whole factors to at least so many pixels a side."""


def limits(values: Values) -> tuple[float, float]:
    """Black and white point of a modality: the 0.5th and 99.5th percentile of what is there.

    Of very many samples some are looked at.
    """
    looked_at = evenly(values, max(FEWEST_LOOKED_AT, MOST_VALUES // max(1, prod(values.shape[1:]))))
    seen = looked_at[np.isfinite(looked_at)]
    if seen.size == 0:
        return 0.0, 1.0
    low, high = np.percentile(seen[:: max(1, seen.size // 200_000)], [0.5, 99.5])
    return float(low), float(high if high > low else low + 1)


def to_rgb(images: NDArray[np.floating], black_white: tuple[float, float]) -> NDArray[np.uint8]:
    """Images ``(n, channels, h, w)`` as ``(n, h, w, 3)``.

    One channel is grey, two are red and green, of four the first three are shown.
    """
    low, high = black_white
    scaled = np.clip((np.nan_to_num(images, nan=low) - low) / (high - low), 0, 1)
    if scaled.shape[1] == 1:
        scaled = np.repeat(scaled, 3, axis=1)
    if scaled.shape[1] == 2:
        scaled = np.concatenate([scaled, np.zeros_like(scaled[:, :1])], axis=1)
    return (np.moveaxis(scaled[:, :3], 1, -1) * 255).round().astype(np.uint8)


def thumbnails(
    images: NDArray[np.floating], black_white: tuple[float, float], smallest: int = SMALLEST
) -> NDArray[np.uint8]:
    """Images enlarged by a whole factor, so that small ones are not blurred by the browser."""
    return _enlarged(to_rgb(images, black_white), smallest)


def signed(
    image: NDArray[np.floating], limit: float, smallest: int = SMALLEST
) -> NDArray[np.uint8]:
    """A difference ``(channels, h, w)`` as ``(height, width, 3)``: orange above zero, blue below.

    Of several channels each pixel shows the one that differs most. White is no difference; from
    ``limit`` on the colour is full.
    """
    most = np.take_along_axis(image, np.abs(image).argmax(0)[None], axis=0)[0]
    share = np.clip(most / max(limit, 1e-12), -1, 1)
    ends = [np.array([int(c[i : i + 2], 16) for i in (1, 3, 5)]) for c in (COLOURS[0], COLOURS[5])]
    full = np.where(share[..., None] > 0, ends[1], ends[0])
    blended = 255 + np.abs(share)[..., None] * (full - 255)
    return _enlarged(blended.round().astype(np.uint8)[None], smallest)[0]


def _enlarged(pictures: NDArray[np.uint8], smallest: int) -> NDArray[np.uint8]:
    factor = max(1, -(-smallest // max(pictures.shape[1:3])))
    return pictures.repeat(factor, axis=1).repeat(factor, axis=2)


def sheet(
    images: NDArray[np.floating], columns: int, black_white: tuple[float, float]
) -> NDArray[np.uint8]:
    """Thumbnails in rows of ``columns``, shape ``(height, width, 4)``, gaps transparent."""
    pictures = thumbnails(images, black_white)
    n, height, width, _ = pictures.shape
    rows = -(-n // columns)
    page = np.zeros((rows * (height + GAP) - GAP, columns * (width + GAP) - GAP, 4), np.uint8)
    for i, thumbnail in enumerate(pictures):
        top, left = (i // columns) * (height + GAP), (i % columns) * (width + GAP)
        page[top : top + height, left : left + width, :3] = thumbnail
        page[top : top + height, left : left + width, 3] = 255
    return page
