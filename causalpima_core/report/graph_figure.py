"""The graph as a figure: causes above their effects, edges by what is known of their direction."""

from __future__ import annotations

from dataclasses import dataclass

import networkx as nx
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from causalpima_core.palette import COMPELLED, REVERSIBLE
from causalpima_core.report.drawing import HALF_WIDTH, INK
from causalpima_core.report.material import Material
from causalpima_core.runs.results import CLEARLY_SEPARATED, EdgeResult, GraphResult, NodeResult

LAYER_GAP, NODE_GAP, STAGGER = 1.0, 0.45, 0.35
"""Inches between layers, between the nodes of one, and by which every other layer is moved."""
PADDING = 0.09
LEGEND_HEIGHT = 0.75
_LINE, _SMALL_LINE = 0.17, 0.14


@dataclass(frozen=True)
class Box:
    """A node's place: its centre and size, inches."""

    x: float
    y: float
    width: float
    height: float


def graph_figure(material: Material) -> Figure:
    """The decided graph with its legend."""
    graph = material.graph
    texts = {node.name: _text(material, node) for node in graph.nodes}
    boxes = _places(graph, {name: _size(*text) for name, text in texts.items()})
    left = min(box.x - box.width / 2 for box in boxes.values()) - 0.3
    right = max(box.x + box.width / 2 for box in boxes.values()) + 0.3
    bottom = min(box.y - box.height / 2 for box in boxes.values())
    bottom -= LEGEND_HEIGHT if graph.edges else 0.15
    top = max(box.y + box.height / 2 for box in boxes.values()) + 0.15
    middle, width = (left + right) / 2, max(right - left, HALF_WIDTH)
    figure = Figure(figsize=(width, top - bottom))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(middle - width / 2, middle + width / 2), ylim=(bottom, top))
    axes.axis("off")
    patches = {name: _draw_node(axes, boxes[name], *texts[name]) for name in boxes}
    required = set(material.config.model.knowledge.required)
    for edge in graph.edges:
        given = (edge.source, edge.target) in required
        _draw_edge(axes, edge, boxes, patches, _bend(graph, edge), given=given)
    _legend(axes, graph.edges)
    return figure


def layers(graph: GraphResult) -> list[list[str]]:
    """Nodes in layers: every edge runs from one to a later one."""
    drawn = nx.DiGraph()
    drawn.add_nodes_from(node.name for node in graph.nodes)
    drawn.add_edges_from((edge.source, edge.target) for edge in graph.edges)
    return [list(layer) for layer in nx.topological_generations(drawn)]


def _text(material: Material, node: NodeResult) -> tuple[str, str]:
    """What is written in a node: its name, and below it what it is."""
    name = material.names.node(node.name)
    told = [node.name] if name != node.name else []
    told.append(f"{node.states} states")
    if node.separation < CLEARLY_SEPARATED:
        told.append(f"separation {node.separation:.2f}")
    return name, ", ".join(told)


def _size(name: str, told: str) -> tuple[float, float]:
    """Width and height of a node in inches, as its text needs it."""
    figure = Figure(dpi=100)
    renderer = FigureCanvasAgg(figure).get_renderer()
    widths = [
        figure.text(0, 0, text, fontsize=size).get_window_extent(renderer).width / 100
        for text, size in ((name, 9), (told, 7))
    ]
    return max(widths) + 2 * PADDING, _LINE + _SMALL_LINE + 2 * PADDING


def _places(graph: GraphResult, sizes: dict[str, tuple[float, float]]) -> dict[str, Box]:
    found = layers(graph)
    depth = {name: d for d, layer in enumerate(found) for name in layer}
    leaps = any(depth[edge.target] - depth[edge.source] > 1 for edge in graph.edges)
    boxes = {}
    for d, layer in enumerate(found):
        total = sum(sizes[name][0] for name in layer) + NODE_GAP * (len(layer) - 1)
        x = -total / 2 + (STAGGER * (-1) ** d if leaps else 0)  # edges that leap pass beside nodes
        for name in layer:
            width, height = sizes[name]
            boxes[name] = Box(x + width / 2, -d * LAYER_GAP, width, height)
            x += width + NODE_GAP
    return boxes


def _bend(graph: GraphResult, edge: EdgeResult) -> float:
    depth = {name: d for d, layer in enumerate(layers(graph)) for name in layer}
    leap = depth[edge.target] - depth[edge.source]
    return 0.0 if leap < 2 else 0.12 * leap * (-1) ** depth[edge.source]


def _draw_node(axes: Axes, box: Box, name: str, told: str) -> FancyBboxPatch:
    patch = FancyBboxPatch(
        (box.x - box.width / 2, box.y - box.height / 2),
        box.width,
        box.height,
        boxstyle="round,pad=0,rounding_size=0.05",
        facecolor="none",
        edgecolor=INK,
        linewidth=0.8,
    )
    axes.add_patch(patch)
    axes.text(box.x, box.y + _SMALL_LINE / 2, name, ha="center", va="center", fontsize=9)
    axes.text(box.x, box.y - _LINE / 2, told, ha="center", va="center", fontsize=7, alpha=0.75)
    return patch


def _draw_edge(
    axes: Axes,
    edge: EdgeResult,
    boxes: dict[str, Box],
    patches: dict[str, FancyBboxPatch],
    bend: float,
    *,
    given: bool,
) -> None:
    start, stop = boxes[edge.source], boxes[edge.target]
    compelled = edge.direction == "compelled"
    axes.add_patch(
        FancyArrowPatch(
            (start.x, start.y),
            (stop.x, stop.y),
            arrowstyle="-|>" if compelled else "-",
            connectionstyle=f"arc3,rad={bend}",
            linestyle="-" if compelled else (0, (4, 2.5)),
            color=COMPELLED if compelled else REVERSIBLE,
            mutation_scale=10,
            linewidth=1.5,
            shrinkA=1,
            shrinkB=1,
            patchA=patches[edge.source],
            patchB=patches[edge.target],
        )
    )
    # Halfway along the quadratic curve that arc3 draws.
    x = (start.x + stop.x) / 2 + bend / 2 * (stop.y - start.y)
    y = (start.y + stop.y) / 2 - bend / 2 * (stop.x - start.x)
    told = f"{edge.probability:.2f}" + (", required" if given else "")
    side = 1 if (stop.x - start.x) * (stop.y - start.y) <= 0 else -1  # off the line
    axes.annotate(
        told,
        (x, y),
        (5 * side, 1),
        textcoords="offset points",
        fontsize=7,
        ha="left" if side > 0 else "right",
    )


def _legend(axes: Axes, edges: list[EdgeResult]) -> None:
    """What the lines mean that are there; nothing where there are none."""
    kinds = {edge.direction for edge in edges}
    dashes = (0, (4, 2.5))
    handles = []
    if "compelled" in kinds:
        told = "compelled direction"
        handles.append(Line2D([], [], color=COMPELLED, linewidth=1.5, label=told))
    if "reversible" in kinds:
        told = "reversible: direction not determined"
        handles.append(Line2D([], [], color=REVERSIBLE, lw=1.5, linestyle=dashes, label=told))
    if edges:
        told = "numbers: probability that the two are linked"
        handles.append(Line2D([], [], linestyle="", label=told))
        axes.legend(
            handles=handles, loc="lower left", fontsize=7, handlelength=2, labelspacing=0.25
        )
