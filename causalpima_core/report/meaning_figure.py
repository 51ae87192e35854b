"""What a node means: every modality as decoded for each of its states, beside measured samples."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.gridspec import SubplotSpec
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from causalpima_core.data.multimodal import Kind
from causalpima_core.data.stored import evenly
from causalpima_core.palette import colour
from causalpima_core.report.contrast import Contrast, contrast
from causalpima_core.report.drawing import FULL_WIDTH, mark, new_figure
from causalpima_core.report.material import Material, Shown
from causalpima_core.report.pictures import limits, signed, to_rgb

MOST_OUTCOMES = 6
"""Of the other nodes, shown as columns of pictures."""
MOST_CURVES = 40
MOST_COLUMNS = 12
LOOKED_AT = 20_000
"""Samples that a column's mean and spread are taken from."""
CURVE_HEIGHT, PICTURE, ROW_HEIGHT, LABELS = 1.75, 0.72, 0.19, 0.8
"""Inches."""


def meaning_figure(material: Material, node: str) -> Figure:
    """A row per modality; without any, a figure that says so."""
    shown = material.modalities
    heights = [_height(material, one, node) for one in shown] or [0.6]
    figure = new_figure(FULL_WIDTH, sum(heights) + 0.1)
    grid = figure.add_gridspec(len(heights), 1, height_ratios=heights, hspace=0.08)
    if not shown:
        axes = figure.add_subplot(grid[0])
        axes.axis("off")
        axes.text(0, 0.5, "No decoded centres were kept with this run.")
    draw = {Kind.IMAGE: _images, Kind.CURVE: _curves, Kind.TABLE: _columns}
    for row, one in enumerate(shown):
        draw[one.kind](figure, grid[row], material, one, node)
    return figure


def columns_told(material: Material, node: str) -> str:
    """What the columns of decoded pictures are; empty where there is one only."""
    others = [other.name for other in material.graph.nodes if other.name != node]
    if not others or all(one.kind is not Kind.IMAGE for one in material.modalities):
        return ""
    found = contrast(material.graph, node)
    left = len(found.others) - min(len(found.others), MOST_OUTCOMES)
    more = f"; {left} rarer ones are not shown" if left else ""
    names = ", ".join(material.names.node(other) for other in others)
    return f"Columns of pictures: outcomes of the other nodes ({names}){more}."


def _height(material: Material, one: Shown, node: str) -> float:
    states = material.node(node).states
    if one.kind is Kind.IMAGE:
        return PICTURE * states + 0.5 + 0.13 * (len(material.graph.nodes) - 1)
    if one.kind is Kind.CURVE:
        return CURVE_HEIGHT + 0.55
    return ROW_HEIGHT * min(one.prototypes.shape[1], MOST_COLUMNS) + 0.95


def _images(figure: Figure, place: SubplotSpec, material: Material, one: Shown, node: str) -> None:
    """A row of pictures per state, a column per outcome of the others; last, what differs."""
    names, found = material.names, contrast(material.graph, node)
    shown = found.commonest(MOST_OUTCOMES)
    scale = limits(one.measured.values if one.measured else one.prototypes)
    pictures = len(shown) + 1
    filler = max(0.1, FULL_WIDTH - LABELS - pictures * (PICTURE + 0.1))
    grid = place.subgridspec(
        len(found.members),
        pictures + 1,
        wspace=0.03,
        hspace=0.03,
        width_ratios=[PICTURE] * pictures + [filler],
    )
    centres = found.centres(one.prototypes)
    most = float(np.abs(centres - centres[0]).max())
    for k, members in enumerate(found.members):
        for column, picture in enumerate(to_rgb(one.prototypes[members[shown]], scale)):
            axes = _picture(figure, grid[k, column], picture)
            if column == 0:
                label = names.state(node, k)
                axes.set_ylabel(label, rotation=0, ha="right", va="center", labelpad=6)
            if k == 0:
                outcome = _outcome(material, node, found, shown[column])
                axes.set_title(f"\n\n{outcome}", fontsize=6.5)  # lines for the name of the row
                if column == 0:
                    _name_row(axes, f"{one.name}, decoded", len(outcome.splitlines()))
        if k == 0:
            axes = figure.add_subplot(grid[k, len(shown)])
            axes.axis("off")
            axes.text(
                0.5,
                0.0,
                f"change from\n{names.state(node, 0)}:\norange more,\nblue less",
                ha="center",
                va="bottom",
                fontsize=6.5,
                transform=axes.transAxes,
            )
        else:
            _picture(figure, grid[k, len(shown)], signed(centres[k] - centres[0], most, 1))


