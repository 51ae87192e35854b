"""What is selected in the latent space: its composition beside all samples, and the samples."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from app import state
from app.charts.scatter import Groups, column_colouring
from app.components import columns
from app.components.samples import show_samples
from app.services.colourings import free_columns
from app.services.loaders import Result
from app.services.words import plain
from app.state import Key
from causalpima_core.data.multimodal import MultimodalDataset
from causalpima_core.report.axes import Axes
from causalpima_core.report.evidence import composition


def selection_panel(result: Result, metadata: pd.DataFrame, rows: np.ndarray) -> None:
    """Composition of the selected rows by node and metadata, and ways to save or drop them."""
    st.subheader(f"{len(rows):,} samples selected" if len(rows) else "Selection", anchor=False)
    if not len(rows):
        st.caption(
            "In 2-D, draw a lasso or box around points: their images, curves and composition "
            "appear here. Double-click the chart to let go."
        )
        return
    others = metadata[free_columns(result, metadata)]
    composition_table(result, others, rows)
    chosen = result.assignments.iloc[rows].join(others)
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


def composition_table(result: Result, others: pd.DataFrame, rows: np.ndarray) -> None:
    """Shares of the rows by node state and, where ``others`` has few values, by its columns."""
    sizes = {node.name: node.states for node in result.graph.nodes}
    few = [c for c in others.columns if isinstance(column_colouring(others[c]), Groups)]
    states = result.assignments[list(sizes)].join(others[few].astype(str))
    table = composition(states, rows, sizes, result.names)
    st.dataframe(
        table,
        hide_index=True,
        height="content" if len(table) < 15 else 480,
        column_config={
            "samples": st.column_config.NumberColumn(width=70),
            "selection": columns.percentage("Share of the selected samples."),
            "all": columns.percentage("Share of all samples."),
        },
    )


def gallery(result: Result, dataset: MultimodalDataset, rows: np.ndarray) -> None:
    """The selected samples in every modality."""
    for modality in dataset.modalities:
        st.markdown(f"**{plain(modality.name)}** &ensp; of the selected samples")
        axes = Axes.of(modality, result.summary.experts)
        show_samples(modality, rows, key=f"latent.gallery.{modality.name}", axes=axes)
