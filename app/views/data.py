"""Data: pick an example or upload a file, and see at once what is in it."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import streamlit as st

from app import state
from app.components.data_card import data_card
from app.components.first_look import first_steps
from app.components.frame import page, sentences
from app.components.stored_data import stored_data
from app.components.uploading import told_of_upload, uploader
from app.services import uploads
from app.services.loaders import dataset_at, workspace
from app.services.words import plain
from app.state import Page, Param
from causalpima_core.data.examples import EXAMPLES
from causalpima_core.data.multimodal import MultimodalDataset

SOURCES = ("Example", "Upload", "Already here")


def show() -> None:
    """The page."""
    with page("Data"):
        workspace().sweep()
        if state.get(Param.DATA) is None:
            _empty()
            return
        left, right = st.columns([1, 2], gap="medium")
        with left, sentences():
            _choose()
        with right:
            name = state.get(Param.DATA) or ""
            path = workspace().dataset(name)
            _overview(path, dataset_at(path))


def _empty() -> None:
    """Nothing is chosen: what can be seen at once, then one's own data, then the examples."""
    st.info(
        "causalPIMA finds the discrete features that explain several measurements of the same "
        "samples, and the causal graph between them. Nothing is trained before you say so."
    )
    first_steps()
    own, examples = st.columns(2, gap="medium")
    with own, sentences():
        st.subheader("Your own data", anchor=False)
        uploader()
        if workspace().datasets():
            stored_data()
    with examples, sentences():
        st.subheader("Examples whose truth is known", anchor=False)
        _example()
    if state.get(Param.DATA) is not None:
        st.rerun()


def _choose() -> None:
    source = st.segmented_control(
        "Source",
        SOURCES,
        default=SOURCES[0],
        required=True,
        key="data.source",
        width="stretch",
        label_visibility="collapsed",
    )
    if source == "Upload":
        uploader()
    elif source == "Already here":
        stored_data()
    else:
        _example()


def _example() -> None:
    name = st.radio(
        "Example",
        list(EXAMPLES),
        key="data.example",
        label_visibility="collapsed",
        captions=[info.summary for info in EXAMPLES.values()],
    )
    info = EXAMPLES[name]
    graph_column, samples_column = st.columns(2)
    graph = graph_column.selectbox(
        "True graph",
        info.graphs,
        index=info.graphs.index(info.default_graph),
        key=f"data.graph.{name}",
        help="How the factors cause each other in the data that are made. Training never sees it.",
    )
    samples = samples_column.number_input(
        "Samples", 50, 100_000, info.default_samples, step=500, key=f"data.samples.{name}"
    )
    st.caption(
        "Factors: "
        + ", ".join(f"{f} ({k})" for f, k in zip(info.factors, info.states, strict=True))
    )
    if st.button("Use this example", key="data.make"):
        with st.spinner("Drawing the samples …"):
            path = uploads.make_example(name, str(graph), int(samples), seed=0)
        state.put(Param.DATA, path.name)


def _overview(path: Path, dataset: MultimodalDataset) -> None:
    head, action = st.columns([2, 1], vertical_alignment="center")
    head.subheader(path.name, anchor=False)
    if action.button(
        "Set up the model",
        type="primary",
        width="stretch",
        key="data.next",
        icon=":material/arrow_forward:",
        icon_position="right",
    ):
        st.switch_page(Page.MODEL, query_params={Param.DATA: path.name})
    missing = sum((~m.observed).sum() for m in dataset.modalities)
    total = len(dataset) * len(dataset.modalities)
    with st.container(horizontal=True, gap="small"):
        st.metric("Samples", f"{len(dataset):,}", width="content")
        st.metric("Modalities", len(dataset.modalities), width="content")
        st.metric(
            "Missing",
            f"{missing / total:.1%}",
            width="content",
            help="Share of measurements that are not there; training copes with gaps.",
        )
        st.metric(
            "Metadata",
            dataset.metadata.shape[1],
            width="content",
            help="Columns never trained on; for colouring and checking what was found.",
        )
    told_of_upload(path.name)
    if dataset.notes:
        st.info("  \n".join(plain(note) for note in dataset.notes), icon=":material/rule:")
    for modality in dataset.modalities:
        with st.container(border=True):
            data_card(path, modality)
    if dataset.metadata.shape[1]:
        _metadata(dataset.metadata)


def _metadata(metadata: pd.DataFrame) -> None:
    st.markdown("**Metadata** &ensp; never trained on")
    rows = [
        {
            "column": name,
            "distinct values": column.nunique(),
            "missing": 100 * float(column.isna().mean()),
            "for example": ", ".join(str(v) for v in column.dropna().unique()[:5]),
        }
        for name, column in metadata.items()
    ]
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        column_config={"missing": st.column_config.NumberColumn(format="%.1f%%")},
    )


show()
