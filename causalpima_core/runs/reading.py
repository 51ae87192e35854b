"""Files of a run as values; what is not as it was written ends in a `ValueError` or `OSError`."""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from causalpima_core.runs.records import Snapshot, Stage

_LAST_BYTES = 4096
_LONGEST_LINE = 300


def checked_json(text: str) -> str:
    """The same text, which is JSON."""
    json.loads(text)
    return text


def assignments(text: str, n_samples: int) -> pd.DataFrame:
    """A table that ends with a whole line and has what every result has.

    Args:
        text: of the file.
        n_samples: how many rows it must have at least.
    """
    # a sample may be called NA
    table = pd.read_csv(io.StringIO(text), dtype={"sample": str}, keep_default_na=False)
    whole = text.endswith("\n") and len(table) >= n_samples
    if not whole or not {"sample", "component", "confidence"} <= set(table.columns):
        raise ValueError("not assignments, or not all of them")
    return table


def arrays(path: Path) -> dict[str, np.ndarray]:
    """All arrays of an `.npz`."""
    try:
        # numpy leaves a file open that turns out to be no archive
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            return dict(stored)
    except (KeyError, EOFError, AttributeError, TypeError, zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(f"not an archive of arrays, or not all of one: {error}") from error


def snapshot(path: Path) -> Snapshot:
    """One moment of the history."""
    stored = arrays(path)
    try:
        values: dict[str, Any] = {field.name: stored[field.name] for field in fields(Snapshot)}
        values["epoch"] = int(values["epoch"])
        values["temperature"] = float(values["temperature"])
    except (KeyError, TypeError) as error:
        raise ValueError(f"not a snapshot: {error}") from error
    values["stage"] = Stage(str(values["stage"]))
    return Snapshot(**values)


def last_line(path: Path) -> str:
    """The last line that says something, cut to a line's length; empty where there is none."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _LAST_BYTES))
            lines = file.read().decode(errors="replace").splitlines()
    except OSError:
        return ""
    said = [line.strip() for line in lines if line.strip()]
    return said[-1][:_LONGEST_LINE] if said else ""


def modified(path: Path) -> int:
    """When a file was written, in nanoseconds; 0 where there is none."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0
