"""What a result says, as tables to read and sentences: nodes, edges, conditional tables."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd

from causalpima_core.config import Knowledge
from causalpima_core.runs.names import UNNAMED, Names
from causalpima_core.runs.results import CLEARLY_SEPARATED, EdgeResult, GraphResult, Summary

WEAK = 0.5
"""Separation from which a node counts as weak, and no longer as not separated."""

DISAGREEMENT = 0.5
"""Flow weight and posterior probability further apart than this are pointed out."""


def separation_words(separation: float) -> str:
    """How cleanly samples fall into a node's states.

    >>> separation_words(0.99), separation_words(0.3)
    ('clear', 'not separated')
    """
    if separation >= CLEARLY_SEPARATED:
        return "clear"
    return "weak" if separation >= WEAK else "not separated"


def nodes_table(graph: GraphResult, summary: Summary, names: Names = UNNAMED) -> pd.DataFrame:
    """One row per node: states, separation in numbers and words, rarest state, who shows it."""
    evidence = {node.name: node for node in summary.nodes}
    rows = []
    for node in graph.nodes:
        known = evidence.get(node.name)
        rows.append(
            {
                "node": names.node(node.name),
                "states": node.states,
                "separation": node.separation,
                "in words": separation_words(node.separation),
                "rarest state": 100 * known.least_state_share if known else None,
                "gain": known.gain if known else None,
                "shown by": ", ".join(known.views) if known else "",
            }
        )
    return pd.DataFrame(rows)


def edge_name(edge: EdgeResult, names: Names = UNNAMED) -> str:
    """The edge as it may be said: an arrow only where the direction is compelled.

    >>> edge_name(EdgeResult(source="a", target="b", weight=1, direction="reversible",
    ...                      probability=1, probability_of_direction=0.5))
    'a — b'
    """
    link = "→" if edge.direction == "compelled" else "—"
    return f"{names.node(edge.source)} {link} {names.node(edge.target)}"


def edges_table(graph: GraphResult, names: Names = UNNAMED) -> pd.DataFrame:
    """One row per edge: flow weight beside posterior probabilities."""
    columns = ["edge", "kind", "weight", "adjacent", "this way", "remark"]
    rows = [
        [
            edge_name(edge, names),
            edge.direction,
            edge.weight,
            edge.probability,
            edge.probability_of_direction,
            _remark(edge),
        ]
        for edge in graph.edges
    ]
    return pd.DataFrame(rows, columns=columns)


def edge_sentence(edge: EdgeResult, names: Names = UNNAMED) -> str:
    """What may be claimed of one edge."""
    source, target = names.node(edge.source), names.node(edge.target)
    adjacent = f"They are adjacent with posterior probability {edge.probability:.2f}."
    if edge.direction == "compelled":
        return (
            f"Every graph that fits the data equally well, and agrees with what you told it, has "
            f"{source} → {target}. {adjacent}"
        )
    return (
        f"{source} and {target} depend on each other directly, but the data fit "
        f"{source} → {target} and {target} → {source} equally well: no "
        f"direction was discovered. {adjacent}"
    )


def knowledge_in_words(knowledge: Knowledge, names: Names = UNNAMED) -> list[str]:
    """What a person told the graph beforehand, a sentence for each edge and tier.

    >>> knowledge_in_words(Knowledge(required=(("a", "b"),), tiers={"a": 1}))
    ['Required: a → b.', 'Tier 1: a; no edge runs from a later tier to an earlier one.']
    """
    told = []
    for word, edges in (("Required", knowledge.required), ("Forbidden", knowledge.forbidden)):
        told += [f"{word}: {names.node(a)} → {names.node(b)}." for a, b in edges]
    for tier in sorted(set(knowledge.tiers.values())):
        members = [names.node(node) for node, t in knowledge.tiers.items() if t == tier]
        told.append(
            f"Tier {tier}: {', '.join(members)}; no edge runs from a later tier to an earlier one."
        )
    return told


def not_drawn_table(summary: Summary, names: Names = UNNAMED) -> pd.DataFrame:
    """Edges with some probability that the decided graph does not have, likeliest first."""
    table = pd.DataFrame(summary.edges_not_drawn)
    if "probability" in table:
        table[["source", "target"]] = table[["source", "target"]].map(names.node)
        table = table.sort_values("probability", ascending=False, ignore_index=True)
    return table.rename(columns=lambda name: str(name).replace("_", " "))


def conditional_table(graph: GraphResult, node: str, names: Names = UNNAMED) -> pd.DataFrame:
    """Rows: every combination of the parents' states; columns: probability of each state."""
    table = graph.tables[node]
    states = {n.name: n.states for n in graph.nodes}
    probabilities = np.asarray(table.probabilities, dtype=float).reshape(-1, states[node])
    columns = [names.setting(node, k) for k in range(states[node])]
    frame = pd.DataFrame(probabilities, columns=columns)
    combinations = list(product(*(range(states[parent]) for parent in table.parents)))
    for position, parent in enumerate(table.parents):
        given = [names.state(parent, combination[position]) for combination in combinations]
        frame.insert(position, names.node(parent), given)
    return frame


def composition(
    states: pd.DataFrame,
    selected: np.ndarray,
    sizes: dict[str, int] | None = None,
    names: Names = UNNAMED,
) -> pd.DataFrame:
    """How a selection divides over the states of each column, beside all samples.

    Args:
        states: one column per node or group, one row per sample.
        selected: rows chosen.
        sizes: number of states of each node, listed even where none occurs.
        names: of nodes and states.
    """
    sizes, rows = sizes or {}, []
    for name in states.columns:
        column = states[name]
        for state in range(sizes[name]) if name in sizes else sorted(column.unique()):
            here = int((column.iloc[selected] == state).sum())
            rows.append(
                {
                    "state": names.setting(name, state) if name in sizes else f"{name} = {state}",
                    "samples": here,
                    "selection": 100 * here / max(len(selected), 1),
                    "all": 100 * float((column == state).mean()),
                }
            )
    return pd.DataFrame(rows, columns=["state", "samples", "selection", "all"])


def _remark(edge: EdgeResult) -> str:
    if abs(edge.weight - edge.probability) > DISAGREEMENT:
        return "flow weight and posterior disagree"
    return ""
