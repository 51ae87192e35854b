"""What a person knows of the graph: required and forbidden edges and tiers, drawn and listed."""

from __future__ import annotations

from itertools import permutations

import streamlit as st

from app.components.frame import sentences
from app.components.knowledge_graph import knowledge_graph
from app.components.knowledge_payload import Edges, cycled
from causalpima_core.config import Edge, Knowledge

ARROW = " → "
NO_TIER = "none"


def knowledge_editor(data: str, names: tuple[str, ...]) -> Knowledge | None:
    """What is known of the nodes of a model of ``data``; None, and the reason, if impossible.

    The lists hold it for the session; the graph shows what they hold and writes into them.
    """
    above = st.container()
    knowledge = _lists(data, names)
    with above:
        knowledge_graph(names, knowledge, f"model.graph.{data}", lambda edge: _step(data, edge))
        with sentences():
            knowledge.check(names)
            return knowledge
    return None


def _lists(data: str, names: tuple[str, ...]) -> Knowledge:
    edges = [_text(edge) for edge in permutations(names, 2)]
    required, forbidden = (
        st.multiselect(
            f"{word} edges",
            edges,
            key=_key(data, word),
            persist_state="session",
            disabled=not edges,
            help=told,
        )
        for word, told in (
            ("Required", "Every graph that is learned has them."),
            ("Forbidden", "No graph that is learned has them, in this direction."),
        )
    )
    return Knowledge(
        forbidden=_edges(forbidden, names),
        required=_edges(required, names),
        tiers=_tiers(data, names),
    )


def _tiers(data: str, names: tuple[str, ...]) -> dict[str, int]:
    tiers = {}
    st.caption(
        "Tiers: no edge runs from a higher tier to a lower one, so causes come first. "
        "A node without a tier may stand anywhere."
    )
    with st.container(horizontal=True, gap="small"):
        for name in names:
            tier = st.selectbox(
                f"Tier of {name}",
                [NO_TIER, *range(1, len(names) + 1)],
                key=f"model.tier.{data}.{name}",
                persist_state="session",
                width=128,
            )
            if tier != NO_TIER:
                tiers[name] = int(tier)
    return tiers


def _step(data: str, edge: Edge) -> None:
    """Write an edge's next step into the lists; runs before they are laid out again."""
    required, forbidden = _key(data, "Required"), _key(data, "Forbidden")
    held = Edges(*(_parsed(st.session_state.get(key, [])) for key in (required, forbidden)))
    for key, edges in zip((required, forbidden), cycled(held, edge), strict=True):
        st.session_state[key] = [_text(e) for e in edges]


def _key(data: str, word: str) -> str:
    return f"model.{word.lower()}.{data}"


def _text(edge: Edge) -> str:
    return ARROW.join(edge)


def _parsed(texts: list[str]) -> tuple[Edge, ...]:
    return tuple((a, b) for a, b in (text.split(ARROW) for text in texts))


def _edges(texts: list[str], names: tuple[str, ...]) -> tuple[Edge, ...]:
    """Edges as named in the lists; those of nodes taken away since are left out."""
    return tuple((a, b) for a, b in _parsed(texts) if a in names and b in names)
