"""What the points of the latent space can be coloured by, and how each sample is coloured."""

from __future__ import annotations

import pandas as pd

from app.charts.scatter import Groups, Values, column_colouring
from app.services.loaders import Result


def free_columns(result: Result, metadata: pd.DataFrame) -> list[str]:
    """Metadata columns whose names the run does not use itself."""
    return [str(c) for c in metadata.columns if c not in result.assignments.columns]


def colour_names(result: Result, metadata: pd.DataFrame) -> list[str]:
    """All there is to choose from: the run's own columns, then metadata."""
    nodes = [node.name for node in result.graph.nodes]
    return ["component", *nodes, "confidence", *free_columns(result, metadata)]


def colouring_of(name: str, result: Result, metadata: pd.DataFrame) -> Groups | Values:
    """The colouring of one of `colour_names`."""
    table = result.assignments
    if name == "component":
        labels = tuple(
            f"{c}: " + "".join(str(k) for k in component.outcome)
            for c, component in enumerate(result.graph.components)
        )
        return Groups(table["component"].to_numpy(), labels, "component")
    if name == "confidence":
        return Values(table["confidence"].to_numpy(), "confidence")
    for node in result.graph.nodes:
        if node.name == name:
            labels = tuple(f"{name} = {k}" for k in range(node.states))
            return Groups(table[name].to_numpy(), labels, name)
    return column_colouring(metadata[name])
