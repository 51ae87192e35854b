"""Parameters of known physics by component, with their standard errors."""

from __future__ import annotations

from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from causalpima_core.palette import COLOURS, MUTED
from causalpima_core.report.axes import with_unit
from causalpima_core.report.drawing import FULL_WIDTH, new_figure
from causalpima_core.report.laws import remark
from causalpima_core.report.material import Material

PALE = (*to_rgb(MUTED), 0.5)
MOST_NAMED = 32
"""Components beyond which rows have no names."""


def law_figure(material: Material, modality: str) -> Figure:
    """A panel per parameter, a row per component: dot, two standard errors, spread of samples."""
    law = material.law(modality)
    if law is None:
        raise ValueError(f"no physics of {modality}")
    rows = range(len(law.components))
    names = [
        ", ".join(
            material.names.state(node.name, state)
            for node, state in zip(material.graph.nodes, component.outcome, strict=True)
        )
        for component in law.components
    ]
    figure = new_figure(FULL_WIDTH, 1.1 + min(0.17 * len(rows), 6.0))
    panels = figure.subplots(1, len(law.units), sharey=True, squeeze=False)[0]
    for panel, (parameter, unit) in zip(panels, law.units.items(), strict=True):
        found = [component.parameters[parameter] for component in law.components]
        known = [(row, one) for row, one in zip(rows, found, strict=True) if one.value is not None]
        places = [row for row, _ in known]
        values = [one.value for _, one in known]
        spread = [one.spread or 0.0 for _, one in known]
        errors = [2 * (one.standard_error or 0.0) for _, one in known]
        panel.errorbar(values, places, xerr=spread, fmt="none", ecolor=PALE, elinewidth=4)
        panel.errorbar(
            values, places, xerr=errors, fmt="none", ecolor=COLOURS[0], elinewidth=1, capsize=2
        )
        faces = ["white" if remark(one) else COLOURS[0] for _, one in known]
        panel.scatter(values, places, s=14, c=faces, edgecolors=COLOURS[0], zorder=3)
        panel.set_xlabel(with_unit(parameter, unit))
    panels[0].set_yticks(list(rows), names if len(names) <= MOST_NAMED else [""] * len(names))
    panels[0].invert_yaxis()
    nodes = ", ".join(material.names.node(node.name) for node in material.graph.nodes)
    figure.suptitle(f"A row per component: {nodes}", x=0.01, ha="left", fontsize=8)
    figure.legend(handles=_legend(), loc="outside lower left", ncols=3)
    return figure


def _legend() -> list[Line2D]:
    return [
        Line2D([], [], color=COLOURS[0], marker="|", label="two standard errors of the value"),
        Line2D([], [], color=PALE, linewidth=4, label="spread between samples"),
        Line2D(
            [],
            [],
            color=COLOURS[0],
            marker="o",
            markersize=3.5,
            markerfacecolor="none",
            linestyle="",
            label="at a bound or not determined",
        ),
    ]
