"""What the points of the latent space can be coloured by, and how each sample is coloured."""

from __future__ import annotations

import pandas as pd

from app.charts.scatter import Groups, Values, column_colouring
from app.services.loaders import Result


def free_columns(result: Result, metadata: pd.DataFrame) -> list[str]:
    """Metadata columns whose names the run does not use itself."""
    return [str(c) for c in metadata.columns if c not in result.assignments.columns]


def colour_names(result: Result, metadata: pd.DataFrame) -> dict[str, str]:
    """All there is to choose from, the run's own columns first, and what each is called."""
    called = {node.name: result.names.node(node.name) for node in result.graph.nodes}
    columns = {c: f"{c} (metadata)" if c in called.values() else c for c in metadata.columns}
    free = {c: columns[c] for c in free_columns(result, metadata)}
    return {"component": "component", **called, "confidence": "confidence", **free}


def colouring_of(name: str, result: Result, metadata: pd.DataFrame) -> Groups | Values:
    """The colouring of one of `colour_names`."""
    table, names = result.assignments, result.names
    nodes = result.graph.nodes
    if name == "component":
        labels = tuple(
            f"{c}: "
            + " ".join(names.state(n.name, k) for n, k in zip(nodes, one.outcome, strict=True))
            for c, one in enumerate(result.graph.components)
        )
        return Groups(table["component"].to_numpy(), labels, "component")
    if name == "confidence":
        return Values(table["confidence"].to_numpy(), "confidence")
    for node in nodes:
        if node.name == name:
            labels = tuple(names.setting(name, k) for k in range(node.states))
            return Groups(table[name].to_numpy(), labels, names.node(name))
    return column_colouring(metadata[name])
