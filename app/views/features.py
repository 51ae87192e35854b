"""Features: what each node means, in every modality and in words, and a place to name it."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app import state
from app.components import columns
from app.components.contrast_panel import decoded, difference, samples_by_state
from app.components.frame import run_page
from app.components.naming_form import naming_form
from app.components.traversal import traversal
from app.services.loaders import Result, dataset_of, result_of
from app.services.meanings import agreements_of
from app.services.words import plain
from app.state import Page, Param
from causalpima_core.data.multimodal import Modality, MultimodalDataset
from causalpima_core.report.evidence import separation_words
from causalpima_core.runs.results import NodeResult
from causalpima_core.runs.store import RunFolder


def show() -> None:
    """The page."""
    run_page(
        "Features",
        _explain,
        with_result=True,
        empty=("No run has a result yet: its features will be here.", Page.LIVE, "Open Live"),
    )


def _explain(folder: RunFolder) -> None:
    result = result_of(folder)
    dataset, reason = dataset_of(folder, result)
    node = _chosen(result)
    naming_form(folder, result, node)
    _standing(result, node)
    if dataset is None:
        st.warning(f"Pictures, curves and metadata cannot be shown. {plain(reason)}")
        return
    for modality in dataset.modalities:
        _modality(result, modality, node.name)
    _agreement(folder, result, dataset, node.name)
    traversal(folder, result, dataset, node)


def _chosen(result: Result) -> NodeResult:
    """The node the page is about, with a row of all nodes to choose another."""
    nodes = {node.name: node for node in result.graph.nodes}
    wanted = state.get(Param.NODE)
    key = f"features.node.{len(nodes)}"
    st.session_state[key] = wanted if wanted in nodes else next(iter(nodes))
    chosen = st.segmented_control(
        "Node",
        list(nodes),
        key=key,
        format_func=result.names.node,
        required=True,
        on_change=lambda: state.put(Param.NODE, st.session_state[key]),
        help="A node is a discrete feature of the samples; each sample is in one of its states.",
    )
    return nodes[chosen or next(iter(nodes))]


def _standing(result: Result, node: NodeResult) -> None:
    """How far the node can be trusted, in one line and in the run's own warnings."""
    evidence = next((n for n in result.summary.nodes if n.name == node.name), None)
    told = [f"Separation {node.separation:.2f}, {separation_words(node.separation)}"]
    if evidence is not None:
        told.append(f"rarest state {evidence.least_state_share:.1%} of samples")
        told.append(
            f"shown by {', '.join(evidence.views)}"
            if evidence.views
            else "shown by no modality by itself"
        )
    st.caption(plain(" · ".join(told)))
    about = [w for w in result.summary.warnings if node.name in w.replace(".", " ").split()]
    for warning in about:
        st.warning(plain(result.names.in_text(warning)))


def _modality(result: Result, modality: Modality, node: str) -> None:
    st.subheader(plain(modality.name), anchor=False)
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown(
            "**Decoded for each state**",
            help="The model's centre of each component. Where a law is known, its curve.",
        )
        decoded(result, modality, node, "features")
        difference(result, modality, node, "features")
    with right:
        st.markdown(
            "**Samples of each state**",
            help="Measurements of samples in this state, from the surest to the least sure.",
        )
        samples_by_state(result, modality, node, "features")


def _agreement(folder: RunFolder, result: Result, dataset: MultimodalDataset, node: str) -> None:
    st.subheader(
        "Agreement with metadata",
        anchor=False,
        help="Mutual information between the node's states and a column that was not trained on, "
        "beside what 200 random permutations of the states give.",
    )
    found = agreements_of(folder, node, dataset.metadata)
    if not found:
        st.caption(
            "The data have no metadata columns with groups or numbers. Text columns of a table, or "
            "a file NAME.metadata.csv beside the data, are compared here and never trained on."
        )
        return
    best = found[0]
    called = plain(result.names.node(node))
    if best.beyond_chance:
        st.write(
            f"{called} agrees most with **{plain(best.column)}**, which explains "
            f"{best.explained:.0%} of it."
        )
    else:
        st.write(f"{called} agrees with no column more than chance would.")
    st.dataframe(
        pd.DataFrame([vars(one) for one in found]).rename(
            columns={
                "information": "mutual information",
                "by_chance": "by chance (95%)",
                "p_value": "p",
            }
        ),
        hide_index=True,
        height="content" if len(found) < 10 else 380,
        column_config={
            "mutual information": columns.number(3, "Nats."),
            "by chance (95%)": columns.number(3, "Nats; 95% of permutations give less."),
            "explained": columns.probability("Share of the node's entropy."),
            "p": columns.number(
                3, "Of this column alone; with many columns some are small by chance."
            ),
        },
    )


show()
