"""The two buttons of an empty start: a finished example, and one that is trained at once."""

from __future__ import annotations

import streamlit as st

from app import state
from app.components.frame import sentences
from app.services import first_look
from app.state import Page, Param
from causalpima_core.runs.store import RunFolder


def first_steps() -> None:
    """Side by side, each with a sentence on what will be seen."""
    finished, live = st.columns(2, gap="medium")
    with finished.container(border=True, height="stretch"), sentences():
        st.write(
            "700 unit cells of a metal lattice, each with an image and a stress–strain curve: "
            "the features found in them, their graph and the law of the curves. Ready at once."
        )
        if st.button(
            "Look at a finished example", type="primary", width="stretch", key="data.finished"
        ):
            _turn_to(Page.OVERVIEW, first_look.finished_example())
    with live.container(border=True, height="stretch"), sentences():
        st.write(
            "2,000 images of a disc: its hue acts on its radius and that on its place. Made and "
            "trained while you watch; it takes about half a minute to decide the graph."
        )
        if st.button(
            "Watch one being trained", type="primary", width="stretch", key="data.trained"
        ):
            with st.spinner("Drawing the samples …"):
                folder = first_look.train_example()
            _turn_to(Page.LIVE, folder)


def _turn_to(page: Page, folder: RunFolder) -> None:
    data = folder.config().dataset.name
    state.put(Param.DATA, data)
    state.choose_run(folder.name)
    st.switch_page(page, query_params={Param.RUN: folder.name})
