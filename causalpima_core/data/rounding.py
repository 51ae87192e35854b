"""What is lost of numbers as float32, which all values are trained on as: a small spread far off 0.

Frequencies of 9.2 GHz that differ by some hundred hertz are one number in float32. Whoever brings
numbers of a file to float32 asks here first, so that a person is told.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from causalpima_core.data.sources import shown
from causalpima_core.data.stored import pieces

FEWEST_STEPS = 100
"""Steps of float32 that a spread must have not to be told of."""
_CONSTANT = 1000
"""Steps of float64 in a spread that may come from rounding alone."""


def lost_by_rounding(name: str, array: NDArray, columns: Sequence[str] | None = None) -> str:
    """What of an array's spread is lost as float32, in a sentence; empty where little is.

    Args:
        name: of the modality.
        array: numbers as in the file, samples on the first axis.
        columns: names of a table's columns, empty where they have none. A table is told of where
            one column loses; where this is None, anything else where every place does.

    >>> lost_by_rounding("beat", np.array([[9.2e9 - 200, 1.0], [9.2e9 + 200, 2.0]]), ["f", "A"])
    "Column 'f' of modality 'beat' varies by 400 around 9.2e+09, and what is finer than 1024 there \
is lost (float32): subtract a constant from it."
    """
    if np.can_cast(array.dtype, np.float32):
        return ""
    low, high = np.array([np.inf, -np.inf])[:, None]
    coarse = np.array([False])
    for _, piece in pieces(array):
        flat = piece.reshape(len(piece), -1).astype(np.float64, copy=False)
        low, high = np.fmin(low, np.fmin.reduce(flat)), np.fmax(high, np.fmax.reduce(flat))
        varies, coarse = _judged(low, high)
        fine = varies & ~coarse
        if fine.all() or (columns is None and fine.any()):
            return ""
    lost = np.flatnonzero(coarse)
    lost = lost[_changed(array, lost)]
    if not len(lost):
        return ""
    first = int(lost[0] if columns is not None else lost[(high - low)[lost].argmax()])
    return _sentence(_what(name, columns, first, len(lost)), low[first], high[first])


def as_float32(array: NDArray) -> NDArray[np.float32]:
    """A copy; what float32 cannot hold is infinite, which is called so later."""
    with np.errstate(over="ignore"):
        return array.astype(np.float32)


def _judged(
    low: NDArray[np.float64], high: NDArray[np.float64]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Where numbers between these bounds vary at all, and where they do by too few steps."""
    with np.errstate(all="ignore"):  # bounds of what is missing everywhere, or infinite
        spread, largest = high - low, np.maximum(np.abs(low), np.abs(high))
        varies = spread > _CONSTANT * np.spacing(largest)
        return varies, varies & (spread < FEWEST_STEPS * _step(largest))


def _step(largest: NDArray[np.float64]) -> NDArray[np.float64]:
    """From one number of float32 to the next."""
    return np.spacing(largest.astype(np.float32)).astype(np.float64)


def _changed(array: NDArray, places: NDArray[np.int64]) -> NDArray[np.bool_]:
    """At which of these places float32 is not the number itself for every sample."""
    changed = np.zeros(len(places), dtype=bool)
    for _, piece in pieces(array):
        numbers = piece.reshape(len(piece), -1)[:, places].astype(np.float64)
        changed |= ((numbers != numbers.astype(np.float32)) & ~np.isnan(numbers)).any(0)
    return changed


def _what(name: str, columns: Sequence[str] | None, first: int, several: int) -> str:
    if columns is None:
        return f"Modality '{shown(name)}'"
    column = f"'{shown(columns[first])}'" if columns else str(first + 1)
    others = f" (and {several - 1} more)" if several > 1 else ""
    return f"Column {column}{others} of modality '{shown(name)}'"


def _sentence(what: str, low: float, high: float) -> str:
    largest = np.maximum(np.abs(low), np.abs(high))
    step, tiny = float(_step(largest)), largest < np.finfo(np.float32).tiny
    mend = "give it in a smaller unit" if tiny else "subtract a constant from it"
    return (
        f"{what} varies by {high - low:.3g} around {(low + high) / 2:.6g}, and what is finer than "
        f"{step:.4g} there is lost (float32): {mend}."
    )
