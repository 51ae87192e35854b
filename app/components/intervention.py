"""do(): nodes set from outside, and what would follow; asks the model only when a node is set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from app import state
from app.charts.curves import Axes, Lines, curves_figure
from app.charts.distributions import before_and_after, marginals
from app.charts.palette import COLOURS, MUTED
from app.components.contrast_panel import labelled
from app.components.model_wait import model_is_here
from app.components.samples import PLAIN
from app.services.loaders import Result
from app.services.models import model_of
from app.services.words import plain
from app.state import Param
from causalpima_core.data.multimodal import Kind, Modality, MultimodalDataset
from causalpima_core.report.pictures import limits, sheet
from causalpima_core.runs.store import RunFolder

if TYPE_CHECKING:
    from causalpima_core.fitted import FittedModel

PICTURES, PER_ROW, CURVES = 16, 8, 60
FREE = -1
"""The choice that leaves a node to its causes."""


def intervention(folder: RunFolder, result: Result, dataset: MultimodalDataset | None) -> None:
    """A choice per node, then distributions and samples before and after."""
    st.subheader(
        "Intervene",
        anchor=False,
        help="do(node = state): the node is set from outside, so its causes no longer act on it, "
        "while its effects follow. This differs from looking at the samples that happen to be in "
        "that state.",
    )
    do = _chosen(folder, result)
    if not do:
        st.caption("Set a node to a state to see what the other nodes and the samples would do.")
        return
    if not model_is_here():
        return
    model = model_of(folder)
    caveats = [plain(result.names.in_text(caveat)) for caveat in model.caveats(do)]
    if caveats:
        st.info("  \n".join(caveats))
    told = " and ".join(result.names.setting(node, k) for node, k in do.items())
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("**Probability of each state**")
        graph = result.graph
        figure = before_and_after(
            marginals(graph, model.intervention_probabilities({})),
            marginals(graph, model.intervention_probabilities(do)),
            result.names,
        )
        st.plotly_chart(figure, config=PLAIN, key="graph.do")
    with right:
        st.markdown(
            f"**Samples drawn as it is, and with {plain(told)}**",
            help="Drawn from the model, not from the data; the same random numbers for both.",
        )
        _drawn(model, result, dataset, do)


def _chosen(folder: RunFolder, result: Result) -> dict[str, int]:
    """What is set, as URL and session hold it."""
    parts = [part.split("=", 1) for part in (state.get(Param.DO) or "").split(",")]
    kept = {part[0]: part[1] for part in parts if len(part) == 2}
    keys = {node.name: f"graph.do.{folder.name}.{node.name}" for node in result.graph.nodes}
    do = {}
    with st.container(horizontal=True, gap="medium"):
        for node in result.graph.nodes:
            wanted = kept.get(node.name, "")
            known = wanted.isdecimal() and int(wanted) < node.states
            st.session_state[keys[node.name]] = int(wanted) if known else FREE
            chosen = st.segmented_control(
                plain(result.names.node(node.name)),
                [FREE, *range(node.states)],
                key=keys[node.name],
                format_func=lambda k, n=node.name: (
                    "as it is" if k == FREE else result.names.state(n, k)
                ),
                required=True,
                on_change=_keep,
                args=(keys,),
            )
            if chosen is not None and chosen != FREE:
                do[node.name] = chosen
    return do


def _keep(keys: Mapping[str, str]) -> None:
    """Put what was just chosen where URL and session hold it."""
    chosen = {node: st.session_state.get(key, FREE) for node, key in keys.items()}
    told = ",".join(f"{node}={k}" for node, k in chosen.items() if k not in (FREE, None))
    state.put(Param.DO, told or None)


def _drawn(
    model: FittedModel,
    result: Result,
    dataset: MultimodalDataset | None,
    do: Mapping[str, int],
) -> None:
    if dataset is None:
        st.caption("Samples cannot be drawn to scale: the data file is gone or has changed.")
        return
    before, after = model.generate(CURVES), model.generate(CURVES, do)
    for modality in dataset.modalities:
        pair = (("as it is", before[modality.name]), ("after", after[modality.name]))
        if modality.kind is Kind.IMAGE:
            for label, values in pair:
                with labelled(label):
                    st.image(
                        sheet(values[:PICTURES], PER_ROW, limits(modality.values)),
                        alt=f"{modality.name}, drawn {label}",
                    )
        elif modality.kind is Kind.CURVE:
            inks = (MUTED, COLOURS[0])
            lines = [
                Lines(values, label, ink, 0.35)
                for (label, values), ink in zip(pair, inks, strict=True)
            ]
            axes = Axes.of(modality, result.summary.experts)
            figure = curves_figure(lines, height=230, axes=axes)
            st.plotly_chart(figure, config=PLAIN, key=f"graph.do.{modality.name}.curves")
        else:
            _means(modality, pair)


def _means(modality: Modality, pair: tuple) -> None:
    names = modality.columns or tuple(str(i) for i in range(modality.shape[0]))
    means = {f"mean, {label}": values.mean(0) for label, values in pair}
    st.dataframe(pd.DataFrame({"column": list(names)} | means), hide_index=True, height="content")
