"""A bundle from another machine, or from someone else, becomes a run here."""

from __future__ import annotations

import streamlit as st

from app import state
from app.components.frame import sentences
from app.services.loaders import workspace
from app.state import Key, Page, Param
from causalpima_core.runs.shipped import unpack


def import_area(key: str) -> None:
    """A place to drop a bundle; the run is then the one that is looked at."""
    st.subheader("Import a bundle", anchor=False)
    file = st.file_uploader(
        "A run that was exported as a bundle",
        type="zip",
        key=f"import.{key}",
        help="Its run and data are added to yours; nothing of yours is changed. It is checked "
        "before anything is written, so that a bundle from a stranger can do no harm.",
    )
    if file is None or st.session_state.get(Key.BUNDLE_SEEN) == file.file_id:
        return
    st.session_state[Key.BUNDLE_SEEN] = file.file_id
    with sentences():
        with st.spinner("Checking and unpacking …"):
            folder = unpack(file, workspace(), file.name)
        state.put(Param.DATA, folder.config().dataset.name)
        state.choose_run(folder.name)
        page = Page.GRAPH if folder.has_result else Page.LIVE
        st.switch_page(page, query_params={Param.RUN: folder.name})
