"""Graph: what causes what as far as the data tell, and the evidence for every part of it."""

from __future__ import annotations

import streamlit as st

from app import state
from app.components import columns, graph_payload
from app.components.contrast_panel import decoded
from app.components.export_link import export_link
from app.components.frame import run_page
from app.components.intervention import intervention
from app.components.live_graph import Click, live_graph
from app.services.loaders import Result, dataset_of, result_of
from app.services.words import plain
from app.state import Key, Page, Param
from causalpima_core.config import Knowledge
from causalpima_core.data.multimodal import Kind, MultimodalDataset
from causalpima_core.report.evidence import (
    conditional_table,
    edge_name,
    edge_sentence,
    edges_table,
    knowledge_in_words,
    nodes_table,
    not_drawn_table,
)
from causalpima_core.runs.names import Names
from causalpima_core.runs.results import EdgeResult
from causalpima_core.runs.store import RunFolder


def show() -> None:
    """The page."""
    run_page(
        "Graph",
        _explain,
        with_result=True,
        empty=("No run has a result yet: its graph will be here.", Page.LIVE, "Open Live"),
    )


def _explain(folder: RunFolder) -> None:
    result = result_of(folder)
    warnings = [plain(result.names.in_text(w)) for w in result.summary.warnings]
    if warnings:
        st.warning("\n".join(f"- {w}" for w in warnings) if len(warnings) > 1 else warnings[0])
    dataset, _ = dataset_of(folder, result)
    left, right = st.columns([1.15, 1], gap="large")
    with left:
        _picture(folder, result)
    with right:
        _detail(result, dataset)
    intervention(folder, result, dataset)
    _nodes(result)
    _edges(result, folder.config().model.knowledge)
    export_link()


def _picture(folder: RunFolder, result: Result) -> None:
    selected = state.get(Param.EDGE) or _node(result)
    payload = graph_payload.of_graph(result.graph, selected, result.names, _overlay(folder))
    click = live_graph(payload, f"graph.{folder.name}")
    if click is not None and click.name != selected:
        _select(click)
        st.rerun()
    compelled = sum(edge.direction == "compelled" for edge in result.graph.edges)
    reversible = len(result.graph.edges) - compelled
    st.caption(
        f"{compelled} compelled and {reversible} reversible edges. From observations alone only a "
        "class of equivalent graphs can be told: a compelled edge has the same direction in all "
        "of them, a reversible one does not. What you know (tiers, required or forbidden edges) "
        "can orient more. Click a node or an edge for its evidence."
    )


def _overlay(folder: RunFolder) -> Knowledge:
    """What was given beforehand, unless a person wants to see the discovered alone."""
    knowledge = folder.config().model.knowledge
    if knowledge == Knowledge() or st.toggle(
        "Show what was given beforehand", value=True, key="graph.overlay"
    ):
        return knowledge
    return Knowledge()


def _select(click: Click) -> None:
    state.put(Param.EDGE, click.name if click.what == "edge" else None)
    if click.what == "node":
        state.put(Param.NODE, click.name)


def _node(result: Result) -> str:
    """The selected node, the first where none is."""
    names = [node.name for node in result.graph.nodes]
    wanted = state.get(Param.NODE)
    return wanted if wanted in names else names[0]


def _detail(result: Result, dataset: MultimodalDataset | None) -> None:
    names = [node.name for node in result.graph.nodes]
    edges = {f"{edge.source}:{edge.target}": edge for edge in result.graph.edges}
    chosen = state.get(Param.EDGE)
    options = names + list(edges)
    st.session_state[Key.GRAPH_PICKER] = chosen if chosen in edges else _node(result)
    st.selectbox(
        "Evidence for",
        options,
        key=Key.GRAPH_PICKER,
        on_change=_picked,
        args=(names,),
        format_func=lambda o: (
            edge_name(edges[o], result.names) if o in edges else result.names.node(o)
        ),
    )
    if chosen in edges:
        _edge_detail(edges[chosen], result.names)
        st.markdown(f"**Conditional table of {plain(result.names.node(edges[chosen].target))}**")
        _table(result, edges[chosen].target)
        return
    node = _node(result)
    parents = [result.names.node(p) for p in result.graph.tables[node].parents]
    given = f"given {plain(' and '.join(parents))}" if parents else "it has no parents"
    st.markdown(f"**Conditional table of {plain(result.names.node(node))}**, {given}")
    _table(result, node)
    for modality in dataset.modalities if dataset else ():
        if modality.kind is not Kind.TABLE:
            st.markdown(f"**{plain(modality.name)}** &ensp; as decoded for each state")
            decoded(result, modality, node, "graph")


