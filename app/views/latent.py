"""Latent space: all samples as points; what is selected is shown as images, curves and shares."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from app import state
from app.charts.evidence import composition
from app.charts.scatter import (
    MAX_POINTS,
    Components,
    Groups,
    Values,
    column_colouring,
    rows_of_event,
    scatter_figure,
    subsample,
)
from app.components import columns, umap_panel
from app.components.frame import run_page
from app.components.samples import show_samples
from app.services.loaders import Result, dataset_or_reason, result_of
from app.services.projections import Projection, axes_of_interest, latent_axes, principal_axes
from app.state import Bound, Key, Page
from causalpima_core.data.multimodal import MultimodalDataset
from causalpima_core.runs.store import RunFolder

PCA, AXES, UMAP = "PCA", "Latent axes", "UMAP"
NODE_COLUMNS = "node_"


def show() -> None:
    """The page."""
    run_page(
        "Latent space",
        _explore,
        with_result=True,
        empty=("No run has a result yet: its latent space will be here.", Page.LIVE, "Open Live"),
    )


def _explore(folder: RunFolder) -> None:
    result = result_of(folder)
    dataset, reason = dataset_or_reason(folder.config().dataset.path)
    if dataset is not None and len(dataset) != len(result.assignments):
        dataset, reason = None, "The data file has changed since the run."
    metadata = pd.DataFrame() if dataset is None else dataset.metadata
    if reason:
        st.warning(f"Images, curves and metadata cannot be shown. {reason}")
    projection, colouring, ellipses = _controls(result, metadata)
    chart, aside = st.columns([2.1, 1], gap="large")
    with chart:
        if projection is not None:
            _scatter(folder, projection, colouring, ellipses)
    rows = np.array(sorted(r for r in state.selected_samples() if r < len(result.assignments)), int)
    with aside:
        _composition(result, metadata, rows)
    if len(rows) and dataset is not None:
        _gallery(dataset, rows)


def _controls(
    result: Result, metadata: pd.DataFrame
) -> tuple[Projection | None, Groups | Values, Components | None]:
    nodes = [c for c in result.assignments.columns if c.startswith(NODE_COLUMNS)]
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        space = st.segmented_control(
            "Space",
            [PCA, AXES, UMAP],
            default=PCA,
            required=True,
            key=Bound.SPACE,
            bind="query-params",
            help="PCA: the plane of largest variance. Latent axes: single dimensions. UMAP keeps "
            "neighbours together and distorts distances; it is computed on demand.",
        )
        dimensions = st.segmented_control(
            "Dimensions",
            ["2-D", "3-D"],
            default="2-D",
            required=True,
            key=Bound.DIMENSIONS,
            bind="query-params",
            help="Points can be selected in 2-D.",
        )
        colour = st.selectbox(
            "Colour by",
            ["component", *nodes, "confidence", *metadata.columns],
            key=Bound.COLOUR,
            bind="query-params",
            width=240,
            help="Component: one combination of node states. Confidence: the largest "
            "responsibility, that is the probability of the sample's own component.",
        )
        with_ellipses = st.toggle(
            "Ellipses",
            value=True,
            key="latent.ellipses",
            disabled=space == UMAP or dimensions == "3-D",
        )
    count = 3 if dimensions == "3-D" else 2
    projection = _projection(str(space), result, count)
    colouring = _colouring(str(colour), result, metadata)
    components = None
    if projection is not None and with_ellipses:
        components = projection.components(
            result.arrays["component_means"], result.arrays["component_covariances"]
        )
    return projection, colouring, components


def _projection(space: str, result: Result, count: int) -> Projection | None:
    if space == UMAP:
        return umap_panel.embedding(result.latent, count)
    if space == PCA:
        return principal_axes(result.latent, count)
    wanted = axes_of_interest(result.latent, count)
    with st.container(horizontal=True, gap="small"):
        axes = tuple(
            st.selectbox(
                f"Axis {'xyz'[k]}",
                range(result.latent.shape[1]),
                index=wanted[k],
                format_func=lambda d: f"latent {d + 1}",
                key=f"latent.axis.{k}",
                width=150,
            )
            for k in range(count)
        )
    return latent_axes(result.latent, axes)


def _colouring(name: str, result: Result, metadata: pd.DataFrame) -> Groups | Values:
    table = result.assignments
    if name == "component":
        labels = tuple(
            f"{c}: " + "".join(str(k) for k in component.outcome)
            for c, component in enumerate(result.graph.components)
        )
        return Groups(table["component"].to_numpy(), labels, "component")
    if name == "confidence":
        return Values(table["confidence"].to_numpy(), "confidence")
    if name in table.columns:
        sizes = {node.name: node.states for node in result.graph.nodes}
        labels = tuple(f"{name} = {k}" for k in range(sizes[name]))
        return Groups(table[name].to_numpy(), labels, name)
    return column_colouring(metadata[name])


def _scatter(
    folder: RunFolder,
    projection: Projection,
    colouring: Groups | Values,
    components: Components | None,
) -> None:
    """The chart, rebuilt only when the view changes: a person's lasso is not drawn over."""
    rows = subsample(len(projection.points))
    view = (folder.name, projection.titles, colouring.title, components is not None)
    drawn = st.session_state.get(Key.SELECTION_DRAWN)
    if drawn is None or drawn[0] != view or Key.LATENT_CHART not in st.session_state:
        drawn = (view, state.selected_samples())
        st.session_state[Key.SELECTION_DRAWN] = drawn
        st.session_state.pop(Key.SELECTION_SEEN, None)
    figure = scatter_figure(
        projection.points,
        projection.titles,
        colouring,
        rows=rows,
        components=components,
        selected=drawn[1],
    )
    event = st.plotly_chart(
        figure,
        key=Key.LATENT_CHART,
        on_select="rerun",
        selection_mode=("box", "lasso"),
        config={"displaylogo": False, "scrollZoom": True},
    )
    if len(rows) < len(projection.points):
        st.caption(f"{MAX_POINTS:,} of {len(projection.points):,} samples drawn, chosen at random.")
    _take_selection(event["selection"]["points"])


