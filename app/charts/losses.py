"""The loss by named term: a table with the latest values, and one term drawn over the epochs."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from app.charts.palette import COLOURS, MUTED
from causalpima_core.report.terms import stage_starts, term_in_words, term_names


def loss_table(metrics: pd.DataFrame) -> pd.DataFrame:
    """Term, latest value in training and held out, and its course so far."""
    rows = []
    for term in term_names(metrics):
        train = metrics.loc[metrics["term"] == f"train/{term}", "value"]
        held_out = metrics.loc[metrics["term"] == f"held_out/{term}", "value"]
        rows.append(
            {
                "term": term_in_words(term),
                "train": train.iloc[-1] if len(train) else None,
                "held out": held_out.iloc[-1] if len(held_out) else None,
                "course": train.tolist()[-200:],
            }
        )
    return pd.DataFrame(rows, columns=["term", "train", "held out", "course"])


def loss_figure(metrics: pd.DataFrame, term: str, height: int = 300) -> go.Figure:
    """One term over the epochs, stages marked along the bottom."""
    figure = go.Figure()
    for part, name, dash in (("train", "training", "solid"), ("held_out", "held out", "dot")):
        rows = metrics[metrics["term"] == f"{part}/{term}"]
        if rows.empty:
            continue
        figure.add_trace(
            go.Scatter(
                x=rows["epoch"],
                y=rows["value"],
                mode="lines",
                name=name,
                line={"dash": dash, "width": 1.8, "color": COLOURS[part != "train"]},
                hovertemplate="epoch %{x}<br>%{y:.4g} nats<extra>" + name + "</extra>",
            )
        )
    for start, label in stage_starts(metrics):
        figure.add_vline(x=start, line={"color": MUTED, "width": 1, "dash": "dot"})
        figure.add_annotation(
            x=start,
            y=1.0,
            yref="paper",
            text=label,
            showarrow=False,
            xanchor="left",
            yanchor="bottom",
            font={"size": 11},
        )
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 8, "t": 24, "b": 8},
        legend={"orientation": "h", "y": -0.22, "x": 0},
        uirevision=term,
    )
    figure.update_xaxes(title="epoch", zeroline=False)
    figure.update_yaxes(title="nats per sample", zeroline=False)
    return figure
