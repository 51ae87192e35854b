"""The graph as a component that is updated in place: positions and zoom survive every tick."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, NamedTuple

from streamlit.components.v2 import component

from app.components.graph_payload import Payload

_HERE = Path(__file__).parent
_component = component(
    "causalpima_graph",
    html='<div class="graph" tabindex="0"></div><div class="legend"></div>',
    css=(_HERE / "live_graph.css").read_text(encoding="utf-8"),
    js="".join((_HERE / js).read_text(encoding="utf-8") for js in ("drawing.js", "live_graph.js")),
)


class Click(NamedTuple):
    """What was clicked: a node's name, or an edge as ``source:target``."""

    what: Literal["node", "edge"]
    name: str


def live_graph(payload: Payload, key: str) -> Click | None:
    """Draw or update the graph; the click that caused this run, if one did."""
    result = _component(data=payload.as_json(), key=key, on_clicked_change=lambda: None)
    clicked = result.get("clicked")
    if not clicked:
        return None
    if "node" in clicked:
        return Click("node", str(clicked["node"]))
    return Click("edge", str(clicked["edge"]))
