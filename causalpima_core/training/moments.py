"""Where in an image something stands out from the rest, how far it reaches and of what colour.

Pixels compare badly what has moved: a thing that leaves its place altogether is equally far from
all other places, and one that changes colour against the ground is farther from itself than from
the ground. The moments of what stands out change by the same amount whatever else changes.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

AT_ONCE = 1000
STRONGEST = 0.99
"""Quantile over an image's pixels that stands for the strongest; one may be off by chance."""


def moments(images: Iterable[NDArray[np.floating]]) -> NDArray[np.float64]:
    """Log of its weight, row and column of its centre, its spread and its mean colour.

    The weight of a pixel is its squared distance from the image's median colour, where that is at
    least half of what the strongest pixels have: noise and uneven ground, however wide, count
    for nothing.

    Args:
        images: in pieces, each of shape ``(some, channels, height, width)``.

    Returns:
        Shape ``(n, 4 + channels)``, standardised over the images.
    """
    found = np.concatenate(
        [
            _of_piece(some.astype(np.float64))
            for piece in images
            for some in np.array_split(piece, -(-len(piece) // AT_ONCE))
        ]
    )
    return (found - found.mean(0)) / np.maximum(found.std(0), 1e-9)


def _of_piece(images: NDArray[np.float64]) -> NDArray[np.float64]:
    apart = images - np.median(images, axis=(2, 3), keepdims=True)
    weight = np.square(apart).sum(1)
    strongest = np.quantile(weight, STRONGEST, axis=(1, 2), keepdims=True)
    weight = weight * (weight > strongest / 2)
    total = weight.sum((1, 2)) + 1e-9
    share = weight / total[:, None, None]
    rows, columns = np.mgrid[: images.shape[2], : images.shape[3]]
    row, column = (share * rows).sum((1, 2)), (share * columns).sum((1, 2))
    reach = (rows - row[:, None, None]) ** 2 + (columns - column[:, None, None]) ** 2
    spread = np.sqrt((share * reach).sum((1, 2)))
    colour = np.einsum("nhw,nchw->nc", share, apart)
    return np.column_stack([np.log(total), row, column, spread, colour])
