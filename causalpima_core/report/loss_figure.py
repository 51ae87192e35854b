"""The course of the loss, a panel per named term."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from causalpima_core.palette import COLOURS, MUTED
from causalpima_core.report.drawing import FULL_WIDTH, new_figure
from causalpima_core.report.material import Material
from causalpima_core.report.terms import stage_starts, term_in_words, term_names

ACROSS = 3
NOTHING = 1e-9
"""Nats that are rounding, of which an axis would make mountains."""
PARTS: tuple[tuple[str, str, Any], ...] = (
    ("train", "training samples", "-"),
    ("held_out", "held-out samples", (0, (3, 1.5))),
)


def loss_figure(material: Material) -> Figure:
    """All terms over the epochs; dotted lines where stages began, each named in the first panel."""
    metrics = material.metrics
    terms = term_names(metrics)
    across = min(ACROSS, len(terms))
    down = -(-len(terms) // across)
    figure = new_figure(FULL_WIDTH * across / ACROSS, 1.55 * down + 0.35)
    grid = figure.subplots(down, across, squeeze=False, sharex=True)
    for panel, term in zip(grid.flat, terms, strict=False):
        for (part, _, dash), hue in zip(PARTS, COLOURS, strict=False):
            rows = metrics[metrics["term"] == f"{part}/{term}"]
            value = rows["value"].where(rows["value"].abs() > NOTHING, 0.0)
            panel.plot(rows["epoch"], value, color=hue, linestyle=dash)
        for start, _ in stage_starts(metrics):
            panel.axvline(start, color=MUTED, linewidth=0.6, linestyle=":")
        panel.set_title(term_in_words(term))
        panel.set(xlabel="epoch", ylabel="nats per sample")
        panel.label_outer(remove_inner_ticks=False)
        panel.tick_params(labelleft=True)
    for panel in grid.flat[len(terms) :]:
        panel.axis("off")
    for start, stage in stage_starts(metrics):
        grid[0, 0].annotate(
            stage, (start, 0), (2, 3), xycoords=("data", "axes fraction"), fontsize=6.5,
            textcoords="offset points", rotation=90,
        )  # fmt: skip
    figure.legend(
        handles=[
            Line2D([], [], color=hue, linestyle=dash, label=told)
            for (_, told, dash), hue in zip(PARTS, COLOURS, strict=False)
        ],
        loc="outside lower left",
        ncols=2,
    )
    return figure
