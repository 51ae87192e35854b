"""The latent space in its two directions of largest variance, a panel per node."""

from __future__ import annotations

from textwrap import fill

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from causalpima_core.palette import colour
from causalpima_core.report.drawing import (
    FULL_WIDTH,
    HALF_WIDTH,
    INK,
    MOST_POINTS,
    mark,
    new_figure,
)
from causalpima_core.report.ellipses import outline
from causalpima_core.report.material import Material

ACROSS = 3
TITLE_WIDTH = 28
"""Characters of a title beside which the next one has room."""
FEW = 300
SHOWN = 20_000
"""Samples drawn at most, as on the page."""


def latent_figure(material: Material) -> Figure:
    """Samples coloured by the state of each node, components as ellipses."""
    points, axes_drawn, titles = _plane(material.latent)
    means = (material.arrays["component_means"] - material.latent.mean(0)) @ axes_drawn
    covariances = np.einsum(
        "dk,cde,el->ckl", axes_drawn, material.arrays["component_covariances"], axes_drawn
    )
    ellipses = [outline(*component) for component in zip(means, covariances, strict=True)]
    rows = np.sort(np.random.default_rng(0).permutation(len(points))[:SHOWN])
    nodes = material.graph.nodes
    across = min(ACROSS, len(nodes))
    down = -(-len(nodes) // across)
    width = HALF_WIDTH if across == 1 else FULL_WIDTH
    figure = new_figure(width, down * (width / across + 0.45) + 0.2)
    grid = figure.subplots(down, across, squeeze=False, sharex=True, sharey=True)
    for panel, node in zip(grid.flat, nodes, strict=False):
        states = material.assignments[node.name].to_numpy()
        _scatter(panel, points[rows], states[rows], node.states)
        panel.add_collection(LineCollection(ellipses, colors=INK, linewidths=0.6), autolim=True)
        panel.set_title(fill(material.names.node(node.name), TITLE_WIDTH))
        handles = [mark(colour(k), material.names.state(node.name, k)) for k in range(node.states)]
        panel.legend(
            handles=handles, loc="upper left", bbox_to_anchor=(0, -0.2), ncols=2, handletextpad=0.2
        )
        panel.set(xlabel=titles[0], ylabel=titles[1])
        panel.label_outer()
        panel.xaxis.label.set_visible(True)
    for panel in grid.flat[len(nodes) :]:
        panel.axis("off")
    told = f"component, two standard deviations{_left_out(len(points))}"
    figure.legend(
        handles=[Line2D([], [], color=INK, linewidth=0.6, label=told)], loc="outside lower left"
    )
    return figure


def points_told(n: int) -> str:
    """How points of so many samples are drawn, in a sentence; empty where all are, as points."""
    if n <= MOST_POINTS:
        return ""
    shown = f" of {SHOWN:,} of the {n:,} samples, drawn at random," if n > SHOWN else ""
    return f"The points{shown} are one picture inside the figure."


def _left_out(n: int) -> str:
    return f"; {SHOWN:,} of {n:,} samples shown" if n > SHOWN else ""


def _plane(
    latent: NDArray[np.floating],
) -> tuple[NDArray[np.float64], NDArray[np.float64], list[str]]:
    """Points ``(n, 2)``, the directions ``(d, 2)`` they are seen along, and titles of the axes."""
    from sklearn.decomposition import PCA  # a second that what only names figures need not spend

    found = PCA(2, svd_solver="full").fit(latent.astype(np.float64))
    shares = found.explained_variance_ratio_
    titles = [f"PC {k + 1} ({share:.0%} of variance)" for k, share in enumerate(shares)]
    return found.transform(latent.astype(np.float64)), np.asarray(found.components_).T, titles


def _scatter(
    panel: Axes, points: NDArray[np.floating], states: NDArray[np.integer], count: int
) -> None:
    for k in range(count):
        here = points[states == k]
        panel.plot(
            *here.T,
            ".",
            color=colour(k),
            markersize=3 if len(points) > FEW else 5,
            markeredgewidth=0,
            alpha=0.7,
            rasterized=len(points) > MOST_POINTS,
        )
