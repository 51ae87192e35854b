"""Data frames as measurements: which columns are curves, numbers or metadata, in what units."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, time
from decimal import Decimal
from functools import partial

import numpy as np
import pandas as pd
from pandas.api.types import infer_dtype, is_bool_dtype, is_numeric_dtype

from causalpima_core.data.frames import SAMPLE_ID
from causalpima_core.data.long_tables import part_of_long
from causalpima_core.data.multimodal import (
    MIN_CURVE_POINTS,
    Kind,
    Modality,
    modality_of_array,
)
from causalpima_core.data.parts import Part, check_once
from causalpima_core.data.rounding import as_float32, lost_by_rounding
from causalpima_core.data.sources import shown
from causalpima_core.errors import DataError

TABLE = "table"
_CELLS = (str, bool, int, float, Decimal, date, time)
"""What a cell of a typed table may be; anything else is no single value."""

_WITH_COMMAS = r"\s*[-+]?(\d*,\d+|\d{1,3}(,\d{3})+(\.\d+)?|\d{1,3}(\.\d{3})+,\d+)([eE][-+]?\d+)?\s*"
_WITH_PERCENT = r"\s*[-+]?\d*[.,]?\d+\s*%\s*"
_AS_WORDS = "or put a letter before every entry to keep it as metadata"

_CURVE_COLUMN = re.compile(r"(?P<curve>.+?)\[(?P<point>\d+)\](?: \[(?P<unit>[^\[\]]*)\])?")


def part_of_frame(frame: pd.DataFrame, origin: str, *, files: tuple[str, ...] = ()) -> Part:
    """Sort columns into modalities and metadata.

    Columns ``NAME[0] … NAME[k]`` form the modality ``NAME``, a curve, whose unit may follow:
    ``NAME[0] [MPa]``. Other columns of numbers form the modality ``table``; columns of text, and
    of true and false, are metadata. The column ``sample_id`` names the samples; where a name
    comes in several rows, the frame is in long form: a row for each point of a curve.

    Args:
        frame: as read from a file.
        origin: what messages call it.
        files: columns that name other files, which are left to who reads those.

    Raises:
        DataError: naming the column and row where there is one.
    """
    if frame.empty:
        raise DataError("Expected a line per sample, got none: add at least one.")
    if SAMPLE_ID in frame and frame[SAMPLE_ID].isna().any():
        row = int(frame[SAMPLE_ID].isna().to_numpy().argmax()) + 1
        raise DataError(
            f"'{origin}' names no sample in row {row} below the header: fill column {SAMPLE_ID}."
        )
    curves = _curve_columns(frame)
    ids = frame[SAMPLE_ID].astype(str).to_numpy(dtype=np.str_) if SAMPLE_ID in frame else None
    if ids is not None and files:
        check_once(ids, origin)
    holds_numbers = partial(_holds_numbers, origin=origin)
    if ids is not None and not curves and frame[SAMPLE_ID].duplicated().any():
        return part_of_long(frame, origin, holds_numbers)
    in_curves = {column for columns, _ in curves.values() for column in columns}
    others = [c for c in frame.columns if c not in in_curves and c not in (SAMPLE_ID, *files)]
    numbers = [c for c in others if holds_numbers(frame[c])]
    if numbers and TABLE in curves:
        raise DataError(
            f"Columns '{TABLE}[…]' take the name kept for the other columns of numbers "
            f"('{shown(numbers[0])}', …): rename one or the other."
        )
    groups = curves | ({TABLE: (numbers, "")} if numbers else {})
    modalities = tuple(
        _modality(name, frame[columns], unit, origin) for name, (columns, unit) in groups.items()
    )
    metadata = frame[[c for c in others if c not in numbers]]
    return Part(origin, len(frame), modalities, ids, metadata)


def require_numbers(part: Part, frame: pd.DataFrame) -> None:
    """Raise `DataError` where a table that stands alone holds nothing to train on."""
    if not part.modalities:
        raise DataError(
            f"None of the columns ({', '.join(shown(str(c)) for c in frame.columns[:5])}) holds "
            "numbers: expected at least one to train on; write numbers with a decimal point."
        )


def _curve_columns(frame: pd.DataFrame) -> dict[str, tuple[list[str], str]]:
    """The columns of each curve in the order of their points, and their unit."""
    points: dict[str, dict[int, str]] = {}
    units: dict[str, str] = {}
    for column in frame.columns:
        match = _CURVE_COLUMN.fullmatch(column)
        if match:
            curve = points.setdefault(match["curve"], {})
            point = int(match["point"][:9])
            if point in curve:
                raise DataError(
                    f"Columns '{shown(curve[point])}' and '{shown(column)}' are the same point of "
                    "one curve: remove one of them."
                )
            curve[point] = column
            units[match["curve"]] = match["unit"] or units.get(match["curve"], "")
    for name, columns in points.items():
        gaps = [i for i in range(len(columns)) if i not in columns]
        if gaps:
            raise DataError(
                f"Curve '{shown(name)}' has {len(columns)} columns up to "
                f"'{shown(name)}[{max(columns)}]' but no '{shown(name)}[{gaps[0]}]': number its "
                "points 0, 1, 2 … without a gap."
            )
    return {name: ([c[i] for i in sorted(c)], units[name].strip()) for name, c in points.items()}


def _holds_numbers(column: pd.Series, origin: str) -> bool:
    """Whether to train on the column; one that is neither numbers nor text is refused."""
    if is_bool_dtype(column) or column.dtype.kind in "mM":  # times are no measurements
        return False
    if is_numeric_dtype(column):
        return True
    told = column.dropna()
    cells = infer_dtype(told) if column.dtype == object else ""
    if cells == "boolean":
        return False
    if cells == "bytes":
        raise DataError(
            f"Column '{shown(str(column.name))}' of '{origin}' holds bytes: expected a number or "
            "text in each cell; write text as strings, or leave the column out."
        )
    if column.dtype == object and not told.map(lambda cell: isinstance(cell, _CELLS)).all():
        raise DataError(
            f"Column '{shown(str(column.name))}' holds lists or structures: expected a number or "
            "text in each cell; write a curve as columns NAME[0], NAME[1], … or in long form."
        )
    numeric = pd.to_numeric(told, errors="coerce").notna()
    if numeric.all():
        return True
    _check_written(told, numeric, origin, f", {_AS_WORDS}")
    if numeric.mean() > 0.5:
        raise _not_a_number(column, f", {_AS_WORDS}")
    return False


def _check_written(told: pd.Series, numeric: pd.Series, origin: str, otherwise: str = "") -> None:
    """Refuse numbers written so that they are words, which nobody would train on or miss."""
    words = told[~numeric].astype(str)
    for form, what, instead in (
        (_WITH_COMMAS, "with commas", "decimal points and no thousands separators"),
        (_WITH_PERCENT, "with percent signs", "plain numbers, and the unit in the header"),
    ):
        written = words[words.str.fullmatch(form)]
        if len(written) and len(written) + numeric.sum() > 0.5 * len(told):
            raise DataError(
                f"Column '{shown(str(told.name))}' of '{origin}' holds numbers {what} "
                f"('{shown(written.iloc[0].strip())}'), which are read as words: write {instead}"
                f"{otherwise}."
            )


def _not_a_number(column: pd.Series, otherwise: str = "") -> DataError:
    wrong = column[pd.to_numeric(column, errors="coerce").isna() & column.notna()]
    row = int(wrong.index[0]) + 1
    return DataError(
        f"Column '{shown(str(column.name))}' holds numbers except in row {row} below the header "
        f"('{shown(str(wrong.iloc[0])[:40])}') and {len(wrong) - 1} others: correct the "
        f"cells{otherwise}."
    )


def _modality(name: str, cells: pd.DataFrame, unit: str, origin: str) -> Modality:
    """One modality from its columns, every cell of which must be a number or its row empty."""
    numbers = cells.apply(pd.to_numeric, errors="coerce")
    wrong = (numbers.isna() & cells.notna()).to_numpy().any(axis=0)
    if wrong.any():
        first = int(wrong.argmax())
        told = cells[cells.columns[first]].dropna()
        _check_written(told, numbers[cells.columns[first]][told.index].notna(), origin)
        raise _not_a_number(cells[cells.columns[first]])
    gap = numbers.isna() & ~numbers.isna().all(axis=1).to_numpy()[:, None]
    if gap.to_numpy().any():
        row, column = (int(i) for i in np.argwhere(gap.to_numpy())[0])
        raise DataError(
            f"Column '{shown(str(cells.columns[column]))}' is empty in row {row + 1} below the "
            f"header ({int(gap.any(axis=1).sum())} such rows in '{shown(name)}'): fill the cell, "
            "remove the column, or leave the whole row of that modality empty if it was not "
            "measured."
        )
    exact = np.array(numbers, dtype=np.float64)
    if name == TABLE or exact.shape[1] < MIN_CURVE_POINTS:
        return replace(modality_of_array(name, exact, columns=tuple(cells.columns)), unit=unit)
    rounding = lost_by_rounding(name, exact)
    return Modality(name, Kind.CURVE, as_float32(exact), unit=unit, rounding=rounding)
