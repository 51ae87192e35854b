"""Samples as a person sees them: images as thumbnails, curves overlaid, tables as rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import streamlit as st

from app.charts.curves import Axes, Lines, curves_figure, some
from app.charts.palette import COLOURS, MUTED
from causalpima_core.data.multimodal import Kind, Modality
from causalpima_core.report.pictures import limits, thumbnails

MAX_THUMBNAILS = 48
THUMBNAIL = 60
PLAIN = {"displayModeBar": False}


def spread(rows: np.ndarray, limit: int) -> np.ndarray:
    """At most ``limit`` of the rows, evenly spread over them."""
    return rows[np.linspace(0, len(rows) - 1, min(limit, len(rows))).astype(int)]


def show_samples(
    modality: Modality, rows: Sequence[int] | np.ndarray, key: str, axes: Axes | None = None
) -> None:
    """Measurements of these samples in one modality; the others' behind them where they help.

    Args:
        modality: one of the dataset's.
        rows: the samples.
        key: of the chart.
        axes: of a curve whose law is known.
    """
    rows = np.asarray(rows, dtype=int)
    rows = rows[modality.observed[rows]]
    if len(rows) == 0:
        st.caption("Not measured in any of these samples.")
    elif modality.kind is Kind.IMAGE:
        _images(modality, rows)
    elif modality.kind is Kind.CURVE:
        _curves(modality, rows, key, axes or Axes.of_modality(modality))
    else:
        _table(modality, rows)


def preview(modality: Modality, key: str) -> None:
    """A first look at a modality."""
    rows = np.flatnonzero(modality.observed)
    if modality.kind is Kind.IMAGE:
        _images(modality, spread(rows, 24))
    elif modality.kind is Kind.CURVE:
        lines = [Lines(some(modality.values), "", COLOURS[0], 0.3)]
        figure = curves_figure(lines, height=190, axes=Axes.of_modality(modality))
        st.plotly_chart(figure, key=key, config=PLAIN)
    else:
        _table(modality, rows[:6])


def _images(modality: Modality, rows: np.ndarray) -> None:
    """Thumbnails that wrap: as many in a row as the screen is wide."""
    shown = spread(rows, MAX_THUMBNAILS)
    pictures = thumbnails(modality.values[shown], limits(modality.values))
    st.image(list(pictures), width=THUMBNAIL, alt=[f"{modality.name} of sample {r}" for r in shown])
    if len(shown) < len(rows):
        st.caption(f"{len(shown)} of {len(rows):,} images, evenly spread.")


def _curves(modality: Modality, rows: np.ndarray, key: str, axes: Axes) -> None:
    behind = Lines(some(modality.values), "all", MUTED, 0.22)
    front = Lines(some(modality.values, rows=rows), "selected", COLOURS[0], 0.5)
    st.plotly_chart(curves_figure([behind, front], height=240, axes=axes), key=key, config=PLAIN)


def _table(modality: Modality, rows: np.ndarray) -> None:
    columns = modality.columns or tuple(f"{modality.name}[{i}]" for i in range(modality.shape[0]))
    frame = pd.DataFrame(modality.values[rows[:200]], columns=list(columns))
    frame.insert(0, "sample", rows[:200])
    st.dataframe(frame, hide_index=True, height="content" if len(frame) < 8 else 260)
