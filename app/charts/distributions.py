"""Distributions of all nodes before and after an intervention, as paired bars."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from app.charts.palette import COLOURS, MUTED
from causalpima_core.runs.names import UNNAMED, Names
from causalpima_core.runs.results import GraphResult

ROW, FRAME = 34, 90
"""Pixels of a state's pair of bars, and of what is around them all."""


def marginals(graph: GraphResult, outcome: NDArray[np.floating]) -> dict[tuple[str, int], float]:
    """Probability of every state of every node.

    Args:
        graph: whose components are the joint outcomes.
        outcome: probability of each of them, shape ``(C,)``.
    """
    table = np.array([component.outcome for component in graph.components])
    return {
        (node.name, k): float(outcome[table[:, j] == k].sum())
        for j, node in enumerate(graph.nodes)
        for k in range(node.states)
    }


def before_and_after(
    before: Mapping[tuple[str, int], float],
    after: Mapping[tuple[str, int], float],
    names: Names = UNNAMED,
) -> go.Figure:
    """One pair of bars per state, nodes from top to bottom."""
    labels = [names.setting(node, state) for node, state in before]
    figure = go.Figure()
    for told, shares, ink in (("as it is", before, MUTED), ("after", after, COLOURS[0])):
        values = list(shares.values())
        figure.add_trace(
            go.Bar(
                x=values,
                y=labels,
                orientation="h",
                name=told,
                marker={"color": ink},
                text=[f"{value:.2f}" for value in values],
                textposition="outside",
                cliponaxis=False,
                hovertemplate="%{y}: %{x:.3f}<extra>" + told + "</extra>",
            )
        )
    figure.update_layout(
        barmode="group",
        height=ROW * len(labels) + FRAME,
        margin={"l": 8, "r": 34, "t": 30, "b": 8},
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0},
    )
    figure.update_xaxes(
        title={"text": "probability", "standoff": 4}, range=[0, 1.08], zeroline=False
    )
    figure.update_yaxes(autorange="reversed")
    return figure
