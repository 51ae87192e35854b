"""Two graphs as one layout, so that what differs is the edges and not the drawing."""

from __future__ import annotations

from dataclasses import replace

from app.charts.palette import colour
from app.components.graph_payload import ROW, Payload


def alongside(second: Payload, first: Payload, partner: dict[str, str]) -> Payload:
    """``second`` with each matched node in the place and colour it has in ``first``.

    Args:
        second: graph to lay out anew; nodes without a match go below, in colours of their own.
        first: graph that gives places and colours.
        partner: node of the second by node of the first.
    """
    pattern = {partner[node.id]: node for node in first.nodes if node.id in partner}
    below = max(node.y for node in first.nodes) + ROW
    left = min(node.x for node in first.nodes)
    nodes, unmatched = [], 0
    for node in second.nodes:
        if node.id in pattern:
            same = pattern[node.id]
            nodes.append(replace(node, x=same.x, y=same.y, colour=same.colour))
            continue
        own = colour(len(first.nodes) + unmatched)
        nodes.append(replace(node, x=left + unmatched * ROW, y=below, colour=own))
        unmatched += 1
    return replace(second, nodes=tuple(nodes))
