"""What known physics found as one table: the same in Python, in the app and in its files."""

from __future__ import annotations

import pandas as pd

from causalpima_core.runs.results import GraphResult, Summary


def parameter_table(graph: GraphResult, summary: Summary) -> pd.DataFrame:
    """One row per modality with known physics, joint outcome and parameter.

    Columns modality, component, node_1 …, parameter, value, standard_error, spread, unit, at_bound;
    the standard error is that of the value, the spread that between samples; both are missing
    where the curves do not determine the parameter.
    """
    nodes = [node.name for node in graph.nodes]
    rows = [
        {"modality": expert.modality, "component": c}
        | dict(zip(nodes, component.outcome, strict=True))
        | {"parameter": name}
        | found.model_dump(exclude={"at_bound"})
        | {"unit": expert.units[name], "at_bound": found.at_bound}
        for expert in summary.experts
        for c, component in enumerate(expert.components)
        for name, found in component.parameters.items()
    ]
    return pd.DataFrame(rows)
