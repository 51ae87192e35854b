"""A result as the content of a file to download."""

from __future__ import annotations

import tempfile
from pathlib import Path

from causalpima_core.runs.exports import export
from causalpima_core.runs.store import RunFolder

FORMATS = {
    "csv": ("Assignments, CSV", "Component, confidence and node states of each sample."),
    "parquet": ("Assignments, Parquet", "The same, for large data."),
    "json": ("Graph, JSON", "Nodes, edges, conditional tables, components."),
    "graphml": ("Graph, GraphML", "For Gephi, yEd, Cytoscape, networkx."),
    "dot": ("Graph, DOT", "For Graphviz."),
    "html": ("Graph, HTML", "One page that works offline."),
    "safetensors": ("Weights", "The trained model, safetensors."),
}
"""Suffix -> what its button says, and a sentence."""


def exported(folder: RunFolder, suffix: str) -> bytes:
    """Content of the file `export` writes for this suffix."""
    with tempfile.TemporaryDirectory() as draft:
        path = Path(draft) / f"{folder.name}.{suffix}"
        export(folder, path)
        return path.read_bytes()
