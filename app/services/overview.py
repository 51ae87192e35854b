"""A run's findings as short sentences: what varies, what each feature means, what drives what."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from app.charts.parameters import dependence
from app.services.loaders import Result
from causalpima_core.agreement import Agreement
from causalpima_core.data.multimodal import Modality
from causalpima_core.report.evidence import edge_name
from causalpima_core.runs.results import CLEARLY_SEPARATED, EdgeResult

MOST_SHOWN = 2
"""Modalities on a feature's card."""


def counted(result: Result) -> str:
    """How many features there are, and how many of them can be told at all."""
    nodes = result.graph.nodes
    clear = [node for node in nodes if node.separation >= CLEARLY_SEPARATED]
    told = "1 feature" if len(nodes) == 1 else f"{len(nodes)} features"
    if len(clear) == len(nodes):
        return f"{told}, each with clearly separated states"
    return f"{told}, {len(clear)} of them with clearly separated states"


def relation(result: Result, edge: EdgeResult) -> str:
    """An edge, how sure it is, and how strong: how the samples of each state divide."""
    names = result.names
    sure = f"adjacent with probability {edge.probability:.2f}"
    if edge.direction == "compelled":
        sure += f", in this direction {edge.probability_of_direction:.2f}"
    else:
        sure += ", direction not determined by the data"
    shares = pd.crosstab(
        result.assignments[edge.source], result.assignments[edge.target], normalize="index"
    )
    effect = (shares.max() - shares.min()).idxmax()
    parts = [
        f"{share:.0%} where {names.setting(edge.source, int(cause))}"
        for cause, share in shares[effect].items()
    ]
    told = f"{names.setting(edge.target, int(effect))} in {', '.join(parts)}"
    return f"{edge_name(edge, names)}: {sure}. {told}."


def sized(result: Result, node: str) -> list[str]:
    """Each state of a node with its share of the samples."""
    shares = result.assignments[node].value_counts(normalize=True)
    states = next(n.states for n in result.graph.nodes if n.name == node)
    return [f"{result.names.state(node, k)} ({shares.get(k, 0.0):.0%})" for k in range(states)]


def shown_in(result: Result, node: str, modalities: Sequence[Modality]) -> list[Modality]:
    """Modalities that show the node by themselves, the clearest first; all where none does."""
    evidence = next((n for n in result.summary.nodes if n.name == node), None)
    views = evidence.views if evidence else []
    by_name = {modality.name: modality for modality in modalities}
    seen = dict.fromkeys(
        name for view in views for name in by_name if view == name or view.startswith(f"{name} ")
    )
    return [by_name[name] for name in seen or by_name][:MOST_SHOWN]


def governed(result: Result, node: str) -> list[str]:
    """Parameters of known laws that depend on this node most."""
    position = [n.name for n in result.graph.nodes].index(node)
    found = [
        dependence(law, parameter, result.graph, result.names)
        for law in result.summary.experts
        for parameter in law.units
    ]
    return [one.sentence for one in found if one.node == position and "depends on" in one.sentence]


def agreed(found: Sequence[Agreement]) -> str:
    """What the metadata say of a node."""
    if not found:
        return "The data have no metadata to compare it with."
    best = found[0]
    if not best.beyond_chance:
        return "It agrees with no metadata column more than chance would."
    return f"Metadata: agrees most with {best.column}, which explains {best.explained:.0%} of it."
