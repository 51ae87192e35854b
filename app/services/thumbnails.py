"""Small pictures or curves of many samples, prepared once so that hovering needs no server."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from PIL import Image

from app.charts.scatter import subsample
from app.services.loaders import dataset_at
from causalpima_core.data.multimodal import Kind, Modality, MultimodalDataset
from causalpima_core.report.pictures import limits, to_rgb

MOST, SIDE, POINTS = 3_000, 32, 40
"""Samples, pixels a side and points of a curve: together about a megabyte."""


@dataclass(frozen=True)
class Thumbnails:
    """Pictures on one sheet, or curves where there are no pictures.

    Attributes:
        rows: of the samples, in the order of the sheet.
        sheet: JPEG as a data URI; empty for curves.
        columns: pictures in a row of the sheet.
        size: width and height of one.
        curves: heights from 0 to 100, one list per sample; empty for pictures.
    """

    rows: list[int]
    sheet: str
    columns: int
    size: tuple[int, int]
    curves: list[list[int]]

    def as_json(self) -> dict[str, Any]:
        """Plain values for the component."""
        return vars(self)


def thumbnails_of(path: Path | str) -> Thumbnails | None:
    """Of a dataset's first image modality, else of its first curve; None where it has neither."""
    path = Path(path)
    return _thumbnails(str(path), path.stat().st_mtime_ns)


@st.cache_data(show_spinner=False, max_entries=6)
def _thumbnails(path: str, stamp: int) -> Thumbnails | None:
    dataset = dataset_at(path)
    for kind, make in ((Kind.IMAGE, _pictures), (Kind.CURVE, _curves)):
        modality = _first(dataset, kind)
        if modality is not None:
            rows = np.flatnonzero(modality.observed)
            return make(modality, rows[subsample(len(rows), MOST)])
    return None


def _first(dataset: MultimodalDataset, kind: Kind) -> Modality | None:
    return next((m for m in dataset.modalities if m.kind is kind), None)


def _pictures(modality: Modality, rows: NDArray[np.int64]) -> Thumbnails:
    step = max(1, -(-max(modality.shape[1:]) // SIDE))
    small = to_rgb(modality.values[rows, :, ::step, ::step], limits(modality.values))
    n, height, width, _ = small.shape
    columns = int(np.ceil(np.sqrt(n)))
    padded = np.zeros((-(-n // columns) * columns, height, width, 3), np.uint8)
    padded[:n] = small
    sheet = padded.reshape(-1, columns, height, width, 3).swapaxes(1, 2)
    buffer = io.BytesIO()
    Image.fromarray(sheet.reshape(-1, columns * width, 3)).save(buffer, "JPEG", quality=85)
    told = base64.b64encode(buffer.getvalue()).decode()
    return Thumbnails(rows.tolist(), f"data:image/jpeg;base64,{told}", columns, (width, height), [])


def _curves(modality: Modality, rows: NDArray[np.int64]) -> Thumbnails:
    points = np.linspace(0, modality.shape[0] - 1, min(POINTS, modality.shape[0])).astype(int)
    low, high = limits(modality.values)
    heights = np.clip((modality.values[rows][:, points] - low) / (high - low), 0, 1) * 100
    return Thumbnails(rows.tolist(), "", 0, (0, 0), heights.round().astype(int).tolist())
