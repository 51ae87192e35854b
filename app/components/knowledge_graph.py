"""The graph of what is known, in which two clicks set an edge."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import streamlit as st
from streamlit.components.v2 import component

from app.components.knowledge_payload import payload
from causalpima_core.config import Edge, Knowledge

_HERE = Path(__file__).parent
_SCRIPTS = ("drawing.js", "knowledge_graph.js")
_STYLES = ("live_graph.css", "knowledge_graph.css")
_component = component(
    "causalpima_knowledge",
    html=(_HERE / "knowledge_graph.html").read_text(encoding="utf-8"),
    css="".join((_HERE / name).read_text(encoding="utf-8") for name in _STYLES),
    js="".join((_HERE / name).read_text(encoding="utf-8") for name in _SCRIPTS),
)


def knowledge_graph(
    names: tuple[str, ...], knowledge: Knowledge, key: str, on_pair: Callable[[Edge], None]
) -> None:
    """Draw what is known; ``on_pair`` is told the two nodes clicked, before the page runs again."""

    def told() -> None:
        source, target = st.session_state[key]["pair"]
        on_pair((str(source), str(target)))

    _component(data=payload(names, knowledge), key=key, on_pair_change=told)
