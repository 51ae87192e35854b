"""The method as a small drawing in the colours of the theme, which `st.html` would strip."""

from __future__ import annotations

from pathlib import Path

from streamlit.components.v2 import component

method_diagram = component(
    "causalpima_method",
    html=Path(__file__).with_suffix(".html").read_text(encoding="utf-8"),
)
