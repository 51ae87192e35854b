"""A walk through the latent space, decoded step by step; loads the model only when asked for."""

from __future__ import annotations

import streamlit as st

from app.charts.curves import Axes, Lines, curves_figure
from app.charts.palette import gradient
from app.components.model_wait import model_is_here
from app.components.samples import PLAIN
from app.services.loaders import Result
from app.services.meanings import latent_path
from app.services.models import model_of
from app.services.words import plain
from causalpima_core.data.multimodal import Kind, MultimodalDataset
from causalpima_core.report.pictures import limits, sheet
from causalpima_core.runs.results import NodeResult
from causalpima_core.runs.store import RunFolder

STEPS = 9


def traversal(
    folder: RunFolder, result: Result, dataset: MultimodalDataset, node: NodeResult
) -> None:
    """Between two states of the node, or along one latent axis."""
    st.subheader(
        "Walk through the latent space",
        anchor=False,
        help="Points on a straight line, decoded by the model: from one state's centre to "
        "another's, or along one axis through the mean of all samples, two standard deviations "
        "either way. Between the centres there may be no samples.",
    )
    if not st.toggle("Decode a walk", key="features.walk"):
        return
    between = [f"{a}:{b}" for a in range(node.states) for b in range(a + 1, node.states)]
    axes = [f"axis:{d}" for d in range(result.latent.shape[1])]

    def told(way: str) -> str:
        first, second = way.split(":")
        if first == "axis":
            return f"latent {int(second) + 1}"
        return " → ".join(result.names.setting(node.name, int(k)) for k in (first, second))

    way = st.selectbox("Along", between + axes, format_func=told, width=360)
    path = latent_path(result, node.name, way or between[0], STEPS)
    if not model_is_here():
        return
    measured = model_of(folder).decode(path)
    for modality in dataset.modalities:
        steps = measured[modality.name]
        st.markdown(f"**{plain(modality.name)}**")
        if modality.kind is Kind.IMAGE:
            st.image(
                sheet(steps, STEPS, limits(modality.values)),
                alt=f"{modality.name}, {STEPS} steps along {told(way or between[0])}",
            )
        elif modality.kind is Kind.CURVE:
            colours = gradient(STEPS)
            ends = {0: "start", STEPS - 1: "end"}
            lines = [
                Lines(step[None], ends.get(i, ""), colours[i], 1.0, 1.6)
                for i, step in enumerate(steps)
            ]
            axes = Axes.of(modality, result.summary.experts)
            figure = curves_figure(lines, height=240, axes=axes)
            st.plotly_chart(figure, config=PLAIN, key=f"walk.{modality.name}")
        else:
            names = modality.columns or tuple(str(i) for i in range(modality.shape[0]))
            st.dataframe({name: steps[:, i] for i, name in enumerate(names)}, height="content")
