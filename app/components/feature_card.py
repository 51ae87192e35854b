"""A feature at a glance: real samples of each state, and what goes with it."""

from __future__ import annotations

from html import escape

import streamlit as st

from app.charts.curves import Axes, Lines, curves_figure, some
from app.charts.palette import colour
from app.components.contrast_panel import table_of_states
from app.components.samples import PLAIN, spread
from app.services import overview
from app.services.loaders import Result
from app.services.meanings import agreements_of, members_of
from app.services.words import plain
from app.state import Page, Param
from causalpima_core.data.multimodal import Kind, Modality, MultimodalDataset
from causalpima_core.report.evidence import separation_words
from causalpima_core.report.pictures import limits, sheet
from causalpima_core.runs.results import NodeResult
from causalpima_core.runs.store import RunFolder

PICTURES, PER_ROW, CURVES, COLUMNS = 12, 6, 25, 4


def feature_card(
    folder: RunFolder, result: Result, node: NodeResult, dataset: MultimodalDataset | None
) -> None:
    """Name, states, samples, law, metadata, and the way to its page."""
    ink = colour([n.name for n in result.graph.nodes].index(node.name))
    called = result.names.node(node.name)
    st.html(f'<span style="color:{ink}" aria-hidden="true">&#9679;</span> <b>{escape(called)}</b>')
    st.caption(
        plain(
            f"{', '.join(overview.sized(result, node.name))} · separation {node.separation:.2f}, "
            f"{separation_words(node.separation)}"
        )
    )
    if dataset is not None:
        for modality in overview.shown_in(result, node.name, dataset.modalities):
            _samples(result, modality, node)
        found = agreements_of(folder, node.name, dataset.metadata)
        told = [*overview.governed(result, node.name), overview.agreed(found)]
        st.markdown("\n".join(f"- {plain(sentence)}" for sentence in told))
    if st.button("Look closer", key=f"overview.open.{node.name}"):
        st.switch_page(Page.FEATURES, query_params={Param.RUN: folder.name, Param.NODE: node.name})


def _samples(result: Result, modality: Modality, node: NodeResult) -> None:
    """Measurements of each state as they are."""
    names = result.names
    by_state = [members_of(result, node.name, k) for k in range(node.states)]
    by_state = [rows[modality.observed[rows]] for rows in by_state]
    if modality.kind is Kind.IMAGE:
        for k, rows in enumerate(by_state):
            st.caption(plain(f"{modality.name}, {names.state(node.name, k)}"))
            if len(rows):
                st.image(
                    sheet(
                        modality.values[spread(rows, PICTURES)], PER_ROW, limits(modality.values)
                    ),
                    alt=f"{modality.name} of samples with {names.setting(node.name, k)}",
                )
    elif modality.kind is Kind.CURVE:
        lines = [
            Lines(some(modality.values[rows], CURVES), names.state(node.name, k), colour(k), 0.35)
            for k, rows in enumerate(by_state)
        ]
        axes = Axes.of(modality, result.summary.experts)
        figure = curves_figure(lines, height=200, axes=axes)
        st.plotly_chart(figure, config=PLAIN, key=f"overview.{node.name}.{modality.name}")
    else:
        st.caption(plain(f"{modality.name}, columns that differ most, as decoded"))
        st.dataframe(
            table_of_states(result, modality, node.name).head(COLUMNS),
            hide_index=True,
            height="content",
        )
