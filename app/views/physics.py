"""Physics: what known laws found, component by component, and where they fail."""

from __future__ import annotations

import streamlit as st

from app.charts.curves import Lines, curves_figure
from app.charts.palette import COLOURS, MUTED
from app.charts.parameters import (
    dependence,
    dots_figure,
    law_table,
    residuals_figure,
    residuals_sentence,
)
from app.components.frame import nothing_yet, run_page
from app.components.samples import PLAIN
from app.components.url_choice import url_choice
from app.services.loaders import Result, dataset_of, result_of
from app.services.physics import fit_of, law_curve
from app.services.words import plain
from app.state import Page, Param
from causalpima_core.report.axes import Axes
from causalpima_core.report.laws import component_name, misfit_sentence
from causalpima_core.runs.parameters import parameter_table
from causalpima_core.runs.results import ExpertResult
from causalpima_core.runs.store import RunFolder

ACROSS = 2
"""Plots of parameters beside each other."""

MOST_ROWS = 9
"""Of a table shown whole."""


def show() -> None:
    """The page."""
    run_page(
        "Physics",
        _laws,
        with_result=True,
        empty=(
            "No run has a result yet: what its laws found will be here.",
            Page.LIVE,
            "Open Live",
        ),
    )


def _laws(folder: RunFolder) -> None:
    result = result_of(folder)
    laws = {law.modality: law for law in result.summary.experts}
    if not laws:
        nothing_yet(
            "This run was given no physics. Where a curve follows a known law, every component "
            "gets the law's parameters with units and standard errors: give a law on the Model "
            "page, in a new run.",
            Page.MODEL,
            "Open Model",
        )
        return
    law = next(iter(laws.values()))
    if len(laws) > 1:
        law = laws[url_choice("Law of", list(laws), Param.LAW)]
    _formula(law)
    _dots(law, result)
    _table(folder, law, result)
    _component(folder, law, result)


def _formula(law: ExpertResult) -> None:
    axes = Axes.of_law(law)
    st.code(f"{law.modality}(t) = {law.formula}", language=None, wrap_lines=True)
    st.caption(
        plain(f"{axes.y} over {axes.x} from {axes.start:g} to {axes.stop:g}, given as: {law.spec}")
    )
    st.write(misfit_sentence(law.misfit))


def _dots(law: ExpertResult, result: Result) -> None:
    st.subheader("Parameters", anchor=False)
    nodes = ", ".join(result.names.node(node.name) for node in result.graph.nodes)
    st.caption(
        plain(
            f"A row per component, told by its states of {nodes}; grouped and coloured by the node "
            "that the parameter depends on most. Bars: two standard errors of the value. Broad, "
            "pale: spread, the standard deviation between samples beyond noise. Hollow: at a bound "
            "or not determined."
        )
    )
    for start in range(0, len(law.units), ACROSS):
        row = list(law.units)[start : start + ACROSS]
        for column, parameter in zip(st.columns(ACROSS, gap="medium"), row, strict=False):
            with column:
                found = dependence(law, parameter, result.graph, result.names)
                figure = dots_figure(law, parameter, result.graph, result.names, found.node)
                st.plotly_chart(figure, key=f"physics.dots.{parameter}", config=PLAIN)
                st.caption(plain(found.sentence))


def _table(folder: RunFolder, law: ExpertResult, result: Result) -> None:
    table = law_table(law, result.graph, result.names)
    if not table["remark"].any():
        table = table.drop(columns="remark")
    st.dataframe(
        table,
        hide_index=True,
        height="content" if len(table) <= MOST_ROWS else 350,
        column_config={
            "value": st.column_config.NumberColumn(format="%.4g", help="Of the component."),
            "standard error": st.column_config.NumberColumn(
                format="%.2g",
                help="Of the value, a whole curve being one observation.",
            ),
            "spread": st.column_config.NumberColumn(
                format="%.2g",
                help="Standard deviation of the parameter between samples of the component, "
                "beyond noise.",
            ),
        },
    )
    st.download_button(
        "Parameters as CSV",
        parameter_table(result.graph, result.summary).to_csv(index=False).encode(),
        f"{folder.name}-parameters.csv",
        "text/csv",
        key="physics.export",
        on_click="ignore",
        help="All laws of this run, components told by node_1 and so on.",
    )


def _component(folder: RunFolder, law: ExpertResult, result: Result) -> None:
    st.subheader("One component", anchor=False)
    sizes = result.assignments["component"].value_counts()
    chosen = int(
        url_choice(
            "Component",
            [str(c) for c in range(len(law.components))],
            Param.COMPONENT,
            lambda c: (
                f"{component_name(result.graph, result.names, law.components[int(c)].outcome)} "
                f"({sizes.get(int(c), 0):,} samples)"
            ),
            first=str(sizes.idxmax()),
            width=620,
        )
    )
    dataset, reason = dataset_of(folder, result)
    if dataset is None:
        st.warning(f"The curves of its samples cannot be shown. {plain(reason)}")
        return
    fit = fit_of(folder, law, chosen, result, dataset)
    if fit.samples == 0:
        st.caption("No curve was measured of a sample in this component.")
        return
    axes = Axes.of_law(law)
    left, right = st.columns(2, gap="large")
    with left:
        lines = [
            Lines(fit.curves, "samples", MUTED, 0.35),
            Lines(law_curve(law, chosen), "law of the component", COLOURS[0], 1.0, 2.5),
        ]
        st.plotly_chart(curves_figure(lines, 300, axes), key="physics.curves", config=PLAIN)
        st.caption(f"{len(fit.curves)} of {fit.samples:,} curves.")
    noise = law.components[chosen].noise
    with right:
        figure = residuals_figure(fit.residuals, noise, law.unit, axes)
        st.plotly_chart(figure, key="physics.residuals", config=PLAIN)
        st.caption(residuals_sentence(fit.residuals, noise, law.unit))


show()
