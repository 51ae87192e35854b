"""Entry of the app (``streamlit run app/main.py``): page settings and navigation, nothing else."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from app.state import Page

ASSETS = Path(__file__).parent.parent / "assets"

st.set_page_config(page_title="causalPIMA", page_icon=str(ASSETS / "icon.svg"), layout="wide")
st.logo(str(ASSETS / "logo.svg"), icon_image=str(ASSETS / "icon.svg"), size="large")
st.navigation(
    {
        "Prepare": [
            st.Page(Page.DATA, title="Data", default=True),
            st.Page(Page.MODEL, title="Model", url_path="model"),
        ],
        "Train": [
            st.Page(Page.LIVE, title="Live", url_path="live"),
            st.Page(Page.RUNS, title="Runs", url_path="runs"),
        ],
        "Explore": [
            st.Page(Page.LATENT, title="Latent space", url_path="latent"),
            st.Page(Page.GRAPH, title="Graph", url_path="graph"),
        ],
        "Help": [st.Page(Page.HELP, title="What it can claim", url_path="help")],
    }
).run()
