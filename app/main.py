"""Entry of the app (``streamlit run app/main.py``): page settings, login and navigation."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from app import state
from app.components.closing_sidebar import closing_sidebar
from app.components.sign_in import let_in, who
from app.services import warming
from app.state import Page

ASSETS = Path(__file__).parent.parent / "assets"

st.set_page_config(page_title="causalPIMA", page_icon=str(ASSETS / "icon.svg"), layout="wide")
st.logo(str(ASSETS / "logo.svg"), icon_image=str(ASSETS / "icon.svg"), size="large")
sections = {
    "Prepare": [
        st.Page(Page.DATA, title="Data", default=True),
        st.Page(Page.MODEL, title="Model", url_path="model"),
    ],
    "Train": [
        st.Page(Page.LIVE, title="Live", url_path="live"),
        st.Page(Page.RUNS, title="Runs", url_path="runs"),
        st.Page(Page.COMPARE, title="Compare", url_path="compare"),
    ],
    "Explore": [
        st.Page(Page.OVERVIEW, title="Overview", url_path="overview"),
        st.Page(Page.LATENT, title="Latent space", url_path="latent"),
        st.Page(Page.FEATURES, title="Features", url_path="features"),
        st.Page(Page.GRAPH, title="Graph", url_path="graph"),
        st.Page(Page.CROSSMODAL, title="Cross-modal", url_path="crossmodal"),
        st.Page(Page.PHYSICS, title="Physics", url_path="physics"),
    ],
    "Share": [st.Page(Page.EXPORT, title="Export", url_path="export")],
    "Help": [st.Page(Page.HELP, title="What it can claim", url_path="help")],
}
page = st.navigation(sections, position="hidden")
if let_in():
    with st.sidebar:  # Streamlit's own list is not one that screen readers can follow
        for section, pages in sections.items():
            st.caption(section)
            for one in pages:
                st.page_link(one)
        who()
        closing_sidebar()
    state.follow_browser(page.url_path)
    try:
        page.run()
    finally:
        state.remember_url(page.url_path)
        warming.begin()
