"""How two results agree: nodes and groups matched by their samples, edges found in both or one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

from app.charts.scatter import Groups, Values
from app.services.colourings import colouring_of
from app.services.loaders import Result
from causalpima_core.config import RunConfig
from causalpima_core.report.evidence import edge_name
from causalpima_core.runs.results import EdgeResult

ALIKE = 0.1
"""Nodes that agree less are not the same feature, however much the others are taken."""


@dataclass(frozen=True)
class Agreement:
    """Of run A with run B on the same samples.

    Attributes:
        nodes: normalised mutual information of A's nodes (rows) with B's (columns).
        partner: node of B that is the same feature, by node of A; one to one.
        components: adjusted Rand index of the components.
    """

    nodes: pd.DataFrame
    partner: dict[str, str]
    components: float


def same_samples(first: tuple[RunConfig, Result], second: tuple[RunConfig, Result]) -> bool:
    """Whether row i is the same sample, of the same data, in both runs."""
    (one, result), (other, another) = first, second
    same_names = result.assignments["sample"].equals(another.assignments["sample"])
    return one.dataset.sha256 == other.dataset.sha256 and same_names


def agreement(first: Result, second: Result) -> Agreement:
    """Match the nodes of two results of the same samples, and compare their components."""
    table = pd.DataFrame(
        {
            other.name: {
                node.name: normalized_mutual_info_score(
                    first.assignments[node.name], second.assignments[other.name]
                )
                for node in first.graph.nodes
            }
            for other in second.graph.nodes
        }
    )
    pairs = zip(*linear_sum_assignment(-table.to_numpy()), strict=True)
    return Agreement(
        nodes=table,
        partner={
            str(table.index[i]): str(table.columns[j])
            for i, j in pairs
            if table.iloc[i, j] >= ALIKE
        },
        components=float(
            adjusted_rand_score(first.assignments["component"], second.assignments["component"])
        ),
    )


def nodes_table(found: Agreement, first: Result, second: Result) -> pd.DataFrame:
    """For each node of A the node of B that agrees most, and whether it is taken as the same."""
    rows = []
    for node in found.nodes.index:
        best = str(found.nodes.loc[node].idxmax())
        rows.append(
            {
                "node of A": first.names.node(node),
                "node of B": second.names.node(best),
                "agreement": float(found.nodes.loc[node, best]),
                "drawn as one": found.partner.get(node) == best,
            }
        )
    return pd.DataFrame(rows)


def edges_table(partner: dict[str, str], first: Result, second: Result) -> pd.DataFrame:
    """Every edge of either graph, as each has it, and whether it is in both."""
    left = {frozenset((e.source, e.target)): e for e in second.graph.edges}
    rows = []
    for edge in first.graph.edges:
        ends = partner.get(edge.source), partner.get(edge.target)
        same = left.pop(frozenset(ends), None)
        told = edge_name(same, second.names) if same else None
        rows.append((edge_name(edge, first.names), told, _found_in(edge, ends, same)))
    rows += [(None, edge_name(edge, second.names), "B only") for edge in left.values()]
    return pd.DataFrame(rows, columns=["edge of A", "edge of B", "found in"])


def _found_in(edge: EdgeResult, ends: tuple[str | None, ...], same: EdgeResult | None) -> str:
    """Directions can only contradict each other where both are compelled."""
    if same is None:
        return "A only"
    both_told = edge.direction == same.direction == "compelled"
    return "both, opposite ways" if both_told and same.source != ends[0] else "both"


def colouring_beside(
    name: str, pattern: Groups | Values, second: Result, found: Agreement | None
) -> Groups | Values:
    """Colouring of B that goes with A's by ``name``; a node without a partner leaves B grey."""
    if name == "confidence" or found is None:
        return colouring_of(name, second, pd.DataFrame())
    if not isinstance(pattern, Groups) or name not in ("component", *found.nodes.index):
        return pattern  # metadata, which are the same for the same samples
    own = "component" if name == "component" else found.partner.get(name)
    if own is None:
        return Groups(np.full(len(pattern.index), -1), (), "no such node")
    groups = colouring_of(own, second, pd.DataFrame())
    return alike(groups, pattern) if isinstance(groups, Groups) else groups


def alike(groups: Groups, pattern: Groups) -> Groups:
    """The same groups, numbered as those of ``pattern`` that hold the same samples.

    So a group gets the colour it has there; one without a counterpart gets a number of its own.
    """
    shared = np.zeros((len(pattern.labels), len(groups.labels)))
    both = (pattern.index >= 0) & (groups.index >= 0)
    np.add.at(shared, (pattern.index[both], groups.index[both]), 1)
    matched = zip(*linear_sum_assignment(-shared), strict=True)
    number = {int(g): int(p) for p, g in matched if shared[p, g]}
    for group in range(len(groups.labels)):
        number.setdefault(group, max(len(pattern.labels), *(n + 1 for n in number.values()), 0))
    return _numbered(groups, number)


def _numbered(groups: Groups, number: dict[int, int]) -> Groups:
    of_group = np.array([number[g] for g in range(len(number))], dtype=np.int64)
    labels = [""] * (of_group.max() + 1)
    for group, label in enumerate(groups.labels):
        labels[of_group[group]] = label
    index: NDArray[np.int64] = np.where(groups.index < 0, -1, of_group[groups.index])
    return Groups(index, tuple(labels), groups.title)
