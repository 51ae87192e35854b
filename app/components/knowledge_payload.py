"""What is known of the graph as it is drawn, as a table, and what a click makes of it."""

from __future__ import annotations

from math import cos, pi, sin
from typing import Any

import pandas as pd

from app.charts.palette import colour
from causalpima_core.config import Edge, Knowledge

RADIUS, COLUMN, ROW = 105, 170, 85
KINDS = REQUIRED, FORBIDDEN = "required", "forbidden"
FROM, TO, TIER = "from", "to ", "tier"
"""Columns of the table."""


def stepped(knowledge: Knowledge, edge: Edge) -> Knowledge:
    """``edge`` one step on: from nothing known to required to forbidden to nothing known.

    >>> once = stepped(Knowledge(), ("a", "b"))
    >>> twice = stepped(once, ("a", "b"))
    >>> once.required, twice.required, twice.forbidden, stepped(twice, ("a", "b")).forbidden
    ((('a', 'b'),), (), (('a', 'b'),), ())
    """
    required = tuple(e for e in knowledge.required if e != edge)
    forbidden = tuple(e for e in knowledge.forbidden if e != edge)
    if edge in knowledge.required:
        forbidden = (*forbidden, edge)
    elif edge not in knowledge.forbidden:
        required = (*required, edge)
    return Knowledge(required=required, forbidden=forbidden, tiers=knowledge.tiers)


def table_of(names: tuple[str, ...], knowledge: Knowledge) -> pd.DataFrame:
    """A row per node: its tier, and what is known of the edge to each other node."""
    kinds = dict.fromkeys(knowledge.required, REQUIRED) | dict.fromkeys(
        knowledge.forbidden, FORBIDDEN
    )
    table = pd.DataFrame({FROM: list(names)})
    table[TIER] = pd.array([knowledge.tiers.get(name) for name in names], dtype="Int64")
    for target in names:
        known = [kinds.get((source, target)) for source in names]
        table[TO + target] = pd.array(known, dtype="string")
    return table


def known_in(table: pd.DataFrame) -> Knowledge:
    """What a table of `table_of` says, the edits of a person included."""
    edges: dict[str, list[Edge]] = {REQUIRED: [], FORBIDDEN: []}
    for source, *known in table.drop(columns=TIER).itertuples(index=False):
        for target, kind in zip(table[FROM], known, strict=True):
            if pd.notna(kind):
                edges[kind].append((source, target))
    tiers = table.set_index(FROM)[TIER].dropna().astype(int).to_dict()
    return Knowledge(required=edges[REQUIRED], forbidden=edges[FORBIDDEN], tiers=tiers)


def payload(names: tuple[str, ...], knowledge: Knowledge) -> dict[str, Any]:
    """Nodes with their places, edges, and a column for each tier down to ``bottom``."""
    places = _columns(names, knowledge.tiers) if knowledge.tiers else _circle(names)
    nodes = [
        {"id": name, "colour": colour(j), "x": places[name][0], "y": places[name][1]}
        for j, name in enumerate(names)
    ]
    edges = [
        {"id": f"{kind}:{a}:{b}", "source": a, "target": b, "kind": kind}
        for kind in KINDS
        for a, b in getattr(knowledge, kind)
    ]
    tiers = [
        {"label": f"tier {tier}", "x": COLUMN * k}
        for k, tier in enumerate(sorted(set(knowledge.tiers.values())))
    ]
    bottom = max((places[name][1] for name in knowledge.tiers), default=0.0)
    return {"nodes": nodes, "edges": edges, "tiers": tiers, "bottom": bottom}


def _circle(names: tuple[str, ...]) -> dict[str, tuple[float, float]]:
    n = len(names)
    radius = max(RADIUS, 17 * n) if n > 1 else 0
    angles = [2 * pi * j / n - pi / 2 for j in range(n)]
    return {
        name: (round(1.5 * radius * cos(a), 1), round(radius * sin(a), 1))
        for name, a in zip(names, angles, strict=True)
    }


def _columns(names: tuple[str, ...], tiers: dict[str, int]) -> dict[str, tuple[float, float]]:
    """A column for each tier, causes on the left; nodes without a tier in a row below."""
    used = sorted(set(tiers.values()))
    members = [[name for name in names if tiers.get(name) == tier] for tier in used]
    places = {
        name: (float(COLUMN * k), float(ROW * row) + 0.35 * ROW * (k % 2))
        for k, column in enumerate(members)
        for row, name in enumerate(column)
    }
    free = [name for name in names if name not in tiers]
    below = ROW * (max(len(column) for column in members) + 0.6)
    middle = COLUMN * (len(used) - 1) / 2
    return places | {
        name: (middle + COLUMN * (k - (len(free) - 1) / 2), below) for k, name in enumerate(free)
    }
