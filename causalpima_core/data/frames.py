"""Table files to data frames: comma- or tab-separated text and Parquet.

A scientist's table comes from a spreadsheet: this file finds what went wrong in it and says where.
"""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from causalpima_core.data.arrays import as_names
from causalpima_core.data.sources import Source, check_expansion, shown
from causalpima_core.errors import DataError

SAMPLE_ID = "sample_id"
MAX_COLUMNS = 20_000
LONGEST_HEADER = 4 * 2**20
SEPARATORS = {".csv": ",", ".tsv": "\t"}
_IN_WORDS = {",": "comma", "\t": "tab"}
_CHUNK = 2**20
_MARK = "="


def read_frame(source: Source, text: tuple[str, ...] = (SAMPLE_ID,)) -> pd.DataFrame:
    """The file as a data frame whose columns all have a name of their own.

    Args:
        source: ``.csv`` or ``.tsv`` in UTF-8 with one header line, or ``.parquet``.
        text: columns of identifiers, which stay as they are written: leading zeros, ``NA``.

    Raises:
        DataError: not such a file, empty, or not a rectangle of cells under one header.
    """
    if source.suffix == ".parquet":
        frame = _read_parquet(source)
    else:
        frame = _read_text(source, SEPARATORS[source.suffix], text)
    named = {column: _named(frame[column]) for column in text if column in frame}
    return frame.assign(**named)


def frame_at(path: Path, text: tuple[str, ...] = (SAMPLE_ID,)) -> pd.DataFrame:
    """`read_frame` of a file on disk."""
    return read_frame(Source.of_file(path), text)


def _read_text(source: Source, separator: str, text: tuple[str, ...]) -> pd.DataFrame:
    values = f"{_IN_WORDS[separator]}-separated values"
    with source.open() as file:
        _check_text(source, file, values)
        try:
            _check_header(source, _top(file, separator, 1).iloc[0], separator)
            # without a header a first line shorter than the second is an error, not an index
            _top(file, separator, 2)
            file.seek(0)
            frame = pd.read_csv(
                file,
                # marked, since pandas takes what a converter gives for a gap where it is 'NA'
                converters=dict.fromkeys(text, _MARK.__add__),
                encoding="utf-8-sig",
                low_memory=False,
                sep=separator,
            )
            return frame.assign(**{c: frame[c].str.removeprefix(_MARK) for c in text if c in frame})
        except pd.errors.EmptyDataError as error:
            raise DataError(
                f"'{source.told}' is empty: expected a header line and a line per sample."
            ) from error
        except (ValueError, OverflowError) as error:
            told = shown(" ".join(str(error).split()).removesuffix("."), 160)
            raise DataError(
                f"'{source.told}' cannot be read as {values} ({told}): "
                "expected as many cells in each line as names in the header."
            ) from error


def _top(file: BinaryIO, separator: str, lines: int) -> pd.DataFrame:
    """The first lines as they are written."""
    file.seek(0)
    return pd.read_csv(
        file,
        header=None,
        nrows=lines,
        dtype=str,
        keep_default_na=False,
        encoding="utf-8-sig",
        sep=separator,
    )


def _named(names: pd.Series) -> pd.Series:
    """A column of identifiers as text, in which a gap remains a gap."""
    told = names[names.notna() & (names.astype(str) != "")]
    values = told.to_numpy() if told.dtype.kind == "f" else told.astype(str).to_numpy(np.str_)
    return pd.Series(as_names(values), told.index, dtype=str).reindex(names.index)


