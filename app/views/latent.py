"""Latent space: all samples as points; what is selected is shown as images, curves and shares."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from app import state
from app.charts.scatter import MAX_POINTS, rows_of_event, scatter_figure, subsample
from app.components import umap_panel
from app.components.frame import run_page
from app.components.hover_samples import hover_samples
from app.components.selection_panel import gallery, selection_panel
from app.components.view_controls import Space, View, choose_view
from app.services.colourings import colour_names, colouring_of
from app.services.loaders import Result, dataset_of, result_of
from app.services.projections import (
    Projection,
    axes_of_interest,
    latent_axes,
    nearest,
    principal_axes,
)
from app.services.thumbnails import thumbnails_of
from app.state import Key, Page
from causalpima_core.runs.store import RunFolder


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
    dataset, reason = dataset_of(folder, result)
    metadata = pd.DataFrame() if dataset is None else dataset.metadata
    if reason:
        st.warning(f"Images, curves and metadata cannot be shown. {reason}")
    view = choose_view(colour_names(result, metadata))
    projection = _projection(view, result)
    chart, aside = st.columns([1.2, 1], gap="medium")
    with chart:
        if projection is not None:
            _scatter(folder, view, projection, result, metadata)
            small = thumbnails_of(folder.config().dataset.path) if dataset is not None else None
            if small is not None:
                hover_samples(small, Key.LATENT_CHART)
    rows = np.array(sorted(r for r in state.selected_samples() if r < len(result.assignments)), int)
    with aside:
        selection_panel(result, metadata, rows)
    if len(rows) and dataset is not None:
        gallery(result, dataset, rows)


def _projection(view: View, result: Result) -> Projection | None:
    """None while UMAP is not there yet."""
    if view.space is Space.UMAP:
        return umap_panel.embedding(result.latent, view.dimensions)
    if view.space is Space.PCA:
        return principal_axes(result.latent, view.dimensions)
    wanted = axes_of_interest(result.latent, view.dimensions)
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
            for k in range(view.dimensions)
        )
    return latent_axes(result.latent, axes)


def _scatter(
    folder: RunFolder, view: View, projection: Projection, result: Result, metadata: pd.DataFrame
) -> None:
    rows = subsample(len(projection.points))
    shapes = result.arrays["component_means"], result.arrays["component_covariances"]
    figure = scatter_figure(
        projection.points,
        projection.titles,
        colouring_of(view.colour, result, metadata),
        rows=rows,
        components=projection.components(*shapes) if view.ellipses else None,
        selected=_drawn_selection((folder.name, view, projection.titles)),
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
    _neighbours(result)


def _neighbours(result: Result) -> None:
    """Select a sample with those that lie nearest to it."""
    n_samples = len(result.latent)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        row = st.number_input(
            "Sample",
            0,
            n_samples - 1,
            0,
            key="latent.near",
            width=140,
            help="Number of its row in the data, from 0; a point tells it under the pointer.",
        )
        count = st.number_input("Neighbours", 1, min(200, n_samples - 1), 11, width=120)
        if st.button("Select nearest", help="By distance in all latent dimensions."):
            state.select_samples(nearest(result.latent, int(row), int(count)).tolist())
            st.session_state.pop(Key.SELECTION_DRAWN, None)
            st.rerun()


def _drawn_selection(what: tuple[Any, ...]) -> frozenset[int]:
    """Rows the figure itself shows as selected.

    They stay what they were when the view was chosen: a figure that changed would be drawn anew,
    and the lasso just drawn by hand would vanish with the zoom.
    """
    drawn = st.session_state.get(Key.SELECTION_DRAWN)
    if drawn is None or drawn[0] != what or Key.LATENT_CHART not in st.session_state:
        drawn = (what, state.selected_samples())
        st.session_state[Key.SELECTION_DRAWN] = drawn
        st.session_state.pop(Key.SELECTION_SEEN, None)
    return drawn[1]


def _take_selection(points: list[dict[str, Any]]) -> None:
    """Keep what was just selected; an unchanged event says nothing new."""
    rows = rows_of_event(points)
    seen = st.session_state.get(Key.SELECTION_SEEN, frozenset())
    if rows != seen:
        st.session_state[Key.SELECTION_SEEN] = rows
        state.select_samples(rows)


show()
