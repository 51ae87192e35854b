"""What a glance over all values of a modality tells: what is there, and how far it reaches."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from causalpima_core.data.stored import Values, pieces


@dataclass(frozen=True)
class Overview:
    """Found in one pass, a few samples at a time.

    Attributes:
        observed: samples that are not NaN throughout, shape ``(n,)``.
        infinite: samples with an infinite value.
        partial: samples with NaN in some values only.
        low: least value of the samples that are whole; infinity where none is.
        high: their greatest.
        mean: of their values.
    """

    observed: NDArray[np.bool_]
    infinite: NDArray[np.int64]
    partial: NDArray[np.int64]
    low: float
    high: float
    mean: float


def look_over(values: Values) -> Overview:
    """Go through all values once."""
    observed = np.ones(len(values), dtype=bool)
    infinite, partial = np.zeros((2, len(values)), dtype=bool)
    low, high, total, count = np.inf, -np.inf, 0.0, 0
    for rows, piece in pieces(values):
        flat = piece.reshape(len(piece), -1)
        least, most = flat.min(1), flat.max(1)  # NaN anywhere in a sample makes both NaN
        whole = np.isfinite(least) & np.isfinite(most)
        if not whole.all():
            nan = np.isnan(flat)
            observed[rows] = ~nan.all(1)
            partial[rows] = nan.any(1) & ~nan.all(1)
            infinite[rows] = np.isinf(flat).any(1)
            flat, least, most = flat[whole], least[whole], most[whole]
        if len(flat):
            low, high = min(low, float(least.min())), max(high, float(most.max()))
            total, count = total + float(flat.sum(dtype=np.float64)), count + flat.size
    mean = total / count if count else np.nan
    return Overview(observed, np.flatnonzero(infinite), np.flatnonzero(partial), low, high, mean)
