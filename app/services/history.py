"""The whole course of a run's graph, read once from its snapshots."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
import streamlit as st

from app.charts.edge_history import EdgeHistory
from causalpima_core.errors import DamagedError, RunFolderError
from causalpima_core.runs.store import RunFolder


def history_of(folder: RunFolder) -> EdgeHistory:
    """Edges over all snapshots of a run that has ended; those that are damaged are left out.

    Raises:
        RunFolderError: none can be read.
    """
    epochs = folder.snapshot_epochs()
    stamps = [folder.snapshot_written(epoch) for epoch in epochs]
    return _history(str(folder.path), len(epochs), max(stamps, default=0))


def damaged_snapshots(folder: RunFolder) -> list[int]:
    """Epochs whose snapshot the history of a run that has ended had to leave out."""
    shown = history_of(folder).epochs
    return [epoch for epoch in folder.snapshot_epochs() if epoch not in shown]


@st.cache_resource(show_spinner="Reading the history …", max_entries=16)
def _history(path: str, count: int, stamp: int) -> EdgeHistory:
    folder, moments = RunFolder(path), []
    for epoch in folder.snapshot_epochs():
        with suppress(DamagedError):
            moments.append(folder.snapshot(epoch))
    if not moments:
        raise RunFolderError(f"No snapshot of run '{folder.name}' can be read.")
    last = moments[-1].edges
    # Where nodes are chosen from the data there are none yet in the warm-up.
    edges = [m.edges if m.edges.shape == last.shape else np.zeros_like(last) for m in moments]
    return EdgeHistory(
        epochs=tuple(moment.epoch for moment in moments),
        stages=tuple(moment.stage for moment in moments),
        weights=np.stack(edges),
    )
