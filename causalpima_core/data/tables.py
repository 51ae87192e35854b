"""Tables of text as datasets: which columns are curves, which are numbers, which are metadata.

A scientist's table comes from a spreadsheet: this file finds what went wrong in it and says where.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
from pandas.api.types import is_bool_dtype, is_numeric_dtype

from causalpima_core.data.multimodal import (
    MIN_CURVE_POINTS,
    Kind,
    Modality,
    MultimodalDataset,
    modality_of_array,
)
from causalpima_core.errors import DataError

SAMPLE_ID = "sample_id"
TABLE = "table"
_CURVE_COLUMN = re.compile(r"(?P<curve>.+)\[(?P<point>\d+)\]")


def read_csv(path: Path) -> MultimodalDataset:
    """Read comma-separated values with one header line (see `dataset_of_frame`).

    Raises:
        DataError: naming the column and row where there is one.
    """
    return dataset_of_frame(read_frame(path))


def read_frame(path: Path, text: tuple[str, ...] = (SAMPLE_ID,)) -> pd.DataFrame:
    """The file as a data frame whose columns all have a name of their own.

    Args:
        path: comma-separated values in UTF-8.
        text: columns that stay as they are written, such as identifiers with leading zeros.

    Raises:
        DataError: not text, empty, or not a rectangle of cells under one header.
    """
    try:
        # without a header a first line shorter than the second is an error, not an index
        top = pd.read_csv(path, header=None, nrows=2, dtype=str, encoding="utf-8-sig")
        _check_header(path, top.iloc[0])
        return pd.read_csv(
            path, dtype=dict.fromkeys(text, str), encoding="utf-8-sig", low_memory=False
        )
    except UnicodeDecodeError as error:
        raise DataError(
            f"'{path.name}' is not text in UTF-8 (byte {error.start}): expected comma-separated "
            "values; save it again as CSV UTF-8."
        ) from error
    except pd.errors.EmptyDataError as error:
        raise DataError(
            f"'{path.name}' is empty: expected a header line and a line per sample."
        ) from error
    except ValueError as error:
        raise DataError(
            f"'{path.name}' cannot be read as comma-separated values ({str(error).strip()}): "
            "expected as many cells in each line as names in the header."
        ) from error


def _check_header(path: Path, header: pd.Series) -> None:
    if header.isna().any():
        raise DataError(
            f"Column {int(header.isna().argmax()) + 1} of '{path.name}' has no name: expected a "
            "header line that names every column; name the column or remove it."
        )
    if header.duplicated().any():
        raise DataError(
            f"'{path.name}' has two columns called '{header[header.duplicated()].iloc[0]}': "
            "expected every name once; rename or remove one of them."
        )
    if len(header) == 1 and re.search(r"[;\t]", header.iloc[0]):
        raise DataError(
            f"'{path.name}' separates its cells by something other than commas (first line "
            f"'{header.iloc[0][:40]}'): save it as comma-separated values with decimal points."
        )


def dataset_of_frame(frame: pd.DataFrame) -> MultimodalDataset:
    """Sort columns into modalities and metadata.

    Columns ``NAME[0] … NAME[k]`` form the modality ``NAME``, a curve; other columns of numbers
    form the modality ``table``; columns of text, and of true and false, are metadata. The column
    ``sample_id`` names the samples.

    Raises:
        DataError: naming the column and row where there is one.
    """
    if frame.empty:
        raise DataError("Expected a line per sample, got none: add at least one.")
    sample_id = frame.get(SAMPLE_ID, pd.Series(range(len(frame)))).astype(str)
    curves = _curve_columns(frame)
    in_curves = {column for columns in curves.values() for column in columns}
    others = [c for c in frame.columns if c not in in_curves and c != SAMPLE_ID]
    numbers = [c for c in others if _holds_numbers(frame[c])]
    if numbers and TABLE in curves:
        raise DataError(
            f"Columns '{TABLE}[…]' take the name kept for the other columns of numbers "
            f"('{numbers[0]}', …): rename one or the other."
        )
    groups = curves | ({TABLE: numbers} if numbers else {})
    if not groups:
        raise DataError(
            f"None of the columns ({', '.join(map(str, frame.columns[:5]))}) holds numbers: "
            "expected at least one to train on; write numbers with a decimal point."
        )
    modalities = tuple(_modality(name, frame[columns]) for name, columns in groups.items())
    metadata = frame[[c for c in others if c not in numbers]]
    return MultimodalDataset(modalities, sample_id.to_numpy(dtype=np.str_), metadata)


def _curve_columns(frame: pd.DataFrame) -> dict[str, list[str]]:
    """The columns of each curve in the order of their points."""
    points: dict[str, dict[int, str]] = {}
    for column in frame.columns:
        match = _CURVE_COLUMN.fullmatch(column)
        if match:
            curve = points.setdefault(match["curve"], {})
            point = int(match["point"])
            if point in curve:
                raise DataError(
                    f"Columns '{curve[point]}' and '{column}' are the same point of one curve: "
                    "remove one of them."
                )
            curve[point] = column
    for name, columns in points.items():
        gaps = [i for i in range(len(columns)) if i not in columns]
        if gaps:
            raise DataError(
                f"Curve '{name}' has {len(columns)} columns up to '{name}[{max(columns)}]' but no "
                f"'{name}[{gaps[0]}]': number its points 0, 1, 2 … without a gap."
            )
    return {name: [columns[i] for i in sorted(columns)] for name, columns in points.items()}


def _holds_numbers(column: pd.Series) -> bool:
    """Whether to train on the column; one that is neither numbers nor text is refused."""
    if is_bool_dtype(column):
        return False
    if is_numeric_dtype(column):
        return True
    told = column.dropna()
    numeric = pd.to_numeric(told, errors="coerce").notna()
    if numeric.mean() > 0.5 and not numeric.all():
        raise _not_a_number(column, ", or put a letter before every entry to keep it as metadata")
    return bool(numeric.all())


def _not_a_number(column: pd.Series, otherwise: str = "") -> DataError:
    wrong = column[pd.to_numeric(column, errors="coerce").isna() & column.notna()]
    row = int(wrong.index[0]) + 1
    return DataError(
        f"Column '{column.name}' holds numbers except in row {row} below the header "
        f"('{str(wrong.iloc[0])[:40]}') and {len(wrong) - 1} others: correct the cells{otherwise}."
    )


def _modality(name: str, cells: pd.DataFrame) -> Modality:
    """One modality from its columns, every cell of which must be a number or its row empty."""
    numbers = cells.apply(pd.to_numeric, errors="coerce")
    for column in cells.columns:
        if (numbers[column].isna() & cells[column].notna()).any():
            raise _not_a_number(cells[column])
    gap = numbers.isna() & ~numbers.isna().all(axis=1).to_numpy()[:, None]
    if gap.to_numpy().any():
        row, column = (int(i) for i in np.argwhere(gap.to_numpy())[0])
        raise DataError(
            f"Column '{cells.columns[column]}' is empty in row {row + 1} below the header "
            f"({int(gap.any(axis=1).sum())} such rows in '{name}'): fill the cell, remove the "
            "column, or leave the whole row of that modality empty if it was not measured."
        )
    with np.errstate(over="ignore"):
        values = np.array(numbers, dtype=np.float32)  # a copy: pandas hands out read-only views
    if name != TABLE and values.shape[1] >= MIN_CURVE_POINTS:
        return Modality(name, Kind.CURVE, values)
    return modality_of_array(name, values, columns=tuple(cells.columns))
