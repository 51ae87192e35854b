"""What the graph component is sent: a snapshot or a decided graph as a few kilobytes of JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from graphlib import TopologicalSorter
from math import cos, pi, sin
from typing import Any, Literal

import numpy as np

from app.charts.palette import colour
from causalpima_core.config import Knowledge
from causalpima_core.report.evidence import edge_name, edge_sentence, separation_words
from causalpima_core.runs.names import UNNAMED, Names
from causalpima_core.runs.records import Snapshot
from causalpima_core.runs.results import CLEARLY_SEPARATED, EdgeResult, GraphResult

FAINTEST = 0.03
"""Weights below this are not drawn: they are the flow's background, and cost bytes."""

RADIUS, COLUMN, ROW = 150, 170, 120
FEW_LAYERS, NARROW_COLUMN = 3, 110
NOTHING_KNOWN = Knowledge()

EdgeKind = Literal["forming", "compelled", "reversible", "forbidden"]


@dataclass(frozen=True)
class Node:
    """A node as drawn; ``weak`` ones have a dashed rim."""

    id: str
    label: str
    title: str
    colour: str
    x: float
    y: float
    weak: bool


@dataclass(frozen=True)
class Edge:
    """An edge as drawn, opacity = weight; ``given`` is what was known of it beforehand."""

    id: str
    source: str
    target: str
    opacity: float
    kind: EdgeKind
    title: str
    given: Literal["", "required", "tiers"] = ""


@dataclass(frozen=True)
class Payload:
    """All that is drawn; ``forming`` chooses the legend."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    forming: bool
    selected: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Plain values for the component."""
        return asdict(self)


def of_snapshot(
    nodes: tuple[str, ...], snapshot: Snapshot | None, names: Names = UNNAMED
) -> Payload:
    """The graph while it forms: nodes on a circle, edges by their weight at the moment."""
    n = len(nodes)
    separation = np.zeros(n) if snapshot is None else snapshot.separation
    known = snapshot is not None and len(snapshot.means) > 0
    drawn = []
    for j, node in enumerate(nodes):
        angle = 2 * pi * j / n - pi / 2
        radius = RADIUS if n > 1 else 0
        told = f"{separation[j]:.2f}" if known else "–"
        drawn.append(
            Node(
                id=node,
                label=f"{names.node(node)}\n{told}",
                title=f"separation {told}" if known else "not looked for yet",
                colour=colour(j),
                x=round(radius * cos(angle), 1),
                y=round(radius * sin(angle), 1),
                weak=known and bool(separation[j] < CLEARLY_SEPARATED),
            )
        )
    edges = () if snapshot is None else _forming_edges(nodes, snapshot.edges)
    return Payload(tuple(drawn), edges, forming=True)


def _forming_edges(nodes: tuple[str, ...], weights: np.ndarray) -> tuple[Edge, ...]:
    return tuple(
        Edge(
            id=f"{nodes[i]}:{nodes[j]}",
            source=nodes[i],
            target=nodes[j],
            opacity=round(float(weights[i, j]), 3),
            kind="forming",
            title=f"weight {weights[i, j]:.2f}",
        )
        for i, j in np.argwhere(weights >= FAINTEST)
    )


def of_graph(
    graph: GraphResult,
    selected: str | None = None,
    names: Names = UNNAMED,
    knowledge: Knowledge = NOTHING_KNOWN,
) -> Payload:
    """The decided graph: nodes in layers, causes on the left, edges by what may be claimed.

    Args:
        graph: of a result.
        selected: node, or edge as ``source:target``.
        names: of the nodes.
        knowledge: to be laid over it; edges it forbids are drawn as such.
    """
    places = _layers(graph)
    nodes = tuple(
        Node(
            id=node.name,
            label=f"{names.node(node.name)}\n{node.separation:.2f}",
            title=f"{node.states} states; separation {node.separation:.2f}, "
            f"{separation_words(node.separation)}",
            colour=colour(j),
            x=places[node.name][0],
            y=places[node.name][1],
            weak=node.separation < CLEARLY_SEPARATED,
        )
        for j, node in enumerate(graph.nodes)
    )
    edges = tuple(
        Edge(
            id=f"{edge.source}:{edge.target}",
            source=edge.source,
            target=edge.target,
            opacity=round(edge.weight, 3),
            kind=edge.direction,
            title=f"{edge_name(edge, names)}\n{edge_sentence(edge, names)}",
            given=_given(edge, knowledge),
        )
        for edge in graph.edges
    )
    return Payload(nodes, edges + _forbidden(knowledge, names), forming=False, selected=selected)


def _given(edge: EdgeResult, knowledge: Knowledge) -> Literal["", "required", "tiers"]:
    if (edge.source, edge.target) in knowledge.required:
        return "required"
    tiers = knowledge.tiers
    ordered = edge.source in tiers and edge.target in tiers
    return "tiers" if ordered and tiers[edge.source] < tiers[edge.target] else ""


def _forbidden(knowledge: Knowledge, names: Names) -> tuple[Edge, ...]:
    return tuple(
        Edge(
            id=f"forbidden:{source}:{target}",
            source=source,
            target=target,
            opacity=1.0,
            kind="forbidden",
            title=f"{names.node(source)} → {names.node(target)} was forbidden beforehand",
        )
        for source, target in knowledge.forbidden
    )


def _layers(graph: GraphResult) -> dict[str, tuple[float, float]]:
    """Places by depth, so that edges run to the right and clear of the labels below the nodes.

    Many layers go up and down, so that the picture stays large enough to read.
    """
    layers = list(_generations(graph))
    places = {}
    few = len(layers) <= FEW_LAYERS
    column, down, middle = (COLUMN, 0.3, 0.0) if few else (NARROW_COLUMN, 1.4, 0.5)
    for depth, layer in enumerate(layers):
        for position, name in enumerate(sorted(layer)):
            shift = down * ROW * (depth % 2 - middle)  # keeps a chain's long edges off its nodes
            y = (position - (len(layer) - 1) / 2) * ROW + shift
            places[name] = (float(depth * column), round(y, 1))
    return places


def _generations(graph: GraphResult) -> Iterator[tuple[str, ...]]:
    """Nodes by depth: each one behind all that point to it."""
    order = TopologicalSorter({node.name: () for node in graph.nodes})
    for edge in graph.edges:
        order.add(edge.target, edge.source)
    order.prepare()
    while order.is_active():
        layer = order.get_ready()
        yield layer
        order.done(*layer)