def _take_selection(points: list[dict[str, Any]]) -> None:
    """Keep what was just selected; an unchanged event says nothing new."""
    rows = rows_of_event(points)
    seen = st.session_state.get(Key.SELECTION_SEEN, frozenset())
    if rows != seen:
        st.session_state[Key.SELECTION_SEEN] = rows
        state.select_samples(rows)


def _composition(result: Result, metadata: pd.DataFrame, rows: np.ndarray) -> None:
    st.subheader(f"{len(rows):,} samples selected" if len(rows) else "Selection", anchor=False)
    if not len(rows):
        st.caption(
            "Draw a lasso or box around points: their images, curves and composition "
            "appear here. Double-click the chart to let go."
        )
        return
    nodes = [node.name for node in result.graph.nodes]
    sizes = {node.name: node.states for node in result.graph.nodes}
    states = result.assignments[nodes]
    few = [c for c in metadata.columns if isinstance(column_colouring(metadata[c]), Groups)]
    table = composition(states.join(metadata[few].astype(str)), rows, sizes)
    st.dataframe(
        table,
        hide_index=True,
        height="content" if len(table) < 13 else 430,
        column_config={
            "selection": columns.percentage("Share of the selected samples."),
            "all": columns.percentage("Share of all samples."),
        },
    )
    chosen = result.assignments.iloc[rows]
    if len(metadata):
        others = metadata.columns.difference(chosen.columns, sort=False)
        chosen = chosen.join(metadata[others])
    with st.container(horizontal=True, gap="small"):
        st.download_button(
            "Save as CSV",
            chosen.to_csv(index=False).encode(),
            "selection.csv",
            "text/csv",
            key="latent.export",
            on_click="ignore",
        )
        if st.button("Clear", key="latent.clear"):
            state.select_samples([])
            st.session_state.pop(Key.SELECTION_DRAWN, None)
            st.rerun()


def _gallery(dataset: MultimodalDataset, rows: np.ndarray) -> None:
    for modality in dataset.modalities:
        st.markdown(f"**{modality.name}** &ensp; of the selected samples")
        show_samples(modality, rows, key=f"latent.gallery.{modality.name}")


show()
