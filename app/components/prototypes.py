"""What a node means: decoded centres of the components, one row of pictures per node state."""

from __future__ import annotations

import numpy as np
import streamlit as st

from app.charts.curves import Lines, curves_figure
from app.charts.palette import colour
from app.charts.pictures import limits, sheet
from app.components.samples import PLAIN
from app.services.loaders import Result
from app.services.words import plain
from causalpima_core.data.multimodal import Kind, Modality, MultimodalDataset

MAX_COLUMNS = 8


def show_prototypes(result: Result, dataset: MultimodalDataset | None, node: str) -> None:
    """Rows differ in the node's state alone; columns are outcomes of the other nodes."""
    position = [n.name for n in result.graph.nodes].index(node)
    states = result.graph.nodes[position].states
    for modality in dataset.modalities if dataset else ():
        prototypes = result.prototypes(modality.name)
        if prototypes is None or modality.kind is Kind.TABLE:
            continue
        st.markdown(
            f"**{plain(modality.name)}** &ensp; as decoded for each state of "
            f"{plain(result.names.node(node))}"
        )
        if modality.kind is Kind.IMAGE:
            _pictures(result, modality, prototypes, position)
        else:
            groups = [
                Lines(
                    prototypes[_members(result, position, k)],
                    result.names.setting(node, k),
                    colour(k),
                    0.9,
                )
                for k in range(states)
            ]
            st.plotly_chart(
                curves_figure(groups, height=220), config=PLAIN, key=f"prototype.{modality.name}"
            )


def _members(result: Result, position: int, state: int) -> np.ndarray:
    """Components with this state, ordered by the states of the other nodes."""
    outcomes = [component.outcome for component in result.graph.components]
    members = [c for c, outcome in enumerate(outcomes) if outcome[position] == state]
    return np.array(sorted(members, key=lambda c: _others(outcomes[c], position)), dtype=int)


def _others(outcome: list[int], position: int) -> list[int]:
    return outcome[:position] + outcome[position + 1 :]


def _pictures(result: Result, modality: Modality, prototypes: np.ndarray, position: int) -> None:
    """Columns with most samples first where there are too many; each column one other outcome."""
    node = result.graph.nodes[position]
    rows = np.stack([_members(result, position, k) for k in range(node.states)])
    weights = np.array([component.weight for component in result.graph.components])
    columns = np.sort(np.argsort(-weights[rows].sum(0), kind="stable")[:MAX_COLUMNS])
    for k in range(node.states):
        with st.container(horizontal=True, vertical_alignment="center", wrap=False):
            st.caption(plain(result.names.setting(node.name, k)), width=110)
            st.image(
                sheet(prototypes[rows[k, columns]], len(columns), limits(modality.values)),
                alt=f"decoded {modality.name} for {result.names.setting(node.name, k)}",
            )
