"""The whole course of a run's graph, read once from its snapshots."""

from __future__ import annotations

import numpy as np
import streamlit as st

from app.charts.edge_history import EdgeHistory
from causalpima_core.runs.store import RunFolder


def history_of(folder: RunFolder) -> EdgeHistory:
    """Edges over all snapshots of a run that has ended; only a resume, a new start, adds to them.

    The run has at least one snapshot.
    """
    return _history(str(folder.path), folder.status().started or 0.0)


@st.cache_resource(show_spinner="Reading the history …", max_entries=16)
def _history(path: str, started: float) -> EdgeHistory:
    folder = RunFolder(path)
    moments = [folder.snapshot(epoch) for epoch in folder.snapshot_epochs()]
    last = moments[-1].edges
    # Where nodes are chosen from the data there are none yet in the warm-up.
    edges = [m.edges if m.edges.shape == last.shape else np.zeros_like(last) for m in moments]
    return EdgeHistory(
        epochs=tuple(moment.epoch for moment in moments),
        stages=tuple(moment.stage for moment in moments),
        weights=np.stack(edges),
    )
