"""Curve modalities: many overlaid thin lines, grouped by colour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from app.charts.palette import faded
from causalpima_core.data.stored import Values
from causalpima_core.report.axes import Axes

MAX_LINES = 60


@dataclass(frozen=True)
class Lines:
    """Curves drawn alike.

    Attributes:
        curves: shape ``(n, points)``.
        name: in the legend; empty for none.
        colour: hex.
        opacity: of each line.
        width: in pixels.
    """

    curves: NDArray[np.floating]
    name: str
    colour: str
    opacity: float = 0.35
    width: float = 1.0


def curves_figure(
    groups: Sequence[Lines], height: int = 240, axes: Axes | None = None
) -> go.Figure:
    """All groups over the index of their points or along ``axes``, the first at the back."""
    figure = go.Figure()
    for lines in groups:
        if len(lines.curves) == 0:
            continue
        x, y = _joined(lines.curves, axes)
        figure.add_trace(
            go.Scatter(
                x=x,
                y=y,
                mode="lines",
                name=lines.name,
                showlegend=False,
                legendgroup=lines.name,
                line={"color": faded(lines.colour, lines.opacity), "width": lines.width},
                hoverinfo="skip",
            )
        )
        if lines.name:
            figure.add_trace(_sign(lines))
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 8, "t": 30 if any(lines.name for lines in groups) else 8, "b": 8},
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0},
    )
    x, y = (axes.x, axes.y) if axes else ("point", "")
    figure.update_xaxes(title={"text": x, "standoff": 4}, zeroline=False)
    figure.update_yaxes(title={"text": y, "standoff": 10}, zeroline=False)
    return figure


def some(
    curves: Values, limit: int = MAX_LINES, rows: NDArray[np.int64] | None = None
) -> NDArray[np.floating]:
    """At most ``limit`` measured curves, spread evenly over the samples, or over some of them."""
    rows = np.arange(len(curves)) if rows is None else rows
    rows = rows[np.isfinite(curves[rows, 0])]
    return curves[rows[np.linspace(0, len(rows) - 1, min(limit, len(rows))).astype(int)]]


def _sign(lines: Lines) -> go.Scatter:
    """What stands for the lines in the legend, as plain to see as many of them together."""
    return go.Scatter(
        x=[None],
        y=[None],
        mode="lines",
        name=lines.name,
        legendgroup=lines.name,
        line={"color": faded(lines.colour, max(lines.opacity, 0.75)), "width": 2},
    )


def _joined(
    curves: NDArray[np.floating], axes: Axes | None
) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """All curves as one line with gaps: one trace draws far faster than sixty."""
    n, points = curves.shape
    gap = np.full((n, 1), np.nan)
    along = axes.along(points) if axes else np.arange(points, dtype=float)
    return np.tile(np.append(along, np.nan), n), np.concatenate([curves, gap], axis=1).ravel()
