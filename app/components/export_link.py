"""The way from a result to what can be taken away of it."""

from __future__ import annotations

import streamlit as st

from app.state import Page


def export_link() -> None:
    """One line: the page that has all downloads."""
    st.page_link(
        Page.EXPORT,
        label="Export report, figures and files",
        icon=":material/download:",
    )