def _picked(names: list[str]) -> None:
    chosen = st.session_state[Key.GRAPH_PICKER]
    _select(Click("node" if chosen in names else "edge", chosen))


def _edge_detail(edge: EdgeResult, names: Names) -> None:
    st.markdown(f"**{plain(edge_name(edge, names))}** &ensp; {edge.direction}")
    with st.container(horizontal=True, gap="large"):
        st.metric(
            "Flow weight",
            f"{edge.weight:.2f}",
            width="content",
            help="Of the differentiable graph, before it was decided.",
        )
        st.metric(
            "Adjacent",
            f"{edge.probability:.2f}",
            width="content",
            help="Posterior probability that the two nodes are joined by an edge, averaged "
            "over all graphs your knowledge allows.",
        )
        st.metric(
            plain(f"{names.node(edge.source)} → {names.node(edge.target)}"),
            f"{edge.probability_of_direction:.2f}",
            width="content",
            help="Posterior probability of this direction. Near half of "
            "the adjacency means: not determined.",
        )
    st.write(plain(edge_sentence(edge, names)))


def _table(result: Result, node: str) -> None:
    frame = conditional_table(result.graph, node, result.names)
    shares = frame.columns[len(result.graph.tables[node].parents) :]
    st.dataframe(
        frame,
        hide_index=True,
        height="content" if len(frame) < 10 else 320,
        column_config={
            c: columns.probability(f"Probability of {c}", label=result.names.state(node, k))
            for k, c in enumerate(shares)
        },
    )


def _nodes(result: Result) -> None:
    st.subheader(
        "Nodes",
        anchor=False,
        help="Separation: 1 minus the mean entropy of the node's posterior over the log of its "
        "states; 1 when every sample falls clearly into one state.",
    )
    table = nodes_table(result.graph, result.summary, result.names)
    st.dataframe(
        table,
        hide_index=True,
        placeholder="–",
        column_config={
            "separation": columns.probability(),
            "rarest state": columns.number(1, "Share of samples in it.", "%"),
            "gain": columns.number(2, "Nats per sample that the node gains in what shows it best."),
            "shown by": st.column_config.TextColumn(
                help="What shows it by itself, the clearest first."
            ),
        },
    )


def _edges(result: Result, knowledge: Knowledge) -> None:
    st.subheader("Edges", anchor=False)
    table = edges_table(result.graph, result.names)
    if table.empty:
        st.caption("No edges: the nodes are independent as far as these data tell.")
    else:
        st.dataframe(
            table,
            hide_index=True,
            column_config={
                "weight": columns.probability("Of the flow graph before it was decided."),
                "adjacent": columns.probability("Posterior probability of any edge."),
                "this way": columns.probability("Posterior probability of source → target."),
            },
        )
    _given(result, knowledge)
    rest = not_drawn_table(result.summary, result.names)
    if not rest.empty:
        with st.expander(f"Edges not drawn ({len(rest)})"):
            st.caption("Pairs with some probability that the decided graph leaves out.")
            st.dataframe(rest, hide_index=True)


def _given(result: Result, knowledge: Knowledge) -> None:
    """What the graph was told, which is no discovery."""
    told = knowledge_in_words(knowledge, result.names)
    if told:
        with st.expander(f"Given beforehand, not discovered ({len(told)})"):
            st.markdown("\n".join(f"- {plain(sentence)}" for sentence in told))


show()
