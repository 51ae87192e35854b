"""What a model answers about a sample: bands over curves, chances of states, changes, in words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from app.charts.palette import COLOURS, MUTED, colour, faded
from causalpima_core.report.axes import Axes
from causalpima_core.runs.names import Names
from causalpima_core.runs.results import GraphResult

PREDICTED, TRUE = COLOURS[0], COLOURS[1]
COVERED = 90
"""Per cent of measurements that an interval is to contain; `causalpima_core.queries` makes it."""
USELESS = 0.95
"""Share of the spread between samples that the average of all samples is about off by."""
OPEN = 0.9
"""Largest chance of a node's states below which the node counts as open."""
_LEGEND = {"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0}


@dataclass(frozen=True)
class Chance:
    """How probable a state of a node is: from what is given, and from all that was measured."""

    setting: str
    state: int
    given: float
    all: float | None


def band_figure(
    mean: NDArray[np.floating],
    lower: NDArray[np.floating],
    upper: NDArray[np.floating],
    true: NDArray[np.floating] | None,
    axes: Axes,
) -> go.Figure:
    """A predicted curve with its interval, over the true one where there is one."""
    along = axes.along(len(mean))
    figure = go.Figure()
    edges = {"x": along, "mode": "lines", "line": {"width": 0}, "hoverinfo": "skip"}
    figure.add_scatter(y=upper, showlegend=False, **edges)
    figure.add_scatter(
        y=lower,
        name=f"{COVERED}% interval",
        fill="tonexty",
        fillcolor=faded(PREDICTED, 0.2),
        **edges,
    )
    figure.add_scatter(x=along, y=mean, name="predicted", line={"color": PREDICTED, "width": 2})
    if true is not None:
        figure.add_scatter(
            x=along, y=true, name="true", line={"color": TRUE, "width": 1.5, "dash": "dot"}
        )
    return _finished(figure, 280, axes)


def change_figure(
    before: NDArray[np.floating], after: NDArray[np.floating], axes: Axes
) -> go.Figure:
    """A curve as it is and as it would be, and below it the difference."""
    along = axes.along(len(before))
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, row_heights=[0.62, 0.38])
    for name, values, hue in (("as it is", before, MUTED), ("as it would be", after, PREDICTED)):
        figure.add_scatter(x=along, y=values, name=name, line={"color": hue, "width": 2})
    figure.add_scatter(
        x=along,
        y=after - before,
        name="difference",
        line={"color": COLOURS[5], "width": 2},
        row=2,
        col=1,
    )
    figure.add_hline(y=0, line={"color": MUTED, "width": 1}, row=2, col=1)
    _finished(figure, 340, axes)
    figure.update_xaxes(title_text="", row=1, col=1)
    return figure.update_yaxes(title_text=f"difference of<br>{axes.y}", row=2, col=1)


def _finished(figure: go.Figure, height: int, axes: Axes) -> go.Figure:
    figure.update_layout(
        height=height, margin={"l": 8, "r": 8, "t": 30, "b": 8}, legend=_LEGEND, hovermode="x"
    )
    figure.update_xaxes(title={"text": axes.x, "standoff": 4}, zeroline=False)
    return figure.update_yaxes(title={"text": axes.y, "standoff": 10}, zeroline=False)


def chances_figure(chances: list[Chance]) -> go.Figure:
    """A bar per state from what is given, with a mark where all measurements together put it."""
    settings = [chance.setting for chance in chances]
    figure = go.Figure(
        go.Bar(
            x=[chance.given for chance in chances],
            y=settings,
            orientation="h",
            marker={"color": [colour(chance.state) for chance in chances]},
            showlegend=False,
            hovertemplate="%{y}<br>%{x:.3f} from what is given<extra></extra>",
        )
    )
    marked = [chance for chance in chances if chance.all is not None]
    if marked:
        figure.add_scatter(
            x=[chance.all for chance in marked],
            y=[chance.setting for chance in marked],
            mode="markers",
            marker={"symbol": "line-ns-open", "size": 15, "color": MUTED, "line": {"width": 3}},
            name="from all that was measured",
            cliponaxis=False,
            hovertemplate="%{y}<br>%{x:.3f} from all that was measured<extra></extra>",
        )
    figure.update_layout(
        height=74 + 23 * len(chances),
        margin={"l": 8, "r": 14, "t": 30 if marked else 8, "b": 8},
        legend=_LEGEND | {"itemclick": False},
        showlegend=bool(marked),
        bargap=0.35,
    )
    figure.update_xaxes(
        title={"text": "probability", "standoff": 4}, range=[0, 1], dtick=0.25, zeroline=False
    )
    return figure.update_yaxes(autorange="reversed", automargin=True, ticksuffix=" ")


def open_nodes(chances: dict[str, NDArray[np.floating]]) -> list[str]:
    """Nodes of which no state is nearly sure.

    >>> open_nodes({"a": np.array([0.98, 0.02]), "b": np.array([0.6, 0.4])})
    ['b']
    """
    return [node for node, states in chances.items() if states.max() < OPEN]


def counterfactual_sentence(
    graph: GraphResult, names: Names, node: str, now: list[int], then: list[int]
) -> str:
    """Which nodes would be different with one of them, and which way.

    Args:
        graph: its nodes in the order of the outcomes.
        names: of nodes and states.
        node: that is set.
        now: joint outcome of the sample as it is.
        then: as it would most probably be.
    """
    if now == then:
        return "The sample is most probably in this state already: nothing would change."
    changed = [
        f"{names.setting(other.name, then[j])} instead of {names.state(other.name, now[j])}"
        for j, other in enumerate(graph.nodes)
        if other.name != node and now[j] != then[j]
    ]
    if not changed:
        return "No other node would be different."
    return f"Nodes that would most probably follow: {'; '.join(changed)}."


def prediction_table(
    columns: tuple[str, ...],
    mean: NDArray[np.floating],
    lower: NDArray[np.floating],
    upper: NDArray[np.floating],
    true: NDArray[np.floating] | None,
) -> pd.DataFrame:
    """A row per column of a predicted table."""
    table = pd.DataFrame({"column": columns, "predicted": mean, "lower": lower, "upper": upper})
    return table if true is None else table.assign(true=true)


def change_table(
    columns: tuple[str, ...], before: NDArray[np.floating], after: NDArray[np.floating]
) -> pd.DataFrame:
    """A row per column of a table as it is and as it would be."""
    return pd.DataFrame(
        {"column": columns, "as it is": before, "would be": after, "difference": after - before}
    )


def error_sentence(
    mean: NDArray[np.floating],
    lower: NDArray[np.floating],
    upper: NDArray[np.floating],
    true: NDArray[np.floating],
    spread: float | None,
    unit: str = "",
) -> str:
    """How far a prediction is from the truth, and whether it knew.

    Args:
        mean: predicted.
        lower: end of the interval.
        upper: end of the interval.
        true: measured.
        spread: standard deviation of the modality between samples, where it is known.
        unit: of the values.
    """
    off = float(np.sqrt(np.square(mean - true).mean()))
    inside = 100 * float(((lower <= true) & (true <= upper)).mean())
    beside = f", {100 * off / spread:.0f}% of the spread between samples" if spread else ""
    if spread and off > USELESS * spread:
        beside += ", no better than the average of all samples"
    far = f"{off:.3g} {unit}".rstrip()
    return (
        f"Off by {far}{beside} (root mean square). The interval contains {inside:.0f}% of the "
        f"true values; {COVERED}% are expected over many samples."
    )
