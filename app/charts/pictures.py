"""Image modalities as one sheet of thumbnails, drawn in memory without a plotting library."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

GAP = 3
"""Transparent pixels between thumbnails."""

SMALLEST = 56
"""Thumbnails are enlarged by whole factors to at least so many pixels a side."""


LESS, MORE = np.array([0, 114, 178]), np.array([213, 94, 0])
"""Blue and vermilion of the palette: told apart with any colour vision."""


def limits(values: NDArray[np.floating]) -> tuple[float, float]:
    """Black and white point of a modality: the 0.5th and 99.5th percentile of what is there."""
    seen = values[np.isfinite(values)]
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


def difference_rgb(differences: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Signed images ``(n, channels, h, w)`` as ``(n, h, w, 3)``: less is blue, more is vermilion.

    Channels are averaged; white is no difference, full colour the largest there is.
    """
    signed = differences.mean(1)
    scaled = (signed / max(float(np.abs(signed).max()), 1e-12))[..., None]
    ends = np.where(scaled < 0, LESS, MORE)
    return ((1 - np.abs(scaled)) * 255 + np.abs(scaled) * ends).round().astype(np.uint8)


def thumbnails(images: NDArray[np.floating], black_white: tuple[float, float]) -> NDArray[np.uint8]:
    """Images enlarged by a whole factor, so that small ones are not blurred by the browser."""
    return enlarged(to_rgb(images, black_white))


def enlarged(colours: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Colour images ``(n, h, w, 3)``, each pixel drawn as a square of pixels where small."""
    factor = max(1, -(-SMALLEST // max(colours.shape[1:3])))
    return colours.repeat(factor, axis=1).repeat(factor, axis=2)


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
