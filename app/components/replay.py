"""A slider over a run's epochs beneath its history, with steps from change to change."""

from __future__ import annotations

import streamlit as st

from app.charts.edge_history import MAX_EDGES, EdgeHistory, history_figure
from app.services.history import history_of
from app.services.loaders import names_of
from app.state import Key
from causalpima_core.runs.store import RunFolder

REPLAY_HELP = "Graph, components and latent space below are shown as they were at this epoch."


def replay(folder: RunFolder) -> int:
    """The epoch a person slides to, the last one to begin with; the run has ended."""
    history = history_of(folder)
    epochs = history.epochs
    if len(epochs) < 2:
        return epochs[0]
    if st.session_state.get(Key.REPLAY) not in epochs:
        st.session_state[Key.REPLAY] = epochs[-1]
    with st.container():
        _strip(folder, history, st.session_state[Key.REPLAY])
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        epoch = st.select_slider("Replay epoch", epochs, key=Key.REPLAY, help=REPLAY_HELP)
        before = [change for change in history.changes if change < epoch]
        after = [change for change in history.changes if change > epoch]
        _step("Previous change", before[-1] if before else None)
        _step("Next change", after[0] if after else None)
    return epoch


def _step(label: str, epoch: int | None) -> None:
    st.button(
        label,
        key=f"live.{label}",
        disabled=epoch is None,
        on_click=lambda: st.session_state.update({Key.REPLAY: epoch}),
    )


def _strip(folder: RunFolder, history: EdgeHistory, epoch: int) -> None:
    st.subheader(
        "How the graph came about",
        anchor=False,
        help="A row per edge: the stronger its shade, the larger its weight at that epoch. A red "
        "line: from here on an edge has weight 0.5 or more, or no longer, and so the graph is "
        "another one. The blue frame is the epoch shown below.",
    )
    if not history.edges:
        st.caption("No edge reached weight 0.5 at any epoch.")
        return
    nodes = folder.config().model.nodes
    st.plotly_chart(
        history_figure(history, nodes, epoch, names_of(folder)),
        key=f"live.history.{folder.name}",
        config={"displayModeBar": False},
    )
    count = len(history.changes)
    told = (
        "Stronger shade: larger weight, from 0 to 1. Red: the graph became another one, at "
        f"{count} epoch{'' if count == 1 else 's'}. After the last epoch the directions are "
        "decided from all samples, so the decided graph may differ from the last weights."
    )
    if len(history.edges) == MAX_EDGES:
        told += f" Drawn are the {MAX_EDGES} edges of largest mean weight that were ever in it."
    st.caption(told)
