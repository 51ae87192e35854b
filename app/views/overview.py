"""Overview: what a finished run found, at a glance: features, what each means, what drives what."""

from __future__ import annotations

import streamlit as st

from app.components import graph_payload
from app.components.feature_card import feature_card
from app.components.frame import run_page
from app.components.live_graph import live_graph
from app.services import overview
from app.services.loaders import Result, dataset_of, result_of
from app.services.words import plain
from app.state import Page, Param
from causalpima_core.runs.store import RunFolder

ACROSS = 3
"""Cards beside each other."""


def show() -> None:
    """The page."""
    run_page(
        "Overview",
        _tell,
        with_result=True,
        empty=("No run has a result yet: what one found will be here.", Page.DATA, "Choose data"),
    )


def _tell(folder: RunFolder) -> None:
    result = result_of(folder)
    dataset, reason = dataset_of(folder, result)
    if reason:
        st.warning(f"Images, curves and metadata cannot be shown. {plain(reason)}")
    left, right = st.columns([1.15, 1], gap="large")
    with left:
        click = live_graph(
            graph_payload.of_graph(
                result.graph, names=result.names, knowledge=folder.config().model.knowledge
            ),
            f"overview.graph.{folder.name}",
        )
        if click is not None:
            param = Param.NODE if click.what == "node" else Param.EDGE
            st.switch_page(Page.GRAPH, query_params={Param.RUN: folder.name, param: click.name})
    with right:
        _drives(result)
        _sure(result)
    st.subheader("What each feature is", anchor=False)
    nodes = result.graph.nodes
    for start in range(0, len(nodes), ACROSS):
        for column, node in zip(
            st.columns(ACROSS, gap="medium"), nodes[start : start + ACROSS], strict=False
        ):
            with column.container(border=True, height="stretch"):
                feature_card(folder, result, node, dataset)


def _drives(result: Result) -> None:
    st.subheader(
        "What varies, and what drives what",
        anchor=False,
        help="Adjacent: posterior probability that two nodes are joined by an edge. The shares "
        "are those of the samples as they are, not of an intervention.",
    )
    st.write(f"{overview.counted(result)}.")
    edges = [overview.relation(result, edge) for edge in result.graph.edges]
    if not edges:
        st.write("No edge: the features are independent as far as these data tell.")
        return
    st.markdown("\n".join(f"- {plain(sentence)}" for sentence in edges))


def _sure(result: Result) -> None:
    st.subheader(
        "How sure",
        anchor=False,
        help="What the run itself warns of. What no run can show, hidden causes above all, is on "
        "the page 'What it can claim'.",
    )
    warnings = [plain(result.names.in_text(w)) for w in result.summary.warnings]
    if warnings:
        st.warning("\n".join(f"- {w}" for w in warnings) if len(warnings) > 1 else warnings[0])
    else:
        st.write("The run has no warning.")
    st.page_link(Page.GRAPH, label="Evidence for every edge", icon=":material/arrow_forward:")
    st.page_link(Page.HELP, label="What may be claimed", icon=":material/arrow_forward:")


show()
