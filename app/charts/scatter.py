"""Samples as points in two or three dimensions, coloured by group or value, with ellipses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray

from app.charts.palette import CONTINUOUS, MUTED, colour, symbol
from causalpima_core.report.ellipses import outline

MAX_POINTS = 20_000
"""More takes a browser without a graphics card longer than a person waits."""

MAX_LEGEND = 16
MAX_GROUPS = 64
FEW_NUMBERS = 12
"""A numeric column with at most so many values is shown as groups."""


@dataclass(frozen=True)
class Groups:
    """Which group each sample is in.

    Attributes:
        index: shape ``(n,)``; -1 for none.
        labels: one per group.
        title: what the groups are.
    """

    index: NDArray[np.int64]
    labels: tuple[str, ...]
    title: str


@dataclass(frozen=True)
class Values:
    """A number for each sample, shape ``(n,)``."""

    values: NDArray[np.float64]
    title: str


@dataclass(frozen=True)
class Components:
    """Means ``(C, 2)`` and covariances ``(C, 2, 2)`` in the plane that is drawn."""

    means: NDArray[np.float64]
    covariances: NDArray[np.float64]


def subsample(n: int, limit: int = MAX_POINTS) -> NDArray[np.int64]:
    """Indices of the samples to draw: all, or always the same ``limit`` of them, in order."""
    if n <= limit:
        return np.arange(n)
    return np.sort(np.random.default_rng(0).choice(n, limit, replace=False))


def column_colouring(column: pd.Series) -> Groups | Values:
    """Groups for text and few distinct numbers, values for other numbers."""
    title = str(column.name)
    if pd.api.types.is_numeric_dtype(column) and column.nunique() > FEW_NUMBERS:
        return Values(column.to_numpy(dtype=np.float64), title)
    codes, labels = pd.factorize(column, sort=True)
    if len(labels) > MAX_GROUPS:
        codes, labels = np.where(codes < MAX_GROUPS, codes, -1), labels[:MAX_GROUPS]
    return Groups(codes.astype(np.int64), tuple(str(label) for label in labels), title)


def scatter_figure(
    points: NDArray[np.floating],
    axes: Sequence[str],
    colouring: Groups | Values,
    *,
    rows: NDArray[np.int64] | None = None,
    components: Components | None = None,
    selected: frozenset[int] = frozenset(),
    height: int = 560,
    accelerated: bool = True,
) -> go.Figure:
    """Points with their row in ``customdata``, so that a selection names samples.

    Args:
        points: shape ``(n, 2)`` or ``(n, 3)``.
        axes: one title per dimension.
        colouring: of the same ``n`` samples.
        rows: which samples to draw; all by default.
        components: ellipses to draw, in two dimensions only.
        selected: rows to show as selected; the others are greyed.
        height: in pixels.
        accelerated: draw with WebGL; without, a small chart appears sooner.
    """
    rows = np.arange(len(points)) if rows is None else rows
    points = points.astype(np.float32)  # half the bytes to send, and finer than a screen
    figure = go.Figure()
    if isinstance(colouring, Values):
        figure.add_trace(_valued(points, rows, colouring, selected))
    else:
        for group in np.unique(colouring.index[rows]):
            members = rows[colouring.index[rows] == group]
            figure.add_trace(_group(points, members, colouring, int(group), selected))
    n_groups = sum(1 for _ in figure.select_traces())
    if components is not None and points.shape[1] == 2:
        _add_ellipses(figure, components)
    legend = colouring.title if isinstance(colouring, Groups) else ""
    _lay_out(figure, axes, height, n_groups, legend)
    return figure if accelerated else _as_svg(figure)


def hold_axes(figure: go.Figure, points: NDArray[np.floating], margin: float = 0.12) -> None:
    """Let the axes hold ``points``, whatever else is drawn, so that pictures can be compared."""
    low, high = points.min(0), points.max(0)
    room = margin * (high - low)
    figure.update_xaxes(range=[low[0] - room[0], high[0] + room[0]])
    figure.update_yaxes(range=[low[1] - room[1], high[1] + room[1]])


def rows_of_event(points: Sequence[dict[str, Any]]) -> frozenset[int]:
    """Rows of the samples in a selection as the browser reports it; ellipses have none.

    >>> sorted(rows_of_event([{"customdata": [4]}, {"customdata": {"0": 2}}, {"x": 1.0}]))
    [2, 4]
    """
    rows = set()
    for point in points:
        told = point.get("customdata")
        if isinstance(told, dict):
            told = list(told.values())
        if told:
            rows.add(int(told[0]))
    return frozenset(rows)


def _group(
    points: NDArray[np.floating],
    rows: NDArray[np.int64],
    groups: Groups,
    group: int,
    selected: frozenset[int],
) -> go.Scattergl | go.Scatter3d:
    label = "none" if group < 0 else groups.labels[group]
    marker = {"color": colour(group), "symbol": symbol(group), "size": 5, "opacity": 0.75}
    return _trace(points, rows, marker, selected, name=label, hover=label)


def _valued(
    points: NDArray[np.floating],
    rows: NDArray[np.int64],
    values: Values,
    selected: frozenset[int],
) -> go.Scattergl | go.Scatter3d:
    marker = {
        "color": values.values[rows],
        "colorscale": CONTINUOUS,
        "size": 5,
        "opacity": 0.8,
        "colorbar": {"title": {"text": values.title, "side": "right"}, "thickness": 10},
    }
    return _trace(points, rows, marker, selected, name=values.title, hover="%{marker.color:.3g}")


def _trace(
    points: NDArray[np.floating],
    rows: NDArray[np.int64],
    marker: dict[str, Any],
    selected: frozenset[int],
    *,
    name: str,
    hover: str,
) -> go.Scattergl | go.Scatter3d:
    shared = {
        "mode": "markers",
        "name": name,
        "customdata": rows[:, None],
        "hovertemplate": f"sample %{{customdata[0]}}<br>{hover}<extra></extra>",
        "x": points[rows, 0],
        "y": points[rows, 1],
    }
    if points.shape[1] == 3:
        marker = marker | {"size": 3, "symbol": "circle"}
        return go.Scatter3d(z=points[rows, 2], marker=marker, **shared)
    chosen = [i for i, row in enumerate(rows.tolist()) if row in selected] if selected else None
    return go.Scattergl(
        marker=marker,
        selectedpoints=chosen,
        selected={"marker": {"opacity": 0.95}},
        unselected={"marker": {"color": MUTED, "opacity": 0.22}},
        **shared,
    )


def _as_svg(figure: go.Figure) -> go.Figure:
    traces: list[Any] = list(figure.select_traces())
    plain = [trace.to_plotly_json() | {"type": trace.type.removesuffix("gl")} for trace in traces]
    return go.Figure(plain, figure.layout)


def _add_ellipses(figure: go.Figure, components: Components) -> None:
    """One trace per colour, its ellipses apart: many traces cost a live page its pace."""
    pieces: dict[str, list[NDArray[np.float64]]] = {}
    for c, shape in enumerate(zip(components.means, components.covariances, strict=True)):
        pieces.setdefault(colour(c), []).extend([outline(*shape), np.full((1, 2), np.nan)])
    for ink, lines in pieces.items():
        line = np.concatenate(lines[:-1]).astype(np.float32)
        figure.add_trace(
            go.Scatter(
                x=line[:, 0],
                y=line[:, 1],
                mode="lines",
                line={"color": ink, "width": 1.2},
                hoverinfo="skip",
                showlegend=False,
            )
        )


def _lay_out(
    figure: go.Figure, axes: Sequence[str], height: int, n_groups: int, legend: str
) -> None:
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        dragmode="lasso",
        showlegend=1 < n_groups <= MAX_LEGEND,
        legend={
            "itemsizing": "constant",
            "orientation": "h",
            "y": -0.12,
            "x": 0,
            "title": {"text": f"{legend}&nbsp; " if legend else ""},
        },
        uirevision="keep",
    )
    titles = {"x": axes[0], "y": axes[1]}
    if len(axes) == 3:
        figure.update_scenes(
            {
                f"{axis}axis": {"title": {"text": title.split(" (")[0]}}
                for axis, title in zip("xyz", axes, strict=True)
            }
        )
        return
    figure.update_xaxes(title=titles["x"], zeroline=False)
    figure.update_yaxes(title=titles["y"], zeroline=False)
