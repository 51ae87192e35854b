"""Compare: two runs side by side, their settings, scores, graphs and latent spaces."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st

from app import state
from app.charts.run_tables import scores_table, settings_table
from app.components import columns, graph_payload
from app.components.frame import (
    chosen_run,
    nothing_yet,
    page,
    run_caption,
    run_picker,
    unfinished,
)
from app.components.live_graph import live_graph
from app.components.selection_panel import composition_table
from app.components.twin_graphs import alongside
from app.components.twin_scatter import clear, twin_scatter
from app.services import comparison
from app.services.colourings import colour_names, colouring_of
from app.services.comparison import Agreement
from app.services.loaders import Result, dataset_of, result_of, workspace
from app.services.projections import principal_axes
from app.services.words import plain
from app.state import Bound, Page, Param
from causalpima_core.runs.store import RunFolder

NMI = (
    "Normalised mutual information of the two nodes' states over all samples: 1 where one tells "
    "the other, 0 where they have nothing in common."
)
RAND = (
    "Adjusted Rand index: 1 where both runs group the samples alike, 0 for no more agreement than "
    "by chance."
)


@dataclass(frozen=True)
class Pair:
    """The two runs, A and B; ``agreement`` where their samples are the same."""

    folders: tuple[RunFolder, RunFolder]
    results: tuple[Result, Result]
    agreement: Agreement | None

    @property
    def partner(self) -> dict[str, str]:
        """Node of B by the node of A that is the same."""
        return self.agreement.partner if self.agreement else {}


def show() -> None:
    """The page."""
    with page("Compare"):
        folders = [folder for folder in workspace().runs() if folder.has_result]
        if len(folders) < 2:
            told = "Two runs that have a result are needed to compare them."
            nothing_yet(told, Page.RUNS, "See all runs")
            return
        chosen = _choose(folders)
        if chosen is None:
            return
        pair = _pair(*chosen)
        _figures(pair)
        _graphs(pair)
        _latents(pair)


def _choose(folders: list[RunFolder]) -> tuple[RunFolder, RunFolder] | None:
    """The two runs of the URL; None where they cannot be compared, which is then said."""
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("**Run A**")
        one = chosen_run(with_result=True)
        if one is None:
            return None
        run_caption(one)
    with right:
        st.markdown("**Run B**")
        other = _other(one, folders)
        run_caption(other)
    for folder in (one, other):
        if not folder.has_result:
            unfinished(folder)
            return None
    if one.name == other.name:
        st.info("This is one and the same run: choose another one as run B.")
        return None
    return one, other


def _other(one: RunFolder, folders: list[RunFolder]) -> RunFolder:
    """Run B: unless one is chosen, the newest other run, of the same data where there is one."""
    wanted = state.get(Param.OTHER)
    if wanted is None:
        others = [folder for folder in folders if folder.name != one.name]
        data = one.config().dataset.sha256
        same = [folder for folder in others if folder.config().dataset.sha256 == data]
        wanted = (same or others)[0].name
        state.put(Param.OTHER, wanted)
    return run_picker(
        "Run B", folders, wanted, lambda name: state.put(Param.OTHER, name), "compare.other"
    )


def _pair(one: RunFolder, other: RunFolder) -> Pair:
    first, second = result_of(one), result_of(other)
    shared = comparison.same_samples((one.config(), first), (other.config(), second))
    found = comparison.agreement(first, second) if shared else None
    return Pair((one, other), (first, second), found)


def _figures(pair: Pair) -> None:
    left, right = st.columns([1.25, 1], gap="large")
    with left:
        _settings_and_scores(pair)
    with right:
        _agreement(pair)
    _warnings(pair)


def _settings_and_scores(pair: Pair) -> None:
    one, other = pair.results
    st.subheader("Settings that differ, and scores", anchor=False)
    configs = [folder.config() for folder in pair.folders]
    scales = [config.model.scales for config in configs]
    differing = settings_table(*configs)
    scores = scores_table(
        one.summary,
        other.summary,
        pair.partner,
        (one.names, other.names),
        same_data=pair.agreement is not None,
        same_scales=scales[0] == scales[1],
    )
    if differing.empty:
        st.caption("Both runs have the same settings.")
    else:
        st.dataframe(differing.drop(columns="B − A"), hide_index=True, height="content")
    by_term = scores["what"].str.startswith("held-out ") & (scores.index > 0)
    _numbers(scores[~by_term])
    with st.expander("Held-out ELBO by term"):
        _numbers(scores[by_term])


def _numbers(table: pd.DataFrame) -> None:
    right = st.column_config.TextColumn(alignment="right")
    config = {"A": right, "B": right, "B − A": right}
    st.dataframe(table, hide_index=True, height="content", column_config=config)


def _agreement(pair: Pair) -> None:
    st.subheader("Agreement", anchor=False)
    if pair.agreement is None:
        st.info(
            "The runs are of different data: neither nodes nor samples can be matched, and a "
            "held-out ELBO says nothing of the other's."
        )
        return
    one, other = pair.results
    edges = comparison.edges_table(pair.partner, one, other)
    both = int(edges["found in"].str.startswith("both").sum())
    with st.container(horizontal=True, gap="large"):
        st.metric("Components", f"{pair.agreement.components:.3f}", width="content", help=RAND)
        st.metric("Edges in both", f"{both} of {len(edges)}", width="content")
    st.dataframe(
        comparison.nodes_table(pair.agreement, one, other),
        hide_index=True,
        column_config={
            "node of B": st.column_config.TextColumn(help="The one that agrees most."),
            "agreement": columns.probability(NMI),
            "drawn as one": st.column_config.CheckboxColumn(
                help="Whether the two are taken as the same feature, each at most once, and so "
                "have the same place and colour below."
            ),
        },
    )
    if edges.empty:
        st.caption("Neither graph has an edge.")
    else:
        st.dataframe(edges, hide_index=True, placeholder="–")


def _warnings(pair: Pair) -> None:
    if not any(result.summary.warnings for result in pair.results):
        return
    for column, letter, result in zip(st.columns(2, gap="large"), "AB", pair.results, strict=True):
        with column:
            for warning in result.summary.warnings:
                st.warning(f"{letter}: {plain(result.names.in_text(warning))}")


def _graphs(pair: Pair) -> None:
    first, second = (
        graph_payload.of_graph(result.graph, names=result.names) for result in pair.results
    )
    if pair.agreement is not None:
        second = alongside(second, first, pair.partner)
    names = ".".join(folder.name for folder in pair.folders)
    for column, letter, payload in zip(
        st.columns(2, gap="large"), "AB", (first, second), strict=True
    ):
        with column:
            st.subheader(f"Graph of {letter}", anchor=False)
            live_graph(payload, f"compare.graph.{letter}.{names}")


def _latents(pair: Pair) -> None:
    shared = pair.agreement is not None
    metadata = _metadata(pair) if shared else pd.DataFrame()
    name = _colour(pair, metadata)
    one, other = pair.results
    colouring = colouring_of(name, one, metadata)
    colourings = colouring, comparison.colouring_beside(name, colouring, other, pair.agreement)
    what = (*(folder.name for folder in pair.folders), name) if shared else None
    for position, column in enumerate(st.columns(2, gap="large")):
        with column:
            st.subheader(f"Latent space of {'AB'[position]}", anchor=False)
            projection = principal_axes(pair.results[position].latent, 2)
            twin_scatter(position, projection, colourings[position], what=what)
    if shared:
        _selection(pair)
    else:
        st.caption("Of different data: a selection in one has no meaning in the other.")


def _metadata(pair: Pair) -> pd.DataFrame:
    """Of the samples of both, where the data are still there as they were."""
    dataset, reason = dataset_of(pair.folders[0], pair.results[0])
    if dataset is not None:
        return dataset.metadata
    st.caption(f"Metadata cannot be shown. {plain(reason)}")
    return pd.DataFrame()


def _colour(pair: Pair, metadata: pd.DataFrame) -> str:
    names = colour_names(pair.results[0], metadata)
    if pair.agreement is None:
        names = {name: names[name] for name in ("component", "confidence")}
    return st.selectbox(
        "Colour by",
        list(names),
        format_func=lambda name: names[name],
        key=Bound.COLOUR,
        bind="query-params",
        width=240,
        help="Nodes are those of A and the ones of B that agree with them. Groups of B have the "
        "colours of the groups of A that most of their samples are in.",
    )


def _selection(pair: Pair) -> None:
    """How the samples selected in either chart divide over the nodes of both runs."""
    n_samples = len(pair.results[0].assignments)
    rows = np.array(sorted(r for r in state.selected_samples() if r < n_samples), int)
    if not len(rows):
        st.caption(
            "Draw a lasso or box around points in either chart: the same samples are marked in "
            "both, and their composition appears here."
        )
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        st.subheader(f"{len(rows):,} samples selected", anchor=False, width="content")
        st.button("Clear", key="compare.clear", on_click=clear)
    for column, letter, result in zip(st.columns(2, gap="large"), "AB", pair.results, strict=True):
        with column:
            st.markdown(f"**By the nodes of {letter}**")
            composition_table(result, pd.DataFrame(index=result.assignments.index), rows)


show()
