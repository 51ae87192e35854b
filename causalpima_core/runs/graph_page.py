"""The graph as one HTML file that needs nothing else: no server, no network, no other file.

pyvis packages the drawing library; its own page links stylesheets from elsewhere and puts names
into the script unescaped, so the page around the library is ours.
"""

from __future__ import annotations

import json
from html import escape
from importlib.resources import files

import networkx as nx

from causalpima_core.runs.results import EdgeResult, GraphResult

COMPELLED = "#0072B2"
REVERSIBLE = "#D55E00"
"""Blue and vermilion of the palette of Okabe and Ito, told apart with any colour vision."""

_LAYER_GAP = 140
_NODE_GAP = 190


def graph_page(graph: GraphResult, title: str) -> str:
    """An interactive drawing of the graph with a legend and a table of its edges.

    Args:
        graph: as in `dag.json`.
        title: of the page, any text.
    """
    places = layered_places(graph)
    data = {
        "nodes": [
            {
                "id": node.name,
                "label": node.name,
                "title": f"{node.states} states\nseparation {node.separation:.2f}",
                "x": places[node.name][0],
                "y": places[node.name][1],
            }
            for node in graph.nodes
        ],
        "edges": [_drawn(edge) for edge in graph.edges],
    }
    package = files("causalpima_core.runs")
    page = package.joinpath("graph_page.html").read_text(encoding="utf-8")
    library = files("pyvis").joinpath("templates/lib/vis-9.1.2/vis-network.min.js")
    parts = {
        "title": escape(title),
        "compelled": COMPELLED,
        "reversible": REVERSIBLE,
        "rows": "\n".join(_row(edge) for edge in graph.edges)
        or '<tr><td colspan="5">No edge was found.</td></tr>',
        "library": library.read_text(encoding="utf-8"),
        "data": _script_literal(data),
    }
    head, *rest = page.split("{{")
    filled = (part.split("}}", 1) for part in rest)
    return head + "".join(parts[name] + text for name, text in filled)


def layered_places(graph: GraphResult) -> dict[str, tuple[int, int]]:
    """A place (x, y) for each node: causes above their effects, each layer centred."""
    drawn = nx.DiGraph()
    drawn.add_nodes_from(node.name for node in graph.nodes)
    drawn.add_edges_from((edge.source, edge.target) for edge in graph.edges)
    return {
        name: (int((i - (len(layer) - 1) / 2) * _NODE_GAP), depth * _LAYER_GAP)
        for depth, layer in enumerate(nx.topological_generations(drawn))
        for i, name in enumerate(layer)
    }


def _drawn(edge: EdgeResult) -> dict[str, object]:
    compelled = edge.direction == "compelled"
    colour = COMPELLED if compelled else REVERSIBLE
    return {
        "from": edge.source,
        "to": edge.target,
        "arrows": "to" if compelled else "",
        "dashes": False if compelled else [8, 6],
        "color": {"color": colour, "highlight": colour, "hover": colour},
        "title": f"{edge.direction}\nweight {edge.weight:.2f}\n"
        f"linked with probability {edge.probability:.2f}\n"
        f"in this direction {edge.probability_of_direction:.2f}",
    }


def _row(edge: EdgeResult) -> str:
    link = "→" if edge.direction == "compelled" else "—"
    numbers = (edge.weight, edge.probability, edge.probability_of_direction)
    cells = "".join(f'<td class="number">{number:.3f}</td>' for number in numbers)
    name = f"{escape(edge.source)} {link} {escape(edge.target)}"
    return f"<tr><td>{name}</td><td>{edge.direction}</td>{cells}</tr>"


def _script_literal(data: object) -> str:
    """JSON that cannot end the script element it stands in."""
    return json.dumps(data).replace("<", "\\u003c")
