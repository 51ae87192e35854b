"""Parameters of known physics by component: a table, dots with errors, residuals, sentences."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray

from app.charts.curves import Lines, curves_figure
from app.charts.palette import COLOURS, MUTED, colour, faded
from causalpima_core.report.axes import Axes, with_unit
from causalpima_core.report.laws import component_name, remark
from causalpima_core.runs.names import Names
from causalpima_core.runs.parameters import differs, shares_by_node
from causalpima_core.runs.results import ExpertResult, GraphResult

MOST_NAMED = 32
"""Components beyond which rows of dots have no names; pointing at a dot tells its own."""
CLEARLY = 0.5
"""Share of a parameter's differences from which one node is said to decide it."""
NAMED_SHARE = 0.05
SYSTEMATIC = 2.0
"""Mean residual over what noise alone would leave from which it is no chance."""


@dataclass(frozen=True)
class Dependence:
    """On which node a parameter depends most.

    Attributes:
        node: its position.
        sentence: what may be said of it.
    """

    node: int
    sentence: str


def law_table(law: ExpertResult, graph: GraphResult, names: Names) -> pd.DataFrame:
    """A row per parameter and component, the component told by a column per node."""
    rows = [
        {"parameter": name}
        | {
            names.node(node.name): names.state(node.name, state)
            for node, state in zip(graph.nodes, component.outcome, strict=True)
        }
        | {
            "value": component.parameters[name].value,
            "standard error": component.parameters[name].standard_error,
            "spread": component.parameters[name].spread,
            "unit": unit,
            "remark": remark(component.parameters[name]),
        }
        for name, unit in law.units.items()
        for component in law.components
    ]
    return pd.DataFrame(rows)


def dependence(law: ExpertResult, parameter: str, graph: GraphResult, names: Names) -> Dependence:
    """Which node's states tell a parameter's values apart, as far as they are known."""
    known = [
        (found.value, found.standard_error, component.outcome)
        for component in law.components
        if (found := component.parameters[parameter]).standard_error is not None
    ]
    if not known:
        return Dependence(0, f"The curves determine {parameter} in no component.")
    values, errors, outcomes = (np.array(column) for column in zip(*known, strict=True))
    shares = shares_by_node(values.astype(float), errors.astype(float), outcomes)
    first = int(shares.argmax())
    if not differs(values.astype(float), errors.astype(float)):
        told = f"{parameter} does not differ between components beyond its standard errors."
        return Dependence(first, told)
    node, share = names.node(graph.nodes[first].name), 100 * shares[first]
    if shares[first] >= CLEARLY:
        told = f"depends on {node}, which accounts for {share:.0f}% of its differences."
        return Dependence(first, f"{parameter} {told}")
    parts = [
        f"{names.node(graph.nodes[j].name)} ({100 * shares[j]:.0f}% of its differences)"
        for j in np.argsort(-shares, kind="stable")
        if shares[j] >= NAMED_SHARE
    ]
    return Dependence(first, f"{parameter} depends on several nodes: {', '.join(parts)}.")


def dots_figure(
    law: ExpertResult, parameter: str, graph: GraphResult, names: Names, by: int
) -> go.Figure:
    """A dot per component with two standard errors and the spread, in groups by one node."""
    node, unit = graph.nodes[by], law.units[parameter]
    ordered = sorted(law.components, key=lambda component: component.outcome[by])
    rows = [", ".join(_states(graph, names, component.outcome)) for component in ordered]
    figure = go.Figure()
    for state in range(node.states):
        here = [i for i, component in enumerate(ordered) if component.outcome[by] == state]
        found = [ordered[i].parameters[parameter] for i in here]
        common = {"y": here, "x": [p.value for p in found], "mode": "markers"}
        hue = colour(state)
        figure.add_scatter(
            **common,
            marker={"size": 1, "color": faded(hue, 0.35)},
            error_x={"array": [p.spread or 0 for p in found], "width": 0, "thickness": 6},
            showlegend=False,
            hoverinfo="skip",
        )
        figure.add_scatter(
            **common,
            name=names.setting(node.name, state),
            marker={
                "size": 8,
                "color": hue,
                "symbol": ["circle-open" if remark(p) else "circle" for p in found],
            },
            error_x={"array": [2 * (p.standard_error or 0) for p in found], "width": 4},
            customdata=[[component_name(graph, names, ordered[i].outcome)] for i in here],
            hovertemplate="%{customdata[0]}<br>%{x:.5g} " + unit + "<extra></extra>",
        )
    figure.update_layout(
        height=90 + min(22 * len(rows), 560),
        margin={"l": 8, "r": 8, "t": 30, "b": 8},
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0},
    )
    figure.update_xaxes(title={"text": with_unit(parameter, unit), "standoff": 4}, zeroline=False)
    figure.add_annotation(  # above the rows' names: beside them there is no room for a title
        text="component",
        x=0,
        y=1,
        xref="paper",
        yref="paper",
        xanchor="right",
        yanchor="bottom",
        xshift=-6,
        showarrow=False,
    )
    return figure.update_yaxes(
        tickvals=list(range(len(rows))),
        ticktext=rows,
        showticklabels=len(rows) <= MOST_NAMED,
        range=[len(rows) - 0.5, -0.5],
        zeroline=False,
        automargin=True,
    )


def _states(graph: GraphResult, names: Names, outcome: list[int]) -> list[str]:
    return [names.state(n.name, state) for n, state in zip(graph.nodes, outcome, strict=True)]


def residuals_figure(
    residuals: NDArray[np.floating], noise: float, unit: str, axes: Axes
) -> go.Figure:
    """What a law leaves of each curve, their mean, and the band that noise should stay in."""
    groups = [
        Lines(residuals, "samples", MUTED, 0.15),
        Lines(residuals.mean(0)[None], "their mean", COLOURS[5], 1.0, 2.5),
    ]
    figure = curves_figure(groups, 300, replace(axes, y=with_unit("curve − law", unit)))
    figure.add_hrect(
        y0=-2 * noise, y1=2 * noise, fillcolor=faded(COLOURS[0], 0.12), line_width=0, layer="below"
    )
    for edge in (-2 * noise, 0, 2 * noise):
        dash = "solid" if edge == 0 else "dash"
        figure.add_hline(y=edge, line={"color": COLOURS[4], "width": 1, "dash": dash})
    return figure


def residuals_sentence(residuals: NDArray[np.floating], noise: float, unit: str) -> str:
    """How the residuals compare with the noise, and what is common to all samples."""
    inside = 100 * float((np.abs(residuals) <= 2 * noise).mean())
    shared, by_chance = np.sqrt(np.square(residuals.mean(0)).mean()), noise / len(residuals) ** 0.5
    unit = f" {unit}" if unit else ""
    told = (
        f"Each curve less the law fitted to it. {inside:.0f}% of the points lie within twice the "
        f"noise of {noise:.3g}{unit}, between the dashed lines; 95% are expected. Their mean over "
        f"samples is {shared:.2g}{unit}, where noise alone leaves {by_chance:.2g}{unit}: "
    )
    if shared > SYSTEMATIC * by_chance:
        return told + "all samples have something in common that the law misses."
    return told + "nothing systematic is left."
