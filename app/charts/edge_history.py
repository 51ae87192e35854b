"""How the graph came about: the weight of each edge over the epochs, and where it changed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from app.charts.palette import COLOURS, MUTED, faded
from causalpima_core.runs.names import UNNAMED, Names
from causalpima_core.runs.records import Stage

DECIDED = 0.5
"""An edge counts as being in the graph from this weight on."""

MAX_EDGES = 12
ROW, ABOVE, BELOW = 20, 20, 42


@dataclass(frozen=True)
class EdgeHistory:
    """Edges over the epochs of which there is a snapshot.

    Attributes:
        epochs: in order, shape ``(t,)``.
        stages: of those epochs.
        weights: of edge i -> j at ``[:, i, j]``, shape ``(t, L, L)``.
    """

    epochs: tuple[int, ...]
    stages: tuple[Stage, ...]
    weights: NDArray[np.float32]

    @property
    def changes(self) -> tuple[int, ...]:
        """Epochs at which some edge came to be in the graph or left it."""
        inside = self.weights >= DECIDED
        differs = (inside[1:] != inside[:-1]).any((1, 2))
        return tuple(epoch for epoch, d in zip(self.epochs[1:], differs, strict=True) if d)

    @property
    def borders(self) -> tuple[float, ...]:
        """Where the time of each snapshot begins, and the end: it stands until the next one."""
        return (*(epoch - 0.5 for epoch in self.epochs), self.epochs[-1] + 0.5)

    @property
    def stage_starts(self) -> tuple[tuple[int, Stage], ...]:
        """First epoch of each stage."""
        firsts = dict(zip(reversed(self.stages), reversed(self.epochs), strict=True))
        return tuple(sorted((epoch, stage) for stage, epoch in firsts.items()))

    @property
    def edges(self) -> tuple[tuple[int, int], ...]:
        """Edges that were ever in the graph, in the order of nodes; the strongest of too many."""
        most = self.weights.max(0)
        ever = [(int(i), int(j)) for i, j in np.argwhere(most >= DECIDED)]
        mean = self.weights.mean(0)
        return tuple(sorted(sorted(ever, key=lambda edge: -mean[edge])[:MAX_EDGES]))


def history_figure(
    history: EdgeHistory, nodes: tuple[str, ...], epoch: int, names: Names = UNNAMED
) -> go.Figure:
    """A strip per edge, as opaque as the edge in the graph, and lines where the graph changed.

    Args:
        history: of one run, with at least one edge.
        nodes: ids, in the order of ``weights``.
        epoch: the one that is shown elsewhere, to be marked.
        names: of the nodes.
    """
    edges, called = history.edges, [names.node(node) for node in nodes]
    labels = [f"{called[i]} → {called[j]}" for i, j in edges]
    rows = list(range(len(edges)))
    figure = go.Figure(
        go.Heatmap(
            x=history.borders,
            y=rows,
            z=np.stack([history.weights[:, i, j] for i, j in edges]).round(3),
            text=[[f"epoch {then}<br>{label}" for then in history.epochs] for label in labels],
            zmin=0,
            zmax=1,
            colorscale=[[0, faded(MUTED, 0.08)], [1, MUTED]],
            ygap=2,
            showscale=False,
            hovertemplate="%{text}<br>weight %{z:.2f}<extra></extra>",
        )
    )
    _mark(figure, history, epoch)
    height = ABOVE + BELOW + ROW * len(edges)
    figure.update_layout(height=height, margin={"l": 8, "r": 8, "t": ABOVE, "b": BELOW})
    figure.update_xaxes(title={"text": "epoch", "standoff": 4}, zeroline=False, showgrid=False)
    figure.update_yaxes(
        tickvals=rows, ticktext=labels, autorange="reversed", zeroline=False, showgrid=False
    )
    return figure


def _mark(figure: go.Figure, history: EdgeHistory, epoch: int) -> None:
    """Lines before the epochs that changed the graph, stages, and the epoch that is shown."""
    shown = history.epochs.index(epoch)
    figure.add_vrect(
        x0=history.borders[shown],
        x1=history.borders[shown + 1],
        line={"color": COLOURS[0], "width": 2},
        fillcolor=None,
    )
    for change in history.changes:
        figure.add_vline(x=change - 0.5, line={"color": COLOURS[5], "width": 1.5})
    for start, stage in history.stage_starts:
        if start > history.epochs[0] and start not in history.changes:
            figure.add_vline(x=start - 0.5, line={"color": MUTED, "width": 1, "dash": "dot"})
        figure.add_annotation(
            x=start - 0.5,
            y=1,
            yref="paper",
            text=stage.value,
            showarrow=False,
            xanchor="left",
            yanchor="bottom",
            font={"size": 11},
        )
