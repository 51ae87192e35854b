"""The moment in which torch is loaded, once in a process: said, and over by itself."""

from __future__ import annotations

import streamlit as st

from app.services import warming

EVERY = 0.25
"""Seconds between two looks."""


def model_is_here() -> bool:
    """Whether a model can be asked now; where not, the page is shown again once it can."""
    if warming.model_is_loaded():
        return True
    st.fragment(_watch, run_every=EVERY)()
    return False


def _watch() -> None:
    if warming.model_is_loaded():
        st.rerun()
    st.caption("Loading the model …")