def _check_text(source: Source, file: BinaryIO, values: str) -> None:
    """Refuse what is no text, and lines no table has, before they are taken apart."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    line, header = 1, b""
    for chunk in _chunks(file):
        try:
            decoder.decode(chunk)
        except UnicodeDecodeError as error:
            line += chunk[: max(error.start, 0)].count(b"\n")
            raise DataError(
                f"'{source.told}' is not text in UTF-8 (line {line}): expected {values}; "
                "save it again as CSV UTF-8."
            ) from error
        if b"\0" in chunk:
            line += chunk[: chunk.index(b"\0")].count(b"\n")
            raise DataError(
                f"'{source.told}' holds a NUL byte in line {line}: expected text; save it again as "
                "CSV UTF-8."
            )
        if line == 1:
            header += chunk.partition(b"\n")[0]
            columns = header.count(SEPARATORS[source.suffix].encode()) + 1
            if columns > MAX_COLUMNS:
                raise _too_wide(source, f"{columns:,} columns or more")
            if len(header) > LONGEST_HEADER:
                raise _too_wide(source, f"a first line of more than {LONGEST_HEADER:,} bytes")
        line += chunk.count(b"\n")


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    while chunk := file.read(_CHUNK):
        yield chunk


def _check_header(source: Source, header: pd.Series, separator: str) -> None:
    if len(header) > MAX_COLUMNS:
        raise _too_wide(source, f"{len(header):,} columns")
    if (header == "").any():
        raise DataError(
            f"Column {int((header == '').argmax()) + 1} of '{source.told}' has no name: expected a "
            "header line that names every column; name the column or remove it."
        )
    if header.duplicated().any():
        twice = shown(header[header.duplicated()].iloc[0])
        raise DataError(
            f"'{source.told}' has two columns called '{twice}': "
            "expected every name once; rename or remove one of them."
        )
    other = "[;\t]" if separator == "," else "[;,]"
    if len(header) == 1 and re.search(other, header.iloc[0]):
        word = _IN_WORDS[separator]
        raise DataError(
            f"'{source.told}' separates its cells by something other than {word}s (first line "
            f"'{shown(header.iloc[0])}'): save it as {word}-separated values with decimal points."
        )


def _too_wide(source: Source, what: str) -> DataError:
    return DataError(
        f"'{source.told}' has {what}: expected at most {MAX_COLUMNS:,} columns; "
        "write long curves in long form, or as arrays (.npz, .h5)."
    )


def _read_parquet(source: Source) -> pd.DataFrame:
    with source.open() as file:
        try:
            content = pq.ParquetFile(file)
            columns, rows = content.schema_arrow.names, content.metadata.num_rows
            if len(columns) > MAX_COLUMNS:
                raise _too_wide(source, f"{len(columns):,} columns")
            check_expansion(f"'{source.told}'", source.size, _unpacked(content))
            table = content.read()
            if table.num_rows != rows:
                raise pa.ArrowInvalid("other rows than it claims")
            table.validate(full=True)  # text that is no UTF-8 would be noticed somewhere later
            _check_names(source, columns)
            # what pandas noted of an index would turn columns into one
            frame = table.replace_schema_metadata(None).to_pandas()
        except (pa.ArrowException, OSError, OverflowError, ValueError, MemoryError) as error:
            raise DataError(
                f"'{source.told}' is not a Parquet file, or a damaged one: write it again, for "
                "example with pandas.DataFrame.to_parquet."
            ) from error
    coded = frame.select_dtypes("category").columns
    return frame.astype({c: frame[c].cat.categories.dtype for c in coded})


def _unpacked(content: pq.ParquetFile) -> int:
    """Bytes in memory, at least: what pages hold, and eight for each cell."""
    metadata = content.metadata
    pages = sum(metadata.row_group(i).total_byte_size for i in range(metadata.num_row_groups))
    return max(pages, 8 * metadata.num_rows * metadata.num_columns)


def _check_names(source: Source, columns: list[str]) -> None:
    twice = [name for name, count in Counter(columns).items() if count > 1]
    if twice or not all(columns):
        raise DataError(
            f"'{source.told}' has columns without a name, or two of the same "
            f"('{shown(min(twice, default=''))}'): expected every name once; rename them."
        )
