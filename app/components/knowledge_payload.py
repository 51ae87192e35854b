"""What is known of the graph as it is drawn, and what a click on two nodes makes of it."""

from __future__ import annotations

from math import cos, pi, sin
from typing import Any, NamedTuple

from app.charts.palette import colour
from causalpima_core.config import Edge, Knowledge

RADIUS, COLUMN, ROW = 105, 170, 85


class Edges(NamedTuple):
    """Edges a person requires and forbids, in the order they were given."""

    required: tuple[Edge, ...]
    forbidden: tuple[Edge, ...]


def cycled(edges: Edges, edge: Edge) -> Edges:
    """``edge`` one step on: from nothing known to required to forbidden to nothing known.

    >>> edges = cycled(Edges((), ()), ("a", "b"))
    >>> edges, cycled(edges, ("a", "b")), cycled(cycled(edges, ("a", "b")), ("a", "b"))
    (Edges(required=(('a', 'b'),), forbidden=()), Edges(required=(), forbidden=(('a', 'b'),)), \
Edges(required=(), forbidden=()))
    """
    required = tuple(e for e in edges.required if e != edge)
    forbidden = tuple(e for e in edges.forbidden if e != edge)
    if edge in edges.forbidden:
        return Edges(required, forbidden)
    if edge in edges.required:
        return Edges(required, (*forbidden, edge))
    return Edges((*required, edge), forbidden)


def payload(names: tuple[str, ...], knowledge: Knowledge) -> dict[str, Any]:
    """Nodes with their places, edges, and a column for each tier down to ``bottom``."""
    places = _columns(names, knowledge.tiers) if knowledge.tiers else _circle(names)
    nodes = [
        {"id": name, "colour": colour(j), "x": places[name][0], "y": places[name][1]}
        for j, name in enumerate(names)
    ]
    edges = [
        {"id": f"{kind}:{a}:{b}", "source": a, "target": b, "kind": kind}
        for kind in ("required", "forbidden")
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
