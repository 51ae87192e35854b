"""What known physics found, as one table for Python and app, and what its parameters depend on."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import chdtrc

from causalpima_core.runs.results import GraphResult, Summary

CHANCE = 0.01
"""Probability of so large a χ² below which values differ by more than chance."""


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


def shares_by_node(
    values: NDArray[np.float64], errors: NDArray[np.float64], outcomes: NDArray[np.int64]
) -> NDArray[np.float64]:
    """How much of the differences of a parameter between components each node accounts for.

    The variance of the means of a node's states over that of all components. A component counts by
    ``1 / (error² + variance of all)``, so that one that is hardly known has little say.

    Args:
        values: of the parameter, shape ``(C,)``.
        errors: their standard errors, shape ``(C,)``.
        outcomes: state of each node, shape ``(C, L)``.

    Returns:
        Shape ``(L,)``, each from 0 to 1; 0 where all values are the same.

    >>> grid = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    >>> shares_by_node(np.array([1.0, 1.0, 3.0, 3.0]), np.full(4, 0.1), grid).tolist()
    [1.0, 0.0]
    """
    weight = 1 / np.maximum(errors**2 + values.var(), np.finfo(float).tiny)
    centred = values - np.average(values, weights=weight)
    total = weight @ centred**2
    if total <= 0:
        return np.zeros(outcomes.shape[1])
    shares = []
    for states in outcomes.T:
        _, group = np.unique(states, return_inverse=True)
        sums = np.bincount(group, weights=weight * centred)
        shares.append((sums**2 / np.bincount(group, weights=weight)).sum() / total)
    return np.clip(shares, 0, 1)


def differs(values: NDArray[np.float64], errors: NDArray[np.float64]) -> bool:
    """Whether components differ by more than their standard errors: a χ² test of one value."""
    if len(values) < 2:
        return False
    precision = 1 / np.maximum(errors, 1e-9 * np.abs(values).max() + np.finfo(float).tiny) ** 2
    square = precision @ (values - np.average(values, weights=precision)) ** 2
    return bool(chdtrc(len(values) - 1, square) < CHANCE)