def _name_row(axes: Axes, text: str, lines: int) -> None:
    """A title above those of the columns, as wide as it likes."""
    told = axes.annotate(
        text,
        (0, 1),
        (0, 6 + 9 * lines),
        xycoords="axes fraction",
        textcoords="offset points",
        fontsize=8.5,
    )
    told.set_in_layout(False)


def _picture(figure: Figure, place: SubplotSpec, picture: NDArray[np.uint8]) -> Axes:
    axes = figure.add_subplot(place)
    axes.imshow(picture, interpolation="none")
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    return axes


def _outcome(material: Material, node: str, found: Contrast, column: np.int64) -> str:
    others = [other.name for other in material.graph.nodes if other.name != node]
    row = found.others[column]
    return "\n".join(material.names.state(o, k) for o, k in zip(others, row, strict=True))


def _curves(figure: Figure, place: SubplotSpec, material: Material, one: Shown, node: str) -> None:
    """Decoded centres of the components, and measured curves, coloured by state."""
    found, axes_of = contrast(material.graph, node), material.axes(one)
    along = axes_of.along(one.prototypes.shape[1])
    grid = place.subgridspec(1, 2 if one.measured else 1, wspace=0.05)
    decoded = figure.add_subplot(grid[0])
    for k, members in enumerate(found.members):
        decoded.plot(along, one.prototypes[members].T, color=colour(k), linewidth=1)
    law = material.law(one.name)
    decoded.set_title(f"{one.name}, {'law of each component' if law else 'decoded'}")
    decoded.set(xlabel=axes_of.x, ylabel=axes_of.y)
    decoded.legend(
        handles=[
            Line2D([], [], color=colour(k), label=material.names.setting(node, k))
            for k in range(len(found.members))
        ],
        loc="upper left",
        bbox_to_anchor=(0, -0.3),
        ncols=3,
    )
    if one.measured is None:
        return
    measured = figure.add_subplot(grid[1], sharex=decoded, sharey=decoded)
    states = material.assignments[node].to_numpy()
    for k in range(len(found.members)):
        rows = np.flatnonzero((states == k) & one.measured.observed)
        some = rows[np.linspace(0, len(rows) - 1, min(MOST_CURVES, len(rows))).astype(int)]
        measured.plot(
            along, one.measured.values[some].T, color=colour(k), linewidth=0.5, alpha=0.35
        )
    measured.set_title(f"{one.name}, up to {MOST_CURVES} samples of each state")
    measured.set(xlabel=axes_of.x)
    measured.tick_params(labelleft=False)


def _columns(figure: Figure, place: SubplotSpec, material: Material, one: Shown, node: str) -> None:
    """Columns of a table by the decoded centre of each state, those that differ most on top."""
    centres = contrast(material.graph, node).centres(one.prototypes)
    values = evenly(one.measured.values if one.measured else one.prototypes, LOOKED_AT)
    scale = np.nanstd(values, axis=0)
    standard = (centres - np.nanmean(values, axis=0)) / np.where(scale > 0, scale, 1)
    columns = one.measured.columns if one.measured else ()
    labels = columns or tuple(f"{one.name}[{i}]" for i in range(centres.shape[1]))
    order = np.argsort(-np.ptp(standard, axis=0), kind="stable")[:MOST_COLUMNS]
    axes = figure.add_subplot(place)
    for k, row in enumerate(standard[:, order]):
        axes.plot(row, np.arange(len(order)), "o", color=colour(k), markersize=4.5)
    axes.set_yticks(np.arange(len(order)), [labels[i] for i in order])
    axes.invert_yaxis()
    axes.set_title(f"{one.name}, decoded")
    axes.set_xlabel("decoded centre, in standard deviations from the mean of all samples")
    axes.legend(
        handles=[mark(colour(k), material.names.setting(node, k)) for k in range(len(centres))],
        loc="center left",
        bbox_to_anchor=(1.01, 0.5),
    )
