"""A sample's picture beside the pointer, in the browser alone: hovering sends nothing."""

from __future__ import annotations

from pathlib import Path

from streamlit.components.v2 import component

from app.services.thumbnails import Thumbnails

_CSS = """
.hover { position: fixed; z-index: 50; padding: 6px; border-radius: 4px; pointer-events: none;
  background: var(--st-background-color); border: 1px solid var(--st-border-color); }
.picture { background-repeat: no-repeat; image-rendering: pixelated; }
.picture svg { width: 150px; display: block; }
.picture polyline { fill: none; stroke: var(--st-primary-color); stroke-width: 1.5; }
.label { font: 0.75rem var(--st-font, sans-serif); color: var(--st-text-color); }
"""
_component = component(
    "causalpima_hover",
    html='<div class="hover" hidden><div class="picture"></div><div class="label"></div></div>',
    css=_CSS,
    js=(Path(__file__).parent / "hover_samples.js").read_text(encoding="utf-8"),
)


def hover_samples(thumbnails: Thumbnails, chart: str) -> None:
    """Attach to the chart with this key; its points carry their row in ``customdata``."""
    _component(data=thumbnails.as_json() | {"chart": chart.replace(".", "-")}, key=f"{chart}.hover")
