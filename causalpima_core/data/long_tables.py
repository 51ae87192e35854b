"""Tables in long form: a row for each point of a sample's curves, as instruments write them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from causalpima_core.data.frames import SAMPLE_ID
from causalpima_core.data.multimodal import MIN_CURVE_POINTS, Kind, Modality, modality_of_array
from causalpima_core.data.parts import Part, check_once
from causalpima_core.data.rounding import as_float32, lost_by_rounding
from causalpima_core.data.sources import shown
from causalpima_core.errors import DataError

TABLE = "table"
"""Modality of single numbers, in every form of table."""

_WITH_UNIT = re.compile(r"(?P<name>.*\S)\s*\[(?P<unit>[^\[\]]*)\]")


def part_of_long(frame: pd.DataFrame, origin: str, numeric: Callable[[pd.Series], bool]) -> Part:
    """Curves of a frame with several rows for each ``sample_id``, in the order of the rows.

    The first column of numbers that varies within a sample is the axis, such as time or strain;
    every other one is a curve over it. Numbers that stay the same within each sample are the
    modality ``table``, words that do so are metadata. Units follow the names: ``stress [MPa]``.

    Args:
        frame: with a column ``sample_id``.
        origin: what messages call it.
        numeric: whether a column holds numbers.

    Raises:
        DataError: naming sample and column.
    """
    names = frame[SAMPLE_ID].astype(str)
    codes, ids = pd.factorize(names)
    counts = np.bincount(codes)
    if (counts == 1).mean() > 0.5:  # rather one sample named twice than curves of one point
        check_once(names.to_numpy(dtype=np.str_), origin)
    order, points = np.argsort(codes, kind="stable"), _points(counts, ids, origin)
    rows = frame.iloc[order]
    numbers = [c for c in frame.columns if c != SAMPLE_ID and numeric(frame[c])]
    grids = {c: _grid(rows[c], points, origin) for c in numbers}
    fixed = [c for c in numbers if _same_in_rows(grids[c])]
    varying = [c for c in numbers if c not in fixed]
    if len(varying) < 2:
        raise DataError(
            f"'{origin}' has several rows for sample '{shown(str(ids[0]))}' and so is taken as "
            "curves in long form: expected columns sample_id, axis and one for each curve; name "
            "every sample once if its rows are separate samples."
        )
    _check_filled(rows[varying[0]], origin)
    axis, unit = _axis(grids[varying[0]], varying[0], ids, origin)
    curves = [_curve(column, grids[column], axis, unit) for column in varying[1:]]
    if fixed:
        table = np.stack([grids[c][:, 0] for c in fixed], axis=1)
        curves.append(modality_of_array(TABLE, table, columns=tuple(fixed)))
    words = [c for c in frame.columns if c != SAMPLE_ID and c not in numbers]
    for column in words:
        _check_constant(rows[column], points, ids, origin)
    metadata = rows[words].iloc[::points].reset_index(drop=True)
    return Part(origin, len(ids), tuple(curves), np.asarray(ids, dtype=np.str_), metadata)


def name_and_unit(text: str) -> tuple[str, str]:
    """A header's name and unit.

    >>> name_and_unit("stress [MPa]"), name_and_unit("strain")
    (('stress', 'MPa'), ('strain', ''))
    """
    match = _WITH_UNIT.fullmatch(text)
    return (match["name"], match["unit"].strip()) if match else (text, "")


def _points(counts: NDArray[np.int64], ids: pd.Index, origin: str) -> int:
    """Rows of each sample, which must be as many in all."""
    other = np.flatnonzero(counts != counts[0])
    if len(other):
        first, second = shown(str(ids[0])), shown(str(ids[other[0]]))
        raise DataError(
            f"Sample '{first}' has {counts[0]} rows in '{origin}', sample '{second}' has "
            f"{counts[other[0]]}: expected the same points of the axis in every sample; "
            "interpolate the curves to common points."
        )
    return int(counts[0])


def _grid(column: pd.Series, points: int, origin: str) -> NDArray[np.float64]:
    numbers = pd.to_numeric(column, errors="coerce")
    wrong = numbers.isna() & column.notna()
    if wrong.any():
        cell = column[wrong]
        raise DataError(
            f"Column '{shown(str(column.name))}' of '{origin}' holds "
            f"'{shown(str(cell.iloc[0]))}' in row {int(str(cell.index[0])) + 1} below the "
            "header: expected numbers; correct the cell."
        )
    return numbers.to_numpy(dtype=np.float64, na_value=np.nan).reshape(-1, points)


def _same_in_rows(grid: NDArray[np.float64]) -> bool:
    return bool(((grid == grid[:, :1]) | (np.isnan(grid) & np.isnan(grid[:, :1]))).all())


def _check_filled(axis: pd.Series, origin: str) -> None:
    if axis.isna().any():
        row = int(str(axis.index[axis.isna()].min())) + 1
        raise DataError(
            f"The axis '{shown(str(axis.name))}' of '{origin}' is empty in row {row} below the "
            "header: expected the first column of numbers that vary to be filled throughout; fill "
            "the cell, remove the row in every sample, or put the axis first."
        )


def _axis(
    grid: NDArray[np.float64], column: str, ids: pd.Index, origin: str
) -> tuple[tuple[float, ...], str]:
    tolerance = 1e-9 * (np.abs(grid[0]).max() or 1.0)
    other = np.flatnonzero(~(np.abs(grid - grid[0]) <= tolerance).all(1))
    if len(other):
        raise DataError(
            f"Sample '{shown(str(ids[other[0]]))}' of '{origin}' is measured at other points of "
            f"'{shown(column)}' than sample '{shown(str(ids[0]))}': expected the same points in "
            "every sample; interpolate the curves to common points."
        )
    return tuple(grid[0].tolist()), name_and_unit(column)[1]


def _curve(
    column: str, grid: NDArray[np.float64], axis: tuple[float, ...], axis_unit: str
) -> Modality:
    name, unit = name_and_unit(column)
    if len(axis) < MIN_CURVE_POINTS:
        columns = tuple(f"{name}[{point}]" for point in range(len(axis)))
        return replace(modality_of_array(name, grid, columns), unit=unit)
    values, rounding = as_float32(grid), lost_by_rounding(name, grid)
    return Modality(name, Kind.CURVE, values, (), unit, axis, axis_unit, rounding=rounding)


def _check_constant(column: pd.Series, points: int, ids: pd.Index, origin: str) -> None:
    cells = pd.factorize(column)[0].reshape(-1, points)  # one code for all gaps
    other = np.flatnonzero((cells != cells[:, :1]).any(1))
    if len(other):
        raise DataError(
            f"Column '{shown(str(column.name))}' of '{origin}' has several values in sample "
            f"'{shown(str(ids[other[0]]))}': expected one per sample, since words are metadata."
        )
